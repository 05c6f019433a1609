"""Tasks in processes of their own: what hangs, crashes or is killed fails alone, and nothing outlives its parent."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

import pipelines.ingest.processes
from pipelines.ingest.processes import DiedError, Processes, StuckError
from pipelines.ingest.processes.warm import cool_down, warm_up
from pipelines.time_limit import OutOfTimeError, time_limit
from tests.crawling import ROOT


@pytest.fixture(autouse=True, scope="module")
def warm() -> Iterator[None]:
    """Processes of these tests are forked."""
    warm_up()
    yield
    cool_down()


def die(number: int) -> None:
    os.kill(os.getpid(), number)


def leave() -> None:
    os._exit(3)


def deaf() -> None:
    """Holds the processor in code that hears no signals."""
    with time_limit(0.1):
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGVTALRM])
        sum(range(10**11))


def endless() -> None:
    with time_limit(0.1):
        re.match(r"(a+)+$", "a" * 60 + "b")


def sleep() -> int:
    time.sleep(600)
    return 0


def ask_out() -> str:
    with suppress(PermissionError):
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        return "open"
    return "closed"


def fill() -> int:
    return len(bytearray(8 * 1024**3))


def pair(first: int, *, second: int) -> tuple[int, int, int]:
    return os.getpid(), first, second


def fail() -> None:
    raise KeyError("a", 2)


def unusable() -> object:
    return lambda: None


def refuse() -> None:
    raise ValueError("not today")


@pytest.mark.parametrize("start", ["forked", "afresh"])
def test_what_a_task_returns_and_raises_comes_back(start: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if start == "afresh":
        monkeypatch.setattr(pipelines.ingest.processes, "warm_process", lambda: None)
    with Processes(1) as processes:
        pid, *values = processes.submit(pair, 1, second=2).result()
        assert values == [1, 2]
        assert pid != os.getpid()
        with pytest.raises(KeyError, match="a"):
            processes.submit(fail).result()
        with pytest.raises(Exception, match="pickle"):
            processes.submit(unusable).result()
        assert list(processes.map(abs, range(-3, 0))) == [3, 2, 1]
        assert processes.submit(pair, 1, second=2).result()[0] == pid, "one process performs all"
        assert processes.submit(ask_out).result() == "closed"
        with pytest.raises(MemoryError):
            processes.submit(fill).result()
    with pytest.raises(RuntimeError):
        processes.submit(fail)


def test_only_the_task_fails_whose_process_dies() -> None:
    with Processes(2) as processes:
        killed = processes.submit(die, signal.SIGKILL)
        crashed = processes.submit(die, signal.SIGSEGV)
        gone = processes.submit(leave)
        others = [processes.submit(abs, -number) for number in range(20)]
        assert [other.result() for other in others] == list(range(20))
        with pytest.raises(DiedError, match="killed by SIGKILL") as end:
            killed.result()
        assert end.value.is_of_machine
        with pytest.raises(DiedError, match="killed by SIGSEGV") as end:
            crashed.result()
        assert not end.value.is_of_machine
        with pytest.raises(DiedError, match="gone with exit code 3"):
            gone.result()


def test_what_hangs_is_ended_by_itself_by_the_system_or_by_the_clock() -> None:
    with Processes(1) as processes:
        with pytest.raises(OutOfTimeError):
            processes.submit(endless).result()
        with pytest.raises(StuckError, match="SIGXCPU"):
            processes.submit(deaf).result()
        assert processes.submit(abs, -1).result() == 1
    with Processes(1, seconds=1.0) as processes:
        with pytest.raises(StuckError, match="SIGKILL"):
            processes.submit(sleep).result()
        assert processes.submit(abs, -1).result() == 1


def test_a_further_process_is_started_for_a_task_that_has_waited() -> None:
    processes = Processes(2, patience=0.05)
    stuck = processes.submit(sleep)
    assert processes.submit(abs, -1).result(timeout=60) == 1
    assert not stuck.done()
    processes.shutdown(wait=False)
    with pytest.raises(DiedError):
        stuck.result(timeout=60)


def test_a_process_keeps_the_network_only_where_it_is_to() -> None:
    with Processes(1, network=True) as processes:
        assert processes.submit(ask_out).result() == "open"


def test_a_process_that_cannot_begin_says_why() -> None:
    with Processes(1, initializer=refuse) as processes, pytest.raises(ValueError, match="not today"):
        processes.submit(abs, -1).result()


HOLDER = """
import os, signal, sys, threading
from pipelines.ingest.processes import Processes
from pipelines.ingest.processes.warm import warm_up
from tests.test_processes import sleep
if sys.argv[1] == "forked":
    warm_up()
processes = Processes(2)
processes.submit(sleep)
processes.submit(abs, -1).result()
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("start", ["forked", "afresh"])
def test_nothing_outlives_a_parent_that_is_killed(start: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", HOLDER, start], capture_output=True, text=True, cwd=ROOT, check=False, timeout=120
    )  # which waits until nobody holds its output any more
    assert done.returncode == -signal.SIGKILL, done.stderr
