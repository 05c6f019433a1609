"""What replicas are asked and what they answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(slots=True, kw_only=True)
class Request:
    """A request as a replica sees it."""

    method: str = "GET"
    path: str = "/"
    query: dict[str, str] = field(default_factory=dict)
    form: dict[str, str] = field(default_factory=dict)
    """The body of a POST, decoded."""
    headers: Mapping[str, str] = field(default_factory=dict)
    target: str = "/"
    """Path and query as sent."""

    def value(self, name: str, default: str = "") -> str:
        """A parameter, wherever it was sent."""
        return self.form.get(name, self.query.get(name, default))


@dataclass(slots=True, kw_only=True)
class Reply:
    """An answer; the server adds validators, compression and lengths."""

    body: bytes = b""
    status: int = 200
    content_type: str | None = "text/html; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)
    modified: datetime | None = None
    """With it the answer is a file: ETag and Last-Modified are sent, and conditional requests answered by 304."""
    encoded: bool = False
    """The body is compressed already."""
    is_cut: bool = False
    """Half of the body is sent, then the connection is closed."""
    length: int | None = None
    """What Content-Length says instead of the true length; 0: there is none, and the connection closes after the body."""
    reset: bool = False
    hang: bool = False
