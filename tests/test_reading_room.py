"""The reading room as its visitors meet it: in a real Chromium, by keyboard, in both languages, and against hostile pages."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import re
import shutil
import socketserver
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from lxml import etree, html

from archive import Capture, Captures, Reports
from archive.room.captured_looks import as_it_looked
from archive.room.captured_pages import body as body_of
from archive.room.captured_pages import without_connections
from archive.room.search_terms import fold
from archive.room.untrusted_text import csv_cell, shown, web_address
from archive.room.vocabulary_bilingual import cause_in_english
from archive.vocabulary import Outcome
from crawler.demo.demo_portals import demo_replicas
from crawler.demo.server import Server
from tests.browsing import NASTY, browsing, get, put_hostile
from tests.crawling import ROOT, crawl, scrapy
from tests.made_reports import made

SCREENS = ROOT / "build" / "screens"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="no chromium on this machine (Debian: apt-get install chromium)"
)
KB = 1024


class Away:
    """A host that must not be asked for anything: counts who connects."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []
        away = self

        class Answer(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                self.request.settimeout(0.5)
                try:
                    away.asked.append(self.request.recv(200))
                except TimeoutError:
                    away.asked.append(b"connected")

        self.server = socketserver.ThreadingTCPServer(("127.66.0.1", 0), Answer)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.address = f"http://127.66.0.1:{self.server.server_address[1]}"


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's portals, crawled."""
    folder = tmp_path_factory.mktemp("reading") / "archive"
    replicas = demo_replicas()
    with Server(*replicas) as server:
        crawl(folder, *server)
    return folder


@pytest.fixture(scope="module")
def room(archive: Path) -> Iterator[str]:
    with browsing(archive) as address:
        yield address


@pytest.fixture(scope="module")
def away() -> Iterator[Away]:
    host = Away()
    yield host
    host.server.shutdown()
    host.server.server_close()


@pytest.fixture(scope="module")
def nasty(archive: Path, away: Away, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The reading room on an archive with hostile reports."""
    folder = tmp_path_factory.mktemp("nasty") / "archive"
    shutil.copytree(archive, folder)
    put_hostile(folder, away.address)
    with browsing(folder) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


def one(archive: Path, sql: str) -> Any:
    db = sqlite3.connect(f"file:{archive / 'reports.db'}?mode=ro", uri=True)
    try:
        return db.execute(sql).fetchone()[0]
    finally:
        db.close()


def addresses(archive: Path) -> dict[str, str]:
    """The pages that are looked at."""
    failing = one(archive, "SELECT report_id FROM checks WHERE verdict = 'fails' AND identity = 'T3-B' LIMIT 1")
    body = one(archive, f"SELECT issuing_body FROM reports WHERE id = '{failing}'")
    other = one(archive, f"SELECT issuing_body FROM reports WHERE issuing_body <> '{body}' ORDER BY 1 LIMIT 1")
    return {
        "home": "/",
        "search": f"/search?q={quote('复议')}",
        "report": f"/report/{failing}",
        "body": f"/body/{quote(body)}",
        "portal": "/portal/qingxi",
        "compare": f"/compare?figure=grant_rate&body={quote(body)}&body={quote(other)}",
        "data": "/reports",
        "table": "/reports/reports?portal=qingxi",
        "row": f"/reports/reports/{failing}",
        "sql": "/reports?sql=select+1",
        "canned query": "/reports/grant-rate?year=&portal=",
        "questions": "/questions",
        "question": "/questions/grant-rate",
        "problems": "/problems",
        "codebook": "/codebook",
        "entries": "/entries?portal=qingxi",
    }


def further_addresses(archive: Path) -> dict[str, str]:
    """Pages that are looked at for their look alone, those that say no among them."""
    body = one(archive, "SELECT issuing_body FROM reports ORDER BY id LIMIT 1")
    changed = one(archive, "SELECT report_id FROM versions ORDER BY report_id LIMIT 1")
    pictured = one(archive, "SELECT report_id FROM attachments WHERE media_type = 'image/png' LIMIT 1")
    return {
        "place": f"/place/{one(archive, 'SELECT division_code FROM reports ORDER BY id LIMIT 1')}",
        "bodies": "/bodies",
        "rankings": "/rankings?figure=denial_rate&level=county",
        "nation": "/nation",
        "map": "/map",
        "portals": "/portals",
        "changes": f"/report/{changed}/changes",
        "picture": f"/report/{pictured}",
        "nothing found": f"/search?q={quote(body)}+nowhere",
        "captured": "/captured/1/page",
        "API": "/api",
        "downloads": "/downloads",
        "no such page": "/nowhere",
        "no such year": "/rankings?year=x",
        "wide answer": f"/reports?sql={quote('select *, 1.5 from reports')}",
        "wrong SQL": "/reports?sql=select+nothing",
    }


# As pages


def test_the_sums_of_fates_are_those_of_the_archive(archive: Path, room: str) -> None:
    captures = sqlite3.connect(f"file:{archive / 'captures.db'}?mode=ro", uri=True)
    listed = dict(captures.execute("SELECT portal, COUNT(*) FROM entries GROUP BY portal"))
    captures.close()
    for portal, number in listed.items():
        sums = json.loads(get(f"{room}/portal/{portal}.json")[2])["fates"]
        assert sum(sums.values()) == number
        page = get(f"{room}/portal/{portal}?lang=zh")[2].decode()
        for key, entries in sums.items():
            assert f"/entries?portal={portal}&amp;fate={key}" in page
            found = json.loads(get(f"{room}/entries.json?portal={portal}&fate={key}")[2])["entries"]
            assert len(found) == entries
            shown = unescape(get(f"{room}/entries?portal={portal}&fate={key}&lang=en")[2].decode())
            assert all(cause_in_english(entry["cause"] or "")[:100] in shown for entry in found)
    assert get(f"{room}/entries?portal=qingxi&fate=nothing")[0] == 400
    assert get(f"{room}/entries?portal=nowhere")[0] == 400


def test_the_home_page_of_the_demo_leads_to_a_word_file(archive: Path, room: str) -> None:
    report_id = one(archive, "SELECT report_id FROM attachments WHERE name LIKE '%.docx'")
    assert f'href="/report/{report_id}"' in get(f"{room}/?lang=zh")[2].decode()
    link = re.search(r'href="(/captured/\d+)">打开存档的原文件', get(f"{room}/report/{report_id}?lang=zh")[2].decode())
    assert link
    assert get(room + link[1])[2].startswith(b"PK")


def test_every_page_says_what_it_is_for(archive: Path, room: str) -> None:
    says = {
        "home": "覆盖情况",
        "search": "<mark>复议</mark>",
        "report": "T3-B",
        "body": "<svg",
        "portal": "发布机关",
        "compare": "<svg",
        "data": "数据表",
        "table": "筛选",
        "row": "其他表中的相关行",
        "sql": "SQL 查询",
        "canned query": "修改 SQL",
        "questions": "公开率",
        "question": "未纳入",
        "problems": "blocked",
        "codebook": "denied_state_secret",
        "entries": "重复条目",
    }
    for name, address in addresses(archive).items():
        status, headers, body = get(room + address)
        assert status == 200, name
        assert says[name] in body.decode(), name
        assert "<script" not in body.decode()
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert "script-src" not in headers["content-security-policy"]
        if name in {"home", "search", "report"}:
            assert len(body) + (ROOT / "archive/room/static/room.css").stat().st_size < 250 * KB, name


def test_a_report_says_where_its_tables_stand(archive: Path, room: str) -> None:
    db = sqlite3.connect(archive / "reports.db")
    report_id, standing = db.execute(
        "SELECT report_id, standing FROM table_sources WHERE table_no = 3 LIMIT 1"
    ).fetchone()
    db.close()
    shown = get(f"{room}/report/{report_id}", **{"Accept-Language": "en"})[2].decode()
    assert f"table on the page · <b>{standing}</b>" in shown
    told = json.loads(get(f"{room}/report/{report_id}.json")[2])
    assert {"table_no": 3, "origin": "html", "standing": standing} == {
        name: told["table_sources"][1][name] for name in ("table_no", "origin", "standing")
    }


def test_every_report_says_what_it_consists_of(archive: Path, room: str) -> None:
    values = {"title": "r.title", "body": "r.issuing_body", "year": "r.report_year", "date": "r.published"}
    db = sqlite3.connect(archive / "reports.db")
    parts = dict(
        db.execute("SELECT report_id, COUNT(*) FROM parts WHERE part NOT IN ('document', 'picture') GROUP BY 1")
    )
    years = dict(db.execute("SELECT id, report_year FROM reports"))
    assert {parts.get(report_id) for report_id, year in years.items() if year >= 2019} == {8}
    assert {parts.get(report_id) for report_id, year in years.items() if year < 2019} == {5}
    missing = [f"part = '{part}' AND {column} IS NULL" for part, column in values.items()]
    missing += [
        f"part = '{part}' AND NOT EXISTS (SELECT 1 FROM statistics s WHERE s.report_id = r.id AND table_no = {number} AND s.origin <> 'narrative')"
        for part, number in (("table_two", 2), ("table_three", 3), ("table_four", 4))
    ]
    missing.append("part = 'text' AND (SELECT LENGTH(text) FROM report_texts t WHERE t.report_id = r.id) < 100")
    sql = f"SELECT p.* FROM parts p JOIN reports r ON r.id = report_id WHERE p.state = 'read' AND ({' OR '.join(missing)})"
    assert db.execute(sql).fetchall() == []
    sql = "SELECT report_id, cause FROM parts WHERE state = 'unread' AND part = 'table_three' LIMIT 1"
    report_id, cause = db.execute(sql).fetchone()
    db.close()
    shown = unescape(get(f"{room}/report/{report_id}", **{"Accept-Language": "en"})[2].decode())
    assert "What this report consists of" in shown
    assert cause.partition(";")[0] in shown
    told = json.loads(get(f"{room}/report/{report_id}.json")[2])["parts"]
    assert {"part": "table_three", "state": "unread"}.items() <= told[6].items()
    assert "报告的组成" in get(f"{room}/report/{report_id}", **{"Accept-Language": "zh"})[2].decode()


def test_no_page_asks_another_host(archive: Path, room: str) -> None:
    for name, address in addresses(archive).items():
        page = get(room + address)[2].decode()
        for found in re.findall(r"""(?:src|srcset|<link[^>]*href|action)\s*=\s*["']([^"']*)""", page):
            assert found.startswith(("/", f"{room}/")) or found == "data:,", (name, found)


@pytest.mark.parametrize(
    ("accept", "lang"),
    [("", "zh-CN"), ("en-GB,en;q=0.9", "en"), ("zh-TW,zh;q=0.9,en;q=0.8", "zh-CN"), ("fr,en;q=0.5,zh;q=0.4", "en"), ("de", "zh-CN")],
)  # fmt: skip
def test_language_is_negotiated(room: str, accept: str, lang: str) -> None:
    page = get(room + "/", **{"Accept-Language": accept})[2].decode()
    assert f'<html lang="{lang}">' in page


def test_language_switch_is_remembered(room: str) -> None:
    _, headers, body = get(room + "/questions?lang=en", **{"Accept-Language": "zh"})
    assert '<html lang="en">' in body.decode()
    assert "lang=en" in headers["set-cookie"]
    assert '<html lang="en">' in get(room + "/", **{"Accept-Language": "zh", "Cookie": "lang=en"})[2].decode()


def test_datasette_search_is_the_same_search(archive: Path, room: str) -> None:
    db = sqlite3.connect(archive / "reports.db")
    texts = db.execute("SELECT title, text FROM reports JOIN report_texts ON report_id = id").fetchall()
    for query in ("复议", "2021年", "议", "021", "，其中", "政府 "):
        expected = sum(fold(query) in fold(title) or fold(query) in fold(text) for title, text in texts)
        assert expected > 0
        theirs = json.loads(get(f"{room}/reports/reports.json?_search={quote(query)}")[2])
        assert theirs["filtered_table_rows_count"] == expected, query
        assert json.loads(get(f"{room}/search.json?q={quote(query)}")[2])["total"] == expected, query
    db.close()


def test_captured_page_is_the_original_in_a_sandbox(archive: Path, room: str) -> None:
    page = get(room + addresses(archive)["report"])[2].decode()
    frame = re.search(
        r'<iframe[^>]* src="(/captured/\d+)\?pictures=1" sandbox="allow-top-navigation-by-user-activation" ', page
    )
    assert frame
    status, headers, body = get(room + frame[1])
    report_id = addresses(archive)["report"].rpartition("/")[2]
    assert status == 200
    assert hashlib.sha256(body).hexdigest() == one(archive, f"SELECT sha256 FROM reports WHERE id = '{report_id}'")
    policy = headers["content-security-policy"]
    for rule in ("sandbox;", "default-src 'none'", "style-src 'unsafe-inline'", "img-src data:"):
        assert rule in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert re.fullmatch(r"text/html; charset=(utf-8|gb18030)", headers["content-type"])
    _, headers, dressed = get(room + frame[1] + "?pictures=1")
    assert headers["content-security-policy"] == policy.replace(
        "sandbox;", "sandbox allow-top-navigation-by-user-activation;"
    )
    assert b"<script" not in dressed
    assert not re.search(rb'(?:src|href)="(?!data:|/captured/|#)', dressed)


@pytest.mark.parametrize(
    ("page", "shown_as"),
    [
        (b'<link rel="stylesheet" href="a.css"/>', b'<link rel="stylesheet" href="a.css"/>'),
        (b"<LINK REL=icon href=a.ico>", b"<LINK REL=icon href=a.ico>"),
        (b'<link rel="preconnect" href="//a">', b'<meta rel="preconnect" href="//a">'),
        (b'<link rel="&#112;reconnect" href="//a">', b'<meta rel="&#112;reconnect" href="//a">'),
        (b"<link title='>' rel=dns-prefetch href=//a>", b"<meta title='>' rel=dns-prefetch href=//a>"),
        (b"<Link\n\nrel=PRECONNECT href=//a>", b"<meta\n\nrel=PRECONNECT href=//a>"),
        (b"<link/rel=preconnect/href=//a>", b"<meta/rel=preconnect/href=//a>"),
        (b"<link href=//a rel=preconnect", b"<meta href=//a rel=preconnect"),
        (b"<linked><p>link</p>", b"<linked><p>link</p>"),
        (
            b"<iframe src=//a></iframe><frameset><FRAME src=//a></frameset>",
            b"<xframe src=//a></xframe><frameset><xRAME src=//a></frameset>",
        ),
    ],
)
def test_hints_to_connect_are_taken_out_of_captured_pages(page: bytes, shown_as: bytes) -> None:
    assert without_connections(page) == shown_as


def test_a_page_with_pictures_keeps_what_it_says_and_nothing_that_acts(tmp_path: Path) -> None:
    picture = b"\x89PNG\r\n\x1a\n picture"
    page = """<html><head><title>报告</title><base href="/a/"><style>p { color: red }</style><script>x()</script></head>
        <body onload="x()"><form action="/post"><p style="color:red" onclick="x()">正文<a href="javascript:x()">链接</a></p>
        <table><tr><td colspan="2">25</td></tr></table><input name="q"><button>发送</button></form>
        <img src="1.png" srcset="2.png 2x"><img src="gone.png"><iframe src="/f"></iframe><object data="/o"></object>
        <picture><source srcset="3.png"></picture><video src="/v"></video><meta http-equiv="refresh" content="0"></body></html>"""
    captures = Captures(tmp_path)
    for url, body, media_type in (
        ("http://p.example/x.html", page.encode(), "text/html"),
        ("http://p.example/a/1.png", picture, "image/png"),
    ):
        at = "2026-01-01T00:00:00.000000Z"
        captures.add(
            Capture(url=url, requested_at=at, status=200, outcome=Outcome.OK, body=body, content_type=media_type)
        )
    db = captures.db.conn
    shown_page = as_it_looked(db, body_of(db, 1), "/absent/{}".format)
    captures.close()
    root = html.document_fromstring(shown_page)
    assert {tag.tag for tag in root.iter() if isinstance(tag.tag, str)} == {
        "html", "head", "title", "style", "body", "p", "a", "table", "tr", "td", "img", "picture",
    }  # fmt: skip
    assert not [name for tag in root.iter() for name in tag.attrib if name.startswith("on")]
    assert "javascript" not in shown_page
    assert root.findtext(".//td") == "25"
    assert root.find(".//p").get("style") == "color:red"
    assert [image.get("src") for image in root.iter("img")] == [
        f"data:image/png;base64,{base64.b64encode(picture).decode()}",
        None,
    ]


def test_damaged_body_is_not_shown(archive: Path, tmp_path: Path) -> None:
    import zstandard

    folder = tmp_path / "archive"
    shutil.copytree(archive, folder)
    db = sqlite3.connect(folder / "captures.db")
    number, sha256 = db.execute(
        "SELECT id, sha256 FROM captures WHERE content_type LIKE '%html%' AND sha256 IS NOT NULL"
    ).fetchone()
    db.execute("UPDATE bodies SET data = ? WHERE sha256 = ?", (zstandard.compress(b"<p>forged</p>"), sha256))
    db.commit()
    db.close()
    with browsing(folder) as address:
        status, _, body = get(f"{address}/captured/{number}")
    assert status == 500
    assert b"forged" not in body


def test_bodies_are_out_of_reach_unless_allowed(archive: Path, room: str) -> None:
    sql = quote("select hex(data) as d from bodies limit 3")
    rows = json.loads(get(f"{room}/captures.json?sql={sql}&_shape=array")[2])
    assert [row["d"] for row in rows] == ["", "", ""]
    sha256 = json.loads(get(f"{room}/captures/bodies.json?_shape=array&_size=1")[2])[0]["sha256"]
    assert get(f"{room}/captures/bodies/{sha256}.blob?_blob_column=data")[2] == b""
    assert get(f"{room}/captures.db")[0] in {403, 404}
    with browsing(archive, "--with-captures") as address:
        rows = json.loads(get(f"{address}/captures.json?sql={sql}&_shape=array")[2])
        assert all(row["d"] for row in rows)


def test_archive_cannot_be_written(room: str) -> None:
    for sql in (
        "delete from reports",
        "attach 'x.db' as x",
        "pragma writable_schema = 1",
        "with x as (select 1) insert into reports select 1",
    ):
        assert get(f"{room}/reports.json?sql={quote(sql)}")[0] == 400, sql


def test_reports_alone_can_be_served(archive: Path, tmp_path: Path) -> None:
    """Without captures.db, as the page on publishing tells; and behind a web server with TLS."""
    shutil.copy(archive / "reports.db", tmp_path / "reports.db")
    pages = addresses(archive)
    del pages["problems"]
    with browsing(tmp_path, "--https") as address:
        for path in pages.values():
            status, _, body = get(address + path)
            assert status == 200
            assert "/problems" not in body.decode()
        assert "https://127.0.0.1" in get(address + pages["report"])[2].decode()
        assert get(f"{address}/problems")[0] == 404
        assert get(f"{address}/captured/1")[0] == 404
    assert not (tmp_path / "captures.db").exists()


def test_every_chart_and_list_is_csv_and_json_too(archive: Path, room: str) -> None:
    at = addresses(archive)
    for name in ("search", "body", "portal", "compare", "question", "problems", "codebook"):
        path, _, query = at[name].partition("?")
        status, headers, body = get(f"{room}{path}.csv?{query}")
        assert status == 200
        assert headers["content-type"].startswith("text/csv")
        assert len(list(csv.reader(io.StringIO(body.decode("utf-8-sig"))))) > 1, name
        assert json.loads(get(f"{room}{path}.json?{query}")[2]), name
    assert json.loads(get(f"{room}{at['report']}.json")[2])["report"]["title"]


def test_a_list_of_many_portals_comes_in_pages_and_whole_as_data(tmp_path: Path) -> None:
    with closing(Reports(tmp_path)) as reports:
        for number in range(120):
            reports.put_portal({"name": f"portal{number:03}", "title": f"第{number}个网站"})
        reports.put(made("portal007-1", portal="portal007", report_year=2021, title="甲局报告"))
        reports.commit()
    with browsing(tmp_path) as room:
        last = get(f"{room}/portals?page=3&lang=en")[2].decode()
        assert "101–120 of 120" in last
        assert last.count('<a href="/portal/portal') == 20
        assert get(f"{room}/portals?page=4")[0] == 400
        rows = json.loads(get(f"{room}/portals.json")[2])["portals"]
        assert len(rows) == 120
        assert [(row["name"], row["report_year"]) for row in rows if row["reports"]] == [("portal007", 2021)]
        assert len(get(f"{room}/portals.csv")[2].decode().splitlines()) == 121
        question = get(f"{room}/questions/late?portal=portal007&lang=en")[2].decode()
        assert 'name="portal" value="portal007"' in question
        assert "<small>2021" in question


def test_questions_have_answers_and_can_be_changed_as_sql(room: str) -> None:
    from archive.room.questions import QUESTIONS

    for name in QUESTIONS:
        ours = json.loads(get(f"{room}/questions/{name}.json?year=all")[2])
        theirs = json.loads(get(f"{room}/reports/{name}.json?year=&portal=&_shape=array&_size=max")[2])
        columns = list(theirs[0])  # the room adds to some what shows why
        assert [{name: row[name] for name in columns} for row in ours["rows"][:1000]] == theirs, name
        assert ours["total"] == len(ours["rows"]), name
        assert ours["rows"], name


def test_every_table_view_and_query_opens_in_a_browser(archive: Path, room: str) -> None:
    from archive.room.questions import QUESTIONS

    paths = [f"/reports/{name}" for name in QUESTIONS]
    for database in ("reports", "captures"):
        db = sqlite3.connect(archive / f"{database}.db")
        names = db.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')").fetchall()
        db.close()
        shown = [
            name
            for (name,) in names
            if not name.startswith(("report_search_", "report_breaks_", "_sqlite", "row_digests"))
        ]
        paths += [f"/{database}", *(f"/{database}/{name}" for name in shown)]
    answers = {path: get(room + path) for path in paths}
    assert {path: status for path, (status, _, _) in answers.items() if status != 200} == {}
    assert all(headers["content-type"].startswith("text/html") for _, headers, _ in answers.values())


def test_numbers_come_with_their_unit(archive: Path, room: str) -> None:
    for view, column, unit in (("key_figures", "applications", "件"), ("timeliness", "days_late", "days")):
        report_id = one(archive, f"SELECT report_id FROM {view} WHERE {column} <> 0 LIMIT 1")
        value = one(archive, f"SELECT {column} FROM {view} WHERE report_id = '{report_id}'")
        page = get(f"{room}/reports/{view}?report_id={report_id}")[2].decode()
        assert re.search(f">\\s*{value} {unit}\\s*</td>", page), view


def test_grant_rate_leaves_out_what_it_says(archive: Path, room: str) -> None:
    answer = json.loads(get(f"{room}/questions/grant-rate.json?year=all")[2])
    total = one(archive, "SELECT COUNT(*) FROM reports")
    assert len(answer["rows"]) + sum(number for _, number in answer["left_out"]) == total


def test_every_rate_is_its_numerator_divided_by_its_denominator(room: str) -> None:
    from archive.room.questions import QUESTIONS

    answers = {name: json.loads(get(f"{room}/questions/{name}.json?year=all")[2])["rows"] for name in QUESTIONS}
    rates = [(name, row) for name, rows in answers.items() for row in rows if "denominator" in row]
    assert len({name for name, _ in rates}) == 8
    for name, row in rates:
        assert row["share"] == pytest.approx(row["numerator"] / row["denominator"], abs=0.0001), (name, row)


def test_feed_is_atom(archive: Path, room: str) -> None:
    feed = etree.fromstring(get(f"{room}/feed.atom")[2])
    entries = feed.findall("{http://www.w3.org/2005/Atom}entry")
    assert len(entries) == 50
    ids = [entry.findtext("{http://www.w3.org/2005/Atom}id") for entry in entries]
    assert len(set(ids)) == len(ids)


def test_a_feed_speaks_as_its_reader_does_and_names_portals(archive: Path, room: str) -> None:
    with closing(sqlite3.connect(archive / "captures.db")) as db:
        titles = {title for (title,) in db.execute("SELECT title FROM portals WHERE title <> ''")}
    for lang, words in (("zh", "新增："), ("en", "New: ")):
        entries = etree.fromstring(get(f"{room}/feed.atom?lang={lang}")[2]).findall("{*}entry")
        new = [entry for entry in entries if entry.find("{*}category").get("term") == "new"]  # type: ignore[union-attr]
        assert new
        assert all((entry.findtext("{*}title") or "").startswith(words) for entry in new)
        assert {(entry.findtext("{*}summary") or "").rpartition(" · ")[2] for entry in new} <= titles


def test_what_is_not_there_is_said_in_words(room: str) -> None:
    for address in ("/report/none", "/body/none", "/portal/none", "/questions/none", "/captured/999999"):
        status, _, body = get(room + address)
        assert status == 404
        assert "页面不存在" in body.decode()


# Hostile texts


def test_texts_are_shown_without_what_turns_or_breaks_them() -> None:
    assert shown("a\u202eb\x00c\u2066") == "abc"
    assert shown("长" * 400) == "长" * 300 + "…"
    assert web_address("javascript:alert(1)") is None
    assert web_address("https://a.example/x") == "https://a.example/x"
    assert web_address("//a.example") is None


@pytest.mark.parametrize(
    ("text", "written"),
    [("=1+1", "'=1+1"), ("+1 a", "'+1 a"), ("-1", "-1"), ("+19", "+19"), ("-", "-"), ("@x", "'@x"), ("\t=1", "'\t=1"), ("＝1", "'＝1"), (" =1", "' =1"), ("中", "中"), (-3, -3)],
)  # fmt: skip
def test_formulas_are_defused(text: object, written: object) -> None:
    assert csv_cell(text) == written


def test_hostile_texts_in_tables_and_feeds(nasty: str) -> None:
    for address in (
        "/search.csv?portal=nasty",
        "/reports/reports.csv?_stream=1&portal=nasty",
        "/reports/statistics.csv?_stream=1&report_id__startswith=nasty",
        "/reports.csv?sql=" + quote("select title, source from reports where portal = 'nasty'"),
        "/questions/grant-rate.csv?year=all",
        "/problems.csv?portal=nasty",
        f"/body/{quote(NASTY[3], safe='')}.csv",
    ):
        status, _, body = get(nasty + address)
        assert status == 200, address
        csv.field_size_limit(10_000_000)
        rows = list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline="")))
        assert len(rows) > 1
        assert len({len(row) for row in rows}) == 1
        for text in (text for row in rows for text in row):
            assert not re.match(r"\s*[=+@-]", text) or re.fullmatch(r"[-+]?[\d.,]*", text), (address, text[:50])
    etree.fromstring(get(f"{nasty}/feed.atom")[2])


