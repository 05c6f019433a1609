"""What programs take from the reading room: queries of their own, files of the whole archive, examples that run."""

from __future__ import annotations

import asyncio
import csv
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncGenerator, Iterator
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import pytest

from archive.room import downloads
from archive.room.api_guide import ENDPOINTS
from archive.room.middleware import SharedData
from archive.room.pages import visitors_sql
from archive.room.plugins.reading_room import ROUTES
from tests.browsing import browsing, get
from tests.test_places_and_rankings import MADE
from tests.test_places_and_rankings import archive as archive

FILES = {"报告 2022.parquet": b"PAR1" * 1000, "data/figures.csv": "﻿a,b\r\n=1,2\r\n".encode(), "reports.sqlite": b"x"}


@pytest.fixture(scope="module")
def offered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("offered")
    (folder.parent / "secret.txt").write_text("secret")
    for name, data in {**FILES, ".hidden": b"h", "data/.hidden/x": b"h"}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    (folder / "link.txt").symlink_to(folder.parent / "secret.txt")
    return folder


@pytest.fixture(scope="module")
def room(archive: Path, offered: Path) -> Iterator[str]:
    with browsing(archive, "--downloads", str(offered)) as address:
        yield address


# Queries

NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {}) SELECT i, '=' || i AS f FROM n"


def rows_of(room: str, sql: str, **asks: str) -> tuple[dict[str, str], list[list[str]]]:
    more = "".join(f"&{name}={value}" for name, value in asks.items())
    status, headers, body = get(f"{room}/reports.csv?sql={quote_plus(sql)}{more}")
    assert status == 200, body
    return headers, list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize("number", [0, 1, 999, 1000, 1001, 2500])
def test_a_query_of_a_visitor_gives_every_row(room: str, number: int) -> None:
    _, rows = rows_of(room, NUMBERS.format(max(number, 1)) + ("" if number else " WHERE i > 9"))
    assert rows[0] == ["i", "f"]
    assert [row[0] for row in rows[1:]] == [str(i + 1) for i in range(number)]
    assert all(row[1].startswith("'=") for row in rows[1:])


def test_a_query_that_is_cut_says_so(room: str) -> None:
    headers, rows = rows_of(room, NUMBERS.format(visitors_sql.MOST_ROWS + 1))
    assert headers["x-most-rows"] == str(visitors_sql.MOST_ROWS)
    assert len(rows) <= 1 + visitors_sql.MOST_ROWS + 1  # fewer where the machine is slow: time is bounded, too
    assert rows[-1] == [visitors_sql.CUT]


@pytest.mark.parametrize(("number", "is_cut"), [(0, False), (9, False), (10, False), (11, True), (25, True)])
def test_a_file_is_cut_after_its_most_rows(monkeypatch: pytest.MonkeyPatch, number: int, is_cut: bool) -> None:
    monkeypatch.setattr(visitors_sql, "MOST_ROWS", 10)
    monkeypatch.setattr(visitors_sql, "MOST_SECONDS", float("inf"))
    rows = [(i,) for i in range(number)]
    written: list[str] = []

    class Out:
        async def write(self, text: str) -> None:
            written.append(text)

    async def rest() -> AsyncGenerator[list[Any], None]:
        for start in range(4, number, 4):
            yield rows[start : start + 4]

    asyncio.run(visitors_sql._answer(["i"], rows[:4], rest()).stream_fn(Out()))
    lines = [line for (line,) in csv.reader("".join(written).removeprefix("\ufeff").splitlines())]
    assert lines == ["i", *map(str, range(min(number, 10))), *([visitors_sql.CUT] if is_cut else [])]


def test_a_query_has_parameters_functions_and_bounds(room: str) -> None:
    assert rows_of(room, "SELECT :word AS w, escape_fts(:word) AS f", word="%E5%A4%8D%E8%AE%AE")[1] == [
        ["w", "f"],
        ["复议", '"复 议"'],
    ]
    asked = "/reports.csv?sql="
    assert get(f"{room}{asked}{quote_plus('DELETE FROM reports')}")[0] == 400
    assert get(f"{room}{asked}{quote_plus('SELECT nothing FROM reports')}")[0] == 400
    assert get(f"{room}{asked}{quote_plus(NUMBERS.format(10**10) + ' ORDER BY f')}")[0] == 503


# Files of the whole archive


