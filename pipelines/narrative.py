"""Figures stated in prose: applications, outcomes, reviews and suits, each with the sentence that states it.

A clause is read only when it says whose figure it is. Figures of other years, of parts of a year, of one channel among
several, comparisons and approximate numbers (近, 约, 余) are not facts of the report and are passed over; two
statements that differ are both left out, with a word about it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from crawler.items import Statistic
from pipelines.labels import core, rows, squeeze

_N = r"(?P<n>\d{1,9}(?:\.\d+)?)(?P<more>[余多万亿千百])?(?P<u>件次|件|宗|条|份|起|例|个|项|次)(?!\d)"
_GAP = r"(?:的|了|总计|合计|共|计|为|是|有|达到|达|数量|数|案件|案|情形|类|答复|决定|信息|申请|处理|办理|\(|\))*+"
_NEXT = r"(?:下一?年度?|次年|来年|(?P<y>20\d\d)年度?)"
_LAST = r"(?:上一?年度?|去年|往年|(?P<y>20\d\d)年度?)"
_ABOUT = r"(?:信息公开|公开申请|依申请公开|依申请|公开政府信息|公开信息|申请公开)"
_TAKES = r"(?P<verb>新收到?|新增|受理|收到|接到|接收|接受|收取|收|办理)"


class Rule(NamedTuple):
    """What a clause that matches states."""

    word: str
    """Stands in every clause that the pattern matches; looked for first, because that is quick."""
    pattern: re.Pattern[str]
    table_no: int
    row: str
    column: str
    domain: str
    """The matter the clause must be about: applications, reviews, suits or documents."""

    def find(self, clause: str) -> re.Match[str] | None:
        """The figure in a clause."""
        return self.pattern.search(clause) if self.word in clause else None

    @property
    def key(self) -> tuple[int, str, str]:
        """Table, row and column of the figure."""
        return self.table_no, self.row, self.column


def _rule(
    word: str, pattern: str, row: str, column: str = "total", table_no: int = 3, domain: str = "applications"
) -> Rule:
    return Rule(word, re.compile(pattern), table_no, row, column, domain)


_CARRIED_OUT = (
    re.compile(rf"结?转(?:至|到|入)?{_NEXT}(?:继续)?{_GAP}{_N}"),
    re.compile(rf"{_N}(?:申请)?(?:将|需|已|均)?结?转(?:至|到|入)?{_NEXT}"),
)
_CARRIED_IN = (
    re.compile(rf"{_LAST}(?:未办结)?(?:结转|转入|遗留)(?:至|到)?(?:本年度?|今年|20\d\d年度?)?[^\d,]{{0,16}}?{_N}"),
    re.compile(rf"(?:结转|转入){_LAST}[^\d,]{{0,16}}?{_N}"),
)
_RECEIVED = (
    re.compile(rf"{_TAKES}(?P<about>[^\d,]{{0,44}}?申请[^\d,]{{0,14}}?){_N}"),
    re.compile(rf"{_TAKES}[^\d,]{{0,12}}?{_N}(?P<about>[^\d,]{{0,20}}?公开[^\d,]{{0,6}}申请)"),
    re.compile(rf"{_TAKES}(?P<about>[^\d,]{{0,16}}?依申请公开[^\d,]{{0,10}}?){_N}"),
    re.compile(rf"^(?:本年度?|今年|全年|年内)?(?P<verb>新收)到?(?P<about>{_GAP}){_N}"),
    re.compile(rf"(?P<verb>)(?P<about>信息公开申请)(?:量|数量|总数|总量|数)(?:共|计|为|是|达)*+{_N}"),
)
_PROCESSED = re.compile(
    rf"(?<!未)(?:办结|审结|办理完毕|办毕)(?:政府信息公开|依申请公开|信息公开|完毕){{0,2}}{_GAP}{_N}"
)
_CHANNEL = re.compile(r"当面|现场|网络|网上|网站|在线|信函|传真|邮件|邮寄|书面|窗口|来访|电话|口头")
_CHANNEL_FIGURE = re.compile(rf"申请{_GAP}[1-9]\d*(?:件|宗|条|份)")
_RULES = (
    _rule("公开", rf"(?:部分(?:予以|同意)?公开|(?:同意|予以)部分公开){_GAP}{_N}", "partially_granted"),
    _rule(
        "公开", rf"^[^\d]{{0,6}}{_N}(?:为|属于?|被|的|作出|是)*(?:同意|予以)?部分公开(?:的|答复)*$", "partially_granted"
    ),
    _rule("公开", rf"(?<![不未分])(?:全部予以|予以|同意|准予|全部)公开{_GAP}{_N}", "granted"),
    _rule(
        "公开", rf"^[^\d]{{0,6}}{_N}(?:为|属于?|被|的|作出|是)*(?:全部予以|予以|同意|准予)公开(?:的|答复)*$", "granted"
    ),
    _rule("公开", rf"(?:不予以?公开|不同意公开){_GAP}{_N}", "denied_total"),
    _rule("公开", rf"^[^\d]{{0,6}}{_N}(?:为|属于?|被|的|作出|是)*(?:不予以?|不同意)公开(?:的|答复)*$", "denied_total"),
    _rule("提供", rf"^[^\d]{{0,6}}{_N}(?:为|属于?|被|的|是)*无法提供(?:的)?$", "not_provided_total"),
    _rule("不予处理", rf"^[^\d]{{0,6}}{_N}(?:为|属于?|被|的|是)*不予处理(?:的)?$", "not_processed_total"),
    _rule("提供", rf"无法提供(?:政府信息)?{_GAP}{_N}", "not_provided_total"),
    _rule("不予处理", rf"不予处理{_GAP}{_N}", "not_processed_total"),
    _rule("其他处理", rf"其他处理(?:方式|结果)?{_GAP}{_N}", "other_total"),
    _rule(
        "复议",
        rf"行政复议(?:申请|案件|案|事项|情况|的)*(?:共|计|为|有|数量|数|总数|:)*+{_N}",
        "cases",
        "review_total",
        4,
        "reviews",
    ),
    _rule(
        "诉讼",
        rf"行政诉讼(?:案件|案|事项|情况|的)*(?:共|计|为|有|数量|数|总数|:)*+{_N}",
        "cases",
        "suit_total",
        4,
        "suits",
    ),
    _rule(
        "直接", rf"未经复议直接(?:起诉|提起)(?:的|行政诉讼|案件|共|为)*+{_N}", "cases", "suit_direct_total", 4, "suits"
    ),
    _rule(
        "复议后",
        rf"(?<!经)复议后(?:起诉|提起)(?:的|行政诉讼|案件|共|为)*+{_N}",
        "cases",
        "suit_after_review_total",
        4,
        "suits",
    ),
    _rule(
        "维持",
        rf"维持(?:原?具体行政行为|原?行政行为|原决定)?(?:的|结果|共|为)*+{_N}",
        "cases",
        "review_maintained",
        4,
        "review results",
    ),
    _rule("纠", rf"(?:纠错|结果纠正|纠正)(?:的|共|为)*+{_N}", "cases", "review_corrected", 4, "review results"),
    _rule("其他", rf"其他(?:情形|结果)(?:的|共|为)*+{_N}", "cases", "review_other", 4, "review results"),
    _rule("审", rf"(?:尚未审结|未审结|正在审理)(?:的|共|为)*+{_N}", "cases", "review_pending", 4, "review results"),
)
_OUTCOMES = tuple(rule for rule in _RULES if rule.domain == "applications")
_REMEDIES = tuple(rule for rule in _RULES if rule.domain != "applications")
_APPLICANTS = (
    _rule(
        "自然人",
        rf"^[^\d]{{0,6}}自然人(?:提出|提交|递交)?(?:的)?(?:政府信息公开)?{_GAP}{_N}",
        "new_received",
        "natural_person",
    ),
    _rule(
        "法人",
        rf"^[^\d]{{0,6}}法人(?:或者?|和|及|、|与)(?:其他|非法人)组织(?:提出|提交|递交)?(?:的)?(?:政府信息公开)?{_GAP}{_N}",
        "new_received",
        "organisations_total",
    ),
    _rule("商业企业", rf"^[^\d]{{0,6}}商业企业{_GAP}{_N}", "new_received", "commercial_enterprise"),
    _rule("科研机构", rf"^[^\d]{{0,6}}科研机构{_GAP}{_N}", "new_received", "research_institution"),
    _rule("社会公益", rf"^[^\d]{{0,6}}社会公益组织{_GAP}{_N}", "new_received", "public_welfare_org"),
    _rule("法律服务", rf"^[^\d]{{0,6}}法律服务机构{_GAP}{_N}", "new_received", "legal_service_org"),
)
_DOCUMENTS = r"(?:行政)?规范性文件"
_TWO = (
    _rule(
        "文件",
        rf"(?:制定|制发|出台|印发)[^\d,]{{0,10}}{_DOCUMENTS}{_GAP}{_N}",
        "normative_documents",
        "issued",
        2,
        "documents",
    ),
    _rule("废止", rf"废止(?:了|失效)?{_DOCUMENTS}{_GAP}{_N}", "normative_documents", "abolished", 2, "documents"),
    _rule("现行有效", rf"现行有效(?:的)?{_DOCUMENTS}{_GAP}{_N}", "normative_documents", "in_force", 2, "documents"),
    _rule(
        "行政许可",
        rf"(?:办理|作出|做出)行政许可(?:决定)?(?:共|为)*+{_N}",
        "administrative_licensing",
        "decisions",
        2,
        "decisions",
    ),
    _rule(
        "行政处罚",
        rf"(?:办理|作出|做出|^)行政处罚(?:决定)?(?:共|为)*+{_N}",
        "administrative_penalty",
        "decisions",
        2,
        "decisions",
    ),
    _rule(
        "行政强制",
        rf"(?:办理|作出|做出|^)行政强制(?:决定|措施)?(?:共|为)*+{_N}",
        "administrative_coercion",
        "decisions",
        2,
        "decisions",
    ),
)
_TWO_FOLLOWING = (
    _rule("废止", rf"^废止(?:了)?(?:文件)?(?:共|为)*+{_N}", "normative_documents", "abolished", 2, "documents"),
    _rule("现行有效", rf"^现行有效(?:文件)?(?:共|为|的)*+{_N}", "normative_documents", "in_force", 2, "documents"),
)
_OUTCOME_ROWS = tuple(row for row in rows("cn-2021", 3) if re.fullmatch(r"3\.[345]\.\d", row.code))
_LISTED = re.compile(rf"^(?P<label>[^\d]{{4,30}}?){_GAP}{_N}$")

_FIGURE = re.compile(r"\d\s*[件宗条份起例个项次]")
_NOUGHT = re.compile(r"[未没无][^。]{0,60}?(?:申请|复议|诉讼)")
_MATTER = re.compile(r"申请|复议|诉讼|结转|转下|办结|规范性文件|行政许可|公开")
_APPLICATION = re.compile(r"信息公开(?:的.{0,6})?申请|依申请公开|申请公开|公开申请")
_NOT = re.compile(
    r"未(?:收到|接到|接收|受理|发生|产生|出现|有|涉及|被|因|引起|引发|提起)|没有?(?!法|必)|无(?!法|正当|偿|故|需|效|误|障)"
)
_NOT_RECEIVED = re.compile(
    r"(?:未|没有|没|无)(?:收到|接到|接收|受理|发生|产生|有)?[^\d]{0,24}?申请(?:公开)?(?:件|事项|情况|要求|案件|信息|政府信息)?$"
)
_NO_MATTER = re.compile(r"(?:未|没有|无)(?:收到|受理|接到)?依申请公开(?:件|事项|情况)?$")
_NOT_HAPPENED = re.compile(
    r"(?:未|没有|没|无)(?:收到|接到|受理|发生|产生|出现|涉及|被|因|引起|引发|存在|有)?[^\d]{0,40}?(?:复议|诉讼)"
)
_QUALIFIED = re.compile(
    r"撤销|败诉|纠错|纠正|维持|驳回|改判|责令|违法|确认|结转|办结|变更|投诉|举报|收费|逾期|超期|超时|拒|延期|未公开|不当"
)
_COMPARED = re.compile(
    r"同比|环比|比上|比去|较上|较去|比20|较20|增长|增加|减少|下降|上升|提高|相比|以来|历年|平均|占比|预计|计划|目标"
)
_PART_OF_YEAR = re.compile(r"[上下]半年|季度|(?<!\d)(?!1月1日|12月31日|12月底)\d{1,2}月")
_PERIOD = re.compile(r"[上下]半年|季度|(?<!\d)(?!1月1日)\d{1,2}月(?:\d{1,2}日)?起?[至到—-]")
_SINCE = re.compile(r"截至|截止|以来|开通|自\d{4}年")
_APPROXIMATE = re.compile(r"(?:近|约|超过|超|逾|大约|至少|不少于|将近|接近)\d")
_OTHER_MATTER = re.compile(r"投诉|举报|咨询|建议|提案|信件|来信|来电|许可|审批|热线|补正|转办|会议|培训")
_OUTCOME_WORDS = re.compile(r"信访举报投诉类|补正后")
_ONE_KIND = re.compile(r"直接起诉|直接提起|复议后起诉|复议后提起")
_YEAR = re.compile(r"(?<!\d)(?<!结转)(?<![转结][至到入])(20\d\d)年(?!.{0,2}(?:结转|转入|遗留))")
_PLAN = re.compile(r"问题|改进|计划|下一步|打算|努力方向|措施")
_HEADING = re.compile(
    r"\s*(?:[一二三四五六七八九十]是|[(（]?\s*(?:[一二三四五六七八九十]{1,3}\s*[、.．)）]|\d{1,2}[、.．]))"
)
_SENTENCE_END = re.compile(r"(?<=[。！？!?])")
_CLAUSE_END = re.compile(r"[,;:。!?]|(?<=\))|(?=\()|(?<=[件宗条份起例个项次])、|(?=其中)")
_TITLE = re.compile(r"《[^《》]*》")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_QUOTES = dict.fromkeys(map(ord, "“”\"'‘’「」『』"))


@dataclass(slots=True)
class Reading:
    """What is known while going through the clauses of one section."""

    year: int | None
    section: str
    domain: str = ""
    parent: str = ""
    """The row of the last total: applicants listed after it belong to it."""
    nested: bool = False
    """Within a list of parts: 其中 …"""
    part: bool = False
    """The clause at hand is the first part of what the clause before it counts."""
    announced: bool = False
    """The clause at hand is nothing but 其中."""
    other_year: bool = False


@dataclass(slots=True)
class Stated:
    """All that prose says, before contradictions are taken out."""

    found: dict[tuple[int, str, str], list[tuple[int, Statistic]]] = field(default_factory=dict)
    """Key → (rank, statistic): rank 0 is the plainest wording, larger is weaker."""
    channels: int = 0
    """Statements that count one channel of several and are not nought."""
    doubts: list[str] = field(default_factory=list)

    def add(self, rule: tuple[int, str, str], value: int, unit: str, sentence: str, rank: int = 0) -> None:
        """Note one figure."""
        statistic = Statistic(
            table_no=rule[0],
            row_name=rule[1],
            column_name=rule[2],
            value=value,
            unit=unit,
            raw=sentence,
            origin="narrative",
        )
        self.found.setdefault(rule, []).append((rank, statistic))


def read_narrative(paragraphs: list[str], report_year: int | None, form: str) -> tuple[list[Statistic], list[str]]:
    """The figures that the paragraphs state, one for each row and column, and what contradicts itself or is torn."""
    stated = Stated()
    section, planning = "", False
    reading = Reading(report_year, section)
    for paragraph in paragraphs:
        if len(paragraph) < 40 and not paragraph[-1:].isdigit() and _HEADING.match(paragraph):  # no row of a table
            section = core(paragraph)
            planning = bool(_PLAN.search(section))
        if planning or not (_FIGURE.search(paragraph) or _NOUGHT.search(paragraph)):
            continue
        if section != reading.section or _HEADING.match(paragraph):
            reading = Reading(report_year, section, domain=_matter(section))
        for sentence in _SENTENCE_END.split(paragraph):
            if _MATTER.search(sentence) and (_FIGURE.search(sentence) or _NOUGHT.search(sentence)):
                reading.nested = reading.other_year = False
                for clause in _clauses(sentence):
                    _read_clause(clause, sentence.strip(), reading, stated, form)
            elif _APPLICATION.search(sentence):
                reading.domain = "applications"
    return _settle(stated)


def _matter(section: str) -> str:
    if "复议" in section or "诉讼" in section:
        return "remedies"
    return "applications" if "申请" in section else ""


def _clauses(sentence: str) -> list[str]:
    """A sentence's clauses, squeezed, without quotation marks and titles in 《》."""
    text = _TITLE.sub("", squeeze(sentence))
    text = _THOUSANDS.sub("", text.translate(_QUOTES))
    return [clause for clause in _CLAUSE_END.split(text) if clause]


