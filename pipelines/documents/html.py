"""HTML under the name of a Word or Excel file, as office programs and servers' exports save it."""

from __future__ import annotations

from archive.model import Page
from pipelines.documents.content import Content, DocumentError
from pipelines.html.document import ReaderError, read_document
from pipelines.html.lines import clean, lines, simplify
from pipelines.tables import grid

_EXCEL = b"schemas-microsoft-com:office:excel"


def read(body: bytes, content_type: str = "text/html") -> Content:
    """The paragraphs and then the tables of a page. Raises DocumentError."""
    try:
        document = read_document(Page(url="", body=body, content_type=content_type))
    except ReaderError as error:
        raise DocumentError(f"no HTML can be read in it: {error}") from error
    content = Content(kind="html", origin="xlsx" if _EXCEL in body[:4096] else "docx")
    root = next(document.root.iter("body"), document.root)
    clean(root, asides=False, hides=document.hides)
    simplify(root)
    grids = grid.grids(root)
    rows = set(Content(kind="html", blocks=list(grids)).paragraphs)
    for line in lines(root):
        if line not in rows:
            content.add(line)
    content.blocks += grids
    return content
