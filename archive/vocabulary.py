"""The closed vocabularies: every word that a column, a file or a command may hold, in one place.

Each is a StrEnum, so a member is its word in SQL, JSON and output. A problem kind carries its meaning and a remedy;
`scrapy health` and docs/problems.md print them (`python -m tools.problems > docs/problems.md`).
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


class CaptureRole(StrEnum):
    """What a capture is where it is neither a listing, nor a document, nor beside one (`captures.role`)."""

    ASSET = "asset"
    """A stylesheet or picture, kept so that captured pages can be shown as they looked."""


class CertificateState(StrEnum):
    """What was found of the certificate by which a portal named itself (`captures.certificate`); none stops a crawl."""

    VALID = "valid"
    SELF_SIGNED = "self_signed"
    UNKNOWN_ISSUER = "unknown_issuer"
    """No authority that the crawling machine knows vouches for it, or one between was not sent."""
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    WRONG_HOST = "wrong_host"
    """It is another host's."""
    WEAK = "weak"
    """A key or hash that OpenSSL no longer takes."""
    NOT_VERIFIED = "not_verified"
    """Anything else that OpenSSL objected to."""


DOCUMENT_OUTCOMES = (Outcome.OK, Outcome.UNCHANGED)
"""The archive has the document; no other capture is ever read."""
ANSWER_OUTCOMES = (*DOCUMENT_OUTCOMES, Outcome.REDIRECT, Outcome.MISSING)
"""The portal answered what it has; after blocked and error that is unknown."""


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
    """Not found lately, but not often enough or not long enough to count as removed."""
    REMOVED = "removed"
    RETURNED = "returned"
    """Found again after it was removed."""


class Fate(StrEnum):
    """What came of an entry that a listing shows (`fates.fate`), and what a page without a report is."""

    meaning: str
    """What came of the entry, in a sentence."""
    remedy: str
    """What a person does about it."""

    def __new__(cls, word: str, meaning: str = "", remedy: str = "") -> Self:
        """A member from its row below."""
        member = str.__new__(cls, word)
        member._value_ = word
        member.meaning, member.remedy = meaning, remedy
        return member

    REPORT = ("report", "It is an archived report.", "No action needed.")
    COPY = ("copy", "It leads to a report to which another entry leads already.", "No action needed.")
    NOT_A_REPORT = (
        "not_a_report",
        "It is something else than an annual report.",
        "Open the address. If it shows the report, crawl again; if the page was read wrong, add it as a fixture (scrapy fixture).",
    )
    CAPTURED = ("captured", "It was fetched and has not been read.", "Run scrapy reparse --new.")
    MISSING = ("missing", "The portal answers that it does not exist.", "No action needed; every crawl asks again.")
    REMOVED = ("removed", "It was archived, and the portal has taken it down.", "No action needed.")
    BLOCKED = (
        "blocked",
        "A refusal, a login form or a notice of maintenance came instead.",
        "Crawl later. If it persists, write to the portal's administrator.",
    )
    ERROR = ("error", "The request failed.", "Crawl again. If it persists, open the address in a browser.")
    OFF_SITE = (
        "off_site",
        "It is on a host that the portal does not declare.",
        "If the host is the portal's own, add it to `hosts` in the portal's file.",
    )
    UNREADABLE = (
        "unreadable",
        "It was fetched and cannot be read.",
        "The cause says what would read it. Then run scrapy reparse --new.",
    )
    WITHHELD = (
        "withheld",
        "It is archived, and whoever keeps the archive withholds it.",
        "The cause says why. scrapy withhold --lift shows it again.",
    )
    NOT_ASKED = (
        "not_asked",
        "The crawl's own limits left it out: its years, its requests, its hours.",
        "Crawl again without the limit.",
    )
    PENDING = (
        "pending",
        "The crawl ended before it asked for it.",
        "Crawl again; the crawl resumes where it ended.",
    )


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


class ReportScope(StrEnum):
    """Whose figures a report counts (`reports.report_scope`)."""

    WHOLE_AREA = "whole_area"
    """Those of a government and of its departments together."""
    BODY_ONLY = "body_only"
    UNKNOWN = "unknown"
    """Nothing says so, or what says so differs."""


class Counting(StrEnum):
    """Whether reports enter a sum (`sums.counting`, and the parts of `archive.sums.Sum`)."""

    COUNTED = "counted"
    AGAIN = "again"
    """Another report on the same place, or of the same body, counts for this year."""
    WITHIN = "within"
    """A report on a whole area counts their figures already."""
    APART = "apart"
    """Nothing says whose figures they are, of which place or of which year."""


