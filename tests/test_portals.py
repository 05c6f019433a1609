"""Every portal of the project, whatever it is: a new file in spiders/ needs no new test."""

from __future__ import annotations

import asyncio
import csv
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from scrapy import Request
from scrapy.spiderloader import SpiderLoader
from scrapy.utils.project import get_project_settings
from scrapy.utils.test import get_crawler

from archive import Captures
from archive.divisions import division
from archive.vocabulary import Level
from spiders.platforms.portal import Portal
from spiders.portal_table import OWN
from spiders.registry import Registry, platforms
from tests.crawling import ROOT, scrapy

LOADER = SpiderLoader.from_settings(get_project_settings())


def load(name: str) -> type[Portal]:
    return cast("type[Portal]", LOADER.load(name))


def first_requests(portal: type[Portal], captures: Captures) -> list[Request]:
    """What a crawl of the portal begins with; nothing is sent."""
    crawler = get_crawler(portal)
    spider = portal.from_crawler(crawler)
    account = SimpleNamespace(
        captures=captures, fetched_before=set(), unsettled=set(), unreported=set(), failed_before=set(), missing={}
    )
    crawler.get_extension = lambda _: account  # type: ignore[method-assign,assignment,return-value]

    async def begin() -> list[Any]:
        return [request async for request in spider.start()]

    return asyncio.run(begin())


def declared() -> list[str]:
    """The names of all rows and files, sorted."""
    with OWN.open(encoding="utf-8", newline="") as file:
        rows = [row["name"] for row in csv.DictReader(file)]
    files = [
        path.stem for path in (ROOT / "spiders").glob("*.py") if '\n    name = "' in path.read_text(encoding="utf-8")
    ]
    return sorted(rows + files)


def test_scrapy_list_is_exactly_the_portals(tmp_path: Path) -> None:
    listed = scrapy(tmp_path / "archive", "list")
    assert (listed.returncode, listed.stdout.split()) == (0, declared())
    assert sorted(LOADER.list()) == declared()


@pytest.mark.parametrize("name", LOADER.list())
def test_a_portal_is_facts_alone(name: str, tmp_path: Path) -> None:
    portal = load(name)
    assert portal.__module__ in {f"spiders.{name}", "spiders.portals"}
    assert portal.__name__.lower() == name
    assert portal.__doc__
    assert portal.platform in platforms()
    assert not {key for key, value in vars(portal).items() if callable(value)}, (
        "a portal has facts, its platform methods"
    )
    assert portal.level in set(Level)
    place = division(portal.division_code or "")
    assert place is not None
    assert place.name == portal.division

    captures = Captures(tmp_path / "archive")
    requests = first_requests(portal, captures)
    captures.close()
    assert requests
    assert [request.url for request in requests] == [*portal.listings, *portal.menus]
    assert all(portal.declares(request.url) for request in requests)


def test_no_two_portals_walk_one_listing() -> None:
    roots = [root for name in LOADER.list() for root in load(name).listings]
    assert len(roots) == len(set(roots))


BESIDE = ("-s", "SPIDER_MODULES=spiders,tests.plain_spider")


def test_a_plain_spider_is_no_portal() -> None:
    settings = get_project_settings()
    settings.set("SPIDER_MODULES", ["spiders", "tests.plain_spider"])
    assert "plain" in SpiderLoader.from_settings(settings).list()
    registry = Registry(settings)
    assert "plain" not in registry
    assert registry.names() == declared()
    owner = registry.owner("http://www.panyu.gov.cn/gkmlpt/content/8/8101/post_8101442.html")
    assert owner is not None
    assert owner.name == "panyu"


@pytest.mark.parametrize(
    ("command", "code", "message"),
    [
        (["health"], 2, "there is no archive"),
        (["crawl", "plain"], 0, ""),
        (["crawl-all", "plain"], 2, "unknown portal 'plain'"),
        (["read", ROOT / "tests" / "pages" / "panyu" / "listing.html"], 0, '"is_report": false'),
        (["reparse"], 0, ""),
    ],
)
def test_commands_leave_a_plain_spider_alone(
    tmp_path: Path, command: list[str | Path], code: int, message: str
) -> None:
    done = scrapy(tmp_path / "archive", *command, *BESIDE)
    assert done.returncode == code, done.stderr
    assert message in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    if command[0] == "crawl":
        assert not (tmp_path / "archive").exists(), "Scrapy's own crawl, which leaves the archive alone"
