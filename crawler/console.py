"""`tongjian`: the command `scrapy` with this project's settings, from any directory."""

from __future__ import annotations

import os

from crawler.interrupt import end_in_a_line


def main() -> None:
    """Run a command of `scrapy`. SCRAPY_SETTINGS_MODULE, where it is set, names other settings."""
    end_in_a_line()
    os.environ.setdefault("SCRAPY_SETTINGS_MODULE", "crawler.settings")
    from scrapy.cmdline import execute

    execute()
