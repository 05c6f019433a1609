"""A portal as a file and as a row, from what a probe found out; and its listing as a fixture of the tests."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

from scrapy.http import HtmlResponse, TextResponse

from archive.divisions import leading_divisions
from pipelines.metadata import is_report_title
from pipelines.metadata.agencies import body_kind, division_of, level
from spiders.platforms.gkmlpt import Gkmlpt
from spiders.platforms.portal import Portal
from spiders.portal_table import is_portal_name, row_of, write_row
from spiders.probing import Probe, document_pattern, named_links, recognise_platform

_SEPARATOR = re.compile(r"[-_—|·•\s]+")
_WIDTH = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedPortal:
    """What a probe came to."""

    portal: type[Portal]
    fingerprints: list[str]
    """What gave the platform away; empty where no known platform was recognised."""
    source: str
    """Of spiders/<name>.py."""
    listings: dict[str, dict[str, Any]]
    """Address of each column that the probe saw → what its page lists, as `read_listing` states it."""
    rows: dict[str, int]
    """Address of each column → entries on its page and in its services' first answers."""


def propose(name: str, probe: Probe) -> ProposedPortal:
    """The portal of a site whose pages a probe has fetched, at least one of them."""
    platform, fingerprints = recognise_platform(list(probe.pages.values()))
    facts = _facts(name, probe)
    if platform.platform == "links":
        facts["document"] = _document(probe)
    anchor = urlsplit(probe.url).fragment
    if (
        issubclass(platform, Gkmlpt) and anchor.isdecimal()
    ):  # a listing cannot say it: addresses differ by more than that
        facts["categories"] = (int(anchor),)
    portal = cast("type[Portal]", type(name.title().replace("_", ""), (platform,), facts))
    listings = {url: read_listing(portal, probe.pages[url]) for url in probe.columns if url in probe.pages}
    answers = {url: [read_listing(portal, answer) for answer in probe.answers.get(url, ())] for url in listings}
    rows = {url: sum(len(shown["entries"]) for shown in (listings[url], *answers[url])) for url in listings}
    # a column whose services answer nothing is none; one whose page only leads to others may be
    listing = {url: shown for url, shown in listings.items() if rows[url] or (shown["next_pages"] and not answers[url])}
    portal.listings = tuple(_distinct(listing))
    source = portal_file(portal, [probe.columns[url] for url in portal.listings])
    return ProposedPortal(portal=portal, fingerprints=fingerprints, source=source, listings=listings, rows=rows)


def save(table: Path, proposed: ProposedPortal, probe: Probe) -> None:
    """Write the portal's row into a table. Raises WrongRowError where its facts are none that a row may hold."""
    names = "、".join(dict.fromkeys(probe.columns[url] for url in proposed.portal.listings))
    write_row(table, row_of(proposed.portal, names))


def save_fixture(pages: Path, proposed: ProposedPortal, probe: Probe) -> Path:
    """Write the portal's column as <name>/listing.* below `pages`; returns the folder."""
    portal = proposed.portal
    folder = pages / portal.name
    folder.mkdir(parents=True, exist_ok=True)
    _save_page(folder / "listing", portal, probe.pages[portal.listings[0]])
    for answer in probe.answers.get(portal.listings[0], ())[:1]:
        _save_page(folder / "listing_answer", portal, answer)
    return folder


