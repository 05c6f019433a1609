"""Mending a damaged archive from a copy: a WARC, a WACZ or another captures.db."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from archive.captures import Captures
from archive.merge import Merge
from archive.verify import Verification, put_back, salvage, verify
from archive.warc.reader import is_warc
from pipelines.ingest.importing import Import
from pipelines.ingest.portals import Portals

PortalsOf = Callable[[Captures], Portals]


def repair(archive: Path, damage: Verification, source: Path, portals: PortalsOf) -> Iterator[str]:
    """Put back what `source` has intact; says in a line what was done after each step.

    A captures.db that is no intact database is made again from what can be read of it. Captures that are not in it any
    more come from `source`, too. `portals` gives the portals of the archive once it can be opened.
    """
    was_broken = damage.is_broken
    if was_broken:
        yield f"captures.db is rebuilt from what can be read; the damaged file is kept as {salvage(archive)}"
        damage = verify(archive)
    restored = put_back(archive, damage.damaged, source) if damage.damaged else 0
    yield f"{restored} of {len(damage.damaged)} damaged bodies restored from {source}"
    if was_broken:
        captures = Captures(archive)
        yield f"{_take(captures, source, portals)} missing captures taken from {source}"
        captures.close()


def _take(captures: Captures, source: Path, portals: PortalsOf) -> int:
    """Take in what is not here; returns the number of captures."""
    if is_warc(source):
        taking = Import(captures, portals(captures))
        taking.take(source)
        captures.finish_run(taking.run_id, "finished", dict(taking.counts))
        return taking.taken
    merge = Merge(captures, source, lambda *_: None)
    merge.run()
    return sum(merge.counts.values()) - merge.counts["captures/held"] - merge.counts["runs"]
