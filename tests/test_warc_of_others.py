"""WARC and WACZ files made by others come in: their encodings, kinds of records and packings, and what is left of a cut one."""

from __future__ import annotations

import gzip
import io
import sqlite3
import zipfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import brotli
import pytest
import zstandard
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from archive import ArchiveError, Capture
from archive.warc.content_encoding import undo_encodings
from archive.warc.reader import Skipped, read, records
from tests.crawling import scrapy

URL = "http://www.linchuan-example.gov.cn/content/post_{}.html"
BODY = "<html><title>公告</title><p>全文如下。</p></html>".encode()


def write(
    path: Path, *records: tuple[str, str, list[tuple[str, str]], bytes, dict[str, str]], is_gzip: bool = True
) -> Path:
    """Records of (type, URL, HTTP headers, payload, WARC headers)."""
    with path.open("wb") as stream:
        writer = WARCWriter(stream, gzip=is_gzip, warc_version="1.1")
        for number, (kind, url, headers, payload, named) in enumerate(records):
            dated = {"WARC-Date": f"2024-03-01T00:00:{number:02}Z"} | named
            http = StatusAndHeaders(
                "200 OK", [("Content-Type", "text/html; charset=utf-8"), *headers], protocol="HTTP/1.1"
            )
            writer.write_record(
                writer.create_warc_record(
                    url, kind, payload=io.BytesIO(payload), http_headers=http, warc_headers_dict=dated
                )
            )
    return path


ENCODED: dict[str, tuple[list[tuple[str, str]], bytes]] = {
    "br": ([("Content-Encoding", "br")], brotli.compress(BODY)),
    "zstd": ([("Content-Encoding", "zstd")], zstandard.compress(BODY)),
    "gzip": ([("Content-Encoding", "gzip")], gzip.compress(BODY)),
    "chunked": (
        [("Transfer-Encoding", "chunked")],
        b"5\r\n" + BODY[:5] + b"\r\n%x\r\n" % len(BODY[5:]) + BODY[5:] + b"\r\n0\r\n\r\n",
    ),
    "undone": ([("Content-Encoding", "br"), ("Transfer-Encoding", "chunked")], BODY),
}


@pytest.mark.parametrize("is_gzip", [True, False])
def test_payloads_come_in_decoded(tmp_path: Path, is_gzip: bool) -> None:
    records = [("response", URL.format(n), headers, body, {}) for n, (headers, body) in enumerate(ENCODED.values())]
    path = write(tmp_path / "other.warc.gz", *records, is_gzip=is_gzip)
    assert [capture.body for capture in read(path)] == [BODY] * len(ENCODED)


def test_an_encoding_that_breaks_off_is_told() -> None:
    body, fault = undo_encodings(gzip.compress(BODY * 50)[:-20], [("Content-Encoding", "gzip")])
    assert fault == "truncated (its gzip encoding breaks off)"
    assert (BODY * 50).startswith(body)
    assert undo_encodings(b"5\r\nabcde\r\n9\r\nabc", [("transfer-encoding", "chunked")]) == (
        b"abcdeabc",
        "truncated (the last chunk is missing)",
    )


def test_revisits_refer_to_what_is_in_the_file_or_the_archive(tmp_path: Path) -> None:
    digest = "sha1:" + "A" * 32
    first = write(tmp_path / "a.warc.gz", ("response", URL.format(1), [], BODY, {"WARC-Payload-Digest": digest}))
    again = {
        "WARC-Profile": "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest",
        "WARC-Payload-Digest": digest,
        "WARC-Refers-To-Target-URI": URL.format(1),
        "WARC-Refers-To-Date": "2024-03-01T00:00:00Z",
        "WARC-Date": "2024-04-01T00:00:00Z",
    }
    second = write(tmp_path / "b.warc.gz", ("revisit", URL.format(1), [], b"", again))
    archive = tmp_path / "archive"
    assert scrapy(archive, "import", "--no-read", second).returncode == 0
    assert rows(archive) == []
    assert scrapy(archive, "import", "--no-read", first, second).returncode == 0
    one, other = rows(archive)
    assert (one[0], other[0]) == ("ok", "unchanged")
    assert one[1] == other[1] == sha256(BODY).hexdigest()
    assert other[2].startswith("2024-04-01")


