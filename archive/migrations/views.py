"""The views for people, the tables of figures, and the totals that follow them. A migration that changes one creates it anew."""

from collections.abc import Mapping

from sqlite_utils import Database

from archive.definitions import SUMMED_RATES, stated
from archive.figures import ALL_TABLES, COLUMNS, FIGURES, KEY_FIGURES
from archive.vocabulary import ReportState, TableState, ValueState, Verdict

# A cell is its value, or a list of value, state and what is printed; a number there is the place of the cell that has it.
# The casts give columns an affinity, so that they compare with texts, too.
STATISTICS = f"""CREATE VIEW statistics AS SELECT
    r.id AS report_id,
    k.table_no,
    k.row_name,
    k.column_name,
    CAST(CASE json_type(c.contents, l.path)
        WHEN 'array' THEN c.contents ->> (l.path || '[0]')
        ELSE c.contents ->> l.path
    END AS NUMERIC) AS value,
    k.unit,
    CASE json_type(c.contents, l.path)
        WHEN 'null' THEN ''
        WHEN 'array' THEN CASE json_type(c.contents, l.path || '[2]')
            WHEN 'integer' THEN c.contents ->> ('$[' || (c.contents ->> (l.path || '[2]')) || '][2]')
            ELSE c.contents ->> (l.path || '[2]')
        END
        ELSE CAST(c.contents ->> l.path AS TEXT)
    END AS raw,
    CASE json_type(c.contents, l.path)
        WHEN 'null' THEN '{ValueState.BLANK}'
        WHEN 'array' THEN c.contents ->> (l.path || '[1]')
        ELSE '{ValueState.NUMBER}'
    END AS value_state,
    k.origin
FROM cells c
JOIN layout_cells l ON l.layout = c.layout
JOIN cell_kinds k ON k.id = l.kind
JOIN reports r ON r.search_id = c.report"""

# What holds is its figure, and nothing is not assessable; or a list of verdict, expected and actual.
CHECKS = f"""CREATE VIEW checks AS SELECT
    r.id AS report_id,
    k.identity,
    k.scope,
    CAST(CASE json_type(e.contents, l.path)
        WHEN 'array' THEN e.contents ->> (l.path || '[1]')
        ELSE e.contents ->> l.path
    END AS NUMERIC) AS expected,
    CAST(CASE json_type(e.contents, l.path)
        WHEN 'array' THEN e.contents ->> (l.path || '[2]')
        ELSE e.contents ->> l.path
    END AS NUMERIC) AS actual,
    CASE json_type(e.contents, l.path)
        WHEN 'null' THEN '{Verdict.NOT_ASSESSABLE}'
        WHEN 'array' THEN e.contents ->> (l.path || '[0]')
        ELSE '{Verdict.HOLDS}'
    END AS verdict,
    k.severity
FROM evaluations e
JOIN layout_checks l ON l.layout = e.layout
JOIN check_kinds k ON k.id = l.kind
JOIN reports r ON r.search_id = e.report
UNION ALL
SELECT r.id, k.identity, k.scope, e.expected, e.actual, '{Verdict.FAILS}', k.severity
FROM failures e
JOIN check_kinds k ON k.id = e.kind
JOIN reports r ON r.search_id = e.report"""

FAILED_CHECKS = """CREATE VIEW failed_checks AS SELECT
    r.id AS report_id,
    r.portal,
    r.issuing_body,
    r.report_year,
    k.identity,
    k.scope,
    e.expected,
    e.actual,
    k.severity,
    r.url
FROM failures e
JOIN check_kinds k ON k.id = e.kind
JOIN reports r ON r.search_id = e.report"""

_OF_REPORT = """
    f.report_id,
    f.portal,
    f.issuing_body,
    f.division_code,
    f.level,
    f.body_kind,
    f.report_scope,
    f.report_year,
    f.form,
    r.title,
    r.url"""
# A left join, so that what asks for no title and no address reads figures alone.
_ORIGINALS = """
FROM figures f LEFT JOIN reports r ON r.id = f.report_id"""

KEY_FIGURES_VIEW = f"""CREATE VIEW key_figures AS SELECT{_OF_REPORT},
    {", ".join(f"f.{name}" for name in ALL_TABLES)}{_ORIGINALS}
WHERE f.same_as IS NULL"""

