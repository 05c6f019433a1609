"""Two processes that write to one archive: the second waits for the first, whatever it has read before it writes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer

import pytest

from archive import Captures, Reports
from archive.model import Problem
from archive.vocabulary import ProblemKind, RunKind, Stage


@contextmanager
def another_writes(path: Path) -> Iterator[None]:
    """Another connection holds the write lock, and gives it up a little later."""
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    timer = Timer(0.2, other.execute, ["COMMIT"])
    timer.start()
    try:
        yield
    finally:
        timer.join()
        other.close()


def test_problems_that_are_compared_before_they_are_written_wait(tmp_path: Path) -> None:
    captures = Captures(tmp_path)
    run = captures.start_run(RunKind.CRAWL, "portal")
    known, new = (Problem(kind=ProblemKind.UNREADABLE, message=message) for message in ("known", "new"))
    captures.put_problems(run, Stage.STORE, [("portal", "http://a.example/", [known])])
    with another_writes(captures.path):
        both = [("portal", "http://a.example/", [known]), ("portal", "http://b.example/", [new])]
        captures.put_problems(run, Stage.STORE, both)
    assert captures.open_urls("portal", Stage.STORE) == {"http://a.example/", "http://b.example/"}
    captures.close()


@pytest.mark.parametrize("opened", [Captures, Reports])
def test_whoever_writes_nothing_then_reads_then_writes_waits(
    tmp_path: Path, opened: type[Captures] | type[Reports]
) -> None:
    archive = opened(tmp_path)
    connection = archive.db.conn
    with another_writes(archive.path):
        connection.executemany("DELETE FROM portals WHERE name = ?", [])
        connection.execute("SELECT COUNT(*) FROM portals").fetchone()
        connection.execute("INSERT INTO portals (name) VALUES ('portal')")
        connection.commit()
    assert connection.execute("SELECT COUNT(*) FROM portals").fetchone()[0] == 1
    archive.close()