def rows(archive: Path) -> list[tuple[str, ...]]:
    connection = sqlite3.connect(archive / "captures.db")
    found = connection.execute("SELECT outcome, sha256, requested_at FROM captures ORDER BY requested_at").fetchall()
    connection.close()
    return found


def test_a_wacz_of_others_comes_in(tmp_path: Path) -> None:
    warc = write(
        tmp_path / "rec.warc.gz", ("response", URL.format(1), [], BODY, {}), ("response", "dns:x", [], b"1", {})
    )
    path = tmp_path / "other.wacz"
    with zipfile.ZipFile(path, "w") as packed:
        packed.write(warc, "archive/rec.warc.gz")
        packed.writestr("datapackage.json", "{}")
    assert [capture.url for capture in read(path)] == [URL.format(1)]


# Records as tools write them, byte by byte

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"


def record(kind: str, url: str, block: bytes, content_type: str = "application/http", **named: str) -> bytes:
    fields = {"WARC-Type": kind, "WARC-Target-URI": url, "WARC-Date": "2024-03-01T00:00:00Z"}
    fields |= {"WARC-Record-ID": f"<urn:uuid:{sha256(url.encode() + block).hexdigest()}>"}
    fields |= {"WARC-" + name.replace("_", "-"): value for name, value in named.items()}
    fields |= {"Content-Type": content_type, "Content-Length": str(len(block))}
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"WARC/1.0\r\n{lines}\r\n".encode() + block + b"\r\n\r\n"


WGET = [
    record(
        "request",
        f"<{URL.format(1)}>",
        b"GET /content/post_1.html HTTP/1.0\r\nHost: x\r\n\r\n",
        Record_ID="<urn:uuid:1>",
    ),
    record("response", f"<{URL.format(1)}>", HEAD + BODY, Record_ID="<urn:uuid:2>", Concurrent_To="<urn:uuid:1>"),
    record("revisit", f"<{URL.format(2)}>", HEAD, Refers_To="<urn:uuid:2>", Truncated="length"),
    record("metadata", "metadata://gnu.org/software/wget/warc/MANIFEST.txt", b"x", "text/plain"),
    record("resource", "metadata://gnu.org/software/wget/warc/wget.log", b"x", "text/plain"),
]
BROWSERTRIX = [
    record("response", URL.format(1), HEAD + BODY, Record_ID="<urn:uuid:1>", Page_ID="p", Resource_Type="document"),
    record("request", URL.format(1), b"GET / HTTP/1.1\r\nX-A: b\r\n\r\n", Concurrent_To="<urn:uuid:1>"),
    record("revisit", URL.format(2), b"", Refers_To_Target_URI=URL.format(1), Refers_To_Date="2024-03-01T00:00:00Z"),
    record("resource", "urn:pageinfo:" + URL.format(1), b"{}", "application/json"),
]
OTHERS = [
    record("response", "dns:www.linchuan-example.gov.cn", b"1", "text/dns"),
    record("conversion", URL.format(1), b"text", "text/plain"),
    record("continuation", URL.format(1), b"more", Segment_Number="2"),
    record("response", URL.format(3), b""),
    record("resource", URL.format(4), BODY, "text/html; charset=utf-8"),
    record("revisit", URL.format(5), HEAD, Refers_To_Target_URI=URL.format(99), Refers_To_Date="2020-03-01T00:00:00Z"),
]


def told(path: Path) -> tuple[list[Capture], list[str], str | None]:
    """Captures, what was skipped, and why it broke off."""
    captures: list[Capture] = []
    skipped: list[str] = []
    try:
        for item in records(path):
            if isinstance(item, Capture):
                captures.append(item)
            elif isinstance(item, Skipped):
                skipped.append(item.what)
    except ArchiveError as error:
        return captures, skipped, str(error)
    return captures, skipped, None


def zstd_with_dictionary(parts: list[bytes]) -> bytes:
    words = zstandard.train_dictionary(3000, [part + str(n).encode() * 9 for n in range(99) for part in parts])
    frames = b"".join(map(zstandard.ZstdCompressor(dict_data=words).compress, parts))
    packed = zstandard.compress(words.as_bytes())
    return b"\x5d\x2a\x4d\x18" + len(packed).to_bytes(4, "little") + packed + frames


PACKINGS: dict[str, Callable[[list[bytes]], bytes]] = {
    "plain.warc": b"".join,
    "by-record.warc.gz": lambda parts: b"".join(map(gzip.compress, parts)),
    "as-a-whole.warc.gz": lambda parts: gzip.compress(b"".join(parts)),
    "frames.warc.zst": lambda parts: b"".join(map(zstandard.compress, parts)),
    "dictionary.warc.zst": zstd_with_dictionary,
}


