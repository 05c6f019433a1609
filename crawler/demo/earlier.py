"""What the demo's archive has from before its first crawl, so that a report has changed since, and one was taken down."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from archive import Capture, Captures
from archive.database import iso
from archive.divisions import NAME
from archive.vocabulary import Outcome, RunKind

from .demo_portals import DIVISIONS
from .faults import REPLACEMENTS
from .messages import Reply, Request
from .replica import Document, Replica

PORTAL = "yunling"
CHANGED, REMOVED = 4, 8
"""Places of the two among the portal's reports."""
SEEN = 60
"""Days ago that both were fetched."""
MISSED = (40, 25, 10)
"""Days ago that one of them was not found."""


def put_divisions(archive: Path) -> None:
    """The demo's made-up places, beside its databases."""
    archive.mkdir(exist_ok=True)
    lines = (f"{code}\t{name}\t2007\t\n" for code, name in DIVISIONS.items())
    (archive / NAME).write_text("".join(lines), encoding="utf-8")


def put_earlier(captures: Captures, replicas: Iterable[Replica]) -> None:
    """Change one report of a portal and take another down, and keep both as they were before, once."""
    replica = next(replica for replica in replicas if replica.name == PORTAL)
    published = [document for document in replica.documents if document.report]
    changed, removed = published[CHANGED], published[REMOVED]
    before = [(document, _answer(replica, document)) for document in (changed, removed)]
    replica.change(changed)
    replica.remove(removed)
    if captures.portals().get(PORTAL):
        return
    run = captures.start_run(RunKind.IMPORT, PORTAL)
    for document, reply in before:
        _put(captures, replica, document, reply, SEEN, run)
    for days in MISSED:
        _put(captures, replica, removed, REPLACEMENTS["404"], days, run)
    captures.merge_entries(_entry(replica, document) for document in (changed, removed))
    captures.finish_run(run, "finished", {"captures/ok": len(before), "captures/missing": len(MISSED)})


def _answer(replica: Replica, document: Document) -> Reply:
    path = urlsplit(replica.url(document)).path
    return replica.answer(Request(path=path, target=path))


def _put(captures: Captures, replica: Replica, document: Document, reply: Reply, days: int, run: int) -> None:
    captures.add(
        Capture(
            url=replica.url(document),
            requested_at=iso(datetime.now(UTC) - timedelta(days=days)),
            status=reply.status,
            outcome=Outcome.OK if reply.status == 200 else Outcome.MISSING,
            body=reply.body,
            content_type=reply.content_type,
            response_headers=[("Content-Type", reply.content_type or "")],
            portal=replica.name,
            run_id=run,
        )
    )


def _entry(replica: Replica, document: Document) -> dict[str, str]:
    """As the listing showed it then: dated a day earlier, so that the crawl sees that it was published again."""
    then = iso(datetime.now(UTC) - timedelta(days=SEEN))
    day = (datetime.fromisoformat(document.published) - timedelta(days=1)).date().isoformat()
    row = {"portal": replica.name, "listing_url": replica.listings[0], "url": replica.url(document)}
    return row | {"title": document.title, "date": day, "first_seen": then, "last_seen": then}
