"""Bodies and places have ids that are the same in every archive, whatever a report calls them."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from archive import Reports
from archive.agencies import agency_id, place_id, places
from archive.cross_year import year_pairs
from archive.divisions import division
from archive.model import Report, Statistic
from archive.records import ReportHistory, record
from archive.room.bodies import successions_of
from archive.room.questions import QUESTIONS, answer
from archive.successions import read_successions, successions
from archive.sums import sums
from archive.vocabulary import BodyKind, Form, Level, Origin, ReportScope, ReportState


@pytest.mark.parametrize(
    ("name", "code", "expected"),
    [
        ("广州市番禺区财政局", "440113", "440113-财政局"),
        ("番禺区财政局", "440113", "440113-财政局"),
        ("番禺区市场监督管理局（知识产权局）", "440113", "440113-市场监督管理局"),
        ("番禺区人民政府", "440113", "440113-人民政府"),
        ("番禺区政府办", "440113", "440113-人民政府办公室"),
        ("厦门市翔安区人民政府办公室", "350213", "350213-人民政府办公室"),
        ("翔安区人民政府新店街道办事处", "350213", "350213-新店街道办事处"),
        ("某某开发区管委会", None, "none-某某开发区管理委员会"),
        (None, "440113", None),
    ],
)
def test_one_body_has_one_id(name: str | None, code: str | None, expected: str | None) -> None:
    assert agency_id(name, code, 2022) == expected


@pytest.mark.parametrize(
    ("name", "code", "level", "expected"),
    [
        ("番禺区财政局", "440113", Level.COUNTY, "440113"),
        ("番禺区大龙街道办事处", "440113", Level.TOWNSHIP, "440113-大龙街道"),
        ("番禺区化龙镇人民政府", "440113", Level.TOWNSHIP, "440113-化龙镇"),
        ("化龙镇财政所", "440113", Level.TOWNSHIP, "440113-化龙镇"),
        ("镇海区蛟川街道办事处", "330211", Level.TOWNSHIP, "330211-蛟川街道"),
        ("未知镇人民政府", None, Level.TOWNSHIP, None),
    ],
)
def test_a_town_is_named_by_its_county(name: str, code: str | None, level: str, expected: str | None) -> None:
    assert place_id(name, code, level, 2022) == expected


def test_places_form_a_tree() -> None:
    rows = list(places())
    ids = {row[0] for row in rows}
    assert len(ids) > 3000
    assert all(parent in ids for _, _, _, parent, _, _ in rows if parent)
    assert {row[2] for row in rows} == {Level.PROVINCE, Level.PREFECTURE, Level.COUNTY}
    assert all(row[2] == Level.PROVINCE for row in rows if row[3] is None)


def put(reports: Reports, number: int, year: int, name: str, code: str, **more: object) -> None:
    """A report that says whose it is, and nothing else."""
    report = Report(
        url=f"http://reports.example/{number}.html", title=f"{name}{year}年年度报告", form=Form.NATIONAL_2021
    )
    for field, value in {
        "id": f"p-{number}",
        "portal": "p",
        "sha256": "0" * 64,
        "captured_at": "2026-01-01T00:00:00.000000Z",
        "first_captured_at": "2026-01-01T00:00:00.000000Z",
        "state": ReportState.LIVE,
        "report_year": year,
        "issuing_body": name,
        "division_code": code,
        **more,
    }.items():
        setattr(report, field, value)
    reports.put(record(ReportHistory(report=report, versions=[], locations=[], reader_version="1")))


def rows(folder: Path, sql: str) -> list[tuple[object, ...]]:
    db = sqlite3.connect(folder / "reports.db")
    try:
        return db.execute(sql).fetchall()
    finally:
        db.close()


def test_names_of_one_body_are_one_row_and_a_report_that_goes_takes_its_part_along(tmp_path: Path) -> None:
    reports = Reports(tmp_path)
    reports.put_portal({"name": "p"})
    bureau = {"level": Level.COUNTY, "body_kind": BodyKind.DEPARTMENT}
    put(reports, 1, 2021, "广州市番禺区财政局", "440113", **bureau)
    put(reports, 2, 2022, "番禺区财政局", "440113", **bureau)
    put(reports, 3, 2022, "番禺区教育局", "440113", **bureau)
    put(reports, 4, 2022, "番禺区化龙镇人民政府", "440113", level=Level.TOWNSHIP)
    reports.commit()
    assert rows(tmp_path, "SELECT id, name, names, first_year, last_year, reports FROM agencies ORDER BY id") == [
        ("440113-化龙镇人民政府", "番禺区化龙镇人民政府", 1, 2022, 2022, 1),
        ("440113-教育局", "番禺区教育局", 1, 2022, 2022, 1),
        ("440113-财政局", "番禺区财政局", 2, 2021, 2022, 2),
    ]
    names = "SELECT name, first_year, last_year FROM agency_names WHERE agency_id = '440113-财政局' ORDER BY 2"
    assert rows(tmp_path, names) == [("广州市番禺区财政局", 2021, 2021), ("番禺区财政局", 2022, 2022)]
    assert rows(tmp_path, "SELECT id, name, parent, reports FROM towns") == [("440113-化龙镇", "化龙镇", "440113", 1)]
    assert rows(tmp_path, "SELECT place_id FROM reports WHERE id = 'p-1'") == [("440113",)]
    reports.remove("p-2")
    reports.remove("p-3")
    reports.close()
    assert rows(tmp_path, "SELECT id, name, names FROM agencies WHERE id GLOB '*局'") == [
        ("440113-财政局", "广州市番禺区财政局", 1)
    ]


def test_years_of_one_agency_are_put_side_by_side_whatever_name_it_prints(tmp_path: Path) -> None:
    reports = Reports(tmp_path)
    reports.put_portal({"name": "p"})

    def carried(row: str, value: int) -> list[Statistic]:
        return [
            Statistic(
                table_no=3, row_name=row, column_name="total", value=value, raw=str(value), origin=Origin.NARRATIVE
            )
        ]

    put(reports, 1, 2021, "广州市番禺区财政局", "440113", statistics=carried("carried_out", 4))
    put(reports, 2, 2022, "番禺区财政局", "440113", statistics=carried("carried_in", 6))
    put(reports, 3, 2021, "广州市番禺区教育局", "440113", statistics=carried("carried_out", 9))
    put(reports, 4, 2024, "番禺区财政局（国资局）", "440113")
    put(reports, 5, 2022, "广州市财政局", "440100", statistics=carried("carried_in", 1))
    reports.commit()
    assert list(year_pairs(reports)) == [("p-2", "p-1")]
    assert rows(tmp_path, "SELECT report_id, previous_report_id, difference FROM year_over_year") == [("p-2", "p-1", 2)]
    db = sqlite3.connect(tmp_path / "reports.db")
    missing = answer(db, QUESTIONS["missing-years"], "", "", 0, 50)["rows"]
    db.close()
    reports.close()
    assert {(row["issuing_body"], row["report_year"], row["years_here"]) for row in missing} == {
        *(("广州市财政局", year, 1) for year in (2023, 2024)),
        *(("广州市番禺区教育局", year, 1) for year in (2022, 2023, 2024)),
        ("番禺区财政局（国资局）", 2023, 3),
    }


HEADER = "predecessor,successor,since,document,document_date,title"
PAIR = "990101-国土资源局,990101-自然资源局,2019,青溪办发〔2019〕3号,2019-02-01,关于设立机构的通知"


def test_the_table_of_successions_can_be_cited() -> None:
    for row in successions():
        assert row.document_date.startswith(row.document.partition("〔")[2][:4])
        before, after = (name.partition("-") for name in (row.predecessor, row.successor))
        assert before[2] == after[2]  # a division that became another one, and its government
        assert division(before[0], row.since - 1)
        assert not division(before[0], row.since)
        assert division(after[0], row.since)
        assert not division(after[0], row.since - 1)
    (pair,) = read_successions([HEADER, PAIR])
    assert pair == (
        "990101-国土资源局",
        "990101-自然资源局",
        2019,
        "青溪办发〔2019〕3号",
        "2019-02-01",
        "关于设立机构的通知",
    )


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (PAIR.replace("青溪办发〔2019〕3号", ""), "line 3: wrong document$"),
        (PAIR.replace("〔2019〕3号", "[2019]"), "line 3: wrong document$"),
        (PAIR.replace("2019-02-01", "2019-2-1"), "line 3: wrong document_date"),
        (PAIR.replace("2019-02-01", "2019-02-30"), "line 3: wrong document_date"),
        (PAIR.replace("990101-自然资源局", "自然资源局"), "line 3: wrong successor"),
        (PAIR.replace(",2019,", ",,"), "line 3: wrong since"),
        (PAIR.replace("关于设立机构的通知", ""), "line 3: wrong title"),
        (PAIR + ",one more", "line 3: wrong number of cells"),
        (PAIR, "line 3: the pair is there already"),
    ],
)
def test_a_pair_that_cannot_be_cited_is_refused(line: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        list(read_successions([HEADER, PAIR, line]))


def test_bodies_are_linked_by_the_table_alone_and_counted_where_it_has_none(tmp_path: Path) -> None:
    reports = Reports(tmp_path)
    reports.put_portal({"name": "p"})
    bureau = {"level": Level.COUNTY, "body_kind": BodyKind.DEPARTMENT}
    put(reports, 1, 2018, "番禺区国土资源局", "440113", **bureau)
    put(reports, 2, 2019, "番禺区自然资源局", "440113", **bureau)
    put(reports, 3, 2019, "番禺区教育局", "440113", **bureau)
    reports.commit()
    unlinked = "SELECT COUNT(*) FROM agencies WHERE predecessors + successors = 0"
    assert rows(tmp_path, unlinked) == [(3,)]
    assert sums(reports.db.conn, place="440113", year=2019)[0].known == 3
    pair = ("440113-国土资源局", "440113-自然资源局", 2019, "青溪办发〔2019〕3号", "2019-02-01", "关于设立机构的通知")
    reports.db.conn.execute("INSERT INTO successions VALUES (?, ?, ?, ?, ?, ?)", pair)
    reports.commit()
    assert rows(tmp_path, unlinked) == [(1,)]
    assert [(one.year, one.in_hand, one.known) for one in sums(reports.db.conn, place="440113")] == [
        (2019, 2, 2),
        (2018, 1, 2),
    ]
    reports.close()


def test_a_county_that_became_a_district_is_one_body_of_its_sums(tmp_path: Path) -> None:
    """By the table that the project has: two governments in it, one after the other, are one body known."""
    reports = Reports(tmp_path)
    reports.put_portal({"name": "p"})
    one = next(row for row in successions() if row.predecessor.startswith("45"))
    before, after = one.predecessor[:6], one.successor[:6]
    government = {"level": Level.COUNTY, "body_kind": BodyKind.GOVERNMENT, "report_scope": ReportScope.WHOLE_AREA}
    put(reports, 1, one.since - 1, f"{division(before, one.since - 1).name}人民政府", before, **government)
    put(reports, 2, one.since, f"{division(after, one.since).name}人民政府", after, **government)
    reports.commit()
    linked = "SELECT id, predecessors, successors FROM agencies ORDER BY predecessors"
    assert rows(tmp_path, linked) == [(one.predecessor, 0, 1), (one.successor, 1, 0)]
    found = sums(reports.db.conn, place=f"{before[:4]}00")
    assert [(total.year, total.in_hand, total.known) for total in found] == [(one.since, 1, 1), (one.since - 1, 1, 1)]
    names = [f"{division(code, year).name}人民政府" for code, year in ((before, one.since - 1), (after, one.since))]
    assert successions_of(reports.db.conn, names[0])[0]["name"] == names[1]
    assert successions_of(reports.db.conn, names[1])[0]["document"] == one.document
    reports.close()


@pytest.mark.parametrize(
    "names",
    [
        ("襄樊市财政局", "襄陽市財政局", "湖北省襄阳市财政局", "襄阳市财政局（国有资产监督管理局）"),
        ("襄阳市人民政府", "襄陽市人民政府", "湖北省襄樊市人民政府"),
    ],
)
def test_a_code_that_changes_its_name_keeps_its_bodies_in_any_script(names: tuple[str, ...]) -> None:
    years = {"襄樊": 2009, "襄阳": 2022, "襄陽": 2022}
    ids = {agency_id(name, "420600", next(year for part, year in years.items() if part in name)) for name in names}
    assert len(ids) == 1, ids


def test_a_place_of_another_code_is_another_place() -> None:
    assert agency_id("章丘市财政局", "370181", 2015) != agency_id("章丘区财政局", "370114", 2022)
