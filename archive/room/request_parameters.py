"""What an address asks for: parts of its path and its parameters, bounded."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote

MAX_PARAMETER = 300
"""Characters of a parameter that are looked at."""
MAX_PAGE = 100_000


class BadParameterError(Exception):
    """An address asks for what cannot be: `page=0`, `year=20x4`, a figure that does not exist."""

    def __init__(self, name: str, value: str) -> None:
        super().__init__(f"{name}={value}")
        self.name, self.value = name, value[:MAX_PARAMETER]


def given(request: Any, *names: str) -> dict[str, str]:
    """The parameters of these names that are not empty."""
    return {name: value[:MAX_PARAMETER] for name in names if (value := (request.args.get(name) or "").strip("\0"))}


def all_given(request: Any, *left_out: str) -> list[tuple[str, str]]:
    """Every parameter as given but these, in order. `request.args` would take the address apart anew for each."""
    every = parse_qsl(request.query_string, keep_blank_values=True)
    return [(name, value) for name, value in every if name not in left_out]


def page_number(request: Any) -> int:
    """The page asked for, from 1. Raises BadParameterError."""
    text = request.args.get("page") or "1"
    if not (text.isascii() and text.isdigit() and len(text) < 10 and 0 < int(text) <= MAX_PAGE):
        raise BadParameterError("page", text)
    return int(text)


@dataclass(frozen=True, slots=True)
class Part:
    """The part of a list that a page shows: “51–100 of 2,500”."""

    page: int
    size: int
    total: int

    @property
    def first(self) -> int:
        """Number of the first one shown; 0 where there is none."""
        return min((self.page - 1) * self.size + 1, self.total)

    @property
    def last(self) -> int:
        """Number of the last one shown."""
        return min(self.page * self.size, self.total)

    @property
    def pages(self) -> int:
        """How many pages there are."""
        return max(1, -(-self.total // self.size))


def part(request: Any, size: int, total: int) -> Part:
    """The part asked for. Raises BadParameterError for a page after the last."""
    found = Part(page_number(request), size, total)
    if found.page > found.pages:
        raise BadParameterError("page", str(found.page))
    return found


def year(request: Any, default: int | None) -> str:
    """The year asked for, as four digits; the default where none is; empty for all years (`all`).

    Raises BadParameterError.
    """
    text = request.args.get("year")
    if text is None:
        return str(default or "")
    if text in {"", "all"}:
        return ""
    if not (text.isascii() and text.isdigit() and len(text) == 4):
        raise BadParameterError("year", text)
    return str(text)


def one_of(request: Any, name: str, known: Container[str], default: str) -> str:
    """A parameter that is one of the known words. Raises BadParameterError."""
    text = str(request.args.get(name) or default)
    if text not in known:
        raise BadParameterError(name, text)
    return text


def format_of(request: Any) -> str | None:
    """json, csv or txt if the address ends in it; None for the page itself."""
    found = request.url_vars.get("format")
    return str(found) if found else None


def path_part(request: Any, name: str) -> str:
    """A named part of the path, decoded."""
    return unquote(request.url_vars[name])
