"""Proving the full-text index: it is written again in memory from the texts, and compared place by place."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

from archive.fulltext import search_text

MOST_REPORTS = 10_000
"""Reports up to which the index is compared: a report takes some 10 ms, and memory."""

_CREATE = "CREATE VIRTUAL TABLE report_search USING fts5(text, title, content='', tokenize='unicode61')"
_VOCABULARY = "CREATE VIRTUAL TABLE temp.places USING fts5vocab('main', 'report_search', 'instance')"
_TEXTS = """
SELECT r.search_id, r.title, t.text FROM reports r LEFT JOIN report_texts t ON t.report_id = r.id ORDER BY r.search_id
"""
_SUMS = """
SELECT doc, COUNT(*), SUM((unicode(term) * 31 + length(term) * 7 + COALESCE(unicode(substr(term, -1)), 0)) * ("offset" + 1)
    * CASE col WHEN 'title' THEN 3 ELSE 1 END)
FROM temp.places GROUP BY doc
"""
_SHADOWS = {"data": ("id", "block"), "idx": ("segid", "term", "pgno"), "docsize": ("id", "sz"), "config": ("k", "v")}


def index_faults(db: sqlite3.Connection) -> Iterator[str]:
    """What the index says otherwise than the texts, a line each."""
    with closing(_copy(db)) as kept, closing(sqlite3.connect(":memory:")) as made:
        made.execute(_CREATE)
        made.executemany(
            "INSERT INTO report_search (rowid, title, text) VALUES (?, ?, ?)",
            ((number, search_text(title), search_text(text)) for number, title, text in map(tuple, db.execute(_TEXTS))),
        )
        found, wanted = _sums(kept), _sums(made)
        for number in sorted(found.keys() | wanted.keys(), key=str):
            if found.get(number) != wanted.get(number):
                yield f"the index of texts is not that of the text of {_name(db, number)}"
        sizes = "SELECT id, sz FROM report_search_docsize"
        for number, _ in sorted(set(kept.execute(sizes)) ^ set(made.execute(sizes)), key=str):
            yield f"the index of texts has another length of the text of {_name(db, number)}"
        totals = "SELECT block FROM report_search_data WHERE id = 1"
        if kept.execute(totals).fetchone() != made.execute(totals).fetchone():
            yield "the index of texts adds up its texts wrongly"
        try:
            kept.execute("INSERT INTO report_search (report_search) VALUES ('integrity-check')")
        except sqlite3.Error as error:
            yield f"the index of texts contradicts itself: {error}"


def _copy(db: sqlite3.Connection) -> sqlite3.Connection:
    """The index as it is stored, in memory, where it can be checked."""
    kept = sqlite3.connect(":memory:")
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


def _sums(connection: sqlite3.Connection) -> dict[int, tuple[int, int]]:
    """Number of a report → how many places the index has of it, and a sum that any other place would change."""
    connection.execute(_VOCABULARY)
    return {row[0]: row[1:] for row in connection.execute(_SUMS)}


def _name(db: sqlite3.Connection, number: int) -> str:
    row = db.execute("SELECT id FROM reports WHERE search_id = ?", (number,)).fetchone()
    return str(row[0]) if row else f"number {number}, which is no report's"