KEY_FIGURES_ALL = f"""CREATE VIEW key_figures_all AS SELECT{_OF_REPORT},
    {", ".join(f"CASE WHEN a.report_id IS NULL THEN f.{name} ELSE a.{name} END AS {name}" for name in ALL_TABLES)}
{_ORIGINALS} LEFT JOIN figures_of_all_tables a ON a.report_id = f.report_id
WHERE f.same_as IS NULL"""

COVERAGE = f"""CREATE VIEW coverage AS SELECT
    r.portal,
    r.report_year,
    COUNT(*) AS reports,
    SUM(r.state = '{ReportState.LIVE}') AS live,
    SUM(r.state = '{ReportState.MISSING}') AS missing,
    SUM(r.state = '{ReportState.REMOVED}') AS removed,
    SUM(r.state = '{ReportState.RETURNED}') AS returned,
    SUM(f.values_three > 0) AS with_table_three
FROM reports r JOIN figures f ON f.report_id = r.id
GROUP BY r.portal, r.report_year"""

TIMELINESS = """CREATE VIEW timeliness AS SELECT
    report_id,
    portal,
    issuing_body,
    body_kind,
    report_year,
    published,
    deadline,
    days_late,
    days_late <= 0 AS on_time
FROM figures"""

YEAR_OVER_YEAR = """CREATE VIEW year_over_year AS SELECT
    cur.issuing_body,
    cur.report_year,
    cur.report_id,
    prev.report_id AS previous_report_id,
    prev.carried_out AS carried_out_previous_year,
    cur.carried_in,
    cur.carried_in - prev.carried_out AS difference
FROM figures cur
JOIN figures prev ON prev.agency_id = cur.agency_id AND prev.report_year = cur.report_year - 1
WHERE cur.carried_in IS NOT NULL AND prev.carried_out IS NOT NULL AND cur.same_as IS NULL AND prev.same_as IS NULL"""

AGENCY_YEARS = "CREATE INDEX IF NOT EXISTS figures_agency_years ON figures (agency_id, report_year)"

_OF_SUMS = ("report_scope", "level", "body_kind", *(name for name in FIGURES if name != "applications"))
SUMMED = f"""CREATE INDEX figures_summed ON figures (report_year, province, applications, {", ".join(_OF_SUMS)})
WHERE same_as IS NULL"""
"""Everything that sums by year and place read, in their order: no row of the table is looked up, and nothing is sorted."""
STATISTICS_OF_INDEXES = (
    ("figures", "figures_summed", "1000000 100000 3000 100"),
    ("figures", "sqlite_autoindex_figures_1", "1000000 1"),
)
"""For `sqlite_stat1`: without them SQLite takes a partial index for a small one, and goes through it where it should go
through the table."""
YEARS_OF_AGENCIES = """CREATE INDEX figures_years_of_agencies
ON figures (agency_id, report_year, portal, same_as, carried_in, carried_out)"""
"""Everything that comparing the years of an agency reads."""
FAILED = "CREATE INDEX evaluations_that_fail ON evaluations (report, kind, expected, actual) WHERE verdict = 1"

ASKED_BY_THE_ROOM = (
    # What the first page, the coverage of portals, and the lists of bodies and places count.
    "CREATE INDEX idx_reports_portal_report_year ON reports (portal, report_year, state, search_id)",
    "CREATE INDEX idx_reports_issuing_body_report_year ON reports (issuing_body, report_year, place_id, same_as)",
    "CREATE INDEX figures_portal ON figures (portal, report_year, days_late)",
    "CREATE INDEX figures_places ON figures (place_id, report_year, same_as)",
    # Every report in the order of search results, and by what they are narrowed.
    "CREATE INDEX reports_in_order ON reports (report_year DESC, published DESC, search_id)",
    "CREATE INDEX reports_facets ON reports (report_year, level, body_kind, form, search_id)",
    # What is new, changed and gone.
    "CREATE INDEX reports_newest ON reports (first_captured_at, search_id)",
    f"""CREATE INDEX reports_gone ON reports (captured_at)
    WHERE state IN ('{ReportState.REMOVED}', '{ReportState.MISSING}')""",
    "CREATE INDEX versions_changed ON versions (captured_at) WHERE changed NOT IN ('', '{}')",
    # What questions rank, and what they leave out.
    """CREATE INDEX figures_failed ON figures (report_year, portal, report_id)
    WHERE failed_checks + failed_over_years > 0""",
    """CREATE INDEX figures_unchecked ON figures (report_year, portal, report_id)
    WHERE held_checks + failed_checks + held_over_years + failed_over_years = 0""",
    "CREATE INDEX figures_late ON figures (report_year, days_late DESC, report_id, portal) WHERE days_late > 0",
    """CREATE INDEX figures_undated ON figures (report_year, portal, published, body_kind)
    WHERE days_late IS NULL""",
    """CREATE INDEX figures_reused ON figures (report_year, reused_share DESC, report_id, portal)
    WHERE same_as IS NULL AND previous_report_id IS NOT NULL""",
)

