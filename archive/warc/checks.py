"""What a foreign file may say: every value that an import stores is looked at here first.

A file says anything. A date, an address, a status that is none, or a text of megabytes where a word belongs, would be
found only when somebody reads the archive, and cannot be taken out again: captures are never changed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from archive.captures import Capture, Headers
from archive.constraints import HIGHEST_STATUS
from archive.database import iso, utc_now
from archive.vocabulary import CertificateState, Level

LONGEST_ADDRESS = 8_000
"""Characters of an address: the request line that every server has to accept (RFC 9112, section 3)."""
LONGEST_WORD = 200
LONGEST_TEXT = 4_000
"""Characters of a name, and of what is longer than a name."""
LARGEST_HEADERS = 512 * 1024
"""Characters of all headers of one message."""
MOST_BYTES = 2**53
"""The largest number that JSON carries everywhere."""
EARLIEST = "1990"
"""Before the first web page nothing was fetched."""
AHEAD = timedelta(days=1)
"""What the clocks of two machines may differ by."""

_MOMENT = "%Y-%m-%dT%H:%M:%S.%fZ"
_WORD = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
"""A token of RFC 9110, such as a method."""
_PORTAL = re.compile(r"[^\s/\\\x00-\x1f]{1,200}")
_CODE = re.compile(r"[0-9]{1,12}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_CONTROL = re.compile(r"[\x00-\x20\x7f]")
_LINES = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


class ForeignValueError(ValueError):
    """A value that cannot be stored as what it claims to be; the message says which."""


def check_capture(capture: Capture) -> None:
    """Raises ForeignValueError for a capture with a value that is none."""
    check_address(capture.url)
    check_moment(capture.requested_at)
    if not (isinstance(capture.method, str) and _WORD.fullmatch(capture.method)):
        raise ForeignValueError("a method that is none")
    if capture.status is not None and not (_is_number(capture.status) and capture.status <= HIGHEST_STATUS):
        raise ForeignValueError("a status that is none")
    for name in ("body", "request_body"):
        if not isinstance(getattr(capture, name), bytes | None):
            raise ForeignValueError("a body that is no sequence of bytes")
    if capture.sha256 is not None and not (isinstance(capture.sha256, str) and _SHA256.fullmatch(capture.sha256)):
        raise ForeignValueError("a hash that is none")
    if capture.wire_bytes is not None and not _is_number(capture.wire_bytes):
        raise ForeignValueError("a size that is none")
    if capture.redirect_url is not None:
        _check_text(capture.redirect_url, LONGEST_ADDRESS, "an address to move to")
    for name in ("content_type", "content_encoding", "protocol", "tls_version", "portal"):
        _check_text(getattr(capture, name), LONGEST_TEXT if name == "content_type" else LONGEST_WORD, name)
    _check_text(capture.note, LONGEST_TEXT, "a note")
    _check_certificate(capture.certificate)
    if capture.portal is not None and not _PORTAL.fullmatch(capture.portal):
        raise ForeignValueError("a portal's name that is none")
    if capture.ip_address is not None:
        _check_ip_address(capture.ip_address)
    _check_headers(capture.request_headers)
    _check_headers(capture.response_headers)


def check_address(url: object) -> None:
    """Raises ForeignValueError for what is not the address of a web page."""
    if not isinstance(url, str) or not url.startswith(("http://", "https://")):
        raise ForeignValueError("an address that is none")
    if len(url) > LONGEST_ADDRESS:
        raise ForeignValueError("an address that is too long")
    try:
        parts = urlsplit(url)
        is_one = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        is_one = False
    if not is_one or _CONTROL.search(url) or not _is_unicode(url):
        raise ForeignValueError("an address that is none")


def check_moment(moment: object) -> None:
    """Raises ForeignValueError for what is no moment, or one to come."""
    try:
        if not isinstance(moment, str) or iso(_moment(moment)) != moment or moment < EARLIEST:
            raise ForeignValueError("a date that is none")
    except (ValueError, OverflowError) as error:
        raise ForeignValueError("a date that is none") from error
    if moment > iso(_moment(utc_now()) + AHEAD):
        raise ForeignValueError("a date that is still to come")


def _moment(text: str) -> datetime:
    return datetime.strptime(text, _MOMENT).replace(tzinfo=UTC)


def check_portal(facts: object) -> dict[str, str | None]:
    """What a file declares of a portal, as a row. Raises ForeignValueError."""
    names = ("name", "title", "home_url", "platform", "division_code", "division", "level", "hosts", "document")
    if not isinstance(facts, Mapping) or not set(facts) <= set(names):
        raise ForeignValueError("a portal that is none")
    row: dict[str, str | None] = {name: facts.get(name) for name in names}
    for name, value in row.items():
        _check_text(value, LONGEST_TEXT if name in {"hosts", "home_url"} else LONGEST_WORD, f"a portal's {name}")
    if not row["name"] or not row["title"] or not _PORTAL.fullmatch(row["name"]):
        raise ForeignValueError("a portal without a name")
    check_address(row["home_url"])
    if row["level"] is not None and row["level"] not in set(Level):
        raise ForeignValueError("a portal's level that is none")
    if row["division_code"] is not None and not _CODE.fullmatch(row["division_code"]):
        raise ForeignValueError("a division that is none")
    if row["document"] is not None:
        safe_pattern(row["document"])
    return row


def check_entry(entry: object) -> dict[str, Any]:
    """What a file says of an entry, as a row. Raises ForeignValueError."""
    names = ("portal", "listing_url", "url", "title", "date", "first_seen", "last_seen")
    if not isinstance(entry, Mapping) or not set(entry) <= set(names):
        raise ForeignValueError("an entry that is none")
    row = {name: entry.get(name) for name in names}
    for name in ("listing_url", "url"):
        check_address(row[name])
    for name in ("first_seen", "last_seen"):
        check_moment(row[name])
    _check_text(row["title"], LONGEST_TEXT, "an entry's title")
    _check_text(row["date"], LONGEST_WORD, "an entry's date")
    _check_text(row["portal"], LONGEST_WORD, "an entry's portal")
    if not isinstance(row["portal"], str) or not _PORTAL.fullmatch(row["portal"]):
        raise ForeignValueError("an entry without a portal")
    return row


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_BYTES


def _is_unicode(text: str) -> bool:
    """Whether SQLite can keep it: half a surrogate pair has no UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _check_text(text: object, longest: int, what: str) -> None:
    if text is None:
        return
    if not isinstance(text, str) or len(text) > longest or _LINES.search(text) or not _is_unicode(text):
        raise ForeignValueError(f"{what} that is none")


