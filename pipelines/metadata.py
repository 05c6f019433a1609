"""What a page says of its document: title, dates, source, issuing body, report year, numbers.

Witnesses are asked in the order in which they have proved right: what is printed beside the article, the national meta
tags (PLATFORMS.md 0.1), the listing. What they leave open stays open and becomes a problem of kind `unsure`.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from crawler.items import Page, Problem, Report
from pipelines import bodies
from pipelines.dates import find_dates, first_date, is_date, normalise
from pipelines.document import Document
from pipelines.lines import squeeze
from pipelines.text import Article, lines_before

FIRST_REPORT_YEAR = 2007
"""The 条例 took effect on 2008-05-01; some bodies report on the year before."""

# --- is it an annual report ------------------------------------------------------------------------------------------

_SUBJECT = r"(?:政府|政务|部门|行政机关)?信\s*息\s*公\s*开|政务公开"
_REPORT = r"年度(?:工作)?报告|年度(?:工作)?(?:情况|总结)(?:的)?报告|工作(?:年度)?报告|年报|(?:情况|工作)的?(?:年度)?报告"
_REPORT_TITLE = re.compile(rf"(?:{_SUBJECT}).{{0,24}}?(?:{_REPORT})|(?:年度|年)报告?.{{0,8}}(?:{_SUBJECT})")
_OTHER_TITLE = re.compile(
    r"的?(?:通知|函|公告|通告|通报|批复|意见|方案|办法|规定|细则|制度|要点|指南|目录|清单|说明|解读|答复|请示|讲话|简报|公示)(?:[（(].*[)）])?[》”\"']?\s*$|"
    r"^(?:一图|图解|图说|图读|读懂|解读|H5)|一图读懂|一图了解|图解[：:｜|]|上半年|下半年|半年度|第[一二三四1-4]季度|季度|\d月份|月报|格式|模板|范本|样式|填报|编制(?:说明|要求)|"
    r"政府网站工作|法治政府|公共企事业|高等?校|大学|学院信息公开|召开|举办|开展.{0,12}培训|学习|部署|推进会|培训会|发布会|预决算|评估报告|第三方|考核|问卷|信访"
)
_TITLE_YEAR = re.compile(r"(?<!\d)(20[0-4]\d)(?!\d)")
_PAST_PLAN = re.compile(r"工作计划|工作总结(?!.{0,4}报告)")


def is_report_title(title: str) -> bool:
    """Whether a title is that of an annual report on open government information.

    Works on the titles of pages and on those of listing entries. Notices about reports, letters, half-year figures,
    pictures, news, and the reports on a government's whole work (政府工作报告) are not.
    """
    title = normalise(squeeze(title))
    if len(title) > 120 or not _REPORT_TITLE.search(title):
        return False
    return not (_OTHER_TITLE.search(title) or _PAST_PLAN.search(title))


_SECTIONS = [
    re.compile(rf"^[（(]?[一二三四五六七八]\s*[、.．)）]\s*{name}")
    for name in (
        r"(?:总体|基本|概述|概况|工作概)",
        r".{0,12}主动公开",
        r".{0,16}(?:收到和处理|依申请)",
        r".{0,16}(?:行政复议|行政诉讼)",
        r".{0,14}(?:存在的?(?:主要)?(?:问题|不足)|主要问题)",
        r"其他?[她它]?需要(?:报告|说明)",
        r".{0,10}(?:收费|费用)",
    )
]


def sections(paragraphs: list[str]) -> int:
    """How many of the report's fixed sections (FORM.md 1.3, and those of before 2019) have their heading in the text."""
    headings = [p for p in paragraphs if len(p) < 50]
    return sum(any(pattern.match(h) for h in headings) for pattern in _SECTIONS)


def is_listing(document: Document) -> bool:
    """Whether a page lists documents: no metas of an article, and the address of a folder or its index."""
    if document.kind != "html" or "articletitle" in document.metas or "pubdate" in document.metas:
        return False
    path = document.url.split("?")[0].split("#")[0]
    return bool(re.search(r"/(?:(?:index|list|default|col)(?:_?\d+)?(?:\.\w{2,5})?)?$", path)) and path.count("/") >= 3


