"""Tables in pictures: every figure in its place, blank is not zero, and nothing wrong is ever called verified."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

from archive.forms import rows as form_rows
from archive.model import Page, Report
from crawler.demo import office
from crawler.demo.links import PlainLinks
from crawler.demo.messages import Reply
from crawler.demo.replica import Document
from crawler.demo.reports import Synthetic
from crawler.demo.server import Server
from pipelines import read
from pipelines.beside import AtHand
from pipelines.documents import MEDIA_TYPES, StoredDocument, picture, recognise
from pipelines.documents import read as read_body
from pipelines.errors import DocumentError
from pipelines.ingest.sandbox import Child
from tests.crawling import crawl, scrapy
from tests.pictures import BODY, FOLDER, REPORTS
from tests.test_crawl import kinds, rows

needs_ocr = pytest.mark.skipif(not picture.is_possible(), reason="the extra ocr is not installed (make ocr)")

PAGE = "http://www.qingxi.gov.cn/nb/2022.html"
Figures = dict[tuple[int, str, str], tuple[object, str]]


def truth(name: str) -> Figures:
    return {(s.table_no, s.row_name, s.column_name): (s.value, s.value_state) for s in REPORTS[name].statistics()}


def figures(report: Report) -> Figures:
    return {
        (s.table_no, s.row_name, s.column_name): (s.value, s.value_state)
        for s in report.statistics
        if s.origin == "image"
    }


TEXT = "<p>根据《中华人民共和国政府信息公开条例》，现公布本局年度报告。本局依法办理依申请公开，主动公开各类信息，情况如下表。</p>"
"""Enough to be a report; it states no figure."""


def report_with(*bodies: bytes, year: int = 2022) -> Report:
    """A page of that year's report, read with these pictures beside it."""
    title = f"{BODY}{year}年政府信息公开工作年度报告"
    images = "".join(f'<p><img src="{PAGE}.{number}"></p>' for number, _ in enumerate(bodies))
    body = f"<title>{title}</title><h1>{title}</h1>{TEXT}{images}"
    page = Page(url=PAGE, body=body.encode(), content_type="text/html; charset=utf-8")
    files = {}
    for number, body in enumerate(bodies):
        kind = recognise(body)
        assert kind is not None
        files[f"{PAGE}.{number}"] = StoredDocument(
            sha256="", media_type=MEDIA_TYPES[kind], content=read_body(body, kind)
        )
    return read(page, AtHand(files=files))


def png(name: str, number: int) -> bytes:
    return (FOLDER / f"{name}.{number}.png").read_bytes()


@cache
def report_of(name: str) -> Report:
    return report_with(*(png(name, number) for number in (2, 3, 4)), year=REPORTS[name].report_year)


def standings(report: Report) -> dict[int, str]:
    return {source.table_no: source.standing for source in report.table_sources}


def saved(image: Image.Image, form: str = "PNG", **options: int) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def test_without_the_extra_a_picture_is_unread_and_the_problem_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(picture, "is_possible", lambda: False)
    for body, kind in ((png("figures", 3), "png"), (saved(Image.new("L", (600, 800), 255), "PDF"), "pdf")):
        with pytest.raises(DocumentError, match="make ocr") as told:
            read_body(body, kind)
        assert told.value.kind == "unread"


@needs_ocr
def test_every_figure_is_in_its_place() -> None:
    found = report_of("figures")
    assert figures(found) == truth("figures")
    assert standings(found)[3] == "verified"
    assert found.form == "cn-2021"


@needs_ocr
def test_slashes_and_dashes_are_no_figures() -> None:
    assert figures(report_of("slashes")) == truth("slashes")


@needs_ocr
def test_a_blank_form_is_blank_and_not_zero() -> None:
    found = report_of("blank")
    assert figures(found) == truth("blank")
    assert {value for value, _ in figures(found).values()} == {None}
    assert "verified" not in standings(found).values()