def _read_clause(clause: str, sentence: str, reading: Reading, stated: Stated, form: str) -> None:
    opens, closes = clause.startswith("("), clause.endswith(")")
    clause = clause.strip("()")
    if "年" in clause and (years := [int(year) for year in _YEAR.findall(clause)]):
        reading.other_year = reading.year is not None and reading.year not in years
    reading.other_year |= bool(_PERIOD.search(clause)) and not _FIGURE.search(clause)
    begins = opens or clause.startswith(("其中", "包括", "含"))
    reading.nested |= begins
    reading.part = begins or reading.announced
    reading.announced = clause in ("其中", "包括", "含")
    _turn(clause, reading)
    _note(clause, sentence, reading, stated, form)
    if closes:
        reading.nested = False


def _note(clause: str, sentence: str, reading: Reading, stated: Stated, form: str) -> None:
    stated_here = _FIGURE.search(clause)
    if not stated_here and not _NOT.search(clause):
        return
    if reading.other_year or _COMPARED.search(clause) or _PART_OF_YEAR.search(clause):
        return
    if "累计" in clause and _SINCE.search(sentence):
        return
    if not stated_here:
        _read_negative(clause, sentence, reading, stated)
        return
    for key, found, rank in _matches(clause, reading, form):
        if (
            found["more"]
            or "." in found["n"]
            or _APPROXIMATE.search(clause[max(0, found.start("n") - 3) : found.end()])
        ):
            continue
        digits = found["n"]
        if len(digits) > 4 and re.match(r"20[0-3]\d", digits):
            stated.doubts.append(f"a year may have run into the number: {clause[:60]}")
            continue
        if _CHANNEL.search(clause) and key[1:] == ("new_received", "total"):
            rank = 3
        if key[1] == "carried_in" and reading.part:
            stated.found.pop((3, "new_received", "total"), None)  # what was received includes it
        stated.add(key, int(digits), found["u"], sentence, rank)
    if "申请" in clause and _CHANNEL.search(clause) and _CHANNEL_FIGURE.search(clause):
        stated.channels += 1


