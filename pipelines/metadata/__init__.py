"""What a page says about its report: title, dates, source, issuing body, year, numbers. Each has a module here.

`describe` asks them in turn and fills a `Report`. Every module asks its witnesses in the order in which they have
proved right (what is printed beside the article, the national page labels in meta tags, the listing), and what they
leave open stays open and becomes a problem of kind `unsure`.

- `page_kind`: listing, copy on another site; `evidence`: what proves a report, and what a page is instead;
- `witnesses`: whether a page is what its listing says; `titles`, `page_title`; `publication`: dates and source;
- `issuing_body`, with `agencies` for names, kinds, levels and divisions of public bodies;
- `year`, `numbers`, `dates` (dates as portals print them).

Imports `archive` and `pipelines.html`. The figures of a report are the business of `pipelines.tables` and
`pipelines.statistics`; `pipelines.read` puts all of them together.
"""

from __future__ import annotations

import re

from archive.model import Page, Problem, Report
from archive.vocabulary import Fate, ProblemKind
from pipelines.blanks import collapse_blanks
from pipelines.html.article import Article
from pipelines.html.labels import PUBLISHED
from pipelines.html.parsing import ParsedPage
from pipelines.metadata import agencies, evidence, page_kind, witnesses
from pipelines.metadata.dates import normalise
from pipelines.metadata.issuing_body import name_in_title, read_issuing_bodies
from pipelines.metadata.numbers import read_document_number, read_index_number
from pipelines.metadata.page_title import read_title
from pipelines.metadata.publication import published, read_dates, read_source
from pipelines.metadata.titles import (
    COLUMN_TITLE,
    is_cut_short,
    is_of_the_frame,
    is_report_title,
    may_be_report_title,
    says_nothing,
    without_suffix,
)
from pipelines.metadata.year import impossible, read_year

__all__ = ["describe", "is_report_title", "may_be_report_title"]


_ENOUGH_SECTIONS = 4
"""Headings of the report's sections that prove a page without a title to be a report."""


def describe(parsed: ParsedPage, article: Article, page: Page, *, is_file: bool = False) -> Report:
    """A report with everything but its statistics and checks; of a page that is no report, what any article has.

    `is_file`: the page is itself a Word, PDF or other document.
    """
    is_listing = page_kind.is_listing(parsed, article)
    title = read_title(parsed, article, is_listing=is_listing)
    report = _of_any_article(title, parsed, article, page, is_listing=is_listing)
    judgement = _judge(report.title, title, parsed, article, is_listing=is_listing, is_file=is_file)
    if judgement.fate is Fate.REPORT:
        report.is_report = True
        _describe_report(report, parsed, article, page)
        verdicts = witnesses.verdicts(title, report, article, page.entries)
        report.contradicting = [(entry, why) for entry, why in verdicts if why]
        contradiction = witnesses.contradiction(verdicts)
        if contradiction is not None:
            report = _of_any_article(title, parsed, article, page, is_listing=is_listing)
            judgement = evidence.Judgement(Fate.NOT_A_REPORT, contradiction)
            _note(report, ProblemKind.CONTRADICTS_LISTING, contradiction)
    elif report.title is None:
        _note(report, ProblemKind.NO_TITLE, "the page names no title")
    if not report.is_report:
        report.fate, report.cause = judgement.fate, judgement.cause
    for problem in report.problems:
        problem.url = problem.url or page.url
    return report


def _of_any_article(title: str | None, parsed: ParsedPage, article: Article, page: Page, *, is_listing: bool) -> Report:
    """What any page says of its article, whether it is a report or not."""
    report = Report(url=page.url, text="\n".join(article.paragraphs))
    if not is_listing:
        labels = article.labels()
        report.witnesses = read_dates(parsed, article, page, labels.get(PUBLISHED))
        report.published = published(report.witnesses)
        report.source = read_source(parsed, article, labels)
        report.attachments = article.attachments
    report.title = _title_with_listing(title, page)
    if (site := page_kind.foreign_site(parsed)) is not None:
        _note(report, ProblemKind.REHOSTED, f"the page names {site} as its site")
    return report


