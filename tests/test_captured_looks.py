"""A captured page as it looked: stylesheets and pictures from the archive alone, links that stay in it, downloads."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from lxml import html
from warcio.archiveiterator import ArchiveIterator

from archive import Capture, Captures
from archive.room.captured_looks import as_it_looked
from archive.room.captured_pages import CapturedBody
from archive.room.captured_pages import body as body_of
from archive.vocabulary import CaptureRole, Outcome
from crawler.demo.markup import stripes
from tests.browsing import browsing, get
from tests.test_reading_room import browser, needs_chromium

__all__ = ["browser"]

SITE = "https://p.example"
PAGE, OTHER = f"{SITE}/nb/2024.html", f"{SITE}/nb/2023.html"
PICTURE, DOT = stripes(30, 20), stripes(4, 4)
SHEET = """@charset "utf-8"; @import url(more.css) screen; h1 { color: rgb(10, 80, 160); background: url('../img/dot.png') }
i { background: url(//away.example/x.png); width: expression(alert(1)) } </style><script>alert(1)</script>"""
TEXT = """<?xml version="1.0" encoding="utf-8"?><!DOCTYPE html><html><head><title>页面</title>
<link rel="stylesheet" href="/css/site.css"><link rel="preconnect" href="//away.example">
<style>b { color: rgb(1, 2, 3); background: url(/img/dot.png) } @import "//away.example/z.css";</style></head>
<body background="/img/dot.png"><h1>年度报告</h1><p><b>正文</b><i style="background:url(//away.example/y.png)">斜</i></p>
<img id="had" src="/img/wait.gif" data-src="/img/picture.png" srcset="//away.example/2x.png 2x"><img id="gone" src="/img/gone.png">
<a id="archived" href="2023.html#top" target="w" ping="//away.example/p">上年</a>
<a id="absent" href="http://other.example/x?a=1&amp;b=2">别处</a><a id="here" href="#top">页首</a><a id="moved" href="old.html">旧址</a>
<svg><a xlink:href="//away.example/svg"><text>s</text></a></svg><a id="script" href="javascript:alert(1)">脚本</a>
<a id="mail" href="mailto:a@b.example">邮件</a></body></html>"""


def put_pages(folder: Path) -> None:
    captures = Captures(folder)

    def put(url: str, body: str | bytes, kind: str, day: str, role: CaptureRole | None = None, **more: Any) -> None:
        data = body.encode() if isinstance(body, str) else body
        answer = {"status": 200, "outcome": Outcome.OK, "body": data, "content_type": kind} | more
        captures.add(Capture(url=url, requested_at=f"{day}T08:00:00.000000Z", role=role, **answer))

    put(PAGE, TEXT.replace("正文", "初稿"), "text/html", "2025-01-10")
    put(PAGE, TEXT, "text/html", "2025-03-10", tls_version="TLSv1", certificate="expired wrong_host")
    put(OTHER, "<p>早</p>", "text/html", "2024-01-01")
    put(OTHER.replace("https", "http"), "<p>近</p>", "text/html", "2025-03-01")
    put(f"{SITE}/nb/old.html", b"", "text/html", "2025-03-01", status=302, outcome=Outcome.REDIRECT, redirect_url=OTHER)
    asset = CaptureRole.ASSET
    put(f"{SITE}/css/site.css", SHEET, "text/css", "2025-03-10", asset)
    put(f"{SITE}/css/more.css", "p { margin-left: 77px }", "text/css", "2025-03-10", asset)
    put(f"{SITE}/img/picture.png", PICTURE, "image/png", "2025-03-10", asset)
    put(f"{SITE}/img/dot.png", DOT, "image/png", "2025-03-10", asset)
    put(f"{SITE}/files/表.xlsx", b"PK\x03\x04" + b"\0" * 26 + b"xl/workbook.xml" + b"\0" * 9, "text/html", "2025-03-10")
    captures.close()


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("looks")
    put_pages(folder)
    with browsing(folder) as address:
        yield address


def test_nothing_in_the_page_leads_out_of_the_archive(room: str) -> None:
    _, headers, body = get(f"{room}/captured/2?pictures=1")
    text = body.decode()
    assert headers["content-security-policy"].startswith(
        "sandbox allow-top-navigation-by-user-activation; default-src 'none'"
    )
    root = html.document_fromstring(text)
    for element in root.iter():
        for name, value in element.attrib.items():
            if name.rpartition(":")[2] in {"href", "src", "srcset", "ping", "background"}:
                assert re.match(r"/captured/\d+/|data:image/|#", value), (name, value)
    assert "<script" not in text
    for style in root.iter("style"):
        assert not re.search(r"away\.example|@import|expression", style.text or "")
    assert text.count("data:image/png") == 2  # one in the image; one that three rules name
    assert root.get_element_by_id("gone").get("alt") == "□"


def test_links_lead_to_the_archived_page_nearest_in_time(room: str) -> None:
    root = html.document_fromstring(get(f"{room}/captured/2?pictures=1")[2].decode())
    links = {link.get("id"): link for link in root.iter("a") if link.get("id")}
    assert links["archived"].get("href") == "/captured/4/page"
    assert (links["archived"].get("target"), links["here"].get("href")) == ("_top", "#top")
    assert links["moved"].get("href") == "/captured/4/page"
    assert not {"href"} & {*links["script"].attrib, *links["mail"].attrib}
    absent = links["absent"]
    assert "未存档 · not archived: http://other.example/x?a=1&b=2" in absent.get("title")
    status, _, body = get(room + absent.get("href"), Cookie="lang=zh")
    page = unescape(body.decode())
    assert (status, page.count("http://other.example/x?a=1&b=2")) == (404, 2)
    assert 'rel="noopener noreferrer external nofollow"' in page
    assert get(f"{room}/captured/2/link/99")[0] == 404
    early = html.document_fromstring(get(f"{room}/captured/1?pictures=1")[2].decode())
    assert early.get_element_by_id("archived").get("href") == "/captured/4/page"


@pytest.mark.parametrize(
    ("language", "words"),
    [("zh", "TLSv1，证书已过期、与域名不符"), ("en", "TLSv1, certificate expired, of another host")],
)
def test_a_capture_says_how_its_connection_was(room: str, language: str, words: str) -> None:
    assert words in get(f"{room}/captured/2/page", Cookie=f"lang={language}")[2].decode()
    assert "TLS" not in get(f"{room}/captured/1/page", Cookie=f"lang={language}")[2].decode()


@pytest.mark.parametrize(("language", "words"), [("zh", "此前无存档"), ("en", "none before")])
def test_a_capture_says_when_where_and_what(room: str, language: str, words: str) -> None:
    page = get(f"{room}/captured/1/page", Cookie=f"lang={language}")[2].decode()
    later = get(f"{room}/captured/2/page", Cookie=f"lang={language}")[2].decode()
    assert words in page
    assert words not in later
    assert '<a rel="next" href="/captured/2/page">2025-03-10 08:00' in page
    assert '<a rel="prev" href="/captured/1/page">← 2025-01-10 08:00' in later
    assert re.search(r'class="mono">[0-9a-f]{64}<', page)
    assert PAGE in page
    assert "1/1" in later  # stylesheets
    assert get(f"{room}/captured/99/page")[0] == 404
    moved = get(f"{room}/captured/5/page", Cookie=f"lang={language}")[2].decode()
    assert ("HTTP 302" in moved, OTHER in moved, "<iframe" in moved) == (True, True, False)


def test_a_capture_is_downloaded_as_file_and_as_warc_record(room: str) -> None:
    _, headers, body = get(f"{room}/captured/2/original")
    assert body.decode() == TEXT
    assert headers["content-type"] == "text/html; charset=utf-8"
    assert headers["content-disposition"] == "attachment; filename*=UTF-8''2024.html"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"].startswith("sandbox;")
    _, headers, body = get(f"{room}/captured/10/original")
    assert headers["content-type"] == "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    assert headers["content-disposition"].endswith("%E8%A1%A8.xlsx")
    _, headers, body = get(f"{room}/captured/2/warc")
    records = [
        (record.rec_type, record.rec_headers.get_header("WARC-Target-URI"), record.content_stream().read())
        for record in ArchiveIterator(io.BytesIO(body))
    ]
    assert [kind for kind, _, _ in records] == ["warcinfo", "response", "request"]
    assert records[1][1:] == (PAGE, TEXT.encode())
    assert headers["content-disposition"].endswith("capture-2.warc.gz")


def test_an_element_with_thousands_of_attributes_is_shown_without_them(tmp_path: Path) -> None:
    many = " ".join(f"a{number}" for number in range(9_000))
    picture = f"data:image/png;base64,{'A' * 30_000}"
    text = f'<p {many}>甲</p><p {many[:9_000]}>乙</p><img src="{picture}">'
    page = CapturedBody(PAGE, "2025-01-01T00:00:00.000000Z", "0" * 64, text.encode(), "text/html; charset=utf-8")
    captures = Captures(tmp_path)
    root = html.document_fromstring(as_it_looked(captures.db.conn, page, str))
    captures.close()
    first, second = root.iter("p")
    assert (first.text, len(first.attrib), second.text, len(second.attrib) > 1000) == ("甲", 0, "乙", True)
    assert next(root.iter("img")).get("src") == picture


@pytest.mark.parametrize(
    ("body", "kind", "name"),
    [
        (b"PK\x03\x04" + b"\0" * 26 + b"word/document.xml", "vnd.openxmlformats-officedocument.wordprocessingml.document", "x.docx"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "WordDocument".encode("utf-16-le"), "msword", "x.doc"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "Workbook".encode("utf-16-le"), "vnd.ms-excel", "x.xls"),
        (b"PK\x03\x04" + b"\0" * 26 + b"OFD.xml", "ofd", "x.ofd"),
        (b"%PDF-1.4 \n", "pdf", "x.pdf"),
    ],
)  # fmt: skip
def test_a_file_is_sent_as_what_it_is_whatever_the_portal_calls_it(
    tmp_path: Path, body: bytes, kind: str, name: str
) -> None:
    captures = Captures(tmp_path)
    at = "2025-01-01T00:00:00.000000Z"
    answer = {"status": 200, "outcome": Outcome.OK, "content_type": "text/html"}
    captures.add(Capture(url=f"{SITE}/down/x.jsp", requested_at=at, body=body, **answer))  # type: ignore[arg-type]
    found = body_of(captures.db.conn, 1)
    captures.close()
    assert found is not None
    assert (found.media_type, found.file_name, found.is_file) == (f"application/{kind}", name, True)


@needs_chromium
def test_a_browser_shows_it_as_it_looked_and_asks_nobody_else(browser: Any, room: str) -> None:
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{room}/captured/2/page")
    frame = page.frame_locator("iframe.captured")
    assert frame.locator("h1").evaluate("e => getComputedStyle(e).color") == "rgb(10, 80, 160)"
    assert frame.locator("h1").evaluate("e => getComputedStyle(e).backgroundImage").startswith('url("data:image/png')
    assert frame.locator("p").evaluate("e => getComputedStyle(e).marginLeft") == "77px"
    assert frame.locator("#had").evaluate("e => e.naturalWidth") == 30
    frame.locator("#archived").click()
    page.wait_for_url(f"{room}/captured/4/page")
    page.go_back()
    page.frame_locator("iframe.captured").locator("#absent").click()
    page.wait_for_url(re.compile("/link/"))
    assert all(url.startswith((room, "data:")) for url in asked), asked
    page.close()
