"""The article of a page: its paragraphs and nothing else, its documents, its further pages."""

from __future__ import annotations

import json

import pytest

from pipelines import read
from pipelines.beside import AtHand
from tests.articles import PROSE, TITLE, URL, html, metas, page, paragraphs, report

WHOLE = "\n".join(PROSE)
CONTAINERS = [
    '<div id="zoom">{}</div>',
    '<div class="content_article" id="zoomcon">{}</div>',
    "<div class=TRS_Editor>{}</div>",
    '<div class="view TRS_UEDITOR trs_paper_default">{}</div>',
    "<div id=cmsArticleContent><UCAPCONTENT>{}</UCAPCONTENT></div>",
    '<div class="article"><div class="TRS_Editor"><div class="TRS_Editor">{}</div></div></div>',
    '<font id="fontzoom"><div class="TRS_UEDITOR">{}</div></font>',
    '<div class="abc xyz"><div class="inner">{}</div></div>',
    "<div>{}</div>",
    '<table class="con"><tr><td class="content" id="zoom">{}</td></tr></table>',
    "<table><tr><td><table><tr><td>{}</td></tr></table></td></tr></table>",
    '<div id="printContent">{}</div>',
    '<div class="moe-page-set"><div id="downloadContent">{}</div></div>',
]


@pytest.mark.parametrize("container", CONTAINERS)
def test_the_article_is_found_in_known_and_unknown_containers(container: str) -> None:
    assert report(html(container.format(paragraphs(PROSE)))).text == WHOLE


@pytest.mark.parametrize(
    "copy",
    [
        f'<div class="mobile"><div class="TRS_Editor">{paragraphs(PROSE)}</div></div>',
        f'<div class="bbnr" style="display:none">{"".join(PROSE)}</div>',
        f"<div style='DISPLAY: none'><div id=zoom>{paragraphs(PROSE)}</div></div>",
    ],
)
@pytest.mark.parametrize("container", ["<div class=TRS_Editor>{}</div>", "<div>{}</div>"])
def test_a_page_that_holds_the_article_twice_gives_it_once(container: str, copy: str) -> None:
    assert report(html(container.format(paragraphs(PROSE)), below=copy)).text == WHOLE


def test_an_article_that_only_a_script_will_show_is_read_all_the_same() -> None:
    hidden = f'<div style="display:none"><div class="abc">{paragraphs(PROSE)}</div></div>'
    assert report(html(hidden)).text == WHOLE


def test_markup_that_is_no_text_leaves_none() -> None:
    noise = (
        "<style>.a{color:red}</style><script>var a='一';</script><noscript>请启用脚本</noscript><!-- 注释 -->"
        "<div class=share><a>微信</a><script>var 甲='一，二，三，四。'+'" + "啊" * 60 + "';</script></div>"
        '<div class="bdsharebuttonbox"><a>微信</a></div><p style="display:none">隐藏</p><p>&nbsp;</p><p><br></p>'
        "<p><span style='mso-hide:all;display:none'>域代码</span></p>"
    )
    assert report(html(f"<div id=zoom>{noise}{paragraphs(PROSE)}{noise}</div>")).text == WHOLE


def test_breaks_are_paragraphs_and_text_may_stand_in_the_container_itself() -> None:
    assert report(html(f"<div id=zoom>{'<br>　　'.join(PROSE)}</div>")).text == WHOLE
    assert report(html(f"<div id=zoom>{'<br/><br/>'.join(PROSE)}</div>")).text == WHOLE


def test_a_table_row_is_a_paragraph_and_its_cells_are_joined_by_a_blank() -> None:
    table = "<table><tr><td><p>行政</p><p>许可</p></td><td>1<br></td><td></td></tr><tr><th>处罚</th><td>2</td><td>3</td></tr></table>"
    assert report(html(f"<div id=zoom>{paragraphs(PROSE[:2])}{table}{paragraphs(PROSE[2:])}</div>")).text.split("\n")[
        2:4
    ] == ["行政许可 1", "处罚 2 3"]


@pytest.mark.parametrize("name", ["share-box", "attach-list", "print-area", "nav-content", "hide"])
def test_a_box_with_a_telling_name_stays_where_it_holds_paragraphs_or_a_large_table(name: str) -> None:
    rows = "".join(f"<tr><td>行{i}</td>{'<td>0</td>' * 9}</tr>" for i in range(5))
    boxes = f'<div class="{name}">{paragraphs(PROSE[:1])}</div><div class="{name}"><table>{rows}</table></div>'
    found = report(html(f"<div id=zoom>{boxes}{paragraphs(PROSE[1:])}</div>")).text.split("\n")
    assert found[0] == PROSE[0]
    assert found[1] == "行0 0 0 0 0 0 0 0 0 0"


def test_a_layout_table_is_no_table() -> None:
    inner = "<table><tr><td>甲</td><td>1</td></tr></table>"
    cell = f"<td>{paragraphs(PROSE)}{inner}</td>"
    assert report(html(f"<div id=zoom><table><tr>{cell}</tr></table></div>")).text == f"{WHOLE}\n甲 1"


