"""The words of a synthetic report: our own sentences, with figures that agree with its tables."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from archive.model import Statistic
from archive.vocabulary import Origin

from .figures import draw
from .markup import Block

TOPICS = ("重大建设项目", "公共资源配置", "社会公益事业", "优化营商环境", "稳岗就业", "乡村振兴", "义务教育")
EFFORTS = (
    "坚持公开为常态、不公开为例外",
    "持续完善信息公开审查机制",
    "定期清理栏目中久未更新的内容",
    "把群众关心的事项放在首页显著位置",
    "由专人负责信息的收集、审核和发布",
)
SHORTCOMINGS = ("解读形式还不够多样", "个别栏目更新不够及时", "基层人员变动较多", "主动回应的意识有待提高")
PLANS = ("加强业务培训", "丰富图解、问答等解读形式", "逐月检查栏目更新情况", "梳理常见申请并主动公开相关信息")

SECTIONS = {
    2: "二、主动公开政府信息情况",
    3: "三、收到和处理政府信息公开申请情况",
    4: "四、政府信息公开行政复议、行政诉讼情况",
}
"""The headings under which the national tables stand."""

REASONS = ("denied", "not_provided", "not_processed", "other")
"""Groups of outcomes whose sum the prose states as `<group>_total`."""


@dataclass(slots=True)
class Written:
    """What the prose of a report says."""

    blocks: list[Block] = field(default_factory=list)
    stated: list[Statistic] = field(default_factory=list)

    def heading(self, text: str) -> None:
        self.blocks.append(Block("heading", text))

    def say(self, text: str) -> None:
        self.blocks.append(Block("p", text))

    def state(self, clause: str, row: str, value: int, column: str = "total", unit: str = "件") -> str:
        """A clause that states a figure, noted for the truth; table three, or four for the row `cases`."""
        clause = clause.format(value)
        self.stated.append(
            Statistic(
                table_no=4 if row == "cases" else 3,
                row_name=row,
                column_name=column,
                value=value,
                unit=unit,
                raw=clause,
                origin=Origin.NARRATIVE,
            )
        )
        return clause


def since_2019(
    body: str,
    year: int,
    form: str,
    counts: dict[tuple[str, str], int],
    results: dict[str, int],
    revision: int,
) -> Written:
    """A report in the six fixed sections. `counts` is table three, `results` table four."""
    random_ = draw("prose", body, year)
    notice = "〔2019〕60号" if form == "cn-2019" else "〔2021〕30号"
    topics = random_.sample(TOPICS, 3)
    written = Written()
    written.say(
        f"根据《中华人民共和国政府信息公开条例》和国办公开办函{notice}文件要求，现公布{body}{year}年政府信息公开工作年度报告。"
        f"本报告所列数据的统计期限自{year}年1月1日起至{year}年12月31日止。"
    )
    written.heading("一、总体情况")
    written.say(
        f"{year}年，{body}{random_.choice(EFFORTS)}，围绕{topics[0]}、{topics[1]}和{topics[2]}推进政府信息公开。"
    )
    website, readings = random_.randint(40, 3000), random_.randint(1, 40)
    written.say(f"（一）主动公开。全年通过政府网站公开各类信息{website}条，发布解读稿件{readings}篇。")
    if revision:
        written.say(f"本报告经核对后第{revision}次更新。")
    clauses = [
        written.state("新收政府信息公开申请{}件", "new_received", counts["new_received", "total"]),
        written.state("上年结转{}件", "carried_in", counts["carried_in", "total"]),
        written.state("办结{}件", "processed_total", counts["processed_total", "total"]),
        written.state("结转下年度继续办理{}件", "carried_out", counts["carried_out", "total"]),
    ]
    written.say("（二）依申请公开。全年" + "，".join(clauses) + "。")
    totals: Counter[str] = Counter()
    for (row, column), count in counts.items():
        if column == "total":
            totals[next((reason for reason in REASONS if row.startswith(reason + "_")), row)] += count
    other = "other_handling" if form == "cn-2019" else "other_total"
    ended = [
        written.state("予以公开{}件", "granted", totals["granted"]),
        written.state("部分公开{}件", "partially_granted", totals["partially_granted"]),
        written.state("不予公开{}件", "denied_total", totals["denied"]),
        written.state("无法提供{}件", "not_provided_total", totals["not_provided"]),
        written.state("不予处理{}件", "not_processed_total", totals["not_processed"]),
        written.state("其他处理{}件", other, totals["other"]),
    ]
    written.say("在办结的申请中，" + "，".join(ended) + "。")
    written.say(f"（三）平台建设。{random_.choice(EFFORTS)}，全年调整栏目{random_.randint(1, 9)}个。")
    written.say(f"（四）监督保障。组织业务培训{random_.randint(1, 6)}次，参加{random_.randint(10, 300)}人次。")
    for heading in SECTIONS.values():
        written.heading(heading)
    after_review = "suit_after_review_total"
    written.say(
        "全年"
        + written.state("因政府信息公开引起的行政复议{}件", "cases", results["review_total"], "review_total")
        + "，"
        + written.state("未经复议直接起诉的行政诉讼{}件", "cases", results["suit_direct_total"], "suit_direct_total")
        + "，"
        + written.state("复议后起诉的行政诉讼{}件", "cases", results[after_review], after_review)
        + "。"
    )
    written.heading("五、存在的主要问题及改进情况")
    lacking, plan = random_.choice(SHORTCOMINGS), random_.choice(PLANS)
    written.say(f"{year}年的工作还存在一些不足：{lacking}。{year + 1}年，将{plan}。")
    written.heading("六、其他需要报告的事项")
    written.say("本年度未收取信息处理费，没有其他需要报告的事项。")
    return written


def before_2019(body: str, year: int, counts: dict[str, int], revision: int) -> Written:
    """A report in the chapters of the first years. `counts` are the figures that its annex would print."""
    random_ = draw("prose", body, year)
    written = Written()
    written.say(
        f"根据《中华人民共和国政府信息公开条例》要求，现公布{body}{year}年度政府信息公开工作年度报告。"
        f"本报告中所列数据的统计期限自{year}年1月1日起至{year}年12月31日止。"
    )
    written.heading("一、概述")
    written.say(
        f"{year}年，{body}{random_.choice(EFFORTS)}，以{random_.choice(TOPICS)}等领域为重点开展政府信息公开工作。"
    )
    if revision:
        written.say(f"本报告经核对后第{revision}次更新。")
    written.heading("二、主动公开政府信息的情况")
    website, gazette = counts["disclosed_website"], counts["disclosed_gazette"]
    written.say(f"全年主动公开政府信息{website + gazette}条，其中政府网站公开{website}条，政府公报公开{gazette}条。")
    written.heading("三、依申请公开政府信息的情况")
    if counts["applications_received"]:
        written.say(
            "全年共"
            + written.state("受理政府信息公开申请{}件", "new_received", counts["applications_received"])
            + f"，其中当面申请{counts['received_in_person']}件，网上申请{counts['received_online']}件，"
            + f"信函、传真申请{counts['received_letter_fax']}件。"
        )
        written.say(
            "申请已全部答复，其中"
            + written.state("同意公开{}件", "granted", counts["replied_granted"])
            + "，"
            + written.state("同意部分公开{}件", "partially_granted", counts["replied_partially_granted"])
            + "，"
            + written.state("不予公开{}件", "denied_total", counts["replied_denied"])
            + f"，其他情形{counts['replied_other']}件。"
        )
    else:
        written.say(written.state(f"{year}年未收到政府信息公开申请", "new_received", 0) + "。")
    written.heading("四、政府信息公开的收费及减免情况")
    written.say("全年未收取任何费用，也没有减免费用的情况。")
    written.heading("五、因政府信息公开申请行政复议、提起行政诉讼的情况")
    written.say(
        "全年"
        + written.state("因政府信息公开引起的行政复议{}件", "cases", counts["reviews_total"], "review_total")
        + f"，行政诉讼{counts['suits_total']}件。"
    )
    written.heading("六、存在的主要问题及改进措施")
    written.say(f"存在的主要问题是{random_.choice(SHORTCOMINGS)}。{year + 1}年，将{random_.choice(PLANS)}。")
    return written
