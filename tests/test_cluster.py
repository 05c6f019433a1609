"""Documents are read from a part of captures.db, by workers that have no other, as they are from the whole."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from scrapy.utils.project import get_project_settings

from archive import ArchiveError, Captures, Reports
from archive.excerpt import ExcerptCaptures, Wanted, excerpt
from archive.model import Located
from archive.records import Reading
from crawler.demo.server import Server
from crawler.demo.trs import Trs
from pipelines.ingest.compose import compose
from pipelines.ingest.composing import compose_all
from pipelines.ingest.locate import located_documents
from spiders.registry import Registry
from tests.cluster_nation import cluster as workers
from tests.crawling import crawl, scrapy
from tests.nation import addresses, declare, impolite, published, replicas, start
from tests.poison import die_on_one
from tests.test_fetched_documents import AttachingWord, Framing

distributed = pytest.importorskip("distributed", reason="Dask is not installed: pip install 'tongjian[cluster]'")

from pipelines.ingest import cluster  # noqa: E402 - only where Dask is


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
            replace(capture, id=None, body=b"<html>other</html>", sha256=None, requested_at="2099-01-01T00:00:00Z")
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
        said = first.communicate()
        assert first.returncode == 0, said
        assert len(said[0].splitlines()) == 3
        assert published(tmp_path / "archive") == published(tmp_path / "single")
        assert list(impolite(server)) == []
        asked = [len(replica.log) for replica in server]
        again = start(tmp_path, "--scheduler", scheduler, "-s", "CLUSTER_LEASE=300")
        said = again.communicate()
        assert again.returncode == 0, said
        stats = [json.loads(line)["stats"] for line in said[0].splitlines()]
        assert [found["entries/known"] for found in stats] == [3, 3, 3]
        assert all(len(replica.log) - before < 3 for replica, before in zip(server, asked, strict=True))
        assert published(tmp_path / "archive") == published(tmp_path / "single")


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
