"""captures.db: the append-only record of every fetch. Crawls and imports write it, readers never do."""

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
from w3lib.url import canonicalize_url

from archive.database import (
    ArchiveError,
    DamageError,
    not_written,
    open_database,
    open_to_read,
    placeholders,
    put_row,
    sql_words,
    utc_now,
    writing,
)
from archive.divisions import add_those_of
from archive.media_types import format_of
from archive.migrations.captures import migrations
from archive.model import Entry
from archive.outside_bodies import OUTSIDE, check_place, is_afar, read_outside, write_outside
from archive.row_digests import keep_digests, row_digest
from archive.runs import RunsAndProblems
from archive.vocabulary import ANSWER_OUTCOMES, DOCUMENT_OUTCOMES, CaptureRole, Outcome, ProblemKind, Stage

Headers = list[tuple[str, str]]
"""Names and values in the order in which they were sent, repeats included."""

MEMENTO = "memento of "
"""Begins the note of a capture that another web archive made; the archive's name follows."""
_NEXT_PLACE = f"SELECT data FROM bodies WHERE encoding = '{OUTSIDE}' AND data > ? ORDER BY data LIMIT 1"  # noqa: S608 - our word
PAGE_SIZE = 2048
"""Bytes of a database page of a new captures.db: on average half a page stays empty after each body."""
HISTORY_BATCH = 500
"""Addresses in one query; SQLite allows 999 parameters in its older builds."""


@lru_cache(maxsize=1024)
def fingerprint(method: str, url: str, body: bytes | None = None) -> bytes:
    """The key of a request: method, URL without its fragment and, for a form POST, the fields in any order. 16 bytes."""
    text = f"{method} {canonicalize_url(url)}"
    if body:
        form = parse_qsl(body.decode("utf-8", "surrogateescape"), keep_blank_values=True)
        text += " " + (urlencode(sorted(form), errors="surrogateescape") if form else hashlib.sha256(body).hexdigest())
    return hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=16).digest()


@dataclass(slots=True, kw_only=True)
class Capture:
    """One fetch. `body` is the entity after content decoding, None when no answer came."""

    url: str
    method: str = "GET"
    request_body: bytes | None = None
    requested_at: str
    """UTC, ISO 8601."""
    status: int | None = None
    """The HTTP status; None when no answer came."""
    outcome: Outcome | None
    """None only while an import has not classified the answer."""
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
    tls_version: str | None = None
    """As OpenSSL names it, `TLSv1.2`; None where none was used or it was not noted."""
    certificate: str | None = None
    """Words of CertificateState, blanks between, beside a noted version of TLS."""
    redirect_url: str | None = None
    note: str | None = None
    role: CaptureRole | None = None
    """None for what is read or may be; an asset is neither an entry's answer nor a document."""
    portal: str | None = None
    run_id: int | None = None
    id: int | None = None


_COLUMNS = tuple(f.name for f in fields(Capture) if f.name not in {"id", "body"})
_INSERT = (
    f"INSERT INTO captures (fingerprint, digest, {', '.join(_COLUMNS)})"  # noqa: S608 - our column names
    f" VALUES (:fingerprint, :digest, {', '.join(f':{name}' for name in _COLUMNS)})"
)
_SHA256_BEFORE = f"""
SELECT sha256 FROM captures
WHERE fingerprint = ? AND requested_at <= ? AND outcome IN ({sql_words(DOCUMENT_OUTCOMES)})
ORDER BY requested_at DESC, id DESC LIMIT 1
"""  # noqa: S608 - words of the vocabulary
_BODY_OF = """
SELECT sha256 FROM captures
WHERE url = :url AND method = 'GET' AND sha256 IS NOT NULL AND (:moment IS NULL OR requested_at = :moment)
ORDER BY requested_at DESC, id DESC LIMIT 1
"""
_NEWEST_PAGES = f"""
SELECT url, sha256, MAX(requested_at) FROM captures
WHERE portal = :portal AND method = 'GET' AND status = 200 AND sha256 IS NOT NULL AND role IS NULL
    AND (content_type IS NULL OR content_type LIKE '%html%')
    AND (outcome IN ({sql_words(DOCUMENT_OUTCOMES)}) OR note = :note)
    AND url NOT IN (SELECT listing_url FROM entries WHERE portal = :portal)
GROUP BY url ORDER BY MAX(id) DESC LIMIT :limit
"""  # noqa: S608 - words of the vocabulary
CAPTURED_PORTALS = """
SELECT portal FROM (
    WITH RECURSIVE names(portal) AS (
        SELECT MIN(portal) FROM captures
        UNION ALL
        SELECT (SELECT MIN(portal) FROM captures WHERE portal > names.portal) FROM names WHERE portal IS NOT NULL
    )
    SELECT portal FROM names WHERE portal IS NOT NULL
)
"""
"""Portals that captures name: a look into an index for each, however many captures it has."""
_TEXTS = ("url", "method", "requested_at", "content_type", "redirect_url", "note", "portal")
_IS_SOUND = f"outcome IN ({sql_words(Outcome)}) AND typeof(requested_at) = 'text'"
_HISTORY_COLUMNS = "id, run_id, portal, url, requested_at, status, outcome, sha256, content_type, redirect_url, note"


