"""The known traps of text, titles, years and dates, by their numbers; those of tables and figures are in test_traps_tables."""

from __future__ import annotations

import json

import pytest

from archive.model import Entry
from pipelines import read
from pipelines.metadata import is_report_title
from pipelines.metadata.publication import read_dates
from tests.articles import BODY, PREAMBLE, PROSE, TITLE, URL, html, metas, page, paragraphs, plain, report

SECTIONS = [
    "一、总体情况",
    "略。",
    "二、主动公开政府信息情况",
    "略。",
    "三、收到和处理政府信息公开申请情况",
    "略。",
    "五、存在的主要问题及改进情况",
    "略。",
]


def article(*texts: str) -> str:
    return f"<div id=zoom>{paragraphs(list(texts))}</div>"


def test_trap_01_the_report_year_is_not_the_year_of_publication() -> None:
    found = report(
        html(
            article("依据《条例》，编制本报告。"),
            title="青溪区2018年度政府信息公开工作年度报告",
            info="发布时间: 2019-02-28 17:22",
        )
    )
    assert (found.report_year, found.published) == (2018, "2019-02-28 17:22")


@pytest.mark.parametrize(
    ("text", "title"),
    [
        (
            f"{PREAMBLE}\n" + "\n".join(SECTIONS) + "\n广州市番禺区教育局\n2021年1月5日",
            "广州市番禺区教育局2020年政府信息公开工作年度报告",
        ),
        (
            "现公布广州市番禺区教育局2020年政府信息公开工作年度报告。\n" + "\n".join(SECTIONS),
            "广州市番禺区教育局2020年政府信息公开工作年度报告",
        ),
        (
            "\n".join(SECTIONS).replace("略。", "2020年,广州市番禺区教育局认真贯彻条例,规范公开。", 1),
            "广州市番禺区教育局2020年政府信息公开工作年度报告",
        ),
        ("\n".join(SECTIONS), None),
    ],
)
def test_trap_02_a_title_missing_from_the_text(text: str, title: str | None) -> None:
    found = plain(text)
    assert found.is_report
    assert found.title == title


def test_trap_02_a_title_missing_from_page_and_text_is_the_listings() -> None:
    source = "<html><body>" + article(*PROSE) + "</body></html>"
    assert read(page(source, entries=(Entry(url=URL, title=f" {TITLE} "),))).title == TITLE


def test_trap_02_a_title_that_names_the_column_only_gives_way_to_the_listings() -> None:
    sections = [*PROSE[:3], "二、主动公开政府信息情况", "三、收到和处理政府信息公开申请情况", PROSE[3]]
    source = page(html(article(*sections), title="政府信息公开工作年度报告"), entries=(Entry(url=URL, title=TITLE),))
    assert read(source).title == TITLE


@pytest.mark.parametrize(
    "ending", ["政府信息公开工作年度报告", "政府信息公开年度报告", "政府信息公开年报", "政府信息公开情况的报告"]
)
def test_trap_03_endings_of_titles(ending: str) -> None:
    assert is_report_title(f"{BODY}2022年度{ending}")
    assert is_report_title(f"关于2022年度{ending}")


@pytest.mark.parametrize(
    ("line", "date", "source"),
    [
        ("日期:2020-03-30 16:30    来源:青溪区人民政府", "2020-03-30 16:30", "青溪区人民政府"),
        (
            "发布时间: 2019-02-28 17:22<br>来源:青溪区人民政府办公室<br>浏览人数:-",
            "2019-02-28 17:22",
            "青溪区人民政府办公室",
        ),
        ("2022年01月18日来源:1", "2022-01-18", None),
        ("来源：区统计局发布日期：2024-06-05【浏览字号 : 大 中 小】浏览次数：-", "2024-06-05", "区统计局"),
    ],
)
def test_trap_04_other_text_next_to_the_date(line: str, date: str, source: str | None) -> None:
    found = report(html(info=line))
    assert (found.published, found.source) == (date, source)


@pytest.mark.parametrize(
    "run", ["20183月", "29802018年", "2018423", "20181120181231", "201711日至20171231日", "052784368216", "〔202049号"]
)
def test_trap_05_no_year_out_of_a_run_of_digits(run: str) -> None:
    found = report(
        html(
            article(f"本单位{run}开展工作。", "条例落实情况如下，请予监督，欢迎提出意见，数据准确。"),
            title=f"{BODY}政府信息公开工作年度报告",
        )
    )
    assert found.is_report
    assert found.report_year is None


