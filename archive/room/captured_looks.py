"""A captured page as it looked: with the stylesheets and pictures that are archived, and with nothing that acts.

Nothing in the result leads out of the archive: a link goes to the archived page nearest in time, and one to what is not
archived goes to a page of the reading room that says so.
"""

from __future__ import annotations

import base64
import json
import re
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urldefrag, urlsplit

from lxml import etree, html
from lxml.html.clean import Cleaner

from archive import stylesheets
from archive.charset import decode
from archive.database import sql_words
from archive.room.captured_pages import CapturedBody, DamagedError, WithheldError, body, picture_type
from archive.urls import browser_url
from archive.vocabulary import DOCUMENT_OUTCOMES, Outcome

MAX_PICTURE_BYTES = 8_000_000
"""Bytes of all pictures that are set into one page."""
MAX_STYLE_CHARACTERS = 2_000_000
"""Characters of all stylesheets that are."""
MOST_IMPORTS = 3
"""Stylesheets that import one another in a row."""
LAZY = ("data-src", "data-original", "data-lazy-src", "data-lazy", "data-echo", "data-actualsrc", "data-url")
"""Where scripts look for the address of a picture once it comes into view."""
_LINKING = ("a", "area")
_ADDRESSING = frozenset(("href", "src", "action", "ping", "target", "formaction", "poster", "cite", "longdesc", "data"))
"""Attributes that name an address or a window; what is rewritten gets its own again."""
_ABSENT = (
    "a[data-absent]{text-decoration:underline dotted!important;cursor:help}"
    'a[data-absent]::after{content:"◌";font-size:.7em;vertical-align:super;margin-left:.1em}'
)
"""How a link looks that leads to what is not archived."""
_CLEANER = Cleaner(
    scripts=True,
    javascript=True,
    links=True,
    meta=True,
    embedded=True,
    frames=True,
    forms=True,
    processing_instructions=True,
    kill_tags=("base", "video", "audio", "source", "track"),
    comments=True,
    style=False,
    page_structure=False,
    annoying_tags=False,
    remove_unknown_tags=False,
    safe_attrs_only=False,
)
"""Takes out what would run, submit or be fetched; what the page says and how it looks stays."""
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*>")
"""Of XHTML, which lxml refuses in a text."""
_LONG_TAG = re.compile(r"<([a-zA-Z][\w:-]*)([^<>]{4000,})")
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
_MUCH_NAMED = 20_000
"""Characters of an element's attributes, their values left out, from which it is shown without any: parsers take a time
that grows with the square of their number."""
_NEAREST = f"""
SELECT url, id, requested_at FROM captures
WHERE url IN (SELECT value FROM json_each(?)) AND method = 'GET' AND sha256 IS NOT NULL
    AND outcome IN ({sql_words(DOCUMENT_OUTCOMES)})
"""  # noqa: S608 - words of the vocabulary
_LEADS_TO = f"""
SELECT url, redirect_url FROM captures
WHERE url IN (SELECT value FROM json_each(?)) AND outcome = '{Outcome.REDIRECT}' AND redirect_url IS NOT NULL
ORDER BY requested_at
"""  # noqa: S608 - a word of the vocabulary


@dataclass(slots=True)
class Parsed:
    """A captured page as a tree, its scripts still in it, and what it names, as absolute addresses."""

    root: html.HtmlElement
    base: str
    charset: str
    sheets: list[tuple[html.HtmlElement, str]] = field(default_factory=list)
    """The elements that link stylesheets."""
    pictures: list[tuple[html.HtmlElement, list[str]]] = field(default_factory=list)
    """Each image with the addresses where it may be, the likeliest first."""
    links: list[tuple[html.HtmlElement, str]] = field(default_factory=list)

    @property
    def named(self) -> set[str]:
        """All addresses."""
        found = {url for _, url in (*self.sheets, *self.links)}
        return found.union(*(urls for _, urls in self.pictures))


def parse(page: CapturedBody) -> Parsed:
    """A captured page and what it names."""
    text, charset = decode(page.data, page.media_type)
    try:
        root = html.document_fromstring(_LONG_TAG.sub(_bounded, _DECLARATION.sub("", text.replace("\0", ""))))
    except etree.ParserError:  # there is no element in it
        root = html.document_fromstring("<html></html>")
    parsed = Parsed(root, page.url, charset)
    for tag in root.iter("base"):
        parsed.base = _absolute(parsed.base, tag.get("href"), charset) or parsed.base
    for link in root.iter("link"):
        kinds = (link.get("rel") or "").lower().split()
        url = _absolute(parsed.base, link.get("href"), charset)
        if url and "stylesheet" in kinds and "alternate" not in kinds:
            parsed.sheets.append((link, url))
    for image in root.iter("img", "input"):
        urls = (_absolute(parsed.base, image.get(name), charset) for name in (*LAZY, "src"))
        parsed.pictures.append((image, [url for url in urls if url]))
    for link in root.iter(*_LINKING):
        href = (link.get("href") or "").strip()
        if not href.startswith("#") and (url := _absolute(parsed.base, href, charset)):
            parsed.links.append((link, url))
    return parsed


