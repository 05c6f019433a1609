"""Damage of every kind is named, and put right from a copy."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database

from archive import Captures
from archive.constraints import release
from archive.migrations.reports import migrations
from archive.structure import faults
from archive.verify import verify
from crawler.demo.nfcms import Nfcms
from crawler.demo.server import Server
from tests.crawling import crawl, scrapy


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    archive = tmp_path_factory.mktemp("verified") / "archive"
    with Server(Nfcms("qinghe", 12)) as server:
        assert crawl(archive, *server).returncode == 0
    return archive


@pytest.fixture
def archive(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "archive", ignore=shutil.ignore_patterns("copy.*")))


def execute(archive: Path, sql: str, *values: object) -> list[sqlite3.Row]:
    connection = sqlite3.connect(archive / "captures.db")
    with connection:
        rows = connection.execute(sql, values).fetchall()
    connection.close()
    return rows


def a_report(archive: Path) -> tuple[str, str]:
    """sha256 and address of a captured report."""
    return execute(archive, "SELECT sha256, url FROM captures WHERE url LIKE '%/post_%' ORDER BY id DESC LIMIT 1")[0]


def content(archive: Path) -> list[sqlite3.Row]:
    return execute(archive, "SELECT * FROM captures ORDER BY id") + execute(
        archive, "SELECT sha256, size, data FROM bodies ORDER BY sha256"
    )


def test_what_sqlite_counts_for_its_plans_is_no_damage(archive: Path) -> None:
    for name in ("captures.db", "reports.db"):
        connection = sqlite3.connect(archive / name)
        connection.execute("ANALYZE")
        connection.close()
    assert verify(archive).lines == []


def test_an_intact_archive_is_well(archive: Path) -> None:
    done = scrapy(archive, "verify")
    assert done.returncode == 0, done.stdout
    assert "all is well" in done.stdout


def test_a_flipped_byte_names_its_captures_and_is_repaired_from_another_archive(archive: Path, original: Path) -> None:
    sha256, url = a_report(archive)
    ((data,),) = execute(archive, "SELECT data FROM bodies WHERE sha256 = ?", sha256)
    middle = len(data) // 2
    flipped = data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]
    execute(archive, "UPDATE bodies SET data = ? WHERE sha256 = ?", flipped, sha256)
    done = scrapy(archive, "verify")
    assert done.returncode == 1
    assert f"body {sha256}" in done.stdout
    assert url in done.stdout
    done = scrapy(archive, "verify", "--repair-from", original / "captures.db")
    assert done.returncode == 0, done.stdout
    assert content(archive) == content(original)


def test_bytes_that_decompress_but_are_others_are_damage(archive: Path) -> None:
    sha256, url = a_report(archive)
    execute(
        archive,
        "UPDATE bodies SET data = (SELECT data FROM bodies WHERE sha256 <> ? LIMIT 1) WHERE sha256 = ?",
        sha256,
        sha256,
    )
    verdict = verify(archive)
    assert verdict.damaged == {sha256}
    assert any(url in line for line in verdict.lines)


def test_a_deleted_body_is_named_and_repaired_from_an_export(archive: Path, original: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.warc.gz"
    assert scrapy(original, "export", copy).returncode == 0
    sha256, url = a_report(archive)
    execute(archive, "DELETE FROM bodies WHERE sha256 = ?", sha256)
    done = scrapy(archive, "verify")
    assert done.returncode == 1
    assert f"{url} at" in done.stdout
    assert f"its body {sha256} is missing" in done.stdout
    done = scrapy(archive, "verify", "--repair-from", copy)
    assert done.returncode == 0, done.stdout
    assert content(archive) == content(original)


@pytest.mark.parametrize("source", ["captures.db", "copy.warc.gz", "copy.wacz"])
@pytest.mark.parametrize("share", [0.3, 0.7, 0.95])
def test_a_truncated_database_is_named_and_repaired(archive: Path, original: Path, share: float, source: str) -> None:
    path = archive / "captures.db"
    with path.open("r+b") as file:
        file.truncate(int(path.stat().st_size * share))
    done = scrapy(archive, "verify")
    assert done.returncode == 1
    assert "captures.db: " in done.stdout
    copy = original / source
    if not copy.exists():
        assert scrapy(original, "export", copy).returncode == 0
    done = scrapy(archive, "verify", "--repair-from", copy)
    assert done.returncode == 0, done.stdout + done.stderr
    columns = "url, requested_at, status, outcome, sha256, request_headers, response_headers"
    assert execute(archive, f"SELECT {columns} FROM captures ORDER BY requested_at, url") == (
        execute(original, f"SELECT {columns} FROM captures ORDER BY requested_at, url")
    )
    for table, order in (("entries", "portal, listing_url, url"), ("portals", "name")):
        assert execute(archive, f"SELECT * FROM {table} ORDER BY {order}") == (
            execute(original, f"SELECT * FROM {table} ORDER BY {order}")
        )
    assert list(archive.glob("captures.db.damaged-*"))
    assert "12 unchanged, 0 lost, 0 failed" in scrapy(archive, "reparse").stdout


def test_of_a_truncated_database_all_that_can_be_read_is_kept(archive: Path, original: Path, tmp_path: Path) -> None:
    path = archive / "captures.db"
    with path.open("r+b") as file:
        file.truncate(int(path.stat().st_size * 0.85))
    Captures(tmp_path / "empty").close()
    scrapy(archive, "verify", "--repair-from", tmp_path / "empty" / "captures.db")
    count = "SELECT COUNT(*) FROM captures WHERE sha256 IN (SELECT sha256 FROM bodies)"
    ((kept,),), ((all_,),) = execute(archive, count), execute(original, count)
    assert all_ / 2 < kept < all_
    assert not verify(archive).is_broken, verify(archive).lines


def test_orphans_and_altered_addresses_are_named(archive: Path) -> None:
    captures = Captures(archive)
    with captures.db.conn as connection:
        captures.add_body(connection, "0" * 64, b"nobody fetched this")
        connection.execute("UPDATE captures SET url = 'http://altered.invalid/' WHERE id = 1")
    captures.close()
    lines = "\n".join(verify(archive).lines)
    assert f"body {'0' * 64}: no capture refers to it" in lines
    assert "capture 1 of http://altered.invalid/" in lines


def test_a_report_whose_page_is_gone_is_named(archive: Path) -> None:
    execute(archive, "DELETE FROM bodies WHERE sha256 = ?", a_report(archive)[0])
    assert any(line.startswith("reports.db: qinghe-") for line in verify(archive).lines)


def test_without_an_archive_there_is_nothing_to_verify(tmp_path: Path) -> None:
    done = scrapy(tmp_path, "verify")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1


def test_a_damaged_page_fails_alone_when_it_is_read_again(archive: Path) -> None:
    execute(archive, "UPDATE bodies SET data = x'00' WHERE sha256 = ?", a_report(archive)[0])
    done = scrapy(archive, "reparse")
    assert done.returncode == 1
    assert "11 unchanged" in done.stdout
    assert "1 failed" in done.stdout


def test_figures_that_do_not_add_up_are_named(archive: Path) -> None:
    connection = sqlite3.connect(archive / "reports.db")
    with connection:
        connection.execute(
            "UPDATE totals SET granted = granted + 1 WHERE report_year = (SELECT MAX(report_year) FROM totals)"
        )
        connection.execute("INSERT INTO cells SELECT MAX(search_id) + 1, 1, '[5]' FROM reports")
    connection.close()
    done = scrapy(archive, "verify")
    assert done.returncode == 1
    assert "are not the sum of their figures" in done.stdout
    assert "cells holds rows of 1 reports that are not there" in done.stdout
    (archive / "reports.db").unlink()
    assert scrapy(archive, "reparse").returncode == 0
    assert scrapy(archive, "verify").returncode == 0


def test_an_altered_row_is_named_and_a_merge_keeps_what_is_true(archive: Path, tmp_path: Path) -> None:
    """Each capture has a digest of its row, which is the same in an archive that it is merged into."""
    digests = "SELECT url, requested_at, digest FROM captures ORDER BY url, requested_at, digest"
    other = tmp_path / "other"
    assert scrapy(other, "merge", "--no-read", archive).returncode == 0
    assert execute(other, digests) == execute(archive, digests)
    connection = sqlite3.connect(archive / "captures.db")
    with connection:
        connection.execute("UPDATE captures SET requested_at = '2001-01-01T00:00:00.000000Z' WHERE id = 2")
    connection.close()
    assert any("capture 2 of" in line and "it was altered" in line for line in verify(archive).lines)
    assert verify(other).lines == []


def test_captures_of_an_earlier_version_get_their_digests(archive: Path) -> None:
    digests = "SELECT id, digest FROM captures ORDER BY id"
    before = execute(archive, digests)
    with closing(sqlite3.connect(archive / "captures.db")) as connection:
        release(connection)
        connection.execute("ALTER TABLE captures DROP COLUMN digest")
        connection.execute("DELETE FROM _sqlite_migrations WHERE name IN ('m003_row_digests', 'm011_constraints')")
        connection.commit()
    assert verify(archive).lines == []
    Captures(archive).close()
    assert execute(archive, digests) == before


def test_views_of_an_earlier_version_are_no_damage(tmp_path: Path) -> None:
    """Steps to come make them anew; in an archive of this version each is what its steps make."""
    path = tmp_path / "reports.db"
    database = Database(path)
    migrations.apply(database, stop_before="m028_rates_of_sums")
    database.execute("CREATE VIEW sums AS SELECT 1 AS reports")
    assert list(faults(database.conn, migrations, path)) == []
    migrations.apply(database)
    assert list(faults(database.conn, migrations, path)) == []
    database.execute("DROP VIEW sums")
    database.execute("CREATE VIEW sums AS SELECT 1 AS reports")
    assert list(faults(database.conn, migrations, path)) == ["view sums is defined otherwise"]
    database.close()
