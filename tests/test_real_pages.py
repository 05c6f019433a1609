"""Real pages of portals, scored as their truth asks; skipped where that material is not beside the project."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from archive.model import Page, Report
from pipelines import read
from pipelines.errors import ReaderError
from tests.real_pages import pages_of

SHARED = Path(__file__).parents[2] / "shared" / "real"
PORTALS = SHARED / "portal_pages"
SEEDS = SHARED / "seed_portals"

pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="the folder ../shared with real pages is not there")


def readable(warc: Path) -> dict[str, Report]:
    found = {}
    for page in pages_of(warc):
        try:
            found[page.url] = read(page)
        except ReaderError:
            continue
    return found


@pytest.fixture(scope="module")
def scores() -> list[dict[str, Any]]:
    spec = importlib.util.spec_from_file_location("score_pages", SHARED / "score_pages.py")
    assert spec is not None
    assert spec.loader is not None
    scorer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(scorer)
    predictions = [
        {
            "url": r.url,
            "title": r.title,
            "published": r.published,
            "source": r.source,
            "text": r.text,
            "attachments": [a.url for a in r.attachments],
        }
        for r in readable(PORTALS / "portal_pages.warc.gz").values()
    ]
    rows: list[dict[str, Any]] = scorer.score(scorer.load(PORTALS / "portal_pages.truth.jsonl"), predictions)
    return rows


@pytest.mark.parametrize("field", ["title_strict", "published_strict", "source_strict", "attachments"])
def test_every_page_of_portals_in_every_field(scores: list[dict[str, Any]], field: str) -> None:
    asked = scores if field == "title_strict" else [row for row in scores if not row["listing"]]
    assert [row["url"] for row in asked if not row[field]] == []


def test_the_text_of_every_page_of_portals(scores: list[dict[str, Any]]) -> None:
    f1 = [row["f1"] for row in scores if not row["listing"]]
    assert min(f1) >= 0.95
    assert sum(f1) / len(f1) >= 0.99


def test_the_reports_of_the_seed_portals_and_no_others() -> None:
    expected = json.loads((SEEDS / "seed_portals.expected.json").read_text(encoding="utf-8"))
    found = readable(SEEDS / "seed_portals.warc.gz")
    copies = {e["url"] for e in expected["not_reports"] if e["reason"] == "duplicate-of"}
    reports = {url for url, report in found.items() if report.is_report}
    assert reports - copies == {e["url"] for e in expected["reports"]}
    wrong = []
    for want in expected["reports"]:
        got = found[want["url"]]
        bodies = " ".join(filter(None, (got.issuing_body, got.co_issuing_body)))
        documents = {a.url for a in got.attachments}
        fields = {
            "title": got.title == want["title"],
            "issuing_body": bodies in (want["issuing_body"], *want.get("accept_issuing_body", ())),
            "report_year": got.report_year == want["report_year"],
            "published": got.published == want["published"],
            "source": got.source == want["source"],
            "attachments": documents == {a["url"] for a in (*want["attachments"], *want["images"])},
        }
        wrong += [(want["url"], name) for name, right in fields.items() if not right]
    assert wrong == []


@pytest.mark.parametrize("name", ["pingtan-80529", "pingtan-80791"])
def test_whole_pages_of_the_form_before_2019(name: str) -> None:
    truth = json.loads((SHARED / "reports" / f"{name}.truth.json").read_text(encoding="utf-8"))
    body = (SHARED / "reports" / f"{name}.html").read_bytes()
    found = read(Page(url=truth["url"], body=body, content_type="text/html"))
    for field in ("title", "published", "source", "issuing_body", "report_year", "form"):
        assert getattr(found, field) == truth[field], field
    # the truth leaves the rows of the table out
    assert [p for p in found.text.split("\n") if p in truth["paragraphs"]] == truth["paragraphs"]


def test_the_plain_texts_the_project_started_from() -> None:
    expected = json.loads((SEEDS / "seed_portals.expected.json").read_text(encoding="utf-8"))
    truth = {e["title"]: e for e in expected["reports"] if e["real_text"]}
    texts = sorted((SHARED.parent / "seeds").glob("*.txt"))
    found = [read(Page(url=path.as_uri(), body=path.read_bytes(), content_type="text/plain")) for path in texts]
    assert {r.title for r in found} == set(truth)
    for report in found:
        want = truth[report.title or ""]
        assert report.report_year == want["report_year"]
        assert " ".join(filter(None, (report.issuing_body, report.co_issuing_body))) == want["issuing_body"]
