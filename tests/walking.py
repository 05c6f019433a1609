"""A walk of the reading room: from the home page over every link, each kind of address several times."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from html import unescape
from urllib.parse import parse_qsl, urljoin, urlsplit

from tests.browsing import get

AT_MOST = 2
"""Addresses of one kind that are asked for; of Datasette's, one."""
_LINK = re.compile(r"""(?:href|src|action)\s*=\s*["']([^"']+)""")
_DATASETTE = re.compile(r"^/(reports|captures)/([^/.?]+)(/[^.?]*)?(\.\w+)?$")
_OURS = re.compile(
    r"^/(report|body|portal|captured|place|version)/(.*?)((?:\.(?:json|csv|txt|bib|ris|svg|png|atom))?)$"
)


@dataclass(frozen=True)
class Answer:
    """What came of one address."""

    path: str
    linked_from: str
    status: int
    media_type: str
    body: bytes


def kind(path: str) -> tuple[str, ...]:
    """Addresses of one kind are answered by the same code: a report, a table sorted by a column, a table's row …"""
    parts = urlsplit(path)
    if found := _DATASETTE.match(parts.path):
        row = "/row" if found[3] else ""
        asks = sorted({name if name.startswith("_") else "column" for name, _ in parse_qsl(parts.query)})
        return (found[1], found[2] if not asks else "table", row, found[4] or "", *asks[:1])
    if found := _OURS.match(parts.path):
        return (found[1], found[3])
    return (parts.path, *sorted({name for name, _ in parse_qsl(parts.query)}))


def walk(address: str, language: str, *first: str, of_one_thing: int = AT_MOST) -> Iterator[Answer]:
    """The answers to the home page, to `first`, and to whatever is linked from there, in the visitor's language.

    Of pages of one thing (a report, a body, a place …) there are `of_one_thing` of each kind.
    """
    counts: Counter[tuple[str, ...]] = Counter()
    seen: set[str] = set()
    ahead = [(path, "") for path in ("/", "/robots.txt", *first)]
    headers = {"Cookie": f"lang={language}", "Accept-Language": language}

    def ask(asked: tuple[str, str]) -> tuple[int, dict[str, str], bytes]:
        return get(address + asked[0], **headers)

    with ThreadPoolExecutor(3) as pool:
        while ahead:
            asked = []
            for path, linked_from in ahead:
                of_kind = kind(path)
                most = 1 if of_kind[0] in {"reports", "captures"} else of_one_thing if _OURS.match(path) else AT_MOST
                if path not in seen and counts[of_kind] < most:
                    counts[of_kind] += 1
                    asked.append((path, linked_from))
                seen.add(path)
            ahead = []
            for (path, linked_from), (status, told, body) in zip(asked, pool.map(ask, asked), strict=True):
                answer = Answer(path, linked_from, status, told.get("content-type", ""), body)
                yield answer
                if answer.media_type.startswith("text/html") and not path.startswith("/captured/"):
                    ahead += [(link, path) for link in _links(address, answer)]


def _links(address: str, answer: Answer) -> Iterator[str]:
    for link in _LINK.findall(answer.body.decode()):
        target = urljoin(address + answer.path, unescape(link)).partition("#")[0]
        if target.startswith(f"{address}/") and "lang=" not in target:
            yield target.removeprefix(address)
