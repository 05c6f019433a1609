"""Commands on an archive, killed by kill -9 anywhere in their work: `python -m tests.killed_commands [KILLS]`, or `make soak`.

A command is killed at a random moment between its first act and its end, begun again, killed again, and then left to
end. What it leaves must be what it leaves undisturbed, with no file beside. The moments go by the length of the last
run that was left to end, measured after Python and Scrapy have started.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import os
import random
import re
import select
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from scrapy.utils.project import get_project_settings

import pipelines.ingest.sandbox
from archive import Reports
from archive.verify import verify
from archive.warc.reader import read
from crawler.command import ArchiveCommand
from crawler.demo.nfcms import Nfcms
from crawler.demo.server import Server
from crawler.demo.trs import Trs
from tests.crawling import crawl, execute

MOST_KILLS = 2
"""Kills of one archive; then the command is left to end."""
LONGEST_S = 60
"""Seconds after which a run that has not ended hangs."""
PATIENCE_S = 10
"""Seconds that temporary folders of a killed process have to go."""
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d{6}")
_NOT_KEPT = frozenset(("readings.db",))
"""What may be there or not: it is no result."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A command, what it is run on, and what it leaves."""

    name: str
    prepare: Callable[[Path], None]
    """Fills an empty folder."""
    command: Callable[[Path], list[str]]
    """Its words; the archive is `archive` in the folder."""
    left: Callable[[Path], list[str]]
    may_be_done: bool = False
    """Whether a run may exit 2 because one before had done everything, and was killed at most before it said so."""


def archive_lines(archive: Path, *, with_ids: bool = False) -> list[str]:
    """All that an archive says, but for what names a run or a moment of its own; what verify says, too."""
    reports = Reports(archive, read_only=True)
    lines = list(reports.dump())
    reports.db.close()
    what = "*" if with_ids else "portal, url, requested_at, status, outcome, sha256, redirect_url, note, digest"
    with closing(sqlite3.connect(archive / "captures.db")) as db:
        for sql in (
            f"SELECT {what} FROM captures",
            "SELECT portal, listing_url, url, title, date FROM entries",
            "SELECT url, stage, kind, message FROM problems WHERE resolved_at IS NULL",
            "SELECT sha256, size, data FROM bodies",
            "SELECT COUNT(*) FROM runs WHERE finished_at IS NULL",
        ):
            lines += [f"{sql[:30]} {row}" for row in sorted(map(repr, db.execute(sql)))]
    return lines + verify(archive).lines


def warc_lines(path: Path) -> list[str]:
    """The captures of a WARC or WACZ file, and that nothing follows them."""
    if path.suffix == ".gz":
        gzip.decompress(path.read_bytes())
    return [
        f"{c.url} {c.requested_at} {c.status} {c.outcome} {hashlib.sha256(c.body or b'').hexdigest()}"
        for c in read(path)
    ]


def package_lines(folder: Path) -> list[str]:
    """Every file of a data package, each as its description says; the moment of its making left out."""
    package = json.loads((folder / "datapackage.json").read_text())
    listed = {resource["path"]: resource["hash"] for resource in package["resources"]}
    found = {
        path.relative_to(folder).as_posix(): f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"
        for path in folder.rglob("*")
        if path.is_file() and path.name != "datapackage.json"
    }
    return [
        *map(str, sorted(found.items())),
        *(f"{name} is not as described" for name in listed if listed[name] != found.get(name)),
    ]


def originals(folder: Path) -> None:
    """An archive, what it was after its first crawl, copies and exports of it."""
    with Server(Nfcms("qinghe", 4), Trs("hepan", 3, split=2)) as server:
        server["qinghe"].link_files("docx")
        assert crawl(folder / "whole", *server).returncode == 0
        shutil.copytree(folder / "whole", folder / "younger")
        server["qinghe"].documents[1].state = "404"
        crawl(folder / "whole", *server, refresh="1")
    for words in (
        ["backup", "copy"],
        ["export", "all.warc.gz"],
        ["export-data", "larger"],
    ):
        assert run_here(folder / "whole", [words[0], str(folder / words[1])]) == 0
    assert run_here(folder / "younger", ["backup", str(folder / "older-copy")]) == 0


def run_here(archive: Path, words: Sequence[str]) -> int:
    """A command in this process, its output thrown away."""
    settings = get_project_settings()
    settings.set("ARCHIVE", str(archive), priority="cmdline")
    return execute(words, settings)


