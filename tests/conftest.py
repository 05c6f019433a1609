"""Options of the tests."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--bless`: what the readers read now is what they are to read."""
    parser.addoption("--bless", action="store_true", help="rewrite report.json of the fixtures in tests/pages")


SLOW = {"crawl", "scrapy", "scrapy_apart", "subprocess"}
"""Names in test files that start processes."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slow files come first; the many short ones then keep every worker busy to the end."""
    items.sort(key=lambda item: SLOW.isdisjoint(vars(getattr(item, "module", item))))
