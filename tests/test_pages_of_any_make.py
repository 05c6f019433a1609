"""A report's truth comes back from pages of any make, or what is lacking is told; never a wrong value.

`python -m tests.test_pages_of_any_make 2000` counts equal, doubtful and wrong readings by kind.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict

import pytest

from tests.page_maker import judged, made

EXAMPLES = 60
FEWEST_EQUAL = 0.98


@pytest.fixture(scope="module")
def verdicts() -> dict[int, tuple[str, str]]:
    return {seed: judged(made(seed)) for seed in range(EXAMPLES)}


def test_no_page_of_any_make_gives_a_wrong_value(verdicts: dict[int, tuple[str, str]]) -> None:
    assert {seed: why for seed, (verdict, why) in verdicts.items() if verdict == "wrong"} == {}


def test_nearly_all_pages_of_any_make_give_the_truth(verdicts: dict[int, tuple[str, str]]) -> None:
    lacking = {seed: why for seed, (verdict, why) in verdicts.items() if verdict != "equal"}
    assert len(lacking) <= (1 - FEWEST_EQUAL) * EXAMPLES, lacking


def main(examples: int) -> None:
    """Print how many readings are equal, doubtful and wrong, and the same for each kind of each dimension."""
    total: Counter[str] = Counter()
    by_kind: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for seed in range(examples):
        one = made(seed)
        verdict, why = judged(one)
        total[verdict] += 1
        for kind in one.kinds.items():
            by_kind[kind][verdict] += 1
        if verdict != "equal":
            print(f"{seed}: {verdict}: {why}")
    print(dict(total))
    for (dimension, kind), counts in sorted(by_kind.items()):
        print(f"{counts['equal']:5} {counts['doubtful']:3} {counts['wrong']:3}  {dimension}: {kind}")


if __name__ == "__main__":
    main(int(sys.argv[1]))
