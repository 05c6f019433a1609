"""Figures stated in prose: to follow; none is found yet."""

from __future__ import annotations

from crawler.items import Statistic


def read_narrative(paragraphs: list[str], report_year: int | None, form: str) -> tuple[list[Statistic], list[str]]:
    return [], []
