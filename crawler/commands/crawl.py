"""scrapy crawl PORTAL, with an exit code that tells how it went."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from scrapy.commands.crawl import Command as CrawlCommand
from scrapy.exceptions import UsageError

from archive import ArchiveError, Captures, Reports
from crawler.command import UNWELL, WELL, fail
from crawler.runs import Runs
from spiders.platforms import parse_years


class Command(CrawlCommand):
    """Scrapy's own command; it exits 0 after any failure, this one does not."""

    def short_desc(self) -> str:
        """For `scrapy -h`."""
        return "Walk a portal's listings, fetch what is new, archive it"

    def run(self, args: list[str], opts: Namespace) -> None:
        """Exit 0 when all is well, 1 when the run needs a look (`problems` says why), 2 when it could not run."""
        if len(args) != 1:
            raise UsageError("name one portal; scrapy list names them all")
        if self.crawler_process is None or self.settings is None:
            raise RuntimeError("a command has settings once Scrapy runs it")
        if args[0] not in self.crawler_process.spider_loader.list():
            self.exitcode = fail(f"no portal is called {args[0]!r}; scrapy list names them all")
            return
        try:
            parse_years(opts.spargs.get("years", ""))
            for part in (Captures, Reports):
                part(Path(self.settings["ARCHIVE"])).close()
        except (ArchiveError, ValueError) as error:
            self.exitcode = fail(error)
            return
        crawler = self.crawler_process.create_crawler(args[0])
        self.crawler_process.crawl(crawler, **opts.spargs)
        self.crawler_process.start()
        runs = crawler.get_extension(Runs)
        self.exitcode = (
            WELL if runs is not None and not runs.unwell and not self.crawler_process.bootstrap_failed else UNWELL
        )
