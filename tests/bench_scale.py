"""Two hundred portals in one worker, the same in two, reading on a cluster, and how soon four thousand portals begin.

Replicas are served from another process. A crawl of one small portal is taken off the others: what a process costs before
it asks for anything. Two crawls of a single portal are compared at once: one alone leaves processors idle, which a worker of
many portals does not, and work costs more CPU time beside other work. The cheapest of each counts. A page is whatever was asked for: a small portal has more
pages of its listing to each report than a large one.
"""

from __future__ import annotations

import csv
import json
import os
import resource
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from crawler.demo.nfcms import Nfcms
from tests.crawling import ROOT
from tests.nation import SETTINGS, addresses, declare, impolite, place

PORTALS, REPORTS = 200, 30
SINGLE = 1_200
"""Reports of the crawl that is compared."""
MANY = 4_000
PAGES = 3_000
"""Read again by either engine."""
ROUNDS = 3


def lines(line: Callable[..., bool]) -> bool:
    """The lines of a nation."""
    kept = _crawl_lines(line)
    kept &= _start_line(line)
    return kept & _engine_line(line)


def _crawl_lines(line: Callable[..., bool]) -> bool:
    with served(1, REPORTS) as (folder, _):
        small = min((crawled(folder, 1) for _ in range(ROUNDS)), key=lambda crawl: float(crawl["cpu"]))
    costs: dict[str, list[float]] = {"alone": [], "one": [], "two": []}
    peak = unwell = too_soon = 0
    for _ in range(ROUNDS):
        with served(1, SINGLE) as (folder, _), served(1, SINGLE) as (other, _), ThreadPoolExecutor(2) as both:
            costs["alone"].append(
                sum(_cost(single, small) for single in both.map(crawled, (folder, other), (1, 1))) / 2
            )
        with served(PORTALS, REPORTS) as (folder, rude):
            for workers, name in enumerate(("one", "two"), 1):
                many = crawled(folder, workers)
                costs[name].append(_cost(many, small, workers))
                unwell += many["unwell"]
                peak = max(peak, many["peak"])
        too_soon += rude()
    alone, one, two = map(min, costs.values())
    memory = (peak - small["peak"]) / 1024 / (PORTALS - 1)
    print(f"CPU a page, ms: one portal {alone * 1e3:.2f}, {PORTALS} {one * 1e3:.2f}, by two workers {two * 1e3:.2f}")
    kept = line(f"worker of {PORTALS} portals: MiB for each beside the first", memory, "<= 1.00", kept=memory <= 1)
    kept &= line("worker: CPU a page / that of a crawl of one portal", one / alone, "<= 1.05", kept=one <= 1.05 * alone)
    kept &= line("two workers: CPU a page / one worker", two / one, "<= 1.10", kept=two <= 1.1 * one)
    kept &= line("addresses that were asked too soon", too_soon, "0", kept=not too_soon)
    return kept & line("portals that were unwell", unwell, "0", kept=not unwell)


def _cost(crawl: dict[str, Any], small: dict[str, Any], processes: int = 1) -> float:
    """CPU seconds a page, beside what so many processes cost with a small crawl."""
    return float((crawl["cpu"] - processes * small["cpu"]) / (crawl["pages"] - processes * small["pages"]))


@contextmanager
def served(portals: int, reports: int) -> Iterator[tuple[Path, Callable[[], int]]]:
    """Portals, served by another process and declared in a folder; how many addresses were asked too soon, in the end."""
    with tempfile.TemporaryDirectory() as name:
        command = [sys.executable, "-m", "tests.bench_scale", "serve", name, str(portals), str(reports)]
        process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        said: list[str] = []
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield Path(name), lambda: int(said[0])
        finally:
            said.append(process.communicate("stop\n")[0])


def serve(folder: Path, portals: int, reports: int) -> None:
    """The other process."""
    from crawler.demo.server import Server

    replicas = [Nfcms(f"portal{number:03}", reports, place=place(number)) for number in range(portals)]
    with Server(*replicas, addresses=addresses(portals, portals)) as server:
        declare(folder, server)
        print("ready", flush=True)
        sys.stdin.readline()
        print(len(list(impolite(server))), flush=True)


