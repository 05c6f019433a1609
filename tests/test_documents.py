"""Documents beside HTML: every figure in its place, whatever the format, and nothing wrong that is called verified."""

from __future__ import annotations

import io
import json
import shutil
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from crawler.documents import Child, Reader
from crawler.items import Entry, Page, Report
from pipelines import parsed, read
from pipelines.documents import MEDIA_TYPES, Content, DocumentError, Held, pdf, picture, recognise
from pipelines.documents import read as read_body
from pipelines.links import file_name
from tests import office
from tests.crawling import ROOT, crawl, scrapy
from tests.portals.beijing import Beijing
from tests.portals.epoint import Epoint
from tests.portals.faults import moved
from tests.portals.gkmlpt import Gkmlpt
from tests.portals.hanweb import Hanweb
from tests.portals.links import PlainLinks
from tests.portals.messages import Reply, Request
from tests.portals.nfcms import Nfcms
from tests.portals.replica import Document
from tests.portals.reports import Synthetic
from tests.portals.server import Server
from tests.portals.trs import Trs
from tests.portals.trs_fujian import TrsFujian
from tests.portals.ucap import Ucap
from tests.test_crawl import kinds, rows, scrapy_dump

BODY = "临川市青溪区民政局"
URL = "http://www.qingxi.gov.cn/nb/2022.pdf"
SAMPLES = ROOT.parent / "shared" / "samples"


def synthetic(kind: str = "cn-2021", *faults: str, year: int = 2022) -> Synthetic:
    return Synthetic(issuing_body=BODY, report_year=year, kind=kind, faults=frozenset(faults))


def held(body: bytes) -> Held:
    kind = recognise(body)
    assert kind is not None
    return Held(sha256="", media_type=MEDIA_TYPES[kind], content=read_body(body, kind))


def report_of(body: bytes) -> Report:
    return read(Page(url=URL, body=body, documents={URL: held(body)}))


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
    content = held(FORMATS[origin](made)).content
    assert content is not None
    assert len(content.grids) == 3
    found = report_of(office.docx(made)) if origin == "xlsx" else report_of(FORMATS[origin](made))
    if origin == "xlsx":
        page = Page(url=URL, body=b"<p>", content_type="text/html", documents={URL: held(office.docx(made))})
        page.documents["http://www.qingxi.gov.cn/nb/2022.xlsx"] = held(office.xlsx(made))
        found = read(page)
    assert cells(found, origin) == truth(made)
    assert {s.standing for s in found.table_sources if s.origin == origin} == {"verified"}
    assert (found.form, found.report_year, found.issuing_body) == (made.form, made.report_year, BODY)


@pytest.mark.parametrize("year", range(2015, 2025))
def test_rows_torn_by_a_page_break_are_put_together(year: int) -> None:
    made = synthetic("cn-2019" if year % 2 else "cn-2021", year=year)
    found = report_of(office.pdf(made, tear=True))
    assert {key: value for key, value in cells(found, "pdf").items() if key[0] == 3} == {
        key: value for key, value in truth(made).items() if key[0] == 3
    }
    for key, value in cells(found, "pdf").items():
        assert truth(made)[key] == value


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
    found = read(Page(url=URL, body=body, documents={URL: Held(sha256="", media_type=None, content=content)}))
    assert (found.title, cells(found, "docx")) == (made.title, truth(made))


def test_html_is_a_document_only_where_it_is_sent_as_one() -> None:
    assert recognise(web(synthetic()), "text/html; charset=utf-8") is None
    assert recognise(web(synthetic())) is None


@pytest.mark.parametrize("turned", [90, 180, 270])
def test_pages_that_lie_on_their_side_are_read_upright(turned: int) -> None:
    made = synthetic()
    found = report_of(office.pdf(made, page=f"/Rotate {turned}"))
    assert found.title == made.title
    assert cells(found, "pdf") == truth(made)


def test_what_stands_at_the_head_and_foot_of_every_page_is_no_text() -> None:
    plain = report_of(office.pdf(synthetic(), tear=True))
    found = report_of(office.pdf(synthetic(), tear=True, margins=("临川市青溪区", "第{}页 共9页 政府信息公开")))
    assert (found.text, found.title) == (plain.text, plain.title)
    assert found.statistics == plain.statistics


