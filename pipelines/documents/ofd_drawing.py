"""The objects of OFD pages drawn as a PDF: one font whose codes are UTF-16, every character at its own place.

OFD measures in millimetres from the top left, PDF in points from the bottom left.
"""

from __future__ import annotations

import io
import re
import zlib
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from PIL import Image, UnidentifiedImageError

POINTS = 72 / 25.4
"""In a millimetre."""
MOST_PIXELS = 40_000_000
_LONGEST = 2_000_000
"""Numbers of one attribute; a text object has one a character."""
_NARROW = 0.5
"""Of its size, that a character of ASCII takes."""
_CONTINUES = 1.3
"""Of its size, up to which a character goes on to the next without a gap."""
_FIRST_FREE = 6
_NUMBER = re.compile(r"-?\d*\.?\d+(?:[eE][-+]?\d+)?")
_STEP = re.compile(r"[A-Z]|-?\d*\.?\d+(?:[eE][-+]?\d+)?")
_ARGUMENTS = {"M": 2, "S": 2, "L": 2, "Q": 4, "B": 6, "A": 7, "C": 0}


def numbers(text: str | None) -> list[float]:
    """The numbers of an attribute."""
    return [float(one) for one in _NUMBER.findall((text or "")[:_LONGEST])]


def _deltas(text: str | None, count: int) -> list[float]:
    """Distances between characters; `g 3 5.5` stands for three of 5.5."""
    found: list[float] = []
    parts = (text or "")[:_LONGEST].split()
    at = 0
    while at < len(parts) and len(found) < count:
        if parts[at] == "g" and len(parts) > at + 2:
            repeats, value = numbers(parts[at + 1]), numbers(parts[at + 2])
            if repeats and value:
                found += value[:1] * min(int(repeats[0]), count)
            at += 3
        else:
            found += numbers(parts[at])
            at += 1
    return found[:count]


@dataclass(slots=True)
class _Place:
    """Where an object stands: its own measures, turned by a matrix and moved to its box, in points from the bottom."""

    x: float
    y: float
    matrix: tuple[float, float, float, float, float, float]
    height: float

    def point(self, x: float, y: float) -> str:
        a, b, c, d, e, f = self.matrix
        right, down = self.x + a * x + c * y + e, self.y + b * x + d * y + f
        return f"{right * POINTS:.3f} {(self.height - down) * POINTS:.3f}"


