"""scrapy survey: which sites become portals, what is said of the others, and that an interrupted survey goes on."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from crawler.command import ExitCode
from crawler.demo.beijing import Beijing
from crawler.demo.easysite import EasySite
from crawler.demo.epoint import Epoint
from crawler.demo.gkmlpt import Gkmlpt
from crawler.demo.hanweb import Hanweb
from crawler.demo.links import PlainLinks
from crawler.demo.messages import Reply, Request
from crawler.demo.nfcms import Nfcms
from crawler.demo.replica import Replica
from crawler.demo.reports import catalogue
from crawler.demo.server import Server
from crawler.demo.trees import BeijingTree, HanwebModule
from crawler.demo.trs import Trs
from crawler.demo.trs_fujian import TrsFujian
from crawler.demo.trs_scripts import TrsWriteln, TrsXml
from crawler.demo.ucap import Ucap
from spiders.survey import HostsError, Results, Site, Verdict, read_hosts
from spiders.trial import FEWEST
from tests.crawling import ROOT, scrapy
from tests.test_ends_of_a_crawl import Sluggish

HURRY = ("-s", "DOWNLOAD_DELAY=0", "-s", "AUTOTHROTTLE_ENABLED=0", "-s", "RETRY_ENABLED=0")


class Bare(Nfcms):
    """A site without a column."""

    def menu(self) -> dict[str, str]:
        return {"首页": "/", "要闻动态": "/ywdt/"}


class Moved(Nfcms):
    """A site that has moved to another host."""

    target = ""

    def answer(self, request: Request) -> Reply:
        return Reply(status=301, headers={"Location": self.target})


class Short(Nfcms):
    """A column that announces more than it lists: its second page is gone."""

    def respond(self, request: Request) -> Reply | None:
        return None if "index_2" in request.path else super().respond(request)


GOOD: dict[str, Callable[[], Replica]] = {
    "nfcms": lambda: Nfcms("qinghe", 12, page_size=5, place="临川市青溪区"),
    "hanweb": lambda: Hanweb("nanping", 8, place="临川市南坪区"),
    "trs": lambda: Trs("dongshan", 8, place="临川市东山区"),
    "links": lambda: PlainLinks("beihe", 8, place="临川市北河区"),
    "tree": lambda: BeijingTree("xiyan", 8, place="临川市西岩区"),
} | {
    kind.__name__.lower(): partial(kind, kind.__name__.lower(), FEWEST + 1, place=f"临川市{character}溪区")
    for kind, character in zip(
        (Beijing, EasySite, Epoint, Gkmlpt, HanwebModule, TrsFujian, TrsWriteln, TrsXml, Ucap),
        "沙石云松龙白长金双",
        strict=True,
    )
}
"""A home of each replica."""
BAD = {
    "bare": (lambda: Bare("bare", 5), "no column of annual reports was found"),
    "few": (lambda: Nfcms("few", 2, place="临川市青溪区"), "2 reports were read, 3 are needed"),
    "other": (
        lambda: Nfcms("other", catalogue("广州市荔湾区", 6), place="广州市番禺区"),
        "reports are not of 番禺区 but of 广州市荔湾区",
    ),
    "short": (lambda: Short("short", 12, page_size=5, place="临川市青溪区"), "listing_failed"),
}


class Surveyed:
    """A survey of good and bad sites, and what it wrote."""

    def __init__(self, folder: Path) -> None:
        self.archive = folder / "archive"
        self.archive.mkdir()
        self.table = folder / "portals.csv"
        self.hosts = folder / "hosts.txt"
        replicas = {name: make() for name, make in GOOD.items()} | {name: make() for name, (make, _) in BAD.items()}
        with Server(*replicas.values()):
            self.urls = {name: replica.home_url for name, replica in replicas.items()}
            lines = ["# sites", "", *self.urls.values(), "http://127.0.0.99:9/ 4401130001 无人应答", "no host"]
            self.hosts.write_text("\n".join(lines) + "\n")
            self.first = self.survey(str(self.hosts))
            asked = sum(len(replica.log) for replica in replicas.values())
            self.again = self.survey(str(self.hosts))
            self.asked_again = sum(len(replica.log) for replica in replicas.values()) - asked
        self.results = Results(self.archive)

    def survey(self, *arguments: str) -> CompletedProcess[str]:
        return scrapy(self.archive, "survey", *arguments, "-s", f"PORTALS={self.table}", *HURRY)

    def rows(self) -> dict[str, dict[str, str]]:
        with self.table.open(encoding="utf-8", newline="") as file:
            return {row["home"]: row for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def surveyed(tmp_path_factory: pytest.TempPathFactory) -> Surveyed:
    return Surveyed(tmp_path_factory.mktemp("surveyed"))


@pytest.mark.parametrize("name", GOOD)
def test_a_good_site_becomes_a_row(surveyed: Surveyed, name: str) -> None:
    assert f"accepted {surveyed.urls[name]}" in surveyed.first.stdout, surveyed.first.stdout + surveyed.first.stderr
    assert surveyed.urls[name] in surveyed.rows()


@pytest.mark.parametrize("name", BAD)
def test_a_refusal_says_what_is_missing(surveyed: Surveyed, name: str) -> None:
    assert surveyed.urls[name] not in surveyed.rows()
    result = surveyed.results.by_url[surveyed.urls[name]]
    assert result.verdict == Verdict.QUEUED
    assert BAD[name][1] in "\n".join(result.missing)


def test_only_what_is_proved_is_accepted_and_the_rest_waits(surveyed: Surveyed) -> None:
    assert surveyed.first.returncode == 1
    assert len(surveyed.rows()) == len(GOOD)
    assert f"{len(GOOD)} accepted, 5 queued" in surveyed.first.stdout
    assert f"line {len(surveyed.urls) + 4}: 'no' is no host" in surveyed.first.stderr
    silent = surveyed.results.by_url["http://127.0.0.99:9/"]
    assert silent.missing[0] == "its page could not be fetched"
    assert not (surveyed.archive / "captures.db").exists(), "a survey leaves the archive alone"


def test_what_is_judged_is_not_surveyed_again(surveyed: Surveyed) -> None:
    assert surveyed.asked_again == 0
    assert f"{len(GOOD)} accepted, 5 queued" in surveyed.again.stdout


def test_the_queue_shows_what_was_found_and_what_is_missing(surveyed: Surveyed) -> None:
    shown = surveyed.survey("--review")
    assert shown.returncode == 1
    assert shown.stdout.count(" of 5: http") == 5
    assert "missing  2 reports were read, 3 are needed" in shown.stdout
    assert "found    platform nfcms, recognised by" in shown.stdout
    assert "5 wait for a person" in shown.stdout
    assert "\x1b" not in shown.stdout


def test_an_accepted_row_is_a_portal_that_can_be_crawled(surveyed: Surveyed, tmp_path: Path) -> None:
    listed = scrapy(tmp_path, "list", "-s", f"PORTALS={surveyed.table}")
    assert listed.returncode == 0, listed.stderr
    assert {row["name"] for row in surveyed.rows().values()} <= set(listed.stdout.split())


def test_a_site_that_has_moved_is_surveyed_where_it_leads(tmp_path: Path) -> None:
    archive, hosts, table = tmp_path / "archive", tmp_path / "hosts.txt", tmp_path / "portals.csv"
    archive.mkdir()
    with Server(Moved("old", 1), Nfcms("qinghe", 4, place="临川市青溪区"), Moved("lost", 1)) as server:
        server["old"].__dict__["target"] = server["qinghe"].home_url
        server["lost"].__dict__["target"] = server["old"].home_url
        hosts.write_text(f"{server['old'].home_url}\n")
        done = scrapy(archive, "survey", hosts, "-s", f"PORTALS={table}", *HURRY)
        assert done.returncode == 0, done.stdout + done.stderr
        assert f"accepted {server['old'].home_url} portal\n" in done.stdout
        with table.open(encoding="utf-8", newline="") as file:
            (row,) = csv.DictReader(file)
        assert row["home"] == server["qinghe"].home_url
        result = Results(archive).by_url[server["old"].home_url]
        assert result.found[0] == f"it leads to {server['qinghe'].home_url}"
        hosts.write_text(f"{server['lost'].home_url}\n")  # what leads on and on is for a person
        lost = scrapy(archive, "survey", hosts, "-s", f"PORTALS={table}", *HURRY)
        assert lost.returncode == 1
        assert Results(archive).by_url[server["lost"].home_url].missing[0] == "its page could not be fetched"


def test_an_unwell_portal_that_has_moved_is_proposed_where_it_is_today(tmp_path: Path) -> None:
    archive, table = tmp_path / "archive", tmp_path / "portals.csv"
    with Server(Moved("old", 1), Nfcms("qinghe", 4, place="临川市青溪区")) as server:
        old, new = server["old"].home_url, server["qinghe"].home_url
        server["old"].__dict__["target"] = new
        with table.open("w", encoding="utf-8", newline="") as file:
            row = {"name": "qingxi", "title": "青溪区", "home": old, "platform": "trs", "listings": f"{old}nb/"}
            writer = csv.DictWriter(
                file, ("name", "title", "home", "platform", "division", "level", "listings", "facts", "note")
            )
            writer.writeheader()
            writer.writerow(row)
        settings = ("-s", f"PORTALS={table}", *HURRY)
        assert scrapy(archive, "crawl", "qingxi", *settings).returncode == 1
        done = scrapy(archive, "survey", "--unwell", *settings)
        assert done.returncode == 1, done.stdout + done.stderr
    (result,) = Results(archive).queue()
    assert (result.url, result.row["name"], result.row["home"]) == (old, "qingxi", new)
    assert result.found[0] == f"it leads to {new}"
    assert result.missing == ["portal qingxi is unwell: this is what its site shows today"]


def test_a_name_that_nobody_knows_costs_no_archive(tmp_path: Path) -> None:
    hosts = tmp_path / "hosts.txt"
    hosts.write_text("nobody.invalid\n" + "a" * 64 + ".gov.cn\n")
    archive = tmp_path / "archive"
    surveyed = scrapy(archive, "survey", str(hosts), *HURRY)
    assert surveyed.returncode == 1
    results = Results(archive)
    assert [result.missing[0] for result in results.queue()] == ["its page could not be fetched"] * 2
    assert all(result.missing[1].startswith("its name could not be looked up: ") for result in results.queue())
    assert [path.name for path in results.path.parent.iterdir()] == [results.path.name]


def test_a_line_that_was_cut_off_is_forgotten_and_the_next_is_whole(tmp_path: Path) -> None:
    results = Results(tmp_path)
    site = {"verdict": Verdict.QUEUED, "missing": ["x"]}
    results.add(_result("http://a.example/", **site))
    with results.path.open("a", encoding="utf-8") as file:
        file.write('{"url": "http://b.exa')
    again = Results(tmp_path)
    assert list(again.by_url) == ["http://a.example/"]
    again.add(_result("http://c.example/", **site))
    assert list(Results(tmp_path).by_url) == ["http://a.example/", "http://c.example/"]


def _result(url: str, **stated: Any) -> Any:
    from spiders.survey import Result

    return Result(url=url, **stated)


def test_a_hosts_file_has_a_site_a_line() -> None:
    lines = [
        "www.heyuan.example",
        "https://www.heyuan.example/nb/, 4401130001, 河原县 人民政府",
        "# a remark",
        "www.heyuan.example\t4401130001",
        "http://[x/",
        "localhost",
    ]
    found = list(read_hosts(lines))
    assert found[:2] == [
        Site("http://www.heyuan.example/"),
        Site("https://www.heyuan.example/nb/", "4401130001", "河原县 人民政府"),
    ]
    assert [str(error).split(":")[0] for error in found[2:] if isinstance(error, HostsError)] == ["line 5", "line 6"]
    assert json.dumps(str(found[2]))


def test_ctrl_c_ends_a_survey_and_the_next_one_goes_on(tmp_path: Path) -> None:
    archive, hosts, table = tmp_path / "archive", tmp_path / "hosts.txt", tmp_path / "portals.csv"
    archive.mkdir()
    with Sluggish() as sluggish, Server(Nfcms("qinghe", 4, place="临川市青溪区")) as server:
        replica = server["qinghe"]
        silent = f"http://127.0.0.1:{sluggish}/"
        hosts.write_text(f"{replica.home_url}\n{silent}\n")
        options = ("-s", f"PORTALS={table}", *HURRY)
        process = subprocess.Popen(
            [sys.executable, "-m", "scrapy", "survey", str(hosts), *options, "-s", "DOWNLOAD_TIMEOUT=60"],
            cwd=ROOT,
            env=os.environ | {"ARCHIVE": str(archive)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # of what runs in the background of a shell, SIGINT is ignored
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        assert process.stdout is not None
        assert process.stdout.readline().startswith(f"accepted {replica.home_url}")
        process.send_signal(signal.SIGINT)
        begun = time.monotonic()
        _, errors = process.communicate(timeout=60)
        print(f"ended after {time.monotonic() - begun:.1f} s")
        assert process.returncode == ExitCode.INTERRUPTED, errors
        assert "Traceback" not in errors
        assert "the next survey of this list goes on from here" in errors
        asked = len(replica.log)
        again = scrapy(archive, "survey", hosts, *options, "-s", "DOWNLOAD_TIMEOUT=1")
        assert len(replica.log) == asked
    assert f"queued {silent}" in again.stdout
    assert "1 accepted, 1 queued" in again.stdout
