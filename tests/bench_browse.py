"""The reading room on 50,000 reports against 1,000; search against LIKE; the size of the full-text index."""

from __future__ import annotations

import random
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from archive import Captures, Reports
from archive.records import Record
from archive.room.catalogue import Catalogue
from archive.room.search_terms import parse
from archive.vocabulary import BodyKind, Form, Level, Origin, Severity, Standing, ValueState, Verdict
from crawler.demo.prose import EFFORTS, PLANS, SHORTCOMINGS, TOPICS
from tests.browsing import browsing, get
from tests.made_reports import made

MANY, FEW = 50_000, 1_000
PORTALS = 20
ROUNDS = 12
WORD = "镜湖"
"""A word of two characters that one report in twenty has."""
YEARS = range(2016, 2026)
_NAMES = "安宁平和兴隆昌盛清泉石溪云岭望江青松白沙金桥银湖南屏北岸东坪西渡龙潭凤山鹤鸣鹿苑"
_OFFICES = ("人民政府", "人民政府办公室", "发展和改革局", "教育局", "民政局")


def lines(line: Callable[..., bool]) -> bool:
    """Pages and searches at both sizes, by the same client in one run; the fastest of several rounds each."""
    with tempfile.TemporaryDirectory() as folder:
        few, many = Path(folder) / "few", Path(folder) / "many"
        for archive, count in ((few, FEW), (many, MANY)):
            archive.mkdir()
            fill(archive, count)
        index, text = _sizes(many / "reports.db")
        kept = line("full-text index / UTF-8 of the texts", index / text, "<= 0.70", kept=index <= 0.7 * text)
        searched, scanned = _against_like(many / "reports.db")
        ratio = scanned / searched
        print(f"search for {WORD}, ms: LIKE {scanned * 1e3:.0f}, index {searched * 1e3:.1f}")
        kept &= line("search: LIKE / index, the same reports", ratio, ">= 10.00", kept=ratio >= 10)
        with browsing(few) as small, browsing(many) as large:
            pages = {"home": "/", "report": "/report/portal17-777"}
            pages |= {f"search {word}": f"/search?q={quote(word)}" for word in (WORD, "公开", "查阅点")}
            for name, address in pages.items():
                a, b = _seconds(small + address, large + address)
                goal = 10 if name.startswith("search") else 2
                print(f"{name}, ms: {a * 1e3:.1f} at {FEW:,} reports, {b * 1e3:.1f} at {MANY:,}")
                kept &= line(f"{name}: {MANY:,} reports / {FEW:,}", b / a, f"<= {goal:.2f}", kept=b <= goal * a)
    return kept


def _sizes(path: Path) -> tuple[int, int]:
    db = sqlite3.connect(path)
    index = db.execute("SELECT SUM(pgsize) FROM dbstat WHERE name GLOB 'report_search*'").fetchone()[0]
    text = db.execute("SELECT SUM(LENGTH(CAST(text AS BLOB))) FROM report_texts").fetchone()[0]
    db.close()
    return index, text


def _against_like(path: Path) -> tuple[float, float]:
    """Seconds of a search by the index and by LIKE. Raises where they find different reports."""
    db = sqlite3.connect(path)
    catalogue, query = Catalogue(db), parse(WORD)
    sql = "SELECT id FROM reports JOIN report_texts ON report_id = id WHERE text LIKE :like OR title LIKE :like"

    def by_index() -> set[str]:
        return set(catalogue.ids_in(catalogue.find(db, query) or 0))

    def by_like() -> set[str]:
        return {row[0] for row in db.execute(sql, {"like": f"%{WORD}%"})}

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
    return best[0], best[1]


def _seconds(*addresses: str) -> list[float]:
    """The fastest answer of each address, asked in turns."""
    best = [float("inf")] * len(addresses)
    for _ in range(ROUNDS):
        for number, address in enumerate(addresses):
            start = time.perf_counter()
            status, _, _ = get(address)
            best[number] = min(best[number], time.perf_counter() - start)
            if status != 200:
                raise AssertionError(f"{address}: {status}")
    return best


