"""The ruled tables of a picture: rules are long runs of ink, a cell is what stands between them.

A rule differs from a stroke in its length: a column rule fills the whole band between two row rules, which no
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
_AROUND = 3.5
"""Times the height of characters, that the surroundings are wide in which most is paper."""
_GRAIN = 6
"""Grey values."""
_FAINT = 0.3
"""How strong the faintest strokes of characters are, of what most are."""
_FILLED = 0.92
"""How much of a band a column rule fills."""
_DRAWN = 0.9
"""How much of a slot's side one line of pixels fills where a rule parts it from the next: text there fills less."""
_MORE = 1.3
"""Times as many cells are clearly more."""
_NEAR = 0.05
"""Of the picture's width: rules of the same length so near above one another are one table's, though its sides are open."""


@dataclass(slots=True)
class CellBox:
    """A cell: the slots that it covers, and the pixels between its rules (top, left, bottom, right; ends excluded)."""

    row: int
    column: int
    rows: int
    columns: int
    pixels: tuple[int, int, int, int]


@dataclass(slots=True)
class RuledTable:
    """A table: its size in slots, and its cells from top left to bottom right; none where they cannot be separated."""

    rows: int
    columns: int
    boxes: list[CellBox] = field(default_factory=list)


def flatten_background(grey: Picture) -> Picture:
    """The picture as dark on white: without shadows, tints and coloured cells; light characters on dark become dark."""
    around = cv2.adaptiveThreshold(grey, 1, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, 31, 2 * _CONTRAST)
    side = min(151, max(31, int(_AROUND * character_height(np.asarray(around, dtype=np.uint8))) | 1))
    frame = cv2.copyMakeBorder(grey, side, side, side, side, cv2.BORDER_REPLICATE)
    paper = cv2.medianBlur(frame, side)[side:-side, side:-side].astype(np.float32)
    differs = np.abs(paper - grey) * (255 / np.maximum(np.maximum(paper, 255 - paper), 64))
    return np.asarray(255 - np.minimum(differs, 255), dtype=np.uint8)


def ink(grey: Picture) -> Picture:
    """Where there is ink, however faint, in an even picture."""
    return np.asarray(_smooth(grey) < 255 - max(2 * _CONTRAST, 2.5 * _grain(grey)), dtype=np.uint8)


def strokes(grey: Picture) -> Picture:
    """Where there is ink about as strong as most characters: a watermark is fainter."""
    grey = _smooth(grey)
    seen = grey[grey < 255 - 40]
    strong = 255 - float(np.percentile(seen, 30)) if len(seen) else 255.0
    return np.asarray(grey < 255 - max(_CONTRAST, _FAINT * strong), dtype=np.uint8)


def _smooth(grey: Picture) -> Picture:
    """Without the grain of a photograph; a picture that has none would only lose its finest gaps."""
    return np.asarray(cv2.GaussianBlur(grey, (3, 3), 0), dtype=np.uint8) if _grain(grey) > _GRAIN else grey


def _grain(grey: Picture) -> float:
    """By how much most of the paper is off white."""
    return float(np.percentile(255 - grey, 60))


