"""Real crawls for tests, each in a process of its own: Twisted's reactor runs once."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from operator import attrgetter
from pathlib import Path
from typing import Any

from scrapy import cmdline
from scrapy.utils.project import get_project_settings

from crawler.demo.replica import Replica
from tests.clock import days_later

ROOT = Path(__file__).parent.parent
HURRY = {"DOWNLOAD_DELAY": 0.002, "AUTOTHROTTLE_ENABLED": False, "LOG_LEVEL": "WARNING", "DOWNLOAD_TIMEOUT": 5}


def crawl(
    archive: Path,
    *replicas: Replica,
    settings: dict[str, Any] | None = None,
    days: float = 0,
    **arguments: str,
) -> subprocess.CompletedProcess[str]:
    """Crawl replicas that are being served, in one process, into `archive`; exit code as `scrapy crawl` has it.

    The crawl takes place so many `days` from now.
    """
    return run(
        [sys.executable, "-m", "tests.crawling"], task(archive, *replicas, settings=settings, days=days, **arguments)
    )


def task(
    archive: Path, *replicas: Replica, settings: dict[str, Any] | None = None, days: float = 0, **arguments: str
) -> str:
    """What the process of a crawl reads from standard input."""
    work = {
        "portals": [[replica.platform, replica.facts] for replica in replicas],
        "settings": HURRY | {"ARCHIVE": str(archive)} | (settings or {}),
        "arguments": arguments,
        "days": days,
    }
    return json.dumps(work, default=attrgetter("pattern"))


def scrapy(archive: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """A scrapy command on `archive`: in this process, which saves its start, where it neither crawls nor serves."""
    command = list(map(str, arguments))
    if command[0] in {"browse", "crawl", "list", "probe"}:
        return run([sys.executable, "-m", "scrapy", *command], "", ARCHIVE=str(archive))
    settings = get_project_settings()
    settings.set("ARCHIVE", str(archive), priority="cmdline")
    out, errors = io.StringIO(), io.StringIO()
    code: Any = None
    with redirect_stdout(out), redirect_stderr(errors):
        try:
            cmdline.execute(["scrapy", *command], settings)
        except SystemExit as end:
            code = end.code
    return subprocess.CompletedProcess(command, int(code or 0), out.getvalue(), errors.getvalue())


def run(command: list[str], stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """A command in the project's root, output captured."""
    return subprocess.run(
        command,
        input=stdin,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | environment,
        timeout=300,
        check=False,
    )


def main() -> int:
    """The other process: reads what to crawl as JSON from standard input."""
    work = json.load(sys.stdin)
    with days_later(work["days"]):
        return perform(work)


def perform(work: dict[str, Any]) -> int:
    """Crawl; 1 where something is unwell."""
    from scrapy.crawler import AsyncCrawlerProcess

    from crawler.extensions.runs import Runs
    from spiders.registry import make_portal

    settings = get_project_settings()
    settings.setdict(work["settings"], priority="cmdline")
    process = AsyncCrawlerProcess(settings)
    crawlers = [process.create_crawler(make_portal(*portal)) for portal in work["portals"]]
    for crawler in crawlers:
        process.crawl(crawler, **work["arguments"])
    process.start()
    runs = [crawler.get_extension(Runs) for crawler in crawlers]
    return int(any(run is None or run.unwell or not run.finished for run in runs))


if __name__ == "__main__":
    sys.exit(main())
