"""Whether the log beside a database is whole: SQLite reads it up to the first fault, and says nothing of what follows.

The format is SQLite's own, https://www.sqlite.org/fileformat2.html#walformat: a header, then pages, each with a checksum
that goes on from the one before.
"""

from __future__ import annotations

import struct
import time
from pathlib import Path

_HEADER = struct.Struct(">8I")
_FRAME = struct.Struct(">6I")
_MAGIC = 0x377F0682
"""The first number of a log, but for its last bit, which says how the numbers of checksums are written."""
_UNTIL_CHECKSUM = 24, 8
"""Bytes of the header and of a frame's header that a checksum is of."""

_TRIES, _WAIT_S = 5, 0.1
"""How often a log is looked at that is written meanwhile."""

Checksum = tuple[int, int]


def log_fault(database: Path) -> str | None:
    """What is wrong with the log of a database, in words; None where nothing is, or where there is none."""
    path = database.with_name(f"{database.name}-wal")
    for _ in range(_TRIES):
        data = path.read_bytes() if path.is_file() else b""
        fault = _fault(data, path.name)
        if fault is None:
            return None
        time.sleep(_WAIT_S)
        if path.is_file() and path.read_bytes() == data:
            return fault
    return None  # somebody writes all the time


def _fault(data: bytes, name: str) -> str | None:
    if len(data) <= _HEADER.size:
        return None
    magic, _, page_size, _, *salts, first, second = _HEADER.unpack_from(data)
    order = ">" if magic & 1 else "<"
    checksum = _checksum(data[: _UNTIL_CHECKSUM[0]], order, (0, 0))
    if magic & ~1 != _MAGIC or checksum != (first, second) or not 512 <= page_size <= 65_536:
        return f"the beginning of its log {name} is damaged, so nothing of the log is read"
    size = _FRAME.size + page_size
    for number, place in enumerate(range(_HEADER.size, len(data) - size + 1, size), 1):
        *_, salt, other_salt, first, second = _FRAME.unpack_from(data, place)
        if salt != salts[0] and other_salt != salts[1]:
            return None  # what was there before the log was begun again
        checksum = _checksum(data[place : place + _UNTIL_CHECKSUM[1]], order, checksum)
        checksum = _checksum(data[place + _FRAME.size : place + size], order, checksum)
        if [salt, other_salt] != salts or checksum != (first, second):
            return f"page {number} of its log {name} is damaged or was not written to its end: what follows is not read"
    return None


def _checksum(data: bytes, order: str, before: Checksum) -> Checksum:
    first, second = before
    numbers = iter(struct.unpack(f"{order}{len(data) // 4}I", data))
    for number in numbers:
        first = (first + number + second) & 0xFFFFFFFF
        second = (second + next(numbers) + first) & 0xFFFFFFFF
    return first, second
