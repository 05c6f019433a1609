"""Every word that the reading room shows for a value of the archive, in both languages: (Chinese, English).

Words of a closed vocabulary are keyed by its members (archive/vocabulary.py); labels of rows and columns, and the
identities within one table, come from archive/forms/labels.json.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from archive.forms import LABELS, names
from archive.room.labels_english import ENGLISH, RESULTS
from archive.vocabulary import (
    BodyKind,
    CertificateState,
    Counting,
    Fate,
    Form,
    Level,
    Origin,
    Outcome,
    PartName,
    PartState,
    ProblemKind,
    ReportScope,
    ReportState,
    RunKind,
    Severity,
    Stage,
    Standing,
    TableState,
    ValueState,
    Verdict,
)

Bilingual = tuple[str, str]
"""The same in Chinese and in English."""
NOT_STATED = "-"
"""Stands in an address for the value of reports that do not state it: no year, no level …"""

LEVELS: dict[Level, Bilingual] = {
    Level.NATIONAL: ("国家级", "national"),
    Level.PROVINCE: ("省级", "province"),
    Level.PREFECTURE: ("地市级", "prefecture"),
    Level.COUNTY: ("县级", "county"),
    Level.TOWNSHIP: ("乡级", "township"),
}
BODY_KINDS: dict[BodyKind, Bilingual] = {
    BodyKind.GOVERNMENT: ("人民政府", "government"),
    BodyKind.GENERAL_OFFICE: ("政府办公厅（室）", "general office"),
    BodyKind.DEPARTMENT: ("政府部门", "department"),
    BodyKind.SUBDISTRICT_TOWNSHIP: ("街道、乡镇", "township or subdistrict"),
    BodyKind.FUNCTIONAL_ZONE_COMMITTEE: ("功能区管理委员会", "functional zone committee"),
    BodyKind.INSTITUTION: ("事业单位", "public institution"),
}
SCOPES: dict[ReportScope, Bilingual] = {
    ReportScope.WHOLE_AREA: ("本级政府及其部门汇总", "the government with its departments"),
    ReportScope.BODY_ONLY: ("仅本机关", "this body alone"),
    ReportScope.UNKNOWN: ("未载明", "not known"),
}
FORMS: dict[Form, Bilingual] = {
    Form.NARRATIVE: ("纯文字报告", "prose only"),
    Form.ANNEX_2014: ("2014年统计表", "statistics annex of 2014"),
    Form.ANNEX_FUJIAN_2009: ("福建省2009年统计表", "Fujian annex of 2009"),
    Form.ANNEX_FUJIAN_2014: ("福建省2014年统计表", "Fujian annex of 2014"),
    Form.ANNEX_DINGXI_2010: ("定西市2010年统计表", "Dingxi annex of 2010"),
    Form.NATIONAL_2019: ("2019年全国统一格式", "national form of 2019"),
    Form.NATIONAL_2021: ("2021年全国统一格式", "national form of 2021"),
}
SOURCES: dict[str, Bilingual] = {
    "Tongjian": ("通鉴", "Tongjian"),
    "福建省 政府信息公开情况统计表, before 2014": (
        "福建省 政府信息公开情况统计表（2014年以前）",
        "福建省 政府信息公开情况统计表, before 2014",
    ),
}
"""Documents of forms that labels.json names with words of ours."""
FORMULAS: dict[str, Bilingual] = {
    "in_force(Y) = in_force(Y-1) + issued(Y) - abolished(Y)": (
        "现行有效(Y) = 现行有效(Y-1) + 制发(Y) - 废止(Y)",
        "in_force(Y) = in_force(Y-1) + issued(Y) - abolished(Y)",
    ),
    "number in the prose of 一(二) or 三 = number in the table": (
        "正文一（二）或三所述数字 = 表中数字",
        "number in the prose of 一(二) or 三 = number in the table",
    ),
    "figure in the page = figure in the document beside it": (
        "网页中的数字 = 所附文档中的数字",
        "figure in the page = figure in the document beside it",
    ),
    "total_disclosed >= newly_disclosed; every count >= 0 except items_change": (
        "total_disclosed >= newly_disclosed；除 items_change 外各数 >= 0",
        "total_disclosed >= newly_disclosed; every count >= 0 except items_change",
    ),
}
"""Formulas of labels.json that are words."""
REPORT_STATES: dict[ReportState, Bilingual] = {
    ReportState.LIVE: ("在线", "online"),
    ReportState.MISSING: ("暂未找到", "missing"),
    ReportState.REMOVED: ("已撤下", "removed"),
    ReportState.RETURNED: ("撤下后恢复", "back online"),
}
VERDICTS: dict[Verdict, Bilingual] = {
    Verdict.HOLDS: ("勾稽相符", "identities hold"),
    Verdict.FAILS: ("勾稽不符", "identities fail"),
    Verdict.NOT_ASSESSABLE: ("无法核对", "not assessable"),
}
SEVERITIES: dict[Severity, Bilingual] = {
    Severity.SUSPECT_PARSER: ("疑为本系统识读有误", "probably our reading"),
    Severity.SUSPECT_SOURCE: ("疑为原文有误", "probably an error in the report"),
    Severity.WARNING: ("原因不明", "cause not known"),
}
ORIGINS: dict[Origin, Bilingual] = {
    Origin.HTML: ("网页表格", "table on the page"),
    Origin.DOCX: ("Word文档", "Word document"),
    Origin.XLSX: ("Excel工作簿", "Excel workbook"),
    Origin.PDF: ("PDF文档", "PDF document"),
    Origin.IMAGE: ("图片", "picture"),
    Origin.NARRATIVE: ("正文表述", "prose"),
}
STANDINGS: dict[Standing, Bilingual] = {
    Standing.VERIFIED: ("已核验", "verified"),
    Standing.INCONSISTENT: ("照录原文，勾稽不符", "as published, does not add up"),
    Standing.UNVERIFIED: ("未经核验", "not verified"),
    Standing.INCOMPLETE: ("不完整", "incomplete"),
    Standing.BLANK: ("空表，未填数字", "blank, no figure in it"),
    Standing.UNREAD: ("未采用", "not used"),
}
TABLE_STATES: dict[TableState, Bilingual] = {
    TableState.VERIFIED: ("勾稽相符", "its identities hold"),
    TableState.FAILS: ("勾稽不符", "an identity fails"),
    TableState.UNCHECKED: ("无法核对", "no identity could be assessed"),
    TableState.PROSE: ("数字取自正文", "the figures come from the prose"),
}
VALUE_STATES: dict[ValueState, Bilingual] = {
    ValueState.NUMBER: ("数字", "a number"),
    ValueState.BLANK: ("空白", "blank"),
    ValueState.SLASH: ("斜线“/”", "a slash"),
    ValueState.DASH: ("横线“-”", "a dash"),
    ValueState.TEXT: ("文字", "words"),
    ValueState.WITH_NOTE: ("数字并附说明", "a number with words beside it"),
}
COUNTINGS: dict[Counting, Bilingual] = {
    Counting.COUNTED: ("计入合计", "counted"),
    Counting.AGAIN: ("重复报告，不计入", "there again, not counted"),
    Counting.WITHIN: ("已含于汇总报告，不计入", "within a report on a whole area, not counted again"),
    Counting.APART: ("统计范围不明，单列", "apart, as it is not known what they cover"),
}
RUN_KINDS: dict[RunKind, Bilingual] = {
    RunKind.CRAWL: ("采集", "crawl"),
    RunKind.IMPORT: ("导入", "import"),
    RunKind.REPARSE: ("重新识读", "reparse"),
}
PART_NAMES: dict[PartName, Bilingual] = {
    PartName.TITLE: ("标题", "title"),
    PartName.ISSUING_BODY: ("发布机关", "issuing body"),
    PartName.YEAR: ("报告年度", "report year"),
    PartName.DATE: ("发布日期", "date of publication"),
    PartName.TEXT: ("正文", "text"),
    PartName.TABLE_TWO: ("表二", "table two"),
    PartName.TABLE_THREE: ("表三", "table three"),
    PartName.TABLE_FOUR: ("表四", "table four"),
    PartName.DOCUMENT: ("附件文档", "document"),
    PartName.PICTURE: ("图片", "picture"),
    PartName.NEXT_PAGE: ("续页或框架页", "next page or frame"),
}
PART_STATES: dict[PartState, Bilingual] = {
    PartState.READ: ("已识读", "read"),
    PartState.ELSEWHERE: ("在附件文档中识读", "read in a document"),
    PartState.UNREAD: ("未识读", "not read"),
    PartState.NOT_IN_SOURCE: ("原文没有", "not in the publication"),
    PartState.DOUBTFUL: ("存疑", "doubtful"),
}
STAGES: dict[Stage, Bilingual] = {
    Stage.LISTING: ("列表页", "listing"),
    Stage.FETCH: ("抓取", "fetch"),
    Stage.READ: ("识读", "read"),
    Stage.STORE: ("入库", "store"),
    Stage.IMPORT: ("导入", "import"),
}
OUTCOMES: dict[Outcome, Bilingual] = {
    Outcome.OK: ("正常", "OK"),
    Outcome.UNCHANGED: ("内容未变", "unchanged"),
    Outcome.REDIRECT: ("跳转", "redirect"),
    Outcome.MISSING: ("页面不存在", "missing"),
    Outcome.BLOCKED: ("访问被拒", "blocked"),
    Outcome.ERROR: ("访问出错", "error"),
}
CERTIFICATE_STATES: dict[CertificateState, Bilingual] = {
    CertificateState.VALID: ("有效", "valid"),
    CertificateState.SELF_SIGNED: ("自签名", "self-signed"),
    CertificateState.UNKNOWN_ISSUER: ("签发机构无法确认", "issuer not known"),
    CertificateState.EXPIRED: ("已过期", "expired"),
    CertificateState.NOT_YET_VALID: ("尚未生效", "not valid yet"),
    CertificateState.WRONG_HOST: ("与域名不符", "of another host"),
    CertificateState.WEAK: ("密钥或签名算法强度不足", "weak key or signature"),
    CertificateState.NOT_VERIFIED: ("未通过验证", "not verified"),
}
PROBLEMS_CHINESE: dict[ProblemKind, tuple[str, str]] = {
    ProblemKind.LISTING_EMPTY: (
        "列表页没有条目。",
        "请用浏览器打开该列表页；如栏目已迁移或页面结构有变，请修改网站文件。",
    ),
    ProblemKind.LISTING_ENDLESS: ("列表页数超出正常范围。", "请核对网址中的页码参数是否失效。"),
    ProblemKind.LISTING_FAILED: (
        "列表的某一页抓取失败，其后的条目未知。",
        "请重新抓取；如仍失败，请用浏览器打开该页。",
    ),
    ProblemKind.LISTING_REPEATS: ("列表的某一页与前面各页条目相同。", "请核对该列表的翻页方式。"),
    ProblemKind.LISTING_SHORT: (
        "列表条目数与网站公布的总数不符。",
        "请重新抓取；如仍不符，请对照已存档的列表页。",
    ),
    ProblemKind.LISTING_SHRINKS: ("翻页过程中，网站公布的条目总数减少。", "抓取期间列表有变动，请重新抓取。"),
    ProblemKind.LISTING_STUB: ("上一页显示后面还有条目，而本页为空。", "请重新抓取；如仍为空，请核对网站的翻页方式。"),
    ProblemKind.LISTING_UNDATED: ("列表条目没有日期。", "请核对列表页结构是否有变。"),
    ProblemKind.LISTING_UNREADABLE: ("列表的某一页无法识读。", "请查看具体说明；可能需要修改平台程序。"),
    ProblemKind.LISTING_BELOW_ARCHIVE: (
        "列表中的报告比以往减少。",
        "请核对网站是否撤下了报告，或列表未抓取完整。",
    ),
    ProblemKind.MENU_FAILED: ("栏目导航页抓取失败，可能漏掉新年度的栏目。", "请重新抓取。"),
    ProblemKind.MISSING: ("网站上已没有该文件。", "无需处理。"),
    ProblemKind.BLOCKED: ("网站拒绝访问或要求验证。", "请稍后放慢速度重新抓取；本系统不破解验证。"),
    ProblemKind.ERROR: ("访问失败。", "请重新抓取。"),
    ProblemKind.TOO_LARGE: (
        "返回内容超过 DOWNLOAD_MAXSIZE 的限制，或导入文件中的内容解压后超过 64 MiB。",
        "如确为报告，请调高 DOWNLOAD_MAXSIZE。",
    ),
    ProblemKind.HOST_REFUSES: (
        "服务器连续拒绝访问，本次抓取不再访问该服务器。",
        "请稍后重新抓取；如持续如此，请联系网站管理单位。",
    ),
    ProblemKind.HOST_FAILS: (
        "服务器连续多次访问失败，本次抓取不再访问该服务器。",
        "请稍后重新抓取；如持续如此，请用浏览器打开该网站。",
    ),
    ProblemKind.HOST_BUSY: (
        "服务器要求等待的时间超过 LONGEST_PAUSE，本次抓取不再访问该服务器。",
        "请稍后重新抓取，或调高 LONGEST_PAUSE。",
    ),
    ProblemKind.ROBOTS_UNREACHABLE: (
        "robots.txt 无法访问，本次抓取不访问该服务器（RFC 9309）。",
        "请稍后重新抓取；如持续如此，请用浏览器打开该服务器的 robots.txt。",
    ),
    ProblemKind.ROBOTS_FORBIDS: ("robots.txt 不允许抓取该网址。", "无需处理。"),
    ProblemKind.OFF_SITE: (
        "该网址不属于本网站登记的域名。",
        "如确为该网站所有，请在网站文件的 `hosts` 中登记。",
    ),
    ProblemKind.ADDRESS_TOO_LONG: ("网址过长。", "请用浏览器打开该网址。"),
    ProblemKind.UNSAFE_SCHEME: ("该地址不是网页地址。", "无需处理。"),
    ProblemKind.PRIVATE_ADDRESS: ("该地址指向本机或内部网络。", "请核对域名，可能已被劫持。"),
    ProblemKind.NOT_CAPTURED: ("离线抓取所需的内容未曾存档。", "请联网抓取。"),
    ProblemKind.WINDOW_CLOSED: ("已超出 CRAWL_WINDOW 规定的时段。", "下次抓取从此处继续。"),
    ProblemKind.REQUESTS_SPENT: ("REQUESTS_PER_RUN 规定的请求次数已用完。", "下次抓取从此处继续。"),
    ProblemKind.ENDED_EARLY: ("抓取未完成即结束。", "请重新抓取。"),
    ProblemKind.CLOCK: (
        "本机时钟早于存档中已有的记录。",
        "请校准时钟；如系此前抓取时时钟偏快所致，请予确认，相关记录的时间保持不变。",
    ),
    ProblemKind.NOT_A_REPORT: ("列表中的页面不像年度报告。", "请打开查看；如确为年度报告，请加入测试样本。"),
    ProblemKind.CONTRADICTS_LISTING: (
        "页面的年度或发布机关与列表所示不一致。",
        "请用浏览器打开该条目；如网站返回了其他页面，请稍后重新抓取。",
    ),
    ProblemKind.UNSURE: ("某一数值无法确定，未予采用。", "请将网页与报告对照。"),
    ProblemKind.NO_YEAR: ("无法确定报告年度。", "请打开网页查看。"),
    ProblemKind.NO_TITLE: ("网页没有标题。", "请打开网页查看。"),
    ProblemKind.NO_TABLES: ("按规定格式应有表三，而正文中没有。", "请查看表三是否在图片或附件中。"),
    ProblemKind.NO_TEXT: (
        "报告没有可识读的正文，也没有附件说明原因。",
        "请用浏览器打开网页；如有正文，请将该网页加入测试样本并修改程序。",
    ),
    ProblemKind.INCOMPLETE_REPORT: (
        "2019年以后的报告缺少规定格式的表格，且网页未说明原因。",
        "请打开网页查看；如表格就在网页中，请将该网页加入测试样本并修改程序。",
    ),
    ProblemKind.REHOSTED: ("网页自称属于另一网站。", "无需处理。"),
    ProblemKind.INCOMPLETE: ("文章的后续页未存档。", "请重新抓取。"),
    ProblemKind.UNREADABLE: ("网页完全无法识读。", "请打开存档的网页。"),
    ProblemKind.READ_FAILED: ("识读程序在该网页上出错。", "请将该网页加入测试样本并修改程序。"),
    ProblemKind.SPIDER_ERROR: ("遍历列表时程序出错。", "请修改平台程序或网站文件。"),
    ProblemKind.LISTED_UNREAD: (
        "列表所列的报告文档，已安装的识读组件均无法识读。",
        "请按说明安装识读组件，再运行 scrapy reparse --new。",
    ),
    ProblemKind.NOT_READ_HERE: (
        "识读网页或文件的进程被终止或无法启动，可能是本机内存不足。",
        "请释放内存和磁盘空间后运行 scrapy reparse --new。",
    ),
    ProblemKind.UNREAD: ("文件完好，但未安装可以识读它的程序。", "请安装说明中指明的程序。"),
    ProblemKind.DAMAGED: ("文件已损坏。", "请打开存档的文件。"),
    ProblemKind.ENCRYPTED: ("文件已加密。", "无需处理。"),
    ProblemKind.OVERSIZED: ("文件过大，超出识读上限。", "请打开存档的文件。"),
    ProblemKind.TIMED_OUT: ("文件识读超时。", "请打开存档的文件。"),
    ProblemKind.DOCUMENT_REPLACED: (
        "原附件文档的网址现返回网页；以此前存档的文档为准。",
        "请用浏览器打开该网址核对；如文档已移至别处，下次抓取会按网页上的链接找到。",
    ),
    ProblemKind.MACROS: ("文件含有宏，宏未运行。", "无需处理。"),
    ProblemKind.DAMAGED_FILE: ("待导入的文件已损坏。", "请重新获取；损坏处之前的内容已存档。"),
    ProblemKind.BAD_RECORD: (
        "待导入文件中的一条记录与其所称不符，未予收录。",
        "请向文件制作方核实；如需该记录，请重新获取文件后再次导入。",
    ),
    ProblemKind.NEVER_CRAWLED: ("该网站从未抓取。", "请进行抓取。"),
    ProblemKind.PARTS_MISSING: (
        "报告所附的文档或图片未能取得。",
        "请重新抓取，只会请求缺少的部分；如多次出现，请用浏览器打开这些文档。",
    ),
    ProblemKind.NO_REPORT: (
        "列表中的报告条目没有读出报告：打开的是其他页面、被拒绝访问或访问失败。",
        "请打开该网址；如能看到报告，请重新抓取；如不会再有，请予以确认（scrapy problems）。",
    ),
    ProblemKind.LISTING_UNREAD: (
        "列表中半数以上的报告无法识读。",
        "请用浏览器打开其中一份；如网站已恢复，请重新抓取，否则请修改识读程序。",
    ),
    ProblemKind.ENTRIES_PENDING: (
        "抓取结束时，列表中仍有报告尚未请求。",
        "请重新抓取；如仍如此，请查看抓取日志。",
    ),
    ProblemKind.UNACCOUNTED: (
        "有条目去向不明：列表条目数与各去向之和不符。",
        "这是程序错误。请保留档案并反馈该说明。",
    ),
    ProblemKind.RUN_CUT_OFF: ("上次抓取被强行终止，或计算机停机。", "请重新抓取。"),
    ProblemKind.RUN_FAILED: ("上次抓取未完成即结束。", "请重新抓取。"),
    ProblemKind.NOT_CRAWLED_LATELY: ("距上次完整抓取时间过长。", "请设置定期抓取。"),
    ProblemKind.ENTRIES_UNREAD: ("存档中有尚未识读的网页，各条目去向不明。", "请运行 scrapy reparse --new。"),
    ProblemKind.NO_ENTRIES: ("上次抓取没有发现条目。", "请用浏览器打开该网站的列表页。"),
    ProblemKind.FEWER_ENTRIES_THAN_REPORTS: (
        "上次抓取发现的条目少于已存档的报告。",
        "请核对列表是否抓取完整。",
    ),
}
"""Meaning and remedy of each kind of problem; the English is `meaning` and `remedy` of the member itself."""
PROBLEM_MEANINGS: dict[ProblemKind, Bilingual] = {
    kind: (meaning, kind.meaning) for kind, (meaning, _) in PROBLEMS_CHINESE.items()
}
PROBLEM_REMEDIES: dict[ProblemKind, Bilingual] = {
    kind: (remedy, kind.remedy) for kind, (_, remedy) in PROBLEMS_CHINESE.items()
}
TABLES: dict[int, Bilingual] = {
    1: ("政府信息公开情况统计表", "Statistics annex (before 2019)"),
    2: ("二、主动公开政府信息情况", "Table two: information disclosed proactively"),
    3: ("三、收到和处理政府信息公开申请情况", "Table three: applications received and processed"),
    4: ("四、政府信息公开行政复议、行政诉讼情况", "Table four: administrative reviews and suits"),
}
FATES: dict[Fate, Bilingual] = {
    Fate.REPORT: ("已存档为报告", "archived as a report"),
    Fate.COPY: ("重复条目", "same report as another entry"),
    Fate.NOT_A_REPORT: ("不是年度报告", "not an annual report"),
    Fate.CAPTURED: ("已抓取，尚未识读", "captured, not read yet"),
    Fate.MISSING: ("暂未找到", "not found on the portal"),
    Fate.REMOVED: ("已撤下", "removed from the portal"),
    Fate.BLOCKED: ("被拒绝访问", "refused"),
    Fate.ERROR: ("抓取失败", "failed"),
    Fate.OFF_SITE: ("站外网址", "on another site"),
    Fate.UNREADABLE: ("无法识读", "cannot be read"),
    Fate.WITHHELD: ("已存档，不公开", "archived, withheld"),
    Fate.NOT_ASKED: ("不在本次抓取范围内", "left out by the crawl's limits"),
    Fate.PENDING: ("尚未抓取", "not asked for yet"),
}
FATE_REMEDIES: dict[Fate, Bilingual] = {
    fate: (chinese, fate.remedy)
    for fate, chinese in {
        Fate.REPORT: "无需处理。",
        Fate.COPY: "无需处理。",
        Fate.NOT_A_REPORT: "请打开该网址核对。如确为报告，请重新抓取；如识读有误，请将该页存为测试样例（scrapy fixture）。",
        Fate.CAPTURED: "请运行 scrapy reparse --new。",
        Fate.MISSING: "无需处理，每次抓取均会重新访问。",
        Fate.REMOVED: "无需处理。",
        Fate.BLOCKED: "请稍后重新抓取。如仍被拒绝，请联系网站管理方。",
        Fate.ERROR: "请重新抓取。如仍失败，请用浏览器打开该网址核对。",
        Fate.OFF_SITE: "如该主机属于本网站，请将其加入网站文件的 hosts。",
        Fate.UNREADABLE: "请按原因所述安装识读组件，再运行 scrapy reparse --new。",
        Fate.WITHHELD: "原因见说明。如需恢复公开，请运行 scrapy withhold --lift。",
        Fate.NOT_ASKED: "请取消限制后重新抓取。",
        Fate.PENDING: "请再次抓取，抓取将从中断处继续。",
    }.items()
}
FACETS: dict[str, Bilingual] = {
    "portal": ("网站", "Portal"),
    "year": ("年度", "Year"),
    "level": ("层级", "Level"),
    "kind": ("机关类型", "Kind of body"),
    "form": ("报告格式", "Form"),
    "verdict": ("勾稽核对", "Checks"),
}
ANSWER_COLUMNS: dict[str, Bilingual] = {
    "report_id": ("报告", "Report"),
    "previous_report_id": ("上年报告", "Last year's report"),
    "issuing_body": ("发布机关", "Issuing body"),
    "report_year": ("年度", "Year"),
    "numerator": ("分子", "Numerator"),
    "denominator": ("分母", "Denominator"),
    "share": ("比例", "Share"),
    "verified": ("已核对", "Verified"),
    "reason": ("理由", "Reason"),
    "label": ("表中名称", "Label on the form"),
    "refusals": ("件数", "Refusals"),
    "reports": ("报告数", "Reports"),
    "body_kind": ("机关类型", "Kind of body"),
    "published": ("发布日期", "Published"),
    "deadline": ("法定期限", "Deadline"),
    "days_late": ("逾期天数", "Days late"),
    "years_here": ("已存档年度数", "Years archived"),
    "portals": ("网站", "Portals"),
    "identity": ("勾稽关系", "Identity"),
    "scope": ("位置", "Where"),
    "expected": ("一处为", "One statement"),
    "actual": ("另一处为", "The other"),
    "severity": ("判断", "Most likely"),
    "carried_out_previous_year": ("上年报告：结转下年度继续办理", "Carried over, by last year's report"),
    "carried_in": ("本年报告：上年结转", "Carried over, by this year's report"),
    "difference": ("差额", "Difference"),
    "evidence": ("依据", "What shows it"),
}
"""Columns of the answers to questions."""
ABSENCES: dict[str, Bilingual] = {
    "not_due": ("尚未到期", "not due yet"),
    "blocked": ("列表中有，网站拒绝访问", "listed; the portal refused it"),
    "removed": ("列表中有，网站已撤下或找不到", "listed; the portal has removed it or cannot find it"),
    "withheld": ("已存档，不公开", "archived, withheld"),
    "listed_not_fetched": ("列表中有，本档案尚未取得或未能识读", "listed; not fetched or not readable here"),
    "renamed": ("机关可能已更名或合并，见", "the body may have been renamed or merged, see"),
    "not_crawled": ("网站从未抓取", "the portal was never crawled"),
    "not_crawled_since": ("期限之后未再抓取该网站", "the portal was not crawled since the deadline"),
    "not_walked": ("网站列表未能全部读取", "the portal was not walked to its end"),
    "not_known": ("本室未提供抓取记录，无法判断", "not known: records of crawls are not served here"),
    "not_listed": (
        "期限后读完网站列表，未见该年度报告",
        "not listed: the portal was walked to its end after the deadline",
    ),
}
"""Why a body has no report for a year (archive/room/absences.py)."""
REPORT_FIELDS: dict[str, Bilingual] = {
    "title": ("标题", "Title"),
    "issuing_body": ("发布机关", "Issuing body"),
    "co_issuing_body": ("联合发布机关", "Jointly with"),
    "division_code": ("行政区划代码", "Division code"),
    "division": ("行政区划", "Division"),
    "level": ("层级", "Level"),
    "body_kind": ("机关类型", "Kind of body"),
    "report_scope": ("统计范围", "Scope"),
    "report_scope_witness": ("统计范围依据", "Basis of the scope"),
    "report_year": ("年度", "Report year"),
    "published": ("发布日期", "Published"),
    "source": ("来源", "Source"),
    "form": ("报告格式", "Form"),
    "index_number": ("索引号", "Index number"),
    "document_number": ("文号", "Document number"),
    "site_id_code": ("网站标识码", "Site code"),
}
"""Facts of a report that may differ between its versions."""
VALUES: dict[str, Mapping[Any, Bilingual]] = {
    "level": LEVELS,
    "kind": BODY_KINDS,
    "known": {
        "reported": ("已有报告", "with a report here"),
        "listed_only": ("仅列出，本档案无其报告", "listed only, no report here"),
    },
    "report_scope": SCOPES,
    "form": FORMS,
    "verdict": VERDICTS,
    "state": REPORT_STATES,
    "severity": SEVERITIES,
    "origin": ORIGINS,
    "standing": STANDINGS,
    "table_state": TABLE_STATES,
    "absence": ABSENCES,
    "value_state": VALUE_STATES,
    "counting": COUNTINGS,
    "run_kind": RUN_KINDS,
    "part": PART_NAMES,
    "part_state": PART_STATES,
    "stage": STAGES,
    "outcome": OUTCOMES,
    "certificate": CERTIFICATE_STATES,
    "fate": FATES,
    "fate_remedy": FATE_REMEDIES,
    "report_field": REPORT_FIELDS,
    "problem": PROBLEM_MEANINGS,
    "remedy": PROBLEM_REMEDIES,
}
"""Field → value → words."""


# Rows and columns of the forms

_ORDINAL = re.compile(r"^(?:[一二三四五六七八九十]+、|（[一二三四五六七八九十]+）|\d+[.、])")
_ASIDE = re.compile(r"（.*?）")
_NATIONAL: dict[str, Any] = LABELS["forms"][Form.NATIONAL_2021]["tables"]
_BLOCKS = {"review": "行政复议", "suit_direct": "未经复议直接起诉", "suit_after_review": "复议后起诉"}
_RESULTS: dict[str, str] = {
    column["name"].removeprefix("review_"): column["label"]
    for column in _NATIONAL["4"]["columns"]
    if column["name"].startswith("review_")
}


def _bare(printed: str) -> str:
    """A printed label without its ordinal and without what is in brackets."""
    return _ASIDE.sub("", _ORDINAL.sub("", printed))


def _chinese() -> dict[str, str]:
    """Name of a row or column → its label as the newest form that has it prints it."""
    found: dict[str, str] = {}
    for form in reversed(LABELS["forms"].values()):
        for table in form["tables"].values():
            for part in (*table["rows"], *table["columns"]):
                if part["label"]:
                    path = part["group"][1:] if isinstance(part["group"], list) and len(part["group"]) > 1 else []
                    found[part["name"]] = " ".join([*path, part["label"]])
    found |= {f"{b}_{r}": f"{block}{result}" for b, block in _BLOCKS.items() for r, result in _RESULTS.items()}
    groups = {group["code"]: group["label"] for group in _NATIONAL["3"]["groups"]}
    found |= {name: _bare(groups[code]) for name, code in LABELS["derived"]["rows"].items()}
    return (
        found
        | _BLOCKS
        | {
            names.ORGANISATIONS_TOTAL: "法人或其他组织",
            names.SUIT_TOTAL: "行政诉讼",
            names.CASES: "案件",
        }
    )


def _english() -> dict[str, str]:
    """Name of a row or column → English."""
    results = {
        f"{block}_{result}": f"{ENGLISH[block]}: {word[:1].lower()}{word[1:]}"
        for block in _BLOCKS
        for result, word in RESULTS.items()
    }
    return ENGLISH | results


_CHINESE, _ENGLISH = _chinese(), _english()


def label_of(name: str) -> Bilingual:
    """A row, a column, or `row.column`, in words; a name that no form has stays as it is.

    >>> label_of("granted.total")
    ('（一）予以公开 · 总计', 'Granted, total')
    """
    if name.startswith(names.OTHER_ROW) and "." not in name:
        label = name.removeprefix(names.OTHER_ROW)
        return label, label
    if "." in name:
        row, _, column = name.partition(".")
        (row_zh, row_en), (column_zh, column_en) = label_of(row), label_of(column)
        return f"{row_zh} · {column_zh}", f"{row_en}, {column_en[:1].lower()}{column_en[1:]}"
    return _CHINESE.get(name, name), _ENGLISH.get(name, name)


# Identities


def _terms(codes: Iterable[str]) -> Bilingual:
    """A sum over rows of table three, by their codes; rows of one group (3.3.1, 3.3.2 …) are named by it, once."""
    table = _NATIONAL["3"]
    parts = {part["code"]: part for part in (*table["rows"], *table["groups"])}
    terms = dict.fromkeys(".".join(code.split(".")[:2]) for code in codes)
    found = [(_bare(parts[code]["label"]), _ENGLISH[parts[code]["name"]]) for code in terms]
    return " + ".join(zh for zh, _ in found), " + ".join(en for _, en in found)


def _columns(columns: Iterable[str]) -> Bilingual:
    """A sum over columns of table three, by name."""
    labels = {column["name"]: column["label"] for column in _NATIONAL["3"]["columns"]}
    columns = list(columns)
    return " + ".join(labels[name] for name in columns), " + ".join(_ENGLISH[name] for name in columns)


def _results(columns: Iterable[str]) -> Bilingual:
    """A sum over the results of a block of table four, by names like `{b}_total`."""
    ends = [name.removeprefix("{b}_") for name in columns]
    return " + ".join(_RESULTS[end] for end in ends), " + ".join(RESULTS[end] for end in ends)


def _identities() -> dict[str, Bilingual]:
    """The identities within table three or four, as labels.json states them."""
    stated = {identity["id"]: identity for identity in LABELS["identities"]}
    found: dict[str, Bilingual] = {}
    for name, sum_of, over in (
        (names.FLOW, _terms, ("每列：", "Each column: ")),
        (names.OUTCOME_SUM, _terms, ("每列：", "Each column: ")),
        (names.APPLICANT_SUM, _columns, ("每行：", "Each row: ")),
        (names.RESULT_SUM, _results, ("", "")),
    ):
        right = stated[name]["rhs"]
        sides = sum_of(stated[name]["lhs"]), sum_of(right[Form.NATIONAL_2021] if isinstance(right, dict) else right)
        zh, en = (f"{over[i]}{sides[0][i]} = {sides[1][i]}" for i in (0, 1))
        found[name] = zh, en
    return found


IDENTITIES: dict[str, Bilingual] = _identities() | {
    names.CARRIED_OVER: ("本年“上年结转” = 上年报告“结转下年度继续办理”", "Carried over from last year = what last year's report carries over"),
    names.IN_FORCE_OVER_YEARS: ("现行有效件数 = 上年现行有效件数 + 本年制发件数 − 本年废止件数", "In force = in force last year + issued − abolished"),
    names.ITEMS_OVER_YEARS: (
        "上一年项目数量 = 上年报告的上一年项目数量 + 上年报告的本年增/减",
        "Items last year = items last year by last year's report + its change",
    ),
    names.SANITY: ("对外公开总数量 ≥ 本年新公开数量；各项数量不为负", "Disclosed in total ≥ disclosed this year; no count is negative"),
    names.PROSE_AGREES: ("正文所述数字 = 表中数字", "Number in the prose = number in the table"),
    names.SOURCES_AGREE: ("同一表格两处来源的同一单元格数字相同", "A cell is the same in both sources of its table"),
}  # fmt: skip
"""Id of an identity → what it states."""
STATEMENTS: dict[str, tuple[Bilingual, Bilingual]] = {
    names.FLOW: (
        ("第一项与第二项之和", "rows 1 and 2 together"),
        ("第三项总计与第四项之和", "rows 3.7 and 4 together"),
    ),
    names.OUTCOME_SUM: (("各项办理结果之和", "outcomes together"), ("（七）总计", "row 3.7")),
    names.APPLICANT_SUM: (("各类申请人之和", "kinds of applicants together"), ("总计", "total")),
    names.RESULT_SUM: (("各项结果之和", "results together"), ("总计", "total")),
    names.CARRIED_OVER: (("上年报告", "last year's report"), ("本年报告", "this report")),
    names.IN_FORCE_OVER_YEARS: (("由上年报告推算", "from last year's report"), ("本年报告", "this report")),
    names.ITEMS_OVER_YEARS: (("由上年报告推算", "from last year's report"), ("本年报告", "this report")),
    names.SANITY: (("不少于", "at least"), ("原文", "printed")),
    names.PROSE_AGREES: (("表中", "table"), ("正文", "prose")),
    names.SOURCES_AGREE: (("采用的来源", "the source that is used"), ("另一来源", "the other source")),
}
"""Id of an identity → whose figures are compared: that of `checks.expected`, and that of `checks.actual`."""

MESSAGES: dict[str, tuple[Bilingual, Bilingual]] = {
    "missing": (
        ("页面不存在", "Page not found"),
        ("本档案中没有您要查看的内容。", "The archive has nothing at this address."),
    ),
    "no_font": (
        ("没有图片", "No picture here"),
        (
            "本服务器没有中文字体，不能绘制PNG图片；请改用SVG。",
            "This server has no Chinese font and can draw no PNG; take the SVG.",
        ),
    ),
    "busy": (
        ("查询超时", "The query took too long"),
        (
            "请缩小范围（选择年度或网站，或使用更长的检索词），或稍后再试。",
            "Narrow it down (choose a year or a portal, or search for a longer string), or try again later.",
        ),
    ),
    "bad": (
        ("请求有误", "Something in the address is wrong"),
        (
            "网址中的参数或查询语句有误，请改正后再试：",
            "A parameter of the address or a query is wrong; correct it and try again:",
        ),
    ),
    "too_many": (
        ("请求有误", "Something in the address is wrong"),
        ("网址中的参数过多，多于任何页面所需。", "The address has more parameters than any page takes."),
    ),
    "only_reading": (
        ("不接受该请求", "Not accepted"),
        ("本阅览室只供读取，不接受写入。", "This room is for reading: nothing can be sent to it."),
    ),
    "forbidden": (("不予显示", "Not shown"), ("该内容不对外提供。", "This is not open to visitors.")),
    "withheld": (
        ("该内容不公开", "This is withheld"),
        (
            "该内容已存档，但不对外公开。日期和原因如下。",
            "This is archived, and not shown. Since when and why:",
        ),
    ),
    "damaged": (
        ("存档内容已损坏", "The stored page is damaged"),
        ("内容与校验值不符，不予显示。", "It does not match its hash and is not shown."),
    ),
    "failed": (
        ("服务器出错", "The server failed"),
        (
            "未能生成该页面，错误已记入服务器日志。",
            "The page could not be made. The fault is in the server's log.",
        ),
    ),
}
"""What is the matter → its title and a sentence that says what to do."""

_CAUSES: tuple[tuple[str, str], ...] = (
    ("not captured", "尚未存档"),
    ("what the portal sends is no document", "网站返回的不是文件"),
    ("a next page is missing", "缺少续页"),
    (r"headings of (\d+) of the form's six sections were found", r"六个部分中只找到\1个标题"),
    (r"no (.+) was found", "未找到"),
    (r"neither page, metas nor listing gives a date; (.*)", r"页面和列表均未注明日期（\1）"),
    ("neither page, metas, listing, signature nor address gives a date", "页面、列表、落款和网址均未注明日期"),
    ("the pages are pictures, of which only tables are read", "页面为图片，只识读其中的表格"),
    ("the page shows pictures, of which only tables are read", "页面为图片，只识读其中的表格"),
    ("neither the page nor its documents hold text beside the tables", "页面和附件中除表格外没有文字"),
    ("the text is only the title", "正文只有标题"),
    ("the page has no text", "页面没有文字"),
    (r"none of its frames alone holds an article: .*", "各框架页中均没有完整正文"),
    ("a script writes the text, which the page does not hold as a whole", "正文由脚本生成，页面中没有完整文字"),
    (r"the page shows pictures that are part of it and have no address: (\d+)", r"页面内嵌图片\1幅，没有独立网址"),
    ("cells are missing or uncertain", "有单元格缺失或不能确定"),
    ("read from a PDF or a picture, and no identity proves the figures", "识读自PDF或图片，没有勾稽关系可以证明"),
    ("every cell is blank", "所有单元格均为空"),
    (
        "no table in the text, and no document or picture on the page that may hold it",
        "正文中没有表格，也没有可能含有表格的附件或图片",
    ),
    (
        r"no table in the text or in the documents and pictures that were read: (\d+)",
        r"正文和已识读的\1个附件、图片中均没有表格",
    ),
    ("the text consists of characters without a meaning", "文字为乱码"),
    ("markup stands in the text", "文字中夹有网页代码"),
    ("escaped markup stands in the text", "文字中夹有网页代码"),
    ("it could not be read", "无法识读"),
    (r"status (\d+)", r"状态码\1"),
    ("page says so", "页面注明"),
    (r"(?:refresh|script|status \d+) to itself", "跳转到自身"),
    (r"(?:refresh|script|status \d+) to a page above", "跳转到上级页面"),
    (r"(?:refresh|script|status \d+) to an error page", "跳转到错误提示页面"),
    ("refresh", "页面自动跳转"),
    (r"listed as '(.*)', on a host that the portal does not declare", r"列表标题为“\1”，网址不属于本网站登记的域名"),
    ("the portal does not declare its host", "网址不属于本网站登记的域名"),
    (r"titled '(.*)'", r"标题为“\1”"),
    ("a page of links", "页面只有链接"),
    ("redirects to itself", "跳转到自身"),
    (r"redirects in a circle, to (.*)", r"循环跳转：\1"),
    (r"redirects to (.*), never fetched", r"跳转到\1，未能取得"),
    (r"redirects to (.*)", r"跳转到\1"),
    ("not read yet", "尚未识读"),
    ("not asked for yet", "尚未抓取"),
    ("cookie script", "要求验证（Cookie脚本）"),
    ("jsl", "加速乐验证"),
    ("acw_sc", "阿里云盾验证"),
    ("ruishu", "瑞数验证"),
    ("waf", "防火墙拦截"),
    ("the listing has no entries", "列表没有条目"),
    (r"(\d+) entries without a date", r"\1个条目没有日期"),
    (r"more than (\d+) pages", r"超过\1页"),
    ("not in the archive, and this crawl is offline", "档案中没有，本次为离线抓取"),
    ("nothing in it speaks of a year's disclosure work", "内容不涉及年度政府信息公开工作"),
    ("nothing but its title", "除标题外没有内容"),
    ("its bytes are no text in any charset", "内容不是任何编码的文字"),
    ("advertising", "广告"),
    ("a notice", "通知"),
    ("a notice of maintenance", "网站维护提示"),
    ("a notice of review", "审核提示"),
    ("a guide to applications", "申请公开指南"),
    ("a refusal for want of permission", "提示没有访问权限"),
    ("a login form", "登录页面"),
    ("a challenge", "访问验证页面"),
    ("a page that says it is gone", "提示内容已不存在"),
    ("an error of the server", "服务器出错提示"),
    ("robots.txt of the host forbids this address", "网站的robots.txt不允许访问该网址"),
    ("a body that is not whole", "内容不完整"),
    ("neither period, title nor preamble names the report year", "统计期间、标题和前言均未载明年度"),
    (
        r"report year: the period of the statistics says (\d+), the title (\d+)",
        r"年度：统计期间为\1年，标题为\2年",
    ),
    (
        "no issuing body: title, signature, preamble and source name none",
        "没有发布机关：标题、落款、前言和来源均未载明",
    ),
    (r"(\d+) pages, (\d+) of them available", r"共\1页，其中\2页可用"),
    (r"the article stands in a frame that is not captured: (.*)", r"正文所在的框架页尚未存档：\1"),
    ("the document holds macros; they were not run", "文档含有宏，未予运行"),
    ("no document in it", "其中没有文档"),
    (r"(.+) in the archive is not read", r"压缩包中的\1不予识读"),
)
"""What readers and crawls say in English of a part, an entry, a capture or a problem, as a pattern → in Chinese."""
_WITH_ASIDE = {
    "the portal no longer has it": "网站已无该文件",
    "refused": "访问被拒",
    "no usable answer": "没有可用的应答",
    "it leads back to itself": "跳转到自身",
}
"""Beginnings of causes that have another one in brackets."""
_COMPOUND: tuple[tuple[str, str], ...] = (
    (r"titled '.*', it does not read as an annual report: (.*)", "内容不是年度报告：{}"),
    (r"titled '(.*)': (.*)", "标题为“{}”，{}"),
    (r"captured as a failure: (.*)", "存档为失败：{}"),
    (r"its robots\.txt answers with (.*)", "网站的robots.txt应答异常：{}"),
)
"""Causes that end in another one, as a pattern → in Chinese, with the place of what was found."""
_PARTS_IN_ENGLISH = {words[1]: words[0] for words in PART_NAMES.values()}


def cause_in_chinese(cause: str) -> str:
    """A cause in Chinese; a sentence of the page itself, a name or an address as it is, and what has no Chinese with a word that it is English."""
    for pattern, words in _COMPOUND:
        if found := re.fullmatch(pattern, cause):
            *others, ends = found.groups()
            return words.format(*others, cause_in_chinese(ends))
    for pattern, words in _CAUSES:
        if found := re.fullmatch(pattern, cause):
            return found.expand(words)
    for begins, words in _WITH_ASIDE.items():
        if cause.startswith(f"{begins} (") and cause.endswith(")"):
            return f"{words}（{cause_in_chinese(cause[len(begins) + 2 : -1])}）"
    names, colon, rest = cause.partition(": ")
    parts = [_PARTS_IN_ENGLISH.get(name) for name in names.split(", ")]
    if colon and all(parts):
        return "、".join(filter(None, parts)) + "：" + "；".join(map(cause_in_chinese, rest.split("; ")))
    is_name = not re.search(r"\s", cause)
    return cause if is_name or re.search("[\u4e00-\u9fff]", cause) else f"详情为英文：{cause}"


_FIREWALLS = {
    "jsl": "a challenge of Jiasule (加速乐)",
    "acw_sc": "a challenge of Alibaba Cloud",
    "ruishu": "a challenge of Ruishu (瑞数)",
    "waf": "a firewall",
}


def cause_in_english(cause: str) -> str:
    """A cause with the firewall that it goes by put into words.

    >>> cause_in_english("refused (waf)"), cause_in_english("the waf of this house")
    ('refused (a firewall)', 'the waf of this house')
    """
    before, bracket, short = cause.removesuffix(")").rpartition(" (")
    is_aside = bracket and cause.endswith(")")
    words = _FIREWALLS.get(short if is_aside else cause)
    if words is None:
        return cause
    return f"{before} ({words})" if is_aside else words