def test_the_list_of_files_has_sizes_dates_and_hashes(room: str, offered: Path) -> None:
    said: dict[str, Any] = {}
    for _ in range(100):
        said = {one["name"]: one for one in json.loads(get(f"{room}/downloads.json")[2])["files"]}
        if all(one["sha256"] for one in said.values()):
            break
    assert {name: one["sha256"] for name, one in said.items()} == {
        name: hashlib.sha256(data).hexdigest() for name, data in FILES.items()
    }
    assert {name: one["size"] for name, one in said.items()} == {name: len(data) for name, data in FILES.items()}
    page = get(f"{room}/downloads")[2].decode()
    assert str(offered) not in page
    for link in re.findall(r'href="(/downloads/[^"]+)"', page):
        assert get(room + unescape(link))[0] == 200
    sums = get(f"{room}/downloads.sha256")[2].decode().splitlines()
    assert sorted(line.partition("  ")[2] for line in sums) == sorted(FILES)


def test_a_file_comes_byte_for_byte_and_in_parts(room: str) -> None:
    for name, data in FILES.items():
        status, headers, body = get(f"{room}/downloads/{quote_plus(name, safe='/').replace('+', '%20')}")
        assert (status, body, headers["content-length"]) == (200, data, str(len(data)))
    address, data = f"{room}/downloads/data/figures.csv", FILES["data/figures.csv"]
    for asked, part in (
        ("bytes=2-4", data[2:5]),
        ("bytes=5-", data[5:]),
        ("bytes=-3", data[-3:]),
        ("bytes=0-99", data),
        (f"bytes={'9' * 5_000}-", data),  # no range of any file: all of it
    ):
        status, headers, body = get(address, Range=asked)
        assert body == part, asked
        assert status == (206 if part != data else 200)
    assert get(address, Range="bytes=99-")[0] == 416
    tag = get(address)[1]["etag"]
    assert get(address, **{"If-None-Match": tag})[0] == 304
    assert get(address, Range="bytes=2-4", **{"If-Range": '"other"'})[2] == data


@pytest.mark.parametrize(
    "name",
    [
        "../secret.txt",
        "%2e%2e/secret.txt",
        "..%2fsecret.txt",
        "link.txt",
        ".hidden",
        "data/.hidden/x",
        "data",
        "no",
        "n" * 300,
        "n/" * 3_000,
    ],
    ids=lambda name: name[:20],
)
def test_nothing_else_is_given(room: str, name: str) -> None:
    status, _, body = get(f"{room}/downloads/{name}")
    assert status == 404
    assert b"secret" not in body


def test_without_a_folder_there_is_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DOWNLOADS", raising=False)
    assert downloads.offered() == []
    assert downloads.file_of("reports.sqlite") is None


# Other programs


@pytest.mark.parametrize(
    ("published", "path", "is_shared"),
    [
        ("1", "/nation.json", True),
        ("1", "/downloads/x", True),
        ("1", "/nation", False),
        ("1", "/captured/1/original", False),
        ("", "/nation.json", False),
    ],
)
def test_pages_of_other_sites_read_the_data_of_a_published_archive(
    monkeypatch: pytest.MonkeyPatch, published: str, path: str, is_shared: bool
) -> None:
    monkeypatch.setenv("PUBLISHED", published)
    sent: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(SharedData(app)({"path": path}, None, send))
    assert ((b"access-control-allow-origin", b"*") in sent[0]["headers"]) is is_shared


def test_every_address_of_the_guide_is_one(room: str) -> None:
    for one in ENDPOINTS:
        for name in one.formats:
            path = (
                f"{one.address}.{name}".replace("questions/NAME", "questions/name")
                .replace("/reports/TABLE", "/x")
                .replace("/reports.", "/x.")
            )
            assert path.startswith("/x") or any(re.search(route, path) for route, _ in ROUTES), path


@pytest.mark.parametrize("name", ["curl", "python", "r"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_examples_of_the_guide_run(room: str, tmp_path: Path, name: str, language: str) -> None:
    programs = {"curl": ["bash", "-e"], "python": [sys.executable, "-"], "r": ["Rscript", "--vanilla", "-"]}
    if not shutil.which(programs[name][0]) or (name == "curl" and not shutil.which("curl")):
        pytest.skip(f"no {name} on this machine")
    page = get(f"{room}/api", Cookie=f"lang={language}")[2].decode()
    (text,) = re.findall(rf'<pre id="{name}"[^>]*>(.*?)</pre>', page, re.DOTALL)
    done = subprocess.run(
        programs[name],
        input=unescape(text),
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"LC_ALL": "C.UTF-8"},
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    if name == "curl":
        assert json.loads(done.stdout)["total"] == 0
        assert (tmp_path / "rankings.csv").read_text(encoding="utf-8-sig").startswith("rank,issuing_body,")
        return
    found = dict(re.findall(r"(20\d\d)\s+(\d+)", done.stdout))
    assert {one.year for one in MADE} == set(map(int, found))
    said = [row for row in json.loads(get(f"{room}/nation.json")[2])["sums"] if row["counting"] == "counted"]
    for year, number in found.items():
        assert int(number) == sum(row["applications"] or 0 for row in said if str(row["report_year"]) == year)
