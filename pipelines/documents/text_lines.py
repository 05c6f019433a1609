"""Lines of text as a page has them, of a PDF or a scan, and the paragraphs that they are put together to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest

_GAP = re.compile(
    r"(?<=[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]) +|(?<=[0-9A-Za-z]) +(?=[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef])"
)
"""Between Han characters and figures a typesetter leaves a gap, which is no blank in the text."""
_SENTENCE_ENDS = "。！？；：.!?;:"
_LARGE = 1.15
"""Times the size of most text: a heading."""
_LARGE_IN_SCAN = 1.2
"""The same on a scan, where sizes are measured a tenth too large or too small."""
_SAME_SIZE, _SAME_SIZE_IN_SCAN = 0.5, 2.5
"""Points by which the lines of one heading may differ."""
_SECTION = re.compile(r"[一二三四五六七八]、")
"""Begins the heading of a section."""
_SET_APART = 1.5
"""How much farther from the line before than from the line after a paragraph begins that is set apart."""
PAGE_NUMBER = re.compile(r"[-—–－\s·]*(?:第\s*)?\d{1,4}(?:\s*页)?(?:\s*[/／共]\s*\d{1,4}(?:\s*页)?)?[-—–－\s·]*")
IN_MARGIN = (0.1, 0.88)
"""Of a page's height: above and below are its head and foot."""


@dataclass(slots=True)
class TextLine:
    """A line of text on a page: its ends and its top in points, and the size of its characters."""

    text: str
    x0: float
    x1: float
    top: float
    size: float
    in_margin: bool = False
    """At the head or the foot of its page."""
    is_scanned: bool = False
    """Read off a picture: where it begins and ends is less exact."""


@dataclass(slots=True)
class TextBlock:
    """Where the text of a document stands, left and right, and the size of most of it."""

    left: float
    right: float
    size: float
    is_scanned: bool = False

    @classmethod
    def of(cls, lines: list[TextLine]) -> TextBlock:
        """The block of all lines of a document."""
        return cls(
            left=min((line.x0 for line in lines), default=0.0),
            right=max((line.x1 for line in lines), default=0.0),
            size=sorted(line.size for line in lines)[len(lines) // 2] if lines else 0.0,
            is_scanned=any(line.is_scanned for line in lines),
        )

    def is_large(self, line: TextLine) -> bool:
        """Whether a line is set larger than the text, as headings are."""
        return line.size > (_LARGE_IN_SCAN if self.is_scanned else _LARGE) * self.size

    def ends_short(self, line: TextLine) -> bool:
        """Whether a line ends before the right edge, as the last of a paragraph does.

        Lines are not always justified: one that ends a little short ends a paragraph where it ends a sentence.
        """
        return line.x1 < (self.left + self.right) / 2 or (
            line.x1 < self.right - 1.6 * line.size and line.text[-1] in _SENTENCE_ENDS
        )

    def is_new_paragraph(self, before: TextLine, line: TextLine, after: TextLine | None) -> bool:
        """Whether a paragraph begins: indented, set apart, of another size, or after a line that ends short."""
        if _SECTION.match(line.text):
            return True
        is_large, was_large = self.is_large(line), self.is_large(before)
        same = _SAME_SIZE_IN_SCAN if self.is_scanned else _SAME_SIZE
        if is_large and was_large and abs(line.size - before.size) < same:
            return False  # a heading of several lines
        is_set_apart = after is not None and 0 < _SET_APART * (after.top - line.top) < line.top - before.top
        is_indented = line.x0 > self.left + 1.4 * line.size
        return is_set_apart or is_indented or self.ends_short(before) or is_large != was_large


def paragraphs(lines: list[TextLine], block: TextBlock) -> Iterator[str]:
    """The paragraphs of lines that follow one another."""
    text = ""
    before: TextLine | None = None
    for line, after in zip_longest(lines, lines[1:]):
        if before is not None and block.is_new_paragraph(before, line, after):
            yield _without_gaps(text)
            text = ""
        is_word_apart = text and text[-1].isascii() and line.text[:1].isascii() and text[-1].isalpha()
        text += (" " if is_word_apart else "") + line.text
        before = line
    if text:
        yield _without_gaps(text)


def _without_gaps(text: str) -> str:
    return _GAP.sub("", text)
