"""What a document holds, whatever its format: paragraphs and grids in reading order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from archive.model import Problem
from archive.vocabulary import Origin, ProblemKind
from pipelines.errors import DocumentError
from pipelines.tables.grid import Cell, Grid

MOST_TEXT = 4_000_000
"""Characters of text kept of one document: a report has 20,000."""
MOST_CELLS = 100_000
"""Cells kept of one document; the tables of a report have 400."""


@dataclass(slots=True, kw_only=True)
class Content:
    """A document as read. `blocks` are its paragraphs and its tables, in reading order."""

    kind: str
    """docx, xlsx, xls, doc, html, mht, pdf, ofd, zip or picture."""
    origin: Origin = Origin.DOCX
    """What statistics of it name as their origin; a grid has its own, as that of a scanned page in a PDF."""
    blocks: list[str | Grid] = field(default_factory=list, repr=False)
    problems: list[Problem] = field(default_factory=list)

    @property
    def grids(self) -> list[Grid]:
        """The tables alone."""
        return [block for block in self.blocks if isinstance(block, Grid)]

    @property
    def prose(self) -> list[str]:
        """The paragraphs alone."""
        return [block for block in self.blocks if isinstance(block, str)]

    @property
    def paragraphs(self) -> list[str]:
        """All text: a table row is one paragraph, cells joined by a blank."""
        found: list[str] = []
        for block in self.blocks:
            if isinstance(block, str):
                found.append(block)
            else:
                rows = (" ".join("".join(cell.text.split()) for cell in row if cell.starts_here) for row in block.rows)
                found += filter(None, map(str.strip, rows))
        return found

    def add(self, text: str) -> None:
        """Append a paragraph, if there is anything in it; raises DocumentError where there is too much."""
        text = " ".join(text.split())
        if text:
            self.blocks.append(text)

    def as_json(self) -> dict[str, Any]:
        """Plain values, for another process; `from_json` undoes it. Raises DocumentError when there is too much."""
        if sum(map(len, self.prose)) > MOST_TEXT:
            raise DocumentError(f"more than {MOST_TEXT} characters of text", ProblemKind.OVERSIZED)
        if sum(len(row) for grid in self.grids for row in grid.rows) > MOST_CELLS:
            raise DocumentError(f"more than {MOST_CELLS} table cells", ProblemKind.OVERSIZED)
        return {
            "kind": self.kind,
            "origin": self.origin,
            "blocks": [block if isinstance(block, str) else _grid_as_json(block) for block in self.blocks],
            "problems": [[p.kind.name, p.message] for p in self.problems],
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Content:
        """The document of which `as_json` gave these values."""
        return cls(
            kind=values["kind"],
            origin=Origin(values["origin"]),
            blocks=[b if isinstance(b, str) else _grid_from_json(b) for b in values["blocks"]],
            problems=[Problem(kind=ProblemKind[kind], message=message) for kind, message in values["problems"]],
        )


def _grid_as_json(grid: Grid) -> dict[str, Any]:
    return {
        "page": grid.page,
        "origin": grid.origin,
        "has_rejoined_figures": grid.has_rejoined_figures,
        "confidence": grid.confidence,
        "rows": grid.rows,
    }


def _grid_from_json(values: dict[str, Any]) -> Grid:
    return Grid(
        [[tuple.__new__(Cell, cell) for cell in row] for row in values["rows"]],
        Origin(values["origin"]),
        values["page"],
        has_rejoined_figures=values["has_rejoined_figures"],
        confidence=values["confidence"],
    )


@dataclass(slots=True, kw_only=True)
class StoredDocument:
    """A document that the archive holds, as far as it could be read."""

    sha256: str
    media_type: str | None
    """By its content; None for what is no document, as a page that says so."""
    name: str | None = None
    """What the server calls the file."""
    content: Content | None = None
    problems: list[Problem] = field(default_factory=list)
    """Why it could not be read, or what is wrong with it although it was."""
