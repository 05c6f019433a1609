"""Places, bodies, rankings, the country and the map: of one scope, nothing twice, and what is left out is said."""

from __future__ import annotations

import csv
import io
import json
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from urllib.parse import parse_qsl, quote, quote_plus

import pytest
from lxml import etree

from archive import Reports
from archive.agencies import agency_id, place_id
from archive.copy_candidates import link_copies
from archive.figures import REFUSALS
from archive.listed_bodies import put_listed_bodies
from archive.room import absences, bodies, chart_images, charts, nation, places, tile_map
from archive.room.absences import Absence, Judge, Walk
from archive.room.asked_figures import ADDED_UP, FIGURES
from archive.room.bodies import Wanted
from archive.room.places import Cell
from archive.room.rankings import Asked, described, ranking, reasons
from archive.sums import sums, sums_of_country
from archive.vocabulary import BodyKind, Fate, Level, ReportScope, ReportState
from pipelines.metadata.listed_bodies import body_named
from tests.browsing import browsing, get
from tests.made_reports import made

WHOLE, OWN, UNKNOWN = ReportScope.WHOLE_AREA, ReportScope.BODY_ONLY, ReportScope.UNKNOWN
GOVERNMENT, DEPARTMENT, TOWN = BodyKind.GOVERNMENT, BodyKind.DEPARTMENT, BodyKind.SUBDISTRICT_TOWNSHIP
TODAY = "2024-02-15"
WALKED = {"p": Walk("2023-05-01", is_complete=True)}


@dataclass(frozen=True)
class Made:
    """A report with some cells of table three, verified or not."""

    year: int
    body: str
    code: str
    scope: ReportScope
    cells: dict[str, int]
    kind: BodyKind = DEPARTMENT
    level: Level = Level.COUNTY
    is_verified: bool = True
    published: str = "01-20"
    state: ReportState = ReportState.LIVE
    same_as: int | None = None


def cells(received: int, processed: int, third_party: int = 0, internal: int = 0) -> dict[str, int]:
    return {
        "new_received": received,
        "processed_total": processed,
        "denied_third_party_rights": third_party,
        "denied_internal_affairs": internal,
    }


MADE = [
    # 思明区: a government on its whole area, two departments on themselves, a town.
    Made(2022, "思明区人民政府", "350203", WHOLE, cells(200, 100, 30, 10), GOVERNMENT),
    Made(2022, "思明区财政局", "350203", OWN, cells(40, 40, 2)),
    Made(2022, "思明区教育局", "350203", OWN, cells(30, 20, 1), published="02-20"),
    Made(2022, "思明区莲前街道办事处", "350203", OWN, cells(3, 3), TOWN, Level.TOWNSHIP),
    Made(2021, "思明区人民政府", "350203", WHOLE, cells(180, 100, 5), GOVERNMENT),
    Made(2020, "思明区财政局", "350203", OWN, cells(7, 7), state=ReportState.REMOVED),
    # Other counties: an equal rate, a small denominator, an unverified table, no figure, another scope, a copy, a second.
    Made(2022, "集美区人民政府", "350211", WHOLE, cells(90, 50, 0, 20), GOVERNMENT),
    Made(2022, "同安区人民政府", "350212", WHOLE, cells(9, 9, 9), GOVERNMENT),
    Made(2022, "翔安区人民政府", "350213", WHOLE, cells(60, 60, 30), GOVERNMENT, is_verified=False),
    Made(2022, "海沧区人民政府", "350205", WHOLE, {}, GOVERNMENT),
    Made(2022, "湖里区人民政府", "350206", UNKNOWN, cells(70, 70, 35), GOVERNMENT),
    Made(2022, "厦门市集美区人民政府", "350211", WHOLE, cells(90, 50, 0, 20), GOVERNMENT, same_as=6),
    Made(2022, "集美区人民政府办公室", "350211", WHOLE, cells(91, 50, 0, 21), BodyKind.GENERAL_OFFICE),
    # A city, another province.
    Made(2022, "泉州市人民政府", "350500", WHOLE, cells(900, 900, 90), GOVERNMENT, Level.PREFECTURE),
    Made(2022, "襄阳市财政局", "420600", OWN, cells(50, 50, 5), level=Level.PREFECTURE),
]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("places")
    reports = Reports(folder)
    reports.put_portal({"name": "p", "title": "某站"})
    for number, one in enumerate(MADE):
        statistics = [(3, row, "total", value, "件", str(value), "number", "html") for row, value in one.cells.items()]
        verdict = "holds" if one.is_verified else "fails"
        reports.put(
            made(
                f"p-{number:03}",
                {
                    "statistics": statistics,
                    "table_sources": [(3, "html", "u", "verified" if one.is_verified else "inconsistent")],
                    "checks": [("T3-A", "total", 1, 1, verdict, "suspect_source")],
                },
                portal="p",
                title=f"{one.body}{one.year}年度报告",
                issuing_body=one.body,
                report_year=one.year,
                division_code=one.code,
                report_scope=str(one.scope),
                body_kind=str(one.kind),
                level=str(one.level),
                agency_id=agency_id(one.body, one.code, one.year),
                place_id=place_id(one.body, one.code, str(one.level), one.year),
                published=f"{one.year + 1}-{one.published}",
                state=str(one.state),
            )
        )
    link_copies(reports, {f"p-{n:03}": f"p-{one.same_as:03}" for n, one in enumerate(MADE) if one.same_as is not None})
    reports.db.execute(
        "INSERT INTO fates (portal, listing_url, url, title, fate) VALUES ('p', 'l', 'u', '思明区教育局2021年年度报告', ?)",
        (str(Fate.BLOCKED),),
    )
    listed = ("思明区厦港街道办事处2022年政府信息公开工作年度报告", "晋江市财政局2022年政府信息公开工作年度报告")
    put_listed_bodies(reports, "p", filter(None, (body_named(title, "350200") for title in listed)))
    reports.commit()
    reports.close()
    return folder


