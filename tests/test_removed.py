"""Reports that portals take down, put back, or no longer list: crawls of a replica, with the days between them made up."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from crawler.demo.nfcms import Nfcms
from crawler.demo.server import Server
from crawler.demo.trs import Trs
from tests.crawling import crawl, scrapy
from tests.test_crawl import kinds, rows


def days_pass(archive: Path, days: int) -> None:
    """Everything captured so far was captured so many days earlier."""
    connection = sqlite3.connect(archive / "captures.db")
    with connection:
        connection.execute(
            "UPDATE captures SET requested_at = strftime('%Y-%m-%dT%H:%M:%f000Z', requested_at, ?)",
            (f"-{days} days",),
        )
    connection.close()


def states(archive: Path) -> dict[str, int]:
    return dict(rows(archive, "reports", "SELECT state, COUNT(*) FROM reports GROUP BY state"))


def texts(archive: Path) -> int:
    return int(rows(archive, "reports", "SELECT COUNT(*) FROM report_texts WHERE length(text) > 100")[0][0])


def test_reports_that_were_taken_down_are_missing_then_removed_then_returned(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    with Server(Nfcms("qinghe", 10)) as server:
        replica = server["qinghe"]
        assert crawl(archive, replica).returncode == 0
        ways = dict(zip(replica.documents, ["404", "410", "home", "stub", "gone"], strict=False))
        for document, how in ways.items():
            replica.remove(document, how)
        # the listing shows fewer reports than are archived: news, and the run says so
        days_pass(archive, 7)
        assert crawl(archive, replica).returncode == 1
        assert kinds(archive) == {"listing_below_archive": 1, "missing": 5}
        assert states(archive) == {"live": 5, "missing": 5}
        days_pass(archive, 7)
        assert crawl(archive, replica).returncode == 0
        assert kinds(archive) == {"missing": 5}
        assert states(archive) == {"live": 5, "missing": 5}
        days_pass(archive, 7)
        assert crawl(archive, replica).returncode == 0
        assert states(archive) == {"live": 5, "removed": 5}
        assert texts(archive) == 10
        (archive / "reports.db").unlink()
        assert scrapy(archive, "reparse").returncode == 0
        assert states(archive) == {"live": 5, "removed": 5}
        for document in ways:
            replica.restore(document)
        assert crawl(archive, replica).returncode == 0
        assert states(archive) == {"live": 5, "returned": 5}
        assert kinds(archive) == {}


def test_three_misses_within_a_few_days_are_no_removal(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    with Server(Nfcms("qinghe", 4)) as server:
        replica = server["qinghe"]
        assert crawl(archive, replica).returncode == 0
        replica.remove(replica.documents[0])
        for _ in range(4):
            days_pass(archive, 1)
            crawl(archive, replica)
        assert states(archive) == {"live": 3, "missing": 1}


def test_a_report_at_two_addresses_is_missed_once_a_run(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    with Server(Nfcms("qinghe", 6)) as server:
        replica = server["qinghe"]
        twice = replica.documents[2]
        twice.second_column = True
        assert crawl(archive, replica).returncode == 0
        assert crawl(archive, replica, refresh="1").returncode == 0
        twice.state = "404"
        assert crawl(archive, replica, refresh="1").returncode == 0
        days_pass(archive, 15)
        # listed and gone: asked for again without refresh
        replica.log.clear()
        assert crawl(archive, replica).returncode == 0
        assert any(hit.status == 404 and str(twice.number) in hit.target for hit in replica.log)
        assert states(archive) == {"live": 5, "missing": 1}
        days_pass(archive, 1)
        assert crawl(archive, replica).returncode == 0
        assert states(archive) == {"live": 5, "removed": 1}


def test_refusals_and_failures_never_count(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    settings = {"DOWNLOAD_TIMEOUT": 0.5, "RETRY_TIMES": 0, "REFUSALS_BEFORE_LEAVING": 99}
    with Server(Nfcms("qinghe", 10)) as server:
        replica = server["qinghe"]
        assert crawl(archive, replica).returncode == 0
        ways = ["521", "412", "403", "500", "time-out", "reset", "two-bytes", "acw"]
        for document, how in zip(replica.documents, ways, strict=False):
            replica.remove(document, how)
        for _ in range(3):
            days_pass(archive, 10)
            assert crawl(archive, replica, settings=settings).returncode == 1
        assert (
            rows(archive, "captures", "SELECT COUNT(*) FROM captures WHERE outcome IN ('blocked', 'error')")[0][0] >= 24
        )
        assert states(archive) == {"live": 10}


def test_a_listing_that_was_not_walked_to_its_end_marks_nothing(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    with Server(Trs("hepan", 30, page_size=10)) as server:
        replica = server["hepan"]
        assert crawl(archive, replica).returncode == 0
        replica.log.clear()
        for document in replica.documents:
            document.state = "404"
        replica.fail("500", r"index_1\.")
        assert crawl(archive, replica, settings={"RETRY_TIMES": 0}).returncode == 1
        assert not [hit for hit in replica.log if "/t20" in hit.target]
        assert states(archive) == {"live": 30}
        assert kinds(archive)["listing_failed"] == 1


def test_an_emptied_listing_marks_nothing(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    with Server(Nfcms("qinghe", 5)) as server:
        replica = server["qinghe"]
        assert crawl(archive, replica).returncode == 0
        for document in replica.documents:
            replica.remove(document)
        assert crawl(archive, replica).returncode == 1
        assert states(archive) == {"live": 5}
        assert "listing_empty" in kinds(archive)


def test_an_unlisted_report_that_still_answers_stays_live_and_is_told(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    with Server(Nfcms("qinghe", 5)) as server:
        replica = server["qinghe"]
        assert crawl(archive, replica).returncode == 0
        replica.documents[1].is_listed = False
        for _ in range(2):
            assert crawl(archive, replica).returncode == 1
            assert kinds(archive) == {"listing_below_archive": 1}
            assert states(archive) == {"live": 5}
