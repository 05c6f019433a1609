"""How to cite an archived report: plain, GB/T 7714, BibTeX, RIS, and the metadata that Zotero reads from its page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

_BRACES = re.compile(r"([#$%&_{}])")


@dataclass(frozen=True, slots=True)
class Cited:
    """What a citation says, each in one line; a part that the report does not state is empty."""

    key: str
    body: str
    title: str
    year: str
    published: str
    archived: str
    """When this version was captured, in UTC."""
    url: str
    sha256: str
    address: str
    """Of this version in the archive; it never changes."""


def cited(row: dict[str, Any], address: str) -> Cited:
    """What a citation of this version of a report says."""
    published, archived = (row["published"] or "")[:10], row["captured_at"] or ""
    return Cited(
        key=re.sub(r"[^A-Za-z0-9]+", "-", row["id"]).strip("-"),
        body=_line(row["issuing_body"] or row["source"] or row["portal"]),
        title=_line(row["title"] or row["url"]),
        year=(published or archived)[:4],
        published=published,
        archived=archived[:19] + "Z" if archived else "",
        url=_line(row["url"]),
        sha256=row["sha256"] or "",
        address=address,
    )


def citations(report: Cited) -> dict[str, str]:
    """Style (plain, gbt7714, bibtex, ris) → citation."""
    day = report.archived[:10]
    plain = f"{report.body}：《{report.title}》" + (f"，{report.published}发布" if report.published else "")
    plain += f"，通鉴于{day}存档，原网址 {report.url}，存档 {report.address}，SHA-256 {report.sha256}。"
    published = f"({report.published})" if report.published else ""
    return {
        "plain": plain,
        "gbt7714": f"{report.body}. {report.title}[R/OL]. {published}[{day}]. {report.address}."
        f" 原网址：{report.url}. 存档时间：{report.archived}. SHA-256：{report.sha256}.",
        "bibtex": _bibtex(report),
        "ris": _ris(report),
    }


def _bibtex(report: Cited) -> str:
    fields = {
        "author": "{" + _tex(report.body) + "}",
        "title": "{" + _tex(report.title) + "}",
        "year": report.year,
        "date": report.published,
        "url": report.address.replace("{", "%7B").replace("}", "%7D"),
        "urldate": report.archived[:10],
        "note": f"{_tex(report.url)}, archived by Tongjian {report.archived}, SHA-256 {report.sha256}",
    }
    lines = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items() if value)
    return f"@online{{{report.key},\n{lines}\n}}"


def _ris(report: Cited) -> str:
    fields = (
        ("TY", "RPRT"),
        ("ID", report.key),
        ("A1", report.body),
        ("T1", report.title),
        ("PY", report.year),
        ("DA", report.published.replace("-", "/")),
        ("PB", report.body),
        ("UR", report.address),
        ("L2", report.url),
        ("Y2", report.archived[:10].replace("-", "/")),
        ("N1", f"Archived by Tongjian {report.archived}, SHA-256 {report.sha256}"),
        ("LA", "zh-CN"),
    )
    lines = [f"{tag}  - {value}" for tag, value in fields if value]
    return "\r\n".join([*lines, "ER  - ", ""])


def metadata(report: Cited) -> list[tuple[str, str]]:
    """`<meta>` of the report's page, as Zotero and search engines read it: (name, content)."""
    named = (
        ("citation_title", report.title),
        ("citation_author", report.body),
        ("citation_technical_report_institution", report.body),
        ("citation_publication_date", (report.published or report.year).replace("-", "/")),
        ("citation_language", "zh-CN"),
        ("citation_public_url", report.address),
        ("DC.identifier", report.address),
        ("DC.source", report.url),
        ("DC.date", report.published or report.year),
    )
    return [(name, content) for name, content in named if content]


def _line(text: str) -> str:
    """In one line, at most 500 characters."""
    return " ".join(text.split())[:500]


def _tex(text: str) -> str:
    return _BRACES.sub(r"\\\1", text.replace("\\", r"\textbackslash "))
