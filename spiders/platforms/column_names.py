"""What columns of annual reports on disclosure are called, in menus and in trees of categories."""

from __future__ import annotations

import re

_BLANKS = re.compile(r"\s+")
_YEAR = re.compile(r"^(?:19|20)\d\d\s*年?度?")
_ENDING = r"(?:年报|年度报告|工作报告汇编)(?:公开|公示|专栏|栏目|列表)?"
_COLUMN = re.compile(rf"^(?P<subject>[^\d]{{0,24}}?){_ENDING}$")
_DISCLOSURE = re.compile(r"(?:政府|政务|部门)信息公开|政务公开")
_BODIES = re.compile(
    r"(?:[\u4e00-\u9fff]{2,4}(?:区|县|市|镇|乡|街道)|各|本|区县|[省市区县镇乡]|镇街|乡镇|街道|部门|单位|机构|机关|直属|所属|下属|"
    r"人民|政府|办公室|办事处|委办局|级|历年|年度|及|和|与|、|信息|公开|工作|报告)*"
)
"""Where nothing says that they are on disclosure: whose reports a column may hold, 年报, 街道年度报告, 部门信息公开工作年报."""
_OTHER = re.compile(
    r"规划|计划|总结|统计|财务|财政|预算|决算|企业|上市|法治|法制|依法行政|环境|质量|审计|安全|法人|青年报|日报|制度"
)
"""What other annual reports are about."""


def is_column_name(text: str, above: str = "") -> bool:
    """Whether a menu's item or a category is named like a column of annual reports on disclosure.

    `above` are the names of the categories that it stands below, the nearest last: 年度报告 below 财政信息 is of another kind.

    >>> [is_column_name(t) for t in ("政府信息公开年报", "信息公开工作年度报告", "街道年度报告", "市财政局政府信息公开年报")]
    [True, True, True, True]
    >>> [is_column_name(t) for t in ("统计年报", "规划计划与年度报告", "法治政府建设年度报告", "2021年度报告", "中国青年报")]
    [False, False, False, False, False]
    >>> is_column_name("年度报告", "政府信息公开 财政信息"), is_column_name("年度报告", "政策制度 政府信息公开")
    (False, True)
    """
    found = _COLUMN.match(_BLANKS.sub("", text))
    if found is None:
        return False
    subject = found["subject"]
    disclosure = _DISCLOSURE.search(subject)
    if disclosure:
        return not _OTHER.search(subject, disclosure.end()) and "法治" not in subject
    return _BODIES.fullmatch(subject) is not None and _last(_OTHER, above) <= _last(_DISCLOSURE, above)


def says_disclosure(text: str) -> bool:
    """Whether a name says that its reports are on disclosure; 年度报告 alone may hold any."""
    return "公开" in text


def says_whose(text: str) -> bool:
    """Whether a name says whose reports it holds: 街道年报, unlike 年报 and 工作年度报告."""
    found = _COLUMN.match(_BLANKS.sub("", text))
    return found is not None and re.sub(r"工作|年度|历年|信息", "", found["subject"]) != ""


def _last(pattern: re.Pattern[str], text: str) -> int:
    return max((found.start() for found in pattern.finditer(text)), default=-1)


def is_category_name(text: str, above: str = "") -> bool:
    """The same for a category of a catalogue, which may be one year's: 2021年政府信息公开年报."""
    return is_column_name(_YEAR.sub("", text.strip()), above)
