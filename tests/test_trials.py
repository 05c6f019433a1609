"""The trials of `make soak`, made small: portals that fail by lot, random lives of an archive, crawls and commands killed anywhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from tests import histories, killed_commands, kills, soak, unreliable


@pytest.mark.parametrize(
    ("trial", "arguments"),
    [
        (unreliable.main, "--seeds 7 --shares 0.3 --pauses 1 --size 3"),
        (histories.main, "--seeds 3 --steps 5"),
        (kills.main, "4"),
        (killed_commands.main, "4"),
        (soak.main, "--portals 2 --crawls 10"),
    ],
    ids=["unreliable", "histories", "kills", "killed_commands", "soak"],
)
def test_nothing_is_lost_and_nothing_is_said_to_be_well_too_early(
    trial: Callable[[Sequence[str]], int], arguments: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert trial(arguments.split()) == 0, capsys.readouterr().out
