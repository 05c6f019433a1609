"""The cases of ../shared/real/cases, read in place: a test for each, named for its kind. Skipped where they are absent.

Kinds of pages and documents that were read wrong outside. Inputs of our own of the same kinds are in the tests of each
reader: claims and narrative, what browsers show, forms of bodies, word, excel and pages of documents.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from archive.model import Page, Report
from pipelines import read
from pipelines.beside import AtHand
from pipelines.documents import StoredDocument, picture, recognise
from pipelines.documents import read as read_document
from pipelines.errors import DocumentError
from tests.crawling import ROOT

CASES = ROOT.parent / "shared" / "real" / "cases"
URL = "http://www.example.gov.cn/zwgk/xxgk/nb/202401/t20240119_5.html"
TITLE = "某某市测试区教育局2023年政府信息公开工作年度报告"
pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason="the shared material is not beside this checkout")


def page(path: Path, content_type: str = "text/html") -> Report:
    return read(Page(url=URL, body=path.read_bytes(), content_type=content_type))


def files(folder: str) -> list[Path]:
    found = sorted((CASES / folder).iterdir())
    assert found
    return found


def prose_of(folder: str) -> dict[str, float | None]:
    """What the prose of a case states, by row for totals, else by column."""
    (path,) = files(folder)
    found = page(path, "text/plain; charset=utf-8")
    assert found.is_report
    return {s.row_name if s.column_name == "total" else s.column_name: s.value for s in found.statistics}


def is_whole(found: Report) -> bool:
    """Whether a page of 2023 is read with its text and all 200 cells of its tables."""
    return (
        found.is_report
        and Counter(s.origin for s in found.statistics if s.table_no > 1)["html"] == 200
        and found.text.startswith("根据《中华人民共和国政府信息公开条例》")
        and "<" not in found.text
    )


def document(path: Path) -> StoredDocument:
    body = path.read_bytes()
    kind = recognise(body, None, name=path.name)
    assert kind is not None
    content = read_document(body, kind)
    return StoredDocument(sha256="", media_type=None, content=content, problems=list(content.problems))


def linked(path: Path) -> Report:
    """A page of a report that links the document of a case and says nothing else."""
    body = f"<h1>{TITLE}</h1><div id=zoom><p>年度报告见附件。</p><a href='/f/{path.name}'>{TITLE}</a></div>"
    outer = Page(url=URL, body=body.encode(), content_type="text/html; charset=utf-8")
    return read(outer, AtHand(files={f"http://www.example.gov.cn/f/{path.name}": document(path)}))


def cells(found: Report) -> dict[tuple[int, str, str], tuple[float | None, str]]:
    return {
        (s.table_no, s.row_name, s.column_name): (s.value, s.raw) for s in found.statistics if s.origin != "narrative"
    }


def test_01_figures_of_documents_are_none_of_applications() -> None:
    assert prose_of("01-denied-total-of-documents") == {"new_received": 5, "granted": 4, "partially_granted": 1}


def test_02_the_name_of_a_site_is_no_title() -> None:
    for path in files("02-title-site-heading"):
        found = page(path)
        assert is_whole(found)
        assert (found.title, (found.published or "")[:10]) == (TITLE, "2024-01-19")


def test_03_an_index_table_within_an_outer_box() -> None:
    for path in files("03-outer-container-index-table"):
        found = page(path)
        assert is_whole(found)
        assert ((found.published or "")[:10], found.index_number) == ("2024-01-19", "K12345678/2024-00012")
        assert (found.document_number, found.source) == ("某教办〔2024〕3号", TITLE[: TITLE.index("2023")])


def test_04_text_after_the_end_of_html() -> None:
    for path in files("04-text-after-close-html"):
        assert is_whole(page(path))


def test_05_a_text_that_a_script_or_a_field_carries() -> None:
    for path in files("05-body-only-in-script"):
        assert is_whole(page(path))


ATTACHED = {
    "11-pictures-left-out/0-control": "/uploads/2024/t3.png",
    "11-pictures-left-out/1-images": "/uploads/images/2024/t3.png",
    "11-pictures-left-out/2-gif": "/uploads/2013/t3.gif",
    "11-pictures-left-out/4-datasrc": "/uploads/2024/t3.png",
    "11-pictures-left-out/7-backslash": "/zwgk/xxgk/uploads/t3.png",
    "12-document-links/a-trailing": "/files/nb.pdf",
    "12-document-links/b-down": "/down.jsp?file=/f/nb.doc",
    "12-document-links/c-downasp": "/down.asp?name=nb.docx&id=3",
    "12-document-links/d-onclick": "/files/nb.docx",
    "12-document-links/f-ext-upper": "/files/NB.PDF",
    "12-document-links/g-amp": "/attach?id=3&ext=.pdf",
}


@pytest.mark.parametrize("name", ATTACHED)
def test_11_and_12_pictures_and_links_of_documents(name: str) -> None:
    assert [a.url for a in page(CASES / f"{name}.html").attachments] == [f"http://www.example.gov.cn{ATTACHED[name]}"]


def test_11_a_picture_without_an_address_is_a_problem() -> None:
    found = page(CASES / "11-pictures-left-out" / "5-dataurl.html")
    assert any("have no address: 1" in problem.message for problem in found.problems)


def test_13_hidden_text_in_word_is_not_read() -> None:
    hidden, without = files("13-docx-hidden-text")
    found = linked(hidden)
    assert (cells(found), found.text) == (cells(linked(without)), linked(without).text)
    assert {source.table_no: source.standing for source in found.table_sources} == dict.fromkeys((2, 3, 4), "verified")


def test_14_what_is_called_xls_and_is_none() -> None:
    truth, xml, late, text = files("14-xls-variants")
    right = cells(linked(truth))
    assert len(right) == 200
    assert cells(linked(xml)) == right
    assert cells(linked(late)) == right
    found = linked(text)
    assert cells(found) == right or any("text under the name of an Excel file" in p.message for p in found.problems)


def test_15_a_scan_with_an_invisible_layer_of_text(monkeypatch: pytest.MonkeyPatch) -> None:
    path = next(path for path in files("15-pdf-layers") if path.name.startswith("p01"))
    if picture.is_possible():
        found = linked(path)
        assert {s.origin for s in found.statistics} <= {"image", "narrative"}
        assert {s.table_no: s.standing for s in found.table_sources}[3] == "verified"
    monkeypatch.setattr(picture, "is_possible", lambda: False)
    with pytest.raises(DocumentError, match="the extra ocr: make ocr") as told:
        document(path)
    assert told.value.kind == "unread"


def test_15_a_pdf_that_does_not_say_what_its_characters_are() -> None:
    path = next(path for path in files("15-pdf-layers") if path.name.startswith("p06"))
    with pytest.raises(DocumentError, match="neither says what its characters are"):
        document(path)


def test_16_numbers_before_their_nouns() -> None:
    assert prose_of("16-review-number-first") == {"new_received": 5, "review_total": 2, "suit_total": 0}


def test_17_an_annex_of_fujian_before_2014() -> None:
    (path,) = files("17-annex-fujian-2011")
    found = page(path)
    assert found.form == "fj-2009-stat"
    annex = {(s.row_name, s.column_name): s.value for s in found.statistics if s.table_no == 1}
    for row, wanted in {
        "applications_received": (21, 21),
        "replies_total": (21, 21),
        "disclosed_website": (1795, 3304),
        "disclosed_gazette": (0, 7),
    }.items():
        assert (annex[row, "year_value"], annex[row, "cumulative"]) == wanted
    assert not [s for s in found.statistics if s.row_name == "denied_total"]
