"""How the pages of a portal end: one that does not end like the others was cut off, though nothing in it shows that.

Portals write their pages from templates. Where those close the page, a page that is not closed is not whole; where they
never do, the last tags are still the same. With few pages to compare nothing is said.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from pipelines.wholeness import END_MISSING, has_end

FEWEST = 3
"""Other pages below which nothing is said."""
_ALMOST_ALL = 0.9
_MOST = 0.8
_LAST_TAGS = 3
_END_WITHIN = 4_096
_TAG = re.compile(rb"</?[a-z][a-z0-9]*", re.IGNORECASE)
MOST_PAGES = 40
"""Pages compared with; later ones say nothing new."""


@dataclass(frozen=True, slots=True)
class _End:
    """How one page ends."""

    is_closed: bool
    tags: tuple[bytes, ...]


class PageEnds:
    """The ends of the pages of one portal, an address each."""

    def __init__(self, pages: Iterable[tuple[str, bytes]] = ()) -> None:
        """`pages` are addresses with bodies."""
        self._ends: dict[str, _End] = {}
        for url, body in pages:
            self.add(url, body)

    def add(self, url: str, body: bytes) -> None:
        """Take in a page that came without a sign of a cut, or with none but that it is not closed."""
        if url in self._ends or len(self._ends) < MOST_PAGES:
            self._ends[url] = _end(body)

    def is_enough(self, url: str) -> bool:
        """Whether there are enough other pages to compare one with."""
        return len(self._ends) - (url in self._ends) >= FEWEST

    def verdict(self, url: str, body: bytes) -> str | None:
        """What shows, beside the portal's other pages, that a page was cut; empty where it ends as they do.

        None where they say nothing.
        """
        if has_end(body):
            return ""
        others = [end for other, end in self._ends.items() if other != url]
        if len(others) < FEWEST:
            return None
        if sum(end.is_closed for end in others) >= _ALMOST_ALL * len(others):
            return f"truncated ({END_MISSING}: the portal's other pages are closed with </html>)"
        tags, number = Counter(end.tags for end in others).most_common(1)[0]
        if not tags or number < _MOST * len(others):
            return None
        if _end(body).tags == tags:
            return ""
        last = "".join(f"{tag.decode()}>" for tag in tags)
        return f"truncated ({END_MISSING}: the portal's other pages end with {last})"


def _end(body: bytes) -> _End:
    tags = _TAG.findall(body, max(0, len(body) - _END_WITHIN))[-_LAST_TAGS:]
    return _End(has_end(body), tuple(tag.lower() for tag in tags))
