"""What proves that a page is a report, and what a page is that nothing proves to be one.

A title proves nothing: notices of maintenance, login forms, home pages and hijacked pages come with the titles of
reports. What proves one is a text that speaks of a year's disclosure work, the tables of the form, or a document or
picture that stands where the text would.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import islice

from lxml import etree

from archive.model import Attachment
from archive.vocabulary import Fate
from pipelines.html.article import Article
from pipelines.html.boxes import string_of
from pipelines.html.parsing import ParsedPage
from pipelines.metadata.titles import is_report_title, without_suffix

_SECTIONS = [
    re.compile(rf"^[（(]?[一二三四五六七八]\s*[、.．)）]\s*{name}")
    for name in (
        r"(?:总体|基本|概述|概况|工作概)",
        r".{0,12}主动公开",
        r".{0,16}(?:收到和处理|依申请)",
        r".{0,16}(?:行政复议|行政诉讼)",
        r".{0,14}(?:存在的?(?:主要)?(?:问题|不足)|主要问题)",
        r"其他?[她它]?需要(?:报告|说明)",
        r".{0,10}(?:收费|费用)",
    )
]
"""The headings of the six sections that the form prescribes, and of 收费, a section before 2019; docs/form.md, Forms by year."""
_ORDINAL = frozenset("一二三四五六七八（(")
"""What a heading of a section begins with."""
_SENTENCE = re.compile(r"[，。；：,;:]")
_SUBJECTS = (
    ("主动公开",),
    (
        "依申请",
        "公开申请",
        "申请公开",
        "收到[^，。]{0,6}申请",
        "受理[^，。]{0,4}申请",
        "办理申请",
    ),
    ("不予公开", "予以公开", "部分公开", "同意公开", "免予公开", "不予提供"),
    ("条例(?!外)", "信息公开规定", "信息公开办法"),
    ("本报告", "本年报", "特此报告", "报告如下"),
    ("行政复议", "行政诉讼", "复议", "诉讼"),
    ("收费", "减免", "信息处理费", "收取[^，。]{0,8}费"),
    ("统计期限", "统计时限", "统计周期"),
    (
        "公开(?:目录|指南|专栏|平台|渠道|载体|形式|方式|内容|范围|窗口|事项)",
        "公[开示]栏",
        "查阅(?:点|场所)",
    ),
    (
        r"公开[^，。；]{0,16}?\d+\s*余?[条件篇份次]",
        r"发布[^，。；]{0,16}?\d+\s*余?[条件篇份次]",
        r"公布[^，。；]{0,16}?\d+\s*余?[条件篇份次]",
        r"更新[^，。；]{0,16}?\d+\s*余?[条件篇份次]",
        r"\d{1,9}+\s*余?[条件篇份][^，。；]{0,6}(?:信息|申请)",
    ),
    (
        "信息公开工作(?!年度|报告|年报)",
        "政务公开工作(?!年度|报告|年报)",
        "公开政府信息",
        "[村厂党校院]务公开",
        "公开[^，。]{0,4}信息",
    ),
)
"""What reports speak of; the words of their titles are left out."""
_WORDS_OF_DISCLOSURE = re.compile("|".join(f"{words}()" for subject in _SUBJECTS for words in subject))
"""An empty group ends each alternative: one that begins with a letter is passed over without being tried."""
_SUBJECT_OF = [-1, *(subject for subject, alternatives in enumerate(_SUBJECTS) for _ in alternatives)]
"""By number of the group that ends the alternative."""
_WORDS_OF_TABLES = re.compile(
    r"(本年新收)|(上年结转)|(商业\s*企业)|(科研\s*机构)|(社会公益)|(法律服务)|(三安全一稳定)|(结转下年度)|(结果\s*维持)|(结果\s*纠正)|(尚未\s*审结)"
    r"|(制发件数)|(现行有效)|(行政事业性收费)|(处理决定数量)|(统计指标)|(主动公开政府信息数)|(收到申请数)|(申请办结数)|(申请答复数)|(行政复议数量)|(行政诉讼数量)"
)
_ACCOUNT_OF_ONES_OWN = re.compile(
    r"全年|本年度?|今年|以来|上年|截至|20\d\d\s*年|二[〇○零ＯO0].{2}年"
    r"|本(?:单位|机关|局|镇|乡|街道|委|部门)|我(?:局|镇|乡|县|区|市|省|委|办|厅|院|校|处|街道|单位|中心)"
)
"""A year, or a body that speaks of itself."""
_LITTLE_TEXT = 200
"""Characters below which a text may only introduce the document or picture beside it."""
_SHORT_TEXT = 150
_LONG_TEXT = 1_500
_READ_FOR_WORDS = 3_000
"""Characters of a page that are searched for what it says of itself."""


class Substance(IntEnum):
    """How far a text proves that it is a report."""

    NONE = 0
    SOME = 1
    """Enough under a report's own title, where nothing speaks against it."""
    FULL = 2
    """Enough under any title that does not name another thing."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a page is, and in a few words what shows it."""

    fate: Fate
    cause: str = ""


