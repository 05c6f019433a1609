"""reports.db: what was read out of the captures. Deleting it loses nothing.

What every report repeats is a number here: `cell_kinds` and `check_kinds` hold the words, `layouts` the cells of a table in
their order, `cells`, `evaluations` and `failures` the figures. The views `statistics` and `checks` put them together again.
"""

from itertools import groupby
from operator import itemgetter

from sqlite_utils import Database, Migrations

from archive import constraints, fulltext, row_digests
from archive.agencies import places
from archive.cells import Cells
from archive.fulltext import indexed
from archive.migrations import sums, views
from archive.successions import successions
from archive.vocabulary import Verdict

migrations = Migrations("reports")

EARLIER = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'statistics'"
"""Gives a row in a database of the time when statistics were a table. It is not migrated: a reparse rebuilds it."""
TEXT_KEY = ("length({0})", "substr({0}, length({0}) / 2, 24)")
"""What finds a text among millions: few share its length, and hardly one its middle."""

_TABLES = """
CREATE TABLE portals (
    name TEXT PRIMARY KEY, title TEXT, home_url TEXT, platform TEXT, division_code TEXT, division TEXT, level TEXT
);

CREATE TABLE reports (
    id TEXT PRIMARY KEY,
    url TEXT NOT NULL,
    portal TEXT NOT NULL REFERENCES portals(name),
    title TEXT,
    issuing_body TEXT,
    co_issuing_body TEXT,
    division_code TEXT,
    division TEXT,
    level TEXT,
    body_kind TEXT,
    report_scope TEXT,
    report_scope_witness TEXT,
    report_year INTEGER,
    published TEXT,
    source TEXT,
    form TEXT,
    index_number TEXT,
    document_number TEXT,
    site_id_code TEXT,
    sha256 TEXT,
    captured_at TEXT,
    first_captured_at TEXT,
    state TEXT NOT NULL,
    same_as TEXT,
    reader_version TEXT,
    search_id INTEGER NOT NULL,
    digest TEXT NOT NULL,
    agency_id TEXT,
    place_id TEXT
);
CREATE UNIQUE INDEX idx_reports_url ON reports (url);
CREATE UNIQUE INDEX idx_reports_search_id ON reports (search_id);
CREATE INDEX idx_reports_portal_report_year ON reports (portal, report_year);
CREATE INDEX idx_reports_issuing_body_report_year ON reports (issuing_body, report_year);

CREATE TABLE places (
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    level TEXT NOT NULL,
    parent TEXT,
    first_year INTEGER NOT NULL,
    last_year INTEGER,
    PRIMARY KEY (id, first_year)
) WITHOUT ROWID;
CREATE INDEX places_parent ON places (parent);

CREATE TABLE report_texts (report_id TEXT PRIMARY KEY REFERENCES reports(id) ON DELETE CASCADE, text TEXT);

CREATE TABLE cell_kinds (
    id INTEGER PRIMARY KEY,
    table_no INTEGER,
    row_name TEXT,
    column_name TEXT,
    unit TEXT,
    value_state TEXT,
    origin TEXT
);
CREATE UNIQUE INDEX cell_kinds_words ON cell_kinds (row_name, column_name, table_no, origin, value_state, unit);
CREATE TABLE cells (
    report INTEGER NOT NULL, kind INTEGER NOT NULL, value NUMERIC, raw, PRIMARY KEY (report, kind)
) WITHOUT ROWID;

CREATE TABLE check_kinds (id INTEGER PRIMARY KEY, identity TEXT, scope TEXT, severity TEXT);
CREATE UNIQUE INDEX check_kinds_words ON check_kinds (identity, scope, severity);
CREATE TABLE evaluations (
    report INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    verdict INTEGER NOT NULL,
    expected NUMERIC,
    actual NUMERIC,
    PRIMARY KEY (report, kind)
) WITHOUT ROWID;
CREATE INDEX evaluations_failed ON evaluations (report) WHERE verdict = 1;

CREATE TABLE table_sources (
    report_id TEXT NOT NULL REFERENCES reports(id) ON DELETE CASCADE,
    table_no INTEGER,
    origin TEXT,
    url TEXT,
    standing TEXT,
    PRIMARY KEY (report_id, table_no, origin)
) WITHOUT ROWID;
CREATE TABLE parts (
    report_id TEXT NOT NULL REFERENCES reports(id) ON DELETE CASCADE,
    part TEXT NOT NULL,
    state TEXT NOT NULL,
    url TEXT NOT NULL,
    cause TEXT NOT NULL,
    PRIMARY KEY (report_id, part, url)
) WITHOUT ROWID;
CREATE TABLE attachments (
    report_id TEXT NOT NULL REFERENCES reports(id) ON DELETE CASCADE,
    url TEXT,
    name TEXT,
    media_type TEXT,
    sha256 TEXT,
    PRIMARY KEY (report_id, url)
) WITHOUT ROWID;
CREATE INDEX idx_attachments_url ON attachments (url);
CREATE TABLE locations (
    report_id TEXT NOT NULL REFERENCES reports(id) ON DELETE CASCADE,
    url TEXT,
    portal TEXT,
    PRIMARY KEY (report_id, url)
) WITHOUT ROWID;
CREATE INDEX idx_locations_url ON locations (url);
CREATE TABLE versions (
    report_id TEXT NOT NULL REFERENCES reports(id) ON DELETE CASCADE,
    sha256 TEXT,
    captured_at TEXT,
    changed TEXT,
    restore TEXT,
    PRIMARY KEY (report_id, captured_at, sha256)
) WITHOUT ROWID;

CREATE TABLE fates (
    portal TEXT NOT NULL,
    listing_url TEXT NOT NULL,
    url TEXT NOT NULL,
    title TEXT,
    fate TEXT NOT NULL,
    report_id TEXT,
    cause TEXT,
    capture_id INTEGER,
    PRIMARY KEY (portal, listing_url, url)
) WITHOUT ROWID;
CREATE INDEX fates_report ON fates (report_id);
CREATE TABLE unreported (
    portal TEXT NOT NULL, key TEXT NOT NULL, fate TEXT NOT NULL, cause TEXT, capture_id INTEGER,
    PRIMARY KEY (portal, key)
) WITHOUT ROWID;
CREATE TABLE read_marks (
    id TEXT PRIMARY KEY,
    capture_id INTEGER NOT NULL,
    entries TEXT NOT NULL,
    reader_version TEXT NOT NULL,
    beside TEXT,
    has_report INTEGER NOT NULL,
    is_related INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX read_marks_unrelated ON read_marks (id) WHERE is_related = 0;

CREATE VIRTUAL TABLE report_search USING fts5(text, title, content='', tokenize='unicode61');
"""


