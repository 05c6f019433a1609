"""The article of a page: its paragraphs, its attachments, what stands around it, and the next pages it is split into.

Structure first: the containers that the systems of Chinese portals use for an article, else the part of the page where
the sentences are. trafilatura, the reader of last resort, is asked only when neither finds anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit

from lxml import etree

from archive.model import Attachment
from archive.unicode_form import unicode_form
from pipelines.blanks import collapse_blanks
from pipelines.html.article_element import (
    content_size,
    count_marks,
    find_article_element,
    names_several_years,
    outer_box,
)
from pipelines.html.boxes import BoxRole, is_footer_text, is_headed_attachments, is_hidden, role, string_of, text_size
from pipelines.html.embedded import ENOUGH, FIELDS, FILLED_BY_SCRIPT, embedded_article, write_out
from pipelines.html.labels import read_labels
from pipelines.html.links import (
    absolute,
    attachments,
    document_address,
    documents,
    is_document,
    listed_documents,
    scripted_documents,
    shown_by_script,
)
from pipelines.html.paragraphs import SILENT, markup_of, paragraphs_in, paragraphs_of, remove_unseen, strip_markup
from pipelines.html.parsing import ParsedPage
from pipelines.html.pictures import data_pictures, pictures
from pipelines.html.trimming import FEWEST_LISTED, INFO_LINE, cut_attachment_lines, cut_head, cut_listed, cut_tail

LONGEST_INFO = 160
"""Characters of a box that may be no more than the line of date and source."""
LITTLE = 60
"""Characters below which no text is worth looking for."""
_MANY_MARKS = 16
"""Marks of sentences on the page from which no text is looked for in scripts."""
_VIEWERS = ("iframe", "embed", "object")
_SHOWN = etree.XPath(".//text()[not(parent::script or parent::style or parent::noscript)]")
_STATE = re.compile(r"__(?:INITIAL_STATE|NUXT|NEXT_DATA|APP_DATA|PRELOADED_STATE)__")
"""Names of the data that a site's program shows a page from."""
_SHORTEST_TITLE = 5
_CLICKED = etree.XPath("descendant-or-self::*[@onclick]")
_has_many_links = etree.XPath("count(descendant-or-self::a) > 20")


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
    frames: list[str] = field(default_factory=list)
    """Addresses of the frames where the article may stand, in a page that has no text of its own; of the one where it does
    stand, with the frames around it, the outermost first."""
    is_in_frame: bool = False
    """Whether it was read in one of them."""
    missing_frames: list[str] = field(default_factory=list)
    """Those of them that are not captured, where none of the others holds the article."""
    element: Any = field(default=None, repr=False)
    markup: str = field(default="", repr=False)
    """The element as XML."""

    _labels: dict[str, str] | None = field(default=None, repr=False)

    def labels(self) -> dict[str, str]:
        """What the index table above the article says, by label."""
        if self._labels is None:
            self._labels = read_labels(self.lines_above[::-1])
        return self._labels


def find_article(parsed: ParsedPage) -> Article:
    """The article of a page; empty where the page has none. Removes from the tree what a browser does not show."""
    if parsed.root is None:
        return _plain_article(parsed.source)
    write_out(parsed)
    place = find_article_element(parsed.root)
    element = _embedded_article(parsed, place)
    if element is None:
        element = place
    elif place is None:
        place = next(parsed.root.iter("body"), None)
    if element is None:
        article = _last_resort(parsed)
        heading = next(parsed.root.iter("h1"), None)
        element = place = None if article.paragraphs or heading is None else heading.getparent()
        if element is None:
            if sum(map(len, article.paragraphs)) < ENOUGH:
                links = _links_outside_asides(parsed.root)
                article.attachments = [] if names_several_years(links) else _documents(parsed, links)
                cut_attachment_lines(article.paragraphs, article.attachments)
                article.is_scripted = _is_shell(parsed)
            return article
    elif element is place:
        element = place = _around_info_line(place)
    return _article_of(parsed, element, place)


