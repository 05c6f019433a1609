"""Portals as rows of a table: what its columns hold, which rows are wrong and why, and a class for each of the others.

A row is a line of a CSV file. `portals.py` makes spiders of them, `scrapy probe --save` and `scrapy survey` write them.
"""

from __future__ import annotations

import csv
import json
import keyword
import os
import pkgutil
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from scrapy import Selector
from scrapy.settings import BaseSettings
from scrapy.utils.conf import closest_scrapy_cfg

import spiders
from archive.divisions import division
from archive.vocabulary import Level
from crawler.command import nearest
from spiders.platforms.portal import Portal
from spiders.registry import platforms

COLUMNS = ("name", "title", "home", "platform", "division", "level", "listings", "facts", "note")
"""`division` is a code of GB/T 2260; addresses in `listings` are separated by blanks; `facts` is a JSON object."""
OWN = Path(__file__).with_name("portals.csv")
"""The project's own table."""
_NEEDED = COLUMNS[:4]
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_MARK = b"\xef\xbb\xbf"
"""With which spreadsheets begin a file of UTF-8."""
_LONGEST_ROW = 20_000
_LONGEST_PATTERN = 200
"""Characters."""
_MOST_REPEATS = 4
"""Repeats without an upper bound in one pattern: each multiplies what an address that does not fit costs."""
_REPEATS = frozenset({"MAX_REPEAT", "MIN_REPEAT"})


class WrongRowError(ValueError):
    """A row that declares no portal; the message says why."""


@dataclass(frozen=True, slots=True)
class PortalTable:
    """What one file declares."""

    portals: tuple[type[Portal], ...]
    wrong: Mapping[str, str]
    """File and line → why no portal is declared there."""


def is_portal_name(name: str) -> bool:
    """Whether a module and a spider can be called so: lower-case letters, digits and _, a letter first."""
    return _NAME.fullmatch(name) is not None and not keyword.iskeyword(name)


def paths(settings: BaseSettings) -> tuple[Path, ...]:
    """The tables in use: the project's own, and PORTALS or the archive's."""
    beside = Path(settings.get("PORTALS") or Path(settings.get("ARCHIVE", "archive")) / "portals.csv")
    return tuple(dict.fromkeys(path.absolute() for path in (OWN, beside)))


def table_to_write(settings: BaseSettings) -> Path:
    """Where a new portal is written: PORTALS, or the project's own table in a clone, or the archive's."""
    is_clone = bool(closest_scrapy_cfg()) and Path(closest_scrapy_cfg()).parent == OWN.parent.parent
    return paths(settings)[0 if is_clone and not settings.get("PORTALS") else -1]


def read_tables(settings: BaseSettings) -> PortalTable:
    """All portals of the tables in use; of two rows with one name, the first."""
    found: dict[str, type[Portal]] = {}
    wrong: dict[str, str] = {}
    taken = {module.name for module in pkgutil.iter_modules(spiders.__path__)}
    for path in paths(settings):
        if path != OWN and not path.exists() and not settings.get("PORTALS"):
            continue
        stated = path.stat() if path.is_file() else None
        table = _read(path, stated.st_mtime_ns if stated else 0, stated.st_size if stated else 0)
        wrong |= table.wrong
        for portal in table.portals:
            if portal.name in taken:
                wrong[f"{_shown(path)}, portal {portal.name}"] = f"spiders/{portal.name}.py has that name"
            elif portal.name in found:
                wrong[f"{_shown(path)}, portal {portal.name}"] = "an earlier row has that name"
            else:
                found[portal.name] = portal
    return PortalTable(tuple(found.values()), wrong)


@lru_cache(maxsize=8)
def _read(path: Path, _changed: int, _size: int) -> PortalTable:
    """One file; a process that looks again gets the same classes, until the file has changed."""
    made: list[type[Portal]] = []
    wrong: dict[str, str] = {}
    try:
        stored = files(spiders).joinpath(OWN.name) if path == OWN else path  # the project may be an egg
        lines = stored.read_bytes().removeprefix(_MARK).splitlines()
    except OSError as error:
        return PortalTable((), {_shown(path): f"cannot be read ({error.strerror})"})
    columns: list[str] | None = None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            cells = _cells(line)
            if columns is None:
                columns = _columns(cells)
                continue
            made.append(portal_of(_row(columns, cells)))
        except WrongRowError as error:
            wrong[f"{_shown(path)} line {number}"] = str(error)
            if columns is None:
                break
    return PortalTable(tuple(made), wrong)


