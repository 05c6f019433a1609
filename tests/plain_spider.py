"""A spider that is no portal, as anyone may put one beside the portals."""

from __future__ import annotations

from typing import Any

import scrapy


class Plain(scrapy.Spider):
    """Asks for nothing."""

    name = "plain"

    async def start(self) -> Any:
        """No request."""
        for request in ():
            yield request
