"""The element of a page that holds its article: a container of the kinds that portals use, else where the sentences are."""

from __future__ import annotations

import re
from typing import Any

from lxml import etree

from pipelines.html.boxes import SENTENCE_MARK, BoxRole, is_footer_text, is_hidden, role, string_of, text_size
from pipelines.html.links import document_address
from pipelines.html.paragraphs import SILENT
from pipelines.html.trimming import INFO_LINE

ENOUGH = 200
"""Characters that a container must hold to be taken for the article without looking further."""
MAX_DEPTH = 250
"""Text nested deeper than this counts for no article: no real page has any."""

_CONTAINERS = (("div", "article", "section", "font", "ucapcontent"), ("td",))
"""Tags of containers; cells of layout tables only where there is no other container."""
_LONG_TEXTS = etree.XPath("descendant::body/descendant::text()[string-length(.) > 15]")
_NOT_READ = frozenset(("script", "style", "a", "option", "title", "textarea", "noscript", "xmp"))
"""Tags of elements whose own text is none of an article's."""
_HOLDING_NO_TEXT = ("script", "style", "textarea", "noscript", "xmp")
_SHOWN_TEXTS = etree.XPath(
    f"descendant::text()[not({' or '.join(f'parent::{tag}' for tag in _HOLDING_NO_TEXT)})]", smart_strings=False
)
_MARKS = "，。；、"
_LONG_TEXTS_WITHIN = etree.XPath("descendant::text()[string-length(.) > 15]")
_UNSEEN = ("script", "style", "textarea", "noscript", "template", "xmp")
_SHOWN = ("img", "table")
_VIEWERS = ("iframe", "embed", "object")
_SIZE_OF_SHOWN = 30
"""Characters for which a picture, a table or a document stands."""
_OUTWEIGHS = 600
"""Characters from which a text outweighs a container that shows pictures and hardly a word."""
_LONGEST_INFO = 100
"""Characters of a line of date and source, at most."""
_SENTENCE = 30
"""Characters from which a text with several marks is a sentence of an article."""
_LARGE_TABLE = 20
"""Cells from which a table is one of the article's."""
_YEAR = re.compile(r"(?<!\d)20\d\d(?=\s*年)")
_SECTION = re.compile(r"^\s*(?:[一二三四五六七八]\s*、|[（(][一二三四五六七八][）)])")
_NO_PART = (*SILENT, "h1", "h2", "h3", "form", "nav", "footer", "header", "a", "center", "hr", "br", "img")


def find_article_element(root: Any) -> Any:
    """The element that holds the article: the largest known container, else the densest part of the page."""
    best, best_size, within = None, -1, list[Any]()
    for tags in _CONTAINERS:
        outer: Any = None
        nested: list[Any] = []
        for element in root.iter(*tags):
            if role(element) is not BoxRole.ARTICLE:
                continue
            if _is_within(element, outer):
                nested.append(element)
            elif not _concealed(element):
                outer, nested = element, []
                if (found := content_size(element)) > best_size:
                    best, best_size, within = element, found, nested
        if best_size >= ENOUGH:
            break
    if best is not None and best_size >= ENOUGH:
        element = _gathered(_widened(best))
        return _innermost(element, within) if element is best and within else element
    dense = _densest(root)
    outweighed = max(4 * best_size, _OUTWEIGHS if best is not None and _shows(best) else 0)
    if dense is not None and (best is None or content_size(dense) > outweighed):
        return _gathered(dense)
    return _shown_below_heading(root) if best is None else _gathered(best)


def _is_within(element: Any, outer: Any) -> bool:
    while outer is not None and element is not None:
        if element is outer:
            return True
        element = element.getparent()
    return False


def _concealed(element: Any) -> bool:
    while element is not None:
        if is_hidden(element):
            return True
        element = element.getparent()
    return False


def content_size(element: Any) -> int:
    """Characters of text, with something for tables, pictures and viewers of documents, nothing for scripts."""
    size = int(text_size(element))
    for one in element.iter(*_UNSEEN, *_SHOWN, *_VIEWERS):
        if one.tag in _UNSEEN:
            size -= len(one.text or "")
        elif one.tag in _SHOWN or document_address(one):
            size += _SIZE_OF_SHOWN
    return size


