"""Tasks performed in processes of this machine, which may hang, crash or be killed: only the task in hand fails.

An Executor of concurrent.futures. The standard one gives up all its processes, and every task, when one of them dies, and
knows no way to end a task that hangs.
"""

from __future__ import annotations

import os
import pickle
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any, ParamSpec, Protocol, TypeVar

from pipelines.ingest.processes.warm import WarmProcess, warm_process

P = ParamSpec("P")
T = TypeVar("T")

_OF_MACHINE = frozenset((-signal.SIGKILL, -signal.SIGTERM, -signal.SIGHUP))
"""Ends that come from outside: of the kernel when memory runs out, of a machine that shuts down."""


class DiedError(BrokenExecutor):
    """The process died that performed a task."""

    def __init__(self, how: str, *, is_of_machine: bool) -> None:
        """`how` in words, "killed by SIGKILL"; is_of_machine: it was killed or could not start, as opposed to a crash."""
        super().__init__(how)
        self.how = how
        self.is_of_machine = is_of_machine

    def __reduce__(self) -> tuple[Any, ...]:
        return _remade, (type(self), self.how, self.is_of_machine)


class StuckError(DiedError):
    """A task took longer than it may, and its process was ended."""


def _remade(kind: type[DiedError], how: str, is_of_machine: bool) -> DiedError:
    return kind(how, is_of_machine=is_of_machine)


class _Started(Protocol):
    """A process, whoever started it."""

    def kill(self) -> None:
        """End it; it is waited for all the same."""

    def wait(self) -> int:
        """Its exit code, or less than zero for a signal."""


class _Afresh:
    """Started as a program. Not as one of multiprocessing's: that would import whatever this one was started with."""

    def __init__(self, descriptor: int) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - ourselves
            [sys.executable, "-c", "from pipelines.ingest.processes.child import main; main()", str(descriptor)],
            stdin=subprocess.DEVNULL,
            pass_fds=[descriptor],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )

    def kill(self) -> None:
        self._process.kill()

    def wait(self) -> int:
        return self._process.wait()


class _Forked:
    """Forked from the warm process."""

    def __init__(self, warm: WarmProcess, descriptor: int) -> None:
        self._warm = warm
        self._pid = warm.fork(descriptor)

    def kill(self) -> None:
        with suppress(OSError):  # the warm process was killed, and this one with it
            self._warm.kill(self._pid)

    def wait(self) -> int:
        try:
            return self._warm.wait(self._pid)
        except OSError:
            return -signal.SIGKILL


@dataclass(eq=False, slots=True)
class _Task:
    future: Future[Any]
    data: bytes
    since: float = field(default_factory=time.monotonic)
    """When it was handed in, or begun."""


@dataclass(eq=False, slots=True)
class _Process:
    started: _Started
    connection: Connection
    is_ready: bool = False
    """It has begun, and takes tasks."""
    task: _Task | None = None
    """In hand."""
    is_stuck: bool = False


