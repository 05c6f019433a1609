"""An archive that cannot be used, or has no room, ends every command with one line and exit 2, before anything is done."""

from __future__ import annotations

import ctypes
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from archive import free_space
from archive.backup import back_up, restore
from archive.database import CannotWriteError
from archive.verify import verify
from crawler.demo.nfcms import Nfcms
from crawler.demo.server import Server
from tests.crawling import Forked, crawl, execute_afresh, scrapy
from tests.killed_commands import archive_lines

COMMANDS = {
    "backup": "backup {out}/copy",
    "browse": "browse --port 0",
    "crawl": "crawl panyu",
    "crawl-all": "crawl-all panyu",
    "export": "export {out}/all.warc.gz",
    "export-data": "export-data {out}/data",
    "health": "health",
    "import": "import {original}/all.warc.gz",
    "merge": "merge {original}/archive",
    "problems": "problems",
    "reparse": "reparse",
    "restore": "restore {original}/archive",
    "seal": "seal {out}/seal",
    "survey": "survey {original}/hosts.txt",
    "verify": "verify",
    "withhold": "withhold http://a.example/ --why x",
}
WRITING = ["crawl", "crawl-all", "import", "merge", "reparse", "withhold"]
NOT_ASKED = {"export-data": "it reads reports.db alone", "survey": "it has an archive of its own for each site"}
FILLING = {
    "backup": "backup {out}/copy",
    "import": COMMANDS["import"],
    "merge": COMMANDS["merge"],
    "reparse": "reparse",
}

_VERSION_3, _OVERRIDE = 0x20080522, 1 << 1
"""Of capset(2), and the right to write whatever one wants."""


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unusable")
    with Server(Nfcms("qinghe", 4)) as server:
        assert crawl(folder / "archive", *server).returncode == 0
    assert scrapy(folder / "archive", "export", folder / "all.warc.gz").returncode == 0
    (folder / "hosts.txt").write_text("http://127.0.0.1:9/\n")
    return folder


def newer(archive: Path) -> None:
    """An archive of a version to come."""
    for name in ("captures", "reports"):
        with closing(sqlite3.connect(archive / f"{name}.db")) as db, db:
            db.execute(
                "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES (?, 'm999', '')", (name,)
            )


def folder_for_captures(archive: Path) -> None:
    """A directory where captures.db should be."""
    (archive / "captures.db").unlink()
    (archive / "captures.db").mkdir()


def no_database(archive: Path) -> None:
    """A file that is none of SQLite's."""
    (archive / "captures.db").write_bytes(b"no database at all, but text " * 400)


def other_database(archive: Path) -> None:
    """A sound database, but of something else."""
    shutil.copy(archive / "reports.db", archive / "captures.db")


def file_for_archive(archive: Path) -> None:
    """A file where the archive should be."""
    shutil.rmtree(archive)
    archive.write_text("")


def without_rights(*command: str) -> int:
    """A command that may read whatever it wants and write only what its owner lets it, as if it were not root's."""
    libc, header, rights = ctypes.CDLL(None), (ctypes.c_uint32 * 2)(_VERSION_3, 0), (ctypes.c_uint32 * 6)()
    assert libc.capget(header, rights) == 0
    rights[0] &= ~_OVERRIDE
    rights[1] &= ~_OVERRIDE
    assert libc.capset(header, rights) == 0
    return execute_afresh(command)


def run(archive: Path, words: str, original: Path, out: Path) -> tuple[int, str]:
    """The exit code of a command, and what it said of errors."""
    done = Forked(
        without_rights, *words.format(original=original, out=out).split(), ARCHIVE=str(archive), PORTALS=""
    ).wait()
    return done.returncode, done.stderr


def is_one_line(said: str) -> bool:
    return said.startswith("scrapy: ") and said.count("\n") == 1


