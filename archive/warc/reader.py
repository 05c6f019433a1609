"""WARC and WACZ files as captures: other archives' with their own dates, our own exports exactly as they were."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from base64 import b32encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed
from warcio.statusandheaders import StatusAndHeaders

from archive.captures import Capture, Headers
from archive.database import ArchiveError
from archive.media_types import is_cut_off
from archive.vocabulary import CaptureRole, Outcome
from archive.warc import container
from archive.warc.checks import (
    LONGEST_ADDRESS,
    OWN_FIELDS,
    ForeignValueError,
    check_capture,
    check_entry,
    check_portal,
)
from archive.warc.content_encoding import OVERSIZED, undo_encodings

OURS = "WARC-Tongjian"
"""Header of our own records. JSON: what a capture has that WARC has no place for."""
RENAMED = "X-Archive-Orig-"
"""Prefix, in our exports, of the names of HTTP headers about an encoding that is undone there."""

KnownBody = Callable[[str, str | None], str | None]
"""URL and time (None: any) → sha256 of the body that the archive has of it, None for none."""

LARGEST_RECORD = 128 << 20
"""Bytes of a record that is read; what a crawl keeps has half of that at most."""
LARGEST_HEAD = 1 << 20
"""Bytes of a record's headers, its own and those of HTTP."""
_UNREADABLE = (*container.DAMAGED, ArchiveLoadFailed, EOFError, ValueError, AttributeError, TypeError)
"""What warcio raises for a file that is not a WARC; the last two for a record whose header is cut short."""
_MISTAKEN = (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError)
"""What taking one record apart raises where its values are not what they should be."""
_STEP = 1 << 20
_DIGESTS = frozenset(("md5", "sha1", "sha256", "sha512"))
_ANSWERS = {"response", "revisit", "resource"}
_PARTS = {"conversion", "continuation"}
_Request = tuple[str, bytes, Headers]
"""Method, body and headers."""
_WITHOUT_BODY = {"204", "304"}
_WAITING = 2
_REMEMBERED = 200_000
"""Payloads of a file that its revisit records can refer to."""


@dataclass(slots=True, kw_only=True)
class Declared:
    """What an export of ours has beside captures: facts of portals, and entries with when they were seen."""

    portals: list[dict[str, Any]] = field(default_factory=list)
    entries: list[dict[str, Any]] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Skipped:
    """A record that looks like a capture and is not one."""

    what: str
    """Why, in the same few words for all records of its kind."""
    url: str
    is_bad: bool = False
    """Whether it cannot be what it claims to be, as opposed to being of no use here."""


def is_warc(path: Path) -> bool:
    """Whether a file is a WARC or WACZ by its name."""
    return path.name.endswith((*container.NAMES, ".wacz"))


def read(path: Path) -> Iterator[Capture]:
    """Every HTTP response of a WARC or WACZ that has a body, as `records` gives them."""
    for item in records(path):
        if isinstance(item, Capture) and item.body is not None:
            yield item


def records(path: Path, known_body: KnownBody = lambda _url, _moment: None) -> Iterator[Capture | Declared | Skipped]:
    """Every HTTP response, revisit, and resource of an HTTP address, in file order, with its request where there is one.

    Bodies are the decoded entities. A revisit has no body but the sha256 of the one it refers to, in the same file or
    as `known_body` finds it; one whose original is not here is skipped, as are conversions, segments of records, and
    resources and responses of other schemes, and a record that holds what cannot be or does not fit its digests. `outcome`
    is None except for captures of our own exports. Raises ArchiveError where the file is cut short or damaged; what was
    yielded before is complete.
    """
    try:
        if not container.is_zip(path):
            with path.open("rb") as stream:
                yield from _File(str(path), known_body).read(stream)
            return
    except OSError as error:
        raise ArchiveError(f"cannot read {path}: {error}") from error
    try:
        for name, member in container.members(path):
            yield from _File(name, known_body).read(member)
    except (ArchiveError, zipfile.BadZipFile) as error:
        kind = "a WACZ (ZIP)" if zipfile.is_zipfile(path) else "a WACZ (ZIP) that is cut short"
        raise ArchiveError(f"{path} is {kind}: {error}") from error


def records_at(path: Path, offset: int, length: int | None) -> Iterator[Capture | Declared | Skipped]:
    """The record at a place in a WARC, as an index of it says; without `length`, and those after it."""
    try:
        with path.open("rb") as stream:
            stream.seek(offset)
            part = io.BytesIO(stream.read(min(length, LARGEST_RECORD))) if length else stream
            yield from _File(str(path), lambda _url, _moment: None).read(part)
    except OSError as error:
        raise ArchiveError(f"cannot read {path}: {error}") from error


