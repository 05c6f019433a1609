"""Annual reports by year: a tree of columns as Beijing's districts have them, and Hanweb's module with one page per year."""

from __future__ import annotations

import re
from html import escape
from typing import ClassVar

from . import faults
from .beijing import COLUMN, Beijing
from .hanweb import Hanweb
from .messages import Reply, Request
from .replica import Document

FOLDERS = ("gknb{}/", "{}nb/xzjd/", "{}n/index.shtml", "bm{}/")
"""How the folders of years are named, in turn: each redesign of the site has found another way."""
AREA = "11449999007600001X"
MODULE = "/module/xxgk/xxgkAnnualReport.jsp"


class BeijingTree(Beijing):
    """The root links a column for each year in which reports were published; every third one by way of a shell."""

    platform = "beijing"
    known_quirks: ClassVar[dict[str, str]] = {
        "empty-year": "the oldest year's column is a stub with status 200",
        "lost-year": "the newest year's column answers 404",
        "no-dates": "the columns print no dates",
    }

    def years(self) -> list[str]:
        """Newest first."""
        return sorted({document.day[:4] for document in self.listed}, reverse=True)

    def folder(self, year: str) -> str:
        """The column of a year."""
        return COLUMN + FOLDERS[int(year) % len(FOLDERS)].format(year)

    def respond(self, request: Request) -> Reply | None:
        if request.path == COLUMN:
            return self.html(self.root())
        for number, year in enumerate(self.years()):
            if request.path == f"{COLUMN}lm{year}/index.html" and number % 3 == 0:
                return self.html(f'<html><head><script>location.replace("{self.folder(year)}")</script></head></html>')
            if request.path == self.folder(year):
                if "lost-year" in self.quirks and number == 0:
                    return None
                if "empty-year" in self.quirks and number == len(self.years()) - 1:
                    return faults.REPLACEMENTS["deep-stub"]
                return self.html(self.year_page([d for d in self.listed if d.day.startswith(year)]))
        return super().respond(request) if request.path.endswith((".html", ".png")) else None

    def root(self) -> str:
        """Years, and no report."""
        shells = {year: f"lm{year}/index.html" for year in self.years()[::3]}
        links = "".join(f'<a href="{shells.get(year, self.folder(year))}">{year}年</a>\n' for year in self.years())
        return f'{self.head("政府信息公开年报")}\n<div class="years">{links}</div>\n</body>\n</html>\n'

    def year_page(self, documents: list[Document]) -> str:
        """A year's reports, with links to the other years beside them."""
        rows = "".join(
            f'<tr><td><a href="{COLUMN}{self.id(d)}.html">{escape(d.title)}</a></td>'
            f"<td>{'' if 'no-dates' in self.quirks else d.day}</td></tr>\n"
            for d in documents
        )
        beside = "".join(f'<li><a href="{self.folder(year)}">{year}年</a></li>' for year in self.years())
        return f'{self.head("政府信息公开年报")}\n<ul>{beside}</ul>\n<table class="list">{rows}</table>\n</body>\n</html>\n'


class HanwebModule(Hanweb):
    """The report of one body for each year, all at one address but for the year in the query; one report per year."""

    known_quirks: ClassVar[dict[str, str]] = {}

    def address(self, year: int | None) -> str:
        """The page of a report year."""
        return f"{self.base}{MODULE}?area={AREA}&fbtime={year}"

    @property
    def listing_url(self) -> str:
        return self.url(self.listed[0])

    @property
    def listings(self) -> tuple[str, ...]:
        return (self.listing_url,)

    def url(self, document: Document) -> str:
        return self.address(document.report.report_year if document.report else None)

    def aliases(self, document: Document) -> tuple[str, ...]:
        return ()

    def respond(self, request: Request) -> Reply | None:
        if request.path != MODULE:
            return super().respond(request)
        shown = [d for d in self.listed if d.report and str(d.report.report_year) == request.query.get("fbtime")]
        ours = request.query.get("area") == AREA and shown
        return self.html(self.year_page(shown[0]), shown[0].modified) if ours else None

    def year_page(self, document: Document) -> str:
        """A report, below the years that there are."""
        years = [d.report.report_year for d in self.listed if d.report]
        links = "".join(f'<li><a href="{escape(self.address(year))}">{year}年</a></li>' for year in years)
        return re.sub(r'(<div class="main">)', rf'<ul class="years">{links}</ul>\1', self.article(document), count=1)