@pytest.fixture(scope="module")
def db(archive: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(archive / "reports.db")
    yield connection
    connection.close()


@pytest.fixture(scope="module")
def room(archive: Path) -> Iterator[str]:
    with browsing(archive) as address:
        yield address


# Places


def test_a_place_knows_what_it_lies_in(db: sqlite3.Connection) -> None:
    county, town = places.place(db, "350203"), places.place(db, "350203-莲前街道")
    assert county
    assert town
    assert county.full_name == "福建省厦门市思明区"
    assert (town.name, town.level, town.above[-1]) == ("莲前街道", Level.TOWNSHIP, ("350203", "思明区"))
    assert [town["id"] for town in places.towns(db, "350203")] == ["350203-厦港街道", "350203-莲前街道"]
    assert places.place(db, "350299") is None
    assert places.place(db, "350203-没有街道") is None


def test_each_year_of_a_body_says_what_came_of_it(db: sqlite3.Connection) -> None:
    found, years = places.bodies(db, "350203", Judge(db, WALKED, TODAY))
    assert [body.name for body in found] == ["思明区人民政府", "思明区教育局", "思明区财政局"]
    assert years == [2020, 2021, 2022]
    grid = {body.name: {year: one.cell for year, one in sorted(body.years.items())} for body in found}
    assert grid == {
        "思明区人民政府": {2020: Cell.BEFORE, 2021: Cell.ON_TIME, 2022: Cell.ON_TIME},
        "思明区教育局": {2020: Cell.BEFORE, 2021: Cell.ABSENT, 2022: Cell.LATE},
        "思明区财政局": {2020: Cell.REMOVED, 2021: Cell.ABSENT, 2022: Cell.ON_TIME},
    }
    assert found[1].years[2021].absence == Absence(absences.BLOCKED, "u", "p", Fate.BLOCKED)
    assert found[2].years[2021].absence == Absence(absences.NOT_LISTED, "2023-05-01")


def test_a_year_is_not_missing_before_its_deadline(db: sqlite3.Connection) -> None:
    for today, reason in (("2022-01-31", absences.NOT_DUE), ("2022-02-01", absences.NOT_LISTED)):
        found, _ = places.bodies(db, "350203", Judge(db, WALKED, today))
        absence = next(body for body in found if body.name == "思明区财政局").years[2021].absence
        assert absence
        assert absence.reason == reason


@pytest.mark.parametrize(
    ("known", "today", "year", "reason"),
    [
        (WALKED, "2022-03-31", 2021, absences.NOT_DUE),
        (WALKED, TODAY, 2021, absences.BLOCKED),
        (WALKED, TODAY, 2019, absences.NOT_LISTED),
        ({"p": Walk("2019-05-01", is_complete=True)}, TODAY, 2019, absences.NOT_CRAWLED_SINCE),
        ({"p": Walk("2023-05-01", is_complete=False)}, TODAY, 2019, absences.NOT_WALKED),
        ({}, TODAY, 2019, absences.NOT_CRAWLED),
        (None, TODAY, 2019, absences.NOT_KNOWN),
    ],
)
def test_an_empty_year_of_a_portal_has_its_reason(
    db: sqlite3.Connection, known: dict[str, Walk] | None, today: str, year: int, reason: str
) -> None:
    assert absences.Portals(absences.announced(db, ["p"]), known).absence("p", year, today).reason == reason


# Figures of sums


def test_a_rate_of_a_sum_is_of_the_same_reports(db: sqlite3.Connection) -> None:
    (county,) = sums(db, place="350203", year=2022)
    assert ADDED_UP["applications"].of(county) == 200
    assert ADDED_UP["denial_rate"].of(county) == 0.4
    (province,) = sums(db, place="350000", year=2022)
    rate = ADDED_UP["grant_rate"]  # what was granted is stated by no report, what was processed by several
    assert province.stated("processed") > province.stated("granted")
    assert rate.of(province) is None


def test_every_figure_can_be_asked_of_figures(db: sqlite3.Connection) -> None:
    for figure in FIGURES.values():
        sql = f"SELECT {figure.numerator}, {figure.denominator or 1} FROM figures"
        assert len(db.execute(sql).fetchall()) == len(MADE)
        assert all(words for words in (*figure.title, *figure.formula, *figure.unit))


# Rankings


def test_a_ranking_is_of_one_scope_and_says_what_it_leaves_out(db: sqlite3.Connection) -> None:
    found = ranking(db, Asked(FIGURES["denial_rate"], 2022, level=Level.COUNTY, at_least=30))
    assert [(rank, row.issuing_body, row.value) for rank, row in found.rows] == [
        (1, "思明区人民政府", 0.4),
        (1, "集美区人民政府", 0.4),
    ]
    assert dict(found.left_out) == {"copy": 1, "again": 1, "scope": 1, "blank": 1, "small": 1, "unverified": 1}
    assert found.median == 0.4


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ({"at_least": 0}, ["同安", "思明", "集美"]),
        ({"at_least": 0, "verified_only": False}, ["同安", "翔安", "思明", "集美"]),
        ({"at_least": 30, "descending": False}, ["思明", "集美"]),
        ({"at_least": 0, "level": ""}, ["同安", "思明", "集美", "泉州"]),
        ({"at_least": 0, "level": "", "place": "350500"}, ["泉州"]),
        ({"at_least": 0, "level": "", "place": "420000"}, []),
        ({"at_least": 0, "sort": "denominator", "descending": False}, ["同安", "集美", "思明"]),
    ],
)
def test_what_is_asked_for_is_ranked(db: sqlite3.Connection, asked: dict[str, object], names: list[str]) -> None:
    wanted = {"figure": FIGURES["denial_rate"], "year": 2022, "level": Level.COUNTY} | asked
    found = ranking(db, Asked(**wanted))  # type: ignore[arg-type]
    assert [(row.issuing_body or "")[:2] for _, row in found.rows] == names
    total = sum(number for _, number in found.left_out) + len(names)
    assert total == len(ranking(db, Asked(**wanted | {"verified_only": False})).rows) + sum(  # type: ignore[arg-type]
        number
        for _, number in ranking(db, Asked(**wanted | {"verified_only": False})).left_out  # type: ignore[arg-type]
    )


