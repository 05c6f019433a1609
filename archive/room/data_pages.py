"""Datasette's own pages as pages of the reading room: its words in both languages, tables named, counts bounded."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import urlencode

import yaml
from markupsafe import Markup

from archive.room import vocabulary_bilingual as vocabulary
from archive.room.bounded_counts import MOST_LISTED, more_than
from archive.room.codebook import vocabulary_of
from archive.room.database_access import MOST_ROWS
from archive.room.json_renderer import NO_KEY
from archive.room.rendering import LANGUAGES, Translator, language, number
from archive.room.request_parameters import all_given
from archive.room.untrusted_text import without_marks
from archive.room.vocabulary_bilingual import Bilingual

TABLES: dict[str, Bilingual] = {
    "reports": ("报告", "Reports"),
    "captures": ("存档", "Captures"),
    "key_figures": ("主要数据", "Key figures"),
    "sums": ("合计（不重复计算）", "Sums, nothing counted twice"),
    "rates": ("比率", "Rates"),
    "town_sums": ("乡镇街道合计", "Sums of towns"),
    "portals": ("网站", "Portals"),
    "report_texts": ("报告全文", "Texts"),
    "statistics": ("统计数据", "Statistics"),
    "checks": ("勾稽核对", "Checks"),
    "table_sources": ("表格来源", "Sources of tables"),
    "parts": ("组成部分", "Parts"),
    "attachments": ("附件", "Attachments"),
    "locations": ("其他网址", "Other addresses"),
    "fates": ("条目去向", "Fates of entries"),
    "unreported": ("未成报告的文档", "Documents that gave no report"),
    "contradictions": ("条目与报告不符", "Entries against reports"),
    "versions": ("版本", "Versions"),
    "agencies": ("机关", "Public bodies"),
    "agency_names": ("机关名称", "Names of public bodies"),
    "listed_bodies": ("网站列出的机关", "Public bodies that portals list"),
    "successions": ("机关承继", "Successions of public bodies"),
    "places": ("行政区划", "Places"),
    "towns": ("乡镇街道", "Towns"),
    "key_figures_all": ("主要数据（全部表格）", "Key figures of every table"),
    "figures": ("主要数据（明细）", "Figures"),
    "totals": ("分组合计", "Totals"),
    "coverage": ("收录情况", "Coverage"),
    "place_coverage": ("各地覆盖情况", "Coverage of places"),
    "timeliness": ("发布时限", "Timeliness"),
    "failed_checks": ("勾稽不符", "Failed checks"),
    "year_over_year": ("跨年结转", "Carried over between years"),
    "bodies": ("原始字节", "Bodies of answers"),
    "runs": ("运行", "Runs"),
    "entries": ("列表条目", "Entries of listings"),
    "problems": ("问题", "Problems"),
    "asking": ("待重试的地址", "Addresses to ask again"),
    "entry_changes": ("条目变动计数", "Changes of entries"),
}
"""What tables, views and databases are called beside their names in SQL."""
_CONDITIONS = {
    "contains": "包含",
    "ends with": "结尾为",
    "starts with": "开头为",
    "like": "like（模式）",
    "not like": "not like（模式）",
    "glob": "glob（模式）",
    "in": "属于（逗号分隔）",
    "not in": "不属于",
    "array contains": "数组含有",
    "array does not contain": "数组不含",
    "date": "日期为",
    "is null": "为空",
    "is not null": "不为空",
    "is blank": "为空白",
    "is not blank": "不为空白",
}
"""Datasette's conditions of a filter; signs such as = stand for themselves."""
_COLUMNS: dict[str, Bilingual] = {
    "portal": ("网站", "Portal"),
    "state": ("状态", "State"),
    "fate": ("去向", "Fate"),
    "outcome": ("结果", "Outcome"),
    "status": ("状态码", "Status"),
    "stage": ("环节", "Stage"),
    "kind": ("类别", "Kind"),
    "finish_reason": ("结束原因", "Why it ended"),
    "part": ("组成部分", "Part"),
    "table_no": ("表号", "Table"),
    "origin": ("数据来源", "Origin"),
    "standing": ("可靠程度", "Standing"),
    "counting": ("是否计入", "Counting"),
    "province": ("省级代码", "Province"),
}
"""Columns that rows are grouped by, besides those of a report."""
_SQL_ERRORS: tuple[tuple[str, str], ...] = (
    (r"no such column: (.+)", r"没有这一列：\1"),
    (r"no such table: (.+)", r"没有这张表：\1"),
    (r"no such function: (.+)", r"没有这个函数：\1"),
    (r"ambiguous column name: (.+)", r"列名有歧义，须注明所属的表：\1"),
    (r"near \"(.*)\": syntax error", r"“\1”附近有语法错误"),
    (r"incomplete input", "语句不完整"),
    (r"unrecognized token: \"(.*)\"", r"无法识别的符号：\1"),
    (r"wrong number of arguments to function (.+)", r"函数的参数个数不对：\1"),
    (r"misuse of aggregate(?: function)?:? (.+)", r"聚合函数用法有误：\1"),
    (r"Statement must (?:be a SELECT|begin with .*|start with .*)", "只能使用SELECT语句"),
    (r"You can only execute one statement at a time\.", "每次只能执行一条语句"),
    (r"not authorized", "不允许使用该语句"),
    (r"Cannot sort table by (.+)", r"不能按该列排序：\1"),
    (r"_size must be a positive integer", "_size 应为正整数"),
    (r"_size must be <= (.+)", r"_size 不能大于 \1"),
    (r"_(no)?col=(.+) - invalid columns", r"没有这一列：\2"),
    (r"string or blob too big", "结果中有的值过长"),
    (re.escape(NO_KEY), "_shape=object 只适用于有主键的表"),
    (r"Cannot use _sort and _sort_desc at the same time", "_sort 与 _sort_desc 不能同时使用"),
)
"""What SQLite and Datasette say of a query in English, as a pattern → in Chinese."""


