"""How well tables in pictures are read: `python -m tests.score_pictures [FOLDER or PICTURE …]`.

Pictures are called STEM.tN.anything (STEM.t2t3t4.anything for a page of several); STEM.truth.json, beside them or one
folder up, has each table's dense grid and its anchors. Both go through the same interpreter, so what is compared is
what an archive would store. A figure is right, missing (said to be unread) or wrong (another figure is stored). Exit 1
when a target is missed, or a table of which anything is wrong is called verified.
"""

from __future__ import annotations

import json
import re
import resource
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from archive.model import Statistic
from pipelines.documents import PICTURES, Content, read, recognise
from pipelines.errors import DocumentError
from pipelines.statistics.checks import check
from pipelines.statistics.provenance import assess_standing, read_documents
from pipelines.statistics.table_figures import statistics_of
from pipelines.tables.grid import Grid, Slot
from pipelines.tables.national import read_national_tables

SAMPLES = Path(__file__).parents[1].parent / "shared" / "samples" / "img"
TARGETS = {2: 0.95, 3: 0.995, 4: 0.95}
"""Figures read right, of all."""

_NAME = re.compile(r"(?P<stem>.+?)\.(?P<tables>(?:t\d)+)\.")


@dataclass(slots=True)
class Score:
    """One table of one picture."""

    picture: str
    table_no: int
    standing: str
    figures: int = 0
    right: int = 0
    wrong: list[str] = field(default_factory=list)
    """row.column true → read."""
    missing: list[str] = field(default_factory=list)

    @property
    def is_lie(self) -> bool:
        """Called verified, and not what is printed."""
        return self.standing == "verified" and bool(self.wrong or self.missing)


def truth_grid(told: dict[str, Any]) -> Grid:
    """A table as truth files have it: `grid` dense, `anchors` by row with their spans."""
    dense, width = told["grid"], len(told["grid"][0])
    rows = [[Slot(text, False, -1)] * width for text in [""] * len(dense)]
    taken: set[tuple[int, int]] = set()
    for row, anchors in enumerate(told["anchors"]):
        column = 0
        for number, anchor in enumerate(anchors):
            while (row, column) in taken:
                column += 1
            down, across = min(anchor["rowspan"], len(dense) - row), min(anchor["colspan"], width - column)
            for r, c in ((r, c) for r in range(row, row + down) for c in range(column, column + across)):
                taken.add((r, c))
                rows[r][c] = Slot(dense[row][column], (r, c) == (row, column), row * 100 + number)
            column += across
    return Grid(slots=rows, origin="image")


def truth_of(picture: Path) -> dict[int, list[Statistic]]:
    """Table number → its true statistics."""
    named = _NAME.match(picture.name)
    if not named:
        return {}
    places = (folder / f"{named['stem']}.truth.json" for folder in (picture.parent, picture.parent.parent))
    file = next((place for place in places if place.is_file()), None)
    told = json.loads(file.read_text(encoding="utf-8")) if file else {}
    grids = [truth_grid(told[name]) for name in re.findall(r"t\d", named["tables"]) if name in told]
    return {table.table_no: statistics_of(table) for table in read_national_tables(grids)}


def score(picture: Path, content: Content | None) -> Iterator[Score]:
    """A score for each table that a picture shows; content None where it could not be read."""
    attached = read_documents([(picture.name, content)] if content else [], None)
    by_number = {one.table.table_no: one for one in attached}
    for number, wanted in truth_of(picture).items():
        one = by_number.get(number)
        got = statistics_of(one.table) if one and not one.table.refused else []
        told = assess_standing(one.table, check(got), one.confidence) if one else "absent"
        found = Score(picture.name, number, told)
        cells = {(s.row_name, s.column_name): s for s in got}
        for true in wanted:
            place = true.row_name, true.column_name
            seen = cells.pop(place, None)
            what = f"{'.'.join(place)} {true.raw!r} → {seen.raw if seen else None!r}"
            found.figures += true.value is not None
            if seen is not None and (seen.value, seen.value_state) == (true.value, true.value_state):
                found.right += true.value is not None
            elif seen is not None and (seen.value is not None or (true.value is None and seen.value_state != "text")):
                found.wrong.append(what)
            else:
                found.missing.append(what)
        found.wrong += [f"{'.'.join(place)} invented {s.raw!r}" for place, s in cells.items() if s.value is not None]
        yield found


def pictures(places: list[Path]) -> list[Path]:
    """The pictures in these folders and of these names."""
    files = [file for place in places for file in (sorted(place.iterdir()) if place.is_dir() else [place])]
    return [file for file in files if _NAME.match(file.name) and recognise(file.read_bytes()[:64]) in PICTURES]


def main(names: list[str]) -> int:
    """One line per table, then the sums."""
    places = [Path(name) for name in names] or [SAMPLES]
    figures, right, standings = Counter[int](), Counter[int](), Counter[tuple[int, str]]()
    lies, wrong = [], Counter[int]()
    for picture in pictures(places):
        before = resource.getrusage(resource.RUSAGE_SELF)
        body, note = picture.read_bytes(), ""
        try:
            content: Content | None = read(body, recognise(body) or "")
        except DocumentError as error:
            content, note = None, str(error)
        after = resource.getrusage(resource.RUSAGE_SELF)
        seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        for one in score(picture, content):
            figures[one.table_no] += one.figures
            right[one.table_no] += one.right
            wrong[one.table_no] += len(one.wrong)
            standings[one.table_no, one.standing] += 1
            lies += [one] if one.is_lie else []
            print(
                f"{one.picture:48} t{one.table_no} {one.right}/{one.figures} {one.standing:12} {seconds:5.1f} s",
                f"wrong {one.wrong[:4]}" * bool(one.wrong),
                f"missing {len(one.missing)} {one.missing[:2]}" * bool(one.missing),
                note,
                flush=True,
            )
    missed = [number for number in figures if right[number] < TARGETS.get(number, 0) * figures[number]]
    for number in sorted(figures):
        told = ", ".join(
            f"{count} {name}" for (table_no, name), count in sorted(standings.items()) if table_no == number
        )
        print(
            f"table {number}: {right[number]} of {figures[number]} figures, {right[number] / max(1, figures[number]):.2%};",
            f"{wrong[number]} wrong; {told}" + " MISSED" * (number in missed),
        )
    for one in lies:
        print(f"WRONG AND VERIFIED: {one.picture} table {one.table_no}: {one.wrong} {one.missing}")
    return int(bool(missed or lies))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
