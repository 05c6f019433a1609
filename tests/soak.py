"""A long life of one archive: `python -m tests.soak [--portals N] [--crawls N] [--seed N]`, or `make soak`.

Portals are crawled again and again by processes that crawl them in rounds, some of which are killed. Answers fail by
lot, two readers look on, one of them for seconds at a time, and every other process has a reparse beside it. What a
process holds must not grow from round to round: memory, files, threads, children; nor the logs of the databases, nor
what is temporary, nor the open problems. In the end the archive is that of a crawl that nothing disturbed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import resource
import signal
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path
from typing import Any

from scrapy.utils.project import get_project_settings

from crawler.demo.replica import Replica
from crawler.demo.reports import Synthetic
from crawler.demo.server import Server
from tests.clock import days_later
from tests.crawling import HURRY, Forked, crawl, scrapy
from tests.killed_crawls import is_sound
from tests.test_documents import BODY
from tests.unreliable import (
    Lots,
    UnreliableDocuments,
    UnreliableNfcms,
    UnreliableTrs,
    fail,
    open_problems,
    public,
    unbalanced,
)

SETTINGS = HURRY | {"DOWNLOAD_TIMEOUT": 0.4, "LOG_LEVEL": "ERROR"}
SHARES = (0.0, 0.1, 0.3)
"""Of the answers that are faulty while a process lives."""
PAUSE = 20.0
"""Days between two rounds, so that whatever waits for its turn has it."""
KILLED = 0.7
"""Of the processes but the first, which is the longest."""
LONGEST_WAL = 24 << 20
"""Bytes of a log: what is written while the slower reader looks on, and the 16 MiB that a log may keep."""
GROWTH = 1.15
"""By which the memory of the longest process may differ between its third round and its last ones."""
KNOWN = frozenset(
    name + end for name in ("captures.db", "reports.db", "readings.db") for end in ("", "-wal", "-shm", "-journal")
)
"""Files of an archive; another one is temporary."""


def replicas(portals: int) -> list[Replica]:
    """So many portals of three platforms, with split articles, pictures and documents beside their pages."""
    made: list[Replica] = []
    for number in range(portals):
        name, size = f"portal{number}", 3 + number % 3
        if number == portals - 1:
            reports = [Synthetic(issuing_body=BODY, report_year=year) for year in (2022, 2023)]
            made.append(UnreliableDocuments(name, reports, page_size=8))
        elif number % 2:
            made.append(UnreliableTrs(name, size, split=2, page_size=4))
        else:
            made.append(UnreliableNfcms(name, size, page_size=4))
    return made


# In the processes that are watched


def live(told: str) -> int:
    """Crawl all portals in so many rounds, every other one of all pages anew; note after each what this process holds."""
    from crawler.extensions.runs import Runs
    from crawler.process import CrawlProcess
    from spiders.registry import make_portal

    work = json.loads(told)
    settings = get_project_settings()
    settings.setdict(work["settings"], priority="cmdline")
    process = CrawlProcess(settings)
    portals = [make_portal(*portal) for portal in work["portals"]]
    is_well = True

    async def rounds() -> None:
        nonlocal is_well
        with Path(work["notes"]).open("a", encoding="ascii", buffering=1) as notes:
            for number in range(work["rounds"]):
                with days_later(work["day"] + number * PAUSE):
                    crawlers = [process.create_crawler(portal) for portal in portals]
                    arguments = {"refresh": "1"} if number % 2 else {}
                    await asyncio.gather(*(process.crawl(crawler, **arguments) for crawler in crawlers))
                runs = [crawler.get_extension(Runs) for crawler in crawlers]
                is_well = all(run is not None and run.finished and not run.unwell for run in runs)
                del crawlers, runs
                problems = len(open_problems(Path(work["settings"]["ARCHIVE"])))
                notes.write(json.dumps(held(os.getpid()) | {"problems": problems}) + "\n")
        process.stop_reactor()

    task = asyncio.get_event_loop().create_task(rounds())
    process.start(stop_after_crawl=False)
    if not task.cancelled() and (error := task.exception()) is not None:
        raise error
    return int(not is_well)


def look_on(archive: str, stop: str, seconds: float) -> int:
    """Read both databases until the file `stop` is there, each time in one view of them that lasts so long."""
    while not Path(stop).exists():
        for name, sums in {
            "captures.db": "SELECT (SELECT COUNT(*) FROM captures), (SELECT SUM(size) FROM bodies)",
            "reports.db": "SELECT (SELECT COUNT(*) FROM reports), (SELECT COUNT(*) FROM report_texts)",
        }.items():
            with closing(sqlite3.connect(f"{Path(archive, name).as_uri()}?mode=ro", uri=True)) as db:
                db.isolation_level = None
                db.execute("BEGIN")
                before = db.execute(sums).fetchone()
                if name == "reports.db" and before[0] != before[1]:
                    raise AssertionError(f"{before[0]} reports with {before[1]} texts")
                time.sleep(seconds)
                if db.execute(sums).fetchone() != before:
                    raise AssertionError("one view of a database changed while it was looked at")
                db.execute("COMMIT")
    return 0


def reparse(archive: str, day: float) -> int:
    """Read all pages again, on that day."""
    with days_later(day):
        done = scrapy(Path(archive), "reparse", "--jobs", "1")
    print(done.stdout, done.stderr)
    return done.returncode


def held(process: int) -> dict[str, int]:
    """Memory in KiB, open files, threads and children of a process; memory with that of its children."""
    family = [process, *descendants(process)]
    return {
        "own": _memory(process),
        "memory": sum(map(_memory, family)),
        "files": sum(1 for _ in Path(f"/proc/{process}/fd").iterdir()),
        "threads": sum(1 for _ in Path(f"/proc/{process}/task").iterdir()),
        "children": len(family) - 1,
    }


def _memory(process: int) -> int:
    """KiB of its own: what forks share is counted once, in proportion."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def descendants(process: int) -> list[int]:
    """The living children of a process, and theirs."""
    found: list[int] = []
    for task in Path(f"/proc/{process}/task").glob("*/children"):
        try:
            children = [int(child) for child in task.read_text(encoding="ascii").split()]
        except (FileNotFoundError, ProcessLookupError):
            continue
        for child in children:
            found += [child, *descendants(child)]
    return found


