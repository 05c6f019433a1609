"""A string as a query of the full-text index: exactly as it is printed, whatever was typed."""

from __future__ import annotations

from dataclasses import dataclass

from archive.fulltext import BORDER, PIECES, normal_form, search_text


@dataclass(frozen=True, slots=True)
class Plan:
    """How a string is found."""

    match: str | None
    """An FTS5 query that every report with the string meets; None if no query narrows the search."""
    exact: bool
    """Whether everything that meets `match` contains the string; if not, the texts are looked at."""


def plan(query: str) -> Plan:
    """An exact string as phrases of the full-text index.

    Han characters are found exactly, in whatever form a text prints them. A query may begin or end inside a longer word or number: its last run of letters
    or digits is searched as a prefix and its first is not searched, and the texts decide.

    >>> plan("复议")
    Plan(match='"复 议"', exact=True)
    >>> plan("年2021")
    Plan(match='"年 2021" *', exact=False)
    >>> plan("2021年报")
    Plan(match='"年 报"', exact=False)
    >>> plan("2021")
    Plan(match=None, exact=False)
    """
    printed, query = query, normal_form(query)
    pieces = [
        piece for piece in PIECES.finditer(query) if piece.lastgroup != "other" or not _has_other_letters(piece[0])
    ]
    exact = "".join(piece[0] for piece in pieces if piece.lastgroup == "han") == query == printed
    if pieces and pieces[0].start() == 0 and pieces[0].lastgroup == "run":
        pieces = pieces[1:]
    phrases: list[str] = []
    at = -1
    for piece in pieces:
        if piece.start() != at:
            phrases.append("")
        phrases[-1] += piece[0]
        at = piece.end()
    begins = bool(pieces) and pieces[-1].lastgroup == "run" and at == len(query)
    quoted = [f'"{phrase}"' for phrase in map(search_text, phrases) if phrase]
    if not quoted:
        return Plan(None, exact=False)
    if begins:
        quoted[-1] += " *"
    return Plan(" AND ".join(quoted), exact=exact)


def _has_other_letters(other: str) -> bool:
    """Whether it has letters that are neither Han nor ASCII; nothing is assumed of how those are indexed."""
    return any(map(str.isalnum, other))


def escape_fts(query: str | None) -> str:
    """The SQL function of the same name: any string as an FTS5 query of its characters."""
    text = str(query or "")
    found = plan(text).match
    if found:
        return found
    words = search_text(text).replace('"', " ").replace(BORDER, " ").split()
    return f'"{" ".join(words)}" *' if words else '""'
