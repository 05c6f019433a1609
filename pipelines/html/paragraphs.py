"""Elements → paragraphs: block tags begin a new one, inline tags do not, a table row is one paragraph.

The tree is serialised in C and cut up with few regular expressions; walking it in Python costs several times as much as
parsing it. `remove_unseen` and `strip_markup` therefore change the tree in place.
"""

from __future__ import annotations

import html
import re
from typing import Any

from lxml import etree

from pipelines.html.boxes import BoxRole, holds_text, is_headed_attachments, role, style_hides

SILENT = (
    "script",
    "style",
    "noscript",
    "template",
    "select",
    "textarea",
    "button",
    "iframe",
    "object",
    "svg",
    "canvas",
    "input",
    "video",
    "audio",
    "title",
)
_PRESENTATION = (
    "style",
    "class",
    "lang",
    "align",
    "valign",
    "width",
    "height",
    "bgcolor",
    "border",
    "cellpadding",
    "cellspacing",
    "face",
    "size",
    "color",
    "nowrap",
    "dir",
)
_TEXT_FIELDS = frozenset(("text", "number"))
_STRAY = "stray"
"""The tag given to boxes between the rows and cells of a table: browsers put them out of the table."""
_ROWS = ("table", "tbody", "thead", "tr")
_GONE = "gone"
"""The tag given to what is to be removed; lxml then removes it and keeps the text behind it, control characters too."""
_INLINE = ("span", "font", "strong", "b", "em", "i", "u", "o:p", "big", "tt", "ins", "label")
_BOXES = ("div", "ul", "ol", "dl", "section", "table", "form", "aside", "nav", "footer", "header", "center")

_INVISIBLE = "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
_BREAK = re.compile(
    r"</?(?:p|br|div|t[rdh]|t(?:able|body|head|foot)|li|[uod]l|d[dt]|h[1-6r]|section|article|aside|header|footer|main|nav|center|form|fieldset|"
    r"blockquote|pre|figure|figcaption|caption|address|option|ucap\w+|body|title)(?:\s[^>]*)?/?>"
)
_TAG = re.compile(r"<[^>]*>")
_PREFORMATTED = re.compile(r"<pre\b.*?</pre>", re.DOTALL)
_LABEL_AND_VALUE = re.compile(r"(?<=[:：])\s*</dt>\s*<dd[^>]*>")
_LONG_CELL = 200
"""A table cell with more characters than this, in several paragraphs, is page layout: its paragraphs stay apart."""
_styled = etree.XPath("descendant::*[@style]")


def remove_unseen(element: Any, *, asides: bool = True, has_hidden: bool = True) -> list[Any]:
    """Remove from an element what a browser does not show, and with `asides` the boxes beside the article.

    Returns the removed boxes that list attached files. `has_hidden=False` promises that no style on the page hides
    anything (`ParsedPage.has_hidden`), which saves looking for it.
    """
    _show_fields(element)
    etree.strip_elements(element, *SILENT, with_tail=False)
    files: list[Any] = []
    gone = stray = False
    for box in list(element.iter(*_BOXES)) if asides else ():
        if box is not element and box.getparent().tag in _ROWS:
            box.tag, stray = _STRAY, True
            continue
        kind = role(box)
        if box is not element and kind in (BoxRole.ASIDE, BoxRole.FILES) and not holds_text(box):
            if kind is BoxRole.FILES or is_headed_attachments(box):
                files.append(box)
            box.tag, gone = _GONE, True
    if stray:
        etree.strip_tags(element, _STRAY)
    if has_hidden:
        for inner in _styled(element):
            style = inner.get("style")
            if ("none" in style or "idden" in style or "NONE" in style) and style_hides(style):
                inner.tag, gone = _GONE, True
    if gone:
        etree.strip_elements(element, _GONE, with_tail=False)
    return files


def _show_fields(element: Any) -> None:
    """Put what is filled into the text fields of tables in their place: a browser shows it as it shows text."""
    for field in element.iter("input"):
        value = (field.get("value") or "").strip()
        if (
            value
            and field.get("type", "text").lower() in _TEXT_FIELDS
            and next(field.iterancestors("td"), None) is not None
        ):
            field.tag, field.text = "span", value


def strip_markup(element: Any) -> None:
    """Remove inline tags and presentational attributes, most of what an editor leaves in an article.

    Changes no paragraph; it saves `paragraphs_of` and the reading of tables more time than it takes.
    """
    etree.strip_tags(element, *_INLINE)
    etree.strip_attributes(element, *_PRESENTATION)


def paragraphs_of(element: Any) -> list[str]:
    """The paragraphs of an element from which `remove_unseen` has removed what is not shown."""
    return paragraphs_in(markup_of(element))


def markup_of(element: Any) -> str:
    """An element as XML."""
    return str(etree.tostring(element, encoding="unicode", with_tail=False))


def paragraphs_in(markup: str) -> list[str]:
    """The paragraphs of an element's markup."""
    if "<pre" in markup:
        markup = _PREFORMATTED.sub(lambda found: found[0].replace("\n", "<br/>"), markup)
    markup = markup.replace("\n", " ")
    while (start := markup.rfind("<table")) >= 0:
        # the last table to begin holds no other
        end = markup.find("</table>", start)
        end = end if end >= 0 else len(markup)
        markup = f"{markup[:start]}\n{_rows(markup[start:end])}\n{markup[end + 8 :]}"
    if "</dt>" in markup:
        markup = _LABEL_AND_VALUE.sub("", markup)
    text = _TAG.sub("", _BREAK.sub("\n", markup))
    if "&" in text:
        text = html.unescape(text)
    for character in _INVISIBLE:
        if character in text:
            text = text.replace(character, "")
    return [line for raw in text.split("\n") if (line := " ".join(raw.split()))]


def _rows(table: str) -> str:
    """The rows of a table's markup, one per line; cells joined by a blank, the paragraphs within a cell by nothing."""
    plain = table.replace("</tr>", "\x1e").replace("</td>", " ").replace("</th>", " ")
    for tag in ("<tr>", "<td>", "<p>", "</p>"):
        plain = plain.replace(tag, "")  # what a table has most of, at a tenth of the pattern's cost
    plain = _TAG.sub("", plain)
    rows = plain.split("\x1e")
    if "\n" not in plain and len(max(rows, key=len)) <= _LONG_CELL:
        return "\n".join(rows)
    return "\n".join(map(_row_of_long_cells, table.split("</tr>")))


def _row_of_long_cells(row: str) -> str:
    pieces: list[str] = []
    cells = row.replace("</th>", "</td>").split("</td>")
    for number, cell in enumerate(cells, 1):
        parts = [part for raw in _TAG.sub("", _BREAK.sub("\n", cell)).split("\n") if (part := raw.strip())]
        is_outside = number == len(cells)  # what stands behind the last cell
        layout = "\n" in cell or (len(parts) > 1 and (is_outside or sum(map(len, parts)) > _LONG_CELL))
        pieces.append("\n" + "\n".join(parts) + "\n" if layout else "".join(parts) + " ")
    return "".join(pieces)
