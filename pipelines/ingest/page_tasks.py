"""What a process beside a crawl does with captured pages: it takes the addresses of a page's parts, and reads reports.

References come in, addresses and rows go out. A page that was parsed for its addresses is kept for its reading.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ParamSpec, TypeVar

from archive import Captures
from archive.model import Located, Page, PageReference
from archive.records import Reading, without_rows
from pipelines import read as read_page
from pipelines.attachments import documents_to_fetch
from pipelines.documents import Content, recognise
from pipelines.errors import DocumentError, ReaderError
from pipelines.frames import DEEPEST, as_framed, prepared_frame
from pipelines.html.article import framed_urls, next_page_urls
from pipelines.html.assets import pictures_of, stylesheets_of
from pipelines.ingest.compose import captured_page, compose, referenced_page
from pipelines.ingest.sandbox import READER
from pipelines.next_pages import joined, prepared_next_page
from pipelines.prepared import PreparedPage, prepare
from pipelines.time_limit import OutOfTimeError, time_limit

P = ParamSpec("P")
T = TypeVar("T")

_NICENESS = 5
"""The crawl comes first: it keeps its pace beside a page that takes long."""
_PARSED = 16
"""Pages that are kept parsed."""
_DESKS = 4
"""Archives that are kept open: a machine of a cluster crawls each portal into one of its own."""


_REHEARSAL = (
    "<html><title>政府信息公开工作年度报告</title><p>2024-01-20<p>本年度收到政府信息公开申请1件。<table><tr><td>信息内容<td>本年制发件数</table></html>",
    "<html><title>政府信息公开</title></html>",  # without an article: trafilatura is asked
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageBeside:
    """A next page, or a page in a frame."""

    url: str
    is_frame: bool
    is_had: bool
    """It is captured, and is what it should be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The addresses of what belongs to a page, as far as what is captured by now names them."""

    file_format: str | None = None
    """Of a page that is itself a document: its format; nothing else belongs to it."""
    pages: Sequence[PageBeside] = ()
    documents: Sequence[str] = ()
    """Of the page as it is whole: to be fetched once the pages are."""
    stylesheets: Sequence[str] = ()
    pictures: Sequence[str] = ()
    """With which the page is shown: those of its article first."""
    stuck: str = ""
    """Why the page cannot be read: it takes too long."""
    reading: Reading | None = None
    """The report of its document, where nothing belongs to the page that could be fetched first."""


@dataclass(slots=True)
class _Desk:
    """What this process has at hand."""

    captures: Captures
    parsed: OrderedDict[int, PreparedPage] = field(default_factory=OrderedDict)
    """By their captures."""


_desks: OrderedDict[Path, _Desk] = OrderedDict()
"""Of the archives that were read in last; the last one is the one in use."""


def begin() -> None:
    """Of a process that performs them."""
    os.nice(_NICENESS)


def rehearse() -> None:
    """Read pages of no portal: what readers import and prepare when first needed, every process forked from this one has."""
    for page in _REHEARSAL:
        with suppress(ReaderError):
            read_page(
                Page(url="http://rehearsal.invalid/", body=page.encode(), content_type="text/html; charset=utf-8")
            )


def at(archive: Path, task: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Perform one of these tasks in an archive. Raises ArchiveError where it cannot be read."""
    READER.keep_in(archive)
    if archive not in _desks:
        _desks[archive] = _Desk(Captures(archive, read_only=True))
    _desks.move_to_end(archive)
    if len(_desks) > _DESKS:
        _desks.popitem(last=False)[1].captures.close()
    return task(*args, **kwargs)


def _desk() -> _Desk:
    return next(reversed(_desks.values()))


def parts(reference: PageReference, place: Located | None, *, with_pictures: bool) -> Parts:
    """What belongs to a page; where that is nothing, the report of its document, if that is given, is read at once.

    with_pictures: those of the page too, not of its article alone. Raises ArchiveError where it is not captured.
    """
    found = _parts_of(reference, with_pictures=with_pictures)
    if place is None or found.pages or found.documents or found.file_format or found.stuck:
        return found
    return replace(found, reading=read(place, reference.capture_id))


