"""One report once more: cities re-host the reports of their districts, and a portal lists one at two addresses.

Copies are known by their issuing body, their year and a text that is nearly the same, on one portal the very same. All
are kept; the one on the portal of the body's own place leads, and views of figures count it alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Iterator
from functools import lru_cache
from itertools import combinations, groupby

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
    sketch = lru_cache(maxsize=512)(lambda report_id: _sketch(text(report_id)))
    for group in _candidates(reports):
        ids = {copy.id for copy in group}
        if not any(copy.id in touched for copy in group) and all(c.same_as is None or c.same_as in ids for c in group):
            continue
        leaders = {copy.id: copy.id for copy in group}
        for first, second in combinations(sorted(group, key=_own_first), 2):
            if not _same_body(first, second):
                continue
            if first.portal == second.portal:
                is_same = _is_one_text(text(first.id), text(second.id))
            else:
                is_same = _alike(sketch(first.id), sketch(second.id))
            if is_same:
                old, new = leaders[second.id], leaders[first.id]
                leaders = {report_id: new if leader == old else leader for report_id, leader in leaders.items()}
        yield from ((report_id, leader if leader != report_id else None) for report_id, leader in leaders.items())


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


def _sketch(text: str) -> RMinHash | None:
    """None for a text that is too short to compare: a report that is a picture or a document."""
    bare = _NO_TEXT.sub("", text)
    if len(bare) < LEAST_TEXT:
        return None
    sketch = RMinHash(num_perm=_PERMUTATIONS, seed=1)
    sketch.update(sorted({bare[i : i + PIECE] for i in range(len(bare) - PIECE + 1)}))
    return sketch