def test_radicals_that_renderers_write_for_characters_are_those_characters() -> None:
    made = synthetic()
    body = office.pdf(made)
    for character, radical in (("民", "\u2ea0"), ("青", "\u2ed8"), ("工", "\u2f2f")):
        body = body.replace(character.encode("utf-16-be").hex().encode(), radical.encode("utf-16-be").hex().encode())
    found = report_of(body)
    assert (found.title, found.issuing_body) == (made.title, BODY)


def test_figures_of_another_font_stand_in_the_line_of_their_text() -> None:
    one = {"matrix": (1, 0, 0, 1, 0, 700.0), "size": 24.0, "y1": 722.0, "top": 118.0, "bottom": 142.0, "doctop": 118.0}
    other = one | {"y1": 717.0, "top": 123.0, "bottom": 147.0, "doctop": 123.0}
    page = SimpleNamespace(chars=[one, other])
    pdf.level(page)
    assert one["top"] == pytest.approx(other["top"])
    assert one["bottom"] - one["top"] == pytest.approx(24)


Cut = Callable[[str], tuple[str, ...]]


def torn(made: Synthetic, number: int, at: int, cut: Cut) -> Report:
    """Its table with a page break in row `at`: `cut` says what of each cell stands above it and below."""
    grid = [block.grid for block in made.blocks() if block.grid][number - 2]
    lines: list[list[pdf.Cell]] = [[] for _ in grid]
    for row, column, down, across, text in office.placed(grid):
        for r in range(row, row + down):
            lines[r].append(pdf.Cell(30.0 * column, 30.0 * (column + across), text, r == row, 100 * row + column))
    for line in lines:
        line.sort(key=lambda cell: cell.x0)
    at %= len(lines)
    parts = [cut(cell.text) if cell.fresh else (cell.text, "", "") for cell in lines[at]]
    upper, *below = (
        [replace(c, text=text) for c, text in zip(lines[at], texts, strict=True)] for texts in zip(*parts, strict=False)
    )
    # what spans the break is a blank cell below it
    rest = [
        [replace(c, text=c.text if c.number >= 100 * at or c.fresh else "") for c in line] for line in lines[at + 1 :]
    ]
    slices = [pdf.Slice(1, 0, 9, [*lines[:at], upper]), pdf.Slice(2, 0, 9, [*below, *rest])]
    content = Content(kind="pdf", origin="pdf", blocks=[made.title, pdf.one_grid(slices)])
    return read(Page(url=URL, body=b"%PDF-1.4", documents={URL: Held(sha256="", media_type=None, content=content)}))


@pytest.mark.parametrize(
    ("number", "at", "cut"),
    [
        (2, 1, lambda label: (label[:2], label[2:])),
        (3, 2, lambda label: (label[:1], label[1:])),
        (3, 8, lambda text: (text[:2], text[2:]) if "." in text else (text, "")),
        (4, 2, lambda label: (label[:3], label[3:])),
    ],
)
def test_labels_that_a_page_break_tore_are_put_together(number: int, at: int, cut: Cut) -> None:
    made = Synthetic(issuing_body="临川市人民政府", report_year=2022)
    found = torn(made, number, at, cut)
    assert cells(found, "pdf") == {key: value for key, value in truth(made).items() if key[0] == number}
    assert {s.standing for s in found.table_sources} == {"verified"}


def test_a_table_two_whose_columns_are_lost_is_not_whole() -> None:
    made = Synthetic(issuing_body="临川市人民政府", report_year=2022)
    found = torn(made, 2, 1, lambda label: (label.replace("制发件数", "制").replace("废止件数", "废"), ""))
    assert {s.standing for s in found.table_sources} <= {"incomplete", "unread"}


@pytest.mark.parametrize("above", [0, 1, 2, 9])
def test_the_row_of_table_four_that_a_page_break_tore_is_put_together(above: int) -> None:
    made = Synthetic(issuing_body="临川市人民政府", report_year=2022)
    found = torn(made, 4, -1, lambda figure: (figure[:above], figure[above:]))
    assert cells(found, "pdf") == {key: value for key, value in truth(made).items() if key[0] == 4}
    assert {s.standing for s in found.table_sources} == {"verified"}


@pytest.mark.parametrize(
    ("fault", "cut"),
    [
        ("t4-a", lambda figure: (figure[:1], figure[1:])),
        ("slash", lambda figure: (figure, "", "0")),
        ("slash", lambda _: ("0", "0")),
        ("slash", lambda figure: (figure, figure)),
    ],
)
def test_what_cannot_be_put_together_is_not_used(fault: str, cut: Cut) -> None:
    made = Synthetic(issuing_body="临川市人民政府", report_year=2022, faults=frozenset({fault}))
    found = torn(made, 4, -1, cut)
    assert not {s.standing for s in found.table_sources} & {"verified", "inconsistent"}
    assert not cells(found, "pdf")


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


