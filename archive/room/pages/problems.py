"""The problems desk: what is open and needs somebody."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from archive.room.database_access import query
from archive.room.problems import SPREAD, open_problems
from archive.room.rendering import as_csv, as_json, page
from archive.room.request_parameters import format_of, given

_CSV_COLUMNS = ("id", "portal", "stage", "kind", "url", "message", "seen_at", "days", "capture_id")


async def problems(datasette: Any, request: Any) -> Any:
    """Open problems, narrowed by portal, stage and kind."""
    chosen = given(request, *SPREAD)
    found = await query(datasette, lambda db: open_problems(db, chosen), "captures")
    if found is None:
        return None
    wanted = format_of(request)
    if wanted == "json":
        return as_json(found)
    if wanted == "csv":
        return as_csv(_CSV_COLUMNS, found["rows"])

    def address(**changes: str | None) -> str:
        return "/problems?" + urlencode({name: value for name, value in (chosen | changes).items() if value})

    context = {"found": found, "chosen": chosen, "address": address, "formats": ("json", "csv")}
    return await page(datasette, request, "problems", context)
