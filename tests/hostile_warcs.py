"""WARC, ARC, WACZ and CDX files that lie about what they hold, each in a way of its own."""

from __future__ import annotations

import gzip
import io
import json
import stat
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterable

import zstandard

from tests.test_hostile_warcs import PAGE, URL, record

MILLION = 1_000_000


def answer(*headers: str, body: bytes = b"<p>1</p>", status: str = "200 OK") -> bytes:
    """An answer as HTTP has it."""
    return "\r\n".join([f"HTTP/1.1 {status}", "Content-Type: text/html", *headers, "", ""]).encode() + body


def with_length(length: str, block: bytes = PAGE) -> bytes:
    """A record that says that it is so long."""
    return record(2, block=block).replace(
        f"Content-Length: {len(block)}".encode(), f"Content-Length: {length}".encode()
    )


def moves(number: int, target: int) -> bytes:
    """A record of an address that leads to another one."""
    head = answer(f"Location: {URL.format(f'm{target}')}", status="302 Found", body=b"")
    return record(2, block=head, WARC_Target_URI=URL.format(f"m{number}"))


def revisit(number: int, of: int) -> bytes:
    """A record that repeats another one's answer."""
    return record(
        2,
        f"WARC-Refers-To-Target-URI: {URL.format(f'v{of}')}",
        "WARC-Refers-To-Date: 2024-03-02T00:00:00Z",
        "WARC-Profile: http://netpreserve.org/warc/1.1/revisit/identical-payload-digest",
        block=b"",
        kind="revisit",
        WARC_Target_URI=URL.format(f"v{number}"),
    )


