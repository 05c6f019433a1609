"""The documents and pictures of an article, by absolute address."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs, unquote_to_bytes, urlsplit

from archive.media_types import DOCUMENT_EXTENSIONS, any_extension, media_type_of
from archive.model import Attachment
from archive.urls import browser_url
from pipelines.blanks import collapse_blanks

_FILE_URL = re.compile(rf"{any_extension(DOCUMENT_EXTENSIONS)}(?:$|[?#])", re.IGNORECASE)
# addresses of downloads that end in no extension (Hanweb, NFCMS, viewers)
_DOWNLOAD_URL = re.compile(
    r"/downfile\.jsp\?|/module/download/|/download(?:file)?(?:\.\w+)?\?|/attachment/\d|[?&](?:file|filename)=[^&]+\.\w{2,5}",
    re.IGNORECASE,
)
_DECORATION = re.compile(r"icon|logo|/images/|button|blank|spacer|qrcode|\.gif$", re.IGNORECASE)


def absolute(base: str, href: str, charset: str = "utf-8") -> str | None:
    """The web address of a link, of a viewer's (`viewer.html?file=…`) that of its file; None where the link has no web address."""
    try:
        url = browser_url(base, href, charset)
        parts = urlsplit(url)
        if "file" in parts.query.lower():
            for name, values in parse_qs(parts.query).items():
                if name.lower() in ("file", "fileurl") and _FILE_URL.search(values[0]) and "/" in values[0]:
                    url = browser_url(url, values[0])
        return url if urlsplit(url).scheme in ("http", "https") else None
    except ValueError:
        return None


def is_document(href: str) -> bool:
    """Whether a link leads to a document rather than a page."""
    return bool(_FILE_URL.search(href) or _DOWNLOAD_URL.search(href))


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
    """The documents among links and viewers (iframe, embed, object), each once."""
    return _attachments(
        (
            (href, collapse_blanks("".join(link.itertext())) or collapse_blanks(link.get("title") or ""))
            for link in links
            if (href := link.get("href") or link.get("src") or link.get("data")) and is_document(href)
        ),
        base,
        charset,
    )


def pictures(images: Iterable[Any], base: str, charset: str = "utf-8") -> list[Attachment]:
    """The pictures among images, each once, without icons."""
    return _attachments(
        (
            (source, collapse_blanks(image.get("alt") or image.get("title") or ""))
            for image in images
            if (source := image.get("src")) and not source.startswith("data:") and not _DECORATION.search(source)
        ),
        base,
        charset,
    )


def _attachments(named: Iterable[tuple[str, str]], base: str, charset: str) -> list[Attachment]:
    """Attachments by address and name, the first of each address; without a name they have the end of the address."""
    found: dict[str, Attachment] = {}
    for href, name in named:
        url = absolute(base, href, charset)
        if url and url not in found:
            found[url] = Attachment(url=url, name=name or url.rpartition("/")[2], media_type=media_type_of(url))
    return list(found.values())


_VARIABLE = re.compile(
    r"""var\s+_?(?i:has|is)?_?(?i:fj|fujian|x?appendix(?:s|es|list)?|attach|files?|filelist)\w*\s*=\s*(['"])((?:\\.|(?!\1).){8,4000})\1""",
    re.DOTALL,
)
_ANCHOR = re.compile(r"""href\s*=\s*\\?["']?([^"'\\>\s]+)[^>]*>(.*?)<\\?/a""", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[^>]*>")


def scripted_documents(scripts: str, base: str, charset: str = "utf-8") -> list[Attachment]:
    """Documents in lists that a script writes, `var hasFJ='<a href="./P0….pdf">…</a><BR/>…'`, as some TRS portals have."""
    if "href" not in scripts:
        return []
    anchors = (anchor for _, literal in _VARIABLE.findall(scripts) for anchor in _ANCHOR.findall(literal))
    return _attachments(
        ((href, collapse_blanks(_TAG.sub("", name))) for href, name in anchors if is_document(href)), base, charset
    )


def listed_documents(listed: Any, base: str, charset: str = "utf-8") -> list[Attachment]:
    """Documents in a list of names and addresses, as JSON, as a gkmlpt page has them in `DETAIL.attachment`."""
    if isinstance(listed, str):
        with suppress(ValueError):  # on some sites the list is itself a text of JSON
            listed = json.loads(listed)
    if isinstance(listed, dict):
        listed = list(listed.values())
    rows = [row for row in listed if isinstance(row, dict)] if isinstance(listed, list) else []
    named = ((str(row.get("url") or ""), collapse_blanks(str(row.get("name") or ""))) for row in rows)
    return _attachments(
        ((href, name) for href, name in named if href and (is_document(href) or is_document(name))), base, charset
    )
