"""One crawl a portal at a time, in whatever process: a lock that the system takes back when its process dies."""

from __future__ import annotations

import fcntl
import json
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self
from urllib.parse import quote

from archive.database import ArchiveError, CannotWriteError, utc_now

_SUFFIX = ".crawling"


class PortalBusyError(ArchiveError):
    """Another process crawls the portal; the message says which, and since when."""


@dataclass(slots=True)
class PortalLock:
    """The right to crawl a portal into an archive. Asked for again in the same process, it is the same lock.

    The file is there while the crawl runs, and after a crawl that was killed until the next one of any portal begins.
    """

    path: Path
    descriptor: int
    holders: int = 1

    _held: ClassVar[dict[Path, PortalLock]] = {}

    @classmethod
    def take(cls, folder: Path, portal: str) -> Self:
        """Every call is to be followed by one of `release`. Raises PortalBusyError, and ArchiveError where no file can be made."""
        path = _path(folder, portal)
        held = cls._held.get(path)
        if held is not None:
            held.holders += 1
            return held  # type: ignore[return-value]
        if not cls._held:  # once is enough for all crawls of a process
            remove_left_over(folder)
        descriptor = _locked(path)
        if descriptor is None:
            raise PortalBusyError(f"{portal} is being crawled by {_holder(path)}; nothing was asked of it")
        lock = cls._held[path] = cls(path, descriptor)
        try:
            os.write(descriptor, json.dumps({"process": os.getpid(), "since": utc_now()}).encode())
        except OSError as error:
            lock.release()
            raise CannotWriteError(f"cannot write to {path}: {error}") from error
        return lock

    def release(self) -> None:
        """Let others crawl the portal, unless this process has the lock once more."""
        self.holders -= 1
        if self.holders == 0:
            del self._held[self.path]
            self.path.unlink(missing_ok=True)
            os.close(self.descriptor)


def remove_left_over(folder: Path) -> None:
    """Remove the files of crawls that were killed."""
    for path in folder.absolute().glob(f".*{_SUFFIX}"):
        if path not in PortalLock._held and (descriptor := _locked(path, create=False)) is not None:
            path.unlink(missing_ok=True)
            os.close(descriptor)


def is_crawled(folder: Path, portal: str) -> bool:
    """Whether a portal is being crawled into an archive, by this process or another. Raises ArchiveError where that cannot be told."""
    path = _path(folder, portal)
    if path in PortalLock._held:
        return True
    if not path.exists():
        return False
    descriptor = _locked(path, create=False)
    if descriptor is not None:
        os.close(descriptor)
    return descriptor is None and path.exists()


def _path(folder: Path, portal: str) -> Path:
    return folder.absolute() / f".{quote(portal, safe='')}{_SUFFIX}"


def _locked(path: Path, *, create: bool = True) -> int | None:
    """The descriptor of a locked file; None where another process has it. Raises ArchiveError."""
    while True:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | (os.O_CREAT if create else 0), 0o644)
        except FileNotFoundError:
            if not create:
                return None
            raise ArchiveError(f"there is no directory {path.parent}") from None
        except OSError as error:
            raise CannotWriteError(f"cannot write to {path}: {error}") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        with suppress(FileNotFoundError):
            if path.stat().st_ino == os.fstat(descriptor).st_ino:
                return descriptor
        os.close(descriptor)  # another process has removed this very file: it is to be made anew


def _holder(path: Path) -> str:
    """The process that has the lock, and since when."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        return f"process {told['process']} since {told['since'][:19].replace('T', ' ')} UTC"
    except (OSError, ValueError, KeyError, TypeError):  # it begins, or ends, at this very moment
        return "another process"
