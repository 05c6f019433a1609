"""A worker of `scrapy crawl-all`: a process with one reactor that rolls as many crawls as it is given.

It is started with the settings and the spider arguments of all its crawls as JSON, takes lines of JSON from standard input,
each the name of a portal, and answers on standard output, a line each: how many portals it has room for, how each crawl
ended, and every few seconds that it is alive. After a `null` it has nothing more to begin, and ends with its last crawl. When
its input is cut off, its crawls end as Ctrl-C ends them: no crawl outlives the process that deals out the portals.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import signal
import sys
import time
from contextlib import suppress
from typing import Any, TextIO

from scrapy.crawler import Crawler
from scrapy.spiderloader import get_spider_loader
from scrapy.utils.log import configure_logging
from scrapy.utils.project import get_project_settings

from archive import ArchiveError
from archive.portal_lock import PortalBusyError
from crawler.command import UNUSABLE, UNWELL, WELL
from crawler.extensions.pace import Pace
from crawler.extensions.runs import Runs
from crawler.fleet import PORTALS
from crawler.process import CrawlProcess

ALIVE_EVERY_S = 2.0
_DESCRIPTORS, _OWN_DESCRIPTORS = 8, 128
"""Open files of a crawl, and of a worker beside its crawls."""


def room() -> int:
    """The crawls that the open files of this process allow, after as many were asked for as the system grants."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = PORTALS * _DESCRIPTORS + _OWN_DESCRIPTORS
    wanted = most if hard == resource.RLIM_INFINITY else min(most, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    allowed = most if soft == resource.RLIM_INFINITY else soft
    return max(0, min(PORTALS, (allowed - _OWN_DESCRIPTORS) // _DESCRIPTORS))


class Worker:
    """Crawls the portals whose names come in."""

    def __init__(self, process: CrawlProcess, arguments: dict[str, str], answers: TextIO) -> None:
        """`answers` are read by the process that deals out the portals."""
        self.process = process
        self.arguments = arguments
        self.answers = answers
        self.loader = get_spider_loader(process.settings)
        self.crawls: dict[str, Crawler] = {}
        self.requests = 0
        """Of the crawls that have ended."""
        self.has_end = False

    async def work(self) -> None:
        """Say how much room there is, and begin what comes in."""
        names, loop = asyncio.StreamReader(), asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(names), sys.stdin)
        self.tell(room=room())
        living = asyncio.create_task(self._live())
        while line := await names.readline():
            name = json.loads(line)
            if name is None:
                self.has_end = True
                self._end_if_done()
            else:
                self._begin(name)
                await asyncio.sleep(0)  # those that have begun need not wait for all others
        living.cancel()
        if not self.has_end:
            os.kill(os.getpid(), signal.SIGINT)

    async def _live(self) -> None:
        while True:
            self.tell(requests=self.requests + sum(map(requests_of, self.crawls.values())))
            await asyncio.sleep(ALIVE_EVERY_S)

    def _begin(self, name: str) -> None:
        began = time.monotonic()
        try:
            crawler = self.crawls[name] = self.process.create_crawler(self.loader.load(name))
            task = self.process.crawl(crawler, **self.arguments)
        except (ArchiveError, KeyError) as error:
            self._done(name, began, error)
        else:
            task.add_done_callback(lambda task: self._done(name, began, task.exception()))

    def _done(self, name: str, began: float, error: BaseException | None) -> None:
        """The crawl of a portal has ended, or did not begin."""
        crawler = self.crawls.pop(name, None)
        self.requests += requests_of(crawler)
        self.tell(**account(name, crawler, began, error))
        self._end_if_done()

    def _end_if_done(self) -> None:
        if self.has_end and not self.crawls:
            self.process.stop_reactor()

    def tell(self, **line: Any) -> None:
        """Say a line to the process that deals out the portals; where that is gone, the end of the input says so."""
        with suppress(BrokenPipeError):
            print(json.dumps(line, ensure_ascii=False), file=self.answers, flush=True)


def account(name: str, crawler: Crawler | None, began: float, error: BaseException | None) -> dict[str, Any]:
    """Summarise a crawl that has ended or could not start, as `Crawl` in crawler/fleet.py has it."""
    runs = crawler.get_extension(Runs) if crawler is not None else None
    failed = runs.archive.failed if runs is not None else None
    code = WELL if runs is not None and runs.finished and not runs.unwell else UNWELL
    if failed or (error is not None and not isinstance(error, PortalBusyError)):
        code = UNUSABLE
    return {
        "portal": name,
        "exit_code": int(code),
        "seconds": round(time.monotonic() - began, 1),
        "stats": runs.counts() | {"unwell": sorted(runs.unwell)} if runs is not None else {},
        "message": " ".join(str(failed or error or "").split())[:300],
        "is_archive_full": failed is not None,
        "rest": rest_after(crawler),
    }


def rest_after(crawler: Crawler | None) -> float:
    """Seconds for which the addresses of a crawl that has ended are left in peace, as between two of its requests."""
    if not requests_of(crawler) or crawler is None:
        return 0.0
    pace = crawler.get_extension(Pace)
    return float(max([crawler.settings.getfloat("DOWNLOAD_DELAY"), *(pace.delays.values() if pace else ())]))


def requests_of(crawler: Crawler | None) -> int:
    """The requests that a crawl has sent."""
    return int(crawler.stats.get_value("downloader/request_count", 0)) if crawler and crawler.stats else 0


def main() -> None:
    """Work until there is nothing more to do."""
    told = json.loads(sys.argv[1])
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints is no answer
    print(json.dumps({"requests": 0}), file=answers, flush=True)  # it lives; the readers are loaded next
    settings = get_project_settings()
    settings.setdict(told["settings"], priority="cmdline")
    configure_logging(settings)
    process = CrawlProcess(settings)
    work = asyncio.get_event_loop().create_task(Worker(process, told["arguments"], answers).work())
    process.start(stop_after_crawl=False)
    work.cancel()


if __name__ == "__main__":
    main()
