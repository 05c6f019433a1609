"""reports.db: what was read out of the captures. Deleting it loses nothing."""

from sqlite_utils import Database, Migrations

from archive.migrations import views

migrations = Migrations("reports")


@migrations()
def m001_reports(db: Database) -> None:
    """Reports with their texts, statistics, checks, attachments, locations and versions."""
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
        },
        pk="name",
    )
    db.create_table(
        "reports",
        {
            "id": str,
            "url": str,
            "portal": str,
            "title": str,
            "issuing_body": str,
            "co_issuing_body": str,
            "division_code": str,
            "division": str,
            "level": str,
            "body_kind": str,
            "report_year": int,
            "published": str,
            "source": str,
            "form": str,
            "index_number": str,
            "document_number": str,
            "site_id_code": str,
            "sha256": str,
            "captured_at": str,
            "first_captured_at": str,
            "state": str,
            "same_as": str,
            "reader_version": str,
            "search_id": int,
            "digest": str,
        },
        pk="id",
        not_null={"url", "portal", "state", "search_id", "digest"},
        foreign_keys=[("portal", "portals", "name")],
    )
    db.table("reports").create_index(["url"], unique=True)
    db.table("reports").create_index(["search_id"], unique=True)
    db.table("reports").create_index(["portal", "report_year"])
    db.table("reports").create_index(["issuing_body", "report_year"])
    for table, columns, key in (
        ("report_texts", {"text": str}, ()),
        (
            "statistics",
            {
                "table_no": int,
                "row_name": str,
                "column_name": str,
                "value": float,
                "unit": str,
                "raw": str,
                "value_state": str,
                "origin": str,
            },
            ("table_no", "row_name", "column_name", "origin"),
        ),
        (
            "checks",
            {"identity": str, "scope": str, "expected": float, "actual": float, "verdict": str, "severity": str},
            ("identity", "scope"),
        ),
        ("attachments", {"url": str, "name": str, "media_type": str, "sha256": str}, ("url",)),
        ("locations", {"url": str, "portal": str}, ("url",)),
        ("versions", {"sha256": str, "captured_at": str, "changed": str}, ("captured_at", "sha256")),
    ):
        definitions = ", ".join(f'"{name}" {_TYPES[kind]}' for name, kind in columns.items())
        db.execute(
            f"CREATE TABLE {table} (report_id TEXT NOT NULL REFERENCES reports(id) ON DELETE CASCADE, {definitions},"
            f" PRIMARY KEY ({', '.join(('report_id', *key))})) WITHOUT ROWID"
        )
    db.table("locations").create_index(["url"])
    db.table("attachments").create_index(["url"])
    db.execute("CREATE INDEX checks_failed ON checks (report_id) WHERE verdict = 'fails'")
    db.execute("CREATE VIRTUAL TABLE report_search USING fts5(title, text, content='', tokenize='unicode61')")
    views.create(db)


_TYPES = {str: "TEXT", int: "INTEGER", float: "NUMERIC"}


@migrations()
def m002_search(db: Database) -> None:
    """The full-text index anew and smaller: small ids, the text's column first, borders where punctuation stands."""
    from archive.fulltext import search_text

    db.execute("UPDATE reports SET search_id = -search_id")
    ranks = [(number, row[0]) for number, row in enumerate(db.execute("SELECT id FROM reports ORDER BY id"), 1)]
    db.conn.executemany("UPDATE reports SET search_id = ? WHERE id = ?", ranks)
    db.execute("DROP TABLE report_search")
    db.execute("CREATE VIRTUAL TABLE report_search USING fts5(text, title, content='', tokenize='unicode61')")
    rows = db.execute("SELECT search_id, title, text FROM reports JOIN report_texts ON report_id = id")
    db.conn.executemany(
        "INSERT INTO report_search (rowid, title, text) VALUES (?, ?, ?)",
        ((search_id, search_text(title), search_text(text)) for search_id, title, text in rows),
    )


@migrations()
def m003_table_sources(db: Database) -> None:
    """Where each table of a report stands, and how far it can be trusted; key figures that count it once."""
    db.execute(
        "CREATE TABLE table_sources (report_id TEXT NOT NULL REFERENCES reports(id) ON DELETE CASCADE, table_no INTEGER,"
        " origin TEXT, url TEXT, standing TEXT, PRIMARY KEY (report_id, table_no, origin)) WITHOUT ROWID"
    )
    views.create(db)


@migrations()
def m004_key_figures(db: Database) -> None:
    """Key figures of tables that can be trusted, and beside them those of all tables."""
    views.create(db)


@migrations()
def m005_ledger(db: Database) -> None:
    """The fate of every entry that a listing showed, and what reading says of documents that gave no report."""
    db.execute(
        "CREATE TABLE fates (portal TEXT NOT NULL, listing_url TEXT NOT NULL, url TEXT NOT NULL, title TEXT,"
        " fate TEXT NOT NULL, report_id TEXT, cause TEXT, capture_id INTEGER,"
        " PRIMARY KEY (portal, listing_url, url)) WITHOUT ROWID"
    )
    db.execute("CREATE INDEX fates_report ON fates (report_id)")
    db.execute(
        "CREATE TABLE unreported (portal TEXT NOT NULL, key TEXT NOT NULL, fate TEXT NOT NULL, cause TEXT,"
        " capture_id INTEGER, PRIMARY KEY (portal, key)) WITHOUT ROWID"
    )


@migrations()
def m006_read_marks(db: Database) -> None:
    """What each document was read from. Reports of earlier versions have no mark and are read once more."""
    db.execute(
        "CREATE TABLE read_marks (id TEXT PRIMARY KEY, capture_id INTEGER NOT NULL, entries TEXT NOT NULL,"
        " reader_version TEXT NOT NULL, beside TEXT, has_report INTEGER NOT NULL, is_related INTEGER NOT NULL) WITHOUT ROWID"
    )
    db.execute("CREATE INDEX read_marks_unrelated ON read_marks (id) WHERE is_related = 0")


@migrations()
def m007_parts(db: Database) -> None:
    """What each report consists of, and what became of each part."""
    db.execute(
        "CREATE TABLE parts (report_id TEXT NOT NULL REFERENCES reports(id) ON DELETE CASCADE, part TEXT NOT NULL,"
        " state TEXT NOT NULL, url TEXT NOT NULL, cause TEXT NOT NULL, PRIMARY KEY (report_id, part, url)) WITHOUT ROWID"
    )


@migrations()
def m008_report_scope(db: Database) -> None:
    """Whose figures each report counts, and the words that say so; empty until a report is read again."""
    db.execute("ALTER TABLE reports ADD COLUMN report_scope TEXT")
    db.execute("ALTER TABLE reports ADD COLUMN report_scope_witness TEXT")
    views.create(db)


@migrations()
def m009_contradictions(db: Database) -> None:
    """Entries that lead to a report and announce another; texts are found by their length."""
    db.execute(
        "CREATE TABLE contradictions (report_id TEXT NOT NULL REFERENCES reports(id) ON DELETE CASCADE,"
        " portal TEXT NOT NULL, listing_url TEXT NOT NULL, url TEXT NOT NULL, cause TEXT NOT NULL,"
        " PRIMARY KEY (portal, listing_url, url, report_id)) WITHOUT ROWID"
    )
    db.execute("CREATE INDEX contradictions_report ON contradictions (report_id)")
    db.execute("CREATE INDEX report_texts_length ON report_texts (length(text))")
