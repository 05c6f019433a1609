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
from collections.abc import Callable, Iterator
from email.message import Message

import pytest

from crawler.demo import demo_portals
from crawler.demo.beijing import Beijing
from crawler.demo.epoint import Epoint
from crawler.demo.gkmlpt import Gkmlpt
from crawler.demo.hanweb import Hanweb
from crawler.demo.links import PlainLinks
from crawler.demo.nfcms import Nfcms
from crawler.demo.replica import Replica
from crawler.demo.reports import FAULTS, FORMS, Synthetic
from crawler.demo.server import PortTakenError, Server
from crawler.demo.trs import Trs
from crawler.demo.trs_fujian import TrsFujian
from crawler.demo.trs_scripts import TrsWriteln, TrsXml
from crawler.demo.ucap import Ucap

Platform = Callable[..., Replica]


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
    request = urllib.request.Request(url, data=data, headers=named)
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


def read_writeln(replica: Replica) -> list[str]:
    text = ask(replica.listing_url).text
    count = int(re.search(r'createPageHTML\((\d+),0,"index","html"\)', text)[1])  # type: ignore[index]
    pages = [text] + [ask(replica.listing_url.replace("index.", f"index_{i}.")).text for i in range(1, count)]
    lines = re.findall(r'document\.writeln\("(<li>.*)"\);', "\n".join(pages))
    hrefs = re.findall(r'href="([^"]+)"', "\n".join(lines).replace("\\", ""))
    return [urllib.parse.urljoin(replica.listing_url, href) for href in hrefs]


def read_store(replica: Replica) -> list[str]:
    """Follows nextgroup from the column's page."""
    url, found = replica.listing_url, []
    while True:
        text = ask(url).text
        records = re.findall(r"<record><!\[CDATA\[(.*?)\]\]></record>", text)
        found += [urllib.parse.urljoin(url, re.search(r'href="([^"]+)"', r)[1]) for r in records]  # type: ignore[index]
        following = re.search(r'<nextgroup><!\[CDATA\[<a href="([^"]+)"', text)
        if following is None:
            assert int(re.search(r"<totalrecord>(\d+)<", text)[1]) == len(found)  # type: ignore[index]
            return found
        url = urllib.parse.urljoin(url, following[1])


def read_jpaas(replica: Replica) -> list[str]:
    query = re.search(r'queryData="\{(.*?)\}"', ask(replica.listing_url).text)[1]  # type: ignore[index]
    named = dict(re.findall(r"'(\w+)':'(.*?)'", query))
    found: list[str] = []
    for page in range(1, 100):
        asked = urllib.parse.urlencode(named | {"paramJson": json.dumps({"pageNo": page, "pageSize": "15"})})
        html = json.loads(ask(f"{replica.numbers['service']}?{asked}").text)["data"]["html"]
        rows = re.findall(r'href="([^"]+)"', html)
        found += [urllib.parse.urljoin(replica.base, href) for href in rows]
        if not rows:
            assert f'count="{len(found)}"' in html
            return found
    raise AssertionError("endless")


def read_ucap(replica: Replica) -> list[str]:
    found: list[str] = []
    for page in range(1, 100):
        answer = json.loads(ask(replica.numbers["api"].replace("page=1", f"page={page}", 1)).text)["data"]
        found += ["http:" + result["url"] for result in answer["results"]]
        if len(found) == answer["total"]:
            return found
    raise AssertionError("endless")


def read_linked(replica: Replica) -> list[str]:
    """Follows 下一页 and 下页; also right for a listing of one page."""
    url, found = replica.listing_url, []
    while True:
        answer = ask(url)
        text = answer.body.decode(replica.encoding)
        links = re.findall(r'<a href="([^"]+)"[^>]*>[^<]*报告</a>', text)
        found += [urllib.parse.urljoin(url, href) for href in links]
        following = re.search(r'href="([^"]+)">下一?页<', text)
        if following is None:
            return found
        url = urllib.parse.urljoin(url, following[1])


def old_hanweb(name: str, reports: int, **named: object) -> Replica:
    return Hanweb(name, reports, proxy="old", **named)


def jpaas(name: str, reports: int, **named: object) -> Replica:
    return Hanweb(name, reports, proxy="jpaas", **named)


READERS = {
    Nfcms: read_nfcms,
    Gkmlpt: read_gkmlpt,
    Trs: read_trs,
    TrsFujian: read_fujian,
    TrsWriteln: read_writeln,
    TrsXml: read_store,
    Hanweb: read_store,
    old_hanweb: read_store,
    jpaas: read_jpaas,
    Ucap: read_ucap,
    Epoint: read_linked,
    Beijing: read_linked,
    PlainLinks: read_linked,
}


@pytest.mark.parametrize("platform", READERS)
def test_a_walk_of_the_listing_finds_every_report_once(platform: Platform, serve) -> None:
    replica = serve(platform("qingxi", 130))
    found = READERS[platform](replica)
    assert found == [expected.url for expected in replica.truth()]
    assert len(set(found)) == 130


