"""Characters in the cells of a picture: lines of a cell by its ink, each read by itself, with the reader's confidence.

The text detector of an OCR system misses single digits, and one digit in a cell is what these tables are made of. The
rules say where cells are, the ink where their lines are, so only the recogniser is asked. It repairs nothing but what
shapes prove: a ring is a zero, a flat stroke a dash, a slanted one a slash.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
from rapidocr import RapidOCR

from pipelines.documents.picture.rules import Picture

UNREAD = "?"
"""Stands behind a figure that is not sure, and for ink that is no character."""
SURE = 0.7
"""Confidence below which a figure is not sure. Of 950 right ones in degraded pictures two were below."""

_ZERO = frozenset("0oOοО。.〇○◯口Qq°")
_ONE = frozenset("1lI|!丨丿/／ノJi")
_FLAT = frozenset("-—–―－一_~～.…")
_FIGURES = re.compile(r"[\d,，.．+\-－—%oOlI|/／?。〇○元万件亿宗条()（）]+")
_DIGITS = str.maketrans("oOоО〇○。lI|，．－／", "0000000111,.-/")


class Recogniser:
    """RapidOCR's recogniser. Models come with the package; nothing is fetched. Loading takes a second."""

    def __init__(self) -> None:
        threads = {f"EngineConfig.onnxruntime.{name}_op_num_threads": 1 for name in ("intra", "inter")}
        self._engine: Any = RapidOCR(params={"Global.log_level": "critical", **threads})
        self._known: dict[tuple[tuple[int, ...], bytes], tuple[str, float]] = {}

    def clear(self) -> None:
        """Forget the lines of the last picture; within one, equal pixels are recognised once."""
        self._known.clear()

    def line(self, grey: Picture) -> tuple[str, float]:
        """One line of text and how sure it is (0 to 1)."""
        key = (grey.shape, grey.tobytes())
        if key not in self._known:
            result = self._engine(
                cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), use_det=False, use_cls=False, use_rec=True, text_score=0.0
            )
            self._known[key] = (str(result.txts[0]), float(result.scores[0])) if result.txts else ("", 0.0)
        return self._known[key]

    def lines(self, grey: Picture) -> Iterator[tuple[str, float, tuple[int, int, int, int]]]:
        """The lines of text of a page from top to bottom: text, how sure it is, and top, left, bottom and right."""
        result = self._engine(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), use_det=True, use_cls=False, use_rec=True)
        if result.boxes is None:
            return
        found = []
        for box, text, score in zip(result.boxes, result.txts, result.scores, strict=True):
            xs, ys = [int(point[0]) for point in box], [int(point[1]) for point in box]
            found.append((min(ys), min(xs), max(ys), max(xs), str(text), float(score)))
        for line in _in_rows(found):
            tops, lefts, bottoms, rights, texts, scores = zip(*line, strict=True)
            yield "".join(texts), min(scores), (min(tops), min(lefts), max(bottoms), max(rights))

    def cell(self, grey: Picture, mask: Picture, size: float) -> tuple[str, float]:
        """The text of a cell and the least confidence of its lines; `size` is the height of characters, in pixels.

        A cell without ink is blank. A figure that is not sure ends with UNREAD.
        """
        clean = _without_specks(mask, size)
        texts, sureness = [], [1.0]
        for top, bottom in _lines(clean, size):
            text, confidence = self.line(_cut(grey, clean, top, bottom, size))
            shape = _shape(clean[top:bottom], size)
            if shape and len(text.strip()) <= 1:
                text, confidence = _repaired(text.strip(), confidence, shape)
            texts.append(text)
            sureness.append(confidence)
            if _FIGURES.fullmatch(text.replace(" ", "")) and _pieces(clean[top:bottom], size) > len(text.strip()):
                sureness.append(0.0)  # a digit was passed over
        text, confidence = "".join(texts), min(sureness)
        if texts and not text.strip():
            return UNREAD, confidence
        if _FIGURES.fullmatch(text.replace(" ", "")):
            text = text.translate(_DIGITS)
            if len(texts) > 1:
                confidence = 0.0  # a figure torn over lines, or beside it ink that is none of it
            if confidence < SURE and any(map(str.isdigit, text)):
                text += UNREAD
        return text, confidence


_Found = tuple[int, int, int, int, str, float]
"""Top, left, bottom, right, text and confidence of a piece of a line."""


