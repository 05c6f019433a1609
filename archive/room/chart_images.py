"""A chart as a file of its own: SVG with its colours in it, PNG, and a picture of the size that link previews show.

A PNG needs a font of the machine that has Chinese characters: the one that the operator names (CHART_FONT), else one
that is found where fonts are kept. Without one there is no PNG, and pages offer none: the SVG is drawn by the visitor's
own program and fonts.
"""

from __future__ import annotations

import os
import re
from functools import cache, lru_cache
from html import escape
from pathlib import Path

import resvg_py
from PIL import ImageFont

from archive.room.charts import wrapped

PREVIEW = (1200, 630)
"""Width and height that link previews show."""
MARGIN = 12
PNG_WIDTH = 1332
"""Three times the width of a chart: sharp in print."""
_FOLDERS = (
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "~/.local/share/fonts",
    "~/.fonts",
    "/System/Library/Fonts",
    "/Library/Fonts",
)
_CHINESE = re.compile(
    r"(?i)(noto|source).?(sans|serif).*(cjk|sc|han|hans)|sourcehan|wqy|wenquanyi|droidsansfallback|pingfang|hiragino|stheiti"
    r"|songti|fandol|uming|ukai|msyh|simsun|simhei"
)
_SANS = re.compile(r"(?i)sans|hei|fallback|pingfang|wqy")
_REGULAR = re.compile(r"(?i)bold|black|light|thin|medium|mono|heavy")
_SAMPLE, _UNKNOWN = "鉴省", "\U000effff"
_FACES = 12
"""Faces of a font file that are looked at."""

STYLE = """
.chart, .tiles, .card { font-family: "Noto Sans CJK SC", "Noto Sans SC", "PingFang SC", "Microsoft YaHei", "WenQuanYi Micro Hei", sans-serif; }
text { fill: #5d584e; font-size: 13px; }
.x { text-anchor: middle; }
.y { text-anchor: end; }
.head { fill: #1c1b19; font-size: 15px; font-weight: 700; }
.grid { stroke: #ddd7c9; }
.break { stroke: #5d584e; stroke-dasharray: 3 3; }
.deadline { stroke: #99293b; stroke-width: 1.5; stroke-dasharray: 6 4; }
.stroke { stroke-width: 2; }
circle.full { stroke-width: 2; }
.hollow, circle.late { fill: #fbfaf6; }
circle.late { stroke: #99293b; }
circle.ontime { fill: #2a7a4b; stroke: #2a7a4b; }
.hatching { stroke: #fbfaf6; stroke-width: 3; }
.absent { fill: none; stroke: #5d584e; stroke-dasharray: 3 3; }
.name { font-size: 14px; font-weight: 700; }
.value { text-anchor: end; font-size: 12px; }
.range { font-size: 12px; }
.q0 { fill: #e4ecf3; } .q1 { fill: #bcd2e4; } .q2 { fill: #86aecd; } .q3 { fill: #3e75a2; } .q4 { fill: #1d4f7c; }
.on-q0, .on-q1, .on-q2 { fill: #1c1b19; } .on-q3, .on-q4 { fill: #fbfaf6; }
"""
_SERIES = ("#1d4f7c", "#b3420a", "#2a7a4b", "#8a4a9e", "#8a6d00", "#3b3b9e", "#0b7d7d", "#8c1d4f")
_PAPER = "#fbfaf6"
_OPENING = re.compile(r'<svg class="(?:chart|tiles|card)"[^>]*viewBox="0 0 ([\d.]+) ([\d.]+)"[^>]*>')


def _style() -> str:
    """Light colours, named one by one: programs that draw SVG outside a browser know no variables."""
    series = "".join(
        f".s{at}.stroke {{ stroke: {colour}; }} .s{at}.full {{ fill: {colour}; stroke: {colour}; }}"
        f" .s{at}.hollow {{ stroke: {colour}; }} .s{at}.bar {{ fill: {colour}; }}\n"
        for at, colour in enumerate(_SERIES)
    )
    return f"<style>{STYLE}{series}</style>"


