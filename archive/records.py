"""A report as the rows it becomes: plain values, and a digest that tells whether two readings are the same."""

from __future__ import annotations

import hashlib
import json
import marshal
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from archive.model import Located, Problem, Report

FIELDS = (
    "title",
    "issuing_body",
    "co_issuing_body",
    "division_code",
    "division",
    "level",
    "body_kind",
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
_FIELDS = attrgetter(*FIELDS)
_STATISTIC = attrgetter(*STATISTIC)
_CHECK = attrgetter(*CHECK)
_SOURCE = attrgetter("table_no", "origin", "url", "standing")
_ATTACHMENT = attrgetter("url", "name", "media_type", "sha256")


@dataclass(slots=True, kw_only=True)
class Version:
    """One state of what a document said: the body it was first read from, and what differs from the state before."""

    sha256: str
    captured_at: str
    changed: dict[str, list[Any]] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Document:
    """Everything reports.db holds of one report: its present reading and its history."""

    id: str
    portal: str
    url: str
    report: Report
    state: str
    """live, missing, removed or returned."""
    first_captured_at: str
    versions: list[Version]
    locations: list[tuple[str, str | None]]
    """Other addresses of the document, each with the portal that has it."""
    reader_version: str


Rows = list[tuple[Any, ...]]

COLUMNS: dict[str, tuple[str, ...]] = {
    "report_texts": ("text",),
    "statistics": STATISTIC,
    "checks": CHECK,
    "table_sources": ("table_no", "origin", "url", "standing"),
    "attachments": ("url", "name", "media_type", "sha256"),
    "locations": ("url", "portal"),
    "versions": ("sha256", "captured_at", "changed"),
}
"""What a report's rows of the other tables hold, beside `report_id`."""
ROW = (*FIELDS, "url", "portal", "sha256", "captured_at", "first_captured_at", "state")
"""What its row of `reports` holds that says something of the document."""


@dataclass(slots=True, kw_only=True)
class Record:
    """A document as the rows it becomes: plain values, cheap to hand to another process and to compare."""

    id: str
    reader_version: str
    row: dict[str, Any]
    """Its row of `reports`, by the names of ROW."""
    tables: dict[str, Rows]
    """Its rows of the other tables, by the names and in the columns of COLUMNS."""
    digest: str


def record(document: Document) -> Record:
    """The rows of a document."""
    report, current = document.report, document.versions[-1]
    row = dict(
        zip(
            ROW,
            (
                *_FIELDS(report),
                document.url,
                document.portal,
                current.sha256,
                current.captured_at,
                document.first_captured_at,
                document.state,
            ),
            strict=True,
        )
    )
    tables: dict[str, Rows] = {
        "report_texts": [(report.text,)],
        "statistics": list(map(_STATISTIC, report.statistics)),
        "checks": list(map(_CHECK, report.checks)),
        "table_sources": list(map(_SOURCE, report.table_sources)),
        "attachments": list(map(_ATTACHMENT, report.attachments)),
        "locations": sorted(document.locations),
        "versions": [(v.sha256, v.captured_at, _json(v.changed)) for v in document.versions],
    }
    return Record(
        id=document.id, reader_version=document.reader_version, row=row, tables=tables, digest=_digest(row, tables)
    )


def _json(changed: dict[str, list[Any]]) -> str:
    return json.dumps(changed, ensure_ascii=False, sort_keys=True) if changed else "{}"


def _digest(row: dict[str, Any], tables: dict[str, Rows]) -> str:
    """The same for the same values, in every process: marshal's second format refers to nothing by identity."""
    values = (list(row.values()), list(tables.values()))
    try:
        data = marshal.dumps(values, 2)
    except ValueError:  # a text of lxml's own kind
        data = marshal.dumps(json.loads(json.dumps(values)), 2)
    return hashlib.sha256(data).hexdigest()


@dataclass(slots=True, kw_only=True)
class Reading:
    """What came of composing a document."""

    located: Located
    record: Record | None = None
    """None where no address has an annual report, and where reports.db holds the same already."""
    is_unchanged: bool = False
    """It was read, and reports.db holds the same already."""
    problems: list[tuple[str, list[Problem]]] = field(default_factory=list)
    """Each address that was read, with what is to be said of it now: nothing clears what was said before."""
    failed: bool = False
    """A reader raised what it should not: the report stays as it was."""
