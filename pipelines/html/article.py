"""The article of a page: its paragraphs, its attachments, what stands around it, and the next pages it is split into.

Structure first: the containers that the systems of Chinese portals use for an article, else the part of the page where
the sentences are. trafilatura, the reader of last resort, is asked only when neither finds anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit

from lxml import etree

from archive.model import Attachment
from pipelines.blanks import collapse_blanks
from pipelines.html.article_element import content_size, find_article_element
from pipelines.html.boxes import BoxRole, is_footer_text, is_headed_attachments, is_hidden, role, string_of, text_size
from pipelines.html.embedded import ENOUGH, FILLED_BY_SCRIPT, embedded_article, write_out
from pipelines.html.labels import read_labels
from pipelines.html.links import (
    attachments,
    document_address,
    documents,
    listed_documents,
    scripted_documents,
    shown_by_script,
)
from pipelines.html.paragraphs import SILENT, paragraphs_of, remove_unseen, strip_markup
from pipelines.html.parsing import ParsedPage
from pipelines.html.pictures import data_pictures, pictures
from pipelines.html.trimming import INFO_LINE, cut_attachment_lines, cut_head, cut_listed, cut_tail

LONGEST_INFO = 160
"""Characters of a box that may be no more than the line of date and source."""
LITTLE = 60
"""Characters below which no text is worth looking for."""
_SHOWN = 600
"""Characters of a text on the page from which none is looked for in scripts."""
_CLICKED = etree.XPath("descendant-or-self::*[@onclick]")


@dataclass(slots=True)
class Article:
    """An article. `element` is None for plain text and where only trafilatura found one."""

    paragraphs: list[str] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    images: list[Attachment] = field(default_factory=list)
    """Pictures in the article; those of a report may show its tables."""
    data_images: int = 0
    """Pictures whose data stands in the page itself; they have no address at which they could be kept."""
    is_scripted: bool = False
    """Whether a script fills the article's empty container with what the page does not hold as a whole."""
    lines_above: list[str] = field(default_factory=list)
    """Lines of the page above the article, the nearest first: title, date and source stand there."""
    lines_below: list[str] = field(default_factory=list)
    """Lines below the article."""
    element: Any = field(default=None, repr=False)

    def labels(self) -> dict[str, str]:
        """What the index table above the article says, by label."""
        return read_labels(self.lines_above[::-1])


def find_article(parsed: ParsedPage) -> Article:
    """The article of a page; empty where the page has none. Removes from the tree what a browser does not show."""
    if parsed.root is None:
        return _plain_article(parsed.source)
    write_out(parsed)
    place = find_article_element(parsed.root)
    element = _embedded_article(parsed, place)
    if element is None:
        element = place
    else:
        place = next((box for box in parsed.root.iter("div") if role(box) is BoxRole.ARTICLE), place)
    if element is None:
        article = _last_resort(parsed)
        heading = next(parsed.root.iter("h1"), None)
        element = place = None if article.paragraphs or heading is None else heading.getparent()
        if element is None:
            return article
    elif element is place:
        element = place = _around_info_line(place)
    return _article_of(parsed, element, place)