@pytest.mark.parametrize("platform", READERS)
def test_articles_say_what_their_truth_says(platform: Platform, serve) -> None:
    replica = serve(platform("qingxi", 30))
    for expected in replica.truth()[::5]:
        text = ask(expected.url).body.decode(replica.encoding)
        assert expected.report.title in text
        assert expected.report.published in text or platform is Ucap
        for alias in expected.aliases:
            assert expected.report.title in ask(alias).text
        whole = re.sub(r"<[^>]+>|\s|&nbsp;", "", text)
        if "window._CONFIG" not in text:
            assert [part for part in expected.report.paragraphs() if part not in whole] == []


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


@pytest.mark.parametrize("how", ["shell", "refresh", "redirect"])
def test_a_listed_address_may_only_lead_on(how: str, serve) -> None:
    replica = serve(Trs("qingxi", 10))
    before = replica.truth()[3]
    moved = replica.move(before.document, how)
    after = replica.truth()[3]
    assert after.report == before.report
    assert after.url == replica.url(moved) != before.url
    assert before.url in after.aliases
    answer = ask(before.url)
    assert after.url in (answer.headers["Location"] or answer.text)
    assert len(answer.body) < 300
    assert before.url in read_trs(replica)
    assert after.url not in read_trs(replica)
    assert after.report.title in ask(after.url).text


def test_a_replica_writes_its_portal_file() -> None:
    for platform in READERS:
        source = platform("qingxi", 5).source()
        assert compile(source, "qingxi.py", "exec")
        assert "class Qingxi(" in source
        assert "listings = ('http://" in source


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
            urllib.request.urlopen(replica.listing_url, timeout=0.2).read()


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
    report = Synthetic(issuing_body="临川市青溪区教育局", report_year=2022, faults=frozenset({"images"}))
    for platform in READERS:
        replica = serve(platform("qingxi", [report]))
        url = replica.truth()[0].url
        text = ask(url).text.replace("\\", "")
        pictures = re.findall(r'<img src="([^"]+_?\d\.png)"', text)
        assert len(set(pictures)) == 3
        for picture in pictures:
            assert ask(urllib.parse.urljoin(url, picture)).body.startswith(b"\x89PNG\r\n\x1a\n")


def everything(replica: Replica) -> list[str]:
    """What a curious visitor sees: two articles, the listing's pages and answers of its service."""
    listing, numbers = replica.listing_url, replica.numbers
    urls = [listing, *(replica.url(document) for document in replica.documents[:2])]
    names = ("index_2.html", "index_3.html", "index_31.html", "index_32.html", "index_40.html", "3.html", "32.html")
    urls += [listing.rpartition("/")[0] + "/" + name for name in names]
    urls += [listing.replace(".htm", f"/{name}.htm") for name in ("30", "1")] + [replica.base + "/calendar?month=1"]
    for page in (2, 3):
        urls.append(numbers.get("api", listing).replace("page=1", f"page={page}", 1))
    answers = [ask(url) for url in urls]
    if search := numbers.get("search"):
        form = {"channelid": numbers["channel"], "classsql": f"chnlid={numbers['chnlid']}", "prepage": 20}
        answers += [ask(search, form | {"page": page}) for page in (1, 2)]
    if "unitid" in numbers:
        form = {"webid": numbers["webid"], "webId": numbers["webid"], "tplSetId": numbers["tplSetId"]}
        form |= {"parseType": "bulidstatic", "pageId": numbers["columns"][0], "columnid": numbers["columns"][0]}
        answers += [ask(numbers["service"], form | {"page": page, "pageNo": page}) for page in (1, 2)]
    if isinstance(replica, TrsXml):
        answers.append(ask(f"{numbers['service']}?param={replica.token(2)}"))
    return [
        answer.body.decode(replica.encoding, errors="replace") + str(answer.headers["Content-Type"])
        for answer in answers
    ]


@pytest.mark.parametrize(
    ("platform", "quirk"),
    [(platform, quirk) for platform in READERS for quirk in platform("x", 1).known_quirks],
)
def test_every_quirk_changes_something(platform: Platform, quirk: str, serve) -> None:
    replica = serve(platform("qingxi", 310, page_size=100 if platform is Gkmlpt else 10))
    if quirk == "no-static-group" and platform is jpaas:
        pytest.skip("a jpaas column has no static group to leave out")
    before = everything(replica)
    replica.misbehave(quirk)
    assert everything(replica) != before
    replica.behave()
    assert everything(replica) == before


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
        text = ask(replica.home_url).body.decode(replica.encoding)
        href = re.search(r'<a href="([^"]+)">政府信息公开年报', text)[1]  # type: ignore[index]
        assert ask(urllib.parse.urljoin(replica.home_url, href.partition("#")[0])).status == 200


