"""Prints the tables of docs/scale.md: `make simulate`.

A small discrete simulation of a crawl of the whole country. An address is asked for one thing at a time and no faster than
its pace; a worker is a process with a core, and has so many portals at once; one process writes captures.db. Everything
that goes in is in `ORIGINS`, with where it comes from; what comes out is an estimate, good for orders of magnitude.
"""

from __future__ import annotations

import heapq
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace

_HOUR, _DAY = 3600.0, 24.0
_BATCH = 25
"""Requests of one address that are simulated together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nation:
    """What is crawled, and what it costs."""

    portals: int = 4_000
    reports: int = 2_400_000
    spread: float = 1.2
    requests: float = 1.7
    files: float = 0.25
    shared: float = 0.2
    delay: float = 2.0
    answer: float = 0.5
    faults: float = 0.05
    fault_seconds: float = 5.0
    fetch_cpu: float = 0.0064
    page_cpu: float = 0.0029
    file_cpu: float = 0.4
    write: float = 0.00054
    body_kb: float = 16.9
    capture_kb: float = 1.05
    report_kb: float = 12.3
    seed: int = 1


ORIGINS = {
    "portals": (
        "portals",
        "estimated: governments of counties and above, and some departments with sites of their own",
    ),
    "reports": ("reports", "estimated: 600 a portal, departments and townships of eighteen years"),
    "spread": ("spread of sizes (sigma of a log-normal)", "estimated"),
    "requests": ("requests a report", "estimated: pages of listings, the page, what stands beside it"),
    "files": ("reports with a Word, Excel or PDF file to read", "estimated"),
    "shared": ("portals that share their address with another", "estimated"),
    "delay": ("seconds between an answer and the next request", "the setting DOWNLOAD_DELAY"),
    "answer": ("seconds until an answer", "estimated"),
    "faults": ("requests that fail and are asked again", "estimated"),
    "fault_seconds": (
        "seconds that a failing request takes",
        "estimated: most are refused at once, some time out after 30",
    ),
    "fetch_cpu": ("CPU seconds a request, captured and not read", "measured, 200 portals in one reactor"),
    "page_cpu": ("CPU seconds to read a page", "measured, 61 kB pages"),
    "file_cpu": ("CPU seconds to read a file", "measured, PDF: 0.35 to 0.43"),
    "write": ("seconds of the one writer a capture", "measured"),
    "body_kb": ("kB of a stored body, compressed", "measured on 35 pages of real portals, of 53 kB each"),
    "capture_kb": ("kB of a row of captures.db with its entry", "measured on an archive of 100,000"),
    "report_kb": ("kB of a report in reports.db, with text and index", "measured on an archive of 100,000"),
}
"""Field of Nation → what it is in words, and where its value comes from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machines:
    """What crawls."""

    machines: int = 1
    cores: int = 2
    slots: int = 200
    """Portals that a worker has at once; a worker is one process on one core."""
    is_spawning: bool = False
    """A process a portal, as many at once as `slots` says for the machine: what one reactor is compared with."""

    @property
    def workers(self) -> int:
        """One a core."""
        return self.machines * self.cores


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of it."""

    hours: float
    floor: float
    """Hours that the largest address takes by itself, whatever crawls it."""
    cpu: float
    """Share of the cores that crawling keeps busy."""
    requests: int
    largest_a_day: float
    """Requests that the largest address sees in a day."""
    mean_a_day: float
    reading: float
    """Hours of all cores for reading every page and file once."""


def addresses(nation: Nation) -> list[int]:
    """Requests of each address, largest first. Portals that share one are asked one after another."""
    dice = random.Random(nation.seed)  # noqa: S311 - a simulation
    sizes = [dice.lognormvariate(0, nation.spread) for _ in range(nation.portals)]
    unit = nation.reports * nation.requests / sum(sizes)
    requests = [max(1, round(size * unit)) for size in sizes]
    alone = round(nation.portals * (1 - nation.shared))
    joined = [a + b for a, b in zip(requests[alone::2], requests[alone + 1 :: 2], strict=False)]
    odd = requests[-1:] if (nation.portals - alone) % 2 else []
    return sorted([*requests[:alone], *joined, *odd], reverse=True)


def pace(nation: Nation) -> float:
    """Seconds from one request of an address to the next, faults among them."""
    return nation.delay + (1 - nation.faults) * nation.answer + nation.faults * (nation.fault_seconds + nation.delay)


START_CPU = {False: 0.003, True: 1.7}
"""CPU seconds to start a portal's crawl: in a running reactor, and as a process of its own. Measured."""


