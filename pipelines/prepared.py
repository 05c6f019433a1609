"""A page as far as it is read before the documents beside it are fetched: its tree and its article."""

from __future__ import annotations

from dataclasses import dataclass, field

from archive.model import Page
from pipelines.documents import Content, StoredDocument
from pipelines.html.article import Article, find_article
from pipelines.html.parsing import ParsedPage, parse_page


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedPage:
    """A page, its tree and the article in it. Reading it changes none of them."""

    page: Page = field(repr=False)
    parsed: ParsedPage
    article: Article
    file: StoredDocument | None = None
    """The page itself as read, where it is a Word, PDF or other file and not a web page."""


def prepare(page: Page) -> PreparedPage:
    """Parse a web page or a plain text and find its article. Raises ReaderError."""
    parsed = parse_page(page)
    return PreparedPage(page=page, parsed=parsed, article=find_article(parsed))


def prepare_file(page: Page, file: StoredDocument) -> PreparedPage:
    """A page that is itself a file which was read: its paragraphs are the article. Raises ReaderError."""
    if file.content is None:
        return prepare(page)
    parsed = text_page(page.url, file.content)
    return PreparedPage(page=page, parsed=parsed, article=find_article(parsed), file=file)


def text_page(url: str, content: Content) -> ParsedPage:
    """The paragraphs of a file as a plain text."""
    return ParsedPage(url=url, kind="text", encoding="utf-8", source="\n".join(content.paragraphs))
