"""The national forms as data (labels.json): rows, columns and identities by name, and labels recognised as printed."""

from __future__ import annotations

import json
import re
import unicodedata
from difflib import SequenceMatcher
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

LABELS: dict[str, Any] = json.loads(Path(__file__).with_name("labels.json").read_text(encoding="utf-8"))
ANNEX_FORMS = tuple(name for name, form in LABELS["forms"].items() if "1" in form["tables"])
NATIONAL_FORMS = tuple(name for name, form in LABELS["forms"].items() if "3" in form["tables"])
SEVERITY: dict[str, str] = {identity["id"]: identity["severity"] for identity in LABELS["identities"]}

_SPACE = re.compile(r"[\s\u200b-\u200f\u2060\ufeff\xad]+")
_PREFIX = re.compile(r"^(?:其中:?|\d{1,2}[.、,)]|\(?\d{1,2}\)|\(?[一二三四五六七八九十]{1,2}[)、.])+")
_NOT_WORD = re.compile(r"[\W_]+")
_MENDED = 4
"""Characters that a label must have to be known though one is wrong."""
_NEAR, _APART = 0.75, 0.1
"""How much of a form's label a misread one must be, and how much more than of the next."""


class Row(NamedTuple):
    """One data row of a form's table."""

    code: str
    name: str
    match: re.Pattern[str]
    core: str
    """The printed label, normalised."""
    unit: str | None
    columns: tuple[str, ...]
    """Names of the columns that the row has; all of the table's where the form does not say."""
    optional: bool


class Column(NamedTuple):
    """One data column of a form's table."""

    name: str
    match: re.Pattern[str]
    unit: str | None


def squeeze(text: str) -> str:
    """Compatibility forms folded (NFKC), white space and zero-width characters removed."""
    return _SPACE.sub("", unicodedata.normalize("NFKC", text))


@lru_cache(maxsize=4096)
def core(label: str) -> str:
    """A label as labels.json matches it: squeezed, without its ordinal prefix and without punctuation."""
    return _NOT_WORD.sub("", _PREFIX.sub("", squeeze(label)))


@lru_cache(maxsize=4096)
def ordinal(label: str) -> str:
    """The label's ordinal prefix, squeezed: `(六)`, `3.`, or empty."""
    found = _PREFIX.match(squeeze(label))
    return found.group() if found else ""


@cache
def rows(form: str, table_no: int) -> tuple[Row, ...]:
    """The data rows of one table of a form, in the printed order."""
    table = LABELS["forms"][form]["tables"][str(table_no)]
    columns = tuple(column["name"] for column in table["columns"])
    return tuple(
        Row(
            row["code"],
            row["name"],
            re.compile(row["match"] or "$^"),
            core(row["label"] or ""),
            row["unit"],
            tuple(row.get("columns", columns)),
            row.get("optional", False),
        )
        for row in table["rows"]
    )


@cache
def columns(form: str, table_no: int) -> tuple[Column, ...]:
    """The data columns of one table of a form, in the printed order."""
    table = LABELS["forms"][form]["tables"][str(table_no)]
    return tuple(Column(column["name"], re.compile(column["match"]), column["unit"]) for column in table["columns"])


@cache
def groups(form: str, table_no: int) -> tuple[re.Pattern[str], ...]:
    """Labels of heading rows that hold no figure."""
    table = LABELS["forms"][form]["tables"][str(table_no)]
    return tuple(re.compile(group["match"]) for group in table["groups"])


@cache
def _printed() -> tuple[str, ...]:
    """The labels of tables two, three and four, normalised: rows, columns and groups."""
    tables = [table for form in NATIONAL_FORMS for table in LABELS["forms"][form]["tables"].values()]
    parts = (part for table in tables for name in ("rows", "columns", "groups") for part in table[name])
    return tuple(dict.fromkeys(core(part["label"]) for part in parts if part["label"]))


@lru_cache(maxsize=1024)
def mended(label: str) -> str:
    """A label with misread characters as the forms print it; as it is where none is near, or two are as near."""
    text = core(label)
    if len(text) < _MENDED or text in _printed():
        return label
    near = sorted(((SequenceMatcher(None, text, printed).ratio(), printed) for printed in _printed()), reverse=True)
    (best, printed), (second, _) = near[:2]
    return ordinal(label) + printed if best >= _NEAR and best - second >= _APART else label
