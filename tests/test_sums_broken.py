"""Attempts to make sums wrong: two scopes, renamed bodies, re-hosted copies, changed forms, reports taken out, two names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from archive import Reports
from archive.copy_candidates import link_copies
from archive.listed_bodies import put_listed_bodies
from archive.records import Record
from archive.room.asked_figures import ADDED_UP
from archive.sums import Sum, sums
from archive.vocabulary import Counting, Level
from pipelines.metadata.listed_bodies import body_named
from tests.made_reports import made
from tests.test_sums import CITY, DEPARTMENT, GOVERNMENT, OFFICE, OWN, UNKNOWN, WHOLE, ZONE, Planted, archive, record

CODE = "450103"
GOVERNED = Planted(2022, "青秀区人民政府", CODE, WHOLE, 300, GOVERNMENT, is_verified=True)
BUREAU = Planted(2022, "青秀区财政局", CODE, OWN, 30)


def one_sum(reports: Reports, **asked: object) -> Sum:
    (found,) = sums(reports.db.conn, **{"place": CODE, "year": 2022} | asked)  # type: ignore[arg-type]
    return found


def shown(total: Sum) -> tuple[int | None, int, int]:
    return total.value("applications"), total.in_hand, total.known


def test_a_body_that_reports_in_two_scopes_counts_once(tmp_path: Path) -> None:
    """The whole area counts, its own part is within it, and the body is one in hand."""
    own = replace(GOVERNED, scope=OWN, applications=12)
    reports = archive(tmp_path, [GOVERNED, own, BUREAU])
    assert shown(one_sum(reports)) == (300, 2, 2)
    # where the one on the area is of unknown scope, nothing says whose figures it has
    reports.put(record(0, replace(GOVERNED, scope=UNKNOWN)))
    assert shown(one_sum(reports)) == (42, 2, 2)
    assert one_sum(reports).reports(Counting.APART) == 1
    # and where it states nothing, its bodies are added up
    reports.put(record(0, replace(GOVERNED, applications=None)))
    assert shown(one_sum(reports)) == (42, 2, 2)
    reports.close()


def test_a_body_of_two_names_is_one(tmp_path: Path) -> None:
    names = [
        "青秀区财政局",
        "南宁市青秀区财政局",
        "青秀区财政局（国有资产监督管理局）",
        "靑秀区财政局".replace("靑", "青"),
    ]
    planted = [replace(BUREAU, body=name, applications=30 + n) for n, name in enumerate(names)]
    reports = archive(tmp_path, planted)
    total = one_sum(reports)
    assert (total.in_hand, total.known, total.reports(), total.reports(Counting.AGAIN)) == (1, 1, 1, 3)
    put_listed_bodies(
        reports, "p", filter(None, (body_named(f"{name}2020年政府信息公开工作年度报告", CODE) for name in names))
    )
    assert one_sum(reports).known == 1
    reports.close()


def test_copies_on_any_portal_add_nothing_whichever_leads(tmp_path: Path) -> None:
    reports = archive(tmp_path, [GOVERNED, GOVERNED, BUREAU, replace(BUREAU, body="南宁市青秀区财政局")])
    for leading in ({"p-0001": "p-0000", "p-0003": "p-0002"}, {"p-0000": "p-0001", "p-0002": "p-0003"}):
        link_copies(reports, dict.fromkeys((f"p-{n:04}" for n in range(4)), None) | leading)
        total = one_sum(reports)
        assert (*shown(total), total.reports(), total.reports(Counting.AGAIN)) == (300, 2, 2, 1, 0)
    # copies that nothing has linked yet are there again
    link_copies(reports, dict.fromkeys((f"p-{n:04}" for n in range(4)), None))
    total = one_sum(reports)
    assert (*shown(total), total.reports(), total.reports(Counting.AGAIN)) == (300, 2, 2, 1, 2)
    reports.close()


def test_a_report_that_is_taken_out_leaves_no_trace_in_sums(tmp_path: Path) -> None:
    """As withholding does: its copy counts in its place, and its body stays known where a listing names it."""
    reports = archive(tmp_path, [GOVERNED, replace(GOVERNED, body="南宁市青秀区人民政府", same_as=0), BUREAU])
    reports.remove("p-0000")
    link_copies(reports, {"p-0001": None})
    assert shown(one_sum(reports)) == (300, 2, 2)
    reports.remove("p-0001")
    assert shown(one_sum(reports)) == (30, 1, 1)
    put_listed_bodies(reports, "p", filter(None, [body_named("青秀区人民政府2022年政府信息公开工作年度报告", CODE)]))
    assert shown(one_sum(reports)) == (30, 1, 2)
    reports.remove("p-0002")
    assert sums(reports.db.conn, place=CODE) == []
    reports.close()


def test_a_renamed_body_is_one_only_where_a_document_says_so(tmp_path: Path) -> None:
    before = Planted(2018, "青秀区卫生和计划生育局", CODE, OWN, 5)
    after = Planted(2022, "青秀区卫生健康局", CODE, OWN, 8)
    reports = archive(tmp_path, [before, after])
    assert [shown(one) for one in sums(reports.db.conn, place=CODE)] == [(8, 1, 2), (5, 1, 2)]
    pair = (f"{CODE}-卫生和计划生育局", f"{CODE}-卫生健康局", 2019, "青办发〔2019〕3号", "2019-02-01", "")
    reports.db.conn.execute("INSERT INTO successions VALUES (?, ?, ?, ?, ?, ?)", pair)
    assert [shown(one) for one in sums(reports.db.conn, place=CODE)] == [(8, 1, 1), (5, 1, 1)]
    # both of one year, the year of the change: two reports of one body
    reports.put(record(7, replace(before, year=2022, applications=3)))
    assert (one_sum(reports).in_hand, one_sum(reports).known) == (1, 1)
    reports.close()


def test_bodies_that_were_merged_or_divided_are_in_hand_with_their_predecessors(tmp_path: Path) -> None:
    """林业局 and 水利局 become 农林局, of which 园林局 and 农业局 are made; 园林局 is only listed."""
    planted = [
        Planted(2016, "青秀区林业局", CODE, OWN, 1),
        Planted(2016, "青秀区水利局", CODE, OWN, 2),
        Planted(2019, "青秀区农林局", CODE, OWN, 4),
        Planted(2022, "青秀区农业局", CODE, OWN, 8),
    ]
    reports = archive(tmp_path, planted)
    put_listed_bodies(reports, "p", filter(None, [body_named("青秀区园林局2022年政府信息公开工作年度报告", CODE)]))
    assert [shown(one) for one in sums(reports.db.conn, place=CODE)] == [(8, 1, 5), (4, 1, 5), (3, 2, 5)]
    for before, after in (("林业局", "农林局"), ("水利局", "农林局"), ("农林局", "园林局"), ("农林局", "农业局")):
        pair = (f"{CODE}-{before}", f"{CODE}-{after}", 2018, "青办发〔2018〕3号", "2018-02-01", "")
        reports.db.conn.execute("INSERT INTO successions VALUES (?, ?, ?, ?, ?, ?)", pair)
    assert [shown(one) for one in sums(reports.db.conn, place=CODE)] == [(8, 1, 2), (4, 2, 2), (3, 2, 2)]
    rows = reports.db.conn.execute(
        "SELECT report_year, SUM(bodies_in_hand), SUM(bodies_known) FROM place_coverage GROUP BY 1 ORDER BY 1"
    )
    assert [tuple(row) for row in rows] == [(2016, 2, 2), (2019, 2, 2), (2022, 1, 2)]
    reports.close()


def test_a_sum_has_no_rate_of_different_reports(tmp_path: Path) -> None:
    """As many reports state the one number as the other, and they are not the same."""

    def stating(number: int, body: str, **cells: int) -> Record:
        one = record(number, replace(BUREAU, body=body, applications=None))
        statistics = [(3, row, "total", value, "件", str(value), "number", "html") for row, value in cells.items()]
        sources = [(3, "html", "u", "verified")]
        row = {name: value for name, value in one.row.items() if name not in {"id", "url"}}
        return made(one.id, {"statistics": statistics, "table_sources": sources}, **row)

    reports = archive(tmp_path, [])
    reports.put(stating(0, "青秀区财政局", processed_total=50))
    reports.put(stating(1, "青秀区教育局", denied_third_party_rights=5))
    total = one_sum(reports)
    assert (total.value("processed"), total.value("denied"), total.stated("denial_rate")) == (50, 5, 0)
    assert (total.stated("processed"), total.stated("denied")) == (1, 1)
    assert ADDED_UP["denial_rate"].of(total) is None
    reports.put(stating(1, "青秀区教育局", denied_third_party_rights=5, processed_total=30))
    assert ADDED_UP["denial_rate"].of(one_sum(reports)) is None
    reports.put(stating(0, "青秀区财政局", denied_third_party_rights=3, processed_total=50))
    assert ADDED_UP["denial_rate"].of(one_sum(reports)) == 8 / 80
    # what is there again counts in neither number
    reports.put(stating(2, "南宁市青秀区财政局", processed_total=49))
    assert (one_sum(reports).stated("denial_rate"), one_sum(reports).value("processed")) == (2, 80)
    reports.close()


def test_whole_areas_contain_each_other_at_every_rank(tmp_path: Path) -> None:
    """A province without figures, a city with, its counties, a zone across two of them, and an office instead of its city."""
    planted = [
        GOVERNED,
        BUREAU,
        Planted(2022, "南宁市人民政府办公室", "450100", WHOLE, 2000, OFFICE, CITY),
        Planted(2022, "南宁市财政局", "450100", OWN, 70, DEPARTMENT, CITY),
        Planted(2022, "南宁高新技术产业开发区管理委员会", "450100", WHOLE, 55, ZONE, CITY),
        Planted(2022, "南宁高新技术产业开发区管理委员会", "450100", OWN, 6, ZONE, CITY),
        Planted(2022, "广西壮族自治区人民政府", "450000", WHOLE, None, GOVERNMENT, Level.PROVINCE),
        Planted(2022, "广西壮族自治区财政厅", "450000", OWN, 400, DEPARTMENT, Level.PROVINCE),
        Planted(2022, "柳州市财政局", "450200", OWN, 9, DEPARTMENT, CITY),
    ]
    reports = archive(tmp_path, planted)
    assert one_sum(reports, place=None).value("applications") == 2000 + 400 + 9
    assert one_sum(reports, place="450000").value("applications") == 2000 + 400 + 9
    assert one_sum(reports, place="450100").value("applications") == 2000
    assert one_sum(reports).value("applications") == 300
    assert one_sum(reports, place="450000", level=Level.COUNTY).value("applications") == 300
    assert one_sum(reports, place="450000", level=CITY).value("applications") == 2000 + 9
    assert one_sum(reports, place="450000", kind=DEPARTMENT).value("applications") == 30 + 70 + 400 + 9
    reports.close()
