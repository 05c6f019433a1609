"""Bytes → parsed page: its charset, its kind, its tree, and what its head and scripts say of it."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal

from lxml import etree

from archive.charset import decode
from archive.media_types import format_of
from archive.model import Page
from archive.urls import browser_url
from pipelines.errors import ReaderError


@dataclass(slots=True)
class ParsedPage:
    """A decoded page. `root` is its lxml tree, None for plain text, whose lines are in `source`."""

    url: str
    kind: Literal["html", "text"]
    encoding: str
    source: str = field(repr=False)
    root: Any = field(default=None, repr=False)
    base: str = ""
    """The address that relative ones start from: the page's own, or that of its `<base>`."""
    metas: dict[str, str] = field(default_factory=dict)
    """Content by name in lower case, since portals write ArticleTitle, articletitle, contentSource …; the first one counts."""
    scripts: str = field(default="", repr=False)
    """The text of the inline scripts: on some portals they write the source, attachments or the whole article."""
    has_hidden: bool = True
    """Whether any style on the page hides anything."""
    frames: list[Any] = field(default_factory=list, repr=False)
    """Its frames, which the search for the article takes out of the tree."""
    is_framed: bool = False
    """Whether this is what a page shows in a frame: it has no frame in its turn."""
    gkmlpt_detail: dict[str, Any] = field(default_factory=dict, repr=False)
    """The article as JSON, from `window._CONFIG.DETAIL` of a gkmlpt page; empty elsewhere."""


LARGEST_PAGE = 32 * 1024 * 1024
"""Bytes of a page that is read, as many as of a document."""
_FORMATS = {
    "pdf": "PDF",
    "zip": "a zip package (docx, xlsx, ofd …)",
    "ole": "an OLE document (doc, xls …)",
    "archive": "compressed data",
    "rtf": "RTF",
}
_UNREADABLE = re.compile(
    r"^\s*(?:image|audio|video|font)/|json|javascript|/css\b|pdf|msword|officedocument|ms-excel|zip", re.IGNORECASE
)
_CONTENT = re.compile(rb"\S")
_MARKUP = re.compile(r"<(?:!doctype|html|head|body|div|p|table|meta|script|span|br|h\d|ul|td|a)\b", re.IGNORECASE)


def parse_page(page: Page) -> ParsedPage:
    """Decode and parse a page.

    Raises ReaderError for an empty body and for formats that are not HTML or plain text.
    """
    content_type = page.content_type or ""
    _refuse_other_formats(page.body, content_type)
    source, encoding = _decode_without_nulls(page.body, content_type)
    if _is_plain_text(source, content_type):
        return ParsedPage(url=page.url, kind="text", encoding=encoding, source=source, base=page.url)
    root = _parse_utf8(_as_utf8(source, encoding, page.body))
    if root is None:
        raise ReaderError("no markup and no text")
    base, metas, scripts, frames = _head_of(root, page.url)
    return ParsedPage(
        url=page.url,
        kind="html",
        encoding=encoding,
        source=source,
        root=root,
        base=base,
        metas=metas,
        scripts=scripts,
        frames=frames,
        has_hidden=any(word in source and pattern.search(source) for word, pattern in _HIDING_STYLES),
        gkmlpt_detail=_gkmlpt_detail(scripts),
    )


def _refuse_other_formats(body: bytes, content_type: str) -> None:
    if len(body) > LARGEST_PAGE:
        raise ReaderError(f"{len(body)} bytes, more than the {LARGEST_PAGE} of a page that are read")
    if not _CONTENT.search(body):
        raise ReaderError("empty body")
    shown = format_of(body)
    if shown is not None:
        raise ReaderError(f"{_FORMATS.get(shown, 'a picture')} cannot be read as a page")
    if _UNREADABLE.search(content_type):
        raise ReaderError(f"{content_type} cannot be read as a page")


def _decode_without_nulls(body: bytes, content_type: str) -> tuple[str, str]:
    """The text without null characters and byte order mark, and the charset it was written in."""
    source, encoding = decode(body, content_type)
    if b"\0" in body:  # a look at the bytes is ten times as quick as one at the text
        source = source.replace("\0", "")
    return source.lstrip("\ufeff"), encoding


def _as_utf8(source: str, encoding: str, body: bytes) -> bytes:
    """A text in UTF-8: the body itself where it is that already, without a mark, nulls or a character that is cut or broken."""
    is_already = encoding == "utf-8" and body[:1].isascii() and body[-1:].isascii() and b"\0" not in body
    return body if is_already and "\ufffd" not in source else source.encode("utf-8", "replace")


