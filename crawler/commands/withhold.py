"""scrapy withhold URL --why …: keep back a capture and its report from readers."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections import Counter

from scrapy.exceptions import UsageError

from archive import ArchiveError, Captures, Reports
from archive.vocabulary import RunKind
from archive.withheld import lift, withhold
from crawler.command import WELL, ArchiveCommand
from pipelines.ingest.importing import read_due
from spiders.registry import Registry


class Command(ArchiveCommand):
    """Withholds an address: its captures, those to come, and its report with all pages and documents of it.

    The bytes and their hashes stay; nothing of them is in the reading room, in exports, feeds and data packages, nor in
    sums. In their place stands since when and why. --lift shows them again. A reading room that is open is to be started
    again afterwards.

    Exit status: 0 it is withheld, or lifted.
    """

    def syntax(self) -> str:
        """For `scrapy withhold -h`."""
        return "URL --why REASON [--lift]"

    def short_desc(self) -> str:
        """For `scrapy -h`."""
        return "Keep back a capture and its report from readers"

    def add_options(self, parser: ArgumentParser) -> None:
        """`--why` and `--lift`."""
        super().add_options(parser)
        parser.add_argument("--why", help="the reason, as readers will see it")
        parser.add_argument("--lift", action="store_true", help="show it again")

    def act(self, args: list[str], opts: Namespace) -> int:
        """Decide, and bring reports.db in line."""
        if len(args) != 1:
            raise UsageError("name one address")
        if not (opts.why or "").strip():
            raise UsageError("say why: --why REASON")
        if not (self.archive / "captures.db").is_file():
            raise ArchiveError(f"there is no {self.archive / 'captures.db'}")
        captures = Captures(self.archive)
        try:
            lines = (
                self._lift(captures, args[0], opts.why) if opts.lift else self._withhold(captures, args[0], opts.why)
            )
            run_id = captures.start_run(RunKind.REPARSE, None)
            counts: Counter[str] = Counter()
            read_due(captures, Registry(self.configuration, captures), run_id, counts)
            captures.finish_run(run_id, "finished", dict(counts))
        finally:
            captures.close()
        print(*lines, sep="\n")
        return WELL

    def _withhold(self, captures: Captures, url: str, why: str) -> list[str]:
        reports = Reports(self.archive)
        try:
            done = withhold(captures, reports, url, why)
        finally:
            reports.close()
        told = [f"withheld: {each}" for each in done.urls]
        told += [f"report {report_id} is out of reports.db" for report_id in done.report_ids]
        return [*told, *(f"the same report is open elsewhere: {each}" for each in done.copies)]

    def _lift(self, captures: Captures, url: str, why: str) -> list[str]:
        urls = lift(captures, url, why)
        if not urls:
            raise ArchiveError(f"{url} is not withheld")
        return [f"shown again: {each}" for each in urls]
