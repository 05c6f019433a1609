"""Tables without rules: rows of figures that stand in columns, laid on the rows and columns of the form.

Nothing shows which cell a figure is in, so a table counts only where its rows are those of one form in succession, each
with its label and a figure in every column; and then only where the identities prove it (`has_rejoined_figures`).
Table two has no identities: it is left to the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median
from typing import Any, NamedTuple

from archive.forms import LABELS, NATIONAL_FORMS, Row, columns, normalised, rows
from archive.vocabulary import Form
from pipelines.documents.pdf.page_slice import PageCell, PageSlice

_FIGURE = re.compile(r"\d{1,9}|[/／—–-]")
_SAME_LINE = 3.0
"""Points by which words of one line may differ in height."""
_SAME_COLUMN = 12.0
"""Points by which the middles of figures of one column may differ."""
_FEWEST_ROWS = 3
"""Of table three, on a page where it begins or ends."""
_LINES_OF_HEADER = 8
"""Lines above the figures of table four among which its header is."""
_FIGURES_OF_THREE = len(columns(Form.NATIONAL_2021, 3))
_FIGURES_OF_FOUR = len(columns(Form.NATIONAL_2021, 4))
_WORDS_OF_THREE = ("商业企业", "国家秘密", "出版物", "结转下年度")
_WORDS_OF_FOUR = ("行政复议", "未经复议", "复议后")
_HEADER_OF_THREE = tuple(column["label"] for column in LABELS["forms"][Form.NATIONAL_2021]["tables"]["3"]["columns"])


class _Word(NamedTuple):
    text: str
    x0: float
    x1: float
    top: float
    bottom: float

    @property
    def middle(self) -> float:
        return (self.x0 + self.x1) / 2


class _Line(NamedTuple):
    """Words beside one another, and the figures that they end with."""

    words: list[_Word]
    figures: list[_Word]

    @property
    def top(self) -> float:
        return min(word.top for word in self.words)

    @property
    def bottom(self) -> float:
        return max(word.bottom for word in self.words)


def unruled_tables(page: Any, ruled: Sequence[PageSlice]) -> Iterator[PageSlice]:
    """Tables three and four of a page that stand there without rules."""
    text = "".join(char["text"] for char in page.chars)
    is_three = any(word in text for word in _WORDS_OF_THREE)
    is_four = all(word in text for word in _WORDS_OF_FOUR)
    if not (is_three or is_four):
        return
    words = [
        word
        for one in page.extract_words(x_tolerance=1, y_tolerance=3, return_chars=True)
        if not any(table.top <= (one["top"] + one["bottom"]) / 2 <= table.bottom for table in ruled)
        for word in _parts(one["chars"])
    ]
    lines = list(_lines(words))
    if is_three and (table := _table_three(lines, words, page.page_number)):
        yield table
    if is_four and (table := _table_four(lines, page.page_number)):
        yield table


def _parts(chars: list[Any]) -> Iterator[_Word]:
    """A word, or the label and the figure that stand close to each other in it."""
    text = "".join(char["text"] for char in chars)
    label = text.rstrip("0123456789")
    cut = len(label) if label and len(text) == len(chars) else 0
    for part in (chars[:cut], chars[cut:]):
        if part:
            top, bottom = min(char["top"] for char in part), max(char["bottom"] for char in part)
            yield _Word("".join(char["text"] for char in part), part[0]["x0"], part[-1]["x1"], top, bottom)


def _lines(words: list[_Word]) -> Iterator[_Line]:
    line: list[_Word] = []
    for word in sorted(words, key=lambda one: (one.top + one.bottom, one.x0)):
        if line and (word.top + word.bottom) / 2 - (line[0].top + line[0].bottom) / 2 > _SAME_LINE:
            yield _line(line)
            line = []
        line.append(word)
    if line:
        yield _line(line)


def _line(words: list[_Word]) -> _Line:
    words = sorted(words, key=lambda one: one.x0)
    first = len(words)
    while first and _FIGURE.fullmatch(words[first - 1].text):
        first -= 1
    return _Line(words, words[first:])


def _in_columns(found: list[_Line]) -> bool:
    """Whether the figures of all lines stand under one another."""
    middles = [median(line.figures[n].middle for line in found) for n in range(len(found[0].figures))]
    return all(
        abs(figure.middle - middle) <= _SAME_COLUMN
        for line in found
        for figure, middle in zip(line.figures, middles, strict=True)
    )


def _table_three(lines: list[_Line], words: list[_Word], page: int) -> PageSlice | None:
    """The rows of table three on this page: some of the form's in succession, or all."""
    found = [line for line in lines if len(line.figures) == _FIGURES_OF_THREE]
    if len(found) < _FEWEST_ROWS or not _in_columns(found):
        return None
    labels = _labels(found, words)
    for form in NATIONAL_FORMS:
        expected, names = rows(form, 3), _printed(form, 3)
        for start in range(len(expected) - len(found) + 1):
            if all(_is_label(label, row) for label, row in zip(labels, expected[start:], strict=False)):
                texts = [[name, *_texts(line)] for name, line in zip(names[start:], found, strict=False)]
                return _slice([["", *_HEADER_OF_THREE], *texts], found, page)
    return None


