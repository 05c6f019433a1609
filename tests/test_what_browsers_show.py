"""Kinds of pages that a browser shows whole and a reader may miss: a test for each kind, with inputs of several shapes.

The cases from which the kinds come are read in place by tests/test_cases.py.
"""

from __future__ import annotations

import base64
import html as markup
import json

import pytest

from pipelines import read
from pipelines.beside import AtHand
from pipelines.metadata.titles import names_body
from spiders.platforms.listing import decoded
from tests.articles import BODY, PROSE, TITLE, URL, html, metas, page, paragraphs, report

HOST = "http://www.qingxi.gov.cn"
WHOLE = "\n".join(PROSE)
TEXT = paragraphs(PROSE)
LONG = [
    *PROSE[:3],
    *(f"（{n}）第{n}项工作按时完成，责任到人，记录完整，公众可以随时查阅。" for n in "一二三四五六七八"),
    *PROSE[3:],
]


# --- titles ----------------------------------------------------------------------------------------------------------

FRAMES = {
    "the body's name in a heading above": ("<h1>青溪区教育局</h1>", f"{TITLE}_青溪区教育局"),
    "the column's name in a heading above": ("<h2>法定主动公开内容</h2>", f"{TITLE}_法定主动公开内容_青溪区人民政府"),
    "the site's name first in the browser title": ("<h2>信息公开年报</h2>", f"青溪区人民政府门户网站 - {TITLE}"),
    "the site first, behind two dashes": ("<h2>青溪区教育局</h2>", f"青溪区教育局--{TITLE}"),
    "the path to the page": (f"<h3>当前位置：首页 &gt; 年报 &gt; {TITLE}</h3>", "青溪区教育局"),
    "a column titled like a report": (f"<h2>{BODY}政府信息公开年报</h2>", f"{BODY}政府信息公开年报"),
}


@pytest.mark.parametrize("kind", FRAMES)
def test_the_name_of_a_site_a_column_or_a_body_is_no_title(kind: str) -> None:
    above, browser_title = FRAMES[kind]
    source = html(above=above).replace(f"<title>{TITLE}_青溪区人民政府</title>", f"<title>{browser_title}</title>")
    assert report(source.replace("<h1>安川", "<h3 class=t>安川").replace("告</h1>", "告</h3>")).title == TITLE


def test_a_bare_heading_gives_way_to_the_title_that_stands_over_the_text() -> None:
    article = f"<div id=zoom><p align=center><b>{TITLE}</b></p>{TEXT}</div>"
    assert report(html(article, title="2020年年报")).title == TITLE


def test_lines_of_preformatted_text_stay_apart() -> None:
    assert report(html("<pre>" + "\n".join(LONG) + "</pre>")).text == "\n".join(LONG)


@pytest.mark.parametrize("stated", ["青溪区教育局", "政府信息公开年报", "青溪区人民政府网"])
def test_metas_that_name_the_frame_give_way_to_a_heading(stated: str) -> None:
    assert report(html(head=metas(ArticleTitle=stated))).title == TITLE


def test_the_name_of_the_frame_is_the_title_where_nothing_else_is() -> None:
    found = report(html(title="青溪区教育局").replace("_青溪区人民政府</title>", "</title>"))
    assert (found.title, names_body("青溪区教育局召开会议")) == ("青溪区教育局", False)


# --- index tables ----------------------------------------------------------------------------------------------------

