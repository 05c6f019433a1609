"""Which documents have to be read: table `read_marks` of reports.db holds what each of them was read from.

A document is due when reports.db lacks its reading, or holds one of an older state: an address of it or of what stands
beside it (documents, next pages) was captured since, or a listing says otherwise. This looks at what there is, not at
what a run has touched, so a run that was killed leaves nothing behind that the next one does not see.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any

from archive.batches import batched
from archive.captures import CAPTURED_PORTALS, HISTORY_BATCH, Captures
from archive.database import placeholders, sql_words, writing
from archive.fates import Witness
from archive.model import Entry, Located
from archive.records import Reading, ReadMark
from archive.reports import Reports
from archive.vocabulary import ANSWER_OUTCOMES

_AT_ONCE = 200
"""Documents looked up together."""
_NEWEST_CAPTURE = "SELECT COALESCE(MAX(id), 0) FROM captures"
_ANSWERED = sql_words(ANSWER_OUTCOMES)
_NEWEST_OF = f"SELECT url, MAX(id) FROM captures WHERE url IN ({{}}) AND outcome IN ({_ANSWERED}) GROUP BY url"  # noqa: S608 - words of the vocabulary
_ENTRY_COLUMNS = ("url", "portal", "listing_url", "title", "date")
_ENTRY = attrgetter(*_ENTRY_COLUMNS)
_ENTRIES_OF = f"SELECT {', '.join(_ENTRY_COLUMNS)} FROM entries WHERE url IN ({{}}) ORDER BY portal, listing_url"  # noqa: S608 - our names
_STORED = "SELECT * FROM read_marks WHERE id IN ({})"
_PUT = """
INSERT INTO read_marks (id, capture_id, entries, reader_version, beside, has_report, is_related)
VALUES (:id, :capture_id, :entries, :reader_version, :beside, :has_report, NOT :has_report)
ON CONFLICT (id) DO UPDATE SET
    capture_id = excluded.capture_id,
    entries = excluded.entries,
    reader_version = excluded.reader_version,
    beside = excluded.beside,
    has_report = excluded.has_report,
    is_related = MIN(is_related, :is_unchanged)
"""
# a page in a frame of another is at an address of that one's report
_IS_SAID = """
SELECT 1 FROM read_marks
WHERE id = :id AND capture_id = :capture_id AND entries = :entries AND reader_version = :reader_version
    AND beside IS :beside AND has_report = :has_report
    AND (:fate, :cause, :witness) IS (SELECT fate, cause, capture_id FROM unreported WHERE portal = :portal AND key = :key)
    AND NOT EXISTS (SELECT 1 FROM contradictions WHERE report_id = :id)
    AND NOT EXISTS (
        SELECT 1 FROM json_each(:urls) u CROSS JOIN locations o ON o.url = u.value WHERE o.report_id <> :id
    )
