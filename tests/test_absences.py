"""A year without a report has a reason of its own: only what was walked to its end after the deadline says anything of a body."""

from __future__ import annotations

import csv
import io
import json
import re
import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from archive import Captures, Reports
from archive.listed_bodies import ListedBody, put_listed_bodies
from archive.room.absences import Judge, Walk, walks
from tests.browsing import browsing, get
from tests.made_reports import made

BODY = "某市教育局"
DONE = {"p": Walk("2030-05-01T00:00:00Z", is_complete=True)}

MOMENT = "2030-01-01T00:00:00.000000Z"


def filled(folder: Path, entries: list[tuple[str, str]], bodies: list[tuple[str, list[int]]]) -> None:
    reports = Reports(folder)
    reports.put_portal({"name": "p", "title": "某市"})
    for body, years in bodies:
        for year in years:
            name = f"p-{body}-{year}"
            tables = {"report_texts": [("正文",)]}
            row = {"issuing_body": body, "report_year": year, "body_kind": "department"}
            row |= {"agency_id": f"x-{body}", "place_id": "990001", "division_code": "990001"}
            reports.put(made(name, tables, portal="p", title=f"{body}{year}年报告", **row))
    for number, (title, fate) in enumerate(entries):
        reports.db.execute(
            "INSERT INTO fates (portal, listing_url, url, title, fate) VALUES ('p', 'http://p.example/', ?, ?, ?)",
            (f"http://p.example/{number}", title, fate),
        )
    reports.db.conn.commit()
    reports.close()


def reason(folder: Path, year: int, known: dict[str, Walk] | None, today: str = "2030-06-01", body: str = BODY) -> Any:
    db = sqlite3.connect(folder / "reports.db")
    (row,) = Judge(db, known, today).explained([{"issuing_body": body, "report_year": year, "portals": "p"}])
    db.close()
    return row["reason"], row["evidence"]


@pytest.mark.parametrize(
    ("title", "fate", "told"),
    [
        ("某市教育局2022年政府信息公开工作年度报告", "blocked", "blocked"),
        ("教育局2022年度政府信息公开工作报告", "error", "listed_not_fetched"),
        ("某市教育局２０２２年政府信息公开年报", "pending", "listed_not_fetched"),
        ("某市教育局2022年政府信息公开工作年度报告", "unreadable", "listed_not_fetched"),
        ("某市教育局2022年政府信息公开工作年度报告", "removed", "removed"),
        ("某市教育局2022年政府信息公开工作年度报告", "missing", "removed"),
        ("某市卫生局2022年政府信息公开工作年度报告", "blocked", "not_listed"),
        ("某市教育局2021年政府信息公开工作年度报告", "blocked", "not_listed"),
        ("某市教育局2022年政府信息公开工作年度报告", "not_a_report", "not_listed"),
    ],
)
def test_what_came_of_an_entry_is_told(tmp_path: Path, title: str, fate: str, told: str) -> None:
    filled(tmp_path, [(title, fate)], [(BODY, [2021, 2023]), ("某市卫生局", [2021])])
    found = reason(tmp_path, 2022, DONE)
    assert found[0] == told
    if told != "not_listed":
        assert found[1] == "http://p.example/0"


@pytest.mark.parametrize(
    ("known", "today", "told"),
    [
        (DONE, "2023-01-31", "not_due"),
        (DONE, "2023-02-01", "not_listed"),
        ({}, "2030-06-01", "not_crawled"),
        ({"p": Walk("2023-01-20T00:00:00Z", is_complete=True)}, "2030-06-01", "not_crawled_since"),
        ({"p": Walk("2030-05-01T00:00:00Z", is_complete=False)}, "2030-06-01", "not_walked"),
        (None, "2030-06-01", "not_known"),
    ],
)
def test_what_a_crawl_left_undone_is_told(tmp_path: Path, known: Any, today: str, told: str) -> None:
    filled(tmp_path, [], [(BODY, [2021, 2023])])
    assert reason(tmp_path, 2022, known, today)[0] == told


def test_a_body_that_may_be_renamed_is_no_body_that_is_silent(tmp_path: Path) -> None:
    filled(tmp_path, [], [("某市卫生局", [2017, 2018]), ("某市卫生健康局", [2019, 2020, 2021]), (BODY, [2017, 2018])])
    assert reason(tmp_path, 2020, DONE, body="某市卫生局") == ("renamed", "某市卫生健康局")
    filled(tmp_path / "b", [], [("某市文化局", [2017, 2018]), ("某市文化和旅游局", [2019, 2020]), (BODY, [2017])])
    assert reason(tmp_path / "b", 2020, DONE, body="某市文化局") == ("renamed", "某市文化和旅游局")
    assert reason(tmp_path / "b", 2020, DONE)[0] == "not_listed"


@pytest.mark.parametrize(
    ("finish", "stats", "problem", "complete"),
    [
        ("finished", "{}", None, True),
        ("shutdown", "{}", None, False),
        ("finished", '{"limits": ["years"]}', None, False),
        ("finished", "{}", "listing_short", False),
        ("finished", "{}", "listing_failed", False),
    ],
)
def test_a_walk_is_complete_where_nothing_speaks_against_it(
    tmp_path: Path, finish: str, stats: str, problem: str | None, complete: bool
) -> None:
    captures = Captures(tmp_path)
    captures.db.execute(
        "INSERT INTO runs (kind, portal, started_at, finished_at, finish_reason, stats) VALUES ('crawl', 'p', ?, ?, ?, ?)",
        (MOMENT, MOMENT, finish, stats),
    )
    if problem:
        captures.db.execute(
            "INSERT INTO problems (portal, url, stage, kind, message, seen_at) VALUES ('p', 'u', 'listing', ?, '', ?)",
            (problem, MOMENT),
        )
    assert walks(captures.db.conn) == {"p": Walk(MOMENT, is_complete=complete)}
    captures.close()


