"""scrapy crawl-all [PORTAL …]: every portal, many at a time."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from dataclasses import asdict
from typing import Any

from rich.console import Console
from scrapy.exceptions import UsageError
from scrapy.utils.conf import arglist_to_dict

from archive import Captures, Reports
from archive.free_space import check_free_space
from archive.health import last_run
from crawler.command import UNUSABLE, UNWELL, WELL, ArchiveCommand, refuse_unknown_arguments, unknown_portal
from crawler.extensions.progress import FleetProgress
from crawler.fleet import Crawl, Dealer, Fleet
from crawler.scheduler_option import add_scheduler, check_scheduler
from crawler.spider_loader import broken_files
from pipelines.ingest.reparse import Selection, reparse
from spiders.platforms.portal import Portal, parse_years
from spiders.portal_table import OWN, paths
from spiders.registry import Registry


class Command(ArchiveCommand):
    """Crawls all portals, or those named: some two hundred to a process, in as many processes as there are processors.

    A portal that fails, hangs or kills its process does not stop the others. Portals on one address are never crawled at
    the same time; those that listed most the last time begin first. Settings (-s), arguments (-a) and the log level (-L)
    apply to every crawl.

    Exit status, the worst of all portals: 0 all is well, 1 some need a look, 2 some could not be crawled.
    """

    def syntax(self) -> str:
        """For `scrapy crawl-all -h`."""
        return "[options] [PORTAL …]"

    def short_desc(self) -> str:
        """For `scrapy -h`."""
        return "Crawl all portals, or those named"

    def add_options(self, parser: ArgumentParser) -> None:
        """`--workers`, `--json`, and the spider arguments of `scrapy crawl`."""
        super().add_options(parser)
        parser.add_argument(
            "--workers",
            "--jobs",
            type=int,
            default=os.cpu_count() or 1,
            metavar="K",
            help="processes that crawl (default: as many as there are processors, %(default)s here)",
        )
        add_scheduler(parser, "crawls, and what was fetched is merged into ARCHIVE")
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
        if opts.workers < 1:
            raise UsageError("--workers takes 1 or more")
        check_scheduler(opts.scheduler)
        classes = {portal.name: portal for portal in known}
        portals = [classes[name] for name in dict.fromkeys(args or known.names())]
        try:
            arguments = arglist_to_dict(opts.arguments)
            parse_years(arguments.get("years", ""))
        except ValueError as error:
            raise UsageError(f"-a takes NAME=VALUE: {error}") from error
        for portal in portals:
            refuse_unknown_arguments(portal, arguments)
        check_free_space(self.archive, self.configuration.getint("MIN_FREE"))
        Reports(self.archive).close()
        hosts = {portal.name: portal.declared_hosts() for portal in self._largest_first(portals)}
        settings = arglist_to_dict(opts.set) | {"LOG_LEVEL": opts.loglevel or "ERROR"}
        try:
            crawls = asyncio.run(self._run(hosts, settings, arguments, opts))
        except (KeyboardInterrupt, asyncio.CancelledError):
            print("scrapy: stopped; what was fetched is kept, and the next crawl continues from there", file=sys.stderr)
            return UNWELL
        if not opts.json:
            self._sum_up(crawls)
        codes = [crawl.exit_code for crawl in crawls]
        if opts.scheduler:
            codes.append(self._read(opts.scheduler))
        # a portal whose file does not import was to be crawled, too
        return max([*codes, UNUSABLE if broken and not args else WELL])

    def _largest_first(self, portals: list[type[Portal]]) -> list[type[Portal]]:
        """Ordered by what each listed the last time: the longest crawl is the shortest that a run can take.

        Of one that was never crawled nothing is known: it counts as average.
        """
        captures = Captures(self.archive)
        runs = {portal.name: last_run(captures, portal.name) for portal in portals}
        captures.close()
        listed = {
            name: run.stats["entries/listed"] for name, run in runs.items() if run and "entries/listed" in run.stats
        }
        average = sum(listed.values()) / max(len(listed), 1)
        return sorted(portals, key=lambda portal: -listed.get(portal.name, average))

    async def _run(
        self, portals: dict[str, frozenset[str]], settings: dict[str, Any], arguments: dict[str, str], opts: Namespace
    ) -> list[Crawl]:
        this = asyncio.current_task()
        if this is not None:
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, this.cancel)
        crawls = []
        with (
            self._dealer(settings, arguments, opts) as fleet,
            FleetProgress(Console(stderr=True), fleet, len(portals)) as progress,
        ):
            async with aclosing(fleet.crawl(portals)) as ended:
                async for crawl in ended:
                    crawls.append(crawl)
                    progress.done(crawl)
                    if opts.json:
                        print(json.dumps(asdict(crawl), ensure_ascii=False))
                        sys.stdout.flush()
        return crawls

    @contextmanager
    def _dealer(self, settings: dict[str, Any], arguments: dict[str, str], opts: Namespace) -> Iterator[Dealer]:
        """The workers of this machine, or of a cluster."""
        if not opts.scheduler:
            delay = self.configuration.getfloat("DOWNLOAD_DELAY")
            yield Fleet(self.archive, opts.workers, settings=settings, arguments=arguments, delay=delay)
            return
        from crawler.cluster_fleet import ClusterFleet  # an extra that is imported only where it is asked for
        from pipelines.ingest.cluster import connected

        table = next((path for path in paths(self.configuration) if path != OWN.absolute()), None)
        lease = self.configuration.getfloat("CLUSTER_LEASE")
        with connected(opts.scheduler) as client:
            yield ClusterFleet(
                client,
                self.archive,
                settings=settings,
                arguments=arguments,
                table=table,
                lease=lease,
                bodies=self.configuration.get("BODIES") or "",
            )

    def _read(self, scheduler: str) -> int:
        """Read on the cluster what was fetched there: the crawls' own readings stay with them."""
        captures = Captures(self.archive)
        try:
            account = reparse(
                self.archive,
                captures,
                Registry(self.configuration, captures),
                Selection(only_unread=True),
                scheduler=scheduler,
                tell=lambda line: print(f"scrapy: {line}", file=sys.stderr),
            )
        finally:
            captures.close()
        is_well = account.is_finished and not (account.counts["failed"] or account.counts["unaccounted"])
        return WELL if is_well else UNWELL

    def _sum_up(self, crawls: list[Crawl]) -> None:
        bad = sorted(crawl.portal for crawl in crawls if crawl.exit_code != WELL)
        look = f"{len(bad)} of {len(crawls)} portals need a look: {', '.join(bad)}. Run scrapy health for details."
        print(look if bad else f"{len(crawls)} portals crawled, all is well.")
