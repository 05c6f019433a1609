"""What a printed cell says. Blank, `/` and `-` are not zero, and a figure that cannot be read is never guessed.

Rules: docs/form.md, Cells and blanks.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

from archive.vocabulary import ValueState

MOST_DIGITS = 18
"""More digits are several figures run together."""
UNIT = r"亿元|万元|千元|元|人次|件次|件|宗|条|份|起|个|项|次|篇|人|期|例"

_BLANK = re.compile(r"[\s\u00a0\u200b-\u200f\u2060\u3000\ufeff]+")
_FIGURE = re.compile(
    rf"(?P<sign>[+-]|减少?|增加?)?"
    rf"(?P<digits>[1-9]\d{{0,2}}(?:,\d{{3}})+(?:\.\d+)?|(?:0|[1-9]\d*)(?:\.\d+)?)(?!\d)"
    rf"(?P<unit>{UNIT})?"
    rf"(?P<note>\([^()]*\)|\[[^\[\]]*\]|[*①-⑳]|[,;:](?:其中|含|包括).*)?"
)
_GROUPED = re.compile(r"[+-]?\d{1,3}(?: \d{3})+(?:\.\d+)?")
_TORN = re.compile(r"[\d.,][^\S\n]*\n\s*[\d.,]")
"""On two lines: one figure torn, or two figures."""
_APART = re.compile(r"[\d.,] (?=[\d.,])")
_NUMBER, _TEXT = ValueState.NUMBER, ValueState.TEXT
_SLASH = frozenset("/\\")
_DASH = frozenset("-—–―－─_")
_LIKE_FIGURES = frozenset("?Oo○零")
"""What stands for a figure that is not known, and what may be a zero."""
_WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x2212: "-", 0x3002: "。"}


class CellValue(NamedTuple):
    """What a printed cell says."""

    value: int | float | None
    state: ValueState
    unit: str | None = None
    sure: bool = True
    """False where the cell holds figures that cannot be read as one number."""


@lru_cache(maxsize=8192)
def read_value(text: str) -> CellValue:
    """Read one cell. Thousands separators, signs, 减少12, units (元, 万元) and a note in brackets are understood."""
    if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS and (text[0] != "0" or text == "0"):
        return CellValue(int(text), _NUMBER)
    text = text.translate(_WIDE).strip()
    if _TORN.search(text):
        return CellValue(None, _TEXT, sure=False)
    folded = _BLANK.sub(" ", text)
    if not folded:
        return CellValue(None, ValueState.BLANK)
    if not _SLASH.issuperset(folded) and not _DASH.issuperset(folded):
        return _read_number(folded)
    return CellValue(None, ValueState.SLASH if folded[0] in _SLASH else ValueState.DASH)


def _read_number(folded: str) -> CellValue:
    if _GROUPED.fullmatch(folded):
        folded = folded.replace(" ", ",")
    elif _APART.search(folded):
        return CellValue(None, _TEXT, sure=False)
    found = _FIGURE.fullmatch(folded.replace(" ", ""))
    if not found:
        return CellValue(None, _TEXT, sure=folded not in _LIKE_FIGURES and not any(map(_is_figure, folded)))
    digits = found["digits"].replace(",", "")
    if len(digits) > MOST_DIGITS:
        return CellValue(None, _TEXT, sure=False)
    value: int | float = float(digits) if "." in digits else int(digits)
    if found["sign"] and found["sign"][0] in "-减":
        value = -value
    return CellValue(value, ValueState.WITH_NOTE if found["note"] else _NUMBER, found["unit"])


def _is_figure(character: str) -> bool:
    return unicodedata.category(character)[0] == "N"
