"""What a page of a PDF shows: a page whose characters are those that a reader of it sees.

Left out is text that is invisible (the text layer under a scan), switched off, painted over, white on white, or beyond
the page's edge. Characters that the PDF does not map to text are UNMAPPED.
"""

from __future__ import annotations

from typing import Any

from pdfminer.pdfinterp import PDFPageInterpreter
from pdfminer.pdftypes import resolve1
from pdfminer.psparser import PSLiteral, literal_name
from pdfplumber.page import Page, PDFPageAggregatorWithMarkedContent
from pdfplumber.utils.exceptions import PdfminerException

UNMAPPED = "\ufffd"
"""Stands for a character of which the PDF does not say what it is."""
_INVISIBLE = frozenset((3, 7))
"""Text rendering modes that draw nothing."""
_COVERS = 0.9
"""How much of a page an image covers that is painted over all that was drawn before it."""
_WHITE = 0.97
_DARK = 0.9
_MOST_UNMAPPED = 0.2
"""Share of a page's characters; more, and its text is no text."""
_FEW_CHARACTERS = 50
"""A page number, a stamp, a heading: a page that is a picture may have so many beside it."""
_MOSTLY_PICTURE = 0.5
"""How much of a page images cover where the page is a scan."""
_MANY_CURVES = 300
"""Characters drawn as outlines: a page without text that consists of curves."""


class VisiblePage(Page):
    """A page of an open PDF, as it is seen."""

    @property
    def layout(self) -> Any:
        """What is drawn and seen; pdfplumber takes characters, images and rules from it."""
        if not hasattr(self, "_layout"):
            device = _Device(self.pdf.rsrcmgr, pageno=self.page_number, laparams=self.pdf.laparams)
            interpreter = _Interpreter(self.pdf.rsrcmgr, device)
            interpreter.off = _layers_off(self.pdf.doc)
            try:
                interpreter.process_page(self.page_obj)
            except Exception as error:  # as pdfplumber does: pdfminer trusts the objects of a file
                raise PdfminerException(error) from error
            self._layout = device.get_result()
            self._has_its_fonts = device.has_its_fonts
        return self._layout

    @property
    def is_garbled(self) -> bool:
        """Whether the page does not say what its characters are."""
        texts = [char["text"] for char in self.chars if not char["text"].isspace()]
        unmapped = sum(text == UNMAPPED or "\ue000" <= text[:1] <= "\uf8ff" for text in texts)
        return bool(unmapped > _MOST_UNMAPPED * len(texts))

    @property
    def has_its_fonts(self) -> bool:
        """Whether the file holds the fonts of the characters that it does not map: without them it cannot be drawn."""
        return self.layout is not None and self._has_its_fonts

    @property
    def is_picture(self) -> bool:
        """Whether the page is a scan, or text that is drawn and not set."""
        if sum(not char["text"].isspace() for char in self.chars) > _FEW_CHARACTERS:
            return False
        area = sum(image["width"] * image["height"] for image in self.images)
        return area > _MOSTLY_PICTURE * float(self.width * self.height) or len(self.curves) > _MANY_CURVES


def is_seen(page: Page, char: dict[str, Any]) -> bool:
    """Whether a character is on the page, and not white on white."""
    x, y = (char["x0"] + char["x1"]) / 2, (char["top"] + char["bottom"]) / 2
    if page.page_obj.rotate == page.rotation:  # pdfplumber does not turn the edges of a page that was turned here
        left, top, right, bottom = page.cropbox
        if not (left <= x <= right and top <= y <= bottom):
            return False
    return not _is_white(char["non_stroking_color"]) or any(
        one["x0"] <= x <= one["x1"]
        and one["top"] <= y <= one["bottom"]
        and (one["object_type"] == "image" or (one["fill"] and not _is_white(one["non_stroking_color"], _DARK)))
        for one in (*page.rects, *page.curves, *page.images)
    )


def _is_white(colour: Any, least: float = _WHITE) -> bool:
    if not isinstance(colour, tuple | list) or not all(isinstance(part, int | float) for part in colour):
        return False
    if len(colour) == 4:
        return all(part <= 1 - least for part in colour)
    return len(colour) in (1, 3) and all(part >= least for part in colour)


