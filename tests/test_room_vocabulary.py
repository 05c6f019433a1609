"""Every word that the reading room shows is there in both languages."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import pytest
from datasette.filters import Filters

from archive.forms import LABELS
from archive.room import vocabulary_bilingual as vocabulary
from archive.room.codebook import vocabulary_of
from archive.room.data_pages import conditions_in_chinese, sql_error
from archive.room.vocabulary_bilingual import cause_in_chinese, cause_in_english
from archive.vocabulary import (
    BodyKind,
    CertificateState,
    Counting,
    Fate,
    Form,
    Level,
    Origin,
    Outcome,
    PartName,
    PartState,
    ProblemKind,
    ReportState,
    RunKind,
    Severity,
    Stage,
    Standing,
    TableState,
    ValueState,
    Verdict,
)

HAN = re.compile("[\u4e00-\u9fff]")


@pytest.mark.parametrize(
    ("members", "words"),
    [
        (Level, vocabulary.LEVELS),
        (BodyKind, vocabulary.BODY_KINDS),
        (Form, vocabulary.FORMS),
        (ReportState, vocabulary.REPORT_STATES),
        (Verdict, vocabulary.VERDICTS),
        (Severity, vocabulary.SEVERITIES),
        (Origin, vocabulary.ORIGINS),
        (Standing, vocabulary.STANDINGS),
        (TableState, vocabulary.TABLE_STATES),
        (ValueState, vocabulary.VALUE_STATES),
        (Counting, vocabulary.COUNTINGS),
        (RunKind, vocabulary.RUN_KINDS),
        (PartName, vocabulary.PART_NAMES),
        (PartState, vocabulary.PART_STATES),
        (Stage, vocabulary.STAGES),
        (Outcome, vocabulary.OUTCOMES),
        (CertificateState, vocabulary.CERTIFICATE_STATES),
        (Fate, vocabulary.FATES),
        (Fate, vocabulary.FATE_REMEDIES),
        (ProblemKind, vocabulary.PROBLEM_MEANINGS),
        (ProblemKind, vocabulary.PROBLEM_REMEDIES),
    ],
)
def test_every_member_has_words_in_both_languages(
    members: type[StrEnum], words: Mapping[Any, vocabulary.Bilingual]
) -> None:
    assert set(words) == set(members)
    for chinese, english in words.values():
        assert HAN.search(chinese)
        assert english
        assert not HAN.search(english)


def test_every_row_column_and_group_of_the_forms_has_english() -> None:
    tables = [table for form in LABELS["forms"].values() for table in form["tables"].values()]
    names = {
        part["name"]
        for table in tables
        for part in (*table["rows"], *table["columns"], *table["groups"])
        if "name" in part
    }
    names |= {*LABELS["derived"]["rows"], *(name for part in LABELS["derived"]["columns"].values() for name in part)}
    assert len(names) > 150
    assert {name for name in names if vocabulary.label_of(name)[1] == name} == set()


def test_identities_are_spelt_out_from_the_form() -> None:
    assert set(vocabulary.IDENTITIES) == {identity["id"] for identity in LABELS["identities"]}
    assert vocabulary.IDENTITIES["T3-B"] == (
        "每列：总计 = 予以公开 + 部分公开 + 不予公开 + 无法提供 + 不予处理 + 其他处理",
        "Each column: Processed in total = Granted + Partly granted + Denied + Not provided + Not processed + Other outcomes",
    )
    assert vocabulary.IDENTITIES["T4-A"] == (
        "总计 = 结果维持 + 结果纠正 + 其他结果 + 尚未审结",
        "Total = Upheld + Corrected + Other results + Pending",
    )


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        ("the portal no longer has it (status 410)", "网站已无该文件（状态码410）"),
        ("refused (some-wall)", "访问被拒（some-wall）"),
        ("refresh to an error page", "跳转到错误提示页面"),
        ("https://a.example/b.html", "https://a.example/b.html"),
        ("titled '一份通知'", "标题为“一份通知”"),
        ("titled '一份通知': a notice", "标题为“一份通知”，通知"),
        ("titled 'A', it does not read as an annual report: advertising", "内容不是年度报告：广告"),
        ("no usable answer (status 500)", "没有可用的应答（状态码500）"),
        (
            "table two, table four: not captured; table three: every cell is blank",
            "表二、表四：尚未存档；表三：所有单元格均为空",
        ),
        ("nobody has put this into words", "详情为英文：nobody has put this into words"),
    ],
)
def test_causes_are_said_in_chinese(cause: str, words: str) -> None:
    assert cause_in_chinese(cause) == words


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        ("refused (jsl)", "refused (a challenge of Jiasule (加速乐))"),
        ("ruishu", "a challenge of Ruishu (瑞数)"),
        ("refused (some-wall)", "refused (some-wall)"),
        ("titled 'jsl'", "titled 'jsl'"),
        ("(waf", "(waf"),
        (")", ")"),
        ("", ""),
    ],
)
def test_firewalls_are_named_in_english(cause: str, words: str) -> None:
    assert cause_in_english(cause) == words


def test_what_a_table_is_filtered_by_is_said_in_chinese() -> None:
    filters = Filters([("portal", "甲"), ("report_year__gt", "2020"), ("title__notnull", "1")])
    said = conditions_in_chinese(filters, "复议", None, "published")
    assert said == "检索“复议”，portal = “甲”，report_year > “2020”，title 不为空，按 published 从大到小排列"
    assert conditions_in_chinese(Filters([]), "", "id", None) == "按 id 从小到大排列"


def test_values_go_by_the_words_of_their_own_column() -> None:
    own = {"parts.state": "part_state", "reports.state": "state", "runs.kind": "run_kind", "problems.kind": "problem"}
    assert {name: vocabulary_of(*name.split(".")) for name in own} == own
    assert vocabulary_of("agencies", "body_kind") == "kind"
    assert vocabulary_of("entries", "portal") == "portal"


@pytest.mark.parametrize(
    "statement", ["select x", "select 1 from from", "select * from nowhere", "select f(1)", "select (1"]
)
def test_errors_of_sql_are_said_in_chinese(statement: str) -> None:
    with pytest.raises(sqlite3.OperationalError) as raised:
        sqlite3.connect(":memory:").execute(statement)
    said = str(raised.value)
    assert sql_error(said, "en") == said
    assert not sql_error(said, "zh").startswith("详情为英文")