@migrations()
def m009_compact(db: Database) -> None:
    """Reports with their texts, figures, checks, documents and versions; the ledger; the index of texts; totals."""
    for statement in _TABLES.split(";\n"):
        if statement.strip():
            db.execute(statement)
    db.conn.executemany("INSERT INTO places VALUES (?, ?, ?, ?, ?, ?)", places())
    views.create(db)


@migrations()
def m010_contradictions(db: Database) -> None:
    """Entries that lead to a report and announce another; texts are found by their length."""
    db.execute(
        "CREATE TABLE contradictions (report_id TEXT NOT NULL REFERENCES reports(id) ON DELETE CASCADE,"
        " portal TEXT NOT NULL, listing_url TEXT NOT NULL, url TEXT NOT NULL, cause TEXT NOT NULL,"
        " PRIMARY KEY (portal, listing_url, url, report_id)) WITHOUT ROWID"
    )
    db.execute("CREATE INDEX contradictions_report ON contradictions (report_id)")
    db.execute("CREATE INDEX report_texts_length ON report_texts (length(text))")


@migrations()
def m011_years_by_agency(db: Database) -> None:
    """The years of one agency are put side by side whatever name it prints."""
    db.execute(views.AGENCY_YEARS)
    db.execute("DROP VIEW year_over_year")
    db.execute(views.YEAR_OVER_YEAR)


