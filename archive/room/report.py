"""One report, with everything the archive knows about it."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from archive.database import placeholders
from archive.figures import reliability
from archive.forms import NATIONAL_FORMS, names, rows
from archive.vocabulary import DOCUMENT_OUTCOMES, Origin, Outcome, PartName, Verdict

_HEADING = re.compile(r"^\s*(?:[一二三四五六七八九十]{1,3}[、．.]|第[一二三四五六七八九十]{1,3}[章节部])\s*\S.{0,60}$")
_SUBHEADING = re.compile(r"^\s*[（(][一二三四五六七八九十]{1,3}[)）]\s*\S.{0,50}$")
_SENTENCE = re.compile(r"[。；！？]")
_NUMBER = re.compile(r"[-+]?[\d,.]*[\d/／—–-]")
_PLAIN_NUMBER = re.compile(r"[\d,.]+")
_LONGEST_LABEL = 40
_PART_ORDER = {str(name): place for place, name in enumerate(PartName)}
_ROWS = dict.fromkeys(row.name for form in reversed(NATIONAL_FORMS) for table in (2, 3, 4) for row in rows(form, table))
_ROW_ORDER = {name: place for place, name in enumerate(_ROWS)}
"""Where a row stands in the form, the newest first."""


@dataclass(slots=True)
class Paragraph:
    """One line of a text: h2, h3, row (of a table, its cells in one line) or p."""

    kind: str
    text: str


def paragraphs(text: str) -> list[Paragraph]:
    """A report's text as headings, table rows and paragraphs, recognised by how Chinese documents number them."""
    found = []
    for line in text.split("\n"):
        if not line.strip():
            continue
        kind = "p"
        if not _SENTENCE.search(line):
            kind = (
                "row" if _is_row(line) else "h2" if _HEADING.search(line) else "h3" if _SUBHEADING.search(line) else "p"
            )
        found.append(Paragraph(kind, line))
    return found


def _is_row(line: str) -> bool:
    """Whether a line ends with two numbers, or is a label and a number."""
    words = line.split()
    if len(words) > 1 and all(_NUMBER.fullmatch(word) for word in words[-2:]):
        return True
    is_label = len(words) == 2 and not line[0].isspace() and 2 <= len(words[0]) <= _LONGEST_LABEL
    return is_label and _PLAIN_NUMBER.fullmatch(words[1]) is not None


@dataclass(slots=True)
class Passage:
    """Paragraphs in a row; folded where they are a table in words that stands above as a table."""

    paragraphs: list[Paragraph]
    is_table: bool = False


def passages(text: str, *, fold: bool) -> list[Passage]:
    """A report's text, with `fold` its tables set apart: from the first line without a sentence to the last row."""
    lines = paragraphs(text)
    if not fold:
        return [Passage(lines)]
    found, at = [Passage([])], 0
    while at < len(lines):
        end = at
        while end < len(lines) and lines[end].kind != "h2" and not _SENTENCE.search(lines[end].text):
            end += 1
        rows = [number for number in range(at, end) if lines[number].kind == "row"]
        if rows:
            found += [Passage(lines[at : rows[-1] + 1], is_table=True), Passage([])]
            at = rows[-1] + 1
            continue
        found[-1].paragraphs += lines[at : max(end, at + 1)]
        at = max(end, at + 1)
    return [passage for passage in found if passage.paragraphs]


_SHORTEST_NAME = 4
"""Characters of a picture's name from which it can be told under which heading it stands."""


