"""scrapy restore DIR: make an archive of a backup."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from scrapy.exceptions import UsageError

from archive.backup import restore
from crawler.command import UNWELL, WELL, ArchiveCommand


class Command(ArchiveCommand):
    """Copies a backup to where the archive should be, and verifies it. There must be no archive there.

    Exit status: 0 the archive is restored and intact, 1 something in it is damaged.
    """

    def syntax(self) -> str:
        """For `scrapy restore -h`."""
        return "DIR"

    def short_desc(self) -> str:
        """For `scrapy -h`."""
        return "Make an archive of a backup, and verify it"

    def act(self, args: list[str], opts: Namespace) -> int:
        """Copy, verify, and print what is wrong."""
        if len(args) != 1:
            raise UsageError("name one directory: the backup")
        self.room.check()
        lines = restore(Path(args[0]), self.archive)
        for line in lines:
            print(line)
        print(f"{self.archive} restored from {args[0]}: {f'{len(lines)} problems found' if lines else 'all is well'}")
        return UNWELL if lines else WELL
