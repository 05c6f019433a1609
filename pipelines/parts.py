"""What a report consists of and what became of each part: read, in a document, unread, not published, or doubtful.

Nothing is parsed here; `parts_of` looks at what `pipelines.read` already has. From 2019 on a report must have tables
two, three and four (docs/form.md, Forms by year). Imports archive and what `pipelines.read` itself imports.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from archive.forms import NATIONAL_FORMS
from archive.media_types import extension_of
from archive.model import Attachment, Part, Problem, Report, TableSource
from archive.vocabulary import Origin, PartName, PartState, ProblemKind, Standing, ValueState
from pipelines.attachments import ARCHIVES, MOST_DOCUMENTS, NAMED_AS_REPORT, NOT_READ, documents_to_fetch
from pipelines.documents import StoredDocument
from pipelines.html.article import Article
from pipelines.metadata.evidence import count_sections
from pipelines.prepared import PreparedPage

NOT_CAPTURED = "not captured"
"""The cause of a part that the next crawl fetches."""
NOT_THE_PART = "what the portal sends is no document"
"""The cause of a document in whose place another page came; the next crawl asks for it again."""
NOT_READ_KIND = "not fetched: files of this kind are not read"
LEFT_PACKED = "not fetched: archives of this kind are not read; unpack it with 7-Zip or unar, and give its documents to `scrapy read`"
TOO_MANY = f"not fetched: the report names more than {MOST_DOCUMENTS} documents"
"""Causes of documents that no crawl fetches (pipelines.attachments)."""
_NOT_FETCHED = frozenset((NOT_READ_KIND, LEFT_PACKED, TOO_MANY))
FIRST_YEAR_WITH_TABLES = 2019
_TABLES = ((2, PartName.TABLE_TWO), (3, PartName.TABLE_THREE), (4, PartName.TABLE_FOUR))
_SHORTEST_TEXT = 30
"""Characters beside its title that the text of a report has at least."""
_INTRODUCTION = 200
"""Characters below which a text may only introduce the document beside it."""
_FEWEST_SECTIONS = 3
"""Of the six sections of the form, those whose headings a whole text has at least."""
_FEW_TAGS = 3
_GARBLED_SHARE = 0.2
_SAMPLE = 4_000
"""Characters of a text that tell whether it can be read."""
_CID = re.compile(r"\(cid:\d+\)")
_UNASSIGNED = re.compile(r"[\ue000-\uf8ff\ufffd]")
_TAG = re.compile(
    r"</?(?:p|div|span|table|tbody|tr|td|th|br|font|strong|b|h\d|img|a|script|style|meta|html|body)\b[^<>]*>"
)
_ESCAPE = re.compile(r"&(?:lt|gt|nbsp|#\d+);")
_A_NUMBER = re.compile(r"[1-9１-９]")
_LAST_SECTION = re.compile(r"^[五六七八]、|其他需要报告")
_NONE = r"无(?![法效关需条论])"
_SAYS_NONE = {
    PartName.TABLE_TWO: re.compile(
        rf"(?:(?:未|没有)(?:新?制[定发作]|新?公开|发布|出台)|{_NONE})[^，。；]{{0,12}}(?:规章|规范性文件)[^，。；]{{0,30}}"
    ),
    PartName.TABLE_THREE: re.compile(
        rf"(?:(?:未|没有)(?:收到|接到|受理|接收)|{_NONE})[^，。；]{{0,20}}申请[^，。；]{{0,20}}"
    ),
    PartName.TABLE_FOUR: re.compile(
        rf"(?:(?:未|没有)(?:发生|收到|产生|出现|因|被)|{_NONE})[^，。；]{{0,24}}(?:行政复议|行政诉讼)[^，。；]{{0,30}}"
    ),
}
"""Sentences that say that there is nothing to put into a table."""


class _Finding(NamedTuple):
    """A part, and whether what is missing of it is explained."""

    part: Part
    is_explained: bool = True


def parts_of(
    report: Report,
    article: Article,
    prepared: PreparedPage,
    next_articles: Sequence[Article],
    documents: Mapping[str, StoredDocument],
) -> tuple[list[Part], list[Problem]]:
    """The state of each part of a report, and a problem for each that from 2019 on is neither read nor explained.

    article: the report's text as it was composed from the page, its next pages or a document beside it.
    """
    beside = list(_beside(report, article, prepared, next_articles, documents))
    findings = [*_values(report), _text(report, article, prepared, next_articles, documents, beside)]
    if _prescribes_tables(report):
        findings += [_table(report, number, name, article, documents, beside) for number, name in _TABLES]
    parts = [finding.part for finding in findings] + beside
    return parts, _problems(report, findings)


def _prescribes_tables(report: Report) -> bool:
    """Whether the year of a report prescribes tables; where it is not known, its form or its date says so."""
    if report.report_year is not None:
        return report.report_year >= FIRST_YEAR_WITH_TABLES
    return report.form in NATIONAL_FORMS or (report.published or "") > f"{FIRST_YEAR_WITH_TABLES + 1}"


def _problems(report: Report, findings: Iterable[_Finding]) -> list[Problem]:
    unexplained = [finding.part for finding in findings if not finding.is_explained]
    problems = []
    if texts := [part for part in unexplained if part.part is PartName.TEXT]:
        kind = ProblemKind.NO_TEXT
        problems.append(Problem(kind=kind, message=texts[0].cause, url=report.url))
    if tables := [part for part in unexplained if part.part is not PartName.TEXT]:
        causes = dict.fromkeys(part.cause for part in tables)
        message = "; ".join(
            f"{', '.join(part.part.replace('_', ' ') for part in tables if part.cause == cause)}: {cause}"
            for cause in causes
        )
        problems.append(Problem(kind=ProblemKind.INCOMPLETE_REPORT, message=message, url=report.url))
    return problems


# --- title, body, year, date -----------------------------------------------------------------------------------------


def _values(report: Report) -> Iterator[_Finding]:
    """Title, body and year have a problem of their own where they are missing; a date need not be printed."""
    for name, value, kinds, about in (
        (PartName.TITLE, report.title, (ProblemKind.NO_TITLE,), "title"),
        (PartName.ISSUING_BODY, report.issuing_body, (ProblemKind.UNSURE,), "issuing body"),
        (PartName.YEAR, report.report_year, (ProblemKind.NO_YEAR, ProblemKind.UNSURE), "report year"),
    ):
        if value:
            yield _Finding(Part(part=name, state=PartState.READ))
            continue
        said = next((p for p in report.problems if p.kind in kinds and about in p.message), None)
        is_doubtful = said is not None and said.kind is ProblemKind.UNSURE and name is PartName.YEAR
        state = PartState.DOUBTFUL if is_doubtful else PartState.UNREAD
        yield _Finding(Part(part=name, state=state, cause=said.message if said else f"no {about} was found"))
    yield _Finding(_date(report))


def _date(report: Report) -> Part:
    if report.published:
        return Part(part=PartName.DATE, state=PartState.READ)
    if report.witnesses:
        others = ", ".join(f"{witness} {date}" for witness, date in report.witnesses.items())
        cause = f"neither page, metas nor listing gives a date; {others}"
        return Part(part=PartName.DATE, state=PartState.DOUBTFUL, cause=cause)
    cause = "neither page, metas, listing, signature nor address gives a date"
    return Part(part=PartName.DATE, state=PartState.NOT_IN_SOURCE, cause=cause)


# --- text ------------------------------------------------------------------------------------------------------------


def _text(
    report: Report,
    article: Article,
    prepared: PreparedPage,
    next_articles: Sequence[Article],
    documents: Mapping[str, StoredDocument],
    beside: Sequence[Part],
) -> _Finding:
    own = [paragraph for one in (prepared.article, *next_articles) for paragraph in one.paragraphs]
    taken = "" if prepared.file or article.paragraphs == own else _document_with_text(article, documents)
    taken = taken or "".join(article.frames[-1:])
    if garbled := _garbled(report.text):
        return _Finding(Part(part=PartName.TEXT, state=PartState.UNREAD, url=taken, cause=garbled), is_explained=False)
    if _length(report) < _SHORTEST_TEXT:
        return _without_text(report, article, documents, beside)
    if taken:
        return _Finding(Part(part=PartName.TEXT, state=PartState.ELSEWHERE, url=taken))
    missing = next((part for part in beside if part.part is PartName.NEXT_PAGE), None)
    if missing:
        return _Finding(replace(missing, part=PartName.TEXT, state=PartState.DOUBTFUL, cause="a next page is missing"))
    if _prescribes_tables(report) and (found := count_sections(article.paragraphs)) < _FEWEST_SECTIONS:
        cause = f"headings of {found} of the form's six sections were found"
        return _Finding(Part(part=PartName.TEXT, state=PartState.DOUBTFUL, cause=cause))
    return _Finding(Part(part=PartName.TEXT, state=PartState.READ))


def _document_with_text(article: Article, documents: Mapping[str, StoredDocument]) -> str:
    """The document that the text was taken from."""
    for attachment in article.attachments:
        document = documents.get(attachment.url)
        if document and document.content and sum(map(len, document.content.prose)) >= _INTRODUCTION:
            return attachment.url
    return ""


def _garbled(text: str) -> str:
    """Why a text cannot be read by people; empty where it can."""
    sample = text[:_SAMPLE]
    limit = _GARBLED_SHARE * len(sample)
    if "(cid:" in sample and sum(map(len, _CID.findall(sample))) > limit:
        return "the document does not map its characters to text; what was read are their numbers"
    if len(_UNASSIGNED.findall(sample)) > limit:
        return "the text consists of characters without a meaning"
    if "<" in text and len(_TAG.findall(text)) >= _FEW_TAGS:
        return "markup stands in the text"
    if "&" in text and len(_ESCAPE.findall(text)) >= _FEW_TAGS:
        return "escaped markup stands in the text"
    return ""


def _length(report: Report) -> int:
    """Characters of the text without blanks and without the report's title; counted as far as it matters."""
    text = "".join(report.text[:2000].split())
    return len(text.replace("".join((report.title or "").split()), "")) if report.title else len(text)


