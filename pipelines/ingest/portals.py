"""What ingest asks of portals. The spiders have it; whoever calls ingest hands it in."""

from __future__ import annotations

import re
from typing import Any, Protocol


class PortalFacts(Protocol):
    """The facts of one portal: whose an address is, which document it is, and which address ranks first."""

    @property
    def name(self) -> str:
        """Its spider's name."""

    @property
    def division_code(self) -> str | None:
        """GB/T 2260, as its file declares it."""

    @property
    def next_page_address(self) -> re.Pattern[str] | None:
        """Tells pages 2, 3 … of a split article by their addresses."""

    def key(self, url: str) -> str:
        """The document's key: the same for every address of one document."""

    def rank(self, url: str) -> tuple[Any, ...]:
        """Sorts the addresses of one document; the best comes first."""

    def declares(self, url: str) -> bool:
        """Whether the address is on a host that the portal declares."""

    def facts(self) -> dict[str, str | None]:
        """Its row in both databases."""


class Portals(Protocol):
    """The portals that an archive may hold documents of."""

    def get(self, name: str | None) -> PortalFacts | None:
        """The portal of that name."""

    def owner(self, url: str) -> PortalFacts | None:
        """The portal that an address belongs to; None where none declares it, or several do."""

    def stand_in(self, url: str) -> PortalFacts:
        """A portal for the host of an address that none declares; `get` finds it from now on."""

    def refresh(self) -> None:
        """Take in portals that have been archived since."""


class OnePortal:
    """Portals where only one is concerned: in its own crawl."""

    def __init__(self, portal: PortalFacts) -> None:
        self.portal = portal

    def get(self, name: str | None) -> PortalFacts | None:
        """The portal, if it is called so."""
        return self.portal if name == self.portal.name else None

    def owner(self, url: str) -> PortalFacts | None:
        """The portal, if it declares the address's host."""
        return self.portal if self.portal.declares(url) else None

    def stand_in(self, url: str) -> PortalFacts:
        """Raises LookupError: a crawl has no pages of other sites."""
        raise LookupError(f"{url} is none of {self.portal.name}'s")

    def refresh(self) -> None:
        """Nothing to take in."""
