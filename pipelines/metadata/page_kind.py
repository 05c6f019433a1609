"""Whether a page is a listing, and whether it is an annual report on open government information."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from archive.urls import without_www
from pipelines.html.article import Article
from pipelines.html.parsing import ParsedPage
from pipelines.metadata.dates import normalise
from pipelines.metadata.titles import COLUMN_TITLE, is_report_title

_ENOUGH_SECTIONS = 4
"""Headings of the report's sections that prove a page without a title to be a report."""
_LITTLE_PROSE = 400
"""Characters of prose that a listing stays under."""
_FOLDER_OR_INDEX = re.compile(r"/(?:(?:index|list|default|col)(?:_?\d+)?(?:\.\w{2,5})?)?(?:[?#]|$)")
_SECTIONS = [
    re.compile(rf"^[（(]?[一二三四五六七八]\s*[、.．)）]\s*{name}")
    for name in (
        r"(?:总体|基本|概述|概况|工作概)",
        r".{0,12}主动公开",
        r".{0,16}(?:收到和处理|依申请)",
        r".{0,16}(?:行政复议|行政诉讼)",
        r".{0,14}(?:存在的?(?:主要)?(?:问题|不足)|主要问题)",
        r"其他?[她它]?需要(?:报告|说明)",
        r".{0,10}(?:收费|费用)",
    )
]
"""The headings of the six sections that the form prescribes, and of 收费, a section before 2019; docs/form.md, Forms by year."""


def is_listing(parsed: ParsedPage, article: Article) -> bool:
    """Whether a page lists documents: no metas of an article, the address of a folder or its index, and no prose.

    Some portals give each article a folder of its own: there the prose decides.
    """
    if parsed.kind != "html" or "articletitle" in parsed.metas or "pubdate" in parsed.metas:
        return False
    if not _FOLDER_OR_INDEX.search(parsed.url):
        return False
    return sum(len(p) for p in article.paragraphs if len(p) > 60) < _LITTLE_PROSE


def is_report(title: str | None, article: Article) -> bool:
    """Whether an article is a report: by its title, or by its sections where it has no title but a column's."""
    if title is None or COLUMN_TITLE.match(normalise(title)):
        return count_sections(article.paragraphs) >= _ENOUGH_SECTIONS
    return is_report_title(title) and bool(article.paragraphs or article.attachments or article.images)


def count_sections(paragraphs: list[str]) -> int:
    """How many of the report's fixed sections have their heading in the text."""
    headings = [p for p in paragraphs if len(p) < 50]
    return sum(any(pattern.match(h) for h in headings) for pattern in _SECTIONS)


def foreign_site(parsed: ParsedPage) -> str | None:
    """The site that a page outside gov.cn names as its own (SiteDomain), where its address is of another.

    Hijacked domains serve copies of portals' pages.
    """
    stated = parsed.metas.get("sitedomain", "").lower()
    host = urlsplit(parsed.url).hostname or ""
    if not stated or host.endswith(".gov.cn") or not re.search(r"\.[a-z]{2,}$", host):
        return None
    domains = [
        without_www(domain.strip().removeprefix("http://").removeprefix("https://")).strip("/")
        for domain in re.split(r"[,;，；\s]", stated)
    ]
    own = without_www(host)
    is_own = any(d and (own == d or own.endswith(f".{d}") or d.endswith(f".{own}")) for d in domains)
    return None if is_own else stated
