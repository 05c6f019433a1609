"""PDF: ruled tables by page slices, and the text between them.

A PDF knows no tables, only rules and characters. A page's rules give cells; the slices of a table that goes on over
pages are put together by `slices`.
"""

from __future__ import annotations

import io
import logging
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby, zip_longest
from typing import Any

import pdfplumber
from pdfminer.pdfdocument import PDFPasswordIncorrect
from pdfminer.pdfexceptions import PDFException
from pdfminer.pdftypes import resolve1
from pdfplumber.utils.exceptions import MalformedPDFException, PdfminerException
from pdfplumber.utils.text import extract_text

from archive.forms import normalised
from pipelines.documents import picture
from pipelines.documents.content import Content
from pipelines.documents.slices import SNAP, Cell, Slice, at, clusters, one_grid, runs_of
from pipelines.errors import DocumentError
from pipelines.tables.grid import LONGEST_TEXT

MOST_PAGES = 500
"""The longest report has a hundred."""
APART = 1.5
"""How much farther from the line before than from the line after a paragraph begins that is set apart."""
ASCENT = 0.88
"""Of a character's size: how far it reaches above its baseline."""
NARROW = 9
"""Digits: a column narrower than so many may break its figures over lines."""

_GAP = re.compile(
    r"(?<=[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]) +|(?<=[0-9A-Za-z]) +(?=[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef])"
)
"""Between Han characters and figures a typesetter leaves a gap, which is no blank in the text."""
_ENDS = "。！？；：.!?;:"
_FIGURE = re.compile(r"[\d.,+\-]+")
_RADICALS = str.maketrans(
    {chr(code): unicodedata.normalize("NFKC", chr(code)) for code in range(0x2F00, 0x2FD6)}
    | dict(
        zip(
            "⺁⺈⺊⺌⺒⺓⺜⺝⺟⺠⺩⺫⺬⺶⺻⺽⻁⻄⻅⻆⻉⻋⻑⻓⻔⻗⻘⻙⻚⻛⻜⻝⻢⻣⻤⻥⻦⻧⻨⻩⻪⻬⻮⻰⻳",
            "厂刀卜小巳幺日月母民王目示羊聿臼虎西见角贝车長长门雨青韦页风飞食马骨鬼鱼鸟卤麦黄黾齐齿龙龟",
            strict=True,
        )
    )
)
"""Radicals (Unicode's Kangxi and CJK supplement blocks) → the characters that they look like, for which renderers write them."""
_DIGITS = re.compile(r"[\d\s]+")
_PAGE_NUMBER = re.compile(r"[-—–－\s·]*(?:第\s*)?\d{1,4}(?:\s*页)?(?:\s*[/／共]\s*\d{1,4}\s*页?)?[-—–－\s·]*")
logging.getLogger("pdfminer").setLevel(logging.ERROR)  # it warns of every font it finds odd


@dataclass(slots=True)
class _Line:
    text: str
    x0: float
    x1: float
    top: float
    size: float
    in_margin: bool = False


def read(body: bytes) -> Content:
    """A PDF with a text layer; of one without, the tables that its pages show. Raises DocumentError."""
    content = Content(kind="pdf", origin="pdf")
    try:
        with pdfplumber.open(io.BytesIO(body), pages=list(range(1, MOST_PAGES + 1))) as pdf:
            count = resolve1(resolve1(pdf.doc.catalog["Pages"]).get("Count"))
            if isinstance(count, int) and count > MOST_PAGES:
                raise DocumentError(f"a PDF of {count} pages", "oversized")
            blocks: list[_Line | Slice] = []
            for page in pdf.pages:
                blocks += _page(_upright(pdf, page))
                page.close()
            blocks = _without_running_lines(blocks, len(pdf.pages))
    except (PdfminerException, MalformedPDFException, PDFException) as error:
        cause = error.args[0] if error.args else error
        if isinstance(cause, PDFPasswordIncorrect):
            raise DocumentError("the PDF asks for a password", "encrypted") from error
        raise DocumentError(f"damaged PDF: {type(cause).__name__}: {cause}") from error
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, AssertionError, OverflowError) as error:
        if isinstance(error, DocumentError):
            raise
        # pdfminer trusts the objects of a file to be of the types that the format prescribes
        raise DocumentError(f"damaged PDF: {type(error).__name__}: {error}") from error
    if not blocks:
        return picture.read_scan(body)
    _compose(blocks, content)
    return content


# --- a page ----------------------------------------------------------------------------------------------------------


