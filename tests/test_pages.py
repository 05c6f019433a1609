"""Stored pages, and what must be read from them: tests/pages/PORTAL/KEY/{page.html, page.json, report.json}.

`scrapy fixture URL` adds one. A missing report.json is written here and the test fails, so that somebody looks at it;
`pytest --bless tests/test_pages.py` rewrites them all, and `git diff` shows what that changed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from archive import Captures
from archive.model import Page
from crawler.demo.server import Server
from crawler.demo.trs import Trs
from pipelines import read
from pipelines.beside import AtHand
from pipelines.errors import ReaderError
from pipelines.fixtures import load, save
from tests.crawling import crawl, scrapy

PAGES = Path(__file__).parent / "pages"
FIXTURES = sorted(path.parent for path in PAGES.glob("*/*/page.json"))


def reading(page: Page, next_pages: Sequence[Page]) -> dict[str, Any]:
    """What is read from a page, without what is empty."""
    try:
        report = read(page, AtHand(pages=next_pages))
    except ReaderError as error:
        return {"unreadable": str(error)}
    return {name: _full(value) for name, value in asdict(report).items() if value not in (None, "", [], {}, False)}


def _full(value: Any) -> Any:
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [{key: item for key, item in row.items() if item not in (None, "")} for row in value]
    return value


def written(told: dict[str, Any]) -> str:
    """JSON with a line for each field, paragraph, statistic …, so that differences can be read."""
    told = told | ({"text": told["text"].split("\n")} if "text" in told else {})
    parts = []
    for name, value in told.items():
        if isinstance(value, list):
            lines = ",\n  ".join(json.dumps(item, ensure_ascii=False) for item in value)
            parts.append(f" {json.dumps(name)}: [\n  {lines}\n ]")
        else:
            parts.append(f" {json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def check(folder: Path, *, bless: bool) -> None:
    """Hold what is read against report.json; write it where it is missing or to be blessed."""
    found, path = written(reading(*load(folder))), folder / "report.json"
    if bless or not path.exists():
        is_new = not path.exists()
        path.write_text(found, encoding="utf-8")
        if is_new:
            pytest.fail(f"review me: {path} was missing and is written now", pytrace=False)
    wanted = json.loads(path.read_text(encoding="utf-8"))
    assert json.loads(found) == wanted


@pytest.mark.parametrize("folder", FIXTURES, ids=lambda folder: "/".join(folder.parts[-2:]))
def test_a_stored_page_is_read_as_it_was_reviewed(folder: Path, request: pytest.FixtureRequest) -> None:
    check(folder, bless=request.config.getoption("--bless"))


def test_there_are_fixtures() -> None:
    assert FIXTURES


def test_a_fixture_is_made_of_an_archived_page(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    with Server(Trs("hepan", 12, split=4)) as server:
        assert crawl(archive, *server).returncode == 0
        urls = [expected.url for expected in server["hepan"].truth()]
    done = scrapy(archive, "fixture", urls[0], "--into", tmp_path / "pages")
    assert done.returncode == 0, done.stderr
    (folder,) = (tmp_path / "pages" / "hepan").iterdir()
    page, _ = load(folder)
    captures = Captures(archive, read_only=True)
    held = captures.last("GET", urls[0])
    captures.close()
    assert held is not None
    assert (page.url, page.body, page.portal) == (urls[0], held.body, "hepan")
    assert page.entries[0].title
    with pytest.raises(pytest.fail.Exception, match="review me"):
        check(folder, bless=False)
    check(folder, bless=False)
    text = (folder / "report.json").read_text(encoding="utf-8")
    (folder / "report.json").write_text(text.replace('"report_year": 20', '"report_year": 19'), encoding="utf-8")
    with pytest.raises(AssertionError):
        check(folder, bless=False)
    check(folder, bless=True)
    assert (folder / "report.json").read_text(encoding="utf-8") == text
    done = scrapy(archive, "fixture", "http://nowhere.invalid/")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1


def test_next_pages_are_kept(tmp_path: Path) -> None:
    part = Page(url="http://a.gov.cn/t1_1.html", body="<p>二</p>".encode())
    page = Page(url="http://a.gov.cn/t1.html", body=b"<p>1</p>")
    save(page, tmp_path / "x", [part])
    assert load(tmp_path / "x") == (page, [part])
