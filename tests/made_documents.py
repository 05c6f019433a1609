"""Synthetic reports as documents of every format, with what offices and servers put into them beside the figures.

Each maker takes a report and a random source, and returns a document that shows exactly the report's tables: what it
adds is hidden, deleted, torn, merged or computed, never shown as another figure. `KINDS` names them.
"""

from __future__ import annotations

import io
import random
import shutil
import struct
import subprocess
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory

from crawler.demo import office
from crawler.demo.markup import Grid
from crawler.demo.office import Placed, placed
from crawler.demo.reports import Synthetic

Draw = random.Random
JUNK = "88"
"""A figure that no report states: what is hidden or deleted."""


@dataclass(frozen=True, slots=True)
class Made:
    """A document, and how it is sent."""

    body: bytes
    name: str
    content_type: str


def grids_of(report: Synthetic) -> list[Grid]:
    return [block.grid for block in report.blocks() if block.grid is not None]


# --- Word -------------------------------------------------------------------------------------------------------------

MARKUP = "http://schemas.openxmlformats.org/markup-compatibility/2006"
SHAPE = "http://schemas.microsoft.com/office/word/2010/wordprocessingShape"
HIDDEN_RUN = f"<w:r><w:rPr><w:vanish/></w:rPr><w:t>{JUNK}</w:t></w:r>"
STYLED_RUN = f'<w:r><w:rPr><w:rStyle w:val="Unseen"/></w:rPr><w:t>{JUNK}</w:t></w:r>'
DELETED_RUN = f'<w:del w:id="1" w:author="a"><w:r><w:delText>{JUNK}</w:delText></w:r></w:del>'
MOVED_RUN = f'<w:moveFrom w:id="2" w:author="a"><w:r><w:t>{JUNK}</w:t></w:r></w:moveFrom>'
STYLES = (
    f'<w:styles xmlns:w="{office.WORD}">'
    '<w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/></w:style>'
    '<w:style w:type="character" w:styleId="Basis"><w:rPr><w:vanish/></w:rPr></w:style>'
    '<w:style w:type="character" w:styleId="Unseen"><w:basedOn w:val="Basis"/></w:style>'
    '<w:style w:type="paragraph" w:styleId="Note"><w:basedOn w:val="Normal"/><w:rPr><w:vanish/></w:rPr></w:style>'
    "</w:styles>"
)
NUMBERING = (
    f'<w:numbering xmlns:w="{office.WORD}"><w:abstractNum w:abstractNumId="4"><w:lvl w:ilvl="0"><w:start w:val="1"/>'
    '<w:numFmt w:val="chineseCounting"/><w:lvlText w:val="%1、"/></w:lvl></w:abstractNum>'
    '<w:num w:numId="7"><w:abstractNumId w:val="4"/></w:num></w:numbering>'
)
ORDINALS = "一二三四五六"


def run(text: str) -> str:
    return f'<w:r><w:t xml:space="preserve">{escape(text)}</w:t></w:r>'


def field_of(text: str) -> str:
    """A field with this result; another field is nested in its instruction."""
    mark = '<w:r><w:fldChar w:fldCharType="{}"/></w:r>'.format
    inner = f"{mark('begin')}<w:r><w:instrText> = {JUNK} </w:instrText></w:r>{mark('separate')}{run(JUNK)}{mark('end')}"
    return f"{mark('begin')}<w:r><w:instrText>=SUM(LEFT)</w:instrText></w:r>{inner}{mark('separate')}{run(text)}{mark('end')}"


def controlled(text: str) -> str:
    return f"<w:sdt><w:sdtPr><w:id w:val='9'/></w:sdtPr><w:sdtContent>{run(text)}</w:sdtContent></w:sdt>"


def placeholder() -> str:
    return f"<w:sdt><w:sdtPr><w:showingPlcHdr/></w:sdtPr><w:sdtContent>{run('单击此处输入')}</w:sdtContent></w:sdt>"


def text_box(content: str) -> str:
    """A text box as Word 2010 writes it, and once more for older ones."""
    box = f"<w:txbxContent>{content}</w:txbxContent>"
    return (
        f'<w:r><mc:AlternateContent xmlns:mc="{MARKUP}"><mc:Choice Requires="wps"><w:drawing>'
        f'<wps:txbx xmlns:wps="{SHAPE}">{box}</wps:txbx></w:drawing></mc:Choice>'
        f"<mc:Fallback><w:pict>{box}</w:pict></mc:Fallback></mc:AlternateContent></w:r>"
    )


def word_runs(text: str, draw: Draw) -> str:
    """A cell's or paragraph's text in runs, with what is not shown among them."""
    way = draw.randrange(8)
    if way == 0:
        return controlled(text) if text else placeholder()
    if way == 1:
        return field_of(text)
    half = len(text) // 2
    extra = draw.choice(("", "", HIDDEN_RUN, STYLED_RUN, DELETED_RUN, MOVED_RUN))
    pieces = [run(text[:half]), extra, f"<w:ins w:id='3' w:author='a'>{run(text[half:])}</w:ins>"]
    return "".join(pieces) + (DELETED_RUN if draw.random() < 0.1 else "")


