"""Bytes → document: charsets, kinds, and input that is no page."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines import read
from pipelines.errors import ReaderError
from pipelines.html.parsing import decode, parse_page
from tests.articles import PROSE, html, page

SENTENCE = "".join(PROSE)


@pytest.mark.parametrize(
    ("written", "declared"),
    [
        ("utf-8", "text/html; charset=utf-8"),
        ("utf-8", "text/html"),
        ("utf-8", "text/html; charset=gbk"),
        ("utf-8", "text/html; charset=iso-8859-1"),
        ("gb18030", "text/html; charset=gb2312"),
        ("gb18030", "text/html; charset=utf-8"),
        ("gb18030", "text/html; charset=iso-8859-1"),
        ("gb18030", "text/html; charset=nonsense"),
        ("gb18030", ""),
        ("utf-16", "text/html"),
    ],
)
def test_charset_declared_wrong_or_not_at_all(written: str, declared: str) -> None:
    source = html(f"<div id=zoom><p>{SENTENCE}〇镕堃</p></div>")
    text, _ = decode(source.encode(written), declared)
    assert text == source


def test_meta_charset_counts_when_the_header_has_none() -> None:
    body = f'<meta charset="big5"><p>{"縣政府資訊公開年度報告" * 20}</p>'.encode("big5")
    assert decode(body, "text/html")[1] == "big5"


def test_a_few_broken_characters_do_not_refute_a_charset() -> None:
    body = html().encode()
    cut = body.replace("开".encode(), b"\xe5\xbc", 1)
    text, encoding = decode(cut, "text/html; charset=utf-8")
    assert encoding == "utf-8"
    assert "政府信息公开" in text


def test_a_body_cut_within_a_character_stays_utf_8() -> None:
    assert decode("年度报告".encode()[:-1], "text/html")[0] == "年度报"


def test_metas_are_found_in_any_case_and_empty_ones_do_not_count() -> None:
    head = '<META NAME="ARTICLETITLE" CONTENT="一"><meta name="contentSource" content=""><meta name="ContentSource" content="二">'
    document = parse_page(page(html(head=head)))
    assert document.metas == {"articletitle": "一", "contentsource": "二"}


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", "text/html"),
        (b" \n\t ", "text/html"),
        (b"%PDF-1.7 ...", "application/pdf"),
        (b"PK\x03\x04....", "text/html"),
        (b"\x89PNG\r\n", "image/png"),
        (b'{"a": 1}', "application/json"),
    ],
)
def test_what_is_no_page_is_refused(body: bytes, content_type: str) -> None:
    with pytest.raises(ReaderError):
        read(page(body, content_type=content_type))


def test_plain_text_is_text_and_markup_under_its_name_is_html() -> None:
    assert parse_page(page("a\nb", content_type="text/plain")).kind == "text"
    assert parse_page(page(html(), content_type="text/plain")).kind == "html"
    assert parse_page(page("a\nb", content_type=None)).kind == "text"
    assert parse_page(page(html(), content_type=None)).kind == "html"


@pytest.mark.parametrize("tag", ["div", "span", "table><tr><td"])
def test_depth_does_not_matter(tag: str) -> None:
    source = f"<{tag}>" * 20_000 + SENTENCE
    assert read(page(source)).url


@pytest.mark.parametrize("filler", [" ", "-", "大", "来源：", "时间：", "2020年1月1日至", "\\", "<", "&#", "a=1 "])
def test_long_runs_cost_no_more_than_their_length(filler: str) -> None:
    read(page(f'<div id="zoom"><p>{filler * 20_000}</p></div><script>var fj="{filler * 20_000}'))


@pytest.mark.parametrize("filler", ["大", "/*", "'", "`", '"', "a+=", '"a"+', "document.write(", "//", "\\u", "${"])
def test_long_scripts_cost_no_more_than_their_length(filler: str) -> None:
    began = time.process_time()
    read(page(f'<div id="zoom"></div><script>甲{filler * 20_000}</script>'))
    assert time.process_time() - began < 3


@settings(max_examples=300, deadline=None)
@given(
    st.binary(max_size=600),
    st.sampled_from(["text/html", "text/plain", "text/html; charset=gbk", "text/html; charset=utf-16", None]),
)
def test_arbitrary_bytes_raise_nothing_but_the_readers_own_error(body: bytes, content_type: str | None) -> None:
    with suppress(ReaderError):
        assert read(page(body, content_type=content_type)).url


FRAGMENTS = [
    "<div id=zoom>",
    "<table><tr><td>",
    "</div>",
    "</p>",
    "<!DOCTYPE html>",
    "\0",
    "<p>",
    "一、总体情况",
    "来源：",
    "2020年",
    "<script>",
    "]]>",
    "&#0;",
    "<br>",
    "附件：",
    "<div class=share>",
    "<p style='display:none'>",
    "\x01",
]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=8), max_size=60))
def test_arbitrary_markup_raises_nothing(pieces: list[str]) -> None:
    body = "".join(pieces).encode("utf-8", "replace")
    assert read(page(html("".join(pieces)).encode("utf-8", "replace"))).url
    with suppress(ReaderError):
        assert read(page(body)).url
