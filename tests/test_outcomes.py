"""What answers mean, kind by kind. The bodies are our own, made as the documented ones are."""

from __future__ import annotations

import pytest

from crawler.demo import faults
from pipelines.outcomes import classify, is_above

SITE = "http://www.example.gov.cn"
URL = f"{SITE}/zwgk/nb/t20240101_1.html"
METAS = '<meta name="SiteName" content="某区人民政府"><meta name="ArticleTitle" content="年报">'
REPORT = "<h1>某街道2015年政府信息公开工作年度报告</h1><p>全年未收到申请。</p>"

BLOCKED = {
    "jsl first page, 521": (521, faults.jsl(521).body, "jsl"),
    "jsl first page, 512": (512, faults.jsl(512).body, "jsl"),
    "jsl first page, 200": (200, faults.jsl(200).body, "jsl"),
    "jsl second page": (
        200,
        '<script>go({"bts":["1","2"],"ct":"9b","ha":"md5","tn":"__jsl_clearance_s"})</script>',
        "jsl",
    ),
    "521 with nothing in it": (521, "", "status 521"),
    "acw_sc": (200, faults.acw().body, "acw_sc"),
    "瑞数 412": (412, faults.rs().body, "ruishu"),
    "瑞数 202": (202, faults.rs().body, "ruishu"),
    "瑞数 200": (200, faults.rs().body, "ruishu"),
    "403": (403, "<h1>No</h1>", "status 403"),
    "403 of a server": (403, faults.REPLACEMENTS["403"].body, "waf"),
    "405 of a firewall": (405, "<p>很抱歉，您的访问被阻断</p>", "waf"),
    "two bytes": (200, b"\r\n", "2-byte answer"),
    "no byte": (200, b"", "0-byte answer"),
    "firewall, GBK": (200, "<p>您的请求已被网站防火墙拦截</p>".encode("gb18030"), "waf"),
    "too many visits": (200, "<div>访问过于频繁，请稍后再试</div>", "waf"),
    "captcha": (200, "<p>请完成安全验证</p><div id=captcha></div>", "waf"),
    "yunsuo": (200, '<script>document.cookie="yunsuo_session_verify=1";self.location="/?s=3139"</script>', "waf"),
    "wzws": (200, '<script>document.cookie="wzws_cid=1";location.href="/WZWSRELw=="</script>', "waf"),
    "C3VK": (200, '<script>document.cookie="C3VK=2d8e; path=/";window.location.reload()</script>', "waf"),
    "a script that sets a cookie": (
        200,
        '<script>document.cookie="k="+f(1);location.reload()</script>',
        "cookie script",
    ),
    "a page for people with scripts": (200, "<noscript>请开启JavaScript并刷新该页</noscript>", "waf"),
}

MISSING = {
    "404": (404, faults.REPLACEMENTS["404"].body),
    "410": (410, ""),
    "refresh to the column": (200, faults.refresh_stub().body),
    "script to the home page": (200, '<script>self.location="/"</script>'),
    "page not found": (200, faults.REPLACEMENTS["gone"].body),
    "page not found, GBK": (200, "<p>您访问的页面不存在</p>".encode("gb18030")),
    "page not found, with style sheets": (200, f"<style>{'a{color:red}' * 300}</style><p>对不起，该文章已被删除。</p>"),
    "nothing found": (200, "<p>没有找到您要访问的页面</p>"),
    "link gone": (200, "<p>链接已失效</p>"),
    "in English": (200, "<h1>Not Found</h1><p>The requested URL was not found on this server.</p>"),
}


@pytest.mark.parametrize("case", BLOCKED)
def test_refusals(case: str) -> None:
    status, body, note = BLOCKED[case]
    found = classify(URL, status, "text/html", None, body.encode() if isinstance(body, str) else body)
    assert (found.outcome, found.note) == ("blocked", note)


@pytest.mark.parametrize("case", MISSING)
def test_pages_that_are_gone(case: str) -> None:
    status, body = MISSING[case]
    assert (
        classify(URL, status, "text/html", None, body.encode() if isinstance(body, str) else body).outcome == "missing"
    )


