"""Addresses as browsers make them: one function for links of listings and articles."""

from __future__ import annotations

import pytest
from scrapy.http import HtmlResponse

from archive.urls import browser_url
from pipelines.html.links import absolute
from spiders.platforms.anchors import anchors

BASE = "http://www.linhe.gov.cn/zwgk/nb/index.html"
LINKS = {
    "backslashes count as slashes": ("..\\doc\\p.html", "http://www.linhe.gov.cn/zwgk/doc/p.html"),
    "a backslash at the root": ("\\doc\\p.html", "http://www.linhe.gov.cn/doc/p.html"),
    "tabs and line breaks inside": ("/do\tc/\r\np.html", "http://www.linhe.gov.cn/doc/p.html"),
    "blanks around": (" \n/doc/p.html \t", "http://www.linhe.gov.cn/doc/p.html"),
    "an upper-case scheme and host": ("HTTP://WWW.LINHE.GOV.CN/doc/p.html", "http://www.linhe.gov.cn/doc/p.html"),
    "a blank inside": ("/年 报.html", "http://www.linhe.gov.cn/%E5%B9%B4%20%E6%8A%A5.html"),
    "what is encoded stays": ("/%E5%B9%B4.html?q=%C4%EA", "http://www.linhe.gov.cn/%E5%B9%B4.html?q=%C4%EA"),
    "no scheme": ("//zwgk.linhe.gov.cn/a", "http://zwgk.linhe.gov.cn/a"),
}


@pytest.mark.parametrize(("reference", "wanted"), LINKS.values(), ids=LINKS)
def test_a_link_is_resolved_as_a_browser_does(reference: str, wanted: str) -> None:
    assert browser_url(BASE, reference) == wanted


@pytest.mark.parametrize("charset", ["gb2312", "GBK", "gb18030"])
def test_the_query_is_in_the_charset_of_the_page_and_the_path_is_not(charset: str) -> None:
    wanted = "http://www.linhe.gov.cn/%E5%B9%B4?name=%C4%EA%B1%A8.docx"
    assert browser_url(BASE, "/年?name=年报.docx", charset) == wanted


def test_what_is_no_address_is_an_error_and_costs_no_other_link() -> None:
    with pytest.raises(ValueError, match="URL"):
        browser_url(BASE, "http://[/")
    assert absolute(BASE, "http://[/") is None
    page = HtmlResponse(BASE, body=b'<a href="http://[/">a</a><a href="p.html">b</a>', encoding="utf-8")
    assert [link.url for link in anchors(page)] == ["", "http://www.linhe.gov.cn/zwgk/nb/p.html"]


def test_the_links_of_a_gbk_listing_keep_its_charset_in_queries() -> None:
    body = '<meta charset="gb2312"><a href="/show.asp?name=年报">a</a><a href="\\doc\\年.html">b</a>'.encode("gb18030")
    page = HtmlResponse(BASE, body=body, headers={"Content-Type": "text/html"})
    assert [link.url for link in anchors(page)] == [
        "http://www.linhe.gov.cn/show.asp?name=%C4%EA%B1%A8",
        "http://www.linhe.gov.cn/doc/%E5%B9%B4.html",
    ]
