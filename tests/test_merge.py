"""Archives of several machines become one."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from archive import Capture, Captures, Reports
from archive.merge import Merge
from archive.model import Problem
from archive.vocabulary import Outcome, ProblemKind, RunKind, Stage
from crawler.demo.nfcms import Nfcms
from crawler.demo.server import Server
from crawler.demo.trs import Trs
from tests.crawling import ROOT, crawl, scrapy


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two machines that crawled a portal each, a third that crawled both."""
    folder = tmp_path_factory.mktemp("machines")
    with Server(Nfcms("qinghe", 15), Trs("hepan", 15)) as server:
        for name, replicas in {"a": [server["qinghe"]], "b": [server["hepan"]], "both": list(server)}.items():
            assert crawl(folder / name, *replicas).returncode == 0
    return {name: folder / name for name in ("a", "b", "both")}


def dump(archive: Path) -> list[str]:
    """What the reports are, but for the moments at which each machine fetched them."""
    reports = Reports(archive)
    rows = reports.db.conn.execute(
        "SELECT id, url, title, report_year, published, sha256, (SELECT COUNT(*) FROM statistics s WHERE s.report_id = r.id)"
        " FROM reports r ORDER BY id"
    ).fetchall()
    reports.close()
    return [str(tuple(row)) for row in rows]


def counts(archive: Path) -> list[int]:
    captures = Captures(archive)
    tables = ("captures", "bodies", "entries", "portals")
    found = [captures.db.conn.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0] for table in tables]
    captures.close()
    return found


def test_two_archives_become_one_and_twice_changes_nothing(machines: dict[str, Path], tmp_path: Path) -> None:
    merged = tmp_path / "merged"
    first = scrapy(merged, "merge", machines["a"])
    assert first.returncode == 0, first.stderr
    assert scrapy(merged, "merge", machines["b"]).returncode == 0
    assert dump(merged) == dump(machines["both"])
    assert counts(merged) == counts(machines["both"])
    before = counts(merged)
    again = scrapy(merged, "merge", machines["b"])
    assert again.returncode == 0
    assert "reports/" not in again.stdout
    assert counts(merged) == before
    assert scrapy(merged, "verify").returncode == 0
    assert "30 unchanged" in scrapy(merged, "reparse").stdout


def test_a_merge_that_is_killed_is_completed_by_the_next(machines: dict[str, Path], tmp_path: Path) -> None:
    merged = tmp_path / "merged"
    environment = {"ARCHIVE": str(merged), "PATH": "/usr/bin:/bin"}
    process = subprocess.Popen(
        [sys.executable, "-m", "scrapy", "merge", str(machines["both"])], cwd=ROOT, env=environment
    )
    deadline = time.monotonic() + 30
    while not (merged / "captures.db").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    done = scrapy(merged, "merge", machines["both"])
    assert done.returncode == 0, done.stderr
    assert counts(merged) == counts(machines["both"])
    assert scrapy(merged, "reparse").returncode == 0
    assert dump(merged) == dump(machines["both"])


def test_a_damaged_capture_of_the_other_archive_is_left_and_named(machines: dict[str, Path], tmp_path: Path) -> None:
    import shutil
    import sqlite3

    other = Path(shutil.copytree(machines["a"], tmp_path / "other"))
    connection = sqlite3.connect(other / "captures.db")
    with connection:
        (url, sha256) = connection.execute("SELECT url, sha256 FROM captures WHERE url LIKE '%/post_%'").fetchone()
        connection.execute("UPDATE bodies SET data = x'00' WHERE sha256 = ?", (sha256,))
    connection.close()
    done = scrapy(tmp_path / "merged", "merge", other)
    assert done.returncode == 1
    assert url in done.stderr
    assert scrapy(tmp_path / "merged", "verify").returncode == 0


def test_what_is_no_other_archive_is_told_in_a_line(machines: dict[str, Path], tmp_path: Path) -> None:
    for other in (tmp_path / "nowhere", machines["a"]):
        done = scrapy(machines["a"], "merge", other)
        assert done.returncode == 2
        assert done.stderr.count("\n") == 1


