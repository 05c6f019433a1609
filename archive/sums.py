"""Figures added up over places, levels and kinds of bodies, each application once: what definitions.sql says, asked for.

    >>> sums(reports.db.conn, place="440113", year=2023)[0].value("applications")  # doctest: +SKIP
    1062

A sum has parts by scope. Those that are counted do not overlap; those within a report on a whole area, and those that
stand apart because nothing says whose figures they are, come beside it with their numbers and are never added.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from archive.definitions import SUMMED_RATES, VIEWS
from archive.divisions import significant_digits
from archive.figures import KEY_FIGURES, TABLE_OF
from archive.vocabulary import BodyKind, Counting, Form, Level, ReportScope

_RANKS = (Level.NATIONAL, Level.PROVINCE, Level.PREFECTURE, Level.COUNTY)


@dataclass(frozen=True, slots=True)
class Part:
    """The reports of one scope in a sum."""

    scope: ReportScope
    counting: Counting
    reports: int
    verified: dict[int, int]
    """National table → reports whose table is verified."""
    values: dict[str, int | None]
    """Key figure → its sum; None where no report states it."""
    stated: dict[str, int]
    """Key figure → reports that state it; rate → those that state all that it is made of."""


@dataclass(slots=True)
class Sum:
    """A year of a place, or of the whole country."""

    year: int | None
    """None: reports whose year is not known, which stand apart."""
    place: str | None
    """Code of the place; None for the country, and for reports whose place is not known."""
    new_form: Form | None
    """The national form that began in this year: earlier figures were counted by other rows."""
    known: int
    """Bodies here of the level and kind that were asked for that were met in any year, or are listed by a portal."""
    listed_only: int
    """Those of them that were never met."""
    in_hand: int
    """Those that have a report of this year."""
    parts: list[Part] = field(default_factory=list)

    @property
    def coverage(self) -> float | None:
        """Bodies with a report of this year among those that are known; None where none is, or the year is not known."""
        return self.in_hand / self.known if self.known and self.year is not None else None

    def value(self, figure: str) -> int | None:
        """The sum of a key figure over what is counted; None where no report states it."""
        values = [value for part in self.counted if (value := part.values[figure]) is not None]
        return sum(values) if values else None

    def stated(self, figure: str) -> int:
        """How many of the reports that are counted state the figure, or all that a rate is made of."""
        return sum(part.stated[figure] for part in self.counted)

    def verified(self, figure: str) -> int:
        """How many of the reports that are counted have a verified table of this figure."""
        return sum(part.verified[TABLE_OF[figure]] for part in self.counted)

    def reports(self, counting: Counting = Counting.COUNTED) -> int:
        """How many reports are counted, within others, or apart."""
        return sum(part.reports for part in self.parts if part.counting is counting)

    @property
    def counted(self) -> list[Part]:
        """The parts that are added up: at most reports on whole areas, and those of bodies in other places."""
        return [part for part in self.parts if part.counting is Counting.COUNTED]


def sums(
    db: sqlite3.Connection,
    *,
    place: str | None = None,
    year: int | None = None,
    level: Level | None = None,
    kind: BodyKind | None = None,
    by: Level | None = None,
) -> list[Sum]:
    """Sums by year, the newest first, over a place with all below it or over the country.

    `level` and `kind` ask for bodies of that level or kind alone. With a kind other than governments only what the
    bodies report of themselves is counted. `by` gives a sum for each province, prefecture or county of the place, or for
    each town of a county; a town is also a place.
    """
    if by is Level.TOWNSHIP or (place and _TOWN_SIGN in place):
        return _sums_of_towns(db, place, year)
    where, values = _chosen(place, level, kind, by)
    group = _group(by, place)
    known = _known(db, _KNOWN, where, values, group, place)
    further = _further(db, where, values, group, place)
    sql = _sql(where, group, _counting(place, level, kind, by), year)
    return list(_gathered(db.execute(sql, values | {"year": year, "place": place}), known, further).values())


def known_bodies(
    db: sqlite3.Connection, *, place: str | None = None, by: Level | None = None
) -> dict[str | None, Known]:
    """Place → how many bodies of it are known, whether a report of theirs is here or not; `place` and `by` as in `sums`."""
    if by is Level.TOWNSHIP or (place and _TOWN_SIGN in place):
        return _known_of_towns(db, place)
    where, values = _chosen(place, None, None, by)
    return _known(db, _KNOWN, where, values, _group(by, place), place)


def added(totals: Sequence[Sum]) -> Sum:
    """The sum of places of one year that do not overlap, such as the towns of a county."""
    return Sum(
        year=totals[0].year,
        place=None,
        new_form=totals[0].new_form,
        known=sum(one.known for one in totals),
        listed_only=sum(one.listed_only for one in totals),
        in_hand=sum(one.in_hand for one in totals),
        parts=[part for one in totals for part in one.parts],
    )


@dataclass(frozen=True, slots=True)
class Country:
    """The sums of all years over the country: of everything, of each level and of each kind, as `sums` gives each."""

    totals: list[Sum]
    levels: dict[tuple[int | None, str], Sum]
    """Year and level → its sum."""
    kinds: dict[tuple[int | None, str], Sum]


def sums_of_country(db: sqlite3.Connection) -> Country:
    """All that a page of the country shows of every year, in one pass."""
    rules = {
        "''": _counting(None, None, None, None),
        "level": _case("level", {str(one): _counting(None, one, None, None) for one in Level}),
        "body_kind": _case("body_kind", {str(one): _counting(None, None, one, None) for one in BodyKind}),
    }
    added = ", ".join(f"SUM({name})" for name in _ADDED)
    rows = db.execute(
        f"""SELECT report_year, new_form, report_scope, level, body_kind, {", ".join(rules.values())}, {added}
        FROM sums GROUP BY 1, 3, 4, 5, 6, 7, 8"""  # noqa: S608 - our own names
    ).fetchall()
    found = [
        _gathered(
            _added_up(rows, at),
            _known(db, _KNOWN_OF_EACH.get(column, _KNOWN), "TRUE", {}, column, None),
            _further(db, "TRUE", {}, column, None),
        )
        for at, column in enumerate(rules)
    ]
    levels, kinds = (
        {(year, group): replace(one, place=None) for (year, group), one in of.items() if group} for of in found[1:]
    )
    return Country(list(found[0].values()), levels, kinds)


def _case(column: str, rules: dict[str, str]) -> str:
    cases = " ".join(f"WHEN '{one}' THEN {rule}" for one, rule in rules.items())
    return f"CASE {column} {cases} END"


def _added_up(rows: Iterable[tuple[Any, ...]], at: int) -> list[tuple[Any, ...]]:
    """The rows of all, by level or by kind, with that way of counting, added up: as the columns of a sum."""
    parts: dict[tuple[Any, ...], list[Any]] = {}
    for year, form, scope, *row in rows:
        key = (year, "" if at == 0 else row[at - 1], form, scope, row[2 + at])
        if key[1] is None or key[-1] is None:
            continue
        numbers = row[5:]
        before = parts.get(key)
        parts[key] = (
            [b if a is None else a if b is None else a + b for a, b in zip(before, numbers, strict=True)]
            if before
            else numbers
        )
    order = sorted(parts, key=lambda key: (-(key[0] or 0), key[1], key[4], key[3] or ""))
    return [(*key, *parts[key]) for key in order]


Key = tuple[int | None, str | None]
"""Year and group of a sum."""


class Known(NamedTuple):
    """How many bodies are known, and how many of them were never met."""

    bodies: int = 0
    listed_only: int = 0


def _gathered(
    rows: Iterable[tuple[Any, ...]], known: Mapping[str | None, Known], further: Mapping[Key, int]
) -> dict[Key, Sum]:
    groups: dict[Key, Sum] = {}
    for row in rows:
        one = dict(zip(_COLUMNS, row, strict=True))
        at = one["place"] or None
        key = (one["report_year"] or None, at)
        if key not in groups:
            form = Form(one["new_form"]) if one["new_form"] else None
            groups[key] = Sum(*key, form, *known.get(at, Known()), -further.get(key, 0))
        groups[key].parts.append(part := _part(one))
        groups[key].in_hand += part.reports
    return groups


# Asking

STATED = (*KEY_FIGURES, *SUMMED_RATES)
"""Figures, and rates, of which a sum says how many reports state all that they are made of."""
_ADDED = ("reports", "verified_three", "verified_four", *KEY_FIGURES, *(f"with_{name}" for name in STATED))
_COLUMNS = ("report_year", "place", "new_form", "report_scope", "counting", *_ADDED)


def _chosen(
    place: str | None, level: Level | None, kind: BodyKind | None, by: Level | None
) -> tuple[str, dict[str, Any]]:
    """The rows that are asked for, of `sums` and of `agencies_met` alike, as a condition and its values."""
    conditions, values = ["TRUE"], dict[str, Any]()
    if place is not None:
        digits = significant_digits(place)
        conditions.append("division_code >= :first AND division_code < :beyond")
        values |= {"first": digits, "beyond": digits + ":"}  # a colon comes after all digits
    for name, value in (("level", level), ("body_kind", kind)):
        if value is not None:
            conditions.append(f"{name} = :{name}")
            values[name] = str(value)
    if by is not None:
        conditions.append(_IS_GROUP[by])
    return " AND ".join(conditions), values


_GROUPS = {
    Level.PROVINCE: "substr(division_code, 1, 2) || '0000'",
    Level.PREFECTURE: "substr(division_code, 1, 4) || '00'",
    Level.COUNTY: "division_code",
}
_IS_GROUP = {
    Level.PROVINCE: "division_code <> ''",
    Level.PREFECTURE: f"{_GROUPS[Level.PREFECTURE]} IN (SELECT id FROM places WHERE level = '{Level.PREFECTURE}')",  # noqa: S608 - a constant
    Level.COUNTY: "substr(division_code, 5) NOT IN ('', '00')",
}
"""Which divisions lie in a group: a province's own bodies in no prefecture."""