@pytest.mark.parametrize("packing", PACKINGS)
def test_every_packing_is_read_whole_and_up_to_a_cut(tmp_path: Path, packing: str) -> None:
    path = tmp_path / packing
    path.write_bytes(PACKINGS[packing](WGET))
    first, second = told(path)[0]
    assert (first.url, first.body, first.request_headers) == (URL.format(1), BODY, [("Host", "x")])
    assert (second.url, second.sha256, second.status, second.note) == (
        URL.format(2),
        sha256(BODY).hexdigest(),
        200,
        None,
    )
    assert told(path)[1:] == (["resource of metadata:"], None)
    path.write_bytes(PACKINGS[packing](WGET[:2])[:-9])
    assert told(path)[2] is not None


def test_a_record_whose_head_is_cut_off_is_none(tmp_path: Path) -> None:
    path = tmp_path / "cut.warc"
    whole = b"".join(BROWSERTRIX)
    for end in (whole.index(b"Refers-To-Date"), whole.index(b"Content-Length", whole.index(b"Refers-To-Date")) + 12):
        path.write_bytes(whole[:end])
        captures, _, why = told(path)
        assert [capture.url for capture in captures] == [URL.format(1)]
        assert "record 3" in (why or "")


def test_kinds_of_records_come_in_or_are_named(tmp_path: Path) -> None:
    path = tmp_path / "mixed.warc"
    path.write_bytes(b"".join(BROWSERTRIX + OTHERS))
    captures, skipped, why = told(path)
    assert why is None
    assert {capture.url for capture in captures} == {URL.format(n) for n in (1, 2, 4)}
    by_url = {capture.url: capture for capture in captures}
    assert by_url[URL.format(1)].request_headers == [("X-A", "b")]
    assert by_url[URL.format(2)].sha256 == sha256(BODY).hexdigest()
    assert (by_url[URL.format(2)].status, by_url[URL.format(2)].content_type) == (200, "text/html")
    assert (by_url[URL.format(4)].body, by_url[URL.format(4)].content_type) == (BODY, "text/html; charset=utf-8")
    assert sorted(skipped) == [
        "continuation",
        "conversion",
        "resource of urn:",
        "response of dns:",
        "response without HTTP headers",
        "revisit whose original is not here",
    ]
    done = scrapy(tmp_path / "archive", "import", "--no-read", path)
    assert done.returncode == 0
    assert "1 skipped/conversion" in " ".join(done.stderr.split())
    assert len(rows(tmp_path / "archive")) == 3


class Unseekable(io.RawIOBase):
    """What a ZIP is streamed into: sizes then stand behind the members."""

    def __init__(self, kept: io.BytesIO) -> None:
        self.kept = kept

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        return self.kept.write(data)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("is_streamed", [False, True])
def test_of_a_wacz_that_is_cut_off_what_stands_before_the_cut_is_taken(
    tmp_path: Path, method: int, is_streamed: bool
) -> None:
    kept = io.BytesIO()
    with zipfile.ZipFile(Unseekable(kept) if is_streamed else kept, "w", method) as packed:  # type: ignore[arg-type]
        for name, parts in (
            ("datapackage.json", [b"{}"]),
            ("archive/a.warc.gz", WGET),
            ("archive/b.warc.gz", BROWSERTRIX),
        ):
            with packed.open(name, "w") as member:
                member.write(b"".join(map(gzip.compress, parts)))
    whole, cut = tmp_path / "whole.wacz", tmp_path / "cut.wacz"
    whole.write_bytes(kept.getvalue())
    assert len(told(whole)[0]) == 4
    cut.write_bytes(kept.getvalue()[:-30])
    if method == zipfile.ZIP_STORED or not is_streamed:
        assert len(told(cut)[0]) == 4
    cut.write_bytes(kept.getvalue()[: kept.getvalue().index(b"archive/b.warc.gz") + 100])
    assert len(told(cut)[0]) == 2
    done = scrapy(tmp_path / "archive", "import", cut)
    assert done.returncode == 2
    assert done.stderr.splitlines()[0].startswith(f"scrapy: {cut} is a WACZ (ZIP) that is cut short")
    assert len(rows(tmp_path / "archive")) == 2
