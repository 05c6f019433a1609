"""Where a report's tables were read: in the page, in its attachments, in both; and how far each reading can be trusted.

A page and a Word or Excel file say which cell a figure is in; a PDF and a picture only show it. There identities
catch wrong figures, and nothing but the form's exact rows in their order catches exchanged and lost ones. So a table
of theirs is `verified` only when both hold (docs/form.md, Identities).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

from archive.forms import ANNEX_FORMS, NATIONAL_FORMS, columns, normalised, rows
from archive.forms.names import APPLICANT_SUM, CUMULATIVE, FLOW, OTHER_HANDLING, OUTCOME_SUM, RESULT_SUM
from archive.model import Check, Problem, Statistic, TableSource
from archive.vocabulary import Form, Origin, ProblemKind, Standing, Verdict
from pipelines.documents import Content
from pipelines.statistics.checks import TABLE_ORIGINS, Place, Placed, check, compare_origins
from pipelines.statistics.table_figures import statistics_of
from pipelines.tables.annex import read_annex
from pipelines.tables.cell_value import read_value
from pipelines.tables.flattened import read_flattened
from pipelines.tables.grid import Grid
from pipelines.tables.national import read_national_tables
from pipelines.tables.report_table import ReportTable, is_added

_VISUAL = frozenset((Origin.PDF, Origin.IMAGE))
"""Origins that show figures without saying which cell they are in."""
_SURE = 0.9
"""Confidence that every figure of a picture's table needs where no identity could show a wrong one."""
_LABEL_SIMILARITY = 0.6
"""How much of the form's label a printed one must be: PDFs lose characters, bodies shorten."""

_RANK = {Standing.VERIFIED: 0, Standing.INCONSISTENT: 1, Standing.BLANK: 3}
"""Standings, the better first; those that are not named come between. A blank table counts where nothing else is."""
_YEAR = re.compile(r"(?<!\d)20[0-4]\d(?!\d)")
_TEXT_SHEET = "the document is lines of text under the name of an Excel file, which lose merged cells"
_LONGEST_TITLE = 50
"""Characters; longer lines are prose, which names other years."""
_NEEDED = {3: (FLOW, OUTCOME_SUM, APPLICANT_SUM), 4: (RESULT_SUM,)}
"""Table → the identities that prove it."""

_CELLS_OF_FOUR = len(columns(Form.NATIONAL_2021, 4))

# bound here: looking a member up in its enum takes longer than the comparison
_HTML = Origin.HTML
_HOLDS, _FAILS, _UNREAD = Verdict.HOLDS, Verdict.FAILS, Standing.UNREAD


@dataclass(slots=True)
class DocumentTable:
    """A table of a document, and the document's address."""

    url: str
    table: ReportTable
    has_rejoined_figures: bool = False
    """Its figures were put together from torn ones; only identities prove them."""
    confidence: float = 1.0
    """Of the least sure figure, where the table was read off a picture."""


def read_documents(
    contents: Iterable[tuple[str, Content]], report_year: int | None, source: Content | None = None
) -> list[DocumentTable]:
    """The tables of documents (address, content), at most one of a number and an origin.

    source: the one whose text is the report's; its tables may stand in its lines of text.
    A table printed twice alike counts once; printed unlike, it is refused. Figures that were put together from torn
    ones are used where every identity of their table holds, and refused where not.
    """
    best: dict[Place, DocumentTable] = {}
    for url, content in contents:
        quality = _quality(content)
        for table in _tables_of(content, report_year, has_text=content is source):
            found = DocumentTable(url, table, *quality.get(table.table_no, (False, 1.0)))
            if table.is_flattened and table.origin in _VISUAL and table.table_no in _NEEDED:
                found.has_rejoined_figures = True
            if found.has_rejoined_figures and not table.refused and not _is_proved(table):
                table.refuse(f"table {table.table_no}: figures torn by the layout, which no identity proves")
            place = table.table_no, table.origin
            best[place] = _better(best[place], found) if place in best else found
    return list(best.values())


def _tables_of(content: Content, report_year: int | None, *, has_text: bool) -> list[ReportTable]:
    """The tables of one document, without those under another year's title where this year has its own."""
    own, others = _by_title(content, report_year)
    if content.kind == "text-sheet":
        return _tables_of_text(own, report_year)
    tables = [*read_annex(own, report_year), *read_national_tables(own)]
    if others:
        numbers = {table.table_no for table in tables}
        tables += [table for table in read_national_tables(others) if table.table_no not in numbers]
    if has_text:
        numbers = {table.table_no for table in tables}
        tables += read_flattened(content.prose, numbers, report_year, content.origin)
    return tables


