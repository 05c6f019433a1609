"""Crawls of pages with documents, killed by kill -9 anywhere in their life: `python -m tests.kills [KILLS]`, or `make soak`.

A crawl is killed at a random moment between its first request and its end, begun again, killed again, until one ends
before its moment. Then everything must be there that an undisturbed crawl has, and nothing that was kept may have been
asked for a second time.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from itertools import count
from pathlib import Path

from crawler.demo.replica import Replica
from crawler.demo.reports import Synthetic
from crawler.demo.server import Server
from crawler.demo.trs import Trs
from tests.crawling import crawl, start
from tests.killed_crawls import answered, is_sound
from tests.test_documents import BODY
from tests.unreliable import UnreliableDocuments, open_problems, public, unbalanced

LATENCY = 0.06
"""Seconds that each answer takes: so that most of a crawl's life is spent fetching."""
MOST_KILLS = 3
"""Kills of one archive; then it is completed."""
LONGEST_WAIT = 120
"""Seconds after which a crawl that has not ended hangs."""


class Words(UnreliableDocuments):
    """Reports with a Word document beside each, to which a redirect leads; PDF takes longer to read."""

    files = (("go", "docx"),)


def portals() -> list[Replica]:
    """A portal whose articles have two pages, and one with documents beside each page."""
    reports = [Synthetic(issuing_body=BODY, report_year=year) for year in (2022, 2023)]
    return [Trs("hepan", 4, split=2, latency=LATENCY), Words("fujian", reports, latency=LATENCY)]


class Killing:
    """Kills crawls of one server, and keeps count."""

    def __init__(self, folder: Path, server: Server, seed: int) -> None:
        self.folder = folder
        self.server = server
        self.moments = random.Random(seed)
        self.kills = 0
        self.whole = 0
        """Archives that were completed after kills."""
        self.spread: Counter[str] = Counter()
        """Tenth of the documents that were kept when a crawl was killed → kills."""
        self.wrong: list[str] = []
        begun = time.monotonic()
        self.process_of(folder / "undisturbed")
        self.life = time.monotonic() - self.first_request(begun)
        self.wanted, self.once = public(folder / "undisturbed"), answered(folder / "undisturbed")

    def first_request(self, begun: float) -> float:
        """When the first request arrived."""
        return min((replica.log[0].time for replica in self.server if replica.log), default=begun)

    def process_of(self, archive: Path) -> None:
        """A crawl that is not killed."""
        assert crawl(archive, *self.server).returncode == 0

    def until_whole(self, archive: Path) -> None:
        """Kill crawls of an archive until one is through before its moment."""
        for kills in count():
            kept = answered(archive).keys() if (archive / "captures.db").exists() else set()
            for replica in self.server:
                replica.log.clear()
            is_through = self._run(archive, is_killed=kills < MOST_KILLS)
            asked = {replica.base + hit.target for replica in self.server for hit in replica.log}
            if again := asked & kept:
                self.wrong.append(f"{archive.name}: kept and asked for again: {sorted(again)[:3]}")
            if not is_sound(archive):
                self.wrong.append(f"{archive.name}: damaged")
            if is_through:
                break
        self.whole += 1
        self._compare(archive)

    def _run(self, archive: Path, *, is_killed: bool) -> bool:
        """One crawl, to be killed or not; whether it ended before it was."""
        process = start(archive, *self.server)
        limit = time.monotonic() + LONGEST_WAIT
        while not any(replica.log for replica in self.server) and process.poll() is None and time.monotonic() < limit:
            time.sleep(0.001)
        moment = time.monotonic() + (self.moments.uniform(0, self.life) if is_killed else LONGEST_WAIT)
        while time.monotonic() < moment and process.poll() is None:
            time.sleep(0.001)
        if process.poll() is None:
            process.kill()
            process.wait()
            self.kills += 1
            tenth = 10 * len(answered(archive)) // len(self.once)
            self.spread[f"{tenth * 10} %"] += 1
            return False
        if process.poll() != 0:
            self.wrong.append(f"{archive.name}: exit code {process.poll()}")
        return True

    def _compare(self, archive: Path) -> None:
        found = public(archive)
        if found != self.wanted:
            lacking, excess = set(self.wanted) - set(found), set(found) - set(self.wanted)
            self.wrong.append(f"{archive.name}: lacks {sorted(lacking)[:3]}, has {sorted(excess)[:3]}")
        if more := answered(archive) - self.once:
            self.wrong.append(f"{archive.name}: fetched twice: {sorted(more)[:3]}")
        if unbalanced(archive) or open_problems(archive):
            self.wrong.append(f"{archive.name}: unbalanced {unbalanced(archive)}, open {open_problems(archive)}")


def kill(folder: Path, kills: int, seed: int, served: Sequence[Replica] | None = None) -> Killing:
    """Kill so many crawls, and let the last of each archive end."""
    with Server(*(served or portals())) as server:
        killing = Killing(folder, server, seed)
        while killing.kills < kills:
            killing.until_whole(folder / f"killed-{killing.whole}")
            print(f"{killing.kills} crawls killed, {len(killing.wrong)} faults", flush=True) if kills >= 100 else None
            shutil.rmtree(folder / f"killed-{killing.whole - 1}")
    return killing


def main(arguments: Sequence[str] | None = None) -> int:
    """The long form."""
    parser = argparse.ArgumentParser()
    parser.add_argument("kills", type=int, nargs="?", default=100)
    kills = parser.parse_args(arguments).kills
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        killing = kill(Path(folder), kills, seed=kills)
    told = ", ".join(f"{tenth}: {n}" for tenth, n in sorted(killing.spread.items(), key=lambda item: int(item[0][:-2])))
    print(f"{killing.kills} crawls killed in {killing.whole} archives (by documents kept by then: {told})")
    print(f"{len(killing.wrong)} faults; {time.monotonic() - begun:.0f} s", *killing.wrong, sep="\n")
    return int(bool(killing.wrong))


if __name__ == "__main__":
    sys.exit(main())
