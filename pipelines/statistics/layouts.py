"""Tables of pages by their layout: countless pages print the same labels in the same cells, and only figures differ.

What a page's tables print, but for its plain figures, is a layout. Which cell of a form each figure stands in follows
from the layout alone: it is worked out once, on figures of our own, and remembered. Where it does not follow (a table
that is printed twice, or refused), the page is read as documents are.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import chain, zip_longest
from typing import Any, NamedTuple

from lxml import etree

from archive.forms import normalised
from archive.model import Statistic
from archive.vocabulary import Origin, ValueState
from pipelines.statistics.table_figures import TableFigures, figures_of_grids
from pipelines.tables.annex import find_header
from pipelines.tables.grid import Grid, expand, grids
from pipelines.tables.report_table import ReportTable

_FIGURE = re.compile(
    r">(?!<)\s*+([+-]?+(?:0|[1-9][0-9]{0,11}+)(?:\.[0-9]{1,4}+)?+)\s*+(?=(?:</(?:p|div)>\s*+)?</t[dh]>)"
)
"""A plain figure at the end of a cell, with the end of the tag before it: one character to look for is quickly found."""
_HERE, _NEXT_TABLE = "\x01", "\x02"
"""Where a figure stands in a layout, and what separates its tables."""
_UNKNOWN = "&#xFFFD;"
"""What lxml writes for every control character; so there is none in markup."""
_OURS = 314159265000
"""The first of our own figures: no page prints it."""
_LONGEST = 24_000
"""Characters of a layout that is remembered; the tables of a report have 3,000 to 20,000."""
_HTML = Origin.HTML

_Cell = tuple[int, str, str, str | None, ValueState, int]
"""A statistic without its origin, value and printed text, and the place of these among a page's figures."""


class _Layout(NamedTuple):
    """What the tables of one layout hold."""

    tables: list[ReportTable]
    """Without their rows."""
    cells: list[_Cell]
    fixed: list[str]
    """What the layout itself prints in cells that hold no plain figure; their places follow those of the figures."""
    fixed_values: list[int | float | None]
    doubts: list[str]

    def with_figures(self, printed: list[str]) -> TableFigures:
        """The same with the figures that a page prints."""
        raw = printed + self.fixed
        values = [float(figure) if "." in figure else int(figure) for figure in printed] + self.fixed_values
        statistics = [
            Statistic(table_no, row, column, values[place], unit, raw[place], state, _HTML)
            for table_no, row, column, unit, state, place in self.cells
        ]
        return TableFigures(self.tables, statistics, self.doubts)


def figures_of_page(elements: Sequence[Any], markup: str, report_year: int | None) -> TableFigures:
    """What the tables in the elements of an article hold; `markup` is that of all of them."""
    if tables := _tables_in(markup):
        pieces = _FIGURE.split(_NEXT_TABLE.join(tables))
        key = _HERE.join(pieces[::2])
        layout = _layout(key, report_year) if len(key) <= _LONGEST else None
        if layout is not None:
            return layout.with_figures(pieces[1::2])
    return figures_of_grids([grid for element in elements for grid in grids(element)], report_year)


def _tables_in(markup: str) -> list[str]:
    """The markup of the tables that hold no other; none where one may frame a cell, and where markup loses characters."""
    if _UNKNOWN in markup:
        return []
    pieces = [piece.partition("</table>") for piece in markup.split("<table")[1:]]
    tables = [f"<table{table}</table>" for table, end, _ in pieces if end]
    is_nested = len(tables) < len(pieces)
    return [] if is_nested and any(table.count("</t") < 4 for table in tables) else tables


@lru_cache(maxsize=256)
def _layout(key: str, report_year: int | None) -> _Layout | None:
    """The layout of tables without their figures; None where these decide what is read."""
    parts = key.split(_HERE)
    ours = [str(_OURS + place) for place in range(len(parts) - 1)]
    place_of = {figure: place for place, figure in enumerate(ours)}
    own_grids = _grids_of("".join(chain.from_iterable(zip_longest(parts, map(">{}".format, ours), fillvalue=""))))
    if not own_grids:
        return None
    texts = [cell.text for grid in own_grids for row in grid.rows for cell in row if cell.starts_here]
    if [text for text in texts if text in place_of] != ours or _has_signs(own_grids, report_year, place_of):
        return None
    tables, statistics, doubts = figures_of_grids(own_grids, report_year)
    if any(table.refused for table in tables) or any(str(_OURS)[:-3] in said for said in _said(tables, doubts)):
        return None
    return _without_figures(tables, statistics, doubts, place_of)


def _grids_of(markup: str) -> list[Grid]:
    """The grids of tables as XML; none where it is none."""
    try:
        return [expand(etree.fromstring(table)) for table in markup.split(_NEXT_TABLE)]
    except etree.XMLSyntaxError:
        return []


def _without_figures(
    tables: list[ReportTable], statistics: list[Statistic], doubts: list[str], place_of: dict[str, int]
) -> _Layout:
    """What was read with our own figures, as a layout; `place_of` says of each where it stands."""
    fixed = [one for one in statistics if one.raw not in place_of]
    places = iter(range(len(place_of), len(place_of) + len(fixed)))
    cells = [
        (
            s.table_no,
            s.row_name,
            s.column_name,
            s.unit,
            s.value_state,
            place_of[s.raw] if s.raw in place_of else next(places),
        )
        for s in statistics
    ]
    bare = [replace(table, rows=[]) for table in tables]
    return _Layout(bare, cells, [one.raw for one in fixed], [one.value for one in fixed], doubts)


def _has_signs(own_grids: list[Grid], report_year: int | None, figures: dict[str, int]) -> bool:
    """Whether an annex has a row of figures without a label, which may be no more than the signs of its columns."""
    return any(
        any(cell.text in figures for cell in row)
        and not any(len(normalised(cell.text)) > 1 for cell in row if cell.text not in figures)
        for grid in own_grids
        if find_header(grid, report_year) is not None
        for row in grid.rows
    )


def _said(tables: list[ReportTable], doubts: list[str]) -> list[str]:
    """All that tables say but their cells."""
    printed = [row for table in tables for row in table.rows]
    return [*doubts, *(text for row in printed for text in (row.label, row.name or "", *row.units.values()))]
