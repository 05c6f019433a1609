"""An executor of processes on this machine: a task whose process dies fails alone, and the others go on.

That of the standard library gives up everything that it has in hand when one of its processes dies, and does not say how.
"""

from __future__ import annotations

import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future
from contextlib import suppress
from multiprocessing.connection import Connection
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")

_COMMAND = "from pipelines.ingest.processes import main; main()"
"""A process of its own rather than multiprocessing's: that one would import whatever this one was started with."""

_Task = tuple[Future[Any], bytes]
"""With the function and its arguments, pickled."""


class DiedError(BrokenExecutor):
    """The process that worked on it died."""

    def __init__(self, how: str, is_of_machine: bool = False) -> None:
        """`how` it ended, in words; is_of_machine: it was killed from outside, as when memory runs out."""
        super().__init__(how, is_of_machine)
        self.how = how
        self.is_of_machine = is_of_machine

    def __str__(self) -> str:
        return self.how


class StuckError(DiedError):
    """It was ended because it took longer than it may: the next one would, too."""


class Processes(Executor):
    """Runs functions of modules in so many processes, first come, first served."""

    def __init__(
        self, jobs: int, *, initializer: Callable[..., object] | None = None, initargs: tuple[Any, ...] = ()
    ) -> None:
        """`initializer` is called once in each process, before its first task; what it raises, that task raises."""
        self._begin = pickle.dumps((initializer, initargs))
        self._tasks: SimpleQueue[_Task | None] = SimpleQueue()
        self._processes: set[subprocess.Popen[bytes]] = set()
        self._is_closed = False
        self._threads = [threading.Thread(target=self._serve, daemon=True) for _ in range(jobs)]
        for thread in self._threads:
            thread.start()

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """As of every executor; the future raises DiedError where the process died that worked on it."""
        if self._is_closed:
            raise RuntimeError("no new tasks after shutdown")
        future: Future[T] = Future()
        self._tasks.put((future, pickle.dumps((fn, args, kwargs), pickle.HIGHEST_PROTOCOL)))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End when all is done or, with `cancel_futures`, now: a process at work is not waited for."""
        self._is_closed = True
        if cancel_futures:
            with suppress(Empty):
                while task := self._tasks.get_nowait():
                    task[0].cancel()
            for process in list(self._processes):
                process.kill()
        for _ in self._threads:
            self._tasks.put(None)
        if wait:
            for thread in self._threads:
                thread.join()

    def _serve(self) -> None:
        """One process after the other, each until it dies."""
        with suppress(_ClosedError):
            while True:
                self._employ(self._next())

    def _next(self) -> _Task:
        """Raises _ClosedError where there is nothing more to do."""
        while task := self._tasks.get():
            if task[0].set_running_or_notify_cancel():
                return task
        raise _ClosedError

    def _employ(self, task: _Task) -> None:
        """Give a process tasks, this one first, until it dies."""
        ours, theirs = socket.socketpair()
        try:
            process = subprocess.Popen(  # noqa: S603 - ourselves
                [sys.executable, "-c", _COMMAND, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            )
        except OSError as error:
            ours.close()
            task[0].set_exception(DiedError(f"not started: {error}", is_of_machine=True))
            return
        finally:
            theirs.close()
        self._processes.add(process)
        try:
            with Connection(ours.detach()) as connection:
                connection.send_bytes(self._begin)
                while self._is_done(task, connection, process):
                    task = self._next()
        finally:
            if self._is_closed:
                process.kill()
            process.wait()
            self._processes.discard(process)

    def _is_done(self, task: _Task, connection: Connection, process: subprocess.Popen[bytes]) -> bool:
        """Whether the process has answered, and lives."""
        future, call = task
        try:
            connection.send_bytes(call)
            is_well, answer = pickle.loads(connection.recv_bytes())  # noqa: S301 - of our own process
        except (EOFError, OSError):
            code = process.wait()
            how = f"killed by {signal.Signals(-code).name}" if code < 0 else f"gone with exit code {code}"
            future.set_exception(DiedError(how, is_of_machine=code == -signal.SIGKILL))
            return False
        if is_well:
            future.set_result(answer)
        else:
            future.set_exception(answer)
        return True


class _ClosedError(Exception):
    """There is nothing more to do."""


def main() -> None:
    """Such a process: works until the connection is closed, which the death of the other end does, too."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    connection = Connection(int(sys.argv[1]))
    with suppress(EOFError, ConnectionError):
        begin: bytes | None = connection.recv_bytes()
        while True:
            call = connection.recv_bytes()
            try:
                if begin:
                    initializer, initargs = pickle.loads(begin)  # noqa: S301 - of the process that started this one
                    if initializer:
                        initializer(*initargs)
                begin = None
                fn, args, kwargs = pickle.loads(call)  # noqa: S301 - the same
                answer = (True, fn(*args, **kwargs))
            except Exception as error:  # noqa: BLE001 - it is raised where the task was submitted
                answer = (False, error)
            connection.send_bytes(pickle.dumps(answer, pickle.HIGHEST_PROTOCOL))
