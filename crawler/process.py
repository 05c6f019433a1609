"""The process in which crawls run: Ctrl-C ends it within five seconds, whatever it is waiting for.

What was fetched is in the archive by then, for each answer is a commit of its own. What a crawl does at its end besides,
the next one makes up for.
"""

from __future__ import annotations

import copy
import os
import signal
import sys
import threading
from contextlib import suppress
from typing import Any, Self

from scrapy.crawler import AsyncCrawlerProcess
from scrapy.settings import Settings

from archive import ArchiveError
from crawler.command import UNWELL
from crawler.extensions.runs import Runs
from pipelines.ingest.processes.warm import cool_down, warm_up
from pipelines.ingest.sandbox import READER

ORDERLY_S = 2.5
"""Seconds that crawls have to end by themselves: a slow answer, a look-up of a name may take longer."""
MOST_S = 4.0
"""Seconds until the process ends, even if it is busy with something that does not end."""


class SharedSettings(Settings):
    """Settings whose copies share what none of them has changed: of hundreds of crawls each has a copy."""

    def copy(self) -> Self:
        """A copy: what is set in one of the two does not show in the other."""
        other = copy.copy(self)
        other.attributes = self.attributes.copy()
        return other

    def set(self, name: str, value: Any, priority: int | str = "project") -> None:
        """As Settings do, with an attribute of its own."""
        if name in self.attributes:
            self.attributes[name] = copy.copy(self.attributes[name])
        super().set(name, value, priority)

    def update(self, values: Any, priority: int | str = "project") -> None:  # type: ignore[override]
        """As Settings do. Of those that come from the same ones, what is shared is passed over."""
        if isinstance(values, SharedSettings):
            own = self.attributes
            others = {name: one for name, one in values.attributes.items() if own.get(name) is not one}
            for name, attribute in others.items():
                self.set(name, attribute.value, attribute.priority)
        else:
            super().update(values, priority)


class CrawlProcess(AsyncCrawlerProcess):
    """Scrapy's, with an end, and with a process beside it to fork those from that read pages."""

    end = "what was fetched is kept, and the next crawl goes on from there", UNWELL
    """What Ctrl-C is answered with, and the exit code, where that which runs does not end by itself."""

    def __init__(self, settings: Settings) -> None:
        """To be made before the archive is opened."""
        warm_up()
        super().__init__(SharedSettings(settings))

    def start(self, *args: Any, **named: Any) -> None:
        """Crawl until all crawls have ended, and their readers."""
        try:
            super().start(*args, **named)
        finally:
            cool_down()

    def stop_reactor(self) -> None:
        """End; no crawl may run."""
        self._stop_reactor()

    def _signal_shutdown(self, signum: int, frame: Any) -> None:
        from twisted.internet import reactor

        signal.signal(signal.SIGALRM, lambda *_: self.end_now())
        signal.setitimer(signal.ITIMER_REAL, MOST_S)
        watch = threading.Timer(MOST_S + 0.3, self.end_now)  # for when this thread is in code that hears no signals
        watch.daemon = True
        watch.start()
        reactor.callFromThread(reactor.callLater, ORDERLY_S, self._cut_off)
        super()._signal_shutdown(signum, frame)

    def _cut_off(self) -> None:
        """Close the account of crawls that still wait for something, and end."""
        for crawler in self.crawlers:
            if crawler.spider is not None and (runs := crawler.get_extension(Runs)) is not None and not runs.finished:
                with suppress(ArchiveError):
                    runs.spider_closed(crawler.spider, "shutdown")
        self.end_now()

    def end_now(self) -> None:
        """End the process and its children, without waiting for its threads."""
        closing = threading.Thread(target=READER.close, daemon=True)
        closing.start()
        closing.join(0.5)
        message, code = self.end
        print(f"scrapy: stopped; {message}", file=sys.stderr)
        sys.stderr.flush()
        os._exit(code)
