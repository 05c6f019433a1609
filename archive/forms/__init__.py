"""The national forms as data (labels.json): tables, rows, columns and identities, and the matching of printed labels.

A new row, column, unit or identity goes into labels.json; docs/form.md explains the forms. The names that code asks for
are constants of `archive.forms.names`; tables three and four take theirs from the rows and columns here, and the reading
room keys its words by them. Imported by all floors; imports `archive.vocabulary` only.
Next: `pipelines.tables` finds these rows in what a page prints, `pipelines.statistics.checks` evaluates the identities.

Keys of a row, column or group in labels.json: `code` is the number that the form prints (the name where it prints none),
`label` the printed label, `group` the code of the group above it (of a column: the header cells above it), `match` a
pattern searched for in the normalised label, `unit` null where the form fixes none, `columns` those that a row has if not
all, `optional` true for a row that some years lack, `same_as` the table, row and column of the national form that mean
the same. `derived` names the sums that only prose states.
"""

from __future__ import annotations

import json
import re
from difflib import SequenceMatcher
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, NamedTuple

from archive.unicode_form import unicode_form
from archive.vocabulary import Form, Severity

LABELS: dict[str, Any] = json.loads(files(__name__).joinpath("labels.json").read_text(encoding="utf-8"))
ANNEX_FORMS = tuple(Form(name) for name, form in LABELS["forms"].items() if "1" in form["tables"])
"""Forms that are one statistics annex (table one), before 2019."""
NATIONAL_FORMS = tuple(Form(name) for name, form in LABELS["forms"].items() if "3" in form["tables"])
"""Forms with tables two, three and four, from 2019 on."""


class Identity(NamedTuple):
    """An identity (勾稽关系) that the figures of a report, or of two consecutive reports, must satisfy."""

    id: str
    """As in `checks.identity`: T3-A."""
    scope: str
    """What it is evaluated on: column, row, block, cross_year, sanity, prose or documents."""
    severity: Severity
    """What a failure most likely means."""

    @property
    def is_cross_year(self) -> bool:
        """Whether it needs the report of the year before."""
        return self.scope == "cross_year"


IDENTITIES = {
    entry["id"]: Identity(entry["id"], entry["scope"], Severity(entry["severity"])) for entry in LABELS["identities"]
}
SEVERITY = {identity.id: identity.severity for identity in IDENTITIES.values()}

_FULL_WIDTH = (("，", ","), ("：", ":"), ("；", ";"), ("（", "("), ("）", ")"))
"""What texts have most of that NFKC changes; without these it mostly has nothing to do, which takes a tenth of the time."""
_INVISIBLE = re.compile(r"[\u200b-\u200f\u2060\ufeff\xad]+")
_PREFIX = re.compile(r"^(?:其中:?|\d{1,2}[.、,)]|\(?\d{1,2}\)|\(?[一二三四五六七八九十]{1,2}[)、.])+")
_NOT_WORD = re.compile(r"[\W_]+")
_SHORTEST_CORRECTED = 4
"""Characters that a label must have to be recognised although some are misread."""
_MIN_SIMILARITY, _MIN_LEAD = 0.75, 0.1
"""How similar a misread label must be to a form's label, and by how much more than to the next best."""


class Row(NamedTuple):
    """One data row of a form's table."""

    code: str
    name: str
    match: re.Pattern[str]
    label: str
    """The printed label as `normalised` gives it."""
    unit: str | None
    columns: tuple[str, ...]
    """Names of the columns that the row has; all of the table's where the form does not say."""
    optional: bool


class Column(NamedTuple):
    """One data column of a form's table."""

    name: str
    match: re.Pattern[str]
    unit: str | None


def without_blanks(text: str) -> str:
    """The text in NFKC without any white space and zero-width characters.

    >>> without_blanks("（一） 予以 公开")
    '(一)予以公开'
    """
    for sign, plain in _FULL_WIDTH:
        text = text.replace(sign, plain)
    return _INVISIBLE.sub("", "".join(unicode_form("NFKC", text).split()))


@lru_cache(maxsize=4096)
def normalised(label: str) -> str:
    """A label as the patterns (`match`) of labels.json expect it: no white space, ordinal prefix or punctuation.

    >>> normalised("（一） 予以 公开：")
    '予以公开'
    """
    return _NOT_WORD.sub("", _PREFIX.sub("", without_blanks(label)))


@lru_cache(maxsize=4096)
def ordinal(label: str) -> str:
    """The label's ordinal prefix without blanks: `(六)`, `3.`, or empty."""
    prefix = _PREFIX.match(without_blanks(label))
    return prefix.group() if prefix else ""


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
            normalised(row["label"] or ""),
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
def _national_labels() -> tuple[str, ...]:
    """Every label of tables two, three and four, normalised: of rows, columns and groups."""
    tables = [table for form in NATIONAL_FORMS for table in LABELS["forms"][form]["tables"].values()]
    parts = (part for table in tables for name in ("rows", "columns", "groups") for part in table[name])
    return tuple(dict.fromkeys(normalised(part["label"]) for part in parts if part["label"]))


@lru_cache(maxsize=1024)
def corrected(label: str) -> str:
    """The label of a national form that a misread label stands for; the label itself where none is clearly nearest."""
    text = normalised(label)
    if len(text) < _SHORTEST_CORRECTED or text in _national_labels():
        return label
    ranked = sorted(((SequenceMatcher(None, text, known).ratio(), known) for known in _national_labels()), reverse=True)
    (best, nearest), (second, _) = ranked[:2]
    return ordinal(label) + nearest if best >= _MIN_SIMILARITY and best - second >= _MIN_LEAD else label
