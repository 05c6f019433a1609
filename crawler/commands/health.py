"""scrapy health: which portals are unwell and what to do, for a person and for an alarm."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from collections import Counter
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from rich.console import Console
from rich.table import Table

from archive import ArchiveError, Captures, Reports
from archive.health import STALE_AFTER, Finding, findings, known_portals
from archive.tallies import Tallies, tallies
from archive.vocabulary import Fate, ProblemKind
from crawler.command import UNWELL, WELL, ArchiveCommand, unknown_portal
from spiders.registry import Registry

EXAMPLES = 5
"""Addresses shown of a kind; --json has them all."""
CAUSES = 10
"""Causes shown of a portal's entries without a report."""
WIDTH = 140
"""Columns of a report that is mailed or piped."""

_KINDS = {str(kind): kind for kind in ProblemKind}

_MOST_NAMES = 50
"""Portals that were never crawled and are named; of thousands, the number says enough."""


class Command(ArchiveCommand):
    """Checks all portals, or those named, by what is in the archive, and says what to do. It changes nothing.

    A portal is unwell if its last crawl was cut off, failed, was too long ago or met a problem, if its listings show
    less than is archived, or if nothing says what came of one of its entries. For each portal the sums of fates are
    printed, and for each cause that is not final since when it lasts and what to do.

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
        accounts = [tallies(captures, reports, portal) for portal in sorted(args or known)]
        captures.close()
        reports.db.close()
        if opts.json:
            for told in (*map(asdict, found), *map(_as_json, accounts)):
                print(json.dumps(told, ensure_ascii=False))
        else:
            self._print(found, accounts, sorted(declared - known) if not args else [])
        return UNWELL if any(finding.unwell for finding in found) else WELL

    def _print(self, found: list[Finding], accounts: list[Tallies], waiting: list[str]) -> None:
        console = Console(width=None if sys.stdout.isatty() else WIDTH)
        _print_accounts(console, [account for account in accounts if account.listed])
        unwell = sorted({finding.portal for finding in found if finding.unwell})
        for title, wanted in (("Unwell", True), ("No action needed", False)):
            rows = [finding for finding in found if finding.unwell is wanted]
            if rows:
                console.print(_table(title, rows))
        for kind in dict.fromkeys(finding.kind for finding in found if finding.unwell):
            if known := _KINDS.get(kind):
                console.print(f"{kind}: {known.meaning} {known.remedy}", highlight=False)
        if unwell:
            console.print(f"{len(unwell)} of {len(accounts)} portals are unwell: {', '.join(unwell)}")
        else:
            console.print(f"All is well with {len(accounts)} portals.")
        if waiting:
            more = f" and {len(waiting) - _MOST_NAMES:,} more" if len(waiting) > _MOST_NAMES else ""
            console.print(f"Never crawled: {', '.join(waiting[:_MOST_NAMES])}{more}")


def _as_json(account: Tallies) -> dict[str, Any]:
    """The sums of fates of a portal, in the shape of a finding."""
    message = f"{account.listed} entries listed: " + ", ".join(f"{n} {fate}" for fate, n in account.fates.items())
    fates = [asdict(tally) | {"remedy": tally.remedy} for tally in account.tallies]
    head = {"portal": account.portal, "kind": "fates", "message": message, "unwell": False}
    return head | {"listed": account.listed, "accounted": account.accounted, "fates": fates}


def _print_accounts(console: Console, accounts: list[Tallies]) -> None:
    """The sums of fates of each portal, and each cause that is not final with what to do."""
    if not accounts:
        return
    sums = Table(title="Entries", title_justify="left")
    sums.add_column("portal", no_wrap=True)
    sums.add_column("listed", justify="right")
    sums.add_column("came to", overflow="fold")
    causes = Table(title="Entries without a report", title_justify="left", show_lines=True)
    for column in ("portal", "fate", "entries", "since"):
        causes.add_column(column, no_wrap=True)
    causes.add_column("cause", overflow="fold")
    for account in accounts:
        sums.add_row(account.portal, str(account.listed), _came_to(account))
        waiting = [tally for tally in account.tallies if not tally.is_final]
        for tally in waiting[:CAUSES]:
            entries = (
                f"{tally.entries} ({tally.acknowledged} acknowledged)" if tally.acknowledged else f"{tally.entries}"
            )
            since = (tally.since or "")[:10]
            causes.add_row(account.portal, tally.fate, entries, since, "\n".join([tally.cause, *tally.urls[:1]]))
        if len(waiting) > CAUSES:
            causes.add_row(account.portal, "…", "", "", f"{len(waiting) - CAUSES} more causes (--json lists them all)")
    console.print(sums)
    if causes.row_count:
        console.print(causes)
    open_fates = (t.fate for account in accounts for t in account.tallies if t.remedy != Fate.REPORT.remedy)
    for fate in dict.fromkeys(open_fates):
        console.print(f"{fate}: {fate.meaning} {fate.remedy}", highlight=False)


def _came_to(account: Tallies) -> str:
    """`12 report, 1 not_a_report by title, 1 blocked`."""
    sums: Counter[str] = Counter()
    for tally in account.tallies:
        by_title = tally.is_final and tally.fate is Fate.NOT_A_REPORT
        sums[f"{tally.fate} by title" if by_title else tally.fate] += tally.entries
    lost = account.listed - account.accounted
    return ", ".join(f"{n} {words}" for words, n in sums.items()) + (f", {lost} not accounted for" if lost else "")


def _table(title: str, rows: list[Finding]) -> Table:
    table = Table(title=title, title_justify="left", show_lines=True)
    table.add_column("portal", no_wrap=True)
    table.add_column("problem", no_wrap=True)
    table.add_column("details", overflow="fold")
    for row in rows:
        more = [f"… {len(row.urls) - EXAMPLES} more (--json lists them all)"] if len(row.urls) > EXAMPLES else []
        table.add_row(row.portal, row.kind, "\n".join([row.message, *row.urls[:EXAMPLES], *more]))
    return table
