"""Answers that grow without measure when they are decoded: kept or dropped, they are named, and the exit code tells."""

from __future__ import annotations

import gzip
import sqlite3
import time
import zlib
from pathlib import Path

import brotli
import pytest
import zstandard

from archive.warc.content_encoding import EncodingError, OversizedError, decoded, undo_encodings
from crawler.demo.messages import Reply, Request
from crawler.demo.nfcms import Nfcms
from crawler.demo.server import Server
from crawler.mementos import Answer, _decoded
from tests.crawling import crawl, scrapy
from tests.test_hostile_warcs import PAGE, URL, record

LIMIT = 1 << 20
ZEROS = bytes(3 * LIMIT)
BOMBS = {
    "gzip": gzip.compress(ZEROS),
    "x-gzip": gzip.compress(ZEROS[:LIMIT]) * 3,
    "deflate": zlib.compress(ZEROS),
    "br": brotli.compress(ZEROS, quality=1),
    "zstd": zstandard.compress(ZEROS),
    "gzip, gzip": gzip.compress(gzip.compress(ZEROS)),
    "br, zstd": zstandard.compress(brotli.compress(ZEROS, quality=1)),
}


def chunked(body: bytes) -> bytes:
    half = len(body) // 2
    parts = (body[:half], body[half:], b"")
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)


def rows(archive: Path, sql: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(archive / "captures.db")
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


@pytest.mark.parametrize("status", ["200 OK", "404 Not Found"])
def test_an_import_names_what_met_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: str) -> None:
    monkeypatch.setattr("archive.warc.content_encoding.LARGEST_ENTITY", LIMIT)
    written = []
    for number, (encodings, body) in enumerate(BOMBS.items()):
        head = f"HTTP/1.1 {status}\r\nContent-Type: text/html\r\nContent-Encoding: {encodings}\r\n".encode()
        for form, extra, sent in (("whole", b"", body), ("chunked", b"Transfer-Encoding: chunked\r\n", chunked(body))):
            url = URL.format(f"{form}-{number}")
            written.append(record(1, block=head + extra + b"\r\n" + sent, WARC_Target_URI=url))
    path = tmp_path / "bombs.warc"
    path.write_bytes(record(2, block=PAGE) + b"".join(written) + record(3, block=PAGE))
    archive = tmp_path / "archive"
    for _ in range(2):  # what is held is told again
        assert scrapy(archive, "import", path).returncode == 1
        told = rows(archive, "SELECT url, kind, stage FROM problems WHERE resolved_at IS NULL ORDER BY url")
        assert told == sorted(
            (URL.format(f"{form}-{number}"), "too_large", "fetch")
            for number in range(len(BOMBS))
            for form in ("whole", "chunked")
        )
    kept = rows(archive, "SELECT DISTINCT outcome, note FROM captures WHERE url LIKE '%-%'")
    assert kept == [("error", f"too large: it has more than {LIMIT} bytes when it is decoded")]
    sizes = rows(archive, "SELECT DISTINCT size FROM captures JOIN bodies USING (sha256) WHERE url LIKE '%-%'")
    assert {size for (size,) in sizes} == {len(body) for body in BOMBS.values()}, "kept as they came"
    assert rows(archive, "SELECT COUNT(*) FROM captures WHERE outcome = 'ok'") == [(2,)]
    assert scrapy(archive, "verify").returncode == 0
    assert scrapy(archive, "reparse").returncode == 0


class Bombs(Nfcms):
    """Some documents, or robots.txt, are answered with what grows without measure."""

    targets: dict[str, str]
    """Path → the encodings of its answer."""

    def answer(self, request: Request) -> Reply:
        encodings = self.targets.get(request.path)
        if encodings is None:
            return super().answer(request)
        body = BOMBS[encodings]
        return Reply(body=body, headers={"Content-Encoding": encodings}, length=len(body))


def test_a_crawl_names_what_met_a_limit_and_goes_on(tmp_path: Path) -> None:
    with Server(Bombs("qinghe", 10)) as server:
        replica = server["qinghe"]
        assert isinstance(replica, Bombs)
        addresses = [report.url.removeprefix(replica.base) for report in replica.truth()]
        replica.targets = dict(zip(addresses, BOMBS, strict=False))
        done = crawl(tmp_path, replica, settings={"DOWNLOAD_MAXSIZE": LIMIT})
    assert done.returncode == 1
    told = rows(tmp_path, "SELECT url, kind, message FROM problems WHERE kind != 'listing_unread'")
    assert {(url, kind) for url, kind, _ in told} == {(replica.base + path, "too_large") for path in replica.targets}
    assert all(f"more than {LIMIT} bytes" in str(message) for _, _, message in told)
    assert rows(tmp_path, "SELECT COUNT(*) FROM captures WHERE note LIKE 'too large: %'") == [(len(BOMBS),)]


def test_a_robots_txt_that_met_a_limit_allows_nothing(tmp_path: Path) -> None:
    with Server(Bombs("qinghe", 3)) as server:
        replica = server["qinghe"]
        assert isinstance(replica, Bombs)
        replica.targets = {"/robots.txt": "br"}
        done = crawl(tmp_path, replica, settings={"DOWNLOAD_MAXSIZE": LIMIT, "RETRY_TIMES": 0})
    assert done.returncode == 1
    assert {hit.target for hit in replica.log} == {"/robots.txt"}
    assert rows(tmp_path, "SELECT DISTINCT kind FROM problems WHERE kind = 'robots_unreachable'")


def test_members_cost_no_more_than_their_bytes() -> None:
    begun = time.process_time()
    assert decoded(gzip.compress(b"") * 100_000, "gzip", LIMIT) == b""
    assert time.process_time() - begun < 5
    assert decoded(gzip.compress(b"a") + bytes(9) + gzip.compress(b"b") + b"<!-- -->", "gzip", LIMIT) == b"ab"
    assert decoded(zstandard.compress(b"a") + zstandard.compress(b"b"), "zstd", LIMIT) == b"ab"
    with pytest.raises(OversizedError):
        decoded(zstandard.compress(bytes(LIMIT // 2 + 1)) * 2, "zstd", LIMIT)


def test_encodings_on_top_of_one_another_have_a_number() -> None:
    body = b"a"
    for _ in range(5):
        body = gzip.compress(body)
    assert decoded(body, "gzip,gzip,gzip,gzip,gzip", LIMIT) == b"a"
    with pytest.raises(EncodingError, match="6 encodings"):
        decoded(gzip.compress(body), ",".join(["gzip"] * 6), LIMIT)
    assert undo_encodings(body, [("Content-Encoding", ",".join(["gzip"] * 6))]) == (
        body,
        "truncated (it has 6 encodings on top of one another)",
    )


def test_a_memento_that_met_a_limit_or_broke_off_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archive.warc.content_encoding.LARGEST_ENTITY", LIMIT)
    for body, note in ((BOMBS["gzip"], "too large: "), (BOMBS["gzip"][:-9], "too large: "), (PAGE, None)):
        _, fault = _decoded(Answer(200, {"content-encoding": "gzip"}, body))
        assert (fault or "").startswith(note or "")
        assert bool(fault) == bool(note)
    _, fault = _decoded(Answer(200, {"content-encoding": "gzip"}, gzip.compress(PAGE)[:-9]))
    assert fault == "truncated (its gzip encoding breaks off)"
