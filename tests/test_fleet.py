"""scrapy crawl-all: many portals in few processes; scrapy health afterwards."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path

import pytest
from scrapy.settings import Settings
from scrapy.utils.project import get_project_settings

from archive import Captures
from archive.vocabulary import RunKind
from crawler import fleet
from crawler.demo.nfcms import Nfcms
from crawler.demo.replica import Replica
from crawler.demo.server import Server
from crawler.demo.trs import Trs
from crawler.extensions.runs import Runs
from crawler.fleet import Crawl, Fleet
from crawler.look_ups import addresses
from crawler.process import SharedSettings
from spiders.platforms.trs import TRS
from tests import nation
from tests.crawling import HURRY, ROOT, crawl, scrapy_apart
from tests.test_crawl import rows
from tests.unreliable import unbalanced

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


def test_dead_and_stopped_workers_cost_nothing_and_no_address_is_asked_twice_at_once(tmp_path: Path) -> None:
    hosts = nation.addresses(6, 4)
    with Server(*nation.replicas(6, 5, 4), addresses=hosts) as server:
        nation.declare(tmp_path, server)
        assert nation.disturbed(tmp_path, server, workers=2, reports=5, share=0.0)[::2] == [1]
        assert list(nation.impolite(server)) == []
        assert crawl(tmp_path / "single", *server).returncode == 0
    assert unbalanced(tmp_path / "archive") == 0
    assert nation.published(tmp_path / "archive") == nation.published(tmp_path / "single")


def test_an_address_rests_between_its_portals_as_between_two_requests(tmp_path: Path) -> None:
    begun: list[str] = []

    async def dealt() -> None:
        workers = Fleet(tmp_path, 1, settings={}, arguments={}, on_start=begun.append)
        worker = fleet._Worker(0, room=5)
        workers.workers[worker] = asyncio.ensure_future(asyncio.sleep(0))
        shared = {"hepan": {"127.0.0.2"}, "qinghe": {"127.0.0.2", "127.0.0.3"}, "else": {"127.0.0.4"}}
        workers.waiting = {name: fleet._Portal(name, frozenset(places)) for name, places in shared.items()}
        workers._deal()
        assert begun == ["hepan", "else"]
        told = {"exit_code": 0, "seconds": 1.0, "is_archive_full": False}
        workers._take(worker, {"portal": "hepan", "rest": 0.2, **told})
        workers._deal()
        assert begun == ["hepan", "else"]
        while workers.resting:
            await asyncio.sleep(0.01)
        workers._deal()
        assert begun == ["hepan", "else", "qinghe"]

    asyncio.run(dealt())


def test_the_largest_portal_begins_first_and_an_unknown_one_counts_as_average(tmp_path: Path) -> None:
    captures = Captures(tmp_path)
    for name, listed in (("small", 3), ("large", 40)):
        captures.finish_run(captures.start_run(RunKind.CRAWL, name), "finished", {"entries/listed": listed})
    captures.close()
    command = import_module("crawler.commands.crawl-all").Command()
    command.settings = Settings({"ARCHIVE": str(tmp_path)})
    kinds = [type(name, (TRS,), {"name": name}) for name in ("small", "unknown", "large")]
    assert [kind.name for kind in command._largest_first(kinds)] == ["large", "unknown", "small"]


def test_one_process_crawls_portals_at_the_same_time(tmp_path: Path) -> None:
    """Each of the two answers only when the other one has been asked, too."""
    with Server(nation.Meeting("hepan", 2), nation.Meeting("qinghe", 2)) as server:
        portals(tmp_path, *server)
        done = command(tmp_path, "crawl-all", "--workers", "1", "-s", "DOWNLOAD_TIMEOUT=100")
        assert done.returncode == 0, done.stderr


def test_no_process_waits_for_name_servers_that_are_gone() -> None:
    code = """
import asyncio
from threading import Event
from crawler import look_ups

asked = Event()
look_ups.getaddrinfo = lambda *_: asked.set() or Event().wait()

async def look_up():
    with look_ups.LookUps() as found:
        waiting = [asyncio.ensure_future(found.addresses(f"{n}.example")) for n in range(100)]
        await asyncio.to_thread(asked.wait)
        for one in waiting:
            one.cancel()

asyncio.run(look_up())
print("ended")
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=200, check=True
    )
    assert (done.stdout, done.stderr) == ("ended\n", "")


