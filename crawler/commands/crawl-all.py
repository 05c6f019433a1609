"""scrapy crawl-all [PORTAL …]: every portal, one after another or several at a time."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from argparse import ArgumentParser, Namespace
from dataclasses import asdict

from rich.console import Console
from scrapy.exceptions import UsageError
from scrapy.utils.conf import arglist_to_dict

from archive import Captures, Reports
from crawler.command import UNUSABLE, UNWELL, WELL, ArchiveCommand, refuse_unknown_arguments, unknown_portal
from crawler.extensions.progress import Fleet
from crawler.fleet import Crawl, crawl_all
from crawler.spider_loader import broken_files
from spiders.platforms.portal import parse_years
from spiders.registry import Registry


class Command(ArchiveCommand):
    """Crawls all portals, or those named, each in a process of its own.

    A portal that fails, hangs or is killed does not stop the others. Portals on one address are never crawled at the
    same time. Settings (-s), arguments (-a) and the log level (-L) apply to every crawl.

    Exit status, the worst of all portals: 0 all is well, 1 some need a look, 2 some could not be crawled.
    """

    def syntax(self) -> str:
        """For `scrapy crawl-all -h`."""
        return "[options] [PORTAL …]"

    def short_desc(self) -> str:
        """For `scrapy -h`."""
        return "Crawl all portals, or those named, each in a process of its own"

    def add_options(self, parser: ArgumentParser) -> None:
        """`--jobs`, `--json`, and the spider arguments of `scrapy crawl`."""
        super().add_options(parser)
        parser.add_argument("--jobs", type=int, default=1, metavar="N", help="portals at a time (default: %(default)s)")
        parser.add_argument("--json", action="store_true", help="print one JSON object per portal")
        parser.add_argument(
            "-a", dest="arguments", action="append", default=[], metavar="NAME=VALUE", help="as for scrapy crawl"
        )

    def act(self, args: list[str], opts: Namespace) -> int:
        """Nothing is crawled before everything that can be wrong has been looked at."""
        known, broken = Registry(self.configuration), broken_files(self.configuration)
        for name in args:
            if name not in known:
                raise unknown_portal(name, known.names())
        if opts.jobs < 1:
            raise UsageError("--jobs takes 1 or more")
        classes = {portal.name: portal for portal in known}
        portals = [classes[name] for name in dict.fromkeys(args or known.names())]
        try:
            arguments = arglist_to_dict(opts.arguments)
            parse_years(arguments.get("years", ""))
        except ValueError as error:
            raise UsageError(f"-a takes NAME=VALUE: {error}") from error
        for portal in portals:
            refuse_unknown_arguments(portal, arguments)
        for part in (Captures, Reports):
            part(self.archive).close()
        try:
            hosts = {portal.name: portal.declared_hosts() for portal in portals}
            crawls = asyncio.run(self._run(hosts, _crawl_options(opts), opts))
        except (KeyboardInterrupt, asyncio.CancelledError):
            print("scrapy: stopped; what was fetched is kept, and the next crawl continues from there", file=sys.stderr)
            return UNWELL
        if not opts.json:
            self._sum_up(crawls)
        codes = [crawl.exit_code for crawl in crawls]
        # a portal whose file does not import was to be crawled, too
        return max([*codes, UNUSABLE if broken and not args else WELL])

    async def _run(self, portals: dict[str, frozenset[str]], options: list[str], opts: Namespace) -> list[Crawl]:
        this = asyncio.current_task()
        if this is not None:
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, this.cancel)
        crawls = []
        with Fleet(Console(stderr=True), self.archive, len(portals)) as fleet:
            async for crawl in crawl_all(portals, self.archive, options, opts.jobs, fleet.started):
                crawls.append(crawl)
                fleet.done(crawl)
                if opts.json:
                    print(json.dumps(asdict(crawl), ensure_ascii=False))
                    sys.stdout.flush()
        return crawls

    def _sum_up(self, crawls: list[Crawl]) -> None:
        bad = sorted(crawl.portal for crawl in crawls if crawl.exit_code != WELL)
        look = f"{len(bad)} of {len(crawls)} portals need a look: {', '.join(bad)}. Run scrapy health for details."
        print(look if bad else f"{len(crawls)} portals crawled, all is well.")


def _crawl_options(opts: Namespace) -> list[str]:
    """What each crawl is given on its command line."""
    options = [word for value in opts.arguments for word in ("-a", value)]
    options += [word for value in opts.set for word in ("-s", value)]
    return [*options, "-L", opts.loglevel or "ERROR"]
