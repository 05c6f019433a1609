"""Figures whose cell borders are lost: `270020130` is cut into cells only where one single way of cutting is right.

A figure has no leading zero, and a blank inside a run is a border that survived. Table three: every row's total is the
sum of its parts (T3-C), and the columns obey T3-A and T3-B. Table four: each block's total is the sum of its results.
See docs/form.md, Identities and Cells and blanks.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence

from archive.forms import rows
from archive.forms.names import CARRIED_IN, CARRIED_OUT, NEW_RECEIVED, PROCESSED_TOTAL
from archive.vocabulary import Form, ValueState
from pipelines.tables.cell_value import read_value

_LONGEST = 28
"""Digits of a run; longer ones are no row of the form, and cutting them would take forever."""
_MOST_COMBINATIONS = 5000


def split_evenly(run: str, count: int) -> list[str] | None:
    """A run that only its length cuts: one figure, or exactly as many digits as cells."""
    text = run.strip().strip("|").strip()
    if count == 1:
        return [text] if text and read_value(text).state is ValueState.NUMBER else None
    digits = "".join(text.split())
    return list(digits) if len(digits) == count and digits.isdigit() and digits.isascii() else None


def split_table_four(run: str) -> list[str] | None:
    """The fifteen figures of table four; None where there are several ways to cut the run, or none."""
    even = split_evenly(run, 15)
    if even:
        return even
    pieces = _pieces(run)
    if pieces is None:
        return None
    ways = _cut(pieces, 15, lambda head: len(head) % 5 or sum(head[-5:-1]) == head[-1])
    first_two = list(itertools.islice(ways, 2))
    return list(map(str, first_two[0])) if len(first_two) == 1 else None


def split_table_three(
    runs: Mapping[str, str], known: Mapping[str, list[str] | None], columns: Sequence[str], form: Form
) -> dict[str, list[str] | None]:
    """The rows of table three that are runs, cut; None for a row that can be cut in several ways, or in none.

    runs: row name → run. known: the rows whose cells are already apart. A row that T3-C alone does not settle is
    settled by the columns' sums where they leave one way only.
    """
    ways = {name: _ways_to_cut(run, len(columns)) for name, run in runs.items()}
    settled = {name: found[0] for name, found in ways.items() if len(found) == 1}
    settled |= {name: _whole_numbers(cells) for name, cells in known.items() if cells is not None}
    ambiguous = {name: found for name, found in ways.items() if len(found) > 1}
    if ambiguous:
        settled |= _settled_by_columns(ambiguous, settled, len(columns), form)
    return {name: list(map(str, settled[name])) if name in settled else None for name in runs}


def _ways_to_cut(run: str, count: int) -> list[list[int]]:
    """Every way to cut a row of table three that T3-C allows."""
    if even := split_evenly(run, count):
        return [list(map(int, even))]
    pieces = _pieces(run)
    if pieces is None:
        return []
    return list(_cut(pieces, count, lambda head: len(head) < 7 or sum(head[:6]) == head[6]))


def _whole_numbers(cells: list[str]) -> list[int]:
    return [value if isinstance(value := read_value(cell).value, int) else 0 for cell in cells]


def _settled_by_columns(
    ambiguous: Mapping[str, list[list[int]]], settled: Mapping[str, list[int]], count: int, form: Form
) -> dict[str, list[int]]:
    """The rows that are cut alike in every combination of ways which the sums of the columns allow."""
    if math.prod(map(len, ambiguous.values())) > _MOST_COMBINATIONS:
        return {}
    combinations = (dict(zip(ambiguous, choice, strict=True)) for choice in itertools.product(*ambiguous.values()))
    fitting = [choice for choice in combinations if _columns_agree({**settled, **choice}, count, form)]
    if not fitting:
        return {}
    first = fitting[0]
    return {name: first[name] for name in ambiguous if all(choice[name] == first[name] for choice in fitting)}


def _pieces(run: str) -> list[str] | None:
    pieces = run.split()
    if not pieces or sum(map(len, pieces)) > _LONGEST or not all(p.isdigit() and p.isascii() for p in pieces):
        return None
    return pieces


def _cut(
    pieces: list[str], count: int, fits: Callable[[tuple[int, ...]], object], head: tuple[int, ...] = ()
) -> Iterator[list[int]]:
    """All ways to cut the pieces into `count` figures; a way is given up as soon as `fits` refuses its first figures."""
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


def _columns_agree(table: Mapping[str, list[int]], count: int, form: Form) -> bool:
    """T3-A and T3-B, as far as their rows are there."""
    outcomes = [row.name for row in rows(form, 3) if row.code.startswith("3.") and row.code != "3.7"]
    flow = (NEW_RECEIVED, CARRIED_IN, PROCESSED_TOTAL, CARRIED_OUT)
    for column in range(count):
        if all(name in table for name in flow):
            new, before, done, after = (table[name][column] for name in flow)
            if new + before != done + after:
                return False
        if PROCESSED_TOTAL not in table or not all(name in table for name in outcomes):
            continue
        if sum(table[name][column] for name in outcomes) != table[PROCESSED_TOTAL][column]:
            return False
    return True
