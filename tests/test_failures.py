"""Crawls through failures of every kind, and crawls that are killed."""

from __future__ import annotations

from pathlib import Path

import pytest

from crawler.demo.nfcms import Nfcms
from crawler.demo.replica import Replica
from crawler.demo.server import Server
from crawler.demo.trs import Trs
from tests.crawling import crawl
from tests.killed_crawls import is_sound, soak
from tests.test_crawl import rows

FAULTS = {"reset": 0.05, "time-out": 0.05, "500": 0.05, "503": 0.05, "truncated": 0.05, "521": 0.025, "acw": 0.025}
"""Kind → share of the answers; the 503 asks to wait for a second."""


@pytest.mark.parametrize("replica", [Nfcms("qinghe", 50), Trs("hepan", 50, split=7)], ids=["nfcms", "trs"])
def test_three_runs_through_failures_archive_every_report_once(tmp_path: Path, replica: Replica) -> None:
    """Of 100 answers 5 are reset, 5 hang, 5 are a 500, 5 a 503 that asks to wait, 5 are cut short, and 5 challenge."""
    archive = tmp_path / "archive"
    settings = {"DOWNLOAD_TIMEOUT": 0.5}
    with Server(replica):
        for kind, share in FAULTS.items():
            replica.fail(kind, share=share)
        for _ in range(3):
            crawl(archive, replica, settings=settings)
        wanted = {expected.url for expected in replica.truth()}
        found = [url for (url,) in rows(archive, "reports", "SELECT url FROM reports")]
        assert len(found) == len(wanted) == 50
        assert set(found) == wanted
        assert {500, 503} <= {hit.status for hit in replica.log}
        outcomes = dict(rows(archive, "captures", "SELECT outcome, COUNT(*) FROM captures GROUP BY outcome"))
        assert outcomes["error"] > 5
        assert outcomes["blocked"] > 0
        # not one report, nor any version of one, was read from anything but a whole answer
        used = {
            sha for (sha,) in rows(archive, "reports", "SELECT sha256 FROM reports UNION SELECT sha256 FROM versions")
        }
        whole = {
            sha
            for (sha,) in rows(
                archive, "captures", "SELECT sha256 FROM captures WHERE outcome IN ('ok', 'unchanged') AND status = 200"
            )
        }
        assert used <= whole
        assert rows(archive, "reports", "SELECT COUNT(*) FROM versions") == [(50,)]
        titles = {title for (title,) in rows(archive, "reports", "SELECT title FROM reports")}
        assert titles == {expected.report.title for expected in replica.truth()}
        # without failures all is well again
        replica.behave()
        done = crawl(archive, replica)
        assert done.returncode == 0, done.stderr
        assert rows(archive, "captures", "SELECT kind, url FROM problems WHERE resolved_at IS NULL") == []


def test_killed_crawls_lose_nothing_and_fetch_nothing_twice(tmp_path: Path) -> None:
    assert soak(tmp_path, kills=6, seed=1) == 75
    assert is_sound(tmp_path / "killed")
