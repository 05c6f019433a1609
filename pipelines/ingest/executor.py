"""Composing in several processes. Each has its own connection to captures.db and only reads; the caller writes."""

from __future__ import annotations

import gc
import os
import signal
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from multiprocessing.connection import Connection, wait
from pathlib import Path

from archive.captures import Captures
from archive.database import ArchiveError
from archive.model import Located, Problem
from archive.records import Reading
from archive.vocabulary import ProblemKind
from pipelines.ingest.compose import compose
from pipelines.ingest.sandbox import READER

CHUNK = 8
"""Documents sent at a time."""
IN_HAND = 2
"""Chunks that a worker has at a time; with CHUNK it bounds what is in memory."""
_ALLOCATIONS = 10_000
"""Allocations between two searches for garbage cycles; Python's default is 700. Reading leaves hardly any cycles, and
with the default a twentieth of its time goes into searches."""

Prepare = Callable[[], None]
"""Run once in every process before it reads; tests change a reader with it."""


@dataclass(slots=True)
class _Chunk:
    """Documents that are sent together, and how many processes died while reading them."""

    places: list[Located]
    deaths: int = 0


@dataclass(slots=True)
class _Worker:
    """A process, and what it was sent and has not answered, oldest first."""

    process: subprocess.Popen[bytes]
    connection: Connection
    chunks: deque[_Chunk] = field(default_factory=deque)


def compose_all(
    archive: Path,
    places: Iterable[Located],
    jobs: int,
    *,
    prepare: Prepare | None = None,
    tell: Callable[[str], None] = lambda _: None,
    dry_run: bool = False,
) -> Iterator[Reading]:
    """Compose documents in `jobs` processes, in this one if that is 1; in any order. `dry_run`: nothing at all is written.

    What a process that is killed was reading is read again, one document at a time; a document whose process dies twice
    has failed. Raises ArchiveError when the captures cannot be read.
    """
    if jobs == 1:
        captures = Captures(archive, read_only=True)
        try:
            READER.keep_in(archive, read_only=dry_run)
            if prepare:
                prepare()
            with _few_collections():
                for place in places:
                    yield compose(captures, place)
        finally:
            captures.close()
        return
    pool = _Pool(archive, places, prepare, tell, dry_run=dry_run)
    try:
        yield from pool.run(jobs)
    finally:
        pool.stop()


@contextmanager
def _few_collections() -> Iterator[None]:
    before = gc.get_threshold()
    gc.set_threshold(_ALLOCATIONS, *before[1:])
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)


class _Pool:
    """Worker processes that survive the death of any of them."""

    def __init__(
        self,
        archive: Path,
        places: Iterable[Located],
        prepare: Prepare | None,
        tell: Callable[[str], None],
        *,
        dry_run: bool,
    ) -> None:
        self.dry_run = dry_run
        self.archive = archive
        self.places = iter(places)
        self.prepare = prepare
        self.tell = tell
        self.again: deque[_Chunk] = deque()
        self.workers: list[_Worker] = []

    def run(self, jobs: int) -> Iterator[Reading]:
        self.workers = [self._started() for _ in range(jobs)]
        for worker in self.workers:
            self._feed(worker)
        while busy := {worker.connection: worker for worker in self.workers if worker.chunks}:
            for connection in wait(list(busy)):
                worker = busy[connection]  # type: ignore[index] # connections came in, connections come out
                try:
                    answer = worker.connection.recv()
                except (EOFError, ConnectionError):
                    yield from self._died(worker)
                    continue
                if isinstance(answer, ArchiveError):
                    raise answer
                worker.chunks.popleft()
                self._feed(worker)
                yield from answer

    def stop(self) -> None:
        """End the processes; one that is reading is not waited for."""
        for worker in self.workers:
            worker.connection.close()
        for worker in self.workers:
            if worker.chunks:
                worker.process.terminate()
            worker.process.wait()

    def _started(self) -> _Worker:
        ours, theirs = socket.socketpair()
        # A process of its own rather than multiprocessing's: that one would import whatever this one was started with.
        process = subprocess.Popen(  # noqa: S603 - ourselves
            [sys.executable, "-c", "from pipelines.ingest.executor import main; main()", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        theirs.close()
        connection = Connection(ours.detach())
        connection.send((self.archive, self.prepare, self.dry_run))
        return _Worker(process, connection)

    def _feed(self, worker: _Worker) -> None:
        while len(worker.chunks) < IN_HAND:
            chunk = self.again.popleft() if self.again else _Chunk(list(islice(self.places, CHUNK)))
            if not chunk.places:
                return
            worker.chunks.append(chunk)
            try:
                worker.connection.send(chunk.places)
            except (BrokenPipeError, ConnectionError):
                return  # the process has died, which `run` sees when it next receives from it

    def _died(self, worker: _Worker) -> Iterator[Reading]:
        """Start another process in its place. What it was reading is read again, document by document."""
        code = worker.process.wait()
        how = f"killed by {signal.Signals(-code).name}" if code < 0 else f"gone with exit code {code}"
        suspect, *others = worker.chunks
        self.tell(f"a reading process was {how}; what it was reading is read again by another")
        self.again.extend(others)
        if len(suspect.places) > 1:
            self.again.extend(_Chunk([place]) for place in suspect.places)
        elif suspect.deaths == 0:
            self.again.append(_Chunk(suspect.places, deaths=1))
        else:
            (place,) = suspect.places
            is_of_machine = code == -signal.SIGKILL
            kind = ProblemKind.NOT_READ_HERE if is_of_machine else ProblemKind.READ_FAILED
            problem = Problem(kind=kind, message=f"the process that read it was {how}, twice")
            yield Reading(located=place, problems=[(place.urls[0], [problem])], failed=True)
        self.workers[self.workers.index(worker)] = other = self._started()
        worker.connection.close()
        self._feed(other)


def main() -> None:
    """A worker process: composes what it is sent until the connection is closed, which its parent's death does too."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    connection = Connection(int(sys.argv[1]))
    try:
        archive, prepare, dry_run = connection.recv()
        READER.keep_in(archive, read_only=dry_run)
        if prepare:
            prepare()
        captures = Captures(archive, read_only=True)
        with _few_collections():
            while True:
                readings = (compose(captures, place) for place in connection.recv())
                connection.send([replace(reading, report=None) for reading in readings])  # its rows are all it takes
    except ArchiveError as error:
        connection.send(error)
    except (EOFError, ConnectionError):
        pass
