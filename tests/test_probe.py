"""scrapy probe: from a home page to a portal file with which the whole listing is found."""

from __future__ import annotations

import csv
import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from scrapy.http import HtmlResponse
from warcio.archiveiterator import ArchiveIterator

from crawler.demo.gkmlpt import Gkmlpt
from crawler.demo.messages import Reply, Request
from crawler.demo.nfcms import Nfcms
from crawler.demo.replica import Replica
from crawler.demo.server import Server
from spiders.platforms import listing
from spiders.platforms.column_names import is_column_name
from spiders.platforms.portal import Portal
from spiders.portal_table import COLUMNS
from spiders.portal_table import portal_of as portal_of_row
from spiders.probing import document_pattern, is_menu, recognise_platform
from spiders.registry import platforms
from tests.crawling import ROOT, crawl, scrapy
from tests.test_listings import check_fixture
from tests.test_platforms import PLATFORMS, archived, make, places

HURRY = ("-s", "DOWNLOAD_DELAY=0", "-s", "AUTOTHROTTLE_ENABLED=0")
EXPECTED = {"trs-xml": "trs", "gkmlpt-subsite": "gkmlpt", "hanweb-jpaas": "hanweb"}


def portal_of(source: str) -> type[Portal]:
    """The class that a portal file declares."""
    names: dict[str, Any] = {"__name__": "proposed"}
    exec(compile(source, "proposed.py", "exec"), names)  # noqa: S102 - the file is what is tested
    (portal,) = (v for v in names.values() if isinstance(v, type) and v.__module__ == "proposed")
    return portal


def as_replica(portal: type[Portal], name: str) -> Any:
    """What `crawl` needs of a portal."""
    facts = {k: v for k, v in vars(portal).items() if not k.startswith("_")}
    return SimpleNamespace(platform=portal.platform, facts=facts | {"name": name})


@pytest.fixture(scope="module")
def probed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Replica], dict[str, Any]]:
    """Each replica's home page probed; then one crawl with all the portal files that were printed."""
    archive = tmp_path_factory.mktemp("probed") / "archive"
    replicas = {
        name: make(name, 12, page_size=5, place=place)
        for place, name in zip(places(), [*PLATFORMS, "gkmlpt-subsite", "hanweb-jpaas"], strict=False)
    }
    with Server(*replicas.values()):
        answers = {name: scrapy(archive, "probe", replica.home_url, *HURRY) for name, replica in replicas.items()}
        portals = {name: portal_of(done.stdout) for name, done in answers.items()}
        done = crawl(archive, *(as_replica(portal, replicas[name].name) for name, portal in portals.items()))
    assert done.returncode == 0, done.stderr
    return archive, replicas, answers


@pytest.mark.parametrize("name", [*PLATFORMS, "gkmlpt-subsite", "hanweb-jpaas"])
def test_a_home_page_is_enough_for_a_portal_file_that_finds_everything(
    probed: tuple[Path, dict[str, Replica], dict[str, Any]], name: str
) -> None:
    archive, replicas, answers = probed
    done, portal = answers[name], portal_of(answers[name].stdout)
    assert portal.platform == EXPECTED.get(name, name)
    if name == "links":
        assert done.returncode == 1
        assert "no known platform" in done.stderr
    else:
        assert done.returncode == 0, done.stderr
        assert f"platform {portal.platform}, recognised by " in done.stderr
    truth = Counter(expected.url for expected in replicas[name].truth())
    assert archived(archive, replicas[name].name) == truth


def test_menus_are_followed_a_few_levels_down(tmp_path: Path) -> None:
    class Deep(Nfcms):
        """The column is two menus below the home page."""

        def menu(self) -> dict[str, str]:
            return {"首页": "/", "要闻动态": "/ywdt/", "政务公开": "/zwgk/", "统计年报": "/tjnb/"}

        def respond(self, request: Request) -> Reply | None:
            if request.path == "/zwgk/":
                return self.html('<html><a href="/zwgk/zfxxgk/">政府信息公开</a></html>')
            if request.path == "/zwgk/zfxxgk/":
                return self.html(f'<html><a href="{self.listing_url}">政府信息公开工作年度报告</a></html>')
            return super().respond(request)

    with Server(Deep("deep", 5)) as server:
        done = scrapy(tmp_path / "archive", "probe", server["deep"].home_url, *HURRY)
        assert portal_of(done.stdout).listings == (server["deep"].listing_url,)
        asked = [hit.target for hit in server["deep"].log]
    assert "/tjnb/" not in asked
    assert len(asked) < 10


def test_a_column_is_as_good_as_a_home_page(tmp_path: Path) -> None:
    with Server(Nfcms("qinghe", 5, place="广州市番禺区")) as server:
        done = scrapy(tmp_path / "archive", "probe", server["qinghe"].listing_url, *HURRY)
    portal = portal_of(done.stdout)
    assert done.returncode == 0
    assert portal.listings == (server["qinghe"].listing_url,)
    assert "All is well with 0 portals" in scrapy(tmp_path / "archive", "health").stdout
    assert (portal.division_code, portal.division, portal.level) == ("440113", "番禺区", "county")


