"""Captures that come later than they were made, or by a clock that went back: everything goes by their times."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from archive.reports import TABLES
from crawler.demo.nfcms import Nfcms
from crawler.demo.server import Server
from tests.browsing import browsing, get
from tests.clock import days_later
from tests.crawling import crawl, scrapy

VERSIONS = "SELECT report_id, captured_at, sha256 FROM versions ORDER BY report_id, captured_at"
IN_FORCE = "SELECT id, sha256, captured_at, first_captured_at FROM reports ORDER BY id"
CAPTURED = "SELECT sha256 FROM captures WHERE outcome = 'ok' AND url IN (SELECT url FROM entries) ORDER BY id"


def rows(archive: Path, name: str, sql: str) -> list[tuple[str, ...]]:
    with closing(sqlite3.connect(archive / f"{name}.db")) as db:
        return db.execute(sql).fetchall()


def dump(archive: Path) -> list[str]:
    """All that an archive says, times included; without numbers that say in which order it came in."""
    lines = []
    with closing(sqlite3.connect(archive / "reports.db")) as db:
        db.row_factory = sqlite3.Row
        for table in (*TABLES, "fates"):
            for row in db.execute(f"SELECT * FROM {table}"):
                kept = {name: row[name] for name in row.keys() if name not in {"search_id", "capture_id"}}  # noqa: SIM118 - a row is no dict
                lines.append(json.dumps([table, kept], ensure_ascii=False))
    return sorted(lines)


def rebuilt(archive: Path, days: float) -> list[str]:
    """What the captures alone give."""
    for path in archive.glob("reports.db*"):
        path.unlink()
    with days_later(days):
        assert scrapy(archive, "reparse").returncode == 0
    return dump(archive)


@pytest.fixture(scope="module")
def turned_back(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of one report, crawled on day 0, 40, and then 20: it was changed before each further crawl.

    Beside it, as `right again`, stands a copy of it that was crawled once more on day 60.
    """
    archive = tmp_path_factory.mktemp("times") / "turned back"
    with Server(Nfcms("qinghe", 1)) as server:
        (replica,) = server
        for number, (day, code) in enumerate(((0, 0), (40, 0), (20, 1))):
            if number:
                replica.change(replica.documents[0])
            done = crawl(archive, replica, days=day, refresh="1")
            assert done.returncode == code, done.stderr
            assert ("clock: an earlier run began on" in done.stderr) == (day == 20)
        again = shutil.copytree(archive, archive.parent / "right again")
        assert crawl(again, replica, days=60, refresh="1").returncode == 0
    return archive


def test_versions_stand_in_the_order_of_their_times(turned_back: Path) -> None:
    first, second, third = (sha256 for (sha256,) in rows(turned_back, "captures", CAPTURED))
    versions = rows(turned_back, "reports", VERSIONS)
    assert [sha256 for _, _, sha256 in versions] == [first, third, second]
    assert [moment for _, moment, _ in versions] == sorted(moment for _, moment, _ in versions)
    ((_, sha256, captured_at, first_captured_at),) = rows(turned_back, "reports", IN_FORCE)
    assert (sha256, captured_at, first_captured_at) == (second, versions[2][1], versions[0][1])
    told = rows(turned_back, "captures", "SELECT kind FROM problems WHERE resolved_at IS NULL")
    assert told == [("clock",)]


def test_the_room_and_its_feed_go_by_those_times(turned_back: Path) -> None:
    ((report, *_),) = rows(turned_back, "reports", IN_FORCE)
    moments = [moment for _, moment, _ in rows(turned_back, "reports", VERSIONS)]
    texts = []
    with browsing(turned_back) as room:
        for number, moment in enumerate(moments):
            texts.append(get(f"{room}/report/{report}/at/{moment}.txt")[2])
            page = get(f"{room}/report/{report}/at/{moment}", Cookie="lang=zh")[2].decode()
            assert ("不是最新版本" in page) == (number < 2)
        assert get(f"{room}/report/{report}.txt")[2] == texts[2]
        feed = get(f"{room}/feed.atom")[2].decode()
    assert len(set(texts)) == 3
    updated = re.findall(r"<(?:\w+:)?updated>([^<]+)<", feed)
    assert updated[0] == updated[1] == max(updated)
    assert updated[0][:10] == moments[2][:10]


def test_what_was_read_as_it_came_is_what_the_captures_give(turned_back: Path) -> None:
    assert dump(turned_back) == rebuilt(turned_back, 20)


def test_once_the_clock_is_right_again_what_was_captured_last_is_in_force(turned_back: Path) -> None:
    archive = turned_back.parent / "right again"
    first, second, third = (sha256 for (sha256,) in rows(turned_back, "captures", CAPTURED))
    assert [sha256 for _, _, sha256 in rows(archive, "reports", VERSIONS)] == [first, third, second, third]
    assert [row[1] for row in rows(archive, "reports", IN_FORCE)] == [third]
    assert not rows(archive, "captures", "SELECT kind FROM problems WHERE resolved_at IS NULL")
    assert dump(archive) == rebuilt(archive, 60)


def test_captures_that_are_imported_late_take_their_place(tmp_path: Path) -> None:
    with Server(Nfcms("qinghe", 2)) as server:
        (replica,) = server
        assert crawl(tmp_path / "early", replica).returncode == 0
        assert crawl(tmp_path / "ordered", replica).returncode == 0
        for document in replica.documents:
            replica.change(document)
        for name in ("late", "ordered"):
            assert crawl(tmp_path / name, replica, days=40, refresh="1").returncode == 0
    path = tmp_path / "early.warc.gz"
    assert scrapy(tmp_path / "early", "export", path).returncode == 0
    before = rows(tmp_path / "late", "reports", IN_FORCE)
    with days_later(41):
        assert scrapy(tmp_path / "late", "import", path).returncode == 0
    after = rows(tmp_path / "late", "reports", IN_FORCE)
    assert [row[:3] for row in after] == [row[:3] for row in before], "what is in force stays so"
    early = dict(row[::3] for row in rows(tmp_path / "early", "reports", IN_FORCE))
    assert dict(row[::3] for row in after) == early
    versions = rows(tmp_path / "late", "reports", VERSIONS)
    assert len(versions) == 4
    assert [row[:2] for row in versions] == sorted(row[:2] for row in versions)
    ordered = rows(tmp_path / "ordered", "reports", VERSIONS)
    assert [(report, sha256) for report, _, sha256 in versions] == [(report, sha256) for report, _, sha256 in ordered]
    assert dump(tmp_path / "late") == rebuilt(tmp_path / "late", 41)