IS_REPORT = Judgement(Fate.REPORT)


def count_sections(paragraphs: Iterable[str]) -> int:
    """How many of the report's fixed sections have their heading in the text."""
    headings = [p for p in paragraphs if p[:1] in _ORDINAL and len(p) < 50]
    return sum(any(map(pattern.match, headings)) for pattern in _SECTIONS)


def substance(paragraphs: Sequence[str]) -> Substance:
    """How far the sentences, headings and table rows of a text are those of a report; stops where that is certain."""
    subjects: set[int] = set()
    for paragraph in paragraphs:
        if len(paragraph) >= 8 and _SENTENCE.search(paragraph):
            subjects.update([_SUBJECT_OF[match.lastindex or 0] for match in _WORDS_OF_DISCLOSURE.finditer(paragraph)])
            if len(subjects) >= 4:
                return Substance.FULL
    if count_sections(paragraphs) >= 3 or len(_distinct(_WORDS_OF_TABLES, paragraphs)) >= 3:
        return Substance.FULL
    size = sum(map(len, paragraphs))
    if size > _LONG_TEXT:
        return Substance.NONE
    if len(subjects) >= 2 or (
        subjects and size <= _SHORT_TEXT and any(_ACCOUNT_OF_ONES_OWN.search(paragraph) for paragraph in paragraphs)
    ):
        return Substance.SOME
    return Substance.NONE


def _distinct(pattern: re.Pattern[str], paragraphs: Iterable[str]) -> set[int | None]:
    return {match.lastindex for paragraph in paragraphs for match in pattern.finditer(paragraph)}


def judge(parsed: ParsedPage, article: Article, *, is_own_title: bool, is_file: bool = False) -> Judgement:
    """What a page with a report's title is. `is_own_title`: the page itself has it, not the listing alone.

    `is_file`: the page is itself a Word, PDF or other document.
    """
    found = substance(article.paragraphs)
    if found is Substance.FULL:
        other = _other_text(article.paragraphs)
        return Judgement(Fate.NOT_A_REPORT, other) if other else IS_REPORT
    stated = _stated(article, parsed)
    if stated is None and not is_page_of_links(article):
        if found is Substance.SOME and is_own_title:
            return IS_REPORT
        if is_file and sum(map(len, article.paragraphs)) < _LITTLE_TEXT:
            return IS_REPORT
        is_elsewhere = article.is_scripted or article.frames
        if _has_document_in_its_place(article) or (is_elsewhere and is_own_title and not article.paragraphs):
            return IS_REPORT
    return stated or what_else(parsed, article)


# --- what a page is instead ------------------------------------------------------------------------------------------

_NOTICE_TO_ALL = re.compile(
    r"^各(?:有关|直属|级|市|区|县|州|旗|镇|乡|街|单位|部门|[科处]室|[局委办股])[\u4e00-\u9fff（）()、，,\s]{0,80}[：:]"
)
_NOTICE_END = re.compile(r"特此(?:通知|函告)")
_EVENT = re.compile(r"(?:召开|举办|举行|组织召开)[^。]{0,40}(?:会议?|培训班?|推进会|座谈会|启动仪式)")
_GUIDE = re.compile(r"公开指南")
_GUIDE_CONTACT = re.compile(r"受理(?:机构|时间|地点)|办公(?:地址|时间)|申请表|提出申请")
_ACCOUNT = re.compile(r"本报告|本年报|统计(?:期限|时限|周期)|全年|本年度")

_GAMBLING = [
    words.split()
    for words in (
        "博彩 赌场 赌博网",
        "百家乐 老虎机 轮盘 捕鱼",
        "六合彩 时时彩 北京赛车 开奖",
        "投注 下注 押注",
        "娱乐城 娱乐平台 真人娱乐 棋牌",
        "体育平台 滚球 赔率",
        "充值 返水 首存 彩金 提现",
        "注册送 开户",
        "成人 无码 裸聊",
        "在线观看 高清影院 小说全文",
        "代开发票 办证",
    )
]
"""What hijacked pages advertise, a list a subject."""


def _parts(words: str) -> list[str]:
    return words.split()


