"""The first page, and the coverage of every portal."""

from __future__ import annotations

from typing import Any

from archive.room import holdings
from archive.room.database_access import cache, holdings_of, query
from archive.room.rendering import page

PORTALS_ON_HOME = 24
YEARS_ON_HOME = 18
"""The first page shows the coverage of so many portals and of the last years; the page of portals has all."""


async def home(datasette: Any, request: Any) -> Any:
    """What is here, on one screen."""
    here = await holdings_of(datasette)
    context = {
        "here": here,
        "unwell": await _unwell(datasette),
        "portals": here.portals[:PORTALS_ON_HOME],
        "years": here.years[-YEARS_ON_HOME:],
    }
    return await page(datasette, request, "home", context)


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
    return await page(datasette, request, "portals", {"here": here, "portals": here.portals, "years": here.years})
