"""Files that anybody may have made: what is wrong with a record costs that record, and the rest comes in."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import resource
import zipfile
from base64 import b32encode
from pathlib import Path

import pytest
import zstandard

from archive import Captures
from archive.warc import reader
from archive.warc.checks import ForeignValueError, safe_pattern
from spiders.registry import Registry, platforms
from tests.crawling import scrapy
from tests.test_warc_of_others import told

URL = "http://www.example.gov.cn/a/{}.html"
PAGE = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>\xe5\xb9\xb4\xe6\x8a\xa5</p>"


def record(number: int, *headers: str, block: bytes = PAGE, kind: str = "response", **changed: str) -> bytes:
    """A record of a foreign WARC; a header that is named replaces the usual one."""
    usual = {
        "WARC-Type": kind,
        "WARC-Record-ID": f"<urn:uuid:{number:032x}>",
        "WARC-Date": f"2024-03-0{number}T00:00:00Z",
        "WARC-Target-URI": URL.format(number),
        "Content-Type": "application/http; msgtype=response",
    } | {name.replace("_", "-"): value for name, value in changed.items()}
    lines = ["WARC/1.1", *(f"{name}: {value}" for name, value in usual.items()), *headers]
    head = "\r\n".join([*lines, f"Content-Length: {len(block)}"])
    return head.encode() + b"\r\n\r\n" + block + b"\r\n\r\n"


def ours(block: object) -> bytes:
    """A metadata record of what passes for an export of ours."""
    text = block if isinstance(block, bytes) else json.dumps(block).encode()
    return record(2, 'WARC-Tongjian: {"version": 1}', block=text, kind="metadata", WARC_Target_URI="urn:x:y")


def sha1(data: bytes) -> str:
    return f"sha1:{b32encode(hashlib.sha1(data, usedforsecurity=False).digest()).decode()}"


ENTRY = {"portal": "p", "listing_url": URL, "url": URL, "title": "t", "date": None}
PORTAL = {"name": "p", "title": "t", "home_url": "http://p.example.gov.cn/"}
SEEN, MOMENT = ("first_seen", "last_seen"), "2024-01-01T00:00:00.000000Z"
FAILURE = {"url": URL.format(9), "requested_at": MOMENT, "outcome": "error"}
BAD = {
    "a month that is none": record(2, WARC_Date="2024-13-01T00:00:00Z"),
    "a year to come": record(2, WARC_Date="2199-01-01T00:00:00Z"),
    "a year before all portals": record(2, WARC_Date="0001-01-01T00:00:00Z"),
    "a port that is none": record(2, WARC_Target_URI="http://www.example.gov.cn:99999/"),
    "a host that is none": record(2, WARC_Target_URI="http:///a.html"),
    "an endless address": record(2, WARC_Target_URI=URL.format("a" * 9_000)),
    "a status of four digits": record(2, block=PAGE.replace(b"200 OK", b"2000 OK")),
    "a status below nothing": record(2, block=PAGE.replace(b"200 OK", b"-1 OK")),
    "another content": record(2, f"WARC-Block-Digest: {sha1(b'other')}"),
    "another payload": record(2, f"WARC-Payload-Digest: {sha1(b'other')}"),
    "a digest that is no base 32": record(2, "WARC-Payload-Digest: sha1:?!"),
    "an address of a server that is none": record(2, "WARC-IP-Address: 300.1.1.1"),
    "a word of ours that is none": record(2, 'WARC-Tongjian: {"outcome": "splendid"}'),
    "a list for our fields": record(2, "WARC-Tongjian: [1]"),
    "fields without end": record(2, "WARC-Tongjian: " + "[" * 50_000),
    "a size below nothing": record(2, 'WARC-Tongjian: {"wire_bytes": -1, "outcome": "ok"}'),
    "half a surrogate pair": record(2, 'WARC-Tongjian: {"note": "\\ud800", "outcome": "ok"}'),
    "a portal of megabytes": ours({"portals": [PORTAL | {"title": "t" * 3_000_000}]}),
    "a portal that is a word": ours({"portals": ["p"]}),
    "a pattern that takes for ever": ours({"portals": [PORTAL | {"document": "/(a+)+$"}]}),
    "a column that portals have not": ours({"portals": [PORTAL | {"x) VALUES (1); --": "1"}]}),
    "an entry without dates": ours({"entries": [ENTRY]}),
    "a failure with an id": ours({"failure": FAILURE | {"request_headers": [], "id": 1}}),
    "an entry of half a surrogate pair": ours(
        {"entries": [ENTRY | dict.fromkeys(SEEN, MOMENT) | {"portal": "\ud800"}]}
    ),
    "a division of letters": ours({"portals": [PORTAL | {"division_code": "44x"}]}),
    "a failure with a hash": ours({"failure": FAILURE | {"request_headers": [], "sha256": "0" * 64}}),
    "a failure without headers": ours({"failure": FAILURE}),
    "no JSON": ours(b"{"),
}


@pytest.mark.parametrize("what", BAD)
def test_a_record_that_cannot_be_costs_that_record(tmp_path: Path, what: str) -> None:
    path = tmp_path / "x.warc"
    path.write_bytes(record(1) + BAD[what] + record(3))
    items = list(reader.records(path))
    assert [item.url for item in items if not isinstance(item, reader.Skipped | reader.Declared)] == [
        URL.format(1),
        URL.format(3),
    ]
    assert [item.is_bad for item in items if isinstance(item, reader.Skipped)] == [True]
    assert not any(item.portals or item.entries for item in items if isinstance(item, reader.Declared))


def test_what_is_left_out_is_a_problem_that_names_file_and_address(tmp_path: Path) -> None:
    path = tmp_path / "x.warc"
    path.write_bytes(b"".join([record(1), BAD["another content"], BAD["no JSON"], record(3)]))
    done = scrapy(tmp_path / "archive", "import", "--no-read", path)
    assert done.returncode == 1
    captures = Captures(tmp_path / "archive", read_only=True)
    said = captures.db.conn.execute("SELECT url, kind, message FROM problems ORDER BY id").fetchall()
    captures.close()
    assert [(row["url"], row["kind"]) for row in said] == [(URL.format(2), "bad_record"), ("urn:x:y", "bad_record")]
    assert all(row["message"].startswith("x.warc: ") for row in said)
    assert scrapy(tmp_path / "archive", "verify").returncode == 0
    path.write_bytes(record(1) + record(3))
    assert scrapy(tmp_path / "archive", "import", "--no-read", path).returncode == 0


def test_records_of_one_name_are_all_taken(tmp_path: Path) -> None:
    path = tmp_path / "x.warc"
    path.write_bytes(b"".join(record(1, WARC_Target_URI=URL.format(f"n{number}")) for number in range(5)))
    captures, skipped, why = told(path)
    assert sorted(capture.url for capture in captures) == [URL.format(f"n{number}") for number in range(5)]
    assert (skipped, why) == ([], None)


def test_digests_that_fit_are_no_fault(tmp_path: Path) -> None:
    payload = PAGE.partition(b"\r\n\r\n")[2]
    packed = PAGE.replace(b"\r\n\r\n", b"\r\nContent-Encoding: gzip\r\n\r\n").replace(payload, gzip.compress(payload))
    path = tmp_path / "x.warc"
    path.write_bytes(
        record(1, f"WARC-Block-Digest: {sha1(PAGE)}", f"WARC-Payload-Digest: {sha1(payload)}")
        + record(2, f"WARC-Payload-Digest: sha256:{hashlib.sha256(payload).hexdigest()}", block=packed)
        + record(3, "WARC-Payload-Digest: whirlpool:abc")
    )
    captures, skipped, why = told(path)
    assert (len(captures), skipped, why) == (3, [], None)


def bombs() -> dict[str, bytes]:
    """Small files that grow to a thousand times their size, each in a way of its own."""
    zeros = bytes(1 << 20)
    wide = zstandard.ZstdCompressor(level=1)
    head = record(1).partition(b"Content-Length")[0] + b"Content-Length: %d\r\n\r\n"
    size = 400 << 20
    kept = io.BytesIO()
    with gzip.GzipFile(fileobj=kept, mode="wb", compresslevel=1) as packed:
        packed.write(head % size)
        for _ in range(size >> 20):
            packed.write(zeros)
    one = wide.compressobj()
    parts = [one.compress(head % size), *(one.compress(zeros) for _ in range(size >> 20)), one.flush()]
    wacz = io.BytesIO()
    with (
        zipfile.ZipFile(wacz, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed_zip,
        packed_zip.open("archive/a.warc", "w", force_zip64=True) as member,
    ):
        member.write(head % size)
        for _ in range(size >> 20):
            member.write(zeros)
    endless = gzip.compress(b"WARC/1.1\r\nWARC-Type: " + b"a" * (64 << 20))
    return {
        "a.warc.gz": kept.getvalue(),
        "b.warc.zst": b"".join(parts),
        "c.wacz": wacz.getvalue(),
        "d.warc.gz": endless,
    }


def test_what_grows_without_measure_takes_little_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archive.warc.container._MOST", 64 << 20)
    for name, data in bombs().items():
        (tmp_path / name).write_bytes(data)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        captures, _, why = told(tmp_path / name)
        assert captures == [], name
        assert why is not None, name
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        assert grown < 250 * 1024, f"{name} took {grown // 1024} MiB"


def test_patterns_of_our_own_portals_are_safe_and_others_are_not() -> None:
    from scrapy.utils.project import get_project_settings

    for portal in [*platforms().values(), *Registry(get_project_settings())]:
        assert safe_pattern(portal.document.pattern) == portal.document
    for text in (r"(a+)+$", r"(a|a)*b", r"(a?a)*b", r"(\d+)\1", r"x*x*x*y", r"((ab){1,9}){1,9}$", "(", "a" * 500):
        with pytest.raises(ForeignValueError):
            safe_pattern(text)