INDEX = {
    "label and value by turns": (
        "<table><tr><td>发布日期</td><td>2021-01-18</td><td>文　号</td><td>青教〔2021〕2号</td></tr>"
        "<tr><td>索 引 号</td><td>Q00100-2021-0003</td><td>发布机构</td><td>青溪区教育局</td></tr></table>"
    ),
    "labels above values": (
        "<table><tr><th>索引号</th><th>发文字号</th><th>发布机构</th><th>公开日期</th></tr>"
        "<tr><td>Q00100-2021-0003</td><td>青教〔2021〕2号</td><td>青溪区教育局</td><td>2021-01-18</td></tr></table>"
    ),
    "a list": (
        "<ul><li><b>索引号</b><span>Q00100-2021-0003</span></li><li><b>文 号：</b>青教〔2021〕2号</li>"
        "<li><b>发布机构：</b>青溪区教育局</li><li><b>发布日期：</b>2021年1月18日</li></ul>"
    ),
    "definitions": (
        "<dl><dt>索引号</dt><dd>Q00100-2021-0003</dd><dt>文号</dt><dd>青教〔2021〕2号</dd><dt>发文机关</dt><dd>青溪区教育局</dd>"
        "<dt>公布日期</dt><dd>2021-01-18</dd><dt>成文日期</dt><dd>2021-01-05</dd></dl>"
    ),
}


@pytest.mark.parametrize("place", ["above", "in an outer container", "in the article"])
@pytest.mark.parametrize("kind", INDEX)
def test_index_tables_are_read_and_are_no_text(kind: str, place: str) -> None:
    table, heading = INDEX[kind], f"<h1>{TITLE}</h1>"
    article = {
        "above": f'{table}{heading}<div class="TRS_Editor">{TEXT}</div>',
        "in an outer container": f'<div class="xxgk_con">{table}{heading}<div class="TRS_Editor">{TEXT}</div></div>',
        "in the article": f'<div id="zoom">{table}{heading}{TEXT}</div>',
    }[place]
    found = report(html(article, info="").replace(f"<h1>{TITLE}</h1>", "", 1))
    assert (found.text, found.title, found.published) == (WHOLE, TITLE, "2021-01-18")
    assert (found.index_number, found.document_number) == ("Q00100-2021-0003", "青教〔2021〕2号")
    assert found.source == "青溪区教育局"


# --- the box of the article ------------------------------------------------------------------------------------------

BOXES = {
    "the first paragraph in a box above": f'<div class="lead"><p>{PROSE[0]}</p></div><div class="TRS_Editor">{paragraphs(PROSE[1:])}</div>',
    "the first paragraph beside an unknown box": f'<p>{PROSE[0]}</p><div class="abc">{paragraphs(LONG[1:])}</div>',
    "the last section in a box below": f'<div id="zoom">{paragraphs(PROSE[:3])}</div><div class="more">{paragraphs(PROSE[3:])}<p>感谢社会各界对政府信息公开工作的关心。</p></div>',
    "a container in a container in a container": f'<div class="article-content"><div id="zoom"><div class="TRS_Editor">{TEXT}</div></div></div>',
}


@pytest.mark.parametrize("kind", BOXES)
def test_the_whole_article_is_read_wherever_its_boxes_are(kind: str) -> None:
    text = report(html(BOXES[kind])).text.split("\n")
    wanted = LONG if "unknown" in kind else PROSE
    assert [line for line in text if "感谢" not in line] == wanted


OTHERS = [
    "<h3>广西要闻</h3><ul><li><a href='/a/1.html'>甲县召开工作会议</a>2021-01-02</li><li><a href='/a/2.html'>乙县建成图书馆</a>2021-01-03</li>"
    "<li><a href='/a/3.html'>丙县通车</a>2021-01-04</li></ul>",
    "<p>推荐</p><p><a href='/b/1.html'>甲乡丰收</a></p><p><a href='/b/2.html'>乙乡植树</a></p><p><a href='/b/3.html'>丙乡修路</a> 01-05</p><p><a href='/b/4.html'>丁乡办学</a></p>",
]


@pytest.mark.parametrize("others", OTHERS)
def test_a_list_of_other_articles_is_no_text(others: str) -> None:
    assert report(html(f"<div id=zoom>{paragraphs(LONG)}{others}</div>")).text == "\n".join(LONG)


PICTURE = '<p><img src="/upload/2021/report.jpg" width="800"></p>'
FOOTERS = [
    '<div class="bottom">主办：青溪区人民政府，承办：青溪区政务服务中心，技术支持：某公司，电话：0000-0000000，地址：青溪路1号。</div>',
    "<div><p>版权所有：青溪区人民政府；网站标识码：0000000000；建议使用新版浏览器，分辨率1024以上，以获得最佳效果。</p></div>",
]


