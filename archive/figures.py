"""The figures of a report: what `figures` holds of it, worked out of its other rows when it is written.

A figure is that of the most reliable source of its table, else the one that prose states. What counts as reliable is
defined here and nowhere else; `key_figures` and every question read what is written.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple

from archive.forms import LABELS, names
from archive.vocabulary import BodyKind, Form, Origin, PartState, Standing, TableState, Verdict

# Reliability

_PROSE = str(Origin.NARRATIVE)
_STANDINGS = {str(Standing.VERIFIED): 0, str(Standing.INCONSISTENT): 1}
_ORIGINS = {str(origin): place for place, origin in enumerate((Origin.HTML, Origin.DOCX, Origin.XLSX, Origin.PDF))}
_DRAWN = {str(Origin.PDF), str(Origin.IMAGE)}
"""Where lines and characters are placed and nothing says which cell a figure is in."""


_UNKNOWN = (2, len(_ORIGINS) + 1)
"""The place of a table whose source is not known, after all others."""


def reliability(standing: str | None, origin: str) -> tuple[int, int]:
    """Sorts the sources of one table: the first counts."""
    return _STANDINGS.get(standing or "", 2), _ORIGINS.get(origin, len(_ORIGINS))


def is_trusted(table_no: int, standing: str | None, origin: str) -> bool:
    """Whether a table counts: where it is verified, and as published where its cells are certain.

    One that does not add up counts as published where a page, a Word or an Excel file says which cell a figure is in;
    so does the annex before 2019, which agencies shorten as they like.
    """
    if standing == Standing.VERIFIED:
        return True
    return origin not in _DRAWN and (standing == Standing.INCONSISTENT or table_no == 1)


# Definitions


class Cell(NamedTuple):
    """A figure of one cell."""

    table_no: int
    row_name: str
    column_name: str


class Group(NamedTuple):
    """The sum of the rows of table three whose names begin so, column `total`."""

    prefix: str


class Sum(NamedTuple):
    """The sum of two cells; nothing where one is blank."""

    one: Cell
    other: Cell


Source = Cell | Group | Sum


def _three(row: str, column: str = names.TOTAL) -> Cell:
    return Cell(3, row, column)


def _four(column: str) -> Cell:
    return Cell(4, names.CASES, column)


def _annex(row: str) -> Cell:
    """The annex's row of the same meaning before 2019 (`same_as` in labels.json)."""
    return Cell(1, row, names.YEAR_VALUE)


_DIRECT, _AFTER_REVIEW = _four(names.SUIT_DIRECT_TOTAL), _four(names.SUIT_AFTER_REVIEW_TOTAL)

KEY_FIGURES: dict[str, tuple[Source, ...]] = {
    "applications": (_three(names.NEW_RECEIVED), _annex(names.APPLICATIONS_RECEIVED)),
    "applications_natural_person": (_three(names.NEW_RECEIVED, names.NATURAL_PERSON),),
    "carried_in": (_three(names.CARRIED_IN),),
    "processed": (_three(names.PROCESSED_TOTAL), _annex(names.APPLICATIONS_PROCESSED)),
    "granted": (_three(names.GRANTED), _annex(names.REPLIED_GRANTED)),
    "partially_granted": (_three(names.PARTIALLY_GRANTED), _annex(names.REPLIED_PARTIALLY_GRANTED)),
    "denied": (Group("denied"), _three(names.DENIED_TOTAL), _annex(names.REPLIED_DENIED)),
    "not_provided": (Group("not_provided"), _three(names.NOT_PROVIDED_TOTAL)),
    "not_processed": (Group("not_processed"), _three(names.NOT_PROCESSED_TOTAL)),
    "other": (_three(names.OTHER_HANDLING), Group("other"), _three(names.OTHER_TOTAL)),
    "carried_out": (_three(names.CARRIED_OUT),),
    "reviews": (_four(names.REVIEW_TOTAL), _annex(names.REVIEWS_TOTAL)),
    "reviews_corrected": (_four(names.REVIEW_CORRECTED), _annex(names.REVIEWS_CORRECTED)),
    "suits_direct": (_DIRECT,),
    "suits_after_review": (_AFTER_REVIEW,),
    "suits": (Sum(_DIRECT, _AFTER_REVIEW), _four(names.SUIT_TOTAL)),
}
"""The figures of `key_figures`, each with where it is looked for, in this order."""

