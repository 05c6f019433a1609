"""The known traps of reading reports, those that concern tables and figures. The numbers are stable names."""

from __future__ import annotations

import pytest
from lxml import etree

from archive.forms import rows
from crawler.demo import annex
from crawler.demo.figures import Cell, Cells, cases, table_three, table_two
from crawler.demo.markup import Td, plain_table
from crawler.demo.reports import Synthetic, grid
from pipelines.statistics import read
from pipelines.tables.grid import Grid, grids

BODY = "柳湾区人民政府"


def parsed(markup: str) -> list[Grid]:
    return grids(etree.fromstring(f"<div>{markup}</div>", etree.HTMLParser()))


def table_three_markup(form: str, year: int) -> tuple[list[list[Td]], Cells]:
    cells: Cells = {key: Cell(str(count), count, unit="件") for key, count in table_three(form, BODY, year).items()}
    return grid(form, 3, cells), cells


@pytest.mark.parametrize(
    "text",
    [
        "2018年收到政府信息公开申请20183件。",  # 2018年3件
        "受理信息公开申请201712件。",
        "行政职权29802018年，全区受理信息公开申请共2018件2017",
        "20181120181231，收到信息公开申请20181231件。",
        "我区于201711日至20171231日收到信息公开申请201711件。",
    ],
)
def test_trap_05_lost_characters_run_figures_together(text: str) -> None:
    statistics, _, problems = read([], [text], 2018)
    assert [s for s in statistics if s.value and s.value > 9999] == []
    assert all(problem.kind == "unsure" for problem in problems)


def test_trap_05_a_year_in_front_of_a_count_is_told() -> None:
    statistics, _, problems = read([], ["收到政府信息公开申请201812件。"], 2018)
    assert statistics == []
    assert "201812" in problems[0].message


def test_trap_06_numbers_split_over_spans() -> None:
    printed, cells = table_three_markup("cn-2021", 2023)
    split = plain_table(printed)
    for digits in {cell.raw for cell in cells.values() if len(cell.raw) > 1}:
        split = split.replace(
            f"<td>{digits}</td>", f"<td><p><span>{digits[0]}</span><span lang=EN-US>{digits[1:]}</span></p></td>"
        )
    statistics, _, problems = read(parsed(split), [], 2023)
    assert [s.value for s in statistics] == [cell.value for cell in cells.values()]
    assert problems == []


def test_trap_14_tables_as_pictures_leave_the_prose_and_the_form() -> None:
    report = Synthetic(issuing_body=BODY, report_year=2022, faults=frozenset({"images"}))
    statistics, form, problems = read(parsed(report.html()), report.paragraphs(), 2022)
    assert {s.origin for s in statistics} == {"narrative"}
    assert {(s.row_name, s.column_name) for s in statistics} >= {("new_received", "total"), ("denied_total", "total")}
    assert (form, problems) == ("cn-2021", [])


HALF_A_YEAR = ["2022年上半年", "2022年1-6月", "2022年第三季度", "2022年1月至9月"]


@pytest.mark.parametrize("period", HALF_A_YEAR)
def test_trap_19_statistics_of_part_of_a_year_are_not_the_report_s(period: str) -> None:
    printed, _ = table_three_markup("cn-2021", 2022)
    for heading in (
        [[Td(f"{period}依申请公开情况统计表", colspan=10)], *printed],
        [[Td(period, colspan=10)], *printed],
    ):
        statistics, form, _ = read(parsed(plain_table(heading)), [], 2022)
        assert (statistics, form) == ([], "narrative")


def test_trap_19_an_annex_of_part_of_a_year_or_of_another_year() -> None:
    year = 2016
    cells = annex.cells("fj-2014-stat", BODY, year)
    printed = annex.grid("fj-2014-stat", year, cells)
    half = [[Td(td.text.replace("2016年度", "2016年上半年")) for td in row] for row in printed]
    assert read(parsed(plain_table(half)), [], year)[0] == []
    statistics, _, problems = read(parsed(plain_table(printed)), [], year + 1)
    assert statistics == []
    assert [problem.kind for problem in problems] == ["unsure"]


def test_trap_20_the_cumulative_column_is_kept_as_printed() -> None:
    cells = annex.cells("fj-2014-stat", BODY, 2017)
    cells["disclosed_total", "cumulative"] = Cell("37", 37, unit="条")  # smaller than the year before
    statistics, form, problems = read(parsed(plain_table(annex.grid("fj-2014-stat", 2017, cells))), [], 2017)
    (found,) = [s for s in statistics if (s.row_name, s.column_name) == ("disclosed_total", "cumulative")]
    assert (found.value, found.table_no, form, problems) == (37, 1, "fj-2014-stat", [])


def test_trap_22_word_leftovers_in_labels_and_cells() -> None:
    printed, cells = table_three_markup("cn-2021", 2024)
    junk = plain_table(printed)
    for number in "12345678":
        junk = junk.replace(f">{number}.", f"><!--[if !supportLists]--><span>{number}.</span><!--[endif]--><o:p></o:p>")
    junk = junk.replace("<td>0</td>", "<td><p>0<!-- 9 --><o:p>&nbsp;</o:p></p></td>")
    statistics, _, problems = read(parsed(junk), [], 2024)
    assert [s.value for s in statistics] == [cell.value for cell in cells.values()]
    assert problems == []


