"""What a stylesheet names: the stylesheets that it imports and its pictures. Rewriting them is here too.

A scanner and no parser: a portal's stylesheets have some hundred thousand characters and are gone through while a visitor
waits. An address that it does not see, such as one written with escapes, is not rewritten; what shows a captured page
forbids the browser to request any.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

_STRING = r""""(?:[^"\\\n]|\\.)*+"|'(?:[^'\\\n]|\\.)*+'"""
_URL = rf"""url\(\s*(?:{_STRING}|(?:[^"'()\\\s]|\\.)*+)\s*\)"""
_TOKEN = re.compile(
    rf"""/\*.*?(?:\*/|\Z)|@import\s+(?P<sheet>{_URL}|{_STRING})(?P<media>[^;{{}}]*+);?|(?P<url>{_URL})|{_STRING}""",
    re.IGNORECASE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(?:([0-9a-fA-F]{1,6})\s?|(.))", re.DOTALL)
_RUNS = re.compile(r"expression\s*\(|-moz-binding\s*:|behavior\s*:|javascript\s*:|vbscript\s*:", re.IGNORECASE)
"""What browsers of another time ran."""


def _address(token: str) -> str:
    """The address that a string or `url(…)` holds."""
    inner = token[token.index("(") + 1 : token.rindex(")")].strip() if token[:4].lower() == "url(" else token
    if inner[:1] in {'"', "'"}:
        inner = inner[1:-1]
    return _ESCAPE.sub(lambda found: _character(found[1]) if found[1] else found[2].strip("\n"), inner).strip()


def _character(digits: str) -> str:
    number = int(digits, 16)
    return chr(number) if 0 < number < 0xD800 or 0xDFFF < number <= 0x10FFFF else "\ufffd"


def imports(css: str) -> Iterator[str]:
    """The addresses of the stylesheets that one imports, as it writes them."""
    return (_address(found["sheet"]) for found in _TOKEN.finditer(css) if found["sheet"])


def pictures(css: str) -> Iterator[str]:
    """The other addresses that it names, pictures and fonts, as it writes them."""
    return (_address(found["url"]) for found in _TOKEN.finditer(css) if found["url"])


def rewritten(css: str, sheet: Callable[[str], str | None], picture: Callable[[str], str | None]) -> str:
    """The stylesheet with what it names replaced, and without comments and what was ever executable.

    `sheet` gives the text to put in the place of an import, `picture` the CSS value in the place of an address; None
    removes it. The result can stand in a `style` element.
    """

    def replaced(found: re.Match[str]) -> str:
        if found["sheet"]:
            text = sheet(_address(found["sheet"]))
            media = found["media"].strip()
            return (f"@media {media}{{{text}}}" if media else text) if text else ""
        if found["url"]:
            return picture(_address(found["url"])) or "none"
        return "" if found[0].startswith("/*") else found[0]

    return _RUNS.sub("x-removed:", _TOKEN.sub(replaced, css)).replace("<", r"\3c ")