def simulate(nation: Nation, machines: Machines) -> Outcome:
    """Crawl the nation once. Addresses are dealt out largest first, each to the worker with the fewest under way."""
    sizes = addresses(nation)
    floor = sizes[0] * pace(nation) / _HOUR
    workers = machines.workers
    slots = machines.slots if not machines.is_spawning else max(1, machines.slots // machines.cores)
    free, under_way = [0.0] * workers, [0] * workers
    writer = busy = now = 0.0
    waiting = iter(sizes)
    events: list[tuple[float, int, int, int]] = []
    """When an address's batch is done, a number that orders equals, its worker, and the requests that it has left."""
    count = 0

    def begin(worker: int, moment: float) -> bool:
        nonlocal count, busy
        left = next(waiting, None)
        if left is None:
            return False
        cost = START_CPU[machines.is_spawning]
        free[worker] = max(free[worker], moment) + cost
        busy += cost
        count += 1
        under_way[worker] += 1
        heapq.heappush(events, (free[worker], count, worker, left))
        return True

    for _ in range(slots):
        for worker in range(workers):
            begin(worker, 0.0)
    while events:
        now, _, worker, left = heapq.heappop(events)
        if not left:
            under_way[worker] -= 1
            begin(worker, now)
            continue
        batch = min(left, _BATCH)
        cost = batch * nation.fetch_cpu
        free[worker] = max(free[worker], now) + cost
        writer = max(writer, now) + batch * nation.write
        busy += cost
        count += 1
        done = max(now + batch * pace(nation), free[worker], writer)
        heapq.heappush(events, (done, count, worker, left - batch))
    hours = now / _HOUR
    total = sum(sizes)
    reading = nation.reports * (nation.page_cpu + nation.files * nation.file_cpu)
    return Outcome(
        hours=hours,
        floor=floor,
        cpu=busy / (now * workers),
        requests=total,
        largest_a_day=sizes[0] * min(1.0, _DAY / hours),
        mean_a_day=total / len(sizes) * min(1.0, _DAY / hours),
        reading=reading / workers / _HOUR,
    )


SETUPS = {
    "a process a portal, 3 at once": Machines(slots=3, is_spawning=True),
    "a process a portal, 250 at once": Machines(slots=250, is_spawning=True),
    "2 workers of 50 portals": Machines(slots=50),
    "2 workers of 200 portals": Machines(slots=200),
    "2 workers of 1,000 portals": Machines(slots=1_000),
    "2 machines, 4 workers of 200": Machines(machines=2),
    "4 machines, 8 workers of 200": Machines(machines=4),
}


def rows(nation: Nation) -> Iterator[str]:
    """The lines of the table of setups."""
    yield "| what crawls | hours | CPU busy | hours to read all | requests a day, largest address | mean |"
    yield "|---|---|---|---|---|---|"
    for name, machines in SETUPS.items():
        found = simulate(nation, machines)
        yield (
            f"| {name} | {found.hours:,.1f} | {found.cpu:.0%} | {found.reading:,.1f} | {found.largest_a_day:,.0f} |"
            f" {found.mean_a_day:,.0f} |"
        )


def page(nation: Nation) -> str:
    """Everything for one nation: what goes in, what comes out."""
    requests = sum(addresses(nation))
    floor = simulate(nation, Machines()).floor
    captures = requests * (nation.capture_kb + nation.body_kb) / 1e6
    lines = [
        f"{nation.portals:,} portals, {nation.reports:,} reports, {requests:,} requests.",
        "",
        *rows(nation),
        "",
        f"- No setup is done before the largest address is: {floor:,.1f} hours at {pace(nation):.2f} seconds a request.",
        f"- A second machine saves {_saved(nation):.0%} of the hours of a crawl, and half of those of reading.",
        f"- Disk: captures.db {captures:,.1f} GB, reports.db {nation.reports * nation.report_kb / 1e6:,.1f} GB. A backup is as large again.",
        f"- A whole reparse on two cores: {nation.reports * nation.page_cpu / 2 / _HOUR:,.2f} hours with files read before, "
        f"{nation.reports * (nation.page_cpu + nation.files * nation.file_cpu) / 2 / _HOUR:,.2f} without.",
    ]
    return "\n".join(lines) + "\n"


def _saved(nation: Nation) -> float:
    one, two = (
        simulate(nation, SETUPS["2 workers of 200 portals"]),
        simulate(nation, SETUPS["2 machines, 4 workers of 200"]),
    )
    return max(0.0, 1 - two.hours / one.hours)


def inputs(nation: Nation) -> str:
    """The table of what goes in."""
    lines = ["| figure | value | origin |", "|---|---|---|"]
    for name, (words, origin) in ORIGINS.items():
        lines.append(f"| {words} | {getattr(nation, name):,} | {origin} |")
    lines.append(
        f"| CPU seconds to start a crawl | {START_CPU[False]} in a reactor, {START_CPU[True]} as a process | measured |"
    )
    return "\n".join(lines) + "\n"


NATION = Nation()
PROVINCE = replace(NATION, portals=130, reports=78_000)
"""A thirtieth of the country: small enough for a test."""


def main() -> str:
    """All tables, under their headings."""
    return f"## What goes in\n\n{inputs(NATION)}\n## The country\n\n{page(NATION)}\n## A province\n\n{page(PROVINCE)}"


if __name__ == "__main__":
    sys.stdout.write(main())
