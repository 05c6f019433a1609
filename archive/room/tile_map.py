"""A map of tiles: one for each province, and for each prefecture with its counties, coloured by fifths of one level."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from archive.room import places
from archive.room.asked_figures import AskedFigure
from archive.sums import Sum, sums
from archive.vocabulary import Level

FIFTHS = 5
PITCH, TILE = 48, 45
"""From one tile to the next, and the side of a tile."""
_HEAD, _LINE = 26, 18

TILES: dict[str, tuple[str, int, int]] = {
    "230000": ("黑", 8, 0),
    "650000": ("新", 0, 1),
    "150000": ("蒙", 5, 1),
    "210000": ("辽", 7, 1),
    "220000": ("吉", 8, 1),
    "630000": ("青", 1, 2),
    "620000": ("甘", 2, 2),
    "640000": ("宁", 3, 2),
    "130000": ("冀", 5, 2),
    "110000": ("京", 6, 2),
    "120000": ("津", 7, 2),
    "540000": ("藏", 0, 3),
    "510000": ("川", 2, 3),
    "610000": ("陕", 3, 3),
    "140000": ("晋", 4, 3),
    "410000": ("豫", 5, 3),
    "370000": ("鲁", 6, 3),
    "530000": ("云", 2, 4),
    "500000": ("渝", 3, 4),
    "420000": ("鄂", 4, 4),
    "340000": ("皖", 5, 4),
    "320000": ("苏", 6, 4),
    "310000": ("沪", 7, 4),
    "520000": ("贵", 3, 5),
    "430000": ("湘", 4, 5),
    "360000": ("赣", 5, 5),
    "330000": ("浙", 6, 5),
    "450000": ("桂", 3, 6),
    "440000": ("粤", 4, 6),
    "350000": ("闽", 5, 6),
    "710000": ("台", 7, 6),
    "460000": ("琼", 3, 7),
    "820000": ("澳", 4, 7),
    "810000": ("港", 5, 7),
}
"""Code → short name, column and row."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A place on the map."""

    id: str
    name: str
    value: float | None
    fifth: int | None
    """From 0, the lowest, to 4; None without a value."""
    total: Sum | None


@dataclass(frozen=True, slots=True)
class Row:
    """A prefecture and its counties; without a prefecture, the counties right below a province."""

    prefecture: Tile | None
    counties: list[Tile]


def _places_of(codes: Iterable[str]) -> dict[str, tuple[str, int, int]]:
    """Where the tiles of these provinces are; one that China does not have, such as the demo's, stands in a corner."""
    own = [code for code in codes if code not in TILES]
    return TILES | {code: ("", column, 0) for column, code in enumerate(own)}


def of_provinces(db: sqlite3.Connection, figure: AskedFigure, year: int) -> list[Tile]:
    """Every province, by code."""
    return _tiles(places.provinces(db), figure, _totals(db, year, Level.PROVINCE))


def of_province(db: sqlite3.Connection, figure: AskedFigure, year: int, place_id: str) -> list[Row]:
    """The prefectures of a province or the counties of a prefecture, each with what lies in it."""
    inside = [one for one in places.below(db, place_id) if not one["last_year"]]
    prefectures = [(one["id"], one["name"]) for one in inside if one["level"] == Level.PREFECTURE]
    own = [(one["id"], one["name"]) for one in inside if one["level"] == Level.COUNTY]
    of_each = {
        code: [(one["id"], one["name"]) for one in places.below(db, code) if not one["last_year"]]
        for code, _ in prefectures
    }
    every = [county for counties in (own, *of_each.values()) for county in counties]
    counties = {tile.id: tile for tile in _tiles(every, figure, _totals(db, year, Level.COUNTY, place_id))}
    rows = [
        Row(tile, [counties[code] for code, _ in of_each[tile.id]])
        for tile in _tiles(prefectures, figure, _totals(db, year, Level.PREFECTURE, place_id))
    ]
    return [*rows, Row(None, [counties[code] for code, _ in own])] if own else rows


def _totals(db: sqlite3.Connection, year: int, by: Level, place: str | None = None) -> dict[str | None, Sum]:
    return {total.place: total for total in sums(db, year=year, by=by, place=place)}


def _tiles(named: Iterable[tuple[str, str]], figure: AskedFigure, totals: Mapping[str | None, Sum]) -> list[Tile]:
    named = list(named)
    values = {code: figure.of(totals[code]) if code in totals else None for code, _ in named}
    known = sorted(value for value in values.values() if value is not None)
    return [
        Tile(code, name, value := values[code], None if value is None else _fifth(value, known), totals.get(code))
        for code, name in named
    ]


def _fifth(value: float, known: Sequence[float]) -> int:
    """In which fifth of the values it is; equal values are in one."""
    return sum(one < value for one in known) * FIFTHS // len(known)


def ranges(tiles: Iterable[Tile]) -> list[tuple[int, float, float]]:
    """Fifth, lowest and highest value of those that occur."""
    found: dict[int, list[float]] = {}
    for tile in tiles:
        if tile.fifth is not None and tile.value is not None:
            found.setdefault(tile.fifth, []).append(tile.value)
    return [(fifth, min(values), max(values)) for fifth, values in sorted(found.items())]


def short(value: float, *, share: bool, chinese: bool) -> str:
    """A value of a few characters: 38%, 512, 1.2万 or 12k."""
    if share:
        return f"{value * 100:.0f}%"
    if abs(value) < 10_000:
        return f"{value:,.0f}"
    unit, sign = (10_000, "万") if chinese else (1_000, "k")
    return f"{value / unit:.{1 if value < 10 * unit else 0}f}{sign}"


def drawn(title: str, tiles: Sequence[Tile], words: Mapping[str, tuple[str, str, str]], sources: Sequence[str]) -> str:
    """The provinces as SVG; `words` is code → (address, what is said of it, its short value)."""
    columns = max(column for _, column, _ in TILES.values()) + 1
    lines = max(row for _, _, row in TILES.values()) + 1
    width, height = columns * PITCH, _HEAD + lines * PITCH + _LINE * len(sources) + 6
    parts = [f'<text class="head" x="0" y="15">{escape(title)}</text>']
    places_of = _places_of(tile.id for tile in tiles)
    for tile in tiles:
        name, column, row = places_of[tile.id]
        name = name or tile.name[:1]
        x, y = column * PITCH, _HEAD + row * PITCH
        address, said, value = words[tile.id]
        style = "absent" if tile.fifth is None else f"q{tile.fifth}"
        ink = "on-none" if tile.fifth is None else f"on-q{tile.fifth}"
        parts.append(
            f'<a href="{escape(address)}" aria-label="{escape(said)}"><title>{escape(said)}</title>'
            f'<rect class="{style}" x="{x + 0.5}" y="{y + 0.5}" width="{TILE - 1}" height="{TILE - 1}" rx="3"/>'
            f'<text class="name {ink}" x="{x + 7}" y="{y + 19}">{name}</text>'
            f'<text class="value {ink}" x="{x + TILE - 5}" y="{y + 37}">{escape(value)}</text></a>'
        )
    parts += [
        f'<text class="source" x="0" y="{_HEAD + lines * PITCH + _LINE * number + 14}">{escape(line)}</text>'
        for number, line in enumerate(sources)
    ]
    return f'<svg class="tiles" viewBox="0 0 {width} {height}" role="group" aria-label="{escape(title)}">{"".join(parts)}</svg>'