class PageDrawing:
    """The content stream of one page."""

    def __init__(self, drawing: Drawing, box: tuple[float, float, float, float]) -> None:
        self._drawing = drawing
        self.box = box
        self.stream: list[str] = []
        self.pictures: dict[str, int] = {}

    def _place(self, element: Any) -> _Place:
        box = [*numbers(element.get("Boundary")), 0.0, 0.0]
        matrix = numbers(element.get("CTM"))
        turned = (
            (matrix[0], matrix[1], matrix[2], matrix[3], matrix[4], matrix[5])
            if len(matrix) == 6
            else (1, 0, 0, 1, 0, 0)
        )
        return _Place(box[0] - self.box[0], box[1] - self.box[1], turned, self.box[3])

    def text(self, element: Any) -> None:
        """A text object: each of its characters."""
        box = numbers(element.get("Boundary"))
        size = next(iter(numbers(element.get("Size"))), box[3] if len(box) > 3 else 0.0)
        if size <= 0 or (element.get("Fill") == "false" and element.get("Stroke") != "true"):
            return
        place = self._place(element)
        a, b, c, d, *_ = place.matrix
        stretched = next(iter(numbers(element.get("HScale"))), 1.0)
        x = y = 0.0
        self.stream.append(f"q {_colour(element, 'FillColor', 'rg')} BT")
        for code in element:
            if not isinstance(code.tag, str) or not code.tag.endswith("TextCode") or not code.text:
                continue
            text = code.text
            widths = [size * stretched * (_NARROW if character.isascii() else 1) for character in text]
            x, y = (next(iter(numbers(code.get(name))), before) for name, before in (("X", x), ("Y", y)))
            across = _deltas(code.get("DeltaX"), len(text) - 1)
            across += widths[len(across) : -1]
            down = _deltas(code.get("DeltaY"), len(text) - 1)
            down += [0.0] * (len(text) - 1 - len(down))
            xs, ys = accumulate(across, initial=x), accumulate(down, initial=y)
            for character, width, step, at_x, at_y in zip(text, widths, [*across, 0.0], xs, ys, strict=True):
                wide = step if 0 < step <= _CONTINUES * size * stretched else width
                scale = 100 * wide / (size * (_NARROW if character.isascii() else 1))
                turned = f"{a:.4f} {-b:.4f} {-c:.4f} {d:.4f} {place.point(at_x, at_y)}"
                shown = self._drawing.code(character)
                self.stream.append(f"/F {size * POINTS:.3f} Tf {scale:.2f} Tz {turned} Tm <{shown}> Tj")
            x, y = x + sum(across) + widths[-1], y + sum(down)
        self.stream.append("ET Q")

    def path(self, element: Any) -> None:
        """A path: rules, frames, fills. Curves are drawn, arcs are their chords."""
        strokes, fills = element.get("Stroke") != "false", element.get("Fill") == "true"
        if not (strokes or fills):
            return
        place = self._place(element)
        steps: list[str] = []
        for data in element:
            if not isinstance(data.tag, str) or not data.tag.endswith("AbbreviatedData"):
                continue
            tokens = _STEP.findall((data.text or "")[:_LONGEST])
            at = 0
            while at < len(tokens):
                name, count = tokens[at], _ARGUMENTS.get(tokens[at], 0)
                values = [float(one) for one in tokens[at + 1 : at + 1 + count] if not one.isalpha()]
                at += 1 + len(values)
                if name in _ARGUMENTS and len(values) == count:
                    steps.append(_step(name, values, place))
        if not steps:
            return
        width = next(iter(numbers(element.get("LineWidth"))), 0.353)
        colours = f"{_colour(element, 'FillColor', 'rg')} {_colour(element, 'StrokeColor', 'RG')}"
        operator = "B" if strokes and fills else "S" if strokes else "f"
        self.stream.append(f"q {colours} {width * POINTS:.3f} w {' '.join(steps)} {operator} Q")

    def picture(self, element: Any, data: bytes) -> None:
        """A picture in its box."""
        number = self._drawing.add_picture(data)
        box = numbers(element.get("Boundary"))
        if number is None or len(box) < 4:
            return
        x, y, width, height = box[0] - self.box[0], box[1] - self.box[1], box[2], box[3]
        name = f"I{number}"
        self.pictures[name] = number
        bottom = (self.box[3] - y - height) * POINTS
        self.stream.append(
            f"q {width * POINTS:.3f} 0 0 {height * POINTS:.3f} {x * POINTS:.3f} {bottom:.3f} cm /{name} Do Q"
        )


def _step(name: str, values: list[float], place: _Place) -> str:
    points = [place.point(x, y) for x, y in zip(values[::2], values[1::2], strict=False)]
    if name in "MS":
        return f"{points[0]} m"
    if name == "B":
        return f"{' '.join(points)} c"
    if name == "C":
        return "h"
    return f"{place.point(values[-2], values[-1])} l"


def _colour(element: Any, name: str, operator: str) -> str:
    """An operator for a colour of three parts; nothing for others, which stay black."""
    for one in element:
        if isinstance(one.tag, str) and one.tag.endswith(name):
            parts = numbers(one.get("Value"))
            if len(parts) == 3:
                return " ".join(f"{min(part, 255) / 255:.3f}" for part in parts) + f" {operator}"
    return ""


