"""captures.db: every response as it was, what listings said, the runs and their problems."""

from sqlite_utils import Database, Migrations

from archive import constraints, row_digests, run_seals
from archive.row_digests import row_digest

migrations = Migrations("captures")


@migrations()
def m001_captures(db: Database) -> None:
    """Bodies once per sha256, a row for each fetch, entries, portals as they were declared, runs, problems."""
    db.create_table(
        "bodies",
        {"sha256": str, "size": int, "encoding": str, "data": bytes},
        pk="sha256",
        not_null={"size", "encoding", "data"},
    )
    db.create_table(
        "portals",
        {
            "name": str,
            "title": str,
            "home_url": str,
            "platform": str,
            "division_code": str,
            "division": str,
            "level": str,
            "hosts": str,
            "document": str,
        },
        pk="name",
    )
    db.create_table(
        "runs",
        {
            "id": int,
            "kind": str,
            "portal": str,
            "started_at": str,
            "finished_at": str,
            "finish_reason": str,
            "stats": str,
        },
        pk="id",
        not_null={"kind", "started_at"},
    )
    db.create_table(
        "captures",
        {
            "id": int,
            "run_id": int,
            "portal": str,
            "url": str,
            "method": str,
            "request_body": bytes,
            "fingerprint": bytes,
            "requested_at": str,
            "status": int,
            "outcome": str,
            "sha256": str,
            "content_type": str,
            "request_headers": str,
            "response_headers": str,
            "content_encoding": str,
            "wire_bytes": int,
            "ip_address": str,
            "protocol": str,
            "redirect_url": str,
            "note": str,
        },
        pk="id",
        not_null={"url", "method", "fingerprint", "requested_at", "outcome"},
        foreign_keys=[("run_id", "runs", "id"), ("sha256", "bodies", "sha256")],
    )
    db.table("captures").create_index(["fingerprint"])
    db.table("captures").create_index(["url"])
    db.table("captures").create_index(["portal", "url"])
    db.create_table(
        "entries",
        {
            "portal": str,
            "listing_url": str,
            "url": str,
            "title": str,
            "date": str,
            "first_seen": str,
            "last_seen": str,
        },
        pk=("portal", "listing_url", "url"),
        not_null={"first_seen", "last_seen"},
    )
    db.table("entries").create_index(["url"])
    db.create_table(
        "problems",
        {
            "id": int,
            "run_id": int,
            "portal": str,
            "url": str,
            "stage": str,
            "kind": str,
            "message": str,
            "seen_at": str,
            "resolved_at": str,
        },
        pk="id",
        not_null={"stage", "kind", "message", "seen_at"},
        foreign_keys=[("run_id", "runs", "id")],
    )
    db.table("problems").create_index(["url"])
    db.table("problems").create_index(["run_id"])


@migrations()
def m002_asking(db: Database) -> None:
    """When to ask again for what was not had, and what somebody has acknowledged."""
    db.execute(
        "CREATE TABLE asking (portal TEXT NOT NULL, url TEXT NOT NULL, failures INTEGER NOT NULL DEFAULT 0,"
        " next_ask TEXT, acknowledged_at TEXT, why TEXT, PRIMARY KEY (portal, url))"
    )


@migrations()
def m003_row_digests(db: Database) -> None:
    """A digest of each capture's row, by which it can be proved unaltered; of earlier captures, of the row as it is now."""
    db.execute("ALTER TABLE captures ADD COLUMN digest BLOB")
    last = 0
    while rows := db.execute("SELECT * FROM captures WHERE id > ? ORDER BY id LIMIT 1000", (last,)).fetchall():
        db.conn.executemany(
            "UPDATE captures SET digest = ? WHERE id = ?", [(row_digest(dict(row)), row["id"]) for row in rows]
        )
        last = rows[-1]["id"]


