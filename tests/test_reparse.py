"""Rerunning the readers: what changed is named, nothing depends on order or number of processes, kills do no harm."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from scrapy.utils.project import get_project_settings

import pipelines.ingest.compose
from archive import Captures, Reports
from archive.model import Located, Page, Problem, Report
from archive.records import record_of
from crawler.demo.nfcms import Nfcms
from crawler.demo.server import Server
from crawler.demo.trs import Trs
from pipelines.ingest.composing import compose_all
from pipelines.ingest.locate import located_documents
from pipelines.ingest.reparse import Account, Reparse
from spiders.registry import Registry
from tests.crawling import ROOT, crawl, scrapy
from tests.poison import die_on_one

REAL_READ = pipelines.ingest.compose.read


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Two portals, one report changed once."""
    archive = tmp_path_factory.mktemp("reparsed") / "archive"
    with Server(Nfcms("qinghe", 30), Trs("hepan", 30, split=5)) as server:
        assert crawl(archive, *server).returncode == 0
        replica = server["hepan"]
        replica.change(next(d for d in replica.documents if d.report and d.report.form == "cn-2021"))
        assert crawl(archive, replica, refresh="1").returncode == 0
        yield archive


@pytest.fixture
def archive(crawled: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(crawled, tmp_path / "archive"))


def dump(archive: Path) -> list[str]:
    reports = Reports(archive)
    lines = list(reports.dump())
    reports.close()
    return lines


def forget(archive: Path) -> None:
    for path in archive.glob("reports.db*"):
        path.unlink()


def reparse(archive: Path, jobs: int, *, shuffle: int | None = None, **options: Any) -> Account:
    """A whole reparse in this process, as the command does it."""
    captures = Captures(archive)
    portals = Registry(get_project_settings(), captures)
    run = Reparse(archive, captures, portals, run_id=captures.start_run("reparse", None))
    places = list(located_documents(captures, portals))
    if shuffle is not None:
        random.Random(shuffle).shuffle(places)
    run.run(places, jobs, **options)
    run.remove_lost(None)
    run.relate(everything=False)
    run.close()
    captures.close()
    return run.account


# Readers that were edited, as a worker's initialiser edits them


def _read_otherwise(page: Page, *known: Any, **more: Any) -> Report:
    report = REAL_READ(page, *known, **more)
    if report.report_year == 2022:
        return replace(report, issuing_body=None)
    return report


def lose_a_field() -> None:
    pipelines.ingest.compose.read = _read_otherwise


def _raise_on_some(page: Page, *known: Any, **more: Any) -> Report:
    report = REAL_READ(page, *known, **more)
    if report.report_year == 2021:
        raise KeyError("a reader's mistake")
    return report


def raise_on_some() -> None:
    pipelines.ingest.compose.read = _raise_on_some


def _slowly(page: Page, *known: Any, **more: Any) -> Report:
    time.sleep(0.05)
    return REAL_READ(page, *known, **more)


def slowly() -> None:
    pipelines.ingest.compose.read = _slowly


@pytest.fixture(autouse=True)
def readers() -> Iterator[None]:
    yield
    pipelines.ingest.compose.read = REAL_READ


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_is_unchanged_is_neither_written_nor_related(archive: Path, jobs: int) -> None:
    before = reparse(archive, 1).counts["read"]
    captures = Captures(archive)
    portals = Registry(get_project_settings(), captures)
    run = Reparse(archive, captures, portals, run_id=captures.start_run("reparse", None))
    assert run.reports is not None
    assert run.store is not None
    run.run(located_documents(captures, portals), jobs)
    run.remove_lost(None)
    counts = run.account.counts
    assert counts["read"] == before
    assert counts["unchanged"] > 50
    assert not run.concerns_all
    assert not len(run.store.touched)
    assert counts["none"] > 1
    assert run.reports.db.conn.total_changes == 0
    run.close()
    captures.close()