def test_a_port_that_is_taken_is_said_plainly() -> None:
    with socket.create_server(("127.0.0.2", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortTakenError, match=f"127.0.0.2:{port}"), Server(Nfcms("qingxi", 5), port=port):
            pass


def test_the_wrong_proxy_is_not_there(serve) -> None:
    new, old = serve(Hanweb("qingxi", 5)), serve(Hanweb("yunling", 5, proxy="old"))
    assert ask(new.base + "/module/jpage/dataproxy.jsp?page=1").status == 404
    assert ask(old.base + "/module/web/jpage/dataproxy.jsp?page=1").status == 404
    assert ask(new.base + "/api-gateway/jpaas-publish-server/front/page/build/unit").status == 404


def test_record_ranges_by_post(serve) -> None:
    replica = serve(Hanweb("qingxi", 50))
    form = {"webid": replica.numbers["webid"], "columnid": replica.numbers["columns"][0], "unitid": 1}
    text = ask(replica.numbers["service"] + "?startrecord=46&endrecord=90&perpage=15", form).text
    assert text.count("<record>") == 5
    assert "<totalrecord>50</totalrecord><totalpage>4</totalpage>" in text.replace("\n", "")


def test_long_articles_are_split(serve) -> None:
    replica = serve(Trs("qingxi", 12, split=2))
    expected = next(expected for expected in replica.truth() if replica.is_split(expected.document))  # type: ignore[attr-defined]
    first = ask(expected.url).text
    name = expected.url.rpartition("/")[2].removesuffix(".html")
    assert f'createPageHTML(2,0,"{name}","html")' in first
    second = ask(expected.url.replace(".html", "_1.html")).text
    whole = re.sub(r"<[^>]+>|\s|&nbsp;", "", first + second)
    assert [part for part in expected.report.paragraphs() if part not in whole] == []
    assert ask(expected.url.replace(".html", "_2.html")).status == 404


def test_documents_of_the_second_column(serve) -> None:
    for platform in (Nfcms, Hanweb):
        replica = serve(platform("qingxi", 5))
        assert len(replica.listings) == 1
        replica.documents[1].second_column = True
        assert len(replica.listings) == 2
        number = str(replica.documents[1].number)
        assert all(number in ask(listing).text for listing in replica.listings)
        assert str(replica.documents[0].number) not in ask(replica.listings[1]).text


@pytest.mark.parametrize("form", FORMS)
def test_figures_obey_the_identities(form: str) -> None:
    for year in (2016, 2019, 2020, 2024):
        for body in ("临川市青溪区人民政府", "临川市青溪区教育局", "临川市青溪区望江街道办事处"):
            report = Synthetic(issuing_body=body, report_year=year, kind=form)
            assert broken(report) == set()
            assert len({(s.table_no, s.row_name, s.column_name) for s in report.statistics()}) == len(
                report.statistics()
            )


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault not in {"images", "prose-only", "blank-total"}])
def test_faults_break_what_they_say(fault: str) -> None:
    report = Synthetic(issuing_body="临川市青溪区教育局", report_year=2022, faults=frozenset({fault}))
    assert broken(report) == report.failed()


def test_what_is_carried_out_is_carried_in_a_year_later() -> None:
    before, after = (Synthetic(issuing_body="临川市青溪区教育局", report_year=year) for year in (2022, 2023))
    left = [s.value for s in before.statistics() if s.row_name == "carried_out"]
    assert left == [s.value for s in after.statistics() if s.row_name == "carried_in"]


def broken(report: Synthetic) -> set[tuple[str, str]]:
    """The identities that fail, worked out from the form's own rows."""
    value = {(s.table_no, s.row_name, s.column_name): s.value or 0 for s in report.statistics()}
    rows = list(dict.fromkeys(row for number, row, _ in value if number == 3))
    columns = list(dict.fromkeys(column for number, _, column in value if number == 3))
    failed = set()
    for c in columns:
        t3 = {row: value[3, row, c] for row in rows}
        if t3["new_received"] + t3["carried_in"] != t3["processed_total"] + t3["carried_out"]:
            failed.add(("T3-A", c))
        if t3["processed_total"] != sum(t3[row] for row in rows[2:-2]):
            failed.add(("T3-B", c))
    for row in rows:
        if value[3, row, "total"] != sum(value[3, row, c] for c in columns[:-1]):
            failed.add(("T3-C", row))
    for block in ("review", "suit_direct", "suit_after_review") if rows else ():
        parts = [value[4, "cases", f"{block}_{result}"] for result in ("maintained", "corrected", "other", "pending")]
        if value[4, "cases", f"{block}_total"] != sum(parts):
            failed.add(("T4-A", block))
    return failed


def test_the_demo_is_the_same_at_every_start() -> None:
    first, again = demo_portals.demo_replicas(), demo_portals.demo_replicas()
    assert [replica.facts["listings"] for replica in first] == [replica.facts["listings"] for replica in again]
    for one, other in zip(first, again, strict=True):
        assert [(e.url, e.report) for e in one.truth()] == [(e.url, e.report) for e in other.truth()]
    reports = [expected.report for replica in first for expected in replica.truth()]
    assert len(reports) >= 60
    assert {report.report_year for report in reports} == set(range(2016, 2026))
    assert {report.kind for report in reports} == set(FORMS) - {"dx-2010-stat", "fj-2009-stat"}
    assert any(report.failed() for report in reports)
    states = {document.state for replica in first for document in replica.documents}
    assert states == {"live", "404", "521", "stub", "shell"}
