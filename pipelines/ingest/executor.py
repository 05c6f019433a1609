"""Composing documents somewhere else: in processes of this machine, or on a cluster. They only read; the caller writes.

Either is an executor of concurrent.futures that is given documents a batch at a time, a few batches ahead. What a process
that dies was reading is read again, one document at a time; a document whose process dies twice has failed.
"""

from __future__ import annotations

import gc
import pickle
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from queue import SimpleQueue

from archive.batches import batched
from archive.captures import Captures
from archive.excerpt import ExcerptCaptures, Wanted
from archive.model import Located, Problem
from archive.records import Reading
from archive.vocabulary import ProblemKind
from pipelines.ingest.compose import compose, compose_some
from pipelines.ingest.processes import DiedError, StuckError
from pipelines.ingest.sandbox import READER

_SIZE = 8
"""Documents sent to a process of this machine at a time."""
_ALLOCATIONS = 10_000
"""Allocations between two searches for garbage cycles; Python's default is 700. Reading leaves hardly any cycles, and
with the default a twentieth of its time goes into searches."""

Prepare = Callable[[], None]
"""Run once in every process before it reads; tests change a reader with it."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Documents that are sent together."""

    places: Sequence[Located]
    beside: Wanted = field(default_factory=Wanted)
    """What they lacked when they were sent before."""
    deaths: int = 0
    """Processes that died while they read them."""


class Engine:
    """Composes batches of documents in processes of this machine."""

    size = _SIZE
    """Documents in a batch."""

    def __init__(self, executor: Executor, at_once: int, archive: Path, *, dry_run: bool) -> None:
        """at_once: batches that are given to the executor before the first of them is awaited."""
        self.executor = executor
        self.at_once = at_once
        self.archive = archive
        self.dry_run = dry_run

    def submit(self, batch: Batch) -> Future[list[Reading | Wanted]]:
        """Have a batch composed: of each document its reading, or what else its batch has to carry.

        The future raises BrokenExecutor where what composed it died.
        """
        return self.executor.submit(compose_here, self.archive, batch.places, dry_run=self.dry_run)


def spread(engine: Engine, places: Iterable[Located], tell: Callable[[str], None]) -> Iterator[Reading]:
    """Compose documents, a bounded number of batches ahead; readings come as they are made."""
    fresh = map(Batch, batched(places, engine.size))
    again: deque[Batch] = deque()
    in_hand: dict[Future[list[Reading | Wanted]], Batch] = {}
    done: SimpleQueue[Future[list[Reading | Wanted]]] = SimpleQueue()
    try:
        while True:
            while len(in_hand) < engine.at_once and (batch := again.popleft() if again else next(fresh, None)):
                future = engine.submit(batch)
                in_hand[future] = batch
                future.add_done_callback(done.put)
            if not in_hand:
                return
            future = done.get()
            batch = in_hand.pop(future)
            try:
                answers = future.result()
            except BrokenExecutor as error:
                yield from _died(batch, error, again, tell)
                continue
            lacking: list[Located] = []
            beside = batch.beside
            for place, answer in zip(batch.places, answers, strict=True):
                if isinstance(answer, Wanted):
                    lacking.append(place)
                    beside |= answer
                else:
                    yield answer
            if lacking:
                again.append(Batch(lacking, beside))
    finally:
        for future in in_hand:
            future.cancel()


def _died(batch: Batch, error: BrokenExecutor, again: deque[Batch], tell: Callable[[str], None]) -> Iterator[Reading]:
    """What a process was reading when it died is read again document by document; one that is alone fails in the end."""
    if len(batch.places) > 1:
        again.extend(Batch([place], batch.beside) for place in batch.places)
    elif batch.deaths == 0 and not isinstance(error, StuckError):
        again.append(replace(batch, deaths=1))
    else:
        yield failed_reading(batch.places[0], error)
        return
    tell(f"a reading process was {error}; what it was reading is read again by another")


def failed_reading(place: Located, error: BrokenExecutor) -> Reading:
    """The reading of a document whose processes died."""
    kind, times = ProblemKind.READ_FAILED, ", twice"
    if isinstance(error, StuckError):
        kind, times = ProblemKind.TIMED_OUT, ""
    elif isinstance(error, DiedError) and error.is_of_machine:
        kind = ProblemKind.NOT_READ_HERE
    problem = Problem(kind=kind, message=f"the process that read it was {error}{times}")
    return Reading(located=place, problems=[(place.urls[0], [problem])], failed=True)


@contextmanager
def few_collections() -> Iterator[None]:
    """Few searches for garbage cycles, and none among what is loaded."""
    before = gc.get_threshold()
    gc.set_threshold(_ALLOCATIONS, *before[1:])
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)


@cache
def _opened(archive: Path) -> Captures:
    """A process's own connection, until it ends."""
    return Captures(archive, read_only=True)


def compose_here(archive: Path, places: Sequence[Located], *, dry_run: bool) -> list[Reading | Wanted]:
    """Compose documents in the process that is asked to. Raises ArchiveError."""
    READER.keep_in(archive, read_only=dry_run)
    captures = _opened(archive)
    # the rows are all that the caller takes
    return [replace(reading, report=None) for reading in compose_some(captures, places)]


def compose_excerpt(data: bytes) -> bytes:
    """Compose the documents of a batch; where one asked for more than the batch carries, say for what."""
    places: Sequence[Located]
    places, carried = pickle.loads(data)  # noqa: S301 - of the process that sends the batch
    with closing(ExcerptCaptures(carried)) as captures:
        return pickle.dumps([_compose(captures, place) for place in places], pickle.HIGHEST_PROTOCOL)


def _compose(captures: ExcerptCaptures, place: Located) -> Reading | Wanted:
    captures.lacking = Wanted()
    reading = compose(captures, place)
    if captures.lacking:
        return captures.lacking
    mark = replace(reading.mark, capture_id=captures.newest) if reading.mark else None
    return replace(reading, report=None, mark=mark)