def character_height(mask: Picture) -> float:
    """The height of most characters of a picture, in pixels."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask)
    heights = [h for _, _, w, h, area in stats[1:].tolist() if area >= 6 and 5 <= h <= 80 and w <= 2.5 * h]
    return float(np.percentile(heights, 75)) if heights else 16.0


def tables(grey: Picture) -> list[RuledTable]:
    """Every ruled table of a flattened, upright picture, from top to bottom.

    Rules as strong as characters come first; fainter and dotted ones count where they part clearly more cells.
    """
    faint = ink(grey)
    best: list[RuledTable] = []
    for mask in (strokes(grey), faint, _closed(faint)):
        found = _tables_of(mask)
        if not best or _cells(found) > _MORE * _cells(best):
            best = found
        if _cells(best) and mask is faint:
            break
    return best


def _cells(tables: list[RuledTable]) -> int:
    return sum(len(table.boxes) for table in tables)


def _tables_of(mask: Picture) -> list[RuledTable]:
    return [table for region in regions(mask) if (table := _table(mask, *region)) is not None]


def regions(mask: Picture) -> list[tuple[int, int, int, int]]:
    """Where rules hang together, from top to bottom: top, left, bottom, right."""
    height, width = mask.shape
    across = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((1, max(20, width // 20)), np.uint8))
    down = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((max(20, height // 60), 1), np.uint8))
    rules = cv2.dilate(across | down, np.ones((5, 5), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(rules)
    regions = [(y, x, y + h, x + w) for x, y, w, h, _ in stats[1:].tolist() if w > _LEAST_WIDTH * width]
    found: list[tuple[int, int, int, int]] = []
    for region in sorted(regions):
        top, left, bottom, right = found[-1] if found else (0, 0, 0, 0)
        is_aligned = max(abs(region[1] - left), abs(region[3] - right)) <= max(4, width // 100)
        if found and is_aligned and region[0] - bottom <= _NEAR * width:  # sides are open where a row is one cell
            found[-1] = top, min(left, region[1]), region[2], max(right, region[3])
        else:
            found.append(region)
    return [region for region in found if region[2] - region[0] > 20]


def _table(mask: Picture, top: int, left: int, bottom: int, right: int) -> RuledTable | None:
    part = mask[top:bottom, left:right]
    height, width = part.shape
    least = max(24, width // 12)
    across = cv2.morphologyEx(part, cv2.MORPH_OPEN, np.ones((1, least), np.uint8))
    apart = max(2, width // 300)
    ys = _bands(across.sum(axis=1) >= least, apart)
    if len(ys) < 2:
        return None
    usual = float(np.median([below - above for (_, above), (below, _) in pairwise(ys)]))
    ys = _to_the_ends(ys, height, usual, narrow=0)
    drawn = np.zeros(width, dtype=np.int64)  # over how many bands, and the next one
    before = np.zeros(width, dtype=bool)
    wide = cv2.dilate(part, np.ones((1, 3), np.uint8))  # what is left of a lean moves a rule by a pixel
    for (_, above), (below, _) in pairwise(ys):
        if below - above > 4:
            filled = wide[above : below + 1].mean(axis=0) >= 1 - 0.6 / (below - above)
            drawn += filled & cv2.dilate(before.astype(np.uint8)[None], np.ones((1, 5), np.uint8))[0].astype(bool)
            before = filled
    xs = _to_the_ends(_bands(drawn > 0, apart), width, usual, narrow=0.4)
    ys = [y for y in ys if y in (ys[0], ys[-1]) or _parts(part, y, xs)]  # what parts no cells is a line of text
    rows, columns = len(ys) - 1, len(xs) - 1
    if rows < 2 or columns < 2 or rows * columns > MOST_SLOTS:
        return None
    table = RuledTable(rows, columns)
    for slots in _merged(part, ys, xs):
        first, last = min(row for row, _ in slots), max(row for row, _ in slots)
        start, end = min(column for _, column in slots), max(column for _, column in slots)
        inside = (top + ys[first][1] + 1, left + xs[start][1] + 1, top + ys[last + 1][0], left + xs[end + 1][0])
        if len(slots) != (last - first + 1) * (end - start + 1):
            return RuledTable(rows, columns)  # cells that are no rectangles: a rule is lost
        table.boxes.append(CellBox(first, start, last - first + 1, end - start + 1, inside))
    table.boxes.sort(key=lambda box: (box.row, box.column))
    return table


def _closed(mask: Picture) -> Picture:
    """The mask with the gaps of dotted rules filled."""
    across, down = (cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones(size, np.uint8)) for size in ((1, 5), (5, 1)))
    return np.asarray(across | down, dtype=np.uint8)


def _to_the_ends(rules: list[tuple[int, int]], length: int, usual: float, narrow: float) -> list[tuple[int, int]]:
    """The rules of a side with the ends where it is open; what is too narrow for a cell at its ends is left out.

    `usual` is the height of most rows.
    """
    if rules and rules[0][0] > 0.5 * usual:
        rules = [(0, 0), *rules]
    if rules and length - rules[-1][1] > 0.5 * usual:
        rules = [*rules, (length - 1, length - 1)]
    while len(rules) > 2 and rules[1][0] - rules[0][1] < narrow * usual:
        rules = rules[1:]
    while len(rules) > 2 and rules[-1][0] - rules[-2][1] < narrow * usual:
        rules = rules[:-1]
    return rules


def _bands(drawn: NDArray[np.bool_], apart: int) -> list[tuple[int, int]]:
    """First and last place of each run of drawn lines; runs nearer than `apart` are one rule."""
    places = np.flatnonzero(drawn)
    if not len(places):
        return []
    runs = np.split(places, np.flatnonzero(np.diff(places) > apart + 1) + 1)
    return [(int(run[0]), int(run[-1])) for run in runs]


def _parts(part: Picture, y: tuple[int, int], xs: list[tuple[int, int]]) -> bool:
    """Whether a rule across goes from one column rule to another."""
    band = part[max(0, y[0] - 1) : y[1] + 2]
    return any(
        band[:, left + 1 : right].mean(axis=1).max(initial=0) >= _DRAWN
        for (_, left), (right, _) in pairwise(xs)
        if right > left + 1
    )


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
