"""The parts of a report: each is read, in a document, unread, not published or doubtful, and says why."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from archive.model import Page, Problem, Report
from archive.records import ReportHistory, Version, record
from archive.reports import Reports
from archive.vocabulary import Origin, PartName, ProblemKind, ReportState
from crawler.demo import office
from crawler.demo.reports import Synthetic
from pipelines import read
from pipelines.beside import AtHand
from pipelines.documents import Content, StoredDocument
from pipelines.html.article import Article
from pipelines.ingest.differences import compare
from pipelines.parts import LEFT_PACKED, NOT_CAPTURED, parts_of
from pipelines.prepared import prepare, prepare_file
from tests import articles
from tests.test_documents import stored, synthetic

URL = "http://www.qingxi.gov.cn/zwgk/nb/202301/t20230118_1001.html"
FILE = "http://www.qingxi.gov.cn/zwgk/nb/202301/nb.docx"
PICTURE = "http://www.qingxi.gov.cn/zwgk/nb/202301/t3.png"
VALUES = ("title", "body", "year", "date", "text")
TABLES = ("table_two", "table_three", "table_four")


def page(
    made: Synthetic, article: str | None = None, *, info: str = "发布时间：2023-01-18 10:26", url: str = URL
) -> Page:
    article = made.html() if article is None else article
    return articles.page(articles.html(f'<div id="zoom">{article}</div>', title=made.title, info=info), url=url)


def part(report: Report, name: str) -> tuple[str, str, str]:
    (found,) = [one for one in report.parts if one.part == name]
    return found.state, found.url, found.cause


def states(report: Report) -> dict[str, str]:
    return {str(one.part): str(one.state) for one in report.parts}


def said(report: Report, kind: ProblemKind) -> list[str]:
    return [problem.message for problem in report.problems if problem.kind is kind]


def unread_document(message: str, kind: ProblemKind = ProblemKind.UNREAD) -> StoredDocument:
    return StoredDocument(sha256="0", media_type=None, problems=[Problem(kind=kind, message=message)])


def prose(made: Synthetic, *added: str) -> str:
    """The report without its tables."""
    text = Synthetic(issuing_body=made.issuing_body, report_year=made.report_year, faults=frozenset({"prose-only"}))
    return text.html() + articles.paragraphs(list(added))


@pytest.mark.parametrize(("kind", "year"), [("cn-2019", 2020), ("cn-2021", 2022), ("hybrid", 2022)])
def test_a_whole_report_has_eight_parts_that_are_read(kind: str, year: int) -> None:
    found = read(page(synthetic(kind, year=year), info="发布时间：2024-01-18 10:26"))
    assert states(found) == dict.fromkeys((*VALUES, *TABLES), "read")
    assert all(one.url == one.cause == "" for one in found.parts)
    assert not said(found, ProblemKind.INCOMPLETE_REPORT) + said(found, ProblemKind.NO_TEXT)


def test_no_tables_are_prescribed_before_2019() -> None:
    found = read(page(synthetic("narrative", year=2016), info="发布时间：2017-01-18 10:26"))
    assert states(found) == dict.fromkeys(VALUES, "read")
    assert not said(found, ProblemKind.INCOMPLETE_REPORT)


def test_tables_and_text_of_a_document_are_elsewhere() -> None:
    made = synthetic()
    beside = AtHand(files={FILE: stored(office.docx(made))})
    found = read(page(made, f'<p>详见附件。</p><p><a href="{FILE}">{made.title}.docx</a></p>'), beside)
    assert {name: part(found, name) for name in ("text", *TABLES)} == dict.fromkeys(
        ("text", *TABLES), ("elsewhere", FILE, "")
    )
    assert "一、总体情况" in found.text
    assert {s.table_no for s in found.statistics if s.origin is Origin.DOCX} == {2, 3, 4}


@pytest.mark.parametrize(
    "message", ["old Word documents need LibreOffice (soffice)", "damaged Word document: it breaks off"]
)
def test_what_only_an_unread_document_may_hold_is_unread_with_the_cause(message: str) -> None:
    made = synthetic()
    beside = AtHand(files={FILE: unread_document(message)})
    found = read(page(made, prose(made) + f'<p><a href="{FILE}">附件</a></p>'), beside)
    assert {name: part(found, name) for name in (*TABLES, "document")} == dict.fromkeys(
        (*TABLES, "document"), ("unread", FILE, message)
    )
    assert part(found, "text")[0] == "read"
    assert not said(found, ProblemKind.INCOMPLETE_REPORT), "the document has a problem of its own"


def test_a_document_and_a_picture_that_were_not_captured_are_named() -> None:
    made = synthetic()
    article = prose(made) + f'<p><img src="{PICTURE}"><a href="{FILE}">年报.docx</a><a href="/nb/a.rar">其他</a></p>'
    found = read(page(made, article))
    assert part(found, "picture") == ("unread", PICTURE, NOT_CAPTURED)
    documents = {(one.url, one.cause) for one in found.parts if one.part is PartName.DOCUMENT}
    assert documents == {(FILE, NOT_CAPTURED), ("http://www.qingxi.gov.cn/nb/a.rar", LEFT_PACKED)}
    assert part(found, "table_three") == ("unread", FILE, NOT_CAPTURED), "the likeliest of the three"
    assert not said(found, ProblemKind.INCOMPLETE_REPORT)


def test_a_picture_that_was_read_and_shows_no_table_explains_nothing() -> None:
    made = synthetic()
    article = prose(made) + f'<p><img src="{PICTURE}"></p>'
    empty = StoredDocument(sha256="0", media_type="image/png", content=Content(kind="picture", origin=Origin.IMAGE))
    found = read(page(made, article), AtHand(files={PICTURE: empty}))
    assert states(found).keys() == {*VALUES, *TABLES}
    assert part(found, "table_two")[0] == "unread"
    assert len(said(found, ProblemKind.INCOMPLETE_REPORT)) == 1


def test_photographs_beside_whole_tables_are_no_parts() -> None:
    made = synthetic()
    found = read(page(made, made.html() + f'<p><img src="{PICTURE}"></p>'))
    assert states(found) == dict.fromkeys((*VALUES, *TABLES), "read")


@pytest.mark.parametrize(
    "article",
    [
        "<p>2022年，我局认真落实上级部署，主动公开政府信息，规范办理申请，公开平台运行平稳，监督保障有力，全年没有发生差错。</p>",
        None,
    ],
    ids=["prose without sections", "six sections without tables"],
)
def test_tables_that_nothing_names_are_a_problem_whatever_the_form(article: str | None) -> None:
    made = synthetic()
    found = read(page(made, article or prose(made)))
    assert {part(found, name)[:2] for name in TABLES} == {("unread", "")}
    (message,) = said(found, ProblemKind.INCOMPLETE_REPORT)
    assert message.startswith("table two, table three, table four: no table in the text")
    assert part(found, "text")[0] == ("read" if article is None else "doubtful")


def test_a_text_may_say_that_there_is_nothing_to_put_into_a_table() -> None:
    made = synthetic()
    sections = [
        "一、总体情况",
        "2022年，我局认真落实上级部署，主动公开政府信息，规范办理申请，公开平台运行平稳，监督保障有力。",
        "二、主动公开政府信息情况",
        "本年度未制发规章和行政规范性文件。",
        "三、收到和处理政府信息公开申请情况",
        "本年度未收到政府信息公开申请。",
        "四、政府信息公开行政复议、行政诉讼情况",
        "未经复议直接起诉的行政诉讼2件。",
        "五、存在的主要问题及改进情况",
        "公开形式还不够丰富。",
    ]
    found = read(page(made, articles.paragraphs(sections)))
    assert part(found, "table_two") == ("not_in_source", "", "未制发规章和行政规范性文件")
    assert part(found, "table_three") == ("not_in_source", "", "未收到政府信息公开申请")
    assert part(found, "table_four")[0] == "unread", "two suits belong into a table"
    cut = read(page(made, articles.paragraphs(sections[:6])))
    assert part(cut, "table_three")[0] == "unread", "a text that ends early may have had its tables after that"


def test_blank_and_incomplete_tables_are_doubtful() -> None:
    blank = read(page(synthetic("cn-2021", "blank-form")))
    assert {part(blank, name) for name in TABLES} == {("doubtful", "", "every cell is blank")}
    assert not said(blank, ProblemKind.INCOMPLETE_REPORT)
    whole = synthetic().html()
    row = whole.index("<tr", whole.index("三、本年度办理结果"))
    cut = read(page(synthetic(), whole[:row] + whole[whole.index("</tbody>", row) :]))
    state, _, cause = part(cut, "table_three")
    assert state == "doubtful"
    assert cause
    assert said(cut, ProblemKind.INCOMPLETE_REPORT) == [f"table three: {cause}"]


def test_a_next_page_that_is_missing_leaves_the_text_doubtful() -> None:
    made = synthetic()
    script = "<script>createPageHTML(2, 0, 't20230118_1001', 'html');</script>"
    first = page(made, prose(made) + script)
    next_url = "http://www.qingxi.gov.cn/zwgk/nb/202301/t20230118_1001_1.html"
    found = read(first)
    assert part(found, "next_page") == ("unread", next_url, NOT_CAPTURED)
    assert part(found, "text")[:2] == ("doubtful", next_url)
    assert part(found, "table_two") == ("unread", next_url, NOT_CAPTURED)
    both = read(first, AtHand(pages=[page(made, url=next_url)]))
    assert states(both) == dict.fromkeys((*VALUES, *TABLES), "read")


MARKUP = "&lt;p&gt;我局认真落实上级部署，主动公开政府信息。&lt;/p&gt;&lt;table&gt;&lt;tr&gt;&lt;td&gt;规章&lt;/td&gt;&lt;/tr&gt;"
TWICE = "&amp;lt;p&amp;gt;我局认真落实上级部署，主动公开政府信息，规范办理申请，监督保障有力。&amp;lt;/p&amp;gt;"


GARBLED = [
    (MARKUP * 3, "markup"),
    (TWICE * 3, "markup"),
    ("".join(f"(cid:{number})" for number in range(50, 400)), "does not map"),
    ("\ue123\ue456" * 400, "without a meaning"),
]


@pytest.mark.parametrize(("text", "cause"), GARBLED, ids=["markup", "escaped twice", "cid", "private use"])
def test_what_nobody_can_read_is_no_text(text: str, cause: str) -> None:
    made = synthetic()
    found = read(page(made, prose(made, text)))
    assert part(found, "text")[0] == "unread"
    assert cause in part(found, "text")[2]
    assert said(found, ProblemKind.NO_TEXT) == [part(found, "text")[2]]
    assert not ProblemKind.NO_TEXT.concerns_document, "the run is unwell"


@pytest.mark.parametrize(("text", "cause"), [("", "the page has no text"), (synthetic().title, "only the title")])
def test_a_title_is_no_text(text: str, cause: str) -> None:
    report = Report(url=URL, title=synthetic().title, text=text, report_year=2022, is_report=True)
    parts, problems = parts_of(report, Article(paragraphs=[text]), prepare(page(synthetic(), f"<p>{text}</p>")), [], {})
    (found,) = [one for one in parts if one.part is PartName.TEXT]
    assert (found.state, found.url) == ("unread", "")
    assert cause in found.cause
    assert {problem.kind for problem in problems} == {ProblemKind.NO_TEXT, ProblemKind.INCOMPLETE_REPORT}


def test_a_scan_that_was_read_has_tables_and_no_text() -> None:
    content = Content(kind="pdf", origin=Origin.IMAGE)
    url = URL.replace("html", "pdf")
    file = StoredDocument(sha256="0", media_type="application/pdf", content=content)
    report = Report(url=url, title=synthetic().title, report_year=2022, is_report=True)
    prepared = prepare_file(Page(url=url, body=b"%PDF-1.7"), file)
    parts, problems = parts_of(report, Article(), prepared, [], {url: file})
    (found,) = [one for one in parts if one.part is PartName.TEXT]
    assert (found.state, found.url) == ("unread", url)
    assert "only tables are read" in found.cause
    assert ProblemKind.NO_TEXT not in {problem.kind for problem in problems}


def test_a_workbook_holds_tables_and_no_text() -> None:
    made = synthetic()
    url = FILE.replace("docx", "xlsx")
    beside = AtHand(files={url: stored(office.xlsx(made))})
    found = read(page(made, f'<p><a href="{url}">{made.title}.xlsx</a></p>'), beside)
    assert part(found, "text")[:2] == ("not_in_source", url)
    assert {part(found, name) for name in TABLES} == {("elsewhere", url, "")}
    assert not said(found, ProblemKind.NO_TEXT) + said(found, ProblemKind.INCOMPLETE_REPORT)


def test_pictures_explain_that_a_page_has_no_text() -> None:
    made = synthetic()
    hint = "tables in pictures are read with the extra ocr"
    found = read(page(made, f'<p><img src="{PICTURE}"></p>'), AtHand(files={PICTURE: unread_document(hint)}))
    assert {part(found, name) for name in ("text", *TABLES)} == {("unread", PICTURE, hint)}
    assert not said(found, ProblemKind.NO_TEXT) + said(found, ProblemKind.INCOMPLETE_REPORT)


def test_values_say_what_they_lack() -> None:
    sections = articles.paragraphs(
        [*articles.PROSE[1:], "二、主动公开政府信息情况", "三、收到和处理政府信息公开申请情况"]
    )
    nameless = articles.html(f'<div id="zoom">{sections}</div>', title="2020年政府信息公开工作年度报告", info="")
    found = read(articles.page(nameless, url="http://www.qingxi.gov.cn/nb/1.html"))
    assert part(found, "body")[0] == "unread"
    assert "no issuing body" in part(found, "body")[2]
    assert part(found, "date")[0] == "not_in_source"
    signed = read(
        articles.page(
            nameless.replace("</div></div>", "<p>2021年1月18日</p></div></div>"),
            url="http://www.qingxi.gov.cn/nb/1.html",
        )
    )
    assert part(signed, "date")[0] == "doubtful"
    assert "signature 2021-01-18" in part(signed, "date")[2]


def history(report: Report) -> ReportHistory:
    report.id, report.portal, report.state = "qingxi-1", "qingxi", ReportState.LIVE
    report.sha256, report.captured_at, report.first_captured_at = "0" * 64, "0", "0"
    version = Version(sha256="0" * 64, captured_at="0")
    return ReportHistory(report=report, versions=[version], locations=[], reader_version="1")


def test_parts_are_kept_and_an_older_archive_counts_as_unchanged(tmp_path: Path) -> None:
    tmp_path.joinpath("archive").mkdir()
    reports = Reports(tmp_path / "archive")
    reports.put_portal({"name": "qingxi"})
    made = synthetic()
    found = record(history(read(page(made, prose(made)))))
    assert reports.put(found) == "new"
    assert reports.put(found) == "unchanged"
    stored_parts = reports.db.execute("SELECT part, state, url, cause FROM parts").fetchall()
    assert sorted(map(tuple, stored_parts)) == sorted(found.tables["parts"])
    reports.db.execute("DELETE FROM parts")
    reports.commit()
    before = reports.record("qingxi-1")
    assert before is not None
    assert list(compare(before, found)) == [], "it was stored before there were parts"
    whole = record(history(read(page(made))))
    assert {change.field for change in compare(found, whole)} >= {"parts"}
    reports.remove("qingxi-1")
    assert reports.db.execute("SELECT COUNT(*) FROM parts").fetchone()[0] == 0
    reports.close()


def test_an_archive_without_the_table_can_be_compared(tmp_path: Path) -> None:
    reports = Reports(tmp_path)
    reports.put_portal({"name": "qingxi"})
    found = record(history(read(page(synthetic()))))
    reports.put(found)
    reports.close()
    with sqlite3.connect(tmp_path / "reports.db") as db:
        db.execute("DROP TABLE parts")
    older = Reports(tmp_path, read_only=True)
    before = older.record("qingxi-1")
    assert before is not None
    assert before.tables["parts"] == []
    assert list(compare(before, found)) == []
