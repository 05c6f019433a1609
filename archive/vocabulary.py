"""The closed vocabularies: every word that a column, a file or a command may hold, in one place.

Each is a StrEnum, so a member is its word in SQL, JSON and output. Problem kinds carry their meaning and what to do;
`scrapy health` and docs/problems.md are written from them.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Self


class Outcome(StrEnum):
    """What an answer means (`captures.outcome`)."""

    OK = "ok"
    UNCHANGED = "unchanged"
    """Status 304, or the same bytes as before."""
    REDIRECT = "redirect"
    MISSING = "missing"
    """404, 410, a redirect to a home or listing page, or a stub that says so."""
    BLOCKED = "blocked"
    """A firewall's challenge or refusal."""
    ERROR = "error"
    """5xx, a timeout, a body cut short."""


DOCUMENT_OUTCOMES = (Outcome.OK, Outcome.UNCHANGED)
"""The archive has what was asked for; nothing else is ever read."""
ANSWER_OUTCOMES = (*DOCUMENT_OUTCOMES, Outcome.REDIRECT, Outcome.MISSING)
"""The portal said what it holds; blocked and error only say that it did not tell."""


class RunKind(StrEnum):
    """What a run did (`runs.kind`)."""

    CRAWL = "crawl"
    IMPORT = "import"
    REPARSE = "reparse"


class Stage(StrEnum):
    """Where a problem arose (`problems.stage`)."""

    LISTING = "listing"
    FETCH = "fetch"
    READ = "read"
    STORE = "store"
    IMPORT = "import"


class ReportState(StrEnum):
    """Whether the portal still publishes a report (`reports.state`)."""

    LIVE = "live"
    MISSING = "missing"
    """Not found of late; too few times or too short a while to call it removed."""
    REMOVED = "removed"
    RETURNED = "returned"
    """Found again after it was removed."""


class Level(StrEnum):
    """The administrative level of a public body (`reports.level`)."""

    NATIONAL = "national"
    PROVINCE = "province"
    PREFECTURE = "prefecture"
    COUNTY = "county"
    TOWNSHIP = "township"


class BodyKind(StrEnum):
    """What sort of public body published a report (`reports.body_kind`)."""

    GOVERNMENT = "government"
    GENERAL_OFFICE = "general_office"
    DEPARTMENT = "department"
    SUBDISTRICT_TOWNSHIP = "subdistrict_township"
    FUNCTIONAL_ZONE_COMMITTEE = "functional_zone_committee"
    INSTITUTION = "institution"


class Form(StrEnum):
    """The form that a report follows (`reports.form`); rows and columns of each are in archive/forms/labels.json."""

    NARRATIVE = "narrative"
    """Prose alone."""
    ANNEX_2014 = "cn-2014-stat"
    """The national statistics annex of 2014 to 2018."""
    ANNEX_FUJIAN_2014 = "fj-2014-stat"
    ANNEX_DINGXI_2010 = "dx-2010-stat"
    NATIONAL_2019 = "cn-2019"
    """Tables two, three and four, as prescribed from 2019 on."""
    NATIONAL_2021 = "cn-2021"
    """The same as revised in 2021."""


class Origin(StrEnum):
    """Where a figure was read (`statistics.origin`)."""

    HTML = "html"
    DOCX = "docx"
    """Word: docx, doc, wps."""
    XLSX = "xlsx"
    """Excel: xlsx, xls."""
    PDF = "pdf"
    IMAGE = "image"
    NARRATIVE = "narrative"
    """A sentence."""


class ValueState(StrEnum):
    """What a cell holds (`statistics.value_state`). Only NUMBER and WITH_NOTE have a value: blank is not zero."""

    NUMBER = "number"
    BLANK = "blank"
    SLASH = "slash"
    DASH = "dash"
    TEXT = "text"
    WITH_NOTE = "with_note"
    """A number with words beside it."""


class Verdict(StrEnum):
    """What came of an identity (`checks.verdict`)."""

    HOLDS = "holds"
    FAILS = "fails"
    NOT_ASSESSABLE = "not_assessable"