@pytest.mark.parametrize(
    "container", ['<div id="zoom">{}</div>', "<div>{}</div>", '<div class="abc"><center>{}</center></div>']
)
@pytest.mark.parametrize("footer", FOOTERS)
def test_an_article_that_is_a_picture_has_no_text(footer: str, container: str) -> None:
    found = report(html(container.format(PICTURE), below=footer))
    assert (found.text, found.is_report) == ("", True)
    assert [a.url for a in found.attachments] == ["http://www.qingxi.gov.cn/upload/2021/report.jpg"]


# --- what browsers forgive -------------------------------------------------------------------------------------------

FORGIVEN = {
    "the ends of body and html before the text": html().replace('<div id="zoom">', '</body>\n</HTML><div id="zoom">'),
    "the ends within a table": html(f'<table><tr><td class="zoom"></body></html>{TEXT}</td></tr></table>'),
    "two bodies": html().replace('<div id="zoom">', '</body><body class="b"><div id="zoom">'),
    "stray end tags": html(f'<div id="zoom"></td></span></p>{TEXT.replace("</p>", "</p></font></center>", 1)}</div></div></td>'),
    "nested forms": html(f'<form><form action="a"><div id="zoom">{TEXT}</form></div></form>'),
    "a charset after the text": html(head="").replace("</div></body>", '</div><meta charset="gbk"></body>').encode("gb18030"),
}  # fmt: skip


@pytest.mark.parametrize("kind", FORGIVEN)
def test_what_browsers_forgive(kind: str) -> None:
    assert report(FORGIVEN[kind], content_type="text/html").text == WHOLE


def test_rows_of_a_listing_behind_an_early_end_are_seen() -> None:
    from scrapy.http import HtmlResponse, TextResponse

    source = "<html><body><div>年报</div></body></html><ul><li><a href='a.html'>甲</a></li></ul>"
    response = decoded(HtmlResponse(URL, body=source.encode(), encoding="utf-8"))
    assert isinstance(response, TextResponse)
    assert response.css("li a::text").getall() == ["甲"]


# --- what scripts carry ----------------------------------------------------------------------------------------------

LONG_TEXT = paragraphs(LONG)
ESCAPED = "".join(f"%u{ord(c):04x}" if ord(c) > 127 else f"%{ord(c):02x}" for c in LONG_TEXT)
AS_JSON = json.dumps(LONG_TEXT).replace("/", "\\/")
CARRIED = {
    "document.write": f"<div id=zoom><script>document.write({json.dumps(LONG_TEXT, ensure_ascii=False)})</script></div>",
    "document.write of a sum": "<div id=zoom><script>"
    + f"document.writeln({' + '.join(repr(f'<p>{text}</p>') for text in LONG)});</script></div>",
    "several calls": "<div id=zoom><script>" + "".join(f'document.write("<p>{text}</p>");\n' for text in LONG) + "</script></div>",
    "a textarea": f'<div id=zoom></div><textarea id=c hidden>{markup.escape(LONG_TEXT)}</textarea><script>zoom.innerHTML=$("#c").val()</script>',
    "a hidden field": f'<div id=zoom></div><input type="hidden" id="txt" value="{markup.escape(LONG_TEXT)}">',
    "a template": f'<div id=zoom></div><script type="text/html" id="t">{LONG_TEXT}</script>',
    "__NUXT__": f'<div id="__nuxt"></div><script>window.__NUXT__=(function(a,b){{return {{data:[{{title:"{TITLE}",content:{AS_JSON},hits:a}}]}}}}(1,null))</script>',
    "__INITIAL_STATE__": f'<div id=app></div><script>window.__INITIAL_STATE__ = {{"detail": {{"content": {AS_JSON}}}}};</script>',
    "a detail": f"<div class='article-content'></div><script>window.detail = {{ id: 7, // 'x'\n content: {AS_JSON} }}; show(detail)</script>",
    "JSON in a string": f"<div id=app></div><script>var d = JSON.parse({json.dumps(json.dumps({'body': LONG_TEXT}))});</script>",
    "additions": "<div id=zoom></div><script>var h = '';\n" + "".join(f"h += '<p>{text}</p>';\n" for text in LONG) + "zoom.innerHTML = h;</script>",
    "an attribute": f"<div id=zoom data-content='{markup.escape(LONG_TEXT)}'></div><script>zoom.innerHTML = zoom.dataset.content</script>",
    "an attribute of a component": f"<div id=app><one-article :detail='{markup.escape(json.dumps({'body': LONG_TEXT}))}'></one-article></div>",
    "escaped for unescape()": f"<div id=zoom></div><script>zoom.innerHTML = unescape('{ESCAPED}')</script>",
    "base64": f"<div id=zoom></div><script>$('#zoom').html(utf8(atob('{base64.b64encode(LONG_TEXT.encode()).decode()}')))</script>",
    "a list that is joined": f"<div id=zoom></div><script>$('#zoom').html([{', '.join(repr(f'<p>{text}</p>') for text in LONG)}].join(''))</script>",
    "lines of text in JSON": f"<div id=app></div><script>window.__INITIAL_STATE__ = {json.dumps({'body': chr(10).join(LONG)})};</script>",
    "an island of XML": f"<div id=zoom></div><script type='text/xml'><doc><![CDATA[{LONG_TEXT}]]></doc></script>",
}  # fmt: skip


