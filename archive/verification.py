"""What a verification looks at and what it finds; and how a damaged file is read."""

from __future__ import annotations

import math
import random
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import zstandard

from archive.database import open_read_only

UNREADABLE = (sqlite3.Error, ValueError, TypeError, LookupError, AttributeError, OverflowError, zstandard.ZstdError)
"""What reading a damaged file raises."""
_CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What to look at: everything, what came since a day, or a part chosen by lot."""

    since: str = ""
    """ISO date: only captures that were asked for on this day or later, and what was read from them."""
    share: float = 1.0
    """The part of captures and of reports to look at, above 0 and at most 1."""
    seed: int | None = None

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left out."""
        return not self.since and self.share >= 1

    def chosen(self, ids: Sequence[Any]) -> set[Any]:
        """Those of these to look at, by lot."""
        if self.share >= 1:
            return set(ids)
        return set(random.Random(self.seed).sample(ids, min(len(ids), math.ceil(len(ids) * self.share))))  # noqa: S311 - no secret


def chance(looked_at: int, total: int) -> str:
    """What a sample proves, in words.

    >>> chance(100, 1000)
    'one altered row would be found with a probability of 10.0 %, 29 or more with 95 %'
    """
    share = looked_at / total if total else 1.0
    if share >= 1:
        return "every altered row is found"
    enough = math.ceil(math.log(1 - _CONFIDENCE) / math.log(1 - share)) if share else total
    return f"one altered row would be found with a probability of {share:.1%}, {enough} or more with 95 %".replace(
        "%,", " %,"
    )


@dataclass(slots=True)
class Verification:
    """What is wrong, a line each for the person who repairs it. No lines: everything that was looked at is intact."""

    lines: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What was not looked at, and why. It is no damage."""
    damaged: set[str] = field(default_factory=set)
    """sha256 of bodies that are missing or damaged."""
    altered: set[tuple[str, int]] = field(default_factory=set)
    """Tables and row ids of captures.db whose row does not match its digest."""
    is_incomplete: bool = False
    """captures.db lacks rows that were there."""
    is_broken: bool = False
    """captures.db itself cannot be read to its end, or is no sound database: restoring rows is not enough."""
    is_derived_broken: bool = False
    """Something in reports.db is wrong: it has to be built anew."""
    bodies: int = 0
    captures: int = 0


def open_damaged(path: Path) -> sqlite3.Connection:
    """A read-only connection that reads as much as there is of a damaged file. Raises ArchiveError where there is none."""
    db = open_read_only(path)
    db.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
    try:
        db.execute("PRAGMA writable_schema = ON")  # without it SQLite reads nothing of a file that is cut short
        db.execute("PRAGMA mmap_size = 0")
    except sqlite3.Error:
        pass  # whatever is asked of it says why
    return db


def references(db: sqlite3.Connection) -> list[str]:
    """Rows that refer to rows that are not there, a line each."""
    rows = db.execute("PRAGMA foreign_key_check").fetchall()
    return [f"row {row[1]} of {row[0]} refers to a missing row of {row[2]}" for row in rows]


def as_bytes(value: Any) -> bytes:
    """A BLOB, whatever a damaged file has in its place."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")
