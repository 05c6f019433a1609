"""Where a report's tables stand: in the page, in documents beside it, in both; and how far each reading can be trusted.

A page and a Word or Excel file say which cell a figure stands in; a PDF and a picture only show it. There identities
catch wrong figures, and nothing but the form's exact rows in their order catches exchanged and lost ones. So a table
of theirs is `verified` only when both hold.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import groupby
from operator import attrgetter

from archive.forms import ANNEX_FORMS, NATIONAL_FORMS, normalised, rows
from archive.model import Check, Problem, Statistic, TableSource
from pipelines.documents import Content
from pipelines.statistics import statistics_of
from pipelines.statistics.checks import check, compare_origins
from pipelines.tables.annex import read_annex
from pipelines.tables.cell import read_value
from pipelines.tables.national import read_tables
from pipelines.tables.printed import Table

ORIGINS = ("html", "docx", "xlsx", "pdf", "image")
"""Best first, where nothing else tells readings apart."""
SHOWN = frozenset(("pdf", "image"))
"""Origins that show figures without saying which cell they stand in."""
SURE = 0.9
"""Confidence that every figure of a picture's table needs where no identity could show a wrong one."""
LABEL_FLOOR = 0.6
"""How much of the form's label a printed one must be: PDFs lose characters, bodies shorten."""

_WORTH = {"verified": 0, "inconsistent": 1}
"""Standings of tables that are whole, the better first."""
_NEEDED = {3: ("T3-A", "T3-B", "T3-C"), 4: ("T4-A",)}


@dataclass(slots=True)
class Attached:
    """A table of a document, and which document."""

    url: str
    table: Table
    doubted: bool = False
    """Its figures were put together from torn ones and are proved by identities alone."""
    confidence: float = 1.0
    """Of the least sure figure, where the table was read off a picture."""


def read_documents(contents: Iterable[tuple[str, Content]], report_year: int | None) -> list[Attached]:
    """The tables of documents (address, content), at most one of a number and an origin.

    A table printed twice alike counts once; printed unlike, it is refused. Figures that were put together from torn
    ones are used where every identity of their table holds, and refused where not.
    """
    found: dict[tuple[str, int], Attached] = {}
    for url, content in contents:
        for grid in content.grids:
            grid.origin = content.origin
        quality = _quality(content)
        for table in [*read_annex(content.grids, report_year), *read_tables(content.grids)]:
            table.origin = content.origin
            attached = Attached(url, table, *quality.get(table.table_no, (False, 1.0)))
            if attached.doubted and not table.refused and not _is_proved(table):
                table.refused = True
                table.doubts.append(f"table {table.table_no}: figures torn by the layout, which no identity proves")
            place = table.origin, table.table_no
            found[place] = _better(found[place], attached) if place in found else attached
    return list(found.values())


def _quality(content: Content) -> dict[int, tuple[bool, float]]:
    """Table → whether its figures were put together, and its least confidence; where there is anything to say."""
    found: dict[int, tuple[bool, float]] = {}
    for grid in content.grids:
        if grid.mended or grid.confidence < 1:
            for number in {table.table_no for table in read_tables([grid])} or {1, 2, 3, 4}:
                torn, least = found.get(number, (False, 1.0))
                found[number] = torn or grid.mended, min(least, grid.confidence)
    return found


def _better(first: Attached, second: Attached) -> Attached:
    """The one of two readings of a table that holds more; refused where both hold figures, and different ones."""
    one, other = (_values(attached.table) for attached in (first, second))
    if first.table.refused or not any(value is not None for value in one.values()):
        return second
    if not second.table.refused and one != other and any(value is not None for value in other.values()):
        first.table.refused = True
        first.table.doubts.append(
            f"table {first.table.table_no} of this document and of {second.url} have different figures"
        )
    return first


def _values(table: Table) -> dict[tuple[str | None, str], int | float | None]:
    return {
        (line.name, name): read_value(raw).value for line in table.lines for name, raw in (line.cells or {}).items()
    }


def _is_proved(table: Table) -> bool:
    checks = [c for c in check(statistics_of(table)) if c.identity in _NEEDED.get(table.table_no, ())]
    return bool(checks) and all(one.verdict == "holds" for one in checks)


