"""How a crawl's hosts answer, one request after the other: which of them are left alone, and which want a cookie back."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from scrapy.utils.httpobj import urlparse_cached

from archive.vocabulary import ProblemKind

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Response
    from scrapy.settings import BaseSettings

    from crawler.extensions.runs import Runs

ROLE = "role"
"""In a request's meta: what its answer is kept as, where that is neither a listing nor a document."""
_RETRIED_IN_A_ROW = 3
"""Addresses of a host that may fail one after the other before no other is tried more than once."""

Cookies = dict[str, dict[str, str]]
"""Host → name → value."""


class Hosts:
    """What a live crawl has seen of each host."""

    def __init__(self, runs: Runs, settings: BaseSettings) -> None:
        self.runs = runs
        self.most_refusals = settings.getint("REFUSALS_BEFORE_LEAVING")
        self.most_failures = settings.getint("FAILURES_BEFORE_LEAVING")
        self.refusals: Counter[str] = Counter()
        """Refusals in a row."""
        self.failing: dict[str, set[str]] = {}
        """Addresses in a row that failed."""
        self.undecorated: Counter[str] = Counter()
        """Assets in a row that were refused or failed."""
        self.cookies: Cookies = {}
        """Cookies of the hosts that answer no request without one."""

    def count_refusal(self, request: Request, note: str | None) -> None:
        """Leave a host that refuses several requests in a row alone for the rest of the run."""
        host = urlparse_cached(request).netloc
        if request.meta.get(ROLE):
            self.undecorated[host] += 1
            return
        self.refusals[host] += 1
        if self.refusals[host] >= self.most_refusals:
            why = f"it refused {self.refusals[host]} requests in a row ({note})"
            self.runs.leave_alone(host, ProblemKind.HOST_REFUSES, why)

    def count_failure(self, request: Request, note: str | None) -> None:
        """Leave a host where several addresses in a row failed alone, too; before that, stop trying each of them again."""
        host = urlparse_cached(request).netloc
        if request.meta.get(ROLE):
            self.undecorated[host] += 1
            return
        failing = self.failing.setdefault(host, set())
        failing.add(request.url)
        if len(failing) >= self.most_failures:
            why = f"{len(failing)} requests in a row failed ({note})"
            self.runs.leave_alone(host, ProblemKind.HOST_FAILS, why)
        elif len(failing) > _RETRIED_IN_A_ROW:
            request.meta["dont_retry"] = True

    def count_answer(self, request: Request) -> None:
        """The host answers: neither refusals nor failures are in a row any more."""
        host = urlparse_cached(request).netloc
        if request.meta.get(ROLE):
            self.undecorated.pop(host, None)
            return
        self.refusals.pop(host, None)
        self.failing.pop(host, None)

    def is_undecorated(self, host: str) -> bool:
        """Whether a host has refused or failed to send so many assets in a row that no more are asked of it in this run."""
        return self.undecorated[host] >= self.most_refusals

    def send_cookies(self, request: Request) -> None:
        """Send a host the cookies without which it answers nothing."""
        host = urlparse_cached(request).netloc
        if host in self.cookies:
            request.headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies[host].items())

    def keep_cookies(self, offered: Cookies) -> None:
        """From now on send these with every request to their hosts."""
        for host, cookies in offered.items():
            self.cookies.setdefault(host, {}).update(cookies)


def note_cookies(request: Request, response: Response) -> None:
    """Remember, on the way of one request, which cookies were set by an answer that leads on."""
    offered: Cookies = dict(request.meta.get("cookies_offered", {}))
    host = urlparse_cached(request).netloc
    for header in response.headers.getlist("Set-Cookie"):
        name, equals, value = header.decode("latin-1").partition(";")[0].strip().partition("=")
        if equals and name.isascii() and value.isascii() and value.isprintable():
            offered[host] = offered.get(host, {}) | {name: value}
    request.meta["cookies_offered"] = offered
