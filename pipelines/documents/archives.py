"""Zip archives of documents: each member that a reader knows, within limits; an archive inside is left packed."""

from __future__ import annotations

import re
from mimetypes import guess_type
from pathlib import PurePosixPath

from archive.model import Problem
from archive.vocabulary import Origin, ProblemKind
from pipelines import documents
from pipelines.documents.content import Content
from pipelines.documents.packages import Package
from pipelines.errors import DocumentError

MOST_DOCUMENTS = 20
_YEAR = re.compile(r"(?<!\d)20[0-4]\d(?!\d)")
_LEFT_PACKED = {"zip", "archive", *documents.PICTURES}


def read(body: bytes) -> Content:
    """The contents of the documents one after another. Raises DocumentError where none could be read."""
    package = Package(body)
    content = Content(kind="zip")
    origins: list[Origin] = []
    years = [_YEAR.findall(_shown(name)) for name in package.names()]
    are_of_years = len({year for found in years for year in found}) > 1
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
        if are_of_years:  # the name tells the document of one year from that of another, as a sheet's does
            content.add(PurePosixPath(_shown(name)).stem)
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
