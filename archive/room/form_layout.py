"""The tables of a report laid out as the form prints them, with the cells that an identity finds fault with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from archive.forms import ANNEX_FORMS, LABELS, NATIONAL_FORMS, names
from archive.room.labels_english import RESULTS
from archive.room.vocabulary_bilingual import IDENTITIES, ORIGINS, STATEMENTS, TABLES, Bilingual, label_of
from archive.vocabulary import Form, Origin, ValueState, Verdict

Place = tuple[str, str]
"""(row name, column name) of a cell."""
Cells = dict[Place, dict[str, Any]]
"""The rows of `statistics` of one table, by place."""
Faults = dict[Place, tuple[str, ...]]
"""The identities that fail, by the place where they do."""


@dataclass(slots=True)
class FormCell:
    """What the report prints in one place of the form, and the identities that fail there."""

    raw: str
    state: ValueState
    place: str = ""
    """Row and column: the cell's own address on the page."""
    failing: tuple[str, ...] = ()
    is_total: bool = False
    """Whether it is in a column of totals."""


@dataclass(slots=True)
class FormLine:
    """One row as printed: a heading without cells, or figures; None among the cells is a place that the form lacks."""

    title: Bilingual
    cells: list[FormCell | None] = field(default_factory=list)
    depth: int = 0
    """How many groups it is in."""


@dataclass(slots=True)
class FormBlock:
    """Rows under one header. A row of the header is a list of (label, columns it spans, rows it spans)."""

    head: list[list[tuple[Bilingual, int, int]]]
    lines: list[FormLine]
    across: list[int] = field(default_factory=list)
    """Columns that each cell spans; empty if each spans one."""


@dataclass(slots=True)
class FormTable:
    """One table of the form: 1 is the annex before 2019, 2 to 4 the national tables."""

    number: int
    origin: Origin
    blocks: list[FormBlock]
    failures: list[str] = field(default_factory=list)
    """Identities that fail in it."""


def lay_out(
    statistics: Sequence[dict[str, Any]], checks: Iterable[dict[str, Any]], sources: Sequence[dict[str, Any]] = ()
) -> list[FormTable]:
    """Every table that the report has, each from the first of its `sources` that holds it, else from any other origin.

    All three are rows of the table of reports.db of that name (`sources` of table_sources).
    """
    faults = _faults([check for check in checks if check["verdict"] == Verdict.FAILS])
    tables = (_table(number, statistics, sources, faults.get(number, {})) for number in _BLOCKS_OF)
    return [table for table in tables if table is not None]


def _table(
    number: int, statistics: Sequence[dict[str, Any]], sources: Sequence[dict[str, Any]], faults: Faults
) -> FormTable | None:
    ranked = [source["origin"] for source in sources if source["table_no"] == number]
    others = [s["origin"] for s in statistics if s["origin"] != Origin.NARRATIVE]
    for origin in dict.fromkeys((*ranked, *others)):
        cells: Cells = {
            (s["row_name"], s["column_name"]): s
            for s in statistics
            if s["table_no"] == number and s["origin"] == origin
        }
        if cells:
            failing = {identity for place, broken in faults.items() if place in cells for identity in broken}
            blocks = [*_BLOCKS_OF[number](cells, faults), *_added_rows(cells, faults)]
            return FormTable(number, origin, blocks, sorted(failing))
    return None


def _faults(failures: Iterable[dict[str, Any]]) -> dict[int, Faults]:
    """Table → place → the identities that fail there."""
    found: dict[int, Faults] = {}
    for check in failures:
        for table, place in _places(check["identity"], check["scope"]):
            places = found.setdefault(table, {})
            places[place] = (*places.get(place, ()), check["identity"])
    return found


def _added_rows(cells: Cells, faults: Faults) -> list[FormBlock]:
    """The rows that the form does not have, under the columns that they fill."""
    added = dict.fromkeys(row for row, _ in cells if row.startswith(names.OTHER_ROW))
    columns = dict.fromkeys(column for row, column in cells if row in added)
    lines = [FormLine(label_of(row), [_cell(cells, faults, row, column) for column in columns]) for row in added]
    head = [(("原表另列的项目", "Rows beside the form"), 1, 1), *((label_of(column), 1, 1) for column in columns)]
    return [FormBlock([head], lines)] if lines else []


