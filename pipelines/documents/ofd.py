"""OFD (GB/T 33190-2016): the text of the pages. Its tables are drawn lines, and no reader of them is known."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from archive.model import Problem
from archive.vocabulary import Origin, ProblemKind
from pipelines.documents.content import Content
from pipelines.documents.packages import Package
from pipelines.errors import DocumentError

MOST_PAGES = 500


def read(body: bytes) -> Content:
    """The text codes of every page, by line. Raises DocumentError."""
    package = Package(body)
    content = Content(kind="ofd", origin=Origin.PDF)
    for document in _texts(package.xml("OFD.xml"), "DocRoot"):
        name = _inside("", document)
        root = package.xml(name)
        pages = [e for e in root.iter() if _local(e) == "Page" and e.get("BaseLoc")]
        if len(pages) > MOST_PAGES:
            raise DocumentError(f"an OFD of {len(pages)} pages", ProblemKind.OVERSIZED)
        for page in pages:
            for line in _lines(package.xml(_inside(name, page.get("BaseLoc")))):
                content.add(line)
    if not content.blocks:
        raise DocumentError("the OFD holds no text", ProblemKind.UNREAD)
    content.problems.append(Problem(kind=ProblemKind.UNREAD, message="the tables of an OFD are not read"))
    return content


def _inside(base: str, name: str) -> str:
    path = name.lstrip("/") if name.startswith("/") else posixpath.join(posixpath.dirname(base), name)
    return posixpath.normpath(path)


def _local(element: Any) -> str:
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def _texts(root: Any, name: str) -> list[str]:
    return [e.text.strip() for e in root.iter() if _local(e) == name and e.text and e.text.strip()]


def _lines(page: Any) -> Iterator[str]:
    """Text objects of one height are a line; they are written in reading order."""
    objects = [e for e in page.iter() if _local(e) == "TextObject"]
    texts = ["".join(_texts(o, "TextCode")) for o in objects]
    heights = [(o.get("Boundary") or "").split()[1:2] for o in objects]
    line = texts[0] if texts else ""
    for (before, height), text in zip(pairwise(heights), texts[1:], strict=True):
        if before == height:
            line += text
        else:
            yield line
            line = text
    if line:
        yield line