def under_headings(text: Sequence[Passage], pictures: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Heading → the pictures that are named like it and no other: a picture of a table stands under the table's heading."""
    headings = [p.text for passage in text for p in passage.paragraphs if p.kind in {"h2", "h3"}]
    found: dict[str, list[dict[str, Any]]] = {}
    for one in pictures:
        name = (one["name"] or "").strip()
        named = [heading for heading in headings if name in heading] if len(name) >= _SHORTEST_NAME else []
        if len(named) == 1:
            found.setdefault(named[0], []).append(one)
    return found


def dicts(db: sqlite3.Connection, sql: str, values: Any = ()) -> list[dict[str, Any]]:
    """The rows of a query by column name."""
    cursor = db.execute(sql, values)
    columns = [column[0] for column in cursor.description]
    return [dict(zip(columns, row, strict=True)) for row in cursor]


def numbers(joined: str | None) -> list[Any]:
    """The numbers that a group_concat joined: one string for many rows comes faster than the rows."""
    return json.loads(f"[{joined or ''}]")  # type: ignore[no-any-return]


def each(db: sqlite3.Connection, sql: str, values: Any = ()) -> Iterator[dict[str, Any]]:
    """The same, row by row."""
    cursor = db.execute(sql, values)
    columns = [column[0] for column in cursor.description]
    for row in cursor:
        yield dict(zip(columns, row, strict=True))


@dataclass(slots=True)
class ReportDetails:
    """A report with its rows in every table, and its neighbours."""

    row: dict[str, Any]
    text: str
    statistics: list[dict[str, Any]]
    checks: list[dict[str, Any]]
    sources: list[dict[str, Any]]
    """Rows of table_sources, the best source of each table first."""
    parts: list[dict[str, Any]]
    """Rows of parts, in the order of PartName."""
    attachments: list[dict[str, Any]]
    locations: list[dict[str, Any]]
    versions: list[dict[str, Any]]
    """Newest first, `changed` as a dictionary field → (old, new)."""
    deadline: dict[str, Any]
    """Its row of timeliness."""
    figures: dict[str, Any]
    """Its row of figures, with those of tables that nothing proves: `trusted` names the others."""
    figures_before: dict[str, Any]
    """The same of the year before."""
    years: list[dict[str, Any]]
    """Every report of the same body, by year."""
    twins: list[dict[str, Any]]
    """The same report on other portals, or once more on this one."""
    portal_title: str

    def of_year(self, year: int) -> dict[str, Any] | None:
        """The report of the same body in a year, of the same portal if it has one."""
        there = [r for r in self.years if r["report_year"] == year]
        return min(there, key=lambda r: (r["portal"] != self.row["portal"], r["id"]), default=None)


def load(db: sqlite3.Connection, report_id: str) -> ReportDetails | None:
    """The report with this id, or None."""
    found = dicts(db, "SELECT * FROM reports WHERE id = ?", (report_id,))
    if not found:
        return None
    row = found[0]
    of = {
        name: dicts(db, f"SELECT * FROM {name} WHERE report_id = ? ORDER BY {order}", (report_id,))  # noqa: S608 - our names
        for name, order in (
            ("report_texts", "report_id"),
            ("statistics", "table_no, row_name, column_name"),
            ("checks", "identity, scope"),
            ("table_sources", "table_no"),
            ("parts", "part, url"),
            ("attachments", "url"),
            ("locations", "url"),
            ("versions", "captured_at DESC"),
        )
    }
    for version in of["versions"]:
        version["changed"] = _changes(version["changed"])
    body = row["issuing_body"]
    lead = row["same_as"] or row["id"]
    figures_of = "SELECT * FROM figures WHERE report_id = ?"
    figures = (dicts(db, figures_of, (report_id,)) or [{}])[0]
    of_all_tables = (dicts(db, "SELECT * FROM figures_of_all_tables WHERE report_id = ?", (report_id,)) or [{}])[0]
    figures |= of_all_tables | {"trusted": {name for name, value in figures.items() if value is not None}}
    return ReportDetails(
        figures=figures,
        figures_before=(dicts(db, figures_of, (figures.get("previous_report_id"),)) or [{}])[0],
        row=row,
        text=of["report_texts"][0]["text"] if of["report_texts"] else "",
        statistics=of["statistics"],
        checks=of["checks"],
        sources=sorted(of["table_sources"], key=lambda s: (s["table_no"], reliability(s["standing"], s["origin"]))),
        parts=sorted(of["parts"], key=lambda part: _PART_ORDER.get(part["part"], len(_PART_ORDER))),
        attachments=of["attachments"],
        locations=of["locations"],
        versions=of["versions"],
        portal_title=(dicts(db, "SELECT title FROM portals WHERE name = ?", (row["portal"],)) or [{}])[0].get("title")
        or row["portal"],
        deadline=(dicts(db, "SELECT * FROM timeliness WHERE report_id = ?", (report_id,)) or [{}])[0],
        years=dicts(
            db,
            """SELECT r.id, r.portal, r.report_year, r.title, r.state
            FROM figures f JOIN reports r ON r.id = f.report_id
            WHERE f.agency_id = ? AND f.report_year IS NOT NULL
            ORDER BY f.report_year, r.id LIMIT 200""",
            (row["agency_id"],),
        ),
        twins=dicts(
            db,
            """SELECT id, portal, title, url FROM reports
            WHERE id <> ? AND issuing_body IS ? AND report_year IS ? AND (id = ? OR same_as = ?)""",
            (row["id"], body, row["report_year"], lead, lead),
        ),
    )


def _changes(text: str | None) -> dict[str, list[Any]]:
    try:
        changed = json.loads(text or "{}")
    except ValueError:
        return {}
    if not isinstance(changed, dict):
        return {}
    return {str(name): pair for name, pair in changed.items() if isinstance(pair, list) and len(pair) == 2}


def figures_in_prose(report: ReportDetails) -> list[dict[str, Any]]:
    """The figures that the prose states, in the order of the form; `differs` is the failed check (S-2) where the table says otherwise, else None."""
    differs = {
        check["scope"]: check
        for check in report.checks
        if check["identity"] == names.PROSE_AGREES and check["verdict"] == Verdict.FAILS
    }
    stated = [s for s in report.statistics if s["origin"] == Origin.NARRATIVE]
    stated.sort(key=lambda s: (s["table_no"], _ROW_ORDER.get(s["row_name"], len(_ROW_ORDER))))
    return [s | {"differs": differs.get(f"{s['row_name']}.{s['column_name']}")} for s in stated]


# From captures.db

_CAPTURE = "SELECT id, requested_at, status, content_type, sha256 FROM captures"
MAX_ADDRESSES = 50
"""Addresses of one report that are looked up."""


def capture_of(db: sqlite3.Connection, urls: list[str], sha256: str | None) -> dict[str, Any] | None:
    """The newest capture of one of these addresses with this body, the first address first."""
    sql = f"""{_CAPTURE}
    WHERE url = ? AND sha256 = ?
    ORDER BY (outcome = ?) DESC, requested_at DESC LIMIT 1"""
    for url in urls[:MAX_ADDRESSES]:
        found = dicts(db, sql, (url, sha256, Outcome.OK))
        if found:
            return found[0]
    return None


def newest_capture(db: sqlite3.Connection, url: str) -> dict[str, Any] | None:
    """The newest capture of an address that has a body."""
    sql = f"""{_CAPTURE}
    WHERE url = ? AND sha256 IS NOT NULL AND outcome IN (?, ?)
    ORDER BY requested_at DESC LIMIT 1"""
    return next(iter(dicts(db, sql, (url, *DOCUMENT_OUTCOMES))), None)


def file_capture(db: sqlite3.Connection, url: str, sha256: str | None) -> dict[str, Any] | None:
    """The capture of a document or picture: of the bytes that were read, else the newest."""
    return (capture_of(db, [url], sha256) if sha256 else None) or newest_capture(db, url)


def fetches(db: sqlite3.Connection, urls: list[str]) -> list[dict[str, Any]]:
    """Every fetch of these addresses, newest first, up to a hundred."""
    urls = urls[:MAX_ADDRESSES]
    sql = f"""SELECT id, url, requested_at, status, outcome, sha256, note FROM captures
    WHERE url IN ({placeholders(urls)})
    ORDER BY requested_at DESC LIMIT 100"""  # noqa: S608 - placeholders
    return dicts(db, sql, urls)


def problems(db: sqlite3.Connection, urls: list[str]) -> list[dict[str, Any]]:
    """The open problems of these addresses, newest first."""
    urls = urls[:MAX_ADDRESSES]
    sql = f"""SELECT * FROM problems
    WHERE url IN ({placeholders(urls)}) AND resolved_at IS NULL
    ORDER BY id DESC LIMIT 50"""  # noqa: S608 - placeholders
    return dicts(db, sql, urls)
