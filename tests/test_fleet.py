"""scrapy crawl-all: portals in processes of their own; scrapy health afterwards."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from crawler.demo.nfcms import Nfcms
from crawler.demo.replica import Replica
from crawler.demo.server import Server
from crawler.demo.trs import Trs
from tests.crawling import HURRY, ROOT, scrapy_apart
from tests.test_crawl import rows

KILLED = '''
import os, signal
from spiders.platforms.trs import TRS

class Doomed(TRS):
    """A portal whose process does not live long."""
    name, title, home = "doomed", "doomed", "http://127.9.9.9:9/"
    listings = ("http://127.9.9.9:9/nb/index.html",)

    async def start(self):
        os.kill(os.getpid(), signal.SIGKILL)
        yield
'''


def portals(folder: Path, *replicas: Replica, **files: str) -> None:
    """Portal files of replicas, in a package of their own."""
    package = folder / "replicas_at_hand"
    package.mkdir()
    (package / "__init__.py").touch()
    for name, source in ({replica.name: replica.source() for replica in replicas} | files).items():
        (package / f"{name}.py").write_text(source, encoding="utf-8")


def environment(folder: Path) -> dict[str, str]:
    return {"ARCHIVE": str(folder / "archive"), "PYTHONPATH": str(folder)}


def words(name: str, *arguments: str) -> list[str]:
    """A scrapy command that knows the portals of that package only."""
    settings = {"SPIDER_MODULES": "replicas_at_hand"} | HURRY
    options = [word for key, value in settings.items() if key != "LOG_LEVEL" for word in ("-s", f"{key}={value}")]
    return [name, *options, *arguments]


def line(name: str, *arguments: str) -> list[str]:
    """Its command line."""
    return [sys.executable, "-m", "scrapy", *words(name, *arguments)]


def command(folder: Path, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return scrapy_apart(*words(name, *arguments), **environment(folder))


def test_one_portal_that_fails_stops_no_other(tmp_path: Path) -> None:
    with Server(
        Nfcms("qinghe", 8, latency=0.6), Trs("hepan", 6, latency=0.15), Trs("fengling", 5), Nfcms("zhuxi", 4)
    ) as server:
        server["fengling"].fail("521")
        portals(tmp_path, *server, doomed=KILLED)
        done = command(tmp_path, "crawl-all", "--jobs", "2", "--json")
        assert done.returncode == 2, done.stderr
        crawls = {told["portal"]: told for told in map(json.loads, done.stdout.splitlines())}
        assert {name: crawl["exit_code"] for name, crawl in crawls.items()} == {
            "qinghe": 0,
            "hepan": 0,
            "zhuxi": 0,
            "fengling": 1,
            "doomed": 2,
        }
        assert crawls["qinghe"]["stats"]["reports/new"] == 8
        assert crawls["doomed"]["result"] == "was killed by signal 9"
        assert "host_refuses" in crawls["fengling"]["stats"]["unwell"]
        assert "5/5" in done.stderr
        # two of them ran at the same time, each at its own pace
        spans = [(min(h.time for h in r.log), max(h.time for h in r.log)) for r in server if r.name != "fengling"]
        assert any(a[0] < b[1] and b[0] < a[1] for a in spans for b in spans if a is not b)

        told = command(tmp_path, "health")
        assert told.returncode == 1
        assert "2 of 5 portals are unwell: doomed, fengling" in told.stdout
        found = [json.loads(text) for text in command(tmp_path, "health", "--json").stdout.splitlines()]
        assert {(f["portal"], f["kind"]) for f in found if f["unwell"]} >= {
            ("fengling", "blocked"),
            ("fengling", "host_refuses"),
            ("fengling", "no_entries"),
        }
        # named ones, for a person
        server["fengling"].behave()
        again = command(tmp_path, "crawl-all", "fengling", "qinghe")
        assert again.returncode == 0, again.stderr
        assert "2 portals crawled, all is well." in again.stdout
        assert command(tmp_path, "health", "fengling", "qinghe").returncode == 0
        assert command(tmp_path, "crawl-all", "nowhere").returncode == 2
        assert command(tmp_path, "crawl-all", "--jobs", "0").returncode == 2


def test_portals_on_one_address_are_crawled_one_after_the_other(tmp_path: Path) -> None:
    replicas = [Nfcms("qinghe", 6, latency=0.02), Nfcms("zhuxi", 6, latency=0.02)]
    with Server(*replicas, addresses=["127.0.0.2", "127.0.0.2"]) as server:
        portals(tmp_path, *server)
        assert command(tmp_path, "crawl-all", "--jobs", "2").returncode == 0
        first, second = sorted((min(h.time for h in r.log), max(h.time for h in r.log)) for r in server)
        assert first[1] < second[0]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_every_crawl_well(tmp_path: Path, how: signal.Signals) -> None:
    with Server(Nfcms("qinghe", 150, latency=0.1), Trs("hepan", 150, latency=0.1)) as server:
        portals(tmp_path, *server)
        process = subprocess.Popen(
            line("crawl-all", "--jobs", "2"),
            cwd=ROOT,
            env=os.environ | environment(tmp_path),
            stderr=subprocess.PIPE,
            text=True,
            # of what runs in the background of a shell, SIGINT is ignored
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        while not all(len(replica.log) > 4 for replica in server):
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(how)
        _, told = process.communicate(timeout=30)
        assert process.returncode == 1
        assert "stopped; what was fetched is kept" in told
        reasons = rows(tmp_path / "archive", "captures", "SELECT finish_reason FROM runs")
        assert reasons == [("shutdown",), ("shutdown",)]


def test_the_hidden_ways_of_being_unwell(tmp_path: Path) -> None:
    """Health by what is in the archive: made up here, as it takes months or accidents to come about."""
    from datetime import UTC, datetime, timedelta

    from archive import Captures, Reports
    from archive.database import iso
    from archive.health import findings

    archive = tmp_path / "archive"
    captures, reports = Captures(archive), Reports(archive)

    def crawled(portal: str, days: int, reason: str | None = "finished", **stats: int) -> None:
        moment = iso(datetime.now(UTC) - timedelta(days=days))
        run_id = captures.start_run("crawl", portal)
        told = json.dumps({"entries/listed": 5} | stats) if reason else json.dumps(stats)
        captures.db.conn.execute(
            "UPDATE runs SET started_at = ?, finished_at = ?, finish_reason = ?, stats = ? WHERE id = ?",
            (moment, reason and moment, reason, told, run_id),
        )
        captures.db.conn.commit()

    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    crawled("well", 3)
    crawled("running", 0)
    crawled("running", 0, None, process=os.getpid())
    crawled("killed", 9)
    crawled("killed", 2, None, process=ended.pid)
    crawled("stopped", 9)
    crawled("stopped", 1, "shutdown")
    crawled("stale", 90)
    crawled("empty", 1, **{"entries/listed": 0})
    crawled("fewer", 1, **{"entries/listed": 1})
    reports.db.conn.execute("INSERT INTO portals (name) VALUES ('fewer')")
    for number in range(3):
        reports.db.conn.execute(
            "INSERT INTO reports (id, url, portal, state, search_id, digest) VALUES (?, ?, 'fewer', ?, ?, '')",
            (f"fewer-{number}", f"http://fewer/{number}", "live" if number else "removed", number),
        )
    names = ["well", "running", "killed", "stopped", "stale", "empty", "fewer", "new"]
    assert {(f.portal, f.kind) for f in findings(captures, reports, names) if f.unwell} == {
        ("killed", "run_cut_off"),
        ("stopped", "run_failed"),
        ("stale", "not_crawled_lately"),
        ("empty", "no_entries"),
        ("fewer", "fewer_entries_than_reports"),
        ("new", "never_crawled"),
    }
    assert {f.portal for f in findings(captures, reports, names, timedelta(days=2))} >= {"well", "killed"}
    captures.close()
    reports.close()
