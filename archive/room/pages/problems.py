"""The problems desk: what is open and needs somebody."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from archive.room.database_access import batches, query
from archive.room.problems import ROWS, SPREAD, each_open, open_problems
from archive.room.rendering import csv_of_all, json_of_all, page
from archive.room.request_parameters import format_of, given, page_number, part

_CSV_COLUMNS = ("id", "portal", "stage", "kind", "url", "message", "seen_at", "days", "capture_id")


async def problems(datasette: Any, request: Any) -> Any:
    """Open problems, narrowed by portal, stage and kind."""
    chosen = given(request, *SPREAD)
    if "captures" not in datasette.databases:
        return None
    wanted = format_of(request)
    everything = batches(datasette, lambda db: each_open(db, chosen), "captures")
    if wanted == "csv":
        return await csv_of_all(_CSV_COLUMNS, everything)
    first = (page_number(request) - 1) * ROWS
    found = await query(datasette, lambda db: open_problems(db, chosen, first), "captures")
    if wanted == "json":
        return await json_of_all({"spread": found["spread"], "total": found["total"]}, "rows", everything)
    shown = part(request, ROWS, found["total"])

    def address(**changes: str | None) -> str:
        return "/problems?" + urlencode({name: value for name, value in (chosen | changes).items() if value})

    context = {"found": found, "part": shown, "chosen": chosen, "address": address, "formats": ("json", "csv")}
    return await page(datasette, request, "problems", context)
