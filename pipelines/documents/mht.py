"""Web archives (MHTML) under the name of a Word or Excel file: the page in it is the document, with its frames."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from email import message_from_bytes
from email.message import Message
from urllib.parse import unquote

from pipelines.documents import html
from pipelines.documents.content import Content
from pipelines.errors import DocumentError

MOST_FRAMES = 100
_FRAME = re.compile(
    rb"""<(?:i?frame\b[^>]{0,2000}?\bsrc|x:WorksheetSource\b[^>]{0,2000}?\bHRef)\s*=\s*["']?([^"'\s>]+)""",
    re.IGNORECASE,
)
_SHEET = re.compile(rb"<x:ExcelWorksheet>(?:(?!<x:ExcelWorksheet>).)*?</x:ExcelWorksheet>", re.IGNORECASE | re.DOTALL)
_IS_HIDDEN = re.compile(rb"<x:Visible>\s*Sheet(?:Very)?Hidden", re.IGNORECASE)


def read(body: bytes) -> Content:
    """The first page of the archive, and where that only holds frames, the pages in them. Raises DocumentError."""
    pages: dict[str, tuple[bytes, str, str]] = {}
    for number, part in enumerate(message_from_bytes(body).walk()):
        page = part.get_payload(decode=True) if part.get_content_type() == "text/html" else None
        if isinstance(page, bytes):
            pages[_name(part) or str(number)] = page, "html", part.get("Content-Type", "text/html")
    if not pages:
        raise DocumentError("a web archive without a page")
    first = next(iter(pages))
    shown = [html.read(*pages[name]) for name in _frames(pages[first][0], pages) or [first]]
    return Content(
        kind="mht",
        origin=shown[0].origin,
        blocks=[block for one in shown for block in one.blocks],
        problems=[problem for one in shown for problem in one.problems],
    )


def _name(part: Message) -> str:
    """The file name in the address of a part."""
    return posixpath.basename(unquote(str(part.get("Content-Location", "")))).lower()


def _frames(page: bytes, pages: Mapping[str, object]) -> list[str]:
    """The pages that a page shows in frames, those of hidden sheets left out; none where it shows itself."""
    if b"<frameset" not in page.lower():
        return []
    hidden = {
        _file(found) for sheet in _SHEET.findall(page) if _IS_HIDDEN.search(sheet) for found in _FRAME.findall(sheet)
    }
    named = dict.fromkeys(_file(found) for found in _FRAME.findall(page))
    return [name for name in named if name in pages and name not in hidden and "tabstrip" not in name][:MOST_FRAMES]


def _file(address: bytes) -> str:
    return posixpath.basename(unquote(address.decode("utf-8", "replace"))).lower()