# In the process that watches


@dataclass
class Soak:
    """One archive, what happens to it, and what was wrong with it."""

    folder: Path
    server: Server
    moments: random.Random
    longest: int
    """Rounds of the first process."""
    day: float = 0.0
    lives: list[list[dict[str, int]]] = field(default_factory=list)
    """What each process held after each of its rounds."""
    killed: int = 0
    reparses: int = 0
    faults: int = 0
    temporary: list[int] = field(default_factory=list)
    """Temporary files after each process."""
    longest_wal: int = 0
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        (self.folder / "tmp").mkdir()
        self.work = {
            "portals": [[replica.platform, replica.facts] for replica in self.server],
            "settings": SETTINGS | {"ARCHIVE": str(self.archive)},
        }

    @property
    def archive(self) -> Path:
        return self.folder / "archive"

    def forked(self, function: Callable[..., int], *arguments: Any) -> Forked:
        """A process whose temporary files are counted."""
        return Forked(function, *arguments, TMPDIR=str(self.folder / "tmp"))

    def crawls(self) -> int:
        """That were begun."""
        with closing(sqlite3.connect(self.archive / "captures.db")) as db:
            return int(db.execute("SELECT COUNT(*) FROM runs WHERE kind = 'crawl'").fetchone()[0])

    def life(self, rounds: int, *, share: float, may_be_killed: bool = True) -> int:
        """One process that crawls, to its end or until it is killed; its exit code, -9 where it was killed."""
        fail(self.server, share, self.moments.randint(0, 10**6))
        notes = self.folder / f"notes-{len(self.lives)}"
        notes.touch()
        told = {"rounds": rounds, "day": self.day, "notes": str(notes)}
        process = self.forked(live, json.dumps(self.work | told, default=attrgetter("pattern")))
        beside = self._begin_reparse() if len(self.lives) % 2 else None
        if may_be_killed and self.moments.random() < KILLED:
            self._kill(process, notes, self.moments.randrange(rounds), self.moments.uniform(0, 0.4))
        done = process.wait()
        if done.returncode not in {0, 1, -signal.SIGKILL}:
            self.wrong.append(f"a process ended with {done.returncode}: {done.stderr[-500:]}")
        self.faults += sum(replica.struck.total() for replica in self.server if isinstance(replica, Lots))
        if beside is not None:
            self._end_reparse(beside)
        self.lives.append([json.loads(line) for line in notes.read_text(encoding="ascii").splitlines()])
        self.day += rounds * PAUSE
        self.temporary.append(sum(1 for _ in self.temporary_files()))
        if not is_sound(self.archive):
            self.wrong.append(f"after process {len(self.lives)}, SQLite finds damage")
        return done.returncode

    def temporary_files(self) -> Iterator[Path]:
        """Whatever is beside the databases, or where temporary files go."""
        yield from (path for path in self.archive.iterdir() if path.name not in KNOWN)
        yield from (path for path in (self.folder / "tmp").rglob("*") if not path.is_dir())

    def _kill(self, process: Forked, notes: Path, rounds: int, seconds: float) -> None:
        """Kill a process in the midst of a round, once it has done so many; its children have to end, too."""
        while len(notes.read_bytes().splitlines()) < rounds and process.poll() is None:
            time.sleep(0.02)
        before = sum(len(replica.log) for replica in self.server)
        while sum(len(replica.log) for replica in self.server) == before and process.poll() is None:
            time.sleep(0.005)
        time.sleep(seconds)
        if process.poll() is not None or process.pid is None:
            return
        family = descendants(process.pid)
        process.kill()
        self.killed += 1
        until = time.monotonic() + 30
        while any(map(_lives, family)):
            if time.monotonic() > until:
                self.wrong.append(f"the children of a killed process live on: {family}")
                return
            time.sleep(0.05)

    def _begin_reparse(self) -> Forked:
        return self.forked(reparse, str(self.archive), self.day)

    def _end_reparse(self, process: Forked) -> None:
        done = process.wait()
        self.reparses += 1
        if done.returncode not in {0, 1} or "Traceback" in done.stdout + done.stderr:
            self.wrong.append(f"a reparse ended with {done.returncode}: {(done.stdout + done.stderr)[-500:]}")

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Two readers, and a look at the logs of the databases ten times a second."""
        stop, ended = self.folder / "stop", threading.Event()

        def look() -> None:
            while not ended.wait(0.1):
                for log in self.archive.glob("*.db-wal"):
                    self.longest_wal = max(self.longest_wal, log.stat().st_size)

        readers = [self.forked(look_on, str(self.archive), str(stop), seconds) for seconds in (0.1, 3.0)]
        watch = threading.Thread(target=look, daemon=True)
        watch.start()
        try:
            yield
        finally:
            ended.set()
            watch.join()
            stop.touch()
            for reader in readers:
                if (done := reader.wait()).returncode:
                    self.wrong.append(f"a reader ended with {done.returncode}: {done.stderr[-500:]}")

    def play(self, crawls: int) -> None:
        """So many crawls, and then two rounds in which all is well."""
        fail(self.server, 0.0, 0)
        if crawl(self.folder / "undisturbed", *self.server).returncode:
            self.wrong.append("an undisturbed crawl is not well")
        self.life(1, share=0.0, may_be_killed=False)
        with self.watched():
            self.life(self.longest, share=SHARES[1], may_be_killed=False)
            while self.crawls() < crawls - 2 * len(self.server.replicas):
                self.life(self.moments.randint(1, 4), share=self.moments.choice(SHARES))
            if code := self.life(2, share=0.0, may_be_killed=False):
                self.wrong.append(f"the last rounds ended with {code}")
        self.judge()

    def judge(self) -> None:
        """Compare the end with what was undisturbed, and the last rounds of the longest process with its first ones."""
        wanted, found = public(self.folder / "undisturbed"), public(self.archive)
        if wanted != found:
            lacking, excess = sorted(set(wanted) - set(found)), sorted(set(found) - set(wanted))
            self.wrong.append(f"in the end it lacks {lacking[:3]}, and has {excess[:3]}")
        if lost := unbalanced(self.archive):
            self.wrong.append(f"{lost} entries without a fate, or fates without an entry")
        if problems := open_problems(self.archive):
            self.wrong.append(f"in the end these are open: {problems[:3]}")
        if left := list(self.temporary_files()):
            self.wrong.append(f"temporary files stay: {left[:5]}")
        if (verified := scrapy(self.archive, "verify")).returncode:
            self.wrong.append(f"verify finds: {verified.stdout[-500:]}")
        if self.longest_wal > LONGEST_WAL:
            self.wrong.append(f"a log grew to {self.longest_wal >> 20} MiB")
        rounds = max(self.lives, key=len)
        if len(rounds) >= 6:  # fewer say nothing of what grows
            self._judge_growth(rounds)

    def _judge_growth(self, rounds: list[dict[str, int]]) -> None:
        """Whether the last third of a process's rounds holds what its second third does; the first one fills caches."""
        third = len(rounds) // 3
        middle, last = rounds[third : 2 * third], rounds[2 * third :]
        for name, slack in (("own", 0), ("memory", 0), ("files", 2), ("threads", 1), ("children", 1)):
            before, after = (max(one[name] for one in part) for part in (middle, last))
            if after > GROWTH * before and after > before + slack:
                self.wrong.append(f"{name} grew from {before} to {after}")

    def __str__(self) -> str:
        rounds = max(self.lives, key=len)
        lines = [
            f"{self.crawls()} crawls in {len(self.lives)} processes, {self.killed} killed, {self.reparses} reparses beside",
            f"{sum(len(replica.log) for replica in self.server)} requests, {self.faults} faulty answers, open problems after"
            f" a round {max(one['problems'] for life in self.lives for one in life)} at most",
            f"the longest process, {len(rounds)} rounds of {len(self.server.replicas)} crawls:",
        ]
        for name in rounds[0]:
            told = [one[name] >> 10 if name in {"own", "memory"} else one[name] for one in rounds]
            lines.append(f"  {name}{' (MiB)' if name in {'own', 'memory'} else ''}: {' '.join(map(str, told))}")
        lines += [
            f"longest log {self.longest_wal / 2**20:.1f} MiB, temporary files after a process {max(self.temporary)} at most,"
            f" {self.temporary[-1]} in the end",
            f"{len(public(self.archive))} rows in the end",
            *self.wrong,
        ]
        return "\n".join(lines)


def _lives(process: int) -> bool:
    """Whether a process has not ended; one that only waits to be looked after has."""
    try:
        return Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def soak(folder: Path, portals: int, crawls: int, seed: int) -> Soak:
    """One archive's life."""
    with Server(*replicas(portals)) as server:
        one = Soak(folder, server, random.Random(seed), longest=max(1, crawls // (4 * portals)))
        one.play(crawls)
    return one


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what was measured; 1 where anything was wrong."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--portals", type=int, default=10)
    parser.add_argument("--crawls", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args(arguments)
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        one = soak(Path(name), chosen.portals, chosen.crawls, chosen.seed)
        print(one)
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    cpu = sum(one.ru_utime + one.ru_stime for one in used)
    print(f"{'WRONG' if one.wrong else 'good'}; {time.monotonic() - begun:.0f} s, {cpu:.0f} s of the processor here")
    return int(bool(one.wrong))


if __name__ == "__main__":
    sys.exit(main())