@pytest.mark.parametrize("kind", CARRIED)
def test_a_text_that_a_script_carries_whole_is_read(kind: str) -> None:
    found = report(html(CARRIED[kind]))
    assert found.text == "\n".join(LONG)
    assert not any("<" in line for line in found.text.split("\n"))


NOT_WHOLE = {
    "a program that asks for everything": f"<html><head><title>{TITLE}</title></head><body><div id=app></div><script src=/js/app.js></script></body></html>",
    "data with two texts": f"<div id=app></div><script>window.__INITIAL_STATE__={{a:{AS_JSON},b:{json.dumps(LONG_TEXT.replace('查阅', '了解'))}}}</script>",
    "a sum with a variable": f"<div id=zoom><script>document.write('<p>' + text + '</p>{LONG_TEXT}')</script></div>",
    "a request": '<div id="zoom"></div><script>$.get("/api/7", function (d) { $("#zoom").html(d.content); });</script>',
    "two texts": f"<div id=zoom></div><script>var a={AS_JSON};var b={json.dumps(LONG_TEXT.replace('查阅', '了解'))};document.getElementById('zoom').innerHTML=f(a,b)</script>",
}  # fmt: skip


@pytest.mark.parametrize("kind", NOT_WHOLE)
def test_a_text_that_is_not_whole_is_a_problem_of_a_report(kind: str) -> None:
    source = NOT_WHOLE[kind]
    found = report(source if source.startswith("<html") else html(source))
    assert (found.is_report, found.text) == (True, "")
    assert [p.message for p in found.problems if p.kind == "no_text"] == [
        "a script writes the text, which the page does not hold as a whole"
    ]


# --- frames ----------------------------------------------------------------------------------------------------------


FRAMED = {
    "an iframe": html('<div id="zoom"><iframe src="/inner/7.html" width="100%" height="900"></iframe></div>'),
    "a frameset": f'<html><head><title>{TITLE}</title></head><frameset rows="*"><frame src="/inner/7.html"></frameset></html>',
    "a frame beside the article's box": html('<div class="abc"></div><iframe src="../../../inner/7.html"></iframe>'),
}