# --- title -----------------------------------------------------------------------------------------------------------

_TAGS = re.compile(r"<[^>]*>")
_SITE_TAIL = re.compile(r"\s*(?:_{1,2}|\s[-–—|]\s?|[-–—|]\s|[-–—|_](?=[^-–—|_]{0,20}(?:政府|门户|网站?|委员会|[局厅部办]|之窗)$)|\s_\s)\s*")
_HEADING_TAGS = ("h1", "h2", "h3", "ucaptitle")


def read_title(document: Document, article: Article) -> str | None:
    """The article's title without site name and markup, None where the page prints none."""
    metas = document.metas
    if document.root is None:
        return next((line for line in article.before if is_report_title(line) and len(line) < 80), None)
    site = {squeeze(metas.get(name, "")) for name in ("sitename", "columnname")} - {""}
    stated = squeeze(_TAGS.sub("", html.unescape(metas.get("articletitle", "") or metas.get("ucaptitle", ""))))
    if stated and stated not in site:
        if not stated.endswith(("...", "…")):
            return stated
        whole = next((h for h in _headings(document) if h.startswith(stated.rstrip(".…"))), None)
        return whole or stated
    shown = squeeze("".join(next((t.itertext() for t in document.root.iter("title")), ())))
    if is_listing(document):
        return metas.get("columnname") or _without_site(shown, site) or None
    detail = document.detail.get("title")
    if isinstance(detail, str) and detail.strip():
        return squeeze(detail)
    headings = _headings(document)
    flat = shown.replace(" ", "")
    for heading in headings:
        if len(heading) >= 5 and heading.replace(" ", "") in flat and heading not in site:
            return heading
    above = [line for line in article.before[:12] if 5 <= len(line) <= 100]
    for line in above:
        if line.replace(" ", "") in flat and line not in site:
            return line
    for line in [*above, *article.paragraphs[:2]]:
        if is_report_title(line) and len(line) < 80:
            return line
    bare = _without_site(shown, site)
    if bare and bare not in site:
        return bare
    return next((h for h in headings if len(h) >= 5), None)


def _headings(document: Document) -> list[str]:
    found = []
    for heading in document.root.iter(*_HEADING_TAGS):
        own = [heading.text or ""]
        for child in heading:
            # dates and buttons stand in boxes of their own inside some headings
            if child.tag not in ("small", "div", "script", "style", "p"):
                own.extend(child.itertext())
            own.append(child.tail or "")
        text = squeeze("".join(own))
        if text:
            found.append(text)
    return found


def _without_site(title: str, site: set[str]) -> str:
    for name in site:
        title = re.sub(rf"[\s_|–—-]+{re.escape(name)}\s*$", "", title)
        title = re.sub(rf"^{re.escape(name)}[\s_|–—-]+", "", title)
    parts = [p for p in _SITE_TAIL.split(title) if p]
    return parts[0] if parts else ""


# --- dates -----------------------------------------------------------------------------------------------------------

_DATE_LABEL = re.compile(r"([\u4e00-\u9fff\s]*?)(?:时\s*间|日\s*期)(?:发\s*布)?\s*[:：]?\s*$|(发\s*[布表])\s*[于在]?\s*[:：]?\s*$")
_PUBLICATION = re.compile(r"(?:^|\s|发\s*布|公\s*布|公\s*开|刊\s*[发登载]|发\s*[表稿]|上\s*[传网]|更\s*新|推\s*送|录\s*入|编\s*辑|文\s*章|信\s*息|稿\s*件|新\s*闻)$")
"""What may stand before 时间 or 日期. Anything else (成文, 生成, 开始, 有效, 展会 …) dates something other than the publication."""


