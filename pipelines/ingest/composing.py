"""Composing many documents: in this process, in several of this machine, or on a cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path

from archive.batches import batched
from archive.captures import Captures
from archive.model import Located
from archive.records import Reading
from pipelines.ingest.compose import compose_some
from pipelines.ingest.executor import Engine, Prepare, few_collections, spread
from pipelines.ingest.processes import Processes
from pipelines.ingest.sandbox import READER

_IN_HAND = 2
"""Batches that a process has at a time; with their size it bounds what is in memory."""
_IN_A_ROW = 10
"""Documents composed by this process before they are handed on: by turns, composing and writing would take longer."""


def compose_all(
    archive: Path,
    places: Iterable[Located],
    jobs: int,
    *,
    prepare: Prepare | None = None,
    tell: Callable[[str], None] = lambda _: None,
    dry_run: bool = False,
    scheduler: str | None = None,
) -> Iterator[Reading]:
    """Compose documents in `jobs` processes, in this one if that is 1, or on the cluster of a scheduler; in any order.

    `dry_run`: nothing at all is written. Raises ArchiveError when the captures cannot be read.
    """
    if scheduler:
        from pipelines.ingest.cluster import cluster  # an extra that is imported only where it is asked for

        with cluster(scheduler, archive, dry_run=dry_run) as engine:
            yield from spread(engine, places, tell)
    elif jobs > 1:
        with closing(Captures(archive, read_only=True)) as captures:
            network = captures.are_bodies_afar()
        executor = Processes(jobs, initializer=prepare, network=network)
        try:
            yield from spread(Engine(executor, _IN_HAND * jobs, archive, dry_run=dry_run), places, tell)
        finally:
            executor.shutdown(wait=False, cancel_futures=True)
    else:
        with closing(Captures(archive, read_only=True)) as captures, few_collections():
            READER.keep_in(archive, read_only=dry_run)
            if prepare:
                prepare()
            for batch in batched(places, _IN_A_ROW):
                yield from compose_some(captures, batch)
