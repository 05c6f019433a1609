"""What at the head and end of an article's container is no text of the article: info lines, buttons, lists of files."""

from __future__ import annotations

import re
from collections.abc import Collection

from archive.media_types import DOCUMENT_EXTENSIONS, any_extension
from archive.model import Attachment
from pipelines.html.labels import index_rows

INFO_LINE = re.compile(
    r"(?:^|[\s|】\])）]|发\s*布|公\s*布|刊\s*发|发\s*表|更\s*新|公\s*开)(?:时\s*间|日\s*期)(?:发布)?\s*[:：]\s*(?:19|20)\d\d\s*[-/.年]|"
    r"^(?:信息|文章|稿件)?来\s*源\s*[:：]|(?:19|20)\d\d[-/年]\d{1,2}[-/月]\d{1,2}.{0,60}来\s*源\s*[:：]|"
    r"来\s*源\s*[:：].{0,60}(?:19|20)\d\d[-/年]\d{1,2}[-/月]\d{1,2}"
)
_BUTTON = re.compile(
    r"分享(?:到|至)?|字[号体](?:大小)?|打印(?:本页|页面|正文|文章)?|关闭(?:本页|窗口|页面)?|收藏|(?:浏览|阅读|点击|访问)(?:次数|人数|数|量|率)?(?:\s*[:：]\s*\d+)?|\d*次|"
    r"背景颜色|视力保护色?|返回(?:顶部|列表)?|TOP|下载|保存|纠错|新媒体|当前位置.*|您(?:现在|当前)?(?:的|所在)位置.*|扫(?:一扫|码|描)[^，。]{0,16}|"
    r"用?手机[^，。]{0,12}|微信|微博|QQ(?:空间)?|页面已归档|已归档|无障碍|朗读|语音播报|全真版|文字版|文件下载|(?:相关)?附\s*件(?:下载)?|[大中小](?=\W|$)|[×X]",
    re.IGNORECASE,
)
_EDITOR = re.compile(
    r"^[\[【(（\s]*(?:责任编辑|责\s*编|编\s*辑|责任?校对|审核人?|校对|录入|供稿|初审|终审|复审|监制|编审)\s*[:：].{0,40}$"
)
_STOP = re.compile(
    r"^(?:上一[篇条页]|下一[篇条页]|(?:相关|延伸|推荐|热点|关联)(?:链接|文档|信息|新闻|阅读|文章|稿件|解读|附件|政策|推荐|文件|内容)\s*[:：>》]*$|"
    r"您访问的链接即将离开|扫一扫|附件下载|分享到|打印本页|网站声明|版权所有|主办单位|主办[:：]|友情链接|网站地图)"
)
_LISTED_FILE = re.compile(
    rf"^(?:附\s*+件\s*+\d*+\s*+[:：]?)?\s*+(?:\d++\s*+[.、．]\s*+)?\S.*{any_extension(DOCUMENT_EXTENSIONS)}\s*$",
    re.IGNORECASE,
)
_FILES_HEAD = re.compile(r"^附\s*件(?:下载)?\s*[:：]?$")
_LIST_DATE = re.compile(
    r"(?:(?:[\[(（]|(?<![\s\[(（]))\s*+)?(?:(?:19|20)\d\d\s*[-/.年]\s*)?\d{1,2}\s*[-/.月]\s*\d{1,2}\s*+(?:日\s*+)?(?:[\])）]\s*+)?$|^\s*\d{1,2}\s*[.、]\s*"
)
FEWEST_LISTED = 3
"""Links in a row at the end of an article that are a list of other articles."""
_MUCH_TEXT = 200
"""Characters of text that stand before such a list; a page of links has fewer."""
_LONGEST_HEADING = 12
_ENDS_TEXT = re.compile(r"[。；：！？\d日）)]$|^[一二三四五六七八]、|[局厅委办府处会]$")
_SECTION = re.compile(r"[（(]?[一二三四五六七八]\s*[、）)]")
_LONGEST_INDEX = 40
"""Lines of an index table, at most."""
_FILE_NUMBER = re.compile(r"^(?:附\s*件\s*\d*\s*[:：]?)?\s*(?:\d+\s*[.、．])?|\W")