@pytest.mark.parametrize(
    "location",
    [
        "/",
        "/index.html",
        f"{SITE}/",
        "https://www.example.gov.cn",
        "./",
        "../",
        "/zwgk/nb/index.html",
        "/404.html",
        "/error/404.htm",
    ],
)
def test_redirects_to_what_is_above_are_pages_that_are_gone(location: str) -> None:
    assert classify(URL, 302, None, location, b"").outcome == "missing"


@pytest.mark.parametrize(
    ("status", "location", "body", "target"),
    [
        (301, f"https{URL[4:]}", "", f"https{URL[4:]}"),
        (302, "t20240201_2.html", "", f"{SITE}/zwgk/nb/t20240201_2.html"),
        (302, "http://hijacked.example/nb.html", "", "http://hijacked.example/nb.html"),
        (200, None, faults.moved("shell", f"{SITE}/a/t2.html").body, f"{SITE}/a/t2.html"),
        (200, None, faults.moved("refresh", "./t2.html").body, f"{SITE}/zwgk/nb/t2.html"),
        (200, None, '<script>top.location = "/a/t2.html"</script>正在跳转，请稍候', f"{SITE}/a/t2.html"),
        (200, None, "<script>window.location.assign('/a/t2.html')</script>", f"{SITE}/a/t2.html"),
        (200, None, "<meta http-equiv=Refresh content='0; URL=/a/t2.html'>", f"{SITE}/a/t2.html"),
    ],
)
def test_moves(status: int, location: str | None, body: bytes | str, target: str) -> None:
    found = classify(URL, status, "text/html", location, body.encode() if isinstance(body, str) else body)
    assert (found.outcome, found.redirect_url) == ("redirect", target)


@pytest.mark.parametrize(
    "body",
    [
        REPORT,
        f"<script>if(/iPhone|Android/.test(navigator.userAgent))location.href='{SITE}/mpost_1.html'</script>{REPORT}",
        f"<html><head>{METAS}</head><h1>关于加强网络安全防护工作的通知</h1><p>请落实。</p></html>",
        "<h1>关于网站安全防护的通知</h1><a href=/>首页</a><a href=/zwgk/>公开</a><a href=/hd/>互动</a>",
        "<p>您访问的页面不存在</p>" + "<p>政府信息公开工作年度报告正文。</p>" * 30,
        '<ul><li><a href="t1.html">2023年年报</a></li></ul><script>createPageHTML(1,0,"index","html");</script>',
        "<record><![CDATA[<li><a href='t1.html'>2023年年报</a></li>]]></record>",
        "<p>本网站安全防护良好。</p>" + "字" * 400,
    ],
)
def test_small_pages_that_are_what_they_are(body: str) -> None:
    assert classify(URL, 200, "text/html", None, body.encode()).outcome == "ok"
    assert classify(URL, 200, "text/html; charset=gbk", None, body.encode("gb18030")).outcome == "ok"


@pytest.mark.parametrize(
    ("content_type", "body"),
    [("application/json", b"[]"), ("application/json", b"{}"), ("text/plain", b"User-agent: *")],
)
def test_small_answers_that_are_no_pages(content_type: str, body: bytes) -> None:
    assert classify(f"{SITE}/api/all/1?page=9", 200, content_type, None, body).outcome == "ok"


def test_large_pages_are_not_searched() -> None:
    assert classify(URL, 200, "text/html", None, faults.acw().body + b" " * 70_000).outcome == "ok"
    assert classify(f"{SITE}/a.pdf", 200, "application/pdf", None, b"\r\n").outcome == "missing"


@pytest.mark.parametrize("status", [500, 502, 503, 504, 429, 408, 400, 206])
def test_what_only_says_that_we_were_not_told(status: int) -> None:
    assert classify(URL, status, "text/html", None, b"<h1>Busy</h1>").outcome == "error"
    assert classify(URL, 200, "text/html", None, b"<html>", truncated="truncated (x)").note == "truncated (x)"


