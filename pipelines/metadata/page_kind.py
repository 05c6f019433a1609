"""Whether a page is a listing, and whether it is a copy on another site; whether it is a report, `evidence` says."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from archive.urls import without_www
from pipelines.html.article import Article
from pipelines.html.parsing import ParsedPage
from pipelines.metadata.evidence import Substance, substance

_LITTLE_PROSE = 400
"""Characters of prose that a listing stays under."""
_FOLDER_OR_INDEX = re.compile(r"/(?:(?:index|list|default|col)(?:_?\d+)?(?:\.\w{2,5})?)?(?:[?#]|$)")


def is_listing(parsed: ParsedPage, article: Article) -> bool:
    """Whether a page lists documents: no metas of an article, the address of a folder or its index, and no prose.

    Some portals give each article a folder of its own: there the text decides.
    """
    if parsed.kind != "html" or "articletitle" in parsed.metas or "pubdate" in parsed.metas:
        return False
    if not _FOLDER_OR_INDEX.search(parsed.url):
        return False
    if sum(len(p) for p in article.paragraphs if len(p) > 60) >= _LITTLE_PROSE:
        return False
    return substance(article.paragraphs) is not Substance.FULL


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