_BINARY = re.compile(r'(<a class="blob-download"[^>]*>)&lt;Binary:&nbsp;([\d,]+)&nbsp;bytes?&gt;')
"""What Datasette shows in the place of bytes: a link in English. A text that reads so is escaped."""


def sql_error(said: str, lang: str) -> str:
    """What is wrong with a query; in Chinese with a word that it is English where it has no Chinese."""
    if lang == "en":
        return said
    for pattern, words in _SQL_ERRORS:
        if found := re.fullmatch(pattern, said):
            return found.expand(words)
    return f"详情为英文：{said}"


@cache
def _in_chinese() -> dict[str, str]:
    """What metadata.yaml says of databases, tables and columns → the same in Chinese."""
    text = files("archive.room").joinpath("descriptions_chinese.yaml").read_text(encoding="utf-8")
    found: dict[str, str] = yaml.safe_load(text)
    return found


def conditions_in_chinese(filters: Any, search: str, sort: str | None, sort_desc: str | None) -> str:
    """What is shown of a table and in which order: Datasette says so in English alone."""
    displays = {key: (display, no_argument) for key, display, no_argument in filters.lookups()}
    said = [f"检索“{search}”"] if search else []
    for column, lookup, value in filters.selections():
        display, no_argument = displays.get(lookup, (lookup, False))
        words = _CONDITIONS.get(display, display)
        said.append(f"{column} {words}" if no_argument else f"{column} {words} “{value}”")
    if sort or sort_desc:
        said.append(f"按 {sort or sort_desc} {'从小到大' if sort else '从大到小'}排列")
    return "，".join(said)


def template_vars(datasette: Any, request: Any, portals: Mapping[str, str]) -> dict[str, Any]:
    """What the templates of Datasette's pages use besides what Datasette gives them."""
    t = Translator(language(request), portals)
    other = next(name for name in LANGUAGES if name != t.lang)

    def named(name: str) -> str:
        return t.pair(TABLES[name]) if name in TABLES else t(f"内部表 {name}", name)

    def cell_shown(cell: object) -> Markup:
        return Markup(_BINARY.sub(t(r"\1二进制数据，\2字节", r"\1binary, \2 bytes"), str(without_marks(cell))))  # noqa: S704 - is markup

    def condition(shown: str) -> str:
        return t(_CONDITIONS.get(shown, shown), shown)

    def in_words(table: str, column: str, value: object) -> str:
        field = vocabulary_of(table, column)
        return t.value(field, value) if value not in ("", None) else "–"

    def column_words(column: str) -> str:
        return t.pair(_COLUMNS[column]) if column in _COLUMNS else t.value("report_field", column)

    def told(text: str | None) -> str:
        return t(_in_chinese().get(text, text), text) if text else ""

    def error_of_sql(said: object) -> str:
        return sql_error(str(said), t.lang)

    def in_order(
        tables: list[dict[str, Any]], views: list[dict[str, Any]], show_hidden: object
    ) -> list[dict[str, Any]]:
        """What a visitor is shown of a database: what has a name in words, as TABLES orders it, then the program's own."""
        every = [*tables, *(view | {"is_view": True, "hidden": view["name"] not in TABLES} for view in views)]
        order = list(TABLES)
        shown = [table for table in every if show_hidden or not table["hidden"]]
        return sorted(shown, key=lambda table: order.index(table["name"]) if table["name"] in TABLES else len(order))

    return {
        "in_order": in_order,
        "t": t,
        "lang": t.lang,
        "switch": f"{request.path}?{urlencode([*all_given(request, 'lang'), ('lang', other)])}",
        "number": number,
        "vocabulary": vocabulary,
        "has_captures": "captures" in datasette.databases,
        "alternates": {},
        "named": named,
        "cell_shown": cell_shown,
        "condition": condition,
        "in_words": in_words,
        "column_words": column_words,
        "sql_error": error_of_sql,
        "told": told,
        "conditions_in_chinese": conditions_in_chinese,
        "most_rows": MOST_ROWS,
        "more_than": more_than,
        "most_listed": MOST_LISTED,
    }
