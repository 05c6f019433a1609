"""Documents are read in a child process with limits on time, memory and output, because anybody may have made them.

A child reads one document after another. One that hangs, dies or answers too much is killed with every process it
started, and the next document gets a new child. A document whose child died is given to a second one: a child that the
system killed (SIGKILL, as when memory runs out) says something of this machine, one that crashed of the document.
"""

from __future__ import annotations

import atexit
import json
import logging
import os
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import OrderedDict
from concurrent.futures import Future
from contextlib import suppress
from functools import cache
from hashlib import sha256 as sha256_of
from pathlib import Path
from queue import LifoQueue
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from archive.vocabulary import ProblemKind
from pipelines.documents import Content
from pipelines.errors import DocumentError

if TYPE_CHECKING:
    from pipelines.ingest.sandbox.kept import KeptReadings

logger = logging.getLogger(__name__)

SECONDS = 60.0
"""For one document; the slowest real one, a PDF of 60 pages, takes six."""
SECONDS_OF_PICTURE = 180.0
"""For a picture, or the next of several: a scanned page takes 15 seconds of a processor, and others read beside it."""
MOST_SECONDS = 1_200.0
"""For all pages of a document that is a scan."""
MEMORY = 1024**3
"""Bytes of address space."""
LARGEST = 32 * 1024 * 1024
"""Bytes of a document that is read; reports with photographs have ten."""
LARGEST_ANSWER = 64 * 1024 * 1024
DOCUMENTS_A_CHILD = 200
"""After so many a child is replaced: libraries leak."""
ENDING = 5.0
"""Seconds that a child which has closed its output may take to end."""
_OF_MACHINE = {signal.SIGKILL, signal.SIGTERM, signal.SIGHUP}
"""Signals that come from outside: of the kernel when memory runs out, of a machine that shuts down."""
MORE_TIME = b"+"
"""A line of a child's, before its answer: a picture is about to be read."""
HAS_NETWORK = "has_network"
"""In an answer: the child could not be kept from the network."""
REMEMBERED = 64
"""Documents kept as read: a crawl has them read before it composes their report."""

_ROOT = str(Path(__file__).parents[3])
"""Where the packages are: a directory, or the egg they are imported from."""
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
"""For libraries of numbers, which take address space for every processor there is."""


@cache
def _tell_of_network() -> None:
    """Once a process."""
    logger.warning("this system does not let a process give up the network: documents are read by one that has it")


class _DeathError(Exception):
    """A child died before it answered."""

    def __init__(self, how: str, *, is_of_machine: bool) -> None:
        """is_of_machine: it was killed or could not start, as opposed to a crash."""
        super().__init__(how)
        self.is_of_machine = is_of_machine


