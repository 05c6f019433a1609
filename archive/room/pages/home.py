"""The first page, and the coverage of every portal."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from archive.room import absences, holdings
from archive.room.asked_figures import ADDED_UP
from archive.room.database_access import cache, holdings_of, kept, query, walks_of
from archive.room.holdings import Holdings
from archive.room.pages import tile_map
from archive.room.rendering import Translator, language, page

PORTALS_ON_HOME = 24
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
    why = absences.Portals(await kept(datasette, "announced", absences.announced), await walks_of(datasette))
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


async def portals(datasette: Any, request: Any) -> Any:
    """The coverage of every portal."""
    here = await holdings_of(datasette)
    context = {"here": here} | await _coverage(datasette, here, here.portals, here.years)
    return await page(datasette, request, "portals", context)
