"""An Atom feed of new, changed and removed reports."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable
from typing import Any

from archive.room.plain import shown

ATOM = "http://www.w3.org/2005/Atom"
WHAT = {"new": "新增", "changed": "更改", "missing": "未找到", "removed": "撤下"}


def atom(entries: Iterable[tuple[str, str, dict[str, Any]]], here: str) -> bytes:
    """The feed of (what happened, when in UTC, report row); `here` is the address of the reading room."""
    ET.register_namespace("", ATOM)
    feed = ET.Element(f"{{{ATOM}}}feed")
    found = sorted(entries, key=lambda entry: (entry[1] or "", entry[2]["id"]), reverse=True)
    _child(feed, "title", "通鉴 Tongjian")
    _child(feed, "id", f"{here}/feed.atom")
    _child(feed, "updated", (found[0][1] if found else "") or "1970-01-01T00:00:00Z")
    _child(_child(feed, "author"), "name", "Tongjian")
    _child(feed, "link", rel="self", href=f"{here}/feed.atom")
    _child(feed, "link", rel="alternate", href=f"{here}/")
    for what, at, row in found:
        entry = _child(feed, "entry")
        address = f"{here}/report/{row['path']}"
        _child(entry, "id", f"{address}#{what}-{at}")
        _child(entry, "title", f"{WHAT[what]}：{shown(row['title'] or row['url'])}")
        _child(entry, "updated", at or "1970-01-01T00:00:00Z")
        _child(entry, "link", rel="alternate", href=address)
        _child(entry, "category", term=what)
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
