"""Documents of other formats than HTML: recognised by their content, read into paragraphs and grids.

A module a format. `read` is called in a child process (pipelines.ingest.sandbox) and nowhere else: documents are others' work.
"""

from __future__ import annotations

import re
from importlib import import_module

from archive.media_types import MEDIA_TYPES, PICTURES, format_of
from archive.vocabulary import ProblemKind
from pipelines.documents.content import Content, StoredDocument
from pipelines.errors import DocumentError

__all__ = ["MEDIA_TYPES", "PICTURES", "Content", "StoredDocument", "read", "recognise"]

_HEAD = 1024
"""Bytes within which a PDF begins; some servers put blanks or a line before it."""
_PDF = re.compile(rb"%PDF-\d")
_PACKAGES = ((b"word/", "docx"), (b"xl/", "xlsx"), (b"OFD.xml", "ofd"))
_STREAMS = (("EncryptedPackage", "ole"), ("WordDocument", "doc"), ("Workbook", "xls"), ("Book", "xls"))


_MARKUP = (b"<html", b"<table", b"<!doctype html")
_OFFICE = re.compile(r"msword|ms-?excel|officedocument|wps", re.IGNORECASE)


def recognise(body: bytes, content_type: str | None = None) -> str | None:
    """The format of a document by its content: a key of MEDIA_TYPES; None for web pages, text and all else.

    Only names that stand open in the file are looked for: nothing is unpacked. HTML is a document where it is sent as
    one: `content_type` is what the server says of it.
    """
    head = body[:_HEAD]
    shown = format_of(head)
    if shown == "zip":
        names = _directory(body)
        return next((kind for name, kind in _PACKAGES if name in names), "zip")
    if shown == "ole":
        return next((kind for name, kind in _STREAMS if name.encode("utf-16-le") in body), "ole")
    if shown is not None and shown != "pdf":
        return shown
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
    """Read a document of a kind that `recognise` gave. Raises DocumentError."""
    if kind == "ole":
        if "EncryptedPackage".encode("utf-16-le") in body:
            raise DocumentError("the document is encrypted", ProblemKind.ENCRYPTED)
        raise DocumentError("neither a Word nor an Excel document", ProblemKind.UNREAD)
    if kind == "archive":
        raise DocumentError("a compressed archive that is no zip", ProblemKind.UNREAD)
    module = {"rtf": "office", "doc": "office", "xlsx": "sheets", "xls": "sheets", "zip": "archives"}
    name = "picture" if kind in PICTURES else module.get(kind, kind)
    reader = import_module(f"{__name__}.{name}")
    content: Content = reader.read(body, kind) if name in ("office", "sheets") else reader.read(body)
    return content