def _tables_of_text(grids: list[Grid], report_year: int | None) -> list[ReportTable]:
    """The tables in lines of text whose fields stand apart."""
    lines = [[cell.text for cell in row] for grid in grids for row in grid.rows]
    if all(all(fields) for fields in lines):  # merged cells take one field: the order alone says what is what
        tables = read_flattened(list(map("|".join, lines)), set(), report_year, Origin.XLSX)
    else:
        tables = read_national_tables(grids)
    for table in tables:
        table.origin = Origin.XLSX
        if table.doubts:
            table.doubts.append(f"table {table.table_no}: {_TEXT_SHEET}")
    return tables


def _by_title(content: Content, report_year: int | None) -> tuple[list[Grid], list[Grid]]:
    """The grids of a document that may be of this year, and those under the title of another."""
    own: list[Grid] = []
    others: list[Grid] = []
    year: int | None = None
    for block in content.blocks:
        if isinstance(block, str):
            year = _year_of_title(block) or year
            continue
        first = block.rows[0] if block.rows else []
        title = first[0].text if len({cell.cell_id for cell in first}) == 1 else ""
        year = _year_of_title(title) or year
        (own if report_year is None or year in (None, report_year) else others).append(block)
    return (own, others) if own else (others, [])


@lru_cache(maxsize=1024)
def _year_of_title(line: str) -> int | None:
    """The year that the title of a sheet or a table names; None for prose, dates and titles of several years."""
    if len(line) > _LONGEST_TITLE or "月" in line:
        return None
    named = set(_YEAR.findall(line))
    return int(named.pop()) if len(named) == 1 else None


def _quality(content: Content) -> dict[int, tuple[bool, float]]:
    """Table → whether its figures were put together, and its least confidence; only where there is anything to say."""
    quality: dict[int, tuple[bool, float]] = {}
    for grid in content.grids:
        if grid.has_rejoined_figures or grid.confidence < 1:
            for number in {table.table_no for table in read_national_tables([grid])} or {1, 2, 3, 4}:
                rejoined, least = quality.get(number, (False, 1.0))
                quality[number] = rejoined or grid.has_rejoined_figures, min(least, grid.confidence)
    return quality


def _better(first: DocumentTable, second: DocumentTable) -> DocumentTable:
    """The one of two readings of a table that holds more; refused where both hold figures, and different ones."""
    one, other = (_values(document.table) for document in (first, second))
    if first.table.refused or not any(value is not None for value in one.values()):
        return second
    if not second.table.refused and one != other and any(value is not None for value in other.values()):
        first.table.refuse(f"table {first.table.table_no} of this document and of {second.url} have different figures")
    return first


def _values(table: ReportTable) -> dict[tuple[str | None, str], int | float | None]:
    return {(row.name, name): read_value(raw).value for row in table.rows for name, raw in (row.cells or {}).items()}


def _is_proved(table: ReportTable) -> bool:
    proofs = _proofs(table.table_no, check(statistics_of(table)))
    return bool(proofs) and all(proof.verdict is _HOLDS for proof in proofs)


def _proofs(table_no: int, checks: Iterable[Check]) -> list[Check]:
    """Those of the checks that prove a table."""
    needed = _NEEDED.get(table_no, ())
    return [one for one in checks if one.identity in needed]


def assess_standing(table: ReportTable, checks: list[Check], confidence: float = 1.0) -> Standing:
    """How far the reading of a table can be relied on, by the table's own checks.

    `confidence` is that of the least certain figure of a picture.
    """
    if table.refused:
        return Standing.UNREAD
    values = [read_value(raw) for row in table.rows for raw in (row.cells or {}).values()]
    if table.doubts or not all(value.sure for value in values):
        return Standing.INCOMPLETE
    if all(value.value is None for value in values):
        return Standing.BLANK
    if not _is_whole(table):
        return Standing.INCOMPLETE
    proofs = _proofs(table.table_no, checks)
    if any(proof.verdict is _FAILS for proof in proofs):
        return Standing.INCONSISTENT
    if table.origin not in _VISUAL or _is_verified_by_sight(table, proofs, confidence):
        return Standing.VERIFIED
    return Standing.UNVERIFIED


def _is_verified_by_sight(table: ReportTable, proofs: list[Check], confidence: float) -> bool:
    """Whether identities and labels prove the reading of a table from a PDF or a picture."""
    if table.table_no == 1 or (table.is_flattened and table.table_no not in _NEEDED):
        return False
    holding = {proof.identity for proof in proofs if proof.verdict is _HOLDS}
    if not holding.issuperset(_NEEDED.get(table.table_no, ())):
        return False
    if table.table_no != 3 and confidence < _SURE:
        return False
    if table.table_no == 4 and not all(proof.verdict is _HOLDS for proof in proofs):
        return False  # its blocks prove nothing of one another
    return _has_labels_of_form(table)


