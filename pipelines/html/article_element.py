"""The element of a page that holds its article: a container of the kinds that portals use, else where the sentences are."""

from __future__ import annotations

from typing import Any

from lxml import etree

from pipelines.html.boxes import SENTENCE_MARK, BoxRole, is_hidden, role, string_of, text_size
from pipelines.html.links import is_document
from pipelines.html.paragraphs import SILENT

ENOUGH = 200
"""Characters that a container must hold to be taken for the article without looking further."""
MAX_DEPTH = 250
"""Text nested deeper than this counts for no article: no real page has any."""

_CONTAINERS = (("div", "article", "section", "font", "ucapcontent"), ("td",))
"""Tags of containers; cells of layout tables only where there is no other container."""
_LONG_TEXTS = etree.XPath(
    "//body//text()[string-length(.) > 15][not(parent::script or parent::style or parent::a or parent::option or parent::title)]"
)


def find_article_element(root: Any) -> Any:
    """The element that holds the article: the largest known container, else the densest part of the page."""
    best, best_size = None, 0
    outer: Any = None
    for tags in _CONTAINERS:
        for element in root.iter(*tags):
            if role(element) is not BoxRole.ARTICLE or _is_within(element, outer) or _concealed(element):
                continue
            outer = element
            if (found := content_size(element)) > best_size:
                best, best_size = element, found
        if best_size >= ENOUGH:
            break
    if best is not None and best_size >= ENOUGH:
        return _widened(best)
    dense = _densest(root)
    if dense is not None and (best is None or content_size(dense) > 4 * best_size):
        return dense
    return best


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
    silent = sum(len(s.text or "") for s in element.iter("script", "style"))
    shown = sum(1 for _ in element.iter("img", "table"))
    shown += sum(1 for viewer in element.iter("iframe", "embed", "object") if is_viewer(viewer))
    return int(text_size(element)) - silent + 30 * shown


def is_viewer(element: Any) -> bool:
    """Whether an iframe, embed or object shows a document."""
    return is_document(element.get("src") or element.get("data") or "")


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
        key = text.strip()
        marks = len(SENTENCE_MARK.findall(key))
        if not marks or key in seen:
            continue
        seen.add(key)
        weight = len(key) + 10 * marks
        element = text.getparent()
        element = element.getparent() if text.is_tail else element
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