@pytest.mark.parametrize("kind", FRAMED)
def test_the_article_in_a_frame_of_the_same_host_is_the_pages(kind: str) -> None:
    outer = page(FRAMED[kind])
    link = '<p>附件：<a href="nb.docx">年报</a></p>'
    inner = page(f"<html><body><div id=zoom>{LONG_TEXT}{link}</div></body></html>", url=f"{HOST}/inner/7.html")
    found = read(outer, AtHand(pages=[inner]))
    assert (found.url, found.title, found.text) == (URL, TITLE, "\n".join(LONG))
    assert [a.url for a in found.attachments] == [f"{HOST}/inner/nb.docx"]
    alone = read(outer)
    assert alone.next_page_urls == [f"{HOST}/inner/7.html"]
    assert alone.is_report
    assert [(p.state, p.url, p.cause) for p in alone.parts if p.part in ("text", "next_page")] == [
        ("unread", f"{HOST}/inner/7.html", "not captured")
    ] * 2
    assert "the article stands in a frame that is not captured" in alone.problems[-1].message


HEAD = page('<body><img src="/s/banner.jpg"><a href="/">首页</a></body>', url=f"{HOST}/top.htm")
SIDE = page(
    "<ul>" + "".join(f'<li><a href="/c/{n}.htm">公开目录第{n}类</a></li>' for n in range(12)) + "</ul>",
    url=f"{HOST}/menu.htm",
)
MAIN = page(f"<html><body><div>{LONG_TEXT}</div></body></html>", url=f"{HOST}/nb/2020.htm")
SETS = [
    '<frameset rows="*,*"><frame src="/top.htm"><frameset cols="*,*"><frame src="/menu.htm"><frame src="/nb/2020.htm"></frameset></frameset>',
    '<body><iframe src="/menu.htm"></iframe><div><iframe src="/nb/2020.htm" width="100%"></iframe></div><iframe src="/top.htm"></iframe></body>',
    '<body><table><tr><td><iframe src="/top.htm"></iframe></td><td><iframe src="../../../nb/2020.htm"></iframe></td></tr></table></body>',
]  # fmt: skip


@pytest.mark.parametrize("frames", SETS)
def test_of_several_frames_the_one_that_holds_the_article_is_read(frames: str) -> None:
    outer = page(f"<html><head><title>{TITLE}</title></head>{frames}</html>")
    found = read(outer, AtHand(pages=[HEAD, SIDE, MAIN]))
    assert (found.title, found.text, found.url) == (TITLE, "\n".join(LONG), URL)
    assert [(p.state, p.url) for p in found.parts if p.part == "text"] == [("elsewhere", f"{HOST}/nb/2020.htm")]
    without = read(outer, AtHand(pages=[HEAD, SIDE]))
    assert (without.is_report, without.text) == (True, "")
    assert {p.url for p in without.parts if p.part == "next_page"} >= {f"{HOST}/nb/2020.htm"}


def test_of_several_frames_none_is_read_where_none_or_two_hold_an_article() -> None:
    other = page(f"<html><body><div>{paragraphs(LONG[::-1])}</div></body></html>", url=f"{HOST}/menu.htm")
    outer = page(f"<html><head><title>{TITLE}</title></head>{SETS[0]}</html>")
    for pages in ([HEAD, other, MAIN], [HEAD, SIDE, page("<p>公开</p>", url=f"{HOST}/nb/2020.htm")]):
        found = read(outer, AtHand(pages=pages))
        (part,) = [p for p in found.parts if p.part == "text"]
        assert (found.text, part.state) == ("", "unread")
        assert "none of its frames alone holds an article" in part.cause
        assert f"{HOST}/nb/2020.htm" in part.cause
        assert "no_text" in [p.kind for p in found.problems]


def test_a_notice_in_a_frame_is_no_article() -> None:
    outer = page(f"<html><head><title>{TITLE}</title></head><body><iframe src='/nb/2020.htm'></iframe></body></html>")
    gone = page("<html><body><p>系统维护中，请稍后访问。</p></body></html>", url=f"{HOST}/nb/2020.htm")
    found = read(outer, AtHand(pages=[gone]))
    assert [(p.state, p.cause) for p in found.parts if p.part == "next_page"] == [("unread", "not captured")]


