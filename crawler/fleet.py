"""Deals many portals out to a few workers, each a process with one reactor that rolls some two hundred crawls.

A portal that fails stops no other. Of a worker that dies or is stuck the portals go on elsewhere, in smaller company each
time, until the one that kills its worker is alone with it.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from asyncio.subprocess import PIPE, Process, create_subprocess_exec
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from archive import ArchiveError
from crawler.command import UNUSABLE, UNWELL, WELL
from crawler.look_ups import LookUps
from crawler.silence import Silence

RESULTS: dict[int, str] = {WELL: "well", UNWELL: "unwell", UNUSABLE: "could not run"}
PORTALS = 200
"""That a worker crawls at a time. More do not ask faster, for each host has its pace; the largest would only begin later."""
COMPANY = (PORTALS, 50, 10, 1)
"""Portals that share a worker, by the number of workers that died under them."""
STUCK_S = 120.0
"""Seconds of work or of waiting without a sign of life after which a worker is killed. Nothing in it may take that long:
readers have children."""
LOOKS = 10
"""At a silent worker, in these seconds."""
MOST_FAILED_STARTS = 5
"""Workers in a row that may be killed before they begin, as by a system that lacks memory, until the run ends."""
ENDING_S = 8.0
"""Seconds that workers have to end when the run is stopped; each crawl needs less than five."""


@dataclass(slots=True, kw_only=True)
class Crawl:
    """How the crawl of one portal went."""

    portal: str
    exit_code: int
    """Of ExitCode; UNUSABLE for a crawl under which its workers died."""
    result: str
    """The exit code in words."""
    seconds: float
    stats: dict[str, Any] = field(default_factory=dict)
    """The counters of its run."""
    message: str = ""
    """Why it could not run."""


class Dealer(Protocol):
    """Deals portals out to workers, wherever these are."""

    @property
    def requests(self) -> int:
        """Requests sent so far, as far as is known."""

    @property
    def running(self) -> int:
        """Portals, or addresses with theirs, that are being crawled."""

    def crawl(self, portals: Mapping[str, Iterable[str]]) -> AsyncGenerator[Crawl]:
        """Crawl portals, given with the hosts that they declare."""


@dataclass(eq=False, slots=True)
class _Portal:
    name: str
    addresses: frozenset[str]
    deaths: int = 0
    """Workers that died while they crawled it."""


@dataclass(eq=False, slots=True)
class _Worker:
    deaths: int
    """It takes portals under which so many workers died."""
    process: Process | None = None
    room: int = 0
    """Portals that it takes at a time; 0 until it has begun."""
    crawling: dict[str, _Portal] = field(default_factory=dict)
    requests: int = 0
    is_ending: bool = False
    """It is given nothing more."""

    @property
    def has_room(self) -> bool:
        """Whether it takes another portal."""
        return len(self.crawling) < self.room and not self.is_ending

    def write(self, line: object) -> None:
        """Send a line. Where the process is gone nothing happens: its end is noticed elsewhere."""
        if self.process is not None and self.process.stdin is not None:
            self.process.stdin.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")


class Fleet:
    """The workers of one `scrapy crawl-all`."""

    def __init__(
        self,
        archive: Path,
        workers: int,
        *,
        settings: Mapping[str, Any],
        arguments: Mapping[str, str],
        on_start: Callable[[str], None] = lambda _: None,
        stuck: float = STUCK_S,
        delay: float = 0.0,
    ) -> None:
        """`settings` and `arguments` are those of the command line; `on_start` is called with each portal that begins.

        `delay`: seconds for which an address is left in peace whose worker has died, and with it the pace that it kept.
        """
        self.most = workers
        self.told = {"settings": {**settings, "ARCHIVE": str(archive)}, "arguments": dict(arguments)}
        self.on_start = on_start
        self.stuck = stuck
        self.delay = delay
        self.resting: set[str] = set()
        """Addresses whose last request was a moment ago: of the next portal there, too, they expect a pause."""
        self.workers: dict[_Worker, asyncio.Task[None]] = {}
        self.waiting: dict[str, _Portal] = {}
        self.events: asyncio.Queue[Crawl | ArchiveError | None] = asyncio.Queue()
        """Crawls that ended, what ends the run, and None where something else has changed."""
        self.admitting = 0
        """Portals whose addresses are being looked up."""
        self.is_stopping = False
        self.failed_starts = 0
        """Workers in a row that were killed before they began."""
        self._requests = 0

    @property
    def requests(self) -> int:
        """Requests sent so far."""
        return self._requests + sum(worker.requests for worker in self.workers)

    @property
    def running(self) -> int:
        """Portals that are being crawled."""
        return sum(len(worker.crawling) for worker in self.workers)

    async def crawl(self, portals: Mapping[str, Iterable[str]]) -> AsyncGenerator[Crawl]:
        """Crawl portals, given with the hosts that they declare, in their order as far as addresses allow.

        Two portals that share an address are never crawled at the same time: each crawl keeps a pace of its own.
        Raises ArchiveError when the archive could not be written, or no worker can begin. However it is left, it asks
        every crawl to end, and waits for it.
        """
        self.admitting = len(portals)
        self._hire(Counter({0: len(portals)}))  # they load while names are looked up
        with LookUps() as look_ups:
            admissions = [asyncio.create_task(self._admit(name, hosts, look_ups)) for name, hosts in portals.items()]
            try:
                for _ in admissions:
                    yield await self._next()
            finally:
                for admission in admissions:
                    admission.cancel()
                await self._stop()

    async def _admit(self, name: str, hosts: Iterable[str], look_ups: LookUps) -> None:
        """Let a portal be dealt out, once its addresses are known."""
        found = [await look_ups.addresses(host) for host in hosts]
        self.waiting[name] = _Portal(name, frozenset().union(*found))
        self.admitting -= 1
        self.events.put_nowait(None)

    async def _next(self) -> Crawl:
        """The next crawl that ends."""
        event = None
        while event is None:
            if self.events.empty():
                self._deal()
            event = await self.events.get()
        if isinstance(event, ArchiveError):
            raise event
        return event

    def _deal(self) -> None:
        """Give the portals that wait to workers with room, but no two on one address; see that there are workers."""
        crawled = (portal for worker in self.workers for portal in worker.crawling.values())
        taken = self.resting.union(*(portal.addresses for portal in crawled))
        for portal in list(self.waiting.values()):
            if not taken.isdisjoint(portal.addresses):
                continue
            able = [worker for worker in self.workers if worker.has_room and worker.deaths == portal.deaths]
            if worker := min(able, key=lambda one: len(one.crawling), default=None):
                del self.waiting[portal.name]
                taken |= portal.addresses
                worker.crawling[portal.name] = portal
                worker.write(portal.name)
                self.on_start(portal.name)
        self._hire(Counter(portal.deaths for portal in self.waiting.values()))

    def _hire(self, waiting: Counter[int]) -> None:
        """Start workers for what waits, given by the deaths that it has seen; let go of those that have nothing to do."""
        there = Counter(worker.deaths for worker in self.workers if not worker.is_ending)
        for worker in self.workers:
            if worker.has_room and not (worker.crawling or waiting[worker.deaths] or self.admitting):
                worker.is_ending = True
                worker.write(None)
        for deaths in sorted(waiting):
            for _ in range(min(self.most - len(self.workers), waiting[deaths] - there[deaths])):
                worker = _Worker(deaths)
                self.workers[worker] = asyncio.create_task(self._employ(worker))

    async def _employ(self, worker: _Worker) -> None:
        """A worker from its beginning to its end; what it leaves undone waits for another."""
        command = (sys.executable, "-m", "crawler.worker", json.dumps(self.told))
        # A session of its own, so that Ctrl-C does not reach it twice: the second signal would cut its crawls off.
        worker.process = await create_subprocess_exec(
            *command, stdin=PIPE, stdout=PIPE, limit=1 << 20, start_new_session=True
        )
        try:
            await self._listen(worker, worker.process)
            code = await worker.process.wait()
        finally:
            with suppress(ProcessLookupError):
                worker.process.kill()
            del self.workers[worker]
            self._requests += worker.requests
        if not (worker.room or self.is_stopping):
            self.failed_starts += 1
            if code >= 0 or self.failed_starts == MOST_FAILED_STARTS:
                self.events.put_nowait(ArchiveError(f"a worker {_in_words(code)} before it began"))
        for portal in worker.crawling.values():
            self._bury(portal, code)
        self.events.put_nowait(None)

    async def _listen(self, worker: _Worker, process: Process) -> None:
        """Take in what a worker says, until it ends."""
        while line := await self._line(process):
            said = json.loads(line)
            if "portal" in said:
                self._take(worker, said)
            elif "room" in said:
                worker.room = min(said["room"], COMPANY[worker.deaths])
                self.failed_starts = 0
                if not worker.room:
                    self.events.put_nowait(
                        ArchiveError("too few files may be open (ulimit -n) to crawl a single portal")
                    )
                self.events.put_nowait(None)
            else:
                worker.requests = said["requests"]

    async def _line(self, process: Process) -> bytes:
        """What a worker says next; nothing at its end. One that is stuck is killed."""
        if process.stdout is None:
            return b""
        silence = Silence(process.pid, self.stuck)
        line = asyncio.ensure_future(process.stdout.readline())
        try:
            while not (await asyncio.wait([line], timeout=self.stuck / LOOKS))[0]:
                if silence.is_stuck():
                    with suppress(ProcessLookupError):
                        process.kill()
            return await line
        finally:
            line.cancel()

    def _take(self, worker: _Worker, said: dict[str, Any]) -> None:
        """The crawl of a portal has ended."""
        is_archive_full, rest = said.pop("is_archive_full"), said.pop("rest")
        if portal := worker.crawling.pop(said["portal"], None):
            self._rest(portal, rest)
        self.events.put_nowait(Crawl(result=RESULTS[said["exit_code"]], **said))
        if is_archive_full:
            self.events.put_nowait(ArchiveError(said["message"]))

    def _rest(self, portal: _Portal, seconds: float) -> None:
        """Crawl nothing at the addresses of a portal for a while."""

        def end() -> None:
            self.resting -= portal.addresses
            self.events.put_nowait(None)

        if seconds:
            self.resting |= portal.addresses
            asyncio.get_running_loop().call_later(seconds, end)

    def _bury(self, portal: _Portal, code: int) -> None:
        """A worker ended while it crawled a portal: another one is to try, and at last one that has nothing else to do."""
        portal.deaths += 1
        if self.is_stopping:
            return
        self._rest(portal, self.delay)
        if portal.deaths < len(COMPANY):
            self.waiting[portal.name] = portal
            return
        how = _in_words(code)
        self.events.put_nowait(Crawl(portal=portal.name, exit_code=UNUSABLE, result=how, seconds=0.0))

    async def _stop(self) -> None:
        """Ask every crawl to end, and wait for it."""
        self.is_stopping = True
        for worker in self.workers:
            if worker.process is not None and worker.crawling:
                with suppress(ProcessLookupError):
                    worker.process.send_signal(signal.SIGINT)
            elif worker.room:
                worker.is_ending = True
                worker.write(None)
            elif worker.process is not None:
                with suppress(ProcessLookupError):
                    worker.process.kill()  # it is only loading
        if self.workers:
            await asyncio.wait(self.workers.values(), timeout=ENDING_S)
        tasks = list(self.workers.values())
        for task in tasks:
            task.cancel()  # which kills its process
        await asyncio.gather(*tasks, return_exceptions=True)


def _in_words(code: int) -> str:
    """The end of a process."""
    return f"was killed by signal {-code}" if code < 0 else f"ended with {code}"
