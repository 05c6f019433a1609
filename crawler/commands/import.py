"""scrapy import FILE …: WARC and WACZ files into the archive, and with --cdx what other web archives have of its documents."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from rich.console import Console
from scrapy.exceptions import UsageError

from archive import Captures, Reports
from archive.model import Problem
from archive.vocabulary import ProblemKind, Stage
from archive.wanted import wanted_addresses
from crawler.command import UNWELL, WELL, ArchiveCommand, fail, unknown_portal
from crawler.mementos import UnusableArchiveError, WebArchive
from pipelines.ingest.importing import DamagedFileError, Import
from pipelines.metadata import may_be_report_title
from spiders.registry import Registry


class Command(ArchiveCommand):
    """Imports the responses in WARC and WACZ files as captures, with their own dates, and reads the reports among them.

    Importing a file twice changes nothing, and an import that was interrupted is completed by the next one. A damaged
    file is imported up to the damage. A record that is not what it claims to be (a date, a status, an address that is
    none, a digest that does not fit) is left out and is a problem.

    With --cdx, what another web archive has of listed reports that this one lacks, of reports that are gone, and of missing
    parts of reports: of each the newest three contents, with their own dates. That archive is asked as politely as a portal,
    and an import that was interrupted goes on where it was.

    Exit status: 0 all is well, 1 a page could not be read, a record was left out, or a report that a listing shows gave
    none and nobody has acknowledged it (scrapy problems), 2 a file is damaged.
    """

    def syntax(self) -> str:
        """For `scrapy import -h`."""
        return "[options] FILE.warc[.gz] … FILE.wacz … | --cdx INDEX"

    def short_desc(self) -> str:
        """For `scrapy -h`."""
        return "Import WARC and WACZ files as captures and read the reports among them"

    def add_options(self, parser: ArgumentParser) -> None:
        """Whose the captures are, whether they are read, and another archive."""
        super().add_options(parser)
        parser.add_argument(
            "--portal", help="the portal that all responses belong to (default: the one that declares the address)"
        )
        parser.add_argument(
            "--no-read", action="store_true", help="do not read the reports; scrapy reparse does so later"
        )
        parser.add_argument(
            "--cdx", metavar="INDEX", help="index of another web archive: a CDX server's address, or a CDX or CDXJ file"
        )
        parser.add_argument(
            "--replay",
            default="",
            metavar="ADDRESS",
            help="where that archive replays pages (default: beside a server's index)",
        )
        parser.add_argument(
            "--warcs", default="", metavar="DIR", help="where the WARC files of an index file are (default: beside it)"
        )
        parser.add_argument(
            "--every",
            action="store_true",
            help="with --cdx: mementos of every listed report, not only of what is missing",
        )

    def _take_mementos(self, taking: Import, opts: Namespace) -> None:
        """What another archive has of documents that this one lists and lacks; what is here already is not fetched."""
        reports = Reports.read_or_empty(self.archive)
        try:
            wanted = wanted_addresses(taking.captures, reports, may_be_report_title, every=opts.every)
        finally:
            reports.db.close()
        archive = WebArchive(opts.cdx, self.configuration, opts.replay, opts.warcs)
        try:
            for memento in archive.known(wanted):
                if taking.captures.body_of(memento.url, memento.moment) is not None:
                    taking.counts["captures/held"] += 1
                elif capture := archive.capture(memento):
                    taking.take_memento(capture, archive.name)
        except UnusableArchiveError as error:
            archive.faults.append((opts.cdx, str(error)))
        finally:
            archive.close()
        for url, why in archive.faults:
            fail(why)
            taking.problem(url, why)

    def act(self, args: list[str], opts: Namespace) -> int:
        """A damaged file does not stop the others; the exit code is UNUSABLE in the end."""
        if not args and not opts.cdx:
            raise UsageError("name at least one WARC file, or an index with --cdx")
        self.room.check()
        captures, code = Captures(self.archive), WELL
        captures.keep_bodies_at(self.configuration.get("BODIES") or "")
        portals = Registry(self.configuration, captures)
        if opts.portal and opts.portal not in portals:
            raise unknown_portal(opts.portal, portals.names())
        errors = Console(stderr=True)
        taking = Import(
            captures,
            portals,
            opts.portal,
            lambda line: errors.print(f"scrapy: {line}", highlight=False),
            self.room.check,
        )
        for path in map(Path, args):
            try:
                taking.take(path)
            except DamagedFileError as error:
                problem = Problem(kind=ProblemKind.DAMAGED_FILE, message=str(error), url=str(path), stage=Stage.IMPORT)
                captures.add_problem(taking.run_id, opts.portal, problem)
                code = fail(error)
        if opts.cdx:
            self._take_mementos(taking, opts)
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
