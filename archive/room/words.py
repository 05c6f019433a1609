"""The vocabulary in both languages: (Chinese, English)."""

from __future__ import annotations

from archive.forms import LABELS

Pair = tuple[str, str]

LEVELS: dict[str, Pair] = {
    "national": ("国家级", "national"),
    "province": ("省级", "province"),
    "prefecture": ("地市级", "prefecture"),
    "county": ("县级", "county"),
    "township": ("乡镇级", "township"),
}
KINDS: dict[str, Pair] = {
    "government": ("人民政府", "government"),
    "general_office": ("政府办公室", "general office"),
    "department": ("部门", "department"),
    "subdistrict_township": ("乡镇街道", "township or subdistrict"),
    "functional_zone_committee": ("功能区管委会", "functional zone committee"),
    "institution": ("事业单位", "institution"),
}
FORMS: dict[str, Pair] = {
    "narrative": ("文字报告", "prose only"),
    "cn-2014-stat": ("2014年统计表", "statistics annex of 2014"),
    "fj-2014-stat": ("福建2014年统计表", "Fujian annex of 2014"),
    "dx-2010-stat": ("定西2010年统计表", "Dingxi annex of 2010"),
    "cn-2019": ("2019年格式", "national form of 2019"),
    "cn-2021": ("2021年格式", "national form of 2021"),
}
STATES: dict[str, Pair] = {
    "live": ("在线", "online"),
    "missing": ("最近未找到", "missing"),
    "removed": ("已撤下", "removed"),
    "returned": ("撤下后恢复", "returned"),
}
VERDICTS: dict[str, Pair] = {
    "holds": ("勾稽相符", "identities hold"),
    "fails": ("勾稽不符", "identities fail"),
    "not_assessable": ("无法核对", "not assessable"),
}
SEVERITIES: dict[str, Pair] = {
    "suspect_parser": ("可能是读取有误", "suspect our reading"),
    "suspect_source": ("可能是原文有误", "suspect the source"),
    "warning": ("提示", "warning"),
}
ORIGINS: dict[str, Pair] = {
    "html": ("网页表格", "table on the page"),
    "docx": ("Word附件", "Word document"),
    "xlsx": ("Excel附件", "Excel document"),
    "pdf": ("PDF附件", "PDF document"),
    "image": ("图片", "picture"),
    "narrative": ("正文文字", "prose"),
}
STANDINGS: dict[str, Pair] = {
    "verified": ("已验证", "verified"),
    "inconsistent": ("照原文，勾稽不符", "as published, does not add up"),
    "unverified": ("未能验证", "not verified"),
    "incomplete": ("不完整", "incomplete"),
    "unread": ("未采用", "not used"),
}
TABLES: dict[int, Pair] = {
    1: ("政府信息公开情况统计表", "Statistics annex (before 2019)"),
    2: ("二、主动公开政府信息情况", "Table two: disclosed on the body's own initiative"),
    3: ("三、收到和处理政府信息公开申请情况", "Table three: applications received and handled"),
    4: ("四、政府信息公开行政复议、行政诉讼情况", "Table four: administrative reviews and suits"),
}
FACETS: dict[str, Pair] = {
    "portal": ("网站", "Portal"),
    "year": ("年度", "Year"),
    "level": ("层级", "Level"),
    "kind": ("机关类型", "Kind of body"),
    "form": ("格式", "Form"),
    "verdict": ("勾稽核对", "Verdict"),
}
COLUMNS: dict[str, Pair] = {
    "report_id": ("报告", "report"),
    "previous_report_id": ("上年报告", "last year's report"),
    "issuing_body": ("发布机关", "issuing body"),
    "report_year": ("年度", "year"),
    "numerator": ("分子", "numerator"),
    "denominator": ("分母", "denominator"),
    "share": ("比例", "share"),
    "verified": ("已核对", "verified"),
    "reason": ("理由", "reason"),
    "label": ("表中名目", "label"),
    "refusals": ("件数", "refusals"),
    "reports": ("报告数", "reports"),
    "body_kind": ("机关类型", "kind of body"),
    "published": ("发布日期", "published"),
    "deadline": ("法定期限", "deadline"),
    "days_late": ("迟（天）", "days late"),
    "years_here": ("已存年度数", "years archived"),
    "portals": ("网站", "portals"),
    "identity": ("勾稽关系", "identity"),
    "scope": ("位置", "where"),
    "expected": ("应为", "expected"),
    "actual": ("原文为", "printed"),
    "severity": ("性质", "severity"),
    "carried_out_previous_year": ("上年报告：结转下年度", "carried out last year"),
    "carried_in": ("本年报告：上年结转", "carried in"),
    "difference": ("差", "difference"),
}
"""Columns of the answers to questions."""
IDENTITIES: dict[str, Pair] = {
    "T3-A": (
        "每列：本年新收 + 上年结转 = 办理总计 + 结转下年度",
        "each column: newly received + carried in = handled in total + carried out",
    ),
    "T3-B": (
        "每列：办理总计 = 予以公开 + 部分公开 + 不予公开 + 无法提供 + 不予处理 + 其他处理各项之和",
        "each column: handled in total = granted + partially granted + denied + not provided + not processed + other",
    ),
    "T3-C": (
        "每行：总计 = 自然人 + 商业企业 + 科研机构 + 社会公益组织 + 法律服务机构 + 其他",
        "each row: total = natural persons + the five kinds of organisations",
    ),
    "T4-A": ("总计 = 结果维持 + 结果纠正 + 其他结果 + 尚未审结", "total = maintained + corrected + other + pending"),
    "X-A": ("本年“上年结转” = 上年报告的“结转下年度”", "carried in = what last year's report carried out"),
    "X-B": (
        "现行有效件数 = 上年现行有效 + 本年制发 − 本年废止",
        "in force = in force last year + issued − abolished",
    ),
    "X-C": (
        "上一年项目数量 = 上年报告的上一年项目数量 + 本年增/减",
        "items of the previous year = those of last year's report + its change",
    ),
    "S-1": ("对外公开总数量 ≥ 本年新公开数量；各数不为负", "total disclosed ≥ newly disclosed; no count is negative"),
    "S-2": ("正文所述数字 = 表中数字", "the number in the prose = the number in the table"),
    "D-1": ("同一表格的两处来源，各单元格相同", "a cell is the same in two sources of its table"),
}
VALUES: dict[str, dict[str, Pair]] = {
    "level": LEVELS,
    "kind": KINDS,
    "form": FORMS,
    "verdict": VERDICTS,
    "state": STATES,
    "severity": SEVERITIES,
    "origin": ORIGINS,
    "standing": STANDINGS,
}
"""Field → value → words."""

