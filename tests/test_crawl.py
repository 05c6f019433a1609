"""The main job: real crawls of replica portals, held against what the replicas publish."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crawler.demo.gkmlpt import Gkmlpt
from crawler.demo.nfcms import Nfcms
from crawler.demo.replica import Replica
from crawler.demo.server import Server
from crawler.demo.trs import Trs
from crawler.demo.trs_fujian import TrsFujian
from tests.crawling import crawl, scrapy

FIELDS = ("title", "issuing_body", "report_year", "published", "source", "form")


def rows(archive: Path, database: str, sql: str, *values: Any) -> list[Any]:
    """Rows of one of the archive's databases."""
    connection = sqlite3.connect(archive / f"{database}.db")
    try:
        return connection.execute(sql, values).fetchall()
    finally:
        connection.close()


def runs(archive: Path) -> list[dict[str, Any]]:
    import json

    return [json.loads(text) for (text,) in rows(archive, "captures", "SELECT stats FROM runs ORDER BY id")]


def kinds(archive: Path) -> dict[str, int]:
    """Open problems by kind."""
    return dict(
        rows(archive, "captures", "SELECT kind, COUNT(*) FROM problems WHERE resolved_at IS NULL GROUP BY kind")
    )


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Server]]:
    """Four portals, one a platform, crawled once in one process."""
    archive = tmp_path_factory.mktemp("crawled") / "archive"
    replicas = [Nfcms("qinghe", 40), Gkmlpt("yunshan", 30), Trs("hepan", 40, split=6), TrsFujian("haiwan", 40)]
    with Server(*replicas) as server:
        done = crawl(archive, *replicas)
        assert done.returncode == 0, done.stderr
        yield archive, server


@pytest.mark.parametrize("name", ["qinghe", "yunshan", "hepan", "haiwan"])
def test_every_report_is_archived_once_with_its_facts(crawled: tuple[Path, Server], name: str) -> None:
    archive, server = crawled
    found = {
        row[0]: row[1:]
        for row in rows(archive, "reports", f"SELECT url, {', '.join(FIELDS)} FROM reports WHERE portal = ?", name)
    }
    wanted = {e.url: tuple(getattr(e.report, field) for field in FIELDS) for e in server[name].truth()}
    assert found == wanted


@pytest.mark.parametrize("name", ["qinghe", "yunshan", "hepan", "haiwan"])
def test_every_cell_is_in_its_place(crawled: tuple[Path, Server], name: str) -> None:
    archive, server = crawled
    for expected in server[name].truth():
        sql = """SELECT table_no, row_name, column_name, value, value_state FROM statistics s JOIN reports r ON r.id = s.report_id
                 WHERE r.url = ? AND origin = 'html'"""
        found = {row[:3]: row[3:] for row in rows(archive, "reports", sql, expected.url)}
        wanted = {
            (s.table_no, s.row_name, s.column_name): (s.value, s.value_state) for s in expected.report.statistics()
        }
        assert found == wanted, expected.report.title


def test_split_articles_are_whole(crawled: tuple[Path, Server]) -> None:
    archive, _ = crawled
    assert rows(archive, "captures", "SELECT COUNT(*) FROM captures WHERE url GLOB '*/t*[0-9]_1.*'") != [(0,)]
    assert "incomplete" not in kinds(archive)


def test_everything_that_was_fetched_is_captured_before_it_is_read(crawled: tuple[Path, Server]) -> None:
    archive, server = crawled
    fetched = sum(len(replica.log) for replica in server)
    assert rows(archive, "captures", "SELECT COUNT(*) FROM captures") == [(fetched,)]
    (headers,) = rows(archive, "captures", "SELECT request_headers FROM captures LIMIT 1")[0]
    assert "gzip, deflate" in headers
    assert "Tongjian" in headers
    assert rows(
        archive,
        "captures",
        "SELECT COUNT(*) FROM captures WHERE content_encoding = 'gzip' AND wire_bytes >= (SELECT size FROM bodies b WHERE b.sha256 = captures.sha256)",
    ) == [(0,)]


