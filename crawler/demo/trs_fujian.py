"""TRS in the Fujian template: ten static rows, a hidden template for the rest, which POST /fjdzapp/search answers."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from html import escape
from typing import Any, ClassVar

from .gkmlpt import seconds
from .messages import Reply, Request
from .replica import Document
from .trs import Trs

CHANNEL = 229917
CLASS = 22917
SEARCH = "/fjdzapp/search"


class TrsFujian(Trs):
    """A portal in the Fujian template."""

    platform = "trs_fujian"
    first_number: ClassVar[int] = 760_000
    column: ClassVar[str] = "/zfxxgk/qrmzfjgzb/gkndbg/"
    extension: ClassVar[str] = "htm"
    known_quirks: ClassVar[dict[str, str]] = {
        "same-page": "the search ignores the page number",
        "total-larger": "recordCount and pageCount announce seven more than there are",
        "total-shrinks": "pageCount is one smaller from the second page on",
        "prepage-capped": "the search gives at most ten entries a page, whatever is asked for",
        "no-dates": "entries have no dates",
        "empty": "the search answers no entries",
        "string-dates": "docreltime is a string instead of milliseconds",
        "two-bytes": "the search answers two bytes with status 200",
    }

    def __init__(self, *args: Any, **named: Any) -> None:
        named.setdefault("page_size", 10)
        super().__init__(*args, **named)

    @property
    def listing_url(self) -> str:
        return f"{self.base}{self.column}"

    @property
    def numbers(self) -> dict[str, Any]:
        """`channel` and `chnlid` as the column's script names them, and where it asks for the rest."""
        return {"channel": CHANNEL, "chnlid": CLASS, "search": self.base + SEARCH}

    def respond(self, request: Request) -> Reply | None:
        if request.path == SEARCH:
            return self.search(request) if request.method == "POST" else self.html("")
        return super().respond(request)

    def listing(self, index: int) -> Reply | None:
        """The column's only static page; index_1.htm does not exist."""
        if index:
            return None
        return self.html(self.page(self.listed[:10], 0, 1), self.newest)

    def search(self, request: Request) -> Reply:
        """A page of the listing: channelid and classsql must be the column's, page counts from 1."""
        if "two-bytes" in self.quirks:
            return Reply(body=b"\r\n", content_type="text/html")
        ours = request.form.get("channelid") == str(CHANNEL) and f"chnlid={CLASS}" in request.form.get("classsql", "")
        asked = request.form.get("prepage", "10")
        size = min(500, max(1, int(asked))) if asked.isdecimal() else 10
        size = min(size, 10) if "prepage-capped" in self.quirks else size
        number = int(request.form.get("page", "1")) if request.form.get("page", "1").isdecimal() else 1
        number = 1 if "same-page" in self.quirks else max(1, number)
        listed = self.listed if ours and "empty" not in self.quirks else []
        count = -(-(len(listed) + 7 * ("total-larger" in self.quirks)) // size)
        if "total-shrinks" in self.quirks and number > 1:
            count -= 1
        entries = [self.entry(document) for document in listed[(number - 1) * size : number * size]]
        text = json.dumps({"pageCount": count, "data": entries}, ensure_ascii=False)
        return Reply(body=text.encode(), content_type="application/json;charset=UTF-8")

    def entry(self, document: Document) -> dict[str, Any]:
        """An entry as the search gives it."""
        time: int | str = seconds(document.published) * 1000
        if "string-dates" in self.quirks:
            time = document.published + ":00"
        if "no-dates" in self.quirks:
            time = ""
        return {
            "doctitle": document.title,
            "docpuburl": self.url(document),
            "chnldocurl": self.url(document),
            "docreltime": time,
            "pubdate": "" if "no-dates" in self.quirks else document.published + ":00",
            "fileno": "",
            "docsourcename": document.source,
            "puborg": document.source,
            "idxid": f"LC09917-06-01-{document.day[:4]}-{document.number % 1000:03d}",
            "chnlid": str(CLASS),
            "doctype": "20",
            "docid2": str(document.number),
        }

    def page(self, entries: Sequence[Document], index: int, count: int) -> str:
        """The column: static rows, the hidden template, and the script that names channel, class and total."""
        total = len(self.listed) + 7 * ("total-larger" in self.quirks)
        return f"""{self.head()}
  <body>
    <div class="warp info_public_bg">
      <div class="info_menu_list" role="navigation" des="政府信息公开"><ul>
        <li ms-class-1="on:paths[5]=='zfxxgkzn'"><h3><a href="{self.base}/zfxxgk/qrmzfjgzb/gkzn/">\
<span>政府信息<br>公开指南</span></a></h3></li>
        <li ms-class="on:paths[6]=='gkndbg'"><h3><a href="{self.listing_url}">\
<span>政府信息<br>公开年报</span></a></h3></li>
      </ul></div>
      <div class="tabs info_tabs" ms-controller="list">
        <div class="rules_tabs_01 rules_tabs_no_bg">
          <dl><dt class="trt-col-sm-24">标题</dt><dt class="trt-col-4">发布日期</dt></dl>
        </div>
        <div class="rules_tabs_01 rules_tabs_no_bg" ms-visible="showStatic">
{"".join(self.row(document) for document in entries)}        </div>
        <div class="rules_tabs_01 rules_tabs_no_bg" ms-visible="!showStatic" style="display: none">
          <dl ms-if="list.length>0" ms-repeat="list" ms-if-loop="$index<10">
            <dd class="trt-col-sm-24 text_align_left"><a href="{{{{el.chnldocurl}}}}" \
ms-attr-title="el.doctitle" ms-text="el.doctitle|html" target="_blank"></a></dd>
            <dd class="trt-col-4 text_align_left" ms-text="el.docreltime|date('yyyy-MM-dd')"></dd>
          </dl>
        </div>
        <div class="page_base" ms-controller="list_pagebar" ms-include-src="pgTemp" ms-if="pageCount>0"></div>
      </div>
    </div>
    <script>
    var SiteInfo = {{
        itpSiteId: 21,    //互动站点ID
        searchId: {CHANNEL}, //默认的文档检索频道的ID
        siteMsgType: "govSite"
    }};
    </script>
    <script>
        require(["list2.trsapi", "tools"], function(listModel, tools) {{
            listModel({{
                quickMode: "动静结合",
                maxStaticIndex: 1,
                listArgs: {{
                    channelid: SiteInfo.searchId,
                    classsql: "" || "chnlid={CLASS}",
                    sortfield: "-docorderpri,-docreltime"
                }},
                pagebar: {{
                    prepage: 10,
                    recordCount: '{total}',
                    pgTemp: "pgBar_xxgk.html",
                    pgCountMode: "recordCount",
                    displayNum: 2
                }}
            }});
        }});
    </script>
  </body>
</html>
"""

    def row(self, entry: Document) -> str:
        title = escape(entry.title)
        href = entry.elsewhere or f"./{self.file(entry)}"
        day = "" if "no-dates" in self.quirks else entry.day
        return f"""          <dl>
            <dd class="trt-col-sm-24 text_align_left">
              <a href="{href}" target="_blank" title="{title}">{title}</a>
            </dd>
            <dd class="trt-col-4 text_align_left">
              {day}
            </dd>
          </dl>
"""

    def article(self, document: Document, part: int) -> str:
        body = self.body(document, lambda n: f"./W0{document.number}{n}.png")
        if not re.search(r"class=[\"']?TRS_Editor", body):
            body = f"<div class=TRS_Editor>{body}</div>"
        return f"""{self.head(document)}
  <body>
    <div class="warp info_public_bg">
      <div class="breadcrumb"><ul><li><a href="../" class="CurrChnlCls">政府信息公开年度报告</a></li></ul></div>
      <div class="article_component" ms-controller="windowRoot">
        <div class="article_title_group"><div class="article_title text_align_center">
          {escape(document.title)}
        </div></div>
        <div class="article_extend">
          <span class="article_source">来源：{escape(document.source)}</span>
          <span class="article_time bf-pass">时间：{document.published}</span>
        </div>
        <div class="article_area" ms-controller="windowRoot" ms-class="font{{{{detailFont}}}}">
          <div class="article_content article_content_01 font_family_cn">
            {body}
          </div>
        </div>
        <div class="article_attachment" id="file_xmb" ms-if="''!=''||''!=''"><ul id="file_ul_fj">
        </ul></div>
      </div>
    </div>
    <script>
      require(["detailpage", "jquery"], function (detailpage, $) {{
        var qzbFile = ""; var apps = [ ];
        var docid = '{document.number}';
        $.ajax({{ url: "{SEARCH}", type: "post", data: {{ channelid: 100600, classsql: "(docid2=" + docid + ")" }} }});
      }});
    </script>
  </body>
</html>
"""

    def head(self, document: Document | None = None) -> str:
        return (
            super()
            .head(document)
            .replace("<html>", '<html ms-controller="windowRoot" ms-class-1="SLB:isSlb" ms-class-2="slb:isSlb">')
        )

    def home_marks(self) -> str:
        return f'<script>\nvar SiteInfo = {{\n    searchId: {CHANNEL},\n    siteMsgType: "govSite"\n}};\n</script>\n'
