"""gkmlpt (广东省政府信息公开平台): an index with the tree of categories, and a JSON listing of 100 a page.

The text of an article is in `window._CONFIG.DETAIL.content`, rendered beside it or not. Page 0 of the listing is
page 1.
"""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from html import escape
from typing import Any, ClassVar

from . import nfcms, office
from .figures import draw
from .messages import Reply, Request
from .replica import CHINA, Document, Replica

CATEGORY = 15917
POST_PATH = "/zwgk/zfxxgkml/xxgkml/zfxxgkndbg/content/"


def seconds(published: str) -> int:
    """Unix seconds of a Chinese date and time."""
    return int(datetime.fromisoformat(published).replace(tzinfo=CHINA).timestamp())


class Gkmlpt(Replica):
    """A catalogue on gkmlpt; `prefix` is the path of a sub-site, such as `/qxqjyj`."""

    platform = "gkmlpt"
    known_quirks: ClassVar[dict[str, str]] = {
        "same-page": "the page number is ignored: every page is the first",
        "total-larger": "the announced total is seven more than there are",
        "total-shrinks": "the announced total is smaller from the second page on",
        "empty": "the listing announces its total and gives no article",
        "html-error": "pages from the second on are an HTML error page with status 200",
        "no-dates": "articles are listed without dates",
        "detail-only": "every article's text is in the script alone",
        "files-in-script": "the tables are in a Word file that the script alone names",
    }

    def __init__(self, *args: Any, prefix: str = "", **named: Any) -> None:
        named.setdefault("page_size", 100)
        self.prefix = prefix
        super().__init__(*args, **named)

    @property
    def listing_url(self) -> str:
        return f"{self.base}{self.prefix}/gkmlpt/index"

    @property
    def numbers(self) -> dict[str, Any]:
        """`sid` and `category` as the index names them, and the listing's first page."""
        sid = str(nfcms.SITE_ID)
        api = f"{self.base}{self.prefix}/gkmlpt/api/all/{CATEGORY}?page=1&sid={sid}"
        return {"sid": sid, "category": CATEGORY, "api": api}

    def menu(self) -> dict[str, str]:
        links = super().menu()
        links["政府信息公开年报"] = f"{self.prefix}/gkmlpt/index#{CATEGORY}"
        return links | {"政府信息公开目录": f"{self.prefix}/gkmlpt/index"}

    def home_marks(self) -> str:
        return nfcms.marks(None, 1) + "\n"

    def url(self, document: Document) -> str:
        number = document.number
        path = f"content/{number // 1_000_000}/{number // 1_000}/post_{number}.html"
        return document.elsewhere or f"{self.base}{self.prefix}/gkmlpt/{path}"

    def aliases(self, document: Document) -> tuple[str, ...]:
        posts = f"{self.base}{self.prefix}{POST_PATH}"
        return f"{posts}post_{document.number}.html", f"{posts}mpost_{document.number}.html"

    def respond(self, request: Request) -> Reply | None:
        path = request.path.removeprefix(self.prefix)
        if path in {"/gkmlpt/index", "/gkmlpt/", "/gkmlpt"}:
            return self.html(self.index())
        if match := re.fullmatch(r"/gkmlpt/api/all/(\d+)", path):
            return self.listing(request) if int(match[1]) in {0, CATEGORY} else None
        if match := re.fullmatch(rf"(?:/gkmlpt/content/\d+/\d+/|{POST_PATH}m?)post_(\d+)\.html", path):
            document = self.by_number.get(int(match[1]))
            return self.show(document, self.article(document)) if document else None
        if match := re.fullmatch(r"/attachment/0/\d+/\d+/(\d+)\.docx", path):
            document = self.by_number.get(int(match[1]))
            return self.file(document) if document else None
        if match := re.fullmatch(r"/img/0/\d+/(\d+)/(\d)\.png", path):
            document = self.by_number.get(int(match[1]))
            return self.picture(document, int(match[2])) if document else None
        return None

    def file_url(self, document: Document) -> str:
        """The Word file of a report."""
        number = document.number
        return f"{self.base}{self.prefix}/attachment/0/{number // 1000}/{number}/{number}.docx"

    def file(self, document: Document) -> Reply | None:
        """The Word file's answer, which says nothing of its format."""
        if document.report is None:
            return None
        body = office.docx(document.report)
        return Reply(body=body, content_type="application/octet-stream", modified=document.modified)

    def index(self) -> str:
        """The catalogue's page: a script with the site's number and the tree of categories, no article."""

        def node(number: int, name: str, count: int, *children: dict[str, Any], jump: str = "") -> dict[str, Any]:
            return {"id": number, "name": name, "post_count": count, "jump_url": jump, "children": list(children)}

        tree = [
            node(1560, "政府信息公开指南", 1, jump="/gkmlpt/guide"),
            node(1561, "政府信息公开制度", 14, jump="/gkmlpt/policy"),
            node(
                1563,
                "法定主动公开内容",
                640,
                node(1564, "机构职能", 42),
                node(1571, "规范性文件", 96),
                node(1572, "规划计划与年度报告", 31),
                node(1573, "法治政府建设年度报告", 8),
            ),
            node(1580, "政府信息公开", 0, node(CATEGORY, "政府信息公开工作年报", len(self.listed))),
        ]
        text = json.dumps(tree).replace("/", "\\/")
        return f"""<!DOCTYPE html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
{self.metas(column="政府信息公开目录")}
<title>{self.site}信息公开平台</title>
<script>
window._CONFIG = {{
    DEBUG: false,
    SITE_TITLE: '{self.site}信息公开平台',
    SID: '{nfcms.SITE_ID}',
    PATH_PREFIX: '{self.prefix}',
    TREE: {text},
    SERVICE_AREA_ID: 4499990000,
    RULES: [ '/gkmlpt/policy' ], // 政府信息公开制度
    SHOW_ANNUAL_REPORT: true
}};
</script>
</head>
<body>
<div id="app" v-cloak>
  <div class="header"><h1>{self.site}信息公开平台</h1>
   <ul class="nav">
    <li><a href="{self.prefix}/gkmlpt/guide">政府信息公开指南</a></li>
    <li><a href="{self.prefix}/gkmlpt/index#1563">法定主动公开内容</a></li>
    <li class="active"><a href="{self.prefix}/gkmlpt/index#{CATEGORY}">政府信息公开工作年报</a></li>
   </ul></div>
  <div class="main"><classify-tree></classify-tree><article-list></article-list></div>
</div>
<script src="{self.prefix}/gkmlpt/js/index.js?v=20230418"></script>
</body>
</html>
"""

    def listing(self, request: Request) -> Reply:
        """A page of the JSON listing; without a page number the first, after the last one an empty list."""
        pages = self.pages()
        given = request.query.get("page", "1")
        number = max(1, int(given)) if given.isdecimal() else 1
        if "html-error" in self.quirks and number > 1:
            return self.html("<html><body><h2>系统繁忙，请稍后再试</h2></body></html>")
        if "same-page" in self.quirks:
            number = 1
        entries = pages[number - 1] if number <= len(pages) and "empty" not in self.quirks else []
        total = len(self.listed) + (7 if "total-larger" in self.quirks else 0)
        if "total-shrinks" in self.quirks and number > 1:
            total -= 7
        answer = {
            "classify": {"id": CATEGORY, "name": "政府信息公开工作年报", "post_count": total},
            "total": total,
            "articles": [self.entry(document) for document in entries],
        }
        text = json.dumps(answer, separators=(",", ":")).replace("/", "\\/")
        return Reply(body=text.encode(), content_type="application/json")

    def entry(self, document: Document) -> dict[str, Any]:
        """An article as the listing gives it; `date` is the day it was written, two days before."""
        shown = seconds(document.published)
        dates = {
            "date": seconds(self.written(document)),
            "created_at": document.published + ":00",
            "display_publish_time": shown,
        }
        if "no-dates" in self.quirks:
            dates = dict.fromkeys(dates, None)
        return {
            "id": document.number,
            "title": document.title,
            "document_number": "",
            "publisher": document.source,
            "keywords": "",
            **dates,
            "identifier": self.identifier(document),
            "classify_main": CATEGORY,
            "classify_main_name": "政府信息公开工作年报",
            "classify_genre_name": "报告",
            "classify_theme_name": "综合政务",
            "url": self.url(document),
            "post_url": document.elsewhere or self.aliases(document)[0],
            "attachment": [],
            "abstract": "",
            "relation": "[]",
            "is_expired": 0,
            "is_abolished": 0,
        }

    def written(self, document: Document) -> str:
        """The day it was signed (成文日期): two days before it was published."""
        return (datetime.fromisoformat(document.published) - timedelta(days=2)).strftime("%Y-%m-%d")

    def identifier(self, document: Document) -> str:
        """The index number (索引号)."""
        return f"11449999007{document.number % 1_000_000:06d}X/{document.day[:4]}-{document.number % 100_000:05d}"

    def article(self, document: Document) -> str:
        """The HTML of an article: one in three has its text in the script alone."""
        path = f"{self.prefix}/img/0/198/{document.number}/"
        body = self.body(document, lambda n: f"{path}{n}.png")
        files: list[dict[str, Any]] = []
        if "files-in-script" in self.quirks and document.report:
            body = "".join(f"<p>{escape(text)}</p>" for text in document.report.paragraphs())
            files = [{"id": 7, "name": f"{document.title}.docx", "type": "doc", "url": self.file_url(document)}]
        detail = {
            "id": document.number,
            "title": document.title,
            "publisher": document.source,
            "identifier": self.identifier(document),
            "document_number": "",
            "display_publish_time": seconds(document.published),
            "classify_main_name": "政府信息公开工作年报",
            "url": self.url(document),
            "content": body,
            "attachment": files,
        }
        script = json.dumps(detail, separators=(",", ":")).replace("/", "\\/").replace("<", "\\u003C")
        alone = "detail-only" in self.quirks or draw("detail", document.number).random() < 1 / 3
        title = escape(document.title)
        return f"""<!DOCTYPE html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
{self.metas(document, column="政府信息公开工作年报")}
<title>{title}</title>
{nfcms.marks(document, CATEGORY)}
<script>
window._CONFIG = {{
    DEBUG: false,
    SID: '{nfcms.SITE_ID}',
    PATH_PREFIX: '{self.prefix}',
    DETAIL: {script},
    SERVICE_AREA_ID: 4499990000
}};
</script>
</head>
<body>
<div id="app" v-cloak>
 <div class="location">当前位置：<a href="{self.prefix}/gkmlpt/index">政府信息公开目录</a></div>
 <div class="content">
  <div class="classify">
   <table width="100%" border="0" cellspacing="0" cellpadding="0">
    <tr><td class="first">索引号:</td><td><span>{self.identifier(document)}</span></td>
     <td class="first">分类:</td><td><span>政府信息公开工作年报</span></td></tr>
    <tr><td class="first">发布机构:</td><td><span>{escape(document.source)}</span></td>
     <td class="first">成文日期:</td><td><span>{self.written(document)}</span></td></tr>
    <tr><td class="first">名称:</td><td colspan="3"><span class="title document-number">{title}</span></td></tr>
    <tr><td class="first">文号:</td><td><span></span></td>
     <td class="first">发布日期:</td><td><span>{document.day}</span></td></tr>
    <tr><td class="first">主题词:</td><td colspan="3"><span></span></td></tr>
   </table>
  </div>
  <h1 class="title document-number">{title}</h1>
  <div class="date-row">发布日期：<span>{document.published}:00</span> 浏览次数：<span id="view">-</span></div>
  <div class="article-content">{"" if alone else body}</div>
 </div>
</div>
<script src="{self.prefix}/gkmlpt/js/detail.js?v=20230418"></script>
</body>
</html>
"""