def _article_of(parsed: ParsedPage, element: Any, place: Any) -> Article:
    """What an element holds, and what stands around its place in the page."""
    anchors = list(element.iter("iframe", "embed", "object", "button", "input"))
    if "onclick" in parsed.source:
        anchors += [clicked for clicked in _CLICKED(element) if clicked.tag not in ("a", "button", "input")]
    is_scripted = content_size(element) < LITTLE and _is_filled_by_script(element, parsed)
    boxes = remove_unseen(element, has_hidden=parsed.has_hidden)
    links = list(element.iter("a"))
    anchors += [a for box in boxes for a in box.iter("a")] + links
    images = list(element.iter("img"))
    shown, data_images = pictures(images, parsed.base, parsed.encoding), data_pictures(images)
    listed = _listed_elsewhere(links)
    strip_markup(element)
    article = Article(paragraphs=paragraphs_of(element), element=element, images=shown, is_scripted=is_scripted)
    article.data_images = data_images
    headings = {collapse_blanks(string_of(heading)) for heading in element.iter("h1", "h2", "h3", "ucaptitle")}
    if place is not None:
        article.lines_above = _lines_above(place, parsed.has_hidden)
        anchors += _anchors_below(place)
        article.lines_below = _lines_below(place, parsed.has_hidden)
    article.lines_above = cut_head(article.paragraphs, headings) + article.lines_above
    article.attachments = documents(anchors, parsed.base, parsed.encoding)
    known = {attachment.url for attachment in article.attachments}
    scripted = scripted_documents(parsed.scripts, parsed.base, parsed.encoding)
    filed = listed_documents(parsed.gkmlpt_detail.get("attachment"), parsed.base, parsed.encoding)
    article.attachments += {a.url: a for a in (*filed, *scripted) if a.url not in known}.values()
    cut_attachment_lines(article.paragraphs, article.attachments)
    cut_listed(article.paragraphs, listed)
    article.lines_below = cut_tail(article.paragraphs) + article.lines_below
    if not (article.attachments or article.images) and sum(map(len, article.paragraphs)) < ENOUGH:
        named = ((address, "") for address in shown_by_script(parsed.scripts))
        article.attachments = attachments(named, parsed.base, parsed.encoding)
    return article


def _is_filled_by_script(element: Any, parsed: ParsedPage) -> bool:
    """Whether a script stands in an element and writes there, or names it."""
    inside = "".join(script.text or "" for script in element.iter("script"))
    name = element.get("id")
    is_named = name is not None and re.search(rf"""["']#?{re.escape(name)}["']""", parsed.scripts) is not None
    return FILLED_BY_SCRIPT.search(inside) is not None or (
        is_named and FILLED_BY_SCRIPT.search(parsed.scripts) is not None
    )


def _listed_elsewhere(links: Iterable[Any]) -> set[str]:
    """The texts of links to other pages."""
    other = (link for link in links if link.get("href") and document_address(link) is None)
    return {text for link in other if len(text := collapse_blanks(string_of(link))) > 3}


def _around_info_line(element: Any) -> Any:
    """The element, or its parent where it holds no more than the line of date and source: pictures and links stand beside."""
    parent = element.getparent()
    if role(element) is BoxRole.ARTICLE or parent is None or parent.tag == "html":
        return element
    is_info = text_size(element) <= LONGEST_INFO and INFO_LINE.search(string_of(element)) is not None
    return parent if is_info else element


def _plain_article(source: str) -> Article:
    lines = source.replace("\u00a0", " ").replace("\u3000", " ").splitlines()
    paragraphs = [line for raw in lines if (line := raw.strip())]
    head = cut_head(paragraphs)
    cut_attachment_lines(paragraphs, [])
    tail = cut_tail(paragraphs)
    return Article(paragraphs=paragraphs, lines_above=head, lines_below=tail)


def _embedded_article(parsed: ParsedPage, place: Any) -> Any:
    """The article that the page carries in a script or field only, None where the page shows it as well."""
    shown = 0 if place is None else content_size(place)
    if place is not None and role(place) is BoxRole.ARTICLE and shown > (LITTLE if parsed.gkmlpt_detail else _SHOWN):
        return None
    if shown > _SHOWN and not parsed.gkmlpt_detail:
        return None
    element = embedded_article(parsed)
    if element is None or (
        place is not None and not parsed.gkmlpt_detail and text_size(element) < 2 * text_size(place)
    ):
        return None
    return element


def _last_resort(parsed: ParsedPage) -> Article:
    import trafilatura

    text = trafilatura.extract(parsed.source, fast=True, include_comments=False, include_tables=True, deduplicate=False)
    lines = (collapse_blanks(line) for line in (text or "").splitlines() if line.strip(" |-"))
    paragraphs = [line for line in lines if not is_footer_text(line)]
    head = cut_head(paragraphs)
    return Article(paragraphs=paragraphs, lines_above=head, lines_below=cut_tail(paragraphs))


# --- around the article ----------------------------------------------------------------------------------------------

MANY_LINES = 60
"""Lines above the article among which title, date and source stand."""
MANY_LINES_BELOW = 25
NEAR_LINES = 12
"""Of a box that is mostly menu, the last lines may still be title and date."""