def fill(folder: Path, count: int) -> None:
    """An archive of so many invented reports with texts of some 1,700 characters; the main figures of a table each."""
    captures, reports = Captures(folder), Reports(folder)
    db = reports.db.conn
    for number in range(PORTALS):
        portal: dict[str, str | None] = {"name": f"portal{number}", "title": f"门户{number}", "level": Level.COUNTY}
        reports.put_portal(portal)
        captures.add_portal(portal)
    db.execute("PRAGMA synchronous = OFF")
    for number, record in enumerate(_records(count), 1):
        reports.put(record)
        if number % 2000 == 0:
            reports.commit()
    for part in (reports, captures):
        part.close()


def _records(count: int) -> Iterator[Record]:
    for number in range(count):
        draw = random.Random(number)
        year = YEARS[number % len(YEARS)]
        body_number = number // len(YEARS)
        place = "".join(_NAMES[(body_number // 40**power) % len(_NAMES)] for power in range(3)) + "县"
        office = _OFFICES[body_number % len(_OFFICES)]
        portal = f"portal{number % PORTALS}"
        published = date(year + 1, 1, 5) + timedelta(days=draw.randrange(60))
        captured = f"2026-01-{1 + number % 28:02}T00:00:{number % 60:02}.{number:06}Z"
        is_wrong = number % 97 == 0
        url = f"http://{portal}.example/{number}.html"
        standing = Standing.INCONSISTENT if is_wrong else Standing.VERIFIED
        yield made(
            f"{portal}-{number}",
            {
                "report_texts": [(_text(draw, place + office, year),)],
                "statistics": list(_statistics(draw)),
                "table_sources": [(3, str(Origin.HTML), url, str(standing))],
                "checks": list(_checks(is_wrong)),
                "versions": [(f"{number:064x}", captured, "{}", None)],
            },
            url=url,
            portal=portal,
            title=f"{place}{office}{year}年政府信息公开工作年度报告",
            issuing_body=place + office,
            level=str(Level.COUNTY),
            body_kind=str(BodyKind.GOVERNMENT if office == "人民政府" else BodyKind.DEPARTMENT),
            report_year=year,
            published=published.isoformat(),
            form=str(Form.NATIONAL_2021 if year > 2020 else Form.NATIONAL_2019 if year > 2018 else Form.NARRATIVE),
            sha256=f"{number:064x}",
            captured_at=captured,
            first_captured_at=captured,
        )


def _text(draw: random.Random, body: str, year: int) -> str:
    lines = [f"根据《中华人民共和国政府信息公开条例》要求，现公布{body}{year}年度报告。"]
    if draw.random() < 0.05:
        lines.append("本年度新增一处镜湖查阅点。")
    for heading in (
        "一、总体情况",
        "二、主动公开政府信息情况",
        "三、收到和处理政府信息公开申请情况",
        "五、存在的主要问题及改进情况",
    ):
        lines.append(heading)
        lines += [
            f"{year}年，{body}以{draw.choice(TOPICS)}等领域为重点，{draw.choice(EFFORTS)}，全年主动公开政府信息"
            f"{draw.randrange(5000)}条，{draw.choice(SHORTCOMINGS)}，下一步将{draw.choice(PLANS)}。"
            for _ in range(5)
        ]
    return "\n".join(lines)


def _statistics(draw: random.Random) -> Iterator[tuple[Any, ...]]:
    granted, carried = draw.randrange(200), draw.randrange(9)
    for name, value in (
        ("carried_in", 0),
        ("carried_out", carried),
        ("denied_third_party_rights", 3),
        ("granted", granted),
        ("new_received", granted + carried + 3),
        ("not_provided_not_held", 0),
        ("partially_granted", 0),
        ("processed_total", granted + 3),
    ):
        yield 3, name, "total", value, "件", str(value), str(ValueState.NUMBER), str(Origin.HTML)


def _checks(is_wrong: bool) -> Iterator[tuple[Any, ...]]:
    verdict = Verdict.FAILS if is_wrong else Verdict.HOLDS
    for identity in ("T3-A", "T3-B"):
        yield identity, "total", 5, 6 if is_wrong else 5, str(verdict), str(Severity.SUSPECT_SOURCE)


if __name__ == "__main__":
    from tests.bench import line

    raise SystemExit(not lines(line))
