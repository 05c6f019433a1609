"""Reparse against its floor, two processes against one, large archives against small ones, and bytes on disk.

Archives are made of the captures of a real crawl's kind: reports of two platforms, each body with a line of its own.
"""

from __future__ import annotations

import json
import multiprocessing
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scrapy.utils.project import get_project_settings

from archive import Capture, Captures
from archive.model import Page
from archive.warc.writer import Export, ExportSelection
from crawler.demo.messages import Request
from crawler.demo.nfcms import Nfcms
from pipelines import read
from pipelines.ingest.locate import located_documents
from pipelines.ingest.reparse import Reparse
from spiders.registry import Registry
from tests.crawling import ROOT
from tests.replicas import portal_class

ROUNDS = 4
PAGES = 3_000
"""Enough that a second process is worth its start."""
SMALL, LARGE = 600, 6_000
REAL = ROOT.parent / "shared" / "real"


def lines(line: Callable[..., bool]) -> bool:
    """The lines of the store; the last needs real pages and says where they are not at hand."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        kept = _reparse_lines(line, folder)
        kept &= _size_lines(line, folder)
    return kept & _byte_lines(line)


def _reparse_lines(line: Callable[..., bool], folder: Path) -> bool:
    archive = build(folder / "pages", PAGES)
    measured("reparse", archive, 1)
    cpu: dict[str, list[float]] = {"reparse": [], "floor": []}
    gains, burners = [], []
    for _ in range(ROUNDS):
        cpu["floor"].append(measured("floor", archive, 1)["cpu"])
        one, two = (measured("reparse", archive, jobs) for jobs in (1, 2))
        cpu["reparse"].append(one["cpu"])
        gains.append(one["wall"] / two["wall"])
        burners.append(2 * _burn(1) / _burn(2))
    ratio = min(cpu["reparse"]) / min(cpu["floor"])
    a, b = (min(values) / PAGES * 1e3 for values in cpu.values())
    print(f"CPU a stored page, ms: reparse {a:.2f}, decompressing and pipelines.read alone {b:.2f}", flush=True)
    kept = line("reparse: CPU, one process / (decompress + read alone)", ratio, "<= 1.10", kept=ratio <= 1.1)
    ratio = max(gains) / max(burners)
    print(f"gain of two processes: reparse {max(gains):.2f}, pure CPU {max(burners):.2f}", flush=True)
    return kept & line("reparse: gain of two jobs / gain of two CPU burners", ratio, ">= 0.95", kept=ratio >= 0.95)


def _size_lines(line: Callable[..., bool], folder: Path) -> bool:
    costs, peaks = {}, {}
    for pages in (SMALL, LARGE):
        archive = build(folder / str(pages), pages)
        found = measured("reparse", archive, 2)
        costs[pages], peaks[pages] = found["all_cpu"] / pages, found["peak"]
    ratio = costs[LARGE] / costs[SMALL]
    print(f"CPU a page, ms: {costs[SMALL] * 1e3:.2f} at {SMALL:,} pages, {costs[LARGE] * 1e3:.2f} at {LARGE:,}")
    kept = line(f"reparse: cost a page at {LARGE:,} pages / at {SMALL:,}", ratio, "<= 1.10", kept=ratio <= 1.1)
    growth = peaks[LARGE] / peaks[SMALL]
    print(f"peak memory of the parent, MiB: {peaks[SMALL] / 1024:.0f} and {peaks[LARGE] / 1024:.0f}")
    return kept & line("reparse: peak memory of the parent, the same", growth, "<= 1.20", kept=growth <= 1.2)


def _byte_lines(line: Callable[..., bool]) -> bool:
    if not REAL.is_dir():
        print("captures.db: bytes are compared on real pages only, in ../shared/real, which is not there")
        return True
    from archive.warc import reader

    with tempfile.TemporaryDirectory() as name:
        archive, out = Path(name), Path(name) / "export.warc.gz"
        captures = Captures(archive)
        for path in (
            path for folder in ("portal_pages", "seed_portals") for path in sorted((REAL / folder).glob("*.warc.gz"))
        ):
            for capture in reader.read(path):
                if isinstance(capture, Capture) and capture.body:
                    capture.outcome = "ok"
                    captures.add(capture)
        captures.db.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with out.open("wb") as stream:
            for _ in Export(captures, stream).write(ExportSelection(), out.name):
                pass
        bodies, packed = captures.db.conn.execute("SELECT SUM(size), SUM(LENGTH(data)) FROM bodies").fetchone()
        captures.close()
        size = (archive / "captures.db").stat().st_size
        exported = out.stat().st_size
    print(f"the bodies themselves, each compressed on its own: {packed / bodies:.3f} of their size")
    kept = line(
        "captures.db: bytes / bytes of the bodies, real pages", size / bodies, "<= 0.32", kept=size <= 0.32 * bodies
    )
    ratio = size / exported
    return kept & line("captures.db: bytes / the same as .warc.gz, real pages", ratio, "<= 1.15", kept=ratio <= 1.15)


def build(archive: Path, pages: int) -> Path:
    """An archive of that many pages of one portal, each a report of its own."""
    replica = Nfcms("bench", pages)
    replica.base = "http://bench.example.gov.cn"
    captures = Captures(archive)
    captures.add_portal(portal_class(replica).facts())
    captures.db.conn.execute("PRAGMA synchronous = OFF")
    for expected in replica.truth():
        path = expected.url.removeprefix(replica.base)
        reply = replica.answer(Request(method="GET", path=path, target=path))
        captures.add(
            Capture(
                url=expected.url,
                requested_at="2026-11-01T08:00:00.000000Z",
                status=200,
                outcome="ok",
                body=reply.body,
                content_type=reply.content_type,
                response_headers=[("Content-Type", reply.content_type or "")],
                portal="bench",
            )
        )
    captures.close()
    return archive


def measured(mode: str, archive: Path, jobs: int) -> dict[str, Any]:
    """One reparse, or its floor, in a process of its own."""
    command = [sys.executable, "-m", "tests.bench_store", mode, str(archive), str(jobs)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{mode}: {done.stderr[-2000:]}")
    return dict(json.loads(done.stdout.splitlines()[-1]))


def reparse(archive: Path, jobs: int) -> None:
    """As the command does it, after its imports."""
    captures = Captures(archive)
    portals = Registry(get_project_settings(), captures)
    run = Reparse(archive, captures, portals, run_id=captures.start_run("reparse", None))
    run.run(located_documents(captures, portals), jobs)
    run.remove_lost(None)
    run.relate(everything=run.concerns_all)
    run.close()
    captures.close()


def floor(archive: Path) -> None:
    """Every stored page decompressed and read."""
    captures = Captures(archive, read_only=True)
    (portal,) = captures.portals().values()
    rows = captures.db.conn.execute("SELECT url, sha256, content_type, requested_at FROM captures").fetchall()
    for row in rows:
        page = Page(
            url=row["url"],
            body=captures.body(row["sha256"]),
            content_type=row["content_type"],
            portal=portal["name"],
            division_code=portal["division_code"],
            sha256=row["sha256"],
            captured_at=row["requested_at"],
        )
        read(page)
    captures.close()


def _burn(count: int) -> float:
    """Wall seconds of that many processes that only compute."""
    processes = [multiprocessing.get_context("spawn").Process(target=_compute) for _ in range(count)]
    start = time.perf_counter()
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    return time.perf_counter() - start


def _compute() -> None:
    total = 0
    for number in range(30_000_000):
        total += number


def main(mode: str, archive: Path, jobs: int) -> None:
    """The other process."""
    captures = Captures(archive)
    Registry(get_project_settings(), captures)  # portals' files are imported once, whatever the number of pages
    captures.close()
    start, wall = time.process_time(), time.perf_counter()
    if mode == "floor":
        floor(archive)
    else:
        reparse(archive, jobs)
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    cpu = time.process_time() - start
    told = {"cpu": cpu, "wall": time.perf_counter() - wall, "peak": own.ru_maxrss}
    print(json.dumps(told | {"all_cpu": cpu + children.ru_utime + children.ru_stime}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
