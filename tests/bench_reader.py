"""The reader against its floor, against trafilatura, and its memory over many pages."""

from __future__ import annotations

import gc
import hashlib
import resource
import time
from collections.abc import Callable

import trafilatura
from lxml import html as lxml_html

from crawler.items import Page
from pipelines import read
from tests.portals.nfcms import Nfcms
from tests.portals.replica import Replica
from tests.portals.trs import Trs

REPORTS = 40
ROUNDS = 7
MANY = 20_000


def lines(line: Callable[..., bool]) -> bool:
    """Three lines, on report pages of two platforms and all forms."""
    pages = [page for replica in (Nfcms("floor", REPORTS), Trs("floor", REPORTS)) for page in _pages(replica)]
    _each(read, pages[:4])
    floor, ours, theirs = [], [], []
    gc.disable()
    for _ in range(ROUNDS):
        floor.append(_each(_floor, pages))
        ours.append(_each(read, pages))
    for _ in range(2):
        theirs.append(_each(_trafilatura, pages))
    gc.enable()
    a, b, c = (min(values) / len(pages) * 1e3 for values in (floor, ours, theirs))
    print(f"CPU a report page, ms: floor {a:.2f}, pipelines.read {b:.2f}, trafilatura.bare_extraction {c:.2f}")
    kept = line("read: CPU a page / (lxml parse + one walk + sha256)", b / a, "<= 3.00", kept=b <= 3 * a)
    kept &= line("read: trafilatura.bare_extraction(fast) / pipelines.read", c / b, ">= 5.00", kept=c >= 5 * b)
    before = _peak_after(pages, MANY // 20)
    after = _peak_after(pages, MANY)
    return kept & line(f"memory: peak after {MANY:,} pages / after {MANY // 20:,}", after / before, "0.80 to 1.20", kept=after <= 1.2 * before)


def _pages(replica: Replica) -> list[Page]:
    from tests.portals.messages import Request

    replica.base = "http://127.0.0.1"
    made = []
    for expected in replica.truth():
        reply = replica.answer(Request(method="GET", path=expected.url.removeprefix(replica.base)))
        made.append(Page(url=expected.url, body=reply.body, content_type=reply.content_type))
    return made


def _each(work: Callable[[Page], object], pages: list[Page]) -> float:
    start = time.process_time()
    for page in pages:
        work(page)
    return time.process_time() - start


def _floor(page: Page) -> int:
    tree = lxml_html.fromstring(page.body)
    hashlib.sha256(page.body).hexdigest()
    return sum(1 for _ in tree.iter())


def _trafilatura(page: Page) -> object:
    return trafilatura.bare_extraction(page.body, fast=True, with_metadata=True)


def _peak_after(pages: list[Page], count: int) -> int:
    for number in range(count):
        read(pages[number % len(pages)])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
