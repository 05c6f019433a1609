"""A survey: many sites are probed, what is found is tried, and what a trial proves becomes a row of the table of portals.

What was surveyed stands in survey/results.jsonl of the archive, a line for each site as soon as it is judged, so that a
survey that was interrupted goes on. Each site has an archive of its own beside that file while it is probed and tried,
which stays for the person who looks at it if it is not accepted; nothing of a survey gets into the archive itself.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from shutil import rmtree
from typing import Any, cast
from urllib.parse import urlsplit
from urllib.request import getproxies

from scrapy import Spider
from scrapy.crawler import Crawler
from scrapy.settings import Settings

from archive import Captures, Reports
from archive.asking import OpenProblem, open_problems
from archive.backup import back_up
from archive.divisions import division
from archive.trials import ReadReport, reports_of
from crawler.command import ExitCode
from crawler.process import CrawlProcess
from spiders.portal_file import ProposedPortal, name_from, propose
from spiders.portal_table import WrongRowError, portal_of, row_of, write_row
from spiders.probing import Probe
from spiders.registry import Registry
from spiders.trial import judge, trial_of

logger = logging.getLogger(__name__)

STOPPED = "the next survey of this list goes on from here"
"""What a survey that Ctrl-C has ended says."""
_SITE_ID_CODE = re.compile(r"\d{10}")
_SEPARATORS = re.compile(r"[,\s]+")


class HostsError(ValueError):
    """A line of a hosts file that names no site."""


class Verdict(StrEnum):
    """What a survey decided of a site, or a person after it."""

    ACCEPTED = "accepted"
    QUEUED = "queued"
    """A person has to look."""
    KNOWN = "known"
    """A portal declares the host already."""
    DISMISSED = "dismissed"
    """A person has looked, and it is none."""


@dataclass(frozen=True, slots=True)
class Site:
    """A line of a hosts file."""

    url: str
    site_id_code: str = ""
    name: str = ""
    portal: str = ""
    """The portal that is surveyed again, if it is one."""
    moved_to: str = ""
    """Where it leads to, if that is another site."""

    @property
    def address(self) -> str:
        """What is probed."""
        return self.moved_to or self.url


@dataclass(slots=True, kw_only=True)
class Result:
    """What is known of one site, as a line of results.jsonl holds it."""

    url: str
    verdict: Verdict
    missing: list[str] = field(default_factory=list)
    """What is missing, a sentence each."""
    found: list[str] = field(default_factory=list)
    """What was found, a sentence each."""
    row: dict[str, str] = field(default_factory=dict)
    """The row that was written, or would have been."""


def read_hosts(lines: Iterable[str]) -> Iterator[Site | HostsError]:
    """The sites of a hosts file: an address or a host a line, then its SiteIDCode and its name if they are known."""
    seen = set()
    for number, line in enumerate(lines, 1):
        text = line.partition("#")[0] if line.lstrip().startswith("#") else line.strip()
        if not text:
            continue
        first, *rest = _SEPARATORS.split(text)
        url = first if "://" in first else f"http://{first}/"
        try:
            parts = urlsplit(url)
            is_site = parts.scheme in {"http", "https"} and "." in (parts.hostname or "") and parts.port != 0
        except ValueError:
            is_site = False
        if not is_site:
            yield HostsError(f"line {number}: {first!r} is no host and no address with http:// or https://")
            continue
        url = url if parts.path else f"{url}/"
        codes = [word for word in rest if _SITE_ID_CODE.fullmatch(word)]
        if url not in seen:
            seen.add(url)
            yield Site(url, codes[0] if codes else "", " ".join(word for word in rest if word not in codes))


class Results:
    """The judged sites of an archive, each as it was judged last."""

    def __init__(self, archive: Path) -> None:
        self.path = archive / "survey" / "results.jsonl"
        self.by_url: dict[str, Result] = {}
        lines = self.path.read_text(encoding="utf-8").splitlines() if self.path.exists() else []
        for line in lines:
            try:
                stated = json.loads(line)
            except ValueError:
                continue  # the last line of a survey that was killed while it wrote
            self.by_url[stated["url"]] = Result(**{**stated, "verdict": Verdict(stated["verdict"])})

    def add(self, result: Result) -> None:
        """Keep a result; it is on the disk when this returns."""
        self.by_url[result.url] = result
        self.path.parent.mkdir(parents=True, exist_ok=True)
        is_cut = self.path.exists() and self.path.stat().st_size and not self.path.read_bytes().endswith(b"\n")
        with self.path.open("a", encoding="utf-8") as file:
            file.write("\n" * bool(is_cut) + json.dumps(asdict(result), ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def queue(self) -> list[Result]:
        """What a person has to look at, in the order in which it was judged."""
        return [result for result in self.by_url.values() if result.verdict == Verdict.QUEUED]


class Survey:
    """One run over many sites, some at a time; sites on one address one after another."""

    def __init__(
        self, settings: Settings, table: Path, results: Results, jobs: int, on_result: Callable[[Result], None]
    ) -> None:
        archive = Path(settings["ARCHIVE"])
        self.registry = Registry(settings)
        self.table = table
        self.results = results
        self.on_result = on_result
        self.settings = settings.copy()
        self.settings.set("ASSETS", "none", priority="cmdline")
        self.folder = archive / "survey"
        self.offline: Path | None = None
        if settings.getbool("OFFLINE"):
            self.offline = self.folder / "offline"
            self.offline.mkdir(parents=True, exist_ok=True)
            back_up(archive, self.offline)
        self.process = CrawlProcess(self.settings)
        self.process.end = STOPPED, ExitCode.INTERRUPTED
        self.places = asyncio.Semaphore(1 if self.offline else jobs)
        self.addresses: dict[str, asyncio.Lock] = {}
        self.names = {*self.registry.names(), *(r.row["name"] for r in results.by_url.values() if r.row)}
        self.is_stopped = False

    def run(self, sites: Collection[Site]) -> None:
        """Judge the sites; returns when all are judged, or Ctrl-C has ended what was under way."""
        from twisted.internet import reactor as installed

        reactor = cast("Any", installed)

        async def everything() -> None:
            try:
                ends = await asyncio.gather(*map(self._judged, sites), return_exceptions=True)
                for site, end in zip(sites, ends, strict=True):
                    if isinstance(end, Exception):  # a fault of ours stops no other site, and is not tried for ever
                        logger.error("%s", site.url, exc_info=end)
                        self._keep(
                            Result(url=site.url, verdict=Verdict.QUEUED, missing=[f"the survey failed: {end!r}"])
                        )
            finally:
                if reactor.running:
                    reactor.callLater(0, reactor.stop)

        task = asyncio.get_event_loop().create_task(everything())
        self.process.start(stop_after_crawl=False)
        if task.done() and not task.cancelled() and (error := task.exception()):
            raise error
        self.is_stopped = not task.done() or self.is_stopped

    async def _judged(self, site: Site) -> None:
        try:
            address = await _address(site.address)
        except (OSError, UnicodeError) as error:
            if not self.offline and not getproxies():  # a proxy may know the name
                why = error.strerror if isinstance(error, OSError) else error
                self._keep(_without_page(site, [f"its name could not be looked up: {why}"]))
                return
            address = site.address
        async with self.addresses.setdefault(address, asyncio.Lock()), self.places:
            if self.is_stopped:
                return
            result = await self._result(site)
        if result is None:
            self.is_stopped = True
        elif isinstance(result, Site):
            await self._judged(result)
        else:
            self._keep(result)

    def _keep(self, result: Result) -> None:
        self.results.add(result)
        self.on_result(result)

    async def _result(self, site: Site) -> Result | Site | None:
        """The judgement of one site; where it leads to another one, the site with that; None where the survey was stopped."""
        owner = self.registry.owner(site.address)
        if owner is not None and not site.portal:
            return Result(url=site.url, verdict=Verdict.KNOWN, found=[f"portal {owner.name}"])
        name = self._name(site)
        archive = self._archive(site)
        crawler = self._crawler(Probe, archive)
        if not await self._ended(crawler, url=site.address) or not isinstance(crawler.spider, Probe):
            return None
        probe = crawler.spider
        if not probe.pages and probe.moved_to and not site.moved_to and not self.offline:
            self.names.discard(name)
            return replace(site, moved_to=probe.moved_to)
        if not probe.pages:
            return _without_page(site, list(dict.fromkeys(probe.failed.values()))[:3] or ["no response"])
        proposed = propose(name, probe)
        self._place(proposed, site)
        result = Result(url=site.url, verdict=Verdict.QUEUED, found=_told(proposed, probe), row=row_of(proposed.portal))
        if site.moved_to:
            result.found.insert(0, f"it leads to {site.moved_to}")
        if not proposed.portal.listings:
            result.missing.append("no column of annual reports was found")
            result.missing += [f"{url}: {why}" for url, why in probe.failed.items()]
            return result
        trial = self._crawler(trial_of(proposed.portal), archive)
        if not await self._ended(trial):
            return None
        evidence = judge(trial, *_left(archive, name))
        result.missing += evidence.missing
        result.found.append(f"{evidence.entries} entries listed, {len(evidence.reports)} reports read")
        result.found += [f"{r.issuing_body} {r.report_year}, {r.published}: {r.title}" for r in evidence.reports[:3]]
        result = self._decided(site, result)
        if result.verdict == Verdict.ACCEPTED and not self.offline:
            rmtree(archive)
        return result

    def _decided(self, site: Site, result: Result) -> Result:
        """Write the row of a site of which nothing is missing; a portal that has moved is for a person to confirm."""
        try:
            portal_of(result.row)
            if site.portal:
                result.row["name"] = site.portal
                result.missing.append(f"portal {site.portal} is unwell: this is what its site shows today")
            if not result.missing:
                self._join(result.row)
                write_row(self.table, result.row)
                result.verdict = Verdict.ACCEPTED
        except WrongRowError as error:
            result.missing.append(str(error))
        return result

    def _join(self, row: dict[str, str]) -> None:
        """A further column of a site that this survey has accepted makes no second portal."""
        same = ("home", "platform", "division", "facts")
        for other in self.results.by_url.values():
            if other.verdict == Verdict.ACCEPTED and all(other.row.get(cell) == row[cell] for cell in same):
                listings = [*other.row["listings"].split(), *row["listings"].split()]
                row |= {"name": other.row["name"], "listings": " ".join(dict.fromkeys(listings))}

    async def _ended(self, crawler: Crawler, **arguments: Any) -> bool:
        """Run a crawl; whether it came to its end."""
        await self.process.crawl(crawler, **arguments)
        stats = crawler.stats.get_stats() if crawler.stats else {}
        return stats.get("finish_reason") != "shutdown"

    def _archive(self, site: Site) -> Path:
        """Where a site's pages and reports are kept. Offline, the pages are the archive's, and the reports the site's own."""
        archive = self.offline or self.folder / folder_name(site.url)
        archive.mkdir(parents=True, exist_ok=True)
        if self.offline:
            for file in self.offline.glob("reports.db*"):
                file.unlink()
        return archive

    def _crawler(self, spider: type[Spider], archive: Path) -> Crawler:
        settings = self.settings.copy()
        settings.set("ARCHIVE", str(archive), priority="cmdline")
        return Crawler(spider, settings)

    def _name(self, site: Site) -> str:
        base = site.portal or name_from(site.address)
        name, number = base, 1
        while name in self.names:
            number += 1
            name = f"{base}_{number}"
        self.names.add(name)
        return name

    def _place(self, proposed: ProposedPortal, site: Site) -> None:
        """The place of a SiteIDCode, where the pages do not say it."""
        portal = cast("Any", proposed.portal)
        place = division(site.site_id_code) if site.site_id_code else None
        if portal.division_code is None and place is not None:
            portal.division_code, portal.division = place.code, place.name


