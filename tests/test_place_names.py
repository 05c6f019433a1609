"""Places as people type them: found by name, by code and by the places that they lie in, as a plain scan of all spellings finds them."""

from __future__ import annotations

import random
import re
import sqlite3
from collections.abc import Iterator
from itertools import product

import pytest

from archive import Reports
from archive.agencies import agency_id, place_id
from archive.room.catalogue import Catalogue
from archive.room.place_names import PlaceNames
from archive.room.search import Results, search
from archive.room.search_terms import fold, parse
from tests.made_reports import made

BODIES = {
    "厦门市集美区人民政府": "350211",
    "厦门市集美区教育局": "350211",
    "集美区灌口镇人民政府": "350211",
    "襄阳市财政局": "420600",
    "朝阳市人民政府": "211300",
}
LEVELS = {"350211": "county", "420600": "prefecture", "211300": "prefecture"}


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    folder = tmp_path_factory.mktemp("names")
    reports = Reports(folder)
    reports.put_portal({"name": "p", "title": "某站"})
    for number, (body, code) in enumerate(BODIES.items()):
        level = "township" if "镇" in body else LEVELS[code]
        row = {"issuing_body": body, "report_year": 2020 + number, "division_code": code, "level": level}
        row["agency_id"], row["place_id"] = (
            agency_id(body, code, row["report_year"]),
            place_id(body, code, level, row["report_year"]),
        )
        reports.put(made(f"p-{number}", {"report_texts": [("正文",)]}, portal="p", title=f"{body}年度报告", **row))
    reports.commit()
    reports.close()
    connection = sqlite3.connect(folder / "reports.db")
    yield connection
    connection.close()


def asked(db: sqlite3.Connection, typed: str) -> Results:
    found = search(db, Catalogue(db), parse(typed), {})
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("typed", "ids"),
    [
        ("集美区", ["350211"]),
        ("集美", ["350211"]),
        ("集美區", ["350211"]),
        ("廈門 集美區", ["350211"]),
        ("福建省集美区", ["350211"]),
        ("集美区政府", ["350211"]),
        ("厦门集美區人民政府", ["350211"]),
        ("灌口镇政府", ["350211-灌口镇"]),
        ("区政府", []),
        ("人民政府", []),
        ("政府", []),
        ("福建厦门集美", ["350211"]),
        ("厦门市 集美区", ["350211"]),
        ("350211", ["350211"]),
        ("３５０２１１", ["350211"]),
        ("3502", ["350200"]),
        ("350200", ["350200"]),
        ("“集美区”", ["350211"]),
        ("广西", ["450000"]),
        ("内蒙古", ["150000"]),
        ("襄樊市", ["420600"]),
        ("灌口镇", ["350211-灌口镇"]),
        ("集美 灌口", ["350211-灌口镇"]),
        ("厦门市集美区灌口镇", ["350211-灌口镇"]),
        ("朝阳", ["211300", "211321", "110105", "220104"]),
        ("朝阳 -辽宁", ["110105", "220104"]),
        ("北京 朝阳", ["110105"]),
        ("北京朝阳区", ["110105"]),
        ("思明区 OR 集美区", ["350211", "350203"]),
        ("区", []),
        ("2021", []),
        ("集美区 年度报告", []),
        ("广东 集美", []),
        ("", []),
    ],
)
def test_a_place_is_found_as_it_is_typed(db: sqlite3.Connection, typed: str, ids: list[str]) -> None:
    assert sorted(one.id for one in asked(db, typed).places) == sorted(ids)


def test_what_is_named_exactly_comes_first_and_says_what_is_there(db: sqlite3.Connection) -> None:
    places = asked(db, "朝阳").places
    assert places[0].id == "211300"
    assert (places[0].reports, places[0].first_year, places[0].last_year) == (1, 2024, 2024)
    (county,) = asked(db, "集美区").places
    assert (county.reports, county.above) == (3, ("福建省", "厦门市"))
    assert asked(db, "沙市").places[0].name == "沙市区"


def test_bodies_are_found_by_the_place_that_they_lie_in(db: sqlite3.Connection) -> None:
    assert [name for name, _ in asked(db, "福建 教育局").bodies] == ["厦门市集美区教育局"]
    assert [name for name, _ in asked(db, "湖北省 財政局").bodies] == ["襄阳市财政局"]
    assert [name for name, _ in asked(db, "集美区 -教育").bodies] == ["厦门市集美区人民政府", "集美区灌口镇人民政府"]
    assert asked(db, "广东 教育局").bodies == []
    for typed in ("集美区政府", "集美區人民政府", "厦门 集美区政府"):
        assert [name for name, _ in asked(db, typed).bodies] == ["厦门市集美区人民政府"]
    assert asked(db, "集美区民政").bodies == []


# The oracle: every spelling of every place, written out.

_KIND = re.compile(r"(?<=..)(?:特别行政区|自治区|自治州|自治县|自治旗|地区|新区|林区|街道|省|市|区|县|州|旗|盟|镇|乡)$")
_PEOPLE = re.compile(r"(?<=..)(?:壮族|回族|维吾尔|土家族苗族|藏族羌族|藏族|彝族|苗族侗族|布依族苗族|朝鲜族|蒙古族?)$")


def _forms(name: str) -> set[str]:
    name = fold(name)
    short = _KIND.sub("", name)
    return {name, short, _PEOPLE.sub("", short)}


def _scan(rows: dict[str, tuple[set[str], str | None]], typed: str) -> set[str]:
    """The places of a query of plain words, by all their spellings."""

    def path(at: str) -> list[str]:
        found = [at]
        while (above := rows[found[-1]][1]) in rows:
            found.append(above)
        return found

    def names(at: str, word: str) -> bool:
        if word.isdecimal():
            code = re.sub(r"(?:00){1,2}$", "", at)
            return word == at or (len(word) >= 4 and word == code)
        own, *above = path(at)
        if len(word) >= 2 and any(word in fold(name) for name in rows[own][0]):
            return True
        ways = [{"", *(form for name in rows[one][0] for form in _forms(name))} for one in reversed(above)]
        ends = {form for name in rows[own][0] for form in _forms(name)}
        return any("".join(way) == word for way in product(*ways, ends))

    words = [fold(word) for word in typed.split()]
    return {
        at
        for at in rows
        if any(names(at, word) for word in words) and all(any(names(one, word) for one in path(at)) for word in words)
    }


def test_places_are_found_as_by_a_scan_of_all_spellings(db: sqlite3.Connection) -> None:
    rows: dict[str, tuple[set[str], str | None]] = {}
    for at, name, parent in db.execute("SELECT id, name, parent FROM places ORDER BY id, first_year"):
        rows[at] = ({name, *(rows[at][0] if at in rows else ())}, parent)
    rows["350211-灌口镇"] = ({"灌口镇"}, "350211")
    here = {at: row for at, row in rows.items() if at[:2] in {"35", "45", "11"}}
    every = PlaceNames(db)
    draw = random.Random(11)
    some = sorted(here)
    for _ in range(200):
        at = draw.choice(some)
        above = here[at][1] or at
        names = [draw.choice(sorted(_forms(draw.choice(sorted(here[one][0]))))) for one in (above, at)]
        typed = draw.choice(
            [
                names[1],
                " ".join(names),
                " ".join(reversed(names)),
                "".join(names),
                at,
                at[:4],
                names[1][:2],
                names[1][1:],
            ]
        )
        query = parse(typed)
        found = {one.id for one in every.of(query).found(query) if one.id in here}
        assert found == _scan(here, typed), typed
