"""What a page says of its document: title, dates, source, issuing body, report year, numbers.

Witnesses are asked in the order in which they have proved right: what is printed beside the article, the national meta
tags (政府网站 page labels), the listing. What they leave open stays open and becomes a problem of kind `unsure`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from archive import divisions
from archive.model import Page, Problem, Report
from pipelines.html.article import Article
from pipelines.html.document import Document
from pipelines.html.lines import squeeze
from pipelines.metadata import agencies
from pipelines.metadata.dates import find_dates, normalise
from pipelines.metadata.publication import published, read_dates, read_source
from pipelines.metadata.titles import (
    COLUMN_TITLE,
    TITLE_YEAR,
    is_listing,
    is_report_title,
    read_title,
    sections,
    without_suffix,
)

__all__ = ["describe", "is_report_title"]

FIRST_REPORT_YEAR = 2007
"""The 条例 took effect on 2008-05-01; some bodies report on the year before."""

# --- numbers ---------------------------------------------------------------------------------------------------------

_INDEX_NUMBER = re.compile(r"索\s*[引取]\s*号\s*[:：]?\s*([A-Za-z0-9][A-Za-z0-9\-/_.—]{5,60})")
_DOCUMENT_NUMBER = re.compile(
    r"(?:文\s*号|发\s*文\s*字\s*号|文\s*件\s*编\s*号|字\s*号)\s*[:：]?\s*([\u4e00-\u9fff]{1,14}\s*[〔﹝［\[(（【]\s*(?:19|20)\d\d\s*[〕﹞］\])）】]\s*第?\d{1,5}\s*号)"
)
_NUMBER_LINE = re.compile(
    r"^([\u4e00-\u9fff]{2,12}\s*[〔﹝［\[(（【]\s*(?:19|20)\d\d\s*[〕﹞］\])）】]\s*第?\d{1,5}\s*号)$"
)
_FORM_NOTICE = re.compile(r"^国办(?:公开办)?(?:发|函)")


def read_numbers(document: Document, article: Article) -> tuple[str | None, str | None]:
    """索引号 and 文号. The number of the notice that prescribes the form is not the report's own."""
    detail = document.detail
    around = "\n".join(reversed(article.before))
    index = _INDEX_NUMBER.search(around)
    number = _DOCUMENT_NUMBER.search(around) or next(
        (m for p in article.paragraphs[:3] if (m := _NUMBER_LINE.match(p))), None
    )
    index_number = index[1] if index else detail.get("identifier") or None
    document_number = re.sub(r"\s", "", number[1]) if number else detail.get("document_number") or None
    if document_number and _FORM_NOTICE.match(document_number):
        document_number = None
    return index_number, document_number


# --- report year -----------------------------------------------------------------------------------------------------

_PERIOD_END = re.compile(r"月\s*(?:31|３１)")
_PERIOD = re.compile(
    r"(?<!\d)(20\d\d)\s*年\s*0?1\s*月\s*0?1\s*日?\s*(?:0时)?\s*起?\s*[,，]?\s*(?:至|到|止|[-—－–~～]+)\s*(?:(20\d\d)\s*年\s*)?12\s*月\s*31\s*日?"
)
_NAMED_YEAR = re.compile(
    r"(?<!\d)(20\d\d)\s*年\s*度?[^。;；\d]{0,30}?(?:信息公开|政务公开)[^。;；\d]{0,16}?(?:报告|年报)|(?:信息公开|政务公开)[^。;；\d]{0,12}?(?<!\d)(20\d\d)\s*年\s*度?(?:工作)?(?:年度)?(?:报告|年报)"
)
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
    named = [int(y) for y in TITLE_YEAR.findall(normalise(title or ""))]
    period = periods.pop() if len(periods) == 1 else None
    stated = named[0] if len(set(named)) == 1 or (named and date and int(date[:4]) > named[0]) else None
    if period and stated and period != stated:
        before = int(date[:4]) - 1 if date else None
        year = before if before in (period, stated) else None
        return year, [
            Problem(
                kind="unsure", message=f"report year: the period of the statistics says {period}, the title {stated}"
            )
        ]
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
_YEARS = re.compile(
    r"[（(]?(?<!\d)20\d\d(?!\d)\s*年?\s*度?\s*[)）]?|[二][〇零○ＯO][〇零○ＯO一二三][〇零○ＯO一二三四五六七八九]年度?"
)
_SUBJECT_OF_SENTENCE = re.compile(
    r"^(?:[一1][、.]\s*\S{0,8}\s)?20\d\d\s*年(?:度|以来)?\s*[,，]\s*(?:在[^,，]{2,30}[,，]\s*)?(?:我|本)?([\u4e00-\u9fff]{2,40}?(?:人民政府办公[室厅]|人民政府|政府办公[室厅]|街道办事处|管委会|管理委员会|委员会|办公室|局|厅))(?:始终|认真|深入|坚持|严格|以|按|在|全面|积极|紧紧|围绕|继续|高度|不断|切实|贯彻|根据|共|的)"
)
_COMPILED_BY = re.compile(
    r"由\s*([\u4e00-\u9fff]{4,40}?(?:人民政府办公[室厅]|人民政府|街道办事处|管委会|管理委员会|委员会|办公室|局|厅))\s*(?:组织)?(?:编制|编写)"
)


