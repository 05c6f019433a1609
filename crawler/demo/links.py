"""A portal on no known platform: plain links, a 下页 link to the next page, pages numbered downwards."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from typing import Any, ClassVar

from .messages import Reply, Request
from .replica import Document, Replica

TREE = 1917


class PlainLinks(Replica):
    """A portal as Visual SiteBuilder writes it: zfxxgknb.htm, then zfxxgknb/9.htm, zfxxgknb/8.htm … zfxxgknb/1.htm."""

    platform = "links"
    first_number: ClassVar[int] = 64_000
    known_quirks: ClassVar[dict[str, str]] = {
        "frame": "a menu and a foot link articles, the same on every page",
        "same-page": "every page shows the first one's entries",
        "endless": "the last page links itself as the next, under ever new addresses",
        "calendar": "each page links a calendar whose next month is always there",
        "no-dates": "the listing prints no dates",
    }

    @property
    def listing_url(self) -> str:
        return f"{self.base}/zfxxgk/zfxxgknb.htm"

    @property
    def facts(self) -> dict[str, Any]:
        """`document` besides: the pattern of an article's address."""
        return super().facts | {"document": re.compile(rf"/info/{TREE}/(?P<key>\d+)\.htm$")}

    def url(self, document: Document) -> str:
        return document.elsewhere or f"{self.base}/info/{TREE}/{document.number}.htm"

    def respond(self, request: Request) -> Reply | None:
        if match := re.fullmatch(r"/zfxxgk/zfxxgknb(?:/(\d+))?\.htm", request.path):
            count = len(self.pages())
            number = count - int(match[1]) + 1 if match[1] else 1
            if "endless" in self.quirks and "n" in request.query:
                number = count
            return self.html(self.page(number, request)) if 1 <= number <= count else None
        if match := re.fullmatch(rf"/info/{TREE}/(\d+)\.htm", request.path):
            document = self.by_number.get(int(match[1]))
            return self.show(document, self.article(document)) if document else None
        if match := re.fullmatch(r"/__local/(\d+)/(\d)\.png", request.path):
            document = self.by_number.get(int(match[1]))
            return self.picture(document, int(match[2])) if document else None
        if request.path == "/calendar" and "calendar" in self.quirks:
            month = int(request.query.get("month", "0")) + 1
            return self.html(f'<html><body><a class="Next" href="/calendar?month={month}">下页</a></body></html>')
        return None

    def page(self, number: int, request: Request) -> str:
        """The HTML of a page, counted from 1 though named downwards."""
        pages = self.pages()
        entries: Sequence[Document] = pages[0 if "same-page" in self.quirks else number - 1]
        up = "../" if number > 1 else ""
        following = ""
        if number < len(pages):
            name = f"{len(pages) - number}.htm"
            following = f'<span class="p_next"><a href="{name if up else "zfxxgknb/" + name}">下页</a></span>'
        elif "endless" in self.quirks:
            turn = int(request.query.get("n", "0")) + 1
            following = f'<span class="p_next"><a href="/zfxxgk/zfxxgknb/1.htm?n={turn}">下页</a></span>'
        elif "calendar" in self.quirks:
            following = '<span class="p_next"><a href="/calendar?month=1">下页</a></span>'
        rows = "".join(
            f'<li id="line_u8_{i}"><a href="{d.elsewhere or f"{up}../info/{TREE}/{d.number}.htm"}" '
            f'title="{escape(d.title)}">{escape(d.title)}</a>'
            f"<span>{'' if 'no-dates' in self.quirks else d.day}</span></li>\n"
            for i, d in enumerate(entries)
        )
        total = f'<span class="p_t">共{len(self.listed)}条</span>'
        return f"""{self.head("政府信息公开年报", self.metas())}
<div class="list"><ul>
{rows}</ul>
<div class="pb_sys_common">{total}<span class="p_no_d">{number}/{len(pages)}</span>{following}</div>
</div>
</body>
</html>
"""

    def head(self, title: str, metas: str) -> str:
        """Head and breadcrumb; the whole site is in a layout table."""
        return f"""<!DOCTYPE html>
<html>
<head>
<meta charset="utf-8">
<title>{escape(title)}-{self.site}</title><META Name="keywords" Content="{self.site}" />
{metas}
</head>
<body>
<table class="winstyle"><tr><td>当前位置: <a href="/">首页</a>&gt;&gt;\
<a href="/zfxxgk/zfxxgknb.htm">政府信息公开年报</a></td></tr></table>"""

    def article(self, document: Document) -> str:
        """An article of the site builder: everything in one form."""
        body = self.body(document, lambda n: f"/__local/{document.number}/{n}.png")
        return f"""{self.head(document.title, self.metas(document))}
<form name="_newscontent_fromname"><div class="content">
<h1>{escape(document.title)}</h1>
<p class="info">发布时间：{document.published}&nbsp;&nbsp;来源：{escape(document.source)}&nbsp;&nbsp;浏览次数：</p>
<div id="vsb_content" class="v_news_content">
{body}
</div>
</div></form>
</body>
</html>
"""
