"""Objects that a page's scripts pass to functions, `$("#p").jpage({perPage: 15, submitParam: {…}})`: their plain values.

Nothing is run. A value that is no text, number or object, such as a function or a sum, is left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any
from urllib.parse import quote, unquote

from pipelines.html.embedded import unescaped

Options = dict[str, Any]
"""Name → text, or another object."""

_MOST_CALLS = 60
_LONGEST = 20_000
"""Characters of an object; longer ones hold data, not options."""
_DEEPEST = 6
"""Objects within objects, and variables within variables."""
_CALL = re.compile(r"(?<![\w$.])(?:([\w$.]{1,60})\s*+)?\(\s*+(?=\{)")
_PIECE = re.compile(
    r"""(?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|(?P<comment>/\*.*?\*/|(?<!:)//[^\n]*)"""
    r"""|(?P<mark>[{}\[\](),:])|(?P<word>[^\s{}\[\](),:"'/]+|/)""",
    re.DOTALL,
)
_STRING = re.compile(r"\"((?:\\.|[^\"\\])*)\"|'((?:\\.|[^'\\])*)'", re.DOTALL)
_WORD = re.compile(r"-?\d+(?:\.\d+)?|true|false")
_NAME = re.compile(r"[A-Za-z_$][\w$]*")
_FUNCTIONS: dict[str, Callable[[str], str]] = {
    "encodeURIComponent": lambda text: quote(text, safe="!~*'()"),
    "encodeURI": lambda text: quote(text, safe="!~*'();,/?:@&=+$#"),
    "decodeURIComponent": unquote,
    "decodeURI": unquote,
    "String": str,
    "Number": str,
    "parseInt": str,
}


def calls(text: str) -> Iterator[tuple[str, Options]]:
    """Name and object of each call that is passed an object first."""
    for call in islice(_CALL.finditer(text), _MOST_CALLS):
        found = read_object(text, call.end())
        if found:
            yield call[1] or "", found


def read_object(text: str, start: int = 0, depth: int = 0) -> Options:
    """The object that begins at `start`; empty where none does, or where it is not whole."""
    pieces = _pieces(text, start)
    return _members(pieces, text, depth) if next(pieces, None) == ("mark", "{") else {}


def _pieces(text: str, start: int) -> Iterator[tuple[str, str]]:
    for found in _PIECE.finditer(text, start, min(len(text), start + _LONGEST)):
        if found.lastgroup and found.lastgroup != "comment":
            yield found.lastgroup, found[0]


def _members(pieces: Iterator[tuple[str, str]], text: str, depth: int) -> Options:
    """What stands up to the object's closing brace; empty where it is not closed or lies too deep."""
    found: Options = {}
    name: str | None = None
    value: list[Any] = []
    for kind, piece in pieces if depth < _DEEPEST else ():
        if kind == "mark" and piece in ",}":
            if name is not None and (plain := _value(value, text, depth)) is not None:
                found[name] = plain
            if piece == "}":
                return found
            name, value = None, []
        elif kind == "mark" and piece == ":" and name is None and len(value) == 1:
            name, value = _key(value[0]), []
        elif kind == "mark" and piece == "{":
            value.append(_members(pieces, text, depth + 1))
        elif kind == "mark":
            value.append(_bracketed(pieces))
        else:
            value.append(piece)
    return {}


def _key(piece: Any) -> str:
    written = str(piece)
    return unescaped(written[1:-1]) if written[:1] in "\"'" else written


def _value(pieces: list[Any], text: str, depth: int) -> Any:
    """What a member is set to: one plain value, or a known function of one. None for anything else."""
    if len(pieces) == 1:
        return _plain(pieces[0], text, depth)
    if len(pieces) == 2 and isinstance(pieces[1], list) and pieces[0] in _FUNCTIONS and pieces[1]:
        inside = _plain(pieces[1][0], text, depth)
        return _FUNCTIONS[pieces[0]](inside) if isinstance(inside, str) else None
    return None


def _plain(piece: Any, text: str, depth: int) -> Any:
    """An object, or a piece's text or number; of a variable, what it is set to. None for anything else."""
    if not isinstance(piece, str):
        return piece if isinstance(piece, dict) else None
    if piece[:1] in "\"'":
        return unescaped(piece[1:-1])
    if _WORD.fullmatch(piece):
        return piece
    if piece == "null":
        return ""
    found = re.search(rf"(?<![\w$.]){re.escape(piece)}\s*=(?!=)\s*", text) if _NAME.fullmatch(piece) else None
    if found is None or depth >= _DEEPEST:
        return None
    if text.startswith("{", found.end()):
        return read_object(text, found.end(), depth + 1) or None
    literal = _STRING.match(text, found.end()) or _WORD.match(text, found.end())
    return _plain(literal[0], text, _DEEPEST) if literal else None


def _bracketed(pieces: Iterator[tuple[str, str]]) -> list[Any]:
    """What stands in brackets that are open, up to where they close."""
    depth, found = 1, list[Any]()
    for kind, piece in pieces:
        depth += (piece in "([{") - (piece in ")]}") if kind == "mark" else 0
        if not depth:
            break
        found.append(piece)
    return found
