"""Documents are read from a part of captures.db, by workers that have no other, as they are from the whole."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from scrapy.utils.project import get_project_settings

from archive import ArchiveError, Captures, Reports, lent
from archive.excerpt import ExcerptCaptures, Wanted, excerpt
from archive.model import Located
from archive.portal_lock import PortalLock
from archive.records import Reading
from archive.vocabulary import RunKind
from crawler.demo.server import Server
from crawler.demo.trs import Trs
from pipelines.ingest.compose import compose
from pipelines.ingest.composing import compose_all
from pipelines.ingest.locate import located_documents
from spiders.registry import Registry
from tests.cluster_nation import cluster as workers
from tests.crawling import ROOT, crawl, scrapy
from tests.nation import Meeting, addresses, declare, ended, impolite, published, replicas, start
from tests.poison import die_on_one, wait_to_read
from tests.test_fetched_documents import AttachingWord, Framing
from tests.test_tls import certificate

dask = pytest.importorskip("dask", reason="Dask is not installed: pip install 'tongjian[cluster]'")
distributed = pytest.importorskip("distributed", reason="Dask is not installed: pip install 'tongjian[cluster]'")

from crawler.cluster_fleet import ClusterFleet, _Group  # noqa: E402 - only where Dask is
from crawler.cluster_worker import Crawled  # noqa: E402
from pipelines.ingest import cluster  # noqa: E402


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Articles in several pages, tables in files that moved, articles in frames."""
    archive = tmp_path_factory.mktemp("cluster") / "archive"
    with Server(Trs("hepan", 12, split=5), AttachingWord("fujian", 3), Framing("kuangjia", 3)) as server:
        assert crawl(archive, *server).returncode == 0
        yield archive


@pytest.fixture
def archive(crawled: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(crawled, tmp_path / "archive"))


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    """Of two workers, which are threads of this process; each reads in a process of its own."""
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, protocol="tcp://", dashboard_address=None
    ) as found:
        yield found.scheduler_address
        end_processes()


def end_processes() -> None:
    """Those of the workers; the next batch begins new ones."""
    if cluster.processes.cache_info().currsize:
        cluster.processes().shutdown(wait=False, cancel_futures=True)
        cluster.processes.cache_clear()


def places_of(archive: Path) -> list[Located]:
    with closing(Captures(archive, read_only=True)) as captures:
        return list(located_documents(captures, Registry(get_project_settings(), captures)))


def dump(archive: Path) -> list[str]:
    reports = Reports(archive)
    lines = list(reports.dump())
    reports.close()
    return lines


def compose_elsewhere(captures: Captures, place: Located) -> tuple[Reading, int]:
    """A document read from excerpts alone, and how many that took."""
    beside = Wanted()
    for times in range(1, 10):
        with closing(ExcerptCaptures(excerpt(captures, place.urls, beside))) as carried:
            reading = compose(carried, place)
            if not carried.lacking:
                return reading, times
            beside |= carried.lacking
    raise AssertionError("it always asks for more")


def test_an_excerpt_reads_as_the_whole_and_asks_for_what_it_lacks(crawled: Path) -> None:
    times = []
    with closing(Captures(crawled, read_only=True)) as captures:
        for place in places_of(crawled):
            here = compose(captures, place)
            there, number = compose_elsewhere(captures, place)
            times.append(number)
            assert replace(there, report=None, mark=None) == replace(here, report=None, mark=None)
            assert there.report == here.report
    assert set(times) > {1, 2}  # some alone, some with what stands beside them, some with what that leads to


def test_what_was_captured_since_is_in_the_next_excerpt(archive: Path) -> None:
    (place, *_) = places_of(archive)
    with closing(Captures(archive)) as captures:
        before = ExcerptCaptures(excerpt(captures, place.urls, Wanted()))
        capture = captures.get(before.history(place.urls)[0].id or 0)
        captures.add(
            replace(
                capture, id=None, body=b"<html>other</html>", sha256=None, requested_at="2099-01-01T00:00:00.000000Z"
            )
        )
        after = ExcerptCaptures(excerpt(captures, place.urls, Wanted()))
        assert len(after.history(place.urls)) == len(before.history(place.urls)) + 1
        assert after.newest == before.newest + 1
        before.close()
        after.close()


def test_a_cluster_rebuilds_what_this_machine_does(archive: Path, scheduler: str) -> None:
    before = dump(archive)
    for path in archive.glob("reports.db*"):
        path.unlink()
    done = scrapy(archive, "reparse", "--scheduler", scheduler)
    assert done.returncode == 0, done.stderr
    assert dump(archive) == before
    again = scrapy(archive, "reparse", "--new", "--scheduler", scheduler)
    assert "0 new, 0 changed, 0 unchanged" in again.stdout, again.stdout + again.stderr


def certificates(file: Path) -> dict[str, str]:
    """Dask's configuration of a client that shows this one, and trusts nobody else."""
    return {f"distributed.comm.tls.{name}": str(file) for name in ("ca-file", "client.cert", "client.key")}


