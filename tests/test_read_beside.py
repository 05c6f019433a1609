"""Pages are read in processes beside their crawl: what hangs there, or dies, costs nothing else anything."""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from archive import Captures, Reports
from archive.model import Located
from archive.records import Reading
from archive.vocabulary import Fate, ProblemKind
from crawler.demo.nfcms import Nfcms
from crawler.demo.replica import Document, Replica
from crawler.demo.reports import Synthetic
from crawler.demo.server import Reply, Server
from pipelines.ingest import compose as composing
from pipelines.ingest import page_tasks
from pipelines.time_limit import time_limit
from tests.crawling import Forked, perform_later, planned, scrapy
from tests.test_crawl import rows
from tests.test_documents import BODY
from tests.test_fetched_documents import AttachingWord
from tests.test_parts_asked import FROM_DOCX

LIMIT_S = 1.0
"""Of the processor; the slow page takes a multiple of it."""


class Slow(Nfcms):
    """One of its reports has as many headings as a book: reading it takes long."""

    headings = 20_000

    @property
    def slow(self) -> Document:
        return self.listed[0]

    def show(self, document: Document, text: str) -> Reply:
        if document is not self.slow:
            return super().show(document, text)
        headings = "<p>一、总体情况</p><p>2022年</p>" * self.headings
        return self.html(f"<html><body><div><h1>{document.title}</h1>{headings}</div></body></html>")


def perform_limited(work: str) -> int:
    """A crawl that gives a page less time."""
    for module in (page_tasks, composing):
        module.time_limit = lambda: time_limit(LIMIT_S)  # type: ignore[attr-defined]
    return perform_later(work)


def perform_dying(work: str, mark: str, number: int) -> int:
    """A crawl whose reading process is killed while it reads the document that the mark names, so many times."""

    def compose(captures: Captures, place: Located, *others: Any) -> Reading:
        deaths = Path(mark)
        if deaths.read_text() in place.urls and len(list(deaths.parent.glob("death-*"))) < number:
            (deaths.parent / f"death-{os.getpid()}").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return composing.compose(captures, place, *others)

    page_tasks.compose = compose
    return perform_later(work)


def perform_waiting(work: str, go: str) -> int:
    """A crawl whose reading waits for a file."""

    def compose(captures: Captures, place: Located, *others: Any) -> Reading:
        while not Path(go).exists():
            time.sleep(0.02)
        return composing.compose(captures, place, *others)

    page_tasks.compose = compose
    return perform_later(work)


def perform_blind(work: str) -> int:
    """A crawl that sees no documents in a page before it is read."""
    page_tasks.documents_to_fetch = lambda _: []
    return perform_later(work)


def fates(archive: Path, replica: Replica) -> dict[Fate, int]:
    with closing(Reports.read_or_empty(archive).db.conn) as connection, suppress(sqlite3.OperationalError):
        rows = connection.execute("SELECT fate, COUNT(*) FROM fates WHERE portal = ? GROUP BY fate", (replica.name,))
        return {Fate(fate): number for fate, number in rows}
    return {}  # the crawl is making the database


def problems(archive: Path, kind: ProblemKind) -> set[str]:
    captures = Captures(archive, read_only=True)
    found = captures.urls_with_problem(kind)
    captures.close()
    return found


def until(shows: Callable[[], bool], crawl: Forked) -> None:
    """Wait for what a running crawl is to show."""
    while not shows():
        assert crawl.poll() is None, crawl.wait()
        time.sleep(0.02)


def test_a_page_that_hangs_is_a_problem_and_all_others_are_read(tmp_path: Path) -> None:
    with Server(Slow("qinghe", 5)) as server:
        replica = server["qinghe"]
        assert isinstance(replica, Slow)
        done = Forked(perform_limited, planned(tmp_path, *server)).wait()
        assert done.returncode == 1, done.stderr
        url = replica.url(replica.slow)
        assert problems(tmp_path, ProblemKind.TIMED_OUT) == {url}
        assert fates(tmp_path, replica) == {Fate.REPORT: 4, Fate.UNREADABLE: 1}


@pytest.mark.parametrize(("deaths", "is_read"), [(1, True), (9, False)])
def test_what_a_killed_process_was_reading_is_read_by_another(tmp_path: Path, deaths: int, is_read: bool) -> None:
    archive, mark = tmp_path / "archive", tmp_path / "mark"
    with Server(Nfcms("qinghe", 4)) as server:
        replica = server["qinghe"]
        url = replica.url(replica.listed[0])
        mark.write_text(url)
        done = Forked(perform_dying, planned(archive, *server), str(mark), deaths).wait()
        assert done.returncode == (0 if is_read else 1), done.stderr
        assert problems(archive, ProblemKind.NOT_READ_HERE) == (set() if is_read else {url})
        assert fates(archive, replica)[Fate.REPORT] == (4 if is_read else 3)
    again = scrapy(archive, "reparse", "--jobs", "1")
    assert ("4 unchanged" if is_read else "1 new") in " ".join(again.stdout.split())


def test_what_is_being_read_is_captured(tmp_path: Path) -> None:
    archive, go = tmp_path / "archive", tmp_path / "go"
    with Server(Nfcms("qinghe", 3)) as server:
        replica = server["qinghe"]
        crawl = Forked(perform_waiting, planned(archive, *server), str(go))
        until(lambda: fates(archive, replica) == {Fate.CAPTURED: 3}, crawl)
        go.touch()
        assert crawl.wait().returncode == 0
        assert fates(archive, replica) == {Fate.REPORT: 3}


def test_an_interrupt_ends_a_crawl_that_reads_and_the_next_one_reads_on(tmp_path: Path) -> None:
    archive, go = tmp_path / "archive", tmp_path / "go"
    with Server(Nfcms("qinghe", 3)) as server:
        replica = server["qinghe"]
        crawl = Forked(perform_waiting, planned(archive, *server), str(go))
        until(lambda: fates(archive, replica) == {Fate.CAPTURED: 3}, crawl)
        crawl.kill(signal.SIGINT)
        assert crawl.wait().returncode == 1
        asked = len(replica.log)
        assert Forked(perform_later, planned(archive, *server)).wait().returncode == 0
        assert fates(archive, replica) == {Fate.REPORT: 3}
        documents = {replica.url(document).removeprefix(replica.base) for document in replica.listed}
        assert documents.isdisjoint(hit.target for hit in replica.log[asked:]), (
            "nothing that was fetched is fetched again"
        )


def test_what_only_reading_finds_is_asked_for_in_the_same_crawl(tmp_path: Path) -> None:
    reports = [
        Synthetic(issuing_body=BODY, report_year=year, faults=frozenset({"prose-only"})) for year in (2022, 2023)
    ]
    with Server(AttachingWord("fujian", reports)) as server:
        done = Forked(perform_blind, planned(tmp_path, *server)).wait()
        assert done.returncode == 0, done.stderr
        assert rows(tmp_path, "reports", FROM_DOCX) == [(2,)]
