"""Many portals on fewer addresses, crawled by workers that are killed and stopped: `python -m tests.nation`, or `make soak`.

Answers fail by lot, one worker is killed, one run is stopped by Ctrl-C, and the next ones go on. In the end the archive is that
of crawls of single portals, each ledger balances, and no address ever answered two requests at once or sooner than its pace.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from threading import Barrier
from typing import Any, ClassVar

from crawler.command import UNUSABLE
from crawler.demo.messages import Reply, Request
from crawler.demo.replica import Replica
from crawler.demo.server import Server
from crawler.demo.trs import Trs
from tests.crawling import ROOT, crawl
from tests.unreliable import LEFT_OUT, UnreliableNfcms, UnreliableTrs, fail, unbalanced

PUBLISHED = ("reports", "statistics", "checks", "parts", "fates")
DELAY_S = 0.02
SETTINGS = {
    "SPIDER_MODULES": "portals_of_a_nation",
    "DOWNLOAD_DELAY": DELAY_S,
    "AUTOTHROTTLE_ENABLED": False,
    "DOWNLOAD_TIMEOUT": 5,
    "ASSETS": "none",
}
SLACK_S = 0.002
"""By which a request may arrive sooner than a timer of the crawl went off."""


def place(number: int) -> str:
    """The name of a place, another one for each number below a thousand."""
    return "临川市" + "".join("青沙石云松龙白长金双"[int(digit)] for digit in f"{number:03}") + "区"


def replicas(portals: int, reports: int, places: int) -> list[Replica]:
    """Portals of two platforms with so many reports each. Where there are fewer places, the last ones have copies of the first."""
    kinds = (UnreliableTrs, UnreliableNfcms)
    return [kinds[number % 2](f"portal{number:03}", reports, place=place(number % places)) for number in range(portals)]


def addresses(portals: int, addresses: int) -> list[str]:
    """An address for each portal; the last portals share those of the first."""
    return [f"127.1.{one // 250}.{one % 250 + 1}" for one in (number % addresses for number in range(portals))]


class Meeting(Trs):
    """One of two portals that answer their first requests only when both have been asked."""

    meeting: ClassVar = Barrier(2)

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.has_met = False

    def answer(self, request: Request) -> Reply:
        """Raises BrokenBarrierError, so that nothing is answered, where the other one is not asked meanwhile."""
        if not self.has_met:
            self.has_met = True
            self.meeting.wait(60)
        return super().answer(request)


def declare(folder: Path, server: Server) -> None:
    """Files of the portals in a package of their own."""
    package = folder / str(SETTINGS["SPIDER_MODULES"])
    package.mkdir(exist_ok=True)
    (package / "__init__.py").touch()
    for replica in server:
        (package / f"{replica.name}.py").write_text(replica.source(), encoding="utf-8")


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """`scrapy crawl-all` into folder/archive, as a shell would start it. It writes to files: pipes that nobody reads are soon full."""
    options = [word for key, value in SETTINGS.items() for word in ("-s", f"{key}={value}")]
    with (folder / "stdout").open("wb") as stdout, (folder / "stderr").open("wb") as stderr:
        return subprocess.Popen(
            [sys.executable, "-m", "scrapy", "crawl-all", "--json", *options, *arguments],
            cwd=ROOT,
            env=os.environ | {"ARCHIVE": str(folder / "archive"), "PYTHONPATH": str(folder)},
            stdout=stdout,
            stderr=stderr,
            text=True,
            # of what runs in the background of a shell, SIGINT is ignored
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )


def ended(process: subprocess.Popen[str], folder: Path) -> tuple[str, str]:
    """What the last one that was started there said, when it has ended. Raises RuntimeError where a person can make nothing of it."""
    process.wait()
    said = (folder / "stderr").read_text(encoding="utf-8")
    if "Traceback" in said:
        raise RuntimeError(said)
    told = (folder / "stdout").read_text(encoding="utf-8")
    for one in map(json.loads, told.splitlines()):
        if one["exit_code"] == UNUSABLE:
            print(f"{one['portal']} could not be crawled: {one['result']}, {one['message']}", flush=True)
    return told, said


def workers_of(process: subprocess.Popen[str]) -> list[int]:
    """The processes of its workers."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="ascii").split()
    return [int(child) for child in children if b"crawler.worker" in Path(f"/proc/{child}/cmdline").read_bytes()]