REFUSALS = {
    row["name"]: (_three(row["name"]),)
    for row in LABELS["forms"][Form.NATIONAL_2021]["tables"]["3"]["rows"]
    if row["code"].startswith("3.3.")
}
"""The reasons for refusing, rows 3.3.1 to 3.3.8."""
FIGURES: dict[str, tuple[Source, ...]] = (
    KEY_FIGURES
    | {
        "not_held": (_three(names.NOT_HELD),),
        "reviews_pending": (_four(names.REVIEW_PENDING),),
        "suits_direct_pending": (_four(names.SUIT_DIRECT_PENDING),),
        "suits_direct_corrected": (_four(names.SUIT_DIRECT_CORRECTED),),
        "suits_after_review_pending": (_four(names.SUIT_AFTER_REVIEW_PENDING),),
        "suits_after_review_corrected": (_four(names.SUIT_AFTER_REVIEW_CORRECTED),),
    }
    | REFUSALS
)
"""Every figure of `figures`."""
_GROUPS = tuple(source.prefix for sources in FIGURES.values() for source in sources if isinstance(source, Group))


def _cells_of(source: Source) -> tuple[Cell, ...]:
    return (source.one, source.other) if isinstance(source, Sum) else (source,) if isinstance(source, Cell) else ()


_CELLS = frozenset(cell for sources in FIGURES.values() for source in sources for cell in _cells_of(source))
TABLE_OF = {
    name: 4 if any(cell.table_no == 4 for source in sources for cell in _cells_of(source)) else 3
    for name, sources in FIGURES.items()
}
"""The national table of each figure."""


@lru_cache(maxsize=1024)
def _group_of(row_name: str) -> str | None:
    return next((prefix for prefix in _GROUPS if row_name.startswith(f"{prefix}_")), None)


# Working out


class Found(NamedTuple):
    """A figure and where it was found."""

    value: int | float
    table_no: int
    origin: str


Ranks = dict[tuple[int, str], tuple[int, int]]
"""(table, origin) → how it sorts among the sources of its table; only those that count."""


class _Cells:
    """The figures of one report by cell and by group, each from the best of the sources that count."""

    def __init__(self, statistics: Iterable[Sequence[Any]], ranks: Ranks, *, everything: bool) -> None:
        """With `everything`, cells count whose table has no source, too."""
        best: dict[tuple[int, str, str], tuple[tuple[int, int, int, str], Found]] = {}
        parts: dict[tuple[str, str], list[tuple[str, int | float]]] = {}
        for table_no, row_name, column_name, value, _, _, _, origin in statistics:
            key = (table_no, row_name, column_name)
            is_part = table_no == 3 and column_name == names.TOTAL and _group_of(row_name)
            if value is None or value % 1 or (key not in _CELLS and not is_part):
                continue  # what is counted is whole: half an application is misread or misprinted
            rank = ranks.get((table_no, origin))
            if is_part and rank is not None:
                parts.setdefault((is_part, origin), []).append((row_name, value))
            if origin == _PROSE:
                order = (1, 0, 0, origin)
            elif rank is not None:
                order = (0, *rank, origin)
            elif everything:
                order = (0, *_UNKNOWN, origin)
            else:
                continue
            if key in _CELLS and (key not in best or order < best[key][0]):
                best[key] = order, Found(value, table_no, origin)
        self.cells = {key: found for key, (_, found) in best.items()}
        self.groups: dict[str, Found] = {}
        for prefix, origin in sorted(parts, key=lambda part: (ranks[3, part[1]], part[1]), reverse=True):
            total = sum(value for _, value in sorted(parts[prefix, origin]))
            self.groups[prefix] = Found(total, 3, origin)

    def get(self, sources: Sequence[Source]) -> Found | None:
        """The figure of the first source that has one."""
        return next((found for source in sources if (found := self._of(source))), None)

    def _of(self, source: Source) -> Found | None:
        if isinstance(source, Group):
            return self.groups.get(source.prefix)
        if isinstance(source, Cell):
            return self.cells.get(source)
        one, other = self.cells.get(source.one), self.cells.get(source.other)
        return one._replace(value=one.value + other.value) if one and other else None


