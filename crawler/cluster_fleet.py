"""Deals portals out to the workers of a Dask cluster, and merges what each crawl brings: the one writer of the archive.

Which worker crawls an address is decided here, not by the scheduler: it would give the work of a worker that it no longer
hears to another at once, while the first one may still be asking. Here the address waits until the first one's lease is over.
"""

from __future__ import annotations

import asyncio
import csv
import io
import pickle
import tempfile
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from distributed import Client

from archive import ArchiveError, Captures
from archive.database import CannotWriteError
from archive.lent import lend
from archive.merge import Merge
from archive.portal_lock import PortalBusyError, PortalLock
from crawler.cluster_worker import Crawled, Task, crawl_there, end_crawls
from crawler.command import UNUSABLE, UNWELL
from crawler.fleet import COMPANY, ENDING_S, RESULTS, Crawl
from crawler.look_ups import LookUps
from pipelines.ingest.cluster import Call
from pipelines.version import READER_VERSION

_LOOK_S = 1.0
"""Seconds between two looks at which workers there are."""


@dataclass(eq=False, slots=True)
class _Group:
    """Portals that share addresses: crawled one after the other, by one worker."""

    portals: list[str]
    deaths: int = 0
    """Workers that were lost while they crawled it."""
    not_before: float = 0.0
    """When it may be dealt out again."""
    worker: str = ""
    locks: list[PortalLock] = field(default_factory=list)


