"""PDF: ruled tables by page slices, the text between them, and rows that a page break tore.

A PDF knows no tables, only rules and characters. A page's rules give cells; the slices of a table that goes on over
pages are laid on common columns; a row that the break tore is put together only where its label, joined, is one of the
form's. What was put together is marked, for identities to prove.
"""

from __future__ import annotations

import io
import logging
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from itertools import groupby, takewhile, zip_longest
from typing import Any

import pdfplumber
from pdfminer.pdfdocument import PDFPasswordIncorrect
from pdfminer.pdfexceptions import PDFException
from pdfminer.pdftypes import resolve1
from pdfplumber.utils.exceptions import MalformedPDFException, PdfminerException
from pdfplumber.utils.text import extract_text

from pipelines.documents import picture
from pipelines.documents.content import Content, DocumentError
from pipelines.labels import LABELS, NATIONAL_FORMS, columns, core, rows
from pipelines.tables import LONGEST_TEXT, Grid, Segment

MOST_PAGES = 500
"""The longest report has a hundred."""
SNAP = 4.0
"""Points within which two rules are one; the narrowest columns met are 11 wide."""
APART = 1.5
"""How much farther from the line before than from the line after a paragraph begins that is set apart."""
ASCENT = 0.88
"""Of a character's size: how far it reaches above its baseline."""
NARROW = 9
"""Digits: a column narrower than so many may break its figures over lines."""
ALIKE = 0.85
"""How much of a form's label a torn row's joined label must be; the rest is characters that the PDF lost."""

_HAN = re.compile(r"[\u4e00-\u9fff]")
_GAP = re.compile(
    r"(?<=[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]) +|(?<=[0-9A-Za-z]) +(?=[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef])"
)
"""Between Han characters and figures a typesetter leaves a gap, which is no blank in the text."""
_ENDS = "。！？；：.!?;:"
_FIGURE = re.compile(r"[\d.,+\-]+")
_WRITTEN = re.compile(r"0|[1-9]\d*|[/／—–-]+")
"""A whole number, or a mark that there is none."""
_HEADERS = frozenset(
    core(column["label"])
    for form in NATIONAL_FORMS
    for table in LABELS["forms"][form]["tables"].values()
    for column in table["columns"]
)
_RESULTS = tuple(column.match for column in columns("cn-2021", 4)[:5])
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
_LABELS = tuple(
    dict.fromkeys(
        row.core for number in (2, 3) for form in NATIONAL_FORMS for row in rows(form, number) if len(row.core) > 3
    )
)

logging.getLogger("pdfminer").setLevel(logging.ERROR)  # it warns of every font it finds odd


@dataclass(slots=True)
class Cell:
    """A cell of a page: its rules left and right in points, whether it begins in its row, and a number of its own."""

    x0: float
    x1: float
    text: str
    fresh: bool
    number: int


@dataclass(slots=True)
class Slice:
    """The part of a table that one page holds: rows of cells, left to right."""

    page: int
    top: float
    bottom: float
    rows: list[list[Cell]]
    mended: bool = False
    pages: set[int] = field(default_factory=set)


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
    xs = _clusters([x for cell in table.cells for x in (cell[0], cell[2])])
    ys = _clusters([y for cell in table.cells for y in (cell[1], cell[3])])
    if len(xs) < 3 or len(ys) < 2:
        return None
    boxes: dict[tuple[int, int], tuple[int, int, int, int]] = {}
    for x0, top, x1, bottom in table.cells:
        left, right, first, last = _at(xs, x0), _at(xs, x1), _at(ys, top), _at(ys, bottom)
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
        return len(line) == 1 and (not filled or not core(filled[0].text).startswith("第二十条"))

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


def _clusters(values: list[float]) -> list[float]:
    """Positions of rules, those nearer than SNAP as one."""
    found: list[list[float]] = []
    for value in sorted(values):
        if found and value - found[-1][-1] < SNAP:
            found[-1].append(value)
        else:
            found.append([value])
    return [sum(group) / len(group) for group in found]


def _at(edges: list[float], value: float) -> int:
    return min(range(len(edges)), key=lambda i: abs(edges[i] - value))


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
            for slices in _runs([b for b in group if isinstance(b, Slice)]):
                content.blocks.append(one_grid(slices))


def _runs(slices: list[Slice]) -> Iterator[list[Slice]]:
    """Slices of one table: nothing stands between them but a page break, and they end at the same right edge."""
    run: list[Slice] = []
    for one in slices:
        if run and not (one.page == run[-1].page + 1 and abs(one.rows[0][-1].x1 - run[-1].rows[-1][-1].x1) < 2 * SNAP):
            yield run
            run = []
        run.append(one)
    if run:
        yield run


