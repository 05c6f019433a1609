"""Documents beside HTML: every figure in its place, whatever the format, and nothing wrong that is called verified."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from archive.model import Entry, Page, Report
from crawler.demo import office
from crawler.demo.reports import Synthetic
from pipelines import read
from pipelines.beside import NOTHING_BESIDE, AtHand, Beside
from pipelines.documents import MEDIA_TYPES, StoredDocument, recognise
from pipelines.documents import read as read_body
from pipelines.errors import DocumentError
from pipelines.html.links import file_name
from pipelines.ingest.sandbox import Child
from pipelines.prepared import prepare_file
from tests.crawling import ROOT

BODY = "临川市青溪区民政局"
URL = "http://www.qingxi.gov.cn/nb/2022.pdf"
SAMPLES = ROOT.parent / "shared" / "samples"


def synthetic(kind: str = "cn-2021", *faults: str, year: int = 2022) -> Synthetic:
    return Synthetic(issuing_body=BODY, report_year=year, kind=kind, faults=frozenset(faults))


def stored(body: bytes) -> StoredDocument:
    kind = recognise(body)
    assert kind is not None
    return StoredDocument(sha256="", media_type=MEDIA_TYPES[kind], content=read_body(body, kind))


def report_of(body: bytes) -> Report:
    return read_as(stored(body), body)


def read_as(
    file: StoredDocument, body: bytes = b"", *, beside: Beside = NOTHING_BESIDE, entries: tuple[Entry, ...] = ()
) -> Report:
    """A page that is itself a file, as that was read."""
    page = Page(url=URL, body=body, entries=entries)
    return read(page, beside, prepared=prepare_file(page, file))


def cells(report: Report, origin: str) -> dict[tuple[int, str, str], tuple[object, str]]:
    return {
        (s.table_no, s.row_name, s.column_name): (s.value, s.value_state)
        for s in report.statistics
        if s.origin == origin
    }


def truth(report: Synthetic) -> dict[tuple[int, str, str], tuple[object, str]]:
    return {(s.table_no, s.row_name, s.column_name): (s.value, s.value_state) for s in report.statistics()}


FORMATS = {"docx": office.docx, "xlsx": office.xlsx, "pdf": office.pdf}


@pytest.mark.parametrize("kind", ["cn-2019", "cn-2021", "hybrid"])
@pytest.mark.parametrize("origin", FORMATS)
def test_every_cell_is_in_its_place(origin: str, kind: str) -> None:
    made = synthetic(kind, year=2020 if kind == "cn-2019" else 2022)
    content = stored(FORMATS[origin](made)).content
    assert content is not None
    assert len(content.grids) == 3
    found = report_of(office.docx(made)) if origin == "xlsx" else report_of(FORMATS[origin](made))
    if origin == "xlsx":
        beside = AtHand(files={"http://www.qingxi.gov.cn/nb/2022.xlsx": stored(office.xlsx(made))})
        found = read_as(stored(office.docx(made)), beside=beside)
    assert cells(found, origin) == truth(made)
    assert {s.standing for s in found.table_sources if s.origin == origin} == {"verified"}
    assert (found.form, found.report_year, found.issuing_body) == (made.form, made.report_year, BODY)


def web(made: Synthetic, charset: str = "utf-8") -> bytes:
    head = f'<html xmlns:w="urn:schemas-microsoft-com:office:word"><head><meta charset="{charset}"></head>'
    return f"{head}<body><h1>{made.title}</h1>{made.html()}</body></html>".encode(charset)


def web_archive(made: Synthetic) -> bytes:
    page = b"Content-Type: text/html; charset=gb2312\r\n\r\n" + web(made, "gb2312")
    head = b'MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary="b"\r\n\r\nA web archive.\r\n'
    return head + b"--b\r\n" + page + b"\r\n--b\r\nContent-Type: text/xml\r\n\r\n<xml/>\r\n--b--\r\n"


def struck_out(made: Synthetic) -> bytes:
    """Before each cell's text stands a deleted figure; the text is inserted; each table ends with a deleted row."""
    with zipfile.ZipFile(io.BytesIO(office.docx(made))) as package:
        markup = package.read("word/document.xml").decode()
    body = markup.partition("<w:body>")[2].partition("</w:body>")[0]
    body = body.replace("<w:p><w:r>", "<w:p><w:del><w:r><w:delText>99</w:delText></w:r></w:del><w:ins><w:r>")
    body = body.replace("</w:r></w:p>", "</w:r></w:ins></w:p>")
    row = "<w:tr><w:trPr><w:del/></w:trPr>" + "<w:tc><w:p><w:r><w:t>7</w:t></w:r></w:p></w:tc>" * 9 + "</w:tr>"
    return office.word(body.replace("</w:tbl>", f"{row}</w:tbl>"))