def test_a_cluster_is_reached_by_certificates_of_ones_own(archive: Path, tmp_path: Path) -> None:
    files = []
    for name in ("own", "other"):
        (tmp_path / name).mkdir()
        files.append(certificate(tmp_path / name, "127.0.0.1"))
    own, other = files
    names = ("ca_file", "scheduler_cert", "scheduler_key", "worker_cert", "worker_key", "client_cert", "client_key")
    security = distributed.Security(require_encryption=True, **{f"tls_{name}": str(own) for name in names})
    before = dump(archive)
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, protocol="tls://", security=security, dashboard_address=None
    ) as found:
        address = found.scheduler_address
        for path in archive.glob("reports.db*"):
            path.unlink()
        with dask.config.set(certificates(own)):
            done = scrapy(archive, "reparse", "--scheduler", address)
        end_processes()
        assert done.returncode == 0, done.stderr
        assert dump(archive) == before
        for given, said in (
            ({}, "takes certificates: name them in DASK_DISTRIBUTED__COMM__TLS__CA_FILE"),
            ({"distributed.comm.tls.ca-file": str(own)}, "takes certificates: name them in"),
            (certificates(tmp_path / "none.pem"), "none.pem): "),
            (certificates(other), "no scheduler to be reached at tls://"),
        ):
            with dask.config.set(given), pytest.MonkeyPatch.context() as patched:
                patched.setattr(cluster, "CONNECT_S", 2)
                done = scrapy(archive, "reparse", "--scheduler", address)
            assert done.returncode == 2
            assert said in done.stderr
            assert "Traceback" not in done.stderr


