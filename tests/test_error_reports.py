"""Errors are reported where the operator says, with the place, the cell and its value filled in."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from archive.room.error_reports import checked, filled_in
from tests.browsing import browsing, get
from tests.changed_reports import MOMENTS, REPORT_ID, put_changed
from tests.crawling import scrapy

ADDRESS = f"/report/{REPORT_ID}"


@pytest.mark.parametrize("address", ["mailto:a.b+c@archive.example.org", "https://archive.example/new?labels=data"])
def test_a_mailbox_or_a_page_takes_them(address: str) -> None:
    assert checked(f" {address} ") == address
    sent = urlsplit(filled_in(address, "甲&乙?", "一\n#二"))
    fields = parse_qs(sent.query)
    assert (fields["subject"], fields["body"]) == (["甲&乙?"], ["一\n#二"])


@pytest.mark.parametrize(
    "address",
    ["", "x", "http://archive.example/", "javascript:alert(1)", "https:///x", "https://a@b.example/", "https://a.example/#x",
     "mailto:a@b.example?cc=c@d.example", "mailto:a@b.example,c@d.example", "mailto:a", 'https://a.example/"><b>', "data:,x"],
)  # fmt: skip
def test_nothing_else_does(address: str) -> None:
    with pytest.raises(ValueError, match="mailto:NAME@HOST"):
        checked(address)


def test_a_cell_is_reported_with_its_address_label_and_value(tmp_path: Path) -> None:
    put_changed(tmp_path)
    refused = scrapy(tmp_path, "browse", "--errors-to", "http://a.example/")
    assert (refused.returncode, "--errors-to" in refused.stderr) == (2, True)
    with browsing(tmp_path, "--errors-to", "mailto:errors@archive.example") as room:
        page = unescape(get(room + ADDRESS)[2].decode())
        cell = re.search(r'id="(t3-new_received-total)".*?href="([^"]*/error\?[^"]*)"', page)
        assert cell
        assert f"{ADDRESS}/error?at={MOMENTS[2]}" in page
        said = unescape(get(room + cell[2], Cookie="lang=zh")[2].decode())
        sent = re.search(r'href="mailto:errors@archive\.example\?([^"]*)"', said)
        assert sent
        fields = parse_qs(sent[1])
        (body,) = fields["body"]
        assert f"网址: {room}{ADDRESS}/at/{MOMENTS[2]}#{cell[1]}" in body
        assert "本年新收政府信息公开申请数量 · 总计" in body
        assert "档案中的值: 43" in body
        assert fields["subject"] == ["数据有误：某市2024年年度报告"]
        past = unescape(get(f"{room}{ADDRESS}/error?at={MOMENTS[0]}&cell={cell[1]}", Cookie="lang=en")[2].decode())
        assert "Value here: 41" in parse_qs(re.search(r"mailto:[^?]*\?([^\"]*)", past)[1])["body"][0]  # type: ignore[index]
        for wrong in ("t3-new_received-x", "t9-a-b", quote('"><script>')):
            assert get(f"{room}{ADDRESS}/error?cell={wrong}")[0] == 400
        assert get(f"{room}/report/none/error")[0] == 404


def test_without_an_address_there_is_no_such_link(tmp_path: Path) -> None:
    put_changed(tmp_path)
    with browsing(tmp_path) as room:
        assert "/error" not in get(room + ADDRESS)[2].decode()
        assert get(f"{room}{ADDRESS}/error")[0] == 404
