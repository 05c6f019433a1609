"""Elements → lines of text: block tags break a line, inline tags do not, a table row is one line.

The tree is serialised in C and cut up with few regular expressions; walking it in Python costs as much as parsing it
several times over. `clean` therefore changes the tree: it takes out what no reader sees.
"""

from __future__ import annotations

import html
import re
from functools import lru_cache
from typing import Any

from lxml import etree

SILENT = (
    "script",
    "style",
    "noscript",
    "template",
    "select",
    "textarea",
    "button",
    "iframe",
    "object",
    "svg",
    "canvas",
    "input",
    "video",
    "audio",
)
_PRESENTATION = (
    "style",
    "class",
    "lang",
    "align",
    "valign",
    "width",
    "height",
    "bgcolor",
    "border",
    "cellpadding",
    "cellspacing",
    "face",
    "size",
    "color",
    "nowrap",
    "dir",
)
_GONE = "gone"
"""The tag of what is taken out: lxml then removes it and keeps the text behind it, control characters and all."""
_INLINE = ("span", "font", "strong", "b", "em", "i", "u", "o:p", "big", "tt", "ins", "label")
_BOXES = ("div", "ul", "ol", "dl", "section", "table", "form", "aside", "nav", "footer", "header")

_BLANKS = re.compile(r"[\s\u00a0\u1680\u2000-\u200f\u2028-\u202f\u205f\u2060\u3000\ufeff]+")
_INVISIBLE = "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_BREAK = re.compile(
    r"</?(?:p|br|div|t[rdh]|t(?:able|body|head|foot)|li|[uod]l|d[dt]|h[1-6r]|section|article|aside|header|footer|main|nav|center|form|fieldset|"
    r"blockquote|pre|figure|figcaption|caption|address|option|ucap\w+|body|title)(?:\s[^>]*)?/?>"
)
_TAG = re.compile(r"<[^>]*>")
_LABEL_AND_VALUE = re.compile(r"(?<=[:：])\s*</dt>\s*<dd[^>]*>")
_LONG_CELL = 200
"""A cell of more characters, on several lines, is layout, and its lines are lines of the page."""
_TELLING = ("ucapcontent", "nav", "footer")
SENTENCE_MARK = re.compile(r"[，。；、：！？,;]")
string = etree.XPath("string()")
_styled = etree.XPath("descendant::*[@style]")
text_size = etree.XPath("string-length(normalize-space())")

# Containers that hold an article and nothing else, by the words of class and id
_ARTICLE = re.compile(
    r"trs_editor|trs_ueditor|trs_editor_view|trs_autoadd\w*|zoom|zoomcon|fontzoom|ucapcontent|cmsarticlecontent|news_?content|"
    r"(?:j-)?fontcontent|newscontnet|bodylabel|ivs_content|m-txt-article|article[-_]?(?:con|cont|content|body|txt|text|main|detail)|"
    r"content[-_]?article|content[-_]?txt|pages_content|detail[-_]?(?:con|content|text|body|article)|text[-_]?content|"
    r"con(?:t|tent)?[-_]?text|art[-_]?(?:con|content|main|body)|wz[-_]?(?:con|content|nr|zw)|xl[-_]?nr|main[-_]?text|zw[-_]?(?:con|content|nr)|"
    r"conzynr|tyxxy_main|news_cont_d_wrap|easysite-news-text|easysite-news-content|ewb-article-info|articl?econtent|zhengwen|nr_?con|"
    r"info[-_]?(?:con|content|text)|view_?con(?:tent)?|show_?con(?:tent)?|xxgk[-_]?con(?:tent)?|gp-article|newsbody|contentbody|"
    r"ucap-content|vsb_content\w*|v_news_content|js_content|rich_media_content|textbody|news[-_]?(?:con|cont|text|body|detail)",
    re.IGNORECASE,
)
# Boxes beside the article, inside its container or around it
_ASIDE = re.compile(
    r"\b(?:bd|j-|m-)?share|jiathis|bshare|fenxiang|\bfx[-_]|qr_?code|\bewm|erweima|\bqr\b|qr_(?:container|wrap)|\bprint(?:er|_?btn|_?box)?\b|dayin|"
    r"crumb|\b(?:cur)?(?:position|place|path|mb)\b|\bcurmb|\blocation\b|\bnav(?:bar|list|igation)?\b|\bmenu|\bfoot(?:er)?\b|copyright|friend(?:ly)?[-_]?link|"
    r"side_?bar|\btop_?bar|\blogin|\bsearch|\brel(?:ated|ative)?[-_]?(?:docs?|links?|news|read|list|infos?|articles?)\b|relatedlinks|\bxg(?:wz|xw|lj|yd|jd|wd|zc)\b|"
    r"relevant|recommend|hot[-_]?news|\b(?:pagination|pager|page[-_]?(?:box|bar|num|nav|list))\b|fenye|comment|pinglun|font[-_]?(?:size|zoom)|jiucuo|"
    r"article-gn|article_documents|content_extended|\bgbym\b|\balert\b|feedback|\bzrbj\b|bianji|toolbar|shoucang",
    re.IGNORECASE,
)
_FILES = re.compile(
    r"attach|fujian|\bfj\b|\bfj[-_]|[-_]fj\b|xgfj|fjxz|appendix|enclosure|downloadfile|\bdownload\b|filelist|annex|relfile|filerider|[-_]files?\b",
    re.IGNORECASE,
)


