"""scrapy probe URL [--save NAME]: what a site runs on, where its annual reports are, and the portal file for it."""

from __future__ import annotations

import json
import keyword
import re
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from scrapy.crawler import AsyncCrawlerProcess
from scrapy.exceptions import UsageError
from scrapy.http import TextResponse
from scrapy.utils.conf import closest_scrapy_cfg

from archive import ArchiveError, Captures
from archive.divisions import leading_divisions
from crawler.command import UNWELL, WELL, ArchiveCommand
from pipelines.metadata import is_report_title
from pipelines.metadata.agencies import body_kind, division_of, level
from spiders.platforms.portal import Portal
from spiders.probing import Probe, document_pattern, named_links, recognise_platform
from spiders.registry import Registry

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_SEPARATOR = re.compile(r"[-_—|·•\s]+")
_WIDTH = 120


class Command(ArchiveCommand):
    """The captures of a probe stay in the archive like any others."""

    def syntax(self) -> str:
        """For `scrapy probe -h`."""
        return "[--save NAME] URL"

    def short_desc(self) -> str:
        """For `scrapy -h`."""
        return "Recognise a site's platform, find its annual reports, print a portal file"

    def add_options(self, parser: ArgumentParser) -> None:
        """`--save NAME`."""
        super().add_options(parser)
        parser.add_argument("--save", metavar="NAME", help="write spiders/NAME.py and tests/pages/NAME/listing.*")

    def act(self, args: list[str], opts: Namespace) -> int:
        """Exit 0 when platform and columns are found, 1 when a person has to look, 2 when the page cannot be fetched."""
        if len(args) != 1 or urlsplit(args[0]).scheme not in {"http", "https"}:
            raise UsageError("name the address of one home page or column, with http:// or https://")
        name = opts.save or _name(args[0])
        if not _NAME.fullmatch(name) or keyword.iskeyword(name):
            raise UsageError(f"{name!r} is no valid portal name: use lower-case letters, digits and _, a letter first")
        if opts.save and name in Registry(self.configuration):
            raise ArchiveError(f"there is a portal {name!r} already, in spiders/{name}.py")
        Captures(self.archive).close()
        probe = self._crawl(args[0])
        if not probe.pages:
            raise ArchiveError(f"could not fetch {args[0]}: {'; '.join(probe.failed.values()) or 'no response'}")
        platform, marks = recognise_platform(list(probe.pages.values()))
        facts = _facts(name, probe)
        if platform.platform == "links":
            facts["document"] = _document(probe)
        portal = cast("type[Portal]", type(name.title().replace("_", ""), (platform,), facts))
        found = {url: read_listing(portal, probe.pages[url]) for url in probe.columns if url in probe.pages}
        portal.listings = tuple(_distinct(found))
        self._tell(probe, portal, marks)
        source = portal_file(portal, [probe.columns[url] for url in portal.listings])
        print(source, end="")
        if opts.save and portal.listings:
            self._save(name, source, probe.pages[portal.listings[0]], found[portal.listings[0]])
        return WELL if marks and portal.listings else UNWELL

    def _crawl(self, url: str) -> Probe:
        process = AsyncCrawlerProcess(self.configuration)
        crawler = process.create_crawler(Probe)
        process.crawl(crawler, url=url)
        process.start()
        if not isinstance(crawler.spider, Probe):
            raise ArchiveError("the probe could not start")
        return crawler.spider

    def _tell(self, probe: Probe, portal: type[Portal], marks: list[str]) -> None:
        """How it was found out, on standard error: standard output is the file."""
        lines = [
            f"platform {portal.platform}, by {', '.join(marks)}"
            if marks
            else "no known platform; proposed is links, which follows 下一页: try it, and see docs/portals.md"
        ]
        for url, name in probe.columns.items():
            state = "column" if url in portal.listings else probe.failed.get(url, "lists nothing new")
            lines.append(f"{state}: {name} {url}")
        if not portal.listings:
            lines.append("no column of annual reports found: name it in `listings`, or probe a page nearer to it")
        if portal.division_code is None:
            lines.append("the site's name tells no division: fill in division_code, division and level")
        print("\n".join(lines), file=sys.stderr)

    def _save(self, name: str, source: str, response: TextResponse, shown: dict[str, Any]) -> None:
        root = Path(closest_scrapy_cfg()).parent
        file, folder = root / "spiders" / f"{name}.py", root / "tests" / "pages" / name
        folder.mkdir(parents=True, exist_ok=True)
        file.write_text(source, encoding="utf-8")
        (folder / "listing.html").write_bytes(response.body)
        text = json.dumps({"portal": name, "url": response.url, **shown}, ensure_ascii=False, indent=1)
        (folder / "listing.json").write_text(text + "\n", encoding="utf-8")
        print(f"written: {file.relative_to(root)}, {folder.relative_to(root)}/listing.*", file=sys.stderr)


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
    """What the pages tell of the site: its name, and by name and SiteIDCode the place that it speaks for."""
    first = next(iter(probe.pages.values()))
    metas: dict[str, str] = {}
    for page in probe.pages.values():
        for meta in page.css("meta[name]"):
            metas.setdefault(meta.attrib["name"].lower(), meta.attrib.get("content", "").strip())
    title = metas.get("sitename") or (first.css("title::text").get() or "").strip() or urlsplit(probe.url).netloc
    facts: dict[str, Any] = {"name": name, "title": title, "listings": (), "__doc__": title}
    parts = urlsplit(first.url)
    facts["home"] = f"{parts.scheme}://{parts.netloc}/"
    code = metas.get("siteidcode", "")
    body = next((part for part in _SEPARATOR.split(title) if leading_divisions(part)), title)
    where, certain = division_of(body, None, [code[:6]] if code[:6].isdigit() else [])
    if where is not None and certain:
        told = level(body, body_kind(body), where, code)
        facts |= {"division_code": where.code, "division": where.name, "level": told}
    return facts


def _document(probe: Probe) -> re.Pattern[str]:
    """What the addresses of reports that the columns list have in common."""
    pages = [probe.pages[url] for url in probe.columns if url in probe.pages]
    found = [url for page in pages for text, url in named_links(page) if is_report_title(text) and probe.declares(url)]
    pattern = document_pattern(found)
    return re.compile(pattern) if pattern else Portal.document


def _name(url: str) -> str:
    """A name from the host: http://www.panyu.gov.cn/ → panyu."""
    labels = [label for label in (urlsplit(url).hostname or "").split(".") if label not in {"www", "gov", "cn"}]
    name = re.sub(r"[^a-z0-9]+", "_", "_".join(reversed(labels)).lower())
    return name if _NAME.fullmatch(name) and not keyword.iskeyword(name) else "portal"
