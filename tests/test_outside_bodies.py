"""Bodies of documents beside the database: read, verified, saved and merged like those within."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from archive import ArchiveError, Capture, Captures, Reports
from archive.backup import back_up, restore
from archive.database import DamageError
from archive.merge import Merge
from archive.outside_bodies import OUTSIDE
from archive.room.captured_pages import DamagedError, body
from archive.verify import verify
from archive.vocabulary import Outcome
from crawler.demo.server import Server
from tests.crawling import crawl, scrapy
from tests.test_fetched_documents import AttachingWord

PDF = b"%PDF-1.7 of no page"
PLACES = ("bodies", "memory://tongjian/bodies", "file://{}/elsewhere")


@pytest.fixture(params=PLACES)
def captures(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Captures]:
    pytest.importorskip("fsspec", reason="fsspec is not installed: pip install 'tongjian[s3]'")
    with closing(Captures(tmp_path / "archive")) as archive:
        archive.keep_bodies_at(request.param.format(tmp_path))
        yield archive


def capture(content: bytes, url: str = "http://127.0.0.1/a.pdf") -> Capture:
    return Capture(url=url, requested_at="2026-01-31T08:00:00.000000Z", status=200, outcome=Outcome.OK, body=content)


def encodings(captures: Captures) -> list[str]:
    return [row["encoding"] for row in captures.db.conn.execute("SELECT encoding FROM bodies ORDER BY rowid")]


def test_documents_are_kept_outside_and_pages_within(captures: Captures) -> None:
    stored = captures.add(capture(PDF))
    captures.add(capture(b"<html>a page</html>", "http://127.0.0.1/"))
    assert encodings(captures) == [OUTSIDE, "zstd"]
    assert captures.body(stored.sha256 or "", check=True) == PDF
    is_afar = captures.bodies.startswith("memory:")
    assert captures.are_bodies_afar() == is_afar
    captures.keep_bodies_at("")
    assert captures.are_bodies_afar() == is_afar, "the rows say where they are"
    with closing(Captures(captures.path.parent, read_only=True)) as reader:  # which was told nothing of the place
        assert reader.get(stored.id or 0).body == PDF
        shown = body(reader.db.conn, stored.id or 0)
        assert shown is not None
        assert shown.data == PDF
    assert verify(captures.path.parent).lines == []


def test_a_body_that_is_gone_or_another_is_damage(captures: Captures, tmp_path: Path) -> None:
    stored = captures.add(capture(PDF))
    (place,) = captures.db.conn.execute("SELECT data FROM bodies").fetchone()
    captures.db.conn.execute("UPDATE bodies SET data = ?", (place + b"-moved",))
    captures.db.conn.commit()
    with pytest.raises(DamageError, match="cannot be read from"):
        captures.body(stored.sha256 or "")
    with pytest.raises(DamagedError):
        body(captures.db.conn, stored.id or 0)
    assert any(stored.sha256 in line for line in verify(captures.path.parent).lines)


def test_a_backup_is_whole_without_them(captures: Captures, tmp_path: Path) -> None:
    stored = captures.add(capture(PDF))
    back_up(captures.path.parent, tmp_path / "copy")
    assert restore(tmp_path / "copy", tmp_path / "restored") == []
    with closing(Captures(tmp_path / "restored", read_only=True)) as restored:
        assert encodings(restored) == ["zstd"]
        assert restored.body(stored.sha256 or "", check=True) == PDF


@pytest.mark.parametrize("into", ["", "documents"])
def test_a_merge_keeps_them_where_this_archive_keeps_them(tmp_path: Path, into: str) -> None:
    with closing(Captures(tmp_path / "other")) as other, closing(Captures(tmp_path / "here")) as here:
        other.keep_bodies_at("bodies")
        stored = other.add(capture(PDF))
        here.keep_bodies_at(into)
        merge = Merge(here, other.path, lambda *_: None)
        merge.run()
        assert merge.damaged == []
        assert encodings(here) == [OUTSIDE if into else "zstd"]
        shutil.rmtree(tmp_path / "other" / "bodies")
        assert here.body(stored.sha256 or "", check=True) == PDF
    assert verify(tmp_path / "here").lines == []


def test_a_merge_reads_no_place_that_another_archive_merely_names(tmp_path: Path) -> None:
    with closing(Captures(tmp_path / "other")) as other, closing(Captures(tmp_path / "here")) as here:
        other.keep_bodies_at(str(tmp_path / "private"))
        other.add(capture(PDF))
        merge = Merge(here, other.path, lambda *_: None)
        merge.run()
        assert len(merge.damaged) == 1
        assert here.count() == 0


def test_a_place_that_is_none_is_refused(tmp_path: Path) -> None:
    with closing(Captures(tmp_path / "archive")) as captures, pytest.raises(ArchiveError, match="BODIES at nowhere://"):
        captures.keep_bodies_at("nowhere://bucket")


def test_what_cannot_be_written_there_is_not_captured(tmp_path: Path) -> None:
    with closing(Captures(tmp_path / "archive")) as captures:
        (tmp_path / "archive" / "bodies").write_text("a file where the folder would be")
        captures.keep_bodies_at("bodies")
        with pytest.raises(ArchiveError, match="cannot write body"):
            captures.add(capture(PDF))
        assert captures.count() == 0


def test_an_archive_with_them_is_crawled_read_exported_and_merged(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    with Server(AttachingWord("fujian", 2)) as server:
        assert crawl(archive, *server, settings={"BODIES": "bodies"}).returncode == 0
    files = sorted(path for path in (archive / "bodies").rglob("*") if path.is_file())
    connection = sqlite3.connect(archive / "captures.db")
    (outside,) = connection.execute("SELECT COUNT(*) FROM bodies WHERE encoding = ?", (OUTSIDE,)).fetchone()
    connection.close()
    assert len(files) == outside >= 2
    before = dump(archive)
    for path in [*archive.glob("reports.db*"), *archive.glob("readings.db*")]:
        path.unlink()
    assert scrapy(archive, "reparse").returncode == 0
    assert dump(archive) == before
    assert scrapy(archive, "verify").returncode == 0
    assert scrapy(archive, "export", tmp_path / "out.warc.gz").returncode == 0
    again = scrapy(tmp_path / "imported", "import", tmp_path / "out.warc.gz")
    assert again.returncode == 0, again.stderr
    assert any(b"docx" in line.encode() for line in dump(tmp_path / "imported"))
    os.truncate(files[0], 10)
    damaged = scrapy(archive, "verify")
    assert damaged.returncode == 1
    assert files[0].stem in damaged.stdout + damaged.stderr


def dump(archive: Path) -> list[str]:
    with closing(Reports(archive, read_only=True)) as reports:
        return list(reports.dump())
