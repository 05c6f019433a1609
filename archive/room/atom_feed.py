"""An Atom feed of new, changed and removed reports."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable
from typing import Any

from archive.room.untrusted_text import shown
from archive.room.vocabulary_bilingual import REPORT_STATES
from archive.vocabulary import ReportState

ATOM = "http://www.w3.org/2005/Atom"
EVENTS: dict[str, str] = {
    "new": "新增",
    "changed": "内容变更",
    ReportState.MISSING: REPORT_STATES[ReportState.MISSING][0],
    ReportState.REMOVED: REPORT_STATES[ReportState.REMOVED][0],
}
"""Event → its word in the titles of entries."""


def atom(entries: Iterable[tuple[str, str, dict[str, Any]]], here: str) -> bytes:
    """The feed of (event, when in UTC, report row); `here` is the address of the reading room."""
    ET.register_namespace("", ATOM)
    feed = ET.Element(f"{{{ATOM}}}feed")
    newest_first = sorted(entries, key=lambda entry: (entry[1] or "", entry[2]["id"]), reverse=True)
    _child(feed, "title", "通鉴 Tongjian")
    _child(feed, "id", f"{here}/feed.atom")
    _child(feed, "updated", (newest_first[0][1] if newest_first else "") or "1970-01-01T00:00:00Z")
    _child(_child(feed, "author"), "name", "Tongjian")
    _child(feed, "link", rel="self", href=f"{here}/feed.atom")
    _child(feed, "link", rel="alternate", href=f"{here}/")
    for event, at, row in newest_first:
        entry = _child(feed, "entry")
        address = f"{here}/report/{row['path']}"
        _child(entry, "id", f"{address}#{event}-{at}")
        _child(entry, "title", f"{EVENTS[event]}：{shown(row['title'] or row['url'])}")
        _child(entry, "updated", at or "1970-01-01T00:00:00Z")
        _child(entry, "link", rel="alternate", href=address)
        _child(entry, "category", term=event)
        _child(
            entry,
            "summary",
            " · ".join(shown(row[n], 100) for n in ("issuing_body", "report_year", "published", "portal") if row[n]),
        )
    return bytes(ET.tostring(feed, encoding="utf-8", xml_declaration=True))


def _child(parent: ET.Element, name: str, text: str | None = None, **attributes: str) -> ET.Element:
    element = ET.SubElement(parent, f"{{{ATOM}}}{name}", attributes)
    element.text = text
    return element
