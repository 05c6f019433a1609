"""Imports, merges and reparses that are stopped anywhere end, run again, as if they had never been stopped."""

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from scrapy.utils.project import get_project_settings

import pipelines.ingest.sandbox
from archive import Capture, Captures, Reports
from archive.merge import Merge
from archive.model import Entry
from archive.vocabulary import Outcome, ProblemKind
from crawler.demo import office
from crawler.demo.nfcms import Nfcms
from crawler.demo.reports import Synthetic
from crawler.demo.server import Server
from crawler.demo.trs import Trs
from pipelines.errors import DocumentError
from pipelines.ingest.importing import Import, begin, read_due
from pipelines.ingest.reparse import Selection, reparse
from pipelines.ingest.sandbox import Child, Reader
from pipelines.ingest.store import Store
from spiders.registry import Registry
from tests.crawling import crawl, scrapy, start
from tests.killed_crawls import said

KILLS = int(os.environ.get("KILLS", "10"))
"""Of each command; `make soak` asks for more."""
REPORT = Synthetic(issuing_body="临川市青溪区民政局", report_year=2022)
DOCX = office.docx(REPORT)


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two portals with reports of several years, split articles, one that is gone, and its export."""
    folder = tmp_path_factory.mktemp("interrupted")
    with Server(Nfcms("qinghe", 8), Trs("hepan", 8, split=3)) as server:
        assert crawl(folder / "crawled", *server).returncode == 0
        server["qinghe"].documents[1].state = "404"
        crawl(folder / "crawled", *server, refresh="1")
    assert scrapy(folder / "crawled", "export", folder / "all.warc.gz").returncode == 0
    return folder


@pytest.fixture(scope="module")
def with_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A portal whose listing links a third of its reports as Word documents."""
    folder = tmp_path_factory.mktemp("files")
    replica = Nfcms("qinghe", 6)
    with Server(replica) as server:
        replica.link_files("docx")
        assert crawl(folder / "crawled", *server).returncode == 0
    return folder / "crawled"


def bring_in(archive: Path, path: Path) -> None:
    """What `scrapy import` does."""
    captures = Captures(archive)
    taking = Import(captures, Registry(get_project_settings(), captures))
    taking.take(path)
    taking.read()
    captures.finish_run(taking.run_id, "finished", dict(taking.counts))
    captures.close()


def merge(archive: Path, other: Path) -> None:
    """What `scrapy merge` does."""
    captures = Captures(archive)
    merging = Merge(captures, other / "captures.db", lambda _done, _total: None)
    run_id = begin(captures, None, lambda _: None)
    merging.run()
    read_due(captures, Registry(get_project_settings(), captures), run_id, merging.counts)
    captures.finish_run(run_id, "finished", dict(merging.counts))
    captures.close()


def read_new(archive: Path) -> None:
    """What `scrapy reparse --new` does."""
    captures = Captures(archive)
    reparse(archive, captures, Registry(get_project_settings(), captures), Selection(only_unread=True), jobs=1)
    captures.close()


def state(archive: Path) -> list[str]:
    """Reports, captures and open problems, but for what names a run."""
    reports = Reports(archive)
    lines = list(reports.dump())
    reports.close()
    connection = sqlite3.connect(archive / "captures.db")
    for sql in (
        "SELECT portal, url, requested_at, status, outcome, sha256, redirect_url, note FROM captures",
        "SELECT portal, listing_url, url, title, date FROM entries",
        "SELECT url, stage, kind, message FROM problems WHERE resolved_at IS NULL",
        "SELECT sha256, size FROM bodies",
    ):
        lines += sorted(map(str, connection.execute(sql).fetchall()))
    connection.close()
    return lines


def apart(work: Callable[[], None], seconds: float | None = None) -> int:
    """Do it in a process of its own that the system ends after so much time of the processor; returns how it ended."""
    pipelines.ingest.sandbox.READER.close()
    process = os.fork()
    if process:
        return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    code = 3
    try:
        if seconds is not None:
            signal.setitimer(signal.ITIMER_PROF, seconds)  # SIGPROF ends it as SIGKILL does: nothing is cleaned up
        work()
        code = 0
    except BaseException:  # noqa: BLE001 - a child of the test must end here
        traceback.print_exc()
    finally:
        os._exit(code)


