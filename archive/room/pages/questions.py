"""The questions, and the answer to one."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from archive.room import absences
from archive.room import questions as found
from archive.room.database_access import batches, bounded, holdings_of, kept, query, walks_of
from archive.room.questions import LEFT_OUT_REASONS, QUESTIONS, Question
from archive.room.rendering import csv_of_all, json_of_all, page
from archive.room.request_parameters import format_of, page_number, part, path_part, year

ROWS_ON_PAGE = 50
PORTALS_TO_CHOOSE = 100
"""Of more portals the visitor names one: a list of thousands is no choice, and is larger than the answer."""
MISSING_YEARS = "missing-years"
FIRST = ("issuing_body", "report_year", "reason", "evidence", "share", "days_late")
"""Columns that the page shows before others: a narrow screen has what was asked for without a move to the side."""
Rows = Iterable[dict[str, Any]]
Explain = Callable[[sqlite3.Connection, Rows], Rows]


async def questions(datasette: Any, request: Any) -> Any:
    """What can be asked."""
    return await page(datasette, request, "questions", {"questions": QUESTIONS.values()})


async def _explained(datasette: Any, asked: Question) -> Explain:
    """What adds to each missing year why it is missing, and to the rows of other questions nothing."""
    if asked.name != MISSING_YEARS:
        return lambda _, rows: rows
    known = await walks_of(datasette)
    today = datetime.now(UTC).date().isoformat()
    return lambda db, rows: absences.Judge(db, known, today).explained(rows)


async def question(datasette: Any, request: Any) -> Any:
    """One question, its formula, its answer and what the answer leaves out."""
    asked = QUESTIONS.get(path_part(request, "name"))
    if asked is None:
        return None
    here = await holdings_of(datasette)
    chosen_year, portal = year(request, here.last_year), (request.args.get("portal") or "")[:200]
    wanted = format_of(request)
    columns = await query(datasette, lambda db: found.columns(db, asked))
    explained = await _explained(datasette, asked)
    columns += absences.COLUMNS if asked.name == MISSING_YEARS else ()
    everything = batches(datasette, lambda db: explained(db, found.each_row(db, asked, chosen_year, portal)))
    if wanted == "csv":
        return await csv_of_all(columns, everything)
    first = (page_number(request) - 1) * ROWS_ON_PAGE

    answered: dict[str, Any] = await kept(
        datasette,
        f"{asked.name} {chosen_year} {first} {portal}",
        bounded(lambda db: found.answer(db, asked, chosen_year, portal, first, ROWS_ON_PAGE)),
    )
    answered = answered | {"rows": await query(datasette, lambda db: list(explained(db, answered["rows"])))}
    if wanted == "json":
        about = {"formula": asked.formula, "year": chosen_year, "portal": portal}
        return await json_of_all(
            {"total": answered["total"], "left_out": answered["left_out"]} | about, "rows", everything
        )
    chosen = {"year": chosen_year or "all", "portal": portal}

    def address(**changes: str) -> str:
        return f"/questions/{asked.name}?" + urlencode(chosen | changes)

    context = {
        "question": asked,
        "year": chosen_year,
        "portal": portal,
        "columns": sorted(columns, key=lambda name: FIRST.index(name) if name in FIRST else len(FIRST)),
        "found": answered,
        "part": part(request, ROWS_ON_PAGE, answered["total"]),
        "address": address,
        "reasons": LEFT_OUT_REASONS,
        "here": here,
        "portals_to_choose": PORTALS_TO_CHOOSE,
        "formats": ("json", "csv"),
        "sql_page": f"/reports/{asked.name}?" + urlencode({"year": chosen_year, "portal": portal}),
    }
    return await page(datasette, request, "question", context)
