"""Statistics from tables: every form, its variants in print, and what must not be taken for it."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable
from dataclasses import replace

import pytest
from lxml import etree

from archive.forms import columns, rows
from archive.model import Statistic
from crawler.demo.figures import Cells, cases, table_three, table_two
from crawler.demo.figures import statistics as truth
from crawler.demo.markup import STYLES, Td, plain_table
from crawler.demo.reports import FAULTS, FORMS, Synthetic, grid
from pipelines.statistics import read
from pipelines.tables.grid import Grid, grids

Table = list[list[Td]]
BODY = "青川区人民政府"
YEARS = {
    "cn-2014-stat": 2016,
    "fj-2009-stat": 2011,
    "fj-2014-stat": 2014,
    "dx-2010-stat": 2011,
    "narrative": 2010,
    "cn-2019": 2020,
    "hybrid": 2023,
}


def parsed(markup: str) -> list[Grid]:
    return grids(etree.fromstring(f"<div>{markup}</div>", etree.HTMLParser()))


def printed(form: str, year: int = 2022) -> dict[int, tuple[Table, list[Statistic]]]:
    """Tables two, three and four of a form: as printed, and what must be read."""
    from crawler.demo.figures import Cell

    counts = table_three(form, BODY, year)
    three: Cells = {key: Cell(str(count), count, unit="件") for key, count in counts.items()}
    four: Cells = {("cases", name): Cell(str(count), count, unit="件") for name, count in cases(BODY, year).items()}
    tables = {2: table_two(form, BODY, year), 3: three, 4: four}
    return {number: (grid(form, number, cells), truth(number, cells)) for number, cells in tables.items()}


def essence(statistics: list[Statistic]) -> list[tuple[object, ...]]:
    """What is compared: all but the unit of an amount that the form leaves open and nobody printed."""
    found = []
    for s in statistics:
        open_unit = s.row_name == "centralized_procurement" and s.value is None
        found.append(
            (
                s.table_no,
                s.row_name,
                s.column_name,
                s.value,
                None if open_unit else s.unit,
                s.raw,
                s.value_state,
                s.origin,
            )
        )
    return found


def is_figure(text: str) -> bool:
    return text.lstrip("+-")[:1].isdigit() and text[-1:] in "0123456789元"


def cells_of(statistics: list[Statistic]) -> list[Statistic]:
    return [statistic for statistic in statistics if statistic.origin != "narrative"]


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(
    ("kind", "fault"),
    [(kind, None) for kind in FORMS] + list(itertools.product(("cn-2019", "cn-2021", "hybrid"), FAULTS)),
)
def test_every_cell_of_a_report_in_its_place(kind: str, fault: str | None, style: str) -> None:
    report = Synthetic(
        issuing_body=BODY,
        report_year=YEARS.get(kind, 2022),
        kind=kind,
        style=style,
        faults=frozenset({fault} if fault else ()),
    )
    statistics, form, problems = read(parsed(report.html()), report.paragraphs(), report.report_year)
    assert essence(cells_of(statistics)) == essence(report.statistics())
    assert form == report.form
    assert problems == []


def test_tables_two_three_and_four_in_one_html_table() -> None:
    tables = printed("cn-2019")
    joined = "".join(plain_table(tables[number][0]) for number in (2, 3, 4))
    markup = joined.replace('</tbody></table>\n<table border="1" cellspacing="0">\n<tbody>', "")
    statistics, form, problems = read(parsed(markup), [], 2020)
    assert markup.count("<table") == 1
    assert essence(statistics) == essence([s for number in (2, 3, 4) for s in tables[number][1]])
    assert (form, problems) == ("cn-2019", [])


@pytest.mark.parametrize("with_header", [True, False])
@pytest.mark.parametrize("at", [8, 14, 20])
def test_a_table_three_printed_in_two_halves(at: int, with_header: bool) -> None:
    table, wanted = printed("cn-2021")[3]
    filled = resolved(table)
    lower = (filled[:3] if with_header else []) + filled[at:]
    statistics, form, problems = read(parsed(plain_table(filled[:at]) + plain_table(lower)), [], 2022)
    assert essence(statistics) == essence(wanted)
    assert (form, problems) == ("cn-2021", [])


def test_a_table_printed_twice_alike_counts_once() -> None:
    table, wanted = printed("cn-2021")[3]
    statistics, _, problems = read(parsed(plain_table(table) * 2), [], 2022)
    assert essence(statistics) == essence(wanted)
    assert problems == []


def test_a_table_printed_twice_with_other_figures_is_refused() -> None:
    first, second = printed("cn-2021")[3][0], printed("cn-2021", 2023)[3][0]
    statistics, _, problems = read(parsed(plain_table(first) + plain_table(second)), [], 2022)
    assert statistics == []
    assert {problem.kind for problem in problems} == {"unsure"}


def test_a_blank_form_beside_the_filled_one_does_not_count() -> None:
    table, wanted = printed("cn-2021")[3]
    blank = [[replace(td, text="") if td.text.isdigit() else td for td in row] for row in table]
    statistics, _, problems = read(parsed(plain_table(blank) + plain_table(table)), [], 2022)
    assert essence(statistics) == essence(wanted)
    assert problems == []


LABEL_VARIANTS: dict[str, Callable[[str], str]] = {
    "blanks between the characters": lambda text: " ".join(text),
    "half width": lambda text: text.translate(str.maketrans("（），：", "(),:")),
    "comma for the enumeration mark": lambda text: text.replace("、行政机关", "，行政机关"),
    "straight quotes": lambda text: text.replace("“", '"').replace("”", '"'),
    "enumeration mark after the number": lambda text: (
        text.replace("1.", "1、").replace("2.", "2、").replace("3.", "3、")
    ),
    "typing errors": lambda text: text.replace("这一情形", "这一情况").replace("内部事务", "内容事务"),
    "lost characters": lambda text: text.replace("行政法规禁止公开", "行政止公开"),
    "shortened": lambda text: text.replace(
        "申请人无正当理由逾期不补正、行政机关不再处理其政府信息公开申请", "逾期不补正"
    ).replace("申请人逾期未按收费通知要求缴纳费用、行政机关不再处理其政府信息公开申请", "逾期不缴费"),
    "其他 without 处理": lambda text: text.replace("（六）其他处理", "（六）其他"),
    "合计 for 总计": lambda text: text.replace("总计", "合计"),
    "one lost and one added character": lambda text: text.replace("重新出具已获取信息", "重出具已获取的信息"),
    "规范性文件 for 行政规范性文件": lambda text: text.replace("行政规范性文件", "规范性文件"),
    "a note in the header": lambda text: text.replace("现行有效件数", "现行有效件数（历史累计)"),
    "a note on the sign": lambda text: text.replace(
        "本年增/减", "本年增/减(指2020年增加或减少的事项数,减用负值表示,如-8)"
    ),
}


@pytest.mark.parametrize("variant", LABEL_VARIANTS)
@pytest.mark.parametrize("form", ["cn-2019", "cn-2021"])
def test_label_variants(form: str, variant: str) -> None:
    tables = printed(form)
    change = LABEL_VARIANTS[variant]
    markup = "".join(
        plain_table(
            [[replace(td, text=td.text if is_figure(td.text) else change(td.text)) for td in row] for row in table]
        )
        for table, _ in tables.values()
    )
    statistics, found, problems = read(parsed(markup), [], None)
    assert essence(statistics) == essence([s for _, wanted in tables.values() for s in wanted])
    assert (found, problems) == (form, [])


def test_units_printed_in_the_header_or_in_the_cell() -> None:
    table, _ = printed("cn-2019")[2]
    bare = [
        [replace(td, text=td.text.removesuffix("元")) if td.text[:1].isdigit() else td for td in row] for row in table
    ]
    in_header = [[replace(td, text=td.text.replace("采购总金额", "采购总金额(万元)")) for td in row] for row in bare]
    for markup, unit in ((plain_table(table), "元"), (plain_table(bare), None), (plain_table(in_header), "万元")):
        statistics, _, _ = read(parsed(markup), [], 2020)
        (amount,) = [s for s in statistics if s.column_name == "amount"]
        assert amount.unit == unit


# Refusals


def resolved(table: Table) -> Table:
    """The table with row spans undone: each row says all its labels, as after a page break."""
    (filled,) = parsed(plain_table(table))
    result = []
    for row in filled.slots:
        tds = []
        for _, cells in itertools.groupby(row, lambda cell: cell.cell_id):
            run = list(cells)
            tds.append(Td(run[0].text, colspan=len(run)))
        result.append(tds)
    return result


def wrong(statistics: list[Statistic], wanted: list[Statistic]) -> list[tuple[object, ...]]:
    """Cells that are read, but not as printed."""
    right = set(essence(wanted))
    return [cell for cell in essence(cells_of(statistics)) if cell not in right]


@pytest.mark.parametrize("number", [2, 3])
@pytest.mark.parametrize("form", ["cn-2019", "cn-2021"])
def test_swapped_rows_are_refused_whatever_their_sums(form: str, number: int) -> None:
    table, _ = printed(form)[number]
    labels = [index for index, row in enumerate(resolved(table)) if row[-1].text[-1:].isdigit()]
    for first, second in itertools.pairwise(labels):
        changed = copy.deepcopy(resolved(table))
        width = 7 if number == 3 else 1
        a, b = changed[first], changed[second]
        if number == 3:
            a[:-width], b[:-width] = b[:-width], a[:-width]
        else:
            a[0], b[0] = b[0], a[0]
        statistics, _, problems = read(parsed(plain_table(changed)), [], None)
        assert cells_of(statistics) == [] or number == 2, (first, second)
        assert {problem.kind for problem in problems} == {"unsure"}


@pytest.mark.parametrize("form", ["cn-2019", "cn-2021"])
def test_a_lost_row_is_told_and_the_others_stay_right(form: str) -> None:
    for number in (2, 3):
        table, wanted = printed(form)[number]
        for index, row in enumerate(resolved(table)):
            if not row[-1].text[-1:].isdigit():
                continue
            changed = resolved(table)
            del changed[index]
            statistics, _, problems = read(parsed(plain_table(changed)), [], None)
            assert problems, (number, row)
            assert wrong(statistics, wanted) == []


def test_a_lost_cell_in_a_row_of_table_three_loses_that_row_only() -> None:
    table, wanted = printed("cn-2021")[3]
    for index, row in enumerate(table):
        if not row[-1].text.isdigit():
            continue
        for cell in range(len(row) - 7, len(row)):
            changed = copy.deepcopy(table)
            del changed[index][cell]
            statistics, _, problems = read(parsed(plain_table(changed)), [], None)
            assert wrong(statistics, wanted) == []
            assert len(statistics) == len(wanted) - 7
            assert problems


def test_an_inserted_cell_shifts_a_row_out() -> None:
    for number in (2, 3, 4):
        table, wanted = printed("cn-2021")[number]
        for index, row in enumerate(table):
            if not row[-1].text[-1:].isdigit():
                continue
            changed = copy.deepcopy(table)
            changed[index].insert(len(row) - (1 if number == 2 else 7), Td("0"))
            statistics, _, problems = read(parsed(plain_table(changed)), [], None)
            assert wrong(statistics, wanted) == [], (number, index)
            assert problems


def test_swapped_applicant_columns_are_refused() -> None:
    table, _ = printed("cn-2021")[3]
    changed = copy.deepcopy(table)
    changed[2][0], changed[2][1] = changed[2][1], changed[2][0]
    statistics, _, problems = read(parsed(plain_table(changed)), [], None)
    assert statistics == []
    assert problems


def test_swapped_blocks_of_table_four_are_refused() -> None:
    table, _ = printed("cn-2021")[4]
    changed = copy.deepcopy(table)
    changed[1][-1], changed[1][-2] = changed[1][-2], changed[1][-1]
    statistics, _, _ = read(parsed(plain_table(changed)), [], None)
    assert statistics == []


def test_a_merged_number_belongs_to_no_column() -> None:
    table, wanted = printed("cn-2021")[3]
    changed = copy.deepcopy(table)
    changed[3][1:3] = [Td("5", colspan=2)]
    statistics, _, problems = read(parsed(plain_table(changed)), [], None)
    assert wrong(statistics, wanted) == []
    assert problems


def test_a_row_that_is_not_of_the_form_is_kept_under_its_label() -> None:
    table, wanted = printed("cn-2021")[3]
    changed = copy.deepcopy(table)
    changed.insert(-2, [Td("9.属于工作秘密"), *[Td("0")] * 7])
    statistics, _, problems = read(parsed(plain_table(changed)), [], None)
    added = [s for s in statistics if s.row_name == "other:属于工作秘密"]
    assert len(added) == 7
    assert wrong([s for s in statistics if s not in added], wanted) == []
    assert problems == []


@pytest.mark.parametrize("number", [2, 3, 4])
def test_a_table_without_its_header_is_told(number: int) -> None:
    table, _ = printed("cn-2021")[number]
    lost = {2: ("件数", "数量", "金额"), 3: ("自然人", "企业", "机构", "组织"), 4: ("维持", "纠正", "其他结果")}[number]
    changed = [
        [replace(td, text="" if any(word in td.text for word in lost) else td.text) for td in row] for row in table
    ]
    if number == 3:
        changed[3:] = table[3:]
    statistics, _, problems = read(parsed(plain_table(changed)), [], 2022)
    assert cells_of(statistics) == []
    assert {problem.kind for problem in problems} == {"unsure"}


def test_an_annex_without_a_column_of_units() -> None:
    report = Synthetic(issuing_body=BODY, report_year=2016, kind="cn-2014-stat")
    (table,) = [block.grid for block in report.blocks() if block.grid]
    statistics, form, problems = read(parsed(plain_table([[row[0], row[2]] for row in table])), [], 2016)
    assert essence(statistics) == essence(report.statistics())
    assert (form, problems) == ("cn-2014-stat", [])


LOOK_ALIKES = [
    "<table><tr><td>姓名<td>职务<td>分工</tr><tr><td>张三<td>局长<td>主持全面工作</table>",
    "<table><tr><td>月份<td>行政许可<td>行政处罚<td>行政强制</tr><tr><td>1月<td>12<td>3<td>0</table>",
    "<table><tr><td>渠道<td>当面申请<td>网络申请<td>总计</tr><tr><td>数量<td>3<td>5<td>8</table>",
    "<table><tr><td>指标<td>单位<td>数量</tr><tr><td>粮食产量<td>吨<td>812</tr><tr><td>常住人口<td>人<td>90311</table>",
    "<table><tr><td>首页<td>政务公开<td>信息公开年报<td>行政复议</table>",
]


@pytest.mark.parametrize("markup", LOOK_ALIKES)
def test_look_alikes_are_no_statistics(markup: str) -> None:
    statistics, form, _ = read(parsed(markup), [], 2022)
    assert (statistics, form) == ([], "narrative")


# Form without tables


SECTIONS = [
    "一、总体情况",
    "二、主动公开政府信息情况",
    "三、收到和处理政府信息公开申请情况",
    "四、政府信息公开行政复议、行政诉讼情况",
    "五、存在的主要问题及改进情况",
    "六、其他需要报告的事项",
]


@pytest.mark.parametrize(
    ("paragraphs", "year", "form"),
    [
        (SECTIONS, 2019, "cn-2019"),
        (SECTIONS, 2020, "cn-2019"),
        (SECTIONS, 2021, "cn-2021"),
        (SECTIONS, 2025, "cn-2021"),
        (SECTIONS, 2015, "narrative"),
        (["一、概述", "二、主动公开政府信息情况", "三、收费及减免情况"], 2012, "narrative"),
        ([*SECTIONS, "根据国办公开办函〔2021〕30号文件要求"], None, "cn-2021"),
        ([], None, "narrative"),
    ],
)
def test_the_form_of_a_report_without_tables(paragraphs: list[str], year: int | None, form: str) -> None:
    assert read([], paragraphs, year)[1] == form


# Flattened tables


def flat_lines(tables: dict[int, tuple[Table, list[Statistic]]], end: str, pad: bool) -> list[str]:
    """One cell per line, each closed by `end`; with `pad` the row closes with as many more as its cells cover slots."""
    lines = []
    for number in (2, 3, 4):
        for row in tables[number][0]:
            lines += [f"{td.text} {end}".strip() for td in row]
            if pad:
                lines.append(end * (1 + sum(td.colspan - 1 for td in row)))
    return lines


@pytest.mark.parametrize(("end", "pad"), [("|", True), ("|", False), ("", False)])
@pytest.mark.parametrize("form", ["cn-2019", "cn-2021"])
def test_flattened_tables_whose_borders_survive(form: str, end: str, pad: bool) -> None:
    tables = printed(form)
    statistics, found, problems = read([], flat_lines(tables, end, pad), None)
    assert essence(statistics) == essence([s for number in (2, 3, 4) for s in tables[number][1]])
    assert (found, problems) == (form, [])


@pytest.mark.parametrize("form", ["cn-2019", "cn-2021"])
def test_rows_printed_on_a_line_each(form: str) -> None:
    tables = printed(form)
    lines = [" ".join(td.text for td in row) for number in (2, 3, 4) for row in tables[number][0]]
    statistics, found, problems = read([], lines, None)
    assert essence(statistics) == essence([s for number in (2, 3, 4) for s in tables[number][1]])
    assert (found, problems) == (form, [])


@pytest.mark.parametrize("year", range(2015, 2035))
def test_runs_of_figures_are_cut_right_or_left_out(year: int) -> None:
    for form in ("cn-2019", "cn-2021"):
        tables = printed(form, year)
        text = "".join(td.text for number in (2, 3, 4) for row in tables[number][0] for td in row)
        statistics, _, problems = read([], [text], None)
        wanted = [s for number in (2, 3, 4) for s in tables[number][1]]
        assert wrong(statistics, wanted) == []
        rows_told = sum("cannot be told apart" in problem.message for problem in problems)
        keys = {(s.table_no, s.row_name) for s in wanted} - {(s.table_no, s.row_name) for s in statistics}
        assert len(keys) == rows_told
        assert len(statistics) > len(rows(form, 3)) * len(columns(form, 3)) / 2


def test_a_flattened_row_with_one_figure_lost_is_left_out() -> None:
    tables = printed("cn-2021")
    lines = [" ".join(td.text for td in row) for row in tables[3][0]]
    index = next(i for i, line in enumerate(lines) if line.startswith("一、"))
    lines[index] = lines[index].rsplit(" ", 1)[0]
    statistics, _, problems = read([], lines, None)
    assert "new_received" not in {statistic.row_name for statistic in statistics}
    assert wrong(statistics, tables[3][1]) == []
    assert problems
