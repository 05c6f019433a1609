"""Pages that were made to take for ever: each has its time, and what comes after it is read."""

from __future__ import annotations

import re
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from scrapy.http import HtmlResponse, Request

from archive import Captures
from archive.model import Page
from archive.vocabulary import ProblemKind
from crawler.demo.nfcms import Nfcms
from crawler.demo.server import Server
from crawler.middlewares.politeness import _UNSEEN
from pipelines import read
from pipelines.errors import ReaderError
from pipelines.time_limit import OutOfTimeError, time_limit
from pipelines.wholeness import _XML_ROOT
from spiders.platforms import listing
from tests.crawling import crawl, scrapy

HEAD = "<html><head><title>某某镇2020年政府信息公开工作年度报告</title></head><body>"
SIZE = 120_000
"""Bytes of each: what grows with the square takes minutes at this size."""


def filled(part: str) -> str:
    return part * (SIZE // len(part.encode()))


PAGES = {
    "attributes": HEAD + "<p " + " ".join(f"a{i}" for i in range(SIZE // 7)) + ">",
    "attributes with ends of tags in them": HEAD + "<p " + " ".join(f'a{i}=">"' for i in range(SIZE // 10)) + ">",
    "boxes": HEAD + filled("<div>"),
    "tables in tables": HEAD + filled("<table><tr><td>"),
    "beginnings of comments": HEAD + filled("<!--"),
    "beginnings of tags": HEAD + filled("<a"),
    "beginnings of scripts": HEAD + filled("<script>"),
    "beginnings of records": HEAD + filled("<record><![CDATA["),
    "blanks": HEAD + "<p>" + filled(" ") + "</p>",
    "line breaks": HEAD + "<pre>" + filled("\n") + "</pre>",
    "digits": HEAD + "<p>全年收到申请" + filled("1") + "件</p>",
    "marks on one letter": HEAD + "<p>全年收到申请a" + filled("\u0301\u0323") + "件</p>",
    "quotes in scripts": HEAD + "<script>" + filled("'一") + "</script>",
    "brackets in JSON": HEAD + "<script>window._CONFIG={DETAIL:" + filled('{"a":') + "</script>",
    "millions of pages": HEAD + "<script>createPageHTML(60000000,0,'t20210101_1','html')</script>",
    "endless spans": HEAD + "<table>" + filled("<tr><td rowspan=65000 colspan=9999>1</td></tr>") + "</table>",
}


@pytest.mark.parametrize("what", PAGES)
def test_a_page_has_its_time(what: str) -> None:
    page = Page(url="http://www.example.gov.cn/zw/202101/t20210101_1.html", body=PAGES[what].encode(), sha256="0" * 64)
    begun = time.process_time()
    try:
        with time_limit(5):
            assert not read(page).statistics
    except (ReaderError, OutOfTimeError, RecursionError):
        pass
    assert time.process_time() - begun < 8


def test_what_takes_too_long_is_ended_however_deep_it_is() -> None:
    def swallows() -> None:
        for _ in range(50):
            try:
                re.match(r"(a+)+$", "a" * 50 + "b")
            except Exception:  # noqa: BLE001, S112 - as libraries do
                continue

    begun = time.process_time()
    with pytest.raises(OutOfTimeError, match="not read within"), time_limit(0.2):
        swallows()
    with time_limit(0.5), pytest.raises(RuntimeError), time_limit(0.1):
        raise RuntimeError
    assert time.process_time() - begun < 2
    time.sleep(0.1)


def test_a_page_that_takes_too_long_is_a_problem_and_the_next_one_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Server(Nfcms("qinghe", 3)) as server:
        assert crawl(tmp_path, *server).returncode == 0
    captures = Captures(tmp_path, read_only=True)
    url = min(entry.url for entry in captures.entries(portal="qinghe"))
    captures.close()
    import pipelines.ingest.compose as composing

    def stuck(page: Page, *others: Any, **named: Any) -> object:
        return re.match(r"(a+)+$", "a" * 60 + "b") if page.url == url else read(page, *others, **named)

    with monkeypatch.context() as patched:
        patched.setattr(composing, "read", stuck)
        patched.setattr(composing, "time_limit", partial(time_limit, 0.5))
        done = scrapy(tmp_path, "reparse", "--jobs", "1")
    assert done.returncode == 1, done.stderr
    captures = Captures(tmp_path, read_only=True)
    assert captures.urls_with_problem(ProblemKind.TIMED_OUT, portal="qinghe") == {url}
    captures.close()
    assert "2 unchanged" in " ".join(done.stdout.split())
    for arguments, still in (["--new"], {url}), ([], set()):  # these readers do not take it up again unasked
        assert scrapy(tmp_path, "reparse", "--jobs", "1", *arguments).returncode == 0
        captures = Captures(tmp_path, read_only=True)
        assert captures.urls_with_problem(ProblemKind.TIMED_OUT, portal="qinghe") == still
        captures.close()


@pytest.mark.parametrize(
    ("pattern", "part"),
    [
        (listing._RECORD, "<record><![CDATA["),
        (listing._NEXT_GROUP, "<nextgroup><![CDATA["),
        (listing._WRITTEN, 'document.write("\\a'),
        (_UNSEEN, "<script>"),
        (_UNSEEN, "<!--"),
    ],
)
def test_patterns_of_whole_pages_are_linear(pattern: re.Pattern[str], part: str) -> None:
    seconds = []
    for times in (4_000, 16_000):
        begun = time.process_time()
        assert not list(pattern.finditer(part * times))
        seconds.append(time.process_time() - begun)
    assert seconds[1] < 10 * seconds[0] + 0.05


def test_the_root_of_an_xml_is_looked_for_once() -> None:
    begun = time.process_time()
    assert _XML_ROOT.search(b" <!--x--> " * 5_000) is None
    found = _XML_ROOT.search(b'<?xml version="1.0"?>\n<!-- a - b --> <!DOCTYPE x>\n<urlset>')
    assert found is not None
    assert found[1] == b"urlset"
    assert time.process_time() - begun < 1


def test_records_are_found_as_before() -> None:
    page = (
        "<datastore><record><![CDATA[<li>]x] <b>1</b></li>]]></record>\n<record> <![CDATA[2]]></record>"
        "<nextgroup><![CDATA[<a href='n.jsp'>]]></nextgroup></datastore>"
    )
    response = HtmlResponse("http://www.example.gov.cn/", body=page.encode(), request=Request("http://a.cn/"))
    assert listing.records(response) == ["<li>]x] <b>1</b></li>", "2"]
    assert listing.next_group(response) == "http://www.example.gov.cn/n.jsp"
