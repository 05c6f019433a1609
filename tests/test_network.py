"""Nothing open, nothing out: which sockets the project's processes make."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

import pytest
from scrapy import Request, Spider
from scrapy.utils.project import get_project_settings
from scrapy.utils.test import get_crawler

from crawler.demo.nfcms import Nfcms
from crawler.demo.server import Server
from crawler.middlewares.safety import Proxies
from tests.crawling import ROOT, crawl

CALLS = "trace=connect,bind,listen,sendto,sendmsg"
_ADDRESS = re.compile(r'(connect|bind|sendto|sendmsg)\(.*?(?:inet_addr\("|inet_pton\(AF_INET6, ")([^"]+)"')
_PORT = re.compile(r"htons\((\d+)\)")


def outside(trace: str) -> list[str]:
    """Lines of a trace that leave this machine."""
    found = ((line, _ADDRESS.search(line)) for line in trace.splitlines())
    return [line for line, call in found if call and not call[2].startswith("127.") and call[2] != "::1"]


def listeners(trace: str) -> set[str]:
    """Addresses on which something was bound and could be reached."""
    found = ((_ADDRESS.search(line), _PORT.search(line)) for line in trace.splitlines() if "bind(" in line)
    return {f"{call[2]}:{port[1]}" for call, port in found if call and port}


def test_nothing_listens_during_a_crawl() -> None:
    settings = get_project_settings()
    assert not settings.getbool("TELNETCONSOLE_ENABLED")
    assert not settings.getbool("REMOTE_CONTROL_ENABLED")


def test_replicas_ask_no_name_server(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> str:
        raise AssertionError("a name was looked up")

    for name in ("getfqdn", "gethostbyaddr"):
        monkeypatch.setattr(f"socket.{name}", refused)
    with Server(Nfcms("qinghe", 2)) as server:
        assert server["qinghe"].base.startswith("http://127.")


def test_no_proxy_is_asked_for_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    with Server(Nfcms("qinghe", 2)) as server:
        assert crawl(tmp_path, *server).returncode == 0
    proxies = Proxies.from_crawler(get_crawler(Spider))
    for url, has in (
        ("http://www.example.gov.cn/", True),
        ("http://localhost/", False),
        ("http://127.0.0.9:8000/", False),
        ("http://[::1]/", False),
        ("https://10.0.0.1/", False),
    ):
        request = Request(url)
        proxies.process_request(request)
        assert ("proxy" in request.meta) is has, url


NETWORK = """
import socket
from pipelines.documents import READERS
from pipelines.ingest.sandbox import child
def read(body, kind):
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.socket(family)
        except OSError as error:
            continue
        raise ValueError("a socket")
    socket.socket(socket.AF_UNIX).close()
    raise ValueError("no socket")
child.read = read
child.main()
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux alone can take a process off the network")
def test_documents_are_read_without_a_network(tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-c", NETWORK, str(1024**3), str(tmp_path / "of_the_child")],
        input=b'{"size": 1, "kind": "docx"}\nx',
        capture_output=True,
        cwd=ROOT,
        check=True,
    ).stdout.decode()
    assert "ValueError: no socket" in told
    assert "has_network" not in told


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_the_reading_room_stays_on_this_machine(tmp_path: Path) -> None:
    with Server(Nfcms("qinghe", 2)) as server:
        assert crawl(tmp_path, *server).returncode == 0
    trace = tmp_path / "trace"
    command = ["strace", "-f", "-qq", "-e", CALLS, "-o", str(trace), sys.executable, "-m", "scrapy", "browse"]
    environment = os.environ | {"ARCHIVE": str(tmp_path), "http_proxy": "http://192.0.2.1:1"}
    room = subprocess.Popen(
        [*command, "--port", "8917"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    ask = build_opener(ProxyHandler({})).open
    try:
        for _ in range(300):
            try:
                assert ask("http://127.0.0.1:8917/").status == 200
                break
            except URLError:
                time.sleep(0.2)
        assert ask("http://127.0.0.1:8917/search?q=%E5%B9%B4%E6%8A%A5").status == 200
    finally:
        os.killpg(room.pid, signal.SIGINT)
        room.wait()
    told = trace.read_text(errors="replace")
    assert outside(told) == []
    assert len(listeners(told)) <= 2
    assert "127.0.0.1:8917" in listeners(told)