@pytest.mark.parametrize(
    "frame",
    [
        'src="http://other.gov.cn/a.html"',
        'src="/count.html" width="1" height="1"',
        'src="/f/nb.pdf"',
        'src="about:blank"',
        'src="/a.html" style="display:none"',
    ],
)
def test_other_frames_hold_no_article(frame: str) -> None:
    assert read(page(html(f'<div id="zoom"><iframe {frame}></iframe></div>'))).next_page_urls == []
    assert read(page(html(f'<div id="zoom">{LONG_TEXT}<iframe src="/a.html"></iframe></div>'))).next_page_urls == []


# --- pictures --------------------------------------------------------------------------------------------------------

FOLDER = URL.rpartition("/")[0]
PICTURES = {
    '<img src="/images/2021/table3.png">': [f"{HOST}/images/2021/table3.png"],
    '<img src="./W02.gif">': [f"{FOLDER}/W02.gif"],
    '<img src="/js/loading.gif" data-original="/u/3.jpg">': [f"{HOST}/u/3.jpg"],
    '<img data-lazy-src="3.png">': [f"{FOLDER}/3.png"],
    '<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=" data-src="/u/表三.png">': [
        f"{HOST}/u/%E8%A1%A8%E4%B8%89.png"
    ],
    '<img oldsrc="W03.jpg">': [f"{FOLDER}/W03.jpg"],
    '<img src="/u/W03.jpg" oldsrc="W03.jpg">': [f"{HOST}/u/W03.jpg"],
    '<img srcset="/u/s.png 480w, /u/l.png 960w">': [f"{HOST}/u/l.png"],
    '<picture><source srcset="/u/t.webp"><img alt="t"></picture>': [f"{HOST}/u/t.webp"],
    '<img src="\\u\\t3.png">': [f"{HOST}/u/t3.png"],
    '<a href="/u/t3.jpg">统计表（图片）</a>': [f"{HOST}/u/t3.jpg"],
    '<img src="/u/dot.png" width=20 height=20>': [],
    '<img src="/u/x.png" style="width:16px;height:16px">': [],
    '<img src="/ueditor/dialogs/attachment/fileTypeImages/icon_pdf.gif">': [],
    '<img src="/images/pdf.gif"><img src="/images/qrcode_7.png"><img src="/images/site-logo.png"><img src="/s/arrow.svg">': [],
}


@pytest.mark.parametrize("image", PICTURES)
def test_pictures_are_where_a_browser_finds_them(image: str) -> None:
    found = report(html(f"<div id=zoom>{TEXT}<p>{image}</p></div>"))
    assert [a.url for a in found.attachments] == PICTURES[image]


@pytest.mark.parametrize(
    "image",
    [
        '<img src="data:image/png;base64,iVBORw0KGgo=" width="640" height=400>',
        f'<img src="data:image/jpeg;base64,{"A" * 6000}">',
    ],
)
def test_a_picture_that_is_part_of_the_page_is_a_problem(image: str) -> None:
    messages = [p.message for p in report(html(f"<div id=zoom>{TEXT}{image}</div>")).problems]
    assert any("pictures that are part of the page and have no address: 1" in message for message in messages)
    icon = '<img src="data:image/png;base64,iVBORw0KGgo=" width="16">'
    messages = [p.message for p in report(html(f"<div id=zoom>{TEXT}{icon}</div>")).problems]
    assert not any("pictures that are part" in message for message in messages)


# --- documents -------------------------------------------------------------------------------------------------------

