"""The article of a page: its paragraphs, its attachments, what stands around it, and the further pages it is split into.

Structure first: the containers that the systems of Chinese portals use for an article, else the part of the page where
the sentences are. trafilatura, the reader of last resort, is asked only when neither finds anything.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import trafilatura
from lxml import etree

from crawler.items import Attachment
from pipelines.document import Document, parse

MAX_DEPTH = 250
"""Elements nested deeper than this are read as flat text: no real page is, and Python's own stack is finite."""

_BLOCK = frozenset(
    "address article aside blockquote body br caption center dd div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 "
    "header hr li main nav ol option p pre section table tbody tfoot thead title tr ucapcontent ul".split()
)
_SILENT = frozenset("script style noscript template select textarea button iframe object svg canvas head link input video audio".split())
_BLANKS = re.compile(r"[\s\u00a0\u1680\u2000-\u200f\u2028-\u202f\u205f\u2060\u3000\ufeff]+")
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.I)

# Containers that hold an article and nothing else, by the words of class and id (PLATFORMS.md 1.4, 2.2, 3.2, 4)
_STRONG = re.compile(
    r"trs_editor|trs_ueditor|trs_editor_view|trs_autoadd\w*|zoom|zoomcon|fontzoom|ucapcontent|cmsarticlecontent|news_?content|"
    r"(?:j-)?fontcontent|newscontnet|bodylabel|ivs_content|m-txt-article|article[-_]?(?:con|cont|content|body|txt|text|main|detail)|"
    r"content[-_]?article|content[-_]?txt|pages_content|detail[-_]?(?:con|content|text|body|article)|text[-_]?content|"
    r"con(?:t|tent)?[-_]?text|art[-_]?(?:con|content|main|body)|wz[-_]?(?:con|content|nr|zw)|xl[-_]?nr|main[-_]?text|zw[-_]?(?:con|content|nr)|"
    r"conzynr|tyxxy_main|news_cont_d_wrap|easysite-news-text|easysite-news-content|ewb-article-info|articl?econtent|zhengwen|nr_?con|"
    r"info[-_]?(?:con|content|text)|view_?con(?:tent)?|show_?con(?:tent)?|xxgk[-_]?con(?:tent)?|gp-article|newsbody|contentbody",
    re.I,
)
# Boxes beside the article, inside its container or around it
_ASIDE = re.compile(
    r"\b(?:bd|j-|m-)?share|jiathis|bshare|fenxiang|\bfx[-_]|qr_?code|\bewm|erweima|\bqr\b|qr_(?:container|wrap)|\bprint(?:er|_?btn|_?box)?\b|dayin|"
    r"crumb|\b(?:cur)?(?:position|place|path|mb)\b|\bcurmb|\blocation\b|\bnav(?:bar|list|igation)?\b|\bmenu|\bfoot(?:er)?\b|copyright|friend(?:ly)?[-_]?link|"
    r"side_?bar|\btop_?bar|\blogin|\bsearch|\brel(?:ated|ative)?[-_]?(?:docs?|links?|news|read|list|infos?|articles?)\b|relatedlinks|\bxg(?:wz|xw|lj|yd|jd|wd|zc)\b|"
    r"relevant|recommend|hot[-_]?news|\b(?:pagination|pager|page[-_]?(?:box|bar|num|nav|list))\b|fenye|comment|pinglun|font[-_]?(?:size|zoom)|jiucuo|"
    r"article-gn|article_documents|content_extended|\bgbym\b|\balert\b|feedback|\bzrbj\b|bianji|toolbar|shoucang",
    re.I,
)
_FILES = re.compile(r"attach|fujian|\bfj\b|\bfj[-_]|[-_]fj\b|xgfj|fjxz|appendix|enclosure|downloadfile|\bdownload\b|filelist|annex|relfile|filerider|[-_]files?\b", re.I)
_FILE_URL = re.compile(r"\.(?:pdf|docx?|xlsx?|wps|et|ofd|pptx?|dps|zip|rar|7z|txt|csv|rtf|ceb|tiff?)(?:$|[?#])", re.I)
_DOWNLOAD_URL = re.compile(r"/downfile\.jsp\?|/module/download/|/download(?:file)?(?:\.\w+)?\?|/attachment/\d|[?&](?:file|filename)=[^&]+\.\w{2,5}", re.I)
_MEDIA = {
    "pdf": "application/pdf",
    "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xls": "application/vnd.ms-excel",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "zip": "application/zip",
    "txt": "text/plain",
}