def crawled(folder: Path, workers: int) -> dict[str, Any]:
    """One crawl-all with all its processes, by another process that counts them: CPU, peak KiB, pages, portals that were unwell."""
    with tempfile.TemporaryDirectory() as archive:
        options = [word for key, value in SETTINGS.items() for word in ("-s", f"{key}={value}")]
        command = [sys.executable, "-m", "scrapy", "crawl-all", "--workers", str(workers), "--json", *options]
        done = subprocess.run(
            [sys.executable, "-m", "tests.bench_scale", "count", *command],
            cwd=ROOT,
            env=os.environ | {"ARCHIVE": archive, "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}"},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        with closing(sqlite3.connect(f"{archive}/captures.db")) as db:
            pages = db.execute("SELECT COUNT(*) FROM captures").fetchone()[0]
    return json.loads(done.stdout.splitlines()[-1]) | {"pages": pages}


def count(command: list[str]) -> None:
    """Run a command, and print what it took."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
    unwell = sum(json.loads(row)["exit_code"] != 0 for row in done.stdout.splitlines())
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(json.dumps({"cpu": used.ru_utime + used.ru_stime, "peak": used.ru_maxrss, "unwell": unwell}))


def _start_line(line: Callable[..., bool]) -> bool:
    """From the command to the first connection, on whichever of the addresses of this machine."""
    with tempfile.TemporaryDirectory() as name, socket.create_server(("", 0)) as listening:
        table = rows(Path(name) / "portals.csv", MANY, listening.getsockname()[1])
        start = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "scrapy", "crawl-all", "--workers", "1"],
            cwd=ROOT,
            env=os.environ | {"ARCHIVE": f"{name}/archive", "PORTALS": str(table)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        listening.settimeout(120)
        try:
            listening.accept()
            seconds = time.perf_counter() - start
        finally:
            process.terminate()
            process.wait()
    return line(f"crawl-all of {MANY:,} portals: seconds to the first request", seconds, "<= 10", kept=seconds <= 10)


def rows(table: Path, number: int, port: int = 80) -> Path:
    """A table of so many portals, all of them on this machine."""
    with table.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("name", "title", "home", "platform", "division", "level", "listings", "facts", "note"))
        for one in range(number):
            home = f"http://127.{1 + one // 62_500}.{one // 250 % 250}.{one % 250 + 1}:{port}/"
            writer.writerow((f"made{one:04}", f"第{one}县人民政府", home, "trs", "", "", f"{home}nb/", "", ""))
    return table


def _engine_line(line: Callable[..., bool]) -> bool:
    """Wall time, for a cluster's workers are nobody's children here."""
    try:
        from distributed import LocalCluster
    except ModuleNotFoundError:
        print("reparse by Dask: not installed, pip install 'tongjian[cluster]'")
        return True
    from tests.bench_store import build

    with (
        tempfile.TemporaryDirectory() as name,
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
    ):
        archive = build(Path(name) / "pages", PAGES)
        took: dict[str, list[float]] = {"default": [], "cluster": []}
        for _ in range(ROUNDS):
            took["default"].append(reparsed(archive, "--jobs", "2"))
            took["cluster"].append(reparsed(archive, "--scheduler", cluster.scheduler_address))
    default, there = min(took["default"]), min(took["cluster"])
    print(f"{PAGES:,} pages, seconds: two processes {default:.1f}, two workers of a cluster {there:.1f}")
    return line(
        "reparse by Dask: wall, two workers / two processes", there / default, "<= 1.20", kept=there <= 1.2 * default
    )


def reparsed(archive: Path, *options: str) -> float:
    """Seconds of one reparse from nothing."""
    for path in archive.glob("reports.db*"):
        path.unlink()
    start = time.perf_counter()
    command = [sys.executable, "-m", "scrapy", "reparse", "--accept-losses", *options]
    subprocess.run(command, cwd=ROOT, env=os.environ | {"ARCHIVE": str(archive)}, capture_output=True, check=True)
    return time.perf_counter() - start


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(Path(sys.argv[2]), *map(int, sys.argv[3:]))
    elif sys.argv[1] == "count":
        count(sys.argv[2:])
    else:
        from tests.bench import line as printed

        sys.exit(not globals()[sys.argv[1]](printed))
