"""The wordings in which Chinese reports state figures, as patterns: what each counts, and what spoils it.

The sentences that they are made from are those of published reports. See docs/form.md, Prose.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import NamedTuple

from archive.forms import names, rows
from archive.vocabulary import Form

_COUNT = r"(?P<n>\d{1,9}(?:\.\d+)?)(?P<more>[余多万亿千百])?(?P<u>件次|件|宗|条|份|起|例|个|项|次)(?!\d)"
_FILLER = (
    r"(?:的|了|总计|合计|共|计|为|是|有|达到|达|数量|数|案件|案|情形|类|答复|决定|信息|申请|处理|办理|\(|\)){0,30}+"
)
_NEXT_YEAR = r"(?:下一?年度?|次年|来年|(?P<y>20\d\d)年度?)"
_LAST_YEAR = r"(?:上一?年度?|去年|往年|(?P<y>20\d\d)年度?)"
_RECEIVES = r"(?P<verb>新收到?|新增|受理|收到|接到|接收|接受|收取|收|办理)"

FigureKey = tuple[int, str, str]
"""Table, row and column of a figure."""


class Matter(StrEnum):
    """What prose is about."""

    APPLICATIONS = "applications"
    REVIEWS = "reviews"
    REVIEW_RESULTS = "review results"
    """Results that a sentence on reviews counts."""
    SUITS = "suits"
    REMEDIES = "remedies"
    """Reviews and suits."""
    DOCUMENTS = "documents"
    """Normative documents."""
    DECISIONS = "decisions"
    """Licences, penalties and coercive measures."""
    FILES = "files"
    """Documents and information that a body drafts, classifies and publishes."""


class Rule(NamedTuple):
    """What a clause that matches states."""

    word: str
    """Stands in every clause that the pattern matches; looked for first, because that is quick."""
    pattern: re.Pattern[str]
    table_no: int
    row: str
    column: str
    matter: Matter
    """What the clause must be about."""

    @property
    def key(self) -> FigureKey:
        """Table, row and column of the figure."""
        return self.table_no, self.row, self.column


def _application(word: str, pattern: str, row: str, column: str = names.TOTAL) -> Rule:
    return Rule(word, re.compile(pattern), 3, row, column, Matter.APPLICATIONS)


def _remedy(word: str, pattern: str, column: str, matter: Matter) -> Rule:
    return Rule(word, re.compile(pattern), 4, names.CASES, column, matter)


def _document(word: str, pattern: str, column: str) -> Rule:
    return Rule(word, re.compile(pattern), 2, names.NORMATIVE_DOCUMENTS, column, Matter.DOCUMENTS)


def _decision(word: str, pattern: str, row: str) -> Rule:
    return Rule(word, re.compile(pattern), 2, row, names.DECISIONS, Matter.DECISIONS)


CARRIED_OUT = (
    re.compile(rf"结?转(?:至|到|入)?{_NEXT_YEAR}(?:继续)?{_FILLER}{_COUNT}"),
    re.compile(rf"结转{_FILLER}{_COUNT}(?:申请)?(?:至|到|入){_NEXT_YEAR}"),
    re.compile(
        rf"{_COUNT}(?:申请)?(?:按照?(?:有关|相关)?(?:规定|要求|程序)|依法|依规|将|需|已|均|正)*+结?转(?:至|到|入)?{_NEXT_YEAR}"
    ),
)
CARRIED_IN = (
    re.compile(
        rf"{_LAST_YEAR}(?:未办结)?(?:结转|转入|遗留)(?:至|到)?(?:本年度?|今年|20\d\d年度?)?[^\d,]{{0,16}}?{_COUNT}"
    ),
    re.compile(rf"(?:结转|转入){_LAST_YEAR}[^\d,]{{0,16}}?{_COUNT}"),
)
RECEIVED = (
    re.compile(rf"{_RECEIVES}(?P<about>[^\d,]{{0,44}}?申请[^\d,]{{0,14}}?){_COUNT}"),
    re.compile(rf"{_RECEIVES}[^\d,]{{0,12}}?{_COUNT}(?P<about>[^\d,]{{0,20}}?公开[^\d,]{{0,6}}申请)"),
    re.compile(rf"{_RECEIVES}(?P<about>[^\d,]{{0,16}}?依申请公开[^\d,]{{0,10}}?){_COUNT}"),
    re.compile(rf"^(?:本年度?|今年|全年|年内)?(?P<verb>新收)到?(?P<about>{_FILLER}){_COUNT}"),
    re.compile(
        rf"(?P<verb>)(?P<about>信息公开申请|依申请公开)(?:(?:受理|收件|接收|收到)(?:量|数量|总数|总量|数)|(?<=申请)(?:量|数量|总数|总量|数))"
        rf"(?:共|计|为|是|达)*+{_COUNT}"
    ),
    re.compile(
        rf"^(?:本年度?|今年|全年|年内|\d{{4}}年度?)*(?P<verb>)(?:共计?|共有|有)+{_COUNT}(?P<about>[^\d,]{{0,20}}公开[^\d,]{{0,6}}申请)$"
    ),
)
PROCESSED = re.compile(
    rf"(?<!未)(?:办结|审结|办理完毕|办毕)(?:政府信息公开|依申请公开|信息公开|完毕){{0,2}}{_FILLER}{_COUNT}"
)
CHANNEL = re.compile(r"当面|现场|网络|网上|网站|在线|信函|传真|邮件|邮寄|书面|窗口|来访|电话|口头")
CHANNEL_FIGURE = re.compile(rf"申请{_FILLER}[1-9]\d*(?:件|宗|条|份)")
_BETWEEN = r"(?:(?!撤|终止|中止|结|维持|驳回|纠|和解|协|代理)[^\d,]){0,24}?"
"""What may stand between a number and the reviews or suits that it counts: 2件因政府信息公开引起的行政复议."""
_RULES = (
    _application(
        "公开", rf"(?:部分(?:予以|同意)?公开|(?:同意|予以)部分公开){_FILLER}{_COUNT}", names.PARTIALLY_GRANTED
    ),
    _application(
        "公开",
        rf"^[^\d]{{0,6}}{_COUNT}(?:为|属于?|被|的|作出|是)*(?:同意|予以)?部分公开(?:的|答复)*$",
        names.PARTIALLY_GRANTED,
    ),
    _application("公开", rf"(?<![不未分])(?:全部予以|予以|同意|准予|全部)公开{_FILLER}{_COUNT}", names.GRANTED),
    _application(
        "公开",
        rf"^[^\d]{{0,6}}{_COUNT}(?:为|属于?|被|的|作出|是)*(?:全部予以|予以|同意|准予)公开(?:的|答复)*$",
        names.GRANTED,
    ),
    _application("公开", rf"(?:不予以?公开|不同意公开){_FILLER}{_COUNT}", names.DENIED_TOTAL),
    _application(
        "公开",
        rf"^[^\d]{{0,6}}{_COUNT}(?:为|属于?|被|的|作出|是)*(?:不予以?|不同意)公开(?:的|答复)*$",
        names.DENIED_TOTAL,
    ),
    _application("提供", rf"^[^\d]{{0,6}}{_COUNT}(?:为|属于?|被|的|是)*无法提供(?:的)?$", names.NOT_PROVIDED_TOTAL),
    _application(
        "不予处理", rf"^[^\d]{{0,6}}{_COUNT}(?:为|属于?|被|的|是)*不予处理(?:的)?$", names.NOT_PROCESSED_TOTAL
    ),
    _application("提供", rf"无法提供(?:政府信息)?{_FILLER}{_COUNT}", names.NOT_PROVIDED_TOTAL),
    _application("不予处理", rf"不予处理{_FILLER}{_COUNT}", names.NOT_PROCESSED_TOTAL),
    _application("其他处理", rf"其他处理(?:方式|结果)?{_FILLER}{_COUNT}", names.OTHER_TOTAL),
    _remedy(
        "复议",
        rf"(?:行政|^)复议(?:申请|案件|案|事项|情况|的)*(?:共|计|为|有|数量|数|总数|:)*+{_COUNT}",
        names.REVIEW_TOTAL,
        Matter.REVIEWS,
    ),
    _remedy("复议", rf"{_COUNT}{_BETWEEN}复议(?:案件|案|申请|事项)?$", names.REVIEW_TOTAL, Matter.REVIEWS),
    _remedy("诉讼", rf"{_COUNT}{_BETWEEN}诉讼(?:案件|案|事项)?$", names.SUIT_TOTAL, Matter.SUITS),
    _remedy(
        "直接",
        rf"{_COUNT}(?:为|属于?|是|系)?未经复议直接(?:起诉|提起)(?:的|行政诉讼|案件)*$",
        names.SUIT_DIRECT_TOTAL,
        Matter.SUITS,
    ),
    _remedy(
        "复议后",
        rf"{_COUNT}(?:为|属于?|是|系)?(?:经)?复议后(?:起诉|提起)(?:的|行政诉讼|案件)*$",
        names.SUIT_AFTER_REVIEW_TOTAL,
        Matter.SUITS,
    ),
    _remedy(
        "维持",
        rf"^[^\d]{{0,6}}{_COUNT}(?:为|被|是|属|依法|结果)*维持(?:的)?$",
        names.REVIEW_MAINTAINED,
        Matter.REVIEW_RESULTS,
    ),
    _remedy(
        "纠",
        rf"^[^\d]{{0,6}}{_COUNT}(?:为|被|是|属|依法|结果)*(?:纠错|纠正)(?:的)?$",
        names.REVIEW_CORRECTED,
        Matter.REVIEW_RESULTS,
    ),
    _remedy(
        "诉讼",
        rf"(?:行政|^)诉讼(?:案件|案|事项|情况|的)*(?:共|计|为|有|数量|数|总数|:)*+{_COUNT}",
        names.SUIT_TOTAL,
        Matter.SUITS,
    ),
    _remedy(
        "直接", rf"未经复议直接(?:起诉|提起)(?:的|行政诉讼|案件|共|为)*+{_COUNT}", names.SUIT_DIRECT_TOTAL, Matter.SUITS
    ),
    _remedy(
        "复议后",
        rf"(?<!经)复议后(?:起诉|提起)(?:的|行政诉讼|案件|共|为)*+{_COUNT}",
        names.SUIT_AFTER_REVIEW_TOTAL,
        Matter.SUITS,
    ),
    _remedy(
        "维持",
        rf"维持(?:原?具体行政行为|原?行政行为|原决定)?(?:的|结果|共|为)*+{_COUNT}",
        names.REVIEW_MAINTAINED,
        Matter.REVIEW_RESULTS,
    ),
    _remedy("纠", rf"(?:纠错|结果纠正|纠正)(?:的|共|为)*+{_COUNT}", names.REVIEW_CORRECTED, Matter.REVIEW_RESULTS),
    _remedy("其他", rf"其他(?:情形|结果)(?:的|共|为)*+{_COUNT}", names.REVIEW_OTHER, Matter.REVIEW_RESULTS),
    _remedy("审", rf"(?:尚未审结|未审结|正在审理)(?:的|共|为)*+{_COUNT}", names.REVIEW_PENDING, Matter.REVIEW_RESULTS),
)
OUTCOMES = tuple(rule for rule in _RULES if rule.matter is Matter.APPLICATIONS)
REMEDIES = tuple(rule for rule in _RULES if rule.matter is not Matter.APPLICATIONS)
APPLICANTS = (
    _application(
        "自然人",
        rf"^[^\d]{{0,6}}自然人(?:提出|提交|递交)?(?:的)?(?:政府信息公开)?{_FILLER}{_COUNT}",
        names.NEW_RECEIVED,
        names.NATURAL_PERSON,
    ),
    _application(
        "法人",
        rf"^[^\d]{{0,6}}法人(?:或者?|和|及|、|与)(?:其他|非法人)组织(?:提出|提交|递交)?(?:的)?(?:政府信息公开)?{_FILLER}{_COUNT}",
        names.NEW_RECEIVED,
        names.ORGANISATIONS_TOTAL,
    ),
    _application(
        "商业企业", rf"^[^\d]{{0,6}}商业企业{_FILLER}{_COUNT}", names.NEW_RECEIVED, names.COMMERCIAL_ENTERPRISE
    ),
    _application(
        "科研机构", rf"^[^\d]{{0,6}}科研机构{_FILLER}{_COUNT}", names.NEW_RECEIVED, names.RESEARCH_INSTITUTION
    ),
    _application(
        "社会公益", rf"^[^\d]{{0,6}}社会公益组织{_FILLER}{_COUNT}", names.NEW_RECEIVED, names.PUBLIC_WELFARE_ORG
    ),
    _application(
        "法律服务", rf"^[^\d]{{0,6}}法律服务机构{_FILLER}{_COUNT}", names.NEW_RECEIVED, names.LEGAL_SERVICE_ORG
    ),
)
_DOCUMENT = r"(?:行政)?规范性文件"
TABLE_TWO = (
    _document("文件", rf"(?:制定|制发|出台|印发)[^\d,]{{0,10}}{_DOCUMENT}{_FILLER}{_COUNT}", names.ISSUED),
    _document("废止", rf"废止(?:了|失效)?{_DOCUMENT}{_FILLER}{_COUNT}", names.ABOLISHED),
    _document("现行有效", rf"现行有效(?:的)?{_DOCUMENT}{_FILLER}{_COUNT}", names.IN_FORCE),
    _decision("行政许可", rf"(?:办理|作出|做出)行政许可(?:决定)?(?:共|为)*+{_COUNT}", names.LICENSING),
    _decision("行政处罚", rf"(?:办理|作出|做出|^)行政处罚(?:决定)?(?:共|为)*+{_COUNT}", names.PENALTY),
    _decision("行政强制", rf"(?:办理|作出|做出|^)行政强制(?:决定|措施)?(?:共|为)*+{_COUNT}", names.COERCION),
)
TABLE_TWO_CONTINUED = (
    _document("废止", rf"^废止(?:了)?(?:文件)?(?:共|为)*+{_COUNT}", names.ABOLISHED),
    _document("现行有效", rf"^现行有效(?:文件)?(?:共|为|的)*+{_COUNT}", names.IN_FORCE),
)
OUTCOME_ROWS = tuple(row for row in rows(Form.NATIONAL_2021, 3) if re.fullmatch(r"3\.[345]\.\d", row.code))
LISTED = re.compile(rf"^(?P<label>[^\d]{{4,30}}?){_FILLER}{_COUNT}$")

FIGURE = re.compile(r"\d\s*[件宗条份起例个项次]")
STATES = re.compile(
    r"\d\s*[件宗条份起例个项次]|[一二两三四五六七八九十百千万〇]\s*[件宗份]|[未没无][^。]{0,60}?(?:申请|复议|诉讼)"
)
"""A figure in digits or in words, or zero: what a sentence must have to be read."""
MAY_STATE = re.compile("[件宗条份起例个项次未没无]")
"""Stands in whatever STATES matches; rows of figures have none of these, and are looked through ten times as quickly."""
IN_WORDS = re.compile(
    r"[零〇一二两三四五六七八九十百千万](?<![第每某几数多零〇一二两三四五六七八九十百千万].)[零〇一二两三四五六七八九十百千万]*+(?=(?:件次|件|宗|份)(?!套))"
)
"""A figure in Chinese numerals: 十二件. Not one of those that count nothing: 第二份, 每一件, 几十件."""
NONE_OF = re.compile(r"[未没无不][^,;]*$")
"""What stands before 一件 where there was none: 没有一件."""
ABOUT = re.compile(r"信息公开|公开申请|依申请公开|依申请|公开政府信息|公开信息|申请公开")
"""What an application, a review or a suit must be about."""
MATTER = re.compile(r"申请|复议|诉讼|结转|转下|办结|规范性文件|行政许可|公开")
"""Stands in every sentence that states anything, those of APPLICATION included."""
APPLICATION = re.compile(r"信息公开(?:的.{0,6})?申请|依申请公开|申请公开|公开申请")
APPLIES = re.compile(
    r"信息公开(?:的.{0,6})?申请|(?<!依)申请公开|公开申请|(?:收到|受理|接收|接到|办理|办结|答复|处理)[^,]{0,12}依申请公开"
)
"""Names applications; 依申请公开 alone may also be how a document is classified."""
FILES = re.compile(
    r"公文|发文|收文|拟文|属性|定密|保密审查|信息(?:总数|总量|条数|数)|文件(?<!规范性文件)[^,]{0,4}\d|"
    + "|".join(
        f"{verb}[^,]{{0,8}}(?:信息|文件)"
        for verb in ["制作", "获取", "产生", "形成", "生成", "审查", "梳理", "编目", "发布"]
    )
    + r"|公开(?<!申请公开)[^,]{0,4}信息[^,]{0,4}\d"
)
"""Names documents, which are published or classified; they are no applications. Alternatives that all begin with a letter
are soon found."""
PUBLISHED = re.compile(r"(?<!已)(?<!属)(?<!属于)主动公开(?!范围|的范围)[^,]{0,10}\d")
CLASSIFIED = re.compile(
    r"主动公开[^,;。]{0,10}\d+[件条份篇个][、,;及和]?(?:属于?|作为|确定为|定为|为)?依申请公开(?:的|类|政府|信息|文件|公文|数|属性|为|有|共)*\d"
)
"""Counts what was published beside what is given on application: the two are classes of documents."""
REVIEWER = re.compile(r"办理|审理|受理|承办|审查|代理|应诉")
"""Says that a body decided reviews of others, or answered suits of any kind."""
CHAPTER = re.compile(r"\s*[一二三四五六七八九十]{1,3}\s*、")
"""A heading of the first order."""
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
OF_OTHERS = re.compile(
    r"(?<![及和与、])(?:下属|所属|[局委]属|直属)(?:事业|企业|基层)?(?:单位|机构)[^,]{0,8}(?:收到|受理|接到|办理|答复)"
)
"""Counts what others received alone, not together with the body."""
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
    r"\s*+(?:[一二三四五六七八九十]是|(?:[(（]\s*+)?(?:[一二三四五六七八九十]{1,3}\s*[、.．)）]|\d{1,2}[、.．]))"
)
SENTENCE_END = re.compile(r"(?<=[。！？!?])")
CLAUSE_END = re.compile(r"[,;:。!?]|、(?<=[件宗条份起例个项次]、)")
"""A clause ends before and after brackets as well, and before 其中."""
TITLE = re.compile(r"《[^《》]*》")
THOUSANDS = re.compile(r",(?<=\d,)(?=\d{3}(?!\d))")
LONE_FIGURE = re.compile(
    r"[(\[【〔](\d{1,9}(?:件次|件|宗|条|份|起))[)\]】〕]|:(?<=[\u4e00-\u9fff]:)(\d{1,9}(?:件次|件|宗|条|份|起))"
)
"""A figure in brackets or after a colon: 行政复议（2件）, 行政复议：2件."""
QUOTES = re.compile("[“”\"'‘’「」『』]")