_SENTENCE = re.compile(r"[，。；、：！？,;]")
_LONG_TEXTS = etree.XPath("//body//text()[string-length(.) > 15][not(parent::script or parent::style or parent::a or parent::option or parent::title)]")


@dataclass(slots=True)
class Article:
    """What was found on a page. `element` is None for plain text and where only trafilatura found anything."""

    paragraphs: list[str] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    images: list[Attachment] = field(default_factory=list)
    """Pictures in the article: where a report prints its tables as pictures, they are documents of it."""
    before: list[str] = field(default_factory=list)
    """Lines of the page above the article, the nearest first: title, date and source stand there."""
    after: list[str] = field(default_factory=list)
    """Lines below the article."""
    element: Any = field(default=None, repr=False)


def squeeze(text: str) -> str:
    """Blanks of every kind and invisible characters become one blank."""
    return _BLANKS.sub(" ", text).strip()


@lru_cache(maxsize=4096)
def _role(tag: str, class_: str, id_: str) -> str:
    """What class and id say of a container: article, aside, files, hidden or nothing."""
    words = f"{id_} {class_}".split()
    if tag == "ucapcontent" or any(_STRONG.fullmatch(word) for word in words):
        return "article"
    if tag in ("nav", "footer") or "hide" in words or "hidden" in words:
        return "aside"
    name = f"{id_} {class_}"
    if _FILES.search(name):
        return "files"
    return "aside" if _ASIDE.search(name) else ""


def role(element: Any) -> str:
    """As `_role`, for an element."""
    return _role(element.tag, element.get("class") or "", element.get("id") or "")


def hidden(element: Any) -> bool:
    """Whether the element's own style hides it."""
    style = element.get("style")
    return style is not None and "n" in style and _HIDDEN.search(style) is not None


# --- lines -----------------------------------------------------------------------------------------------------------


