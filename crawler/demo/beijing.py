"""A district's own system as in Beijing: HTTP only, GB2312 bytes without a charset in the header, hexadecimal ids.

One listing page holds everything. Articles have no article metas: title, date and source are in the page alone.
"""

from __future__ import annotations

import hashlib
import re
from html import escape
from typing import Any, ClassVar

from .messages import Reply, Request
from .replica import Document, Replica

COLUMN = "/zfxxgk/gknb/"


class Beijing(Replica):
    """A district with a system of its own."""

    platform = "links"
    encoding: ClassVar[str] = "gb18030"
    content_type: ClassVar[str] = "text/html"
    known_quirks: ClassVar[dict[str, str]] = {
        "frame": "a menu and a foot link articles, the same on every page",
        "utf8-header": "the header says charset=utf-8, the bytes are GBK all the same",
        "latin-header": "the header says charset=iso-8859-1",
        "no-dates": "the listing prints no dates",
        "shells": "the listing links pages of 160 bytes that lead to the articles by script",
    }

    @property
    def listing_url(self) -> str:
        return self.base + COLUMN

    @property
    def facts(self) -> dict[str, Any]:
        """`document` besides: the pattern of an article's address."""
        return super().facts | {"document": re.compile(r"/(?P<key>[0-9a-f]{24}(?:[0-9a-f]{8})?)\.html$")}

    def id(self, document: Document) -> str:
        """24 hexadecimal digits until 2018, 32 after."""
        digits = hashlib.sha256(f"{self.name} {document.number}".encode()).hexdigest()
        return digits[: 24 if document.published < "2019" else 32]

    def url(self, document: Document) -> str:
        return document.elsewhere or f"{self.base}{COLUMN}{self.id(document)}.html"

    def aliases(self, document: Document) -> tuple[str, ...]:
        return (f"{self.base}/zfxxgk/jd/{self.id(document)}.html",) if "shells" in self.quirks else ()

    def respond(self, request: Request) -> Reply | None:
        if request.path in {COLUMN, COLUMN + "index.html"}:
            return self.html(self.page(), self.newest)
        if match := re.fullmatch(r"(/zfxxgk/(?:gknb|jd)/)([0-9a-f]+)\.html", request.path):
            document = self.find(self.id, match[2])
            if document is None or (match[1] != COLUMN and "shells" not in self.quirks):
                return None
            if match[1] != COLUMN:
                target = f"{COLUMN}{match[2]}.html"
                return self.html(f'<html><head><script>location.replace("{target}")</script></head></html>')
            return self.show(document, self.article(document))
        if match := re.fullmatch(r"/images/(\d+)_(\d)\.png", request.path):
            document = self.by_number.get(int(match[1]))
            return self.picture(document, int(match[2])) if document else None
        return None

    def html(self, text: str, modified: Any = None) -> Reply:
        reply = super().html(text, modified)
        if "utf8-header" in self.quirks:
            reply.content_type = "text/html; charset=utf-8"
        elif "latin-header" in self.quirks:
            reply.content_type = "text/html;charset=iso-8859-1"
        return reply

    def head(self, title: str) -> str:
        """Doctype, head and the site's header."""
        return f"""<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" \
"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml">
<head>
<meta http-equiv="Content-Type" content="text/html; charset=gb2312" />
<title>{escape(title)}</title>
{self.metas()}
</head>
<body>
<table width="980" border="0" align="center" cellpadding="0" cellspacing="0" class="nav"><tr>
<td><a href="/">首页</a></td><td><a href="/zfxxgk/">政府信息公开</a></td><td><a href="/zmhd/">政民互动</a></td>
</tr></table>"""

    def page(self) -> str:
        """The only listing page: a table of rows."""
        folder = "/zfxxgk/jd/" if "shells" in self.quirks else COLUMN
        rows = "".join(
            f'<tr><td width="20"><img src="/images/dot.gif" /></td><td height="30">'
            f'<a href="{d.elsewhere or f"{folder}{self.id(d)}.html"}" target="_blank">{escape(d.title)}</a></td>'
            f'<td width="110">{"" if "no-dates" in self.quirks else d.day}</td></tr>\n'
            for d in self.listed
        )
        return f"""{self.head("政府信息公开年报")}
<table width="980" border="0"><tr><td class="wz"><a href="/">首页</a>&gt;&gt;\
<a href="/zfxxgk/">政府信息公开</a>&gt;&gt;政府信息公开年报</td></tr></table>
<table width="980" border="0" align="center" cellpadding="0" cellspacing="0" class="list">
{rows}</table>
<div class="page">共1页&nbsp;当前第1页</div>
<table class="foot"><tr><td align="center">主办单位：{self.place}人民政府办公室</td></tr></table>
</body>
</html>
"""

    def article(self, document: Document) -> str:
        """An article: layout tables, one line with date and source, the text in #zoom."""
        body = self.body(document, lambda n: f"/images/{document.number}_{n}.png")
        return f"""{self.head(document.title)}
<table width="980" border="0"><tr><td class="wz"><a href="/">首页</a>&gt;&gt;<a href="/zfxxgk/">政府信息公开</a>&gt;&gt;\
<a href="{COLUMN}">政府信息公开年报</a></td></tr></table>
<table width="980" border="0" align="center" cellpadding="0" cellspacing="0" class="con">
<tr><td align="center" class="title">{escape(document.title)}</td></tr>
<tr><td align="center" class="info">日期:{document.published}&nbsp;来源:{escape(document.source)}&nbsp;\
<a href="javascript:window.print()">打印页面</a>&nbsp;<a href="javascript:window.close()">关闭页面</a></td></tr>
<tr><td class="content" id="zoom">
{body}
</td></tr>
</table>
<table class="foot"><tr><td align="center">主办单位：{self.place}人民政府办公室</td></tr></table>
</body>
</html>
"""