# What archives say beside their captures


def asking(archive: Path) -> list[tuple[object, ...]]:
    captures = Captures(archive)
    rows = captures.db.conn.execute(
        "SELECT portal, url, failures, next_ask, acknowledged_at, why FROM asking ORDER BY portal, url"
    ).fetchall()
    captures.close()
    return [tuple(row) for row in rows]


def put_asking(archive: Path, *rows: tuple[object, ...]) -> None:
    captures = Captures(archive)
    with captures.db.conn as connection:
        connection.executemany("INSERT INTO asking VALUES (?, ?, ?, ?, ?, ?)", rows)
    captures.close()


def merge(here: Path, there: Path) -> None:
    captures = Captures(here)
    Merge(captures, there / "captures.db", lambda *_: None).run()
    captures.close()


def test_pauses_and_acknowledgements_are_merged_by_the_later_date(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    early, late = "2031-01-02T00:00:00.000000Z", "2031-03-04T00:00:00.000000Z"
    put_asking(
        here,
        ("hepan", "u:both", 5, early, early, "first"),
        ("hepan", "u:here", 1, None, None, None),
        ("hepan", "u:kept", 0, None, late, "later"),
    )
    put_asking(
        there,
        ("hepan", "u:both", 3, late, late, "second"),
        ("hepan", "u:kept", 7, early, early, "earlier"),
        ("qinghe", "u:there", 4, early, None, None),
    )
    expected = [
        ("hepan", "u:both", 5, late, late, "second"),
        ("hepan", "u:here", 1, None, None, None),
        ("hepan", "u:kept", 7, early, late, "later"),
        ("qinghe", "u:there", 4, early, None, None),
    ]
    for _ in range(2):
        merge(here, there)
        assert asking(here) == expected


def problems(archive: Path) -> dict[str, str | None]:
    """Address → when its problem was resolved."""
    captures = Captures(archive)
    rows = captures.db.conn.execute("SELECT url, resolved_at FROM problems ORDER BY url, id").fetchall()
    captures.close()
    return dict(map(tuple, rows))


def test_what_is_resolved_on_either_machine_stays_resolved(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    moments = [f"2031-01-0{day}T00:00:00.000000Z" for day in range(1, 6)]
    for folder in (here, there):
        captures = Captures(folder)
        run = captures.start_run(RunKind.CRAWL, "hepan")
        for url, stage in (
            ("http://h/fetched-later", Stage.FETCH),
            ("http://h/still-failing", Stage.FETCH),
            ("http://h/read", Stage.READ),
            ("http://h/list", Stage.LISTING),
        ):
            if folder == there:
                captures.add_problem(run, "hepan", Problem(kind=ProblemKind.ERROR, message="503", url=url, stage=stage))
        captures.db.conn.execute("UPDATE problems SET seen_at = ?", (moments[1],))
        captures.db.conn.commit()
        captures.close()
    captures = Captures(here)
    outcomes = {"http://h/fetched-later": Outcome.OK, "http://h/still-failing": Outcome.ERROR}
    for url, outcome in outcomes.items():
        captures.add(Capture(url=url, requested_at=moments[2], status=200, outcome=outcome, body=b"x"))
    run = captures.start_run(RunKind.CRAWL, "hepan")
    captures.finish_run(run, "finished", {})
    captures.db.conn.execute("UPDATE runs SET started_at = ?, finished_at = ? WHERE id = ?", (*moments[3:], run))
    captures.db.conn.commit()
    captures.close()
    expected = {
        "http://h/fetched-later": moments[2],
        "http://h/list": moments[4],
        "http://h/still-failing": None,
    }
    for _ in range(2):
        merge(here, there)
        assert problems(here) == expected
    captures = Captures(there)
    captures.resolve_problems("http://h/still-failing", Stage.FETCH)
    captures.close()
    merge(here, there)
    assert None not in problems(here).values()
