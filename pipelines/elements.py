"""Markup without elements that are not looked at, found in one pass however many of them never end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

COMMENT = "<!--"
_TAG = re.compile(r"<[^>]*>")


def without_elements(markup: str, *names: str) -> str:
    """Markup without the elements of these names, each up to its first end tag; those that have none stay.

    >>> without_elements("a<b x>c</B >d<!-- <b> -->e<b>f", "b", COMMENT)
    'ade<b>f'
    """
    ends = {name: _Ends(_end(name).finditer(markup)) for name in names}
    kept, place = [], 0
    for found in _begin(names).finditer(markup):
        if found.start() >= place and (
            end := ends[found[0].lower().removeprefix("<") if found[1] else COMMENT].after(found.end())
        ):
            kept.append(markup[place : found.start()])
            place = end
    return "".join([*kept, markup[place:]])


def without_tags(markup: str) -> str:
    """Markup without its tags."""
    end = markup.rfind(">") + 1  # each `<` before it ends somewhere: of those after it none is followed to the end
    return _TAG.sub("", markup[:end]) + markup[end:]


class _Ends:
    """The ends of elements of one kind, looked at from the first to the last."""

    def __init__(self, found: Iterator[re.Match[str]]) -> None:
        self._found = found
        self._next = next(found, None)

    def after(self, place: int) -> int | None:
        """Where the first end that begins there or later ends; places do not go back."""
        while self._next is not None and self._next.start() < place:
            self._next = next(self._found, None)
        return self._next.end() if self._next else None


@cache
def _begin(names: tuple[str, ...]) -> re.Pattern[str]:
    elements = "|".join(name for name in names if name != COMMENT)
    return re.compile(rf"<({elements})\b|<!--" if COMMENT in names else rf"<({elements})\b", re.IGNORECASE)


@cache
def _end(name: str) -> re.Pattern[str]:
    return re.compile("-->" if name == COMMENT else rf"</{name}\s*+>", re.IGNORECASE)