def test_trap_06_numbers_cut_by_spans_are_joined() -> None:
    cut = "统计期限自<span>20</span><span lang=EN-US>23</span>年<span>1</span>月<font>1</font>日起至<b>20</b>23年12月31日止，共<u>1</u><u>5</u>件。"
    found = report(html(article(cut, *PROSE[1:]), title=f"{BODY}政府信息公开工作年度报告", info=""))
    assert found.text.startswith("统计期限自2023年1月1日起至2023年12月31日止，共15件。")
    assert found.report_year == 2023


@pytest.mark.parametrize(
    "number",
    [
        "青政办〔2019〕1号",
        "青政办﹝2019﹞1号",
        "青政办[2019]1号",
        "青政办(2019)1号",
        "青政办【2019】1号",
        "青政办〔2019〕 1 号",
    ],
)
def test_trap_07_brackets_of_document_numbers(number: str) -> None:
    assert report(html(above=f"<p>文号：{number}</p>")).document_number == number.replace(" ", "")


@pytest.mark.parametrize("number", ["无〔〕号", "", "无", "国办公开办函〔2021〕30号"])
def test_trap_07_no_number_and_the_number_of_the_notice_that_prescribes_the_form(number: str) -> None:
    assert report(html(above=f"<p>文号：{number}</p>")).document_number is None


@pytest.mark.parametrize("zero", "〇零○ＯO")
def test_trap_08_dates_in_chinese_numerals(zero: str) -> None:
    found = report(html(article(*PROSE, BODY, f"二{zero}二一年一月五日")))
    assert found.witnesses["signature"] == "2021-01-05"
    assert is_report_title(f"{BODY}二{zero}二一年政府信息公开工作年度报告")


def test_trap_09_the_date_of_the_signature_is_not_that_of_the_publication() -> None:
    found = report(
        html(
            article(*PROSE, "广州市番禺区教育局", "2021年1月5日"),
            title="2020年政府信息公开工作年度报告",
            info="时间：2021-01-18",
        )
    )
    assert (found.issuing_body, found.published) == ("广州市番禺区教育局", "2021-01-18")
    assert found.witnesses["signature"] == "2021-01-05"
    assert found.witnesses["url"] == "2021-01-18"


def test_trap_10_dates_that_disagree_are_all_kept_and_the_address_never_decides() -> None:
    url = "http://www.qingxi.gov.cn/nb/202603/t20260313_1.html"
    entries = (Entry(url=url, date="2026-03-11"),)
    found = read(page(html(info="", head=metas(PubDate="2026-03-10 09:00")), url=url, entries=entries))
    assert found.witnesses == {"meta": "2026-03-10 09:00", "listing": "2026-03-11", "url": "2026-03-13"}
    assert found.published == "2026-03-10 09:00"
    assert read(page(html(info=""), url=url)).published is None


def test_trap_11_two_bodies_separated_by_a_blank() -> None:
    name = "广州市黄埔区人民政府 广州开发区管委会"
    found = report(html(title=f"{name}2020年政府信息公开工作年度报告", info=f"来源：{name}"))
    assert (found.issuing_body, found.co_issuing_body) == ("广州市黄埔区人民政府", "广州开发区管委会")
    assert (found.division_code, found.source) == ("440112", name)


def test_trap_12_an_office_reports_for_itself_and_is_not_the_government() -> None:
    office = report(html(title="广州市番禺区人民政府办公室2020年政府信息公开工作年度报告"))
    whole = report(html(title="广州市番禺区人民政府2020年政府信息公开工作年度报告"))
    assert (office.body_kind, whole.body_kind) == ("general_office", "government")


@pytest.mark.parametrize("notice", ["已归档", "页面已归档", "您访问的链接即将离开“首府之窗”门户网站 是否继续?"])
def test_trap_13_notices_at_the_end_are_no_text(notice: str) -> None:
    assert plain("\n".join([*PROSE, "", notice, ""])).text == "\n".join(PROSE)
    assert report(html(article(*PROSE, notice))).text == "\n".join(PROSE)


def test_trap_15_the_source_may_name_another_body_than_the_title() -> None:
    found = report(html(title="广州市番禺区教育局2020年政府信息公开工作年度报告", info="来源：番禺县教育委员会"))
    assert (found.issuing_body, found.source) == ("广州市番禺区教育局", "番禺县教育委员会")


def test_trap_16_a_column_holds_other_documents_too() -> None:
    titles = [
        "关于2014年政府信息公开工作要点落实情况的函",
        "2019年青溪区政府工作报告",
        "关于报送2020年政府信息公开工作年度报告的通知",
        f"图解：{TITLE}",
    ]
    assert [report(html(title=title, head=metas(ArticleTitle=title))).is_report for title in titles] == [False] * 4
    assert report(html(title="云溪实验区地方税务局2013年信息公开年度报告")).is_report