@pytest.mark.parametrize(
    "loss",
    [
        "DELETE FROM read_marks WHERE id = :id",
        "UPDATE read_marks SET beside = '[]' WHERE id = :id",
        "INSERT INTO unreported (portal, key, fate) SELECT portal, substr(id, length(portal) + 2), 'missing' FROM reports"
        " WHERE id = :id",
        "UPDATE unreported SET cause = 'otherwise' WHERE key = (SELECT MIN(key) FROM unreported) AND :id > ''",
        "DELETE FROM unreported WHERE key = (SELECT MIN(key) FROM unreported) AND :id > ''",
        "INSERT INTO contradictions SELECT id, portal, 'http://l', url, 'another year' FROM reports WHERE id = :id",
    ],
)
def test_what_is_said_otherwise_of_an_unchanged_report_is_written_again(archive: Path, loss: str) -> None:
    reparse(archive, 1)
    before = dump(archive)
    unreported = "SELECT * FROM unreported ORDER BY portal, key"
    with sqlite3.connect(archive / "reports.db") as connection:
        said = connection.execute(unreported).fetchall()
        (report_id,) = connection.execute("SELECT MIN(id) FROM reports").fetchone()
        assert connection.execute(loss, {"id": report_id}).rowcount == 1
    connection.close()
    account = reparse(archive, 1)
    assert account.counts["changed"] == 0
    assert dump(archive) == before
    with sqlite3.connect(archive / "reports.db") as connection:
        values = {"id": report_id}
        assert connection.execute("SELECT beside FROM read_marks WHERE id = :id", values).fetchone() == (None,)
        assert connection.execute("SELECT COUNT(*) FROM contradictions").fetchone() == (0,)
        assert connection.execute(unreported).fetchall() == said
    connection.close()


