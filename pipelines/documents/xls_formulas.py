"""Formulas of an xls (BIFF8) as text, as far as `formulas` understands them: sums and the four operations."""

from __future__ import annotations

from struct import error, unpack_from

_OPERATIONS = {0x03: "+", 0x04: "-", 0x05: "*", 0x06: "/"}
_SIGNS = {0x12: "+", 0x13: "-"}
_BRACKETS, _ATTRIBUTE, _WHOLE, _NUMBER = 0x15, 0x19, 0x1E, 0x1F
_CELL, _RANGE, _FUNCTION = (0x24, 0x44, 0x64), (0x25, 0x45, 0x65), (0x22, 0x42, 0x62)
_SUM_ATTRIBUTE, _NOTHING = 0x10, frozenset((0x01, 0x40, 0x41))
"""Of an attribute: the sum of what stands before it; a mark that the formula is volatile, and blanks."""
_SUM = 4
"""The number of the function SUM."""
_COLUMN = 0x3FFF


def formula_of(tokens: bytes) -> str:
    """The formula that these tokens are; empty where it holds anything but sums and the four operations.

    >>> formula_of(bytes.fromhex("25 0000 0000 0000 0200 19 10 0000 1e 0500 03"))
    '(SUM(A1:C1)+5)'
    """
    stack: list[str] = []
    at = 0
    try:
        while at < len(tokens):
            at = _step(tokens, at, stack)
            if not at:
                return ""
    except (error, IndexError):
        return ""
    return stack[0] if len(stack) == 1 else ""


def _step(tokens: bytes, at: int, stack: list[str]) -> int:
    """Take one token onto the stack; returns where the next one begins, 0 for one that is not known."""
    token = tokens[at]
    if token in _OPERATIONS:
        last = stack.pop()
        stack[-1] = f"({stack[-1]}{_OPERATIONS[token]}{last})"
        return at + 1
    if token in _SIGNS:
        stack[-1] = f"({_SIGNS[token]}{stack[-1]})"
        return at + 1
    if token == _BRACKETS:
        return at + 1
    if token == _WHOLE:
        stack.append(str(unpack_from("<H", tokens, at + 1)[0]))
        return at + 3
    if token == _NUMBER:
        stack.append(format(unpack_from("<d", tokens, at + 1)[0], "f"))
        return at + 9
    if token in _CELL:
        row, column = unpack_from("<HH", tokens, at + 1)
        stack.append(_place(row, column))
        return at + 5
    if token in _RANGE:
        top, bottom, left, right = unpack_from("<4H", tokens, at + 1)
        stack.append(f"{_place(top, left)}:{_place(bottom, right)}")
        return at + 9
    return _function(tokens, at, stack)


def _function(tokens: bytes, at: int, stack: list[str]) -> int:
    if tokens[at] == _ATTRIBUTE and tokens[at + 1] == _SUM_ATTRIBUTE:
        stack[-1] = f"SUM({stack[-1]})"
        return at + 4
    if tokens[at] == _ATTRIBUTE and tokens[at + 1] in _NOTHING:
        return at + 4
    if tokens[at] in _FUNCTION:
        count, number = unpack_from("<BH", tokens, at + 1)
        if number == _SUM and 0 < count <= len(stack):
            stack[-count:] = [f"SUM({','.join(stack[-count:])})"]
            return at + 4
    return 0


def _place(row: int, column: int) -> str:
    letters, number = "", (column & _COLUMN) + 1
    while number:
        number, letter = divmod(number - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return f"{letters}{row + 1}"
