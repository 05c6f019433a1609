"""The full-text index: how text is split for it."""

from __future__ import annotations

import re

BORDER = "\ue000"
"""Stands in the full-text index for whatever is neither a Han character nor an ASCII letter or digit."""

_HAN = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
PIECES = re.compile(rf"(?P<han>[{_HAN}])|(?P<run>[0-9A-Za-z]+)|(?P<other>[^{_HAN}0-9A-Za-z]+)")
"""A text cut into Han characters, runs of ASCII letters and digits, and the rest between them."""
_CHARACTER_RUNS = re.compile(rf"(?P<han>[{_HAN}]+)|(?P<run>[0-9A-Za-z]+)|(?P<other>[^{_HAN}0-9A-Za-z]+)")


def search_text(text: str | None) -> str:
    """The text as the full-text index holds it: every Han character stands alone.

    Where punctuation or white space parts two Han characters it leaves a border, so that they are neighbours in the
    index only where they are neighbours in the text: a phrase of Han characters finds exactly the texts that contain it.

    >>> search_text("2021年，WTO报告。见").replace(BORDER, "|")
    '2021 年 WTO 报 告 | 见'
    """
    words: list[str] = []
    before, between = None, ""
    for piece in _CHARACTER_RUNS.finditer(text or ""):
        kind = piece.lastgroup
        if kind == "other":
            between = piece[0]
            continue
        if between:
            words += _border(between, inside=before == kind == "han")
        words.append(" ".join(piece[0]) if kind == "han" else piece[0])
        before, between = kind, ""
    return " ".join(words + _border(between, inside=False))


def _border(between: str, *, inside: bool) -> list[str]:
    if not between.isascii() and any(map(str.isalnum, between)):
        return [BORDER, between, BORDER]
    return [BORDER] if between and inside else []
