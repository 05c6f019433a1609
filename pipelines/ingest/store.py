"""Captures → reports: the one path on which a crawl, an import and a reparse write reports.db."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

from archive import ArchiveError, Captures, Reports, copy_candidates, cross_year, framed, ledger
from archive.asking import Asking
from archive.batches import batched
from archive.copy_candidates import Candidate
from archive.database import CannotWriteError
from archive.document_index import DiskSet
from archive.fates import Witness
from archive.model import Located, Problem
from archive.portal_lock import is_crawled
from archive.read_marks import State, is_said, put_mark, put_read_through, set_related, unrelated
from archive.records import Reading, Record
from archive.resume import failed_urls
from archive.vocabulary import Fate, ProblemKind, Stage
from archive.withheld import decision, withhold_also
from pipelines.ingest.compose import compose, failed
from pipelines.ingest.near_copies import endings, find_copies
from pipelines.ingest.portals import Portals
from pipelines.ingest.same_text import contradicted
from pipelines.metadata import may_be_report_title
from pipelines.metadata.listed_bodies import body_named
from pipelines.statistics.checks import check_years

_FATES = {
    ProblemKind.NOT_A_REPORT: Fate.NOT_A_REPORT,
    ProblemKind.UNREADABLE: Fate.UNREADABLE,
    ProblemKind.READ_FAILED: Fate.UNREADABLE,
    ProblemKind.TIMED_OUT: Fate.UNREADABLE,
}
"""Problems of a reading that say why it gave no report."""
_PART_OF_A_PAGE = "a part of the page that shows it in a frame"
_AT_ONCE = 200
"""Reports written or related in one commit when no crawl waits for them."""
_WORTH_A_SCAN = 20_000
"""Reports from which on going through all of an archive costs less than finding by index whom they concern."""
_SECONDS = 5.0
"""The longest that a commit waits: other processes that write must not wait for slow documents."""

Problems = Callable[[str, str, list[Problem]], None]
"""Called after each reading with a portal, an address and its problems; without any, those reported before are resolved."""


@dataclass(slots=True)
class Settled:
    """What the ledgers of portals lack."""

    lost: int = 0
    """Entries without a fate: there are none unless something is wrong with the program."""
    unexplained: dict[str, int] = field(default_factory=dict)
    """Portal → entries listed as reports that gave none, of which nobody has said that he knows."""


class Pace:
    """Says when to commit: after so many documents, or after some seconds if they are slow."""

    def __init__(self, documents: int) -> None:
        self.documents = documents
        self._read, self._since = 0, time.monotonic()

    def __call__(self) -> bool:
        """Count a document; whether it is time."""
        self._read += 1
        if self._read < self.documents and time.monotonic() - self._since < _SECONDS:
            return False
        self._read, self._since = 0, time.monotonic()
        return True


class Store:
    """The pages of an archive as reports. `portals` knows the portals by name."""

    def __init__(self, captures: Captures, reports: Reports, portals: Portals, problems: Problems) -> None:
        self.captures = captures
        self.reports = reports
        self.portals = portals
        self.problems = problems
        self.touched = DiskSet()
        """Reports that are to be related: those that were written, not those that are as they were."""
        self._placed: set[str] = set()
        self.left_due: set[str] = set()
        """Portals with documents that could not be read and stay due."""

    def write(self, reading: Reading) -> str:
        """Write what was composed.

        Returns new, changed, unchanged, elsewhere (another portal has the address), none (no report) or failed.
        """
        witness = _unreported(reading)
        if _is_of_no_change(reading) and is_said(self.reports, reading, witness):
            for url, said in reading.problems:
                self.problems(reading.located.portal, url, said)
            return "unchanged" if reading.is_unchanged else "none"
        ledger.set_unreported(self.reports, reading.located, witness)
        try:
            result = self._put(reading)
        except CannotWriteError:
            raise
        except ArchiveError as error:  # a reader has given a value that no column may hold
            result = self._put(failed(reading, ProblemKind.READ_FAILED, str(error)))
        is_withdrawn = result == "none" and (reading.record is not None or reading.is_unchanged)
        for url, said in reading.problems:
            self.problems(reading.located.portal, url, [] if is_withdrawn else said)
        has_report = result in {"new", "changed", "unchanged"}
        if reading.mark is None:
            self.left_due.add(reading.located.portal)
        put_mark(self.reports, reading, has_report=has_report, is_changed=result in {"new", "changed"})
        return result

    def _put(self, reading: Reading) -> str:
        """Write the report, if there is one to write; returns as `write` does."""
        if reading.failed or (reading.is_prevented and self._is_stored(reading.located.id)):
            return "failed"  # the report stays as it was when it was read whole
        if (reading.record or reading.is_unchanged) and self._is_framed(reading.located):
            return "none"
        if reading.is_unchanged:
            ledger.set_contradictions(self.reports, reading.located.id, reading.contradicting)
            return "unchanged"
        if reading.fate == Fate.WITHHELD:
            self._withhold(reading.located)
        if reading.record is None:
            return "none"
        name = reading.located.portal
        if name not in self._placed:
            portal = self.portals.get(name)
            if portal is not None:
                self.reports.put_portal(portal.facts())
            self._placed.add(name)
        causes = contradicted(self.captures, self.reports, reading.record)
        for report_id, cause in causes.items():
            self._withdraw(name, report_id, cause)
        if reading.record.id in causes:
            return "none"
        before = self.reports.addresses(reading.record.id)
        result = self.reports.put(reading.record)
        if result != "elsewhere":
            self._take_frames(reading.located, reading.record, reading.beside, before[1] if before else ())
            self.touched.add(reading.record.id)
            ledger.set_contradictions(self.reports, reading.record.id, reading.contradicting)
        return result

    def _is_framed(self, place: Located) -> bool:
        """Whether a document is but the article of another page that shows it in a frame; then it has no report.

        One that a listing names is a report of its own, and the other page is to be read again.
        """
        report_id = framed.report_showing(self.reports, place)
        if report_id is None:
            return False
        if self.captures.entries(urls=place.urls):
            self._read_again(place.portal, [report_id])
            return False
        self._withdraw(place.portal, place.id, _PART_OF_A_PAGE)
        return True

    def _take_frames(self, place: Located, record: Record, beside: Collection[str], before: Collection[str]) -> None:
        """Take out the reports of pages that this one shows in a frame; those that it showed `before` are due again."""
        locations = {url for url, *_ in record.tables["locations"]}
        for report_id in framed.reports_at(self.reports, locations.intersection(beside), place):
            addresses = self.reports.addresses(report_id)
            if addresses and not self.captures.entries(urls=addresses[1]):
                self._withdraw(place.portal, report_id, _PART_OF_A_PAGE)
        portal = self.portals.get(place.portal)
        if portal is not None and (gone := set(before) - {*place.urls, *locations}):
            self._read_again(place.portal, [f"{place.portal}-{portal.key(url)}" for url in gone])

    def _read_again(self, portal: str, document_ids: list[str]) -> None:
        framed.read_again(self.reports, document_ids)
        self.left_due.add(portal)

    def _withdraw(self, portal: str, report_id: str, cause: str) -> None:
        """Take out a report whose text is another entry's, and keep what shows it."""
        stored = self.reports.addresses(report_id)
        if stored is not None:
            self.problems(portal, stored[1][0], [])
            self.reports.remove(report_id)
        key = report_id.removeprefix(f"{portal}-")
        witness = Witness(fate=Fate.NOT_A_REPORT, cause=cause)
        ledger.set_unreported(self.reports, Located(portal=portal, key=key, urls=()), witness)

    def _withhold(self, place: Located) -> None:
        """Take out the report of a document that is withheld, and withhold all of its addresses."""
        self.reports.remove(place.id)
        if found := decision(self.captures.db.conn, place.urls):
            withhold_also(self.captures, found, place.urls)

    def _is_stored(self, report_id: str) -> bool:
        return bool(self.reports.digests([report_id]))

    def read_all(self, documents: Iterable[Located]) -> Iterator[str]:
        """Read these documents and relate them; yields the result of each, as `write` returns it."""
        is_time = Pace(_AT_ONCE)
        for place in documents:
            yield self.write(compose(self.captures, place))
            if is_time():
                self.reports.commit()
        self.relate()
        self.reports.commit()

    def note_read(self, states: Mapping[str, State], unexplained: Mapping[str, int]) -> None:
        """All that was due of these portals is read and accounted for, unless reading has left something due. Commits.

        `states` are those from before it was asked what is due, `unexplained` is as Settled has it.
        """
        is_known = {name: self.portals.get(name) is not None for name in states}
        of_strangers = any(not is_known.get(name) for name in self.left_due)
        done = {
            name: state
            for name, state in states.items()
            if name not in self.left_due and (is_known[name] or not of_strangers)
        }
        put_read_through(self.reports, done, unexplained)
        self.reports.commit()

    def balance(self, names: Iterable[str], run_id: int) -> Settled:
        """Settle the ledgers of these portals after an import, a merge or a reparse, and keep what they lack as problems."""
        settled = Settled()
        for name in names:
            portal = self.portals.get(name)
            if portal is None:
                continue
            account = ledger.balance(self.captures, self.reports, portal, may_be_report_title, body_named)
            lost = list(account.lost())
            settled.lost += len(lost)
            Asking(self.captures, name).clear(account.had - failed_urls(self.captures, name))
            put_ledger_problems(self.captures, run_id, name, [*lost, *account.alarms()])
            settled.unexplained[name] = account.unexplained
        return settled

    def relate(self, *, everything: bool = False, crawled: str | None = None, with_others: bool = True) -> None:
        """Evaluate what takes two reports (cross-year checks, copies), for all or for those that this run has written.

        Those that an earlier run wrote and did not come to relate, because it was killed, are among them: those of the
        portal whose crawl ends, and `with_others` those of all portals whose crawls do not go on. Commits.
        """
        self.reports.commit()
        pending = self._left_over(crawled) if with_others else unrelated(self.reports, crawled)
        self.touched.update(pending)
        self.touched.update(self.reports.loosened)
        if everything or len(self.touched) > _WORTH_A_SCAN:
            self._relate_by_scan(_Everything() if everything else self.touched)
        else:
            self._relate_by_index(set(self.touched))
        set_related(self.reports, pending)
        self.reports.loosened.clear()
        self.reports.commit()

    def _left_over(self, crawled: str | None) -> list[str]:
        """Reports that were written and not related, without those that other crawls are still writing."""
        pending, folder = unrelated(self.reports), self.reports.path.parent
        # the name of a spider holds no hyphen; a stand-in's, which is a host's, is crawled by nobody
        names = {report_id.partition("-")[0] for report_id in pending} - {crawled}
        busy = {name for name in names if is_crawled(folder, name)}
        return [report_id for report_id in pending if report_id.partition("-")[0] not in busy]

    def _relate_by_scan(self, touched: Container[str]) -> None:
        """Go through all reports once: cheaper by far where most of them are touched."""
        self._compare_years(cross_year.year_pairs(self.reports), touched)
        self._part_years(cross_year.without_previous_year(self.reports))
        self._link(copy_candidates.candidates(self.reports), touched, copy_candidates.stale_links(self.reports))

    def _relate_by_index(self, touched: set[str]) -> None:
        """Look at nothing but these reports and those that they may concern, however large the archive is."""
        pairs = list(cross_year.year_pairs(self.reports, touched))
        self._compare_years(pairs, touched)
        self._part_years(touched - {current for current, _ in pairs})
        beside = copy_candidates.candidates_beside(self.reports, touched, endings)
        self._link(beside, touched, copy_candidates.linked(self.reports, touched))

    def _compare_years(self, pairs: Iterable[tuple[str, str]], touched: Container[str]) -> None:
        """Evaluate the pairs of years that `touched` reports concern."""
        concerned = (pair for pair in pairs if pair[0] in touched or pair[1] in touched)
        for part in batched(concerned, _AT_ONCE):
            figures = cross_year.compared_figures(self.reports, {report_id for pair in part for report_id in pair})
            checks = {current: check_years(figures[previous], figures[current]) for current, previous in part}
            cross_year.put_checks(self.reports, checks)
            cross_year.put_reuse(self.reports, dict(part))

    def _part_years(self, lonely: Iterable[str]) -> None:
        """Take back what was said of reports and a year before that they no longer have."""
        for part in batched(sorted(lonely), _AT_ONCE):
            cross_year.put_checks(self.reports, {report_id: [] for report_id in part})
            cross_year.put_reuse(self.reports, dict.fromkeys(part))

    def _link(self, reports: Iterable[Candidate], touched: Container[str], strays: set[str]) -> None:
        """Link copies; `strays` are linked reports that stand for themselves unless they are found among the copies."""
        text = partial(copy_candidates.text_of, self.reports)
        for found in batched(find_copies(reports, touched, text), _AT_ONCE):
            copy_candidates.link_copies(self.reports, dict(found))
            strays.difference_update(report_id for report_id, _ in found)
        copy_candidates.link_copies(self.reports, dict.fromkeys(strays))


