"""How far a listing has been walked, and what is to be said of it: an archive must not miss pages without knowing it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from archive.model import Entry, Problem

MAX_PAGES = 500
"""Pages of one listing after which a walk is taken for endless: at 10 rows a page 5,000 reports, more than any column has."""


@dataclass(slots=True)
class Branch:
    """Pages that are counted together: the listing, or one of the columns that it is made of."""

    entries: set[str] = field(default_factory=set)
    total: int | None = None


@dataclass(slots=True)
class Walk:
    """One listing in one run. `root` is its first page."""

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

        `goes_on` says that the page leads to further ones, `promised` that the page before said this one has entries.
        """
        part = self.branches.setdefault(branch, Branch())
        self.pages += 1
        if total is not None:
            if part.total is not None and total < part.total:
                self.add_problem(
                    "listing_shrinks",
                    f"{part.total} entries announced on an earlier page, {total} on {url}",
                    branch,
                )
            part.total = max(total, part.total or 0)
        urls = {entry.url for entry in entries}
        if urls and urls <= part.entries:
            self.add_problem("listing_repeats", f"all {len(urls)} entries of {url} stood on pages before it", branch)
            return False
        if part.entries and not urls:
            if promised:
                self.add_problem(
                    "listing_stub", f"{url} lists nothing, though the page before it said that it would", branch
                )
            return False
        if not urls and not goes_on and total is None and branch != self.root:
            self.add_problem("listing_empty", "this part of a listing has no entries and leads nowhere", branch)
        self.undated |= {entry.url for entry in entries if entry.date is None} - self.entries
        self.undated -= {entry.url for entry in entries if entry.date is not None}
        part.entries |= urls
        self.entries |= urls
        if self.pages >= MAX_PAGES and goes_on:
            self.add_problem("listing_endless", f"more than {MAX_PAGES} pages")
            return False
        return True

    def add_problem(self, kind: str, message: str, url: str | None = None) -> None:
        """Keep a problem until the walk is over."""
        self.problems.append(self._problem(kind, message, url))

    def audit(self) -> Iterator[Problem]:
        """What is to be said of the walk when it is over."""
        yield from self.problems
        if not self.entries:
            yield self._problem("listing_empty", "not a single entry was listed")
        for url, part in self.branches.items():
            if self.entries and part.total is not None and len(part.entries) != part.total:
                seen = f"{part.total} entries announced, {len(part.entries)} seen; {self.pages} pages walked"
                yield self._problem("listing_short", seen, url)
        if self.undated:
            yield self._problem("listing_undated", f"{len(self.undated)} entries without a date")

    @property
    def is_whole(self) -> bool:
        """Whether the listing was walked to its end: only then does what it does not show mean anything."""
        return all(problem.kind == "listing_undated" for problem in self.audit())

    def _problem(self, kind: str, message: str, url: str | None = None) -> Problem:
        return Problem(kind=kind, message=message, url=url or self.root, stage="listing")
