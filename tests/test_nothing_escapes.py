"""Whatever a crawl loses on its way has a fate: the ledger is counted from the entries, not from callbacks."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from crawler.demo.faults import REPLACEMENTS
from crawler.demo.messages import Reply
from crawler.demo.server import Server
from crawler.middlewares.safety import LONGEST_ADDRESS
from tests.crawling import crawl
from tests.test_crawl import kinds, rows
from tests.test_fetching import Answering, moved, targets
from tests.test_ledger import is_balanced, sums

DOWNLOADER, SPIDER, ITEMS = "DOWNLOADER_MIDDLEWARES", "SPIDER_MIDDLEWARES", "ITEM_PIPELINES"
LOSSES: dict[str, tuple[dict[str, Any], str]] = {
    "a request ignored": ({DOWNLOADER: ("Ignores", 500)}, "error"),
    "a middleware that fails": ({DOWNLOADER: ("Raises", 500)}, "error"),
    "a request dropped": ({SPIDER: ("DropsRequests", 500)}, "pending"),
}
"""What happens to the struck entry → the settings that do it, and its fate."""
HEALED: dict[str, tuple[dict[str, Any], int]] = {
    "a middleware that fails behind the capture": ({DOWNLOADER: ("RaisesOnTheWayUp", 500)}, 1),
    "a callback that yields nothing": ({SPIDER: ("YieldsNothing", 500)}, 0),
    "a callback that fails": ({SPIDER: ("RaisesInCallback", 500)}, 1),
    "an item dropped before its documents": ({ITEMS: ("DropsItems", 100)}, 0),
    "an item dropped before it is stored": ({ITEMS: ("DropsItems", 500)}, 0),
    "an item pipeline that fails": ({ITEMS: ("RaisesOnItems", 500)}, 1),
}
"""The answer is captured, and read when the crawl is over: nothing is lost. The exit code says whether something failed."""


def settings(made: dict[str, Any], struck: str) -> dict[str, Any]:
    """The project's settings with one part that loses something."""
    from scrapy.utils.project import get_project_settings

    own = get_project_settings()
    parts = {name: dict(own[name]) | {f"tests.sabotage.{part}": at} for name, (part, at) in made.items()}
    return parts | {"STRUCK": re.escape(struck)}


@pytest.mark.parametrize("loss", LOSSES)
def test_what_is_lost_before_it_is_captured(tmp_path: Path, loss: str) -> None:
    archive = tmp_path / "archive"
    made, fate = LOSSES[loss]
    with Server(Answering("qinghe", 4)) as server:
        (replica,) = server
        assert crawl(archive, replica, settings=settings(made, targets(replica)[1])).returncode == 1
        assert is_balanced(archive)
        assert sums(archive, "qinghe") == {"report": 3, fate: 1}
        assert kinds(archive).keys() == ({"entries_pending"} if fate == "pending" else {"error"})
        assert crawl(archive, replica).returncode == 0
        assert sums(archive, "qinghe") == {"report": 4}
        assert kinds(archive) == {}


@pytest.mark.parametrize("loss", HEALED)
def test_what_is_lost_after_it_is_captured_is_read_all_the_same(tmp_path: Path, loss: str) -> None:
    archive = tmp_path / "archive"
    made, code = HEALED[loss]
    with Server(Answering("qinghe", 4)) as server:
        (replica,) = server
        assert crawl(archive, replica, settings=settings(made, targets(replica)[1])).returncode == code
        assert is_balanced(archive)
        assert sums(archive, "qinghe") == {"report": 4}


def test_a_listing_whose_callback_yields_nothing_is_no_success(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    with Server(Answering("qinghe", 3)) as server:
        (replica,) = server
        made = settings({SPIDER: ("YieldsNothing", 500)}, replica.listings[0])
        assert crawl(archive, replica, settings=made).returncode == 1
        assert "listing_empty" in kinds(archive)


def test_a_crawl_that_is_closed_leaves_pending_entries(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    with Server(Answering("qinghe", 8)) as server:
        (replica,) = server
        assert crawl(archive, replica, settings={"CLOSESPIDER_PAGECOUNT": 4}).returncode == 1
        assert is_balanced(archive)
        found = sums(archive, "qinghe")
        assert found["pending"] >= 3
        assert kinds(archive)["ended_early"] == 1
        assert crawl(archive, replica).returncode == 0
        assert sums(archive, "qinghe") == {"report": 8}
        assert kinds(archive) == {}


def test_addresses_that_scrapy_would_drop(tmp_path: Path) -> None:
    """Long ones, loops of two and three, and redirects that meet in one document."""
    archive = tmp_path / "archive"
    with Server(Answering("qinghe", 8)) as server:
        (replica,) = server
        at = targets(replica)
        documents = [expected.document for expected in replica.truth()]
        documents[0].elsewhere = f"{replica.base}{at[0]}?x={'a' * 2_100}"
        documents[1].elsewhere = f"{replica.base}{at[1]}?x={'a' * LONGEST_ADDRESS}"
        page = replica.answer
        long = documents[0].elsewhere.removeprefix(replica.base)

        def as_usual(target: str) -> Reply:
            from crawler.demo.messages import Request

            return page(Request(path=target, target=target, headers={}))

        replica.instead(
            {
                long: lambda _: as_usual(at[0]),
                at[2]: lambda _: moved("/a.html"),
                "/a.html": lambda _: moved("/b.html"),
                "/b.html": lambda _: moved("/a.html"),
                at[3]: lambda _: moved("/c.html"),
                "/c.html": lambda _: moved("/d.html"),
                "/d.html": lambda _: moved(at[3]),
                at[4]: lambda _: moved("/same.html"),
                at[5]: lambda _: moved("/same.html"),
                "/same.html": lambda _: REPLACEMENTS["maintenance"],
            }
        )
        assert crawl(archive, replica).returncode == 1
        assert is_balanced(archive)
        fates = dict(rows(archive, "reports", "SELECT url, fate FROM fates"))
        assert fates[documents[0].elsewhere] == "report"
        assert fates[documents[1].elsewhere] == "error"
        assert [fates[replica.base + at[n]] for n in range(2, 8)] == ["error"] * 2 + ["blocked"] * 2 + ["report"] * 2
        documents[1].elsewhere = ""
        replica.instead({long: lambda _: as_usual(at[0])})
        crawl(archive, replica)
        assert rows(archive, "reports", "SELECT COUNT(*) FROM reports") == [(8,)]
