"""Invented figures for a report, as the national forms want them: all identities hold unless a fault is asked for.

Everything is a function of the body and the year, so that what one year carries over the next one carries in (X-A),
documents in force follow from those issued and abolished (X-B), and items from last year's items (X-C).
"""

from __future__ import annotations

import functools
import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from archive.forms import LABELS
from archive.model import Statistic
from archive.vocabulary import Origin, ValueState

COLUMNS = (
    "natural_person",
    "commercial_enterprise",
    "research_institution",
    "public_welfare_org",
    "legal_service_org",
    "other_org",
)
WEIGHTS = {"granted": 30, "partially_granted": 8, "not_provided_not_held": 20, "denied_internal_affairs": 6}
"""How often an outcome is drawn; every other outcome has weight 2."""

BLOCKS = ("review", "suit_direct", "suit_after_review")
RESULTS = ("maintained", "corrected", "other", "pending")


@functools.cache
def labels() -> dict[str, Any]:
    """The forms as `archive/forms/labels.json` describes them."""
    forms: dict[str, Any] = LABELS["forms"]
    return forms


def table(form: str, number: int) -> dict[str, Any]:
    """One table of a form: groups, rows and columns."""
    described: dict[str, Any] = labels()[form]["tables"][str(number)]
    return described


def draw(*key: object) -> random.Random:
    """A generator of its own for each subject: the same key gives the same numbers at every start."""
    return random.Random("|".join(str(part) for part in key))


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell as printed, with what must be read from it."""

    raw: str
    value: int | float | None
    state: str = "number"
    unit: str | None = None


BLANK = Cell("", None, "blank")
SLASH = Cell("/", None, "slash")
DASH = Cell("-", None, "dash")

Cells = dict[tuple[str, str], Cell]
"""The cells of one table by row name and column name, in printed order."""


# What one body counts in one year


def scale(body: str) -> int:
    """The most applications a body may get in a year: governments many, bureaus some, streets few."""
    if body.endswith("人民政府") and not body.endswith(("镇人民政府", "乡人民政府")):
        return 240
    return 60 if body.endswith(("局", "办公室", "委员会")) else 15


def carried_out(body: str, year: int) -> dict[str, int]:
    """Applications carried over to the next year, by kind of applicant."""
    random_ = draw("carried", body, year)
    most = max(1, scale(body) // 10)
    return {name: random_.randint(0, most) if not i else random_.randint(0, 3) // 3 for i, name in enumerate(COLUMNS)}


def received(body: str, year: int) -> dict[str, int]:
    """Applications received, by kind of applicant; never fewer than are carried over, so that outcomes stay >= 0."""
    random_ = draw("received", body, year)
    most = scale(body)
    counts = {name: random_.randint(1, most if not i else max(1, most // 12)) for i, name in enumerate(COLUMNS)}
    carried = carried_out(body, year)
    quiet = random_.random() < 0.15 and not any(carried.values())
    return {name: 0 if quiet else max(counts[name] - 1, carried[name]) for name in COLUMNS}


def outcomes(body: str, year: int, rows: Iterable[str]) -> dict[str, Counter[str]]:
    """How the applications to be dealt with in the year ended: column -> row -> count, over the given rows."""
    names = list(rows)
    weights = [WEIGHTS.get(name, 2) for name in names]
    new, before, after = received(body, year), carried_out(body, year - 1), carried_out(body, year)
    random_ = draw("outcomes", body, year)
    return {
        name: Counter(random_.choices(names, weights, k=new[name] + before[name] - after[name])) for name in COLUMNS
    }


def cases(body: str, year: int) -> dict[str, int]:
    """Reviews and suits: table four, column -> count."""
    random_ = draw("cases", body, year)
    most = max(1, scale(body) // 30)
    counts: dict[str, int] = {}
    for block in BLOCKS:
        for result in RESULTS:
            counts[f"{block}_{result}"] = random_.randint(0, most)
        counts[f"{block}_total"] = sum(counts[f"{block}_{result}"] for result in RESULTS)
    return counts


@functools.lru_cache(maxsize=4096)
def _issued(row: str, body: str, year: int) -> tuple[int, int]:
    random_ = draw("documents", row, body, year)
    most = (4 if body.endswith("人民政府") else 0) if row == "regulations" else 12
    return random_.randint(0, most), random_.randint(0, most // 2)


def _in_force(row: str, body: str, year: int) -> int:
    start = 0 if row == "regulations" and not body.endswith("人民政府") else 60
    so_far = (_issued(row, body, y) for y in range(2000, year + 1))
    return start + sum(issued - abolished for issued, abolished in so_far)


def _items(row: str, body: str, year: int) -> tuple[int, int]:
    """Items of last year and their change this year."""
    start = draw("items", row, body).randint(20, 90)
    changes = [draw("change", row, body, y).randint(-3, 5) for y in range(2007, year + 1)]
    return start + sum(changes[:-1]), changes[-1]


# The tables


def table_two(form: str, body: str, year: int) -> Cells:
    """Table two: what was published on its own initiative."""
    cells: Cells = {}
    for row in table(form, 2)["rows"]:
        name, unit = row["name"], row["unit"]
        random_ = draw("two", name, body, year)
        issued, abolished = _issued(name, body, year)
        force = _in_force(name, body, year)
        items, change = _items(name, body, year)
        values: dict[str, int] = {
            "issued": issued,
            "abolished": abolished,
            "in_force": force,
            "newly_made": issued,
            "newly_disclosed": issued,
            "total_disclosed": force,
            "items_prev_year": items,
            "items_change": change,
            "decisions": random_.choice((0, random_.randint(1, 99), random_.randint(100, 4999))),
            "projects": random_.randint(1, 20),
        }
        for column in row["columns"]:
            if column != "amount":
                raw = f"{values[column]:+d}" if column == "items_change" and values[column] else str(values[column])
                cells[name, column] = Cell(raw, values[column], unit=unit)
            elif name == "centralized_procurement":
                yuan = random_.randint(100_000, 90_000_000)
                cells[name, column] = Cell(f"{yuan}元", yuan, unit="元")
            else:
                amount = random_.choice((0, round(random_.uniform(0.5, 900), 2), round(random_.uniform(0.5, 900), 6)))
                cells[name, column] = Cell(str(amount), amount, unit=unit)
    return cells


def table_three(form: str, body: str, year: int) -> dict[tuple[str, str], int]:
    """Table three: applications and their outcomes, row name and column name -> count."""
    rows = [row["name"] for row in table(form, 3)["rows"]]
    ended = outcomes(body, year, (name for name in rows if name not in {*rows[:2], *rows[-2:]}))
    new, before, after = received(body, year), carried_out(body, year - 1), carried_out(body, year)
    counts: dict[tuple[str, str], int] = {}
    for row in rows:
        for column in COLUMNS:
            counts[row, column] = {
                "new_received": new[column],
                "carried_in": before[column],
                "processed_total": ended[column].total(),
                "carried_out": after[column],
            }.get(row, ended[column][row])
        counts[row, "total"] = sum(counts[row, column] for column in COLUMNS)
    return counts


def statistics(number: int, cells: Cells, origin: str = "html") -> list[Statistic]:
    """What must be read from a table, cell by cell."""
    return [
        Statistic(
            table_no=number,
            row_name=row,
            column_name=column,
            value=cell.value,
            unit=cell.unit,
            raw=cell.raw,
            value_state=ValueState(cell.state),
            origin=Origin(origin),
        )
        for (row, column), cell in cells.items()
    ]
