"""Proving the full-text indexes: they are written again from the texts, and compared byte by byte.

How an index is laid out depends on when its texts came. So what is there and what is made are
first written as one segment each, which depends on nothing but what it says, marks of deletions among it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from functools import lru_cache
from hashlib import blake2b
from itertools import zip_longest
from typing import NamedTuple

from archive.fulltext import indexed, put
from archive.index_pages import wrong_beginnings, wrong_segments

_TEXTS = """
SELECT r.search_id, r.title, t.text FROM reports r LEFT JOIN report_texts t ON t.report_id = r.id ORDER BY r.search_id
"""
_SHADOWS = {"data": ("id", "block"), "idx": ("segid", "term", "pgno"), "docsize": ("id", "sz"), "config": ("k", "v")}
_PLACE = (1 << 37) - 1
"""The bits of a block's id that say where in its segment it is; the others are the segment's."""
_BEYOND = (1 << 63) - 1
"""A number that no report has."""


class _Index(NamedTuple):
    table: str
    what: str
    """What a line calls it."""
    create: str
    more: str
    """Puts a report that has a word."""


_INDEXES = (
    _Index(
        "report_search",
        "the index of texts",
        "CREATE VIRTUAL TABLE report_search USING fts5(text, title, content='', tokenize='unicode61')",
        "INSERT INTO report_search (rowid, title, text) VALUES (?, '', 'x')",
    ),
    _Index(
        "report_breaks",
        "the index of texts, of what is parted,",
        "CREATE VIRTUAL TABLE report_breaks USING fts5(pairs, content='', detail=none, tokenize='unicode61')",
        "INSERT INTO report_breaks (rowid, pairs) VALUES (?, 'x')",
    ),
)


def index_faults(db: sqlite3.Connection) -> Iterator[str]:
    """What the indexes say otherwise than the texts, and where they contradict themselves, a line each."""
    with closing(_copy(db)) as kept, closing(_made(db)) as made:
        for index in _INDEXES:
            yield from _faults(db, index, kept, made)


def _faults(db: sqlite3.Connection, index: _Index, kept: sqlite3.Connection, made: sqlite3.Connection) -> Iterator[str]:
    table, what = index.table, index.what
    try:
        kept.execute(_do(table), ("integrity-check",))
    except sqlite3.Error as error:
        yield f"{what} contradicts itself: {error}"
    for segment in wrong_segments(kept, table):
        yield f"{what} says wrongly which pages its segment {segment} has"
    for segment, number in wrong_beginnings(kept, table):
        yield f"{what} says wrongly with which word page {number} of its segment {segment} begins"
    sizes = f"SELECT id, sz FROM {table}_docsize"  # noqa: S608 - our names
    for number, _ in sorted(set(kept.execute(sizes)) ^ set(made.execute(sizes)), key=str):
        yield f"{what} has another length of the text of {_name(db, number)}"
    others = _others(table)
    if kept.execute(others).fetchall() != made.execute(others).fetchall():
        yield f"{what} adds up its texts wrongly, or says otherwise how it is written"
    if not _are_written_alike(index, kept, made):
        other_words = _other_words(table, kept, made)
        yield from (f"{what} is not that of the text of {_name(db, number)}" for number in other_words)
        if not other_words:
            yield f"{what} has the words of all texts, but is not written as it would be"


def _do(table: str) -> str:
    return f"INSERT INTO {table} ({table}) VALUES (?)"  # noqa: S608 - our names


def _others(table: str) -> str:
    """A query for what it adds up, and how it is written."""
    return f"""
    SELECT id, block FROM {table}_data WHERE id = 1
    UNION ALL SELECT id, substr(block, 1, 4) FROM {table}_data WHERE id = 10
    UNION ALL SELECT k, v FROM {table}_config
    """  # noqa: S608 - our names


def _copy(db: sqlite3.Connection) -> sqlite3.Connection:
    """The indexes as they are stored, in a file that goes with the connection."""
    kept = sqlite3.connect("")
    for index in _INDEXES:
        kept.execute(index.create)
        kept.commit()
        for name, columns in _SHADOWS.items():
            table = f"{index.table}_{name}"
            kept.execute(f"DELETE FROM {table}")  # noqa: S608 - our names
            kept.executemany(
                f"INSERT INTO {table} VALUES ({', '.join('?' * len(columns))})",  # noqa: S608 - our names
                map(tuple, db.execute(f"SELECT {', '.join(columns)} FROM {table}")),  # noqa: S608 - our names
            )
        kept.commit()
    return kept


def _made(db: sqlite3.Connection) -> sqlite3.Connection:
    """The indexes as the texts would have them."""
    made = sqlite3.connect("")
    for index in _INDEXES:
        made.execute(index.create)
    put(made, ((number, indexed(title, text)) for number, title, text in map(tuple, db.execute(_TEXTS))))
    made.commit()
    return made


def _are_written_alike(index: _Index, kept: sqlite3.Connection, made: sqlite3.Connection) -> bool:
    """Whether both are the same bytes once each is one segment. Changes both."""
    for connection in (kept, made):
        connection.execute(index.more, (_BEYOND,))  # what is one segment would not be written again
        connection.commit()
        connection.execute(_do(index.table), ("optimize",))
        connection.commit()
    blocks = f"SELECT id & {_PLACE}, block FROM {index.table}_data WHERE id > {_PLACE} ORDER BY id"  # noqa: S608 - our names
    return all(one == other for one, other in zip_longest(kept.execute(blocks), made.execute(blocks)))


def _other_words(table: str, kept: sqlite3.Connection, made: sqlite3.Connection) -> list[int]:
    """Numbers of the reports of which the two have other words, or at other places."""
    found, wanted = _sums(table, kept), _sums(table, made)
    return [n for n in sorted(found.keys() | wanted.keys()) if found.get(n) != wanted.get(n)]


def _sums(table: str, connection: sqlite3.Connection) -> dict[int, tuple[int, int]]:
    """Number of a report → how many places the index has of it, and a sum that any other place would change."""
    connection.create_function("word_number", 1, _word_number, deterministic=True)
    places = f"places_of_{table}"
    connection.execute(f"CREATE VIRTUAL TABLE temp.{places} USING fts5vocab('main', '{table}', 'instance')")
    sql = f"""
    SELECT doc, COUNT(*), SUM(
        word_number(CAST(term AS BLOB)) * (COALESCE("offset", 0) + 1) * CASE col WHEN 'title' THEN 3 ELSE 1 END
    ) FROM temp.{places} GROUP BY doc
    """  # noqa: S608 - our names
    return {row[0]: row[1:] for row in connection.execute(sql)}


@lru_cache(maxsize=1 << 16)
def _word_number(word: bytes) -> int:
    """A number by which a word, which may be no UTF-8 any more, is known from others; small enough for a sum of all places."""
    return int.from_bytes(blake2b(word, digest_size=3).digest())


def _name(db: sqlite3.Connection, number: int) -> str:
    row = db.execute("SELECT id FROM reports WHERE search_id = ?", (number,)).fetchone()
    return str(row[0]) if row else f"number {number}, which is no report's"
