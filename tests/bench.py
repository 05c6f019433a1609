"""make bench: speed and memory as ratios against a reference measured in the same run.

Replicas are served from another process, so that only the crawler's CPU time is counted, with that of the processes in
which it reads; it is taken from the first request of a crawl to its end. Every figure is the smallest of several rounds, and the rounds of what is compared
alternate, because machines are noisy. A line whose goal is missed ends with `MISSED`, and the exit code is 1.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from crawler.demo.nfcms import Nfcms
from tests.crawling import HURRY, ROOT

PAGES = 400
ROUNDS = 3
PAUSE = 0.1
"""Seconds between the requests of crawls that fetch documents, which are read meanwhile: as between real requests, a
process that has waited goes on with cold caches, and this is not to be counted for one of two crawls only."""


def main() -> int:
    """Every line of the bench; 1 if a goal is missed."""
    from tests import bench_browse, bench_documents, bench_figures, bench_growth, bench_reader, bench_scale, bench_store
    from tests.bench_archive import archive

    parts = (bench_reader, bench_documents, bench_store, bench_growth, bench_browse, bench_scale)
    kept = [crawl_lines(), *(part.lines(line) for part in parts), bench_figures.lines(line, archive)]
    return int(not all(kept))


def line(what: str, value: float, goal: str, *, kept: bool) -> bool:
    """Print one figure with its goal."""
    print(f"{what:<68} {value:6.2f}   goal {goal}{'' if kept else '   MISSED'}", flush=True)
    return kept


# Crawls


def crawl_lines() -> bool:
    """What capturing costs beside fetching, what a whole crawl costs, and whether memory grows with the pages."""
    with served(PAGES) as portal, tempfile.TemporaryDirectory() as folder:
        cpu: dict[str, list[float]] = {"bare": [], "capture": [], "whole": []}
        for number in range(ROUNDS):
            for mode in cpu:
                archive = Path(folder) / f"{mode}{number}"
                cpu[mode].append(measured(mode, portal, archive)["cpu"] / portal["pages"])
        read = min(measured("read", portal, Path(folder) / "whole0")["cpu"] / portal["pages"] for _ in range(ROUNDS))
        bare, capture, whole = (min(values) for values in cpu.values())
    print(
        f"CPU a page, ms: bare spider {bare * 1e3:.2f}, with capture {capture * 1e3:.2f}, whole crawl {whole * 1e3:.2f}, read alone {read * 1e3:.2f}"
    )
    kept = line(
        "capture: CPU a page, bare spider with capture / bare spider",
        capture / bare,
        "<= 1.50",
        kept=capture <= 1.5 * bare,
    )
    limit = bare + 1.3 * read
    kept &= line(
        "whole crawl: CPU a page / (bare spider + 1.3 x read alone)",
        whole / limit,
        "<= 1.20",
        kept=whole <= 1.2 * limit,
    )
    peaks = {}
    for pages in (500, 5000):
        with served(pages) as portal, tempfile.TemporaryDirectory() as folder:
            peaks[pages] = measured("whole", portal, Path(folder) / "archive")["peak"]
    print(f"peak memory, MiB: {peaks[500] / 1024:.0f} at 500 pages, {peaks[5000] / 1024:.0f} at 5,000")
    growth = peaks[5000] / peaks[500]
    return kept & line("memory: peak at 5,000 pages / at 500", growth, "0.80 to 1.20", kept=0.8 <= growth <= 1.2)


@contextmanager
def served(pages: int, module: str = "tests.bench") -> Any:
    """A replica with that many reports, served by another process; its facts and the addresses of its documents."""
    process = subprocess.Popen(
        [sys.executable, "-m", module, "serve", str(pages)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield json.loads(process.stdout.readline())  # type: ignore[union-attr]
    finally:
        process.communicate("stop\n")


def serve(pages: int, platform: type[Nfcms]) -> None:
    """The other process: serve until a line comes in."""
    from crawler.demo.reports import catalogue
    from crawler.demo.server import Server

    # Word markup: these pages have some 60 kB, as reports on real portals have.
    with Server(platform("bench", catalogue("临川市青溪区", pages, style="word"))) as server:
        replica = server["bench"]
        urls = [expected.url for expected in replica.truth()]
        print(
            json.dumps({"platform": replica.platform, "facts": replica.facts, "urls": urls, "pages": len(urls)}),
            flush=True,
        )
        sys.stdin.readline()


def measured(mode: str, portal: dict[str, Any], archive: Path) -> dict[str, Any]:
    """One crawl, or one reading of its captures, in a process of its own: CPU seconds and peak KiB."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench", mode, str(archive)],
        cwd=ROOT,
        input=json.dumps(portal),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{mode}: {done.stderr[-2000:]}")
    return dict(json.loads(done.stdout.splitlines()[-1]))


