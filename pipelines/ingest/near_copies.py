"""One report once more: cities re-host the reports of their districts, and a portal lists one at two addresses.

Copies are known by their issuing body, their year and a text that is nearly the same, on one portal the very same. All
are kept; the one on the portal of the body's own place leads, and views of figures count it alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Iterator
from hashlib import sha256
from itertools import groupby

from rensa import RMinHash

from archive.copy_candidates import Candidate

NEARLY = 0.8
"""Share of common pieces (Jaccard) from which two texts are one report: copies differ by a source line or a lost
table's rows, reports of two bodies or years in every figure and most sentences."""
PIECE = 5
"""Characters of a piece of text."""
LEAST_TEXT = 200
"""Characters below which a text is only what all reports say."""
_PERMUTATIONS = 256
"""Of the sketch: the share is then known to about 0.025."""
_NO_TEXT = re.compile(r"[\W_]+")
_PLACE = re.compile("[省市县区州盟旗镇乡]|街道")


def find_copies(
    reports: Iterable[Candidate], touched: Container[str], text: Callable[[str], str]
) -> Iterator[tuple[str, str | None]]:
    """(id, id of the leading copy or None) of every report that may have copies and that `touched` reports concern.

    `reports` come by year. The answer for one group depends on its members alone, not on their order.
    """
    for group in _candidates(reports):
        ids = {copy.id for copy in group}
        if not any(copy.id in touched for copy in group) and all(c.same_as is None or c.same_as in ids for c in group):
            continue
        yield from _leaders(group, text).items()


def _leaders(group: list[Candidate], text: Callable[[str], str]) -> dict[str, str | None]:
    """The report that leads each one of a group; None for one that leads, or stands for itself."""
    sketch = _Sketches(text)
    ordered = sorted(group, key=_own_first)
    leading = list(range(len(ordered)))
    for first, second in _pairs(ordered):
        if leading[first] == leading[second]:
            continue  # by others that are like both
        one, other = ordered[first], ordered[second]
        if one.portal == other.portal:
            is_same = _is_one_text(text(one.id), text(other.id))
        else:
            is_same = _alike(sketch(one.id), sketch(other.id))
        if is_same:
            lead, led = sorted((leading[first], leading[second]))
            leading = [lead if number == led else number for number in leading]
    return {
        copy.id: ordered[lead].id if lead != number else None
        for number, (copy, lead) in enumerate(zip(ordered, leading, strict=True))
    }


def _pairs(reports: list[Candidate]) -> Iterator[tuple[int, int]]:
    """The places of any two that may be of one body. Thousands of names may end alike without being each other's."""
    named: dict[str, list[int]] = {}
    for number, copy in enumerate(reports):
        named.setdefault(copy.issuing_body, []).append(number)
    related = {name: {name} for name in named}
    for name in named:
        for ending in endings(name):
            if ending in named:
                related[name].add(ending)
                related[ending].add(name)
    for first, copy in enumerate(reports):
        others = (number for name in related[copy.issuing_body] for number in named[name])
        yield from ((first, second) for second in sorted(others) if second > first)


def _candidates(reports: Iterable[Candidate]) -> Iterator[list[Candidate]]:
    """Reports of one year whose bodies' names end alike: 广州市番禺区人民政府 on one portal, 番禺区人民政府 on another."""
    for _, of_year in groupby(reports, key=lambda copy: copy.report_year):
        group: list[Candidate] = []
        for copy in sorted(of_year, key=lambda copy: (copy.issuing_body[::-1], copy.id)):
            if group and not _same_body(group[0], copy):
                yield group
                group = []
            group.append(copy)
        yield group


def _same_body(first: Candidate, second: Candidate) -> bool:
    short, long = sorted((first.issuing_body, second.issuing_body), key=len)
    return short == long or (long.endswith(short) and _PLACE.search(short) is not None)


def endings(name: str) -> list[str]:
    """The ends of a body's name that name a place, which may be its whole name elsewhere; itself comes first.

    >>> endings("番禺区财政局")
    ['番禺区财政局', '禺区财政局', '区财政局']
    >>> endings("财政局")
    []
    """
    return [name[i:] for i in range(len(name)) if _PLACE.search(name, i)]


def _own_first(copy: Candidate) -> tuple[int, bool, str, str]:
    """Sorts the body's own portal before its city's: the place that stands nearest to the end of the body's name."""
    place = copy.portal_division
    nearness = copy.issuing_body.rfind(place) + len(place) if place and place in copy.issuing_body else 0
    is_own = copy.portal_code is not None and copy.portal_code == copy.division_code
    return (-nearness, not is_own, copy.published or "9", copy.id)


def _is_one_text(first: str, second: str) -> bool:
    """One portal may list a report twice; texts that differ in a word are a report and its correction."""
    return first == second and len(first) >= LEAST_TEXT


def _alike(first: RMinHash | None, second: RMinHash | None) -> bool:
    return first is not None and second is not None and first.jaccard(second) >= NEARLY


class _Sketches:
    """Sketches of reports' texts, each made once: copies mostly have the very same text."""

    def __init__(self, text: Callable[[str], str]) -> None:
        self.text = text
        self.of_reports: dict[str, RMinHash | None] = {}
        self.of_texts: dict[bytes, RMinHash | None] = {}

    def __call__(self, report_id: str) -> RMinHash | None:
        """Of a report; None for a text that is too short to compare: a report that is a picture or a document."""
        if report_id not in self.of_reports:
            bare = _NO_TEXT.sub("", self.text(report_id))
            key = sha256(bare.encode()).digest()
            if key not in self.of_texts:
                self.of_texts[key] = _sketch(bare) if len(bare) >= LEAST_TEXT else None
            self.of_reports[report_id] = self.of_texts[key]
        return self.of_reports[report_id]


def _sketch(bare: str) -> RMinHash:
    sketch = RMinHash(num_perm=_PERMUTATIONS, seed=1)
    sketch.update(sorted({bare[i : i + PIECE] for i in range(len(bare) - PIECE + 1)}))
    return sketch
