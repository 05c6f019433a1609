"""`tongjian`: the command `scrapy` with this project's settings, from any directory."""

from __future__ import annotations

import os

from scrapy.cmdline import execute


def main() -> None:
    """Run a command of `scrapy`. SCRAPY_SETTINGS_MODULE, where it is set, names other settings."""
    os.environ.setdefault("SCRAPY_SETTINGS_MODULE", "crawler.settings")
    execute()
