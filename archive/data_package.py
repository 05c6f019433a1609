"""The reports as tables for statisticians: CSV and Parquet, described by a Frictionless data package."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from archive.database import ArchiveError
from archive.room import codebook
from archive.room.untrusted_text import csv_lines, web_address

KEYS: dict[str, tuple[str, ...]] = {
    "portals": ("name",),
    "places": ("id", "first_year"),
    "towns": ("id",),
    "agencies": ("id",),
    "agency_names": ("agency_id", "name"),
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
    "key_figures": ("report_id",),
    "key_figures_all": ("report_id",),
    "timeliness": ("report_id",),
    "coverage": (),
    "year_over_year": (),
}
"""The tables and views that are written, each with its primary key."""

LEFT_OUT = {"search_id", "digest"}
"""Columns that only the database needs."""
_TEXT_OF_VIEWS = {
    "raw",
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
_MOMENTS = {"deadline": "DATE", "captured_at": "DATETIME", "first_captured_at": "DATETIME"}
"""Columns of text that always hold a date, or a moment in UTC. `published` is kept as the page prints it."""
_TYPES = {
    "TEXT": (pa.string(), "string"),
    "INTEGER": (pa.int64(), "integer"),
    "NUMERIC": (pa.float64(), "number"),
    "DATE": (pa.date32(), "date"),
    "DATETIME": (pa.timestamp("us", tz="UTC"), "datetime"),
}
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
_CONVERTED: dict[str, Callable[[Any], Any]] = {
    "NUMERIC": float,
    "DATE": date.fromisoformat,
    "DATETIME": datetime.fromisoformat,
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

    All tables are of the same moment, whatever is written meanwhile. `described` is the metadata.yaml that describes
    every column. Raises ArchiveError when `out` cannot be written.
    """
    tables = yaml.safe_load(described.read_text(encoding="utf-8"))["databases"]["reports"]["tables"]
    db = sqlite3.connect(f"{reports.resolve().as_uri()}?mode=ro", uri=True, timeout=30)
    counts: dict[str, int] = {}
    resources: list[dict[str, Any]] = []
    try:
        out.mkdir(exist_ok=True)
        db.execute("BEGIN")
        for name, key in KEYS.items():
            columns = _columns(db, name)
            counts[name] = _write(name, columns, _batches(db, name, columns), out)
            resources += _resources(name, key, columns, tables[name], out)
        rows = [tuple(row.values()) for row in codebook.records()]
        counts[CODEBOOK] = _write(CODEBOOK, CODEBOOK_COLUMNS, [rows], out)
        resources += _resources(CODEBOOK, (), CODEBOOK_COLUMNS, _CODEBOOK_DESCRIBED, out)
        package = {
            "name": "tongjian",
            "title": "通鉴 Tongjian: annual reports on open government information in China",
            "description": f"{LICENCE} {FORMULAS}",
            "version": _version(db),
            "created": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            "sources": _sources(db),
            "resources": resources,
        }
        (out / "datapackage.json").write_text(
            json.dumps(package, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
        )
    except (OSError, sqlite3.Error) as error:
        raise ArchiveError(f"cannot export to {out}: {error}") from error
    finally:
        db.close()
    return counts


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
        row[1]: _MOMENTS.get(row[1]) or row[2] or ("TEXT" if row[1] in _TEXT_OF_VIEWS else "INTEGER")
        for row in db.execute(f"PRAGMA table_info({table})")
        if row[1] not in LEFT_OUT
    }


def _write(table: str, columns: dict[str, str], batches: Iterable[list[tuple[Any, ...]]], out: Path) -> int:
    """Both files of one table; returns the number of rows."""
    schema = pa.schema([(name, _TYPES[kind][0]) for name, kind in columns.items()])
    number = 0
    with (
        pq.ParquetWriter(out / f"{table}.parquet", schema, compression="zstd") as parquet,
        (out / f"{table}.csv").open("w", encoding="utf-8", newline="") as text,
    ):
        text.writelines(csv_lines(list(columns), []))
        for rows in batches:
            number += len(rows)
            text.writelines(list(csv_lines(list(columns), rows))[1:])
            by_column = zip(*rows, strict=True)
            parquet.write_table(
                pa.table(
                    [
                        pa.array(_fit(values, kind), _TYPES[kind][0])
                        for values, kind in zip(by_column, columns.values(), strict=True)
                    ],
                    schema=schema,
                )
            )
    return number


def _fit(values: tuple[Any, ...], kind: str) -> list[Any]:
    """Values as Parquet wants them: SQLite keeps whole numbers as integers in a NUMERIC column, and moments as text."""
    convert = _CONVERTED.get(kind)
    return [None if value is None else convert(value) for value in values] if convert else list(values)


def _batches(db: sqlite3.Connection, table: str, columns: dict[str, str]) -> Iterator[list[tuple[Any, ...]]]:
    order = ", ".join(KEYS[table]) or ", ".join(list(columns)[:3])
    cursor = db.execute(f"SELECT {', '.join(columns)} FROM {table} ORDER BY {order}")  # noqa: S608 - our own names
    while rows := cursor.fetchmany(_ROWS_AT_ONCE):
        yield rows


def _resources(
    name: str, key: tuple[str, ...], columns: dict[str, str], described: dict[str, Any], out: Path
) -> Iterator[dict[str, Any]]:
    fields = []
    for column, kind in columns.items():
        field: dict[str, Any] = {"name": column, "type": _TYPES[kind][1], "description": described["columns"][column]}
        unit = described.get("column_units", {}).get(column)
        fields.append(field | ({"unit": unit} if unit else {}))
    schema: dict[str, Any] = {"fields": fields, "missingValues": [""]}
    if key:
        schema["primaryKey"] = list(key)
    if "report_id" in columns:
        schema["foreignKeys"] = [{"fields": ["report_id"], "reference": {"resource": "reports", "fields": ["id"]}}]
    common = {"title": name, "description": described["description"]}
    yield {
        "name": name,
        "type": "table",
        **_file(out / f"{name}.csv", "csv", "text/csv"),
        "encoding": "utf-8",
        **common,
        "schema": schema,
    }
    parquet = _file(out / f"{name}.parquet", "parquet", "application/vnd.apache.parquet")
    yield {"name": f"{name}-parquet", "type": "file", **parquet, **common}


def _file(path: Path, kind: str, media_type: str) -> dict[str, Any]:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(1 << 20):
            digest.update(part)
    return {
        "path": path.name,
        "format": kind,
        "mediatype": media_type,
        "bytes": path.stat().st_size,
        "hash": f"sha256:{digest.hexdigest()}",
    }
