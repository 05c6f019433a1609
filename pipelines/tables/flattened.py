"""Tables that an extractor left flattened in the text.

Where a separator survives (`|`, a blank, one cell per line) every figure is taken in its place. Where the borders are
lost and the figures of a row run together, only the identities can say where to cut: a run is cut where they leave one
single way, and otherwise left out with a doubt.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from archive.forms import ANNEX_FORMS, LABELS, Row, columns, rows
from archive.forms.names import CASES, CUMULATIVE, OTHER_HANDLING, OTHER_OTHER, PROCESSED_TOTAL, REGULATIONS, YEAR_VALUE
from archive.vocabulary import Form, Origin, ValueState
from pipelines.tables.cell_value import read_value
from pipelines.tables.digit_runs import split_evenly, split_table_four, split_table_three
from pipelines.tables.report_table import ReportTable, TableRow, compare_with_form

_COLUMNS_OF_THREE = tuple(column.name for column in columns(Form.NATIONAL_2021, 3))
_COLUMNS_OF_FOUR = tuple(column.name for column in columns(Form.NATIONAL_2021, 4))
_HEADERS_OF_TWO = {
    Form.NATIONAL_2019: (
        "新制作",
        "新公开",
        "对外公开总数",
        "上一年项目数",
        "增减",
        "处理决定数",
        "采购项目数",
        "采购总金额",
    ),
    Form.NATIONAL_2021: ("制发件数", "废止件数", "现行有效件数", "处理决定数", "收费金额"),
}
_FILLED = (ValueState.NUMBER, ValueState.SLASH, ValueState.DASH)
_HINT = re.compile(r"总\s*计|指\s*标")
_HEADERS_OF_THREE = ("自然人", "商业企业", "科研机构", "社会公益", "法律服务", "其他")
_ONE_BLOCK = r"结果维持{0}结果纠正{0}其他结果{0}尚未审结{0}总计".format(r"[\s|]*")
_HEADER_OF_FOUR = re.compile(
    rf"{_ONE_BLOCK}[\s|]*未经复议直接起诉[\s|]*复议后起诉[\s|]*{_ONE_BLOCK}[\s|]*{_ONE_BLOCK}"
    rf"|{_ONE_BLOCK}[\s|]*未经复议直接起诉[\s|]*{_ONE_BLOCK}[\s|]*复议后起诉[\s|]*{_ONE_BLOCK}"
    rf"|未经复议直接起诉[\s|]*复议后起诉[\s|]*{_ONE_BLOCK}[\s|]*{_ONE_BLOCK}[\s|]*{_ONE_BLOCK}"
)
_BETWEEN_HAN = re.compile(
    r"(?<=[\u4e00-\u9fff、，。：；（）()“”《》])[ \t\n\u3000]+(?=[\u4e00-\u9fff、，。：；（）()“”《》])"
)
_LABEL_TAIL = re.compile(r"[^\d|\s/+\-—.]*")
_VALUES = re.compile(r"(?:[\d|\s/+\-—–.,，]|(?<=\d)(?:亿元|万元|元))*")
_ANNEX_YEAR = re.compile(r"(20\d\d)年度?")


class _Zone(NamedTuple):
    """The values between a row's label and the next label."""

    row: Row
    start: int
    """Where the label's match begins."""
    text: str
    has_strange_figures: bool
    """Whether figures without a known label follow it."""


def read_flattened(
    paragraphs: list[str], seen: set[int], report_year: int | None, origin: Origin = Origin.HTML
) -> list[ReportTable]:
    """The flattened tables whose numbers are not in `seen`; `origin` is that of the text."""
    if {2, 3, 4} <= seen or not any(map(_HINT.search, paragraphs)):
        return []
    text = "\n".join(_fold(paragraph) for paragraph in paragraphs)
    text = _BETWEEN_HAN.sub("", text)
    tables: list[ReportTable] = []
    for table_no, reader in ((2, _table_two), (3, _table_three), (4, _table_four)):
        if table_no not in seen and (table := reader(text)):
            tables.append(table)
    if 1 not in seen and not tables and not seen and (table := _annex(text, report_year)):
        tables.append(table)
    for table in tables:
        table.origin, table.is_flattened = origin, True
    return tables


