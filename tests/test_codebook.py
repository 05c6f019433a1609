"""The codebook explains every name and every closed value that the data holds."""

from __future__ import annotations

import re

import pytest

from archive.forms import IDENTITIES, LABELS
from archive.room import codebook
from archive.room.codebook import Subject
from archive.vocabulary import (
    BodyKind,
    Counting,
    Fate,
    Form,
    Level,
    Origin,
    Outcome,
    PartName,
    PartState,
    ProblemKind,
    ReportScope,
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
ENTRIES = codebook.entries()


def named(subject: Subject, field: str) -> set[str]:
    return {entry.name for entry in ENTRIES if entry.subject == subject and entry.field == field}


@pytest.mark.parametrize("form", LABELS["forms"])
def test_every_row_and_column_of_a_form_is_explained(form: str) -> None:
    for number, table in LABELS["forms"][form]["tables"].items():
        here = [entry for entry in ENTRIES if entry.form == form and entry.table_no == int(number)]
        for subject, parts in ((Subject.ROW, table["rows"]), (Subject.COLUMN, table["columns"])):
            found = {entry.name: entry for entry in here if entry.subject == subject}
            assert list(found) == [part["name"] for part in parts]
            for part in parts:
                entry = found[part["name"]]
                assert entry.unit == (part["unit"] or "")
                assert entry.printed.endswith(part["label"] or "")
                assert entry.source == LABELS["forms"][form]["document"]
                assert [entry.first_year, entry.last_year] == LABELS["forms"][form]["report_years"]


def test_a_row_is_printed_with_the_groups_above_it() -> None:
    row = next(e for e in ENTRIES if e.name == "denied_state_secret" and e.form == Form.NATIONAL_2021)
    assert row.code == "3.3.1"
    assert [part[:4] for part in row.printed.split(" / ")] == ["三、本年", "（三）不", "1.属于"]
    column = next(e for e in ENTRIES if e.name == "suit_direct_total" and e.form == Form.NATIONAL_2021)
    assert column.printed == "行政诉讼 / 未经复议直接起诉 / 总计"


def test_labels_are_words_in_their_language() -> None:
    for entry in ENTRIES:
        assert entry.label_zh, entry
        assert entry.label_en, entry
        assert not HAN.search(entry.label_en), entry
        assert not re.fullmatch(r"[a-z]+(?:_[a-z]+)+", entry.label_en), entry
        assert entry.subject == Subject.VALUE or HAN.search(entry.label_zh), entry


def test_no_name_is_explained_twice() -> None:
    keys = [(e.subject, e.field, e.form, e.table_no, e.name) for e in ENTRIES]
    assert len(keys) == len(set(keys))


def test_identities_and_units_are_explained() -> None:
    assert named(Subject.IDENTITY, "checks.identity") == set(IDENTITIES)
    parts = [p for f in LABELS["forms"].values() for t in f["tables"].values() for p in (*t["rows"], *t["columns"])]
    assert named(Subject.UNIT, "statistics.unit") >= {part["unit"] for part in parts if part["unit"]}


@pytest.mark.parametrize(
    ("field", "members"),
    [
        ("reports.level", Level),
        ("reports.body_kind", BodyKind),
        ("reports.state", ReportState),
        ("reports.report_scope", ReportScope),
        ("checks.verdict", Verdict),
        ("statistics.origin", Origin),
        ("table_sources.standing", Standing),
        ("problems.kind", ProblemKind),
        ("figures.table_three", TableState),
        ("statistics.value_state", ValueState),
        ("sums.counting", Counting),
        ("runs.kind", RunKind),
        ("parts.part", PartName),
        ("parts.state", PartState),
        ("fates.fate", Fate),
        ("problems.stage", Stage),
        ("captures.outcome", Outcome),
        ("checks.severity", Severity),
    ],
)
def test_every_value_of_a_closed_column_is_explained(field: str, members: type) -> None:
    assert named(Subject.VALUE, field) == set(members)


def test_forms_carry_the_document_that_sets_them() -> None:
    forms = {e.name: e for e in ENTRIES if e.subject == Subject.FORM}
    assert forms.keys() == set(Form)
    assert all(entry.source for entry in forms.values())
