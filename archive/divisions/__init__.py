"""Divisions of GB/T 2260 as of a year: codes, names, and which lies in which."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

_TABLE = files(__name__).joinpath("divisions.tsv")
LONGEST_NAME = 15


@dataclass(frozen=True, slots=True)
class Division:
    """A division of GB/T 2260 with the years in which its code and name were valid together."""

    code: str
    name: str
    first: int
    last: int | None

    def valid(self, year: int | None) -> bool:
        """Whether it was valid in a year; None asks for today's."""
        if year is None:
            return self.last is None
        return self.first <= year and (self.last is None or year <= self.last)


@lru_cache(maxsize=1)
def tables() -> tuple[dict[str, list[Division]], dict[str, list[Division]]]:
    by_name: dict[str, list[Division]] = {}
    by_code: dict[str, list[Division]] = {}
    for line in _TABLE.read_text(encoding="utf-8").splitlines():
        code, name, first, last = line.split("\t")
        division = Division(code, name, int(first), int(last) if last else None)
        by_name.setdefault(name, []).append(division)
        by_code.setdefault(code, []).append(division)
    return by_name, by_code


def division(code: str, year: int | None = None) -> Division | None:
    """The division of a code as of a year, None where the code was not valid then."""
    return next((d for d in tables()[1].get(code[:6], ()) if d.valid(year)), None)


def _significant(code: str) -> str:
    """The digits that divisions below a code share with it: 44 of 440000, 4401 of 440100."""
    return code[:2] if code.endswith("0000") else code[:4] if code.endswith("00") else code


def _leading(name: str, start: int) -> str | None:
    """The longest name of a division that stands at a place of a longer name."""
    names = tables()[0]
    for end in range(min(len(name), start + LONGEST_NAME), start + 1, -1):
        if name[start:end] in names:
            return name[start:end]
    return None


def leading_divisions(name: str) -> list[str]:
    """The divisions a body's name begins with, the widest first: 广州市番禺区教育局 → 广州市, 番禺区."""
    found: list[str] = []
    at = 0
    while (next_name := _leading(name, at)) is not None and len(found) < 3:
        found.append(next_name)
        at += len(next_name)
    return found


def is_below(code: str, above: str) -> bool:
    return code != above and code.startswith(_significant(above))