def _without_text(
    report: Report, article: Article, documents: Mapping[str, StoredDocument], beside: Sequence[Part]
) -> _Finding:
    """The documents and pictures beside a page, or the page as a scan, explain that it has no text."""
    scan = documents.get(report.url)
    if scan is not None and scan.content is not None and scan.content.origin is Origin.IMAGE:
        cause = "the pages are pictures, of which only tables are read"
        return _Finding(Part(part=PartName.TEXT, state=PartState.UNREAD, url=report.url, cause=cause))
    if candidate := _candidate(article, beside):
        return _Finding(replace(candidate, part=PartName.TEXT), is_explained=candidate.cause not in _NOT_FETCHED)
    if article.images:
        cause = "the page shows pictures, of which only tables are read"
        return _Finding(Part(part=PartName.TEXT, state=PartState.UNREAD, url=article.images[0].url, cause=cause))
    read = next((a.url for a in article.attachments if a.url in documents), None)
    if read:
        cause = "neither the page nor its documents hold text beside the tables"
        return _Finding(Part(part=PartName.TEXT, state=PartState.NOT_IN_SOURCE, url=read, cause=cause))
    cause = "the text is only the title" if report.text.strip() else "the page has no text"
    if article.frames:
        cause = f"none of its frames alone holds an article: {', '.join(article.frames)}"
    elif article.is_scripted:
        cause = "a script writes the text, which the page does not hold as a whole"
    elif article.data_images:
        cause = f"the page shows pictures that are part of it and have no address: {article.data_images}"
    return _Finding(Part(part=PartName.TEXT, state=PartState.UNREAD, cause=cause), is_explained=False)


