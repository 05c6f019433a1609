"""Which documents and pictures belong to a page: those that have to be fetched before it can be read."""

from __future__ import annotations

from pathlib import PurePosixPath
from urllib.parse import urlsplit

from archive.model import Attachment
from pipelines.prepared import PreparedPage

MOST_DOCUMENTS = 10
MOST_PICTURES = 12
"""Of one report. Reports with more documents attach their departments' reports, with more pictures photographs."""
PICTURES = frozenset(("png", "jpg", "jpeg", "gif", "webp", "bmp"))
_OTHERS = frozenset(("ppt", "pptx", "dps", "rar", "7z", "txt", "csv", "rtf", "ceb", "tif", "tiff"))
_TABLE_THREE = ("国家秘密", "科研机构", "出版物")


def wanted(prepared: PreparedPage) -> list[Attachment]:
    """The documents to fetch for a page: those of the article, and its pictures where table three is not in its text."""
    article = prepared.article
    documents = [a for a in article.attachments if _suffix(a.url) not in _OTHERS | PICTURES][:MOST_DOCUMENTS]
    if all(word in prepared.parsed.source for word in _TABLE_THREE):
        return documents
    pictures = [a for a in article.images if _suffix(a.url) in PICTURES]
    return documents + (pictures if len(pictures) <= MOST_PICTURES else [])


def _suffix(url: str) -> str:
    return PurePosixPath(urlsplit(url).path).suffix.lower().removeprefix(".")
