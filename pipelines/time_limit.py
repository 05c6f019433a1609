"""How long reading one page may take: a page that was made to take for ever is ended, and the next one is read.

The time is that of this process's processor, so that a busy machine changes nothing. It is kept in the main thread alone,
where crawls, imports and reparses read; regular expressions hear it, too.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

SECONDS = 20.0
"""Of the processor, for a page; real ones take some thousandths of a second, the slowest one."""
_AGAIN = 0.5
"""Seconds after which it is said again, should something have swallowed it."""


class _TimeIsUp(BaseException):
    """No Exception: readers, and the libraries that they use, catch those to go on with something else."""


class OutOfTimeError(Exception):
    """It took longer than it may; the message says how long that was."""


_is_limited = False


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
