"""Mending a damaged archive from a copy: a WARC, a WACZ or another captures.db."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from archive.captures import Captures
from archive.mending import adopt, drop_strays, mend_rows, put_back, salvage, seal_again
from archive.merge import Merge
from archive.verification import Verification
from archive.verify import verify
from archive.warc.reader import is_warc
from pipelines.ingest.importing import Import
from pipelines.ingest.portals import Portals

PortalsOf = Callable[[Captures], Portals]


def repair(archive: Path, damage: Verification, source: Path, portals: PortalsOf) -> Iterator[str]:
    """Put back what `source` has intact; says in a line what was done after each step.

    A captures.db that is no intact database is made again from what can be read of it. Rows that were altered become
    what they were; captures that are not in it any more come from `source`, too. `portals` gives the portals of the
    archive once it can be opened. What is wrong with reports.db is left to a reparse. May be killed and run again.
    """
    was_broken = damage.is_broken
    if was_broken:
        yield f"captures.db is rebuilt from what can be read; the damaged file is kept as {salvage(archive)}"
        damage = verify(archive)
    if mended := mend_rows(archive, damage, source):
        yield f"{mended} rows are as they were in {source}"
        damage = verify(archive)
    if was_broken and (adopted := adopt(archive)):
        yield f"{adopted} rows have lost their digests with a part of the file, and are kept as they are"
    restored = put_back(archive, damage.damaged, source) if damage.damaged else 0
    yield f"{restored} of {len(damage.damaged)} damaged bodies restored from {source}"
    if strays := drop_strays(archive):
        yield f"{strays} damaged bodies that nothing refers to are gone"
    if was_broken or damage.is_incomplete:
        captures = Captures(archive)
        taken, run_id = _take(captures, source, portals)
        captures.close()
        yield f"{taken} missing captures taken from {source}"
        if run_id is not None and seal_again(archive, run_id):
            yield "they are all that was missing"


def _take(captures: Captures, source: Path, portals: PortalsOf) -> tuple[int, int | None]:
    """Take in what is not here; returns the number of captures, and the run that brought them where it is a new one."""
    if is_warc(source):
        taking = Import(captures, portals(captures))
        taking.take(source)
        captures.finish_run(taking.run_id, "finished", dict(taking.counts))
        return taking.taken, taking.run_id
    merge = Merge(captures, source, lambda *_: None)
    merge.run()
    return sum(merge.counts.values()) - merge.counts["captures/held"] - merge.counts["runs"], None
