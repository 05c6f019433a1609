"""The reports as tables for statisticians: CSV and Parquet, described by a Frictionless data package."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from datetime import UTC, datetime
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import yaml

from archive import parquet
from archive.database import ArchiveError
from archive.definitions import RATES
from archive.room import codebook
from archive.room.untrusted_text import csv_lines, web_address

KEYS: dict[str, tuple[str, ...]] = {
    "portals": ("name",),
    "places": ("id", "first_year"),
    "towns": ("id",),
    "agencies": ("id",),
    "agency_names": ("agency_id", "name"),
    "listed_bodies": ("portal", "agency_id"),
    "successions": ("predecessor", "successor"),
    "reports": ("id",),
    "report_texts": ("report_id",),
    "statistics": ("report_id", "table_no", "row_name", "column_name", "origin"),
    "checks": ("report_id", "identity", "scope"),
    "table_sources": ("report_id", "table_no", "origin"),
    "parts": ("report_id", "part", "url"),
    "attachments": ("report_id", "url"),
    "locations": ("report_id", "url"),
    "versions": ("report_id", "captured_at", "sha256"),
    "fates": ("portal", "listing_url", "url"),
    "unreported": ("portal", "key"),
    "figures": ("report_id",),
    "totals": ("report_year", "province", "division_code", "level", "body_kind", "report_scope"),
    "sums": (),
    "town_sums": (),
    "rates": ("report_id",),
    "key_figures": ("report_id",),
    "key_figures_all": ("report_id",),
    "timeliness": ("report_id",),
    "coverage": (),
    "place_coverage": ("report_year", "division_code", "level", "body_kind"),
    "year_over_year": (),
}
"""The tables and views that are written, each with its primary key."""

LEFT_OUT = {"search_id", "digest"}
"""Columns that only the database needs."""
_TEXT_OF_VIEWS = {
    "raw",
    "value_state",
    "verdict",
    "standing_three",
    "standing_four",
    "id",
    "name",
    "place_id",
    "division_code",
    "level",
    "body_kind",
    "province",
    "report_scope",
    "new_form",
    "counting",
    "set_aside",
}
"""Computed columns of views that hold text; all other computed columns hold counts."""
_NUMBERS_OF_VIEWS = dict.fromkeys(("value", "expected", "actual", *RATES), "NUMERIC")
"""Computed columns of views that hold numbers of any kind."""
_MOMENTS = {"deadline": "DATE", "document_date": "DATE", "captured_at": "DATETIME", "first_captured_at": "DATETIME"}
"""Columns of text that always hold a date, or a moment in UTC. `published` is kept as the page prints it."""
_TYPES = {
    "TEXT": "string",
    "INTEGER": "integer",
    "NUMERIC": "number",
    "DATE": "date",
    "DATETIME": "datetime",
}
BY_YEAR = {
    "figures": "report_year IS ?",
    "statistics": "report_id IN (SELECT id FROM reports WHERE report_year IS ?)",
    "checks": "report_id IN (SELECT id FROM reports WHERE report_year IS ?)",
}
"""The largest tables, whose Parquet files are one for each year: which rows are of a year."""
DESCRIPTION = "datapackage.json"
CODEBOOK = "codebook"
"""The resource that explains the others."""

CODEBOOK_COLUMNS = {
    name: "INTEGER" if name in {"table_no", "first_year", "last_year"} else "TEXT" for name in codebook.COLUMNS
}
_CODEBOOK_DESCRIBED: dict[str, Any] = {
    "description": "What each form, table, row, column, identity, unit and value of the data means, and its source.",
    "columns": {
        "subject": "form, table, row, column, derived (a sum that only prose states), identity, unit or value",
        "field": "Table and column of the data that hold the name",
        "form": "The form that prints it; empty where all share it",
        "table_no": "1 the annex before 2019; 2, 3 and 4 the national tables",
        "name": "What the data holds",
        "code": "The number that the form prints before it",
        "printed": "The form's own words, those of the groups above it first",
        "label_zh": "Chinese label",
        "label_en": "English label",
        "unit": "Unit; empty where the form fixes none",
        "first_year": "First report year of the form",
        "last_year": "Last report year of the form; empty while it is in use",
        "formula": "What an identity or a sum states",
        "source": "The document that defines it; Tongjian where this archive does",
    },
}
_ROWS_AT_ONCE = 20_000
LICENCE = (
    "The reports are documents of an administrative character, which article 5 of the Copyright Law of the People's"
    " Republic of China leaves without copyright; name the issuing body and this archive as the source."
)
FORMULAS = (
    "In the CSV files a text that a spreadsheet would take for a formula (it begins with =, +, - or @ and is no number)"
    " has an apostrophe before it; the Parquet files hold every text as it is."
)


def export(reports: Path, out: Path, described: Traversable) -> dict[str, int]:
    """Write every table of `reports` (reports.db) into the directory `out`; returns table → number of rows.

    A directory with a datapackage.json is whole: one that is stopped has none, and the next export completes it. All tables are of the same moment, whatever is written meanwhile. `described` is the metadata.yaml that describes
    every column. Raises ArchiveError when `out` cannot be written.
    """
    tables = yaml.safe_load(described.read_text(encoding="utf-8"))["databases"]["reports"]["tables"]
    db = sqlite3.connect(f"{reports.resolve().as_uri()}?mode=ro", uri=True, timeout=30)
    counts: dict[str, int] = {}
    resources: list[dict[str, Any]] = []
    try:
        out.mkdir(exist_ok=True)
        described_by = out / DESCRIPTION
        described_by.unlink(missing_ok=True)  # it says what the files hold: it comes last
        db.execute("BEGIN")
        for name, key in KEYS.items():
            columns = _columns(db, name)
            counts[name], files = _write(name, columns, _batches(db, name, columns), out)
            resources += _resources(name, key, columns, tables[name], files)
        rows = [tuple(row.values()) for row in codebook.records()]
        counts[CODEBOOK], files = _write(CODEBOOK, CODEBOOK_COLUMNS, [(None, rows)], out)
        resources += _resources(CODEBOOK, (), CODEBOOK_COLUMNS, _CODEBOOK_DESCRIBED, files)
        package = {
            "name": "tongjian",
            "title": "通鉴 Tongjian: annual reports on open government information in China",
            "description": f"{LICENCE} {FORMULAS}",
            "version": _version(db),
            "licenses": [{"name": "other-pd", "title": LICENCE}],
            "created": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            "sources": _sources(db),
            "resources": resources,
        }
        _remove_earlier(out, {resource["path"] for resource in resources})
        part = out / f"{DESCRIPTION}.part"
        part.write_text(json.dumps(package, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        part.replace(described_by)
    except (OSError, sqlite3.Error) as error:
        raise ArchiveError(f"cannot export to {out}: {error}") from error
    finally:
        db.close()
    return counts


def _remove_earlier(out: Path, written: set[str]) -> None:
    """Remove the files of years that an earlier export had and this one has not."""
    for table in BY_YEAR:
        for path in out.glob(f"{table}/{parquet.YEAR}=*/part-0.parquet"):
            if path.relative_to(out).as_posix() not in written:
                path.unlink()
                path.parent.rmdir()


def _version(db: sqlite3.Connection) -> str:
    """The moment of the newest capture that was read: two packages of the same archive carry the same version."""
    newest = db.execute("SELECT MAX(captured_at) FROM reports").fetchone()[0]
    return str(newest or "empty")


def _sources(db: sqlite3.Connection) -> list[dict[str, str]]:
    """The portals, as the package's sources. The format wants at least a title of each."""
    portals = db.execute("SELECT name, title, home_url FROM portals ORDER BY name")
    return [{"title": title or name} | ({"path": home} if web_address(home) else {}) for name, title, home in portals]


