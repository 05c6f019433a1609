"""A report that has changed, for tests of its versions: three states, each with the captured page of its moment."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from archive import Capture, Captures, Reports
from archive.records import FIELDS, state_of
from archive.versions import delta
from archive.vocabulary import Outcome
from tests.made_reports import made

REPORT_ID = "p-changed"
MOMENTS = ("2025-01-20T08:00:00.000000Z", "2025-02-03T08:00:00.000000Z", "2025-03-02T08:00:00.000000Z")
RECEIVED = (41, 43, 43)
TEXTS = (
    "一、总体情况\n全年收到申请41件，取得了一定成效。\n二、问题\n人员不足。",
    "一、总体情况\n全年收到申请43件，取得了一定成效。\n二、问题\n人员不足。",
    "一、总体情况\n全年收到申请43件，取得了良好成效。\n新增一段说明。\n二、问题\n人员不足。",
)
URL = "http://p.example/changed.html"
WORD = b"PK\x03\x04" + b"\0" * 26 + b"word/document.xml" + b"\0" * 40


def put_changed(folder: Path) -> None:
    """The report in three versions, and a Word file beside it."""
    captures, reports = Captures(folder), Reports(folder)
    reports.put_portal({"name": "p", "title": "某市门户"})
    bodies = [f"<html><body><p>{text}</p></body></html>".encode() for text in TEXTS]
    for at, body in zip(MOMENTS, bodies, strict=True):
        _capture(captures, URL, at, body, "text/html; charset=utf-8")
    _capture(captures, "http://p.example/files/年报.docx", MOMENTS[0], WORD, "application/octet-stream")
    row = {
        "url": URL,
        "portal": "p",
        "title": "某市2024年年度报告",
        "issuing_body": "某市人民政府",
        "report_year": 2024,
    }
    row |= {"published": "2025-01-20", "form": "cn-2021", "captured_at": MOMENTS[-1], "body_kind": "government"}
    row |= {"first_captured_at": MOMENTS[0], "sha256": hashlib.sha256(bodies[-1]).hexdigest()}
    tables = [
        {
            "report_texts": [(text,)],
            "statistics": [
                (3, "new_received", "total", value, "件", str(value), "number", "html"),
                (3, "granted", "total", 12, "件", "12", "number", "html"),
                (3, "processed_total", "total", 30, "件", "30", "number", "html"),
            ],
            "table_sources": [(3, "html", URL, "unverified")],
            "attachments": [("http://p.example/files/年报.docx", "年报.docx", None, None)],
        }
        for text, value in zip(TEXTS, RECEIVED, strict=True)
    ]
    states = [state_of({name: row.get(name) for name in FIELDS}, state) for state in tables]
    versions = []
    for number, (at, body) in enumerate(zip(MOMENTS, bodies, strict=True)):
        restore = delta(states[number], states[number - 1]) if number else None
        changed = {"text": [["…"], ["…"]]} if number else {}
        versions.append((hashlib.sha256(body).hexdigest(), at, json.dumps(changed), json.dumps(restore)))
    reports.put(made(REPORT_ID, tables[-1] | {"versions": versions}, **row))
    captures.db.conn.commit()
    captures.close()
    reports.close()


def _capture(captures: Captures, url: str, at: str, body: bytes, content_type: str) -> None:
    captures.add(
        Capture(
            url=url, requested_at=at, status=200, outcome=Outcome.OK, body=body, content_type=content_type, portal="p"
        )
    )
