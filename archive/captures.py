"""captures.db: append-only record of every fetch. Written by crawls and imports, never by a reader."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import zstandard
from sqlite_utils import Database
from w3lib.url import canonicalize_url

from archive.database import ArchiveError, DamageError, open_database, open_read_only, utc_now
from archive.migrations.captures import migrations
from archive.model import Entry
from archive.runs import Journal

Headers = list[tuple[str, str]]

OUTCOMES = ("ok", "unchanged", "redirect", "missing", "blocked", "error")
ANSWERS = ("ok", "unchanged", "redirect", "missing")
"""Outcomes that say what the portal holds; blocked and error only say that we were not told."""


PAGE_SIZE = 2048
"""Bytes of a page of a new captures.db: about half a page is lost behind every body."""


@lru_cache(maxsize=1024)
def fingerprint(method: str, url: str, body: bytes | None = None) -> bytes:
    """What a capture is found by: method, URL without its fragment, and for a form POST its fields in any order."""
    text = f"{method} {canonicalize_url(url)}"
    if body:
        fields = parse_qsl(body.decode("utf-8", "surrogateescape"), keep_blank_values=True)
        text += " " + (
            urlencode(sorted(fields), errors="surrogateescape") if fields else hashlib.sha256(body).hexdigest()
        )
    return hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=16).digest()


@dataclass(slots=True, kw_only=True)
class Capture:
    """One fetch. `body` is the decoded entity, None when no answer came; headers keep order and repeats."""

    url: str
    method: str = "GET"
    request_body: bytes | None = None
    requested_at: str
    """UTC, ISO 8601."""
    status: int | None = None
    outcome: str
    body: bytes | None = field(default=None, repr=False)
    sha256: str | None = None
    content_type: str | None = None
    request_headers: Headers = field(default_factory=list, repr=False)
    response_headers: Headers = field(default_factory=list, repr=False)
    content_encoding: str | None = None
    wire_bytes: int | None = None
    """Size of the entity as transferred, before decoding."""
    ip_address: str | None = None
    protocol: str | None = None
    redirect_url: str | None = None
    note: str | None = None
    portal: str | None = None
    run_id: int | None = None
    id: int | None = None


_COLUMNS = tuple(f.name for f in fields(Capture) if f.name not in {"id", "body"})
_INSERT = (
    f"INSERT INTO captures (fingerprint, {', '.join(_COLUMNS)})"  # noqa: S608 - our column names
    f" VALUES (:fingerprint, {', '.join(f':{name}' for name in _COLUMNS)})"
)


class Captures(Journal):
    """The captures of one archive directory. Open once per process; every write is its own commit."""

    def __init__(self, folder: Path, *, read_only: bool = False) -> None:
        """Raises ArchiveError when captures.db in `folder` cannot be used, or to read only when it is not there."""
        self.path = folder / "captures.db"
        self.db = (
            Database(open_read_only(self.path))
            if read_only
            else open_database(self.path, migrations, page_size=PAGE_SIZE)
        )
        self._compress = zstandard.ZstdCompressor(level=9).compress
        self._decompress = zstandard.ZstdDecompressor().decompress

    def close(self) -> None:
        """Release the database."""
        self.db.close()

    # Captures

    def add(self, capture: Capture, *, settled: bool = False) -> Capture:
        """Keep one fetch; body and row in a single commit.

        An `ok` capture whose bytes equal those of the answer before it becomes `unchanged`, unless its outcome is
        `settled`: told by the archive that made it. A 304 carries no body: it is kept with the sha256 of the answer it
        confirms. Sets `id`, `sha256` and `outcome` on the capture.
        """
        key = fingerprint(capture.method, capture.url, capture.request_body)
        if capture.body is not None and capture.sha256 is None:
            capture.sha256 = hashlib.sha256(capture.body).hexdigest()
        if not settled and capture.outcome == "ok" and capture.sha256 == self._sha256_before(key, capture.requested_at):
            capture.outcome = "unchanged"
        try:
            with self.db.conn as connection:
                if capture.body is not None:
                    self.add_body(connection, capture.sha256, capture.body)
                capture.id = self.add_row(connection, capture, key)
        except sqlite3.Error as error:
            raise ArchiveError(f"cannot write to {self.path}: {error}") from error
        return capture

    def add_row(self, connection: sqlite3.Connection, capture: Capture, key: bytes) -> int | None:
        """Keep a capture's row under its fingerprint, as part of the caller's transaction; its id."""
        values = {name: getattr(capture, name) for name in _COLUMNS} | {
            "fingerprint": key,
            "request_body": capture.request_body or None,
            "request_headers": json.dumps(capture.request_headers, ensure_ascii=False),
            "response_headers": json.dumps(capture.response_headers, ensure_ascii=False),
        }
        return connection.execute(_INSERT, values).lastrowid

    def add_body(self, connection: sqlite3.Connection, sha256: str | None, body: bytes) -> None:
        """Keep a body once, as part of the caller's transaction."""
        if connection.execute("SELECT 1 FROM bodies WHERE sha256 = ?", (sha256,)).fetchone() is None:
            connection.execute(
                "INSERT INTO bodies (sha256, size, encoding, data) VALUES (?, ?, 'zstd', ?)",
                (sha256, len(body), self._compress(body)),
            )

    def _sha256_before(self, key: bytes, moment: str) -> str | None:
        """What the request was last answered with up to that moment: imports may bring what is older."""
        row = self.db.conn.execute(
            "SELECT sha256 FROM captures WHERE fingerprint = ? AND requested_at <= ? AND outcome IN ('ok', 'unchanged')"
            " ORDER BY requested_at DESC, id DESC LIMIT 1",
            (key, moment),
        ).fetchone()
        return row["sha256"] if row else None

    def urls_since(self, date: str) -> set[str]:
        """Addresses that were asked for at that date (ISO, UTC) or later."""
        return {row[0] for row in self.db.conn.execute("SELECT url FROM captures WHERE requested_at >= ?", (date,))}

    def urls_unread(self) -> set[str]:
        """Addresses of which readers last said that nothing installed here reads them."""
        sql = "SELECT url FROM problems WHERE kind = 'unread' AND stage = 'read' AND resolved_at IS NULL"
        return {row[0] for row in self.db.conn.execute(sql)}

    def body_of(self, url: str, moment: str | None) -> str | None:
        """The sha256 of what a GET of this address was answered with at that moment, or, without one, last of all."""
        where, values = ("AND requested_at = ?", (url, moment)) if moment else ("", (url,))
        row = self.db.conn.execute(
            f"SELECT sha256 FROM captures WHERE url = ? AND method = 'GET' AND sha256 IS NOT NULL {where}"  # noqa: S608 - a constant clause
            " ORDER BY requested_at DESC, id DESC LIMIT 1",
            values,
        ).fetchone()
        return row["sha256"] if row else None

    def holds(self, capture: Capture) -> bool:
        """Whether this very fetch (request, moment, status) is already here: imports may be repeated."""
        return (
            self.db.conn.execute(
                "SELECT 1 FROM captures WHERE fingerprint = ? AND requested_at = ? AND status IS ?",
                (fingerprint(capture.method, capture.url, capture.request_body), capture.requested_at, capture.status),
            ).fetchone()
            is not None
        )

    def last(
        self,
        method: str,
        url: str,
        body: bytes | None = None,
        *,
        outcomes: tuple[str, ...] = ANSWERS,
        before: str | None = None,
    ) -> Capture | None:
        """The newest capture of this request whose outcome is one of `outcomes`, with its body; None if there is none.

        With `before` (UTC, ISO), the newest that is older than that.
        """
        marks = ", ".join("?" * len(outcomes))
        older, moment = ("AND requested_at < ?", (before,)) if before else ("", ())
        row = self.db.conn.execute(
            f"SELECT * FROM captures WHERE fingerprint = ? AND outcome IN ({marks}) {older} ORDER BY requested_at DESC, id DESC LIMIT 1",  # noqa: S608 - only marks
            (fingerprint(method, url, body), *outcomes, *moment),
        ).fetchone()
        return self._capture(row) if row else None

    def replay(self, method: str, url: str, body: bytes | None = None) -> Capture | None:
        """What an offline crawl answers: the newest real answer, or the newest refusal where there never was one."""
        return self.last(method, url, body) or self.last(method, url, body, outcomes=("blocked", "error"))

    def history(self, urls: Iterable[str]) -> list[Capture]:
        """Every GET of these URLs, oldest first, without bodies and headers."""
        wanted = sorted(set(urls))
        rows: list[sqlite3.Row] = []
        columns = "id, run_id, portal, url, requested_at, status, outcome, sha256, content_type, redirect_url, note"
        for start in range(0, len(wanted), 500):
            part = wanted[start : start + 500]
            marks = ", ".join("?" * len(part))
            rows += self.db.conn.execute(
                f"SELECT {columns} FROM captures WHERE url IN ({marks}) AND method = 'GET'",  # noqa: S608 - our column names, marks
                part,
            )
        rows.sort(key=lambda row: (row["requested_at"], row["id"]))
        return [Capture(**dict(row)) for row in rows]

    def get(self, number: int) -> Capture:
        """The capture of that id, whole. Raises DamageError when its body is not, ArchiveError when there is none."""
        row = self.db.conn.execute("SELECT * FROM captures WHERE id = ?", (number,)).fetchone()
        if row is None:
            raise ArchiveError(f"there is no capture {number} in {self.path}")
        return self._capture(row)

    def count(self) -> int:
        """How many captures there are."""
        return int(self.db.conn.execute("SELECT COUNT(*) FROM captures").fetchone()[0])

    def urls(self, portal: str | None = None) -> Iterator[tuple[str | None, str, str | None, str]]:
        """(portal, url, redirect_url, outcome) of every distinct answered GET, of all or of one portal and of none."""
        where, values = ("AND (portal = ? OR portal IS NULL)", (portal,)) if portal else ("", ())
        for row in self.db.conn.execute(
            "SELECT DISTINCT portal, url, redirect_url, outcome FROM captures"  # noqa: S608 - a constant clause
            f" WHERE method = 'GET' AND outcome IN ('ok', 'unchanged', 'redirect', 'missing') {where} ORDER BY url, portal",
            values,
        ):
            yield tuple(row)

    def body(self, sha256: str, *, check: bool = False) -> bytes:
        """The bytes kept under this hash; to `check` is to hash them again.

        Raises DamageError when they are not there, do not decompress, or are found to be others.
        """
        row = self.db.conn.execute("SELECT encoding, data FROM bodies WHERE sha256 = ?", (sha256,)).fetchone()
        if row is None:
            raise DamageError(f"body {sha256} is not in {self.path}")
        if row["encoding"] != "zstd":
            raise DamageError(f"body {sha256} has the unknown encoding {row['encoding']!r}")
        try:
            body = self._decompress(row["data"])
        except zstandard.ZstdError as error:
            raise DamageError(f"body {sha256} is damaged: {error}") from error
        if check and hashlib.sha256(body).hexdigest() != sha256:
            raise DamageError(f"body {sha256} is damaged: its bytes are others")
        return body

    def _capture(self, row: sqlite3.Row, *, with_body: bool = True) -> Capture:
        values = {key: row[key] for key in row.keys() if key != "fingerprint"}  # noqa: SIM118 - a Row iterates over values
        values["request_headers"] = [tuple(pair) for pair in json.loads(values["request_headers"] or "[]")]
        values["response_headers"] = [tuple(pair) for pair in json.loads(values["response_headers"] or "[]")]
        capture = Capture(**values)
        if with_body and capture.sha256:
            capture.body = self.body(capture.sha256)
        return capture

    # Portals and entries

    def add_portal(self, facts: dict[str, str | None]) -> None:
        """What a portal's file declares, as of now; a portal whose file is gone stays readable."""
        self.db.table("portals").upsert(facts, pk="name")

    def portals(self) -> dict[str, dict[str, str | None]]:
        """Name → declared facts."""
        return {row["name"]: dict(row) for row in self.db.conn.execute("SELECT * FROM portals ORDER BY name")}

    def add_entries(self, entries: list[Entry]) -> None:
        """Keep what one listing page says, in one commit; title and date follow the listing."""
        now = utc_now()
        with self.db.conn as connection:
            connection.executemany(
                "INSERT INTO entries (portal, listing_url, url, title, date, first_seen, last_seen) VALUES (?, ?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (portal, listing_url, url) DO UPDATE SET"
                " title = excluded.title, date = excluded.date, last_seen = excluded.last_seen",
                [(e.portal, e.listing_url, e.url, e.title, e.date, now, now) for e in entries],
            )

    def see_entries(self, rows: Iterable[dict[str, Any]]) -> None:
        """Take in entries of another archive, in one commit: the later word counts, first and last sight of both."""
        with self.db.conn as connection:
            connection.executemany(
                "INSERT INTO entries (portal, listing_url, url, title, date, first_seen, last_seen)"
                " VALUES (:portal, :listing_url, :url, :title, :date, :first_seen, :last_seen)"
                " ON CONFLICT (portal, listing_url, url) DO UPDATE SET"
                " title = CASE WHEN excluded.last_seen > last_seen THEN excluded.title ELSE title END,"
                " date = CASE WHEN excluded.last_seen > last_seen THEN excluded.date ELSE date END,"
                " first_seen = MIN(first_seen, excluded.first_seen), last_seen = MAX(last_seen, excluded.last_seen)",
                rows,
            )

    def entries(self, *, urls: Iterable[str] | None = None, portal: str | None = None) -> list[Entry]:
        """Entries of these URLs, or of a portal, or all; ordered by listing and URL."""
        sql, values = "SELECT portal, listing_url, url, title, date FROM entries", []
        if urls is not None:
            values = sorted(set(urls))
            sql += f" WHERE url IN ({', '.join('?' * len(values))})"
        elif portal is not None:
            values = [portal]
            sql += " WHERE portal = ?"
        return [Entry(**dict(row)) for row in self.db.conn.execute(sql + " ORDER BY portal, listing_url, url", values)]

    def listed(self, portal: str | None = None) -> Iterator[tuple[str | None, str]]:
        """(portal, url) of every entry, of all portals or of one."""
        where, values = ("WHERE portal = ?", (portal,)) if portal else ("", ())
        for row in self.db.conn.execute(f"SELECT DISTINCT portal, url FROM entries {where}", values):  # noqa: S608 - a constant clause
            yield tuple(row)

    def listing_urls(self) -> set[str]:
        """Addresses that are listings: never read as reports."""
        return {row[0] for row in self.db.conn.execute("SELECT DISTINCT listing_url FROM entries")}
