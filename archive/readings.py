"""readings.db: documents as they were read, so that none is read twice by the same readers. It can be deleted at any time.

A reading is found by the hash of the document, its format and what read it. It is no record of anything: one that is
damaged, or of other readers, counts as none, and a database that cannot be used is done without.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
from hashlib import blake2b
from pathlib import Path

import zstandard

from archive.database import ArchiveError, open_database, open_read_only
from archive.migrations.readings import migrations

logger = logging.getLogger(__name__)

_GET = "SELECT readers, content, digest FROM readings WHERE sha256 = ? AND kind = ?"
_PUT = "INSERT OR REPLACE INTO readings (sha256, kind, readers, content, digest) VALUES (?, ?, ?, ?, ?)"


class Readings:
    """The readings of one archive directory by one state of the readers. Safe to use from several threads."""

    def __init__(self, folder: Path, readers: str, *, read_only: bool = False) -> None:
        """Opened when it is first asked. `readers` names all that a reading depends on beside the document."""
        self.path = folder / "readings.db"
        self.readers = readers
        self.read_only = read_only
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._process: int | None = None
        """The process that has asked: a fork opens the database anew."""

    def get(self, sha256: str, kind: str) -> bytes | None:
        """What these readers made of a document; None where it was not kept, or not whole."""
        try:
            with self._lock:
                connection = self._opened()
                row = connection.execute(_GET, (sha256, kind)).fetchone() if connection else None
        except sqlite3.Error as error:
            self._give_up(error)
            return None
        if row is None or row["readers"] != self.readers or row["digest"] != self._digest(sha256, kind, row["content"]):
            return None
        return zstandard.ZstdDecompressor().decompress(row["content"])

    def put(self, sha256: str, kind: str, content: bytes) -> None:
        """Keep what these readers made of a document."""
        if self.read_only:
            return
        packed = zstandard.ZstdCompressor(level=3).compress(content)
        values = (sha256, kind, self.readers, packed, self._digest(sha256, kind, packed))
        try:
            with self._lock:
                if connection := self._opened():
                    with connection:
                        connection.execute(_PUT, values)
        except sqlite3.Error as error:
            self._give_up(error)

    def close(self) -> None:
        """Release the database; it is opened again when it is next asked."""
        with self._lock:
            if self._connection is not None and self._process == os.getpid():
                self._connection.close()
            self._connection = self._process = None

    def _digest(self, sha256: str, kind: str, packed: bytes) -> bytes:
        return blake2b(f"{sha256}\n{kind}\n{self.readers}\n".encode() + packed, digest_size=16).digest()

    def _opened(self) -> sqlite3.Connection | None:
        if self._process != os.getpid():
            self._process = os.getpid()
            self._connection = self._open()
        return self._connection

    def _open(self) -> sqlite3.Connection | None:
        """None where there is nothing to read or no place to write."""
        try:
            if self.read_only:
                return open_read_only(self.path) if self.path.is_file() else None
            connection = open_database(self.path, migrations).conn
        except ArchiveError as error:
            logger.warning("documents are read again: %s; it can be deleted", error)
            return None
        (kept,) = connection.execute("SELECT readers FROM generation").fetchone()
        if kept != self.readers:  # what other readers made would only take room
            with connection:
                connection.execute("DELETE FROM readings")
                connection.execute("UPDATE generation SET readers = ?", (self.readers,))
        return connection

    def _give_up(self, error: sqlite3.Error) -> None:
        """A database that is damaged or full is left alone by this process."""
        logger.warning("documents are read again: %s: %s; it can be deleted", self.path, error)
        with self._lock:
            self._connection = None
