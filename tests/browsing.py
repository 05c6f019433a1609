"""An archive in the reading room, for tests: the demo's portals crawled, hostile reports put in, `scrapy browse` on it."""

from __future__ import annotations

import hashlib
import os
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from archive import Capture, Captures
from archive.reports import search_text
from tests.crawling import ROOT

NASTY = (
    '<script>document.title="run"</script>',
    '"><img src=x onerror="alert(\'run\')">',
    "javascript:alert('run')",
    '=HYPERLINK("http://away.example/","打开")',
    "]]></title><script>alert(1)</script>",
    "\u202egnp.exe\u202c \u2066报告\u2069",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "{{ 7*7 }}{% raw %}",
    "\tTAB=1+1",
    "长" * 1_000_000,
)
"""What portals may put in titles, sources, file names and cells."""


def hostile_page(away: str) -> str:
    """A page that tries what a page can try; `away` is the address of a host that must not be asked."""
    return f"""<!DOCTYPE html><html><head><meta charset="utf-8"><title>页面</title><base href="{away}/" target="_top">
<meta http-equiv="refresh" content="0; url={away}/refresh"><link rel="preconnect" href="{away}"><link rel="dns-prefetch" href="{away}">
<link rel="prefetch" href="{away}/prefetch"><link rel="stylesheet" href="{away}/style.css"><link rel="icon" href="{away}/icon.png">
<style>@import url("{away}/import.css"); body {{ background: url("{away}/background.png") }} @font-face {{ font-family: f; src: url("{away}/font") }} p {{ font-family: f }}</style>
<script src="{away}/script.js"></script><script>alert("run"); parent.document.title = "run"; fetch("{away}/fetch")</script></head>
<body onload="alert('run')"><p>真实的正文</p><img src="{away}/picture.png" onerror="alert('run')"><svg onload="alert('run')"><image href="{away}/svg.png"/></svg>
<iframe src="{away}/frame"></iframe><iframe srcdoc="<script>top.alert('run')</script>"></iframe><object data="{away}/object"></object><embed src="{away}/embed">
<video src="{away}/video" autoplay></video><audio src="{away}/audio" autoplay></audio><form id="f" action="{away}/form" method="post"><input autofocus onfocus="alert('run')"><button>发送</button></form>
<script>document.getElementById("f").submit()</script><a id="link" href="javascript:alert('run')">脚本</a><a href="{away}/ping" ping="{away}/ping">外链</a></body></html>"""


def put_hostile(archive: Path, away: str) -> list[str]:
    """Reports whose every text is hostile, each with a hostile page captured; their ids."""
    captures = Captures(archive)
    db = sqlite3.connect(archive / "reports.db")
    db.execute("INSERT INTO portals (name, title, home_url) VALUES ('nasty', ?, ?)", (NASTY[0], NASTY[2]))
    first = db.execute("SELECT MAX(search_id) + 1 FROM reports").fetchone()[0]
    ids = []
    for number, text in enumerate(NASTY):
        url, report_id = f"{away}/{number}.html", f"nasty-{number}"
        body = hostile_page(away).encode() + str(number).encode()
        sha256 = hashlib.sha256(body).hexdigest()
        at = f"2026-01-01T00:00:{number:02}.000000Z"
        captures.add(
            Capture(
                url=url,
                requested_at=at,
                status=200,
                outcome="ok",
                body=body,
                content_type="text/html",
                portal="nasty",
                note=text[:2000],
            )
        )
        db.execute(
            "INSERT INTO reports (id, url, portal, title, issuing_body, report_year, published, source, form, index_number, sha256, captured_at,"
            " first_captured_at, state, search_id, digest) VALUES (?, ?, 'nasty', ?, ?, 2024, '2025-01-02', ?, 'cn-2021', ?, ?, ?, '2099-01-01T00:00:00Z', 'live', ?, '')",
            (
                report_id,
                text[:20] + url if number == 2 else url,
                text,
                text[:500],
                text,
                text,
                sha256,
                at,
                first + number,
            ),
        )
        paragraphs = f"{text}\n一、{text}\n敌意文本{number}。{text}"
        db.execute("INSERT INTO report_texts VALUES (?, ?)", (report_id, paragraphs))
        db.execute(
            "INSERT INTO report_search (rowid, title, text) VALUES (?, ?, ?)",
            (first + number, search_text(text), search_text(paragraphs)),
        )
        cells = [
            (3, "new_received", "total", "html"),
            (3, "granted", "natural_person", "html"),
            (4, "cases", "review_total", "html"),
            (3, "granted", "total", "narrative"),
        ]
        db.executemany(
            "INSERT INTO statistics (report_id, table_no, row_name, column_name, value, unit, raw, value_state, origin) VALUES (?, ?, ?, ?, 1, ?, ?, 'text', ?)",
            [(report_id, table, row, column, text[:50], text, origin) for table, row, column, origin in cells],
        )
        db.execute("INSERT INTO checks VALUES (?, 'T3-A', ?, 1, 2, 'fails', 'warning')", (report_id, text[:200]))
        db.execute(
            "INSERT INTO attachments VALUES (?, ?, ?, 'image/png', NULL)",
            (report_id, NASTY[2] if number == 2 else f"{away}/{number}.png", text),
        )
        db.execute("INSERT INTO locations VALUES (?, ?, ?)", (report_id, NASTY[2] + str(number), text[:100]))
        db.execute(
            "INSERT INTO versions VALUES (?, ?, ?, ?)",
            (report_id, sha256, at, '{"title": ["<script>alert(1)</script>", "=1+1"], "text": [["<b>"], ["]]>"]]}'),
        )
        captures.db.execute(
            "INSERT INTO problems (portal, url, stage, kind, message, seen_at) VALUES (?, ?, 'read', ?, ?, ?)",
            ("nasty", url, text[:100], text, at),
        )
        ids.append(report_id)
    captures.db.conn.commit()
    captures.close()
    db.commit()
    db.close()
    return ids


@contextmanager
def browsing(archive: Path, *options: str) -> Iterator[str]:
    """`scrapy browse` on the archive; its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "scrapy", "browse", "--port", str(port), *options],
        cwd=ROOT,
        env=os.environ | {"ARCHIVE": str(archive)},
        stdout=subprocess.DEVNULL,
        stderr=(archive / "browse.log").open("wb"),
    )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(200):
            try:
                urllib.request.urlopen(f"{address}/-/versions.json").close()
                break
            except urllib.error.URLError:
                if process.poll() is not None:
                    raise
                time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.communicate(timeout=20)


def get(address: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """Status, headers in lower case, body; an error is an answer too."""
    request = urllib.request.Request(address, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, {k.lower(): v for k, v in answer.headers.items()}, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, {k.lower(): v for k, v in error.headers.items()}, error.read()
