"""How to read: pure functions. The same page gives the same report, always; no clock, settings, database or network."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress

from archive.model import Page, Problem, Report
from pipelines import metadata, parsed, statistics
from pipelines.documents import Content
from pipelines.html import article as text
from pipelines.html.parsing import ParsedPage, ReaderError, parse_page
from pipelines.statistics import provenance
from pipelines.tables import grid as tables

__all__ = ["ReaderError", "read"]

NATIONAL = {"cn-2019", "cn-2021"}
"""Forms that prescribe the national tables; a report on one of them without table three says where else it may be."""
LITTLE_TEXT = 200
"""Characters below which an article only introduces the document beside it."""


def read(page: Page) -> Report:
    """Read a page: article, metadata, attachments and, of an annual report, statistics and checks.

    Raises ReaderError, and nothing else, for what cannot be read at all. Values that are not sure are absent, each with
    a problem of kind `unsure`.
    """
    own = page.documents.get(page.url)
    if own is not None and own.content is not None:
        document = _text_document(page.url, own.content)
        article = text.find_article(document)
    else:
        document, article = parsed.take(page)
    further = text.next_page_urls(document)
    parts = list(_parts(page))
    for part in parts:
        article.paragraphs += part.paragraphs
        article.attachments += [a for a in part.attachments if a.url not in {b.url for b in article.attachments}]
        article.images += part.images
    if page.held is not None and (named := [*article.attachments, *article.images]):
        page.documents |= page.held(named)
    rows = _take_text(article, page) if own is None else _table_rows(own.content)
    report = metadata.describe(document, article, page)
    report.next_page_urls = further
    if len(parts) < len(further):
        message = f"{len(further) + 1} pages, {len(parts) + 1} of them at hand"
        report.problems.append(Problem(kind="incomplete", message=message, url=page.url))
    _describe_documents(report, page)
    if report.is_report:
        elements = [a.element for a in (article, *parts) if a.element is not None]
        grids = [grid for element in elements for grid in tables.grids(element)]
        contents = [(url, held.content) for url, held in page.documents.items() if held.content is not None]
        attached = provenance.read_documents(contents, report.report_year)
        prose = [paragraph for paragraph in article.paragraphs if paragraph not in rows]
        report.statistics, report.form, problems = statistics.read(
            grids, prose, report.report_year, [one.table for one in attached]
        )
        report.problems += [p for p in problems if p not in report.problems]
        report.table_sources, report.checks, problems = provenance.weigh(page.url, report.statistics, attached)
        report.problems += problems
        if report.form in NATIONAL and not any(s.table_no == 3 and s.origin != "narrative" for s in report.statistics):
            elsewhere = f"{len(article.images)} pictures and {len(report.attachments)} documents beside it"
            report.problems.append(
                Problem(kind="no_tables", message=f"table three is not in the text; {elsewhere}", url=page.url)
            )
    return report


def _text_document(url: str, content: Content) -> ParsedPage:
    return ParsedPage(url=url, kind="text", encoding="utf-8", source="\n".join(content.paragraphs))


def _table_rows(content: Content | None) -> set[str]:
    """The paragraphs of a document that are rows of its tables: they are read as tables, not as prose."""
    return set(content.paragraphs) - set(content.prose) if content else set()


def _take_text(article: text.Article, page: Page) -> set[str]:
    """Where the article is no more than an introduction, the report is the document beside it; returns its table rows."""
    if not page.documents or sum(map(len, article.paragraphs)) >= LITTLE_TEXT:
        return set()
    for attachment in article.attachments:
        held = page.documents.get(attachment.url)
        if held and held.content and sum(map(len, held.content.prose)) >= LITTLE_TEXT:
            found = text.find_article(_text_document(attachment.url, held.content))
            article.paragraphs = found.paragraphs
            return _table_rows(held.content)
    return set()


def _describe_documents(report: Report, page: Page) -> None:
    """What the documents themselves say of their type and name, and why some could not be read."""
    for attachment in report.attachments:
        held = page.documents.get(attachment.url)
        if held is None:
            continue
        attachment.sha256, attachment.media_type = held.sha256, held.media_type or attachment.media_type
        if held.name and not re.search(r"\w\.\w{2,5}$|报告|年报|\w{8}", attachment.name):
            attachment.name = held.name
    for url, held in page.documents.items():
        report.problems += [Problem(kind=p.kind, message=p.message, url=url) for p in held.problems]


def _parts(page: Page) -> Iterator[text.Article]:
    for part in page.parts:
        with suppress(ReaderError):  # a part that cannot be read is a part that is missing
            yield text.find_article(parse_page(part))
