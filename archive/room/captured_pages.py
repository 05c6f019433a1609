"""A page as captured: its bytes, their real charset, and the pictures that were captured with it."""

from __future__ import annotations

import base64
import hashlib
import re
import sqlite3
from dataclasses import dataclass
from urllib.parse import unquote, urljoin, urlsplit

import zstandard
from lxml import html
from lxml.html.clean import Cleaner

from archive.charset import decode
from archive.media_types import MEDIA_TYPES, format_of
from archive.vocabulary import DOCUMENT_OUTCOMES

SHOWN_PICTURES = ("png", "jpeg", "gif", "webp", "bmp")
"""Formats of the pictures that browsers show and that hold no script."""
MAX_PICTURE_BYTES = 8_000_000
"""Bytes of all pictures that are set into one page."""
MAX_BODY_BYTES = 50_000_000
_CLEANER = Cleaner(
    scripts=True,
    javascript=True,
    links=True,
    meta=True,
    embedded=True,
    frames=True,
    forms=True,
    processing_instructions=True,
    kill_tags=("base", "video", "audio", "source", "track"),
    comments=False,
    style=False,
    page_structure=False,
    annoying_tags=False,
    remove_unknown_tags=False,
    safe_attrs_only=False,
)
"""Takes out what would run, submit or be fetched; what the page says and how it looks stays."""


class DamagedError(Exception):
    """A stored body does not match its hash."""


@dataclass(frozen=True, slots=True)
class CapturedBody:
    """A capture's bytes, checked against their hash, and the type to send them as."""

    url: str
    requested_at: str
    sha256: str
    data: bytes
    media_type: str
    """With the charset that the bytes are in. HTML, a picture, plain text, or the type of a file to download."""

    @property
    def is_file(self) -> bool:
        """Whether no browser shows it: a Word, Excel, PDF or OFD file, or an archive of files."""
        return not self.media_type.startswith(("text/html", "text/plain", "image/"))

    @property
    def file_name(self) -> str:
        """The name to save it under: that of its address, with the extension of what it is."""
        name = unquote(urlsplit(self.url).path.rpartition("/")[2]).rpartition(".")[0] or self.sha256[:16]
        kind = next((kind for kind, known in MEDIA_TYPES.items() if known == self.media_type), "bin")
        return re.sub(r"[^\w.-]+", "_", name)[:80] + f".{_EXTENSIONS.get(kind, kind)}"


def body(db: sqlite3.Connection, capture_id: int) -> CapturedBody | None:
    """The body of a capture; None if there is none. Raises DamagedError."""
    row = db.execute(
        """SELECT c.url, c.requested_at, c.sha256, c.content_type, b.encoding, b.data, b.size
        FROM captures c
        JOIN bodies b ON b.sha256 = c.sha256
        WHERE c.id = ?""",
        (capture_id,),
    ).fetchone()
    if row is None:
        return None
    url, requested_at, sha256, content_type, encoding, packed, size = row
    if encoding != "zstd" or size > MAX_BODY_BYTES:
        raise DamagedError(f"{sha256}: encoding {encoding!r}, {size} bytes")
    try:
        data = zstandard.ZstdDecompressor().decompress(packed, max_output_size=MAX_BODY_BYTES)
    except zstandard.ZstdError as error:
        raise DamagedError(f"{sha256}: {error}") from error
    if hashlib.sha256(data).hexdigest() != sha256:
        raise DamagedError(f"{sha256}: hash mismatch")
    return CapturedBody(url, requested_at, sha256, data, _media_type(data, content_type or ""))


def _media_type(data: bytes, content_type: str) -> str:
    picture = picture_type(data)
    if picture:
        return picture
    if kind := format_of(data):
        return MEDIA_TYPES[_inside(kind, data)]
    _, charset = decode(data, content_type)
    declared = content_type.partition(";")[0].strip().lower()
    kind = "text/html" if declared in {"text/html", "application/xhtml+xml", ""} else "text/plain"
    return f"{kind}; charset={charset}"


