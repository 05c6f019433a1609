"""What people type into the search box: words that must all occur, "exact strings", -without, this OR that.

A word is found in whatever form a text prints it: full or half width, upper or lower case, any brackets and quotes,
with or without blanks, punctuation and thousands commas.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from archive.fulltext import OTHER, normal_form, places_of_commas, simplified, without_commas, words

MOST_TERMS = 12
"""Words of a query that are looked for; the rest is ignored."""
_PLAIN = re.compile(r"[0-9a-z\u4e00-\u9fff]+")
"""Characters that have no other form, but Han characters the traditional one."""
_NO_LETTERS = re.compile(r"[\W_]+")
_JOINT = re.compile(r"(?<![0-9a-z]) | (?![0-9a-z])")
_TOKEN = re.compile(r"""([-－−](?=\S))?(?:["“”]([^"“”]+)(?:["“”]|$)|([^\s"“”]+))""")
_OR = frozenset(("OR", "|", "｜"))


def fold(text: str | None) -> str:
    """The text in the form in which it is compared: letters, digits and Han characters, one form of each.

    What stands between is left out; between two words or numbers it leaves a blank, so that they stay two.

    >>> fold("ＷＴＯ规则，共１,８５５ 条；12 5")
    'wto规则共1855条12 5'
    """
    if text and _PLAIN.fullmatch(text):  # names of bodies and places by the ten thousand
        return simplified(text)
    return _JOINT.sub("", _NO_LETTERS.sub(" ", without_commas(text).casefold()))


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
    its beginning. Filled by the search."""

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

    @property
    def is_exact(self) -> bool:
        """Whether one query tells which reports have it."""
        return self.sure is not None and self.sure == self.maybe


def matches(folded: str) -> Matches:
    """The term as queries of the full-text index, whose words are those of the folded texts, one after the other.

    A term that begins with a number may begin within a longer one: texts with the rest of it may have it.

    >>> matches("复议12")
    Matches(sure='"复 议 12" *', maybe='"复 议 12" *')
    >>> matches("2021年")
    Matches(sure='"2021 年"', maybe='"年"')
    """
    found = words(folded)
    is_known = not any(word[0] == OTHER for word in found)
    return Matches(phrase(found) if is_known else None, phrase(without_first_run(found)))


def phrase(found: list[str]) -> str | None:
    """A query for these words of the index, one after the other; the last, if it is a run, may go on. None for no words.

    >>> phrase(["年", "2021"])
    '"年 2021" *'
    """
    return f'"{" ".join(found)}"{" *" if found[-1].isascii() else ""}' if found else None


def without_first_run(found: list[str]) -> list[str]:
    """Words without a first one that may be the end of a longer one in a text."""
    return found[1:] if found and found[0].isascii() else found


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
    return set(places_of_commas(plain))


def _is_ascii_word(character: str) -> bool:
    return character.isascii() and character.isalnum()