@needs_chromium
def test_hostile_archive_in_a_browser(nasty: str, away: Away, browser: Any) -> None:
    context = browser.new_context()
    page = context.new_page()
    dialogs: list[str] = []
    asked: list[str] = []
    refused: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    context.on("request", lambda request: asked.append(request.url))
    # what the policy forbids is reported as a request that never left
    context.on("requestfailed", lambda request: refused.append(request.url) if request.failure == "csp" else None)
    reports = [f"/report/nasty-{number}" for number in range(len(NASTY))]
    shown_as = [
        *reports,
        "/captured/1",
        "/captured/1?pictures=1",
        "/captured/1/page",
        "/",
        "/portals",
        "/portal/nasty",
        f"/search?portal=nasty&q={quote('敌意')}",
        "/questions/failed-identities?year=all",
    ]
    shown_as += [f"/body/{quote(text[:500], safe='')}" for text in NASTY[:5]]
    shown_as += [
        f"/compare?body={quote(NASTY[1])}",
        "/problems?portal=nasty",
        "/reports/reports?portal=nasty",
        "/reports/statistics?report_id=nasty-3",
    ]
    shown_as += [
        "/reports/reports/nasty-1",
        f"/search?q={quote(NASTY[1])}",
        f"/reports/reports?_search={quote(NASTY[0])}",
        "/captures/captures?portal=nasty",
    ]
    for address in shown_as:
        page.goto(nasty + address)
        assert page.title() != "run", address
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth + 1") or address.startswith(
            ("/reports", "/captures")
        ), address
    for number in range(len(NASTY)):
        page.goto(nasty + reports[number])
        if number == 9:
            assert len(page.content()) < 400 * KB
        if number == 2:  # its address is none that a page was captured at
            continue
        captured = page.locator("iframe")
        captured.scroll_into_view_if_needed()
        frame = page.frame_locator("iframe")
        frame.locator("text=真实的正文").wait_for()
        if number < 2:
            frame.locator("#link").click()
            page.get_by_text("显示原始内容").or_(page.get_by_text("Original bytes")).click()
            frame.locator("button").click()
            frame.locator("#link").click()
            page.wait_for_timeout(300)
    SCREENS.mkdir(parents=True, exist_ok=True)
    page.goto(nasty + reports[1])
    page.screenshot(path=SCREENS / "hostile.png")
    context.close()
    assert dialogs == []
    assert away.asked == []
    left = Counter(asked) - Counter(refused)
    assert [url for url in left if not url.startswith((nasty, "data:"))] == []
    assert refused