def test_a_second_crawl_asks_conditionally_and_finds_nothing_new(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    with Server(Nfcms("qinghe", 12), TrsFujian("haiwan", 12)) as server:
        assert crawl(archive, *server).returncode == 0
        before = scrapy_dump(archive)
        for replica in server:
            replica.log.clear()
        assert crawl(archive, *server).returncode == 0
        assert scrapy_dump(archive) == before
        assert all("new" not in str(run) for run in runs(archive)[2:])
        assert all("/post_" not in hit.target and "/t20" not in hit.target for replica in server for hit in replica.log)
        # with refresh, known documents are asked for again, and answered 304
        assert crawl(archive, *server, refresh="1").returncode == 0
        assert scrapy_dump(archive) == before
        assert sum(hit.status == 304 for replica in server for hit in replica.log) >= 24
        assert runs(archive)[-1]["reports/unchanged"] == 12


def scrapy_dump(archive: Path) -> list[str]:
    from archive import Reports

    reports = Reports(archive)
    lines = list(reports.dump())
    reports.close()
    return lines


def test_rebuilt_from_the_captures_alone_it_is_the_same(crawled: tuple[Path, Server]) -> None:
    archive, _ = crawled
    before = scrapy_dump(archive)
    for name in ("reports.db", "reports.db-wal", "reports.db-shm"):
        (archive / name).unlink(missing_ok=True)
    # the replicas have no file in spiders/: their facts are in captures.db
    done = scrapy(archive, "reparse")
    assert done.returncode == 0, done.stderr
    assert "150 new" in done.stdout
    assert scrapy_dump(archive) == before
    assert "150 unchanged" in scrapy(archive, "reparse").stdout


def test_a_changed_report_becomes_a_version(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    with Server(Trs("hepan", 6)) as server:
        replica = server["hepan"]
        assert crawl(archive, replica).returncode == 0
        document = next(d for d in replica.documents if d.report and d.report.form == "cn-2021")
        replica.change(document)
        assert crawl(archive, replica, refresh="1").returncode == 0
        assert runs(archive)[-1]["reports/changed"] == 1
        versions = rows(
            archive,
            "reports",
            "SELECT changed FROM versions v JOIN reports r ON r.id = v.report_id WHERE r.url = ? ORDER BY v.captured_at",
            replica.url(document),
        )
        assert len(versions) == 2
        assert '"text"' in versions[1][0]
        before = scrapy_dump(archive)
        (archive / "reports.db").unlink()
        assert scrapy(archive, "reparse").returncode == 0
        assert scrapy_dump(archive) == before


def test_what_goes_wrong_is_kept_and_told(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    with Server(Nfcms("qinghe", 8), Trs("hepan", 8), TrsFujian("haiwan", 8), Gkmlpt("yunshan", 8)) as server:
        gone, challenge, stub, cut = (server[name].documents[-1] for name in ("qinghe", "hepan", "haiwan", "yunshan"))
        gone.state, challenge.state, stub.state, cut.state = "404", "521", "stub", "truncated"
        done = crawl(archive, *server, settings={"RETRY_TIMES": 1})
        assert done.returncode == 1
        assert rows(archive, "reports", "SELECT COUNT(*) FROM reports") == [(28,)]
        told = dict(rows(archive, "captures", "SELECT url, kind FROM problems WHERE stage = 'fetch'"))
        assert told[server["qinghe"].url(gone)] == "missing"
        assert told[server["hepan"].url(challenge)] == "blocked"
        assert told[server["haiwan"].url(stub)] == "missing"
        assert told[server["yunshan"].url(cut)] == "error"
        outcome, size = rows(
            archive,
            "captures",
            "SELECT outcome, (SELECT size FROM bodies b WHERE b.sha256 = c.sha256) FROM captures c WHERE url = ? ORDER BY id",
            server["yunshan"].url(cut),
        )[0]
        assert outcome == "error"
        assert size > 0
        # when it can be had again, it is fetched and the problem is closed
        for replica, document in zip(server, (gone, cut, challenge, stub), strict=False):
            del replica
            document.state = "live"
        assert crawl(archive, *server).returncode == 0
        assert rows(archive, "reports", "SELECT COUNT(*) FROM reports") == [(32,)]
        assert kinds(archive) == {}


def test_an_offline_crawl_sends_nothing_and_gives_the_same(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    with Server(Nfcms("qinghe", 10), TrsFujian("haiwan", 15)) as server:
        replicas: list[Replica] = list(server)
        assert crawl(archive, *replicas).returncode == 0
        asked = sum(len(replica.log) for replica in replicas)
        before = scrapy_dump(archive)
        (archive / "reports.db").unlink()
        assert crawl(archive, *replicas, settings={"OFFLINE": True}).returncode == 0
        assert sum(len(replica.log) for replica in replicas) == asked
        assert scrapy_dump(archive) == before
