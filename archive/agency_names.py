"""One name for one public body: written out, with its place, without what a body may leave out.

`normalised_agency` is pure: the same name and the same code of GB/T 2260 give the same. Reports keep the name as it is
printed; what groups reports by body asks for this one. Imports `archive.divisions` and `archive.fulltext` alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from archive.divisions import Division, division, is_below, leading_divisions, named
from archive.fulltext import simplified
from archive.unicode_form import unicode_form

_BLANK = re.compile(r"[\s\u200b-\u200f\u2060\ufeff]+")
_BRACKETED = re.compile(r"(?<=.)\([^()]*\)$")
"""Other names of the same body at the end of its own: 市场监督管理局(知识产权局), 政府办公室(外事办公室), 管委会(筹)."""
_SHORT = (
    (re.compile(r"(?<=[省市区县州旗盟镇乡])政府(?=$|办)|^政府(?=办|$)"), "人民政府"),
    (re.compile(r"(?<=人民政府)办$"), "办公室"),
    (re.compile(r"(?<=街道)办$"), "办事处"),
    (re.compile(r"(?<=[\u4e00-\u9fff]{2}街)办事处$"), "道办事处"),
    (re.compile(r"管委会"), "管理委员会"),
    (re.compile(r"人民政府(?=[\u4e00-\u9fff]{2,8}街道办事处$)"), ""),
    (re.compile(r"(?<=[镇乡])人民政府(?!$|办公室$)"), ""),
)
"""Short forms, and what they stand for; and a government named before its subdistrict's office or its town's bureau."""
_RANK = re.compile(
    r"(省|自治区|市(?!场|政|容|民)|区(?!域|划)|县|州|旗)(?=人民政府|[\u4e00-\u9fff]{2,}(?:局|委员会|厅|办公室)$)"
)
"""A kind of division at the head of a name that leaves the division itself out: 区人民政府, 市教育局."""
_OF_THE_STATE = re.compile(r"国家|中华人民共和国|中国|全国|国务院")
"""Begins the name of a body that no division has: 国家税务总局…税务局."""
_KIND_OF_DIVISION = re.compile(r"(?:特别行政区|自治[区州县旗]|省|市|区|县|州|旗|盟)$")
_CHARACTERS_OF_A_PLACE = 2
"""Fewer characters are no name of a place without its kind: 东 of 东区."""


def without_other_names(name: str) -> str:
    """A name without the other names of the same body that stand behind it in brackets.

    >>> without_other_names("青溪区市场监督管理局（知识产权局）")
    '青溪区市场监督管理局'
    """
    folded = name.replace("（", "(").replace("）", ")").rstrip()
    kept = _BRACKETED.sub("", folded)
    return name[: len(kept)].rstrip()


def normalised_agency(name: str, code: str | None = None, year: int | None = None) -> str:
    """The name that all spellings of one body come to, with the division of `code`, or its own, before it.

    A name that names another place than the code keeps its own; without a code nothing is added.

    >>> normalised_agency("翔安区政府办公室", "350213") == normalised_agency("厦门市翔安区人民政府办公室（外事办）", "350213")
    True
    """
    text = without_other_names(_BLANK.sub("", simplified(unicode_form("NFKC", name))))
    for short, whole in _SHORT:
        text = short.sub(whole, text)
    place = _place_of(text, code, year)
    if place is None:
        return text
    path = _lower_path(text, _path(place, year), code, year)
    own = _without_places(text, [one.name for one in path])
    if (rank := _RANK.match(own)) is not None:
        path = _up_to_rank(path, rank[0])
        own = own[rank.end() :]
    if not path or leading_divisions(own):
        return text
    if _OF_THE_STATE.match(own) or _begins_with_place(own, path):
        return own
    above = path[-2:-1] if _is_county(path[-1]) else []
    return "".join(one.name for one in (*above, path[-1])) + own


def _place_of(text: str, code: str | None, year: int | None) -> Division | None:
    """The division that a name names, where the code tells it from others of that name; else the code's."""
    own = _known(code[:6], year) if code else None
    names = leading_divisions(text)
    if not names:
        return own
    candidates = {one.code: one for name in names[-1:] for one in named(name)}
    if len(names) > 1:
        above = {one.code for one in named(names[-2])}
        candidates = {key: one for key, one in candidates.items() if any(is_below(key, wider) for wider in above)}
    if own is not None:
        near = {
            key: one
            for key, one in candidates.items()
            if key == own.code or is_below(key, own.code) or is_below(own.code, key)
        }
        candidates = near or candidates
    if len(candidates) == 1:
        (found,) = candidates
        return _known(found, year) or candidates[found]
    return None


def _known(code: str, year: int | None) -> Division | None:
    """The division of a code as of a year, else as of today."""
    return division(code, year) or division(code)


def _path(place: Division, year: int | None) -> list[Division]:
    """A division with those that it lies in, the widest first."""
    codes = dict.fromkeys((place.code[:2] + "0000", place.code[:4] + "00"))
    above = [one for code in codes if is_below(place.code, code) and (one := _known(code, year)) is not None]
    return [*above, place]


def _lower_path(text: str, path: list[Division], code: str | None, year: int | None) -> list[Division]:
    """The path down to the code's own division, where a name goes on with it in short: 云南省西双版纳州."""
    own = _known(code[:6], year) if code else None
    if own is None or not is_below(own.code, path[-1].code):
        return path
    lower = _path(own, year)
    rest, lower_rest = (_without_places(text, [one.name for one in way]) for way in (path, lower))
    return lower if len(lower_rest) < len(rest) else path


def _without_places(text: str, places: Sequence[str]) -> str:
    """A name without the divisions at its head, each in full or without its kind: 广州番禺区教育局 → 教育局."""
    for index, place in enumerate(places):
        rest = places[index + 1 :]
        if text.startswith(place):
            return _without_places(text[len(place) :], rest)
        short = next((one for one in _short_forms(place) if text.startswith(one)), "")
        if short:
            return _without_places(text[len(short) :], rest)
        stem = _stem(place)
        if stem and text.startswith(stem):
            behind = text[len(stem) :]
            if behind.startswith("人民政府") or any(behind.startswith(one) for one in rest):
                return _without_places(behind, rest)
    return text


def _stem(place: str) -> str:
    """The name of a division without its kind; empty where too little is left to tell."""
    stem = _KIND_OF_DIVISION.sub("", place)
    return stem if len(stem) >= _CHARACTERS_OF_A_PLACE else ""


def _short_forms(place: str) -> list[str]:
    """What people call an autonomous division: 延边州 for 延边朝鲜族自治州."""
    return [place[:length] + place[-1] for length in (4, 3, 2)] if place[-3:-1] == "自治" else []


def _is_county(place: Division) -> bool:
    return not place.code.endswith("00")


def _up_to_rank(path: list[Division], rank: str) -> list[Division]:
    """The path down to the lowest division of a kind; empty where it has none."""
    places = [index for index, one in enumerate(path) if one.name.endswith(rank)]
    return path[: places[-1] + 1] if places else []


def _begins_with_place(own: str, path: list[Division]) -> bool:
    """Whether a body's own name begins with its place: 广州开发区, 广州大学."""
    return any((stem := _stem(one.name)) and own.startswith(stem) for one in path)
