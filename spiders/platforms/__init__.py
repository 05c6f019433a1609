"""Portals and their platforms: how listings are walked. How pages are read is no concern here.

A portal is a file of facts in spiders/, on one of the platform classes of this package. A platform says how its
listings are read: `entries(response)` yields what a page of a listing lists, `further(response)` the requests for the
pages after it. Both need nothing but the response and can be tried on a saved listing.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Mapping
from typing import cast
from urllib.parse import urlsplit

from scrapy.settings import BaseSettings
from scrapy.spiderloader import SpiderLoader

from archive import Captures
from spiders.platforms.portal import Portal, parse_years

__all__ = ["Portal", "declared", "owner", "parse_years", "platforms", "undeclared"]


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
    portals: dict[str, type[Portal]] = {name: cast("type[Portal]", loader.load(name)) for name in loader.list()}
    for name, facts in captures.portals().items():
        if name not in portals:
            portals[name] = _from_facts(facts)
    return portals


def platforms() -> dict[str, type[Portal]]:
    """Name → class of every platform in this package."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    found: dict[str, type[Portal]] = {}
    waiting: list[type[Portal]] = [Portal]
    while waiting:
        cls = waiting.pop()
        waiting += cls.__subclasses__()
        if cls.__module__.startswith(f"{__name__}.") and "platform" in vars(cls):
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
