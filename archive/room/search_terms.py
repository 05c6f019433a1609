"""What people type into the search box: words that must all occur, "exact strings", -without, this OR that.

A word is found in whatever form a text prints it: full or half width, upper or lower case, any brackets and quotes,
with or without blanks, punctuation and thousands commas.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product

from archive.fulltext import PIECES, normal_form, simplified

MOST_TERMS = 12
"""Words of a query that are looked for; the rest is ignored."""
_THOUSANDS = re.compile(r"(?<=\d)[,，](?=\d{3}(?!\d))")
_PLAIN = re.compile(r"[0-9a-z\u4e00-\u9fff]+")
"""Characters that have no other form, but Han characters the traditional one."""
_NO_LETTERS = re.compile(r"[\W_]+")
_JOINT = re.compile(r"(?<![0-9a-z]) | (?![0-9a-z])")
_TOKEN = re.compile(r"""([-－−](?=\S))?(?:["“”]([^"“”]+)(?:["“”]|$)|([^\s"“”]+))""")
_MOST_NUMBERS = 3
"""Numbers of a term that are looked for in every form; of more, none is looked for by the index."""
_OR = frozenset(("OR", "|", "｜"))


def fold(text: str | None) -> str:
    """The text in the form in which it is compared: letters, digits and Han characters, one form of each.

    What stands between is left out; between two words or numbers it leaves a blank, so that they stay two.

    >>> fold("ＷＴＯ规则，共１,８５５ 条；12 5")
    'wto规则共1855条12 5'
    """
    if text and _PLAIN.fullmatch(text):  # names of bodies and places by the ten thousand
        return simplified(text)
    plain = _THOUSANDS.sub("", normal_form(text)).casefold()
    return _JOINT.sub("", _NO_LETTERS.sub(" ", plain))


@dataclass(frozen=True, slots=True)
class Term:
    """One thing that is looked for."""

    typed: str
    folded: str
    exact: bool = False
    """Whether it must be printed exactly as typed: quoted, or without a letter."""

    def is_in(self, *texts: str | None) -> bool:
        """Whether one of the texts has it."""
        if self.exact:
            return any(self.typed in (text or "") for text in texts)
        return any(self.folded in fold(text) for text in texts)


@dataclass(slots=True)
class Query:
    """All of `groups` must occur, of each one term at least, and none of `without`."""

    groups: list[list[Term]] = field(default_factory=list)
    without: list[Term] = field(default_factory=list)
    by_index: list[Term] = field(default_factory=list)
    """Terms that were looked for by the index alone, for too many texts would have had to be read: a number is found by
    its beginning, and not across a thousands comma. Filled by the search."""

    @property
    def terms(self) -> list[Term]:
        """What is looked for."""
        return [term for group in self.groups for term in group]


def parse(typed: str) -> Query:
    """A query as typed.

    >>> query = parse('复议 -诉讼 "第一，" 教育 OR 卫生')
    >>> [[term.typed for term in group] for group in query.groups], [term.typed for term in query.without]
    ([['复议'], ['第一，'], ['教育', '卫生']], ['诉讼'])
    """
    query, joins = Query(), False
    for minus, exact, word in _TOKEN.findall(typed.strip()):
        if word in _OR and not minus:
            joins = bool(query.groups)
            continue
        folded = fold(exact or word)
        term = Term(exact or word, folded, exact=bool(exact) or not folded)
        if minus:
            query.without.append(term)
        elif joins:
            query.groups[-1].append(term)
        else:
            query.groups.append([term])
        joins = False
        if len(query.terms) + len(query.without) >= MOST_TERMS:
            break
    return query


@dataclass(frozen=True, slots=True)
class Matches:
    """How a folded term is found by the full-text index: every report that meets `sure` has it, no other than `maybe` can."""

    sure: str | None
    maybe: str | None
    """None if any report may have it."""


def matches(folded: str) -> Matches:
    """The term as two queries of the full-text index, which keeps a border where punctuation parts two Han characters.

    >>> matches("复议")
    Matches(sure='"复 议"', maybe='NEAR("复" "议", 4)')
    >>> matches("2021年").maybe
    '"年"'
    """
    pieces = [(str(piece.lastgroup), piece[0]) for piece in PIECES.finditer(folded) if piece[0] != " "]
    if not pieces or any(kind == "other" for kind, _ in pieces):
        words = dict.fromkeys(text for kind, text in pieces if kind == "han")
        return Matches(None, " AND ".join(f'"{word}"' for word in words) or None)
    begins, ends = pieces[0][0] == "run", pieces[-1][0] == "run"
    sure = f'"{" ".join(text for _, text in pieces)}"' + (" *" if ends else "")
    return Matches(sure, _anyhow(pieces[1:] if begins else pieces, ends=ends))  # it may begin within a longer number


def _anyhow(pieces: list[tuple[str, str]], *, ends: bool) -> str | None:
    """A query that every text with these pieces meets, whatever stands between them."""
    forms = [list(_printed(kind, text, ends=ends and at == len(pieces) - 1)) for at, (kind, text) in enumerate(pieces)]
    if sum(len(found) > 1 for found in forms) > _MOST_NUMBERS:
        forms = [found for found in forms if len(found) == 1]
    distance = 2 * sum(max(map(len, found)) for found in forms)
    ways = [[word for form in way for word in form] for way in product(*forms)]
    return " OR ".join(_near(way, distance) for way in ways if way) or None


def _near(words: list[str], distance: int) -> str:
    return words[0] if len(words) == 1 else f"NEAR({' '.join(words)}, {distance})"


def _printed(kind: str, text: str, *, ends: bool) -> Iterator[list[str]]:
    """The words of the index that a piece may be printed as: a number of four digits or more also with commas."""
    star = " *" if ends else ""
    yield [f'"{text}"{star}']
    if kind == "run" and text.isdigit():
        for first in (1, 2, 3) if ends else ((len(text) - 1) % 3 + 1,):
            if first < len(text):
                groups = [text[:first], *(text[at : at + 3] for at in range(first, len(text), 3))]
                yield [*(f'"{group}"' for group in groups[:-1]), f'"{groups[-1]}"{star}']


def spans(text: str, terms: list[Term]) -> list[tuple[int, int]]:
    """Where terms stand in a text as printed: from, to; in order and without overlaps."""
    folded, at = _mapped(text)
    found: list[tuple[int, int]] = []
    for term in terms:
        within, wanted = (text, term.typed) if term.exact else (folded, term.folded)
        start = within.find(wanted) if wanted else -1
        while start >= 0:
            end = start + len(wanted)
            found.append((start, end) if term.exact else (at[start], at[end - 1] + 1))
            start = within.find(wanted, end)
    kept: list[tuple[int, int]] = []
    for start, end in sorted(found):
        if not kept or start >= kept[-1][1]:
            kept.append((start, end))
    return kept


def _mapped(text: str) -> tuple[str, list[int]]:
    """The folded text, and for each of its characters the place in the text that it comes from."""
    commas = _commas(text)
    folded: list[str] = []
    at: list[int] = []
    parted = False
    for place, printed in enumerate(text):
        if place in commas:
            continue
        for character in normal_form(printed).casefold():
            if not character.isalnum():
                parted = True
                continue
            if parted and folded and _is_ascii_word(folded[-1]) and _is_ascii_word(character):
                folded.append(" ")
                at.append(place)
            parted = False
            folded.append(character)
            at.append(place)
    return "".join(folded), at


def _commas(text: str) -> set[int]:
    """Places of thousands commas: of a text in which one character stands for one, in whatever width."""
    plain = "".join(normal_form(character)[:1] or " " for character in text)
    return {found.start() for found in _THOUSANDS.finditer(plain)}


def _is_ascii_word(character: str) -> bool:
    return character.isascii() and character.isalnum()
