"""What people come for, done in a browser from the home page: each answer within a few clicks, in both languages.

In Chinese with a mouse, in English with the keyboard alone.
"""

from __future__ import annotations

import csv
import io
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browsing import browsing
from tests.changed_reports import MOMENTS, WORD, put_changed
from tests.test_places_and_rankings import archive as archive
from tests.test_reading_room import browser as browser
from tests.test_reading_room import needs_chromium

pytestmark = needs_chromium
MOST_STEPS = 400
"""Times that the Tab key is pressed to come to something."""


class Visitor:
    """A browser at the home page, without scripts, that counts its clicks; a search that is sent is one."""

    def __init__(self, browser: Any, address: str, language: str) -> None:
        context = browser.new_context(java_script_enabled=False, accept_downloads=True)
        context.set_default_timeout(20_000)
        self.page = context.new_page()
        self.page.goto(f"{address}/?lang={language}")
        self.clicks = 0

    def search(self, words: str) -> None:
        self.page.fill("#q", words)
        self.clicks += 1
        self.page.press("#q", "Enter")

    def click(self, selector: str) -> None:
        self.clicks += 1
        self.page.locator(selector).first.click()

    def choose(self, field: str, value: str) -> None:
        self.clicks += 1
        self.page.select_option(f"main select[name={field}]", value)

    def download(self, selector: str) -> bytes:
        self.clicks += 1
        with self.page.expect_download() as started:
            self.page.locator(selector).first.click()
        return Path(started.value.path()).read_bytes()

    @property
    def said(self) -> str:
        return str(self.page.inner_text("main"))


class KeyboardVisitor(Visitor):
    """The same without a mouse: goes from one thing to the next, and presses Enter."""

    def search(self, words: str) -> None:
        self._go_to("#q")
        self.page.keyboard.type(words)
        self._press_enter()

    def click(self, selector: str) -> None:
        self._go_to(selector)
        self._press_enter()

    def choose(self, field: str, value: str) -> None:
        self._go_to(f"main select[name={field}]")
        self.clicks += 1
        self.page.keyboard.type(value)

    def download(self, selector: str) -> bytes:
        self._go_to(selector)
        self.clicks += 1
        with self.page.expect_download() as started:
            self.page.keyboard.press("Enter")
        return Path(started.value.path()).read_bytes()

    def _go_to(self, selector: str) -> None:
        target = self.page.locator(selector).first
        for _ in range(MOST_STEPS):
            self.page.keyboard.press("Tab")
            if target.evaluate("element => element === document.activeElement"):
                assert target.evaluate("element => getComputedStyle(element).outlineStyle") != "none", selector
                return
        raise AssertionError(f"no way by keyboard to {selector}")

    def _press_enter(self) -> None:
        self.clicks += 1
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")


@pytest.fixture(scope="module")
def room(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("tasks") / "archive"
    shutil.copytree(archive, folder)
    put_changed(folder)
    with browsing(folder) as address:
        yield address


@pytest.fixture(params=[(Visitor, "zh"), (KeyboardVisitor, "en")], ids=["mouse", "keyboard"])
def visitor(room: str, browser: Any, request: pytest.FixtureRequest) -> Iterator[Visitor]:
    means, language = request.param
    found: Visitor = means(browser, room, language)
    yield found
    found.page.context.close()


def test_applications_of_a_district_by_year_and_as_a_file(visitor: Visitor) -> None:
    visitor.search("思明區")
    visitor.click('main a[href="/place/350203"]')
    assert re.search(r"2022\s+200\s", visitor.said)
    assert re.search(r"2021\s+180\s", visitor.said)
    lines = visitor.download('.files a[href^="/place/350203.csv"]').decode("utf-8-sig")
    counted = {
        row["report_year"]: row["applications"]
        for row in csv.DictReader(io.StringIO(lines))
        if row["counting"] == "counted"
    }
    assert counted == {"2022": "200", "2021": "180", "2020": "7"}
    assert visitor.clicks <= 3


def test_the_county_that_refused_most_in_a_year_and_why(visitor: Visitor) -> None:
    visitor.click('.asks a[href^="/rankings?figure=denial_rate"]')
    visitor.choose("year", "2022")
    visitor.click("main form.filters button")
    first = " ".join(visitor.page.locator("table.rank tbody tr").first.inner_text().split())
    assert "思明区人民政府" in first
    assert "40.0%" in first
    named = r"(Rights of a third party|保护第三方合法权益) 30 · \D+ 10 · (other reasons|其余理由) 0"
    assert re.search(named, first)  # their names are seen below the table and heard in the cell
    assert visitor.page.locator(".key .w1").count() == 1
    assert visitor.clicks <= 3


def test_what_changed_between_two_dates_and_its_citation(visitor: Visitor) -> None:
    visitor.click('main a[href="/report/p-changed"]')
    visitor.click(f'main a[href*="changes?from={MOMENTS[0]}&to={MOMENTS[1]}"]')
    assert "41" in visitor.page.locator("main del").first.inner_text()
    assert "43" in visitor.page.locator("main ins").first.inner_text()
    assert "GB/T 7714" in visitor.said
    assert f"/report/p-changed/at/{MOMENTS[1]}. " in visitor.said
    assert visitor.clicks <= 2
    visitor.click(f'main a[href="/report/p-changed/at/{MOMENTS[1]}"]')
    assert "GB/T 7714" in visitor.said
    assert f"/report/p-changed/at/{MOMENTS[1]}" in visitor.said
    assert visitor.clicks <= 3


def test_bodies_of_a_place_without_a_report_of_a_year_and_why_each(visitor: Visitor) -> None:
    visitor.search("思明区")
    visitor.click('main a[href="/place/350203"]')
    visitor.click('main nav.years a[href="/place/350203?year=2021"]')
    listed = visitor.page.locator("#without + ul li").all_inner_texts()
    assert [line.partition("局")[0] for line in listed] == ["思明区教育", "思明区财政"]
    assert all(len(re.split("[：:]", line, maxsplit=1)[1].strip()) > 5 for line in listed)
    assert visitor.clicks <= 3


def test_the_archived_word_file_of_a_report(visitor: Visitor) -> None:
    visitor.click('main a[href="/report/p-changed"]')
    assert (
        visitor.download(
            'main a[href^="/captured/"]:has-text("打开存档的原文件"), main a[href^="/captured/"]:has-text("open as archived")'
        )
        == WORD
    )
    assert visitor.clicks <= 2