def _is_plain_text(source: str, content_type: str) -> bool:
    """Whether a page is text without markup; servers that say text/plain or nothing may still send HTML."""
    if content_type and not content_type.lower().startswith("text/plain"):
        return False
    return not _MARKUP.search(source[:4096])


def _head_of(root: Any, url: str) -> tuple[str, dict[str, str], str, list[Any]]:
    """The base of relative addresses, the metas by name, the text of the inline scripts, and the frames."""
    base, metas, scripts, frames = url, dict[str, str](), list[str](), list[Any]()
    for element in root.iter("script", "meta", "base", "frame", "iframe"):  # one walk: each takes time
        if element.tag == "script":
            scripts.append(element.text or "")
        elif element.tag in ("frame", "iframe"):
            frames.append(element)
        elif element.tag == "base":
            with suppress(ValueError):  # a base that is no address counts for nothing
                base = browser_url(base, element.get("href") or "")
        elif (name := element.get("name")) and (content := (element.get("content") or "").strip()):
            metas.setdefault(name.strip().lower(), content)
    return base, metas, "\n".join(filter(None, scripts)), frames


_LARGE = 100_000
"""Bytes from which on a page is looked at for tags that libxml2 would take minutes for."""
_LONGEST_TAG = 20_000
"""Bytes of a tag without what stands in quotes: thousands of attributes, each compared with all before it."""
_TAG = re.compile(rb"<[A-Za-z][^<>\"']*+(?:(?:\"[^\"]*+\"|'[^']*+')[^<>\"']*+)*+")
_QUOTED = re.compile(rb"\"[^\"]*\"|'[^']*'")


def refuse_endless_tags(source: bytes) -> None:
    """Raises ReaderError for a page with a tag that has more attributes than any page has."""
    if len(source) < _LARGE:
        return
    for tag in _TAG.finditer(source):
        if tag.end() - tag.start() > _LONGEST_TAG and len(_QUOTED.sub(b"", tag[0])) > _LONGEST_TAG:
            raise ReaderError("a tag has more attributes than any page needs")


def parse_html(source: str) -> Any:
    """The tree of an HTML source, or None where there is none. Comments are left out: Word leaves many in pages.

    Raises ReaderError as `refuse_endless_tags` does.
    """
    return _parse_utf8(source.encode("utf-8", "replace"))


def _parse_utf8(source: bytes) -> Any:
    # libxml2 is fed UTF-8 whatever the page was, so that a wrong meta charset has no say
    parser = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True)
    refuse_endless_tags(source)
    try:
        return etree.fromstring(_without_early_end(source), parser)
    except etree.XMLSyntaxError:
        return None


_FIRST_END = re.compile(rb"</(?:html|body|HTML|BODY)")
_END = re.compile(rb"</(?:html|body)\s*>", re.IGNORECASE)
_NOTHING = re.compile(rb"(?:\s++|</(?:html|body)\s*+>|(?><!--.*?-->))*+\Z", re.IGNORECASE | re.DOTALL)


def without_early_end(source: str) -> str:
    """A page without end tags of html and body where more follows them: browsers show it, libxml2 stops there."""
    return _without_early_end(source.encode("utf-8", "replace")).decode()


def _without_early_end(source: bytes) -> bytes:
    first = _FIRST_END.search(source)
    if first is None or _NOTHING.match(source, first.start()):
        return source
    return _END.sub(b"", source)


# a pattern each, with a plain word before it: one pattern for all costs as much as parsing the page
_HIDING_STYLES = (
    ("isplay", re.compile(r"isplay\s*:\s*(?i:none)")),
    ("DISPLAY", re.compile(r"DISPLAY\s*:\s*(?i:none)")),
    ("visibility", re.compile(r"visibility\s*:\s*hidden")),
)
_DETAIL = re.compile(r"""DETAIL["']?\s*:\s*(?=\{)""")


def _gkmlpt_detail(scripts: str) -> dict[str, Any]:
    found = _DETAIL.search(scripts) if "_CONFIG" in scripts else None
    if found is None:
        return {}
    try:
        detail, _ = json.JSONDecoder().raw_decode(scripts, found.end())
    except ValueError:
        return {}
    return detail if isinstance(detail, dict) else {}
