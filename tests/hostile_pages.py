"""Web pages that were made to cost time or memory, or to be taken for what they are not, each in a way of its own."""

from __future__ import annotations

import base64
from collections.abc import Callable

TITLE = "某某镇2020年政府信息公开工作年度报告"
HEAD = f"<html><head><meta charset=utf-8><title>{TITLE}</title></head><body>"
MILLION = 1_000_000


def page(*parts: str, head: str = HEAD) -> bytes:
    """A page with such a content."""
    return (head + "".join(parts) + "</body></html>").encode("utf-8", "surrogatepass")


def nested(tag: str, depth: int, within: str = "一") -> bytes:
    return page(f"<{tag}>" * depth, within, f"</{tag}>" * depth)


def table(*rows: str) -> bytes:
    return page("<table>", *rows, "</table>")


def in_head(text: str) -> bytes:
    return page(f"<p>{TITLE}</p>", head=f"<html><head>{text}</head><body>")


def filled_form(times: int) -> bytes:
    """The first national table, so many times."""
    cells = "".join(f"<td>{number}</td>" for number in range(6))
    rows = "".join(f"<tr><td>{label}</td>{cells}</tr>" for label in ("规章", "规范性文件", "行政许可", "行政处罚"))
    return page(f"<p>一、总体情况</p><table>{rows}</table>" * times)


