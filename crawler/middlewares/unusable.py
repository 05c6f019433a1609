"""The one exception with which a downloader middleware stops a request: it says which problem it is."""

from __future__ import annotations

from scrapy.exceptions import IgnoreRequest

from archive.vocabulary import ProblemKind


class UnusableResponse(IgnoreRequest):
    """The answer has no document, or the request may not be sent.

    `is_reported` says that the run has the problem already, because it concerns more than this request.
    """

    def __init__(self, kind: ProblemKind, message: str, *, is_reported: bool = False) -> None:
        super().__init__(message)
        self.kind = kind
        self.is_reported = is_reported