TAILS = [
    "<p>打印本页 关闭窗口</p>",
    "<p>【打印】【关闭】</p>",
    "<p>责任编辑：张某</p>",
    "<p>扫一扫在手机打开当前页</p>",
    "<p>已归档</p>",
    "<p>上一篇：关于某事的通知</p><p>下一篇：无</p>",
    "<p>相关链接：</p><ul><li><a href='/a.html'>另一篇文章</a></li></ul>",
    "<p>您访问的链接即将离开本网站，是否继续？</p>",
]


@pytest.mark.parametrize("tail", TAILS)
def test_what_stands_below_an_article_is_not_of_it(tail: str) -> None:
    assert report(html(f"<div id=zoom>{paragraphs(PROSE)}{tail}</div>")).text == WHOLE


def test_cells_with_nothing_but_a_number_at_the_end_of_a_text_stay() -> None:
    text = "\n".join([*PROSE, "总计", "0"])
    assert read(page(text, content_type="text/plain")).text.endswith("总计\n0")


def test_title_date_and_source_within_the_container_are_not_text() -> None:
    head = f"<h1>{TITLE}</h1><p>发布时间：2021-01-18 10:26　来源：青溪区教育局　字体：【大 中 小】</p><p>浏览次数：12次</p>"
    found = report(html(f"<div id=zoom>{head}{paragraphs(PROSE)}</div>", info=""))
    assert (found.text, found.published, found.source) == (WHOLE, "2021-01-18 10:26", "青溪区教育局")


def test_an_article_within_the_configuration_of_a_page() -> None:
    detail = {
        "title": TITLE,
        "publisher": "安川市青溪区教育局",
        "identifier": "11440000MB000000XX/2021-00001",
        "content": paragraphs(PROSE),
    }
    written = json.dumps(detail).replace("<", "\\u003C").replace(">", "\\u003E")
    script = f"<script>window._CONFIG = {{ DEBUG: false, SID: '1', DETAIL: {written}, TREE: [] }};</script>"
    found = report(html('<div class="article-content"></div>', head=script))
    assert (found.text, found.title) == (WHOLE, TITLE)
    assert found.index_number == detail["identifier"]


def test_a_body_that_is_rendered_wins_over_the_configuration() -> None:
    script = f"<script>window._CONFIG = {{ DETAIL: {json.dumps({'content': '<p>' + '旧文。' * 30})} }};</script>"
    assert report(html(f'<div class="article-content">{paragraphs(PROSE)}</div>', head=script)).text == WHOLE


FILE = {"name": "年报附表.docx", "type": "doc", "url": "https://www.anchuan.example/attachment/0/71/71203/8.docx"}
FILES = [FILE, {"name": "填报说明.xls", "url": "/down?id=8"}, {"name": "二维码", "url": "/qr/8"}, {"id": 9}]


@pytest.mark.parametrize("listed", [FILES, json.dumps(FILES), {"0": FILES[0], "1": FILES[1]}])
@pytest.mark.parametrize("shown", ["", paragraphs(PROSE)])
def test_files_within_the_configuration_of_a_page_are_attachments(listed: object, shown: str) -> None:
    detail = json.dumps({"content": paragraphs(PROSE), "attachment": listed})
    script = f"<script>window._CONFIG = {{ DETAIL: {detail}, SERVICE_AREA_ID: 4 }};</script>"
    found = report(html(f'<div class="article-content">{shown}</div>', head=script))
    assert [(a.url.removeprefix(URL[: URL.index("/", 8)]), a.name) for a in found.attachments] == [
        (FILE["url"], "年报附表.docx"),
        ("/down?id=8", "填报说明.xls"),
    ]


@pytest.mark.parametrize("content", ["", "<p>见附件。</p>"])
def test_an_article_may_be_nothing_but_its_files(content: str) -> None:
    detail = json.dumps({"title": TITLE, "content": content, "attachment": FILES[:1]})
    found = report(html("", head=f"<script>window._CONFIG = {{ DETAIL: {detail} }};</script>", info=""))
    assert [a.url for a in found.attachments] == [FILE["url"]]


@pytest.mark.parametrize("listed", [None, "", "无", [], 7, [None], "{"])
def test_a_configuration_without_files_has_none(listed: object) -> None:
    detail = json.dumps({"content": paragraphs(PROSE), "attachment": listed})
    script = f"<script>window._CONFIG = {{ DETAIL: {detail} }};</script>"
    assert report(html("", head=script)).attachments == []


# --- documents -------------------------------------------------------------------------------------------------------

FOLDER = URL.rpartition("/")[0]