def test_departments_are_ranked_by_what_they_report_of_themselves(db: sqlite3.Connection) -> None:
    found = ranking(db, Asked(FIGURES["applications"], 2022, kind=str(DEPARTMENT), level=Level.COUNTY))
    assert [(row.issuing_body, row.value) for _, row in found.rows] == [("思明区财政局", 40), ("思明区教育局", 30)]


def test_ranked_rows_are_described_and_their_reasons_named(db: sqlite3.Connection) -> None:
    asked = Asked(FIGURES["denial_rate"], 2022, level=Level.COUNTY, at_least=30)
    rows = ranking(db, asked).rows
    for row in described(db, rows):
        sql = f"SELECT {', '.join(REFUSALS)}, place_id, level FROM figures WHERE report_id = ?"
        assert tuple(row[name] for name in (*REFUSALS, "place_id", "level")) == tuple(
            db.execute(sql, (row["report_id"],)).fetchone()
        )
    sums = {
        name: db.execute(
            f"SELECT TOTAL({name}) FROM figures WHERE same_as IS NULL AND report_year = 2022 AND level = 'county'"
            " AND (body_kind = 'government' OR report_scope = 'whole_area')"
        ).fetchone()[0]
        for name in REFUSALS
    }
    assert reasons(db, asked) == [name for name in sorted(REFUSALS, key=lambda name: -sums[name])[:2] if sums[name]]


