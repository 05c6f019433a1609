"""The things that travel through the machine: entry, page, report, statistic, check, attachment, problem."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from archive.vocabulary import (
    BodyKind,
    Fate,
    Form,
    Level,
    Origin,
    PartName,
    PartState,
    ProblemKind,
    ReportScope,
    ReportState,
    Severity,
    Stage,
    Standing,
    ValueState,
    Verdict,
)


@dataclass(slots=True, kw_only=True)
class Entry:
    """What a listing says of one document."""

    url: str
    """Absolute, as the listing links it."""
    title: str | None = None
    date: str | None = None
    """ISO date or minute (`2024-01-20`, `2024-01-20 10:43`); None where the listing prints none."""
    portal: str | None = None
    listing_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PageReference:
    """A captured page on its way from the spider to the readers. The body stays in captures.db."""

    portal: str
    key: str
    """The document's key, the same for each of its addresses."""
    url: str
    capture_id: int
    """The answer in `captures` that the crawl has just received."""
    documents: Mapping[str, object] = field(default_factory=dict, repr=False, compare=False)
    """Documents beside it, by SHA-256, as they were read on the way and are not kept: an optional saving, never needed."""
    reading: object = field(default=None, repr=False, compare=False)
    """What came of reading its document (archive.records.Reading), where that was read on the way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A capture together with its entries: all that a reader gets."""

    url: str
    body: bytes = field(repr=False)
    """The entity, with transfer and content encoding undone and its charset left as it is."""
    content_type: str | None = None
    """The HTTP header as sent, with its charset if it has one; None when unknown."""
    portal: str | None = None
    division_code: str | None = None
    """The GB/T 2260 code that the portal's file declares: one witness among others."""
    sha256: str | None = None
    captured_at: str | None = None
    """UTC, ISO 8601."""
    entries: tuple[Entry, ...] = ()


@dataclass(slots=True)  # made by position where hundreds are made: by keyword takes three times as long
class Statistic:
    """One cell of a national table, or one figure stated in prose. Names are those of archive/forms/labels.json."""

    table_no: int
    """1 the annex before 2019; 2, 3, 4 the national tables."""
    row_name: str
    column_name: str
    value: int | float | None
    """None whenever `value_state` is blank, slash, dash or text: blank is not zero."""
    unit: str | None = None
    raw: str = ""
    """The cell as printed, or the sentence that states the figure."""
    value_state: ValueState = ValueState.NUMBER
    origin: Origin = Origin.HTML


@dataclass(slots=True)
class Check:
    """One identity (勾稽关系) evaluated on one report."""

    identity: str
    """T3-A, T3-B, T3-C, T4-A, X-A … of labels.json."""
    scope: str
    """The column, row or block it was evaluated on, by name."""
    expected: float | int | None
    actual: float | int | None
    verdict: Verdict
    severity: Severity = Severity.WARNING


@dataclass(slots=True, kw_only=True)
class TableSource:
    """One of the places where a report has one of its tables, and how far the reading of it can be trusted."""

    table_no: int
    origin: Origin
    url: str
    """The page or the document."""
    standing: Standing


@dataclass(slots=True, kw_only=True)
class Attachment:
    """A document or table picture that belongs to the article."""

    url: str
    name: str
    media_type: str | None = None
    sha256: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One thing that belongs to a report, and what became of it."""

    part: PartName
    state: PartState
    url: str = ""
    """The document, picture or next page that has it; empty for the page itself."""
    cause: str = ""
    """Why it was not read or is doubtful, and what would read it; empty for what is read."""


@dataclass(slots=True, kw_only=True)
class Problem:
    """One thing that went wrong, in words for the person who fixes it."""

    kind: ProblemKind
    message: str
    url: str | None = None
    stage: Stage = Stage.READ


@dataclass(slots=True, kw_only=True)
class Report:
    """What was read out of a page. Fields named like columns of `reports` are those columns.

    Every page gives one, articles and listings too: `is_report` says whether it is an annual report on
    open government information, and only then are the fields from `issuing_body` on filled. What the archive knows
    beside the page, from `id` to `state`, is filled when the report is composed from all captures of its document.
    """

    url: str
    id: str | None = None
    """Portal and key, `panyu-5645412`: the same after every reparse."""
    portal: str | None = None
    sha256: str | None = None
    """The body from which the present version was first read."""
    captured_at: str | None = None
    """When that body was captured: UTC, ISO 8601."""
    first_captured_at: str | None = None
    state: ReportState | None = None

    title: str | None = None
    published: str | None = None
    """ISO date or minute, `2024-01-20` or `2024-01-20 10:43`."""
    source: str | None = None
    text: str = field(default="", repr=False)
    """The article's paragraphs, one newline between two; a table row is one paragraph, cells joined by a blank."""
    attachments: list[Attachment] = field(default_factory=list)
    is_report: bool = False
    fate: Fate | None = None
    """What the page is where it is no report: not_a_report, blocked, missing, error or unreadable."""
    cause: str = ""
    """What shows that, in a few words."""

    issuing_body: str | None = None
    co_issuing_body: str | None = None
    division_code: str | None = None
    division: str | None = None
    level: Level | None = None
    body_kind: BodyKind | None = None
    report_scope: ReportScope | None = None
    """Whose figures it counts; None where the page is no report."""
    report_scope_witness: str | None = None
    """The words of the title or the text that say so, or the body's name; both sides where they differ."""
    report_year: int | None = None
    form: Form | None = None
    index_number: str | None = None
    document_number: str | None = None
    site_id_code: str | None = None

    witnesses: dict[str, str] = field(default_factory=dict)
    """Every date found, by where it was found: printed, meta, listing, signature, url."""
    next_page_urls: list[str] = field(default_factory=list)
    """Addresses of pages 2, 3 … of a split article, and of those in frames, whether captured or not."""
    framed_urls: list[str] = field(default_factory=list)
    """Where the article stands if the page shows it in a frame, and the frames around that one."""
    statistics: list[Statistic] = field(default_factory=list, repr=False)
    checks: list[Check] = field(default_factory=list, repr=False)
    table_sources: list[TableSource] = field(default_factory=list, repr=False)
    parts: list[Part] = field(default_factory=list, repr=False)
    """What the report must have, each with its state, and every document and next page that is missing."""
    problems: list[Problem] = field(default_factory=list)
    contradicting: list[tuple[Entry, str]] = field(default_factory=list)
    """Entries that lead here and announce another report, each with what shows it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """A document and where it has been found: all that composing asks of a portal."""

    portal: str
    key: str
    urls: tuple[str, ...]
    """Best address first, as the platform ranks them."""
    division_code: str | None = None
    digest: str | None = None
    """Of what reports.db holds of it: a reading that comes to the same need not be handed back."""

    @property
    def id(self) -> str:
        """The report's id."""
        return f"{self.portal}-{self.key}"
