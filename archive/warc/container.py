"""The WARCs in a file, however it is packed: gzip by record or as a whole, zstd, WACZ, and what is left of a WACZ that is cut off."""

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

NAMES = (".warc", ".warc.gz", ".warc.zst")
_LOCAL, _DESCRIPTOR = b"PK\x03\x04", b"PK\x07\x08"
_HEADER = struct.Struct("<4s5H3I2H")
"""Of a member of a ZIP: signature, version, flags, method, time, date, CRC, both sizes, lengths of name and extra field."""
_ZSTD, _ZSTD_DICTIONARY = b"\x28\xb5\x2f\xfd", b"\x5d\x2a\x4d\x18"
_BLOCK = 1 << 16
DAMAGED = (OSError, zlib.error, zstandard.ZstdError)
"""What reading raises where the packing is damaged or breaks off."""


class Stream(Protocol):
    """All that reading a WARC needs of a file."""

    def read(self, size: int = -1, /) -> bytes:
        """About `size` bytes; none at the end."""


class _Unpacked:
    """A compressed stream as what it was made of; parts that follow one another are one stream."""

    def __init__(self, stream: Stream, decoder: Callable[[], Any]) -> None:
        self.stream = stream
        self.new_decoder = decoder
        self.decoder: Any = None
        self.rest = b""

    def read(self, size: int = -1, /) -> bytes:
        """Raises OSError where the stream breaks off, the decoder's error where it is damaged."""
        while True:
            self.rest = self.rest or self.stream.read(_BLOCK)
            if not self.rest and self.decoder is None:
                return b""
            if not self.rest:
                raise OSError("its compressed data breaks off")
            self.decoder = self.decoder or self.new_decoder()
            out: bytes = self.decoder.decompress(self.rest)
            self.rest = self.decoder.unused_data.lstrip(b"\0") if self.decoder.eof else b""
            self.decoder = None if self.decoder.eof else self.decoder
            if out:
                return out


def plain(stream: Stream) -> Stream:
    """A WARC's stream without the compression that its first bytes show."""
    begun = stream.read(4)
    if begun[:2] == b"\x1f\x8b":
        return _Unpacked(_Begun(begun, stream), partial(zlib.decompressobj, zlib.MAX_WBITS | 16))
    if begun == _ZSTD:
        return _Unpacked(_Begun(begun, stream), zstandard.ZstdDecompressor().decompressobj)
    if begun == _ZSTD_DICTIONARY:
        data = stream.read(int.from_bytes(stream.read(4), "little"))
        if data.startswith(_ZSTD):
            data = zstandard.ZstdDecompressor().decompressobj().decompress(data)
        words = zstandard.ZstdCompressionDict(data)
        return _Unpacked(stream, zstandard.ZstdDecompressor(dict_data=words).decompressobj)
    return _Begun(begun, stream)


class _Begun:
    """A stream with what was read of it put back."""

    def __init__(self, begun: bytes, stream: Stream) -> None:
        self.begun = begun
        self.stream = stream

    def read(self, size: int = -1, /) -> bytes:
        begun, self.begun = self.begun, b""
        return begun + self.stream.read(size - len(begun) if size > len(begun) else size)


def is_zip(path: Path) -> bool:
    """Whether a file begins as a WACZ does, whole or cut off."""
    with path.open("rb") as stream:
        return stream.read(4) == _LOCAL


def members(path: Path) -> Iterator[tuple[str, Stream]]:
    """Name and stream of every WARC of a WACZ, and of those in it. Raises ArchiveError."""
    if not zipfile.is_zipfile(path):
        yield from _before_the_cut(path)
        raise ArchiveError("its directory, at its end, is not there")
    with zipfile.ZipFile(path) as packed:
        found = list(_warcs(packed, ""))
        if not found:
            raise ArchiveError("it has no WARC in archive/")
        for name, inner, member in found:
            try:
                with inner.open(member) as stream:
                    yield name, stream
            except (zipfile.BadZipFile, NotImplementedError) as error:
                raise ArchiveError(f"{name} cannot be unpacked: {error}") from error


def _warcs(packed: zipfile.ZipFile, within: str) -> Iterator[tuple[str, zipfile.ZipFile, str]]:
    for name in sorted(packed.namelist()):
        if name.startswith("archive/") and name.endswith(NAMES):
            yield within + name, packed, name
        elif name.endswith(".wacz") and not within:
            yield from _warcs(zipfile.ZipFile(packed.open(name)), f"{name}/")


def _before_the_cut(path: Path) -> Iterator[tuple[str, Stream]]:
    """The WARCs of a ZIP without a directory, by the headers that stand before its members; the last may break off."""
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
                end, place = _described(data, begin)
                size = end - begin
            if name.startswith("archive/") and name.endswith(NAMES):
                file.seek(begin)
                part = LimitReader(file, size)
                yield name, part if method == 0 else _Unpacked(part, partial(zlib.decompressobj, -zlib.MAX_WBITS))


def _long_size(extra: bytes) -> int:
    """The packed size in a ZIP64 field."""
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<2H", extra)
        if kind == 1 and length >= 16:
            return int(struct.unpack_from("<Q", extra, 12)[0])
        extra = extra[4 + length :]
    return 0


def _described(data: mmap.mmap, begin: int) -> tuple[int, int]:
    """Where a member ends whose size stands behind it, and where the next begins; the end of the file if it breaks off."""
    place = begin
    while (place := data.find(_DESCRIPTOR, place)) >= 0:
        for width, length in (("<I", 16), ("<Q", 24)):
            known = data[place + 8 : place + 8 + struct.calcsize(width)]
            if len(known) == struct.calcsize(width) and struct.unpack(width, known)[0] == place - begin:
                return place, place + length
        place += 4
    return len(data), len(data)
