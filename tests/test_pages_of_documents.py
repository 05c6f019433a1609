"""PDF and OFD page by page: layers that are not seen, scans among text, fonts without a map, watermarks; OFD as PDF."""

from __future__ import annotations

import io
import random
from pathlib import Path

import pypdfium2
import pytest
from PIL import Image, ImageDraw, ImageFont

from archive.model import Report
from archive.vocabulary import PartState
from crawler.demo import office
from pipelines.documents import picture, read
from pipelines.errors import DocumentError
from tests import made_documents
from tests.made_documents import JUNK, PageMade, indexed, ofd_of, pages_of, pdf_with_layers
from tests.test_documents import cells, read_as, report_of, stored, synthetic, truth
from tests.test_pictures import needs_ocr

SHOWN, UNSEEN = "全年收到申请12件", "全年收到申请99件"
FONT = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")
IMAGE = "q 600 0 0 840 0 0 cm /I Do Q"


def text(words: str, x: float = 60, y: float = 700, mode: int = 0, more: str = "") -> str:
    return f"BT {more} {mode} Tr /F 12 Tf {x} {y} Td <{words.encode('utf-16-be').hex()}> Tj ET"


def with_image(streams: list[str], *, mask: str = "") -> bytes:
    """A PDF whose pages may draw /I, one grey pixel over the whole page."""
    body = office.pdf_of(streams).decode("latin-1").replace("/Resources << ", "/Resources << /XObject << /I 9 0 R >> ")
    image = f"<< /Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray /BitsPerComponent 8 {mask} /Length 1 >>"
    return indexed(body[: body.index("xref\n")] + f"9 0 obj\n{image}\nstream\nA\nendstream\nendobj\n")


def prose(body: bytes) -> str:
    return "".join(read(body, "pdf").prose)


@pytest.fixture
def without_ocr(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture, "is_possible", lambda: False)


@pytest.mark.parametrize(
    "unseen",
    [
        text(UNSEEN, mode=3, y=650),
        text(UNSEEN, mode=7, x=62, y=700),
        f"/OC /L BDC {text(UNSEEN, y=650)} EMC",
        f"/OC /L BDC /Span BMC {text(UNSEEN, y=650)} EMC EMC",
        f"1 g {text(UNSEEN, y=650)} 0 g",
        f"1 1 1 rg {text(UNSEEN, y=650)} 0 g",
        text(UNSEEN, x=700),
        text(UNSEEN, y=-40),
        f"BT /F 30 Tf 0.7 0.7 -0.7 0.7 200 500 Tm <{UNSEEN.encode('utf-16-be').hex()}> Tj ET",
    ],
)
def test_what_is_not_seen_is_no_text(unseen: str) -> None:
    for stream in (f"{unseen}\n{text(SHOWN)}", f"{text(SHOWN)}\n{unseen}"):
        assert read(pdf_with_layers([stream]), "pdf").prose == [SHOWN]


def test_white_text_on_a_dark_ground_and_a_layer_that_is_on_are_text() -> None:
    dark = f"0.2 g 50 640 300 30 re f 1 g {text(UNSEEN, y=650)} 0 g"
    assert prose(pdf_with_layers([f"{text(SHOWN)}\n{dark}"])) == SHOWN + UNSEEN
    layered = pdf_with_layers([f"{text(SHOWN)} /OC /L BDC {text(UNSEEN, y=650)} EMC"]).replace(
        b"/OFF [8 0 R]", b"/ON  [8 0 R]"
    )
    assert prose(layered) == SHOWN + UNSEEN


def test_what_an_image_was_painted_over_is_not_seen() -> None:
    page = "\n".join(text(SHOWN, y=600 - 20 * n) for n in range(8))
    assert prose(with_image([f"{text(UNSEEN)} {IMAGE} {page}"])) == SHOWN * 8
    assert prose(with_image([f"{text(UNSEEN)} {IMAGE} {page}"], mask="/Mask [60 70]")) == UNSEEN + SHOWN * 8


