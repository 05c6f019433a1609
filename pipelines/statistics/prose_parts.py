"""Figures of prose that are larger than what they are a part of: one of the two counts something else, so neither is sure."""

from __future__ import annotations

from archive.forms import LABELS, columns, names, rows
from archive.model import Statistic
from archive.vocabulary import Form
from pipelines.statistics.prose_patterns import FigureKey

_FORM = Form.NATIONAL_2021
_GROUPS: dict[str, str] = LABELS["derived"]["rows"]
"""A total that only prose states → the code of the group that it sums."""


def _three(*rows_of: str) -> tuple[FigureKey, ...]:
    return tuple((3, row, names.TOTAL) for row in rows_of)


def _four(*columns_of: str) -> tuple[FigureKey, ...]:
    return tuple((4, names.CASES, column) for column in columns_of)


def _rows_in(code: str) -> tuple[str, ...]:
    return tuple(
        row.name for row in rows(_FORM, 3) if row.code.startswith(f"{code}.") and row.name != names.PROCESSED_TOTAL
    )


_APPLICANTS = (*(column.name for column in columns(_FORM, 3) if column.name != names.TOTAL), names.ORGANISATIONS_TOTAL)
_RECEIVED, _CARRIED_IN, _PROCESSED = _three(names.NEW_RECEIVED, names.CARRIED_IN, names.PROCESSED_TOTAL)
_PARTS: tuple[tuple[FigureKey, tuple[FigureKey, ...]], ...] = (
    (_RECEIVED, _three(*_rows_in("3"), names.OTHER_HANDLING, *_GROUPS, names.CARRIED_OUT)),
    (_RECEIVED, tuple((3, names.NEW_RECEIVED, column) for column in _APPLICANTS)),
    *((_three(total)[0], _three(*_rows_in(code))) for total, code in _GROUPS.items()),
    (
        _four(names.REVIEW_TOTAL)[0],
        _four(names.REVIEW_MAINTAINED, names.REVIEW_CORRECTED, names.REVIEW_OTHER, names.REVIEW_PENDING),
    ),
    (_four(names.SUIT_TOTAL)[0], _four(names.SUIT_DIRECT_TOTAL, names.SUIT_AFTER_REVIEW_TOTAL)),
)
"""A figure, and those that count parts of the same."""


def without_larger_parts(figures: list[Statistic]) -> tuple[list[Statistic], list[str]]:
    """The figures but those that are larger than their whole, and a doubt for each of these."""
    stated = {(s.table_no, s.row_name, s.column_name): s.value or 0 for s in figures}
    larger: dict[FigureKey, str] = {}
    for whole, parts in _PARTS:
        if whole not in stated:
            continue
        limit = stated[whole]
        if whole == _RECEIVED:  # what was carried in is processed as well
            limit = max(limit + stated.get(_CARRIED_IN, 0), stated.get(_PROCESSED, 0))
        for part in parts:
            if stated.get(part, 0) > limit:
                larger[part] = (
                    f"prose states {part[1]}.{part[2]} as {stated[part]}, a part of {whole[1]}.{whole[2]} {limit}"
                )
    kept = [s for s in figures if (s.table_no, s.row_name, s.column_name) not in larger] if larger else figures
    return kept, list(larger.values())