def _each(words: str, rest: str) -> str:
    """Alternatives, a word each, that go on alike; a pattern whose alternatives all begin with a letter is soon found."""
    return "|".join(f"{word}(?:{rest})" for word in words.split())


STATED = [
    (
        Fate.BLOCKED,
        "a notice of maintenance",
        _parts("维护 升级 改版 检修 割接 迁移 调试 建设 正在 暂 停止 中断 maintenance construction back temporarily"),
        re.compile(
            _each(
                "系统 网站 平台 页面 栏目 服务器? 数据 本站 机房",
                "[^，。；]{0,10}(?:维护|升级|改版|检修|割接|迁移|调试|建设)(?:中|期间)",
            )
            + r"|正在(?:进行)?[^，。；]{0,8}(?:维护|升级|改版|检修|建设|迁移|割接)"
            r"|暂时?(?:无法|不能)(?:访问|提供|打开|浏览)|"
            + _each("暂停 停止 中断", "(?:对外)?(?:提供)?(?:服务|访问|开放)")
            + "|"
            + _each("维护 升级", "公告|通知|中")
            + r"|under (?:maintenance|construction)|be back soon|temporarily unavailable"
        ),
    ),
    (
        Fate.BLOCKED,
        "a notice of maintenance",
        _parts("维护 升级 改版 检修 建设"),
        re.compile(
            r"^\W*(?:系统|网站|平台|服务器?)?(?:例行|停机|日常)?(?:维护|升级|改版|检修|建设)(?:通知|公告|提示|中)?\W*$",
            re.MULTILINE,
        ),
    ),
    (
        Fate.BLOCKED,
        "a notice of review",
        _parts("审核 审查 审批 复核 校对 整改 待发布 在发布 未发布 理中 善中 新中 设中 期待 暂"),
        re.compile(
            _each("审核 审查 审批 复核 校对 整改", "之?中|尚未|未通过")
            + "|"
            + _each("待 正在 尚未", "审核|审查|审批|发布")
            + r"|审核通过后[^，。；]{0,6}(?:显示|查看|可见)|内容(?:整理|完善|更新|建设)中|请期待|暂(?:未|不)(?:发布|开放|对外)|暂未公开"
        ),
    ),
    (
        Fate.BLOCKED,
        "a refusal for want of permission",
        _parts("权 禁止 拒绝 访问受 访问被 仅限 内部 denied forbidden unauthor"),
        re.compile(
            _each("没有 无 未获 缺少", "(?:相应|相关|足够)?的?[^，。；]{0,6}(?:权限|授权)")
            + r"|权限不(?:足|够)|无权[^，。；]{0,6}(?:访问|查看|浏览|阅读)"
            r"|禁止[^，。；]{0,4}(?:访问|浏览)|拒绝[^，。；]{0,4}(?:访问|浏览)|访问(?:受限|被拒|被禁|受到限制|权限)|仅限[^，。；]{0,12}(?:访问|浏览|查看)"
            r"|内部(?:资料|信息|网络)[^，。；]{0,10}(?:访问|查看)|access denied|forbidden|unauthori[sz]ed|permission denied",
        ),
    ),
    (
        Fate.BLOCKED,
        "a login form",
        _parts("登录 登陆 认证 注册 密码 会话 please session"),
        re.compile(
            r"请(?:您)?(?:先|重新)?(?:登[录陆]|认证|注册)(?![^，。；]{0,16}网)|登[录陆](?:后(?:查看|访问|浏览|继续)|超时|失效|已过期|名|密码|账号|帐号)|"
            + _each("需要? 须", "先?(?:登[录陆]|认证)")
            + "|"
            + _each("用户名 账号 帐号 手机号", "[^，。；]{0,10}密码")
            + r"|统一(?:身份|用户)认证|忘记密码|会话(?:已)?(?:超时|过期|失效)|please (?:log|sign) ?in|session (?:has )?expired",
        ),
    ),
    (
        Fate.BLOCKED,
        "a challenge",
        _parts(
            "验证 识别 检测 防护 频繁 繁忙 过多 排队 稍 拦截 防火墙 可疑 script 加载 跳转 正在检查 浏览器版本 checking many unusual captcha"
        ),
        re.compile(
            r"验证码|人机(?:验证|识别)|安全(?:验证|检测|防护)|"
            + _each("访问 请求 操作", "过?于?(?:太)?频繁")
            + "|"
            + _each("启用 开启 支持", r"\s*java ?script")
            + r"|系统繁忙|访问人数过多|排队(?:等待|中)|稍[后候](?:再|重)试|拦截|防火墙|可疑(?:请求|行为|访问)|正在(?:跳转|加载|检查|验证)|加载中|浏览器版本"
            r"|checking your browser|enable javascript|too many requests|unusual traffic|captcha",
        ),
    ),
    (
        Fate.MISSING,
        "a page that says it is gone",
        _parts(
            "不存在 找不到 找到 查到 索到 询到 打开 失效 丢失 删除 下线 下架 撤销 撤回 移除 移动 归档 关闭 停用 暂无 走丢 迷路 404 found longer removed"
        ),
        re.compile(
            _each(
                "页面 网页 文件 信息 内容 文章 栏目 链接 地址 资源 记录 数据 稿件",
                "[^，。；]{0,8}(?:不存在|找不到|无法找到|失效|丢失|(?:已经?|被|或)[^，。；]{0,4}(?:删除|下线|下架|撤销|撤回|移除|移动|归档|关闭|停用))",
            )
            + "|"
            + _each(
                "没有 无法 未能?",
                "(?:找到|查到|检索到|查询到|打开)[^，。；]{0,10}(?:页面|网页|文件|信息|内容|文章|栏目|链接|结果|记录|数据)",
            )
            + r"|暂无(?:相关)?(?:页面|信息|内容|文章|结果|记录|数据)|走丢|迷路|共(?:找到|检索到)\s*0\s*[条个]"
            r"|404 ?(?:not|页|错误|error)|error\W{0,3}404|错误\W{0,3}404|not found|no longer (?:available|exists)|has been removed"
        ),
    ),
    (Fate.MISSING, "a page that says it is gone", _parts("404"), re.compile(r"^\W*404\W*$", re.MULTILINE)),
    (
        Fate.ERROR,
        "an error of the server",
        _parts(
            "错 异常 故障 超时 失败 崩溃 宕机 50 欠费 已到期 未备案 无法显示 error gateway unavailable exception trace warning sql ora- nginx tomcat works"
        ),
        re.compile(
            _each(
                "服务器? 系统 程序 数据库 网络 网站 应用 运行时 内部 连接",
                "[^，。；]{0,8}(?:错误|异常|故障|出错|超时|失败|崩溃|宕机)",
            )
            + "|"
            + _each("发生 出现", "了?[^，。；]{0,6}(?:错误|异常|故障)")
            + "|"
            + _each("错误 状态码 error http", r"\W{0,3}50[0-4]")
            + r"|50[0-4] ?(?:-|bad|internal|service|gateway|error|错误)|欠费|已到期|未备案|无法显示此?网页"
            r"|internal server error|bad gateway|gateway time-?out|service unavailable|exception|stack ?trace|fatal error|warning: \w+\(|sql ?(?:error|syntax|state)"
            r"|ora-\d|nginx|apache tomcat|it works",
        ),
    ),
]
"""What pages say that stand where a document should: fate, what it is, parts of words and the words.

One of the parts stands in whatever the pattern matches; they are looked for first, because that is quick. Both are
looked for in a text with its case folded: a pattern that ignores case takes much longer.
"""
_PASSWORD = re.compile(r"<(?i:input[^>]{0,200}type\s*=\s*[\"']?password)")
_LOGIN_WORDS = re.compile(r"密\s*码|登\s*[录陆]|用户名|[账帐]号|认证|password|log ?in|sign ?in", re.IGNORECASE)
_BROKEN = re.compile(r"[\ufffd\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ue000-\uf8ff]")
_MOST_BROKEN = 0.03
"""Share of characters that no charset has, from which a body is no text."""
_MANY_LINKS = 8
_TEXTS_BETWEEN_LINKS = etree.XPath(
    "descendant::body/descendant::text()[normalize-space()][not(ancestor::a or parent::script or parent::style)]",
    smart_strings=False,
)