def _article_of(parsed: ParsedPage, element: Any, place: Any) -> Article:
    """What an element holds, and what stands around its place in the page."""
    anchors = list(element.iter(*_VIEWERS, "button", "input"))
    if "onclick" in parsed.source:
        anchors += [clicked for clicked in _CLICKED(element) if clicked.tag not in ("a", "button", "input")]
    scripts = [script.text or "" for script in element.iter("script")]
    boxes = remove_unseen(element, has_hidden=parsed.has_hidden)
    anchors += [a for box in boxes for a in box.iter("a")]
    links, images, headings = _links_images_headings(element)
    anchors += links
    article = Article(element=element)
    if place is not None:
        if place is not element:
            anchors += place.iter("a", *_VIEWERS)
            images += place.iter("img")
            article.lines_above = _lines_of(place, parsed.has_hidden)[:MANY_LINES][::-1]
        article.lines_above += _lines_above(place, parsed.has_hidden)
        anchors += _anchors_below(place)
        images += _images_below(place)
        article.lines_below = _lines_below(place, parsed.has_hidden)
    if images:
        article.images = pictures(images, parsed.base, parsed.encoding)
        article.data_images = data_pictures(images)
    listed = _listed_elsewhere(links)
    strip_markup(element)
    article.markup = markup_of(element)
    article.paragraphs = paragraphs_in(article.markup)
    article.is_scripted = sum(map(len, article.paragraphs)) < LITTLE and _is_filled_by_script(element, scripts, parsed)
    article.lines_above = cut_head(article.paragraphs, headings) + article.lines_above
    article.attachments = _documents(parsed, anchors)
    cut_attachment_lines(article.paragraphs, article.attachments)
    cut_listed(article.paragraphs, listed)
    article.lines_below = cut_tail(article.paragraphs) + article.lines_below
    if not (article.attachments or article.images) and sum(map(len, article.paragraphs)) < ENOUGH:
        named = ((address, "") for address in shown_by_script(parsed.scripts))
        article.attachments = attachments(named, parsed.base, parsed.encoding)
    return article


def _links_images_headings(element: Any) -> tuple[list[Any], list[Any], set[str]]:
    """The links and images of an element, and the texts of its headings; in one walk, since each takes time."""
    links: list[Any] = []
    images: list[Any] = []
    headings: set[str] = set()
    for one in element.iter("a", "img", "h1", "h2", "h3", "ucaptitle"):
        if one.tag == "a":
            links.append(one)
        elif one.tag == "img":
            images.append(one)
        else:
            headings.add(collapse_blanks(string_of(one)))
    return links, images, headings


def _is_shell(parsed: ParsedPage) -> bool:
    """Whether a page shows next to nothing before its scripts have run, or they have its content as data."""
    if _STATE.search(parsed.scripts):
        return True
    body = next(parsed.root.iter("body"), None)
    if body is None or next(parsed.root.iter("script"), None) is None:
        return False
    return sum(len(text.strip()) for text in _SHOWN(body)) < _SHORTEST_TITLE


def _links_outside_asides(root: Any) -> list[Any]:
    """The links and viewers of a page but those in its menus and footers."""
    return [
        one
        for one in root.iter("a", *_VIEWERS)
        if not any(role(box) is BoxRole.ASIDE or is_hidden(box) for box in (one, *one.iterancestors()))
    ]


def _documents(parsed: ParsedPage, anchors: list[Any]) -> list[Attachment]:
    """The documents to which elements lead, then those that scripts list, each once."""
    filed = listed_documents(parsed.gkmlpt_detail.get("attachment"), parsed.base, parsed.encoding)
    scripted = scripted_documents(parsed.scripts, parsed.base, parsed.encoding)
    found: dict[str, Attachment] = {}
    for one in (*documents(anchors, parsed.base, parsed.encoding), *filed, *scripted):
        found.setdefault(one.url, one)
    return list(found.values())


def _is_filled_by_script(element: Any, scripts: list[str], parsed: ParsedPage) -> bool:
    """Whether a script stood in an element and writes there, or names it."""
    if FILLED_BY_SCRIPT.search("".join(scripts)) or _STATE.search(parsed.scripts):
        return True
    names = [name for name in (element.get("id"), *(element.get("class") or "").split()) if name]
    named = "|".join(map(re.escape, names))
    is_named = names and re.search(rf"""["'][#.]?(?:{named})["']|\b(?:{named})\.innerHTML""", parsed.scripts)
    return bool(is_named) and FILLED_BY_SCRIPT.search(parsed.scripts) is not None


def _listed_elsewhere(links: list[Any]) -> set[str]:
    """The texts of links to other pages."""
    links = [link for link in links if link.get("href")]
    if len(links) < FEWEST_LISTED:
        return set()
    other = (link for link in links if document_address(link) is None)
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
    if parsed.gkmlpt_detail:
        is_shown = place is not None and role(place) is BoxRole.ARTICLE and content_size(place) > LITTLE
        return None if is_shown else embedded_article(parsed)
    carries_nothing = len(parsed.scripts) < ENOUGH and next(parsed.root.iter(*FIELDS), None) is None
    if carries_nothing and place is not None and text_size(place) >= ENOUGH:
        return None
    if (marks := 0 if place is None else count_marks(place)) > _MANY_MARKS:
        return None
    element = embedded_article(parsed)
    return element if element is not None and count_marks(element) > 2 * marks else None