def _group(by: Level | None, place: str | None) -> str:
    """The place of a sum, as SQL."""
    return _GROUPS[by] if by else ":place" if place else "''"


def _sql(where: str, group: str, counting: str, year: int | None, view: str = "sums") -> str:
    of_year = "report_year = :year AND " if year is not None else ""
    added = ", ".join(f"SUM({name})" for name in _ADDED)
    return f"""SELECT report_year, {group}, new_form, report_scope, {counting}, {added}
    FROM {view} WHERE {of_year}{where}
    GROUP BY 1, 2, 4, 5 ORDER BY report_year DESC, 2, 5, 4"""  # noqa: S608 - our own names


def _counting(place: str | None, level: Level | None, kind: BodyKind | None, by: Level | None) -> str:
    """The rule of definitions.sql for the place, level and kind that are asked for, as SQL."""
    if kind not in (None, BodyKind.GOVERNMENT):
        return (
            f"COALESCE(set_aside, CASE WHEN report_scope = '{ReportScope.BODY_ONLY}'"
            f" THEN '{Counting.COUNTED}' ELSE '{Counting.APART}' END)"
        )
    rank = by or (_rank(place) if place else Level.NATIONAL)
    within = ["within_place"] if level is not Level.TOWNSHIP else []
    if level is None and rank is not Level.COUNTY:
        within.append("within_prefecture")
        if rank is not Level.PREFECTURE:
            within.append("within_province")
    return (
        f"COALESCE(set_aside, CASE WHEN {' OR '.join(within) or 'FALSE'}"
        f" THEN '{Counting.WITHIN}' ELSE '{Counting.COUNTED}' END)"
    )


