"""scrapy diff REPORT: two captures of a report compared."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from dataclasses import replace

from rich.console import Console
from scrapy.exceptions import UsageError

from archive import ArchiveError, Capture, Captures, Reports
from archive.model import Located
from archive.records import Record, ReportHistory, Version, record
from archive.vocabulary import ReportState
from crawler.command import WELL, ArchiveCommand
from crawler.reading_diff import print_diff
from pipelines.errors import ReaderError
from pipelines.ingest.compose import read_capture
from pipelines.ingest.locate import located
from pipelines.version import READER_VERSION
from spiders.registry import Registry


class Command(ArchiveCommand):
    """Reads two captures of a report with the present readers and shows what changed between them."""

    def syntax(self) -> str:
        """For `scrapy diff -h`."""
        return "REPORT [--from CAPTURE|DATE] [--to CAPTURE|DATE]"

    def short_desc(self) -> str:
        """For `scrapy -h`."""
        return "Show what changed between two captures of a report"

    def add_options(self, parser: ArgumentParser) -> None:
        """`--from` and `--to`."""
        super().add_options(parser)
        help_ = "a capture's id, or a date or moment in UTC: the last capture up to then"
        parser.add_argument(
            "--from", dest="old", metavar="WHEN", help=f"{help_} (default: the version before the last)"
        )
        parser.add_argument("--to", dest="new", metavar="WHEN", help=f"{help_} (default: the last capture)")

    def act(self, args: list[str], opts: Namespace) -> int:
        """List the versions of the report, then show the difference."""
        if len(args) != 1:
            raise UsageError("name one report by its id")
        captures, reports = Captures(self.archive, read_only=True), Reports(self.archive, read_only=True)
        stored, found = reports.record(args[0]), reports.addresses(args[0])
        if stored is None or found is None:
            raise ArchiveError(f"no report is called {args[0]!r}")
        portals = Registry(self.configuration, captures)
        portal = portals.get(found[0]) or portals.stand_in(found[1][0])
        place = located(portal, args[0].removeprefix(f"{portal.name}-"), found[1])
        history = [
            capture
            for capture in captures.history(found[1])
            if capture.outcome in {"ok", "unchanged"} and capture.sha256 is not None
        ]
        moments = [row[1] for row in stored.tables["versions"]]
        print(f"{args[0]}: {len(moments)} version{'s' * (len(moments) > 1)} in {len(history)} captures")
        for moment in sorted(moments):
            print(f"  since {moment}")
        old = _chosen(history, opts.old) if opts.old else _chosen(history, sorted(moments)[-2:][0])
        new = _chosen(history, opts.new) if opts.new else history[-1]
        print(f"capture {old.id} of {old.requested_at} against capture {new.id} of {new.requested_at}:")
        try:
            print_diff(Console(), _read(captures, place, old), _read(captures, place, new))
        except ReaderError as error:
            raise ArchiveError(f"one of the two cannot be read: {error}") from error
        return WELL


def _chosen(history: list[Capture], when: str) -> Capture:
    """The capture of that id, or the last up to the end of that moment."""
    by_id = [capture for capture in history if when.isdigit() and capture.id == int(when)]
    up_to = [capture for capture in history if capture.requested_at[: len(when)] <= when]
    if not by_id and (when.isdigit() or not up_to):
        raise ArchiveError(
            f"there is no capture {when} of it; the first is {history[0].id} of {history[0].requested_at}"
        )
    return by_id[0] if by_id else up_to[-1]


def _read(captures: Captures, place: Located, capture: Capture) -> Record:
    entries = tuple(captures.entries(urls=place.urls))
    moment, sha256 = capture.requested_at, capture.sha256 or ""
    report = replace(
        read_capture(captures, place, capture, entries),
        id=place.id,
        portal=place.portal,
        sha256=sha256,
        captured_at=moment,
        first_captured_at=moment,
        state=ReportState.LIVE,
    )
    versions = [Version(sha256=sha256, captured_at=moment)]
    return record(ReportHistory(report=report, versions=versions, locations=[], reader_version=READER_VERSION))
