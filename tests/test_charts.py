"""Charts as files: they carry what they say with them, and a PNG is a picture with Chinese characters in it."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from lxml import etree
from PIL import Image

from archive.room import chart_images, charts
from archive.room.charts import Words, wrapped

YEARS = range(2017, 2023)
WORDS = Words("单位：件", ["据6份报告，2017–2022年", "虚线：统计格式改变（2019）"])
LINES = charts.lines(
    "某区<教育局> · 历年",
    YEARS,
    {"申请": {year: (float(year), year % 2 == 0) for year in YEARS}, "复议": {2020: (3.0, True)}},
    breaks={2019: "新格式"},
    words=WORDS,
)
BARS = charts.stacked("构成", YEARS, {2020: ({"公开": 3, "不公开": 1}, False)}, breaks={2019: "新格式"}, words=WORDS)
DOTS = charts.deadlines("天数", YEARS, {2020: [(3, "晚"), (-3, "早")]}, words=WORDS)
CARD = chart_images.card("某区教育局2021年度报告", [("申请", "12"), ("复议", "–")], "某站")
needs_font = pytest.mark.skipif(chart_images.font() is None, reason="no font with Chinese characters on this machine")


@pytest.mark.parametrize("svg", [LINES, BARS, DOTS, CARD])
def test_a_chart_is_a_file_of_its_own(svg: str) -> None:
    root = etree.fromstring(chart_images.standalone(svg).encode())
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert float(root.attrib["width"]) > float(root.attrib["viewBox"].split()[2]) - 1
    said = {element.text for element in root.iter("{http://www.w3.org/2000/svg}text")}
    if svg is not CARD:
        assert {"单位：件", *WORDS.sources} <= said
    assert "var(" not in chart_images.standalone(svg)
    assert "href" not in chart_images.standalone(svg)


def test_a_chart_of_several_things_names_their_colours() -> None:
    assert '<rect class="s1 bar"' in LINES
    assert ">复议</text>" in LINES
    assert ">不公开</text>" in BARS
    assert 'class="break"' in BARS
    assert 'class="unverified"' in BARS


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("一二三四五六", 4, ["一二三四", "五六"]),
        ("one two three", 5, ["one two", "three"]),
        ("（2019、2021）之后", 5, ["（2019、", "2021）之", "后"]),
        ("", 4, [""]),
        ("averyveryverylongword", 4, ["averyveryverylongword"]),
    ],
)
def test_lines_are_wrapped_between_words(text: str, width: float, lines: list[str]) -> None:
    assert wrapped(text, width) == lines


def ink(png: bytes | None) -> tuple[tuple[int, int], int]:
    """Size of a picture, and how many of its pixels are dark."""
    assert png is not None
    image = Image.open(io.BytesIO(png))
    image.load()
    return image.size, sum(image.convert("L").point(lambda value: 255 * (value < 128)).histogram()[255:])


@needs_font
@pytest.mark.parametrize("svg", [LINES, BARS, DOTS, CARD])
def test_a_png_is_a_picture(svg: str) -> None:
    size, dark = ink(chart_images.png(svg))
    assert size[0] == chart_images.PNG_WIDTH
    assert dark > 2000
    assert ink(chart_images.png(svg, preview=True))[0] == chart_images.PREVIEW


@needs_font
def test_chinese_characters_are_drawn_each_in_its_own_form() -> None:
    def drawn(characters: str) -> bytes:
        words = Words(characters, [])
        png = chart_images.png(charts.lines(" ", [2020], {}, words=words))
        assert png is not None
        return Image.open(io.BytesIO(png)).convert("L").tobytes()

    blank, one, other = drawn(" "), drawn("鉴"), drawn("省")
    assert len({blank, one, other}) == 3


def test_without_a_chinese_font_there_is_no_png(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    latin = Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")
    for named in (tmp_path / "none.ttf", *([latin] if latin.exists() else ())):
        monkeypatch.setenv("CHART_FONT", str(named))
        chart_images.font.cache_clear()
        chart_images.png.cache_clear()
        try:
            assert chart_images.font() is None
            assert chart_images.png(DOTS) is None
        finally:
            chart_images.font.cache_clear()