def squeeze(text: str) -> str:
    """Blanks of every kind and invisible characters become one blank."""
    return _BLANKS.sub(" ", text).strip()


@lru_cache(maxsize=4096)
def _role(tag: str, id_: str | None, class_: str | None) -> str:
    name = f"{id_ or ''} {class_ or ''}"
    words = name.split()
    if tag == "ucapcontent" or any(_ARTICLE.fullmatch(word) for word in words):
        return "article"
    if tag in ("nav", "footer") or "hide" in words or "hidden" in words:
        return "aside"
    return "files" if _FILES.search(name) else "aside" if _ASIDE.search(name) else ""


def role(element: Any) -> str:
    """What tag, class and id say of a box: article, aside, files or nothing."""
    id_, class_ = element.get("id"), element.get("class")
    return "" if id_ is None and class_ is None and element.tag not in _TELLING else _role(element.tag, id_, class_)


def hidden(element: Any) -> bool:
    """Whether the element's own style hides it."""
    style = element.get("style")
    return style is not None and _hides(style)


@lru_cache(maxsize=4096)
def _hides(style: str) -> bool:
    return _HIDDEN.search(style) is not None


def wordy(element: Any) -> bool:
    """Whether a box holds whole paragraphs or a large table, whatever its name says."""
    if sum(1 for _ in element.iter("td")) > 20:
        return True
    return text_size(element) > 60 and any(
        len(text) > 60 and len(SENTENCE_MARK.findall(text)) > 1 for text in element.itertext()
    )


def names_files(box: Any) -> bool:
    """Whether a box is headed 附件, whatever its class says."""
    return "附件" in string(box)[:40]


def clean(element: Any, *, asides: bool = True, hides: bool = True) -> list[Any]:
    """Take out of an element what is not shown, and with `asides` the boxes beside an article; gives the boxes of files.

    `hides` False promises that no style in the document hides anything.
    """
    etree.strip_elements(element, *SILENT, with_tail=False)
    files: list[Any] = []
    gone = False
    for box in list(element.iter(*_BOXES)) if asides else ():
        kind = role(box)
        if box is not element and kind in ("aside", "files") and not wordy(box):
            if kind == "files" or names_files(box):
                files.append(box)
            box.tag, gone = _GONE, True
    if hides:
        for inner in _styled(element):
            style = inner.get("style")
            if ("none" in style or "idden" in style or "NONE" in style) and _hides(style):
                inner.tag, gone = _GONE, True
    if gone:
        etree.strip_elements(element, _GONE, with_tail=False)
    return files


def simplify(element: Any) -> None:
    """Take out of a large element what its lines do not need: most of the markup that an editor leaves.

    Changes no line; it spares `lines` and the reading of tables more time than it takes.
    """
    etree.strip_tags(element, *_INLINE)
    etree.strip_attributes(element, *_PRESENTATION)


def lines(element: Any) -> list[str]:
    """The lines of a cleaned element."""
    markup = etree.tostring(element, encoding="unicode", with_tail=False).replace("\n", " ")
    while (start := markup.rfind("<table")) >= 0:
        # the last table to begin holds no other
        end = markup.find("</table>", start)
        end = end if end >= 0 else len(markup)
        markup = f"{markup[:start]}\n{_rows(markup[start:end])}\n{markup[end + 8 :]}"
    if "</dt>" in markup:
        markup = _LABEL_AND_VALUE.sub("", markup)
    text = _TAG.sub("", _BREAK.sub("\n", markup))
    if "&" in text:
        text = html.unescape(text)
    for character in _INVISIBLE:
        if character in text:
            text = text.replace(character, "")
    return [line for raw in text.split("\n") if (line := " ".join(raw.split()))]


def _rows(table: str) -> str:
    """Rows of a table's markup as lines; cells joined by a blank, the paragraphs within a cell by nothing."""
    plain = table.replace("</tr>", "\x1e").replace("</td>", " ").replace("</th>", " ")
    for tag in ("<tr>", "<td>", "<p>", "</p>"):
        plain = plain.replace(tag, "")  # what a table has most of, at a tenth of the pattern's cost
    plain = _TAG.sub("", plain)
    rows = plain.split("\x1e")
    if "\n" not in plain and len(max(rows, key=len)) <= _LONG_CELL:
        return "\n".join(rows)
    return "\n".join(map(_row_of_long_cells, table.split("</tr>")))


def _row_of_long_cells(row: str) -> str:
    pieces: list[str] = []
    for cell in row.replace("</th>", "</td>").split("</td>"):
        parts = [part for raw in _TAG.sub("", _BREAK.sub("\n", cell)).split("\n") if (part := raw.strip())]
        layout = "\n" in cell or (len(parts) > 1 and sum(map(len, parts)) > _LONG_CELL)
        pieces.append("\n" + "\n".join(parts) + "\n" if layout else "".join(parts) + " ")
    return "".join(pieces)
