"""What a page says of its document."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.model import Entry
from pipelines import read
from pipelines.metadata import agencies, is_report_title
from pipelines.metadata.dates import find_dates, first_date
from pipelines.metadata.evidence import STATED
from tests.articles import BODY, PROSE, TITLE, html, metas, page, paragraphs, plain, report


def article(texts: list[str]) -> str:
    return f"<div id=zoom>{paragraphs(texts)}</div>"


# --- titles ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "title",
    [
        TITLE,
        "2017年安川市青溪区政府信息公开工作年度报告",
        "某区税务局2013年信息公开年度报告",
        "关于2022年度政府信息公开情况的报告",
        "某县教育局关于2022年度政府信息公开工作情况的报告",
        "2020年政府信息公开年报",
        "青溪区信访局2019年政府信息公开工作年度报告",
        "安川大学城管理委员会2020年政府信息公开年度报告（图片版）",
        "某区2018年度政务公开工作年度报告",
        "某街道办事处政府信息公开工作2020年度报告",
        "二〇一九年度某某市政府信息公开年度报告",
        "某县2008年 政府信息公开 工作报告",
        "某区人民政府 某开发区管委会２０２２年政府信息公开工作年度报告",
    ],
)
def test_titles_of_annual_reports(title: str) -> None:
    assert is_report_title(title)


@pytest.mark.parametrize(
    "title",
    [
        "2019年安川市青溪区政府工作报告",
        "关于做好青溪区2019年政府信息公开工作年度报告编制发布工作的通知",
        "关于2014年政府信息公开工作要点落实情况的函",
        "青溪区2020年上半年依申请公开政府信息情况统计",
        "青溪区2020年上半年政府信息公开工作报告",
        "2020年第一季度政府信息公开情况报告",
        "一图读懂青溪区2019年政府信息公开工作年度报告",
        "图解｜青溪区2021年政府信息公开工作年度报告",
        "政府信息公开年报",
        "政府信息公开工作年度报告",
        "政府信息公开指南",
        "2021年法治政府建设年度报告",
        "某大学2019-2020学年信息公开工作报告",
        "我区召开政府信息公开工作年度报告编制培训会",
        "关于印发政府信息公开工作年度报告格式的通知",
        "2023年政务公开工作要点",
        "政府信息公开申请办理答复规范解读",
    ],
)
def test_titles_of_other_documents(title: str) -> None:
    assert not is_report_title(title)


@pytest.mark.parametrize(
    ("head", "heading"),
    [
        (metas(ArticleTitle=TITLE), "不是标题"),
        (metas(ArticleTitle=f"&lt;h1 class=t&gt;{TITLE}&lt;/h1&gt;"), TITLE),
        (metas(ArticleTitle=f"&amp;nbsp; {TITLE}　"), TITLE),
        (metas(ArticleTitle=f"{TITLE[:14]}..."), TITLE),
        ('<meta name="ArticleTitle" content="<h1 class="a">标题</h1>">', TITLE),
        (metas(SiteName="青溪区人民政府", ArticleTitle="青溪区人民政府"), TITLE),
        ("", TITLE),
        ("", f"{TITLE}<small>2021-01-18<span>来源：区教育局</span></small>"),
    ],
)
def test_the_title_without_site_name_and_markup(head: str, heading: str) -> None:
    source = html(head=head).replace(f"<h1>{TITLE}</h1>", f"<h1>{heading}</h1>")
    assert report(source).title == TITLE


def test_a_title_without_any_heading_loses_the_name_of_the_site() -> None:
    source = html(head=metas(SiteName="青溪区人民政府门户网站")).replace(f"<h1>{TITLE}</h1>", "")
    for tail in ("_青溪区人民政府", " - 青溪区人民政府门户网站", "_政府信息公开年报_青溪区人民政府门户网站"):
        assert report(source.replace("_青溪区人民政府</title>", f"{tail}</title>")).title == TITLE


def test_a_listing_is_none_and_an_article_in_a_folder_of_its_own_is_one() -> None:
    rows = "".join(
        f"<li><a href='t{i}.html'>青溪区某局2020年政府信息公开工作年度报告</a><span>2021-01-0{i}</span></li>"
        for i in range(1, 9)
    )
    url = "http://www.qingxi.gov.cn/zwgk/nb/index.html"
    listing = report(
        html(f"<ul>{rows}</ul>", title="政府信息公开年报", head=metas(ColumnName="政府信息公开年报"), info=""), url=url
    )
    assert (listing.is_report, listing.title, listing.published) == (False, "政府信息公开年报", None)
    long_prose = [
        *PROSE[:2],
        *(
            [
                "我局认真落实上级部署，主动公开政府信息，规范办理申请，公开平台运行平稳，监督保障有力，社会评议良好，群众满意。"
                * 2
            ]
            * 5
        ),
    ]
    assert report(html(f"<div id=zoom>{paragraphs(long_prose)}</div>"), url=url).is_report


# --- dates and source ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("发布时间：2021-01-18 10:26　来源：区教育局", "2021-01-18 10:26"),
        ("来源：区教育局发布日期：2021-01-18", "2021-01-18"),
        ("日期:2021-01-18 10:35 来源:区教育局 打印页面", "2021-01-18 10:35"),
        ("2021年01月18日 13时44分", "2021-01-18 13:44"),
        ("来源：区教育局 2021-01-18 08:13:00", "2021-01-18 08:13"),
        ("2021/01/18 来源：区教育局", "2021-01-18"),
        ("时间发布：2021.1.18", "2021-01-18"),
        ("<span>发布时间：<b>2021-01-18</b></span>", "2021-01-18"),
        (
            "<table><tr><td>成文日期：</td><td>2020-12-01</td><td>发布日期：</td><td>2021-01-18</td></tr></table>",
            "2021-01-18",
        ),
        ("<dl><dt>生成日期：</dt><dd>2020-12-01</dd></dl><p>时间：2021-01-18</p>", "2021-01-18"),
        ("成文日期：2020-12-01", None),
        ("生 成 日 期：2020-12-01　发 布 日 期：2021-01-18", "2021-01-18"),
        ("文号：无 成文 日期：2020-12-01", None),
        ("<p>开始时间：2020-12-01</p><p>结束时间：2020-12-02</p>", None),
        ("<span style='display:none'>publishdate:2020/12/01</span>", None),
        ("青溪区教育局 2021-01-18 10:26", "2021-01-18 10:26"),
        ("[2021-01-18]", "2021-01-18"),
        ("2024年10月22日 星期二", None),
        ("更新时间：2021-02-02 发布时间：2021-01-18", "2021-01-18"),
        ("更新时间：2021-01-18", "2021-01-18"),
        ("<p>发布日期：</p><p>2021-01-18</p>", "2021-01-18"),
        ("点击数：2021", None),
    ],
)
def test_the_printed_date(line: str, expected: str | None) -> None:
    found = report(html(info=line))
    assert found.witnesses.get("printed") == expected
    assert found.published == expected


def test_a_date_and_source_printed_below_the_article_count_too() -> None:
    found = report(
        html(
            f"<div id=zoom>{paragraphs(PROSE)}</div><div class=x>来 源：青溪日报　责任编辑：张某　发布时间：2021-01-18</div>",
            info="",
        )
    )
    assert (found.published, found.source) == ("2021-01-18", "青溪日报")


@pytest.mark.parametrize(
    ("printed", "meta", "listed", "expected"),
    [
        ("2021-01-18", "2021-01-18 10:26:31", None, "2021-01-18 10:26"),
        ("2021-01-18 09:00", "2021-01-18 10:26", None, "2021-01-18 09:00"),
        ("2009-09-30 10:53", "2023-05-12 23:20", None, "2009-09-30 10:53"),
        (None, "2021-01-18  14:52", "2021-01-19", "2021-01-18 14:52"),
        (None, None, "2021-01-19", "2021-01-19"),
        ("2021-01-18", None, "2021-01-18 08:00", "2021-01-18 08:00"),
        (None, None, None, None),
        ("2025-01-01", "2021-01-18", None, "2021-01-18"),
    ],
)
def test_printed_beats_meta_beats_listing(
    printed: str | None, meta: str | None, listed: str | None, expected: str | None
) -> None:
    found = read(
        page(
            html(info=f"发布时间：{printed}" if printed else "", head=metas(PubDate=meta) if meta else ""),
            url="http://www.qingxi.gov.cn/zwgk/1.html",
            captured_at="2024-06-01T00:00:00Z",
            entries=(Entry(url="http://www.qingxi.gov.cn/zwgk/1.html", date=listed),) if listed else (),
        )
    )
    assert found.published == expected


@pytest.mark.parametrize(
    ("info", "extra", "expected"),
    [
        ("信息来源：青溪区教育局 | 发布时间：2021-01-18", "", "青溪区教育局"),
        ("来源：青溪区人民政府 青溪开发区管委会", "", "青溪区人民政府 青溪开发区管委会"),
        ("来源: 《青溪日报》 作者: 记者", "", "《青溪日报》"),
        ("<i>来源：</i>青溪日报·青溪客户端<b>【打印】</b>", "", "青溪日报·青溪客户端"),
        ("来源：青溪区教育局", metas(ContentSource="青溪网站"), "青溪区教育局"),
        ("", metas(contentSource="青溪网站"), "青溪网站"),
        (
            '<script>var csource="青溪日报";document.write(csource)</script>',
            metas(ContentSource="青溪网站"),
            "青溪日报",
        ),
        ("<script>document.write('来源：青溪日报')</script>", "", "青溪日报"),
        ('<script>document.write("来源："+"青溪日报"+"");</script>', "", "青溪日报"),
        ("时间 : 2021-01-18 来源 : 青溪日报", "", "青溪日报"),
        ("发布机构：青溪区教育局 发布日期：2021-01-18", "", "青溪区教育局"),
        ("<p>来源：</p><p>青溪区教育局</p><p>发布时间：</p><p>2021-01-18</p>", "", "青溪区教育局"),
        ("<p>来源：</p><p>2021-01-18</p>", "", None),
        ("来源：", "", None),
        ("", "", None),
    ],
)
def test_the_source_as_a_reader_sees_it(info: str, extra: str, expected: str | None) -> None:
    assert report(html(info=info, head=extra)).source == expected


def test_the_date_of_the_signature_and_of_the_address_are_witnesses_only() -> None:
    found = report(html(f"<div id=zoom>{paragraphs([*PROSE, BODY, '二〇二一年一月五日'])}</div>", info=""))
    assert found.witnesses == {"signature": "2021-01-05", "url": "2021-01-18"}
    assert found.published is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("２０２１年１月５日", "2021-01-05"),
        ("2021-01-05 10∶08", "2021-01-05 10:08"),
        ("二〇二一年十二月三十一日", "2021-12-31"),
        ("二○二五年十月二十日", "2025-10-20"),
        ("2021年2月30日", None),
        ("202101051008", None),
        ("2021年1月", None),
        ("1月5日", None),
        ("0592-7889715", None),
    ],
)
def test_dates_are_read_strictly(text: str, expected: str | None) -> None:
    assert first_date(text) == expected


def test_the_future_is_no_date() -> None:
    assert find_dates("2024年6月3日", "2024-06-01T22:00:00Z") == []
    assert first_date("2024年6月2日", "2024-06-01T22:00:00Z") == "2024-06-02"


# --- year ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "text", "expected"),
    [
        ("某局政府信息公开工作年度报告（部门）", "统计期限自2020年1月1日至12月31日止。", 2020),
        ("某局2020年政府信息公开工作年度报告", "无统计期限。", 2020),
        ("某局二〇二〇年政府信息公开工作年度报告", "无统计期限。", 2020),
        ("某局政府信息公开工作年度报告（部门）", "现向社会公布2020年信息公开工作年度报告。", 2020),
        ("某局2018年度政府信息公开工作年度报告(2019年修订)", "无统计期限。", 2018),
    ],
)
def test_the_report_year(title: str, text: str, expected: int) -> None:
    found = report(
        html(f"<div id=zoom>{paragraphs([text, *PROSE[1:]])}</div>", title=title, info="发布时间：2021-01-18")
    )
    assert found.report_year == expected


def test_period_and_title_that_differ_are_decided_by_the_publication_or_not_at_all() -> None:
    source = html(title=f"{BODY}2021年政府信息公开工作年度报告")
    decided = report(source)
    assert decided.report_year == 2020
    assert "unsure" in {p.kind for p in decided.problems}
    undecided = report(source.replace("2021-01-18 10:26", "2025-05-05"))
    assert undecided.report_year is None
    assert "unsure" in {p.kind for p in undecided.problems}


def test_a_year_that_had_not_begun_when_the_page_was_captured_is_none() -> None:
    found = report(
        html(article(PROSE[1:]), title=f"{BODY}2030年政府信息公开工作年度报告"), captured_at="2021-02-01T00:00:00Z"
    )
    assert found.report_year is None
    assert "unsure" in {p.kind for p in found.problems}


def test_date_and_source_in_one_box_with_the_menu() -> None:
    menu = "".join(f"<a href='/{i}'>栏目{i}</a>" for i in range(30))
    box = f"<div class=top>{menu}<h1>{TITLE}</h1><p>发布时间：2021-01-18　来源：青溪区教育局</p></div>"
    found = report(f"<html><head><title>{TITLE}_青溪</title></head><body>{box}{article(PROSE)}</body></html>")
    assert (found.title, found.published, found.source) == (TITLE, "2021-01-18", "青溪区教育局")


def test_a_report_without_a_year_has_none() -> None:
    found = report(html(f"<div id=zoom>{paragraphs(PROSE[1:])}</div>", title=f"{BODY}政府信息公开工作年度报告"))
    assert found.is_report
    assert found.report_year is None
    assert "no_year" in {p.kind for p in found.problems}


# --- bodies and divisions --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "expected", "kind", "level"),
    [
        ("广州市番禺区教育局2020年政府信息公开工作年度报告", "广州市番禺区教育局", "department", "county"),
        ("2020年广州市番禺区政府信息公开工作年度报告", "广州市番禺区人民政府", "government", "county"),
        ("广州市番禺区政府办2020年政府信息公开年报", "广州市番禺区人民政府办公室", "general_office", "county"),
        ("广州市2020年政府信息公开工作年度报告", "广州市人民政府", "government", "prefecture"),
        ("广东省人民政府2020年政府信息公开工作年度报告", "广东省人民政府", "government", "province"),
        (
            "广州市番禺区石碁镇2020年政府信息公开工作年度报告",
            "广州市番禺区石碁镇人民政府",
            "subdistrict_township",
            "township",
        ),
        (
            "广州市番禺区市桥街道2020年政府信息公开工作年度报告",
            "广州市番禺区市桥街道办事处",
            "subdistrict_township",
            "township",
        ),
        ("广州市番禺区中心医院2020年政府信息公开工作年度报告", "广州市番禺区中心医院", "institution", "county"),
        ("关于广州市番禺区教育局2020年政府信息公开工作年度报告", "广州市番禺区教育局", "department", "county"),
        ("《关于 广州市番禺区教育局2020年度政府信息公开工作的报告》", "广州市番禺区教育局", "department", "county"),
        ("关于2020年广州市番禺区教育局政府信息公开工作年度报告", "广州市番禺区教育局", "department", "county"),
        ("广州市番禺区教育局关于2020年政府信息公开工作年度报告", "广州市番禺区教育局", "department", "county"),
    ],
)
def test_the_issuing_body_of_a_title(title: str, expected: str, kind: str, level: str) -> None:
    found = report(html(title=title))
    assert (found.issuing_body, found.body_kind, found.level) == (expected, kind, level)


@pytest.mark.parametrize("site", ["广州市番禺区人民政府门户网站", "广州市番禺区政府门户网站", "番禺区人民政府网"])
def test_the_name_of_a_site_is_that_of_its_government(site: str) -> None:
    found = report(html(title="2020年政府信息公开工作年度报告", info="", head=metas(SiteName=site)))
    assert found.issuing_body in {"广州市番禺区人民政府", "番禺区人民政府"}


def test_a_zone_has_a_committee_where_its_text_says_so() -> None:
    title = "云溪实验区2020年政府信息公开工作年度报告"
    with_name = html(
        f"<div id=zoom>{paragraphs([*PROSE, '云溪实验区管理委员会办公室编制本报告。'])}</div>", title=title
    )
    assert report(with_name).issuing_body == "云溪实验区管理委员会"
    assert report(with_name).body_kind == "functional_zone_committee"
    assert report(html(title=title, info="")).issuing_body is None


def test_a_body_named_by_its_rank_alone_takes_its_place_from_site_or_portal() -> None:
    source = html(title="区人民政府办公室2020年政府信息公开工作年度报告", head=metas(SiteIDCode="4401130001"), info="")
    found = report(source)
    assert (found.issuing_body, found.division_code) == ("番禺区人民政府办公室", "440113")
    unplaced = report(source.replace("4401130001", ""))
    assert unplaced.issuing_body is None
    assert "unsure" in {p.kind for p in unplaced.problems}


@pytest.mark.parametrize(
    ("name", "year", "witnesses", "code"),
    [
        ("广州市番禺区教育局", 2020, [], "440113"),
        ("朝阳区人民政府", 2019, [], None),
        ("北京市朝阳区人民政府", 2019, [], "110105"),
        ("朝阳区人民政府", 2019, ["110105"], "110105"),
        ("朝阳区人民政府", 2019, ["220000"], "220104"),
        ("教育局", 2019, ["110105"], "110105"),
        ("章丘市人民政府", 2015, [], "370181"),
        ("章丘区人民政府", 2018, [], "370114"),
        ("教育局", 2019, [], None),
        ("云溪实验区管委会", 2019, [], None),
    ],
)
def test_the_code_of_a_division_as_of_the_report_year(
    name: str, year: int, witnesses: list[str], code: str | None
) -> None:
    found, _ = agencies.division_of(name, year, witnesses)
    assert (found.code if found else None) == code


def test_several_divisions_of_one_name_are_a_problem_and_no_guess() -> None:
    found = report(html(title="朝阳区人民政府2020年政府信息公开工作年度报告"))
    assert found.division_code is None
    assert "unsure" in {p.kind for p in found.problems}


# --- numbers and the rest --------------------------------------------------------------------------------------------


def test_index_and_document_number_of_the_table_above_an_article() -> None:
    table = (
        "<table><tr><td>索 引 号：</td><td>QX02100-0101-2021-00001</td><td>文　　号：</td><td>青政办〔2021〕1号</td></tr>"
        "<tr><td>发布机构：</td><td>区教育局</td><td>生成日期：</td><td>2021-01-05</td></tr></table>"
    )
    found = report(html(above=table, head=metas(SiteIDCode="4401130001")))
    assert (found.index_number, found.document_number, found.site_id_code) == (
        "QX02100-0101-2021-00001",
        "青政办〔2021〕1号",
        "4401130001",
    )


def test_a_text_without_a_title_gets_one_only_where_it_proves_it() -> None:
    text = "\n".join(
        [
            *PROSE[:1],
            "一、总体情况",
            PROSE[2],
            "二、主动公开政府信息情况",
            "略。",
            "三、收到和处理政府信息公开申请情况",
            "略。",
            "六、其他需要报告的事项",
            "无。",
        ]
    )
    proven = plain(f"{text}\n广州市番禺区教育局\n2021年1月5日")
    assert proven.title == "广州市番禺区教育局2020年政府信息公开工作年度报告"
    unproven = plain(text)
    assert unproven.is_report
    assert unproven.title is None
    assert {"no_title", "unsure"} <= {p.kind for p in unproven.problems}


def test_what_is_no_report_has_title_date_source_and_text_only() -> None:
    found = report(html(title="青溪区召开教育工作会议", head=metas(SiteIDCode="4401130001")))
    assert (found.is_report, found.published, found.source) == (False, "2021-01-18 10:26", "青溪区教育局")
    assert (found.issuing_body, found.report_year, found.division_code, found.statistics) == (None, None, None, [])


# --- what a page says that it is -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("parts", "pattern"), [stated[2:] for stated in STATED], ids=[stated[1] for stated in STATED])
def test_one_of_the_parts_stands_in_whatever_the_pattern_matches(parts: list[str], pattern: re.Pattern[str]) -> None:
    @settings(max_examples=100, deadline=None)
    @given(st.from_regex(pattern, fullmatch=True))
    def check(text: str) -> None:
        assert any(part in text.casefold() for part in parts)

    check()
