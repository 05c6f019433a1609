"""Real crawls for tests, each in a process of its own: Twisted's reactor runs once.

The process is a fork of one that has imported what a crawl needs (`tests/warm.py`), which saves two seconds a crawl.
"""

from __future__ import annotations

import io
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from operator import attrgetter
from pathlib import Path
from typing import Any

from scrapy import cmdline
from scrapy.settings import Settings
from scrapy.utils.project import get_project_settings

from crawler.command import fail
from crawler.demo.replica import Replica
from pipelines.ingest.sandbox import READER
from tests.clock import days_later

ROOT = Path(__file__).parent.parent
HURRY = {"DOWNLOAD_DELAY": 0.002, "AUTOTHROTTLE_ENABLED": False, "LOG_LEVEL": "WARNING", "DOWNLOAD_TIMEOUT": 5}
LONGEST = 300
"""Seconds that one process may take."""
CRASHED = 70
"""Exit code of a process that raised."""

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.warm"])


class Forked:
    """A function of this module that runs in a warm process of its own, and returns its exit code."""

    def __init__(self, function: Callable[..., int], *arguments: Any, **environment: str) -> None:
        self._output = tempfile.TemporaryDirectory(prefix="forked-")
        self._places = [Path(self._output.name, name) for name in ("stdout", "stderr")]
        work = (self._places, os.environ | environment, function, arguments)
        self._process = _FORKS.Process(target=_perform, args=work)
        self._process.start()

    @property
    def pid(self) -> int | None:
        """Its number."""
        return self._process.pid

    def poll(self) -> int | None:
        """The exit code, or None while it runs."""
        return self._process.exitcode

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        """Send it a signal, if it still runs."""
        if self._process.pid and self.poll() is None:
            os.kill(self._process.pid, number)

    def wait(self) -> subprocess.CompletedProcess[str]:
        """Its end: the exit code, and what it wrote."""
        self._process.join(LONGEST)
        code = self._process.exitcode
        if code is None:
            self.kill()
            raise subprocess.TimeoutExpired(str(self._process), LONGEST)
        out, errors = (place.read_text() if place.exists() else "" for place in self._places)
        self._output.cleanup()
        return subprocess.CompletedProcess(str(self._process), code, out, errors)


def _perform(places: list[Path], environment: dict[str, str], function: Callable[..., int], arguments: Any) -> None:
    """In the other process: what `python -m` would set up, and what the end of an interpreter would do."""
    for stream, place in enumerate((os.devnull, *places)):
        os.dup2(os.open(place, os.O_RDWR | os.O_CREAT), stream)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(ROOT)
    sys.path[:0] = filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))
    code = CRASHED
    try:
        code = function(*arguments)
    finally:
        if code == CRASHED:
            traceback.print_exc()
        READER.close()
        sys.exit(code)


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
    return start(archive, *replicas, settings=settings, days=days, **arguments).wait()


def start(
    archive: Path, *replicas: Replica, settings: dict[str, Any] | None = None, days: float = 0, **arguments: str
) -> Forked:
    """The same crawl, not waited for: it may be killed."""
    return Forked(perform_later, planned(archive, *replicas, settings=settings, days=days, **arguments))


def planned(
    archive: Path, *replicas: Replica, settings: dict[str, Any] | None = None, days: float = 0, **arguments: str
) -> str:
    """The crawl as JSON, as `perform_later` reads it."""
    work = {
        "portals": [[replica.platform, replica.facts] for replica in replicas],
        "settings": HURRY | {"ARCHIVE": str(archive)} | (settings or {}),
        "arguments": arguments,
        "days": days,
    }
    return json.dumps(work, default=attrgetter("pattern"))


def scrapy(archive: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """A scrapy command on `archive`: in this process, which saves a fork, where it neither crawls nor serves."""
    command = list(map(str, arguments))
    if command[0] in {"browse", "crawl", "list", "probe", "survey"}:
        return scrapy_apart(*command, ARCHIVE=str(archive))
    settings = get_project_settings()
    settings.set("ARCHIVE", str(archive), priority="cmdline")
    out, errors = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(errors):
        code = execute(command, settings)
    return subprocess.CompletedProcess(command, code, out.getvalue(), errors.getvalue())


def scrapy_apart(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A scrapy command as a shell in the project's root would run it."""
    return Forked(execute_afresh, command, **environment).wait()


def execute_afresh(command: Sequence[str]) -> int:
    """The settings are read anew: they depend on the environment."""
    del sys.modules["crawler.settings"]
    sys.argv = ["scrapy", *command]
    return execute(command)


def execute(command: Sequence[str], settings: Settings | None = None) -> int:
    """The exit code of a scrapy command."""
    code: Any = None
    try:
        cmdline.execute(["scrapy", *command], settings)
    except SystemExit as end:
        code = end.code
    return int(code or 0)


def run(command: list[str], stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """A command in the project's root, output captured."""
    return subprocess.run(
        command,
        input=stdin,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | environment,
        timeout=LONGEST,
        check=False,
    )


def perform_later(work: str) -> int:
    """Crawl on the day that the work names."""
    told = json.loads(work)
    with days_later(told["days"]):
        return perform(told)


def perform(work: dict[str, Any]) -> int:
    """Crawl; 1 where something is unwell, 2 where the archive could not be written."""
    from crawler.extensions.runs import Runs
    from crawler.process import CrawlProcess
    from spiders.registry import make_portal

    settings = get_project_settings()
    settings.setdict(work["settings"], priority="cmdline")
    process = CrawlProcess(settings)
    crawlers = [process.create_crawler(make_portal(*portal)) for portal in work["portals"]]
    for crawler in crawlers:
        process.crawl(crawler, **work["arguments"])
    process.start()
    runs = [crawler.get_extension(Runs) for crawler in crawlers]
    for run in runs:
        if run is not None and run.archive.failed is not None:
            return fail(run.archive.failed)
    return int(any(run is None or run.unwell or not run.finished for run in runs))
