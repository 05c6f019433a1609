"""Captures → reports: the one path on which a crawl, an import and a reparse write reports.db."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from archive import Captures, Reports, copy_candidates, cross_year
from archive.batches import batched
from archive.document_index import DiskSet
from archive.model import Located, Problem, Report
from archive.records import Reading
from pipelines.ingest.compose import compose
from pipelines.ingest.locate import located
from pipelines.ingest.near_copies import find_copies
from pipelines.ingest.portals import PortalFacts, Portals
from pipelines.prepared import PreparedPage
from pipelines.statistics.checks import check_years

_AT_ONCE = 200
"""Reports written or related in one commit when no crawl waits for them."""

Problems = Callable[[str, list[Problem]], None]
"""Called after each reading with an address and its problems; without any, those reported before are resolved."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What came of reading a document and writing its report."""

    result: str
    """new, changed, unchanged, elsewhere (another portal has the address), none (no report) or failed."""
    report: Report | None
    """As reports.db has it now; None where it has none of this document."""


class Store:
    """The pages of an archive as reports. `portals` knows the portals by name."""

    def __init__(self, captures: Captures, reports: Reports, portals: Portals, problems: Problems) -> None:
        self.captures = captures
        self.reports = reports
        self.portals = portals
        self.problems = problems
        self.touched = DiskSet()
        self._placed: set[str] = set()

    def read(self, portal: PortalFacts, key: str, urls: Iterable[str], prepared: PreparedPage | None = None) -> Stored:
        """Compose the document found at `urls` and write it. `prepared` is one of its pages where it was parsed before."""
        reading = compose(self.captures, located(portal, key, urls), prepared)
        result = self.write(reading)
        return Stored(result, reading.report if result in {"new", "changed", "unchanged"} else None)

    def write(self, reading: Reading) -> str:
        """Write what was composed. Returns new, changed, unchanged, elsewhere, none or failed, as Stored has it."""
        for url, said in reading.problems:
            self.problems(url, said)
        if reading.failed:
            return "failed"
        if reading.is_unchanged:
            self.touched.add(reading.located.id)
            return "unchanged"
        if reading.record is None:
            return "none"
        name = reading.located.portal
        if name not in self._placed:
            portal = self.portals.get(name)
            if portal is not None:
                self.reports.put_portal(portal.facts())
            self._placed.add(name)
        result = self.reports.put(reading.record)
        if result != "elsewhere":
            self.touched.add(reading.record.id)
        return result

    def read_all(self, documents: Iterable[Located]) -> Iterator[str]:
        """Read these documents and relate them; yields what came of each, as `write` returns it."""
        for number, place in enumerate(documents):
            yield self.write(compose(self.captures, place))
            if number % _AT_ONCE == 0:
                self.reports.commit()
        self.relate()
        self.reports.commit()

    def relate(self, *, everything: bool = False) -> None:
        """Evaluate what takes two reports (cross-year checks, copies), for those that this run has touched or for all.

        Commits.
        """
        self.reports.commit()
        touched: Container[str] = _Everything() if everything else self.touched
        pairs = (pair for pair in cross_year.year_pairs(self.reports) if pair[0] in touched or pair[1] in touched)
        for part in batched(pairs, _AT_ONCE):
            figures = cross_year.compared_figures(self.reports, {report_id for pair in part for report_id in pair})
            checks = {current: check_years(figures[previous], figures[current]) for current, previous in part}
            cross_year.put_checks(self.reports, checks)
        for lonely in batched(sorted(cross_year.without_previous_year(self.reports)), _AT_ONCE):
            cross_year.put_checks(self.reports, {report_id: [] for report_id in lonely})
        strays = copy_candidates.stale_links(self.reports)
        text = partial(copy_candidates.text_of, self.reports)
        for found in batched(find_copies(copy_candidates.candidates(self.reports), touched, text), _AT_ONCE):
            copy_candidates.link_copies(self.reports, dict(found))
            strays.difference_update(report_id for report_id, _ in found)
        copy_candidates.link_copies(self.reports, dict.fromkeys(strays))


class _Everything(Container[str]):
    def __contains__(self, _: object) -> bool:
        return True
