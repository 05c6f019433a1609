"""scrapy demo: the whole path on portals that the project itself serves on loopback."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path

from rich.console import Console
from rich.table import Table
from scrapy.settings import Settings

from archive import ArchiveError, Captures, Reports
from archive.overview import PortalOverview, overview
from crawler.command import UNWELL, WELL, ArchiveCommand
from crawler.demo.demo_portals import demo_server
from crawler.demo.earlier import put_divisions, put_earlier
from crawler.demo.server import Server
from crawler.extensions.progress import Crawls
from crawler.extensions.runs import Runs
from crawler.process import CrawlProcess
from pipelines.ingest.processes.warm import warm_up
from spiders.registry import make_portal

FOLDER = Path("demo")


class Command(ArchiveCommand):
    """Crawls replica portals, served on this machine, with the real spiders into demo/, and shows what was archived.

    Exit status: 0 all went as it should, 1 a crawl failed or nothing was archived.
    """

    def short_desc(self) -> str:
        """For `scrapy -h`."""
        return "Crawl replica portals on this machine into demo/"

    def act(self, args: list[str], opts: Namespace) -> int:
        """What the replicas do wrong on purpose is shown, and is no failure."""
        console = Console()
        warm_up()  # before threads serve the replicas
        with demo_server() as server:
            self._prepare(server)
            portals = [make_portal(replica.platform, replica.facts) for replica in server]
            console.print(f"Crawling {len(portals)} replica portals, served on loopback, into {FOLDER}/")
            crawlers = []
            process = CrawlProcess(self._settings())
            with Crawls(console) as crawls:
                for portal in portals:
                    crawler = process.create_crawler(portal)
                    crawls.watch(crawler, portal.name)
                    process.crawl(crawler)
                    crawlers.append(crawler)
                process.start()
        runs = [crawler.get_extension(Runs) for crawler in crawlers]
        if not all(runs) or process.bootstrap_failed:
            raise ArchiveError("a crawl of the demo did not start")
        failed = [run.archive.failed for run in runs if run and run.archive.failed]
        if failed:
            raise failed[0]
        counts = [run.counts() for run in runs if run]
        new, changed = (sum(c.get(f"reports/{name}", 0) for c in counts) for name in ("new", "changed"))
        has_reports = self._print(console, new, changed)
        broken = {kind for run in runs if run for kind in run.unwell} & {"spider_error", "read_failed", "ended_early"}
        return UNWELL if broken or not has_reports else WELL

    def _prepare(self, server: Server) -> None:
        """What is there before the first crawl: made-up places, and what two documents were like some weeks ago."""
        put_divisions(FOLDER)
        captures = Captures(FOLDER)
        put_earlier(captures, server)
        captures.close()

    def _settings(self) -> Settings:
        """Replicas are our own and need hardly a delay; everything else is as for the real portals.

        With no delay at all Scrapy does not keep to one request at a time.
        """
        settings = self.configuration.copy()
        quick = {"ARCHIVE": str(FOLDER), "DOWNLOAD_DELAY": 0.005, "AUTOTHROTTLE_ENABLED": False, "LOG_ENABLED": False}
        quick |= {"ASSETS": "page"}
        for name, value in quick.items():
            settings.set(name, value, priority="cmdline")
        return settings

    def _print(self, console: Console, new: int, changed: int) -> bool:
        """Whether there is anything to show."""
        captures, reports = Captures(FOLDER), Reports(FOLDER)
        rows = overview(captures, reports)
        captures.close()
        reports.close()
        table = Table(title="What is archived", title_justify="left")
        table.add_column("portal")
        for name in ("entries", "captured", "reports", "statistics", "failed checks", "problems"):
            table.add_column(name, justify="right")
        for row in rows:
            table.add_row(row.portal, *map(str, _figures(row)))
        table.add_section()
        table.add_row("all", *map(str, map(sum, zip(*map(_figures, rows), strict=True))))
        console.print(table)
        console.print(
            f"{new} new and {changed} changed reports in this run."
            if new or changed
            else "Nothing is new since the last run."
        )
        console.print(f"Browse them:  ARCHIVE={FOLDER} {sys.argv[0]} browse", soft_wrap=True, markup=False)
        return any(row.reports for row in rows)


def _figures(row: PortalOverview) -> tuple[int, ...]:
    return (row.entries, row.captured, row.reports, row.statistics, row.failed_checks, row.problems)
