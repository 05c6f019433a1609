"""Seals: what an archive held at a moment, as a file that others can check and keep.

The leaves are the captures and the bodies, each in the order of its hash: `capture` or `body`, a blank, and the hash in
hexadecimal digits. Each is hashed with a zero byte before it. Two neighbours are hashed together with a one byte before
them; the last of an odd number goes up as it is. What is left is the root. docs/keeping.md says the same at length.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from archive.captures import Captures
from archive.database import ArchiveError, utc_now
from archive.json_text import parsed

FORMAT = "tongjian-seal-1"
_LINES = "leaves"
_CAPTURES = "SELECT DISTINCT digest FROM captures WHERE digest IS NOT NULL ORDER BY digest"
_BODIES = "SELECT sha256 FROM bodies ORDER BY sha256"


@dataclass(slots=True)
class SealCheck:
    """How an archive stands to a seal."""

    sealed_at: str
    captures: int
    bodies: int
    lines: list[str] = field(default_factory=list)
    """What is gone or was altered since, a line each, and what is wrong with the seal itself."""


def merkle_root(leaves: Iterable[str]) -> str:
    r"""The root over these leaves, in their order, in hexadecimal digits.

    >>> merkle_root([]) == sha256(b"").hexdigest()
    True
    >>> merkle_root(["a"]) == sha256(b"\0a").hexdigest()
    True
    """
    level = [sha256(b"\0" + leaf.encode()).digest() for leaf in leaves]
    if not level:
        return sha256(b"").hexdigest()
    while len(level) > 1:
        pairs = [sha256(b"\1" + one + two).digest() for one, two in zip(level[::2], level[1::2], strict=False)]
        level = pairs + level[len(pairs) * 2 :]
    return level[0].hex()


def make(folder: Path) -> dict[str, Any]:
    """The seal of an archive as it is now. Raises ArchiveError where there is none."""
    captures = Captures(folder, read_only=True)
    try:
        captures.db.conn.execute("BEGIN")
        leaves = list(_leaves(captures))
        first, last = captures.db.conn.execute("SELECT MIN(requested_at), MAX(requested_at) FROM captures").fetchone()
    finally:
        captures.close()
    return {
        "format": FORMAT,
        "sealed_at": utc_now(),
        "captures": sum(leaf.startswith("capture ") for leaf in leaves),
        "bodies": sum(leaf.startswith("body ") for leaf in leaves),
        "first_requested_at": first,
        "last_requested_at": last,
        "root": merkle_root(leaves),
        _LINES: leaves,
    }


def write(folder: Path, out: Path) -> dict[str, Any]:
    """Write the seal of an archive into a file, under its name only when it is whole; returns it.

    Raises ArchiveError where there is no archive, the file is there already or cannot be written.
    """
    if out.exists():
        raise ArchiveError(f"{out} is there already: a seal is never written over")
    seal = make(folder)
    part = out.with_name(out.name + ".part")
    try:
        part.write_text(json.dumps(seal, indent=1) + "\n", encoding="utf-8")
        part.rename(out)
    except OSError as error:
        raise ArchiveError(f"cannot write {out}: {error}") from error
    finally:
        part.unlink(missing_ok=True)
    return seal


def check(folder: Path, path: Path) -> SealCheck:
    """Compare an archive with a seal. That captures and bodies match their hashes is for `archive.verify` to say.

    Raises ArchiveError where there is no archive, or the file is no seal.
    """
    seal = _read(path)
    leaves = [str(leaf) for leaf in seal[_LINES]]
    result = SealCheck(str(seal["sealed_at"]), int(seal["captures"]), int(seal["bodies"]))
    if leaves != sorted(set(leaves), key=_order):
        result.lines.append("the leaves of the seal are not in their order: the seal was altered")
    if merkle_root(leaves) != seal["root"]:
        result.lines.append("the leaves of the seal do not give its root: the seal was altered")
    counted = (
        sum(leaf.startswith("capture ") for leaf in leaves),
        sum(leaf.startswith("body ") for leaf in leaves),
    )
    if counted != (result.captures, result.bodies):
        result.lines.append("the seal counts otherwise than it lists: the seal was altered")
    captures = Captures(folder, read_only=True)
    try:
        held = set(_leaves(captures))
    finally:
        captures.close()
    result.lines += [f"{leaf} was sealed, and is gone or was altered" for leaf in leaves if leaf not in held]
    return result


def _read(path: Path) -> dict[str, Any]:
    try:
        seal = parsed(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ArchiveError(f"cannot read the seal {path}: {error}") from error
    is_seal = isinstance(seal, dict) and seal.get("format") == FORMAT
    if not is_seal or not {"sealed_at", "captures", "bodies", "root", _LINES} <= seal.keys():
        raise ArchiveError(f"{path} is no seal of this format ({FORMAT})")
    if not isinstance(seal[_LINES], list) or not all(isinstance(seal[name], int) for name in ("captures", "bodies")):
        raise ArchiveError(f"{path} is no seal of this format ({FORMAT})")
    return dict(seal)


def _leaves(captures: Captures) -> Iterator[str]:
    for (digest,) in map(tuple, captures.db.conn.execute(_CAPTURES)):
        yield f"capture {digest.hex()}"
    for (name,) in map(tuple, captures.db.conn.execute(_BODIES)):
        yield f"body {name}"


def _order(leaf: str) -> tuple[bool, str]:
    return leaf.startswith("body "), leaf
