"""Text from portals on its way out: what it must not be able to do to the page, the table or the feed it comes into."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any
from urllib.parse import urlsplit

_TURNS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Marks that turn the direction of writing, and with them what a line seems to say."""
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff\ud800-\udfff]")
"""What XML 1.0 cannot hold."""
_FORMULA = re.compile(r"^[\s\u200b\ufeff]*[=+\-@＝＋－＠\t\r|%]")
_NUMBER = re.compile(r"^[-+]?[\d.,\s]*%?$")


def shown(value: object, limit: int = 300) -> str:
    """A text as a page or feed shows it: without control and direction marks, and not longer than `limit`."""
    text = "" if value is None else str(value)
    if len(text) > limit:
        text = text[:limit] + "…"
    return _CONTROLS.sub("", _TURNS.sub("", text))


def web_address(url: object) -> str | None:
    """An address that may be linked: http or https with a host; None for all else."""
    text = str(url or "")
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    return text if parts.scheme in {"http", "https"} and parts.netloc and len(text) < 4000 else None


def cell(value: Any) -> Any:
    """A value for a CSV: a text that a spreadsheet would take for a formula begins with an apostrophe instead.

    >>> cell("=HYPERLINK(1)"), cell("-3"), cell("-"), cell(-3)
    ("'=HYPERLINK(1)", '-3', '-', -3)
    """
    if isinstance(value, str):
        value = value.replace("\0", "")
        if _FORMULA.match(value) and not _NUMBER.match(value):
            return "'" + value
    return value


def csv_lines(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """A CSV file line by line."""
    for row in chain([names], rows):
        out = io.StringIO()
        csv.writer(out).writerow(["" if value is None else cell(value) for value in row])
        yield out.getvalue()