def _bounded(tag: re.Match[str]) -> str:
    return tag[0] if len(_QUOTED.sub("", tag[2])) < _MUCH_NAMED else f"<{tag[1]}"


def _absolute(base: str, address: str | None, charset: str) -> str | None:
    """The absolute web address, without its fragment; None where it is none."""
    try:
        url = urldefrag(browser_url(base, address, charset)).url if address and address.strip() else ""
        return url if urlsplit(url).scheme in {"http", "https"} else None
    except ValueError:
        return None


class Nearest:
    """The captures nearest in time to a moment, by address: looked up for many addresses at once, kept for one page."""

    def __init__(self, db: sqlite3.Connection, moment: str) -> None:
        self.db = db
        self.moment = _time(moment)
        self.found: dict[str, int | None] = {}

    def look_up(self, urls: Iterable[str]) -> None:
        """Find these, under http or https, and where they lead if they only lead elsewhere."""
        wanted = {url for url in urls if url not in self.found}
        nearest = self._nearest(wanted)
        leads = dict(tuple(row) for row in self.db.execute(_LEADS_TO, (_both(wanted - nearest.keys()),)))
        beyond = self._nearest(set(leads.values()))
        for url in wanted:
            self.found[url] = nearest.get(url) or beyond.get(leads.get(url) or leads.get(_other_scheme(url)) or "")

    def id_of(self, url: str) -> int | None:
        """The capture of an address; None where it is not archived."""
        if url not in self.found:
            self.look_up([url])
        return self.found[url]

    def _nearest(self, urls: set[str]) -> dict[str, int]:
        best: dict[str, tuple[float, int]] = {}
        for url, number, moment in self.db.execute(_NEAREST, (_both(urls),)):
            distance = abs((_time(moment) - self.moment).total_seconds())
            for name in {url, _other_scheme(url)} & urls:
                best[name] = min(best.get(name, (distance, number)), (distance, number))
        return {url: number for url, (_, number) in best.items()}


def _both(urls: Iterable[str]) -> str:
    return json.dumps([name for url in urls for name in (url, _other_scheme(url))])


def _other_scheme(url: str) -> str:
    return f"http:{url[6:]}" if url.startswith("https:") else f"https:{url[5:]}"


def _time(moment: str) -> datetime:
    return datetime.fromisoformat(moment)


@dataclass(frozen=True, slots=True)
class Kept:
    """How much of what a page is shown with is archived."""

    sheets: int
    sheets_named: int
    pictures: int
    pictures_named: int

    @property
    def is_whole(self) -> bool:
        """Whether nothing is missing."""
        return self.sheets == self.sheets_named and self.pictures == self.pictures_named


def kept(db: sqlite3.Connection, page: CapturedBody) -> Kept:
    """Counts what a page names."""
    parsed, nearest = parse(page), Nearest(db, page.requested_at)
    nearest.look_up(parsed.named)
    pictures = [urls for _, urls in parsed.pictures if urls]
    return Kept(
        sheets=sum(nearest.id_of(url) is not None for _, url in parsed.sheets),
        sheets_named=len(parsed.sheets),
        pictures=sum(any(nearest.id_of(url) is not None for url in urls) for urls in pictures),
        pictures_named=len(pictures),
    )


def link_of(page: CapturedBody, number: int) -> str | None:
    """Where the n-th link of a page led, counted from 0."""
    links = parse(page).links
    return links[number][1] if number < len(links) else None


def as_it_looked(db: sqlite3.Connection, page: CapturedBody, absent: Callable[[int], str]) -> str:
    """The page as HTML. `absent` gives the address to which the n-th link goes where it leads to what is not archived."""
    return _Dresser(db, page).dress(absent)


