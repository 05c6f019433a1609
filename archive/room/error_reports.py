"""Where visitors report errors: an address that the operator sets, with what they found filled in."""

from __future__ import annotations

import os
import re
from urllib.parse import quote, urlencode, urlsplit

VARIABLE = "ERRORS_TO"
"""Name of the environment variable that holds the address."""
_MAILBOX = re.compile(r"mailto:[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.ASCII | re.IGNORECASE)
_WEB = re.compile(r"https://[^\s\"'<>\\#]+", re.ASCII)
_LONGEST = 500


def checked(address: str) -> str:
    """The address. Raises ValueError unless it is a single mailbox (`mailto:`) or a page (`https:`).

    >>> checked("mailto:errors@archive.example"), checked("https://archive.example/errors?kind=figure")
    ('mailto:errors@archive.example', 'https://archive.example/errors?kind=figure')
    """
    text = address.strip()
    is_web = _WEB.fullmatch(text) is not None and bool(urlsplit(text).hostname) and "@" not in urlsplit(text).netloc
    if len(text) > _LONGEST or not (is_web or _MAILBOX.fullmatch(text)):
        raise ValueError(f"write it as mailto:NAME@HOST or https://HOST/PATH: {address}")
    return text


def address() -> str | None:
    """What the operator has set; None where errors are not to be reported."""
    return os.environ.get(VARIABLE) or None


def filled_in(to: str, subject: str, body: str) -> str:
    """The address with a subject and a body: those of the message, or `subject` and `body` of the page's query."""
    fields = urlencode({"subject": subject, "body": body}, quote_via=quote)
    return f"{to}{'&' if '?' in to else '?'}{fields}"
