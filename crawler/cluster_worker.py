"""Crawls on a worker of a Dask cluster, in its own process: none goes on when the worker is gone.

Nor does one go on when the scheduler has not been heard for as long as its lease says: by then whoever deals out the portals
may give the address to another worker, and two would ask it.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Awaitable
from concurrent.futures import Future
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from distributed import Status, Worker, get_worker, secede
from scrapy.crawler import AsyncCrawlerRunner, Crawler
from scrapy.settings import Settings
from scrapy.spiderloader import get_spider_loader
from scrapy.utils.reactor import install_reactor

from archive import ArchiveError, Captures
from archive.lent import Lent, forget_runs, give_back, give_back_so_far, newest
from archive.vocabulary import RunKind
from crawler.command import UNUSABLE
from crawler.downloads import GATES
from crawler.worker import account, requests_of
from pipelines.ingest.cluster import check_version
from pipelines.ingest.importing import read_due
from pipelines.ingest.portals import OnePortal

_LOOK_S = 0.5
"""Seconds between two looks whether a crawl has to end."""
_ENDING_S = 4.0
"""Seconds that a crawl which has to end may take; an answer that comes later is not waited for."""
_SETTINGS = "crawler.settings"


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """The portals of one address, or of addresses that they share: crawled one after the other."""

    version: str
    """Of the readers where it comes from."""
    run: str
    """Names the crawl-all that it is of."""
    portals: dict[str, Lent]
    """Each with its part of the archive."""
    table: bytes
    """The rows that declare them, where that is not done in the project itself."""
    settings: dict[str, Any]
    arguments: dict[str, str]
    lease: float


@dataclass(frozen=True, slots=True)
class Crawled:
    """What came of the crawl of a portal."""

    told: dict[str, Any]
    """As `crawler.worker.account` gives it."""
    captures: bytes
    """The archive with what was fetched; empty where it did not begin."""
    requests: int


class LeaseError(Exception):
    """The crawl was ended; nobody waits for what it fetched."""


class Reactor:
    """The reactor of a worker's process, in a thread of its own that ends with it."""

    def __init__(self) -> None:
        self._begun: Future[asyncio.AbstractEventLoop] = Future()
        threading.Thread(target=self._run, name="crawls", daemon=True).start()
        self.loop = self._begun.result()

    def _run(self) -> None:
        install_reactor("twisted.internet.asyncioreactor.AsyncioSelectorReactor")
        from twisted.internet import reactor

        run: Any = reactor
        run.callLater(0, lambda: self._begun.set_result(asyncio.get_running_loop()))
        run.run(installSignalHandlers=False)


class Lease:
    """How long ago the scheduler was last heard."""

    def __init__(self, worker: Worker, seconds: float) -> None:
        self.worker = worker
        self.seconds = seconds
        self.heard = time.monotonic()
        worker.loop.add_callback(self._keep)
        GATES.append(lambda: "the scheduler has not been heard for too long" if self.is_over else "")

    async def _keep(self) -> None:
        while self.worker.status not in _ENDED:
            asked = time.monotonic()
            with suppress(OSError, TimeoutError):
                await asyncio.wait_for(self.worker.scheduler.echo(data=b""), self.seconds / 2)
                self.heard = asked
            await asyncio.sleep(self.seconds / 10)

    @property
    def is_over(self) -> bool:
        """Whether it ends before the scheduler can be heard again: a crawl takes a while to end."""
        return time.monotonic() - self.heard > self.seconds * 0.7


_ENDED = (Status.closing, Status.closed, Status.failed, Status.closing_gracefully)
_ending: set[str] = set()
"""Runs whose crawls are to end, and to give back what they have."""


_ONE_AT_A_TIME = threading.RLock()
"""Held where something is made of which a process has one: the reactor, and spiders, which modules make."""


def _reactor() -> Reactor:
    with _ONE_AT_A_TIME:
        return _only_reactor()


@cache
def _only_reactor() -> Reactor:
    return Reactor()


def _lease(seconds: float) -> Lease:
    with _ONE_AT_A_TIME:
        return _only_lease(seconds)


@cache
def _only_lease(seconds: float) -> Lease:
    return Lease(get_worker(), seconds)


def end_crawls(run: str) -> None:
    """End the crawls of a run on this worker as Ctrl-C ends those of a machine; they give back what they have."""
    _ending.add(run)