class _File:
    """One WARC being read."""

    def __init__(self, name: str, known_body: KnownBody) -> None:
        self.name = name
        self.known_body = known_body
        self.requests: dict[str, _Request] = {}
        self.waiting: dict[str, tuple[str, Capture]] = {}
        """Responses whose request may come after them: record id → URL and capture."""
        self.payloads: dict[str, tuple[str, int | None, str | None]] = {}
        """sha256, status and content type of the payloads seen, by record id, digest, and URL with date."""

    def read(self, stream: container.Stream) -> Iterator[Capture | Declared | Skipped]:
        """The records as captures. Responses still waiting for their request are yielded before an error is raised."""
        count, broken = 0, None
        try:
            limited = container.Limited(container.decompressed(stream))
            limited.allow(LARGEST_HEAD)
            for record in ArchiveIterator(limited, arc2warc=True, check_digests=True):
                limited.allow(None)
                yield from self._record(record)
                limited.allow(LARGEST_HEAD)
                count += 1
        except _UNREADABLE as error:
            broken = error
        for _, capture in self.waiting.values():
            yield from _checked(capture)
        if broken is not None:
            reason = (str(broken).strip() or repr(broken)).splitlines()[0]
            raise ArchiveError(f"{self.name} cannot be read as a WARC from record {count + 1} on: {reason}") from broken
        if count == 0:
            raise ArchiveError(f"{self.name} has no WARC record")

    def _record(self, record: Any) -> Iterator[Capture | Declared | Skipped]:
        """One record. A fault of its own makes it a `Skipped`. Raises one of _UNREADABLE where the file is damaged."""
        data, fault = _block(record)
        is_headed = record.rec_headers.get_header("Content-Length") is not None
        if not is_headed or getattr(record.raw_stream, "limit", 0) > 0:
            raise OSError("it is cut short")
        url = record.rec_headers.get_header("WARC-Target-URI") or ""
        fault = fault or _misfit(record, data)
        if fault is not None:
            yield Skipped(what=f"{record.rec_type} with {fault}", url=url[:LONGEST_ADDRESS], is_bad=True)
            return
        try:
            for item in self._items(record, data):
                yield from _checked(item) if isinstance(item, Capture) else (item,)
        except _MISTAKEN as error:
            fault = str(error) if isinstance(error, ForeignValueError) else "values that are none"
            yield Skipped(what=f"{record.rec_type} with {fault}", url=url[:LONGEST_ADDRESS], is_bad=True)

    def _items(self, record: Any, data: bytes) -> Iterator[Capture | Declared | Skipped]:
        own, kind, url = _own_fields(record), record.rec_type, _url(record)
        if kind == "request" and record.http_headers is not None:
            yield from self._request(record, _request(record, data, own))
        elif kind == "metadata" and own:
            yield from _own_metadata(json.loads(data))
        elif kind == "response" and _is_web(url) and record.http_headers is None:
            yield Skipped(what="response without HTTP headers", url=url)
        elif kind in _ANSWERS and _is_web(url):
            capture = self._revisit(record) if kind == "revisit" else _response(record, data)
            if capture is None:
                yield Skipped(what=f"{kind} whose original is not here", url=url)
                return
            if kind != "revisit":
                self._remember(record, capture)
            _restore(capture, own)
            yield from self._answer(record, capture)
        elif kind in _ANSWERS or kind in _PARTS:
            yield Skipped(what=kind if kind in _PARTS else f"{kind} of {url.partition(':')[0]}:", url=url)

    def _request(self, record: Any, request: _Request) -> Iterator[Capture]:
        url = _url(record)
        partner = record.rec_headers.get_header("WARC-Concurrent-To") or ""
        if partner not in self.waiting:
            partner = next((key for key, (other, _) in self.waiting.items() if other == url), "")
        if partner:
            yield _with_request(self.waiting.pop(partner)[1], request)
            return
        self.requests[url] = request
        if len(self.requests) > 100 * _WAITING:
            del self.requests[next(iter(self.requests))]

    def _answer(self, record: Any, capture: Capture) -> Iterator[Capture]:
        """Some tools write the request after its response: wait for it, within _WAITING responses."""
        url = _url(record)
        if url in self.requests:
            yield _with_request(capture, self.requests.pop(url))
            return
        name = record.rec_headers.get_header("WARC-Record-ID") or url
        if name in self.waiting:  # two records of one name are two captures all the same
            yield self.waiting.pop(name)[1]
        self.waiting[name] = (url, capture)
        if len(self.waiting) > _WAITING:
            yield self.waiting.pop(next(iter(self.waiting)))[1]

    def _remember(self, record: Any, capture: Capture) -> None:
        get = record.rec_headers.get_header
        capture.sha256 = hashlib.sha256(capture.body or b"").hexdigest()
        names = (get("WARC-Record-ID"), get("WARC-Payload-Digest"), f"{_url(record)} {get('WARC-Date')}")
        for name in names:
            if name:
                self.payloads[name] = (capture.sha256, capture.status, capture.content_type)
        while len(self.payloads) > _REMEMBERED:
            del self.payloads[next(iter(self.payloads))]

    def _revisit(self, record: Any) -> Capture | None:
        get = record.rec_headers.get_header
        url, date = get("WARC-Refers-To-Target-URI"), get("WARC-Refers-To-Date")
        names = (get("WARC-Refers-To"), f"{_bare(url)} {date}" if url and date else None, get("WARC-Payload-Digest"))
        known = next((self.payloads[name] for name in names if name in self.payloads), None)
        body = (
            known[0] if known else self.known_body(_bare(url) if url else _url(record), _moment(date) if date else None)
        )
        if body is None:
            return None
        capture = _response(record, b"")
        capture.body, capture.sha256, capture.note = None, body, None  # a truncated note would be about the original
        if known and record.http_headers is None:
            _, capture.status, capture.content_type = known
        return capture


