"""Hostile pages, files and documents, one after the other into one archive: `python -m tests.hostile [FOLDER] [--only WORD]`.

Each comes between two ordinary pages. It has its time and its memory; the run goes on, the pages beside it are read, and the
archive stays whole. Whatever is in FOLDER, HTML or WARC, is tried beside those of the tests.
"""

from __future__ import annotations

import argparse
import json
import resource
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from archive import Captures
from archive.model import Entry
from archive.warc.reader import is_warc
from pipelines.ingest.sandbox import READER
from tests import page_maker
from tests.crawling import CRASHED, Forked, scrapy
from tests.hostile_documents import DOCUMENTS
from tests.hostile_pages import PAGES, TITLE
from tests.hostile_warcs import INDEXES, WARCS
from tests.soak import KNOWN
from tests.test_hostile_documents import HOSTILE
from tests.test_hostile_pages import PAGES as OLDER_PAGES
from tests.test_hostile_warcs import BAD, record

MOST_S = 75.0
"""Seconds of the processor for one: a page may take 20, a document 60."""
MOST_MIB = 1_100
"""Of one process, and its largest child: a document may take 1 GiB."""
SITE = "http://www.example.gov.cn/zwgk/202401/"
PLACE, DOCUMENT = f"{SITE}t20210101_1.html", f"{SITE}nb.doc"


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of one input."""

    kind: str
    name: str
    size: int
    exit_code: int
    seconds: float
    memory: int
    """MiB of the import, or of the largest process that it began."""
    problems: tuple[str, ...]
    wrong: tuple[str, ...]

    def __str__(self) -> str:
        told = f"{self.kind:8} {self.name:45} {self.size / 1e6:6.2f} MB {self.seconds:6.1f} s {self.memory:5} MiB, exit {self.exit_code}"
        return f"{told} {' '.join(self.problems)}{''.join(f' WRONG: {one}' for one in self.wrong)}"


def answered(body: bytes, url: str, content_type: str) -> bytes:
    """A record of an answer with this body."""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    return record(2, block=head + body, WARC_Target_URI=url)


def ordinary(number: int) -> bytes:
    """A record of an ordinary report, another one for each number."""
    page = page_maker.made(number).page
    return answered(page.body, f"{SITE}t20240119_1{number}.html", page.content_type or "text/html")


@dataclass(frozen=True, slots=True)
class Input:
    """Something hostile: its kind, and its content where that is asked for."""

    kind: str
    name: str
    make: Callable[[], bytes]


def own() -> Iterator[Input]:
    """All that the tests have."""
    for name, make in PAGES.items():
        yield Input("page", name, make)
    for name, text in OLDER_PAGES.items():
        yield Input("page", name, text.encode)
    for name, make in (DOCUMENTS | HOSTILE).items():
        yield Input("document", name, make)
    for name, make in WARCS.items():
        yield Input("WARC", name, make)
    for name, data in BAD.items():
        yield Input("WARC", f"{name}.warc", partial(b"".join, (record(1), data, record(3))))
    for name, said in INDEXES.items():
        yield Input("index", name, said.encode)


def handed(folder: Path) -> Iterator[Input]:
    """What is in a folder."""
    for path in sorted(folder.iterdir()):
        yield Input("WARC" if is_warc(path) else "page", path.name, path.read_bytes)


def files(one: Input, folder: Path) -> list[str]:
    """The arguments of `scrapy import` for an input between two ordinary pages, which are written to a folder."""
    before, after = folder / "before.warc", folder / "after.warc"
    before.write_bytes(ordinary(1))
    after.write_bytes(ordinary(2))
    place = folder / "hostile.warc"
    if one.kind == "WARC":
        place = folder / f"hostile{one.name[one.name.index('.') :]}"
        place.write_bytes(one.make())
    elif one.kind == "index":
        index = folder / "index.cdxj"
        said = {"url": PLACE, "status": "200", "mime": "text/html", "filename": "before.warc"}
        text = one.make().decode()
        if text.startswith("{") and text.endswith("}"):
            text = json.dumps(said | json.loads(text))
        index.write_text(f"- 20240301000000 {text}\n" * 3, encoding="utf-8")
        return [str(before), str(after), "--cdx", str(index), "--every"]
    else:
        kind, name = ("text/html", PLACE) if one.kind == "page" else ("application/octet-stream", DOCUMENT)
        place.write_bytes(answered(one.make(), name, kind))
    return [str(before), str(place), str(after)]


def take_in(archive: str, arguments: Sequence[str], note: str) -> int:
    """Import, and note the seconds of the processor and the memory that it took."""
    done = scrapy(Path(archive), "import", *arguments)
    READER.close()
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    told = {
        "seconds": sum(one.ru_utime + one.ru_stime for one in used),
        "memory": max(one.ru_maxrss for one in used) >> 10,
    }
    Path(note).write_text(json.dumps(told), encoding="ascii")
    print(done.stdout, done.stderr)
    return done.returncode


def rows(archive: Path, name: str, sql: str) -> list[str]:
    """The first column of an answer."""
    with closing(sqlite3.connect(archive / name)) as db:
        return [row[0] for row in db.execute(sql)]


def tried(one: Input, folder: Path) -> Tried:
    """Import an input into a new archive, and look at that."""
    archive, note = folder / "archive", folder / "note"
    if one.kind in {"index", "document"}:
        declare(archive, PLACE if one.kind == "index" else DOCUMENT)
    arguments = files(one, folder)
    size = max(Path(argument).stat().st_size for argument in arguments if not argument.startswith("-"))
    done = Forked(take_in, str(archive), arguments, str(note)).wait()
    told, wrong = {"seconds": 0.0, "memory": 0}, []
    said = done.stdout + done.stderr
    if "Traceback" in said or done.returncode not in {0, 1, 2}:
        wrong.append(said[-600:])
    if note.exists():
        told = json.loads(note.read_text(encoding="ascii"))
    if told["seconds"] > MOST_S or told["memory"] > MOST_MIB:
        wrong.append("it takes too much")
    if done.returncode == CRASHED:
        return Tried(one.kind, one.name, size, done.returncode, 0, 0, (), tuple(wrong))
    if (read := len(rows(archive, "reports.db", f"SELECT url FROM reports WHERE url LIKE '{SITE}t20240119_1%'"))) != 2:
        wrong.append(f"of the two pages beside it {read} are read")
    if (verified := scrapy(archive, "verify")).returncode:
        wrong.append(f"verify: {verified.stdout[-300:]}")
    wrong += [f"{path.name} stays" for path in archive.iterdir() if path.name not in KNOWN]
    problems = rows(archive, "captures.db", "SELECT DISTINCT kind FROM problems ORDER BY kind")
    return Tried(
        one.kind, one.name, size, done.returncode, told["seconds"], told["memory"], tuple(problems), tuple(wrong)
    )


def declare(archive: Path, url: str) -> None:
    """List an address: mementos are wanted of what is listed alone, and documents without a page are read if they are."""
    captures = Captures(archive)
    captures.add_entries([Entry(portal="hostile", listing_url=SITE, url=url, title=TITLE, date="2021-01-01")])
    captures.close()


def main(arguments: Sequence[str] | None = None) -> int:
    """A line for each; 1 where anything was wrong."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--only", default="", help="inputs with this in their kind or name")
    chosen = parser.parse_args(arguments)
    inputs = [*own(), *(handed(chosen.folder) if chosen.folder else ())]
    every = []
    for one in inputs:
        if chosen.only in f"{one.kind} {one.name}":
            with tempfile.TemporaryDirectory() as name:
                every.append(tried(one, Path(name)))
            print(every[-1], flush=True)
    slowest, largest = max(one.seconds for one in every), max(one.memory for one in every)
    wrong = sum(bool(one.wrong) for one in every)
    print(f"{len(every)} inputs, {wrong} wrong; {slowest:.1f} s and {largest} MiB at most")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