class ClusterFleet:
    """The crawls of one `scrapy crawl-all` on a cluster."""

    def __init__(
        self,
        client: Client,
        archive: Path,
        *,
        settings: Mapping[str, Any],
        arguments: Mapping[str, str],
        table: Path | None,
        lease: float,
        bodies: str = "",
        on_start: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`table` declares portals that the workers' own project does not have. `lease`: seconds after which a crawl ends that
        does not hear the scheduler.
        """
        self.client = client
        self.archive = archive
        self.settings = dict(settings)
        self.arguments = dict(arguments)
        self.table = table
        self.lease = lease
        self.on_start = on_start
        self.run = uuid4().hex
        self._requests = 0
        self.waiting: list[_Group] = []
        self.crawling: dict[asyncio.Future[bytes], _Group] = {}
        self.workers: set[str] = set()
        self.heard = time.monotonic()
        self.captures = Captures(archive)
        self.captures.keep_bodies_at(bodies)

    @property
    def requests(self) -> int:
        """Of the crawls that have ended."""
        return self._requests

    @property
    def running(self) -> int:
        """Addresses that are being crawled."""
        return len(self.crawling)

    async def crawl(self, portals: Mapping[str, Iterable[str]]) -> AsyncGenerator[Crawl]:
        """As Fleet.crawl does it. Raises ArchiveError, too, when the scheduler is not heard for as long as the lease is."""
        looking = asyncio.create_task(self._look())
        try:
            self.waiting = await _groups(portals)
            while self.waiting or self.crawling:
                for crawl in self._deal():
                    yield crawl
                futures: set[asyncio.Future[Any]] = {looking, *self.crawling}
                await asyncio.wait(futures, timeout=_LOOK_S, return_when=asyncio.FIRST_COMPLETED)
                if looking.done():
                    looking.result()
                    self._bury_lost()
                    looking = asyncio.create_task(self._look())
                for future in [future for future in self.crawling if future.done()]:
                    for crawl in self._take(future):
                        yield crawl
        finally:
            looking.cancel()
            await self._stop()

    async def _look(self) -> None:
        """Ask the scheduler which workers there are. Raises ArchiveError when it does not answer for too long."""
        await asyncio.sleep(_LOOK_S if self.workers else 0)
        while True:
            asked = self._ask(self.client.scheduler.ncores())
            try:
                self.workers = set(await asyncio.wait_for(asked, self.lease / 2))
            except (OSError, TimeoutError) as error:
                if time.monotonic() - self.heard > self.lease:
                    message = f"the scheduler has not answered for {self.lease:.0f} seconds; the crawls have ended"
                    raise ArchiveError(message) from error
                await asyncio.sleep(_LOOK_S)
            else:
                self.heard = time.monotonic()
                return

    def _ask(self, question: Any) -> asyncio.Future[Any]:
        """Have the client's own loop await something."""
        return asyncio.wrap_future(asyncio.run_coroutine_threadsafe(question, self.client.loop.asyncio_loop))

    def _deal(self) -> list[Crawl]:
        """Give the groups that wait to workers with room; crawls of portals that another process crawls have ended."""
        ended: list[Crawl] = []
        now = time.monotonic()
        for group in [group for group in self.waiting if group.not_before <= now]:
            company = {
                worker: [one for one in self.crawling.values() if one.worker == worker] for worker in self.workers
            }
            able = [worker for worker, others in company.items() if len(others) < _room([group, *others])]
            if not able:
                continue
            self.waiting.remove(group)
            group.worker = min(able, key=lambda worker: len(company[worker]))
            ended += self._begin(group)
        return ended

    def _begin(self, group: _Group) -> list[Crawl]:
        busy = []
        for name in list(group.portals):
            try:
                group.locks.append(PortalLock.take(self.archive, name))
            except PortalBusyError as error:
                group.portals.remove(name)
                busy.append(
                    Crawl(portal=name, exit_code=UNWELL, result=RESULTS[UNWELL], seconds=0.0, message=str(error))
                )
        if group.portals:
            with _scratch() as folder:
                lent = {name: lend(self.captures, name, folder / name) for name in group.portals}
            task = Task(
                version=READER_VERSION,
                run=self.run,
                portals=lent,
                table=_rows(self.table, group.portals),
                settings=self.settings,
                arguments=self.arguments,
                lease=self.lease,
            )
            executor = self.client.get_executor(
                pure=False, workers=[group.worker], allow_other_workers=False, retries=0
            )
            call = pickle.dumps(Call(crawl_there, task), pickle.HIGHEST_PROTOCOL)
            self.crawling[asyncio.wrap_future(executor.submit(pickle.loads, call))] = group
            for name in group.portals:
                self.on_start(name)
        return busy

    def _take(self, future: asyncio.Future[Any]) -> list[Crawl]:
        """What came of a group: merged, and told."""
        group = self.crawling.pop(future)
        self._release(group)
        if future.cancelled():
            return self._bury(group)
        if error := future.exception():
            if isinstance(error, ArchiveError):
                raise error
            message = f"{type(error).__name__}: {error}"[:300]
            return [_unusable(name, message) for name in group.portals]
        crawled: list[Crawled] = future.result()
        return [self._merged(one) for one in crawled]

    def _merged(self, crawled: Crawled) -> Crawl:
        """Take in what a crawl has fetched. Raises ArchiveError where it cannot be written."""
        self._requests += crawled.requests
        told = {name: value for name, value in crawled.told.items() if name not in {"is_archive_full", "rest"}}
        if crawled.captures:
            with _scratch() as folder:
                (folder / "captures.db").write_bytes(crawled.captures)
                merge = Merge(self.captures, folder / "captures.db", lambda *_: None)
                merge.run()
            if merge.damaged:
                told |= {"exit_code": max(told["exit_code"], UNWELL), "message": merge.damaged[0][:300]}
        return Crawl(result=RESULTS[told["exit_code"]], **told)

    def _bury_lost(self) -> None:
        """Of workers that are gone nobody knows whether they are: their addresses wait until their leases are over."""
        for future, group in self.crawling.items():
            if group.worker not in self.workers and not future.done():
                future.cancel()

    def _bury(self, group: _Group) -> list[Crawl]:
        group.deaths += 1
        group.not_before = time.monotonic() + self.lease
        if group.deaths == len(COMPANY):
            return [_unusable(name, "its workers were lost, one after the other") for name in group.portals]
        self.waiting.append(group)
        return []

    def _release(self, group: _Group) -> None:
        while group.locks:
            group.locks.pop().release()

    async def _stop(self) -> None:
        """Ask every crawl to end, and take in what it has. Raises ArchiveError where that cannot be written."""
        try:
            with suppress(OSError, TimeoutError):
                if self.crawling and self.client.status == "running":
                    asked = self._ask(self.client.run(end_crawls, self.run, asynchronous=True))
                    await asyncio.wait_for(asked, ENDING_S / 2)
                    await asyncio.wait(self.crawling, timeout=ENDING_S)
            for future in list(self.crawling):
                if future.done() and not future.cancelled() and not future.exception():
                    self._take(future)
        finally:
            for future, group in self.crawling.items():
                future.cancel()
                self._release(group)
            self.crawling.clear()
            self.captures.close()


@contextmanager
def _scratch() -> Iterator[Path]:
    """A folder for archives on their way to workers and from them. Raises CannotWriteError where its disk is full."""
    try:
        with tempfile.TemporaryDirectory(prefix="tongjian-") as name:
            yield Path(name)
    except OSError as error:
        raise CannotWriteError(f"cannot write to {tempfile.gettempdir()}: {error}") from error


def _room(groups: list[_Group]) -> int:
    """How many of these groups one worker may crawl at a time: the fewer, the more workers were lost under one of them."""
    return COMPANY[max(group.deaths for group in groups)]


def _unusable(name: str, message: str) -> Crawl:
    return Crawl(portal=name, exit_code=UNUSABLE, result=RESULTS[UNUSABLE], seconds=0.0, message=message)


async def _groups(portals: Mapping[str, Iterable[str]]) -> list[_Group]:
    """Portals that share an address, directly or by others, together; in the order of their first ones."""
    groups: dict[str, _Group] = {}
    with LookUps() as look_ups:
        hosts = {host for declared in portals.values() for host in declared}
        found = {host: look_ups.addresses(host) for host in hosts}
        for name, declared in portals.items():
            own = frozenset().union(*[await found[host] for host in declared])
            shared = list(dict.fromkeys(groups[address] for address in own if address in groups))
            group = shared[0] if shared else _Group([])
            for other in shared[1:]:
                group.portals += other.portals
                own |= {address for address, one in groups.items() if one is other}
            group.portals.append(name)
            groups |= dict.fromkeys(own, group)
    return list(dict.fromkeys(groups.values()))


def _rows(table: Path | None, names: list[str]) -> bytes:
    """The rows of a table of portals that declare these."""
    if table is None or not table.is_file():
        return b""
    rows = list(csv.DictReader(table.read_text(encoding="utf-8-sig").splitlines(keepends=True)))
    written = io.StringIO()
    writer = csv.DictWriter(written, rows[0].keys() if rows else ["name"], extrasaction="ignore")
    writer.writeheader()
    writer.writerows(row for row in rows if row.get("name") in names)
    return written.getvalue().encode()
