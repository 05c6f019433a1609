"""The WARCs in a file, however compressed: gzip by record or as a whole, zstd, WACZ, and the rest of a WACZ cut short."""

from __future__ import annotations

import mmap
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import zstandard
from warcio.limitreader import LimitReader

from archive.database import ArchiveError
from archive.warc.content_encoding import ZEROS

NAMES = (".warc", ".warc.gz", ".warc.zst")
_LOCAL, _DESCRIPTOR = b"PK\x03\x04", b"PK\x07\x08"
_HEADER = struct.Struct("<4s5H3I2H")
"""Of a member of a ZIP: signature, version, flags, method, time, date, CRC, both sizes, lengths of name and extra field."""
_ZSTD, _ZSTD_DICTIONARY = b"\x28\xb5\x2f\xfd", b"\x5d\x2a\x4d\x18"
_BLOCK = 1 << 16
DAMAGED = (OSError, zlib.error, zstandard.ZstdError)
"""What reading raises where the compressed data is damaged or cut short."""


class Stream(Protocol):
    """All that reading a WARC needs of a file."""

    def read(self, size: int = -1, /) -> bytes:
        """About `size` bytes; empty at the end."""


_MOST = 1 << 30
_RATIO = 200
"""Bytes that compressed data may grow to, and how many times its size beyond that: pages come to a tenth of theirs."""
_LARGEST_DICTIONARY = 16 << 20
"""Bytes of the dictionary of a .warc.zst; those seen have a tenth of a megabyte."""
_STEP = 1 << 10
"""Bytes decompressed at once: of zstd, four may become 128 kB."""


class Limited:
    """A stream of which so much may be read until more is allowed."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.left: int | None = None

    def allow(self, size: int | None) -> None:
        """Allow so many bytes from here on, beside a block that is read ahead; None: any number."""
        self.left = None if size is None else size + _BLOCK

    def read(self, size: int = -1, /) -> bytes:
        """Raises OSError where more is asked for than is allowed."""
        data = self.stream.read(size)
        if self.left is not None:
            self.left -= len(data)
            if self.left < 0:
                raise OSError("the headers of a record have no end")
        return data


class _Decompressed:
    """A compressed stream, decompressed; members that follow one another are one stream."""

    def __init__(self, stream: Stream, decoder: Callable[[], Any]) -> None:
        self.stream = stream
        self.new_decoder = decoder
        self.decoder: Any = None
        self.rest = memoryview(b"")
        self.packed = self.unpacked = 0

    def read(self, size: int = -1, /) -> bytes:
        """Raises OSError where the stream is cut short, and the decoder's error where it is damaged."""
        while True:
            if not self.rest:
                self.rest = memoryview(self.stream.read(_BLOCK))
                self.packed += len(self.rest)
            if not self.rest and self.decoder is None:
                return b""
            if not self.rest:
                raise OSError("its compressed data is cut short")
            self.decoder = self.decoder or self.new_decoder()
            part = self.rest[:_STEP]
            out: bytes = self.decoder.decompress(part)
            self.rest = self.rest[len(part) - len(self.decoder.unused_data) :]
            if self.decoder.eof:
                self.rest = self.rest[ZEROS.match(self.rest).end() :]  # type: ignore[union-attr] # it matches anything
            self.decoder = None if self.decoder.eof else self.decoder
            self.unpacked += len(out)
            if self.unpacked > _MOST and self.unpacked > _RATIO * self.packed:
                raise OSError(f"its compressed data grows to more than {_RATIO} times its size")
            if out:
                return out


def decompressed(stream: Stream) -> Stream:
    """A WARC's stream without the compression that its first bytes show: gzip, zstd (with a dictionary, too) or none."""
    first = stream.read(4)
    if first[:2] == b"\x1f\x8b":
        return _Decompressed(_Pushback(first, stream), partial(zlib.decompressobj, zlib.MAX_WBITS | 16))
    if first == _ZSTD:
        return _Decompressed(_Pushback(first, stream), zstandard.ZstdDecompressor().decompressobj)
    if first == _ZSTD_DICTIONARY:
        data = stream.read(min(int.from_bytes(stream.read(4), "little"), _LARGEST_DICTIONARY))
        if data.startswith(_ZSTD):
            data = zstandard.ZstdDecompressor().stream_reader(data).read(_LARGEST_DICTIONARY)
        if len(data) == _LARGEST_DICTIONARY:
            raise OSError(f"its dictionary has {_LARGEST_DICTIONARY} bytes or more")
        dictionary = zstandard.ZstdCompressionDict(data)
        return _Decompressed(stream, zstandard.ZstdDecompressor(dict_data=dictionary).decompressobj)
    return _Pushback(first, stream)


