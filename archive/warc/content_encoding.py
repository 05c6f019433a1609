"""Undoing what HTTP does to a body in transfer: chunks and compression, as WARCs keep them or claim to."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable

import brotli
import zstandard

from archive.captures import Headers

LARGEST_ENTITY = 64 << 20
"""Bytes up to which the body of a WARC record is decoded, as many as a crawl takes (DOWNLOAD_MAXSIZE)."""

_Decoder = Callable[[bytes, int], tuple[bytes, str | None]]
"""Body and most bytes that may come of it → the decoded body, and what is wrong with it, or None."""
_BREAKS_OFF = "breaks off"
_DAMAGED = "is damaged"
_ABSENT = "is only claimed"
"""What can be wrong with an encoding."""
_GZIP_MAGIC = b"\x1f\x8b"
_ZSTD_STEP = 1 << 10
"""Bytes decoded at once: zstd has no limit for its output."""
_CHUNK = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?\r?\n")


class EncodingError(ValueError):
    """A body is not encoded as its headers say; the message says what is wrong."""


class OversizedError(ValueError):
    """A body grows beyond the limit when it is decoded."""


def undo_encodings(body: bytes, headers: Headers) -> tuple[bytes, bool]:
    """The entity that these headers describe, and whether it is complete.

    Some tools undo an encoding and keep its header: a body that is not encoded as its headers say is returned unchanged.
    So is one that is damaged or grows beyond LARGEST_ENTITY, which is not complete.
    """
    named = {name.lower(): value.lower() for name, value in headers}
    if "chunked" in named.get("transfer-encoding", ""):
        body, is_complete = _joined(body)
    else:
        is_complete = True
    for name in _names(named.get("content-encoding", "")):
        if name in _DECODERS and body:
            try:
                body, fault = _DECODERS[name](body, LARGEST_ENTITY)
            except OversizedError:
                return body, False
            is_complete = is_complete and fault in {None, _ABSENT}
    return body, is_complete


def _joined(body: bytes) -> tuple[bytes, bool]:
    """The chunks joined, and whether the last one is there; a body that does not begin with a chunk is not chunked."""
    parts: list[bytes] = []
    place = 0
    while chunk := _CHUNK.match(body, place):
        size = int(chunk[1], 16)
        if size == 0:
            return b"".join(parts), True
        part = body[chunk.end() : chunk.end() + size]
        after = body[chunk.end() + size : chunk.end() + size + 2]
        if not parts and len(part) == size and after[:1] not in {b"\r", b"\n", b""}:
            return body, True
        parts.append(part)
        place = chunk.end() + size + (2 if after[:1] == b"\r" else 1)
    return (b"".join(parts), False) if parts else (body, True)


def decoded(body: bytes, encodings: str, limit: int) -> bytes:
    """The entity of a body with this Content-Encoding, as a browser would accept it; unknown encodings are passed over.

    Raises EncodingError for a body that is damaged, breaks off or is not encoded so at all, and OversizedError where the
    entity has more than `limit` bytes.
    """
    for name in _names(encodings):
        if name in _DECODERS and body:
            body, fault = _DECODERS[name](body, limit)
            if fault:
                raise EncodingError(f"its {name} encoding {fault}")
    return body


def _names(encodings: str) -> list[str]:
    """The encodings of a header in the order in which they are undone."""
    return encodings.lower().replace(" ", "").split(",")[::-1]


def _inflated(*windows: int) -> _Decoder:
    """A decoder that tries these zlib window sizes in turn; of a body cut short it keeps what precedes the cut.

    Members that follow one another are one body. What follows the last one is ignored, as browsers do.
    """

    def inflate(body: bytes, limit: int) -> tuple[bytes, str | None]:
        for bits in windows:
            parts: list[bytes] = []
            rest, left, decoder = body, limit, None
            try:
                while rest and (decoder is None or rest.startswith(_GZIP_MAGIC)):
                    decoder = zlib.decompressobj(bits)
                    parts.append(decoder.decompress(rest, left + 1))
                    left -= len(parts[-1])
                    if left < 0:
                        raise OversizedError(f"it has more than {limit} bytes when it is decoded")
                    rest = decoder.unused_data.lstrip(b"\0")
            except zlib.error:
                if parts:  # garbage that looks like another member
                    return b"".join(parts), None
                continue
            return b"".join(parts), None if decoder is None or decoder.eof else _BREAKS_OFF
        return body, _DAMAGED if body.startswith(_GZIP_MAGIC) else _ABSENT

    return inflate


def _brotli(body: bytes, limit: int) -> tuple[bytes, str | None]:
    decoder = brotli.Decompressor()
    try:
        out = bytes(decoder.process(body, output_buffer_limit=limit + 1))
    except brotli.error:
        return body, _ABSENT
    if len(out) > limit:
        raise OversizedError(f"it has more than {limit} bytes when it is decoded")
    return out, None if decoder.is_finished() else _BREAKS_OFF


def _zstd(body: bytes, limit: int) -> tuple[bytes, str | None]:
    decoder = zstandard.ZstdDecompressor().decompressobj()
    out = bytearray()
    try:
        for start in range(0, len(body), _ZSTD_STEP):
            if decoder.eof:
                break
            out += decoder.decompress(body[start : start + _ZSTD_STEP])
            if len(out) > limit:
                raise OversizedError(f"it has more than {limit} bytes when it is decoded")
    except zstandard.ZstdError:
        return body, _DAMAGED if out else _ABSENT
    return bytes(out), None if decoder.eof else _BREAKS_OFF


_GZIP = _inflated(zlib.MAX_WBITS | 16)
_DECODERS: dict[str, _Decoder] = {
    "gzip": _GZIP,
    "x-gzip": _GZIP,
    "deflate": _inflated(zlib.MAX_WBITS, -zlib.MAX_WBITS),
    "br": _brotli,
    "zstd": _zstd,
}