def body_of_title(title: str) -> str:
    """What a report's title says before its subject, years taken out: 2017年北京市朝阳区政府信息公开… → 北京市朝阳区."""
    title = _YEARS.sub("", normalise(squeeze(title)))
    subject = _TITLE_SUBJECT.search(title)
    name = title[: subject.start()] if subject else ""
    return re.sub(r"(?:年度|年|关于|度)$", "", name.strip(' 《“"')).strip()


def read_bodies(
    title: str | None, source: str | None, codes: list[str], document: Document, article: Article
) -> tuple[list[str], list[Problem]]:
    """The issuing body, and the second one of a joint report.

    `codes` are the divisions that portal and site name. Asked in turn: title, signature, the preamble's 由…编制, the first sentence's subject, source, site.
    """
    text = "\n".join([*article.paragraphs, *document.metas.values()])
    for candidate in _body_candidates(title, source, document, article):
        if _RELATIVE.match(candidate):
            continue
        names = [agencies.full_name(part, text) for part in agencies.split_joint(candidate)]
        if len(names) == 1 and names[0]:
            names = [_placed(names[0], codes, source, document, article)]
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
    yield _site_body(document)


def _site_body(document: Document) -> str:
    return re.sub(r"(?:政府)?(?:门户)?网站?$", "", document.metas.get("sitename", ""))


_PLACE = re.compile(r"[\u4e00-\u9fff]{2,8}?[省市区县州旗盟镇乡]")


def _placed(name: str, codes: list[str], source: str | None, document: Document, article: Article) -> str | None:
    """A name with its place: 区人民政府办公室 needs one, 教育局 takes one where another witness prints it whole."""
    if _PLACE.match(name):
        return name
    for other in (source or "", *_signature_bodies(article.paragraphs), _site_body(document)):
        whole = agencies.full_name(other)
        if whole and len(whole) > len(name) and whole.endswith(name) and divisions.leading_divisions(whole):
            return whole
    rank = re.match(r"(?:省|自治区|市|区|县|州|旗)(?=人民政府)", name)
    if rank is None:
        return name
    own = next((d for code in codes if (d := divisions.division(code)) and d.name.endswith(rank[0])), None)
    return own.name + name[rank.end() :] if own else None


def _signature_bodies(paragraphs: list[str]) -> list[str]:
    """Names of bodies that stand alone on a line beside a date at the end of the text."""
    tail = paragraphs[-8:]
    for i, line in enumerate(tail):
        if (
            find_dates(line)
            and len(line) <= 24
            and i
            and 4 <= len(tail[i - 1]) <= 40
            and agencies.full_name(tail[i - 1])
        ):
            return [tail[i - 1]]
    return []


# --- all of it -------------------------------------------------------------------------------------------------------


