"""scrapy backup and restore: the copy is the archive, whatever happens on the way."""

from __future__ import annotations

import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from archive import ArchiveError, Captures
from archive.backup import back_up, restore
from archive.verify import verify
from crawler.demo.nfcms import Nfcms
from crawler.demo.server import Server
from tests.crawling import ROOT, crawl, scrapy

TABLES = ("portals", "runs", "captures", "entries", "problems", "asking")


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("backup") / "archive"
    with Server(Nfcms("qinghe", 20)) as server:
        assert crawl(folder, *server).returncode == 0
    return folder


@pytest.fixture
def archive(crawled: Path, tmp_path: Path) -> Path:
    """A copy of the crawled archive that a test may change."""
    return Path(shutil.copytree(crawled, tmp_path / "archive"))


def dump(folder: Path) -> list[str]:
    """Every row of both databases, captures and bodies by what they hold."""
    lines = []
    with closing(sqlite3.connect(folder / "captures.db")) as db:
        for table in (*TABLES, "bodies"):
            lines += [f"{table} {row}" for row in sorted(map(repr, db.execute(f"SELECT * FROM {table}")))]
    with closing(sqlite3.connect(folder / "reports.db")) as db:
        lines += sorted(map(repr, db.execute("SELECT * FROM reports")))
    return lines


def fetch_again(folder: Path, number: int) -> None:
    """Adds `number` captures, as a later crawl would, and ends a run."""
    captures = Captures(folder)
    with captures.db.conn as connection:
        for row in connection.execute("SELECT * FROM captures WHERE sha256 IS NOT NULL LIMIT ?", (number,)).fetchall():
            values = dict(row) | {"id": None, "requested_at": f"2030{row['requested_at'][4:]}"}
            connection.execute(f"INSERT INTO captures VALUES ({', '.join('?' * len(values))})", tuple(values.values()))
        connection.execute("UPDATE runs SET finish_reason = 'changed'")
        connection.execute("UPDATE entries SET last_seen = '2030-01-01T00:00:00.000000Z'")
    captures.close()


def test_a_backup_is_the_archive_and_grows_by_what_is_new(archive: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    done = scrapy(archive, "backup", copy)
    assert done.returncode == 0, done.stderr
    assert dump(copy) == dump(archive)
    assert verify(copy).lines == []
    assert back_up(archive, copy).captures == 0
    fetch_again(archive, 7)
    assert back_up(archive, copy).captures == 7
    assert dump(copy) == dump(archive)
    assert not list(copy.glob("*.part*"))


def test_a_restored_archive_is_the_one_that_was_lost(archive: Path, tmp_path: Path) -> None:
    before = dump(archive)
    assert scrapy(archive, "backup", tmp_path / "copy").returncode == 0
    refused = scrapy(archive, "restore", tmp_path / "copy")
    assert refused.returncode == 2
    assert refused.stderr.count("\n") == 1
    shutil.rmtree(archive)
    done = scrapy(archive, "restore", tmp_path / "copy")
    assert done.returncode == 0, done.stdout + done.stderr
    assert dump(archive) == before
    assert scrapy(archive, "verify").returncode == 0


def test_a_backup_is_of_one_moment_while_captures_are_written(archive: Path, tmp_path: Path) -> None:
    before = dump(archive)
    written = []

    def meanwhile(_done: int, _total: int) -> None:
        if not written:
            written.append(True)
            fetch_again(archive, 3)

    back_up(archive, tmp_path / "copy", meanwhile)
    assert dump(tmp_path / "copy") == before
    back_up(archive, tmp_path / "copy")
    assert dump(tmp_path / "copy") == dump(archive)


def test_a_killed_backup_is_completed_by_the_next(archive: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    command = [sys.executable, "-m", "scrapy", "backup", str(copy), "-s", f"ARCHIVE={archive}"]
    for wait in (0.6, 0.8, 1.0, 1.2):
        running = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(wait)
        running.send_signal(signal.SIGKILL)
        running.wait()
        fetch_again(archive, 2)
    back_up(archive, copy)
    assert dump(copy) == dump(archive)
    assert not list(copy.glob("*.part*"))


@pytest.fixture
def half(archive: Path, tmp_path: Path) -> Iterator[Path]:
    """A backup that was stopped between two batches."""
    copy = tmp_path / "copy"

    def stop(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        back_up(archive, copy, stop)
    return copy


def test_a_stopped_backup_can_be_read_and_completed(archive: Path, half: Path) -> None:
    assert Captures(half).db.conn.execute("SELECT COUNT(*) FROM captures").fetchone()[0] > 0
    back_up(archive, half)
    assert dump(half) == dump(archive)


def test_a_damaged_body_is_named_and_what_the_backup_has_stays(archive: Path, tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    back_up(archive, whole)
    with sqlite3.connect(archive / "captures.db") as db:
        (name,) = db.execute("SELECT sha256 FROM bodies ORDER BY size DESC LIMIT 1").fetchone()
        db.execute("UPDATE bodies SET data = zeroblob(9) WHERE sha256 = ?", (name,))
    assert back_up(archive, whole).damaged == []
    assert verify(whole).lines == []
    found = scrapy(archive, "backup", tmp_path / "new")
    assert found.returncode == 1
    assert name in found.stdout


def test_a_backup_of_another_archive_is_left_alone(archive: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    back_up(archive, other)
    with sqlite3.connect(other / "captures.db") as db:
        db.execute("UPDATE captures SET requested_at = '2001-01-01T00:00:00.000000Z'")
    before = dump(other)
    with pytest.raises(ArchiveError, match="no backup of this archive"):
        back_up(archive, other)
    assert dump(other) == before
    with pytest.raises(ArchiveError, match="the archive itself"):
        back_up(archive, archive)


def test_no_backup_no_archive(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="there is no"):
        back_up(tmp_path / "none", tmp_path / "copy")
    with pytest.raises(ArchiveError, match="holds no backup"):
        restore(tmp_path, tmp_path / "archive")
    assert not (tmp_path / "archive").exists()


def test_a_restore_without_room_leaves_no_half_archive(archive: Path, tmp_path: Path) -> None:
    back_up(archive, tmp_path / "copy")
    target = tmp_path / "restored"
    script = (
        "import resource, sys; from pathlib import Path; from archive.backup import restore;"
        "from archive import ArchiveError; import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))\n"
        "try: restore(Path(sys.argv[1]), Path(sys.argv[2]))\n"
        "except ArchiveError as error: sys.exit(str(error))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "copy"), str(target)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stderr.startswith("cannot ")
    assert list(target.iterdir()) == []
    assert restore(tmp_path / "copy", target) == []
    assert dump(target) == dump(archive)
