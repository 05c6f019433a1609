"""Documents of other formats than HTML: recognised by their content, read into paragraphs and grids.

A module a format. `read` is called in a child process (crawler.documents) and nowhere else: documents are others' work.
"""

from __future__ import annotations

import re
from importlib import import_module

from pipelines.documents.content import Content, DocumentError, Held

__all__ = ["MEDIA_TYPES", "Content", "DocumentError", "Held", "read", "recognise"]

MEDIA_TYPES = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "doc": "application/msword",
    "rtf": "application/rtf",
    "xls": "application/vnd.ms-excel",
    "pdf": "application/pdf",
    "ofd": "application/ofd",
    "zip": "application/zip",
    "ole": "application/x-ole-storage",
    "archive": "application/x-compressed",
    "png": "image/png",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "bmp": "image/bmp",
    "tiff": "image/tiff",
}
PICTURES = frozenset(("png", "jpeg", "gif", "webp", "bmp", "tiff"))

_MAGIC = (
    (b"\x89PNG", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"GIF8", "gif"),
    (b"II*\0", "tiff"),
    (b"MM\0*", "tiff"),
    (b"Rar!", "archive"),
    (b"7z\xbc\xaf\x27\x1c", "archive"),
    (b"\x1f\x8b", "archive"),
    (b"{\\rtf", "rtf"),
)
_HEAD = 1024
"""Bytes within which a PDF begins; some servers put blanks or a line before it."""
_PDF = re.compile(rb"%PDF-\d")
_PACKAGES = ((b"word/", "docx"), (b"xl/", "xlsx"), (b"OFD.xml", "ofd"))
_STREAMS = (("EncryptedPackage", "ole"), ("WordDocument", "doc"), ("Workbook", "xls"), ("Book", "xls"))


def recognise(body: bytes) -> str | None:
    """The format of a document by its content: a key of MEDIA_TYPES; None for HTML, text and all else.

    Only names that stand open in the file are looked for: nothing is unpacked.
    """
    head = body[:_HEAD]
    if head.startswith(b"PK\x03\x04"):
        return next((kind for name, kind in _PACKAGES if name in body[-65_536:] or name in head), "zip")
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return next((kind for name, kind in _STREAMS if name.encode("utf-16-le") in body), "ole")
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "webp"
    if head.startswith(b"BM") and head[6:10] == b"\0\0\0\0":
        return "bmp"
    found = next((kind for magic, kind in _MAGIC if head.startswith(magic)), None)
    if found is None and _PDF.search(head) and b"<html" not in head.lower():
        return "pdf"
    return found


def read(body: bytes, kind: str) -> Content:
    """Read a document of a kind that `recognise` gave. Raises DocumentError."""
    if kind in PICTURES:
        raise DocumentError("a picture: tables in pictures are not read", "unread")
    if kind == "ole":
        if "EncryptedPackage".encode("utf-16-le") in body:
            raise DocumentError("the document is encrypted", "encrypted")
        raise DocumentError("neither a Word nor an Excel document", "unread")
    if kind == "archive":
        raise DocumentError("a compressed archive that is no zip", "unread")
    name = {"rtf": "office", "doc": "office", "xlsx": "sheets", "xls": "sheets", "zip": "archives"}.get(kind, kind)
    reader = import_module(f"{__name__}.{name}")
    content: Content = reader.read(body, kind) if name in ("office", "sheets") else reader.read(body)
    return content