PAGES: dict[str, Callable[[], bytes]] = {
    # Nesting
    "half a million bold letters in one another": lambda: page("<b>" * 500_000),
    "misnested links, letters and paragraphs": lambda: page("<a href=x><b><p><i></a></b>" * 30_000),
    "lists in lists": lambda: nested("ul><li", 40_000),
    "quotations in one another": lambda: nested("blockquote", 200_000),
    "closed tables in tables": lambda: page("<table><tr><td>" * 8_000, "1", "</td></tr></table>" * 8_000),
    "forms, selections and options": lambda: page("<form><select><option>" * 60_000),
    "drawings and formulas in one another": lambda: page("<svg><math><mi><foreignObject>" * 20_000),
    "templates in templates": lambda: nested("template", 100_000),
    "frames by the thousand": lambda: page(
        "<frameset>", *(f"<frame src=f{number}.html>" for number in range(20_000)), "</frameset>"
    ),
    "frames of itself": lambda: page("<iframe src=t20210101_1.html></iframe>" * 20_000),
    # Attributes
    "a million attributes": lambda: page("<p ", " ".join(f"a{number}=1" for number in range(MILLION)), ">一</p>"),
    "one attribute a million times": lambda: page("<p ", "class=a " * MILLION, ">一</p>"),
    "an attribute of 20 MB": lambda: page(f'<p style="{"display:none;" * 1_500_000}">一</p>'),
    "an address of 5 MB": lambda: page(f'<a href="{"a/../" * MILLION}x.pdf">附件</a>'),
    "a name of a tag of 5 MB": lambda: page(f"<{'a' * 5 * MILLION}>一"),
    # Entities and charsets
    "a million entities": lambda: page("<p>", "&amp;lt;&#x4e00;&nbsp;" * MILLION, "</p>"),
    "an entity of a million digits": lambda: page(f"<p>&#{'9' * MILLION};&#x{'f' * MILLION};</p>"),
    "half characters and beyond all planes": lambda: page("<p>", "&#xD800;&#xDFFF;&#0;&#x110000;" * 50_000, "</p>"),
    "a name of a charset of 1 MB": lambda: in_head(f"<meta charset={'x' * MILLION}>"),
    "UTF-16 that is none": lambda: page("<p>一</p>" * 99_999, head="<html><head><meta charset=utf-16le></head><body>"),
    "UTF-32 by its mark": lambda: b"\xff\xfe\0\0" + page("<p>一</p>" * 9_999).decode().encode("utf-32-le"),
    "UTF-7": lambda: in_head("<meta charset=utf-7>+ADw-script+AD4-") + b"+TgA-" * 99_999,
    "escapes of ISO 2022": lambda: in_head("<meta charset=iso-2022-cn>") + b"\x1b$)A\x0e" * 300_000,
    "bytes of no charset": lambda: page() + bytes(range(128, 256)) * 20_000,
    "a million zeros between the letters": lambda: page("<p>", "\0一" * MILLION, "</p>"),
    "letters that become eighteen": lambda: page("<p>全年收到申请", "\ufdfa" * 500_000, "件</p>"),
    "a million marks on one letter": lambda: page("<p>申请a", "\u0301\u0323" * 500_000, "件</p>"),
    "directions turned and nothing wide": lambda: page("<p>受理", "\u202e\u200b\u2066" * 300_000, "1件</p>"),
    # Tables
    "one cell of 10 MB": lambda: table("<tr><td>", "一1" * 2_500_000, "</td></tr>"),
    "a row of 200,000 cells": lambda: table("<tr>", "<td>1</td>" * 200_000, "</tr>"),
    "100,000 rows": lambda: table("<tr><td>规章<td>1<td>2</tr>" * 100_000),
    "spans of a million digits": lambda: table(f"<tr><td colspan={'9' * MILLION} rowspan=-{'9' * MILLION}>1</td></tr>"),
    "spans of other digits": lambda: table(
        "<tr><td colspan=９９９９９９ rowspan=١٢٣٤٥٦>1</td><td rowspan=0>2</td></tr>" * 9_000
    ),
    "steps of spans": lambda: table("<tr><td rowspan=65534 colspan=2>1</td></tr>" * 3_000),
    "captions, heads and feet": lambda: table("<caption>一<thead><tfoot><tbody><colgroup><col span=1000>" * 30_000),
    "a form five hundred times": lambda: filled_form(500),
    # Numbers and words
    "a number of a million digits in a cell": lambda: table(f"<tr><td>规章</td><td>{'7' * MILLION}</td></tr>" * 4),
    "a numeral of a million signs": lambda: page(
        "<p>全年收到申请", "一千万亿" * 250_000, "件，答复", "〇" * MILLION, "件。</p>"
    ),
    "commas and points": lambda: page("<p>收到申请", "1," * 300_000, "件，费用", "1." * 300_000, "元。</p>"),
    "years upon years": lambda: page("<p>", "2020年" * 300_000, "</p>", "<p>", "二〇二〇年度" * 100_000, "</p>"),
    "days that are none": lambda: page(
        "<p>发布日期：", "2020-99-99 " * 100_000, "９９９９年９９月９９日" * 50_000, "</p>"
    ),
    "a title of 2 MB": lambda: in_head(f"<title>{'关于' * 300_000}年度报告</title>"),
    "titles by the hundred thousand": lambda: in_head(
        "<meta name=ArticleTitle content=年度报告><meta name=PubDate content=x>" * 100_000
    ),
    "brackets of document numbers": lambda: page("<p>", "某政办〔" * 200_000, "（[【《" * 200_000, "</p>"),
    "headings by the hundred thousand": lambda: page("<h2>一、总体情况</h2><p>二、</p>" * 100_000),
    "one sentence of 5 MB": lambda: page("<p>", "其中受理行政复议案件结果维持和被纠正的申请共计" * 70_000, "</p>"),
    "names of bodies in a chain": lambda: page("<p>", "某省某市某区某街道办事处人民政府教育局" * 80_000, "</p>"),
    # Links and files
    "100,000 documents beside it": lambda: page(*(f"<a href=f{number}.pdf>附件</a>" for number in range(100_000))),
    "100,000 pictures": lambda: page(*(f"<img src=/i/{number}.png>" for number in range(100_000))),
    "a picture of 20 MB in its address": lambda: page(
        f'<img src="data:image/png;base64,{base64.b64encode(bytes(15_000_000)).decode()}">'
    ),
    "bases that are none": lambda: page(
        "<base href='http://[::1'><base href='//'><a href='http://[/x.pdf'>附件</a>" * 9_999
    ),
    "next pages without end": lambda: page(
        *(f"<a href=t20210101_1_{number}.html>下一页</a>" for number in range(50_000))
    ),
    # Scripts, styles, and what is no HTML
    "JSON as deep as it is long": lambda: page("<script>var content = ", '{"a":[' * 300_000, "</script>"),
    "base64 in base64": lambda: page(
        f"<script>show('{base64.b64encode(base64.b64encode(b'<p>' * MILLION)).decode()}')</script>"
    ),
    "percent signs in one another": lambda: page("<script>unescape('", "%25" * MILLION, "')</script>"),
    "writes by the hundred thousand": lambda: page("<script>", "document.write('<td>1');" * 100_000, "</script>"),
    "escapes in strings": lambda: page('<script>x="', "\\u4e00\\x3c\\" * 200_000, '"</script>'),
    "rules of style": lambda: in_head(f"<style>{'.a{display:none}.b>.c{color:red}' * 100_000}</style>"),
    "doctypes and instructions": lambda: b"<!DOCTYPE html [<!ENTITY a 'b'>]>" * 50_000 + b"<?php ?>" * 50_000 + page(),
    "laughs in XHTML": lambda: (
        b'<?xml version="1.0"?><!DOCTYPE html [<!ENTITY a "'
        + b"a" * 10_000
        + b'">'
        + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 20) for n in range(12))
        + b"]><html><body><p>&m;</p></body></html>"
    ),
    "comments that end and do not": lambda: page("<!--><!---><!-- -- --!>" * 150_000),
    "text to the end of the file": lambda: page("<plaintext>", "<xmp><listing>" * 200_000),
    "a text area of 10 MB": lambda: page("<textarea>", "<p>一" * 2_000_000, "</textarea>"),
    "refreshes": lambda: in_head("<meta http-equiv=refresh content='9;url=x'>" * 100_000),
    "a page beyond the limit": lambda: page("<p>一</p>" * 3_700_000),
}