def trials(source: Path) -> list[Trial]:
    """Everything that is killed."""

    def given(*names: str) -> Callable[[Path], None]:
        """A folder with these of the originals under other names, `original:name`."""

        def prepare(folder: Path) -> None:
            for old, _, new in (name.partition(":") for name in names):
                shutil.copytree(source / old, folder / new)

        return prepare

    def altered(folder: Path) -> None:
        """Change bodies, rows and a digest, and delete a capture."""
        given("whole:archive")(folder)
        with closing(sqlite3.connect(folder / "archive" / "captures.db")) as db, db:
            db.execute(
                "UPDATE bodies SET data = zeroblob(9) WHERE rowid IN (SELECT rowid FROM bodies ORDER BY size DESC LIMIT 3)"
            )
            db.execute("UPDATE entries SET title = 'other' WHERE rowid % 2")
            db.execute("UPDATE captures SET status = 599 WHERE id = 5")
            db.execute("DELETE FROM captures WHERE id = 7")

    def cut(folder: Path) -> None:
        """A captures.db without its last quarter."""
        given("whole:archive")(folder)
        path = folder / "archive" / "captures.db"
        os.truncate(path, path.stat().st_size * 3 // 4)

    def without_reports(folder: Path) -> None:
        given("whole:archive")(folder)
        (folder / "archive" / "reports.db").unlink()

    def with_altered_reports(folder: Path) -> None:
        given("whole:archive")(folder)
        with closing(sqlite3.connect(folder / "archive" / "reports.db")) as db, db:
            db.execute("UPDATE reports SET title = 'other'")

    def of_archive(folder: Path) -> list[str]:
        return archive_lines(folder / "archive")

    def repair(_: Path) -> list[str]:
        return ["verify", "--repair-from", str(source / "copy" / "captures.db")]

    return [
        Trial(
            "backup",
            given("whole:archive"),
            lambda f: ["backup", str(f / "copy")],
            lambda f: archive_lines(f / "copy", with_ids=True),
        ),
        Trial(
            "backup of what is new",
            given("whole:archive", "older-copy:copy"),
            lambda f: ["backup", str(f / "copy")],
            lambda f: archive_lines(f / "copy", with_ids=True),
        ),
        Trial(
            "restore",
            lambda _: None,
            lambda _: ["restore", str(source / "copy")],
            lambda f: archive_lines(f / "archive", with_ids=True),
            may_be_done=True,
        ),
        Trial("repair of rows and bodies", altered, repair, lambda f: archive_lines(f / "archive", with_ids=True)),
        Trial("repair of a cut file", cut, repair, of_archive),
        Trial(
            "repair from an export", cut, lambda _: ["verify", "--repair-from", str(source / "all.warc.gz")], of_archive
        ),
        Trial("merge", given("younger:archive"), lambda _: ["merge", str(source / "whole")], of_archive),
        Trial(
            "export",
            given("whole:archive"),
            lambda f: ["export", str(f / "all.warc.gz")],
            lambda f: warc_lines(f / "all.warc.gz"),
        ),
        Trial(
            "export as WACZ",
            given("whole:archive"),
            lambda f: ["export", str(f / "all.wacz")],
            lambda f: warc_lines(f / "all.wacz"),
        ),
        Trial(
            "export-data",
            given("whole:archive"),
            lambda f: ["export-data", str(f / "data")],
            lambda f: package_lines(f / "data"),
        ),
        Trial(
            "export-data over another",
            given("younger:archive", "larger:data"),
            lambda f: ["export-data", str(f / "data")],
            lambda f: package_lines(f / "data"),
        ),
        Trial("reparse", without_reports, lambda _: ["reparse"], of_archive),
        Trial("reparse of what was altered", with_altered_reports, lambda _: ["reparse"], of_archive),
        Trial("import", given("younger:archive"), lambda _: ["import", str(source / "all.warc.gz")], of_archive),
    ]


@dataclass
class Killing:
    """Kills commands, and keeps count."""

    folder: Path
    moments: random.Random
    kills: Counter[str] = field(default_factory=Counter)
    """Trial → kills."""
    spread: Counter[int] = field(default_factory=Counter)
    """Tenth of the command's life at which it was killed → kills."""
    wrong: list[str] = field(default_factory=list)
    wanted: dict[str, tuple[list[str], list[str]]] = field(default_factory=dict)
    """Trial → what it leaves undisturbed, and its files."""
    lives: dict[str, float] = field(default_factory=dict)
    """Trial → seconds of its last run that was left to end."""

    def until_whole(self, trial: Trial) -> None:
        """Kill one command at some moments, let it end, and compare."""
        if trial.name not in self.wanted:
            with self._prepared(trial, "undisturbed") as folder:
                self._end(trial, folder)
                self.wanted[trial.name] = trial.left(folder), files(folder)
        with self._prepared(trial, "killed") as folder:
            was_killed = was_done = False
            for _ in range(MOST_KILLS):
                share = self.moments.uniform(0, 1)
                code, _ = run_apart(folder, trial.command(folder), share * self.lives[trial.name])
                was_done |= code == 0
                if code == -signal.SIGKILL:
                    was_killed = True
                    self.kills[trial.name] += 1
                    self.spread[int(share * 10)] += 1
            self._end(trial, folder, was_killed=was_killed, was_done=was_done)
            self._compare(trial, folder)

    def _prepared(self, trial: Trial, name: str) -> Prepared:
        return Prepared(self.folder / name, trial.prepare)

    def _end(self, trial: Trial, folder: Path, *, was_killed: bool = False, was_done: bool = False) -> None:
        code, seconds = run_apart(folder, trial.command(folder))
        if not was_killed and not was_done:
            self.lives[trial.name] = seconds
        if code != 0 and not (code == 2 and (was_killed or was_done) and trial.may_be_done):
            self.wrong.append(f"{trial.name}: exit code {code}: {(folder.parent / 'said').read_text()[-600:]}")

    def _compare(self, trial: Trial, folder: Path) -> None:
        lines, names = self.wanted[trial.name]
        try:
            found = trial.left(folder)
        except Exception:  # noqa: BLE001 - whatever it is, it is a fault to tell
            found = [traceback.format_exc()]
        if lines != found:
            lacking, excess = Counter(lines) - Counter(found), Counter(found) - Counter(lines)
            self.wrong.append(f"{trial.name}: lacks {list(lacking)[:2]}, has {list(excess)[:2]}"[:1500])
        until = time.monotonic() + PATIENCE_S
        while (left := files(folder)) != names and time.monotonic() < until:
            time.sleep(0.05)
        if left != names:
            self.wrong.append(f"{trial.name}: files {sorted(set(left) ^ set(names))}")


class Prepared:
    """A fresh folder that goes afterwards."""

    def __init__(self, place: Path, prepare: Callable[[Path], None]) -> None:
        self.place, self.prepare = place, prepare

    def __enter__(self) -> Path:
        folder = self.place / "work"
        (folder / "tmp").mkdir(parents=True)
        self.prepare(folder)
        return folder

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.place)