def word_table(grid: Grid, draw: Draw, rows: Sequence[int] = ()) -> str:
    cells = placed(grid)
    lines = []
    for row in rows or range(len(grid)):
        line = []
        for top, column, down, across, text in cells:
            if top <= row < top + down:
                is_first = row == max(top, rows[0] if rows else 0) or (
                    row - 1 not in rows and bool(rows) and row != rows[0]
                )
                merge = "" if down == 1 else f'<w:vMerge w:val="{"restart" if is_first else "continue"}"/>'
                shown = f"<w:p>{word_runs(text, draw)}</w:p>" if is_first else "<w:p/>"
                cell = f'<w:tc><w:tcPr><w:gridSpan w:val="{across}"/>{merge}</w:tcPr>{shown}</w:tc>'
                if draw.random() < 0.05:
                    cell = f"<w:sdt><w:sdtPr/><w:sdtContent>{cell}</w:sdtContent></w:sdt>"
                line.append((column, cell))
        lines.append(f"<w:tr>{''.join(cell for _, cell in sorted(line))}</w:tr>")
        if draw.random() < 0.05:  # a row that was struck out, or hidden with all that is in it
            gone, inside = draw.choice((("<w:del/>", DELETED_RUN), ("<w:hidden/>", HIDDEN_RUN)))
            lines.append(f"<w:tr><w:trPr>{gone}</w:trPr>{f'<w:tc><w:p>{inside}</w:p></w:tc>' * len(line)}</w:tr>")
    return f"<w:tbl>{''.join(lines)}</w:tbl>"


def head_rows(grid: Grid) -> int:
    """The rows of a table's header: those before the first that ends with a figure."""
    return next((row for row, cells in enumerate(grid) if not cells[-1].text or cells[-1].text[0].isdigit()), 0)


def word_tables(grid: Grid, draw: Draw) -> str:
    """A table in one piece, or split between two rows, with its header again, in a box or in a table for layout."""
    head, cut = head_rows(grid), 0
    if head and len(grid) > 20 and draw.random() < 0.3:
        rows = [
            row for row in range(head + 1, len(grid)) if all(c[0] == row or c[0] + c[2] <= row for c in placed(grid))
        ]
        cut = draw.choice(rows) if rows else 0
    if cut:
        again = word_table(grid, draw, range(head)).removesuffix("</w:tbl>")
        rest = word_table(grid, draw, range(cut, len(grid))).removeprefix("<w:tbl>")
        return f"{word_table(grid, draw, range(cut))}<w:p/>{again}{rest}"
    table = word_table(grid, draw)
    way = draw.random()
    if way < 0.15:
        inside = f"<w:p>{run('表')}</w:p>{table}<w:p/>"
        return f"<w:p>{text_box(inside)}</w:p>"
    if way < 0.3:
        return f"<w:tbl><w:tr><w:tc>{table}<w:p/></w:tc></w:tr></w:tbl>"
    return table


def docx(report: Synthetic, draw: Draw) -> Made:
    body = f"<w:p>{run(report.title)}</w:p><w:p><w:pPr><w:pStyle w:val='Note'/></w:pPr>{run(f'{JUNK}件')}</w:p>"
    numbered = draw.random() < 0.5
    for block in report.blocks():
        if block.grid is not None:
            body += word_tables(block.grid, draw)
        elif numbered and block.kind == "heading" and block.text[:1] in ORDINALS and block.text[1:2] == "、":
            listed = "<w:pPr><w:numPr><w:ilvl w:val='0'/><w:numId w:val='7'/></w:numPr></w:pPr>"
            body += f"<w:p>{listed}{run(block.text[2:])}</w:p>"
        elif draw.random() < 0.1:
            body += f"<w:p>{text_box(f'<w:p>{run(block.text)}</w:p>')}</w:p>"
        else:
            body += f"<w:p>{word_runs(block.text, draw)}</w:p>"
    made = office.word(body, word__styles_xml=STYLES, word__numbering_xml=NUMBERING)
    return Made(made, "年报.docx", "application/octet-stream")


# --- sheets: what all their formats share -----------------------------------------------------------------------------


@dataclass(slots=True)
class SheetMade:
    """A sheet before it is written: the cells, and what is hidden or computed in it."""

    name: str
    cells: Placed
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    formulas: dict[tuple[int, int], str] = field(default_factory=dict)
    is_hidden: bool = False
    rows: int = 0


def letter(column: int) -> str:
    return chr(ord("A") + column)


def _shifted(cells: Placed, row: int | None, column: int | None) -> Placed:
    """The cells with room for one more row, or column, at a place; merged cells reach over it."""
    shifted = []
    for top, left, down, across, text in cells:
        if row is not None:
            top, down = (top + 1, down) if top >= row else (top, down + (top + down > row))
        if column is not None:
            left, across = (left + 1, across) if left >= column else (left, across + (left + across > column))
        shifted.append((top, left, down, across, text))
    return shifted


