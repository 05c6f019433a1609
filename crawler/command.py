"""What the project's own commands share: one line for what is wrong, and exit codes that mean something."""

from __future__ import annotations

import sys
from abc import abstractmethod
from argparse import Namespace
from pathlib import Path
from typing import Any, ClassVar

from scrapy.commands import ScrapyCommand
from scrapy.settings import Settings

from archive import ArchiveError

WELL, UNWELL, UNUSABLE = 0, 1, 2
"""Exit codes: all is well; it ran and something needs a look; it could not run."""


class ArchiveCommand(ScrapyCommand):
    """A command on the archive named by the setting ARCHIVE. Subclasses write `act`."""

    requires_project = True
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False}

    @property
    def configuration(self) -> Settings:
        """The settings, which Scrapy hands over before it runs a command."""
        if self.settings is None:
            raise RuntimeError("a command has settings once Scrapy runs it")
        return self.settings

    @property
    def archive(self) -> Path:
        """The directory of the two databases."""
        return Path(self.configuration["ARCHIVE"])

    @abstractmethod
    def act(self, args: list[str], opts: Namespace) -> int:
        """Do it; returns WELL or UNWELL. Raises ArchiveError with one line for the user."""

    def run(self, args: list[str], opts: Namespace) -> None:
        """Run `act`; what the user can mend is said in one line."""
        try:
            self.exitcode = self.act(args, opts)
        except ArchiveError as error:
            self.exitcode = fail(error)


def fail(error: object) -> int:
    """Say in one line what is wrong; returns UNUSABLE."""
    print(f"scrapy: {error}", file=sys.stderr)
    return UNUSABLE