class _Lines:
    """Walks an element once and gathers its lines and links: block tags break a line, inline tags do not."""

    def __init__(self, *, skip_asides: bool) -> None:
        self.lines: list[str] = []
        self.links: list[Any] = []
        self.images: list[Any] = []
        self._run: list[str] = []
        self._skip_asides = skip_asides

    def break_line(self) -> None:
        if self._run:
            line = squeeze("".join(self._run))
            self._run.clear()
            if line:
                self.lines.append(line)

    def walk(self, element: Any, depth: int = 0) -> None:
        run = self._run
        if depth > MAX_DEPTH:
            run.append("".join(element.itertext()))
            return
        if element.text:
            run.append(element.text)
        for child in element:
            tag = child.tag
            if tag == "span" or tag == "font":
                style = child.get("style")
                if style is None or "none" not in style or not _HIDDEN.search(style):
                    if len(child):
                        self.walk(child, depth + 1)
                    elif child.text:
                        run.append(child.text)
            elif tag == "br":
                self.break_line()
            elif tag == "dt":
                self.break_line()
                self.walk(child, depth + 1)
                if not run or run[-1].strip()[-1:] not in (":", "："):
                    self.break_line()
            elif tag == "dd":
                self.walk(child, depth + 1)
                self.break_line()
            elif tag == "table":
                self.break_line()
                if not self._left_out(child):
                    self.table(child, depth + 1)
                self.break_line()
            elif tag in _BLOCK:
                self.break_line()
                if not self._left_out(child):
                    self.walk(child, depth + 1)
                self.break_line()
            elif tag == "img":
                self.images.append(child)
            elif tag not in _SILENT and not hidden(child):
                if tag == "a":
                    self.links.append(child)
                self.walk(child, depth + 1)
            if child.tail:
                run.append(child.tail)

    def _left_out(self, element: Any) -> bool:
        if hidden(element):
            return True
        if not self._skip_asides or element.tag in ("p", "tr", "td", "tbody"):
            return False
        kind = role(element)
        if kind == "files":
            self.links.extend(element.iter("a"))
        return kind in ("aside", "files") and not _wordy(element)

    def table(self, table: Any, depth: int) -> None:
        """A row is one line, its cells joined by a blank; cells that hold whole paragraphs are layout and read as such."""
        for row in table.iter("tr"):
            if next(row.iterancestors("table"), None) is not table:
                continue
            cells: list[str] = []
            for cell in row.iterchildren("td", "th"):
                inner = _Lines(skip_asides=self._skip_asides)
                inner.walk(cell, depth + 1)
                inner.break_line()
                self.links.extend(inner.links)
                self.images.extend(inner.images)
                if len(inner.lines) > 1 and (sum(map(len, inner.lines)) > 200 or next(cell.iter("table"), None) is not None):
                    if cells:
                        self.lines.append(" ".join(cells))
                        cells = []
                    self.lines.extend(inner.lines)
                elif inner.lines:
                    cells.append("".join(inner.lines))
            if cells:
                self.lines.append(" ".join(cells))


def lines_of(element: Any, *, skip_asides: bool = True) -> _Lines:
    """Lines, links and images of an element, boxes beside the article left out."""
    reader = _Lines(skip_asides=skip_asides)
    if element.tag == "table":
        reader.table(element, 0)
    else:
        reader.walk(element)
    reader.break_line()
    return reader


# --- the article -----------------------------------------------------------------------------------------------------


def find_article(document: Document) -> Article:
    """The article of a document; empty where the page has none."""
    if document.root is None:
        return _plain_article(document.source)
    embedded = _embedded_article(document)
    element = embedded if embedded is not None else _container(document.root)
    if element is None:
        return _last_resort(document)
    found = lines_of(element)
    context = _rendered_container(document.root) if embedded is not None else element
    article = Article(paragraphs=found.lines, element=element)
    if context is not None:
        article.before = _lines_before(context)
        article.after, after_links = _lines_after(context)
        found.links.extend(after_links)
    _cut_head(article)
    base = document.url
    for tag in document.root.iter("base"):
        base = urljoin(base, tag.get("href") or "")
    article.attachments = _attachments(found.links, base)
    article.attachments += _scripted_attachments(document.source, base, {a.url for a in article.attachments})
    article.images = _images(found.images, base)
    _cut_attachment_lines(article)
    _cut_tail(article)
    return article


def _plain_article(source: str) -> Article:
    lines = [line.replace("\u00a0", " ").replace("\u3000", " ").strip() for line in source.splitlines()]
    article = Article(paragraphs=[line for line in lines if line])
    _cut_head(article)
    _cut_tail(article)
    return article


def _container(root: Any) -> Any:
    """The element that holds the article: a known container, else the densest part of the page."""
    best, best_size = None, 0
    inside: Any = None
    for element in root.iter("div", "td", "article", "section", "font", "ucapcontent", "span"):
        if role(element) != "article" or _concealed(element):
            continue
        if inside is not None and inside in element.iterancestors():
            continue
        inside = element
        size = _size(element)
        if size > best_size:
            best, best_size = element, size
    if best_size >= 60:
        return _widened(best)
    dense = _densest(root)
    if dense is not None and (best is None or _size(dense) > 4 * best_size):
        return dense
    return best


