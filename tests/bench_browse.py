"""The reading room on 50,000 reports against 1,000; search against LIKE; the size of the full-text index."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from archive import Captures, Reports
from archive.reports import STATISTIC, search_text
from tests.portals.prose import EFFORTS, PLANS, SHORTCOMINGS, TOPICS

MANY, FEW = 50_000, 1_000
YEARS = range(2016, 2026)
_NAMES = "安宁平和兴隆昌盛清泉石溪云岭望江青松白沙金桥银湖南屏北岸东坪西渡龙潭凤山鹤鸣鹿苑"
_OFFICES = ("人民政府", "人民政府办公室", "发展和改革局", "教育局", "民政局")


def fill(folder: Path, count: int) -> None:
    """An archive of so many invented reports with texts of some 1,500 characters; the figures of a table each."""
    captures, reports = Captures(folder), Reports(folder)
    db = reports.db.conn
    portals = [{"name": f"portal{n}", "title": f"门户{n}", "level": "county"} for n in range(max(1, count // 500))]
    for portal in portals:
        reports.put_portal(portal)
        captures.add_portal(portal)
    for table, columns, rows in (
        (
            "reports",
            "id, url, portal, title, issuing_body, level, body_kind, report_year, published, form, sha256, captured_at, first_captured_at, state, search_id, digest",
            lambda: (row[:16] for row in _rows(count)),
        ),
        ("report_texts", "report_id, text", lambda: ((row[0], row[16]) for row in _rows(count))),
        (
            "report_search",
            "rowid, title, text",
            lambda: ((row[14], search_text(row[3]), search_text(row[16])) for row in _rows(count)),
        ),
        ("statistics", f"report_id, {', '.join(STATISTIC)}", lambda: _statistics(count)),
        ("checks", "report_id, identity, scope, expected, actual, verdict, severity", lambda: _checks(count)),
        (
            "versions",
            "report_id, sha256, captured_at, changed",
            lambda: ((r[0], r[10], r[11], "{}") for r in _rows(count)),
        ),
    ):
        marks = ", ".join("?" * (columns.count(",") + 1))
        db.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", rows())
    db.commit()
    for part in (reports, captures):
        part.close()


def _rows(count: int) -> Iterator[tuple[Any, ...]]:
    for number in range(count):
        draw = random.Random(number)
        year = YEARS[number % len(YEARS)]
        body_number = number // len(YEARS)
        place = "".join(_NAMES[(body_number // 40**power) % len(_NAMES)] for power in range(3)) + "县"
        office = _OFFICES[body_number % len(_OFFICES)]
        portal = f"portal{min(number // 500, max(1, count // 500) - 1)}"
        published = date(year + 1, 1, 5) + timedelta(days=draw.randrange(60))
        captured = f"2026-01-{1 + number % 28:02}T00:00:{number % 60:02}.{number:06}Z"
        text = _text(draw, place + office, year)
        yield (
            f"{portal}-{number}",
            f"http://{portal}.example/{number}.html",
            portal,
            f"{place}{office}{year}年政府信息公开工作年度报告",
            place + office,
            "county",
            "government" if office == "人民政府" else "department",
            year,
            published.isoformat(),
            "cn-2021" if year > 2020 else "cn-2019" if year > 2018 else "narrative",
            f"{number:064x}",
            captured,
            captured,
            "live",
            number + 1,
            "",
            text,
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


def _statistics(count: int) -> Iterator[tuple[Any, ...]]:
    for row in _rows(count):
        draw = random.Random(row[0])
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
            yield (row[0], 3, name, "total", value, "件", str(value), "number", "html")


def _checks(count: int) -> Iterator[tuple[Any, ...]]:
    for number, row in enumerate(_rows(count)):
        for identity in ("T3-A", "T3-B"):
            wrong = number % 97 == 0
            yield (row[0], identity, "total", 5, 6 if wrong else 5, "fails" if wrong else "holds", "suspect_source")