"""
_NEWEST_CAPTURES = f"""
SELECT portal, (SELECT MAX(id) FROM captures c WHERE c.portal = n.portal) FROM ({CAPTURED_PORTALS}) n
UNION ALL SELECT '', MAX(id) FROM captures WHERE portal IS NULL
"""  # noqa: S608 - our own clauses
_ENTRY_CHANGES = "SELECT portal, number FROM entry_changes"
_READ_THROUGH = "SELECT portal, capture_id, entry_change FROM read_through"
_PUT_READ_THROUGH = """
INSERT OR REPLACE INTO read_through (portal, capture_id, entry_change, unexplained) VALUES (?, ?, ?, ?)
"""
_UNEXPLAINED = """
SELECT COALESCE(SUM(unexplained), 0) FROM read_through WHERE portal NOT IN (SELECT value FROM json_each(?))
"""
_UNRELATED = "SELECT id FROM read_marks WHERE is_related = 0"

State = tuple[int | None, int]
"""The newest capture of a portal, and how often its entries have changed."""


def portal_states(captures: Captures) -> dict[str, State]:
    """Portal → how far its captures and entries go; `""` stands for captures that name none."""
    connection = captures.db.conn
    changes = dict(tuple(row) for row in connection.execute(_ENTRY_CHANGES))
    states: dict[str, State] = {name: (None, number) for name, number in changes.items()}
    for name, newest in connection.execute(_NEWEST_CAPTURES):
        states[name] = newest, changes.get(name, 0)
    return states


def state_of(captures: Captures, name: str) -> dict[str, State]:
    """The same of one portal alone."""
    connection = captures.db.conn
    (newest,) = connection.execute("SELECT MAX(id) FROM captures WHERE portal = ?", (name,)).fetchone()
    change = connection.execute("SELECT number FROM entry_changes WHERE portal = ?", (name,)).fetchone()
    return {name: (newest, change["number"] if change else 0)}


def unread_portals(reports: Reports, states: Mapping[str, State]) -> set[str]:
    """Those of the portals that have captures or entries that were not there when all of theirs were last read."""
    stored = {name: tuple(state) for name, *state in reports.db.conn.execute(_READ_THROUGH)}
    return {name for name, state in states.items() if stored.get(name, (None, 0)) != state}


def put_read_through(reports: Reports, states: Mapping[str, State], unexplained: Mapping[str, int]) -> None:
    """All documents of these portals are read as they were in that state; the caller commits.

    unexplained: how many listed reports of each gave none and nobody has acknowledged it.
    """
    rows = [(name, *state, unexplained.get(name, 0)) for name, state in states.items()]
    with writing(reports.path):
        reports.db.conn.executemany(_PUT_READ_THROUGH, rows)


def unexplained_beside(reports: Reports, names: Iterable[str]) -> int:
    """How many listed reports gave none without an explanation on all portals but these, when they were last read."""
    return int(reports.db.conn.execute(_UNEXPLAINED, (json.dumps(sorted(names)),)).fetchone()[0])


def newest_capture(captures: Captures) -> int:
    """The id of the newest capture of the archive; 0 where it has none. To be taken before anything is read."""
    return int(captures.db.conn.execute(_NEWEST_CAPTURE).fetchone()[0])


def mark_of(newest: int, urls: Sequence[str], entries: Iterable[Entry], reader_version: str) -> ReadMark:
    """What a reading of a document at these addresses, of which listings say this, can see.

    newest: the newest capture before it is read; what comes later is new.
    """
    said: defaultdict[str, list[tuple[str | None, ...]]] = defaultdict(list)
    for entry in entries:
        said[entry.url].append(_ENTRY(entry))
    return ReadMark(capture_id=newest, entries=_digest(said, urls), reader_version=reader_version)


def is_said(reports: Reports, reading: Reading, witness: Witness | None) -> bool:
    """Whether reports.db says all that a reading without a new record does, and nothing beside: nothing is to be written.

    witness: what shows that it is no report; None where it is one.
    """
    if reading.mark is None or reading.contradicting:
        return False
    place = reading.located
    values = _values(reading.mark, reading) | {
        "has_report": reading.is_unchanged,
        "fate": None,
        "cause": None,
        "witness": None,
    }
    values |= {"portal": place.portal, "key": place.key, "urls": json.dumps(place.urls)}
    if witness is not None:
        values |= {"fate": str(witness.fate), "cause": witness.cause, "witness": witness.capture_id}
    return reports.db.conn.execute(_IS_SAID, values).fetchone() is not None


def put_mark(reports: Reports, reading: Reading, *, has_report: bool, is_changed: bool) -> None:
    """Keep what a document was read from; the caller commits it together with the report.

    Nothing is kept of a reading without a mark: the document stays due.
    Raises ArchiveError where it cannot be written.
    """
    mark = reading.mark
    with writing(reports.path):
        if mark is None:
            reports.db.conn.execute("DELETE FROM read_marks WHERE id = ?", (reading.located.id,))
            return
        values = _values(mark, reading) | {"has_report": has_report, "is_unchanged": not is_changed}
        reports.db.conn.execute(_PUT, values)


def _values(mark: ReadMark, reading: Reading) -> dict[str, Any]:
    return {
        "id": reading.located.id,
        "capture_id": mark.capture_id,
        "entries": mark.entries,
        "reader_version": mark.reader_version,
        "beside": json.dumps(sorted(reading.beside)) if reading.beside else None,
    }


def due(
    captures: Captures,
    reports: Reports | None,
    places: Iterable[Located],
    *,
    again: set[str],
    reader_version: str | None = None,
) -> Iterator[Located]:
    """Those of these documents that have to be read.

    again: addresses to read again whatever was read of them; a document that has one, or names one, is due.
    reader_version: with it, a document that another version has read is due, too.
    """
    reports = reports if reports is not None and _has_table(reports) else None
    half_read = reports.attaching(again) if reports and again else set()
    for batch in batched(places, _AT_ONCE):
        marks = _stored(reports, [place.id for place in batch]) if reports else {}
        stored = reports.digests(place.id for place in batch) if reports else {}
        beside = {document_id: mark.beside for document_id, mark in marks.items()}
        urls = {url for place in batch for url in (*place.urls, *beside.get(place.id, ()))}
        newest, entries = _newest(captures, urls), _entries(captures, urls)
        for place in batch:
            mark = marks.get(place.id)
            if mark is None or place.id in half_read or _has_lost_report(mark, place, stored):
                yield place
                continue
            seen = (*place.urls, *mark.beside)
            is_other_version = reader_version not in {None, mark.reader_version}
            if is_other_version or not again.isdisjoint(seen) or _is_outdated(mark, place, newest, entries):
                yield place


def _has_lost_report(mark: ReadMark, place: Located, stored: Collection[str]) -> bool:
    """Whether the document gave a report that reports.db no longer has."""
    return mark.has_report and place.id not in stored


def _is_outdated(
    mark: ReadMark, place: Located, newest: dict[str, int], entries: dict[str, list[tuple[str | None, ...]]]
) -> bool:
    """Whether an address of the document or beside it was captured since, or a listing says otherwise."""
    is_newer = any(newest.get(url, 0) > mark.capture_id for url in (*place.urls, *mark.beside))
    return is_newer or mark.entries != _digest(entries, place.urls)


def unrelated(reports: Reports, portal: str | None = None) -> list[str]:
    """Ids of the reports, of a portal or of all, that were written and not yet compared with others, whichever run wrote them."""
    if portal is None:
        rows = reports.db.conn.execute(f"{_UNRELATED} ORDER BY id")
    else:
        rows = reports.db.conn.execute(f"{_UNRELATED} AND id >= ? AND id < ? ORDER BY id", (f"{portal}-", f"{portal}."))
    return [row[0] for row in rows]


def set_related(reports: Reports, document_ids: Sequence[str]) -> None:
    """These reports are compared with others; the caller commits."""
    for batch in batched(document_ids, HISTORY_BATCH):
        reports.db.conn.execute(
            f"UPDATE read_marks SET is_related = 1 WHERE id IN ({placeholders(batch)})",  # noqa: S608 - placeholders
            batch,
        )


def _has_table(reports: Reports) -> bool:
    """False for a database of an earlier version that is only read."""
    return "read_marks" in reports.db.table_names()


def _stored(reports: Reports, document_ids: Sequence[str]) -> dict[str, ReadMark]:
    rows = reports.db.conn.execute(_STORED.format(placeholders(document_ids)), document_ids)
    return {
        row["id"]: ReadMark(
            capture_id=row["capture_id"],
            entries=row["entries"],
            reader_version=row["reader_version"],
            beside=tuple(json.loads(row["beside"] or "[]")),
            has_report=bool(row["has_report"]),
        )
        for row in rows
    }


def _newest(captures: Captures, urls: Iterable[str]) -> dict[str, int]:
    """URL → id of its newest capture. Refusals and errors say nothing of a document."""
    found: dict[str, int] = {}
    for batch in batched(sorted(urls), HISTORY_BATCH):
        found.update(tuple(row) for row in captures.db.conn.execute(_NEWEST_OF.format(placeholders(batch)), batch))
    return found


def _entries(captures: Captures, urls: Iterable[str]) -> dict[str, list[tuple[str | None, ...]]]:
    """URL → what each listing says of it."""
    found: defaultdict[str, list[tuple[str | None, ...]]] = defaultdict(list)
    for batch in batched(sorted(urls), HISTORY_BATCH):
        for row in captures.db.conn.execute(_ENTRIES_OF.format(placeholders(batch)), batch):
            found[row["url"]].append(tuple(row))
    return found


def _digest(entries: dict[str, list[tuple[str | None, ...]]], urls: Iterable[str]) -> str:
    """The same for the same entries of the same addresses; empty where no listing names any of them."""
    said = [entry for url in sorted(urls) for entry in entries.get(url, ())]
    return hashlib.sha256(json.dumps(said, ensure_ascii=False).encode()).hexdigest()[:32] if said else ""
