"""A process that says nothing is stuck by what it does, not by the clock alone."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable

import pytest

from crawler import silence
from crawler.silence import Silence, Use, use_of


def looks(uses: Iterable[Use], longest: float, monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """What is said of a process that is looked at every ten seconds; the first use is that of the beginning."""
    told = iter(uses)
    clock = iter(range(0, 10_000, 10))
    monkeypatch.setattr(silence, "use_of", lambda _: next(told))
    monkeypatch.setattr(silence.time, "monotonic", lambda: next(clock))
    silent = Silence(1, longest)
    said = []
    while True:
        try:
            said.append(silent.is_stuck())
        except StopIteration:
            return said


def test_what_waits_for_nothing_that_comes_is_stuck(monkeypatch: pytest.MonkeyPatch) -> None:
    assert looks([Use(3.0, sleeps=True)] * 5, 40, monkeypatch) == [False, False, False, True]


def test_what_works_without_end_is_stuck_by_what_it_has_used(monkeypatch: pytest.MonkeyPatch) -> None:
    busy = [Use(3.0 + 10 * number, sleeps=False) for number in range(5)]
    assert looks(busy, 40, monkeypatch) == [False, False, False, True]


@pytest.mark.parametrize(
    "slow",
    [
        pytest.param([Use(3.0 + number / 100, sleeps=True) for number in range(200)], id="a little at a time"),
        pytest.param([Use(3.0, sleeps=False)] * 200, id="no processor for it at all"),
        pytest.param([Use(3.0 + number // 3, sleeps=True) for number in range(100)], id="with pauses"),
    ],
)
def test_what_is_only_slow_is_waited_for(slow: list[Use], monkeypatch: pytest.MonkeyPatch) -> None:
    said = looks(slow, 40, monkeypatch)
    assert len(said) == len(slow) - 1
    assert not any(said)


def test_the_system_tells_of_work_and_of_sleep() -> None:
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as busy:
        while use_of(busy.pid).seconds < 0.2:
            pass
        first, second = (use_of(busy.pid) for _ in range(2))
        busy.kill()
    assert not first.sleeps
    assert second.seconds >= first.seconds
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as waiting:
        while not use_of(waiting.pid).sleeps:
            pass
        waiting.kill()
    assert use_of(waiting.pid) == Use(0.0, sleeps=True)  # it is gone
