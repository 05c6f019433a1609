"""The rows of an HTML listing: a link and a date, told from the other links of the page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from scrapy.http import Response, TextResponse

from archive.model import Entry
from pipelines.html.links import is_document
from pipelines.metadata.dates import first_date
from pipelines.metadata.titles import is_report_title, may_be_report_title, without_suffix
from spiders.platforms.anchors import Anchor, anchors
from spiders.platforms.listing import with_written_rows

_DEEPEST_ROW = 5
"""Elements between a link and its row, at most."""
_WHOLE_ROW = {"li", "tr", "dl"}
"""A row reaches no further than these."""
_ROW_TAGS = ("li", "tr", "dl", "dd", "p", "div")
_FRAME = re.compile(
    r"(?:^|[\s_-])(?:(?:main|top|left|side|sub)?(?:nav(?:bar|list|igation)?|menu)s?|foot(?:er)?|head(?:er)?|top(?:bar)?|bottom|banner|"
    r"(?:bread)?crumbs?|(?:cur)?(?:position|location|path)|copyright|friend(?:ly)?(?:links?)?|side(?:bar)?|login|search)(?![a-z])",
    re.IGNORECASE,
)
"""Classes and ids of what stands on every page of a site."""
_ENDS = re.compile(r"(?:^|[\s_-])(?:foot(?:er)?|copyright|friend(?:ly)?(?:links?)?)(?![a-z])", re.IGNORECASE)
"""Those of them in which no list of reports stands; a menu may lead straight to the report of a year."""
_FRAME_TAGS = {"nav", "footer", "header"}
_ROWS_OF_A_LIST = ("article", "li")
"""What has a head or foot within these has one of its own."""
_PAGING = {"首页", "上一页", "下一页", "尾页", "末页", "更多", "更多>>"}
_BLANKS = re.compile(r"\s+")

_Holders = dict[Any, set[str]]
"""Element → the addresses of the entries' links in it."""


def listed_rows(response: Response, document: re.Pattern[str], selector: str | None = None) -> Iterator[Entry]:
    """Entries of an HTML listing, in page order, each address once.

    A link whose address matches `document`, or that the CSS `selector` selects, is an entry, and so is a link straight
    to a Word or PDF file that is titled as a report. Its row is the largest element that holds no other entry; the row's
    date is the entry's. Rows that stand among these rows with a link to elsewhere are entries too: columns also list
    pictures and pages of other sites. Links of the site's frame, in its menus and at its foot, are none.
    """
    if not isinstance(response, TextResponse):
        return
    page = with_written_rows(response)
    links = [link for link in anchors(page) if link.url]
    certain = _articles(page, links, document, selector)
    certain += _report_files(links, _holders(certain))
    if not selector:
        certain = _without_frame(certain)
    holders = _holders(certain)
    rows = {link.element: _row(link.element, holders) for link in certain}
    neighbours = _neighbours(links, rows, holders)
    seen: set[str] = set()
    for link in links:
        row = rows[link.element] if link.element in rows else neighbours.get(link.element)
        title = _title(link) if row is not None and link.url not in seen else ""
        if row is not None and title:
            seen.add(link.url)
            yield Entry(url=link.url, title=title, date=_date(row, title))


def _articles(page: TextResponse, links: list[Anchor], document: re.Pattern[str], selector: str | None) -> list[Anchor]:
    """The links that are entries by their address, or because the selector selects them."""
    if selector:
        selected = {link.root for link in page.css(selector)}
        return [link for link in links if link.element in selected]
    return [link for link in links if document.search(link.url.partition("?")[0])]


def _without_frame(certain: list[Anchor]) -> list[Anchor]:
    """The links but those of the site's frame: in boxes named so, or without a date beside a list that has dates.

    A link that is titled as a report is left out at the foot of a page that lists other reports, and nowhere else; one
    that may be a report stays where nothing else would be left.
    """
    holders = _holders(certain)
    rows = {link.element: _row(link.element, holders) for link in certain}
    dated = {id(rows[link.element].getparent()) for link in certain if _date(rows[link.element], _title(link))}
    titled = [link for link in certain if is_report_title(_title(link))]
    above_foot = [link for link in titled if not _is_in_frame(link.element, _ENDS)]
    reports = {link.element for link in above_foot or titled}
    kept = [
        link
        for link in certain
        if link.element in reports
        or (
            not _is_in_frame(link.element)
            and (not dated or id(rows[link.element].getparent()) in dated or may_be_report_title(_title(link)))
        )
    ]
    return kept or [link for link in certain if may_be_report_title(_title(link))]


def _is_in_frame(element: Any, names: re.Pattern[str] = _FRAME) -> bool:
    around = [box for box in element.iterancestors() if box.tag not in {"body", "html"}]
    outermost = next((i for i, box in reversed(list(enumerate(around))) if box.tag in _ROWS_OF_A_LIST), 0)
    return any(names.search(_names_of(box)) for box in around[outermost:])


def _names_of(box: Any) -> str:
    return f"{box.get('class') or ''} {box.get('id') or ''} {box.tag if box.tag in _FRAME_TAGS else ''}"


def _report_files(links: list[Anchor], holders: _Holders) -> list[Anchor]:
    """Links straight to a report's file, the first of a row's; beside the link to the report's page it is an attachment."""
    found: dict[tuple[Any, str], Anchor] = {}
    for link in links:
        if link.element in holders or not is_document(link.url):
            continue
        title = without_suffix(_title(link))
        row = next(link.element.iterancestors(*_ROW_TAGS), link.element)
        if is_report_title(title) and row not in holders:
            found.setdefault((row, title), link)
    return list(found.values())


def _holders(links: list[Anchor]) -> _Holders:
    holders: _Holders = {}
    for link in links:
        for element in (link.element, *link.element.iterancestors()):
            holders.setdefault(element, set()).add(link.url)
    return holders


def _row(element: Any, holders: _Holders) -> Any:
    """The largest element around a link that holds no other entry."""
    row = element
    for depth, around in enumerate(element.iterancestors()):
        if len(holders.get(around, ())) > 1 or around.tag == "body" or depth == _DEEPEST_ROW:
            break
        row = around
        if around.tag in _WHOLE_ROW:
            break
    return row


def _neighbours(links: list[Anchor], rows: dict[Any, Any], holders: _Holders) -> dict[Any, Any]:
    """Link → row of the links that lead elsewhere, from rows next to the entries' rows."""
    taken = set(rows.values())
    lists = {row.getparent() for row in taken if row.getparent() is not None and len(holders[row.getparent()]) > 1}
    found: dict[Any, Any] = {}
    for link in links:
        if link.element in rows or _is_paging(link):
            continue
        within = (link.element, *link.element.iterancestors())
        row = next((element for element in within if element.getparent() in lists), None)
        if row is not None and row.tag != "a" and row not in taken:
            found[link.element] = row
    return found


def _title(link: Anchor) -> str:
    """The full title: the attribute where the text is cut short."""
    text = _BLANKS.sub(" ", link.text).strip(" ·•[]【】")
    full = _BLANKS.sub(" ", link.element.get("title") or "").strip()
    return full if len(full) >= len(text.rstrip(".…")) else text


def _date(row: Any, title: str) -> str | None:
    """The first date of a row beside its title."""
    return first_date(_BLANKS.sub(" ", "".join(row.itertext()).replace(title, " ")))


def _is_paging(link: Anchor) -> bool:
    text = link.text.strip()
    return text.isdigit() or text in _PAGING
