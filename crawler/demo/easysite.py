"""EasySite: articles are <number>/index.html, and so are some columns. The tree goes by year, and below by kind of body."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from typing import Any, ClassVar

from .messages import Reply, Request
from .replica import Document, Replica

ROOT = "/qxq/zwgk/nbgg/"
STREETS = "街道乡镇"


class EasySite(Replica):
    """A site on EasySite. `numbered` are the columns whose folders are numbers: none, years, streets or all."""

    platform = "beijing"
    first_number: ClassVar[int] = 4_710_000
    known_quirks: ClassVar[dict[str, str]] = {
        "no-dates": "the columns print no dates",
        "bare-titles": "columns of years are titled as a report would be: 2023年政府信息公开工作年度报告",
        "no-labels": "articles have no page labels",
        "dated-columns": "the rows of columns print dates",
        "folders": "links end in a slash instead of index.html",
    }

    def __init__(self, *args: Any, numbered: str = "none", extension: str = "html", **named: Any) -> None:
        if numbered not in {"none", "years", "streets", "all"}:
            raise ValueError(f"unknown folders {numbered}")
        self.numbered, self.extension = numbered, extension
        super().__init__(*args, **named)

    @property
    def listing_url(self) -> str:
        return self.base + self.index(ROOT)

    def index(self, folder: str) -> str:
        """The address of a folder."""
        return folder if "folders" in self.quirks else f"{folder}index.{self.extension}"

    def year_folder(self, year: str) -> str:
        return f"{ROOT}{f'18{year}6' if self.numbered in {'years', 'all'} else f'{year}nb'}/"

    def street_folder(self, year: str) -> str:
        name = f"29{year}" if self.numbered in {"streets", "all"} else "jdxz"
        return f"{self.year_folder(year)}{name}/"

    def years(self) -> list[str]:
        """Newest first."""
        return sorted({document.day[:4] for document in self.listed}, reverse=True)

    def in_column(self, year: str, *, streets: bool) -> list[Document]:
        """A year's documents: those of subdistricts and towns, or the others."""
        own = [document for document in self.listed if document.day.startswith(year)]
        return [d for d in own if bool(re.search(r"街道|镇|乡", d.source)) is streets]

    def folder(self, document: Document) -> str:
        """An article's folder, in that of its column."""
        year = document.day[:4]
        streets = document in self.in_column(year, streets=True)
        return f"{self.street_folder(year) if streets else self.year_folder(year)}{document.number}/"

    def url(self, document: Document) -> str:
        return document.elsewhere or self.base + self.index(self.folder(document))

    def respond(self, request: Request) -> Reply | None:
        folder, _, name = request.path.rpartition("/")
        folder += "/"
        if match := re.fullmatch(r"/qxq/images/(\d+)_(\d)\.png", request.path):
            document = self.by_number.get(int(match[1]))
            return self.picture(document, int(match[2])) if document else None
        number = re.fullmatch(rf"(?:index(?:_(\d+))?\.{self.extension})?", name)
        if number is None:
            return None
        if folder == ROOT:
            return self.html(self.root())
        for year in self.years():
            for streets, at in ((False, self.year_folder(year)), (True, self.street_folder(year))):
                if folder == at:
                    return self.column(year, streets=streets, number=int(number[1] or 1))
        document = self.find(self.folder, folder)
        return self.show(document, self.article(document)) if document and number[1] is None else None

    def head(self, title: str, metas: str) -> str:
        """Head and the site's frame: its menu has folders of numbers too."""
        menu = "".join(
            f'<li><a href="{self.index(f"/qxq/zwgk/jgzn/18100{n}/")}">{text}</a></li>'
            for n, text in enumerate(("领导之窗", "机构职能", "政府信息公开指南"))
        )
        return f"""<!DOCTYPE html>
<html>
<head>
<meta charset="utf-8">
<title>{escape(title)}</title>
{metas}
<script src="/eportal/uiFramework/easysite/easysite.js"></script>
</head>
<body>
<ul class="menu">{menu}</ul>
<div class="wz"><a href="{self.index("/qxq/")}">首页</a> &gt; <a href="{self.index(ROOT)}">政府信息公开年报</a></div>"""

    def root(self) -> str:
        """The columns of years."""
        titled = "bare-titles" in self.quirks
        dates = {year: f"<span>{year}-01-31</span>" if "dated-columns" in self.quirks else "" for year in self.years()}
        rows = "".join(
            f'<li><a href="{self.index(self.year_folder(year))}">{year}年{"政府信息公开工作年度报告" * titled}</a>{dates[year]}</li>\n'
            for year in self.years()
        )
        return f'{self.head("政府信息公开年报", self.metas())}\n<ul class="list">\n{rows}</ul>\n</body>\n</html>\n'

    def column(self, year: str, *, streets: bool, number: int) -> Reply | None:
        """A page of a column; the next page's address is kept for a script."""
        listed = self.in_column(year, streets=streets)
        pages = self.pages(listed)
        if not 1 <= number <= len(pages):
            return None
        at = self.street_folder(year) if streets else self.year_folder(year)
        rows = "".join(map(self.row, pages[number - 1]))
        if not streets and self.in_column(year, streets=True) and number == 1:
            rows = f'<li><a href="{self.index(self.street_folder(year))}">{STREETS}</a></li>\n{rows}'
        tag = f"{at}index_{number + 1}.{self.extension}" if number < len(pages) else "[NEXTPAGE]"
        pager = f'<p class="left"><a tagname="{tag}" title="下一页" href="javascript:void(0)">下一页</a></p>'
        return self.html(self.column_page(rows, pager), self.newest)

    def row(self, document: Document) -> str:
        """An entry: the date before the link."""
        date = "" if "no-dates" in self.quirks else f'<span class="fr">{document.day}</span>'
        title = escape(document.title)
        return f'<li>{date}<a href="{self.index(self.folder(document))}" title="{title}">{title}</a></li>\n'

    def column_page(self, rows: str, pager: str) -> str:
        return f'{self.head("政府信息公开年报", self.metas())}\n<ul class="list">\n{rows}</ul>\n{pager}\n</body>\n</html>\n'

    def article(self, document: Document) -> str:
        """An article in EasySite's boxes, with links to its neighbours."""
        body = self.body(document, lambda n: f"/qxq/images/{document.number}_{n}.png")
        metas = self.metas() if "no-labels" in self.quirks else self.metas(document)
        beside: Sequence[Document] = self.in_column(document.day[:4], streets=False)[:1]
        more = "".join(f'<p>上一篇：<a href="{self.index(self.folder(d))}">{escape(d.title)}</a></p>' for d in beside)
        return f"""{self.head(document.title, metas)}
<div class="easysite-news-title"><h2>{escape(document.title)}</h2>
<p class="easysite-news-describe">日期：{document.published}&nbsp;&nbsp;来源：<font id="xxly">{escape(document.source)}</font></p></div>
<div class="easysite-news-text" id="easysiteText">
{body}
</div>
{more}
</body>
</html>
"""

    def home_marks(self) -> str:
        return '<script src="/eportal/uiFramework/easysite/easysite.js"></script>\n'
