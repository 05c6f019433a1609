"""scrapy list: the portals."""

from __future__ import annotations

from argparse import Namespace

from crawler.command import UNWELL, WELL, ProjectCommand
from crawler.spider_loader import broken_files
from spiders.registry import Registry


class Command(ProjectCommand):
    """Lists the names of all portals, one per line. Other spiders beside them are not named.

    Exit status: 0 all is well, 1 a portal's row is wrong or a file does not import.
    """

    def short_desc(self) -> str:
        """For `scrapy -h`."""
        return "List the portals"

    def act(self, args: list[str], opts: Namespace) -> int:
        """Nothing but names on standard output."""
        for name in Registry(self.configuration).names():
            print(name)
        return UNWELL if broken_files(self.configuration) else WELL
