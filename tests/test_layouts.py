"""Layouts of tables: what is remembered of them gives what reading the tables anew gives, whatever their figures are."""

from __future__ import annotations

import random
import re

import pytest
from lxml import etree

from archive.model import Statistic
from crawler.demo.markup import STYLES
from crawler.demo.reports import FORMS, Synthetic
from pipelines.html.paragraphs import markup_of, strip_markup
from pipelines.statistics import layouts
from pipelines.statistics.layouts import figures_of_page
from pipelines.statistics.table_figures import figures_of_grids
from pipelines.tables.grid import grids

YEARS = {"cn-2014-stat": 2016, "fj-2009-stat": 2011, "fj-2014-stat": 2014, "dx-2010-stat": 2011, "cn-2019": 2020}
FIGURE = re.compile(r"(?<=>)\d+(?=<)")


def element_of(markup: str) -> etree._Element:
    element = etree.fromstring(f"<div>{markup}</div>", etree.HTMLParser()).find(".//div")
    strip_markup(element)
    return element


def with_other_figures(markup: str, seed: int) -> str:
    draw = random.Random(seed)
    texts = ("0", "7", "12", "4031", "3.50", "-2", "+8", "0.7")
    return FIGURE.sub(lambda _: draw.choice(texts), markup)


def read_both(markup: str, year: int | None) -> tuple[list[Statistic], list[str], list[tuple[object, ...]]]:
    """What a page's tables hold; the same whether their layout is remembered or they are read anew."""
    element = element_of(markup)
    found = figures_of_page([element], markup_of(element), year)
    anew = figures_of_grids(grids(element), year)
    assert found.statistics == anew.statistics
    assert found.doubts == anew.doubts
    tables = [(table.table_no, table.form, table.refused, table.doubts) for table in found.tables]
    assert tables == [(table.table_no, table.form, table.refused, table.doubts) for table in anew.tables]
    return found.statistics, found.doubts, tables


def remembered() -> int:
    return layouts._layout.cache_info().hits


def report(form: str, style: str = "clean") -> str:
    year = YEARS.get(form, 2022)
    return Synthetic(issuing_body="青川区林业局", report_year=year, kind=form, style=style).html()


@pytest.mark.parametrize("style", sorted(STYLES))
@pytest.mark.parametrize("form", [form for form in FORMS if form != "narrative"])
def test_a_layout_takes_the_figures_of_every_page(form: str, style: str) -> None:
    year, markup = YEARS.get(form, 2022), report(form, style)
    statistics, _, _ = read_both(markup, year)
    assert len(statistics) > 20
    before = remembered()
    for seed in range(6):
        read_both(with_other_figures(markup, seed), year)
    assert remembered() - before >= 5


def row(*cells: str) -> str:
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


HEADER = row("", "自然人", "商业企业", "科研机构", "社会公益组织", "法律服务机构", "其他", "总计")


@pytest.mark.parametrize("change", [
    pytest.param(lambda markup: markup + markup, id="every table twice"),
    pytest.param(lambda markup: f"<table><tr><td>{markup}</td></tr></table>", id="in a table of layout"),
    pytest.param(lambda markup: f"<table><tr><td>{markup}</td></tr></table><p>完</p>", id="in a frame of one cell"),
    pytest.param(lambda markup: markup.replace("<td", "<th").replace("</td", "</th"), id="header cells"),
    pytest.param(lambda markup: re.sub(r">(\d)(\d+)<", r"><p>\1</p><p>\2</p><", markup), id="figures on two lines"),
    pytest.param(lambda markup: re.sub(r">(\d+)<", r">\1件<", markup), id="units"),
    pytest.param(lambda markup: re.sub(r">(\d+)<", r">\1<sup>1</sup><", markup), id="notes"),
    pytest.param(lambda markup: re.sub(r">0<", "> <", markup), id="blank for nothing"),
    pytest.param(lambda markup: re.sub(r"<tr>", "<tr>3", markup), id="figures outside cells"),
    pytest.param(lambda markup: re.sub(r"<td>\d+</td></tr>", "</tr>", markup), id="a cell lost"),
    pytest.param(lambda markup: re.sub(r"<td>(\d+)</td>", r"<td><o:p>\1</o:p></td>", markup), id="tags of Word"),
    pytest.param(lambda markup: re.sub(r"<td>(\d+)</td>", r"<td><st1:d>\1</st1:d></td>", markup), id="unknown prefix"),
    pytest.param(lambda markup: re.sub(r">(\d+)<", r">&#1;\1<", markup), id="control characters"),
])  # fmt: skip
@pytest.mark.parametrize("form", ["cn-2021", "cn-2019", "cn-2014-stat"])
def test_whatever_a_page_makes_of_its_tables(form: str, change: object) -> None:
    for seed in range(3):
        markup = with_other_figures(report(form), seed)
        read_both(change(markup), YEARS.get(form, 2022))  # type: ignore[operator]


def test_a_table_printed_twice_depends_on_its_figures() -> None:
    one, other = (with_other_figures(report("cn-2021"), seed) for seed in (1, 2))
    assert not any(refused for _, _, refused, _ in read_both(one + one, 2022)[2])
    assert all(refused for _, _, refused, _ in read_both(one + other, 2022)[2])
    assert not any(refused for _, _, refused, _ in read_both(other + other, 2022)[2])


def test_a_figure_that_stands_as_a_label_is_named_as_it_is_printed() -> None:
    added = row("41", *"1234567")
    doubts = []
    for label in ("41", "977"):
        markup = report("cn-2021").replace("（一）予以公开", label).replace("41", label) + added
        doubts += read_both(markup, 2022)[1]
        markup = f"<table>{HEADER}{row('一、本年新收', *'0000000')}{row(label, *'1234567')}</table>"
        doubts += read_both(markup, 2022)[1]
    assert not any("3141592" in doubt for doubt in doubts)


def test_signs_of_columns_are_no_row() -> None:
    signs = row("甲", "乙", "1", "2")
    markup = report("cn-2014-stat")
    for text in ("1", "12"):
        read_both(markup.replace("</tr>", f"</tr>{signs.replace('1', text)}", 1), 2016)


def test_what_is_remembered_is_bounded() -> None:
    before = layouts._layout.cache_info()
    long = report("cn-2021").replace("</table>", row("说明" * 13_000) + "</table>", 1)
    read_both(long, 2022)
    assert layouts._layout.cache_info() == before
    for number in range(2 * before.maxsize):
        read_both(f"<table>{row('第', str(number), '页' * number)}</table>", 2022)
    assert layouts._layout.cache_info().currsize <= before.maxsize
