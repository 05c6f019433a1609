"""What a document holds, whatever its format: paragraphs and grids in reading order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from archive.model import Problem
from pipelines.errors import DocumentError
from pipelines.tables.grid import Grid, Segment

MOST_TEXT = 4_000_000
"""Characters of text kept of one document: a report has 20,000."""
MOST_CELLS = 100_000
"""Cells kept of one document; the tables of a report have 400."""


@dataclass(slots=True, kw_only=True)
class Content:
    """A document as read. `blocks` are its paragraphs and its tables, in reading order."""

    kind: str
    """docx, xlsx, xls, doc, html, mht, pdf, ofd, zip or picture."""
    origin: str = "docx"
    """What statistics of it name as their origin: docx (doc and wps too), xlsx (xls too), pdf or image."""
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
                rows = (" ".join("".join(c.text.split()) for c in line if c.fresh) for line in block.lines)
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
            raise DocumentError(f"more than {MOST_TEXT} characters of text", "oversized")
        if sum(len(line) for grid in self.grids for line in grid.lines) > MOST_CELLS:
            raise DocumentError(f"more than {MOST_CELLS} table cells", "oversized")
        return {
            "kind": self.kind,
            "origin": self.origin,
            "blocks": [block if isinstance(block, str) else _grid_as_json(block) for block in self.blocks],
            "problems": [[p.kind, p.message] for p in self.problems],
        }

    @classmethod
    def from_json(cls, told: dict[str, Any]) -> Content:
        """What `as_json` gave."""
        origin = told["origin"]
        return cls(
            kind=told["kind"],
            origin=origin,
            blocks=[b if isinstance(b, str) else _grid_from_json(b, origin) for b in told["blocks"]],
            problems=[Problem(kind=kind, message=message) for kind, message in told["problems"]],
        )


def _grid_as_json(grid: Grid) -> dict[str, Any]:
    return {"page": grid.page, "mended": grid.mended, "confidence": grid.confidence, "lines": grid.lines}


def _grid_from_json(told: dict[str, Any], origin: str) -> Grid:
    lines = [[tuple.__new__(Segment, segment) for segment in line] for line in told["lines"]]
    return Grid(lines=lines, origin=origin, page=told["page"], mended=told["mended"], confidence=told["confidence"])


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
    """Why it could not be read, or what is to be said of it though it was."""
