"""How long reading one page may take: a page that was made to take for ever is ended, and the next one is read.

The time is that of this process's processor, so that a busy machine changes nothing. It is kept in the main thread alone,
where pages are read; regular expressions hear it, too. Code that hears no signals is ended with its process, where that
is one that can be spared.
"""

from __future__ import annotations

import resource
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

SECONDS = 20.0
"""Of the processor, for a page; real ones take some thousandths of a second, the slowest one."""
_AGAIN = 0.5
"""Seconds after which it is said again, should something have swallowed it."""
_DEAF = 2
"""Seconds over its time after which the system ends a process that can be spared."""


class _TimeIsUp(BaseException):
    """No Exception: readers, and the libraries that they use, catch those to go on with something else."""


class OutOfTimeError(Exception):
    """It took longer than it may; the message says how long that was."""


_is_limited = False
_can_be_spared = False


def spare_this_process() -> None:
    """From now on the system ends this process (SIGXCPU) where it hears of no limit: another one goes on."""
    global _can_be_spared
    _can_be_spared = True


@contextmanager
def time_limit(seconds: float = SECONDS) -> Iterator[None]:
    """Raises OutOfTimeError where what is done in here takes more seconds of the processor; within another one, that one counts."""
    global _is_limited
    if _is_limited or threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(*_: Any) -> None:
        raise _TimeIsUp

    before = signal.signal(signal.SIGVTALRM, end)
    _is_limited = True
    try:
        if _can_be_spared:
            _end_at(int(time.process_time() + seconds) + _DEAF)
        signal.setitimer(signal.ITIMER_VIRTUAL, seconds, _AGAIN)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    except _TimeIsUp:
        raise OutOfTimeError(f"not read within {seconds:.0f} seconds of the processor") from None
    finally:
        _is_limited = False
        signal.signal(signal.SIGVTALRM, before)
        if _can_be_spared:
            _end_at(None)


def _end_at(seconds: int | None) -> None:
    """Have the system end this process once it has used so many seconds of the processor."""
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    soft = hard if seconds is None else seconds if hard == resource.RLIM_INFINITY else min(seconds, hard)
    resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))