def files(folder: Path) -> list[str]:
    """All files and folders below; moments in their names left out."""
    return sorted(
        _MOMENT.sub("MOMENT", path.relative_to(folder).as_posix())
        for path in folder.rglob("*")
        if not any(path.name.startswith(name) for name in _NOT_KEPT)
    )


def run_apart(folder: Path, words: Sequence[str], seconds: float = LONGEST_S) -> tuple[int, float]:
    """Run a command in a fork and kill it so many seconds after it has begun its work.

    Returns how it ended, and the seconds that its work took.
    """
    pipelines.ingest.sandbox.READER.close()
    begun, ready = os.pipe()
    process = os.fork()
    if not process:
        _in_the_fork(folder, words, ready)
    os.close(ready)
    os.read(begun, 1)
    os.close(begun)
    since = time.monotonic()
    watched = os.pidfd_open(process)
    if not select.select([watched], [], [], seconds)[0]:
        os.kill(process, signal.SIGKILL)
    took = time.monotonic() - since
    os.close(watched)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), took


def _in_the_fork(folder: Path, words: Sequence[str], ready: int) -> None:
    code = 70
    try:
        said = os.open(folder.parent / "said", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        for stream in (1, 2):
            os.dup2(said, stream)
        os.environ["TMPDIR"] = tempfile.tempdir = str(folder / "tmp")
        act = ArchiveCommand.run

        def run(self: ArchiveCommand, *given: object) -> None:
            os.write(ready, b".")
            act(self, *given)  # type: ignore[arg-type]

        ArchiveCommand.run = run  # type: ignore[assignment, method-assign]
        code = run_here(folder / "archive", words)
        pipelines.ingest.sandbox.READER.close()
    except BaseException:  # noqa: BLE001 - a child must end here
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def kill(folder: Path, kills: int, seed: int, names: Sequence[str] = ()) -> Killing:
    """Kill commands so often, one trial after the other."""
    source = folder / "originals"
    source.mkdir()
    originals(source)
    killing = Killing(folder, random.Random(seed))
    chosen = [trial for trial in trials(source) if not names or trial.name in names]
    for trial in _again_and_again(chosen):
        if killing.kills.total() >= kills:
            break
        killing.until_whole(trial)
    return killing


def _again_and_again(chosen: Sequence[Trial]) -> Iterator[Trial]:
    while True:
        yield from chosen


def main(arguments: Sequence[str] | None = None) -> int:
    """The long form."""
    parser = argparse.ArgumentParser()
    parser.add_argument("kills", type=int, nargs="?", default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", action="append", default=[], help="a trial by its name")
    chosen = parser.parse_args(arguments)
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        killing = kill(Path(folder), chosen.kills, chosen.seed, chosen.only)
    print(", ".join(f"{name}: {count}" for name, count in killing.kills.items()))
    print("by tenth of the command's work:", *(killing.spread[tenth] for tenth in range(10)))
    print(
        f"{killing.kills.total()} kills, {len(killing.wrong)} faults; {time.monotonic() - begun:.0f} s",
        *killing.wrong,
        sep="\n",
    )
    return int(bool(killing.wrong))


if __name__ == "__main__":
    sys.exit(main())
