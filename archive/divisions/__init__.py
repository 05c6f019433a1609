"""Divisions of GB/T 2260 as of a year: codes, names, and which lies in which.

divisions.tsv has a line for each code and name with the years in which they were valid together; tools/divisions.py
makes it. An archive may have a file of that name and form beside its databases, with places that GB/T 2260 lacks: the demo's
are made up. Imports nothing of the project. Next: `pipelines.metadata.agencies` finds the public bodies of these divisions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

_TABLE = files(__name__).joinpath("divisions.tsv")
NAME = "divisions.tsv"
_beside: list[Path] = []
"""The file of the archive that was opened last, where it has one."""
_LONGEST_NAME = 15
"""Characters."""
_DEEPEST = 3
"""Levels of GB/T 2260: province, prefecture, county."""


@dataclass(frozen=True, slots=True)
class Division:
    """A code and a name of GB/T 2260, with the years in which they were valid together."""

    code: str
    """Six digits."""
    name: str
    first: int
    last: int | None
    """None: valid today."""

    def valid(self, year: int | None) -> bool:
        """Whether it was valid in a year; None asks for today's."""
        if year is None:
            return self.last is None
        return self.first <= year and (self.last is None or year <= self.last)


def add_those_of(folder: Path) -> None:
    """Take in the divisions that an archive has of its own, and no other's."""
    own = [folder / NAME] if (folder / NAME).is_file() else []
    if own != _beside:
        _beside[:] = own
        _tables.cache_clear()
        _longest_at.cache_clear()


@lru_cache(maxsize=1)
def _tables() -> tuple[dict[str, list[Division]], dict[str, list[Division]]]:
    """All divisions by name and by code; a name or code may have several, of different years."""
    by_name: dict[str, list[Division]] = {}
    by_code: dict[str, list[Division]] = {}
    lines = "\n".join(table.read_text(encoding="utf-8") for table in (_TABLE, *_beside)).split("\n")
    for line in filter(None, lines):
        code, name, first, last = line.split("\t")
        division = Division(code, name, int(first), int(last) if last else None)
        by_name.setdefault(name, []).append(division)
        by_code.setdefault(code, []).append(division)
    return by_name, by_code


def every_division() -> Iterator[Division]:
    """All of them, of any year, by code."""
    for divisions in _tables()[1].values():
        yield from divisions


def named(name: str) -> list[Division]:
    """Every division of that name, of any year."""
    return _tables()[0].get(name, [])


def division(code: str, year: int | None = None) -> Division | None:
    """The division of a code (its first six digits) as of a year; None where the code was not valid then."""
    return next((d for d in _tables()[1].get(code[:6], ()) if d.valid(year)), None)


def significant_digits(code: str) -> str:
    """The digits that a code shares with the divisions below it: 44 of 440000, 4401 of 440100."""
    return code[:2] if code.endswith("0000") else code[:4] if code.endswith("00") else code


@lru_cache(maxsize=1024)
def _longest_at(name: str, start: int) -> str | None:
    """The longest division's name that begins at this place of a body's name; None where none does."""
    names = _tables()[0]
    for end in range(min(len(name), start + _LONGEST_NAME), start + 1, -1):
        if name[start:end] in names:
            return name[start:end]
    return None


def leading_divisions(name: str) -> list[str]:
    """The divisions that a body's name begins with, the largest first: 广州市番禺区教育局 → 广州市, 番禺区."""
    leading: list[str] = []
    position = 0
    while (division_name := _longest_at(name, position)) is not None and len(leading) < _DEEPEST:
        leading.append(division_name)
        position += len(division_name)
    return leading


def is_below(code: str, above: str) -> bool:
    """Whether a division lies in another, by their codes.

    >>> is_below("440113", "440100"), is_below("440100", "440100")
    (True, False)
    """
    return code != above and code.startswith(significant_digits(above))