# --- tables ----------------------------------------------------------------------------------------------------------


def _table(
    report: Report,
    number: int,
    name: PartName,
    article: Article,
    documents: Mapping[str, StoredDocument],
    beside: Sequence[Part],
) -> _Finding:
    source = next((s for s in report.table_sources if s.table_no == number and s.standing is not Standing.UNREAD), None)
    if source is not None:
        return _table_read(report, name, source)
    if doubt := _doubt(report, number):
        url = doubt.url if doubt.url and doubt.url != report.url else ""
        part = Part(part=name, state=PartState.DOUBTFUL, url=url, cause=doubt.message)
        return _Finding(part, is_explained=False)
    if candidate := _candidate(article, beside):
        return _Finding(replace(candidate, part=name), is_explained=candidate.cause not in _NOT_FETCHED)
    if sentence := _says_none(name, article.paragraphs):
        return _Finding(Part(part=name, state=PartState.NOT_IN_SOURCE, cause=sentence))
    return _Finding(Part(part=name, state=PartState.UNREAD, cause=_nowhere(article, documents)), is_explained=False)


def _nowhere(article: Article, documents: Mapping[str, StoredDocument]) -> str:
    """Where a table was looked for in vain."""
    if article.data_images:
        return f"no table in the text; pictures that are part of the page and have no address: {article.data_images}"
    images, files = {image.url for image in article.images}, {file.url for file in article.attachments}
    if unfetched := images - documents.keys():
        return f"no table in the text; pictures on the page that no crawl fetches: {len(unfetched)}"
    if beside := (images | files) & documents.keys():
        return f"no table in the text or in the documents and pictures that were read: {len(beside)}"
    return "no table in the text, and no document or picture on the page that may hold it"


