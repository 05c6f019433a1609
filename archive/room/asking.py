"""How a page gets at the databases, and what becomes of it when it cannot."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from archive.room import captured
from archive.room import home as homes
from archive.room.kept import Kept
from archive.room.pages import limited, page

LIMIT_MS = 3000
MOST_CSV = 100_000
"""Rows of a CSV file of the reading room."""


class BusyError(Exception):
    """A question that takes too long."""


def answering(view: Callable[..., Any]) -> Callable[..., Any]:
    """The view, with a page for what is not there and for what takes too long."""

    async def answer(datasette: Any, request: Any) -> Any:
        try:
            found = await view(datasette, request)
        except sqlite3.OperationalError as error:
            if "interrupted" not in str(error):
                raise
            return await page(datasette, request, "message", {"what": "busy"}, 503)
        except captured.DamagedError as error:
            return await page(datasette, request, "message", {"what": "damaged", "detail": str(error)}, 500)
        return found if found is not None else await page(datasette, request, "message", {"what": "missing"}, 404)

    return answer


async def ask(datasette: Any, work: Callable[[sqlite3.Connection], Any], database: str = "reports") -> Any:
    """Run a query function on one of the databases; None where that database is not served."""
    if database not in datasette.databases:
        return None
    served = datasette.get_database(database)
    try:
        return await served.execute_fn(limited(work, LIMIT_MS))
    except sqlite3.OperationalError as error:
        if "vtable constructor failed" not in str(error):
            raise
        return await served.execute_fn(limited(work, LIMIT_MS))  # the index was opened at a moment of a writer


_kept: dict[tuple[str, str], Kept[Any]] = {}


def kept(datasette: Any, name: str, database: str = "reports") -> Kept[Any]:
    """What is worked out once for each state of the archive."""
    file = str(datasette.get_database(database).path)
    return _kept.setdefault((file, name), Kept(Path(file)))


def given(request: Any, *names: str) -> dict[str, str]:
    """The parameters of these names that are not empty."""
    return {name: value[:300] for name in names if (value := (request.args.get(name) or "").strip("\0"))}


def wanted_page(request: Any) -> int:
    """The number of the page asked for, from 1."""
    text = request.args.get("page") or "1"
    return min(int(text), 100_000) if text.isascii() and text.isdigit() and int(text) > 0 else 1


def form_of(request: Any) -> str | None:
    """json, csv or txt where the address ends so."""
    found = request.url_vars.get("format")
    return str(found) if found else None


def named(request: Any, name: str) -> str:
    """A part of the address, as text."""
    return unquote(request.url_vars[name])


async def holdings(datasette: Any) -> homes.Holdings:
    """What the archive holds, in figures."""
    store = kept(datasette, "holdings")
    found: homes.Holdings = await datasette.get_database("reports").execute_fn(
        lambda db: store.get(lambda: homes.holdings(db))
    )
    return found
