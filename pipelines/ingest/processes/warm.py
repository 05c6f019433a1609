"""A process that has imported the readers and is forked for each process that reads, which saves a second of its start.

It has to be made before this process opens a database, starts a thread or an event loop: a fork would share them. It ends
when this process ends, however that is, and so do those that it has forked.
"""

from __future__ import annotations

import gc
import os
import signal
import socket
import struct
import threading
from contextlib import suppress
from functools import partial

from pipelines.ingest.processes.child import perform, serve

_LINE = struct.Struct("=ci")
"""What is asked, and of which process. The answer is a number."""
_NUMBER = struct.Struct("=i")
_FORK, _KILL, _WAIT = b"f", b"k", b"w"


class WarmProcess:
    """The process that is forked. Its methods raise OSError where it is gone."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        self.maker = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            perform(partial(_work, theirs))
        theirs.close()
        self._socket = ours
        self._lock = threading.Lock()

    def fork(self, descriptor: int) -> int:
        """A new process that serves what comes in on a socket; its number."""
        with self._lock:
            socket.send_fds(self._socket, [_LINE.pack(_FORK, 0)], [descriptor])
            return self._answer()

    def kill(self, pid: int) -> None:
        """End a process that was forked; it is waited for all the same."""
        self._asked(_KILL, pid)

    def wait(self, pid: int) -> int:
        """Wait for the end of a process that was forked; its exit code, or less than zero for a signal."""
        return self._asked(_WAIT, pid)

    def _asked(self, what: bytes, pid: int) -> int:
        with self._lock:
            self._socket.sendall(_LINE.pack(what, pid))
            return self._answer()

    def _answer(self) -> int:
        data = self._socket.recv(_NUMBER.size, socket.MSG_WAITALL)
        if len(data) < _NUMBER.size:
            raise ConnectionError("the process to fork from is gone")
        return int(_NUMBER.unpack(data)[0])

    def close(self) -> None:
        """End it, and all that it has forked."""
        self._socket.close()
        with suppress(ChildProcessError):
            os.waitpid(self.pid, 0)


_made: list[WarmProcess] = []


def warm_up() -> None:
    """Make the process to fork from, unless there is one. Where threads are running none is made."""
    import pipelines.ingest.page_tasks  # noqa: F401 - what is imported by now is there in every fork

    if warm_process() is not None or threading.active_count() > 1:
        return
    gc.collect()
    gc.freeze()  # nor does a collection copy what the forks share
    _made[:] = [WarmProcess()]
    gc.unfreeze()


def warm_process() -> WarmProcess | None:
    """The process to fork from, if this one has made one."""
    return _made[0] if _made and _made[0].maker == os.getpid() else None


def cool_down() -> None:
    """End it."""
    if warm := warm_process():
        warm.close()
    _made.clear()


def _work(requests: socket.socket) -> None:
    """In the process itself: fork, kill and wait as asked, until its parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    from pipelines.ingest.page_tasks import rehearse

    kept, is_warm = requests.fileno(), False
    os.closerange(3, kept)
    os.closerange(kept + 1, os.sysconf("SC_OPEN_MAX"))
    while True:
        data, descriptors, *_ = socket.recv_fds(requests, _LINE.size, 1)
        if len(data) < _LINE.size:
            return
        what, pid = _LINE.unpack(data)
        number = 0
        if what == _FORK:
            if not is_warm:  # a crawl that reads nothing needs none
                rehearse()
                gc.freeze()
                is_warm = True
            number = _fork(descriptors[0], requests)
        elif what == _KILL:
            os.kill(pid, signal.SIGKILL)
        else:
            number = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        requests.sendall(_NUMBER.pack(number))


def _fork(descriptor: int, requests: socket.socket) -> int:
    pid = os.fork()
    if pid == 0:
        requests.close()
        perform(partial(serve, descriptor))
    os.close(descriptor)
    return pid
