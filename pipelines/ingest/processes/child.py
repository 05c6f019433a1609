"""What a process that reads does: it gives up what it does not need, and performs one task after another.

A task is a pickled function with its arguments, its answer what the function returned or raised. What a hostile page can
do here is limited by the system: address space, no core, no network; time is limited by pipelines.time_limit, and by the
parent. It ends with its parent.
"""

from __future__ import annotations

import ctypes
import gc
import os
import pickle
import resource
import signal
import sys
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from pipelines.ingest.sandbox.no_network import leave_network
from pipelines.time_limit import spare_this_process

MEMORY = 2 * 1024**3
"""Bytes of address space beyond what the process has when it begins."""
_ALLOCATIONS = 10_000
"""Allocations between two searches for garbage cycles; Python's default is 700. Reading leaves hardly any cycles, and
with the default a twentieth of its time goes into searches."""
_SET_PARENT_DEATH_SIGNAL = 1
READY = b"ready"
"""What a process says first."""


def serve(descriptor: int) -> None:
    """Perform what comes in on a socket until its other end is closed."""
    _limit()
    connection = Connection(descriptor)
    try:
        has_network, first = pickle.loads(connection.recv_bytes())  # noqa: S301 - of our own parent
        if not has_network:
            leave_network()
        unprepared = _begun(first)
        gc.freeze()
        connection.send_bytes(READY)
        while True:
            task = connection.recv_bytes()
            connection.send_bytes(unprepared or _performed(task))
    except (EOFError, ConnectionError):
        pass


def _begun(first: bytes) -> bytes:
    """What a process does first; the answer to every task where that raised."""
    try:
        initializer, arguments = pickle.loads(first)  # noqa: S301 - of our own parent
        if initializer is not None:
            initializer(*arguments)
    except Exception as error:  # noqa: BLE001 - whatever it raises is the caller's
        return _told(error)
    return b""


def _performed(task: bytes) -> bytes:
    """The answer to a task: whether it raised, and what it returned or raised."""
    try:
        function, arguments, named = pickle.loads(task)  # noqa: S301 - of our own parent
        return pickle.dumps((False, function(*arguments, **named)), pickle.HIGHEST_PROTOCOL)
    except Exception as error:  # noqa: BLE001 - whatever a task raises is its caller's
        return _told(error)


def _told(error: Exception) -> bytes:
    """An error as an answer; in words where it cannot be handed on itself."""
    try:
        data = pickle.dumps((True, error), pickle.HIGHEST_PROTOCOL)
        pickle.loads(data)  # noqa: S301 - our own
    except Exception:  # noqa: BLE001 - an exception may be made of anything
        return pickle.dumps((True, RuntimeError(f"{type(error).__name__}: {error}")))
    return data


def _limit() -> None:
    """Limit this process, and have it end with its parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    gc.set_threshold(_ALLOCATIONS, *gc.get_threshold()[1:])
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform.startswith("linux"):
        parent = os.getppid()
        ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it died before
            os._exit(1)
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        most = pages * resource.getpagesize() + MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
    spare_this_process()


def main() -> None:
    """A process that was started afresh: the number of its socket is its argument."""
    serve(int(sys.argv[1]))


def perform(work: Any) -> None:
    """Nothing but this, in a process that was just forked; never returns."""
    code = 1
    try:
        work()
        code = 0
    finally:
        sys.stderr.flush()
        os._exit(code)
