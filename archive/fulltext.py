"""The full-text index: the form in which it holds text, and how text is split for it."""

from __future__ import annotations

import re
import unicodedata

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
    """The text with one form for what is written in several: digits and letters of any width, radicals, ligatures.

    It is decomposed, not composed, so that the form of a part is part of the form of the whole.

    >>> normal_form("２０２１年⼀月ＷＴＯ")
    '2021年一月WTO'
    """
    return unicodedata.normalize("NFKD", text or "")


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