_NEWEST_FIRST = NATIONAL_FORMS[::-1]
_APPLICANTS = tuple(column["name"] for column in LABELS["forms"][Form.NATIONAL_2021]["tables"]["3"]["columns"])


_FLOW_ROWS = (names.NEW_RECEIVED, names.CARRIED_IN, names.PROCESSED_TOTAL, names.CARRIED_OUT)


def _places(identity: str, scope: str) -> list[tuple[int, Place]]:
    """The cells, as (table, place), that a failing identity is about."""
    if identity == names.FLOW:
        return [(3, (row, scope)) for row in _FLOW_ROWS]
    if identity == names.OUTCOME_SUM:
        return [(3, (names.PROCESSED_TOTAL, scope))]
    if identity == names.APPLICANT_SUM:
        return [(3, (scope, column)) for column in _APPLICANTS]
    if identity == names.RESULT_SUM:
        return [(4, (names.CASES, f"{scope}_{result}")) for result in RESULTS]
    if identity == names.CARRIED_OVER:
        return [(3, (names.CARRIED_IN, scope))]
    if identity == names.IN_FORCE_OVER_YEARS:
        return [(2, (scope, names.IN_FORCE))]
    if identity == names.ITEMS_OVER_YEARS:
        return [(2, (scope, names.ITEMS_PREV_YEAR))]
    if identity == names.SANITY and "." not in scope:
        return [(2, (scope, column)) for column in (names.NEWLY_DISCLOSED, names.TOTAL_DISCLOSED)]
    row, _, column = scope.partition(" ")[0].partition(".")  # after a blank, SOURCES_AGREE names its two sources
    return [(table, (row, column)) for table in (2, 3, 4)]


def _cell(cells: Cells, faults: Faults, row: str, column: str) -> FormCell | None:
    found = cells.get((row, column))
    if found is None:
        return None
    is_total = column.rpartition("_")[2] == names.TOTAL
    return FormCell(
        str(found["raw"] or ""), found["value_state"], f"{row}-{column}", faults.get((row, column), ()), is_total
    )


def _form_of(number: int, cells: Cells, forms: Iterable[str]) -> dict[str, Any]:
    """The table of the form that shares most rows and columns with the cells; the report's year decides nothing."""

    def shared(table: dict[str, Any]) -> int:
        rows, columns = {row["name"] for row in table["rows"]}, {column["name"] for column in table["columns"]}
        return sum((row in rows) + (column in columns) for row, column in cells)

    tables: list[dict[str, Any]] = [LABELS["forms"][form]["tables"][str(number)] for form in forms]
    return max(tables, key=shared)


def _title(part: dict[str, Any]) -> Bilingual:
    """The printed label of a row, column or group, and its English."""
    return part["label"], label_of(part["name"])[1]


def _annex(cells: Cells, faults: Faults) -> list[FormBlock]:
    table = _form_of(1, cells, ANNEX_FORMS)
    columns = [c["name"] for c in table["columns"] if any((row["name"], c["name"]) in cells for row in table["rows"])]
    lines = [
        FormLine(
            _title(row),
            [_cell(cells, faults, row["name"], column) for column in columns],
            row["code"].count("."),
        )
        for row in table["rows"]
        if any((row["name"], column) in cells for column in columns)
    ]
    head = [(("指标名称", "Indicator"), 1, 1), *((label_of(column), 1, 1) for column in columns)]
    return [FormBlock([head], lines)]


_ITEM = {"一": 1, "五": 5, "六": 6, "八": 8, "九": 9}
"""Items of article 20 of the Regulation that table two covers."""


