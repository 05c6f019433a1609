"""How far a listing was walked, and what is wrong with the walk: an archive must not miss pages without knowing it.

A walk is one listing in one run. A branch is a part of it whose entries and total are counted apart: the listing itself,
or one of the columns that it is made of. Nothing here looks at a page; what pages list is handed in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from archive.model import Entry, Problem
from archive.vocabulary import ProblemKind, Stage

MAX_PAGES = 500
"""Pages after which a walk counts as endless: at 10 rows per page 5,000 reports, more than any column has."""


@dataclass(slots=True)
class Branch:
    """A part of a listing that is counted by itself."""

    entries: set[str] = field(default_factory=set)
    """Addresses of the entries seen so far."""
    total: int | None = None
    """The largest total that one of its pages announced."""


@dataclass(slots=True)
class Walk:
    """One listing in one run. `root` is the address of its first page."""

    root: str
    pages: int = 0
    entries: set[str] = field(default_factory=set)
    undated: set[str] = field(default_factory=set)
    branches: dict[str, Branch] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def visit(
        self, branch: str, url: str, entries: Sequence[Entry], total: int | None, *, goes_on: bool, promised: bool
    ) -> bool:
        """Count a page; whether the walk goes on from it.

        `total` is what the page announces, `goes_on` whether it leads to further pages, `promised` whether the page
        before it said that this one has entries.
        """
        part = self.branches.setdefault(branch, Branch())
        urls = {entry.url for entry in entries}
        self.pages += 1
        self._count_total(part, branch, url, total)
        if self._adds_nothing(part, branch, url, urls, promised=promised):
            return False
        if not urls and not goes_on and total is None and branch != self.root and promised:
            self.add_problem(ProblemKind.LISTING_EMPTY, "this column has no entries and leads to no other page", branch)
        self._count_entries(part, entries)
        if self.pages >= MAX_PAGES and goes_on:
            self.add_problem(ProblemKind.LISTING_ENDLESS, f"more than {MAX_PAGES} pages")
            return False
        return True

    def _count_total(self, part: Branch, branch: str, url: str, total: int | None) -> None:
        if total is None:
            return
        if part.total is not None and total < part.total:
            message = f"an earlier page announced {part.total} entries, {url} announces {total}"
            self.add_problem(ProblemKind.LISTING_SHRINKS, message, branch)
        part.total = max(total, part.total or 0)

    def _adds_nothing(self, part: Branch, branch: str, url: str, urls: set[str], *, promised: bool) -> bool:
        """Whether the page lists only what pages before it listed, or nothing where they listed something."""
        if urls and urls <= part.entries:
            message = f"all {len(urls)} entries of {url} were listed on earlier pages"
            self.add_problem(ProblemKind.LISTING_REPEATS, message, branch)
            return True
        if part.entries and not urls:
            if promised:
                message = f"{url} lists nothing, though the page before it announced more entries"
                self.add_problem(ProblemKind.LISTING_STUB, message, branch)
            return True
        return False

    def _count_entries(self, part: Branch, entries: Sequence[Entry]) -> None:
        urls = {entry.url for entry in entries}
        self.undated |= {entry.url for entry in entries if entry.date is None} - self.entries
        self.undated -= {entry.url for entry in entries if entry.date is not None}
        part.entries |= urls
        self.entries |= urls

    def add_problem(self, kind: ProblemKind, message: str, url: str | None = None) -> None:
        """Keep a problem until the walk is over."""
        self.problems.append(self._problem(kind, message, url))

    def audit(self) -> Iterator[Problem]:
        """Everything wrong with the walk, once it is over."""
        yield from self.problems
        if not self.entries:
            yield self._problem(ProblemKind.LISTING_EMPTY, "the listing has no entries")
        for url, part in self.branches.items():
            if self.entries and part.total is not None and len(part.entries) != part.total:
                message = f"{part.total} entries announced, {len(part.entries)} seen; {self.pages} pages walked"
                yield self._problem(ProblemKind.LISTING_SHORT, message, url)
        if self.undated:
            yield self._problem(ProblemKind.LISTING_UNDATED, f"{len(self.undated)} entries without a date")

    @property
    def is_whole(self) -> bool:
        """Whether the listing was walked to its end: only then does a report's absence from it mean anything."""
        return all(problem.kind == ProblemKind.LISTING_UNDATED for problem in self.audit())

    def _problem(self, kind: ProblemKind, message: str, url: str | None = None) -> Problem:
        return Problem(kind=kind, message=message, url=url or self.root, stage=Stage.LISTING)