@pytest.mark.parametrize("layer", [text(SHOWN * 9, mode=3), "", text("第1页", y=30)])
def test_a_scan_is_not_read_by_the_text_that_lies_under_it(layer: str, without_ocr: None) -> None:
    with pytest.raises(DocumentError) as told:
        read(with_image([f"{IMAGE} {layer}"]), "pdf")
    assert told.value.kind == "unread"
    assert "make ocr" in str(told.value)


def test_a_scan_among_pages_of_text_is_told_by_its_number(without_ocr: None) -> None:
    content = read(with_image([text(SHOWN), IMAGE, text("结转4件"), f"{IMAGE} {text(UNSEEN, mode=3)}"]), "pdf")
    assert "".join(content.prose) == f"{SHOWN}结转4件"
    (problem,) = content.problems
    assert (problem.kind, "2, 4" in problem.message, "make ocr" in problem.message) == ("unread", True, True)


@pytest.mark.parametrize("has_font", [True, False])
def test_characters_that_are_not_mapped_are_no_text(without_ocr: None, *, has_font: bool) -> None:
    made = synthetic()
    body = office.pdf(made).replace(b"/ToUnicode 5 0 R", b" " * 16)
    if has_font:
        body = body.replace(b"/Ascent 900 /Descent -100", b"/FontFile2 5 0 R         ")
    with pytest.raises(DocumentError) as told:
        read(body, "pdf")
    assert "cid" not in str(told.value)
    assert ("make ocr" in str(told.value), told.value.kind) == (has_font, "unread" if has_font else "damaged")


def test_one_character_that_is_not_mapped_leaves_its_cell_unsure() -> None:
    made = synthetic()
    figure = "0031"
    body = office.pdf(made).replace(b"<0020> <007E> <0020>", b"<0020> <0030> <0020>")
    assert figure.encode() in body
    found = report_of(body)
    false = {key: value for key, value in cells(found, "pdf").items() if truth(made)[key] != value}
    assert not [value for value, _ in false.values() if value is not None]
    assert "cid" not in found.text


def scan(lines: list[tuple[int, str]]) -> Image.Image:
    """A page with these lines: size and text."""
    image = Image.new("L", (1240, 1754), 255)
    pen = ImageDraw.Draw(image)
    y = 120
    for size, line in lines:
        pen.text((150, y), line, fill=20, font=ImageFont.truetype(str(FONT), size))
        y += int(size * 1.9)
    return image


@needs_ocr
@pytest.mark.skipif(not FONT.exists(), reason="no font to draw a scan with (Debian: apt-get install fonts-noto-cjk)")
@pytest.mark.parametrize(
    ("body", "year", "received"), [("临川市青溪区民政局", 2022, 12), ("云岭县人民政府办公室", 2023, 305)]
)
def test_a_report_that_is_a_scan_is_a_report(body: str, year: int, received: int) -> None:
    lines = [
        (40, f"{body}{year}年"),
        (40, "政府信息公开工作年度报告"),
        (30, "一、总体情况"),
        (30, f"    {year}年，本机关共收到政府信息公开申请{received}件。"),
        (30, "二、主动公开政府信息情况"),
        (30, "三、收到和处理政府信息公开申请情况"),
        (30, f"    {year + 1}年1月20日"),
    ]
    out = io.BytesIO()
    scan(lines).save(out, "PDF", resolution=150)
    found = report_of(out.getvalue())
    assert (found.is_report, found.title) == (True, f"{body}{year}年政府信息公开工作年度报告")
    assert (found.issuing_body, found.report_year) == (body, year)
    assert f"收到政府信息公开申请{received}件" in found.text
    assert "一、总体情况" in found.text
    assert {s.value for s in found.statistics if s.row_name == "new_received"} == {received}
    with pypdfium2.PdfDocument(office.pdf(synthetic())) as mixed, pypdfium2.PdfDocument(out.getvalue()) as scanned:
        mixed.import_pages(scanned)
        whole = io.BytesIO()
        mixed.save(whole)
    content = read(whole.getvalue(), "pdf")
    assert content.origin == "pdf"
    assert any(f"收到政府信息公开申请{received}件" in line for line in content.prose)


