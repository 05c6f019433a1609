"""Search against a scan of every text: the same reports, whatever the string."""

from __future__ import annotations

import random
import sqlite3

import pytest

from archive import Reports
from archive.reports import search_text
from archive.room.search import Catalogue, condition, escape_fts, plan, search

TEXTS = {
    "a": (
        "临川市2021年政府信息公开工作年度报告",
        "一、总体情况\n收到行政复议12件，行政诉讼3件。WTO事务WTO2办理。\n规章 0 0 0\n行政规范性文件 12 5 125",
    ),
    "b": ("白海市报告", "复，议。复 议、复\n议 2021 年；12021年度；20212 A1B2c3 naïve café 公開，公‘开’"),
    "c": ("复议", "经复议后起诉5件。wto 与 Wto，“三安全一稳定”。https://a.example/x?y=1&z=2 100%"),
    "d": ("〇一二年报告", "㐀𠀀字䷀䷁公䷀开 １２３件 ①②③ [复议] {行政} ~!@#$%^&*()_+ \"引号\" '单' 公开公开公开"),
    "e": ("", "公\ue000开 行 政 复 议 éa 开ä公 2020年1月5日至2021年1月5日止"),
    "f": ("没有正文的报告", ""),
    "h": ("１23件", "面积100㎡的２3件，第⼀般，一般；临川市２０２１年"),
    "g": ("长文", "复议" * 2000 + "末尾"),
}
PICKED = (
    "复议", "复", "议", "公开", "2021", "2021年", "021年", "年2021", "202", "WTO", "wto", "TO", "WTO2", "T", "，", "。", "复，议", "复 议", "议。",
    "，行政", "12", "0 0", "0 0 0", "件，", "三安全", "“三安全", "café", "é", "ä公", "开ä公", "1&z", "100%", "𠀀", "㐀𠀀", "１２", "①②", "[复议]", "行政}", "\"引号", "公\ue000开",
    "２3件", "3件", "市２０２１", "㎡的", "0㎡", "00m", "⼀般", "一般", "第⼀般",
    "公开公开", "䷀䷁", "公䷀开", "开公", "年度报告", "市2021", "末尾", "议末", "不存在的词", "'", "*", "AND", "NEAR(", "\\", "%", "_", "报告", "1", "年1月5日至2",
)  # fmt: skip


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> sqlite3.Connection:
    folder = tmp_path_factory.mktemp("archive")
    reports = Reports(folder)
    reports.put_portal({"name": "p"})
    for number, (name, (title, text)) in enumerate(TEXTS.items(), 1):
        reports.db.conn.execute(
            "INSERT INTO reports (id, url, portal, title, state, search_id, digest) VALUES (?, ?, 'p', ?, 'live', ?, '')",
            (name, f"http://p.example/{name}", title, number),
        )
        reports.db.conn.execute("INSERT INTO report_texts VALUES (?, ?)", (name, text))
        reports.db.conn.execute(
            "INSERT INTO report_search (rowid, title, text) VALUES (?, ?, ?)",
            (number, search_text(title), search_text(text)),
        )
    reports.close()
    return sqlite3.connect(f"file:{folder / 'reports.db'}?mode=ro", uri=True, check_same_thread=False)


def scan(query: str) -> set[str]:
    return {name for name, (title, text) in TEXTS.items() if query in title or query in text}


def found(db: sqlite3.Connection, query: str) -> set[str]:
    result = search(db, Catalogue(db), query, {})
    assert result is not None
    assert result.total == len(result.hits)
    return {hit.row["id"] for hit in result.hits}


@pytest.mark.parametrize("query", PICKED)
def test_picked_strings_are_found_as_by_a_scan(db: sqlite3.Connection, query: str) -> None:
    assert found(db, query) == scan(query)
    where, values = condition(query)
    assert {row[0] for row in db.execute(f"SELECT id FROM reports WHERE {where}", values)} == scan(query)


def test_every_piece_of_the_texts_is_found_as_by_a_scan(db: sqlite3.Connection) -> None:
    draw = random.Random(7)
    for _ in range(600):
        source = draw.choice([text for pair in TEXTS.values() for text in pair if text])
        start = draw.randrange(len(source))
        query = source[start : start + draw.randint(1, 8)]
        assert found(db, query) == scan(query), repr(query)


@pytest.mark.parametrize("query", [q for q in PICKED if plan(q).exact])
def test_the_index_alone_finds_strings_of_han_characters(db: sqlite3.Connection, query: str) -> None:
    sql = "SELECT id FROM reports WHERE search_id IN (SELECT rowid FROM report_search WHERE report_search MATCH ?)"
    assert {row[0] for row in db.execute(sql, (escape_fts(query),))} == scan(query)


@pytest.mark.parametrize("query", [*PICKED, "", '"', 'a"b', "复\0议"])
def test_escape_fts_makes_a_query_of_anything(db: sqlite3.Connection, query: str) -> None:
    db.execute("SELECT rowid FROM report_search WHERE report_search MATCH ?", (escape_fts(query),)).fetchall()


def test_snippets_show_the_hit_and_what_is_around_it(db: sqlite3.Connection) -> None:
    result = search(db, Catalogue(db), "复议", {})
    assert result is not None
    by_id = {hit.row["id"]: hit.snippets for hit in result.hits}
    assert by_id["a"][0][:2] == ("一、总体情况\n收到行政", "复议")
    assert len(by_id["g"]) == 3
    assert all(len(before) + len(after) < 80 for parts in by_id.values() for before, _, after in parts)


def test_facets_count_what_is_found_and_narrow_it(db: sqlite3.Connection) -> None:
    result = search(db, Catalogue(db), "复议", {"verdict": "not_assessable"})
    assert result is not None
    assert result.facets["portal"] == [("p", len(scan("复议")))]
    assert result.facets["year"] == [("-", len(scan("复议")))]
    none = search(db, Catalogue(db), "复议", {"year": "2021"})
    assert none is not None
    assert none.total == 0


def test_an_old_catalogue_is_noticed(db: sqlite3.Connection) -> None:
    old = Catalogue(db)
    old._known = old._known - {1}
    assert search(db, old, "复议", {}) is None