@lru_cache(maxsize=1024)
def _fold(paragraph: str) -> str:
    folded = paragraph.translate(_WIDE)
    return folded.replace("增/减", "增减").replace("增 / 减", "增减").replace("\xa0", " ")


_WIDE = {
    code: unicodedata.normalize("NFKC", chr(code)) for code in (*range(0xFF10, 0xFF1A), 0xFF0E, 0xFF0D, 0xFF0F, 0xFF5C)
}


@lru_cache(maxsize=256)
def _pattern(row: Row) -> re.Pattern[str]:
    """The row's label as it may appear in running text."""
    if row.name == OTHER_HANDLING:
        return re.compile(r"[（(]六[)）]其他(?:处理)?(?![\u4e00-\u9fff])")
    if row.name == OTHER_OTHER:
        return re.compile(r"3[.、]其他(?![\u4e00-\u9fff])")
    if row.name == PROCESSED_TOTAL:
        return re.compile(r"[（(]七[)）][总合]计")
    if row.name == REGULATIONS:
        return re.compile(
            r"(?<![\u4e00-\u9fff])规章(?![\u4e00-\u9fff])|(?<=数)规章(?![\u4e00-\u9fff])|(?<=数量)规章(?![\u4e00-\u9fff])"
        )
    whole = r"[\W_]*".join(map(re.escape, row.label))
    return re.compile(f"{whole}|{row.match.pattern.replace('^', '').replace('$', '')}")


def _zones(text: str, form: Form, table_no: int, start: int) -> list[_Zone] | None:
    """The value zones of the form's rows after `start`; None where the rows are not in the form's order."""
    order = rows(form, table_no)
    places: list[tuple[Row, int, int]] = []
    for row in order:
        found = _pattern(row).search(text, start if table_no > 1 or not places else places[-1][2])
        if found:
            tail = _LABEL_TAIL.match(text, found.end())
            places.append((row, found.start(), tail.end() if tail else found.end()))
    if any(later[1] < earlier[2] for earlier, later in pairwise(places)):
        return None
    zones: list[_Zone] = []
    for index, (row, begin, end) in enumerate(places):
        limit = places[index + 1][1] if index + 1 < len(places) else len(text)
        values = _VALUES.match(text, end, limit)
        zone = values.group() if values else ""
        rest = text[end + len(zone) : limit] if index + 1 < len(places) else ""
        if index + 1 < len(places) and (number := _printed_number(form, table_no, places[index + 1][0].name)):
            follows = rest[:1] == "、"
            zone = re.sub(rf"{number}\s*$" if follows else rf"{number}\s*[.,，]\s*$", "", zone)
        zones.append(_Zone(row, begin, zone, _has_strange_figures(rest, table_no)))
    return zones


def _has_strange_figures(rest: str, table_no: int) -> bool:
    return table_no == 3 and bool(re.search(r"\d{2,}|\d\s+\d", rest))


@lru_cache(maxsize=512)
def _printed_number(form: Form, table_no: int, name: str) -> str:
    """The arabic ordinal that the form prints before a row's label."""
    for row in LABELS["forms"][form]["tables"][str(table_no)]["rows"]:
        if row["name"] == name:
            found = re.match(r"(\d+)[.、]", row["label"])
            return found.group(1) if found else ""
    return ""


def _cells(zone: str, count: int) -> list[str] | None:
    """The figures of a zone whose separators survive; None where their number is not the row's."""
    if "|" in zone:
        pieces = [piece.strip() for piece in zone.split("|")]
        filled = [index for index, piece in enumerate(pieces) if piece]
        if len(filled) == count and filled[-1] - filled[0] == count - 1:
            return [pieces[index] for index in filled]
        inner = pieces[1 : count + 1]
        if not pieces[0] and filled and filled[-1] <= count and len(inner) == count and pieces[1]:
            return inner
        return None
    tokens = zone.split()
    if len(tokens) == count and all(read_value(token).state in _FILLED for token in tokens):
        return tokens
    return None


