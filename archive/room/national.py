"""The tables of a report laid out as the form prints them, with the cells that an identity finds fault with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from archive.forms import ANNEX_FORMS, LABELS
from archive.room.words import IDENTITIES, ORIGINS, TABLES, Pair, label

Cells = dict[tuple[str, str], dict[str, Any]]
"""(row name, column name) → the row of `statistics`."""


@dataclass(slots=True)
class Cell:
    """What the report prints in one place of the form, and the identities it breaks there."""

    raw: str
    state: str
    failing: tuple[str, ...] = ()


@dataclass(slots=True)
class Line:
    """One row of a table: a heading without cells, or figures; a None among the cells is a place the form has not."""

    title: Pair
    cells: list[Cell | None] = field(default_factory=list)
    depth: int = 0


@dataclass(slots=True)
class Block:
    """Rows under one header: rows of header cells, each (label, columns it spans, rows it spans)."""

    head: list[list[tuple[Pair, int, int]]]
    lines: list[Line]
    across: list[int] = field(default_factory=list)
    """Columns that each cell spans, where not all span one."""


@dataclass(slots=True)
class Table:
    """One table of the form."""

    number: int
    origin: str
    blocks: list[Block]
    failures: list[str] = field(default_factory=list)
    """Identities that fail in it."""


def layout(
    statistics: Sequence[dict[str, Any]], checks: Iterable[dict[str, Any]], sources: Sequence[dict[str, Any]] = ()
) -> list[Table]:
    """Every table that the report has, each of the first of its `sources` that holds it, else of any other origin."""
    marks = _marks([check for check in checks if check["verdict"] == "fails"])
    found: list[Table] = []
    for number in (1, 2, 3, 4):
        ranked = [source["origin"] for source in sources if source["table_no"] == number]
        for origin in dict.fromkeys((*ranked, *(s["origin"] for s in statistics if s["origin"] != "narrative"))):
            cells: Cells = {
                (s["row_name"], s["column_name"]): s
                for s in statistics
                if s["table_no"] == number and s["origin"] == origin
            }
            if cells:
                blocks = _BLOCKS[number](cells, marks.get(number, {}))
                failing = {
                    identity for place, names in marks.get(number, {}).items() if place in cells for identity in names
                }
                found.append(Table(number, origin, blocks, sorted(failing)))
                break
    return found


Marks = dict[tuple[str, str], tuple[str, ...]]


def _marks(failures: Iterable[dict[str, Any]]) -> dict[int, Marks]:
    """Table → place → the identities that fail there."""
    found: dict[int, Marks] = {}
    for check in failures:
        for table, place in _places(check["identity"], check["scope"]):
            places = found.setdefault(table, {})
            places[place] = (*places.get(place, ()), check["identity"])
    return found


_COLUMNS = tuple(column["name"] for column in LABELS["forms"]["cn-2021"]["tables"]["3"]["columns"])


def _places(identity: str, scope: str) -> list[tuple[int, tuple[str, str]]]:
    """The cells that a failing identity speaks of."""
    if identity == "T3-A":
        return [(3, (row, scope)) for row in ("new_received", "carried_in", "processed_total", "carried_out")]
    if identity == "T3-B":
        return [(3, ("processed_total", scope))]
    if identity == "T3-C":
        return [(3, (scope, column)) for column in _COLUMNS]
    if identity == "T4-A":
        results = ("maintained", "corrected", "other", "pending", "total")
        return [(4, ("cases", f"{scope}_{result}")) for result in results]
    if identity == "X-A":
        return [(3, ("carried_in", scope))]
    if identity == "X-B":
        return [(2, (scope, "in_force"))]
    if identity == "X-C":
        return [(2, (scope, "items_prev_year"))]
    if identity == "S-1" and "." not in scope:
        return [(2, (scope, column)) for column in ("newly_disclosed", "total_disclosed")]
    row, _, column = scope.partition(" ")[0].partition(".")  # behind a blank D-1 names its two sources
    return [(table, (row, column)) for table in (2, 3, 4)]


def _cell(cells: Cells, marks: Marks, row: str, column: str) -> Cell | None:
    found = cells.get((row, column))
    if found is None:
        return None
    return Cell(str(found["raw"] or ""), found["value_state"], marks.get((row, column), ()))


def _form(number: int, cells: Cells, forms: Iterable[str]) -> dict[str, Any]:
    """The form whose rows and columns the table has most of: forms are told by the table, not by the year."""

    def shared(table: dict[str, Any]) -> int:
        rows, columns = {row["name"] for row in table["rows"]}, {column["name"] for column in table["columns"]}
        return sum((row in rows) + (column in columns) for row, column in cells)

    tables: list[dict[str, Any]] = [LABELS["forms"][form]["tables"][str(number)] for form in forms]
    return max(tables, key=shared)


def _annex(cells: Cells, marks: Marks) -> list[Block]:
    table = _form(1, cells, ANNEX_FORMS)
    columns = [c["name"] for c in table["columns"] if any((row["name"], c["name"]) in cells for row in table["rows"])]
    lines = [
        Line(
            (row["label"], label(row["name"])[1]),
            [_cell(cells, marks, row["name"], column) for column in columns],
            row["code"].count("."),
        )
        for row in table["rows"]
        if any((row["name"], column) in cells for column in columns)
    ]
    head = [(("指标名称", "Indicator"), 1, 1), *((label(column), 1, 1) for column in columns)]
    return [Block([head], lines)]


_ITEM = {"一": 1, "五": 5, "六": 6, "八": 8, "九": 9}
"""Items of article 20 of the Regulation that table two is on."""


def _two(cells: Cells, marks: Marks) -> list[Block]:
    table = _form(2, cells, ("cn-2021", "cn-2019"))
    printed = {column["name"]: column["label"] for column in table["columns"]}
    blocks: list[Block] = []
    for group in table["groups"]:
        rows = [row for row in table["rows"] if row["group"] == group["code"]]
        columns = rows[0]["columns"]
        across = [1] * (len(columns) - 1) + [4 - len(columns)]
        head = [
            [((group["label"], f"Article 20 ({_ITEM[group['code'][-3]]})"), 4, 1)],
            [
                (("信息内容", "Content"), 1, 1),
                *(
                    ((printed[column], label(column)[1]), width, 1)
                    for column, width in zip(columns, across, strict=True)
                ),
            ],
        ]
        lines = [
            Line(
                (row["label"], label(row["name"])[1]),
                [_cell(cells, marks, row["name"], column) for column in columns],
            )
            for row in rows
        ]
        blocks.append(Block(head, lines, across))
    return blocks


def _three(cells: Cells, marks: Marks) -> list[Block]:
    table = _form(3, cells, ("cn-2021", "cn-2019"))
    groups = {group["code"]: group for group in table["groups"]}
    lines: list[Line] = []
    opened: set[str] = set()
    for row in table["rows"]:
        for code in _above(row["group"]):
            if code not in opened:
                opened.add(code)
                group = groups[code]
                lines.append(Line((group["label"], group["name"].replace("_", " ")), depth=code.count(".")))
        cells_of = [_cell(cells, marks, row["name"], column) for column in _COLUMNS]
        depth = row["code"].count(".") if row["group"] else 0
        lines.append(Line((row["label"], label(row["name"])[1]), cells_of, depth))
    names = {c["name"]: (c["label"], label(c["name"])[1]) for c in table["columns"]}
    head = [
        [
            (
                (
                    "（本列数据的勾稽关系为：第一项加第二项之和，等于第三项加第四项之和）",
                    "Each column: 1 + 2 = 3 (total) + 4",
                ),
                1,
                3,
            ),
            (("申请人情况", "Applicants"), 7, 1),
        ],
        [
            (names["natural_person"], 1, 2),
            (("法人或其他组织", "Legal persons and other organisations"), 5, 1),
            (names["total"], 1, 2),
        ],
        [(names[column], 1, 1) for column in _COLUMNS[1:-1]],
    ]
    return [Block(head, lines)]


def _above(group: str | None) -> list[str]:
    """3.3 stands under 3: both, the outer first."""
    parts = group.split(".") if group else []
    return [".".join(parts[:end]) for end in range(1, len(parts) + 1)]


def _four(cells: Cells, marks: Marks) -> list[Block]:
    columns = LABELS["forms"]["cn-2021"]["tables"]["4"]["columns"]
    names = {column["name"]: column["label"] for column in columns}
    head = [
        [(("行政复议", "Administrative review"), 5, 2), (("行政诉讼", "Administrative suits"), 10, 1)],
        [(("未经复议直接起诉", "direct"), 5, 1), (("复议后起诉", "after a review"), 5, 1)],
        [((names[name], name.rsplit("_", 1)[1]), 1, 1) for name in names],
    ]
    return [Block(head, [Line(("", ""), [_cell(cells, marks, "cases", name) for name in names])])]


_BLOCKS = {1: _annex, 2: _two, 3: _three, 4: _four}


def spelled(check: dict[str, Any]) -> tuple[Pair, Pair]:
    """A failing identity in words: where, and what should equal what."""
    place, _, origins = check["scope"].partition(" ")
    if check["identity"] == "D-1" and "/" in origins:
        where = [ORIGINS.get(origin, (origin, origin)) for origin in origins.rpartition(" ")[2].split("/")]
        titles = label(place) if "." in place else TABLES[int(origins.partition(" ")[0])]
        named = tuple(f"{title}（{' / '.join(pair[i] for pair in where)}）" for i, title in enumerate(titles))
        return (named[0], named[1]), IDENTITIES["D-1"]
    return label(check["scope"]), IDENTITIES.get(check["identity"], (check["identity"], check["identity"]))