# --- OFD ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "year"), [("cn-2019", 2020), ("cn-2021", 2022), ("hybrid", 2023)])
def test_an_ofd_is_read_by_the_places_of_its_objects(kind: str, year: int) -> None:
    made = synthetic(kind, year=year)
    for seed in (1, 2):
        draw = random.Random(seed)
        content = read(ofd_of(pages_of(made, draw), draw), "ofd")
        assert content.kind == "ofd"
        assert JUNK not in "".join(content.prose)
        found = read_as(stored(ofd_of(pages_of(made, draw), draw)))
        assert (found.title, cells(found, "pdf")) == (made.title, truth(made))
        assert {s.standing for s in found.table_sources} == {"verified"}
        assert not [part for part in found.parts if part.state == PartState.UNREAD]


def test_texts_of_an_ofd_stand_where_their_template_and_matrix_say() -> None:
    page = PageMade(texts=[(60, 100, 12, "一、总体情况"), (60, 130, 12, "收到12件")])
    body = ofd_of([page], random.Random(3))
    members = made_documents.members_of(body)
    content = members["Doc_0/Pages/Page_0/Content.xml"].decode()
    texts = content[content.index("<ofd:Layer") : content.index("</ofd:Content>")]
    space = 'xmlns:ofd="http://www.ofdspec.org/2016"'
    members["Doc_0/Tpls/T.xml"] = f"<ofd:Page {space}><ofd:Content>{texts}</ofd:Content></ofd:Page>".encode()
    area = content[content.index("<ofd:Area>") : content.index("<ofd:Content>")]
    members["Doc_0/Pages/Page_0/Content.xml"] = (
        f'<ofd:Page {space}>{area}<ofd:Template TemplateID="7"/></ofd:Page>'.encode()
    )
    document = members["Doc_0/Document.xml"].decode()
    listed = '<ofd:CommonData><ofd:TemplatePage ID="7" BaseLoc="Tpls/T.xml"/></ofd:CommonData>'
    members["Doc_0/Document.xml"] = document.replace("<ofd:CommonData/>", listed).encode()
    assert read(office.package({**members}), "ofd").prose == read(body, "ofd").prose == ["一、总体情况收到12件"], (
        "short lines"
    )


def test_an_ofd_that_is_a_scan_says_what_reads_it(without_ocr: None) -> None:
    out = io.BytesIO()
    Image.new("L", (60, 84), 200).save(out, "PNG")
    members = made_documents.members_of(ofd_of([PageMade()], random.Random(1)))
    space = 'xmlns:ofd="http://www.ofdspec.org/2016"'
    members["Doc_0/Res/scan.png"] = out.getvalue()
    members["Doc_0/DocumentRes.xml"] = (
        f'<ofd:Res {space} BaseLoc="Res"><ofd:MultiMedias><ofd:MultiMedia ID="5" Type="Image">'
        "<ofd:MediaFile>scan.png</ofd:MediaFile></ofd:MultiMedia></ofd:MultiMedias></ofd:Res>"
    ).encode()
    document = members["Doc_0/Document.xml"].decode()
    named = "<ofd:CommonData><ofd:DocumentRes>DocumentRes.xml</ofd:DocumentRes></ofd:CommonData>"
    members["Doc_0/Document.xml"] = document.replace("<ofd:CommonData/>", named).encode()
    page = members["Doc_0/Pages/Page_0/Content.xml"].decode()
    image = '<ofd:ImageObject Boundary="0 0 211 296" ResourceID="5"/>'
    members["Doc_0/Pages/Page_0/Content.xml"] = page.replace("</ofd:Layer>", f"{image}</ofd:Layer>").encode()
    with pytest.raises(DocumentError) as told:
        read(office.package({**members}), "ofd")
    assert (told.value.kind, "make ocr" in str(told.value)) == ("unread", True)


# --- tables without rules -------------------------------------------------------------------------------------------


