"""scrapy crawl-all [PORTAL …]: all portals, in sequence or some at a time."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from argparse import ArgumentParser, Namespace
from dataclasses import asdict

from rich.console import Console
from scrapy.exceptions import UsageError

from archive import ArchiveError, Captures, Reports
from crawler.command import UNWELL, WELL, ArchiveCommand
from crawler.extensions.progress import Fleet
from crawler.fleet import Crawl, crawl_all
from spiders.registry import Registry


class Command(ArchiveCommand):
    """Each portal in a process of its own, with its own pace; what befalls one never stops the others."""

    def syntax(self) -> str:
        """For `scrapy crawl-all -h`."""
        return "[options] [PORTAL …]"

    def short_desc(self) -> str:
        """For `scrapy -h`."""
        return "Crawl all portals, or those named, each in a process of its own"

    def add_options(self, parser: ArgumentParser) -> None:
        """`--jobs`, `--json`, and the spider arguments of `scrapy crawl`; settings (-s) and -L are handed on too."""
        super().add_options(parser)
        parser.add_argument("--jobs", type=int, default=1, metavar="N", help="portals at a time (default: %(default)s)")
        parser.add_argument("--json", action="store_true", help="one JSON object a portal on stdout, for a machine")
        parser.add_argument(
            "-a", dest="arguments", action="append", default=[], metavar="NAME=VALUE", help="as of scrapy crawl"
        )

    def act(self, args: list[str], opts: Namespace) -> int:
        """The worst exit code of all: 0 all is well, 1 some need a look, 2 some could not run."""
        registry = Registry(self.configuration)
        unknown = [name for name in args if name not in registry]
        if unknown:
            raise ArchiveError(f"no portal is called {unknown[0]!r}; scrapy list names them all")
        if opts.jobs < 1:
            raise UsageError("--jobs takes a number from 1 on", print_help=False)
        for part in (Captures, Reports):
            part(self.archive).close()
        hosts = {portal.name: portal.declared_hosts() for portal in registry}
        portals = {name: hosts[name] for name in dict.fromkeys(args or registry.names())}
        options = [word for value in opts.arguments for word in ("-a", value)]
        options += [word for value in opts.set for word in ("-s", value)]
        options += ["-L", opts.loglevel or "ERROR"]
        try:
            crawls = asyncio.run(self._run(portals, options, opts))
        except (KeyboardInterrupt, asyncio.CancelledError):
            print("scrapy: stopped; what was fetched is kept, the next crawl goes on from there", file=sys.stderr)
            return UNWELL
        if not opts.json:
            self._sum_up(crawls)
        return max((crawl.exit_code for crawl in crawls), default=WELL)

    async def _run(self, portals: dict[str, frozenset[str]], options: list[str], opts: Namespace) -> list[Crawl]:
        this = asyncio.current_task()
        if this is not None:
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, this.cancel)
        crawls = []
        with Fleet(Console(stderr=True), self.archive, len(portals)) as fleet:
            async for crawl in crawl_all(portals, self.archive, options, opts.jobs, fleet.begun):
                crawls.append(crawl)
                fleet.done(crawl)
                if opts.json:
                    print(json.dumps(asdict(crawl), ensure_ascii=False))
                    sys.stdout.flush()
        return crawls

    def _sum_up(self, crawls: list[Crawl]) -> None:
        bad = sorted(crawl.portal for crawl in crawls if crawl.exit_code != WELL)
        look = f"{len(bad)} of {len(crawls)} portals need a look: {', '.join(bad)}. scrapy health says more."
        print(look if bad else f"{len(crawls)} portals crawled, all is well.")
