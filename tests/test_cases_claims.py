"""The cases of claims in their place: prose on documents, and numbers before their nouns. Skipped where there are none."""

from __future__ import annotations

import pytest

from tests.articles import report
from tests.crawling import ROOT

CASES = ROOT.parent / "shared" / "real" / "cases"
pytestmark = pytest.mark.skipif(not CASES.exists(), reason="the shared material is not beside this checkout")


def figures_in(folder: str) -> dict[str, float | None]:
    """What the prose of a case states, by row for totals, else by column."""
    text = (CASES / folder / "a.txt").read_bytes()
    found = report(
        text, url="http://www.example.gov.cn/zwgk/nb/t20230119_5.txt", content_type="text/plain; charset=utf-8"
    )
    assert found.is_report
    return {s.row_name if s.column_name == "total" else s.column_name: s.value for s in found.statistics}


def test_documents_that_are_classified_are_no_applications() -> None:
    assert figures_in("01-denied-total-of-documents") == {"new_received": 5, "granted": 4, "partially_granted": 1}


def test_numbers_stand_before_reviews() -> None:
    assert figures_in("16-review-number-first") == {"new_received": 5, "review_total": 2, "suit_total": 0}