def describe(document: Document, article: Article, page: Page) -> Report:
    """A report with everything but its statistics and checks."""
    report = Report(url=page.url, text="\n".join(article.paragraphs))
    listing = is_listing(document, article)
    report.title = read_title(document, article)
    if not listing:
        report.witnesses = read_dates(document, article, page)
        report.published = published(report.witnesses)
        report.source = read_source(document, article)
        report.attachments = article.attachments
    listed = [without_suffix(squeeze(entry.title)) for entry in page.entries if entry.title]
    if report.title is None and listed:
        report.title = listed[0]
    elif report.title and COLUMN_TITLE.match(report.title):
        report.title = next(filter(is_report_title, listed), report.title)
    untitled = report.title is None
    if (other := _other_host(document)) is not None:
        report.problems.append(Problem(kind="rehosted", message=f"the page names {other} as its site", url=page.url))
    report.is_report = not listing and _is_report(report.title, article)
    if not report.is_report:
        if untitled:
            report.problems.append(Problem(kind="no_title", message="the page names no title", url=page.url))
        return report
    _describe_report(report, document, article, page)
    for problem in report.problems:
        problem.url = problem.url or page.url
    return report


def _other_host(document: Document) -> str | None:
    """The site that a page outside gov.cn names as its own, where that is another: hijacked domains serve copies of portals."""
    stated = document.metas.get("sitedomain", "").lower()
    host = urlsplit(document.url).hostname or ""
    if not stated or host.endswith(".gov.cn") or not re.search(r"\.[a-z]{2,}$", host):
        return None
    domains = [
        d.strip().removeprefix("http://").removeprefix("https://").removeprefix("www.").strip("/")
        for d in re.split(r"[,;，；\s]", stated)
    ]
    own = host.removeprefix("www.")
    return None if any(d and (own == d or own.endswith(f".{d}") or d.endswith(f".{own}")) for d in domains) else stated


def _is_report(title: str | None, article: Article) -> bool:
    if title is None or COLUMN_TITLE.match(normalise(title)):
        return sections(article.paragraphs) >= 4
    return is_report_title(title) and bool(article.paragraphs or article.attachments or article.images)


def _describe_report(report: Report, document: Document, article: Article, page: Page) -> None:
    report.attachments = [*report.attachments, *article.images]
    report.site_id_code = document.metas.get("siteidcode")
    report.index_number, report.document_number = read_numbers(document, article)
    date = report.published or report.witnesses.get("signature")
    report.report_year, problems = read_year(report.title, article.paragraphs, date)
    report.problems += problems
    latest = int(page.captured_at[:4]) if page.captured_at else None
    if report.report_year and not FIRST_REPORT_YEAR <= report.report_year <= (latest or report.report_year):
        report.problems.append(Problem(kind="unsure", message=f"report year {report.report_year} cannot be"))
        report.report_year = None
    if report.title is None:
        report.title = _quoted_title(article.paragraphs)
    codes = [code for code in (page.division_code, (report.site_id_code or "")[:6]) if code]
    names, problems = read_bodies(report.title, report.source, codes, document, article)
    report.problems += problems
    if names:
        report.issuing_body = names[0]
        report.co_issuing_body = names[1] if len(names) > 1 else None
    if report.title is None:
        if names and report.report_year:
            report.title = f"{' '.join(names)}{report.report_year}年政府信息公开工作年度报告"
        else:
            report.problems.append(
                Problem(kind="no_title", message="the page names no title, and its text proves none")
            )
    name = report.issuing_body or ""
    where, sure = agencies.locate(name, report.report_year, codes)
    if not sure:
        report.problems.append(
            Problem(kind="unsure", message=f"division of {name}: several of that name, or none of that year")
        )
    if where is not None:
        report.division_code, report.division = where.code, where.name
    report.body_kind = agencies.body_kind(name)
    report.level = agencies.level(name, report.body_kind, where, report.site_id_code)


_QUOTED = re.compile(
    r"(?:公布|发布|编制|公开)(?:了)?\s*[《“]?\s*((?:[\u4e00-\u9fff]{4,30}\s){0,1}[\u4e00-\u9fff]{4,30}\s?20\d\d年度?政府信息公开(?:工作)?年度报告)"
)


def _quoted_title(paragraphs: list[str]) -> str | None:
    """A title that the preamble quotes whole, body and year included."""
    for paragraph in paragraphs[:3]:
        found = _QUOTED.search(paragraph)
        if found and agencies.full_name(agencies.split_joint(body_of_title(found[1]))[0]):
            return squeeze(found[1])
    return None
