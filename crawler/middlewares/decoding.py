"""What arrives, undone of its content encoding: the entity that is kept, and flags for what is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.downloadermiddlewares.httpcompression import HttpCompressionMiddleware
from scrapy.http import Headers, Response, TextResponse
from scrapy.responsetypes import responsetypes

from archive.captures import Headers as Pairs
from archive.media_types import is_cut_off
from archive.warc.content_encoding import EncodingError, OversizedError, decoded

if TYPE_CHECKING:
    from scrapy import Request

# Flags of a response, beside Scrapy's own.
REPLAYED = "replayed"
"""Answered from the archive; nothing was sent."""
CONFIRMED = "unchanged"
"""The stored document, which the portal has confirmed with status 304."""
TOO_LARGE = "too_large"
"""Decoding would have exceeded DOWNLOAD_MAXSIZE; the body is empty. The last flag says how."""
FAULTY = "faulty"
"""The body is not whole or cannot be decoded, and is as it was sent. The last flag says what is wrong."""
CUT_SHORT = "dataloss"
"""Scrapy's: the connection ended before the body did."""
OF_UNKNOWN_LENGTH = "partial"
"""Scrapy's: nothing told the length of the body, and the connection was closed."""


class DecodeMiddleware(HttpCompressionMiddleware):
    """Scrapy's decompression, moved below the capture so that the decoded entity is kept."""

    def process_response(self, request: Request, response: Response) -> Request | Response:  # type: ignore[override]
        """Decode. A body that cannot be decoded or would grow beyond DOWNLOAD_MAXSIZE is flagged, not raised.

        The first is passed on as sent, the second is dropped. Without a capture, in a crawl that is not archived, Scrapy
        decodes.
        """
        if "requested_at" not in request.meta:
            return super().process_response(request, response)
        encodings = b", ".join(response.headers.getlist("Content-Encoding")).decode("latin-1") or None
        request.meta["wire"] = (len(response.body), encodings, pairs(response.headers))
        if encodings is None:
            return response
        limit = request.meta.get("download_maxsize", self._max_size)
        try:
            body = decoded(response.body, encodings, limit)
        except OversizedError as error:
            return response.replace(body=b"", flags=[*response.flags, TOO_LARGE, f"{error} (DOWNLOAD_MAXSIZE)"])
        except EncodingError as error:
            return response.replace(flags=[*response.flags, FAULTY, f"truncated ({error})"])
        headers = response.headers.copy()
        del headers["Content-Encoding"]
        cls = responsetypes.from_args(headers=headers, url=response.url, body=body)
        # the charset is to be found anew: that of the encoded body means nothing
        fresh = {"encoding": None} if issubclass(cls, TextResponse) else {}
        return response.replace(cls=cls, headers=headers, body=body, **fresh)


def pairs(headers: Headers) -> Pairs:
    """Name and value of each header in the order received, repeats included."""
    kept = dict.items(headers)  # as they are: Scrapy would look each name up once more
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, values in kept for value in values]


def fault(request: Request, response: Response) -> str | None:
    """What is missing of a body or wrong with it; None for a whole one."""
    if CUT_SHORT in response.flags:
        received = request.meta["wire"][0] if "wire" in request.meta else len(response.body)
        announced = (response.headers.get("Content-Length") or b"").decode("latin-1")
        return f"truncated ({received} of {announced} bytes)" if announced else "truncated (the last chunk is missing)"
    if FAULTY in response.flags:
        return response.flags[-1]
    is_cut = OF_UNKNOWN_LENGTH in response.flags and is_cut_off(response.body)
    return "truncated (its end is missing)" if is_cut else None
