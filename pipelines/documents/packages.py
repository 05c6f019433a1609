"""Zip packages (docx, xlsx, ofd, zip) opened within limits, and their XML parsed without entities or the network."""

from __future__ import annotations

import io
import zipfile
import zlib
from typing import Any

from lxml import etree

from archive.vocabulary import ProblemKind
from pipelines.errors import DocumentError

MOST_MEMBERS = 5_000
LARGEST_MEMBER = 64 * 1024 * 1024
LARGEST_PACKAGE = 256 * 1024 * 1024
"""Bytes, unpacked; a long report with photographs has 30 MiB."""


class Package:
    """An opened zip package. Sizes are counted while reading: what the directory says of them may be a lie."""

    def __init__(self, body: bytes) -> None:
        """Raises DocumentError for what is no zip, or holds too much."""
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(body))
            self._members = {info.filename: info for info in self._zip.infolist() if not info.is_dir()}
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise DocumentError(f"damaged package: {error}") from error
        self._left = LARGEST_PACKAGE
        self._kept: dict[str, bytes] = {}
        if len(self._members) > MOST_MEMBERS:
            raise DocumentError(f"a package of {len(self._members)} members", ProblemKind.OVERSIZED)

    def names(self) -> list[str]:
        """The members' names, folders left out."""
        return list(self._members)

    def read(self, name: str) -> bytes:
        """A member's bytes. Raises DocumentError where it is missing, damaged, encrypted or too large."""
        if name in self._kept:
            return self._kept[name]
        info = self._members.get(name)
        if info is None:
            raise DocumentError(f"damaged package: no {name}")
        if info.flag_bits & 1:
            raise DocumentError("the package is encrypted", ProblemKind.ENCRYPTED)
        limit = min(LARGEST_MEMBER, self._left)
        if info.file_size > limit:
            raise DocumentError(f"{name} unpacks to {info.file_size} bytes", ProblemKind.OVERSIZED)
        try:
            with self._zip.open(info) as member:
                data = member.read(limit + 1)
        except (zipfile.BadZipFile, OSError, EOFError, zlib.error, NotImplementedError, RuntimeError) as error:
            raise DocumentError(f"damaged package: {name}: {error}") from error
        if len(data) > limit:
            raise DocumentError(f"{name} unpacks to more than {limit} bytes", ProblemKind.OVERSIZED)
        self._left -= len(data)
        return data

    def read_all(self, *endings: str) -> None:
        """Read every member with such an ending of its name, and keep it. Raises DocumentError as `read` does."""
        self._kept |= {name: self.read(name) for name in self._members if name.endswith(endings)}

    def xml(self, name: str) -> Any:
        """A member as an XML tree."""
        return parse_xml(self.read(name), name)


def parse_xml(data: bytes, name: str) -> Any:
    """An XML tree. A document type is refused: no office format has one, and entities are how XML attacks."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, remove_comments=True
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise DocumentError(f"damaged XML: {name}: {error}") from error
    if root.getroottree().docinfo.doctype:
        raise DocumentError(f"{name} declares a document type, which no office document does")
    return root
