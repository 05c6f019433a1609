"""What an address asks for: parts of its path and its parameters, bounded."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

MAX_PARAMETER = 300
"""Characters of a parameter that are looked at."""
MAX_PAGE = 100_000


def given(request: Any, *names: str) -> dict[str, str]:
    """The parameters of these names that are not empty."""
    return {name: value[:MAX_PARAMETER] for name in names if (value := (request.args.get(name) or "").strip("\0"))}


def page_number(request: Any) -> int:
    """The page asked for, from 1."""
    text = request.args.get("page") or "1"
    return min(int(text), MAX_PAGE) if text.isascii() and text.isdigit() and int(text) > 0 else 1


def year(request: Any, default: int | None) -> str:
    """The year asked for, as four digits; the default where none is; empty for all years."""
    text = request.args.get("year")
    if text is None:
        text = str(default or "")
    return str(text) if text.isascii() and text.isdigit() and len(text) == 4 else ""


def format_of(request: Any) -> str | None:
    """json, csv or txt if the address ends in it; None for the page itself."""
    found = request.url_vars.get("format")
    return str(found) if found else None


def path_part(request: Any, name: str) -> str:
    """A named part of the path, decoded."""
    return unquote(request.url_vars[name])
