"""Mementos from other web archives: what their indexes name, fetched from their replay or read from their WARC files.

A web archive is asked as a portal is: one request at a time, DOWNLOAD_DELAY apart, with pauses where it asks for them.
It has no robots.txt for its own service to say what may be asked; what it holds was published once.
"""

from __future__ import annotations

import gzip
import re
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TextIO
from urllib.parse import urlsplit

import httpx
from scrapy.settings import BaseSettings

from archive import ArchiveError, Capture
from archive.database import iso
from archive.urls import without_scheme
from archive.warc import reader
from archive.warc.cdx import BadLineError, Memento, chosen, mementos
from archive.warc.content_encoding import undo_encodings

MOST = 3
"""Mementos of one address that are taken, each with a content of its own."""
_TRIES = 3
_MOST_ROWS = "1000"
"""Lines of an index that are asked for of one address."""
_ORIGINAL = "x-archive-orig-"
"""Prefix that some replays give to the headers of the original answer."""
_OF_REPLAY = frozenset(("connection", "transfer-encoding", "content-length", "set-cookie", "link", "memento-datetime"))
"""Headers of a replay's answer that are its own."""
_BUSY = frozenset((429, 502, 503, 504))
_LONGEST_LINE = 64 << 20
"""Characters: some servers' answers are one line."""
_INDEX = re.compile(r"/(?:cdx/search/)?cdx/?$")


class UnusableArchiveError(ArchiveError):
    """A web archive, or its index, cannot be used."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a web archive answered, its body as it was sent."""

    status_code: int
    headers: Mapping[str, str]
    """Names in lower case."""
    content: bytes


@dataclass(slots=True)
class Client:
    """A polite HTTP client for one web archive."""

    settings: BaseSettings
    sleep: Callable[[float], None] = time.sleep
    asked: int = 0
    _free_at: float = 0.0
    _client: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self._client = httpx.Client(
            headers={"User-Agent": self.settings["USER_AGENT"], "Accept-Encoding": "identity"},
            timeout=self.settings.getfloat("DOWNLOAD_TIMEOUT"),
            follow_redirects=False,
        )

    def get(self, url: str, params: Mapping[str, str] | None = None) -> Answer | None:
        """An answer; None where the archive has none after some tries, or it is larger than DOWNLOAD_MAXSIZE.

        Raises UnusableArchiveError where it asks for a pause longer than LONGEST_PAUSE, or does not answer at all.
        """
        problem = ""
        for _ in range(_TRIES):
            self.sleep(max(0.0, self._free_at - time.monotonic()))
            try:
                answer = self._answer(url, params)
            except httpx.HTTPError as error:
                problem, pause = f"{type(error).__name__}: {error}", self.settings.getfloat("DOWNLOAD_DELAY")
            else:
                if answer is None or answer.status_code not in _BUSY:
                    return answer
                problem, pause = f"status {answer.status_code}", self._pause(answer)
            finally:
                self.asked += 1
                self._free_at = time.monotonic() + self.settings.getfloat("DOWNLOAD_DELAY")
            self._free_at = max(self._free_at, time.monotonic() + pause)
        raise UnusableArchiveError(
            f"{urlsplit(url).netloc} gives no answer: {problem}; the next import goes on from here"
        )

    def _answer(self, url: str, params: Mapping[str, str] | None) -> Answer | None:
        """The answer with its body as it was sent; None for one that is too large."""
        most = self.settings.getint("DOWNLOAD_MAXSIZE")
        with self._client.stream("GET", url, params=params) as answer:
            body = bytearray()
            for part in answer.iter_raw():
                body += part
                if len(body) > most:
                    return None
        return Answer(answer.status_code, dict(answer.headers.items()), bytes(body))

    def _pause(self, answer: Answer) -> float:
        """Seconds that the archive asks for. Raises UnusableArchiveError where they are too many."""
        text = answer.headers.get("retry-after", "")
        pause = float(text) if text.isascii() and text.isdigit() else 2 * self.settings.getfloat("DOWNLOAD_DELAY")
        if pause > self.settings.getfloat("LONGEST_PAUSE"):
            raise UnusableArchiveError(f"the web archive asks for a pause of {text} seconds")
        return pause

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()