AGENCY_NAMES = """CREATE VIEW agency_names AS SELECT
    agency_id,
    issuing_body AS name,
    MIN(report_year) AS first_year,
    MAX(report_year) AS last_year,
    COUNT(*) AS reports
FROM figures
WHERE agency_id IS NOT NULL
GROUP BY agency_id, issuing_body"""

# The newest name, kind and level: those of the newest year, which stands before them.
AGENCIES = """CREATE VIEW agencies AS SELECT
    agency_id AS id,
    substr(MAX(printf('%04d', COALESCE(report_year, 0)) || issuing_body), 5) AS name,
    MAX(place_id) AS place_id,
    MAX(division_code) AS division_code,
    substr(MAX(printf('%04d', COALESCE(report_year, 0)) || COALESCE(level, '')), 5) AS level,
    substr(MAX(printf('%04d', COALESCE(report_year, 0)) || COALESCE(body_kind, '')), 5) AS body_kind,
    COUNT(DISTINCT issuing_body) AS names,
    MIN(report_year) AS first_year,
    MAX(report_year) AS last_year,
    SUM(same_as IS NULL) AS reports
FROM figures
WHERE agency_id IS NOT NULL
GROUP BY agency_id"""

LINKED_AGENCIES = AGENCIES.replace(
    """
FROM figures""",
    """,
    (SELECT COUNT(*) FROM successions WHERE successor = agency_id) AS predecessors,
    (SELECT COUNT(*) FROM successions WHERE predecessor = agency_id) AS successors
FROM figures""",
)
"""With how many bodies a table says came before and after each: most have none."""

TOWNS = """CREATE VIEW towns AS SELECT
    place_id AS id,
    substr(place_id, 8) AS name,
    division_code AS parent,
    MIN(report_year) AS first_year,
    MAX(report_year) AS last_year,
    SUM(same_as IS NULL) AS reports
FROM figures
WHERE place_id GLOB '??????-*'
GROUP BY place_id"""

VIEWS = {
    "agencies": AGENCIES,
    "agency_names": AGENCY_NAMES,
    "towns": TOWNS,
    "statistics": STATISTICS,
    "checks": CHECKS,
    "failed_checks": FAILED_CHECKS,
    "key_figures": KEY_FIGURES_VIEW,
    "key_figures_all": KEY_FIGURES_ALL,
    "coverage": COVERAGE,
    "timeliness": TIMELINESS,
    "year_over_year": YEAR_OVER_YEAR,
}

# Figures and totals

_FIGURES = f"""CREATE TABLE figures (
    report_id TEXT PRIMARY KEY REFERENCES reports(id) ON DELETE CASCADE,
    {", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())},
    same_as TEXT,
    held_over_years INTEGER NOT NULL DEFAULT 0,
    failed_over_years INTEGER NOT NULL DEFAULT 0,
    previous_report_id TEXT,
    reused_share NUMERIC
)"""
_OF_ALL_TABLES = f"""CREATE TABLE figures_of_all_tables (
    report_id TEXT PRIMARY KEY REFERENCES reports(id) ON DELETE CASCADE,
    {", ".join(f"{name} {COLUMNS[name]}" for name in ALL_TABLES)}
) WITHOUT ROWID"""

TOTALS_KEY = ("report_year", "province", "division_code", "level", "body_kind", "report_scope")
_KEY_OF_FIGURES = {name: f"COALESCE({{row}}{name}, {0 if name == 'report_year' else repr('')})" for name in TOTALS_KEY}
_SUMS = {
    "reports": "1",
    **{
        f"{state}_{table}": f"COALESCE({{row}}table_{table} = '{state}', 0)"
        for table in ("three", "four")
        for state in (TableState.VERIFIED,)
    },
    "on_time": "COALESCE({row}days_late <= 0, 0)",
    "late": "COALESCE({row}days_late > 0, 0)",
    **{name: f"COALESCE({{row}}{name}, 0)" for name in KEY_FIGURES},
    **{f"with_{name}": f"({{row}}{name} IS NOT NULL)" for name in KEY_FIGURES},
}
"""What totals hold, each with its part of one report: numbers of reports, sums, and how many reports state the figure."""
_SUMS_AND_RATES = _SUMS | {f"with_{name}": stated(name, "{row}") for name in SUMMED_RATES}
"""And how many reports state all that a rate is made of."""


