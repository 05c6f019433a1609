"""Word documents (ECMA-376): body paragraphs and tables as Word shows them, gridSpan and vMerge expanded.

What Word does not show is left out: hidden and deleted text, the instructions of fields, placeholders. What it adds is
added: the numbers of lists. Text boxes stand after their paragraph.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from mimetypes import guess_type
from typing import Any

from archive.model import Problem
from archive.vocabulary import Origin, ProblemKind
from pipelines import documents
from pipelines.documents.content import Content
from pipelines.documents.docx_styles import Numbering, Styles, attribute, child, is_on, name_of
from pipelines.documents.packages import Package
from pipelines.tables.grid import LONGEST_TEXT, MAX_COLSPAN, MAX_WIDTH, Cell, Grid

MOST_CHUNKS = 20
"""Documents in a document that are read."""

_LEFT_OUT = frozenset(
    (
        *(
            "del",
            "moveFrom",
            "instrText",
            "delText",
            "delInstrText",
            "pPr",
            "rPr",
            "rPrChange",
            "sdtPr",
            "rt",
            "rubyPr",
        ),
        *("footnoteReference", "endnoteReference", "footnoteRef", "endnoteRef", "commentReference", "annotationRef"),
    )
)
_WRAPPERS = frozenset(("customXml", "smartTag", "ins", "moveTo"))
_TEXTS = {"tab": " ", "ptab": " ", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}
_RAISED = frozenset(("superscript", "subscript"))
_READ_IN_PLACE = frozenset(("html", "mht", "docx"))
"""Formats of documents in a document."""


def read(body: bytes) -> Content:
    """A docx, docm or dotx. Raises DocumentError."""
    return _Reader(Package(body)).content


class _Reader:
    """One document, read from top to bottom: lists count on, and fields may go on over paragraphs."""

    def __init__(self, package: Package) -> None:
        self.package = package
        self.content = Content(kind="docx")
        if any(name.lower().endswith("vbaproject.bin") for name in package.names()):
            self._problem(ProblemKind.MACROS, "the document holds macros; they were not run")
        self.main = _main_part(package)
        folder = self.main[: self.main.rfind("/") + 1]
        root = package.xml(self.main)
        self.styles, self.numbering = Styles(package, folder), Numbering(package, folder)
        self.fields: list[bool] = []
        """The fields at hand, one in another: whether their result has begun."""
        self.boxes: list[Any] = []
        """The text boxes of the paragraph at hand."""
        self.chunks = 0
        for part in root:
            if name_of(part.tag) == "body":
                self._blocks(part)

    def _problem(self, kind: ProblemKind, message: str) -> None:
        self.content.problems.append(Problem(kind=kind, message=message))

    def _blocks(self, parent: Any) -> None:
        for element in _contents(parent):
            tag = name_of(element.tag)
            if tag == "p":
                text, boxes = self._paragraph(element)
                for line in text.split("\n"):
                    self.content.add(line)
                for box in boxes:
                    self._blocks(box)
            elif tag == "tbl":
                if _is_layout(element):
                    for cell in _cells_of(element):
                        self._blocks(cell)
                else:
                    self.content.blocks.append(self._grid(element))
            elif tag == "altChunk":
                self._chunk(attribute(element, "id"))

    def _chunk(self, key: str | None) -> None:
        """A document in this one, which Word shows in its place."""
        self.chunks += 1
        folder, _, file = self.main.rpartition("/")
        relations = self.package.xml(f"{folder}/_rels/{file}.rels")
        target = next((one.get("Target", "") for one in relations if one.get("Id") == key), "")
        name = posixpath.normpath(posixpath.join(f"/{folder}", target)).lstrip("/")
        kind = None
        if name in self.package.names() and self.chunks <= MOST_CHUNKS:
            data = self.package.read(name)
            kind = documents.recognise(data, guess_type(name)[0], name=name) or ("html" if b"<" in data[:512] else None)
        if kind not in _READ_IN_PLACE:
            self._problem(ProblemKind.UNREAD, f"a document inside this one is not read: {name or key}")
            return
        inner = documents.read(data, kind)
        self.content.blocks += inner.blocks
        self.content.problems += inner.problems

    # Tables

    def _grid(self, table: Any) -> Grid:
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
                properties = _properties(cell, "tcPr")
                if column >= MAX_WIDTH:
                    break
                if "cellDel" in properties:
                    continue
                end = column + min(max(_number(properties, "gridSpan", 1), 1), MAX_COLSPAN, MAX_WIDTH - column)
                upper = above.get(column)
                if cells and _continues(properties, "hMerge"):
                    cells[-1] = cells[-1]._replace(end=end)
                elif upper is not None and _continues(properties, "vMerge"):
                    cells.append(upper._replace(end=end, starts_here=False))
                else:
                    text = "\n".join(self._lines(cell))[:LONGEST_TEXT]
                    cells.append(Cell(column, end, text, True, number))
                    number += 1
                column = end
            if "hidden" in of_row and not any(cell.text for cell in cells if cell.starts_here):
                continue
            above = {cell.start: cell for cell in cells}
            rows.append(cells)
        return Grid(rows, Origin.DOCX)

    def _lines(self, cell: Any) -> Iterator[str]:
        """The paragraphs of a cell, those of its text boxes and of tables in it too."""
        for element in _contents(cell):
            tag = name_of(element.tag)
            if tag == "p":
                text, boxes = self._paragraph(element, in_cell=True)
                if text := text.strip():
                    yield text
                for box in boxes:
                    yield from self._lines(box)
            elif tag in ("tbl", "tr", "tc"):
                yield from self._lines(element)

    # Text

    def _paragraph(self, paragraph: Any, *, in_cell: bool = False) -> tuple[str, list[Any]]:
        """A paragraph's text as shown, its number in a list before it, and the text boxes that hang on it."""
        properties = child(paragraph, "pPr")
        named = child(properties, "pStyle")
        style = attribute(named) if named is not None else None
        pieces: list[str] = []
        self.boxes = []
        self._walk(paragraph, style, pieces, in_cell=in_cell)
        self.fields = [has_result for has_result in self.fields if has_result]  # an instruction ends with its paragraph
        boxes, self.boxes = self.boxes, []
        text = "".join(pieces)
        if not self.numbering:
            return text, boxes
        in_list = child(properties, "numPr")
        in_list = in_list if in_list is not None else self.styles.numbering_of(style or self.styles.default_paragraph)
        if in_list is not None and not (not text and self.styles.hide(style, child(properties, "rPr"))):
            label = self.numbering.label(in_list)
            gap = " " if label[-1:].isascii() and text[:1].isascii() else ""  # 1. before 5 is not 1.5
            text = label + gap + text if label else text
        return text, boxes

    def _walk(self, parent: Any, style: str | None, pieces: list[str], *, in_cell: bool) -> None:
        for element in _contents(parent):
            tag = name_of(element.tag)
            if tag == "r":
                self._run(element, style, pieces, in_cell=in_cell)
            elif tag == "txbxContent":
                self.boxes.append(element)
            elif tag not in _LEFT_OUT and len(element):
                self._walk(element, style, pieces, in_cell=in_cell)

    def _run(self, run: Any, style: str | None, pieces: list[str], *, in_cell: bool) -> None:
        properties = run[0] if len(run) and name_of(run[0].tag) == "rPr" else None
        is_hidden = self.styles.hide(style, properties)
        raised = child(properties, "vertAlign") if in_cell else None
        if in_cell and raised is not None and attribute(raised) in _RAISED:
            pieces.append("\n")  # the mark of a footnote is no digit of the figure before it
        for element in _contents(run):
            tag = name_of(element.tag)
            if tag == "t" and not is_hidden and not self.fields:
                pieces.append(element.text or "")
            elif tag == "fldChar":
                self._field(attribute(element, "fldCharType"))
            elif is_hidden or not all(self.fields) or tag in _LEFT_OUT:
                continue
            elif (text := _text_of(element, tag)) is not None:
                pieces.append(text)
            elif len(element):
                self._walk(element, style, pieces, in_cell=in_cell)

    def _field(self, kind: str | None) -> None:
        if kind == "begin":
            self.fields.append(False)
        elif kind == "separate" and self.fields:
            self.fields[-1] = True
        elif kind == "end" and self.fields:
            self.fields.pop()


