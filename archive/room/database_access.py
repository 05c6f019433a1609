"""How a page reaches the databases: bounded queries and cached results."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

from datasette.utils import sqlite_timelimit

from archive.room import absences, holdings
from archive.room.cache import UntilChanged
from archive.withheld import urls_withheld

LIMIT_MS = 3000
"""Milliseconds that one query function may take."""
BATCH = 500
"""Rows of a streamed answer that are read at a time."""
MOST_ROWS = 100_000
"""Rows of a visitor's own query that a file has at most."""
BATCH_MS = 15_000
"""Milliseconds that such a batch may take; the first one may sort everything."""


async def query(datasette: Any, work: Callable[[sqlite3.Connection], Any], database: str = "reports") -> Any:
    """Run a query function on one of the databases; None if that database is not served.

    Raises sqlite3.OperationalError ("interrupted") after LIMIT_MS.
    """
    if database not in datasette.databases:
        return None
    served = datasette.get_database(database)
    try:
        return await served.execute_fn(bounded(work))
    except sqlite3.OperationalError as error:
        if "vtable constructor failed" not in str(error):
            raise
        return await served.execute_fn(bounded(work))  # a writer held the full-text index at the moment of opening


def bounded(work: Callable[[sqlite3.Connection], Any]) -> Callable[[sqlite3.Connection], Any]:
    """`work` on a connection, interrupted when it takes longer than LIMIT_MS."""

    def within(connection: sqlite3.Connection) -> Any:
        with sqlite_timelimit(connection, LIMIT_MS):
            return work(connection)

    return within


_BODIES = frozenset((("bodies", "data"), ("captures", "request_body")))
_OF_DOCUMENTS = frozenset((("entries", "title"), ("captures", "request_headers"), ("captures", "response_headers")))
_PATHS = ("pragma_database_list", "file")
"""Where SQLite tells which files of this machine it reads."""


def keep_bodies(connection: sqlite3.Connection) -> None:
    """Put bodies out of the reach of visitors, unless whoever serves the archive allows it (WITH_CAPTURES); files always.

    Where something is withheld, bodies always, and what is said of a document outside of it.
    """
    kept_back = {_PATHS} if os.environ.get("WITH_CAPTURES") else _BODIES | {_PATHS}
    if urls_withheld(connection):
        kept_back = _BODIES | _OF_DOCUMENTS | {_PATHS}

    def authorizer(action: int, table: str | None, column: str | None, *_: object) -> int:
        if action == sqlite3.SQLITE_READ and (table, column) in kept_back:
            return sqlite3.SQLITE_IGNORE
        return sqlite3.SQLITE_DENY if action == sqlite3.SQLITE_ATTACH else sqlite3.SQLITE_OK

    connection.set_authorizer(authorizer)


async def batches(
    datasette: Any, work: Callable[[sqlite3.Connection], Iterable[dict[str, Any]]], database: str = "reports"
) -> AsyncGenerator[list[dict[str, Any]], None]:
    """All rows of a query function, some at a time, on a connection of its own: a file of any size takes no memory."""
    path = Path(datasette.get_database(database).path).resolve()
    connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=5, check_same_thread=False)
    keep_bodies(connection)
    with closing(connection):
        rows = _rows(connection, work)
        while batch := await asyncio.to_thread(_take, connection, rows):
            yield batch


def _rows(
    connection: sqlite3.Connection, work: Callable[[sqlite3.Connection], Iterable[dict[str, Any]]]
) -> Iterator[dict[str, Any]]:
    """The query starts when the first row is asked for, so that it counts to the time of the first batch."""
    yield from work(connection)


def _take(connection: sqlite3.Connection, rows: Iterator[dict[str, Any]]) -> list[dict[str, Any]]:
    with sqlite_timelimit(connection, BATCH_MS):
        return list(islice(rows, BATCH))


async def batches_of_visitor(
    datasette: Any, database: str, sql: str, values: dict[str, str]
) -> AsyncGenerator[list[Any], None]:
    """The columns of a visitor's query, then its rows some at a time, with the functions and bounds of every visitor's SQL.

    Raises sqlite3.OperationalError ("interrupted") where a batch takes longer than LIMIT_MS.
    """
    path = Path(datasette.get_database(database).path).resolve()
    connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=5, check_same_thread=False)
    with closing(connection):
        datasette._prepare_connection(connection, database)

        def start() -> sqlite3.Cursor:
            with sqlite_timelimit(connection, LIMIT_MS):
                return connection.execute(sql, values)

        def take() -> list[Any]:
            with sqlite_timelimit(connection, LIMIT_MS):
                return cursor.fetchmany(BATCH)

        cursor = await asyncio.to_thread(start)
        yield [column[0] for column in cursor.description]
        while batch := await asyncio.to_thread(take):
            yield batch


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


MOST_KEPT = 64
"""Answers that are kept, each of at most some hundreds of rows; the one asked for longest ago goes first."""
_kept: OrderedDict[tuple[str, str], UntilChanged[Any]] = OrderedDict()


async def kept(datasette: Any, name: str, work: Callable[[sqlite3.Connection], Any]) -> Any:
    """The result of a query function on reports.db, worked out once for each state of the archive.

    It takes what it takes, unless it is `bounded`.
    """
    served = datasette.get_database("reports")
    key = (str(served.path), name)
    cached = _kept.setdefault(key, UntilChanged(Path(key[0])))
    _kept.move_to_end(key)
    while len(_kept) > MOST_KEPT:
        _kept.popitem(last=False)
    return await served.execute_fn(lambda db: cached.get(lambda: work(db)))


async def holdings_of(datasette: Any) -> holdings.Holdings:
    """What the archive holds, in figures."""
    cached = cache(datasette, "holdings")
    found: holdings.Holdings = await datasette.get_database("reports").execute_fn(
        lambda db: cached.get(lambda: holdings.holdings(db))
    )
    return found


async def portal_titles(datasette: Any) -> dict[str, str]:
    """Name of a portal → what it calls itself; empty if reports.db is not served."""
    if "reports" not in datasette.databases:
        return {}
    cached = cache(datasette, "portal titles")
    sql = "SELECT name, title FROM portals WHERE title IS NOT NULL"
    found: dict[str, str] = await datasette.get_database("reports").execute_fn(
        lambda db: cached.get(lambda: dict(map(tuple, db.execute(sql))))
    )
    return found


async def walks_of(datasette: Any) -> dict[str, absences.Walk] | None:
    """Portal → its last crawl; None if captures.db is not served."""
    if "captures" not in datasette.databases:
        return None
    cached = cache(datasette, "walks", "captures")
    found: dict[str, absences.Walk] = await query(
        datasette, lambda db: cached.get(lambda: absences.walks(db)), "captures"
    )
    return found
