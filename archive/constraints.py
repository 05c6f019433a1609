"""What the columns of both databases may hold: a value that is none is refused before it is stored.

Triggers do it, not CHECKs: SQLite adds no CHECK to a table that is there, and to write captures.db again, at each word that
a vocabulary gains, would take hours. A trigger is there at once, and a row of before that it would not let in stays:
`scrapy verify` names it. Headers, texts and the contents of tables, in which anything may stand, are checked by nobody.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from archive.vocabulary import (
    BodyKind,
    CaptureRole,
    CertificateState,
    Fate,
    Form,
    Level,
    Origin,
    Outcome,
    PartName,
    PartState,
    ProblemKind,
    ReportScope,
    ReportState,
    RunKind,
    Severity,
    Stage,
    Standing,
    TableState,
)

HIGHEST_STATUS = 999
"""Of three digits, as RFC 9110 has it; servers answer what they like."""

_TEXT = "typeof({0}) = 'text'"
_BYTES = "typeof({0}) = 'blob'"
_WHOLE = "typeof({0}) = 'text' AND instr({0}, char(0)) = 0"
"""GLOB and length look no further than a NUL."""
_DAY = "[12][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]"
_CLOCK = "[0-9][0-9]:[0-9][0-9]"
_IS_DAY = f"({_WHOLE} AND ({{0}} GLOB '{_DAY}' OR {{0}} GLOB '{_DAY} {_CLOCK}') AND julianday({{0}}) IS NOT NULL)"
_IS_MOMENT = f"({_WHOLE} AND {{0}} GLOB '{_DAY}T{_CLOCK}:[0-9][0-9].{'[0-9]' * 6}Z' AND julianday({{0}}) IS NOT NULL)"
_IS_ADDRESS = "(typeof({0}) = 'text' AND ({0} GLOB 'http://*' OR {0} GLOB 'https://*'))"
_IS_SHA256 = f"({_WHOLE} AND length({{0}}) = 64 AND {{0}} NOT GLOB '*[^0-9a-f]*')"
_IS_CODE = f"({_WHOLE} AND {{0}} <> '' AND {{0}} NOT GLOB '*[^0-9]*')"
_IS_COUNT = "(typeof({0}) = 'integer' AND {0} >= 0)"


def _either(condition: str) -> str:
    """That or nothing."""
    return f"({{0}} IS NULL OR {condition})"


def _between(least: int, most: int) -> str:
    return f"(typeof({{0}}) = 'integer' AND {{0}} BETWEEN {least} AND {most})"


def _one_of(*words: str) -> str:
    """Not IN, which makes a table of the words for each statement: a seventh of a report's writing."""
    cases = " ".join(f"WHEN '{word}' THEN 1" for word in words)
    return f"CASE {{0}} {cases} END"


def _some_of(*words: str) -> str:
    """Words of a vocabulary with blanks between: nothing is left where each is taken out."""
    rest = "' ' || replace({0}, ' ', '  ') || ' '"
    for word in words:
        rest = f"replace({rest}, ' {word} ', '')"
    return f"({{0}} <> '' AND {rest} = '')"


def _sized(size: int) -> str:
    return f"(typeof({{0}}) = 'blob' AND length({{0}}) = {size})"


Conditions = Mapping[str, str]
"""Column → what holds of a value that it may have, as SQL, with `{0}` for the value."""

_OF_PORTALS = {
    "name": _TEXT,
    "division_code": _either(_IS_CODE),
    "level": _either(_one_of(*Level)),
}
_PLACED = {
    "level": _either(_one_of(*Level)),
    "body_kind": _either(_one_of(*BodyKind)),
    "report_scope": _either(_one_of(*ReportScope)),
    "report_year": _either(_between(1900, 2999)),
    "form": _either(_one_of(*Form)),
}

