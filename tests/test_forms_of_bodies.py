"""Forms that provinces and bodies changed: Fujian's annex before 2014, annexes of no known form, rows that were added."""

from __future__ import annotations

from itertools import pairwise

import pytest

from archive.model import Statistic
from archive.room.form_layout import lay_out
from crawler.demo import annex
from crawler.demo.markup import Td, plain_table
from crawler.demo.reports import Synthetic
from pipelines.statistics import provenance, read
from tests.articles import html, report
from tests.test_statistics import parsed, printed

BODY = "青川区人民政府"


def standing(statistics: list[Statistic]) -> dict[int, str]:
    return {one.table_no: one.standing for one in provenance.assess_sources("u", statistics, [])[0]}


def fujian(*rows: tuple[str, str, str], year: int = 2011) -> str:
    """Fujian's annex before 2014 as bodies print it, with or without units, rows given as label, year, sum."""
    lines = [
        ["指 标 名 称", "计量单位", f"{year}年度", "历年累计"],
        *([label, "条", one, total] for label, one, total in rows),
    ]
    return plain_table([[Td(text) for text in line] for line in lines])


OLD = (
    ("主动公开信息数", "812", "2905"),
    ("其中：1.政府网站", "790", "2800"),
    ("2.政府公报", "22", "105"),
    ("受理依申请公开信息总数", "9", "14"),
    ("其中：1.当面申请数", "5", "8"),
    ("2.传真申请数", "0", "0"),
    ("3.电子邮件申请数", "1", "1"),
    ("4.网上申请数", "3", "4"),
    ("5.信函申请数", "0", "1"),
    ("6.其他形式申请数", "0", "0"),
    ("本年度对申请的答复总数", "8", "13"),
    ("其中：1.同意公开答复数", "6", "9"),
    ("2.同意部分公开答复数", "1", "1"),
    ("3.否决公开答复总数", "1", "3"),
    ("行政复议数", "1", "1"),
    ("行政诉讼数", "0", "0"),
    ("行政申诉数", "0", "2"),
)
SHORTER = tuple(
    (label.removeprefix("本年度").replace("政府网站", "网站公开").replace("其他", "其它"), one, "")
    for label, one, _ in OLD
)


@pytest.mark.parametrize("rows", [OLD, SHORTER])
def test_fujian_s_annex_before_2014(rows: tuple[tuple[str, str, str], ...]) -> None:
    statistics, form, problems = read(parsed(fujian(*rows)), [], 2011)
    assert (form, problems) == ("fj-2009-stat", [])
    assert standing(statistics) == {1: "verified"}
    found = {(s.row_name, s.column_name): s.value for s in statistics}
    assert found["applications_received", "year_value"] == 9
    assert found["replies_total", "year_value"] == 8
    assert found["replied_denied", "year_value"] == 1
    assert found["disclosed_website", "cumulative"] == (2800 if rows is OLD else None)
    assert found["received_other", "year_value"] == 0


def test_forms_with_like_labels_are_told_apart() -> None:
    for form in annex.FORMS:
        year = 2016 if "2014" in form else 2011
        cells = annex.cells(form, BODY, year)
        assert read(parsed(plain_table(annex.grid(form, year, cells))), [], year)[1] == form


@pytest.mark.parametrize("rows", [OLD[3:10], OLD[:2] + OLD[10:15]])
def test_an_annex_with_less_than_half_of_a_form_is_of_no_known_form(rows: tuple[tuple[str, str, str], ...]) -> None:
    statistics, form, problems = read(parsed(fujian(*rows)), [], 2011)
    assert form == "narrative"
    assert len(statistics) == 2 * len(rows), "the rows are known all the same"
    assert "rows not found" in problems[0].message
    assert standing(statistics) == {1: "incomplete"}


@pytest.mark.parametrize("label", ["收到网上咨询数", "7.手机短信申请数"])
@pytest.mark.parametrize("place", [4, len(OLD)])
def test_a_row_added_to_an_annex_is_kept_with_its_label(label: str, place: int) -> None:
    rows = (*OLD[:place], (label, "40", "77"), *OLD[place:])
    statistics, form, problems = read(parsed(fujian(*rows)), [], 2011)
    assert (form, problems) == ("fj-2009-stat", [])
    added = {
        s.row_name: s.value for s in statistics if s.row_name.startswith("other:") and s.column_name == "year_value"
    }
    assert added == {"other:" + label.removeprefix("7."): 40}
    assert standing(statistics) == {1: "verified"}


def with_row(table: list[list[Td]], label: str, texts: list[str], before: str) -> list[list[Td]]:
    """A table with a row more, above that of a label."""
    place = next(i for i, row in enumerate(table) if any(before in td.text for td in row))
    return [*table[:place], [Td(label), *map(Td, texts)], *table[place:]]


