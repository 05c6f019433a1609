"""Addresses that are no pages: what robots may ask for, and what is nowhere."""

from __future__ import annotations

from typing import Any

from datasette.utils.asgi import Response

_ROBOTS = """User-agent: *
Disallow: /captured/
Disallow: /captures
Disallow: /reports
Disallow: /search
"""
"""Reports, bodies and portals are for search engines; what repeats them in endless orders is not."""


async def robots(datasette: Any, request: Any) -> Response:  # noqa: ARG001 - Datasette's signature
    """robots.txt."""
    return Response.text(_ROBOTS)


async def nowhere(datasette: Any, request: Any) -> None:
    """Nothing: the page that says so is the same for every address."""
