"""What a report said at each moment, and what differs between any two of its versions, word by word."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import Any

from archive.records import COLUMNS, STATISTIC, state_of
from archive.room.report import ReportDetails, dicts
from archive.versions import State, history

_WORD = re.compile(r"\d[\d,.]*\d|[A-Za-z]+|\s+|.", re.DOTALL)
_MOST_CHARACTERS = 8_000
"""Characters of two paragraphs together from which on they are shown whole: comparing takes the square of it."""
_ALIKE = 0.6
"""Share of common characters from which on a paragraph counts as the other one, changed."""
_ATTACHMENT = COLUMNS["attachments"]

Piece = tuple[str, str]
"""What became of it (equal, del or ins) and the words."""


@dataclass(frozen=True, slots=True)
class KeptVersion:
    """One state of a report, in force from the moment of its capture until the next one's."""

    captured_at: str
    sha256: str
    state: State


@dataclass(frozen=True, slots=True)
class FigureChange:
    """One cell that says something else; None where it was not there."""

    table_no: int
    row_name: str
    column_name: str
    origin: str
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class Differences:
    """What differs between two versions."""

    fields: list[tuple[str, Any, Any]]
    figures: list[FigureChange]
    paragraphs: list[list[Piece]]
    """Every paragraph that differs, whole."""
    attachments: list[tuple[str, str]]
    """(del or ins, name or address)."""


def kept(db: sqlite3.Connection, report_id: str) -> list[KeptVersion]:
    """Every version of a report, oldest first; empty where there is no such report."""
    rows = dicts(db, "SELECT * FROM reports WHERE id = ?", (report_id,))
    if not rows:
        return []
    tables = {
        name: [tuple(row) for row in db.execute(f"SELECT {', '.join(COLUMNS[name])} FROM {name} WHERE report_id = ?", (report_id,))]  # noqa: S608 - our names
        for name in ("report_texts", "statistics", "attachments")
    }  # fmt: skip
    versions = db.execute(
        "SELECT captured_at, sha256, restore FROM versions WHERE report_id = ? ORDER BY captured_at", (report_id,)
    ).fetchall()
    if not versions or not tables["report_texts"]:
        return []
    states = history(state_of(rows[0], tables), [json.loads(restore) for *_, restore in versions[1:] if restore])
    if len(states) != len(versions):  # a version without the way back to the one before
        versions, states = versions[-1:], states[-1:]
    return [KeptVersion(at, sha256, state) for (at, sha256, _), state in zip(versions, states, strict=True)]


def in_force(versions: Sequence[KeptVersion], moment: str) -> KeptVersion | None:
    """The version at a moment, or at the end of a day; None before the first capture.

    A later reader may see no change where an earlier one saw it: the address of that moment still answers.
    """
    return next((v for v in reversed(versions) if v.captured_at[: len(moment)] <= moment), None)


def as_it_was(found: ReportDetails, version: KeptVersion) -> ReportDetails:
    """The report as it stood in an earlier version. Checks and parts are kept of the present one only."""
    return replace(
        found,
        row=found.row | version.state.fields | {"sha256": version.sha256, "captured_at": version.captured_at},
        text=version.state.text,
        statistics=[dict(zip(STATISTIC, row, strict=True)) for row in version.state.statistics],
        attachments=[dict(zip(_ATTACHMENT, row, strict=True)) for row in version.state.attachments],
        checks=[],
        sources=[],
        parts=[],
        figures={},
    )


def differences(old: State, new: State) -> Differences:
    """What an old state says otherwise than a new one."""
    fields = [
        (name, old.fields.get(name), value) for name, value in new.fields.items() if old.fields.get(name) != value
    ]
    gone, come = set(old.attachments) - set(new.attachments), set(new.attachments) - set(old.attachments)
    return Differences(
        fields,
        list(_figures(old, new)),
        list(_paragraphs(old.text.split("\n"), new.text.split("\n"))),
        [("del", row[1] or row[0]) for row in sorted(gone)] + [("ins", row[1] or row[0]) for row in sorted(come)],
    )


def _figures(old: State, new: State) -> Iterator[FigureChange]:
    before, after = (_by_place(state.statistics) for state in (old, new))
    for place in dict.fromkeys((*after, *before)):
        if before.get(place) != after.get(place):
            yield FigureChange(*place, old=before.get(place), new=after.get(place))


def _by_place(statistics: Sequence[tuple[Any, ...]]) -> dict[tuple[int, str, str, str], str]:
    """Table, row, column and origin → what is printed there."""
    found: dict[tuple[int, str, str, str], str] = {}
    for row in statistics:
        cell = dict(zip(STATISTIC, row, strict=True))
        place = cell["table_no"], cell["row_name"], cell["column_name"], cell["origin"]
        value = cell["value"] if cell["value"] is not None else cell["raw"]
        found.setdefault(place, "" if value is None else str(value))
    return found


def _paragraphs(old: list[str], new: list[str]) -> Iterator[list[Piece]]:
    matcher = SequenceMatcher(a=old, b=new, autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag != "equal":
            for one, other in _pairs(old[a:b], new[c:d]):
                yield _words(one, other)


def _pairs(old: list[str], new: list[str]) -> Iterator[tuple[str, str]]:
    """Each paragraph with the one that it became, empty where it is gone or new."""
    at = 0
    for line in new:
        same = next((n for n in range(at, len(old)) if _are_alike(old[n], line)), None)
        if same is None:
            yield "", line
            continue
        yield from ((gone, "") for gone in old[at:same])
        yield old[same], line
        at = same + 1
    yield from ((gone, "") for gone in old[at:])


def _are_alike(one: str, other: str) -> bool:
    return SequenceMatcher(a=one[:1000], b=other[:1000], autojunk=False).quick_ratio() >= _ALIKE


def _words(old: str, new: str) -> list[Piece]:
    if not old or not new or len(old) + len(new) > _MOST_CHARACTERS:
        return [(what, text) for what, text in (("del", old), ("ins", new)) if text]
    one, other = _WORD.findall(old), _WORD.findall(new)
    pieces: list[Piece] = []
    for tag, a, b, c, d in SequenceMatcher(a=one, b=other, autojunk=False).get_opcodes():
        if tag == "equal":
            pieces.append(("equal", "".join(one[a:b])))
        else:
            pieces += [
                (what, text) for what, text in (("del", "".join(one[a:b])), ("ins", "".join(other[c:d]))) if text
            ]
    return pieces
