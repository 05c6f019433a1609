"""scrapy health: what is unwell, for a person and for an alarm."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from dataclasses import asdict
from datetime import timedelta

from rich.console import Console
from rich.table import Table

from archive import ArchiveError, Captures, Reports
from archive.health import STALE_AFTER, Finding, findings, known_portals
from crawler.command import UNWELL, WELL, ArchiveCommand
from crawler.extensions.runs import TOLERATED
from spiders.registry import Registry

EXAMPLES = 5
"""Addresses shown of a kind; --json has them all."""
WIDTH = 140
"""Columns of a report that is mailed or piped."""


class Command(ArchiveCommand):
    """Judges the archive by what it holds; nothing is fetched and nothing is written."""

    def syntax(self) -> str:
        """For `scrapy health -h`."""
        return "[options] [PORTAL …]"

    def short_desc(self) -> str:
        """For `scrapy -h`."""
        return "Say what is unwell: cut-off runs, short listings, refusals, portals not crawled for long"

    def add_options(self, parser: ArgumentParser) -> None:
        """`--days`, `--json`."""
        super().add_options(parser)
        parser.add_argument(
            "--days",
            type=int,
            default=STALE_AFTER.days,
            help="days after the last whole crawl from which a portal is stale (default: %(default)s)",
        )
        parser.add_argument("--json", action="store_true", help="one JSON object a finding, for a machine")

    def act(self, args: list[str], opts: Namespace) -> int:
        """Exit 1 when anything is unwell. Portals that were never asked for are named, and no complaint unless named here."""
        declared = set(Registry(self.configuration).names())
        if not (self.archive / "captures.db").exists():
            raise ArchiveError(f"there is no archive in {self.archive} yet; scrapy crawl or scrapy import makes one")
        captures, reports = Captures(self.archive), Reports(self.archive)
        known = known_portals(captures)
        unknown = [name for name in args if name not in declared | known]
        if unknown:
            raise ArchiveError(f"no portal is called {unknown[0]!r}; scrapy list names them all")
        found = list(findings(captures, reports, sorted(args or known), TOLERATED, timedelta(days=opts.days)))
        captures.close()
        reports.close()
        if opts.json:
            for finding in found:
                print(json.dumps(asdict(finding), ensure_ascii=False))
        else:
            self._print(found, sorted(args or known), sorted(declared - known) if not args else [])
        return UNWELL if any(finding.unwell for finding in found) else WELL

    def _print(self, found: list[Finding], portals: list[str], waiting: list[str]) -> None:
        console = Console(width=None if sys.stdout.isatty() else WIDTH)
        unwell = sorted({finding.portal for finding in found if finding.unwell})
        for title, wanted in (("Unwell", True), ("Kept for the record: needs no hand", False)):
            rows = [finding for finding in found if finding.unwell is wanted]
            if rows:
                console.print(_table(title, rows))
        if unwell:
            console.print(f"{len(unwell)} of {len(portals)} portals are unwell: {', '.join(unwell)}")
        else:
            console.print(f"All is well with {len(portals)} portals.")
        if waiting:
            console.print(f"Not archived yet: {', '.join(waiting)}")


def _table(title: str, rows: list[Finding]) -> Table:
    table = Table(title=title, title_justify="left", show_lines=True)
    table.add_column("portal", no_wrap=True)
    table.add_column("what", no_wrap=True)
    table.add_column("", overflow="fold")
    for row in rows:
        more = [f"… {len(row.urls) - EXAMPLES} more (--json names them all)"] if len(row.urls) > EXAMPLES else []
        table.add_row(row.portal, row.kind, "\n".join([row.message, *row.urls[:EXAMPLES], *more]))
    return table
