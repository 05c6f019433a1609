"""A trial crawl: the whole listing, a few of its documents, and what that proves of a portal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from scrapy import Request
from scrapy.crawler import Crawler

from archive import Captures
from archive.asking import OpenProblem
from archive.divisions import significant_digits
from archive.model import Entry
from archive.trials import ReadReport
from archive.vocabulary import DOCUMENT_OUTCOMES
from crawler.extensions.runs import Runs
from spiders.platforms.portal import Portal

FEWEST, MOST = 3, 10
"""Reports that a trial has to read, and documents that it asks for."""
SHARE = 0.8
"""Share of the reports read of which body, year and date must be known, and whose place must be the site's."""
_COMMON = 2
"""Characters with which a site's name and a body's begin alike where neither names a division."""


class Trial(Portal):
    """What goes before a portal's class, so that its crawl asks for a few documents only."""

    limits = ("trial",)
    """Entries that are not asked for are no fault of the portal."""
    tried = 0

    def _begin(self, captures: Captures) -> None:
        super()._begin(captures)
        self.tried = 0
        self.captured = frozenset[str]()
        if self.offline:  # what is not in the archive proves nothing either way
            found = captures.urls()
            self.captured = frozenset(url for _, url, _, outcome in found if outcome in DOCUMENT_OUTCOMES)

    def document_requests(self, entry: Entry) -> Iterator[Any]:
        """Those of the first documents; the others are listed, no more."""
        for request in super().document_requests(entry):
            is_had = not self.offline or not isinstance(request, Request) or request.url in self.captured
            if self.tried < MOST and is_had:
                self.tried += 1
                yield request


@dataclass(slots=True, kw_only=True)
class Evidence:
    """What a trial crawl came to."""

    entries: int = 0
    reports: list[ReadReport] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    """What keeps the portal from being accepted, a sentence each; empty where it is proved."""


def trial_of(portal: type[Portal]) -> type[Portal]:
    """The portal as a spider that crawls a few of its documents."""
    return cast("type[Portal]", type(portal.__name__, (Trial, portal), {"name": portal.name}))


def judge(crawler: Crawler, reports: Sequence[ReadReport], problems: Sequence[OpenProblem]) -> Evidence:
    """What a trial crawl that has ended proves, with the reports that were read and the problems that it left."""
    spider, runs = crawler.spider, crawler.get_extension(Runs)
    if not isinstance(spider, Portal) or runs is None or not hasattr(spider, "walks"):
        return Evidence(missing=["the trial crawl did not begin"])
    evidence = Evidence(
        entries=len({url for walk in spider.walks.values() for url in walk.entries}), reports=[*reports]
    )
    missing = evidence.missing
    missing += [f"{root} could not be walked" for root in spider.listings if root not in spider.walks]
    if not evidence.entries:
        missing.append("no entry is listed")
    missing += _unread(reports)
    if (place := _place(spider, reports)) is not None:
        missing.append(place)
    for kind in sorted(runs.unwell):
        said = [f"{kind}: {problem.message} {problem.url or ''}" for problem in problems if problem.kind == kind]
        missing += said[:1] or [kind]
    return evidence


def _unread(reports: Sequence[ReadReport]) -> Iterator[str]:
    """What of the reports is not had."""
    known = [report for report in reports if report.is_identified]
    if len(known) >= FEWEST and len(known) >= SHARE * len(reports):
        return
    if len(reports) < FEWEST:
        yield f"{len(reports)} reports were read, {FEWEST} are needed"
    for name, lacking in (
        ("body", [r for r in reports if not r.issuing_body]),
        ("year", [r for r in reports if not r.report_year]),
        ("date", [r for r in reports if not r.published]),
    ):
        if lacking:
            yield f"the {name} of {len(lacking)} of {len(reports)} reports was not read, as of {lacking[0].url}"


def _place(portal: Portal, reports: Iterable[ReadReport]) -> str | None:
    """Why the reports may be those of another place; None where most are the site's own."""
    with_body = [report for report in reports if report.issuing_body]
    placed = [report for report in with_body if report.division_code]
    if portal.division_code and placed:
        own = significant_digits(portal.division_code)
        strange = [report for report in placed if not (report.division_code or "").startswith(own)]
        if len(strange) > (1 - SHARE) * len(placed):
            bodies = "、".join(dict.fromkeys(report.issuing_body or "" for report in strange[:FEWEST]))
            return f"{len(strange)} of {len(placed)} reports are not of {portal.division} but of {bodies}"
        return None
    alike = [report for report in with_body if (report.issuing_body or "")[:_COMMON] == portal.title[:_COMMON]]
    if with_body and len(alike) >= SHARE * len(with_body):
        return None
    return f"whose site it is, is not known: its name {portal.title!r} and the bodies of its reports do not agree"
