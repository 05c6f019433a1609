"""The title of a page: its candidates, in the order of trust, and which of them is the article's."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from itertools import pairwise

from pipelines.blanks import collapse_blanks
from pipelines.html.article import Article
from pipelines.html.boxes import string_of
from pipelines.html.parsing import ParsedPage
from pipelines.metadata.agencies import full_name
from pipelines.metadata.dates import normalise
from pipelines.metadata.titles import SUBJECT, TITLE_YEAR, is_of_the_frame, is_report_title, says_nothing

_TAGS = re.compile(r"<[^>]*(?:>|$)")
_SITE_TAIL = re.compile(
    r"(?<!\s)\s*(?:_{1,2}|-{2,}|—{2}|\s[-–—|]\s?|[-–—|]\s|[-–—|_](?=[^-–—|_]{0,20}(?:政府|门户|网站?|委员会|[局厅部办]|之窗|公开)$)|\s_\s|[|｜»>]\s*)\s*"
)
_HEADING_TAGS = ("h1", "h2", "h3", "ucaptitle")
_LONGEST_TITLE = 100
_SHORTEST_TITLE = 5
"""Characters of a line above the article that may be its title."""
_NEAR = 12
"""Lines above the article among which its title is."""
_FAR = 40
"""Lines above the article among which a line that is a report's title is its."""
_BODILESS = re.compile(rf"^\W*+(?:20\d\d|二\S{{3}})?\s*+(?:年\s*+)?(?:度\s*+)?(?:{SUBJECT}|政务公开)")


def read_title(parsed: ParsedPage, article: Article, *, is_listing: bool = False) -> str | None:
    """The article's title without site name and markup, None where the page prints none.

    The first of the candidates that is no name of a site, a column or a body; a report's title with its year before one
    without. A listing has the title of its column.
    """
    if parsed.root is None:
        return next(filter(_is_title, article.lines_above), None) or _title_over_lines(article.paragraphs[:4])
    site = {collapse_blanks(parsed.metas.get(name, "")) for name in ("sitename", "columnname")} - {""}
    browser_title = collapse_blanks(next(map(string_of, parsed.root.iter("title")), ""))
    if is_listing:
        stated = next(_stated_titles(parsed, site), None)
        return stated or parsed.metas.get("columnname") or _without_site(browser_title, site) or None
    return _best(one for one in _candidates(parsed, article, browser_title, site) if one and one not in site)


def _best(candidates: Iterator[str]) -> str | None:
    """The first that is no name of the frame and says something; of a report's title without its year, one with it if there is any."""
    first: str | None = None
    for title in candidates:
        if not (is_of_the_frame(title) or says_nothing(title)):
            if is_report_title(title) and not _has_year(title):
                return next((one for one in candidates if is_report_title(one) and _has_year(one)), title)
            return title
        first = first or title
    return first


def _has_year(title: str) -> bool:
    return TITLE_YEAR.search(normalise(title)) is not None


def _candidates(parsed: ParsedPage, article: Article, browser_title: str, site: set[str]) -> Iterator[str]:
    """What may be the title, in the order of trust.

    The ArticleTitle of the national page labels, the JSON of a gkmlpt page, a heading or line above the article that the
    browser title repeats, a line that is a report's title, the browser title alone, any heading.
    """
    yield from _stated_titles(parsed, site)
    detail = parsed.gkmlpt_detail.get("title")
    if isinstance(detail, str):
        yield collapse_blanks(detail)
    bare = _without_site(browser_title, site)
    headings = [heading for heading in _headings(parsed) if len(heading) >= _SHORTEST_TITLE]
    above = [line for line in article.lines_above[:_NEAR] if _SHORTEST_TITLE <= len(line) <= _LONGEST_TITLE]
    yield from _repeated([*headings, *above], browser_title, bare)
    # an index table may stand between title and text
    lines = [line for line in [*headings, *article.lines_above[:_FAR], *article.paragraphs[:2]] if _is_title(line)]
    yield from sorted(lines, key=lambda line: not _has_year(line))
    beside = next((heading for heading in headings if heading in article.lines_above[:8]), None)
    if beside and bare not in article.lines_above:
        yield beside  # on some portals the browser title is the site's on every page
    yield bare
    yield from headings


def _stated_titles(parsed: ParsedPage, site: set[str]) -> Iterator[str]:
    """ArticleTitle, made whole from a heading where it is cut short; none where it repeats the site or its column."""
    meta = parsed.metas.get("articletitle", "") or parsed.metas.get("ucaptitle", "")
    stated = collapse_blanks(_TAGS.sub("", html.unescape(meta)))
    if not stated or stated in site:
        return
    if stated.endswith(("...", "…")):
        stated = next((h for h in _headings(parsed) if h.startswith(stated.rstrip(".…"))), stated)
    yield stated


def _repeated(lines: list[str], browser_title: str, bare: str) -> list[str]:
    """The lines that the browser title repeats: in its part about the article, the longest first, then elsewhere."""
    title, part = browser_title.replace(" ", ""), bare.replace(" ", "")
    dense = [(line.replace(" ", ""), line) for line in lines]
    inside = [line for own, line in dense if own in part]
    whole = [bare] if any(_BODILESS.match(line) and part.endswith(line.replace(" ", "")) for line in inside) else []
    if whole and (part in (own for own, _ in dense) or not is_report_title(bare)):
        whole = []
    rest = [line for own, line in dense if own in title and own not in part]
    return whole + sorted(inside, key=len, reverse=True) + rest


def _is_title(line: str) -> bool:
    return len(line) < 80 and is_report_title(line)


def _title_over_lines(lines: list[str]) -> str | None:
    """The title of a text: one of its first lines, with the body's name where that stands alone above; or two lines."""
    for number, line in enumerate(lines):
        if _is_title(line):
            above = lines[number - 1] if number else ""
            return above + line if _BODILESS.match(line) and full_name(above) else line
    for first, second in pairwise(lines):
        if len(first) < 40 and _is_title(first + second) and not first.startswith("附"):
            return first + second
    return None


def _headings(parsed: ParsedPage) -> list[str]:
    found = []
    for heading in parsed.root.iter(*_HEADING_TAGS):
        own = [heading.text or ""]
        for child in heading:
            # dates and buttons are in boxes of their own inside some headings
            if child.tag not in ("small", "div", "script", "style", "p"):
                own.append(string_of(child))
            own.append(child.tail or "")
        text = collapse_blanks("".join(own))
        if text:
            found.append(text)
    return found


def _without_site(title: str, site: set[str]) -> str:
    """The part of a browser title that is about the article: its first that names no site, column or body."""
    for name in site:
        title = re.sub(rf"[\s_|–—-]+{re.escape(name)}\s*$", "", title)
        title = re.sub(rf"^{re.escape(name)}[\s_|–—-]+", "", title)
    parts = [part for part in _SITE_TAIL.split(title) if part]
    reports = (part for part in parts if is_report_title(part) and _has_year(part))
    own = (part for part in parts if not is_of_the_frame(part))
    return next(reports, None) or next(own, None) or (parts[0] if parts else "")