def test_a_blank_form_is_blank_and_a_pdf_of_it_is_proved_by_nothing() -> None:
    made = synthetic("cn-2021", "blank-form")
    found = report_of(office.pdf(made))
    assert cells(found, "pdf") == truth(made)
    assert {value for value, _ in cells(found, "pdf").values()} == {None}
    assert {s.standing for s in found.table_sources if s.table_no > 2} == {"unverified"}


def test_a_pdf_that_lost_a_row_is_not_verified() -> None:
    made = synthetic()
    body = office.pdf(made)
    content = held(body).content
    assert content is not None
    grid = next(g for g in content.grids if len(g.lines) > 20)
    zero = next(i for i, line in enumerate(grid.lines) if [s.text for s in line[-7:]] == ["0"] * 7)
    del grid.lines[zero]
    found = read(Page(url=URL, body=body, documents={URL: Held(sha256="", media_type=None, content=content)}))
    assert all(c.verdict == "holds" for c in found.checks if c.identity == "T3-A")
    assert {s.standing for s in found.table_sources if s.table_no == 3} == {"incomplete"}


def test_figures_torn_by_the_layout_are_used_only_where_identities_prove_them() -> None:
    for fault, standing in ((), "verified"), (("t3-c",), "unread"):
        body = office.pdf(synthetic("cn-2021", *fault))
        content = held(body).content
        assert content is not None
        next(g for g in content.grids if len(g.lines) > 20).mended = True
        found = read(Page(url=URL, body=body, documents={URL: Held(sha256="", media_type=None, content=content)}))
        assert {s.standing for s in found.table_sources if s.table_no == 3} == {standing}
        assert bool([s for s in found.statistics if s.table_no == 3 and s.origin == "pdf"]) == (standing == "verified")


def test_two_sources_are_compared_cell_by_cell() -> None:
    page = Page(url="http://www.qingxi.gov.cn/nb/a.html", body=synthetic().html().encode(), content_type="text/html")
    page.body = b"<h1>" + synthetic().title.encode() + b"</h1><div id='zoom'>" + page.body + b"</div>"
    page.documents = {URL: held(office.pdf(synthetic("cn-2021", "t3-b")))}
    found = read(page)
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
    told = held(office.ofd(["关于公开的报告", "一、总体情况"])).content
    assert told is not None
    assert told.prose == ["关于公开的报告", "一、总体情况"]
    assert [p.kind for p in told.problems] == ["unread"]
    made = synthetic()
    packed = held(office.package({"附件/报告.docx": office.docx(made), "图.png": b"\x89PNG\r\n\x1a\n"})).content
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


# --- fetched beside a page --------------------------------------------------------------------------------------------


class Attaching(PlainLinks):
    """Its reports show their tables as pictures and have them in PDF and, moved elsewhere, in Word documents."""

    def article(self, document: Document) -> str:
        links = "".join(
            f'<p><a href="/{folder}/{document.number}.{end}">{document.title}.{end}</a></p>'
            for folder, end in (("go", "docx"), ("attach", "pdf"))
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
    found = read(Page(url=URL, body=body, documents={URL: held(body)}, entries=(entry,)))
    assert (found.title, found.issuing_body, found.report_year) == (title, BODY, 2022)
    assert found.published == "2023-01-20"
    assert read(Page(url=URL, body=body, documents={URL: held(body)})).published is None


@pytest.fixture(scope="module")
def linked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Server]]:
    """A portal a platform, whose listing links every third report straight to a Word or PDF file."""
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
    page.documents["http://www.qingxi.gov.cn/document"] = Held(sha256="", media_type=None, content=content)
    found = read(page)
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


def test_a_page_that_was_looked_into_is_parsed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    body = f"<h1>{synthetic().title}</h1><div id='zoom'>{synthetic().html()}</div>".encode()
    page = Page(url="http://www.qingxi.gov.cn/nb/a.html", body=body, content_type="text/html; charset=utf-8")
    alone = read(page)
    parsed.look(page)
    monkeypatch.setattr(parsed, "read_document", lambda _: pytest.fail("parsed again"))
    assert read(page) == alone
    with pytest.raises(pytest.fail.Exception):
        read(page)