def _columns(db: sqlite3.Connection, table: str) -> dict[str, str]:
    """Column → a type of _TYPES; computed columns of views have no declared type."""
    return {
        row[1]: _MOMENTS.get(row[1])
        or row[2]
        or _NUMBERS_OF_VIEWS.get(row[1])
        or ("TEXT" if row[1] in _TEXT_OF_VIEWS else "INTEGER")
        for row in db.execute(f"PRAGMA table_info({table})")
        if row[1] not in LEFT_OUT
    }


_Batch = tuple[int | None, list[tuple[Any, ...]]]
"""A year and rows of it; the year says nothing where a table is not written by year."""


def _write(table: str, columns: dict[str, str], batches: Iterable[_Batch], out: Path) -> tuple[int, list[Path]]:
    """The CSV file and the Parquet files of one table; returns the number of rows, and the files."""
    number, text_path, by_year = 0, out / f"{table}.csv", table in BY_YEAR
    typed = parquet.ParquetTable(out, table, columns, by_year=by_year) if parquet.can_be_written() else None
    with typed or nullcontext(), text_path.open("w", encoding="utf-8", newline="") as text:
        text.writelines(csv_lines(list(columns), []))
        of_year: int | str | None = "none yet"
        for year, rows in batches:
            number += len(rows)
            text.writelines(list(csv_lines(list(columns), rows))[1:])
            if typed and by_year and year != of_year:
                typed.begin_year(year)
                of_year = year
            if typed and rows:
                typed.write(rows)
    return number, [text_path, *(typed.files if typed else [])]


