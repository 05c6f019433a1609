"""Pages that show others in frames: which of them holds the article.

A page without a text of its own may show several pages of its host: a head, a menu, the article. The one that holds the
article is read in its place; where none does, or several do, none is, and the parts of the report say so. A frame may hold
frames in its turn.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from archive.model import Page
from archive.vocabulary import Fate
from pipelines.errors import ReaderError
from pipelines.html.article import Article
from pipelines.html.embedded import ENOUGH
from pipelines.metadata import evidence, page_kind
from pipelines.metadata.page_title import read_title
from pipelines.prepared import PreparedPage, prepare

DEEPEST = 3
"""Frames within frames that are followed: a page may show itself."""
_IN_ITS_PLACE = frozenset((Fate.BLOCKED, Fate.MISSING, Fate.ERROR, Fate.UNREADABLE))


def prepared_frame(page: Page) -> PreparedPage | None:
    """What stands in a frame as it is read; None where it cannot be read, or a notice stands in its place."""
    try:
        inside = prepare(page)
    except ReaderError:
        return None
    if evidence.substance(inside.article.paragraphs):
        return inside
    return None if evidence.what_else(inside.parsed, inside.article).fate in _IN_ITS_PLACE else inside


def frame_with_article(frames: Collection[PreparedPage | None]) -> PreparedPage | None:
    """The frame that holds the article: the only one of all, or the only one that says as much of a report as it does."""
    if len(frames) == 1:
        return next(iter(frames))
    found = [(_weight(one), one) for one in frames if one is not None]
    most = max((weight for weight, _ in found), default=0)
    likely = [one for weight, one in found if weight == most]
    return likely[0] if most and len(likely) == 1 else None


def _weight(frame: PreparedPage) -> int:
    """How much of an article stands in a frame: a report's text before any other, menus and banners nothing."""
    article = frame.article
    if found := evidence.substance(article.paragraphs):
        return 1 + found
    if page_kind.is_listing(frame.parsed, article) or evidence.is_page_of_links(article):
        return 0
    return int(bool(article.attachments or article.images) or sum(map(len, article.paragraphs)) >= ENOUGH)


def as_framed(prepared: PreparedPage, frames: Mapping[str, PreparedPage | None]) -> PreparedPage:
    """A page with the article that one of its frames holds, or with what is known of why none is read.

    frames: address → what stands there; None where it is not captured.
    """
    page, parsed, around = prepared.page, prepared.parsed, prepared.article
    inside = frame_with_article(frames.values())
    if inside is None:
        missing = [one for url, frame in frames.items() for one in (frame.article.missing_frames if frame else [url])]
        article = Article(lines_above=around.lines_above, frames=list(frames), missing_frames=missing)
        return replace(prepared, parsed=replace(parsed, is_framed=True), article=article)
    title = read_title(parsed, around)
    metas = ({"articletitle": title} if title else {}) | inside.parsed.metas | parsed.metas
    lines = [*inside.article.lines_above, *around.lines_above]
    path = [next(url for url, frame in frames.items() if frame is inside), *inside.article.frames]
    article = replace(inside.article, lines_above=lines, frames=path, is_in_frame=True)
    return replace(prepared, parsed=replace(inside.parsed, url=page.url, metas=metas, is_framed=True), article=article)
