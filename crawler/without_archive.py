"""Scrapy's own commands as this project has them: politeness stays, the archive is left alone."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from scrapy.commands import ScrapyCommand

from crawler.command import prepare, refuse_unknown_options


class WithoutArchive(ScrapyCommand):
    """Goes before one of Scrapy's commands: nothing is captured, no run begins, no directory is made."""

    def add_options(self, parser: ArgumentParser) -> None:
        """Scrapy's, with errors in one line."""
        super().add_options(parser)
        prepare(parser)
        self.parser = parser

    def process_options(self, args: list[str], opts: Namespace) -> None:
        """ARCHIVING is set off with the priority of the command line, above project and spider."""
        refuse_unknown_options(self.parser, args)
        super().process_options(args, opts)
        if self.settings is not None:
            self.settings.set("ARCHIVING", False, priority="cmdline")