def _best_source(sources: Iterable[Sequence[Any]], table_no: int, ranks: Ranks) -> tuple[str | None, str | None]:
    """Origin and standing of the source that a table's figures come from; nothing where they come from prose."""
    counting = [
        (ranks[table, origin], origin, standing)
        for table, origin, _, standing in sources
        if table == table_no and (table, origin) in ranks and standing != Standing.UNREAD
    ]
    return min(counting)[1:] if counting else (None, None)


# The row


_OF_REPORT = (
    "portal",
    "issuing_body",
    "report_year",
    "agency_id",
    "place_id",
    "division_code",
    "level",
    "body_kind",
    "report_scope",
    "form",
    "published",
)
"""Columns that repeat those of `reports`, so that no question needs both."""
OF_OTHER_REPORTS = ("same_as", "held_over_years", "failed_over_years", "previous_report_id", "reused_share")
"""Columns that depend on other reports: written when reports are related, and kept when the report is written anew."""
COLUMNS: dict[str, str] = (
    dict.fromkeys(_OF_REPORT, "TEXT")
    | {"report_year": "INTEGER", "province": "TEXT", "deadline": "TEXT", "days_late": "INTEGER"}
    | dict.fromkeys(FIGURES, "INTEGER")
    | {"origins": "TEXT"}
    | dict.fromkeys(("standing_two", "standing_three", "standing_four", "table_three", "table_four"), "TEXT")
    | dict.fromkeys((f"parts_{state}" for state in PartState), "INTEGER")
    | dict.fromkeys(
        ("cells", "cells_three", "cells_four", "values_three", "totals_three", "held_checks", "failed_checks"),
        "INTEGER",
    )
)
"""The columns of `figures` beside its key and OF_OTHER_REPORTS, each with its type."""
ALL_TABLES = (*KEY_FIGURES, "standing_three", "standing_four")
"""What is kept a second time, from every table whatever its standing, where that differs."""


class Figures(NamedTuple):
    """A report's row of `figures`, and what all its tables say where that differs."""

    row: dict[str, Any]
    """By the names of COLUMNS."""
    of_all_tables: tuple[Any, ...] | None
    """By the names of ALL_TABLES; None where it is the same."""


def figures(report: Mapping[str, Any], tables: Mapping[str, Sequence[Sequence[Any]]]) -> Figures:
    """The figures of a report by its row of `reports` and its rows of the other tables, as `records` has them."""
    statistics, sources = tables["statistics"], tables["table_sources"]
    everything: Ranks = {(table, origin): reliability(standing, origin) for table, origin, _, standing in sources}
    ranks = {
        (table, origin): everything[table, origin]
        for table, origin, _, standing in sources
        if is_trusted(table, standing, origin)
    }
    trusted = _Cells(statistics, ranks, everything=False)
    found = {name: trusted.get(wanted) for name, wanted in FIGURES.items()}
    best = {table: _best_source(sources, table, ranks) for table in (2, 3, 4)}
    counts = _counts(statistics)
    deadline = legal_deadline(report["report_year"], report["body_kind"])
    verdicts = Counter(check[4] for check in tables["checks"])
    states = Counter(part[1] for part in tables["parts"])
    code = report["division_code"]
    row: dict[str, Any] = {
        **{name: report.get(name) for name in _OF_REPORT},
        "province": f"{code[:2]}0000" if code else None,
        "deadline": deadline,
        "days_late": _days(deadline, report["published"]),
        **{name: one.value if one else None for name, one in found.items()},
        "origins": _origins(found, best),
        "standing_two": best[2][1],
        "standing_three": best[3][1],
        "standing_four": best[4][1],
        "table_three": _state(tables["checks"], best[3][1], counts["values_three"], _concerns_three),
        "table_four": _state(tables["checks"], best[4][1], counts["values_four"], _concerns_four),
        **{f"parts_{state}": states[state] for state in PartState},
        "cells": len(statistics),
        **{name: counts[name] for name in ("cells_three", "cells_four", "values_three", "totals_three")},
        "held_checks": verdicts[Verdict.HOLDS],
        "failed_checks": verdicts[Verdict.FAILS],
    }
    return Figures(row, _of_all_tables(row, tables, ranks, everything))


