"""Readings of documents that outlive the process: by the hash of the document and the state of the readers."""

from __future__ import annotations

import hashlib
import json
import sysconfig
from functools import cache, cached_property
from pathlib import Path

from archive.readings import Readings
from archive.vocabulary import ProblemKind
from pipelines.documents import Content
from pipelines.version import READER_VERSION

_OF_MACHINE = frozenset(
    (ProblemKind.NOT_READ_HERE, ProblemKind.TIMED_OUT, ProblemKind.UNREAD, ProblemKind.LISTED_UNREAD)
)
"""Problems that another machine, or this one later, may not have: such a reading is not kept."""
_ROOT = Path(__file__).parents[3]
_SOURCES = ("pipelines/documents", "pipelines/html", "pipelines/tables", "archive/forms")
"""What reads documents, and all that it imports."""
_MODULES = ("pipelines/blanks.py", "pipelines/numerals.py", "archive/charset.py", "archive/media_types.py")


@cache
def readers() -> str:
    """The state of the readers: their version, their source, and the packages installed beside them.

    The version alone would hide what a change of a reader does from whoever is about to make it.
    """
    digest = hashlib.sha256()
    files = [path for folder in _SOURCES for path in (_ROOT / folder).rglob("*") if path.suffix in {".py", ".json"}]
    for path in sorted([*files, *(_ROOT / name for name in _MODULES)]):
        digest.update(f"{path.relative_to(_ROOT)}\n".encode() + path.read_bytes())
    for folder in sorted({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}):
        digest.update("\n".join(sorted(path.name for path in Path(folder).glob("*.dist-info"))).encode())
    return f"{READER_VERSION}-{digest.hexdigest()[:32]}"


def is_kept(content: Content) -> bool:
    """Whether a document as read is kept: nothing of this machine kept it from being read whole."""
    return _OF_MACHINE.isdisjoint(problem.kind for problem in content.problems)


class KeptReadings:
    """The documents of an archive as these readers read them."""

    def __init__(self, folder: Path, *, read_only: bool = False) -> None:
        self.folder = folder
        self.read_only = read_only

    @cached_property
    def readings(self) -> Readings:
        """Opened with the first document: the state of the readers takes a while to work out."""
        return Readings(self.folder, readers(), read_only=self.read_only)

    def close(self) -> None:
        """Release the database."""
        if "readings" in vars(self):
            self.readings.close()

    def get(self, sha256: str, kind: str) -> Content | None:
        """A document as it was read; None where it has to be read."""
        kept = self.readings.get(sha256, kind)
        return Content.from_json(json.loads(kept)) if kept is not None else None

    def put(self, body: bytes, kind: str, content: Content) -> None:
        """Keep a document as read, unless something of this machine kept it from being read whole.

        It is hashed here: nobody else has held these very bytes against their hash.
        """
        if not is_kept(content):
            return
        text = json.dumps(content.as_json(), ensure_ascii=False)
        self.readings.put(hashlib.sha256(body).hexdigest(), kind, text.encode("utf-8", "replace"))
