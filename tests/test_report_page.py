"""The page of one report: what it opens with, its versions and what differs between them, its files, its citation."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape
from unittest.mock import Mock

import pytest

from archive.room.key_figures import cards
from archive.room.report import ReportDetails, figures_in_prose, passages, under_headings
from archive.room.versions import differences
from archive.versions import State
from tests.browsing import browsing, get
from tests.changed_reports import MOMENTS, REPORT_ID, TEXTS, WORD, put_changed

ADDRESS = f"/report/{REPORT_ID}"


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("changed")
    put_changed(folder)
    with browsing(folder) as address:
        yield address


def seen(room: str, path: str, language: str = "zh") -> str:
    status, _, body = get(room + path, Cookie=f"lang={language}")
    assert status == 200, path
    return re.sub(r"\s+", " ", unescape(body.decode()))


def test_figures_come_first_then_the_form_then_the_prose(room: str) -> None:
    page = seen(room, ADDRESS)
    places = [page.index(text) for text in ('class="cards"', 'id="tables"', 'id="text"', 'id="history"', 'id="cite"')]
    assert places == sorted(places)
    assert '<dd class="value">43</dd>' in page


def test_totals_are_set_apart_and_nothing_else(room: str) -> None:
    page = seen(room, ADDRESS)
    assert '<td id="t3-new_received-total" class="total">' in page
    assert page.count('class="total"') == 3


def test_what_a_report_does_not_state_is_no_blank_cell() -> None:
    names = ("granted", "denied", "carried_out", "reviews", "suits", "processed", "report_scope")
    figures = dict.fromkeys(names) | {
        "applications": 7,
        "trusted": ["applications"],
        "table_three": "prose",
        "table_four": "verified",
    }
    assert [card.has_cell for card in cards(figures, {})] == [False, False, False, False, True, True]


def test_a_change_is_told_word_by_word_and_as_figures(room: str) -> None:
    page = seen(room, ADDRESS)
    assert "全年收到申请43件，取得了<del>一定</del><ins>良好</ins>成效。" in page
    assert "<ins>新增一段说明。</ins>" in page
    assert "本年新收政府信息公开申请数量 · 总计 <del>41</del> → <ins>43</ins>" in page
    assert "全年收到申请<del>41</del><ins>43</ins>件，取得了一定成效。" in page


def test_any_two_versions_are_compared(room: str) -> None:
    told = json.loads(get(f"{room}{ADDRESS}/changes.json?from={MOMENTS[0]}&to={MOMENTS[2]}")[2])
    assert told["figures"][0] | {"old": "41", "new": "43"} == told["figures"][0]
    assert len(told["paragraphs"]) == 2
    back = json.loads(get(f"{room}{ADDRESS}/changes.json?from={MOMENTS[2]}&to={MOMENTS[0]}")[2])
    assert (back["figures"][0]["old"], back["figures"][0]["new"]) == ("43", "41")
    page = seen(room, f"{ADDRESS}/changes?from={MOMENTS[0]}&to={MOMENTS[1]}", "en")
    assert "<del>41</del> → <ins>43</ins>" in page
    assert "一定" not in page.partition("<form class")[0] or "<del>一定" not in page
    for moment in MOMENTS[:2]:  # what is compared is cited there
        assert re.search(rf"<pre[^>]*>[^<]*{ADDRESS}/at/{re.escape(moment)}\.[^<]*</pre>", page)
    same = seen(room, f"{ADDRESS}/changes?from={MOMENTS[1]}&to={MOMENTS[1]}", "en")
    assert "The two versions say the same." in same
    for wrong in ("x", "2024-12-31", "2025-01-20x"):
        assert get(f"{room}{ADDRESS}/changes?from={wrong}")[0] == 400


@pytest.mark.parametrize(
    ("moment", "version"),
    [(MOMENTS[0], 0), ("2025-01-20", 0), ("2025-01-31T12:00:00Z", 0), (MOMENTS[1], 1), ("2025-03", 2), ("2031-01-01", 2)],
)  # fmt: skip
def test_a_moment_has_the_version_then_in_force(room: str, moment: str, version: int) -> None:
    assert get(f"{room}{ADDRESS}/at/{moment}.txt")[2].decode() == TEXTS[version]
    told = json.loads(get(f"{room}{ADDRESS}/at/{moment}.json")[2])
    assert told["address"].endswith(f"{ADDRESS}/at/{MOMENTS[version]}")
    page = seen(room, f"{ADDRESS}/at/{moment}")
    assert ("不是最新版本" in page) == (version < 2)
    assert TEXTS[version].split("\n")[1] in page


def test_before_its_first_capture_there_is_no_version(room: str) -> None:
    assert get(f"{room}{ADDRESS}/at/2024-12-31")[0] == 404
    assert get(f"{room}/report/none/at/2025-01-01")[0] == 404


def test_a_citation_names_the_version_its_moment_and_its_hash(room: str) -> None:
    for moment in MOMENTS:
        told = json.loads(get(f"{room}{ADDRESS}/at/{moment}.json")[2])
        sha256, address = told["report"]["sha256"], f"{room}{ADDRESS}/at/{moment}"
        _, headers, ris = get(f"{room}{ADDRESS}/at/{moment}.ris")
        assert headers["content-type"].startswith("application/x-research-info-systems")
        tags = dict(line.split("  - ", 1) for line in ris.decode().rstrip("\r\n").split("\r\n"))
        assert tags["TY"] == "RPRT"
        assert (tags["UR"], tags["A1"]) == (address, "某市人民政府")
        assert sha256 in tags["N1"]
        bibtex = get(f"{room}{ADDRESS}/at/{moment}.bib")[2].decode()
        page = seen(room, f"{ADDRESS}/at/{moment}")
        gbt = re.search(r"<h3>GB/T 7714</h3><pre[^>]*>(.*?)</pre>", page)
        assert gbt
        for citation in (bibtex, gbt[1]):
            assert all(part in citation for part in (address, sha256, moment[:19]))
        assert f'<meta name="citation_public_url" content="{address}">' in page


def test_every_cell_has_an_address(room: str) -> None:
    page = seen(room, ADDRESS)
    href = re.search(r'<td id="(t3-new_received-total)"[^>]*><a tabindex="-1" href="([^"]*)">43</a>', page)
    assert href
    path, _, target = href[2].partition("#")
    assert f'id="{target}"' in seen(room, path)
    assert path == f"{ADDRESS}/at/{MOMENTS[2]}"


def test_a_word_file_opens_as_archived(room: str) -> None:
    page = seen(room, ADDRESS)
    href = re.search(r'href="(/captured/\d+)">打开存档的原文件', page)
    assert href
    status, headers, body = get(room + href[1])
    assert (status, body) == (200, WORD)
    assert headers["content-type"] == "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    assert headers["content-disposition"] == "attachment; filename*=UTF-8''%E5%B9%B4%E6%8A%A5.docx"
    assert headers["content-security-policy"].startswith("sandbox;")
    assert headers["x-content-type-options"] == "nosniff"


def test_a_picture_stands_under_the_heading_that_it_is_named_like() -> None:
    text = passages(
        "一、总体情况\n正文。\n二、主动公开政府信息情况\n三、收到和处理申请情况\n四、主要问题\n五、主要问题的改进",
        fold=False,
    )
    pictures = [{"name": name} for name in ("主动公开政府信息情况", "主要问题", "情况", None, "附图一二")]
    assert under_headings(text, pictures) == {"二、主动公开政府信息情况": [{"name": "主动公开政府信息情况"}]}


def test_a_table_in_words_is_set_apart_where_it_stands_as_a_table() -> None:
    text = "一、总体情况\n今年公开12件。\n信息内容 本年制发件数\n规章 1\n规范性文件 2\n另有说明。\n（一）机构\n某市政府\n2024年1月"
    folded = passages(text, fold=True)
    assert [p.text for passage in folded for p in passage.paragraphs] == text.split("\n")
    assert [[p.text for p in passage.paragraphs] for passage in folded if passage.is_table] == [
        ["信息内容 本年制发件数", "规章 1", "规范性文件 2"]
    ]
    assert len(passages(text, fold=False)) == 1


def state(text: str) -> State:
    return State(fields={}, text=text, statistics=[], attachments=[])


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("甲乙丙丁", "甲乙丁", [[("equal", "甲乙"), ("del", "丙"), ("equal", "丁")]]),
        ("共1,024件", "共1,025件", [[("equal", "共"), ("del", "1,024"), ("ins", "1,025"), ("equal", "件")]]),
        ("一\n二段文字", "二段文字", [[("del", "一")]]),
        ("第一段写的是甲\n第二段写的是乙", "新\n第一段写的是丙\n第二段写的是乙",
         [[("ins", "新")], [("equal", "第一段写的是"), ("del", "甲"), ("ins", "丙")]]),
        ("完全不同的内容", "abc", [[("ins", "abc")], [("del", "完全不同的内容")]]),
        ("同", "同", []),
    ],
)  # fmt: skip
def test_paragraphs_are_compared_by_words(old: str, new: str, told: list[list[tuple[str, str]]]) -> None:
    assert differences(state(old), state(new)).paragraphs == told


def test_long_paragraphs_are_compared_whole() -> None:
    old, new = "长" * 100_000, "长" * 100_000 + "。"
    assert differences(state(old), state(new)).paragraphs == [[("del", old), ("ins", new)]]


def test_figures_of_the_prose_come_in_the_order_of_the_form() -> None:
    def stated(table: int, row: str, origin: str = "narrative") -> dict[str, object]:
        return {"table_no": table, "row_name": row, "column_name": "total", "origin": origin}

    given = [stated(4, "review"), *(stated(3, row) for row in ("a_row_of_another_form", "granted", "new_received"))]
    report = Mock(spec=ReportDetails, checks=[], statistics=[*given, stated(3, "carried_in", "table")])
    found = [one["row_name"] for one in figures_in_prose(report)]
    assert found == ["new_received", "granted", "a_row_of_another_form", "review"]
