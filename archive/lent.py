"""The part of an archive that is one portal's, lent to a crawl on another machine, and what comes back of it.

It is an archive like any other: what the crawl adds to it is merged. What it was lent need not come back.
"""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archive.captures import Captures
from archive.database import ArchiveError, open_database
from archive.migrations.readings import migrations

_OF_PORTAL = "SELECT * FROM whole.{} WHERE portal = :portal"
_LENT = {
    "portals": "SELECT * FROM whole.portals WHERE name = :portal",
    "runs": """
        SELECT * FROM whole.runs WHERE portal = :portal
        UNION SELECT * FROM whole.runs WHERE id IN (
            SELECT run_id FROM whole.captures WHERE portal = :portal
            UNION SELECT run_id FROM whole.problems WHERE portal = :portal
        )
    """,
    "bodies": """
        SELECT b.sha256, b.size, 'zstd', packed(b.sha256, b.encoding, b.data) FROM (SELECT DISTINCT sha256 FROM whole.captures WHERE portal = :portal AND sha256 IS NOT NULL) n
        CROSS JOIN whole.bodies b ON b.sha256 = n.sha256
    """,
    "captures": _OF_PORTAL.format("captures"),
    "entries": _OF_PORTAL.format("entries"),
    "problems": _OF_PORTAL.format("problems"),
    "asking": _OF_PORTAL.format("asking"),
    "withheld": """
        SELECT DISTINCT w.* FROM whole.entries e CROSS JOIN whole.withheld w ON w.url = e.url WHERE e.portal = :portal
    """,
    "run_seals": "SELECT s.* FROM main.runs r CROSS JOIN whole.run_seals s ON s.run_id = r.id",
}
"""Table → its rows that are lent."""


@dataclass(frozen=True, slots=True)
class Lent:
    """The files of such a part."""

    captures: bytes
    readings: bytes

    def unpack(self, folder: Path) -> None:
        """Make it an archive in a folder of its own."""
        folder.mkdir()
        (folder / "captures.db").write_bytes(self.captures)
        if self.readings:
            (folder / "readings.db").write_bytes(self.readings)


def lend(whole: Captures, portal: str, folder: Path) -> Lent:
    """A portal's part of an archive, made in `folder`, which must not be there. Raises ArchiveError."""
    try:
        with closing(Captures(folder)) as part:
            connection = part.db.conn
            connection.execute("PRAGMA foreign_keys = OFF")  # a body that is lost there is lost here
            connection.create_function("packed", 3, whole.packed)
            connection.execute("ATTACH ? AS whole", (f"{whole.path.resolve().as_uri()}?mode=ro",))
            with connection:
                for table, rows in _LENT.items():
                    connection.execute(f"INSERT INTO main.{table} {rows}", {"portal": portal})
            connection.execute("DETACH whole")
            kept = whole.path.with_name("readings.db")
            readings = _readings(kept, folder, connection) if kept.is_file() else b""
            return Lent(_packed(connection), readings)
    except sqlite3.Error as error:
        raise ArchiveError(f"cannot lend {portal} of {whole.path}: {error}") from error


def _readings(kept: Path, folder: Path, connection: sqlite3.Connection) -> bytes:
    """What was read of the portal's documents."""
    with closing(open_database(folder / "readings.db", migrations)) as part:
        part.conn.execute("ATTACH ? AS kept", (f"{kept.resolve().as_uri()}?mode=ro",))
        found = [row[0] for row in connection.execute("SELECT DISTINCT sha256 FROM captures WHERE sha256 IS NOT NULL")]
        with part.conn:
            for sha256 in found:
                part.conn.execute("INSERT INTO readings SELECT * FROM kept.readings WHERE sha256 = ?", (sha256,))
            part.conn.execute("UPDATE generation SET readers = (SELECT readers FROM kept.generation)")
        part.conn.execute("DETACH kept")
        return _packed(part.conn) if found else b""


def newest(captures: Captures) -> tuple[int, int]:
    """The ids of the newest capture and the newest run: what comes later is new."""
    row = captures.db.conn.execute(
        "SELECT (SELECT COALESCE(MAX(id), 0) FROM captures), (SELECT COALESCE(MAX(id), 0) FROM runs)"
    ).fetchone()
    return tuple(row)


def forget_runs(captures: Captures, since: int) -> None:
    """Take back runs later than `since`, which only made a part ready: those that lent it need not know of them."""
    with captures.db.conn as connection:
        connection.execute("DELETE FROM problems WHERE run_id > ?", (since,))
        connection.execute("DELETE FROM run_seals WHERE run_id > ?", (since,))
        connection.execute("DELETE FROM runs WHERE id > ?", (since,))


def give_back(folder: Path, since: int) -> bytes:
    """The captures.db of a part without the captures up to `since`, which whoever lent it has."""
    with closing(Captures(folder)) as part:
        connection = part.db.conn
        with connection:
            connection.execute("DELETE FROM captures WHERE id <= ?", (since,))
            connection.execute(
                "DELETE FROM bodies WHERE sha256 NOT IN (SELECT sha256 FROM captures WHERE sha256 IS NOT NULL)"
            )
        return _packed(connection)


def give_back_so_far(folder: Path, since: int, stats: dict[str, Any]) -> bytes:
    """The same of a part to which a crawl still writes: from a copy, in which its run was stopped with these counts."""
    with tempfile.TemporaryDirectory(prefix="so-far-", dir=folder.parent) as name:
        with (
            closing(sqlite3.connect(folder / "captures.db")) as live,
            closing(sqlite3.connect(Path(name) / "captures.db")) as copy,
        ):
            live.backup(copy)
        with closing(Captures(Path(name))) as part:
            for run in part.db.conn.execute("SELECT id FROM runs WHERE finished_at IS NULL").fetchall():
                part.finish_run(run["id"], "shutdown", stats)
        return give_back(Path(name), since)


def _packed(connection: sqlite3.Connection) -> bytes:
    """The database as the bytes of its file, without empty pages."""
    connection.execute("VACUUM")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    data = bytearray(connection.serialize())
    data[18:20] = b"\x01\x01"  # a file that is not in WAL mode, as one that is copied has to be
    return bytes(data)
