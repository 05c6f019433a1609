"""A city re-hosts reports of its district: both are kept, the district's own leads."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from archive.copy_candidates import Candidate
from crawler.demo.nfcms import Nfcms
from crawler.demo.reports import catalogue
from crawler.demo.server import Server
from crawler.demo.trs import Trs
from pipelines.ingest.near_copies import _pairs, find_copies
from tests.crawling import crawl, scrapy
from tests.test_crawl import rows, scrapy_dump

TEXT = "".join(f"第{i}项：全年收到政府信息公开申请{i * 37 % 91}件，按时办结{i * 17 % 83}件。" for i in range(60))


@pytest.mark.parametrize("first", ["linchuan", "qingxi"])
def test_the_districts_own_report_leads_whichever_came_first(tmp_path: Path, first: str) -> None:
    archive = tmp_path / "archive"
    own = catalogue("临川市青溪区", 8)
    shared = [report for report in own if report.issuing_body == "临川市青溪区人民政府"][:2]
    assert len(shared) == 2
    city = Trs("linchuan", catalogue("临川市", 5) + shared, place="临川市")
    with Server(Nfcms("qingxi", own, place="临川市青溪区"), city) as server:
        for name in (first, *{"linchuan", "qingxi"} - {first}):
            assert crawl(archive, server[name]).returncode == 0
        links = dict(rows(archive, "reports", "SELECT id, same_as FROM reports WHERE same_as IS NOT NULL"))
        assert len(links) == 2
        for copy, leading in links.items():
            assert copy.startswith("linchuan-")
            assert leading.startswith("qingxi-")
            both = "SELECT COUNT(DISTINCT issuing_body || report_year) FROM reports WHERE id IN (?, ?)"
            assert rows(archive, "reports", both, copy, leading) == [(1,)]
        assert rows(archive, "reports", "SELECT COUNT(*) FROM reports") == [(15,)]
        assert rows(
            archive, "reports", "SELECT COUNT(*), COUNT(DISTINCT issuing_body || report_year) FROM key_figures"
        ) == [(13, 13)]
        before = scrapy_dump(archive)
        for path in archive.glob("reports.db*"):
            path.unlink()
        assert scrapy(archive, "reparse").returncode == 0
        assert scrapy_dump(archive) == before
        # what a reparse of one portal does not touch stays linked
        assert scrapy(archive, "reparse", "qingxi").returncode == 0
        assert scrapy_dump(archive) == before


def copy(report_id: str, **facts: Any) -> Candidate:
    usual = {
        "portal": report_id.partition("-")[0],
        "issuing_body": "广州市番禺区人民政府",
        "report_year": 2022,
        "published": "2023-01-20",
        "division_code": "440113",
        "same_as": None,
        "portal_division": None,
        "portal_code": None,
    }
    return Candidate(id=report_id, **usual | facts)


CITY = copy("gz-1", portal_division="广州市", portal_code="440100", published="2023-01-10")
OWN = copy("panyu-1", portal_division="番禺区", portal_code="440113")
SHORT = replace(OWN, issuing_body="番禺区人民政府")
PROVINCE = copy("gd-1", portal_division="广东省", portal_code="440000")


@pytest.mark.parametrize("own", [OWN, SHORT])
def test_the_leading_one_does_not_depend_on_the_order(own: Candidate) -> None:
    for order in itertools.permutations([CITY, own, PROVINCE]):
        found = dict(find_copies(order, {"gz-1", "panyu-1", "gd-1"}, lambda _: TEXT))
        if own is OWN:
            assert found == {"panyu-1": None, "gz-1": "panyu-1", "gd-1": "panyu-1"}
        else:
            assert found["panyu-1"] is None
            assert found["gz-1"] == "panyu-1"


def test_one_text_at_two_addresses_of_a_portal_is_one_report() -> None:
    again = replace(CITY, id="gz-2")
    texts = {CITY.id: TEXT, again.id: TEXT}
    assert dict(find_copies([CITY, again], set(texts), texts.__getitem__)) == {CITY.id: None, again.id: CITY.id}


@pytest.mark.parametrize(
    ("other", "text"),
    [
        (replace(OWN, report_year=2021), TEXT),
        (replace(OWN, issuing_body="广州市番禺区教育局"), TEXT),
        (replace(OWN, id="gz-2", portal="gz"), TEXT.replace("第3项", "第三项")),
        (OWN, TEXT.replace("收到", "共收").replace("按时", "依法").replace("件", "宗")),
        (OWN, "（图片）"),
    ],
    ids=["another year", "another body", "a correction on the same portal", "another text", "no text"],
)
def test_what_is_no_copy(other: Candidate, text: str) -> None:
    texts = {"gz-1": text if text != TEXT else TEXT, other.id: TEXT if len(text) > 10 else text}
    assert set(dict(find_copies([CITY, other], {"gz-1", other.id}, texts.__getitem__)).values()) == {None}


def test_a_copy_may_differ_a_little() -> None:
    texts = {"gz-1": TEXT, "panyu-1": "来源：番禺区政府\n" + TEXT.replace("第7项", "第七项") + "打印本页"}
    assert dict(find_copies([CITY, OWN], {"gz-1"}, texts.__getitem__)) == {"panyu-1": None, "gz-1": "panyu-1"}


def test_of_reports_that_are_alike_by_a_third_the_most_own_leads() -> None:
    def changed(most: int) -> str:
        """A thousand characters, the first ones other ones."""
        return "".join(chr(0x4E00 + number + 2000 * (number < most)) for number in range(1000))

    texts = {OWN.id: changed(0), CITY.id: changed(160), PROVINCE.id: changed(80)}
    only_two = {OWN.id: None, CITY.id: None}
    assert dict(find_copies([OWN, CITY], set(texts), texts.__getitem__)) == only_two  # the premise
    third = replace(PROVINCE, published="9999")
    found = dict(find_copies([third, CITY, OWN], set(texts), texts.__getitem__))
    assert found == {OWN.id: None, CITY.id: OWN.id, third.id: OWN.id}


def test_each_of_many_copies_is_looked_at_once() -> None:
    read: list[str] = []

    def text(report_id: str) -> str:
        read.append(report_id)
        return TEXT

    copies = [replace(CITY, id=f"place{number}-1", portal=f"place{number}") for number in range(60)]
    links = dict(find_copies(copies, {"place7-1"}, text))
    assert list(links.values()).count(None) == 1
    assert len(set(links.values())) == 2
    assert sorted(read) == sorted(links)


def test_names_that_only_end_alike_are_not_compared() -> None:
    names = ["县人民政府", *(f"{chr(0x4E00 + number)}县人民政府" for number in range(500))]
    reports = [replace(CITY, id=f"p{number}-1", issuing_body=name) for number, name in enumerate(names)]
    assert list(_pairs(reports)) == [(0, number) for number in range(1, 501)]


def test_only_what_was_touched_is_compared() -> None:
    def text(_: str) -> str:
        raise AssertionError("not to be read")

    linked = replace(CITY, same_as="panyu-1")
    assert list(find_copies([linked, OWN], set(), text)) == []
    # its leading one is no longer about the same: the link is undone
    assert dict(find_copies([linked, replace(OWN, report_year=2020)], set(), text)) == {"gz-1": None}
