"""Reports that are written together, whichever crawls of this process they come from: a commit costs as much as writing one.

What waits is in no transaction, so that other processes are kept out no longer than writing takes. What a crash loses is
read again from the captures.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from archive import ArchiveError, Reports

T = TypeVar("T")

PATIENCE_S = 0.25
"""Seconds that a report waits for others."""
AT_ONCE = 20
"""Reports with which it waits no longer: writing them holds up the crawls for a twentieth of a second."""


class WriteQueue:
    """What is to be written to one reports.db."""

    def __init__(self, reports: Reports) -> None:
        self.reports = reports
        self._waiting: list[tuple[Callable[[], Any], asyncio.Future[Any]]] = []
        self._timer: asyncio.TimerHandle | None = None

    async def add(self, write: Callable[[], T]) -> T:
        """Perform a function that writes, and commit, with others; returns or raises what it does, once that is kept.

        Raises ArchiveError where it cannot be committed.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._waiting.append((write, future))
        if len(self._waiting) >= AT_ONCE:
            self.flush()
        elif self._timer is None:
            self._timer = loop.call_later(PATIENCE_S, self.flush)
        return await future

    def flush(self) -> None:
        """Write what waits."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        waiting, self._waiting = self._waiting, []
        answers = [(future, *_performed(write)) for write, future in waiting]
        failure: ArchiveError | None = None
        if answers:
            try:
                self.reports.commit()
            except ArchiveError as error:
                failure = error
        for future, value, raised in answers:
            if future.done():  # nobody waits for it any more
                continue
            if raised := failure or raised:
                future.set_exception(raised)
            else:
                future.set_result(value)


def _performed(write: Callable[[], Any]) -> tuple[Any, Exception | None]:
    try:
        return write(), None
    except Exception as error:  # noqa: BLE001 - whatever it raises is of the crawl that handed it in
        return None, error
