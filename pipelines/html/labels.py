"""Index tables: the labels and values that portals print above an article, with or without colons, in any order of cells.

Rows come as lines, cells joined by blanks: label and value by turns, a row of labels above a row of values, or a label on
a line of its own above its value.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_INDEX = ("索引号", "信息索引号", "信息索引", "索取号", "索引", "索引码")
_NUMBER = ("文号", "发文字号", "发文文号", "文件编号", "字号", "文件文号", "文件字号")
_ISSUER = (
    "发布机构", "发布单位", "发布机关", "发文机关", "发文单位", "发文机构", "公开机构", "公开单位", "公开主体", "公开责任部门", "责任部门",
    "制发机关", "制作单位", "发布部门", "信息提供单位", "公开部门",
)  # fmt: skip
_SOURCE = ("信息来源", "来源", "文章来源", "稿件来源")
_DATE = ("发布日期", "发布时间", "公开日期", "公开时间", "公布日期", "公布时间", "信息发布日期", "上网日期", "上网时间")
_OTHER = (
    "成文日期", "成文时间", "生成日期", "生成时间", "发文日期", "发文时间", "印发日期", "制发日期", "生效日期", "生效时间", "实施日期", "废止日期", "失效日期",
    "更新日期", "更新时间", "有效期", "有效性", "时效性", "效力状态", "文件状态", "主题分类", "信息分类", "主题", "主题词", "分类", "分类号", "服务对象",
    "服务对象分类", "体裁分类", "组配分类", "信息类别", "文件类型", "公开方式", "公开形式", "公开范围", "公开时限", "公开程序", "公开属性", "公开类别", "公开类型",
    "所属主题", "信息名称", "名称", "标题", "文件名称", "文件标题", "内容概述", "信息内容概述", "关键词", "关键字", "摘要", "语种", "载体", "载体类型", "生命周期",
    "公文种类", "统一登记号", "统一编号", "备注", "概述", "栏目", "所属栏目", "签发日期", "签发人", "联系电话",
)  # fmt: skip

INDEX_NUMBER, DOCUMENT_NUMBER, ISSUER, SOURCE, PUBLISHED = "索引号", "文号", "发布机构", "来源", "发布日期"
"""What `read_labels` calls the values that are asked for."""
_CALLED = {
    **dict.fromkeys(_INDEX, INDEX_NUMBER),
    **dict.fromkeys(_NUMBER, DOCUMENT_NUMBER),
    **dict.fromkeys(_ISSUER, ISSUER),
    **dict.fromkeys(_SOURCE, SOURCE),
    **dict.fromkeys(_DATE, PUBLISHED),
}
_ALL = sorted((*_CALLED, *_OTHER), key=len, reverse=True)
_LABEL = re.compile(
    rf"(?:^|(?<=[\s|｜]))[\[【（(]?({'|'.join(r' ?'.join(label) for label in _ALL)})[\]】）)]?(?:\s*[:：]\s*|\s+|$)"
)
_JOINED = re.compile(rf"({'|'.join(map(r' ?'.join, (*_INDEX, *_NUMBER)))})(?=[A-Za-z0-9])")
_FIRST = frozenset(label[0] for label in _ALL)
_LONGEST_ROW = 300
_LONGEST_VALUE = 60
"""Characters of a value on a line below its label, at most."""
_MOMENT = re.compile(r"(\d)\s+(?=\d{1,2}:\d\d)")
_SENTENCE = re.compile(r"[。；！？]")


def read_labels(lines: Sequence[str]) -> dict[str, str]:
    """The values of an index table by label, from lines in the order of the page; of each label the first."""
    found: dict[str, str] = {}
    waiting: list[str] = []
    for line in lines:
        labels, values = _parts(line) if _may_be_row(line) else ([], [])
        if not labels:
            if waiting:
                cells = _MOMENT.sub(r"\1T", line).split() if len(waiting) > 1 else [line]
                if len(cells) == len(waiting):
                    _add(found, zip(waiting, (cell.replace("T", " ") for cell in cells), strict=True))
            waiting = []
        elif any(values):
            _add(found, zip(labels, values, strict=True))
            waiting = []
        else:
            waiting = labels
    return found


def _may_be_row(line: str) -> bool:
    return len(line) <= _LONGEST_ROW and (line[0] in _FIRST or line[0] in "[【（(") and not _SENTENCE.search(line)


def _parts(line: str) -> tuple[list[str], list[str]]:
    """The labels of a row and what follows each; none where the row does not begin with one."""
    matches = list(_LABEL.finditer(line))
    if not matches or matches[0].start():
        joined = _JOINED.match(line)
        return ([joined[1]], [line[joined.end() :]]) if joined else ([], [])
    ends = [match.start() for match in matches[1:]] + [len(line)]
    return [match[1] for match in matches], [
        line[match.end() : end].strip(" |｜") for match, end in zip(matches, ends, strict=True)
    ]


def _add(found: dict[str, str], pairs: object) -> None:
    for label, value in pairs:  # type: ignore[attr-defined]
        called = _CALLED.get(label.replace(" ", ""))
        if called and value:
            found.setdefault(called, value)


def index_rows(lines: Sequence[str], fewest: int = 2) -> int:
    """How many lines at the head of an article are rows of an index table, values on lines of their own included.

    `fewest`: labels from which they are one.
    """
    count = labels = 0
    waiting = 0
    for number, line in enumerate(lines, 1):
        own, values = _parts(line) if line and _may_be_row(line) else ([], [])
        if not own and len(line) > _LONGEST_VALUE * waiting:
            break
        labels += len(own)
        waiting = 0 if any(values) else len(own)
        count = number
    return count if labels >= fewest else 0
