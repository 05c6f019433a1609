"""Many portals beside one page that hangs its reader: `python -m tests.stuck_page [--portals N]`.

Crawled by one process, twice without that page and twice with it, by turns: none of the other portals may be asked more
slowly, or too soon.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from statistics import mean, median, quantiles

from crawler.demo.nfcms import Nfcms
from crawler.demo.server import Server
from tests.crawling import Forked, perform_later, planned
from tests.test_crawl import rows
from tests.test_read_beside import Slow

ROUNDS = 2
ROUNDING_S = 0.002
"""By which a timer may go off too soon."""


class Stuck(Slow):
    """A page that takes all the time that a page may take."""

    headings = 400_000


def gaps(folder: Path, portals: int, reports: int, delay: float, *, is_stuck: bool) -> list[float]:
    """The seconds between two requests to each portal but the first, which may have the page."""
    first = (Stuck if is_stuck else Nfcms)("stuck", reports)
    others = [Nfcms(f"portal{number:03}", reports) for number in range(portals - 1)]
    with Server(first, *others) as server:
        settings = {"DOWNLOAD_DELAY": delay, "DOWNLOAD_TIMEOUT": 60, "ASSETS": "none", "LOG_LEVEL": "ERROR"}
        done = Forked(perform_later, planned(folder, *server, settings=settings)).wait()
        found = [
            later - earlier
            for replica in others
            for earlier, later in pairwise(sorted(hit.time for hit in replica.log))
        ]
    told = rows(folder, "captures", "SELECT kind, portal FROM problems WHERE kind NOT LIKE 'listing%'")
    if told != ([("timed_out", "stuck")] if is_stuck else []) or done.returncode != int(is_stuck):
        raise RuntimeError(f"exit {done.returncode}, problems {told}: {done.stderr[-500:]}")
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the gaps of both; 1 where the others lost a tenth of their pace."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--portals", type=int, default=200)
    parser.add_argument("--reports", type=int, default=4)
    parser.add_argument("--delay", type=float, default=8.0)
    chosen = parser.parse_args(arguments)
    found: dict[bool, list[float]] = {False: [], True: []}
    for number in range(2 * ROUNDS):
        with tempfile.TemporaryDirectory() as name:
            is_stuck = bool(number % 2)
            found[is_stuck] += gaps(
                Path(name, "archive"), chosen.portals, chosen.reports, chosen.delay, is_stuck=is_stuck
            )
    for is_stuck, every in found.items():
        told = f"mean {mean(every):.3f}, median {median(every):.3f}, 95 % {quantiles(every, n=20)[-1]:.3f}, least {min(every):.3f}"
        print(f"{'with' if is_stuck else 'without'} the page: {len(every)} gaps, seconds: {told}")
    too_soon = min(map(min, found.values())) < chosen.delay - ROUNDING_S
    return int(too_soon or mean(found[True]) > 1.1 * mean(found[False]))


if __name__ == "__main__":
    sys.exit(main())
