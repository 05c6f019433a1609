"""An archive in the reading room, for tests: the demo's portals crawled, hostile reports put in, `scrapy browse` on it."""

from __future__ import annotations

import hashlib
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from archive import Capture, Captures, Reports
from archive.records import Rows
from tests.crawling import Forked, execute_afresh
from tests.made_reports import made

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
    reports = Reports(archive)
    reports.put_portal({"name": "nasty", "title": NASTY[0], "home_url": NASTY[2]})
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
        paragraphs = f"{text}\n一、{text}\n敌意文本{number}。{text}"
        cells = [
            (3, "new_received", "total", "html"),
            (3, "granted", "natural_person", "html"),
            (4, "cases", "review_total", "html"),
            (3, "granted", "total", "narrative"),
        ]
        image = NASTY[2] if number == 2 else f"{away}/{number}.png"
        tables: dict[str, Rows] = {
            "report_texts": [(paragraphs,)],
            "statistics": [(table, row, column, 1, text[:50], text, "text", o) for table, row, column, o in cells],
            "checks": [("T3-A", text[:200], 1, 2, "fails", "warning")],
            "attachments": [(image, text, "image/png", None)],
            "locations": [(NASTY[2] + str(number), text[:100])],
            "versions": [
                (
                    sha256,
                    at,
                    '{"title": ["<script>alert(1)</script>", "=1+1"], "text": [["<b>"], ["]]>"]]}',
                    '{"fields": {"title": "=1+1"}}',
                )
            ],
        }
        reports.put(
            made(
                report_id,
                tables,
                url=text[:20] + url if number == 2 else url,
                portal="nasty",
                title=text,
                issuing_body=text[:500],
                report_year=2024,
                published="2025-01-02",
                source=text,
                form="cn-2021",
                index_number=text,
                sha256=sha256,
                captured_at=at,
                first_captured_at="2099-01-01T00:00:00Z",
            )
        )
        captures.db.execute(
            "INSERT INTO problems (portal, url, stage, kind, message, seen_at) VALUES (?, ?, 'read', ?, ?, ?)",
            ("nasty", url, text[:100], text, at),
        )
        ids.append(report_id)
    captures.db.conn.commit()
    captures.close()
    reports.close()
    return ids


@contextmanager
def browsing(archive: Path, *options: str) -> Iterator[str]:
    """`scrapy browse` on the archive; its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ["browse", "--port", str(port), *options]
    process = Forked(execute_afresh, command, ARCHIVE=str(archive))
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(f"{address}/-/versions.json").close()
                break
            except urllib.error.URLError:
                if process.poll() is not None:
                    raise
                time.sleep(0.1)
        yield address
    finally:
        process.kill(signal.SIGTERM)
        (archive / "browse.log").write_text(process.wait().stderr, encoding="utf-8")


def server_id(address: str) -> str:
    """The id of the process that serves the room at an address."""
    port = address.rpartition(":")[2]
    listing = subprocess.run(["ps", "-ewwo", "pid,args"], capture_output=True, text=True, check=True).stdout
    rows = [line.split(maxsplit=1) for line in listing.splitlines()[1:]]
    return next(pid for pid, args in rows if args.endswith(f"--port {port}"))


def cpu_ms(process: str) -> float:
    """Milliseconds of CPU that a server has had so far; it ends no thread between two visits."""
    threads = Path(f"/proc/{process}/task").glob("*/schedstat")
    return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e6


def get(address: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """Status, headers in lower case, body; an error is an answer too."""
    request = urllib.request.Request(address, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            return answer.status, {k.lower(): v for k, v in answer.headers.items()}, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, {k.lower(): v for k, v in error.headers.items()}, error.read()
