"""A captured page as files, on which the tests try the readers: tests/pages/PORTAL/KEY/page.html, page-2.html …, page.json."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from archive.model import Entry, Page


def save(page: Page, folder: Path, next_pages: Sequence[Page] = ()) -> None:
    """Write page.html, the next pages of a split article, and page.json."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "page.html").write_bytes(page.body)
    stated: dict[str, Any] = {
        name: getattr(page, name) for name in ("url", "content_type", "portal", "division_code", "captured_at")
    }
    stated["entries"] = [{"url": e.url, "title": e.title, "date": e.date} for e in page.entries]
    stated["parts"] = []
    for number, part in enumerate(next_pages, 2):
        (folder / f"page-{number}.html").write_bytes(part.body)
        stated["parts"].append({"url": part.url, "content_type": part.content_type})
    (folder / "page.json").write_text(json.dumps(stated, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def load(folder: Path) -> tuple[Page, list[Page]]:
    """The page that `save` wrote, and the next pages."""
    stated = json.loads((folder / "page.json").read_text(encoding="utf-8"))
    entries = tuple(Entry(**entry, portal=stated["portal"]) for entry in stated.pop("entries"))
    next_pages = [
        Page(**part, body=(folder / f"page-{number}.html").read_bytes())
        for number, part in enumerate(stated.pop("parts"), 2)
    ]
    return Page(**stated, body=(folder / "page.html").read_bytes(), entries=entries), next_pages