def _check_certificate(states: object) -> None:
    if states is not None and not (isinstance(states, str) and set(CertificateState).issuperset(states.split(" "))):
        raise ForeignValueError("a state of a certificate that is none")


def _check_ip_address(address: object) -> None:
    try:
        ip_address(address if isinstance(address, str) else "")
    except ValueError as error:
        raise ForeignValueError("an IP address that is none") from error


def _check_headers(headers: Headers) -> None:
    size = 0
    for pair in headers:
        if len(pair) != 2 or not all(isinstance(part, str) and _is_unicode(part) for part in pair):
            raise ForeignValueError("headers that are none")
        size += len(pair[0]) + len(pair[1])
    if size > LARGEST_HEADERS:
        raise ForeignValueError("headers that are too long")


OWN_FIELDS = frozenset(field.name for field in fields(Capture)) - {"id", "run_id", "sha256", "body", "request_body"}
"""What a record of ours may say of its capture beside the record itself."""

_REPEATS = frozenset(("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"))
_COSTLY = frozenset(("GROUPREF", "GROUPREF_EXISTS"))
_MOST_REPEATS = 2
"""Of unbounded length, none of them in another: what they cost grows with a power of the text."""
_FEW = 64
"""Times that a repeat may go round and still be bounded."""


def safe_pattern(text: str) -> re.Pattern[str]:
    r"""A pattern from a file, compiled. Raises ForeignValueError where it is none, or could take for ever.

    >>> safe_pattern(r"/(?P<key>\d{10})\.html$").pattern
    '/(?P<key>\\d{10})\\.html$'
    >>> safe_pattern(r"(a+)+$")
    Traceback (most recent call last):
    archive.warc.checks.ForeignValueError: a pattern that could take for ever
    """
    if len(text) > LONGEST_WORD:
        raise ForeignValueError("a pattern that is too long")
    try:
        pattern = re.compile(text)
        tree = re._parser.parse(text)  # type: ignore[attr-defined] # the library has no public way to look into a pattern
    except (re.error, RecursionError, OverflowError) as error:
        raise ForeignValueError("a pattern that is none") from error
    if _repeats(tree, within=False) > _MOST_REPEATS:
        raise ForeignValueError("a pattern that could take for ever")
    return pattern


def _repeats(tree: Any, *, within: bool) -> int:
    """How many repeats of a pattern have no bound; more than are allowed where one is in another."""
    number = 0
    for operation, value in tree:
        if str(operation) in _REPEATS:
            least, most, inner = value
            if within and least != most:
                return _MOST_REPEATS + 1
            number += (most > _FEW) + _repeats(inner, within=within or most > 1)
        elif str(operation) in _COSTLY or (within and str(operation) == "BRANCH"):
            return _MOST_REPEATS + 1
        else:
            for part in _parts(value):
                number += _repeats(part, within=within)
    return number


def _parts(value: Any) -> list[Any]:
    """The patterns in an operation's arguments."""
    if type(value).__name__ == "SubPattern":
        return [value]
    return [part for one in value for part in _parts(one)] if isinstance(value, list | tuple) else []
