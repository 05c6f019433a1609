"""What a report's figures are: tables and prose of one report → its statistics, its form, and what was not sure.

Here belongs what turns cells and sentences into figures and judges them: `table_figures` (cells to statistics), `layouts`
(those of pages, by what their tables print beside figures), `report_form` (which form), `prose` with
`prose_patterns` (figures in sentences), `checks` (the identities), `provenance` (the same table in the page and in
documents beside it). May import archive.model, archive.vocabulary, archive.forms, pipelines.tables and
pipelines.documents. Next: `pipelines.ingest` stores what `pipelines.read` makes of this.
"""

from __future__ import annotations

from collections.abc import Sequence

from archive.model import Problem, Statistic
from archive.vocabulary import Form, ProblemKind
from pipelines.statistics.prose import read_prose
from pipelines.statistics.report_form import form_of
from pipelines.statistics.table_figures import TableFigures, figures_of, figures_of_grids, statistics_of
from pipelines.tables.flattened import read_flattened
from pipelines.tables.grid import Grid
from pipelines.tables.report_table import ReportTable

__all__ = ["read"]


def read(
    own: TableFigures | list[Grid],
    paragraphs: list[str],
    report_year: int | None,
    attached: Sequence[ReportTable] = (),
    *,
    is_text_of_document: bool = False,
) -> tuple[list[Statistic], Form, list[Problem]]:
    """Every figure that is sure, the report's form, and a problem of kind `unsure` for each that is not.

    own: what the article's tables hold, or their grids in order. paragraphs: the article's paragraphs, one table row per
    paragraph. A table of which no grid was found is looked for in the paragraphs, where extractors leave it flattened,
    unless they are the text of a document, whose tables are all in `attached`. attached: tables of documents beside the
    page; they decide the form where the page has no table of that number.
    """
    found = own if isinstance(own, TableFigures) else figures_of_grids(own, report_year)
    seen = {table.table_no for table in found.tables}
    flattened = figures_of([] if is_text_of_document else read_flattened(paragraphs, seen, report_year))
    tables = [*found.tables, *flattened.tables]
    used = {table.table_no for table in tables if not table.refused}
    beside = [table for table in attached if not table.refused]
    form = form_of([*(table for table in beside if table.table_no not in used), *tables], paragraphs, report_year)
    statistics = [*found.statistics, *flattened.statistics, *(one for table in beside for one in statistics_of(table))]
    in_prose, contradictions = read_prose(paragraphs, report_year, form)
    doubts = [*found.doubts, *flattened.doubts, *contradictions]
    problems = [Problem(kind=ProblemKind.UNSURE, message=message) for message in doubts]
    return statistics + in_prose, form, problems
