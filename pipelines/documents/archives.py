"""Zip archives of documents: each member that a reader knows, within limits; an archive inside is left packed."""

from __future__ import annotations

from mimetypes import guess_type

from archive.model import Problem
from archive.vocabulary import Origin, ProblemKind
from pipelines import documents
from pipelines.documents.content import Content
from pipelines.documents.packages import Package
from pipelines.errors import DocumentError

MOST_DOCUMENTS = 20
_LEFT_PACKED = {"zip", "archive", *documents.PICTURES}


def read(body: bytes) -> Content:
    """The contents of the documents one after another. Raises DocumentError where none could be read."""
    package = Package(body)
    content = Content(kind="zip")
    origins: list[Origin] = []
    for name in package.names():
        data = package.read(name)
        kind = documents.recognise(data, guess_type(name)[0], name=name)
        if kind is None:
            continue
        if kind in _LEFT_PACKED or len(origins) == MOST_DOCUMENTS:
            content.problems.append(
                Problem(kind=ProblemKind.UNREAD, message=f"{_shown(name)} in the archive is not read")
            )
            continue
        try:
            inner = documents.read(data, kind)
        except DocumentError as error:
            content.problems.append(Problem(kind=error.kind, message=f"{_shown(name)}: {error}"))
            continue
        origins.append(inner.origin)
        content.blocks += inner.blocks
        content.problems += inner.problems
    if not origins:
        first = (
            content.problems[0] if content.problems else Problem(kind=ProblemKind.UNREAD, message="no document in it")
        )
        raise DocumentError(first.message, first.kind)
    content.origin = origins[0]
    return content


def _shown(name: str) -> str:
    """A member's name; archives made in China without the UTF-8 flag are in GB 18030, which zipfile takes for CP 437."""
    try:
        return name.encode("cp437").decode("gb18030")
    except UnicodeError:
        return name
