"""scrapy merge OTHER_DIR: copy another archive's captures into this one."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections import Counter
from pathlib import Path

from rich.console import Console
from scrapy.exceptions import UsageError

from archive import Captures
from archive.merge import Merge
from archive.model import Problem
from archive.vocabulary import ProblemKind, Stage
from crawler.command import UNWELL, WELL, ArchiveCommand
from crawler.extensions.progress import Counting
from pipelines.ingest.importing import begin, read_due
from spiders.registry import Registry


class Command(ArchiveCommand):
    """Copies the captures of another archive into this one and reads what is new.

    You can stop it at any time; run again, it copies and reads what is left.

    Exit status: 0 all is well, 1 a capture of the other archive is damaged, a page could not be read, or a report that a
    listing shows gave none and nobody has acknowledged it (scrapy problems).
    """

    def syntax(self) -> str:
        """For `scrapy merge -h`."""
        return "[--no-read] OTHER_DIR"

    def short_desc(self) -> str:
        """For `scrapy -h`."""
        return "Copy another archive's captures into this one and read what is new"

    def add_options(self, parser: ArgumentParser) -> None:
        """`--no-read`."""
        super().add_options(parser)
        parser.add_argument(
            "--no-read", action="store_true", help="do not read the reports; scrapy reparse does so later"
        )

    def act(self, args: list[str], opts: Namespace) -> int:
        """Copy, read, and print the counts."""
        if len(args) != 1:
            raise UsageError("name one directory: the other archive")
        self.room.check()
        captures, console = Captures(self.archive), Console(stderr=True)
        captures.keep_bodies_at(self.configuration.get("BODIES") or "")
        with Counting(console, "captures") as counting:
            merge = Merge(captures, Path(args[0]) / "captures.db", self.room.before(counting.show))
            run_id = begin(captures, None, lambda line: console.print(f"scrapy: {line}", highlight=False))
            merge.run()
        code = UNWELL if merge.damaged else WELL
        for line in merge.damaged:
            console.print(line, soft_wrap=True, highlight=False)
            captures.add_problem(run_id, None, Problem(kind=ProblemKind.DAMAGED_FILE, message=line, stage=Stage.IMPORT))
        counts: Counter[str] = merge.counts
        if not opts.no_read:
            portals = Registry(self.configuration, captures)
            code = max(code, UNWELL if read_due(captures, portals, run_id, counts, self.room.check) else WELL)
        captures.finish_run(run_id, "finished", dict(counts))
        captures.close()
        print(", ".join(f"{count} {name}" for name, count in sorted(counts.items()) if count) or "nothing new")
        return code
