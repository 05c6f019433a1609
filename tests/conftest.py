"""Options of the tests."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--bless`: what the readers read now is what they are to read."""
    parser.addoption("--bless", action="store_true", help="rewrite report.json of the fixtures in tests/pages")