def what_else(parsed: ParsedPage, article: Article) -> Judgement:
    """What a page is that does not read as a report."""
    source = parsed.source
    if len(source) > 40 and len(_BROKEN.findall(source[:20_000])) > _MOST_BROKEN * min(len(source), 20_000):
        return Judgement(Fate.UNREADABLE, "its bytes are no text in any charset")
    if stated := _stated(article, parsed):
        return stated
    if is_page_of_links(article) or (not article.paragraphs and _links(parsed) > _MANY_LINKS):
        return _said_in(_text_between_links(parsed)) or Judgement(Fate.NOT_A_REPORT, "a page of links")
    if other := _other_text(article.paragraphs):
        return Judgement(Fate.NOT_A_REPORT, other)
    text = "\n".join(article.paragraphs)
    if sum(any(word in text for word in words) for words in _GAMBLING) >= 2:
        return Judgement(Fate.NOT_A_REPORT, "advertising")
    if sum(map(len, article.paragraphs)) < 40:
        nothing = Judgement(Fate.NOT_A_REPORT, "nothing but its title")
        return _said_in(_text_between_links(parsed)) or nothing
    return Judgement(Fate.NOT_A_REPORT, "nothing in it speaks of a year's disclosure work")


def _stated(article: Article, parsed: ParsedPage) -> Judgement | None:
    """What the article says that it is; None where it says nothing of the kind."""
    text = "\n".join(article.paragraphs)[:_READ_FOR_WORDS]
    names = "\n".join(picture.name for picture in article.images)
    if said := _said_in(f"{text}\n{names}"):
        return said
    has_more = article.attachments or article.images
    if _PASSWORD.search(parsed.source) and (_LOGIN_WORDS.search(text) or not has_more):
        return Judgement(Fate.BLOCKED, "a login form")
    return None


