"""The Datasette plugin: the reading room's addresses, what SQL can use of it, and the safety of every answer."""

from __future__ import annotations

import json
import os
import re
import sqlite3
from collections.abc import Awaitable, Callable
from functools import cache, partial
from typing import Any

from datasette import hookimpl
from datasette.filters import FilterArguments
from datasette.plugins import pm
from datasette.utils.asgi import Forbidden
from markupsafe import Markup

from archive.room.bounded_counts import bound
from archive.room.csv_middleware import CsvWithoutFormulas
from archive.room.data_pages import template_vars
from archive.room.database_access import keep_bodies, portal_titles
from archive.room.error_pages import message, of_exception, with_error_pages
from archive.room.fts_queries import escape_fts
from archive.room.json_renderer import render
from archive.room.middleware import (
    AskedRightly,
    LanguageOfData,
    OneAddress,
    OnlyReading,
    OwnWordsForFiles,
    SecurityHeaders,
    SharedData,
)
from archive.room.pages import (
    api_guide,
    atom_feed,
    bodies,
    captured_pages,
    codebook,
    downloads,
    entries,
    home,
    nation,
    other_addresses,
    over_years,
    place,
    problems,
    questions,
    rankings,
    report,
    search,
    tables,
    tile_map,
    visitors_sql,
)
from archive.room.questions import QUESTIONS
from archive.room.rendering import number, url_part
from archive.room.search import MAX_QUERY
from archive.room.sql_process import SqlElsewhere, become_sql_process, bound_memory, is_sql_process
from archive.room.untrusted_text import shown, web_address, without_marks
from archive.text_reuse import reused_share

MAX_SQL_BYTES = 60_000_000
"""No value that a query makes may be larger."""

ROUTES: tuple[tuple[str, Any], ...] = (
    (r"^/$", home.home),
    (r"^/portals(?:\.(?P<format>json|csv))?$", home.portals),
    (r"^/search(?:\.(?P<format>json|csv|atom))?$", search.results),
    (
        r"^/report/(?P<id>.+?)/at/(?P<moment>\d{4}(?:[\dT:.Z-]|%3A)*?)(?:\.(?P<format>json|txt|bib|ris))?$",
        report.version,
    ),
    (r"^/report/(?P<id>.+?)/error$", report.error),
    (r"^/report/(?P<id>.+?)/changes(?:\.(?P<format>json))?$", report.changes),
    (r"^/report/(?P<id>.+?)(?:\.(?P<format>json|txt|bib|ris|svg|png))?$", report.report),
    (r"^/captured/(?P<id>\d{1,18})$", captured_pages.shown),
    (r"^/captured/(?P<id>\d{1,18})/page$", captured_pages.capture),
    (r"^/captured/(?P<id>\d{1,18})/link/(?P<place>\d{1,6})$", captured_pages.absent),
    (r"^/captured/(?P<id>\d{1,18})/warc$", captured_pages.warc),
    (r"^/captured/(?P<id>\d{1,18})/original$", captured_pages.original),
    (r"^/body/(?P<name>.+?)(?:\.(?P<format>json|csv|svg|png|atom))?$", over_years.body),
    (r"^/portal/(?P<name>.+?)(?:\.(?P<format>json|csv|svg|png|atom))?$", over_years.portal),
    (r"^/place/(?P<id>.+?)(?:\.(?P<format>json|csv|svg|png|atom))?$", place.place),
    (r"^/map(?:\.(?P<format>json|csv|svg|png))?$", tile_map.tiles),
    (r"^/nation(?:\.(?P<format>json|csv|svg|png))?$", nation.nation),
    (r"^/bodies(?:\.(?P<format>json|csv))?$", bodies.bodies),
    (r"^/rankings(?:\.(?P<format>json|csv))?$", rankings.rankings),
    (r"^/entries(?:\.(?P<format>json|csv))?$", entries.entries),
    (r"^/compare(?:\.(?P<format>json|csv|svg|png))?$", over_years.compare),
    (r"^/questions$", questions.questions),
    (r"^/questions/(?P<name>[a-z-]+)(?:\.(?P<format>json|csv))?$", questions.question),
    (r"^/problems(?:\.(?P<format>json|csv))?$", problems.problems),
    (r"^/codebook(?:\.(?P<format>json|csv))?$", codebook.show),
    (r"^/feed\.atom$", atom_feed.feed),
    (r"^/api$", api_guide.api),
    (r"^/downloads(?:\.(?P<format>json|csv|sha256))?$", downloads.downloads),
    (r"^/downloads/(?P<name>.+)$", downloads.file),
    (r"^/robots\.txt$", other_addresses.robots),
)
_DATASETTE = ("-", "room", "favicon")
"""First parts of addresses that are Datasette's besides the names of the databases."""
_NOT_FOR_VISITORS = (
    r"^/-/(?:(?:databases|threads|plugins|metadata|settings|config)(?:\.json)?"
    r"|versions|actor|allow-debug|auth-token|logout|messages|patterns|permissions)$"
)
"""Datasette's pages about the server, which name files of this machine, and those for its developers."""


@hookimpl
def register_routes(datasette: Any) -> list[tuple[str, Any]]:
    """The reading room comes before Datasette's own pages, and answers what neither has."""
    databases = "|".join(map(re.escape, datasette.databases))
    elsewhere = rf"^/(?!(?:{databases}|{'|'.join(_DATASETTE)})(?:[/.]|$)).*"
    return [
        (address, with_error_pages(handler))
        for address, handler in (
            *ROUTES,
            (rf"^/(?P<database>{databases})/(?P<table>[^/.]+)\.csv$", tables.whole),
            (rf"^/(?P<database>{databases})\.csv$", visitors_sql.csv),
            (_NOT_FOR_VISITORS, other_addresses.nowhere),
            (elsewhere, other_addresses.nowhere),
        )
    ]