class _Dresser:
    """One page while its stylesheets and pictures are set in."""

    def __init__(self, db: sqlite3.Connection, page: CapturedBody) -> None:
        self.db = db
        self.page = page
        self.parsed = parse(page)
        self.nearest = Nearest(db, page.requested_at)
        self.bytes_left = MAX_PICTURE_BYTES
        self.style_left = MAX_STYLE_CHARACTERS
        self.data: dict[int, str] = {}
        """Pictures as data: addresses, by the ids of their captures."""
        self.variables: dict[int, str] = {}
        """Those that stylesheets name, each once, as values of CSS variables."""

    def dress(self, absent: Callable[[int], str]) -> str:
        root = self.parsed.root
        self.nearest.look_up(self.parsed.named)
        styles = self._styles()
        _CLEANER(root)
        for element, text, base, charset in styles:
            element.text = self._css(text, base, charset, 0)
        self._plain_attributes()
        self._pictures()
        self._links(absent)
        self._add_own_style()
        return str(html.tostring(root, encoding="unicode", doctype="<!DOCTYPE html>"))

    def _styles(self) -> list[tuple[Any, str, str, str]]:
        """The page's style elements, emptied, with what they held; a linked stylesheet becomes one in its place."""
        linked = dict(self.parsed.sheets)
        found = []
        for element in list(self.parsed.root.iter("link", "style")):
            if element.tag == "style":
                found.append((element, element.text or "", self.parsed.base, self.parsed.charset))
                element.text = ""
            elif element in linked:
                style = etree.Element("style")
                if element.get("media"):
                    style.set("media", element.get("media"))
                style.tail, element.tail = element.tail, None
                element.getparent().replace(element, style)
                found.append((style, *self._sheet(linked[element])))
        return found

    def _sheet(self, url: str) -> tuple[str, str, str]:
        """A stylesheet's text, address and charset; empty where it is not archived, or a page came in its place."""
        number = self.nearest.id_of(url)
        stored = self._body(number)
        if stored is None or stored.media_type.partition(";")[0] != "text/plain":
            return "", url, "utf-8"
        css, charset = decode(stored.data, stored.media_type)
        return ("", url, charset) if css.lstrip().startswith("<") else (css, stored.url, charset)

    def _body(self, number: int | None) -> CapturedBody | None:
        try:
            return body(self.db, number) if number is not None else None
        except (DamagedError, WithheldError):
            return None

    def _css(self, css: str, base: str, charset: str, depth: int) -> str:
        if len(css) > self.style_left:
            return ""
        self.style_left -= len(css)
        named = (*stylesheets.imports(css), *stylesheets.pictures(css))
        self.nearest.look_up(filter(None, (_absolute(base, name, charset) for name in named)))

        def imported(address: str) -> str | None:
            url = _absolute(base, address, charset)
            return self._css(*self._sheet(url), depth + 1) if url and depth < MOST_IMPORTS else None

        def picture(address: str) -> str | None:
            if address.startswith("data:image/"):
                return f'url("{address}")' if '"' not in address else None
            return self._variable(_absolute(base, address, charset))

        return stylesheets.rewritten(css, imported, picture)

    def _variable(self, url: str | None) -> str | None:
        """An archived picture as a CSS value: however often stylesheets name it, it is set in once."""
        number = self.nearest.id_of(url) if url else None
        data = self._data(number)
        if number is None or data is None:
            return None
        self.variables[number] = data
        return f"var(--captured-{number})"

    def _data(self, number: int | None) -> str | None:
        """An archived picture as a data: address, while there is room."""
        if number is None or number in self.data:
            return self.data.get(number or 0)
        stored = self._body(number)
        kind = picture_type(stored.data) if stored else None
        if stored is None or kind is None or len(stored.data) > self.bytes_left:
            return None
        self.bytes_left -= len(stored.data)
        self.data[number] = f"data:{kind};base64,{base64.b64encode(stored.data).decode()}"
        return self.data[number]

    def _plain_attributes(self) -> None:
        """No attribute names an address any more, but for pictures that are data and places on the page itself."""
        for element in self.parsed.root.iter(etree.Element):
            for name, value in list(element.attrib.items()):
                plain = name.rpartition(":")[2].rpartition("}")[2].lower()
                if plain == "style" and "(" in value:
                    element.set(name, self._css(value, self.parsed.base, self.parsed.charset, MOST_IMPORTS))
                elif plain == "background":
                    del element.attrib[name]
                    if picture := self._variable(_absolute(self.parsed.base, value, self.parsed.charset)):
                        element.set("style", f"background-image:{picture};{element.get('style') or ''}")
                elif plain == "srcset" or (plain in _ADDRESSING and not _is_harmless(element, plain, value)):
                    del element.attrib[name]

    def _pictures(self) -> None:
        """The archived bytes in each image; one that is not archived shows its alternative text."""
        for image, urls in self.parsed.pictures:
            known = (number for url in urls if (number := self.nearest.id_of(url)) is not None)
            data = next((data for number in known if (data := self._data(number))), None)
            if data:
                image.set("src", data)
            elif "src" not in image.attrib:
                image.set("alt", image.get("alt") or "□")

    def _links(self, absent: Callable[[int], str]) -> None:
        for place, (link, url) in enumerate(self.parsed.links):
            number = self.nearest.id_of(url)
            link.set("target", "_top")
            if number is not None:
                link.set("href", f"/captured/{number}/page")
            else:
                link.set("href", absent(place))
                link.set("title", f"未存档 · not archived: {url[:500]}")
                link.set("data-absent", "")

    def _add_own_style(self) -> None:
        """In front the pictures that stylesheets name, at the end how links look that lead out of the archive."""
        root = self.parsed.root
        head = root.find("head")
        if head is None:
            head = etree.Element("head")
            root.insert(0, head)
        values = ";".join(f'--captured-{number}:url("{data}")' for number, data in self.variables.items())
        if values:
            style = etree.Element("style")
            style.text = f":root{{{values}}}"
            head.insert(0, style)
        if any("data-absent" in link.attrib for link, _ in self.parsed.links):
            style = etree.Element("style")
            style.text = _ABSENT
            head.append(style)


def _is_harmless(element: Any, name: str, value: str) -> bool:
    """A place on the page itself, or a picture that is data."""
    if name == "href":
        return element.tag in _LINKING and value.startswith("#")
    return name == "src" and element.tag == "img" and value.startswith("data:image/")