def standing(table: Table, checks: list[Check], confidence: float = 1.0) -> str:
    """verified, unverified, inconsistent, incomplete or unread (see TableSource), by the table's own checks.

    `confidence` is that of the least sure figure of a picture.
    """
    if table.refused:
        return "unread"
    values = [read_value(raw) for line in table.lines for raw in (line.cells or {}).values()]
    if table.doubts or not all(value.sure for value in values) or not _is_whole(table):
        return "incomplete"
    own = [one for one in checks if one.identity in _NEEDED.get(table.table_no, ())]
    if any(one.verdict == "fails" for one in own):
        return "inconsistent"
    if table.origin not in SHOWN:
        return "verified"
    if all(value.state == "blank" for value in values):
        return "unverified"
    holding = {one.identity for one in own if one.verdict == "holds"}
    proved = holding.issuperset(_NEEDED.get(table.table_no, ())) and (table.table_no == 3 or confidence >= SURE)
    if table.table_no == 4:  # its blocks prove nothing of one another
        proved = proved and all(one.verdict == "holds" for one in own)
    return "verified" if proved and table.table_no > 1 and _is_labelled(table) else "unverified"


def _is_whole(table: Table) -> bool:
    if table.table_no == 4:
        return len(table.lines[0].cells or {}) == 15 if table.lines else False
    forms = ANNEX_FORMS if table.table_no == 1 else NATIONAL_FORMS
    names = [line.name for line in table.lines]
    cells = {(line.name, column) for line in table.lines for column in line.cells or {}}
    return any(
        [row.name for row in rows(form, table.table_no) if not row.optional or row.name in names] == names
        and cells >= _cells_of(form, table.table_no)
        for form in forms
        if table.form in (None, form)
    )


def _is_labelled(table: Table) -> bool:
    """Whether every printed label is near enough to the form's."""
    if table.table_no == 4:
        return True  # its columns are found by their labels, every one
    wanted = {row.name: row.label for form in NATIONAL_FORMS for row in rows(form, table.table_no)}
    return all(
        SequenceMatcher(None, normalised(line.label), wanted[line.name]).ratio() >= LABEL_FLOOR
        or (line.name == "other_handling" and not normalised(line.label))
        for line in table.lines
        if line.name
    )


def weigh(
    page_url: str, statistics: list[Statistic], attached: list[Attached]
) -> tuple[list[TableSource], list[Check], list[Problem]]:
    """How far each table's reading can be trusted, the checks on the best of each number, and what was not sure.

    Where several origins have a table, a verified one is the best; they are compared cell by cell.
    """
    by_place: dict[tuple[str, int], list[Statistic]] = {}
    for place, group in groupby(statistics, attrgetter("origin", "table_no")):
        if place[0] in ORIGINS and place[1]:
            by_place.setdefault(place, []).extend(group)
    checks = check(statistics)
    sources = [
        TableSource(table_no=number, origin=origin, url=page_url, standing=_of_page(number, own, checks))
        for (origin, number), own in by_place.items()
        if origin == "html"
    ]
    problems = []
    for document in attached:
        table = document.table
        own = by_place.get((table.origin, table.table_no), [])
        told = standing(table, check(own), document.confidence)
        sources.append(TableSource(table_no=table.table_no, origin=table.origin, url=document.url, standing=told))
        problems += [Problem(kind="unsure", message=doubt, url=document.url) for doubt in table.doubts]
    sources.sort(key=lambda one: (one.table_no, _WORTH.get(one.standing, len(_WORTH)), ORIGINS.index(one.origin)))
    best: dict[int, str] = {}
    for source in sources:
        if source.standing != "unread":
            best.setdefault(source.table_no, source.origin)
    if attached:  # without documents the page's own tables are the best
        checks = check(statistics, best)
    for source in sources:
        first = best.get(source.table_no)
        if first is not None and source.origin != first and source.standing != "unread":
            pair = by_place.get((first, source.table_no), []), by_place.get((source.origin, source.table_no), [])
            if any(statistic.value is not None for statistic in pair[1]):  # the picture of an empty form says nothing
                checks += compare_origins(*pair)
    return sources, checks, problems


def _of_page(number: int, statistics: list[Statistic], checks: list[Check]) -> str:
    """The page's own tables were judged as they were read: what is left to say is whether all is there and adds up."""
    names = set(map(attrgetter("row_name", "column_name"), statistics))
    forms = ANNEX_FORMS if number == 1 else NATIONAL_FORMS
    if not any(names >= _cells_of(form, number) for form in forms):
        return "incomplete"
    needed = _NEEDED.get(number, ())
    return "inconsistent" if any(c.identity in needed and c.verdict == "fails" for c in checks) else "verified"


@lru_cache(maxsize=32)
def _cells_of(form: str, number: int) -> frozenset[tuple[str, str]]:
    """Row and column of every cell that a form's table must have."""
    return frozenset((row.name, column) for row in rows(form, number) if not row.optional for column in row.columns)
