"""What listings of all platforms have in common: rows of a link and a date, and a line that says how many there are.

Rows may stand in the page, in `document.writeln("…")`, or as XML records in a script or in an answer of their own.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any

from scrapy.http import HtmlResponse, Response, TextResponse

from archive.charset import decode
from archive.model import Entry
from pipelines.html.links import is_document
from pipelines.metadata.dates import first_date
from pipelines.metadata.titles import is_report_title, without_suffix

_YEAR = re.compile(r"((?:19|20)\d\d)(?!\d)\s*年")
_ANNOUNCED = re.compile(r"(?:共|总共|总计|合计)\s*(?:有)?\s*(\d+)\s*(?:条|篇|个记录|项|则)")
_TOTAL = re.compile(r"<totalrecord>\s*(\d+)")
_RECORD = re.compile(r"<record>\s*<!\[CDATA\[(.*?)\]\]>\s*</record>", re.DOTALL)
_NEXT_GROUP = re.compile(r"<nextgroup>\s*(?:<!\[CDATA\[)?(.*?)</nextgroup>", re.DOTALL)
_HREF = re.compile(r"href\s*=\s*[\"']([^\"']+)")
# Only a call of one literal: pagers too are written by script, from pieces.
_WRITTEN = re.compile(r"document\.write(?:ln)?\(\s*(?:\"((?:[^\"\\]|\\.)*)\"|'((?:[^'\\]|\\.)*)')\s*\)")
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_END = re.compile(r"</(?:body|html)\s*>", re.IGNORECASE)
_DEEPEST_ROW = 5
_ROWS = ("li", "tr", "dl", "dd", "p", "div")
_SHOWN = ("http://", "https://", "file:", "ftp:", "data:")
"""Links that lead somewhere; those that a crawl does not follow are told as such."""
_BLANKS = re.compile(r"\s+")


def decoded(response: Response) -> Response:
    """The response with its text decoded as pages are read: a header may name a charset that the bytes are not in."""
    if not isinstance(response, TextResponse):
        return response
    content_type = response.headers.get("Content-Type")
    text, _ = decode(response.body, content_type.decode("latin-1") if content_type else "")
    return response.replace(body=text.encode("utf-8", "replace"), encoding="utf-8")


def report_year(entry: Entry) -> int | None:
    """The report year as the listing's title has it: the first `20xx年`; None where there is none."""
    found = _YEAR.search(entry.title or "")
    return int(found[1]) if found else None


def total(response: Response) -> int | None:
    """`共 24 条` or `<totalrecord>24`; None where the page does not say how many entries there are."""
    text = getattr(response, "text", "")
    found = _TOTAL.search(text) or _ANNOUNCED.search(text)
    return int(found[1]) if found else None


def records(response: Response) -> list[str]:
    """The HTML of the XML records that the response is, or holds in a script."""
    return _RECORD.findall(response.text) if isinstance(response, TextResponse) else []


def next_group(response: Response) -> str | None:
    """Where the XML records go on; None where they end. Raises ValueError for a next group that nothing leads to."""
    found = _NEXT_GROUP.search(response.text) if isinstance(response, TextResponse) else None
    if found is None:
        return None
    link = _HREF.search(found[1])
    if link is None:
        raise ValueError(f"{response.url} names a next group of records without a link to it")
    return response.urljoin(html.unescape(link[1]).strip())


def unfolded(response: TextResponse) -> TextResponse:
    """The page that a reader sees: with the rows that its records hold or its scripts write."""
    rows = records(response) or [_unescaped(a or b) for a, b in _WRITTEN.findall(response.text)]
    rows = [row for row in rows if "<script" not in row.lower()]
    if not rows:
        return response
    static = _END.sub("", response.text) if isinstance(response, HtmlResponse) else ""
    return fragment(response, f"{static}<ul>{''.join(rows)}</ul>")


def fragment(response: Response, source: str) -> HtmlResponse:
    """HTML that an answer carries inside another format, as a page at the answer's address."""
    return HtmlResponse(response.url, body=source.encode("utf-8", "replace"), encoding="utf-8")


