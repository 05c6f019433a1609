"""Tables that extractors left flattened in the text: to follow; none is found yet."""

from __future__ import annotations

from pipelines.national import Table


def read_flat(paragraphs: list[str], seen: set[int], report_year: int | None) -> tuple[list[Table], set[int]]:
    return [], set()
