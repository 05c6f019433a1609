"""Archives as WARC and WACZ, there and back."""

from __future__ import annotations

import io
import json
import shutil
import sqlite3
import zipfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from warcio.archiveiterator import ArchiveIterator
from warcio.checker import Checker

from archive import Capture, Captures, Reports
from archive.warc.reader import read
from crawler.demo.nfcms import Nfcms
from crawler.demo.server import Server
from crawler.demo.trs import Trs
from crawler.demo.trs_fujian import TrsFujian
from tests.crawling import crawl, scrapy

REPLICAS = (
    Nfcms("qinghe", 8),
    Trs("hepan", 8, split=3, place="临川市河畔区"),
    TrsFujian("haiwan", 18, place="白海市望江区"),
)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Three portals, forms posted, faults of every kind, then all asked for again."""
    folder = tmp_path_factory.mktemp("exported") / "archive"
    with Server(*REPLICAS) as server:
        faults = ("404", "521", "stub", "truncated", "reset")
        for document, fault in zip(server["qinghe"].documents, faults, strict=False):
            document.state = fault
        server["hepan"].move(server["hepan"].documents[2])
        server["hepan"].is_dressed = True
        for _ in range(2):
            crawl(folder, *server, refresh="1", settings={"RETRY_TIMES": 0, "REFUSALS_BEFORE_LEAVING": 99})
        yield folder


def captured(archive: Path) -> list[tuple[Any, ...]]:
    """Every capture with its body, but for ids and what run it was of."""
    connection = sqlite3.connect(archive / "captures.db")
    columns = [row[1] for row in connection.execute("PRAGMA table_info(captures)") if row[1] not in {"id", "run_id"}]
    rows = connection.execute(f"SELECT {', '.join(columns)} FROM captures ORDER BY requested_at, url").fetchall()
    rows += connection.execute("SELECT sha256, size FROM bodies ORDER BY sha256").fetchall()
    rows += connection.execute("SELECT * FROM entries ORDER BY portal, listing_url, url").fetchall()
    rows += connection.execute("SELECT * FROM portals ORDER BY name").fetchall()
    connection.close()
    return rows


def dump(archive: Path) -> list[str]:
    reports = Reports(archive)
    lines = list(reports.dump())
    reports.close()
    return lines


def kinds(path: Path) -> list[str]:
    with path.open("rb") as stream:
        return [record.rec_type for record in ArchiveIterator(stream)]


@pytest.mark.parametrize("name", ["all.warc.gz", "all.warc", "all.wacz"])
def test_an_export_comes_back_as_it_was(archive: Path, tmp_path: Path, name: str) -> None:
    done = scrapy(archive, "export", tmp_path / name)
    assert done.returncode == 0, done.stderr
    other = tmp_path / "other"
    scrapy(other, "import", tmp_path / name)
    assert captured(other) == captured(archive)
    assert dump(other) == dump(archive)
    if name == "all.wacz":
        return
    again = scrapy(other, "import", tmp_path / name)
    assert "captures/held" in again.stderr
    assert "captures/ok" not in again.stderr
    assert captured(other) == captured(archive)


def test_an_export_is_valid_and_keeps_every_kind(archive: Path, tmp_path: Path) -> None:
    path = tmp_path / "all.warc.gz"
    assert scrapy(archive, "export", path).returncode == 0
    assert set(kinds(path)) == {"warcinfo", "metadata", "request", "response", "revisit"}
    checker = Checker(type("Options", (), {"inputs": [str(path)], "verbose": True}))
    checker.process_all()
    assert not checker.exit_value
    with path.open("rb") as stream:
        for record in ArchiveIterator(stream):
            assert record.rec_headers.protocol == "WARC/1.1"
            if record.rec_type == "revisit":
                assert record.http_headers.get_statuscode() == "200"
                assert record.http_headers.get_header("Content-Type")
                assert record.rec_headers.get_header("WARC-Refers-To-Date")
            if record.rec_type in {"response", "revisit"}:
                assert record.http_headers.get_header("Content-Encoding") is None


def test_only_what_is_chosen_is_exported(archive: Path, tmp_path: Path) -> None:
    path = tmp_path / "some.warc.gz"
    assert scrapy(archive, "export", path, "--portal", "hepan", "--reports-only").returncode == 0
    other = tmp_path / "other"
    assert scrapy(other, "import", path).returncode == 0
    lines = [line for line in dump(other) if not line.startswith('["totals"')]  # totals add up all portals
    assert lines == [line for line in dump(archive) if '"hepan' in line]
    connection = sqlite3.connect(other / "captures.db")
    assert connection.execute("SELECT COUNT(*) FROM captures WHERE url LIKE '%index%'").fetchone() == (0,)
    connection.close()
    assert scrapy(archive, "export", path, "--until", "2001-01-01").stdout.startswith("0 captures")
    assert scrapy(archive, "export", path, "--since", "then").returncode == 2
    assert scrapy(archive, "export", tmp_path / "no" / "way.warc").returncode == 2
    assert [entry.name for entry in tmp_path.iterdir() if entry.name.startswith(".")] == []


@pytest.mark.parametrize("name", ["all.warc.gz", "all.wacz"])
@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("UPDATE bodies SET data = substr(data, 1, 40) WHERE sha256 = :sha256", "is damaged"),
        ("UPDATE bodies SET data = (SELECT data FROM bodies WHERE sha256 <> :sha256)  WHERE sha256 = :sha256", "hash"),
        ("DELETE FROM bodies WHERE sha256 = :sha256", "is missing"),
        ("UPDATE captures SET response_headers = '{' WHERE sha256 = :sha256 AND outcome = 'ok'", "is damaged"),
    ],
)
def test_an_export_names_and_leaves_out_what_is_damaged(
    archive: Path, tmp_path: Path, name: str, sql: str, said: str
) -> None:
    damaged, other, path = tmp_path / "damaged", tmp_path / "other", tmp_path / name
    shutil.copytree(archive, damaged)
    connection = sqlite3.connect(damaged / "captures.db")
    (chosen,) = connection.execute(
        "SELECT sha256 FROM captures WHERE outcome = 'unchanged' AND url LIKE '%html' LIMIT 1"
    ).fetchone()
    ids = connection.execute(
        f"SELECT id FROM captures WHERE sha256 = ? {'AND outcome = ?' if 'outcome' in sql else ''}",
        (chosen, "ok")[: 1 + ("outcome" in sql)],
    ).fetchall()
    with connection:
        connection.execute(sql, {"sha256": chosen})
    connection.close()
    done = scrapy(damaged, "export", path)
    assert done.returncode == 1, done.stderr
    told = [line for line in done.stderr.splitlines() if line.startswith("left out: capture ")]
    assert len(told) == len(ids)
    assert all(said in line for line in told)
    assert f"{len(ids)} damaged captures are left out" in done.stderr
    scrapy(other, "import", path)
    kept = sqlite3.connect(other / "captures.db")
    whole = sqlite3.connect(archive / "captures.db")
    number = "SELECT COUNT(*) FROM captures"
    assert kept.execute(number).fetchone()[0] == whole.execute(number).fetchone()[0] - len(ids)
    kept.close()
    whole.close()


def test_a_revisit_whose_original_is_left_out_is_a_whole_response(archive: Path, tmp_path: Path) -> None:
    connection = sqlite3.connect(archive / "captures.db")
    (moment,) = connection.execute("SELECT MIN(requested_at) FROM captures WHERE status = 304").fetchone()
    connection.close()
    from archive.warc.writer import Export, ExportSelection

    captures = Captures(archive, read_only=True)
    path = tmp_path / "late.warc.gz"
    with path.open("wb") as stream:
        written = list(Export(captures, stream).write(ExportSelection(since=moment), path.name))
    captures.close()
    assert written
    assert not any(record.is_revisit for record in written)
    assert all(capture.body for capture in read(path) if capture.status == 304)


def test_a_wacz_says_what_is_in_it(archive: Path, tmp_path: Path) -> None:
    path = tmp_path / "all.wacz"
    assert scrapy(archive, "export", path).returncode == 0
    with zipfile.ZipFile(path) as packed:
        package = json.loads(packed.read("datapackage.json"))
        for resource in package["resources"]:
            data = packed.read(resource["path"])
            assert resource["hash"] == f"sha256:{sha256(data).hexdigest()}"
            assert resource["bytes"] == len(data)
        pages = [json.loads(line) for line in packed.read("pages/pages.jsonl").splitlines()[1:]]
        assert {page["url"] for page in pages} == {
            json.loads(line)[2] for line in dump(archive) if '["reports"' in line
        }
        warc = packed.read("archive/data.warc.gz")
        lines = packed.read("indexes/index.cdx").decode().splitlines()
        assert lines == sorted(lines)
        for line in lines[:50]:
            told = json.loads(line.split(" ", 2)[2])
            begin = int(told["offset"])
            (record,) = ArchiveIterator(io.BytesIO(warc[begin : begin + int(told["length"])]))
            assert record.rec_headers.get_header("WARC-Target-URI") == told["url"]


def test_what_came_before_the_cut_is_taken(archive: Path, tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole.warc.gz", tmp_path / "cut.warc.gz"
    assert scrapy(archive, "export", whole).returncode == 0
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 3])
    other = tmp_path / "other"
    done = scrapy(other, "import", "--no-read", cut)
    assert done.returncode == 2
    assert sum(line.startswith("scrapy: ") for line in done.stderr.splitlines()) == 1
    assert 0 < len(list(read_until(cut))) < len(list(read(whole)))


def read_until(path: Path) -> Iterator[Any]:
    from archive import ArchiveError

    try:
        yield from read(path)
    except ArchiveError:
        return


def test_headers_of_any_characters_come_back(tmp_path: Path) -> None:
    archive, other, path = tmp_path / "archive", tmp_path / "other", tmp_path / "all.warc.gz"
    captures = Captures(archive)
    captures.add(
        Capture(
            url="http://www.linchuan-example.gov.cn/a.html",
            requested_at="2026-01-01T00:00:00.000000Z",
            status=200,
            outcome="ok",
            body=b"<p>a",
            request_headers=[
                ("Referer", "http://www.linchuan-example.gov.cn/年报/"),
                ("X-A", " two  blanks "),
                ("X-A", "é"),
            ],
            response_headers=[("Content-Disposition", "attachment; filename=年报.docx"), ("Server", "é")],
        )
    )
    captures.close()
    assert scrapy(archive, "export", path).returncode == 0
    assert scrapy(other, "import", "--no-read", path).returncode == 0
    assert [row[8:14] for row in captured(other)] == [row[8:14] for row in captured(archive)]
    columns = "SELECT request_headers, response_headers FROM captures"
    assert sqlite3.connect(other / "captures.db").execute(columns).fetchall() == (
        sqlite3.connect(archive / "captures.db").execute(columns).fetchall()
    )
