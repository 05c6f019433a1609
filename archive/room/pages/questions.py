"""The questions, and the answer to one."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from archive.room.database_access import MAX_CSV_ROWS, holdings_of, query
from archive.room.questions import LEFT_OUT_REASONS, QUESTIONS, answer
from archive.room.rendering import as_csv, as_json, page
from archive.room.request_parameters import format_of, path_part, year

ROWS_ON_PAGE = 200


async def questions(datasette: Any, request: Any) -> Any:
    """What can be asked."""
    return await page(datasette, request, "questions", {"questions": QUESTIONS.values()})


async def question(datasette: Any, request: Any) -> Any:
    """One question, its formula, its answer and what the answer leaves out."""
    asked = QUESTIONS.get(path_part(request, "name"))
    if asked is None:
        return None
    here = await holdings_of(datasette)
    chosen_year, portal = year(request, here.last_year), (request.args.get("portal") or "")[:200]
    wanted = format_of(request)
    limit = MAX_CSV_ROWS if wanted == "csv" else ROWS_ON_PAGE
    found = await query(datasette, lambda db: answer(db, asked, chosen_year, portal, limit))
    if wanted == "json":
        return as_json(found | {"formula": asked.formula, "year": chosen_year, "portal": portal})
    columns = list(found["rows"][0]) if found["rows"] else []
    if wanted == "csv":
        return as_csv(columns, found["rows"])
    context = {
        "question": asked,
        "year": chosen_year,
        "portal": portal,
        "columns": columns,
        "found": found,
        "limit": limit,
        "reasons": LEFT_OUT_REASONS,
        "here": here,
        "formats": ("json", "csv"),
        "sql_page": f"/reports/{asked.name}?" + urlencode({"year": chosen_year, "portal": portal}),
    }
    return await page(datasette, request, "question", context)
