"""Synthetic reports as Word, Excel, PDF and OFD documents, written by hand: no writer's habits hide a reader's faults."""

from __future__ import annotations

import io
import zipfile
from html import escape
from itertools import pairwise

from crawler.demo.markup import Grid
from crawler.demo.reports import Synthetic

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_S = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def package(members: dict[str, str | bytes]) -> bytes:
    """A zip of these members."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


Placed = list[tuple[int, int, int, int, str]]
"""Row, column, rowspan, colspan and text of each cell."""


def placed(grid: Grid) -> Placed:
    """Where each cell of a printed table stands."""
    taken: set[tuple[int, int]] = set()
    found: Placed = []
    for row, cells in enumerate(grid):
        column = 0
        for td in cells:
            while (row, column) in taken:
                column += 1
            found.append((row, column, td.rowspan, td.colspan, td.text))
            taken |= {(row + r, column + c) for r in range(td.rowspan) for c in range(td.colspan)}
            column += td.colspan
    return found


# Word


def docx(report: Synthetic, **members: str | bytes) -> bytes:
    """A report with its title as a Word document."""
    body = _paragraph(report.title)
    for block in report.blocks():
        body += _word_table(block.grid) if block.grid is not None else _paragraph(block.text)
    return word(body, **members)


def word(body: str, **members: str | bytes) -> bytes:
    """A Word document with this markup as its body, and more members (`__` for `/`, `_` for `.`)."""
    more = {name.replace("__", "/").replace("_", "."): data for name, data in members.items()}
    document = (
        f'<?xml version="1.0" encoding="UTF-8"?><w:document xmlns:w="{WORD}"><w:body>{body}</w:body></w:document>'
    )
    return package({"[Content_Types].xml": "<Types/>", "word/document.xml": document, **more})


def _paragraph(text: str) -> str:
    half = len(text) // 2  # two runs, as an editor's changes leave them
    return "<w:p>" + "".join(f"<w:r><w:t>{escape(t)}</w:t></w:r>" for t in (text[:half], text[half:])) + "</w:p>"


def _word_table(grid: Grid) -> str:
    cells = placed(grid)
    rows = ""
    for row in range(len(grid)):
        line = []
        for top, column, down, across, text in cells:
            if top <= row < top + down:
                merge = "" if down == 1 else f'<w:vMerge w:val="{"restart" if row == top else "continue"}"/>'
                properties = f'<w:tcPr><w:gridSpan w:val="{across}"/>{merge}</w:tcPr>'
                line.append((column, f"<w:tc>{properties}{_paragraph(text if row == top else '')}</w:tc>"))
        rows += "<w:tr>" + "".join(cell for _, cell in sorted(line)) + "</w:tr>"
    return f"<w:tbl>{rows}</w:tbl>"


# Excel


def xlsx(report: Synthetic) -> bytes:
    """A report's tables as a workbook, a sheet each: heading in the first row, the table from the third."""
    grids = [block.grid for block in report.blocks() if block.grid is not None]
    members: dict[str, str | bytes] = {}
    for number, grid in enumerate(grids, 1):
        members[f"xl/worksheets/sheet{number}.xml"] = _sheet(f"表{number}", grid)
    sheets = "".join(f'<sheet name="表{n}" sheetId="{n}" r:id="r{n}"/>' for n in range(1, len(grids) + 1))
    links = "".join(
        f'<Relationship Id="r{n}" Type="{_R}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n in range(1, len(grids) + 1)
    )
    relations = "http://schemas.openxmlformats.org/package/2006/relationships"
    return package(
        {
            "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
            "_rels/.rels": f'<Relationships xmlns="{relations}"><Relationship Id="r1" Type="{_R}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
            "xl/workbook.xml": f'<workbook xmlns="{_S}" xmlns:r="{_R}"><sheets>{sheets}</sheets></workbook>',
            "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{relations}">{links}</Relationships>',
            **members,
        }
    )


def _sheet(heading: str, grid: Grid) -> str:
    rows: dict[int, str] = {1: f'<c r="A1" t="inlineStr"><is><t>{heading}</t></is></c>'}
    merged = ""
    for row, column, down, across, text in placed(grid):
        place = f"{_letter(column)}{row + 3}"
        rows.setdefault(row + 3, "")
        if text.isdecimal():
            rows[row + 3] += f'<c r="{place}"><v>{text}</v></c>'
        elif text:
            rows[row + 3] += f'<c r="{place}" t="inlineStr"><is><t>{escape(text)}</t></is></c>'
        if down > 1 or across > 1:
            merged += f'<mergeCell ref="{place}:{_letter(column + across - 1)}{row + down + 2}"/>'
    data = "".join(f'<row r="{row}">{cells}</row>' for row, cells in sorted(rows.items()))
    return f'<worksheet xmlns="{_S}"><sheetData>{data}</sheetData><mergeCells>{merged}</mergeCells></worksheet>'