class Form(StrEnum):
    """The form that a report follows (`reports.form`); rows and columns of each are in archive/forms/labels.json."""

    NARRATIVE = "narrative"
    """Prose alone."""
    ANNEX_2014 = "cn-2014-stat"
    """The national statistics annex of 2014 to 2018."""
    ANNEX_FUJIAN_2009 = "fj-2009-stat"
    """Fujian's own annex of 2008 to 2013."""
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
    """What a cell holds (`statistics.value_state`). Only NUMBER and WITH_NOTE have a value; blank is not zero."""

    NUMBER = "number"
    BLANK = "blank"
    SLASH = "slash"
    DASH = "dash"
    TEXT = "text"
    WITH_NOTE = "with_note"
    """A number with words beside it."""


class Verdict(StrEnum):
    """The result of evaluating an identity (`checks.verdict`)."""

    HOLDS = "holds"
    FAILS = "fails"
    NOT_ASSESSABLE = "not_assessable"
    """A figure that it needs is blank or was not read."""


class Severity(StrEnum):
    """What a failed identity most likely means (`checks.severity`)."""

    SUSPECT_PARSER = "suspect_parser"
    """A figure was probably misread: published reports hardly ever break this identity."""
    SUSPECT_SOURCE = "suspect_source"
    """The publication is probably wrong; the figures are kept as printed."""
    WARNING = "warning"
    """Worth a look; there are ordinary reasons for it."""


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
    BLANK = "blank"
    """There is no figure in it."""
    UNREAD = "unread"
    """The table is there and none of it is used."""


class TableState(StrEnum):
    """How far the identities of a table verify the key figures that come from it."""

    VERIFIED = "verified"
    """An identity holds and none fails."""
    FAILS = "fails"
    UNCHECKED = "unchecked"
    """No identity could be assessed."""
    PROSE = "prose"
    """The figures do not come from a table."""


class PartName(StrEnum):
    """What a report consists of (`parts.part`)."""

    TITLE = "title"
    ISSUING_BODY = "body"
    YEAR = "year"
    DATE = "date"
    """Of publication."""
    TEXT = "text"
    TABLE_TWO = "table_two"
    TABLE_THREE = "table_three"
    TABLE_FOUR = "table_four"
    DOCUMENT = "document"
    """A document beside the page that was not fetched or could not be read."""
    PICTURE = "picture"
    """The same of a picture that may show a table."""
    NEXT_PAGE = "next_page"
    """A page of a split article, or one in a frame, that was not fetched or could not be read."""


class PartState(StrEnum):
    """What became of a part of a report (`parts.state`)."""

    READ = "read"
    ELSEWHERE = "elsewhere"
    """Read in the document that `parts.url` names."""
    UNREAD = "unread"
    """It may be there and was not read; `parts.cause` says why."""
    NOT_IN_SOURCE = "not_in_source"
    """The publication does not have it."""
    DOUBTFUL = "doubtful"
    """It is there, and what was read of it is uncertain or not whole."""