# Bodies, the country, the map


def test_bodies_are_found_by_name_place_level_and_kind(db: sqlite3.Connection) -> None:
    def named(**wanted: str) -> list[str]:
        return [row["name"] for row in bodies.bodies(db, Wanted(**wanted))[1]]

    assert named(name="思明 ＿") == []
    assert named(name="思明　财政") == ["思明区财政局"]
    assert named(place="350500") == ["泉州市人民政府", "晋江市财政局"]
    assert named(level="township") == ["思明区厦港街道办事处", "思明区莲前街道办事处"]
    assert named(name="厦港 街道") == ["思明区厦港街道办事处"]
    assert named(name="厦港 财政") == []
    assert named(kind="department", place="350000") == ["思明区教育局", "思明区财政局", "晋江市财政局"]
    assert len(named()) == len({agency_id(one.body, one.code, one.year) for one in MADE}) + 2
    total, some = bodies.bodies(db, Wanted(), 2, 3)
    assert (total, [row["name"] for row in some]) == (len(named()), named()[2:5])


def test_a_body_that_is_listed_alone_has_no_reports_and_says_who_lists_it(db: sqlite3.Connection, room: str) -> None:
    every = {row["name"]: row for row in bodies.bodies(db, Wanted())[1]}
    listed = every["思明区厦港街道办事处"]
    assert (listed["reports"], listed["first_year"], listed["last_year"], listed["listed_by"]) == (0, None, None, "p")
    assert {name for name, row in every.items() if row["listed_by"]} == {"思明区厦港街道办事处", "晋江市财政局"}
    assert every["思明区财政局"]["listed_by"] is None
    shown = page(room, f"/bodies?q={quote('厦港')}").partition("<tbody>")[2]
    assert "思明区厦港街道办事处" in shown
    assert "网站列出：" in shown
    (link,) = re.findall('href="(/body/[^"]+)"', shown)
    assert "本档案没有该机关的报告" in page(room, link)
    in_english = page(room, f"/bodies?q={quote('厦港')}", "en").partition("<tbody>")[2]
    assert "listed by " in in_english
    assert 'href="/portal/p"' in in_english


def test_bodies_are_found_by_how_the_archive_knows_them(db: sqlite3.Connection, room: str) -> None:
    def named(**wanted: str) -> set[str]:
        return {row["name"] for row in bodies.bodies(db, Wanted(**wanted))[1]}

    assert named(known="listed_only") == {"思明区厦港街道办事处", "晋江市财政局"}
    assert named(known="listed_only", place="350500") == {"晋江市财政局"}
    assert named(known="reported") == named() - named(known="listed_only")
    (row,) = json.loads(get(f"{room}/bodies.json?known=listed_only&q={quote('厦港')}")[2])["bodies"]
    assert (row["reports"], row["entries"]) == (0, "/entries?portal=p")
    lines = get(f"{room}/bodies.csv?known=listed_only")[2].decode("utf-8-sig").splitlines()
    assert len(lines) == 3
    assert all(line.endswith("/entries?portal=p") for line in lines[1:])
    for language, words in (("zh", "仅列出，本档案无其报告"), ("en", "listed only, no report here")):
        shown = page(room, "/bodies?known=listed_only", language).partition("<tbody>")[2]
        assert shown.count(words) == 2
        assert shown.count('href="/entries?portal=p"') == 2


