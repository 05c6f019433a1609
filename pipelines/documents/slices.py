"""A table over the pages of a PDF: the slices that pages hold, laid on common columns, and rows that a page break tore.

A torn row is put together only where the form proves it: by its label, by its columns, or where the table has one row
of figures. What was put together of figures is marked, for identities to prove.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import takewhile

from archive.forms import LABELS, NATIONAL_FORMS, columns, normalised, rows
from pipelines.tables.grid import Grid, Segment

SNAP = 4.0
"""Points within which two rules are one; the narrowest columns met are 11 wide."""
ALIKE = 0.85
"""How much of a form's label a torn row's joined label must be; the rest is characters that the PDF lost."""

_HAN = re.compile(r"[\u4e00-\u9fff]")
_FIGURE = re.compile(r"[\d.,+\-]+")
_WRITTEN = re.compile(r"0|[1-9]\d*|[/／—–-]+")
"""A whole number, or a mark that there is none."""
_HEADERS = frozenset(
    normalised(column["label"])
    for form in NATIONAL_FORMS
    for table in LABELS["forms"][form]["tables"].values()
    for column in table["columns"]
)
_RESULTS = tuple(column.match for column in columns("cn-2021", 4)[:5])
_LABELS = tuple(
    dict.fromkeys(
        row.label for number in (2, 3) for form in NATIONAL_FORMS for row in rows(form, number) if len(row.label) > 3
    )
)


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
    """Figures that a narrow column broke over lines were put together."""


def runs_of(slices: list[Slice]) -> Iterator[list[Slice]]:
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
    edges = clusters([x for line in lines for cell in line for x in (cell.x0, cell.x1)])
    return Grid(
        lines=[[Segment(at(edges, c.x0), at(edges, c.x1), c.text, c.fresh, c.number) for c in line] for line in lines],
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
    halves = normalised(pairs[label][0].text), normalised("".join(c.text for c in pairs[label][1][-1:]))
    whole = normalised(pairs[label][0].text + "".join(c.text for c in pairs[label][1][-1:]))
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
    return len(cells) > 1 and all(normalised(cell.text) in _HEADERS for cell in cells[1:])


def _is_labels_of_four(cells: list[Cell]) -> bool:
    return len(cells) >= len(_RESULTS) and all(
        any(result.search(normalised(cell.text)) for result in _RESULTS) for cell in cells
    )


def _is_figures(cells: list[Cell]) -> bool:
    return all(not cell.text or (len(cell.text) < 12 and not _HAN.search(cell.text)) for cell in cells)


def _likeness(label: str) -> float:
    """How near a label is to the form's nearest, 0 to 1."""
    return max(SequenceMatcher(None, label, known).ratio() for known in _LABELS)


def clusters(values: list[float]) -> list[float]:
    """Positions of rules, those nearer than SNAP as one."""
    found: list[list[float]] = []
    for value in sorted(values):
        if found and value - found[-1][-1] < SNAP:
            found[-1].append(value)
        else:
            found.append([value])
    return [sum(group) / len(group) for group in found]


def at(edges: list[float], value: float) -> int:
    """Which of the rules is nearest."""
    return min(range(len(edges)), key=lambda i: abs(edges[i] - value))