def _cells(line: bytes) -> list[str]:
    """Line by line, so that a quotation mark too many spoils one row."""
    if len(line) > _LONGEST_ROW:
        raise WrongRowError(f"has more than {_LONGEST_ROW} bytes")
    try:
        return next(csv.reader([line.decode("utf-8")], strict=True))
    except UnicodeDecodeError as error:
        raise WrongRowError("is not UTF-8: save the table as CSV UTF-8") from error
    except csv.Error as error:
        raise WrongRowError(f"is no line of CSV ({error}): a row stands in one line") from error


def _columns(cells: list[str]) -> list[str]:
    columns = [cell.strip() for cell in cells]
    for column in columns:
        if column not in COLUMNS:
            raise WrongRowError(f"there is no column {column!r}{nearest(column, COLUMNS) or '; ' + ', '.join(COLUMNS)}")
    if twice := [column for column, times in Counter(columns).items() if times > 1]:
        raise WrongRowError(f"the heading has {', '.join(twice)} more than once")
    if lacking := [column for column in _NEEDED if column not in columns]:
        raise WrongRowError(f"the heading lacks {', '.join(lacking)}")
    return columns


def _row(columns: list[str], cells: list[str]) -> dict[str, str]:
    if len(cells) > len(columns):
        raise WrongRowError(f"has {len(cells)} cells, its heading {len(columns)}")
    return dict(zip(columns, map(str.strip, cells), strict=False))


def portal_of(row: Mapping[str, str]) -> type[Portal]:
    """The portal that a row declares. Raises WrongRowError."""
    name, title = row.get("name", ""), row.get("title", "")
    if not is_portal_name(name):
        raise WrongRowError(f"{name!r} is no name: use lower-case letters, digits and _, a letter first")
    if not title:
        raise WrongRowError(f"{name} has no title")
    base = platforms().get(row.get("platform", ""))
    if base is None:
        known = sorted(platforms())
        platform = row.get("platform", "")
        raise WrongRowError(
            f"{name}: unknown platform {platform!r}{nearest(platform, known) or '; ' + ', '.join(known)}"
        )
    facts: dict[str, Any] = {
        "name": name,
        "title": title,
        "home": _address(row.get("home", "")),
        "listings": tuple(map(_address, row.get("listings", "").split())),
        "__doc__": f"{title}{' — ' * bool(row.get('note'))}{row.get('note', '')}",
        "__module__": "spiders.portals",
        **_place(row.get("division", ""), row.get("level", "")),
        **_facts(base, row.get("facts", "")),
    }
    return cast("type[Portal]", type(name.title().replace("_", ""), (base,), facts))


def _address(text: str) -> str:
    try:
        parts = urlsplit(text)
        is_address = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address:
        raise WrongRowError(f"{text!r} is no address with http:// or https://")
    return text


