"""What the project's own commands share: help that reads as written, one line for an error, exit codes that mean something."""

from __future__ import annotations

import argparse
import os
import sys
import textwrap
from abc import abstractmethod
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable
from difflib import get_close_matches
from enum import IntEnum
from inspect import Parameter, getdoc, signature
from pathlib import Path
from typing import Any, ClassVar, NoReturn

from scrapy import Spider
from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError
from scrapy.settings import Settings

from archive import ArchiveError
from archive.free_space import Room


class ExitCode(IntEnum):
    """How a command ended. The two after UNUSABLE are what a shell gives a program that these signals end."""

    WELL = 0
    UNWELL = 1
    """It ran, and something needs a look."""
    UNUSABLE = 2
    """It could not run."""
    INTERRUPTED = 130
    """Ctrl-C."""
    PIPE_CLOSED = 141
    """The reader of its output went away: `scrapy read x.html | head -1`."""


WELL, UNWELL, UNUSABLE = ExitCode.WELL, ExitCode.UNWELL, ExitCode.UNUSABLE


class HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """Keeps the paragraphs of a description apart; lines that are indented stay as they are."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return "\n\n".join(
            paragraph if paragraph.startswith(" ") else textwrap.fill(paragraph, width)
            for paragraph in text.split("\n\n")
        )


class ProjectCommand(ScrapyCommand):
    """A command of this project. Subclasses write `act`; their class docstring is what `-h` prints."""

    requires_project = True
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False}

    @property
    def configuration(self) -> Settings:
        """The settings, which Scrapy hands over before it runs a command."""
        if self.settings is None:
            raise RuntimeError("a command has settings once Scrapy runs it")
        return self.settings

    def long_desc(self) -> str:
        """The class docstring."""
        return getdoc(type(self)) or self.short_desc()

    def add_options(self, parser: ArgumentParser) -> None:
        """Scrapy's global options; from now on the parser prints help and errors as this project does."""
        super().add_options(parser)
        prepare(parser)
        self.parser = parser

    def process_options(self, args: list[str], opts: Namespace) -> None:
        """Refuse what looks like an option and is none: Scrapy would take it for an argument."""
        refuse_unknown_options(self.parser, args)
        super().process_options(args, opts)

    @abstractmethod
    def act(self, args: list[str], opts: Namespace) -> int:
        """Do the work and return an exit code. Raises ArchiveError or UsageError with one line for the user."""

    def run(self, args: list[str], opts: Namespace) -> None:
        """Run `act`. An error that the user can correct is one line; Ctrl-C and a closed pipe leave no traceback."""
        try:
            self.exitcode = self.act(args, opts)
            sys.stdout.flush()
        except ArchiveError as error:
            self.exitcode = fail(error)
        except UsageError as error:
            self.exitcode = fail(f"{error}; see scrapy {command_name(self.parser)} -h")
        except KeyboardInterrupt:
            fail("interrupted")
            self.exitcode = ExitCode.INTERRUPTED
        except BrokenPipeError:
            # Python flushes standard output once more when it ends; there must be something to take it.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            self.exitcode = ExitCode.PIPE_CLOSED


class ArchiveCommand(ProjectCommand):
    """A command on the archive named by the setting ARCHIVE."""

    @property
    def archive(self) -> Path:
        """The directory of the two databases."""
        return Path(self.configuration["ARCHIVE"])

    @property
    def room(self) -> Room:
        """What has to stay free on its disk."""
        return self.room_of(self.archive)

    def room_of(self, folder: Path) -> Room:
        """What has to stay free on the disk of a folder: the setting MIN_FREE."""
        return Room(folder, self.configuration.getint("MIN_FREE"))


def prepare(parser: ArgumentParser) -> None:
    """Make a parser of Scrapy's print help as it is written and errors in one line."""

    def error(message: str) -> NoReturn:
        fail(f"{message}; see scrapy {command_name(parser)} -h")
        sys.exit(UNUSABLE)

    parser.formatter_class = HelpFormatter
    parser.error = error  # type: ignore[method-assign]


def refuse_unknown_options(parser: ArgumentParser, args: list[str]) -> None:
    """Raises UsageError for the first argument that looks like an option, naming the option nearest to it.

    What follows `--` is never an option; `--` itself is taken out of `args`.
    """
    end = args.index("--") if "--" in args else len(args)
    for argument in args[:end]:
        if argument.startswith("-") and argument != "-":
            option = argument.partition("=")[0]
            raise UsageError(f"unknown option {option}{nearest(option, parser._option_string_actions)}")
    del args[end : end + 1]


def refuse_unknown_arguments(spider: type[Spider], arguments: Iterable[str]) -> None:
    """Raises UsageError for an argument (`-a`) that the spider does not name, with the nearest one.

    A spider names its arguments as keyword-only parameters; one without any takes whatever it is given.
    """
    parameters = signature(spider.__init__).parameters.values()
    known = [parameter.name for parameter in parameters if parameter.kind is Parameter.KEYWORD_ONLY]
    for name in arguments:
        if known and name not in known:
            suggestion = nearest(name, known) or f"; there are {' and '.join(known)}"
            raise UsageError(f"{spider.name} takes no argument {name!r}{suggestion}")


def command_name(parser: ArgumentParser) -> str:
    """The command whose options `parser` reads: the second word of its usage, `scrapy NAME …`."""
    return (parser.usage or "").split()[1]


def nearest(word: str, known: Iterable[str]) -> str:
    """A question to end a message with: the known word that `word` most resembles, if there is one.

    >>> nearest("refesh", ["refresh", "years"]), nearest("x", ["refresh"])
    ("; did you mean 'refresh'?", '')
    """
    found = get_close_matches(word, list(known), n=1)
    return f"; did you mean {found[0]!r}?" if found else ""


def unknown_portal(name: str, known: Iterable[str]) -> ArchiveError:
    """The error for a portal that does not exist."""
    return ArchiveError(f"unknown portal {name!r}{nearest(name, known) or '; scrapy list names them all'}")


def fail(error: object) -> ExitCode:
    """Say in one line what is wrong; returns UNUSABLE."""
    print(f"scrapy: {error}", file=sys.stderr)
    return UNUSABLE