# In a browser


@needs_chromium
@pytest.mark.parametrize(("lang", "scheme", "width"), [("zh-CN", "light", 1200), ("en", "dark", 390)])
def test_pages_are_accessible_and_fit_their_screen(
    archive: Path, room: str, browser: Any, lang: str, scheme: str, width: int
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    SCREENS.mkdir(parents=True, exist_ok=True)
    context = browser.new_context(locale=lang, color_scheme=scheme, viewport={"width": width, "height": 844})
    page = context.new_page()
    for name, address in addresses(archive).items():
        page.goto(room + address)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
        page.screenshot(path=SCREENS / f"{name}-{lang}-{scheme}.png", full_page=name != "report")
        found = Axe().run(page).response["violations"]
        serious = [(v["id"], v["nodes"][0]["html"][:120]) for v in found if v["impact"] in {"serious", "critical"}]
        assert serious == [], name
    if width < 600:
        for name, address in further_addresses(archive).items():
            page.goto(room + address)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
            found = Axe().run(page).response["violations"]
            assert [v["id"] for v in found if v["impact"] in {"serious", "critical"}] == [], name
    context.close()


@needs_chromium
def test_columns_of_an_answer_are_wide_enough_to_read(archive: Path, room: str, browser: Any) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto(room + further_addresses(archive)["wide answer"])
    narrow = "cells => cells.filter(c => c.innerText.trim().length > 3 && c.clientWidth < 40).map(c => c.innerText)"
    assert page.locator(".rows td").evaluate_all(narrow) == []
    assert page.locator(".rows td:last-child").first.evaluate("c => getComputedStyle(c).textAlign") == "right"
    page.close()


@needs_chromium
def test_tables_of_words_stand_as_lines_on_a_phone(room: str, browser: Any) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844})
    words = ["/problems", "/entries?portal=qingxi", "/bodies", "/questions/missing-years?year=all", "/api", "/reports"]
    for address in words:
        page.goto(room + address)
        assert page.locator(".wide").evaluate_all("boxes => boxes.every(b => b.scrollWidth <= b.clientWidth)"), address
        table = page.get_by_role("table").first
        assert table.get_by_role("columnheader").count() > 3, address  # what it is to a screen reader
        assert table.get_by_role("row").count() > 1, address
    page.close()


