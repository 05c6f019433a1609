"""How much room an archive's disk has left: what ends before it is full loses nothing of what it has."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from archive.database import ArchiveError, CannotWriteError

_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Room:
    """The disk of an archive, or of a folder that is to be made, and the MiB that have to stay free on it."""

    folder: Path
    least: int

    def check(self) -> None:
        """Raises CannotWriteError where there are less."""
        check_free_space(self.folder, self.least)

    def before(self, progress: Callable[[int, int], None]) -> Callable[[int, int], None]:
        """What tells of progress, with a look at the disk each time; raises CannotWriteError."""

        def checked(done: int, total: int) -> None:
            self.check()
            progress(done, total)

        return checked


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
