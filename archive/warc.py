"""WARC files as captures: what others have saved comes in with its own dates."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed

from archive.captures import Capture, Headers
from archive.database import ArchiveError


def is_warc(path: Path) -> bool:
    """Whether a file's name says WARC."""
    return path.name.endswith((".warc", ".warc.gz"))


def read(path: Path) -> Iterator[Capture]:
    """Every HTTP response of a WARC, in file order, with its request where the file has it; `outcome` is left empty.

    Bodies are the decoded entities. Raises ArchiveError at the place where the file is cut off or damaged; what was
    yielded before is whole.
    """
    requests: dict[str, tuple[str, bytes, Headers]] = {}
    responses: dict[str, Capture] = {}
    count = 0
    try:
        with path.open("rb") as stream:
            for record in ArchiveIterator(stream):
                count += 1
                if record.rec_type == "request":
                    uri, told = record.rec_headers.get_header("WARC-Target-URI"), _request(record)
                    partner = record.rec_headers.get_header("WARC-Concurrent-To") or ""
                    if partner in responses or uri in responses:
                        yield _asked(responses.pop(partner if partner in responses else uri), told)
                    else:
                        requests[uri] = told
                elif record.rec_type == "response" and record.http_headers is not None:
                    capture, uri = _response(record), record.rec_headers.get_header("WARC-Target-URI")
                    if uri in requests:
                        yield _asked(capture, requests.pop(uri))
                        continue
                    # Some tools write the request after its response: wait for it, but not for long.
                    responses[record.rec_headers.get_header("WARC-Record-ID")] = capture
                    if len(responses) > _WAITING:
                        yield responses.pop(next(iter(responses)))
                else:
                    record.content_stream().read()
                if getattr(record.raw_stream, "limit", 0) > 0:
                    raise ArchiveError(f"{path} is cut off in record {count}")
    except (ArchiveLoadFailed, EOFError, OSError, zlib.error, ValueError, UnicodeDecodeError) as error:
        raise ArchiveError(
            f"{path} is no readable WARC from record {count + 1} on: {str(error).strip().splitlines()[0] if str(error).strip() else error!r}"
        ) from error
    yield from responses.values()
    if count == 0:
        raise ArchiveError(f"{path} holds no WARC record")


_WAITING = 2


def _asked(capture: Capture, request: tuple[str, bytes, Headers]) -> Capture:
    capture.method, body, capture.request_headers = request
    capture.request_body = body or None
    return capture


def _request(record: Any) -> tuple[str, bytes, Headers]:
    method = record.http_headers.protocol if record.http_headers is not None else "GET"
    headers = (
        [(str(name), str(value)) for name, value in record.http_headers.headers]
        if record.http_headers is not None
        else []
    )
    return method, record.content_stream().read(), headers


def _response(record: Any) -> Capture:
    headers = record.http_headers
    wire = headers.get_header("Content-Length")
    body = record.content_stream().read()
    cut = record.rec_headers.get_header("WARC-Truncated")
    return Capture(
        url=record.rec_headers.get_header("WARC-Target-URI"),
        requested_at=_moment(record.rec_headers.get_header("WARC-Date")),
        status=int(headers.get_statuscode()),
        outcome="",
        body=body,
        content_type=headers.get_header("Content-Type"),
        response_headers=[(str(name), str(value)) for name, value in headers.headers],
        content_encoding=headers.get_header("Content-Encoding"),
        wire_bytes=int(wire) if wire and wire.isdigit() else None,
        ip_address=record.rec_headers.get_header("WARC-IP-Address"),
        protocol=headers.protocol,
        note=f"truncated ({cut})" if cut else None,
    )


def _moment(date: str) -> str:
    """WARC-Date to the archive's form: `2026-11-01T02:00:03Z` → `2026-11-01T02:00:03.000000Z`."""
    whole, _, fraction = date.removesuffix("Z").partition(".")
    return f"{whole}.{fraction[:6]:0<6}Z"
