"""Excel workbooks (xlsx, xls, et) as Excel shows them: a grid a sheet, what is hidden left out, formulas worked out."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from archive.model import Problem
from archive.vocabulary import Origin, ProblemKind
from pipelines.documents import xls_records, xlsx_parts
from pipelines.documents.content import MOST_CELLS, Content
from pipelines.documents.formulas import Formulas
from pipelines.documents.packages import Package
from pipelines.documents.sheet import MOST_SHEETS, UNKNOWN, Sheet, Slot
from pipelines.documents.xlsx_parts import SheetFacts
from pipelines.errors import DocumentError

_Value = int | float | str | bool | time | date | datetime | timedelta


def read(body: bytes, kind: str) -> Content:
    """A workbook; `kind` is xlsx or xls. Raises DocumentError."""
    facts: Sequence[SheetFacts]
    if kind == "xlsx":
        package = Package(body)
        package.read_all(".xml", ".rels", ".bin")  # the reader below counts nothing and would unpack anything
        facts = xlsx_parts.facts_of(package)
    else:
        facts = xls_records.facts_of(body)
    content = Content(kind=kind, origin=Origin.XLSX)
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(body))
        shown = [
            (number, sheet.name)
            for number, sheet in enumerate(workbook.sheets_metadata)
            if sheet.visible is SheetVisibleEnum.Visible and sheet.typ is SheetTypeEnum.WorkSheet
        ]
        for number, name in shown[:MOST_SHEETS]:
            sheet = workbook.get_sheet_by_name(name)
            if sheet.total_height * sheet.total_width > 10 * MOST_CELLS:
                raise DocumentError(
                    f"a sheet of {sheet.total_height} rows by {sheet.total_width} columns", ProblemKind.OVERSIZED
                )
            of_sheet = facts[number] if number < len(facts) else SheetFacts()
            values = sheet.to_python(skip_empty_area=False)
            texts = [[_text(value) for value in row] for row in values]
            _work_out(of_sheet, values, texts, name, content)
            merged = sheet.merged_cell_ranges or []
            Sheet(texts, merged, of_sheet.hidden_rows, of_sheet.hidden_columns, name).add_to(content)
    except CalamineError as error:
        kind_of = (
            ProblemKind.ENCRYPTED
            if "password" in str(error).lower() or "encrypt" in str(error).lower()
            else ProblemKind.DAMAGED
        )
        raise DocumentError(f"damaged workbook: {error}", kind_of) from error
    return content


def _work_out(
    facts: SheetFacts, values: list[list[_Value]], texts: list[list[str]], name: str, content: Content
) -> None:
    """Put the figures of formulas that the workbook does not hold into `texts`, UNKNOWN where they cannot be known."""
    if facts.zeros and not facts.has_values and _give_more_than_zero(facts.zeros, values):
        facts.formulas |= facts.zeros
    if not facts.formulas:
        return
    formulas = Formulas(values, facts.formulas)
    unknown = 0
    for row, column in facts.formulas:
        value = formulas.value(row, column)
        unknown += value is None
        while len(texts) <= row:
            texts.append([])
        texts[row] += [""] * (column + 1 - len(texts[row]))
        texts[row][column] = UNKNOWN if value is None else _text(value)
    if unknown:
        message = f"the workbook does not hold what {unknown} formulas of its sheet {name} give"
        content.problems.append(Problem(kind=ProblemKind.UNREAD, message=f"{message}; open and save it in Excel"))


def _give_more_than_zero(zeros: dict[Slot, str], values: list[list[_Value]]) -> bool:
    """Whether formulas whose stored figures are all 0 give others: then nobody worked them out."""
    formulas = Formulas(values, zeros)
    return any(formulas.value(*place) for place in zeros)


def _text(value: _Value) -> str:
    """As a reader of the sheet sees it, as far as that is kept: whole numbers without a point."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else format(value, ".15g")
    return str(value)