def _judge(
    title: str | None, own_title: str | None, parsed: ParsedPage, article: Article, *, is_listing: bool, is_file: bool
) -> evidence.Judgement:
    """What the page is: `title` is the page's or the listing's, `own_title` the page's alone."""
    if is_listing:
        return evidence.Judgement(Fate.NOT_A_REPORT, "a page of links")
    if title is not None and is_report_title(title):
        return evidence.judge(parsed, article, is_own_title=title == own_title, is_file=is_file)
    says_little = title is None or COLUMN_TITLE.match(normalise(title)) or says_nothing(title) or is_cut_short(title)
    if says_little and evidence.count_sections(article.paragraphs) >= _ENOUGH_SECTIONS:
        return evidence.IS_REPORT
    other = evidence.what_else(parsed, article)
    if other.fate is Fate.NOT_A_REPORT and title is not None:
        return evidence.Judgement(Fate.NOT_A_REPORT, f"titled {title!r}: {other.cause}")
    return other


def _note(report: Report, kind: ProblemKind, message: str) -> None:
    report.problems.append(Problem(kind=kind, message=message))


def _title_with_listing(title: str | None, page: Page) -> str | None:
    """The page's title; the listing's where the page has none, or only that of the column or of the site."""
    listed = [without_suffix(collapse_blanks(entry.title)) for entry in page.entries if entry.title]
    if title is None:
        return listed[0] if listed else None
    if is_report_title(title):
        return title
    if is_cut_short(title):
        stem = title.rstrip(".…⋯。 ")
        return next((one for one in listed if one.startswith(stem) and is_report_title(one)), title)
    if is_of_the_frame(title) or says_nothing(title):
        return next(filter(is_report_title, listed), title)
    return title


def _describe_report(report: Report, parsed: ParsedPage, article: Article, page: Page) -> None:
    report.attachments = [*report.attachments, *article.images]
    report.site_id_code = parsed.metas.get("siteidcode")
    report.index_number = read_index_number(parsed, article)
    report.document_number = read_document_number(parsed, article)
    _set_year(report, article, page)
    if report.title is not None and (says_nothing(report.title) or is_cut_short(report.title)):
        report.title = None
    report.title = report.title or _quoted_title(article.paragraphs)
    codes = [code for code in (page.division_code, (report.site_id_code or "")[:6]) if code]
    bodies, problems = read_issuing_bodies(report.title, report.source, codes, parsed, article)
    report.problems += problems
    if bodies:
        report.issuing_body = bodies[0]
        report.co_issuing_body = bodies[1] if len(bodies) > 1 else None
    if report.title is None:
        _compose_title(report, bodies)
    _set_division(report, codes)


def _set_year(report: Report, article: Article, page: Page) -> None:
    date = report.published or report.witnesses.get("signature")
    year, problems = read_year(report.title, article.paragraphs, date)
    report.problems += problems
    if year and impossible(year, page.captured_at):
        _note(report, ProblemKind.UNSURE, f"report year {year} cannot be")
        year = None
    report.report_year = year


def _compose_title(report: Report, bodies: list[str]) -> None:
    """The title that the form prescribes, put together from body and year; docs/form.md, Titles, bodies and scope."""
    if bodies and report.report_year:
        report.title = f"{' '.join(bodies)}{report.report_year}年政府信息公开工作年度报告"
    else:
        _note(report, ProblemKind.NO_TITLE, "the page names no title, and its text proves none")


def _set_division(report: Report, codes: list[str]) -> None:
    name = report.issuing_body or ""
    division, is_certain = agencies.division_of(name, report.report_year, codes)
    if not is_certain:
        _note(report, ProblemKind.UNSURE, f"division of {name}: several of that name, or none of that year")
    if division is not None:
        report.division_code, report.division = division.code, division.name
    report.body_kind = agencies.body_kind(name)
    report.level = agencies.level(name, report.body_kind, division, report.site_id_code)


_QUOTED = re.compile(
    r"(?:公布|发布|编制|公开)(?:了)?\s*+(?:[《“]\s*+)?"
    r"((?:[\u4e00-\u9fff]{4,30}\s){0,1}[\u4e00-\u9fff]{4,30}\s?20\d\d年度?政府信息公开(?:工作)?年度报告)"
)


def _quoted_title(paragraphs: list[str]) -> str | None:
    """A title that the preamble quotes in full, with body and year."""
    for paragraph in paragraphs[:3]:
        found = _QUOTED.search(paragraph)
        if found and agencies.full_name(agencies.split_joint(name_in_title(found[1]))[0]):
            return collapse_blanks(found[1])
    return None
