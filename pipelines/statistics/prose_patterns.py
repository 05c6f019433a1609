"""The wordings in which Chinese reports state figures, as patterns: what each counts, and what spoils it."""

from __future__ import annotations

import re
from typing import NamedTuple

from archive.forms import rows

N = r"(?P<n>\d{1,9}(?:\.\d+)?)(?P<more>[余多万亿千百])?(?P<u>件次|件|宗|条|份|起|例|个|项|次)(?!\d)"
GAP = r"(?:的|了|总计|合计|共|计|为|是|有|达到|达|数量|数|案件|案|情形|类|答复|决定|信息|申请|处理|办理|\(|\))*+"
NEXT = r"(?:下一?年度?|次年|来年|(?P<y>20\d\d)年度?)"
LAST = r"(?:上一?年度?|去年|往年|(?P<y>20\d\d)年度?)"
TAKES = r"(?P<verb>新收到?|新增|受理|收到|接到|接收|接受|收取|收|办理)"


class Rule(NamedTuple):
    """What a clause that matches states."""

    word: str
    """Stands in every clause that the pattern matches; look for it first, because that is quick."""
    pattern: re.Pattern[str]
    table_no: int
    row: str
    column: str
    domain: str
    """The matter the clause must be about: applications, reviews, suits or documents."""

    @property
    def key(self) -> tuple[int, str, str]:
        """Table, row and column of the figure."""
        return self.table_no, self.row, self.column


def _rule(
    word: str, pattern: str, row: str, column: str = "total", table_no: int = 3, domain: str = "applications"
) -> Rule:
    return Rule(word, re.compile(pattern), table_no, row, column, domain)


