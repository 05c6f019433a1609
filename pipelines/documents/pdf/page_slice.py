"""The part of a table that one page of a PDF holds, and the positions of its rules."""

from __future__ import annotations

import re
from dataclasses import dataclass

SNAP = 4.0
"""Points within which two rules are one; the narrowest columns met are 11 wide."""

HAN = re.compile(r"[\u4e00-\u9fff]")


@dataclass(slots=True)
class PageCell:
    """A cell of a page: its rules left and right in points, whether it starts in its row, and its number."""

    x0: float
    x1: float
    text: str
    starts_here: bool
    number: int


@dataclass(slots=True)
class PageSlice:
    """The part of a table that one page holds: rows of cells, left to right."""

    page: int
    top: float
    bottom: float
    rows: list[list[PageCell]]
    has_rejoined_figures: bool = False
    """Figures that a narrow column broke over lines were put together."""


def rule_positions(values: list[float]) -> list[float]:
    """Positions of rules, in points; those nearer to one another than SNAP are one."""
    groups: list[list[float]] = []
    for value in sorted(values):
        if groups and value - groups[-1][-1] < SNAP:
            groups[-1].append(value)
        else:
            groups.append([value])
    return [sum(group) / len(group) for group in groups]


def nearest(edges: list[float], value: float) -> int:
    """The index of the rule that is nearest to a position."""
    return min(range(len(edges)), key=lambda i: abs(edges[i] - value))