@hookimpl
def register_output_renderer() -> dict[str, Any]:
    """In the place of Datasette's own JSON."""
    return {"extension": "json", "render": render}


@hookimpl
def handle_exception(datasette: Any, request: Any, exception: Exception) -> Any:
    """What Datasette's own pages cannot answer, in the visitor's words."""
    return lambda: of_exception(datasette, request, exception)


@hookimpl
def forbidden(datasette: Any, request: Any, message: str) -> Any:
    """What may not be seen, likewise."""
    return lambda: of_exception(datasette, request, Forbidden(message))


_OF_EVERY_PAGE = ("room/base.html", "room/parts.html")
"""Templates that are compiled before the first visit: each takes longer than most pages."""


@hookimpl
def startup(datasette: Any) -> None:
    """Datasette asks every plugin how to show an error, its own too, which prints all variables of a wrong address."""
    pm.unregister(name="datasette.handle_exception")
    for database in datasette.databases.values():
        bound(database)
    if is_sql_process():
        become_sql_process()
        return
    for name in _OF_EVERY_PAGE:
        datasette.jinja_env.get_template(name)


@hookimpl
def extra_template_vars(datasette: Any, request: Any, view_name: str | None) -> Callable[[], Awaitable[dict[str, Any]]]:
    """For Datasette's own pages; the reading room's bring theirs."""

    async def of_data_pages() -> dict[str, Any]:
        return template_vars(datasette, request, await portal_titles(datasette)) if view_name and request else {}

    return of_data_pages


@hookimpl
def prepare_jinja2_environment(env: Any) -> None:
    """Filters for what comes from portals."""
    env.filters |= {"shown": shown, "web": web_address, "url_part": url_part, "without_marks": without_marks}


# Last, so that it replaces Datasette's own function of that name.
@hookimpl(trylast=True)
def prepare_connection(conn: sqlite3.Connection) -> None:
    """Functions for SQL, a bound on what a query can make, and bodies out of its reach."""
    conn.create_function("escape_fts", 1, escape_fts, deterministic=True)
    conn.create_function("reused_share", 2, reused_share, deterministic=True)
    conn.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_SQL_BYTES)
    keep_bodies(conn)
    if is_sql_process():
        bound_memory(conn)


# Last, so that its word on whether the table can be searched stands.
@hookimpl(trylast=True)
def filters_from_request(request: Any, database: str, table: str, datasette: Any) -> Any:
    """`_search=` on the table of reports finds what the reading room finds."""
    if database != "reports" or table != "reports":
        return None
    typed = request.args.get("_search") or ""
    shows = {"supports_search": True, "search": typed}
    if not typed:
        return FilterArguments([], extra_context=shows)

    async def filtered() -> FilterArguments:
        found = await search.numbers(datasette, typed[:MAX_QUERY])
        where = "search_id IN (SELECT value FROM json_each(:search_found))"
        return FilterArguments([where], {"search_found": json.dumps(found)}, [f"search matches “{typed}”"], shows)

    return filtered


@hookimpl
def canned_queries(database: str) -> dict[str, dict[str, Any]] | None:
    """The questions as queries that can be read and changed."""
    if database != "reports":
        return None
    return {
        name: {
            "sql": question.sql,
            "title": " · ".join(question.title),
            "description": " · ".join(question.formula),
            "params": ["year", "portal"],
        }
        for name, question in QUESTIONS.items()
    }


@hookimpl
def render_cell(value: Any, column: str, table: str | None, database: str, datasette: Any) -> Any:
    """Links to reports, units behind numbers, and texts of portals that cannot change the direction of their line."""
    if isinstance(
        value, dict
    ):  # the row that a key names, by its label: Datasette writes the link, and would write all of it
        value["label"] = shown(value["label"], 120)
        return None
    if isinstance(value, int | float):
        if table is None:  # the answer of a query, whose cells reach the template as text
            return Markup('<span class="counted">{}</span>').format(value)
        return _with_unit(value, column, table, database, datasette)
    if not isinstance(value, str):
        return None
    if database == "reports" and (
        column in {"report_id", "previous_report_id"} or (column == "id" and table == "reports")
    ):
        return Markup('<a href="/report/{}">{}</a>').format(url_part(value), shown(value))
    return shown(value, 2000) if shown(value, len(value)) != value else None


def _with_unit(value: float, column: str, table: str | None, database: str, datasette: Any) -> str | None:
    """The number and its unit; None if it has none."""
    unit = _units(datasette, database, table).get(column) if table else None
    return f"{number(value)} {unit}" if unit else None


@cache
def _units(datasette: Any, database: str, table: str) -> dict[str, str]:
    """Column → unit, by metadata.yaml's `column_units`.

    Datasette's own key `units` is not used: it knows only physical units and answers with an error to any other.
    """
    units: dict[str, str] = datasette.table_metadata(database, table).get("column_units", {})
    return units


@hookimpl
def asgi_wrapper(datasette: Any) -> Callable[[Any], Any]:
    """What holds for every address and every answer."""
    base_url = os.environ.get("BASE_URL")

    def wrapped(app: Any) -> Any:
        files = OwnWordsForFiles(app, lambda request: message(datasette, request, "missing", 404))
        checked = AskedRightly(files, lambda request, said: message(datasette, request, "bad", 400, said))
        own: Any = SecurityHeaders(SharedData(CsvWithoutFormulas(checked)))
        if os.environ.get("SQL_COMMAND") and not is_sql_process():
            own = SqlElsewhere(own, datasette, datasette.databases)
        reading = OnlyReading(LanguageOfData(own, datasette.databases), partial(message, datasette))
        return OneAddress(reading, base_url)

    return wrapped