def _layers_off(document: Any) -> frozenset[int]:
    """Numbers of the layers (optional content groups) that are off when the document is opened."""
    properties = resolve1(document.catalog.get("OCProperties"))
    settings = resolve1(properties.get("D")) if isinstance(properties, dict) else None
    if not isinstance(settings, dict):
        return frozenset()
    off = {_number(one) for one in resolve1(settings.get("OFF")) or ()}
    state = settings.get("BaseState")
    if isinstance(state, PSLiteral) and state.name == "OFF":
        on = {_number(one) for one in resolve1(settings.get("ON")) or ()}
        off |= {_number(one) for one in resolve1(properties.get("OCGs")) or ()} - on
    return frozenset(number for number in off if number is not None)


def _number(reference: Any) -> int | None:
    return getattr(reference, "objid", None)


class _Interpreter(PDFPageInterpreter):
    """Says to the device where a layer begins that is switched off."""

    off: frozenset[int] = frozenset()

    device: _Device

    def subinterp(self) -> PDFPageInterpreter:
        inner = super().subinterp()
        if isinstance(inner, _Interpreter):
            inner.off = self.off
        return inner

    def _is_off(self, layer: Any) -> bool:
        """Whether a layer, or every one of a group of layers, is off."""
        if _number(layer) in self.off:
            return True
        group = resolve1(layer)
        layers = group.get("OCGs") if isinstance(group, dict) else None
        if layers is None:
            return False
        named = layers if isinstance(layers, list) else [layers]
        return bool(named) and all(_number(one) in self.off for one in named)

    def do_BDC(self, tag: Any, props: Any) -> None:  # noqa: N802 - pdfminer's name
        if self.off and isinstance(tag, PSLiteral) and tag.name == "OC" and isinstance(props, PSLiteral):
            layers = resolve1(self.resources.get("Properties"))
            if isinstance(layers, dict) and self._is_off(layers.get(props.name)):
                self.device.hides_next_tag = True
        super().do_BDC(tag, props)

    def do_Do(self, xobjid_arg: Any) -> None:  # noqa: N802 - pdfminer's name
        if self.off:
            drawn = resolve1(self.xobjmap.get(literal_name(xobjid_arg)))
            if drawn is not None and self._is_off(drawn.get("OC")):
                return
        super().do_Do(xobjid_arg)


class _Device(PDFPageAggregatorWithMarkedContent):
    """Keeps what is seen of all that is drawn."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.has_its_fonts = True
        self.hides_next_tag = False
        self._tags: list[bool] = []
        self._is_invisible = False
        self._drawn: list[tuple[Any, Any]] = []
        """Every character, with what it is in."""

    def begin_tag(self, tag: Any, props: Any = None) -> None:
        self._tags.append(self.hides_next_tag)
        self.hides_next_tag = False
        super().begin_tag(tag, props)

    def end_tag(self) -> None:
        if self._tags:
            self._tags.pop()
        super().end_tag()

    def render_string(self, textstate: Any, *args: Any, **kwargs: Any) -> None:
        self._is_invisible = textstate.render in _INVISIBLE
        super().render_string(textstate, *args, **kwargs)

    def render_char(self, *args: Any, **kwargs: Any) -> float:
        advance: float = super().render_char(*args, **kwargs)
        if self._is_invisible or any(self._tags):
            self.cur_item._objs.pop()
        else:
            self._drawn.append((self.cur_item, self.cur_item._objs[-1]))
        return advance

    def render_image(self, name: str, stream: Any) -> None:
        if any(self._tags):
            return
        super().render_image(name, stream)
        page = self._stack[0] if self._stack else self.cur_item
        image = self.cur_item
        area = max(0, min(image.x1, page.x1) - max(image.x0, page.x0)) * max(
            0, min(image.y1, page.y1) - max(image.y0, page.y0)
        )
        if area > _COVERS * page.width * page.height and not any(
            key in stream for key in ("SMask", "Mask", "ImageMask")
        ):
            gone = {id(char) for _, char in self._drawn}
            for holder in {id(holder): holder for holder, _ in self._drawn}.values():
                holder._objs = [one for one in holder._objs if id(one) not in gone]
            self._drawn.clear()

    def paint_path(self, *args: Any, **kwargs: Any) -> None:
        if not any(self._tags):
            super().paint_path(*args, **kwargs)

    def handle_undefined_char(self, font: Any, cid: int) -> str:
        self.has_its_fonts &= any(name in font.descriptor for name in ("FontFile", "FontFile2", "FontFile3"))
        return UNMAPPED
