"""Which documents an archive has, and at which addresses: captured, listed, or redirected."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from archive import Captures
from archive.document_index import DocumentIndex
from archive.model import Located
from archive.vocabulary import DOCUMENT_OUTCOMES, Outcome
from pipelines.ingest.portals import PortalFacts, Portals


def located(portal: PortalFacts, key: str, urls: Iterable[str]) -> Located:
    """A document of a portal, with its addresses as the platform ranks them."""
    ranked = list(set(urls))
    if len(ranked) > 1:
        ranked.sort(key=lambda url: (portal.rank(url), url))
    return Located(portal=portal.name, key=key, urls=tuple(ranked), division_code=portal.division_code)


def locate(captures: Captures, portals: Portals, *only: str) -> DocumentIndex:
    """Every address of every document: captured, listed, or redirected to it. `only` names the portals to look at.

    An address leads where it led last: one that has a document again is none of those to which it once redirected.
    A capture that names no portal belongs to the one that declares its address; where none does, a portal made of its
    host stands in and is added to `portals`.
    """
    index = DocumentIndex()
    for name, url, target, outcome in captures.urls(*only):
        portal = portals.get(name) or portals.owner(url)
        if portal is None and not only:
            portal = portals.stand_in(url)
        if portal is None or (only and portal.name not in only) or _is_no_document(portal, url):
            continue
        document = index.assign(url, (portal.name, portal.key(url)))
        if outcome == Outcome.REDIRECT and target:
            index.add_redirect(url, target)
        elif outcome in DOCUMENT_OUTCOMES:
            index.add_address(document, url)
            index.end_redirect(url)
    for name, url in captures.listed(*only):
        lister = portals.get(name)
        if lister and lister.declares(url) and not index.is_redirect(url):
            index.add_address((lister.name, lister.key(url)), url)
    index.resolve_redirects()
    return index


def _is_no_document(portal: PortalFacts, url: str) -> bool:
    """Whether an address is that of page 2, 3 … of a split article, or of robots.txt."""
    is_next_page = portal.next_page_address is not None and portal.next_page_address.search(url) is not None
    return is_next_page or url.endswith("/robots.txt")


def located_documents(captures: Captures, portals: Portals, *only: str) -> Iterator[Located]:
    """Every document that `locate` finds, ready to be composed."""
    yield from located_all(locate(captures, portals, *only), portals)


def names_of(captures: Captures, portals: Portals, names: Iterable[str]) -> set[str]:
    """These portals and, where captures name a portal that is not known, or none (""), those to which they belong."""
    found: set[str] = set()
    for name in names:
        found.add(name)
        if portals.get(name) is None:
            urls = captures.urls_of(name or None)
            found.update((portals.owner(url) or portals.stand_in(url)).name for url in urls)
    return found


def located_all(index: DocumentIndex, portals: Portals) -> Iterator[Located]:
    """The documents of an index that `locate` made, ready to be composed."""
    for (name, key), urls in index:
        portal = portals.get(name)
        if portal is not None:
            yield located(portal, key, urls)
