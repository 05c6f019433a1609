"""The article of a page: its paragraphs, its attachments, what stands around it, and the next pages it is split into.

Structure first: the containers that the systems of Chinese portals use for an article, else the part of the page where
the sentences are. trafilatura, the reader of last resort, is asked only when neither finds anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit

from archive.model import Attachment
from pipelines.blanks import collapse_blanks
from pipelines.html import links
from pipelines.html.article_element import content_size, find_article_element
from pipelines.html.boxes import BoxRole, is_headed_attachments, is_hidden, role
from pipelines.html.paragraphs import SILENT, paragraphs_of, remove_unseen, strip_markup
from pipelines.html.parsing import ParsedPage, parse_html

LITTLE = 60
"""Characters below which no text is worth looking for."""


@dataclass(slots=True)
class Article:
    """An article. `element` is None for plain text and where only trafilatura found one."""

    paragraphs: list[str] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    images: list[Attachment] = field(default_factory=list)
    """Pictures in the article; those of a report may show its tables."""
    lines_above: list[str] = field(default_factory=list)
    """Lines of the page above the article, the nearest first: title, date and source stand there."""
    lines_below: list[str] = field(default_factory=list)
    """Lines below the article."""
    element: Any = field(default=None, repr=False)


def find_article(parsed: ParsedPage) -> Article:
    """The article of a page; empty where the page has none. Removes from the tree what a browser does not show."""
    if parsed.root is None:
        return _plain_article(parsed.source)
    place = find_article_element(parsed.root)
    element = _embedded_article(parsed, place)
    if element is None:
        element = place
    else:
        place = next((box for box in parsed.root.iter("div") if role(box) is BoxRole.ARTICLE), place)
    if element is None:
        return _last_resort(parsed)
    viewers = list(element.iter("iframe", "embed", "object"))
    boxes = remove_unseen(element, has_hidden=parsed.has_hidden)
    anchors = viewers + [a for box in boxes for a in box.iter("a")] + list(element.iter("a"))
    images = list(element.iter("img"))
    strip_markup(element)
    article = Article(paragraphs=paragraphs_of(element), element=element)
    if place is not None:
        article.lines_above = _lines_above(place, parsed.has_hidden)
        anchors += _anchors_below(place)
        article.lines_below = _lines_below(place, parsed.has_hidden)
    _cut_head(article)
    article.attachments = links.documents(anchors, parsed.base)
    known = {attachment.url for attachment in article.attachments}
    scripted = links.scripted_documents(parsed.scripts, parsed.base)
    article.attachments += [attachment for attachment in scripted if attachment.url not in known]
    article.images = links.pictures(images, parsed.base)
    _cut_attachment_lines(article)
    _cut_tail(article)
    return article


def _plain_article(source: str) -> Article:
    article = Article(
        paragraphs=[
            line for raw in source.splitlines() if (line := raw.replace("\u00a0", " ").replace("\u3000", " ").strip())
        ]
    )
    _cut_head(article)
    _cut_attachment_lines(article)
    _cut_tail(article)
    return article


def _embedded_article(parsed: ParsedPage, place: Any) -> Any:
    """The article that a gkmlpt page carries as JSON only, None where the page shows it as well."""
    content = parsed.gkmlpt_detail.get("content")
    if (
        not isinstance(content, str)
        or len(content) < 30
        or (place is not None and role(place) is BoxRole.ARTICLE and content_size(place) > LITTLE)
    ):
        return None
    root = parse_html(f"<div>{content}</div>")
    return None if root is None else next(iter(root.iter("div")), None)


def _last_resort(parsed: ParsedPage) -> Article:
    import trafilatura

    text = trafilatura.extract(parsed.source, fast=True, include_comments=False, include_tables=True, deduplicate=False)
    article = Article(paragraphs=[collapse_blanks(line) for line in (text or "").splitlines() if line.strip(" |-")])
    _cut_head(article)
    _cut_tail(article)
    return article


# --- around the article ----------------------------------------------------------------------------------------------

MANY_LINES = 60
"""Lines above the article among which title, date and source stand."""
MANY_LINES_BELOW = 25
NEAR_LINES = 12
"""Of a box that is mostly menu, the last lines may still be title and date."""


def _lines_above(element: Any, has_hidden: bool) -> list[str]:
    """Lines of the page above an element, the nearest first."""
    found: list[str] = []
    while element is not None and len(found) < MANY_LINES:
        for sibling in element.itersiblings(preceding=True):
            if sibling.tag == "head":
                return found
            if sibling.tail and (tail := collapse_blanks(sibling.tail)):
                found.append(tail)
            if sibling.tag not in SILENT and not is_hidden(sibling):
                if not _is_menu(sibling):
                    found += reversed(_lines_of(sibling, has_hidden))
                elif not any(map(_INFO_LINE.search, found)):
                    found += _lines_of(sibling, has_hidden)[: -NEAR_LINES - 1 : -1]
            if len(found) >= MANY_LINES:
                return found
        element = element.getparent()
        if element is not None and element.text and (text := collapse_blanks(element.text)):
            found.append(text)
    return found


def _is_menu(element: Any) -> bool:
    """Whether a box above the article is made of links: title, date and index table have no more than a few."""
    return len(element) > 0 and sum(1 for _ in element.iter("a")) > 20


def _lines_of(element: Any, has_hidden: bool) -> list[str]:
    if len(element) == 0:
        return [text] if (text := collapse_blanks(element.text or "")) else []
    remove_unseen(element, asides=False, has_hidden=has_hidden)
    return paragraphs_of(element)


def _lines_below(element: Any, has_hidden: bool) -> list[str]:
    """Lines below an element, the nearest first."""
    found: list[str] = []
    for inner in _up_from(element):
        if inner.tail and (tail := collapse_blanks(inner.tail)):
            found.append(tail)
        for sibling in inner.itersiblings():
            if len(found) >= MANY_LINES_BELOW:
                return found[:MANY_LINES_BELOW]
            if sibling.tag not in SILENT and role(sibling) is not BoxRole.FILES and not is_hidden(sibling):
                found += _lines_of(sibling, has_hidden)
    return found[:MANY_LINES_BELOW]


def _anchors_below(element: Any) -> list[Any]:
    """The links below an element that may lead to its documents; to be asked before `_lines_below` changes the tree.

    Beside the article and its parent any link may; farther out, where the columns of the page are, those in boxes of
    files.
    """
    return [
        anchor
        for distance, inner in enumerate(_up_from(element))
        for sibling in inner.itersiblings()
        if sibling.tag not in SILENT
        for anchor in _anchors_to_files(sibling, is_near=distance < 2)
    ]


def _anchors_to_files(box: Any, *, is_near: bool) -> Iterator[Any]:
    kind = role(box)
    is_aside = kind is BoxRole.ASIDE
    if kind is BoxRole.FILES or (is_near and not is_aside) or (is_aside and is_headed_attachments(box)):
        yield from box.iter("a")
    elif not is_aside:
        for inner in box.iter("div", "ul", "table"):
            if role(inner) is BoxRole.FILES:
                yield from inner.iter("a")


def _up_from(element: Any) -> Iterator[Any]:
    """An element and the three that contain it, as far as they lie within the body."""
    for _ in range(4):
        if element is None or element.tag == "body":
            return
        yield element
        element = element.getparent()


_INFO_LINE = re.compile(
    r"(?:^|[\s|】\])）]|发\s*布|公\s*布|刊\s*发|发\s*表|更\s*新|公\s*开)(?:时\s*间|日\s*期)(?:发布)?\s*[:：]\s*(?:19|20)\d\d\s*[-/.年]|"
    r"^(?:信息|文章|稿件)?来\s*源\s*[:：]|(?:19|20)\d\d[-/年]\d{1,2}[-/月]\d{1,2}.{0,60}来\s*源\s*[:：]|"
    r"来\s*源\s*[:：].{0,60}(?:19|20)\d\d[-/年]\d{1,2}[-/月]\d{1,2}"
)
_BUTTON = re.compile(
    r"分享(?:到|至)?|字[号体](?:大小)?|打印(?:本页|页面|正文|文章)?|关闭(?:本页|窗口|页面)?|收藏|(?:浏览|阅读|点击|访问)(?:次数|人数|数|量|率)?|\d*次|"
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


def _is_buttons(line: str) -> bool:
    """Whether a line consists of labels of buttons."""
    if len(line) > 90:
        return False
    rest, buttons = _BUTTON.subn("", line)
    return buttons > 0 and not re.search(r"\w", rest)


def _cut_head(article: Article) -> None:
    """Move lines of title, date and source at the head of the container to the lines above; drop buttons."""
    paragraphs = article.paragraphs
    last = -1
    for i, line in enumerate(paragraphs[:12]):
        if len(line) <= 160 and ("源" in line or "间" in line or "期" in line) and _INFO_LINE.search(line):
            last = i
    if last >= 0 and sum(map(len, paragraphs[:last])) < 500:
        article.lines_above = [*reversed(paragraphs[: last + 1]), *article.lines_above]
        del paragraphs[: last + 1]
    while paragraphs and _is_buttons(paragraphs[0]):
        del paragraphs[0]


def _cut_tail(article: Article) -> None:
    """Move buttons, exit notices, editor lines and lists of other articles at the end to the lines below."""
    paragraphs = article.paragraphs
    for i in range(len(paragraphs) // 2, len(paragraphs)):
        if (
            _STOP.match(paragraphs[i])
            and len(paragraphs[i]) < 60
            and not any(len(line) > 80 for line in paragraphs[i + 1 :])
        ):
            article.lines_below = paragraphs[i:] + article.lines_below
            del paragraphs[i:]
            break
    while paragraphs and (_is_buttons(paragraphs[-1]) or _EDITOR.match(paragraphs[-1])):
        article.lines_below.insert(0, paragraphs.pop())


_LISTED_FILE = re.compile(
    r"^(?:附\s*件\s*\d*\s*[:：]?)?\s*(?:\d+\s*[.、．])?\s*\S.*\.(?:pdf|docx?|xlsx?|wps|ofd|zip|rar)\s*$", re.IGNORECASE
)
_FILES_HEAD = re.compile(r"^附\s*件(?:下载)?\s*[:：]?$")
_FILE_NUMBER = re.compile(r"^(?:附\s*件\s*\d*\s*[:：]?)?\s*(?:\d+\s*[.、．])?|\W")


def _cut_attachment_lines(article: Article) -> None:
    """Drop lines that hold nothing but the names of attached documents."""
    paragraphs = article.paragraphs
    if article.attachments:
        names = {re.sub(r"\W", "", a.name) for a in article.attachments}
        paragraphs[:] = [line for line in paragraphs if len(line) > 160 or _FILE_NUMBER.sub("", line) not in names]
    while (
        paragraphs
        and len(paragraphs[-1]) < 100
        and (_FILES_HEAD.match(paragraphs[-1]) or _LISTED_FILE.match(paragraphs[-1]))
    ):
        paragraphs.pop()


# --- split articles --------------------------------------------------------------------------------------------------

_CREATE_PAGE = re.compile(r"""createPage(?:HTML)?\(\s*(\d+)\s*,\s*(\d+)\s*,\s*["']([^"']+)["']\s*,\s*["'](\w+)["']""")


def next_page_urls(parsed: ParsedPage) -> list[str]:
    """Addresses of pages 2, 3 … of an article split by `createPageHTML(count, current, name, extension)` (TRS).

    The call on a listing, whose name is not the page's own, gives none; neither does a page that is itself a later part.
    """
    found = _CREATE_PAGE.search(parsed.scripts) if "createPage" in parsed.scripts else None
    if found is None:
        return []
    count, current, name, extension = int(found[1]), int(found[2]), found[3], found[4]
    last = urlsplit(parsed.url).path.rpartition("/")[2]
    if current != 0 or not 1 < count < 200 or last != f"{name}.{extension}" or name == "index":
        return []
    return [urljoin(parsed.url, f"{name}_{i}.{extension}") for i in range(1, count)]
