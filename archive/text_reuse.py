"""How much of a report's text its body has used before."""

from __future__ import annotations

import re
from functools import lru_cache

_SENTENCES = re.compile(r"[。；！？\n]")
_DIGITS = re.compile(r"\d+")


def reused_share(text: str | None, before: str | None) -> float | None:
    """The share (0 to 1) of this text's characters in sentences that last year's text has too; None without sentences.

    Only sentences of 12 characters or more count. Numbers count as equal: figures change where sentences do not.
    """
    sentences, old = _sentences(text or ""), set(_sentences(before or ""))
    whole = sum(map(len, sentences))
    return sum(len(s) for s in sentences if s in old) / whole if whole and old else None


@lru_cache(maxsize=2)
def _sentences(text: str) -> list[str]:
    return [s for part in _SENTENCES.split(_DIGITS.sub("0", text)) if len(s := part.strip()) >= 12]
