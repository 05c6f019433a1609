"""NFCMS (南方网集约化平台): columns index.html, index_2.html …; articles post_ID.html, for mobiles mpost_ID.html.

The column `bm` lists everything; documents with `second_column` are published in `xxgkndbg` of the same site as well,
under the same post number.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from typing import Any, ClassVar

from . import faults
from .messages import Reply, Request
from .replica import Document, Replica

SITE_ID = 200917
COLUMNS = {"/zwgk/zfxxgk/zfxxgknb/bm/": 22917, "/zwgk/zfxxgkml/xxgkml/xxgkndbg/": 22931}
"""The two columns with their category numbers; the first is the main one."""

ARTICLE = re.compile(r"(/.+/)content/(m?)post_(\d+)\.html")
INDEX = re.compile(r"(/.+/)(?:index(?:_(\d+))?\.html)?")
SHORT = 28
"""Characters after which the visible link text is cut; the title attribute is whole."""


def marks(document: Document | None, category: int) -> str:
    """The script that names the site, the post and its category."""
    if document is None:
        kind = 'window.NFCMS_PUB_TYPE="category";'
    else:
        kind = f'window.NFCMS_PUB_TYPE="post";window.NFCMS_POST_ID="{document.number}";'
    return f'<script>window.NFCMS_SITE_ID={SITE_ID};{kind}window.NFCMS_CAT_ID="{category}";</script>'


FOOTER = (
    '<div class="footer"><p>主办：{site} 网站标识码：4499990001</p>'
    f'<script>window.NFCMS_SITE_ID={SITE_ID};window.NFCMS_PUB_TYPE="page";window.NFCMS_PAGE_ID="1470";</script></div>'
)


class Nfcms(Replica):
    """A portal on NFCMS."""

    platform = "nfcms"
    known_quirks: ClassVar[dict[str, str]] = {
        "frame": "a menu and a foot link articles, the same on every page",
        "same-page": "every page of the listing shows the first one's entries",
        "deep-stub": "pages from the third on are stubs with status 200",
        "total-larger": "the listing announces one page more than there are; it answers 404",
        "repeat-last": "pages after the last one repeat it",
        "endless": "every page links a next one, the last ones without entries",
        "no-dates": "the listing prints no dates",
        "hidden-copy": "articles repeat their text in a hidden element",
    }

    @property
    def listing_url(self) -> str:
        return f"{self.base}{next(iter(COLUMNS))}index.html"

    @property
    def listings(self) -> tuple[str, ...]:
        """Both columns; the second one only where something is in it."""
        used = [path for path in COLUMNS if self.column(path)]
        return tuple(f"{self.base}{path}index.html" for path in used or COLUMNS)

    @property
    def numbers(self) -> dict[str, Any]:
        return {"site_id": SITE_ID, "columns": dict(COLUMNS)}

    def url(self, document: Document) -> str:
        return document.elsewhere or f"{self.base}{next(iter(COLUMNS))}content/post_{document.number}.html"

    def aliases(self, document: Document) -> tuple[str, ...]:
        paths = list(COLUMNS) if document.second_column else list(COLUMNS)[:1]
        posts = [f"{self.base}{path}content/{m}post_{document.number}.html" for path in paths for m in ("", "m")]
        return tuple(posts[1:])

    def respond(self, request: Request) -> Reply | None:
        if match := ARTICLE.fullmatch(request.path):
            document = self.by_number.get(int(match[3]))
            if document is None or match[1] not in COLUMNS:
                return None
            published = document.second_column or match[1] == next(iter(COLUMNS))
            return self.show(document, self.article(document, match[1])) if published else None
        if match := re.fullmatch(r"/img/0/\d+/(\d+)/(\d)\.png", request.path):
            document = self.by_number.get(int(match[1]))
            return self.picture(document, int(match[2])) if document else None
        if (match := INDEX.fullmatch(request.path)) and match[1] in COLUMNS:
            return self.listing(match[1], int(match[2] or 1))
        return None

    # The listing

    def column(self, path: str) -> list[Document]:
        """What a column lists."""
        return [d for d in self.listed if path == next(iter(COLUMNS)) or d.second_column]

    def listing(self, path: str, number: int) -> Reply | None:
        """Page `number` of a column, counted from 1; index_1.html does not exist."""
        pages = self.pages(self.column(path))
        count = len(pages) + ("total-larger" in self.quirks)
        if "deep-stub" in self.quirks and 3 <= number <= len(pages):
            return faults.REPLACEMENTS["deep-stub"]
        if number > len(pages) and self.quirks & {"repeat-last", "endless"}:
            entries = pages[-1] if "repeat-last" in self.quirks else []
        elif 1 <= number <= len(pages):
            entries = pages[0 if "same-page" in self.quirks else number - 1]
        else:
            return None
        return self.html(self.page(path, entries, number, count), self.newest)

    def page(self, path: str, entries: Sequence[Document], number: int, count: int) -> str:
        """The HTML of one page of a column."""
        rows = "".join(f"          {self.row(path, entry)}\n" for entry in entries)
        return f"""<!doctype html>
