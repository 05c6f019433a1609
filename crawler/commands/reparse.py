"""scrapy reparse [PORTAL]: read the stored pages again, without the network."""

from __future__ import annotations

import json
import os
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable
from datetime import date

from rich.console import Console
from rich.table import Table
from scrapy.exceptions import UsageError

from archive import ArchiveError, Captures, Reports
from archive.model import Located
from crawler.command import UNWELL, WELL, ArchiveCommand
from crawler.difference_output import show
from crawler.extensions.progress import Counting
from pipelines.ingest.compose import compose
from pipelines.ingest.locate import locate, located, located_all
from pipelines.ingest.reparse import Account, Reparse
from spiders.registry import Registry

_FIELDS = 30
"""Fields that the table names; the run's row has them all."""
_WORTH_A_PROCESS = 100
"""Documents that take longer to read than a process takes to start."""


class Command(ArchiveCommand):
    """Rebuilds reports.db from captures.db where it is missing, and brings it up to date with the readers where not."""

    def syntax(self) -> str:
        """For `scrapy reparse -h`."""
        return "[options] [PORTAL] | --dry-run REPORT"

    def short_desc(self) -> str:
        """For `scrapy -h`."""
        return "Read every stored page again and say what that changed"

    def add_options(self, parser: ArgumentParser) -> None:
        """What to read, how, and what to say of it."""
        super().add_options(parser)
        parser.add_argument("--jobs", type=int, metavar="N", help="processes that read (default: as many as cores)")
        parser.add_argument(
            "--new",
            action="store_true",
            help="only what reports.db does not hold, and what has documents that were not read",
        )
        parser.add_argument("--since", metavar="DATE", help="only documents that were fetched on this day or later")
        parser.add_argument(
            "--dry-run", action="store_true", help="write nothing; with a report's id, show how it differs"
        )
        parser.add_argument("--json", action="store_true", help="print the account as JSON")
        parser.add_argument("--accept-losses", action="store_true", help="values that are lost are meant to be")

    def act(self, args: list[str], opts: Namespace) -> int:
        """Exit 1 when a value was lost or a page failed."""
        if len(args) > 1:
            raise UsageError("name one portal, or none for all of them")
        if opts.jobs is not None and opts.jobs < 1:
            raise UsageError("--jobs takes 1 or more", print_help=False)
        try:
            since = date.fromisoformat(opts.since).isoformat() if opts.since else None
        except ValueError as error:
            raise UsageError(f"--since takes a date, 2024-01-31: {error}", print_help=False) from error
        captures = Captures(self.archive, read_only=opts.dry_run)
        portals = Registry(self.configuration, captures)
        only = args[0] if args else None
        if only and only not in portals:
            if opts.dry_run and (self.archive / "reports.db").is_file():
                return self._report(captures, portals, only)
            raise ArchiveError(f"no portal is called {only!r}; scrapy list names them all")
        return self._all(captures, portals, only, since, opts)

    def _report(self, captures: Captures, portals: Registry, report_id: str) -> int:
        """Show the stored reading against the present one."""
        reports = Reports(self.archive, read_only=True)
        stored, found = reports.record(report_id), reports.addresses(report_id)
        if stored is None or found is None:
            raise ArchiveError(f"no portal and no report is called {report_id!r}")
        portal = portals.get(found[0]) or portals.stand_in(found[1][0])
        reading = compose(captures, located(portal, report_id.removeprefix(f"{portal.name}-"), found[1]))
        reports.db.close()
        if reading.record is None:
            why = "; ".join(problem.message for _, said in reading.problems for problem in said)
            print(f"{report_id} would be lost: {why or 'no capture gives it'}")
            return UNWELL
        return UNWELL if show(Console(), stored, reading.record) else WELL

    def _all(
        self,
        captures: Captures,
        portals: Registry,
        only: str | None,
        since: str | None,
        opts: Namespace,
    ) -> int:
        errors = Console(stderr=True)
        interrupted = captures.unfinished("reparse")
        if interrupted and not opts.dry_run:
            errors.print(f"The reparse begun at {interrupted[-1]} never came to its end; what it wrote is kept.")
            captures.end_unfinished("reparse")
        run_id = None if opts.dry_run else captures.start_run("reparse", only)
        addresses = locate(captures, portals, only)
        places: Iterable[Located] = located_all(addresses, portals)
        reparse = Reparse(self.archive, captures, portals, run_id=run_id)
        is_whole = not (opts.new or since)
        if opts.new:
            places = reparse.unread(places)
        if since:
            fetched = captures.urls_since(since)
            places = (place for place in places if not fetched.isdisjoint(place.urls))
        total, reason = len(addresses), "interrupted"
        try:
            with Counting(errors, "pages") as counting:
                reparse.run(
                    places,
                    opts.jobs or min(os.cpu_count() or 1, total // _WORTH_A_PROCESS + 1),
                    tell=lambda line: errors.print(f"scrapy: {line}", highlight=False),
                    progress=lambda done: counting.show(done, total),
                )
            if is_whole:
                reparse.remove_lost(only)
            reparse.relate(everything=bool(interrupted) or (is_whole and not only))
            reason = "finished"
        except KeyboardInterrupt:
            errors.print("scrapy: interrupted; what was read is kept, and the next reparse goes on from it")
        finally:
            reparse.close()
            if run_id is not None:
                captures.finish_run(run_id, reason, reparse.account.stats())
            captures.close()
        self._print(reparse.account, opts.json)
        has_losses = reparse.account.has_losses and not opts.accept_losses
        return UNWELL if reason != "finished" or has_losses or reparse.account.counts["failed"] else WELL

    def _print(self, account: Account, as_json: bool) -> None:
        if as_json:
            print(json.dumps(account.stats(), ensure_ascii=False, default=str))
            return
        counts, console = account.counts, Console()
        names = ("new", "changed", "unchanged", "lost", "failed")
        others = f"; {counts['none']} are no reports" if counts["none"] else ""
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
