"""Archives of real shape for the bench, each filled once and shared among its lines.

Reports are those of bench_figures, with their texts of some 1,500 characters; each has a capture, an entry and its fate,
and each portal a run. BENCH_ARCHIVES names a folder where they are kept for the next bench; otherwise they go with it.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from functools import cache
from itertools import count as counted
from itertools import islice
from pathlib import Path
from typing import Any

from archive import Capture, Captures, Reports
from archive.captures import fingerprint
from archive.model import Entry, Problem
from archive.records import Record
from archive.vocabulary import Fate, Level, Outcome, ProblemKind, RunKind
from tests.bench_figures import made, relate, shaped

REPORTS_OF_PORTAL = 250
"""At every size, so that the page of a portal has as much to show."""
_ABSENT = 23
"""One report in so many was never published: questions of missing years have an answer."""
_FATES = (*[Fate.REPORT] * 17, Fate.NOT_A_REPORT, Fate.MISSING, Fate.ERROR)
_AT_ONCE = 2_000


@cache
def root() -> Path:
    """Where the archives are."""
    kept = os.environ.get("BENCH_ARCHIVES")
    if kept:
        return Path(kept)
    folder = tempfile.mkdtemp(prefix="bench-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


@cache
def archive(count: int) -> Path:
    """The archive of so many reports, brought up to date."""
    folder = root() / str(count)
    if not folder.exists():
        part = root() / f"{count}.part"
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        _fill(part, count)
        part.rename(folder)
    Reports(folder).close()
    Captures(folder).close()
    return folder


def _fill(folder: Path, count: int) -> None:
    portals = max(1, count // REPORTS_OF_PORTAL)
    reports, captures = Reports(folder), Captures(folder)
    for part in (reports, captures):
        part.db.conn.execute("PRAGMA synchronous = OFF")
    for number in range(portals):
        portal: dict[str, str | None] = {
            "name": f"portal{number}",
            "title": f"门户{number}",
            "level": Level.COUNTY,
            "home_url": f"http://portal{number}.example.gov.cn/",
        }
        reports.put_portal(portal)
        captures.add_portal(portal)
    published = (record for number, record in enumerate(made(shaped(), portals)) if number % _ABSENT)
    records = islice(published, count)
    numbers = counted(1)
    while batch := list(islice(records, _AT_ONCE)):
        for record in batch:
            reports.put(record)
        captured = [(next(numbers), record) for record in batch]
        reports.db.conn.executemany(
            "INSERT INTO fates (portal, listing_url, url, title, fate, report_id, cause) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (_fate(number, record.row, record.id) for number, record in captured),
        )
        reports.commit()
        _capture(captures, captured)
    relate(reports)
    for number in range(portals):
        run = captures.start_run(RunKind.CRAWL, f"portal{number}")
        problem = Problem(kind=list(ProblemKind)[number % len(ProblemKind)], message="made for the bench")
        captures.add_problem(run, f"portal{number}", problem)
        captures.finish_run(run, "finished", {})
    for part in (reports, captures):
        part.close()


def _fate(number: int, row: dict[str, Any], report_id: str) -> tuple[str | None, ...]:
    fate = _FATES[number % len(_FATES)]
    listing = f"http://{row['portal']}.example.gov.cn/list/"
    is_report = fate is Fate.REPORT
    return row["portal"], listing, row["url"], row["title"], fate, report_id if is_report else None, str(fate)


def _capture(captures: Captures, captured: list[tuple[int, Record]]) -> None:
    connection = captures.db.conn
    body = f"<html><body>{'<p>公开政府信息。</p>' * 1500}</body></html>".encode()
    sha256 = hashlib.sha256(body).hexdigest()
    with connection:
        captures.add_body(connection, sha256, body)
        for capture in _captures(captured, sha256):
            captures.add_row(connection, capture, fingerprint("GET", capture.url))
    entries = [
        Entry(
            url=record.row["url"],
            title=record.row["title"],
            date="2024-01-20",
            portal=record.row["portal"],
            listing_url=f"http://{record.row['portal']}.example.gov.cn/list/",
        )
        for _, record in captured
    ]
    captures.add_entries(entries)


def _captures(captured: list[tuple[int, Record]], sha256: str) -> Iterator[Capture]:
    for number, record in captured:
        yield Capture(
            url=record.row["url"],
            requested_at=f"2026-11-{1 + number % 28:02}T08:00:00.{number:06}Z",
            status=200,
            outcome=Outcome.OK,
            sha256=sha256,
            content_type="text/html",
            response_headers=[("Content-Type", "text/html"), ("Server", "nginx")],
            portal=record.row["portal"],
        )
