"""How two readings of one document differ."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from archive.model import Report
from archive.records import COLUMNS, FIELDS, IDS, Record


def differences(old: Report, new: Report) -> dict[str, list[Any]]:
    """How two readings of one document differ: field → [old, new].

    Of the text only the paragraphs that differ; figures one by one under `table row column`; attachments by address.
    """
    changed: dict[str, list[Any]] = {}
    for name in FIELDS:
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            changed[name] = [before, after]
    if old.text != new.text:
        lines = [line for line in difflib.ndiff(old.text.split("\n"), new.text.split("\n")) if line[:2] in {"- ", "+ "}]
        changed["text"] = [[line[2:] for line in lines if line[0] == sign] for sign in "-+"]
    before, after = _figures(old), _figures(new)
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            changed[name] = [before.get(name), after.get(name)]
    links = [[a.url for a in report.attachments] for report in (old, new)]
    if links[0] != links[1]:
        changed["attachments"] = links
    return changed


def _figures(report: Report) -> dict[str, Any]:
    return {
        f"{s.table_no} {s.row_name} {s.column_name} ({s.origin})": s.raw if s.value is None else s.value
        for s in report.statistics
    }


# Two sets of rows


@dataclass(frozen=True, slots=True)
class Change:
    """One value that two readings of a report give differently."""

    field: str
    """A column of `reports`, `text` (a paragraph), `statistics 3` (a cell of table three), attachments, checks …"""
    where: str
    """The cell, attachment or check within the field; empty where the field is one value."""
    kind: str
    """added, lost or changed."""
    old: Any
    new: Any


_OF_THE_CAPTURE = {"sha256", "captured_at", "first_captured_at", "state"}
_KEYS = {
    "attachments": ("url",),
    "checks": ("identity", "scope"),
    "table_sources": ("table_no", "origin"),
    "parts": ("part", "url"),
    "locations": ("url",),
    "versions": ("sha256", "captured_at"),
}
"""The columns of these tables that name a row."""
_ADDED_LATER = ("parts",)
"""Tables that every report has rows in; one without was stored before there was such a table, and has not changed."""


def compare(old: Record, new: Record) -> Iterator[Change]:
    """What `new` says differently from `old`, value by value.

    A value is lost only where the page is the same: what another page does not say is no loss of the reader's.
    """
    is_same_page = old.row["sha256"] == new.row["sha256"]
    for change in _changes(old, new):
        yield change if change.kind != "lost" or is_same_page else replace(change, kind="changed")


def _changes(old: Record, new: Record) -> Iterator[Change]:
    for name, before in old.row.items():
        if name in IDS:  # they follow from what is compared
            continue
        after = new.row[name]
        if before != after:
            yield Change(name, "", "changed" if name in _OF_THE_CAPTURE else _kind(before, after), before, after)
    for tag, before, after in paragraphs(old, new):
        kind = {"insert": "added", "delete": "lost"}.get(tag, "changed")
        if tag != "equal":
            yield Change("text", "", kind, "\n".join(before) or None, "\n".join(after) or None)
    cells = [_keyed(record, "statistics", (0, 1, 2, 7)) for record in (old, new)]
    for key in sorted(cells[0].keys() | cells[1].keys()):
        one, other = (_cell(rows.get(key)) for rows in cells)
        if cells[0].get(key) != cells[1].get(key):
            yield Change(f"statistics {key[0]}", f"{key[1]} {key[2]} ({key[3]})", _kind(one, other), one, other)
    for table, names in _KEYS.items():
        if table in _ADDED_LATER and not old.tables[table]:
            continue
        rows = [_keyed(record, table, tuple(map(COLUMNS[table].index, names))) for record in (old, new)]
        for key in sorted(rows[0].keys() | rows[1].keys(), key=str):
            one, other = rows[0].get(key), rows[1].get(key)
            if one != other:
                kind = _kind(one, other) if table == "attachments" else "changed"
                yield Change(table, " ".join(map(str, key)), kind, one, other)


def paragraphs(old: Record, new: Record) -> Iterator[tuple[str, list[str], list[str]]]:
    """The two texts side by side: (equal, insert, delete or replace; paragraphs of the old; of the new)."""
    texts = [text.split("\n") if (text := record.tables["report_texts"][0][0]) else [] for record in (old, new)]
    for tag, a, b, c, d in difflib.SequenceMatcher(a=texts[0], b=texts[1], autojunk=False).get_opcodes():
        yield tag, texts[0][a:b], texts[1][c:d]


def _keyed(record: Record, table: str, key: tuple[int, ...]) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    """Rows by some of their columns; the first counts, as it does in the database."""
    keyed: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    for row in record.tables[table]:
        keyed.setdefault(tuple(row[i] for i in key), tuple(v for i, v in enumerate(row) if i not in key))
    return keyed


def _cell(row: tuple[Any, ...] | None) -> Any:
    """A cell as output shows it: its number, or what is printed in it where it has none."""
    return None if row is None else row[2] or None if row[0] is None else row[0]


def _kind(old: Any, new: Any) -> str:
    return "added" if old in {None, ""} else "lost" if new in {None, ""} else "changed"