CARRIED_OUT = (
    re.compile(rf"结?转(?:至|到|入)?{NEXT}(?:继续)?{GAP}{N}"),
    re.compile(
        rf"{N}(?:申请)?(?:按照?(?:有关|相关)?(?:规定|要求|程序)|依法|依规|将|需|已|均|正)*+结?转(?:至|到|入)?{NEXT}"
    ),
)
CARRIED_IN = (
    re.compile(rf"{LAST}(?:未办结)?(?:结转|转入|遗留)(?:至|到)?(?:本年度?|今年|20\d\d年度?)?[^\d,]{{0,16}}?{N}"),
    re.compile(rf"(?:结转|转入){LAST}[^\d,]{{0,16}}?{N}"),
)
RECEIVED = (
    re.compile(rf"{TAKES}(?P<about>[^\d,]{{0,44}}?申请[^\d,]{{0,14}}?){N}"),
    re.compile(rf"{TAKES}[^\d,]{{0,12}}?{N}(?P<about>[^\d,]{{0,20}}?公开[^\d,]{{0,6}}申请)"),
    re.compile(rf"{TAKES}(?P<about>[^\d,]{{0,16}}?依申请公开[^\d,]{{0,10}}?){N}"),
    re.compile(rf"^(?:本年度?|今年|全年|年内)?(?P<verb>新收)到?(?P<about>{GAP}){N}"),
    re.compile(rf"(?P<verb>)(?P<about>信息公开申请)(?:量|数量|总数|总量|数)(?:共|计|为|是|达)*+{N}"),
)
PROCESSED = re.compile(rf"(?<!未)(?:办结|审结|办理完毕|办毕)(?:政府信息公开|依申请公开|信息公开|完毕){{0,2}}{GAP}{N}")
CHANNEL = re.compile(r"当面|现场|网络|网上|网站|在线|信函|传真|邮件|邮寄|书面|窗口|来访|电话|口头")
CHANNEL_FIGURE = re.compile(rf"申请{GAP}[1-9]\d*(?:件|宗|条|份)")
RULES = (
    _rule("公开", rf"(?:部分(?:予以|同意)?公开|(?:同意|予以)部分公开){GAP}{N}", "partially_granted"),
    _rule(
        "公开", rf"^[^\d]{{0,6}}{N}(?:为|属于?|被|的|作出|是)*(?:同意|予以)?部分公开(?:的|答复)*$", "partially_granted"
    ),
    _rule("公开", rf"(?<![不未分])(?:全部予以|予以|同意|准予|全部)公开{GAP}{N}", "granted"),
    _rule(
        "公开", rf"^[^\d]{{0,6}}{N}(?:为|属于?|被|的|作出|是)*(?:全部予以|予以|同意|准予)公开(?:的|答复)*$", "granted"
    ),
    _rule("公开", rf"(?:不予以?公开|不同意公开){GAP}{N}", "denied_total"),
    _rule("公开", rf"^[^\d]{{0,6}}{N}(?:为|属于?|被|的|作出|是)*(?:不予以?|不同意)公开(?:的|答复)*$", "denied_total"),
    _rule("提供", rf"^[^\d]{{0,6}}{N}(?:为|属于?|被|的|是)*无法提供(?:的)?$", "not_provided_total"),
    _rule("不予处理", rf"^[^\d]{{0,6}}{N}(?:为|属于?|被|的|是)*不予处理(?:的)?$", "not_processed_total"),
    _rule("提供", rf"无法提供(?:政府信息)?{GAP}{N}", "not_provided_total"),
    _rule("不予处理", rf"不予处理{GAP}{N}", "not_processed_total"),
    _rule("其他处理", rf"其他处理(?:方式|结果)?{GAP}{N}", "other_total"),
    _rule(
        "复议",
        rf"(?:行政|^)复议(?:申请|案件|案|事项|情况|的)*(?:共|计|为|有|数量|数|总数|:)*+{N}",
        "cases",
        "review_total",
        4,
        "reviews",
    ),
    _rule(
        "诉讼",
        rf"(?:行政|^)诉讼(?:案件|案|事项|情况|的)*(?:共|计|为|有|数量|数|总数|:)*+{N}",
        "cases",
        "suit_total",
        4,
        "suits",
    ),
    _rule(
        "直接", rf"未经复议直接(?:起诉|提起)(?:的|行政诉讼|案件|共|为)*+{N}", "cases", "suit_direct_total", 4, "suits"
    ),
    _rule(
        "复议后",
        rf"(?<!经)复议后(?:起诉|提起)(?:的|行政诉讼|案件|共|为)*+{N}",
        "cases",
        "suit_after_review_total",
        4,
        "suits",
    ),
    _rule(
        "维持",
        rf"维持(?:原?具体行政行为|原?行政行为|原决定)?(?:的|结果|共|为)*+{N}",
        "cases",
        "review_maintained",
        4,
        "review results",
    ),
    _rule("纠", rf"(?:纠错|结果纠正|纠正)(?:的|共|为)*+{N}", "cases", "review_corrected", 4, "review results"),
    _rule("其他", rf"其他(?:情形|结果)(?:的|共|为)*+{N}", "cases", "review_other", 4, "review results"),
    _rule("审", rf"(?:尚未审结|未审结|正在审理)(?:的|共|为)*+{N}", "cases", "review_pending", 4, "review results"),
)
OUTCOMES = tuple(rule for rule in RULES if rule.domain == "applications")
REMEDIES = tuple(rule for rule in RULES if rule.domain != "applications")
APPLICANTS = (
    _rule(
        "自然人",
        rf"^[^\d]{{0,6}}自然人(?:提出|提交|递交)?(?:的)?(?:政府信息公开)?{GAP}{N}",
        "new_received",
        "natural_person",
    ),
    _rule(
        "法人",
        rf"^[^\d]{{0,6}}法人(?:或者?|和|及|、|与)(?:其他|非法人)组织(?:提出|提交|递交)?(?:的)?(?:政府信息公开)?{GAP}{N}",
        "new_received",
        "organisations_total",
    ),
    _rule("商业企业", rf"^[^\d]{{0,6}}商业企业{GAP}{N}", "new_received", "commercial_enterprise"),
    _rule("科研机构", rf"^[^\d]{{0,6}}科研机构{GAP}{N}", "new_received", "research_institution"),
    _rule("社会公益", rf"^[^\d]{{0,6}}社会公益组织{GAP}{N}", "new_received", "public_welfare_org"),
    _rule("法律服务", rf"^[^\d]{{0,6}}法律服务机构{GAP}{N}", "new_received", "legal_service_org"),
)
DOCUMENTS = r"(?:行政)?规范性文件"
TWO = (
    _rule(
        "文件",
        rf"(?:制定|制发|出台|印发)[^\d,]{{0,10}}{DOCUMENTS}{GAP}{N}",
        "normative_documents",
        "issued",
        2,
        "documents",
    ),
    _rule("废止", rf"废止(?:了|失效)?{DOCUMENTS}{GAP}{N}", "normative_documents", "abolished", 2, "documents"),
    _rule("现行有效", rf"现行有效(?:的)?{DOCUMENTS}{GAP}{N}", "normative_documents", "in_force", 2, "documents"),
    _rule(
        "行政许可",
        rf"(?:办理|作出|做出)行政许可(?:决定)?(?:共|为)*+{N}",
        "administrative_licensing",
        "decisions",
        2,
        "decisions",
    ),
    _rule(
        "行政处罚",
        rf"(?:办理|作出|做出|^)行政处罚(?:决定)?(?:共|为)*+{N}",
        "administrative_penalty",
        "decisions",
        2,
        "decisions",
    ),
    _rule(
        "行政强制",
        rf"(?:办理|作出|做出|^)行政强制(?:决定|措施)?(?:共|为)*+{N}",
        "administrative_coercion",
        "decisions",
        2,
        "decisions",
    ),
)
TWO_FOLLOWING = (
    _rule("废止", rf"^废止(?:了)?(?:文件)?(?:共|为)*+{N}", "normative_documents", "abolished", 2, "documents"),
    _rule("现行有效", rf"^现行有效(?:文件)?(?:共|为|的)*+{N}", "normative_documents", "in_force", 2, "documents"),
)
OUTCOME_ROWS = tuple(row for row in rows("cn-2021", 3) if re.fullmatch(r"3\.[345]\.\d", row.code))
LISTED = re.compile(rf"^(?P<label>[^\d]{{4,30}}?){GAP}{N}$")

