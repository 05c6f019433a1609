"""Sums count nothing twice: governments and their departments, copies, renamed bodies, changed forms, unknown scopes."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from archive import Reports, definitions
from archive.agencies import agency_id, place_id
from archive.copy_candidates import link_copies
from archive.definitions import DERIVED, RATES
from archive.divisions import is_below
from archive.figures import KEY_FIGURES
from archive.forms import LABELS
from archive.migrations.sums import MET_AGAIN, SEVERAL_AGAIN
from archive.records import Record
from archive.room.key_figures import KEY_FIGURES as SHOWN
from archive.sums import sums, sums_of_country
from archive.vocabulary import BodyKind, Counting, Form, Level, ReportScope
from tests.made_reports import made

WHOLE, OWN, UNKNOWN = ReportScope.WHOLE_AREA, ReportScope.BODY_ONLY, ReportScope.UNKNOWN
GOVERNMENT, OFFICE, DEPARTMENT, ZONE, TOWN = (
    BodyKind.GOVERNMENT,
    BodyKind.GENERAL_OFFICE,
    BodyKind.DEPARTMENT,
    BodyKind.FUNCTIONAL_ZONE_COMMITTEE,
    BodyKind.SUBDISTRICT_TOWNSHIP,
)


@dataclass(frozen=True)
class Planted:
    """A report that states how many applications were received, or nothing."""

    year: int | None
    body: str | None
    code: str | None
    scope: ReportScope
    applications: int | None
    kind: BodyKind = DEPARTMENT
    level: Level = Level.COUNTY
    is_verified: bool = False
    same_as: int | None = None
    published: str = "01-20"


def record(number: int, one: Planted) -> Record:
    cell = (3, "new_received", "total", one.applications, "件", str(one.applications), "number", "html")
    verdict = "holds" if one.is_verified else "not_assessable"
    return made(
        f"p-{number:04}",
        {
            "statistics": [cell] if one.applications is not None else [],
            "table_sources": [(3, "html", "u", "verified")],
            "checks": [("T3-A", "total", 1, 1, verdict, "suspect_parser")],
        },
        issuing_body=one.body,
        report_year=one.year,
        division_code=one.code,
        report_scope=str(one.scope),
        body_kind=str(one.kind),
        level=str(one.level),
        agency_id=agency_id(one.body, one.code, one.year),
        place_id=place_id(one.body, one.code, str(one.level), one.year),
        published=f"{(one.year or 2020) + 1}-{one.published}",
    )


def archive(folder: Path, planted: list[Planted]) -> Reports:
    folder.mkdir(exist_ok=True)
    reports = Reports(folder)
    reports.put_portal({"name": "p"})
    for number, one in enumerate(planted):
        reports.put(record(number, one))
    link_copies(
        reports, {f"p-{n:04}": f"p-{one.same_as:04}" for n, one in enumerate(planted) if one.same_as is not None}
    )
    reports.commit()
    return reports


CITY, COUNTY_TOWN = Level.PREFECTURE, Level.TOWNSHIP
PLANTED = [
    # 翔安区 has a report on its whole area, which a city re-hosts, and its departments' own.
    Planted(2022, "翔安区人民政府", "350213", WHOLE, 100, GOVERNMENT, is_verified=True),
    Planted(2022, "厦门市翔安区人民政府", "350213", WHOLE, 100, GOVERNMENT, same_as=0),
    Planted(2022, "翔安区财政局", "350213", OWN, 30),
    Planted(2022, "翔安区教育局", "350213", OWN, 20),
    # The same bureau by its long name: the correction of its report.
    Planted(2022, "厦门市翔安区财政局", "350213", OWN, 31, published="03-02"),
    # 思明区: departments, an office of unknown scope, a government that states nothing, a zone.
    Planted(2022, "思明区财政局", "350203", OWN, 7, is_verified=True),
    Planted(2022, "思明区教育局", "350203", OWN, 5),
    Planted(2022, "思明区人民政府办公室", "350203", UNKNOWN, 9, OFFICE),
    Planted(2022, "思明区人民政府", "350203", WHOLE, None, GOVERNMENT),
    Planted(2022, "思明软件园管理委员会", "350203", WHOLE, 40, ZONE),
    # 集美区: the government and its office both report on the whole area; a town.
    Planted(2022, "集美区人民政府办公室", "350211", WHOLE, 60, OFFICE, is_verified=True),
    Planted(2022, "集美区人民政府", "350211", WHOLE, 61, GOVERNMENT),
    Planted(2022, "集美区后溪镇人民政府", "350211", OWN, 3, TOWN, COUNTY_TOWN),
    # 泉州市 counts its districts, which report, too.
    Planted(2022, "泉州市人民政府", "350500", WHOLE, 900, GOVERNMENT, CITY, is_verified=True),
    Planted(2022, "鲤城区人民政府", "350502", WHOLE, 200, GOVERNMENT),
    Planted(2022, "鲤城区财政局", "350502", OWN, 8),
    Planted(2022, "丰泽区财政局", "350503", OWN, 4),
    # Of no known place, or year.
    Planted(2022, "某某局", None, OWN, 11),
    Planted(2022, None, "350203", OWN, 2),
    Planted(None, "思明区财政局", "350203", OWN, 13),
    # Before and after the forms changed, and 襄樊市, whose code is 襄阳市 from 2010 on.
    Planted(2009, "襄樊市财政局", "420600", OWN, 6, level=CITY),
    Planted(2018, "襄阳市财政局", "420600", OWN, 16, level=CITY),
    Planted(2019, "襄阳市财政局", "420600", OWN, 17, level=CITY),
    Planted(2021, "湖北省襄阳市财政局", "420600", OWN, None, level=CITY),
]


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reports]:
    reports = archive(tmp_path_factory.mktemp("planted"), PLANTED)
    yield reports
    reports.close()


def year_2022(reports: Reports, **asked: object) -> dict[str | None, int | None]:
    return {one.place: one.value("applications") for one in sums(reports.db.conn, year=2022, **asked)}  # type: ignore[arg-type]


def test_every_rate_that_is_shown_is_defined_in_one_place() -> None:
    assert {name: rate.sql for name, rate in RATES.items()} == {
        name: one.sql for name, one in SHOWN.items() if one.share
    }


def test_nothing_is_counted_twice(planted: Reports) -> None:
    assert year_2022(planted) == {None: 100 + 7 + 5 + 2 + 61 + 900}
    assert year_2022(planted, place="350000") == {"350000": 100 + 7 + 5 + 2 + 61 + 900}
    assert year_2022(planted, place="350200") == {"350200": 100 + 7 + 5 + 2 + 61}
    assert year_2022(planted, place="350500") == {"350500": 900}
    assert year_2022(planted, place="350502") == {"350502": 200}
    assert year_2022(planted, place="350503") == {"350503": 4}
    assert year_2022(planted, by=Level.PROVINCE) == {"350000": 1075}
    assert year_2022(planted, by=Level.PREFECTURE) == {"350200": 175, "350500": 900}
    assert year_2022(planted, by=Level.COUNTY, place="350200") == {"350203": 14, "350211": 61, "350213": 100}
    assert year_2022(planted, by=Level.COUNTY, place="350500") == {"350502": 200, "350503": 4}


def test_levels_and_kinds_are_added_up_by_themselves(planted: Reports) -> None:
    assert year_2022(planted, level=Level.COUNTY) == {None: 100 + 7 + 5 + 2 + 61 + 200 + 4}
    assert year_2022(planted, level=CITY) == {None: 900}
    assert year_2022(planted, level=COUNTY_TOWN) == {None: 3}
    assert year_2022(planted, kind=DEPARTMENT) == {None: 31 + 20 + 7 + 5 + 2 + 8 + 4}
    assert year_2022(planted, kind=GOVERNMENT) == {None: 100 + 61 + 900}
    assert year_2022(planted, kind=GOVERNMENT, level=Level.COUNTY) == {None: 100 + 61 + 200}
    assert year_2022(planted, kind=OFFICE) == {None: None}


def test_what_is_not_counted_is_there_with_its_numbers(planted: Reports) -> None:
    (of_2022,) = sums(planted.db.conn, year=2022)
    assert {(p.scope, p.counting): (p.reports, p.values["applications"]) for p in of_2022.parts} == {
        (WHOLE, Counting.COUNTED): (3, 1061),
        (OWN, Counting.COUNTED): (3, 14),
        (WHOLE, Counting.WITHIN): (1, 200),
        (OWN, Counting.WITHIN): (5, 31 + 20 + 3 + 8 + 4),
        (WHOLE, Counting.AGAIN): (1, 60),
        (OWN, Counting.AGAIN): (1, 30),
        (UNKNOWN, Counting.APART): (1, 9),
        (WHOLE, Counting.APART): (2, 40),
        (OWN, Counting.APART): (1, 11),
    }
    assert of_2022.reports() == 6
    assert of_2022.stated("applications") == 6
    assert of_2022.verified("applications") == 3
    assert of_2022.value("reviews") is None
    (of_no_year,) = (one for one in sums(planted.db.conn) if one.year is None)
    assert (of_no_year.value("applications"), of_no_year.reports(Counting.APART)) == (None, 1)


def test_coverage_is_of_the_bodies_that_were_met(planted: Reports) -> None:
    found = {one.year: (one.in_hand, one.known) for one in sums(planted.db.conn, place="350200")}
    assert found == {2022: (11, 11), None: (1, 11)}
    (one,) = sums(planted.db.conn, place="420600", year=2019)
    assert (one.in_hand, one.known, one.coverage) == (1, 1, 1.0)
    (one,) = sums(planted.db.conn, year=2009)
    assert one.coverage == 1 / (11 + 4 + 1 + 1)
    assert sums(planted.db.conn, place="110000") == []


def test_a_change_of_form_is_marked_and_a_renamed_place_is_one(planted: Reports) -> None:
    found = [(one.year, one.new_form, one.value("applications")) for one in sums(planted.db.conn, place="420600")]
    assert found == [
        (2021, Form.NATIONAL_2021, None),
        (2019, Form.NATIONAL_2019, 17),
        (2018, None, 16),
        (2009, None, 6),
    ]
    assert {name: LABELS["forms"][name]["report_years"][0] for name in (Form.NATIONAL_2019, Form.NATIONAL_2021)} == {
        Form.NATIONAL_2019: 2019,
        Form.NATIONAL_2021: 2021,
    }


def test_every_figure_is_defined_with_its_source() -> None:
    assert list(definitions.KEY_FIGURES) == list(KEY_FIGURES)
    sources = [*definitions.KEY_FIGURES.values(), *(one.source for one in (*DERIVED.values(), *RATES.values()))]
    assert all("格式第" in source for source in sources)


# Against a second reckoning


PLACES = ("350000", "350200", "350203", "350213", "350500", "350502", "440000", "440113", None)


def drawn(draw: random.Random) -> Planted:
    code = draw.choice(PLACES)
    rank = Level.PROVINCE if (code or "").endswith("0000") else CITY if (code or "").endswith("00") else Level.COUNTY
    kind = draw.choice([GOVERNMENT, OFFICE, DEPARTMENT, DEPARTMENT, DEPARTMENT, ZONE, TOWN])
    return Planted(
        year=draw.choice([2019, 2022, 2022, 2022, None]),
        body=draw.choice(["财政局", "教育局", "人民政府", "水利局", None]),
        code=code,
        scope=draw.choice([WHOLE, OWN, OWN, UNKNOWN]),
        applications=draw.choice([None, draw.randrange(1000)]),
        kind=kind,
        level=COUNTY_TOWN if kind is TOWN else rank,
        is_verified=draw.random() < 0.5,
        published=draw.choice(["01-20", "02-11", "03-30"]),
    )


OFFICES = {GOVERNMENT: 0, OFFICE: 1}


def best(several: list[Planted], *, by_office: bool = False) -> Planted:
    """The one report of several that is counted; of equals the first by id."""
    newest_first = sorted(several, key=lambda one: one.published, reverse=True)
    return min(
        newest_first,
        key=lambda one: (
            one.applications is None,
            OFFICES.get(one.kind, 2) if by_office else 0,
            not (one.is_verified and one.applications is not None),
        ),
    )


def reckoned(planted: list[Planted], place: str | None) -> dict[int | None, int | None]:
    """The sums over a place, or the country, by going through the reports as definitions.sql says in words."""
    found: dict[int | None, int | None] = {}
    here = [
        (number, one)
        for number, one in enumerate(planted)
        if one.same_as is None and (place is None or (one.code and (one.code == place or is_below(one.code, place))))
    ]
    for year in {one.year for _, one in here}:
        of_year = [(number, one) for number, one in here if one.year == year]
        areas: dict[str, list[Planted]] = {}
        bodies: dict[tuple[str | None, ReportScope], list[Planted]] = {}
        for number, one in of_year:
            if one.scope is WHOLE and one.code and one.kind is not ZONE and one.level is not COUNTY_TOWN:
                areas.setdefault(one.code, []).append(one)
            agency = agency_id(one.body, one.code, one.year) or str(number)
            bodies.setdefault((agency, one.scope), []).append(one)
        leads = {code: best(several, by_office=True) for code, several in areas.items()}
        covering = {code: one for code, one in leads.items() if one.applications is not None}
        counted = [one.applications for code, one in covering.items() if not any(is_below(code, c) for c in covering)]
        for (_, scope), several in bodies.items():
            one = best(several)
            if scope is OWN and one.code and not any(one.code == c or is_below(one.code, c) for c in covering):
                counted.append(one.applications)
        stated = [value for value in counted if value is not None]
        found[year] = sum(stated) if stated and year is not None else None
    return found


@pytest.mark.parametrize("seed", range(12))
def test_sums_of_any_archive_are_those_of_a_second_reckoning(tmp_path: Path, seed: int) -> None:
    draw = random.Random(seed)
    planted = [drawn(draw) for _ in range(120)]
    planted += [Planted(**{**planted[n].__dict__, "same_as": n}) for n in range(0, 40, 4)]
    reports = archive(tmp_path, planted)
    for place in (None, "350000", "350200", "350203", "440113"):
        found = {one.year: one.value("applications") for one in sums(reports.db.conn, place=place)}
        assert found == reckoned(planted, place)
    by_province = {(one.year, one.place): one.value("applications") for one in sums(reports.db.conn, by=Level.PROVINCE)}
    for (year, place), value in by_province.items():
        assert value == reckoned(planted, place)[year]
    country = sums_of_country(reports.db.conn)
    assert country.totals == sums(reports.db.conn)
    assert country.levels == {
        (found.year, one): found for one in Level for found in sums(reports.db.conn, level=one) if found.parts
    }
    assert country.kinds == {
        (found.year, one): found for one in BodyKind for found in sums(reports.db.conn, kind=one) if found.parts
    }
    reports.close()


def test_bodies_and_repeated_reports_follow_every_change(tmp_path: Path) -> None:
    draw = random.Random(7)
    reports = archive(tmp_path, [drawn(draw) for _ in range(80)])

    def agree() -> None:
        for table, again in (("agencies_met", MET_AGAIN), ("several_reports", SEVERAL_AGAIN)):
            kept, counted = (
                sorted(map(tuple, reports.db.conn.execute(sql))) for sql in (f"SELECT * FROM {table}", again)
            )
            assert kept == counted
            assert kept

    agree()
    for number in range(40):
        reports.put(record(number, drawn(draw)))
    agree()
    link_copies(reports, {f"p-{number:04}": "p-0050" for number in range(20)})
    agree()
    link_copies(reports, {f"p-{number:04}": None for number in range(10)})
    agree()
    for number in range(15, 35):
        reports.remove(f"p-{number:04}")
    agree()
    reports.close()