class WebArchive:
    """Another archive: an index at an address or in a file, and its records at a replay or in WARC files."""

    def __init__(self, index: str, settings: BaseSettings, replay: str = "", warcs: str = "") -> None:
        """Raises UnusableArchiveError for an index file that cannot be read."""
        self.index = index
        self.is_server = index.startswith(("http://", "https://"))
        if self.is_server and not replay:
            place = _INDEX.sub("/web/" if "/cdx/search/" in index else "/", index.partition("?")[0])
            replay = place if place.endswith("/") else f"{place}/"
        self.replay = replay if not replay or replay.endswith("/") else f"{replay}/"
        self.folder = Path(warcs) if warcs else Path(index).parent
        self.client = Client(settings)
        self.faults: list[tuple[str, str]] = []
        """Address and why a memento of it was not had."""

    @property
    def name(self) -> str:
        """What a capture says of where it comes from."""
        return urlsplit(self.replay or self.index).netloc or Path(self.index).name

    def known(self, wanted: Iterable[str]) -> Iterator[Memento]:
        """The mementos to take of those addresses that the index knows. Raises UnusableArchiveError."""
        if self.is_server:
            for url in wanted:
                yield from chosen(self._asked(url), MOST)
            return
        keys = set(map(without_scheme, wanted))
        by_key: dict[str, list[Memento]] = {}
        for memento in self._read():
            if (key := without_scheme(memento.url)) in keys:
                by_key.setdefault(key, []).append(memento)
        for found in by_key.values():
            yield from chosen(found, MOST)

    def _asked(self, url: str) -> Iterator[Memento]:
        answer = self.client.get(self.index, {"url": url, "output": "json", "limit": _MOST_ROWS})
        if answer is None or answer.status_code not in {200, 404}:
            why = f"answers with status {answer.status_code}" if answer else "answers with too much"
            raise UnusableArchiveError(f"{self.index} {why}: it is no index of a web archive")
        if answer.status_code == 404:  # some servers say so of an address that they do not know
            return
        lines, fault = _decoded(answer)
        if fault:
            raise UnusableArchiveError(f"{self.index} answers with an index that cannot be used: {fault}")
        yield from self._mementos(lines.decode("utf-8", "replace").splitlines())

    def _read(self) -> Iterator[Memento]:
        path = Path(self.index)
        opening = gzip.open if path.suffix == ".gz" else open
        try:
            with opening(path, "rt", encoding="utf-8", errors="replace") as lines:
                yield from self._mementos(_bounded(lines))
        except (OSError, EOFError, zlib.error) as error:
            raise UnusableArchiveError(f"cannot read {path}: {error}") from error

    def _mementos(self, lines: Iterable[str]) -> Iterator[Memento]:
        for found in mementos(lines):
            if isinstance(found, BadLineError):
                self.faults.append((self.index, str(found)))
            else:
                yield found

    def capture(self, memento: Memento) -> Capture | None:
        """The memento as it was captured; None, with a fault, where it is not to be had. Raises UnusableArchiveError."""
        if self.replay:
            return self._replayed(memento)
        return self._stored(memento)

    def _replayed(self, memento: Memento) -> Capture | None:
        """The raw memento (`id_`): the bytes as they were captured, no link rewritten."""
        answer = self.client.get(f"{self.replay}{memento.timestamp}id_/{memento.url}")
        if answer is None or answer.status_code != memento.status:
            why = f"its replay answers with status {answer.status_code}" if answer else "it is too large"
            self.faults.append((memento.url, f"the memento of {memento.timestamp} was not had: {why}"))
            return None
        original = {key[len(_ORIGINAL) :]: value for key, value in answer.headers.items() if key.startswith(_ORIGINAL)}
        body, fault = _decoded(answer)
        headers = original or {k: v for k, v in answer.headers.items() if k not in _OF_REPLAY}
        return Capture(
            url=memento.url,
            requested_at=_moment(answer) or memento.moment,
            status=memento.status,
            outcome=None,
            body=body,
            content_type=headers.get("content-type") or answer.headers.get("content-type"),
            response_headers=[*headers.items()],
            note=fault,
        )

    def _stored(self, memento: Memento) -> Capture | None:
        """The record that the index points to, in a file beside it."""
        path = self.folder / Path(memento.filename).name
        if not memento.filename or memento.offset is None or not _is_file(path):
            why = f"{path} is not there" if memento.filename else "the index names no file"
            self.faults.append((memento.url, f"the memento of {memento.timestamp} was not had: {why}"))
            return None
        try:
            found = next(reader.records_at(path, memento.offset, memento.length), None)
        except ArchiveError as error:
            found, why = None, str(error)
        else:
            why = f"{path.name} has no response at {memento.offset}"
        if not isinstance(found, Capture) or without_scheme(found.url) != without_scheme(memento.url):
            self.faults.append((memento.url, f"the memento of {memento.timestamp} was not had: {why}"))
            return None
        return found

    def close(self) -> None:
        """Let go of the connection."""
        self.client.close()


def _bounded(lines: TextIO) -> Iterator[str]:
    """The lines of an index. Raises OSError for one without an end."""
    while line := lines.readline(_LONGEST_LINE):
        if len(line) == _LONGEST_LINE:
            raise OSError("a line of it has no end")
        yield line


def _is_file(path: Path) -> bool:
    """Whether there is such a file; none has a name that no file can have."""
    try:
        return path.is_file()
    except OSError:
        return False


def _decoded(answer: Answer) -> tuple[bytes, str | None]:
    """The entity of an answer, and what is wrong with it."""
    return undo_encodings(answer.content, [(k, v) for k, v in answer.headers.items() if k == "content-encoding"])


def _moment(answer: Answer) -> str | None:
    """When the memento was captured, as the replay says it: it may be one beside that which was asked for."""
    text = answer.headers.get("memento-datetime")
    try:
        return iso(parsedate_to_datetime(text).astimezone(UTC)) if text else None
    except (ValueError, OverflowError):
        return None
