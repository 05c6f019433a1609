"""scrapy crawl PORTAL, with an exit code that says how it went."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Any, ClassVar

from scrapy import Spider
from scrapy.commands import BaseRunSpiderCommand
from scrapy.crawler import Crawler
from scrapy.exceptions import UsageError
from scrapy.spiderloader import get_spider_loader

from archive import Captures, Reports
from archive.free_space import check_free_space
from archive.portal_lock import PortalBusyError, PortalLock
from crawler.command import UNWELL, WELL, ArchiveCommand, fail, refuse_unknown_arguments, unknown_portal
from crawler.extensions.runs import Runs
from crawler.middlewares.politeness import parse_window
from crawler.process import CrawlProcess
from spiders.platforms.portal import Portal, parse_years


class Command(ArchiveCommand, BaseRunSpiderCommand):
    """Walks the listings of a portal, fetches what is new and archives it.

    A crawl that was stopped is continued by the next one. -o and -O write the reports that this crawl read, one
    object per report, as JSON lines, JSON, CSV or XML. Another spider is run as Scrapy runs it, without the archive.

    Exit status: 0 all is well, 1 something needs a look (scrapy health says what), 2 the crawl could not run.
    """

    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": True}

    def syntax(self) -> str:
        """For `scrapy crawl -h`."""
        return "[options] PORTAL"

    def short_desc(self) -> str:
        """For `scrapy -h`."""
        return "Walk a portal's listings, fetch what is new, archive it"

    def add_options(self, parser: ArgumentParser) -> None:
        """Scrapy's `-a`, `-o` and `-O`, in the words of this project."""
        super().add_options(parser)
        parser.add_argument(
            "-a",
            dest="spargs",
            action="append",
            default=[],
            metavar="NAME=VALUE",
            help="refresh=1 fetches known reports again; years=2021-2023 takes only reports of these years",
        )
        parser.add_argument("-o", "--output", metavar="FILE", action="append", help="append the reports read to FILE")
        parser.add_argument(
            "-O", "--overwrite-output", metavar="FILE", action="append", help="write the reports read to FILE"
        )

    def act(self, args: list[str], opts: Namespace) -> int:
        """Look at everything that can be wrong before the crawl begins."""
        if len(args) != 1:
            raise UsageError("name one portal; scrapy list names them all")
        loader = get_spider_loader(self.configuration)
        try:
            spider = loader.load(args[0])
        except KeyError as error:
            raise unknown_portal(args[0], loader.list()) from error
        refuse_unknown_arguments(spider, opts.spargs)
        if issubclass(spider, Portal):
            try:
                parse_years(opts.spargs.get("years", ""))
                parse_window(self.configuration["CRAWL_WINDOW"])
            except ValueError as error:
                raise UsageError(str(error)) from error
            check_free_space(self.archive, self.configuration.getint("MIN_FREE"))
            for part in (Captures, Reports):
                part(self.archive).close()
            try:
                lock = PortalLock.take(self.archive, spider.name)
            except PortalBusyError as error:
                fail(error)
                return UNWELL
            try:
                return self._crawl(spider, opts)
            finally:
                lock.release()
        return self._crawl(spider, opts)

    def _crawl(self, spider: type[Spider], opts: Namespace) -> int:
        """Raises ArchiveError where the archive could not be written to the end."""
        self.crawler_process = CrawlProcess(self.configuration)
        crawler = self._create_crawler(spider)
        self.crawler_process.crawl(crawler, **opts.spargs)
        self.crawler_process.start()
        runs = crawler.get_extension(Runs)
        if runs is not None and runs.archive.failed is not None:
            raise runs.archive.failed
        is_well = _is_well if issubclass(spider, Portal) else _ended_well
        return WELL if is_well(crawler) else UNWELL


def _is_well(crawler: Crawler) -> bool:
    runs = crawler.get_extension(Runs)
    return runs is not None and runs.finished and not runs.unwell


def _ended_well(crawler: Crawler) -> bool:
    """Of a spider without archive: it ran to its end, and no callback raised."""
    stats = crawler.stats.get_stats() if crawler.stats else {}
    return stats.get("finish_reason") == "finished" and not stats.get("spider_exceptions/count")
