"""UCAP (开普): a column's rows come as JSON from /common/search/{channel}; articles carry the tag UCAPCONTENT."""

from __future__ import annotations

import json
import re
from datetime import datetime
from html import escape
from typing import Any, ClassVar

from .gkmlpt import seconds
from .messages import Reply, Request
from .replica import Document, Replica

CHANNEL = "817052cb917d4d0d8217824e7a3aca53"
COLUMN = "/zfxxgk/c101917/zfxxgk_nb.shtml"


class Ucap(Replica):
    """A portal on UCAP."""

    platform = "ucap"
    first_number: ClassVar[int] = 7_650_000
    known_quirks: ClassVar[dict[str, str]] = {
        "same-page": "the page number is ignored",
        "total-larger": "the total is seven more than there are",
        "total-shrinks": "the total is smaller from the second page on",
        "empty": "the search answers no results",
        "no-dates": "results have no dates",
        "wrong-epoch": "publishedTime disagrees with publishedTimeStr by a year",
    }

    @property
    def listing_url(self) -> str:
        return self.base + COLUMN

    @property
    def numbers(self) -> dict[str, Any]:
        query = f"page=1&_pageSize={self.page_size}&_isAgg=true&_isJson=true&_template=index"
        return {"channel": CHANNEL, "api": f"{self.base}/common/search/{CHANNEL}?{query}"}

    def url(self, document: Document) -> str:
        return document.elsewhere or f"{self.base}/zfxxgk/c101917/c{document.number}/content.shtml"

    def respond(self, request: Request) -> Reply | None:
        if request.path == COLUMN:
            return self.html(self.page(), self.newest)
        if request.path == f"/common/search/{CHANNEL}":
            return self.search(request)
        if match := re.fullmatch(r"/zfxxgk/c101917/c(\d+)/content\.shtml", request.path):
            document = self.by_number.get(int(match[1]))
            return self.show(document, self.article(document)) if document else None
        if match := re.fullmatch(r"/zfxxgk/c101917/c(\d+)/images/(\d)\.png", request.path):
            document = self.by_number.get(int(match[1]))
            return self.picture(document, int(match[2])) if document else None
        return None

    def search(self, request: Request) -> Reply:
        """A page of results, counted from 1."""
        size = request.query.get("_pageSize", "")
        rows = min(100, int(size)) if size.isdecimal() and int(size) else self.page_size
        page = request.query.get("page", "")
        number = int(page) if page.isdecimal() and int(page) else 1
        total = len(self.listed) + 7 * ("total-larger" in self.quirks)
        total -= 7 * ("total-shrinks" in self.quirks and number > 1)
        first = 0 if "same-page" in self.quirks else (number - 1) * rows
        entries = [] if "empty" in self.quirks else self.listed[first : first + rows]
        results = [self.result(document) for document in entries]
        answer = {"data": {"total": total, "page": number, "rows": rows, "results": results}}
        return Reply(body=json.dumps(answer, ensure_ascii=False).encode(), content_type="application/json")

    def result(self, document: Document) -> dict[str, Any]:
        """A result; its address has no scheme."""
        epoch = seconds(document.published) * 1000
        told = {"publishedTime": epoch, "publishedTimeStr": document.published + ":00"}
        if "wrong-epoch" in self.quirks:
            told["publishedTime"] = epoch + 365 * 86_400_000
        if "no-dates" in self.quirks:
            told = {"publishedTime": None, "publishedTimeStr": ""}
        about = {"refno": "", "pubdate": told["publishedTimeStr"], "source": document.source}
        return {
            "manuscriptId": str(document.number),
            "title": document.title,
            "subTitle": "",
            "url": self.url(document).partition(":")[2] if not document.elsewhere else document.elsewhere,
            "content": "",
            "contentHtml": "",
            **told,
            "domainMetaList": [{"resultList": [{"key": key, "value": value} for key, value in about.items()]}],
        }

    def head(self, title: str, metas: str) -> str:
        """Head and breadcrumb."""
        return f"""<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="zh_CN" lang="zh_CN">
<head>
<meta charset="utf-8">
{metas}
<meta name="template,templategroup,version" content="56e13a7de5c1448db74b2743da3aaf7a,default,11.3" />
<title>{escape(title)}- {self.site}</title>
</head>
<body>
<div class="szfdq">您当前的位置：<a href="/">首页</a>&gt;<a href="{COLUMN}">政府信息公开年报</a></div>"""

    def page(self) -> str:
        """The column's page: an empty list and the script that fills it."""
        return f"""{self.head("政府信息公开年报", self.metas())}
<div class="list"><ul id="list"></ul><div id="page"></div></div>
<script>
var channelId = "{CHANNEL}";
var pageSize = {self.page_size};
$.get("/common/search/" + channelId + "?page=1&_pageSize=" + pageSize + "&_isAgg=true&_isJson=true&_template=index",
  function(answer) {{ render(answer.data.results, answer.data.total); }});
</script>
</body>
</html>
"""

    def article(self, document: Document) -> str:
        """An article: the title and the text are in tags of the system's own."""
        shown = datetime.fromisoformat(document.published)
        body = self.body(document, lambda n: f"images/{n}.png")
        return f"""{self.head(document.title, self.metas(document))}
<div id="content">
<h2><UCAPTITLE>{escape(document.title)}</UCAPTITLE></h2>
<ul class="xx"><li>{shown:%Y年%m月%d日 %H时%M分}</li><li style="width:300px;">来源:
 {escape(document.source)}</li></ul>
<div id="cmsArticleContent">
<UCAPCONTENT>
{body}
</UCAPCONTENT>
</div>
<div id="tblAppendixContainer" class=" relatedlinks"><table width="100%" id="tblAppendix"></table></div>
</div>
</body>
</html>
"""

    def home_marks(self) -> str:
        return (
            '<meta name="template,templategroup,version" content="56e13a7de5c1448db74b2743da3aaf7a,default,11.3" />\n'
        )
