"""scrapy verify: check that every capture is intact, and repair it from a copy."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from functools import partial
from pathlib import Path

from rich.console import Console
from scrapy.exceptions import UsageError

from archive import ArchiveError
from archive.verify import Verification, verify
from crawler.command import UNWELL, WELL, ArchiveCommand
from crawler.extensions.progress import Counting
from pipelines.ingest.repair import repair
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
            raise UsageError("verify takes no arguments")
        verdict = self._verified()
        if opts.repair_from and verdict.lines:
            if not opts.repair_from.is_file():
                raise ArchiveError(f"there is no file {opts.repair_from} to repair from")
            for line in repair(self.archive, verdict, opts.repair_from, partial(Registry, self.configuration)):
                print(line)
            verdict = self._verified()
        return UNWELL if verdict.lines else WELL

    def _verified(self) -> Verification:
        console = Console(stderr=True)
        with Counting(console, "bodies") as counting:
            verdict = verify(self.archive, counting.show)
        for line in verdict.lines:
            print(line)
        count = len(verdict.lines)
        result = f"{count} {'problem' if count == 1 else 'problems'} found" if count else "all is well"
        print(f"{verdict.bodies} bodies and {verdict.captures} captures checked: {result}")
        return verdict