def _table_two(text: str) -> ReportTable | None:
    form = next((form for form, labels in _HEADERS_OF_TWO.items() if all(label in text for label in labels)), None)
    if form is None:
        return None
    start = text.find(_HEADERS_OF_TWO[form][0])
    zones = _zones(text, form, 2, start)
    if zones is not None and len(zones) < 3:
        return None
    table = ReportTable(2, form)
    if zones is None:
        return _out_of_order(table)
    for zone in zones:
        count = len(zone.row.columns)
        cells = _cells(zone.text, count) or split_evenly(zone.text, count)
        table.rows.append(_table_row(zone.row, zone.row.columns, cells))
    compare_with_form(table, [row.name for row in rows(form, 2)])
    return table


def _table_three(text: str) -> ReportTable | None:
    start = 0
    for word in (*_HEADERS_OF_THREE, "本年"):
        start = text.find(word, start)
        if start < 0:
            return None
    form = Form.NATIONAL_2021 if re.search(r"不补正", text[start:]) else Form.NATIONAL_2019
    zones = _zones(text, form, 3, start)
    if zones is not None and len(zones) < 12:
        return None
    table = ReportTable(3, form)
    if zones is None:
        return _out_of_order(table)
    known = {zone.row.name: _cells(zone.text, len(_COLUMNS_OF_THREE)) for zone in zones}
    runs = {zone.row.name: zone.text for zone in zones if known[zone.row.name] is None}
    separated = sum(cells is not None for cells in known.values()) > len(runs)
    if runs and (not separated or all(len(run.split()) == 1 for run in runs.values())):
        known |= split_table_three(runs, known, _COLUMNS_OF_THREE, form)
    for zone in zones:
        table.rows.append(_table_row(zone.row, _COLUMNS_OF_THREE, known[zone.row.name]))
        if zone.has_strange_figures:
            table.doubts.append(f"table 3: figures without a known label follow {zone.row.name}")
    compare_with_form(table, [row.name for row in rows(form, 3)])
    return table


def _table_four(text: str) -> ReportTable | None:
    header = _HEADER_OF_FOUR.search(text)
    values = _VALUES.match(text, header.end()) if header else None
    if not values or not any(map(str.isdigit, values.group())):
        return None
    zone = values.group()
    cells = _cells(zone, len(_COLUMNS_OF_FOUR)) or split_table_four(zone)
    table = ReportTable(4, None)
    table.rows.append(_table_row(rows(Form.NATIONAL_2021, 4)[0], _COLUMNS_OF_FOUR, cells))
    compare_with_form(table, [CASES])
    return table


def _annex(text: str, report_year: int | None) -> ReportTable | None:
    header = re.search(r"指标(?:名称)?[\s|]*(?:计量)?单位", text)
    if not header:
        return None
    best: tuple[list[_Zone], Form] = ([], Form.NARRATIVE)
    for form in ANNEX_FORMS:
        zones = _zones(text, form, 1, header.end())
        if zones and len(zones) > len(best[0]):
            best = zones, form
    zones, form = best
    if len(zones) < 5:
        return None
    head = text[header.end() : zones[0].start]
    year = _ANNEX_YEAR.search(head)
    if year and report_year is not None and int(year.group(1)) != report_year:
        return None
    names = (YEAR_VALUE, CUMULATIVE) if "累计" in head else (YEAR_VALUE,)
    table = ReportTable(1, form)
    for zone in zones:
        cells = _cells(zone.text, len(names)) or split_evenly(zone.text, len(names))
        table.rows.append(_table_row(zone.row, names, cells))
    compare_with_form(
        table, [row.name for row in rows(form, 1) if not row.optional or any(z.row == row for z in zones)]
    )
    return table


def _table_row(row: Row, names: tuple[str, ...], cells: list[str] | None) -> TableRow:
    return TableRow(row.label, row.name, dict(zip(names, cells, strict=True)) if cells else None)


def _out_of_order(table: ReportTable) -> ReportTable:
    table.refuse(f"table {table.table_no}: its rows are not in the order of the form")
    return table
