"""The ledger of entries: what came of each thing that a listing ever showed. Listed = sum of fates, or something was lost.

It is counted from the entries, not from what a crawl did with them, so nothing that a crawl drops on its way can escape.
Fates follow from captures.db and from what readers made of it: a rebuilt reports.db has the same.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from w3lib.url import safe_url_string

from archive.asking import acknowledged_urls
from archive.captures import Captures
from archive.database import sql_words
from archive.fates import NOT_READ_YET, Judge, ListingPortal, Witness
from archive.listed_bodies import BodyNamed, ListedBody, put_listed_bodies
from archive.model import Entry, Located, Problem
from archive.reports import Reports
from archive.runs import counted
from archive.vocabulary import Fate, ProblemKind, RunKind, Stage

LIMITS = "limits"
"""The key of a crawl's stats (`runs.stats`) that names its own limits: entries that it did not ask for were left out."""
UNSETTLED = frozenset({Fate.NOT_A_REPORT, Fate.BLOCKED, Fate.ERROR, Fate.UNREADABLE})
"""An answer came, or a failure, and it gave no report: the next crawl asks again."""
ALARMING_SHARE = 0.5
"""Share of a listing's reports without a readable answer from which on the listing itself counts as unwell."""
FEW_REPORTS = 3
"""Listings with fewer reports say nothing by a share: the problems of the entries are enough."""

_COLUMNS = ("portal", "listing_url", "url", "title", "fate", "report_id", "cause", "capture_id")
_INSERT = f"INSERT OR REPLACE INTO fates ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' for _ in _COLUMNS)})"  # noqa: S608 - our names
_CAPTURED = str(Fate.CAPTURED)
_INSERT_CAPTURED = f"""
INSERT INTO fates ({", ".join(_COLUMNS)}) VALUES ({", ".join("?" for _ in _COLUMNS)})
ON CONFLICT (portal, listing_url, url) DO UPDATE SET
    fate = excluded.fate, report_id = NULL, cause = excluded.cause, capture_id = excluded.capture_id
WHERE fate NOT IN ('{Fate.REPORT}', '{Fate.COPY}')
"""  # noqa: S608 - our names, and words of the vocabulary
_DELETE = "DELETE FROM fates WHERE portal = ? AND listing_url = ? AND url = ?"
_LIMITS = f"SELECT stats FROM runs WHERE kind = '{RunKind.CRAWL}' AND portal = ? ORDER BY id DESC LIMIT 1"  # noqa: S608 - our words
_EXPLAINS = (
    ProblemKind.BLOCKED,
    ProblemKind.ERROR,
    ProblemKind.TOO_LARGE,
    ProblemKind.PRIVATE_ADDRESS,
    ProblemKind.CONTRADICTS_LISTING,
    ProblemKind.UNREADABLE,
    ProblemKind.LISTED_UNREAD,
    ProblemKind.READ_FAILED,
    ProblemKind.TIMED_OUT,
    ProblemKind.NOT_READ_HERE,
)
"""Kinds of problems of an address that say why it gave no report, and make the portal unwell themselves."""
_TOLD = f"""
SELECT url, kind FROM problems
WHERE portal = ? AND url IS NOT NULL AND resolved_at IS NULL AND kind IN ({sql_words(_EXPLAINS)})
    AND stage IN ('{Stage.FETCH}', '{Stage.READ}')
"""  # noqa: S608 - words of the vocabulary


