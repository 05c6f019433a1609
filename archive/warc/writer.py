"""Captures as WARC 1.1, which other archives and replay tools read and which our own import restores unchanged."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from http import HTTPStatus
from http.client import responses
from typing import IO, Any
from uuid import NAMESPACE_URL, uuid5

from archive.captures import Capture, Captures, Headers
from archive.database import DamageError, utc_now
from archive.vocabulary import Outcome
from archive.warc.reader import OURS, RENAMED
from archive.withheld import urls_withheld

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
_ENTRIES_PER_RECORD = 1_000
_REVISIT = "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportSelection:
    """Which captures to export. Dates are ISO in UTC: from the start of `since` to the end of `until`."""

    portal: str | None = None
    since: str | None = None
    until: str | None = None
    urls: frozenset[str] | None = None
    """Only these addresses; None for all."""
    is_part: Callable[[str], bool] = field(default=lambda _: False)
    """Whether an address is exported besides `urls`: pages 2, 3 … of split articles."""

    with_withheld: bool = False
    """Whether what is withheld from readers is exported, too."""

    def where(self) -> tuple[str, list[str]]:
        """SQL condition on `captures` and its values; addresses are left to `includes`."""
        until = f"{self.until}~" if self.until else None  # '~' sorts after every character of a timestamp
        conditions = [("portal = ?", self.portal), ("requested_at >= ?", self.since), ("requested_at <= ?", until)]
        chosen = [(sql, value) for sql, value in conditions if value]
        return " AND ".join(["1", *(sql for sql, _ in chosen)]), [value for _, value in chosen]

    def includes(self, url: str) -> bool:
        """Whether an address is exported."""
        return self.urls is None or url in self.urls or self.is_part(url)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A record that replay tools can request, as an index needs it."""

    url: str
    requested_at: str
    status: int
    content_type: str | None
    sha256: str
    offset: int
    length: int
    is_revisit: bool


