"""What must not grow with the archive: the end of a crawl, a merge, an import of one file, whose an address is.

Archives are filled with rows of real shape of other portals, whose bodies and texts are short: nothing here reads them.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from pathlib import Path
from types import SimpleNamespace

from scrapy.settings import Settings

from archive import Capture, Captures, Reports
from archive.captures import fingerprint
from archive.merge import Merge
from archive.vocabulary import Outcome
from crawler.demo.nfcms import Nfcms
from spiders.registry import Registry
from tests.bench import measured, served
from tests.bench_figures import PORTALS, made, shaped
from tests.bench_store import build

FEW, MANY = 1_000, 100_000
NEW, MERGED = 30, 2_000
ROUNDS = 3
OWNERS = 4_000
_HEADERS = json.dumps([["Server", "nginx"], ["Content-Type", "text/html; charset=utf-8"], ["ETag", '"65a1"']] * 3)


def lines(line: Callable[..., bool]) -> bool:
    """The end of a crawl and a merge, in a small archive and in a large one."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sizes = {count: filled(folder / str(count), count) for count in (FEW, MANY)}
        ends = {count: ends_of_crawls(folder, archive) for count, archive in sizes.items()}
        few, many = ends[FEW], ends[MANY]
        print(
            f"end of a crawl of {NEW} reports, CPU ms: {few * 1e3:.0f} at {FEW:,} reports, {many * 1e3:.0f} at {MANY:,}"
        )
        kept = line(f"end of a crawl: {MANY:,} reports / {FEW:,}", many / few, "<= 1.20", kept=many <= 1.2 * few)
        other = build(folder / "other", MERGED)
        merges = {count: merged(folder, archive, other) for count, archive in sizes.items()}
    few, many = (merges[count] / MERGED * 1e3 for count in (FEW, MANY))
    print(f"a merge, ms a capture: {few:.3f} into {FEW:,} captures, {many:.3f} into {MANY:,}")
    kept &= line(f"merge: {MANY:,} captures / {FEW:,}", many / few, "<= 1.20", kept=many <= 1.2 * few)
    return kept & _owner_line(line)


def filled(folder: Path, count: int) -> Path:
    """An archive of so many reports of other portals, with their captures, entries and marks, all read and related."""
    folder.mkdir()
    captures, reports = Captures(folder), Reports(folder)
    for database in (captures.db, reports.db):
        database.execute("PRAGMA synchronous = OFF")
    for number in range(PORTALS):
        facts = {"name": f"portal{number}", "home_url": f"http://portal{number}.example.gov.cn/"}
        reports.put_portal(facts)
        captures.add_portal({**facts, "platform": "nfcms", "hosts": f"portal{number}.example.gov.cn"})
    empty = {"report_texts": [("正文",)], "statistics": [], "checks": []}
    short = [replace(shape, tables=shape.tables | empty) for shape in shaped()]
    for number, record in enumerate(islice(made(short), count), 1):
        reports.put(record)
        _add_capture(captures, record.row["portal"], record.row["url"], number)
        reports.db.execute(
            "INSERT INTO read_marks (id, capture_id, entries, reader_version, has_report, is_related)"
            " VALUES (?, ?, '', '1', 1, 1)",
            (record.id, number),
        )
        if number % 2_000 == 0:
            reports.commit()
            captures.db.conn.commit()
    captures.db.conn.commit()
    reports.close()
    captures.close()
    return folder


def _add_capture(captures: Captures, portal: str, url: str, number: int) -> None:
    body, connection = b"%d" % number, captures.db.conn
    sha256, moment = hashlib.sha256(body).hexdigest(), f"2026-10-{number % 28 + 1:02}T08:00:00.{number:06}Z"
    capture = Capture(
        url=url,
        requested_at=moment,
        status=200,
        outcome=Outcome.OK,
        sha256=sha256,
        content_type="text/html",
        portal=portal,
    )
    capture.response_headers = json.loads(_HEADERS)
    captures.add_body(connection, sha256, body)
    captures.add_row(connection, capture, fingerprint("GET", url))
    connection.execute(
        "INSERT INTO entries (portal, listing_url, url, title, date, first_seen, last_seen) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            portal,
            f"http://{portal}.example.gov.cn/zwgk/",
            url,
            "2023年政府信息公开工作年度报告",
            "2024-01-20",
            moment,
            moment,
        ),
    )


def copied(folder: Path, archive: Path) -> Path:
    """A copy to write to."""
    target = folder / "copy"
    shutil.rmtree(target, ignore_errors=True)
    return Path(shutil.copytree(archive, target))


def ends_of_crawls(folder: Path, archive: Path) -> float:
    """CPU seconds from the last answer of a crawl of a few reports to its end; the least of several."""
    with served(NEW) as portal:
        return min(float(measured("end", portal, copied(folder, archive))["cpu"]) for _ in range(ROUNDS))


def merged(folder: Path, archive: Path, other: Path) -> float:
    """Seconds that a merge takes, without reading; the least of several."""
    best = float("inf")
    for _ in range(ROUNDS):
        captures = Captures(copied(folder, archive))
        start = time.process_time()
        merge = Merge(captures, other / "captures.db", lambda *_: None)
        merge.run()
        best = min(best, time.process_time() - start)
        assert merge.counts[f"captures/{Outcome.OK}"] == MERGED
        captures.close()
    return best


def _owner_line(line: Callable[..., bool]) -> bool:
    """Whose an address is, among few and among many portals."""
    times = []
    for count in (OWNERS // 100, OWNERS):
        facts = {
            f"p{number}": {
                "name": f"p{number}",
                "title": f"p{number}",
                "home_url": f"http://www.p{number}.gov.cn/",
                "platform": Nfcms.platform,
                **dict.fromkeys(("division_code", "division", "level", "hosts", "document")),
            }
            for number in range(count)
        }
        registry = Registry(Settings({"SPIDER_MODULES": []}), SimpleNamespace(portals=lambda facts=facts: facts))  # type: ignore[arg-type]
        urls = [f"http://p{number % count}.gov.cn/zwgk/post_{number}.html" for number in range(20_000)]
        best = float("inf")
        for _ in range(ROUNDS):
            start = time.process_time()
            for url in urls:
                registry.owner(url)
            best = min(best, time.process_time() - start)
        times.append(best / len(urls))
    few, many = times
    print(f"whose an address is, us: {few * 1e6:.1f} among {OWNERS // 100} portals, {many * 1e6:.1f} among {OWNERS:,}")
    return line(
        f"owner of an address: {OWNERS:,} portals / {OWNERS // 100}", many / few, "<= 1.50", kept=many <= 1.5 * few
    )


if __name__ == "__main__":
    from tests.bench import line

    sys.exit(not lines(line))
