"""Real crawls for tests, each in a process of its own: Twisted's reactor runs once."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import redirect_stderr, redirect_stdout
from operator import attrgetter
from pathlib import Path
from typing import Any

from scrapy import cmdline
from scrapy.utils.project import get_project_settings

import pipelines.ingest.sandbox
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


class Forked:
    """The same crawl in a fork of this process, which saves its start: for tests that need hundreds. Nothing of it is shown."""

    def __init__(
        self,
        archive: Path,
        *replicas: Replica,
        settings: dict[str, Any] | None = None,
        days: float = 0,
        **arguments: str,
    ) -> None:
        _import_all()
        work = task(archive, *replicas, settings=settings, days=days, **arguments)
        sys.stdout.flush()
        pipelines.ingest.sandbox.READER.close()  # a fork would share the process that reads documents
        self.returncode: int | None = None
        self.pid = os.fork()
        if self.pid == 0:
            code = CRASHED
            try:
                nowhere = os.open(os.devnull, os.O_RDWR)
                for stream in (0, 1, 2):
                    os.dup2(nowhere, stream)
                code = perform_later(json.loads(work))
            finally:
                os._exit(code)

    def poll(self) -> int | None:
        """The exit code, or None while it runs."""
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def kill(self) -> None:
        """Kill -9, if it still runs."""
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)

    def wait(self) -> int:
        """Wait for its end."""
        while self.poll() is None:
            time.sleep(0.002)
        return self.returncode or 0


CRASHED = 70
"""Exit code of a forked crawl that raised."""


def _import_all() -> None:
    """Import whatever a crawl needs; a reactor is none of it, for it cannot be shared with a fork."""
    import scrapy.core.downloader.handlers.http11
    import scrapy.core.engine
    import scrapy.crawler  # noqa: F401

    from spiders.registry import platforms

    platforms()
    assert "twisted.internet.reactor" not in sys.modules


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
    return perform_later(json.load(sys.stdin))


def perform_later(work: dict[str, Any]) -> int:
    """Crawl on the day that the work names."""
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