@dataclass(slots=True)
class Drawing:
    """All pages, and what they share."""

    pages: list[PageDrawing] = field(default_factory=list)
    objects: int = 0
    _codes: set[int] = field(default_factory=set)
    _pictures: list[bytes] = field(default_factory=list)
    """Each as a PDF's object."""
    _known: dict[bytes, int] = field(default_factory=dict)

    def new_page(self, box: tuple[float, float, float, float]) -> PageDrawing:
        """An empty page with these edges: left, top, width and height."""
        page = PageDrawing(self, box)
        self.pages.append(page)
        return page

    def code(self, character: str) -> str:
        """The code of a character in hexadecimal digits."""
        code = ord(character) if ord(character) < 0x10000 else 0xFFFD
        self._codes.add(code)
        return f"{code:04X}"

    def add_picture(self, data: bytes) -> int | None:
        """The number of a picture among the pictures; None for one that cannot be drawn."""
        if data not in self._known:
            try:
                with Image.open(io.BytesIO(data)) as image:
                    if image.width * image.height > MOST_PIXELS:
                        return None
                    width, height, pixels = image.width, image.height, image.convert("L").tobytes()
            except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
                return None
            packed = zlib.compress(pixels, 1)
            head = f"<< /Type /XObject /Subtype /Image /Width {width} /Height {height} /ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /FlateDecode /Length {len(packed)} >>"
            self._known[data] = len(self._pictures)
            self._pictures.append(head.encode() + b"\nstream\n" + packed + b"\nendstream")
        return self._known[data]

    def as_pdf(self) -> bytes:
        """The pages as a PDF."""
        first = _FIRST_FREE + len(self._pictures)
        kids = " ".join(f"{first + 2 * n} 0 R" for n in range(len(self.pages)))
        to_unicode = self._map().encode()
        objects: list[bytes] = [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            f"<< /Type /Pages /Kids [{kids}] /Count {len(self.pages)} >>".encode(),
            b"<< /Type /Font /Subtype /Type0 /BaseFont /O /Encoding /Identity-H /DescendantFonts [4 0 R] /ToUnicode 5 0 R >>",
            b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /O /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> "
            b"/DW 1000 /W [0 127 500] /FontDescriptor << /Type /FontDescriptor /FontName /O /Flags 4 /FontBBox [0 -120 1000 880] "
            b"/Ascent 880 /Descent -120 >> >>",
            b"<< /Length %d >>\nstream\n%s\nendstream" % (len(to_unicode), to_unicode),
            *self._pictures,
        ]
        for n, page in enumerate(self.pages):
            _, _, width, height = page.box
            pictures = " ".join(f"/{name} {_FIRST_FREE + number} 0 R" for name, number in page.pictures.items())
            objects.append(
                f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {width * POINTS:.3f} {height * POINTS:.3f}] /Contents {first + 2 * n + 1} 0 R "
                f"/Resources << /Font << /F 3 0 R >> /XObject << {pictures} >> >> >>".encode()
            )
            stream = zlib.compress("\n".join(page.stream).encode(), 1)
            objects.append(b"<< /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream))
        out = bytearray(b"%PDF-1.5\n")
        places = []
        for number, one in enumerate(objects, 1):
            places.append(len(out))
            out += b"%d 0 obj\n%s\nendobj\n" % (number, one)
        start = len(out)
        out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
        out += b"".join(b"%010d 00000 n \n" % place for place in places)
        return bytes(out) + b"trailer << /Root 1 0 R /Size %d >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)

    def _map(self) -> str:
        """What each code stands for: itself."""
        codes = sorted(self._codes)
        parts = [codes[n : n + 100] for n in range(0, len(codes), 100)]
        lines = (
            f"{len(part)} beginbfchar {' '.join(f'<{c:04X}> <{c:04X}>' for c in part)} endbfchar" for part in parts
        )
        return (
            "/CIDInit /ProcSet findresource begin begincmap /CMapName /U def 1 begincodespacerange <0000> <FFFF> "
            f"endcodespacerange {' '.join(lines)} endcmap end"
        )