def read_dates(document: Document, article: Article, page: Page) -> dict[str, str]:
    """Every witness of the date of publication: printed, meta, listing, signature, url. ISO dates or minutes."""
    limit = page.captured_at
    metas = document.metas
    witnesses: dict[str, str | None] = {
        "printed": _printed_date([*article.before[:60], *article.after[:15]], limit),
        "meta": next(
            (d for name in ("pubdate", "publishdate", "published", "publishtime", "article:published_time") if (d := first_date(metas.get(name), limit))),
            None,
        ),
        "listing": next((e.date for e in page.entries if e.date and is_date(e.date, limit)), None),
        "signature": _signature_date(article.paragraphs, limit),
        "url": _url_date(page.url, limit),
    }
    return {name: date for name, date in witnesses.items() if date}


def _printed_date(lines: list[str], limit: str | None) -> str | None:
    """The date of the line nearest to the article that says when it was published."""
    unlabelled: str | None = None
    for i, line in enumerate(lines):
        if len(line) > 400:
            continue
        for found in find_dates(line, limit):
            before = normalise(line)[: found.start]
            if not before and i + 1 < len(lines) and lines[i + 1].endswith(("：", ":")):
                before = normalise(lines[i + 1])
            label = _DATE_LABEL.search(before)
            if label:
                if label[2] or _PUBLICATION.search(label[1]):
                    return found.value
                continue
            beside_source = "来源" in line and len(line) < 120
            if beside_source or (len(before.strip()) <= 2 and len(line) < 60):
                if beside_source:
                    return found.value
                unlabelled = unlabelled or found.value
    return unlabelled


def _signature_date(paragraphs: list[str], limit: str | None) -> str | None:
    for line in reversed(paragraphs[-8:]):
        if len(line) <= 60 and (dates := find_dates(line, limit)) and len(normalise(line)) - dates[-1].end <= 3:
            return dates[-1].value[:10]
    return None


_URL_DATE = re.compile(r"/t(20\d\d)(\d\d)(\d\d)_\d+|/(20\d\d)[-/](\d{1,2})[-/](\d{1,2})/|/(20\d\d)(\d\d)(\d\d)/|/(20\d\d)-(\d\d)/(\d\d)/|/(20\d\d)/(\d\d)-(\d\d)/")


def _url_date(url: str, limit: str | None) -> str | None:
    found = _URL_DATE.search(url)
    if found is None:
        return None
    year, month, day = [g for g in found.groups() if g]
    date = f"{year}-{int(month):02}-{int(day):02}"
    return date if is_date(date, limit) else None


def published(witnesses: dict[str, str]) -> str | None:
    """Printed before meta before listing; of those on the chosen day the first that names the minute."""
    trusted = [witnesses[name] for name in ("printed", "meta", "listing") if name in witnesses]
    if not trusted:
        return None
    same_day = [date for date in trusted if date[:10] == trusted[0][:10]]
    return next((date for date in same_day if len(date) > 10), trusted[0])


# --- source ----------------------------------------------------------------------------------------------------------

_SOURCE_LABEL = re.compile(r"(?:信\s*息|文\s*章|稿\s*件|内\s*容|文\s*件|新\s*闻)?来\s*源\s*[:：]\s*|(?:信\s*息|文\s*章|稿\s*件|内\s*容)来\s*源\s+")
_SOURCE_END = re.compile(
    r"\s*(?:发\s*布\s*(?:时\s*间|日\s*期|机\s*构|者)?\s*[:：]|发\s*文|公\s*布|时\s*间\s*[:：]|日\s*期\s*[:：]|作\s*者|记\s*者\s*[:：]|浏\s*览|阅\s*读|点\s*击|访\s*问|字\s*[号体]|【|\[|［|\||｜|打\s*印|关\s*闭|分\s*享|收\s*藏|保\s*存|"
    r"责?\s*任?\s*编\s*辑|审\s*核|编\s*审|更\s*新|来\s*源|文\s*号|下\s*载|次\s*数|背\s*景|大\s*中\s*小|(?:19|20)\d\d\s*[-年/.]\s*\d|视力|扫一扫|索\s*引|主\s*题|语音|朗读|返回|纠错)"
)
_SOURCE_LITERAL = re.compile(r"""var\s+(?i:c?(?:doc|content|article|news)?source(?:name)?|laiyuan|ly|xxly)\s*=\s*(['"])([^'"<>{}]{2,40})\1""")