def sheet_of(
    name: str, grid: Grid, draw: Draw, *, hides: bool = True, computes: bool = True, title: str = ""
) -> SheetMade:
    """A table on a sheet, with a hidden row or column in it and totals that are computed."""
    made = SheetMade(name, placed(grid))
    height, width = len(grid), max(c[1] + c[3] for c in made.cells)
    if hides and draw.random() < 0.4:
        row = draw.randint(1, height)
        made.cells = _shifted(made.cells, row, None)
        covered = {(r, c) for t, le, d, a, _ in made.cells for r in range(t, t + d) for c in range(le, le + a)}
        made.cells += [(row, c, 1, 1, JUNK) for c in range(width) if (row, c) not in covered]
        made.hidden_rows.add(row)
        height += 1
    if hides and draw.random() < 0.4:
        column = draw.randint(1, width)
        made.cells = _shifted(made.cells, None, column)
        covered = {(r, c) for t, le, d, a, _ in made.cells for r in range(t, t + d) for c in range(le, le + a)}
        made.cells += [(r, column, 1, 1, JUNK) for r in range(height) if (r, column) not in covered]
        made.hidden_columns.add(column)
        width += 1
    if title:
        made.cells = [(t + 2, le, d, a, text) for t, le, d, a, text in made.cells] + [(0, 0, 1, 1, title)]
        made.hidden_rows = {row + 2 for row in made.hidden_rows}
        height += 2
    made.rows = height
    if computes and draw.random() < 0.5:
        _compute_totals(made)
    return made


def _compute_totals(made: SheetMade) -> None:
    """Where the last figure of a row is the sum of those before it, its formula."""
    by_row: dict[int, list[tuple[int, str]]] = {}
    for top, left, _, across, text in made.cells:
        if across == 1 and text.isdecimal() and left not in made.hidden_columns and top not in made.hidden_rows:
            by_row.setdefault(top, []).append((left, text))
    for row, figures in by_row.items():
        figures.sort()
        *parts, (last, total) = figures
        if len(parts) == 6 and sum(int(text) for _, text in parts) == int(total):
            made.formulas[row, last] = "+".join(f"{letter(column)}{row + 1}" for column, _ in parts)


def sheets_of(report: Synthetic, draw: Draw, **options: bool) -> list[SheetMade]:
    """The sheets of a report's workbook: a sheet a table, last year's hidden or under its own title."""
    number = {2: "二", 3: "三", 4: "四"}
    made = [
        sheet_of(f"表{number[n]}", grid, draw, title=f"表{number[n]}", **options)
        for n, grid in enumerate(grids_of(report), 2)
    ]
    way = draw.random()
    if way < 0.4:
        before = Synthetic(issuing_body=report.issuing_body, report_year=report.report_year - 1, kind=report.kind)
        for n, grid in enumerate(grids_of(before), 2):
            last = sheet_of(
                f"上年表{number[n]}", grid, draw, hides=False, title=f"{before.report_year}年度表{number[n]}"
            )
            last.is_hidden = way < 0.2
            made.append(last)
        for n, one in enumerate(made[:3], 2):
            one.cells = [
                c if c[:2] != (0, 0) else (0, 0, 1, 1, f"{report.report_year}年度表{number[n]}") for c in one.cells
            ]
    return made


# --- xlsx -------------------------------------------------------------------------------------------------------------

_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_S = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def xlsx_of(sheets: list[SheetMade], draw: Draw, *, recalculates: bool = False) -> bytes:
    """A workbook; where it is to be recalculated, what its formulas give is stored as 0."""
    members: dict[str, str | bytes] = {
        "[Content_Types].xml": f'<Types xmlns="{_TYPES}"/>',
        "_rels/.rels": f'<Relationships xmlns="{_RELATIONS}"><Relationship Id="r1" Type="{_R}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    }
    entries = links = ""
    for n, sheet in enumerate(sheets, 1):
        state = draw.choice((' state="hidden"', ' state="veryHidden"')) if sheet.is_hidden else ""
        entries += f'<sheet name="{sheet.name}" sheetId="{n}"{state} r:id="r{n}"/>'
        links += f'<Relationship Id="r{n}" Type="{_R}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        members[f"xl/worksheets/sheet{n}.xml"] = _xlsx_sheet(sheet, draw, recalculates=recalculates)
    again = '<calcPr calcId="1" fullCalcOnLoad="1"/>' if recalculates else ""
    members["xl/workbook.xml"] = f'<workbook xmlns="{_S}" xmlns:r="{_R}"><sheets>{entries}</sheets>{again}</workbook>'
    members["xl/_rels/workbook.xml.rels"] = f'<Relationships xmlns="{_RELATIONS}">{links}</Relationships>'
    return office.package(members)


def _xlsx_sheet(sheet: SheetMade, draw: Draw, *, recalculates: bool) -> str:
    rows: dict[int, str] = {}
    merged = ""
    stores = draw.random() < 0.5
    for row, column, down, across, text in sorted(sheet.cells):
        place = f"{letter(column)}{row + 1}"
        rows.setdefault(row, "")
        if (row, column) in sheet.formulas:
            value = "<v>0</v>" if recalculates else f"<v>{text}</v>" if stores else ""
            rows[row] += f'<c r="{place}"><f>{sheet.formulas[row, column]}</f>{value}</c>'
        elif text.isdecimal() and draw.random() < 0.8:
            rows[row] += f'<c r="{place}"><v>{text}</v></c>'
        elif text:
            rows[row] += f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{escape(text)}</t></is></c>'
        if down > 1 or across > 1:
            merged += f'<mergeCell ref="{place}:{letter(column + across - 1)}{row + down}"/>'
    columns = "".join(f'<col min="{c + 1}" max="{c + 1}" width="9" hidden="1"/>' for c in sheet.hidden_columns)
    data = "".join(
        f'<row r="{row + 1}" hidden="{int(row in sheet.hidden_rows)}">{cells}</row>'
        for row, cells in sorted(rows.items())
    )
    return (
        f'<worksheet xmlns="{_S}">{f"<cols>{columns}</cols>" if columns else ""}<sheetData>{data}</sheetData>'
        f"{f'<mergeCells>{merged}</mergeCells>' if merged else ''}</worksheet>"
    )


def xlsx(report: Synthetic, draw: Draw) -> Made:
    body = xlsx_of(sheets_of(report, draw), draw, recalculates=draw.random() < 0.3)
    return Made(body, "附表.xlsx", "application/octet-stream")


# --- xls (BIFF8 in an OLE file) ---------------------------------------------------------------------------------------


def _record(kind: int, data: bytes) -> bytes:
    return struct.pack("<HH", kind, len(data)) + data


def _text16(text: str) -> bytes:
    return struct.pack("<HB", len(text), 1) + text.encode("utf-16-le")


def _xls_sheet(sheet: SheetMade, draw: Draw) -> bytes:
    out = _record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0010, 0, 1997, 0, 6))
    for column in sheet.hidden_columns:
        out += _record(0x7D, struct.pack("<6H", column, column, 2048, 0, 1, 0))
    for row in range(sheet.rows):
        out += _record(
            0x0208, struct.pack("<8H", row, 0, 30, 255, 0, 0, 0x20 if row in sheet.hidden_rows else 0x100, 0)
        )
    merged = []
    for row, column, down, across, text in sorted(sheet.cells):
        if (row, column) in sheet.formulas:  # a constant's formula: what it gives is stored
            tokens = struct.pack("<BH", 0x1E, int(text) % 65_536)
            value = struct.pack("<d", float(text))
            out += _record(0x06, struct.pack("<3H", row, column, 0) + value + struct.pack("<HIH", 0, 0, 3) + tokens)
        elif text.isdecimal() and draw.random() < 0.8:
            out += _record(0x0203, struct.pack("<3Hd", row, column, 0, float(text)))
        elif text:
            out += _record(0x0204, struct.pack("<3H", row, column, 0) + _text16(text))
        if down > 1 or across > 1:
            merged.append(struct.pack("<4H", row, row + down - 1, column, column + across - 1))
    if merged:
        out += _record(0xE5, struct.pack("<H", len(merged)) + b"".join(merged))
    return out + _record(0x0A, b"")