def crawl_there(task: Task) -> list[Crawled]:
    """Crawl the portals of an address. Raises ArchiveError where this worker has other readers, LeaseError when it is ended."""
    check_version(task.version)
    worker, key = get_worker(), get_worker().get_current_task()
    lease = _lease(task.lease)
    secede()  # it waits: the worker's threads are for reading
    crawled: list[Crawled] = []
    last = next(reversed(task.portals))
    folder = Path(tempfile.mkdtemp(prefix="crawl-", dir=worker.local_directory))
    try:
        for name, lent in task.portals.items():
            if task.run in _ending:
                break
            crawl = _Crawl(task, name, folder / name)
            lent.unpack(crawl.folder)
            if task.table:
                (crawl.folder / "portals.csv").write_bytes(task.table)
            crawl.begin()
            crawled.append(_wait(crawl, worker, str(key), lease, task.run))
            rested_at = time.monotonic() + crawled[-1].told["rest"]  # the next one is at the same address
            while name != last and task.run not in _ending and time.monotonic() < rested_at:
                if not _goes_on(worker, str(key), lease):
                    raise LeaseError(f"{name} was the last one: nobody waits for the others")
                time.sleep(min(_LOOK_S, max(0.0, rested_at - time.monotonic())))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return crawled


def _wait(crawl: _Crawl, worker: Worker, key: str, lease: Lease, run: str) -> Crawled:
    """What comes of a crawl, which is ended when nobody waits for it any more."""
    while True:
        with suppress(TimeoutError):
            return crawl.done.result(_LOOK_S)
        is_wanted = _goes_on(worker, key, lease)
        if is_wanted and run not in _ending:
            continue
        crawl.stop()
        with suppress(TimeoutError):
            crawled = crawl.done.result(_ENDING_S)
            if is_wanted:
                return crawled
        if is_wanted:
            return crawl.so_far()
        raise LeaseError(f"the crawl of {crawl.name} was ended: nobody waits for it")


def _goes_on(worker: Worker, key: str, lease: Lease) -> bool:
    """Whether somebody waits for a task, and can be heard."""
    return worker.status not in _ENDED and not lease.is_over and _is_wanted(worker, key)


def _is_wanted(worker: Worker, key: str) -> bool:
    """Whether the scheduler still wants what a task gives: a client that is gone wants nothing."""
    state = worker.state.tasks.get(key)
    return state is not None and state.state != "cancelled"


class _Crawl:
    """The crawl of a portal, in the reactor's thread; anything may ask for its end."""

    def __init__(self, task: Task, name: str, folder: Path) -> None:
        self.task = task
        self.name = name
        self.folder = folder
        self.done: Future[Crawled] = Future()
        self.crawler: Crawler | None = None
        self.is_stopped = False
        self.began = time.monotonic()
        self.settings = Settings()
        self.settings.setmodule(_SETTINGS, priority="project")
        self.settings.setdict(task.settings | {"ARCHIVE": str(folder), "PORTALS": "", "BODIES": ""}, priority="cmdline")

    def begin(self) -> None:
        """Make its archive ready, and have the reactor crawl. Raises ArchiveError, and KeyError for an unknown portal."""
        with _ONE_AT_A_TIME:
            self.portal = get_spider_loader(self.settings).load(self.name)
        portal: Any = self.portal
        with closing(Captures(self.folder)) as captures:
            self.since, run = newest(captures)
            if self.since:  # reports.db as it stands where that comes from
                read_due(captures, OnePortal(portal), captures.start_run(RunKind.REPARSE, self.name), Counter())
                forget_runs(captures, run)
        asyncio.run_coroutine_threadsafe(self._crawl(), _reactor().loop)

    async def _crawl(self) -> None:
        """Raises nothing: `done` has what came of it."""
        error = None
        try:
            runner = AsyncCrawlerRunner(self.settings)
            self.crawler = runner.create_crawler(self.portal)
            if not self.is_stopped:
                await runner.crawl(self.crawler, **self.task.arguments)
        except Exception as failure:  # noqa: BLE001 - it is told like any other end of a crawl
            error = failure
        told = account(self.name, self.crawler, self.began, error)
        try:
            captures = give_back(self.folder, self.since)
        except ArchiveError as failure:
            told |= {"exit_code": int(UNUSABLE), "message": str(failure)}
            captures = b""
        self.done.set_result(Crawled(told, captures, requests_of(self.crawler)))

    def so_far(self) -> Crawled:
        """What it has fetched, although it has not ended."""
        told = account(self.name, self.crawler, self.began, None)
        captures = give_back_so_far(self.folder, self.since, told["stats"])
        return Crawled(told, captures, requests_of(self.crawler))

    def stop(self) -> None:
        """Ask it to end; what it waits for may still come."""
        self.is_stopped = True

        def stop() -> None:
            if self.crawler is not None:
                self.stopping = asyncio.ensure_future(_quietly(self.crawler.stop_async()))

        _reactor().loop.call_soon_threadsafe(stop)


async def _quietly(stopping: Awaitable[Any]) -> None:
    with suppress(RuntimeError):  # it has ended, or not begun
        await stopping