def _turn(clause: str, reading: Reading) -> None:
    """Follow what the prose is about."""
    if "诉讼" in clause or "起诉" in clause:
        reading.domain = "suits"
    elif "复议" in clause:
        reading.domain = "reviews"
    elif "申请" in clause and _APPLICATION.search(clause):
        reading.domain = "applications"
    elif "规范性文件" in clause:
        reading.domain = "documents"
    elif "行政许可" in clause:
        reading.domain = "decisions"


def _matches(clause: str, reading: Reading, form: str) -> Iterator[tuple[tuple[int, str, str], re.Match[str], int]]:
    """What the clause states: (table, row, column), the match, its rank."""
    if reading.domain == "applications":
        if "转" in clause or "遗留" in clause:
            for row, patterns, step in (("carried_out", _CARRIED_OUT, 1), ("carried_in", _CARRIED_IN, -1)):
                if found := _carried(patterns, clause, reading.year, step):
                    reading.parent = row
                    yield (3, row, "total"), found, 0
                    return
        yield from _applications(clause, reading, form)
    elif reading.domain == "reviews" or reading.domain == "suits":
        one_kind = bool(_ONE_KIND.search(clause))
        both = "复议" in clause and "诉讼" in clause and not one_kind
        for rule in _REMEDIES:
            if rule.domain == reading.domain or (rule.domain == "review results" and reading.domain == "reviews"):
                found = rule.find(clause)
                if found and not both and not (one_kind and rule.column == "suit_total") and _is_ours(clause, reading):
                    yield rule.key, found, 0
    elif reading.domain in ("documents", "decisions") and form == "cn-2021":
        rules = _TWO + (_TWO_FOLLOWING if reading.parent == "normative_documents" else ())
        for rule in rules:
            found = rule.find(clause) if rule.domain == reading.domain else None
            if found and (rule.row == "normative_documents" or "许可" in clause or reading.parent == "decisions"):
                yield rule.key, found, 0
                reading.parent = "normative_documents" if rule.domain == "documents" else "decisions"


