"""Numbers of rows on Datasette's own pages: exact where counting is quick, "more than" a number where it is not.

Counting a table goes through all of it, and nothing can interrupt SQLite in that. So Datasette's `count(*)` is asked of at
most so many rows; a page that reaches them says so.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from datasette.database import Database, QueryInterrupted

MOST_COUNTED = 200_000
"""Rows of the table of a page that are counted."""
MOST_LISTED = 10_000
"""Rows that are counted of each table where all are listed."""
COUNTING_MS = 300
_COUNT = "select count(*) from "
_counted: ContextVar[int | None] = ContextVar("counted", default=None)


def more_than() -> int | None:
    """How many rows there are at least, where the page at hand cannot say how many."""
    return _counted.get()


def bound(database: Database) -> None:
    """Have the database count no further than the bounds. Datasette takes the interruption for a count that took too long."""
    execute = database.execute

    async def bounded(sql: str, params: Any = None, **options: Any) -> Any:
        if not sql.startswith(_COUNT) or options.get("truncate"):  # a visitor's own SQL is as it is
            return await execute(sql, params, **options)
        is_list = "custom_time_limit" in options
        most = MOST_LISTED if is_list else MOST_COUNTED
        counted = f"select count(*) from (select 1 from {sql.removeprefix(_COUNT)} limit {most + 1})"  # noqa: S608 - Datasette's own SQL
        _counted.set(0)
        results = await execute(counted, params, **{"custom_time_limit": COUNTING_MS} | options)
        if results.rows[0][0] > most:
            _counted.set(most)
            raise QueryInterrupted(None, sql, params)
        return results

    database.execute = bounded