def _last_resort(parsed: ParsedPage) -> Article:
    import trafilatura

    # bare, for extract() brings its text into normal form at once: with a million marks on a letter that takes for ever
    found = trafilatura.bare_extraction(parsed.source, fast=True, include_comments=False)
    text = unicode_form("NFC", found.text or "") if isinstance(found, trafilatura.settings.Document) else ""
    lines = (collapse_blanks(line) for line in text.splitlines() if line.strip(" |-"))
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
    return len(element) > 0 and _has_many_links(element)


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
        anchor for box, distance in _boxes_below(element) for anchor in _anchors_to_files(box, is_near=distance < _NEAR)
    ]


def _images_below(element: Any) -> Iterator[Any]:
    """The images below an element and its parent; those in boxes of links or of the site's footer are not the article's."""
    for box, distance in _boxes_below(element):
        if distance < _NEAR and box.tag not in SILENT and role(box) is BoxRole.UNKNOWN and _is_of_pictures(box):
            yield from box.iter("img")


_NEAR = 2
"""Boxes out from the article within which what stands below it is the article's: it, and its parent."""
_FARTHEST = 4


def _boxes_below(element: Any) -> Iterator[tuple[Any, int]]:
    """What stands below an element and the boxes around it, and how far out; a container around a container counts as one."""
    inner, distance = outer_box(element), 0
    while inner is not None and inner.tag != "body" and distance < _FARTHEST:
        for box in inner.itersiblings():
            yield box, distance
        inner = inner.getparent()
        distance += inner is None or role(inner) is not BoxRole.ARTICLE


def _is_of_pictures(box: Any) -> bool:
    if next(box.iter("img"), None) is None or next(box.iter("a"), None) is not None:
        return False
    return not is_hidden(box) and not is_footer_text(string_of(box))


def _anchors_to_files(box: Any, *, is_near: bool) -> Iterator[Any]:
    if box.tag in SILENT:
        if is_near and box.tag in _VIEWERS:
            yield box
        return
    kind = role(box)
    is_aside = kind is BoxRole.ASIDE
    if kind is BoxRole.FILES or (is_near and not is_aside) or (is_aside and is_headed_attachments(box)):
        yield from box.iter("a", *_VIEWERS)
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


# --- frames ----------------------------------------------------------------------------------------------------------


def framed_urls(parsed: ParsedPage, article: Article) -> list[str]:
    """The pages of the same host that a page shows in frames instead of a text of its own."""
    if (
        parsed.root is None
        or parsed.is_framed
        or sum(map(len, article.paragraphs)) >= ENOUGH
        or article.attachments
        or article.images
    ):
        return []
    own = urlsplit(parsed.url)
    found: dict[str, None] = {}
    for frame in parsed.frames:
        url = absolute(parsed.base, frame.get("src") or "", parsed.encoding)
        parts = urlsplit(url or "")
        is_page = url is not None and not is_document(url) and (parts.path, parts.query) != (own.path, own.query)
        if is_page and parts.netloc == own.netloc and not is_hidden(frame) and not _is_small(frame):
            found[str(url)] = None
    return list(found)[:_MOST_FRAMES]


_MOST_FRAMES = 6
"""A page with more shows no article in one of them."""


def _is_small(frame: Any) -> bool:
    """Whether a frame is too small to show an article: those of counters and menus."""
    return any(
        (frame.get(side) or "").removesuffix("px").isdigit() and int(frame.get(side).removesuffix("px")) < _SMALL_FRAME
        for side in ("width", "height")
    )


_SMALL_FRAME = 120
"""Pixels."""


# --- split articles --------------------------------------------------------------------------------------------------

_CREATE_PAGE = re.compile(r"""createPage(?:HTML)?\(\s*(\d+)\s*,\s*(\d+)\s*,\s*["']([^"']+)["']\s*,\s*["'](\w+)["']""")


def is_later_page(parsed: ParsedPage) -> bool:
    """Whether a page calls the pager of a split article as its page 2, 3 …"""
    found = _CREATE_PAGE.search(parsed.scripts) if "createPage" in parsed.scripts else None
    return found is not None and 0 < int(found[2]) < int(found[1])


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