_FIRST_LETTER = re.compile(f"[{re.escape(''.join({part[0] for _, _, parts, _ in STATED for part in parts}))}]")


def _said_in(text: str) -> Judgement | None:
    folded = text.casefold()
    begun = set(_FIRST_LETTER.findall(folded))  # one look through the text instead of one for each part
    for fate, cause, parts, pattern in STATED:
        if any(part[0] in begun and part in folded for part in parts) and pattern.search(folded):
            return Judgement(fate, cause)
    return None


def _text_between_links(parsed: ParsedPage) -> str:
    """The first characters of what a page says outside its links, a line for each element."""
    if parsed.root is None:
        return parsed.source[:_READ_FOR_WORDS]
    return "\n".join(islice(_TEXTS_BETWEEN_LINKS(parsed.root), 200))[:_READ_FOR_WORDS]


def _other_text(paragraphs: Sequence[str]) -> str:
    """What kind of text speaks of disclosure and is no report: a notice, news or a guide; empty for none of them."""
    if any(map(_NOTICE_TO_ALL.match, paragraphs[:4])) or any(map(_NOTICE_END.search, paragraphs[-5:])):
        return "a notice"
    text = "\n".join(paragraphs[:40])
    if _ACCOUNT.search(text) or count_sections(paragraphs) >= 2:
        return ""
    if any(map(_EVENT.search, paragraphs[:2])):
        return "news"
    if _GUIDE.search(text) and len(_GUIDE_CONTACT.findall(text)) >= 2:
        return "a guide to applications"
    return ""


def _links(parsed: ParsedPage) -> int:
    return 0 if parsed.root is None else sum(1 for _ in parsed.root.iter("a"))


def is_page_of_links(article: Article) -> bool:
    """Whether more than half of what the article's box says is links to other pages."""
    if article.element is None:
        return False
    texts = [text for a in article.element.iter("a") if len(text := string_of(a).strip()) > 1]
    size = sum(map(len, article.paragraphs))
    return len(texts) >= _MANY_LINKS and 2 * sum(map(len, texts)) > size


# --- documents and pictures ------------------------------------------------------------------------------------------

_NAMES_TABLES = re.compile(r"年度?报告?|信息公开|统计表|情况表|附表|年报")
_OTHER_DOCUMENT = re.compile(
    r"手册|说明书|使用说明|操作|插件|控件|浏览器|客户端|驱动|软件|阅读器|申请表|须知|流程图|招聘|报名|应急预案|app\b|reader|plugin|setup",
    re.IGNORECASE,
)
_NO_TABLE = re.compile(
    r"(?:^|[^a-z])(?:40[0-9]|50[0-9]|err(?:or)?|weihu|maint\w*|repair|upgrade|login|captcha|yzm|vcode|verify\w*|no_?data|nodata|empty|none|"
    r"building|jianshe|loading|default|banner\w*|avatar|ewm|qr|wait\w*|sorry|not_?found|home\w*|ad\d*)(?:[^a-z]|$)|维护|验证码|二维码|登录",
    re.IGNORECASE,
)


def _has_document_in_its_place(article: Article) -> bool:
    """Whether a document or table picture stands where the text would, read or not; a list of other reports does not."""
    documents = [one for one in article.attachments if not _OTHER_DOCUMENT.search(one.name)]
    if len({name for one in documents if is_report_title(name := without_suffix(one.name))}) > 2:
        return False
    pictures = [one for one in article.images if not _NO_TABLE.search(_stem(one)) and not _NO_TABLE.search(one.name)]
    if sum(map(len, article.paragraphs)) < _LITTLE_TEXT:
        return bool(documents or pictures or article.data_images)
    return any(_NAMES_TABLES.search(one.name) for one in (*documents, *pictures))


def _stem(one: Attachment) -> str:
    return one.url.rpartition("/")[2]
