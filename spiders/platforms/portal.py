"""The crawl of a portal: its listings, its documents, and the problems of both when it is over."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator, Set
from typing import Any

import scrapy
from scrapy import Request, signals
from scrapy.exceptions import DontCloseSpider
from scrapy.http import HtmlResponse, Response
from scrapy.spidermiddlewares.httperror import HttpError

from archive import Captures
from archive.asking import FOR_GOOD
from archive.model import Entry, PageReference, Problem
from archive.resume import newest_answers
from archive.urls import listing_key
from archive.vocabulary import DOCUMENT_OUTCOMES, Outcome, ProblemKind, Stage
from crawler.extensions.runs import Runs, described
from crawler.middlewares.capture import ANEW, ARCHIVED
from crawler.middlewares.politeness import ENDS
from crawler.middlewares.safety import refusal
from crawler.middlewares.unusable import UnusableResponse
from pipelines.metadata import may_be_report_title
from pipelines.time_limit import OutOfTimeError, time_limit
from spiders.platforms import listing
from spiders.platforms.anchors import anchors
from spiders.platforms.listing_reader import ListingReader
from spiders.platforms.walk import Walk

LISTING_S = 5.0
"""Seconds of the processor that a page of a listing may take; what else this process crawls waits for it."""
TRIALS = 2
"""Documents whose pause is not over that are asked for after an outage: one of them may fail for good."""
LISTING_ASKED_AGAIN = 2
"""Times that a page of a listing which was refused or failed is asked for again, after the documents."""


class Portal(ListingReader, scrapy.Spider):
    """One site with its report columns.

    A portal is a row of `spiders/portals.csv`. One that needs code is a file `spiders/<name>.py` with one class on the
    platform's class. Both declare

    1. `name`: the file's name; the class name is the same in capitals.
    2. `title`, `home`: the site's own name and its home page.
    3. `division_code`, `division`, `level`: GB/T 2260 code and name of the place, and national, province, prefecture,
       county or township.
    4. `listings`: the first page of every column that holds annual reports, as a reader's browser shows it.
    5. what the platform asks for besides; its docstring says so.
    """

    is_archived = True

    def __init__(self, *args: Any, refresh: str = "", years: str = "", **kwargs: Any) -> None:
        """`refresh=1` asks for known reports too; `years=2021-2023` limits the crawl to reports of those years."""
        super().__init__(*args, **kwargs)
        self.refresh = refresh not in {"", "0"}
        self.years = parse_years(years)

    walks: dict[str, Walk]
    """First page of a listing → how far it has been walked."""
    shown: dict[str, list[Entry]]
    """Document key → what the listings show of it in this crawl."""
    missed: set[str]
    """Keys of documents that the portal says it no longer has, at one address at least."""
    unlisted: list[str] | None
    """Keys asked for once more because the listings no longer show them; None until the listings are walked."""
    lacking: dict[str, str]
    """Document key → address of the page of a report beside which something is not had."""
    unsettled: Set[str] = frozenset()
    """Keys of documents that answered and gave no report: what they answered is not taken for had."""
    no_good: Set[str] = frozenset()
    """Addresses of which the same is true."""
    waiting: list[tuple[Entry, str]]
    """Entries, with their keys, that failed lately and are not asked for in this crawl."""
    asked: int = 0
    """Documents that this crawl has asked for."""
    seen: set[str]
    """Listings and menus already asked for, as archive.urls.listing_key has them."""

    @property
    def runs(self) -> Runs:
        """The account of this crawl."""
        return Runs.of(self.crawler)

    async def start(self) -> AsyncIterator[Any]:
        """One request a listing."""
        captures = self.runs.captures
        self._begin(captures)
        self.crawler.signals.connect(self.listings_walked, signals.spider_idle)
        for url in self.listings:
            self.seen.add(listing_key(url))
            yield self.listing_request(url, url)
        for url in self.menus:
            self.seen.add(listing_key(url))
            yield self._menu_request(url)
        if self.offline and self.column:
            for _, url, _, outcome in captures.urls(self.name):
                if outcome in DOCUMENT_OUTCOMES and self._is_new(url, self.column):
                    yield self.listing_request(url, url)

    def _begin(self, captures: Captures) -> None:
        """The state of one crawl: what the archive has of the portal, and nothing walked yet."""
        self.walks, self.shown, self.missed, self.unlisted, self.seen = {}, {}, set(), None, set()
        self.offline = self.settings.getbool("OFFLINE")
        self.listed = {(entry.listing_url, entry.url): entry for entry in captures.entries(portal=self.name)}
        self.archived = self._archived(captures)
        newest = newest_answers(captures, self.name)
        self.gone = {
            key for key, urls in self.archived.items() if all(newest.get(url) == Outcome.MISSING for url in urls)
        }
        unsettled = {self.key(url) for url in self.runs.unsettled if self.declares(url)} | self.runs.unreported
        self.ask_again = self.gone | unsettled
        self.unsettled, self.no_good = unsettled - self.gone, self.runs.failed_before
        self.lacking = {self.key(url): url for url in self.runs.missing}
        self.asked, self.waiting = 0, []

    def _is_new(self, url: str, pattern: re.Pattern[str] | None) -> bool:
        """Whether an address fits and has not been met in this crawl; from now on it has."""
        if pattern is None or not pattern.search(url) or not self.declares(url) or listing_key(url) in self.seen:
            return False
        self.seen.add(listing_key(url))
        return True

    def _menu_request(self, url: str) -> Request:
        return Request(url, callback=self.columns, errback=self.menu_failed, priority=20)

    def columns(self, response: Response) -> Iterator[Request]:
        """The columns that a page links, and the menus on the way to more."""
        for link in anchors(response):
            if self._is_new(link.url, self.column):
                yield self.listing_request(link.url, link.url)
            elif self._is_new(link.url, self.menu):
                yield self._menu_request(link.url)

    def menu_failed(self, failure: Any) -> None:
        """A menu that could not be fetched: columns of new years may go unseen."""
        kind = self._failed(failure, Stage.LISTING)
        if not self.offline:
            message = f"columns that only this page links are not walked ({kind})"
            self.runs.problem(ProblemKind.MENU_FAILED, message, failure.request.url, Stage.LISTING)

    def _archived(self, captures: Captures) -> dict[str, set[str]]:
        """Key → addresses at which the document was fetched; a document that has moved has its old key too."""
        archived: dict[str, set[str]] = {}
        moved: dict[str, str] = {}
        for _, url, target, outcome in captures.urls(self.name):
            if not self.declares(url) or (self.next_page_address and self.next_page_address.search(url)):
                continue
            if outcome in DOCUMENT_OUTCOMES:
                archived.setdefault(self.key(url), set()).add(url)
            elif outcome == Outcome.REDIRECT and target:
                moved[url] = target
        for url, target in moved.items():
            if self.key(target) in archived:
                archived.setdefault(self.key(url), archived[self.key(target)])
        return archived

    def listing_request(self, url: str, root: str, **kwargs: Any) -> Request:
        """A request for the first page of the listing that begins at `root`."""
        return self._listing_page(Request(url, **kwargs), root, root)

    def _listing_page(self, request: Request, root: str, branch: str) -> Request:
        """A request of `next_pages` as one of this walk. Listings come before documents."""
        return request.replace(
            callback=request.callback or self.listing,
            errback=self.listing_failed,
            cb_kwargs={"root": root, "branch": branch, **request.cb_kwargs},
            priority=10,
        )

    def listing(self, response: Response, root: str, branch: str) -> Iterator[Any]:
        """A page of a listing: keep its entries, ask for its documents, go on to the next page.

        A listing may be made of columns: a request of `next_pages` that names a `branch` in its cb_kwargs begins one.
        """
        walk = self.walks.setdefault(root, Walk(root))
        try:
            with time_limit(LISTING_S):
                response = listing.decoded(response)
                entries = list(self.entries(response))
                requests = list(self.next_pages(response))
                total = self.total(response)
        except (ValueError, OutOfTimeError) as error:
            walk.add_problem(ProblemKind.LISTING_UNREADABLE, f"{response.url}: {error}", branch)
            return
        for entry in entries:
            entry.portal, entry.listing_url = self.name, root
        promised = "may_be_empty" not in response.meta
        self.runs.count("listing/pages")
        if not walk.visit(branch, response.url, entries, total, goes_on=bool(requests), promised=promised):
            return
        self.runs.list_entries(entries)
        self.runs.resolve(response.url, Stage.LISTING)
        for entry in entries:
            yield from self.document_requests(entry)
        for request in requests:
            yield self._listing_page(request, root, branch)
        if self.column and isinstance(response, HtmlResponse):
            yield from self.columns(response)

    def parse(self, response: Response, **kwargs: Any) -> Iterator[Entry | Request]:
        """What a page of a listing shows and the requests for the pages after it, for `scrapy parse --spider=NAME URL`.

        No crawl calls this, and it needs no archive.
        """
        page = listing.decoded(response)
        yield from self.entries(page)
        yield from self.next_pages(page)

    def document_requests(self, entry: Entry) -> Iterator[Request | PageReference]:
        """The request for an entry's document, if it is one to ask for in this run."""
        self.runs.count("entries/listed")
        refused = refusal(entry.url, self.declares)
        if refused is not None:
            kind, why = refused
            self.runs.problem(kind, f"listed as {entry.title!r}, {why}", entry.url, Stage.LISTING)
            return
        if not may_be_report_title(entry.title or ""):
            self.runs.count("entries/other")
            return
        key = self.key(entry.url)
        if key in self.shown:
            is_new = all(entry.url != other.url for other in self.shown[key])
            self.shown[key].append(entry)
            if is_new and self._failed_before(entry) and entry.url not in self.runs.asking.left_out:
                yield self.document_request(entry, key)
            return
        if self.years and (year := listing.report_year(entry)) is not None and year not in self.years:
            return
        self.shown[key] = [entry]
        if self.refresh or self.offline or self._altered(entry):
            yield self.document_request(entry, key)
        elif key in self.archived and key not in self.ask_again and not self._failed_before(entry):
            self.runs.count("entries/known")
            yield from self._captured_page(entry, key)
        elif entry.url in self.runs.asking.left_out:
            self.runs.count("entries/paused")
            if entry.url in self.runs.asking.paused:
                self.waiting.append((entry, key))
        else:
            yield self.document_request(entry, key)

    def _failed_before(self, entry: Entry) -> bool:
        """Whether the address gave nothing usable when it was last asked for, though its document may be had."""
        return entry.url in self.runs.failed_before and not self.offline

    def _captured_page(self, entry: Entry, key: str) -> Iterator[Request]:
        """The captured page of a known document that is not read yet or lacks something beside it.

        What is beside it is fetched, the page itself is not.
        """
        url = self.lacking.pop(key, None)
        if url is not None:
            asking, parts = self.runs.asking, self.runs.missing[url].urls
            if not asking.left_out.issuperset(parts):
                yield self._archived_request(url, key)
            elif not asking.paused.isdisjoint(parts):
                self.waiting.append((entry, key))
        elif key in self.runs.unread:
            yield from (self._archived_request(known, key) for known in sorted(self.archived[key], key=self.rank)[:1])

    def _archived_request(self, url: str, key: str) -> Request:
        """A request that the archive answers with the document as it is captured."""
        return self.document_request(Entry(url=url), key, archived=True)

    def document_request(self, entry: Entry, key: str, *, archived: bool = False) -> Request:
        """A request for one document. What a crawl that was cut off has fetched of it is not fetched again."""
        self.asked += 1
        is_no_good = key in self.unsettled or entry.url in self.no_good
        meta = {"resume": not is_no_good, ANEW: is_no_good, ARCHIVED: archived}
        return Request(entry.url, callback=self.page, errback=self.page_failed, cb_kwargs={"key": key}, meta=meta)

    def listings_walked(self) -> None:
        """Ask, once, for what is known and was not listed: reports that have left the listings, and parts of reports."""
        if self.unlisted is not None or self.offline or self.years:
            return
        self.unlisted = sorted(self._unlisted())
        requests = list(self._trials())
        for key in self.unlisted:
            self.runs.count("entries/unlisted")
            requests.append(self.document_request(Entry(url=self._addresses(key)[0]), key))
        for key in [key for key in self.lacking if key not in self.unlisted]:
            requests += self._captured_page(Entry(url=self.lacking[key]), key)
        engine = self.crawler.engine
        if engine is not None and requests:
            for request in requests:
                engine.crawl(request)
            raise DontCloseSpider

    def _trials(self) -> Iterator[Request]:
        """After an outage, where nothing else was asked for: requests that show whether the portal is well again.

        A few that fail for good are no outage: they wait until their pauses are over.
        """
        if not self.runs.is_after_outage or self.asked:
            return
        asking = self.runs.asking
        lacking = {self.key(url): url for url in self.runs.missing}
        wanted = {
            key: (entry.url, *(self.runs.missing[lacking[key]].urls if key in lacking else ()))
            for entry, key in self.waiting
        }
        self.waiting.sort(key=lambda waiting: asking.failed(wanted[waiting[1]]))
        for entry, key in self.waiting[:TRIALS]:
            if len(self.waiting) <= TRIALS and asking.failed(wanted[key]) >= FOR_GOOD:
                continue
            asking.paused.difference_update(wanted[key])
            yield self._archived_request(lacking[key], key) if key in lacking else self.document_request(entry, key)

    def _unlisted(self) -> set[str]:
        whole = {root for root, walk in self.walks.items() if walk.is_whole}
        reports = {self.key(entry.url) for entry in self.listed.values() if may_be_report_title(entry.title or "")}
        unsure = {self.key(entry.url) for entry in self.listed.values() if entry.listing_url not in whole}
        return (reports & self.archived.keys()) - self.shown.keys() - unsure

    def _addresses(self, key: str) -> list[str]:
        """Where a document may be: where it is listed now, where it was fetched, where it was listed before."""
        listed = [entry.url for entry in self.shown.get(key, ())]
        archived = sorted(self.archived.get(key, ()), key=self.rank)
        before = sorted(e.url for e in self.listed.values() if self.declares(e.url) and self.key(e.url) == key)
        return list(dict.fromkeys([*listed, *archived, *before]))

    def _altered(self, entry: Entry) -> bool:
        """Whether the listing says something else of a document than it did when it was last walked."""
        before = self.listed.get((entry.listing_url, entry.url))
        return before is not None and (before.title, before.date) != (entry.title, entry.date)

    def page(self, response: Response, key: str) -> Iterator[Any]:
        """A document, to be read; what is fetched beside it is the item pipelines' work."""
        for url in {response.url, _first_address(response)}:
            self.runs.resolve(url, Stage.FETCH, still=(ProblemKind.PARTS_MISSING,))
        capture = response.meta["capture"]
        yield PageReference(portal=self.name, key=self.key(response.url), url=response.url, capture_id=capture.id)

    def page_failed(self, failure: Any) -> Iterator[Any]:
        """A document that could not be fetched here is asked for at its next address, if the listings gave one."""
        kind = self._failed(failure, Stage.FETCH)
        request = failure.request
        key = request.cb_kwargs["key"]
        if kind == ProblemKind.MISSING:
            self.missed |= {key, self.key(request.url)}
        tried = request.meta.get("tried", frozenset()) | {request.url, *request.meta.get("redirect_urls", ())}
        for url in self._addresses(key):
            if url not in tried:
                request = self.document_request(Entry(url=url), key)
                yield request.replace(meta=request.meta | {"tried": tried})
                return

    def listing_failed(self, failure: Any) -> Iterator[Any]:
        """A page of a listing that could not be fetched, here or at its alternate: what follows it is not walked."""
        request = failure.request
        root, branch = request.cb_kwargs["root"], request.cb_kwargs["branch"]
        gone = failure.check(UnusableResponse) and failure.value.kind == ProblemKind.MISSING
        other = self.alternate(request) if gone else None
        if other is not None:
            yield self._listing_page(other, root, branch)
            return
        walk = self.walks.setdefault(root, Walk(root))
        kind = self._failed(failure, Stage.LISTING)
        if kind in ENDS:
            return
        times = request.meta.get("asked_again", 0)
        if kind in {ProblemKind.BLOCKED, ProblemKind.ERROR} and times < LISTING_ASKED_AGAIN and not self.offline:
            meta = {name: value for name, value in request.meta.items() if name in {"may_be_empty", "moved"}}
            yield request.replace(priority=-10, dont_filter=True, meta=meta | {"asked_again": times + 1})
            return
        walk.add_problem(ProblemKind.LISTING_FAILED, f"could not fetch this page of a listing ({kind})", request.url)

    def _failed(self, failure: Any, stage: Stage) -> ProblemKind:
        """Record why a request gave no page; returns the problem's kind."""
        request = failure.request
        if failure.check(UnusableResponse):
            kind, message = ProblemKind(failure.value.kind), str(failure.value)
        elif failure.check(HttpError):
            kind, message = ProblemKind.ERROR, f"status {failure.value.response.status}"
        else:
            kind, message = ProblemKind.ERROR, described(failure)
        if failure.check(UnusableResponse) and failure.value.is_reported:
            self.runs.count("entries/left_alone")
        else:
            asked = _first_address(request) if stage == Stage.FETCH else request.url
            message += f" (redirected to {request.url})" if asked != request.url else ""
            self.runs.problem(kind, message, asked, stage)
        return kind

    def audit(self, *, is_whole: bool = True) -> Iterator[Problem]:
        """The problems of the walks when they are over; of a crawl that was cut off, those that are certain."""
        if not hasattr(self, "walks"):
            return  # it was cut off before it began
        if is_whole and not (self.listings or self.menus):
            message = "the portal declares no listing; probe its site for one"
            yield Problem(kind=ProblemKind.LISTING_EMPTY, message=message, url=self.home, stage=Stage.LISTING)
        for root in dict.fromkeys((*self.listings, *self.walks)):
            walk = self.walks.get(root, Walk(root))
            if is_whole:
                yield from walk.audit()
                yield from self._below_archive(root, walk)
            else:
                yield from walk.problems

    def _below_archive(self, root: str, walk: Walk) -> Iterator[Problem]:
        """A column of reports only grows: one that shows fewer than are archived is cut short, or one was withdrawn."""
        before = {
            self.key(e.url)
            for (listing_url, _), e in self.listed.items()
            if listing_url == root and may_be_report_title(e.title or "")
        }
        archived = before & self.archived.keys() - self.gone
        shown_here = {key for key, entries in self.shown.items() if any(entry.listing_url == root for entry in entries)}
        if walk.entries and len(shown_here) < len(archived) and not self.years:
            message = f"{len(shown_here)} reports listed, {len(archived)} that it listed before are archived"
            yield Problem(kind=ProblemKind.LISTING_BELOW_ARCHIVE, message=message, url=root, stage=Stage.LISTING)


def _first_address(fetched: Request | Response) -> str:
    """The address that was asked for, before any redirect."""
    return str(next(iter(fetched.meta.get("redirect_urls", ())), fetched.url))


def parse_years(text: str) -> range | None:
    """`2021-2023` or `2021` as a range of years; raises ValueError for anything else."""
    if not text:
        return None
    found = re.fullmatch(r"(\d{4})(?:-(\d{4}))?", text)
    if not found:
        raise ValueError(f"years={text!r}: write 2021 or 2021-2023")
    return range(int(found[1]), int(found[2] or found[1]) + 1)