def xls_of(sheets: list[SheetMade], draw: Draw) -> bytes:
    bodies = [_xls_sheet(sheet, draw) for sheet in sheets]
    head = _record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0005, 0, 1997, 0, 6)) + _record(
        0x42, struct.pack("<H", 1200)
    )

    def bound(at: int, sheet: SheetMade) -> bytes:
        name = struct.pack("<BB", len(sheet.name), 1) + sheet.name.encode("utf-16-le")
        return _record(0x85, struct.pack("<IBB", at, int(sheet.is_hidden), 0) + name)

    at = len(head) + sum(len(bound(0, sheet)) for sheet in sheets) + 4
    places = b""
    for sheet, body in zip(sheets, bodies, strict=True):
        places += bound(at, sheet)
        at += len(body)
    return ole("Workbook", head + places + _record(0x0A, b"") + b"".join(bodies))


def ole(name: str, stream: bytes) -> bytes:
    """An OLE file of one stream, in sectors of 512 bytes."""
    stream = stream.ljust(max(4096, -(-len(stream) // 512) * 512), b"\0")
    sectors = len(stream) // 512
    tables = 1
    while tables * 128 < sectors + tables + 1:
        tables += 1
    chain = [0xFFFFFFFD] * tables + [0xFFFFFFFE] + [n + 1 for n in range(tables + 1, tables + sectors)] + [0xFFFFFFFE]
    chain += [0xFFFFFFFF] * (tables * 128 - len(chain))
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack("<IIIIIIIII", 0, tables, tables, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    header += b"".join(struct.pack("<I", n if n < tables else 0xFFFFFFFF) for n in range(109))

    def entry(title: str, kind: int, below: int, first: int, size: int) -> bytes:
        utf16 = title.encode("utf-16-le") + b"\0\0"
        none = 0xFFFFFFFF
        return (
            utf16.ljust(64, b"\0")
            + struct.pack("<HBBIII", len(utf16), kind, 1, none, none, below)
            + bytes(36)
            + struct.pack("<IQ", first, size)
        )

    folder = entry("Root Entry", 5, 1, 0xFFFFFFFE, 0) + entry(name, 2, 0xFFFFFFFF, tables + 1, len(stream)) + bytes(256)
    return header + struct.pack(f"<{len(chain)}I", *chain) + folder + stream


def xls(report: Synthetic, draw: Draw) -> Made:
    return Made(xls_of(sheets_of(report, draw), draw), draw.choice(("附表.xls", "附表.et")), "application/vnd.ms-excel")


# --- XML Spreadsheet 2003 ---------------------------------------------------------------------------------------------

_SS = "urn:schemas-microsoft-com:office:spreadsheet"


def xml_sheets(report: Synthetic, draw: Draw) -> Made:
    sheets = ""
    for sheet in sheets_of(report, draw, computes=False):
        by_row: dict[int, list[tuple[int, int, int, str]]] = {}
        for row, column, down, across, text in sheet.cells:
            by_row.setdefault(row, []).append((column, down, across, text))
        columns = "".join(f'<Column ss:Index="{c + 1}" ss:Hidden="1"/>' for c in sheet.hidden_columns)
        data, before = "", -1
        for row, cells in sorted(by_row.items()):
            index = "" if row == before + 1 else f' ss:Index="{row + 1}"'
            hidden = ' ss:Hidden="1"' if row in sheet.hidden_rows else ""
            data += f"<Row{index}{hidden}>"
            end = 0
            for column, down, across, text in sorted(cells):
                place = "" if column == end else f' ss:Index="{column + 1}"'
                merge = (f' ss:MergeAcross="{across - 1}"' if across > 1 else "") + (
                    f' ss:MergeDown="{down - 1}"' if down > 1 else ""
                )
                kind, value = (
                    ("Number", f"{text}.0") if text.isdecimal() and draw.random() < 0.5 else ("String", escape(text))
                )
                data += f"<Cell{place}{merge}>{f'<Data ss:Type={kind!r}>{value}</Data>' if text else ''}</Cell>"
                end = column + across
            data += "</Row>"
            before = row
        unseen = '<WorksheetOptions xmlns="urn:schemas-microsoft-com:office:excel"><Visible>SheetHidden</Visible></WorksheetOptions>'
        sheets += f'<Worksheet ss:Name="{sheet.name}"><Table>{columns}{data}</Table>{unseen if sheet.is_hidden else ""}</Worksheet>'
    whole = f'<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>\n<Workbook xmlns="{_SS}" xmlns:ss="{_SS}">{sheets}</Workbook>'
    return Made(
        whole.encode(), "附表.xls", draw.choice(("application/vnd.ms-excel", "application/octet-stream", "text/xml"))
    )


# --- HTML, MHT and text under the name of an Excel file ---------------------------------------------------------------


def html_sheet(sheet: SheetMade, draw: Draw) -> str:
    """A table as Excel writes it: cells of hidden rows and columns stand in it, and are not shown."""
    by_row: dict[int, list[tuple[int, int, int, str]]] = {row: [] for row in range(sheet.rows)}
    for row, column, down, across, text in sheet.cells:
        down -= sum(row <= r < row + down for r in sheet.hidden_rows) if row not in sheet.hidden_rows else 0
        across -= (
            sum(column <= c < column + across for c in sheet.hidden_columns)
            if column not in sheet.hidden_columns
            else 0
        )
        by_row[row].append((column, down, across, text))
    unseen = " style='display:none'"
    rows = ""
    for row, cells in by_row.items():
        rows += f"<tr{unseen if row in sheet.hidden_rows else ''}>"
        for column, down, across, text in sorted(cells):
            spans = (f" colspan={across}" if across > 1 else "") + (f" rowspan={down}" if down > 1 else "")
            inside = escape(text) or draw.choice(("", "&nbsp;"))
            rows += f"<td{spans}{unseen if column in sheet.hidden_columns else ''}>{inside}</td>"
        rows += "</tr>\n"
    return f"<table border=0 cellspacing=0>\n{rows}</table>"


_X = 'xmlns:x="urn:schemas-microsoft-com:office:excel"'


def html(report: Synthetic, draw: Draw) -> Made:
    sheets = [sheet for sheet in sheets_of(report, draw, computes=False) if not sheet.is_hidden]
    style = "<style>" + "td{mso-number-format:General;}\n" * draw.choice((0, 1, 200)) + "</style>"
    tables = "".join(html_sheet(sheet, draw) for sheet in sheets)
    charset = draw.choice(("utf-8", "gb2312", "gb18030"))
    head = f'<meta http-equiv="Content-Type" content="text/html; charset={charset}">{style}'
    frame = draw.choice(("{}{}", f"<html {_X}><head>{{}}</head><body>{{}}</body></html>"))
    body = frame.format(head, tables).encode("gb18030" if charset != "utf-8" else "utf-8")
    return Made(body, "附表.xls", draw.choice(("application/vnd.ms-excel", "application/octet-stream")))


def mht(report: Synthetic, draw: Draw) -> Made:
    """A workbook as a web archive: a page of frames, and a page a sheet."""
    sheets = sheets_of(report, draw, computes=False)
    names, pages = "", []
    for n, sheet in enumerate(sheets):
        hidden = (
            "<x:WorksheetOptions><x:Visible>SheetHidden</x:Visible></x:WorksheetOptions>" if sheet.is_hidden else ""
        )
        names += f'<x:ExcelWorksheet><x:Name>{sheet.name}</x:Name>{hidden}<x:WorksheetSource HRef="a.files/sheet{n}.htm"/></x:ExcelWorksheet>'
        pages.append((f"file:///C:/a.files/sheet{n}.htm", f"<html {_X}><body>{html_sheet(sheet, draw)}</body></html>"))
    frames = f"<html {_X}><head><xml>{names}</xml></head><frameset rows='*,39'><frame src='a.files/sheet0.htm'><frame src='a.files/tabstrip.htm'></frameset></html>"
    parts = [
        ("file:///C:/a.htm", frames),
        ("file:///C:/a.files/tabstrip.htm", f"<html><body>{JUNK}</body></html>"),
        *pages,
    ]
    charset = draw.choice(("gb2312", "utf-8"))
    out = b'MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary="=_b"\r\n\r\n'
    for place, page in parts:
        data = page.encode("utf-8" if charset == "utf-8" else "gb18030")
        out += (
            f'--=_b\r\nContent-Location: {place}\r\nContent-Type: text/html; charset="{charset}"\r\n\r\n'.encode()
            + data
            + b"\r\n"
        )
    return Made(out + b"--=_b--\r\n", "附表.mht", "application/octet-stream")


def tsv(report: Synthetic, draw: Draw) -> Made:
    """Lines of text: every column in its place, as Excel saves them."""
    lines: list[str] = []
    for grid in grids_of(report):
        cells = placed(grid)
        width = max(column + across for _, column, _, across, _ in cells)
        rows = [[""] * width for _ in grid]
        for row, column, _, _, text in cells:
            rows[row][column] = text
        lines += ["\t".join(row) for row in rows] + [""]
    charset = draw.choice(("utf-16", "gb18030", "utf-8"))
    return Made("\r\n".join(lines).encode(charset), "附表.xls", "application/vnd.ms-excel")


# --- pages: PDF and OFD -----------------------------------------------------------------------------------------------

Block = tuple[float, float, float, str]
"""Left, baseline and size of a text, in points from the top left, and the text."""


@dataclass(slots=True)
class PageMade:
    """A page before it is written, in points from its top left."""

    texts: list[Block] = field(default_factory=list)
    rules: list[tuple[float, float, float, float]] = field(default_factory=list)


_SIZE, _LEFT, _RIGHT, _TOP, _BOTTOM = 9.0, 50.0, 545.0, 60.0, 780.0


class Typesetter:
    """Sets paragraphs and tables on pages; a table goes on over them, its header printed again or not."""

    def __init__(self, draw: Draw, *, repeats: bool, columns: int = 1) -> None:
        self.draw = draw
        self.repeats = repeats
        self.columns = columns
        self.pages = [PageMade()]
        self.y = _TOP

    def turn(self) -> None:
        self.pages.append(PageMade())
        self.y = _TOP

    def line(self, text: str, x: float = _LEFT, size: float = _SIZE) -> None:
        if self.y > _BOTTOM:
            self.turn()
        self.pages[-1].texts.append((x, self.y + size, size, text))
        self.y += 1.7 * size

    def paragraph(self, text: str) -> None:
        wide = int((_RIGHT - _LEFT) // _SIZE)
        whole = "\u3000\u3000" + text
        for start in range(0, len(whole), wide):
            part = whole[start : start + wide]
            self.line(part.lstrip("\u3000"), _LEFT + _SIZE * (len(part) - len(part.lstrip("\u3000"))))

    def table(self, grid: Grid) -> None:
        cells = placed(grid)
        columns = max(column + across for _, column, _, across, _ in cells)
        width = (_RIGHT - _LEFT) / columns
        lines: dict[tuple[int, int], list[str]] = {}
        heights = [1.0] * len(grid)
        for row, column, down, across, text in cells:
            room = max(1, int((width * across - 4) // _SIZE))
            found = [text] if text.isascii() else [text[n : n + room] for n in range(0, len(text), room)]
            lines[row, column] = found or [""]
            if down == 1:
                heights[row] = max(heights[row], len(found))
        pitch = 1.3 * _SIZE
        tall = [height * pitch + 4 for height in heights]
        head = head_rows(grid)
        for row, column, down, _, _ in cells:  # what is merged over few rows needs their room
            short = len(lines[row, column]) * pitch + 4 - sum(tall[row : row + down])
            if short > 0:
                tall[row + down - 1] += short
        start = 0
        while start < len(grid):
            again = list(range(head)) if start > head and self.repeats else []
            room = _BOTTOM - self.y - sum(tall[row] for row in again)
            stop = start
            while stop < len(grid) and sum(tall[start : stop + 1]) <= room:
                stop += 1
            if stop == start or (start == 0 and stop <= head and stop < len(grid)):
                self.turn()
                continue
            for first, last in ((0, head), (start, stop)) if again else ((start, stop),):
                self._rows(cells, lines, tall, width, first, last)
            start = stop
            if start < len(grid):
                self.turn()
        self.y += _SIZE

    def _rows(
        self,
        cells: Placed,
        lines: dict[tuple[int, int], list[str]],
        tall: list[float],
        width: float,
        first: int,
        last: int,
    ) -> None:
        page, top = self.pages[-1], self.y
        offsets = [top]
        for row in range(first, last):
            offsets.append(offsets[-1] + tall[row])
        for row, column, down, across, text in cells:
            if row + down <= first or row >= last:
                continue
            y0, y1 = offsets[max(row, first) - first], offsets[min(row + down, last) - first]
            x0, x1 = _LEFT + column * width, _LEFT + (column + across) * width
            page.rules += [(x0, y0, x1, y0), (x1, y0, x1, y1), (x0, y1, x1, y1), (x0, y0, x0, y1)]
            if row >= first or (down > 1 and self.repeats):
                pitch = 1.3 * _SIZE
                shown = lines[row, column]
                upper = y0 + 2 if text and not text.isascii() else (y0 + y1 - _SIZE) / 2
                for n, one in enumerate(shown):
                    page.texts.append((x0 + 2, upper + _SIZE + n * pitch, _SIZE, one))
        self.y = offsets[-1]


def pages_of(report: Synthetic, draw: Draw) -> list[PageMade]:
    setter = Typesetter(draw, repeats=draw.random() < 0.5)
    setter.line(report.title, _LEFT + 60, 14)
    for block in report.blocks():
        if block.grid is not None:
            setter.table(block.grid)
        else:
            setter.paragraph(block.text)
    return setter.pages


def _pdf_text(x: float, y: float, size: float, text: str, mode: int = 0) -> str:
    return f"BT {mode} Tr /F {size} Tf {x:.1f} {840 - y:.1f} Td <{text.encode('utf-16-be').hex()}> Tj ET"


def pdf(report: Synthetic, draw: Draw) -> Made:
    """Pages with what is not seen on them: an invisible layer, a layer that is off, white text, text beyond the edge."""
    streams = []
    for page in pages_of(report, draw):
        out = [f"{a:.1f} {840 - b:.1f} m {c:.1f} {840 - d:.1f} l S" for a, b, c, d in page.rules]
        out += [_pdf_text(*text) for text in page.texts]
        unseen = draw.randrange(6)
        junk = [(draw.uniform(60, 500), draw.uniform(80, 760), _SIZE, JUNK) for _ in range(30)]
        if unseen == 0:
            out += [_pdf_text(*one, mode=draw.choice((3, 7))) for one in junk]
        elif unseen == 1:
            out += ["/OC /L BDC", *(_pdf_text(*one) for one in junk), "EMC"]
        elif unseen == 2:
            out += ["1 g", *(_pdf_text(*one) for one in junk), "0 g"]
        elif unseen == 3:
            out += [_pdf_text(x + 600, y, size, text) for x, y, size, text in junk]
        elif unseen == 4:  # a watermark across the page
            out.append(f"BT 0 Tr /F 40 Tf 0.7 0.7 -0.7 0.7 120 300 Tm <{'样本88'.encode('utf-16-be').hex()}> Tj ET")
        streams.append("\n".join(out))
    return Made(pdf_with_layers(streams), "年报.pdf", "application/pdf")


def pdf_with_layers(streams: list[str]) -> bytes:
    """A PDF with a layer /L that is off."""
    body = office.pdf_of(streams, more="", page="").decode("latin-1")
    body = body.replace(
        "/Type /Catalog /Pages 2 0 R",
        "/Type /Catalog /Pages 2 0 R /OCProperties << /OCGs [8 0 R] /D << /OFF [8 0 R] >> >>",
    ).replace("/Resources << ", "/Resources << /Properties << /L 8 0 R >> ")
    start = body.index("xref\n")
    body = body[:start] + "8 0 obj\n<< /Type /OCG /Name (L) >>\nendobj\n"
    return indexed(body)


def indexed(body: str) -> bytes:
    """A PDF's objects with a new table of their places."""
    places = {}
    at = 0
    while (at := body.find(" 0 obj\n", at)) >= 0:
        begin = body.rfind("\n", 0, at) + 1
        places[int(body[begin:at])] = begin
        at += 1
    start = len(body)
    table = "".join(f"{number} 1\n{place:010d} 00000 n \n" for number, place in places.items())
    return f"{body}xref\n0 1\n0000000000 65535 f \n{table}trailer << /Root 1 0 R /Size 9999 >>\nstartxref\n{start}\n%%EOF\n".encode(
        "latin-1"
    )


MM = 25.4 / 72


def ofd(report: Synthetic, draw: Draw) -> Made:
    return Made(ofd_of(pages_of(report, draw), draw), "年报.ofd", "application/octet-stream")


def ofd_of(pages: list[PageMade], draw: Draw, *, frames: str = "") -> bytes:
    """Pages as an OFD: rules as paths, some of them filled, texts with their distances; hidden objects among them."""
    space = 'xmlns:ofd="http://www.ofdspec.org/2016"'
    members: dict[str, str | bytes] = {
        "OFD.xml": f"<ofd:OFD {space}><ofd:DocBody><ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>"
    }
    listed = ""
    for n, page in enumerate(pages):
        objects = [_ofd_rule(rule, draw) for rule in dict.fromkeys(page.rules)]
        objects += [_ofd_text(text, draw) for text in page.texts]
        if draw.random() < 0.4:
            junk = _ofd_text((draw.uniform(60, 400), draw.uniform(90, 700), _SIZE, JUNK), draw)
            objects.append(junk.replace("<ofd:TextObject ", '<ofd:TextObject Visible="false" '))
            objects.append(f'<ofd:PageBlock Visible="false">{junk}</ofd:PageBlock>')
        layers = f'<ofd:Layer Type="Body">{"".join(objects)}</ofd:Layer>'
        members[f"Doc_0/Pages/Page_{n}/Content.xml"] = (
            f"<ofd:Page {space}><ofd:Area><ofd:PhysicalBox>0 0 {600 * MM} {840 * MM}</ofd:PhysicalBox></ofd:Area>"
            f"<ofd:Content>{layers}</ofd:Content></ofd:Page>"
        )
        listed += f'<ofd:Page ID="{n + 1}" BaseLoc="Pages/Page_{n}/Content.xml"/>'
    members["Doc_0/Document.xml"] = (
        f"<ofd:Document {space}><ofd:CommonData/><ofd:Pages>{listed}</ofd:Pages></ofd:Document>"
    )
    return office.package(members)


def _ofd_rule(rule: tuple[float, float, float, float], draw: Draw) -> str:
    x0, y0, x1, y1 = (value * MM for value in rule)
    if draw.random() < 0.5:
        return (
            f'<ofd:PathObject Boundary="{x0:.3f} {y0:.3f} {max(x1 - x0, 0.3):.3f} {max(y1 - y0, 0.3):.3f}" LineWidth="0.2">'
            f"<ofd:AbbreviatedData>M 0 0 L {x1 - x0:.3f} {y1 - y0:.3f}</ofd:AbbreviatedData></ofd:PathObject>"
        )
    wide, high = max(x1 - x0, 0.2), max(y1 - y0, 0.2)
    return (
        f'<ofd:PathObject Boundary="0 0 210 297" CTM="1 0 0 1 {x0:.3f} {y0:.3f}" Stroke="false" Fill="true">'
        f"<ofd:AbbreviatedData>S 0 0 L {wide:.3f} 0 L {wide:.3f} {high:.3f} L 0 {high:.3f} C</ofd:AbbreviatedData></ofd:PathObject>"
    )


def _ofd_text(text: Block, draw: Draw) -> str:
    x, y, size, shown = text
    advances = [(0.5 if character.isascii() else 1) * size * MM for character in shown]
    deltas = " ".join(f"{one:.3f}" for one in advances[:-1])
    if len(set(advances)) == 1 and len(advances) > 2:
        deltas = f"g {len(advances) - 1} {advances[0]:.3f}"
    high = size * MM
    box = f"{x * MM:.3f} {y * MM - high:.3f} {sum(advances):.3f} {high:.3f}"
    measure = f'Size="{high:.3f}"' if draw.random() < 0.7 else f'Size="{high / 2:.3f}" CTM="2 0 0 2 0 0"'
    half = 1.0 if "CTM" not in measure else 0.5
    if half != 1.0:
        deltas = " ".join(f"{one * half:.3f}" for one in advances[:-1])
    return (
        f'<ofd:TextObject Boundary="{box}" Font="3" {measure}><ofd:TextCode X="0" Y="{high * half:.3f}" DeltaX="{deltas}">'
        f"{escape(shown)}</ofd:TextCode></ofd:TextObject>"
    )


KINDS: dict[str, Callable[[Synthetic, Draw], Made]] = {
    "docx": docx,
    "xlsx": xlsx,
    "xls": xls,
    "xml spreadsheet": xml_sheets,
    "html as xls": html,
    "mht": mht,
    "tsv as xls": tsv,
    "pdf": pdf,
    "ofd": ofd,
}


# --- PDF by programs of this machine ----------------------------------------------------------------------------------

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
LIBREOFFICE = shutil.which("soffice")


def _page_of(report: Synthetic, draw: Draw) -> str:
    """A report as a web page to be printed: borders, widths and sizes as chance has them."""
    border = draw.choice(("1px solid #000", "0.5pt solid black", "1.5px solid #333"))
    padding, size = draw.choice(("0 2px", "3px 4px")), draw.choice((9, 10, 11))
    style = (
        f"table{{border-collapse:collapse;width:100%;font-size:{size}pt}}td{{border:{border};padding:{padding}}}"
        f"body{{font-family:'Noto Sans CJK SC','Noto Serif CJK SC'}}h1{{text-align:center}}{draw.choice(('', 'tr{break-inside:avoid}'))}"
    )
    return f"<html><head><meta charset=utf-8><style>{style}</style></head><body><h1>{report.title}</h1>{report.html()}</body></html>"


def _printed(report: Synthetic, draw: Draw, ending: str, command: Callable[[Path, Path], list[str]]) -> Made:
    with TemporaryDirectory(prefix="tongjian-made-") as name:
        folder = Path(name)
        source = folder / f"report.{ending}"
        source.write_text(_page_of(report, draw), encoding="utf-8")
        subprocess.run(command(folder, source), check=True, capture_output=True, cwd=folder, timeout=240)
        return Made((folder / "report.pdf").read_bytes(), "年报.pdf", "application/pdf")


def pdf_by_chromium(report: Synthetic, draw: Draw) -> Made:
    return _printed(
        report,
        draw,
        "html",
        lambda folder, source: [
            str(CHROMIUM),
            *(
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--no-pdf-header-footer",
                f"--user-data-dir={folder}/profile",
            ),
            *(f"--print-to-pdf={folder}/report.pdf", source.as_uri()),
        ],
    )


def pdf_by_libreoffice(report: Synthetic, draw: Draw) -> Made:
    return _printed(
        report,
        draw,
        "html",
        lambda folder, source: [
            str(LIBREOFFICE),
            *(f"-env:UserInstallation={(folder / 'profile').as_uri()}", "--headless", "--writer"),
            *("--convert-to", "pdf:writer_web_pdf_Export", "--outdir", str(folder), str(source)),
        ],
    )


PRINTED: dict[str, Callable[[Synthetic, Draw], Made]] = {
    **({"pdf by chromium": pdf_by_chromium} if CHROMIUM else {}),
    **({"pdf by libreoffice": pdf_by_libreoffice} if LIBREOFFICE else {}),
}
"""Kinds that programs of this machine make: slow, and not on every machine."""


def members_of(body: bytes) -> dict[str, bytes]:
    """The members of a package."""
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def in_zip(made: Made, name: str) -> bytes:
    """A zip with this document, its name in GB 18030 and no flag that says so."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("X" * len(name.encode("gb18030")), made.body)
    return out.getvalue().replace(b"X" * len(name.encode("gb18030")), name.encode("gb18030"))
