"""What the schema of both databases refuses, what of an earlier version stays, and what still gets in."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from hashlib import blake2b
from pathlib import Path

import pytest

from archive import Captures
from archive.constraints import CONSTRAINTS, constrain, release, triggers
from archive.database import in_memory
from archive.migrations import captures as captures_steps
from archive.migrations import reports as reports_steps
from archive.row_digests import row_digest
from archive.run_seals import seal_all
from archive.verify import verify
from crawler.demo.nfcms import Nfcms
from crawler.demo.server import Server
from tests.crawling import crawl, scrapy
from tests.test_crawl import rows
from tests.test_fetching import Answering, replace_status, targets

STEPS = {
    "captures.db": ("m011_constraints", "a12466a427895fe8"),
    "reports.db": ("m030_constraints", "b1735361c27f8381"),
}
"""Database → the last step that sets its constraints, and a hash of what it sets."""

MIGRATIONS = {"captures.db": captures_steps.migrations, "reports.db": reports_steps.migrations}


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    archive = tmp_path_factory.mktemp("constraints") / "archive"
    with Server(Nfcms("qinghe", 4)) as server:
        crawl(archive, server["qinghe"])
    return archive


@pytest.fixture
def archive(crawled: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(crawled, tmp_path / "archive"))


def as_before(archive: Path, *statements: str) -> None:
    """Make an archive of it that had no constraints yet, with these changes; digests and seals are of what it holds then."""
    with closing(Captures(archive)) as captures, captures.db.conn as connection:
        release(connection)
        for sql in statements:
            connection.execute(sql)
        for row in connection.execute("SELECT * FROM captures").fetchall():
            connection.execute("UPDATE captures SET digest = ? WHERE id = ?", (row_digest(row), row["id"]))
        connection.execute("DELETE FROM run_seals")
        seal_all(connection)
        connection.execute("DELETE FROM _sqlite_migrations WHERE name = 'm011_constraints'")


@pytest.mark.parametrize("database", STEPS)
def test_whoever_changes_a_vocabulary_adds_a_step(database: str) -> None:
    """One that calls `constrain` again, as archives that have the last one refuse the new word. Then note both above."""
    step, known = STEPS[database]
    assert blake2b("".join(triggers(database).values()).encode(), digest_size=8).hexdigest() == known
    with closing(in_memory(MIGRATIONS[database])) as made:
        assert step in {one.name for one in MIGRATIONS[database].applied(made)}


def test_no_column_takes_just_anything() -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        for tables in CONSTRAINTS.values():
            for table, conditions in tables.items():
                for column, condition in conditions.items():
                    sql = f"SELECT {condition.format('value')} IS 1 FROM (SELECT ? AS value)"
                    taken = [connection.execute(sql, (value,)).fetchone()[0] for value in (b"\xff", "so so", -1)]
                    assert 0 in taken, f"{table}.{column}"


@pytest.mark.parametrize(
    ("database", "table", "column", "value"),
    [
        ("captures", "captures", "status", 1000),
        ("captures", "captures", "requested_at", "2024-02-31T00:00:00.000000"),
        ("captures", "captures", "requested_at", "2024-13-01T00:00:00.000000Z"),
        ("captures", "captures", "requested_at", "2024-01-01T00:00:00.000000Z\0x"),
        ("captures", "captures", "requested_at", "0000-01-01T00:00:00.000000Z"),
        ("captures", "captures", "sha256", "A" * 64),
        ("captures", "captures", "sha256", "a" * 64 + "\0x"),
        ("captures", "captures", "fingerprint", b"15 bytes of them"[:15]),
        ("captures", "captures", "wire_bytes", 0.5),
        ("captures", "captures", "certificate", "valid forged"),
        ("captures", "captures", "certificate", ""),
        ("captures", "captures", "url", "ftp://www.example.gov.cn/"),
        ("captures", "portals", "division_code", "44010x"),
        ("reports", "reports", "report_year", 20024),
        ("reports", "reports", "published", "20240101"),
        ("reports", "reports", "published", "2024-99-99"),
        ("reports", "reports", "form", "cn-2030"),
        ("reports", "table_sources", "table_no", 5),
    ],
)
def test_what_is_refused(archive: Path, database: str, table: str, column: str, value: object) -> None:
    with closing(sqlite3.connect(archive / f"{database}.db")) as connection:
        with pytest.raises(sqlite3.IntegrityError, match=f"{table}.{column} cannot"):
            connection.execute(f"UPDATE {table} SET {column} = ?", (value,))
        values = dict(zip(*_first(connection, table), strict=True)) | {column: value}
        sql = f"INSERT OR IGNORE INTO {table} ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})"
        with pytest.raises(sqlite3.IntegrityError, match=f"{table}.{column} cannot"):
            connection.execute(sql, list(values.values()))


def _first(connection: sqlite3.Connection, table: str) -> tuple[list[str], tuple[object, ...]]:
    found = connection.execute(f"SELECT * FROM {table}")
    return [column[0] for column in found.description], found.fetchone()


@pytest.mark.parametrize(
    ("column", "value"),
    [("certificate", "'self_signed wrong_host expired'"), ("status", "999"), ("status", "NULL"), ("sha256", "NULL")],
)
def test_what_is_taken(archive: Path, column: str, value: str) -> None:
    with closing(sqlite3.connect(archive / "captures.db")) as connection:
        connection.execute(f"UPDATE captures SET {column} = {value}")


def test_an_archive_of_before_keeps_what_could_not_be_stored_today(archive: Path, tmp_path: Path) -> None:
    as_before(
        archive,
        "UPDATE captures SET status = 12345 WHERE id = 2",
        "UPDATE problems SET kind = 'of_old', resolved_at = NULL",
        "INSERT INTO problems (run_id, portal, url, stage, kind, message, seen_at)"
        " VALUES (1, 'qinghe', 'http://a/', 'read', 'of_old', 'm', '2024-01-01T00:00:00.000000Z')",
    )
    before = rows(archive, "captures", "SELECT * FROM captures")
    done = scrapy(archive, "health")
    assert "Traceback" not in done.stderr
    assert rows(archive, "captures", "SELECT * FROM captures") == before
    done = scrapy(archive, "verify")
    assert done.returncode == 0, done.stdout
    assert "captures.db: captures 2: status holds what could not be stored today" in done.stdout
    assert "kind holds what could not be stored today" in done.stdout
    with closing(Captures(archive)) as captures:  # what is there may stay there, and be changed elsewhere
        captures._write("UPDATE problems SET resolved_at = '2025-01-01T00:00:00.000000Z' WHERE kind = 'of_old'")
    for command in (["reparse"], ["export", tmp_path / "a.warc"], ["backup", tmp_path / "backup"]):
        done = scrapy(archive, *command)
        assert done.returncode == 0, done.stderr
    assert scrapy(tmp_path / "restored", "restore", tmp_path / "backup").returncode == 0
    assert rows(tmp_path / "restored", "captures", "SELECT * FROM captures") == before
    done = scrapy(tmp_path / "other", "merge", archive)
    assert done.returncode == 1
    assert "values that are none" in done.stderr
    assert rows(tmp_path / "other", "captures", "SELECT COUNT(*) FROM captures") == [(len(before) - 1,)]
    assert [line.partition(":")[0] for line in verify(tmp_path / "other").lines] == ["run 2"]  # it is not whole here


@pytest.mark.parametrize(
    "change",
    [
        "captures SET outcome = 'splendid'",
        "captures SET role = 'king'",
        "captures SET requested_at = X'FF'",
        "captures SET requested_at = '0000-00-00T00:00:00.000000Z'",
        "captures SET response_headers = '[[1]]'",
        "captures SET note = X'FF'",
        "runs SET stats = '['",
        "entries SET first_seen = X'FF'",
    ],
)
def test_a_value_that_is_none_stops_nothing(archive: Path, tmp_path: Path, change: str) -> None:
    newest = " WHERE id = (SELECT MAX(id) FROM captures WHERE url LIKE '%/post_%')" if change[0] == "c" else ""
    as_before(archive, f"UPDATE {change}{newest}")
    for command in (["health"], ["reparse"], ["export-data", tmp_path / "data"], ["backup", tmp_path / "backup"]):
        assert scrapy(archive, *command).returncode in {0, 1}
    done = scrapy(archive, "export", tmp_path / "a.warc")
    assert done.returncode == 0 or "is damaged" in done.stderr
    assert scrapy(tmp_path / "other", "merge", archive).returncode == 1


def test_a_value_that_is_damaged_so_that_it_is_none_is_named_and_mended(archive: Path, tmp_path: Path) -> None:
    shutil.copytree(archive, tmp_path / "copy")
    whole = rows(archive, "captures", "SELECT * FROM captures")
    with closing(sqlite3.connect(archive / "captures.db")) as connection, connection:
        release(connection)
        connection.execute("UPDATE captures SET outcome = 'oj', requested_at = X'FF' WHERE id = 3")
        constrain(connection, "captures.db")
    found = verify(archive)
    assert any("capture 3 of" in line and "it was altered" in line for line in found.lines)
    assert "captures.db: captures 3: requested_at holds what could not be stored today" in found.notes
    assert scrapy(archive, "verify", "--repair-from", tmp_path / "copy" / "captures.db").returncode == 0
    assert rows(archive, "captures", "SELECT * FROM captures") == whole


def test_a_value_that_no_column_may_hold_fails_its_page_alone(archive: Path) -> None:
    before = dict(rows(archive, "reports", "SELECT report_year, digest FROM reports"))
    (archive / "divisions.tsv").write_text(
        "459100\t临川市\t1990\t\n4591x3\t青溪区\t1990\t2023\n459103\t青溪区\t2024\t\n", encoding="utf-8"
    )
    done = scrapy(archive, "reparse")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    said = rows(archive, "captures", "SELECT kind, message FROM problems WHERE stage = 'read' AND resolved_at IS NULL")
    assert [kind for kind, _ in said] == ["read_failed"] * 2
    assert all("reports.division_code cannot hold this value" in message for _, message in said)
    after = rows(archive, "reports", "SELECT report_year, digest, division_code FROM reports")
    assert {year: code for year, _, code in after} == {2022: None, 2023: None, 2024: "459103", 2025: "459103"}
    assert {year for year, digest, _ in after if digest == before[year]} == {2022, 2023}
    (archive / "divisions.tsv").unlink()
    assert "2 changed, 2 unchanged, 0 lost, 0 failed" in scrapy(archive, "reparse").stdout
    assert verify(archive).lines == []


STATUSES = (0, 999, 1000, 12345, -5, 10**30)


def test_a_status_that_is_none_is_kept_as_a_failure(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    with Server(Answering("qinghe", len(STATUSES) + 2)) as server:
        replica = server["qinghe"]
        for target, status in zip(targets(replica), STATUSES, strict=False):
            answers = {target: lambda request, status=status: replace_status(Nfcms.answer(replica, request), status)}
            replica.instead(replica.__dict__.get("answers", {}) | answers)
        assert crawl(archive, replica).returncode == 1
        sql = "SELECT DISTINCT note, status FROM captures WHERE outcome = 'error' AND sha256 IS NOT NULL"
        expected = {(f"status {status}", status if status in {0, 999} else 0) for status in STATUSES}
        assert set(rows(archive, "captures", sql)) == expected
        offline = crawl(archive, replica, settings={"OFFLINE": True})
        assert "Traceback" not in offline.stderr
        assert rows(archive, "reports", "SELECT COUNT(*) FROM reports") == [(2,)]
    assert verify(archive).lines == []
