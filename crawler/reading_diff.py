"""Prints how two readings of a report differ: text by paragraph, figures cell by cell."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.text import Text

from archive.records import Record
from pipelines.ingest.differences import compare, paragraphs

_CONTEXT = 60
"""Characters of an unchanged paragraph that show where a change is."""


def print_diff(console: Console, old: Record, new: Record) -> bool:
    """Print what differs, coloured on a terminal; returns whether anything does."""
    changes = list(compare(old, new))
    for change in changes:
        if change.field == "text":
            continue
        name = f"{change.field} {change.where}".strip()
        _line(console, f"{name}: ", (_shown(change.old), "red"), (" → ", ""), (_shown(change.new), "green"))
    if any(change.field == "text" for change in changes):
        _line(console, "text:")
        before = ""
        for tag, was, now in paragraphs(old, new):
            if tag != "equal" and before:
                _line(console, f"  {before[:_CONTEXT]}{' …' if len(before) > _CONTEXT else ''}")
            if tag != "equal":
                for sign, lines, colour in (("-", was, "red"), ("+", now, "green")):
                    for line in lines:
                        _line(console, "", (f"{sign} {line}", colour))
            before = was[-1] if tag == "equal" and was else ""
    if not changes:
        _line(console, "No differences.")
    return bool(changes)


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    return " | ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _line(console: Console, start: str, *parts: tuple[str, str]) -> None:
    console.print(Text.assemble(start, *parts), soft_wrap=True)