def _parts_of(reference: PageReference, *, with_pictures: bool) -> Parts:
    desk = _desk()
    page = referenced_page(desk.captures, reference)
    if kind := recognise(page.body, page.content_type, name=page.url):
        return Parts(file_format=kind)
    try:
        with time_limit():
            prepared = desk.parsed.get(reference.capture_id) or prepare(page)
            _keep(desk, reference.capture_id, prepared)
            return _parts(desk.captures, prepared, with_pictures=with_pictures)
    except ReaderError:
        return Parts()  # the reading of the report says why
    except OutOfTimeError as error:
        return Parts(stuck=str(error))


def _keep(desk: _Desk, capture_id: int, prepared: PreparedPage) -> None:
    desk.parsed[capture_id] = prepared
    if len(desk.parsed) > _PARSED:
        desk.parsed.popitem(last=False)


def _parts(captures: Captures, prepared: PreparedPage, *, with_pictures: bool) -> Parts:
    pages: list[PageBeside] = []
    if framed := framed_urls(prepared.parsed, prepared.article):
        whole = _with_frames(captures, prepared, framed, DEEPEST, pages)
    else:
        whole = _with_next_pages(captures, prepared, pages)
    pictures = [picture.url for picture in prepared.article.images]
    return Parts(
        pages=pages,
        documents=[attachment.url for attachment in documents_to_fetch(whole)],
        stylesheets=stylesheets_of(prepared.parsed),
        pictures=pictures + pictures_of(prepared.parsed) if with_pictures else pictures,
    )


def _with_next_pages(captures: Captures, prepared: PreparedPage, pages: list[PageBeside]) -> PreparedPage:
    """A page with what its captured next pages add."""
    articles = []
    for url in next_page_urls(prepared.parsed):
        later = _captured(captures, url, is_frame=False)
        pages.append(PageBeside(url=url, is_frame=False, is_had=later is not None))
        if later is not None:
            articles.append(later.article)
    return replace(prepared, article=joined(prepared.article, articles)) if articles else prepared


def _with_frames(
    captures: Captures, prepared: PreparedPage, urls: Sequence[str], depth: int, pages: list[PageBeside]
) -> PreparedPage:
    """A page with the article that stands in its captured frame."""
    frames: dict[str, PreparedPage | None] = {}
    for url in urls:
        inside = _captured(captures, url, is_frame=True)
        pages.append(PageBeside(url=url, is_frame=True, is_had=inside is not None))
        nested = framed_urls(inside.parsed, inside.article) if inside is not None and depth > 1 else []
        if inside is not None and nested:
            inside = _with_frames(captures, inside, nested, depth - 1, pages)
        frames[url] = inside
    return as_framed(prepared, frames)


def _captured(captures: Captures, url: str, *, is_frame: bool) -> PreparedPage | None:
    """A page beside another as it is captured; None where it is not, or something else came in its place."""
    page = captured_page(captures, url)
    if page is None:
        return None
    return prepared_frame(page) if is_frame else prepared_next_page(page)


def is_had(url: str, *, is_frame: bool) -> bool:
    """Whether a page beside another is captured, and is what it should be."""
    desk = _desk()
    try:
        with time_limit():
            return _captured(desk.captures, url, is_frame=is_frame) is not None
    except OutOfTimeError:
        return False


def read(
    place: Located, capture_id: int | None = None, documents: Mapping[str, Content | DocumentError] | None = None
) -> Reading:
    """The report of a document, as its rows.

    capture_id: of its page that was parsed before; documents: by SHA-256 what they were read as, where the archive does
    not keep that. Raises ArchiveError where the captures cannot be read.
    """
    desk = _desk()
    for sha256, content in (documents or {}).items():
        READER.remember(sha256, content)
    prepared = desk.parsed.pop(capture_id, None) if capture_id is not None else None
    reading = compose(desk.captures, place, prepared)
    if reading.report is not None:
        reading.report = without_rows(reading.report)
    return reading