def _is_ours(clause: str, reading: Reading) -> bool:
    """Reviews and suits count only where the prose is about information disclosure."""
    if re.search(_ABOUT, clause) or reading.parent in ("remedies", "new_received", "processed_total", "carried_out"):
        reading.parent = "remedies"
        return True
    return False


def _carried(patterns: tuple[re.Pattern[str], ...], clause: str, year: int | None, step: int) -> re.Match[str] | None:
    for pattern in patterns:
        found = pattern.search(clause)
        if found and (found["y"] is None or (year is not None and int(found["y"]) == year + step)):
            return found
    return None


def _applications(
    clause: str, reading: Reading, form: str
) -> Iterator[tuple[tuple[int, str, str], re.Match[str], int]]:
    if _OTHER_MATTER.search(clause) and not _OUTCOME_WORDS.search(clause):
        return
    for rule in _OUTCOMES:
        if found := rule.find(clause):
            one_row = rule.row == "other_total" and form == "cn-2019"
            yield (3, "other_handling", "total") if one_row else rule.key, found, 0
            return
    if reading.parent == "new_received":
        for rule in _APPLICANTS:
            found = rule.find(clause)
            if found and not ("自然人" in clause and "法人" in clause) and "公民" not in clause:
                yield rule.key, found, 0
                return
    if not reading.nested or clause.startswith(("本年新收", "本年度新收")):
        for pattern in _RECEIVED if "申请" in clause or "新收" in clause else ():
            found = pattern.search(clause)
            if not found or re.search(r"不予$|未$|不$", clause[: found.start()]):
                continue
            reading.parent = "new_received"
            rank = {"新收": 0, "办理": 2}.get(found["verb"].removesuffix("到"), 1)
            yield (3, "new_received", "total"), found, rank
            return
        found = _PROCESSED.search(clause)
        if found and not re.search(r"按[时期]|如期|延期|逾期|超期|率", clause):
            reading.parent = "processed_total"
            yield (3, "processed_total", "total"), found, 0
            return
    if (found := _LISTED.search(clause)) and (row := _outcome_row(found["label"])):
        yield (3, row, "total"), found, 0


