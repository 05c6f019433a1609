"""Epoint: static pages moreinfo.html, 2.html, 3.html …, whose links are in the page; ids are UUIDs."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Sequence
from html import escape
from typing import ClassVar

from . import faults
from .messages import Reply, Request
from .replica import Document, Replica

COLUMN = "/zwgk/003917/"


class Epoint(Replica):
    """A portal on Epoint."""

    platform = "epoint"
    known_quirks: ClassVar[dict[str, str]] = {
        "frame": "a menu and a foot link articles, the same on every page",
        "same-page": "every page shows the first one's entries",
        "deep-stub": "pages from the third on are stubs with status 200",
        "total-larger": "one page more is announced than there are; it answers 404",
        "no-dates": "the listing prints no dates",
    }

    @property
    def listing_url(self) -> str:
        return f"{self.base}{COLUMN}moreinfo.html"

    def path(self, document: Document) -> str:
        """The article's path: day and a UUID."""
        digest = hashlib.md5(f"{self.name} {document.number}".encode(), usedforsecurity=False).digest()
        return f"{COLUMN}{document.day.replace('-', '')}/{uuid.UUID(bytes=digest)}.html"

    def url(self, document: Document) -> str:
        return document.elsewhere or self.base + self.path(document)

    def respond(self, request: Request) -> Reply | None:
        if match := re.fullmatch(rf"{COLUMN}(?:moreinfo|(\d+))\.html", request.path):
            return self.listing(int(match[1] or 1))
        if match := re.fullmatch(rf"{COLUMN}\d+/[0-9a-f-]{{36}}\.html", request.path):
            document = self.find(self.path, request.path)
            return self.show(document, self.article(document)) if document else None
        if match := re.fullmatch(r"/uploadfile/(\d+)_(\d)\.png", request.path):
            document = self.by_number.get(int(match[1]))
            return self.picture(document, int(match[2])) if document else None
        return None

    def listing(self, number: int) -> Reply | None:
        """Page `number`, counted from 1; 1.html does not exist."""
        pages = self.pages()
        if "deep-stub" in self.quirks and 3 <= number <= len(pages):
            return faults.REPLACEMENTS["deep-stub"]
        if not 1 <= number <= len(pages):
            return None
        entries = pages[0 if "same-page" in self.quirks else number - 1]
        count = len(pages) + ("total-larger" in self.quirks)
        return self.html(self.page(entries, number, count), self.newest)

    def page(self, entries: Sequence[Document], number: int, count: int) -> str:
        """The HTML of one page of the column."""
        rows = "".join(
            f'<li class="ewb-info-item clearfix"><a href="{d.elsewhere or self.path(d)}" target="_blank" '
            f'title="{escape(d.title)}">{escape(d.title)}</a>'
            f'<span class="ewb-date">{"" if "no-dates" in self.quirks else d.day}</span></li>\n'
            for d in entries
        )

        def item(page: int, text: str) -> str:
            href = f"{COLUMN}moreinfo.html" if page == 1 else f"{COLUMN}{page}.html"
            return f'<li class="ewb-page-li"><a class="ewb-page-default" href="{href}">{text}</a></li>'

        pager = item(max(1, number - 1), "上一页") if number > 1 else ""
        pager += f'<li class="ewb-page-li"><span id="index" class="ewb-page-number">{number}/{count}</span></li>'
        pager += item(number + 1, "下一页") if number < count else ""
        return f"""{self.head("政府信息公开年报", self.metas())}
<ul class="ewb-info-items">
{rows}</ul>
<div class="ewb-page" id="categorypagingcontent"><ul class="ewb-page-items clearfix">{pager}</ul></div>
</div></div>
</body>
</html>
"""

    def head(self, title: str, metas: str) -> str:
        """Head and breadcrumb."""
        return f"""<!DOCTYPE html>
<html lang="zh-CN">
<head>
<meta charset="UTF-8">
{metas}
<title>{escape(title)}-{self.site}</title>
<link rel="stylesheet" href="/css/webbuildercommongray.css">
</head>
<body>
<div id="container"><div class="box">
<div class="location"><p class="location-text">当前位置：<a title="首页" href="/">首页</a> &gt; \
<a title="政府信息公开年报" href="{COLUMN}moreinfo.html">政府信息公开年报</a></p></div>"""

    def article(self, document: Document) -> str:
        """An article: source in #laiyuan, attachments in .ewb-file."""
        body = self.body(document, lambda n: f"/uploadfile/{document.number}_{n}.png")
        return f"""{self.head(document.title, self.metas(document))}
<div class="main row"><div class="col-md-18" id="detailContent">
<h1 class="title">{escape(document.title)}</h1>
<div class="detail clearfix">
<span>时间发布：{document.published}</span>
<span id="infoViewCountSpan">阅读次数: <span id="infoViewCount"></span>次</span>
<span id="laiyuan">信息来源：{escape(document.source)}</span>
<span id="gxhlaiyuan" class="hidden"></span>
</div>
<div class="ewb-article-content" id="content">
{body}
</div>
</div></div>
</div></div>
</body>
</html>
"""

    def home_marks(self) -> str:
        return '<link rel="stylesheet" href="/css/webbuildercommongray.css">\n'
