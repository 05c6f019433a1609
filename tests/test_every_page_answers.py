"""Every page of the reading room answers, whatever is in the archive, and what is not there is said in the reader's words."""

from __future__ import annotations

import codecs
import csv
import http.client
import io
import json
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from lxml import etree

from archive import Captures, Reports
from archive.room.questions import QUESTIONS
from crawler.demo.demo_portals import demo_replicas
from crawler.demo.earlier import put_divisions, put_earlier
from crawler.demo.server import Server
from tests.browsing import NASTY, browsing, cpu_ms, get, put_hostile, put_hostile_beside, server_id
from tests.crawling import crawl
from tests.made_reports import made
from tests.walking import Answer, walk

KINDS = ("demo", "empty", "reports alone", "captures alone", "hostile")


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Archives of every kind that a reading room may be opened on."""
    root = tmp_path_factory.mktemp("kinds")
    found = {kind: root / kind.replace(" ", "-") for kind in KINDS}
    put_divisions(found["demo"])
    with Server(*demo_replicas()) as server:
        captures = Captures(found["demo"])
        put_earlier(captures, server)
        captures.close()
        crawl(found["demo"], *server)
    for kind in ("empty", "reports alone", "captures alone"):
        found[kind].mkdir()
    Reports(found["empty"]).close()
    Captures(found["empty"]).close()
    shutil.copy(found["demo"] / "reports.db", found["reports alone"])
    shutil.copy(found["demo"] / "captures.db", found["captures alone"])
    put_divisions(found["hostile"])
    put_hostile(found["hostile"], "http://127.66.0.1:9")
    put_hostile_beside(found["hostile"], "http://127.66.0.1:9")
    return found


@pytest.fixture(scope="module")
def rooms(archives: dict[str, Path]) -> Iterator[dict[str, str]]:
    """The reading room on each."""
    with ExitStack() as stack:
        yield {kind: stack.enter_context(browsing(folder)) for kind, folder in archives.items()}
    for folder in archives.values():  # written when the room is closed
        assert "Traceback" not in (folder / "browse.log").read_text(encoding="utf-8")


@pytest.mark.parametrize(("kind", "language"), [*((kind, "zh") for kind in KINDS), ("demo", "en"), ("empty", "en")])
def test_a_walk_of_every_link_meets_no_error(rooms: dict[str, str], kind: str, language: str) -> None:
    of_one_thing = {"of_one_thing": len(NASTY)} if kind == "hostile" else {}
    number = 0
    failed = []
    for answer in walk(rooms[kind], language, "/reports", "/codebook", "/feed.atom", **of_one_thing):
        number += 1
        if answer.status >= 400:
            failed.append((answer.status, answer.path, answer.linked_from))
            continue
        if "json" in answer.media_type:
            json.loads(answer.body)
        ours = answer.media_type.startswith("text/html") and not re.match("/(reports|captures|captured)", answer.path)
        if kind == "hostile":
            assert_harmless(answer)
        if ours:
            assert f'<html lang="{"zh-CN" if language == "zh" else "en"}">' in answer.body.decode(), answer.path
    assert failed == []
    assert number > 100


def assert_harmless(answer: Answer) -> None:
    """No page lets hostile words be markup, turn its lines round or grow without end; files are whole, and no formulas."""
    if answer.media_type.startswith("text/html") and not re.match(r"/captured/\d+(\?|$)", answer.path):
        page = answer.body.decode()
        for tag in ("<script", "<img src=x"):
            assert tag not in page, (tag, answer.path[:200])
        assert not re.search(r'href="\s*javascript:', page), answer.path[:200]
        assert not re.search(">[^<]*[\u202a-\u202e\u2066-\u2069]", page), answer.path[:200]
        assert len(page) < 1_000_000, answer.path[:200]
    elif "xml" in answer.media_type or "svg" in answer.media_type:
        etree.fromstring(answer.body)
    elif "csv" in answer.media_type:
        csv.field_size_limit(10_000_000)
        rows = list(csv.reader(io.StringIO(answer.body.decode("utf-8-sig"), newline="")))
        assert len({len(row) for row in rows}) <= 1, answer.path[:200]
        formulas = [cell for row in rows for cell in row if re.match(r"\s*[=+@-]", cell)]
        assert [cell[:50] for cell in formulas if not re.fullmatch(r"[-+]?[\d.,]*", cell)] == [], answer.path[:200]


_OF_THE_PROGRAM = {"_sqlite_migrations", "sqlite_sequence", "row_digests"}
"""Tables that are no pages."""


@pytest.mark.parametrize("kind", KINDS)
def test_every_table_view_and_query_answers_in_every_format(
    archives: dict[str, Path], rooms: dict[str, str], kind: str
) -> None:
    paths = [f"/reports/{name}" for name in QUESTIONS]
    for database in ("reports", "captures"):
        file = archives[kind] / f"{database}.db"
        if file.exists():
            db = sqlite3.connect(file)
            sql = (
                "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')"
                " AND name NOT GLOB 'report_search_*' AND name NOT GLOB 'report_breaks_*'"
            )
            names = [name for (name,) in db.execute(sql) if name not in _OF_THE_PROGRAM]
            db.close()
            paths += [f"/{database}", *(f"/{database}/{name}" for name in names)]
    every = [path + form for path in paths for form in ("", ".json", ".csv?_size=1") if path.count("/") > 1 or not form]
    answers = {path: get(rooms[kind] + path)[0] for path in every}
    assert {path: status for path, status in answers.items() if status != 200} == {}


NOWHERE = (
    "/nowhere",
    "/nowhere/at/all",
    "/report/none",
    "/body/none",
    "/portal/none",
    "/questions/none",
    "/captured/999999",
    "/search.xml",
    "/reports/none",
    "/reports/reports/none",
    "/captures/entries/none",
    "/reports/totals/2022,none",
    "/-/none",
    "/-/databases.json",
    "/nowhere/%E5%9C%B0",
    "/room/none.css",
    "/room/",
    f"/room/{'n' * 300}",
    "/-/static/none.js",
    "/~",
)
WRONG = (
    "/search?page=x",
    "/search?page=0",
    "/search?year=20x4",
    "/search.json?level=none",
    "/search?q=none&verdict=none",
    f"/search?{'&'.join(f'a{number}=' for number in range(101))}",
    f"/problems?page=00000000{'9' * 30}",
    f"/bodies?page=1{'0' * 5_000}",
    "/questions/late?year=20x4",
    "/questions/late.json?year=20",
    "/compare?figure=none",
    "/reports/reports?_size=x",
    "/reports/reports?_sort=none",
    "/reports/reports?_timelimit=x",
    "/reports/reports?_timelimit=-1",
    "/reports/reports.json?_shape=x",
    "/reports.json?sql=select+1&_shape=",
    "/reports.json?sql=select+1&_shape=object",
    "/reports/key_figures.json?_shape=object",
    "/reports/late.json?_shape=object",
    "/reports.json?sql=select+none+from+reports",
    "/reports.json?sql=select+1;select+2&_shape=array",
    "/reports/statistics?_sort=value&_next=x",
    "/reports/reports?_through=x",
    "/reports/reports?_facet=none",
    "/reports/reports?_where=none",
    "/reports/reports?%00",
    "/reports/reports.csv?%00",
    "/reports/reports.json?_size=x",
    "/reports?sql=drop+table+reports",
    "/reports.csv",
)


@pytest.mark.parametrize(("language", "word"), [("zh", "[\u4e00-\u9fff]{4}"), ("en", "[a-z]{3} [a-z]{3}")])
def test_what_is_wrong_is_said_in_the_readers_language(rooms: dict[str, str], language: str, word: str) -> None:
    for status, paths in ((404, NOWHERE), (400, WRONG)):
        for path in paths:
            found, headers, body = get(rooms["demo"] + path, Cookie=f"lang={language}")
            assert found == status, path
            said = body.decode()
            if "json" in headers["content-type"]:
                answer = json.loads(said)
                assert re.search(word, answer["error"]), path
                assert language == "en" or not re.match("[A-Z]?[a-z]+ [a-z]", answer.get("detail", "")), path
            else:
                title = re.search("<h1>(.*?)</h1>\n<p>(.*?)</p>", said)
                assert re.search(word, title[2] if title else said), path
                assert title is None or f'<html lang="{"zh-CN" if language == "zh" else "en"}">' in said
            assert "Traceback" not in said


@pytest.mark.parametrize(("language", "words"), [("zh", "二进制数据，16字节"), ("en", "binary, 16 bytes")])
def test_bytes_are_named_in_the_readers_language(rooms: dict[str, str], language: str, words: str) -> None:
    for path in ("/captures/captures/1", "/captures?sql=select+fingerprint+from+captures+limit+1"):
        said = get(rooms["demo"] + path, Cookie=f"lang={language}")[2].decode()
        assert f">{words}</a>" in said, path
        assert "Binary" not in said, path


def test_a_facet_that_is_asked_for_stands_once(rooms: dict[str, str]) -> None:
    said = get(f"{rooms['demo']}/reports/reports?_facet=level", Cookie="lang=zh")[2].decode()
    assert said.count('<span class="mono dim">level</span>') == 1


@pytest.mark.parametrize("path", ["/", "/search.json?q=1", "/reports/reports"])
def test_what_would_write_is_refused_in_the_readers_language(rooms: dict[str, str], path: str) -> None:
    connection = http.client.HTTPConnection(rooms["demo"].removeprefix("http://"))
    for language, words in (("zh", "不接受写入"), ("en", "for reading")):
        connection.request("POST", path, b"title=x", {"Cookie": f"lang={language}"})
        answer = connection.getresponse()
        assert (answer.status, answer.getheader("allow")) == (405, "GET, HEAD, OPTIONS")
        assert words in answer.read().decode()
    connection.close()


def test_an_address_of_thousands_of_parameters_stops_nobody(rooms: dict[str, str]) -> None:
    query = "&".join(f"a{number}=" for number in range(5_000))
    server = server_id(rooms["demo"])
    began = cpu_ms(server)
    assert [get(f"{rooms['demo']}{path}?{query}")[0] for path in ("/", "/search", "/reports/reports")] == [400] * 3
    assert cpu_ms(server) - began < 2_000


@pytest.mark.parametrize("typed", ["OR", '"', "%20", "%00"])
def test_a_query_that_asks_for_nothing_is_not_said_to_be_found(rooms: dict[str, str], typed: str) -> None:
    page = get(f"{rooms['demo']}/search?q={typed}", Cookie="lang=en")[2].decode()
    assert "Reports: <b>" in page
    assert "Reports with" not in page


def test_no_answer_names_a_file_of_the_machine(archives: dict[str, Path], rooms: dict[str, str]) -> None:
    folder = str(archives["demo"].parent).encode()
    for path in (*NOWHERE, *WRONG, "/-/versions.json", "/reports.json", "/captures.json", "/", "/reports"):
        assert folder not in get(rooms["demo"] + path)[2], path


def test_a_wrong_address_costs_no_more_than_the_home_page(rooms: dict[str, str]) -> None:
    server = server_id(rooms["demo"])

    def cost(path: str) -> float:
        spent = []
        for _ in range(8):
            began = cpu_ms(server)
            get(rooms["demo"] + path)
            spent.append(cpu_ms(server) - began)
        return min(spent)

    home = cost("/")
    for path in ("/nowhere", "/report/none"):
        assert cost(path) <= home * 2, path


@pytest.mark.parametrize(
    ("path", "to"),
    [
        ("/search/?q=1", "/search?q=1"),
        ("/questions/late/", "/questions/late"),
        ("//away.example/", "/away.example"),
        ("/reports/reports//", "/reports/reports"),
    ],
)
def test_a_slash_at_the_end_leads_to_the_page(rooms: dict[str, str], path: str, to: str) -> None:
    connection = http.client.HTTPConnection(rooms["demo"].removeprefix("http://"))
    connection.request("GET", path)
    answer = connection.getresponse()
    assert (answer.status, answer.getheader("location")) == (308, to)
    connection.close()


def test_links_never_take_the_word_of_the_host_header(archives: dict[str, Path], rooms: dict[str, str]) -> None:
    db = sqlite3.connect(archives["demo"] / "reports.db")
    report_id = db.execute("SELECT id FROM reports LIMIT 1").fetchone()[0]
    db.close()
    pages = ("/", "/feed.atom", f"/report/{report_id}", "/reports/reports.json?_size=2", "/reports/reports?_size=2")
    for path in pages:
        body = get(rooms["demo"] + path, Host="forged.example", **{"X-Forwarded-Host": "forged.example"})[2].decode()
        assert "forged.example" not in body, path
    with browsing(archives["demo"], "--base-url", "https://archive.example/") as address:
        assert "https://archive.example/report/" in get(f"{address}/feed.atom")[2].decode()
        assert "https://archive.example/report/" in get(f"{address}/report/{report_id}")[2].decode()


# Nothing is cut without a word

MANY = 2_345


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The reading room on more reports, entries and problems than any page shows."""
    folder = tmp_path_factory.mktemp("many")
    captures, reports = Captures(folder), Reports(folder)
    reports.put_portal({"name": "p"})
    for number in range(MANY):
        url = f"http://p.example/{number}"
        tables = {"report_texts": [(f"收到申请{number}件。",)]}
        late = {"published": "2022-05-01", "body_kind": "department"}
        reports.put(
            made(
                f"p-{number:05}", tables, url=url, portal="p", title="报告", issuing_body="局", report_year=2021, **late
            )
        )
        reports.db.execute(
            "INSERT INTO fates (portal, listing_url, url, fate) VALUES ('p', 'http://p.example/', ?, 'report')", (url,)
        )
        captures.db.execute(
            "INSERT INTO problems (portal, url, stage, kind, message, seen_at) VALUES ('p', ?, 'read', 'unsure', '', '2026-01-01T00:00:00.000000Z')",
            (url,),
        )
    captures.db.conn.commit()
    captures.close()
    reports.close()
    with browsing(folder) as address:
        yield address


