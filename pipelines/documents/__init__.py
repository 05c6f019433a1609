"""Documents of other formats than HTML: recognised by their content, read into paragraphs and grids.

A module a format (`READERS`), each with `read(body) -> Content`; a package where a format needs several (`pdf`,
`picture`). A new format gets its media type and first bytes in archive.media_types, its module here, and a line in
READERS. May import archive.model, archive.vocabulary, archive.media_types, archive.forms, pipelines.html and
pipelines.tables. Documents are others' work: `read` is called in a child process (pipelines.ingest.sandbox) and nowhere
else. Next: `pipelines.statistics.provenance` reads the tables of the contents.
"""

from __future__ import annotations

import re
from importlib import import_module

from archive.media_types import MEDIA_TYPES, PICTURES, format_of
from archive.vocabulary import ProblemKind
from pipelines.documents.content import Content, StoredDocument
from pipelines.errors import DocumentError

__all__ = ["MEDIA_TYPES", "PICTURES", "Content", "StoredDocument", "read", "recognise"]

READERS = {
    "docx": "docx",
    "doc": "office",
    "rtf": "office",
    "xlsx": "sheets",
    "xls": "sheets",
    "pdf": "pdf",
    "ofd": "ofd",
    "html": "html",
    "mht": "mht",
    "zip": "archives",
    **dict.fromkeys(PICTURES, "picture"),
}
"""Format → the module that reads it."""
_OF_SEVERAL_FORMATS = frozenset(("office", "sheets"))
"""Modules whose `read` is told the format."""

_HEAD = 1024
"""Bytes within which a PDF begins; some servers put blanks or a line before it."""
_PDF = re.compile(rb"%PDF-\d")
_PACKAGES = ((b"word/", "docx"), (b"xl/", "xlsx"), (b"OFD.xml", "ofd"))
"""Names of members that show what a zip package is."""
_STREAMS = (("EncryptedPackage", "ole"), ("WordDocument", "doc"), ("Workbook", "xls"), ("Book", "xls"))
"""Names of streams that show what an OLE file is."""
_MARKUP = (b"<html", b"<table", b"<!doctype html")
_OFFICE = re.compile(r"msword|ms-?excel|officedocument|wps", re.IGNORECASE)


def recognise(body: bytes, content_type: str | None = None) -> str | None:
    """The format of a document by its content: a key of MEDIA_TYPES; None for web pages, text and all else.

    Only names that stand open in the file are looked for: nothing is unpacked. HTML is a document where it is sent as
    one: `content_type` is what the server says of it.
    """
    by_first_bytes = format_of(body)
    if by_first_bytes == "zip":
        return _format_of_package(body)
    if by_first_bytes == "ole":
        return _format_of_ole(body)
    if by_first_bytes is None or by_first_bytes == "pdf":  # a PDF may begin later than with its first byte
        return _format_of_text(body[:_HEAD], content_type)
    return by_first_bytes


def _format_of_package(body: bytes) -> str:
    names = _directory(body)
    return next((found for name, found in _PACKAGES if name in names), "zip")


def _format_of_ole(body: bytes) -> str:
    return next((found for name, found in _STREAMS if name.encode("utf-16-le") in body), "ole")


def _format_of_text(head: bytes, content_type: str | None) -> str | None:
    """The format of what begins as text: a web archive, HTML sent as an Office file, or a PDF behind some blanks."""
    small = head.lower()
    if b"mime-version:" in small and b"multipart/related" in small:
        return "mht"
    if any(mark in small for mark in _MARKUP):
        return "html" if content_type and _OFFICE.search(content_type) else None
    return "pdf" if _PDF.search(head) else None


def _directory(body: bytes) -> bytes:
    """A zip package's list of its members; what is packed in it may be a package too, with names of its own."""
    end = body.rfind(b"PK\x05\x06")
    if end < 0 or len(body) < end + 16:
        return body[:_HEAD] + body[-65_536:]
    size = int.from_bytes(body[end + 12 : end + 16], "little")
    return body[max(0, end - size) : end]


def read(body: bytes, kind: str) -> Content:
    """Read a document of a format that `recognise` gave. Raises DocumentError."""
    name = READERS.get(kind)
    if name is None:
        raise _unreadable(body, kind)
    reader = import_module(f"{__name__}.{name}")
    content: Content = reader.read(body, kind) if name in _OF_SEVERAL_FORMATS else reader.read(body)
    return content


def _unreadable(body: bytes, kind: str) -> DocumentError:
    """Why no module reads this format."""
    if kind == "archive":
        return DocumentError("a compressed archive that is no zip", ProblemKind.UNREAD)
    if "EncryptedPackage".encode("utf-16-le") in body:
        return DocumentError("the document is encrypted", ProblemKind.ENCRYPTED)
    return DocumentError("neither a Word nor an Excel document", ProblemKind.UNREAD)