def _batches(db: sqlite3.Connection, table: str, columns: dict[str, str]) -> Iterator[_Batch]:
    order = ", ".join(KEYS[table]) or ", ".join(list(columns)[:3])
    select = f"SELECT {', '.join(columns)} FROM {table}"  # noqa: S608 - our own names
    years: list[int | None] = [None]
    if table in BY_YEAR:
        select += f" WHERE {BY_YEAR[table]}"
        years = [year for (year,) in db.execute("SELECT DISTINCT report_year FROM reports ORDER BY report_year")]
    for year in years:
        cursor = db.execute(f"{select} ORDER BY {order}", (year,) if table in BY_YEAR else ())
        while rows := cursor.fetchmany(_ROWS_AT_ONCE):
            yield year, rows


def _resources(
    name: str, key: tuple[str, ...], columns: dict[str, str], described: dict[str, Any], files: list[Path]
) -> Iterator[dict[str, Any]]:
    fields = []
    for column, kind in columns.items():
        field: dict[str, Any] = {"name": column, "type": _TYPES[kind], "description": described["columns"][column]}
        unit = described.get("column_units", {}).get(column)
        fields.append(field | ({"unit": unit} if unit else {}) | _categories(name, column))
    schema: dict[str, Any] = {"fields": fields, "missingValues": [""]}
    if key:
        schema["primaryKey"] = list(key)
    if "report_id" in columns:
        schema["foreignKeys"] = [{"fields": ["report_id"], "reference": {"resource": "reports", "fields": ["id"]}}]
    text, *typed = files
    common = {"title": name, "description": described["description"]}
    yield {
        "name": name,
        "type": "table",
        **_file(text, text.parent, "csv", "text/csv"),
        "encoding": "utf-8",
        **common,
        "schema": schema,
    }
    for path in typed:
        of_year = f"-{path.parent.name.partition('=')[2].lower().strip('_')}" if path.parent != text.parent else ""
        file = _file(path, text.parent, "parquet", "application/vnd.apache.parquet")
        yield {"name": f"{name}{of_year}-parquet", "type": "file", **file, **common}


def _categories(table: str, column: str) -> dict[str, Any]:
    """The closed vocabulary of a column, with its words: what the codebook has under `table.column`, or its namesake's."""
    values = codebook.categories().get(f"{table}.{column}") or codebook.categories().get(column)
    if not values:
        return {}
    return {
        "categories": [{"value": value, "label": label} for value, label in values.items()],
        "constraints": {"enum": list(values)},
    }


def _file(path: Path, folder: Path, kind: str, media_type: str) -> dict[str, Any]:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(1 << 20):
            digest.update(part)
    return {
        "path": path.relative_to(folder).as_posix(),
        "format": kind,
        "mediatype": media_type,
        "bytes": path.stat().st_size,
        "hash": f"sha256:{digest.hexdigest()}",
    }
