"""scrapy reparse [PORTAL]: read the stored pages again, without the network."""

from __future__ import annotations

from argparse import Namespace
from collections import Counter

from scrapy.exceptions import UsageError

from archive import ArchiveError, Captures, Reports
from crawler.command import UNWELL, WELL, ArchiveCommand
from crawler.items import Problem
from pipelines.store import Store, documents
from spiders.platforms import declared


class Command(ArchiveCommand):
    """Rebuilds reports.db from captures.db where it is missing, and brings it up to date with the readers where not."""

    def syntax(self) -> str:
        """For `scrapy reparse -h`."""
        return "[PORTAL]"

    def short_desc(self) -> str:
        """For `scrapy -h`."""
        return "Read every stored page again and say what that changed"

    def act(self, args: list[str], opts: Namespace) -> int:
        """Exit 1 when a page failed."""
        if len(args) > 1:
            raise UsageError("name one portal, or none for all of them")
        captures = Captures(self.archive)
        portals = declared(self.configuration, captures)
        only = args[0] if args else None
        if only and only not in portals:
            raise ArchiveError(f"no portal is called {only!r}; scrapy list names them all")
        run_id = captures.start_run("reparse", only)
        counts: Counter[str] = Counter()

        def keep(url: str, found: list[Problem]) -> None:
            captures.resolve_problems(url, "read", still=[p.kind for p in found])
            for problem in found:
                captures.add_problem(run_id, only, Problem(kind=problem.kind, message=problem.message, url=url))
                counts["unreadable"] += problem.kind == "unreadable"

        reports = Reports(self.archive)
        store = Store(captures, reports, portals, keep)
        for result in store.read_all(documents(captures, portals, only)):
            counts[result] += 1
        reports.close()
        captures.finish_run(run_id, "finished", dict(counts))
        captures.close()
        print(", ".join(f"{counts[name]} {name}" for name in ("new", "changed", "unchanged", "unreadable", "failed")))
        return UNWELL if counts["failed"] or counts["unreadable"] else WELL
