"""What a page is shown with: its stylesheets, and pictures beyond those of its article."""

from __future__ import annotations

from collections.abc import Iterable

from archive import stylesheets
from pipelines.html.links import absolute
from pipelines.html.parsing import ParsedPage
from pipelines.html.pictures import source_of


def stylesheets_of(parsed: ParsedPage) -> list[str]:
    """The stylesheets that a page links or imports."""
    if parsed.root is None:
        return []
    named = [
        link.get("href") or "" for link in parsed.root.iter("link") if "stylesheet" in (link.get("rel") or "").lower()
    ]
    for style in parsed.root.iter("style"):
        named += stylesheets.imports(style.text or "")
    return _absolute(named, parsed.base, parsed.encoding)


def pictures_of(parsed: ParsedPage) -> list[str]:
    """All pictures of a page, decorations included, and those that its own styles name."""
    if parsed.root is None:
        return []
    named = [source_of(image) for image in parsed.root.iter("img")]
    for style in parsed.root.iter("style"):
        named += stylesheets.pictures(style.text or "")
    return _absolute(named, parsed.base, parsed.encoding)


def _absolute(named: Iterable[str], base: str, encoding: str) -> list[str]:
    """Absolute addresses of the Web, each once."""
    addresses = (absolute(base, name, encoding) for name in named if name and not name.startswith("data:"))
    return list(dict.fromkeys(address for address in addresses if address))