def _upright(pdf: Any, page: Any) -> Any:
    """The page turned so that most of its text runs from left to right: pages are laid sideways to hold wide tables."""
    turns = Counter(_turn(*char["matrix"][:2]) for char in page.chars)
    turn = turns.most_common(1)[0][0] if turns else 0
    if turn == 0:
        return page
    page.page_obj.rotate = (page.page_obj.rotate + turn) % 360
    return type(page)(pdf, page.page_obj, page.page_number)


def _turn(a: float, b: float) -> int:
    """Degrees, clockwise, that set text upright whose baseline has the direction (a, b)."""
    if abs(a) >= abs(b):
        return 0 if a >= 0 else 180
    return 90 if b > 0 else 270


def level(page: Any) -> None:
    """Place characters by their baseline: fonts say differently how high they are, and figures often have one of their own."""
    for char in page.chars:
        a, b, *_, baseline = char["matrix"]
        if a > 0 and abs(b) < a / 10:
            down = char["y1"] - baseline - ASCENT * char["size"]
            for edge in ("top", "bottom", "doctop"):
                char[edge] += down


def _page(page: Any) -> list[_Line | Slice]:
    level(page)
    page = page.dedupe_chars()  # bold is imitated by printing twice, and a figure printed twice is another figure
    found: list[Slice] = []
    if page.edges:
        ends = _open_ends(page)
        settings = {"explicit_horizontal_lines": ends, "snap_tolerance": 3, "intersection_tolerance": 3}
        for table in page.find_tables(settings):
            made = _slice(table, page)
            if made is not None:
                found.append(made)
    inside = [(s.top, s.bottom, s.rows[0][0].x0 - 1, max(r[-1].x1 for r in s.rows if r) + 1) for s in found]

    def is_prose(thing: Any) -> bool:
        if thing.get("object_type") != "char":
            return False
        middle = (thing["top"] + thing["bottom"]) / 2
        return not any(top <= middle <= bottom for top, bottom, _, _ in inside)

    lines = [
        _Line(line["text"].translate(_RADICALS), line["x0"], line["x1"], line["top"], line["bottom"] - line["top"])
        for line in page.filter(is_prose).extract_text_lines(return_chars=False)
    ]
    for line in lines:
        line.in_margin = not 0.1 < line.top / float(page.height) < 0.88
    lines = [line for line in lines if not (line.in_margin and _PAGE_NUMBER.fullmatch(line.text))]
    blocks: list[_Line | Slice] = [*lines, *found]
    return sorted(blocks, key=lambda block: block.top)


def _without_running_lines(blocks: list[_Line | Slice], pages: int) -> list[_Line | Slice]:
    """Without the lines that stand at the head or foot of most pages, figures in them apart: titles, addresses, dates."""
    counts = Counter(_DIGITS.sub("", one.text) for one in blocks if isinstance(one, _Line) and one.in_margin)
    running = {text for text, count in counts.items() if count > 1 and 2 * count >= pages}
    return [b for b in blocks if not (isinstance(b, _Line) and b.in_margin and _DIGITS.sub("", b.text) in running)]


def _open_ends(page: Any) -> list[float]:
    """Where upright rules run on to the first or last line of a page without a rule across: a row is torn there."""
    upright = [edge for edge in page.edges if edge["orientation"] == "v"]
    if not upright:
        return []
    found = []
    for end, choose in (("top", min), ("bottom", max)):
        y = choose(edge[end] for edge in upright)
        if len({round(edge["x0"] / SNAP) for edge in upright if abs(edge[end] - y) < 2}) >= 3:
            found.append(y)
    return found