def _rendered_container(root: Any) -> Any:
    for element in root.iter("div", "td", "article", "section"):
        if role(element) == "article":
            return element
    return None


def _concealed(element: Any) -> bool:
    """Whether an element around this one, or itself, is hidden or no part of the article's column."""
    while element is not None:
        if hidden(element):
            return True
        element = element.getparent()
    return False


def _wordy(element: Any) -> bool:
    """Whether a box holds whole paragraphs, whatever its name says."""
    return any(len(text) > 60 and len(_SENTENCE.findall(text)) > 2 for text in element.itertext() if len(text) > 60)


def _size(element: Any) -> int:
    """Characters of text, markup and scripts left out, with something for tables and pictures."""
    text = sum(len(t) for t in element.itertext() if t.strip())
    silent = sum(len(s.text or "") for s in element.iter("script", "style"))
    return text - silent + 30 * sum(1 for _ in element.iter("img", "table"))


def _widened(element: Any) -> Any:
    """The element, or its parent where the parent holds several article containers of one article side by side."""
    parent = element.getparent()
    if parent is None or parent.tag in ("body", "html"):
        return element
    kin = [c for c in parent if isinstance(c.tag, str) and c is not element and role(c) == "article" and not hidden(c)]
    own = "".join(element.itertext())
    if any(len(t) > 30 and t not in own for t in ("".join(c.itertext()).strip() for c in kin)):
        return parent
    return element


def _densest(root: Any) -> Any:
    """The deepest element that still holds most of the page's sentences, menus and footers left out unless all is in them."""
    element, weight, barred = _dense_part(root, bar=True)
    return _dense_part(root, bar=False)[0] if barred > 4 * weight else element


def _dense_part(root: Any, *, bar: bool) -> tuple[Any, int, int]:
    weights: dict[Any, int] = {}
    left_out = 0
    seen: set[str] = set()
    barred: dict[Any, bool] = {}

    def is_barred(element: Any) -> bool:
        known = barred.get(element)
        if known is None:
            parent = element.getparent()
            kind = role(element) if isinstance(element.tag, str) else "aside"
            known = (bar and kind == "aside") or element.tag in _SILENT or hidden(element) or (parent is not None and is_barred(parent))
            barred[element] = known
        return known

    for text in _LONG_TEXTS(root):
        marks = len(_SENTENCE.findall(text))
        key = text.strip()
        if not marks or key in seen:
            continue
        seen.add(key)
        element = text.getparent().getparent() if text.is_tail else text.getparent()
        weight = len(key) + 10 * marks
        if element is None or sum(1 for _ in element.iterancestors()) > MAX_DEPTH:
            continue
        if is_barred(element):
            left_out += weight
            continue
        while element is not None:
            weights[element] = weights.get(element, 0) + weight
            element = element.getparent()
    body = next(iter(root.iter("body")), root)
    total = weights.get(body, 0)
    if not total:
        return None, 0, left_out
    element = body
    while True:
        child = max((c for c in element if c in weights), key=lambda c: weights[c], default=None)
        if child is None or weights[child] < 0.7 * weights[element]:
            break
        element = child
    while element.tag in ("p", "span", "strong", "b", "font", "tr", "tbody", "em", "u", "li", "h1", "h2", "h3") and element.getparent() is not None:
        element = element.getparent()
    return element, total, left_out


def _last_resort(document: Document) -> Article:
    text = trafilatura.extract(document.source, fast=True, include_comments=False, include_tables=True, deduplicate=False)
    article = Article(paragraphs=[squeeze(line) for line in (text or "").splitlines() if line.strip(" |-")])
    _cut_head(article)
    _cut_tail(article)
    return article


_DETAIL = re.compile(r"""\bDETAIL["']?\s*:\s*(?=\{)""")


