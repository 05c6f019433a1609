"""TRS WCM: listings whose further pages are named only in a script, articles tYYYYMMDD_ID.html beside their pictures.

The second page is index_1.html. A long article is split the same way: t…_ID.html, t…_ID_1.html.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from html import escape
from typing import Any, ClassVar

from . import faults
from .figures import draw
from .messages import Reply, Request
from .replica import Document, Replica

FUNCTION = """function createPageHTML(_nPageCount, _nCurrIndex, _sPageName, _sPageExt){
	if(_nPageCount == null || _nPageCount<=1){
		return;
	}
	var nCurrIndex = _nCurrIndex || 0;
	for(var i=0; i<_nPageCount; i++){
		var sPageName = (i == 0 ? _sPageName : (_sPageName + "_" + i))+ "." + _sPageExt;
		if(nCurrIndex == i)
			document.write("<a href='javascript:void(0)' class='on'>"+(i+1)+"</a>&nbsp;");
		else
			document.write("<a href='" + sPageName + "'>"+ (i+1) +"</a>&nbsp;");
	}
}"""


class Trs(Replica):
    """A portal on TRS. `pager` is how a listing names its pages; `split` cuts every n-th article in two."""

    platform = "trs"
    column: ClassVar[str] = "/gongkai/zfxxgk/zfxxgknb/qzf/"
    extension: ClassVar[str] = "html"
    first_number: ClassVar[int] = 2_300_000
    known_quirks: ClassVar[dict[str, str]] = {
        "frame": "a menu and a foot link articles, the same on every page",
        "same-page": "every page of the listing shows the first one's entries",
        "deep-stub": "pages from the third on are stubs with status 200",
        "total-larger": "the script announces one page more than there are; it answers 404",
        "repeat-last": "pages after the last one repeat it",
        "no-dates": "the listing prints no dates",
    }
    pagers: ClassVar[dict[str, str]] = {
        "createPageHTML": 'createPageHTML({count},{index},"index","html");',
        "createPage": 'createPage({count},{index},"index","html");',
        "countPage": "var countPage = {count}//共多少页\nvar currentPage = {index}//所在页从0开始",
    }

    def __init__(self, *args: Any, pager: str = "createPageHTML", split: int = 0, **named: Any) -> None:
        if pager not in self.pagers:
            raise ValueError(f"unknown pager {pager}; known: {', '.join(self.pagers)}")
        self.pager = pager
        self.split = split
        super().__init__(*args, **named)

    @property
    def listing_url(self) -> str:
        return f"{self.base}{self.column}index.html"

    def file(self, document: Document) -> str:
        """The article's file below the column; the date in it is the system's, days after the publication."""
        day = datetime.fromisoformat(document.published) + timedelta(days=draw("t", document.number).randint(0, 40))
        return f"{day:%Y%m}/t{day:%Y%m%d}_{document.number}.{self.extension}"

    def url(self, document: Document) -> str:
        return document.elsewhere or f"{self.base}{self.column}{self.file(document)}"

    def is_split(self, document: Document) -> bool:
        """Whether the article is published in two pages."""
        return bool(self.split and document.report and document.number % self.split == 0)

    def respond(self, request: Request) -> Reply | None:
        if not request.path.startswith(self.column):
            return None
        name = request.path.removeprefix(self.column)
        if match := re.fullmatch(rf"(?:index(?:_(\d+))?\.{self.extension})?", name):
            return self.listing(int(match[1] or 0))
        if match := re.fullmatch(r"\d{6}/W0(\d+)(\d)\.png", name):
            document = self.by_number.get(int(match[1]))
            return self.picture(document, int(match[2])) if document else None
        if match := re.fullmatch(rf"(\d{{6}}/t\d{{8}}_(\d+))(?:_(\d+))?(\.{self.extension})", name):
            document = self.by_number.get(int(match[2]))
            part = int(match[3] or 0)
            if document and match[1] + match[4] == self.file(document) and part <= self.is_split(document):
                return self.show(document, self.article(document, part))
        return None

    # The listing

    def listing(self, index: int) -> Reply | None:
        """A page of the column, counted from 0."""
        pages = self.pages()
        if "deep-stub" in self.quirks and 2 <= index < len(pages):
            return faults.REPLACEMENTS["deep-stub"]
        if index >= len(pages) and "repeat-last" not in self.quirks:
            return None
        entries = pages[0] if "same-page" in self.quirks else pages[min(index, len(pages) - 1)]
        count = len(pages) + ("total-larger" in self.quirks)
        return self.html(self.page(entries, index, count), self.newest)

    def page(self, entries: Sequence[Document], index: int, count: int) -> str:
        """The HTML of one page of the column."""
        call = self.pagers[self.pager].format(count=count, index=index)
        function = FUNCTION.replace("createPageHTML", self.pager) if self.pager != "countPage" else ""
        return f"""{self.head()}