@needs_chromium
def test_a_visitor_with_a_keyboard_and_no_script(archive: Path, room: str, browser: Any) -> None:
    context = browser.new_context(java_script_enabled=False, locale="zh-CN")
    page = context.new_page()
    page.goto(room)
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.locator("#q:focus").count():
            break
    page.keyboard.type("复议")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=*")
    page.locator(".hits a").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/report/*")
    assert page.locator("article.text p").count() > 5
    page.locator("a.switch").click()
    assert page.locator("html").get_attribute("lang") == "en"
    page.locator(".years a").first.click()
    assert page.locator("html").get_attribute("lang") == "en"
    context.close()


# While others write

TRIES = 4


def test_reads_work_while_a_crawl_and_a_reparse_write(archive: Path, tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    shutil.copytree(archive, folder)
    at = [address for name, address in addresses(archive).items() if name != "report"]
    wrong: list[tuple[str, int]] = []
    with browsing(folder) as address, Server(*demo_replicas()[:3]) as server, ThreadPoolExecutor(6) as pool:

        def ask(number: int) -> None:
            path = at[number % len(at)]
            answers = (get(address + path)[0] for _ in range(TRIES))
            status = next((status for status in answers if status != 503), 503)  # a busy machine took all of its time
            if status != 200 and not (status == 503 and "?sql=" in path):  # visitors' queries come last
                wrong.append((path, status))

        writers = [pool.submit(crawl, folder, *server, refresh="1"), pool.submit(scrapy, folder, "reparse")]
        asked = 0
        while asked < 200 or not all(writer.done() for writer in writers):
            list(pool.map(ask, range(asked, asked + 50)))
            asked += 50
    assert wrong == [], (folder / "browse.log").read_text()[-3000:]
