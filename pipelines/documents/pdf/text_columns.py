"""Text that is set in two columns beside each other: the left one is read before the right one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any, NamedTuple

from pipelines.documents.text_lines import TextLine

_FEWEST_LINES = 5
"""Lines beside each other: fewer are a signature, a label and its value, a table without rules."""
_NARROWEST = 8.0
"""Points between two columns."""
_MIDDLE = (0.35, 0.65)
"""Of the page's width, where the gap between two columns is."""
_GAP = 0.9
"""Times the size of characters: what is between two words of a column is narrower."""


class Columns(NamedTuple):
    """Where two columns are: the gap between them, and the height from their first line to their last."""

    gap: float
    top: float
    bottom: float

    def holds(self, char: Any) -> bool:
        """Whether a character stands beside the gap."""
        return bool(self.top <= (char["top"] + char["bottom"]) / 2 <= self.bottom)


def find_columns(lines: Sequence[dict[str, Any]], width: float) -> Columns | None:
    """The two columns of a page's lines (pdfplumber's, with their characters); None where text is set in one."""
    gaps = [(line, gap) for line in lines if (gap := _only_gap(line["chars"], width))]
    if len(gaps) < _FEWEST_LINES:
        return None
    left, right = max(gap[0] for _, gap in gaps), min(gap[1] for _, gap in gaps)
    if right - left < _NARROWEST:
        return None
    middle = (left + right) / 2
    top, bottom = gaps[0][0]["top"], gaps[-1][0]["bottom"]
    within = [line for line in lines if top <= (line["top"] + line["bottom"]) / 2 <= bottom]
    if any(char["x0"] < middle < char["x1"] for line in within for char in line["chars"]):
        return None
    if 2 * len(gaps) <= len(within):
        return None
    below = [line for line in lines if line["top"] >= bottom]
    if below and all(line["x1"] <= middle or line["x0"] >= middle for line in below):  # one column is longer
        bottom = max(line["bottom"] for line in below)
    return Columns(middle, top, bottom)


def _only_gap(chars: Sequence[Any], width: float) -> tuple[float, float] | None:
    """The one gap of a line, where it has one alone and that is in the middle of the page."""
    ordered = sorted((char for char in chars if not char["text"].isspace()), key=lambda char: float(char["x0"]))
    gaps = [
        (float(before["x1"]), float(after["x0"]))
        for before, after in pairwise(ordered)
        if after["x0"] - before["x1"] > _GAP * after["size"]
    ]
    if len(gaps) != 1:
        return None
    start, end = gaps[0]
    return gaps[0] if _MIDDLE[0] * width < (start + end) / 2 < _MIDDLE[1] * width else None


def as_one_column(left: Sequence[TextLine], right: Sequence[TextLine], page: Sequence[TextLine]) -> list[TextLine]:
    """The lines of two columns one after another, as wide as the text of the `page` and one below another."""
    whole = [*left, *right, *page]
    start, end = min(line.x0 for line in whole), max(line.x1 for line in whole)
    found: list[TextLine] = []
    for column in (left, right):
        first, last = min(line.x0 for line in column), max(line.x1 for line in column)
        scale = (end - start) / max(last - first, 1.0)
        found += [
            replace(line, x0=start + (line.x0 - first) * scale, x1=start + (line.x1 - first) * scale) for line in column
        ]
    return found
