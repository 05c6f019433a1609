"""Composing documents on a Dask cluster: each batch goes to a worker with its part of captures.db, so no disk is shared.

A Dask worker runs whatever it is sent: a cluster is reached by TLS, or in a private network. Its certificates, and all else
about it, are Dask's own configuration.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import closing, contextmanager
from functools import cache, partial
from pathlib import Path
from typing import Any

from distributed import Client, Security, get_worker
from distributed.scheduler import KilledWorker

from archive.captures import Captures
from archive.database import ArchiveError
from archive.excerpt import Wanted, excerpt
from archive.records import Reading
from pipelines.ingest.executor import Batch, Engine, Prepare, compose_excerpt
from pipelines.ingest.processes import DiedError, Processes
from pipelines.version import READER_VERSION

_SIZE = 100
"""Documents in a batch: a message costs as much as reading one of them."""
_IN_HAND = 3
"""Batches for each thread of the workers: one that is read, those that are on their way."""
CONNECT_S = 30.0
"""Seconds in which a scheduler is to answer."""


@contextmanager
def cluster(address: str, archive: Path, *, dry_run: bool) -> Iterator[ClusterEngine]:
    """The cluster whose scheduler listens at an address, `tls://host:8786`. Raises ArchiveError."""
    with connected(address) as client, closing(Captures(archive, read_only=True)) as captures:
        yield ClusterEngine(client, captures, dry_run=dry_run)


@contextmanager
def connected(address: str) -> Iterator[Client]:
    """A client of a scheduler whose workers have this project as it is here. Raises ArchiveError."""
    if address.startswith("tls:"):
        _check_certificates(address)
    try:
        client = Client(address, timeout=CONNECT_S, direct_to_workers=True, set_as_default=False)
    except (OSError, ValueError, RuntimeError) as error:
        raise ArchiveError(f"no scheduler to be reached at {address}: {error}") from error
    try:
        _check_workers(client, address)
        yield client
    finally:
        client.close()


def _check_certificates(address: str) -> None:
    """Raises ArchiveError where Dask's configuration names none, or none that can be used."""
    security = Security()
    try:
        has_any = security.get_connection_args("client")["ssl_context"] is not None
    except (OSError, ValueError) as error:
        named = ", ".join(filter(None, {security.tls_ca_file, security.tls_client_cert, security.tls_client_key}))
        raise ArchiveError(
            f"the certificates that Dask's configuration names cannot be used ({named}): {error}"
        ) from error
    if not (has_any and security.tls_client_cert):
        raise ArchiveError(
            f"{address} takes certificates: name them in DASK_DISTRIBUTED__COMM__TLS__CA_FILE, "
            "DASK_DISTRIBUTED__COMM__TLS__CLIENT__CERT and DASK_DISTRIBUTED__COMM__TLS__CLIENT__KEY"
        )


def _check_workers(client: Client, address: str) -> None:
    """Raises ArchiveError where there are no workers, or one lacks the project, or has other readers."""
    try:
        versions: dict[str, str] = client.run(reader_version, on_error="return")
    except OSError as error:
        raise ArchiveError(f"the workers of {address} do not answer: {error}") from error
    if not versions:
        raise ArchiveError(f"the scheduler at {address} has no workers; start some with: dask worker {address}")
    for worker, version in versions.items():
        if isinstance(version, ModuleNotFoundError):
            raise ArchiveError(f"the worker {worker} lacks a package, or this project itself: {version}")
        if isinstance(version, BaseException):
            raise ArchiveError(f"the worker {worker} does not answer: {version}") from version
        if version != READER_VERSION:
            raise ArchiveError(_other_readers(worker, version, READER_VERSION))


def _other_readers(worker: str, theirs: str, ours: str) -> str:
    return (
        f"the worker {worker} has readers of version {theirs}, this machine of version {ours}: install the same there"
    )


class Call:
    """What it becomes when it is unpickled is what the function returns: so the scheduler, which looks into what it passes
    on, needs nothing of this project.
    """

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.function = function
        self.arguments = arguments

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return self.function, self.arguments


def reader_version() -> str:
    """Asked of every worker."""
    return READER_VERSION


class ClusterEngine(Engine):
    """Composes batches on the workers of a cluster."""

    size = _SIZE

    def __init__(self, client: Client, captures: Captures, *, dry_run: bool) -> None:
        threads = sum(client.nthreads().values())
        super().__init__(client.get_executor(pure=False), _IN_HAND * threads + 1, captures.path.parent, dry_run=dry_run)
        self.captures = captures

    def submit(self, batch: Batch) -> Future[list[Reading | Wanted]]:
        """As of processes of this machine."""
        urls = [url for place in batch.places for url in place.urls]
        data = pickle.dumps((batch.places, excerpt(self.captures, urls, batch.beside)), pickle.HIGHEST_PROTOCOL)
        answer: Future[list[Reading | Wanted]] = Future()
        answer.set_running_or_notify_cancel()
        call = pickle.dumps(Call(compose_there, READER_VERSION, data), pickle.HIGHEST_PROTOCOL)
        self.executor.submit(pickle.loads, call).add_done_callback(partial(_hand_on, answer))
        return answer


def _hand_on(answer: Future[list[Reading | Wanted]], told: Future[bytes]) -> None:
    """What a worker answered, or why it did not."""
    if told.cancelled():
        answer.set_exception(
            ArchiveError("the scheduler is gone; what was read is kept, and the next run goes on from it")
        )
        return
    error = told.exception()
    if isinstance(error, KilledWorker):
        answer.set_exception(DiedError("killed with its worker", is_of_machine=True))
    elif error is not None:
        answer.set_exception(error)
    else:
        answer.set_result(pickle.loads(told.result()))  # noqa: S301 - of a worker of this project


# What runs on a worker

PREPARE: Prepare | None = None
"""Run once in each of its processes; tests change a reader with it."""


@cache
def processes() -> Processes:
    """A worker's own: a document that kills or blocks its process harms no worker."""
    return Processes(get_worker().state.nthreads, initializer=PREPARE)


def check_version(version: str) -> None:
    """Raises ArchiveError where this worker has readers of another one: it may have come after all were asked."""
    if version != READER_VERSION:
        raise ArchiveError(_other_readers(get_worker().address, READER_VERSION, version))


def compose_there(version: str, data: bytes) -> bytes:
    """Compose the documents of a batch by readers of that version. Raises ArchiveError where this worker has others."""
    check_version(version)
    return processes().submit(compose_excerpt, data).result()