@migrations()
def m012_asked_by_index(db: Database) -> None:
    """Indexes that hold all that sums, years of agencies and failed identities are asked for."""
    for index in ("figures_agency_years", "evaluations_failed"):
        db.execute(f"DROP INDEX {index}")
    for statement in (views.SUMMED, views.YEARS_OF_AGENCIES, views.FAILED, "ANALYZE sqlite_schema"):
        db.execute(statement)
    db.conn.executemany("INSERT INTO sqlite_stat1 VALUES (?, ?, ?)", views.STATISTICS_OF_INDEXES)
    db.execute("ANALYZE sqlite_schema")  # this connection knows them, too


@migrations()
def m013_sums(db: Database) -> None:
    """Sums that count nothing twice, and the bodies that were met."""
    sums.create(db)


@migrations()
def m014_related_by_index(db: Database) -> None:
    """What crawls and imports ask by index: who follows a report, how bodies' names end, up to where portals are read."""
    db.execute("CREATE INDEX figures_previous ON figures (previous_report_id) WHERE previous_report_id IS NOT NULL")
    db.execute("CREATE INDEX reports_same_as ON reports (same_as) WHERE same_as IS NOT NULL")
    db.execute("CREATE TABLE body_names (reversed TEXT PRIMARY KEY) WITHOUT ROWID")
    names = db.execute("SELECT DISTINCT issuing_body FROM reports WHERE issuing_body IS NOT NULL").fetchall()
    db.conn.executemany("INSERT INTO body_names VALUES (?)", [(name[::-1],) for (name,) in names])
    db.execute(
        "CREATE TABLE read_through"
        " (portal TEXT PRIMARY KEY, capture_id INTEGER, entry_change INTEGER NOT NULL) WITHOUT ROWID"
    )


@migrations()
def m015_traditional_characters(db: Database) -> None:
    """The index of texts is written again, as it holds texts in another form now."""
    db.execute("INSERT INTO report_search (report_search) VALUES ('delete-all')")
    texts = db.conn.execute(
        "SELECT r.search_id, r.title, t.text FROM reports r LEFT JOIN report_texts t ON t.report_id = r.id"
    )
    db.conn.executemany(
        "INSERT INTO report_search (rowid, title, text) VALUES (?, ?, ?)",
        ((number, *indexed(title, text)[:2]) for number, title, text in texts),
    )


@migrations()
def m016_unexplained(db: Database) -> None:
    """How many listed reports of each portal gave none without an explanation, when all of it was last read."""
    db.execute("ALTER TABLE read_through ADD COLUMN unexplained INTEGER NOT NULL DEFAULT 0")


@migrations()
def m017_successions(db: Database) -> None:
    """Which public body took the place of which, as documents say."""
    db.execute(
        "CREATE TABLE successions (predecessor TEXT NOT NULL, successor TEXT NOT NULL, since INTEGER NOT NULL,"
        " document TEXT NOT NULL, document_date TEXT NOT NULL, PRIMARY KEY (predecessor, successor)) WITHOUT ROWID"
    )
    db.execute("CREATE INDEX successions_successor ON successions (successor)")
    db.execute("DROP VIEW agencies")
    db.execute(views.LINKED_AGENCIES)


@migrations()
def m018_figures_of_portals(db: Database) -> None:
    """A portal's page reads the figures of its reports alone."""
    db.execute("CREATE INDEX figures_portal ON figures (portal, report_year)")


@migrations()
def m019_layouts(db: Database) -> None:
    """The cells of a table are one row, and what they are is its layout; so are the evaluations of a report that fail not."""
    for view in ("statistics", "checks", "failed_checks"):
        db.execute(f"DROP VIEW {view}")
    for table in ("cells", "cell_kinds", "evaluations"):
        db.execute(f"ALTER TABLE {table} RENAME TO single_{table}")
    for index in ("cell_kinds_words", "evaluations_that_fail"):
        db.execute(f"DROP INDEX {index}")
    for statement in _LAYOUTS.split(";\n\n"):
        db.execute(statement)
    cells = Cells(db.conn)
    for put, single in ((cells.put_statistics, _SINGLE_CELLS), (cells.put_checks, _SINGLE_EVALUATIONS)):
        for (report, _), rows in groupby(db.conn.execute(single), itemgetter(0, 1)):
            put(report, [tuple(row)[2:] for row in rows])
    for table in ("cells", "cell_kinds", "evaluations"):
        db.execute(f"DROP TABLE single_{table}")
    for view in (views.STATISTICS, views.CHECKS, views.FAILED_CHECKS):
        db.execute(view)