FIGURE = re.compile(r"\d\s*[件宗条份起例个项次]")
STATES = re.compile(
    r"\d\s*[件宗条份起例个项次]|[一二两三四五六七八九十百千万〇]\s*[件宗份]|[未没无][^。]{0,60}?(?:申请|复议|诉讼)"
)
"""A figure in digits or in words, or nought: what a sentence must have to be read."""
IN_WORDS = re.compile(
    r"(?<![第每某几数多零〇一二两三四五六七八九十百千万])[零〇一二两三四五六七八九十百千万]++(?=(?:件次|件|宗|份)(?!套))"
)
"""A figure in Chinese numerals: 十二件. Not one of those that count nothing: 第二份, 每一件, 几十件."""
NONE_OF = re.compile(r"[未没无不][^,;]*$")
"""What stands before 一件 where there was none: 没有一件."""
ABOUT = re.compile(r"信息公开|公开申请|依申请公开|依申请|公开政府信息|公开信息|申请公开")
"""What an application, a review or a suit must be about."""
MATTER = re.compile(r"申请|复议|诉讼|结转|转下|办结|规范性文件|行政许可|公开")
"""Stands in every sentence that states anything, those of APPLICATION included."""
APPLICATION = re.compile(r"信息公开(?:的.{0,6})?申请|依申请公开|申请公开|公开申请")
NOT = re.compile(
    r"未(?:收到|接到|接收|受理|发生|产生|出现|有|涉及|被|因|引起|引发|提起)|没有?(?!法|必)|无(?!法|正当|偿|故|需|效|误|障)"
)
NOT_RECEIVED = re.compile(
    r"(?:未|没有|没|无)(?:收到|接到|接收|受理|发生|产生|有)?[^\d]{0,24}?申请(?:公开)?(?:件|事项|情况|要求|案件|信息|政府信息)?$"
)
NO_MATTER = re.compile(r"(?:未|没有|无)(?:收到|受理|接到)?依申请公开(?:件|事项|情况)?$")
NOT_HAPPENED = re.compile(
    r"(?:未|没有|没|无)(?:收到|接到|受理|发生|产生|出现|涉及|被|因|引起|引发|存在|有)?[^\d]{0,40}?(?:复议|诉讼)"
)
QUALIFIED = re.compile(
    r"撤销|败诉|纠错|纠正|维持|驳回|改判|责令|违法|确认|结转|办结|变更|投诉|举报|收费|逾期|超期|超时|拒|延期|未公开|不当"
)
NAMED_BESIDE = re.compile(
    r"(?:举报|投诉|申诉|信访)(?:、|和|与|及|或|以及|或者)(?=行政复议|行政诉讼|提起|申请|举报|投诉|申诉)"
)
"""What did not happen either, named beside reviews and suits: 投诉、行政复议."""
COMPARED = re.compile(
    r"同比|环比|比上|比去|较上|较去|比20|较20|增长|增加|减少|下降|上升|提高|相比|以来|历年|平均|占比|预计|计划|目标"
)
PART_OF_YEAR = re.compile(r"[上下]半年|季度|(?<!\d)(?!1月1日|12月31日|12月底)\d{1,2}月")
PERIOD = re.compile(r"[上下]半年|季度|(?<!\d)(?!1月1日)\d{1,2}月(?:\d{1,2}日)?起?[至到—-]")
SINCE = re.compile(r"截至|截止|以来|开通|自\d{4}年")
APPROXIMATE = re.compile(r"(?:近|约|超过|超|逾|大约|至少|不少于|将近|接近)\d")
OTHER_MATTER = re.compile(r"投诉|举报|咨询|建议|提案|信件|来信|来电|许可|审批|热线|补正|转办|会议|培训")
OUTCOME_WORDS = re.compile(r"信访举报投诉类|补正后")
ONE_KIND = re.compile(r"直接起诉|直接提起|复议后起诉|复议后提起")
YEAR = re.compile(r"(?<!\d)(?<!结转)(?<![转结][至到入])(20\d\d)年(?!.{0,2}(?:结转|转入|遗留))")
SUM_OF_TWO = re.compile(r"(?:公开|提供|处理|补正|答复)的?(?:、|及|以及|和|与|或|或者)$")
"""What stands before an outcome that is counted together with another: 予以公开及部分公开."""
PLAN = re.compile(r"问题|改进|计划|下一步|打算|努力方向|措施")
HEADING = re.compile(
    r"\s*(?:[一二三四五六七八九十]是|[(（]?\s*(?:[一二三四五六七八九十]{1,3}\s*[、.．)）]|\d{1,2}[、.．]))"
)
SENTENCE_END = re.compile(r"(?<=[。！？!?])")
CLAUSE_END = re.compile(r"[,;:。!?]|、(?<=[件宗条份起例个项次]、)")
"""A clause ends before and after brackets as well, and before 其中."""
TITLE = re.compile(r"《[^《》]*》")
THOUSANDS = re.compile(r",(?<=\d,)(?=\d{3}(?!\d))")
QUOTES = re.compile("[“”\"'‘’「」『』]")
