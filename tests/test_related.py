"""Reports are related by index, those that were touched and those that they concern: the same as going through all."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any, cast

import pytest

from archive import Reports
from archive.portal_lock import PortalLock
from archive.read_marks import unrelated
from archive.records import Record
from pipelines.ingest.store import Store
from tests.made_reports import made

BODIES = (
    "青溪区人民政府",
    "临川市青溪区人民政府",
    "大临川市青溪区人民政府",
    "财政局",
    "青溪区财政局",
    "临川市青溪区财政局",
    None,
)
PORTALS = {"linchuan": ("990100", "临川市"), "qingxi": ("990102", "青溪区")}


def sentence(seed: int, number: int) -> str:
    return (
        f"第{number}项：全年收到政府信息公开申请{seed * number * 37 % 9973}件，按时办结{seed * number * 17 % 8387}件。"
    )


TEXTS = tuple("".join(sentence(seed, number) for number in range(30)) for seed in (3, 7))
ALIKE = (*TEXTS, TEXTS[0] + "来源：本网。", TEXTS[0][:-40])
"""Two texts, and two that are nearly the first."""


def drawn(lot: random.Random, number: int) -> Record:
    """One of few bodies in one of few years, with one of few texts: pairs of years and copies abound."""
    portal = lot.choice(sorted(PORTALS))
    cells = [
        (3, "carried_in", "total", lot.randrange(3), "件", "", "number", "html"),
        (3, "carried_out", "total", lot.randrange(3), "件", "", "number", "html"),
    ]
    return made(
        f"{portal}-{number}",
        {"report_texts": [(lot.choice(ALIKE),)], "statistics": cells},
        portal=portal,
        issuing_body=lot.choice(BODIES),
        division_code="990102",
        report_year=lot.choice([2020, 2021, 2021, 2022, None]),
    )


def opened(folder: Path) -> tuple[Reports, Store]:
    folder.mkdir()
    reports = Reports(folder)
    for name, (code, division) in PORTALS.items():
        reports.put_portal({"name": name, "division_code": code, "division": division})
    nothing = cast("Any", None)
    return reports, Store(nothing, reports, nothing, lambda *_: None)


@pytest.mark.parametrize("seed", range(6))
def test_what_was_touched_is_related_as_if_all_had_been(tmp_path: Path, seed: int) -> None:
    lot = random.Random(seed)
    reports, store = opened(tmp_path / "by_index")
    kept: dict[str, Record] = {}
    for _ in range(15):
        for _ in range(lot.randrange(1, 5)):
            one = drawn(lot, lot.randrange(14))
            if one.id in kept and lot.random() < 0.3:
                reports.remove(one.id)
                del kept[one.id]
            else:
                reports.put(one)
                store.touched.add(one.id)
                kept[one.id] = one
        store.relate()
        store.touched = type(store.touched)()
    whole, all_of_them = opened(tmp_path / "by_scan")
    for one in kept.values():
        whole.put(one)
    all_of_them.relate(everything=True)
    assert list(reports.dump()) == list(whole.dump())
    links = whole.db.conn.execute("SELECT COUNT(*) FROM reports WHERE same_as IS NOT NULL").fetchone()[0]
    pairs = whole.db.conn.execute("SELECT COUNT(*) FROM figures WHERE previous_report_id IS NOT NULL").fetchone()[0]
    assert links + pairs > 0
    reports.close()
    whole.close()


def test_a_crawl_that_ends_leaves_to_others_what_they_are_still_writing(tmp_path: Path) -> None:
    reports, store = opened(tmp_path / "archive")
    for one in ("linchuan-1", "linchuan-2", "qingxi-1", "www.another-site.gov.cn-1"):
        reports.db.conn.execute(
            "INSERT INTO read_marks (id, capture_id, entries, reader_version, has_report, is_related) VALUES (?, 1, '', '', 1, 0)",
            (one,),
        )
    reports.commit()
    crawling = [PortalLock.take(tmp_path / "archive", name) for name in PORTALS]
    store.relate(crawled="linchuan", with_others=False)
    assert unrelated(reports) == ["qingxi-1", "www.another-site.gov.cn-1"]
    assert unrelated(reports, "qingxi") == ["qingxi-1"]
    store.relate(crawled="linchuan")
    assert unrelated(reports) == ["qingxi-1"]
    for lock in crawling:
        lock.release()
    store.relate()
    assert unrelated(reports) == []
    reports.close()
