"""definitions.sql: the views by which figures are added up, the key figures with their sources, and the rates of a report."""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib.resources import files
from typing import NamedTuple


class Derived(NamedTuple):
    """A figure of a report that is more than a column of `figures`, as SQL over these."""

    sql: str
    source: str


class Term(NamedTuple):
    """A figure in the numerator or denominator of a rate."""

    name: str
    is_taken_off: bool
    may_be_blank: bool
    """Whether a report may leave it blank to say zero."""


class Rate(NamedTuple):
    """One figure of a report divided by another, as SQL over the columns of `figures`."""

    numerator: str
    denominator: str
    source: str
    over: tuple[Term, ...]
    """The key figures that the numerator adds up; empty where it is made of others, so that no sum has the rate."""
    under: tuple[Term, ...]
    """The same of the denominator."""

    @property
    def stated(self) -> tuple[str, ...]:
        """The key figures that a report has to state for a sum to have the rate; none where no sum has it."""
        every = (*self.over, *self.under) if self.over and self.under else ()
        return tuple(dict.fromkeys(term.name for term in every if not term.may_be_blank))

    @property
    def sql(self) -> str:
        """The rate; NULL where it has none."""
        return f"CAST({self.numerator} AS REAL) / NULLIF({self.denominator}, 0)"


_TEXT = files("archive").joinpath("definitions.sql").read_text(encoding="utf-8")
_KEY_FIGURE = re.compile(r"^-- key figure: (\w+)\n-- (.*)$", re.MULTILINE)
_DERIVED = re.compile(r"^-- derived: (\w+)\n-- (.*)\n((?:.+\n)*?.*);$", re.MULTILINE)
_RATE = re.compile(r"^-- rate: (\w+)\n-- (.*)\n((?:.+\n)*?)/ ((?:.+\n)*?.*);$", re.MULTILINE)
_VIEW = re.compile(r"^-- view: (\w+)\n(.*?);$", re.MULTILINE | re.DOTALL)
_EACH = re.compile(r"^( *)(.*@(figure|derived|rate|summed|stated)\b.*?)(,?)$", re.MULTILINE)

KEY_FIGURES: dict[str, str] = dict(_KEY_FIGURE.findall(_TEXT))
"""Name → where the form has it."""
DERIVED = {name: Derived(sql, source) for name, source, sql in _DERIVED.findall(_TEXT)}


def _with_derived(sql: str) -> str:
    """SQL with what is derived in place of its names."""
    return re.sub(r"@(\w+)", lambda found: f"({DERIVED[found[1]].sql})", sql.strip())


_TERM = re.compile(r"\s*([+-]?)\s*(?:COALESCE\((\w+), 0\)|@all_(\w+)|(\w+))")


def _terms(sql: str) -> tuple[Term, ...]:
    """What SQL adds up; empty where it does more than that, or with others than key figures."""
    if _TERM.sub("", sql.strip()):
        return ()
    found = [Term(blank or derived or name, sign == "-", not name) for sign, blank, derived, name in _TERM.findall(sql)]
    return tuple(found) if all(term.name in KEY_FIGURES for term in found) else ()


def _rate(source: str, over: str, under: str) -> Rate:
    return Rate(_with_derived(over), _with_derived(under), source, _terms(over), _terms(under))


RATES = {name: _rate(*parts) for name, *parts in _RATE.findall(_TEXT)}
"""By name, as key figures are named."""
SUMMED_RATES = {name: rate.stated for name, rate in RATES.items() if rate.stated}
"""Rates that sums have, each with the key figures that a report has to state."""


def stated(rate: str, row: str = "") -> str:
    """Whether a row of figures states all that a rate is made of, as SQL."""
    return f"({' AND '.join(f'{row}{name} IS NOT NULL' for name in SUMMED_RATES[rate])})"


_LINES: dict[str, Iterable[str]] = {
    "figure": KEY_FIGURES,
    "summed": SUMMED_RATES,
    "stated": [f"{stated(name)} AS with_{name}" for name in SUMMED_RATES],
    "derived": [f"{one.sql} AS {name}" for name, one in DERIVED.items()],
    "rate": [f"{rate.sql} AS {name}" for name, rate in RATES.items()],
}


def _each(line: re.Match[str]) -> str:
    """The line once for each of what it stands for, with commas between."""
    indent, words, what, comma = line.groups()
    return ",\n".join(indent + words.replace(f"@{what}", one) for one in _LINES[what]) + comma


VIEWS: dict[str, str] = {name: _EACH.sub(_each, sql) for name, sql in _VIEW.findall(_TEXT)}
"""Name → SELECT, in the order in which they are created."""
