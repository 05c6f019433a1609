"""scrapy export OUT: the captures as WARC or WACZ."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from datetime import date
from pathlib import Path

from rich.console import Console
from scrapy.exceptions import UsageError

from archive import Captures
from archive.warc.export_file import export_file, report_urls
from archive.warc.writer import ExportSelection
from crawler.command import UNWELL, WELL, ArchiveCommand, unknown_portal
from crawler.extensions.progress import Counting
from spiders.registry import Registry

MOST_NAMED = 20
"""Damaged captures that are named."""


class Command(ArchiveCommand):
    """Writes the captures as WARC 1.1, or with the name OUT.wacz as WACZ, for other archives and replay tools.

    Imported into an empty archive the file gives the same captures. OUT is replaced only when the export is complete. What
    is damaged is left out and named; the exit code is 1 then.
    """

    def syntax(self) -> str:
        """For `scrapy export -h`."""
        return "[options] OUT.warc.gz | OUT.warc | OUT.wacz"

    def short_desc(self) -> str:
        """For `scrapy -h`."""
        return "Write the captures as WARC 1.1 or WACZ"

    def add_options(self, parser: ArgumentParser) -> None:
        """Which captures, and in what form."""
        super().add_options(parser)
        parser.add_argument("--portal", help="only captures of this portal")
        parser.add_argument("--since", metavar="DATE", help="only captures of this day (UTC) or later")
        parser.add_argument("--until", metavar="DATE", help="only captures of this day (UTC) or earlier")
        parser.add_argument("--reports-only", action="store_true", help="only the pages and documents of reports")
        parser.add_argument("--with-withheld", action="store_true", help="what scrapy withhold keeps back, too")
        parser.add_argument("--wacz", action="store_true", help="write WACZ whatever OUT is called")

    def act(self, args: list[str], opts: Namespace) -> int:
        """Select, write, and print how much it was."""
        if len(args) != 1:
            raise UsageError("name one file to write")
        try:
            for text in filter(None, (opts.since, opts.until)):
                date.fromisoformat(text)
        except ValueError as error:
            raise UsageError(f"--since and --until take dates, 2024-01-31: {error}") from error
        out = Path(args[0])
        with Counting(Console(stderr=True), "captures") as counting:
            exported = export_file(
                self.archive, out, self._selection(opts), counting.show, as_wacz=opts.wacz or out.suffix == ".wacz"
            )
        print(f"{exported.captures} captures in {out}, {exported.size:,} bytes")
        if not exported.damaged:
            return WELL
        for line in exported.damaged[:MOST_NAMED]:
            print(f"left out: {line}", file=sys.stderr)
        print(
            f"{len(exported.damaged)} damaged captures are left out; scrapy verify names all of them, and mends them with"
            " --repair-from FILE",
            file=sys.stderr,
        )
        return UNWELL

    def _selection(self, opts: Namespace) -> ExportSelection:
        captures = Captures(self.archive, read_only=True)
        portals = Registry(self.configuration, captures)
        captures.close()
        if opts.portal and opts.portal not in portals:
            raise unknown_portal(opts.portal, portals.names())
        parts = [portal.next_page_address for portal in portals if portal.next_page_address]
        return ExportSelection(
            portal=opts.portal,
            since=opts.since,
            until=opts.until,
            with_withheld=opts.with_withheld,
            urls=report_urls(self.archive, opts.portal) if opts.reports_only else None,
            is_part=lambda url: any(pattern.search(url) for pattern in parts),
        )
