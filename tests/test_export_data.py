"""scrapy export-data: what the files hold is what the tables hold, and a validator agrees with their description."""

from __future__ import annotations

import csv
import json
import re
import sqlite3
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet as pq
import pytest

from archive import Reports
from archive.data_package import BY_YEAR, CODEBOOK, KEYS, LEFT_OUT
from archive.room.codebook import entries
from crawler.demo.nfcms import Nfcms
from crawler.demo.server import Server
from tests.browsing import NASTY, put_hostile
from tests.crawling import crawl, scrapy


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A portal's reports and some whose every text is hostile."""
    folder = tmp_path_factory.mktemp("export") / "archive"
    with Server(Nfcms("qinghe", 12)) as server:
        assert crawl(folder, *server).returncode == 0
    put_hostile(folder, "http://away.example")
    return folder


@pytest.fixture(scope="module")
def out(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("out") / "data"
    done = scrapy(archive, "export-data", folder)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == len(KEYS) + 1
    return folder


def test_frictionless_finds_the_package_valid(out: Path) -> None:
    from frictionless import validate

    csv.field_size_limit(10_000_000)
    found = validate(str(out / "datapackage.json"))
    assert found.valid, found.flatten(["name", "type", "note"])[:5]


def read(out: Path, table: str) -> pa.Table:
    """A table as its Parquet files hold it."""
    if table not in BY_YEAR:
        return pq.read_table(out / f"{table}.parquet")
    year = pa.schema([("report_year", pa.int64())])
    return pq.read_table(out / table, partitioning=pa.dataset.partitioning(year, flavor="hive"))


MOMENTS = {"deadline", "document_date", "captured_at", "first_captured_at"}


def plain(value: object) -> object:
    """Numbers as floats, and moments as the text of their type."""
    return float(value) if isinstance(value, int) else str(value) if isinstance(value, date) else value


def moment(text: str | None) -> object:
    """A date or moment of the database as `plain` gives it."""
    return text if text is None or len(text) == 10 else str(datetime.fromisoformat(text))


@pytest.mark.parametrize("table", KEYS)
def test_files_hold_every_row_of_their_table(archive: Path, out: Path, table: str) -> None:
    db = sqlite3.connect(archive / "reports.db")
    names = [row[1] for row in db.execute(f"PRAGMA table_info({table})") if row[1] not in LEFT_OUT]
    expected = db.execute(f"SELECT {', '.join(names)} FROM {table}").fetchall()
    db.close()
    parquet = read(out, table)
    assert sorted(parquet.column_names) == sorted(
        [*names, *({"report_year"} if table in BY_YEAR else set()) - {*names}]
    )
    parquet = parquet.select(names)
    kept = [tuple(plain(value) for value in row) for row in zip(*parquet.to_pydict().values(), strict=True)]
    assert sorted(kept, key=repr) == sorted(
        [tuple(moment(v) if n in MOMENTS else plain(v) for n, v in zip(names, row, strict=True)) for row in expected],
        key=repr,
    )
    csv.field_size_limit(10_000_000)
    with (out / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == names
    assert len(rows) - 1 == len(expected) == parquet.num_rows


def test_columns_have_the_type_of_what_they_hold(out: Path) -> None:
    package = json.loads((out / "datapackage.json").read_text(encoding="utf-8"))
    types = {
        (resource["name"], field["name"]): field["type"]
        for resource in package["resources"]
        if resource["type"] == "table"
        for field in resource["schema"]["fields"]
    }
    assert types["reports", "division_code"] == types["agencies", "id"] == types["places", "parent"] == "string"
    assert types["key_figures", "applications"] == types["key_figures_all", "denied"] == "integer"
    assert (
        types["coverage", "reports"] == types["agencies", "first_year"] == types["timeliness", "days_late"] == "integer"
    )
    assert types["statistics", "value"] == types["figures", "reused_share"] == "number"
    assert types["figures", "deadline"] == "date"
    assert types["reports", "captured_at"] == types["versions", "captured_at"] == "datetime"
    codes = set(pq.read_table(out / "places.parquet")["id"].to_pylist())
    assert {"110000", "440113"} <= codes


def test_csv_opens_without_formulas(out: Path) -> None:
    csv.field_size_limit(10_000_000)
    for path in out.glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            for text in (text for row in csv.reader(file) for text in row):
                assert not re.match(r"\s*[=+@-]", text) or re.fullmatch(r"[-+]?[\d.,]*", text), (path.name, text[:60])
    assert NASTY[3] in pq.read_table(out / "reports.parquet")["title"].to_pylist()


def test_every_column_is_described_with_licence_and_units(out: Path) -> None:
    package = json.loads((out / "datapackage.json").read_text(encoding="utf-8"))
    assert "Copyright Law" in package["description"]
    tables = {resource["name"]: resource for resource in package["resources"] if resource["type"] == "table"}
    assert tables.keys() == {*KEYS, CODEBOOK}
    assert all(field["description"] for resource in tables.values() for field in resource["schema"]["fields"])
    units = {field["name"]: field.get("unit") for field in tables["key_figures"]["schema"]["fields"]}
    assert units["applications"] == "件"


def test_the_package_says_which_archive_it_is(archive: Path, out: Path) -> None:
    package = json.loads((out / "datapackage.json").read_text(encoding="utf-8"))
    db = sqlite3.connect(archive / "reports.db")
    assert package["version"] == db.execute("SELECT MAX(captured_at) FROM reports").fetchone()[0]
    db.close()
    assert {"title": NASTY[0]} in package["sources"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", package["created"])


def test_the_codebook_explains_every_cell_of_the_package(archive: Path, out: Path) -> None:
    named = {(e.form, e.table_no, e.name) for e in entries()} | {("", e.table_no, e.name) for e in entries()}
    assert pq.read_table(out / "codebook.parquet").num_rows == len(entries())
    db = sqlite3.connect(archive / "reports.db")
    cells = db.execute(
        "SELECT DISTINCT r.form, s.table_no, s.row_name, s.column_name FROM statistics s JOIN reports r"
        " ON r.id = s.report_id WHERE s.origin <> 'narrative' AND s.value_state IN ('number', 'blank')"
        " AND r.portal <> 'nasty'"
    ).fetchall()
    db.close()
    assert len(cells) > 100
    assert [cell for cell in cells if not {(cell[0], cell[1], name) for name in cell[2:]} <= named] == []


def test_an_empty_archive_is_exported_too(tmp_path: Path) -> None:
    Reports(tmp_path).close()
    assert scrapy(tmp_path, "export-data", tmp_path / "data").returncode == 0
    assert pq.read_table(tmp_path / "data" / "reports.parquet").num_rows == 0


def test_what_cannot_be_exported_is_said_in_one_line(archive: Path, tmp_path: Path) -> None:
    done = scrapy(archive, "export-data", tmp_path / "no" / "where")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert scrapy(tmp_path, "export-data", tmp_path / "data").returncode == 2
