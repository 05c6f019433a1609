"""Documents that lie about their size or lead in circles, beside those of tests/test_hostile_documents.py."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable

from crawler.demo import office
from crawler.demo.reports import Synthetic
from tests.made_documents import ole

REPORT = Synthetic(issuing_body="临川市青溪区民政局", report_year=2022)
MILLION = 1_000_000


def changed(body: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """A package with another member of that name."""
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        members: dict[str, str | bytes] = {one: archive.read(one) for one in archive.namelist()}
    members[name] = change(bytes(members.get(name, b"")))
    return office.package(members)


def shared_strings(strings: str) -> bytes:
    text = f'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" count="9" uniqueCount="9">{strings}</sst>'
    return changed(office.xlsx(REPORT), "xl/sharedStrings.xml", lambda _: text.encode())


def sheet(rows: str, after: str = "") -> bytes:
    return changed(
        office.xlsx(REPORT),
        "xl/worksheets/sheet1.xml",
        lambda old: old.replace(b"</sheetData>", f"{rows}</sheetData>{after}".encode()),
    )


def page_tree(depth: int) -> bytes:
    """A PDF whose tree of pages is so deep."""
    nodes = "".join(
        f"{20 + n} 0 obj\n<< /Type /Pages /Count 1 /Kids [{21 + n if n < depth - 1 else 10} 0 R] >>\nendobj\n"
        for n in range(depth)
    )
    return (
        office.pdf_of(["BT ET"])
        .replace(b"/Kids [10 0 R]", b"/Kids [20 0 R]")
        .replace(b"xref\n", nodes.encode() + b"xref\n", 1)
    )


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, data: bytes, *more: bytes) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(more) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def circle_of_sectors() -> bytes:
    """An OLE file whose table of sectors leads from one to the next and back."""
    body = bytearray(ole("Workbook", bytes(100_000)))
    for place in range(512 + 8, 512 + 400, 4):
        body[place : place + 4] = struct.pack("<I", 2)
    return bytes(body)


def workbook(records: bytes) -> bytes:
    head = struct.pack("<HHHHHII", 0x0809, 16, 0x0600, 0x0005, 0, 1997, 0) + struct.pack("<I", 6)
    return ole("Workbook", head[:20] + records)


def tiff(directories: int) -> bytes:
    """A TIFF whose first directory is also its next one."""
    entry = struct.pack("<HHII", 256, 4, 1, 60_000) + struct.pack("<HHII", 257, 4, 1, 60_000)
    return b"II*\0\x08\0\0\0" + (struct.pack("<H", 2) + entry + struct.pack("<I", 8)) * directories


DOCUMENTS: dict[str, Callable[[], bytes]] = {
    "a page in a PDF's name.pdf": lambda: b"<html><body>" + "<p>年度报告</p>".encode() * 9_999,
    "a page behind a PDF's mark.pdf": lambda: b"%PDF-1.4\n<html><body>" + b"<table><tr><td>1" * 50_000,
    "a deep tree of pages.pdf": lambda: page_tree(20_000),
    "a table of places without end.pdf": lambda: office.pdf_of(["BT ET"]).replace(b"xref\n0 ", b"xref\n0 9999999999 0 ", 1),
    "a trailer of itself.pdf": lambda: office.pdf_of(["BT ET"], trailer="/Prev 9 /XRefStm 9"),
    "a length that is none.pdf": lambda: office.pdf_of(["BT ET"]).replace(b"/Length 5", b"/Length 99999999999999999999"),
    "a million brackets.pdf": lambda: office.pdf_of(["[" * MILLION + "<<" * MILLION]),
    "a text of a million turns.pdf": lambda: office.pdf_of(["BT " + "1 0 0 1 0 0 Tm (1) Tj " * 200_000 + "ET"]),
    "forms in one another.pdf": lambda: office.pdf_of(["/X Do " * 50_000]),
    "a million shared strings.xlsx": lambda: shared_strings("<si><t>1</t></si>" * MILLION),
    "a shared string of 50 MB.xlsx": lambda: shared_strings(f"<si><t>{'1' * 50 * MILLION}</t></si>"),
    "shared strings that are not there.xlsx": lambda: sheet('<row r="1"><c r="A1" t="s"><v>999999999</v></c><c r="B1" t="s"><v>-1</v></c></row>'),
    "a cell of a million digits.xlsx": lambda: sheet(f'<row r="1"><c r="A1"><v>{"9" * MILLION}</v></c></row>'),
    "cells that have no place.xlsx": lambda: sheet('<row r="0"><c r="ZZZZZZ99999999999"><v>1</v></c><c r="1A"><v>1</v></c></row>' * 999),
    "merged cells by the hundred thousand.xlsx": lambda: sheet("", "<mergeCells>" + '<mergeCell ref="A1:XFD1048576"/>' * 100_000 + "</mergeCells>"),
    "a formula of formulas.xlsx": lambda: sheet(f'<row r="1"><c r="A1"><f>{"SUM(" * 100_000}A1</f><v/></c></row>'),
    "tables in tables.docx": lambda: office.word("<w:tbl><w:tr><w:tc><w:p/>" * 3_000 + "</w:tc></w:tr></w:tbl>" * 3_000),
    "a million runs.docx": lambda: office.word("<w:p>" + "<w:r><w:t>1</w:t></w:r>" * MILLION + "</w:p>"),
    "spans of a million digits.docx": lambda: office.word(
        f'<w:tbl><w:tr><w:tc><w:tcPr><w:gridSpan w:val="{"9" * MILLION}"/></w:tcPr><w:p/></w:tc></w:tr></w:tbl>'
    ),
    "styles that are their own base.docx": lambda: changed(
        office.docx(REPORT),
        "word/styles.xml",
        lambda _: (
            b'<w:styles xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
            + b'<w:style w:styleId="a"><w:basedOn w:val="b"/></w:style><w:style w:styleId="b"><w:basedOn w:val="a"/></w:style>' * 9_999
            + b"</w:styles>"
        ),
    ),
    "brackets by the million.rtf": lambda: b"{\\rtf1" + b"{" * MILLION + b"1" + b"}" * MILLION,
    "words by the million.rtf": lambda: b"{\\rtf1 " + b"\\trowd\\cellx9999999999\\cell\\row\\u-99999?\\bin999999999 " * 100_000 + b"}",
    "a circle of sectors.xls": circle_of_sectors,
    "records that say more than there is.xls": lambda: workbook(struct.pack("<HH", 0x00FC, 0xFFFF) + b"\xff" * 60_000),
    "a million empty records.xls": lambda: workbook(struct.pack("<HH", 0x0203, 0) * MILLION),
    "zeros for a million pixels.png": lambda: png(6_000, 6_000, zlib.compress(bytes(6_001 * 6_000))),
    "a note of 200 MB.png": lambda: png(9, 9, zlib.compress(bytes(90)), chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(200 * MILLION)))),
    "a picture in itself.tiff": lambda: tiff(3),
    "10,000 parts.mht": lambda: (
        b'MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary="b"\r\n\r\n' + b"--b\r\nContent-Type: text/html\r\n\r\n<p>1\r\n" * 10_000
    ),
    "a page of itself.ofd": lambda: office.package(
        {
            "OFD.xml": '<OFD xmlns="http://www.ofdspec.org/2016"><DocBody><DocRoot>OFD.xml</DocRoot></DocBody></OFD>',
            "Doc_0/Document.xml": "<Document/>",
        }
    ),
    "one name twice.zip": lambda: office.package({"a.docx": office.docx(REPORT)}) + office.package({"a.docx": b"PK\x03\x04"}),
    "itself.zip": lambda: office.package({f"{n}.zip": office.package({"a.docx": office.docx(REPORT)[:2_000]}) for n in range(500)}),
}  # fmt: skip
