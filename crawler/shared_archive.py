"""The two databases of an archive, and the processes that read it, once in a process, however many crawls write to them.

All of that happens in the reactor's thread, and what one crawl writes is whole when another comes to write: connections
of their own would only wait for one another, and cost memory and files for each portal.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, cached_property
from pathlib import Path
from typing import ClassVar, Self

from archive import ArchiveError, Captures, Reports
from crawler.readers import Readers
from crawler.write_queue import WriteQueue


class SharedArchive:
    """An open archive, until the last crawl that has it lets go of it."""

    _opened: ClassVar[dict[Path, SharedArchive]] = {}
    _ended: ClassVar[int] = 0
    """Crawls of this process that have let go of an archive."""

    def __init__(self, folder: Path) -> None:
        """Raises ArchiveError when captures.db cannot be used."""
        self.folder = folder
        self.users = 0
        self.failed: ArchiveError | None = None
        """Why nothing more can be written."""
        self.captures = Captures(folder)

    @classmethod
    def at(cls, folder: Path) -> Self:
        """The archive in a directory; every call is to be followed by one of `release`. Raises ArchiveError."""
        place = folder.absolute()
        archive = cls._opened.get(place) or cls._opened.setdefault(place, cls(folder))
        archive.users += 1
        cls._search_less_for_garbage()
        return archive  # type: ignore[return-value]

    @cached_property
    def reports(self) -> Reports:
        """Raises ArchiveError when reports.db cannot be used."""
        return Reports(self.folder)

    @contextmanager
    def reports_to_read(self) -> Iterator[Reports]:
        """reports.db where it is open; else what there is of it, and none is made. Raises ArchiveError."""
        if "reports" in vars(self):
            yield self.reports
            return
        reports = Reports.read_or_empty(self.folder)
        try:
            yield reports
        finally:
            reports.db.close()

    @cached_property
    def readers(self) -> Readers:
        """The processes in which its pages are read; each is started when it is first needed."""
        return Readers(self.captures)

    @cached_property
    def writes(self) -> WriteQueue:
        """What its crawls write to reports.db. Raises ArchiveError when that cannot be used."""
        return WriteQueue(self.reports)

    def release(self) -> None:
        """Close both databases, unless another crawl has them."""
        self.users -= 1
        if not self.users:
            del self._opened[self.folder.absolute()]
            self._close()
        SharedArchive._ended += 1
        self._search_less_for_garbage()
        if not self._opened or self._ended % _COLLECTED_EVERY == 0:
            gc.collect()  # what ended crawls leave is in cycles, and would be found only after many more

    @classmethod
    def _search_less_for_garbage(cls) -> None:
        crawls = sum(archive.users for archive in cls._opened.values())
        gc.set_threshold(_ALLOCATIONS + _ALLOCATIONS_OF_CRAWL * max(crawls - 1, 0), *gc.get_threshold()[1:])

    def _close(self) -> None:
        if "readers" in vars(self):
            self.readers.close()
        if "reports" in vars(self):
            try:
                self.writes.flush()
                self.reports.close()
            except ArchiveError as error:
                self.failed = self.failed or error
        self.captures.close()


_COLLECTED_EVERY = 50
"""Crawls of a process that end between two searches for what they have left: some 0.1 MiB each. A search takes the longer
the more crawls there are, and on a cluster each of them has an archive of its own."""
_ALLOCATIONS = 10_000
"""Objects by which a process of one crawl grows between two searches for garbage cycles; Python's default is 700. Reading
leaves hardly any cycles."""
_ALLOCATIONS_OF_CRAWL = 250
"""For each crawl beside the first: of more crawls more is alive whenever a search comes, and it finds less. In a worker of two
hundred, searches took a thirteenth of the time."""


@cache
def leave_out_of_searches() -> None:
    """Leave what a process has loaded out of the searches for garbage.

    Once: a second time would keep alive what earlier crawls of the process have left.
    """
    gc.collect()
    gc.freeze()
