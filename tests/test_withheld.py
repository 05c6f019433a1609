"""What is withheld is nowhere: not on a page, not in a query, not in an export. It is not lost either."""

from __future__ import annotations

import gzip
import re
import shutil
import sqlite3
from pathlib import Path
from urllib.parse import quote

import pytest

from archive import Capture, Captures
from archive.backup import back_up, restore
from archive.model import Entry
from archive.verify import verify
from crawler.demo.nfcms import Nfcms
from crawler.demo.server import Server
from tests.browsing import browsing, get
from tests.crawling import crawl, scrapy
from tests.flips import dump
from tests.walking import walk

PLANTED = "zxqplanted77"
WHY = "court order 12 of 2026"
MOMENT = "2030-01-01T00:00:00.000000Z"


def plant(archive: Path, moment: str) -> str:
    """A later capture of a report that says the planted word in its text, and an entry that says it in its title."""
    captures = Captures(archive)
    row = captures.db.conn.execute(
        "SELECT url, sha256, portal, content_type, response_headers FROM captures"
        " WHERE url LIKE '%/post_%' AND sha256 IS NOT NULL ORDER BY id LIMIT 1"
    ).fetchone()
    body = captures.body(row["sha256"])
    assert "。".encode() in body
    body = body.replace("。".encode(), f"（{PLANTED}，{moment[:4]}）。".encode())
    captures.add(
        Capture(
            url=row["url"],
            requested_at=moment,
            status=200,
            outcome="ok",
            body=body,
            content_type=row["content_type"],
            response_headers=[("Content-Type", row["content_type"]), ("X-Title", PLANTED)],
            portal=row["portal"],
        )
    )
    (entry,) = captures.entries(urls=[row["url"]])[:1]
    captures.add_entries(
        [Entry(portal=entry.portal, listing_url=entry.listing_url, url=entry.url, title=f"{entry.title}{PLANTED}")]
    )
    captures.close()
    return str(row["url"])


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """An archive whose readings say the planted word, and the address that says it."""
    archive = tmp_path_factory.mktemp("withheld") / "archive"
    with Server(Nfcms("qinghe", 4)) as server:
        assert crawl(archive, *server).returncode == 0
    url = plant(archive, MOMENT)
    scrapy(archive, "reparse")
    assert PLANTED in dump(archive)
    return archive, url


@pytest.fixture
def archive(planted: tuple[Path, str], tmp_path: Path) -> Path:
    return Path(shutil.copytree(planted[0], tmp_path / "archive"))


def withhold(archive: Path, url: str) -> str:
    done = scrapy(archive, "withhold", url, "--why", WHY)
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def everything(archive: Path) -> str:
    """All values of reports.db, with what no dump has."""
    connection = sqlite3.connect(archive / "reports.db")
    connection.text_factory = lambda data: data.decode("utf-8", "replace")
    tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    said = [repr(row) for table in tables for row in connection.execute(f"SELECT * FROM {table}")]
    connection.close()
    return "\n".join(said)


def test_a_withheld_report_is_on_no_page_and_in_no_query(archive: Path, planted: tuple[Path, str]) -> None:
    url = planted[1]
    connection = sqlite3.connect(archive / "captures.db")
    numbers = [row[0] for row in connection.execute("SELECT id FROM captures WHERE url = ?", (url,))]
    connection.close()
    told = withhold(archive, url)
    (report_id,) = re.findall(r"report (\S+) is out", told)
    asked = [
        "/search?q=" + quote("政府信息公开"),
        "/entries?portal=qinghe",
        "/entries.json?portal=qinghe",
        "/portal/qinghe.json",
        "/problems.json",
        "/feed.atom",
        "/reports/report_texts.json?_size=max",
        "/reports/fates.csv",
        "/captures/entries.csv",
        "/captures/entries.json?_size=max",
        "/captures/captures.csv",
        "/captures/captures.json?_size=max",
        "/captures/runs.json",
        "/captures/problems.json",
        "/reports.json?sql=select+*+from+report_search_data",
        "/reports.json?sql=select+*+from+report_breaks_data",
        "/captures.json?sql=select+title,*+from+main.entries",
        "/captures.json?sql=select+response_headers+from+captures",
    ]
    with browsing(archive) as room:
        for answer in walk(room, "zh", *asked):
            assert PLANTED not in answer.body.decode("utf-8", "replace"), answer.path
        status, _, body = get(f"{room}/search.json?q={PLANTED}")
        assert status == 200
        assert report_id not in body.decode()
        for path in (f"/report/{report_id}", f"/report/{report_id}.json", f"/report/{report_id}.txt"):
            status, _, body = get(room + path)
            assert (status, WHY in body.decode()) == (451, True), path
        for number in numbers:
            for rest in ("", "/original", "/page", "/warc", "?pictures=1"):
                status, _, body = get(f"{room}/captured/{number}{rest}")
                assert status in {404, 451}, rest
                assert PLANTED.encode() not in body
        status, _, body = get(f"{room}/report/qinghe-0")
        assert status == 404


