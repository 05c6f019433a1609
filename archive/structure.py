"""Whether a database is what its migrations make: SQLite's own complaints in words, missing tables, other definitions."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from functools import lru_cache
from pathlib import Path

from sqlite_utils import Database, Migrations

from archive import constraints
from archive.database import open_read_only
from archive.verification import UNREADABLE

_MESSAGES = 100
"""Complaints of SQLite's that are asked for."""
_LONGEST = 400
"""Characters of one: it may list each cell of a page."""
_INDEX = re.compile(r"(?:row (\d+) missing from|wrong # of entries in|non-unique entry in|.* of) index (\S+)")
_FREE = re.compile(r"freelist", re.IGNORECASE)
_QUOTED = re.compile(r'"(\w+)"|\[(\w+)\]|`(\w+)`')
_TEXT = re.compile(r"('[^']*')")
_BLANK = re.compile(r"[ \t\n\f\r]+")
"""As SQLite has it."""
_UNUSED = re.compile(r"Page (\d+) is never used")


def faults(connection: sqlite3.Connection, migrations: Migrations, path: Path) -> Iterator[str]:
    """What is wrong with the file at `path` beside the values of its rows, a line each.

    `connection` reads more of it than others would, whom a damaged header or definition may keep from reading anything.
    """
    with closing(open_read_only(path)) as plain:
        plain.text_factory = connection.text_factory
        complaints = list(_complaints(plain))
    if complaints:
        complaints += _complaints(connection)
    yield from dict.fromkeys(complaints)
    try:
        yield from _differences(connection, migrations)
    except UNREADABLE as error:
        yield f"the list of its tables cannot be read: {error}"


def _complaints(connection: sqlite3.Connection) -> Iterator[str]:
    try:
        for (message,) in map(tuple, connection.execute(f"PRAGMA integrity_check({_MESSAGES})")):
            if message != "ok":
                yield in_words(" ".join(str(message)[:_LONGEST].split()))
    except UNREADABLE as error:  # what it complains of may hold bytes that are no text
        yield f"cannot be checked to its end: {error}"


def in_words(message: str) -> str:
    """A complaint of SQLite's with what it means for the rows.

    >>> in_words("row 7 missing from index captures_run")
    'index captures_run disagrees with row 7 of its table'
    """
    if found := _INDEX.fullmatch(message):
        row, index = found.groups()
        return f"index {index} disagrees with {f'row {row} of ' if row else ''}its table"
    if _FREE.search(message):
        return f"the list of free pages is damaged, which concerns no row: {message}"
    if found := _UNUSED.fullmatch(message):
        return f"page {found[1]} belongs to nothing: it was lost from a table, an index or the free pages"
    return message


def _differences(connection: sqlite3.Connection, migrations: Migrations) -> Iterator[str]:
    """Tables, indexes, triggers and views that are missing, other or too many, for the steps that were applied.

    Views and constraints hold nothing and are made anew by later steps: those of an earlier version are not compared.
    """
    applied = frozenset(step.name for step in migrations.applied(Database(connection)))
    known, wanted = _made_by(migrations, applied)
    for name in sorted(applied - known):
        yield f"step {name} is none of this version's"
    found = _definitions(connection)
    is_earlier = bool(known - applied)
    for key in sorted(wanted.keys() | found.keys()):
        if is_earlier and (key[0] == "view" or key[1].startswith(constraints.PREFIX)):
            continue
        what = " ".join(key)
        if key not in found:
            yield f"{what} is missing"
        elif key not in wanted:
            yield f"{what} does not belong there"
        elif wanted[key] != found[key]:
            yield f"{what} is defined otherwise"


@lru_cache(maxsize=4)
def _made_by(migrations: Migrations, applied: frozenset[str]) -> tuple[frozenset[str], dict[tuple[str, str], str]]:
    """The names of all steps that there are, and what those that were applied define."""
    expected = Database(memory=True)
    steps = migrations.pending(expected)
    migrations.ensure_migrations_table(expected)
    for step in steps:
        if step.name in applied:
            step.fn(expected)
    wanted = _definitions(expected.conn)
    expected.close()
    return frozenset(step.name for step in steps), wanted


def _definitions(connection: sqlite3.Connection) -> dict[tuple[str, str], str]:
    """What is defined, but for what ANALYZE keeps: it holds nothing of the archive, and anybody may have it made."""
    rows = connection.execute("SELECT type, name, sql FROM sqlite_master WHERE name NOT GLOB 'sqlite_stat*'")
    return {(str(kind), str(name)): _normal(str(sql or "")) for kind, name, sql in map(tuple, rows)}


def _normal(sql: str) -> str:
    """A definition without what differs by who wrote it: blanks, capitals and the quotes of names. Texts stay as they are.

    >>> _normal("SELECT  'It''s  A'||[b] FROM T"), _normal("select 'it''s a'||b from t")
    ("select'It''s  A'||bfromt", "select'it''s a'||bfromt")
    """
    outside_and_texts = _TEXT.split(sql)
    outside_and_texts[::2] = [_BLANK.sub("", _QUOTED.sub(r"\1\2\3", part)).lower() for part in outside_and_texts[::2]]
    return "".join(outside_and_texts)
