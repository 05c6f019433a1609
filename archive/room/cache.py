"""A result that takes a while to work out, kept until the archive changes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

T = TypeVar("T")
STALE_S = 5.0
"""Seconds that a result may be out of date while a crawl writes; an archive at rest is read once."""


class UntilChanged(Generic[T]):
    """The result of a function, computed again when the database file or its write-ahead log has changed."""

    def __init__(self, database: Path) -> None:
        self.files = (database, database.with_name(database.name + "-wal"))
        self.lock = threading.Lock()
        self.state: tuple[object, ...] = ()
        self.since = float("-inf")
        self.value: T | None = None

    def get(self, work: Callable[[], T], *, fresh: bool = False) -> T:
        """The value; computed again if it is out of date, or if `fresh` says that it proved to be."""
        with self.lock:
            state = tuple(self._stamp(file) for file in self.files)
            if self.value is None or fresh or (state != self.state and time.monotonic() - self.since > STALE_S):
                self.value = work()
                self.state, self.since = state, time.monotonic()
            return self.value

    @staticmethod
    def _stamp(file: Path) -> tuple[int, int]:
        try:
            found = file.stat()
        except FileNotFoundError:
            return (0, 0)
        return (found.st_mtime_ns, found.st_size)
