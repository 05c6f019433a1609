"""Names looked up beside everything else, in threads that nobody waits for: where name servers are gone, one may take a minute."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from queue import SimpleQueue
from socket import getaddrinfo
from threading import Thread
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

LOOK_UPS = 32
"""Names looked up at a time."""


class LookUps:
    """Looks up the addresses of hosts; a context manager, whose end drops what is not answered yet."""

    def __init__(self) -> None:
        self._asked: SimpleQueue[tuple[str, Future[frozenset[str]]]] = SimpleQueue()
        self._is_closed = False

    def __enter__(self) -> Self:
        for number in range(LOOK_UPS):
            Thread(target=self._answer, name=f"look-up-{number}", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_closed = True
        for _ in range(LOOK_UPS):
            self._asked.put(("", Future()))

    def addresses(self, host: str) -> asyncio.Future[frozenset[str]]:
        """As `addresses` gives them."""
        future: Future[frozenset[str]] = Future()
        self._asked.put((host, future))
        return asyncio.wrap_future(future)

    def _answer(self) -> None:
        while True:
            host, future = self._asked.get()
            if self._is_closed:
                return
            if future.set_running_or_notify_cancel():
                future.set_result(addresses(host))


def addresses(host: str) -> frozenset[str]:
    """The IP addresses of a host and port; the host's name itself where it does not resolve, or is none."""
    name = urlsplit(f"//{host}").hostname or host
    try:
        found = getaddrinfo(name, None)
    except (OSError, UnicodeError):
        return frozenset((name,))
    return frozenset(str(place[4][0]) for place in found)
