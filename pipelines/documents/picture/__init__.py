"""Pictures of tables (png, jpeg, gif, webp, bmp, tiff) and scanned PDFs: ruled tables as grids. Needs the extra `ocr`.

A picture is evened out and set upright (`upright`), its tables are found by their rules (`rules`), and the characters
of each cell are recognised (`recognition`). cv2, numpy and rapidocr are imported here alone, and only when a picture is
read, so that everything else works without them. Next: the grid goes the way of every other document's.
"""

from __future__ import annotations

import io
import math
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pypdfium2
from PIL import Image, ImageOps, UnidentifiedImageError

from archive.forms import corrected
from archive.model import Problem
from archive.vocabulary import Origin, ProblemKind
from pipelines.documents.content import Content
from pipelines.errors import DocumentError
from pipelines.tables.grid import Cell, Grid

if TYPE_CHECKING:
    from pipelines.documents.picture.recognition import Recogniser
    from pipelines.documents.picture.rules import Picture, RuledTable

INSTALL_HINT = "tables in pictures are read with the extra ocr: make ocr, or pip install '.[ocr]'"
"""Why a picture is unread, and what to do about it."""
MOST_PIXELS = 40_000_000
LONGEST_SIDE = 20_000
WIDEST = 2_400
"""Pixels: wider pictures are scaled down, which loses nothing that a reader of the page could see."""
MOST_SCANNED = 40
"""Pages of a PDF without text: most hold no table, and take a second."""
SCANNED_WIDTH = 1_650
"""Pixels of its width that a scanned page is rendered with: 200 to an inch of A4."""
SMALL = 20
"""Pixels: lower characters are enlarged, so that their shapes can be distinguished."""
LARGEST_FACTOR = 3


def is_possible() -> bool:
    """Whether what reads pictures is installed."""
    return all(find_spec(name) is not None for name in ("rapidocr", "onnxruntime", "cv2"))


def read(body: bytes) -> Content:
    """The ruled tables of a picture; none where it is a photograph. Raises DocumentError."""
    if not is_possible():
        raise DocumentError(INSTALL_HINT, ProblemKind.UNREAD)
    content = Content(kind="picture", origin=Origin.IMAGE)
    _add_tables(_grey(body), content)
    return content


def read_scan(body: bytes) -> Content:
    """The ruled tables of a PDF whose pages are pictures. Raises DocumentError."""
    if not is_possible():
        raise DocumentError(f"the PDF holds no text, its pages are pictures; {INSTALL_HINT}", ProblemKind.UNREAD)
    import numpy as np

    content = Content(kind="pdf", origin=Origin.IMAGE)
    try:
        with pypdfium2.PdfDocument(body) as pdf:
            if len(pdf) > MOST_SCANNED:
                raise DocumentError(
                    f"{len(pdf)} pages of pictures, more than the {MOST_SCANNED} that are read", ProblemKind.UNREAD
                )
            for number, page in enumerate(pdf, 1):
                width, height = page.get_size()
                scale = min(SCANNED_WIDTH / width, LONGEST_SIDE / height)
                grey = page.render(scale=scale, grayscale=True).to_numpy()
                _add_tables(np.asarray(grey, dtype=np.uint8).reshape(grey.shape[:2]), content, number)
    except pypdfium2.PdfiumError as error:
        raise DocumentError(f"damaged PDF: {error}") from error
    if not content.blocks:
        raise DocumentError("the PDF holds no text, and no ruled table was found in its pages", ProblemKind.UNREAD)
    return content


def _grey(body: bytes) -> Picture:
    import numpy as np

    try:
        with Image.open(io.BytesIO(body)) as image:
            width, height = image.size  # from the header: nothing is unpacked yet
            if width * height > MOST_PIXELS or max(width, height) > LONGEST_SIDE:
                raise DocumentError(f"a picture of {width} by {height} pixels", ProblemKind.OVERSIZED)
            turned = ImageOps.exif_transpose(image)
            if turned.mode in ("RGBA", "LA", "P", "PA"):  # transparent is paper
                turned = turned.convert("RGBA")
                turned = Image.alpha_composite(Image.new("RGBA", turned.size, "white"), turned)
            plain = turned.convert("L")
            if plain.width > WIDEST:
                plain = plain.resize((WIDEST, round(plain.height * WIDEST / plain.width)), Image.Resampling.LANCZOS)
            return np.asarray(plain, dtype=np.uint8)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise DocumentError(f"damaged picture: {error}") from error


def _add_tables(grey: Picture, content: Content, page: int | None = None) -> None:
    """Add the ruled tables of a grey picture."""
    import cv2

    from pipelines.documents.picture.rules import character_height, flatten_background, strokes, tables
    from pipelines.documents.picture.upright import upright

    cv2.setNumThreads(1)
    grey = upright(flatten_background(grey))
    marks = strokes(grey)
    size = character_height(marks)
    if size < SMALL:
        grey = _enlarged(grey, min(LARGEST_FACTOR, math.ceil(SMALL / size)))
        marks = strokes(grey)
        size = character_height(marks)
    reader = _recogniser()
    reader.clear()
    for table in tables(grey):
        if table.boxes:
            content.blocks.append(_grid(grey, marks, size, table, reader, page))
        else:
            content.problems.append(
                Problem(kind=ProblemKind.UNREAD, message="a table whose rules leave no clear cells")
            )


def _enlarged(grey: Picture, factor: int) -> Picture:
    import cv2
    import numpy as np

    larger = cv2.resize(grey, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
    return np.asarray(larger, dtype=np.uint8)


def _grid(grey: Picture, mask: Picture, size: float, table: RuledTable, reader: Recogniser, page: int | None) -> Grid:
    """A table as a grid, with the least confidence of a cell that holds a figure."""
    rows: list[list[Cell]] = [[] for _ in range(table.rows)]
    least = 1.0
    for number, box in enumerate(table.boxes):
        top, left, bottom, right = box.pixels
        inside = slice(top + 1, bottom - 1), slice(left + 1, right - 1)
        text, confidence = reader.cell(grey[inside], mask[inside], size) if bottom - top > 4 < right - left else ("", 1)
        if any(map(str.isdigit, text)) and len(text) < 20:
            least = min(least, confidence)
        text = corrected(text)
        for row in range(box.row, box.row + box.rows):
            rows[row].append(Cell(box.column, box.column + box.columns, text, row == box.row, number))
    for cells in rows:
        cells.sort()
    return Grid(rows, Origin.IMAGE, page, confidence=least)


@cache
def _recogniser() -> Recogniser:
    from pipelines.documents.picture.recognition import Recogniser

    return Recogniser()