class Captures(RunsAndProblems):
    """The captures of one archive directory. Open once per process; every write is its own commit."""

    def __init__(self, folder: Path, *, read_only: bool = False) -> None:
        """Raises ArchiveError when captures.db in `folder` cannot be used and, with `read_only`, when it does not exist."""
        add_those_of(folder)
        self.path = folder / "captures.db"
        if read_only:
            self.db = open_to_read(self.path, migrations)
        else:
            self.db = open_database(self.path, migrations, page_size=PAGE_SIZE)
            with writing(self.path):
                keep_digests(self.db.conn, "captures.db")
        self.bodies = ""
        """Where the bodies of documents and pictures go that are added: a place of archive.outside_bodies, or the database."""
        self._compress = zstandard.ZstdCompressor(level=9).compress
        self._decompress = zstandard.ZstdDecompressor().decompress

    def keep_bodies_at(self, place: str) -> None:
        """From now on bodies of documents and pictures are kept there (archive.outside_bodies); empty: in the database.

        Raises ArchiveError where that is no place.
        """
        check_place(place)
        self.bodies = place

    def are_bodies_afar(self) -> bool:
        """Whether it takes a network to read all bodies: some are, or will be, kept where only that leads."""
        place, last = self.bodies, b""
        while not is_afar(place):
            row = self.db.conn.execute(_NEXT_PLACE, (last,)).fetchone()
            if row is None:
                return False
            last = row["data"]
            place = last.decode()
        return True

    def close(self) -> None:
        """Release the database."""
        self.db.close()

    # Writing captures

    def add(self, capture: Capture, *, settled: bool = False) -> Capture:
        """Keep one fetch; body and row in a single commit. Raises ArchiveError where they cannot be written.

        An `ok` capture with the same bytes as the answer before it becomes `unchanged`, unless its outcome is `settled`
        because the archive that made it has decided. A 304 has no body: it is kept with the sha256 of the answer that
        it confirms. Sets `id`, `sha256` and `outcome` on the capture.
        """
        key = fingerprint(capture.method, capture.url, capture.request_body)
        if capture.body is not None and capture.sha256 is None:
            capture.sha256 = hashlib.sha256(capture.body).hexdigest()
        if (
            not settled
            and capture.outcome == Outcome.OK
            and capture.sha256 == self._sha256_before(key, capture.requested_at)
        ):
            capture.outcome = Outcome.UNCHANGED
        try:
            with self.db.conn as connection:
                if capture.body is not None:
                    self.add_body(connection, capture.sha256, capture.body)
                capture.id = self.add_row(connection, capture, key)
        except sqlite3.Error as error:
            raise not_written(f"to {self.path}", error) from error
        return capture

    def add_row(self, connection: sqlite3.Connection, capture: Capture, key: bytes) -> int | None:
        """Write a capture's row under its fingerprint, as part of the caller's transaction; returns the new id."""
        values = {name: getattr(capture, name) for name in _COLUMNS} | {
            "fingerprint": key,
            "request_body": capture.request_body or None,
            "request_headers": json.dumps(capture.request_headers, ensure_ascii=False),
            "response_headers": json.dumps(capture.response_headers, ensure_ascii=False),
        }
        return connection.execute(_INSERT, values | {"digest": row_digest(values)}).lastrowid

    def add_body(self, connection: sqlite3.Connection, sha256: str | None, body: bytes) -> None:
        """Keep a body once, as part of the caller's transaction."""
        if connection.execute("SELECT 1 FROM bodies WHERE sha256 = ?", (sha256,)).fetchone() is None:
            encoding, data = "zstd", self._compress(body)
            if self.bodies and sha256 and format_of(body):
                write_outside(self.path.parent, self.bodies, sha256, data)
                encoding, data = OUTSIDE, self.bodies.encode()
            connection.execute(
                "INSERT INTO bodies (sha256, size, encoding, data) VALUES (?, ?, ?, ?)",
                (sha256, len(body), encoding, data),
            )

    def _sha256_before(self, key: bytes, moment: str) -> str | None:
        """The body of the last answer up to that moment, not of the last one added: imports may bring older answers."""
        row = self.db.conn.execute(_SHA256_BEFORE, (key, moment)).fetchone()
        return row["sha256"] if row else None

    # Finding captures

    def urls_since(self, date: str) -> set[str]:
        """Addresses that were asked for at that date (ISO, UTC) or later."""
        return {row[0] for row in self.db.conn.execute("SELECT url FROM captures WHERE requested_at >= ?", (date,))}

    def urls_unread(self) -> set[str]:
        """Addresses of pages and documents that this machine could not read when they were last read.

        No reader for them was installed, or the reading process was killed.
        """
        return self.urls_with_problem(ProblemKind.UNREAD, ProblemKind.LISTED_UNREAD, ProblemKind.NOT_READ_HERE)

    def urls_noted(self, portal: str, note: str) -> set[str]:
        """Addresses of a portal of which a capture has that note."""
        sql = "SELECT url FROM captures WHERE portal = ? AND note = ?"
        return {row["url"] for row in self.db.conn.execute(sql, (portal, note))}

    def urls_with_problem(self, *kinds: ProblemKind, portal: str | None = None) -> set[str]:
        """Addresses, of all portals or of one, of which reading has said so when they were last read."""
        where, values = ("AND portal = ?", (portal,)) if portal else ("", ())
        sql = f"""
            SELECT url FROM problems
            WHERE kind IN ({sql_words(kinds)}) AND stage = ? AND resolved_at IS NULL {where}
            """  # noqa: S608 - words of the vocabulary
        return {row[0] for row in self.db.conn.execute(sql, (Stage.READ, *values)) if row[0]}

    def portals_with_problem(self, kind: ProblemKind) -> set[str]:
        """Portals with an open problem of that kind."""
        sql = "SELECT DISTINCT portal FROM problems WHERE kind = ? AND resolved_at IS NULL"
        return {row[0] for row in self.db.conn.execute(sql, (kind,)) if row[0]}

    def body_of(self, url: str, moment: str | None) -> str | None:
        """The sha256 of the answer to a GET of this address at that moment (UTC, ISO), or of the newest without one."""
        row = self.db.conn.execute(_BODY_OF, {"url": url, "moment": moment or None}).fetchone()
        return row["sha256"] if row else None

    def answered_since(self, url: str, moment: str) -> bool:
        """Whether a GET of this address was answered at that moment (UTC, ISO) or later."""
        sql = f"""
            SELECT 1 FROM captures
            WHERE fingerprint = ? AND requested_at >= ? AND outcome IN ({sql_words(ANSWER_OUTCOMES)}) LIMIT 1
            """  # noqa: S608 - words of the vocabulary
        return self.db.conn.execute(sql, (fingerprint("GET", url), moment)).fetchone() is not None

    def holds(self, capture: Capture) -> bool:
        """Whether this very fetch (request, moment, status) is already here: an import may be repeated."""
        key = fingerprint(capture.method, capture.url, capture.request_body)
        row = self.db.conn.execute(
            "SELECT 1 FROM captures WHERE fingerprint = ? AND requested_at = ? AND status IS ?",
            (key, capture.requested_at, capture.status),
        ).fetchone()
        return row is not None

    def last(
        self,
        method: str,
        url: str,
        body: bytes | None = None,
        *,
        outcomes: tuple[Outcome, ...] = ANSWER_OUTCOMES,
        before: str | None = None,
        but_assets: bool = False,
    ) -> Capture | None:
        """The newest capture of this request whose outcome is one of `outcomes`, with its body; None if there is none.

        With `before` (UTC, ISO), the newest that is older than that; with `but_assets`, of those that are read or may be.
        Raises DamageError when it or its body is damaged.
        """
        older, moment = ("AND requested_at < ?", (before,)) if before else ("", ())
        older += " AND role IS NULL" if but_assets else ""
        row = self.db.conn.execute(
            f"""
            SELECT * FROM captures
            WHERE fingerprint = ? AND outcome IN ({sql_words(outcomes)}) {older}
            ORDER BY requested_at DESC, id DESC LIMIT 1
            """,  # noqa: S608 - constant clauses
            (fingerprint(method, url, body), *moment),
        ).fetchone()
        return self._capture(row) if row else None

    def replay(self, method: str, url: str, body: bytes | None = None) -> Capture | None:
        """What an offline crawl gets: the newest answer or, where there never was one, the newest refusal or failure."""
        refusals = (Outcome.BLOCKED, Outcome.ERROR)
        return self.last(method, url, body) or self.last(method, url, body, outcomes=refusals)

    def history(self, urls: Iterable[str]) -> list[Capture]:
        """Every GET of these URLs, oldest first, without bodies and headers; without damaged rows, which `verify` names."""
        wanted = sorted(set(urls))
        rows: list[sqlite3.Row] = []
        for start in range(0, len(wanted), HISTORY_BATCH):
            batch = wanted[start : start + HISTORY_BATCH]
            rows += self.db.conn.execute(
                f"""
                SELECT {_HISTORY_COLUMNS} FROM captures
                WHERE url IN ({placeholders(batch)}) AND method = 'GET' AND {_IS_SOUND}
                """,  # noqa: S608 - placeholders
                batch,
            )
        rows.sort(key=lambda row: (row["requested_at"], row["id"]))
        return [Capture(**{**dict(row), "outcome": Outcome(row["outcome"])}) for row in rows]

    def get(self, number: int, *, check: bool = False) -> Capture:
        """The capture of that id with its body, held against its hash with `check`.

        Raises DamageError when one is damaged, ArchiveError without a row.
        """
        row = self.db.conn.execute("SELECT * FROM captures WHERE id = ?", (number,)).fetchone()
        if row is None:
            raise ArchiveError(f"no capture {number} in {self.path}")
        return self._capture(row, check=check)

    def count(self) -> int:
        """How many captures there are."""
        return int(self.db.conn.execute("SELECT COUNT(*) FROM captures").fetchone()[0])

    def urls(self, *portals: str) -> Iterator[tuple[str | None, str, str | None, str]]:
        """(portal, url, redirect_url, outcome) of every distinct answered GET; those of one address in their order.

        With portals, only their own and those that belong to none. Assets are no documents and left out.
        """
        where, values = ("AND (portal IN (SELECT value FROM json_each(?)) OR portal IS NULL)", [json.dumps(portals)])
        if not portals:
            where, values = "", []
        for row in self.db.conn.execute(
            f"""
            SELECT portal, url, redirect_url, outcome, MAX(requested_at) AS last FROM captures
            WHERE method = 'GET' AND outcome IN ({sql_words(ANSWER_OUTCOMES)}) AND role IS NULL {where}
            GROUP BY url, portal, redirect_url, outcome
            ORDER BY url, last, portal
            """,  # noqa: S608 - constant clauses
            values,
        ):
            yield tuple(row)[:4]

    def urls_of(self, portal: str | None) -> set[str]:
        """Addresses of the captures that name this portal, or none."""
        return {row["url"] for row in self.db.conn.execute("SELECT url FROM captures WHERE portal IS ?", (portal,))}

    def newest_pages(self, portal: str, limit: int, *, or_note: str) -> Iterator[tuple[str, bytes]]:
        """Address and body of the web pages of a portal that were captured last, listings left out.

        Those that failed with that note are among them.
        """
        for url, sha256 in self.newest_page_hashes(portal, limit, or_note):
            yield url, self.body(sha256)

    def newest_page_hashes(self, portal: str, limit: int, or_note: str) -> list[tuple[str, str]]:
        """The same with the hashes of the bodies."""
        values = {"portal": portal, "note": or_note, "limit": limit}
        return [(row["url"], row["sha256"]) for row in self.db.conn.execute(_NEWEST_PAGES, values)]

    def body(self, sha256: str, *, check: bool = False) -> bytes:
        """The bytes kept under this hash; with `check` they are hashed again.

        Raises DamageError when they are missing, do not decompress, or have another hash.
        """
        row = self.db.conn.execute("SELECT encoding, data FROM bodies WHERE sha256 = ?", (sha256,)).fetchone()
        if row is None:
            raise DamageError(f"body {sha256} is missing from {self.path}")
        return self.unpacked(sha256, row["encoding"], row["data"], check=check)

    def packed(self, sha256: str, encoding: str, data: bytes) -> bytes:
        """A body as `data` of its row has it, or would have it were it not outside of the database; empty where it is lost."""
        try:
            return read_outside(self.path.parent, data.decode(), sha256) if encoding == OUTSIDE else data
        except DamageError:
            return b""

    def unpacked(self, sha256: str, encoding: str, data: bytes, *, check: bool = False) -> bytes:
        """A body as it was before it was compressed. Raises DamageError as `body` does."""
        if encoding == OUTSIDE:
            encoding, data = "zstd", read_outside(self.path.parent, data.decode(), sha256)
        if encoding != "zstd":
            raise DamageError(f"body {sha256} has the unknown encoding {encoding!r}")
        try:
            body = self._decompress(data)
        except zstandard.ZstdError as error:
            raise DamageError(f"body {sha256} is damaged: {error}") from error
        if check and hashlib.sha256(body).hexdigest() != sha256:
            raise DamageError(f"body {sha256} is damaged: hash mismatch")
        return body

    def _capture(self, row: sqlite3.Row, *, with_body: bool = True, check: bool = False) -> Capture:
        values = {key: row[key] for key in row.keys() if key not in {"fingerprint", "digest"}}  # noqa: SIM118 - a Row iterates over values
        try:
            values["outcome"] = Outcome(values["outcome"])
            values["role"] = CaptureRole(values["role"]) if values.get("role") else None
            for name in ("request_headers", "response_headers"):
                values[name] = [(str(key), str(value)) for key, value in json.loads(values[name] or "[]")]
            if not all(isinstance(values[name], str | None) for name in _TEXTS):
                raise TypeError("a text that is none")
        except (ValueError, TypeError, RecursionError) as error:
            raise DamageError(f"capture {row['id']} is damaged: {error}") from error
        capture = Capture(**values)
        if with_body and capture.sha256:
            capture.body = self.body(capture.sha256, check=check)
        return capture

    # Portals and entries

    def add_portal(self, facts: dict[str, str | None]) -> None:
        """Keep what a portal's file declares today; a portal whose file is removed later stays readable."""
        with self.db.conn as connection:
            put_row(connection, "portals", facts, key="name")

    def portals(self) -> dict[str, dict[str, str | None]]:
        """Name → declared facts."""
        return {row["name"]: dict(row) for row in self.db.conn.execute("SELECT * FROM portals ORDER BY name")}

    def add_entries(self, entries: list[Entry]) -> None:
        """Keep what one page of a listing shows, in one commit; title and date are updated."""
        now = utc_now()
        with self.db.conn as connection:
            connection.executemany(
                """
                INSERT INTO entries (portal, listing_url, url, title, date, first_seen, last_seen)
                VALUES (?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (portal, listing_url, url) DO UPDATE SET
                    title = excluded.title,
                    date = excluded.date,
                    last_seen = excluded.last_seen
                """,
                [(e.portal, e.listing_url, e.url, e.title, e.date, now, now) for e in entries],
            )

    def merge_entries(self, rows: Iterable[dict[str, Any]]) -> None:
        """Take in another archive's rows of `entries`, in one commit: title and date of whichever saw them last."""
        with self.db.conn as connection:
            connection.executemany(
                """
                INSERT INTO entries (portal, listing_url, url, title, date, first_seen, last_seen)
                VALUES (:portal, :listing_url, :url, :title, :date, :first_seen, :last_seen)
                ON CONFLICT (portal, listing_url, url) DO UPDATE SET
                    title = CASE WHEN excluded.last_seen > last_seen THEN excluded.title ELSE title END,
                    date = CASE WHEN excluded.last_seen > last_seen THEN excluded.date ELSE date END,
                    first_seen = MIN(first_seen, excluded.first_seen),
                    last_seen = MAX(last_seen, excluded.last_seen)
                """,
                rows,
            )

    def entries(self, *, urls: Iterable[str] | None = None, portal: str | None = None) -> list[Entry]:
        """Entries of these URLs, or of a portal, or all; ordered by listing and URL."""
        sql, values = "SELECT portal, listing_url, url, title, date FROM entries", []
        if urls is not None:
            values = [json.dumps(sorted(set(urls)))]
            sql += " WHERE url IN (SELECT value FROM json_each(?))"  # a document may have more addresses than SQLite variables
        elif portal is not None:
            values = [portal]
            sql += " WHERE portal = ?"
        return [Entry(**dict(row)) for row in self.db.conn.execute(sql + " ORDER BY portal, listing_url, url", values)]

    def listed(self, *portals: str) -> Iterator[tuple[str | None, str]]:
        """(portal, url) of every entry, of all portals or of these."""
        where, values = (
            ("WHERE portal IN (SELECT value FROM json_each(?))", [json.dumps(portals)]) if portals else ("", [])
        )
        for row in self.db.conn.execute(f"SELECT DISTINCT portal, url FROM entries {where}", values):  # noqa: S608 - constant clauses
            yield tuple(row)

    def listing_urls(self) -> set[str]:
        """Addresses of listings, which are never read as reports."""
        return {row[0] for row in self.db.conn.execute("SELECT DISTINCT listing_url FROM entries")}
