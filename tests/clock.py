"""A clock that tests can set: what the archive and its crawls take for the present."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, tzinfo
from unittest.mock import patch

import archive.asking
import archive.database
import archive.health
import archive.resume

_THAT_ASK_THE_TIME = (archive.asking, archive.database, archive.health, archive.resume)


@contextmanager
def days_later(days: float) -> Iterator[None]:
    """Let this process work as it will in so many days."""

    class Later(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz) + timedelta(days=days)

    patches = [patch.object(module, "datetime", Later) for module in _THAT_ASK_THE_TIME]
    for one in patches:
        one.start()
    try:
        yield
    finally:
        for one in patches:
            one.stop()