def _rank(place: str) -> Level:
    return _RANKS[len(significant_digits(place)) // 2]


_KNOWN = "SELECT DISTINCT division_code, agency_id, is_listed_only FROM known_bodies"
_KNOWN_OF_EACH = {
    column: f"SELECT DISTINCT {column}, division_code, agency_id, is_listed_only FROM known_bodies"  # noqa: S608 - our own names
    for column in ("level", "body_kind")
}


def _known(
    db: sqlite3.Connection, bodies: str, where: str, values: dict[str, Any], group: str, place: str | None
) -> dict[str | None, Known]:
    """Group → how many bodies are known there."""
    sql = f"SELECT {group}, COUNT(*), SUM(is_listed_only) FROM ({bodies} WHERE {where}) GROUP BY 1"  # noqa: S608 - our own names
    return {at or None: Known(*numbers) for at, *numbers in db.execute(sql, values | {"place": place})}


def _further(
    db: sqlite3.Connection, where: str, values: dict[str, Any], group: str, place: str | None
) -> dict[Key, int]:
    """(Year, group) → how many more reports there are than bodies in hand."""
    sql = f"SELECT report_year, {group}, SUM(bodies) FROM further_reports WHERE {where} GROUP BY 1, 2"  # noqa: S608 - our own names
    return {(year or None, at or None): number for year, at, number in db.execute(sql, values | {"place": place})}


# Towns

_TOWN_SIGN = "-"
"""Stands between the code of a county and the name of a town in its id."""
_IS_TOWN = "place_id GLOB '??????-*'"
"""In the view `town_sums`; in its place stand the towns that are asked for, which SQLite does not look for in all that is added up."""
_ONE_TOWN = "place_id = :place"
_TOWNS = f"place_id > :place || '{_TOWN_SIGN}' AND place_id < :place || '.'"  # a full stop comes right after a hyphen
_TOWN_BODIES = """SELECT report_year, place_id, COUNT(DISTINCT agency_id) FROM figures
WHERE {where} AND same_as IS NULL GROUP BY 1, 2"""
_TOWNS_KNOWN = """SELECT place_id, COUNT(DISTINCT agency_id), COUNT(DISTINCT agency_id) FILTER (WHERE is_listed_only)
FROM known_town_bodies WHERE {where} GROUP BY 1"""


def _sums_of_towns(db: sqlite3.Connection, place: str | None, year: int | None) -> list[Sum]:
    """The sums of one town, or of each of a county's."""
    where, values = _towns(place), {"place": place, "year": year}
    of_towns = VIEWS["town_sums"].replace(_IS_TOWN, where) if place else "SELECT * FROM town_sums"
    rows = db.execute(_sql(where, "place_id", "counting", year, f"({of_towns})"), values)
    found = list(_gathered(rows, _known_of_towns(db, place), {}).values())
    in_hand = {(at or None, town): number for at, town, number in db.execute(_TOWN_BODIES.format(where=where), values)}
    for one in found:
        one.in_hand = in_hand[one.year, one.place]
    return found


def _known_of_towns(db: sqlite3.Connection, place: str | None) -> dict[str | None, Known]:
    rows = db.execute(_TOWNS_KNOWN.format(where=_towns(place)), {"place": place})
    return {town: Known(*numbers) for town, *numbers in rows}


def _towns(place: str | None) -> str:
    """Which towns are asked for, as a condition."""
    if place is None:
        return "TRUE"
    return _ONE_TOWN if _TOWN_SIGN in place else _TOWNS


def _part(row: dict[str, Any]) -> Part:
    return Part(
        scope=ReportScope(row["report_scope"] or ReportScope.UNKNOWN),
        counting=Counting(row["counting"]),
        reports=row["reports"],
        verified={3: row["verified_three"], 4: row["verified_four"]},
        values={name: row[name] for name in KEY_FIGURES},
        stated={name: row[f"with_{name}"] for name in STATED},
    )