class ProblemKind(StrEnum):
    """One thing that can go wrong (`problems.kind`, and what `scrapy health` finds)."""

    meaning: str
    """What happened, in a sentence."""
    remedy: str
    """What a person does about it."""
    concerns_document: bool
    """Whether it concerns one document alone; such a problem does not make a run unwell."""

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
        "Open the listing in a browser. If it has moved or its markup has changed, correct the portal's file.",
    )
    LISTING_ENDLESS = (
        "listing_endless",
        "A listing has more pages than any real column.",
        "Open two of its pages in a browser. If they are the same, correct how the platform's class numbers pages.",
    )
    LISTING_FAILED = (
        "listing_failed",
        "A page of a listing could not be fetched; entries after it are unknown.",
        "Crawl again. If it persists, open the page in a browser.",
    )
    LISTING_REPEATS = (
        "listing_repeats",
        "A page of a listing shows only entries of earlier pages.",
        "Open the page in a browser and check how the portal numbers the pages of this listing.",
    )
    LISTING_SHORT = (
        "listing_short",
        "The number of entries seen is not the number that the listing announces.",
        "Crawl again. If it persists, compare the pages of the listing with the captured ones.",
    )
    LISTING_SHRINKS = (
        "listing_shrinks",
        "The listing announced fewer entries from one page to the next.",
        "Crawl again: the portal changed the listing during the crawl.",
    )
    LISTING_STUB = (
        "listing_stub",
        "A page of a listing is empty although the page before it announced more entries.",
        "Crawl again. If it persists, open the page in a browser.",
    )
    LISTING_UNDATED = (
        "listing_undated",
        "Entries of a listing have no date.",
        "Open the listing in a browser. If it prints dates, correct the platform's class.",
    )
    LISTING_UNREADABLE = (
        "listing_unreadable",
        "A page of a listing could not be read.",
        "Read the message. If the portal's answers have a new shape, correct the platform's class.",
    )
    LISTING_BELOW_ARCHIVE = (
        "listing_below_archive",
        "A listing no longer shows reports that it showed before.",
        "Open the listing and check whether the portal withdrew the reports or cut the listing short.",
    )
    MENU_FAILED = (
        "menu_failed",
        "A page with links to columns could not be fetched, so columns of new years may be missing.",
        "Crawl again. If it persists, open the page in a browser.",
    )
    # Fetching
    MISSING = ("missing", "The portal no longer has the document.", "No action needed.", "document")
    BLOCKED = (
        "blocked",
        "The portal refused a request or sent a challenge.",
        "Crawl later and more slowly. Challenges are never solved.",
    )
    ERROR = ("error", "A request failed.", "Crawl again. If it persists, open the address in a browser.")
    TOO_LARGE = (
        "too_large",
        "An answer is larger than DOWNLOAD_MAXSIZE, or in an imported file than 64 MiB once it is decoded.",
        "Raise DOWNLOAD_MAXSIZE and crawl again if it is a report.",
    )
    HOST_REFUSES = (
        "host_refuses",
        "A host refused several requests in a row and was left alone for the rest of the run.",
        "Crawl later. If it persists, write to the portal's administrator.",
    )
    HOST_FAILS = (
        "host_fails",
        "Several requests in a row to a host failed, and it was left alone for the rest of the run.",
        "Crawl later. If it persists, open the portal in a browser.",
    )
    HOST_BUSY = (
        "host_busy",
        "A host asked for a longer pause than LONGEST_PAUSE and was left alone for the rest of the run.",
        "Crawl later, or raise LONGEST_PAUSE.",
    )
    ROBOTS_UNREACHABLE = (
        "robots_unreachable",
        "robots.txt of a host answered with an error or not at all, so nothing was asked of it in this run (RFC 9309).",
        "Crawl later. If it persists, open the host's robots.txt in a browser.",
    )
    ROBOTS_FORBIDS = ("robots_forbids", "robots.txt forbids the address.", "No action needed.", "document")
    OFF_SITE = (
        "off_site",
        "The address is on a host that the portal does not declare.",
        "If the host is the portal's own, add it to `hosts` in the portal's file.",
        "document",
    )
    ADDRESS_TOO_LONG = (
        "address_too_long",
        "The address is longer than servers have to accept.",
        "Open the address in a browser.",
        "document",
    )
    UNSAFE_SCHEME = (
        "unsafe_scheme",
        "The address is not a web address (http or https).",
        "No action needed.",
        "document",
    )
    PRIVATE_ADDRESS = (
        "private_address",
        "The host resolves to this machine or its network.",
        "Check the host's name; its domain may have expired or been hijacked.",
    )
    NOT_CAPTURED = (
        "not_captured",
        "An offline crawl needs an address that was never captured.",
        "Crawl online.",
        "document",
    )
    WINDOW_CLOSED = (
        "window_closed",
        "The hours of CRAWL_WINDOW are over.",
        "Crawl again; the crawl resumes where it ended.",
    )
    REQUESTS_SPENT = (
        "requests_spent",
        "The requests of REQUESTS_PER_RUN are used up.",
        "Crawl again; the crawl resumes where it ended.",
    )
    ENDED_EARLY = ("ended_early", "A crawl ended early.", "Crawl again; the crawl resumes where it ended.")
    CLOCK = (
        "clock",
        "This machine's clock is behind what the archive holds.",
        "Set the clock. Where an earlier crawl ran with a clock that was ahead, acknowledge it: its captures keep their times.",
    )
    # Reading
    NOT_A_REPORT = (
        "not_a_report",
        "A listed page does not read as an annual report.",
        "Open the page. If it is a report, add it as a fixture (scrapy fixture) and correct the reader.",
        "document",
    )
    CONTRADICTS_LISTING = (
        "contradicts_listing",
        "A page is on another year or by another body than the listing says.",
        "Open the entry in a browser. If the portal answers with a wrong page, crawl again later.",
    )
    UNSURE = ("unsure", "A value is uncertain and was left out.", "Compare the page with the report.", "document")
    NO_YEAR = (
        "no_year",
        "Nothing on the page names the year of the report.",
        "Open the page and see whether it is a report.",
        "document",
    )
    NO_TITLE = ("no_title", "The page names no title.", "Open the page and see whether it is a report.", "document")
    NO_TABLES = (
        "no_tables",
        "Table three, which the form prescribes, is not in the text.",
        "Open the page and see whether the table is in a picture or an attached document.",
        "document",
    )
    NO_TEXT = (
        "no_text",
        "A report has no readable text, and no document beside it explains that.",
        "Open the page in a browser. If its text is there, add the page as a fixture (scrapy fixture) and correct the reader.",
    )
    INCOMPLETE_REPORT = (
        "incomplete_report",
        "A report from 2019 on lacks a table that its form prescribes, and nothing on the page explains that.",
        "Open the page. If the table is there, add the page as a fixture (scrapy fixture) and correct the reader.",
        "document",
    )
    REHOSTED = ("rehosted", "The page names another site as its origin.", "No action needed.", "document")
    INCOMPLETE = ("incomplete", "Later pages of a split article are not captured.", "Crawl again.", "document")
    UNREADABLE = ("unreadable", "A page cannot be read at all.", "Open the captured page and see what it is.")
    READ_FAILED = (
        "read_failed",
        "A reader failed on a page.",
        "Add the page as a fixture (scrapy fixture) and correct the reader.",
    )
    SPIDER_ERROR = (
        "spider_error",
        "A spider failed on a page of a listing.",
        "Correct the platform's class or the portal's file.",
    )
    # The ledger: what was listed against what came of it
    NO_REPORT = (
        "no_report",
        "An entry listed as a report has given none: its page is something else, was refused, or failed.",
        "Open the address. If it shows the report, crawl again; if it never will, acknowledge it (scrapy problems).",
    )
    LISTING_UNREAD = (
        "listing_unread",
        "Half or more of the reports that a listing shows could not be read.",
        "Open one of them in a browser. If the portal is well again, crawl again; if not, correct the reader.",
    )
    ENTRIES_PENDING = (
        "entries_pending",
        "A crawl ended without asking for all reports that a listing shows.",
        "Crawl again. If it persists, read the log of the crawl.",
    )
    UNACCOUNTED = (
        "unaccounted",
        "An entry has no fate: listed entries and the sum of their fates differ.",
        "This is a fault of the program. Keep the archive and report the message.",
    )
    ENTRIES_UNREAD = (
        "entries_unread",
        "Captures were added to the archive and never read, so nothing says yet what came of the entries.",
        "Run scrapy reparse --new.",
    )
    # Documents beside a page
    UNREAD = (
        "unread",
        "No installed reader can read an intact document.",
        "Install the reader that the message names.",
        "document",
    )
    LISTED_UNREAD = (
        "listed_unread",
        "No installed reader can read a document that a listing shows as a report.",
        "Install the reader that the message names, then run scrapy reparse --new.",
    )
    NOT_READ_HERE = (
        "not_read_here",
        "The process that read a page or document was killed or could not start; this machine was probably out of memory.",
        "Free memory and disk space, then run scrapy reparse --new.",
    )
    DAMAGED = ("damaged", "A document is damaged.", "Open the captured file.", "document")
    ENCRYPTED = ("encrypted", "A document is encrypted.", "No action needed.", "document")
    OVERSIZED = ("oversized", "A document is larger than the readers' limit.", "Open the captured file.")
    TIMED_OUT = ("timed_out", "A page or a document took too long to read.", "Open what was captured.", "document")
    DOCUMENT_REPLACED = (
        "document_replaced",
        "A web page comes where a document was captured; the captured document stays in force.",
        "Open the address in a browser. If the document has moved, the next crawl finds it by the page that links it.",
        "document",
    )
    MACROS = ("macros", "A document contains macros, which were not run.", "No action needed.", "document")
    PARTS_MISSING = (
        "parts_missing",
        "Documents or pictures beside a report could not be fetched.",
        "Crawl again; only what is missing is asked for. If it persists, open the documents in a browser.",
    )
    # Imports
    DAMAGED_FILE = (
        "damaged_file",
        "A file to import is damaged.",
        "Get the file again and repeat the import; what precedes the damage is archived.",
    )
    BAD_RECORD = (
        "bad_record",
        "A record of a file to import is not what it claims to be, and was left out.",
        "Ask whoever made the file; where the record is wanted, get the file again and repeat the import.",
    )
    # What `scrapy health` finds
    NEVER_CRAWLED = ("never_crawled", "The portal has never been crawled.", "Crawl it.")
    RUN_CUT_OFF = (
        "run_cut_off",
        "The last crawl was killed, or the machine went down.",
        "Crawl again; the crawl resumes where it ended.",
    )
    RUN_FAILED = ("run_failed", "The last crawl ended early.", "Crawl again; the crawl resumes where it ended.")
    NOT_CRAWLED_LATELY = (
        "not_crawled_lately",
        "The last complete crawl is too long ago.",
        "Crawl it, and put it on a schedule.",
    )
    NO_ENTRIES = ("no_entries", "The last crawl saw no entries.", "Open the portal's listings in a browser.")
    FEWER_ENTRIES_THAN_REPORTS = (
        "fewer_entries_than_reports",
        "The last crawl saw fewer entries than there are archived reports.",
        "Open the portal's listings and check whether one was cut short.",
    )