def read_source(document: Document, article: Article) -> str | None:
    """The 来源 as a reader sees it: the printed line, what a script writes there, the meta, the publishing organ of the index table."""
    metas = document.metas
    for line in [*article.before, *article.after]:
        source = _printed_source(line)
        if source:
            return source
    literal = _SOURCE_LITERAL.search(document.scripts)
    if literal and literal[2].strip():
        return squeeze(literal[2])
    stated = squeeze(metas.get("contentsource", ""))
    if stated:
        return stated
    detail = document.detail.get("publisher")
    if isinstance(detail, str) and detail.strip():
        return squeeze(detail)
    return None


def _printed_source(line: str) -> str | None:
    label = _SOURCE_LABEL.search(line) if "源" in line else None
    if label is None or len(line) > 300:
        return None
    rest = line[label.end() :]
    end = _SOURCE_END.search(rest)
    source = squeeze(rest[: end.start()] if end else rest).strip(" ,，;；>-")
    return source if 1 < len(source) <= 60 and not re.search(r"[。！？]", source) else None


# --- numbers ---------------------------------------------------------------------------------------------------------

_INDEX_NUMBER = re.compile(r"索\s*[引取]\s*号\s*[:：]?\s*([A-Za-z0-9][A-Za-z0-9\-/_.—]{5,60})")
_DOCUMENT_NUMBER = re.compile(r"(?:文\s*号|发\s*文\s*字\s*号|文\s*件\s*编\s*号|字\s*号)\s*[:：]?\s*([\u4e00-\u9fff]{1,14}\s*[〔﹝［\[(（【]\s*(?:19|20)\d\d\s*[〕﹞］\])）】]\s*第?\d{1,5}\s*号)")
_NUMBER_LINE = re.compile(r"^([\u4e00-\u9fff]{2,12}\s*[〔﹝［\[(（【]\s*(?:19|20)\d\d\s*[〕﹞］\])）】]\s*第?\d{1,5}\s*号)$")
_FORM_NOTICE = re.compile(r"^国办(?:公开办)?(?:发|函)")


def read_numbers(document: Document, article: Article) -> tuple[str | None, str | None]:
    """索引号 and 文号. The number of the notice that prescribes the form is not the report's own."""
    detail = document.detail
    around = "\n".join(reversed(article.before))
    index = _INDEX_NUMBER.search(around)
    number = _DOCUMENT_NUMBER.search(around) or next((m for p in article.paragraphs[:3] if (m := _NUMBER_LINE.match(p))), None)
    index_number = index[1] if index else detail.get("identifier") or None
    document_number = re.sub(r"\s", "", number[1]) if number else detail.get("document_number") or None
    if document_number and _FORM_NOTICE.match(document_number):
        document_number = None
    return index_number, document_number


# --- report year -----------------------------------------------------------------------------------------------------

_PERIOD_END = re.compile(r"月\s*(?:31|３１)")
_PERIOD = re.compile(r"(?<!\d)(20\d\d)\s*年\s*0?1\s*月\s*0?1\s*日?\s*(?:0时)?\s*起?\s*[,，]?\s*(?:至|到|止|[-—－–~～]+)\s*(?:(20\d\d)\s*年\s*)?12\s*月\s*31\s*日?")
_NAMED_YEAR = re.compile(r"(?<!\d)(20\d\d)\s*年\s*度?[^。;；\d]{0,30}?(?:信息公开|政务公开)[^。;；\d]{0,16}?(?:报告|年报)|(?:信息公开|政务公开)[^。;；\d]{0,12}?(?<!\d)(20\d\d)\s*年\s*度?(?:工作)?(?:年度)?(?:报告|年报)")
_OPENING_YEAR = re.compile(r"^(?:[一1][、.]\s*\S{0,8})?\s*(20\d\d)\s*年(?:度|以来)?\s*[,，]")


