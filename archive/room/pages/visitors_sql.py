"""A visitor's own query as a CSV file: every row within a bound, and where it is cut the file says so.

Datasette would end the file after its most rows (`max_returned_rows`) without a word.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from datasette.utils import InvalidSql, derive_named_parameters, validate_sql_select
from datasette.utils.asgi import AsgiStream
from datasette.views.base import DatasetteError
from datasette.views.database import DatabaseView

from archive.room.database_access import LIMIT_MS, MOST_ROWS, batches_of_visitor
from archive.room.request_parameters import path_part
from archive.room.untrusted_text import csv_lines

MOST_SECONDS = 5 * LIMIT_MS / 1000
CUT = "此处截断，查询结果不止于此 · cut here, the query has more rows"
"""The last line of a file that has not all rows."""


async def csv(datasette: Any, request: Any) -> Any:
    """`/reports.csv?sql=…`."""
    database, sql = path_part(request, "database"), (request.args.get("sql") or "").strip().rstrip(";")
    if not sql:
        request.scope["url_route"]["kwargs"] |= {"format": "csv"}
        return await DatabaseView(datasette).dispatch_request(request)
    await datasette.ensure_permissions(request.actor, [("execute-sql", database)])
    try:
        validate_sql_select(sql)
    except InvalidSql as error:
        raise DatasetteError(str(error), title="Invalid SQL", status=400) from error
    names = await derive_named_parameters(datasette.get_database(database), sql)
    values = {name: request.args.get(name) or "" for name in names}
    rows = batches_of_visitor(datasette, database, sql, values)
    try:
        columns = await anext(rows)
        first: list[Any] = await anext(rows, [])
    except sqlite3.OperationalError as error:
        if "interrupted" in str(error):
            raise
        raise DatasetteError(str(error), title="Invalid SQL", status=400) from error
    return _answer(columns, first, rows)


def _answer(columns: list[Any], first: list[Any], rest: AsyncGenerator[list[Any], None]) -> AsgiStream:
    async def send(out: Any) -> None:
        number, until = 0, time.monotonic() + MOST_SECONDS
        await out.write("".join(csv_lines(columns, [])))
        async with aclosing(rest):
            batch, is_cut = first, False
            while batch and not is_cut:
                is_cut = number + len(batch) > MOST_ROWS or time.monotonic() > until
                lines = csv_lines(columns, batch[: MOST_ROWS - number])
                next(lines)
                await out.write("".join(lines))
                number += len(batch)
                try:
                    batch = await anext(rest, [])
                except sqlite3.OperationalError:  # the bound on the time of a batch, or on the size of the answer
                    is_cut = True
        if is_cut:
            await out.write("".join(csv_lines([CUT], [])))

    return AsgiStream(send, headers={"X-Most-Rows": str(MOST_ROWS)}, content_type="text/csv; charset=utf-8")
