"""Manners beyond Scrapy's own: what robots.txt asks for is kept to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from scrapy import signals

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.core.downloader import Slot
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from scrapy.robotstxt import RobotParser


class CrawlDelay:
    """Applies Crawl-delay, which Scrapy reads but leaves to others; AutoThrottle cannot go below it."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.delays: dict[str, float] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Listens for robots.txt and for every answer."""
        extension = cls(crawler)
        crawler.signals.connect(extension.robots_parsed, signals.robots_parsed)
        crawler.signals.connect(extension.response_downloaded, signals.response_downloaded)
        return extension

    def robots_parsed(self, robotparser: RobotParser, request: Request) -> None:
        """Remember the host's delay and apply it to the slot that is already there."""
        wanted = robotparser.crawl_delay(self.crawler.settings["USER_AGENT"])
        if wanted and self.crawler.engine:
            downloader = self.crawler.engine.downloader
            key = downloader.get_slot_key(request)
            self.delays[key] = float(wanted)
            downloader.per_slot_settings[key] = {
                **downloader.per_slot_settings.get(key, {}),
                "delay": float(wanted),
                "jitter": 0,
            }
            self._apply(downloader.slots.get(key), key)

    def response_downloaded(self, response: Response, request: Request) -> None:
        """After AutoThrottle has set the delay."""
        key = request.meta.get("download_slot")
        if key in self.delays and self.crawler.engine:
            self._apply(self.crawler.engine.downloader.slots.get(key), key)

    def _apply(self, slot: Slot | None, key: str) -> None:
        if slot is not None and slot.delay < self.delays[key]:
            slot.delay, slot.jitter = self.delays[key], 0