def _place(code: str, level: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if code:
        place = division(code) if len(code) == 6 else None
        if place is None:
            raise WrongRowError(f"division {code!r} is no code of archive/divisions/divisions.tsv that is valid today")
        found |= {"division_code": code, "division": place.name}
    if level:
        if level not in set(Level):
            raise WrongRowError(f"unknown level {level!r}; there are {', '.join(Level)}")
        found["level"] = level
    return found


def _facts(base: type[Portal], text: str) -> dict[str, Any]:
    """What a platform wants to know besides, of the kinds in `_FACTS`."""
    try:
        stated = json.loads(text or "{}")
    except ValueError as error:
        raise WrongRowError(f"facts are no JSON object ({error})") from error
    if not isinstance(stated, dict):
        raise WrongRowError("facts are no JSON object")
    found = {}
    for name, value in stated.items():
        known = [fact for fact in _FACTS if hasattr(base, fact)]
        if name not in known:
            suggestion = nearest(name, known) or f"; there are {', '.join(known)}"
            raise WrongRowError(f"{base.platform} has no fact {name!r}{suggestion}")
        found[name] = _FACTS[name](name, value)
    return found


def _pattern(name: str, value: object) -> re.Pattern[str]:
    """A pattern whose cost is bounded: it comes from a table, not from a file that somebody reviewed."""
    if not isinstance(value, str) or len(value) > _LONGEST_PATTERN:
        raise WrongRowError(f"{name} is no pattern of at most {_LONGEST_PATTERN} characters")
    try:
        pattern = re.compile(value)
        unbounded = _unbounded(re._parser.parse(value), is_repeated=False)  # type: ignore[attr-defined]
    except (re.error, RecursionError, OverflowError) as error:
        raise WrongRowError(f"{name} {value!r} is no pattern ({error})") from error
    if unbounded > _MOST_REPEATS:
        raise WrongRowError(
            f"{name} {value!r} may take forever: at most {_MOST_REPEATS} repeats without an upper bound"
        )
    return pattern


def _unbounded(parsed: Any, *, is_repeated: bool) -> int:
    """Repeats without an upper bound in a parsed pattern; one inside another, or around a choice, counts as too many."""
    count = 0
    for operation, argument in parsed:
        name = str(operation)
        if name in _REPEATS:
            least, most, inner = argument
            many = least != most and most > 1
            count += (_MOST_REPEATS + 1 if is_repeated else 1) if many else 0
            count += _unbounded(inner, is_repeated=is_repeated or most > 1)
        elif name == "SUBPATTERN":
            count += _unbounded(argument[-1], is_repeated=is_repeated)
        elif name == "BRANCH":
            count += (_MOST_REPEATS + 1) * is_repeated
            count += sum(_unbounded(branch, is_repeated=is_repeated) for branch in argument[1])
        elif name in {"ASSERT", "ASSERT_NOT"}:
            count += _unbounded(argument[1], is_repeated=is_repeated)
        elif name in {"ATOMIC_GROUP", "POSSESSIVE_REPEAT", "GROUPREF", "GROUPREF_EXISTS"}:
            count += _MOST_REPEATS + 1
    return count


def _addresses(name: str, value: object) -> tuple[str, ...]:
    return tuple(map(_address, _texts(name, value)))


def _texts(name: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
        raise WrongRowError(f"{name} is no list of texts")
    return tuple(value)


def _numbers(name: str, value: object) -> tuple[int, ...]:
    if not isinstance(value, list) or not all(type(one) is int for one in value):
        raise WrongRowError(f"{name} is no list of numbers")
    return tuple(value)


def _truth(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise WrongRowError(f"{name} is neither true nor false")
    return value


def _selector(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise WrongRowError(f"{name} is no CSS selector")
    try:
        Selector(text="<html></html>").css(value)
    except (SyntaxError, RuntimeError, ValueError) as error:
        raise WrongRowError(f"{name} {value!r} is no CSS selector ({error})") from error
    return value


_FACTS: Mapping[str, Callable[[str, object], Any]] = {
    "hosts": _texts,
    "menus": _addresses,
    "menu": _pattern,
    "column": _pattern,
    "document": _pattern,
    "next_page_address": _pattern,
    "categories": _numbers,
    "legacy_tls": _truth,
    "entry_links": _selector,
    "next_page": _selector,
}


def row_of(portal: type[Portal], note: str = "") -> dict[str, str]:
    """The row that declares a portal."""
    facts = {name: _plain(vars(portal)[name]) for name in _FACTS if name in vars(portal)}
    return {
        "name": portal.name,
        "title": portal.title,
        "home": portal.home,
        "platform": portal.platform,
        "division": portal.division_code or "",
        "level": portal.level or "",
        "listings": " ".join(portal.listings),
        "facts": json.dumps(facts, ensure_ascii=False) if facts else "",
        "note": note,
    }


def _plain(value: Any) -> Any:
    return value.pattern if isinstance(value, re.Pattern) else list(value) if isinstance(value, tuple) else value


def write_row(path: Path, row: Mapping[str, str]) -> None:
    """Add a row to a table, or put it in the place of the one with its name. All other lines stay as they are.

    Raises WrongRowError where the row declares no portal, or the table has no usable heading.
    """
    portal_of(row)
    stored = path.read_bytes() if path.exists() else b""
    mark = _MARK if stored.startswith(_MARK) else b""
    end = b"\r\n" if b"\r\n" in stored else b"\n"
    try:
        stored.decode("utf-8")
    except UnicodeDecodeError as error:
        raise WrongRowError(f"{_shown(path)} is not UTF-8: save the table as CSV UTF-8") from error
    lines = stored.removeprefix(mark).splitlines()
    heading = next((number for number, line in enumerate(lines) if line.strip()), None)
    if heading is None:
        lines, heading = [",".join(COLUMNS).encode()], 0
    columns = _columns(_cells(lines[heading]))
    if lost := [name for name, cell in row.items() if cell and name not in columns]:
        raise WrongRowError(f"{_shown(path)} lacks the column {', '.join(lost)}")
    line = _line(row.get(column, "").replace("\n", " ").replace("\r", " ") for column in columns)
    others = range(heading + 1, len(lines))
    at = next((number for number in others if _name_in(columns, lines[number]) == row["name"]), len(lines))
    lines[at : at + 1] = [line.encode()]
    new = path.with_name(path.name + ".new")
    path.parent.mkdir(parents=True, exist_ok=True)
    with new.open("wb") as file:
        file.write(mark + end.join(lines) + end)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def _line(cells: Iterator[str]) -> str:
    return ",".join(f'"{c.replace(chr(34), chr(34) * 2)}"' if re.search('[",]', c) else c for c in cells)


def _name_in(columns: list[str], line: bytes) -> str | None:
    try:
        return _row(columns, _cells(line)).get("name")
    except (WrongRowError, StopIteration):
        return None


def _shown(path: Path) -> str:
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