LISTS = {
    "/search": ("reports", 20),
    "/entries?portal=p": ("entries", 200),
    "/problems": ("rows", 100),
    "/questions/late?year=all": ("rows", 50),
    "/portal/p": ("reports", 200),
    "/body/%E5%B1%80": ("reports", 200),
}


@pytest.mark.parametrize("address", LISTS)
def test_a_part_says_of_how_many_and_files_have_all(many: str, address: str) -> None:
    name, size = LISTS[address]
    path, _, asks = address.partition("?")
    page = get(f"{many}{address}{'&' if asks else '?'}page=2&lang=en")[2].decode()
    assert f"{size + 1}–{2 * size} of 2,345" in page
    rows = json.loads(get(f"{many}{path}.json?{asks}")[2])[name]
    lines = list(csv.reader(io.StringIO(get(f"{many}{path}.csv?{asks}")[2].decode("utf-8-sig"), newline="")))
    assert len(rows) == len(lines) - 1 == MANY
    key = next(name for name in ("report_id", "id", "url") if rows[0].get(name))
    assert len({row[key] for row in rows}) == len({line[lines[0].index(key)] for line in lines[1:]}) == MANY
    assert get(f"{many}{address}{'&' if asks else '?'}page=999")[0] == 400


@pytest.mark.parametrize("table", ["reports", "figures", "late", "reports?portal=p", "late?year=2021&portal=p"])
def test_a_file_of_a_table_has_every_row(many: str, table: str) -> None:
    path, _, asks = table.partition("?")
    lines = get(f"{many}/reports/{path}.csv?{asks}")[2].decode("utf-8-sig").splitlines()
    assert len(lines) == MANY + 1