class Severity(StrEnum):
    """What a failed identity most likely means (`checks.severity`)."""

    SUSPECT_PARSER = "suspect_parser"
    SUSPECT_SOURCE = "suspect_source"
    WARNING = "warning"


class Standing(StrEnum):
    """How far the reading of a table can be relied on (`table_sources.standing`)."""

    VERIFIED = "verified"
    """Every row of one form, in order, and its identities hold."""
    UNVERIFIED = "unverified"
    """Every row is there, but nothing proves a reading from a PDF or a picture."""
    INCONSISTENT = "inconsistent"
    """As published, it does not add up."""
    INCOMPLETE = "incomplete"
    """Cells are missing or uncertain."""
    UNREAD = "unread"
    """The table is there and none of it is used."""


class ProblemKind(StrEnum):
    """One thing that can go wrong (`problems.kind`, and what `scrapy health` finds).

    `meaning` says what happened, `remedy` what to do. `concerns_document` is true where the problem says something of one
    document alone: such a problem does not make a run unwell.
    """

    meaning: str
    remedy: str
    concerns_document: bool

    def __new__(cls, word: str, meaning: str = "", remedy: str = "", scope: str = "run") -> Self:
        """A member from its row below; `ProblemKind(word)` looks one up and raises ValueError where there is none."""
        member = str.__new__(cls, word)
        member._value_ = word
        member.meaning, member.remedy, member.concerns_document = meaning, remedy, scope == "document"
        return member

    # Listings
    LISTING_EMPTY = (
        "listing_empty",
        "A listing shows no entries.",
        "Open the listing in a browser. If it moved or changed its markup, correct the portal's file.",
    )
    LISTING_ENDLESS = (
        "listing_endless",
        "A listing has more pages than any real column.",
        "Check whether the page number in its addresses is ignored.",
    )
    LISTING_FAILED = (
        "listing_failed",
        "A page of a listing could not be fetched; entries after it are unknown.",
        "Crawl again. If it persists, open the page in a browser.",
    )
    LISTING_REPEATS = (
        "listing_repeats",
        "A page of a listing shows only entries of earlier pages.",
        "Check how the portal numbers the pages of this listing.",
    )
    LISTING_SHORT = (
        "listing_short",
        "Fewer or more entries were seen than the listing announces.",
        "Crawl again. If it persists, compare the listing's pages with what was captured.",
    )
    LISTING_SHRINKS = (
        "listing_shrinks",
        "The listing announced fewer entries from one page to the next.",
        "Crawl again: the portal changed it during the walk.",
    )
    LISTING_STUB = (
        "listing_stub",
        "A page of a listing is empty although the page before it promised entries.",
        "Crawl again. If it persists, check the portal's paging.",
    )
    LISTING_UNDATED = (
        "listing_undated",
        "Entries of a listing have no date.",
        "Check whether the listing's markup changed.",
    )
    LISTING_UNREADABLE = (
        "listing_unreadable",
        "A page of a listing could not be read.",
        "Read the message; the platform's class may need a change.",
    )
    LISTING_BELOW_ARCHIVE = (
        "listing_below_archive",
        "A listing shows fewer reports than it did before.",
        "Check whether the portal withdrew reports or cut the listing short.",
    )
    MENU_FAILED = (
        "menu_failed",
        "A page that leads to columns could not be fetched; columns of new years may be missed.",
        "Crawl again.",
    )
    # Fetching
    MISSING = ("missing", "The portal no longer has the document.", "No action needed.", "document")
    BLOCKED = (
        "blocked",
        "The portal refused a request or sent a challenge.",
        "Crawl later and more slowly. Challenges are never solved.",
    )
    ERROR = ("error", "A request failed.", "Crawl again.")
    TOO_LARGE = ("too_large", "An answer is larger than DOWNLOAD_MAXSIZE.", "Raise DOWNLOAD_MAXSIZE if it is a report.")
    HOST_REFUSES = (
        "host_refuses",
        "A host refused several requests in a row and was left alone for the run.",
        "Crawl later. Ask the portal's administrator if it persists.",
    )
    HOST_BUSY = (
        "host_busy",
        "A host asked for a longer pause than LONGEST_PAUSE and was left alone for the run.",
        "Crawl later, or raise LONGEST_PAUSE.",
    )
    ROBOTS_FORBIDS = ("robots_forbids", "robots.txt forbids the address.", "No action needed.", "document")
    OFF_SITE = (
        "off_site",
        "The address is on a host that the portal does not declare.",
        "Add the host to the portal's `hosts` if it is the portal's own.",
        "document",
    )
    UNSAFE_SCHEME = ("unsafe_scheme", "The address is not on the web.", "No action needed.", "document")
    PRIVATE_ADDRESS = (
        "private_address",
        "The address leads to this machine or its network.",
        "Check the host's name; it may have been hijacked.",
    )
    NOT_CAPTURED = ("not_captured", "An offline crawl needs what was never captured.", "Crawl online.", "document")
    WINDOW_CLOSED = ("window_closed", "The hours of CRAWL_WINDOW are over.", "The next crawl goes on from here.")
    REQUESTS_SPENT = (
        "requests_spent",
        "The requests of REQUESTS_PER_RUN are used up.",
        "The next crawl goes on from here.",
    )
    ENDED_EARLY = ("ended_early", "A crawl ended before it was through.", "Crawl again.")
    # Reading
    NOT_A_REPORT = (
        "not_a_report",
        "A listed page does not read as an annual report.",
        "Open it. If it is one, add it as a fixture.",
        "document",
    )
    UNSURE = ("unsure", "A value is not certain and was left out.", "Compare the page with the report.", "document")
    NO_YEAR = ("no_year", "Nothing names the report's year.", "Open the page.", "document")
    NO_TITLE = ("no_title", "The page names no title.", "Open the page.", "document")
    NO_TABLES = (
        "no_tables",
        "The form prescribes table three, and it is not in the text.",
        "See whether it is in a picture or a document beside it.",
        "document",
    )
    REHOSTED = ("rehosted", "The page names another site as its own.", "No action needed.", "document")
    INCOMPLETE = ("incomplete", "Further pages of an article are not captured.", "Crawl again.", "document")
    UNREADABLE = ("unreadable", "A page cannot be read at all.", "Open the captured page.")
    READ_FAILED = ("read_failed", "A reader failed on a page.", "Add the page as a fixture and correct the reader.")
    SPIDER_ERROR = (
        "spider_error",
        "The walk of a listing failed.",
        "Correct the platform's class or the portal's file.",
    )
    # Documents beside a page
    UNREAD = (
        "unread",
        "A document is sound and no installed reader fits it.",
        "Install the reader it names.",
        "document",
    )
    DAMAGED = ("damaged", "A document is damaged.", "Open the captured file.", "document")
    ENCRYPTED = ("encrypted", "A document is encrypted.", "No action needed.", "document")
    OVERSIZED = ("oversized", "A document is larger than what is read.", "Open the captured file.", "document")
    TIMED_OUT = ("timed_out", "A document took too long to read.", "Open the captured file.", "document")
    MACROS = ("macros", "A document holds macros; they were not run.", "No action needed.", "document")
    # Imports
    DAMAGED_FILE = (
        "damaged_file",
        "A file to import is damaged.",
        "Get it again; what precedes the damage is archived.",
    )
    # What `scrapy health` finds
    NEVER_CRAWLED = ("never_crawled", "The portal has never been crawled.", "Crawl it.")
    RUN_CUT_OFF = ("run_cut_off", "The last crawl was killed, or the machine went down.", "Crawl again.")
    RUN_FAILED = ("run_failed", "The last crawl ended before it was through.", "Crawl again.")
    NOT_CRAWLED_LATELY = ("not_crawled_lately", "The last complete crawl is too long ago.", "Crawl it on a schedule.")
    NO_ENTRIES = ("no_entries", "The last crawl saw no entries.", "Open the portal's listings in a browser.")
    FEWER_ENTRIES_THAN_REPORTS = (
        "fewer_entries_than_reports",
        "The last crawl saw fewer entries than there are archived reports.",
        "Check whether a listing was cut short.",
    )
