"""Names of public bodies: brackets, joint bodies, zones, bureaus of towns; and one name for one body."""

from __future__ import annotations

import pytest

from archive.agency_names import normalised_agency, without_other_names
from archive.divisions import division
from pipelines.metadata.agencies import body_kind, full_name, level, split_joint
from tests.articles import PROSE, html, paragraphs, report

FANYU, YANQING, GUANGZHOU = "440113", "110119", "440100"


@pytest.mark.parametrize(
    ("spellings", "code"),
    [
        (
            [
                "广州市番禺区人民政府办公室",
                "番禺区人民政府办公室",
                "广东省广州市番禺区人民政府办公室",
                "广州番禺区政府办公室",
                "番禺区政府办",
                "区人民政府办公室",
                "番禺区 人民政府 办公室",
                "番禺区人民政府办公室（区外事办公室）",
                "番禺区人民政府办公室(筹)",
            ],
            FANYU,
        ),
        (
            ["番禺区市场监督管理局（知识产权局）", "区市场监督管理局", "市场监督管理局", "广州市番禺区市场监督管理局"],
            FANYU,
        ),
        (["北京市延庆区教育局", "延庆区教育局", "延庆区教育局（体育局）", "区教育局", "教育局"], YANQING),
        (["番禺区人民政府大石街道办事处", "大石街道办", "大石街办事处", "广州市番禺区大石街道办事处"], FANYU),
        (["石碁镇人民政府", "番禺区石碁镇政府", "广州市番禺区石碁镇人民政府"], FANYU),
        (["石碁镇财政所", "番禺区石碁镇人民政府财政所"], FANYU),
        (["广州开发区管委会", "广州市黄埔区广州开发区管理委员会", "广州开发区管理委员会（筹）"], "440112"),
        (["经济开发区管委会", "番禺区经济开发区管理委员会"], FANYU),
        (["延边州教育局", "延边朝鲜族自治州教育局", "吉林省延边朝鲜族自治州教育局", "吉林省延边州教育局"], "222400"),
        (["市教育局", "广州市教育局", "广东省广州市教育局"], FANYU),
    ],
)
def test_all_spellings_of_a_body_come_to_one_name(spellings: list[str], code: str) -> None:
    names = {normalised_agency(spelling, code) for spelling in spellings}
    assert len(names) == 1
    (name,) = names
    assert normalised_agency(name, code) == name


def test_the_name_has_its_place() -> None:
    assert normalised_agency("番禺区政府办", FANYU) == "广州市番禺区人民政府办公室"
    assert normalised_agency("教育局", YANQING) == "北京市延庆区教育局"
    assert normalised_agency("市教育局", FANYU) == "广州市教育局"
    assert normalised_agency("石碁镇财政所", FANYU) == "广州市番禺区石碁镇财政所"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("朝阳区教育局", "110105"), ("朝阳区教育局", "220104")),
        (("番禺区教育局", FANYU), ("广州市教育局", FANYU)),
        (("番禺区人民政府", FANYU), ("番禺区人民政府办公室", FANYU)),
        (("石碁镇人民政府", FANYU), ("石楼镇人民政府", FANYU)),
        (("市政管理局", GUANGZHOU), ("管理局", GUANGZHOU)),
        (("番禺区教育局", FANYU), ("泉州市教育局", FANYU)),
    ],
)
def test_two_bodies_keep_two_names(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert normalised_agency(*one) != normalised_agency(*other)


@pytest.mark.parametrize(
    ("name", "code", "wanted"),
    [
        ("国家税务总局广州市税务局", GUANGZHOU, "国家税务总局广州市税务局"),
        ("广州大学", GUANGZHOU, "广州大学"),
        ("青溪县教育局", None, "青溪县教育局"),
        ("朝阳区教育局", None, "朝阳区教育局"),
        ("教育局", None, "教育局"),
        ("教育局", "999999", "教育局"),
        ("", None, ""),
    ],
)
def test_what_names_no_place_or_several_gets_none(name: str, code: str | None, wanted: str) -> None:
    assert normalised_agency(name, code) == wanted


def test_a_name_is_that_of_the_division_of_its_year() -> None:
    assert normalised_agency("延庆县教育局", "110229", 2012) == "北京市延庆县教育局"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("番禺区政府办", "general_office"),
        ("番禺区人民政府办公室", "general_office"),
        ("大石街办事处", "subdistrict_township"),
    ],
)
def test_a_short_name_is_of_the_kind_of_the_whole(name: str, kind: str) -> None:
    assert body_kind(name) == kind


