"""The words of a synthetic report: our own sentences, with figures that agree with its tables."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from crawler.items import Statistic

from .figures import cases, draw, outcomes, received
from .markup import Block, Td

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


@dataclass(frozen=True, slots=True)
class AnnexRow:
    """A row of the statistics table before 2019, as printed."""

    label: str
    unit: str
    year_value: int | float | None
    """None where the row is only a heading."""
    cumulative: int | None = None


@dataclass(slots=True)
class Written:
    """What the prose of a report says."""

    blocks: list[Block] = field(default_factory=list)
    stated: list[Statistic] = field(default_factory=list)
    annex: list[AnnexRow] = field(default_factory=list)

    def heading(self, text: str) -> None:
        self.blocks.append(Block("heading", text))

    def say(self, text: str) -> None:
        self.blocks.append(Block("p", text))

    def sign(self, body: str, date: str) -> None:
        self.blocks += [Block("signature", body), Block("signature", date)]

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
                origin="narrative",
            )
        )
        return clause


def since_2019(
    body: str,
    year: int,
    form: str,
    counts: dict[tuple[str, str], int],
    results: dict[str, int],
    signed: str,
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
    written.sign(body, signed)
    return written


def before_2019(body: str, year: int, kind: str, signed: str, revision: int) -> Written:
    """A report in the chapters of the first years; with the statistics table that its province or the centre wanted."""
    random_ = draw("prose", body, year)
    counts = _early(body, year)
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
    written.say(
        f"全年主动公开政府信息{counts['disclosed']}条，其中政府网站公开{counts['website']}条，政府公报公开{counts['gazette']}条。"
    )
    written.heading("三、依申请公开政府信息的情况")
    if counts["received"]:
        written.say(
            "全年共"
            + written.state("受理政府信息公开申请{}件", "new_received", counts["received"])
            + f"，其中当面申请{counts['in_person']}件，网上申请{counts['online']}件，"
            + f"信函、传真申请{counts['letter']}件。"
        )
        written.say(
            "申请已全部答复，其中"
            + written.state("同意公开{}件", "granted", counts["granted"])
            + "，"
            + written.state("同意部分公开{}件", "partially_granted", counts["partial"])
            + "，"
            + written.state("不予公开{}件", "denied_total", counts["denied"])
            + f"，其他情形{counts['otherwise']}件。"
        )
    else:
        written.state(f"{year}年未收到政府信息公开申请", "new_received", 0)
        written.say(f"{year}年未收到政府信息公开申请。")
    written.heading("四、政府信息公开的收费及减免情况")
    written.say("全年未收取任何费用，也没有减免费用的情况。")
    written.heading("五、因政府信息公开申请行政复议、提起行政诉讼的情况")
    written.say(
        "全年"
        + written.state("因政府信息公开引起的行政复议{}件", "cases", counts["reviews"], "review_total")
        + f"，行政诉讼{counts['suits']}件。"
    )
    written.heading("六、存在的主要问题及改进措施")
    written.say(f"存在的主要问题是{random_.choice(SHORTCOMINGS)}。{year + 1}年，将{random_.choice(PLANS)}。")
    if kind != "narrative":
        written.annex = _fujian(counts) if kind == "fj-2014-stat" else _national(counts)
        written.heading("七、政府信息公开情况统计表")
        written.blocks.append(_annex_table(written.annex, year, cumulative=kind == "fj-2014-stat"))
    written.sign(body, signed)
    return written


def _early(body: str, year: int) -> dict[str, int]:
    """The figures of a report before 2019; applications and reviews are those of the later forms."""
    random_ = draw("early", body, year)
    new = sum(received(body, year).values())
    ended = outcomes(body, year, ("granted", "partially_granted", "denied", "otherwise"))
    answered = sum(ended.values(), Counter())
    # everything received is answered in the year: what the later forms carry over, these reports do not know
    answered["granted"] += new - answered.total()
    if answered["granted"] < 0:
        answered = Counter(otherwise=new)
    in_person = random_.randint(0, new)
    online = random_.randint(0, new - in_person)
    website, gazette = random_.randint(50, 3000), random_.randint(0, 40)
    results = cases(body, year)
    return {
        "website": website,
        "gazette": gazette,
        "disclosed": website + gazette,
        "documents": random_.randint(0, 12),
        "received": new,
        "in_person": in_person,
        "online": online,
        "letter": new - in_person - online,
        "granted": answered["granted"],
        "partial": answered["partially_granted"],
        "denied": answered["denied"],
        "otherwise": answered["otherwise"],
        "reviews": results["review_total"],
        "suits": results["suit_direct_total"] + results["suit_after_review_total"],
        "staff": random_.randint(2, 30),
        "meetings": random_.randint(1, 12),
        "past": random_.randint(2, 6),
    }


def _fujian(counts: dict[str, int]) -> list[AnnexRow]:
    """The Fujian table of 2014-2018: year and cumulative figures."""
    rows = [
        ("主动公开文件数", "条", "disclosed"),
        ("其中：1.政府网站公开数", "条", "website"),
        ("2.政府公报公开数", "条", "gazette"),
        ("受理依申请公开信息总数", "条", "received"),
        ("其中：1.当面申请数", "条", "in_person"),
        ("2.网上申请数", "条", "online"),
        ("3.信函、传真申请数", "条", "letter"),
        ("对申请的答复总数", "条", "received"),
        ("其中：1.同意公开答复数", "条", "granted"),
        ("2.同意部分公开答复数", "条", "partial"),
        ("3.不予公开答复数", "条", "denied"),
        ("4.其他类型答复数", "条", "otherwise"),
        ("接受行政诉讼、举报数", "件", "suits"),
        ("行政复议数", "件", "reviews"),
        ("行政诉讼数", "件", "suits"),
    ]
    return [AnnexRow(label, unit, counts[key], counts[key] * counts["past"]) for label, unit, key in rows]


def _national(counts: dict[str, int]) -> list[AnnexRow]:
    """The national table of 2014 (国办发〔2014〕32号), with the rows that most bodies print."""
    rows = [
        ("一、主动公开情况", "", ""),
        ("（一）主动公开政府信息数（不同渠道和方式公开相同信息计1条）", "条", "disclosed"),
        ("其中：主动公开规范性文件数", "条", "documents"),
        ("制发规范性文件总数", "件", "documents"),
        ("（二）通过不同渠道和方式公开政府信息的情况", "", ""),
        ("1.政府公报公开政府信息数", "条", "gazette"),
        ("2.政府网站公开政府信息数", "条", "website"),
        ("三、依申请公开情况", "", ""),
        ("（一）收到申请数", "件", "received"),
        ("1.当面申请数", "件", "in_person"),
        ("2.网络申请数", "件", "online"),
        ("3.信函申请数", "件", "letter"),
        ("（二）申请办结数", "件", "received"),
        ("1.按时办结数", "件", "received"),
        ("（三）申请答复数", "件", "received"),
        ("1.属于已主动公开范围数", "件", "otherwise"),
        ("2.同意公开答复数", "件", "granted"),
        ("3.同意部分公开答复数", "件", "partial"),
        ("4.不同意公开答复数", "件", "denied"),
        ("四、行政复议数量", "件", "reviews"),
        ("五、行政诉讼数量", "件", "suits"),
        ("八、机构建设和保障经费情况", "", ""),
        ("（三）从事政府信息公开工作人员数", "人", "staff"),
        ("九、政府信息公开会议和培训情况", "", ""),
        ("（一）召开政府信息公开工作会议或专题会议数", "次", "meetings"),
    ]
    return [AnnexRow(label, unit, counts[key] if key else None) for label, unit, key in rows]


def _annex_table(rows: list[AnnexRow], year: int, *, cumulative: bool) -> Block:
    if cumulative:
        head = ["指标名称", "计量单位", f"{year}年度", "历年累计"]
        lines = [[row.label, row.unit, str(row.year_value), str(row.cumulative)] for row in rows]
    else:
        head = ["统计指标", "单位", "统计数"]
        lines = [[row.label, row.unit, "" if row.year_value is None else str(row.year_value)] for row in rows]
    return Block("table", grid=[[Td(text) for text in line] for line in [head, *lines]])
