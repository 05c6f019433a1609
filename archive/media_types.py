"""Formats of what portals publish: their media types, their extensions in addresses and names, their first bytes.

A new format is added here first; `pipelines.documents` then reads it.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

MEDIA_TYPES = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "doc": "application/msword",
    "rtf": "application/rtf",
    "xls": "application/vnd.ms-excel",
    "xml-sheet": "application/xml",
    "text-sheet": "text/tab-separated-values",
    "pdf": "application/pdf",
    "ofd": "application/ofd",
    "zip": "application/zip",
    "ole": "application/x-ole-storage",
    "archive": "application/x-compressed",
    "html": "text/html",
    "html-sheet": "text/html",
    "mht": "multipart/related",
    "png": "image/png",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "bmp": "image/bmp",
    "tiff": "image/tiff",
}
"""Format → media type. `ole` is an Office file before 2007 of unknown kind, `archive` any compression but zip,
`xml-sheet`, `html-sheet` and `text-sheet` are XML Spreadsheet 2003, HTML and lines of text under the name of an Excel file."""
PICTURES = frozenset(("png", "jpeg", "gif", "webp", "bmp", "tiff"))
"""Formats that are pictures."""

READABLE_EXTENSIONS = ("pdf", "doc", "docx", "rtf", "xls", "xlsx", "wps", "et", "ofd", "zip")
"""Extensions of documents that are fetched and read."""
OTHER_EXTENSIONS = ("ppt", "pptx", "dps", "rar", "7z", "txt", "csv", "ceb", "tif", "tiff")
"""Extensions of documents that are linked like those, and named, but not fetched."""
DOCUMENT_EXTENSIONS = READABLE_EXTENSIONS + OTHER_EXTENSIONS
PICTURE_EXTENSIONS = ("png", "jpg", "jpeg", "gif", "webp", "bmp")
"""Extensions of pictures that may show a table."""

ZIP = b"PK\x03\x04"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_FIRST_BYTES = {
    b"%PDF": "pdf",
    ZIP: "zip",
    OLE: "ole",
    b"\x89PNG": "png",
    b"\xff\xd8\xff": "jpeg",
    b"GIF8": "gif",
    b"II*\0": "tiff",
    b"MM\0*": "tiff",
    b"Rar!": "archive",
    b"7z\xbc\xaf\x27\x1c": "archive",
    b"\x1f\x8b": "archive",
    b"{\\rtf": "rtf",
}
_BEGINNING = re.compile(b"|".join(map(re.escape, _FIRST_BYTES)))
_ENDS = {
    "pdf": (b"%%EOF", 4_096),
    "zip": (b"PK\x05\x06", 66_000),
    "png": (b"IEND", 64),
    "jpeg": (b"\xff\xd9", 256),
    "gif": (b";", 2),
    "rtf": (b"}", 64),
}
"""Format → what its last part holds, and within how many bytes before the end: some are followed by a few others."""
_NAMED_BY_EXTENSION = {
    "pdf": "pdf",
    "doc": "doc",
    "docx": "docx",
    "xls": "xls",
    "xlsx": "xlsx",
    "png": "png",
    "jpg": "jpeg",
    "jpeg": "jpeg",
    "gif": "gif",
    "zip": "zip",
}


def format_of(body: bytes) -> str | None:
    """The format that the first bytes show, a key of MEDIA_TYPES; None for text, markup and unknown formats.

    Packages (docx, xlsx, ofd) are zip, and Office files before 2007 are ole: `pipelines.documents.recognise` looks inside.

    >>> format_of(b"%PDF-1.7 ..."), format_of(b"RIFF....WEBPVP8 "), format_of(b"<html>")
    ('pdf', 'webp', None)
    """
    if body[:4] == b"RIFF" and body[8:12] == b"WEBP":
        return "webp"
    if body[:2] == b"BM" and body[6:10] == b"\0\0\0\0":
        return "bmp"
    first = _BEGINNING.match(body)
    return _FIRST_BYTES[first[0]] if first else None


def is_cut_off(body: bytes) -> bool:
    """Whether a document or a picture has no end: for answers whose length nothing told, whose connection just closed.

    Of formats that do not show their end, False.

    >>> is_cut_off(b"%PDF-1.7 ... startxref 9 %%EOF"), is_cut_off(b"%PDF-1.7 ..."), is_cut_off(b"<html>")
    (False, True, False)
    """
    name = format_of(body)
    if name == "webp":
        return len(body) < int.from_bytes(body[4:8], "little") + 8
    if name == "bmp":
        return len(body) < int.from_bytes(body[2:6], "little")
    end, within = _ENDS.get(name or "", (b"", 0))
    return body.find(end, max(0, len(body) - within)) < 0


def extension_of(url: str) -> str:
    """The extension of an address's path in lower case, without its dot; empty where it has none.

    >>> extension_of("http://example.gov.cn/files/P0.PDF?token=1")
    'pdf'
    """
    name = urlsplit(url).path.rpartition("/")[2]
    return name.rpartition(".")[2].lower() if "." in name.lstrip(".") else ""


def media_type_of(url: str) -> str | None:
    """The media type that the extension of an address promises; None where only the document's bytes show it."""
    extension = extension_of(url)
    if extension == "txt":
        return "text/plain"
    name = _NAMED_BY_EXTENSION.get(extension)
    return MEDIA_TYPES[name] if name else None


def any_extension(extensions: tuple[str, ...]) -> str:
    """A pattern for one of these extensions with its dot, to be searched without regard to case."""
    return rf"\.(?:{'|'.join(extensions)})"
