"""How much room an archive's disk has left: a crawl that ends before it is full loses nothing of what it fetches."""

from __future__ import annotations

import os
from pathlib import Path

from archive.database import ArchiveError, CannotWriteError

_MIB = 1 << 20


def check_free_space(folder: Path, least: int) -> None:
    """Raises CannotWriteError where less than so many MiB are free for `folder`, or for the one that it is to be made in."""
    place = folder if folder.is_dir() else folder.absolute().parent
    try:
        disk = os.statvfs(place)
    except OSError as error:
        raise ArchiveError(f"cannot open the archive {folder}: {error.strerror}") from error
    free = disk.f_bavail * disk.f_frsize
    if free < least * _MIB:
        raise CannotWriteError(f"{free / _MIB:.1f} MiB are free for {folder}, less than MIN_FREE = {least}")
