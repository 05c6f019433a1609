"""The documents of an article, by the absolute address that a browser would ask for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl, unquote, unquote_to_bytes, urlsplit

from archive.json_text import parsed
from archive.media_types import DOCUMENT_EXTENSIONS, PICTURE_EXTENSIONS, any_extension, media_type_of
from archive.model import Attachment
from archive.urls import browser_url
from pipelines.blanks import collapse_blanks
from pipelines.html.boxes import string_of
from pipelines.html.embedded import unescaped

_FILE_URL = re.compile(rf"{any_extension(DOCUMENT_EXTENSIONS)}\s*(?:$|[?#&;])", re.IGNORECASE)
_PICTURE_URL = re.compile(rf"{any_extension(PICTURE_EXTENSIONS)}\s*(?:$|[?#])", re.IGNORECASE)
# addresses of downloads that end in no extension (Hanweb, NFCMS, viewers)
_DOWNLOAD_URL = re.compile(
    r"/downfile\.jsp\?|/module/download/|/download(?:file)?(?:\.\w+)?\?|/attachment/\d|[?&](?:file|filename)=[^&]+\.\w{2,5}",
    re.IGNORECASE,
)
_NAMED_DOCUMENT = re.compile(rf"\w{any_extension(DOCUMENT_EXTENSIONS)}[\s)）】\]]*$", re.IGNORECASE)
"""A text that names a document: where its link goes to no page, it goes to the document."""
_PAGE_URL = re.compile(r"\.(?:s?html?|xhtml)(?:$|[?#])|^\s*(?:#|mailto:|tel:)|^\s*$", re.IGNORECASE)
_VIEWER = re.compile(
    r"viewer|pdf_?js|preview|flexpaper|online_?(?:view|read)|/op/(?:view|embed)|/view/url|\.html?$", re.IGNORECASE
)
"""Paths of pages that show the document which a parameter names; other pages with such a parameter send it."""
_VIEWED = frozenset(("file", "fileurl", "src", "url", "furl", "pdf", "pdfurl", "filepath", "doc", "path"))
_ADDRESSES = ("href", "src", "data", "data-src", "data-href", "data-url")
"""Attributes in which links and viewers have their address."""
_SCRIPT = re.compile(r"\s*javascript:", re.IGNORECASE)
_QUOTED = re.compile(
    r"""/\*.*?(?:\*/|\Z)|(?<!:)//[^\n]*|"((?:[^"\\\n]|\\.){3,500}+)"|'((?:[^'\\\n]|\\.){3,500}+)'""", re.DOTALL
)
"""Strings of a script, and its comments, which are skipped."""


def absolute(base: str, href: str, charset: str = "utf-8") -> str | None:
    """The web address of a link, of a viewer's (`viewer.html?file=…`) that of its file; None where the link has no web address."""
    try:
        url = browser_url(base, href, charset)
        parts = urlsplit(url)
        if parts.query and _VIEWER.search(parts.path):
            for name, value in parse_qsl(parts.query):
                if name.lower() in _VIEWED and "/" in value and _FILE_URL.search(value):
                    url = browser_url(url, value)
                    break
        return url if urlsplit(url).scheme in ("http", "https") else None
    except ValueError:
        return None


def is_document(href: str) -> bool:
    """Whether a link leads to a document rather than a page."""
    if _FILE_URL.search(href) or _DOWNLOAD_URL.search(href):
        return True
    return "%" in href and "?" in href and _FILE_URL.search(unquote(href)) is not None


def named_by_script(code: str) -> str | None:
    """The document's address that a call names, `downLoad('/files/nb.docx')`; None where it names none."""
    strings = list(_strings(code))
    named = list(filter(is_document, strings))
    if not named or (whole := next((value for value in named if "/" in value or "\\" in value), None)):
        return whole if named else None
    return next((value for value in strings if value.endswith("/")), "") + named[0]


def _strings(code: str) -> Iterator[str]:
    return (unescaped(value) for pair in _QUOTED.findall(code) if (value := "".join(pair)))


_DISPOSITION = re.compile(
    r"""filename\*\s*=\s*([\w-]+)'[^']*'([^;]+)|filename\s*=\s*(?:"([^"]*)"|([^;]+))""", re.IGNORECASE
)