def zipped(*members: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    """A zip with these members, whatever they are called."""
    out = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        warnings.simplefilter("ignore")  # of names that come twice
        for name, data in members:
            archive.writestr(name, data)
    return out.getvalue()


def symlink() -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("archive/a.warc")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


def wacz_in_wacz(depth: int) -> bytes:
    data = zipped(("archive/a.warc", record(1)))
    for _ in range(depth):
        data = zipped(("a.wacz", data))
    return data


def directory_lies(field: int, value: int) -> bytes:
    """A WACZ of which the directory says something else of its member than is there."""
    data = bytearray(zipped(("archive/a.warc", record(1) * 50)))
    place = data.rfind(b"PK\x01\x02")
    data[place + field : place + field + 4] = struct.pack("<I", value)
    return bytes(data)


def overlapping(times: int) -> bytes:
    """A directory of many members that are all the same one, and unpack to a thousand times their size."""
    data = zipped(("archive/0000.warc", record(1) + record(2, block=answer(body=bytes(4 * MILLION)))))
    place, end = data.rfind(b"PK\x01\x02"), data.rfind(b"PK\x05\x06")
    entry = data[place:end]
    entries = b"".join(entry.replace(b"0000.warc", f"{number:04}.warc".encode()) for number in range(times))
    tail = bytearray(data[end:])
    tail[8:12] = struct.pack("<2H", times, times)
    tail[12:16] = struct.pack("<I", len(entries))
    return data[:place] + entries + bytes(tail)


def arc(length: str, body: bytes = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>1</p>") -> bytes:
    """A file as before WARC, of which the second record says that it is so long."""
    head = b"filedesc://a.arc 0.0.0.0 20240301000000 text/plain 77\n1 0 A\nURL IP-address Archive-date Content-type Archive-length\n\n"
    return head + f"{URL.format('arc')} 127.0.0.1 20240301000000 text/html {length}\n".encode() + body + b"\n"


def many(records: Iterable[bytes]) -> bytes:
    return b"".join(records)


def ours(**fields: object) -> str:
    return f"WARC-Tongjian: {json.dumps(fields)}"


WARCS: dict[str, Callable[[], bytes]] = {
    # Lies of length
    "shorter than it says.warc": lambda: with_length("99999999999"),
    "longer than it says.warc": lambda: with_length("10"),
    "shorter than nothing.warc": lambda: with_length("-5"),
    "a length of a million digits.warc": lambda: with_length("9" * MILLION),
    "a length in words.warc": lambda: with_length("0x10"),
    "two lengths.warc": lambda: record(2, "Content-Length: 3", "Content-Length: 999999"),
    "no length.warc": lambda: record(2).replace(b"Content-Length", b"X-Length"),
    "an answer's length of a million digits.warc": lambda: record(2, block=answer(f"Content-Length: {'9' * MILLION}")),
    "an ARC that is shorter.arc.warc": lambda: arc("99999999"),
    "an ARC without a length.arc.warc": lambda: arc("-1"),
    # Packed in itself
    "packed three times.warc.gz": lambda: gzip.compress(gzip.compress(gzip.compress(record(1)))),
    "members of nothing.warc.gz": lambda: gzip.compress(record(1)) + gzip.compress(b"") * 200_000,
    "a member cut in the midst.warc.gz": lambda: (
        gzip.compress(record(1)) + gzip.compress(record(2))[:-20] + gzip.compress(record(3))
    ),
    "headers of a gzip without end.warc.gz": lambda: b"\x1f\x8b\x08\x08" + bytes(6) + b"n" * 5 * MILLION,
    "a record in a record.warc": lambda: record(2, block=answer(body=record(3) * 100)),
    "frames to be skipped.warc.zst": lambda: (
        (b"\x50\x2a\x4d\x18" + struct.pack("<I", 4) + b"abcd") * 100_000 + zstandard.compress(record(1))
    ),
    "a dictionary that unpacks to much.warc.zst": lambda: (
        b"\x5d\x2a\x4d\x18"
        + struct.pack("<I", len(packed := zstandard.compress(bytes(500 * MILLION))))
        + packed
        + zstandard.compress(record(1))
    ),
    "a dictionary longer than the file.warc.zst": lambda: (
        b"\x5d\x2a\x4d\x18\xff\xff\xff\xff" + zstandard.compress(record(1))
    ),
    # Heads
    "100,000 headers.warc": lambda: record(2, block=answer(*(f"X-{number}: 1" for number in range(100_000)))),
    "10,000 cookies.warc": lambda: record(2, block=answer(*(f"Set-Cookie: a{number}=1" for number in range(10_000)))),
    "a header of 3 MB.warc": lambda: record(2, block=answer("X: " + "a" * 3 * MILLION)),
    "a header folded 50,000 times.warc": lambda: record(2, block=answer("X: a" + "\r\n b" * 50_000)),
    "a status line of 1 MB.warc": lambda: record(2, block=answer(status="200 " + "O" * MILLION)),
    "a status of other digits.warc": lambda: record(2, block=answer(status="²²² OK")),
    "an answer of HTTP 9.9 without a status.warc": lambda: record(2, block=b"HTTP/9.9\r\n\r\n"),
    "only line ends.warc": lambda: record(2, block=b"\r\n" * MILLION),
    "headers of a record of 800 kB.warc": lambda: record(2, "X: " + "a" * 800_000),
    "a header without a colon.warc": lambda: record(2, "no colon here", "WARC-Date"),
    # Who they are
    "one name for 20,000 records.warc": lambda: many([record(1, WARC_Target_URI=URL.format("same"))] * 20_000),
    "20,000 requests of nothing.warc": lambda: many(
        record(2, block=b"GET / HTTP/1.1\r\n\r\n", kind="request", WARC_Target_URI=URL.format(f"r{number}"))
        for number in range(20_000)
    ),
    "segments without end.warc": lambda: many([record(2, "WARC-Segment-Number: 2", kind="continuation")] * 5_000),
    "kinds that nobody knows.warc": lambda: many(
        record(2, kind=kind) for kind in ("", "RESPONSE", "../x", "a" * 9_999)
    ),
    "schemes.warc": lambda: many(
        record(2, WARC_Target_URI=url)
        for url in (
            "javascript:alert(1)",
            "file:///etc/passwd",
            "http://a@b:c@[::1]:x/",
            "http://\u0000/",
            "//x",
            "http://例子.中国/一 二",
            "http://[v1.x]/",
        )
    ),
    "a leap second and no zone.warc": lambda: many(
        record(2, WARC_Date=date)
        for date in ("2016-12-31T23:59:60Z", "2024-03-02", "2024-03-02T00:00:00+08:00", "٢٠٢٤-03-02T00:00:00Z", "")
    ),
    "circles of moves.warc": lambda: many([moves(1, 2), moves(2, 3), moves(3, 1), moves(4, 4)]),
    "a chain of 3,000 moves.warc": lambda: many(moves(number, number + 1) for number in range(3_000)),
    "circles of revisits.warc": lambda: many([revisit(1, 2), revisit(2, 1), revisit(3, 3)] * 500),
    "digests of 1 MB.warc": lambda: record(2, f"WARC-Payload-Digest: sha1:{'A' * 900_000}", "WARC-Block-Digest: :::"),
    "digests of other kinds.warc": lambda: many(
        record(2, f"WARC-Block-Digest: {name}:00") for name in ("shake_128", "blake2b", "crc32", "", "sha1", "md5")
    ),
    "ours, and not.warc": lambda: many(
        record(2, ours(**fields))
        for fields in (
            {"status": 10**30},
            {"response_headers": [["a"]] * 9},
            {"wire_bytes": 10**40, "outcome": "ok"},
            {"portal": "../x", "outcome": "ok"},
            {"note": "a" * 9_999, "outcome": "ok"},
            {"outcome": "ok", "content_type": ["a"]},
            {"no_body": True, "outcome": "ok", "status": None},
            {"tls_version": {"a": 1}, "outcome": "ok"},
            {"certificate": "valid\u0000", "outcome": "ok"},
            {"role": "king", "outcome": "ok"},
        )
    ),
    # Zips
    "paths that climb.wacz": lambda: zipped(
        ("archive/../../../tmp/a.warc", record(1)), ("/archive/b.warc", record(2)), ("archive\\c.warc", record(3))
    ),
    "one name twice.wacz": lambda: zipped(("archive/a.warc", record(1)), ("archive/a.warc", record(2))),
    "a link.wacz": lambda: zipped((symlink(), b"/etc/passwd")),
    "archives in one another.wacz": lambda: wacz_in_wacz(30),
    "itself in its name.wacz": lambda: zipped(("a.wacz", b"PK\x03\x04" + bytes(100)), ("archive/a.warc", record(1))),
    "50,000 members.wacz": lambda: zipped(
        *((f"archive/{number}.txt", b"") for number in range(50_000)), ("archive/a.warc", record(1))
    ),
    "a size that is none.wacz": lambda: directory_lies(24, 0xFFFFFFF0),
    "a packed size that is none.wacz": lambda: directory_lies(20, 0x7FFFFFFF),
    "a place that is none.wacz": lambda: directory_lies(42, 0x7FFFFFFF),
    "another checksum.wacz": lambda: directory_lies(16, 1),
    "members on one another.wacz": lambda: overlapping(300),
    "a directory that is missing.wacz": lambda: zipped(("archive/a.warc", record(1) * 50))[:-60],
    "an index of 20 MB.wacz": lambda: zipped(
        ("indexes/index.cdx", b"a b {}\n" * 3 * MILLION), ("archive/a.warc", record(1))
    ),
    "sizes of 64 bits.wacz": lambda: (
        b"PK\x03\x04"
        + struct.pack("<5H3I2H", 45, 0, 0, 0, 0, 0, 0xFFFFFFFF, 0xFFFFFFFF, 14, 20)
        + b"archive/a.warc"
        + struct.pack("<2H2Q", 1, 16, 2**63, 2**63)
        + record(1)
    ),
    "descriptors by the hundred thousand.wacz": lambda: (
        b"PK\x03\x04"
        + struct.pack("<5H3I2H", 20, 8, 0, 0, 0, 0, 0, 0, 14, 0)
        + b"archive/a.warc"
        + b"PK\x07\x08" * 300_000
    ),
    "deflate that is none.wacz": lambda: (
        b"PK\x03\x04"
        + struct.pack("<5H3I2H", 20, 0, 8, 0, 0, 0, 999, 999, 14, 0)
        + b"archive/a.warc"
        + zlib.compress(record(1))
    ),
    # No WARC
    "nothing.warc": lambda: b"",
    "zeros.warc": lambda: bytes(10 * MILLION),
    "a page.warc.gz": lambda: gzip.compress(PAGE * 1_000),
}

INDEXES: dict[str, str] = {
    "places beyond the file": json.dumps({"offset": str(10**30), "length": str(10**30)}),
    "places before it": json.dumps({"offset": "-5", "length": "-1"}),
    "a length of nothing": json.dumps({"offset": "0", "length": "0"}),
    "a length of all": json.dumps({"offset": "0", "length": str(2**62)}),
    "another file": json.dumps({"filename": "../../../etc/passwd", "offset": "0", "length": "10"}),
    "a name of 1 MB": json.dumps({"filename": "a" * MILLION, "offset": "0", "length": "10"}),
    "a name with a zero": json.dumps({"filename": "a\0b", "offset": "0", "length": "10"}),
    "numbers of a million digits": json.dumps({"offset": "9" * MILLION, "length": "9" * MILLION}),
    "as deep as it is long": '{"a":' * 100_000,
    "a list": "[1]",
    "a midst of a record": json.dumps({"offset": "7", "length": "100"}),
}
"""What an index says of a record, beside its address and date; `filename` and the rest are those of a file that is there."""
