"""The downloader keeps every response before anything reads it.

`decoding` undoes the content encoding and remembers the size on the wire. `CaptureMiddleware`, next to it, writes one
row per fetch, sends conditional requests on a recrawl, answers an offline crawl from the archive alone, and stops what
is not a document on its way up. Listings, redirect hops, retries, robots.txt, attachments, 304s and refusals all pass
here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self, cast
from urllib.parse import urldefrag, urlsplit

from scrapy.downloadermiddlewares.retry import get_retry_request
from scrapy.exceptions import DownloadCancelledError, IgnoreRequest
from scrapy.http import Headers, Response
from scrapy.responsetypes import responsetypes
from scrapy.utils.httpobj import urlparse_cached

from archive import Capture
from archive.constraints import HIGHEST_STATUS
from archive.database import CannotWriteError, utc_now
from archive.vocabulary import DOCUMENT_OUTCOMES, Outcome, ProblemKind
from archive.warc.content_encoding import OVERSIZED
from crawler.extensions.runs import Runs
from crawler.middlewares.decoding import CONFIRMED, FAULTY, REPLAYED, TOO_LARGE, fault, pairs
from crawler.middlewares.hosts import ROLE, Cookies, Hosts, note_cookies
from crawler.middlewares.unusable import UnusableResponse
from crawler.tls import TLS
from pipelines.ingest.compose import known_ends
from pipelines.outcomes import Classification, classify
from pipelines.page_ends import PageEnds
from pipelines.time_limit import OutOfTimeError, time_limit

if TYPE_CHECKING:
    from scrapy import Request, Spider
    from scrapy.crawler import Crawler

# What a request asks for in its meta.
ARCHIVED = "archived"
"""The document as it is captured: it is read once more, for what is still to be fetched beside it."""
ANEW = "anew"
"""The whole answer, whatever is captured: that was no good."""
CLASSIFYING_S = 5.0
"""Seconds of the processor that it may take to see what an answer means."""
_CONDITIONAL = (("If-None-Match", "ETag"), ("If-Modified-Since", "Last-Modified"))
"""Header of a conditional request, and the response header that it repeats."""
_UNDONE = {"content-encoding", "transfer-encoding", "content-length"}
_LONGEST_NOTE = 500


class CaptureMiddleware:
    """Downloader middleware at 900, above `DecodeMiddleware`."""

    def __init__(self, crawler: Crawler, runs: Runs) -> None:
        self.crawler = crawler
        self.runs = runs
        self.captures = runs.captures
        self.offline = crawler.settings.getbool("OFFLINE")
        self.hosts = Hosts(runs, crawler.settings)
        self.ends: PageEnds | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """The archive is that of the Runs extension."""
        return cls(crawler, Runs.of(crawler))

    def process_request(self, request: Request) -> Response | None:
        """Offline, and where that is asked for, answer from the archive. Else leave refusing hosts alone and ask conditionally where possible.

        Raises UnusableResponse for what is not captured and for a host that is left alone.
        """
        if self.runs.archive.failed is not None:
            self.runs.give_up(self.runs.archive.failed)
            raise UnusableResponse(ProblemKind.ERROR, str(self.runs.archive.failed), is_reported=True)
        if self.offline or (request.meta.get("resume") and request.url in self.runs.fetched_before):
            return self._replay(request)
        if request.meta.get(ARCHIVED) and (stored := self._stored(request)) is not None:
            request.meta["capture"] = stored
            return _response(stored, request, REPLAYED)
        host = urlparse_cached(request).netloc
        if request.meta.get(ROLE) and self.hosts.is_undecorated(host):
            raise UnusableResponse(ProblemKind.HOST_FAILS, f"no more assets are asked of {host}", is_reported=True)
        if host in self.runs.left_alone:
            raise UnusableResponse(*self.runs.left_alone[host], is_reported=True)
        self.hosts.send_cookies(request)
        request.meta["requested_at"] = utc_now()
        if request.method == "GET":
            self._make_conditional(request)
        return None

    def _stored(self, request: Request) -> Capture | None:
        """The newest document that was captured at the request's address."""
        stored = self.captures.last("GET", request.url, request.body, outcomes=DOCUMENT_OUTCOMES)
        return stored if stored is not None and stored.body is not None else None

    def _make_conditional(self, request: Request) -> None:
        """Ask whether the stored document has changed, in the terms of its own headers."""
        stored = None if request.meta.get(ANEW) else self._stored(request)
        if stored is None:
            return
        headers = Headers(stored.response_headers)
        for condition, validator in _CONDITIONAL:
            if headers.get(validator):
                request.headers[condition] = headers[validator]
        request.meta["stored"] = stored

    def process_response(self, request: Request, response: Response) -> Request | Response:
        """Keep the answer; then pass it on, replace it by the document that it confirms or redirects to, or stop it."""
        if REPLAYED in response.flags:
            return self._pass(request, response, self._classify(request, response))
        stored: Capture | None = request.meta.pop("stored", None)
        if response.status == 304 and stored is not None:
            return self._confirm(request, response, stored)
        answer = self._classify(request, response)
        request.meta["capture"] = self._keep(self._capture(request, response, answer))
        return self._pass(request, response, answer)

    def process_exception(self, request: Request, exception: Exception) -> None:
        """Keep the failure, too; Scrapy's retries go on. Raises UnusableResponse for a body that is too large."""
        if self.offline or isinstance(exception, IgnoreRequest):
            return
        request.meta.pop("stored", None)
        note = f"{type(exception).__name__}: {exception}"[:_LONGEST_NOTE]
        self._keep(
            Capture(
                url=request.url,
                method=request.method,
                request_body=request.body,
                requested_at=request.meta.get("requested_at", utc_now()),
                outcome=Outcome.ERROR,
                request_headers=pairs(request.headers),
                note=note,
                role=request.meta.get(ROLE),
                portal=self.runs.portal,
                run_id=self.runs.run_id,
            )
        )
        if isinstance(exception, DownloadCancelledError):
            raise UnusableResponse(ProblemKind.TOO_LARGE, f"not read to its end: {exception}") from exception
        if not _is_robots(request):
            self.hosts.count_failure(request, note)

    def _replay(self, request: Request) -> Response:
        """The stored answer to a request."""
        stored = self.captures.replay(request.method, request.url, request.body)
        if stored is None:
            if _is_robots(request):
                return Response(request.url, status=404, flags=[REPLAYED])
            raise UnusableResponse(ProblemKind.NOT_CAPTURED, "not in the archive, and this crawl is offline")
        if stored.status is None:
            raise UnusableResponse(ProblemKind.ERROR, f"captured as a failure: {stored.note}")
        request.meta["capture"] = stored
        return _response(stored, request, REPLAYED)

    def _classify(self, request: Request, response: Response) -> Classification:
        if TOO_LARGE in response.flags:
            return Classification(Outcome.ERROR, note=f"{OVERSIZED}{response.flags[-1]}"[:_LONGEST_NOTE])
        content_type, location = response.headers.get("Content-Type"), response.headers.get("Location")
        try:
            with time_limit(CLASSIFYING_S):
                return classify(
                    request.url,
                    response.status,
                    content_type.decode("latin-1") if content_type else None,
                    location.decode("latin-1") if location else None,
                    response.body,
                    truncated=fault(request, response),
                    ends=self._page_ends() if "resume" in request.meta else None,
                )
        except OutOfTimeError as error:
            return Classification(Outcome.ERROR, note=f"what it means is {error}")

    def _page_ends(self) -> PageEnds:
        """How the portal's documents end, those of this crawl included; listings are written from other templates."""
        if self.ends is None:
            self.ends = known_ends(self.captures, self.runs.portal or "")
        return self.ends

    def _confirm(self, request: Request, response: Response, stored: Capture) -> Response:
        """After a 304: keep it with the hash of the stored document, and pass that document on."""
        capture = self._capture(request, response, Classification(Outcome.UNCHANGED, note="status 304"))
        capture.body, capture.sha256 = None, stored.sha256
        request.meta["capture"] = self._keep(capture)
        return _response(stored, request, CONFIRMED)

    def _capture(self, request: Request, response: Response, answer: Classification) -> Capture:
        wire, encodings, headers = request.meta.pop("wire", (len(response.body), None, pairs(response.headers)))
        content_type, tls = response.headers.get("Content-Type"), request.meta.pop(TLS, None)
        return Capture(
            url=request.url,
            method=request.method,
            request_body=request.body,
            requested_at=request.meta.get("requested_at", utc_now()),
            status=response.status if 0 <= response.status <= HIGHEST_STATUS else 0,  # the note says which it was
            outcome=answer.outcome,
            body=None if TOO_LARGE in response.flags else response.body,
            content_type=content_type.decode("latin-1") if content_type else None,
            request_headers=pairs(request.headers),
            response_headers=headers,
            content_encoding=encodings,
            wire_bytes=wire,
            ip_address=str(response.ip_address) if response.ip_address else None,
            protocol=response.protocol,
            tls_version=tls.version if tls else None,
            certificate=tls.certificate if tls else None,
            redirect_url=answer.redirect_url,
            note=answer.note,
            role=request.meta.get(ROLE),
            portal=self.runs.portal,
            run_id=self.runs.run_id,
        )

    def _count_refusal(self, request: Request, answer: Classification) -> None:
        if not self.offline:
            self.hosts.count_refusal(request, answer.note)

    def _keep(self, capture: Capture) -> Capture:
        """Write a capture; returns it without its body. Raises UnusableResponse where it cannot be written: the crawl ends."""
        try:
            self.runs.keep(capture)
        except CannotWriteError as error:
            self.runs.give_up(error)
            raise UnusableResponse(ProblemKind.ERROR, str(error), is_reported=True) from error
        self.runs.count(f"{'assets' if capture.role else 'captures'}/{capture.outcome}")
        capture.body = None
        return capture

    def _pass(self, request: Request, response: Response, answer: Classification) -> Request | Response:
        """The response or what stands for it: a redirect of a page that moves by script, a retry of a broken answer.

        Raises UnusableResponse for all that has no document.
        """
        if answer.redirect_url is not None:
            note_cookies(request, response)
        if answer.redirect_url and self._leads_back(request, answer):
            return self._ask_with_cookies(request, response, answer)
        if answer.outcome == Outcome.REDIRECT:
            self.hosts.count_answer(request)
            return _redirect(response, answer.redirect_url or "", request)
        if _is_robots(request):
            is_unsure = answer.outcome == Outcome.ERROR and (response.status >= 500 or response.status == 200)
            return (self._again(request, answer.note) if is_unsure else None) or response
        if answer.outcome == Outcome.BLOCKED:
            self._count_refusal(request, answer)
            raise UnusableResponse(ProblemKind.BLOCKED, f"refused ({answer.note})")
        if TOO_LARGE in response.flags:
            raise UnusableResponse(ProblemKind.TOO_LARGE, f"not kept: {response.flags[-1]}")
        if answer.outcome == Outcome.ERROR:
            return self._pass_error(request, response, answer)
        self.hosts.count_answer(request)
        if answer.outcome == Outcome.MISSING:
            raise UnusableResponse(ProblemKind.MISSING, f"the portal no longer has it ({answer.note})")
        if request.meta.get("redirect_urls"):
            self.runs.fetched_before.add(request.url)  # whatever else redirects here is answered from the archive
        return response

    def _pass_error(self, request: Request, response: Response, answer: Classification) -> Request | Response:
        """A broken or odd answer is asked for again here, a busy host's by Scrapy, which takes other statuses as they are."""
        if response.status >= 500 or response.status == 429:
            if not self.offline and not _is_robots(request):
                self.hosts.count_failure(request, answer.note)
            return response
        self.hosts.count_answer(request)
        if response.status < 300:
            return self._retry(request, answer.note)
        if response.status < 400:
            raise UnusableResponse(ProblemKind.ERROR, f"no usable answer ({answer.note})")
        return response

    @staticmethod
    def _leads_back(request: Request, answer: Classification) -> bool:
        """Whether a move leads to where it came from: to the address itself, or round in a loop."""
        target = urldefrag(answer.redirect_url or "").url
        return target in {urldefrag(url).url for url in (request.url, *request.meta.get("redirect_urls", ()))}

    def _ask_with_cookies(self, request: Request, response: Response, answer: Classification) -> Request:
        """An answer that leads back to itself: once more with the cookies that it set. Cookies of scripts are never made.

        Raises UnusableResponse where it set none, or leads back with them too.
        """
        offered: Cookies = request.meta["cookies_offered"]
        is_live = not self.offline and REPLAYED not in response.flags
        if offered and is_live and not request.meta.get("cookies_tried"):
            self.hosts.keep_cookies(offered)
            came_from = request.meta.get("redirect_urls", [])[:1]
            meta = request.meta | {"cookies_tried": True, "redirect_urls": came_from}
            return request.replace(url=answer.redirect_url, dont_filter=True, meta=meta)
        if offered or answer.outcome == Outcome.BLOCKED:
            self._count_refusal(request, answer)
            raise UnusableResponse(ProblemKind.BLOCKED, f"it leads back to itself ({answer.note}), with its cookie too")
        self.hosts.count_answer(request)
        raise UnusableResponse(ProblemKind.ERROR, f"it leads back to itself ({answer.note})")

    def _retry(self, request: Request, note: str | None) -> Request:
        """The request again, as often as Scrapy's settings allow; raises UnusableResponse after that, and offline."""
        again = self._again(request, note)
        if again is None:
            raise UnusableResponse(ProblemKind.ERROR, f"no usable answer ({note})")
        return again

    def _again(self, request: Request, note: str | None) -> Request | None:
        spider = cast("Spider", self.crawler.spider)
        return None if self.offline else get_retry_request(request, spider=spider, reason=note or "error")


def _redirect(response: Response, target: str, request: Request) -> Response:
    """A redirect to an absolute address; a page that moves by script or refresh becomes one."""
    if urlsplit(target).scheme not in {"http", "https"}:
        raise UnusableResponse(ProblemKind.UNSAFE_SCHEME, f"it redirects to {target}")
    if response.status == 200:
        return Response(response.url, status=302, headers={"Location": target}, request=request)
    headers = response.headers.copy()
    headers["Location"] = target
    return response.replace(headers=headers)


def _response(stored: Capture, request: Request, flag: str) -> Response:
    """A stored capture as the response that it was, without the headers of encodings that are undone."""
    body = stored.body or b""
    headers = Headers()
    for name, value in stored.response_headers:
        if name.lower() not in _UNDONE:
            headers.appendlist(name, value)
    cls = responsetypes.from_args(headers=headers, url=stored.url, body=body)
    return cls(
        url=request.url,
        status=200 if stored.status in {None, 304} else stored.status,
        headers=headers,
        body=body,
        flags=[flag, FAULTY, stored.note or ""] if stored.outcome == Outcome.ERROR and stored.status == 200 else [flag],
        request=request,
    )


def _is_robots(request: Request) -> bool:
    return urlparse_cached(request).path == "/robots.txt"