def test_medians_never_mix_scopes(db: sqlite3.Connection) -> None:
    every = nation.values(db, FIGURES["applications"], 2022)
    found = nation.medians(every, level="county")
    assert (found["whole_area"].value, found["whole_area"].reports) == (90, 5)
    assert (found["body_only"].value, found["body_only"].reports) == (35, 2)
    by_kind = {group.key: group for group in nation.by_kind(sums_of_country(db), every, 2022)}
    for figure in (FIGURES["applications"], FIGURES["denial_rate"]):
        of_year = nation.medians(nation.values(db, figure, 2022))
        of_years = nation.medians_of_years(db, figure)
        assert {scope: one.value for scope, one in of_years[2022].items()} == pytest.approx(
            {scope: one.value for scope, one in of_year.items()}
        )
    of_departments = by_kind[DEPARTMENT].total
    assert of_departments
    assert of_departments.value("applications") == 40 + 30 + 50


def test_tiles_are_coloured_by_fifths(db: sqlite3.Connection) -> None:
    every = {tile.id: tile for tile in tile_map.of_provinces(db, ADDED_UP["applications"], 2022)}
    assert set(tile_map.TILES) == set(every)
    assert len({place[1:] for place in tile_map.TILES.values()}) == len(tile_map.TILES)
    assert (every["420000"].value, every["420000"].fifth) == (50, 0)
    assert every["350000"].fifth == 2
    assert every["110000"].fifth is None
    rows = tile_map.of_province(db, ADDED_UP["applications"], 2022, "350000")
    xiamen = next(row for row in rows if row.prefecture and row.prefecture.id == "350200")
    assert {tile.name: tile.value for tile in xiamen.counties}["思明区"] == 200


def test_a_line_breaks_where_figures_cannot_be_compared() -> None:
    points = {year: (float(year), True) for year in range(2017, 2023)}
    drawn = charts.lines("题", range(2017, 2023), {"数": points}, breaks={2019: "新格式", 2021: "新格式", 2030: "无"})
    assert drawn.count('class="s0 stroke"') == 3
    assert drawn.count('class="break"') == 2
    words = charts.Words("件", ["据3份报告", "占机关的50%"])
    assert {"件", "据3份报告", "占机关的50%"} <= set(
        re.findall(">([^<]+)</text>", charts.lines("题", [2017], {"数": points}, words=words))
    )


# Pages


def page(room: str, path: str, language: str = "zh") -> str:
    status, _, body = get(f"{room}{path}", Cookie=f"lang={language}")
    assert status == 200, path
    return body.decode()


def test_a_place_shows_one_total_and_what_is_within_it(room: str) -> None:
    text = page(room, "/place/350203?year=2022")
    assert re.search(r'新收申请 2022</dt><dd class="value">200<', text)
    assert re.search(
        r'已含在内，不再相加</dt>\s*<dd class="value">73<', text
    )  # two departments and a town, never added to the 200
    assert '<dd class="value">4 <small>/ 5</small>' in text
    assert 'href="/entries?portal=p&amp;fate=blocked"' in text
    assert f'href="/place/{quote("350203-莲前街道")}?year=2022"' in text
    said = json.loads(get(f"{room}/place/350203.json")[2])
    assert [one["id"] for one in said["in"]] == ["350000", "350200"]
    rows = list(csv.DictReader(io.StringIO(get(f"{room}/place/350203.csv")[2].decode("utf-8-sig"))))
    counted = [row["applications"] for row in rows if row["counting"] == "counted" and row["report_year"] == "2022"]
    assert counted == ["200"]


def test_a_county_shows_its_towns_beside_its_total(room: str) -> None:
    text = page(room, "/place/350203?year=2022")
    towns = text[text.index('id="towns"') :]
    rows = re.findall(
        r'<th scope="row">(?:<a [^>]*>)?([^<]+)<.*?<td class="number">([^<]*)<.*>([^<]*)</td></tr>', towns
    )
    assert [(name, value, coverage.strip()) for name, value, coverage in rows] == [
        ("厦港街道", "–", "0 / 1"),
        ("莲前街道", "3", "1 / 1"),
        ("合计", "3", "1 / 1"),
    ]
    assert "本级政府的全区域报告已含以上数字，不再相加。" in towns
    town = page(room, f"/place/{quote('350203-莲前街道')}")
    assert re.search(r'新收申请 2022</dt><dd class="value">3<', town)
    said = json.loads(get(f"{room}/place/350203.json")[2])
    assert [(row["place"], row["applications"]) for row in said["town_sums"]] == [("350203-莲前街道", 3)]