@migrations()
def m004_asked_by_index(db: Database) -> None:
    """Indexes for what crawls, imports and merges ask, and a number for each portal that counts changes of its entries."""
    for statement in (
        "CREATE INDEX captures_run ON captures (run_id)",
        "CREATE INDEX captures_portal ON captures (portal, id)",
        "CREATE INDEX runs_portal ON runs (kind, portal)",
        "DROP INDEX idx_problems_url",
        "CREATE INDEX problems_url ON problems (url, seen_at)",
        "CREATE INDEX problems_open ON problems (portal, stage, kind) WHERE resolved_at IS NULL",
        "CREATE INDEX problems_open_kind ON problems (kind) WHERE resolved_at IS NULL",
        "CREATE TABLE entry_changes (portal TEXT PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID",
        "INSERT INTO entry_changes SELECT COALESCE(portal, ''), 1 FROM entries GROUP BY 1",
        f"CREATE TRIGGER entry_added AFTER INSERT ON entries BEGIN {_COUNT_CHANGE}; END",
        "CREATE TRIGGER entry_changed AFTER UPDATE OF title, date ON entries"
        f" WHEN OLD.title IS NOT NEW.title OR OLD.date IS NOT NEW.date BEGIN {_COUNT_CHANGE}; END",
    ):
        db.execute(statement)


@migrations()
def m005_acknowledged_changes(db: Database) -> None:
    """What somebody acknowledges of a portal, or no longer does, counts as a change of its entries."""
    is_other = "OLD.acknowledged_at IS NOT NEW.acknowledged_at"
    for name, event, row in (
        ("asking_added", "AFTER INSERT ON asking WHEN NEW.acknowledged_at IS NOT NULL", "NEW"),
        ("asking_changed", f"AFTER UPDATE OF acknowledged_at ON asking WHEN {is_other}", "NEW"),
        ("asking_removed", "AFTER DELETE ON asking WHEN OLD.acknowledged_at IS NOT NULL", "OLD"),
    ):
        db.execute(f"CREATE TRIGGER {name} {event} BEGIN {_COUNT_CHANGE.replace('NEW.', f'{row}.')}; END")


@migrations()
def m006_roles(db: Database) -> None:
    """What a capture is where it is neither a listing nor a document."""
    db.execute("ALTER TABLE captures ADD COLUMN role TEXT")


@migrations()
def m007_digests_of_all_rows(db: Database) -> None:
    """A digest of each row of the tables that are updated, and for each run that has ended a seal of its captures."""
    db.execute(row_digests.CREATE)
    db.execute(run_seals.CREATE)
    run_seals.seal_all(db.conn)
    row_digests.fill_digests(db.conn, "captures.db")


@migrations()
def m008_withheld(db: Database) -> None:
    """Addresses that are withheld from readers, why and since when."""
    db.execute(
        "CREATE TABLE withheld (url TEXT PRIMARY KEY, named TEXT NOT NULL, label TEXT NOT NULL DEFAULT '',"
        " why TEXT NOT NULL, decided_at TEXT NOT NULL, is_lifted INTEGER NOT NULL DEFAULT 0)"
    )


@migrations()
def m009_tls(db: Database) -> None:
    """By which version of TLS a capture came, and what was found of the certificate."""
    for name in ("tls_version", "certificate"):
        db.execute(f"ALTER TABLE captures ADD COLUMN {name} TEXT")


@migrations()
def m010_outside_bodies(db: Database) -> None:
    """Which bodies are kept outside: none, in most archives."""
    db.execute("CREATE INDEX bodies_outside ON bodies (data) WHERE encoding = 'zstd-outside'")


@migrations()
def m011_constraints(db: Database) -> None:
    """Values that are none are refused before they are stored."""
    constraints.constrain(db.conn, "captures.db")


_COUNT_CHANGE = (
    "INSERT INTO entry_changes (portal, number) VALUES (COALESCE(NEW.portal, ''), 1)"
    " ON CONFLICT (portal) DO UPDATE SET number = number + 1"
)