def _table_two(cells: Cells, faults: Faults) -> list[FormBlock]:
    table = _form_of(2, cells, _NEWEST_FIRST)
    columns_by_name = {column["name"]: column for column in table["columns"]}
    blocks: list[FormBlock] = []
    for group in table["groups"]:
        rows = [row for row in table["rows"] if row["group"] == group["code"]]
        columns = rows[0]["columns"]
        across = [1] * (len(columns) - 1) + [4 - len(columns)]
        titles = [_title(columns_by_name[column]) for column in columns]
        head = [
            [((group["label"], f"Article 20 ({_ITEM[group['code'][-3]]})"), 4, 1)],
            [
                (("信息内容", "Content"), 1, 1),
                *((title, width, 1) for title, width in zip(titles, across, strict=True)),
            ],
        ]
        lines = [
            FormLine(_title(row), [_cell(cells, faults, row["name"], column) for column in columns]) for row in rows
        ]
        blocks.append(FormBlock(head, lines, across))
    return blocks


def _table_three(cells: Cells, faults: Faults) -> list[FormBlock]:
    table = _form_of(3, cells, _NEWEST_FIRST)
    groups = {group["code"]: group for group in table["groups"]}
    lines: list[FormLine] = []
    opened: set[str] = set()
    for row in table["rows"]:
        for code in _enclosing(row["group"]):
            if code not in opened:
                opened.add(code)
                lines.append(FormLine(_title(groups[code]), depth=code.count(".")))
        depth = row["code"].count(".") if row["group"] else 0
        lines.append(
            FormLine(_title(row), [_cell(cells, faults, row["name"], column) for column in _APPLICANTS], depth)
        )
    return [FormBlock(_head_of_three(table), lines)]


def _head_of_three(table: dict[str, Any]) -> list[list[tuple[Bilingual, int, int]]]:
    titles = {column["name"]: _title(column) for column in table["columns"]}
    corner = (
        "（本列数据的勾稽关系为：第一项加第二项之和，等于第三项加第四项之和）",
        "Each column: 1 + 2 = 3 (total) + 4",
    )
    return [
        [(corner, 1, 3), (("申请人情况", "Applicants"), 7, 1)],
        [
            (titles[names.NATURAL_PERSON], 1, 2),
            (("法人或其他组织", "Legal persons and other organisations"), 5, 1),
            (titles[names.TOTAL], 1, 2),
        ],
        [(titles[column], 1, 1) for column in _APPLICANTS[1:-1]],
    ]


def _enclosing(group: str | None) -> list[str]:
    """The codes of the groups around a row, the outermost first: 3.3 is in 3."""
    parts = group.split(".") if group else []
    return [".".join(parts[:end]) for end in range(1, len(parts) + 1)]


def _table_four(cells: Cells, faults: Faults) -> list[FormBlock]:
    columns = LABELS["forms"][Form.NATIONAL_2021]["tables"]["4"]["columns"]
    results = [(column["label"], RESULTS[column["name"].rpartition("_")[2]]) for column in columns]
    head = [
        [(("行政复议", "Administrative reviews"), 5, 2), (("行政诉讼", "Administrative suits"), 10, 1)],
        [(("未经复议直接起诉", "Without prior review"), 5, 1), (("复议后起诉", "After a review"), 5, 1)],
        [(result, 1, 1) for result in results],
    ]
    line = FormLine(("", ""), [_cell(cells, faults, names.CASES, column["name"]) for column in columns])
    return [FormBlock(head, [line])]


_BLOCKS_OF = {1: _annex, 2: _table_two, 3: _table_three, 4: _table_four}


def explain(check: dict[str, Any]) -> tuple[Bilingual, Bilingual]:
    """A failing identity in words: where it fails, and what it states."""
    place, _, origins = check["scope"].partition(" ")
    if check["identity"] == names.SOURCES_AGREE and "/" in origins:
        sources = [ORIGINS.get(origin, (origin, origin)) for origin in origins.rpartition(" ")[2].split("/")]
        zh, en = label_of(place) if "." in place else TABLES[int(origins.partition(" ")[0])]
        both = [" / ".join(source[i] for source in sources) for i in (0, 1)]
        return (f"{zh}（{both[0]}）", f"{en} ({both[1]})"), IDENTITIES[names.SOURCES_AGREE]
    return label_of(check["scope"]), IDENTITIES.get(check["identity"], (check["identity"], check["identity"]))


def statements(check: dict[str, Any]) -> tuple[Bilingual, Bilingual]:
    """Whose the two figures of a failing identity are."""
    return STATEMENTS.get(check["identity"], (("一处", "one"), ("另一处", "the other")))
