"""Ids of public bodies and of places that are the same in every archive, and the places themselves.

The id of a body is the code of its division and its name within it, written as `archive.agency_names` writes it:
`440113-财政局`. The id of a place is its code of GB/T 2260; a town or subdistrict has no code there and is named by its
county: `440113-大岗镇`. Bodies of another code or name are other bodies here, whatever became of them; `archive.successions`
links those that a document links.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from archive.agency_names import normalised_agency
from archive.divisions import every_division, leading_divisions
from archive.vocabulary import Level

_TOWN = re.compile(r"(.{1,12}?(?:街道|镇|乡|苏木))(?=人民政府|办事处)|(.{2,12}?(?:街道|镇|乡|苏木))(?![镇村])")
"""The town at the head of a body's name within its county: before its government or office, else where it ends."""
_WITHOUT_DIVISION = "none"
"""Stands for the code in the id of a body whose division is not known."""

Place = tuple[str, str, str, str | None, int, int | None]
"""Id, name, level, id of the place that it lies in, first and last year; the last is None while it is valid."""


@lru_cache(maxsize=4096)
def agency_id(name: str | None, code: str | None, year: int | None) -> str | None:
    """The id of a public body by its name as printed, the code of its division and the year; None without a name.

    >>> agency_id("广州市番禺区财政局", "440113", 2023)
    '440113-财政局'
    """
    if not name:
        return None
    whole = normalised_agency(name, code, year)
    return f"{code or _WITHOUT_DIVISION}-{_within_place(whole) if code else whole}"


@lru_cache(maxsize=4096)
def place_id(name: str | None, code: str | None, level: str | None, year: int | None) -> str | None:
    """The id of the place that a body is for: the code of its division, or its town's id; None where that is not known.

    >>> place_id("广州市番禺区大岗镇人民政府", "440113", "township", 2010)
    '440113-大岗镇'
    """
    if not code or not name or level != Level.TOWNSHIP:
        return code
    town = _TOWN.match(_within_place(normalised_agency(name, code, year)))
    return f"{code}-{town[1] or town[2]}" if town else code


def _within_place(whole: str) -> str:
    """A name without the divisions at its head; whole where nothing else is left."""
    return whole[len("".join(leading_divisions(whole))) :] or whole


def places() -> Iterator[Place]:
    """Every division of GB/T 2260, a row for each name that its code has had."""
    codes = {one.code for one in every_division()}
    for one in every_division():
        if one.code.endswith("0000"):
            level, parent = Level.PROVINCE, None
        elif one.code.endswith("00"):
            level, parent = Level.PREFECTURE, f"{one.code[:2]}0000"
        else:
            prefecture = f"{one.code[:4]}00"
            level, parent = Level.COUNTY, prefecture if prefecture in codes else f"{one.code[:2]}0000"
        yield one.code, one.name, str(level), parent, one.first, one.last
