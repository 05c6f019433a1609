"""scrapy import FILE.warc[.gz] …"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections import Counter
from pathlib import Path

from rich.console import Console
from scrapy.exceptions import UsageError

from archive import ArchiveError, Captures, Reports, warc
from crawler.command import UNWELL, WELL, ArchiveCommand, fail
from crawler.items import Problem
from crawler.outcomes import classify
from pipelines.store import Store, documents
from spiders.platforms import declared, owner


class Command(ArchiveCommand):
    """Takes in what others have captured, with their dates; twice the same file changes nothing."""

    def syntax(self) -> str:
        """For `scrapy import -h`."""
        return "[options] FILE.warc[.gz] …"

    def short_desc(self) -> str:
        """For `scrapy -h`."""
        return "Take the responses of WARC files in as captures, and read the reports among them"

    def add_options(self, parser: ArgumentParser) -> None:
        """`--portal` and `--no-read`."""
        super().add_options(parser)
        parser.add_argument(
            "--portal", help="the portal of every response (default: the one that declares its address)"
        )
        parser.add_argument(
            "--no-read", action="store_true", help="only capture; scrapy crawl or reparse can read later"
        )

    def act(self, args: list[str], opts: Namespace) -> int:
        """Files are taken in up to the place where they are damaged; such a file is exit code 2 in the end."""
        if not args:
            raise UsageError("name at least one WARC file")
        captures, code = Captures(self.archive), WELL
        portals = declared(self.configuration, captures)
        if opts.portal and opts.portal not in portals:
            raise ArchiveError(f"no portal is called {opts.portal!r}; scrapy list names them all")
        run_id = captures.start_run("import", opts.portal)
        counts: Counter[str] = Counter()
        imported: set[str] = set()
        for name in args:
            path = Path(name)
            try:
                for capture in warc.read(path):
                    location = next(
                        (value for key, value in capture.response_headers if key.lower() == "location"), None
                    )
                    outcome = classify(
                        capture.url,
                        capture.status or 0,
                        capture.content_type,
                        location,
                        capture.body or b"",
                        truncated=capture.note is not None,
                    )
                    capture.outcome, capture.redirect_url, capture.note = (
                        outcome.name,
                        outcome.redirect_url,
                        outcome.note,
                    )
                    lister = portals.get(opts.portal or "") or owner(capture.url, portals)
                    capture.portal, capture.run_id = lister.name if lister else None, run_id
                    if captures.holds(capture):
                        counts["captures/held"] += 1
                        continue
                    captures.add(capture)
                    counts[f"captures/{capture.outcome}"] += 1
                    imported.add(capture.url)
            except ArchiveError as error:
                captures.add_problem(
                    run_id, opts.portal, Problem(kind="damaged_file", message=str(error), url=str(path), stage="import")
                )
                code = fail(error)
        if not opts.no_read:
            code = max(code, self._read(captures, run_id, imported, counts))
        captures.finish_run(run_id, "finished" if code in {WELL, UNWELL} else "damaged file", dict(counts))
        captures.close()
        Console(stderr=True).print(
            ", ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "nothing in it"
        )
        return code

    def _read(self, captures: Captures, run_id: int, imported: set[str], counts: Counter[str]) -> int:
        """Read the documents that have a page among the imported ones."""
        problems: Counter[str] = Counter()

        def keep(url: str, found: list[Problem]) -> None:
            captures.resolve_problems(url, "read", still=[p.kind for p in found])
            for problem in found:
                captures.add_problem(run_id, None, Problem(kind=problem.kind, message=problem.message, url=url))
                problems[problem.kind] += 1

        portals = declared(self.configuration, captures)
        reports = Reports(self.archive)
        store = Store(captures, reports, portals, keep)
        wanted = (place for place in documents(captures, portals) if not imported.isdisjoint(place.urls))
        for result in store.read_all(wanted):
            counts[f"reports/{result}"] += 1
        reports.close()
        return UNWELL if problems["unreadable"] or problems["read_failed"] else WELL
