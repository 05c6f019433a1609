"""Rows of a table that a page break tore: put together only where the form proves it.

By the row's label, by its columns, or where the table has one row of figures (table four). Figures put together are
marked, for identities to prove.
"""

from __future__ import annotations

import re
from dataclasses import replace
from difflib import SequenceMatcher
from typing import NamedTuple

from archive.forms import LABELS, NATIONAL_FORMS, columns, normalised, rows
from archive.vocabulary import Form
from pipelines.documents.pdf.page_slice import HAN, SNAP, PageCell

_SIMILAR = 0.85
"""How much of a form's label a torn row's joined label must be; the rest is characters that the PDF lost."""
_FIGURE = re.compile(r"[\d.,+\-]+")
_AS_WRITTEN = re.compile(r"0|[1-9]\d*|[/／—–-]+")
"""A whole number, or a mark that there is none."""
_HEADERS = frozenset(
    normalised(column["label"])
    for form in NATIONAL_FORMS
    for table in LABELS["forms"][form]["tables"].values()
    for column in table["columns"]
)
_RESULTS = tuple(column.match for column in columns(Form.NATIONAL_2021, 4)[:5])
_LABELS = tuple(
    dict.fromkeys(
        row.label for number in (2, 3) for form in NATIONAL_FORMS for row in rows(form, number) if len(row.label) > 3
    )
)


class Rejoined(NamedTuple):
    """A row put together."""

    row: list[PageCell]
    has_figures: bool
    """Whether figures were torn as well."""


def rejoin(above: list[list[PageCell]], below: list[list[PageCell]]) -> Rejoined | None:
    """The last row above a page break and the first below it as one; None where nothing proves that they are one."""
    upper, lower = above[-1], below[0]
    return _rejoined_by_label(upper, lower) or _rejoined_header(upper, lower) or _rejoined_row_of_four(above, below)


def _rejoined_by_label(upper: list[PageCell], lower: list[PageCell]) -> Rejoined | None:
    """The two rows as one where their labels, joined, are one of the form's.

    A torn cell's lines stand above and below the break, those of a figure too.
    """
    if len(upper) < 2 or abs(len(upper) - len(lower)) > 2:
        return None
    pairs = [_TornCell(cell, [c for c in lower if _overlap(c, cell)]) for cell in upper]
    figures = _first_figure(pairs)
    if figures is None or not _is_torn_label(pairs[figures - 1], pairs[figures:]):
        return None
    has_figures = any(pair.upper.text and pair.text_below for pair in pairs[figures:])
    return Rejoined([replace(pair.upper, text=pair.text) for pair in pairs], has_figures)


def _overlap(one: PageCell, other: PageCell) -> bool:
    """Whether two cells lie one above the other for more than half of the narrower."""
    common = min(one.x1, other.x1) - max(one.x0, other.x0)
    return common > 0.5 * min(one.x1 - one.x0, other.x1 - other.x0)


class _TornCell(NamedTuple):
    """A cell above a page break and the cells beneath it."""

    upper: PageCell
    beneath: list[PageCell]

    @property
    def text_below(self) -> str:
        return self.beneath[-1].text if self.beneath else ""

    @property
    def text(self) -> str:
        return self.upper.text + self.text_below


def _first_figure(pairs: list[_TornCell]) -> int | None:
    """From which cell on all are figures; None where none is."""
    return next(
        (i for i in range(1, len(pairs)) if _is_figures([c for a, b in pairs[i:] for c in (a, *b)])),
        None,
    )


def _is_torn_label(label: _TornCell, figures: list[_TornCell]) -> bool:
    """Whether a label, joined, is the form's, and more so than either half, unless the row above has no label at all."""
    upper, lower = normalised(label.upper.text), normalised(label.text_below)
    similarity = _similarity(normalised(label.text))
    if similarity < _SIMILAR:
        return False
    is_label_below_alone = not upper and not any(c.text for pair in figures for c in pair.beneath)
    return not lower or is_label_below_alone or similarity > max(_similarity(upper), _similarity(lower))


def _rejoined_header(upper: list[PageCell], lower: list[PageCell]) -> Rejoined | None:
    """The same for a row of labels: its columns, joined, are the form's; what stands left of them may be anything."""
    row = _joined(upper, lower)
    return Rejoined(row, has_figures=False) if row and _is_header(row) and not _is_header(upper) else None


def _rejoined_row_of_four(above: list[list[PageCell]], below: list[list[PageCell]]) -> Rejoined | None:
    """The same for table four, which prints one row of figures under its labels.

    Two rows of figures there are one that was torn, where every cell joined is a figure as figures are written.
    """
    upper, lower = above[-1], below[0]
    row = _joined(upper, lower)
    if row is None or len(above) < 2 or not _is_header_of_four(above[-2]):
        return None
    if not (_is_figures(upper) and _is_figures(lower)):
        return None
    if len(below) > 1 and any(_FIGURE.fullmatch(cell.text) for cell in below[1]):
        return None
    if not all(not cell.text or _AS_WRITTEN.fullmatch(cell.text) for cell in row):
        return None
    return Rejoined(row, any(a.text and b.text for a, b in zip(upper, lower, strict=True)))


def _joined(upper: list[PageCell], lower: list[PageCell]) -> list[PageCell] | None:
    """Two rows as one, where every cell of the lower has the rules of one of the upper."""
    if len(upper) != len(lower):
        return None
    if any(max(abs(a.x0 - b.x0), abs(a.x1 - b.x1)) > SNAP for a, b in zip(upper, lower, strict=True)):
        return None
    return [replace(a, text=a.text + b.text) for a, b in zip(upper, lower, strict=True)]


def _is_header(cells: list[PageCell]) -> bool:
    return len(cells) > 1 and all(normalised(cell.text) in _HEADERS for cell in cells[1:])


def _is_header_of_four(cells: list[PageCell]) -> bool:
    return len(cells) >= len(_RESULTS) and all(
        any(result.search(normalised(cell.text)) for result in _RESULTS) for cell in cells
    )


def _is_figures(cells: list[PageCell]) -> bool:
    return all(not cell.text or (len(cell.text) < 12 and not HAN.search(cell.text)) for cell in cells)


def _similarity(label: str) -> float:
    """How similar a label is to the most similar of the form's, 0 to 1."""
    return max(SequenceMatcher(None, label, known).ratio() for known in _LABELS)