def packed(made: Synthetic) -> bytes:
    """Stored, not deflated: the names inside the inner package stand open too. The file's name is in GB 18030."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("XXXX.docx", office.docx(made))
    return out.getvalue().replace(b"XXXX.docx", "年报".encode("gb18030") + b".docx")


@pytest.mark.parametrize(("make", "kind"), [(web, "html"), (web_archive, "mht"), (struck_out, "docx"), (packed, "zip")])
def test_documents_as_offices_and_servers_make_them(make: Callable[[Synthetic], bytes], kind: str) -> None:
    made = synthetic()
    body = make(made)
    assert recognise(body, "application/msword") == kind
    content = read_body(body, kind)
    found = read_as(StoredDocument(sha256="", media_type=None, content=content), body)
    assert (found.title, cells(found, "docx")) == (made.title, truth(made))


def test_html_is_a_document_only_where_it_is_sent_as_one() -> None:
    assert recognise(web(synthetic()), "text/html; charset=utf-8") is None
    assert recognise(web(synthetic())) is None


@pytest.mark.parametrize("origin", ["docx", "pdf"])
def test_a_report_that_is_only_a_document_is_read_whole(origin: str) -> None:
    made = synthetic()
    found = report_of(FORMATS[origin](made))
    assert found.is_report
    assert found.title == made.title
    for paragraph in made.paragraphs():
        assert "".join(paragraph.split()) in "".join(found.text.split())
    stated = {(s.table_no, s.row_name, s.column_name, s.value) for s in made.stated()}
    assert {
        (s.table_no, s.row_name, s.column_name, s.value) for s in found.statistics if s.origin == "narrative"
    } == stated


@pytest.mark.parametrize("fault", ["t3-a", "t3-b", "t3-c", "t4-a"])
@pytest.mark.parametrize("origin", ["docx", "pdf"])
def test_what_does_not_add_up_is_kept_as_published_and_not_verified(origin: str, fault: str) -> None:
    made = synthetic("cn-2021", fault)
    found = report_of(FORMATS[origin](made))
    assert cells(found, origin) == truth(made)
    assert {
        (c.identity, c.scope) for c in found.checks if c.verdict == "fails" and c.identity[0] == "T"
    } == made.failed()
    standing = {s.table_no: s.standing for s in found.table_sources}
    number = int(fault[1])
    assert standing[number] == "inconsistent"
    assert set(standing.values()) == {"verified", "inconsistent"}


def test_two_sources_are_compared_cell_by_cell() -> None:
    body = f"<h1>{synthetic().title}</h1><div id='zoom'>{synthetic().html()}</div>".encode()
    page = Page(url="http://www.qingxi.gov.cn/nb/a.html", body=body, content_type="text/html")
    found = read(page, AtHand(files={URL: stored(office.pdf(synthetic("cn-2021", "t3-b")))}))
    told = {c.scope: (c.expected, c.actual, c.verdict) for c in found.checks if c.identity == "D-1"}
    assert told["table 3 html/pdf"] == (175, 173, "fails")
    assert told["table 4 html/pdf"] == (15, 15, "holds")
    expected, actual, verdict = told["granted.total html/pdf"]
    assert (actual, verdict) == ((expected or 0) + 1, "fails")
    assert not [c for c in found.checks if c.identity.startswith("T3") and c.verdict == "fails"], (
        "the page's table counts"
    )


def test_a_document_says_what_it_is_by_its_content() -> None:
    made = synthetic()
    assert recognise(office.docx(made)) == "docx"
    assert recognise(office.xlsx(made)) == "xlsx"
    assert recognise(office.pdf(made)) == "pdf"
    assert recognise(office.ofd(["一、总体情况"])) == "ofd"
    assert recognise(office.package({"a.docx": office.docx(made)})) == "zip"
    assert recognise(b"<!DOCTYPE html><html>") is None
    assert recognise("一、总体情况".encode()) is None


def test_text_of_an_ofd_and_documents_in_a_zip() -> None:
    told = stored(office.ofd(["关于公开的报告", "一、总体情况"])).content
    assert told is not None
    assert told.prose == ["关于公开的报告", "一、总体情况"]
    assert told.problems == []
    made = synthetic()
    packed = stored(office.package({"附件/报告.docx": office.docx(made), "图.png": b"\x89PNG\r\n\x1a\n"})).content
    assert packed is not None
    assert len(packed.grids) == 3
    assert [p.kind for p in packed.problems] == ["unread"]


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("attachment; filename*=UTF-8''%E5%B9%B4%E6%8A%A5.docx", "年报.docx"),
        ('attachment; filename="%E5%B9%B4%E6%8A%A5.pdf"', "年报.pdf"),
        ('attachment; filename="' + "年报.doc".encode("gb18030").decode("latin-1") + '"', "年报.doc"),
        ('attachment; filename="' + "年报.doc".encode().decode("latin-1") + '"', "年报.doc"),
        ('attachment; filename="C:\\temp\\a.xls"', "a.xls"),
        ("inline", None),
    ],
)
def test_names_that_servers_send(header: str, name: str | None) -> None:
    assert file_name([("Content-Disposition", header)]) == name


# --- the shared samples -----------------------------------------------------------------------------------------------

shared = pytest.mark.skipif(not SAMPLES.is_dir(), reason="the shared material is not beside this checkout")
NOT_IN_IT = {".pydocx.doc", ".pydocx.wps"}
"""Made without table four."""


def sample_paths() -> list[Path]:
    ends = ("docx", "xlsx", "xls", "pdf", "doc", "wps")
    return sorted(p for end in ends for p in SAMPLES.glob(f"*.{end}")) if SAMPLES.is_dir() else []


@shared
@pytest.mark.parametrize("path", sample_paths(), ids=lambda path: path.name)
def test_samples(path: Path) -> None:
    if path.suffix in {".doc", ".wps"} and not shutil.which("soffice"):
        pytest.skip("LibreOffice is not installed")
    stem, _, end = path.name.partition(".")
    child = Child()
    try:
        kind = recognise(path.read_bytes())
        assert kind is not None
        content = child.read(path.read_bytes(), kind)
    finally:
        child.close()
    rebuilt = json.loads((SAMPLES / f"{stem}.truth.json").read_text(encoding="utf-8"))
    table = "".join(
        "<table>"
        + "".join(
            "<tr>"
            + "".join(f"<td rowspan={c['rowspan']} colspan={c['colspan']}>{c['text']}</td>" for c in row)
            + "</tr>"
            for row in rebuilt[number]["anchors"]
        )
        + "</table>"
        for number in ("t2", "t3", "t4")
        if not (number == "t4" and f".{end}" in NOT_IN_IT)
    )
    title = f"<h1>{BODY}2022年政府信息公开工作年度报告</h1>"
    page = Page(url=URL, body=f"{title}<div id=zoom>{table}</div>".encode(), content_type="text/html; charset=utf-8")
    document = StoredDocument(sha256="", media_type=None, content=content)
    found = read(page, AtHand(files={"http://www.qingxi.gov.cn/document": document}))
    right, got = cells(found, "html"), cells(found, content.origin)
    wrong = {key for key, value in got.items() if right.get(key) != value}
    if content.origin != "pdf":
        assert got == right
        return
    three = {key: value for key, value in right.items() if key[0] == 3}
    assert sum(got.get(key) == value for key, value in three.items()) >= 0.98 * len(three)
    verified = {s.table_no for s in found.table_sources if s.origin == "pdf" and s.standing == "verified"}
    assert not {key for key in wrong if key[0] in verified}
    assert not wrong


def test_a_document_error_names_its_kind() -> None:
    with pytest.raises(DocumentError) as told:
        read_body(b"Rar!\x1a\x07\0", "archive")
    assert told.value.kind == "unread"
