"""scrapy export-data: the reports as CSV and Parquet with a Frictionless data package."""

from __future__ import annotations

import sys
from argparse import Namespace
from importlib.resources import files
from pathlib import Path

from scrapy.exceptions import UsageError

import archive.room
from archive import ArchiveError, Reports
from archive.data_package import export
from archive.parquet import can_be_written
from crawler.command import WELL, ArchiveCommand


class Command(ArchiveCommand):
    """Writes the reports as CSV and Parquet tables with a Frictionless data package. The archive is not changed."""

    def syntax(self) -> str:
        """For `scrapy export-data -h`."""
        return "OUT/"

    def short_desc(self) -> str:
        """For `scrapy -h`."""
        return "Write the reports as CSV and Parquet with a Frictionless data package"

    def act(self, args: list[str], opts: Namespace) -> int:
        """Print one line per table."""
        if len(args) != 1:
            raise UsageError("name one directory to write to")
        if not (self.archive / "reports.db").exists():
            raise ArchiveError(f"there is no reports.db in {self.archive}; run scrapy reparse first")
        Reports(self.archive).close()
        described = files(archive.room).joinpath("metadata.yaml")
        for name, rows in export(self.archive / "reports.db", Path(args[0]), described).items():
            print(f"{name:16} {rows:>10,} rows")
        if not can_be_written():
            print("no Parquet files: they need pyarrow (pip install 'tongjian[parquet]')", file=sys.stderr)
        return WELL
