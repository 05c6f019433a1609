"""The processes in which captured pages are read beside the crawls of this one, which goes on meanwhile.

A page that hangs or kills the process that reads it is a problem of its own, and costs no other page anything.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import ClassVar, ParamSpec, TypeVar

from archive import Captures
from archive.model import Located, PageReference
from archive.read_marks import mark_of, newest_capture
from archive.records import Reading, with_rows
from archive.vocabulary import ProblemKind
from pipelines.documents import Content
from pipelines.errors import DocumentError
from pipelines.ingest import page_tasks
from pipelines.ingest.compose import failed
from pipelines.ingest.executor import failed_reading
from pipelines.ingest.page_tasks import Parts
from pipelines.ingest.processes import DiedError, Processes, StuckError
from pipelines.version import READER_VERSION

P = ParamSpec("P")
T = TypeVar("T")

PATIENCE_S = 0.5
"""Seconds that a page waits before a further process is started: one reads faster than a crawl fetches."""
STUCK_S = 900.0
"""Seconds of the clock after which a process is ended that uses no processor; what uses it is ended before."""
AT_ONCE = 8
"""Documents that are handed out together where many have to be read."""
TRIES = 2
"""Processes that may die over a page. Of what takes too long the first is enough."""


class Readers:
    """Reads the captured pages of one archive, for all crawls that write to it."""

    _open: ClassVar[list[Readers]] = []
    _processes: ClassVar[list[Processes]] = []
    """Those of this process, for all archives that it crawls into, until the last of them is closed."""

    def __init__(self, captures: Captures) -> None:
        self.captures = captures
        self._open.append(self)
        if not self._processes:
            processes = Processes(
                1 + (os.cpu_count() or 1),
                initializer=page_tasks.begin,
                patience=PATIENCE_S,
                seconds=STUCK_S,
                network=captures.are_bodies_afar(),
            )
            self._processes.append(processes)
        (self.processes,) = self._processes

    async def parts(self, reference: PageReference, place: Located | None, *, with_pictures: bool) -> Parts:
        """What belongs to a page, and its document's report if that takes nothing more: page_tasks.parts.

        Raises ArchiveError where the page is not captured.
        """
        try:
            found = await self._performed(page_tasks.parts, reference, place, with_pictures=with_pictures)
        except StuckError as error:
            return Parts(stuck=error.how)
        except DiedError:
            return Parts()  # the reading of the report says why
        if found.reading is not None:
            _complete(found.reading)
        return found

    async def is_had(self, url: str, *, is_frame: bool) -> bool:
        """Whether a page beside another is captured, and is what it should be."""
        try:
            return await self._performed(page_tasks.is_had, url, is_frame=is_frame)
        except DiedError:
            return False

    async def read(
        self,
        place: Located,
        capture_id: int | None = None,
        documents: Mapping[str, Content | DocumentError] | None = None,
    ) -> Reading:
        """The report of a document; a failed reading where that takes too long, or its process died twice."""
        for number in range(TRIES):
            try:
                reading = await self._performed(page_tasks.read, place, capture_id, documents)
            except DiedError as error:
                if number + 1 == TRIES or isinstance(error, StuckError):
                    return self._failed(place, error)
            else:
                return _complete(reading)
        raise AssertionError

    async def read_all(self, places: Iterable[Located]) -> AsyncIterator[Reading]:
        """The reports of many documents, in their order."""
        in_hand: deque[asyncio.Task[Reading]] = deque()
        for place in places:
            in_hand.append(asyncio.ensure_future(self.read(place)))
            if len(in_hand) >= AT_ONCE:
                yield await in_hand.popleft()
        while in_hand:
            yield await in_hand.popleft()

    def not_read(self, place: Located, why: str) -> Reading:
        """A reading that takes too long."""
        newest, entries = newest_capture(self.captures), self.captures.entries(urls=place.urls)
        mark = mark_of(newest, place.urls, entries, READER_VERSION)
        return failed(Reading(located=place, mark=mark), ProblemKind.TIMED_OUT, why)

    def _failed(self, place: Located, error: DiedError) -> Reading:
        """A reading whose process died."""
        return self.not_read(place, error.how) if isinstance(error, StuckError) else failed_reading(place, error)

    async def _performed(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.wrap_future(
            self.processes.submit(page_tasks.at, self.captures.path.parent, function, *args, **kwargs)
        )

    def close(self) -> None:
        """End the processes. What they are reading is read by the next crawl."""
        self._open.remove(self)
        if not self._open:
            self._processes.pop().shutdown(wait=False)


def _complete(reading: Reading) -> Reading:
    """A reading with its whole report, which came without what its rows say."""
    if reading.report is not None and reading.record is not None:
        with_rows(reading.report, reading.record.tables)
    return reading
