"""Normal forms of Unicode, in a time that grows with the text alone."""

from __future__ import annotations

import unicodedata
from typing import Literal

_PIECE = 1_024
"""Characters at once: marks on one letter are put in order in a time that grows with the square of their number, and
nothing ends that before it is through."""


def unicode_form(form: Literal["NFC", "NFKC", "NFKD"], text: str) -> str:
    r"""The text in a normal form; of a letter with hundreds of marks they are put in order by pieces.

    >>> unicode_form("NFKC", "Ａ１") + unicode_form("NFKC", "e\u0301" * 2_000)[-1]
    'A1é'
    """
    if len(text) <= _PIECE:
        return unicodedata.normalize(form, text)
    pieces, start = [], 0
    while start < len(text):
        end = start + _PIECE
        last = end + _PIECE
        while end < last and end < len(text) and unicodedata.combining(text[end]):
            end += 1  # a letter and its marks stay together
        pieces.append(unicodedata.normalize(form, text[start:end]))
        start = end
    return "".join(pieces)
