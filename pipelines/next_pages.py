"""Pages 2, 3 … of a split article: whether what came is one, or another page in its place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from archive.model import Page
from archive.vocabulary import Fate
from pipelines.errors import ReaderError
from pipelines.html.article import Article, is_later_page
from pipelines.metadata import evidence, page_kind
from pipelines.prepared import PreparedPage, prepare

_IN_ITS_PLACE = frozenset((Fate.BLOCKED, Fate.MISSING, Fate.ERROR, Fate.UNREADABLE))


def prepared_next_page(page: Page) -> PreparedPage | None:
    """A next page as it is read; None where it cannot be read, or a notice or another page stands in its place.

    The portal's own pager in it proves it; of a page without one, what it says and lacks decides.
    """
    try:
        prepared = prepare(page)
    except ReaderError:
        return None
    if is_later_page(prepared.parsed) or evidence.substance(prepared.article.paragraphs):
        return prepared
    if page_kind.is_listing(prepared.parsed, prepared.article) or not prepared.article.paragraphs:
        return None
    return None if evidence.what_else(prepared.parsed, prepared.article).fate in _IN_ITS_PLACE else prepared


def next_articles(pages: Iterable[Page]) -> list[Article]:
    """The articles of the next pages, up to the first that is none: nothing is read with a gap."""
    articles = []
    for page in pages:
        prepared = prepared_next_page(page)
        if prepared is None:
            break
        articles.append(prepared.article)
    return articles


def joined(first: Article, others: Sequence[Article]) -> Article:
    """A split article as one; the first page's tree stays its own."""
    attachments = list(first.attachments)
    for other in others:
        known = {attachment.url for attachment in attachments}
        attachments += [attachment for attachment in other.attachments if attachment.url not in known]
    return replace(
        first,
        paragraphs=[paragraph for article in (first, *others) for paragraph in article.paragraphs],
        attachments=attachments,
        images=[image for article in (first, *others) for image in article.images],
    )
