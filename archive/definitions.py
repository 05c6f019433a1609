"""definitions.sql: the views by which figures are added up, and the rates of a report."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import NamedTuple


class Rate(NamedTuple):
    """One figure of a report divided by another, as SQL over the columns of `figures`."""

    numerator: str
    denominator: str

    @property
    def sql(self) -> str:
        """The rate; NULL where it has none."""
        return f"CAST({self.numerator} AS REAL) / NULLIF({self.denominator}, 0)"


_TEXT = files("archive").joinpath("definitions.sql").read_text(encoding="utf-8")
_VIEW = re.compile(r"^-- view: (\w+)\n(.*?);$", re.MULTILINE | re.DOTALL)
_FIGURE = re.compile(r"^-- figure: (\w+)\n(?:--[^\n]*\n)*(.*?);$", re.MULTILINE | re.DOTALL)
_RATE = re.compile(r"^-- rate: (\w+)\n(?:--[^\n]*\n)*(.*?)\n/ (.*?);$", re.MULTILINE | re.DOTALL)

VIEWS: dict[str, str] = dict(_VIEW.findall(_TEXT))
"""Name → SELECT, in the order in which they are created."""
FIGURES: dict[str, str] = dict(_FIGURE.findall(_TEXT))
"""Name → SQL of figures that are more than a column."""
RATES = {name: Rate(numerator, denominator) for name, numerator, denominator in _RATE.findall(_TEXT)}
"""By name, as key figures are named."""
