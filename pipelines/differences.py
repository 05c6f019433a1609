"""What two readings of one document say differently."""

from __future__ import annotations

import difflib
from typing import Any

from archive.reports import FIELDS
from crawler.items import Report


def differences(old: Report, new: Report) -> dict[str, list[Any]]:
    """What two readings of one document say differently: field → [old, new].

    Of the text only the paragraphs that differ; figures one by one under `table row column`; attachments by address.
    """
    changed: dict[str, list[Any]] = {}
    for name in FIELDS:
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            changed[name] = [before, after]
    if old.text != new.text:
        lines = [line for line in difflib.ndiff(old.text.split("\n"), new.text.split("\n")) if line[:2] in {"- ", "+ "}]
        changed["text"] = [[line[2:] for line in lines if line[0] == sign] for sign in "-+"]
    before, after = _figures(old), _figures(new)
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            changed[name] = [before.get(name), after.get(name)]
    links = [[a.url for a in report.attachments] for report in (old, new)]
    if links[0] != links[1]:
        changed["attachments"] = links
    return changed


def _figures(report: Report) -> dict[str, Any]:
    return {
        f"{s.table_no} {s.row_name} {s.column_name} ({s.origin})": s.raw if s.value is None else s.value
        for s in report.statistics
    }
