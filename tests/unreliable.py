"""Portals that fail by lot: `python -m tests.unreliable`, or `make soak`.

A share of all answers is faulty, of pages, documents, listings, pictures and robots.txt alike. Some runs go against the
faulty portals, then some against healthy ones: in the end the archive is that of portals that never failed, and no run
said that all was well before it was.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path
from typing import Any

from archive.reports import TABLES
from crawler.demo import faults
from crawler.demo.figures import draw
from crawler.demo.messages import Reply, Request
from crawler.demo.nfcms import Nfcms
from crawler.demo.replica import Replica
from crawler.demo.reports import Synthetic
from crawler.demo.server import Server
from crawler.demo.trs import Trs
from tests.crawling import crawl
from tests.test_documents import BODY
from tests.test_fetched_documents import Attaching

FAULTS: dict[str, Callable[[Reply], Reply]] = {
    "503": lambda _: Reply(status=503),
    "500": lambda reply: faults.apply("500", reply),
    "429": lambda _: Reply(status=429),
    "reset": lambda reply: faults.apply("reset", reply),
    "cut": lambda reply: faults.apply("truncated", reply),
    "cut, length not told": lambda reply: faults.apply("half-unannounced", reply),
    "403": lambda reply: faults.apply("403", reply),
    "412": lambda reply: faults.apply("412", reply),
    "empty": lambda reply: replace(reply, body=b"", modified=None),
    "hang": lambda reply: faults.apply("time-out", reply),
    "redirect to itself": lambda reply: faults.apply("itself", reply),
    "maintenance": lambda reply: faults.apply("maintenance", reply),
    "gzip cut": lambda reply: faults.apply("gzip-cut", reply),
    "gzip flipped": lambda reply: faults.apply("gzip-flipped", reply),
}
"""Drawn evenly."""
HURRY = {"DOWNLOAD_TIMEOUT": 0.4, "LOG_LEVEL": "ERROR"}
FAULTY_RUNS, HEALTHY_RUNS = 3, 2
LEFT_OUT = {"captured_at", "first_captured_at", "digest", "search_id", "capture_id"}
"""Columns that say when something was fetched, or follow from it."""


class Lots:
    """Mixin of replicas: which answer fails, and how, is drawn by its address and how often it was asked for."""

    share: float = 0.0
    seed: int = 0
    struck: Counter[str]

    def answer(self, request: Request) -> Reply:
        """The replica's answer, or what the lot makes of it."""
        reply: Reply = super().answer(request)  # type: ignore[misc]
        visit = self.visits[request.target]  # type: ignore[attr-defined]
        lot = draw(self.seed, self.name, request.target, visit)  # type: ignore[attr-defined]
        if lot.random() >= self.share:
            return reply
        kind = lot.choice(list(FAULTS))
        self.struck[kind] += 1
        return FAULTS[kind](reply)


class UnreliableTrs(Lots, Trs):
    """Long articles in two pages."""


class UnreliableNfcms(Lots, Nfcms):
    """Pages that end with a menu and a footer."""


