"""Bodies and places have ids that are the same in every archive, whatever a report calls them."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from archive import Reports
from archive.agencies import agency_id, place_id, places
from archive.cross_year import year_pairs
from archive.model import Report, Statistic
from archive.records import ReportHistory, record
from archive.room.questions import QUESTIONS, answer
from archive.vocabulary import BodyKind, Form, Level, Origin, ReportState


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
