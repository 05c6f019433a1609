"""scrapy list: the portals."""

from __future__ import annotations

from argparse import Namespace

from crawler.command import WELL, ProjectCommand
from spiders.registry import Registry


class Command(ProjectCommand):
    """Lists the names of all portals, one per line. Other spiders beside them are not named."""

    def short_desc(self) -> str:
        """For `scrapy -h`."""
        return "List the portals"

    def act(self, args: list[str], opts: Namespace) -> int:
        """Nothing but names on standard output."""
        for name in Registry(self.configuration).names():
            print(name)
        return WELL