def read_year(title: str | None, paragraphs: list[str], date: str | None) -> tuple[int | None, list[Problem]]:
    """The report year: what the period of the statistics, the title and the preamble say, in that order of trust.

    The last sections are not asked: prose is copied forward from year to year there. Where period and title differ, the
    one that precedes the year of publication by one decides; where that does not decide either, there is no year.
    """
    text = "\n".join(paragraphs)
    periods = set()
    for end in _PERIOD_END.finditer(text):
        match = _PERIOD.search(normalise(text[max(0, end.start() - 60) : end.end() + 4]))
        if match and (not match[2] or match[1] == match[2]):
            periods.add(int(match[1]))
    named = [int(y) for y in _TITLE_YEAR.findall(normalise(title or ""))]
    period = periods.pop() if len(periods) == 1 else None
    stated = named[0] if len(set(named)) == 1 or (named and date and int(date[:4]) > named[0]) else None
    if period and stated and period != stated:
        before = int(date[:4]) - 1 if date else None
        year = before if before in (period, stated) else None
        return year, [Problem(kind="unsure", message=f"report year: the period of the statistics says {period}, the title {stated}")]
    if period or stated:
        return period or stated, []
    for paragraph in paragraphs[:4]:
        match = _NAMED_YEAR.search(normalise(paragraph))
        if match:
            return int(match[1] or match[2]), []
    for paragraph in paragraphs[:4]:
        match = _OPENING_YEAR.match(normalise(paragraph))
        if match:
            return int(match[1]), []
    return None, [Problem(kind="no_year", message="neither period, title nor preamble names the report year")]


# --- issuing body ----------------------------------------------------------------------------------------------------

_TITLE_SUBJECT = re.compile(r"(?:关于)?(?:做好|公布|发布)?(?:政府|政务|部门)?(?:信\s*息\s*公\s*开|政务公开)")
_YEARS = re.compile(r"[（(]?(?<!\d)20\d\d(?!\d)\s*年?\s*度?\s*[)）]?|[二][〇零○ＯO][〇零○ＯO一二三][〇零○ＯO一二三四五六七八九]年度?")
_SUBJECT_OF_SENTENCE = re.compile(
    r"^(?:[一1][、.]\s*\S{0,8}\s)?20\d\d\s*年(?:度|以来)?\s*[,，]\s*(?:在[^,，]{2,30}[,，]\s*)?(?:我|本)?([\u4e00-\u9fff]{2,40}?(?:人民政府办公[室厅]|人民政府|政府办公[室厅]|街道办事处|管委会|管理委员会|委员会|办公室|局|厅))(?:始终|认真|深入|坚持|严格|以|按|在|全面|积极|紧紧|围绕|继续|高度|不断|切实|贯彻|根据|共|的)"
)
_COMPILED_BY = re.compile(r"由\s*([\u4e00-\u9fff]{4,40}?(?:人民政府办公[室厅]|人民政府|街道办事处|管委会|管理委员会|委员会|办公室|局|厅))\s*(?:组织)?(?:编制|编写)")


def body_of_title(title: str) -> str:
    """What a report's title says before its subject, years taken out: 2017年北京市朝阳区政府信息公开… → 北京市朝阳区."""
    title = _YEARS.sub("", normalise(squeeze(title)))
    subject = _TITLE_SUBJECT.search(title)
    name = title[: subject.start()] if subject else ""
    return re.sub(r"(?:年度|年|关于|度)$", "", name.strip(" 《“\"")).strip()


def read_bodies(title: str | None, source: str | None, document: Document, article: Article) -> tuple[list[str], list[Problem]]:
    """The issuing body, and the second one of a joint report.

    Asked in turn: title, signature, the preamble's 由…编制, the first sentence's subject, source, site.
    """
    text = "\n".join([*article.paragraphs, *document.metas.values()])
    for candidate in _body_candidates(title, source, document, article):
        if _RELATIVE.match(candidate):
            continue
        names = [bodies.full_name(part, text) for part in bodies.split_joint(candidate)]
        if names and all(names):
            return [name for name in names if name], []
    return [], [Problem(kind="unsure", message="no issuing body: title, signature, preamble and source name none")]


_RELATIVE = re.compile(r"(?:我|本|各|全)(?:[省市区县局委厅镇乡街]|机关|单位)")


