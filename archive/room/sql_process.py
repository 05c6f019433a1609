"""A process of its own for visitors' SQL and Datasette's tables: whatever they take, the room's own pages do not wait.

`scrapy browse` names its command in the environment (SQL_COMMAND). The first process starts it and passes on what is
asked of a database; it ends with the first process. It has a low priority, a bound on its memory, and a bound on the
size of one answer beside Datasette's on time and rows.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Awaitable, Callable, Collection
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import httpx
from datasette.utils.asgi import Request

from archive.room.error_pages import message

NICENESS = 10
MOST_MEMORY = 2_000_000_000
"""Bytes of address space: the last bound, should all others fail."""
MOST_HEAP = 200_000_000
"""Bytes that SQLite may take for all queries together: for values, sorting and temporary tables. One that needs more fails."""
MOST_VALUE = 16_000_000
"""Bytes of one value, and of one row, that a query makes, where visitors are not given bodies."""
MOST_COLUMNS = 200
"""Columns of an answer: no row can have many large values."""
MOST_ANSWER = 30_000_000
"""Characters of the texts, and bytes of the bodies, of one answer."""
AT_ONCE = max(2, (os.cpu_count() or 2) - 1)
"""Requests that are passed on at the same time."""
PATIENCE_S = 10
"""Seconds that a request waits for its turn."""
START_S = 60
"""Seconds that it waits for the process to start: it takes one on a machine that does nothing else."""
_HOPS = frozenset((b"connection", b"keep-alive", b"transfer-encoding", b"date", b"server"))
"""Headers of a connection, not of an answer."""


def is_sql_process() -> bool:
    """Whether this is the process for SQL."""
    return os.environ.get("SQL_PROCESS") == "1"


def become_sql_process() -> None:
    """Give way to everything else, take no more than MOST_MEMORY, and end with the process that started this one."""
    os.nice(NICENESS)
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    os.read(sys.stdin.fileno(), 1)  # the other end of the pipe is closed when its process ends, however it does
    shutil.rmtree(os.environ["SQL_FOLDER"], ignore_errors=True)  # which it cannot, when it was killed
    os.kill(os.getpid(), signal.SIGTERM)


def bound_memory(connection: sqlite3.Connection) -> None:
    """No answer of this connection, and nothing that is made for one, grows beyond the bounds."""
    connection.execute(f"PRAGMA hard_heap_limit = {MOST_HEAP}")
    connection.execute("PRAGMA temp_store = FILE")
    connection.setlimit(sqlite3.SQLITE_LIMIT_COLUMN, MOST_COLUMNS)
    if not os.environ.get("WITH_CAPTURES"):
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MOST_VALUE)
    connection.row_factory = Measured()


class Measured:
    """A row factory that ends an answer which grows larger than MOST_ANSWER."""

    def __init__(self) -> None:
        self.sizes: WeakKeyDictionary[sqlite3.Cursor, int] = WeakKeyDictionary()

    def __call__(self, cursor: sqlite3.Cursor, values: tuple[Any, ...]) -> sqlite3.Row:
        """The row, counted."""
        size = self.sizes.get(cursor, 0) + sum(len(value) for value in values if isinstance(value, str | bytes))
        if size > MOST_ANSWER:
            raise sqlite3.OperationalError(f"the answer is larger than {MOST_ANSWER // 1_000_000} MB")
        self.sizes[cursor] = size
        return sqlite3.Row(cursor, values)


class SqlProcess:
    """The process, seen from the first one."""

    def __init__(self, command: list[str]) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="tongjian-")
        self.socket = Path(self.folder.name) / "sql"
        self.command = [*command, "--uds", str(self.socket)]
        self.process: subprocess.Popen[bytes] | None = None
        self.client = httpx.AsyncClient(
            transport=httpx.AsyncHTTPTransport(uds=str(self.socket)), timeout=httpx.Timeout(None, connect=PATIENCE_S)
        )
        self.turns = asyncio.Semaphore(AT_ONCE)

    def start(self) -> None:
        """Start it, unless it runs."""
        if self.process is not None and self.process.poll() is None:
            return
        self.socket.unlink(missing_ok=True)
        environment = os.environ | {"SQL_PROCESS": "1", "SQL_FOLDER": self.folder.name}
        self.process = subprocess.Popen(self.command, env=environment, stdin=subprocess.PIPE)  # noqa: S603 - our own command

    async def answer(self, scope: Any) -> httpx.Response:
        """What it answers, not read yet. Raises httpx.HTTPError or TimeoutError where it does not."""
        self.start()
        for _ in range(START_S * 10):
            if self.socket.exists():
                break
            await asyncio.sleep(0.1)
        target = (scope.get("raw_path") or scope["path"].encode()).partition(b"?")[0]
        if scope["query_string"]:
            target += b"?" + scope["query_string"]
        address = httpx.URL("http://sql").copy_with(raw_path=target)
        request = self.client.build_request(scope["method"], address, headers=scope["headers"])
        return await self.client.send(request, stream=True)


class SqlElsewhere:
    """ASGI middleware: what is asked of a database is answered by the process for SQL."""

    def __init__(self, app: Any, datasette: Any, names: Collection[str]) -> None:
        self.app = app
        self.datasette = datasette
        self.names = frozenset(names)
        self.sql: SqlProcess | None = None

    async def __call__(self, scope: Any, receive: Any, send: Callable[[Any], Awaitable[None]]) -> None:
        """Passes a request on, to one process or the other."""
        if self.sql is None:
            self.sql = SqlProcess(json.loads(os.environ["SQL_COMMAND"]))
            self.sql.start()
        first = scope.get("path", "").strip("/").partition("/")[0].partition(".")[0]
        if scope["type"] != "http" or scope["method"] not in {"GET", "HEAD"} or first not in self.names:
            await self.app(scope, receive, send)
            return
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self.sql.turns.acquire()
        except TimeoutError:
            await self._busy(scope, receive, send)
            return
        try:
            response = await self.sql.answer(scope)
        except httpx.HTTPError:
            await self._busy(scope, receive, send)
        else:
            await _pass_on(response, send)
        finally:
            self.sql.turns.release()

    async def _busy(self, scope: Any, receive: Any, send: Callable[[Any], Awaitable[None]]) -> None:
        response = await message(self.datasette, Request(scope, receive), "busy", 503)
        response.headers["Retry-After"] = str(PATIENCE_S)
        await response.asgi_send(send)


async def _pass_on(response: httpx.Response, send: Callable[[Any], Awaitable[None]]) -> None:
    headers = [(name.lower(), value) for name, value in response.headers.raw if name.lower() not in _HOPS]
    try:
        await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
        async for part in response.aiter_raw():
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    finally:
        await response.aclose()
