"""scrapy backup DIR: copy what is new in the archive to a backup."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from rich.console import Console
from scrapy.exceptions import UsageError

from archive.backup import back_up
from crawler.command import UNWELL, WELL, ArchiveCommand
from crawler.extensions.progress import Counting


class Command(ArchiveCommand):
    """Brings a backup up to date: only captures that it lacks are copied. The archive may be written meanwhile.

    A backup is itself an archive: scrapy verify -s ARCHIVE=DIR checks every byte of it.

    Exit status: 0 the backup is complete, 1 a damaged body was left out of it.
    """

    def syntax(self) -> str:
        """For `scrapy backup -h`."""
        return "DIR"

    def short_desc(self) -> str:
        """For `scrapy -h`."""
        return "Copy what is new in the archive to a backup"

    def act(self, args: list[str], opts: Namespace) -> int:
        """Copy and print the counts."""
        if len(args) != 1:
            raise UsageError("name one directory: the backup")
        copy = Path(args[0])
        room = self.room_of(copy)
        room.check()
        with Counting(Console(stderr=True), "captures") as counting:
            done = back_up(self.archive, copy, room.before(counting.show))
        for line in done.damaged:
            print(line)
        print(f"{done.captures} captures and {done.bodies} bodies added to {args[0]}")
        return UNWELL if done.damaged else WELL