def file_name(headers: list[tuple[str, str]]) -> str | None:
    """The file name in Content-Disposition, which servers send percent-encoded, or raw in UTF-8 or GB 18030."""
    said = next((value for name, value in headers if name.lower() == "content-disposition"), "")
    names: list[str] = []
    for charset, encoded, quoted, bare in _DISPOSITION.findall(said):
        raw = unquote_to_bytes(encoded or quoted or bare.strip()) if said.isascii() else None
        raw = (quoted or bare.strip()).encode("latin-1", "replace") if raw is None else raw
        for encoding in (charset or "utf-8", "gb18030"):
            try:
                name = collapse_blanks(raw.decode(encoding)).replace("\\", "/").rpartition("/")[2]
            except (UnicodeDecodeError, LookupError):
                continue
            names.insert(0 if charset else len(names), name)
            break
    return next(filter(None, names), None)


def documents(links: Iterable[Any], base: str, charset: str = "utf-8") -> list[Attachment]:
    """The documents among links, viewers (iframe, embed, object) and elements that a click takes to one, each once."""
    return attachments(
        ((href, _name(link)) for link in links if (href := document_address(link)) is not None), base, charset
    )


def document_address(link: Any) -> str | None:
    """Where an element leads, if that is a document: by its address, by what a click on it calls, or by its name."""
    for name in _ADDRESSES:
        if not (address := link.get(name)):
            continue
        if _SCRIPT.match(address):
            if (named := named_by_script(address)) is not None:
                return named
        elif is_document(address):
            return str(address)
    if (code := link.get("onclick")) and (named := named_by_script(code)) is not None:
        return named
    if link.tag == "object":
        values = (parameter.get("value") or "" for parameter in link.iter("param"))
        return next(filter(is_document, values), None)
    return _named_address(link) if link.tag == "a" else None


def _named_address(link: Any) -> str | None:
    """Where a link leads whose address tells nothing, if its text, its `download` or a picture at its end does."""
    href = link.get("href")
    if href is None or _PAGE_URL.search(href) or _SCRIPT.match(href):
        return None
    if _PICTURE_URL.search(href):
        return None if len(link) and next(link.iter("img"), None) is not None else str(href)
    text = string_of(link) or link.get("title") or ""
    return str(href) if link.get("download") is not None or _NAMED_DOCUMENT.search(text) else None


def _name(link: Any) -> str:
    text = collapse_blanks(string_of(link)) if link.tag not in ("object", "iframe") else ""
    return text or collapse_blanks(link.get("title") or link.get("download") or link.get("value") or "")


def attachments(named: Iterable[tuple[str, str]], base: str, charset: str) -> list[Attachment]:
    """Attachments by address and name, the first of each address; without a name they have the end of the address."""
    found: dict[str, Attachment] = {}
    for href, name in named:
        url = absolute(base, href, charset)
        if url and url not in found:
            found[url] = Attachment(url=url, name=name or url.rpartition("/")[2], media_type=media_type_of(url))
    return list(found.values())


_VARIABLE = re.compile(
    r"""var\s+_?(?i:has|is)?_?(?i:fj|fujian|x?appendix(?:s|es|list)?|attach|files?|filelist)\w*\s*=\s*(?:"((?:[^"\\]|\\.){8,4000}+)"|'((?:[^'\\]|\\.){8,4000}+)')""",
    re.DOTALL,
)
_ANCHOR = re.compile(r"""href\s*=\s*\\?["']?([^"'\\>\s]++)[^>]*+>(.*?)<\\?/a""", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[^>]*>")


def scripted_documents(scripts: str, base: str, charset: str = "utf-8") -> list[Attachment]:
    """Documents in lists that a script writes, `var hasFJ='<a href="./P0….pdf">…</a><BR/>…'`, as some TRS portals have."""
    if "href" not in scripts:
        return []
    anchors = (anchor for pair in _VARIABLE.findall(scripts) for anchor in _ANCHOR.findall("".join(pair)))
    return attachments(
        ((href, collapse_blanks(_TAG.sub("", name))) for href, name in anchors if is_document(href)), base, charset
    )


def listed_documents(listed: Any, base: str, charset: str = "utf-8") -> list[Attachment]:
    """Documents in a list of names and addresses, as JSON, as a gkmlpt page has them in `DETAIL.attachment`."""
    if isinstance(listed, str):
        with suppress(ValueError):  # on some sites the list is itself a text of JSON
            listed = parsed(listed)
    if isinstance(listed, dict):
        listed = list(listed.values())
    rows = [row for row in listed if isinstance(row, dict)] if isinstance(listed, list) else []
    named = ((str(row.get("url") or ""), collapse_blanks(str(row.get("name") or ""))) for row in rows)
    return attachments(
        ((href, name) for href, name in named if href and (is_document(href) or is_document(name))), base, charset
    )


def shown_by_script(scripts: str) -> Iterator[str]:
    """The documents that a script names, for pages that show nothing but a viewer: `PDFObject.embed("/nb.pdf")`."""
    return (value for value in _strings(scripts) if _FILE_URL.search(value) and "<" not in value)
