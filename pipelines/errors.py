"""What readers raise: nothing else leaves `pipelines.read` and the readers of documents."""

from __future__ import annotations

from archive.vocabulary import ProblemKind


class ReaderError(ValueError):
    """A page that cannot be read at all: empty, or in a format that no reader knows. `kind` names the problem."""

    kind = ProblemKind.UNREADABLE


class DocumentError(ReaderError):
    """A document that cannot be read.

    `kind` names the problem: damaged, encrypted, oversized, timed_out, or unread where it is sound and no reader fits.
    """

    def __init__(self, message: str, kind: str = ProblemKind.DAMAGED) -> None:
        super().__init__(message)
        self.kind = ProblemKind(kind)
