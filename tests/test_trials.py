"""The trials of `make soak`, made small: portals that fail by lot, random lives of an archive, crawls killed anywhere."""

from __future__ import annotations

import sys

import pytest

from tests.crawling import run


@pytest.mark.parametrize(
    "trial",
    [
        ["unreliable", "--seeds", "7", "--shares", "0.3", "--pauses", "1", "--size", "3"],
        ["histories", "--seeds", "3", "--steps", "5"],
        ["kills", "4"],
    ],
    ids=lambda trial: trial[0],
)
def test_nothing_is_lost_and_nothing_is_said_to_be_well_too_early(trial: list[str]) -> None:
    name, *arguments = trial
    done = run([sys.executable, "-m", f"tests.{name}", *arguments])
    assert done.returncode == 0, done.stdout + done.stderr
