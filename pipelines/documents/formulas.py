"""Formulas that a program wrote and no office program worked out: sums and the four operations over a sheet's cells."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pipelines.documents.sheet import Slot

_DEEPEST = 50
"""Formulas that refer to one another, and brackets in one another."""
_LARGEST_RANGE = 10_000
"""Cells of one range; a table has 300."""
_NUMBER = re.compile(r"-?\d{1,15}(?:\.\d+)?")
_TOKEN = re.compile(
    r"\s*(?:(?P<range>\$?[A-Z]{1,3}\$?\d{1,7}:\$?[A-Z]{1,3}\$?\d{1,7})|(?P<cell>\$?[A-Z]{1,3}\$?\d{1,7})(?![\w(!.])"
    r"|(?P<number>\d+(?:\.\d+)?)|(?P<sum>SUM\()|(?P<sign>[-+*/(),]))",
    re.IGNORECASE,
)


class _UnknownError(Exception):
    """A formula that is not understood, or whose cells hold no numbers."""


def place_of(reference: str) -> Slot:
    """Row and column of a reference.

    >>> place_of("$C$12")
    (11, 2)
    """
    letters = re.sub(r"[^A-Z]", "", reference.upper())
    column = 0
    for letter in letters:
        column = column * 26 + ord(letter) - ord("A") + 1
    return int(re.sub(r"\D", "", reference)) - 1, column - 1


class Formulas:
    """The formulas of one sheet over its values."""

    def __init__(self, values: Sequence[Sequence[Any]], formulas: Mapping[Slot, str]) -> None:
        self._values = values
        self._formulas = formulas
        self._known: dict[Slot, float | None] = {}
        self._depth = 0

    def value(self, row: int, column: int) -> float | None:
        """What the formula of a cell gives; None where that is not known."""
        place = row, column
        if place not in self._known:
            self._known[place] = None  # a formula that comes back to itself has no value
            self._depth += 1
            try:
                if self._depth <= _DEEPEST:
                    self._known[place] = _Expression(self._formulas[place], self).value()
            except (_UnknownError, ZeroDivisionError, OverflowError):
                pass
            finally:
                self._depth -= 1
        return self._known[place]

    def of_cell(self, place: Slot, *, in_sum: bool) -> float:
        """The number in a cell: a blank counts as 0, and a sum passes text over."""
        row, column = place
        if place in self._formulas:
            value = self.value(row, column)
            if value is None:
                raise _UnknownError
            return value
        found = self._values[row][column] if row < len(self._values) and column < len(self._values[row]) else ""
        if isinstance(found, int | float) and not isinstance(found, bool):
            return found
        if found == "" or in_sum:
            return 0
        if isinstance(found, str) and _NUMBER.fullmatch(found.strip()):  # a number stored as text counts, but in a sum
            return float(found)
        raise _UnknownError


class _Expression:
    """One formula, read from left to right."""

    def __init__(self, formula: str, sheet: Formulas) -> None:
        self._sheet = sheet
        self._tokens = list(_tokens(formula.removeprefix("=")))
        self._at = 0
        self._depth = 0

    def value(self) -> float:
        value = self._sum()
        if self._at < len(self._tokens):
            raise _UnknownError
        return value

    def _next(self) -> tuple[str, str]:
        return self._tokens[self._at] if self._at < len(self._tokens) else ("end", "")

    def _takes(self, *signs: str) -> str:
        name, text = self._next()
        if name == "sign" and text in signs:
            self._at += 1
            return text
        return ""

    def _sum(self) -> float:
        value = self._product()
        while sign := self._takes("+", "-"):
            other = self._product()
            value = value + other if sign == "+" else value - other
        return value

    def _product(self) -> float:
        value = self._operand()
        while sign := self._takes("*", "/"):
            other = self._operand()
            value = value * other if sign == "*" else value / other
        return value

    def _operand(self) -> float:
        if sign := self._takes("+", "-"):
            return self._operand() if sign == "+" else -self._operand()
        name, text = self._next()
        self._at += 1
        if name == "number":
            return float(text)
        if name == "cell":
            return self._sheet.of_cell(place_of(text), in_sum=False)
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _UnknownError
        if name == "sum":
            return self._arguments()
        if name == "sign" and text == "(":
            value = self._sum()
            self._closes()
            return value
        raise _UnknownError

    def _arguments(self) -> float:
        total = 0.0
        while True:
            name, text = self._next()
            if name in ("range", "cell") and self._tokens[self._at + 1 : self._at + 2] in (
                [("sign", ",")],
                [("sign", ")")],
            ):
                self._at += 1
                total += sum(self._sheet.of_cell(place, in_sum=True) for place in _places(text))
            else:
                total += self._sum()
            if not self._takes(","):
                self._closes()
                return total

    def _closes(self) -> None:
        if not self._takes(")"):
            raise _UnknownError


def _tokens(formula: str) -> Iterator[tuple[str, str]]:
    at = 0
    formula = formula.strip()
    while at < len(formula):
        found = _TOKEN.match(formula, at)
        if found is None or found.lastgroup is None:
            raise _UnknownError
        yield found.lastgroup, found[found.lastgroup]
        at = found.end()


def _places(reference: str) -> Iterator[Slot]:
    first, _, last = reference.partition(":")
    (top, left), (bottom, right) = place_of(first), place_of(last or first)
    if (bottom - top + 1) * (right - left + 1) > _LARGEST_RANGE:
        raise _UnknownError
    return ((row, column) for row in range(top, bottom + 1) for column in range(left, right + 1))
