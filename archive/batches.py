"""Long iterations in parts that fit in memory and in one commit."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")

if sys.version_info >= (3, 12):
    from itertools import batched
else:

    def batched(things: Iterable[T], size: int) -> Iterator[tuple[T, ...]]:
        """Tuples of `size`, the last one shorter; itertools has it from Python 3.12 on."""
        things = iter(things)
        while batch := tuple(islice(things, size)):
            yield batch


__all__ = ["batched"]
