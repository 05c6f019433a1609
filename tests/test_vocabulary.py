"""The vocabularies: every word in use is a member, every member is in use, and what is written from them is up to date."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from archive import vocabulary
from archive.forms import IDENTITIES, LABELS
from archive.forms.names import CARRIED_OVER, IN_FORCE_OVER_YEARS, ITEMS_OVER_YEARS
from archive.reports import CROSS_YEAR
from archive.vocabulary import ProblemKind
from tools.problems import page

ROOT = Path(__file__).parent.parent
PACKAGES = ("archive", "pipelines", "crawler", "spiders")
COLUMNS: dict[str, type[vocabulary.StrEnum]] = {
    "outcome": vocabulary.Outcome,
    "verdict": vocabulary.Verdict,
    "severity": vocabulary.Severity,
    "standing": vocabulary.Standing,
    "origin": vocabulary.Origin,
    "value_state": vocabulary.ValueState,
    "state": vocabulary.ReportState,
    "stage": vocabulary.Stage,
    "part": vocabulary.PartName,
    "fate": vocabulary.Fate,
    "form": vocabulary.Form,
    "level": vocabulary.Level,
    "body_kind": vocabulary.BodyKind,
    "report_scope": vocabulary.ReportScope,
}
KEYS = {
    "table": {"table_no", "section", "corner_label", "groups", "rows", "columns"},
    "part": {"code", "name", "label", "group", "match", "unit", "columns", "optional", "same_as", "note"},
    "identity": {"id", "table", "scope", "over", "forms", "formula", "lhs", "rhs", "severity", "note"},
}
_COMPARED = re.compile(r"\b(?:\w\.)?(\w+)\s*(?:=|<>|(?:NOT )?IN)\s*\(?('\w+'(?:, '\w+')*)")


@cache
def modules() -> tuple[tuple[Path, ast.Module], ...]:
    paths = (path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py")))
    return tuple((path, ast.parse(path.read_text(encoding="utf-8"))) for path in paths)


@cache
def emitted() -> dict[str, list[str]]:
    """Names of ProblemKind that code outside the reading room and the vocabulary uses, with where."""
    places: dict[str, list[str]] = {}
    for path, tree in modules():
        if path.name == "vocabulary.py" or "room" in path.parts:
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "ProblemKind":
                places.setdefault(node.attr, []).append(f"{path.relative_to(ROOT)}:{node.lineno}")
    return places


def bare_kinds(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and word of every problem kind that is written as a text instead of a member."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        place = {"problem": 0, "add_problem": 0, "UnusableResponse": 0, "leave_alone": 1, "DocumentError": 1}.get(name)
        values = node.args[place : place + 1] if place is not None else []
        if name in {"Problem", "Finding"}:
            values = [keyword.value for keyword in node.keywords if keyword.arg == "kind"]
        for value in values:
            for branch in (value.body, value.orelse) if isinstance(value, ast.IfExp) else (value,):
                if isinstance(branch, ast.Constant) and isinstance(branch.value, str):
                    yield node.lineno, branch.value


@pytest.mark.parametrize("kind", list(ProblemKind))
def test_every_kind_of_problem_is_emitted_and_says_what_to_do(kind: ProblemKind) -> None:
    assert kind.name in emitted()
    assert kind.meaning.endswith(".")
    assert kind.remedy.endswith(".")


def test_nothing_emits_a_kind_outside_the_vocabulary() -> None:
    assert emitted().keys() <= ProblemKind.__members__.keys()
    bare = [f"{path.relative_to(ROOT)}:{line} {word}" for path, tree in modules() for line, word in bare_kinds(tree)]
    assert bare == []


def test_docs_problems_md_is_written_from_the_vocabulary() -> None:
    assert (ROOT / "docs/problems.md").read_text(encoding="utf-8") == page()


def test_words_in_sql_are_members() -> None:
    """A word that SQL compares a column with is one that the column can hold."""
    assert _COMPARED.findall("WHERE t.state = 'live'") == [("state", "'live'")]
    for path, tree in modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and "demo" not in path.parts:
                for column, words in _COMPARED.findall(node.value):
                    if column in COLUMNS:
                        members = {str(member) for member in COLUMNS[column]}
                        assert set(re.findall(r"\w+", words)) <= members, f"{path}:{node.lineno} {column} {words}"


def test_identities_between_years_are_those_that_sql_finds_by_their_beginning() -> None:
    between = {identity.id for identity in IDENTITIES.values() if identity.is_cross_year}
    assert between == {CARRIED_OVER, IN_FORCE_OVER_YEARS, ITEMS_OVER_YEARS}
    assert between == {name for name in IDENTITIES if name.startswith(CROSS_YEAR)}


def test_labels_json_holds_what_code_and_the_codebook_use() -> None:
    assert LABELS.keys() == {"title", "forms", "identities", "derived"}
    for form in LABELS["forms"].values():
        assert form.keys() == {"document", "report_years", "tables"}
        for table in form["tables"].values():
            assert table.keys() <= KEYS["table"]
            for part in (*table["rows"], *table["columns"], *table["groups"]):
                assert part.keys() <= KEYS["part"]
    assert all(identity.keys() <= KEYS["identity"] for identity in LABELS["identities"])
