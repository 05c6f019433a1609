"""A report as the rows it becomes: plain values, and a digest that shows whether two readings are the same."""

from __future__ import annotations

import hashlib
import json
import marshal
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from operator import attrgetter, itemgetter
from typing import Any

from archive.agencies import agency_id, place_id
from archive.figures import Figures, figures
from archive.model import Check, Entry, Located, Problem, Report, Statistic
from archive.versions import Delta, State
from archive.vocabulary import Fate, Origin, Severity, ValueState, Verdict

FIELDS = (
    "title",
    "issuing_body",
    "co_issuing_body",
    "division_code",
    "division",
    "level",
    "body_kind",
    "report_scope",
    "report_scope_witness",
    "report_year",
    "published",
    "source",
    "form",
    "index_number",
    "document_number",
    "site_id_code",
)
"""The columns of `reports` that come from the reader, named as on Report."""

STATISTIC = ("table_no", "row_name", "column_name", "value", "unit", "raw", "value_state", "origin")
CHECK = ("identity", "scope", "expected", "actual", "verdict", "severity")
_STATISTIC = attrgetter(*STATISTIC[:6], "value_state._value_", "origin._value_")
"""Its row; of the members of vocabularies the plain words."""
_ATTACHMENT = attrgetter("url", "name", "media_type", "sha256")


@dataclass(slots=True, kw_only=True)
class Version:
    """One state of what a document said: the body it was first read from, and what differs from the state before."""

    sha256: str
    captured_at: str
    changed: dict[str, list[Any]] = field(default_factory=dict)
    restore: Delta | None = None
    """What makes the state before of this one, exactly; None for the first."""


@dataclass(slots=True, kw_only=True)
class ReportHistory:
    """Everything reports.db holds of one report: its present reading and what it said before."""

    report: Report
    """With its fields from `id` to `state` filled."""
    versions: list[Version]
    """Oldest first; the last is the present one."""
    locations: list[tuple[str, str | None]]
    """Other addresses of the document, each with the portal that has it."""
    reader_version: str


Rows = list[tuple[Any, ...]]

COLUMNS: dict[str, tuple[str, ...]] = {
    "report_texts": ("text",),
    "statistics": STATISTIC,
    "checks": CHECK,
    "table_sources": ("table_no", "origin", "url", "standing"),
    "parts": ("part", "state", "url", "cause"),
    "attachments": ("url", "name", "media_type", "sha256"),
    "locations": ("url", "portal"),
    "versions": ("sha256", "captured_at", "changed", "restore"),
}
"""What a report's rows of the other tables hold, beside `report_id`."""
_OF_DOCUMENT = (*FIELDS, "url", "portal", "sha256", "captured_at", "first_captured_at", "state")
IDS = ("agency_id", "place_id")
"""Columns of `reports` that follow from the others: see archive.agencies."""
ROW = (*_OF_DOCUMENT, *IDS)
"""What its row of `reports` holds that says something of the document."""


@dataclass(slots=True, kw_only=True)
class Record:
    """A report as the rows it becomes: plain values, cheap to hand to another process and to compare."""

    id: str
    reader_version: str
    row: dict[str, Any]
    """Its row of `reports`, by the names of ROW."""
    tables: dict[str, Rows]
    """Its rows of the other tables, by the names and in the columns of COLUMNS."""
    digest: str
    figures: Figures | None = None
    """Its row of `figures`, once `figures_of` was asked for it."""


def figures_of(record: Record) -> Figures:
    """What follows from a report's rows; worked out once."""
    if record.figures is None:
        record.figures = figures(record.row, record.tables)
    return record.figures


_ROW = attrgetter(*_OF_DOCUMENT)


def record(history: ReportHistory) -> Record:
    """The rows of a report. Raises ValueError where it does not say whose it is."""
    report = history.report
    if report.id is None:
        raise ValueError(f"{report.url}: the report has no id")
    row, tables = rows_of(report)
    tables |= {
        "locations": sorted(history.locations),
        "versions": [(v.sha256, v.captured_at, _json(v.changed), _json(v.restore)) for v in history.versions],
    }
    return record_of(report.id, row, tables, history.reader_version)