def wait_for(server: Server, hits: int, process: subprocess.Popen[str]) -> None:
    """Until so many requests have arrived."""
    while sum(len(replica.log) for replica in server) < hits:
        if process.poll() is not None:
            raise RuntimeError(f"the run ended early: {process.returncode}")
        time.sleep(0.01)


def published(archive: Path) -> list[str]:
    """What an archive says to its readers, without when it was fetched."""
    connection = sqlite3.connect(archive / "reports.db")
    connection.row_factory = sqlite3.Row
    lines = []
    for table in PUBLISHED:
        for row in connection.execute(f"SELECT * FROM {table}"):
            kept = {name: row[name] for name in row.keys() if name not in LEFT_OUT}  # noqa: SIM118 - a row is no dict
            lines.append(json.dumps([table, kept], ensure_ascii=False))
    connection.close()
    return sorted(lines)


def impolite(server: Server) -> Iterator[str]:
    """Addresses that were asked for two things at once, or too soon after an answer began."""
    times: defaultdict[str, list[float]] = defaultdict(list)
    for replica, host in zip(server, server.hosts, strict=True):
        times[host] += [hit.time for hit in replica.log]
        if most := max((hit.at_once for hit in replica.log), default=0) > 1:
            yield f"{host} answered {most} requests at once"
    for host, moments in times.items():
        moments.sort()
        gaps = [later - earlier for earlier, later in pairwise(moments)]
        if gaps and min(gaps) < DELAY_S - SLACK_S:
            yield f"{host} was asked again after {min(gaps) * 1000:.0f} ms"


def disturbed(folder: Path, server: Server, workers: int, reports: int, share: float) -> list[int]:
    """Runs with faults, one with a worker killed, one stopped; then healthy ones until all is well. Their exit codes."""
    codes = []
    fail(server, share, 1)
    expected = len(server.replicas) * (reports + 2)
    first = start(folder, "--workers", str(workers))
    wait_for(server, expected // 3, first)
    os.kill(workers_of(first)[0], signal.SIGKILL)
    wait_for(server, expected // 2, first)
    first.send_signal(signal.SIGINT)
    begun = time.monotonic()
    ended(first, folder)
    codes.append(first.returncode)
    print(f"Ctrl-C: ended within {time.monotonic() - begun:.1f} s", flush=True)
    second = start(folder, "--workers", str(workers))
    ended(second, folder)
    codes.append(second.returncode)
    fail(server, 0.0, 1)
    while codes[-1] != 0 and len(codes) < 6:
        further = start(folder, "--workers", str(workers))
        ended(further, folder)
        codes.append(further.returncode)
    return codes


def is_whole(folder: Path, server: Server, codes: list[int]) -> bool:
    """Whether runs with these exit codes ended well, asked politely, and published what single crawls do; prints both."""
    rude = list(impolite(server))
    fail(server, 0.0, 1)
    for replica in server:
        crawl(folder / "single", replica)
    found, wanted = published(folder / "archive"), published(folder / "single")
    lacking, excess = set(wanted) - set(found), set(found) - set(wanted)
    lost = unbalanced(folder / "archive")
    print(
        f"{len(server.replicas)} portals, exits {codes}, {len(found)} rows, {len(lacking)} lacking, {len(excess)} too many"
    )
    print(f"entries without a fate {lost}, addresses asked too soon {len(rude)}")
    print(*rude[:10], *sorted(lacking)[:3], *sorted(excess)[:3], sep="\n", flush=True)
    return not (codes[-1] or lacking or excess or rude or lost)


def main(arguments: Sequence[str] | None = None) -> int:
    """One nation."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--portals", type=int, default=300)
    parser.add_argument("--addresses", type=int, default=250)
    parser.add_argument("--reports", type=int, default=6)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--share", type=float, default=0.05, help="of answers that are faulty")
    chosen = parser.parse_args(arguments)
    hosts = addresses(chosen.portals, chosen.addresses)
    with (
        tempfile.TemporaryDirectory() as name,
        Server(*replicas(chosen.portals, chosen.reports, chosen.addresses), addresses=hosts) as server,
    ):
        folder = Path(name)
        declare(folder, server)
        codes = disturbed(folder, server, chosen.workers, chosen.reports, chosen.share)
        return int(not is_whole(folder, server, codes))


if __name__ == "__main__":
    sys.exit(main())