def test_a_row_added_to_table_two_is_kept_with_its_label() -> None:
    table, wanted = printed("cn-2021")[2]
    changed = with_row(table, "其他主动公开文件", ["4", "1", "30"], before="第二十条第（五）项")
    statistics, form, problems = read(parsed(plain_table(changed)), [], 2022)
    assert (form, problems) == ("cn-2021", [])
    added = {s.column_name: s.value for s in statistics if s.row_name == "other:其他主动公开文件"}
    assert added == {"issued": 4, "abolished": 1, "in_force": 30}
    assert len(statistics) == len(wanted) + 3
    (shown,) = lay_out([_row(s) for s in statistics], [])
    assert [(line.title[0], line.cells[0].raw) for line in shown.blocks[-1].lines if line.cells[0]] == [
        ("其他主动公开文件", "4")
    ]


def _row(s: Statistic) -> dict[str, object]:
    return {
        "table_no": s.table_no,
        "row_name": s.row_name,
        "column_name": s.column_name,
        "origin": s.origin,
        "raw": s.raw,
        "value_state": s.value_state,
        "value": s.value,
    }


@pytest.mark.parametrize("count", ["0", "3"])
def test_an_outcome_added_to_table_three_makes_no_identity_fail(count: str) -> None:
    table, _ = printed("cn-2021")[3]
    changed = with_row(table, "6.属于工作秘密", [count, *["0"] * 5, count], before="（四）无法提供")
    statistics, _, problems = read(parsed(plain_table(changed)), [], 2022)
    assert problems == []
    assert [s.value for s in statistics if s.row_name == "other:属于工作秘密"] == [
        int(count),
        0,
        0,
        0,
        0,
        0,
        int(count),
    ]
    assert standing(statistics)[3] == "verified"


def test_an_unknown_row_in_place_of_one_of_the_form_stays_a_doubt() -> None:
    table, _ = printed("cn-2021")[3]
    changed = [
        [Td("甲乙丙丁") if "重复申请" in td.text else td for td in row] for row in table
    ]  # fmt: skip
    statistics, _, problems = read(parsed(plain_table(changed)), [], 2022)
    assert not [s for s in statistics if s.row_name.startswith("other:")]
    assert any("rows not found" in problem.message for problem in problems)


def test_an_annex_beside_the_tables_of_2019() -> None:
    year = 2019
    made = Synthetic(issuing_body=BODY, report_year=year, kind="cn-2019")
    old = annex.grid("cn-2014-stat", year, annex.cells("cn-2014-stat", BODY, year))
    found = report(html(f'<div id="zoom">{made.html()}{plain_table(old)}</div>', title=made.title))
    assert found.form == "cn-2019"
    assert {one.table_no: one.standing for one in found.table_sources} == dict.fromkeys((1, 2, 3, 4), "verified")


@pytest.mark.parametrize(
    ("form", "cuts"), [("dx-2010-stat", (9, 31)), ("fj-2009-stat", (3, 14)), ("cn-2014-stat", (20,))]
)
def test_an_annex_may_be_printed_in_parts(form: str, cuts: tuple[int, ...]) -> None:
    year = 2016 if "2014" in form else 2011
    cells = annex.cells(form, BODY, year)
    heading, *lines = annex.grid(form, year, cells)
    parts = [[heading, *lines[first:last]] for first, last in pairwise((0, *cuts, len(lines)))]
    statistics, found, problems = read(parsed("".join(map(plain_table, parts))), [], year)
    assert (found, problems) == (form, [])
    assert {(s.row_name, s.column_name): s.value for s in statistics} == {
        key: cell.value for key, cell in cells.items()
    }


def test_a_table_of_something_else_is_no_part_of_an_annex() -> None:
    budget = [
        ["指标名称", "计量单位", "2011年度"],
        ["财政收入", "万元", "900"],
        ["财政支出", "万元", "870"],
        ["债务余额", "万元", "3"],
    ]
    other = plain_table([[Td(text) for text in line] for line in budget])
    statistics, form, problems = read(parsed(fujian(*OLD) + other), [], 2011)
    assert (form, problems) == ("fj-2009-stat", [])
    assert not [s for s in statistics if s.row_name.startswith("other:")]


def test_an_annex_printed_twice_unlike_is_refused() -> None:
    changed = tuple((label, "99" if label == "行政复议数" else one, total) for label, one, total in OLD)
    statistics, _, problems = read(parsed(fujian(*OLD) + fujian(*changed)), [], 2011)
    assert statistics == []
    assert "printed 2 times" in problems[0].message
