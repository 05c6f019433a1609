"""The examples of docs/examples/ run on an export, and give what the database gives."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from archive import Reports
from archive.parquet import can_be_written
from archive.sums import sums
from tests.crawling import ROOT, scrapy
from tests.test_sums import PLANTED, archive

EXAMPLES = ROOT / "docs" / "examples"
PYTHONS = (Path(sys.executable), ROOT / "build" / "interop" / "bin" / "python")
"""This one, and that of `make interop`."""
CODES = ("0440113001", "0035021300", "3502000001")


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Reports of governments and departments, some of sites whose codes begin with zeros."""
    folder = tmp_path_factory.mktemp("examples")
    reports = archive(folder / "archive", PLANTED)
    for number in range(9):
        reports.db.conn.execute(
            "UPDATE reports SET site_id_code = ? WHERE id = ?", (CODES[number % len(CODES)], f"p-{number:04}")
        )
    reports.close()
    done = scrapy(folder / "archive", "export-data", folder / "out")
    assert done.returncode == 0, done.stderr
    return folder


def python_with(package: str) -> str:
    for python in PYTHONS:
        if python.exists() and not subprocess.run([python, "-c", f"import {package}"], capture_output=True).returncode:
            return str(python)
    pytest.skip(f"{package} is not installed; make interop installs it")


def command(example: str) -> list[str]:
    if example.endswith(".R"):
        if not shutil.which("Rscript"):
            pytest.skip("R is not installed")
        return ["Rscript", "--vanilla"]
    package = example.removeprefix("with_").removesuffix(".py")
    if package == "duckdb" and not can_be_written():
        pytest.skip("there are no Parquet files")
    return [python_with(package)]


@pytest.mark.parametrize("example", ["with_duckdb.py", "with_pandas.py", "with_base_r.R"])
def test_an_example_prints_what_the_database_holds(exported: Path, example: str) -> None:
    done = subprocess.run(
        [*command(example), EXAMPLES / example, exported / "out"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.strip().split("\n\n")
    reports = Reports(exported / "archive", read_only=True)
    expected = [
        f"{one.year},{one.value('applications')},{one.stated('applications')}"
        for one in reversed(sums(reports.db.conn))
        if one.year and one.value("applications") is not None
    ]
    assert first.splitlines() == ["report_year,applications,reports", *expected]
    sites = reports.db.conn.execute(
        """SELECT r.site_id_code, COUNT(*), COUNT(f.applications)
        FROM reports r JOIN figures f ON f.report_id = r.id
        WHERE r.site_id_code IS NOT NULL GROUP BY 1 ORDER BY 1"""
    ).fetchall()
    assert second.splitlines() == [
        "site_id_code,reports,with_applications",
        *(",".join(map(str, site)) for site in map(tuple, sites)),
    ]
    assert {line.split(",")[0] for line in second.splitlines()[1:]} == set(CODES)
    reports.db.close()


def test_every_example_is_named_in_the_readme() -> None:
    readme = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert all(path.name in readme for path in EXAMPLES.iterdir() if path.suffix in {".py", ".R"})


def test_without_pyarrow_the_csv_files_are_written_and_what_is_missing_is_said(
    exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("archive.parquet.find_spec", lambda _: None)
    done = scrapy(exported / "archive", "export-data", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert "tongjian[parquet]" in done.stderr
    assert not list((tmp_path / "out").rglob("*.parquet"))
    db = sqlite3.connect(exported / "archive" / "reports.db")
    count = db.execute("SELECT COUNT(*) FROM reports").fetchone()[0]
    db.close()
    assert len((tmp_path / "out" / "reports.csv").read_text(encoding="utf-8").splitlines()) == count + 1
