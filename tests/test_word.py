"""Word documents as Word shows them: hidden, deleted and computed text, text boxes, controls, lists, split tables."""

from __future__ import annotations

import random
import zipfile
from io import BytesIO

import pytest

from crawler.demo import office
from pipelines.documents import read
from tests import made_documents
from tests.made_documents import STYLES, controlled, field_of, grids_of, placeholder, run, text_box
from tests.test_documents import cells, report_of, synthetic, truth

PROPERTY = "<w:r><w:rPr>{}</w:rPr><w:t>{}</w:t></w:r>".format
PARAGRAPH = "<w:p>{}</w:p>".format
FIELD = '<w:r><w:fldChar w:fldCharType="{}"/></w:r>'.format


def word(*paragraphs: str, **members: str) -> list[str]:
    """The paragraphs of a document of these, as read."""
    body = "".join(PARAGRAPH(one) for one in paragraphs)
    return read(office.word(body, **{"word__styles_xml": STYLES, **members}), "docx").prose


@pytest.mark.parametrize(
    "hidden",
    [
        PROPERTY("<w:vanish/>", "12"),
        PROPERTY('<w:vanish w:val="true"/>', "12"),
        PROPERTY("<w:b/><w:vanish w:val='1'/><w:i/>", "3件"),
        PROPERTY('<w:rStyle w:val="Unseen"/>', "3件"),
    ],
)
def test_hidden_text_is_no_text(hidden: str) -> None:
    assert word(run("收到5") + hidden + run("件")) == ["收到5件"]
    assert word(hidden) == []


def test_what_is_not_hidden_after_all_is_text() -> None:
    shown = PROPERTY('<w:rStyle w:val="Unseen"/><w:vanish w:val="0"/>', "7件")
    assert word(run("收到") + shown) == ["收到7件"]
    note = "<w:pPr><w:pStyle w:val='Note'/></w:pPr>"
    assert word(note + run("附注")) == []
    assert word(note + PROPERTY('<w:vanish w:val="false"/>', "附注")) == ["附注"]
    assert word(note + PROPERTY('<w:rStyle w:val="Unseen"/>', "附注")) == ["附注"], "styles that hide undo one another"


@pytest.mark.parametrize(
    "changed",
    [
        "<w:del w:id='1'><w:r><w:delText>9</w:delText></w:r></w:del>",
        "<w:moveFrom w:id='1'><w:r><w:t>9</w:t></w:r></w:moveFrom>",
        "<w:del w:id='1'><w:r><w:t>9</w:t></w:r></w:del><w:ins w:id='2'><w:moveTo w:id='3'/></w:ins>",
    ],
)
def test_deleted_and_moved_text_is_no_text(changed: str) -> None:
    assert word(run("办结") + changed + run("4件")) == ["办结4件"]


def test_of_a_field_its_result_is_text_and_its_instruction_is_not() -> None:
    assert word(run("第") + field_of("3") + run("页")) == ["第3页"]
    assert word("<w:fldSimple w:instr='PAGE'>" + run("8") + "</w:fldSimple>") == ["8"]
    assert word(FIELD("begin") + run("IF") + FIELD("end") + run("共2件")) == ["共2件"]
    over_paragraphs = (
        FIELD("begin") + run("TOC") + FIELD("separate") + run("一、总体情况"),
        run("二、") + FIELD("end"),
    )
    assert word(*over_paragraphs, run("正文")) == ["一、总体情况", "二、", "正文"]
    assert word(FIELD("begin") + run("TOC"), run("一、总体情况")) == ["一、总体情况"], "a field that never ends"


def test_controls_give_what_was_filled_in() -> None:
    assert word(run("收到") + controlled("6") + run("件")) == ["收到6件"]
    assert word(run("收到") + placeholder() + run("件")) == ["收到件"]


@pytest.mark.parametrize("inside", [["二〇二四年一月"], ["一、总体情况", "全年收到申请2件。"]])
def test_text_boxes_stand_once_after_their_paragraph(inside: list[str]) -> None:
    assert word(run("封面") + text_box("".join(PARAGRAPH(run(line)) for line in inside)), run("正文")) == [
        "封面",
        *inside,
        "正文",
    ]


def test_a_table_in_a_text_box_is_a_table() -> None:
    row = "<w:tr><w:tc><w:p>{}</w:p></w:tc><w:tc><w:p>{}</w:p></w:tc></w:tr>"
    table = f"<w:tbl>{row.format(run('规章'), run('2'))}{row.format(run('合计'), run('2'))}</w:tbl>"
    content = read(office.word(PARAGRAPH(text_box(table + "<w:p/>"))), "docx")
    assert [[cell.text for cell in line] for line in content.grids[0].rows] == [["规章", "2"], ["合计", "2"]]