_PACKAGES = {
    "docx": (b"word/document.xml",),
    "xlsx": (b"xl/workbook.xml",),
    "ofd": (b"OFD.xml",),
    "doc": ("WordDocument".encode("utf-16-le"),),
    "xls": ("Workbook".encode("utf-16-le"), "Book".encode("utf-16-le")),
}
"""Format → names of a part that only its packages hold."""
_EXTENSIONS = {"ole": "bin", "archive": "bin", "jpeg": "jpg"}


def _inside(kind: str, data: bytes) -> str:
    """The format of a package by the names of its parts; a zip or an Office file of another kind stays what it is."""
    wanted = {"zip": ("docx", "xlsx", "ofd"), "ole": ("doc", "xls")}.get(kind, ())
    return next((name for name in wanted if any(part in data for part in _PACKAGES[name])), kind)


def picture_type(data: bytes) -> str | None:
    """The media type of a picture that browsers show, by its first bytes; None for everything else, SVG included."""
    name = format_of(data)
    return MEDIA_TYPES[name] if name in SHOWN_PICTURES else None


_LINK = re.compile(rb"<link(?=[\s/>])", re.IGNORECASE)
_ATTRIBUTE = rb"""\s++[\w:.-]++(?:\s*+=\s*+(?:"[^"<>]*+"|'[^'<>]*+'|[^\s"'=<>`]++))?+"""
_PLAIN_LINK = re.compile(rb"<link(?:%s)*+\s*+/?>" % _ATTRIBUTE, re.IGNORECASE)
_HINT = re.compile(rb"preconnect|prefetch|prerender|preload|next|&", re.IGNORECASE)
_FRAME = re.compile(rb"<(/?)(?:i(?=frame[\s/>])|f(?=rame[\s/>]))|<(/?)f(?=encedframe[\s/>])", re.IGNORECASE)


def without_connections(data: bytes) -> bytes:
    """The page without what makes a browser connect to a host ahead of need, which no Content-Security-Policy forbids.

    A `<link>` with such a hint becomes a `<meta>`, a frame an unknown element; a `<link>` whose attributes cannot be
    separated with certainty counts as a hint. Everything else stays byte for byte.
    """

    def harmless(found: re.Match[bytes]) -> bytes:
        tag = _PLAIN_LINK.match(data, found.start())
        return found[0] if tag and not _HINT.search(tag[0]) else b"<meta"

    return _FRAME.sub(lambda found: b"<" + (found[1] or found[2] or b"") + b"x", _LINK.sub(harmless, data))


def with_pictures(db: sqlite3.Connection, page: CapturedBody) -> str:
    """The page with its captured pictures set in as data: addresses, and without anything that would act or be fetched."""
    text, _ = decode(page.data, page.media_type)
    root = html.document_fromstring(text.replace("\0", "") or "<html></html>")
    base = page.url
    for tag in root.iter("base"):
        base = urljoin(base, tag.get("href") or "")
    _CLEANER(root)
    _set_pictures(db, root, base)
    return str(html.tostring(root, encoding="unicode", doctype="<!DOCTYPE html>"))


def _set_pictures(db: sqlite3.Connection, root: html.HtmlElement, base: str) -> None:
    """Put the captured bytes into each `<img>`, up to MAX_PICTURE_BYTES in all; one that is not captured shows its alt text."""
    left = MAX_PICTURE_BYTES
    for image in root.iter("img"):
        source = (image.get("src") or "").strip()
        image.attrib.pop("srcset", None)
        if not source or source.startswith("data:"):
            continue
        data = _picture(db, urljoin(base, source))
        kind = picture_type(data) if data else None
        if data and kind and len(data) <= left:
            left -= len(data)
            image.set("src", f"data:{kind};base64,{base64.b64encode(data).decode()}")
        else:
            image.attrib.pop("src")
            image.set("alt", image.get("alt") or "□")


def _picture(db: sqlite3.Connection, url: str) -> bytes | None:
    row = db.execute(
        """SELECT id FROM captures
        WHERE url = ? AND outcome IN (?, ?) AND sha256 IS NOT NULL
        ORDER BY requested_at DESC LIMIT 1""",
        (url, *DOCUMENT_OUTCOMES),
    ).fetchone()
    try:
        found = body(db, row[0]) if row else None
    except DamagedError:
        return None
    return found.data if found else None
