"""What columns of annual reports list without its being one: notices, half-year statistics, letters, links elsewhere."""

from __future__ import annotations

from .markup import Td, plain_table
from .replica import Document


def _paragraphs(*texts: str) -> str:
    return "".join(f"<p>{text}</p>\n" for text in texts)


def notice(place: str, year: int) -> Document:
    """A notice about compiling the reports."""
    return Document(
        number=0,
        title=f"关于做好{place}{year}年政府信息公开工作年度报告编制发布工作的通知",
        published=f"{year}-12-18 09:30",
        source=f"{place}人民政府办公室",
        body=_paragraphs(
            "各镇人民政府、街道办事处，区政府各部门：",
            f"请于次年1月31日前公布本单位{year}年政府信息公开工作年度报告，并将电子版报送我办。",
            "报告中各表的数据应当符合勾稽关系，数字与文字说明应当一致。",
        ),
    )


def half_year(place: str, year: int) -> Document:
    """Half-year figures of applications, with a table that looks like the report's."""
    rows = [
        ["项目", "自然人", "法人或其他组织", "总计"],
        ["新收政府信息公开申请", "31", "6", "37"],
        ["办结", "28", "5", "33"],
    ]
    return Document(
        number=0,
        title=f"{place}{year}年上半年政府信息依申请公开情况统计",
        published=f"{year}-07-08 10:00",
        source=f"{place}人民政府办公室",
        body=_paragraphs(f"现将{year}年上半年依申请公开情况公布如下。")
        + plain_table([[Td(t) for t in r] for r in rows]),
    )


def work_report(place: str, year: int) -> Document:
    """The report on a government's whole work (政府工作报告)."""
    return Document(
        number=0,
        title=f"{year}年{place}人民政府工作报告",
        published=f"{year}-02-20 15:10",
        source=f"{place}人民政府",
        body=_paragraphs(
            "各位代表：",
            f"现在，我代表{place}人民政府向大会报告工作，请予审议。",
            f"一、{year - 1}年工作回顾",
            "地区生产总值增长5.2%，新建改建农村公路38公里，政务公开水平进一步提高。",
        ),
    )


def letter(place: str, year: int) -> Document:
    """A letter about carrying out last year's tasks."""
    return Document(
        number=0,
        title=f"{place}人民政府办公室关于{year}年政府信息公开工作要点落实情况的函",
        published=f"{year}-12-16 09:00",
        source=f"{place}人民政府办公室",
        body=_paragraphs("市人民政府办公室：", f"现将我区{year}年政府信息公开工作要点的落实情况函告如下。"),
    )


def picture_story(place: str, year: int) -> Document:
    """An entry that only links to another host."""
    return Document(
        number=0,
        title=f"一图读懂{place}{year}年政府信息公开工作年度报告",
        published=f"{year + 1}-03-30 11:20",
        elsewhere="https://mp.weixin.qq.com/s/SyntheticStory0001",
    )