def embedded_detail(document: Document) -> dict[str, Any]:
    """The article that gkmlpt pages carry as JSON in `window._CONFIG.DETAIL`; empty where there is none."""
    found = _DETAIL.search(document.source) if "_CONFIG" in document.source else None
    if found is None:
        return {}
    try:
        detail, _ = json.JSONDecoder().raw_decode(document.source, found.end())
    except ValueError:
        return {}
    return detail if isinstance(detail, dict) else {}


def _embedded_article(document: Document) -> Any:
    content = embedded_detail(document).get("content")
    if not isinstance(content, str) or len(content) < 30:
        return None
    rendered = _rendered_container(document.root)
    if rendered is not None and _size(rendered) > 0:
        return None
    root = parse(f"<div>{content}</div>")
    return None if root is None else next(iter(root.iter("div")), None)


# --- around the article ----------------------------------------------------------------------------------------------


def _lines_before(element: Any, limit: int = 60) -> list[str]:
    lines: list[str] = []
    while element is not None and len(lines) < limit:
        for sibling in element.itersiblings(preceding=True):
            if sibling.tail:
                lines.append(squeeze(sibling.tail))
            if sibling.tag == "head":
                return [line for line in lines if line]
            if isinstance(sibling.tag, str) and sibling.tag not in _SILENT and not hidden(sibling):
                lines.extend(reversed(_heading_lines(sibling)))
            if len(lines) >= limit:
                break
        element = element.getparent()
        if element is not None and element.text:
            lines.append(squeeze(element.text))
    return [line for line in lines if line]


def _heading_lines(element: Any) -> list[str]:
    reader = _Lines(skip_asides=False)
    if element.tag == "table":
        reader.table(element, 0)
    else:
        reader.walk(element)
    reader.break_line()
    return reader.lines


def _lines_after(element: Any, limit: int = 25) -> tuple[list[str], list[Any]]:
    """Lines below the article, and the links in boxes of files below it."""
    lines: list[str] = []
    links: list[Any] = []
    for _ in range(4):
        if element is None or element.tag == "body":
            break
        if element.tail:
            lines.append(squeeze(element.tail))
        for sibling in element.itersiblings():
            if not isinstance(sibling.tag, str) or sibling.tag in _SILENT:
                continue
            kind = role(sibling)
            if kind == "files" or (sibling.tag in ("p", "ul", "div", "table") and kind != "aside"):
                links.extend(sibling.iter("a"))
            if kind != "files" and not hidden(sibling) and len(lines) < limit:
                lines.extend(_heading_lines(sibling))
        element = element.getparent()
    return [line for line in lines if line][:limit], links


_INFO_LINE = re.compile(
    r"(?:^|[\s|】\])）]|发\s*布|公\s*布|刊\s*发|发\s*表|更\s*新|公\s*开)(?:时\s*间|日\s*期)(?:发布)?\s*[:：]\s*(?:19|20)\d\d\s*[-/.年]|^(?:信息|文章|稿件)?来\s*源\s*[:：]|(?:19|20)\d\d[-/年]\d{1,2}[-/月]\d{1,2}.{0,60}来\s*源\s*[:：]|来\s*源\s*[:：].{0,60}(?:19|20)\d\d[-/年]\d{1,2}[-/月]\d{1,2}"
)
_BUTTON = re.compile(
    r"分享(?:到|至)?|字[号体](?:大小)?|打印(?:本页|页面|正文|文章)?|关闭(?:本页|窗口|页面)?|收藏|(?:浏览|阅读|点击|访问)(?:次数|人数|数|量|率)?|\d*次|背景颜色|视力保护色?|返回(?:顶部|列表)?|TOP|下载|保存|纠错|"
    r"新媒体|当前位置.*|您(?:现在|当前)?(?:的|所在)位置.*|扫(?:一扫|码|描)[^，。]{0,16}|用?手机[^，。]{0,12}|微信|微博|QQ(?:空间)?|页面已归档|已归档|无障碍|朗读|语音播报|全真版|文字版|文件下载|(?:相关)?附\s*件(?:下载)?|[大中小](?=\W|$)|[×X]",
    re.I,
)