@dataclass(slots=True, kw_only=True)
class Balance:
    """The account of one portal. It balances where every entry has exactly one fate."""

    portal: str
    listed: int
    """Entries in captures.db."""
    fates: Counter[Fate] = field(default_factory=Counter)
    """As reports.db has them."""
    unsettled: list[tuple[Entry, Witness]] = field(default_factory=list)
    """Entries with the title of a report whose answer gave none."""
    waiting: Counter[str] = field(default_factory=Counter)
    """Listing → its reports that the last crawl should have asked for and did not."""
    reports: Counter[str] = field(default_factory=Counter)
    """Listing → entries with the title of a report."""
    had: set[str] = field(default_factory=set)
    """Addresses of entries that lead to a report."""
    unaccounted: list[Entry] = field(default_factory=list)
    told: dict[str, ProblemKind] = field(default_factory=dict)
    """Address → what an open problem there says already: one cause, one problem."""
    acknowledged: set[str] = field(default_factory=set)
    """Addresses of which somebody knows."""

    @property
    def is_balanced(self) -> bool:
        """Whether listed = sum of fates."""
        return not self.unaccounted and self.fates.total() == self.listed

    def lost(self) -> Iterator[Problem]:
        """One problem for each entry without a fate."""
        for entry in self.unaccounted:
            message = f"listed as {entry.title!r} on {entry.listing_url}, and nothing says what came of it"
            yield _problem(ProblemKind.UNACCOUNTED, message, entry.url)
        missing = self.listed - self.fates.total() - len(self.unaccounted)
        if missing:
            message = f"{self.listed} entries are listed, {self.listed - missing} are accounted for"
            yield _problem(ProblemKind.UNACCOUNTED, message, f"portal:{self.portal}")

    def alarms(self) -> Iterator[Problem]:
        """What is not explained: entries that gave no report, and listings that as a whole gave few or none."""
        unread: Counter[str] = Counter()
        said = set()
        for entry, witness in self.unsettled:
            unread[entry.listing_url or ""] += entry.url not in self.acknowledged
            if entry.url not in said and self._told_of(entry) is None:
                said.add(entry.url)
                message = f"listed as {entry.title!r}: {witness.fate}, {witness.cause or 'without a cause'}"
                yield _problem(ProblemKind.NO_REPORT, message, entry.url)
        for listing_url, number in unread.items():
            whole = self.reports[listing_url]
            if whole >= FEW_REPORTS and number >= whole * ALARMING_SHARE:
                message = f"{number} of {whole} listed reports could not be read"
                yield _problem(ProblemKind.LISTING_UNREAD, message, listing_url)

    @property
    def unexplained(self) -> int:
        """How many listed reports gave none, without those that somebody has acknowledged."""
        return sum(entry.url not in self.acknowledged for entry, _ in self.unsettled)

    def told_elsewhere(self) -> dict[str, ProblemKind]:
        """Addresses of entries without a report of which an open problem says why, with its kind."""
        told = {entry.url: self._told_of(entry) for entry, _ in self.unsettled}
        return {url: kind for url, kind in told.items() if kind is not None}

    def _told_of(self, entry: Entry) -> ProblemKind | None:
        return self.told.get(entry.url) or self.told.get(safe_url_string(entry.url))

    def left_waiting(self) -> Iterator[Problem]:
        """Listings of whose reports a crawl that ended well has not asked for all."""
        for listing_url, number in self.waiting.items():
            message = f"{number} listed reports were never asked for"
            yield _problem(ProblemKind.ENTRIES_PENDING, message, listing_url)


def balance(
    captures: Captures,
    reports: Reports,
    portal: ListingPortal,
    is_report_title: Callable[[str], bool],
    body_named: BodyNamed,
    limits: Collection[str] | None = None,
) -> Balance:
    """Write the fate of every entry of a portal and the bodies that it lists, and count them. Commits reports.db.

    `limits` are those of the crawl that is ending; without them, those of the portal's last crawl count.
    """
    if limits is None:
        limits = last_limits(captures, portal.name)
    entries = captures.entries(portal=portal.name)
    judged = Judge(captures, reports, portal, is_report_title, limits).judge(entries)
    account = Balance(portal=portal.name, listed=len(entries))
    account.acknowledged = acknowledged_urls(captures, portal.name)
    account.told = {row["url"]: ProblemKind(row["kind"]) for row in captures.db.conn.execute(_TOLD, (portal.name,))}
    rows: dict[tuple[str, str], tuple[Any, ...]] = {}
    for entry, witness in judged:
        if witness is None:
            account.unaccounted.append(entry)
            continue
        _note(account, entry, witness, is_report_title)
        rows[entry.listing_url or "", entry.url] = (
            portal.name,
            entry.listing_url,
            entry.url,
            entry.title if witness.label is None else witness.label,
            str(witness.fate),
            witness.report_id,
            witness.cause,
            witness.capture_id,
        )
    facts = portal.facts()
    without_report = [(title, fate) for _, _, _, title, fate, report_id, _, _ in rows.values() if report_id is None]
    titles = dict.fromkeys([(facts["title"], Fate.NOT_A_REPORT), *without_report])
    found = [_body_listed(title, fate, facts["division_code"], body_named) for title, fate in titles if title]
    reports.begin()  # not with the first row that differs: what is compared before could have changed since
    put_listed_bodies(reports, portal.name, filter(None, found))
    _write(reports, portal.name, rows)
    account.fates = sums(reports, portal.name)
    return account


def _body_listed(title: str, fate: str, division_code: str | None, body_named: BodyNamed) -> ListedBody | None:
    """The body that a title names; a year only where the entry announces a report."""
    body = body_named(title, division_code)
    return body._replace(years="") if body and fate == Fate.NOT_A_REPORT else body


def sums(reports: Reports, portal: str) -> Counter[Fate]:
    """How many entries of a portal have each fate, as reports.db has it."""
    rows = reports.db.conn.execute("SELECT fate, COUNT(*) FROM fates WHERE portal = ? GROUP BY fate", (portal,))
    return Counter({Fate(row[0]): row[1] for row in rows})