DOCUMENTS = {
    """<a href="#" onclick="down('/f/2021/', 'nb.docx')">年报</a>""": f"{HOST}/f/2021/nb.docx",
    '<a href=" /f/nb.docx&#10;">年报</a>': f"{HOST}/f/nb.docx",
    '<a href="/down.jsp?file=/f/nb.xls">年报</a>': f"{HOST}/down.jsp?file=/f/nb.xls",
    '<a href="/d.aspx?fn=nb.wps&amp;t=1">年报</a>': f"{HOST}/d.aspx?fn=nb.wps&t=1",
    '<a href="/servlet/get?path=%2Ff%2Fnb.pdf">年报</a>': f"{HOST}/servlet/get?path=%2Ff%2Fnb.pdf",
    """<a href="#" onclick="openFile('年报','/f/nb.doc');return false">年报</a>""": f"{HOST}/f/nb.doc",
    """<a href="javascript:downFile('./nb.zip')">年报</a>""": f"{FOLDER}/nb.zip",
    """<span onclick='window.open("\\\\f\\\\nb.PDF")'>年报</span>""": f"{HOST}/f/nb.PDF",
    """<button onclick="location.href='/f/nb.ofd'">年报</button>""": f"{HOST}/f/nb.ofd",
    '<a href="/attach/8812">年报.docx</a>': f"{HOST}/attach/8812",
    '<a href="/attach/8813" download>年报</a>': f"{HOST}/attach/8813",
    '<a href="/f/NB.DOCX?t=1">年报</a>': f"{HOST}/f/NB.DOCX?t=1",
    '<iframe src="/pdfjs/web/viewer.html?file=%2Ff%2Fnb.pdf#page=1"></iframe>': f"{HOST}/f/nb.pdf",
    '<iframe data-src="/f/nb.pdf"></iframe>': f"{HOST}/f/nb.pdf",
    '<embed src="/f/nb.pdf#toolbar=0">': f"{HOST}/f/nb.pdf#toolbar=0",
    '<object data="/f/nb.pdf" type="application/pdf"></object>': f"{HOST}/f/nb.pdf",
    '<object><param name="SRC" value="/f/nb.ofd"></object>': f"{HOST}/f/nb.ofd",
    '<a href="https://view.officeapps.live.com/op/view.aspx?src=http%3A%2F%2Fwww.qingxi.gov.cn%2Ff%2Fnb.xlsx">年报</a>': f"{HOST}/f/nb.xlsx",
}  # fmt: skip


@pytest.mark.parametrize("link", DOCUMENTS)
def test_documents_are_where_a_browser_finds_them(link: str) -> None:
    found = report(html(f"<div id=zoom>{TEXT}<p>附件：{link}</p></div>"))
    assert [a.url for a in found.attachments] == [DOCUMENTS[link]]


LINKED = {
    "beside a heading": "<h1>{title}</h1><p><a href='/f/nb.pdf'>附件</a></p>",
    "in a box of no known name": "<div><h2>{title}</h2><div class=abc><a href='/f/nb.pdf'>{title}</a></div></div>",
    "below a title that is no heading": "<div class=tt>{title}</div><div class=abc>年报见附件。<a href='/f/nb.pdf'>下载</a></div>",
}


@pytest.mark.parametrize("kind", LINKED)
def test_a_page_that_only_links_its_document_is_a_report(kind: str) -> None:
    foot = '<div class="footer"><a href="/help/a.pdf">使用手册</a></div>'
    found = report(f"<title>{TITLE}</title>{LINKED[kind].format(title=TITLE)}{foot}")
    assert (found.is_report, [a.url for a in found.attachments]) == (True, [f"{HOST}/f/nb.pdf"])
    assert not report(f"<title>{TITLE}</title><div class=tt>{TITLE}</div>{foot}").is_report


def test_a_page_that_is_nothing_but_a_viewer_names_its_document_in_a_script() -> None:
    script = '<script>PDFObject.embed("\\/f\\/nb.pdf", "#zoom"); var css = "/a.css";</script>'
    found = report(html(f'<div id="zoom"></div>{script}'))
    assert [a.url for a in found.attachments] == [f"{HOST}/f/nb.pdf"]


@pytest.mark.parametrize("link", ["javascript:void(0)", "t1.html", "#top", "/list?page=2", "mailto:a@b.cn"])
def test_other_links_are_no_documents(link: str) -> None:
    assert report(html(f'<div id=zoom>{TEXT}<a href="{link}">下一篇</a></div>')).attachments == []
