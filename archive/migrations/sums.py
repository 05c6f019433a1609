"""What makes sums cheap: the views of definitions.sql, the bodies that were met, those with several reports of a year, indexes."""

from sqlite_utils import Database

from archive.definitions import VIEWS

_KEY = ("division_code", "agency_id", "level", "body_kind")
_MET = """CREATE TABLE agencies_met (
    division_code TEXT NOT NULL,
    agency_id TEXT NOT NULL,
    level TEXT NOT NULL,
    body_kind TEXT NOT NULL,
    reports INTEGER NOT NULL,
    PRIMARY KEY (division_code, agency_id, level, body_kind)
) WITHOUT ROWID"""


def _key(row: str) -> str:
    return ", ".join(f"COALESCE({row}{name}, '')" for name in _KEY)


_ADDED = f"""INSERT INTO agencies_met SELECT {_key("NEW.")}, 1 WHERE NEW.agency_id IS NOT NULL AND NEW.same_as IS NULL
    ON CONFLICT ({", ".join(_KEY)}) DO UPDATE SET reports = reports + 1"""
_IS_OLD = f"({', '.join(_KEY)}) = ({_key('OLD.')})"
_TAKEN = f"""UPDATE agencies_met SET reports = reports - 1 WHERE OLD.same_as IS NULL AND {_IS_OLD};
    DELETE FROM agencies_met WHERE reports = 0 AND {_IS_OLD}"""
_SEVERAL = """CREATE TABLE several_reports (
    agency_id TEXT NOT NULL,
    report_year INTEGER NOT NULL,
    PRIMARY KEY (agency_id, report_year)
) WITHOUT ROWID"""
_IS_ANOTHER = """INSERT INTO several_reports SELECT NEW.agency_id, NEW.report_year
    WHERE NEW.same_as IS NULL AND EXISTS (
        SELECT 1 FROM figures
        WHERE agency_id = NEW.agency_id AND report_year = NEW.report_year AND same_as IS NULL
            AND report_id <> NEW.report_id
    )
    ON CONFLICT DO NOTHING"""
_IS_ALONE = """DELETE FROM several_reports
    WHERE agency_id = OLD.agency_id AND report_year = OLD.report_year AND 1 >= (
        SELECT COUNT(*) FROM figures
        WHERE agency_id = OLD.agency_id AND report_year = OLD.report_year AND same_as IS NULL
    )"""
_WHOSE = ("agency_id", "report_year", "same_as")
_CHANGES = " OR ".join(f"OLD.{name} IS NOT NEW.{name}" for name in _WHOSE)
_TRIGGERS = {
    "several_reports_added": f"AFTER INSERT ON figures BEGIN {_IS_ANOTHER}; END",
    "several_reports_removed": f"AFTER DELETE ON figures BEGIN {_IS_ALONE}; END",
    "several_reports_changed": f"""AFTER UPDATE OF {", ".join(_WHOSE)} ON figures
        WHEN {_CHANGES} BEGIN {_IS_ALONE}; {_IS_ANOTHER}; END""",
    "agencies_met_added": f"AFTER INSERT ON figures BEGIN {_ADDED}; END",
    "agencies_met_removed": f"AFTER DELETE ON figures BEGIN {_TAKEN}; END",
    "agencies_met_changed": f"""AFTER UPDATE OF {", ".join(_KEY)}, same_as ON figures
        WHEN ({_key("OLD.")}, OLD.same_as IS NULL) <> ({_key("NEW.")}, NEW.same_as IS NULL) BEGIN {_TAKEN}; {_ADDED}; END""",
}

MET_AGAIN = f"""SELECT {_key("")}, COUNT(*) FROM figures
WHERE agency_id IS NOT NULL AND same_as IS NULL
GROUP BY {_key("")}"""
"""The bodies by going through all figures: what `agencies_met` must hold."""

SEVERAL_AGAIN = """SELECT agency_id, report_year FROM figures
WHERE agency_id IS NOT NULL AND report_year IS NOT NULL AND same_as IS NULL
GROUP BY agency_id, report_year HAVING COUNT(*) > 1"""
"""The same for `several_reports`."""

_IS_ON_AREA = """report_scope = 'whole_area'
    AND body_kind <> 'functional_zone_committee'
    AND level <> 'township'
    AND division_code <> ''
    AND report_year <> 0"""
_INDEXES_OF_TOTALS = (
    f"""CREATE INDEX totals_whole_areas
    ON totals (report_year, division_code, reports, with_applications, with_processed) WHERE {_IS_ON_AREA}""",
    "CREATE INDEX totals_places ON totals (division_code, report_year)",
)
_WHOLE_AREAS = """CREATE INDEX figures_whole_areas ON figures (report_year, division_code)
    WHERE report_scope = 'whole_area' AND same_as IS NULL"""


def create(db: Database) -> None:
    """Create the tables and indexes, and fill them with what is there already; a later step makes the views."""
    db.execute(_MET)
    db.execute(_SEVERAL)
    db.execute(f"INSERT INTO agencies_met {MET_AGAIN}")
    db.execute(f"INSERT INTO several_reports {SEVERAL_AGAIN}")
    for name, body in _TRIGGERS.items():
        db.execute(f"CREATE TRIGGER {name} {body}")
    db.execute(_WHOLE_AREAS)
    index_totals(db)


def index_totals(db: Database) -> None:
    """Create the indexes of totals."""
    for index in _INDEXES_OF_TOTALS:
        db.execute(index)


def create_views(db: Database) -> None:
    """All views of definitions.sql as they are now: once, by the last step that concerns them."""
    for name, sql in VIEWS.items():
        db.execute(f"DROP VIEW IF EXISTS {name}")
        db.execute(f"CREATE VIEW {name} AS {sql}")


_LISTED = """CREATE TABLE listed_bodies (
    portal TEXT NOT NULL,
    agency_id TEXT NOT NULL,
    name TEXT NOT NULL,
    place_id TEXT NOT NULL,
    division_code TEXT NOT NULL,
    level TEXT NOT NULL,
    body_kind TEXT NOT NULL,
    PRIMARY KEY (portal, agency_id)
) WITHOUT ROWID"""


def know_listed(db: Database) -> None:
    """Create the table of bodies that portals list."""
    db.execute(_LISTED)
    db.execute("CREATE INDEX listed_bodies_places ON listed_bodies (division_code, agency_id)")