def test_bodies_that_are_listed_alone_are_shown_where_they_belong(room: str) -> None:
    listed = page(room, f"/place/{quote('350203-厦港街道')}")
    assert "本档案没有该地方的报告。" in listed
    assert "思明区厦港街道办事处" in listed
    assert "2022 列表中有，本档案尚未取得" in listed[listed.index('id="bodies"') : listed.index("</table>")]
    city = page(room, "/place/350500?year=2022")
    row = city[city.index("/place/350582") :]
    assert "0 / 1" in row[: row.index("</tr>")]


@pytest.mark.parametrize("year", [2020, 2021, 2022])
def test_a_place_of_the_map_answers_in_a_year_without_its_reports(room: str, year: int) -> None:
    tiles = page(room, f"/map?year={year}") + page(room, f"/map?year={year}&place=350000")
    links = set(re.findall(r'href="(/place/[^"]+)"', tiles))
    assert f"/place/350211?year={year}" in links
    assert {link: status for link in links if (status := get(room + link)[0]) != 200} == {}
    said = page(room, f"/place/350211?year={year}", "en")
    assert (f"no report of this place for {year}" in said) == (year != 2022)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_pages_lead_to_each_other(room: str, language: str) -> None:
    home = page(room, "/", language)
    for path in ("/map", "/bodies", "/rankings", "/nation"):
        assert f'href="{path}"' in home
        page(room, path, language)
    assert 'href="/map?figure=applications&amp;year=2022&amp;place=350000"' in page(room, "/map?year=2022", language)
    assert 'href="/place/350203?year=2022"' in page(room, "/map?year=2022&place=350000", language)
    assert 'href="/place/350200?year=2022"' in page(room, "/place/350000?year=2022", language)
    assert 'href="/report/p-000"' in page(room, "/rankings?year=2022", language)


def test_the_country_leads_to_the_ranking_of_each_level_and_kind(room: str) -> None:
    links = [unescape(link) for link in re.findall(r'href="(/rankings[^"]+)"', page(room, "/nation?year=2022"))]
    asked = [dict(parse_qsl(link.partition("?")[2])) for link in links]
    assert {*asked[1]} == {"figure", "year", "level"}
    assert {"figure": "applications", "year": "2022", "level": "all", "kind": "department"} in asked
    assert {name for one in asked for name in one} == {"figure", "year", "level", "kind"}


def test_a_ranking_says_below_which_denominator_it_leaves_out(room: str) -> None:
    assert "denominator below 9999 (" in page(room, "/rankings?figure=denial_rate&at_least=9999&year=2022", "en")
    assert "分母不足9999（" in page(room, "/rankings?figure=denial_rate&at_least=9999&year=2022")


@pytest.mark.parametrize(
    ("language", "words"),
    [("zh", "列表中有，网站拒绝访问"), ("en", "listed; the portal refused it")],
)
def test_an_empty_cell_tells_its_reason_in_words(room: str, language: str, words: str) -> None:
    cell = re.search(
        r'<td class="gone why-blocked">.*?</td>', page(room, "/place/350203?year=2021", language), re.DOTALL
    )
    assert cell
    assert f'title="2021 {words}' in cell[0]
    assert f'aria-label="2021 {words}' in cell[0]
    of_year = page(room, "/place/350203?year=2021", language).partition('id="without"')[2]
    assert words in of_year
    of_body = page(room, f"/body/{quote('思明区财政局')}", language).partition('id="missing"')[2]
    assert re.search(r'why-not_known"><b>2021</b>', of_body)  # the archive has no captures.db


def test_files_have_every_row(room: str) -> None:
    for path, name, number in (
        ("/rankings", "rows", 3),
        ("/bodies", "bodies", 14),
        ("/map", "rows", 34),
    ):
        asks = "?year=2022&at_least=0"
        lines = get(f"{room}{path}.csv{asks}")[2].decode("utf-8-sig").splitlines()
        assert len(lines) - 1 == len(json.loads(get(f"{room}{path}.json{asks}")[2])[name]) == number, path
    said = json.loads(get(f"{room}/nation.json?year=2022")[2])
    assert sum(
        row["applications"] or 0 for row in said["sums"] if row["counting"] == "counted" and row["report_year"] == 2022
    )


def test_where_no_county_can_be_ranked_all_levels_are_unless_counties_are_asked_for(room: str) -> None:
    asks = "/rankings.json?kind=department&place=420000&year=2022&at_least=0"
    ranked = [
        [row["issuing_body"] for row in json.loads(get(room + path)[2])["rows"]]
        for path in (asks, f"{asks}&level=county")
    ]
    assert ranked == [["襄阳市财政局"], []]


