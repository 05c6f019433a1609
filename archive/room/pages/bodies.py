"""The list of public bodies: by name, place, level and kind, and by whether a report of theirs is here."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from archive.room import bodies as found
from archive.room import places
from archive.room.bodies import COLUMNS, Known, Wanted
from archive.room.database_access import query
from archive.room.rendering import as_csv, as_json, page
from archive.room.request_parameters import BadParameterError, format_of, given, page_number, part
from archive.vocabulary import BodyKind, Level

ROWS_ON_PAGE = 100


async def bodies(datasette: Any, request: Any) -> Any:
    """The bodies that meet what is chosen."""
    chosen = given(request, "q", "place", "level", "kind", "known")
    for name, known in (("level", set(Level)), ("kind", set(BodyKind)), ("known", set(Known))):
        if name in chosen and chosen[name] not in known:
            raise BadParameterError(name, chosen[name])
    place = None
    if "place" in chosen:
        place = await query(datasette, lambda db: places.place(db, chosen["place"]))
        if place is None or place.is_town:
            raise BadParameterError("place", chosen["place"])
    wanted = Wanted(*(chosen.get(name, "") for name in ("q", "place", "level", "kind", "known")))
    asked_format = format_of(request)
    asked_part = (0, None) if asked_format else ((page_number(request) - 1) * ROWS_ON_PAGE, ROWS_ON_PAGE)
    total, rows = await query(datasette, lambda db: found.bodies(db, wanted, *asked_part))
    if asked_format == "csv":
        return as_csv(COLUMNS, rows)
    if asked_format == "json":
        return as_json({"bodies": rows})
    shown = part(request, ROWS_ON_PAGE, total)

    def address(**changes: str) -> str:
        return "/bodies?" + urlencode(chosen | changes)

    context = {
        "wanted": wanted,
        "place": place,
        "rows": rows,
        "part": shown,
        "address": address,
        "levels": list(Level),
        "kinds": list(BodyKind),
        "ways": list(Known),
        "provinces": await query(datasette, places.provinces),
        "formats": ("json", "csv"),
    }
    return await page(datasette, request, "bodies", context)
