"""Which documents and pictures belong to a page: those that have to be fetched before it can be read."""

from __future__ import annotations

import re

from archive.media_types import OTHER_EXTENSIONS, PICTURE_EXTENSIONS, extension_of
from archive.model import Attachment
from pipelines.prepared import PreparedPage

MOST_DOCUMENTS = 10
MOST_PICTURES = 12
"""Of one report. Reports with more documents attach their departments' reports, with more pictures photographs."""
ARCHIVES = frozenset(("rar", "7z"))
"""Not read: no library for both is free and well kept and needs no program beside it."""
NOT_READ = frozenset(OTHER_EXTENSIONS + PICTURE_EXTENSIONS)
"""Extensions of what is not fetched as a document."""
NAMED_AS_REPORT = re.compile(r"报告|年报|统计|附表|表[二三四格]")
_TABLE_THREE = ("国家秘密", "科研机构", "出版物")


def documents_to_fetch(prepared: PreparedPage) -> list[Attachment]:
    """The documents to fetch for a page: those of the article, and its pictures where table three is not in its text."""
    article = prepared.article
    documents = [a for a in article.attachments if extension_of(a.url) not in NOT_READ]
    if len(documents) > MOST_DOCUMENTS:  # those that are named like the report and its tables before the others
        documents = sorted(documents, key=lambda a: NAMED_AS_REPORT.search(a.name) is None)[:MOST_DOCUMENTS]
    if all(word in prepared.parsed.source for word in _TABLE_THREE):
        return documents
    pictures = [a for a in article.images if extension_of(a.url) in PICTURE_EXTENSIONS]
    return documents + (pictures if len(pictures) <= MOST_PICTURES else [])