def urls(source: str) -> list[str]:
    return [a.url for a in report(source).attachments]


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ('<p>附件：1.<a href="./P0001.docx">表</a></p>', f"{FOLDER}/P0001.docx"),
        (
            '<p><a href="/module/download/downfile.jsp?classid=0&amp;filename=ab12">报告</a></p>',
            "http://www.qingxi.gov.cn/module/download/downfile.jsp?classid=0&filename=ab12",
        ),
        ('<p><a href="/web/viewer.html?file=/upload/P2.pdf">全真版</a></p>', "http://www.qingxi.gov.cn/upload/P2.pdf"),
        ('<iframe src="/web/viewer.html?file=%2Fupload%2FP3.pdf"></iframe>', "http://www.qingxi.gov.cn/upload/P3.pdf"),
        (
            '<a class="nfw-cms-attachment" href="https://file.example.gov.cn/attachment/1/2/3/4.xls">表</a>',
            "https://file.example.gov.cn/attachment/1/2/3/4.xls",
        ),
    ],
)
def test_documents_in_the_article(place: str, expected: str) -> None:
    found = report(html(f"<div id=zoom>{paragraphs(PROSE)}{place}</div>"))
    assert [a.url for a in found.attachments] == [expected]
    assert found.attachments[0].name


@pytest.mark.parametrize(
    "box",
    [
        '<div id="rel" class="rel_news">附件下载：<ul><li><a href="/a/1.pdf">报告</a></li></ul></div>',
        '<ul id="file_ul_fj"><li><a href="/a/1.pdf">报告</a></li></ul>',
        '<div style="display:none" id="fujian"><a href="/a/1.pdf">报告</a></div>',
        "<script>var hasFJ='<a href=\"/a/1.pdf\">报告</a><BR/>';FJarr=hasFJ.split('<BR/>');</script>",
        '<script>var fj = "<a href=\\"/a/1.pdf\\">报告</a>";</script>',
    ],
)
def test_documents_beside_the_article_and_in_scripts(box: str) -> None:
    assert urls(html(f"<div id=zoom>{paragraphs(PROSE)}</div>{box}")) == ["http://www.qingxi.gov.cn/a/1.pdf"]


def test_documents_of_menus_sidebars_and_footers_are_not_the_articles() -> None:
    above = '<div class="nav"><a href="/zhinan.pdf">指南</a></div>'
    below = '<div class="sidebar"><a href="/b.doc">范本</a></div><div class="footer"><a href="/c.xls">表</a></div>'
    assert urls(html(above=above, below=below)) == []


def test_lines_with_nothing_but_names_of_documents_are_no_text() -> None:
    files = '<p>附件：</p><p>1.<a href="a.docx">安川市报告.docx</a></p><p>2.<a href="a.pdf">安川市报告.pdf</a></p>'
    found = report(html(f"<div id=zoom>{paragraphs(PROSE)}{files}</div>"))
    assert found.text == WHOLE
    assert [a.name for a in found.attachments] == ["安川市报告.docx", "安川市报告.pdf"]


def test_pictures_of_a_report_are_documents_of_it_and_icons_are_not() -> None:
    pictures = (
        '<p><img src="./W01.png" alt="表三"></p><img src="/images/icon.png"><img src="data:image/png;base64,AAAA">'
    )
    found = report(html(f"<div id=zoom>{paragraphs(PROSE)}{pictures}</div>"))
    assert [(a.url, a.name, a.media_type) for a in found.attachments] == [(f"{FOLDER}/W01.png", "表三", "image/png")]
    assert report(html(f"<div id=zoom>{paragraphs(PROSE)}{pictures}</div>", title="青溪区召开会议")).attachments == []


# --- split articles --------------------------------------------------------------------------------------------------


def split(count: str, name: str = "t20210118_1001") -> str:
    definition = (
        "function createPageHTML(_nPageCount, _nCurrIndex, _sPageName, _sPageExt){ if(_nPageCount == null) return; }"
    )
    return html(head=f'<script>{definition}</script><script>createPageHTML({count}, 0, "{name}", "html");</script>')


def test_next_pages_come_from_the_call_and_not_from_the_definition() -> None:
    found = report(split("3"))
    assert found.next_page_urls == [f"{FOLDER}/t20210118_1001_1.html", f"{FOLDER}/t20210118_1001_2.html"]
    assert [p.kind for p in found.problems] == ["incomplete"]
    assert report(split("1")).next_page_urls == []
    assert report(split("3", name="index")).next_page_urls == []


def test_the_parts_of_a_split_article_are_joined() -> None:
    part = page(
        html(
            "<div id=zoom><p>第二页，接续前文，内容完整，数据准确，来源可靠，供社会公众查阅使用，欢迎监督指正。</p></div>"
        )
    )
    found = read(page(split("2")), AtHand(pages=[part]))
    assert found.text.startswith(WHOLE)
    assert found.text.endswith("欢迎监督指正。")
    assert [p.kind for p in found.problems] == ["incomplete_report"], "it has no tables"


def test_a_part_that_cannot_be_read_is_missing() -> None:
    found = read(page(split("2")), AtHand(pages=[page(b"")]))
    assert [p.kind for p in found.problems] == ["incomplete"]


def test_trafilatura_is_asked_where_no_structure_is_found() -> None:
    source = f"<html><body>{''.join(f'<a href=x>{text}</a><br>' for text in PROSE * 4)}</body></html>"
    assert "主动公开政府信息" in report(source, url="http://www.qingxi.gov.cn/a.html").text


def test_reading_changes_nothing_that_a_second_reading_would_see() -> None:
    source = page(html(head=metas(ArticleTitle=TITLE)))
    assert read(source) == read(source)
