"""The pictures of an article, by the absolute address that a browser would ask for, without icons and spacers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from archive.model import Attachment
from pipelines.blanks import collapse_blanks
from pipelines.html.links import attachments

_LAZY = (
    "data-src",
    "data-original",
    "data-lazy-src",
    "data-lazy",
    "data-echo",
    "data-actualsrc",
    "data-url",
    "lazy-src",
    "lazyload",
)
"""What scripts show in the place of `src` once the picture comes into view."""
_KEPT = ("oldsrc", "original", "_src", "data-oldsrc", "file", "url")
"""Where editors keep the address too; it counts where `src` has none."""
_PLACEHOLDER = re.compile(
    r"^\s*(?:$|data:|about:|#)|(?:load(?:ing)?|lazy|blank|spacer|placeholder|grey|gray|transparent|pixel|1x1|default)[^/]*$",
    re.IGNORECASE,
)
_DECORATION = re.compile(
    r"icon[^/]*$|logo[^/]*$|qr_?code|filetypeimages|\.(?:svg|ico)$|[_-](?:btn|button|ewm|bg)\d*\.\w+$|"
    r"(?:^|/)(?:btn|button|blank|spacer|ewm|erweima|dot|arrow|line|share|print|close|loading|pixel|new|hot|top|"
    r"docx?|xlsx?|pdf|pptx?|wps|ofd|zip|rar|txt|word|excel|file|attach|fj|fujian)\d*(?:[_-][\w-]*)?\.(?:gif|png|jpe?g)$",
    re.IGNORECASE,
)
"""Addresses of icons of file types, sites and buttons, and of what keeps a place."""
_SIDES = re.compile(r"(?<![\w-])(width|height)\s*:\s*(\d+(?:\.\d+)?)\s*px", re.IGNORECASE)
_NUMBER = re.compile(r"\s*(\d+(?:\.\d+)?)\s*+(?:px\s*+)?$")
_SMALL = 48
"""Pixels of an icon's side, at most."""
_LARGE = 100
"""Pixels of a picture's side from which it may show a table."""
_MUCH_DATA = 4_000
"""Characters of a picture inside its address from which it is more than an icon, whatever its size."""


def pictures(images: Iterable[Any], base: str, charset: str = "utf-8") -> list[Attachment]:
    """The pictures among images, each once, without icons and those whose data stands in the page."""
    return attachments(
        (
            (source, collapse_blanks(image.get("alt") or image.get("title") or ""))
            for image in images
            if (source := source_of(image)) and not source.startswith("data:") and not _is_decoration(image, source)
        ),
        base,
        charset,
    )


def source_of(image: Any) -> str:
    """The address of an image as it is shown: lazily loaded, from a set, or its `src`; empty where it has none."""
    for name in _LAZY:
        if (address := (image.get(name) or "").strip()) and not _PLACEHOLDER.search(address):
            return str(address)
    source = (image.get("src") or "").strip()
    if source and not _PLACEHOLDER.search(source):
        return str(source)
    chosen = _largest_of(image.get("srcset") or image.get("data-srcset") or _set_beside(image))
    kept = ((image.get(name) or "").strip() for name in _KEPT)
    return chosen or next((address for address in kept if address and not _PLACEHOLDER.search(address)), source)


def _set_beside(image: Any) -> str:
    """The set of the first source of a `picture` element."""
    picture = next(image.iterancestors("picture"), None)
    sources = () if picture is None else picture.iter("source")
    return next((source.get("srcset") or source.get("data-srcset") or "" for source in sources), "")


def _largest_of(srcset: str) -> str:
    """The largest picture of a set, `a.png 480w, b.png 960w`."""
    best, size = "", -1.0
    for candidate in re.split(r",\s+|,$", srcset.strip()):
        address, _, descriptor = candidate.strip().partition(" ")
        number = _NUMBER.match(descriptor.strip()[:-1] or "1")
        if address and (own := float(number[1]) if number else 1.0) > size:
            best, size = address, own
    return best


def data_pictures(images: Iterable[Any]) -> int:
    """How many images that are more than icons stand in the page itself, as data."""
    return sum(
        1 for image in images if (source := source_of(image)).startswith("data:image") and _is_large(image, source)
    )


def _is_large(image: Any, source: str) -> bool:
    sides = _sides(image)
    return min(sides) >= _LARGE if sides else len(source) > _MUCH_DATA


def _is_decoration(image: Any, source: str) -> bool:
    sides = _sides(image)
    if sides and min(sides) <= _SMALL:
        return True
    return _DECORATION.search(source.partition("?")[0]) is not None


def _sides(image: Any) -> list[float]:
    """The lengths of the sides that attributes or the style give, in pixels."""
    attributes = (_NUMBER.match(image.get(name) or "") for name in ("width", "height"))
    styled = (float(side) for _, side in _SIDES.findall(image.get("style") or ""))
    return [float(found[1]) for found in attributes if found] + list(styled)
