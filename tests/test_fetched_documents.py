"""Documents in a crawl: fetched beside the pages of reports, or listed in their place; each read once, in a child."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import pipelines
from archive import Capture, Captures
from archive.model import Entry, Located, Page, PageReference
from archive.vocabulary import Outcome
from crawler.demo import office
from crawler.demo.beijing import Beijing
from crawler.demo.epoint import Epoint
from crawler.demo.faults import moved
from crawler.demo.gkmlpt import Gkmlpt
from crawler.demo.hanweb import Hanweb
from crawler.demo.links import PlainLinks
from crawler.demo.messages import Reply, Request
from crawler.demo.nfcms import Nfcms
from crawler.demo.replica import Document
from crawler.demo.reports import Synthetic
from crawler.demo.server import Server
from crawler.demo.trs import Trs
from crawler.demo.trs_fujian import TrsFujian
from crawler.demo.ucap import Ucap
from pipelines import read
from pipelines.documents import MEDIA_TYPES, Content, picture
from pipelines.ingest.compose import compose, referenced_page
from pipelines.ingest.sandbox import Child, Reader
from pipelines.prepared import PreparedPage, prepare
from tests.crawling import crawl, scrapy
from tests.test_crawl import kinds, rows, scrapy_dump
from tests.test_documents import BODY, FORMATS, URL, read_as, stored, synthetic, truth


class Attaching(PlainLinks):
    """Its reports show their tables as pictures and have them in PDF and, moved elsewhere, in Word documents."""

    files = (("go", "docx"), ("attach", "pdf"))

    def article(self, document: Document) -> str:
        links = "".join(
            f'<p><a href="/{folder}/{document.number}.{end}">{document.title}.{end}</a></p>'
            for folder, end in self.files
        )
        return super().article(document).replace("\n</div>\n</div></form>", f"{links}\n</div>\n</div></form>")

    def respond(self, request: Request) -> Reply | None:
        if request.path.startswith("/go/"):
            return moved("redirect", self.base + request.path.replace("/go/", "/attach/"))
        if request.path.startswith("/attach/"):
            number, _, end = request.path.rpartition("/")[2].partition(".")
            report = self.by_number[int(number)].report
            assert report is not None
            body = FORMATS[end](Synthetic(issuing_body=report.issuing_body, report_year=report.report_year))
            return Reply(body=body, headers={"Content-Type": "application/octet-stream"})
        return super().respond(request)


class AttachingWord(Attaching):
    """Word alone: PDF takes ten times as long to read."""

    files = (("go", "docx"),)


class Framing(PlainLinks):
    """Its reports stand in one of two frames, some in a frame of its own there; the other holds the menu."""

    is_broken = False

    def respond(self, request: Request) -> Reply | None:
        if request.path == "/menu.html":
            links = "".join(f'<li><a href="/c/{n}.html">公开目录第{n}类</a></li>' for n in range(12))
            return self.html(f"<html><body><ul>{links}</ul></body></html>")
        if request.path.startswith("/shell/"):
            number = request.path.rpartition("/")[2]
            return self.html(f"<html><body><iframe src='/framed/{number}'></iframe></body></html>")
        if request.path.startswith("/framed/"):
            number = int(request.path.rpartition("/")[2])
            return None if self.is_broken else self.html(super().article(self.by_number[number]))
        return super().respond(request)

    def article(self, document: Document) -> str:
        place = "shell" if document.number % 2 else "framed"
        frames = f'<frame src="/menu.html"><frame src="/{place}/{document.number}">'
        return f"<html><head><title>{document.title}</title></head><frameset cols='20%,*'>{frames}</frameset></html>"


def test_a_crawl_reads_the_frame_that_holds_the_article(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    reports = [Synthetic(issuing_body=BODY, report_year=year) for year in (2022, 2023)]
    texts = "SELECT p.state, p.cause FROM parts p JOIN reports r ON r.id = p.report_id WHERE part = 'text' AND r.url GLOB '*/info/*'"
    with Server(Framing("fujian", reports)) as server:
        (replica,) = server
        replica.is_broken = True  # type: ignore[attr-defined]
        assert crawl(archive, replica).returncode == 1
        assert rows(archive, "reports", texts) == [("unread", "not captured")] * 2
        replica.is_broken = False  # type: ignore[attr-defined]
        crawl(archive, replica)
        assert rows(archive, "reports", texts) == [("elsewhere", "")] * 2
        assert rows(archive, "reports", "SELECT COUNT(*) FROM key_figures") == [(2,)], "each counts once"
        assert rows(archive, "reports", "SELECT DISTINCT standing FROM table_sources") == [("verified",)]
        assert scrapy(archive, "reparse").returncode == 0
        assert rows(archive, "reports", "SELECT COUNT(*), COUNT(same_as) FROM reports") == [(2, 0)], (
            "frames are no reports"
        )


def test_a_crawl_fetches_the_documents_of_its_reports(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    reports = [Synthetic(issuing_body=BODY, report_year=y, faults=frozenset({"images"})) for y in (2021, 2022, 2023)]
    with Server(Attaching("fujian", reports)) as server:
        (replica,) = server
        done = crawl(archive, replica)
        assert done.returncode == 0, done.stderr
        for expected in replica.truth():
            wanted = truth(Synthetic(issuing_body=BODY, report_year=expected.report.report_year))
            for origin in ("docx", "pdf"):
                sql = """SELECT table_no, row_name, column_name, value, value_state FROM statistics s JOIN reports r
                         ON r.id = s.report_id WHERE r.url = ? AND origin = ?"""
                found = {row[:3]: row[3:] for row in rows(archive, "reports", sql, expected.url, origin)}
                assert found == wanted
        assert rows(archive, "reports", "SELECT DISTINCT standing FROM table_sources") == [("verified",)]
        assert kinds(archive).keys() == ({"unread"} if not picture.is_possible() else set()), "the pictures"
        types = rows(
            archive, "reports", "SELECT DISTINCT media_type FROM attachments WHERE sha256 IS NOT NULL ORDER BY 1"
        )
        assert types == sorted((MEDIA_TYPES[kind],) for kind in ("docx", "pdf", "png"))
        # key figures count a table once, however many documents have it
        sql = "SELECT report_year, denied, applications FROM key_figures ORDER BY report_year"
        for year, denied, applications in rows(archive, "reports", sql):
            wanted = truth(Synthetic(issuing_body=BODY, report_year=year))
            of_group = [
                v for (n, row, column), (v, _) in wanted.items() if row.startswith("denied_") and column == "total"
            ]
            assert denied == sum(v for v in of_group if isinstance(v, int))
            assert applications == wanted[3, "new_received", "total"][0]
        # what is held is not asked for again, and the captures alone give the same rows
        asked = len(replica.log)
        assert crawl(archive, replica).returncode == 0
        assert not [hit for hit in replica.log[asked:] if hit.target.startswith(("/go/", "/attach/"))]
    before = scrapy_dump(archive)
    (archive / "reports.db").unlink()
    assert scrapy(archive, "reparse").returncode == 0
    assert scrapy_dump(archive) == before


@pytest.mark.parametrize(
    ("above", "title"),
    [
        ([BODY, "2022年政府信息公开工作年度报告"], f"{BODY}2022年政府信息公开工作年度报告"),
        (["附件", f"{BODY}2022年", "政府信息公开工作年度报告"], f"{BODY}2022年政府信息公开工作年度报告"),
        ([], f"{BODY}2022年度政府信息公开年报"),
    ],
)
def test_title_and_date_of_a_document_that_a_listing_links(above: list[str], title: str) -> None:
    lines = [*above, *synthetic().paragraphs()]
    body = office.word("".join(f"<w:p><w:r><w:t>{line}</w:t></w:r></w:p>" for line in lines))
    entry = Entry(url=URL, title=f"{BODY}2022年度政府信息公开年报.docx", date="2023-01-20")
    found = read_as(stored(body), body, entries=(entry,))
    assert (found.title, found.issuing_body, found.report_year) == (title, BODY, 2022)
    assert found.published == "2023-01-20"
    assert read_as(stored(body), body).published is None


@pytest.fixture(scope="module")
def linked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Server]]:
    """One portal per platform, whose listing links every third report straight to a Word or PDF file."""
    archive = tmp_path_factory.mktemp("linked") / "archive"
    reports = [Synthetic(issuing_body=BODY, report_year=year) for year in range(2021, 2025)]
    kinds = (Nfcms, Gkmlpt, Trs, TrsFujian, Hanweb, Ucap, Epoint, Beijing, PlainLinks)
    with Server(*(kind(f"our{kind.__name__.lower()}", reports) for kind in kinds)) as server:
        for replica in server:
            replica.link_files("pdf", "docx")
        done = crawl(archive, *server)
        assert done.returncode == 0, done.stderr
        yield archive, server


@pytest.mark.parametrize(
    "platform", ["nfcms", "gkmlpt", "trs", "trsfujian", "hanweb", "ucap", "epoint", "beijing", "plainlinks"]
)
def test_reports_that_the_listing_links_as_files_are_reports(linked: tuple[Path, Server], platform: str) -> None:
    archive, server = linked
    portal = f"our{platform}"
    sql = "SELECT url, title, issuing_body, report_year, substr(published, 1, 10) FROM reports WHERE portal = ?"
    found = {row[0]: row[1:] for row in rows(archive, "reports", sql, portal)}
    truth_ = {
        e.url: (e.report.title, BODY, e.report.report_year, e.report.published[:10]) for e in server[portal].truth()
    }
    assert found == truth_
    assert sum("/files/" in url for url in found) == 2
    for expected in server[portal].truth():
        origin = {"pdf": "pdf", "docx": "docx"}.get(expected.url.rpartition(".")[2], "html")
        sql = """SELECT table_no, row_name, column_name, value, value_state FROM statistics s JOIN reports r
                 ON r.id = s.report_id WHERE r.url = ? AND origin = ?"""
        assert {row[:3]: row[3:] for row in rows(archive, "reports", sql, expected.url, origin)} == truth(
            expected.report
        )


def test_a_file_is_no_fixture(linked: tuple[Path, Server], tmp_path: Path) -> None:
    archive, server = linked
    url = next(e.url for e in server["ourplainlinks"].truth() if e.url.endswith(".docx"))
    done = scrapy(archive, "fixture", url, "--into", tmp_path / "pages")
    assert done.returncode == 2
    assert done.stderr == f"scrapy: {url} is a file (docx), not a web page: add a sample to tests/test_documents.py\n"
    assert not (tmp_path / "pages").exists()


def test_files_that_listings_link_are_known_again_and_read_again(linked: tuple[Path, Server]) -> None:
    archive, server = linked
    asked = {replica.name: len(replica.log) for replica in server}
    assert crawl(archive, *server).returncode == 0
    for replica in server:
        assert not [hit.target for hit in replica.log[asked[replica.name] :] if hit.target.startswith("/files/")]
    before = scrapy_dump(archive)
    (archive / "reports.db").unlink()
    assert scrapy(archive, "reparse").returncode == 0
    assert scrapy_dump(archive) == before


def test_what_has_been_read_waits_for_no_other_document(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on = threading.Event(), threading.Event()
    asked: list[bytes] = []

    def slow(_: Child, body: bytes, kind: str) -> Content:
        asked.append(body)
        if b"slow" in body:
            begun.set()
            assert go_on.wait(20)
        return Content(kind=kind)

    monkeypatch.setattr(Child, "read", slow)
    reader = Reader(1)
    known = reader.read(b"%PDF-1.4 known", "pdf")
    slow_one = threading.Thread(target=reader.read, args=(b"%PDF-1.4 slow", "pdf"))
    slow_one.start()
    assert begun.wait(20)
    assert reader.read(b"%PDF-1.4 known", "pdf") is known
    go_on.set()
    slow_one.join(20)
    assert asked == [b"%PDF-1.4 known", b"%PDF-1.4 slow"]


def test_a_page_that_was_parsed_is_not_parsed_again_and_stays_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    body = f"<h1>{synthetic().title}</h1><div id='zoom'>{synthetic().html()}</div>".encode()
    page = Page(url="http://www.qingxi.gov.cn/nb/a.html", body=body, content_type="text/html; charset=utf-8")
    alone = read(page)
    prepared = prepare(page)
    monkeypatch.setattr(pipelines, "prepare", lambda _: pytest.fail("prepared again"))
    assert read(page, prepared=prepared) == alone
    assert read(page, prepared=prepared) == alone
    with pytest.raises(pytest.fail.Exception):
        read(page)


def test_a_crawl_parses_only_what_it_has_not_parsed_yet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    captures, url = Captures(tmp_path), "http://www.qingxi.gov.cn/nb/a.html"
    pages = [
        f"<h1>{synthetic().title}</h1><div id='zoom'>{synthetic().html()}{end}</div>".encode() for end in ("", "。")
    ]
    old, new = (
        captures.add(
            Capture(
                url=url,
                requested_at=f"2024-01-0{day}T00:00:00.000000Z",
                status=200,
                outcome=Outcome.OK,
                body=body,
                content_type="text/html; charset=utf-8",
            )
        )
        for day, body in enumerate(pages, 1)
    )
    confirmed = captures.add(
        Capture(
            url=url,
            requested_at="2024-01-03T00:00:00.000000Z",
            status=304,
            outcome=Outcome.UNCHANGED,
            sha256=new.sha256,
        )
    )
    located = Located(portal="qingxi", key="a", urls=(url,))
    alone = compose(captures, located)
    assert alone.record is not None
    parsed: list[str | None] = []

    def counted(page: Page) -> PreparedPage:
        parsed.append(page.sha256)
        return prepare(page)

    monkeypatch.setattr(pipelines, "prepare", counted)
    for capture in (new, confirmed):
        reference = PageReference(portal="qingxi", key="a", url=url, capture_id=capture.id or 0)
        page = referenced_page(captures, reference)
        assert (page.body, page.content_type) == (pages[1], "text/html; charset=utf-8")
        assert compose(captures, located, prepare(page)).record == alone.record
    assert parsed == [old.sha256] * 2
    captures.close()
