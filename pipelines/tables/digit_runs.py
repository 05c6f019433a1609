"""Figures whose cell borders are lost: `270020130` cut into cells, only where one single way of cutting is right.

A figure has no leading zero, and a blank inside a run is a border that survived. Table three: every row's total is the
sum of its parts (T3-C), and the columns obey T3-A and T3-B. Table four: each block's total is the sum of its results.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence

from archive.forms import rows
from pipelines.tables.cell import read_value

_LONGEST = 28
"""Digits of a run; longer ones are no row of the form, and cutting them would cost without end."""
_MOST_COMBINATIONS = 5000

Cells = list[str]


def split_evenly(run: str, count: int) -> Cells | None:
    """A run that only its length cuts: one figure, or exactly as many digits as cells."""
    text = run.strip().strip("|").strip()
    if count == 1:
        return [text] if text and read_value(text).state == "number" else None
    digits = "".join(text.split())
    return list(digits) if len(digits) == count and digits.isdigit() and digits.isascii() else None


def split_cases(run: str) -> Cells | None:
    """The fifteen figures of table four."""
    even = split_evenly(run, 15)
    if even:
        return even
    pieces = _pieces(run)
    if pieces is None:
        return None
    found: list[list[int]] = []
    for cells in _cut(pieces, 15, lambda head: len(head) % 5 or sum(head[-5:-1]) == head[-1]):
        found.append(cells)
        if len(found) > 1:
            return None
    return list(map(str, found[0])) if found else None


def split_table_three(
    runs: Mapping[str, str], known: Mapping[str, Cells | None], columns: Sequence[str], form: str
) -> dict[str, Cells | None]:
    """The rows of table three that are runs, cut; None for a row that can be cut in several ways, or in none.

    runs: row name → run. known: the rows whose cells are already apart. A row that T3-C alone does not settle is
    settled by the columns' sums where they leave one way only.
    """
    ways: dict[str, list[list[int]]] = {}
    for name, run in runs.items():
        even = split_evenly(run, len(columns))
        pieces = _pieces(run)
        if even:
            ways[name] = [list(map(int, even))]
        elif pieces is None:
            ways[name] = []
        else:
            ways[name] = list(_cut(pieces, len(columns), lambda head: len(head) < 7 or sum(head[:6]) == head[6]))
    open_rows = [name for name, found in ways.items() if len(found) > 1]
    settled = {name: found[0] for name, found in ways.items() if len(found) == 1}
    for name, cells in known.items():
        if cells is not None:
            settled[name] = [value if isinstance(value := read_value(cell).value, int) else 0 for cell in cells]
    if open_rows and math.prod(len(ways[name]) for name in open_rows) <= _MOST_COMBINATIONS:
        fitting = [
            dict(zip(open_rows, choice, strict=True))
            for choice in itertools.product(*(ways[name] for name in open_rows))
            if _columns_agree(settled | dict(zip(open_rows, choice, strict=True)), len(columns), form)
        ]
        for name in open_rows:
            found = [choice[name] for choice in fitting]
            if found and all(cells == found[0] for cells in found):
                settled[name] = found[0]
    return {name: list(map(str, settled[name])) if name in settled else None for name in runs}


def _pieces(run: str) -> list[str] | None:
    pieces = run.split()
    if not pieces or sum(map(len, pieces)) > _LONGEST or not all(p.isdigit() and p.isascii() for p in pieces):
        return None
    return pieces


def _cut(
    pieces: list[str], count: int, fits: Callable[[tuple[int, ...]], object], head: tuple[int, ...] = ()
) -> Iterator[list[int]]:
    """All ways to cut the pieces into `count` figures, given up as soon as `fits(head)` says no."""
    if not pieces:
        if len(head) == count:
            yield list(head)
        return
    if len(head) >= count:
        return
    piece, rest = pieces[0], pieces[1:]
    longest = 1 if piece[0] == "0" else len(piece)
    for length in range(1, longest + 1):
        longer = (*head, int(piece[:length]))
        if fits(longer):
            left = [piece[length:], *rest] if length < len(piece) else rest
            yield from _cut(left, count, fits, longer)


def _columns_agree(table: Mapping[str, list[int]], count: int, form: str) -> bool:
    """T3-A and T3-B, as far as their rows are there."""
    outcomes = [row.name for row in rows(form, 3) if row.code.startswith("3.") and row.code != "3.7"]
    flow = ("new_received", "carried_in", "processed_total", "carried_out")
    for column in range(count):
        if all(name in table for name in flow):
            new, before, done, after = (table[name][column] for name in flow)
            if new + before != done + after:
                return False
        if "processed_total" not in table or not all(name in table for name in outcomes):
            continue
        if sum(table[name][column] for name in outcomes) != table["processed_total"][column]:
            return False
    return True