def _letter(column: int) -> str:
    return chr(ord("A") + column)


# PDF

_SIZE, _LEFT, _RIGHT, _TOP, _BOTTOM = 10, 60, 540, 780, 60


class _Pages:
    """Content streams of pages; y counts from the page's foot."""

    def __init__(self) -> None:
        self.streams: list[list[str]] = [[]]
        self.y = float(_TOP)

    def turn(self) -> None:
        self.streams.append([])
        self.y = _TOP

    def text(self, x: float, y: float, text: str, size: int = _SIZE) -> None:
        self.streams[-1].append(_shown(x, y, text, size))

    def rule(self, x0: float, y0: float, x1: float, y1: float) -> None:
        self.streams[-1].append(f"{x0:.1f} {y0:.1f} m {x1:.1f} {y1:.1f} l S")


def _shown(x: float, y: float, text: str, size: int = _SIZE) -> str:
    return f"BT /F {size} Tf {x:.1f} {y:.1f} Td <{text.encode('utf-16-be').hex()}> Tj ET"


def pdf(
    report: Synthetic, *, tear: bool = False, margins: tuple[str, str] = ("", ""), more: str = "", page: str = ""
) -> bytes:
    """A report as a PDF: text, and ruled tables that go on over pages; `tear` lets rows break within.

    `margins` stand at the head and foot of every page, with its number; `more` are more objects, `page` more entries of
    each page.
    """
    pages = _Pages()
    pages.text(_LEFT + 60, pages.y, report.title, 14)
    pages.y -= 30
    for block in report.blocks():
        if block.grid is not None:
            _pdf_table(pages, block.grid, tear)
            pages.y -= 2 * _SIZE
            continue
        text = "\u3000\u3000" + block.text
        wide = (_RIGHT - _LEFT) // _SIZE
        for line in (text[i : i + wide] for i in range(0, len(text), wide)):
            if pages.y < _BOTTOM:
                pages.turn()
            indent = len(line) - len(line.lstrip("\u3000"))
            pages.text(_LEFT + indent * _SIZE, pages.y, line.lstrip("\u3000"))
            pages.y -= 1.6 * _SIZE
    for number, stream in enumerate(pages.streams, 1):
        for y, text in zip((_TOP + 30, _BOTTOM - 30), margins, strict=True):
            stream.append(_shown(_LEFT, y, text.format(number)))
    return pdf_of(["\n".join(stream) for stream in pages.streams], more=more, page=page)


