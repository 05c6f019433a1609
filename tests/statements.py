"""Every statement that a piece of work sends to the two databases, and which of them go through a whole table.

A plan does not depend on how many rows there are, since no archive is ANALYZEd: what scans a small one scans a large one.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from click.testing import CliRunner
from datasette.cli import cli

from crawler.commands.browse import configuration
from tests.crawling import perform_later

SMALL = frozenset(
    [
        "portals",
        "entry_changes",
        "withheld",
        "read_through",
        "places",
        "cell_kinds",
        "check_kinds",
        "layouts",
        "layout_cells",
        "check_layouts",
        "layout_checks",
        "sqlite_master",
        "sqlite_schema",
        "_sqlite_migrations",
        "totals",
        "divisions",
    ]
)
"""Tables whose rows are as many as there are portals, places, or words of the form: some thousands in a nation."""
OPEN_ONLY = frozenset(("read_marks_unrelated", "problems_open", "problems_open_kind", "sqlite_autoindex_asking_1"))
"""Indexes that hold nothing but what is still to be done."""

_VALUE = re.compile(r"'(?:[^']|'')*'|\b\d+(?:\.\d+)?\b")
_STEP = re.compile(r"(SCAN|SEARCH) (\w+)(?: USING (?:COVERING |AUTOMATIC )*INDEX (\w+))?(.*)")
_NAMED = re.compile(r"(?:FROM|JOIN|,)\s+(\w+)\s+(?:AS\s+)?(\w+)", re.IGNORECASE)
_EXPLAINED = re.compile(r"\s*(?:SELECT|INSERT|UPDATE|DELETE|REPLACE|WITH)\b", re.IGNORECASE)

Statements = dict[tuple[str, str], tuple[str, int]]
"""Path of the database and shape of a statement → one of that shape as it was sent, and how many were."""


@contextmanager
def recorded() -> Iterator[Statements]:
    """The statements that this process sends to databases in files while the context lasts."""
    found: Statements = {}
    connect = sqlite3.connect

    def recording(path: Any, *args: Any, **kwargs: Any) -> sqlite3.Connection:
        connection = connect(path, *args, **kwargs)
        name = str(Path(str(path).removeprefix("file://").removeprefix("file:").partition("?")[0]).resolve())

        def note(statement: str) -> None:
            if _EXPLAINED.match(statement):
                shape = name, _VALUE.sub("?", statement)
                first, times = found.get(shape, (statement, 0))
                found[shape] = first, times + 1

        connection.set_trace_callback(note)
        return connection

    with patch("sqlite3.connect", recording):
        yield found


def scans(archive: Path, statements: Statements, documents: int) -> dict[str, str]:
    """Step of a plan that goes through a whole table, or a range of it → the statement that it is of.

    A statement that is sent for every second of `documents` goes through all of a portal neither.
    """
    found: dict[str, str] = {}
    for name in ("captures.db", "reports.db"):
        if not (archive / name).is_file():
            continue
        connection = sqlite3.connect(archive / name)
        connection.row_factory = None
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        views = " ".join(row[0] for row in connection.execute("SELECT sql FROM sqlite_master WHERE type = 'view'"))
        for (database, _), (statement, times) in statements.items():
            if Path(database) == (archive / name).resolve():
                for step in _scans_of(connection, tables, statement, views, often=2 * times >= documents):
                    found.setdefault(f"{name}: {step}", " ".join(statement.split())[:300])
        connection.close()
    return found


def _scans_of(
    connection: sqlite3.Connection, tables: set[str], statement: str, views: str, *, often: bool
) -> Iterator[str]:
    names = {alias: table for table, alias in _NAMED.findall(f"{views} {statement}") if table in tables}
    try:
        plan = connection.execute(f"EXPLAIN QUERY PLAN {statement}").fetchall()
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            return  # a table of a migration, or of one connection
        raise
    for *_, detail in plan:
        step = _STEP.match(detail)
        if step is None:
            continue
        how, alias, index, rest = step.groups()
        table = alias if alias in tables else names.get(alias)
        is_range = how == "SEARCH" and re.search(r"[<>]\?", rest) is not None and "=?" not in rest
        if table is None or table in SMALL or index in OPEN_ONLY or "VIRTUAL TABLE" in detail:
            continue
        is_portal = how == "SEARCH" and rest.strip() == "(portal=?)"
        if how == "SCAN" or is_range or (is_portal and often):
            yield f"{how} {table}{f' by {index}' if index else ''}{rest}"


def visited(archive: Path, path: str, file: Path) -> int:
    """A page of the reading room asked for, with its statements in a file: to be run in a process of its own."""
    databases = [str(archive / name) for name in ("reports.db", "captures.db")]
    with recorded() as sent:
        answer = CliRunner().invoke(cli, ["serve", *databases, *configuration(), "--get", path])
    if answer.exit_code:
        print(answer.output, answer.exception)
    _write(sent, file)
    return answer.exit_code


def crawled(work: str, file: Path) -> int:
    """A crawl as tests.crawling.planned has it, with its statements in a file: to be run in a process of its own."""
    with recorded() as sent:
        code = perform_later(work)
    _write(sent, file)
    return code


def _write(sent: Statements, file: Path) -> None:
    file.write_text(json.dumps([[*key, *value] for key, value in sent.items()]), encoding="utf-8")


def read(file: Path) -> Statements:
    """The statements that another process has written."""
    written = json.loads(file.read_text(encoding="utf-8"))
    return {(name, shape): (statement, times) for name, shape, statement, times in written}