LEVEL = '<w:lvl w:ilvl="{}"><w:start w:val="{}"/><w:numFmt w:val="{}"/><w:lvlText w:val="{}"/></w:lvl>'.format
LISTED = '<w:pPr><w:numPr><w:ilvl w:val="{}"/><w:numId w:val="{}"/></w:numPr></w:pPr>'.format


def numbering(*levels: str, overrides: str = "") -> str:
    return (
        f'<w:numbering xmlns:w="{office.WORD}"><w:abstractNum w:abstractNumId="0">{"".join(levels)}</w:abstractNum>'
        '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>'
        f'<w:num w:numId="2"><w:abstractNumId w:val="0"/>{overrides}</w:num></w:numbering>'
    )


def test_numbers_of_lists_are_text() -> None:
    parts = numbering(LEVEL(0, 1, "chineseCountingThousand", "%1、"), LEVEL(1, 1, "chineseCounting", "（%2）"))
    lines = [LISTED(0, 1) + run("总体情况"), LISTED(1, 1) + run("主动公开"), LISTED(1, 1) + run("依申请公开")]
    lines += [run("全年收到申请2件。"), LISTED(0, 1) + run("存在的问题"), LISTED(1, 1) + run("不足")]
    wanted = ["一、总体情况", "（一）主动公开", "（二）依申请公开", "全年收到申请2件。", "二、存在的问题", "（一）不足"]
    assert word(*lines, word__numbering_xml=parts) == wanted


def test_a_list_that_begins_anew_and_one_that_does_not() -> None:
    again = '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="5"/></w:lvlOverride>'
    parts = numbering(LEVEL(0, 3, "decimal", "%1."), overrides=again)
    lines = [LISTED(0, 1) + run("甲"), LISTED(0, 1) + run("20件"), LISTED(0, 2) + run("乙"), LISTED(0, 2) + run("丙")]
    assert word(*lines, word__numbering_xml=parts) == ["3.甲", "4. 20件", "5.乙", "6.丙"]
    assert word(LISTED(0, 0) + run("甲"), LISTED(0, 9) + run("乙"), word__numbering_xml=parts) == ["甲", "乙"]


def test_a_list_of_a_style_and_a_bullet() -> None:
    parts = numbering(LEVEL(0, 1, "upperRoman", "%1 "), LEVEL(1, 1, "bullet", "\uf0b7"))
    style = '<w:style w:type="paragraph" w:styleId="H"><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:style>'
    styles = STYLES.replace("</w:styles>", f"{style}</w:styles>")
    named = "<w:pPr><w:pStyle w:val='H'/></w:pPr>"
    lines = word(
        named + run("前言"),
        LISTED(1, 1) + run("要点"),
        named + run("正文"),
        word__styles_xml=styles,
        word__numbering_xml=parts,
    )
    assert lines == ["I 前言", "要点", "II 正文"]


def test_a_raised_figure_is_a_footnotes_mark_and_no_digit() -> None:
    mark = PROPERTY('<w:vertAlign w:val="superscript"/>', "1")
    row = "<w:tr>" + "".join(f"<w:tc>{PARAGRAPH(text)}</w:tc>" for text in (run("规章"), run("5") + mark)) + "</w:tr>"
    (grid,) = read(office.word(f"<w:tbl>{row}</w:tbl>"), "docx").grids
    assert grid.rows[0][1].text == "5\n1"


@pytest.mark.parametrize("at", [9, 15])
def test_a_table_that_goes_on_as_another_with_its_header_again(at: int) -> None:
    made = synthetic()
    two, three, four = grids_of(made)
    head, draw = made_documents.head_rows(three), random.Random(at)
    parts = [range(at), [*range(head), *range(at, len(three))]]
    tables = [made_documents.word_table(three, draw, rows) for rows in parts]
    tables = [made_documents.word_table(two, draw), *tables, made_documents.word_table(four, draw)]
    body = PARAGRAPH(run(made.title)) + "<w:p/>".join(tables)
    assert cells(report_of(office.word(body, word__styles_xml=STYLES)), "docx") == truth(made)


def test_a_document_in_a_document_is_read_in_its_place() -> None:
    made = synthetic()
    relations = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="a" Type="t" Target="chunk.htm"/></Relationships>'
    )
    chunk = f'<w:altChunk xmlns:r="{made_documents._R}" r:id="a"/>'
    members = {"word/chunk.htm": f"<html><body>{made.html()}</body></html>", "word/_rels/document.xml.rels": relations}
    with zipfile.ZipFile(BytesIO(office.word(PARAGRAPH(run(made.title)) + chunk))) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    assert cells(report_of(office.package({**parts, **members})), "docx") == truth(made)
    lost = read(office.package({**parts, "word/_rels/document.xml.rels": relations}), "docx")
    assert [problem.kind for problem in lost.problems] == ["unread"]
