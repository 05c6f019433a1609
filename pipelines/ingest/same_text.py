"""One text under several entries of a portal: whose report it is.

A server that answers every article with one report gives each entry the title that its listing announces and the same
text. The entry whose title or date the text itself contradicts is no report, once another entry is the text's own.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from archive import Captures, Reports
from archive.model import Entry
from archive.records import Record
from pipelines.ingest.near_copies import LEAST_TEXT
from pipelines.metadata.witnesses import by_date, verdicts_of_text
from pipelines.metadata.year import read_year


@dataclass(slots=True)
class _Claim:
    """A document with the text, what its entries say of it, and its address."""

    id: str
    url: str
    entries: list[Entry]
    why: list[str | None] = field(default_factory=list)

    @property
    def is_own(self) -> bool:
        """Whether an entry announces what the text is."""
        return "" in self.why

    @property
    def contradiction(self) -> str:
        """Why the text is not what its entries announce; empty where one of them agrees, or none can tell."""
        said = [why for why in self.why if why is not None]
        return said[0] if said and all(said) else ""


def contradicted(captures: Captures, reports: Reports, record: Record) -> dict[str, str]:
    """Ids of the reports with the text of this one, itself among them, that are another entry's, each with the cause."""
    ((text,),) = record.tables["report_texts"]
    if len(text) < LEAST_TEXT:
        return {}
    others = [found for found in reports.with_text(record.row["portal"], text) if found[0] != record.id]
    if not others:
        return {}
    claims = [_Claim(record.id, record.row["url"], _entries(captures, record))]
    claims += [_Claim(report_id, url, _entries_of(captures, reports, report_id)) for report_id, url in others]
    paragraphs = text.split("\n")
    found = verdicts_of_text(paragraphs, [entry for claim in claims for entry in claim.entries])
    year, _ = read_year(None, paragraphs, None)
    verdicts = iter(by_date(found, {year} if year else ()))
    for claim in claims:
        claim.why = [why for _, (_, why) in zip(claim.entries, verdicts, strict=False)]
    own = next((claim for claim in claims if claim.is_own), None)
    if own is None:
        return {}
    return {claim.id: f"its text is that of {own.url}: {why}" for claim in claims if (why := claim.contradiction)}


def _entries(captures: Captures, record: Record) -> list[Entry]:
    return captures.entries(urls=[record.row["url"], *(url for url, _ in record.tables["locations"])])


def _entries_of(captures: Captures, reports: Reports, report_id: str) -> list[Entry]:
    found = reports.addresses(report_id)
    return captures.entries(urls=found[1]) if found else []
