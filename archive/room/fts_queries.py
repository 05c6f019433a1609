"""A string as queries of the full-text indexes: exactly as it is printed, whatever was typed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

from archive.fulltext import OTHER, normal_form, words
from archive.room.search_terms import phrase, without_first_run

_OPEN_COMMA = re.compile(r"(?<=\d),\d{0,3}\Z")
"""A comma that may be a thousands comma or none, by what follows in the text."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a string is found."""

    match: str | None
    """A query of report_search that every report with the string meets; None if no query narrows the search."""
    parted: str | None
    """A query of report_breaks: reports that meet it may have the string with punctuation in it only."""
    exact: bool
    """Whether what meets `match`, and not `parted`, has the string; if not, the texts are looked at."""


def plan(query: str) -> Plan:
    """An exact string as a phrase of the full-text index, which knows no punctuation.

    Han characters are found in whatever form a text prints them. A string may begin or end inside a longer word or
    number: its last run of letters or digits is searched as a prefix, its first is not searched, and the texts decide.

    >>> plan("复议书")
    Plan(match='"复 议 书"', parted='"复议" OR "议书"', exact=True)
    >>> plan("年2021")
    Plan(match='"年 2021" *', parted=None, exact=False)
    >>> plan("2021年，报")
    Plan(match='"年 报"', parted=None, exact=False)
    >>> plan("2021")
    Plan(match=None, parted=None, exact=False)
    """
    found = words(_OPEN_COMMA.sub(",", normal_form(query)))
    is_han = OTHER not in query and "".join(found) == query == normal_form(query)
    is_exact = bool(query) and is_han and not _has_run(found)
    pairs = dict.fromkeys(f'"{before}{after}"' for before, after in pairwise(found)) if is_exact else ()
    return Plan(phrase(without_first_run(found)), " OR ".join(pairs) or None, is_exact)


def _has_run(found: list[str]) -> bool:
    return any(map(str.isascii, found))


def escape_fts(query: str | None) -> str:
    """The SQL function of the same name: any string as an FTS5 query, each word of it in any form and with any punctuation.

    >>> escape_fts("〔2021〕30号 复，议")
    '"2021 30 号" AND "复 议"'
    """
    phrases = (phrase(words(word)) for word in str(query or "").split())
    return " AND ".join(filter(None, phrases)) or '""'
