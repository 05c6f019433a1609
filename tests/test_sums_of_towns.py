"""Sums of towns, which have no code: each by itself, and never added to their county's own report. Against a hand-made truth."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from archive import Reports
from archive.listed_bodies import put_listed_bodies
from archive.sums import Sum, added, sums
from archive.vocabulary import BodyKind, Counting, Level, ReportScope
from pipelines.metadata.listed_bodies import body_named
from tests.test_sums import COUNTY_TOWN, DEPARTMENT, GOVERNMENT, OFFICE, OWN, TOWN, UNKNOWN, WHOLE, Planted, archive

WUMING, XIXIANG = "450110", "450107"
"""武鸣区 stands for a county with a report on its whole area, 西乡塘区 for one without."""


def of_town(
    year: int | None,
    body: str,
    code: str,
    scope: ReportScope,
    number: int | None,
    kind: BodyKind = TOWN,
    **more: object,
) -> Planted:
    return Planted(year, body, code, scope, number, kind, COUNTY_TOWN, **more)  # type: ignore[arg-type]


PLANTED = [
    Planted(2022, "武鸣区人民政府", WUMING, WHOLE, 500, GOVERNMENT, is_verified=True),
    Planted(2022, "武鸣区财政局", WUMING, OWN, 40),
    # a town on itself, twice, and once more on another portal
    of_town(2022, "武鸣区双桥镇人民政府", WUMING, OWN, 7),
    of_town(2022, "南宁市武鸣区双桥镇人民政府", WUMING, OWN, 8, published="03-02", is_verified=True),
    of_town(2022, "武鸣区双桥镇人民政府", WUMING, OWN, 8, same_as=3),
    # one on its whole area, with its offices' own
    of_town(2022, "武鸣区罗波镇人民政府", WUMING, WHOLE, 30, is_verified=True),
    of_town(2022, "武鸣区罗波镇财政所", WUMING, OWN, 3, DEPARTMENT),
    # one that states nothing of its area, so that its office's own counts
    of_town(2022, "武鸣区陆斡镇人民政府", WUMING, WHOLE, None),
    of_town(2022, "武鸣区陆斡镇财政所", WUMING, OWN, 2, DEPARTMENT),
    of_town(2022, "武鸣区太平镇人民政府", WUMING, UNKNOWN, 9),
    of_town(None, "武鸣区双桥镇人民政府", WUMING, OWN, 11),
    of_town(2021, "武鸣区双桥镇人民政府", WUMING, OWN, 5),
    # a county whose office's report is of unknown scope: its towns are counted in its sum
    Planted(2022, "西乡塘区人民政府办公室", XIXIANG, UNKNOWN, 60, OFFICE),
    Planted(2022, "西乡塘区财政局", XIXIANG, OWN, 4),
    of_town(2022, "西乡塘区金陵镇人民政府", XIXIANG, OWN, 12),
    of_town(2022, "西乡塘区双定镇人民政府", XIXIANG, WHOLE, 20),
]


@pytest.fixture(scope="module")
def towns(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reports]:
    reports = archive(tmp_path_factory.mktemp("towns"), PLANTED)
    listed = ["武鸣区锣圩镇2022年政府信息公开工作年度报告", "双桥镇2020年政府信息公开工作年度报告"]
    put_listed_bodies(reports, "p", filter(None, (body_named(title, WUMING) for title in listed)))
    reports.commit()
    yield reports
    reports.close()


def by_town(reports: Reports, place: str, year: int = 2022) -> dict[str | None, Sum]:
    return {one.place: one for one in sums(reports.db.conn, place=place, year=year, by=Level.TOWNSHIP)}


def test_each_town_has_its_own_sum(towns: Reports) -> None:
    found = by_town(towns, WUMING)
    assert {town: one.value("applications") for town, one in found.items()} == {
        f"{WUMING}-双桥镇": 8,
        f"{WUMING}-罗波镇": 30,
        f"{WUMING}-陆斡镇": 2,
        f"{WUMING}-太平镇": None,
    }
    assert {town: one.value("applications") for town, one in by_town(towns, WUMING, 2021).items()} == {
        f"{WUMING}-双桥镇": 5
    }
    assert {town: one.value("applications") for town, one in by_town(towns, XIXIANG).items()} == {
        f"{XIXIANG}-双定镇": 20,
        f"{XIXIANG}-金陵镇": 12,
    }
    assert by_town(towns, "450102") == {}


def test_one_town_has_its_years(towns: Reports) -> None:
    found = {one.year: one for one in sums(towns.db.conn, place=f"{WUMING}-双桥镇")}
    assert {year: one.value("applications") for year, one in found.items()} == {2022: 8, 2021: 5, None: None}
    assert (found[2022].in_hand, found[2022].known, found[2022].coverage) == (1, 1, 1.0)
    assert (found[None].reports(Counting.APART), found[None].coverage) == (1, None)
    assert found[2021].new_form == "cn-2021"
    assert [(part.counting, part.reports, part.values["applications"]) for part in found[2022].parts] == [
        (Counting.AGAIN, 1, 7),
        (Counting.COUNTED, 1, 8),
    ]


def test_what_a_town_counts_itself_is_within_its_report(towns: Reports) -> None:
    found = by_town(towns, WUMING)
    parts = {(part.scope, part.counting): part.reports for part in found[f"{WUMING}-罗波镇"].parts}
    assert parts == {(WHOLE, Counting.COUNTED): 1, (OWN, Counting.WITHIN): 1}
    assert (found[f"{WUMING}-罗波镇"].in_hand, found[f"{WUMING}-罗波镇"].known) == (2, 2)
    assert found[f"{WUMING}-太平镇"].reports(Counting.APART) == 1


def test_a_county_never_adds_its_towns_to_its_own_report(towns: Reports) -> None:
    (county,) = sums(towns.db.conn, place=WUMING, year=2022)
    assert county.value("applications") == 500
    (county,) = sums(towns.db.conn, place=XIXIANG, year=2022)
    assert county.value("applications") == 4 + 12  # of the other one nothing says whose figures its area's are
    (city,) = sums(towns.db.conn, place="450100", year=2022)
    assert city.value("applications") == 500 + 4 + 12
    within = "SELECT DISTINCT division_code, within_county FROM town_sums WHERE report_year = 2022 ORDER BY 1"
    assert [tuple(row) for row in towns.db.conn.execute(within)] == [(XIXIANG, 0), (WUMING, 1)]


def test_the_towns_of_a_county_together(towns: Reports) -> None:
    together = added(list(by_town(towns, WUMING).values()))
    assert together.value("applications") == 8 + 30 + 2
    assert (together.in_hand, together.known) == (6, 6)
    assert together.stated("applications") == 3
    assert together.verified("applications") == 2


def test_the_view_is_what_the_room_adds_up(towns: Reports) -> None:
    sql = """SELECT place_id, SUM(applications) FROM town_sums
    WHERE counting = 'counted' AND report_year = 2022 GROUP BY place_id"""
    expected = {
        town: value
        for code in (WUMING, XIXIANG)
        for town, one in by_town(towns, code).items()
        if (value := one.value("applications")) is not None
    }
    assert dict(map(tuple, towns.db.conn.execute(sql))) == expected
