"""scrapy import --cdx: what another web archive has of documents that a portal no longer shows."""

from __future__ import annotations

import gzip
import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from scrapy.settings import Settings
from warcio.archiveiterator import ArchiveIterator

from archive import Captures
from archive.warc.cdx import BadLineError, Memento, chosen, mementos
from crawler.demo.nfcms import Nfcms
from crawler.demo.server import Server
from crawler.mementos import Client, UnusableArchiveError
from tests.crawling import crawl, scrapy

GONE = (1, 3, 5)
PACE = ("-s", "DOWNLOAD_DELAY=0")
ROW = {
    "urlkey": "example,heyuan)/a",
    "timestamp": "20200102030405",
    "url": "http://heyuan.example/a",
    "mime": "text/html",
}


class Kept:
    """An archive that has everything, one that lacks what is gone by now, and the first one's WARC with its index."""

    def __init__(self, folder: Path) -> None:
        full = folder / "full"
        replica = Nfcms("qinghe", 8)
        with Server(replica):
            assert crawl(full, replica).returncode == 0
            self.gone = [replica.url(replica.documents[number]) for number in GONE]
            for number in GONE:
                replica.documents[number].state = "404"
            self.lacking = folder / "lacking"
            crawl(self.lacking, replica)
        self.warc = folder / "other.warc.gz"
        assert scrapy(full, "export", self.warc).returncode == 0
        self.captures = Captures(full, read_only=True)
        self.index = folder / "other.cdxj"
        self.index.write_text("".join(f"{line}\n" for line in sorted(self.lines())), encoding="utf-8")

    def lines(self) -> Iterator[str]:
        with self.warc.open("rb") as file:
            records = ArchiveIterator(file)
            for record in records:
                url, kind = record.rec_headers.get_header("WARC-Target-URI"), record.rec_type
                date = record.rec_headers.get_header("WARC-Date") or ""
                status = record.http_headers and record.http_headers.get_statuscode()
                offset = records.get_record_offset()
                length = records.get_record_length()
                if kind in {"response", "revisit"} and url:
                    stated = {
                        "url": url,
                        "mime": "text/html",
                        "status": status,
                        "digest": url[-9:],
                        "filename": self.warc.name,
                    }
                    where = {"offset": str(offset), "length": str(length)}
                    yield f"{url} {''.join(c for c in date if c.isdigit())[:14]} {json.dumps(stated | where)}"


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    made = Kept(tmp_path_factory.mktemp("kept"))
    yield made
    made.captures.close()


class Handler(BaseHTTPRequestHandler):
    """A web archive on loopback: a CDX server and a replay, busy now and then."""

    kept: Kept
    asked: list[str]
    busy = 0

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        self.asked.append(self.path)
        if type(self).busy:
            type(self).busy -= 1
            self.reply(503, b"", {"Retry-After": "0"})
        elif parts.path == "/coll/cdx":
            wanted = parse_qs(parts.query)["url"][0]
            lines = [line.split(" ", 2) for line in self.kept.index.read_text("utf-8").splitlines()]
            found = [json.loads(rest) | {"timestamp": stamp} for url, stamp, rest in lines if url == wanted]
            self.reply(200, "\n".join(json.dumps(one) for one in found).encode())
        else:
            stamp, _, url = self.path.removeprefix("/coll/").partition("id_/")
            body = self.kept.captures.body(self.kept.captures.body_of(url, None) or "")
            headers = {"Content-Type": "text/html; charset=utf-8", "Content-Encoding": "gzip"}
            moment = f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:8]}"
            assert moment.count("-") == 2
            self.reply(200, gzip.compress(body or b""), headers)

    def reply(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | (headers or {})).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: Any) -> None:
        """Quiet."""