def _lines_above(element: Any, has_hidden: bool) -> list[str]:
    """Lines of the page above an element, the nearest first."""
    found: list[str] = []
    while element is not None and len(found) < MANY_LINES:
        for sibling in element.itersiblings(preceding=True):
            if sibling.tag == "head":
                return found
            if sibling.tail and (tail := collapse_blanks(sibling.tail)):
                found.append(tail)
            if sibling.tag not in SILENT and not is_hidden(sibling):
                if not _is_menu(sibling):
                    found += reversed(_lines_of(sibling, has_hidden))
                elif not any(map(INFO_LINE.search, found)):
                    found += _lines_of(sibling, has_hidden)[: -NEAR_LINES - 1 : -1]
            if len(found) >= MANY_LINES:
                return found
        element = element.getparent()
        if element is not None and element.text and (text := collapse_blanks(element.text)):
            found.append(text)
    return found


def _is_menu(element: Any) -> bool:
    """Whether a box above the article is made of links: title, date and index table have no more than a few."""
    return len(element) > 0 and sum(1 for _ in element.iter("a")) > 20


def _lines_of(element: Any, has_hidden: bool) -> list[str]:
    if len(element) == 0:
        return [text] if (text := collapse_blanks(element.text or "")) else []
    remove_unseen(element, asides=False, has_hidden=has_hidden)
    return paragraphs_of(element)


def _lines_below(element: Any, has_hidden: bool) -> list[str]:
    """Lines below an element, the nearest first."""
    found: list[str] = []
    for inner in _up_from(element):
        if inner.tail and (tail := collapse_blanks(inner.tail)):
            found.append(tail)
        for sibling in inner.itersiblings():
            if len(found) >= MANY_LINES_BELOW:
                return found[:MANY_LINES_BELOW]
            if sibling.tag not in SILENT and role(sibling) is not BoxRole.FILES and not is_hidden(sibling):
                found += _lines_of(sibling, has_hidden)
    return found[:MANY_LINES_BELOW]


def _anchors_below(element: Any) -> list[Any]:
    """The links below an element that may lead to its documents; to be asked before `_lines_below` changes the tree.

    Beside the article and its parent any link may; farther out, where the columns of the page are, those in boxes of
    files.
    """
    return [
        anchor
        for distance, inner in enumerate(_up_from(element))
        for sibling in inner.itersiblings()
        if sibling.tag not in SILENT
        for anchor in _anchors_to_files(sibling, is_near=distance < 2)
    ]


def _anchors_to_files(box: Any, *, is_near: bool) -> Iterator[Any]:
    kind = role(box)
    is_aside = kind is BoxRole.ASIDE
    if kind is BoxRole.FILES or (is_near and not is_aside) or (is_aside and is_headed_attachments(box)):
        yield from box.iter("a")
    elif not is_aside:
        for inner in box.iter("div", "ul", "table"):
            if role(inner) is BoxRole.FILES:
                yield from inner.iter("a")


def _up_from(element: Any) -> Iterator[Any]:
    """An element and the three that contain it, as far as they lie within the body."""
    for _ in range(4):
        if element is None or element.tag == "body":
            return
        yield element
        element = element.getparent()


# --- split articles --------------------------------------------------------------------------------------------------

_CREATE_PAGE = re.compile(r"""createPage(?:HTML)?\(\s*(\d+)\s*,\s*(\d+)\s*,\s*["']([^"']+)["']\s*,\s*["'](\w+)["']""")


def next_page_urls(parsed: ParsedPage) -> list[str]:
    """Addresses of pages 2, 3 … of an article split by `createPageHTML(count, current, name, extension)` (TRS).

    The call on a listing, whose name is not the page's own, gives none; neither does a page that is itself a later part.
    """
    found = _CREATE_PAGE.search(parsed.scripts) if "createPage" in parsed.scripts else None
    if found is None:
        return []
    count, current, name, extension = int(found[1]), int(found[2]), found[3], found[4]
    last = urlsplit(parsed.url).path.rpartition("/")[2]
    if current != 0 or not 1 < count < 200 or last != f"{name}.{extension}" or name == "index":
        return []
    return [urljoin(parsed.url, f"{name}_{i}.{extension}") for i in range(1, count)]
