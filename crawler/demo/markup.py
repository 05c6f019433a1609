"""How an article's blocks look in HTML: the styles met on portals, from clean paragraphs to pasted Word."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from html import escape


@dataclass(frozen=True, slots=True)
class Td:
    """A printed cell with its spans."""

    text: str
    rowspan: int = 1
    colspan: int = 1


Grid = list[list[Td]]


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, a heading, a line of the signature, a table or a picture of a table."""

    kind: str
    """p, heading, signature, table or picture."""
    text: str = ""
    """The paragraph; of a picture its alternative text."""
    grid: Grid | None = None


def spans(td: Td) -> str:
    """The span attributes of a cell."""
    named = {"rowspan": td.rowspan, "colspan": td.colspan}
    return "".join(f' {name}="{span}"' for name, span in named.items() if span > 1)


def plain_table(grid: Grid) -> str:
    """A table without any styling."""
    rows = ("<tr>" + "".join(f"<td{spans(td)}>{escape(td.text)}</td>" for td in row) + "</tr>\n" for row in grid)
    return '<table border="1" cellspacing="0">\n<tbody>' + "".join(rows) + "</tbody></table>\n"


def clean(block: Block) -> str:
    """Paragraphs and headings as a careful editor writes them."""
    if block.grid is not None:
        return plain_table(block.grid)
    text = escape(block.text)
    if block.kind == "heading":
        return f"<p><strong>{text}</strong></p>\n"
    return f'<p style="text-align: right;">{text}</p>\n' if block.kind == "signature" else f"<p>{text}</p>\n"


LATIN = '<span lang="EN-US" style="font-family:&quot;Times New Roman&quot;,serif">'
END = '<span lang="EN-US"><o:p></o:p></span>'


def _word_runs(text: str) -> str:
    """Word sets digits in spans of their own, and a year now and then in two: `<span>20</span><span>24</span>年`."""

    def run(match: re.Match[str]) -> str:
        digits = match[0]
        if len(digits) == 4 and digits.startswith("20"):
            return f'<span lang="EN-US">{digits[:2]}</span>{LATIN}{digits[2:]}</span>'
        return f"{LATIN}{digits}</span>"

    return re.sub(r"\d+", run, escape(text))


def word(block: Block) -> str:
    """Pasted from Word: MsoNormal, nested spans, o:p."""
    if block.grid is not None:
        rows = []
        for i, row in enumerate(block.grid):
            tds = (
                f'<td width="64"{spans(td)} valign="center" style="width:48.0pt;border:solid windowtext 1.0pt;'
                f'padding:0cm 5.4pt 0cm 5.4pt"><p class="MsoNormal" align="center"><span style="font-size:10.0pt;'
                f'font-family:宋体">{escape(td.text) or "&nbsp;"}</span>{END}</p></td>'
                for td in row
            )
            rows.append(f'<tr style="mso-yfti-irow:{i};height:18.0pt">' + "".join(tds) + "</tr>\n")
        head = '<table class="MsoNormalTable" border="1" cellspacing="0" cellpadding="0" style="mso-yfti-tbllook:1184">'
        return f'<div align="center">{head}<tbody>' + "".join(rows) + "</tbody></table></div>\n"
    font = "黑体" if block.kind == "heading" else "仿宋_GB2312"
    side = ' align="right"' if block.kind == "signature" else ""
    return (
        f'<p class="MsoNormal"{side} style="text-indent:32.0pt;mso-char-indent-count:2.0;line-height:28.0pt">'
        f'<span style="font-size:16.0pt;font-family:{font};mso-hansi-font-family:宋体">{_word_runs(block.text)}{END}'
        "</span></p>\n"
    )


def trs(block: Block) -> str:
    """What TRS_Editor writes: blanks for the indent, each cell's text in a paragraph."""
    if block.grid is not None:
        border = "padding: 0 4px;border: 1px solid windowtext"
        rows = (
            '<tr style="height: 19px">'
            + "".join(
                f'<td{spans(td)} style="{border}"><p style="text-indent: 0em;">{escape(td.text)}</p></td>' for td in row
            )
            + "</tr>"
            for row in block.grid
        )
        return '<table style="border-collapse: collapse" cellspacing="0" align="center" border="1"><tbody>' + (
            "".join(rows) + "</tbody></table>"
        )
    text = escape(block.text)
    if block.kind == "heading":
        text = f"<strong>{text}</strong>"
    side = ";text-align: right" if block.kind == "signature" else ""
    return f'<p style="white-space: normal{side}">　　{text}</p>'


def breaks(block: Block) -> str:
    """No paragraphs at all: lines ended by `<br>`, indents of non-breaking blanks."""
    if block.grid is not None:
        return plain_table(block.grid) + "<br />"
    return f"&nbsp;&nbsp;&nbsp;&nbsp;{escape(block.text)}<br />\n"


STYLES: dict[str, Callable[[Block], str]] = {"clean": clean, "word": word, "trs": trs, "br": breaks}

WRAPPERS = {
    "trs": (
        '<div class=TRS_Editor><style type="text/css">.TRS_Editor P{line-height:2;font-family:宋体;font-size:12pt;}'
        "</style>",
        "</div>",
    )
}


def article(blocks: list[Block], style: str, picture_url: Callable[[int], str]) -> str:
    """The article's body; `picture_url` gives the address of the n-th picture, counted from 1."""
    parts = []
    pictures = 0
    for block in blocks:
        if block.kind == "picture":
            pictures += 1
            image = f'<img src="{escape(picture_url(pictures))}" alt="{escape(block.text)}" />'
            parts.append(f"{image}<br />" if style == "br" else f'<p style="text-align: center;">{image}</p>')
        else:
            parts.append(STYLES[style](block))
    before, after = WRAPPERS.get(style, ("", ""))
    return before + "".join(parts) + after


def png(columns: int, rows: int, cell: int = 12) -> bytes:
    """A small valid greyscale PNG: the lines of an empty table."""
    width, height = columns * cell + 1, rows * cell + 1
    line = bytes(width)
    gap = b"".join(b"\x00" if x % cell == 0 else b"\xff" for x in range(width))
    return _greyscale([line if y % cell == 0 else gap for y in range(height)])


def stripes(width: int, height: int) -> bytes:
    """A greyscale PNG of slanted stripes: a decoration."""
    return _greyscale([bytes(84 + 4 * ((x + y) % 12) for x in range(width)) for y in range(height)])


def _greyscale(lines: list[bytes]) -> bytes:
    """A PNG of these lines of pixels."""
    pixels = b"".join(b"\x00" + line for line in lines)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", len(lines[0]), len(lines), 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(pixels, 9)) + chunk(b"IEND", b"")
    )