def _table_four(lines: list[_Line], page: int) -> PageSlice | None:
    """The one row of figures of table four, where its header is above it."""
    found = [n for n, line in enumerate(lines) if len(line.figures) == len(line.words) == _FIGURES_OF_FOUR]
    if len(found) != 1:
        return None
    above = "".join(_joined(line) for line in lines[max(0, found[0] - _LINES_OF_HEADER) : found[0]])
    if above.count("结果") < _FIGURES_OF_FOUR // 5 or "未经复议" not in above or "复议后" not in above:
        return None
    described = LABELS["forms"][Form.NATIONAL_2021]["tables"]["4"]["columns"]
    header = [[column["group"][-1] for column in described], [column["label"] for column in described]]
    return _slice([*header, _texts(lines[found[0]])], [lines[found[0]]], page)


def _printed(form: str, table_no: int) -> list[str]:
    """The labels of a form's rows, with their ordinals."""
    return [row["label"] or "" for row in LABELS["forms"][form]["tables"][str(table_no)]["rows"]]


def _texts(line: _Line) -> list[str]:
    return [figure.text for figure in line.figures]


def _slice(texts: list[list[str]], found: list[_Line], page: int) -> PageSlice:
    """The table that is made of these rows of texts: as many columns as figures, and one before them for labels."""
    figures = found[0].figures
    between = ((left.x1 + right.x0) / 2 for left, right in pairwise(figures))
    edges = [0.0, figures[0].x0 - 2, *between, figures[-1].x1 + 9][len(figures) + 2 - len(texts[0]) - 1 :]
    cells = [
        [PageCell(edges[n], edges[n + 1], text, True, row * len(edges) + n) for n, text in enumerate(of_row)]
        for row, of_row in enumerate(texts)
    ]
    return PageSlice(page, min(line.top for line in found), max(line.bottom for line in found), cells, True)


def _is_label(text: str, row: Row) -> bool:
    """Whether the words beside a row of figures are its label."""
    return row.label in text or row.match.search(text) is not None


def _labels(found: list[_Line], words: list[_Word]) -> list[str]:
    """What stands left of each row of figures, nearer to it than to the rows above and below."""
    first = min(line.figures[0].x0 for line in found)
    middles = [(line.figures[0].top + line.figures[0].bottom) / 2 for line in found]
    farthest = max((below - above for above, below in pairwise(middles)), default=0.0) / 2 + _SAME_LINE
    beside: list[list[_Word]] = [[] for _ in found]
    for word in words:
        if word.x1 <= first + 1:
            middle = (word.top + word.bottom) / 2
            nearest = min(range(len(middles)), key=lambda n: abs(middles[n] - middle))
            if abs(middles[nearest] - middle) <= farthest:
                beside[nearest].append(word)
    labels = []
    for own in beside:
        last = max(own, key=lambda word: word.x1, default=None)
        column = [word for word in own if last is not None and min(word.x1, last.x1) > max(word.x0, last.x0)]
        labels.append(
            normalised("".join(word.text for word in sorted(column, key=lambda one: (round(one.top), one.x0))))
        )
    return labels


def _joined(line: _Line) -> str:
    return "".join(word.text for word in line.words)
