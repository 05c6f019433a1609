"""A table, a view or a question as a CSV file with every row; with conditions, Datasette's own page answers."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any

from datasette.utils import escape_sqlite
from datasette.utils.asgi import AsgiStream
from datasette.views.table import TableView

from archive.room import questions
from archive.room.database_access import batches, query
from archive.room.questions import QUESTIONS
from archive.room.rendering import csv_of_all
from archive.room.report import each
from archive.room.request_parameters import path_part

_HOW = {"_bom", "_stream", "_dl"}
"""Parameters that ask for no part of the rows."""


async def whole(datasette: Any, request: Any) -> Any:
    """Every row, read once from the first to the last: Datasette would begin anew for each page of a view."""
    database, table = path_part(request, "database"), path_part(request, "table")
    if database == "reports" and table in QUESTIONS:
        question, year, portal = QUESTIONS[table], request.args.get("year") or "", request.args.get("portal") or ""
        names = await query(datasette, lambda db: questions.columns(db, question))
        everything = batches(datasette, lambda db: questions.each_row(db, question, year, portal))
        return await csv_of_all(names, everything)
    if set(request.args) - _HOW or not await query(datasette, lambda db: _exists(db, table), database):
        request.scope["url_route"]["kwargs"] |= {"format": "csv"}
        return await TableView(datasette).dispatch_request(request)
    await datasette.ensure_permissions(request.actor, [("view-table", (database, table))])
    sql = f"SELECT * FROM {escape_sqlite(table)}"  # noqa: S608 - the name of a table

    def columns(db: sqlite3.Connection) -> list[str]:
        return [column[0] for column in db.execute(f"{sql} LIMIT 0").description]

    def rows(db: sqlite3.Connection) -> Iterator[dict[str, Any]]:
        return each(db, sql)

    answer: AsgiStream = await csv_of_all(await query(datasette, columns, database), batches(datasette, rows, database))
    return answer


def _exists(db: sqlite3.Connection, table: str) -> bool:
    sql = "SELECT 1 FROM sqlite_master WHERE type IN ('table', 'view') AND name = ? AND instr(sql, 'BLOB') = 0"
    return db.execute(sql, (table,)).fetchone() is not None