@contextmanager
def web_archive(kept: Kept) -> Iterator[tuple[str, type[Handler]]]:
    handler = type("Bound", (Handler,), {"kept": kept, "asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/coll/cdx", handler
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def states(archive: Path) -> dict[str, str]:
    with closing(sqlite3.connect(archive / "reports.db")) as db:
        return dict(db.execute("SELECT url, state FROM reports").fetchall())


def copied(kept: Kept, folder: Path) -> Path:
    folder.mkdir()
    for name in ("captures.db", "reports.db"):
        with closing(sqlite3.connect(kept.lacking / name)) as source, closing(sqlite3.connect(folder / name)) as target:
            source.backup(target)
    return folder


def test_what_is_gone_comes_back_from_an_index_and_its_records(kept: Kept, tmp_path: Path) -> None:
    archive = copied(kept, tmp_path / "archive")
    assert not set(kept.gone) & states(archive).keys()
    done = scrapy(archive, "import", "--cdx", str(kept.index))
    assert done.returncode == 0, done.stderr
    assert {url: states(archive)[url] for url in kept.gone} == dict.fromkeys(kept.gone, "missing")
    with closing(Captures(archive, read_only=True)) as captures:
        rows = captures.db.execute(
            "SELECT url, note, requested_at FROM captures WHERE note LIKE 'memento of %'"
        ).fetchall()
        assert sorted(url for url, _, _ in rows) == sorted(kept.gone)
        assert {note for _, note, _ in rows} == {"memento of other.cdxj"}
        for url, _, moment in rows:
            assert kept.captures.body_of(url, moment), "with its own date"
    again = scrapy(archive, "import", "--cdx", str(kept.index))
    assert (again.returncode, "missing" in again.stderr) == (0, False)


def test_what_is_gone_comes_back_from_a_server_and_nothing_is_fetched_twice(kept: Kept, tmp_path: Path) -> None:
    archive = copied(kept, tmp_path / "archive")
    with web_archive(kept) as (index, handler):
        handler.busy = 1
        done = scrapy(archive, "import", "--cdx", index, *PACE)
        assert done.returncode == 0, done.stderr
        replayed = [path for path in handler.asked if "id_/" in path]
        assert len(replayed) == len(GONE)
        assert len([path for path in handler.asked if "/cdx" in path]) == len(GONE) + 1, "what is had is not asked for"
        handler.asked.clear()
        assert scrapy(archive, "import", "--cdx", index, "--every", *PACE).returncode == 0
        assert not [path for path in handler.asked if any(url in path for url in kept.gone) and "id_/" in path]
    assert set(kept.gone) <= states(archive).keys()
    with closing(Captures(archive, read_only=True)) as captures:
        noted = captures.db.execute("SELECT DISTINCT note FROM captures WHERE note LIKE 'memento of %'").fetchall()
        assert [note for (note,) in noted] == [f"memento of {urlsplit(index).netloc}"]


def test_a_record_that_is_not_there_is_said(kept: Kept, tmp_path: Path) -> None:
    archive = copied(kept, tmp_path / "archive")
    index = tmp_path / "else.cdxj"
    index.write_text(kept.index.read_text("utf-8") + "no line of an index\n", encoding="utf-8")
    done = scrapy(archive, "import", "--cdx", str(index))
    assert done.returncode == 1
    assert "other.warc.gz is not there" in done.stderr
    assert "says nothing of a memento" in done.stderr
    with closing(Captures(archive, read_only=True)) as captures:
        assert captures.db.execute("SELECT COUNT(*) FROM problems WHERE kind = 'bad_record'").fetchone()[0] == 4
    assert scrapy(archive, "import", "--cdx", str(index), "--warcs", str(kept.warc.parent)).returncode == 1
    assert set(kept.gone) <= states(archive).keys()


@pytest.mark.parametrize("index", ["http://127.0.0.1:9/cdx", "/no/such/index.cdx"])
def test_an_index_that_cannot_be_used_is_said_in_a_line(kept: Kept, tmp_path: Path, index: str) -> None:
    done = scrapy(copied(kept, tmp_path / "archive"), "import", "--cdx", index, *PACE)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert sum(line.startswith("scrapy:") for line in done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "text",
    [
        "example,heyuan)/a 20200102030405 "
        + json.dumps({"url": ROW["url"], "mime": "text/html", "status": "200", "digest": "D"}),
        json.dumps(ROW | {"status": "200", "digest": "D"}),
        f" CDX N b a m s k r M S V g\nexample,heyuan)/a 20200102030405 {ROW['url']} text/html 200 D - - 512 1024 a.warc.gz",
        f"example,heyuan)/a 20200102030405 {ROW['url']} text/html 200 D - - 512 1024 a.warc.gz",
        json.dumps(
            [
                ["urlkey", "timestamp", "original", "mimetype", "statuscode", "digest", "length"],
                ["example,heyuan)/a", "20200102030405", ROW["url"], "text/html", "200", "D", "512"],
            ]
        ),
        f'[["urlkey","timestamp","original","mimetype","statuscode","digest"],\n["k","20200102030405","{ROW["url"]}","text/html","200","D"]]',
    ],
    ids=["cdxj", "pywb", "cdx-11", "cdx-11 without heading", "wayback", "wayback a row a line"],
)
def test_every_kind_of_index_says_the_same(text: str) -> None:
    (found,) = mementos(text.splitlines())
    assert isinstance(found, Memento)
    assert (found.url, found.timestamp, found.mime, found.status, found.digest) == (
        ROW["url"],
        "20200102030405",
        "text/html",
        200,
        "D",
    )
    assert found.moment == "2020-01-02T03:04:05.000000Z"
    if "a.warc.gz" in text:
        assert (found.filename, found.offset, found.length) == ("a.warc.gz", 1024, 512)


@pytest.mark.parametrize(
    "line",
    [
        "a b",
        "[1",
        '{"url": 1}',
        "k 20201399000000 http://a.example/ text/html 200 D 5",
        "k 2020 {",
        "k 20200102030405 []{",
    ],
)
def test_a_line_that_is_none_is_named(line: str) -> None:
    (found,) = mementos(["", line])
    assert isinstance(found, BadLineError)
    assert "line 2" in str(found)


def test_the_newest_of_each_content_are_taken_and_only_documents() -> None:
    def one(timestamp: str, digest: str, **stated: Any) -> Memento:
        return Memento(url="http://a.example/", timestamp=timestamp, digest=digest, **{"status": 200, **stated})

    found = [
        one("20200101000000", "A"),
        one("20210101000000", "A"),
        one("20190101000000", "B"),
        one("20220101000000", "C", status=404),
        one("20230101000000", "D", mime="warc/revisit"),
        one("20180101000000", "E"),
    ]
    assert [memento.timestamp for memento in chosen(found, 2)] == ["20210101000000", "20190101000000"]


def test_the_pace_is_kept_and_a_long_pause_ends_it(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(
        {"DOWNLOAD_DELAY": 2.0, "DOWNLOAD_TIMEOUT": 5, "DOWNLOAD_MAXSIZE": 1 << 20, "LONGEST_PAUSE": 300}
    )
    waited: list[float] = []
    with web_archive(kept) as (index, handler):
        client = Client(settings, sleep=waited.append)
        for _ in range(3):
            assert client.get(index, {"url": "http://none.example/"}) is not None
        assert waited[0] == 0
        assert all(1.5 < pause <= 2 for pause in waited[1:])
        handler.reply = lambda self, *_: Handler.reply(self, 429, b"", {"Retry-After": "9000"})  # type: ignore[method-assign,assignment]
        with pytest.raises(UnusableArchiveError, match="9000 seconds"):
            client.get(index, {"url": "http://none.example/"})
        client.close()
