"""Whose figures a report counts: those of its body alone, or of the whole area, as its title, its body and its text say.

A sentence is a witness only where the figure that it states is the one that the report's table counts: a report of the
whole area may tell how many applications its office had. Where two witnesses differ the scope stays unknown.
See docs/form.md, Titles, bodies and scope.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from archive.forms import without_blanks
from archive.forms.names import APPLICATIONS_RECEIVED, CARRIED_IN, NEW_RECEIVED, TOTAL, YEAR_VALUE
from archive.model import Report, Statistic
from archive.vocabulary import BodyKind, Origin, ReportScope

_WHOLE, _BODY, _UNKNOWN = ReportScope.WHOLE_AREA, ReportScope.BODY_ONLY, ReportScope.UNKNOWN
Witness = tuple[ReportScope, str]
"""A scope, and the words that say so."""

_LONGEST_QUOTE = 200
"""Characters."""
_OF_KIND = {
    BodyKind.GOVERNMENT: _WHOLE,
    BodyKind.DEPARTMENT: _BODY,
    BodyKind.INSTITUTION: _BODY,
    BodyKind.SUBDISTRICT_TOWNSHIP: _BODY,
}
"""What a body reports on by law (Regulation of 2019, arts. 49 and 50). An office reports for itself or for all, a zone too."""
_COUNTS_DISTRICTS = (BodyKind.GOVERNMENT, BodyKind.FUNCTIONAL_ZONE_COMMITTEE)

_AREA = "[省市区县州旗盟]"
_UNITS = r"(?:部门|单位|乡镇|镇街?|街道|镇|乡|机关|地区|县区)"
_TITLE_WHOLE = re.compile(rf"全{_AREA}(?=政[府务]信?息?公开)")
_TITLE_BODY = re.compile(r"本级|[局委厅办]机关(?!事务)")
_NAMES_COMMITTEE = re.compile(r"委员会|管委会")

_SENTENCE_END = re.compile(r"(?<=[。;!?])")
_RECEIVED = re.compile(
    r"(?:收到|受理|新收|接收)(?:[^\d,]{0,44}?申请[^\d,]{0,14}?(?P<n>\d{1,9})|[^\d,]{0,12}?(?P<m>\d{1,9})[件条宗份][^\d,]{0,20}?申请)"
)
_ADVERBS = re.compile(
    r"(?:(?:共计?|总计|合计|累计|一共|总共|新|依法|共同|全年|年内|本年度?|今年|\d{4}年度?|期间|报告期内|统计期内){1,12})$"
)
_OPENING = re.compile(
    r"^(?:[一二三四五六七八九十]{1,2}[、是]|\([一二三四五六七八九十]{1,2}\)|\d{1,2}[.、])?"
    r"(?:自?20\d\d年度?|本年度?|今年|全年|年内|以来|期间|其间|报告期内|统计期内)*"
)
_WHOLE_SUBJECT = re.compile(
    rf"(?:[\u4e00-\u9fff]{{2,9}})?(?:全|我){_AREA}(?:各级|各|所有|范围内|上下|{_AREA}直|行政|政府|及其?|和|以及|、|{_UNITS})*"
    rf"|各(?:各|级|{_AREA}直|{_UNITS}|和|及|、|等)+"
)
_BODY_SUBJECT = re.compile(
    r"本(?:行政)?机关|本单位|本部门|本办公[室厅]|本[局委办厅院部处镇乡]|本街道|我办公[室厅]|我[局委办厅院部处镇乡]|我街道|我单位|我机关"
    r"|(?:[局委厅办]|管理?委员?会)机关"
    rf"|{_AREA}?(?:人民)?政府(?:办公[室厅]|办|本级)"
)
_DATA = re.compile(r"本报告|数据|统计")
_OTHERS = rf"(?:其他行政机关|各(?:级|[^,。;]{{0,4}}?){_UNITS}|全{_AREA}|所属(?:各)?{_UNITS}|(?:工作|组成)部门)"
_OF_DATA: tuple[tuple[ReportScope, re.Pattern[str]], ...] = (
    (
        _WHOLE,
        re.compile(
            rf"(?:根据|依据|结合|综合|汇总|合并|以及|由)[^。;]{{0,60}}?{_OTHERS}[^。;]{{0,60}}?"
            r"(?:年度报告|年报|报送|数据|情况|材料|统计)[^。;]{0,20}?(?:编制|汇总|整理|形成|而成|编写)"
        ),
    ),
    (_WHOLE, re.compile(rf"汇总(?!表)[^。;不]{{0,12}}?{_OTHERS}|{_OTHERS}[^。;不]{{0,24}}?数据(?:的)?汇总")),
    (
        _WHOLE,
        re.compile(
            rf"(?:数据|统计范围|统计口径)[^。;,不仅只]{{0,16}}?(?:包括|包含|涵盖|覆盖|含|为|是)[^。;不]{{0,30}}?{_OTHERS}"
        ),
    ),
    (
        _BODY,
        re.compile(
            r"(?:数据|统计|本报告)[^。;]{0,24}?(?:不含|不包括|不包含|不涉及|未包括|未包含|未统计|不统计)[^。;]{0,20}?"
            rf"(?:{_UNITS}|下属|所属)"
        ),
    ),
    (
        _BODY,
        re.compile(
            r"(?:仅|只)(?:统计|包括|包含|含|反映|涉及|限于?|为|是)[^。;,]{0,20}?"
            r"(?:本(?:行政)?机关|本级|本单位|本部门|本[局委办厅镇乡]|本街道|办公[室厅]|[局委厅]机关)"
        ),
    ),
    (
        _BODY,
        re.compile(
            r"(?:数据|统计范围|统计口径)[^。;,]{0,16}?(?:为|是|系|指)[^。;,]{0,10}?"
            r"(?:本(?:行政)?机关|本级|本单位|本部门|本[局委办厅镇乡]|本街道)"
        ),
    ),
)


def read_scope(report: Report, prose: Iterable[str]) -> tuple[ReportScope, str | None]:
    """The scope of a report whose other fields are filled, and the words that show it: both sides where they differ."""
    own = _in_title(report) or _of_body(report)
    counted = _counted(report.statistics)
    witnesses: list[Witness] = []
    for paragraph in prose:
        is_on_data = "数据" in paragraph or "统计" in paragraph or "本报告" in paragraph
        is_on_applications = "申请" in paragraph and ("收" in paragraph or "受理" in paragraph)
        if is_on_data or is_on_applications:
            witnesses += _in_paragraph(paragraph, report, counted, is_on_data, is_on_applications)
    witnesses += [own] if own else []
    quotes = dict(reversed(witnesses))  # scope → the first words that say so
    if len(quotes) == 1:
        return next(iter(quotes.items()))
    return _UNKNOWN, " ≠ ".join(sorted(quotes.values())) or None


def _in_title(report: Report) -> Witness | None:
    """What the title says: 全区, 本级; or that it names a zone and not its committee."""
    title = without_blanks(report.title or "")
    if _TITLE_WHOLE.search(title):
        return _WHOLE, title
    if _TITLE_BODY.search(title):
        return _BODY, title
    if report.body_kind is BodyKind.FUNCTIONAL_ZONE_COMMITTEE and title and not _NAMES_COMMITTEE.search(title):
        return _WHOLE, title
    return None


def _of_body(report: Report) -> Witness | None:
    """What a body of this kind reports on."""
    scope = _OF_KIND.get(report.body_kind) if report.body_kind else None
    return (scope, report.issuing_body) if scope and report.issuing_body else None


def _counted(statistics: Iterable[Statistic]) -> set[int | float]:
    """The applications that the report's tables count: received, and with those carried in."""
    received = [
        statistic
        for statistic in statistics
        if (statistic.row_name in (NEW_RECEIVED, CARRIED_IN) and statistic.column_name == TOTAL)
        or (statistic.row_name == APPLICATIONS_RECEIVED and statistic.column_name == YEAR_VALUE)
    ]
    of_tables = [one for one in received if one.origin != Origin.NARRATIVE and one.value is not None]
    new = {one.value for one in of_tables if one.row_name != CARRIED_IN and one.value is not None}
    before = {one.value for one in of_tables if one.row_name == CARRIED_IN and one.value is not None}
    return new | {first + second for first in new for second in before}


def _in_paragraph(
    paragraph: str, report: Report, counted: set[int | float], is_on_data: bool, is_on_applications: bool
) -> Iterator[Witness]:
    for sentence in _SENTENCE_END.split(without_blanks(paragraph)):
        quote = sentence[:_LONGEST_QUOTE]
        if is_on_data and _DATA.search(sentence):
            yield from ((scope, quote) for scope, pattern in _OF_DATA if pattern.search(sentence))
        if is_on_applications and "申请" in sentence:
            for match in _RECEIVED.finditer(sentence):
                scope = _of_subject(sentence[: match.start()], report)
                if scope and (not counted or int(match["n"] or match["m"]) in counted):
                    yield scope, quote


def _of_subject(before: str, report: Report) -> ReportScope | None:
    """Whose applications a sentence counts, by what stands before its verb."""
    pieces = (_OPENING.sub("", _ADVERBS.sub("", piece)) for piece in reversed(before.split(",")))
    subject = next(filter(None, pieces), "")
    if _BODY_SUBJECT.fullmatch(subject) or (
        subject == report.issuing_body and report.body_kind not in _COUNTS_DISTRICTS
    ):
        return _BODY
    return _WHOLE if _WHOLE_SUBJECT.fullmatch(subject) else None
