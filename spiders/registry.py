"""Which portals there are, and which of them an address belongs to."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import urlsplit

from scrapy.settings import BaseSettings
from scrapy.spiderloader import SpiderLoader

import spiders.platforms
from archive import Captures
from pipelines.ingest.portals import Portal as PortalFacts
from spiders.platforms.links import Links
from spiders.platforms.portal import Portal


def owner(url: str, portals: Mapping[str, type[Portal]]) -> type[Portal] | None:
    """The portal that an address belongs to: of those that declare its host, the one with a column nearest to it.

    None where no portal declares the host, or several do and none has a column on the way to the address.
    """
    candidates = [portal for portal in portals.values() if portal.declares(url)]
    path = urlsplit(url).path

    def nearness(portal: type[Portal]) -> int:
        folders = (urlsplit(root).path.rpartition("/")[0] + "/" for root in portal.listings)
        return max((len(folder) for folder in folders if path.startswith(folder)), default=0)

    if len(candidates) < 2:
        return candidates[0] if candidates else None
    first, second, *_ = sorted(candidates, key=nearness, reverse=True)
    return first if nearness(first) > nearness(second) else None


def declared(settings: BaseSettings, captures: Captures) -> dict[str, type[Portal]]:
    """Name → class: the portals that have a file, and those whose crawl is archived though their file is elsewhere."""
    loader = SpiderLoader.from_settings(settings)
    spiders = {name: loader.load(name) for name in loader.list()}
    portals = {name: spider for name, spider in spiders.items() if issubclass(spider, Portal)}
    for name, facts in captures.portals().items():
        if name not in portals:
            portals[name] = _from_facts(facts)
    return portals


def platforms() -> dict[str, type[Portal]]:
    """Name → class of every platform in this package."""
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


def _from_facts(facts: Mapping[str, str | None]) -> type[Portal]:
    base = platforms().get(facts["platform"] or "", Portal)
    own = {key: facts[key] for key in ("name", "title", "division_code", "division", "level")}
    document = re.compile(facts["document"] or Portal.document.pattern)
    return type(
        "Archived",
        (base,),
        {**own, "home": facts["home_url"], "hosts": tuple((facts["hosts"] or "").split()), "document": document},
    )


def undeclared(url: str) -> type[Portal]:
    """A stand-in for the site of a page that was imported and that no portal declares: its host is its name."""
    parts = urlsplit(url)
    home = f"{parts.scheme}://{parts.netloc}/"
    return type(
        "Undeclared", (Portal,), {"name": parts.netloc, "platform": "undeclared", "title": parts.netloc, "home": home}
    )


def declare(platform: str, facts: Mapping[str, Any]) -> type[Portal]:
    """A portal from plain values, as they travel to another process: patterns as their text."""
    own = dict(facts)
    if isinstance(own.get("document"), str):
        own["document"] = re.compile(own["document"])
    base = platforms().get(platform, Links)
    return type(str(own["name"]).title(), (base,), {**own, "__doc__": f"A portal on {platform}."})


class Registry:
    """Every portal that has a file or whose crawl is archived, and stand-ins for sites that no portal declares."""

    def __init__(self, settings: BaseSettings, captures: Captures) -> None:
        self._settings = settings
        self._captures = captures
        self._portals = declared(settings, captures)

    def refresh(self) -> None:
        """Take in portals that have been archived since."""
        self._portals |= declared(self._settings, self._captures)

    # The casts: a class whose `name` Scrapy declares on instances is no class object of a protocol to mypy.

    def get(self, name: str | None) -> PortalFacts | None:
        """The portal of that name."""
        return cast("PortalFacts | None", self._portals.get(name or ""))

    def owner(self, url: str) -> PortalFacts | None:
        """The portal that an address belongs to, as `owner` says."""
        return cast("PortalFacts | None", owner(url, self._portals))

    def stand_in(self, url: str) -> PortalFacts:
        """A portal for the host of an address that none declares; `get` finds it from now on."""
        found = undeclared(url)
        return cast("PortalFacts", self._portals.setdefault(found.name, found))

    def __contains__(self, name: str) -> bool:
        return name in self._portals
