"""A page of a PDF: its ruled tables as slices, and the lines of text between them."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from typing import Any

from pdfplumber.utils.text import extract_text

from archive.forms import normalised
from pipelines.documents.pdf.page_slice import SNAP, PageCell, PageSlice, nearest, rule_positions
from pipelines.documents.pdf.text_columns import as_one_column, find_columns
from pipelines.documents.pdf.unruled import unruled_tables
from pipelines.documents.pdf.visible import is_seen
from pipelines.documents.text_lines import IN_MARGIN, PAGE_NUMBER, TextLine
from pipelines.tables.grid import LONGEST_TEXT

ASCENT = 0.88
"""Of a character's size: how far it reaches above its baseline."""
NARROW = 9
"""Digits: a column narrower than so many may break its figures over lines."""

_SLANT = 0.1
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
_BoxSlots = tuple[int, int, int, int]
"""The slots of a cell: its first row, the row after its last, its first column, the column after its last."""
Block = TextLine | PageSlice


def read_page(page: Any) -> list[Block]:
    """The lines and slices of one page, upright, from top to bottom."""
    return _blocks(page)


def upright(pdf: Any, page: Any) -> Any:
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


def _is_level(char: Any) -> bool:
    """Whether a character stands upright or on its side: one at a slant is of a watermark or a seal."""
    a, b = char["matrix"][:2]
    return bool(min(abs(a), abs(b)) <= _SLANT * max(abs(a), abs(b)))


def _blocks(page: Any) -> list[Block]:
    level(page)
    whole = page
    page = page.filter(lambda one: one["object_type"] != "char" or (is_seen(whole, one) and _is_level(one)))
    page = page.dedupe_chars()  # bold is imitated by printing twice, and a figure printed twice is another figure
    slices = _slices(page)
    slices += list(unruled_tables(page, slices))
    blocks = _lines_outside(slices, page)
    for one in slices:
        before = next((n for n, block in enumerate(blocks) if block.top > one.top), len(blocks))
        blocks.insert(before, one)
    return blocks


def _slices(page: Any) -> list[PageSlice]:
    """The ruled tables of a page."""
    if not page.edges:
        return []
    settings = {"explicit_horizontal_lines": _open_ends(page), "snap_tolerance": 3, "intersection_tolerance": 3}
    slices = (_slice(table, page) for table in page.find_tables(settings))
    return [one for one in slices if one is not None]


def _lines_outside(slices: list[PageSlice], page: Any) -> list[Block]:
    """The lines of text that are in no table, in reading order; page numbers are left out."""

    def is_prose(thing: Any) -> bool:
        if thing.get("object_type") != "char":
            return False
        middle = (thing["top"] + thing["bottom"]) / 2
        return not any(one.top <= middle <= one.bottom for one in slices)

    prose = page.filter(is_prose)
    set_lines = prose.extract_text_lines()
    columns = find_columns(set_lines, float(page.width))
    if columns is None or any(one.top < columns.bottom and one.bottom > columns.top for one in slices):
        return [*_text_lines(set_lines, page)]
    left, right, others = (
        _text_lines(prose.filter(part).extract_text_lines(), page)
        for part in (
            lambda one: columns.holds(one) and one["x1"] <= columns.gap,
            lambda one: columns.holds(one) and one["x1"] > columns.gap,
            lambda one: not columns.holds(one),
        )
    )
    above = [line for line in others if line.top < columns.top]
    below = [line for line in others if line.top >= columns.top]
    return [*above, *as_one_column(left, right, others), *below]


def _text_lines(found: list[Any], page: Any) -> list[TextLine]:
    lines = [
        TextLine(line["text"].translate(_RADICALS), line["x0"], line["x1"], line["top"], line["bottom"] - line["top"])
        for line in found
    ]
    for line in lines:
        line.in_margin = not IN_MARGIN[0] < line.top / float(page.height) < IN_MARGIN[1]
    return [line for line in lines if not (line.in_margin and PAGE_NUMBER.fullmatch(line.text))]


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


def _slice(table: Any, page: Any) -> PageSlice | None:
    """The cells of a table with their characters; lines of text that happen to be ruled are left to the text."""
    xs = rule_positions([x for cell in table.cells for x in (cell[0], cell[2])])
    ys = rule_positions([y for cell in table.cells for y in (cell[1], cell[3])])
    if len(xs) < 3 or len(ys) < 2:
        return None
    boxes = _boxes(table, xs, ys)
    texts: dict[_BoxSlots, str] = {}
    has_rejoined_figures = False
    characters = _characters(page, boxes, xs, ys)
    bottom = _run_over(page, boxes, xs, ys, characters)
    for box, chars in characters.items():
        texts[box], was_torn = _cell_text(chars, xs[box[3]] - xs[box[2]])
        has_rejoined_figures |= was_torn
    rows = [_row(row, boxes, texts, xs) for row in range(len(ys) - 1)]
    bounds = _trim(rows)
    if bounds is None:
        return None
    start, stop = bounds
    end = bottom if stop == len(rows) else ys[stop]
    return PageSlice(page.page_number, ys[start], end, rows[start:stop], has_rejoined_figures)


