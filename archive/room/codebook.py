"""The codebook: every form, table, row, column, identity, unit and closed value, in both languages, with its source.

It is made of archive/forms/labels.json and the vocabularies, so it cannot differ from what the code does. The reading
room shows it, and `scrapy export-data` writes it beside the tables that it explains.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import cache
from typing import Any

from archive import definitions
from archive.figures import TABLE_OF
from archive.forms import LABELS
from archive.room.asked_figures import FIGURES
from archive.room.vocabulary_bilingual import FORMS, IDENTITIES, TABLES, VALUES, Bilingual, label_of
from archive.vocabulary import Form


class Subject(StrEnum):
    """What an entry of the codebook explains."""

    FORM = "form"
    TABLE = "table"
    ROW = "row"
    COLUMN = "column"
    DERIVED = "derived"
    """A sum that the form prints no cell for and prose states."""
    IDENTITY = "identity"
    FIGURE = "figure"
    """A key figure of a report: a cell of its tables, or cells added up."""
    RATE = "rate"
    UNIT = "unit"
    VALUE = "value"
    """A value of a closed vocabulary."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry. Text that an entry has no use for is empty, numbers are None."""

    subject: Subject
    field: str
    """The column of the data that holds `name`: statistics.row_name."""
    form: str
    """Form that prints it; empty where it is the same in all."""
    table_no: int | None
    name: str
    """What the data holds."""
    code: str
    """The number that the form prints before it: 3.3.1."""
    printed: str
    """The form's own words, with those of the groups above it."""
    label_zh: str
    label_en: str
    unit: str
    first_year: int | None
    """First report year of the form."""
    last_year: int | None
    """Last report year of the form; None while it is in use."""
    formula: str
    """What an identity states, in the names of this codebook."""
    source: str
    """The document that defines it."""


COLUMNS = tuple(Entry.__dataclass_fields__)
"""Names of the columns, in order."""
UNITS: dict[str, Bilingual] = {
    "件": ("件", "items, cases or applications"),
    "条": ("条", "items of information"),
    "篇": ("篇", "texts"),
    "次": ("次", "times"),
    "个": ("个", "units"),
    "人": ("人", "persons"),
    "人次": ("人次", "attendances"),
    "元": ("元", "yuan"),
    "万元": ("万元", "ten thousand yuan"),
}
_OURS = "Tongjian"
_FIELDS = {
    "level": "reports.level",
    "kind": "reports.body_kind",
    "report_scope": "reports.report_scope",
    "verdict": "checks.verdict",
    "state": "reports.state",
    "severity": "checks.severity",
    "origin": "statistics.origin",
    "standing": "table_sources.standing",
    "table_state": "figures.table_three",
    "value_state": "statistics.value_state",
    "counting": "sums.counting",
    "run_kind": "runs.kind",
    "part": "parts.part",
    "part_state": "parts.state",
    "fate": "fates.fate",
    "stage": "problems.stage",
    "outcome": "captures.outcome",
    "problem": "problems.kind",
}
"""Vocabulary of the reading room → the column that holds its values."""
_VOCABULARIES = {column: vocabulary for vocabulary, column in _FIELDS.items()}


def vocabulary_of(table: str, column: str) -> str:
    """The vocabulary that says what a column's values mean: that of the column, or of one of its name in another table."""
    alike = {name.partition(".")[2]: vocabulary for name, vocabulary in _VOCABULARIES.items()}
    return _VOCABULARIES.get(f"{table}.{column}") or alike.get(column, column)


@cache
def entries() -> tuple[Entry, ...]:
    """The whole codebook, in the order of the forms and their printed rows."""
    return (*_forms(), *_derived(), *_identities(), *_figures(), *_units(), *_values())


def records() -> list[dict[str, Any]]:
    """The codebook as rows: column → text, number or None."""
    return [asdict(entry) for entry in entries()]


@cache
def categories() -> dict[str, dict[str, str]]:
    """Column with its table, as in `reports.level` → each value that it may hold, with its English words.

    Under the bare column, too, where columns of that name hold the same values in every table.
    """
    found: dict[str, dict[str, str]] = {}
    for entry in entries():
        if entry.subject in (Subject.VALUE, Subject.FORM):
            found.setdefault(entry.field, {})[entry.name] = entry.label_en
    of_column: dict[str, list[dict[str, str]]] = {}
    for field, values in found.items():
        of_column.setdefault(field.partition(".")[2], []).append(values)
    alike = {column: several[0] for column, several in of_column.items() if len(several) == 1}
    standings, states = found["table_sources.standing"], found["figures.table_three"]
    return (
        found
        | alike
        | dict.fromkeys(("standing_two", "standing_three", "standing_four"), standings)
        | {"table_four": states}
    )


