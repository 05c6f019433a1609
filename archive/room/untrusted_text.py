"""Text from portals made harmless for the page, spreadsheet or feed that shows it. HTML is cleaned in captured_pages.py."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any
from urllib.parse import urlsplit

from markupsafe import Markup, escape

_BIDI_MARKS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Marks that change the direction of writing, and so what a line seems to say."""
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff\ud800-\udfff]")
"""What XML 1.0 cannot hold."""
_FORMULA = re.compile(r"^[\s\u200b\ufeff]*[=+\-@＝＋－＠\t\r|%]")
_NUMBER = re.compile(r"^[-+]?[\d.,\s]*%?$")


def shown(value: object, limit: int = 300) -> str:
    """A text as a page or feed shows it: no control or direction marks, at most `limit` characters."""
    text = "" if value is None else str(value)
    if len(text) > limit:
        text = text[:limit] + "…"
    return _CONTROLS.sub("", _BIDI_MARKS.sub("", text))


def without_marks(markup: object) -> Markup:
    """HTML without direction marks; those of its addresses are written in percent or tilde, and stay."""
    return Markup(_BIDI_MARKS.sub("", str(escape(markup))))  # noqa: S704 - what is no markup is escaped


def web_address(url: object) -> str | None:
    """The address if it may be linked (http or https with a host), else None."""
    text = str(url or "")
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    return text if parts.scheme in {"http", "https"} and parts.netloc and len(text) < 4000 else None


def csv_cell(value: Any) -> Any:
    """A value for a CSV file: an apostrophe goes before a text that a spreadsheet would take for a formula.

    What is true is 1, as where SQL answers.

    >>> csv_cell("=HYPERLINK(1)"), csv_cell("-3"), csv_cell("-"), csv_cell(-3), csv_cell(True)
    ("'=HYPERLINK(1)", '-3', '-', -3, 1)
    """
    if isinstance(value, str):
        value = value.replace("\0", "")
        if _FORMULA.match(value) and not _NUMBER.match(value):
            return "'" + value
    return int(value) if isinstance(value, bool) else value


def csv_lines(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """A CSV file, line by line, header first."""
    for row in chain([names], rows):
        out = io.StringIO()
        csv.writer(out).writerow(["" if value is None else csv_cell(value) for value in row])
        yield out.getvalue()