def put_ledger_problems(captures: Captures, run_id: int, portal: str, problems: Iterable[Problem]) -> None:
    """Make these the open problems of a portal's ledger; what is settled is resolved."""
    current: dict[str, list[Problem]] = {url: [] for url in captures.open_urls(portal, Stage.STORE)}
    for problem in problems:
        current.setdefault(problem.url or "", []).append(problem)
    captures.put_problems(run_id, Stage.STORE, [(portal, url, said) for url, said in current.items()])


def _unreported(reading: Reading) -> Witness | None:
    """What a reading without a report says of the document; None where it is a report, or says nothing."""
    if reading.record is not None or reading.is_unchanged:
        return None
    if reading.fate is not None:
        return Witness(fate=reading.fate, cause=reading.cause, capture_id=reading.capture_id)
    said = [problem for _, problems in reading.problems for problem in problems if problem.kind in _FATES]
    return Witness(fate=_FATES[said[0].kind], cause=said[0].message) if said else None


def _is_of_no_change(reading: Reading) -> bool:
    """Whether the document gave the report that is stored, or none, so that at most what is said of it is to be written."""
    return reading.record is None and not reading.failed and reading.fate != Fate.WITHHELD


class _Everything(Container[str]):
    def __contains__(self, _: object) -> bool:
        return True
