"""The pages of a full-text index, and the table that says with which word each begins.

An index reads that table to find a word, and never the pages before: a wrong beginning hides words of a page that is
whole. How pages are laid out is told in the source of SQLite, ext/fts5/fts5_index.c (version 4 of the format).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from itertools import chain, islice, repeat

_SEGMENT = 37
"""Bits of a block's id below the number of its segment: one of the kind of page, five of its height, 31 of its number."""
_NUMBER = (1 << 31) - 1
_IS_DIRECTORY = 1 << 36
"""The page helps to skip within the places of one word."""
_KINDS = ((1 << _SEGMENT) - 1) ^ _NUMBER
_PAGES = f"""
SELECT id >> {_SEGMENT}, id & {_NUMBER} FROM {{index}}_data WHERE id >> {_SEGMENT} > 0 AND id & {_KINDS} = ? ORDER BY id
"""  # noqa: S608 - our numbers
_BLOCK = f"SELECT CAST(block AS BLOB) FROM {{index}}_data WHERE id = (? << {_SEGMENT}) + ?"  # noqa: S608 - a number
_BEGINNINGS = """
SELECT segid, pgno >> 1, pgno & 1, term FROM (
  SELECT iif(typeof(segid) = 'integer', segid, NULL) segid, iif(typeof(pgno) = 'integer', pgno, NULL) pgno,
    iif(typeof(term) = 'blob', term, NULL) term
  FROM {index}_idx
)
"""
_STRUCTURE = "SELECT CAST(block AS BLOB) FROM {index}_data WHERE id = 10 AND block NOTNULL"
_HEADER = 4
"""Bytes of a page before its first word or places: two numbers of two bytes, the second where its words are listed."""

Page = tuple[int, int]
"""Its segment, its number there."""


def wrong_segments(db: sqlite3.Connection, index: str) -> list[int]:
    """Segments that the index, a table of that name, has not, or of whose pages it has others as the first and the last than there are."""
    pages: dict[int, list[int]] = {}
    for segment, number in db.execute(_PAGES.format(index=index), (0,)):
        pages.setdefault(segment, []).append(number)
    there = {(segment, min(numbers), max(numbers)) for segment, numbers in pages.items()}
    return sorted({segment for segment, *_ in there ^ set(_segments(db, index))})


def _segments(db: sqlite3.Connection, index: str) -> Iterator[tuple[int, int, int]]:
    """Of each segment that the index reads its number, and those of its first page and its last one."""
    for (block,) in db.execute(_STRUCTURE.format(index=index)):
        numbers, most = chain(_numbers(block, _HEADER), repeat(0)), len(block)
        levels, *_ = islice(numbers, 3)
        for _ in range(min(levels, most)):
            _, segments = islice(numbers, 2)
            for _ in range(min(segments, most)):
                segment, first, last = islice(numbers, 3)
                yield segment, first, last


def wrong_beginnings(db: sqlite3.Connection, index: str) -> list[Page]:
    """Pages whose beginning is not in the table, or is otherwise than they begin; and those in the table that are none.

    While words of a segment are merged into another, its first pages go, and what the table has of them stays.
    """
    skipped = set(db.execute(_PAGES.format(index=index), (_IS_DIRECTORY,)))
    wanted = {page: (int(page in skipped), words) for page, words in _beginnings(db, index)}
    first: dict[int, Page] = {}
    for page in wanted:
        first.setdefault(page[0], page)
    found: dict[Page, tuple[int, bytes]] = {}
    wrong: set[Page] = set()
    for segment, number, skips, word in db.execute(_BEGINNINGS.format(index=index)):
        if (segment, number) in found:
            wrong.add((segment, number))
        found[segment, number] = (skips, word)
    for page in wanted.keys() | found.keys():
        row, are, begun = found.get(page), wanted.get(page), first.get(page[0])
        if begun is not None and begun[1] > 1 and page[1] is not None and page[1] <= begun[1]:
            is_right = _may_be(row, are, wanted[begun][1][0])
        else:
            is_right = row is not None and are is not None and row[0] == are[0] and row[1] in are[1]
        if not is_right:
            wrong.add(page)
    return sorted(wrong, key=str)


def _may_be(row: tuple[int, bytes] | None, are: tuple[int, tuple[bytes, ...]] | None, least: bytes) -> bool:
    """Whether this row, or none, is right for a page up to the first one left of a segment that was merged in part.

    Of such a page no more is known than an upper bound of its word: the one that the first page left begins with now.
    """
    return row is None or (isinstance(row[1], bytes) and row[1] <= least and (are is None or row[0] == are[0]))


def _beginnings(db: sqlite3.Connection, index: str) -> Iterator[tuple[Page, tuple[bytes, ...]]]:
    """Each page on which a word begins, and what the index may have for it.

    That is nothing for the first page of a segment, else as much of the first word as tells it from the last one before, or
    all of it, where a merge was taken up again. Words of a page that contradicts itself end there.
    """
    segment, last, stored = 0, b"", _BLOCK.format(index=index)
    for page in db.execute(_PAGES.format(index=index), (0,)):
        (block,) = db.execute(stored, page).fetchone()
        for at, word in enumerate(_words(block or b"")):
            if not at and page[0] != segment:
                yield page, (b"",) if page[1] == 1 else (word,)
            elif not at:
                yield page, (word[: _alike(last, word) + 1], word)
            segment, last = page[0], word


def _words(block: bytes) -> Iterator[bytes]:
    """The words that begin on a page, each as the part that it shares with the one before, and the rest."""
    end = int.from_bytes(block[2:_HEADER], "big")
    footer, at, word = end, 0, b""
    while footer < len(block):
        step, footer = _number(block, footer)
        first = not at
        at += step
        shared, start = (0, at) if first else _number(block, at)
        size, start = _number(block, start)
        if start + size > end:
            return
        word = word[:shared] + block[start : start + size]
        yield word


def _numbers(block: bytes, at: int) -> Iterator[int]:
    """The numbers from here to the end of a block."""
    while at < len(block):
        number, at = _number(block, at)
        yield number


def _alike(one: bytes, other: bytes) -> int:
    """How many bytes both begin with."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def _number(block: bytes, at: int) -> tuple[int, int]:
    """A number of seven bits a byte, the last byte without the eighth, and where it ends."""
    value = 0
    while at < len(block):
        byte = block[at]
        value, at = value << 7 | byte & 0x7F, at + 1
        if byte < 0x80:
            break
    return value, at