def _entry(subject: Subject, field: str, name: str, words: Bilingual, **more: Any) -> Entry:
    rest: dict[str, Any] = {
        "form": "",
        "table_no": None,
        "code": "",
        "printed": "",
        "unit": "",
        "first_year": None,
        "last_year": None,
        "formula": "",
        "source": _OURS,
    }
    return Entry(subject=subject, field=field, name=name, label_zh=words[0], label_en=words[1], **(rest | more))


def _forms() -> Iterator[Entry]:
    yield _entry(Subject.FORM, "reports.form", str(Form.NARRATIVE), FORMS[Form.NARRATIVE])
    for name, form in LABELS["forms"].items():
        first, last = form["report_years"]
        of_form = {"form": name, "first_year": first, "last_year": last, "source": form["document"]}
        yield _entry(Subject.FORM, "reports.form", name, FORMS[Form(name)], **of_form)
        for number, table in form["tables"].items():
            of_table = of_form | {"table_no": int(number)}
            printed = table.get("section", "")
            yield _entry(Subject.TABLE, "statistics.table_no", number, TABLES[int(number)], printed=printed, **of_table)
            yield from _parts(table, of_table)


def _parts(table: dict[str, Any], of_table: dict[str, Any]) -> Iterator[Entry]:
    """Rows, then columns of one table."""
    groups = {group["code"]: group for group in table["groups"]}
    for subject, field in ((Subject.ROW, "row_name"), (Subject.COLUMN, "column_name")):
        for part in table["rows" if subject == Subject.ROW else "columns"]:
            yield _entry(
                subject,
                f"statistics.{field}",
                part["name"],
                label_of(part["name"]),
                code=part["code"] if part["code"] != part["name"] else "",
                printed=" / ".join([*_above(part["group"], groups), part["label"] or ""]).strip(" /"),
                unit=part["unit"] or "",
                **of_table,
            )


def _above(group: Any, groups: dict[str, dict[str, Any]]) -> list[str]:
    """The printed groups that a row or column is in, outermost first."""
    if isinstance(group, list):
        return group
    found: list[str] = []
    while group in groups:
        found.insert(0, groups[group]["label"])
        group = groups[group]["group"]
    return found


def _derived() -> Iterator[Entry]:
    """Sums of the national tables: of rows by the group's code, of columns by the names that they add up."""
    for name, code in LABELS["derived"]["rows"].items():
        yield _entry(
            Subject.DERIVED, "statistics.row_name", name, label_of(name), table_no=3, code=code, formula=f"Σ {code}.*"
        )
    for number, columns in LABELS["derived"]["columns"].items():
        for name, parts in columns.items():
            yield _entry(
                Subject.DERIVED,
                "statistics.column_name",
                name,
                label_of(name),
                table_no=int(number),
                formula=" + ".join(parts),
            )


def _identities() -> Iterator[Entry]:
    for identity in LABELS["identities"]:
        first = [LABELS["forms"][form]["report_years"][0] for form in identity["forms"]]
        last = [LABELS["forms"][form]["report_years"][1] for form in identity["forms"]]
        yield _entry(
            Subject.IDENTITY,
            "checks.identity",
            identity["id"],
            IDENTITIES[identity["id"]],
            form=identity["forms"][0] if len(identity["forms"]) == 1 else "",
            table_no=identity["table"],
            first_year=min(first),
            last_year=None if None in last else max(last),
            formula=identity["formula"],
            source=" ".join(dict.fromkeys(LABELS["forms"][form]["document"] for form in identity["forms"])),
        )


def _figures() -> Iterator[Entry]:
    for name, source in definitions.KEY_FIGURES.items():
        yield _entry(
            Subject.FIGURE,
            f"figures.{name}",
            name,
            FIGURES[name].title,
            table_no=TABLE_OF[name],
            unit="件",
            source=source,
        )
    for name, one in definitions.DERIVED.items():
        yield _entry(
            Subject.FIGURE,
            f"rates.{name}",
            name,
            FIGURES["suits"].title,
            unit="件",
            formula=_line(one.sql),
            source=one.source,
        )
    for name, rate in definitions.RATES.items():
        formula = f"({_line(rate.numerator)}) / ({_line(rate.denominator)})"
        yield _entry(Subject.RATE, f"rates.{name}", name, FIGURES[name].title, formula=formula, source=rate.source)


def _line(sql: str) -> str:
    return " ".join(sql.split())


def _units() -> Iterator[Entry]:
    for name, words in UNITS.items():
        yield _entry(Subject.UNIT, "statistics.unit", name, words)


def _values() -> Iterator[Entry]:
    for vocabulary, field in _FIELDS.items():
        for name, words in VALUES.get(vocabulary, {}).items():
            yield _entry(Subject.VALUE, field, str(name), words)