def _in_rows(found: list[_Found]) -> Iterator[list[_Found]]:
    """The pieces of each line from left to right: a gap, as before a date, parts them."""
    row: list[_Found] = []
    for one in sorted(found):
        if row and (one[0] + one[2]) / 2 > max(piece[2] for piece in row[:1]):
            yield sorted(row, key=lambda piece: piece[1])
            row = []
        row.append(one)
    if row:
        yield sorted(row, key=lambda piece: piece[1])


def _without_specks(mask: Picture, size: float) -> Picture:
    """The ink of a cell without what is too small for a character, and without what is left of its rules."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    least, thin = max(3.0, 3 * (size / 16) ** 2), max(2.0, 0.2 * size)
    bottom, right = mask.shape
    kept = [0]
    for x, y, width, height, area in stats[1:].tolist():
        is_rest = (height <= thin and (y == 0 or y + height == bottom)) or (
            width <= thin and (x == 0 or x + width == right)
        )
        kept.append(int(area >= least and not is_rest))
    clean = np.asarray(kept, dtype=np.uint8)[labels]
    return clean if clean.sum() >= max(5.0, 4 * (size / 16) ** 2) else np.zeros_like(clean)


def _lines(mask: Picture, size: float) -> list[tuple[int, int]]:
    """Top and bottom of each line: rows of ink, those together that are one character's, as of 二."""
    places = np.flatnonzero(mask.any(axis=1))
    if not len(places):
        return []
    lines: list[tuple[int, int]] = []
    for run in np.split(places, np.flatnonzero(np.diff(places) > 2) + 1):
        top, bottom = int(run[0]), int(run[-1]) + 1
        if lines and bottom - lines[-1][0] <= 1.25 * size:
            lines[-1] = (lines[-1][0], bottom)
        else:
            lines.append((top, bottom))
    return lines


def _cut(grey: Picture, mask: Picture, top: int, bottom: int, size: float) -> Picture:
    """A line with paper around it, as high as a line is: a stroke's size distinguishes a dash from 一."""
    places = np.flatnonzero(mask[top:bottom].any(axis=0))
    middle, half = (top + bottom) / 2, max((bottom - top) / 2, size / 2) * 1.15
    margin = int(size * 0.35)
    upper, left = max(0, int(middle - half)), max(0, int(places[0]) - margin)
    line = grey[upper : int(middle + half) + 1, left : int(places[-1]) + 1 + margin]
    paper = int(np.percentile(line, 90))
    side = margin // 2 + 2
    return np.asarray(cv2.copyMakeBorder(line, 2, 2, side, side, cv2.BORDER_CONSTANT, value=paper), dtype=np.uint8)


def _pieces(mask: Picture, size: float) -> int:
    """How many characters stand apart in a line; commas and points are none."""
    places = np.flatnonzero(mask.any(axis=0))
    runs = np.split(places, np.flatnonzero(np.diff(places) > 1) + 1)
    heights = [int(mask[:, run[0] : run[-1] + 1].any(axis=1).sum()) for run in runs if len(run)]
    return sum(height >= 0.6 * size for height in heights)


def _shape(mask: Picture, size: float) -> str | None:
    """What a single stroke is by its shape: ring, flat, slanted or upright; None for other shapes."""
    count, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    if count != 2:
        return None
    width, height = stats[1].tolist()[2:4]
    if width >= 2 * height:
        return "flat"
    if height < 0.5 * size:
        return None
    contours, levels = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    holes = [cv2.contourArea(c) for c, level in zip(contours, levels[0], strict=True) if level[3] >= 0]
    if len(holes) == 1 and holes[0] >= 0.15 * width * height:
        return "ring"
    if holes or width > 0.8 * height:
        return None
    ys, xs = np.nonzero(mask)
    slope, start = np.polyfit(ys, xs, 1)
    astray = np.abs(xs - (slope * ys + start)).mean()
    if slope < -0.2:
        return "slanted" if astray <= 0.07 * height else None  # an italic 1 has a flag
    return "upright" if abs(slope) < 0.12 and astray <= 0.1 * height else None


def _repaired(text: str, confidence: float, shape: str) -> tuple[str, float]:
    """What a shape proves of a single character: only what looks alike is taken for another."""
    if shape == "ring" and text in _ZERO:
        return "0", max(confidence, SURE)
    if shape == "flat" and (text in _FLAT or not text):
        return "-", max(confidence, SURE)
    if shape == "slanted" and (text in _ONE or not text):
        return "/", max(confidence, SURE)
    if shape == "upright" and text in _ONE - {"/", "／", "丿", "ノ"}:
        return "1", confidence
    return text, confidence
