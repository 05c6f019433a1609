"""A crawl's pace and limits, measured at the replicas that are crawled."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from scrapy.http import Response

from crawler.demo import faults
from crawler.demo.nfcms import Nfcms
from crawler.demo.server import Server
from crawler.demo.trs import Trs
from crawler.extensions.pace import retry_after
from crawler.middlewares.politeness import is_within, parse_window
from tests.crawling import crawl
from tests.test_crawl import kinds, rows, runs


def spacing(replica: Any) -> float:
    """The shortest time between two arrivals, in seconds."""
    times = sorted(hit.time for hit in replica.log)
    return min(after - before for before, after in pairwise(times))


@pytest.mark.parametrize(
    ("delay", "robots", "least"),
    [
        (0.03, "User-agent: *\nDisallow:\n", 0.03),
        (0.01, "User-agent: *\nCrawl-delay: 0.04\n", 0.04),
        (0.03, "User-agent: *\nCrawl-delay: 0.01\n", 0.03),
        (0, "User-agent: *\nDisallow:\n", 0),
    ],
)
def test_sixty_entries_are_fetched_one_at_a_time_and_apart(
    tmp_path: Path, delay: float, robots: str, least: float
) -> None:
    with Server(Nfcms("qinghe", 60, robots=robots, latency=0.01)) as server:
        done = crawl(tmp_path / "archive", *server, settings={"DOWNLOAD_DELAY": delay})
        assert done.returncode == 0, done.stderr
        replica = server["qinghe"]
        assert len(replica.log) > 60
        assert max(hit.at_once for hit in replica.log) == 1
        assert spacing(replica) >= least


def test_autothrottle_keeps_the_delay_too(tmp_path: Path) -> None:
    settings = {"DOWNLOAD_DELAY": 0.05, "AUTOTHROTTLE_ENABLED": True, "AUTOTHROTTLE_START_DELAY": 0.05}
    with Server(Nfcms("qinghe", 12, latency=0.01)) as server:
        assert crawl(tmp_path / "archive", *server, settings=settings).returncode == 0
        assert max(hit.at_once for hit in server["qinghe"].log) == 1
        assert spacing(server["qinghe"]) >= 0.05


def test_names_on_one_address_share_its_pace(tmp_path: Path) -> None:
    """Two sites of one server, `127.0.0.2` and a name of it: the name resolves to the same address."""
    with Server(Nfcms("qinghe", 20, latency=0.01), addresses=["127.0.0.1"]) as server:
        replica = server["qinghe"]
        address, named = replica.base, replica.base.replace("127.0.0.1", "localhost")
        facts = replica.facts
        listing = facts["listings"][0]
        replica.__dict__["also"] = listing.replace(address, named)

        class Two:
            platform = replica.platform
            facts: dict[str, Any] = {}

        Two.facts = facts | {"listings": (listing, replica.__dict__["also"])}
        assert crawl(tmp_path / "archive", Two, settings={"DOWNLOAD_DELAY": 0.03}).returncode == 0  # type: ignore[arg-type]
        hosts = {hit.headers["Host"].partition(":")[0] for hit in replica.log}
        assert hosts == {"127.0.0.1", "localhost"}
        assert spacing(replica) >= 0.03


def test_retry_after_is_waited_for_and_then_the_page_is_had(tmp_path: Path) -> None:
    with Server(Nfcms("qinghe", 10)) as server:
        replica = server["qinghe"]
        replica.fail("503", r"/content/", times=2)
        assert crawl(tmp_path / "archive", replica).returncode == 0
        log = sorted(replica.log, key=lambda hit: hit.time)
        busy = [(hit, after) for hit, after in pairwise(log) if hit.status == 503]
        assert len(busy) == 2
        assert all(after.time - hit.time >= 1 for hit, after in busy)
        assert rows(tmp_path / "archive", "reports", "SELECT COUNT(*) FROM reports") == [(10,)]


@pytest.mark.parametrize("asks", ["crawl-delay", "retry-after"])
def test_a_host_that_asks_for_too_long_a_pause_is_left_alone(tmp_path: Path, asks: str) -> None:
    robots = f"User-agent: *\nCrawl-delay: {3600 if asks == 'crawl-delay' else 0}\n"
    with Server(Nfcms("qinghe", 10, robots=robots), Trs("hepan", 5)) as server:
        replica = server["qinghe"]
        if asks == "retry-after":
            replica.fail("503", r"/content/")
        begun = time.monotonic()
        settings = {"LONGEST_PAUSE": 0.5} if asks == "retry-after" else {}
        done = crawl(tmp_path / "archive", *server, settings=settings)
        assert time.monotonic() - begun < 30
        assert done.returncode == 1
        assert kinds(tmp_path / "archive")["host_busy"] == 1
        assert len(replica.log) <= 5
        assert rows(tmp_path / "archive", "reports", "SELECT portal, COUNT(*) FROM reports GROUP BY portal") == [
            ("hepan", 5)
        ]


def test_what_robots_txt_forbids_is_not_asked_for(tmp_path: Path) -> None:
    with Server(Nfcms("qinghe", 5)) as server:
        replica = server["qinghe"]
        secret = replica.url(replica.documents[0]).removeprefix(replica.base)
        replica.robots = f"User-agent: *\nDisallow: {secret}\n"
        assert crawl(tmp_path / "archive", replica).returncode == 0
        assert secret not in {hit.target for hit in replica.log}
        assert kinds(tmp_path / "archive") == {"robots_forbids": 1}
        assert all(hit.headers["User-Agent"].startswith("Tongjian/") for hit in replica.log)


def test_a_cap_ends_the_run_well_and_the_next_ones_go_on(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    with Server(Nfcms("qinghe", 20)) as server:
        replica = server["qinghe"]
        for begun in range(3):
            replica.log.clear()
            done = crawl(archive, replica, settings={"REQUESTS_PER_RUN": 12})
            assert done.returncode == (0 if begun == 2 else 1), done.stderr
            assert len(replica.log) <= 12
            assert set(kinds(archive)) == (set() if begun == 2 else {"requests_spent"})
        assert rows(archive, "reports", "SELECT COUNT(*) FROM reports") == [(20,)]
        assert (
            rows(
                archive,
                "captures",
                "SELECT url FROM captures WHERE url LIKE '%post_%' GROUP BY url HAVING COUNT(*) > 1",
            )
            == []
        )
        reasons = rows(archive, "captures", "SELECT finish_reason FROM runs ORDER BY id")
        assert reasons == [("requests_spent",), ("requests_spent",), ("finished",)]
        assert runs(archive)[0]["unwell"] == ["requests_spent"]


def test_outside_its_window_a_crawl_does_not_begin(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    now = datetime.now().astimezone()
    closed = "-".join((now + timedelta(hours=h)).strftime("%H:%M") for h in (2, 3))
    opened = "-".join((now + timedelta(hours=h)).strftime("%H:%M") for h in (-1, 1))
    with Server(Nfcms("qinghe", 4)) as server:
        done = crawl(archive, *server, settings={"CRAWL_WINDOW": closed})
        assert done.returncode == 1
        assert server["qinghe"].log == []
        assert kinds(archive) == {"window_closed": 1}
        assert crawl(archive, *server, settings={"CRAWL_WINDOW": opened}).returncode == 0
        assert kinds(archive) == {}


@pytest.mark.parametrize("text", ["22", "22:00", "22:00-25:00", "night-day"])
def test_a_window_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="CRAWL_WINDOW"):
        parse_window(text)


def test_windows_may_pass_midnight() -> None:
    assert parse_window("") is None
    day, night = parse_window("08:30-17:00"), parse_window("22:00 - 06:00")
    assert day
    assert night
    noon, late = datetime(2024, 1, 1, 12, tzinfo=UTC).time(), datetime(2024, 1, 1, 23, tzinfo=UTC).time()
    assert (is_within(noon, day), is_within(late, day)) == (True, False)
    assert (is_within(noon, night), is_within(late, night)) == (False, True)


def asked(value: str) -> float:
    return retry_after(Response("http://example.gov.cn/", status=503, headers={"Retry-After": value} if value else {}))


def test_retry_after_is_seconds_or_a_date() -> None:
    assert asked("120") == 120
    assert 200 < asked(format_datetime(datetime.now(UTC) + timedelta(seconds=300), usegmt=True)) <= 300
    assert asked(format_datetime(datetime.now(UTC) - timedelta(days=1), usegmt=True)) == 0
    assert [asked(value) for value in ("soon", "-5", "")] == [0, 0, 0]


def test_the_replica_says_when_to_come_back() -> None:
    assert faults.REPLACEMENTS["503"].headers["Retry-After"] == "1"