def _without_page(site: Site, why: list[str]) -> Result:
    """Nothing of a site could be had."""
    return Result(url=site.url, verdict=Verdict.QUEUED, missing=["its page could not be fetched", *why])


def folder_name(url: str) -> str:
    """A site's folder: its host for people, a hash because a list may have several addresses of one host."""
    host = re.sub(r"[^\w.-]", "_", urlsplit(url).netloc)
    return f"{host}-{hashlib.sha256(url.encode()).hexdigest()[:8]}"


def _told(proposed: ProposedPortal, probe: Probe) -> list[str]:
    """What a probe found, a sentence each."""
    known = ", ".join(proposed.fingerprints)
    lines = [f"platform {proposed.portal.platform}, recognised by {known}" if known else "no known platform"]
    place = proposed.portal.division
    lines.append(f"{proposed.portal.title}{f', in {place}' if place else ''}")
    return [*lines, *(f"column {name} {url}, {proposed.rows.get(url, 0)} rows" for url, name in probe.columns.items())]


def _left(archive: Path, portal: str) -> tuple[list[ReadReport], list[OpenProblem]]:
    """What a trial crawl has left in its archive."""
    captures, reports = Captures(archive, read_only=True), Reports.read_or_empty(archive)
    try:
        return reports_of(reports, portal), open_problems(captures, portal)
    finally:
        captures.close()
        reports.db.close()


async def _address(url: str) -> str:
    """The IP address of a site. Raises OSError or UnicodeError where its name does not resolve."""
    found = await asyncio.get_running_loop().getaddrinfo(urlsplit(url).hostname or url, None)
    return str(min(found)[4][0])
