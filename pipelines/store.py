"""Captures → reports: the one path on which a crawl, an import and a reparse write reports.db.

A report is always composed anew from every capture of its document, oldest first. So what reports.db holds depends on
the captures and the readers alone, not on the order or the kind of the runs that filled it.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from archive import ArchiveError, Capture, Captures, Reports
from archive.reports import FIELDS, Document, Version
from crawler.items import Entry, Page, Problem, Report
from crawler.runs import Runs
from pipelines import ReaderError, read
from pipelines.checks import check_years
from pipelines.version import READER_VERSION

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

    from spiders.platforms import Portal

MISSES = 3
MISSED_FOR = timedelta(days=14)
"""A report is removed after so many misses in a row over at least so long; before that it is missing."""

_AT_ONCE = 200
"""Reports written or related in one commit where nobody waits for them."""

Problems = Callable[[str, list[Problem]], None]
"""Told after each reading: the address read, and what is to be said of it (nothing clears what was said before)."""


class Store:
    """The pages of an archive as reports. `portals` maps names to portal classes."""

    def __init__(
        self, captures: Captures, reports: Reports, portals: dict[str, type[Portal]], problems: Problems
    ) -> None:
        self.captures = captures
        self.reports = reports
        self.portals = portals
        self.problems = problems
        self.touched: set[str] = set()

    def read(self, portal: type[Portal], key: str, urls: Iterable[str]) -> str | None:
        """Compose the document found at `urls` and write it. Returns new, changed, unchanged; None if it is no report."""
        document = self._compose(portal, key, set(urls))
        if document is None:
            return None
        self.reports.put_portal(portal.facts())
        result = self.reports.put(document)
        self.touched.add(document.id)
        return result

    def read_all(self, documents: Mapping[tuple[str, str], set[str]]) -> Iterator[str]:
        """Read these documents, relate them, and tell of each what came of it: new, changed, unchanged, none or failed.

        A reader that raises fails its page alone, which is told as a problem of kind `read_failed`.
        """
        for number, ((name, key), urls) in enumerate(sorted(documents.items())):
            try:
                yield self.read(self.portals[name], key, urls) or "none"
            except ArchiveError:
                raise
            except Exception as error:  # noqa: BLE001 - whatever a reader raises shall not stop the others
                self.problems(min(urls), [Problem(kind="read_failed", message=f"{type(error).__name__}: {error}")])
                yield "failed"
            if number % _AT_ONCE == 0:
                self.reports.commit()
        self.relate()
        self.reports.commit()

    def relate(self) -> None:
        """Evaluate what takes two reports, for those that this run has touched."""
        neighbours = self.reports.neighbours()
        figures = lru_cache(maxsize=64)(self.reports.yearly_figures)
        touched = [pair for pair in neighbours.items() if not self.touched.isdisjoint(pair)]
        for start in range(0, len(touched), _AT_ONCE):
            part = touched[start : start + _AT_ONCE]
            self.reports.put_cross_year(
                {current: check_years(figures(previous), figures(current)) for current, previous in part}
            )
        self.reports.put_cross_year({lonely: [] for lonely in self.reports.with_cross_year() - neighbours.keys()})

    def _compose(self, portal: type[Portal], key: str, urls: set[str]) -> Document | None:
        history = self.captures.history(urls)
        entries = self.captures.entries(urls=urls)
        pages = {c.url for c in history if c.outcome in {"ok", "unchanged"} and c.sha256 and (entries or _is_page(c))}
        newest = {c.url: c.outcome for c in history}
        for url in sorted(pages, key=lambda url: (newest[url] == "missing", portal.rank(url))):
            versions, report = self._versions(portal, [c for c in history if c.url == url], tuple(entries))
            if report is None:
                continue
            return Document(
                id=f"{portal.name}-{key}",
                portal=portal.name,
                url=url,
                report=report,
                state=_state(history),
                first_captured_at=versions[0].captured_at,
                versions=versions,
                locations=[(other, portal.name) for other in sorted(urls - {url})],
                reader_version=READER_VERSION,
            )
        return None

    def _versions(
        self, portal: type[Portal], history: list[Capture], entries: tuple[Entry, ...]
    ) -> tuple[list[Version], Report | None]:
        """Read each body of one address in turn; a version begins where what is read differs."""
        versions: list[Version] = []
        last: Report | None = None
        sha256 = None
        problems: list[Problem] = []
        for capture in history:
            if capture.sha256 == sha256 or capture.outcome not in {"ok", "unchanged"} or capture.sha256 is None:
                continue
            sha256 = capture.sha256
            try:
                report = self._read(portal, capture, entries)
            except ReaderError as error:
                problems = [Problem(kind="unreadable", message=str(error))]
                continue
            problems = list(report.problems)
            if not report.is_report:
                expected = bool(entries or last)
                problems = (
                    [
                        Problem(
                            kind="not_a_report",
                            message=f"titled {report.title!r}, it does not read as an annual report",
                        )
                    ]
                    if expected
                    else []
                )
                continue
            changed = differences(last, report) if last else {}
            if last is None or changed:
                versions.append(Version(sha256=sha256, captured_at=capture.requested_at, changed=changed))
            last = report
        self.problems(history[0].url, problems)
        return versions, last

    def _read(self, portal: type[Portal], capture: Capture, entries: tuple[Entry, ...]) -> Report:
        page = Page(
            url=capture.url,
            body=self.captures.body(capture.sha256 or ""),
            content_type=capture.content_type,
            portal=portal.name,
            division_code=portal.division_code,
            sha256=capture.sha256,
            captured_at=capture.requested_at,
            entries=entries,
        )
        report = read(page)
        if report.further_pages:
            page.parts = tuple(self._parts(report.further_pages))
            report = read(page)
        return report

    def _parts(self, urls: list[str]) -> Iterator[Page]:
        """Pages 2, 3 … of a split article, up to the first that is not there."""
        for url in urls:
            part = self.captures.last("GET", url, outcomes=("ok", "unchanged"))
            if part is None or part.body is None:
                return
            yield Page(
                url=url,
                body=part.body,
                content_type=part.content_type,
                sha256=part.sha256,
                captured_at=part.requested_at,
            )


def _is_page(capture: Capture) -> bool:
    """Whether a capture that no listing names may be a page: pictures, documents and answers of interfaces are not."""
    return (
        capture.content_type is None or "html" in capture.content_type or capture.content_type.startswith("text/plain")
    )


def differences(old: Report, new: Report) -> dict[str, list[Any]]:
    """What two readings of one document say differently: field → [old, new].

    Of the text only the paragraphs that differ; figures one by one under `table row column`; attachments by address.
    """
    changed: dict[str, list[Any]] = {}
    for name in FIELDS:
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            changed[name] = [before, after]
    if old.text != new.text:
        lines = [line for line in difflib.ndiff(old.text.split("\n"), new.text.split("\n")) if line[:2] in {"- ", "+ "}]
        changed["text"] = [[line[2:] for line in lines if line[0] == sign] for sign in "-+"]
    before, after = _figures(old), _figures(new)
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            changed[name] = [before.get(name), after.get(name)]
    links = [[a.url for a in report.attachments] for report in (old, new)]
    if links[0] != links[1]:
        changed["attachments"] = links
    return changed


def _figures(report: Report) -> dict[str, Any]:
    return {
        f"{s.table_no} {s.row_name} {s.column_name} ({s.origin})": s.raw if s.value is None else s.value
        for s in report.statistics
    }


def _state(history: list[Capture]) -> str:
    """live, missing, removed or returned, from the answers in order; refusals and errors say nothing.

    A document is missed when none of its addresses has it any more.
    """
    there: dict[str, bool] = {}
    misses: list[str] = []
    state = "live"
    for capture in history:
        if capture.outcome in {"ok", "unchanged"}:
            there[capture.url] = True
            state, misses = ("returned" if state in {"removed", "returned"} else "live"), []
        elif capture.outcome == "missing" and capture.url in there:
            there[capture.url] = False
            if not any(there.values()):
                misses.append(capture.requested_at)
                lasted = datetime.fromisoformat(misses[-1]) - datetime.fromisoformat(misses[0])
                state = (
                    "removed" if state == "removed" or (len(misses) >= MISSES and lasted >= MISSED_FOR) else "missing"
                )
    return state


def addresses(
    captures: Captures, portals: dict[str, type[Portal]], only: str | None = None
) -> dict[tuple[str, str], set[str]]:
    """(portal, key) → every address of the document: captured, listed, or moved to it. `only` limits it to one portal.

    A capture that names no portal belongs to the one that declares its address; where none does, its host stands in
    and is added to `portals`.
    """
    from spiders.platforms import owner, undeclared

    found: dict[tuple[str, str], set[str]] = {}
    moved: dict[str, str] = {}
    pages: dict[str, tuple[str, str]] = {}
    for name, url, target, outcome in captures.urls(only):
        portal = portals.get(name or "") or owner(url, portals)
        if portal is None and not only:
            stand_in = undeclared(url)
            portal = portals.setdefault(stand_in.name, stand_in)
        if (
            portal is None
            or (only and portal.name != only)
            or (portal.part_address and portal.part_address.search(url))
        ):
            continue
        pages.setdefault(url, (portal.name, portal.key(url)))
        if outcome == "redirect" and target:
            moved[url] = target
        elif outcome in {"ok", "unchanged"}:
            found.setdefault(pages[url], set()).add(url)
    for entry in captures.entries(portal=only):
        lister = portals.get(entry.portal or "")
        if lister and lister.declares(entry.url) and entry.url not in moved:
            found.setdefault((lister.name, lister.key(entry.url)), set()).add(entry.url)
    for url in moved:
        target, hops = url, 0
        while target in moved and hops < len(moved):
            target, hops = moved[target], hops + 1
        if target in pages:
            found.setdefault(pages[target], set()).add(url)
    return found


class Pipeline:
    """Scrapy's item pipeline at 900: hands each page to the store, and relates the reports when the crawl is over."""

    def __init__(self, crawler: Crawler, runs: Runs) -> None:
        self.crawler = crawler
        self.runs = runs

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """The archive is the run's."""
        runs = crawler.get_extension(Runs)
        if runs is None:
            raise RuntimeError("the extension crawler.runs.Runs must be enabled")
        return cls(crawler, runs)

    def open_spider(self) -> None:
        """Open reports.db and look up where the portal's documents have been found so far."""
        self.portal: type[Portal] = type(self.crawler.spider)  # type: ignore[assignment]
        self.reports = Reports(Path(self.crawler.settings["ARCHIVE"]))
        self.reports.put_portal(self.portal.facts())
        self.store = Store(self.runs.captures, self.reports, {self.portal.name: self.portal}, self._problems)
        self.addresses = self._addresses()
        self.results: dict[str, str | None] = {}

    def _addresses(self) -> dict[str, set[str]]:
        return {
            key: urls for (_, key), urls in addresses(self.runs.captures, self.store.portals, self.portal.name).items()
        }

    def process_item(self, item: Any) -> Any:
        """Read a page with all the addresses known by now; count what came of it."""
        if isinstance(item, Page):
            key = self.portal.key(item.url)
            urls = self.addresses.setdefault(key, set())
            urls.add(item.url)
            urls.update(entry.url for entry in getattr(self.crawler.spider, "found", {}).get(key, ()))
            self.results[key] = result = self.store.read(self.portal, key, urls)
            self.runs.count(f"reports/{result or 'none'}")
            self.reports.commit()
        return item

    def _catch_up(self) -> None:
        """Read again what this run has only indirectly touched.

        That is documents found at one more address, missed at one, or listed, held and not in reports.db.
        """
        spider = self.crawler.spider
        known = self.reports.known(self.portal.name)
        missed: set[str] = getattr(spider, "missed", set())
        found: dict[str, list[Entry]] = getattr(spider, "found", {})
        for key, urls in sorted(self._addresses().items()):
            unread = key in found and f"{self.portal.name}-{key}" not in known and key not in self.results
            if urls != self.addresses.get(key) or key in missed or unread:
                result = self.store.read(self.portal, key, urls)
                if result in {"new", "changed"} and key not in self.results:
                    self.runs.count(f"reports/{result}")

    def _problems(self, url: str, problems: list[Problem]) -> None:
        self.runs.captures.resolve_problems(url, "read", still=[p.kind for p in problems])
        for problem in problems:
            self.runs.problem(problem.kind, problem.message, url, "read")

    def close_spider(self) -> None:
        """Bring in what came late, relate reports of different years, release the database.

        Scrapy only logs what is raised here, so it is made the run's own problem first.
        """
        try:
            self._catch_up()
            self.store.relate()
        except Exception as error:
            self.runs.problem("read_failed", f"after the crawl: {type(error).__name__}: {error}", stage="read")
            raise
        finally:
            self.reports.close()
