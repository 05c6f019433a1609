"""Bytes to text: the charset that a body is really written in, whatever is declared.

Declarations are read here and not by w3lib.encoding, which misses some that Chinese portals make: `charset = utf-8` and
single quotes in the header, and metas after the first 4096 bytes.
"""

from __future__ import annotations

import codecs
import re

_CHARSET = re.compile(rb"""charset\s*+=\s*+(?:["']\s*+)?([\w.:-]+)""", re.IGNORECASE)
_SERVER_DEFAULTS = {"iso8859-1", "iso8859-15", "cp1252", "ascii"}
"""Declared by servers that were never configured; no Chinese page is written in them."""
_DECLARED_WITHIN = 8192
"""Bytes in which a meta is looked for."""
_MARKED_WITHIN = 256
"""Bytes in which UTF-16 without a byte order mark shows."""
_FREQUENT = "的一是年，、。"
"""Characters that every Chinese text has: decoded with the wrong charset, it has none of them."""
_FEW_BROKEN = 0.01
"""Broken characters, for each frequent one, that do not refute a charset."""


def decode(body: bytes, content_type: str = "") -> tuple[str, str]:
    """The text and the charset it was written in, as Python names it. Never fails: what cannot be decoded is U+FFFD.

    Valid UTF-8 is UTF-8. Otherwise the header's charset is tried, then the meta's, then utf-8 and gb18030. A declaration
    that the bytes contradict is overridden; a few broken characters do not refute a charset that decodes all others.

    >>> decode("年度报告".encode("gbk"), "text/html; charset=utf-8")
    ('年度报告', 'gb18030')
    """
    if body.startswith(codecs.BOM_UTF8):
        return body[3:].decode("utf-8", "replace"), "utf-8"
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return body.decode("utf-16", "replace"), "utf-16"
    if b"\0" in body[:_MARKED_WITHIN] and (name := _unmarked_utf16(body[:_MARKED_WITHIN])):
        return body.decode(name, "replace"), name
    try:
        # valid UTF-8 of any length is UTF-8, whatever is declared; final=False forgives a body cut within a character
        text, _ = codecs.utf_8_decode(body, "strict", False)
    except UnicodeDecodeError:
        pass
    else:
        return text, "utf-8"
    declared = [*_CHARSET.findall(content_type.encode("ascii", "replace")), *_CHARSET.findall(body[:_DECLARED_WITHIN])]
    if not declared and b"<" in body[:_DECLARED_WITHIN]:
        declared = _CHARSET.findall(body)  # browsers heed a meta after the text too
    tried: list[tuple[float, str, str]] = []
    for name in [*filter(None, map(_codec, declared)), "utf-8", "gb18030"]:
        if any(name == other for _, other, _ in tried):
            continue
        text = body.decode(name, "replace")
        broken = text.count("\ufffd") / (1 + sum(map(text.count, _FREQUENT)) + len(text) / 50)
        if broken < _FEW_BROKEN:
            return text, name
        tried.append((broken, name, text))
    _, name, text = min(tried)
    return text, name


def _unmarked_utf16(start: bytes) -> str | None:
    """UTF-16 without a mark shows by its ASCII characters: every other byte of them is zero, and the bytes between never."""
    for name, zeros, others in (("utf-16-le", start[1::2], start[::2]), ("utf-16-be", start[::2], start[1::2])):
        if 0 not in others and 2 * zeros.count(0) > len(zeros):
            return name
    return None


def _codec(declared: bytes) -> str | None:
    """The Python name of a declared charset in which Chinese can be written; None for all others."""
    try:
        name = codecs.lookup(declared.decode("ascii", "replace")).name
        "".encode(name)
    except (LookupError, TypeError, ValueError):
        return None
    if name in _SERVER_DEFAULTS or not name.startswith(("utf", "gb", "hz", "big5", "cp950")):
        return None
    return "gb18030" if name.startswith("gb") else name
