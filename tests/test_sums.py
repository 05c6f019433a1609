"""Sums count nothing twice: governments and their departments, copies, renamed bodies, changed forms, unknown scopes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from archive import Reports
from archive.copy_candidates import link_copies
from archive.sums import sums
from archive.vocabulary import BodyKind, Counting, Form, Level, ReportScope
from tests.made_reports import made

WHOLE, OWN, UNKNOWN = ReportScope.WHOLE_AREA, ReportScope.BODY_ONLY, ReportScope.UNKNOWN
GOVERNMENT, OFFICE, DEPARTMENT = BodyKind.GOVERNMENT, BodyKind.GENERAL_OFFICE, BodyKind.DEPARTMENT


def report(number: int, year: int, body: str, code: str | None, scope: ReportScope, applications: int | None, **more: Any) -> Any:
    """A report that states how many applications it received and, if so, how many reviews there were."""
    cells = [(3, "new_received", "total", applications), (4, "cases", "review_total", more.pop("reviews", None))]
    statistics = [(table, row, column, value, "件", str(value), "number", "html") for table, row, column, value in cells if value is not None]
    checks = [("T3-A", "total", 1, 1, "holds", "suspect_parser")] if more.pop("is_verified", False) else []
    kind = more.pop("kind", DEPARTMENT)
    level = more.pop("level", Level.COUNTY)
    from archive.agencies import agency_id, place_id

    return made(
        f"p-{number}",
        {"statistics": statistics, "table_sources": [(3, "html", "u", "verified"), (4, "html", "u", "verified")], "checks": checks},
        issuing_body=body, report_year=year, division_code=code, report_scope=str(scope), body_kind=str(kind), level=str(level),
        form=str(Form.NATIONAL_2021), agency_id=agency_id(body, code, year), place_id=place_id(body, code, str(level), year),
        published=f"{year + 1}-01-20", **more,
    )


def test_scratch(tmp_path: Path) -> None:
    reports = Reports(tmp_path)
    reports.put_portal({"name": "p"})
    for one in (
        report(1, 2022, "番禺区人民政府", "440113", WHOLE, 100, kind=GOVERNMENT, is_verified=True),
        report(2, 2022, "番禺区财政局", "440113", OWN, 30),
        report(3, 2022, "番禺区教育局", "440113", OWN, 20),
        report(4, 2022, "荔湾区财政局", "440103", OWN, 7),
        report(5, 2022, "荔湾区人民政府办公室", "440103", UNKNOWN, 9, kind=OFFICE),
    ):
        reports.put(one)
    reports.commit()
    found = sums(reports.db.conn)
    for s in found:
        print(s.year, s.place, s.known, s.value("applications"), [(p.scope, p.counting, p.reports, p.values["applications"]) for p in s.parts])
    for s in sums(reports.db.conn, by=Level.COUNTY):
        print(s.year, s.place, s.known, s.value("applications"), [(p.scope, p.counting, p.reports, p.values["applications"]) for p in s.parts])
