"""PDF: its ruled tables as grids, and the text between them as paragraphs.

A PDF knows no tables, only rules and characters. `page` finds the cells of one page by its rules; `slices` lays the
parts of a table that goes on over pages on common columns, `torn_rows` puts rows together that a page break tore;
`paragraphs` does the same for lines of text. A PDF without text is read as pictures (`pipelines.documents.picture`).
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

from archive.vocabulary import Origin, ProblemKind
from pipelines.documents import picture
from pipelines.documents.content import Content
from pipelines.documents.pdf.page import Block, read_page
from pipelines.documents.pdf.page_slice import PageSlice
from pipelines.documents.pdf.paragraphs import TextBlock, TextLine, paragraphs
from pipelines.documents.pdf.slices import one_grid, tables_of
from pipelines.errors import DocumentError

MOST_PAGES = 500
"""The longest report has a hundred."""

_DIGITS = re.compile(r"[\d\s]+")
logging.getLogger("pdfminer").setLevel(logging.ERROR)  # it warns of every font it finds odd


def read(body: bytes) -> Content:
    """A PDF with a text layer; of one without, the tables that its pages show. Raises DocumentError."""
    try:
        blocks = _read_blocks(body)
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
    return _compose(blocks) if blocks else picture.read_scan(body)


def _read_blocks(body: bytes) -> list[Block]:
    """The lines of text and slices of tables of all pages, in reading order."""
    with pdfplumber.open(io.BytesIO(body), pages=list(range(1, MOST_PAGES + 1))) as pdf:
        count = resolve1(resolve1(pdf.doc.catalog["Pages"]).get("Count"))
        if isinstance(count, int) and count > MOST_PAGES:
            raise DocumentError(f"a PDF of {count} pages", ProblemKind.OVERSIZED)
        blocks: list[Block] = []
        for page in pdf.pages:
            blocks += read_page(pdf, page)
            page.close()
        return _without_running_lines(blocks, len(pdf.pages))


def _without_running_lines(blocks: list[Block], pages: int) -> list[Block]:
    """Without the lines that are at the head or foot of most pages, figures in them apart: titles, addresses, dates."""
    counts = Counter(_DIGITS.sub("", one.text) for one in blocks if isinstance(one, TextLine) and one.in_margin)
    running = {text for text, count in counts.items() if count > 1 and 2 * count >= pages}
    return [b for b in blocks if not (isinstance(b, TextLine) and b.in_margin and _DIGITS.sub("", b.text) in running)]


def _compose(blocks: list[Block]) -> Content:
    """Slices that follow one another become one grid, lines become paragraphs."""
    content = Content(kind="pdf", origin=Origin.PDF)
    text_block = TextBlock.of([block for block in blocks if isinstance(block, TextLine)])
    for is_text, group in groupby(blocks, key=lambda block: isinstance(block, TextLine)):
        if is_text:
            for paragraph in paragraphs([block for block in group if isinstance(block, TextLine)], text_block):
                content.add(paragraph)
        else:
            for slices in tables_of([block for block in group if isinstance(block, PageSlice)]):
                content.blocks.append(one_grid(slices))
    return content