_LAYOUTS = """
CREATE TABLE cell_kinds (
    id INTEGER PRIMARY KEY, table_no INTEGER, row_name TEXT, column_name TEXT, unit TEXT, origin TEXT
);

CREATE UNIQUE INDEX cell_kinds_words ON cell_kinds (row_name, column_name, table_no, origin, unit);

CREATE TABLE layouts (id INTEGER PRIMARY KEY, kinds TEXT NOT NULL UNIQUE);

CREATE TABLE layout_cells (
    layout INTEGER NOT NULL, kind INTEGER NOT NULL, path TEXT NOT NULL, PRIMARY KEY (layout, kind)
) WITHOUT ROWID;

CREATE INDEX layout_cells_kind ON layout_cells (kind);

CREATE TRIGGER layouts_added AFTER INSERT ON layouts BEGIN
    INSERT OR IGNORE INTO layout_cells SELECT NEW.id, value, '$[' || key || ']' FROM json_each(NEW.kinds);
END;

CREATE TABLE cells (
    report INTEGER NOT NULL, layout INTEGER NOT NULL, contents TEXT NOT NULL, PRIMARY KEY (report, layout)
) WITHOUT ROWID;

CREATE TABLE check_layouts (id INTEGER PRIMARY KEY, kinds TEXT NOT NULL UNIQUE);

CREATE TABLE layout_checks (
    layout INTEGER NOT NULL, kind INTEGER NOT NULL, path TEXT NOT NULL, PRIMARY KEY (layout, kind)
) WITHOUT ROWID;

CREATE INDEX layout_checks_kind ON layout_checks (kind);

CREATE TRIGGER check_layouts_added AFTER INSERT ON check_layouts BEGIN
    INSERT OR IGNORE INTO layout_checks SELECT NEW.id, value, '$[' || key || ']' FROM json_each(NEW.kinds);
END;

CREATE TABLE evaluations (
    report INTEGER NOT NULL, layout INTEGER NOT NULL, contents TEXT NOT NULL, PRIMARY KEY (report, layout)
) WITHOUT ROWID;

CREATE TABLE failures (
    report INTEGER NOT NULL, kind INTEGER NOT NULL, expected NUMERIC, actual NUMERIC, PRIMARY KEY (report, kind)
) WITHOUT ROWID"""
_SINGLE_CELLS = """SELECT
    c.report,
    NULL,
    k.table_no,
    k.row_name,
    k.column_name,
    c.value,
    k.unit,
    CASE typeof(c.raw)
        WHEN 'null' THEN COALESCE(CAST(c.value AS TEXT), '')
        WHEN 'integer' THEN (SELECT o.raw FROM single_cells o WHERE o.report = c.report AND o.kind = c.raw)
        ELSE c.raw
    END,
    k.value_state,
    k.origin
FROM single_cells c
JOIN single_cell_kinds k ON k.id = c.kind
ORDER BY c.report, k.table_no, k.origin, c.kind"""
_SINGLE_EVALUATIONS = f"""SELECT
    e.report,
    k.identity GLOB 'X-*',
    k.identity,
    k.scope,
    e.expected,
    e.actual,
    CASE e.verdict WHEN 0 THEN '{Verdict.HOLDS}' WHEN 1 THEN '{Verdict.FAILS}' ELSE '{Verdict.NOT_ASSESSABLE}' END,
    k.severity
FROM single_evaluations e
JOIN check_kinds k ON k.id = e.kind
ORDER BY 1, 2, e.kind"""