def _slice(table: Any, page: Any) -> Slice | None:
    """The cells of a table with their characters; lines of text that happen to be ruled are left to the text."""
    xs = clusters([x for cell in table.cells for x in (cell[0], cell[2])])
    ys = clusters([y for cell in table.cells for y in (cell[1], cell[3])])
    if len(xs) < 3 or len(ys) < 2:
        return None
    boxes: dict[tuple[int, int], tuple[int, int, int, int]] = {}
    for x0, top, x1, bottom in table.cells:
        left, right, first, last = at(xs, x0), at(xs, x1), at(ys, top), at(ys, bottom)
        for row in range(first, last):
            for column in range(left, right):
                boxes.setdefault((row, column), (first, last, left, right))
    characters: dict[tuple[int, int, int, int], list[Any]] = {}
    for char in page.chars:
        x, y = (char["x0"] + char["x1"]) / 2, (char["top"] + char["bottom"]) / 2
        if xs[0] <= x <= xs[-1] and ys[0] <= y <= ys[-1]:
            slot = _below(ys, y), _below(xs, x)
            characters.setdefault(boxes.get(slot, (slot[0], slot[0] + 1, slot[1], slot[1] + 1)), []).append(char)
    found: list[list[Cell]] = []
    mended = False
    texts: dict[tuple[int, int, int, int], str] = {}
    for box, chars in characters.items():
        texts[box], was_torn = _cell_text(chars, xs[box[3]] - xs[box[2]])
        mended |= was_torn
    for row in range(len(ys) - 1):
        line: list[Cell] = []
        column = 0
        while column < len(xs) - 1:
            box = boxes.get((row, column), (row, row + 1, column, column + 1))
            first, _, _, right = box
            number = first * len(xs) + box[2]
            line.append(Cell(xs[column], xs[right], texts.get(box, ""), first == row, number))
            column = right
        found.append(line)
    bounds = _trim(found)
    if bounds is None:
        return None
    start, stop = bounds
    return Slice(page.page_number, ys[start], ys[stop], found[start:stop], mended)


def _trim(lines: list[list[Cell]]) -> tuple[int, int] | None:
    """The rows that are a table's: rows of one cell before and after it are lines of text, unless the form has them."""

    def is_text(line: list[Cell]) -> bool:
        filled = [cell for cell in line if cell.text]
        return len(line) == 1 and (not filled or not normalised(filled[0].text).startswith("第二十条"))

    start, stop = 0, len(lines)
    while start < stop and is_text(lines[start]):
        start += 1
    while stop > start and is_text(lines[stop - 1]):
        stop -= 1
    if all(len(line) == 1 for line in lines[start:stop]) and not any("第二十条" in c.text for r in lines for c in r):
        return None
    return (start, stop) if start < stop else None


def _cell_text(chars: list[Any], width: float) -> tuple[str, bool]:
    """A cell's text, and whether a figure that its narrow column broke over lines was put together."""
    text = extract_text(chars, x_tolerance=3, y_tolerance=3).strip().translate(_RADICALS)
    pieces = text.split("\n")
    if len(pieces) > 1 and all(_FIGURE.fullmatch(piece) for piece in pieces):
        size = max(char["x1"] - char["x0"] for char in chars)
        if width < NARROW * size:
            return "".join(pieces), True
    return text[:LONGEST_TEXT], False


def _below(edges: list[float], value: float) -> int:
    return max(0, min(len(edges) - 2, sum(edge <= value for edge in edges) - 1))


# --- the pages together ----------------------------------------------------------------------------------------------


def _compose(blocks: list[_Line | Slice], content: Content) -> None:
    """Slices that follow one another become one grid, lines become paragraphs."""
    lines = [block for block in blocks if isinstance(block, _Line)]
    size = sorted(line.size for line in lines)[len(lines) // 2] if lines else 0.0
    left = min((line.x0 for line in lines), default=0.0)
    right = max((line.x1 for line in lines), default=0.0)
    for is_line, group in groupby(blocks, key=lambda block: isinstance(block, _Line)):
        if is_line:
            for text in _paragraphs([b for b in group if isinstance(b, _Line)], left, right, size):
                content.add(_GAP.sub("", text))
        else:
            for slices in runs_of([b for b in group if isinstance(b, Slice)]):
                content.blocks.append(one_grid(slices))


def _paragraphs(lines: list[_Line], left: float, right: float, size: float) -> Iterator[str]:
    """Lines put together: a paragraph begins indented, larger than the text, or after a line that ends short.

    Lines are not always justified: one that ends a little short ends a paragraph where it ends a sentence.
    """
    text = ""
    before: _Line | None = None
    for line, after in zip_longest(lines, lines[1:]):
        is_large = line.size > 1.15 * size
        if before is not None:
            both_large = is_large and before.size > 1.15 * size and abs(line.size - before.size) < 0.5
            indented = line.x0 > left + 1.4 * line.size
            short = before.x1 < (left + right) / 2 or (
                before.x1 < right - 1.6 * before.size and before.text[-1] in _ENDS
            )
            apart = after is not None and 0 < APART * (after.top - line.top) < line.top - before.top
            if not both_large and (apart or indented or short or is_large != (before.size > 1.15 * size)):
                yield text
                text = ""
        gap = " " if text and text[-1].isascii() and line.text[:1].isascii() and text[-1].isalpha() else ""
        text += gap + line.text
        before = line
    if text:
        yield text