@pytest.mark.parametrize("replica", [Nfcms("qinghe", 8), Gkmlpt("yunshan", 8)])
def test_a_saved_portal_is_listed_crawled_and_has_a_fixture(tmp_path: Path, replica: Replica) -> None:
    project = tmp_path / "project"
    for name in ("archive", "crawler", "pipelines", "spiders"):
        ignored = shutil.ignore_patterns("*.db*", "__pycache__")
        shutil.copytree(ROOT / name, project / name, ignore=ignored)
    shutil.copy(ROOT / "scrapy.cfg", project)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "scrapy", *arguments]
        return subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=60, check=False)

    with Server(replica):
        assert run("probe", replica.home_url, "--save", replica.name, *HURRY).returncode == 0
        assert replica.name in run("list").stdout.split()
        done = run("crawl", replica.name, *HURRY)
        assert done.returncode == 0, done.stderr
        again = run("probe", replica.home_url, "--save", replica.name, *HURRY)
        assert again.returncode == 2
        assert "exists already" in again.stderr
    rows = (project / "spiders" / "portals.csv").read_text(encoding="utf-8").splitlines()
    assert rows[:-1] == (ROOT / "spiders" / "portals.csv").read_text(encoding="utf-8").splitlines()
    saved = portal_of_row(dict(zip(COLUMNS, next(csv.reader(rows[-1:])), strict=True)))
    assert check_fixture(project / "tests" / "pages" / replica.name / "listing.json", saved)
    assert archived(project / "archive", replica.name) == Counter(e.url for e in replica.truth())


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["http://127.0.0.1:9/"], 2, "could not fetch"),
        (["ftp://www.example.gov.cn/"], 2, "http://"),
        ([], 2, "http://"),
        (["http://127.0.0.1:9/", "--save", "../elsewhere"], 2, "is no valid portal name"),
        (["http://127.0.0.1:9/", "--save", "panyu"], 2, "exists already"),
    ],
)
def test_what_cannot_be_probed_is_said_in_a_line(tmp_path: Path, arguments: list[str], code: int, said: str) -> None:
    done = scrapy(tmp_path / "archive", "probe", *arguments, *HURRY, "-s", "RETRY_ENABLED=0")
    assert done.returncode == code
    assert said in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


SCRIPTED: dict[str, dict[str, Any]] = {
    "gkmlpt": {"page_size": 5},
    "hanweb-strict": {"quirks": ["no-static-group"]},
    "hanweb-jpaas": {},
    "hanweb-unit": {"page_size": 4},
    "ucap": {},
    "easysite-all": {},
}
"""Replicas whose columns have no row in the page."""


@pytest.fixture(scope="module")
def scripted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Replica], dict[str, Any]]:
    """Their columns probed directly, with no link on the page to the column itself."""
    archive = tmp_path_factory.mktemp("scripted") / "archive"
    replicas = {
        name: make(name, 9, "_s", place=place, **how)
        for place, (name, how) in zip(places(), SCRIPTED.items(), strict=False)
    }
    with pytest.MonkeyPatch.context() as patch:
        for replica in replicas.values():
            patch.setattr(replica, "html", partial(without_own_link, replica, replica.html))
        with Server(*replicas.values()):
            done = {name: scrapy(archive, "probe", replica.listing_url, *HURRY) for name, replica in replicas.items()}
            done["address"] = scrapy(archive, "probe", replicas["gkmlpt"].numbers["api"], *HURRY)
            done["category"] = scrapy(archive, "probe", f"{replicas['gkmlpt'].listing_url}#15917", *HURRY)
            portals = {n: portal_of(done[n].stdout) for n in SCRIPTED}
            crawled = crawl(archive, *(as_replica(portal, replicas[n].name) for n, portal in portals.items()))
    assert crawled.returncode == 0, crawled.stderr
    return archive, replicas, done


def without_own_link(replica: Replica, html: Any, text: str, modified: Any = None) -> Reply:
    """A page of the replica that does not link its column."""
    path = replica.listing_url.removeprefix(replica.base)
    reply: Reply = html(text.replace(f'href="{path}"', 'href="#"'), modified)
    return reply


@pytest.mark.parametrize("name", SCRIPTED)
def test_a_column_that_a_script_fills_is_followed_to_its_service(
    scripted: tuple[Path, dict[str, Replica], dict[str, Any]], name: str
) -> None:
    archive, replicas, answers = scripted
    done, replica = answers[name], replicas[name]
    assert done.returncode == 0, done.stderr
    assert portal_of(done.stdout).listings == (replica.listing_url,)
    assert re.search(rf"column: .* {re.escape(replica.listing_url)} \(\d+ entries from http", done.stderr)
    assert archived(archive, replica.name) == Counter(expected.url for expected in replica.truth())


