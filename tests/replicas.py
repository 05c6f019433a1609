"""Replicas as portals: the class that a file in spiders/ would hold."""

from __future__ import annotations

from crawler.demo.replica import Replica
from spiders.platforms.portal import Portal
from spiders.registry import make_portal


def portal_class(replica: Replica) -> type[Portal]:
    """A portal on the replica's platform, with the replica's facts."""
    return make_portal(replica.platform, replica.facts)