def _shows(element: Any) -> bool:
    """Whether an element shows a picture, a table or a document."""
    return any(one.tag in _SHOWN or document_address(one) for one in element.iter(*_SHOWN, *_VIEWERS))


def _innermost(element: Any, nested: list[Any]) -> Any:
    """The article container within another that holds the whole article: beside it stand index table, title and lists."""
    sizes = [text_size(inner) for inner in nested]
    for size, inner in sorted(zip(sizes, nested, strict=True), key=lambda sized: sized[0]):
        if size >= ENOUGH and not _concealed(inner) and _holds_all_of(element, inner):
            return inner
    return element


def _holds_all_of(element: Any, inner: Any) -> bool:
    """Whether an inner box holds all sentences of an element, and its large tables."""
    cells, marks = _cells_and_marks_around(element, inner)
    if cells > _LARGE_TABLE:
        return False
    if marks <= 1:
        return True
    within = set(inner.iter())
    for text in _LONG_TEXTS_WITHIN(element):
        holder = text.getparent()
        if (holder.getparent() if text.is_tail else holder).tag in _NOT_READ:
            continue
        if (holder not in within or (holder is inner and text.is_tail)) and _is_prose(text):
            return False
    return True


def _cells_and_marks_around(element: Any, inner: Any) -> tuple[int, int]:
    """How many cells, and marks of sentences that are shown, an element has outside an inner box: the less, the quicker."""
    cells = marks = 0
    while inner is not element:
        outer = inner.getparent()
        cells += inner.tag == "td"
        texts = [outer.text, inner.tail]
        for box in (*inner.itersiblings(), *inner.itersiblings(preceding=True)):
            cells += sum(1 for _ in box.iter("td"))
            marks += count_marks(box)
            texts.append(box.tail)
        if outer.tag not in _HOLDING_NO_TEXT:
            marks += sum(text.count(mark) for text in filter(None, texts) for mark in _MARKS)
        inner = outer
    return cells, marks


def _is_prose(text: str) -> bool:
    """Whether a text is a sentence of an article rather than a line about it."""
    text = text.strip()
    return (
        len(text) >= _SENTENCE
        and len(SENTENCE_MARK.findall(text)) > 1
        and not (INFO_LINE.search(text) or is_footer_text(text))
    )


def _gathered(element: Any) -> Any:
    """The element with the paragraphs and tables of its article that stand in boxes of their own beside it."""
    outer = outer_box(element)
    if outer.getparent() is None or outer.tag in ("body", "html"):
        return element
    own = ""
    for is_above in (True, False):
        for box in list(outer.itersiblings(preceding=is_above)):
            if box.tag in _NO_PART or role(box) is not BoxRole.UNKNOWN or is_hidden(box) or len(element) == 0:
                continue
            if not _is_part(box, is_above=is_above):
                continue
            own = own or _dense(string_of(element))
            text = _dense(string_of(box))
            if text in own:
                continue
            _move(box, element, is_above=is_above)
    return element


def outer_box(element: Any) -> Any:
    """The table around a container that is a cell, else the element: what stands beside the article stands beside it."""
    if element.tag != "td":
        return element
    table = next(element.iterancestors("table"), element)
    is_alone = sum(1 for _ in table.iter("td")) - sum(1 for _ in element.iter("td")) == 0
    return table if is_alone or role(element) is BoxRole.ARTICLE else element


def count_marks(element: Any) -> int:
    """How many marks of sentences an element shows; titles and labels have next to none."""
    has_unseen = next(element.iter(*_UNSEEN), None) is not None
    text = "".join(_SHOWN_TEXTS(element)) if has_unseen else string_of(element)
    return sum(map(text.count, _MARKS))


def _move(box: Any, element: Any, *, is_above: bool) -> None:
    """Put a box at the head or the end of an element; what follows the box stays where it is."""
    before, parent, tail = box.getprevious(), box.getparent(), box.tail or ""
    if before is not None:
        before.tail = (before.tail or "") + tail
    else:
        parent.text = (parent.text or "") + tail
    if is_above:
        box.tail, element.text = element.text, None
        element.insert(0, box)
    else:
        box.tail = None
        element.append(box)