class Child:
    """One reading process, started when it is first needed."""

    def __init__(
        self, *, seconds: float = SECONDS, picture_seconds: float = SECONDS_OF_PICTURE, memory: int = MEMORY
    ) -> None:
        self.seconds, self.picture_seconds = seconds, picture_seconds
        self.memory = memory
        self._process: subprocess.Popen[bytes] | None = None
        self._folder = ""
        self._read = 0

    def read(self, body: bytes, kind: str) -> Content:
        """A document of a kind that `recognise` gave. Raises DocumentError, and nothing else."""
        if len(body) > LARGEST:
            raise DocumentError(f"{len(body)} bytes, more than the {LARGEST} that are read", ProblemKind.OVERSIZED)
        try:
            answer = self._answer(body, kind)
        except _DeathError as first:
            try:
                answer = self._answer(body, kind)
            except _DeathError as second:
                is_of_machine = first.is_of_machine or second.is_of_machine
                raise DocumentError(
                    f"the process that read it {second}, and so did the one before",
                    ProblemKind.NOT_READ_HERE if is_of_machine else ProblemKind.DAMAGED,
                ) from second
        if answer.get("failed") == ProblemKind.NOT_READ_HERE:
            answer = self._again(body, kind, answer)
        if answer.pop(HAS_NETWORK, False):
            _tell_of_network()
        if "failed" in answer:
            if answer["failed"] == ProblemKind.OVERSIZED:
                self.close()
            raise DocumentError(answer["message"], answer["failed"])
        return Content.from_json(answer)

    def _again(self, body: bytes, kind: str, first: dict[str, Any]) -> dict[str, Any]:
        """The answer of a second child, where the first lacked something of this machine; else that of the first."""
        self.close()
        try:
            return self._answer(body, kind)
        except _DeathError:
            return first

    def _answer(self, body: bytes, kind: str) -> dict[str, Any]:
        """What the child says of a document. Raises DocumentError, and _DeathError where the child died instead."""
        answered = False
        try:
            process = self._process or self._start()
            self._read += 1
            answer: dict[str, Any] = json.loads(self._ask(process, body, kind))
            answered = True
        except DocumentError:
            raise
        except (OSError, ValueError) as error:
            raise self._death(error) from error
        finally:
            if not answered or self._read >= DOCUMENTS_A_CHILD:
                self.close()
        return answer

    def _death(self, error: Exception) -> _DeathError:
        """How the child ended, or why it did not start."""
        if self._process is None:
            return _DeathError(f"could not start ({error})", is_of_machine=True)
        try:
            code = self._process.wait(ENDING)
        except subprocess.TimeoutExpired:  # it lives, and what it answered is no answer
            return _DeathError(f"gave no answer ({error})", is_of_machine=False)
        if code >= 0:
            return _DeathError(f"ended with exit code {code}", is_of_machine=False)
        number = signal.Signals(-code)
        return _DeathError(f"was ended by {number.name}", is_of_machine=number in _OF_MACHINE)

    def _start(self) -> subprocess.Popen[bytes]:
        # The child makes it, so that there is none that nobody takes away, whenever this process is killed.
        self._folder = str(Path(tempfile.gettempdir(), f"tongjian-{uuid4().hex}"))
        self._read = 0
        kept = {name: value for name, value in os.environ.items() if name in {"PATH", "LANG", "LC_ALL", "VIRTUAL_ENV"}}
        self._process = subprocess.Popen(  # noqa: S603 - this very Python
            [sys.executable, "-P", "-m", "pipelines.ingest.sandbox.child", str(self.memory), self._folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env={**kept, **_ONE_THREAD, "PYTHONPATH": _ROOT, "HOME": self._folder, "TMPDIR": self._folder},
            start_new_session=True,
        )
        return self._process

    def _ask(self, process: subprocess.Popen[bytes], body: bytes, kind: str) -> bytes:
        """Send a document and wait for the answer, both within the time that one document has."""
        if process.stdin is None or process.stdout is None:
            raise OSError("no pipes")
        begun = time.monotonic()
        until = begun + self.seconds
        out = memoryview(json.dumps({"size": len(body), "kind": kind}).encode() + b"\n" + body)
        got = bytearray()
        wanted: int | None = None
        sink, source = process.stdin.fileno(), process.stdout.fileno()
        os.set_blocking(sink, False)
        with selectors.DefaultSelector() as selector:
            selector.register(sink, selectors.EVENT_WRITE)
            selector.register(source, selectors.EVENT_READ)
            while wanted is None or len(got) < wanted:
                left = until - time.monotonic()
                if left <= 0:
                    raise DocumentError(f"not read within {until - begun:.0f} seconds", ProblemKind.TIMED_OUT)
                for key, _ in selector.select(left):
                    if key.fd == sink:
                        out = out[os.write(sink, out[:65_536]) :]
                        if not out:
                            selector.unregister(sink)
                        continue
                    data = os.read(source, 1_048_576)
                    if not data:
                        raise OSError("no answer")
                    got += data
                    while wanted is None and b"\n" in got:
                        line, _, rest = bytes(got).partition(b"\n")
                        got = bytearray(rest)
                        if line == MORE_TIME:
                            until = min(time.monotonic() + self.picture_seconds, begun + MOST_SECONDS)
                            continue
                        wanted = int(line)
                        if wanted > LARGEST_ANSWER:
                            raise DocumentError(f"an answer of {wanted} bytes", ProblemKind.OVERSIZED)
        return bytes(got)

    def close(self) -> None:
        """End the process and all that it has started."""
        process, self._process = self._process, None
        if process is None:
            shutil.rmtree(self._folder, ignore_errors=True)
            return
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)