@lru_cache(maxsize=512)
def _outcome_row(label: str) -> str | None:
    """A reason of refusal named as the form names it."""
    text = core(label).removeprefix("其中")
    names = [row.name for row in _OUTCOME_ROWS if row.match.search(text) and len(text) >= 0.6 * len(row.core)]
    return names[0] if len(names) == 1 else None


def _read_negative(clause: str, sentence: str, reading: Reading, stated: Stated) -> None:
    """未收到…申请, 未发生行政复议: nought, where nothing in the clause limits what did not happen."""
    if not _NOT.search(clause) or _QUALIFIED.search(clause):
        return
    if re.search(r"复议|诉讼", clause):
        if _NOT_HAPPENED.search(clause) and (re.search(_ABOUT, clause) or reading.parent):
            reading.parent = "remedies"
            if "复议" in clause:
                stated.add((4, "cases", "review_total"), 0, "件", sentence)
            if "诉讼" in clause:
                stated.add((4, "cases", "suit_total"), 0, "件", sentence)
    elif (
        re.search(_ABOUT, clause)
        and not _CHANNEL.search(clause)
        and not _OTHER_MATTER.search(clause)
        and (_NOT_RECEIVED.search(clause) or _NO_MATTER.search(clause))
    ):
        stated.add((3, "new_received", "total"), 0, "件", sentence)
        reading.parent = "new_received"


def _settle(stated: Stated) -> tuple[list[Statistic], list[str]]:
    """One figure a key: the plainest wording's; two different ones of equal rank are both dropped."""
    kept: list[Statistic] = []
    doubts = list(stated.doubts)
    for (_, row, column), figures in stated.found.items():
        best = min(rank for rank, _ in figures)
        candidates = [statistic for rank, statistic in figures if rank == best]
        values = sorted({statistic.value for statistic in candidates if statistic.value is not None})
        if len(values) > 1:
            doubts.append(f"prose states {row}.{column} as {' and as '.join(map(str, values))}")
        elif best == 3 and stated.channels > 1:
            doubts.append(f"prose states {row}.{column} by channel only")
        else:
            kept.append(candidates[0])
    return kept, doubts