def without_rules(kind: str, year: int, faults: tuple[str, ...] = (), seed: int = 1) -> Report:
    made = synthetic(kind, *faults, year=year)
    pages = pages_of(made, random.Random(seed))
    streams = ["\n".join(made_documents._pdf_text(*one) for one in page.texts) for page in pages]
    return report_of(office.pdf_of(streams))


@pytest.mark.parametrize(("kind", "year"), [("cn-2019", 2020), ("cn-2021", 2022), ("cn-2021", 2023), ("hybrid", 2024)])
def test_tables_without_rules_are_laid_on_the_form(kind: str, year: int) -> None:
    for seed in (1, 2):
        found = without_rules(kind, year, seed=seed)
        right = truth(synthetic(kind, year=year))
        read_cells = cells(found, "pdf")
        assert {key for key in read_cells if key[0] == 3} == {key for key in right if key[0] == 3}
        assert {key: value for key, value in read_cells.items() if right[key] != value} == {}


@pytest.mark.parametrize("fault", ["t3-a", "t3-b", "t3-c"])
def test_a_table_without_rules_that_does_not_add_up_is_left_out(fault: str) -> None:
    found = without_rules("cn-2021", 2022, (fault,))
    assert not [key for key in cells(found, "pdf") if key[0] == 3]
    assert {s.standing for s in found.table_sources if s.table_no == 3 and s.origin == "pdf"} <= {"unread"}
    assert {part.state for part in found.parts if part.part == "table_three"} & {"unread", "doubtful"}


@pytest.mark.parametrize(("kind", "year"), [("cn-2019", 2019), ("cn-2021", 2023), ("hybrid", 2022)])
def test_table_two_without_rules_is_never_silently_plain(kind: str, year: int) -> None:
    found = without_rules(kind, year)
    right = truth(synthetic(kind, year=year))
    read_cells = {key: value for key, value in cells(found, "pdf").items() if key[0] == 2}
    assert {key: value for key, value in read_cells.items() if right[key] != value} == {}
    assert not [s for s in found.statistics if s.origin == "html"]
    assert {s.standing for s in found.table_sources if s.table_no == 2} <= {"unverified", "incomplete", "unread"}
    assert {part.state for part in found.parts if part.part == "table_two"} <= {"doubtful", "unread"}


# --- two columns ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("size", "gap"), [(10, 24), (12, 16)])
def test_two_columns_are_read_one_after_the_other(size: int, gap: int) -> None:
    made = synthetic()
    paragraphs = [paragraph for paragraph in made.paragraphs() if len(paragraph) > 20][:6]
    wide = (480 - gap) // 2 // size
    column: list[tuple[int, str]] = []
    for paragraph in paragraphs:
        whole = "\u3000\u3000" + paragraph
        for start in range(0, len(whole), wide):
            part = whole[start : start + wide]
            column.append((size * (len(part) - len(part.lstrip("\u3000"))), part.lstrip("\u3000")))
    half = -(-len(column) // 2)
    lines = [text(made.title, x=100, y=780)]
    for n, (indent, part) in enumerate(column):
        x, row = (60, n) if n < half else (60 + wide * size + gap, n - half)
        code = part.encode("utf-16-be").hex()
        lines.append(f"BT /F {size} Tf {x + indent} {740 - row * 1.5 * size:.1f} Td <{code}> Tj ET")
    found = read(office.pdf_of(["\n".join(lines)]), "pdf").prose
    assert "".join(found) == made.title + "".join(paragraphs)


def test_labels_and_values_beside_each_other_are_no_columns() -> None:
    rows = [("发文机关", "临川市青溪区民政局"), ("成文日期", "2023年1月20日"), ("发布日期", "2023年1月22日")]
    lines = [
        text(label, y=700 - 20 * n) + " " + text(value, x=330, y=700 - 20 * n) for n, (label, value) in enumerate(rows)
    ]
    found = "".join(read(office.pdf_of(["\n".join(lines)]), "pdf").prose).replace(" ", "")
    assert found == "".join(label + value for label, value in rows)
