"""scrapy verify: check that every capture is intact, and repair it from a copy."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from rich.console import Console
from scrapy.exceptions import UsageError

from archive import ArchiveError, Captures
from archive.merge import Merge
from archive.verify import Verification, put_back, salvage, verify
from archive.warc.reader import is_warc
from crawler.command import UNWELL, WELL, ArchiveCommand
from crawler.extensions.progress import Counting
from pipelines.ingest.importing import Import
from spiders.registry import Registry


class Command(ArchiveCommand):
    """Decompresses and hashes every stored body again and checks every reference. Writes only with --repair-from.

    Exit status: 0 everything is intact, 1 something is damaged (after a repair: something still is).
    """

    def syntax(self) -> str:
        """For `scrapy verify -h`."""
        return "[--repair-from FILE]"

    def short_desc(self) -> str:
        """For `scrapy -h`."""
        return "Hash every stored body again and check every reference"

    def add_options(self, parser: ArgumentParser) -> None:
        """`--repair-from`."""
        super().add_options(parser)
        parser.add_argument(
            "--repair-from",
            metavar="FILE",
            type=Path,
            help="restore damaged bodies from this WARC, WACZ or captures.db",
        )

    def act(self, args: list[str], opts: Namespace) -> int:
        """Verify; repair and verify again if asked to."""
        if args:
            raise UsageError("scrapy verify takes no arguments")
        verdict = self._verified()
        if opts.repair_from and verdict.lines:
            if not opts.repair_from.is_file():
                raise ArchiveError(f"there is no file {opts.repair_from} to repair from")
            self._repair(verdict, opts.repair_from)
            verdict = self._verified()
        return UNWELL if verdict.lines else WELL

    def _verified(self) -> Verification:
        console = Console(stderr=True)
        with Counting(console, "bodies") as counting:
            verdict = verify(self.archive, counting.show)
        for line in verdict.lines:
            print(line)
        count = len(verdict.lines)
        told = f"{verdict.bodies} bodies and {verdict.captures} captures looked at: "
        print(told + (f"{count} {'thing is' if count == 1 else 'things are'} wrong" if count else "all is well"))
        return verdict

    def _repair(self, verdict: Verification, source: Path) -> None:
        was_broken = verdict.is_broken
        if was_broken:
            print(f"captures.db is made anew of what can be read; the damaged file is kept as {salvage(self.archive)}")
            verdict = verify(self.archive)
        restored = put_back(self.archive, verdict.damaged, source) if verdict.damaged else 0
        print(f"{restored} of {len(verdict.damaged)} bodies put back from {source}")
        if not was_broken:
            return
        captures = Captures(self.archive)
        if is_warc(source):
            taking = Import(captures, Registry(self.configuration, captures))
            taking.take(source)
            taken = taking.taken
            captures.finish_run(taking.run_id, "finished", dict(taking.counts))
        else:
            merge = Merge(captures, source, lambda *_: None)
            merge.run()
            taken = sum(merge.counts.values()) - merge.counts["captures/held"] - merge.counts["runs"]
        captures.close()
        print(f"{taken} captures taken from {source} that were not here")