@pytest.mark.parametrize(
    "path",
    [
        "/rankings?figure=none",
        "/rankings?year=20",
        "/rankings?at_least=-1",
        "/rankings?place=999999",
        "/rankings?sort=x",
        "/rankings?page=9",
        "/bodies?level=none",
        "/bodies?place=x",
        "/bodies?known=x",
        "/nation?figure=days_late",
        "/nation?year=1999",
        "/map?place=350203",
        "/map?figure=suit_loss_rate",
        "/place/350203?year=1999",
    ],
)
def test_what_cannot_be_asked_is_refused(room: str, path: str) -> None:
    assert get(room + path)[0] == 400


@pytest.mark.parametrize(
    "path", ["/place/350203", "/nation", "/map", f"/body/{quote('思明区财政局')}", "/portal/p", "/report/p-001"]
)
def test_every_chart_can_be_had_as_a_file_and_as_a_preview(room: str, path: str) -> None:
    status, headers, drawn = get(f"{room}{path}.svg")
    assert (status, headers["content-type"]) == (200, "image/svg+xml; charset=utf-8")
    assert drawn.startswith(b"<svg ")
    text = page(room, path)
    assert '<meta property="og:title" content="' in text
    preview = re.search(rf'property="og:image" content="{room}([^"]+)"', text)
    status, headers, drawn = get(f"{room}{path}.png?preview=1")
    if chart_images.font() is None:
        assert (status, preview) == (404, None)
    else:
        assert preview
        assert get(room + unescape(preview[1]))[1]["content-type"] == headers["content-type"] == "image/png"


def test_the_numbers_behind_a_chart_are_a_file(room: str) -> None:
    lines = get(f"{room}/body/{quote('思明区财政局')}.csv?chart=applications&_bom=0")[2].decode().splitlines()
    assert lines == ["report_year,series,value,verified,reports", "2020,applications,7,1,1", "2022,applications,40,1,1"]
    assert get(f"{room}/body/{quote('思明区财政局')}.csv?chart=none")[0] == 400


ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.mark.parametrize(
    ("path", "asks", "bodies"),
    [
        ("/place/350203", "", {"思明区人民政府", "思明区财政局", "思明区教育局", "思明区莲前街道办事处"}),
        (f"/place/{quote('350203-莲前街道')}", "", {"思明区莲前街道办事处"}),
        ("/place/420000", "", {"襄阳市财政局"}),
        (f"/body/{quote('思明区财政局')}", "", {"思明区财政局"}),
        ("/portal/p", "", {one.body for one in MADE}),
        ("/search", f"?q={quote_plus('思明 教育')}", {"思明区教育局"}),
    ],
)
def test_each_page_has_its_feed(room: str, path: str, asks: str, bodies: set[str]) -> None:
    said = re.search(r'type="application/atom\+xml" title="[^"]+" href="([^"]+)"', page(room, path + asks))
    assert said
    assert unescape(said[1]) == f"{path}.atom{asks}"
    feeds = {}
    for language in ("zh", "en"):
        status, headers, text = get(f"{room}{path}.atom{asks}", Cookie=f"lang={language}")
        assert (status, headers["content-type"]) == (200, "application/atom+xml; charset=utf-8")
        feeds[language] = etree.fromstring(text)
    one, other = feeds.values()
    for name in ("id", "title", "subtitle", "updated"):
        assert one.findtext(ATOM + name), name
    assert one.findtext(f"{ATOM}subtitle") != other.findtext(f"{ATOM}subtitle")
    ids = [entry.findtext(f"{ATOM}id") for entry in one.iter(f"{ATOM}entry")]
    assert ids == [entry.findtext(f"{ATOM}id") for entry in other.iter(f"{ATOM}entry")]
    assert len(set(ids)) == len(ids)
    links = {link.get("rel"): link.get("href") for link in one.findall(f"{ATOM}link")}
    assert links["alternate"] == f"{room}{path}{asks}"
    assert get(links["self"])[0] == 200
    said_bodies = {entry.findtext(f"{ATOM}summary").partition(" · ")[0] for entry in one.iter(f"{ATOM}entry")}
    assert said_bodies == bodies
