"""Seals of runs: a run that has ended says how many captures it made and which, so that one that is deleted shows.

The seal is the number of its captures and the sum of their digests, as numbers of 256 bits. A sum needs no order, and
what a seal lacks or has too much is the digest of one capture where it is one. It travels with a merge.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

CREATE = "CREATE TABLE run_seals (run_id INTEGER PRIMARY KEY, captures INTEGER NOT NULL, digests BLOB NOT NULL)"

_SIZE = 32
_MODULUS = 1 << (8 * _SIZE)
_DIGESTS = "SELECT digest FROM captures WHERE run_id = ?"
_PUT = "INSERT INTO run_seals (run_id, captures, digests) VALUES (?, ?, ?) ON CONFLICT (run_id) DO NOTHING"


@dataclass(frozen=True, slots=True)
class RunSeal:
    """How many captures, and the sum of their digests."""

    captures: int = 0
    digests: int = 0

    @classmethod
    def of(cls, digests: Iterable[bytes | None]) -> Self:
        """The seal of captures with these digests."""
        found = [digest or b"" for digest in digests]
        return cls(len(found), sum(int.from_bytes(digest) for digest in found) % _MODULUS)

    @classmethod
    def stored(cls, captures: int, digests: bytes) -> Self:
        """A row of `run_seals`."""
        return cls(captures, int.from_bytes(digests))

    def __add__(self, other: RunSeal) -> RunSeal:
        return RunSeal(self.captures + other.captures, (self.digests + other.digests) % _MODULUS)

    def __sub__(self, other: RunSeal) -> RunSeal:
        return RunSeal(self.captures - other.captures, (self.digests - other.digests) % _MODULUS)

    @property
    def blob(self) -> bytes:
        """The sum, as a row has it."""
        return self.digests.to_bytes(_SIZE)


def as_digest(seal: RunSeal) -> bytes | None:
    """The digest of the capture that a difference of two seals consists of; None where it is not one capture."""
    return seal.blob if seal.captures == 1 else (RunSeal() - seal).blob if seal.captures == -1 else None


def put(connection: sqlite3.Connection, run_id: int, seal: RunSeal) -> None:
    """Keep the seal of a run, unless it has one; the caller commits."""
    connection.execute(_PUT, (run_id, seal.captures, seal.blob))


def seal(connection: sqlite3.Connection, run_id: int) -> None:
    """Seal a run that has ended by the captures that are there; the caller commits."""
    put(connection, run_id, RunSeal.of(row[0] for row in connection.execute(_DIGESTS, (run_id,))))


def seal_all(connection: sqlite3.Connection) -> None:
    """Seal all runs that have ended, as they are now: once, in a migration."""
    for (run_id,) in map(tuple, connection.execute("SELECT id FROM runs WHERE finished_at IS NOT NULL").fetchall()):
        seal(connection, run_id)


class Summed:
    """An aggregate for SQL: the sum of digests, as a row of `run_seals` has it."""

    def __init__(self) -> None:
        self.seal = RunSeal()

    def step(self, digest: bytes | None) -> None:
        """Add one."""
        self.seal += RunSeal.of([digest])

    def finalize(self) -> bytes:
        """The sum."""
        return self.seal.blob
