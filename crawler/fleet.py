"""Crawls many portals, each in a process of its own: one that fails, hangs or is killed does not stop the others."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from archive import Captures
from archive.health import last_run
from crawler.command import UNUSABLE, UNWELL, WELL

RESULTS: dict[int, str] = {WELL: "well", UNWELL: "unwell", UNUSABLE: "could not run"}


@dataclass(slots=True, kw_only=True)
class Crawl:
    """How the crawl of one portal went."""

    portal: str
    exit_code: int
    """Of ExitCode; UNUSABLE for a process that was killed."""
    result: str
    """The exit code in words."""
    seconds: float
    stats: dict[str, Any] = field(default_factory=dict)
    """The counters of its run."""
    message: str = ""
    """Why it could not run: the last line that it logged."""


async def crawl_all(
    portals: Mapping[str, frozenset[str]],
    archive: Path,
    options: Sequence[str],
    jobs: int,
    on_start: Callable[[str], None],
) -> AsyncIterator[Crawl]:
    """Crawl portals in their order, `jobs` at a time; yields each crawl when it ends and calls `on_start` when it begins.

    `portals` maps names to the hosts that they declare. Portals that share an address are never crawled at the same
    time, because each process keeps its own pace only. Cancelled, it asks every crawl to end and waits for it.
    """
    addresses = {name: frozenset([await _address(host) for host in hosts]) for name, hosts in portals.items()}
    waiting = list(portals)
    running: dict[asyncio.Task[Crawl], str] = {}
    while waiting or running:
        for name in list(waiting):
            taken: frozenset[str] = frozenset().union(*(addresses[other] for other in running.values()))
            if len(running) < jobs and not addresses[name] & taken:
                waiting.remove(name)
                running[asyncio.create_task(_crawl(name, archive, options))] = name
                on_start(name)
        ended, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        for task in ended:
            del running[task]
            yield task.result()


async def _crawl(name: str, archive: Path, options: Sequence[str]) -> Crawl:
    started = time.monotonic()
    command = [sys.executable, "-m", "scrapy", "crawl", name, "-s", f"ARCHIVE={archive}", *options]
    # A session of its own, so that Ctrl-C does not reach it twice: the second signal would cut its run off.
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        _, log = await process.communicate()
    except asyncio.CancelledError:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGINT)
        await process.communicate()
        raise
    code = UNUSABLE if process.returncode is None else process.returncode
    captures = Captures(archive)
    run = last_run(captures, name)
    captures.close()
    lines = log.decode("utf-8", "replace").split("\n")
    return Crawl(
        portal=name,
        exit_code=code if code in RESULTS else UNUSABLE,
        result=RESULTS.get(code, f"killed by signal {-code}" if code < 0 else f"ended with {code}"),
        seconds=round(time.monotonic() - started, 1),
        stats=run.stats if run and code in {WELL, UNWELL} else {},
        message="" if code in {WELL, UNWELL} else next((line for line in reversed(lines) if line.strip()), "")[:300],
    )


async def _address(host: str) -> str:
    """The IP address of a host and port; the host itself where its name does not resolve."""
    name = urlsplit(f"//{host}").hostname or host
    try:
        found = await asyncio.get_running_loop().getaddrinfo(name, None)
    except OSError:
        return name
    return str(min(found)[4][0])
