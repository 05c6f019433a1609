"""Whether a process that says nothing is stuck, or only slow: on a loaded machine the clock alone cannot tell.

It is stuck when it has used a processor for as long as it may be silent, or when it has waited for so long for something
that does not come. The time in which it waits for a processor or a disk counts as neither.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

_SLEEPS = frozenset("StT")
"""States of a process that waits for an event, or was stopped; R waits for a processor, D for a disk."""
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Use:
    """What a process has used of the processors, and whether it sleeps."""

    seconds: float
    sleeps: bool


def use_of(process: int) -> Use:
    """Of a process, with all its threads. One that is gone, or that the system tells nothing of, uses nothing and sleeps."""
    try:
        # the name in brackets may hold anything; state, then the 12th and 13th field after it
        fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return Use(0.0, sleeps=True)
    return Use((int(fields[11]) + int(fields[12])) / _TICKS, sleeps=fields[0] in _SLEEPS)


class Silence:
    """The silence of a process, since this was made."""

    def __init__(self, process: int, longest: float) -> None:
        """`longest`: seconds of a processor, or of waiting, from which on it is stuck."""
        self.process = process
        self.longest = longest
        self.used_before = self.used = use_of(process).seconds
        self.idle = 0.0
        self.looked_at = time.monotonic()

    def is_stuck(self) -> bool:
        """Look at the process; to be asked several times while it is silent."""
        now, use = time.monotonic(), use_of(self.process)
        has_worked = use.seconds > self.used or not use.sleeps
        self.idle = 0.0 if has_worked else self.idle + now - self.looked_at
        self.used, self.looked_at = use.seconds, now
        return self.idle >= self.longest or self.used - self.used_before >= self.longest
