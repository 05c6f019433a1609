"""Bytes → text: the charset that a body is really written in, whatever is declared."""

from __future__ import annotations

import codecs
import re

_CHARSET = re.compile(rb"""charset\s*=\s*["']?\s*([\w.:-]+)""", re.IGNORECASE)
_NO_CHARSETS = {"iso8859-1", "iso8859-15", "cp1252", "ascii"}
"""What servers declare without looking: no Chinese page is written in them."""


def decode(body: bytes, content_type: str = "") -> tuple[str, str]:
    """Text and the name of the charset it was written in.

    Order: the header's charset, the meta's, then utf-8 and gb18030 by trial; a declaration that the bytes contradict is
    overridden, and a few broken characters do not refute a charset that reads all others.
    """
    if body.startswith(codecs.BOM_UTF8):
        return body[3:].decode("utf-8", "replace"), "utf-8"
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return body.decode("utf-16", "replace"), "utf-16"
    try:
        # valid UTF-8 of any length is UTF-8, whatever is declared; final=False forgives a body cut within a character
        text, _ = codecs.utf_8_decode(body, "strict", False)
    except UnicodeDecodeError:
        pass
    else:
        return text, "utf-8"
    declared = [*_CHARSET.findall(content_type.encode("ascii", "replace")), *_CHARSET.findall(body[:8192])]
    tried: list[tuple[float, str, str]] = []
    for name in [*filter(None, map(_codec, declared)), "utf-8", "gb18030"]:
        if any(name == other for _, other, _ in tried):
            continue
        text = body.decode(name, "replace")
        broken = text.count("\ufffd") / (1 + sum(map(text.count, "的一是年，、。")) + len(text) / 50)
        if broken < 0.01:
            return text, name
        tried.append((broken, name, text))
    _, name, text = min(tried)
    return text, name


def _codec(declared: bytes) -> str | None:
    try:
        name = codecs.lookup(declared.decode("ascii", "replace")).name
        "".encode(name)
    except (LookupError, TypeError, ValueError):
        return None
    if name in _NO_CHARSETS or not name.startswith(("utf", "gb", "hz", "big5", "cp950")):
        return None
    return "gb18030" if name.startswith("gb") else name
