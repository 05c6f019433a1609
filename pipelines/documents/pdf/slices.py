"""A table that spans pages of a PDF: the slices on its pages, aligned to common columns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import takewhile

from archive.vocabulary import Origin
from pipelines.documents.pdf.page_slice import HAN, SNAP, PageCell, PageSlice, nearest, rule_positions
from pipelines.documents.pdf.torn_rows import rejoin
from pipelines.tables.grid import Cell, Grid

_NUMBERS_A_SLICE = 1_000_000
"""Numbers of cells are unique in a slice; so they are in the table."""


def tables_of(slices: list[PageSlice]) -> Iterator[list[PageSlice]]:
    """The slices of each table: only a page break is between them, and they end at the same right edge."""
    table: list[PageSlice] = []
    for one in slices:
        if table and not _continues(table[-1], one):
            yield table
            table = []
        table.append(one)
    if table:
        yield table


def _continues(above: PageSlice, below: PageSlice) -> bool:
    return below.page == above.page + 1 and abs(below.rows[0][-1].x1 - above.rows[-1][-1].x1) < 2 * SNAP


def one_grid(slices: list[PageSlice]) -> Grid:
    """The slices of one table, page after page, as one grid."""
    has_rejoined_figures = any(one.has_rejoined_figures for one in slices)
    rows: list[list[PageCell]] = []
    for number, one in enumerate(slices):
        below = one.rows
        if rows and (rejoined := rejoin(rows, below)) is not None:
            rows[-1], below = rejoined.row, below[1:]
            has_rejoined_figures |= rejoined.has_figures
        labels = _continued_labels(rows[-1], below[0]) if rows and below else {}
        offset = number * _NUMBERS_A_SLICE
        rows += [
            [
                replace(cell, text=label.text, starts_here=False, number=label.number)
                if (label := labels.get(cell.number))
                else replace(cell, number=cell.number + offset)
                for cell in row
            ]
            for row in below
        ]
    edges = rule_positions([x for row in rows for cell in row for x in (cell.x0, cell.x1)])
    return Grid(
        [
            [Cell(nearest(edges, c.x0), nearest(edges, c.x1), c.text, c.starts_here, c.number) for c in row]
            for row in rows
        ],
        Origin.PDF,
        slices[0].page,
        has_rejoined_figures=has_rejoined_figures,
    )


def _continued_labels(upper: list[PageCell], lower: list[PageCell]) -> dict[int, PageCell]:
    """Number of a cell below a page break → the label above it that it continues: blank, before other labels."""
    continued: dict[int, PageCell] = {}
    if not any(HAN.search(cell.text) for cell in lower):
        return continued
    for cell in takewhile(lambda cell: not cell.text, lower):
        for above in upper:
            if abs(above.x0 - cell.x0) < SNAP and abs(above.x1 - cell.x1) < SNAP and HAN.search(above.text):
                continued[cell.number] = above
    return continued
