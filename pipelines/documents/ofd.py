"""OFD (GB/T 33190-2016), the national format of fixed pages: what its pages draw is drawn once more as a PDF and read as one.

An OFD knows as little of tables as a PDF does: text objects and paths at their places. The PDF is a means alone; it has
the same rules, characters and pictures at the same places, so that all that is known of reading PDFs holds here too.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import Any

from archive.vocabulary import ProblemKind
from pipelines.documents import pdf
from pipelines.documents.content import Content
from pipelines.documents.ofd_drawing import Drawing, PageDrawing, numbers
from pipelines.documents.packages import Package
from pipelines.errors import DocumentError

MOST_PAGES = 500
MOST_OBJECTS = 200_000
"""Objects drawn on all pages; a page of tables has a thousand."""
_A4 = (0.0, 0.0, 210.0, 297.0)
_HOLDERS = frozenset(("Content", "Layer", "PageBlock"))


def read(body: bytes) -> Content:
    """The lines and tables of every page. Raises DocumentError."""
    package = Package(body)
    drawing = Drawing()
    for document in _texts(package.xml("OFD.xml"), "DocRoot"):
        _Document(package, _inside("", document), drawing).draw()
    if not drawing.pages:
        raise DocumentError("the OFD holds no page", ProblemKind.UNREAD)
    try:
        content = pdf.read(drawing.as_pdf())
    except DocumentError as error:
        raise DocumentError(str(error).replace("PDF", "OFD"), error.kind) from error
    content.kind = "ofd"
    return content


class _Document:
    """One document of an OFD: its templates, its pictures, its pages."""

    def __init__(self, package: Package, name: str, drawing: Drawing) -> None:
        self.package = package
        self.name = name
        self.drawing = drawing
        self.root = package.xml(name)
        self.templates = {
            one.get("ID"): _inside(name, one.get("BaseLoc", ""))
            for one in self.root.iter()
            if _local(one) == "TemplatePage"
        }
        self.pictures: dict[str, str] = {}
        """Number of a resource → the member that holds the picture."""
        for kind in ("PublicRes", "DocumentRes"):
            for resource in _texts(self.root, kind):
                self._find_pictures(_inside(name, resource))
        self.size = next((box for box in map(_box, self.root.iter()) if box), _A4)

    def _find_pictures(self, name: str) -> None:
        if name not in self.package.names():
            return
        root = self.package.xml(name)
        folder = posixpath.join(posixpath.dirname(name), root.get("BaseLoc", ""))
        for media in root.iter():
            if _local(media) == "MultiMedia" and (files := _texts(media, "MediaFile")):
                self.pictures[media.get("ID", "")] = posixpath.normpath(posixpath.join(folder, files[0]).lstrip("/"))

    def draw(self) -> None:
        """Draw every page, its templates before what is on it."""
        pages = [e for e in self.root.iter() if _local(e) == "Page" and e.get("BaseLoc")]
        if len(pages) + len(self.drawing.pages) > MOST_PAGES:
            raise DocumentError(f"an OFD of {len(pages)} pages", ProblemKind.OVERSIZED)
        for page in pages:
            name = _inside(self.name, page.get("BaseLoc"))
            root = self.package.xml(name)
            for resource in _texts(root, "PageRes"):
                self._find_pictures(_inside(name, resource))
            drawn = self.drawing.new_page(next((box for box in map(_box, root.iter()) if box), self.size))
            for template in root.iter():
                member = self.templates.get(template.get("TemplateID")) if _local(template) == "Template" else None
                if member is not None:
                    self._draw(self.package.xml(member), drawn)
            self._draw(root, drawn)

    def _draw(self, root: Any, page: PageDrawing) -> None:
        for element in _objects(root):
            kind = _local(element)
            self.drawing.objects += 1
            if self.drawing.objects > MOST_OBJECTS:
                raise DocumentError(f"an OFD of more than {MOST_OBJECTS} objects", ProblemKind.OVERSIZED)
            if kind == "TextObject":
                page.text(element)
            elif kind == "PathObject":
                page.path(element)
            elif kind == "ImageObject":
                member = self.pictures.get(element.get("ResourceID", ""))
                if member in self.package.names():
                    page.picture(element, self.package.read(str(member)))


def _objects(parent: Any) -> Iterator[Any]:
    """What is drawn, in its order; what is not visible is left out with all in it."""
    for element in parent:
        if element.get("Visible") == "false" or element.get("Alpha") == "0":
            continue
        if _local(element) in _HOLDERS:
            yield from _objects(element)
        else:
            yield element


def _box(element: Any) -> tuple[float, float, float, float] | None:
    """The edges of a page."""
    if _local(element) != "PhysicalBox":
        return None
    found = numbers(element.text)
    return (found[0], found[1], found[2], found[3]) if len(found) == 4 and found[2] > 0 < found[3] else None


def _inside(base: str, name: str) -> str:
    path = name.lstrip("/") if name.startswith("/") else posixpath.join(posixpath.dirname(base), name)
    return posixpath.normpath(path)


def _local(element: Any) -> str:
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def _texts(root: Any, name: str) -> list[str]:
    return [e.text.strip() for e in root.iter() if _local(e) == name and e.text and e.text.strip()]
