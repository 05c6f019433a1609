"""Lines of text under the name of an Excel file, as servers' exports write them: fields apart by tabs or commas."""

from __future__ import annotations

import csv
import io
from itertools import pairwise

from archive.charset import decode
from archive.vocabulary import Origin, ValueState
from pipelines.documents.content import Content
from pipelines.documents.sheet import Sheet, Slot
from pipelines.errors import DocumentError
from pipelines.tables.cell_value import read_value

_FEWEST_LABELS = 3
_TEXT = ValueState.TEXT


def read(body: bytes) -> Content:
    """The lines as one sheet. Text cannot say which cells are merged, so labels above others are taken down to them.

    Raises DocumentError.
    """
    text, _ = decode(body, "text/plain")
    text = text.lstrip("\ufeff")
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter="\t" if "\t" in text else ","))
    except csv.Error as error:
        raise DocumentError(f"text under the name of an Excel file: {error}") from error
    rows = [[field.strip() for field in row] for row in rows]
    content = Content(kind="text-sheet", origin=Origin.XLSX)
    Sheet(rows, _merged(rows)).add_to(content)
    return content


def _merged(rows: list[list[str]]) -> list[tuple[Slot, Slot]]:
    """Labels that go on into the row below: blank cells of a row of labels, under others."""
    first: dict[Slot, int] = {}
    for at, (above, row) in enumerate(pairwise(rows), 1):
        filled = [text for text in row if text]
        if len(filled) < _FEWEST_LABELS or any(read_value(text).state is not _TEXT for text in filled):
            continue
        for column, text in enumerate(row[: len(above)]):
            if not text and (above[column] or (at - 1, column) in first):
                first[at, column] = first.get((at - 1, column), at - 1)
    return [((top, column), (at, column)) for (at, column), top in first.items() if (at + 1, column) not in first]