def _boxes(table: Any, xs: list[float], ys: list[float]) -> dict[tuple[int, int], _BoxSlots]:
    """(row, column) of a slot → the cell that covers it, as far as rules enclose one."""
    boxes: dict[tuple[int, int], _BoxSlots] = {}
    for x0, top, x1, bottom in table.cells:
        left, right, first, last = nearest(xs, x0), nearest(xs, x1), nearest(ys, top), nearest(ys, bottom)
        for row in range(first, last):
            for column in range(left, right):
                boxes.setdefault((row, column), (first, last, left, right))
    return boxes


def _box_at(boxes: dict[tuple[int, int], _BoxSlots], row: int, column: int) -> _BoxSlots:
    """The cell that covers a slot; the slot itself where no rules enclose it."""
    return boxes.get((row, column)) or (row, row + 1, column, column + 1)


def _characters(
    page: Any, boxes: dict[tuple[int, int], _BoxSlots], xs: list[float], ys: list[float]
) -> dict[_BoxSlots, list[Any]]:
    """Cell → the characters whose middle is in it."""
    characters: dict[_BoxSlots, list[Any]] = {}
    for char in page.chars:
        x, y = (char["x0"] + char["x1"]) / 2, (char["top"] + char["bottom"]) / 2
        if xs[0] <= x <= xs[-1] and ys[0] <= y <= ys[-1]:
            characters.setdefault(_box_at(boxes, _slot_of(ys, y), _slot_of(xs, x)), []).append(char)
    return characters


def _run_over(
    page: Any,
    boxes: dict[tuple[int, int], _BoxSlots],
    xs: list[float],
    ys: list[float],
    characters: dict[_BoxSlots, list[Any]],
) -> float:
    """Give cells that a page break tore the line that runs over the end of the page's table; where the table ends.

    Only where some cells of the last row are closed and others are not: a table may have no rule at its end.
    """
    end, last = ys[-1], len(ys) - 2
    if end < IN_MARGIN[1] * float(page.height):
        return end
    rules = [edge for edge in page.edges if edge["orientation"] == "h" and abs(edge["top"] - end) < SNAP]
    of_row = {_box_at(boxes, last, column) for column in range(len(xs) - 1)}
    middles = {box: (xs[box[2]] + xs[box[3]]) / 2 for box in of_row}
    is_open = {box for box, middle in middles.items() if not any(one["x0"] <= middle <= one["x1"] for one in rules)}
    bottom = end
    for char in page.chars if is_open < of_row else ():
        x, y = (char["x0"] + char["x1"]) / 2, (char["top"] + char["bottom"]) / 2
        if end < y < end + 1.5 * char["size"] and xs[0] <= x <= xs[-1]:
            box = _box_at(boxes, last, _slot_of(xs, x))
            if box in is_open:
                characters.setdefault(box, []).append(char)
                bottom = max(bottom, char["bottom"])
    return bottom


def _row(
    row: int, boxes: dict[tuple[int, int], _BoxSlots], texts: dict[_BoxSlots, str], xs: list[float]
) -> list[PageCell]:
    cells: list[PageCell] = []
    column = 0
    while column < len(xs) - 1:
        box = _box_at(boxes, row, column)
        first, _, left, right = box
        cells.append(PageCell(xs[column], xs[right], texts.get(box, ""), first == row, first * len(xs) + left))
        column = right
    return cells


def _trim(rows: list[list[PageCell]]) -> tuple[int, int] | None:
    """The rows that are a table's: rows of one cell before and after it are lines of text, unless the form has them."""

    def is_text(row: list[PageCell]) -> bool:
        filled = [cell for cell in row if cell.text]
        return len(row) == 1 and (not filled or not normalised(filled[0].text).startswith("第二十条"))

    start, stop = 0, len(rows)
    while start < stop and is_text(rows[start]):
        start += 1
    while stop > start and is_text(rows[stop - 1]):
        stop -= 1
    if all(len(row) == 1 for row in rows[start:stop]) and not any("第二十条" in c.text for row in rows for c in row):
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


def _slot_of(edges: list[float], value: float) -> int:
    """Between which two of the edges a position is."""
    return max(0, min(len(edges) - 2, sum(edge <= value for edge in edges) - 1))
