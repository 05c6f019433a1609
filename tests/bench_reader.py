"""The reader against its floor, against trafilatura, and its memory over many pages."""

from __future__ import annotations

import gc
import hashlib
import resource
import time
from collections.abc import Callable
from pathlib import Path

import trafilatura
from lxml import html as lxml_html

from archive.model import Page
from crawler.demo.nfcms import Nfcms
from crawler.demo.replica import Replica
from crawler.demo.reports import catalogue
from crawler.demo.trs import Trs
from pipelines import read
from tests.real_pages import pages_of

REPORTS = 40
ROUNDS = 7
MANY = 20_000
REAL_PAGES = Path(__file__).parents[2] / "shared" / "real" / "portal_pages" / "portal_pages.warc.gz"


def lines(line: Callable[..., bool]) -> bool:
    """Lines on report pages of two platforms and all forms, pasted from Word: of the size that portals publish.

    What a report holds costs the same on a lean page, whose floor is lower: lean pages have a line of their own, and so
    have saved pages of portals.
    """
    pages, lean = _report_pages("word"), _report_pages("")
    _each(read, pages[:4])
    gc.disable()
    floor, ours = _floor_and_read(pages)
    lean_floor, lean_ours = _floor_and_read(lean)
    theirs = min(_each(_trafilatura, pages) for _ in range(2)) / len(pages) * 1e3
    gc.enable()
    print(
        f"CPU a report page of {_size(pages):.0f} kB, ms: floor {floor:.2f}, pipelines.read {ours:.2f}, "
        f"trafilatura.bare_extraction {theirs:.2f}; of {_size(lean):.0f} kB: floor {lean_floor:.2f}, "
        f"pipelines.read {lean_ours:.2f} ({lean_ours / lean_floor:.2f} times)"
    )
    kept = line("read: CPU a page / (lxml parse + one walk + sha256)", ours / floor, "<= 2.00", kept=ours <= 2 * floor)
    kept &= line("read: the same on lean pages", lean_ours / lean_floor, "<= 3.00", kept=lean_ours <= 3 * lean_floor)
    kept &= _real_pages(line)
    kept &= line(
        "read: trafilatura.bare_extraction(fast) / pipelines.read", theirs / ours, ">= 5.00", kept=theirs >= 5 * ours
    )
    before = _peak_after(pages, MANY // 20)
    after = _peak_after(pages, MANY)
    return kept & line(
        f"memory: peak after {MANY:,} pages / after {MANY // 20:,}",
        after / before,
        "0.80 to 1.20",
        kept=after <= 1.2 * before,
    )


def _real_pages(line: Callable[..., bool]) -> bool:
    """The same on saved pages of portals, where that material is beside the project."""
    if not REAL_PAGES.is_file():
        return True
    pages = pages_of(REAL_PAGES)
    floor, ours = _floor_and_read(pages)
    return line("read: the same on pages of portals", ours / floor, "<= 2.50", kept=ours <= 2.5 * floor)


def _report_pages(style: str) -> list[Page]:
    reports = catalogue("临川市青溪区", REPORTS, style=style)
    return [page for replica in (Nfcms("floor", reports), Trs("floor", reports)) for page in _pages(replica)]


def _size(pages: list[Page]) -> float:
    """Mean size in kB."""
    return sum(len(page.body) for page in pages) / len(pages) / 1e3


def _floor_and_read(pages: list[Page]) -> tuple[float, float]:
    """CPU a page in ms, of the floor and of the reader: rounds alternate, the smallest counts."""
    rounds = [(_each(_floor, pages), _each(read, pages)) for _ in range(ROUNDS)]
    floor, ours = (min(times) / len(pages) * 1e3 for times in zip(*rounds, strict=True))
    return floor, ours


def _pages(replica: Replica) -> list[Page]:
    from crawler.demo.messages import Request

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