def test_a_withheld_report_leaves_no_export_unless_asked(
    archive: Path, planted: tuple[Path, str], tmp_path: Path
) -> None:
    withhold(archive, planted[1])
    assert PLANTED not in everything(archive)
    out, whole, data = tmp_path / "out.warc.gz", tmp_path / "whole.warc.gz", tmp_path / "data"
    assert scrapy(archive, "export", out).returncode == 0
    assert scrapy(archive, "export", whole, "--with-withheld").returncode == 0
    assert PLANTED.encode() not in gzip.decompress(out.read_bytes())
    assert PLANTED.encode() in gzip.decompress(whole.read_bytes())
    done = scrapy(archive, "export-data", data)
    assert done.returncode == 0, done.stderr
    for path in data.rglob("*"):
        if path.is_file():
            assert PLANTED.encode() not in path.read_bytes(), path


def test_what_is_withheld_stays_so_whatever_happens_and_is_lifted_whole(
    archive: Path, planted: tuple[Path, str], tmp_path: Path
) -> None:
    url, before = planted[1], dump(archive)
    other, restored, warc = tmp_path / "other", tmp_path / "restored", tmp_path / "whole.warc.gz"
    assert scrapy(archive, "export", warc).returncode == 0
    withhold(archive, url)
    assert verify(archive).lines == []
    held = f"SELECT COUNT(*) FROM captures c JOIN bodies b USING (sha256) WHERE c.url = '{url}'"
    connection = sqlite3.connect(archive / "captures.db")
    assert connection.execute(held).fetchone()[0] >= 2
    connection.close()
    assert scrapy(archive, "reparse").returncode == 0
    assert PLANTED not in everything(archive)
    plant(archive, "2031-01-01T00:00:00.000000Z")
    scrapy(archive, "import", warc)
    scrapy(archive, "reparse", "--new")
    assert PLANTED not in everything(archive)
    assert scrapy(other, "import", warc).returncode in {0, 1}
    assert PLANTED in everything(other)
    scrapy(other, "merge", archive)
    assert PLANTED not in everything(other)
    back_up(archive, tmp_path / "copy")
    assert restore(tmp_path / "copy", restored) == []
    scrapy(restored, "reparse")
    assert PLANTED not in everything(restored)
    assert scrapy(restored, "health").returncode in {0, 1}
    done = scrapy(restored, "withhold", url, "--why", "the order was lifted", "--lift")
    assert done.returncode == 0, done.stderr
    assert PLANTED in dump(restored)
    assert len(dump(restored).splitlines()) >= len(before.splitlines())
    scrapy(restored, "reparse")
    assert verify(restored).lines == []


def test_the_year_of_a_withheld_report_is_not_missing(archive: Path, planted: tuple[Path, str]) -> None:
    withhold(archive, planted[1])
    connection = sqlite3.connect(archive / "reports.db")
    ((title, cause),) = connection.execute("SELECT title, cause FROM fates WHERE fate = 'withheld'").fetchall()
    named = connection.execute("SELECT name FROM listed_bodies").fetchall()
    connection.close()
    assert any(title.startswith(name) for (name,) in named)  # its body stays among those that are known
    assert re.search(r"\d{4}年", title)
    assert WHY in cause


def test_withholding_needs_a_reason_and_an_archive(archive: Path, tmp_path: Path) -> None:
    assert scrapy(archive, "withhold", "http://x.invalid/").returncode == 2
    assert scrapy(archive, "withhold", "http://x.invalid/", "--why", "x", "--lift").returncode == 2
    assert scrapy(tmp_path / "none", "withhold", "http://x.invalid/", "--why", "x").returncode == 2
