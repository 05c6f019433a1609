"""What takes a while to work out is kept until the archive has changed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

T = TypeVar("T")
STALE_S = 5.0
"""While a crawl writes, an answer may be so old; an archive at rest is asked once."""


class Kept(Generic[T]):
    """The result of `work`, done again when the database file or its write-ahead log differs."""

    def __init__(self, path: Path) -> None:
        self.files = (path, path.with_name(path.name + "-wal"))
        self.lock = threading.Lock()
        self.state: tuple[object, ...] = ()
        self.since = float("-inf")
        self.value: T | None = None

    def get(self, work: Callable[[], T], *, fresh: bool = False) -> T:
        """The value; worked out anew where it is out of date, or where `fresh` says that it proved to be."""
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