def _checked(capture: Capture) -> Iterator[Capture | Skipped]:
    """A capture whose values are what they claim to be; else the word that it is left out."""
    try:
        check_capture(capture)
    except ForeignValueError as error:
        url = capture.url if isinstance(capture.url, str) else ""
        yield Skipped(what=f"response with {error}", url=url[:LONGEST_ADDRESS], is_bad=True)
    else:
        yield capture


def _block(record: Any) -> tuple[bytes, str | None]:
    """The content of a record, and what is wrong with it. One that is too large is passed over without being kept."""
    data, fault = bytearray(), None
    while True:
        try:
            part = record.raw_stream.read(_STEP)
        except (ValueError, TypeError):  # a digest that is none; the stream has moved on all the same
            record.raw_stream.block_digester = record.raw_stream.payload_digester = None
            fault = "a digest that is none"
            continue
        if not part:
            return bytes(data), fault
        if fault is None or not data:
            data += part
        if len(data) > LARGEST_RECORD:
            fault = "a content that is too large"
            data.clear()


def _misfit(record: Any, data: bytes) -> str | None:
    """What its digests say against a record: warcio has held them against the bytes of the file.

    Some tools make the digest of a payload from the decoded one.
    """
    failed = [problem for problem in record.digest_checker.problems if "failed" in problem]
    if any(problem.startswith("block") for problem in failed):
        return "a digest that does not fit"
    if failed and not _fits_decoded(record, data):
        return "a digest that does not fit"
    return None


def _fits_decoded(record: Any, data: bytes) -> bool:
    """Whether a payload's digest is that of the decoded payload."""
    name, _, value = (record.rec_headers.get_header("WARC-Payload-Digest") or "").partition(":")
    if record.http_headers is None or name not in _DIGESTS:
        return False
    body, _ = undo_encodings(data, [(str(key), str(text)) for key, text in record.http_headers.headers])
    digest = hashlib.new(name, body, usedforsecurity=False)
    return value.lower() in {digest.hexdigest(), b32encode(digest.digest()).decode().lower()}


def _own_fields(record: Any) -> dict[str, Any]:
    text = record.rec_headers.get_header(OURS)
    own = json.loads(text) if text else {}
    if not isinstance(own, dict):
        raise ForeignValueError("fields of ours that are none")
    return own


def _restore(capture: Capture, own: dict[str, Any]) -> None:
    """Restore what an export of ours had to write elsewhere."""
    if not own:
        return
    capture.response_headers = [(name.removeprefix(RENAMED), value) for name, value in capture.response_headers]
    capture.outcome = Outcome(own["outcome"]) if "outcome" in own else None
    capture.role = CaptureRole(own["role"]) if "role" in own else None
    names = ("portal", "note", "redirect_url", "content_encoding", "wire_bytes", "protocol")
    for name in (*names, "tls_version", "certificate"):
        setattr(capture, name, own.get(name))
    if "response_headers" in own:
        capture.response_headers = [(name, value) for name, value in own["response_headers"]]
    for name in ("status", "content_type"):
        if name in own:
            setattr(capture, name, own[name])
    if own.get("no_body"):
        capture.body = capture.sha256 = None


