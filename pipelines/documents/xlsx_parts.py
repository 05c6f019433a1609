"""What the parts of an xlsx say of its sheets beside their values: hidden rows and columns, formulas without a value."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field
from typing import Any

from pipelines.documents.docx_styles import attribute, name_of
from pipelines.documents.formulas import place_of
from pipelines.documents.packages import Package, parse_xml
from pipelines.documents.sheet import Slot
from pipelines.tables.grid import MAX_WIDTH

_MARKS = (b"hidden", b"zeroHeight", b"<f", b":f", b'"0"', b'"0.0"', b"'0'")
"""What stands in a sheet that hides anything or has formulas."""
_YES = frozenset(("1", "true"))


@dataclass(slots=True)
class SheetFacts:
    """What a sheet hides, and the formulas whose figures the workbook does not hold."""

    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    formulas: dict[Slot, str] = field(default_factory=dict)
    """Empty where a formula is another's, shared, or not understood."""
    zeros: dict[Slot, str] = field(default_factory=dict)
    """The formulas whose stored figure is 0: some programs write that before anything is worked out."""
    has_values: bool = False
    """Whether a formula has another figure, so that they were worked out."""


def facts_of(package: Package) -> list[SheetFacts]:
    """The facts of each sheet, in the order of the workbook. Raises DocumentError for damaged parts."""
    if "xl/workbook.xml" not in package.names():  # a binary workbook
        return []
    workbook = package.xml("xl/workbook.xml")
    relations = package.xml("xl/_rels/workbook.xml.rels")
    targets = {one.get("Id"): posixpath.normpath(posixpath.join("/xl", one.get("Target", ""))) for one in relations}
    is_stale = any(
        name_of(one.tag) == "calcPr" and one.get("fullCalcOnLoad") in _YES for one in workbook
    )  # Excel works everything out when it opens it, so what is stored may be anything
    found = []
    for sheets in workbook:
        if name_of(sheets.tag) == "sheets":
            for sheet in sheets:
                part = targets.get(attribute(sheet, "id"), "").lstrip("/")
                data = package.read(part) if part in package.names() else b""
                says_any = any(mark in data for mark in _MARKS)  # a look at the bytes saves parsing most sheets
                found.append(_facts(parse_xml(data, part), is_stale=is_stale) if says_any else SheetFacts())
    return found


def _facts(root: Any, *, is_stale: bool) -> SheetFacts:
    facts = SheetFacts()
    hides_rows = False
    for part in root:
        tag = name_of(part.tag)
        if tag == "sheetFormatPr":
            hides_rows = part.get("zeroHeight") in _YES
        elif tag == "cols":
            for one in part:
                if one.get("hidden") in _YES or one.get("width") in {"0", "0.0"}:
                    last = min(int(one.get("max", "0")), MAX_WIDTH)
                    facts.hidden_columns |= set(range(int(one.get("min", "1")) - 1, last))
        elif tag == "sheetData":
            _rows(part, facts, hides_rows=hides_rows, is_stale=is_stale)
    return facts


def _rows(data: Any, facts: SheetFacts, *, hides_rows: bool, is_stale: bool) -> None:
    number = -1
    for row in data:
        stated = row.get("r")
        number = int(stated) - 1 if stated and stated.isdecimal() else number + 1
        hidden = row.get("hidden")
        if hidden in _YES or row.get("ht") in {"0", "0.0"} or (hides_rows and hidden is None and row.get("ht") is None):
            facts.hidden_rows.add(number)
        column = -1
        for cell in row:
            place = cell.get("r")
            column = place_of(place)[1] if place else column + 1
            if column < MAX_WIDTH:
                _cell(cell, (number, column), facts, is_stale=is_stale)


def _cell(cell: Any, place: Slot, facts: SheetFacts, *, is_stale: bool) -> None:
    """Note the formula of a cell, where it has one, by what is stored of its value."""
    formula = next((one for one in cell if name_of(one.tag) == "f"), None)
    if formula is None:
        return
    value = next((one.text or "" for one in cell if name_of(one.tag) == "v"), "")
    if is_stale or not (value.strip() or cell.get("t") == "str"):
        facts.formulas[place] = formula.text or ""
    elif value == "0" and cell.get("t", "n") == "n":
        facts.zeros[place] = formula.text or ""
    else:
        facts.has_values |= cell.get("t", "n") == "n"