def test_the_question_tells_the_reasons(tmp_path: Path) -> None:
    filled(tmp_path, [("某市教育局2022年政府信息公开工作年度报告", "blocked")], [(BODY, [2021, 2023])])
    captures = Captures(tmp_path)
    captures.close()
    with browsing(tmp_path) as address:
        page = get(f"{address}/questions/missing-years?year=all&lang=zh")[2].decode()
        assert "列表中有，网站拒绝访问" in page
        assert "http://p.example/0" in page
        assert "refused it" in get(f"{address}/questions/missing-years?year=2022&lang=en")[2].decode()
        (row,) = json.loads(get(f"{address}/questions/missing-years.json?year=all")[2])["rows"]
        assert (row["report_year"], row["reason"], row["evidence"]) == (2022, "blocked", "http://p.example/0")
        lines = get(f"{address}/questions/missing-years.csv?year=all")[2].decode("utf-8-sig")
        assert next(csv.DictReader(io.StringIO(lines)))["reason"] == "blocked"


ALONE = "某市水务局"


def listing(folder: Path, **years: str) -> None:
    """Bodies that the portal lists with years of which no report is here, by their names."""
    reports = Reports(folder)
    found = [
        ListedBody(f"x-{name}", name, "990001", "990001", "county", "department", of) for name, of in years.items()
    ]
    put_listed_bodies(reports, "p", found)
    reports.commit()
    reports.close()


def missing(address: str, asks: str) -> dict[tuple[str, int], str]:
    rows = json.loads(get(f"{address}/questions/missing-years.json?{asks}")[2])["rows"]
    return {(row["issuing_body"], row["report_year"]): row["reason"] for row in rows}


def test_a_body_that_is_only_listed_lacks_years_from_the_first_that_is_listed(tmp_path: Path) -> None:
    filled(tmp_path, [(f"{ALONE}2022年政府信息公开年度报告", "blocked")], [(BODY, [2019, 2020, 2021, 2023])])
    listing(tmp_path, **{ALONE: "2020,2022", BODY: "2017,2022", "某市网站所有者": ""})
    Captures(tmp_path).close()
    with browsing(tmp_path) as address:
        never, listed = "not_crawled", "listed_not_fetched"
        expected = {(ALONE, 2020): listed, (ALONE, 2021): never, (ALONE, 2022): "blocked", (ALONE, 2023): never}
        expected |= {(BODY, 2017): listed, (BODY, 2018): never, (BODY, 2022): listed}
        assert missing(address, "year=all") == missing(address, "year=all&portal=p") == expected
        assert missing(address, "year=2022") == {(ALONE, 2022): "blocked", (BODY, 2022): listed}
        assert missing(address, "year=all&portal=q") == {}
        found = json.loads(get(f"{address}/body/{quote(ALONE)}.json")[2])
        assert [row["report_year"] for row in found["missing"]] == [2020, 2021, 2022, 2023]
        assert (found["listed_by"], found["reports"]) == (["p"], [])
        for language, words in (("zh", "仅知其见于网站列表"), ("en", "known from listings alone")):
            assert words in get(f"{address}/body/{quote(ALONE)}?lang={language}")[2].decode()
        assert get(f"{address}/body/{quote('某市网站所有者')}")[0] == 200
        assert json.loads(get(f"{address}/search.json?q={quote('水务局')}")[2])["bodies"] == [[ALONE, 0]]
        assert "仅列出" in get(f"{address}/search?q={quote('水务局')}&lang=zh")[2].decode()
        page = get(f"{address}/questions/missing-years?year=2021&lang=en")[2].decode()
        assert 'href="/portal/p"' in page.partition("<tbody>")[2]  # what shows that it was not crawled
        assert 'href="/body/p"' not in page


def test_what_a_portal_lists_under_another_name_is_not_said_to_be_unlisted(tmp_path: Path) -> None:
    filled(tmp_path, [("市教育体育局二〇二二年公开年报", "pending")], [(BODY, [2021, 2023])])
    assert reason(tmp_path, 2022, DONE)[0] == "not_listed"
    listing(tmp_path, **{BODY: "2022"})
    assert reason(tmp_path, 2022, DONE) == ("listed_not_fetched", "")
    assert reason(tmp_path, 2020, DONE)[0] == "not_listed"


def test_a_place_tells_of_every_year_that_a_listing_announces(tmp_path: Path) -> None:
    filled(tmp_path, [(f"{ALONE}2024年政府信息公开年度报告", "blocked")], [(BODY, [2019])])
    listing(tmp_path, **{ALONE: "2024", "某市网站所有者": ""})
    reports = Reports(tmp_path)
    reports.db.execute("INSERT INTO places VALUES ('990001', '某区', 'county', NULL, 2007, NULL)")
    reports.commit()
    reports.close()
    with browsing(tmp_path) as address:
        page = get(f"{address}/place/990001?lang=en")[2].decode()
        assert 'href="/place/990001?year=2024"' in page
        assert '<b aria-current="true">2019</b>' in page
        page = get(f"{address}/place/990001?year=2024&lang=en")[2].decode()
        listed = page[page.index('id="without"') :]
        assert dict(re.findall(r"<li>.*?<bdi>(\w+)</bdi>.*?: (.*?) <", listed)) == {
            BODY: "not known: records of crawls are not served here",
            ALONE: "listed; the portal refused it",
        }
        assert "no report of it is listed" in listed
