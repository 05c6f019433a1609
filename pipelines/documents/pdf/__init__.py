"""PDF: its ruled tables as grids, and the text between them as paragraphs.

A PDF knows no tables, only rules and characters. `page` finds the cells of one page by its rules; `slices` lays the
parts of a table that goes on over pages on common columns, `torn_rows` puts rows together that a page break tore;
`text_lines` does the same for lines of text. `visible` says what of a page is seen: one that is a scan, or does not say
what its characters are, is read as a picture (`pipelines.documents.picture`).
"""

from __future__ import annotations

import io
import logging
import re
from collections import Counter
from itertools import groupby

import pdfplumber
from pdfminer.pdfdocument import PDFPasswordIncorrect
from pdfminer.pdfexceptions import PDFException
from pdfminer.pdftypes import resolve1
from pdfplumber.utils.exceptions import MalformedPDFException, PdfminerException

from archive.model import Problem
from archive.vocabulary import Origin, ProblemKind
from pipelines.documents import picture
from pipelines.documents.content import Content
from pipelines.documents.pdf.page import read_page, upright
from pipelines.documents.pdf.page_slice import PageSlice
from pipelines.documents.pdf.slices import one_grid, tables_of
from pipelines.documents.pdf.visible import VisiblePage
from pipelines.documents.text_lines import TextBlock, TextLine, paragraphs
from pipelines.errors import DocumentError
from pipelines.tables.grid import Grid

MOST_PAGES = 500
"""The longest report has a hundred."""

_NO_TEXT = "the page is a picture"
_NO_MAP = "the page does not say what its characters are"
_NO_FONT = "the page neither says what its characters are nor holds their font"
_Block = TextLine | PageSlice | Grid
_DIGITS = re.compile(r"[\d\s]+")
logging.getLogger("pdfminer").setLevel(logging.ERROR)  # it warns of every font it finds odd


def read(body: bytes) -> Content:
    """A PDF by what its pages show, each for itself: text where it is set, and where it is not the page as a picture.

    Raises DocumentError.
    """
    try:
        blocks, pictured, count = _read_pages(body)
    except (PdfminerException, MalformedPDFException, PDFException) as error:
        cause = error.args[0] if error.args else error
        if isinstance(cause, PDFPasswordIncorrect):
            raise DocumentError("the PDF asks for a password", ProblemKind.ENCRYPTED) from error
        raise DocumentError(f"damaged PDF: {type(cause).__name__}: {cause}") from error
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, AssertionError, OverflowError) as error:
        if isinstance(error, DocumentError):
            raise
        # pdfminer trusts the objects of a file to be of the types that the format prescribes
        raise DocumentError(f"damaged PDF: {type(error).__name__}: {error}") from error
    problems: list[Problem] = []
    if pictured:
        scanned, problems = _read_pictures(body, pictured)
        blocks |= scanned
    ordered = [block for _, of_page in sorted(blocks.items()) for block in of_page]
    content = _compose(_without_running_lines(ordered, count))
    if not content.blocks:
        first = problems[0] if problems else Problem(kind=ProblemKind.UNREAD, message="the PDF shows no text")
        raise DocumentError(first.message, first.kind)
    if len(pictured) == count:
        content.origin = Origin.IMAGE
    content.problems += problems
    return content


def _read_pages(body: bytes) -> tuple[dict[int, list[_Block]], dict[int, str], int]:
    """Page → its lines and slices in reading order; page → why it has to be read as a picture; how many there are."""
    blocks: dict[int, list[_Block]] = {}
    pictured: dict[int, str] = {}
    drawn: dict[int, str] = {}
    with pdfplumber.open(io.BytesIO(body), pages=list(range(1, MOST_PAGES + 1))) as pdf:
        count = resolve1(resolve1(pdf.doc.catalog["Pages"]).get("Count"))
        if isinstance(count, int) and count > MOST_PAGES:
            raise DocumentError(f"a PDF of {count} pages", ProblemKind.OVERSIZED)
        for number, one in enumerate(pdf.pages, 1):
            page = upright(pdf, VisiblePage(pdf, one.page_obj, one.page_number))
            if page.is_picture:
                pictured[number] = _NO_TEXT
            elif page.is_garbled:
                pictured[number] = _NO_MAP if page.has_its_fonts else _NO_FONT
            else:
                blocks[number] = [*read_page(page)]
                if not blocks[number] and page.objects:
                    drawn[number] = _NO_TEXT
            page.close()
        if not any(blocks.values()):
            pictured |= drawn
        return blocks, pictured, len(pdf.pages)


def _read_pictures(body: bytes, pictured: dict[int, str]) -> tuple[dict[int, list[_Block]], list[Problem]]:
    """Page → the lines and tables that its picture shows; and what kept pages from being read."""
    problems = []
    if lost := [number for number, cause in pictured.items() if cause == _NO_FONT]:
        message = f"{_NO_FONT} (page {', '.join(map(str, lost))})"
        problems.append(Problem(kind=ProblemKind.DAMAGED, message=message))
        pictured = {number: cause for number, cause in pictured.items() if cause != _NO_FONT}
    if not pictured:
        return {}, problems
    pages = ", ".join(map(str, pictured))
    if not picture.is_possible():
        causes = "; ".join(dict.fromkeys(pictured.values()))
        message = f"{causes} (page {pages}); {picture.INSTALL_HINT}"
        return {}, [*problems, Problem(kind=ProblemKind.UNREAD, message=message)]
    read, doubts = picture.read_pages(body, list(pictured)[: picture.MOST_SCANNED])
    problems += doubts
    if len(pictured) > picture.MOST_SCANNED:
        message = f"{len(pictured)} pages are pictures, more than the {picture.MOST_SCANNED} that are read"
        problems.append(Problem(kind=ProblemKind.UNREAD, message=message))
    return {number: [*lines_and_grids] for number, lines_and_grids in read.items()}, problems


def _without_running_lines(blocks: list[_Block], pages: int) -> list[_Block]:
    """Without the lines that are at the head or foot of most pages, figures in them apart: titles, addresses, dates."""
    counts = Counter(_DIGITS.sub("", one.text) for one in blocks if isinstance(one, TextLine) and one.in_margin)
    running = {text for text, count in counts.items() if count > 1 and 2 * count >= pages}
    return [b for b in blocks if not (isinstance(b, TextLine) and b.in_margin and _DIGITS.sub("", b.text) in running)]


def _compose(blocks: list[_Block]) -> Content:
    """Slices that follow one another become one grid, lines become paragraphs; tables of scans are grids already."""
    content = Content(kind="pdf", origin=Origin.PDF)
    text_blocks = {
        is_scanned: TextBlock.of([b for b in blocks if isinstance(b, TextLine) and b.is_scanned is is_scanned])
        for is_scanned in (False, True)
    }
    for kind, group in groupby(blocks, key=_kind):
        of_group = list(group)
        if kind == "slices":
            for slices in tables_of([block for block in of_group if isinstance(block, PageSlice)]):
                content.blocks.append(one_grid(slices))
        elif kind == "grids":
            content.blocks += [block for block in of_group if isinstance(block, Grid)]
        else:
            lines = [block for block in of_group if isinstance(block, TextLine)]
            for paragraph in paragraphs(lines, text_blocks[kind == "scanned lines"]):
                content.add(paragraph)
    return content


def _kind(block: _Block) -> str:
    if isinstance(block, Grid):
        return "grids"
    if isinstance(block, PageSlice):
        return "slices"
    return "scanned lines" if block.is_scanned else "lines"
