"""Indexes of web archives: lines of CDX and CDXJ files, and what CDX servers answer, as mementos."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from archive.warc.checks import LONGEST_TEXT, LONGEST_WORD, MOST_BYTES, check_address

_LETTERS = {
    "b": "timestamp",
    "a": "url",
    "m": "mime",
    "s": "status",
    "k": "digest",
    "S": "length",
    "V": "offset",
    "g": "filename",
}
"""Letters of a CDX file's heading → fields of a memento."""
_CDX_11 = "N b a m s k r M S V g"
_CDX_9 = "N b a m s k r V g"
_WAYBACK = ("urlkey", "timestamp", "original", "mimetype", "statuscode", "digest", "length")
"""What the Wayback Machine's server answers where it is not asked for JSON."""
_NAMES = {"original": "url", "mimetype": "mime", "statuscode": "status"}
_TIMESTAMP = re.compile(r"\d{14}")
_REVISIT = "warc/revisit"
_MOST_DIGITS = 16


class BadLineError(ValueError):
    """A line of an index that says nothing of a memento."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Memento:
    """What an index says of one capture of another archive."""

    url: str
    timestamp: str
    """Fourteen digits, UTC."""
    mime: str = ""
    status: int | None = None
    digest: str = ""
    filename: str = ""
    offset: int | None = None
    length: int | None = None

    @property
    def moment(self) -> str:
        """Its time as captures.db has times."""
        return (
            datetime.strptime(self.timestamp, "%Y%m%d%H%M%S").replace(tzinfo=UTC).strftime("%Y-%m-%dT%H:%M:%S.000000Z")
        )

    @property
    def is_document(self) -> bool:
        """Whether it may be a document: answered with 200, and the record itself rather than a reference to another."""
        return self.status == 200 and self.mime != _REVISIT


def mementos(lines: Iterable[str]) -> Iterator[Memento | BadLineError]:
    """The mementos of an index: CDX with its heading or without, CDXJ, and JSON of pywb's and the Wayback Machine's servers.

    A line that says nothing of a memento is yielded as an error with its number.
    """
    columns: list[str] | None = None
    """The fields of a row, where a heading says them."""
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text in {"[]", "[", "]"} or text.startswith(("!meta", "@", "#")):
            continue
        try:
            if line.startswith(" CDX ") or text.startswith("CDX "):
                columns = [_LETTERS.get(letter, letter) for letter in text.split()[1:]]
            elif text.startswith("["):
                for cells in _arrays(text):
                    if _is_heading(cells):
                        columns = [_NAMES.get(cell, cell) for cell in cells]
                    else:
                        yield _memento(dict(zip(columns or _renamed(_WAYBACK), cells, strict=False)))
            else:
                yield _memento(_fields(text, columns))
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            yield BadLineError(f"line {number} of the index says nothing of a memento: {error}")


def _arrays(text: str) -> list[list[str]]:
    """The Wayback Machine's JSON: an array of arrays, on one line or a row a line."""
    text = text.removesuffix(",")
    if text.startswith("[[") is not text.endswith("]]"):
        text = text[1:] if text.startswith("[[") else text[:-1]
    stated = json.loads(text)
    rows = stated if stated and isinstance(stated[0], list) else [stated]
    return [[str(cell) for cell in row] for row in rows if row]


def _is_heading(cells: list[str]) -> bool:
    return "timestamp" in cells


def _renamed(columns: Iterable[str]) -> list[str]:
    return [_NAMES.get(column, column) for column in columns]


def _fields(text: str, columns: list[str] | None) -> dict[str, Any]:
    """One line of a file, or an object of a server's answer."""
    if text.startswith("{"):
        return _object(text)
    if "{" in text:
        key, timestamp, rest = text.split(" ", 2)
        return {"urlkey": key, "timestamp": timestamp} | _object(rest)
    cells = text.split()
    if columns is None:
        by_length = {11: _CDX_11, 9: _CDX_9}
        if len(cells) not in {*by_length, len(_WAYBACK)}:
            raise ValueError(f"it has {len(cells)} cells")
        heading = by_length.get(len(cells))
        columns = [_LETTERS.get(c, c) for c in heading.split()] if heading else _renamed(_WAYBACK)
    if len(cells) != len(columns):
        raise ValueError(f"it has {len(cells)} cells, the heading {len(columns)}")
    return dict(zip(columns, cells, strict=True))


def _object(text: str) -> dict[str, Any]:
    stated: Any = json.loads(text)
    if not isinstance(stated, dict):
        raise TypeError("its JSON is no object")
    return {_NAMES.get(str(name), str(name)): value for name, value in stated.items()}


def _memento(fields: dict[str, Any]) -> Memento:
    url, timestamp = str(fields.get("url") or ""), str(fields.get("timestamp") or "")
    if not url.startswith(("http://", "https://")) or not _TIMESTAMP.fullmatch(timestamp):
        raise ValueError("no address and date of fourteen digits")
    datetime.strptime(timestamp, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    check_address(url)
    filename, digest = str(fields.get("filename") or ""), str(fields.get("digest") or "")
    if len(filename) > LONGEST_TEXT or len(digest) > LONGEST_WORD:
        raise ValueError("a name that is too long")
    return Memento(
        url=url,
        timestamp=timestamp,
        mime=str(fields.get("mime") or ""),
        status=_number(fields.get("status")),
        digest=digest,
        filename=filename,
        offset=_number(fields.get("offset")),
        length=_number(fields.get("length")),
    )


def _number(value: object) -> int | None:
    """A number that a file or an answer can have; None for anything else."""
    text = str(value)
    number = int(text) if len(text) <= _MOST_DIGITS and text.isascii() and text.isdigit() else None
    return number if number is not None and number <= MOST_BYTES else None


def chosen(found: Iterable[Memento], most: int) -> list[Memento]:
    """The newest of each content, so many at most, newest first."""
    newest: dict[str, Memento] = {}
    for memento in found:
        if memento.is_document:
            key = memento.digest or memento.timestamp
            if key not in newest or newest[key].timestamp < memento.timestamp:
                newest[key] = memento
    return sorted(newest.values(), key=lambda memento: memento.timestamp, reverse=True)[:most]