@pytest.mark.parametrize("brackets", ["（知识产权局）", "(知识产权局)", "（区知识产权局、区食品安全办公室）"])
def test_a_name_may_end_in_brackets(brackets: str) -> None:
    name = f"青溪区市场监督管理局{brackets}"
    assert without_other_names(name) == "青溪区市场监督管理局"
    assert (full_name(name), body_kind(name)) == (name, "department")
    found = report(html(title=f"{name}2020年政府信息公开工作年度报告"))
    assert (found.issuing_body, found.body_kind) == (name, "department")


def test_what_stands_in_brackets_behind_a_name_may_be_none() -> None:
    assert full_name("青溪区教育局（2020）") == "青溪区教育局"
    assert full_name("关于青溪（2020）") is None


@pytest.mark.parametrize(
    ("name", "bodies"),
    [
        ("青溪区教育局、青溪区体育局", ["青溪区教育局", "青溪区体育局"]),
        ("番禺区教育局、体育局", ["番禺区教育局", "番禺区体育局"]),
        ("区人民政府办公室和区政务服务中心", ["区人民政府办公室", "区政务服务中心"]),
        ("青溪区人民政府暨青溪经济开发区管委会", ["青溪区人民政府", "青溪经济开发区管委会"]),
        ("广州市黄埔区人民政府 广州开发区管委会", ["广州市黄埔区人民政府", "广州开发区管委会"]),
        # one body
        ("青溪区人民政府和平街道办事处", ["青溪区人民政府和平街道办事处"]),
        ("青溪区发展和改革局", ["青溪区发展和改革局"]),
        ("青溪区工业和信息化局", ["青溪区工业和信息化局"]),
        ("青溪区住房和城乡建设局", ["青溪区住房和城乡建设局"]),
        ("青溪区文化、广播电视和旅游局", ["青溪区文化、广播电视和旅游局"]),
    ],
)
def test_joint_bodies_are_two_and_names_with_and_are_one(name: str, bodies: list[str]) -> None:
    assert split_joint(name) == bodies


def test_a_joint_report_names_both_its_bodies() -> None:
    found = report(html(title="青溪区教育局、青溪区体育局2020年政府信息公开工作年度报告"))
    assert (found.issuing_body, found.co_issuing_body) == ("青溪区教育局", "青溪区体育局")


@pytest.mark.parametrize("zone", ["云溪高新技术产业开发区", "青溪经济技术开发区", "临港新区"])
def test_a_zone_s_committee_by_both_its_names(zone: str) -> None:
    for committee in ("管委会", "管理委员会"):
        found = report(html(title=f"{zone}{committee}2020年政府信息公开工作年度报告"))
        assert (found.issuing_body, found.body_kind) == (zone + committee, "functional_zone_committee")
    text = html(
        f"<div id=zoom>{paragraphs([*PROSE, f'本报告由{zone}管委会编制。'])}</div>",
        title=f"{zone}2020年政府信息公开工作年度报告",
    )
    assert report(text).issuing_body == f"{zone}管委会"


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("番禺区石碁镇财政所", "township"),
        ("番禺区石碁镇人民政府应急管理办公室", "township"),
        ("番禺区大石街道综合行政执法办公室", "township"),
        ("柳河乡农业服务中心", "township"),
        ("番禺区住房和城乡建设局", "county"),
        ("番禺区乡村振兴局", "county"),
        ("番禺区乡镇企业局", "county"),
        ("番禺区城镇管理局", "county"),
    ],
)
def test_a_bureau_of_a_town_is_of_its_level(name: str, wanted: str) -> None:
    assert level(name, body_kind(name), division(FANYU), None) == wanted
