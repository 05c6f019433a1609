"""What belongs to a page's report besides the page: the next pages of a split article, and attachments.

`read` asks for them by address while it reads. Who answers decides where they come from: the archive
(pipelines.ingest.compose), files at hand, or nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from archive.model import Attachment, Page
from pipelines.documents import StoredDocument


class Beside(Protocol):
    """Answers what is known beside one page."""

    def next_pages(self, urls: Sequence[str]) -> Sequence[Page]:
        """Pages 2, 3 … of a split article in order, up to the first that is not there."""

    def documents(self, attachments: Sequence[Attachment]) -> Mapping[str, StoredDocument]:
        """Address → document, for those of these documents and pictures that are there, in this order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AtHand:
    """Pages and documents that the caller already has, whatever addresses are asked for."""

    pages: Sequence[Page] = ()
    files: Mapping[str, StoredDocument] = field(default_factory=dict)

    def next_pages(self, urls: Sequence[str]) -> Sequence[Page]:
        """All of `pages`."""
        return self.pages

    def documents(self, attachments: Sequence[Attachment]) -> Mapping[str, StoredDocument]:
        """All of `files`."""
        return self.files


NOTHING_BESIDE = AtHand()
