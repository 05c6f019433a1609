"""The first page, and the coverage of every portal."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from archive.room import absences, holdings
from archive.room.asked_figures import ADDED_UP
from archive.room.database_access import cache, holdings_of, kept, query, walks_of
from archive.room.holdings import Coverage, Holdings
from archive.room.pages import tile_map
from archive.room.rendering import Translator, as_csv, as_json, language, page
from archive.room.request_parameters import format_of, part

PORTALS_ON_HOME = 24
PORTALS_ON_PAGE = 50
YEARS_ON_HOME = 18
YEARS_ON_MAP = 2
"""The first page shows the coverage of so many portals and of the last years; the page of portals has all."""


async def home(datasette: Any, request: Any) -> Any:
    """What is here, on one screen."""
    here = await holdings_of(datasette)
    shown, years = here.portals[:PORTALS_ON_HOME], here.years[-YEARS_ON_HOME:]
    context = {"here": here, "unwell": await _unwell(datasette), "map": await _map(datasette, request, here)}
    context |= await _coverage(datasette, here, shown, years)
    return await page(datasette, request, "home", context)


async def _map(datasette: Any, request: Any, here: Holdings) -> str:
    """The provinces by what each received in the newest year that has a sum; empty where no province has one."""
    figure = ADDED_UP["applications"]
    for year in here.years[: -YEARS_ON_MAP - 1 : -1]:
        every = await tile_map.provinces(datasette, figure, year)
        if any(tile.value is not None for tile in every):
            return tile_map.province_map(Translator(language(request)), figure, year, every)
    return ""


async def _coverage(datasette: Any, here: Holdings, shown: list[dict[str, Any]], years: list[int]) -> dict[str, Any]:
    """The grid of portals and years, each empty cell with its reason."""
    names = [portal["name"] for portal in shown]
    entries = await kept(datasette, f"announced {names}", lambda db: absences.announced(db, names))
    why = absences.Portals(entries, await walks_of(datasette))
    today = datetime.now(UTC).date().isoformat()
    empty = {
        (portal["name"], year): why.absence(portal["name"], year, today)
        for portal in shown
        for year in years
        if year not in here.coverage.get(portal["name"], {})
    }
    return {
        "portals": shown,
        "years": years,
        "empty": lambda portal, year: empty[portal, year],
        "reasons": {absence.reason for absence in empty.values()},
    }


async def _unwell(datasette: Any) -> list[dict[str, Any]] | None:
    """Unwell portals; None if captures.db is not served."""
    if "captures" not in datasette.databases:
        return None
    cached = cache(datasette, "unwell", "captures")
    rows: list[dict[str, Any]] = await query(datasette, lambda db: cached.get(lambda: holdings.unwell(db)), "captures")
    return rows


_FACTS = ("name", "title", "home_url", "platform", "division_code", "division", "level")
_COUNTS = ("reports", "missing", "removed", "late")


async def portals(datasette: Any, request: Any) -> Any:
    """The coverage of every portal, some on a page; as data, a row for each portal and year."""
    here = await holdings_of(datasette)
    wanted = format_of(request)
    if wanted == "csv":
        return as_csv((*_FACTS, "report_year", *_COUNTS), _rows(here))
    if wanted == "json":
        return as_json({"portals": list(_rows(here))})
    shown = part(request, PORTALS_ON_PAGE, len(here.portals))
    context = {
        "here": here,
        "part": shown,
        "address": lambda page: f"/portals?page={page}",
        "formats": ("json", "csv"),
    }
    context |= await _coverage(datasette, here, here.portals[max(shown.first - 1, 0) : shown.last], here.years)
    return await page(datasette, request, "portals", context)


def _rows(here: Holdings) -> Iterator[dict[str, Any]]:
    """Each portal and year that it has reports of; a portal without reports once, with none."""
    for portal in here.portals:
        facts = {name: portal[name] for name in _FACTS}
        for year, held in here.coverage.get(portal["name"], {None: Coverage(0, 0, 0, 0)}).items():
            yield facts | {"report_year": year} | {name: getattr(held, name) for name in _COUNTS}
