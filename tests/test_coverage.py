"""Coverage: bodies in hand of those that were met in any year, or that a portal lists without a report of theirs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from archive import Reports
from archive.listed_bodies import ListedBody, put_listed_bodies
from archive.sums import known_bodies, sums
from archive.vocabulary import BodyKind, Level
from pipelines.metadata.listed_bodies import body_named
from tests.test_sums import CITY, DEPARTMENT, GOVERNMENT, OWN, WHOLE, Planted, archive

PLANTED = [
    Planted(2021, "翔安区人民政府", "350213", WHOLE, 90, GOVERNMENT),
    Planted(2022, "翔安区人民政府", "350213", WHOLE, 100, GOVERNMENT),
    Planted(2022, "翔安区财政局", "350213", OWN, 30),
    # a bureau by its long name, and what another portal re-hosts of it
    Planted(2022, "厦门市翔安区教育局", "350213", OWN, 20),
    Planted(2022, "翔安区教育局", "350213", OWN, 20, same_as=3),
    Planted(2022, "厦门市财政局", "350200", OWN, 7, level=CITY),
]
TITLES = [
    "翔安区水利局2022年政府信息公开工作年度报告",  # never met
    "翔安区水利局2021年政府信息公开工作年度报告",
    "厦门市翔安区水利局（河长办）2020年政府信息公开年度报告",  # under another name
    "翔安区财政局2019年政府信息公开工作年度报告",  # met
    "思明区人民政府2022年政府信息公开工作年度报告",  # never met, nor any other body of the district
    "2022年政府信息公开工作年度报告",  # of nobody
    "关于做好翔安区卫生健康局2022年政府信息公开工作年度报告编制工作的通知",  # no report
    "我局2022年政府信息公开工作年度报告",
    "新圩镇2022年政府信息公开工作年度报告",
]


@pytest.fixture(scope="module")
def covered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reports]:
    reports = archive(tmp_path_factory.mktemp("covered"), PLANTED)
    put_listed_bodies(reports, "p", filter(None, (body_named(title, "350213") for title in TITLES)))
    # what the city's portal lists, and its own name
    others = (
        "厦门市财政局2020年政府信息公开年度报告",
        "翔安区水利局2022年度政府信息公开年度报告",
        "厦门市人民政府门户网站",
    )
    put_listed_bodies(reports, "q", filter(None, (body_named(title, "350200") for title in others)))
    reports.commit()
    yield reports
    reports.close()


def test_bodies_that_are_listed_and_never_met_are_known(covered: Reports) -> None:
    (one,) = sums(covered.db.conn, place="350213", year=2022)
    assert (one.in_hand, one.known, one.listed_only) == (3, 5, 2)
    assert one.coverage == 3 / 5
    (one,) = sums(covered.db.conn, place="350213", year=2021)
    assert (one.in_hand, one.known, one.coverage) == (1, 5, 1 / 5)
    (one,) = sums(covered.db.conn, place="350200", year=2022)
    assert (one.in_hand, one.known, one.listed_only) == (4, 8, 4)
    (one,) = sums(covered.db.conn, year=2022)
    assert (one.in_hand, one.known) == (4, 8)


def test_levels_and_kinds_have_their_own(covered: Reports) -> None:
    (one,) = sums(covered.db.conn, year=2022, kind=DEPARTMENT)
    assert (one.in_hand, one.known, one.listed_only) == (3, 4, 1)
    (one,) = sums(covered.db.conn, year=2022, kind=GOVERNMENT)
    assert (one.in_hand, one.known, one.listed_only) == (1, 3, 2)
    (one,) = sums(covered.db.conn, year=2022, level=CITY)
    assert (one.in_hand, one.known) == (1, 2)


def test_a_place_of_which_only_listings_tell_has_bodies_and_no_sum(covered: Reports) -> None:
    assert sums(covered.db.conn, place="350203") == []
    assert known_bodies(covered.db.conn, place="350203") == {"350203": (1, 1)}
    assert known_bodies(covered.db.conn, place="350200", by=Level.COUNTY) == {"350203": (1, 1), "350213": (5, 2)}
    assert known_bodies(covered.db.conn, place="350213", by=Level.TOWNSHIP) == {"350213-新圩镇": (1, 1)}
    assert known_bodies(covered.db.conn, place="110000") == {}


def test_the_views_say_the_same(covered: Reports) -> None:
    """`place_coverage` for SQL and export, against the sums of the room."""
    for year in (2021, 2022):
        rows = covered.db.conn.execute(
            "SELECT SUM(bodies_in_hand), SUM(bodies_known), SUM(bodies_listed_only) FROM place_coverage"
            " WHERE report_year = ? AND division_code GLOB '3502*'",
            (year,),
        ).fetchone()
        (one,) = sums(covered.db.conn, place="350200", year=year)
        assert tuple(rows) == (one.in_hand, one.known, one.listed_only)
    columns = "portal, report_year, reports, bodies_in_hand, bodies_known"
    rows = covered.db.conn.execute(f"SELECT {columns} FROM coverage ORDER BY 2").fetchall()
    assert [tuple(row) for row in rows] == [("p", 2021, 1, 1, 7), ("p", 2022, 5, 4, 7)]


def test_what_is_no_longer_listed_is_no_longer_known(tmp_path: Path) -> None:
    reports = archive(tmp_path, PLANTED)
    listed = [body for title in TITLES if (body := body_named(title, "350213"))]
    put_listed_bodies(reports, "p", listed)
    put_listed_bodies(reports, "p", listed[-1:])
    assert known_bodies(reports.db.conn, place="350200")["350200"] == (5, 1)
    changes = reports.db.conn.total_changes
    put_listed_bodies(reports, "p", listed[-1:])
    assert reports.db.conn.total_changes == changes
    reports.close()


def test_the_years_of_which_a_report_is_listed_stand_with_the_body(tmp_path: Path) -> None:
    reports = archive(tmp_path, [])
    titles = ("翔安区水利局2022年度政府信息公开年度报告", "翔安区水利局2019年政府信息公开年度报告", "翔安区水利局")
    for order in (titles, titles[::-1]):
        put_listed_bodies(reports, "p", filter(None, (body_named(title, "350213") for title in order)))
        rows = reports.db.conn.execute("SELECT name, years FROM listed_bodies").fetchall()
        assert [tuple(row) for row in rows] == [("翔安区水利局", "2019,2022")]
    reports.close()


def test_a_predecessor_counts_with_its_listed_successor(tmp_path: Path) -> None:
    reports = archive(tmp_path, [Planted(2017, "翔安区水务局", "350213", OWN, 4)])
    put_listed_bodies(reports, "p", filter(None, [body_named(TITLES[0], "350213")]))
    assert known_bodies(reports.db.conn)[None] == (2, 1)
    pair = ("350213-水务局", "350213-水利局", 2019, "厦委办〔2019〕1号", "2019-01-01", "")
    reports.db.conn.execute("INSERT INTO successions VALUES (?, ?, ?, ?, ?, ?)", pair)
    assert known_bodies(reports.db.conn)[None] == (1, 1)
    reports.close()


@pytest.mark.parametrize(
    ("title", "code", "found"),
    [
        ("青秀区教育局2021年政府信息公开工作年度报告", "450103", ("450103-教育局", "450103", Level.COUNTY)),
        ("区人民政府2021年政府信息公开工作年度报告.docx", "450103", ("450103-人民政府", "450103", Level.COUNTY)),
        ("关于青秀区教育局2021年度政府信息公开工作年度报告", "450103", ("450103-教育局", "450103", Level.COUNTY)),
        ("兴宁区财政局2021年政府信息公开年报", "450100", ("450102-财政局", "450102", Level.COUNTY)),
        (
            "青秀区南阳镇2021年政府信息公开工作年度报告",
            "450103",
            ("450103-南阳镇人民政府", "450103-南阳镇", Level.TOWNSHIP),
        ),
        ("青秀区教育局", "450103", ("450103-教育局", "450103", Level.COUNTY)),
        ("南宁市人民政府门户网站", "450100", ("450100-人民政府", "450100", Level.PREFECTURE)),
        ("绿城之窗_南宁市人民政府门户网站", "450100", ("450100-人民政府", "450100", Level.PREFECTURE)),
        ("青秀区教育局 - 青秀在线", "450103", ("450103-教育局", "450103", Level.COUNTY)),
        ("青秀区教育局|青秀区财政局", "450103", None),  # of which of both
        ("教育局2021年政府信息公开工作年度报告", None, None),  # of whatever place
        ("朝阳区教育局2021年政府信息公开工作年度报告", None, None),  # several of that name
        ("青秀区教育局2021年政府信息公开…", "450103", None),
        ("关于设立青秀区数据局", "450103", None),
        ("首页", "450103", None),
        ("", "450103", None),
    ],
)
def test_the_body_that_a_title_names(title: str, code: str | None, found: tuple[str, str, Level] | None) -> None:
    body = body_named(title, code)
    assert (body and (body.agency_id, body.place_id, body.level)) == found


def test_of_several_names_of_a_body_one_is_kept_whatever_their_order(tmp_path: Path) -> None:
    names = ["翔安区水利局", "厦门市翔安区水利局", "翔安区水利局（河长办）"]
    bodies = [
        ListedBody("350213-水利局", name, "350213", "350213", "county", str(BodyKind.DEPARTMENT)) for name in names
    ]
    reports = archive(tmp_path, [])
    kept = set()
    for order in (bodies, bodies[::-1]):
        put_listed_bodies(reports, "p", order)
        kept |= {row[0] for row in reports.db.conn.execute("SELECT name FROM listed_bodies")}
        put_listed_bodies(reports, "p", [])
    assert len(kept) == 1
    reports.close()