def _unescaped(literal: str) -> str:
    """A JavaScript string as its reader sees it."""
    return _ESCAPE.sub(
        lambda m: chr(int(m[1][1:], 16)) if len(m[1]) > 1 else {"n": "\n", "t": "\t"}.get(m[1], m[1]), literal
    )


def rows(response: Response, document: re.Pattern[str], selector: str | None = None) -> Iterator[Entry]:
    """Entries of an HTML listing, in page order, each address once.

    A link whose address matches `document`, or that the CSS `selector` selects, is an entry, and so is a link straight
    to a Word or PDF file that is titled as a report. Its row is the largest element that holds no other entry; the row's
    date is the entry's. Rows that stand among these rows with a link to elsewhere are entries too: columns also list
    pictures and pages of other sites.
    """
    if not isinstance(response, TextResponse):
        return
    page = unfolded(response)
    links = [(link, target) for link in page.selector.root.iter("a") if (target := _target(response, link)) is not None]
    if selector:
        selected = {link.root for link in page.css(selector)}
        found = [(link, target) for link, target in links if link in selected]
    else:
        found = [(link, target) for link, target in links if document.search(target.partition("?")[0])]
    holders = _holders(found)
    if files := _files(links, holders):
        found += files
        holders = _holders(found)
    lists = {
        row.getparent()
        for row in (_row(link, holders) for link, _ in found)
        if row.getparent() is not None and len(holders[row.getparent()]) > 1
    }
    chosen = {id(link) for link, _ in found}
    taken = {_row(link, holders) for link, _ in found}
    seen: set[str] = set()
    for link, target in links:
        row = (
            _row(link, holders)
            if id(link) in chosen
            else next((e for e in (link, *link.iterancestors()) if e.getparent() in lists), None)
        )
        if row is None or target in seen:
            continue
        if id(link) not in chosen and (row.tag == "a" or row in taken or _is_paging(link)):
            continue
        title = _title(link)
        if not title:
            continue
        seen.add(target)
        yield Entry(
            url=target, title=title, date=first_date(_BLANKS.sub(" ", "".join(row.itertext()).replace(title, " ")))
        )


_Links = list[tuple[Any, str]]


def _holders(links: _Links) -> dict[Any, set[str]]:
    """Element → the addresses of the links in it."""
    holders: dict[Any, set[str]] = {}
    for link, target in links:
        for element in (link, *link.iterancestors()):
            holders.setdefault(element, set()).add(target)
    return holders


def _files(links: _Links, pages: dict[Any, set[str]]) -> _Links:
    """Links straight to a report's file, the first of a row's; beside the link to the report's page a file is its attachment."""
    found: dict[tuple[Any, str], tuple[Any, str]] = {}
    for link, target in links:
        if is_document(target) and link not in pages and is_report_title(title := without_suffix(_title(link))):
            row = next(link.iterancestors(*_ROWS), link)
            if row not in pages:
                found.setdefault((row, title), (link, target))
    return list(found.values())


def _target(response: Response, link: Any) -> str | None:
    href = (link.get("href") or "").strip()
    if not href or "{{" in href or href.startswith(("#", "javascript:", "mailto:", "tel:")):
        return None
    try:
        target = response.urljoin(href)
    except ValueError:
        return None
    return target.partition("#")[0] if target.startswith(_SHOWN) else None


def _row(link: Any, holders: dict[Any, set[str]]) -> Any:
    """The largest element around the link that holds no other entry."""
    row = link
    for depth, element in enumerate(link.iterancestors()):
        if len(holders.get(element, ())) > 1 or element.tag == "body" or depth == _DEEPEST_ROW:
            break
        row = element
        if element.tag in {"li", "tr", "dl"}:
            break
    return row


def _title(link: Any) -> str:
    """The full title: the attribute where the text is cut short."""
    text = _BLANKS.sub(" ", "".join(link.itertext())).strip(" ·•[]【】")
    full = _BLANKS.sub(" ", link.get("title") or "").strip()
    return full if len(full) >= len(text.rstrip(".…")) else text


def _is_paging(link: Any) -> bool:
    text = "".join(link.itertext()).strip()
    return text.isdigit() or text in {"首页", "上一页", "下一页", "尾页", "末页", "更多", "更多>>"}
