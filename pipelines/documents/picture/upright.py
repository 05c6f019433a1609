"""A picture of a table set upright: what a scanner turned and a camera saw from the side."""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipelines.documents.picture.rules import Picture, ink, regions, strokes

_STEEPEST = 5.0
"""Degrees by which a picture may be skewed."""
_SKEWED = 0.003
"""Share of a table's width by which a corner may be off before the picture is straightened."""
_STRAIGHT = 0.8
"""How much of a table's side is on one line where the table has a side there."""


def upright(grey: Picture) -> Picture:
    """A flattened picture turned so that its rules run straight."""
    height, width = grey.shape
    degrees = skew(ink(grey))
    if abs(math.radians(degrees)) * width >= 1:  # the rules fall by a pixel
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
        turned = cv2.warpAffine(grey, turn, (width, height), flags=cv2.INTER_CUBIC, borderValue=255)
        grey = np.asarray(turned, dtype=np.uint8)
    seen = _corners(strokes(grey))
    if seen is None:
        seen = _corners(ink(grey))
    if seen is None:
        return grey
    left, right = (seen[0, 0] + seen[3, 0]) / 2, (seen[1, 0] + seen[2, 0]) / 2
    top, bottom = (seen[0, 1] + seen[1, 1]) / 2, (seen[2, 1] + seen[3, 1]) / 2
    meant = np.array([(left, top), (right, top), (right, bottom), (left, bottom)], dtype=np.float32)
    if np.abs(seen - meant).max() < max(2, _SKEWED * width):
        return grey
    warp = cv2.getPerspectiveTransform(seen, meant)
    seen_from_above = cv2.warpPerspective(grey, warp, (width, height), flags=cv2.INTER_CUBIC, borderValue=255)
    return np.asarray(seen_from_above, dtype=np.uint8)


def skew(mask: Picture) -> float:
    """Degrees by which the row rules fall to the right; 0.0 where there are none."""
    width = mask.shape[1]
    found = cv2.HoughLinesP(
        mask * 255, 1, np.pi / 1440, threshold=width // 4, minLineLength=width // 4, maxLineGap=width // 50 + 2
    )
    if found is None:
        return 0.0
    left, top, right, bottom = found.reshape(-1, 4).T.astype(float)
    angles = np.degrees(np.arctan2(bottom - top, right - left))
    lengths = np.hypot(right - left, bottom - top)
    near = np.abs(angles) < _STEEPEST
    if not near.any():
        return 0.0
    order = np.argsort(angles[near])
    weights = np.cumsum(lengths[near][order])
    return float(angles[near][order][np.searchsorted(weights, weights[-1] / 2)])


def _corners(mask: Picture) -> NDArray[np.float32] | None:
    """The corners of the largest table, clockwise from the top left; None where its sides are not four straight lines."""
    found = max(regions(mask), key=lambda region: (region[2] - region[0]) * (region[3] - region[1]), default=None)
    if found is None:
        return None
    top, left, bottom, right = found
    part = mask[top:bottom, left:right] > 0
    height, width = part.shape
    columns, rows = np.arange(width), np.arange(height)
    across, down = part.any(axis=0), part.any(axis=1)
    sides = [
        _line(columns[across], part.argmax(axis=0)[across]),
        _line(rows[down], width - 1 - part[:, ::-1].argmax(axis=1)[down]),
        _line(columns[across], height - 1 - part[::-1].argmax(axis=0)[across]),
        _line(rows[down], part.argmax(axis=1)[down]),
    ]
    if any(side is None for side in sides):
        return None
    points = []
    for flat, steep in ((0, 3), (0, 1), (2, 1), (2, 3)):
        (a, b), (c, d) = sides[flat], sides[steep]  # type: ignore[misc] # none is None
        y = (a * d + b) / (1 - a * c)
        points.append((left + c * y + d, top + y))
    return np.array(points, dtype=np.float32)


def _line(along: NDArray[Any], edge: NDArray[Any]) -> tuple[float, float] | None:
    """Slope and start of the line on which most of an edge lies; None where it is not straight."""
    if len(along) < 20:
        return None
    steps = np.linspace(0, len(along) - 1, 40).astype(int)
    slopes = np.subtract.outer(edge[steps], edge[steps]) / np.maximum(
        np.abs(np.subtract.outer(along[steps], along[steps])), 1
    )
    slope = float(np.median(np.triu(slopes.T, 1)[np.triu_indices(len(steps), 1)]))
    start = float(np.median(edge - slope * along))
    on_it = np.abs(edge - slope * along - start) < 2.5
    return (slope, start) if on_it.mean() >= _STRAIGHT else None
