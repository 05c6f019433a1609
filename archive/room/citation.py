"""How to cite an archived report: plain, BibTeX, GB/T 7714."""

from __future__ import annotations

import re
from typing import Any

_BRACES = re.compile(r"([#$%&_{}])")


def citations(row: dict[str, Any], here: str) -> dict[str, str]:
    """Style (plain, bibtex, gbt7714) → citation, with the dates of publication and archiving.

    `here` is the address of the report in this archive.
    """
    body = _line(row["issuing_body"] or row["source"] or row["portal"])
    title = _line(row["title"] or row["url"])
    published = (row["published"] or "")[:10]
    archived = (row["captured_at"] or "")[:10]
    url, sha256 = _line(row["url"]), row["sha256"] or ""
    key = re.sub(r"[^A-Za-z0-9]+", "-", row["id"]).strip("-")
    plain = f"{body}：《{title}》" + (f"，{published}发布" if published else "")
    plain += f"，通鉴于{archived}存档，原址 {url}，存档 {here}，SHA-256 {sha256}。"
    fields = {
        "author": "{" + _tex(body) + "}",
        "title": "{" + _tex(title) + "}",
        "year": (published or archived)[:4],
        "date": published,
        "url": url.replace("{", "%7B").replace("}", "%7D"),
        "urldate": archived,
        "note": f"Archived by Tongjian, {_tex(here)}, SHA-256 {sha256}",
    }
    lines = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items() if value)
    return {
        "plain": plain,
        "bibtex": f"@online{{{key},\n{lines}\n}}",
        "gbt7714": f"{body}. {title}[EB/OL]. {f'({published})' if published else ''}[{archived}]. {url}. 存档：{here}（SHA-256：{sha256}）.",
    }


def _line(text: str) -> str:
    """In one line, at most 500 characters."""
    return " ".join(text.split())[:500]


def _tex(text: str) -> str:
    return _BRACES.sub(r"\\\1", text.replace("\\", r"\textbackslash "))
