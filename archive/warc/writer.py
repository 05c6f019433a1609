"""Captures as WARC 1.1: what other archives and replay tools read, and what comes back as it was when it is imported."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from http.client import responses
from typing import IO, Any
from uuid import NAMESPACE_URL, uuid5

from archive.captures import Capture, Captures, Headers
from archive.database import utc_now
from archive.warc.reader import OURS, RENAMED

Pairs = list[tuple[str, str]]

NORMALISED = (
    "Response bodies are kept decoded: chunks and content encodings are undone, and the headers that spoke of them"
    f" (Content-Encoding, Transfer-Encoding, a Content-Length that no longer fits) carry {RENAMED} before their names."
    " Request records hold the headers that the crawler set; Host and Connection, which its HTTP client adds, are not"
    " recorded. A fetch that brought the same body again, or that the server answered with 304, is a revisit record"
    f" with the headers of the answer that it confirms. {OURS} holds as JSON what a capture has beside; metadata records"
    " under urn:tongjian: hold portals, entries, and requests that were never answered."
)
_ENCODED = {"content-encoding", "transfer-encoding"}
_ENTRIES_AT_ONCE = 1_000
_REVISIT = "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which captures to export. Dates are ISO, UTC: from the start of `since` to the end of `until`."""

    portal: str | None = None
    since: str | None = None
    until: str | None = None
    urls: frozenset[str] | None = None
    """Only these addresses; None: all."""
    is_part: Callable[[str], bool] = field(default=lambda _: False)
    """Tells addresses that are taken besides: pages 2, 3 … of split articles."""

    def where(self) -> tuple[str, list[str]]:
        """SQL over `captures`, without what is chosen by address."""
        until = f"{self.until}~" if self.until else None  # '~' sorts after everything in a moment
        parts = [("portal = ?", self.portal), ("requested_at >= ?", self.since), ("requested_at <= ?", until)]
        chosen = [(sql, value) for sql, value in parts if value]
        return " AND ".join(["1", *(sql for sql, _ in chosen)]), [value for _, value in chosen]

    def takes(self, url: str) -> bool:
        """Whether an address is chosen."""
        return self.urls is None or url in self.urls or self.is_part(url)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A record that replay can be asked for."""

    url: str
    requested_at: str
    status: int
    content_type: str | None
    sha256: str
    offset: int
    length: int
    is_revisit: bool


class Export:
    """Writes the captures of an archive into a stream; `count` says how many."""

    def __init__(self, captures: Captures, stream: IO[bytes], *, is_gzip: bool = True) -> None:
        self.captures = captures
        self.stream = stream
        self.is_gzip = is_gzip
        self.offset = 0
        self.count = 0

    def write(self, selection: Selection, name: str) -> Iterator[Written]:
        """Write everything, and tell of each response and revisit. `name` is the file's."""
        self._warcinfo(name)
        self._declarations(selection)
        for capture in self._selected(selection):
            self.count += 1
            if capture.status is None:
                self._failure(capture)
            elif written := self._capture(capture, selection):
                yield written

    def _selected(self, selection: Selection) -> Iterator[Capture]:
        where, values = selection.where()
        sql = f"SELECT id, url FROM captures WHERE {where} ORDER BY id"  # noqa: S608 - constant clauses
        for row in self.captures.db.conn.execute(sql, values):
            if selection.takes(row["url"]):
                yield self.captures.get(row["id"])

    # Records

    def _record(self, kind: str, headers: Pairs, block: bytes) -> tuple[int, int]:
        """Write a record; where it begins and how long it is in the file."""
        head = [("WARC-Type", kind), *headers, ("WARC-Block-Digest", f"sha256:{sha256(block).hexdigest()}")]
        head.append(("Content-Length", str(len(block))))
        text = "WARC/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in head) + "\r\n"
        data = text.encode("utf-8") + block + b"\r\n\r\n"
        if self.is_gzip:
            packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
            data = packer.compress(data) + packer.flush()
        self.stream.write(data)
        begun, self.offset = self.offset, self.offset + len(data)
        return begun, len(data)

    def _warcinfo(self, name: str) -> None:
        fields = {
            "software": "Tongjian",
            "format": "WARC File Format 1.1",
            "conformsTo": "https://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/",
            "description": NORMALISED,
        }
        block = "".join(f"{key}: {value}\r\n" for key, value in fields.items()).encode()
        now = utc_now()
        headers = [("WARC-Record-ID", _urn(f"warcinfo {name} {now}")), ("WARC-Date", now), ("WARC-Filename", name)]
        self._record("warcinfo", [*headers, ("Content-Type", "application/warc-fields")], block)

    def _metadata(self, name: str, date: str, value: dict[str, Any]) -> None:
        block = json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
        target = f"urn:tongjian:{name}"
        headers = [("WARC-Record-ID", _urn(f"{target} {date}")), ("WARC-Date", date), ("WARC-Target-URI", target)]
        self._record("metadata", [*headers, ("Content-Type", "application/json"), (OURS, '{"version": 1}')], block)

    def _declarations(self, selection: Selection) -> None:
        now, chosen = utc_now(), selection.portal
        portals = [facts for name, facts in self.captures.portals().items() if chosen in {None, name}]
        self._metadata("portals", now, {"portals": portals})
        where, values = ("WHERE portal = ?", (chosen,)) if chosen else ("", ())
        rows = self.captures.db.conn.execute(
            f"SELECT * FROM entries {where} ORDER BY portal, listing_url, url",  # noqa: S608 - a constant clause
            values,
        )
        number = 0
        while some := rows.fetchmany(_ENTRIES_AT_ONCE):
            number += 1
            entries = [dict(row) for row in some if selection.takes(row["url"])]
            if entries:
                self._metadata(f"entries:{number}", now, {"entries": entries})

    def _failure(self, capture: Capture) -> None:
        names = ("url", "method", "requested_at", "outcome", "note", "portal", "ip_address", "protocol")
        value: dict[str, Any] = {name: getattr(capture, name) for name in names}
        value["request_headers"] = capture.request_headers
        self._metadata(f"failure:{capture.id}", capture.requested_at, {"failure": value})

    def _capture(self, capture: Capture, selection: Selection) -> Written | None:
        """A response, or a revisit of one that is in the file, with its request."""
        original = self._original(capture, selection) if capture.outcome == "unchanged" else None
        is_revisit = original is not None and self._is_in(original, selection)
        shown = original if original and capture.status == 304 else capture
        told = _beside(capture)
        if shown is not capture or not _is_plain(shown.response_headers):
            told |= {"status": capture.status, "response_headers": capture.response_headers}
            told |= {"content_type": capture.content_type}
        if capture.sha256 is None:
            told["no_body"] = True
        headers = _renamed(shown.response_headers, len(capture.body or b""))
        block = _head(f"{shown.protocol or 'HTTP/1.1'} {shown.status} {_reason(shown.status)}", headers)
        block += b"" if is_revisit else capture.body or b""
        name = _urn(f"{capture.method} {capture.url} {capture.requested_at} {capture.id}")
        record: Pairs = [
            ("WARC-Record-ID", name),
            ("WARC-Date", capture.requested_at),
            ("WARC-Target-URI", capture.url),
        ]
        if capture.ip_address:
            record.append(("WARC-IP-Address", capture.ip_address))
        if capture.sha256:
            record.append(("WARC-Payload-Digest", f"sha256:{capture.sha256}"))
        if is_revisit and original:
            record += [("WARC-Profile", _REVISIT), ("WARC-Refers-To-Target-URI", original.url)]
            record += [("WARC-Refers-To-Date", original.requested_at)]
        if capture.note and capture.note.startswith("truncated"):
            record.append(("WARC-Truncated", "disconnect"))
        record += [("Content-Type", "application/http; msgtype=response"), (OURS, json.dumps(told))]
        offset, length = self._record("revisit" if is_revisit else "response", record, block)
        self._request(capture, name)
        if capture.method != "GET" or capture.sha256 is None or shown.status is None:
            return None
        return Written(
            url=capture.url,
            requested_at=capture.requested_at,
            status=shown.status,
            content_type=shown.content_type,
            sha256=capture.sha256,
            offset=offset,
            length=length,
            is_revisit=is_revisit,
        )

    def _request(self, capture: Capture, response: str) -> None:
        path = "/" + capture.url.partition("://")[2].partition("/")[2].partition("#")[0]
        block = _head(f"{capture.method} {path} HTTP/1.1", capture.request_headers) + (capture.request_body or b"")
        headers = [("WARC-Record-ID", _urn(f"request {response}")), ("WARC-Date", capture.requested_at)]
        headers += [("WARC-Target-URI", capture.url), ("WARC-Concurrent-To", response)]
        headers.append(("Content-Type", "application/http; msgtype=request"))
        if not _is_plain(capture.request_headers):
            headers.append((OURS, json.dumps({"request_headers": capture.request_headers})))
        self._record("request", headers, block)

    def _original(self, capture: Capture, selection: Selection) -> Capture | None:
        """The answer that a later fetch confirmed: of this file if it has one, else any."""
        where, values = selection.where()
        for clause, more in ((where, values), ("1", [])):
            row = self.captures.db.conn.execute(
                "SELECT id FROM captures WHERE fingerprint = (SELECT fingerprint FROM captures WHERE id = ?) AND sha256 = ?"  # noqa: S608 - constant clauses
                f" AND outcome = 'ok' AND id < ? AND {clause} ORDER BY requested_at DESC, id DESC LIMIT 1",
                (capture.id, capture.sha256, capture.id, *more),
            ).fetchone()
            if row:
                return self.captures.get(row["id"])
        return None

    def _is_in(self, original: Capture, selection: Selection) -> bool:
        where, values = selection.where()
        sql = f"SELECT 1 FROM captures WHERE id = ? AND {where}"  # noqa: S608 - constant clauses
        found = self.captures.db.conn.execute(sql, (original.id, *values)).fetchone()
        return found is not None and selection.takes(original.url)


def _beside(capture: Capture) -> dict[str, Any]:
    """What a capture has that WARC has no place for."""
    names = ("portal", "outcome", "note", "redirect_url", "content_encoding", "wire_bytes", "protocol")
    return {name: value for name in names if (value := getattr(capture, name)) is not None}


def _renamed(headers: Headers, size: int) -> Headers:
    def is_undone(name: str, value: str) -> bool:
        lower = name.lower()
        return lower in _ENCODED or (lower == "content-length" and value != str(size))

    return [(RENAMED + name if is_undone(name, value) else name, value) for name, value in headers]


def _is_plain(headers: Headers) -> bool:
    """Whether headers come back as they are from the text that they are written as."""
    return all(
        part.isascii() and part.isprintable() and part == part.strip() and part for pair in headers for part in pair
    )


def _head(first: str, headers: Headers) -> bytes:
    lines = [first, *(f"{name}: {' '.join(value.split())}" for name, value in headers)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


def _reason(status: int | None) -> str:
    return responses.get(status or 0, "Unknown")


def _urn(name: str) -> str:
    return f"<urn:uuid:{uuid5(NAMESPACE_URL, name)}>"
