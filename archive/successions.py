"""Which public body took the place of which: only pairs that a numbered document names.

archive/divisions/successions.csv has a row for each pair: the ids of both bodies (`archive.agencies.agency_id`), the
first year of the successor, and number, date and title of the document that names both, as 国办发〔2014〕32号. A body of
several predecessors, or several successors of one, has a row for each. Names that look alike are no evidence: bodies
without a row stay unlinked. A county that becomes a district or a city of the same area has a row for its government
alone, which the document names; those of its departments are not linked by it.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from datetime import date
from importlib.resources import files
from typing import NamedTuple

_ID = re.compile(r"(?:\d{6}|none)-\S+")
_DOCUMENT = re.compile(r"\S+〔\d{4}〕\d+号")


class Succession(NamedTuple):
    """A body, the one that took its place, and the document that says so."""

    predecessor: str
    successor: str
    since: int
    """The first report year of the successor."""
    document: str
    document_date: str
    title: str


def successions() -> list[Succession]:
    """The pairs of the table."""
    table = files("archive.divisions").joinpath("successions.csv").read_text(encoding="utf-8")
    return list(read_successions(table.splitlines()))


def read_successions(lines: Iterable[str]) -> Iterator[Succession]:
    """The pairs of a table, header first. Raises ValueError, with the line, for one that cannot be cited or be true."""
    seen: set[tuple[str, str]] = set()
    for number, row in enumerate(csv.DictReader(lines), 2):
        cells = [(row.get(name) or "").strip() for name in Succession._fields]
        predecessor, successor, since, document, issued, title = cells
        wrong = [
            name
            for name, is_right in (
                ("predecessor", _ID.fullmatch(predecessor)),
                ("successor", _ID.fullmatch(successor) and successor != predecessor),
                ("since", re.fullmatch(r"20\d\d", since)),
                ("document", _DOCUMENT.fullmatch(document)),
                ("document_date", _is_date(issued)),
                ("title", title),
            )
            if not is_right
        ]
        if wrong or None in row:
            raise ValueError(f"successions.csv, line {number}: wrong {', '.join(wrong) or 'number of cells'}")
        if (predecessor, successor) in seen or (successor, predecessor) in seen:
            raise ValueError(f"successions.csv, line {number}: the pair is there already")
        seen.add((predecessor, successor))
        yield Succession(predecessor, successor, int(since), document, issued, title)


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
