"""What a crawl, an import, a merge and a page of the room cost must not grow with the archive: nothing scans a table."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from urllib.parse import quote

import pytest

from crawler.demo.nfcms import Nfcms
from crawler.demo.server import Server
from crawler.demo.trs import Trs
from tests.crawling import Forked, crawl, planned, scrapy
from tests.statements import Statements, crawled, read, recorded, scans, visited

DOCUMENTS = 12
KNOWN = {
    "reports.db: SEARCH body_names USING PRIMARY KEY (reversed>? AND reversed<?)": "the names with one ending",
    "captures.db: SEARCH captures by captures_portal (portal>?)": "steps from one portal to the next",
    "captures.db: SEARCH bodies by bodies_outside (data>?)": "steps from one place of bodies to the next",
}
"""Steps that look like scans, each with its reason."""


def unknown(archive: Path, statements: Statements) -> dict[str, str]:
    """The scans that nothing explains."""
    return {step: sql for step, sql in scans(archive, statements, DOCUMENTS).items() if step not in KNOWN}


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Statements]:
    """An archive of two portals, one crawled twice, the other's archive, and the statements of a crawl with news."""
    folder = tmp_path_factory.mktemp("costs")
    here, there, file = folder / "here", folder / "there", folder / "statements"
    first, second = Nfcms("qinghe", DOCUMENTS), Trs("hepan", DOCUMENTS)
    with Server(first, second):
        assert crawl(here, first).returncode == 0
        assert crawl(there, second).returncode == 0
        done = Forked(crawled, planned(here, first, days=1, refresh="1"), file).wait()
        assert done.returncode == 0, done.stderr
    return here, there, read(file)


def test_a_crawl_scans_no_table(two: tuple[Path, Path, Statements]) -> None:
    here, _, statements = two
    assert len(statements) > 50
    assert unknown(here, statements) == {}


def test_an_import_of_one_file_scans_no_table(two: tuple[Path, Path, Statements], tmp_path: Path) -> None:
    here, there, _ = two
    assert scrapy(there, "export", tmp_path / "there.warc.gz").returncode == 0
    with recorded() as statements:
        assert scrapy(here, "import", tmp_path / "there.warc.gz").returncode == 0
    assert unknown(here, statements) == {}


def test_a_merge_scans_no_table(two: tuple[Path, Path, Statements], tmp_path: Path) -> None:
    here, there, _ = two
    with recorded() as statements:
        assert scrapy(here, "merge", there).returncode == 0
    assert unknown(here, statements) == {}


def test_health_and_problems_scan_no_table(two: tuple[Path, Path, Statements]) -> None:
    here, _, _ = two
    with recorded() as statements:
        scrapy(here, "health")
        scrapy(here, "problems")
    assert unknown(here, statements) == {}


@pytest.mark.parametrize(
    "address",
    [
        "/report/{id}",
        "/portal/{portal}",
        "/body/{issuing_body}",
        "/compare?body={issuing_body}&year={report_year}",
        "/entries?portal={portal}",
        "/captured/1",
        "/captured/1?pictures=1",
        "/captured/1/page",
    ],
)
def test_a_page_of_the_room_scans_no_table(two: tuple[Path, Path, Statements], tmp_path: Path, address: str) -> None:
    here, _, _ = two
    connection = sqlite3.connect(here / "reports.db")
    connection.row_factory = sqlite3.Row
    some = dict(connection.execute("SELECT * FROM reports WHERE report_year IS NOT NULL ORDER BY id").fetchone())
    connection.close()
    path = address.format(**{name: quote(str(value)) for name, value in some.items()})
    done = Forked(visited, here, path, tmp_path / "statements").wait()
    assert done.returncode == 0, done.stdout
    statements = read(tmp_path / "statements")
    assert statements
    assert unknown(here, statements) == {}
