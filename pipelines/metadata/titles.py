"""Titles: whether a title is that of an annual report on open government information, of a site or column, or of nothing."""

from __future__ import annotations

import re

from archive.media_types import DOCUMENT_EXTENSIONS, any_extension
from pipelines.blanks import collapse_blanks
from pipelines.metadata.agencies import full_name
from pipelines.metadata.dates import normalise

SUBJECT = r"(?:政府|政务|部门|行政机关)?信\s*息\s*公\s*开"
_REPORT = (
    r"年度(?:工作)?报告|年度(?:工作)?(?:情况|总结)(?:的)?报告|工作(?:年度)?报告|年报|(?:情况|工作)的?(?:年度)?报告"
)
_REPORT_TITLE = re.compile(
    rf"{SUBJECT}.{{0,24}}?(?:{_REPORT})|政务公开.{{0,14}}?(?:年度(?:工作)?报告|年报)|年度报告.{{0,6}}{SUBJECT}"
)
_OTHER_TITLE = re.compile(
    r"的?(?:通知|函|公告|通告|通报|批复|意见|方案|办法|规定|细则|制度|要点|指南|目录|清单|说明|解读|答复|请示|讲话|简报|公示|报表|新闻|动态)"
    r"(?:[（(].{0,200}[)）])?[》”\"']?\s*$|"
    r"^(?:关于)?(?:印发|转发|做好|开展|报送|组织)|一图|图解|图说|图读|一张图|^(?:解读|读懂|H5)|"
    r"上半年|下半年|半年度|第[一二三四1-4]季度|季度|\d月份|月报|学年|"
    r"报告?(?:的)?(?:格式|模板|范本|样式|编制|填报)|公共企事业|召开|举办|推进会|培训|发布会|评估报告|工作计划|工作要点|[。；！？]"
)
COLUMN_TITLE = re.compile(r"^\W*(?:政府|政务|部门|法定)?信息公开(?:工作)?(?:年度(?:工作)?报告|年报)(?:列表)?\W*$")
TITLE_YEAR = re.compile(r"(?<!\d)(20[0-4]\d)(?!\d)")
_SUFFIX = re.compile(rf"(?<!\s)\s*{any_extension(DOCUMENT_EXTENSIONS)}\W*$", re.IGNORECASE)


def without_suffix(title: str) -> str:
    """A title without the extension of the file that it is the name of.

    >>> without_suffix("2022年政府信息公开工作年度报告.pdf")
    '2022年政府信息公开工作年度报告'
    """
    return _SUFFIX.sub("", title)


def is_report_title(title: str) -> bool:
    """Whether a title is that of an annual report on open government information.

    Works on the titles of pages and on those of listing entries. Notices about reports, letters, half-year figures,
    pictures, news, and the reports on a government's whole work (政府工作报告) are not; neither is the bare name of the
    report, which is that of the column (docs/form.md, Titles, bodies and scope).
    """
    if "公" not in title:  # most lines that are asked about have no 公开
        return False
    title = without_suffix(normalise(collapse_blanks(title)))
    if len(title) > 120 or not _REPORT_TITLE.search(title):
        return False
    return not (_OTHER_TITLE.search(title) or COLUMN_TITLE.match(title))


_CUT_SHORT = re.compile(r"(?:…|⋯|\.{2,}|。{2,})\W*$")
_SPEAKS_OF_IT = re.compile(r"公开|年报|年度|报告|20|二[〇○零]")
_SAYS_NOTHING = re.compile(
    r"^\W*(?:(?:20\d\d|二[〇○零ＯO0]\S{2})\s*年?\s*度?\s*)?(?:工作)?(?:年度)?(?:工作)?(?:报告|年报)?\W*"
    r"(?:附\s*件\s*\d*|(?:点击|文件|附件|全文|报告)?(?:下载|查看|阅读|浏览|打开)(?:全文|附件|详情|更多)?|点击此处|点击这里|详情|详细|全文|正文|更多|pdf|word|docx?|html?)?\W*$",
    re.IGNORECASE,
)


def is_cut_short(title: str) -> bool:
    """Whether a listing or a meta cut a title: it ends in dots."""
    return _CUT_SHORT.search(title) is not None


def says_nothing(title: str) -> bool:
    """Whether a title is bare: none, a year, 年报, 下载, 附件, 详情.

    >>> says_nothing("2019年"), says_nothing("附件1"), says_nothing("点击下载"), says_nothing("2019年决算")
    (True, True, True, False)
    """
    return _SAYS_NOTHING.match(without_suffix(normalise(collapse_blanks(title)))) is not None


_SITE = re.compile(
    r"^\W*(?:欢迎访问|中国)?[\u4e00-\u9fff·\s]{0,30}(?:人民政府(?:办公[室厅])?|政府|门户网站?|网站|官网|政务网|信息网|公开网|(?:信息|政务)公开(?:专栏|平台|网|栏目?)?)"
    r"\W*(?:门户)?(?:网站?)?\W*$|^\W*(?:首页|内容页?|信息内容|文章(?:内容|详情|页)?|详情页?|详细(?:信息|内容|页面)|无标题(?:文档|页)?|untitled.*|document)\W*$",
    re.IGNORECASE,
)


def names_site(title: str) -> bool:
    """Whether a title is that of a site or a template, the same on each of its pages.

    >>> names_site("青溪区人民政府门户网站"), names_site("详细内容"), names_site("2019年青溪区政府工作报告")
    (True, True, False)
    """
    return _SITE.match(title) is not None


_PATH = re.compile(r"当前位置|所在位置|^\W*首页\s*[>»›/-]|[>»›].*[>»›]")
_SAYS_SOMETHING = re.compile(r"关于|召开|举[行办]|开展|调研|检查|走进|荣获|获[得评]|赴|将|的|为|被|对|[，。！？]")


def names_body(title: str) -> bool:
    """Whether a title is no more than the name of a public body.

    >>> names_body("青溪区教育局"), names_body("关于设立青溪区数据局"), names_body("青溪区教育局2020年年报")
    (True, False, False)
    """
    return len(title) <= 20 and full_name(title) is not None and not _SAYS_SOMETHING.search(title)


def is_of_the_frame(title: str) -> bool:
    """Whether a title is that of a site, a column, a body or a path to the page, as frames of pages print them."""
    return (
        names_site(title)
        or COLUMN_TITLE.match(title) is not None
        or _PATH.search(title) is not None
        or names_body(title)
    )


def may_be_report_title(title: str) -> bool:
    """Whether an entry of a column of reports is to be asked for: its title is a report's, or too short to tell.

    A title that ends in dots is too short where nothing in it names another thing, and so is a bare one.
    """
    if is_report_title(title) or says_nothing(title):
        return True
    title = normalise(collapse_blanks(title))
    return is_cut_short(title) and _SPEAKS_OF_IT.search(title) is not None and not _OTHER_TITLE.search(title)
