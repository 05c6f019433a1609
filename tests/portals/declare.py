"""Replicas as portals: the class that a file in spiders/ would hold."""

from __future__ import annotations

import re
from typing import Any

from spiders.platforms import Portal, platforms
from spiders.platforms.links import Links

from .replica import Replica


def portal_class(replica: Replica) -> type[Portal]:
    """A portal on the replica's platform, with the replica's facts."""
    return declare(replica.platform, replica.facts)


def declare(platform: str, facts: dict[str, Any]) -> type[Portal]:
    """The same from plain values, as they travel to another process: patterns as their text."""
    if isinstance(facts.get("document"), str):
        facts = facts | {"document": re.compile(facts["document"])}
    return type(
        str(facts["name"]).title(),
        (platforms().get(platform, Links),),
        {**facts, "__doc__": f"A replica of a portal on {platform}."},
    )
