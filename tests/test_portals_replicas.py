"""The replicas themselves: what they publish, how they page, answer conditions, and fail."""

from __future__ import annotations

import gzip
import http.client
import json
import re
import socket
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from email.message import Message

import pytest

from tests.portals.gkmlpt import Gkmlpt
from tests.portals.nfcms import Nfcms
from tests.portals.replica import Replica
from tests.portals.server import Server
from tests.portals.trs import Trs
from tests.portals.trs_fujian import TrsFujian


class Answer:
    """Status, headers and decoded body of one request."""

    def __init__(self, status: int, headers: Message, body: bytes) -> None:
        self.status, self.headers = status, headers
        self.body = gzip.decompress(body) if headers.get("Content-Encoding") == "gzip" else body
        self.text = self.body.decode("utf-8", errors="replace")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: object) -> None:
        return None


OPENER = urllib.request.build_opener(_NoRedirect)


def ask(url: str, form: dict[str, object] | None = None, **headers: str) -> Answer:
    """One request; never raises for a status."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    data = urllib.parse.urlencode(form).encode() if form is not None else None
    request = urllib.request.Request(url, data=data, headers=named)  # noqa: S310 - loopback
    try:
        with OPENER.open(request, timeout=5) as answer:
            return Answer(answer.status, answer.headers, answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, error.headers, error.read())


@pytest.fixture
def serve(request: pytest.FixtureRequest) -> Iterator[object]:
    """Starts replicas and stops them after the test."""
    servers: list[Server] = []

    def start(*replicas: Replica) -> Replica:
        server = Server(*replicas)
        server.start()
        servers.append(server)
        return replicas[0]

    yield start
    for server in servers:
        server.stop()


def links(text: str) -> list[str]:
    """The addresses of article links."""
    return re.findall(r'<a href="([^"{]+(?:post|/t\d{8})_[^"]+)"', text)


def read_nfcms(replica: Replica) -> list[str]:
    url, found = replica.listing_url, []
    while True:
        text = ask(url).text
        found += links(text)
        following = re.search(r'class="next" href="([^"]+)"', text)[1]  # type: ignore[index]
        if following == url:
            return found
        url = following


def read_gkmlpt(replica: Replica) -> list[str]:
    found: list[str] = []
    for page in range(1, 100):
        url = replica.numbers["api"].replace("page=1", f"page={page}")
        answer = json.loads(ask(url).text)
        found += [article["url"] for article in answer["articles"]]
        if not answer["articles"]:
            assert len(found) == answer["total"]
            return found
    raise AssertionError("endless")


def read_trs(replica: Replica) -> list[str]:
    text = ask(replica.listing_url).text
    count = int(re.search(r'createPageHTML\((\d+),0,"index","html"\)', text)[1])  # type: ignore[index]
    pages = [text] + [ask(replica.listing_url.replace("index.", f"index_{i}.")).text for i in range(1, count)]
    return [urllib.parse.urljoin(replica.listing_url, href) for page in pages for href in links(page)]


def read_fujian(replica: Replica) -> list[str]:
    text = ask(replica.listing_url).text
    found = [urllib.parse.urljoin(replica.listing_url, href) for href in links(text)]
    assert len(found) == 10
    form = {"channelid": replica.numbers["channel"], "classsql": f"chnlid={replica.numbers['chnlid']}", "prepage": 10}
    page, pages = 2, 2
    while page <= pages:
        answer = json.loads(ask(replica.numbers["search"], form | {"page": page}).text)
        found += [entry["docpuburl"] for entry in answer["data"]]
        page, pages = page + 1, answer["pageCount"]
    assert re.search(r"recordCount: '(\d+)'", text)[1] == str(len(found))  # type: ignore[index]
    return found


READERS = {Nfcms: read_nfcms, Gkmlpt: read_gkmlpt, Trs: read_trs, TrsFujian: read_fujian}


@pytest.mark.parametrize("platform", READERS)
def test_a_walk_of_the_listing_finds_every_report_once(platform: type[Replica], serve) -> None:
    replica = serve(platform("qingxi", 253))
    found = READERS[platform](replica)
    assert found == [expected.url for expected in replica.truth()]
    assert len(set(found)) == 253


@pytest.mark.parametrize("platform", READERS)
def test_articles_say_what_their_truth_says(platform: type[Replica], serve) -> None:
    replica = serve(platform("qingxi", 30))
    for expected in replica.truth()[::5]:
        text = ask(expected.url).text
        assert f'<meta name="ArticleTitle" content="{expected.report.title}">' in text
        assert expected.report.published in text
        for alias in expected.aliases:
            assert expected.report.title in ask(alias).text
        whole = re.sub(r"<[^>]+>|\s|&nbsp;|\\u003C.*?>|\\[nt]", "", text)
        if "\\u003C" not in text:
            for paragraph in expected.report.paragraphs():
                assert paragraph in whole


def test_five_thousand_reports_are_ready_at_once(serve) -> None:
    replica = serve(Gkmlpt("qingxi", 5000))
    answer = json.loads(ask(replica.numbers["api"].replace("page=1", "page=50")).text)
    assert answer["total"] == 5000
    assert len(answer["articles"]) == 100


def test_page_zero_is_page_one(serve) -> None:
    replica = serve(Gkmlpt("qingxi", 130))
    first = replica.numbers["api"]
    assert ask(first.replace("page=1", "page=0")).text == ask(first).text


def test_conditional_requests(serve) -> None:
    replica = serve(Nfcms("qingxi", 20))
    url = replica.truth()[0].url
    first = ask(url, Accept_Encoding="gzip")
    assert first.headers["ETag"].startswith("W/")
    assert ask(url, If_None_Match=first.headers["ETag"]).status == 304
    assert ask(url, If_Modified_Since=first.headers["Last-Modified"]).status == 304
    replica.change(replica.truth()[0].document)
    again = ask(url, If_None_Match=first.headers["ETag"], If_Modified_Since=first.headers["Last-Modified"])
    assert again.status == 200
    assert again.text != first.text


def test_a_post_is_answered_in_full_whatever_its_conditions(serve) -> None:
    replica = serve(TrsFujian("qingxi", 20))
    form = {"channelid": replica.numbers["channel"], "classsql": f"chnlid={replica.numbers['chnlid']}", "page": 2}
    first = ask(replica.numbers["search"], form)
    assert "ETag" not in first.headers
    again = ask(replica.numbers["search"], form, If_None_Match='"x"', If_Modified_Since="Tue, 01 Jan 2036 00:00:00 GMT")
    assert (again.status, again.text) == (200, first.text)
    assert json.loads(ask(replica.numbers["search"], form | {"channelid": 1}).text)["data"] == []


def test_reports_change_leave_and_come(serve) -> None:
    replica = serve(Trs("qingxi", 10))
    one, two, *_ = replica.truth()
    replica.remove(one.document)
    assert ask(one.url).status == 404
    assert one.url not in read_trs(replica)
    replica.remove(two.document, "stub", listed=True)
    assert 'http-equiv="refresh"' in ask(two.url).text
    assert two.url in read_trs(replica)
    assert [expected.url for expected in replica.truth()] == read_trs(replica)[1:]
    replica.restore(one.document)
    replica.restore(two.document)
    assert len(replica.truth()) == 10


def test_faults_by_status_and_share(serve) -> None:
    replica = serve(Nfcms("qingxi", 200))
    replica.fail("521", r"/content/", share=0.2)
    urls = [expected.url for expected in replica.truth()]
    first = [ask(url).status for url in urls]
    assert set(first) == {200, 521}
    assert 20 <= first.count(521) <= 60
    replica.behave()
    replica.fail("503", times=1)
    refused = ask(urls[0])
    assert (refused.status, refused.headers["Retry-After"]) == (503, "1")
    assert ask(urls[0]).status == 200


@pytest.mark.parametrize("kind", ["reset", "truncated"])
def test_broken_connections(kind: str, serve) -> None:
    replica = serve(Nfcms("qingxi", 5))
    replica.fail(kind, times=1)
    with pytest.raises((ConnectionError, http.client.IncompleteRead)):
        ask(replica.listing_url)
    assert ask(replica.listing_url).status == 200


def test_a_time_out_ends_with_the_server() -> None:
    with Server(Nfcms("qingxi", 5)) as server:
        replica = server["qingxi"]
        replica.fail("time-out")
        with pytest.raises(TimeoutError):
            urllib.request.urlopen(replica.listing_url, timeout=0.2).read()  # noqa: S310 - loopback


def test_small_answers_and_redirects(serve) -> None:
    replica = serve(TrsFujian("qingxi", 12))
    url = replica.truth()[0].url
    replica.fail("two-bytes", times=1)
    assert ask(url).body == b"\r\n"
    replica.fail("home", times=1)
    assert (ask(url).status, replica.log[-1].status) == (302, 302)
    replica.fail("tokens")
    first, again = ask(url).text, ask(url).text
    assert "ipv6best.cn" in first
    assert first != again


def test_charsets(serve) -> None:
    replica = serve(Nfcms("qingxi", 5))
    expected = replica.truth()[0]
    replica.fail("wrong-charset", times=1)
    answer = ask(expected.url)
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert expected.report.title in answer.body.decode("gb18030")
    replica.fail("no-charset", times=1)
    answer = ask(expected.url)
    assert answer.headers["Content-Type"] == "text/html"
    assert b"charset=gb2312" in answer.body


def test_pictures_are_png(serve) -> None:
    from tests.portals.reports import Synthetic

    report = Synthetic(issuing_body="临川市青溪区教育局", report_year=2022, faults=frozenset({"images"}))
    for platform in READERS:
        replica = serve(platform("qingxi", [report]))
        url = replica.truth()[0].url
        text = ask(url).text.replace("\\", "")
        pictures = re.findall(r'<img src="([^"]+\.png)"', text)
        assert len(set(pictures)) == 3
        for picture in pictures:
            assert ask(urllib.parse.urljoin(url, picture)).body.startswith(b"\x89PNG\r\n\x1a\n")


@pytest.mark.parametrize(
    ("platform", "quirk"), [(platform, quirk) for platform in READERS for quirk in platform.known_quirks]
)
def test_every_quirk_changes_something(platform: type[Replica], quirk: str, serve) -> None:
    replica = serve(platform("qingxi", 310, page_size=100 if platform is Gkmlpt else 10))

    def everything() -> list[str]:
        base = replica.base
        form = {"channelid": "229917", "classsql": "chnlid=22917", "prepage": 20}
        listing = replica.numbers.get("api", replica.listing_url)
        paged = ["index_2.html", "index_3.html", "index_31.html", "index_32.html", "index_40.html"]
        asked = [ask(listing), ask(replica.truth()[0].url)]
        asked += [ask(listing.replace("index.html", name)) for name in paged]
        asked += [ask(listing.replace("page=1", f"page={n}")) for n in (2, 3)]
        if platform is TrsFujian:
            asked += [ask(base + "/fjdzapp/search", form | {"page": n}) for n in (1, 2)]
        return [answer.text for answer in asked]

    before = everything()
    replica.misbehave(quirk)
    assert everything() != before
    replica.behave()
    assert everything() == before


def test_requests_at_once_are_seen(serve) -> None:
    replica = serve(Nfcms("qingxi", 5, latency=0.1))
    workers = [threading.Thread(target=ask, args=(replica.listing_url,)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert max(hit.at_once for hit in replica.log) > 1
    count = len(replica.log)
    ask(replica.listing_url)
    ask(replica.listing_url)
    assert [hit.at_once for hit in replica.log[count:]] == [1, 1]


def test_robots_and_unknown_names(serve) -> None:
    replica = serve(Nfcms("qingxi", 5, robots="User-agent: *\nCrawl-delay: 1\n"))
    assert "Crawl-delay" in ask(replica.base + "/robots.txt").text
    replica.robots = None
    assert ask(replica.base + "/robots.txt").status == 404
    with pytest.raises(ValueError, match="no quirk"):
        replica.misbehave("nonsense")
    with pytest.raises(ValueError, match="unknown fault"):
        replica.fail("nonsense")


def test_a_home_page_leads_to_the_listing(serve) -> None:
    for platform in READERS:
        replica = serve(platform("qingxi", 5))
        href = re.search(r'<a href="([^"]+)">政府信息公开年报', ask(replica.home_url).text)[1]  # type: ignore[index]
        assert ask(urllib.parse.urljoin(replica.home_url, href.partition("#")[0])).status == 200


def test_a_port_that_is_taken_is_said_plainly() -> None:
    from tests.portals.server import PortTakenError

    with socket.create_server(("127.0.0.2", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortTakenError, match=f"127.0.0.2:{port}"), Server(Nfcms("qingxi", 5), port=port):
            pass