def _save_page(path: Path, portal: type[Portal], response: TextResponse) -> None:
    """A page of a listing with what is read from it; of an answer to a form, the form too."""
    path.with_suffix(".html" if isinstance(response, HtmlResponse) else ".body").write_bytes(response.body)
    body = response.request.body.decode() if response.request else ""
    form = {"form": dict(parse_qsl(body, keep_blank_values=True))} if body else {}
    stated = {"portal": portal.name, "url": response.url, **form, **read_listing(portal, response)}
    path.with_suffix(".json").write_text(json.dumps(stated, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def name_from(url: str) -> str:
    """A portal's name from its host.

    >>> name_from("http://www.panyu.gov.cn/"), name_from("http://127.0.0.1/")
    ('panyu', 'portal')
    """
    labels = [label for label in (urlsplit(url).hostname or "").split(".") if label not in {"www", "gov", "cn"}]
    name = re.sub(r"[^a-z0-9]+", "_", "_".join(reversed(labels)).lower())
    return name if is_portal_name(name) else "portal"


def read_listing(portal: type[Portal], response: TextResponse) -> dict[str, Any]:
    """Entries, addresses of the next pages and announced total of a page, as a listing fixture states them."""
    spider = portal()
    try:
        entries = [
            {k: v for k, v in asdict(e).items() if k in {"url", "title", "date"}} for e in spider.entries(response)
        ]
        next_pages = [request.url for request in spider.next_pages(response)]
        return {"entries": entries, "next_pages": next_pages, "total": spider.total(response)}
    except ValueError:
        return {"entries": [], "next_pages": [], "total": None}


def portal_file(portal: type[Portal], columns: list[str]) -> str:
    """The source of spiders/<name>.py."""
    base = next(cls for cls in portal.__mro__[1:] if "platform" in vars(cls))
    names = "、".join(dict.fromkeys(columns))
    listings = [_quoted(url) for url in portal.listings]
    line = f"    listings = ({', '.join(listings)}{',' * (len(listings) == 1)})"
    if len(line) > _WIDTH:
        line = "    listings = (\n" + "".join(f"        {url},\n" for url in listings) + "    )"
    division = (
        f"    division_code, division, level = {_quoted(portal.division_code)}, {_quoted(portal.division)}, {_quoted(portal.level)}"
        if portal.division_code
        else "    # division_code, division, level: see archive/divisions/divisions.tsv"
    )
    lines = [
        *(["import re", ""] if "document" in vars(portal) else []),
        f"from {base.__module__} import {base.__name__}",
        "",
        "",
        f"class {portal.__name__}({base.__name__}):",
        f'    """{portal.title}{f" — {names}" if names else ""}."""',
        "",
        f"    name = {_quoted(portal.name)}",
        f"    title = {_quoted(portal.title)}",
        f"    home = {_quoted(portal.home)}",
        division,
        line,
    ]
    if categories := vars(portal).get("categories"):
        lines += ["    # Gkmlpt", f"    categories = {categories!r}"]
    if "document" in vars(portal):
        lines += ["    # Links", f'    document = re.compile(r"{portal.document.pattern}")']
    return "\n".join(lines) + "\n"


def _quoted(text: str | None) -> str:
    return json.dumps(text, ensure_ascii=False)


def _distinct(found: dict[str, dict[str, Any]]) -> Iterator[str]:
    """The columns that list something, each once: a folder and its index page show the same."""
    seen: set[tuple[str, ...]] = set()
    for url, shown in found.items():
        urls = (*(entry["url"] for entry in shown["entries"]), *shown["next_pages"])
        if urls and urls not in seen:
            seen.add(urls)
            yield url


def _facts(name: str, probe: Probe) -> dict[str, Any]:
    """What the pages say of the site: its name, and by name and SiteIDCode the place that it speaks for."""
    first = next(iter(probe.pages.values()))
    pages = [page for page in probe.pages.values() if isinstance(page, HtmlResponse)]
    metas: dict[str, str] = {}
    for page in pages:
        for meta in page.css("meta[name]"):
            metas.setdefault(meta.attrib["name"].lower(), meta.attrib.get("content", "").strip())
    named = (page.css("title::text").get("").strip() for page in pages)
    title = metas.get("sitename") or next(filter(None, named), "") or urlsplit(probe.url).netloc
    facts: dict[str, Any] = {"name": name, "title": title, "listings": (), "__doc__": title}
    parts = urlsplit(first.url)
    facts["home"] = f"{parts.scheme}://{parts.netloc}/"
    code = metas.get("siteidcode", "")
    body = next((part for part in _SEPARATOR.split(title) if leading_divisions(part)), title)
    where, certain = division_of(body, None, [code[:6]] if code[:6].isdigit() else [])
    if where is not None and certain:
        rank = level(body, body_kind(body), where, code)
        facts |= {"division_code": where.code, "division": where.name, "level": rank}
    return facts


def _document(probe: Probe) -> re.Pattern[str]:
    """What the addresses of reports that the columns list have in common."""
    pages = [probe.pages[url] for url in probe.columns if url in probe.pages]
    found = [url for page in pages for text, url in named_links(page) if is_report_title(text) and probe.declares(url)]
    pattern = document_pattern(found)
    return re.compile(pattern) if pattern else Portal.document
