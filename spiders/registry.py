"""The portals there are, and the one that an address belongs to.

`Registry` is what callers use: it has the portals alone, so commands never see other spiders. The functions beside it make portal classes from plain values.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from heapq import nlargest
from operator import itemgetter
from typing import Any, cast
from urllib.parse import urlsplit

from scrapy.settings import BaseSettings
from scrapy.spiderloader import get_spider_loader

import spiders.platforms
from archive import Captures
from archive.urls import without_www
from archive.warc.checks import ForeignValueError, safe_pattern
from pipelines.ingest.portals import PortalFacts
from spiders.platforms.links import Links
from spiders.platforms.portal import Portal
from spiders.platforms.site import is_code, is_level


class Registry:
    """Portals by name: those that have a file, those known only from the archive, and stand-ins for undeclared sites."""

    def __init__(self, settings: BaseSettings, captures: Captures | None = None) -> None:
        """Without `captures`, only the portals that have a file."""
        self._captures = captures
        self._with_a_file = _with_a_file(settings)
        self._portals = dict(self._with_a_file)
        self._by_host: dict[str, list[type[Portal]]] = {}
        """Host → the portals that declare it."""
        self.refresh()

    def refresh(self) -> None:
        """Take in portals that have been archived since."""
        archived = self._captures.portals() if self._captures is not None else {}
        for name, facts in archived.items():
            if name not in self._with_a_file:
                self._portals[name] = _archived_portal(facts)
        self._by_host.clear()

    def _hosts(self) -> dict[str, list[type[Portal]]]:
        """The index, made when it is first asked for: most commands look up no address."""
        if not self._by_host:
            for portal in self:
                self._index(portal)
        return self._by_host

    def _index(self, portal: type[Portal]) -> None:
        for host in portal.declared_hosts():
            self._by_host.setdefault(host, []).append(portal)

    def names(self) -> list[str]:
        """The names of all portals, sorted."""
        return sorted(self._portals)

    def __iter__(self) -> Iterator[type[Portal]]:
        return iter(self._portals.values())

    def __contains__(self, name: object) -> bool:
        return name in self._portals

    # The casts: mypy takes no class whose `name` Scrapy declares on instances for an object of the protocol.

    def get(self, name: str | None) -> PortalFacts | None:
        """The portal of that name."""
        return cast("PortalFacts | None", self._portals.get(name or ""))

    def owner(self, url: str) -> PortalFacts | None:
        """The portal that an address belongs to: of those that declare its host, the one with a column nearest to it.

        None where no portal declares the host, or several do and none has a column on the way to the address.
        """
        parts = urlsplit(url)
        candidates: Sequence[type[Portal]] = (
            self._hosts().get(without_www(parts.netloc), ()) if parts.scheme in {"http", "https"} else ()
        )
        if len(candidates) < 2:
            return cast("PortalFacts", candidates[0]) if candidates else None
        path = parts.path
        nearest, second = nlargest(2, ((_nearness(portal, path), portal) for portal in candidates), key=itemgetter(0))
        return cast("PortalFacts", nearest[1]) if nearest[0] > second[0] else None

    def stand_in(self, url: str) -> PortalFacts:
        """A portal for the host of an address that none declares; `get` finds it from now on."""
        found = undeclared_portal(url)
        if found.name not in self._portals:
            self._portals[found.name] = found
            if self._by_host:
                self._index(found)
        return cast("PortalFacts", self._portals[found.name])


@cache
def platforms() -> dict[str, type[Portal]]:
    """Name → class of every platform in spiders/platforms/."""
    for module in pkgutil.iter_modules(spiders.platforms.__path__):
        importlib.import_module(f"spiders.platforms.{module.name}")
    found: dict[str, type[Portal]] = {}
    waiting: list[type[Portal]] = [Portal]
    while waiting:
        cls = waiting.pop()
        waiting += cls.__subclasses__()
        if cls.__module__.startswith("spiders.platforms.") and "platform" in vars(cls):
            found[cls.platform] = cls
    return found


def make_portal(platform: str, facts: Mapping[str, Any]) -> type[Portal]:
    """A portal from plain values, as they travel to another process: patterns as their text."""
    own = dict(facts)
    if isinstance(own.get("document"), str):
        own["document"] = re.compile(own["document"])
    base = platforms().get(platform, Links)
    return type(str(own["name"]).title(), (base,), {**own, "__doc__": f"A portal on {platform}."})


def undeclared_portal(url: str) -> type[Portal]:
    """A stand-in for the site of a page that was imported and that no portal declares: its host is its name."""
    parts = urlsplit(url)
    home = f"{parts.scheme}://{parts.netloc}/"
    return type(
        "Undeclared", (Portal,), {"name": parts.netloc, "platform": "undeclared", "title": parts.netloc, "home": home}
    )


def _with_a_file(settings: BaseSettings) -> dict[str, type[Portal]]:
    loader = get_spider_loader(settings)
    found = {name: loader.load(name) for name in loader.list()}
    return {name: spider for name, spider in found.items() if issubclass(spider, Portal)}


def _archived_portal(facts: Mapping[str, str | None]) -> type[Portal]:
    """A portal from its row in captures.db."""
    own = {key: facts[key] for key in ("name", "title", "division")}
    return make_portal(
        facts["platform"] or "",
        {
            **own,
            "division_code": facts["division_code"] if is_code(facts["division_code"]) else None,
            "level": facts["level"] if is_level(facts["level"]) else None,
            "home": facts["home_url"],
            "hosts": tuple((facts["hosts"] or "").split()),
            "document": _document_pattern(facts["document"]),
        },
    )


@cache
def _document_pattern(declared: str | None) -> re.Pattern[str]:
    """What an archived portal declared of its documents' addresses, which may come from anybody's file.

    Without one that is known to end soon its documents have no numbers, as those of a platform that gives none.
    """
    try:
        return safe_pattern(declared) if declared else Portal.document
    except ForeignValueError:
        return Portal.document


def _nearness(portal: type[Portal], path: str) -> int:
    """Length of the folder of the portal's listing that a path lies in; 0 where it lies in none."""
    folders = (urlsplit(root).path.rpartition("/")[0] + "/" for root in portal.listings)
    return max((len(folder) for folder in folders if path.startswith(folder)), default=0)
