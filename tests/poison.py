"""A document that kills whatever reads it, and readers that wait. Apart, so that their processes load nothing else of the
tests.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import pipelines.ingest.compose
from archive.model import Page, Report

REAL_READ = pipelines.ingest.compose.read


def _die_on_one(page: Page, *known: Any, **more: Any) -> Report:
    if (page.sha256 or "").startswith(os.environ["DIE_ON"]):
        os.kill(os.getpid(), signal.SIGKILL)
    return REAL_READ(page, *known, **more)


def die_on_one() -> None:
    """From now on the page whose hash DIE_ON begins kills this process."""
    pipelines.ingest.compose.read = _die_on_one


def wait_to_read() -> None:
    """Read nothing before there is a file READ_FROM; one beside it says that this process waits."""
    go = Path(os.environ["READ_FROM"])
    while not go.exists():
        go.with_name(f"{go.name}.waiting").touch()
        time.sleep(0.05)
