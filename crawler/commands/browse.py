"""scrapy browse: Datasette on the archive."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace

from archive import Captures, Reports
from archive.database import ArchiveError
from crawler.command import ArchiveCommand

CONFIGURATION = "archive"
"""Folder of metadata.yaml and, later, templates and plugins."""


class Command(ArchiveCommand):
    """Serves both databases read-only; this process becomes Datasette's."""

    def short_desc(self) -> str:
        """For `scrapy -h`."""
        return "Browse the archive in a web browser (Datasette, read-only)"

    def add_options(self, parser: ArgumentParser) -> None:
        """`--port` and `--host`."""
        super().add_options(parser)
        parser.add_argument("--port", type=int, default=8001)
        parser.add_argument("--host", default="127.0.0.1", help="127.0.0.1 unless others shall see it")

    def act(self, args: list[str], opts: Namespace) -> int:
        """Does not return while Datasette runs."""
        if not (self.archive / "captures.db").exists():
            raise ArchiveError(f"there is no archive in {self.archive} yet; scrapy crawl or scrapy import makes one")
        for part in (Captures, Reports):
            part(self.archive).close()
        if opts.host not in {"127.0.0.1", "localhost", "::1"}:
            print(f"scrapy: {opts.host} lets others in; everything in the archive can be read by them", file=sys.stderr)
        command = [
            sys.executable,
            "-m",
            "datasette",
            "serve",
            str(self.archive / "reports.db"),
            str(self.archive / "captures.db"),
        ]
        command += ["--metadata", f"{CONFIGURATION}/metadata.yaml", "--host", opts.host, "--port", str(opts.port)]
        command += ["--setting", "sql_time_limit_ms", "3000", "--setting", "allow_download", "off"]
        os.execv(sys.executable, command)  # noqa: S606 - a fixed program with our own arguments