def cut_head(paragraphs: list[str], headings: Collection[str] = ()) -> list[str]:
    """Remove index table, title, line of date and source, and buttons, from the head; returns those lines, the last one first."""
    head: list[str] = []
    while paragraphs:
        count = _info_lines(paragraphs) or index_rows(paragraphs[:_LONGEST_INDEX], fewest=1 if head else 2)
        if not count and (_is_buttons(paragraphs[0]) or _is_heading(paragraphs[0], headings, is_first=not head)):
            count = 1
        if not count and not head and _is_heading(paragraphs[0], headings, is_first=False):
            count = (rows := index_rows(paragraphs[1:_LONGEST_INDEX])) and rows + 1
        if not count:
            break
        head[:0] = paragraphs[count - 1 :: -1] if count > 1 else paragraphs[:1]
        del paragraphs[:count]
    return head


def _info_lines(paragraphs: list[str]) -> int:
    """How many lines at the head end with the line of date and source, which little text may precede."""
    last = -1
    for i, line in enumerate(paragraphs[:12]):
        if len(line) <= 160 and ("源" in line or "间" in line or "期" in line) and INFO_LINE.search(line):
            last = i
    return last + 1 if sum(map(len, paragraphs[: max(last, 0)])) < 500 else 0


def _is_heading(line: str, headings: Collection[str], *, is_first: bool) -> bool:
    """Whether a line is a heading of the page, and not of a section; the first line stays, as far as nothing stands above it."""
    return not is_first and line in headings and not _SECTION.match(line)


def cut_tail(paragraphs: list[str]) -> list[str]:
    """Remove buttons, exit notices, editor lines and lists of other articles from the end; returns them in order."""
    tail: list[str] = []
    for i in range(len(paragraphs) // 2, len(paragraphs)):
        line, rest = paragraphs[i], paragraphs[i + 1 :]
        if _STOP.match(line) and len(line) < 60 and not any(len(later) > 80 for later in rest):
            tail = paragraphs[i:]
            del paragraphs[i:]
            break
    while paragraphs and (_is_buttons(paragraphs[-1]) or _EDITOR.match(paragraphs[-1])):
        tail.insert(0, paragraphs.pop())
    return tail


def cut_listed(paragraphs: list[str], titles: Collection[str]) -> None:
    """Remove a list of other articles from the end, with its heading: lines that are nothing but a link and its date."""
    start = len(paragraphs)
    if len(titles) < FEWEST_LISTED or start < FEWEST_LISTED:
        return
    while start and _is_listed(paragraphs[start - 1], titles):
        start -= 1
    if len(paragraphs) - start < FEWEST_LISTED or sum(map(len, paragraphs[:start])) < _MUCH_TEXT:
        return
    if len(paragraphs[start - 1]) <= _LONGEST_HEADING and not _ENDS_TEXT.search(paragraphs[start - 1]):
        start -= 1
    del paragraphs[start:]


def _is_listed(line: str, titles: Collection[str]) -> bool:
    return line in titles or _LIST_DATE.sub("", line).strip(" ·•[]【】>-—") in titles


def cut_attachment_lines(paragraphs: list[str], attachments: list[Attachment]) -> None:
    """Remove lines that hold nothing but the names of attached documents."""
    if attachments:
        names = {re.sub(r"\W", "", attachment.name) for attachment in attachments}
        paragraphs[:] = [line for line in paragraphs if len(line) > 160 or _FILE_NUMBER.sub("", line) not in names]
    while paragraphs and len(paragraphs[-1]) < 100 and _names_files(paragraphs[-1]):
        paragraphs.pop()


def _names_files(line: str) -> bool:
    return bool(_FILES_HEAD.match(line) or _LISTED_FILE.match(line))


def _is_buttons(line: str) -> bool:
    """Whether a line consists of labels of buttons."""
    if len(line) > 90:
        return False
    rest, buttons = _BUTTON.subn("", line)
    return buttons > 0 and not re.search(r"\w", rest)