def test_the_outcomes_label_printed_twice_where_a_page_ends() -> None:
    """FORM 1.6: 三、本年度办理结果 stands again at the head of the next page, inside the same table."""
    printed, cells = table_three_markup("cn-2019", 2019)
    group = next(index for index, row in enumerate(printed) if row[0].text == "三、本年度办理结果")
    later = next(index for index, row in enumerate(printed) if row[0].text == "（四）无法提供")
    whole = printed[group][0].rowspan
    printed[group][0] = Td("三、本年度办理结果", rowspan=later - group)
    printed[later].insert(0, Td("三、本年度办理结果", rowspan=whole - (later - group)))
    statistics, form, problems = read(parsed(plain_table(printed)), [], 2019)
    assert [s.value for s in statistics] == [cell.value for cell in cells.values()]
    assert (form, problems) == ("cn-2019", [])


def test_a_table_two_of_2021_over_a_table_three_of_2019() -> None:
    """FORM 1.1: the generation is decided for each table; the report goes by the form in force in its year."""
    report = Synthetic(issuing_body=BODY, report_year=2023, kind="hybrid")
    statistics, form, problems = read(parsed(report.html()), [], 2023)
    names = {s.row_name for s in statistics}
    assert "other_handling" in names
    assert "other_other" not in names
    assert {s.column_name for s in statistics if s.table_no == 2} >= {"issued", "in_force"}
    assert (form, problems) == ("cn-2021", [])


def test_the_form_of_2019_in_a_later_year_is_still_that_of_2019() -> None:
    """FORM 1.1: some bodies publish the old form after 2021."""
    three, _ = table_three_markup("cn-2019", 2022)
    two = grid("cn-2019", 2, table_two("cn-2019", BODY, 2022))
    statistics, form, _ = read(parsed(plain_table(two) + plain_table(three)), [], 2022)
    assert len(statistics) == 22 + 7 * len(rows("cn-2019", 3))
    assert form == "cn-2019"


def test_a_footnote_under_table_four_is_no_row() -> None:
    """FORM 1.7: 注：行政复议、行政诉讼数量含上年度结转数量."""
    cells: Cells = {("cases", name): Cell(str(count), count) for name, count in cases(BODY, 2022).items()}
    printed = [*grid("cn-2021", 4, cells), [Td("注：行政复议、行政诉讼数量含上年度结转数量", colspan=15)]]
    statistics, _, problems = read(parsed(plain_table(printed)), [], 2022)
    assert [s.value for s in statistics] == [cell.value for cell in cells.values()]
    assert problems == []


def test_the_first_block_of_table_four_without_its_total_label() -> None:
    """FORM 1.7: no separate 总计 label for the first block."""
    cells: Cells = {("cases", name): Cell(str(count), count) for name, count in cases(BODY, 2022).items()}
    printed = grid("cn-2021", 4, cells)
    printed[1][4] = Td("", rowspan=2)
    statistics, _, problems = read(parsed(plain_table(printed)), [], 2022)
    assert [s.value for s in statistics] == [cell.value for cell in cells.values()]
    assert problems == []


def test_the_header_of_table_three_in_two_rows_of_cells() -> None:
    """商业 over 企业, 科研 over 机构, each in a cell of its own: as one portal's editor saves pasted tables."""
    printed, cells = table_three_markup("cn-2021", 2023)
    torn = {"商业企业", "科研机构"}
    printed[0][0] = Td(printed[0][0].text, rowspan=4, colspan=3)
    printed[1] = [Td(td.text, rowspan=3 if td.rowspan == 2 else 1, colspan=td.colspan) for td in printed[1]]
    lower = [Td(td.text[2:]) for td in printed[2] if td.text in torn]
    printed[2] = [Td(td.text[:2]) if td.text in torn else Td(td.text, rowspan=2) for td in printed[2]]
    printed.insert(3, lower)
    statistics, _, problems = read(parsed(plain_table(printed)), [], 2023)
    assert [s.value for s in statistics] == [cell.value for cell in cells.values()]
    assert problems == []


@pytest.mark.parametrize("blank", [True, False])
def test_groups_of_table_three_as_rows_of_their_own(blank: bool) -> None:
    """（六）其他处理 is then a heading over three rows, not the one row of 2019."""
    printed, cells = table_three_markup("cn-2021", 2023)
    rows_of_one: list[list[Td]] = [[Td("项目"), *(Td(td.text) for td in (printed[1][0], *printed[2], printed[1][2]))]]
    for row in printed[3:]:
        *headings, label = row[:-7]
        rows_of_one += [[Td(h.text), *[Td("")] * 7] if blank else [Td(h.text, colspan=8)] for h in headings]
        rows_of_one.append([Td(label.text), *row[-7:]])
    statistics, form, problems = read(parsed(plain_table(rows_of_one)), [], 2023)
    assert [s.value for s in statistics] == [cell.value for cell in cells.values()]
    assert (form, problems) == ("cn-2021", [])


@pytest.mark.parametrize("form", ["cn-2019", "cn-2021"])
@pytest.mark.parametrize("beside", [True, False])
def test_a_column_left_of_the_labels_of_table_two(form: str, beside: bool) -> None:
    """The articles of the law in a column of their own, spanning their block; or an empty column."""
    cells = table_two(form, BODY, 2022)
    printed: list[list[Td]] = []
    for row in grid(form, 2, cells):
        if not beside:
            printed.append([Td(""), *row])
        elif len(row) == 1:
            block, article = [], row[0].text
            printed_block = len(printed)
        else:
            block.append(row)
            printed[printed_block:] = [[Td(article, rowspan=len(block)), *block[0]], *block[1:]]
    statistics, _, problems = read(parsed(plain_table(printed)), [], 2022)
    assert {(s.row_name, s.column_name): s.value for s in statistics} == {key: c.value for key, c in cells.items()}
    assert problems == []
