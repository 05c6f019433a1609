"""Random lives of an archive: `python -m tests.histories`, or `make soak`.

Two machines crawl portals that fail by lot. Their crawls are killed, limited, run offline and days apart; their archives
are merged, exported and imported, rebuilt. After each step every listed entry has one fate; a crawl that says that all is
well has all; and in the end, with the portals well, the archive is that of a crawl that nothing ever disturbed.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from crawler.demo import others
from crawler.demo.replica import Replica
from crawler.demo.reports import Synthetic
from crawler.demo.server import Server
from tests.clock import days_later
from tests.crawling import CRASHED, crawl, scrapy, start
from tests.test_documents import BODY
from tests.unreliable import (
    HURRY,
    UnreliableDocuments,
    UnreliableNfcms,
    UnreliableTrs,
    fail,
    open_problems,
    public,
    unbalanced,
)

PLACE = "临川市青溪区"
SHARES = (0.0, 0.05, 0.3, 0.7)
"""Of the answers that are faulty during a step."""


def portals(moments: random.Random) -> list[Replica]:
    """Portals with listings of a random length, of one page or more, with things that are no reports."""
    reports = [Synthetic(issuing_body=BODY, report_year=year) for year in (2022, 2023)][: moments.randint(1, 2)]
    other = [others.notice(PLACE, 2023)] if moments.random() < 0.5 else []
    size = moments.randint(3, 6)
    kinds = [
        UnreliableTrs("hepan", moments.randint(2, 7), split=moments.randint(0, 3), page_size=size, others=other),
        UnreliableNfcms("qinghe", moments.randint(2, 7), page_size=size),
        UnreliableDocuments("fujian", reports, page_size=size),
    ]
    return moments.sample(kinds, 2)


@dataclass
class History:
    """What happens to the archives `ours` and `theirs`, and what was wrong with it."""

    folder: Path
    server: Server
    moments: random.Random
    day: float = 0
    steps: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def ours(self) -> Path:
        return self.folder / "ours"

    @property
    def theirs(self) -> Path:
        return self.folder / "theirs"

    # Steps

    def some(self) -> Path:
        """One of the two archives."""
        return self.moments.choice([self.ours, self.theirs])

    def crawl(self) -> None:
        """A crawl, of portals that fail more or less; now and then of some years, with few requests, or of all anew."""
        archive, settings, arguments = self.some(), dict(HURRY), {}
        fail(self.server, self.moments.choice(SHARES), self.moments.randint(0, 10**6))
        match self.moments.randint(0, 5):
            case 0:
                arguments = {"years": "2022-2023"}
            case 1:
                settings |= {"REQUESTS_PER_RUN": self.moments.randint(2, 12)}
            case 2:
                arguments = {"refresh": "1"}
        self.say(f"crawl {archive.name} {arguments or ''} {settings.get('REQUESTS_PER_RUN', '')}")
        code = crawl(archive, *self.server, settings=settings, days=self.day, **arguments).returncode
        if code == CRASHED:
            self.wrong.append(f"{self.steps[-1]}: it crashed")
        if code == 0 and not arguments and self.lacks(archive):
            self.wrong.append(f"{self.steps[-1]}: exit code 0, and there is less than there should be")
        self.check(archive)

    def offline(self) -> None:
        """A crawl that is answered by the archive."""
        archive = self.some()
        self.say(f"offline {archive.name}")
        crawl(archive, *self.server, settings=HURRY | {"OFFLINE": True}, days=self.day)
        self.check(archive)

    def kill(self) -> None:
        """A crawl that is killed."""
        archive = self.some()
        fail(self.server, self.moments.choice(SHARES[:2]), self.moments.randint(0, 10**6))
        for replica in self.server:
            replica.log.clear()
        requests, seconds = self.moments.randint(0, 20), self.moments.uniform(0, 0.5)
        self.say(f"kill {archive.name} after {requests} requests")
        process = start(archive, *self.server, days=self.day)
        while sum(len(replica.log) for replica in self.server) < requests and process.poll() is None:
            time.sleep(0.001)
        time.sleep(seconds)
        process.kill()
        process.wait()

    def pause(self) -> None:
        """Days go by."""
        self.day += self.moments.choice([0.1, 1, 4, 40])
        self.say(f"day {self.day}")

    def merge(self) -> None:
        """What one archive has comes into the other."""
        self.between("merge", lambda source, target: self.command(target, "merge", source))

    def transfer(self) -> None:
        """The same by a WARC of the archive's own."""

        def by_file(source: Path, target: Path) -> None:
            path = self.folder / f"{len(self.steps)}.warc.gz"
            self.command(source, "export", path)
            self.command(target, "import", path)

        self.between("export and import", by_file)

    def between(self, what: str, work: Callable[[Path, Path], None]) -> None:
        source, target = self.moments.sample([self.ours, self.theirs], 2)
        if not (source / "captures.db").exists():
            return
        self.say(f"{what} from {source.name}")
        work(source, target)
        self.check(target)

    def rebuild(self) -> None:
        """reports.db is lost, or merely read again."""
        archive = self.some()
        if not (archive / "captures.db").exists():
            return
        is_lost = self.moments.random() < 0.5
        self.say(f"{'rebuild' if is_lost else 'reparse'} {archive.name}")
        for path in archive.glob("reports.db*") if is_lost else ():
            path.unlink()
        self.command(archive, "reparse")
        self.check(archive)

    # What is watched

    def say(self, step: str) -> None:
        self.steps.append(f"{len(self.steps)}. {step.strip()}")

    def command(self, archive: Path, *arguments: str | Path) -> None:
        with days_later(self.day):
            done = scrapy(archive, *arguments)
        if done.returncode not in {0, 1} or "Traceback" in done.stderr:
            self.wrong.append(f"{self.steps[-1]}: {arguments[0]} ended with {done.returncode}: {done.stderr[-300:]}")

    def check(self, archive: Path) -> None:
        if count := unbalanced(archive):
            self.wrong.append(f"{self.steps[-1]}: {count} entries without a fate, or fates without an entry")

    def lacks(self, archive: Path) -> set[str]:
        """What a crawl that nothing disturbed has and this archive does not."""
        return set(self.wanted) - set(public(archive))

    def play(self, steps: int) -> None:
        """So many random steps, and then days on which all is well."""
        fail(self.server, 0.0, 0)
        assert crawl(self.folder / "undisturbed", *self.server).returncode == 0
        self.wanted = public(self.folder / "undisturbed")
        choices = (
            [self.crawl] * 4 + [self.kill] * 2 + [self.offline, self.pause, self.merge, self.transfer, self.rebuild]
        )
        for _ in range(steps):
            self.moments.choice(choices)()
        fail(self.server, 0.0, 0)
        for _ in range(2):
            self.day += 40
            self.say(f"well, day {self.day}")
            code = crawl(self.ours, *self.server, settings=HURRY, days=self.day).returncode
            self.check(self.ours)
        if code != 0:
            self.wrong.append(f"the last crawl ended with {code}")
        found = public(self.ours)
        if found != self.wanted:
            excess = set(found) - set(self.wanted)
            self.wrong.append(f"in the end it lacks {sorted(self.lacks(self.ours))[:4]}, and has {sorted(excess)[:4]}")
        if problems := open_problems(self.ours):
            self.wrong.append(f"in the end these are open: {problems}")


def live(folder: Path, seed: int, steps: int) -> History:
    """One history, by its seed."""
    moments = random.Random(seed)
    with Server(*portals(moments)) as server:
        history = History(folder, server, moments)
        history.play(steps)
    return history


def main(arguments: Sequence[str] | None = None) -> int:
    """One history for each seed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, nargs="*", default=list(range(20)))
    parser.add_argument("--steps", type=int, default=12)
    chosen = parser.parse_args(arguments)
    is_wrong = False
    for seed in chosen.seeds:
        begun = time.monotonic()
        with tempfile.TemporaryDirectory() as name:
            history = live(Path(name), seed, chosen.steps)
        is_wrong |= bool(history.wrong)
        print(f"seed {seed}: {'WRONG' if history.wrong else 'good'}; {time.monotonic() - begun:.0f} s", flush=True)
        if history.wrong:
            print(*history.steps, *history.wrong, sep="\n  ", flush=True)
    return int(is_wrong)


if __name__ == "__main__":
    sys.exit(main())
