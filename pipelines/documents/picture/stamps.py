"""Red stamps over a page: official seals are set over text, and what is under their ink is still to be read."""

from __future__ import annotations

import cv2
import numpy as np

from pipelines.documents.picture.rules import Picture

_RED = 50
"""By how much more red than any other colour the ink of a stamp is."""
_LEAST = 0.06
"""Of the picture's width, that a stamp measures; red figures are smaller, and stay."""
_ROUND = 2.0
"""Times as wide as it is high, or the other way round, that a stamp is at most; longer red is a line of text or a rule."""


def without_stamps(colours: Picture) -> Picture:
    """A picture in red, green and blue as a grey one, in which the ink of stamps is as light as it is red.

    Black under a stamp is dark in red too, and stays.
    """
    grey = np.asarray(cv2.cvtColor(colours, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
    red, green, blue = (colours[:, :, n].astype(np.int16) for n in range(3))
    inked = np.asarray(red - np.maximum(green, blue) > _RED, dtype=np.uint8)
    if not inked.any():
        return grey
    near = max(3, grey.shape[1] // 200)
    joined = cv2.dilate(inked, np.ones((near, near), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(joined)
    least = _LEAST * grey.shape[1]
    for left, top, width, height, _ in stats[1:].tolist():
        if min(width, height) >= least and max(width, height) <= _ROUND * min(width, height):
            box = slice(top, top + height), slice(left, left + width)
            of_stamp = inked[box].astype(bool)
            grey[box][of_stamp] = np.maximum(grey[box], colours[:, :, 0][box])[of_stamp]
    return grey