def _text_of(element: Any, tag: str) -> str | None:
    """What one element of a run prints; None where it is no text itself."""
    if tag == "t":
        return element.text or ""
    if tag == "sym":
        code = attribute(element, "char") or ""
        return chr(int(code, 16)) if _is_code(code) else "\ufffd"
    return _TEXTS.get(tag)


def _is_code(code: str) -> bool:
    return len(code) == 4 and all(digit in "0123456789abcdefABCDEF" for digit in code) and code[0] not in "dD0"


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


def _contents(parent: Any) -> Iterator[Any]:
    """The elements in another, without the wrappers around them: controls, insertions, alternatives."""
    for element in parent:
        tag = name_of(element.tag)
        if tag == "sdt":
            if not is_on(child(element, "sdtPr"), "showingPlcHdr"):  # a placeholder is what nobody filled in
                inner = child(element, "sdtContent")
                yield from _contents(inner) if inner is not None else ()
        elif tag == "AlternateContent":
            choice = next((one for one in element if name_of(one.tag) in ("Choice", "Fallback")), None)
            yield from _contents(choice) if choice is not None else ()
        elif tag in _WRAPPERS:
            yield from _contents(element)
        else:
            yield element


def _is_layout(table: Any) -> bool:
    """Whether a table only holds others, of more than a cell, rather than figures of its own."""
    nested = own = 0
    for cell in _cells_of(table):
        inner = sum(1 for _ in cell.iterdescendants("{*}tc"))
        nested += inner if inner > 1 else 0
        own += not inner
    return nested > own


def _cells_of(table: Any) -> Iterator[Any]:
    for row in _children(table, "tr"):
        yield from _children(row, "tc")


def _children(element: Any, wanted: str) -> Iterator[Any]:
    return (one for one in _contents(element) if name_of(one.tag) == wanted)


def _properties(element: Any, name: str) -> dict[str, Any]:
    """The properties of a row or a cell: they come first in it."""
    for one in element:
        if name_of(one.tag) == name:
            return {name_of(of_it.tag): of_it for of_it in one}
        if name_of(one.tag) in {"tc", "p"}:
            break
    return {}


def _continues(properties: dict[str, Any], merge: str) -> bool:
    return merge in properties and attribute(properties[merge]) != "restart"


def _number(properties: dict[str, Any], name: str, default: int) -> int:
    text = attribute(properties[name]) if name in properties else None
    return int(text) if text and text.isdecimal() and len(text) < 6 else default