def _totals(sums: Mapping[str, str]) -> str:
    return f"""CREATE TABLE totals (
    report_year INTEGER NOT NULL,
    {", ".join(f"{name} TEXT NOT NULL" for name in TOTALS_KEY[1:])},
    {", ".join(f"{name} NUMERIC NOT NULL" for name in sums)},
    PRIMARY KEY ({", ".join(TOTALS_KEY)})
) WITHOUT ROWID"""


def _added(row: str, sums: Mapping[str, str]) -> str:
    """SQL that counts a row of figures in its totals."""
    values = (expression.format(row=row) for expression in (*_KEY_OF_FIGURES.values(), *sums.values()))
    return f"""INSERT INTO totals ({", ".join((*TOTALS_KEY, *sums))}) SELECT {", ".join(values)}
    WHERE {row}same_as IS NULL
    ON CONFLICT ({", ".join(TOTALS_KEY)}) DO UPDATE SET {", ".join(f"{n} = {n} + excluded.{n}" for n in sums)}"""


def _taken(row: str, sums: Mapping[str, str]) -> str:
    """SQL that takes a row of figures out of its totals."""
    where = " AND ".join(f"{name} = {value.format(row=row)}" for name, value in _KEY_OF_FIGURES.items())
    less = ", ".join(f"{name} = {name} - {value.format(row=row)}" for name, value in sums.items())
    return f"""UPDATE totals SET {less} WHERE {row}same_as IS NULL AND {where};
    DELETE FROM totals WHERE reports = 0 AND {where}"""


TOTALS_AGAIN = f"""SELECT {", ".join(value.format(row="") for value in _KEY_OF_FIGURES.values())},
    {", ".join(f"SUM({value.format(row='')})" for value in _SUMS_AND_RATES.values())}
FROM figures WHERE same_as IS NULL GROUP BY {", ".join(str(n + 1) for n in range(len(TOTALS_KEY)))}"""
"""The totals by adding up every row of figures: what `totals` must hold."""

TOTALS = f"SELECT {', '.join((*TOTALS_KEY, *_SUMS_AND_RATES))} FROM totals"
"""The same as they are kept."""

_COUNTED = (*TOTALS_KEY, "same_as", "table_three", "table_four", "days_late", *KEY_FIGURES)
"""Columns of figures that totals depend on."""


def _triggers(sums: Mapping[str, str]) -> dict[str, str]:
    added, taken = _added("NEW.", sums), _taken("OLD.", sums)
    return {
        "figures_added": f"AFTER INSERT ON figures BEGIN {added}; END",
        "figures_removed": f"AFTER DELETE ON figures BEGIN {taken}; END",
        "figures_changed": f"AFTER UPDATE OF {', '.join(_COUNTED)} ON figures BEGIN {taken}; {added}; END",
    }


def create(db: Database) -> None:
    """Create every view, the tables of figures, and the triggers that keep the totals."""
    for statement in (_FIGURES, _OF_ALL_TABLES, _totals(_SUMS)):
        db.execute(statement)
    db.execute("CREATE INDEX figures_bodies ON figures (issuing_body, report_year)")
    db.execute("CREATE INDEX figures_agencies ON figures (agency_id, issuing_body, report_year)")
    db.execute(AGENCY_YEARS)
    db.execute("CREATE INDEX figures_places ON figures (place_id)")
    for name, body in _triggers(_SUMS).items():
        db.execute(f"CREATE TRIGGER {name} {body}")
    for name, sql in VIEWS.items():
        db.execute(f"DROP VIEW IF EXISTS {name}")
        db.execute(sql)


def total_rates(db: Database) -> None:
    """Make the totals and what keeps them anew, with how many reports state all that a rate is made of."""
    triggers = _triggers(_SUMS_AND_RATES)
    for name in triggers:
        db.execute(f"DROP TRIGGER {name}")
    db.execute("DROP TABLE totals")
    db.execute(_totals(_SUMS_AND_RATES))
    db.execute(f"INSERT INTO totals {TOTALS_AGAIN}")
    for name, body in triggers.items():
        db.execute(f"CREATE TRIGGER {name} {body}")