def crawl(mode: str, portal: dict[str, Any], archive: Path) -> float:
    """A bare spider over the documents, the same with the capture, or the real crawl; CPU seconds.

    `pages` and `beside` are real crawls with pauses, without their documents and with them; of `end`, a real crawl, only
    what it does when all is fetched is counted.
    """
    import scrapy
    from scrapy import signals
    from scrapy.settings import Settings
    from scrapy.utils.project import get_project_settings

    from crawler.process import CrawlProcess
    from spiders.registry import make_portal

    class Bare(scrapy.Spider):
        name = "bench"
        start_urls = portal["urls"]

        def parse(self, response: Any) -> None:
            pass

    if mode == "bare":
        settings = Settings({"LOG_LEVEL": "WARNING"})
    else:
        settings = get_project_settings()
        pause = PAUSE if mode in {"pages", "beside"} else 0
        settings.setdict(HURRY | {"ARCHIVE": str(archive), "DOWNLOAD_DELAY": pause}, priority="cmdline")
        if mode == "capture":
            settings.setdict({"ITEM_PIPELINES": {}}, priority="cmdline")
        elif mode == "pages":
            settings.setdict({"ITEM_PIPELINES": {"crawler.pipelines.Store": 900}}, priority="cmdline")
    process = CrawlProcess(settings)
    crawler = process.create_crawler(
        make_portal(portal["platform"], portal["facts"]) if mode in {"whole", "pages", "beside", "end"} else Bare
    )
    span: list[float] = []

    def note(**_: Any) -> None:
        span.append(time.process_time())

    crawler.signals.connect(note, signals.spider_idle if mode == "end" else signals.engine_started)
    crawler.signals.connect(note, signals.engine_stopped)
    process.crawl(crawler)
    process.start()
    beside = resource.getrusage(resource.RUSAGE_CHILDREN)
    return span[-1] - span[-2] + beside.ru_utime + beside.ru_stime


def read_stored(archive: Path) -> float:
    """`pipelines.read` on every stored page, nothing else counted; CPU seconds."""
    from archive import Captures
    from archive.model import Page
    from pipelines import read

    captures = Captures(archive)
    pages = []
    for _, url, _, _ in captures.urls():
        held = captures.last("GET", url)
        if held and held.body and "/post_" in url:
            pages.append(Page(url=url, body=held.body, content_type=held.content_type, captured_at=held.requested_at))
    read(pages[0])
    return cpu_of(lambda: [read(page) for page in pages])


def cpu_of(work: Callable[[], Any]) -> float:
    """CPU seconds of one call."""
    start = time.process_time()
    work()
    return time.process_time() - start


if __name__ == "__main__":
    if len(sys.argv) == 1:
        sys.exit(main())
    if sys.argv[1] == "serve":
        serve(int(sys.argv[2]), Nfcms)
    else:
        work = json.load(sys.stdin)
        spent = read_stored(Path(sys.argv[2])) if sys.argv[1] == "read" else crawl(sys.argv[1], work, Path(sys.argv[2]))
        print(json.dumps({"cpu": spent, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}))
