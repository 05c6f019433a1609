"""What an element is for, by its tag, class, id and style: the article, a box beside it, a list of files, or hidden."""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache
from typing import Any

from lxml import etree

_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_TAGS_WITH_A_ROLE = ("ucapcontent", "nav", "footer")


class BoxRole(StrEnum):
    """What a box is there for."""

    ARTICLE = "article"
    """It holds the article and nothing else."""
    ASIDE = "aside"
    """It is not part of the article: menus, buttons, lists of other pages."""
    FILES = "files"
    """It lists the files attached to the article."""
    UNKNOWN = "unknown"


_FOOTER_TEXT = re.compile(
    r"网站标识码|ICP备|公网安备|公安备案|版权所有|技术支持|主办(?:单位)?\s*[:：]|承办(?:单位)?\s*[:：]|协办(?:单位)?\s*[:：]|网站地图|最佳浏览|浏览器(?:版本)?|建议使用|免责声明"
)
SENTENCE_MARK = re.compile(r"[，。；、：！？,;]")
string_of = etree.XPath("string()", smart_strings=False)
text_size = etree.XPath("string-length(normalize-space())")


# Containers that hold an article and nothing else, by the words of class and id: of TRS (trs_editor, zoom), UCAP
# (ucapcontent), Hanweb (zoom, ivs_content), Epoint (ewb-article-info), EasySite, VSB (vsb_content, v_news_content),
# WeChat (js_content, rich_media_content), and names that portals choose themselves
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
# Boxes beside the article, inside its container or around it: sharing, printing, QR codes, paths, menus, related pages
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


@lru_cache(maxsize=4096)
def _role(tag: str, id_: str | None, class_: str | None) -> BoxRole:
    name = f"{id_ or ''} {class_ or ''}"
    words = name.split()
    if tag == "ucapcontent" or any(_ARTICLE.fullmatch(word) for word in words):
        return BoxRole.ARTICLE
    if tag in ("nav", "footer") or "hide" in words or "hidden" in words:
        return BoxRole.ASIDE
    if _FILES.search(name):
        return BoxRole.FILES
    return BoxRole.ASIDE if _ASIDE.search(name) else BoxRole.UNKNOWN


def role(element: Any) -> BoxRole:
    """What the tag, class and id of an element say it is for."""
    id_, class_ = element.get("id"), element.get("class")
    if id_ is None and class_ is None and element.tag not in _TAGS_WITH_A_ROLE:
        return BoxRole.UNKNOWN
    return _role(element.tag, id_, class_)


def is_hidden(element: Any) -> bool:
    """Whether the element's own style hides it."""
    style = element.get("style")
    return style is not None and style_hides(style)


@lru_cache(maxsize=4096)
def style_hides(style: str) -> bool:
    """Whether a style attribute hides its element."""
    return _HIDDEN.search(style) is not None


def holds_text(element: Any) -> bool:
    """Whether a box holds whole paragraphs or a large table, whatever its class says."""
    if sum(1 for _ in element.iter("td")) > 20:
        return True
    return text_size(element) > 60 and any(
        len(text) > 60 and len(SENTENCE_MARK.findall(text)) > 1 for text in element.itertext()
    )


def is_footer_text(text: str) -> bool:
    """Whether a text is that of the site's footer, whatever its box is called."""
    return len(text) < 400 and _FOOTER_TEXT.search(text) is not None


def is_headed_attachments(box: Any) -> bool:
    """Whether the text of a box begins with 附件, whatever its class says."""
    return "附件" in string_of(box)[:40]
