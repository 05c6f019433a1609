"""Titles: the title of a page, and whether a title is that of an annual report on open government information."""

from __future__ import annotations

import html
import re
from itertools import pairwise

from archive.media_types import DOCUMENT_EXTENSIONS, any_extension
from pipelines.blanks import collapse_blanks
from pipelines.html.article import Article
from pipelines.html.parsing import ParsedPage
from pipelines.metadata.agencies import full_name
from pipelines.metadata.dates import normalise

_SUBJECT = r"(?:政府|政务|部门|行政机关)?信\s*息\s*公\s*开"
_REPORT = (
    r"年度(?:工作)?报告|年度(?:工作)?(?:情况|总结)(?:的)?报告|工作(?:年度)?报告|年报|(?:情况|工作)的?(?:年度)?报告"
)
_REPORT_TITLE = re.compile(
    rf"{_SUBJECT}.{{0,24}}?(?:{_REPORT})|政务公开.{{0,14}}?(?:年度(?:工作)?报告|年报)|年度报告.{{0,6}}{_SUBJECT}"
)
_OTHER_TITLE = re.compile(
    r"的?(?:通知|函|公告|通告|通报|批复|意见|方案|办法|规定|细则|制度|要点|指南|目录|清单|说明|解读|答复|请示|讲话|简报|公示|报表|新闻|动态)"
    r"(?:[（(].*[)）])?[》”\"']?\s*$|"
    r"^(?:关于)?(?:印发|转发|做好|开展|报送|组织)|一图|图解|图说|图读|一张图|^(?:解读|读懂|H5)|"
    r"上半年|下半年|半年度|第[一二三四1-4]季度|季度|\d月份|月报|学年|"
    r"报告?(?:的)?(?:格式|模板|范本|样式|编制|填报)|公共企事业|召开|举办|推进会|培训|发布会|评估报告|工作计划|工作要点|[。；！？]"
)
COLUMN_TITLE = re.compile(r"^\W*(?:政府|政务|部门|法定)?信息公开(?:工作)?(?:年度(?:工作)?报告|年报)(?:列表)?\W*$")
TITLE_YEAR = re.compile(r"(?<!\d)(20[0-4]\d)(?!\d)")
_SUFFIX = re.compile(rf"\s*{any_extension(DOCUMENT_EXTENSIONS)}\W*$", re.IGNORECASE)


def without_suffix(title: str) -> str:
    """A title without the extension of the file that it is the name of.

    >>> without_suffix("2022年政府信息公开工作年度报告.pdf")
    '2022年政府信息公开工作年度报告'
    """
    return _SUFFIX.sub("", title)


def is_report_title(title: str) -> bool:
    """Whether a title is that of an annual report on open government information.

    Works on the titles of pages and on those of listing entries. Notices about reports, letters, half-year figures,
    pictures, news, and the reports on a government's whole work (政府工作报告) are not; neither is the bare name of the
    report, which is that of the column (docs/form.md, Titles, bodies and scope).
    """
    title = without_suffix(normalise(collapse_blanks(title)))
    if len(title) > 120 or not _REPORT_TITLE.search(title):
        return False
    return not (_OTHER_TITLE.search(title) or COLUMN_TITLE.match(title))


_CUT_SHORT = re.compile(r"(?:…|⋯|\.{2,}|。{2,})\W*$")
_SPEAKS_OF_IT = re.compile(r"公开|年报|年度|报告|20|二[〇○零]")
_SAYS_NOTHING = re.compile(
    r"^\W*(?:(?:20\d\d|二[〇○零ＯO0]\S{2})\s*年?\s*度?\s*)?(?:工作)?(?:年度)?(?:工作)?(?:报告|年报)?\W*"
    r"(?:附\s*件\s*\d*|(?:点击|文件|附件|全文|报告)?(?:下载|查看|阅读|浏览|打开)(?:全文|附件|详情|更多)?|点击此处|点击这里|详情|详细|全文|正文|更多|pdf|word|docx?|html?)?\W*$",
    re.IGNORECASE,
)


def is_cut_short(title: str) -> bool:
    """Whether a listing or a meta cut a title: it ends in dots."""
    return _CUT_SHORT.search(title) is not None


def says_nothing(title: str) -> bool:
    """Whether a title is bare: none, a year, 年报, 下载, 附件, 详情.

    >>> says_nothing("2019年"), says_nothing("附件1"), says_nothing("点击下载"), says_nothing("2019年决算")
    (True, True, True, False)
    """
    return _SAYS_NOTHING.match(without_suffix(normalise(collapse_blanks(title)))) is not None


_SITE = re.compile(
    r"^\W*(?:欢迎访问|中国)?[\u4e00-\u9fff·\s]{0,30}(?:人民政府(?:办公[室厅])?|政府|门户网站?|网站|官网|政务网|信息网|公开网|(?:信息|政务)公开(?:专栏|平台|网|栏目?)?)"
    r"\W*(?:门户)?(?:网站?)?\W*$|^\W*(?:首页|内容页?|信息内容|文章(?:内容|详情|页)?|详情页?|详细(?:信息|内容|页面)|无标题(?:文档|页)?|untitled.*|document)\W*$",
    re.IGNORECASE,
)