def _wrapped(cells: Placed, width: float) -> dict[tuple[int, int], list[str]]:
    """The lines of each cell; `width` is that of a column. ASCII is never broken."""
    lines: dict[tuple[int, int], list[str]] = {}
    for row, column, _, across, text in cells:
        room = max(1, int((width * across - 4) // _SIZE))
        if text and not text.isascii():
            lines[row, column] = [text[i : i + room] for i in range(0, len(text), room)]
        else:
            lines[row, column] = [text]
    return lines


def _pdf_table(pages: _Pages, grid: Grid, tear: bool) -> None:
    cells = placed(grid)
    columns = max(column + across for _, column, _, across, _ in cells)
    width = (_RIGHT - _LEFT) / columns
    lines = _wrapped(cells, width)
    heights = [1] * len(grid)
    for r, c, down, _, _ in cells:
        if down == 1:
            heights[r] = max(heights[r], len(lines[r, c]))
    step = 1.3 * _SIZE
    row = 0
    done = 0  # lines of the row that are on the page before
    while row < len(grid):
        start, top = row, pages.y
        offsets = [top]
        skipped = done
        while row < len(grid):
            room = int((offsets[-1] - _BOTTOM) // step)
            if heights[row] - done <= room:
                offsets.append(offsets[-1] - (heights[row] - done) * step)
                row, done = row + 1, 0
            elif tear and room > 0:
                offsets.append(offsets[-1] - room * step)
                done += room
                break
            else:
                break
        bottom, stop = offsets[-1], start + len(offsets) - 1
        for r, c, down, across, _ in cells:
            if r + down <= start or r >= stop:
                continue
            y0, y1 = offsets[max(r, start) - start], offsets[min(r + down, stop) - start]
            x0, x1 = _LEFT + c * width, _LEFT + (c + across) * width
            for a, b in pairwise(((x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0))):
                pages.rule(*a, *b)
            if down > 1:  # a label stands whole in the first part that has room for it
                room = int((y0 - y1) // step + 0.01)
                shown = lines[r, c] if room >= len(lines[r, c]) or r + down <= stop else []
                lines[r, c] = [] if shown else lines[r, c]
            else:
                first = skipped if r == start else 0
                shown = lines[r, c][first : first + int((y0 - y1) // step + 0.01)]
            for i, line in enumerate(shown):
                pages.text(x0 + 2, y0 - _SIZE - i * step, line)
        pages.y = bottom
        if row < len(grid):
            pages.turn()


def pdf_of(streams: list[str], *, trailer: str = "", count: int | None = None, more: str = "", page: str = "") -> bytes:
    """A PDF of these content streams in one font, whose codes are UTF-16."""
    kids = " ".join(f"{10 + 2 * i} 0 R" for i in range(len(streams)))
    to_unicode = (
        "/CIDInit /ProcSet findresource begin begincmap /CMapName /U def 1 begincodespacerange <0000> <FFFF> "
        "endcodespacerange 5 beginbfrange <2E80> <2FDF> <2E80> <0020> <007E> <0020> <2014> <201D> <2014> <3000> <9FFF> <3000> <FF01> <FF5E> <FF01> "
        "endbfrange endcmap end"
    )
    objects = {
        1: "<< /Type /Catalog /Pages 2 0 R >>",
        2: f"<< /Type /Pages /Kids [{kids}] /Count {len(streams) if count is None else count} >>",
        3: "<< /Type /Font /Subtype /Type0 /BaseFont /S /Encoding /Identity-H /DescendantFonts [4 0 R] /ToUnicode 5 0 R >>",
        4: "<< /Type /Font /Subtype /CIDFontType2 /BaseFont /S /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) "
        f"/Supplement 0 >> /DW 1000 /W [0 [{'500 ' * 127}]] /FontDescriptor 6 0 R >>",
        5: f"<< /Length {len(to_unicode)} >>\nstream\n{to_unicode}\nendstream",
        6: "<< /Type /FontDescriptor /FontName /S /Flags 4 /FontBBox [0 -200 1000 900] /Ascent 900 /Descent -100 >>",
    }
    for i, stream in enumerate(streams):
        objects[10 + 2 * i] = (
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 840] {page} /Contents {11 + 2 * i} 0 R "
            "/Resources << /Font << /F 3 0 R >> >> >>"
        )
        objects[11 + 2 * i] = f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream"
    out = "%PDF-1.4\n" + more
    offsets = {}
    for number, text in sorted(objects.items()):
        offsets[number] = len(out)
        out += f"{number} 0 obj\n{text}\nendobj\n"
    start = len(out)
    out += "xref\n0 1\n0000000000 65535 f \n"
    for number, offset in offsets.items():
        out += f"{number} 1\n{offset:010d} 00000 n \n"
    return (out + f"trailer << /Root 1 0 R /Size 9999 {trailer} >>\nstartxref\n{start}\n%%EOF\n").encode("latin-1")


# OFD


def ofd(lines: list[str]) -> bytes:
    """A one-page OFD of these lines."""
    space = 'xmlns:ofd="http://www.ofdspec.org/2016"'
    texts = "".join(
        f'<ofd:TextObject ID="{i}" Boundary="10 {10 + 8 * i} 180 6"><ofd:TextCode X="0" Y="5">{escape(line)}</ofd:TextCode></ofd:TextObject>'
        for i, line in enumerate(lines, 9)
    )
    return package(
        {
            "OFD.xml": f"<ofd:OFD {space}><ofd:DocBody><ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>",
            "Doc_0/Document.xml": f'<ofd:Document {space}><ofd:Pages><ofd:Page ID="1" BaseLoc="Pages/Page_0/Content.xml"/></ofd:Pages></ofd:Document>',
            "Doc_0/Pages/Page_0/Content.xml": f"<ofd:Page {space}><ofd:Content><ofd:Layer>{texts}</ofd:Layer></ofd:Content></ofd:Page>",
        }
    )
