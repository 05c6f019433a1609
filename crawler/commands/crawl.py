"""scrapy crawl PORTAL, with an exit code that tells how it went."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Any, ClassVar

from scrapy.crawler import AsyncCrawlerProcess
from scrapy.exceptions import UsageError
from scrapy.utils.conf import arglist_to_dict

from archive import ArchiveError, Captures, Reports
from crawler.command import UNWELL, WELL, ArchiveCommand
from crawler.extensions.runs import Runs
from crawler.middlewares.politeness import parse_window
from spiders.platforms.portal import parse_years
from spiders.registry import Registry


class Command(ArchiveCommand):
    """In place of Scrapy's own command, which exits 0 after any failure and logs before it has looked at anything."""

    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": True}

    def syntax(self) -> str:
        """For `scrapy crawl -h`."""
        return "[options] PORTAL"

    def short_desc(self) -> str:
        """For `scrapy -h`."""
        return "Walk a portal's listings, fetch what is new, archive it"

    def add_options(self, parser: ArgumentParser) -> None:
        """`-a refresh=1` and `-a years=2021-2023`, as Scrapy passes arguments to spiders."""
        super().add_options(parser)
        parser.add_argument(
            "-a",
            dest="arguments",
            action="append",
            default=[],
            metavar="NAME=VALUE",
            help="refresh=1: ask for known reports too; years=2021-2023: only reports of these years",
        )

    def act(self, args: list[str], opts: Namespace) -> int:
        """Exit 0 when all is well, 1 when the run needs a look (`problems` says why), 2 when it could not run."""
        if len(args) != 1:
            raise UsageError("name one portal; scrapy list names them all")
        if args[0] not in Registry(self.configuration):
            raise ArchiveError(f"no portal is called {args[0]!r}; scrapy list names them all")
        try:
            arguments = arglist_to_dict(opts.arguments)
            parse_years(arguments.get("years", ""))
        except ValueError as error:
            raise UsageError(f"-a takes NAME=VALUE: {error}", print_help=False) from error
        try:
            parse_window(self.configuration["CRAWL_WINDOW"])
        except ValueError as error:
            raise UsageError(str(error), print_help=False) from error
        for part in (Captures, Reports):
            part(self.archive).close()
        process = AsyncCrawlerProcess(self.configuration)
        crawler = process.create_crawler(args[0])
        process.crawl(crawler, **arguments)
        process.start()
        runs = crawler.get_extension(Runs)
        return WELL if runs is not None and runs.finished and not runs.unwell else UNWELL