class _Pushback:
    """A stream with the bytes that were read of it put back."""

    def __init__(self, first: bytes, stream: Stream) -> None:
        self.first = first
        self.stream = stream

    def read(self, size: int = -1, /) -> bytes:
        first, self.first = self.first, b""
        return first + self.stream.read(size - len(first) if size > len(first) else size)


def is_zip(path: Path) -> bool:
    """Whether a file begins like a ZIP, as a WACZ does, complete or cut short."""
    with path.open("rb") as stream:
        return stream.read(4) == _LOCAL


def members(path: Path) -> Iterator[tuple[str, Stream]]:
    """Name and stream of every WARC of a WACZ, and of those in it. Raises ArchiveError."""
    if not zipfile.is_zipfile(path):
        yield from _before_the_cut(path)
        raise ArchiveError("its directory, which is at the end, is missing")
    with zipfile.ZipFile(path) as wacz:
        warcs = list(_warcs(wacz, ""))
        if not warcs:
            raise ArchiveError("it has no WARC in archive/")
        for name, inner, member in warcs:
            try:
                with inner.open(member) as stream:
                    yield name, stream
            except (zipfile.BadZipFile, NotImplementedError) as error:
                raise ArchiveError(f"{name} cannot be unpacked: {error}") from error


def _warcs(wacz: zipfile.ZipFile, within: str) -> Iterator[tuple[str, zipfile.ZipFile, str]]:
    for name in sorted(wacz.namelist()):
        if name.startswith("archive/") and name.endswith(NAMES):
            yield within + name, wacz, name
        elif name.endswith(".wacz") and not within:
            yield from _warcs(zipfile.ZipFile(wacz.open(name)), f"{name}/")


def _before_the_cut(path: Path) -> Iterator[tuple[str, Stream]]:
    """The WARCs of a ZIP without a directory, by the headers before its members; the last may be cut short."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        place = 0
        while data[place : place + 4] == _LOCAL and place + _HEADER.size <= len(data):
            _, _, flags, method, _, _, _, size, _, name_length, extra_length = _HEADER.unpack_from(data, place)
            begin = place + _HEADER.size + name_length + extra_length
            name = data[place + _HEADER.size : begin - extra_length].decode("utf-8", "replace")
            if size == 0xFFFFFFFF:
                size = _long_size(data[begin - extra_length : begin])
            place = begin + size
            if flags & 8 and not size:
                end, place = _end_by_descriptor(data, begin)
                size = end - begin
            if name.startswith("archive/") and name.endswith(NAMES):
                file.seek(begin)
                part = LimitReader(file, size)
                yield name, part if method == 0 else _Decompressed(part, partial(zlib.decompressobj, -zlib.MAX_WBITS))


def _long_size(extra: bytes) -> int:
    """The packed size in a ZIP64 field."""
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<2H", extra)
        if kind == 1 and length >= 16:
            return int(struct.unpack_from("<Q", extra, 12)[0])
        extra = extra[4 + length :]
    return 0


def _end_by_descriptor(data: mmap.mmap, begin: int) -> tuple[int, int]:
    """The end of a member whose size stands after it, and the start of the next; the end of the file if it is cut short."""
    place = begin
    while (place := data.find(_DESCRIPTOR, place)) >= 0:
        for width, length in (("<I", 16), ("<Q", 24)):
            known = data[place + 8 : place + 8 + struct.calcsize(width)]
            if len(known) == struct.calcsize(width) and struct.unpack(width, known)[0] == place - begin:
                return place, place + length
        place += 4
    return len(data), len(data)
