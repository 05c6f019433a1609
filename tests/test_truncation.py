"""Bodies that are not whole, from portals and from WARCs: kept as evidence, asked for again, never read as reports."""

from __future__ import annotations

import gzip
import io
import re
import socket
import sqlite3
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from PIL import Image
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from archive.media_types import is_cut_off
from archive.warc.content_encoding import EncodingError, OversizedError, decoded, undo_encodings
from archive.warc.reader import read
from crawler.demo import office
from crawler.demo.markup import png
from crawler.demo.messages import Reply, Request
from crawler.demo.nfcms import Nfcms
from crawler.demo.reports import Synthetic
from crawler.demo.server import Server
from pipelines.outcomes import classify
from pipelines.page_ends import PageEnds
from tests.crawling import crawl, scrapy
from tests.test_crawl import kinds, rows, scrapy_dump
from tests.test_fetched_documents import Attaching
from tests.test_fetching import Answering, targets

URL = "http://www.example.gov.cn/zwgk/nb/t20240101_1.html"
PAGE = "<html><body><div><h1>某区2023年政府信息公开工作年度报告</h1>%s</div></body></html>" % (
    "<table><tr><td>1</td><td>年度报告</td></tr></table><p>全年未收到申请。</p>" * 20
)
REPORT = Synthetic(issuing_body="临川市青溪区民政局", report_year=2022)
FAULTS = ["truncated", "half-unannounced", "length-in-characters", "gzip-cut", "gzip-flipped", "gzip-claimed"]


