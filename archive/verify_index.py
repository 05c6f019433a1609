"""Proving the full-text index: it is written again from the texts, and both are compared byte by byte.

How an index is laid out depends on when its texts came. So both are first written as one segment, which depends on
nothing but what they say, marks of deletions among it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from functools import lru_cache
from hashlib import blake2b
from itertools import zip_longest

from archive.fulltext import search_text
from archive.index_pages import wrong_beginnings, wrong_segments

_CREATE = "CREATE VIRTUAL TABLE report_search USING fts5(text, title, content='', tokenize='unicode61')"
_VOCABULARY = "CREATE VIRTUAL TABLE temp.places USING fts5vocab('main', 'report_search', 'instance')"
_TEXTS = """
SELECT r.search_id, r.title, t.text FROM reports r LEFT JOIN report_texts t ON t.report_id = r.id ORDER BY r.search_id
"""
_PUT = "INSERT INTO report_search (rowid, title, text) VALUES (?, ?, ?)"
_DO = "INSERT INTO report_search (report_search) VALUES (?)"
_SUMS = """
SELECT doc, COUNT(*), SUM(word_number(CAST(term AS BLOB)) * ("offset" + 1) * CASE col WHEN 'title' THEN 3 ELSE 1 END)
FROM temp.places GROUP BY doc
"""
_SHADOWS = {"data": ("id", "block"), "idx": ("segid", "term", "pgno"), "docsize": ("id", "sz"), "config": ("k", "v")}
_PLACE = (1 << 37) - 1
"""The bits of a block's id that say where in its segment it is; the others are the segment's."""
_BLOCKS = f"SELECT id & {_PLACE}, block FROM report_search_data WHERE id > {_PLACE} ORDER BY id"  # noqa: S608 - a number
_SIZES = "SELECT id, sz FROM report_search_docsize"
_OTHERS = """
SELECT id, block FROM report_search_data WHERE id = 1
UNION ALL SELECT id, substr(block, 1, 4) FROM report_search_data WHERE id = 10
UNION ALL SELECT k, v FROM report_search_config
"""
_BEYOND = (1 << 63) - 1
"""A number that no report has."""


def index_faults(db: sqlite3.Connection) -> Iterator[str]:
    """What the index says otherwise than the texts, and where it contradicts itself, a line each."""
    with closing(_copy(db)) as kept, closing(_made(db)) as made:
        try:
            kept.execute(_DO, ("integrity-check",))
        except sqlite3.Error as error:
            yield f"the index of texts contradicts itself: {error}"
        for segment in wrong_segments(kept):
            yield f"the index of texts says wrongly which pages its segment {segment} has"
        for segment, number in wrong_beginnings(kept):
            yield f"the index of texts says wrongly with which word page {number} of its segment {segment} begins"
        for number, _ in sorted(set(kept.execute(_SIZES)) ^ set(made.execute(_SIZES)), key=str):
            yield f"the index of texts has another length of the text of {_name(db, number)}"
        if kept.execute(_OTHERS).fetchall() != made.execute(_OTHERS).fetchall():
            yield "the index of texts adds up its texts wrongly, or says otherwise how it is written"
        if not _are_written_alike(kept, made):
            others = _other_words(kept, made)
            yield from (f"the index of texts is not that of the text of {_name(db, number)}" for number in others)
            if not others:
                yield "the index of texts has the words of all texts, but is not written as it would be"


def _copy(db: sqlite3.Connection) -> sqlite3.Connection:
    """The index as it is stored, in a file that goes with the connection."""
    kept = sqlite3.connect("")
    kept.execute(_CREATE)
    kept.commit()
    for name, columns in _SHADOWS.items():
        table = f"report_search_{name}"
        kept.execute(f"DELETE FROM {table}")  # noqa: S608 - our names
        kept.executemany(
            f"INSERT INTO {table} VALUES ({', '.join('?' * len(columns))})",  # noqa: S608 - our names
            map(tuple, db.execute(f"SELECT {', '.join(columns)} FROM {table}")),  # noqa: S608 - our names
        )
    kept.commit()
    return kept


def _made(db: sqlite3.Connection) -> sqlite3.Connection:
    """The index as the texts would have it."""
    made = sqlite3.connect("")
    made.execute(_CREATE)
    texts = map(tuple, db.execute(_TEXTS))
    made.executemany(_PUT, ((number, search_text(title), search_text(text)) for number, title, text in texts))
    made.commit()
    return made


def _are_written_alike(kept: sqlite3.Connection, made: sqlite3.Connection) -> bool:
    """Whether both are the same bytes once each is one segment. Changes both."""
    for index in (kept, made):
        index.execute(_PUT, (_BEYOND, "", "x"))  # what is one segment would not be written again
        index.commit()
        index.execute(_DO, ("optimize",))
        index.commit()
    return all(one == other for one, other in zip_longest(kept.execute(_BLOCKS), made.execute(_BLOCKS)))


def _other_words(kept: sqlite3.Connection, made: sqlite3.Connection) -> list[int]:
    """Numbers of the reports of which the two have other words, or at other places."""
    found, wanted = _sums(kept), _sums(made)
    return [n for n in sorted(found.keys() | wanted.keys()) if found.get(n) != wanted.get(n)]


def _sums(connection: sqlite3.Connection) -> dict[int, tuple[int, int]]:
    """Number of a report → how many places the index has of it, and a sum that any other place would change."""
    connection.create_function("word_number", 1, _word_number, deterministic=True)
    connection.execute(_VOCABULARY)
    return {row[0]: row[1:] for row in connection.execute(_SUMS)}


@lru_cache(maxsize=1 << 16)
def _word_number(word: bytes) -> int:
    """A number by which a word, which may be no UTF-8 any more, is known from others; small enough for a sum of all places."""
    return int.from_bytes(blake2b(word, digest_size=3).digest())


def _name(db: sqlite3.Connection, number: int) -> str:
    row = db.execute("SELECT id FROM reports WHERE search_id = ?", (number,)).fetchone()
    return str(row[0]) if row else f"number {number}, which is no report's"