def portals_with_entries(captures: Captures) -> list[str]:
    """Names of the portals of which listings were seen."""
    rows = captures.db.conn.execute("SELECT DISTINCT portal FROM entries WHERE portal IS NOT NULL ORDER BY portal")
    return [row[0] for row in rows]


def last_limits(captures: Captures, portal: str) -> tuple[str, ...]:
    """What limited the portal's last crawl: its years, its requests, its hours."""
    row = captures.db.conn.execute(_LIMITS, (portal,)).fetchone()
    return tuple(counted(row["stats"]).get(LIMITS, ())) if row else ()


def set_unreported(reports: Reports, place: Located, witness: Witness | None) -> None:
    """Keep what reading says of a document without a report; None where it has one, or nothing is said of it.

    The caller commits.
    """
    values = (place.portal, place.key)
    connection = reports.db.conn
    row = connection.execute(
        "SELECT fate, cause, capture_id FROM unreported WHERE portal = ? AND key = ?", values
    ).fetchone()
    if witness is None:
        if row is not None:
            connection.execute("DELETE FROM unreported WHERE portal = ? AND key = ?", values)
        return
    wanted = (str(witness.fate), witness.cause, witness.capture_id)
    if row is None or tuple(row) != wanted:
        connection.execute(
            "INSERT OR REPLACE INTO unreported (portal, key, fate, cause, capture_id) VALUES (?, ?, ?, ?, ?)",
            (*values, *wanted),
        )


def set_contradictions(reports: Reports, report_id: str, entries: Iterable[tuple[Entry, str]]) -> None:
    """Keep which entries lead to a report and announce another, each with what shows it. The caller commits."""
    wanted = sorted((e.portal or "", e.listing_url or "", e.url, why) for e, why in entries)
    connection = reports.db.conn
    sql = "SELECT portal, listing_url, url, cause FROM contradictions WHERE report_id = ? ORDER BY 1, 2, 3"
    if [tuple(row) for row in connection.execute(sql, (report_id,))] != wanted:
        connection.execute("DELETE FROM contradictions WHERE report_id = ?", (report_id,))
        connection.executemany(
            "INSERT OR REPLACE INTO contradictions (report_id, portal, listing_url, url, cause) VALUES (?, ?, ?, ?, ?)",
            [(report_id, *row) for row in wanted],
        )


def set_captured(reports: Reports, entries: Iterable[Entry], capture_id: int) -> None:
    """Say of entries without a report that what they lead to is captured and not read yet. Commits."""
    rows = [(e.portal, e.listing_url or "", e.url, e.title, _CAPTURED, None, NOT_READ_YET, capture_id) for e in entries]
    reports.db.conn.executemany(_INSERT_CAPTURED, rows)
    reports.commit()


def unsettled_urls(reports: Reports, portal: str) -> set[str]:
    """Addresses of entries that have been asked for and gave no report; a page that says that it is gone may come back."""
    words = [str(fate) for fate in (*UNSETTLED, Fate.MISSING)]
    rows = reports.db.conn.execute(
        "SELECT url FROM fates WHERE portal = ? AND capture_id IS NOT NULL AND report_id IS NULL"
        " AND fate IN (SELECT value FROM json_each(?))"
        " AND url NOT IN (SELECT url FROM fates WHERE portal = ? AND fate IN (?, ?))",
        (portal, json.dumps(words), portal, Fate.REPORT, Fate.COPY),
    )
    return {row["url"] for row in rows}


def _note(account: Balance, entry: Entry, witness: Witness, is_report_title: Callable[[str], bool]) -> None:
    """Count an entry that is listed as a report, and keep it where it gave none."""
    if witness.fate in {Fate.REPORT, Fate.COPY}:
        account.had.add(entry.url)
    if not is_report_title(entry.title or ""):
        return
    account.reports[entry.listing_url or ""] += 1
    if witness.fate in UNSETTLED and not witness.is_explained:
        account.unsettled.append((entry, witness))
    elif witness.fate in {Fate.PENDING, Fate.CAPTURED}:
        account.waiting[entry.listing_url or ""] += 1


def _write(reports: Reports, portal: str, rows: dict[tuple[str, str], tuple[Any, ...]]) -> None:
    """Make these the portal's rows; what is there already is not written again."""
    connection = reports.db.conn
    stored = {
        (row["listing_url"], row["url"]): tuple(row)
        for row in connection.execute(f"SELECT {', '.join(_COLUMNS)} FROM fates WHERE portal = ?", (portal,))  # noqa: S608 - our names
    }
    connection.executemany(_DELETE, [(portal, *key) for key in stored.keys() - rows.keys()])
    connection.executemany(_INSERT, [row for key, row in rows.items() if stored.get(key) != row])
    reports.commit()


def _problem(kind: ProblemKind, message: str, url: str) -> Problem:
    return Problem(kind=kind, message=message, url=url, stage=Stage.STORE)
