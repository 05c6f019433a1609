"""Pictures of tables (png, jpeg, gif, webp, bmp, tiff): ruled tables as grids; scanned pages: their lines too. Needs the extra `ocr`.

A picture is evened out and set upright (`upright`), its tables are found by their rules (`rules`), and the characters
of each cell are recognised (`recognition`). cv2, numpy and rapidocr are imported here alone, and only when a picture is
read, so that everything else works without them. Next: the grid goes the way of every other document's.
"""

from __future__ import annotations

import io
import math
import re
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pypdfium2
from PIL import Image, ImageOps, UnidentifiedImageError

from archive.forms import corrected
from archive.model import Problem
from archive.vocabulary import Origin, ProblemKind
from pipelines.documents import effort
from pipelines.documents.content import Content
from pipelines.documents.text_lines import IN_MARGIN, PAGE_NUMBER, TextLine
from pipelines.errors import DocumentError
from pipelines.tables.grid import Cell, Grid

if TYPE_CHECKING:
    from pipelines.documents.picture.recognition import Recogniser
    from pipelines.documents.picture.rules import Picture, RuledTable

INSTALL_HINT = "pictures are read with the extra ocr: make ocr, or pip install '.[ocr]'"
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


LEAST = 0.5
"""Confidence below which what was taken for a line is none: a stamp, a photograph."""
SURE_LINE = 0.85
"""Confidence below which the figures of a line are not used."""
UNSURE = "?"
"""Stands for a figure that is not sure."""
_LINE = 0.8
"""The height of characters, of that of their line."""
_DIGITS = re.compile(r"\d+")


def is_possible() -> bool:
    """Whether what reads pictures is installed."""
    return all(find_spec(name) is not None for name in ("rapidocr", "onnxruntime", "cv2"))


def read(body: bytes) -> Content:
    """The ruled tables of a picture; none where it is a photograph. Raises DocumentError."""
    if not is_possible():
        raise DocumentError(INSTALL_HINT, ProblemKind.UNREAD)
    effort.before_picture()
    content = Content(kind="picture", origin=Origin.IMAGE)
    _add_tables(_grey(body), content)
    return content


def read_pages(body: bytes, numbers: list[int]) -> tuple[dict[int, list[TextLine | Grid]], list[Problem]]:
    """Pages of a PDF (counted from 1) as pictures: the lines and ruled tables of each, and what was not sure in them.

    Raises DocumentError.
    """
    import numpy as np

    from pipelines.documents.picture.stamps import without_stamps

    read: dict[int, list[TextLine | Grid]] = {}
    content = Content(kind="pdf", origin=Origin.IMAGE)
    doubtful = 0
    try:
        with pypdfium2.PdfDocument(body) as pdf:
            for number in numbers:
                effort.before_picture()
                page = pdf[number - 1]
                width, height = page.get_size()
                scale = min(SCANNED_WIDTH / width, LONGEST_SIDE / height)
                rendered = page.render(scale=scale, rev_byteorder=True).to_numpy()
                grey = without_stamps(np.asarray(rendered, dtype=np.uint8)[:, :, :3])
                blocks, unsure = _page(grey, content, number, width)
                read[number] = blocks
                doubtful += unsure
    except pypdfium2.PdfiumError as error:
        raise DocumentError(f"damaged PDF: {error}") from error
    if doubtful:
        message = f"{doubtful} lines of scanned pages whose figures are not sure: they are shown as {UNSURE}"
        content.problems.append(Problem(kind=ProblemKind.UNSURE, message=message))
    return read, content.problems


def _grey(body: bytes) -> Picture:
    import numpy as np

    from pipelines.documents.picture.stamps import without_stamps

    try:
        with Image.open(io.BytesIO(body)) as image:
            width, height = image.size  # from the header: nothing is unpacked yet
            if width * height > MOST_PIXELS or max(width, height) > LONGEST_SIDE:
                raise DocumentError(f"a picture of {width} by {height} pixels", ProblemKind.OVERSIZED)
            turned = ImageOps.exif_transpose(image)
            if turned.mode in ("RGBA", "LA", "P", "PA"):  # transparent is paper
                turned = turned.convert("RGBA")
                turned = Image.alpha_composite(Image.new("RGBA", turned.size, "white"), turned)
            plain = Image.fromarray(without_stamps(np.asarray(turned.convert("RGB"), dtype=np.uint8)))
            if plain.width > WIDEST:
                plain = plain.resize((WIDEST, round(plain.height * WIDEST / plain.width)), Image.Resampling.LANCZOS)
            return np.asarray(plain, dtype=np.uint8)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise DocumentError(f"damaged picture: {error}") from error


def _add_tables(grey: Picture, content: Content) -> None:
    """Add the ruled tables of a grey picture."""
    grey, tables = _tables(grey, content)
    content.blocks += [grid for _, grid in tables]


def _tables(grey: Picture, content: Content, page: int | None = None) -> tuple[Picture, list[tuple[RuledTable, Grid]]]:
    """The picture evened out and upright, and its ruled tables."""
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
    found = []
    for table in tables(grey):
        if table.boxes:
            found.append((table, _grid(grey, marks, size, table, reader, page)))
        else:
            content.problems.append(
                Problem(kind=ProblemKind.UNREAD, message="a table whose rules leave no clear cells")
            )
    return grey, found


def _page(grey: Picture, content: Content, number: int, width: float) -> tuple[list[TextLine | Grid], int]:
    """The lines and tables of a scanned page from top to bottom, and how many lines hold figures that are not sure.

    `width` is the page's in points: lines are measured in them.
    """
    grey, tables = _tables(grey, content, number)
    blank = grey.copy()
    placed: list[tuple[float, TextLine | Grid]] = []
    for table, grid in tables:
        boxes = [box.pixels for box in table.boxes]
        top, left = min(box[0] for box in boxes), min(box[1] for box in boxes)
        bottom, right = max(box[2] for box in boxes), max(box[3] for box in boxes)
        edge = 4  # the rules too
        blank[max(0, top - edge) : bottom + edge, max(0, left - edge) : right + edge] = 255
        placed.append((top, grid))
    doubtful = 0
    scale = width / grey.shape[1]
    for text, confidence, (top, left, bottom, right) in _recogniser().lines(blank):
        if confidence < LEAST:
            continue
        if confidence < SURE_LINE and any(map(str.isdigit, text)):
            text = _DIGITS.sub(UNSURE, text)
            doubtful += 1
        line = TextLine(text, left * scale, right * scale, top * scale, (bottom - top) * scale * _LINE, is_scanned=True)
        line.in_margin = not IN_MARGIN[0] < top / grey.shape[0] < IN_MARGIN[1]
        if not (line.in_margin and PAGE_NUMBER.fullmatch(text)):
            placed.append((top, line))
    placed.sort(key=lambda one: one[0])
    return [block for _, block in placed], doubtful


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