def standalone(svg: str) -> str:
    """The chart of a page as a file: with its colours, its size and a ground."""
    opening = _OPENING.match(svg)
    if opening is None:
        raise ValueError("no chart")
    width, height = float(opening[1]) + 2 * MARGIN, float(opening[2]) + 2 * MARGIN
    size = f'xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}"'
    head = opening[0].replace("<svg ", f"<svg {size} ", 1)
    head = head.replace('viewBox="0 0 ', f'viewBox="-{MARGIN} -{MARGIN} ').replace(
        f'{opening[1]} {opening[2]}"', f'{width:g} {height:g}"'
    )
    ground = f'<rect x="-{MARGIN}" y="-{MARGIN}" width="{width:g}" height="{height:g}" fill="{_PAPER}"/>'
    return f"{head}{_style()}{ground}{svg[opening.end() :]}"


def _framed(svg: str, width: float, height: float) -> str:
    """The file with a margin, in the middle of a frame of this size."""
    inner = svg.replace("<svg ", '<svg x="5%" y="5%" ', 1)
    inner = re.sub(r' width="[\d.]+" height="[\d.]+"', ' width="90%" height="90%"', inner, count=1)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}">'
        f'<rect width="100%" height="100%" fill="{_PAPER}"/>{inner}</svg>'
    )


@lru_cache(maxsize=64)
def png(svg: str, *, preview: bool = False) -> bytes | None:
    """The chart as PNG; None where the machine has no font for it."""
    found = font()
    if found is None:
        return None
    path, family = found
    drawn, width = standalone(svg), PNG_WIDTH
    if preview:
        drawn, width = _framed(drawn, *PREVIEW), PREVIEW[0]
    image: bytes = resvg_py.svg_to_bytes(
        svg_string=drawn, width=width, skip_system_fonts=True, font_files=[path], sans_serif_family=family
    )
    return image


def card(title: str, figures: list[tuple[str, str]], source: str) -> str:
    """A report in a picture: its title, its key figures and where they are from."""
    lines = wrapped(title, 26)[:3]
    parts = [f'<text class="head" x="0" y="{16 + 20 * at}">{escape(line)}</text>' for at, line in enumerate(lines)]
    top = 20 * len(lines) + 14
    for at, (name, value) in enumerate(figures[:6]):
        x, y = at % 3 * 140, top + at // 3 * 62
        parts.append(f'<text x="{x}" y="{y + 14}">{escape(name)}</text>')
        parts.append(f'<text class="head" style="font-size: 26px" x="{x}" y="{y + 44}">{escape(value)}</text>')
    bottom = top + 62 * -(-len(figures[:6]) // 3) + 14
    parts.append(f'<text x="0" y="{bottom}">{escape(source)}</text>')
    return f'<svg class="card" viewBox="0 0 420 {bottom + 8}" role="img" aria-label="{escape(title)}">{"".join(parts)}</svg>'


@cache
def font() -> tuple[str, str] | None:
    """File and family of a font with Chinese characters; None where the machine has none."""
    named = os.environ.get("CHART_FONT")
    candidates = [Path(named)] if named else sorted(_installed(), key=_rank)
    return next((found for path in candidates if (found := _family(path))), None)


def _installed() -> list[Path]:
    return [
        path
        for folder in _FOLDERS
        for path in Path(folder).expanduser().rglob("*")
        if path.suffix.lower() in {".ttf", ".otf", ".ttc"} and _CHINESE.search(path.name)
    ]


def _rank(path: Path) -> tuple[bool, bool, str]:
    """Plain sans faces first."""
    return not _SANS.search(path.name), bool(_REGULAR.search(path.name)), str(path)


def _family(path: Path) -> tuple[str, str] | None:
    """The file and the family of its first face with simplified Chinese characters; None where it has none."""
    found: list[str] = []
    for index in range(_FACES if path.suffix.lower() == ".ttc" else 1):
        try:
            face = ImageFont.truetype(str(path), 20, index=index)
        except OSError:
            break
        unknown = bytes(face.getmask(_UNKNOWN))
        if all(bytes(face.getmask(character)) != unknown for character in _SAMPLE):
            found.append(face.getname()[0] or "")
    family = next((name for name in found if name.endswith("SC")), found[0] if found else None)
    return (str(path), family) if family else None
