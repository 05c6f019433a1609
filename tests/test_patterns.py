"""No regular expression takes more than linear time on a text that was made to slow it down."""

from __future__ import annotations

import pytest

from tests.hostile_texts import Found, patterns, worst_text

BOUNDED = {
    "archive.definitions._DERIVED": "a file of the project",
    "archive.definitions._EACH": "a file of the project",
    "archive.definitions._RATE": "a file of the project",
    "archive.definitions._TERM": "a file of the project",
    "archive.definitions._VIEW": "a file of the project",
    "archive.room.chart_images._CHINESE": "names of the machine's fonts",
    "archive.room.vocabulary_bilingual._ASIDE": "words of the project",
    "pipelines.elements._TAG": "markup up to its last >: every < has one",
    "pipelines.html.links._ANCHOR": "a script's text of 4,000 characters",
    "pipelines.html.paragraphs._BREAK": "markup as lxml writes it: every < has its >",
    "pipelines.html.paragraphs._PREFORMATTED": "markup as lxml writes it: every element has its end",
    "pipelines.html.trimming._BUTTON": "a line of 90 characters",
    "pipelines.metadata.year._PERIOD": "a slice of 70 characters",
    "spiders.platforms.script_calls._PIECE": "a script's object of _LONGEST characters",
    "spiders.platforms.column_names._BODIES": "a subject of 24 characters",
}
"""Patterns that see nothing longer than this."""
SHARES = 4
"""Tests that the patterns are spread over, for those who run them beside each other."""


@pytest.fixture(scope="module")
def every() -> list[Found]:
    return patterns()


def test_patterns_are_found(every: list[Found]) -> None:
    assert len(every) > 400
    assert BOUNDED.keys() <= {found.place for found in every}, "what is gone needs no exception"


@pytest.mark.parametrize("share", range(SHARES))
def test_no_pattern_is_worse_than_linear(every: list[Found], share: int) -> None:
    slow = {
        found.place: worst
        for found in every[share::SHARES]
        if found.place not in BOUNDED and (worst := worst_text(found)) is not None
    }
    assert not slow


def test_a_slow_pattern_would_be_found() -> None:
    import re

    for source in (r"\s*x", r"(a|a)*b", r"a\s*b?\s*c", r"<p.*?</p>", r"([a-z]+)+\d"):
        assert worst_text(Found(re.compile(source), source, {"search"})) is not None, source
    for source in (r"(?<!\s)\s*x", r"a\s*+(?:b\s*+)?c", r"\d{1,9}x", r"[a-z]++\d"):
        found = worst_text(Found(re.compile(source), source, {"search"}))
        assert found is None or source == r"[a-z]++\d", source