@pytest.mark.parametrize("damage", [newer, folder_for_captures, no_database, other_database, file_for_archive])
@pytest.mark.parametrize("command", [name for name in COMMANDS if name != "restore"])
def test_what_cannot_be_used_ends_a_command_with_a_line(
    original: Path, tmp_path: Path, command: str, damage: Callable[[Path], None]
) -> None:
    archive = tmp_path / "archive"
    shutil.copytree(original / "archive", archive)
    damage(archive)
    if command in NOT_ASKED and damage in {newer, folder_for_captures, no_database, other_database}:
        pytest.skip(NOT_ASKED[command])
    code, said = run(archive, COMMANDS[command], original, tmp_path)
    if command == "verify" and damage in {newer, no_database, other_database}:  # it says what is wrong
        assert code == 1, said
        return
    assert code == 2, said
    assert is_one_line(said), said
    assert not list(tmp_path.glob("*.warc.gz"))


@pytest.mark.parametrize("kind", ["directory", "pipe", "link to a device", "link to nowhere"])
def test_what_is_no_file_is_not_taken_for_no_reports(original: Path, tmp_path: Path, kind: str) -> None:
    archive = tmp_path / "archive"
    shutil.copytree(original / "archive", archive)
    path = archive / "reports.db"
    path.unlink()
    if kind == "directory":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/null" if kind == "link to a device" else tmp_path / "nowhere" / "reports.db")
    assert "no file" in verify(archive).lines[0]
    for command in ("health", "export-data", "reparse"):
        code, said = run(archive, COMMANDS[command], original, tmp_path)
        assert code == 2, said
        assert is_one_line(said), said


@pytest.mark.parametrize("command", WRITING)
def test_files_that_may_not_be_written_end_a_command_with_a_line(original: Path, tmp_path: Path, command: str) -> None:
    archive = tmp_path / "archive"
    shutil.copytree(original / "archive", archive)
    for path in (*archive.iterdir(), archive):
        path.chmod(path.stat().st_mode & ~0o222)
    code, said = run(archive, COMMANDS[command], original, tmp_path)
    archive.chmod(0o755)
    assert code == 2, said
    assert is_one_line(said), said


@pytest.mark.parametrize("command", FILLING)
def test_what_has_no_room_is_ended_and_made_whole_by_the_next(
    original: Path, tmp_path: Path, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive, words = tmp_path / "archive", FILLING[command].format(original=original, out=tmp_path).split()
    if command in {"backup", "reparse"}:
        shutil.copytree(original / "archive", archive)
    if command == "reparse":
        (archive / "reports.db").unlink()
        monkeypatch.setattr("pipelines.ingest.reparse._TOLD_EVERY", 1)
    monkeypatch.setattr("archive.backup._BATCH", 2)
    for looks in (0, 3):  # before it begins, and while it works
        left = [looks]

        def check(_folder: Path, _least: int, left: list[int] = left) -> None:
            left[0] -= 1
            if left[0] < 0:
                raise CannotWriteError("0.1 MiB are free, less than MIN_FREE")

        with monkeypatch.context() as patched:
            patched.setattr(free_space, "check_free_space", check)
            done = scrapy(archive, *words)
        assert done.returncode == 2, done.stderr
        assert [line for line in done.stderr.splitlines() if "MIN_FREE" in line] == [done.stderr.splitlines()[-1]]
    assert scrapy(archive, *words).returncode == 0
    made = tmp_path / "copy" if command == "backup" else archive
    assert _but_runs(made) == _but_runs(original / "archive")


def _but_runs(archive: Path) -> list[str]:
    return [line for line in archive_lines(archive) if "FROM portals" not in line]


def test_a_backup_takes_the_tables_of_the_archive_along(original: Path, tmp_path: Path) -> None:
    archive, copy, again = tmp_path / "archive", tmp_path / "copy", tmp_path / "again"
    shutil.copytree(original / "archive", archive)
    (archive / "divisions.tsv").write_text("code\tname\n", encoding="utf-8")
    (archive / "portals.csv").write_text("name,home\n", encoding="utf-8")
    back_up(archive, copy)
    restore(copy, again)
    for name in ("divisions.tsv", "portals.csv"):
        assert (again / name).read_text() == (archive / name).read_text()
    (archive / "portals.csv").unlink()
    back_up(archive, copy)
    assert not (copy / "portals.csv").exists()
    assert (copy / "divisions.tsv").exists()
