"""Captures → reports: the one path on which a crawl, an import and a reparse write reports.db."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from archive import Captures, Reports, copies, years
from archive.addresses import Addresses
from archive.disk_set import DiskSet
from crawler.items import Entry, Page, Problem
from crawler.runs import Runs
from pipelines.checks import check_years
from pipelines.compose import Located, Reading, compose
from pipelines.copies import find_copies

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

    from spiders.platforms import Portal

T = TypeVar("T")

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
        self.touched = DiskSet()
        self._placed: set[str] = set()

    def read(self, portal: type[Portal], key: str, urls: Iterable[str]) -> str | None:
        """Compose the document found at `urls` and write it. Returns as `write` does."""
        return self.write(compose(self.captures, located(portal, key, urls)))

    def write(self, reading: Reading) -> str | None:
        """Write what was composed: new, changed, unchanged, elsewhere or failed; None if it is no report."""
        for url, said in reading.problems:
            self.problems(url, said)
        if reading.failed:
            return "failed"
        if reading.is_unchanged:
            self.touched.add(reading.located.id)
            return "unchanged"
        if reading.record is None:
            return None
        name = reading.located.portal
        if name not in self._placed:
            self.reports.put_portal(self.portals[name].facts())
            self._placed.add(name)
        result = self.reports.put(reading.record)
        if result != "elsewhere":
            self.touched.add(reading.record.id)
        return result

    def read_all(self, documents: Iterable[Located]) -> Iterator[str]:
        """Read these documents, relate them, and tell of each what came of it, `none` if it is no report."""
        for number, place in enumerate(documents):
            yield self.write(compose(self.captures, place)) or "none"
            if number % _AT_ONCE == 0:
                self.reports.commit()
        self.relate()
        self.reports.commit()

    def relate(self, *, everything: bool = False) -> None:
        """Evaluate what takes two reports, for those that this run has touched, or for all; commits."""
        self.reports.commit()
        touched: Container[str] = _Everything() if everything else self.touched
        pairs = (pair for pair in years.neighbours(self.reports) if pair[0] in touched or pair[1] in touched)
        for part in _batches(pairs):
            figures = years.figures(self.reports, {report_id for pair in part for report_id in pair})
            checks = {current: check_years(figures[previous], figures[current]) for current, previous in part}
            years.put_checks(self.reports, checks)
        for lonely in _batches(sorted(years.lonely(self.reports))):
            years.put_checks(self.reports, {report_id: [] for report_id in lonely})
        strays = copies.strays(self.reports)
        text = partial(copies.text, self.reports)
        for found in _batches(find_copies(copies.copies(self.reports), touched, text)):
            copies.put_same_as(self.reports, dict(found))
            strays.difference_update(report_id for report_id, _ in found)
        copies.put_same_as(self.reports, dict.fromkeys(strays))


class _Everything(Container[str]):
    def __contains__(self, _: object) -> bool:
        return True


def _batches(things: Iterable[T]) -> Iterator[list[T]]:
    things = iter(things)
    while batch := list(islice(things, _AT_ONCE)):
        yield batch


def located(portal: type[Portal], key: str, urls: Iterable[str]) -> Located:
    """A document of a portal, with its addresses as the platform ranks them."""
    ranked = list(set(urls))
    if len(ranked) > 1:
        ranked.sort(key=lambda url: (portal.rank(url), url))
    return Located(portal=portal.name, key=key, urls=tuple(ranked), division_code=portal.division_code)


def locate(captures: Captures, portals: dict[str, type[Portal]], only: str | None = None) -> Addresses:
    """Every address of every document: captured, listed, or moved to it. `only` limits it to one portal.

    A capture that names no portal belongs to the one that declares its address; where none does, its host stands in
    and is added to `portals`.
    """
    from spiders.platforms import owner, undeclared

    found = Addresses()
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
        document = found.belongs(url, (portal.name, portal.key(url)))
        if outcome == "redirect" and target:
            found.move(url, target)
        elif outcome in {"ok", "unchanged"}:
            found.find(document, url)
    for name, url in captures.listed(only):
        lister = portals.get(name or "")
        if lister and lister.declares(url) and not found.has_moved(url):
            found.find((lister.name, lister.key(url)), url)
    found.follow()
    return found


def documents(captures: Captures, portals: dict[str, type[Portal]], only: str | None = None) -> Iterator[Located]:
    """Every document that `locate` finds, ready to be composed."""
    for (name, key), urls in locate(captures, portals, only):
        yield located(portals[name], key, urls)


class Pipeline:
    """Scrapy's item pipeline at 900: hands each page to the store, and relates the reports when the crawl is over."""

    def __init__(self, crawler: Crawler, runs: Runs) -> None:
        self.crawler = crawler
        self.runs = runs

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """The archive is the run's."""
        return cls(crawler, Runs.of(crawler))

    def open_spider(self) -> None:
        """Open reports.db and look up where the portal's documents have been found so far."""
        self.portal: type[Portal] = type(self.crawler.spider)  # type: ignore[assignment]
        self.reports = Reports(Path(self.crawler.settings["ARCHIVE"]))
        self.reports.put_portal(self.portal.facts())
        self.store = Store(self.runs.captures, self.reports, {self.portal.name: self.portal}, self._problems)
        self.addresses = self._addresses()
        self.results: dict[str, str | None] = {}

    def _addresses(self) -> dict[str, set[str]]:
        found = locate(self.runs.captures, self.store.portals, self.portal.name)
        return {key: set(urls) for (_, key), urls in found}

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
        known = set(self.reports.known(self.portal.name))
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
