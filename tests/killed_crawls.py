"""Crawls that are killed at random moments, again and again: `python -m tests.killed_crawls [KILLS]`, or `make soak`.

Everything that was fetched and kept must be there in the end, and nothing of it may have been fetched a second time.
`make soak` also kills imports, merges and reparses: tests/test_interrupted.py, with KILLS in the environment.
"""

from __future__ import annotations

import json
import random
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from archive import Reports
from crawler.demo.nfcms import Nfcms
from crawler.demo.replica import Replica
from crawler.demo.server import Server
from crawler.demo.trs import Trs
from tests.crawling import crawl, start

MOST_DOCUMENTS = 6
"""Documents that a crawl may fetch before it is killed, at most: so that there is something left for the next one."""


def portals(kills: int) -> list[Replica]:
    """Portals with all that takes more than one request per document: split articles, moved ones, missing ones."""
    hepan = Trs("hepan", 30 + 4 * kills, split=5)
    for document in hepan.documents[3:40:9]:
        hepan.move(document, "shell")
    hepan.move(hepan.documents[20], "redirect")
    hepan.documents[25].state = "404"
    qinghe = Nfcms("qinghe", 10 + 2 * kills)
    for document in qinghe.documents[2::7]:
        document.second_column = True
    return [hepan, qinghe]


def said(archive: Path) -> list[str]:
    """What the archive says of its reports, times left out."""
    reports = Reports(archive)
    sql = "SELECT id, url, title, issuing_body, report_year, published, form, sha256, state, text FROM reports JOIN report_texts ON report_id = id"
    lines = sorted(json.dumps(tuple(row), ensure_ascii=False) for row in reports.db.conn.execute(sql))
    for table in ("statistics", "checks", "locations"):
        lines += sorted(
            json.dumps([table, *tuple(row)], ensure_ascii=False)
            for row in reports.db.conn.execute(f"SELECT * FROM {table}")
        )
    reports.close()
    return lines


def answered(archive: Path) -> Counter[str]:
    """How often each document's address was answered and kept, listings and robots.txt left out."""
    connection = sqlite3.connect(archive / "captures.db")
    rows = connection.execute(
        "SELECT url, COUNT(*) FROM captures WHERE outcome IN ('ok', 'unchanged', 'redirect', 'missing')"
        " AND url NOT IN (SELECT listing_url FROM entries) AND url NOT LIKE '%/robots.txt' AND url NOT LIKE '%index_%' GROUP BY url"
    ).fetchall()
    connection.close()
    return Counter(dict(rows))


def is_sound(archive: Path) -> bool:
    """Whether SQLite finds both files whole."""
    for name in ("captures.db", "reports.db"):
        connection = sqlite3.connect(archive / name)
        answer = connection.execute("PRAGMA integrity_check").fetchall()
        connection.close()
        if answer != [("ok",)]:
            return False
    return True


def soak(folder: Path, kills: int, seed: int) -> int:
    """Kill a crawl so many times, then let one end; the number of reports that are archived then.

    Raises AssertionError where something was lost or fetched twice.
    """
    moments = random.Random(seed)
    archive = folder / "killed"
    with Server(*portals(kills)) as server:
        assert crawl(folder / "undisturbed", *server).returncode == 0
        asked = {r.base + hit.target for r in server for hit in r.log}
        wanted, once = said(folder / "undisturbed"), answered(folder / "undisturbed")
        others = len(asked - once.keys())
        for _ in range(kills):
            kill_one(archive, server, moments.randint(0, others + MOST_DOCUMENTS), moments.uniform(0, 0.02))
            assert not (archive / "captures.db").exists() or is_sound(archive)
        for r in server:
            r.log.clear()
        kept = answered(archive).keys()
        done = crawl(archive, *server)
        assert done.returncode == 0, done.stderr
        again = {r.base + hit.target for r in server for hit in r.log} & kept
        assert not again, f"kept before, and asked for again: {sorted(again)[:5]}"
    assert is_sound(archive)
    assert said(archive) == wanted
    assert answered(archive) == once
    return sum(line.startswith(('["hepan-', '["qinghe-')) for line in wanted)


def kill_one(archive: Path, server: Server, requests: int, seconds: float) -> None:
    """Begin a crawl and kill it so many requests and seconds later."""
    for r in server:
        r.log.clear()
    process = start(archive, *server)
    while sum(len(r.log) for r in server) < requests and process.poll() is None:
        time.sleep(0.001)
    time.sleep(seconds)
    assert process.poll() is None, "the crawl was through before it could be killed"
    process.kill()
    process.wait()


def main() -> None:
    """The long form."""
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        found = soak(Path(folder), kills, seed=kills)
    seconds = time.monotonic() - begun
    print(f"{kills} crawls killed, {found} reports, nothing lost, nothing fetched twice; {seconds:.0f} s")


if __name__ == "__main__":
    main()
