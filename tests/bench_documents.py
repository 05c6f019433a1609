"""Documents beside pages: what fetching and reading them costs a crawl, what reading one costs, and in how much memory.

The portal is that of the crawl lines. One report in five has itself as a document beside the page, by turns as Word and
as PDF; of saved pages of real portals one in eleven has documents or pictures of tables.
"""

from __future__ import annotations

import io
import re
import resource
import sys
import tempfile
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random

from lxml import etree

from crawler.demo import office
from crawler.demo.messages import Reply, Request
from crawler.demo.nfcms import Nfcms
from crawler.demo.replica import Document
from crawler.demo.reports import Synthetic, catalogue
from pipelines.documents import read, recognise
from pipelines.ingest.sandbox import MEMORY, Child
from tests import bench

PAGES = 120
SHARE = 5
KINDS = ("docx", "pdf")
ROUNDS = 3
PICTURE, EMBEDDED = 8_000, 200_000
"""Bytes of a picture in a Word document and of the fonts in a PDF: real reports have 20 kB and 300 kB."""
FONT = '<w:rFonts w:ascii="宋体" w:hAnsi="宋体" w:eastAsia="宋体" w:cs="宋体"/><w:kern w:val="0"/><w:sz w:val="20"/>'
EDITED = {
    "<w:r>": f"<w:rPr>{FONT}</w:rPr>",
    "<w:p>": f'<w:pPr><w:widowControl/><w:jc w:val="center"/><w:rPr>{FONT}</w:rPr></w:pPr>',
    "<w:tcPr>": '<w:tcW w:w="640" w:type="dxa"/><w:tcBorders><w:top w:val="single"/><w:left w:val="single"/></w:tcBorders>',
}


class Attaching(Nfcms):
    """One report in SHARE has itself as a document beside the page."""

    def article(self, document: Document, path: str) -> str:
        """The post with links to its documents."""
        page = super().article(document, path)
        if document.number % SHARE:
            return page
        kind = KINDS[document.number // SHARE % len(KINDS)]
        links = f'<p><a href="{self.base}/files/{document.number}.{kind}">{document.title}.{kind}</a></p>'
        head, mark, tail = page.rpartition('    </div>\n    <div class="content_extended')
        return head + links + mark + tail

    def respond(self, request: Request) -> Reply | None:
        """A document, or whatever the portal has."""
        if match := re.fullmatch(r"/files/(\d+)\.(docx|pdf)", request.path):
            report = self.by_number[int(match[1])].report
            assert report is not None
            return Reply(
                body=docx(report) if match[2] == "docx" else pdf(report), content_type="application/octet-stream"
            )
        return super().respond(request)


def docx(report: Synthetic) -> bytes:
    """A Word document as Word writes it: every run and cell with its properties, styles, a picture."""
    with zipfile.ZipFile(io.BytesIO(office.docx(report))) as package:
        members: dict[str, str | bytes] = {name: package.read(name) for name in package.namelist()}
    document = str(members["word/document.xml"], "utf-8")
    for mark, properties in EDITED.items():
        document = document.replace(mark, mark + properties)
    styles = "".join(
        f'<w:style w:type="paragraph" w:styleId="a{n}"><w:rPr>{FONT}</w:rPr></w:style>' for n in range(200)
    )
    members["word/document.xml"] = document
    members["word/styles.xml"] = f'<w:styles xmlns:w="{office.WORD}">{styles}</w:styles>'
    members["word/media/image1.png"] = Random(1).randbytes(PICTURE)
    return office.package(members)


def pdf(report: Synthetic) -> bytes:
    """A PDF of real size, a stream in it that no page uses."""
    embedded = Random(2).randbytes(EMBEDDED).decode("latin-1")
    return office.pdf(report, more=f"900 0 obj\n<< /Length {EMBEDDED} >>\nstream\n{embedded}\nendstream\nendobj\n")


def lines(line: Callable[..., bool]) -> bool:
    """The crawl with its documents against the one without, reading against parsing, and the memory of a child."""
    kept = _crawl_line(line)
    kept &= _read_lines(line)
    return kept & _memory_line(line)


def _crawl_line(line: Callable[..., bool]) -> bool:
    cpu: dict[str, list[float]] = {"pages": [], "beside": []}
    with bench.served(PAGES, "tests.bench_documents") as portal, tempfile.TemporaryDirectory() as folder:
        for number in range(ROUNDS):
            for mode, values in cpu.items():
                values.append(bench.measured(mode, portal, Path(folder) / f"{mode}{number}")["cpu"] / portal["pages"])
    without, beside = (min(values) for values in cpu.values())
    print(
        f"CPU a page, ms: crawl without documents {without * 1e3:.2f}, with those of one report in {SHARE} {beside * 1e3:.2f}"
    )
    ratio = beside / without
    return line("documents: CPU of a crawl with them / without, children apart", ratio, "<= 1.20", kept=ratio <= 1.2)


def _read_lines(line: Callable[..., bool]) -> bool:
    kept = True
    reports = catalogue("临川市青溪区", 12, years=(2022, 2020))
    for kind, make in (("docx", docx), ("xlsx", office.xlsx)):
        bodies = [make(report) for report in reports]
        rounds = [(_each(_parse, bodies), _each(partial(read, kind=kind), bodies)) for _ in range(7)]
        floor, ours = (min(times) / len(bodies) * 1e3 for times in zip(*rounds, strict=True))
        print(f"CPU a {kind}, ms: zipfile and lxml {floor:.2f}, read {ours:.2f}")
        kept &= line(
            f"documents: reading {kind} / zipfile and lxml alone", ours / floor, "<= 3.00", kept=ours <= 3 * floor
        )
    return kept


def _each(work: Callable[[bytes], object], bodies: list[bytes]) -> float:
    return bench.cpu_of(lambda: [work(body) for body in bodies])


def _parse(body: bytes) -> None:
    """Every XML part of the package as a tree."""
    with zipfile.ZipFile(io.BytesIO(body)) as package:
        for name in package.namelist():
            if name.endswith((".xml", ".rels")):
                etree.fromstring(package.read(name))


def _memory_line(line: Callable[..., bool]) -> bool:
    """A hundred reports through one child, and a PDF of 60 pages."""
    child = Child()
    for report in catalogue("临川市青溪区", 33, years=(2024, 2021, 2019)):
        for body in (docx(report), office.xlsx(report), pdf(report)):
            child.read(body, recognise(body) or "")
    child.close()
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    print(f"peak memory of a reading child: {peak / 1024:.0f} MiB of {MEMORY / 1024**2:.0f}")
    ratio = peak * 1024 / MEMORY
    return line("documents: peak memory of a reading child / its limit", ratio, "<= 1.00", kept=ratio <= 1)


if __name__ == "__main__":
    bench.serve(int(sys.argv[2]), Attaching)
