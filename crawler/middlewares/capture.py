"""The downloader keeps every response before anything reads it.

`Decode` undoes the content encoding and remembers the size on the wire; `Capture`, next to it, writes one row a
fetch, asks conditionally on a recrawl, answers an offline crawl from the archive alone, and stops what is no document
on its way up. Listings, redirect hops, retries, robots.txt, attachments, 304s and refusals all pass here.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Self, cast
from urllib.parse import urlsplit

from scrapy.downloadermiddlewares.httpcompression import HttpCompressionMiddleware
from scrapy.downloadermiddlewares.retry import get_retry_request
from scrapy.exceptions import DownloadCancelledError, IgnoreRequest
from scrapy.http import Headers, Response
from scrapy.responsetypes import responsetypes
from scrapy.utils.httpobj import urlparse_cached

from archive import Capture as Row
from archive.captures import Headers as Pairs
from archive.database import utc_now
from archive.vocabulary import Outcome
from crawler.extensions.runs import Runs
from pipelines.outcomes import Classification, classify

if TYPE_CHECKING:
    from scrapy import Request, Spider
    from scrapy.crawler import Crawler


class Unusable(IgnoreRequest):
    """There is no document in the answer, or the request may not be sent. `kind` names the problem.

    `is_told` says that the run has its problem already: it concerns more than this request.
    """

    def __init__(self, kind: str, message: str, *, is_told: bool = False) -> None:
        super().__init__(message)
        self.kind = kind
        self.is_told = is_told


class Decode(HttpCompressionMiddleware):
    """Scrapy's decompression, moved below the capture, so that what is kept is the decoded entity."""

    def process_response(self, request: Request, response: Response) -> Request | Response:  # type: ignore[override]
        """Decode; a body that would grow beyond DOWNLOAD_MAXSIZE is dropped and flagged, not raised."""
        encodings = b", ".join(response.headers.getlist("Content-Encoding")).decode("latin-1") or None
        request.meta["wire"] = (len(response.body), encodings, pairs(response.headers))
        try:
            return super().process_response(request, response)
        except IgnoreRequest as error:
            return response.replace(body=b"", flags=[*response.flags, "too_large", str(error)])


