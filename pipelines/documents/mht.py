"""Web archives (MHTML) under the name of a Word or Excel file: the page in it is the document."""

from __future__ import annotations

from email import message_from_bytes

from pipelines.documents import html
from pipelines.documents.content import Content
from pipelines.errors import DocumentError


def read(body: bytes) -> Content:
    """The first page of the archive. Raises DocumentError."""
    for part in message_from_bytes(body).walk():
        page = part.get_payload(decode=True) if part.get_content_type() == "text/html" else None
        if isinstance(page, bytes):
            return html.read(page, part.get("Content-Type", "text/html"))
    raise DocumentError("a web archive without a page")
