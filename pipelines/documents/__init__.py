"""Documents of other formats than HTML: recognised by their content, read into paragraphs and grids.

A module a format (`READERS`), each with `read(body) -> Content`; a package where a format needs several (`pdf`,
`picture`). A new format gets its media type and first bytes in archive.media_types, its module here, and a line in
READERS. May import archive.model, archive.vocabulary, archive.media_types, archive.forms, pipelines.html and
pipelines.tables. Documents come from strangers: only a sandboxed child process (pipelines.ingest.sandbox) calls
`read`. Next: `pipelines.statistics.provenance` reads the tables of the contents.
"""

from __future__ import annotations

import re
from importlib import import_module

from archive.media_types import MEDIA_TYPES, PICTURES, extension_of, format_of
from archive.vocabulary import ProblemKind
from pipelines.documents.content import Content, StoredDocument
from pipelines.errors import DocumentError

__all__ = ["MEDIA_TYPES", "PICTURES", "Content", "StoredDocument", "is_web_page", "read", "recognise"]

READERS = {
    "docx": "docx",
    "doc": "office",
    "rtf": "office",
    "xlsx": "sheets",
    "xls": "sheets",
    "xml-sheet": "xml_sheets",
    "text-sheet": "text_sheets",
    "pdf": "pdf",
    "ofd": "ofd",
    "html": "html",
    "html-sheet": "html",
    "mht": "mht",
    "zip": "archives",
    **dict.fromkeys(PICTURES, "picture"),
}
"""Format → the module that reads it."""
_OF_SEVERAL_FORMATS = frozenset(("office", "sheets", "html"))
"""Modules whose `read` is told the format."""

_HEAD = 1024
"""Bytes within which a PDF begins; some servers put blanks or a line before it."""
_PDF = re.compile(rb"%PDF-\d")
_PACKAGES = ((b"word/", "docx"), (b"xl/", "xlsx"), (b"OFD.xml", "ofd"))
"""Names of members that show what a zip package is."""
_STREAMS = (("EncryptedPackage", "ole"), ("WordDocument", "doc"), ("Workbook", "xls"), ("Book", "xls"))
"""Names of streams that show what an OLE file is."""
_MARKUP = (b"<html", b"<table", b"<!doctype html")
_WEB_PAGE = (b"<!doctype html", b"<html", b"<head", b"<body")
_OFFICE = re.compile(r"msword|ms-?excel|officedocument|wps", re.IGNORECASE)
_EXCEL = re.compile(r"excel|spreadsheet", re.IGNORECASE)
_NO_TYPE = re.compile(r"octet-stream|force-download|x-download|application/download", re.IGNORECASE)
_MADE_BY_OFFICE = re.compile(rb"urn:schemas-microsoft-com:office|mso-|content=[\"']?(?:Excel|Word)\.", re.IGNORECASE)
_OFFICE_NAMES = ("doc", "xls", "wps", "et")
_EXCEL_NAMES = ("xls", "et")
_XML_SHEETS = b"urn:schemas-microsoft-com:office:spreadsheet"


def recognise(body: bytes, content_type: str | None = None, *, name: str = "") -> str | None:
    """The format of a document by its content: a key of MEDIA_TYPES; None for web pages, text and all else.

    Only names that stand open in the file are looked for: nothing is unpacked. HTML and text are documents where they
    are sent as one: `content_type` is what the server says of them, `name` the file's name or address.
    """
    by_first_bytes = format_of(body)
    if by_first_bytes == "zip":
        return _format_of_package(body)
    if by_first_bytes == "ole":
        return _format_of_ole(body)
    if by_first_bytes is None or by_first_bytes == "pdf":  # a PDF may begin later than with its first byte
        return _format_of_text(body, content_type or "", extension_of(name))
    return by_first_bytes


def is_web_page(body: bytes, content_type: str | None = None) -> bool:
    """Whether a web page, or nothing, came: what servers send in the place of a document that they no longer have."""
    head = body[:_HEAD].lower()
    return (not body or any(mark in head for mark in _WEB_PAGE)) and recognise(body, content_type) is None


def _format_of_package(body: bytes) -> str:
    names = _directory(body)
    return next((found for name, found in _PACKAGES if name in names), "zip")


def _format_of_ole(body: bytes) -> str:
    return next((found for name, found in _STREAMS if name.encode("utf-16-le") in body), "ole")


def _format_of_text(body: bytes, content_type: str, extension: str) -> str | None:
    """The format of what begins as text: a web archive, HTML or text sent as an Office file, or a PDF behind some blanks."""
    head = body[:_HEAD]
    small = head.lower()
    if b"mime-version:" in small and b"multipart/related" in small:
        return "mht"
    if _PDF.search(head) and not any(mark in small for mark in _MARKUP):
        return "pdf"
    if _XML_SHEETS in _plain(head) and b"<workbook" in _plain(body[: 8 * _HEAD]).lower():
        return "xml-sheet"
    if not _is_sent_as_office(body, content_type, extension):
        return None
    whole = _plain(body).lower()
    is_excel = _EXCEL.search(content_type) is not None or extension in _EXCEL_NAMES
    if any(mark in whole for mark in _MARKUP):
        return "html-sheet" if is_excel else "html"
    return "text-sheet" if is_excel and b"<" not in whole[:_HEAD] and _is_text(body) else None


def _is_sent_as_office(body: bytes, content_type: str, extension: str) -> bool:
    """Whether the server says so, or the name does and the server says nothing else, or an office program wrote it."""
    if _OFFICE.search(content_type):
        return True
    has_no_type = not content_type or _NO_TYPE.search(content_type) is not None
    return extension in _OFFICE_NAMES and (has_no_type or _MADE_BY_OFFICE.search(body[: 8 * _HEAD]) is not None)


def _plain(body: bytes) -> bytes:
    """The ASCII of a text, be it in UTF-16."""
    return body.replace(b"\0", b"") if body[:2] in (b"\xff\xfe", b"\xfe\xff") else body


def _is_text(body: bytes) -> bool:
    """Whether these are lines of several fields, and not the bytes of some other format."""
    plain = _plain(body)
    return b"\0" not in plain and (plain.count(b"\t") > 1 or plain.count(b",") > 1)


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
        message = "a compressed archive that is no zip (rar, 7z …): unpack it with 7-Zip or unar"
        return DocumentError(f"{message}, and give its documents to `scrapy read`", ProblemKind.UNREAD)
    if "EncryptedPackage".encode("utf-16-le") in body:
        return DocumentError("the document is encrypted", ProblemKind.ENCRYPTED)
    return DocumentError("neither a Word nor an Excel document", ProblemKind.UNREAD)