DEGRADED: dict[str, Callable[[Image.Image], bytes]] = {
    "small": lambda image: saved(image.resize((image.width * 3 // 4, image.height * 3 // 4)), "JPEG", quality=75),
    "blurred": lambda image: saved(image.filter(ImageFilter.GaussianBlur(0.7)), "JPEG", quality=50),
    "leaning": lambda image: saved(
        image.resize((image.width * 2, image.height * 2)).rotate(
            0.8, expand=True, fillcolor=255, resample=Image.Resampling.BICUBIC
        ),
        "JPEG",
        quality=60,
    ),
    "photographed": lambda image: saved(
        _from_the_side(_watermarked(ImageOps.expand(image, 24, 255))), "JPEG", quality=70
    ),
}


def _watermarked(image: Image.Image) -> Image.Image:
    """Large pale rings and bars all over, and a shadow that deepens to the right."""
    mark = Image.new("L", image.size, 0)
    draw = ImageDraw.Draw(mark)
    for x in range(0, image.width, 130):
        for y in range(0, image.height, 110):
            draw.ellipse((x, y, x + 60, y + 60), outline=25, width=7)
            draw.line((x + 70, y, x + 120, y + 60), fill=25, width=7)
    shadow = Image.linear_gradient("L").rotate(90).resize(image.size).point(lambda grey: grey // 4)
    return ImageChops.subtract(ImageChops.subtract(image, mark), shadow)


def _from_the_side(image: Image.Image) -> Image.Image:
    """Its left side is nearer."""
    width, height = image.size
    corners = (-8, -6, -8, height + 10, width, height, width, 0)
    return image.transform(
        (width, height), Image.Transform.QUAD, corners, resample=Image.Resampling.BICUBIC, fillcolor=200
    )


@needs_ocr
@pytest.mark.parametrize("name", DEGRADED)
def test_a_bad_picture_is_read_or_left_and_never_wrong_and_verified(name: str) -> None:
    with Image.open(FOLDER / "figures.3.png") as image:
        found = report_with(DEGRADED[name](image.convert("L")))
    wanted = {key: value for key, value in truth("figures").items() if key[0] == 3}
    read_figures = figures(found)
    right = sum(read_figures.get(key) == value for key, value in wanted.items())
    assert right >= 0.99 * len(wanted)
    assert right == len(wanted) or standings(found)[3] != "verified"
    assert all(state != "number" or wanted[key][0] == value for key, (value, state) in read_figures.items())


@needs_ocr
def test_a_wrong_figure_in_the_picture_is_not_verified() -> None:
    """One cell's ink put over another's: as printed the table no longer adds up."""
    wanted = truth("figures")
    with Image.open(FOLDER / "figures.3.png") as image:
        changed = image.convert("L")
    top, bottom = _rows_of(changed)[3:5]
    left, right = _columns_of(changed, top + 16)[1:3]
    other = _rows_of(changed)[-2]
    changed.paste(changed.crop((left + 2, other + 2, right - 1, other + bottom - top - 2)), (left + 2, top + 2))
    assert wanted[3, "new_received", "natural_person"] != wanted[3, "carried_out", "natural_person"]
    found = report_with(saved(changed))
    assert standings(found)[3] == "inconsistent"
    assert any(check.identity == "T3-C" and check.verdict == "fails" for check in found.checks)


@needs_ocr
def test_exchanged_rows_are_refused() -> None:
    """Sums cannot tell: the order of the form's labels does."""
    with Image.open(FOLDER / "figures.3.png") as image:
        changed = image.convert("L")
    first, second, third = _rows_of(changed)[11:14]
    left = _columns_of(changed, first + 4)[2]
    one, two = (changed.crop((left, top, changed.width, bottom)) for top, bottom in ((first, second), (second, third)))
    assert one.tobytes() != two.tobytes()
    changed.paste(two, (left, first))
    changed.paste(one, (left, first + two.height))
    found = report_with(saved(changed))
    assert figures(found) == {}
    assert standings(found)[3] == "unread"


def _rows_of(image: Image.Image) -> list[int]:
    """Where the rules of the last column's cells lie, from the top."""
    line = [image.getpixel((image.width - 45, y)) for y in range(image.height)]
    return [
        y
        for y, value in enumerate(line)
        if isinstance(value, int) and value < 60 and line[y - 1] >= 60 and _is_rule(image, y)
    ]


def _is_rule(image: Image.Image, y: int) -> bool:
    return all(int(image.getpixel((x, y))) < 90 for x in range(image.width - 60, image.width - 40))  # type: ignore[arg-type]


def _columns_of(image: Image.Image, y: int) -> list[int]:
    """Where the column rules lie that cross twelve lines from y."""
    dark = [x for x in range(image.width) if all(int(image.getpixel((x, y + down))) < 90 for down in range(12))]  # type: ignore[arg-type]
    return [x for x in dark if x - 1 not in dark]


@needs_ocr
def test_a_photograph_holds_no_table_and_is_no_problem() -> None:
    content = read_body(saved(Image.radial_gradient("L").resize((800, 600)), "JPEG"), "jpeg")
    assert (content.blocks, content.problems) == ([], [])


@needs_ocr
def test_the_tables_of_a_scanned_pdf_are_read() -> None:
    sheet = Image.new("L", (1240, 1754), 255)
    with Image.open(FOLDER / "figures.3.png") as image:
        sheet.paste(image.convert("L").resize((image.width * 3 // 2, image.height * 3 // 2)), (80, 120))
    found = report_with(saved(sheet, "PDF", resolution=150))
    assert figures(found) == {key: value for key, value in truth("figures").items() if key[0] == 3}
    with pytest.raises(DocumentError, match="shows no text"):
        read_body(saved(Image.new("L", (600, 800), 255), "PDF"), "pdf")


@needs_ocr
def test_a_damaged_picture_is_a_problem_and_the_child_goes_on() -> None:
    child = Child()
    try:
        with pytest.raises(DocumentError) as told:
            child.read(png("figures", 3)[:9_000], "png")
        assert told.value.kind == "damaged"
        assert len(child.read(png("figures", 4), "png").grids) == 1
        assert len(child.read(office.docx(REPORTS["figures"]), "docx").grids) == 3
    finally:
        child.close()


class Picturing(PlainLinks):
    """Its reports show their tables as pictures, and nothing besides."""

    def picture(self, document: Document, number: int) -> Reply | None:
        return Reply(body=png("figures", number + 1), content_type="image/png")


def test_a_crawl_reads_the_pictures_of_its_reports(tmp_path: Path) -> None:
    """With the extra their figures; without it each is a problem that reparse --new takes up when the extra is there."""
    report = Synthetic(issuing_body=BODY, report_year=2022, faults=frozenset({"images"}))
    with Server(Picturing("fujian", [report])) as server:
        assert crawl(tmp_path / "archive", server["fujian"]).returncode == 0
    found = rows(tmp_path / "archive", "reports", "SELECT COUNT(*) FROM statistics WHERE origin = 'image'")[0][0]
    if not picture.is_possible():
        assert (found, kinds(tmp_path / "archive").keys() & {"unread"}) == (0, {"unread"})
        return
    assert found == len(truth("figures"))
    assert not kinds(tmp_path / "archive")
    assert rows(tmp_path / "archive", "reports", "SELECT standing FROM table_sources WHERE table_no = 3") == [
        ("verified",)
    ]
    assert "0 new, 0 changed, 1 unchanged, 0 lost" in scrapy(tmp_path / "archive", "reparse").stdout


def test_the_pictures_show_what_the_reports_say() -> None:
    """The pictures are kept as drawn: a report that says something else now has to be drawn again."""
    assert len([key for key in truth("figures") if key[0] == 3]) == 7 * len(form_rows("cn-2021", 3))
    assert {path.name for path in FOLDER.glob("*.png")} == {f"{name}.{n}.png" for name in REPORTS for n in (2, 3, 4)}


@needs_ocr
def test_the_picture_of_an_empty_form_contradicts_nothing() -> None:
    """Some bodies show the empty form in the page and put the figures into a document beside it."""
    report = Synthetic(issuing_body=BODY, report_year=2020, kind="cn-2019")
    found = report_with(office.docx(report), png("blank", 4), year=2020)
    assert {source.origin for source in found.table_sources if source.table_no == 4} == {"docx", "image"}
    assert [check for check in found.checks if check.identity == "D-1"] == []


@needs_ocr
@pytest.mark.parametrize(("middles", "shape"), [((230, 470), 5), ((330,), 3)])
def test_figures_under_the_red_ink_of_a_stamp_are_read(middles: tuple[int, ...], shape: int) -> None:
    printed = Image.open(io.BytesIO(png("figures", 4))).convert("RGB")
    ink = Image.new("RGB", printed.size, "white")
    pen = ImageDraw.Draw(ink)
    for x in middles:
        pen.ellipse([x - 60, 77, x + 60, 197], outline=(230, 30, 40), width=4)
        pen.regular_polygon((x, 137, 26), shape, fill=(225, 40, 50))
    stamped = io.BytesIO()
    ImageChops.multiply(printed, ink).save(stamped, "PNG")
    report = report_with(stamped.getvalue())
    right = {key: value for key, value in truth("figures").items() if key[0] == 4}
    assert figures(report) == right
