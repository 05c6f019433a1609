"""New, changed and removed reports as an Atom feed: of the whole archive, a body, a place, a portal or a search."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable
from typing import Any

from archive.room.untrusted_text import shown
from archive.room.vocabulary_bilingual import REPORT_STATES, Bilingual
from archive.vocabulary import ReportState

ATOM = "http://www.w3.org/2005/Atom"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_NEVER = "1970-01-01T00:00:00Z"
EVENTS: dict[str, Bilingual] = {
    "new": ("新增", "New"),
    "changed": ("内容变更", "Changed"),
    ReportState.MISSING: REPORT_STATES[ReportState.MISSING],
    ReportState.REMOVED: REPORT_STATES[ReportState.REMOVED],
}
"""Event → its word in the titles of entries."""
Entries = Iterable[tuple[str, str, dict[str, Any]]]
"""(Event, when in UTC, report row)."""


def atom(entries: Entries, origin: str, page: str, address: str, title: str, subtitle: str, lang: str) -> bytes:
    """The feed at an address, of what a page shows; both begin with a slash, and `origin` is the reading room's.

    Ids stay whatever language is asked for: they are the address of the feed without it, and of each report with its
    event.
    """
    ET.register_namespace("", ATOM)
    feed = ET.Element(f"{{{ATOM}}}feed", {_LANG: "zh-CN" if lang == "zh" else "en"})
    newest_first = sorted(entries, key=lambda entry: (entry[1] or "", entry[2]["id"]), reverse=True)
    chosen = "&" if "?" in address else "?"
    _child(feed, "title", f"{title} · {'通鉴' if lang == 'zh' else 'Tongjian'}")
    _child(feed, "subtitle", subtitle)
    _child(feed, "id", f"{origin}{address}")
    _child(feed, "updated", (newest_first[0][1] if newest_first else "") or _NEVER)
    _child(_child(feed, "author"), "name", "Tongjian")
    _child(feed, "link", rel="self", type="application/atom+xml", href=f"{origin}{address}{chosen}lang={lang}")
    _child(feed, "link", rel="alternate", type="text/html", href=f"{origin}{page}")
    for event, at, row in newest_first:
        entry = _child(feed, "entry")
        report = f"{origin}/report/{row['path']}"
        _child(entry, "id", f"{report}#{event}-{at}")
        colon = "：" if lang == "zh" else ": "
        _child(entry, "title", f"{EVENTS[event][lang != 'zh']}{colon}{shown(row['title'] or row['url'])}")
        _child(entry, "updated", at or _NEVER)
        _child(entry, "link", rel="alternate", type="text/html", href=report)
        _child(entry, "category", term=event, label=EVENTS[event][lang != "zh"])
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
