"""How to read: pure functions. The same page gives the same report, always; no clock, settings, database or network."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from crawler.items import Page, Problem, Report
from pipelines import checks, metadata, statistics, tables, text
from pipelines.document import ReaderError, read_document

__all__ = ["ReaderError", "read"]

NATIONAL = {"cn-2019", "cn-2021"}
"""Forms that prescribe the national tables; a report on one of them without table three says where else it may be."""


def read(page: Page) -> Report:
    """Read a page: article, metadata, attachments and, of an annual report, statistics and checks.

    Raises ReaderError, and nothing else, for what cannot be read at all. Values that are not sure are absent, each with
    a problem of kind `unsure`.
    """
    document = read_document(page)
    article = text.find_article(document)
    further = text.further_pages(document)
    parts = list(_parts(page))
    for part in parts:
        article.paragraphs += part.paragraphs
        article.attachments += [a for a in part.attachments if a.url not in {b.url for b in article.attachments}]
        article.images += part.images
    report = metadata.describe(document, article, page)
    report.further_pages = further
    if len(parts) < len(further):
        message = f"{len(further) + 1} pages, {len(parts) + 1} of them at hand"
        report.problems.append(Problem(kind="incomplete", message=message, url=page.url))
    if report.is_report:
        elements = [a.element for a in (article, *parts) if a.element is not None]
        grids = [grid for element in elements for grid in tables.grids(element)]
        report.statistics, report.form, problems = statistics.read(grids, article.paragraphs, report.report_year)
        report.problems += [p for p in problems if p not in report.problems]
        report.checks = checks.check(report.statistics)
        if report.form in NATIONAL and not any(s.table_no == 3 and s.origin == "html" for s in report.statistics):
            elsewhere = f"{len(article.images)} pictures and {len(report.attachments)} documents beside it"
            report.problems.append(
                Problem(kind="no_tables", message=f"table three is not in the text; {elsewhere}", url=page.url)
            )
    return report


def _parts(page: Page) -> Iterator[text.Article]:
    for part in page.parts:
        with suppress(ReaderError):  # a part that cannot be read is a part that is missing
            yield text.find_article(read_document(part))