def test_what_is_no_name_of_a_host_stands_for_itself() -> None:
    for host in ("a..example", "x" * 70 + ".example"):
        assert addresses(f"{host}:80") == {host}
    assert addresses("127.0.0.9:8080") == {"127.0.0.9"}


STUCK = """
import time
from spiders.platforms.trs import TRS

class Stuck(TRS):
    name, title, home = "stuck", "stuck", "http://127.9.9.9:9/"
    listings = ("http://127.9.9.9:9/nb/index.html",)

    async def start(self):
        time.sleep(600)
        yield
"""


def test_a_stuck_worker_is_killed_and_its_other_portals_are_crawled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fleet, "COMPANY", (10, 1))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with Server(Trs("hepan", 3)) as server:
        portals(tmp_path, *server, stuck=STUCK)
        settings = {"SPIDER_MODULES": "replicas_at_hand"} | HURRY

        async def crawled() -> dict[str, Crawl]:
            workers = Fleet(tmp_path / "archive", 1, settings=settings, arguments={}, stuck=8)
            return {
                crawl.portal: crawl async for crawl in workers.crawl({"stuck": ["127.9.9.9"], "hepan": ["127.0.0.2"]})
            }

        crawls = asyncio.run(crawled())
    assert (crawls["stuck"].exit_code, crawls["stuck"].result) == (2, "was killed by signal 9")
    assert crawls["hepan"].stats["reports/new"] == 3


KILLED_AT_FIRST = """
import os, signal, sys
from pathlib import Path

if "crawler.worker" in sys.orig_argv:
    mark = Path(__file__).with_name("killed")
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_worker_that_is_killed_before_it_begins_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sitecustomize.py").write_text(KILLED_AT_FIRST, encoding="utf-8")
    with Server(Trs("hepan", 3)) as server:
        portals(tmp_path, *server)
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        done = command(tmp_path, "crawl-all")
    assert (tmp_path / "killed").exists()
    assert done.returncode == 0, done.stderr
    assert "3 listed, 3 new" in done.stderr


def test_no_crawl_outlives_the_process_that_dealt_it_out(tmp_path: Path) -> None:
    with Server(*nation.replicas(1, 100, 1), addresses=["127.0.0.2"]) as server:
        nation.declare(tmp_path, server)
        run = nation.start(tmp_path, "--workers", "1")
        nation.wait_for(server, 4, run)
        run.kill()
        run.wait()
        ended = time.monotonic()
        while rows(tmp_path / "archive", "captures", "SELECT finish_reason FROM runs") == [(None,)]:
            assert time.monotonic() - ended < 10
            time.sleep(0.05)
        assert len(next(iter(server)).log) < 100


def test_crawls_share_their_settings_until_one_of_them_changes_something() -> None:
    shared = SharedSettings(get_project_settings())
    one, other = shared.copy(), shared.copy()
    delay, extensions = shared["DOWNLOAD_DELAY"], dict(shared["EXTENSIONS"])
    one.set("DOWNLOAD_DELAY", delay + 1, "spider")
    one.set("MADE_UP", 1)
    one.add_to_list("SPIDER_MODULES", "elsewhere")
    one.set_in_component_priority_dict("EXTENSIONS", Runs, 7)
    one.freeze()
    other.set("DOWNLOAD_DELAY", delay + 2, "spider")
    assert (one["DOWNLOAD_DELAY"], other["DOWNLOAD_DELAY"], shared["DOWNLOAD_DELAY"]) == (delay + 1, delay + 2, delay)
    assert one["EXTENSIONS"][Runs] == 7
    for untouched in (other, shared):
        assert "MADE_UP" not in untouched
        assert "elsewhere" not in untouched["SPIDER_MODULES"]
        assert dict(untouched["EXTENSIONS"]) == extensions
    assert shared.getpriority("DOWNLOAD_DELAY") < one.getpriority("DOWNLOAD_DELAY")


def test_a_worker_takes_as_many_portals_as_files_may_be_open() -> None:
    code = """
from resource import RLIMIT_NOFILE, setrlimit
from crawler.worker import room
for limit in (4096, 256, 64):
    setrlimit(RLIMIT_NOFILE, (min(limit, 32), limit))
    print(room())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.split() == ["200", "16", "0"]


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