@pytest.mark.parametrize(
    "path",
    [
        "/search.csv?q=nothing",
        "/questions/late.csv?year=1990",
        "/problems.csv?portal=none",
        "/reports/reports.csv?portal=none",
        "/reports/late.csv?year=1990&portal=",
        "/reports/attachments.csv",
        "/compare.csv",
        "/reports.csv?sql=select+id+from+reports+where+0",
    ],
)
def test_a_file_without_rows_has_its_header(many: str, path: str) -> None:
    status, headers, body = get(many + path)
    assert (status, headers["content-type"].partition(";")[0]) == (200, "text/csv")
    (header,) = csv.reader(io.StringIO(body.decode("utf-8-sig")))
    assert all(re.fullmatch(r"\w+", name) for name in header)


def test_files_open_in_excel(many: str) -> None:
    for path in ("/search.csv", "/reports/reports.csv", "/reports/reports.csv?_size=3", "/reports.csv?sql=select+1"):
        assert get(many + path)[2].startswith(codecs.BOM_UTF8), path
        plain = get(f"{many}{path}{'&' if '?' in path else '?'}_bom=0")[2]
        assert plain.isascii() or not plain.startswith(codecs.BOM_UTF8), path
        assert b"_bom" not in plain


def test_robots_are_told_what_not_to_walk(rooms: dict[str, str]) -> None:
    status, headers, body = get(f"{rooms['demo']}/robots.txt")
    assert (status, headers["content-type"].partition(";")[0]) == (200, "text/plain")
    assert "Disallow: /search" in body.decode()