def _body_candidates(title: str | None, source: str | None, document: Document, article: Article) -> Iterator[str]:
    if title:
        yield body_of_title(title)
    yield from _signature_bodies(article.paragraphs)
    for paragraph in article.paragraphs[:4]:
        found = _COMPILED_BY.search(paragraph) or _SUBJECT_OF_SENTENCE.match(normalise(paragraph))
        if found:
            yield found[1]
    yield source or ""
    yield re.sub(r"(?:政府)?(?:门户)?网站?$", "", document.metas.get("sitename", ""))


def _signature_bodies(paragraphs: list[str]) -> list[str]:
    """Names of bodies that stand alone on a line beside a date at the end of the text."""
    tail = paragraphs[-8:]
    for i, line in enumerate(tail):
        if find_dates(line) and len(line) <= 24 and i and 4 <= len(tail[i - 1]) <= 40 and bodies.full_name(tail[i - 1]):
            return [tail[i - 1]]
    return []


# --- all of it -------------------------------------------------------------------------------------------------------


def describe(document: Document, article: Article, page: Page) -> Report:
    """A report with everything but its statistics and checks."""
    report = Report(url=page.url, text="\n".join(article.paragraphs))
    listing = is_listing(document)
    report.title = read_title(document, article)
    if not listing:
        report.witnesses = read_dates(document, article, page)
        report.published = published(report.witnesses)
        report.source = read_source(document, article)
        report.attachments = article.attachments
    report.site_id_code = document.metas.get("siteidcode")
    if report.title is None and page.entries:
        report.title = next((squeeze(e.title) for e in page.entries if e.title), None)
    untitled = report.title is None
    report.is_report = not listing and _is_report(report.title, article)
    if not report.is_report:
        if untitled:
            report.problems.append(Problem(kind="no_title", message="the page names no title", url=page.url))
        return report
    _describe_report(report, document, article, page)
    for problem in report.problems:
        problem.url = problem.url or page.url
    return report


def _is_report(title: str | None, article: Article) -> bool:
    if title is not None:
        return is_report_title(title) and bool(article.paragraphs or article.attachments or article.images)
    return sections(article.paragraphs) >= 4


def _describe_report(report: Report, document: Document, article: Article, page: Page) -> None:
    report.attachments = [*report.attachments, *article.images]
    report.index_number, report.document_number = read_numbers(document, article)
    date = report.published or report.witnesses.get("signature")
    report.report_year, problems = read_year(report.title, article.paragraphs, date)
    report.problems += problems
    if report.title is None:
        report.title = _quoted_title(article.paragraphs)
    names, problems = read_bodies(report.title, report.source, document, article)
    report.problems += problems
    if names:
        report.issuing_body = names[0]
        report.co_issuing_body = names[1] if len(names) > 1 else None
    if report.title is None:
        if names and report.report_year:
            report.title = f"{' '.join(names)}{report.report_year}年政府信息公开工作年度报告"
        else:
            report.problems.append(Problem(kind="no_title", message="the page names no title, and its text proves none"))
    witnesses = [code for code in (page.division_code, (report.site_id_code or "")[:6]) if code]
    name = report.issuing_body or ""
    where, sure = bodies.locate(name, report.report_year, witnesses)
    if not sure:
        report.problems.append(Problem(kind="unsure", message=f"division of {name}: several of that name, or none of that year"))
    if where is not None:
        report.division_code, report.division = where.code, where.name
    report.body_kind = bodies.body_kind(name)
    report.level = bodies.level(name, report.body_kind, where, report.site_id_code)


_QUOTED = re.compile(r"(?:公布|发布|编制|公开)(?:了)?\s*[《“]?\s*((?:[\u4e00-\u9fff]{4,30}\s){0,1}[\u4e00-\u9fff]{4,30}\s?20\d\d年度?政府信息公开(?:工作)?年度报告)")


def _quoted_title(paragraphs: list[str]) -> str | None:
    """A title that the preamble quotes whole, body and year included."""
    for paragraph in paragraphs[:3]:
        found = _QUOTED.search(paragraph)
        if found and bodies.full_name(bodies.split_joint(body_of_title(found[1]))[0]):
            return squeeze(found[1])
    return None