def kill_again_and_again(archive: Path, wanted: list[str], seconds: float, work: Callable[[], None], seed: int) -> None:
    """Kill it at two random moments, then let it end."""
    moments = random.Random(seed)
    for _ in range(2):
        assert apart(work, moments.uniform(0.001, seconds)) in {-signal.SIGPROF, 0}
    work()
    assert state(archive) == wanted
    captures = Captures(archive)
    assert captures.db.conn.execute("SELECT COUNT(*) FROM runs WHERE finished_at IS NULL").fetchone()[0] == 0
    captures.close()


def undisturbed(archive: Path, work: Callable[[], None]) -> tuple[list[str], float]:
    """The state that it ends in, and the processor's seconds that it takes."""
    begun = time.process_time()
    work()
    return state(archive), time.process_time() - begun


def test_an_import_that_is_killed_anywhere_is_completed_by_the_next(crawled: Path, tmp_path: Path) -> None:
    path = crawled / "all.warc.gz"
    wanted, seconds = undisturbed(tmp_path / "whole", lambda: bring_in(tmp_path / "whole", path))
    assert sum(line.startswith('["reports"') for line in wanted) == 16
    for seed in range(KILLS // 2):
        archive = tmp_path / str(seed)
        kill_again_and_again(archive, wanted, seconds, lambda: bring_in(archive, path), seed)  # noqa: B023 - called at once


def test_a_merge_that_is_killed_anywhere_is_completed_by_the_next(crawled: Path, tmp_path: Path) -> None:
    other = crawled / "crawled"
    wanted, seconds = undisturbed(tmp_path / "whole", lambda: merge(tmp_path / "whole", other))
    for seed in range(KILLS // 2):
        archive = tmp_path / str(seed)
        kill_again_and_again(archive, wanted, seconds, lambda: merge(archive, other), seed)  # noqa: B023 - called at once


def test_what_a_killed_import_left_is_read_as_new(crawled: Path, tmp_path: Path) -> None:
    path = crawled / "all.warc.gz"
    wanted, seconds = undisturbed(tmp_path / "whole", lambda: bring_in(tmp_path / "whole", path))
    for seed in range(KILLS // 5):
        archive = tmp_path / str(seed)
        assert scrapy(archive, "import", "--no-read", path).returncode == 0
        kill_again_and_again(archive, wanted, seconds / 2, lambda: read_new(archive), seed)  # noqa: B023 - called at once


@pytest.mark.parametrize("largest", [220_000, 260_000, 300_000])
def test_an_import_out_of_disk_is_completed_by_the_next(crawled: Path, tmp_path: Path, largest: int) -> None:
    path, archive, said = crawled / "all.warc.gz", tmp_path / "archive", tmp_path / "said"
    wanted, _ = undisturbed(tmp_path / "whole", lambda: bring_in(tmp_path / "whole", path))

    def on_a_small_disk() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest, resource.RLIM_INFINITY))
        done = scrapy(archive, "import", path)
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        said.write_text(f"{done.returncode}\n{done.stderr}")

    assert apart(on_a_small_disk) == 0
    code, *lines = said.read_text().splitlines()
    assert code == "2", lines
    assert len(lines) == 1
    assert "cannot write" in lines[0]
    bring_in(archive, path)
    assert state(archive) == wanted


def test_reports_are_related_though_the_run_that_read_them_was_killed_before(
    crawled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive, path = tmp_path / "archive", crawled / "all.warc.gz"
    wanted, _ = undisturbed(tmp_path / "whole", lambda: bring_in(tmp_path / "whole", path))
    assert any('"X-' in line for line in wanted if line.startswith('["checks"'))

    def killed(self: Store, **_: bool) -> None:
        self.reports.commit()
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Store, "relate", killed)
        with pytest.raises(KeyboardInterrupt):
            bring_in(archive, path)
    assert state(archive) != wanted
    bring_in(archive, path)
    assert state(archive) == wanted


def test_nothing_is_read_twice(crawled: Path, tmp_path: Path) -> None:
    archive, path = tmp_path / "archive", crawled / "all.warc.gz"
    assert scrapy(archive, "import", path).returncode == 0
    again = scrapy(archive, "import", path)
    assert again.returncode == 0
    assert "reports/" not in again.stderr
    assert scrapy(archive, "reparse", "--new").stdout.startswith("0 pages read")


def test_what_is_not_read_at_first_is_read_by_the_next_import(crawled: Path, tmp_path: Path) -> None:
    archive, path = tmp_path / "archive", crawled / "all.warc.gz"
    wanted, _ = undisturbed(tmp_path / "whole", lambda: bring_in(tmp_path / "whole", path))
    assert scrapy(archive, "import", "--no-read", path).returncode == 0
    assert scrapy(archive, "import", path).returncode == 0
    assert state(archive) == wanted


@pytest.mark.parametrize(
    "left_out",
    [
        "DELETE FROM captures WHERE url GLOB '*_1.htm*' OR url GLOB '*_2.htm*'",
        "DELETE FROM entries",
        "DELETE FROM captures WHERE outcome = 'missing'",
    ],
)
def test_what_comes_later_is_read_with_what_was_there(crawled: Path, tmp_path: Path, left_out: str) -> None:
    """Next pages of an article, entries, an answer that says that a report is gone."""
    wanted, _ = undisturbed(tmp_path / "whole", lambda: merge(tmp_path / "whole", crawled / "crawled"))
    part, archive = Path(shutil.copytree(crawled / "crawled", tmp_path / "part")), tmp_path / "archive"
    connection = sqlite3.connect(part / "captures.db")
    with connection:
        assert connection.execute(left_out).rowcount > 0
    connection.close()
    merge(archive, part)
    assert state(archive) != wanted
    merge(archive, crawled / "crawled")
    assert state(archive) == wanted


def test_an_import_that_was_interrupted_is_named_and_closed(crawled: Path, tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    captures = Captures(archive)
    ours = captures.start_run("import", None)
    running = captures.start_run("import", None)
    with captures.db.conn as connection:
        stats = f'{{"process": {os.getppid()}}}'
        connection.execute("UPDATE runs SET stats = ? WHERE id = ?", (stats, running))
    captures.close()
    done = scrapy(archive, "import", crawled / "all.warc.gz")
    assert done.returncode == 0
    assert done.stderr.count("was interrupted") == 1
    captures = Captures(archive)
    reasons = {row["id"]: row["finish_reason"] for row in captures.db.conn.execute("SELECT * FROM runs")}
    captures.close()
    assert (reasons[ours], reasons[running]) == ("interrupted", None)


# Children that read documents and are killed

REAL_START = Child._start


def killing(monkeypatch: pytest.MonkeyPatch, number: signal.Signals, times: int) -> None:
    """Make the first so many children end by a signal before they read anything."""
    left = [times]

    def start(self: Child) -> subprocess.Popen[bytes]:
        process = REAL_START(self)
        if left[0] > 0:
            left[0] -= 1
            process.send_signal(number)
            process.wait()
        return process

    monkeypatch.setattr(Child, "_start", start)


@pytest.fixture
def reader() -> Iterator[Reader]:
    made = Reader()
    yield made
    made.close()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_a_document_whose_child_died_once_is_read(
    reader: Reader, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    killing(monkeypatch, number, 1)
    assert len(reader.read(DOCX, "docx").grids) == 3


@pytest.mark.parametrize(
    ("number", "kind"), [(signal.SIGKILL, ProblemKind.NOT_READ_HERE), (signal.SIGSEGV, ProblemKind.DAMAGED)]
)
def test_a_document_whose_child_dies_twice_is_damaged_only_if_it_crashes(
    reader: Reader, monkeypatch: pytest.MonkeyPatch, number: signal.Signals, kind: ProblemKind
) -> None:
    killing(monkeypatch, number, 2)
    with pytest.raises(DocumentError, match=number.name) as told:
        reader.read(DOCX, "docx")
    assert told.value.kind == kind
    if kind == ProblemKind.NOT_READ_HERE:
        assert len(reader.read(DOCX, "docx").grids) == 3, "what the machine prevented is not remembered"


def test_a_child_that_cannot_start_says_nothing_of_the_document(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(DocumentError, match="could not start") as told:
        reader.read(DOCX, "docx")
    assert told.value.kind == ProblemKind.NOT_READ_HERE


@pytest.mark.parametrize("command", ["import", "reparse"])
def test_documents_whose_children_are_killed_are_read_later(
    with_files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    path, archive = tmp_path / "all.warc.gz", tmp_path / "archive"
    assert scrapy(with_files, "export", path).returncode == 0
    wanted, _ = undisturbed(tmp_path / "whole", lambda: bring_in(tmp_path / "whole", path))
    fresh = Reader()
    monkeypatch.setattr("pipelines.ingest.compose.READER", fresh)
    with monkeypatch.context() as patched:
        killing(patched, signal.SIGKILL, 1_000)
        done = scrapy(archive, "import", path)
    assert done.returncode == 1
    lost = state(archive)
    assert sum(ProblemKind.NOT_READ_HERE in line for line in lost) == 2
    assert not any(ProblemKind.DAMAGED in line for line in lost)
    assert sum(line.startswith('["reports"') for line in lost) == 4
    again = scrapy(archive, *(["import", path] if command == "import" else ["reparse", "--new"]))
    fresh.close()
    assert again.returncode == 0, again.stderr
    assert state(archive) == wanted


def test_a_page_that_is_nothing_without_its_document_is_read_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It gives no report while the document's reader is killed, and it is not settled that it is none."""
    archive = tmp_path / "archive"
    url, document = "https://a.example.gov.cn/1.html", "https://a.example.gov.cn/1.docx"
    title = REPORT.title
    page = f"<html><head><title>{title}</title></head><body><h1>{title}</h1><div id='zoom'><a href='{document}'>{title}</a></div></body></html>"
    captures = Captures(archive)
    for address, body, kind in (
        (url, page.encode(), "text/html; charset=utf-8"),
        (document, DOCX, "application/msword"),
    ):
        captures.add(
            Capture(
                url=address,
                body=body,
                content_type=kind,
                status=200,
                outcome=Outcome.OK,
                requested_at="2026-01-01T00:00:00.000000Z",
                portal="a",
            )
        )
    captures.add_portal({"name": "a", "home_url": "https://a.example.gov.cn/", "hosts": '["a.example.gov.cn"]'})
    captures.add_entries([Entry(portal="a", listing_url="https://a.example.gov.cn/", url=url, title=title)])
    captures.close()
    fresh = Reader()
    monkeypatch.setattr("pipelines.ingest.compose.READER", fresh)
    with monkeypatch.context() as patched:
        killing(patched, signal.SIGKILL, 1_000)
        read_new(archive)
    assert sum(ProblemKind.NOT_READ_HERE in line for line in state(archive)) == 1
    read_new(archive)
    fresh.close()
    assert any(line.startswith('["reports"') for line in state(archive))
    assert not any(ProblemKind.NOT_READ_HERE in line for line in state(archive))


def test_documents_whose_children_are_killed_in_a_crawl_are_read_by_the_next(tmp_path: Path) -> None:
    replica = Nfcms("qinghe", 4)
    with Server(replica) as server:
        replica.link_files("docx")
        assert crawl(tmp_path / "whole", *server).returncode == 0
        crawling = start(tmp_path / "archive", *server)
        while crawling.poll() is None:
            for child in _children(crawling.pid):
                os.kill(child, signal.SIGKILL)
            time.sleep(0.005)
        assert crawling.poll() == 1
        lost = state(tmp_path / "archive")
        assert sum(ProblemKind.NOT_READ_HERE in line for line in lost) == 2
        assert crawl(tmp_path / "archive", *server).returncode == 0
    figures, wanted = (
        [line for line in said(tmp_path / name) if line.startswith('["statistics"')] for name in ("archive", "whole")
    )
    assert figures == wanted
    assert len({line.split('"')[3] for line in figures}) == 4
    assert not any(ProblemKind.NOT_READ_HERE in line for line in state(tmp_path / "archive"))


def _children(crawl: int) -> list[int]:
    """The processes of a crawl, and of those beside it, in which documents are read."""
    parents, readers = {}, []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(path.name)] = int((path / "status").read_text().partition("\nPPid:\t")[2].split()[0])
            if b"pipelines.ingest.sandbox.child" in (path / "cmdline").read_bytes():
                readers.append(int(path.name))
        except (FileNotFoundError, ProcessLookupError):
            continue

    def is_ours(process: int) -> bool:
        return process == crawl or (process in parents and is_ours(parents[process]))

    return list(filter(is_ours, readers))
