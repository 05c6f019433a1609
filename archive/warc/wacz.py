"""WACZ 1.1.1: a WARC with its index and a list of pages in one ZIP, as ReplayWeb.page opens it."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

from archive.database import utc_now
from archive.urls import without_www
from archive.warc.writer import Written

_VERSION = "1.1.1"
_PORTS = {"http": ":80", "https": ":443"}


def pack(path: Path, warc: Path, written: Iterable[Written], pages: dict[str, str]) -> None:
    """Make a WACZ of a WARC and the records written into it. `pages` is URL → title of the pages that readers start from."""
    index, entry_pages = [], []
    for record in written:
        index.append(_index_line(record))
        if record.url in pages and not record.is_revisit:
            stamp = record.requested_at[:19] + "Z"
            entry_pages.append({"id": record.sha256[:16], "url": record.url, "ts": stamp, "title": pages[record.url]})
    header = {"format": "json-pages-1.0", "id": "pages", "title": "Reports"}
    texts = {
        "indexes/index.cdx": "".join(f"{line}\n" for line in sorted(index)),
        "pages/pages.jsonl": "".join(json.dumps(page, ensure_ascii=False) + "\n" for page in [header, *entry_pages]),
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as wacz:
        wacz.write(warc, "archive/data.warc.gz")
        with warc.open("rb") as stream:
            digest = sha256()
            while block := stream.read(1 << 20):
                digest.update(block)
        resources = [_resource("archive/data.warc.gz", digest.hexdigest(), warc.stat().st_size)]
        for name, text in texts.items():
            data = text.encode()
            wacz.writestr(name, data, zipfile.ZIP_DEFLATED if name.startswith("pages/") else zipfile.ZIP_STORED)
            resources.append(_resource(name, sha256(data).hexdigest(), len(data)))
        package = {
            "profile": "data-package",
            "wacz_version": _VERSION,
            "software": "Tongjian",
            "title": "Annual reports on open government information",
            "created": utc_now()[:19] + "Z",
            "resources": resources,
        }
        data = json.dumps(package, ensure_ascii=False, indent=2).encode()
        wacz.writestr("datapackage.json", data)
        signed = {"path": "datapackage.json", "hash": f"sha256:{sha256(data).hexdigest()}"}
        wacz.writestr("datapackage-digest.json", json.dumps(signed, indent=2))


def _resource(path: str, digest: str, size: int) -> dict[str, object]:
    return {"name": path.rpartition("/")[2], "path": path, "hash": f"sha256:{digest}", "bytes": size}


def _index_line(record: Written) -> str:
    """A line of CDXJ."""
    stamp = re.sub(r"\D", "", record.requested_at)[:14]
    mime = "warc/revisit" if record.is_revisit else (record.content_type or "application/octet-stream").split(";")[0]
    fields = {
        "url": record.url,
        "mime": mime.strip(),
        "status": str(record.status),
        "digest": f"sha256:{record.sha256}",
    }
    place = {"length": str(record.length), "offset": str(record.offset), "filename": "data.warc.gz"}
    return f"{surt(record.url)} {stamp} {json.dumps(fields | place)}"


def surt(url: str) -> str:
    """The sort-friendly form (SURT) of an address: host reversed, no `www.`, no default port, sorted query, lower case.

    >>> surt("http://www.Example.gov.cn:80/A/t1.html?b=2&a=1")
    'cn,gov,example)/a/t1.html?a=1&b=2'
    """
    parts = urlsplit(url.lower())
    host = without_www(parts.netloc.rpartition("@")[2].removesuffix(_PORTS.get(parts.scheme, "")))
    name, colon, port = host.partition(":")
    labels = [name] if re.fullmatch(r"[\d.]+", name) else reversed(name.split("."))
    path = parts.path.rstrip("/") if len(parts.path) > 1 else parts.path
    query = "?" + "&".join(sorted(parts.query.split("&"))) if parts.query else ""
    return f"{','.join(labels)}{colon}{port}){path or '/'}{query}"
