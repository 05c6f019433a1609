"""Public bodies that a portal lists: in titles of entries that gave no report, and in the portal's own name.

Where such a body has no report at all, it still counts among the known ones: definitions.sql, known_bodies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from archive.reports import Reports


class ListedBody(NamedTuple):
    """A body by the name that a listing gives it, as a report of that name would have it."""

    agency_id: str
    name: str
    place_id: str
    division_code: str
    level: str
    body_kind: str
    """Empty, like the others but the first two, where it is not known."""
    years: str = ""
    """Those of which the listing announces a report that is not here, in order, by commas."""


BodyNamed = Callable[[str, str | None], ListedBody | None]
"""By the title of an entry or of a portal, and the portal's code of GB/T 2260; None for what names no body for certain."""

_OF_PORTAL = f"SELECT {', '.join(ListedBody._fields)} FROM listed_bodies WHERE portal = ?"  # noqa: S608 - our names
_INSERT = "INSERT OR REPLACE INTO listed_bodies VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_DELETE = "DELETE FROM listed_bodies WHERE portal = ? AND agency_id = ?"


def put_listed_bodies(reports: Reports, portal: str, bodies: Iterable[ListedBody]) -> None:
    """Make these the bodies that a portal lists; what is there already is not written again. The caller commits."""
    wanted: dict[str, ListedBody] = {}
    for body in bodies:
        known = wanted.get(body.agency_id, body)
        years = {*known.years.split(","), *body.years.split(",")} - {""}
        wanted[body.agency_id] = min(body, known)._replace(years=",".join(sorted(years)))
    connection = reports.db.conn
    stored = {body.agency_id: body for body in (ListedBody(*row) for row in connection.execute(_OF_PORTAL, (portal,)))}
    connection.executemany(_DELETE, [(portal, agency_id) for agency_id in stored.keys() - wanted.keys()])
    connection.executemany(
        _INSERT, [(portal, *body) for agency_id, body in sorted(wanted.items()) if stored.get(agency_id) != body]
    )
