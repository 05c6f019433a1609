"""An archive in the reading room, for tests: the demo's portals crawled, hostile reports put in, `scrapy browse` on it."""

from __future__ import annotations

import hashlib
import json
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
from archive.asking import acknowledge
from archive.constraints import release
from archive.listed_bodies import ListedBody, put_listed_bodies
from archive.model import Entry
from archive.records import Rows
from archive.vocabulary import Fate, RunKind
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


def _open_to_anything(archive: Path) -> tuple[Captures, Reports]:
    """Both databases without the constraints that would refuse words of no vocabulary."""
    captures, reports = Captures(archive), Reports(archive)
    for database in (captures.db, reports.db):
        release(database.conn)
    return captures, reports


def put_hostile(archive: Path, away: str) -> list[str]:
    """Reports whose every text is hostile, each with a hostile page captured; their ids."""
    captures, reports = _open_to_anything(archive)
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


FAR = "9" * 15
"""A figure larger than any of a real report."""


def put_hostile_beside(archive: Path, away: str) -> None:
    """Hostile words and figures wherever a page shows any, besides the reports of `put_hostile`, each by itself in its place."""
    captures, reports = _open_to_anything(archive)
    for number, text in enumerate(words[:5000] for words in NASTY):
        portal, url = f"nasty-{number}", f"{away}/beside/{number}?{text[:200]}"
        at = f"2026-01-02T00:00:{number:02}.000000Z"
        facts = {"title": text, "home_url": url, "platform": text[:100], "division": text, "level": text[:50]}
        reports.put_portal({"name": portal, **facts})
        put = captures.db.execute
        put("INSERT INTO portals (name, title, home_url, document) VALUES (?, ?, ?, ?)", (portal, text, url, text))
        run = captures.start_run(RunKind.CRAWL, portal)
        captures.finish_run(run, text, {text: text, "limits": [text]})
        found = captures.add(
            Capture(
                url=url,
                requested_at=at,
                status=999,
                outcome="ok",
                body=hostile_page(away).encode() + text.encode(),
                content_type=text[:300],
                portal=portal,
                note=text,
                request_headers=[(text[:50], text)],
                response_headers=[("Content-Type", text), ("Location", text), ("Set-Cookie", text)],
                redirect_url=text,
                ip_address=text[:60],
                run_id=run,
            )
        )
        captures.add_entries([Entry(portal=portal, listing_url=text, url=url, title=text, date=text[:40])])
        acknowledge(captures, portal, url, text)
        put(
            "INSERT INTO problems (portal, url, stage, kind, message, seen_at) VALUES (?, ?, ?, ?, ?, ?)",
            (portal, url, text[:20], "listing_short", text, text[:30]),
        )
        cells = [
            (table, row, column, value, text[:50], text, "number", text[:20])
            for table, row, column, value in (
                (1, text[:60], text[:60], -1),
                (2, "regulations", "in_force", 10**15),
                (3, "new_received", "total", 10**15),
                (3, "granted", "total", -(10**15)),
                (3, "denied_state_secret", "total", 3),
                (4, "cases", "review_total", 10**15),
            )
        ]
        tables: dict[str, Rows] = {
            "report_texts": [(f"{text}\n{FAR}件。{text}",)],
            "statistics": cells,
            "checks": [
                (text[:30], text, 10**15, -1, "fails", text[:30]),
                ("T3-B", text, None, 1, text[:20], "warning"),
            ],
            "table_sources": [(3, text[:20], url, text[:30]), (4, "html", text, "verified")],
            "parts": [("document", text[:20], url, text), (text[:40], "unread", text, text)],
            "attachments": [(url, text, text[:90], found.sha256), (text, text, "application/msword", text[:64])],
            "locations": [(f"{url}#2", portal)],
            "versions": [
                (found.sha256, at, json.dumps({text: [text, text], "text": [[text], [text]]}), "{}"),
                (text[:64], f"2026-01-03T00:00:{number:02}.000000Z", json.dumps({"source": [text, None]}), "{}"),
            ],
        }
        row = dict.fromkeys(
            ("title", "issuing_body", "co_issuing_body", "division", "source", "index_number", "document_number"), text
        )
        row |= {"site_id_code": text[:99], "report_scope_witness": text, "published": text[:30], "form": text[:40]}
        row |= {"body_kind": text[:30], "level": "county", "report_scope": "whole_area", "state": "removed"}
        row |= {"division_code": "990101", "place_id": f"990101-{text[:200]}", "agency_id": f"990101-{text[:200]}"}
        name = f"{portal}-{text[:40]}"
        made_of = {"url": url, "portal": portal, "report_year": 2024 - number, "sha256": found.sha256}
        reports.put(made(name, tables, **made_of, captured_at=at, first_captured_at=at, **row))
        body = ListedBody(f"990101-listed{text[:99]}", text, "990101", "990101", "county", "department", "2020,2023")
        put_listed_bodies(reports, portal, [body])
        put = reports.db.execute
        for fate in (*Fate, text[:20]):
            put(
                "INSERT INTO fates VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (portal, f"{text}{fate}", url, f"{text}2023年", fate, None, text, found.id),
            )
        put(
            "INSERT INTO unreported (portal, key, fate, cause, capture_id) VALUES (?, ?, 'error', ?, ?)",
            (portal, text, text, found.id),
        )
        put("INSERT INTO contradictions VALUES (?, ?, ?, ?, ?)", (name, portal, text, url, text))
        put(
            "INSERT INTO successions VALUES (?, ?, 2020, ?, ?, ?)",
            (f"a{text[:99]}", f"990101-{text[:200]}", text, text, text),
        )
    captures.db.conn.commit()
    captures.close()
    reports.commit()
    reports.close()


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
