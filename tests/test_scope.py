"""Whose figures a report counts: read from title, body and text, and never guessed where they differ."""

from __future__ import annotations

import pytest

from archive.model import Report, Statistic
from archive.vocabulary import BodyKind, Origin
from pipelines.metadata.agencies import body_kind
from pipelines.statistics.scope import read_scope
from tests.articles import BODY, html, paragraphs, report

GOVERNMENT, OFFICE, ZONE = "安川市青溪区人民政府", "安川市青溪区人民政府办公室", "青溪经济开发区管理委员会"


def scope_of(
    body: str, *prose: str, title: str | None = None, received: int | None = None, origin: Origin = Origin.HTML
) -> tuple[str, str | None]:
    """The scope of a body's report with this prose, of which a table counts so many applications."""
    found = Report(
        url="", issuing_body=body, body_kind=body_kind(body), title=title or f"{body}2022年政府信息公开年度报告"
    )
    if received is not None:
        found.statistics.append(
            Statistic(table_no=3, row_name="new_received", column_name="total", value=received, origin=origin)
        )
    return read_scope(found, prose)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (OFFICE, "2022年，全区共收到政府信息公开申请86件。"),
        (OFFICE, "我区全年新收政府信息公开申请86件，办结80件。"),
        (OFFICE, "（二）依申请公开。全区各级行政机关共受理政府信息公开申请86件。"),
        (OFFICE, "2022年度，青溪区全区受理公民提出的政府信息公开申请86件。"),
        (OFFICE, "各部门、各镇街道共收到政府信息公开申请86件。"),
        (ZONE, "本报告由管委会办公室汇总全区各单位数据编制。"),
        (OFFICE, "本报告根据区政府各部门、各镇街的政府信息公开年度报告汇总编制。"),
        (OFFICE, "本报告所列数据包括区政府及其所属部门和各镇街的数据。"),
        (OFFICE, "统计范围涵盖各街道、各部门。"),
        (GOVERNMENT, "全区共收到86件政府信息公开申请。"),
    ],
)
def test_the_text_says_that_the_whole_area_is_counted(body: str, sentence: str) -> None:
    scope, witness = scope_of(body, sentence)
    assert scope == "whole_area"
    assert witness
    assert witness[-6:-2] in sentence


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (OFFICE, "本机关全年收到政府信息公开申请7件。"),
        (OFFICE, "2022年，区政府办公室共受理政府信息公开申请7件。"),
        (OFFICE, "我办收到7件政府信息公开申请。"),
        (OFFICE, "2022年，本办公室收到政府信息公开申请7件。"),
        (ZONE, "管委会机关收到政府信息公开申请7件。"),
        (ZONE, "本报告所列数据仅统计本机关受理的申请。"),
        (OFFICE, "本报告数据不含各镇街、各部门。"),
        (OFFICE, "统计数据均为区政府办公室本级数据。"),
        (BODY, "我局收到政府信息公开申请7件。"),
    ],
)
def test_the_text_says_that_the_body_alone_is_counted(body: str, sentence: str) -> None:
    assert scope_of(body, sentence)[0] == "body_only"


@pytest.mark.parametrize(
    ("body", "title", "scope"),
    [
        (GOVERNMENT, None, "whole_area"),
        (BODY, None, "body_only"),
        ("青溪区柳河镇人民政府", None, "body_only"),
        ("青溪区云桥街道办事处", None, "body_only"),
        (OFFICE, None, "unknown"),
        (ZONE, None, "unknown"),
        (OFFICE, "2022年全区政府信息公开工作年度报告", "whole_area"),
        (ZONE, "青溪经济开发区2022年政府信息公开工作年度报告", "whole_area"),
        (GOVERNMENT, "青溪区政府（本级）2022年政府信息公开工作年度报告", "body_only"),
    ],
)
def test_title_and_body_are_witnesses(body: str, title: str | None, scope: str) -> None:
    found, witness = scope_of(body, "全年收到政府信息公开申请9件。", title=title)
    assert found == scope
    assert (witness is None) == (scope == "unknown")


def test_witnesses_that_differ_leave_the_scope_unknown_and_are_both_told() -> None:
    of_body = scope_of(BODY, "全区共收到政府信息公开申请86件。")
    of_text = scope_of(GOVERNMENT, "本报告所列数据仅为本机关数据。")
    for (scope, witness), words in ((of_body, (BODY, "全区共收到")), (of_text, (GOVERNMENT, "仅为本机关"))):
        assert scope == "unknown"
        assert all(word in (witness or "") for word in words)


def test_a_sentence_on_other_applications_than_the_table_counts_is_no_witness() -> None:
    prose = ("全区共收到政府信息公开申请86件。", "其中，区政府办公室共收到政府信息公开申请7件。")
    assert scope_of(OFFICE, *prose)[0] == "unknown"
    assert scope_of(OFFICE, *prose, received=86)[0] == "whole_area"
    assert scope_of(OFFICE, *prose, received=7, origin=Origin.PDF)[0] == "body_only"
    assert scope_of(OFFICE, *prose, received=40)[0] == "unknown"


@pytest.mark.parametrize(
    "sentence",
    [
        "指导各镇街、各部门做好政府信息公开申请答复工作，全年共受理政府信息公开申请41件。",
        "组织全区各单位编制政府信息公开指南。",
        "全区教育系统共收到政府信息公开申请5件。",
        "我区税务局收到政府信息公开申请5件。",
        "2.没有现成信息需要另行制作，本机关不掌握相关政府信息申请3件。",
    ],
)
def test_what_says_nothing_of_what_is_counted(sentence: str) -> None:
    assert scope_of(OFFICE, sentence) == ("unknown", None)


def test_the_scope_is_read_with_the_page() -> None:
    prose = [
        "本报告所列数据的统计期限自2020年1月1日起至2020年12月31日止。",
        "一、总体情况",
        "我局收到政府信息公开申请3件。",
    ]
    found = report(html(f'<div id="zoom">{paragraphs(prose)}</div>'))
    assert (found.body_kind, found.report_scope) == (BodyKind.DEPARTMENT, "body_only")
    assert found.report_scope_witness == "我局收到政府信息公开申请3件。"
    assert report(html(title="关于召开座谈会的通知")).report_scope is None
