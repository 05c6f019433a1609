"""scrapy check [SPIDER …]: checks the contracts of spiders and leaves the archive alone."""

from __future__ import annotations

from argparse import Namespace

from scrapy.commands import check

from crawler.command import UNWELL
from crawler.spider_loader import broken_files
from crawler.without_archive import WithoutArchive


class Command(WithoutArchive, check.Command):
    """Scrapy's command without the archive. A portal's row that is wrong, or a file that does not import, fails it."""

    def run(self, args: list[str], opts: Namespace) -> None:
        """The contracts, and what there is to check before them."""
        super().run(args, opts)
        if self.settings is not None and broken_files(self.settings):
            self.exitcode = max(self.exitcode, UNWELL)