@migrations()
def m020_digests_of_rows(db: Database) -> None:
    """A digest of each row that a report's own does not cover."""
    db.execute(row_digests.CREATE)
    row_digests.fill_digests(db.conn, "reports.db")
    for (report_id,) in map(
        tuple, db.execute("SELECT DISTINCT report_id FROM checks WHERE identity GLOB 'X-*'").fetchall()
    ):
        row_digests.put_cross_year(db.conn, report_id)


@migrations()
def m021_titles_of_successions(db: Database) -> None:
    """The titles of the documents that say which public body took the place of which, and the pairs known by now."""
    db.execute("ALTER TABLE successions ADD COLUMN title TEXT NOT NULL DEFAULT ''")
    db.execute("DELETE FROM successions")
    db.conn.executemany("INSERT INTO successions VALUES (?, ?, ?, ?, ?, ?)", successions())
    row_digests.fill_digests(db.conn, "reports.db", "successions")


@migrations()
def m022_digests_of_what_does_not_follow(db: Database) -> None:
    """The digests of a report's row and of its figures are of what neither its own digest nor its tables bind."""
    row_digests.fill_digests(db.conn, "reports.db", "reports", "figures")


@migrations()
def m023_copies_by_year(db: Database) -> None:
    """The questions count the copies of a year without a look at any other report."""
    db.execute("CREATE INDEX figures_copies ON figures (report_year, portal) WHERE same_as IS NOT NULL")


@migrations()
def m024_texts_by_their_middle(db: Database) -> None:
    """Equal texts are found by length and middle: hundreds of a nation's texts have one length."""
    db.execute("DROP INDEX report_texts_length")
    db.execute(f"CREATE INDEX report_texts_key ON report_texts ({', '.join(TEXT_KEY).format('text')})")


@migrations()
def m025_listed_bodies(db: Database) -> None:
    """The bodies that portals list, with or without a report, against which coverage is reckoned; rates and sums of towns."""
    sums.know_listed(db)


@migrations()
def m026_bodies_that_follow(db: Database) -> None:
    """Bodies that follow others are in hand where these have a report."""
    db.execute("CREATE INDEX listed_bodies_agencies ON listed_bodies (agency_id)")


@migrations()
def m027_asked_by_the_room(db: Database) -> None:
    """What the first visit of a page counts and ranks, by indexes that hold all of it."""
    for index in ("idx_reports_portal_report_year", "idx_reports_issuing_body_report_year"):
        db.execute(f"DROP INDEX {index}")
    for index in ("figures_portal", "figures_places"):
        db.execute(f"DROP INDEX {index}")
    for statement in views.ASKED_BY_THE_ROOM:
        db.execute(statement)


@migrations()
def m028_rates_of_sums(db: Database) -> None:
    """Totals say how many reports state all that a rate is made of; views as they are now."""
    views.total_rates(db)
    sums.index_totals(db)
    sums.create_views(db)


@migrations()
def m029_years_of_listed_bodies(db: Database) -> None:
    """The years of which a portal lists a report that is not here; written by the next crawl or reparse of the portal."""
    db.execute("ALTER TABLE listed_bodies ADD COLUMN years TEXT NOT NULL DEFAULT ''")
    db.execute("CREATE INDEX listed_bodies_names ON listed_bodies (name)")
    row_digests.fill_digests(db.conn, "reports.db", "listed_bodies")


@migrations()
def m030_constraints(db: Database) -> None:
    """Values that are none are refused before they are stored."""
    constraints.constrain(db.conn, "reports.db")


@migrations()
def m031_breaks(db: Database) -> None:
    """The index of texts is written again, without what parts characters; what is parted has an index of its own."""
    db.execute("INSERT INTO report_search (report_search) VALUES ('delete-all')")
    db.execute("CREATE VIRTUAL TABLE report_breaks USING fts5(pairs, content='', detail=none, tokenize='unicode61')")
    texts = db.conn.execute(
        "SELECT r.search_id, r.title, t.text FROM reports r LEFT JOIN report_texts t ON t.report_id = r.id"
        " ORDER BY r.search_id"
    )
    fulltext.put(db.conn, ((number, indexed(title, text)) for number, title, text in map(tuple, texts)))
