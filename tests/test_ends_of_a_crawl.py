"""What ends a crawl from outside: a full disk, another crawl of the portal, a wrong clock, Ctrl-C."""

from __future__ import annotations

import random
import resource
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from archive import ArchiveError, Capture, Captures
from archive.free_space import check_free_space
from archive.portal_lock import PortalBusyError, PortalLock
from archive.vocabulary import Outcome
from crawler.demo.nfcms import Nfcms
from crawler.demo.server import Server
from crawler.downloads import GATES
from tests.crawling import ROOT, Forked, crawl, perform_later, planned, scrapy_apart, start

DOCUMENTS = 12


@pytest.fixture
def served() -> Iterator[Server]:
    with Server(Nfcms("qinghe", DOCUMENTS)) as server:
        yield server


def perform_on_a_small_disk(work: str, size: int) -> int:
    """Crawl where no file may grow beyond so many bytes, as on a disk that is full then."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    return perform_later(work)


def kept(archive: Path, table: str = "captures") -> int:
    """How many rows a table of captures.db has."""
    connection = sqlite3.connect(archive / "captures.db")
    (number,) = connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()
    connection.close()
    return int(number)


def reports(archive: Path) -> int:
    connection = sqlite3.connect(archive / "reports.db")
    (number,) = connection.execute("SELECT COUNT(*) FROM reports").fetchone()
    connection.close()
    return int(number)


@pytest.mark.parametrize("size", [290_000, 420_000])
def test_the_first_write_that_fails_ends_the_crawl(tmp_path: Path, served: Server, size: int) -> None:
    done = Forked(perform_on_a_small_disk, planned(tmp_path, *served), size).wait()
    assert done.returncode == 2, done.stderr
    assert [line[:14] for line in done.stderr.splitlines()].count("scrapy: cannot") == 1
    assert "Traceback" not in done.stderr
    assert len(served["qinghe"].log) <= kept(tmp_path) + 1
    again = crawl(tmp_path, *served)
    assert again.returncode == 0, again.stderr
    assert reports(tmp_path) == DOCUMENTS


def perform_until_a_gate_closes(work: str, requests: int) -> int:
    """Crawl where no more than so many requests may leave the process."""
    left = iter(range(requests))
    GATES.append(lambda: "" if next(left, None) is not None else "the gate is closed")
    return perform_later(work)


def test_nothing_leaves_a_process_whose_gate_is_closed(tmp_path: Path, served: Server) -> None:
    done = Forked(perform_until_a_gate_closes, planned(tmp_path, *served), 5).wait()
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert len(served["qinghe"].log) == 5
    assert crawl(tmp_path, *served).returncode == 0
    assert reports(tmp_path) == DOCUMENTS


def test_a_disk_with_little_room_is_left_alone(tmp_path: Path, served: Server) -> None:
    done = crawl(tmp_path, *served, settings={"MIN_FREE": 10**12})
    assert done.returncode == 2
    assert "MIN_FREE" in done.stderr
    assert len(served["qinghe"].log) <= 1
    with pytest.raises(ArchiveError, match="less than MIN_FREE"):
        check_free_space(tmp_path / "archive to come", 10**12)
    check_free_space(tmp_path, 0)


def test_a_portal_is_crawled_by_one_process_at_a_time(tmp_path: Path, served: Server) -> None:
    first = start(tmp_path, *served, settings={"DOWNLOAD_DELAY": 0.5})
    while not served["qinghe"].log:
        time.sleep(0.01)
    with pytest.raises(PortalBusyError, match=f"process {first.pid} since 20"):
        PortalLock.take(tmp_path, "qinghe")
    other = PortalLock.take(tmp_path, "hepan")
    other.release()
    first.kill()
    first.wait()
    assert [path.name for path in tmp_path.glob(".*.crawling")] == [".qinghe.crawling"]
    mine, again = PortalLock.take(tmp_path, "qinghe"), PortalLock.take(tmp_path, "qinghe")
    assert mine is again
    mine.release()
    assert list(tmp_path.glob(".*.crawling"))
    again.release()
    assert not list(tmp_path.glob(".*.crawling"))


def test_what_killed_crawls_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / ".gone.crawling").write_text('{"process": 1, "since": "x"}')
    PortalLock.take(tmp_path, "qinghe").release()
    assert not list(tmp_path.iterdir())


def test_a_clock_that_runs_against_the_archive_is_told(tmp_path: Path, served: Server) -> None:
    assert crawl(tmp_path, *served, days=3_650).returncode == 0
    done = crawl(tmp_path, *served)
    assert done.returncode == 1
    assert "clock: an earlier run began on" in done.stderr
    assert crawl(tmp_path, *served, days=3_651).returncode == 0


class Sluggish:
    """A server of one port that answers every request a byte a second."""

    def __enter__(self) -> int:
        self.listening = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._serve, daemon=True).start()
        return int(self.listening.getsockname()[1])

    def __exit__(self, *_: object) -> None:
        self.listening.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.listening.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        try:
            connection.recv(65_536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 100000\r\n\r\n")
            while True:
                connection.sendall(b" ")
                time.sleep(1)
        except OSError:
            pass


NAMES = """
import socket, time
def getaddrinfo(*_, **__):
    time.sleep(60)
