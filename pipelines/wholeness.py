"""Whether a body is whole, by what its format ends with: a transfer without a length shows nothing else of a cut.

`missing_end` looks at one body alone. Pages of a portal are compared with each other in `pipelines.page_ends`.
"""

from __future__ import annotations

import json
import re

from archive.charset import decode
from archive.media_types import OLE, ZIP, format_of

_HEAD = 2_048
_END_WITHIN = 4_096
"""Bytes before the end of a page in which it is usually closed."""
_PDF_END_WITHIN = 1_024
"""Bytes before the end of a PDF in which readers look for its last mark (ISO 32000-1, annex H.3)."""
_ZIP_END = 22
"""Bytes of a zip's last record, without its comment of up to 65,535 (APPNOTE 4.3.16)."""
_ZIP64 = 0xFFFFFFFF
"""An offset that stands in another record."""
_IN_HEADER = 109
"""FAT sectors that the header of an OLE file lists (MS-CFB 2.2)."""

END_MISSING = "its end is missing"
"""What shows that a page was cut that is well formed as far as it goes."""
_NEAR = 6
"""Characters before the end of JSON within which a word or an escape may be cut."""
_BLANK = b"\0 \t\r\n"
_ENDS = re.compile(rb"</(?:html|body)\b", re.IGNORECASE)
_BEGINS = re.compile(rb"<(?:html|body|!doctype html)\b")
_OPEN_TAG = re.compile(rb"<[a-z/!][^<>]*\Z")
_XML_ROOT = re.compile(
    rb"\A\s*+(?:<!--(?:[^-]|-(?!->))*+-->\s*+|<\?[^>]*+>\s*+|<!DOCTYPE[^>\[]*+>\s*+)*+<([A-Za-z_][\w:.-]*)"
)


CUT_AT_THE_END = f"truncated ({END_MISSING})"
"""The note of a page that is not closed; where none of a portal's pages is, it is whole."""


def missing_end(body: bytes, content_type: str | None, *, is_markup: bool) -> str | None:
    """What shows that a body was cut off, in a few words; None for one that is whole, or says nothing of its end."""
    found = None
    if body.startswith(ZIP):
        found = _missing_of_zip(body)
    elif body.startswith(OLE):
        found = _missing_of_ole(body)
    elif b"%PDF-" in body[:1_024]:
        found = None if b"%%EOF" in body.rstrip(_BLANK)[-_PDF_END_WITHIN:] else "its last mark is missing"
    elif body.startswith(b"\x89PNG"):
        found = None if b"IEND" in body[-_PDF_END_WITHIN:] else "its last block is missing"
    elif body.startswith(b"{\\rtf"):
        found = None if body.rstrip(_BLANK).endswith(b"}") else "its last bracket is missing"
    elif format_of(body) is None:
        found = _missing_of_text(body, content_type, is_markup=is_markup)
    return f"truncated ({found})" if found else None


def _missing_of_text(body: bytes, content_type: str | None, *, is_markup: bool) -> str | None:
    start = body[:_HEAD].lstrip(_BLANK + b"\xef\xbb\xbf")
    if start[:1] in {b"{", b"["}:
        return _missing_of_json(body, content_type)
    if start.startswith(b"<?xml") or ("xml" in (content_type or "") and "html" not in (content_type or "")):
        root = _XML_ROOT.search(start)
        if root is None and len(body) < _HEAD:
            return "its first element is missing"
        if root and root[1].lower() != b"html":
            return _missing_of_xml(body, root[1])
    return _missing_of_page(body) if is_markup else None


def has_end(body: bytes) -> bool:
    """Whether a page is closed near its end, and no more than a few words or scripts follow."""
    return _ENDS.search(body, max(0, len(body) - _END_WITHIN)) is not None


def _missing_of_page(body: bytes) -> str | None:
    """Markup that stops where none can stop; what follows an early end is looked at like a page of its own."""
    text = body.lower()
    last = max(text.rfind(b"</html"), text.rfind(b"</body"))
    tail = text[last:] if last >= 0 else text
    if tail.count(b"<table") > tail.count(b"</table"):
        return "it stops inside a table"
    if _OPEN_TAG.search(tail, max(0, len(tail) - _END_WITHIN)):
        return "it stops inside a tag"
    if last >= 0:
        return None
    if _BEGINS.search(tail) and (not tail.rstrip().endswith(b">") or tail.count(b"<div") > tail.count(b"</div")):
        return END_MISSING
    return None


def _missing_of_zip(body: bytes) -> str | None:
    """A zip ends with its directory; that of a zip inside it does not lie where it says."""
    end = body.rfind(b"PK\x05\x06", max(0, len(body) - _ZIP_END - 65_535))
    if end < 0 or end + _ZIP_END > len(body):
        return "its directory is missing"
    size, offset = (int.from_bytes(body[end + at : end + at + 4], "little") for at in (12, 16))
    if offset == _ZIP64 or size == 0:
        return None
    return None if body[offset : offset + 4] == b"PK\x01\x02" else "its directory is missing"


def _missing_of_ole(body: bytes) -> str | None:
    """An Office file before 2007 is shorter than the table of its sectors (FAT) says."""
    shift = int.from_bytes(body[30:32], "little")
    if shift not in {9, 12}:
        return "its header is damaged" if len(body) < 512 else None
    size = 1 << shift
    number = min(int.from_bytes(body[44:48], "little"), _IN_HEADER)
    sectors = [int.from_bytes(body[76 + 4 * i : 80 + 4 * i], "little") for i in range(number)]
    last = -1
    for index, sector in enumerate(sectors):
        start = (sector + 1) * size
        table = body[start : start + size]
        if len(table) < size:
            return "it is shorter than its table of sectors says"
        used = len(table.rstrip(b"\xff"))  # free sectors are 0xFFFFFFFF
        last = index * size // 4 + (used - 1) // 4 if used else last
    return None if (last + 1) * size < len(body) else "it is shorter than its table of sectors says"


def _missing_of_xml(body: bytes, root: bytes) -> str | None:
    tail = body[-_END_WITHIN:]
    is_closed = re.search(rb"</" + re.escape(root) + rb"\s*>", tail) or tail.rstrip().endswith(b"/>")
    return None if is_closed else f"its end </{root.decode()}> is missing"


def _missing_of_json(body: bytes, content_type: str | None) -> str | None:
    """JSON that ends before what it began does; other mistakes in it are its reader's to say."""
    text = decode(body, content_type or "")[0].strip()
    try:
        json.loads(text, strict=False)
    except json.JSONDecodeError as error:
        is_at_end = len(text) - error.pos <= _NEAR or error.msg.startswith("Unterminated string")
        return "its JSON stops in the middle" if is_at_end else None
    except RecursionError:
        return None
    return None