def record_of(report_id: str, row: dict[str, Any], tables: dict[str, Rows], reader_version: str) -> Record:
    """A report by its rows."""
    return Record(
        id=report_id,
        reader_version=reader_version,
        row=row,
        tables=tables,
        digest=digest_as_stored(row, tables),
    )


def rows_of(report: Report) -> tuple[dict[str, Any], dict[str, Rows]]:
    """What a report says, as its row of `reports` and its rows of the tables that hold its present state."""
    row = dict(zip(_OF_DOCUMENT, map(_plain, _ROW(report)), strict=True))
    row |= ids(report)
    return row, {
        "report_texts": [(report.text,)],
        "statistics": statistics(report),
        "checks": list(map(_check, report.checks)),
        "table_sources": [(s.table_no, str(s.origin), s.url, str(s.standing)) for s in report.table_sources],
        "parts": [(str(p.part), str(p.state), p.url, p.cause) for p in report.parts],
        "attachments": list(map(_ATTACHMENT, report.attachments)),
    }


def ids(report: Report) -> dict[str, str | None]:
    """The ids of a report's body and of its place, by the names of IDS."""
    name, code, year = report.issuing_body, report.division_code, report.report_year
    return {"agency_id": agency_id(name, code, year), "place_id": place_id(name, code, report.level, year)}


def state(report: Report) -> State:
    """What a report says, as its versions keep it."""
    row, tables = rows_of(report)
    return state_of(row, tables)


def state_of(row: Mapping[str, Any], tables: Mapping[str, Rows]) -> State:
    """The same of its rows, with those of statistics and documents in one order."""
    return State(
        fields={name: row[name] for name in FIELDS},
        text=tables["report_texts"][0][0] or "",
        statistics=sorted(tables["statistics"], key=_place),
        attachments=sorted(tables["attachments"]),
    )


def _place(statistic: tuple[Any, ...]) -> tuple[Any, ...]:
    return (*statistic[:3], statistic[7])


def statistics(report: Report) -> Rows:
    """The rows of its statistics: of a figure that a second sentence or table states again, the first."""
    rows: Rows = list(map(_STATISTIC, report.statistics))
    keys = list(map(_KEYS["statistics"], rows))
    if len(set(keys)) == len(keys):
        return rows
    first: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    for key, row in zip(keys, rows, strict=True):
        first.setdefault(key, row)
    return list(first.values())


def _plain(value: Any) -> Any:
    """A member of a vocabulary as its word: marshal takes no subclass of str, and SQLite is slower with one."""
    return str(value) if isinstance(value, str) else value


def _check(c: Check) -> tuple[Any, ...]:
    """In the order of CHECK."""
    return c.identity, c.scope, c.expected, c.actual, str(c.verdict), str(c.severity)


_VALUE_STATES = {str(state): state for state in ValueState}
_ORIGINS = {str(origin): origin for origin in Origin}


def without_rows(report: Report) -> Report:
    """A report without what its rows say in bulk: cheap to hand to another process beside them."""
    return replace(report, text="", statistics=[], checks=[])


def with_rows(report: Report, tables: Mapping[str, Rows]) -> Report:
    """The same report with that again."""
    (report.text,) = tables["report_texts"][0]
    report.statistics = [
        Statistic(table_no, row, column, value, unit, raw, _VALUE_STATES[state], _ORIGINS[origin])
        for table_no, row, column, value, unit, raw, state, origin in tables["statistics"]
    ]
    report.checks = [
        Check(identity, scope, expected, actual, Verdict(verdict), Severity(severity))
        for identity, scope, expected, actual, verdict, severity in tables["checks"]
    ]
    return report


def _json(changed: Mapping[str, Any] | None) -> str | None:
    return None if changed is None else json.dumps(changed, ensure_ascii=False, sort_keys=True) if changed else "{}"


DIGEST_FORM = "2:"
"""What the digests of this way of making them begin with. Those of earlier versions say nothing of rows as they are stored."""
_KEYS: dict[str, Callable[[tuple[Any, ...]], Any]] = {
    "statistics": itemgetter(0, 1, 2, 7),
    "checks": itemgetter(0, 1, 5),
    "table_sources": itemgetter(0, 1),
    "parts": itemgetter(0, 2),
    "attachments": itemgetter(0),
    "locations": itemgetter(0),
    "versions": itemgetter(1, 0),
}
"""What names a row of a report in its table: of two with one key the first is kept."""
_NUMBERS = {"statistics": (3,), "checks": (2, 3)}
"""Columns of numbers."""


