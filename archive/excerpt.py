"""A part of captures.db that can be sent to another machine: all that reading some documents takes, as bytes.

Only reading a page shows which documents belong to it. So an excerpt records every address it is asked for and does not hold;
a second excerpt is then made that holds them too.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import zstandard
from sqlite_utils import Database

from archive.captures import Capture, Captures, fingerprint
from archive.database import ArchiveError
from archive.model import Entry

_SCHEMA = "SELECT sql FROM archive.sqlite_master WHERE type = 'table' AND name IN ('captures', 'bodies', 'entries', 'withheld')"
_OWN_SCHEMA = """
CREATE INDEX captures_url ON captures (url);
CREATE INDEX captures_fingerprint ON captures (fingerprint);
CREATE INDEX entries_url ON entries (url);
CREATE TABLE carried_urls (url TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE carried_requests (fingerprint BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE carried_pages (portal TEXT, url TEXT, sha256 TEXT);
CREATE TABLE carried_portals (portal TEXT);
CREATE TABLE origin (path TEXT, capture_id INTEGER);
"""
_COPY = (
    "INSERT INTO carried_urls SELECT DISTINCT value FROM json_each(:urls)",
    "INSERT INTO captures SELECT * FROM archive.captures WHERE url IN (SELECT url FROM carried_urls)",
    """
    INSERT OR IGNORE INTO captures
    SELECT c.* FROM carried_requests r CROSS JOIN archive.captures c ON c.fingerprint = r.fingerprint
    """,
    "INSERT OR IGNORE INTO carried_urls SELECT value FROM json_each(:beside)",
    "INSERT INTO entries SELECT * FROM archive.entries WHERE url IN (SELECT url FROM carried_urls)",
    "INSERT INTO withheld SELECT * FROM archive.withheld WHERE url IN (SELECT url FROM carried_urls)",
    """
    INSERT INTO bodies SELECT b.sha256, b.size, 'zstd', packed(b.sha256, b.encoding, b.data) FROM (
        SELECT sha256 FROM captures WHERE sha256 IS NOT NULL UNION SELECT sha256 FROM carried_pages
    ) n CROSS JOIN archive.bodies b ON b.sha256 = n.sha256
    """,
    "INSERT INTO origin SELECT :path, COALESCE(MAX(id), 0) FROM archive.captures",
)
_PAGES = "SELECT url, sha256 FROM carried_pages WHERE portal = ? ORDER BY rowid"
_TARGETS = """
SELECT DISTINCT c.redirect_url FROM json_each(?) u CROSS JOIN archive.captures c ON c.url = u.value
WHERE c.redirect_url IS NOT NULL
"""
_MOVES = 5
"""Redirects that are followed at once; what they lead to beyond that is lacking once more."""


@dataclass(slots=True)
class Wanted:
    """What reading some documents takes beside what is captured and listed at their own addresses."""

    urls: set[str] = field(default_factory=set)
    newest_pages: set[tuple[str, int, str]] = field(default_factory=set)
    """Portal, number and note, as Captures.newest_pages is asked for them."""

    def __bool__(self) -> bool:
        return bool(self.urls or self.newest_pages)

    def __or__(self, other: Wanted) -> Wanted:
        return Wanted(self.urls | other.urls, self.newest_pages | other.newest_pages)


def excerpt(captures: Captures, urls: Iterable[str], beside: Wanted) -> bytes:
    """All that captures.db has of documents at these addresses now, and of what else is wanted. Raises ArchiveError."""
    connection = sqlite3.connect(":memory:", uri=True)
    try:
        connection.execute("ATTACH ? AS archive", (f"{captures.path.resolve().as_uri()}?mode=ro",))
        connection.create_function("packed", 3, captures.packed)
        for (statement,) in connection.execute(_SCHEMA).fetchall():
            connection.execute(statement)
        connection.executescript(_OWN_SCHEMA)
        others = _with_targets(connection, beside.urls)
        connection.executemany(
            "INSERT OR IGNORE INTO carried_requests VALUES (?)", [(fingerprint("GET", url),) for url in others]
        )
        for asked in beside.newest_pages:
            connection.executemany(
                "INSERT INTO carried_pages VALUES (?, ?, ?)",
                [(asked[0], *page) for page in captures.newest_page_hashes(*asked)],
            )
        connection.executemany(
            "INSERT INTO carried_portals VALUES (?)", [(portal,) for portal, *_ in beside.newest_pages]
        )
        values = {"urls": json.dumps(list(urls)), "beside": json.dumps(sorted(others)), "path": str(captures.path)}
        for statement in _COPY:
            connection.execute(statement, values)
        connection.commit()
        return connection.serialize()
    except sqlite3.Error as error:
        raise ArchiveError(f"cannot read {captures.path}: {error}") from error
    finally:
        connection.close()


def _with_targets(connection: sqlite3.Connection, urls: set[str]) -> set[str]:
    """These addresses and those to which they redirect."""
    found, new = set(urls), urls
    for _ in range(_MOVES):
        new = {row[0] for row in connection.execute(_TARGETS, (json.dumps(sorted(new)),))} - found if new else set()
        found |= new
    return found


class ExcerptCaptures(Captures):
    """An excerpt, read as if it were the whole."""

    def __init__(self, data: bytes) -> None:
        connection = sqlite3.connect(":memory:", check_same_thread=False)
        connection.row_factory = sqlite3.Row
        connection.deserialize(data)
        self.db = Database(connection)
        self._decompress = zstandard.ZstdDecompressor().decompress
        row = connection.execute("SELECT path, capture_id FROM origin").fetchone()
        self.path = Path(row["path"])
        self.newest: int = row["capture_id"]
        """The newest capture of the whole archive."""
        self._urls = {row["url"] for row in connection.execute("SELECT url FROM carried_urls")}
        self._requests = {row["fingerprint"] for row in connection.execute("SELECT fingerprint FROM carried_requests")}
        self._portals = {row["portal"] for row in connection.execute("SELECT portal FROM carried_portals")}
        self.lacking = Wanted()
        """What was asked for and is not carried: what was read without it does not count."""

    def history(self, urls: Iterable[str]) -> list[Capture]:
        """As of the whole archive, of the addresses that are carried."""
        wanted = set(urls)
        self.lacking.urls |= wanted - self._urls
        return super().history(wanted)

    def entries(self, *, urls: Iterable[str] | None = None, portal: str | None = None) -> list[Entry]:
        """The same."""
        wanted = set(urls or ())
        self.lacking.urls |= wanted - self._urls
        return super().entries(urls=wanted)

    def last(self, method: str, url: str, body: bytes | None = None, **choice: Any) -> Capture | None:
        """The same."""
        if fingerprint(method, url, body) not in self._requests:
            self.lacking.urls.add(url)
        return super().last(method, url, body, **choice)

    def newest_pages(self, portal: str, limit: int, *, or_note: str) -> Iterator[tuple[str, bytes]]:
        """The same, of the portals that are carried."""
        if portal not in self._portals:
            self.lacking.newest_pages.add((portal, limit, or_note))
        for row in self.db.conn.execute(_PAGES, (portal,)).fetchall():
            yield row["url"], self.body(row["sha256"])
