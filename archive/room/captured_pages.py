"""What was captured: its bytes, checked against their hash, their real charset and type, and the captures before and after."""

from __future__ import annotations

import hashlib
import re
import sqlite3
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

import zstandard

from archive.charset import decode
from archive.database import DamageError
from archive.media_types import MEDIA_TYPES, extension_of, format_of
from archive.outside_bodies import inside
from archive.room.report import dicts
from archive.withheld import decision_on_page

SHOWN_PICTURES = ("png", "jpeg", "gif", "webp", "bmp")
"""Formats of the pictures that browsers show and that hold no script."""
MAX_BODY_BYTES = 50_000_000


class WithheldError(Exception):
    """What was asked for is withheld; the message says since when and why."""


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
        last = unquote(urlsplit(self.url).path.rpartition("/")[2])
        name = last.rpartition(".")[0] or last or self.sha256[:16]
        kind = next((kind for kind, known in MEDIA_TYPES.items() if known == self.media_type), "bin")
        if self.media_type.startswith("text/"):
            kind = "html" if self.media_type.startswith("text/html") else extension_of(self.url) or "txt"
        return re.sub(r"[^\w.-]+", "_", name)[:80] + f".{re.sub(r'[^a-z0-9]', '', _EXTENSIONS.get(kind, kind))}"


MOST_CAPTURES = 500
"""Captures of one address that are listed with one of them."""
_FACTS = """SELECT c.id, c.portal, p.title AS portal_title, c.url, c.requested_at, c.status, c.outcome, c.sha256,
  c.redirect_url, c.note, c.tls_version, c.certificate
FROM captures c LEFT JOIN portals p ON p.name = c.portal
WHERE c.id = ?"""
_SAME_ADDRESS = """SELECT id, requested_at, status, outcome, sha256 FROM captures
WHERE url = ? AND method = 'GET' AND sha256 IS NOT NULL
ORDER BY requested_at, id"""


@dataclass(frozen=True, slots=True)
class Captured:
    """One capture among those of its address."""

    facts: dict[str, Any]
    """Its row, without headers."""
    captures: list[dict[str, Any]]
    """All captures of its address that have a body, oldest first; of very many, the newest and itself."""

    @property
    def place(self) -> int | None:
        """Where it stands among them, from 0; None where it has no body."""
        return next((n for n, row in enumerate(self.captures) if row["id"] == self.facts["id"]), None)

    @property
    def earlier(self) -> dict[str, Any] | None:
        """The capture before it."""
        return self.captures[self.place - 1] if self.place else None

    @property
    def later(self) -> dict[str, Any] | None:
        """The capture after it."""
        place = self.place
        return self.captures[place + 1] if place is not None and place + 1 < len(self.captures) else None


def captured(db: sqlite3.Connection, capture_id: int) -> Captured | None:
    """A capture by its id; None if there is none."""
    found = dicts(db, _FACTS, (capture_id,))
    if not found:
        return None
    refuse_withheld(db, found[0]["url"])
    all_of_it = dicts(db, _SAME_ADDRESS, (found[0]["url"],))
    shown = [row for row in all_of_it[:-MOST_CAPTURES] if row["id"] == capture_id] + all_of_it[-MOST_CAPTURES:]
    return Captured(found[0], shown)


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
    refuse_withheld(db, url)
    if size > MAX_BODY_BYTES:
        raise DamagedError(f"{sha256}: {size} bytes")
    try:
        encoding, packed = inside(db, encoding, packed, sha256)
    except DamageError as error:
        raise DamagedError(str(error)) from error
    if encoding != "zstd":
        raise DamagedError(f"{sha256}: encoding {encoding!r}")
    try:
        data = zstandard.ZstdDecompressor().decompress(packed, max_output_size=MAX_BODY_BYTES)
    except zstandard.ZstdError as error:
        raise DamagedError(f"{sha256}: {error}") from error
    if hashlib.sha256(data).hexdigest() != sha256:
        raise DamagedError(f"{sha256}: hash mismatch")
    return CapturedBody(url, requested_at, sha256, data, _media_type(data, content_type or ""))


def refuse_withheld(db: sqlite3.Connection, url: str) -> None:
    """Raises WithheldError for an address that is withheld, and for a listing that names one."""
    if found := decision_on_page(db, url):
        raise WithheldError(found.cause)


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
