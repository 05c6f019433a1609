"""scrapy verify: check that every capture is intact, and repair it from a copy."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from datetime import date
from functools import partial
from pathlib import Path

from rich.console import Console
from scrapy.exceptions import UsageError

from archive import ArchiveError, seal
from archive.verification import Scope, Verification
from archive.verify import verify
from crawler.command import UNWELL, WELL, ArchiveCommand
from crawler.extensions.progress import Counting
from pipelines.ingest.repair import repair
from spiders.registry import Registry


class Command(ArchiveCommand):
    """Proves that the archive is what was written: every body by its hash, every row by its digest, every reference.

    Each altered row is named. What could not be looked at is named, too. Writes only with --repair-from, which may be
    interrupted and run again; reports.db is mended by scrapy reparse.

    With --since only captures of that day and later are looked at, with --sample a part of captures and reports that is
    chosen by lot; both say how much that was, and a sample with what probability it finds damage.

    Exit status: 0 everything that was looked at is intact, 1 something is damaged (after a repair: something still is).
    """

    def syntax(self) -> str:
        """For `scrapy verify -h`."""
        return "[--since DATE] [--sample PERCENT] [--seal FILE] [--repair-from FILE]"

    def short_desc(self) -> str:
        """For `scrapy -h`."""
        return "Hash every stored body again and check every reference"

    def add_options(self, parser: ArgumentParser) -> None:
        """`--repair-from`."""
        super().add_options(parser)
        parser.add_argument(
            "--since", metavar="DATE", help="only what was captured on this day (YYYY-MM-DD, UTC) or later"
        )
        parser.add_argument("--sample", metavar="PERCENT", type=float, help="only this part, chosen by lot")
        parser.add_argument(
            "--seal", metavar="FILE", type=Path, help="and that nothing that scrapy seal listed is gone"
        )
        parser.add_argument(
            "--repair-from",
            metavar="FILE",
            type=Path,
            help="restore what is damaged from this WARC, WACZ, captures.db or backup",
        )

    def act(self, args: list[str], opts: Namespace) -> int:
        """Verify; repair and verify again if asked to."""
        if args:
            raise UsageError("verify takes no arguments")
        scope = _scope(opts)
        if opts.repair_from and not scope.is_whole:
            raise UsageError("--repair-from looks at everything: leave out --since and --sample")
        verdict = self._verified(scope)
        if opts.repair_from and verdict.lines:
            if opts.repair_from.is_dir():  # a backup, or another archive
                opts.repair_from /= "captures.db"
            if not opts.repair_from.is_file():
                raise ArchiveError(f"there is no file {opts.repair_from} to repair from")
            for line in repair(self.archive, verdict, opts.repair_from, partial(Registry, self.configuration)):
                print(line)
            verdict = self._verified(scope)
        is_kept = self._is_kept(opts.seal) if opts.seal else True
        return WELL if is_kept and not verdict.lines else UNWELL

    def _is_kept(self, path: Path) -> bool:
        """Whether all is there that a seal lists."""
        found = seal.check(self.archive, path)
        for line in found.lines:
            print(line)
        what = f"{found.captures} captures and {found.bodies} bodies of {found.sealed_at}"
        print(f"{path}: {what}: {f'{len(found.lines)} problems found' if found.lines else 'all are there unaltered'}")
        return not found.lines

    def _verified(self, scope: Scope) -> Verification:
        console = Console(stderr=True)
        with Counting(console, "bodies") as counting:
            verdict = verify(self.archive, counting.show, scope)
        for line in (*verdict.lines, *verdict.notes):
            print(line)
        count = len(verdict.lines)
        result = f"{count} {'problem' if count == 1 else 'problems'} found" if count else "all is well"
        print(f"{verdict.bodies} bodies and {verdict.captures} captures checked: {result}")
        return verdict


def _scope(opts: Namespace) -> Scope:
    """What is to be looked at. Raises UsageError for a day or a part that is none."""
    if opts.since is not None:
        try:
            date.fromisoformat(opts.since)
        except ValueError as error:
            raise UsageError(f"--since takes a day as 2026-01-31, not {opts.since!r}") from error
    if opts.sample is not None and not 0 < opts.sample <= 100:
        raise UsageError("--sample takes a part in per cent, above 0 and up to 100")
    return Scope(since=opts.since or "", share=1.0 if opts.sample is None else opts.sample / 100)
