"""Where a crawl does not go, and what it does not swallow: each refused with a problem of its own kind, and it goes on."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from typing import Any

import pytest
from scrapy import Request

from crawler.demo import faults
from crawler.demo.messages import Reply
from crawler.demo.nfcms import Nfcms
from crawler.demo.others import picture_story
from crawler.demo.server import Server
from crawler.middlewares.safety import DeclaredHosts, refusal
from crawler.middlewares.unusable import UnusableResponse
from tests.crawling import crawl
from tests.test_crawl import kinds, rows


def declares(url: str) -> bool:
    return url.startswith(("http://declared.gov.cn/", "http://127.0.0.9:8000/"))


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("http://declared.gov.cn/a/t1.html", None),
        ("http://127.0.0.9:8000/a/t1.html", None),
        ("http://hijacked.example/a/t1.html", "off_site"),
        ("https://mp.weixin.qq.com/s/abc", "off_site"),
        ("http://127.0.0.1/a/t1.html", "private_address"),
        ("http://127.0.0.9:8001/a/t1.html", "private_address"),
        ("http://localhost/a", "private_address"),
        ("http://192.168.1.1/a", "private_address"),
        ("http://10.0.0.8:8080/a", "private_address"),
        ("http://172.16.3.4/a", "private_address"),
        ("http://169.254.169.254/latest/meta-data/", "private_address"),
        ("http://[::1]/a", "private_address"),
        ("http://[fe80::1]/a", "private_address"),
        ("http://[::ffff:127.0.0.1]/a", "private_address"),
        ("http://0.0.0.0/a", "private_address"),
        ("http://100.64.0.1/a", "private_address"),
        ("file:///etc/passwd", "unsafe_scheme"),
        ("data:text/html,<p>x</p>", "unsafe_scheme"),
        ("ftp://declared.gov.cn/t1.html", "unsafe_scheme"),
        ("gopher://declared.gov.cn/t1.html", "unsafe_scheme"),
    ],
)
def test_addresses_are_refused_by_what_they_are(url: str, kind: str | None) -> None:
    refused = refusal(url, declares)
    assert (refused and refused[0]) == kind


def test_a_declared_name_that_leads_to_a_private_address_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a name server says is no permission: the name is the portal's, the address is this machine's."""

    class Named(Nfcms):
        @property
        def facts(self) -> dict[str, Any]:
            port = self.base.rpartition(":")[2]
            return {
                name: value.replace(self.base, f"http://{socket.gethostname()}:{port}")
                if isinstance(value, str)
                else value
                for name, value in super().facts.items()
            } | {"listings": (self.listing_url.replace(self.base, f"http://{socket.gethostname()}:{port}"),)}

    try:
        address = socket.gethostbyname(socket.gethostname())
    except OSError:
        pytest.skip("this machine's own name does not resolve")
    with Server(Named("qinghe", 3), addresses=["0.0.0.0"]) as server:  # noqa: S104 - the test's own machine
        done = crawl(tmp_path / "archive", *server)
        assert done.returncode == 1
        assert server["qinghe"].log == []
        assert kinds(tmp_path / "archive")["private_address"] >= 1
        (message,) = rows(
            tmp_path / "archive", "captures", "SELECT message FROM problems WHERE kind = 'private_address'"
        )[0]
        assert address in message


