"""White space as web pages and office programs write it: no-break, full-width and zero-width blanks included."""

from __future__ import annotations

import re

_BLANKS = re.compile(r"[\s\u00a0\u1680\u2000-\u200f\u2028-\u202f\u205f\u2060\u3000\ufeff]+")


def collapse_blanks(text: str) -> str:
    r"""Replace each run of white space and invisible characters by one blank, and strip the ends.

    >>> collapse_blanks("\u3000青溪区\u00a0\u200b 教育局\n")
    '青溪区 教育局'
    """
    return _BLANKS.sub(" ", text).strip()