class Capture:
    """Downloader middleware at 900, above `Decode`."""

    def __init__(self, crawler: Crawler, runs: Runs) -> None:
        self.crawler = crawler
        self.runs = runs
        self.captures = runs.captures
        self.offline = crawler.settings.getbool("OFFLINE")
        self.refusals: Counter[str] = Counter()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """The run's archive comes from the Runs extension."""
        return cls(crawler, Runs.of(crawler))

    def process_request(self, request: Request) -> Response | None:
        """Offline: answer from the archive. Online: leave refusing hosts alone, ask conditionally for what is held."""
        if self.offline:
            return self._replay(request)
        if request.meta.get("resume") and request.url in self.runs.fetched_before:
            return self._replay(request)
        host = urlparse_cached(request).netloc
        if host in self.runs.left_alone:
            raise Unusable(*self.runs.left_alone[host], is_told=True)
        request.meta["requested_at"] = utc_now()
        held = (
            self.captures.last(request.method, request.url, request.body, outcomes=("ok", "unchanged"))
            if request.method == "GET"
            else None
        )
        if held and held.body is not None:
            headers = Headers(held.response_headers)
            for ask, answer in (("If-None-Match", "ETag"), ("If-Modified-Since", "Last-Modified")):
                if headers.get(answer):
                    request.headers[ask] = headers[answer]
            request.meta["held"] = held
        return None

    def process_response(self, request: Request, response: Response) -> Request | Response:
        """Keep the answer, then let it pass, turn it into the document it confirms or points to, or stop it."""
        if "replayed" in response.flags:
            return self._pass(request, response, self._classify(request, response))
        held: Row | None = request.meta.pop("held", None)
        if response.status == 304 and held is not None:
            return self._confirmed(request, response, held)
        answer = self._classify(request, response)
        row = self._row(request, response, answer)
        request.meta["capture"] = self._keep(row)
        return self._pass(request, response, answer)

    def process_exception(self, request: Request, exception: Exception) -> None:
        """Keep the failure itself, for the record; Scrapy's retries go on as they would."""
        if self.offline or isinstance(exception, IgnoreRequest):
            return
        request.meta.pop("held", None)
        self._keep(
            Row(
                url=request.url,
                method=request.method,
                request_body=request.body,
                requested_at=request.meta.get("requested_at", utc_now()),
                outcome="error",
                request_headers=pairs(request.headers),
                note=f"{type(exception).__name__}: {exception}"[:500],
                portal=self.runs.portal,
                run_id=self.runs.run_id,
            )
        )
        if isinstance(exception, DownloadCancelledError):
            raise Unusable("too_large", f"not read to its end: {exception}") from exception

    def _replay(self, request: Request) -> Response:
        held = self.captures.replay(request.method, request.url, request.body)
        if held is None:
            if _is_robots(request):
                return Response(request.url, status=404, flags=["replayed"])
            raise Unusable("not_captured", "not in the archive, and this crawl is offline")
        if held.status is None:
            raise Unusable("error", f"captured as a failure: {held.note}")
        request.meta["capture"] = held
        return _response(held, request, "replayed")

    def _classify(self, request: Request, response: Response) -> Classification:
        if "too_large" in response.flags:
            return Classification(Outcome.ERROR, note=f"too large: {response.flags[-1]}"[:300])
        content_type, location = response.headers.get("Content-Type"), response.headers.get("Location")
        return classify(
            request.url,
            response.status,
            content_type.decode("latin-1") if content_type else None,
            location.decode("utf-8", "replace") if location else None,
            response.body,
            truncated="dataloss" in response.flags,
        )

    def _confirmed(self, request: Request, response: Response, held: Row) -> Response:
        """304: the archive has the document, and the portal has just said that it still stands."""
        answer = Classification(Outcome.UNCHANGED, note="status 304")
        row = self._row(request, response, answer)
        row.body, row.sha256 = None, held.sha256
        request.meta["capture"] = self._keep(row)
        return _response(held, request, "unchanged")

    def _row(self, request: Request, response: Response, answer: Classification) -> Row:
        wire, encodings, headers = request.meta.pop("wire", (len(response.body), None, pairs(response.headers)))
        content_type = response.headers.get("Content-Type")
        return Row(
            url=request.url,
            method=request.method,
            request_body=request.body,
            requested_at=request.meta.get("requested_at", utc_now()),
            status=response.status,
            outcome=answer.outcome,
            body=None if "too_large" in response.flags else response.body,
            content_type=content_type.decode("latin-1") if content_type else None,
            request_headers=pairs(request.headers),
            response_headers=headers,
            content_encoding=encodings,
            wire_bytes=wire,
            ip_address=str(response.ip_address) if response.ip_address else None,
            protocol=response.protocol,
            redirect_url=answer.redirect_url,
            note=answer.note,
            portal=self.runs.portal,
            run_id=self.runs.run_id,
        )

    def _refused(self, request: Request, answer: Classification) -> None:
        """Count a refusal; a host that goes on refusing is left alone for the rest of the run."""
        if self.offline:
            return
        host = urlparse_cached(request).netloc
        self.refusals[host] += 1
        if self.refusals[host] >= self.crawler.settings.getint("REFUSALS_BEFORE_LEAVING"):
            self.runs.leave_alone(
                host, "host_refuses", f"it refused {self.refusals[host]} requests in a row ({answer.note})"
            )

    def _keep(self, row: Row) -> Row:
        self.captures.add(row)
        self.runs.count(f"captures/{row.outcome}")
        row.body = None
        return row

    def _pass(self, request: Request, response: Response, answer: Classification) -> Request | Response:
        if _is_robots(request):
            return response
        if answer.outcome is Outcome.BLOCKED:
            self._refused(request, answer)
            raise Unusable("blocked", f"refused ({answer.note})")
        self.refusals.pop(urlparse_cached(request).netloc, None)
        if answer.outcome is Outcome.MISSING:
            raise Unusable("missing", f"the portal no longer has it ({answer.note})")
        if "too_large" in response.flags:
            raise Unusable("too_large", f"not kept: {response.flags[-1]}")
        if answer.outcome is Outcome.REDIRECT and urlsplit(answer.redirect_url or "").scheme not in {"http", "https"}:
            raise Unusable("unsafe_scheme", f"it redirects to {answer.redirect_url}")
        if answer.outcome is Outcome.REDIRECT and response.status == 200:
            # A shell that moves by script or refresh is shown to RedirectMiddleware as the redirect that it is.
            return Response(response.url, status=302, headers={"Location": answer.redirect_url}, request=request)
        if answer.outcome is Outcome.ERROR and response.status == 200:
            again = (
                None
                if self.offline
                else get_retry_request(
                    request, spider=cast("Spider", self.crawler.spider), reason=answer.note or "error"
                )
            )
            if again is None:
                raise Unusable("error", f"no usable answer ({answer.note})")
            return again
        return response


def pairs(headers: Headers) -> Pairs:
    """Headers as they came: name and value, repeats kept, in order."""
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, values in headers.items() for value in values]


def _response(held: Row, request: Request, flag: str) -> Response:
    """A stored capture as the response it was, without the encodings that are undone."""
    body = held.body or b""
    headers = Headers()
    for name, value in held.response_headers:
        if name.lower() not in {"content-encoding", "transfer-encoding", "content-length"}:
            headers.appendlist(name, value)
    cls = responsetypes.from_args(headers=headers, url=held.url, body=body)
    flags = [flag, "dataloss"] if held.note == "truncated" else [flag]
    return cls(
        url=request.url,
        status=held.status if held.status and held.status != 304 else 200,
        headers=headers,
        body=body,
        flags=flags,
        request=request,
    )


def _is_robots(request: Request) -> bool:
    return urlparse_cached(request).path == "/robots.txt"
