"""The ruled tables of a picture: rules are long runs of ink, a cell is what stands between them.

A rule is told from a stroke by its length: a column rule fills the whole band between two row rules, which no
character does. Where no rule parts two slots, they are one merged cell.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

Picture: TypeAlias = NDArray[np.uint8]
"""Grey values, or a mask of ink: 1 where there is some."""

MOST_SLOTS = 5_000
"""Of one table; the largest national one has 280."""
_LEAST_WIDTH = 0.3
"""Of the picture's width, that a table has."""
_CONTRAST = 12
"""Grey values by which ink is darker than what is around it."""
_FILLED = 0.92
"""How much of a band a column rule fills."""
_DRAWN = 0.8
"""How much of a slot's side one line of pixels fills where a rule parts it from the next: text there fills less."""
_STEEPEST = 5.0
"""Degrees that a picture may lean."""


@dataclass(slots=True)
class Box:
    """A cell: the slots that it covers, and the pixels between its rules (top, left, bottom, right; ends excluded)."""

    row: int
    column: int
    rows: int
    columns: int
    pixels: tuple[int, int, int, int]


@dataclass(slots=True)
class Ruled:
    """A table: its size in slots, and its cells from top left to bottom right; none where they cannot be told apart."""

    rows: int
    columns: int
    boxes: list[Box] = field(default_factory=list)


def ink(grey: Picture) -> Picture:
    """Where there is ink: what is darker than its surroundings, so that shadows and tints are none."""
    block = max(15, min(grey.shape) // 20) | 1
    smooth = cv2.GaussianBlur(grey, (3, 3), 0)
    mask = cv2.adaptiveThreshold(smooth, 1, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, block, _CONTRAST)
    return np.asarray(mask, dtype=np.uint8)


def lean(mask: Picture) -> float:
    """Degrees by which the row rules fall to the right; 0.0 where there are none."""
    width = mask.shape[1]
    found = cv2.HoughLinesP(
        mask * 255, 1, np.pi / 1440, threshold=width // 4, minLineLength=width // 4, maxLineGap=width // 50 + 2
    )
    if found is None:
        return 0.0
    left, top, right, bottom = found.reshape(-1, 4).T.astype(float)
    angles = np.degrees(np.arctan2(bottom - top, right - left))
    lengths = np.hypot(right - left, bottom - top)
    near = np.abs(angles) < _STEEPEST
    if not near.any():
        return 0.0
    order = np.argsort(angles[near])
    weights = np.cumsum(lengths[near][order])
    return float(angles[near][order][np.searchsorted(weights, weights[-1] / 2)])


def tables(mask: Picture) -> list[Ruled]:
    """Every ruled table of a picture that does not lean, from top to bottom."""
    found = [_table(mask, *region) for region in _regions(mask)]
    return [table for table in found if table is not None]


def _regions(mask: Picture) -> list[tuple[int, int, int, int]]:
    """Where rules hang together: top, left, bottom, right."""
    height, width = mask.shape
    across = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((1, max(20, width // 20)), np.uint8))
    down = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((max(20, height // 60), 1), np.uint8))
    rules = cv2.dilate(across | down, np.ones((5, 5), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(rules)
    regions = [(y, x, y + h, x + w) for x, y, w, h, _ in stats[1:].tolist() if w > _LEAST_WIDTH * width and h > 20]
    return sorted(regions)


def _table(mask: Picture, top: int, left: int, bottom: int, right: int) -> Ruled | None:
    part = mask[top:bottom, left:right]
    width = part.shape[1]
    least = max(24, width // 12)
    across = cv2.morphologyEx(part, cv2.MORPH_OPEN, np.ones((1, least), np.uint8))
    apart = max(2, width // 300)
    ys = _bands(across.sum(axis=1) >= least, apart)
    upright = np.zeros(width, dtype=bool)
    wide = cv2.dilate(part, np.ones((1, 3), np.uint8))  # what is left of a lean moves a rule by a pixel
    for (_, above), (below, _) in pairwise(ys):
        if below - above > 4:
            upright |= wide[above + 1 : below].mean(axis=0) >= _FILLED
    xs = _bands(upright, apart)
    rows, columns = len(ys) - 1, len(xs) - 1
    if rows < 2 or columns < 2 or rows * columns > MOST_SLOTS:
        return None
    table = Ruled(rows, columns)
    for slots in _merged(part, ys, xs):
        first, last = min(row for row, _ in slots), max(row for row, _ in slots)
        start, end = min(column for _, column in slots), max(column for _, column in slots)
        inside = (top + ys[first][1] + 1, left + xs[start][1] + 1, top + ys[last + 1][0], left + xs[end + 1][0])
        if len(slots) != (last - first + 1) * (end - start + 1):
            return Ruled(rows, columns)  # cells that are no rectangles: a rule is lost
        table.boxes.append(Box(first, start, last - first + 1, end - start + 1, inside))
    table.boxes.sort(key=lambda box: (box.row, box.column))
    return table


def _bands(drawn: NDArray[np.bool_], apart: int) -> list[tuple[int, int]]:
    """First and last place of each run of drawn lines; runs nearer than `apart` are one rule."""
    places = np.flatnonzero(drawn)
    if not len(places):
        return []
    runs = np.split(places, np.flatnonzero(np.diff(places) > apart + 1) + 1)
    return [(int(run[0]), int(run[-1])) for run in runs]


def _merged(part: Picture, ys: list[tuple[int, int]], xs: list[tuple[int, int]]) -> list[list[tuple[int, int]]]:
    """The slots of each cell: those that no rule parts belong together."""
    rows, columns = len(ys) - 1, len(xs) - 1
    first: dict[tuple[int, int], tuple[int, int]] = {(r, c): (r, c) for r in range(rows) for c in range(columns)}

    def root(slot: tuple[int, int]) -> tuple[int, int]:
        while first[slot] != slot:
            slot = first[slot]
        return slot

    for row in range(rows):
        for column in range(columns):
            upper, lower = ys[row][1] + 1, ys[row + 1][0]
            start, end = xs[column][1] + 1, xs[column + 1][0]
            beside, below = xs[column + 1], ys[row + 1]
            right = part[upper:lower, max(0, beside[0] - 1) : beside[1] + 2]
            if column + 1 < columns and right.size and right.mean(axis=0).max() < _DRAWN:
                first[root((row, column + 1))] = root((row, column))
            under = part[max(0, below[0] - 1) : below[1] + 2, start:end]
            if row + 1 < rows and under.size and under.mean(axis=1).max() < _DRAWN:
                first[root((row + 1, column))] = root((row, column))
    cells: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for slot in first:
        cells.setdefault(root(slot), []).append(slot)
    return list(cells.values())
