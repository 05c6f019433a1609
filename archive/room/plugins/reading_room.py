"""The Datasette plugin: the reading room's addresses, what SQL can use of it, and the safety of every answer."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Awaitable, Callable
from typing import Any

from datasette import hookimpl
from datasette.filters import FilterArguments
from markupsafe import Markup

from archive.room import views, views_over_years
from archive.room.asking import answering
from archive.room.csv_answers import SafeCsv
from archive.room.pages import path
from archive.room.plain import shown, web_address
from archive.room.questions import QUESTIONS, reused_share
from archive.room.search import MAX_QUERY, condition, escape_fts

WITH_CAPTURES = bool(os.environ.get("WITH_CAPTURES"))
"""Whether bodies may be downloaded as they are."""
MOST_SQL_BYTES = 60_000_000
"""No value that a query makes may be larger."""

ROUTES: tuple[tuple[str, Any], ...] = (
    (r"^/$", views.home),
    (r"^/portals$", views.portals),
    (r"^/search(?:\.(?P<format>json|csv))?$", views.search_page),
    (r"^/report/(?P<id>.+?)(?:\.(?P<format>json|txt))?$", views.report_page),
    (r"^/captured/(?P<id>\d{1,18})$", views.captured_page),
    (r"^/captured/(?P<id>\d{1,18})/original$", views.captured_original),
    (r"^/body/(?P<name>.+?)(?:\.(?P<format>json|csv))?$", views_over_years.body_page),
    (r"^/portal/(?P<name>.+?)(?:\.(?P<format>json|csv))?$", views_over_years.portal_page),
    (r"^/compare(?:\.(?P<format>json|csv))?$", views_over_years.compare_page),
    (r"^/questions$", views_over_years.questions_page),
    (r"^/questions/(?P<name>[a-z-]+)(?:\.(?P<format>json|csv))?$", views_over_years.question_page),
    (r"^/problems(?:\.(?P<format>json|csv))?$", views.problems_page),
    (r"^/feed\.atom$", views.feed),
)


@hookimpl
def register_routes() -> list[tuple[str, Any]]:
    """The reading room comes before Datasette's own pages."""
    return [(address, answering(view)) for address, view in ROUTES]


@hookimpl
def prepare_jinja2_environment(env: Any) -> None:
    """Filters for what comes from portals."""
    env.filters |= {"shown": shown, "web": web_address, "path": path}
    env.globals["quoted"] = path


# Last, so that it replaces Datasette's own function of that name.
@hookimpl(trylast=True)
def prepare_connection(conn: sqlite3.Connection) -> None:
    """Functions for SQL, a bound on what a query can make, and bodies out of its reach."""
    conn.create_function("escape_fts", 1, escape_fts, deterministic=True)
    conn.create_function("reused_share", 2, reused_share, deterministic=True)
    conn.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MOST_SQL_BYTES)
    if not WITH_CAPTURES:
        conn.set_authorizer(_without_bodies)


def _without_bodies(action: int, first: str | None, second: str | None, *_: object) -> int:
    if action == sqlite3.SQLITE_READ and first == "bodies" and second == "data":
        return sqlite3.SQLITE_IGNORE
    if action == sqlite3.SQLITE_READ and first == "captures" and second == "request_body":
        return sqlite3.SQLITE_IGNORE
    return sqlite3.SQLITE_DENY if action == sqlite3.SQLITE_ATTACH else sqlite3.SQLITE_OK


# Last, so that its word on whether the table can be searched stands.
@hookimpl(trylast=True)
def filters_from_request(request: Any, database: str, table: str) -> FilterArguments | None:
    """`_search=` on the table of reports finds what the reading room finds."""
    if database != "reports" or table != "reports":
        return None
    query = request.args.get("_search") or ""
    shows = {"supports_search": True, "search": query}
    if not query:
        return FilterArguments([], extra_context=shows)
    where, values = condition(query[:MAX_QUERY])
    for name in values:
        where = where.replace(f":{name}", f":search_{name}")
    return FilterArguments(
        [where], {f"search_{name}": value for name, value in values.items()}, [f"search matches “{query}”"], shows
    )


@hookimpl
def canned_queries(database: str) -> dict[str, dict[str, Any]] | None:
    """The questions as queries that can be looked into and changed."""
    if database != "reports":
        return None
    return {
        name: {
            "sql": question.sql,
            "title": " · ".join(question.title),
            "description": f"{question.formula[0]} · {question.formula[1]}",
            "params": ["year", "portal"],
        }
        for name, question in QUESTIONS.items()
    }


@hookimpl
def render_cell(value: Any, column: str, table: str | None, database: str) -> Any:
    """Ids lead to the report's page; texts of portals cannot turn the line they stand in."""
    if database != "reports" or not isinstance(value, str):
        return shown(value, 2000) if isinstance(value, str) and shown(value, len(value)) != value else None
    if column in {"report_id", "previous_report_id"} or (column == "id" and table == "reports"):
        return Markup('<a href="/report/{}">{}</a>').format(path(value), shown(value))
    if shown(value, len(value)) != value:
        return shown(value, 2000)
    return None


@hookimpl
def asgi_wrapper() -> Callable[[Any], Any]:
    """Headers that keep a page from doing what it should not, on every answer; CSV without formulas."""
    return lambda app: Guarded(SafeCsv(app))


OURS = (
    "default-src 'none'; style-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    " connect-src 'self'; form-action 'self'; frame-src 'self'; frame-ancestors 'self'; base-uri 'none'"
)
"""For Datasette's own pages, whose scripts are in the page; the reading room's have none and say so."""


class Guarded:
    """ASGI middleware."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Callable[[Any], Awaitable[None]]) -> None:
        """Adds what an answer does not say itself."""

        async def guarded(message: Any) -> None:
            if message["type"] == "http.response.start":
                given = {name.lower() for name, _ in message["headers"]}
                wanted = {
                    b"x-content-type-options": b"nosniff",
                    b"referrer-policy": b"no-referrer",
                    b"x-dns-prefetch-control": b"off",
                    b"content-security-policy": OURS.encode(),
                }
                headers = [*message["headers"], *((k, v) for k, v in wanted.items() if k not in given)]
                message = message | {"headers": headers}
            await send(message)

        await self.app(scope, receive, guarded)
