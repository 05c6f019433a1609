"""scrapy runspider FILE: runs a spider from a file and leaves the archive alone."""

from __future__ import annotations

import tempfile
from argparse import ArgumentParser, Namespace

from scrapy.commands import runspider
from scrapy.spiderloader import DummySpiderLoader

from crawler.command import prepare, refuse_unknown_options


class Command(runspider.Command):
    """Scrapy's command. A portal cannot crawl without an archive: it gets an empty one that is deleted at the end."""

    def add_options(self, parser: ArgumentParser) -> None:
        """Scrapy's, with errors in one line."""
        super().add_options(parser)
        prepare(parser)
        self.parser = parser

    def process_options(self, args: list[str], opts: Namespace) -> None:
        """Settings with the priority of the command line, above those of the project."""
        refuse_unknown_options(self.parser, args)
        super().process_options(args, opts)
        self.scratch = tempfile.TemporaryDirectory(prefix="tongjian-")
        if self.settings is not None:
            self.settings.set("ARCHIVE", self.scratch.name, priority="cmdline")
            self.settings.set("SPIDER_LOADER_CLASS", DummySpiderLoader, priority="cmdline")

    def run(self, args: list[str], opts: Namespace) -> None:
        """Crawl, then delete the scratch archive."""
        with self.scratch:
            super().run(args, opts)
