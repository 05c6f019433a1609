"""Files that the operator offers for download: a folder of theirs, its names, sizes, dates and hashes, and a part of one.

`scrapy browse --downloads DIR` names the folder (DOWNLOADS). What is hidden, and what a link leads to outside it, is not
offered. Hashes are worked out once for each state of a file, one after another beside everything else.
"""

from __future__ import annotations

import hashlib
import os
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})$")
_PIECE = 1 << 18
MOST_FILES = 5_000


@dataclass(frozen=True, slots=True)
class Download:
    """A file that is offered."""

    name: str
    """Its path below the folder, with slashes."""
    size: int
    changed: str
    """UTC, to the second."""
    sha256: str | None
    """None while it is being worked out."""


_hashes: dict[tuple[str, int, int], str] = {}
_lock = threading.Lock()


def folder() -> Path | None:
    """The folder; None where the operator offers none."""
    named = os.environ.get("DOWNLOADS")
    return Path(named).resolve() if named else None


def offered() -> list[Download]:
    """The files, by name."""
    found = folder()
    return [] if found is None else [_described(found, path) for path in _files(found)]


def _files(within: Path) -> list[Path]:
    found = []
    for path in sorted(within.rglob("*")):
        if path.is_file() and _is_offered(within, path):
            found.append(path)
        if len(found) == MOST_FILES:
            break
    return found


def _is_offered(within: Path, path: Path) -> bool:
    hidden = any(part.startswith(".") for part in path.relative_to(within).parts)
    return not hidden and path.resolve().is_relative_to(within)


def _key(path: Path) -> tuple[str, int, int]:
    found = path.stat()
    return str(path), found.st_size, found.st_mtime_ns


def _described(within: Path, path: Path) -> Download:
    key = _key(path)
    changed = datetime.fromtimestamp(key[2] / 1e9, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Download(path.relative_to(within).as_posix(), key[1], changed, _hashes.get(key))


def hash_all() -> None:
    """Work out the hashes that are not known; one thread at a time does."""
    found = folder()
    if found is None or not _lock.acquire(blocking=False):
        return
    try:
        for path in _files(found):
            key = _key(path)
            if key not in _hashes:
                with path.open("rb") as file:
                    _hashes[key] = hashlib.file_digest(file, "sha256").hexdigest()
    finally:
        _lock.release()


def file_of(name: str) -> Path | None:
    """The file of a name in the list; None where there is none."""
    found = folder()
    if found is None or not name or "\0" in name:
        return None
    path = found / name
    is_inside = ".." not in Path(name).parts and not Path(name).is_absolute()
    return path if is_inside and path.is_file() and _is_offered(found, path) else None


def part_of(size: int, asked: str) -> tuple[int, int] | None:
    """First byte and the one after the last of what a Range header asks for; all of it for what is no single range.

    None where it asks for nothing that the file has.

    >>> part_of(10, "bytes=2-4"), part_of(10, "bytes=7-"), part_of(10, "bytes=-3"), part_of(10, "bytes=10-"), part_of(10, "")
    ((2, 5), (7, 10), (7, 10), None, (0, 10))
    """
    found = _RANGE.match(asked.strip())
    if not found or found[1] == found[2] == "":
        return 0, size
    if not found[1]:
        last = int(found[2])
        return (max(0, size - last), size) if last and size else None
    first, end = int(found[1]), min(int(found[2]) + 1, size) if found[2] else size
    return (first, end) if first < end else None


def pieces(path: Path, first: int, end: int) -> Iterator[bytes]:
    """The bytes from one place to another."""
    with path.open("rb") as file:
        file.seek(first)
        while first < end and (piece := file.read(min(_PIECE, end - first))):
            first += len(piece)
            yield piece
