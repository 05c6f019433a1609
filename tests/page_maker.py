"""Pages of any make: one report's truth in a frame, a container, an index table, an encoding … drawn at random.

Every choice is named, so that what is read can be counted by kind. `made(seed)` gives a page and its truth; `judged` says
whether a reading equals the truth, is told as doubtful, or is wrong.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html import escape
from urllib.parse import quote

from archive.model import Page, Report, Statistic
from archive.vocabulary import Origin
from crawler.demo.markup import STYLES
from crawler.demo.reports import OFFICES, Synthetic
from pipelines import read
from pipelines.html.paragraphs import paragraphs_of, remove_unseen
from pipelines.html.parsing import parse_html

HOST = "http://www.qingxi.gov.cn"
Draw = random.Random


@dataclass(slots=True)
class Made:
    """A page, what must be read of it, and what it is made of: dimension → kind."""

    page: Page
    truth: Truth
    kinds: dict[str, str]


@dataclass(slots=True)
class Truth:
    """What a reader must find."""

    title: str
    published: str
    source: str | None
    index_number: str | None
    document_number: str | None
    paragraphs: list[str]
    statistics: list[Statistic]
    attachments: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Parts:
    """The pieces of a page while it is put together."""

    draw: Draw
    report: Synthetic
    kinds: dict[str, str] = field(default_factory=dict)
    head: str = ""
    above: str = ""
    heading: str = ""
    info: str = ""
    index: str = ""
    article: str = ""
    below: str = ""
    attachments: list[str] = field(default_factory=list)

    def choose(self, dimension: str, kinds: Mapping[str, Callable[[Parts], str]] | list[str]) -> str:
        """Draw a kind of a dimension and note it; of functions the result."""
        name = self.draw.choice(list(kinds))
        self.kinds[dimension] = name
        return kinds[name](self) if isinstance(kinds, Mapping) else name


# --- the frame -------------------------------------------------------------------------------------------------------

NAV = '<div class="nav"><a href="/">首页</a><a href="/zwgk/">政务公开</a><a href="/hd/">互动交流</a></div>'
CRUMB = '<div class="crumb">当前位置：<a href="/">首页</a> &gt; <a href="/zwgk/">政务公开</a> &gt; <a href="/nb/">年报</a></div>'
FOOT = "主办：青溪区人民政府办公室　承办：青溪区政务服务中心　网站标识码：0000000000　某ICP备00000000号"
NEWS = "".join(
    f"<li><a href='/xw/{n}.html'>{text}</a><span>2020-01-0{n}</span></li>"
    for n, text in enumerate(
        ("我区召开经济工作会议", "青溪大桥建成通车，两岸居民往来更便利", "区图书馆新馆开放，每周二闭馆"), 1
    )
)

FRAMES: dict[str, str] = {
    "plain": f'{NAV}{CRUMB}<div class="main">{{}}</div><div class="footer">{FOOT}</div>',
    "side column": f'{NAV}<div class="w"><div class="side"><h3>热点新闻</h3><ul>{NEWS}</ul></div><div class="right">{{}}</div></div><div class="foot">{FOOT}</div>',
    "side column after": f'<header>{NAV}</header><div class="w"><div class="left">{{}}</div><div class="r2"><h3>要闻</h3><ul>{NEWS}</ul></div></div><footer>{FOOT}</footer>',
    "layout table": f'<table width="1000"><tr><td colspan="2">{NAV}</td></tr><tr><td width="200"><ul>{NEWS}</ul></td><td>{{}}</td></tr></table><table><tr><td>{FOOT}</td></tr></table>',
    "form around all": f'<form id="aspnetForm" action="./x.aspx"><input type="hidden" name="__VIEWSTATE" value="/wEPDwUJ{"a1B2" * 120}">{NAV}<div class="c">{{}}</div><div id="bottom">{FOOT}</div></form>',
    "no frame": "{}",
    "unknown footer": f'<div class="k1">{NAV}</div><div class="k2">{{}}</div><div class="k3"><p>{FOOT}</p><p>建议使用1024以上分辨率，以获得最佳浏览效果。</p></div>',
    "HTML5": f"<header>{NAV}</header><main><article>{{}}</article><aside><ul>{NEWS}</ul></aside></main><footer>{FOOT}</footer>",
    "upper case": f'<TABLE><TR><TD CLASS="nav">{NAV}</TD></TR></TABLE><DIV CLASS="main">{{}}</DIV><DIV CLASS="copyright">{FOOT}</DIV>',
}  # fmt: skip

BROWSER_TITLES = {
    "title and site": "{title}_青溪区人民政府",
    "title, column and site": "{title}_政府信息公开年报_青溪区人民政府门户网站",
    "site first": "青溪区人民政府 - {title}",
    "title and body": "{title}-青溪区教育局",
    "the title alone": "{title}",
    "the site's name": "青溪区人民政府门户网站",
    "bars": "{title} | 青溪区政务公开",
}

HEADINGS: dict[str, str] = {
    "h1": "<h1>{}</h1>",
    "h2 below the site's h1": '<h1>青溪区人民政府</h1><h2 class="t">{}</h2>',
    "h3 below the column's h2": '<h2>政府信息公开</h2><h3 class="tit">{}</h3>',
    "a div": '<div class="title">{}</div>',
    "a bold line": '<p align="center"><strong>{}</strong></p>',
    "below the body's name": '<div class="siteName">青溪区教育局</div><h1 class="t1">{}</h1>',
    "a ucaptitle": "<h1><ucaptitle>{}</ucaptitle></h1>",
    "a cell": '<table width="100%"><tr><td align="center" class="tt">{}</td></tr></table>',
}


def _metas(**named: str) -> str:
    return "".join(f'<meta name="{name}" content="{content}">' for name, content in named.items())


METAS: dict[str, Callable[[Parts], str]] = {
    "all": lambda p: _metas(
        SiteName="青溪区人民政府",
        ColumnName="政府信息公开年报",
        ArticleTitle=p.report.title,
        PubDate=p.report.published,
        ContentSource=p.report.source,
    ),
    "none": lambda _: "",
    "the title": lambda p: _metas(ArticleTitle=p.report.title),
    "lower case": lambda p: _metas(sitename="青溪区人民政府", articletitle=p.report.title, pubdate=p.report.published),
    "the column as title": lambda _: _metas(ColumnName="政府信息公开年报", ArticleTitle="政府信息公开年报"),
    "keywords": lambda _: _metas(keywords="政府信息公开,年报", description="青溪区政府信息公开年报栏目，欢迎访问。", viewport="width=device-width"),
}  # fmt: skip


# --- date, source and index table --------------------------------------------------------------------------------------

INFOS: dict[str, Callable[[Parts], str]] = {
    "a line": lambda p: (
        f'<div class="info">发布时间：{p.report.published}　来源：{p.report.source}　浏览次数：<span id="hits"></span>次</div>'
    ),
    "source first": lambda p: f"<p>来源：{p.report.source}　　日期：{p.report.published}　字体：【大 中 小】</p>",
    "spans": lambda p: (
        f'<div class="xx"><span>信息来源：{p.report.source}</span><span>发布日期：{p.report.published[:10]}</span><span>【打印】</span></div>'
    ),
    "items": lambda p: (
        f"<ul><li>来源： {p.report.source}</li><li>时间： {p.report.published}</li><li>浏览量：12</li></ul>"
    ),
    "Chinese date": lambda p: f'<div class="date">{_chinese(p.report.published)}　来源：{p.report.source}</div>',
    "a cell": lambda p: (
        f"<table><tr><td>来源：{p.report.source}</td><td>发布时间：{p.report.published}</td><td>点击：3</td></tr></table>"
    ),
}


def _chinese(date: str) -> str:
    year, month, day = date[:10].split("-")
    return f"{year}年{int(month)}月{int(day)}日"


def _index(p: Parts) -> tuple[tuple[str, str], ...]:
    return (
        ("索引号", f"Q0010{p.draw.randint(1, 9)}-{p.report.published[:4]}-00{p.draw.randint(10, 99)}"),
        ("主题分类", "综合政务"),
        ("发布机构", p.report.issuing_body),
        ("发布日期", p.report.published[:10]),
        ("文号", f"青字〔{p.report.published[:4]}〕{p.draw.randint(1, 90)}号"),
        ("公开方式", "主动公开"),
    )


def _turns(pairs: list[tuple[str, str]]) -> str:
    rows = (pairs[at : at + 2] for at in range(0, len(pairs), 2))
    cells = ("".join(f"<td><b>{label}</b></td><td>{value}</td>" for label, value in row) for row in rows)
    return f'<table class="idx">{"".join(f"<tr>{row}</tr>" for row in cells)}</table>'


INDEXES: dict[str, Callable[[list[tuple[str, str]]], str]] = {
    "cells by turns": _turns,
    "cells with colons": lambda pairs: _turns([(f"{label}：", value) for label, value in pairs]),
    "a row of labels": lambda pairs: "<table><tr>{}</tr><tr>{}</tr></table>".format(
        "".join(f"<th>{label}</th>" for label, _ in pairs), "".join(f"<td>{value}</td>" for _, value in pairs)
    ),
    "a list": lambda pairs: f"<ul>{''.join(f'<li><b>{label}：</b><span>{value}</span></li>' for label, value in pairs)}</ul>",
    "definitions": lambda pairs: f"<dl>{''.join(f'<dt>{label}</dt><dd>{value}</dd>' for label, value in pairs)}</dl>",
    "spaced labels": lambda pairs: _turns([("　".join(label) if len(label) < 4 else label, value) for label, value in pairs]),
    "lines": lambda pairs: "".join(f'<div class="r"><em>{label}：</em>{value}</div>' for label, value in pairs),
}  # fmt: skip


# --- the article -------------------------------------------------------------------------------------------------------

CONTAINERS: dict[str, str] = {
    "TRS": '<div class="TRS_Editor">{}</div>',
    "zoom": '<div id="zoom">{}</div>',
    "UCAP": '<div class="pages_content" id="UCAP-CONTENT">{}</div>',
    "VSB": '<div id="vsb_content"><div class="v_news_content">{}</div></div>',
    "unknown": '<div class="abc k9">{}</div>',
    "nothing": "{}",
    "a cell": '<table width="98%"><tr><td class="bt_content">{}</td></tr></table>',
    "three deep": '<div class="article-content"><div class="j-fontContent"><div class="TRS_UEDITOR">{}</div></div></div>',
    "section": '<section class="con-text">{}</section>',
    "font": '<font id="Zoom" style="font-size:16px">{}</font>',
}


def _shown(markup: str, p: Parts) -> str:
    return markup


def _literal(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("</", "<\\/")


def _sum(markup: str, p: Parts) -> str:
    pieces = markup.split("\n")
    return f"<script>document.write({' + '.join(_literal(piece) for piece in pieces if piece)});</script>"


CARRIERS: dict[str, Callable[[str, Parts], str]] = {
    "document.write": lambda markup, _: f"<script>document.write({_literal(markup)})</script>",
    "document.write of a sum": _sum,
    "a textarea": lambda markup, _: f"<textarea id=hid style='display:none'>{escape(markup)}</textarea><script>show('hid')</script>",
    "a hidden field": lambda markup, _: f'<input type="hidden" id="content" value="{escape(markup)}">',
    "a template": lambda markup, _: f'<script type="text/html" id="tpl">{markup}</script>',
    "__NUXT__": lambda markup, _: f"<script>window.__NUXT__=(function(a){{return {{data:[{{id:7,content:{_literal(markup)},n:a}}]}}}}(null))</script>",
    "__INITIAL_STATE__": lambda markup, _: f'<script>window.__INITIAL_STATE__={{"article":{{"body":{json.dumps(markup)}}}}};(function(){{var s;}}());</script>',
    "JSON in a string": lambda markup, _: f"<script>var detail = JSON.parse({_literal(json.dumps({'content': markup}))});</script>",
    "percent-encoded": lambda markup, _: f'<script>document.getElementById("c").innerHTML=decodeURIComponent("{quote(markup)}")</script>',
}  # fmt: skip

STRAYS: dict[str, Callable[[str], str]] = {
    "early ends": lambda page: page.replace("<!--article-->", "</body></html>", 1),
    "end tags": lambda page: page.replace("<!--article-->", "</td></span></p></center>", 1).replace("<!--end-->", "</div></td></tr></font>", 1),
    "two bodies": lambda page: page.replace("<!--article-->", "</body><body bgcolor=#fff>", 1),
    "a form": lambda page: page.replace("<!--article-->", "<form name=a><form name=b>", 1).replace("<!--end-->", "</form>", 1),
    "a form in each table": lambda page: page.replace("<tbody>", "<tbody><form>").replace("</tbody>", "</form></tbody>"),
    "comments of Word": lambda page: page.replace("<!--article-->", "<!--[if gte mso 9]><xml><w:View>Normal</w:View></xml><![endif]--><!--[if !mso]><style>v\\:*{}</style><![endif]-->", 1),
    "no ends of cells": lambda page: page.replace("</td></tr>", "").replace("</td><td", "<td"),
    "no ends of paragraphs": lambda page: page.replace("</p>\n", "\n"),
    "namespaces": lambda page: page.replace("<!--article-->", '<?xml:namespace prefix = "o" ns = "urn:schemas-microsoft-com:office:office" /><![if !supportEmptyParas]>&nbsp;<![endif]><o:p></o:p>', 1),
    "a head in the middle": lambda page: page.replace("<!--article-->", "<head><meta http-equiv=Content-Type content='text/html'><title>无标题文档</title></head>", 1),
}  # fmt: skip

BELOW = {
    "nothing": "",
    "neighbours": "<p>上一篇：<a href='a.html'>2019年年报</a></p><p>下一篇：<a href='b.html'>无</a></p>",
    "buttons": '<div class="share"><a>微信</a><a>微博</a></div><p>【打印本页】【关闭窗口】</p>',
    "an editor": "<p>责任编辑：张某</p>",
    "other articles": f"<h3>青溪要闻</h3><ul>{NEWS}</ul>",
    "a code to scan": '<div class="ewm"><img src="/images/ewm.png" width="120"><p>扫一扫在手机打开当前页</p></div>',
}

ATTACHED: dict[str, tuple[str, str | None]] = {
    "none": ("", None),
    "a docx": ('<p>附件：<a href="/f/nb.docx">年报.docx</a></p>', "/f/nb.docx"),
    "a download": ('<p>附件：<a href="/down.jsp?file=/f/nb.doc">年报</a></p>', "/down.jsp?file=/f/nb.doc"),
    "a click": ("""<p>附件：<a href="javascript:void(0)" onclick="downLoad('/f/nb.xls')">年报.xls</a></p>""", "/f/nb.xls"),
    "a viewer": ('<p><iframe src="/pdfjs/web/viewer.html?file=/f/nb.pdf" width="800" height="600"></iframe></p>', "/f/nb.pdf"),
    "a lazy picture": ('<p><img src="/js/blank.gif" data-original="/u/t.jpg"></p>', "/u/t.jpg"),
    "a gif in images": ('<p><img src="/images/2021/t3.gif" width="700" height="500"></p>', "/images/2021/t3.gif"),
    "a set": ('<p><img srcset="/u/s.png 480w, /u/l.png 960w"></p>', "/u/l.png"),
    "spacers": ('<p><img src="/u/space.png" width="20" height="20"><img src="/images/icon_doc.gif"></p>', None),
    "an object": ('<p><object data="/f/nb.pdf" type="application/pdf" width="600"></object></p>', "/f/nb.pdf"),
}  # fmt: skip


# --- the bytes ---------------------------------------------------------------------------------------------------------

CHARSET = "<!--charset-->"


def _declared(source: str, meta: str) -> str:
    return source.replace(CHARSET, f'<meta http-equiv="Content-Type" content="text/html; charset={meta}">')


ENCODINGS: dict[str, Callable[[str], tuple[bytes, str]]] = {
    "UTF-8": lambda s: (_declared(s, "utf-8").encode(), "text/html; charset=utf-8"),
    "UTF-8, a mark": lambda s: (b"\xef\xbb\xbf" + s.encode(), "text/html"),
    "UTF-8 declared as GBK": lambda s: (_declared(s, "gbk").encode(), "text/html"),
    "GBK in the meta": lambda s: (_declared(s, "gb2312").encode("gb18030"), "text/html"),
    "GBK in the header": lambda s: (s.encode("gb18030"), "text/html;charset=GBK"),
    "GBK declared as UTF-8": lambda s: (_declared(s, "utf-8").encode("gb18030"), "text/html; charset=utf-8"),
    "GBK undeclared": lambda s: (s.encode("gb18030"), "text/html"),
    "GBK in a meta after the text": lambda s: (s.replace("</body>", '<meta charset="gb2312"></body>').encode("gb18030"), "text/html"),
    "UTF-16": lambda s: (b"\xff\xfe" + s.encode("utf-16-le"), "text/html"),
}  # fmt: skip


# --- a page ------------------------------------------------------------------------------------------------------------


def made(seed: int) -> Made:
    """A page and its truth."""
    draw = random.Random(seed)
    year = draw.choice((2012, 2016, 2019, 2020, 2021, 2022, 2023, 2024))
    forms = {2012: ("narrative", "dx-2010-stat"), 2016: ("narrative", "cn-2014-stat", "fj-2014-stat")}
    kind = draw.choice(forms.get(year, ("cn-2019",) if year < 2021 else ("cn-2021", "cn-2021", "hybrid")))
    report = Synthetic(
        issuing_body=f"临川市青溪区{draw.choice(OFFICES)}", report_year=year, kind=kind, style=draw.choice(list(STYLES))
    )
    p = Parts(draw, report)
    p.kinds["form"], p.kinds["style"] = kind, report.style
    markup = _article(p)
    source, index = _around(p, markup)
    page = _page(p, source)
    truth = Truth(
        title=report.title,
        published=report.published,
        source=report.source,
        index_number=index.get("索引号"),
        document_number=index.get("文号"),
        paragraphs=_paragraphs(report),
        statistics=[*report.statistics(), *report.stated()],
        attachments=p.attachments,
    )
    return Made(page, truth, p.kinds)


def _paragraphs(report: Synthetic) -> list[str]:
    root = parse_html(f"<div>{report.html()}</div>")
    article = next(root.iter("div"))
    remove_unseen(article, asides=False)
    return paragraphs_of(article)


def _article(p: Parts) -> str:
    """The article in its container, shown, carried by a script, or in several boxes."""
    markup = p.report.html()
    attached, address = ATTACHED[p.choose("attachment", list(ATTACHED))]
    if address:
        p.attachments.append(f"{HOST}{address}")
    container = CONTAINERS[p.choose("container", list(CONTAINERS))]
    how = p.draw.choice(("shown", "shown", "shown", "carried", "boxes"))
    below = BELOW[p.choose("below", list(BELOW))]
    if how == "carried":
        carrier = p.choose("carrier", list(CARRIERS))
        return f"{container.format(CARRIERS[carrier](markup, p))}{attached}{below}"
    if how == "boxes" and p.report.style == "clean":
        p.kinds["boxes"] = "the first paragraph apart"
        first, _, rest = markup.partition("\n")
        return f'<div class="lead">{first}</div>{container.format(rest + attached)}{below}'
    p.kinds["carrier"] = "the page"
    inside = p.draw.random() < 0.5
    p.kinds["below is"] = "in the container" if inside else "outside"
    return container.format(markup + attached + below) if inside else container.format(markup + attached) + below


def _around(p: Parts, article: str) -> tuple[str, dict[str, str]]:
    """The page around its article, and what its index table says."""
    title = p.report.title
    named = BROWSER_TITLES[p.choose("browser title", list(BROWSER_TITLES))].format(title=title)
    heading = HEADINGS[p.choose("heading", list(HEADINGS))].format(title)
    metas = p.choose("metas", METAS)
    info = p.choose("info", INFOS)
    index: dict[str, str] = {}
    if p.draw.random() < 0.5:
        pairs = list(_index(p))
        p.draw.shuffle(pairs)
        index = dict(pairs)
        table = INDEXES[p.choose("index", list(INDEXES))](pairs)
    else:
        table = ""
    wraps = p.choose("order", ["heading, info", "index outside", "all in an outer container"])
    article = f"<!--article-->{article}<!--end-->"
    if wraps == "all in an outer container":
        content = f'<div class="xxgk_content">{table}{heading}{info}{article}</div>'
    elif wraps == "index outside":
        content = f"{table}{heading}{info}{article}"
    else:
        content = f'{heading}<div class="hd">{info}</div>{table}{article}'
    frame = FRAMES[p.choose("frame", list(FRAMES))]
    return (
        f"<!DOCTYPE html><html><head>{CHARSET}<title>{named}</title>{metas}</head><body>{frame.replace('{}', content)}</body></html>",
        index,
    )


def _page(p: Parts, source: str) -> Page:
    if p.draw.random() < 0.5:
        source = STRAYS[p.choose("stray", list(STRAYS))](source)
    source = source.replace("<!--article-->", "").replace("<!--end-->", "")
    body, content_type = ENCODINGS[p.choose("encoding", list(ENCODINGS))](source)
    day = p.report.published[:10].replace("-", "")
    return Page(url=f"{HOST}/zwgk/nb/{day[:6]}/t{day}_1001.html", body=body, content_type=content_type)


# --- the judgement -----------------------------------------------------------------------------------------------------


def judged(one: Made) -> tuple[str, str]:
    """`equal`, `doubtful` or `wrong`, and what differs."""
    found, truth = read(one.page), one.truth
    wrong, missing = _differences(found, truth)
    if wrong:
        return "wrong", "; ".join(wrong)
    return ("doubtful", "; ".join(missing)) if missing else ("equal", "")


def _differences(found: Report, truth: Truth) -> tuple[list[str], list[str]]:
    """What is wrong in a reading, and what it lacks: a text or table that it lacks without a word is wrong too."""
    wrong: list[str] = []
    missing: list[str] = []
    for name in ("title", "published", "source", "index_number", "document_number"):
        got, want = getattr(found, name), getattr(truth, name)
        if got == want or (name == "published" and got == (want or "")[:10]):
            continue
        (missing if got is None else wrong).append(f"{name}: {got!r}, not {want!r}")
    got_lines, want_lines = found.text.split("\n"), truth.paragraphs
    if _dense(got_lines) != _dense(want_lines):
        extra = [line for line in got_lines if line and _dense([line]) not in _dense(want_lines)]
        lost = [line for line in want_lines if _dense([line]) not in _dense(got_lines)]
        told = not found.is_report or any(p.kind in {"no_text", "incomplete_report", "unsure"} for p in found.problems)
        (missing if lost and told and not extra else wrong).append(f"text: extra {extra[:2]}, lost {lost[:2]}")
    if not found.is_report:
        missing.append(f"no report: {found.cause}")
        return wrong, missing
    got_cells = {_key(s): s.value for s in found.statistics}
    want_cells = {_key(s): s.value for s in truth.statistics}
    for key, value in got_cells.items():
        is_prose = key[-1]  # it states more figures than the truth has noted
        if want_cells.get(key, value if is_prose else None) != value or not (is_prose or key in want_cells):
            wrong.append(f"{key}: {value}")
    if lacking := want_cells.keys() - got_cells.keys():
        missing.append(f"{len(lacking)} cells")
    got_urls = [a.url for a in found.attachments]
    wrong += [f"attachment {url}" for url in got_urls if url not in truth.attachments]
    missing += [f"attachment {url}" for url in truth.attachments if url not in got_urls]
    return wrong, missing


def _dense(lines: list[str]) -> str:
    return "".join("".join(lines).split())


def _key(s: Statistic) -> tuple[int, str, str, bool]:
    return s.table_no, s.row_name, s.column_name, s.origin == Origin.NARRATIVE
