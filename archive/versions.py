"""What a report said before: each version keeps what makes the version before it, exactly.

The newest version is what reports.db holds of the report. A version's `restore` leads from its state to the one before:
fields with their old values, paragraphs by their place in the text, and rows of figures and documents by their place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

Delta = dict[str, Any]
"""`fields`: name → old value; `text`, `statistics`, `attachments`: replaced parts as [from, to, [old ones]]."""


@dataclass(slots=True, kw_only=True)
class State:
    """What a document said at one time."""

    fields: dict[str, Any]
    """The columns of `reports` that come from the reader."""
    text: str
    statistics: list[tuple[Any, ...]]
    """In the columns of `records.STATISTIC`."""
    attachments: list[tuple[Any, ...]]


def delta(new: State, old: State) -> Delta:
    """What makes the old state of the new one; empty where they are the same."""
    fields = {name: value for name, value in old.fields.items() if new.fields.get(name) != value}
    parts = {
        "text": _replaced(new.text.split("\n"), old.text.split("\n")),
        "statistics": _replaced(new.statistics, old.statistics),
        "attachments": _replaced(new.attachments, old.attachments),
    }
    return ({"fields": fields} if fields else {}) | {name: part for name, part in parts.items() if part}


def restored(new: State, change: Mapping[str, Any]) -> State:
    """The state before, by the delta between the two."""
    return State(
        fields=new.fields | change.get("fields", {}),
        text="\n".join(_put_back(new.text.split("\n"), change.get("text", ()))),
        statistics=[tuple(row) for row in _put_back(new.statistics, change.get("statistics", ()))],
        attachments=[tuple(row) for row in _put_back(new.attachments, change.get("attachments", ()))],
    )


def history(newest: State, changes: Iterable[Mapping[str, Any]]) -> list[State]:
    """Every state of a document, oldest first, by the deltas of its versions from the second on, oldest first."""
    found = [newest]
    for change in reversed(list(changes)):
        found.append(restored(found[-1], change))
    return found[::-1]


def _replaced(new: Sequence[Any], old: Sequence[Any]) -> list[list[Any]]:
    """The parts of `new` that are other ones in `old`: from, to (in `new`), and what stood there."""
    matcher = SequenceMatcher(a=new, b=old, autojunk=False)
    return [[a, b, list(old[c:d])] for tag, a, b, c, d in matcher.get_opcodes() if tag != "equal"]


def _put_back(new: Sequence[Any], parts: Sequence[Sequence[Any]]) -> list[Any]:
    found, at = [], 0
    for start, stop, old in parts:
        found += [*new[at:start], *old]
        at = stop
    return [*found, *new[at:]]
