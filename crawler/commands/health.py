"""scrapy health: which portals are unwell and what to do, for a person and for an alarm."""

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
from archive.vocabulary import ProblemKind
from crawler.command import UNWELL, WELL, ArchiveCommand, unknown_portal
from spiders.registry import Registry

EXAMPLES = 5
"""Addresses shown of a kind; --json has them all."""
WIDTH = 140
"""Columns of a report that is mailed or piped."""

_KINDS = {str(kind): kind for kind in ProblemKind}


class Command(ArchiveCommand):
    """Checks all portals, or those named, by what is in the archive, and says what to do. It changes nothing.

    A portal is unwell if its last crawl was cut off, failed, was too long ago or met a problem, or if its listings show
    less than is archived.

    Exit status: 0 all is well, 1 a portal is unwell, 2 there is no archive.
    """

    def syntax(self) -> str:
        """For `scrapy health -h`."""
        return "[options] [PORTAL …]"

    def short_desc(self) -> str:
        """For `scrapy -h`."""
        return "Show which portals are unwell and what to do"

    def add_options(self, parser: ArgumentParser) -> None:
        """`--days`, `--json`."""
        super().add_options(parser)
        parser.add_argument(
            "--days",
            type=int,
            default=STALE_AFTER.days,
            help="days without a complete crawl after which a portal is unwell (default: %(default)s)",
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object per finding")

    def act(self, args: list[str], opts: Namespace) -> int:
        """Portals that were never crawled are listed at the end; they are unwell only where they are named here."""
        declared = set(Registry(self.configuration).names())
        if not (self.archive / "captures.db").exists():
            raise ArchiveError(f"there is no archive in {self.archive}; run scrapy crawl or scrapy import first")
        captures = Captures(self.archive, read_only=True)
        reports = Reports.read_or_empty(self.archive)
        known = known_portals(captures)
        for name in args:
            if name not in declared | known:
                raise unknown_portal(name, declared | known)
        found = list(findings(captures, reports, sorted(args or known), timedelta(days=opts.days)))
        captures.close()
        reports.db.close()
        if opts.json:
            for finding in found:
                print(json.dumps(asdict(finding), ensure_ascii=False))
        else:
            self._print(found, sorted(args or known), sorted(declared - known) if not args else [])
        return UNWELL if any(finding.unwell for finding in found) else WELL

    def _print(self, found: list[Finding], portals: list[str], waiting: list[str]) -> None:
        console = Console(width=None if sys.stdout.isatty() else WIDTH)
        unwell = sorted({finding.portal for finding in found if finding.unwell})
        for title, wanted in (("Unwell", True), ("No action needed", False)):
            rows = [finding for finding in found if finding.unwell is wanted]
            if rows:
                console.print(_table(title, rows))
        for kind in dict.fromkeys(finding.kind for finding in found if finding.unwell):
            if known := _KINDS.get(kind):
                console.print(f"{kind}: {known.meaning} {known.remedy}", highlight=False)
        if unwell:
            console.print(f"{len(unwell)} of {len(portals)} portals are unwell: {', '.join(unwell)}")
        else:
            console.print(f"All is well with {len(portals)} portals.")
        if waiting:
            console.print(f"Never crawled: {', '.join(waiting)}")


def _table(title: str, rows: list[Finding]) -> Table:
    table = Table(title=title, title_justify="left", show_lines=True)
    table.add_column("portal", no_wrap=True)
    table.add_column("problem", no_wrap=True)
    table.add_column("details", overflow="fold")
    for row in rows:
        more = [f"… {len(row.urls) - EXAMPLES} more (--json lists them all)"] if len(row.urls) > EXAMPLES else []
        table.add_row(row.portal, row.kind, "\n".join([row.message, *row.urls[:EXAMPLES], *more]))
    return table