def _doubt(report: Report, number: int) -> Problem | None:
    """What a reader was not sure of in a table."""
    start = f"table {number}"
    return next((p for p in report.problems if p.kind is ProblemKind.UNSURE and p.message.startswith(start)), None)


def _table_read(report: Report, name: PartName, source: TableSource) -> _Finding:
    """A table of which figures were read, from the best of its sources."""
    url = "" if source.url == report.url else source.url
    number, origin = source.table_no, source.origin
    if source.standing is Standing.INCOMPLETE:
        doubt = _doubt(report, number)
        cause = doubt.message if doubt else "cells are missing or uncertain"
        return _Finding(Part(part=name, state=PartState.DOUBTFUL, url=url, cause=cause), is_explained=False)
    cause = ""
    if source.standing is Standing.UNVERIFIED:
        cause = "read from a PDF or a picture, and no identity proves the figures"
    elif all(
        s.value_state is ValueState.BLANK for s in report.statistics if (s.table_no, s.origin) == (number, origin)
    ):
        cause = "every cell is blank"
    state = PartState.DOUBTFUL if cause else PartState.ELSEWHERE if url else PartState.READ
    return _Finding(Part(part=name, state=state, url=url, cause=cause))


def _says_none(name: PartName, paragraphs: Sequence[str]) -> str:
    """The sentence that says that there is nothing to put into a table, of a text that is whole; empty without one."""
    if not any(_LAST_SECTION.search(paragraph) for paragraph in paragraphs):
        return ""
    found = (match[0] for paragraph in paragraphs for match in _SAYS_NONE[name].finditer(paragraph))
    return next((sentence for sentence in found if not _A_NUMBER.search(sentence)), "")


# --- documents, pictures and next pages ------------------------------------------------------------------------------


def _beside(
    report: Report,
    article: Article,
    prepared: PreparedPage,
    next_articles: Sequence[Article],
    documents: Mapping[str, StoredDocument],
) -> Iterator[Part]:
    """A row for each next page, frame, document and table picture that the report names and that was not read.

    A picture that no crawl fetches shows no table, as far as is known.
    """
    for url in report.next_page_urls[len(next_articles) :]:
        yield Part(part=PartName.NEXT_PAGE, state=PartState.UNREAD, url=url, cause=NOT_CAPTURED)
    for url in article.missing_frames:
        yield Part(part=PartName.NEXT_PAGE, state=PartState.UNREAD, url=url, cause=NOT_CAPTURED)
    if not (article.attachments or article.images):
        return
    fetched = {attachment.url for attachment in documents_to_fetch(replace(prepared, article=article))}
    seen: set[str] = set()
    for name, attachments in ((PartName.DOCUMENT, article.attachments), (PartName.PICTURE, article.images)):
        for attachment in attachments:
            cause = _why_unread(attachment, documents, fetched)
            if not cause or attachment.url in seen or (name is PartName.PICTURE and cause in _NOT_FETCHED):
                continue
            seen.add(attachment.url)
            yield Part(part=name, state=PartState.UNREAD, url=attachment.url, cause=cause)


def _why_unread(attachment: Attachment, documents: Mapping[str, StoredDocument], fetched: set[str]) -> str:
    """Why a document or picture was not read; empty where it was."""
    document = documents.get(attachment.url)
    if document is None:
        if attachment.url in fetched:
            return NOT_CAPTURED
        extension = extension_of(attachment.url)
        return LEFT_PACKED if extension in ARCHIVES else NOT_READ_KIND if extension in NOT_READ else TOO_MANY
    if document.content is not None:
        return ""
    return document.problems[0].message if document.problems else "it could not be read"


def _candidate(article: Article, beside: Sequence[Part]) -> Part | None:
    """The part beside the page that may hold what the page lacks, the likeliest one: a document named like a report."""
    names = {attachment.url: attachment.name for attachment in (*article.attachments, *article.images)}
    return min(
        beside,
        key=lambda part: (
            part.cause in _NOT_FETCHED,
            part.part is PartName.PICTURE,
            NAMED_AS_REPORT.search(names.get(part.url, "")) is None,
        ),
        default=None,
    )
