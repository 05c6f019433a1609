"""How a page reaches the databases: bounded queries and cached results."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from datasette.utils import sqlite_timelimit

from archive.room import holdings
from archive.room.cache import UntilChanged

LIMIT_MS = 3000
"""Milliseconds that one query function may take."""
MAX_CSV_ROWS = 100_000
"""Rows of a CSV file of the reading room."""


async def query(datasette: Any, work: Callable[[sqlite3.Connection], Any], database: str = "reports") -> Any:
    """Run a query function on one of the databases; None if that database is not served.

    Raises sqlite3.OperationalError ("interrupted") after LIMIT_MS.
    """
    if database not in datasette.databases:
        return None
    served = datasette.get_database(database)
    try:
        return await served.execute_fn(_limited(work))
    except sqlite3.OperationalError as error:
        if "vtable constructor failed" not in str(error):
            raise
        return await served.execute_fn(_limited(work))  # a writer held the full-text index at the moment of opening


def _limited(work: Callable[[sqlite3.Connection], Any]) -> Callable[[sqlite3.Connection], Any]:
    """`work` on a connection, interrupted when it takes longer than LIMIT_MS."""

    def within(connection: sqlite3.Connection) -> Any:
        with sqlite_timelimit(connection, LIMIT_MS):
            return work(connection)

    return within


async def query_with_bodies(datasette: Any, work: Callable[[sqlite3.Connection], Any]) -> Any:
    """Run on a connection to captures.db that may read bodies: Datasette's own, which visitors' SQL runs on, may not.

    None if captures.db is not served.
    """
    if "captures" not in datasette.databases:
        return None
    database = datasette.get_database("captures")

    def within(_: sqlite3.Connection) -> Any:
        connection = sqlite3.connect(f"{Path(database.path).resolve().as_uri()}?mode=ro", uri=True, timeout=5)
        try:
            return work(connection)
        finally:
            connection.close()

    return await database.execute_fn(within)


_caches: dict[tuple[str, str], UntilChanged[Any]] = {}


def cache(datasette: Any, name: str, database: str = "reports") -> UntilChanged[Any]:
    """The cache of this name for a database file; every caller of one name gets the same."""
    file = str(datasette.get_database(database).path)
    return _caches.setdefault((file, name), UntilChanged(Path(file)))


async def holdings_of(datasette: Any) -> holdings.Holdings:
    """What the archive holds, in figures."""
    cached = cache(datasette, "holdings")
    found: holdings.Holdings = await datasette.get_database("reports").execute_fn(
        lambda db: cached.get(lambda: holdings.holdings(db))
    )
    return found
