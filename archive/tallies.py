"""The sums of fates of a portal: how many of its entries came to what, why, since when, and what to do about it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from w3lib.url import safe_url_string

from archive.asking import acknowledged_urls
from archive.batches import batched
from archive.captures import HISTORY_BATCH, Captures
from archive.reports import Reports
from archive.vocabulary import DOCUMENT_OUTCOMES, Fate

FINAL = frozenset({Fate.REPORT, Fate.COPY, Fate.REMOVED})
"""Nothing more is to come of an entry with one of these; nor of one whose title is no report's."""
BY_TITLE = "by_title"
"""Names the sum of the entries whose title is no report's, which are counted apart."""

_LISTED = "SELECT COUNT(*) FROM entries WHERE portal = ?"
_FIRST_SEEN = "SELECT url, MIN(first_seen) FROM entries WHERE portal = ? GROUP BY url"
_FATES = "SELECT url, fate, cause, capture_id FROM fates WHERE portal = ? ORDER BY fate, cause, url"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Entries of a portal with one fate and, unless it is final, one cause."""

    fate: Fate
    is_final: bool
    cause: str
    entries: int
    acknowledged: int
    """Those of them that somebody knows of (`scrapy problems --acknowledge`)."""
    since: str | None
    """Since when the first of them has been so (UTC, ISO 8601); None where it is final."""
    urls: tuple[str, ...]

    @property
    def remedy(self) -> str:
        """What a person does about it."""
        is_left_alone = self.is_final or self.acknowledged == self.entries
        return Fate.REPORT.remedy if is_left_alone else self.fate.remedy


@dataclass(frozen=True, slots=True, kw_only=True)
class Tallies:
    """All entries of a portal."""

    portal: str
    listed: int
    """Entries in captures.db."""
    tallies: list[Tally] = field(default_factory=list)
    """Final ones first, then by fate and by number."""

    @property
    def accounted(self) -> int:
        """The sum of fates: as many as are listed, once everything is read."""
        return sum(tally.entries for tally in self.tallies)

    @property
    def fates(self) -> Counter[Fate]:
        """Fate → entries."""
        sums: Counter[Fate] = Counter()
        for tally in self.tallies:
            sums[tally.fate] += tally.entries
        return sums


def is_final(fate: Fate, capture_id: int | None) -> bool:
    """Whether nothing more is to come of an entry; one whose title is no report's was judged without a capture."""
    return fate in FINAL or (fate is Fate.NOT_A_REPORT and capture_id is None)


def tallies(captures: Captures, reports: Reports, portal: str) -> Tallies:
    """The sums of fates of a portal as the two databases have them."""
    listed = captures.db.conn.execute(_LISTED, (portal,)).fetchone()[0]
    if not reports.db.table("fates").exists():  # an archive of an earlier version
        return Tallies(portal=portal, listed=listed)
    groups: defaultdict[tuple[bool, Fate, str], list[str]] = defaultdict(list)
    for row in reports.db.conn.execute(_FATES, (portal,)):
        fate = Fate(row["fate"])
        final = is_final(fate, row["capture_id"])
        groups[final, fate, "" if final else row["cause"] or ""].append(row["url"])
    acknowledged = acknowledged_urls(captures, portal)
    since = _since(captures, portal, (url for (final, *_), urls in groups.items() if not final for url in urls))
    found = [
        Tally(
            fate=fate,
            is_final=final,
            cause=cause,
            entries=len(urls),
            acknowledged=0 if final else sum(url in acknowledged for url in urls),
            since=None if final else min(since[url] for url in urls),
            urls=tuple(dict.fromkeys(urls)),
        )
        for (final, fate, cause), urls in groups.items()
    ]
    order = list(Fate)
    found.sort(key=lambda tally: (not tally.is_final, order.index(tally.fate), -tally.entries, tally.cause))
    return Tallies(portal=portal, listed=listed, tallies=found)


def _since(captures: Captures, portal: str, urls: Iterable[str]) -> dict[str, str]:
    """Address of an entry → since when its answers have meant the same; where it has none, since when it is listed."""
    first_seen = dict(captures.db.conn.execute(_FIRST_SEEN, (portal,)).fetchall())
    sent = {url: safe_url_string(url) for url in urls}
    began: dict[str, str] = {}
    for batch in batched(sorted(set(sent.values())), HISTORY_BATCH):
        last: dict[str, str] = {}
        for capture in captures.history(batch):
            outcome = DOCUMENT_OUTCOMES[0] if capture.outcome in DOCUMENT_OUTCOMES else capture.outcome
            if last.get(capture.url) != outcome:
                last[capture.url], began[capture.url] = str(outcome), capture.requested_at
    return {url: began.get(address) or first_seen.get(url, "") for url, address in sent.items()}
