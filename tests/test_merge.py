"""Archives of several machines become one."""

from __future__ import annotations

import hashlib
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from archive import Capture, Captures, Reports
from archive.constraints import release
from archive.merge import Merge
from archive.model import Entry, Problem
from archive.row_digests import row_digest
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
        server["hepan"].is_dressed = True
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
    told = scrapy(tmp_path / "merged", "verify")
    assert told.returncode == 1
    assert "captures and" in told.stdout + told.stderr  # the run's seal counts the one that was left out
    assert scrapy(tmp_path / "merged", "merge", machines["a"]).returncode == 0
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


TABLES = ("portals", "runs", "bodies", "captures", "entries", "problems", "asking")


def everything(archive: Path) -> dict[str, list[tuple[object, ...]]]:
    """All rows of captures.db."""
    connection = sqlite3.connect(archive / "captures.db")
    found = {table: connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2, 3").fetchall() for table in TABLES}
    connection.close()
    return found


def test_merged_twice_is_merged_once_and_runs_end_when_they_have_ended_there(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    captures = Captures(there)
    crawl_there, import_there = (captures.start_run(kind, "hepan") for kind in (RunKind.CRAWL, RunKind.IMPORT))
    for day in (1, 2, 2):  # the third is the second once more
        captures.add(
            Capture(
                url="http://h/1",
                requested_at=f"2031-01-0{day}T00:00:00.000000Z",
                status=200,
                outcome=Outcome.OK,
                body=b"%d" % day,
                run_id=crawl_there,
            )
        )
    captures.add_problem(
        crawl_there, "hepan", Problem(kind=ProblemKind.ERROR, message="503", url="http://h/2", stage=Stage.FETCH)
    )
    captures.add_problem(
        crawl_there, "hepan", Problem(kind=ProblemKind.NO_ENTRIES, message="none", stage=Stage.LISTING)
    )
    merge(here, there)
    once = everything(here)
    assert len(once["captures"]) == 2
    assert [(row[4] is None, row[5]) for row in once["runs"]] == [(True, None), (False, "interrupted")]
    assert all("process" not in row[6] for row in once["runs"])
    merge(here, there)
    assert everything(here) == once
    for run in (crawl_there, import_there):
        captures.finish_run(run, "finished", {"captures/ok": 2})
    captures.resolve_problems("http://h/2", Stage.FETCH)
    captures.close()
    merge(here, there)
    twice = everything(here)
    assert [row[5] for row in twice["runs"]] == ["finished", "finished"]
    assert [row[6] for row in twice["runs"]] == ['{"captures/ok": 2}'] * 2
    assert len(twice["problems"]) == 2
    assert [row[8] is None for row in twice["problems"] if row[3] == "http://h/2"] == [False]
    merge(here, there)
    assert everything(here) == twice


def test_a_body_that_lost_its_hash_is_not_merged_and_rows_keep_their_digest(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    captures = Captures(there)
    for number in range(3):
        moment = f"2031-01-0{number + 1}T00:00:00.000000Z"
        captures.add(
            Capture(url=f"http://h/{number}", requested_at=moment, status=200, outcome=Outcome.OK, body=b"%d" % number)
        )
    with captures.db.conn as connection:
        (other,) = connection.execute("SELECT data FROM bodies WHERE size = 1 LIMIT 1").fetchone()
        connection.execute("UPDATE bodies SET data = ? WHERE sha256 = ?", (other, hashlib.sha256(b"2").hexdigest()))
        connection.execute("UPDATE captures SET digest = NULL WHERE url = 'http://h/0'")
        connection.execute("UPDATE captures SET note = 'altered' WHERE url = 'http://h/1'")
    kept = dict(captures.db.conn.execute("SELECT url, digest FROM captures").fetchall())
    captures.close()
    target = Captures(here)
    merging = Merge(target, there / "captures.db", lambda *_: None)
    merging.run()
    assert len(merging.damaged) == 1
    assert "http://h/2" in merging.damaged[0]
    merged = dict(target.db.conn.execute("SELECT url, digest FROM captures").fetchall())
    assert merged.keys() == {"http://h/0", "http://h/1"}
    assert merged["http://h/1"] == kept["http://h/1"]  # verify shows that the row was altered
    row = target.db.conn.execute("SELECT * FROM captures WHERE url = 'http://h/0'").fetchone()
    assert merged["http://h/0"] == row_digest(row)
    target.close()


def test_what_an_earlier_merge_left_unexplained_still_makes_the_next_one_unwell(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    captures = Captures(there)
    facts = {"name": "hepan", "title": "河畔", "home_url": "http://hepan.example.gov.cn/", "platform": "links"}
    captures.add_portal({**facts, "hosts": "hepan.example.gov.cn"})
    url = "http://hepan.example.gov.cn/nb/1.html"
    listing = "http://hepan.example.gov.cn/nb/"
    title = "2022年政府信息公开工作年度报告"
    captures.add_entries([Entry(url=url, title=title, date="2023-01-20", portal="hepan", listing_url=listing)])
    page = "<html><body><h1>通知公告</h1><p>系统正在维护，请稍后再访问本页面。</p></body></html>".encode()
    captures.add(
        Capture(
            url=url,
            requested_at="2031-01-01T00:00:00.000000Z",
            status=200,
            outcome=Outcome.OK,
            body=page,
            content_type="text/html; charset=utf-8",
            portal="hepan",
        )
    )
    captures.close()
    assert [scrapy(here, "merge", there).returncode for _ in range(2)] == [1, 1]
    connection = sqlite3.connect(here / "captures.db")
    numbers = [row[0] for row in connection.execute("SELECT id FROM problems WHERE resolved_at IS NULL")]
    connection.close()
    assert numbers
    for number in numbers:
        assert scrapy(here, "problems", "--acknowledge", str(number), "--why", "known").returncode in {0, 1}
    assert scrapy(here, "merge", there).returncode == 0


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("outcome", "splendid"),
        ("requested_at", "2024-13-41T99:00:00.000000Z"),
        ("requested_at", "yesterday"),
        ("url", "javascript:alert(1)"),
        ("status", "two hundred"),
        ("status", -1),
        ("response_headers", "[" * 50_000),
        ("response_headers", '[["Location"]]'),
        ("request_headers", '{"a": 1}'),
        ("note", b"\xff"),
        ("method", b"\xff"),
    ],
)
def test_a_capture_that_cannot_be_is_left_and_named(tmp_path: Path, column: str, value: object) -> None:
    captures = Captures(tmp_path / "theirs")
    for number in range(3):
        captures.add(
            Capture(
                url=f"http://www.example.gov.cn/{number}.html",
                requested_at=f"2024-01-0{number + 1}T00:00:00.000000Z",
                status=200,
                outcome=Outcome.OK,
                body=b"<p>%d</p>" % number,
                response_headers=[("Content-Type", "text/html")],
            )
        )
    with captures.db.conn as connection:
        release(connection)
        connection.execute(f"UPDATE captures SET {column} = ? WHERE id = 2", (value,))
        (row,) = connection.execute("SELECT * FROM captures WHERE id = 2")
        connection.execute("UPDATE captures SET digest = ? WHERE id = 2", (row_digest(row),))
    captures.close()
    done = scrapy(tmp_path / "ours", "merge", tmp_path / "theirs")
    assert done.returncode == 1
    assert "values that are none" in done.stderr
    captures = Captures(tmp_path / "ours", read_only=True)
    assert [capture.id for capture in captures.history(f"http://www.example.gov.cn/{n}.html" for n in range(3))]
    assert captures.count() == 2
    captures.close()
    assert scrapy(tmp_path / "ours", "verify").returncode == 0
    assert scrapy(tmp_path / "ours", "reparse").returncode == 0


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("portals", "document", "/(a+)+$"),
        ("portals", "level", "empire"),
        ("entries", "last_seen", "soon"),
        ("problems", "kind", "dreadful"),
        ("runs", "stats", "["),
        ("runs", "kind", "walk"),
    ],
)
def test_another_row_that_cannot_be_is_left_and_named(tmp_path: Path, table: str, column: str, value: str) -> None:
    captures = Captures(tmp_path / "theirs")
    captures.add_portal({"name": "p", "title": "t", "home_url": "http://p.example.gov.cn/"})
    run_id = captures.start_run(RunKind.IMPORT, "p")
    captures.add_problem(run_id, "p", Problem(kind=ProblemKind.ERROR, message="m", url="http://p.example.gov.cn/1"))
    captures.add_entries(
        [Entry(url="http://p.example.gov.cn/1", title="t", portal="p", listing_url="http://p.example.gov.cn/")]
    )
    captures.finish_run(run_id, "finished", {})
    with captures.db.conn as connection:
        release(connection)
        connection.execute(f"UPDATE {table} SET {column} = ?", (value,))  # a trigger writes its digest, too
    captures.close()
    done = scrapy(tmp_path / "ours", "merge", tmp_path / "theirs")
    assert done.returncode == 1, done.stderr
    assert "values that are none" in done.stderr
    for command in ("verify", "health", "reparse"):
        assert "Traceback" not in scrapy(tmp_path / "ours", command).stderr
