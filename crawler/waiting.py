"""What is said of a page while it is being read."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from archive import ledger
from archive.model import PageReference
from crawler.extensions.runs import Runs

LASTING_S = 1.0
"""Seconds of reading after which a page is told as captured and not read yet."""


@contextmanager
def told_as_captured(runs: Runs, reference: PageReference) -> Iterator[None]:
    """A page that is being read in here: where that lasts, its entries are captured meanwhile."""

    def tell() -> None:
        if runs.archive.failed is None:
            with runs.writing():
                entries = runs.captures.entries(urls=[reference.url])
                ledger.set_captured(runs.archive.reports, entries, reference.capture_id)

    timer = asyncio.get_running_loop().call_later(LASTING_S, tell)
    try:
        yield
    finally:
        timer.cancel()