def test_names_are_resolved_for_the_check_and_the_slot(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {"declared.gov.cn": "10.0.0.7", "elsewhere.gov.cn": "93.184.216.34"}

    async def resolve(host: str) -> str:
        return answers.get(host, host)

    class Crawler:
        class spider:  # noqa: N801 - as the crawler names it
            declares = staticmethod(lambda url: "gov.cn" in url or "127.0.0.9" in url)

        class settings:  # noqa: N801 - as the crawler names it
            getbool = staticmethod(lambda _: False)

    monkeypatch.setattr("crawler.middlewares.safety.resolve", resolve)
    middleware = DeclaredHosts(Crawler())  # type: ignore[arg-type]
    with pytest.raises(UnusableResponse) as refused:
        asyncio.run(middleware.process_request(Request("http://declared.gov.cn/a")))
    assert refused.value.kind == "private_address"
    for url, slot in (
        ("http://elsewhere.gov.cn/a", "93.184.216.34"),
        ("http://127.0.0.9:8000/a", "127.0.0.9"),
        ("http://unknown.gov.cn/a", "unknown.gov.cn"),
    ):
        # a redirected request brings the slot of the host it comes from
        request = Request(url, meta={"download_slot": "198.51.100.1"})
        asyncio.run(middleware.process_request(request))
        assert request.meta["download_slot"] == slot


@pytest.fixture
def unsafe(monkeypatch: pytest.MonkeyPatch) -> None:
    """Redirects to places that no portal may send a crawl to."""
    for name, target in {
        "to-file": "file:///etc/passwd",
        "to-data": "data:text/html,<h1>report</h1>",
        "to-loopback": "http://127.0.0.1:9/admin",
        "to-metadata": "http://169.254.169.254/latest/",
    }.items():
        monkeypatch.setitem(faults.REPLACEMENTS, name, Reply(status=302, headers={"Location": target}))
        monkeypatch.setattr(faults, "KINDS", (*faults.KINDS, name))


@pytest.mark.usefixtures("unsafe")
def test_a_crawl_meets_every_trap_and_goes_on(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    story = picture_story("临川市青溪区", 2024)
    local = picture_story("临川市青溪区", 2023)
    local.elsewhere = "file:///C:/Users/admin/Desktop/post_1.html"
    with Server(Nfcms("qinghe", 16, others=[story, local])) as server:
        replica = server["qinghe"]
        reports = [document for document in replica.documents if document.report]
        traps = {
            "elsewhere": "off_site",
            "to-file": "unsafe_scheme",
            "to-data": "unsafe_scheme",
            "to-loopback": "private_address",
            "to-metadata": "private_address",
            "bomb": "too_large",
        }
        for document, trap in zip(reports, traps, strict=False):
            document.state = trap
        big = reports[len(traps)]
        big.body, big.report, big.title = "<p>" + "大" * 2_000_000 + "</p>", None, big.title
        done = crawl(archive, replica, settings={"DOWNLOAD_MAXSIZE": 4_000_000, "DOWNLOAD_TIMEOUT": 60})
        assert done.returncode == 1
        told = rows(archive, "captures", "SELECT kind, COUNT(*) FROM problems GROUP BY kind ORDER BY kind")
        assert dict(told) == {"off_site": 2, "unsafe_scheme": 3, "private_address": 2, "too_large": 2}
        assert rows(archive, "reports", "SELECT COUNT(*) FROM reports") == [(9,)]
        # neither a bomb nor anything else is asked for twice
        assert max(replica.visits.values()) == 1
        assert rows(archive, "captures", "SELECT MAX(size) < 4000000 FROM bodies") == [(1,)]


def test_a_listing_without_an_end_is_left_at_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A calendar: every page has an entry of its own and a next page."""
    from scrapy.http import HtmlResponse

    from spiders.platforms import walk as walks
    from spiders.platforms.links import Links

    class Calendar(Links):
        name = "calendar"
        title, home = "calendar", "http://calendar.gov.cn/"
        listings = ("http://calendar.gov.cn/0.html",)

    spider = Calendar()
    walk = walks.Walk(spider.listings[0])
    pages = 0
    url = spider.listings[0]
    while True:
        body = f'<ul><li><a href="/nb/t{pages}.html">年报{pages}</a></li></ul><a href="/{pages + 1}.html">下一页</a>'
        response = HtmlResponse(url, body=body.encode(), encoding="utf-8")
        pages += 1
        requests = list(spider.next_pages(response))
        if not walk.visit(walk.root, url, list(spider.entries(response)), None, goes_on=bool(requests), promised=True):
            break
        url = requests[0].url
    assert pages == walks.MAX_PAGES
    assert "listing_endless" in {problem.kind for problem in walk.audit()}
    assert not walk.is_whole
