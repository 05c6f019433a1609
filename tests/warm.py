"""What a crawl imports: a process that has done so is forked for each crawl of the tests.

A reactor is none of it, for forks would share it.
"""

from __future__ import annotations

import gc
import re
import sys
from collections.abc import Iterator
from typing import Any

import trafilatura  # noqa: F401
from scrapy.utils.misc import load_object
from scrapy.utils.project import get_project_settings

import tests.crawling  # noqa: F401
from spiders.registry import Registry, platforms

CLASS = re.compile(r"[a-z_]\w*(?:\.\w+)*\.[A-Z]\w+")


def classes(setting: Any) -> Iterator[str]:
    """The classes that a setting of Scrapy's names."""
    if isinstance(setting, str):
        yield from CLASS.findall(setting)[:1]
    elif hasattr(setting, "items"):
        for key, value in setting.items():
            yield from (*classes(key), *classes(value))


settings = get_project_settings()
for name in settings:
    for path in classes(settings[name]):
        if name != "TWISTED_REACTOR":
            load_object(path)
platforms()
Registry(settings)
assert "twisted.internet.reactor" not in sys.modules
gc.freeze()  # nor does a collection copy what they share
