"""What is still to be fetched beside the pages of reports: next pages, documents and pictures that were not had.

The table `parts` says what a report names and was not read; here is decided which of it a portal can be asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from archive import Captures, Reports
from archive.model import Part
from archive.resume import fetch_problems, named, unread_parts
from archive.vocabulary import DOCUMENT_OUTCOMES, PartName, ProblemKind
from pipelines.parts import NOT_CAPTURED, NOT_THE_PART

_ASKED_AGAIN = frozenset((NOT_CAPTURED, NOT_THE_PART))
"""Causes of unread parts that another answer of the portal can mend."""
_EXPLAINED = frozenset((ProblemKind.MISSING, ProblemKind.ROBOTS_FORBIDS))
"""Problems of fetching that say why a part is not had; the portal is asked again, and is not unwell for it."""

_FAILED = frozenset((ProblemKind.BLOCKED, ProblemKind.ERROR))
"""Problems of fetching after which a part is asked for again, though it is had from before or elsewhere."""


@dataclass(slots=True)
class MissingParts:
    """What is missing beside one page."""

    urls: list[str] = field(default_factory=list)
    """Addresses to ask for."""
    unexplained: list[str] = field(default_factory=list)
    """Those of them that neither the portal nor the document itself explains."""


def missing_parts(
    captures: Captures, reports: Reports, portal: str, may_ask: Callable[[str], bool]
) -> dict[str, MissingParts]:
    """Address of a report's page → what is missing beside it, as far as the portal may be asked for it."""
    damaged = captures.urls_with_problem(ProblemKind.DAMAGED, portal=portal)
    said = fetch_problems(captures, portal)
    pages: dict[str, MissingParts] = {}
    for page, parts in unread_parts(reports, portal).items():
        missing = MissingParts()
        for part in parts:
            is_damaged = part.url in damaged
            if not (is_damaged or _is_to_be_asked_for(captures, part, missing)) or not may_ask(part.url):
                continue
            missing.urls.append(part.url)
            if not is_damaged and not said.get(part.url, set()) & _EXPLAINED:
                missing.unexplained.append(part.url)
        if missing.urls:
            pages[page] = missing
    failed = {url for url, kinds in said.items() if kinds & _FAILED}
    replaced = captures.urls_with_problem(ProblemKind.DOCUMENT_REPLACED, portal=portal)
    for page, url in named(reports, portal, failed | replaced):
        missing = pages.setdefault(page, MissingParts())
        if url not in missing.urls and may_ask(url):
            missing.urls.append(url)
    return pages


def _is_to_be_asked_for(captures: Captures, part: Part, missing: MissingParts) -> bool:
    """Whether a part is not had. A next page is not read before the one that precedes it: it may be captured."""
    if part.cause not in _ASKED_AGAIN:
        return False
    if part.part is PartName.NEXT_PAGE and missing.urls:
        return captures.last("GET", part.url, outcomes=DOCUMENT_OUTCOMES, but_assets=True) is None
    return True