socket.getaddrinfo = getaddrinfo
"""
STUCK = """
import re
from crawler.middlewares import capture
capture.classify = lambda *_, **__: re.match(r"(a+)+$", "a" * 60 + "b")
"""


@pytest.mark.parametrize("host", ["127.0.0.1", "a-name.example.gov.cn", "stuck"])
def test_ctrl_c_ends_a_crawl_within_five_seconds(tmp_path: Path, host: str) -> None:
    with Sluggish() as sluggish, Server(Nfcms("qinghe", 3)) as server:
        root = f"http://{'127.0.0.1' if host == 'stuck' else host}:{sluggish}/"
        root = server["qinghe"].base + "/" if host == "stuck" else root
        facts = {"name": "x", "title": "x", "home": root, "listings": (root,)}
        program = f"""
import json, sys
{NAMES if host.startswith("a-") else ""}
{STUCK if host == "stuck" else ""}
from tests.crawling import HURRY, perform
print("ready", flush=True)
sys.exit(perform({{"portals": [["links", {facts!r}]], "settings": HURRY | {{"ARCHIVE": {str(tmp_path)!r}, "DOWNLOAD_TIMEOUT": 60, "ROBOTSTXT_OBEY": False}}, "arguments": {{}}}}))
"""
        process = subprocess.Popen(
            [sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        while not (tmp_path / "captures.db").exists() and process.poll() is None:
            time.sleep(0.05)
        time.sleep(2)
        begun = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
        assert time.monotonic() - begun < 5
    assert process.returncode == 1, errors
    assert "Traceback" not in errors


def test_an_archive_that_cannot_be_used_is_told_before_anything_is_asked(tmp_path: Path) -> None:
    for name in ("captures.db", "reports.db"):
        for number, make in enumerate((Path.mkdir, lambda path: path.write_bytes(b"no database" * 100))):
            folder = tmp_path / f"{name}{number}"
            folder.mkdir()
            make(folder / name)
            done = scrapy_apart("crawl", "panyu", ARCHIVE=str(folder), http_proxy="http://127.0.0.1:1")
            assert done.returncode == 2
            assert len(done.stderr.splitlines()) == 1
            assert name in done.stderr


def test_a_reader_that_stays_lets_the_log_grow_and_not_stay_so(tmp_path: Path) -> None:
    captures = Captures(tmp_path)
    captures.add(captured(0))
    reader = sqlite3.connect(tmp_path / "captures.db")
    reader.execute("BEGIN")
    reader.execute("SELECT COUNT(*) FROM captures").fetchone()
    for number in range(1, 60):
        captures.add(captured(number))
    log = tmp_path / "captures.db-wal"
    assert log.stat().st_size > 20 << 20
    reader.close()
    for number in range(60, 64):
        captures.add(captured(number))
    assert log.stat().st_size <= 17 << 20
    captures.close()


def captured(number: int) -> Capture:
    body = random.Random(number).randbytes(400_000)
    moment = f"2024-01-01T00:00:{number % 60:02}.000000Z"
    return Capture(url=f"http://a.cn/{number}", requested_at=moment, status=200, outcome=Outcome.OK, body=body)
