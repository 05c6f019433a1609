"""Saved pages in a WARC as the pages that a reader gets."""

from __future__ import annotations

from pathlib import Path

from warcio.archiveiterator import ArchiveIterator

from archive.model import Page


def pages_of(warc: Path) -> list[Page]:
    """The answers with status 200 of a WARC."""
    with warc.open("rb") as file:
        return [
            Page(
                url=record.rec_headers.get_header("WARC-Target-URI"),
                body=record.content_stream().read(),
                content_type=record.http_headers.get_header("Content-Type"),
                captured_at=record.rec_headers.get_header("WARC-Date"),
            )
            for record in ArchiveIterator(file)
            if record.rec_type == "response" and record.http_headers.get_statuscode() == "200"
        ]
