"""Synthetic pages for the tests of the readers: our own texts in the frames that portals use."""

from __future__ import annotations

from archive.model import Page, Report
from pipelines import read

URL = "http://www.qingxi.gov.cn/zwgk/nb/202101/t20210118_1001.html"
BODY = "安川市青溪区教育局"
TITLE = f"{BODY}2020年政府信息公开工作年度报告"
PREAMBLE = (
    "根据《中华人民共和国政府信息公开条例》，编制本报告。本报告所列数据的统计期限自2020年1月1日起至2020年12月31日止。"
)
PROSE = [
    PREAMBLE,
    "一、总体情况",
    "我局认真落实上级部署，主动公开政府信息，规范办理申请，公开平台运行平稳，监督保障有力。",
    "六、其他需要报告的事项",
    "无其他需要报告的事项。",
]


def paragraphs(texts: list[str]) -> str:
    """Texts as `<p>` elements."""
    return "".join(f"<p>{text}</p>" for text in texts)


def metas(**named: str) -> str:
    """Meta elements by name."""
    return "".join(f'<meta name="{name}" content="{content}">' for name, content in named.items())


def html(
    article: str = "",
    *,
    title: str = TITLE,
    info: str = "发布时间：2021-01-18 10:26　来源：青溪区教育局",
    head: str = "",
    above: str = "",
    below: str = "",
) -> str:
    """A page: menu, title, line of date and source, the article's container, footer."""
    article = article or f'<div id="zoom">{paragraphs(PROSE)}</div>'
    return (
        f"<!DOCTYPE html><html><head>{head}<title>{title}_青溪区人民政府</title></head><body>"
        '<div class="nav"><a href="/">首页</a><a href="/zwgk/">政务公开</a></div>'
        f'{above}<div class="detail"><h1>{title}</h1><div class="info">{info}</div>{article}</div>{below}'
        '<div class="footer">主办：青溪区人民政府办公室，承办：青溪区政务服务中心，网站标识码：0000000000</div></body></html>'
    )


def page(
    source: str | bytes, *, url: str = URL, content_type: str | None = "text/html; charset=utf-8", **fields: object
) -> Page:
    """A page of the source; text is written as UTF-8."""
    body = source.encode() if isinstance(source, str) else source
    return Page(url=url, body=body, content_type=content_type, **fields)  # type: ignore[arg-type]


def report(source: str | bytes, **fields: object) -> Report:
    """What is read of a page with that source."""
    return read(page(source, **fields))  # type: ignore[arg-type]


def plain(text: str, **fields: object) -> Report:
    """What is read of a plain text."""
    return read(page(text, content_type="text/plain", **fields))  # type: ignore[arg-type]
