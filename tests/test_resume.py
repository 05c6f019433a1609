"""Where a crawl goes on after one that was killed: only a whole walk ends what came before it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from archive import Capture, Captures
from archive.database import iso
from archive.resume import fetched_since_whole_crawl
from archive.vocabulary import Outcome, RunKind
from crawler.demo.nfcms import Nfcms
from crawler.demo.server import Server
from tests.crawling import crawl, start
from tests.test_crawl import kinds
from tests.test_ledger import sums

URL = "http://www.example.gov.cn/zwgk/nb/t20240101_1.html"


def crawled(
    captures: Captures, stats: dict[str, Any] | None, reason: str = "finished", *urls: str, days: int = 0
) -> None:
    """One crawl of the portal; one without stats was killed."""
    run = captures.start_run(RunKind.CRAWL, "a")
    for url in urls:
        asked = iso(datetime.now(UTC) - timedelta(days=days))
        captures.add(
            Capture(url=url, requested_at=asked, outcome=Outcome.OK, body=b"x", status=200, portal="a", run_id=run)
        )
    if stats is not None:
        captures.finish_run(run, reason, stats)


@pytest.mark.parametrize(
    ("then", "goes_on"),
    [
        ({"limits": [], "outage": False, "unwell": []}, False),
        ({"limits": [], "outage": False, "unwell": ["no_report", "parts_missing", "listing_undated"]}, False),
        ({}, False),
        ({"limits": ["offline"]}, True),
        ({"limits": ["years"]}, True),
        ({"limits": [], "outage": True}, True),
        ({"limits": [], "unwell": ["listing_failed"]}, True),
        ({"limits": [], "unwell": ["host_fails"]}, True),
        ({"limits": [], "unwell": ["robots_unreachable"]}, True),
        ({"limits": [], "unwell": ["menu_failed"]}, True),
    ],
)
def test_what_ends_a_resume(tmp_path: Path, then: dict[str, Any], goes_on: bool) -> None:
    captures = Captures(tmp_path)
    crawled(captures, None, "", URL)
    assert fetched_since_whole_crawl(captures, "a") == {URL}
    crawled(captures, then)
    assert fetched_since_whole_crawl(captures, "a") == ({URL} if goes_on else set())
    crawled(captures, then, "shutdown")
    crawled(captures, None, "", f"{URL}?later", f"{URL}?old", days=0)
    assert f"{URL}?later" in fetched_since_whole_crawl(captures, "a")
    captures.close()


def test_answers_of_days_ago_are_asked_for_again(tmp_path: Path) -> None:
    captures = Captures(tmp_path)
    crawled(captures, None, "", URL, days=4)
    assert fetched_since_whole_crawl(captures, "a") == set()
    captures.close()


@pytest.mark.parametrize("then", ["offline", "years", "a listing that fails", "an outage"])
def test_a_refresh_that_was_killed_goes_on_behind_a_partial_crawl(tmp_path: Path, then: str) -> None:
    archive = tmp_path / "archive"
    with Server(Nfcms("qinghe", 10)) as server:
        (replica,) = server
        assert crawl(archive, replica).returncode == 0
        refreshed = _kill_a_refresh(archive, replica)
        if then == "offline":
            crawl(archive, replica, settings={"OFFLINE": True})
        elif then == "years":
            crawl(archive, replica, years="1999")
        elif then == "a listing that fails":
            replica.fail("404", re.escape(replica.listings[0].removeprefix(replica.base)))
            assert crawl(archive, replica).returncode == 1
        else:
            replica.fail("503")
            assert crawl(archive, replica, settings={"RETRY_TIMES": 0}).returncode == 1
        replica.behave()
        before = len(replica.log)
        done = crawl(archive, replica, refresh="1")
        assert done.returncode == 0, done.stderr
        asked = [hit.target for hit in replica.log[before:] if "/post_" in hit.target]
        assert refreshed.isdisjoint(asked), "asked for twice"
        assert len(set(asked)) == len(asked) == 10 - len(refreshed)
        assert sums(archive, "qinghe") == {"report": 10}
        assert kinds(archive) == {}


def _kill_a_refresh(archive: Path, replica: Nfcms) -> set[str]:
    """Begin a crawl that asks for everything again, and kill it; returns what it has got until then."""
    import sqlite3
    import time

    before = len(replica.log)
    crawling = start(archive, replica, refresh="1")
    while sum("/post_" in hit.target for hit in replica.log[before:]) < 4:
        assert crawling.poll() is None
        time.sleep(0.002)
    crawling.kill()
    crawling.wait()
    database = sqlite3.connect(archive / "captures.db")
    rows = database.execute(
        "SELECT url FROM captures WHERE run_id = (SELECT MAX(id) FROM runs) AND outcome = 'unchanged'"
    )
    got = {url.removeprefix(replica.base) for (url,) in rows if "/post_" in url}
    database.close()
    return got