def digest_as_stored(row: Mapping[str, Any], tables: Mapping[str, Rows]) -> str:
    """The digest of a report, by what its rows say: their order does not count, nor how a whole number is written."""
    values = [list(map(row.get, ROW)), tables["report_texts"]]
    for table, key in _KEYS.items():
        rows = tables[table]
        stored = list(map(rows.__getitem__, _in_order(tuple(map(key, rows))))) if len(rows) > 1 else rows
        numbers = _NUMBERS.get(table, ())
        columns = [list(map(itemgetter(place), stored)) for place in numbers]
        if any(float in map(type, column) for column in columns):
            has_float = [float in map(type, row) for row in zip(*columns, strict=True)]
            stored = [
                _whole(one, numbers) if is_float else one for one, is_float in zip(stored, has_float, strict=True)
            ]
        values.append(stored)
    return DIGEST_FORM + _hashed(values)


@lru_cache(maxsize=100)
def _in_order(keys: tuple[Any, ...]) -> list[int]:
    """Where the rows of these keys are, in the order of the keys; of two with one key the first.

    Remembered: the rows of nearly all tables have the keys of others, in the same order.
    """
    places = {key: place for place, key in reversed(list(enumerate(keys)))}
    return [places[key] for key in sorted(places)]


def _whole(row: tuple[Any, ...], numbers: Collection[int]) -> tuple[Any, ...]:
    """SQLite keeps 3.0 as 3."""
    return tuple(
        int(value) if place in numbers and isinstance(value, float) and value.is_integer() else value
        for place, value in enumerate(row)
    )


def _hashed(values: Any) -> str:
    """The same for the same values, in every process: marshal's second format refers to nothing by identity."""
    try:
        data = marshal.dumps(values, 2)
    except ValueError:  # a text of lxml's own kind
        data = marshal.dumps(_without_kinds(values), 2)
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def _without_kinds(values: Any) -> Any:
    """The same in Python's own kinds."""
    if isinstance(values, list | tuple):
        return type(values)(map(_without_kinds, values))
    return str(values) if isinstance(values, str) else values


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadMark:
    """What a document was read from: once there is more, it has to be read again."""

    capture_id: int
    """The newest capture that the archive had then."""
    entries: str
    """A digest of what the listings said of it; empty where none names it."""
    reader_version: str
    beside: tuple[str, ...] = ()
    """Addresses of the documents and next pages that it names, captured or not."""
    has_report: bool = False
    """Whether the reading gave a report."""


@dataclass(slots=True, kw_only=True)
class Reading:
    """What came of composing a document."""

    located: Located
    report: Report | None = None
    """The report that was read; None where no address has one, and where another process composed it."""
    record: Record | None = None
    """Its rows. None where no address has an annual report, and where reports.db holds the same already."""
    is_unchanged: bool = False
    """It was read, and reports.db holds the same already."""
    problems: list[tuple[str, list[Problem]]] = field(default_factory=list)
    """Each address that was read, with its problems now; an empty list clears earlier problems."""
    failed: bool = False
    """A reader raised what it should not: the report stays as it was."""
    fate: Fate | None = None
    """What the document is where no address has a report: not_a_report, blocked, missing, error or unreadable. None where
    it is a report, and where nothing was read as a page."""
    cause: str = ""
    """What shows that, in a few words."""
    capture_id: int | None = None
    """The capture that says so."""
    contradicting: list[tuple[Entry, str]] = field(default_factory=list)
    """Entries that lead to the report and announce another, each with what shows it."""
    mark: ReadMark | None = None
    """What it was read from. None where it is to be read again: a reader raised what it should not, or this machine kept
    it from being read whole."""
    beside: set[str] = field(default_factory=set)
    """Addresses of the documents and next pages that its pages name."""

    @property
    def is_prevented(self) -> bool:
        """Whether this machine kept the document from being read whole."""
        return self.mark is None
