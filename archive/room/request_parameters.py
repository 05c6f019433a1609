"""What an address asks for: parts of its path and its parameters, bounded."""

from __future__ import annotations

from collections.abc import Container
from typing import Any
from urllib.parse import unquote

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


def page_number(request: Any) -> int:
    """The page asked for, from 1. Raises BadParameterError."""
    text = request.args.get("page") or "1"
    if not (text.isascii() and text.isdigit() and 0 < int(text[:9]) <= MAX_PAGE):
        raise BadParameterError("page", text)
    return int(text)


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