class Processes(Executor):
    """Up to so many processes, each started when it is first needed. They perform tasks in their order."""

    def __init__(
        self,
        jobs: int,
        *,
        initializer: Callable[..., object] | None = None,
        initargs: tuple[Any, ...] = (),
        patience: float = 0.0,
        seconds: float | None = None,
        network: bool = False,
    ) -> None:
        """`initializer` is called first in each process, which gives up the network unless it is to keep it. With `patience` a further process is started only for a task that
        has waited so many seconds. `seconds` that a task may take, by the clock.
        """
        self.jobs = jobs
        self.patience, self.seconds = patience, seconds
        self._first = pickle.dumps((network, pickle.dumps((initializer, initargs))))
        self._waiting: deque[_Task] = deque()
        self._processes: list[_Process] = []
        self._lock = threading.Lock()
        self._is_closed = False
        self._selector = selectors.DefaultSelector()
        self._bell, self._rung = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._selector.register(self._bell, selectors.EVENT_READ)
        self._manager: threading.Thread | None = None

    def submit(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """As every executor: the future of what the function returns. It raises DiedError where its process dies.

        Raises RuntimeError after `shutdown`.
        """
        task = _Task(Future(), pickle.dumps((function, args, kwargs), pickle.HIGHEST_PROTOCOL))
        with self._lock:
            if self._is_closed:
                raise RuntimeError("no task is taken any more")
            if self._manager is None:
                self._manager = threading.Thread(target=self._manage, name="processes", daemon=True)
                self._manager.start()
            self._waiting.append(task)
            is_alone = len(self._waiting) == 1
            if is_alone:
                self._deal()
            if is_alone and self._waiting:
                self._ring()
        return task.future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more tasks, and end the processes: with `wait` after the tasks that were taken, else at once."""
        with self._lock:
            self._is_closed = True
            dropped = list(self._waiting) if cancel_futures or not wait else []
            if dropped:
                self._waiting.clear()
            if not wait:
                self.seconds = 0.0
            self._ring()
            manager = self._manager
        for task in dropped:
            task.future.cancel()
        if manager is None:
            self._release()
        elif manager is not threading.current_thread():
            manager.join()

    def _ring(self) -> None:
        """Have the managing thread look around."""
        with suppress(BlockingIOError):
            os.write(self._rung, b"!")

    def _manage(self) -> None:
        """The managing thread: starts processes, takes in answers and deaths."""
        while self._look_around():
            for key, _ in self._selector.select(self._timeout()):
                if key.fd == self._bell:
                    os.read(self._bell, 1024)
                else:
                    self._hear(key.data)
        self._release()

    def _release(self) -> None:
        self._selector.close()
        os.close(self._bell)
        os.close(self._rung)

    def _look_around(self) -> bool:
        """Start what is needed, end what is stuck or done; whether there is anything left to manage."""
        now = time.monotonic()
        with self._lock:
            stuck = [one for one in self._processes if one.task and not one.is_stuck and self._is_late(one.task, now)]
            self._deal()
            is_needed = self._needs_another() and now - self._waiting[0].since >= self.patience * bool(self._processes)
            idle = [] if self._waiting or not self._is_closed else [one for one in self._processes if not one.task]
        for process in stuck:
            process.is_stuck = True
            process.started.kill()  # its connection says that it is gone
        for process in idle:
            self._end(process)
        if is_needed:
            self._start()
            self._ring()
        return not self._is_closed or bool(self._processes or self._waiting)

    def _needs_another(self) -> bool:
        """Whether tasks wait that one more process could take."""
        beginning = sum(not one.is_ready for one in self._processes)
        return len(self._waiting) > beginning and len(self._processes) < self.jobs

    def _is_late(self, task: _Task, now: float) -> bool:
        return self.seconds is not None and now - task.since >= self.seconds

    def _timeout(self) -> float | None:
        """Seconds until something is to be done unasked."""
        with self._lock:
            moments = [
                one.task.since + self.seconds for one in self._processes if one.task and self.seconds is not None
            ]
            if self._needs_another():
                moments.append(self._waiting[0].since + self.patience)
        return max(0.0, min(moments) - time.monotonic()) if moments else None

    def _deal(self) -> None:
        """Give the tasks that wait to processes that have none, the oldest process first: it is the warmest."""
        for process in self._processes:
            while self._waiting and process.is_ready and process.task is None:
                task = self._waiting.popleft()
                if not task.future.set_running_or_notify_cancel():
                    continue
                task.since, process.task = time.monotonic(), task
                with suppress(OSError):  # its connection says that it is gone
                    process.connection.send_bytes(task.data)

    def _start(self) -> None:
        """Start a process; where that fails, the task that it was for fails."""
        ours, theirs = socket.socketpair()
        connection = Connection(ours.detach())
        try:
            process = _Process(self._started(theirs.fileno()), connection)
            connection.send_bytes(self._first)
        except OSError as error:
            connection.close()
            self._fail_first(DiedError(f"not started ({error})", is_of_machine=True))
            return
        finally:
            theirs.close()
        self._selector.register(connection, selectors.EVENT_READ, process)
        with self._lock:
            self._processes.append(process)

    def _fail_first(self, error: DiedError) -> None:
        """The task that has waited longest fails, for the process that was to take it did not begin."""
        with self._lock:
            task = self._waiting.popleft() if self._waiting else None
        if task is not None and task.future.set_running_or_notify_cancel():
            task.future.set_exception(error)

    def _started(self, descriptor: int) -> _Started:
        if warm := warm_process():
            with suppress(ConnectionError):
                return _Forked(warm, descriptor)
        return _Afresh(descriptor)

    def _hear(self, process: _Process) -> None:
        """An answer of a process, or its end."""
        try:
            answer = process.connection.recv_bytes()
        except (EOFError, OSError):
            self._bury(process)
            return
        with self._lock:
            is_first, process.is_ready = not process.is_ready, True
            task, process.task = process.task, None
            self._deal()
        if is_first:
            return
        has_failed, value = _unpacked(answer)
        if task is not None and has_failed:
            task.future.set_exception(value)
        elif task is not None:
            task.future.set_result(value)

    def _bury(self, process: _Process) -> None:
        """A process has died: the task that it had in hand fails."""
        task = process.task
        code = self._end(process)
        how = f"killed by {signal.Signals(-code).name}" if code < 0 else f"gone with exit code {code}"
        died = DiedError(how, is_of_machine=code in _OF_MACHINE)
        if process.is_stuck or code == -signal.SIGXCPU:
            died = StuckError(f"ended: it took too long ({how})", is_of_machine=False)
        if task is not None:
            task.future.set_exception(died)
        elif not process.is_ready:
            self._fail_first(died)

    def _end(self, process: _Process) -> int:
        """Let go of a process that is dead or has nothing to do; its exit code."""
        self._selector.unregister(process.connection)
        process.connection.close()
        with self._lock:
            self._processes.remove(process)
        return process.started.wait()


def _unpacked(answer: bytes) -> tuple[bool, Any]:
    """Whether a task raised, and what it returned or raised."""
    try:
        has_failed, value = pickle.loads(answer)  # noqa: S301 - of our own child
    except Exception as error:  # noqa: BLE001 - the task that it answers has failed, not the thread that manages all
        return True, RuntimeError(f"an answer that cannot be read: {type(error).__name__}: {error}")
    return has_failed, value