<body>
<div class="main_wrap">
    <div class="headerBox"><a href="../szf/">市政府</a><a class="on" href="./">区政府</a></div>
    <div class="listBox">
{self.rows(entries)}
        <div class="pages" id="pageBox">
<script>
{function}
{call}
</script>
        </div>
    </div>
</div>
</body>
</html>
"""

    def rows(self, entries: Sequence[Document]) -> str:
        """The entries as the listing shows them, with relative addresses."""
        return (
            '        <ul class="list">\n' + "".join(f"            {self.row(d)}\n" for d in entries) + "        </ul>"
        )

    def row(self, entry: Document) -> str:
        """One entry."""
        title = escape(entry.title)
        date = "" if "no-dates" in self.quirks else f"<span>{entry.day}</span>"
        href = entry.elsewhere or f"./{self.file(entry)}"
        return f'<li><a href="{href}" target="_blank" title="{title}">{title}</a>{date}</li>'

    # The article

    def article(self, document: Document, part: int) -> str:
        """The HTML of an article, or of one of its two parts, counted from 0."""
        blocks = slice(None)
        pages = ""
        if self.is_split(document) and document.report:
            half = len(document.report.blocks()) // 2
            blocks = slice(half, None) if part else slice(half)
            name = self.file(document).partition("/")[2].partition(".")[0]
            pages = f'<script>\n{FUNCTION}\ncreatePageHTML(2,{part},"{name}","{self.extension}");\n</script>'
        body = self.body(document, lambda n: f"./W0{document.number}{n}.png", blocks)
        return f"""{self.head(document)}
<body>
<div class="main_wrap">
<div class="crumbsBox"><div id="breadcrumb">\
<a href="../../../../../" title="首页">首页</a>&nbsp;&gt;&nbsp;\
<a href="../" title="政府信息公开年报">政府信息公开年报</a></div></div>
    <div class="headerBox">
        <div class="header">
            <h1><p>{escape(document.title)}</p></h1>
            <div id="othermessage" class="clearfix">
                <p><span>日期：{document.published}&emsp;</span><span>来源：{escape(document.source)}</span></p>
            </div>
        </div>
    </div>
    <div class="mainTextBox"><div id="mainText">
            <div class="view TRS_UEDITOR trs_paper_default trs_web">{body}</div>
            {pages}
    </div></div>
</div>
</body>
</html>
"""

    def head(self, document: Document | None = None) -> str:
        """Doctype and head."""
        title = f"{escape(document.title)}_" if document else ""
        more = {"DocId": str(document.number), "ChnlId": "5917", "SiteId": "17"} if document else {}
        return f"""<!DOCTYPE html>
<html>
<head>
    <meta charset="utf-8">
    <title>{title}政府信息公开年报_{self.site}</title>
{self.metas(document, **more)}
</head>"""

    def home_marks(self) -> str:
        return '<meta name="SiteId" content="17">\n<script>var searchUrl = "/igs/front/search.jhtml";</script>\n'