CONSTRAINTS: dict[str, dict[str, Conditions]] = {
    "captures.db": {
        "bodies": {"sha256": _IS_SHA256, "size": _IS_COUNT, "encoding": _TEXT, "data": _BYTES},
        "portals": _OF_PORTALS,
        "runs": {
            "kind": _one_of(*RunKind),
            "started_at": _IS_MOMENT,
            "finished_at": _either(_IS_MOMENT),
        },
        "captures": {
            "url": _IS_ADDRESS,
            "method": _TEXT,
            "request_body": _either(_BYTES),
            "fingerprint": _sized(16),
            "digest": _either(_sized(32)),
            "requested_at": _IS_MOMENT,
            "status": _either(_between(0, HIGHEST_STATUS)),
            "outcome": _one_of(*Outcome),
            "sha256": _either(_IS_SHA256),
            "content_type": _either(_TEXT),
            "wire_bytes": _either(_IS_COUNT),
            "redirect_url": _either(_TEXT),
            "note": _either(_TEXT),
            "portal": _either(_TEXT),
            "role": _either(_one_of(*CaptureRole)),
            "certificate": _either(_some_of(*CertificateState)),
        },
        "entries": {"url": _TEXT, "first_seen": _IS_MOMENT, "last_seen": _IS_MOMENT},
        "problems": {
            "stage": _one_of(*Stage),
            "kind": _one_of(*ProblemKind),
            "message": _TEXT,
            "seen_at": _IS_MOMENT,
            "resolved_at": _either(_IS_MOMENT),
        },
        "asking": {"failures": _IS_COUNT, "next_ask": _either(_IS_MOMENT), "acknowledged_at": _either(_IS_MOMENT)},
        "entry_changes": {"number": _IS_COUNT},
        "run_seals": {"captures": _IS_COUNT, "digests": _sized(32)},
        "withheld": {"url": _TEXT, "decided_at": _IS_MOMENT, "is_lifted": _between(0, 1)},
    },
    "reports.db": {
        "portals": _OF_PORTALS,
        "reports": _PLACED
        | {
            "url": _TEXT,
            "division_code": _either(_IS_CODE),
            "published": _either(_IS_DAY),
            "sha256": _either(_IS_SHA256),
            "captured_at": _either(_TEXT),
            "first_captured_at": _either(_TEXT),
            "state": _one_of(*ReportState),
            "search_id": _IS_COUNT,
        },
        "cell_kinds": {"table_no": _between(1, 4), "origin": _one_of(*Origin)},
        "check_kinds": {"severity": _one_of(*Severity)},
        "table_sources": {
            "table_no": _between(1, 4),
            "origin": _one_of(*Origin),
            "standing": _one_of(*Standing),
        },
        "parts": {"part": _one_of(*PartName), "state": _one_of(*PartState)},
        "attachments": {"sha256": _either(_IS_SHA256)},
        "versions": {
            "sha256": _IS_SHA256,
            "captured_at": _TEXT,
        },
        "figures": _PLACED
        | {
            "table_three": _either(_one_of(*TableState)),
            "table_four": _either(_one_of(*TableState)),
            "held_over_years": _IS_COUNT,
            "failed_over_years": _IS_COUNT,
            "reused_share": _either("{0} BETWEEN 0 AND 1"),
        },
        "fates": {"fate": _one_of(*Fate)},
        "unreported": {"fate": _one_of(*Fate)},
        "read_marks": {"capture_id": _IS_COUNT, "has_report": _between(0, 1), "is_related": _between(0, 1)},
        "read_through": {"entry_change": _IS_COUNT, "unexplained": _IS_COUNT},
        "listed_bodies": {"level": _one_of("", *Level), "body_kind": _one_of("", *BodyKind)},
        "places": {"level": _one_of(*Level)},
    },
}
"""Database → table → what its columns may hold. Addresses and moments of reports are those of captures, of whatever version."""

PREFIX = "constrain_"
"""What the names of the triggers begin with."""
_SET = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name GLOB ?"


def bad_column(connection: sqlite3.Connection, database: str, table: str, row: str = "", schema: str = "main") -> str:
    """SQL for the name of the first column of a row (`o.`) that may not hold what it does; NULL where there is none.

    Columns that the table, which may be of an earlier version, does not have are left out.
    """
    present = {column[1] for column in connection.execute(f"PRAGMA {schema}.table_info({table})")}
    cases = [
        f"WHEN {_refuses(condition, f'{row}{name}')} THEN '{name}'"
        for name, condition in CONSTRAINTS[database][table].items()
        if name in present
    ]
    return f"CASE {' '.join(cases)} END" if cases else "NULL"


def _refuses(condition: str, value: str) -> str:
    return f"{condition.format(value)} IS NOT 1"


def triggers(database: str) -> dict[str, str]:
    """Name → definition. What is in a row already may stay there when other columns of it are changed."""
    made = {}
    for table, conditions in CONSTRAINTS[database].items():
        for event, is_new in (("INSERT", ""), (f"UPDATE OF {', '.join(conditions)}", "NEW.{0} IS NOT OLD.{0} AND ")):
            cases = " ".join(
                f"WHEN {is_new.format(column)}{_refuses(condition, f'NEW.{column}')}"
                f" THEN RAISE(ABORT, '{table}.{column} cannot hold this value')"
                for column, condition in conditions.items()
            )
            name = f"{PREFIX}{table}_{'update' if is_new else 'insert'}"
            made[name] = f"CREATE TRIGGER {name} BEFORE {event} ON {table} BEGIN SELECT CASE {cases} END; END"
    return made


def constrain(connection: sqlite3.Connection, database: str) -> None:
    """Set the triggers as they are now: in a step, and by a further one whenever a vocabulary has gained a word."""
    release(connection)
    for sql in triggers(database).values():
        connection.execute(sql)


def release(connection: sqlite3.Connection) -> None:
    """Let anything be stored."""
    for (name,) in map(tuple, connection.execute(_SET, (f"{PREFIX}*",)).fetchall()):
        connection.execute(f"DROP TRIGGER {name}")


@contextmanager
def released(connection: sqlite3.Connection, database: str) -> Iterator[None]:
    """Rows are written as they are, damaged ones to be mended, those of before to be kept: in one transaction, which the
    caller commits.
    """
    connection.execute("BEGIN IMMEDIATE")
    release(connection)
    yield
    constrain(connection, database)


def violations(connection: sqlite3.Connection, database: str) -> Iterator[str]:
    """Rows of before that could not be stored today, a line each."""
    for table in CONSTRAINTS[database]:
        key = ", ".join(row[1] for row in connection.execute(f"PRAGMA table_info({table})") if row[5])
        bad = bad_column(connection, database, table)
        rows = connection.execute(f"SELECT {bad} AS bad, {key} FROM {table} WHERE bad IS NOT NULL") if key else ()  # noqa: S608 - our names
        for row in rows:
            column, *names = tuple(row)
            yield f"{table} {' '.join(map(str, names))}: {column} holds what could not be stored today"
