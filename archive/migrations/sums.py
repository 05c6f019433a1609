"""What makes sums cheap: the views of definitions.sql, the bodies that were met, and an index of reports on whole areas."""

from sqlite_utils import Database

from archive.definitions import VIEWS

_KEY = ("division_code", "level", "body_kind", "agency_id")
_MET = """CREATE TABLE agencies_met (
    division_code TEXT NOT NULL,
    level TEXT NOT NULL,
    body_kind TEXT NOT NULL,
    agency_id TEXT NOT NULL,
    reports INTEGER NOT NULL,
    PRIMARY KEY (division_code, level, body_kind, agency_id)
) WITHOUT ROWID"""


def _key(row: str) -> str:
    return ", ".join(f"COALESCE({row}{name}, '')" for name in _KEY)


_ADDED = f"""INSERT INTO agencies_met SELECT {_key("NEW.")}, 1 WHERE NEW.agency_id IS NOT NULL AND NEW.same_as IS NULL
    ON CONFLICT ({", ".join(_KEY)}) DO UPDATE SET reports = reports + 1"""
_IS_OLD = f"({', '.join(_KEY)}) = ({_key('OLD.')})"
_TAKEN = f"""UPDATE agencies_met SET reports = reports - 1 WHERE OLD.same_as IS NULL AND {_IS_OLD};
    DELETE FROM agencies_met WHERE reports = 0 AND {_IS_OLD}"""
_TRIGGERS = {
    "agencies_met_added": f"AFTER INSERT ON figures BEGIN {_ADDED}; END",
    "agencies_met_removed": f"AFTER DELETE ON figures BEGIN {_TAKEN}; END",
    "agencies_met_changed": f"""AFTER UPDATE OF {", ".join(_KEY)}, same_as ON figures
        WHEN ({_key("OLD.")}, OLD.same_as IS NULL) <> ({_key("NEW.")}, NEW.same_as IS NULL) BEGIN {_TAKEN}; {_ADDED}; END""",
}

MET_AGAIN = f"""SELECT {_key("")}, COUNT(*) FROM figures
WHERE agency_id IS NOT NULL AND same_as IS NULL
GROUP BY {_key("")}"""
"""The bodies by going through all figures: what `agencies_met` must hold."""

_WHOLE_AREAS = """CREATE INDEX figures_whole_areas ON figures (report_year, division_code)
WHERE report_scope = 'whole_area'
    AND same_as IS NULL
    AND body_kind IS NOT 'functional_zone_committee'
    AND level IS NOT 'township'"""


def create(db: Database) -> None:
    """Create them, and count the bodies that are there already."""
    db.execute(_MET)
    db.execute(f"INSERT INTO agencies_met {MET_AGAIN}")
    for name, body in _TRIGGERS.items():
        db.execute(f"CREATE TRIGGER {name} {body}")
    db.execute(_WHOLE_AREAS)
    db.execute("CREATE INDEX totals_places ON totals (division_code, report_year)")
    for name, sql in VIEWS.items():
        db.execute(f"CREATE VIEW {name} AS {sql}")
