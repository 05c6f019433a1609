"""Identities within one report and between two years."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from lxml import etree

from archive.forms import LABELS, rows
from archive.model import Check, Statistic
from crawler.demo.reports import FAULTS, Synthetic
from pipelines.statistics import read
from pipelines.statistics.checks import check, check_years
from pipelines.tables.grid import grids

BODY = "江口市人民政府"


def read_report(year: int, kind: str = "cn-2021", *faults: str) -> list[Statistic]:
    report = Synthetic(issuing_body=BODY, report_year=year, kind=kind, faults=frozenset(faults))
    element = etree.fromstring(f"<div>{report.html()}</div>", etree.HTMLParser())
    return read(grids(element), report.paragraphs(), year)[0]


def verdicts(checks: Iterable[Check], verdict: str) -> set[tuple[str, str]]:
    return {(found.identity, found.scope) for found in checks if found.verdict == verdict}


def cell(row: str, column: str, value: float | None, table_no: int = 3, origin: str = "html") -> Statistic:
    return Statistic(table_no=table_no, row_name=row, column_name=column, value=value, origin=origin)


@pytest.mark.parametrize("kind", ["cn-2019", "cn-2021", "hybrid"])
def test_a_sound_report_keeps_every_identity(kind: str) -> None:
    year = 2020 if kind == "cn-2019" else 2023
    found = check(read_report(year, kind))
    assert verdicts(found, "fails") == set()
    count = len(rows("cn-2021" if kind == "cn-2021" else "cn-2019", 3))
    within = [one for one in found if one.identity in ("T3-A", "T3-B", "T3-C", "T4-A")]
    assert len(within) == 7 + 7 + count + 3
    assert {one.verdict for one in within} == {"holds"}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_a_fault_breaks(fault: str) -> None:
    report = Synthetic(issuing_body=BODY, report_year=2022, faults=frozenset({fault}))
    broken = {scope for scope in verdicts(check(read_report(2022, "cn-2021", fault)), "fails") if scope[0] != "S-2"}
    assert broken == report.failed()


def test_severities_are_those_of_the_form_s_description() -> None:
    severity = {identity["id"]: identity["severity"] for identity in LABELS["identities"]}
    found = check(read_report(2022)) + check_years(read_report(2021), read_report(2022))
    assert {one.identity for one in found} >= {"T3-A", "T3-B", "T3-C", "T4-A", "X-A", "X-B", "S-2"}
    assert all(one.severity == severity[one.identity] for one in found)


def test_a_blank_total_is_not_assessable_and_never_zero() -> None:
    found = check(read_report(2022, "cn-2021", "blank-total"))
    assert verdicts(found, "fails") == set()
    assert {("T3-A", "total"), ("T3-B", "total"), ("T3-C", "granted")} <= verdicts(found, "not_assessable")


def test_blanks_count_as_nothing_in_a_sum() -> None:
    found = check(read_report(2022, "cn-2021", "blank"))
    assert verdicts(found, "fails") == set()
    assert ("T3-B", "total") in verdicts(found, "holds")


def test_a_blank_form_is_assessed_nowhere() -> None:
    found = check(read_report(2022, "cn-2021", "blank-form"))
    assert {one.verdict for one in found if one.identity != "S-2"} == {"not_assessable"}


def test_a_row_that_was_not_read_makes_its_sums_unassessable() -> None:
    statistics = [s for s in read_report(2022) if s.row_name != "denied_state_secret"]
    found = check(statistics)
    assert {scope for identity, scope in verdicts(found, "not_assessable") if identity == "T3-B"} >= {
        "total",
        "natural_person",
    }
    assert verdicts(found, "fails") == set()


def test_the_failure_tells_both_numbers() -> None:
    block = ("maintained", "corrected", "other", "pending")
    statistics = [cell("cases", f"review_{name}", value, 4) for name, value in zip(block, (10, 1, 0, 0), strict=True)]
    (found,) = [one for one in check([*statistics, cell("cases", "review_total", 0, 4)]) if one.scope == "review"]
    assert (found.expected, found.actual, found.verdict, found.severity) == (11, 0, "fails", "suspect_source")


def test_totals_of_disclosed_documents_and_signs() -> None:
    good = [cell("regulations", "newly_disclosed", 3, 2), cell("regulations", "total_disclosed", 8, 2)]
    bad = [cell("regulations", "newly_disclosed", 9, 2), cell("regulations", "total_disclosed", 8, 2)]
    assert verdicts(check(good), "holds") == {("S-1", "regulations")}
    assert verdicts(check(bad), "fails") == {("S-1", "regulations")}
    signs = [
        cell("administrative_licensing", "items_change", -3, 2),
        cell("administrative_licensing", "decisions", -3, 2),
    ]
    assert verdicts(check(signs), "fails") == {("S-1", "administrative_licensing.decisions")}


def test_prose_against_the_table_group_sums_and_organisations_too() -> None:
    found = check(read_report(2022, "cn-2021", "prose"))
    assert verdicts(found, "fails") == {("S-2", "new_received.total")}
    assert ("S-2", "denied_total.total") in verdicts(found, "holds")
    organisations = (
        "commercial_enterprise",
        "research_institution",
        "public_welfare_org",
        "legal_service_org",
        "other_org",
    )
    table = [cell("new_received", name, 2) for name in organisations]
    stated = cell("new_received", "organisations_total", 10, origin="narrative")
    assert ("S-2", "new_received.organisations_total") in verdicts(check([*table, stated]), "holds")


def test_prose_alone_is_checked_against_nothing() -> None:
    assert check([cell("new_received", "total", 5, origin="narrative")]) == []


def test_figures_in_an_attachment_are_checked_once() -> None:
    from_html = read_report(2022)
    twice = from_html + [
        Statistic(table_no=s.table_no, row_name=s.row_name, column_name=s.column_name, value=s.value, origin="docx")
        for s in from_html
        if s.origin == "html"
    ]
    assert check(twice) == check(from_html)


@pytest.mark.parametrize(("kind", "year"), [("cn-2019", 2020), ("cn-2021", 2023)])
def test_consecutive_years_agree(kind: str, year: int) -> None:
    found = check_years(read_report(year - 1, kind), read_report(year, kind))
    assert verdicts(found, "fails") == set()
    wanted = {("X-A", "total")} | (
        {("X-C", "administrative_licensing")} if kind == "cn-2019" else {("X-B", "normative_documents")}
    )
    assert wanted <= verdicts(found, "holds")


def test_years_that_do_not_follow_each_other_disagree() -> None:
    before, after = read_report(2019, "cn-2019"), read_report(2023)
    carried = {s.column_name: s.value for s in before if s.row_name == "carried_out"}
    taken = {s.column_name: s.value for s in after if s.row_name == "carried_in" and s.origin == "html"}
    fails = {scope for identity, scope in verdicts(check_years(before, after), "fails") if identity == "X-A"}
    assert fails == {column for column, value in taken.items() if value != carried[column]} != set()


def test_a_year_without_tables_cannot_be_compared() -> None:
    assert check_years(read_report(2022, "cn-2021", "prose-only"), read_report(2023)) == []