class Reader:
    """Reads documents, each once while it is remembered by its hash. Safe to use from several threads.

    Up to `children` documents are read at a time. A document that is being read, or was read lately, takes no child.
    """

    def __init__(self, children: int = 1) -> None:
        self._children = [Child() for _ in range(children)]
        self._free: LifoQueue[Child] = LifoQueue()
        for child in self._children:
            self._free.put(child)
        self._lock = threading.Lock()
        self._remembered: OrderedDict[str, Future[Content]] = OrderedDict()
        self._kept: KeptReadings | None = None

    def keep_in(self, folder: Path, *, read_only: bool = False) -> None:
        """Keep what is read in an archive's directory, and take from there what was read before.

        With `read_only` nothing is kept.
        """
        from pipelines.ingest.sandbox.kept import KeptReadings  # children, which import this module too, keep nothing

        kept = self._kept
        if kept is None or (kept.folder, kept.read_only) != (folder, read_only):
            self._kept = KeptReadings(folder, read_only=read_only)
            if kept is not None:
                kept.close()

    def read(self, body: bytes, kind: str, *, sha256: str | None = None) -> Content:
        """A document of a kind that `recognise` gave. Raises DocumentError."""
        key = sha256 or sha256_of(body).hexdigest()
        with self._lock:
            found = self._remembered.get(key)
            is_new = found is None or found.cancelled()
            if found is None or is_new:
                found = self._remembered[key] = Future()
                if len(self._remembered) > REMEMBERED:
                    self._remembered.popitem(last=False)
        if is_new and not self._recalled(found, key, kind):
            self._answer(found, body, kind)
        error = found.exception()
        if isinstance(error, DocumentError):
            if error.kind == ProblemKind.NOT_READ_HERE:
                self._forget(key, found)
            raise DocumentError(str(error), error.kind)
        return found.result()

    def remember(self, sha256: str, outcome: Content | DocumentError) -> None:
        """Take over what another process made of a document."""
        read: Future[Content] = Future()
        if isinstance(outcome, DocumentError):
            read.set_exception(outcome)
        else:
            read.set_result(outcome)
        with self._lock:
            self._remembered[sha256] = read
            if len(self._remembered) > REMEMBERED:
                self._remembered.popitem(last=False)

    def _forget(self, key: str, found: Future[Content]) -> None:
        """What this machine could not read now is tried again when it is next asked for."""
        with self._lock:
            if self._remembered.get(key) is found:
                del self._remembered[key]

    def _recalled(self, asked: Future[Content], key: str, kind: str) -> bool:
        """Whether the document was read before, in whatever process."""
        content = self._kept.get(key, kind) if self._kept is not None else None
        if content is not None:
            asked.set_result(content)
        return content is not None

    def _answer(self, asked: Future[Content], body: bytes, kind: str) -> None:
        child = self._free.get()
        try:
            content = child.read(body, kind)
            if self._kept is not None:
                self._kept.put(body, kind, content)
            asked.set_result(content)
        except DocumentError as error:
            asked.set_exception(DocumentError(str(error), error.kind))  # the one that was raised holds the document
        finally:
            self._free.put(child)
            asked.cancel()  # of no effect but on what was interrupted

    def close(self) -> None:
        """End the children, and release what is kept of readings."""
        for child in self._children:
            child.close()
        if self._kept is not None:
            self._kept.close()


READER = Reader(os.cpu_count() or 1)
"""This process's own. A child starts when it is first needed: reading one document after another takes one child."""
atexit.register(READER.close)