def names_site(title: str) -> bool:
    """Whether a title is that of a site or a template, the same on each of its pages.

    >>> names_site("青溪区人民政府门户网站"), names_site("详细内容"), names_site("2019年青溪区政府工作报告")
    (True, True, False)
    """
    return _SITE.match(title) is not None


def may_be_report_title(title: str) -> bool:
    """Whether an entry of a column of reports is to be asked for: its title is a report's, or too short to tell.

    A title that ends in dots is too short where nothing in it names another thing, and so is a bare one.
    """
    if is_report_title(title) or says_nothing(title):
        return True
    title = normalise(collapse_blanks(title))
    return is_cut_short(title) and _SPEAKS_OF_IT.search(title) is not None and not _OTHER_TITLE.search(title)


# --- title -----------------------------------------------------------------------------------------------------------

_TAGS = re.compile(r"<[^>]*(?:>|$)")
_SITE_TAIL = re.compile(
    r"\s*(?:_{1,2}|\s[-–—|]\s?|[-–—|]\s|[-–—|_](?=[^-–—|_]{0,20}(?:政府|门户|网站?|委员会|[局厅部办]|之窗)$)|\s_\s)\s*"
)
_HEADING_TAGS = ("h1", "h2", "h3", "ucaptitle")
_LONGEST_TITLE = 100
_SHORTEST_TITLE = 5
"""Characters of a line above the article that may be its title."""


def read_title(parsed: ParsedPage, article: Article, *, is_listing: bool = False) -> str | None:
    """The article's title without site name and markup, None where the page prints none.

    In the order of trust: the ArticleTitle of the national page labels, the JSON of a gkmlpt page, a heading or line
    above the article that the browser title repeats, a line that is a report's title, the browser title alone, any
    heading. A listing has the title of its column.
    """
    if parsed.root is None:
        return next(filter(_is_title, article.lines_above), None) or _title_over_lines(article.paragraphs[:4])
    metas = parsed.metas
    site = {collapse_blanks(metas.get(name, "")) for name in ("sitename", "columnname")} - {""}
    if stated := _title_in_metas(parsed, site):
        return stated
    browser_title = collapse_blanks("".join(next((t.itertext() for t in parsed.root.iter("title")), ())))
    if is_listing:
        return metas.get("columnname") or _without_site(browser_title, site) or None
    detail = parsed.gkmlpt_detail.get("title")
    if isinstance(detail, str) and detail.strip():
        return collapse_blanks(detail)
    return _title_in_text(parsed, article, browser_title, site)


def _title_in_metas(parsed: ParsedPage, site: set[str]) -> str | None:
    """ArticleTitle, made whole from a heading where it is cut short; None where it repeats the site or its column."""
    meta = parsed.metas.get("articletitle", "") or parsed.metas.get("ucaptitle", "")
    stated = collapse_blanks(_TAGS.sub("", html.unescape(meta)))
    if not stated or stated in site:
        return None
    if stated.endswith(("...", "…")):
        return next((h for h in _headings(parsed) if h.startswith(stated.rstrip(".…"))), stated)
    return stated


def _title_in_text(parsed: ParsedPage, article: Article, browser_title: str, site: set[str]) -> str | None:
    headings = [heading for heading in _headings(parsed) if len(heading) >= _SHORTEST_TITLE]
    above = [line for line in article.lines_above[:12] if _SHORTEST_TITLE <= len(line) <= _LONGEST_TITLE]
    repeated = browser_title.replace(" ", "")
    for line in [*headings, *above]:
        if line.replace(" ", "") in repeated and line not in site:
            return line
    for line in [*above, *article.paragraphs[:2]]:
        if _is_title(line):
            return line
    bare = _without_site(browser_title, site)
    beside = next((heading for heading in headings if heading in article.lines_above[:8]), None)
    if beside and bare not in article.lines_above:
        return beside  # on some portals the browser title is the site's on every page
    if bare and bare not in site:
        return bare
    return headings[0] if headings else None


def _is_title(line: str) -> bool:
    return len(line) < 80 and is_report_title(line)


_BODILESS = re.compile(rf"^\W*(?:20\d\d|二\S{{3}})?\s*年?度?\s*(?:{_SUBJECT}|政务公开)")


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
                own.extend(child.itertext())
            own.append(child.tail or "")
        text = collapse_blanks("".join(own))
        if text:
            found.append(text)
    return found


def _without_site(title: str, site: set[str]) -> str:
    for name in site:
        title = re.sub(rf"[\s_|–—-]+{re.escape(name)}\s*$", "", title)
        title = re.sub(rf"^{re.escape(name)}[\s_|–—-]+", "", title)
    parts = [p for p in _SITE_TAIL.split(title) if p]
    return parts[0] if parts else ""