def _own_metadata(block: object) -> Iterator[Capture | Declared | Skipped]:
    """A metadata record of our own exports: declarations, or a request that was never answered."""
    if not isinstance(block, dict):
        raise ForeignValueError("a block that is none")
    failure = block.get("failure")
    if failure:
        if not OWN_FIELDS.issuperset(failure):
            raise ForeignValueError("fields that a failure has not")
        headers = [(name, value) for name, value in failure.pop("request_headers")]
        outcome = Outcome(failure.pop("outcome"))
        role = CaptureRole(role) if (role := failure.pop("role", None)) else None
        yield Capture(**failure, outcome=outcome, role=role, request_headers=headers)
        return
    declared = Declared()
    for name, check, rows in (("portals", check_portal, declared.portals), ("entries", check_entry, declared.entries)):
        for value in block.get(name, []):
            try:
                rows.append(check(value))
            except ForeignValueError as error:
                url = (value.get("url") or value.get("home_url")) if isinstance(value, dict) else None
                yield Skipped(what=f"declaration of {error}", url=str(url or "")[:LONGEST_ADDRESS], is_bad=True)
    yield declared


def _with_request(capture: Capture, request: _Request) -> Capture:
    capture.method, body, capture.request_headers = request
    capture.request_body = body or None
    if capture.method == "HEAD" and capture.outcome is None:
        capture.note = None  # its length is that of the body of a GET
    return capture


def _request(record: Any, data: bytes, own: dict[str, Any]) -> _Request:
    headers = [(str(name), str(value)) for name, value in own.get("request_headers", record.http_headers.headers)]
    return record.http_headers.protocol, data, headers


def _response(record: Any, data: bytes) -> Capture:
    """A response; a resource, and a revisit that does not repeat the answer's head, have no HTTP headers and came with 200."""
    http = record.http_headers or StatusAndHeaders("200", [], protocol=None)
    pairs = [(str(name), str(value)) for name, value in http.headers]
    wire = http.get_header("Content-Length")
    body, fault = undo_encodings(data, pairs)
    status = http.get_statuscode()
    return Capture(
        url=_url(record),
        requested_at=_moment(record.rec_headers.get_header("WARC-Date")),
        status=int(status) if status else 200,
        outcome=None,
        body=body,
        content_type=http.get_header("Content-Type")
        or (record.content_type if record.rec_type == "resource" else None),
        response_headers=pairs,
        content_encoding=http.get_header("Content-Encoding"),
        wire_bytes=int(wire) if wire and wire.isdigit() else None,
        ip_address=record.rec_headers.get_header("WARC-IP-Address"),
        protocol=http.protocol,
        note=_note(record, status, pairs, data, body, fault),
    )


def _note(record: Any, status: str, headers: Headers, data: bytes, body: bytes, fault: str | None) -> str | None:
    """What is missing of a body or wrong with it; `fault` is what undoing its encodings showed."""
    cut = record.rec_headers.get_header("WARC-Truncated")
    if fault and (not cut or fault.startswith(OVERSIZED)):
        return fault
    cut = cut or _missing_bytes(record.rec_type, status, headers, len(data))
    if not cut and record.rec_type == "response" and not _tells_length(headers) and is_cut_off(body):
        cut = "its end is missing"
    return f"truncated ({cut})" if cut else None


def _missing_bytes(record_type: str, status: str, headers: Headers, size: int) -> str | None:
    """How many of the bytes that the header announces the block has, if it has less and undoing an encoding took none."""
    named = {name.lower(): value.strip() for name, value in headers}
    announced = named.get("content-length", "")
    if record_type != "response" or status in _WITHOUT_BODY or not announced.isdigit():
        return None
    is_short = int(announced) > size and not any("-encoding" in name for name in named)
    return f"{size} of {announced} bytes" if is_short else None


def _tells_length(headers: Headers) -> bool:
    """Whether the answer said where its body ends."""
    named = {name.lower() for name, _ in headers}
    return any("content-length" in name or "transfer-encoding" in name for name in named)


def _url(record: Any) -> str:
    return _bare(record.rec_headers.get_header("WARC-Target-URI") or "")


def _bare(url: str) -> str:
    """Without the angle brackets that the first edition of the standard showed and some tools write."""
    return url[1:-1] if url.startswith("<") and url.endswith(">") else url


def _is_web(url: str) -> bool:
    return url.startswith(("http://", "https://"))


def _moment(date: str) -> str:
    """WARC-Date to the archive's form: `2026-11-01T02:00:03Z` → `2026-11-01T02:00:03.000000Z`."""
    whole, _, fraction = date.removesuffix("Z").partition(".")
    return f"{whole}.{fraction[:6]:0<6}Z"
