"""The reading room on 100,000 reports against 1,000: its pages, its first visits, its search; the size of the full-text index.

Each visit of a page of all is to another year or another word, so that what the server keeps hides nothing.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Sequence
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from urllib.parse import quote

from archive.room.catalogue import Catalogue
from archive.room.questions import QUESTIONS
from archive.room.search_terms import parse
from crawler.demo.prose import TOPICS
from tests.bench_archive import archive
from tests.bench_figures import YEARS
from tests.browsing import browsing, cpu_ms, get, server_id

FEW, MANY = 1_000, 100_000
VISITS, ROUNDS = 8, 3
"""Visits of a page in a row, of which the median counts, and rounds, of which the least counts at either size."""
WORDS = ("公开", "政府信息", "申请", "教育", "行政复议", "2021", "制度", "平台")
"""Words that many reports have, and a number."""
ONE, ALL = 2, 10
"""How many times as long a page may take on 100,000 reports: of one thing, and of all."""
MOST_MS, FIRST_S = 500, 2
_PAGED = ("grant-rate", "reused-text")
"""Questions whose answer over all years has several pages at every size, so that each visit is to another."""
FIRST = (
    "/",
    "/nation",
    "/map",
    "/rankings",
    "/questions/grant-rate",
    "/questions/missing-years",
    "/bodies",
    "/portals",
)
FIRST_SEARCH = "/search?q=" + quote(WORDS[0])
FIGURES = (
    "applications",
    "denial_rate",
    "granted",
    "backlog_rate",
    "reviews",
    "grant_rate",
    "processed",
    "contested_rate",
)


def lines(line: Callable[..., bool]) -> bool:
    """Pages and searches at both sizes, by the same client in one run."""
    few, many = archive(FEW), archive(MANY)
    index, text = _sizes(many / "reports.db")
    kept = line("full-text index / UTF-8 of the texts", index / text, "<= 0.70", kept=index <= 0.7 * text)
    word, searched, scanned = _against_like(many / "reports.db")
    ratio = scanned / searched
    print(f"search for {word}, ms: LIKE {scanned * 1e3:.0f}, index {searched * 1e3:.1f}")
    kept &= line("search: LIKE / index, the same reports", ratio, ">= 10.00", kept=ratio >= 10)
    slowest = max(_first(many, path) for path in FIRST)
    kept &= line(
        f"first visit of a fresh server at {MANY:,} reports, the slowest, s of CPU",
        slowest,
        f"<= {FIRST_S:.2f}",
        kept=slowest <= FIRST_S,
    )
    first = _first(many, FIRST_SEARCH)
    common = f"first search of a fresh server, a word of all {MANY:,} reports, s of CPU"
    kept &= line(common, first, f"<= {MOST_MS / 1e3:.2f}", kept=first <= MOST_MS / 1e3)
    return kept & _page_lines(line, few, many)


def _page_lines(line: Callable[..., bool], few: Path, many: Path) -> bool:
    worst: dict[int, float] = {ONE: 0, ALL: 0}
    most = 0.0
    for (goal, name), (a, b) in _least(few, many).items():
        worst[goal], most = max(worst[goal], b / a), max(most, b)
        print(f"{name}, ms of CPU: {a:.1f} at {FEW:,} reports, {b:.1f} at {MANY:,}, {b / a:.1f} times")
    kept = True
    for goal, what in ((ONE, "of one thing"), (ALL, "of all")):
        text = f"pages {what}: {MANY:,} reports / {FEW:,}, the most"
        kept &= line(text, worst[goal], f"<= {goal:.2f}", kept=worst[goal] <= goal)
    return kept & line(
        f"the slowest page at {MANY:,} reports, ms of CPU", most, f"<= {MOST_MS:.2f}", kept=most <= MOST_MS
    )


def _least(few: Path, many: Path) -> dict[tuple[int, str], tuple[float, float]]:
    """Goal and name of each page → the least CPU milliseconds of several rounds at either size, each of fresh servers."""
    found: dict[tuple[int, str], tuple[float, float]] = {}
    for _ in range(ROUNDS):
        with browsing(few) as small, browsing(many) as large:
            for goal, pages in ((ONE, _of_one), (ALL, _of_all)):
                of_few, of_many = pages(few), pages(many)
                for name, paths in of_many.items():
                    a, b = _visited(small, of_few[name]), _visited(large, paths)
                    before = found.get((goal, name), (a, b))
                    found[goal, name] = min(a, before[0]), min(b, before[1])
    return found


def _of_one(folder: Path) -> dict[str, Sequence[str]]:
    """A report, its body, its place, its portal, a capture and a version, each several times."""
    db = sqlite3.connect(folder / "reports.db")
    places = "SELECT id FROM places WHERE level = 'county'"
    rows = db.execute(
        f"""SELECT f.report_id, f.issuing_body, f.place_id, f.portal, v.captured_at
        FROM figures f JOIN versions v USING (report_id)
        WHERE f.place_id IN ({places}) AND f.report_year = 2023 ORDER BY f.report_id LIMIT {VISITS}"""
    ).fetchall()
    db.close()
    return {
        "report": [f"/report/{row[0]}" for row in rows],
        "body": [f"/body/{quote(row[1])}" for row in rows],
        "place": [f"/place/{row[2]}" for row in rows],
        "portal": [f"/portal/{row[3]}" for row in rows],
        "version": [f"/report/{row[0]}/at/{row[4]}" for row in rows],
        "capture": [f"/captured/{number}" for number in range(100, 100 + VISITS)],
    }


def _of_all(_: Path) -> dict[str, Sequence[str]]:
    pages = {
        "home": ["/"],
        "search": [f"/search?q={quote(word)}" for word in WORDS],
        "search of nothing": [f"/search?q={quote(word)}没有" for word in WORDS],
        "bodies": [f"/bodies?page={number}" for number in (1, 1)],
        "bodies by name": [f"/bodies?q={quote(word)}" for word in ("教育局", "公安局", "财政局", "民政局")],
        "nation": [f"/nation?year={year}&figure=denial_rate" for year in YEARS],
        "nation by figure": [f"/nation?year=2023&figure={name}" for name in FIGURES],
        "map": [f"/map?year={year}" for year in YEARS],
        "map of a province": [f"/map?place=130000&year={year}" for year in YEARS],
        "rankings": [f"/rankings?year={year}" for year in YEARS],
        "rankings of departments": [f"/rankings?level=all&kind=department&year={year}" for year in YEARS],
        "rankings by figure": [f"/rankings?level=all&kind=department&figure={name}&year=2023" for name in FIGURES],
        "questions": ["/questions"],
        "problems": ["/problems"],
        "portals": [f"/portals?page={number}" for number in (1, 1)],
        "feed": ["/feed.atom"],
        "feed of a search": [f"/search.atom?q={quote(word)}" for word in WORDS],
        "place of a province": ["/place/130000", "/place/140000"],
        "questions over all years": [f"/questions/{name}?year=all&page={n}" for name in _PAGED for n in (1, 2, 3, 4)],
    }
    pages |= {f"question {name}": [f"/questions/{name}?year={year}" for year in YEARS] for name in QUESTIONS}
    return {name: [quote(path, safe="/?=&%") for path in paths] for name, paths in pages.items()}


def _visited(address: str, paths: Sequence[str]) -> float:
    """The CPU milliseconds of the server for a visit, the median: other work of the machine is not counted."""
    process, spent = server_id(address), []
    for path in islice(cycle(paths), VISITS):
        began = cpu_ms(process)
        status, _, _ = get(address + path)
        spent.append(cpu_ms(process) - began)
        if status != 200:
            raise AssertionError(f"{path}: {status}")
    return median(spent)


def _first(folder: Path, path: str) -> float:
    """CPU seconds of a server that has answered nothing, until it answers this."""
    with browsing(folder) as address:
        process = server_id(address)
        began = cpu_ms(process)
        status, _, _ = get(address + path)
        taken = (cpu_ms(process) - began) / 1e3
        if status != 200:
            raise AssertionError(f"{path}: {status}")
    print(f"first visit of {path}: {taken:.2f} s of CPU")
    return taken


def _sizes(path: Path) -> tuple[int, int]:
    db = sqlite3.connect(path)
    index = db.execute(
        "SELECT SUM(pgsize) FROM dbstat WHERE name GLOB 'report_search*' OR name GLOB 'report_breaks*'"
    ).fetchone()[0]
    text = db.execute("SELECT SUM(LENGTH(CAST(text AS BLOB))) FROM report_texts").fetchone()[0]
    db.close()
    return index, text


def _against_like(path: Path) -> tuple[str, float, float]:
    """A word that few reports have, and the seconds of a search for it by the index and by LIKE.

    Raises where they find different reports.
    """
    db = sqlite3.connect(path)
    catalogue = Catalogue(db)
    word = min(TOPICS, key=lambda topic: catalogue.find(db, parse(topic)).bit_count() or MANY)  # type: ignore[union-attr]
    sql = "SELECT search_id FROM reports JOIN report_texts ON report_id = id WHERE text LIKE :like OR title LIKE :like"

    def by_index() -> set[int]:
        catalogue._kept.clear()
        return set(catalogue.in_order(catalogue.find(db, parse(word)) or 0))

    def by_like() -> set[int]:
        return {row[0] for row in db.execute(sql, {"like": f"%{word}%"})}

    found, best = [], []
    for way in (by_index, by_like):
        times = []
        for _ in range(3):
            start = time.perf_counter()
            ids = way()
            times.append(time.perf_counter() - start)
        found.append(ids)
        best.append(min(times))
    db.close()
    if found[0] != found[1] or not found[0]:
        raise AssertionError(f"{len(found[0])} reports by the index, {len(found[1])} by LIKE")
    return word, best[0], best[1]


if __name__ == "__main__":
    from tests.bench import line

    raise SystemExit(not lines(line))