@pytest.mark.parametrize("name", ["gkmlpt", "hanweb-strict", "ucap"])
def test_it_is_found_offline_from_the_captures_alone(
    scripted: tuple[Path, dict[str, Replica], dict[str, Any]], name: str
) -> None:
    archive, replicas, answers = scripted
    again = scrapy(archive, "probe", replicas[name].listing_url, "-s", "OFFLINE=1", *HURRY)
    assert (again.returncode, again.stdout) == (0, answers[name].stdout), again.stderr


def test_a_category_of_a_catalogue_is_said(scripted: tuple[Path, dict[str, Replica], dict[str, Any]]) -> None:
    _, replicas, answers = scripted
    assert "政府信息公开工作年报 (15917)" in answers["gkmlpt"].stderr
    assert "    categories = (15917,)" in answers["category"].stdout.splitlines()
    found = portal_of(answers["address"].stdout)
    assert (found.platform, found.listings) == ("gkmlpt", (replicas["gkmlpt"].numbers["api"],))


def test_a_catalogue_without_the_category_says_which_it_has(tmp_path: Path) -> None:
    class Other(Gkmlpt):
        """Its catalogue has no annual reports on disclosure."""

        def index(self) -> str:
            return super().index().replace(json.dumps("政府信息公开工作年报"), json.dumps("工作动态"))

    with Server(Other("other", 3)) as server:
        done = scrapy(tmp_path / "archive", "probe", server["other"].listing_url, *HURRY)
    assert done.returncode == 1
    assert "规划计划与年度报告 (1572)、法治政府建设年度报告 (1573)" in done.stderr
    assert "closer" not in done.stderr


def test_a_site_without_a_column_is_one_to_look_at(tmp_path: Path) -> None:
    class Bare(Nfcms):
        def menu(self) -> dict[str, str]:
            return {"首页": "/", "要闻动态": "/ywdt/"}

    with Server(Bare("bare", 3)) as server:
        done = scrapy(tmp_path / "archive", "probe", server["bare"].home_url, *HURRY)
    assert done.returncode == 1
    assert "no column of annual reports found" in done.stderr
    assert portal_of(done.stdout).listings == ()


@pytest.mark.parametrize(
    ("name", "is_column"),
    [
        ("政府信息公开年报", True),
        ("政府信息公开工作年度报告", True),
        ("信息公开工作年报", True),
        ("年度报告", True),
        ("统计年报", False),
        ("中国青年报", False),
        ("部门决算年度报告", False),
        ("2023年政府信息公开工作年度报告", False),
        ("政府信息公开指南", False),
    ],
)
def test_columns_go_by_their_names(name: str, is_column: bool) -> None:
    assert is_column_name(name) is is_column
    assert not (is_column and re.search(r"\d", name))


def test_real_pages_show_their_platform() -> None:
    pages = ROOT.parent / "shared" / "real" / "portal_pages"
    if not pages.is_dir():
        pytest.skip("the saved portal pages are not beside the project")
    lines = (pages / "portal_pages.truth.jsonl").read_text(encoding="utf-8").splitlines()
    truth = {fact["url"]: fact["platform"] for fact in map(json.loads, lines)}
    wrong = {}
    with (pages / "portal_pages.warc.gz").open("rb") as file:
        for record in ArchiveIterator(file):
            if record.rec_type != "response":
                continue
            url, body = record.rec_headers.get_header("WARC-Target-URI"), record.content_stream().read()
            kind = {"Content-Type": record.http_headers.get_header("Content-Type") or "text/html"}
            page = listing.decoded(HtmlResponse(url, body=body, headers=kind))
            platform, _ = recognise_platform([cast("HtmlResponse", page)])
            # Some of the pages that the truth calls other do run on a platform that is known here.
            if truth[url] in platforms() and truth[url] not in {
                cls.__dict__.get("platform") for cls in platform.__mro__
            }:
                wrong[url] = platform.platform
    assert wrong == {}


def test_menus_go_by_their_names() -> None:
    assert is_menu("政务公开")
    assert is_menu("政府信息公开目录")
    assert not is_menu("要闻动态")


@pytest.mark.parametrize(
    ("urls", "pattern", "key"),
    [
        (
            ["http://a.example/info/1050/64208.htm", "http://a.example/info/1050/64210.htm"],
            r"/info/1050/(?P<key>\d+)\.htm$",
            "64208",
        ),
        (["http://a.example/x/5000479938", "http://a.example/x/5000479940"], r"/x/(?P<key>\d+)$", "5000479938"),
        (
            ["http://a.example/1/" + "ab" * 12 + ".html", "http://a.example/2/" + "0c" * 16 + ".html"],
            r"/(?P<key>(?:[0-9a-f-]{24}|[0-9a-f-]{32}))\.html$",
            "ab" * 12,
        ),
    ],
)
def test_articles_addresses_show_their_pattern(urls: list[str], pattern: str, key: str) -> None:
    assert document_pattern(urls) == pattern
    found = re.search(pattern, urls[0])
    assert found is not None
    assert found["key"] == key
    assert document_pattern([]) is None