def _is_part(box: Any, *, is_above: bool) -> bool:
    """Whether a box beside an article holds a part of it: a paragraph above, or a section or national table below."""
    size = text_size(box)
    if size < _SENTENCE or 4 * sum(text_size(link) for link in box.iter("a")) > size:
        return False
    if not is_above:
        return sum(1 for _ in box.iter("td")) > _LARGE_TABLE or _SECTION.search(string_of(box)) is not None
    if sum(1 for _ in box.iter("td")) or next(box.iter("h1", "form", "input"), None) is not None:
        return False
    text = string_of(box).strip()
    return text.endswith(("。", "：")) and _is_prose(text)


def _dense(text: str) -> str:
    return "".join(text.split())


def _shown_below_heading(root: Any) -> Any:
    """The element around a heading that shows or links a document or picture, and next to no text: that is the article."""
    for heading in root.iter("h1", "h2", "h3"):
        element = heading.getparent()
        while element is not None and element.tag not in ("body", "html"):
            links = list(element.iter("a"))
            if _shows(element) or (any(map(document_address, links)) and not names_several_years(links)):
                return element
            element = element.getparent()
    return None


def names_several_years(links: list[Any]) -> bool:
    """Whether links lead to reports of several years: they are a column, and none of these reports is the page's own."""
    return len({year for link in links for year in _YEAR.findall(string_of(link))}) > 1


def _widened(element: Any) -> Any:
    """The element, or its parent where the parent holds several article containers of one article side by side."""
    parent = element.getparent()
    if parent is None or parent.tag in ("body", "html"):
        return element
    own: str | None = None
    for other in parent:
        if (
            other is not element
            and isinstance(other.tag, str)
            and role(other) is BoxRole.ARTICLE
            and not is_hidden(other)
        ):
            own = own or string_of(element)
            text = string_of(other).strip()
            if len(text) > 30 and text not in own:
                return parent
    return element


def _densest(root: Any) -> Any:
    """The deepest element that holds most of the page's sentences, menus, footers and what is hidden left out unless all is in them."""
    element, weight, barred = _dense_part(root, bar=True)
    return _dense_part(root, bar=False)[0] if barred > 4 * weight else element


def _dense_part(root: Any, *, bar: bool) -> tuple[Any, int, int]:
    weights: dict[Any, int] = {}
    barred: dict[Any, bool] = {None: False}
    seen: set[str] = set()
    left_out = 0

    def is_barred(element: Any) -> bool:
        chain = []
        while element not in barred:
            chain.append(element)
            element = element.getparent()
        state = barred[element]
        for inner in reversed(chain):
            state = state or inner.tag in SILENT or (bar and (role(inner) is BoxRole.ASIDE or is_hidden(inner)))
            barred[inner] = state
        return state

    for text in _LONG_TEXTS(root):
        element = text.getparent()
        element = element.getparent() if text.is_tail else element
        if element.tag in _NOT_READ:
            continue
        key = text.strip()
        marks = len(SENTENCE_MARK.findall(key))
        if not marks or key in seen or is_footer_text(key) or (len(key) < _LONGEST_INFO and INFO_LINE.search(key)):
            continue
        seen.add(key)
        weight = len(key) + 10 * marks
        if is_barred(element):
            left_out += weight
            continue
        for _ in range(MAX_DEPTH):
            if element is None:
                break
            weights[element] = weights.get(element, 0) + weight
            element = element.getparent()
    element = next(iter(root.iter("body")), root)
    total = weights.get(element, 0)
    if not total:
        return None, 0, left_out
    while True:
        child = max((c for c in element if c in weights), key=lambda c: weights[c], default=None)
        if child is None or weights[child] < 0.7 * weights[element]:
            break
        element = child
    while (
        element.tag in ("p", "span", "strong", "b", "font", "tr", "tbody", "em", "u", "li", "h1", "h2", "h3", "o:p")
        and element.getparent() is not None
    ):
        element = element.getparent()
    return element, total, left_out