def _is_buttons(line: str) -> bool:
    """Whether a line holds the labels of buttons and nothing else."""
    if len(line) > 90:
        return False
    rest, buttons = _BUTTON.subn("", line)
    return buttons > 0 and not re.search(r"\w", rest)


_EDITOR = re.compile(r"^[\[【(（\s]*(?:责任编辑|责\s*编|编\s*辑|责任?校对|审核人?|校对|录入|供稿|初审|终审|复审|监制|编审)\s*[:：].{0,40}$")
_STOP = re.compile(
    r"^(?:上一[篇条页]|下一[篇条页]|(?:相关|延伸|推荐|热点|关联)(?:链接|文档|信息|新闻|阅读|文章|稿件|解读|附件|政策|推荐|文件|内容)\s*[:：>》]*$|您访问的链接即将离开|扫一扫|附件下载|分享到|打印本页|网站声明|版权所有|主办单位|主办[:：]|友情链接|网站地图)"
)


def _cut_head(article: Article) -> None:
    """Lines of title, date and source at the head of the container go to what stands before the article."""
    lines = article.paragraphs
    last = -1
    for i, line in enumerate(lines[:12]):
        if len(line) <= 160 and _INFO_LINE.search(line):
            last = i
    while last + 1 < len(lines) and last >= 0 and _is_buttons(lines[last + 1]):
        last += 1
    if last >= 0 and sum(map(len, lines[:last])) < 500:
        article.before = [*reversed(lines[: last + 1]), *article.before]
        article.paragraphs = lines[last + 1 :]
    while article.paragraphs and _is_buttons(article.paragraphs[0]):
        article.paragraphs.pop(0)