def one_grid(slices: list[Slice]) -> Grid:
    """The slices of one table, page after page, as one grid."""
    mended = any(one.mended for one in slices)
    lines: list[list[Cell]] = []
    start = 0
    for one in slices:
        rest = one.rows
        if lines and (
            mend := _mended(lines[-1], rest[0]) or _mended_labels(lines[-1], rest[0]) or _mended_four(lines, rest)
        ):
            (lines[-1], has_torn_figures), rest = mend, rest[1:]
            mended |= has_torn_figures
        going_on = _going_on(lines[-1], rest[0]) if lines and rest else {}
        lines += [
            [
                Cell(c.x0, c.x1, above.text, False, above.number)
                if (above := going_on.get(c.number))
                else Cell(c.x0, c.x1, c.text, c.fresh, c.number + start)
                for c in line
            ]
            for line in rest
        ]
        start += 1_000_000
    edges = _clusters([x for line in lines for cell in line for x in (cell.x0, cell.x1)])
    return Grid(
        lines=[
            [Segment(_at(edges, c.x0), _at(edges, c.x1), c.text, c.fresh, c.number) for c in line] for line in lines
        ],
        origin="pdf",
        page=slices[0].page,
        mended=mended,
    )


def _going_on(upper: list[Cell], lower: list[Cell]) -> dict[int, Cell]:
    """Number of a cell below a page break → the label above it that it goes on with: blank, before other labels."""
    found: dict[int, Cell] = {}
    if not any(_HAN.search(cell.text) for cell in lower):
        return found
    for cell in takewhile(lambda cell: not cell.text, lower):
        for above in upper:
            if abs(above.x0 - cell.x0) < SNAP and abs(above.x1 - cell.x1) < SNAP and _HAN.search(above.text):
                found[cell.number] = above
    return found


def _mended(upper: list[Cell], lower: list[Cell]) -> tuple[list[Cell], bool] | None:
    """The row that a page break tore into these two, and whether figures were torn; None unless its label, joined, is the form's.

    A torn cell's lines stand above and below the break, those of a figure too.
    """
    if len(upper) < 2 or abs(len(upper) - len(lower)) > 2:
        return None
    pairs = []
    for cell in upper:
        beneath = [
            c for c in lower if min(c.x1, cell.x1) - max(c.x0, cell.x0) > 0.5 * min(c.x1 - c.x0, cell.x1 - cell.x0)
        ]
        pairs.append((cell, beneath))
    figures = next(
        (i for i in range(1, len(pairs)) if _is_figures([c for a, b in pairs[i:] for c in (a, *b)])), len(pairs)
    )
    label = figures - 1
    if label < 0 or figures == len(pairs):
        return None
    halves = core(pairs[label][0].text), core("".join(c.text for c in pairs[label][1][-1:]))
    whole = core(pairs[label][0].text + "".join(c.text for c in pairs[label][1][-1:]))
    likeness = _likeness(whole)
    is_alone = not halves[0] and not any(c.text for _, beneath in pairs[figures:] for c in beneath)
    if likeness < ALIKE or (halves[1] and not is_alone and likeness <= max(map(_likeness, halves))):
        return None
    found = []
    torn = False
    for index, (cell, beneath) in enumerate(pairs):
        below = "".join(c.text for c in beneath[-1:])
        torn |= index > label and bool(cell.text and below)
        found.append(Cell(cell.x0, cell.x1, cell.text + below, cell.fresh, cell.number))
    return found, torn


def _mended_labels(upper: list[Cell], lower: list[Cell]) -> tuple[list[Cell], bool] | None:
    """The same for a row of labels: its columns, joined, are the form's; what stands left of them may be anything."""
    row = _under_one_another(upper, lower)
    return (row, False) if row and _is_header(row) and not _is_header(upper) else None


def _mended_four(above: list[list[Cell]], below: list[list[Cell]]) -> tuple[list[Cell], bool] | None:
    """The same for table four, which prints one row of figures under its labels.

    Two rows of figures there are one that was torn, where every cell joined is a figure as figures are written.
    """
    upper, lower = above[-1], below[0]
    row = _under_one_another(upper, lower)
    if row is None or len(above) < 2 or not _is_labels_of_four(above[-2]):
        return None
    if not (_is_figures(upper) and _is_figures(lower)):
        return None
    if len(below) > 1 and any(_FIGURE.fullmatch(cell.text) for cell in below[1]):
        return None
    if not all(not cell.text or _WRITTEN.fullmatch(cell.text) for cell in row):
        return None
    return row, any(a.text and b.text for a, b in zip(upper, lower, strict=True))


def _under_one_another(upper: list[Cell], lower: list[Cell]) -> list[Cell] | None:
    """Two rows as one, where every cell of the lower has the rules of one of the upper."""
    if len(upper) != len(lower):
        return None
    if any(max(abs(a.x0 - b.x0), abs(a.x1 - b.x1)) > SNAP for a, b in zip(upper, lower, strict=True)):
        return None
    return [Cell(a.x0, a.x1, a.text + b.text, a.fresh, a.number) for a, b in zip(upper, lower, strict=True)]


def _is_header(cells: list[Cell]) -> bool:
    return len(cells) > 1 and all(core(cell.text) in _HEADERS for cell in cells[1:])


def _is_labels_of_four(cells: list[Cell]) -> bool:
    return len(cells) >= len(_RESULTS) and all(
        any(result.search(core(cell.text)) for result in _RESULTS) for cell in cells
    )


def _is_figures(cells: list[Cell]) -> bool:
    return all(not cell.text or (len(cell.text) < 12 and not _HAN.search(cell.text)) for cell in cells)


def _likeness(label: str) -> float:
    """How near a label is to the form's nearest, 0 to 1."""
    return max(SequenceMatcher(None, label, known).ratio() for known in _LABELS)


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