<html>
 <head>
  <meta http-equiv="Content-Type" content="text/html; charset=UTF-8">
{self.metas()}
{marks(None, COLUMNS[path])}
<title>政府信息公开年报-{self.site}</title>
  <link rel="stylesheet" type="text/css" href="/css/common.css">
 </head>
 <body class="body_bg">
  {self.navigation()}
  <div class="container curmb_box"><div class="curmb">当前位置：\
<a href="{self.base}/">首页</a>&nbsp;&gt;&nbsp;\
<a href="{self.base}/zwgk/">政务公开</a>&nbsp;&gt;&nbsp;\
<a href="{self.base}{path}">政府信息公开年报</a></div></div>
  <div class="container">
   <div class="list_con clearfix">
    <div class="list_left"><ul class="list_nav">
      <li><a href="{self.base}/zwgk/zfxxgk/zfxxgkzn/index.html">政府信息公开指南</a></li>
      <li class="on"><a href="{self.listing_url}">政府信息公开年报</a></li>
    </ul></div>
    <div class="list_right">
     <div class="common_title"><h3><span>政府信息公开年报</span></h3></div>
        <ul class="newslist yyyy-MM-dd res">
{rows}        </ul>
        <div class="page" id="page_div">{self.pager(path, number, count)}</div>
    </div>
   </div>
  </div>
  {FOOTER.format(site=self.site)}
 </body>
</html>
"""

    def row(self, path: str, entry: Document) -> str:
        """An entry as the column shows it."""
        shown = entry.title if len(entry.title) <= SHORT else entry.title[:SHORT] + "..."
        # the second column links some of its documents by their address for mobiles
        post = "mpost" if path != next(iter(COLUMNS)) and entry.number % 5 == 0 else "post"
        url = entry.elsewhere or f"{self.base}{path}content/{post}_{entry.number}.html"
        date = "" if "no-dates" in self.quirks else f'<span class="date">{entry.day}</span>'
        title = escape(entry.title)
        return f'<li><a href="{url}" target="_blank" title="{title}">{escape(shown)}</a>{date}</li>'

    def pager(self, path: str, number: int, count: int) -> str:
        """First, previous, numbers, next and last page, and how many there are."""

        def href(page: int) -> str:
            return f"{self.base}{path}index{'' if page == 1 else f'_{page}'}.html"

        near = [n for n in range(1, count + 1) if abs(n - number) < 5]
        items = "\n".join(f'<a class="item{" active" * (n == number)}" href="{href(n)}">{n}</a>' for n in near)
        following = number + 1 if "endless" in self.quirks else min(number + 1, count)
        last = f'<a class="last" href="{href(count)}">尾页</a><span class="total">共{count}页</span>'
        return (
            f'<a class="first" href="{href(1)}">首页</a>\n<a class="prev" href="{href(max(1, number - 1))}">上一页</a>\n'
            f'<span class="inner">\n{items}\n</span>\n<a class="next" href="{href(following)}">下一页</a>\n{last}'
        )

    # The article

    def article(self, document: Document, path: str) -> str:
        """The HTML of a post: title, date line, #zoomcon, and a second element that repeats the id."""
        body = self.body(document, lambda n: f"{self.base}/img/0/198/{document.number}/{n}.png")
        hidden = ""
        if "hidden-copy" in self.quirks:
            text = re.sub(r"<[^>]+>", "", body)
            hidden = f'<div class="bbnr" style="display:none;">{document.title + text}</div>'
        mobile = f"{self.base}{path}content/mpost_{document.number}.html"
        return f"""<!doctype html>
<html>
 <head>
  <meta http-equiv="Content-Type" content="text/html; charset=UTF-8">
{self.metas(document)}
{marks(document, COLUMNS[path])}
<title>{escape(document.title)}-{self.site}</title>
  <script>
if((navigator.userAgent.match(/(phone|pod|iPhone|Android|Mobile)/i))){{document.location.href="{mobile}";}}
  </script>
 </head>
 <body class="body_bg">
  {self.navigation()}
  <div class="container curmb_box"><div class="curmb">当前位置：\
<a href="{self.base}/">首页</a>&nbsp;&gt;&nbsp;\
<a href="{self.base}{path}">政府信息公开年报</a></div></div>
  <div class="container">
   <div class="content clearfix">
    <h1 class="content_title">{escape(document.title)}</h1>
    <div class="content_attr">
     <span class="time">发布时间：<b>{document.published}</b></span>
     <span class="ly" >来源：<b>{escape(document.source)}</b></span>
     <span class="fontsize"> <b>字体大小：</b> <a class="l">大</a> <a class="s">小</a> </span>
    </div>
    <div class="content_article" id="zoomcon">
     {body}
    </div>
    <div class="content_extended clearfix" id="zoomcon"'>
     <div class="llcs">浏览次数：<span id="NFCMS-POST-VISIT-2">-</span></div>
     <div class="other"><a href="javascript:scroll(0,0)">返回顶部</a></div>
    </div>
   </div>
  </div>
  {hidden}{FOOTER.format(site=self.site)}
 </body>
</html>
"""

    def navigation(self) -> str:
        """The site's header."""
        links = "".join(f'<li><a href="{self.base}{href}">{text}</a></li>' for text, href in self.menu().items())
        return f'<div class="header"><div class="mainnav"><ul>{links}</ul></div></div>'

    def home_marks(self) -> str:
        return marks(None, 1) + "\n"
