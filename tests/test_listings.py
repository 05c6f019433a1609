"""Platforms on saved pages of listings, without an engine: what a page lists, and where it goes on."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qsl

import pytest
from scrapy import FormRequest, Request
from scrapy.http import HtmlResponse, Response, TextResponse
from scrapy.spiderloader import SpiderLoader
from scrapy.utils.project import get_project_settings

from spiders.platforms import listing
from spiders.platforms.anchors import anchors
from spiders.platforms.beijing import BeijingDistrict
from spiders.platforms.epoint import Epoint
from spiders.platforms.gkmlpt import Gkmlpt
from spiders.platforms.hanweb import NEW, OLD, Hanweb
from spiders.platforms.links import Links
from spiders.platforms.nfcms import NFCMS
from spiders.platforms.portal import Portal
from spiders.platforms.rows import listed_rows
from spiders.platforms.trs import TRS
from spiders.platforms.trs_fujian import TRSFujian
from spiders.platforms.ucap import UCAP
from spiders.platforms.walk import MAX_PAGES, Walk
from spiders.portal_file import read_listing
from tests.crawling import ROOT

FIXTURES = sorted((ROOT / "tests" / "pages").glob("*/listing*.json"))


def check_fixture(file: Path, portal: type[Portal]) -> dict[str, Any]:
    """A stored page of a listing is read as its JSON file says; returns what that says.

    The page is the file of the same name: `.html`, or `.body` for an answer of another format. `form` are the fields
    with which it was asked for, where that was by POST.
    """
    stated: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    body = next(path for path in map(file.with_suffix, (".html", ".body")) if path.exists()).read_bytes()
    request = FormRequest(stated["url"], formdata=stated["form"]) if "form" in stated else Request(stated["url"])
    page = cast("TextResponse", listing.decoded(HtmlResponse(stated["url"], body=body, request=request)))
    assert read_listing(portal, page) == {key: stated[key] for key in ("entries", "next_pages", "total")}
    return stated


@pytest.mark.parametrize("file", FIXTURES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_stored_listings_are_read_as_before(file: Path) -> None:
    loader = SpiderLoader.from_settings(get_project_settings())
    stated = check_fixture(file, cast("type[Portal]", loader.load(file.parent.name)))
    assert stated["entries"] or stated["next_pages"], "a fixture that shows nothing tests nothing"


@pytest.mark.parametrize("platform", ["nfcms", "gkmlpt", "trs", "trs_fujian", "links"])
def test_platforms_of_portals_have_a_fixture(platform: str) -> None:
    loader = SpiderLoader.from_settings(get_project_settings())
    assert platform in {cast("type[Portal]", loader.load(file.parent.name)).platform for file in FIXTURES}


def portal(platform: type[Portal], **facts: Any) -> Portal:
    facts = {"name": "hedong", "title": "河东区", "home": "http://www.hedong.example/", "listings": (), **facts}
    return cast("type[Portal]", type("Hedong", (platform,), facts))()


def page(url: str, body: str | dict[str, Any], **meta: Any) -> TextResponse:
    text = body if isinstance(body, str) else json.dumps(body)
    return HtmlResponse(url, body=text.encode(), encoding="utf-8", request=Request(url, meta=meta))


def seen(spider: Portal, response: Response) -> list[tuple[str, str | None, str | None]]:
    return [(entry.url, entry.title, entry.date) for entry in spider.entries(response)]


def onward(spider: Portal, response: Response) -> list[str]:
    return [request.url for request in spider.next_pages(response)]


def test_keys_of_documents_never_change() -> None:
    # Report ids are made of them: the values are those of the first release.
    addresses = [
        f"{scheme}://{host}hedong.example/show?id=7#top" for scheme in ("http", "https") for host in ("", "www.")
    ]
    assert {Portal.key(url) for url in addresses} == {"9a16fe3e6f1b"}
    assert Portal.key("http://hedong.example:8080/nb/年报.html") == "9fbd2ba5c584"


def test_anchors_lead_to_other_pages_or_nowhere() -> None:
    hrefs = [
        "a/1.html#top",
        " /b ",
        "#top",
        "",
        "javascript:;",
        "mailto:a@hedong.example",
        "{{el.url}}",
        "http://[/",
        "ftp://hedong.example/1.doc",
    ]
    response = page("http://hedong.example/nb/", "".join(f'<a href="{href}">{n} </a>' for n, href in enumerate(hrefs)))
    found = list(anchors(response))
    assert [link.url for link in found if link.url] == [
        "http://hedong.example/nb/a/1.html",
        "http://hedong.example/b",
        "ftp://hedong.example/1.doc",
    ]
    assert [link.text for link in found] == [f"{n} " for n in range(len(hrefs))]
    framed = page("http://hedong.example/", '<a href="/1">1</a><iframe src="/2"></iframe>')
    assert [link.url for link in anchors(framed, "a", "iframe")] == [
        "http://hedong.example/1",
        "http://hedong.example/2",
    ]
    assert list(anchors(Response("http://hedong.example/1.png", body=b"1"))) == []


SITE = "http://www.hedong.example"
REPORT = "河东区2023年政府信息公开工作年度报告"


# TRS

ROW = f'<li><a href="./202401/t20240108_77123.html">{REPORT}</a><span>2024-01-05</span></li>'
LISTED = [(f"{SITE}/nb/202401/t20240108_77123.html", REPORT, "2024-01-05")]


@pytest.mark.parametrize(
    ("script", "following"),
    [
        ('createPageHTML(3, 0, "index", "shtml");', [f"{SITE}/nb/index_1.shtml"]),
        ("function createPageHTML(_nPageCount, _nCurrIndex){}\ncreatePageHTML(3,2,'index','html');", []),
        ('createPageHTML("page_div", 3, 1, "index", "shtml", "0");', [f"{SITE}/nb/index_2.shtml"]),
        ("createPage(12,1,'nblist','html')", [f"{SITE}/nb/nblist_2.html"]),
        ("var countPage = 4//共多少页", [f"{SITE}/nb/index_2.shtml"]),
        ("var countPage = 2//共多少页", []),
        ("var countPage = 4;\nvar currentPage = 0;", [f"{SITE}/nb/index_1.shtml"]),
        ("function createPageHTML(_nPageCount, _nCurrIndex){ document.write(_nPageCount) }", []),
    ],
)
def test_trs_pages_are_computed_from_the_scripts_arguments(script: str, following: list[str]) -> None:
    response = page(f"{SITE}/nb/index_1.shtml", f"<html><ul>{ROW}</ul><script>{script}</script></html>")
    assert onward(portal(TRS), response) == following
    assert seen(portal(TRS), response) == LISTED


def test_trs_rows_may_be_written_by_script() -> None:
    written = ROW.replace('"', r"\"").replace("/", r"\/")
    response = page(
        f"{SITE}/nb/",
        f'<html><body><ul><script>document.writeln("{written}");document.write("<p>"+1+"</p>")</script></ul></body></html>',
    )
    assert seen(portal(TRS), response) == LISTED


def test_trs_rows_may_be_xml_records() -> None:
    store = f'<datastore><totalrecord>31</totalrecord><nextgroup><![CDATA[<a href="/more?param=0f3c&amp;n=2"></a>]]></nextgroup><recordset><record><![CDATA[{ROW}]]></record></recordset></datastore>'
    response = page(f"{SITE}/nb/", f'<html><script type="text/xml">{store}</script></html>')
    spider = portal(TRS)
    assert (seen(spider, response), spider.total(response)) == (LISTED, 31)
    assert onward(spider, response) == [f"{SITE}/more?param=0f3c&n=2"]
    with pytest.raises(ValueError, match="next group"):
        onward(spider, page(f"{SITE}/nb/", "<datastore><nextgroup><![CDATA[4f7a90]]></nextgroup></datastore>"))


# TRS in Fujian's template


def fujian(arguments: str) -> TextResponse:
    script = f"var SiteInfo = {{ searchId: 2299 }};\nlistModel({{ listArgs: {{ channelid: SiteInfo.searchId, {arguments} }}, pagebar: {{ prepage: 10, recordCount: '27' }} }});"
    template = '<dl ms-repeat="list"><dd><a href="{{el.chnldocurl}}"></a></dd></dl>'
    return page(f"{SITE}/nb/", f"<ul>{ROW}</ul>{template}<script>{script}</script>")


def test_fujian_asks_the_search_for_the_rest() -> None:
    spider = portal(TRSFujian)
    static = fujian("classsql: '' || 'chnlid=229', sortfield: '-docreltime'")
    assert seen(spider, static) == LISTED
    assert spider.total(static) == 27
    (request,) = spider.next_pages(static)
    assert (request.method, request.url) == ("POST", f"{SITE}/fjdzapp/search")
    assert request.body.decode() == "channelid=2299&classsql=chnlid%3D229&sortfield=-docreltime&page=2&prepage=10"
    with pytest.raises(ValueError, match="classsql"):
        onward(spider, fujian("sortfield: '-docreltime'"))

    times = [1704445200000, "1704445200000", "2024-01-05 17:00:00", ""]
    documents = [
        {"doctitle": f"<em>{REPORT}</em>", "docpuburl": f"/nb/202401/t20240108_{n}.htm", "docreltime": told}
        for n, told in enumerate(times)
    ]
    answer = page(request.url, {"pageCount": 3, "docs": documents}).replace(request=request)
    assert [entry[2] for entry in seen(spider, answer)] == ["2024-01-05 17:00"] * 3 + [None]
    assert {entry[1] for entry in seen(spider, answer)} == {REPORT}
    (following,) = spider.next_pages(answer)
    assert b"page=3" in following.body
    assert onward(spider, page(request.url, {"pageCount": 2, "data": []}).replace(request=request)) == []


# NFCMS and gkmlpt


@pytest.mark.parametrize(
    ("address", "pager", "following"),
    [
        ("index.html", "<span>共3页</span>", ["index_2.html"]),
        ("", '<a href="/nb/index_2.html">2</a>', ["index_2.html"]),
        ("index_2.html", "<span>共3页</span>", ["index_3.html"]),
        ("index_3.html", "<span>共3页</span>", []),
        ("index.html", "", []),
    ],
)
def test_nfcms_counts_from_one(address: str, pager: str, following: list[str]) -> None:
    row = f'<li><a href="{SITE}/nb/content/mpost_77123.html" title="{REPORT}">河东区2023年...</a><i>2024-01-05</i></li>'
    response = page(f"{SITE}/nb/{address}", f"<ul>{row}</ul>{pager}")
    assert onward(portal(NFCMS), response) == [f"{SITE}/nb/{name}" for name in following]
    assert seen(portal(NFCMS), response) == [(f"{SITE}/nb/content/mpost_77123.html", REPORT, "2024-01-05")]
    assert NFCMS.key(f"{SITE}/nb/content/mpost_77123.html") == NFCMS.key(f"{SITE}/gkmlpt/content/0/77/post_77123.html")


def test_gkmlpt_walks_each_column_of_reports_by_itself() -> None:
    tree = [
        {"id": 7, "name": "机构职能", "children": []},
        {
            "id": 8,
            "name": "法定主动公开内容",
            "children": [{"id": 81, "name": "政府信息公开年报"}, {"id": 82, "name": "街道年度报告"}],
        },
    ]
    script = f"window._CONFIG = {{ SID: '755041', PATH_PREFIX: '/kjj', TREE: {json.dumps(tree)}, SERVICE_AREA_ID: 1 }}"
    catalogue = page(f"{SITE}/kjj/gkmlpt/index", f"<script>{script}</script>")
    spider = portal(Gkmlpt)
    requests = list(spider.next_pages(catalogue))
    assert [request.url for request in requests] == [
        f"{SITE}/kjj/gkmlpt/api/all/{n}?page=1&sid=755041" for n in (81, 82)
    ]
    assert len({request.cb_kwargs["branch"] for request in requests}) == 2
    assert onward(portal(Gkmlpt, categories=(9,)), catalogue) == [f"{SITE}/kjj/gkmlpt/api/all/9?page=1&sid=755041"]

    articles = [
        {
            "title": REPORT,
            "url": "/gkmlpt/content/0/77/post_77123.html",
            "display_publish_time": 1704445200,
            "date": 1704300000,
        }
    ]
    answer = page(requests[0].url, {"total": 3, "articles": articles})
    assert seen(spider, answer) == [(f"{SITE}/gkmlpt/content/0/77/post_77123.html", REPORT, "2024-01-05 17:00")]
    assert onward(spider, answer) == [requests[0].url.replace("page=1", "page=2")]
    assert spider.total(answer) == 3
    assert onward(spider, page(requests[0].url, {"total": 3, "articles": []})) == []
    with pytest.raises(ValueError, match="not an object"):
        list(spider.entries(page(requests[0].url, "[]")))


def category(number: int, name: str, count: int = 0, *below: dict[str, Any], jump: str = "") -> dict[str, Any]:
    return {"id": number, "name": name, "post_count": count, "jump_url": jump, "children": list(below)}


OTHERS = (
    category(4, "规划计划与年度报告", 31, category(41, "年度报告", 6)),
    category(5, "法治政府建设年度报告", 8),
    category(6, "财政信息", 70, category(61, "年报", 9)),
    category(7, "统计数据", 12, category(71, "统计年报", 12)),
)


@pytest.mark.parametrize(
    ("tree", "asked"),
    [
        ([*OTHERS, category(8, "政府信息公开工作年度报告", 9)], [8]),
        ([category(3, "法定主动公开内容", 640, *OTHERS, category(81, "信息公开年报", 9))], [81]),
        ([category(3, "主动公开", 0, category(32, "组织机构", 0, category(325, "年度报告", 4)))], [325]),
        ([category(8, "年度报告", 17, category(82, "依法行政年度报告", 9), category(83, "政务公开年度报告", 8))], [83]),
        ([category(8, "政府信息公开年报", 9, category(81, "2023年", 4), category(82, "2022年", 5))], [8]),
        ([category(8, "政府信息公开年报", 0, category(81, "2023年", 4), category(82, "2022年", 5))], [81, 82]),
        ([category(8, "政府信息公开年报", 2, category(81, "区政府", 2), category(82, "镇街", 5))], [8, 82]),
        ([category(8, "信息公开年报", 3), category(9, "部门年度报告", 30), category(10, "年度报告", 2)], [8, 9]),
        ([category(8, "2022年政府信息公开年报", 3), category(9, "2023年政府信息公开年报", 4)], [8, 9]),
        ([category(8, "政府信息公开年报")], [8]),
    ],
)
def test_gkmlpt_finds_the_category_in_the_tree(tree: list[dict[str, Any]], asked: list[int]) -> None:
    script = f"window._CONFIG = {{ SID: '662917', TREE: {json.dumps(tree)}, SERVICE_AREA_ID: 1 }}"
    requests = list(portal(Gkmlpt).next_pages(page(f"{SITE}/gkmlpt/index", f"<script>{script}</script>")))
    assert [re.search(r"all/(\d+)", request.url)[1] for request in requests] == list(map(str, asked))  # type: ignore[index]
    assert all(str(number) in request.meta["column_name"] for number, request in zip(asked, requests, strict=True))


def test_gkmlpt_says_which_categories_there_are_where_none_fits() -> None:
    script = f"window._CONFIG = {{ SID: '1', TREE: {json.dumps([*OTHERS])} }}"
    with pytest.raises(ValueError, match=r"规划计划与年度报告 \(4\).*法治政府建设年度报告 \(5\).*`categories`"):
        onward(portal(Gkmlpt), page(f"{SITE}/gkmlpt/index", f"<script>{script}</script>"))
    named = page(f"{SITE}/gkmlpt/index#61", f"<script>{script}</script>")
    assert onward(portal(Gkmlpt), named) == [f"{SITE}/gkmlpt/api/all/61?page=1&sid=1"]


def test_gkmlpt_follows_a_category_to_its_static_column() -> None:
    static, inside = (category(8, "政府信息公开年报", jump=jump) for jump in ("/zwgk/nb/index.html", "/gkmlpt/index#8"))
    for tree, url in ((static, f"{SITE}/zwgk/nb/index.html"), (inside, f"{SITE}/gkmlpt/api/all/8?page=1&sid=1")):
        script = f"window._CONFIG = {{ SID: '1', TREE: {json.dumps([tree])} }}"
        assert onward(portal(Gkmlpt), page(f"{SITE}/gkmlpt/index", f"<script>{script}</script>")) == [url]


# Hanweb

COLUMN = f"{SITE}/col/col3917/index.html"


def test_hanweb_asks_by_the_numbers_of_the_columns_page() -> None:
    spider = portal(Hanweb)
    (request,) = spider.next_pages(
        page(COLUMN, "<script>$('#p').jpage({perpage:20, proxyParam:{'webid':'1','unitid':'35638'}})</script>")
    )
    assert request.url.startswith(f"{SITE}{NEW}?startrecord=1&endrecord=60&perpage=20&")
    assert request.url.endswith("&webid=1&unitid=35638&columnid=3917")
    other = spider.alternate(request)
    assert other is not None
    assert other.url == request.url.replace(NEW, OLD)
    assert spider.alternate(other) is None
    named = page(COLUMN, f"<script>url='{OLD}';</script><input name='unitid' value='9'><input name='webid' value='8'>")
    assert onward(spider, named)[0].startswith(f"{SITE}{OLD}?startrecord=1&endrecord=45&")
    assert onward(spider, page(COLUMN, "<html>nothing here</html>")) == []
    marked = "<meta name='WebId' content='67'><div id=\"35638\" class=\"default_pgContainer\"></div>"
    assert all(part in onward(spider, page(COLUMN, marked))[0] for part in ("webid=67&", "unitid=35638&"))


FIELDS = "{col: 2, appid: '8', webid: 71, path: '/kjj/', columnid: 3917, unitid: '62917', mine: \"a b\"}"
SENT = "col=2&appid=8&webid=71&path=%2Fkjj%2F&columnid=3917&unitid=62917&mine=a+b"
AT = "/kjj/module/web/jpage/dataproxy.jsp"


@pytest.mark.parametrize(
    ("script", "method", "address", "last"),
    [
        (f"$('#a').jpage({{perPage:12, groupSize:4, proxyUrl:'{AT}', type:'post', submitParam:{FIELDS}}})", "POST", AT, 48),
        (f"jQuery('#a').jpage({{proxyUrl:'{AT}', method: \"POST\", perPage:7, submitParam:{FIELDS}}})", "POST", AT, 21),
        (f"$('#a').jpage({{proxyUrl:'{AT}', ajaxType:'GET', perPage:'10', groupSize:1, ajaxParam:{FIELDS}}})", "GET", AT, 10),
        (f"var p = {FIELDS};\n$('#a').jpage({{proxyUrl: '{OLD}', submitParam: p}})", "GET", OLD, 45),
        (f"$.ajax({{ url: '{AT}', type: 'POST', dataType: 'xml', data: {FIELDS}, success: f }})", "POST", AT, 45),
        (f"$('#n').jpage({{submitParam:{{unitid:1, columnid:9}}}});$('#a').jpage({{type:'POST', submitParam:{FIELDS}}})", "POST", NEW, 45),
    ],
)  # fmt: skip
def test_hanweb_asks_as_the_page_s_own_script_does(script: str, method: str, address: str, last: int) -> None:
    (request,) = portal(Hanweb).next_pages(page(COLUMN, f"<script>$(function(){{ {script}; }});</script>"))
    size = {48: 12, 21: 7, 10: 10, 45: 15}[last]
    query = f"startrecord=1&endrecord={last}&perpage={size}"
    sent = request.body.decode() if method == "POST" else request.url.partition(f"{query}&")[2]
    assert (request.method, sent) == (method, SENT)
    assert request.url.startswith(f"{SITE}{address}?{query}")
    store = "<datastore><totalrecord>99</totalrecord><record><![CDATA[<a href='/art/2024/1/9/art_3917_118.html'>年报</a>]]></record></datastore>"
    (following,) = portal(Hanweb).next_pages(page(request.url, store).replace(request=request))
    assert following.method == method
    assert following.body == request.body
    assert f"startrecord=2&endrecord={last + 1}&" in f"{following.url}&"


def test_hanweb_asks_for_what_the_page_shows_only_a_part_of() -> None:
    spider = portal(Hanweb)
    record = f'<record><![CDATA[<a href="/art/2024/1/9/art_3917_118.html">{REPORT}</a>]]></record>'
    numbers = "<script>var p={unitid:35638, webid:1}</script>"
    for total, count in ((20, 1), (1, 0)):
        store = f"<datastore><totalrecord>{total}</totalrecord>{record}</datastore>"
        following = list(spider.next_pages(page(COLUMN, f'{numbers}<script type="text/xml">{store}</script>')))
        assert [request.cb_kwargs["branch"] == request.url for request in following] == [True] * count
    group = f"{SITE}{NEW}?page=2&columnid=3917"
    answer = f"<datastore><totalrecord>290</totalrecord><totalpage>3</totalpage>{record}</datastore>"
    assert onward(spider, page(group, answer)) == [group.replace("page=2", "page=3")]
    assert onward(spider, page(group.replace("page=2", "page=3"), answer)) == []


def test_hanweb_goes_on_by_the_number_of_records_that_came() -> None:
    spider = portal(Hanweb)
    title = "省人力资源社会保障厅2023年政府信息公开工作年度报告"
    row = f'<record><![CDATA[<li><a href="/art/2024/1/9/art_3917_118.html" title="{title}">省人力资源…</a><b>2024-01-09</b></li>]]></record>'
    url = f"{SITE}{NEW}?startrecord=46&endrecord=90&perpage=15&columnid=3917"
    answer = page(url, f"<datastore><totalrecord>60</totalrecord><recordset>{row * 15}</recordset></datastore>")
    assert seen(spider, answer) == [(f"{SITE}/art/2024/1/9/art_3917_118.html", title, "2024-01-09")]
    assert onward(spider, answer) == []
    assert spider.total(answer) == 60
    short = page(url, f"<datastore><totalrecord>60</totalrecord><recordset>{row * 5}</recordset></datastore>")
    assert onward(spider, short) == [url.replace("startrecord=46&endrecord=90", "startrecord=51&endrecord=95")]


def test_hanweb_keys_are_the_articles() -> None:
    keys = {Hanweb.key(f"{SITE}/art/2024/1/9/art_{column}_118.html") for column in (3917, 3918)}
    assert keys == {"118"}
    assert Hanweb.key(f"{SITE}/sjyj/art/2022/art_{'7a' * 16}.html") == "7a" * 16
    module = f"{SITE}/module/xxgk/xxgkAnnualReport.jsp?"
    assert Hanweb.key(f"{module}fbtime=2017&area=0101") == Hanweb.key(f"{module}area=0101&fbtime=2017") == "0101-2017"


def gateway(number: int, rows: int, pager: str = "", **meta: Any) -> TextResponse:
    items = "".join(
        f'<li><a href="/art/2024/art_{number:016x}{n:016x}.html">{REPORT}</a>2024-01-0{n + 1}</li>' for n in range(rows)
    )
    url = f"{SITE}/api-gateway/jpaas-publish-server/front/page/build/unit?pageId=3917&rows=3&pageNo={number}"
    return page(url, {"success": True, "data": {"html": f"<ul>{items}</ul>{pager}"}}, **meta)


def test_hanweb_gateway_pages_to_the_count_or_until_a_page_is_not_full() -> None:
    spider = portal(Hanweb)
    query = "{&quot;webId&quot;:&quot;8d82&quot;,&quot;pageType&quot;:&quot;column&quot;,&quot;tagId&quot;:&quot;列表&quot;,&quot;pageId&quot;:&quot;3917&quot;}"
    first = onward(spider, page(f"{SITE}/nb/index.html", f'<script url="/api-gateway/x" queryData="{query}"></script>'))
    assert len(first) == 1
    assert "parseType=bulidstatic" in first[0]
    assert "webId=8d82" in first[0]
    assert "pageNo=1" in first[0]
    article = query.replace("column", "article")
    assert onward(spider, page(f"{SITE}/nb/index.html", f'<script queryData="{article}"></script>')) == []

    counted = gateway(1, 3, '<div class="pagination" count="7"></div>')
    (request,) = spider.next_pages(counted)
    assert "pageNo=2" in request.url
    assert "may_be_empty" not in request.meta
    assert spider.total(counted) == 7
    assert onward(spider, gateway(3, 1, '<div class="pagination" count="7"></div>', size=3)) == []
    (request,) = spider.next_pages(gateway(1, 3))
    assert request.meta["may_be_empty"]
    assert onward(spider, gateway(2, 2, size=3)) == []
    with pytest.raises(ValueError, match="参数错误"):
        spider.total(page(gateway(1, 0).url, {"success": False, "message": "参数错误", "data": None}))


@pytest.mark.parametrize("quote", ["&quot;", "'"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_hanweb_gateway_is_asked_at_its_own_address_with_all_of_the_page_s_parameters(quote: str, method: str) -> None:
    fields = {
        "webId": "71",
        "tplSetId": "uYx3",
        "pageType": "column",
        "tagId": "年报列表",
        "editType": "null",
        "pageId": "3917",
        "own": "7",
    }
    written = ",".join(f"{quote}{key}{quote}:{quote}{value}{quote}" for key, value in fields.items())
    paging = f"{quote}paramJson{quote}:{{{quote}pageNo{quote}:1,{quote}pageSize{quote}:{quote}20{quote}}}"
    at = "/kjj/jpaas-publish-server/front/page/build/unit"
    script = f'<script src="/x.js" method="{method.lower()}" url="{at}" queryData="{{{written},{paging}}}"></script>'
    spider = portal(Hanweb)
    (request,) = spider.next_pages(page(f"{SITE}/nb/index.html", script))
    sent = dict(parse_qsl(request.body.decode() if method == "POST" else request.url.partition("?")[2]))
    assert (request.method, request.url.partition("?")[0]) == (method, SITE + at)
    assert json.loads(sent.pop("paramJson")) == {"pageNo": 1, "pageSize": 20}
    assert sent == fields | {"parseType": "bulidstatic"}
    row = f'<li><a href="/art/2024/1/9/art_3917_5.html">{REPORT}</a></li>'
    answer = page(request.url, {"success": True, "data": {"html": f'{row}<p count="3"></p>'}}).replace(request=request)
    (following,) = spider.next_pages(answer)
    sent = dict(parse_qsl(following.body.decode() if method == "POST" else following.url.partition("?")[2]))
    assert (following.method, json.loads(sent["paramJson"])["pageNo"], sent["own"]) == (method, 2, "7")


def test_hanweb_module_of_annual_reports_lists_years_or_articles() -> None:
    address = f"{SITE}/module/xxgk/xxgkAnnualReport.jsp?area=0101&fbtime="
    years = "".join(
        f'<a href="xxgkAnnualReport.jsp?fbtime={year}&area=0101">{year}年</a>' for year in (2024, 2023, 2022)
    )
    spider = portal(Hanweb, listings=(address + "2024",))
    shown = page(address + "2024", f"<html>{years}<div>一、总体情况</div></html>")
    assert [entry[1] for entry in seen(spider, shown)] == [
        f"{year}年政府信息公开工作年度报告" for year in (2024, 2023, 2022)
    ]
    assert onward(spider, shown) == []
    own = next(iter(spider.entries(shown)))
    assert own.url == shown.url
    assert spider.document_request(own, "0101-2024").dont_filter

    listed = page(
        address + "2024", f'<html>{years}<ul><li><a href="/art/2025/1/9/art_1_5.html">{REPORT}</a></li></ul></html>'
    )
    assert [entry[0] for entry in seen(spider, listed)] == [f"{SITE}/art/2025/1/9/art_1_5.html"]
    branches = [request.cb_kwargs["branch"] for request in spider.next_pages(listed)]
    assert len(branches) == 3


# UCAP


def test_ucap_addresses_lack_a_scheme_and_epochs_lie() -> None:
    results = [
        {
            "title": f"<em>{REPORT}</em>",
            "url": "//www.hedong.example/nb/c1017/c7661080/content.shtml",
            "publishedTime": 1,
            "publishedTimeStr": "2024-01-05 16:38:00",
        },
        {
            "title": REPORT,
            "url": "/nb/c1017/c7661081/content.shtml",
            "publishedTime": 1704445200000,
            "publishedTimeStr": "",
        },
        {"title": REPORT, "url": "/nb/c1017/c7661082/content.shtml", "publishedTime": None},
    ]
    url = f"{SITE}/common/search/0aa1?page=2&_pageSize=15"
    answer = page(url, {"data": {"total": 60, "results": results}}, size=15)
    spider = portal(UCAP)
    assert [entry[2] for entry in seen(spider, answer)] == ["2024-01-05 16:38", "2024-01-05 17:00", None]
    assert seen(spider, answer)[0][:2] == (f"{SITE}/nb/c1017/c7661080/content.shtml", REPORT)
    assert onward(spider, answer) == [url.replace("page=2", "page=3")]
    assert [UCAP.key(entry[0]) for entry in seen(spider, answer)] == ["7661080", "7661081", "7661082"]
    with pytest.raises(ValueError, match="without data"):
        list(spider.entries(page(url, {"code": 500})))


@pytest.mark.parametrize(
    "script",
    [
        'var channelId = "0a1b0a1b0a1b0a1b0a1b0a1b0a1b0a1b";',
        '$.get("/common/search/0a1b0a1b0a1b0a1b0a1b0a1b0a1b0a1b?page=1")',
    ],
)
def test_ucap_reads_the_channel_from_the_columns_page(script: str) -> None:
    (request,) = portal(UCAP).next_pages(page(f"{SITE}/nb/index.shtml", f"<script>{script}</script>"))
    assert request.url.startswith(
        f"{SITE}/common/search/0a1b0a1b0a1b0a1b0a1b0a1b0a1b0a1b?page=1&_pageSize=15&_isAgg=true&_isJson=true&_template=index"
    )


# Epoint, Beijing, links


def test_epoint_counts_where_nothing_is_linked() -> None:
    spider = portal(Epoint)
    assert onward(spider, page(f"{SITE}/zwgk/003/moreinfo.html", "<span>1/3</span>")) == [f"{SITE}/zwgk/003/2.html"]
    assert onward(spider, page(f"{SITE}/zwgk/003/3.html", "<span>3/3</span>")) == []
    assert onward(spider, page(f"{SITE}/zwgk/003/2.html", '<span>2/3</span><a href="3.html">下一页</a>')) == [
        f"{SITE}/zwgk/003/3.html"
    ]


def test_beijing_walks_the_columns_that_are_linked() -> None:
    spider = portal(BeijingDistrict)
    root = f"{SITE}/zfxxgk/nb/"
    links = {
        "2023年": "2023nb/index.html",
        "2021": "gknb2021/",
        "2020年度": "/zfxxgk/nb2020/",
        "街道": "jd/index.shtml",
        "首页": "/",
        "上一级": "../",
        REPORT: f"{'5e' * 12}.html",
        "2022年": "http://www.elsewhere.example/2022nb/",
        "登录": "javascript:;",
    }
    tree = page(root, "".join(f'<a href="{href}">{text}</a>' for text, href in links.items()))
    wanted = ["nb/2023nb/index.html", "nb/gknb2021/", "nb2020/", "nb/jd/index.shtml"]
    assert onward(spider, tree) == [f"{SITE}/zfxxgk/{path}" for path in wanted]
    assert all(request.cb_kwargs["branch"] == request.url for request in spider.next_pages(tree))
    assert onward(spider, page(root, tree.text, column_depth=3)) == []
    assert next(entry[0] for entry in seen(spider, tree)) == f"{root}{'5e' * 12}.html"


def easysite(*rows: str, at: str = "index.html", head: str = "", **meta: Any) -> TextResponse:
    return page(f"{SITE}/zwgk/nb/{at}", f"{head}<ul>{''.join(f'<li>{row}</li>' for row in rows)}</ul>", **meta)


@pytest.mark.parametrize(
    ("row", "articles", "columns"),
    [
        (f'<a href="4810233/index.html">{REPORT}</a><i>2024-01-05</i>', ["4810233/index.html"], []),
        (f'<a href="4810233/">{REPORT}</a>', ["4810233/"], []),
        ('<a href="4810233/index.shtml">关于编制年报的通知</a>2023-12-11', ["4810233/index.shtml"], []),
        ('<a href="2023/index.html">2023年</a>', [], ["2023/index.html"]),
        ('<a href="1824066/index.html">2023年</a><i>2024-01-31</i>', [], ["1824066/index.html"]),
        ('<a href="1824066/index.html">2023年政府信息公开工作年度报告</a>', [], ["1824066/index.html"]),
        ('<a href="1824066/">镇街</a>', [], ["1824066/"]),
        (f'<a href="77/1824066/">{REPORT}</a> <a href="77/1824066/901188/">{REPORT}</a>2024-01-05', ["77/1824066/901188/"], ["77/1824066/"]),
        ('<a href="/zwgk/jgzn/1810002/index.html">机构职能</a>', [], []),
    ],
)  # fmt: skip
def test_easysite_folders_are_articles_or_columns(row: str, articles: list[str], columns: list[str]) -> None:
    spider, listed = portal(BeijingDistrict), easysite(row)
    assert [url for url, _, _ in seen(spider, listed)] == [f"{SITE}/zwgk/nb/{path}" for path in articles]
    assert onward(spider, listed) == [f"{SITE}/zwgk/nb/{path}" for path in columns]


def test_easysite_keeps_the_next_page_for_a_script() -> None:
    pager = '<a href="javascript:;" tagname="{}" title="下一页">&gt;</a>'
    row = f'<a href="4810233/index.html">{REPORT}</a>2024-01-05'
    following = easysite(row, pager.format("/zwgk/nb/index_2.html"))
    assert onward(portal(BeijingDistrict), following) == [f"{SITE}/zwgk/nb/index_2.html"]
    assert onward(portal(BeijingDistrict), easysite(row, pager.format("[NEXTPAGE]"))) == []


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("4810233/index.html", "4810233"),
        ("4810233/", "4810233"),
        ("2023/index.html", None),
        ("5e2411a0ab75c16cfc17f94a.html", "5e2411a0ab75c16cfc17f94a"),
        ("a0" * 16 + ".shtml", "a0" * 16),
        ("t20240105_77123.html", "77123"),
        ("index.html", None),
    ],
)
def test_beijing_keys(name: str, key: str | None) -> None:
    found = BeijingDistrict.document.search(f"/zfxxgk/nb/{name}")
    assert (found["key"] if found else None) == key


def test_links_take_selectors_where_addresses_do_not_tell() -> None:
    body = f'<div class="list"><p><a href="show?id=7">{REPORT}</a> 2024-01-05</p></div><a href="show?id=8">联系我们</a><a class="more" href="list?page=2">》</a>'
    response = page(f"{SITE}/nb/list", body)
    spider = portal(Links, entry_links=".list a", next_page="a.more")
    assert seen(spider, response) == [(f"{SITE}/nb/show?id=7", REPORT, "2024-01-05")]
    assert onward(spider, response) == [f"{SITE}/nb/list?page=2"]
    assert seen(portal(Links), response) == []
    assert onward(portal(Links), response) == []


# Links straight to files

FILES = """<div class="nav"><a href="/guide.pdf">政府信息公开指南</a></div><ul>
<li><a href="/a/1.pdf">甲局2023年政府信息公开工作年度报告.pdf</a><span>2024-01-10</span></li>
<li><a href="/a/2.docx">乙局2023年政府信息公开工作年度报告</a> <a href="/a/2.pdf">乙局2023年政府信息公开工作年度报告</a><span>2024-01-11</span></li>
<li><a href="/a/3.doc">关于报送2023年政府信息公开工作年度报告的通知.doc</a><span>2024-01-12</span></li></ul>"""


@pytest.mark.parametrize("platform", [NFCMS, TRS, TRSFujian, Hanweb, UCAP, Epoint, BeijingDistrict, Links])
def test_links_straight_to_a_report_s_file_are_entries(platform: type[Portal]) -> None:
    found = {entry.url: entry.date for entry in listed_rows(page(f"{SITE}/a/index.html", FILES), platform.document)}
    assert found.pop(f"{SITE}/a/3.doc", "2024-01-12") == "2024-01-12", "it stands in the same list"
    assert found == {f"{SITE}/a/1.pdf": "2024-01-10", f"{SITE}/a/2.docx": "2024-01-11"}


def test_a_file_beside_the_link_to_its_page_is_no_entry() -> None:
    text = f"""<table><tr><td><a href="/content/post_7.html">{REPORT}</a></td><td><a href="/a/7.pdf">{REPORT}.pdf</a></td><td>2024-01-10</td></tr>
    <tr><td><a href="/a/8.pdf">{REPORT}</a></td><td>2024-01-11</td></tr></table>"""
    found = [entry.url for entry in listed_rows(page(f"{SITE}/a/index.html", text), NFCMS.document)]
    assert found == [f"{SITE}/content/post_7.html", f"{SITE}/a/8.pdf"]


# The frame of a site

LIST = "".join(
    f'<li><a href="/nb/content/post_{n}.html">{title}</a>{{}}</li>'
    for n, title in ((71, REPORT), (72, "河东区教育局2023年政府信息公开年度报告"), (73, "关于编制年度报告的通知"))
)
FRAMES = [
    '<ul class="nav"><li><a href="/content/post_1.html">机构职能</a></li><li><a href="/content/post_2.html">领导之窗</a></li></ul><ul class="list">{}</ul>',
    '<div id="header"><a href="/content/post_1.html">公开指南</a>今天是2024年3月1日</div><table><tr><td><ul>{}</ul></td></tr></table>',
    '<div class="con"><ul>{}</ul></div><div class="foot-box"><p><a href="/content/post_1.html">网站地图</a></p><p><a href="/content/post_2.html">联系我们</a></p></div>',
    '<header><a href="/content/post_1.html">无障碍</a></header><ul>{}</ul><footer><a href="/content/post_2.html">关于本站</a></footer>',
    '<div class="w_left_menu"><dl><dd><a href="/content/post_1.html">公开制度</a></dd><dd><a href="/content/post_2.html">依申请公开</a></dd></dl></div><ul>{}</ul>',
]


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize("date", ["<span>2024-01-05</span>", ""])
def test_links_in_the_frame_of_a_site_are_no_entries(frame: str, date: str) -> None:
    response = page(f"{SITE}/nb/index.html", frame.format(LIST.format(*[date] * 3)))
    assert [url for url, _, _ in seen(portal(NFCMS), response)] == [
        f"{SITE}/nb/content/post_{n}.html" for n in (71, 72, 73)
    ]


def test_a_frame_without_a_name_is_known_by_the_dates_that_it_lacks() -> None:
    table = '<table><tr><td><a href="/content/post_1.html">领导</a></td><td><a href="/content/post_2.html">机构</a></td></tr></table>'
    response = page(f"{SITE}/nb/index.html", f"{table}<ul>{LIST.format(*['2024-01-05'] * 3)}</ul>{table}")
    assert len(seen(portal(NFCMS), response)) == 3


def test_nothing_that_may_be_a_report_is_taken_for_a_frame() -> None:
    pinned = f'<div class="top"><a href="/nb/content/post_70.html">{REPORT}</a></div>'
    response = page(f"{SITE}/nb/index.html", f"{pinned}<ul>{LIST.format(*['2024-01-05'] * 3)}</ul>")
    assert len(seen(portal(NFCMS), response)) == 4
    only = page(f"{SITE}/nb/index.html", f'<ul class="menu">{LIST.format("", "", "")}</ul>')
    assert len(seen(portal(NFCMS), only)) == 3
    strange = page(f"{SITE}/nb/index.html", '<ul class="menu"><li><a href="/content/post_1.html">2023年</a></li></ul>')
    assert len(seen(portal(NFCMS), strange)) == 1


@pytest.mark.parametrize(
    "foot",
    [
        '<footer><a href="/nb/content/post_9.html">{}</a></footer>',
        '<div class="foot-box"><ul><li><a href="/nb/content/post_9.html">{}</a></li></ul></div>',
        '<div id="friend_links"><p><a href="/nb/content/post_9.html">{}</a></p></div>',
    ],
)
def test_a_report_linked_at_the_foot_of_every_page_is_no_entry_of_a_list(foot: str) -> None:
    foot = foot.format("河东区人民政府2022年政府信息公开工作年度报告")
    listed = f"<ul>{LIST.format(*['2024-01-05'] * 3)}</ul>"
    assert len(seen(portal(NFCMS), page(f"{SITE}/nb/index.html", listed + foot))) == 3
    assert len(seen(portal(NFCMS), page(f"{SITE}/nb/index.html", f"<p>正在加载</p>{foot}"))) == 1


@pytest.mark.parametrize(
    "row",
    [
        '<article><header><h3><a href="/nb/content/post_{}.html">{}</a></h3></header><footer>2024-01-05</footer></article>',
        '<li><div class="card-header"><a href="/nb/content/post_{}.html">{}</a></div><div class="card-footer">2024-01-05</div></li>',
    ],
)
def test_a_head_and_a_foot_within_a_row_are_its_own(row: str) -> None:
    titles = [REPORT, "关于编制年度报告的通知", "河东区教育局2023年政府信息公开年度报告"]
    listed = "".join(row.format(number, title) for number, title in enumerate(titles, 1))
    found = seen(portal(NFCMS), page(f"{SITE}/nb/index.html", f"<div>{listed}</div>"))
    assert [title for _, title, _ in found] == titles


def test_a_page_with_nothing_but_a_frame_lists_nothing() -> None:
    for frame in FRAMES:
        assert seen(portal(NFCMS), page(f"{SITE}/nb/index.html", frame.format("<li>正在加载</li>"))) == []


# Walks


def entries(*numbers: int) -> list[Any]:
    from archive.model import Entry

    return [Entry(url=f"{SITE}/{number}.html", title=REPORT, date="2024-01-05") for number in numbers]


def walked(*pages: tuple[str, list[Any], int | None]) -> list[str]:
    """Kinds of problem of a walk over pages of (branch, entries, announced); it ends where visit says so."""
    walk = Walk("root")
    for number, (branch, listed, announced) in enumerate(pages):
        going = number + 1 < len(pages)
        if not walk.visit(branch, f"page {number}", listed, announced, goes_on=going, promised=True):
            break
    return [problem.kind for problem in walk.audit()]


def test_walks_tell_what_is_missing() -> None:
    assert walked(("root", entries(1, 2), 3), ("root", entries(3), 3)) == []
    assert walked(("root", entries(1, 2), None), ("root", entries(1, 2), None)) == ["listing_repeats"]
    assert walked(("root", entries(1, 2), None), ("root", entries(3), None), ("root", entries(2, 3), None)) == [
        "listing_repeats"
    ]
    assert walked(("root", entries(1, 2), 4), ("root", [], 4)) == ["listing_stub", "listing_short"]
    assert walked(("root", entries(1, 2), 4), ("root", entries(3, 4), 3)) == ["listing_shrinks"]
    assert walked(("root", [], None)) == ["listing_empty"]


def test_columns_of_a_listing_are_counted_apart() -> None:
    assert walked(("root", [], None), ("a", entries(1, 2), 2), ("b", entries(2, 3, 4), 3)) == []
    assert walked(("root", entries(1, 2), None), ("a", entries(1, 2), 2)) == []
    assert walked(("root", [], None), ("a", entries(1), None), ("b", [], None)) == ["listing_empty"]
    assert walked(("root", [], None), ("a", entries(1), 2), ("b", [], 0)) == ["listing_short"]


def test_an_endless_walk_ends() -> None:
    pages = [("root", entries(number), None) for number in range(MAX_PAGES + 5)]
    assert walked(*pages) == ["listing_endless"]