def _is_whole(table: ReportTable) -> bool:
    """Whether the rows are exactly those of a form, in order, and no cell is missing."""
    number = table.table_no
    if number == 4:
        return bool(table.rows) and len(table.rows[0].cells or {}) == _CELLS_OF_FOUR
    names = [row.name for row in table.rows if not is_added(row.name)]
    cells = {(row.name, column) for row in table.rows for column in row.cells or {}}
    return any(
        [row.name for row in rows(form, number) if not row.optional or row.name in names] == names
        and cells >= _cells_of(form, number)
        for form in _forms(number)
        if table.form in (None, form)
    )


def _forms(table_no: int) -> tuple[Form, ...]:
    """The forms that have a table of this number."""
    return ANNEX_FORMS if table_no == 1 else NATIONAL_FORMS


def _has_labels_of_form(table: ReportTable) -> bool:
    """Whether every printed label is similar enough to the form's."""
    if table.table_no == 4:
        return True  # its columns are found by their labels, every one
    labels = {row.name: row.label for form in NATIONAL_FORMS for row in rows(form, table.table_no)}
    return all(
        SequenceMatcher(None, normalised(row.label), labels[row.name]).ratio() >= _LABEL_SIMILARITY
        or (row.name == OTHER_HANDLING and not normalised(row.label))
        for row in table.rows
        if row.name
    )


def assess_sources(
    page_url: str, statistics: list[Statistic], attached: list[DocumentTable]
) -> tuple[list[TableSource], list[Check], list[Problem]]:
    """How far each table's reading can be trusted, the checks on the best of each number, and what was not sure.

    Where several origins have a table, a verified one is the best; they are compared cell by cell.
    """
    placed = Placed(statistics)
    checks = check(placed)
    sources = [
        TableSource(table_no=number, origin=origin, url=page_url, standing=_standing_in_page(number, placed, checks))
        for number, origin in placed.by_place
        if number and origin == _HTML
    ]
    sources += [_document_source(document, placed) for document in attached]
    sources.sort(key=lambda one: (one.table_no, _RANK.get(one.standing, 2), TABLE_ORIGINS.index(one.origin)))
    best: dict[int, Origin] = {}
    for source in sources:
        if source.standing is not _UNREAD:
            best.setdefault(source.table_no, source.origin)
    if attached:  # without documents the page's own tables are the best
        checks = check(placed, best)
    problems = [
        Problem(kind=ProblemKind.UNSURE, message=doubt, url=document.url)
        for document in attached
        for doubt in document.table.doubts
    ]
    return sources, [*checks, *_compared(sources, best, placed)], problems


def _document_source(document: DocumentTable, placed: Placed) -> TableSource:
    table = document.table
    own = placed.by_place.get((table.table_no, table.origin), [])
    standing = assess_standing(table, check(own), document.confidence)
    return TableSource(table_no=table.table_no, origin=table.origin, url=document.url, standing=standing)


def _compared(sources: list[TableSource], best: dict[int, Origin], placed: Placed) -> list[Check]:
    """D-1 of every other origin of a table with the best."""
    checks: list[Check] = []
    for source in sources:
        first = best.get(source.table_no)
        if first is not None and source.origin != first and source.standing is not _UNREAD:
            other = placed.by_place.get((source.table_no, source.origin), [])
            if any(statistic.value is not None for statistic in other):  # the picture of an empty form says nothing
                checks += compare_origins(placed.by_place.get((source.table_no, first), []), other)
    return checks


def _standing_in_page(number: int, placed: Placed, checks: list[Check]) -> Standing:
    """The page's own tables were judged as they were read: what is left to say is whether all is there and adds up."""
    statistics = placed.by_place[number, _HTML]
    without = [statistic.raw for statistic in statistics if statistic.value is None]
    if not all(read_value(raw).sure for raw in without):
        return Standing.INCOMPLETE
    if len(without) == len(statistics):
        return Standing.BLANK
    cells = placed.cells((number, _HTML)).keys()
    if not any(cells >= _cells_of(form, number) for form in _forms(number)):
        return Standing.INCOMPLETE
    fails = any(proof.verdict is _FAILS for proof in _proofs(number, checks))
    return Standing.INCONSISTENT if fails else Standing.VERIFIED


@lru_cache(maxsize=32)
def _cells_of(form: Form, number: int) -> frozenset[tuple[str, str]]:
    """Row and column of every cell that a form's table must have; the sum over the years is not always printed."""
    return frozenset(
        (row.name, column)
        for row in rows(form, number)
        if not row.optional
        for column in row.columns
        if column != CUMULATIVE
    )
