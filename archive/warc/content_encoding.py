"""Undoing what HTTP does to a body in transfer: chunks and compression, as WARCs keep them or claim to."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable

import brotli
import zstandard

from archive.captures import Headers

_CHUNK = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?\r?\n")


def undo_encodings(body: bytes, headers: Headers) -> tuple[bytes, bool]:
    """The entity that these headers describe, and whether it is complete.

    Some tools undo an encoding and keep its header: a body that is not encoded as its headers say is returned unchanged.
    """
    named = {name.lower(): value.lower() for name, value in headers}
    if "chunked" in named.get("transfer-encoding", ""):
        body, is_complete = _joined(body)
    else:
        is_complete = True
    for name in reversed(named.get("content-encoding", "").replace(" ", "").split(",")):
        if name in _DECODERS and body:
            body, ended = _DECODERS[name](body)
            is_complete = is_complete and ended
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


def _inflated(windows: tuple[int, ...]) -> Callable[[bytes], tuple[bytes, bool]]:
    """A decoder that tries these zlib window sizes in turn; of a body cut short it keeps what precedes the cut."""

    def inflate(body: bytes) -> tuple[bytes, bool]:
        for bits in windows:
            decoder = zlib.decompressobj(bits)
            out = b""
            try:
                out = decoder.decompress(body)
                out += decoder.flush()
            except zlib.error:
                if not out:
                    continue
                return out, False
            return out, decoder.eof
        return body, True

    return inflate


def _brotli(body: bytes) -> tuple[bytes, bool]:
    decoder = brotli.Decompressor()
    try:
        out = decoder.process(body)
    except brotli.error:
        return body, True
    return bytes(out), bool(decoder.is_finished())


def _zstd(body: bytes) -> tuple[bytes, bool]:
    decoder = zstandard.ZstdDecompressor().decompressobj()
    try:
        out = decoder.decompress(body)
    except zstandard.ZstdError:
        return body, True
    return out, decoder.eof


_GZIP = _inflated((zlib.MAX_WBITS | 16,))
_DECODERS: dict[str, Callable[[bytes], tuple[bytes, bool]]] = {
    "gzip": _GZIP,
    "x-gzip": _GZIP,
    "deflate": _inflated((zlib.MAX_WBITS, -zlib.MAX_WBITS)),
    "br": _brotli,
    "zstd": _zstd,
}
