"""scrapy problems: what is open, by portal and cause, and what somebody has acknowledged."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace

from rich.console import Console
from rich.table import Table
from scrapy.exceptions import UsageError

from archive import ArchiveError, Captures
from archive.asking import OpenProblem, acknowledge, open_problems
from archive.vocabulary import ProblemKind
from crawler.command import UNWELL, WELL, ArchiveCommand

WIDTH = 140
"""Columns of a list that is mailed or piped."""
_KINDS = {str(kind): kind for kind in ProblemKind}


class Command(ArchiveCommand):
    """Lists the open problems by portal and cause, and says what to do about each cause.

    --acknowledge ID --why TEXT notes that somebody knows of a problem: it no longer makes the portal unwell and its
    address is not asked for again, until the problem changes.

    Exit status: 0 nothing is open that is not acknowledged, 1 something is, 2 there is no such archive or problem.
    """

    def syntax(self) -> str:
        """For `scrapy problems -h`."""
        return "[options] [PORTAL]"

    def short_desc(self) -> str:
        """For `scrapy -h`."""
        return "List what is open and what to do, or acknowledge a problem"

    def add_options(self, parser: ArgumentParser) -> None:
        """`--acknowledge`, `--why`, `--json`."""
        super().add_options(parser)
        parser.add_argument("--acknowledge", type=int, metavar="ID", help="acknowledge the problem with this number")
        parser.add_argument("--why", metavar="TEXT", help="why it is acknowledged; kept with it")
        parser.add_argument("--json", action="store_true", help="print one JSON object a problem")

    def act(self, args: list[str], opts: Namespace) -> int:
        """List, or acknowledge one problem."""
        if len(args) > 1:
            raise UsageError("name one portal, or none for all")
        if (opts.acknowledge is None) != (opts.why is None):
            raise UsageError("--acknowledge ID and --why TEXT go together")
        if not (self.archive / "captures.db").exists():
            raise ArchiveError(f"there is no archive in {self.archive}; run scrapy crawl or scrapy import first")
        captures = Captures(self.archive)
        found = open_problems(captures, args[0] if args else None)
        if opts.acknowledge is not None:
            problem = next((problem for problem in found if problem.id == opts.acknowledge), None)
            if problem is None:
                captures.close()
                raise ArchiveError(f"no open problem has the number {opts.acknowledge}; scrapy problems lists them")
            acknowledge(captures, problem.portal, problem.url, opts.why)
            captures.close()
            print(f"acknowledged: {problem.kind} {problem.url or ''}")
            return WELL
        captures.close()
        if opts.json:
            for problem in found:
                print(json.dumps(problem.__dict__, ensure_ascii=False))
        else:
            _print(found)
        return UNWELL if any(problem.is_unwell for problem in found) else WELL


def _print(found: list[OpenProblem]) -> None:
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    if not found:
        console.print("Nothing is open.")
        return
    table = Table(show_lines=False)
    for column in ("number", "portal", "problem", "since"):
        table.add_column(column, no_wrap=True)
    table.add_column("details", overflow="fold")
    for problem in found:
        known = f"acknowledged: {problem.why}\n" if problem.acknowledged_at else ""
        details = f"{known}{problem.message}\n{problem.url or ''}".strip()
        table.add_row(str(problem.id), problem.portal or "", problem.kind, problem.seen_at[:10], details)
    console.print(table)
    for word in dict.fromkeys(problem.kind for problem in found):
        if kind := _KINDS.get(word):
            console.print(f"{word}: {kind.meaning} {kind.remedy}", highlight=False)
