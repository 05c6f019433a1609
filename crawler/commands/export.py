"""scrapy export OUT: the captures as WARC or WACZ."""

from __future__ import annotations

import tempfile
from argparse import ArgumentParser, Namespace
from datetime import date
from pathlib import Path

from rich.console import Console
from scrapy.exceptions import UsageError

from archive import ArchiveError, Captures, Reports
from archive.warc.wacz import pack
from archive.warc.writer import Export, Selection, Written
from crawler.command import WELL, ArchiveCommand
from crawler.extensions.progress import Counting
from spiders.registry import Registry


class Command(ArchiveCommand):
    """What comes out is read by others' tools; imported into an empty archive it gives the same captures."""

    def syntax(self) -> str:
        """For `scrapy export -h`."""
        return "[options] OUT.warc.gz | OUT.warc | OUT.wacz"

    def short_desc(self) -> str:
        """For `scrapy -h`."""
        return "Write the captures as WARC 1.1, or as WACZ"

    def add_options(self, parser: ArgumentParser) -> None:
        """Which captures, and in what form."""
        super().add_options(parser)
        parser.add_argument("--portal", help="only captures of this portal")
        parser.add_argument("--since", metavar="DATE", help="only what was fetched on this day (UTC) or later")
        parser.add_argument("--until", metavar="DATE", help="only what was fetched on this day (UTC) or earlier")
        parser.add_argument("--reports-only", action="store_true", help="only the pages and documents of reports")
        parser.add_argument("--wacz", action="store_true", help="a WACZ, also where OUT is not called so")

    def act(self, args: list[str], opts: Namespace) -> int:
        """A file appears under its name only when it is whole."""
        if len(args) != 1:
            raise UsageError("name one file to write")
        try:
            for text in filter(None, (opts.since, opts.until)):
                date.fromisoformat(text)
        except ValueError as error:
            raise UsageError(f"--since and --until take dates, 2024-01-31: {error}", print_help=False) from error
        out = Path(args[0])
        captures = Captures(self.archive, read_only=True)
        portals = Registry(self.configuration, captures)
        if opts.portal and opts.portal not in portals:
            raise ArchiveError(f"no portal is called {opts.portal!r}; scrapy list names them all")
        urls, titles = None, {}
        if (self.archive / "reports.db").is_file():
            reports = Reports(self.archive, read_only=True)
            titles = reports.titles()
            urls = reports.urls(opts.portal) if opts.reports_only else None
            reports.db.close()
        elif opts.reports_only:
            raise ArchiveError(f"there is no reports.db in {self.archive}; scrapy reparse makes it")
        parts = [portal.next_page_address for portal in portals if portal.next_page_address]
        selection = Selection(
            portal=opts.portal,
            since=opts.since,
            until=opts.until,
            urls=urls,
            is_part=lambda url: any(pattern.search(url) for pattern in parts),
        )
        as_wacz = opts.wacz or out.name.endswith(".wacz")
        is_gzip = as_wacz or out.name.endswith(".gz")
        try:
            with tempfile.NamedTemporaryFile(dir=out.parent, prefix=f".{out.name}.", delete=False) as stream:
                unfinished = Path(stream.name)
                export = Export(captures, stream, is_gzip=is_gzip)
                written = self._written(export, selection, "data.warc.gz" if as_wacz else out.name, keep=as_wacz)
            if as_wacz:
                warc, unfinished = unfinished, unfinished.with_name(unfinished.name + ".wacz")
                pack(unfinished, warc, written, titles)
                warc.unlink()
            unfinished.chmod(0o644)
            unfinished.replace(out)
        except OSError as error:
            raise ArchiveError(f"cannot write {out}: {error}") from error
        finally:
            for left in out.parent.glob(f".{out.name}.*"):
                left.unlink()
            captures.close()
        print(f"{export.count} captures in {out}, {out.stat().st_size:,} bytes")
        return WELL

    def _written(self, export: Export, selection: Selection, name: str, *, keep: bool) -> list[Written]:
        """Write everything; returns what replay can be asked for if that is to be kept."""
        total = export.captures.count()
        kept = []
        with Counting(Console(stderr=True), "captures") as counting:
            for record in export.write(selection, name):
                if keep:
                    kept.append(record)
                if export.count % 50 == 0:
                    counting.show(export.count, total)
        return kept
