"""Charts as SVG, drawn on the server; colours and fonts come from the page's style sheet, or from `chart_images`.

Each carries its title, unit, legend and source, so that it can be copied without its page. Every text in it is ours or
escaped, and its page has the same numbers in a table.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10
from unicodedata import east_asian_width

WIDTH, HEIGHT = 420, 230
LEFT, RIGHT, TOP, BOTTOM = 56, 14, 14, 30
TITLE_SIZE, WORD_SIZE = 15, 13
_LINE = 18
"""Height of a line of words above or below a chart."""
_PIECES = re.compile(r"[!-~]+\s*|.\s*")
"""What a line may not part: a word, or another character with the blank behind it."""
_NARROW = 0.56
"""Width of a letter or digit, where a Han character is one."""


@dataclass(frozen=True, slots=True)
class Words:
    """What stands in a chart that is copied without its page."""

    unit: str
    sources: Sequence[str]
    """Whose reports they are, how many and of how many bodies: a line each, longer ones in several."""


def lines(
    title: str,
    years: Sequence[int],
    series: Mapping[str, Mapping[int, tuple[float, bool]]],
    *,
    share: bool = False,
    breaks: Mapping[int, str] | None = None,
    words: Words | None = None,
) -> str:
    """Lines over years; `series` is name → year → (value, whether it is verified). A mark that is not verified is hollow.

    Consecutive years are joined, but not over a break: year → why it cannot be compared with the year before. A year
    without a value is a gap.
    """
    values = [value for points in series.values() for value, _ in points.values()]
    low, high, step = _scale(values)
    parts = _axes(years, low, high, step, share=share)
    breaks = {year: why for year, why in (breaks or {}).items() if year in years and year - 1 in years}
    parts += _breaks(years, breaks)
    for number, (name, points) in enumerate(series.items()):
        for year in years:
            if year in points and year + 1 in points and year + 1 not in breaks:
                (a, _), (b, _) = points[year], points[year + 1]
                parts.append(
                    f'<line class="s{number} stroke" x1="{_x(years, year):.1f}" y1="{_y(a, low, high):.1f}"'
                    f' x2="{_x(years, year + 1):.1f}" y2="{_y(b, low, high):.1f}"/>'
                )
        for year, (value, is_verified) in sorted(points.items()):
            said = f"{name} {year}: {_number(value, share=share)}" + ("" if is_verified else " ?")
            parts.append(
                f'<circle class="s{number} {"full" if is_verified else "hollow"}" stroke-width="2" cx="{_x(years, year):.1f}"'
                f' cy="{_y(value, low, high):.1f}" r="4"><title>{escape(said)}</title></circle>'
            )
    return _svg(title, parts, words, list(series) if len(series) > 1 else ())


def stacked(
    title: str,
    years: Sequence[int],
    parts_of: Mapping[int, tuple[Mapping[str, float], bool]],
    *,
    breaks: Mapping[int, str] | None = None,
    words: Words | None = None,
) -> str:
    """A bar for each year, filled by shares; hatched if the figures are not verified, absent in a gap.

    `parts_of` is year → (name → value, whether they are verified).
    """
    drawn = _axes(years, 0, 1, 0.25, share=True)
    width = min(34.0, (WIDTH - LEFT - RIGHT) / max(1, len(years)) * 0.7)
    names: dict[str, int] = {}
    for year in years:
        shares, is_verified = parts_of.get(year, ({}, True))
        whole = sum(shares.values())
        start = 0.0
        for name, value in shares.items():
            number = names.setdefault(name, len(names))
            if whole <= 0 or value <= 0:
                continue
            share = value / whole
            top, bottom = _y(start + share, 0, 1), _y(start, 0, 1)
            start += share
            drawn.append(
                f'<rect class="s{number} bar" x="{_x(years, year) - width / 2:.1f}" y="{top:.1f}" width="{width:.1f}"'
                f' height="{bottom - top:.1f}"><title>{escape(f"{name} {year}: {value:g} ({share:.0%})")}</title></rect>'
            )
        if whole > 0 and not is_verified:
            drawn.append(
                f'<rect class="unverified" fill="url(#hatch)" x="{_x(years, year) - width / 2:.1f}" y="{_y(1, 0, 1):.1f}"'
                f' width="{width:.1f}" height="{_y(0, 0, 1) - _y(1, 0, 1):.1f}"/>'
            )
    hatch = (
        '<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        '<line class="hatching" x1="0" y1="0" x2="0" y2="6"/></pattern></defs>'
    )
    return _svg(title, [hatch, *_breaks(years, breaks or {}), *drawn], words, list(names))


def deadlines(
    title: str, years: Sequence[int], days: Mapping[int, Sequence[tuple[int, str]]], *, words: Words | None = None
) -> str:
    """A dot for each report: how many days after (above) or before (below) the deadline it was published.

    `days` is year → (days, the report in words) for each report; at most 60 a year are drawn.
    """
    low, high, step = _scale([0, *(day for found in days.values() for day, _ in found)])
    parts = _axes(years, low, high, step, share=False)
    parts.append(
        f'<line class="deadline" x1="{LEFT}" y1="{_y(0, low, high):.1f}" x2="{WIDTH - RIGHT}" y2="{_y(0, low, high):.1f}"/>'
    )
    for year, found in days.items():
        for day, said in found[:60]:
            parts.append(
                f'<circle class="{"late" if day > 0 else "ontime"}" cx="{_x(years, year):.1f}" cy="{_y(day, low, high):.1f}"'
                f' r="4" stroke-width="2"><title>{escape(said)}</title></circle>'
            )
    return _svg(title, parts, words)


def _breaks(years: Sequence[int], breaks: Mapping[int, str]) -> list[str]:
    """A dashed line before each year that cannot be compared with the year before."""
    found = []
    for year, why in breaks.items():
        if year in years and year - 1 in years:
            x = (_x(years, year) + _x(years, year - 1)) / 2
            found.append(
                f'<line class="break" x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{HEIGHT - BOTTOM}"><title>{escape(why)}</title></line>'
            )
    return found


def _svg(title: str, parts: Sequence[str], words: Words | None = None, legend: Sequence[str] = ()) -> str:
    height, drawn = float(HEIGHT), "".join(parts)
    if words:
        heads = wrapped(title, WIDTH / TITLE_SIZE)
        above = _LINE * (len(heads) + 1) + 4
        head = _lines("head", heads, 14) + _lines("unit", [words.unit], _LINE * len(heads) + 14)
        keys, at = _legend(legend, above + HEIGHT)
        feet = [line for source in words.sources for line in wrapped(source, WIDTH / WORD_SIZE)]
        height = at + _LINE * len(feet) + 4
        drawn = f'{head}<g transform="translate(0 {above})">{drawn}</g>{keys}{_lines("source", feet, at + 13)}'
    return (
        f'<svg class="chart" viewBox="0 0 {WIDTH} {height:g}" role="img" aria-label="{escape(title)}">'
        f"<title>{escape(title)}</title>{drawn}</svg>"
    )


def _lines(style: str, lines: Sequence[str], y: float) -> str:
    return "".join(
        f'<text class="{style}" x="0" y="{y + _LINE * number:g}">{escape(line)}</text>'
        for number, line in enumerate(lines)
    )


def _legend(names: Sequence[str], top: float) -> tuple[str, float]:
    """A square of its colour and the name of each series, and where what is below begins."""
    if not names:
        return "", top
    parts, x, y = [], 0.0, top + 12
    for number, name in enumerate(names):
        text = name if _width(name) <= 28 else f"{name[:24]}…"
        width = 16 + _width(text) * WORD_SIZE + 12
        if x and x + width > WIDTH:
            x, y = 0.0, y + _LINE
        parts.append(f'<rect class="s{number} bar" x="{x:.1f}" y="{y - 9:.1f}" width="10" height="10"/>')
        parts.append(f'<text class="source" x="{x + 15:.1f}" y="{y:.1f}">{escape(text)}</text>')
        x += width
    return "".join(parts), y + 8


def _width(text: str) -> float:
    """How wide a text is, in Han characters."""
    return sum(1 if east_asian_width(character) in "WFA" else _NARROW for character in text)


def wrapped(text: str, width: float) -> list[str]:
    """A text in lines of at most `width` Han characters; words are kept whole."""
    lines, line = [], ""
    for piece in _PIECES.findall(text):
        if line and _width(line + piece.rstrip()) > width:
            lines.append(line.rstrip())
            line = ""
        line += piece
    return [*lines, line.rstrip()] if line.strip() or not lines else lines


def _axes(years: Sequence[int], low: float, high: float, step: float, *, share: bool) -> list[str]:
    parts = []
    for number in range(round((high - low) / step) + 1):
        value = low + number * step
        y = _y(value, low, high)
        parts.append(f'<line class="grid" x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}"/>')
        parts.append(f'<text class="y" x="{LEFT - 6}" y="{y + 4:.1f}">{_number(value, share=share)}</text>')
    every = ceil(len(years) / 9)
    parts += [
        f'<text class="x" x="{_x(years, year):.1f}" y="{HEIGHT - 8}">{year}</text>' for year in list(years)[::every]
    ]
    return parts


def _x(years: Sequence[int], year: int) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * (year - years[0] + 0.5) / len(years)


def _y(value: float, low: float, high: float) -> float:
    return TOP + (HEIGHT - TOP - BOTTOM) * (1 - (value - low) / (high - low))


def _scale(values: Sequence[float]) -> tuple[float, float, float]:
    """Lowest value, highest value and step of an axis that holds all values and zero, in round numbers."""
    low, high = min([0.0, *values]), max([0.0, *values])
    if high == low:
        high = low + 1
    rough = (high - low) / 4
    unit = 10 ** floor(log10(rough))
    step = next(size * unit for size in (1, 2, 2.5, 5, 10) if size * unit >= rough * 0.999)
    return floor(low / step + 1e-9) * step, ceil(high / step - 1e-9) * step, step


def _number(value: float, *, share: bool) -> str:
    if share:
        return f"{value * 100:.3g}%"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
