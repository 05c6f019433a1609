"""What listings of all platforms have in common: rows of a link and a date, and a line that says how many there are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from scrapy.http import Response, TextResponse

from crawler.items import Entry
from pipelines.dates import first_date
from pipelines.document import decode

_YEAR = re.compile(r"((?:19|20)\d\d)(?!\d)\s*年")
_ANNOUNCED = re.compile(r"(?:共|总共|总计|合计)\s*(?:有)?\s*(\d+)\s*(?:条|篇|个记录|项|则)")
_DEEPEST_ROW = 5
_BLANKS = re.compile(r"\s+")


def decoded(response: Response) -> Response:
    """The response with its text decoded as pages are read: a header may name a charset that the bytes are not in."""
    if not isinstance(response, TextResponse):
        return response
    content_type = response.headers.get("Content-Type")
    text, _ = decode(response.body, content_type.decode("latin-1") if content_type else "")
    return response.replace(body=text.encode("utf-8", "replace"), encoding="utf-8")


def year(entry: Entry) -> int | None:
    """The report year as the listing's title has it: the first `20xx年`; None where there is none."""
    found = _YEAR.search(entry.title or "")
    return int(found[1]) if found else None


def announced(response: Response) -> int | None:
    """`共 24 条`; None where the page does not say how many entries there are."""
    found = _ANNOUNCED.search(getattr(response, "text", ""))
    return int(found[1]) if found else None


def rows(response: Response, document: re.Pattern[str]) -> Iterator[Entry]:
    """Entries of an HTML listing, in page order, each address once.

    A link whose address matches `document` is an entry. Its row is the largest element that holds no other entry;
    the row's date is the entry's. Rows that stand among these rows with a link to elsewhere are entries too: columns
    also list pictures and pages of other sites.
    """
    if not isinstance(response, TextResponse):
        return
    tree = response.selector.root
    links = [(link, target) for link in tree.iter("a") if (target := _target(response, link)) is not None]
    found = [(link, target) for link, target in links if document.search(target.partition("?")[0])]
    holders: dict[Any, set[str]] = {}
    for link, target in found:
        for element in (link, *link.iterancestors()):
            holders.setdefault(element, set()).add(target)
    lists = {
        row.getparent()
        for row in (_row(link, holders) for link, _ in found)
        if row.getparent() is not None and len(holders[row.getparent()]) > 1
    }
    chosen = {id(link) for link, _ in found}
    seen: set[str] = set()
    for link, target in links:
        row = (
            _row(link, holders)
            if id(link) in chosen
            else next((e for e in (link, *link.iterancestors()) if e.getparent() in lists), None)
        )
        if row is None or target in seen or (id(link) not in chosen and (row.tag == "a" or _is_paging(link))):
            continue
        title = _title(link)
        if not title:
            continue
        seen.add(target)
        yield Entry(
            url=target, title=title, date=first_date(_BLANKS.sub(" ", "".join(row.itertext()).replace(title, " ")))
        )


def _target(response: Response, link: Any) -> str | None:
    href = (link.get("href") or "").strip()
    if not href or "{{" in href or href.startswith(("#", "javascript:", "mailto:", "tel:")):
        return None
    try:
        target = response.urljoin(href)
    except ValueError:
        return None
    return target.partition("#")[0] if target.startswith(("http://", "https://")) else None


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
