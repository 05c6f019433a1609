"""Hanweb (jcms): a column's rows come as XML records from dataproxy.jsp, on newer sites as JSON from the jpaas gateway.

The column's page holds the first group of records in a script, or none. Articles are /art/YYYY/M/D/art_COL_ID.html, month
and day without zeros; the same id under another column is the same article.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from html import escape
from typing import Any, ClassVar
from urllib.parse import quote

from .messages import Reply, Request
from .replica import Document, Replica

COLUMNS = (77917, 78218)
WEB, UNIT = 67, 303917
TEMPLATE = "8xVq2TnKc41LmRwYz0Hd"
PROXIES = {
    "new": "/module/web/jpage/dataproxy.jsp",
    "old": "/module/jpage/dataproxy.jsp",
    "strict": "/qxq/module/jslib/jquery/jpage/dataproxy.jsp",
}
GATEWAYS = {
    "jpaas": "/api-gateway/jpaas-publish-server/front/page/build/unit",
    "unit": "/qxq/api-gateway/jpaas-publish-server/front/page/build/unit",
}
SENT = {"col": "1", "appid": "5", "path": "/qxq/", "sourceContentType": "3", "permissiontype": "2", "lang": "zh_CN"}
"""What the script of a strict site sends beside its numbers; without any one of it, or by GET, nothing is answered."""
GROUP = 3
"""Pages in a group of records."""


class Hanweb(Replica):
    """A portal on Hanweb. `proxy` is where its lists come from: new, old, strict, jpaas or unit; the others answer 404.

    `strict` and `unit` answer only to what the page's own script sends: by POST, all of submitParam; the page in paramJson.
    """

    platform = "hanweb"
    first_number: ClassVar[int] = 11_830_000
    known_quirks: ClassVar[dict[str, str]] = {
        "frame": "a menu and a foot link articles, the same on every page",
        "same-page": "page numbers and record ranges are ignored",
        "total-larger": "seven records more are announced than there are",
        "total-shrinks": "the announced total is smaller from the second page on",
        "empty": "the service answers no records",
        "no-dates": "records have no dates",
        "no-static-group": "the column's page holds no records",
    }

    def __init__(self, *args: Any, proxy: str = "new", **named: Any) -> None:
        if proxy not in PROXIES | GATEWAYS:
            raise ValueError(f"unknown proxy {proxy}")
        self.proxy = proxy
        super().__init__(*args, **named)

    @property
    def listing_url(self) -> str:
        return f"{self.base}/col/col{COLUMNS[0]}/index.html"

    @property
    def listings(self) -> tuple[str, ...]:
        second = any(document.second_column for document in self.listed)
        return tuple(f"{self.base}/col/col{column}/index.html" for column in COLUMNS[: 1 + second])

    @property
    def numbers(self) -> dict[str, Any]:
        path = (PROXIES | GATEWAYS)[self.proxy]
        return {"columns": COLUMNS, "webid": WEB, "unitid": UNIT, "tplSetId": TEMPLATE, "service": self.base + path}

    def path(self, document: Document, column: int = COLUMNS[0]) -> str:
        """The article's path in a column."""
        year, month, day = (int(part) for part in document.day.split("-"))
        return f"/art/{year}/{month}/{day}/art_{column}_{document.number}.html"

    def url(self, document: Document) -> str:
        return document.elsewhere or self.base + self.path(document)

    def aliases(self, document: Document) -> tuple[str, ...]:
        return (self.base + self.path(document, COLUMNS[1]),) if document.second_column else ()

    def respond(self, request: Request) -> Reply | None:
        if match := re.fullmatch(r"/col/col(\d+)/(?:index\.html)?", request.path):
            return self.html(self.page(int(match[1])), self.newest) if int(match[1]) in COLUMNS else None
        if request.path == PROXIES.get(self.proxy):
            return self.records(request)
        if request.path == GATEWAYS.get(self.proxy):
            return self.unit(request)
        if match := re.fullmatch(r"/art/\d+/\d+/\d+/art_(\d+)_(\d+)\.html", request.path):
            document = self.by_number.get(int(match[2]))
            columns = COLUMNS[: 1 + document.second_column] if document else ()
            if document and request.path in {self.path(document, column) for column in columns}:
                return self.show(document, self.article(document))
        if match := re.fullmatch(r"/picture/0/(\d+)_(\d)\.png", request.path):
            document = self.by_number.get(int(match[1]))
            return self.picture(document, int(match[2])) if document else None
        return None

    # The lists

    def column(self, number: int) -> list[Document]:
        """What a column lists."""
        return [document for document in self.listed if number == COLUMNS[0] or document.second_column]

    def record(self, document: Document, column: int) -> str:
        """One entry: the link's text is cut, its title whole."""
        shown = document.title if len(document.title) <= 26 else document.title[:25] + "…"
        href = document.elsewhere or self.path(document, column)
        date = "" if "no-dates" in self.quirks else f"<span>{document.day}</span>"
        title = escape(document.title)
        return f'<li class="cf"><a target="_blank" href="{href}" title="{title}">{escape(shown)}</a>{date}</li>'

    def datastore(self, column: int, entries: Sequence[Document], total: int, size: int, following: int) -> str:
        """Records as XML; `following` is the number of the next group, 0 for none."""
        query = f"page={following}&appid=1&webid={WEB}&path=/&columnid={column}&unitid={UNIT}&permissiontype=0"
        group = f'<nextgroup><![CDATA[<a href="{PROXIES.get(self.proxy)}?{query}"></a>]]></nextgroup>\n'
        records = "".join(f"<record><![CDATA[{self.record(d, column)}]]></record>\n" for d in entries)
        return (
            f"<datastore>\n<totalrecord>{total}</totalrecord>\n<totalpage>{-(-total // size)}</totalpage>\n"
            f"{group if following else ''}<recordset>\n{records}</recordset>\n</datastore>"
        )

    def total(self, column: int, *, is_first: bool) -> int:
        """The announced total."""
        total = len(self.column(column)) + 7 * ("total-larger" in self.quirks)
        return total - 7 * ("total-shrinks" in self.quirks and not is_first)

    def records(self, request: Request) -> Reply:
        """dataproxy.jsp by GET or POST: a range of records, or a group by its number, counted from 1."""
        column = _number(request.value("columnid"), 0)
        ours = request.value("webid") == str(WEB) and column in COLUMNS
        if self.proxy == "strict":
            sent = SENT | {"webname": self.site, "unitid": str(UNIT)}
            ours = ours and request.method == "POST" and sent.items() <= request.form.items()
        listed = self.column(column) if ours else []
        size = _number(request.value("perpage"), self.page_size * GROUP)
        first = 1
        following = 0
        if request.value("startrecord"):
            first, last = _number(request.value("startrecord"), 1), _number(request.value("endrecord"), size)
        else:
            number = _number(request.value("page"), 1)
            first, last = (number - 1) * size + 1, number * size
            following = number + 1 if last < len(listed) else 0
        if "same-page" in self.quirks:
            first, last = 1, last - first + 1
        entries = [] if "empty" in self.quirks else listed[max(first, 1) - 1 : last]
        total = self.total(column, is_first=first == 1)
        text = self.datastore(column, entries, total, size, following)
        return Reply(body=text.encode(), content_type="text/xml;charset=UTF-8")

    def unit(self, request: Request) -> Reply:
        """The jpaas gateway: JSON that holds HTML."""
        column = _number(request.value("pageId"), 0)
        ours = request.value("webId") == str(WEB) and request.value("tplSetId") == TEMPLATE
        wrong = self.proxy == "unit" and (request.method != "POST" or "pageNo" in request.form | request.query)
        if not ours or wrong or column not in COLUMNS or request.value("parseType") != "bulidstatic":
            text = json.dumps(
                {"success": False, "code": "500", "message": "参数错误", "data": None}, ensure_ascii=False
            )
            return Reply(body=text.encode(), content_type="application/json;charset=UTF-8")
        asked = json.loads(request.value("paramJson", "{}") or "{}")
        size = _number(str(asked.get("pageSize", request.value("rows"))), self.page_size)
        number = _number(str(asked.get("pageNo", request.value("pageNo"))), 1)
        total = self.total(column, is_first=number == 1)
        number = 1 if "same-page" in self.quirks else number
        entries = [] if "empty" in self.quirks else self.column(column)[(number - 1) * size : number * size]
        rows = "".join(self.record(document, column) for document in entries)
        pager = f'<div class="pagination" pageno="{number}" pagesize="{size}" count="{total}"></div>'
        html = f'<div id="信息列表"><ul class="page-content">{rows}</ul>{pager}</div>'
        answer = {"success": True, "code": "200", "message": "", "data": {"html": html}}
        text = json.dumps(answer, ensure_ascii=False)
        return Reply(body=text.encode(), content_type="application/json;charset=UTF-8")

    def page(self, column: int) -> str:
        """The column's page: the list's script with its numbers, and the first group of records on jpage sites."""
        name = quote(self.site)
        if self.proxy in GATEWAYS:
            more = f",'paramJson':{{'pageNo':1,'pageSize':{self.page_size}}}" if self.proxy == "unit" else ""
            method = ' method="post"' if self.proxy == "unit" else ""
            query = (
                f"{{'parseType':'bulidstatic','webId':'{WEB}','tplSetId':'{TEMPLATE}','pageType':'column',"
                f"'tagId':'信息列表','editType':'null','pageId':'{column}'{more}}}"
            )
            listing = (
                f'<script type="text/javascript" src="/script/jpaas-list.js" url="{GATEWAYS[self.proxy]}"{method} '
                f'queryData="{query}"></script>'
            )
        else:
            size = self.page_size * GROUP
            total = self.total(column, is_first=True)
            group = self.column(column)[:size]
            following = 1 if "no-static-group" in self.quirks else 2 if total > size else 0
            entries = [] if "no-static-group" in self.quirks else group
            script = self.strict_script(column, name) if self.proxy == "strict" else self.script(column, name, total)
            listing = f"""<div id="{UNIT}" class="default_pgContainer"></div>
<script type="text/xml">{self.datastore(column, entries, total, size, following)}</script>
<script language="javascript" src="/script/pager/jquery-pager-1.0.js"></script>
<script type="text/javascript">
{script}
</script>"""
        return f"""<!DOCTYPE html>
<html>
<head>
<meta charset="utf-8">
<meta name='WebId' content='{WEB}'>
{self.metas()}
<title>{self.site} 政府信息公开年报</title>
<script language="javascript" src="/module/jslib/jquery/jquery.js"></script>
</head>
<body>
<div id="hiddenLocation" style="display:none;"><span id="ss_webid">{WEB}</span></div>
<table><tr><td>当前位置：<a href="/">首页</a></td><td> &gt;<a href="/col/col{column}/index.html">政府信息公开年报</a></td></tr></table>
<div class="list">
{listing}
</div>
<a href="http://www.hanweb.com" style="display:none">Produced By 大汉网络 大汉版通发布系统</a>
</body>
</html>
"""

    def script(self, column: int, name: str, total: int) -> str:
        """The call that fills the list."""
        return f"""$("#{UNIT}").jpage({{perpage:{self.page_size},groupsize:{GROUP},totalRecord:{total},
 proxyUrl:'{PROXIES[self.proxy]}',proxyParam:{{"col":1,"appid":1,"webid":{WEB},"path":"/","columnid":{column},
 "sourceContentType":1,"unitid":{UNIT},"webname":"{name}","permissiontype":0}}}});"""

    def strict_script(self, column: int, name: str) -> str:
        """The same of a strict site, below the call of another list: news."""
        sent = ", ".join(f"{key}: '{value}'" for key, value in SENT.items())
        service = PROXIES[self.proxy]
        return f"""var webid = {WEB}; // of the site
var listParam = {{ {sent}, webid: webid, columnid: "{column}",
  unitid: '{UNIT}', webname: decodeURIComponent('{name}') }};
jQuery('#41').jpage({{ perPage: 6, proxyUrl: '{service}', submitParam: {{ columnid: 41, unitid: 42, webid: webid }} }});
jQuery('#{UNIT}').jpage({{ themeName: 'default', dataBefore: '<ul class="list{{}}">', dataAfter: '</ul>',
  groupSize: 2, perPage: {self.page_size}, proxyUrl: '{service}', type: "post",
  callback: function(data) {{ if (data) {{ $('#page').text('共' + data.length + '条'); }} }},
  submitParam: listParam }});"""

    def article(self, document: Document) -> str:
        """An article: the text between comments in #zoom, the source between comments of its own."""
        more = {"i_columnid": str(COLUMNS[0]), "i_articleid": str(document.number), "WebId": str(WEB)}
        metas = self.metas(document, **more).replace('name="ContentSource"', 'name="contentSource"')
        body = self.body(document, lambda n: f"/picture/0/{document.number}_{n}.png")
        return f"""<!DOCTYPE html>
<html>
<head>
<meta charset="utf-8">
{metas}
<title>{escape(document.title)}</title>
</head>
<body><div id="hiddenLocation" style="display:none;"><span id="ss_webid">{WEB}</span></div>
<table><tr><td>当前位置：<a href="/">首页</a></td><td> &gt;<a href="/col/col{COLUMNS[0]}/index.html">政府信息公开年报</a></td></tr></table>
<div class="main">
 <h1 class="title"><!--<$[信息标题]>begin-->{escape(document.title)}<!--<$[信息标题]>end--></h1>
 <div class="info"><span>发布日期：{document.published}</span>
  <span>信息来源：<!--<$[信息来源]>begin-->{escape(document.source)}<!--<$[信息来源]>end--></span></div>
 <div class="main-txt" id="zoom">
<!--<$[信息内容]>begin--><!--ZJEG_RSS.content.begin--><meta name="ContentStart">{body}\
<meta name="ContentEnd"><!--ZJEG_RSS.content.end--><!--<$[信息内容]>end-->
 </div>
</div>
<a href="http://www.hanweb.com" style="display:none">Produced By 大汉网络 大汉版通发布系统</a>
</body>
</html>
"""

    def home_marks(self) -> str:
        return f"<meta name='WebId' content='{WEB}'>\n<script src=\"/module/jslib/jquery/jquery.js\"></script>\n"


def _number(text: str, default: int) -> int:
    return int(text) if text.isdecimal() and int(text) else default
