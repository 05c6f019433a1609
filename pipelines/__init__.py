"""How to read: pure functions. The same page gives the same report, always; no clock, settings, database or network.

Not to be confused with Scrapy's item pipelines, which are in crawler/pipelines.py and call this package.
`read` composes the readers: html (bytes to article), metadata, tables, statistics, documents. Only pipelines.ingest
touches the archive. Import from archive alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from archive.model import Attachment, Page, Problem, Report
from archive.vocabulary import Form, Origin, ProblemKind
from pipelines import metadata, statistics
from pipelines.beside import NOTHING_BESIDE, Beside
from pipelines.documents import Content, StoredDocument
from pipelines.frames import DEEPEST, as_framed, prepared_frame
from pipelines.html.article import Article, find_article, framed_urls, next_page_urls
from pipelines.next_pages import joined, next_articles
from pipelines.parts import parts_of
from pipelines.prepared import PreparedPage, prepare, text_page
from pipelines.statistics import provenance
from pipelines.statistics.layouts import figures_of_page
from pipelines.statistics.scope import read_scope

__all__ = ["read"]

_PRESCRIBES_TABLES = (Form.NATIONAL_2019, Form.NATIONAL_2021)
"""A report on one of these forms without table three in its text says where else the table may be."""
_LITTLE_TEXT = 200
"""Characters below which an article only introduces the document beside it."""
_NAMED = re.compile(r"\w\.\w{2,5}$|报告|年报|\w{8}")
"""Names of links that say more than `附件1`."""


def read(page: Page, beside: Beside = NOTHING_BESIDE, *, prepared: PreparedPage | None = None) -> Report:
    """Read a page: article, metadata, attachments and, of an annual report, statistics and checks.

    `beside` is asked for the next pages of a split article and for the documents that the article names. `prepared` is
    this page where it was parsed before. Neither is changed.

    Raises ReaderError, and nothing else, for what cannot be read at all. Values that are not sure are absent, each with
    a problem of kind `unsure`.
    """
    prepared = prepared or prepare(page)
    if framed := framed_urls(prepared.parsed, prepared.article):
        return _read_framed(prepared, framed, beside)
    next_urls = next_page_urls(prepared.parsed)
    others = next_articles(beside.next_pages(next_urls)) if next_urls else []
    article = joined(prepared.article, others)
    documents = _documents(prepared, beside, article)
    source = _take_text(article, documents, prepared.file)
    report = metadata.describe(prepared.parsed, article, page, is_file=prepared.file is not None)
    report.next_page_urls = next_urls
    if len(others) < len(next_urls):
        message = f"{len(next_urls) + 1} pages, {len(others) + 1} of them available"
        report.problems.append(Problem(kind=ProblemKind.INCOMPLETE, message=message, url=page.url))
    _describe_documents(report, documents)
    if report.is_report:
        _read_figures(report, article, others, documents, source)
        report.parts, problems = parts_of(report, article, prepared, others, documents)
        if any(problem.kind == ProblemKind.INCOMPLETE_REPORT for problem in problems):
            report.problems = [problem for problem in report.problems if problem.kind != ProblemKind.NO_TABLES]
        report.problems += problems
    return report


def _read_framed(prepared: PreparedPage, urls: Sequence[str], beside: Beside) -> Report:
    """A page whose article stands in a frame: what the framed page says, with the metas and the title around it."""
    framed = _with_frames(prepared, urls, beside, DEEPEST)
    article = framed.article
    report = read(prepared.page, beside, prepared=framed)
    report.next_page_urls = [*dict.fromkeys((*urls, *article.frames, *article.missing_frames)), *report.next_page_urls]
    report.framed_urls = article.frames if article.is_in_frame else []
    if missing := article.missing_frames:
        message = f"the article stands in a frame that is not captured: {', '.join(missing)}"
        report.problems.append(Problem(kind=ProblemKind.INCOMPLETE, message=message, url=report.url))
    return report


def _with_frames(prepared: PreparedPage, urls: Sequence[str], beside: Beside, depth: int) -> PreparedPage:
    frames = {url: _frame_at(url, beside, depth - 1, is_only=len(urls) == 1) for url in urls}
    return as_framed(prepared, frames)


def _frame_at(url: str, beside: Beside, depth: int, *, is_only: bool) -> PreparedPage | None:
    """What stands in a frame; None where it is not captured."""
    pages = beside.next_pages([url])
    page = next((page for page in pages if is_only or page.url == url), None)
    inside = prepared_frame(page) if page is not None else None
    urls = framed_urls(inside.parsed, inside.article) if inside is not None and depth else []
    return _with_frames(inside, urls, beside, depth) if inside is not None and urls else inside


def _documents(prepared: PreparedPage, beside: Beside, article: Article) -> dict[str, StoredDocument]:
    """Address → document: the page itself where it is one, then those that the article names."""
    own = {prepared.page.url: prepared.file} if prepared.file else {}
    return own | dict(beside.documents([*article.attachments, *article.images]))


def _take_text(article: Article, documents: Mapping[str, StoredDocument], own: StoredDocument | None) -> Content | None:
    """The document whose text is the report's: the page itself, or one that the article only introduces.

    The article takes the text of the latter.
    """
    if own is not None:
        return own.content
    if not documents or sum(map(len, article.paragraphs)) >= _LITTLE_TEXT:
        return None
    for attachment in article.attachments:
        document = documents.get(attachment.url)
        if document and document.content and sum(map(len, document.content.prose)) >= _LITTLE_TEXT:
            article.paragraphs = find_article(text_page(attachment.url, document.content)).paragraphs
            return document.content
    return None


def _describe_documents(report: Report, documents: Mapping[str, StoredDocument]) -> None:
    """What the documents themselves say of their type and name, and why some could not be read."""
    report.attachments = [_described(attachment, documents.get(attachment.url)) for attachment in report.attachments]
    for url, document in documents.items():
        report.problems += [Problem(kind=p.kind, message=p.message, url=url) for p in document.problems]


def _described(attachment: Attachment, document: StoredDocument | None) -> Attachment:
    if document is None:
        return attachment
    has_name = document.name is None or _NAMED.search(attachment.name)
    return Attachment(
        url=attachment.url,
        name=attachment.name if has_name else str(document.name),
        media_type=document.media_type or attachment.media_type,
        sha256=document.sha256,
    )


def _read_figures(
    report: Report,
    article: Article,
    others: Sequence[Article],
    documents: Mapping[str, StoredDocument],
    source: Content | None,
) -> None:
    """Statistics and checks from the article's tables and prose and from the documents, and where each table stands.

    source: the document that the text is from, if any; the rows of its tables are read as tables, not as prose.
    """
    parts = [one for one in (article, *others) if one.element is not None]
    own = figures_of_page([one.element for one in parts], "".join([one.markup for one in parts]), report.report_year)
    contents = [(url, document.content) for url, document in documents.items() if document.content is not None]
    attached = provenance.read_documents(contents, report.report_year, source)
    table_rows = set(source.paragraphs) - set(source.prose) if source else set()
    prose = [one for one in article.paragraphs if one not in table_rows] if table_rows else article.paragraphs
    report.statistics, report.form, problems = statistics.read(
        own,
        prose,
        report.report_year,
        [one.table for one in attached],
        is_text_of_document=source is not None,
    )
    report.problems += [problem for problem in problems if problem not in report.problems]
    report.report_scope, report.report_scope_witness = read_scope(report, prose)
    report.table_sources, report.checks, problems = provenance.assess_sources(report.url, report.statistics, attached)
    report.problems += problems
    if report.form in _PRESCRIBES_TABLES and not _has_table_three(report):
        elsewhere = f"{len(article.images)} pictures and {len(article.attachments)} documents beside it"
        message = f"table three is not in the text; {elsewhere}"
        report.problems.append(Problem(kind=ProblemKind.NO_TABLES, message=message, url=report.url))


def _has_table_three(report: Report) -> bool:
    return any(s.table_no == 3 and s.origin != Origin.NARRATIVE for s in report.statistics)