def _of_all_tables(
    row: dict[str, Any], tables: Mapping[str, Sequence[Sequence[Any]]], ranks: Ranks, everything: Ranks
) -> tuple[Any, ...] | None:
    statistics, sources = tables["statistics"], tables["table_sources"]
    if ranks == everything and all((s[0], s[7]) in ranks for s in statistics if s[7] != _PROSE):
        return None
    cells = _Cells(statistics, everything, everything=True)
    found = (cells.get(wanted) for wanted in KEY_FIGURES.values())
    values = (
        *(one.value if one else None for one in found),
        *(_best_source(sources, table, everything)[1] for table in (3, 4)),
    )
    return values if values != tuple(row[name] for name in ALL_TABLES) else None


def _counts(statistics: Sequence[Sequence[Any]]) -> dict[str, int]:
    """How many cells and values of tables three and four there are; values are numbers that are not from prose."""
    cells, found = {3: 0, 4: 0}, {3: 0, 4: 0}
    totals = 0
    for table_no, _, column_name, value, _, _, _, origin in statistics:
        if table_no in cells:
            cells[table_no] += 1
            if value is not None and origin != _PROSE:
                found[table_no] += 1
                totals += table_no == 3 and column_name == names.TOTAL
    return {
        "cells_three": cells[3],
        "cells_four": cells[4],
        "values_three": found[3],
        "values_four": found[4],
        "totals_three": totals,
    }


_BESIDE_TOTAL = {
    column["name"]
    for column in LABELS["forms"][Form.NATIONAL_2021]["tables"]["3"]["columns"]
    if column["name"] != names.TOTAL
}
"""A key figure of table three is of the column `total`; what fails in another column does not concern it."""


def _concerns_three(identity: str, scope: str) -> bool:
    return identity.startswith("T3-") and scope not in _BESIDE_TOTAL


def _concerns_four(identity: str, _: str) -> bool:
    return identity == names.RESULT_SUM


def _state(checks: Sequence[Sequence[Any]], standing: str | None, values: int, concerns: Any) -> str:
    """How far a table is verified, by the checks that concern it."""
    if standing is None or not values:
        return str(TableState.PROSE)
    verdicts = {check[4] for check in checks if concerns(check[0], check[1])}
    if Verdict.FAILS in verdicts:
        return str(TableState.FAILS)
    return str(TableState.VERIFIED if Verdict.HOLDS in verdicts else TableState.UNCHECKED)


def _origins(found: Mapping[str, Found | None], best: Mapping[int, tuple[str | None, str | None]]) -> str | None:
    """Where figures come from that do not come from their table's best source: figure → [table, origin]."""
    other = {
        name: [one.table_no, one.origin]
        for name, one in found.items()
        if one and (one.table_no, one.origin) != (TABLE_OF[name], best[TABLE_OF[name]][0])
    }
    return json.dumps(other) if other else None


def legal_deadline(report_year: int | None, body_kind: str | None) -> str | None:
    """The last day for publishing a report; None where year or kind of body is not known.

    Regulation of 2019, arts. 49 and 50: departments by 31 January, governments by 31 March; before 2019 all by 31 March.
    """
    if report_year is None:
        return None
    if report_year < 2019 or body_kind == BodyKind.GOVERNMENT:
        return f"{report_year + 1}-03-31"
    return f"{report_year + 1}-01-31" if body_kind is not None else None


def _days(deadline: str | None, published: str | None) -> int | None:
    """Days from the deadline to publication; negative is early."""
    if deadline is None or published is None:
        return None
    try:
        return (date.fromisoformat(published[:10]) - date.fromisoformat(deadline)).days
    except ValueError:
        return None
