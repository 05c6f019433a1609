"""Places as people type them: by name with or without 省 and 市, by code, and with the places that they lie in.

"番禺", "番禺區", "番禺区政府", "广东 番禺", "广州番禺区" and "440113" are all one place. Names that a code once had find it, too.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from archive.divisions import significant_digits
from archive.room.search_terms import Query, Term, fold
from archive.vocabulary import Level

LEAST, LEAST_DIGITS = 2, 4
"""Characters that a part of a name has at least (fewer must be the whole of it), and digits of a code without its zeros."""
_KIND = re.compile(r"(?<=..)(?:特别行政区|自治[区州县旗]|地区|新区|林区|街道|省|市|区|县|州|旗|盟|镇|乡)$")
_PEOPLE = re.compile(r"(?<=..)(?:壮族|回族|维吾尔|土家族苗族|藏族羌族|藏族|彝族|苗族侗族|布依族苗族|朝鲜族|蒙古族?)$")
_LEVELS = tuple(Level)
_PLACES = "SELECT id, name, level, parent, last_year FROM places ORDER BY id, first_year"
_REPORTS = """
SELECT place_id, COUNT(*), MIN(report_year), MAX(report_year)
FROM figures INDEXED BY figures_places WHERE place_id IS NOT NULL AND same_as IS NULL GROUP BY place_id
"""


@dataclass(slots=True)
class PlaceFound:
    """A place, and how much of it the archive has: its own bodies' reports with those of all places in it."""

    id: str
    name: str
    level: Level
    above: tuple[str, ...]
    """Names of the places that it lies in, the largest first."""
    reports: int = 0
    first_year: int | None = None
    last_year: int | None = None
    is_past: bool = False
    """Whether the code is no longer valid."""


def spellings(name: str) -> tuple[str, ...]:
    """A name as it is and without what kind of place it is, folded: 广西壮族自治区, 广西壮族, 广西."""
    full = fold(name)
    shorter = _KIND.sub("", full)
    return tuple(dict.fromkeys((full, shorter, _PEOPLE.sub("", shorter))))


def _without_government(typed: str) -> str:
    short = typed.removesuffix("政府")
    return short.removesuffix("人民") if short != typed else typed


class PlaceNames:
    """Every division of GB/T 2260 and every town that was met."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self.found: dict[str, PlaceFound] = {}
        self.parents: dict[str, str | None] = {}
        self.full: dict[str, str] = {}
        """Place → its names, folded, a blank between them."""
        self.ids: dict[str, set[str]] = {}
        """A spelling or a code → the places."""
        for place_id, name, level, parent, last_year in db.execute(_PLACES):
            self._add(PlaceFound(place_id, name, Level(level), (), is_past=last_year is not None), parent)
            for code in (place_id, significant_digits(place_id)):
                if len(code) >= LEAST_DIGITS:
                    self.ids.setdefault(code, set()).add(place_id)
        for place_id, number, first, last in db.execute(_REPORTS).fetchall():
            self._count(place_id, number, first, last)
        for one in self.found.values():
            one.above = tuple(self.found[above].name for above in reversed(self.above(one.id)))

    def _add(self, place: PlaceFound, parent: str | None) -> None:
        self.found[place.id], self.parents[place.id] = place, parent
        forms = spellings(place.name)
        self.full[place.id] = f"{self.full.get(place.id, '')} {forms[0]}"
        for form in forms:
            self.ids.setdefault(form, set()).add(place.id)

    def _count(self, place_id: str, number: int, first: int | None, last: int | None) -> None:
        county, _, town = place_id.partition("-")
        if county not in self.found:
            return
        if town:
            self._add(PlaceFound(place_id, town, Level.TOWNSHIP, ()), county)
        for one in (self.found[at] for at in (place_id, *self.above(place_id))):
            one.reports += number
            one.first_year = min(filter(None, (one.first_year, first)), default=None)
            one.last_year = max(filter(None, (one.last_year, last)), default=None)

    def above(self, place_id: str) -> list[str]:
        """The places that it lies in, the nearest first."""
        found, at = [], self.parents.get(place_id)
        while at in self.found:
            found.append(at)
            at = self.parents.get(at)
        return found

    def of(self, query: Query) -> Named:
        """What the words of a query name."""
        words = (*query.terms, *query.without)
        return Named(self, {term: self._of_word(_without_government(term.folded)) for term in words})

    def _of_word(self, typed: str) -> set[str]:
        """Places whose code it is, whose name it is part of, or their name after those of places that they lie in."""
        found = set(self.ids.get(typed, ()))
        if typed.isdecimal() or not typed:
            return found
        if len(typed) >= LEAST:
            found.update(place_id for place_id, names in self.full.items() if typed in names)
        for start in range(1, len(typed)):
            for place_id in self.ids.get(typed[start:], ()):
                if self._leads(typed[:start], self.above(place_id)):
                    found.add(place_id)
        return found

    def _leads(self, typed: str, above: Sequence[str]) -> bool:
        """Whether it is made of names of these places, the nearest last; some may be left out."""
        for start in range(len(typed)):
            named = self.ids.get(typed[start:], ())
            for at, place_id in enumerate(above):
                if place_id in named and (not start or self._leads(typed[:start], above[at + 1 :])):
                    return True
        return False


@dataclass(frozen=True, slots=True)
class Named:
    """Word of a query → the places that it names."""

    names: PlaceNames
    places: Mapping[Term, set[str]]

    def lies_in(self, place_id: str, term: Term) -> bool:
        """Whether a word names the place or one that it lies in."""
        named = self.places[term]
        return bool(named) and (place_id in named or any(at in named for at in self.names.above(place_id)))

    def holds(self, place_id: str, term: Term) -> bool:
        """Whether a word names a place that a body lies in; the government of a place is a body beside its others."""
        return not term.folded.endswith("政府") and self.lies_in(place_id, term)

    def found(self, query: Query) -> list[PlaceFound]:
        """The places that a query names: exactly so named first, then the larger and those with more reports.

        Each of its words names the place or one that it lies in, and one names the place itself.
        """
        named = set[str]().union(*(self.places[term] for term in query.terms))
        exact = set[str]().union(*(self.names.ids.get(_without_government(term.folded), ()) for term in query.terms))
        found = [
            self.names.found[place_id]
            for place_id in named
            if all(any(self.lies_in(place_id, term) for term in group) for group in query.groups)
            and not any(self.lies_in(place_id, term) for term in query.without)
        ]
        return sorted(
            found, key=lambda one: (one.id not in exact, one.is_past, _LEVELS.index(one.level), -one.reports, one.id)
        )
