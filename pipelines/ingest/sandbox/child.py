"""The process in which documents are read: `python -m pipelines.ingest.sandbox.child MEMORY FOLDER`.

The folder is made here, is where everything temporary goes, and goes with this process.

Standard input: for each document a line of JSON ({"size": bytes, "kind": …}) and the bytes. Standard output: for each a
line with the length of the answer, and the answer as JSON; before them a line `+` for each picture that takes more time. What a hostile document can do here is limited by the
system: address space, files, no core, no network; time is its parent's to limit.
"""

from __future__ import annotations

import errno
import json
import os
import resource
import shutil
import signal
import sys
from functools import partial
from pathlib import Path
from typing import IO, Any

from archive.vocabulary import ProblemKind
from pipelines.documents import effort, read
from pipelines.documents.office import MEMORY as OFFICE_MEMORY
from pipelines.errors import DocumentError
from pipelines.ingest.sandbox import HAS_NETWORK, MORE_TIME
from pipelines.ingest.sandbox.no_network import leave_network

LARGEST_FILE = 512 * 1024 * 1024
"""Bytes that a file written here may have; LibreOffice writes some."""
PICTURE_MEMORY = 2 * 1024**3
"""Bytes of address space once a picture has been read: the libraries for it map 0.8 GiB."""
CPU_SECONDS = 3_600
"""Of all documents that one child reads."""
ALONE = 300
"""Seconds for one document after which a child kills itself and what it started. Its parent allows less: it is gone."""

_OF_MACHINE = frozenset(
    (errno.ENOSPC, errno.EDQUOT, errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.EROFS)
)
"""Errors that say something of this machine and nothing of a document: no space, no memory, no process left."""


def limit(memory: int) -> None:
    """Limit this process and those it starts."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, max(memory, OFFICE_MEMORY)))
    resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST_FILE, LARGEST_FILE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, lambda *_: os.killpg(0, signal.SIGKILL))


def allow_pictures() -> None:
    """Raise this process's own limit of memory for good: what a picture needs stays loaded."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (min(max(soft, PICTURE_MEMORY), hard), hard))


def make_room(answers: IO[bytes]) -> None:
    """Before each picture: more memory, and more time, here and of the parent."""
    allow_pictures()
    signal.alarm(ALONE)
    answers.write(MORE_TIME + b"\n")
    answers.flush()


def answer(body: bytes, kind: str) -> dict[str, Any]:
    """What the readers make of a document, as plain values."""
    try:
        return read(body, kind).as_json()
    except DocumentError as error:
        return {"failed": error.kind, "message": str(error)}
    except OSError as error:
        kind = ProblemKind.NOT_READ_HERE if error.errno in _OF_MACHINE else ProblemKind.DAMAGED
        return {"failed": kind, "message": f"{type(error).__name__}: {error}"[:300]}
    except MemoryError:
        return {"failed": ProblemKind.OVERSIZED, "message": "reading it takes more memory than allowed"}
    except Exception as error:  # noqa: BLE001 - a document that a reader did not foresee is damaged, not the run's end
        return {"failed": ProblemKind.DAMAGED, "message": f"{type(error).__name__}: {error}"[:300]}


def main() -> None:
    """Answer until the input ends."""
    requests = sys.stdin.buffer
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints must not mix with the answers
    limit(int(sys.argv[1]))
    folder = Path(sys.argv[2])
    folder.mkdir(mode=0o700)
    try:
        os.chdir(folder)
        serve(requests, answers, has_network=not leave_network())
    except BrokenPipeError:
        pass  # the process that asked is gone, and was perhaps killed
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def serve(requests: IO[bytes], answers: IO[bytes], *, has_network: bool) -> None:
    """Answer until the input ends. Raises BrokenPipeError where nobody waits for an answer any more."""
    effort.before_picture = partial(make_room, answers)
    while line := requests.readline():
        request = json.loads(line)
        signal.alarm(ALONE)
        said = answer(requests.read(request["size"]), request["kind"])
        if has_network:
            said[HAS_NETWORK] = True
        data = json.dumps(said, ensure_ascii=False).encode("utf-8", "replace")
        answers.write(b"%d\n" % len(data) + data)
        answers.flush()
        signal.alarm(0)


if __name__ == "__main__":
    main()