def test_what_is_above() -> None:
    assert is_above(f"{SITE}/zwgk/", URL)
    assert not is_above(f"{SITE}/zwgk/?id=3", URL)
    assert not is_above(f"{SITE}/other/", URL)
    assert is_above("http://elsewhere.gov.cn/", URL)


FILLER = "<style>" + "div.box{margin:0 auto;width:1000px}\n" * 80 + "</style>"
MENU = "<ul>" + "".join(f"<li><a href='/c{n}/'>栏目{n}的名称</a></li>" for n in range(60)) + "</ul>"
FOOT = "<div>主办：某某区人民政府办公室 备案序号：粤备00000000号 网站标识码：4400000000</div>"
TEXT = "<p>全年共收到政府信息公开申请，均在法定期限内答复，无行政复议和行政诉讼。</p>" * 12
PHONE = "<script>if(screen.width<768){location.href='/m/t2.html'}</script>"


@pytest.mark.parametrize(
    ("inside", "target"),
    [
        ("<meta http-equiv='refresh' content='0;url=/a/t2.html'>", f"{SITE}/a/t2.html"),
        ("<meta content='3; URL=../b/t3.html' http-equiv=Refresh>", f"{SITE}/zwgk/b/t3.html"),
        ("<script>window.location.href='/a/t2.html';</script>", f"{SITE}/a/t2.html"),
        ("<script>setTimeout(\"location.replace('/a/t2.html')\", 2000)</script>", f"{SITE}/a/t2.html"),
        (PHONE + "<script>$(function(){top.location='/a/t2.html'})</script>", f"{SITE}/a/t2.html"),
    ],
)
def test_larger_pages_that_only_lead_elsewhere(inside: str, target: str) -> None:
    body = f"<html><head>{FILLER}{inside}</head><body>{MENU}{FOOT}</body></html>"
    found = classify(URL, 200, "text/html", None, body.encode())
    assert (found.outcome, found.redirect_url) == ("redirect", target)
    # a page with a text of its own is read, whatever it also does
    body = f"<html><head>{FILLER}{inside}</head><body>{MENU}{TEXT}{FOOT}</body></html>"
    assert classify(URL, 200, "text/html", None, body.encode()).outcome == "ok"


@pytest.mark.parametrize(
    "inside",
    [
        PHONE,
        "<script>if(/Mobile/.test(navigator.userAgent)){location.href='/m/t2.html'}</script>",
        "<script>navigator.platform=='iPhone' && (location.href='/m/t2.html')</script>",
        "<script>top==self ? 0 : location.href='/a/t2.html'</script>",
        "<script>function home(){location.href='/'}</script><a onclick='home()'>首页</a>",
        "<script>document.getElementById('b').onclick=function(){location.href='/'}</script>",
        "<a href='#' onclick=\"location.href='/'\">返回</a>",
        "<noscript><meta http-equiv='refresh' content='0;url=/noscript.html'></noscript>",
        "<!-- <meta http-equiv='refresh' content='0;url=/old.html'> -->",
        "<meta http-equiv='refresh' content='600;url=/index.html'>",
        "<meta http-equiv='refresh' content='30'>",
        f"<meta http-equiv='refresh' content='30;url={URL}'>",
        "<script>var back='/a/t2.html'; var here=location.href;</script>",
    ],
)
def test_pages_that_lead_elsewhere_only_sometimes(inside: str) -> None:
    """The report is a picture, so that the page has no text of its own."""
    body = f"<html><head>{FILLER}</head><body>{inside}{MENU}<img src='/t3.png'>{FOOT}</body></html>"
    assert classify(URL, 200, "text/html", None, body.encode()).outcome == "ok"


def test_a_larger_page_that_leads_home_is_gone() -> None:
    body = f"<html><head>{FILLER}<script>location.href='/'</script></head><body>{MENU}{FOOT}</body></html>"
    assert classify(URL, 200, "text/html", None, body.encode()).outcome == "missing"
