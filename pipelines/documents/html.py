"""HTML under the name of a Word or Excel file, as office programs and servers' exports save it."""

from __future__ import annotations

import re

from archive.model import Page
from archive.vocabulary import Origin
from pipelines.documents.content import Content
from pipelines.errors import DocumentError, ReaderError
from pipelines.html.paragraphs import paragraphs_of, remove_unseen, strip_markup
from pipelines.html.parsing import parse_page
from pipelines.tables import grid

_EXCEL = re.compile(rb"schemas-microsoft-com:office:excel|mso-number-format|Excel\.Sheet")


def read(body: bytes, kind: str = "html", content_type: str = "text/html") -> Content:
    """The paragraphs and then the tables of a page; `kind` is html or html-sheet. Raises DocumentError."""
    try:
        parsed = parse_page(Page(url="", body=body, content_type=content_type))
    except ReaderError as error:
        raise DocumentError(f"no HTML can be read in it: {error}") from error
    is_sheet = kind == "html-sheet" or _EXCEL.search(body[:8_192]) is not None
    content = Content(kind="html", origin=Origin.XLSX if is_sheet else Origin.DOCX)
    root = next(parsed.root.iter("body"), parsed.root)
    remove_unseen(root, asides=False, has_hidden=parsed.has_hidden)
    strip_markup(root)
    grids = grid.grids(root)
    for table in grids:
        table.origin = content.origin
    rows = set(Content(kind="html", blocks=list(grids)).paragraphs)
    for line in paragraphs_of(root):
        if line not in rows:
            content.add(line)
    content.blocks += grids
    return content
