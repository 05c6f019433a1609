"""scrapy reparse [PORTAL]: read the stored pages again."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from datetime import date

from rich.console import Console
from rich.table import Table
from scrapy.exceptions import UsageError

from archive import ArchiveError, Captures, Reports
from crawler.command import UNWELL, WELL, ArchiveCommand, unknown_portal
from crawler.extensions.progress import Counting
from crawler.reading_diff import print_diff
from crawler.scheduler_option import add_scheduler, check_scheduler
from pipelines.ingest.compose import compose
from pipelines.ingest.locate import located
from pipelines.ingest.reparse import Account, Selection, reparse
from spiders.registry import Registry

_FIELDS = 30
"""Fields that the table names; the run's row has them all."""


class Command(ArchiveCommand):
    """Reads the stored pages of all portals, or of one, again and updates reports.db. Nothing is fetched.

    Where reports.db is missing it is built anew. Stopped with Ctrl-C, a reparse keeps what it has read, and the next
    one continues.

    Exit status: 0 all is well, 1 a value was lost, a page failed or the reparse was interrupted.
    """

    def syntax(self) -> str:
        """For `scrapy reparse -h`."""
        return "[options] [PORTAL] | --dry-run REPORT"

    def short_desc(self) -> str:
        """For `scrapy -h`."""
        return "Read every stored page again and show what changed"

    def add_options(self, parser: ArgumentParser) -> None:
        """What to read, how, and what to say of it."""
        super().add_options(parser)
        parser.add_argument("--jobs", type=int, metavar="N", help="processes to read with (default: one per core)")
        add_scheduler(parser, "reads")
        parser.add_argument(
            "--new",
            action="store_true",
            help="only pages captured or listed since they were last read, not read by this version, or with documents"
            " that could not be read",
        )
        parser.add_argument("--since", metavar="DATE", help="only documents captured on this day (UTC) or later")
        parser.add_argument(
            "--dry-run", action="store_true", help="write nothing; with the id of a report, show how it would change"
        )
        parser.add_argument("--json", action="store_true", help="print the result as JSON")
        parser.add_argument("--accept-losses", action="store_true", help="exit 0 even if values were lost")

    def act(self, args: list[str], opts: Namespace) -> int:
        """A portal, or with --dry-run a report, or everything."""
        if len(args) > 1:
            raise UsageError("name one portal, or none for all")
        if opts.jobs is not None and opts.jobs < 1:
            raise UsageError("--jobs takes 1 or more")
        check_scheduler(opts.scheduler)
        try:
            since = date.fromisoformat(opts.since).isoformat() if opts.since else None
        except ValueError as error:
            raise UsageError(f"--since takes a date, 2024-01-31: {error}") from error
        if not opts.dry_run:
            self.room.check()
        captures = Captures(self.archive, read_only=opts.dry_run)
        portals = Registry(self.configuration, captures)
        only = args[0] if args else None
        if only and only not in portals:
            if opts.dry_run and (self.archive / "reports.db").is_file():
                return self._report(captures, portals, only)
            raise unknown_portal(only, portals.names())
        return self._all(captures, portals, Selection(portal=only, only_unread=opts.new, fetched_since=since), opts)

    def _report(self, captures: Captures, portals: Registry, report_id: str) -> int:
        """Show how the present reading of a report differs from the stored one."""
        reports = Reports(self.archive, read_only=True)
        stored, found = reports.record(report_id), reports.addresses(report_id)
        if stored is None or found is None:
            raise ArchiveError(f"no portal and no report is called {report_id!r}")
        portal = portals.get(found[0]) or portals.stand_in(found[1][0])
        reading = compose(captures, located(portal, report_id.removeprefix(f"{portal.name}-"), found[1]))
        reports.db.close()
        if reading.record is None:
            why = "; ".join(problem.message for _, said in reading.problems for problem in said)
            print(f"{report_id} would be lost: {why or 'no capture contains it'}")
            return UNWELL
        return UNWELL if print_diff(Console(), stored, reading.record) else WELL

    def _all(self, captures: Captures, portals: Registry, selection: Selection, opts: Namespace) -> int:
        errors = Console(stderr=True)
        try:
            with Counting(errors, "pages") as counting:
                account = reparse(
                    self.archive,
                    captures,
                    portals,
                    selection,
                    jobs=opts.jobs,
                    scheduler=opts.scheduler,
                    dry_run=opts.dry_run,
                    tell=lambda line: errors.print(f"scrapy: {line}", highlight=False),
                    progress=counting.show if opts.dry_run else self.room.before(counting.show),
                )
        finally:
            captures.close()
        self._print(account, opts.json)
        has_losses = account.has_losses and not opts.accept_losses
        is_unwell = has_losses or account.counts["failed"] or account.counts["unaccounted"]
        return UNWELL if is_unwell or not account.is_finished else WELL

    def _print(self, account: Account, as_json: bool) -> None:
        if as_json:
            print(json.dumps(account.stats(), ensure_ascii=False, default=str))
            return
        counts, console = account.counts, Console()
        names = ("new", "changed", "unchanged", "lost", "failed")
        others = f"; {counts['none']} are not reports" if counts["none"] else ""
        print(f"{counts['read']} pages read: " + ", ".join(f"{counts[name]} {name}" for name in names) + others)
        if account.fields:
            table = Table(title="Values that are read differently", title_justify="left")
            table.add_column("field")
            for kind in ("added", "lost", "changed"):
                table.add_column(kind, justify="right")
            ranked = sorted(account.fields.items(), key=lambda item: (-item[1]["lost"], -item[1].total(), item[0]))
            for name, kinds in ranked[:_FIELDS]:
                table.add_row(name, *(str(kinds[kind]) for kind in ("added", "lost", "changed")))
            console.print(table)
        for example in account.examples():
            named = " ".join(filter(None, (example["report"], example["field"], example["where"])))
            console.print(
                f"{example['kind']}: {named}: {example['old']!r} → {example['new']!r}  {example['url']}",
                highlight=False,
                markup=False,
                soft_wrap=True,
            )
