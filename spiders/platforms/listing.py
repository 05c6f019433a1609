"""What pages of listings have in common on all platforms: how many entries they announce, and where their rows stand.

Rows may be in the page, in `document.writeln("…")`, or as XML records in a script or in an answer of their own.
What a row lists is for `rows` to say.
"""

from __future__ import annotations

import html
import re

from scrapy.http import HtmlResponse, Response, TextResponse

from archive.charset import decode
from archive.model import Entry
from pipelines.html.embedded import unescaped
from pipelines.html.parsing import refuse_endless_tags, without_early_end

_YEAR = re.compile(r"((?:19|20)\d\d)(?!\d)\s*年")
_STATED_TOTAL = re.compile(r"(?:共|总共|总计|合计)\s*+(?:有\s*+)?(\d+)\s*(?:条|篇|个记录|项|则)")
_TOTAL = re.compile(r"<totalrecord>\s*(\d+)")
# Each ends where the next one begins: without an end it would be looked for from every beginning.
_RECORD = re.compile(r"<record>\s*<!\[CDATA\[((?:[^\]<]|\](?!\]>)|<(?!record>))*+)\]\]>\s*</record>")
_NEXT_GROUP = re.compile(r"<nextgroup>\s*+(?:<!\[CDATA\[)?((?:[^<]|<(?!/?nextgroup>))*+)</nextgroup>")
_HREF = re.compile(r"href\s*=\s*[\"']([^\"']+)")
# Only a call of one literal: pagers too are written by script, from pieces.
_WRITTEN = re.compile(r"document\.write(?:ln)?\(\s*(?:\"((?:[^\"\\]|\\.)*+)\"|'((?:[^'\\]|\\.)*+)')\s*\)")
_END = re.compile(r"</(?:body|html)\s*>", re.IGNORECASE)


def decoded(response: Response) -> Response:
    """The response as pages are read: in the charset of its bytes, whatever a header names, and to the end of its rows.

    Raises ReaderError, a ValueError, for a page that would take for ever to parse.
    """
    if not isinstance(response, TextResponse):
        return response
    content_type = response.headers.get("Content-Type")
    text, _ = decode(response.body, content_type.decode("latin-1") if content_type else "")
    body = without_early_end(text).encode("utf-8", "replace")
    refuse_endless_tags(body)
    return response.replace(body=body, encoding="utf-8")


def report_year(entry: Entry) -> int | None:
    """The report year as the listing's title has it: the first `20xx年`; None where there is none."""
    found = _YEAR.search(entry.title or "")
    return int(found[1]) if found else None


def total(response: Response) -> int | None:
    """`共 24 条` or `<totalrecord>24`; None where the page does not say how many entries there are."""
    text = getattr(response, "text", "")
    found = _TOTAL.search(text) or _STATED_TOTAL.search(text)
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


def with_written_rows(response: TextResponse) -> TextResponse:
    """The page that a reader sees: with the rows that its records hold or its scripts write."""
    rows = records(response) or [unescaped(a or b) for a, b in _WRITTEN.findall(response.text)]
    rows = [row for row in rows if "<script" not in row.lower()]
    if not rows:
        return response
    static = _END.sub("", response.text) if isinstance(response, HtmlResponse) else ""
    return embedded_page(response, f"{static}<ul>{''.join(rows)}</ul>")


def embedded_page(response: Response, source: str) -> HtmlResponse:
    """HTML that an answer carries inside another format, as a page at the answer's address."""
    return HtmlResponse(response.url, body=source.encode("utf-8", "replace"), encoding="utf-8")
