"""Word documents (ECMA-376): body paragraphs and tables, gridSpan and vMerge expanded."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from archive.model import Problem
from archive.vocabulary import Origin, ProblemKind
from pipelines.documents.content import Content
from pipelines.documents.packages import Package
from pipelines.tables.grid import LONGEST_TEXT, MAX_COLSPAN, MAX_WIDTH, Cell, Grid

_W = (
    "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}",
    "{http://purl.oclc.org/ooxml/wordprocessingml/main}",  # the strict variant
)
_LEFT_OUT = frozenset(
    ("del", "moveFrom", "instrText", "delText", "pPr", "rPr", "Fallback", "footnoteReference", "rPrChange")
)
_WRAPPERS = frozenset(("sdt", "sdtContent", "customXml", "smartTag", "ins", "moveTo"))


def read(body: bytes) -> Content:
    """A docx, docm or dotx. Raises DocumentError."""
    package = Package(body)
    content = Content(kind="docx")
    if any(name.lower().endswith("vbaproject.bin") for name in package.names()):
        content.problems.append(
            Problem(kind=ProblemKind.MACROS, message="the document holds macros; they were not run")
        )
    root = package.xml(_main_part(package))
    for part in root:
        if _name(part.tag) == "body":
            _blocks(part, content)
    return content


def _main_part(package: Package) -> str:
    names = package.names()
    if "word/document.xml" in names:
        return "word/document.xml"
    kinds = package.xml("[Content_Types].xml")
    found = (
        kind.get("PartName", "").lstrip("/")
        for kind in kinds
        if ".main+xml" in kind.get("ContentType", "") and "wordprocessingml" in kind.get("ContentType", "")
    )
    return next(found, "word/document.xml")


@lru_cache(maxsize=1024)
def _name(tag: Any) -> str:
    """An element's or attribute's name without its namespace; empty for comments, whose tag is a function."""
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def _blocks(parent: Any, content: Content) -> None:
    for element in parent:
        tag = _name(element.tag)
        if tag == "p":
            for line in _text(element).split("\n"):
                content.add(line)
        elif tag == "tbl":
            if _is_layout(element):
                for cell in _cells_of(element):
                    _blocks(cell, content)
            else:
                content.blocks.append(_grid(element))
        elif tag in _WRAPPERS:
            _blocks(element, content)


def _is_layout(table: Any) -> bool:
    """Whether a table holds data tables: nested ones of more than a cell."""
    for prefix in _W:
        for inner in table.iterdescendants(f"{prefix}tbl"):
            if sum(1 for _ in inner.iter(f"{prefix}tc")) > 1:
                return True
    return False


def _cells_of(table: Any) -> Iterator[Any]:
    for row in _children(table, "tr"):
        yield from _children(row, "tc")


def _children(element: Any, wanted: str) -> Iterator[Any]:
    for child in element:
        tag = _name(child.tag)
        if tag == wanted:
            yield child
        elif tag in _WRAPPERS:
            yield from _children(child, wanted)


def _grid(table: Any) -> Grid:
    rows: list[list[Cell]] = []
    above: dict[int, Cell] = {}
    number = 0
    for row in _children(table, "tr"):
        of_row = _properties(row, "trPr")
        if "del" in of_row:  # a row that the author has struck out
            continue
        column = min(_number(of_row, "gridBefore", 0), MAX_COLSPAN)
        cells: list[Cell] = []
        for cell in _children(row, "tc"):
            if column >= MAX_WIDTH:
                break
            properties = _properties(cell, "tcPr")
            end = column + min(max(_number(properties, "gridSpan", 1), 1), MAX_COLSPAN, MAX_WIDTH - column)
            upper = above.get(column)
            if upper is not None and "vMerge" in properties and _attribute(properties["vMerge"]) != "restart":
                cells.append(upper._replace(end=end, starts_here=False))
            else:
                text = "\n".join(filter(None, (_text(p).strip() for p in _paragraphs(cell))))[:LONGEST_TEXT]
                cells.append(Cell(column, end, text, True, number))
                number += 1
            column = end
        rows.append(cells)
        above = {cell.start: cell for cell in cells}
    return Grid(rows, Origin.DOCX)


def _paragraphs(cell: Any) -> Iterator[Any]:
    for element in cell:
        tag = _name(element.tag)
        if tag == "p":
            yield element
        elif tag in _WRAPPERS or tag in ("tbl", "tr", "tc"):
            yield from _paragraphs(element)


def _properties(element: Any, name: str) -> dict[str, Any]:
    """The properties of a row or a cell: they come first in it."""
    for child in element:
        if _name(child.tag) == name:
            return {_name(one.tag): one for one in child}
        if _name(child.tag) in {"tc", "p"}:
            break
    return {}


def _number(properties: dict[str, Any], name: str, default: int) -> int:
    text = _attribute(properties[name]) if name in properties else None
    return int(text) if text and text.isdecimal() and len(text) < 6 else default


def _attribute(element: Any) -> str | None:
    return next((value for name, value in element.items() if _name(name) == "val"), None)


def _text(paragraph: Any) -> str:
    pieces: list[str] = []
    for element in paragraph:
        tag = _name(element.tag)
        if tag == "t":
            pieces.append(element.text or "")
        elif tag in _LEFT_OUT:
            continue
        elif tag in ("tab", "ptab"):
            pieces.append(" ")
        elif tag in ("br", "cr", "p"):
            pieces.append(("\n" if pieces else "") + _text(element))
        elif tag == "noBreakHyphen":
            pieces.append("-")
        elif len(element):
            pieces.append(_text(element))
    return "".join(pieces)