_DERIVED: dict[str, str] = {
    "denied_total": "不予公开",
    "not_provided_total": "无法提供",
    "not_processed_total": "不予处理",
    "other_total": "其他处理",
    "organisations_total": "法人或其他组织",
    "suit_total": "行政诉讼",
    "cases": "案件",
}


def _labels() -> dict[str, str]:
    found: dict[str, str] = {}
    for form in reversed(LABELS["forms"].values()):
        for table in form["tables"].values():
            for part in (*table["rows"], *table["columns"]):
                if part["label"]:
                    path = part["group"][1:] if isinstance(part["group"], list) and len(part["group"]) > 1 else []
                    found[part["name"]] = " ".join([*path, part["label"]])
    blocks = {"review": "行政复议", "suit_direct": "未经复议直接起诉", "suit_after_review": "复议后起诉"}
    results = {
        "maintained": "结果维持",
        "corrected": "结果纠正",
        "other": "其他结果",
        "pending": "尚未审结",
        "total": "总计",
    }
    found |= {f"{b}_{r}": f"{block}{result}" for b, block in blocks.items() for r, result in results.items()} | blocks
    return found | _DERIVED


LABEL = _labels()
"""Name of a row or column → its printed label."""


def label(name: str) -> Pair:
    """A row, a column, or `row.column`, in words."""
    if "." in name:
        row, _, column = name.partition(".")
        (a, b), (c, d) = label(row), label(column)
        return f"{a} · {c}", f"{b}, {d}"
    return LABEL.get(name, name), name.replace("_", " ")