def test_what_is_not_whole_is_asked_for_again_and_never_a_report(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    with Server(Nfcms("qinghe", 8)) as server:
        replica = server["qinghe"]
        struck = [expected.url for expected in replica.truth()[: len(FAULTS)]]
        for url, fault in zip(struck, FAULTS, strict=True):
            replica.fail(fault, f"{re.escape(url.removeprefix(replica.base))}$")
        assert crawl(archive, replica).returncode == 1
        for url, fault in zip(struck, FAULTS, strict=True):
            kept = rows(archive, "captures", "SELECT outcome, status, note, sha256 FROM captures WHERE url = ?", url)
            assert [(outcome, status) for outcome, status, _, _ in kept] == [("error", 200)] * 3, fault
            assert all(note.startswith("truncated (") and sha for _, _, note, sha in kept), fault
        assert kinds(archive)["error"] == len(FAULTS)
        assert rows(archive, "reports", "SELECT COUNT(*) FROM reports") == [(8 - len(FAULTS),)]
        replica.behave()
        assert crawl(archive, replica).returncode == 0
        assert rows(archive, "reports", "SELECT COUNT(*) FROM reports") == [(8,)]
        assert kinds(archive) == {}


def test_a_body_that_cannot_be_decoded_is_kept_as_sent(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    with Server(Nfcms("qinghe", 2)) as server:
        replica = server["qinghe"]
        url = replica.truth()[0].url
        replica.fail("gzip-flipped", url.removeprefix(replica.base), times=1)
        assert crawl(archive, replica).returncode == 0
        (broken,) = rows(
            archive,
            "captures",
            "SELECT content_encoding, wire_bytes, size, note FROM captures c JOIN bodies b ON b.sha256 = c.sha256"
            " WHERE outcome = 'error'",
        )
        assert broken[0] == "gzip"
        assert broken[1] == broken[2]
        assert broken[3] == "truncated (its gzip encoding is damaged)"
        assert scrapy(archive, "export", tmp_path / "all.warc.gz").returncode == 0
        other = tmp_path / "other"
        assert scrapy(other, "import", tmp_path / "all.warc.gz").returncode == 0
        sql = "SELECT url, outcome, note, content_encoding, sha256 FROM captures ORDER BY id"
        assert rows(other, "captures", sql) == rows(archive, "captures", sql)


@contextmanager
def raw_server(answer: bytes) -> Iterator[str]:
    """A host that allows everything, sends these bytes for every other path and closes the connection."""
    listening = socket.create_server(("127.0.0.9", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection:
                asked = connection.recv(65536)
                robots = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                connection.sendall(robots if b"/robots.txt" in asked else answer)

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"http://127.0.0.9:{listening.getsockname()[1]}"
    finally:
        listening.close()


class Declared:
    """A portal of one listing, at an address of this test."""

    platform = "nfcms"

    def __init__(self, base: str) -> None:
        self.facts = Nfcms("qinghe", 1).facts | {"home": base, "listings": (f"{base}/zwgk/index.html",)}


@pytest.mark.parametrize(
    ("head", "sent", "note"),
    [
        (b"Content-Length: 9000", PAGE.encode()[:400], "truncated (400 of 9000 bytes)"),
        (
            b"Transfer-Encoding: chunked",
            b"190\r\n" + PAGE.encode()[:400] + b"\r\n",
            "truncated (the last chunk is missing)",
        ),
        (b"Transfer-Encoding: chunked", b"190\r\n" + PAGE.encode()[:300], "truncated (the last chunk is missing)"),
        (b"X: no length", PAGE.encode()[:440], "truncated (it stops inside a table)"),
    ],
)
def test_what_the_transfer_shows(tmp_path: Path, head: bytes, sent: bytes, note: str) -> None:
    with raw_server(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n" + head + b"\r\n\r\n" + sent
    ) as base:
        done = crawl(tmp_path / "archive", Declared(base))  # type: ignore[arg-type]
        assert done.returncode == 1
        found = rows(tmp_path / "archive", "captures", "SELECT DISTINCT outcome, note FROM captures WHERE status = 200")
        assert found == [("error", note)]


@pytest.mark.parametrize(
    ("body", "note"),
    [
        (PAGE[: PAGE.index("<td>")], "truncated (it stops inside a table)"),
        ("<ul><li><a href='t1.html", "truncated (it stops inside a tag)"),
        (PAGE[: PAGE.rindex("全年")], "truncated (its end is missing)"),
        (PAGE.removesuffix("</div></body></html>"), "truncated (its end is missing)"),
        ("<!DOCTYPE html><p>全年未收到", "truncated (its end is missing)"),
        (PAGE, None),
        (PAGE + "<p>编辑：", None),
        ("<html><body><p>全年未收到申请。</p>", None),
        ("<p>全年未收到", None),
        ("<ul><li>a < b</ul>", None),
        ("<table><tr><td>1</table>", None),
    ],
)
def test_what_a_page_shows(body: str, note: str | None) -> None:
    for charset in ("utf-8", "gb18030"):
        found = classify(URL, 200, "text/html", None, body.encode(charset))
        assert (found.outcome, found.note) == ("error" if note else "ok", note)


EARLY_END = "<html><body><h1>年报</h1></body></html>"


@pytest.mark.parametrize(
    ("body", "note"),
    [
        (f"{EARLY_END}<div><table><tr><td>1</td>", "truncated (it stops inside a table)"),
        (f"{EARLY_END}<p>全年</p><a href='/a", "truncated (it stops inside a tag)"),
        (PAGE.removesuffix(">"), "truncated (it stops inside a tag)"),
        (f"{EARLY_END}<div><table><tr><td>1</td></tr></table></div>", None),
        (f"{EARLY_END}\n<!-- 0.03 s --><script src='/tj.js'></script>", None),
        ("<table><tr><td>" + PAGE, None),
    ],
)
def test_what_follows_an_early_end(body: str, note: str | None) -> None:
    assert classify(URL, 200, "text/html", None, body.encode()).note == note


def ole(sectors: int, used: int) -> bytes:
    """A file of so many sectors whose table says that so many are used; sector 0 is the table."""
    table = b"".join((0xFFFFFFFD if i == 0 else 0xFFFFFFFE).to_bytes(4, "little") for i in range(used))
    header = bytearray(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504))
    header[30:32], header[44:48] = (9).to_bytes(2, "little"), (1).to_bytes(4, "little")
    header[76:80] = bytes(4)
    return bytes(header) + table.ljust(512, b"\xff") + bytes(512) * (sectors - 1)


def packed(*names: str, inside: bytes = b"<w:document/>") -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as package:
        for name in names:
            package.writestr(name, inside)
    return written.getvalue()


PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\n" + b"0" * 3_000 + b"\nstartxref\n9\n%%EOF"
WHOLE = {
    "zip": (packed("word/document.xml", "a.xml"), None),
    "zip with a comment": (packed("a.xml")[:-2] + b"\x05\x00hello", None),
    "zip with a page behind it": (packed("a.xml") + b"<html></html>", None),
    "zip in a zip": (packed("a.docx", "b.docx", inside=packed("word/document.xml", "x.xml")), None),
    "pdf": (PDF + b"\r\n", "application/pdf"),
    "pdf behind blanks": (b"\r\n\r\n" + PDF + bytes(4_000), None),
    "ole": (ole(8, 8), "application/msword"),
    "ole with free sectors": (ole(8, 5), None),
    "json": (b'{"a": "<table>", "b": [1, 2]}', "application/json"),
    "json in gbk": ('{"标题": "年度报告"}'.encode("gb18030"), "application/json; charset=gbk"),
    "json as html": (rb'{"content": "<table><tr><td>1<\/td><\/tr><\/table>"}', "text/html"),
    "script": (b"{ callback: 1 }", "text/javascript"),
    "xml": (b"<?xml version='1.0'?><records><record/></records>", "text/xml"),
    "xml without a prolog": (b"<records><record/></records>", "text/xml"),
    "xhtml": (b"<?xml version='1.0'?><!DOCTYPE html><html><body></body></html>", "application/xhtml+xml"),
    "png": (b"\x89PNG\r\n\x1a\n" + bytes(2_000) + b"IEND\xaeB`\x82", "image/png"),
    "rtf": (rb"{\rtf1 abc}" + b"\r\n\0", "application/rtf"),
}


@pytest.mark.parametrize("name", WHOLE)
def test_bodies_of_other_formats_that_are_whole_and_cut(name: str) -> None:
    body, content_type = WHOLE[name]
    assert classify(URL, 200, content_type, None, body).outcome == "ok"
    bare = body.rstrip(bytes(1) + b"\r\n ")
    if name in {"script", "zip with a page behind it", "xhtml", "ole with free sectors"}:
        return
    for share in (0.3, 0.6, 0.9):
        cut = bare[: int(len(bare) * share)]
        found = classify(URL, 200, content_type, None, cut)
        assert found.outcome == "error", (name, share)
        assert (found.note or "").startswith("truncated ("), (name, share)


def test_json_with_other_mistakes_is_its_readers_to_judge() -> None:
    assert classify(URL, 200, "application/json", None, b"{'a': 1, 'b': [1, 2, 3], 'c': 4}").outcome == "ok"


# Compared with the portal's other pages

OPEN = "<div><h1>某区年报</h1><p>全年未收到申请。</p></div>"
"""A page that is well formed as far as it goes."""


def ends(*bodies: str) -> PageEnds:
    return PageEnds((f"{URL}?{n}", body.encode()) for n, body in enumerate(bodies))


def judged(body: str, known: PageEnds) -> tuple[str, str | None]:
    found = classify(URL, 200, "text/html", None, body.encode(), ends=known)
    return found.outcome, found.note


def test_a_page_that_is_not_closed_as_the_others_are_was_cut() -> None:
    note = "truncated (its end is missing: the portal's other pages are closed with </html>)"
    assert judged(OPEN, ends(PAGE, PAGE, PAGE)) == ("error", note)
    assert judged(OPEN, ends(PAGE, PAGE)) == ("ok", "not closed"), "too few to say"
    assert judged(PAGE, ends(OPEN, OPEN, OPEN)) == ("ok", None)
    assert judged(OPEN, ends(*[PAGE] * 30, OPEN)) == ("error", note)


def test_where_no_page_is_closed_the_last_tags_say_so() -> None:
    tail = "<div id='foot'><p>主办单位</p></div></form>"
    closed_by_form = [f"<form><table><tr><td>{n}</td></tr></table>{tail}" for n in range(5)]
    known = ends(*closed_by_form)
    assert judged(f"<form><p>全年</p>{tail}", known) == ("ok", None)
    outcome, note = judged("<form><p>全年</p><ul><li>1</li></ul>", known)
    assert (outcome, "</p></div></form>" in (note or "")) == ("error", True)
    # what looks cut by itself is whole where the portal's pages are all like it
    unclosed = [f"<html><body><div class='a'><p>{n}</p><ul><li>年报</li></ul>" for n in range(4)]
    alone = classify(URL, 200, "text/html", None, unclosed[0].encode())
    assert (alone.outcome, alone.note) == ("error", "truncated (its end is missing)")
    assert judged(unclosed[0], ends(*unclosed[1:])) == ("ok", None)


def test_pages_that_were_cut_do_not_become_the_rule() -> None:
    known = ends(PAGE, PAGE, PAGE)
    for number in range(20):
        cut = f"<div><p>{number}</p></div>"
        assert classify(f"{URL}?x={number}", 200, "text/html", None, cut.encode(), ends=known).outcome == "error"


class Cutting(Answering):
    """Some pages stop behind a paragraph, with every tag before closed, and without a length."""

    struck: frozenset[str] = frozenset()

    def answer(self, request: Request) -> Reply:
        reply = super().answer(request)
        if request.target not in self.struck:
            return reply
        text = reply.body.decode()
        begin = text.index("<h1")
        article = re.sub(r"</?(?:div|html|body|head)[^>]*>", "", text[begin : text.index("</p>", begin + 400) + 4])
        return replace(reply, body=f"<div>{article}</div>".encode(), length=0, modified=None)


def test_a_page_cut_without_a_sign_is_an_error_beside_the_others(tmp_path: Path) -> None:
    """The first pages of an archive that knows none are judged when the crawl has seen more."""
    archive = tmp_path / "archive"
    with Server(Cutting("qinghe", 9)) as server:
        (replica,) = server
        assert isinstance(replica, Cutting)
        at = targets(replica)
        replica.struck = frozenset((at[0], at[6]))
        done = crawl(archive, replica)
        assert done.returncode == 1
        fates = dict(rows(archive, "reports", "SELECT url, fate FROM fates"))
        assert {url.removeprefix(replica.base) for url, fate in fates.items() if fate == "error"} == replica.struck
        assert rows(archive, "reports", "SELECT COUNT(*) FROM reports") == [(7,)]
        before = scrapy_dump(archive)
        (archive / "reports.db").unlink()
        scrapy(archive, "reparse")
        assert scrapy_dump(archive) == before
        replica.struck = frozenset()
        assert crawl(archive, replica).returncode == 0
        assert rows(archive, "reports", "SELECT COUNT(*) FROM reports") == [(9,)]
        assert kinds(archive) == {}


def test_a_page_cut_in_a_warc_is_no_report(tmp_path: Path) -> None:
    archive, other = tmp_path / "archive", tmp_path / "other"
    with Server(Cutting("qinghe", 9)) as server:
        (replica,) = server
        assert isinstance(replica, Cutting)
        replica.struck = frozenset(targets(replica)[:2])
        crawl(archive, replica)
    database = sqlite3.connect(archive / "captures.db")
    database.execute("UPDATE captures SET outcome = 'ok', note = NULL WHERE outcome = 'error'")
    database.commit()
    database.close()
    assert scrapy(archive, "export", tmp_path / "all.warc.gz").returncode == 0
    scrapy(other, "import", tmp_path / "all.warc.gz")
    assert rows(other, "reports", "SELECT COUNT(*) FROM reports") == [(7,)]
    assert rows(other, "reports", "SELECT fate, COUNT(*) FROM fates GROUP BY 1 ORDER BY 1") == [
        ("error", 2),
        ("report", 7),
    ]


def test_encodings_are_undone_as_browsers_do() -> None:
    body = PAGE.encode()
    compressed = gzip.compress(body)
    assert decoded(compressed, "gzip", 1 << 20) == body
    assert decoded(gzip.compress(body[:99]) + gzip.compress(body[99:]), "GZIP", 1 << 20) == body
    assert decoded(compressed + b"\r\n", "x-gzip", 1 << 20) == body
    assert decoded(b"", "gzip", 1 << 20) == b""
    assert decoded(body, "utf-8", 1 << 20) == body
    with pytest.raises(OversizedError):
        decoded(compressed, "gzip", len(body) - 1)
    assert decoded(compressed, "gzip", len(body)) == body
    for broken in (compressed[:-9], compressed[:40] + b"\xff\xff" + compressed[42:], compressed[:-8] + bytes(8), body):
        with pytest.raises(EncodingError):
            decoded(broken, "gzip", 1 << 20)


def test_what_a_damaged_encoding_in_a_warc_leaves() -> None:
    packed = gzip.compress(PAGE.encode())
    flipped = packed[:40] + b"\xff\xff" + packed[42:]
    assert undo_encodings(flipped, [("Content-Encoding", "gzip")]) == (
        flipped,
        "truncated (its gzip encoding is damaged)",
    )
    assert undo_encodings(PAGE.encode(), [("Content-Encoding", "gzip")]) == (PAGE.encode(), None)


def record(head: str, body: bytes, method: str = "GET", **named: str) -> bytes:
    """A response with its request, byte by byte."""
    written = b""
    blocks = {
        "response": f"HTTP/1.1 {head}\r\nContent-Type: text/html".encode() + b"\r\n\r\n" + body,
        "request": f"{method} / HTTP/1.1\r\nHost: a\r\n\r\n".encode(),
    }
    for kind, block in blocks.items():
        fields = {"WARC-Type": kind, "WARC-Target-URI": URL, "WARC-Date": "2024-03-01T00:00:00Z"}
        fields |= {"WARC-Record-ID": f"<urn:uuid:{sha256(block).hexdigest()}>"}
        fields |= {"Content-Type": "application/http", "Content-Length": str(len(block))} | named
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        written += f"WARC/1.0\r\n{lines}\r\n".encode() + block + b"\r\n\r\n"
    return written


@pytest.mark.parametrize(
    ("head", "body", "named", "method", "note"),
    [
        ("200 OK\r\nContent-Length: 9000", PAGE.encode(), {}, "GET", f"truncated ({len(PAGE.encode())} of 9000 bytes)"),
        ("200 OK\r\nContent-Length: 9000", b"", {}, "HEAD", None),
        ("304 Not Modified\r\nContent-Length: 9000", b"", {}, "GET", None),
        ("200 OK\r\nContent-Length: 9000\r\nContent-Encoding: br", PAGE.encode(), {}, "GET", None),
        ("200 OK\r\nContent-Length: 9000\r\nX-Archive-Orig-Content-Encoding: br", PAGE.encode(), {}, "GET", None),
        ("200 OK\r\nContent-Length: 9", PAGE.encode(), {}, "GET", None),
        ("200 OK", PAGE.encode(), {"WARC-Truncated": "length"}, "GET", "truncated (length)"),
        ("200 OK\r\nTransfer-Encoding: chunked", b"5\r\n<p>ab\r\n", {}, "GET", "truncated (the last chunk is missing)"),
        (
            "200 OK\r\nContent-Encoding: gzip",
            gzip.compress(PAGE.encode())[:-9],
            {},
            "GET",
            "truncated (its gzip encoding breaks off)",
        ),
    ],
)
def test_what_a_record_shows(
    tmp_path: Path, head: str, body: bytes, named: dict[str, str], method: str, note: str | None
) -> None:
    path = tmp_path / "other.warc"
    path.write_bytes(record(head, body, method, **named))
    (capture,) = read(path)
    assert capture.note == note
    if note:
        assert scrapy(tmp_path / "archive", "import", path).returncode == 0
        sql = "SELECT outcome, note FROM captures"
        assert rows(tmp_path / "archive", "captures", sql) == [("error", note)]
        assert rows(tmp_path / "archive", "reports", "SELECT COUNT(*) FROM reports") == [(0,)]


PICTURE = png(40, 20)
WRITTEN = {"docx": office.docx(REPORT), "pdf": office.pdf(REPORT), "png": PICTURE}


@pytest.mark.parametrize("kind", [*WRITTEN, "jpeg", "gif", "webp", "bmp"])
def test_a_document_without_an_end_is_told(kind: str) -> None:
    if kind in WRITTEN:
        whole = WRITTEN[kind]
    else:
        buffer = io.BytesIO()
        Image.linear_gradient("L").save(buffer, kind)
        whole = buffer.getvalue()
    assert not is_cut_off(whole)
    assert is_cut_off(whole[: len(whole) // 2])
    assert is_cut_off(whole[: -len(whole) // 20])


def test_documents_whose_length_nothing_tells_are_asked_for_again_where_their_end_is_missing(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    with Server(Attaching("fujian", [replace(REPORT, faults=frozenset({"images"}))])) as server:
        (replica,) = server
        replica.fail("half-unannounced", r"/attach/|\.png")
        assert crawl(archive, replica, settings={"RETRY_TIMES": 0}).returncode == 1
        cut = rows(archive, "captures", "SELECT note FROM captures WHERE outcome = 'error'")
        assert set(cut) == {("truncated (its end is missing)",)}
        assert kinds(archive)["parts_missing"] == 1
        replica.behave()
        assert crawl(archive, replica).returncode == 0
        assert rows(archive, "reports", "SELECT DISTINCT origin FROM statistics WHERE origin IN ('docx', 'pdf')") == [
            ("docx",),
            ("pdf",),
        ]


def test_documents_in_a_warc_that_tells_no_length(tmp_path: Path) -> None:
    path = tmp_path / "foreign.warc"
    with path.open("wb") as out:
        writer = WARCWriter(out, gzip=False)
        for name, body in (("whole", WRITTEN["pdf"]), ("cut", WRITTEN["pdf"][:-300])):
            headers = StatusAndHeaders("200 OK", [("Content-Type", "application/pdf")], protocol="HTTP/1.1")
            url = f"http://www.example.gov.cn/f/{name}.pdf"
            writer.write_record(
                writer.create_warc_record(url, "response", payload=io.BytesIO(body), http_headers=headers)
            )
    notes = {capture.url.rpartition("/")[2]: capture.note for capture in read(path)}
    assert notes == {"whole.pdf": None, "cut.pdf": "truncated (its end is missing)"}