class UnreliableDocuments(Lots, Attaching):
    """Tables as pictures, and in documents beside the page, which have the same bytes whenever they are asked for."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.written: dict[str, Reply | None] = {}

    def respond(self, request: Request) -> Reply | None:
        if not request.path.startswith("/attach/"):
            return super().respond(request)
        if request.path not in self.written:
            self.written[request.path] = super().respond(request)
        return self.written[request.path]


def portals(size: int) -> list[Replica]:
    """Three portals with so many reports each."""
    bodies = [
        f"{BODY[:-3]}{name}"
        for name in ("民政局", "教育局", "财政局", "司法局", "水务局", "审计局", "统计局", "信访局")
    ]
    years = (2021, 2022, 2023)
    reports = [Synthetic(issuing_body=b, report_year=y, faults=frozenset({"images"})) for b in bodies for y in years]
    return [
        UnreliableTrs("hepan", size, split=3, page_size=8),
        UnreliableNfcms("qinghe", size, page_size=8),
        UnreliableDocuments("fujian", reports[:size], page_size=8),
    ]


def fail(server: Server, share: float, seed: int) -> None:
    """From now on such a share of the answers is faulty."""
    for replica in server:
        assert isinstance(replica, Lots)
        replica.share, replica.seed, replica.struck = share, seed, Counter()
        replica.visits.clear()


def public(archive: Path) -> list[str]:
    """What an archive says to its readers, without when it was fetched, and the fates of its entries."""
    connection = sqlite3.connect(archive / "reports.db")
    connection.row_factory = sqlite3.Row
    lines = []
    for table in (*TABLES, "fates"):
        for row in connection.execute(f"SELECT * FROM {table}"):
            kept = {name: row[name] for name in row.keys() if name not in LEFT_OUT}  # noqa: SIM118 - a row is no dict
            lines.append(json.dumps([table, kept], ensure_ascii=False))
    connection.close()
    return sorted(lines)


def open_problems(archive: Path) -> list[tuple[str, str, str]]:
    """Kind, address and message of the problems that are not resolved."""
    connection = sqlite3.connect(archive / "captures.db")
    rows = connection.execute(
        "SELECT kind, url, message FROM problems WHERE resolved_at IS NULL ORDER BY id"
    ).fetchall()
    connection.close()
    return rows


def unbalanced(archive: Path) -> int:
    """Entries without a fate, and fates without an entry."""
    connection = sqlite3.connect(archive / "reports.db")
    connection.execute("ATTACH ? AS c", (str(archive / "captures.db"),))
    key = "portal, listing_url, url"
    (count,) = connection.execute(
        f"SELECT COUNT(*) FROM (SELECT * FROM (SELECT {key} FROM c.entries EXCEPT SELECT {key} FROM fates)"
        f" UNION ALL SELECT * FROM (SELECT {key} FROM fates EXCEPT SELECT {key} FROM c.entries))"
    ).fetchone()
    connection.close()
    return int(count)


@dataclass(slots=True, kw_only=True)
class Trial:
    """What became of one archive."""

    seed: int
    share: float
    days: int
    codes: list[int] = field(default_factory=list)
    struck: Counter[str] = field(default_factory=Counter)
    lacking: list[str] = field(default_factory=list)
    """Lines of the undisturbed archive that are not in this one."""
    excess: list[str] = field(default_factory=list)
    said_well: list[int] = field(default_factory=list)
    """Runs that ended with 0 before everything was there."""
    unbalanced: int = 0
    problems: list[tuple[str, str, str]] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def is_good(self) -> bool:
        """Whether all is there, and nothing was said to be well before."""
        wrong = self.lacking or self.excess or self.said_well or self.unbalanced or self.problems
        return not wrong and self.codes[-1] == 0

    def __str__(self) -> str:
        told = f"seed {self.seed}, {self.share:.0%}, {self.days} days: {self.struck.total()} faults, exits {self.codes}"
        if self.is_good:
            return f"{told}, whole; {self.seconds:.0f} s"
        tables = Counter(json.loads(line)[0] for line in self.lacking), Counter(json.loads(e)[0] for e in self.excess)
        return f"{told}, WRONG: lacking {dict(tables[0])}, excess {dict(tables[1])}, 0 too early {self.said_well}, unbalanced {self.unbalanced}, open {self.problems}"


def attempt(archive: Path, server: Server, undisturbed: Path, *, seed: int, share: float, days: int) -> Trial:
    """Faulty runs and healthy ones, so many days apart, and what they lack of an archive that met no faults."""
    wanted, left_open = public(undisturbed), open_problems(undisturbed)  # pictures, where none can be read
    begun = time.monotonic()
    trial = Trial(seed=seed, share=share, days=days)
    fail(server, share, seed)
    for number in range(FAULTY_RUNS + HEALTHY_RUNS):
        if number == FAULTY_RUNS:
            trial.struck = sum((replica.struck for replica in server if isinstance(replica, Lots)), Counter())
            fail(server, 0.0, seed)
        trial.codes.append(crawl(archive, *server, settings=HURRY, days=number * days).returncode)
        trial.unbalanced += unbalanced(archive)
        if trial.codes[-1] == 0 and public(archive) != wanted:
            trial.said_well.append(number)
    found = public(archive)
    trial.lacking = sorted(set(wanted) - set(found))
    trial.excess = sorted(set(found) - set(wanted))
    trial.problems = sorted(set(open_problems(archive)) - set(left_open))
    trial.seconds = time.monotonic() - begun
    return trial


def main(arguments: Sequence[str] | None = None) -> int:
    """Every share and pause with every seed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, nargs="*", default=[0, 1, 2])
    parser.add_argument("--shares", type=float, nargs="*", default=[0.05, 0.30])
    parser.add_argument("--pauses", type=int, nargs="*", default=[0, 1, 40], help="days between two runs")
    parser.add_argument("--size", type=int, default=20, help="reports of each of three portals")
    chosen = parser.parse_args(arguments)
    trials = []
    with tempfile.TemporaryDirectory() as name, Server(*portals(chosen.size)) as server:
        folder = Path(name)
        fail(server, 0.0, 0)
        assert crawl(folder / "undisturbed", *server).returncode == 0
        for seed, share, days in product(chosen.seeds, chosen.shares, chosen.pauses):
            archive = folder / f"{seed}-{share}-{days}"
            trials.append(attempt(archive, server, folder / "undisturbed", seed=seed, share=share, days=days))
            print(trials[-1], flush=True)
    return int(not all(trial.is_good for trial in trials))


if __name__ == "__main__":
    sys.exit(main())