def test_an_unchanged_reader_changes_nothing(archive: Path) -> None:
    before = dump(archive)
    done = scrapy(archive, "reparse", "--jobs", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "60 unchanged, 0 lost, 0 failed" in done.stdout
    assert dump(archive) == before


@pytest.mark.parametrize(("jobs", "shuffle"), [(1, None), (1, 7), (2, 7), (3, 8)])
def test_rebuilt_it_is_the_same_in_any_order_by_any_number(archive: Path, jobs: int, shuffle: int | None) -> None:
    before = dump(archive)
    forget(archive)
    account = reparse(archive, jobs, shuffle=shuffle)
    assert account.counts["new"] == 60
    assert dump(archive) == before


def test_an_edited_reader_is_told_by_field_and_page(archive: Path) -> None:
    reports = Reports(archive)
    touched = {
        row["id"]
        for row in reports.db.conn.execute(
            "SELECT id FROM reports WHERE report_year = 2022 AND issuing_body IS NOT NULL"
        )
    }
    reports.close()
    account = reparse(archive, 2, prepare=lose_a_field)
    assert account.counts["changed"] == len(touched) > 0
    assert account.counts["unchanged"] == 60 - len(touched)
    assert dict(account.fields["issuing_body"]) == {"lost": len(touched)}
    assert set(account.reports["changed"]) == touched
    assert account.has_losses
    example = account.examples()[0]
    assert (example["field"], example["kind"], example["new"]) == ("issuing_body", "lost", None)
    assert example["report"] in touched
    assert len(account.examples()) <= 10
    # with the reader repaired the values are back, and that is no loss
    account = reparse(archive, 1)
    assert dict(account.fields["issuing_body"]) == {"added": len(touched)}
    assert not account.has_losses


def test_the_line_that_the_readme_edits_is_there() -> None:
    edited = "report.source = read_source"
    assert (ROOT / "pipelines" / "metadata" / "__init__.py").read_text(encoding="utf-8").count(edited) == 1
    assert f"'s/{edited}/# &/'" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_command_tells_of_losses_by_its_exit_code_and_its_run(archive: Path) -> None:
    reports = Reports(archive)
    with reports.db.conn as connection:
        connection.execute("UPDATE reports SET index_number = 'X-1', digest = '' WHERE id GLOB 'qinghe-*'")
    reports.close()
    dry = scrapy(archive, "reparse", "--dry-run", "--json")
    assert dry.returncode == 1
    assert json.loads(dry.stdout)["fields"] == {"index_number": {"lost": 30}}
    done = scrapy(archive, "reparse", "qinghe")
    assert done.returncode == 1
    assert "30 changed" in done.stdout
    assert "index_number" in done.stdout
    connection = sqlite3.connect(archive / "captures.db")
    (stats,) = connection.execute("SELECT stats FROM runs ORDER BY id DESC LIMIT 1").fetchone()
    connection.close()
    told = json.loads(stats)
    assert told["fields"] == {"index_number": {"lost": 30}}
    assert len(told["examples"]) == 10


def test_accepted_losses_are_well(archive: Path) -> None:
    reports = Reports(archive)
    with reports.db.conn as connection:
        connection.execute("UPDATE reports SET index_number = 'X-1', digest = '' WHERE id GLOB 'qinghe-*'")
    reports.close()
    assert scrapy(archive, "reparse", "--accept-losses").returncode == 0


def test_a_reader_that_raises_fails_its_page_alone(archive: Path) -> None:
    before = dump(archive)
    account = reparse(archive, 2, prepare=raise_on_some)
    assert account.counts["failed"] == len(account.reports["failed"]) > 0
    assert account.counts["unchanged"] == 60 - account.counts["failed"]
    assert account.counts["lost"] == 0
    assert dump(archive) == before
    captures = Captures(archive)
    kinds = {row["kind"] for row in captures.db.conn.execute("SELECT kind FROM problems WHERE resolved_at IS NULL")}
    assert "read_failed" in kinds
    captures.close()


def test_reports_that_no_capture_gives_are_removed(archive: Path) -> None:
    reports = Reports(archive)
    (known,) = reports.db.conn.execute("SELECT id FROM reports WHERE portal = 'qinghe' LIMIT 1").fetchone()
    real = reports.record(known)
    assert real is not None
    row = real.row | {"url": f"{real.row['url']}#x"}
    reports.put(record_of("qinghe-0", row, real.tables, real.reader_version))
    reports.close()
    done = scrapy(archive, "reparse")
    assert done.returncode == 1
    assert "60 unchanged, 1 lost" in done.stdout
    assert "qinghe-0" in done.stdout
    assert "60 unchanged, 0 lost" in scrapy(archive, "reparse").stdout


def test_a_page_that_kills_its_process_twice_has_failed(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reports = Reports(archive)
    (sha256,) = reports.db.conn.execute("SELECT sha256 FROM reports WHERE portal = 'hepan' LIMIT 1").fetchone()
    reports.close()
    monkeypatch.setenv("DIE_ON", sha256)
    said: list[str] = []
    account = reparse(archive, 2, prepare=die_on_one, tell=said.append)
    assert account.counts["failed"] == 1
    assert account.counts["unchanged"] == 59
    assert "SIGKILL" in said[0]


def test_a_process_killed_from_outside_costs_nothing(archive: Path) -> None:
    captures = Captures(archive)
    places: list[Located] = list(located_documents(captures, Registry(get_project_settings(), captures)))
    captures.close()
    said: list[str] = []
    found = []
    for reading in compose_all(archive, places, 2, prepare=slowly, tell=said.append):
        found.append(reading)
        if len(found) == 8:
            os.kill(_workers(os.getpid())[0], signal.SIGKILL)
    assert len(said) == 1
    assert len(found) == len(places) == len({reading.located.id for reading in found})
    assert not any(reading.failed for reading in found)


def test_killed_in_the_middle_it_is_consistent_and_the_next_run_completes(archive: Path) -> None:
    before = dump(archive)
    forget(archive)
    command = (
        "import pipelines.ingest.reparse; pipelines.ingest.reparse._AT_ONCE = 5;"
        f" from tests.test_reparse import *; reparse(Path({str(archive)!r}), 2, prepare=slowly)"
    )
    process = subprocess.Popen([sys.executable, "-c", command], cwd=ROOT, start_new_session=True)
    assert _soon(lambda: _written(archive) > 0)
    workers = _workers(process.pid)
    assert process.poll() is None
    process.kill()
    process.wait()
    assert 0 < _written(archive) < 60
    for name in ("captures", "reports"):
        connection = sqlite3.connect(archive / f"{name}.db")
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        connection.close()
    done = scrapy(archive, "reparse")
    assert done.returncode == 0, done.stderr
    assert "never came to its end" in done.stderr
    assert dump(archive) == before
    assert workers
    assert _soon(lambda: not any(map(_is_running, workers)))


def _soon(is_so: Callable[[], bool]) -> bool:
    """Whether something becomes true within two minutes: machines are busy."""
    deadline = time.monotonic() + 120
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.02)
    return is_so()


def _written(archive: Path) -> int:
    try:
        connection = sqlite3.connect(f"file:{archive / 'reports.db'}?mode=ro", uri=True)
        (count,) = connection.execute("SELECT COUNT(*) FROM reports").fetchone()
        connection.close()
    except sqlite3.OperationalError:  # it is not there yet
        return 0
    return int(count)


def _is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def _workers(pid: int) -> list[int]:
    """The reading processes of a process."""
    try:
        tasks = Path(f"/proc/{pid}/task").iterdir()  # each thread has children of its own
        children = [int(child) for task in tasks for child in (task / "children").read_text().split()]
        return [
            child for child in children if b"pipelines.ingest.processes" in Path(f"/proc/{child}/cmdline").read_bytes()
        ]
    except FileNotFoundError:
        return []


def test_only_what_is_new_or_recent_is_read_when_asked(archive: Path) -> None:
    reports = Reports(archive)
    report_id = min(reports.known("qinghe"))
    reports.remove(report_id)
    reports.close()
    assert "1 new, 0 changed, 0 unchanged" in scrapy(archive, "reparse", "--new").stdout
    assert scrapy(archive, "reparse", "--since", "2999-01-01").stdout.startswith("0 pages read")
    assert scrapy(archive, "reparse", "--since", "soon").returncode == 2


def test_what_nothing_read_then_is_read_again_when_asked_for_what_is_new(archive: Path) -> None:
    """As a picture without the extra ocr, or a doc without LibreOffice: what reads it may have come since."""
    reports, captures = Reports(archive), Captures(archive)
    report_id, url = next(iter(reports.reading("SELECT id, url FROM reports WHERE portal = 'hepan' ORDER BY id")))
    with reports.db.conn as connection:
        connection.execute(
            "INSERT INTO attachments (report_id, url, name) VALUES (?, ?, ?)", (report_id, f"{url}.png", "表")
        )
    run = captures.start_run("crawl", "hepan")
    captures.put_problems(run, "read", [("hepan", f"{url}.png", [Problem(kind="unread", message="a picture")])])
    captures.finish_run(run, "finished", {})
    reports.close()
    captures.close()
    assert "0 new, 0 changed, 1 unchanged" in scrapy(archive, "reparse", "--new").stdout
    captures = Captures(archive)
    captures.resolve_problems(f"{url}.png", "read")
    captures.close()
    assert "0 new, 0 changed, 0 unchanged" in scrapy(archive, "reparse", "--new").stdout


def test_a_dry_run_writes_nothing(archive: Path) -> None:
    forget(archive)
    before = (archive / "captures.db").read_bytes()
    done = scrapy(archive, "reparse", "--dry-run")
    assert done.returncode == 0
    assert "60 new" in done.stdout
    assert not (archive / "reports.db").exists()
    assert (archive / "captures.db").read_bytes() == before


def test_a_dry_run_of_a_report_shows_the_difference(archive: Path) -> None:
    reports = Reports(archive)
    report_id = min(reports.known("hepan"))
    with reports.db.conn as connection:
        connection.execute("UPDATE reports SET title = '别的题目', digest = '' WHERE id = ?", (report_id,))
        connection.execute(
            "UPDATE report_texts SET text = '多余的一段' || char(10) || text WHERE report_id = ?", (report_id,)
        )
    reports.close()
    done = scrapy(archive, "reparse", "--dry-run", report_id)
    assert done.returncode == 1
    assert "title: 别的题目 → " in done.stdout
    assert "- 多余的一段" in done.stdout
    other = min(set(_ids(archive)) - {report_id})
    done = scrapy(archive, "reparse", "--dry-run", other)
    assert (done.returncode, done.stdout) == (0, "No differences.\n")


def _ids(archive: Path) -> list[str]:
    reports = Reports(archive)
    found = sorted(reports.known())
    reports.close()
    return found


def test_diff_shows_what_a_portal_changed(archive: Path) -> None:
    reports = Reports(archive)
    row = reports.db.conn.execute("SELECT report_id FROM versions GROUP BY report_id HAVING COUNT(*) > 1").fetchone()
    reports.close()
    done = scrapy(archive, "diff", row["report_id"])
    assert done.returncode == 0, done.stderr
    assert "2 versions" in done.stdout
    assert "statistics 2" in done.stdout
    assert "\n- " in done.stdout
    assert "\n+ " in done.stdout
    assert scrapy(archive, "diff", row["report_id"], "--from", "2001-01-01").returncode == 2
    assert scrapy(archive, "diff", "qinghe-nothing").returncode == 2
