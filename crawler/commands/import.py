"""scrapy import FILE …: WARC and WACZ files into the archive."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from rich.console import Console
from scrapy.exceptions import UsageError

from archive import Captures
from archive.model import Problem
from archive.vocabulary import ProblemKind, Stage
from crawler.command import UNWELL, WELL, ArchiveCommand, fail, unknown_portal
from pipelines.ingest.importing import DamagedFileError, Import
from spiders.registry import Registry


class Command(ArchiveCommand):
    """Imports the responses in WARC and WACZ files as captures, with their own dates, and reads the reports among them.

    Importing a file twice changes nothing, and an import that was interrupted is completed by the next one. A damaged
    file is imported up to the damage. A record that is not what it claims to be (a date, a status, an address that is
    none, a digest that does not fit) is left out and is a problem.

    Exit status: 0 all is well, 1 a page could not be read, a record was left out, or a report that a listing shows gave
    none and nobody has acknowledged it (scrapy problems), 2 a file is damaged.
    """

    def syntax(self) -> str:
        """For `scrapy import -h`."""
        return "[options] FILE.warc[.gz] … FILE.wacz …"

    def short_desc(self) -> str:
        """For `scrapy -h`."""
        return "Import WARC and WACZ files as captures and read the reports among them"

    def add_options(self, parser: ArgumentParser) -> None:
        """`--portal` and `--no-read`."""
        super().add_options(parser)
        parser.add_argument(
            "--portal", help="the portal that all responses belong to (default: the one that declares the address)"
        )
        parser.add_argument(
            "--no-read", action="store_true", help="do not read the reports; scrapy reparse does so later"
        )

    def act(self, args: list[str], opts: Namespace) -> int:
        """A damaged file does not stop the others; the exit code is UNUSABLE in the end."""
        if not args:
            raise UsageError("name at least one WARC file")
        captures, code = Captures(self.archive), WELL
        portals = Registry(self.configuration, captures)
        if opts.portal and opts.portal not in portals:
            raise unknown_portal(opts.portal, portals.names())
        errors = Console(stderr=True)
        taking = Import(captures, portals, opts.portal, lambda line: errors.print(f"scrapy: {line}", highlight=False))
        for path in map(Path, args):
            try:
                taking.take(path)
            except DamagedFileError as error:
                problem = Problem(kind=ProblemKind.DAMAGED_FILE, message=str(error), url=str(path), stage=Stage.IMPORT)
                captures.add_problem(taking.run_id, opts.portal, problem)
                code = fail(error)
        code = max(code, UNWELL if taking.bad else WELL)
        if not opts.no_read:
            code = max(code, UNWELL if taking.read() else WELL)
        captures.finish_run(
            taking.run_id, "finished" if code in {WELL, UNWELL} else "damaged file", dict(taking.counts)
        )
        captures.close()
        counted = ", ".join(f"{count} {name}" for name, count in sorted(taking.counts.items()) if count)
        errors.print(counted or "nothing new")
        return code
