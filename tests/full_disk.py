"""Crawls on disks that are full at so many sizes: `python -m tests.full_disk [DISKS]`, or `make soak`.

Each disk is a small file system, which is made larger for the run after. A crawl that it stops ends with exit code 2 and
one line, asks for nothing after the first write that failed, and leaves no temporary file; the next run completes the
archive to what an undisturbed crawl makes of it. To mount file systems takes root: anybody else tries none.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from crawler.demo.nfcms import Nfcms
from crawler.demo.server import Server
from tests.crawling import run
from tests.killed_crawls import is_sound
from tests.nation import SETTINGS, declare
from tests.soak import KNOWN
from tests.unreliable import open_problems, public, unbalanced

DOCUMENTS = 40
NAME = "qinghe"
GROWN = 1 << 30
"""Bytes of a disk for the run after."""


def main(disks: int) -> int:
    """How many disks had a fault."""
    if os.geteuid():
        print("disks that are full: none tried, for only root may mount a file system")
        return 0
    faulty = 0
    with tempfile.TemporaryDirectory() as name, Server(Nfcms(NAME, DOCUMENTS)) as server:
        folder = Path(name)
        declare(folder, server)
        whole = folder / "whole"
        assert crawled(folder, whole).returncode == 0
        wanted = public(whole)
        needed = sum(path.stat().st_size for path in whole.iterdir())
        for number in range(1, disks + 1):
            size = needed * number // (disks + 1)
            with disk(folder / "disk", size) as place:
                faults = list(tried(folder, place, server, wanted))
            faulty += bool(faults)
            print(f"{size:,} of {needed:,} bytes: {'; '.join(faults) or 'good'}", flush=True)
    print(f"{disks} disks, {faulty} with a fault")
    return faulty


@contextmanager
def disk(place: Path, size: int) -> Iterator[Path]:
    """A file system of so many bytes in memory."""
    place.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", place], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", place], check=True)


def tried(folder: Path, place: Path, server: Server, wanted: list[str]) -> Iterator[str]:
    """What is wrong of a crawl on a small disk, and of the one after the disk has grown."""
    archive = place / "archive"
    server[NAME].log.clear()
    full = crawled(folder, archive)
    asked = len(server[NAME].log)
    lines = full.stderr.splitlines()
    if full.returncode != 2:
        yield f"exit code {full.returncode}, not 2"
    if [line[:14] for line in lines].count("scrapy: cannot") != 1 or "Traceback" in full.stderr:
        yield f"said {full.stderr}"
    subprocess.run(["mount", "-o", f"remount,size={GROWN}", place], check=True)
    if asked > captures(archive) + 1:
        yield f"{asked} requests, {captures(archive)} captures"
    again = crawled(folder, archive)
    if again.returncode:
        yield f"next run: exit code {again.returncode}, {again.stderr}"
    elif public(archive) != wanted or open_problems(archive) or unbalanced(archive) or not is_sound(archive):
        yield "the next run did not complete the archive"
    left = sorted({path.name for path in archive.iterdir()} - KNOWN)
    if left:
        yield f"left {', '.join(left)}"


def crawled(folder: Path, archive: Path) -> subprocess.CompletedProcess[str]:
    """One `scrapy crawl`. It does not look how much space is free: what is tried is the write that fails."""
    options = [word for key, value in (SETTINGS | {"MIN_FREE": 0}).items() for word in ("-s", f"{key}={value}")]
    command = [sys.executable, "-m", "scrapy", "crawl", NAME, *options]
    return run(command, ARCHIVE=str(archive), PYTHONPATH=str(folder))


def captures(archive: Path) -> int:
    """How many captures an archive has; 0 where its file did not get so far."""
    if not (archive / "captures.db").exists():
        return 0
    with closing(sqlite3.connect(archive / "captures.db")) as db:
        if not db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'captures'").fetchone():
            return 0
        return int(db.execute("SELECT COUNT(*) FROM captures").fetchone()[0])


if __name__ == "__main__":
    raise SystemExit(bool(main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)))
