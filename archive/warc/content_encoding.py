"""Undoing what HTTP does to a body in transfer: chunks and compression, as WARCs keep them or claim to."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from functools import partial
from typing import Any

import brotli
import zstandard

from archive.captures import Headers

LARGEST_ENTITY = 64 << 20
"""Bytes up to which the body of a WARC record is decoded, as many as a crawl takes (DOWNLOAD_MAXSIZE)."""

MOST_ENCODINGS = 5
"""Encodings on top of one another that are undone; servers have one."""
OVERSIZED = "too large: "
"""Beginning of the note of an answer that met a limit when it was decoded."""

_Decoder = Callable[[bytes, int], tuple[bytes, str | None]]
"""Body and most bytes that may come of it → the decoded body, and what is wrong with it, or None."""
_BREAKS_OFF = "breaks off"
_DAMAGED = "is damaged"
_ABSENT = "is only claimed"
"""What can be wrong with an encoding."""
_GZIP_MAGIC = b"\x1f\x8b"
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_STEP = 1 << 10
"""Bytes decoded at once: zstd has no limit for its output, and what follows a member is copied."""
ZEROS = re.compile(rb"\0*")
"""With which some writers fill up after a member."""
_CHUNK = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?\r?\n")


class EncodingError(ValueError):
    """A body is not encoded as its headers say; the message says what is wrong."""


class OversizedError(ValueError):
    """A body grows beyond the limit when it is decoded."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"it has more than {limit} bytes when it is decoded")


def undo_encodings(body: bytes, headers: Headers) -> tuple[bytes, str | None]:
    """The entity that these headers describe, and what is wrong with it as a note of its capture; None for a whole one.

    Some tools undo an encoding and keep its header: a body that is not encoded as its headers say is returned unchanged.
    So is one that is damaged or grows beyond LARGEST_ENTITY, with a note.
    """
    named = {name.lower(): value.lower() for name, value in headers}
    is_complete = True
    if "chunked" in named.get("transfer-encoding", ""):
        body, is_complete = _joined(body)
    note = None if is_complete else "truncated (the last chunk is missing)"
    try:
        names = _names(named.get("content-encoding", ""))
        entity = body
        for name in names:
            if entity:
                entity, fault = _DECODERS[name](entity, LARGEST_ENTITY)
                if fault not in {None, _ABSENT}:
                    note = note or f"truncated (its {name} encoding {fault})"
    except OversizedError as error:
        return body, f"{OVERSIZED}{error}"
    except EncodingError as error:
        return body, f"truncated ({error})"
    return entity, note


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
        if body:
            body, fault = _DECODERS[name](body, limit)
            if fault:
                raise EncodingError(f"its {name} encoding {fault}")
    return body


def _names(encodings: str) -> list[str]:
    """The encodings of a header that are known, in the order in which they are undone. Raises EncodingError for too many."""
    names = [name for name in encodings.lower().replace(" ", "").split(",")[::-1] if name in _DECODERS]
    if len(names) > MOST_ENCODINGS:
        raise EncodingError(f"it has {len(names)} encodings on top of one another")
    return names


def _inflated(*windows: int) -> _Decoder:
    """A decoder that tries these zlib window sizes in turn; of a body cut short it keeps what precedes the cut.

    Members that follow one another are one body. What follows the last one is ignored, as browsers do.
    """

    def inflate(body: bytes, limit: int) -> tuple[bytes, str | None]:
        for bits in windows:
            members = _Members(body, limit, partial(zlib.decompressobj, bits), _GZIP_MAGIC)
            try:
                members.read()
            except zlib.error:
                if members.number > 1:  # garbage that looks like another member
                    return bytes(members.out[: members.ended_at]), None
                continue
            return bytes(members.out), None if members.is_ended else _BREAKS_OFF
        return body, _DAMAGED if body.startswith(_GZIP_MAGIC) else _ABSENT

    return inflate


class _Members:
    """A body's members, decoded one after the other. Time and memory are those of what comes of it, however many there are."""

    def __init__(self, body: bytes, limit: int, new_decoder: Callable[[], Any], magic: bytes) -> None:
        self.body, self.limit, self.new_decoder, self.magic = body, limit, new_decoder, magic
        self.out = bytearray()
        self.ended_at = 0
        """Bytes that whole members gave."""
        self.number = 0
        self.is_ended = True

    def read(self) -> None:
        """Decode to the end or to the first fault. Raises OversizedError, or the decoder's error."""
        place = 0
        while place < len(self.body) and (not self.number or self.body.startswith(self.magic, place)):
            self.number += 1
            self.is_ended, self.ended_at = False, len(self.out)
            decoder = self.new_decoder()
            while place < len(self.body) and not decoder.eof:
                part = self.body[place : place + _STEP]
                self.out += decoder.decompress(part)
                place += len(part) - len(decoder.unused_data)
                if len(self.out) > self.limit:
                    raise OversizedError(self.limit)
            self.is_ended = decoder.eof
            place = ZEROS.match(self.body, place).end()  # type: ignore[union-attr] # it matches anything


def _brotli(body: bytes, limit: int) -> tuple[bytes, str | None]:
    decoder = brotli.Decompressor()
    try:
        out = bytes(decoder.process(body, output_buffer_limit=limit + 1))
    except brotli.error:
        return body, _ABSENT
    if len(out) > limit:
        raise OversizedError(limit)
    return out, None if decoder.is_finished() else _BREAKS_OFF


def _zstd(body: bytes, limit: int) -> tuple[bytes, str | None]:
    members = _Members(body, limit, lambda: zstandard.ZstdDecompressor().decompressobj(), _ZSTD_MAGIC)
    try:
        members.read()
    except zstandard.ZstdError:
        if members.number > 1:
            return bytes(members.out[: members.ended_at]), None
        return body, _DAMAGED if members.out else _ABSENT
    return bytes(members.out), None if members.is_ended else _BREAKS_OFF


_GZIP = _inflated(zlib.MAX_WBITS | 16)
_DECODERS: dict[str, _Decoder] = {
    "gzip": _GZIP,
    "x-gzip": _GZIP,
    "deflate": _inflated(zlib.MAX_WBITS, -zlib.MAX_WBITS),
    "br": _brotli,
    "zstd": _zstd,
}