def test_ctrl_c_ends_what_a_cluster_reads_and_the_next_run_goes_on(
    archive: Path, tmp_path: Path, scheduler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("READ_FROM", str(tmp_path / "go"))
    monkeypatch.setattr(cluster, "PREPARE", wait_to_read)
    end_processes()
    before = dump(archive)
    for path in archive.glob("reports.db*"):
        path.unlink()
    run = subprocess.Popen(
        [sys.executable, "-m", "scrapy", "reparse", "--scheduler", scheduler],
        cwd=ROOT,
        env=os.environ | {"ARCHIVE": str(archive)},
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    while not (tmp_path / "go.waiting").exists():
        assert run.poll() is None
        time.sleep(0.05)
    run.send_signal(signal.SIGINT)
    said = run.communicate(timeout=100)[1]
    (tmp_path / "go").touch()
    assert run.returncode == 1, said
    assert "Traceback" not in said
    done = scrapy(archive, "reparse", "--scheduler", scheduler)
    end_processes()
    assert done.returncode == 0, done.stderr
    assert dump(archive) == before


def test_ctrl_c_ends_what_a_cluster_crawls_and_the_next_run_goes_on(tmp_path: Path) -> None:
    """Two portals that answer when both are asked: so their crawls run at the same time."""
    both = [Meeting(name, 40, latency=0.1) for name in ("hepan", "qinghe")]
    with Server(*both) as server, declared_and_served(tmp_path, server) as scheduler:
        options = ("--scheduler", scheduler, "-s", "CLUSTER_LEASE=300", "-s", "DOWNLOAD_TIMEOUT=100")
        first = start(tmp_path, *options)
        while not all(len(replica.log) > 6 for replica in server):
            assert first.poll() is None
            time.sleep(0.01)
        first.send_signal(signal.SIGINT)
        said = ended(first, tmp_path)
        assert first.returncode == 1, said
        assert "stopped; what was fetched is kept" in said[1]
        again = start(tmp_path, *options)
        said = ended(again, tmp_path)
        assert again.returncode == 0, said
        assert [json.loads(line)["stats"]["entries/listed"] for line in said[0].splitlines()] == [40, 40]
        assert list(impolite(server)) == []
        documents = Counter(
            (replica.name, hit.target) for replica in server for hit in replica.log if "/t20" in hit.target
        )
        assert set(documents.values()) <= {1, 2}  # an answer that came with the signal is fetched again


def test_what_a_crawl_has_fetched_is_given_back_although_it_goes_on(archive: Path, tmp_path: Path) -> None:
    with closing(Captures(archive)) as captures:
        newest, _ = lent.newest(captures)
        run = captures.start_run(RunKind.CRAWL, "hepan")
        known = captures.get(newest)
        captures.add(
            replace(known, id=None, url=f"{known.url}?again", requested_at="2099-01-01T00:00:00.000000Z", run_id=run)
        )
        captures.db.conn.execute("BEGIN IMMEDIATE")  # it is writing
        given = lent.give_back_so_far(archive, newest, {"captures/ok": 1})
        captures.db.conn.rollback()
        assert captures.db.conn.execute("SELECT finished_at FROM runs WHERE id = ?", (run,)).fetchone()[0] is None
    (tmp_path / "given").mkdir()
    (tmp_path / "given" / "captures.db").write_bytes(given)
    with closing(Captures(tmp_path / "given", read_only=True)) as part:
        found = part.db.conn.execute("SELECT url, sha256 FROM captures").fetchall()
        assert [tuple(row) for row in found] == [(f"{known.url}?again", known.sha256)]
        (ended,) = part.db.conn.execute("SELECT finish_reason FROM runs WHERE id = ?", (run,)).fetchone()
        assert ended == "shutdown"


def test_a_document_that_kills_its_process_fails_alone(
    archive: Path, scheduler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reports = Reports(archive)
    sql = "SELECT id, sha256 FROM reports WHERE portal = 'hepan' ORDER BY id LIMIT 1"
    report_id, sha256 = reports.db.conn.execute(sql).fetchone()
    reports.close()
    places = sorted(places_of(archive), key=lambda place: place.id != report_id)[:3]
    monkeypatch.setenv("DIE_ON", sha256)
    monkeypatch.setattr(cluster, "PREPARE", die_on_one)
    end_processes()
    said: list[str] = []
    readings = list(compose_all(archive, places, 1, scheduler=scheduler, tell=said.append))
    end_processes()
    assert [reading.located.id for reading in readings if reading.failed] == [report_id]
    assert len(readings) == len(places)
    assert "SIGKILL" in said[0]


def test_workers_with_other_readers_are_refused(archive: Path, scheduler: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "reader_version", lambda: "0")
    with pytest.raises(ArchiveError, match=r"worker tcp://\S+ has readers of version 0, this machine of version \d"):
        list(compose_all(archive, places_of(archive), 1, scheduler=scheduler))
    with distributed.Client(scheduler, set_as_default=False) as client:
        later = client.submit(cluster.compose_there, "0", b"", pure=False)  # a worker that came when all were asked
        assert isinstance(later.exception(), ArchiveError)


def test_what_a_cluster_crawls_is_merged_and_crawled_on(tmp_path: Path) -> None:
    """Three portals, two of them on one address; the second time nothing but their listings is asked for."""
    with (
        Server(*replicas(3, 3, 2), addresses=addresses(3, 2)) as server,
        declared_and_served(tmp_path, server) as scheduler,
    ):
        for replica in server:
            assert crawl(tmp_path / "single", replica).returncode == 0
            replica.log.clear()
        first = start(tmp_path, "--scheduler", scheduler, "-s", "CLUSTER_LEASE=300")
        said = ended(first, tmp_path)
        assert first.returncode == 0, said
        assert len(said[0].splitlines()) == 3
        assert published(tmp_path / "archive") == published(tmp_path / "single")
        assert list(impolite(server)) == []
        asked = [len(replica.log) for replica in server]
        again = start(tmp_path, "--scheduler", scheduler, "-s", "CLUSTER_LEASE=300")
        said = ended(again, tmp_path)
        assert again.returncode == 0, said
        stats = [json.loads(line)["stats"] for line in said[0].splitlines()]
        assert [found["entries/known"] for found in stats] == [3, 3, 3]
        assert all(len(replica.log) - before < 3 for replica, before in zip(server, asked, strict=True))
        assert published(tmp_path / "archive") == published(tmp_path / "single")


def test_where_nothing_more_can_be_merged_no_portal_stays_locked(archive: Path, tmp_path: Path) -> None:
    """Two crawls have come back to a full disk, a third one is under way."""
    brought = (archive / "captures.db").read_bytes()
    told = {"portal": "hepan", "exit_code": 0, "seconds": 1.0, "stats": {}, "message": ""}

    async def stopped() -> None:
        fleet = ClusterFleet(
            SimpleNamespace(status="closed"), tmp_path / "whole", settings={}, arguments={}, table=None, lease=1
        )
        connection = fleet.captures.db.conn
        connection.execute(f"PRAGMA max_page_count = {connection.execute('PRAGMA page_count').fetchone()[0]}")
        for number in range(3):
            future: asyncio.Future[list[Crawled]] = asyncio.get_running_loop().create_future()
            if number < 2:
                future.set_result([Crawled(told, brought, 1)])
            fleet.crawling[future] = _Group([f"p{number}"], locks=[PortalLock.take(fleet.archive, f"p{number}")])
        with pytest.raises(ArchiveError, match="disk is full"):
            await fleet._stop()
        assert not fleet.crawling
        for number in range(3):
            PortalLock.take(fleet.archive, f"p{number}").release()

    asyncio.run(stopped())


@contextmanager
def declared_and_served(folder: Path, server: Server) -> Iterator[str]:
    """The scheduler of one worker that knows these portals."""
    declare(folder, server)
    with workers(folder, 1) as (address, _):
        yield address


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("127.0.0.1:8786", "--scheduler takes tls://HOST:PORT"),
        ("tcp://127.0.0.1", "--scheduler takes tls://HOST:PORT"),
    ],
)
def test_a_scheduler_that_is_none_is_said_in_a_line(archive: Path, address: str, said: str) -> None:
    done = scrapy(archive, "reparse", "--scheduler", address)
    assert done.returncode == 2
    assert done.stderr.startswith("scrapy: ")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_where_no_scheduler_listens_that_is_said(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "CONNECT_S", 0.2)
    with pytest.raises(ArchiveError, match=r"no scheduler to be reached at tcp://127.0.0.1:9"):
        list(compose_all(archive, places_of(archive), 1, scheduler="tcp://127.0.0.1:9"))