def _cut_tail(article: Article) -> None:
    """Buttons, exit notices, editor lines and lists of other articles at the end of the container go."""
    lines = article.paragraphs
    for i in range(len(lines) // 2, len(lines)):
        if _STOP.match(lines[i]) and len(lines[i]) < 60 and not any(len(line) > 80 for line in lines[i + 1 :]):
            article.after = lines[i:] + article.after
            del lines[i:]
            break
    while lines and (_is_buttons(lines[-1]) or _EDITOR.match(lines[-1])):
        article.after.insert(0, lines.pop())


# --- documents -------------------------------------------------------------------------------------------------------


def unwrap(url: str) -> str:
    """The document behind a viewer's address: `viewer.html?file=…`."""
    query = urlsplit(url).query
    if "file=" in query.lower():
        for key, values in parse_qs(query).items():
            if key.lower() in ("file", "fileurl") and ("/" in values[0]) and _FILE_URL.search(values[0]):
                return urljoin(url, values[0])
    return url


def _is_document(href: str) -> bool:
    return bool(_FILE_URL.search(href) or _DOWNLOAD_URL.search(href))


def _absolute(base: str, href: str) -> str | None:
    try:
        url = unwrap(urljoin(base, href.strip()))
        return url if urlsplit(url).scheme in ("http", "https") else None
    except ValueError:
        return None


def media_type(url: str) -> str | None:
    """The media type that the end of an address promises, None where it promises none."""
    return _MEDIA.get(urlsplit(url).path.rpartition(".")[2].lower())


def _attachments(links: list[Any], base: str) -> list[Attachment]:
    found: dict[str, Attachment] = {}
    for link in links:
        href = link.get("href")
        if not href or not _is_document(href):
            continue
        url = _absolute(base, href)
        if url and url not in found:
            name = squeeze("".join(link.itertext())) or squeeze(link.get("title") or "") or url.rpartition("/")[2]
            found[url] = Attachment(url=url, name=name, media_type=media_type(url))
    return list(found.values())


_SCRIPTED = re.compile(r"""\bvar\s+(?:has|is|_)?(?:fj|fujian|x?appendix(?:s|es|list)?|attach\w*|files?|filelist)\w*\s*=\s*(['"])((?:\\.|(?!\1).){8,4000})\1""", re.I | re.S)
_SCRIPTED_LINK = re.compile(r"""href\s*=\s*\\?["']?([^"'\\>\s]+)[^>]*>(.*?)</a""", re.I | re.S)
_TAGS = re.compile(r"<[^>]*>")


def _scripted_attachments(source: str, base: str, known: set[str]) -> list[Attachment]:
    """Documents in lists that a script writes: `var hasFJ='<a href="./P0….pdf">…</a><BR/>…'`."""
    found: list[Attachment] = []
    if "var " not in source:
        return found
    for _, literal in _SCRIPTED.findall(source):
        for href, name in _SCRIPTED_LINK.findall(literal):
            url = _absolute(base, href) if _is_document(href) else None
            if url and url not in known:
                known.add(url)
                found.append(Attachment(url=url, name=squeeze(_TAGS.sub("", name)), media_type=media_type(url)))
    return found


def _images(images: list[Any], base: str) -> list[Attachment]:
    found: dict[str, Attachment] = {}
    for image in images:
        src = image.get("src") or ""
        if not src or src.startswith("data:") or re.search(r"icon|logo|/images/|button|blank|spacer|\.gif$", src, re.I):
            continue
        url = _absolute(base, src)
        if url and url not in found:
            name = squeeze(image.get("alt") or image.get("title") or "") or url.rpartition("/")[2]
            found[url] = Attachment(url=url, name=name, media_type=media_type(url))
    return list(found.values())


_LISTED_FILE = re.compile(r"^(?:附\s*件\s*\d*\s*[:：]?)?\s*(?:\d+\s*[.、．])?\s*\S.*\.(?:pdf|docx?|xlsx?|wps|ofd|zip|rar)\s*$", re.I)
_FILES_HEAD = re.compile(r"^附\s*件(?:下载)?\s*[:：]?$")


def _cut_attachment_lines(article: Article) -> None:
    """Lines that hold nothing but the names of attached documents are no text."""
    names = {re.sub(r"\W", "", a.name) for a in article.attachments}
    kept: list[str] = []
    for line in article.paragraphs:
        bare = re.sub(r"\W", "", re.sub(r"^(?:附\s*件\s*\d*\s*[:：]?)?\s*(?:\d+\s*[.、．])?", "", line))
        if bare and bare in names:
            continue
        kept.append(line)
    article.paragraphs = kept
    while kept and (_FILES_HEAD.match(kept[-1]) or (_LISTED_FILE.match(kept[-1]) and len(kept[-1]) < 100)):
        kept.pop()


# --- split articles --------------------------------------------------------------------------------------------------

_CREATE_PAGE = re.compile(r"""createPage(?:HTML)?\(\s*(\d+)\s*,\s*(\d+)\s*,\s*["']([^"']+)["']\s*,\s*["'](\w+)["']""")


def further_pages(document: Document) -> list[str]:
    """Addresses of pages 2, 3 … of an article split by `createPageHTML(count, current, name, extension)` (TRS).

    The call on a listing, whose name is not the page's own, gives none; neither does a page that is itself a later part.
    """
    found = _CREATE_PAGE.search(document.source) if "createPage" in document.source else None
    if found is None:
        return []
    count, current, name, extension = int(found[1]), int(found[2]), found[3], found[4]
    last = urlsplit(document.url).path.rpartition("/")[2]
    if current != 0 or not 1 < count < 200 or last != f"{name}.{extension}" or name == "index":
        return []
    return [urljoin(document.url, f"{name}_{i}.{extension}") for i in range(1, count)]


def iter_lines(article: Article) -> Iterator[str]:
    """Lines around the article, those above first."""
    yield from article.before
    yield from article.after