class Export:
    """Writes the captures of an archive into a stream; `count` says how many, `damaged` which were left out and why."""

    def __init__(self, captures: Captures, stream: IO[bytes], *, is_gzip: bool = True) -> None:
        self.captures = captures
        self.stream = stream
        self.is_gzip = is_gzip
        self.offset = 0
        self.count = 0
        self.damaged: list[str] = []

    def write(self, selection: ExportSelection, name: str) -> Iterator[Written]:
        """Write the selected captures; yields each response and revisit. `name` is the file's."""
        self._warcinfo(name)
        self._declarations(selection)
        for capture in self._selected(selection):
            self.count += 1
            if capture.status is None:
                self._failure(capture)
            elif written := self._capture(capture, selection):
                yield written

    def write_one(self, number: int, name: str) -> None:
        """Write a single capture, with its request, as a file that needs no other. Raises ArchiveError."""
        self._warcinfo(name)
        self._capture(self.captures.get(number), ExportSelection(urls=frozenset()))
        self.count += 1

    def _selected(self, selection: ExportSelection) -> Iterator[Capture]:
        where, values = selection.where()
        sql = f"SELECT id, url FROM captures WHERE {where} ORDER BY id"  # noqa: S608 - constant clauses
        left_out = self._left_out(selection)
        for row in self.captures.db.conn.execute(sql, values):
            if row["url"] not in left_out and selection.includes(row["url"]):
                try:
                    capture = self.captures.get(row["id"], check=True)
                except DamageError as error:
                    self.damaged.append(f"capture {row['id']} of {row['url']}: {error}")
                else:
                    yield capture

    def _left_out(self, selection: ExportSelection) -> set[str]:
        """Addresses that are withheld, and listings that name one of them."""
        connection = self.captures.db.conn
        urls = set() if selection.with_withheld else urls_withheld(connection)
        sql = "SELECT DISTINCT listing_url FROM entries WHERE url IN (SELECT value FROM json_each(?))"
        return urls | {row[0] for row in connection.execute(sql, (json.dumps(sorted(urls)),))} if urls else urls

    # Records

    def _record(self, kind: str, headers: Pairs, block: bytes) -> tuple[int, int]:
        """Write a record; returns its offset and length in the file, in bytes."""
        head = [("WARC-Type", kind), *headers, ("WARC-Block-Digest", f"sha256:{sha256(block).hexdigest()}")]
        head.append(("Content-Length", str(len(block))))
        text = "WARC/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in head) + "\r\n"
        data = text.encode("utf-8") + block + b"\r\n\r\n"
        if self.is_gzip:
            compressor = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
            data = compressor.compress(data) + compressor.flush()
        self.stream.write(data)
        start, self.offset = self.offset, self.offset + len(data)
        return start, len(data)

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
        block = json.dumps(value, ensure_ascii=False, default=str).encode("utf-8", "surrogatepass")
        target = f"urn:tongjian:{name}"
        headers = [("WARC-Record-ID", _urn(f"{target} {date}")), ("WARC-Date", date), ("WARC-Target-URI", target)]
        self._record("metadata", [*headers, ("Content-Type", "application/json"), (OURS, '{"version": 1}')], block)

    def _declarations(self, selection: ExportSelection) -> None:
        now, chosen = utc_now(), selection.portal
        portals = [facts for name, facts in self.captures.portals().items() if chosen in {None, name}]
        self._metadata("portals", now, {"portals": portals})
        where, values = ("WHERE portal = ?", (chosen,)) if chosen else ("", ())
        rows = self.captures.db.conn.execute(
            f"SELECT * FROM entries {where} ORDER BY portal, listing_url, url",  # noqa: S608 - a constant clause
            values,
        )
        number, left_out = 0, self._left_out(selection)
        while batch := rows.fetchmany(_ENTRIES_PER_RECORD):
            number += 1
            entries = [dict(row) for row in batch if row["url"] not in left_out and selection.includes(row["url"])]
            if entries:
                self._metadata(f"entries:{number}", now, {"entries": entries})

    def _failure(self, capture: Capture) -> None:
        names = ("url", "method", "requested_at", "outcome", "note", "role", "portal", "ip_address", "protocol")
        value: dict[str, Any] = {name: getattr(capture, name) for name in names}
        value["request_headers"] = capture.request_headers
        self._metadata(f"failure:{capture.id}", capture.requested_at, {"failure": value})

    def _capture(self, capture: Capture, selection: ExportSelection) -> Written | None:
        """Write a response, or a revisit of one that is in the file, with its request."""
        original = self._original(capture, selection) if capture.outcome == Outcome.UNCHANGED else None
        is_revisit = original is not None and self._is_selected(original, selection)
        # a 304 is shown with the headers of the answer that it confirms
        answer = original if original and capture.status == HTTPStatus.NOT_MODIFIED else capture
        block = _response_head(answer, len(capture.body or b""))
        if not is_revisit:
            block += capture.body or b""
        record_id = _urn(f"{capture.method} {capture.url} {capture.requested_at} {capture.id}")
        headers = _response_headers(capture, record_id, original if is_revisit else None)
        headers.append((OURS, json.dumps(_own_fields(capture, answer))))
        offset, length = self._record("revisit" if is_revisit else "response", headers, block)
        self._request(capture, record_id)
        if capture.method != "GET" or capture.sha256 is None or answer.status is None:
            return None
        return Written(
            url=capture.url,
            requested_at=capture.requested_at,
            status=answer.status,
            content_type=answer.content_type,
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

    def _original(self, capture: Capture, selection: ExportSelection) -> Capture | None:
        """The answer that a later fetch confirmed: one that is in this file, or else any."""
        where, values = selection.where()
        for condition, condition_values in ((where, values), ("1", [])):
            row = self.captures.db.conn.execute(
                f"""
                SELECT id FROM captures
                WHERE fingerprint = (SELECT fingerprint FROM captures WHERE id = ?)
                    AND sha256 = ? AND outcome = '{Outcome.OK}' AND id < ? AND {condition}
                ORDER BY requested_at DESC, id DESC LIMIT 1
                """,  # noqa: S608 - constant clauses
                (capture.id, capture.sha256, capture.id, *condition_values),
            ).fetchone()
            if row:
                with suppress(DamageError):  # it is left out, and what confirmed it is written whole
                    return self.captures.get(row["id"])
        return None

    def _is_selected(self, original: Capture, selection: ExportSelection) -> bool:
        where, values = selection.where()
        sql = f"SELECT 1 FROM captures WHERE id = ? AND {where}"  # noqa: S608 - constant clauses
        row = self.captures.db.conn.execute(sql, (original.id, *values)).fetchone()
        return row is not None and selection.includes(original.url)


def _own_fields(capture: Capture, answer: Capture) -> dict[str, Any]:
    """What a capture has that WARC has no place for, and what the record shows differently, for our own import."""
    names = ["portal", "outcome", "note", "role", "redirect_url", "content_encoding", "wire_bytes", "protocol"]
    names += ["tls_version", "certificate"]
    fields = {name: value for name in names if (value := getattr(capture, name)) is not None}
    if answer is not capture or not _is_plain(answer.response_headers):
        fields |= {"status": capture.status, "response_headers": capture.response_headers}
        fields |= {"content_type": capture.content_type}
    if capture.sha256 is None:
        fields["no_body"] = True
    return fields


def _response_head(answer: Capture, size: int) -> bytes:
    """Status line and headers of a response whose decoded body has this size."""
    protocol = answer.protocol or "HTTP/1.1"
    return _head(f"{protocol} {answer.status} {_reason(answer.status)}", _renamed(answer.response_headers, size))


def _response_headers(capture: Capture, record_id: str, original: Capture | None) -> Pairs:
    """The record's own headers; `original` is the response that a revisit refers to."""
    headers: Pairs = [
        ("WARC-Record-ID", record_id),
        ("WARC-Date", capture.requested_at),
        ("WARC-Target-URI", capture.url),
    ]
    if capture.ip_address:
        headers.append(("WARC-IP-Address", capture.ip_address))
    if capture.sha256:
        headers.append(("WARC-Payload-Digest", f"sha256:{capture.sha256}"))
    if original:
        headers += [("WARC-Profile", _REVISIT), ("WARC-Refers-To-Target-URI", original.url)]
        headers += [("WARC-Refers-To-Date", original.requested_at)]
    if capture.note and capture.note.startswith("truncated"):
        headers.append(("WARC-Truncated", "disconnect"))
    headers.append(("Content-Type", "application/http; msgtype=response"))
    return headers


def _renamed(headers: Headers, size: int) -> Headers:
    """Headers of a decoded body: those of encodings, and a length that no longer fits, carry RENAMED."""

    def is_undone(name: str, value: str) -> bool:
        lower = name.lower()
        return lower in _ENCODED or (lower == "content-length" and value != str(size))

    return [(RENAMED + name if is_undone(name, value) else name, value) for name, value in headers]


def _is_plain(headers: Headers) -> bool:
    """Whether headers survive being written as text and parsed again."""
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