def test_trap_18_a_page_that_names_another_site_as_its_own_is_told_of() -> None:
    copied = html(head=metas(SiteDomain="www.taiyun.gov.cn", ArticleTitle=TITLE))
    assert "rehosted" in {p.kind for p in report(copied, url="http://www.casino.com/zwgk/1.html").problems}
    for domain in (
        "www.qingxi.gov.cn",
        "http://www.qingxi.gov.cn/",
        "qingxi.gov.cn",
        "www.qx.gov.cn,www.qingxi.gov.cn",
    ):
        found = report(html(head=metas(SiteDomain=domain, ArticleTitle=TITLE)))
        assert "rehosted" not in {problem.kind for problem in found.problems}


def test_trap_19_half_year_figures_look_like_the_report_and_are_none() -> None:
    table = "<table><tr><td>一、本年新收政府信息公开申请数量</td><td>3</td></tr></table>"
    found = report(
        html(f"<div id=zoom>{paragraphs(PROSE)}{table}</div>", title="青溪区2022年上半年政府信息公开情况报告")
    )
    assert (found.is_report, found.statistics) == (False, [])


def test_trap_21_wrong_characters_stay_as_printed() -> None:
    found = report(
        html(
            article("沐阳县教育局编制本报告，内容如下，请予监督，欢迎提出意见。", *PROSE),
            title="沐阳县教育局2020年政府信息公开工作年度报告",
        )
    )
    assert found.text.startswith("沐阳县教育局")
    assert (found.issuing_body, found.division_code) == ("沐阳县教育局", None)


def test_trap_22_word_markup_is_no_text() -> None:
    junk = "<!--[if !supportLists]-->7、<!--[endif]--><![if !vml]><![endif]>各街道邮箱a＠b.cn<o:p></o:p><st1:date>2020年</st1:date>。<xml><w:data>00</w:data></xml>"
    found = report(html(article(*PROSE, junk)))
    assert found.text.split("\n")[-1].startswith("7、各街道邮箱a＠b.cn2020年。")
    assert "supportLists" not in found.text


def test_trap_23_no_year_out_of_the_plans_of_the_last_section() -> None:
    plan = "2019年，我局将采取以下措施，进一步加强政府信息公开工作，提高年度报告质量。"
    filler = ["一、总体情况", "落实到位。", "二、主动公开政府信息情况", "落实到位。", "五、存在的问题"]
    found = report(html(article(*filler, plan), title=f"{BODY}政府信息公开工作年度报告"))
    assert found.is_report
    assert found.report_year is None


@pytest.mark.parametrize(
    "period",
    [
        "统计期限自2020年1月1日至2020年12月31日",
        "统计期限从2020年1月1日起,至12月31日止",
        "统计时限为2020年1月1日到2020年12月31日",
        "统计周期：2020年1月1日—12月31日",
        "统计数据时间为 2020 年 1 月 1 日 至 2020 年 12 月 31 日",
        "统计期限自２０２０年１月１日至２０２０年１２月３１日",
    ],
)
def test_trap_24_the_period_of_the_statistics_is_the_safest_witness_of_the_year(period: str) -> None:
    texts = ["2019年工作回顾，一切顺利。", *SECTIONS, "六、其他需要报告的事项", f"本报告所列数据的{period}。"]
    assert plain("\n".join(texts)).report_year == 2020


def test_trap_25_gbk_pages_whatever_they_declare() -> None:
    source = html(
        article(*PROSE, "参加者：堃、镕、〇"),
        head='<meta http-equiv="Content-Type" content="text/html; charset=gb2312">',
    )
    for content_type in ("text/html", "text/html; charset=utf-8", "text/html;charset=ISO-8859-1"):
        found = report(source.encode("gb18030"), content_type=content_type)
        assert (found.title, found.text.split("\n")[-1]) == (TITLE, "参加者：堃、镕、〇")


def test_every_date_witness_has_its_name() -> None:
    from pipelines.html.article import find_article
    from pipelines.html.parsing import parse_page

    source = page(
        html(article(*PROSE, BODY, "2021年1月5日"), head=metas(PubDate="2021-01-19")),
        entries=(Entry(url=URL, date="2021-01-20"),),
    )
    document = parse_page(source)
    assert list(read_dates(document, find_article(document), source)) == [
        "printed",
        "meta",
        "listing",
        "signature",
        "url",
    ]
    assert json.dumps(read(source).witnesses)
