"""Bodies beside captures.db: documents and pictures, each in a file of its own that its hash names, where BODIES says.

That is a folder, counted from the archive's, or an address that fsspec knows, such as s3://bucket/bodies. The row of such a
body says where it is, so that whatever reads the archive finds it, and is verified as those in the database are.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from archive.database import ArchiveError, CannotWriteError, DamageError

OUTSIDE = "zstd-outside"
"""The encoding of such a body; `data` of its row is the place, in UTF-8. The file holds what `data` would."""


def read_outside(folder: Path, place: str, sha256: str) -> bytes:
    """A body, compressed, of the archive in `folder`. Raises DamageError where it is not to be had."""
    try:
        if (path := _path(folder, place, sha256)) is not None:
            return path.read_bytes()
        return bytes(_file_system(place).cat_file(f"{place.rstrip('/')}/{_name(sha256)}"))
    except OSError as error:
        raise DamageError(f"body {sha256} cannot be read from {place}: {error}") from error


def write_outside(folder: Path, place: str, sha256: str, data: bytes) -> None:
    """Keep a body, compressed; once this returns it is on the disk, or in the store. Raises ArchiveError."""
    try:
        path = _path(folder, place, sha256)
        if path is None:
            _file_system(place).pipe_file(f"{place.rstrip('/')}/{_name(sha256)}", data)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            with part.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)
    except OSError as error:
        raise CannotWriteError(f"cannot write body {sha256} to {place}: {error}") from error


def inside(connection: sqlite3.Connection, encoding: str, data: bytes, sha256: str) -> tuple[str, bytes]:
    """Encoding and data of a row of `bodies` of a connection's database as they are where the body is within.

    Raises DamageError.
    """
    if encoding != OUTSIDE:
        return encoding, data
    path = connection.execute("PRAGMA database_list").fetchone()[2]
    return "zstd", read_outside(Path(path).parent, data.decode(), sha256)


def is_afar(place: str) -> bool:
    """Whether it takes a network to read what is kept there."""
    return "://" in place.removeprefix("file://")


def check_place(place: str) -> None:
    """Raises ArchiveError for a place at which no body can be kept."""
    if _path(Path(), place, "") is None:
        _file_system(place)


def _path(folder: Path, place: str, sha256: str) -> Path | None:
    """The file of a body; None where the place is no folder."""
    place = place.removeprefix("file://")
    return None if is_afar(place) else folder / place / _name(sha256)


def _name(sha256: str) -> str:
    return f"{sha256[:2]}/{sha256}.zst"


@cache
def _file_system(place: str) -> Any:
    """What fsspec has for such an address. Raises ArchiveError where it, or what it needs for that, is not installed."""
    try:
        from fsspec.core import url_to_fs
    except ModuleNotFoundError as error:
        raise ArchiveError(f"BODIES at {place} needs fsspec: pip install 'tongjian[s3]'") from error
    try:
        file_system, _ = url_to_fs(place)
    except (ImportError, ValueError) as error:
        raise ArchiveError(f"BODIES at {place}: {error}") from error
    return file_system
