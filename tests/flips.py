"""Single bits of both databases, flipped by lot: `python -m tests.flips [FLIPS] [--seed N]`.

What a flip does is found by comparing all rows with those of the undamaged file. A flip that changes a value must be
named by `verify` with its row; none may end in a traceback; a repair from a copy, and a reparse, give the undamaged rows.
"""

from __future__ import annotations

import argparse
import random
import re
import shutil
import sqlite3
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from scrapy.utils.project import get_project_settings

from archive import Captures, Reports
from archive.constraints import CONSTRAINTS
from archive.verification import UNREADABLE
from archive.verify import verify
from archive.verify_reports import discard_damaged
from crawler.demo.nfcms import Nfcms
from crawler.demo.server import Server
from pipelines.ingest.repair import repair
from pipelines.ingest.reparse import Selection, reparse
from spiders.registry import Registry
from tests.crawling import crawl

NAMES = ("captures.db", "reports.db")
Rows = dict[str, Counter[tuple[object, ...]]]

_INDEXES = ("report_search", "report_breaks")
_TEXTS = "report_search_data"
"""Most of the indexes of texts; their other tables are small, and say where words begin and what is parted."""
_KINDS = ("anywhere", "index", "value", "schema", "anywhere", "free", "value", "words", "anywhere", "header")
_MANY = 200
"""Flips after which a line says how it goes."""
_NOT_COMPARED = frozenset(("_sqlite_migrations", "row_digests"))
"""What a new file has otherwise: when its steps were taken."""


def rows(path: Path) -> Rows | str:
    """Every row of every table; the error where the file cannot be read to its end."""
    found: Rows = {}
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as db:
            db.text_factory = bytes
            tables = [row[0].decode() for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            for table in tables:
                if table not in _INDEXES:
                    found[table] = Counter(db.execute(f"SELECT * FROM {table} NOT INDEXED"))
    except UNREADABLE as error:
        return str(error)
    return found


@dataclass
class Flips:
    """What came of them."""

    kinds: Counter[str] = field(default_factory=Counter)
    """Where the bits were."""
    harmless: int = 0
    named: int = 0
    unreadable: int = 0
    """The file could not be read to its end, and verify said so."""
    mended: int = 0
    """Flips that were repaired, to be compared."""
    untold: list[str] = field(default_factory=list)
    tracebacks: list[str] = field(default_factory=list)
    unmended: list[str] = field(default_factory=list)
    false_alarms: Counter[str] = field(default_factory=Counter)
    """Flips that changed no value and were told: of the structure of the file, of pages that are not used."""

    @property
    def wrong(self) -> list[str]:
        return [*self.untold, *self.tracebacks, *self.unmended]


def flip(path: Path, bit: int) -> None:
    """Turn one bit of a file over."""
    with path.open("r+b") as file:
        file.seek(bit // 8)
        (byte,) = file.read(1)
        file.seek(bit // 8)
        file.write(bytes([byte ^ (1 << bit % 8)]))


def changed(before: Rows, after: Rows) -> list[tuple[str, tuple[object, ...]]]:
    """Tables and rows of the undamaged file that the damaged one does not have."""
    gone = [(table, row) for table, known in before.items() for row in known - after.get(table, Counter())]
    more = [(table, row) for table, found in after.items() for row in found - before.get(table, Counter())]
    return gone or more


def original(folder: Path) -> Path:
    """A crawled archive with both databases in one file each, some pages of which are free."""
    archive = folder / "original"
    with Server(Nfcms("qinghe", 5)) as server:
        assert crawl(archive, *server).returncode == 0
    for name in NAMES:
        with closing(sqlite3.connect(archive / name, isolation_level=None)) as db:
            db.execute("CREATE TABLE passing (data)")
            db.execute("INSERT INTO passing SELECT zeroblob(3000) FROM (SELECT 1 UNION SELECT 2 UNION SELECT 3)")
            db.execute("DROP TABLE passing")
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            db.execute("PRAGMA journal_mode = DELETE")
    return archive


def with_logs(source: Path, folder: Path) -> Path:
    """The same archive after two captures more, and with a new reports.db: these stand in logs beside the databases."""
    archive, copy = folder / "living", folder / "with-logs"
    shutil.copytree(source, archive)
    (archive / "reports.db").unlink()
    captures, settings = Captures(archive), get_project_settings()
    with closing(captures), closing(Reports(archive)):  # which keeps the log there
        run_id = captures.start_run("crawl", "qinghe")
        for row in captures.db.conn.execute("SELECT id FROM captures WHERE sha256 IS NOT NULL LIMIT 2").fetchall():
            again = captures.get(row["id"])
            again.run_id, again.requested_at = run_id, f"2031{again.requested_at[4:]}"
            captures.add(again)
        captures.finish_run(run_id, "finished", {})
        reparse(archive, captures, Registry(settings, captures), Selection(), jobs=1)
        copy.mkdir()
        for name in NAMES:
            for end in ("", "-wal"):
                shutil.copy(archive / f"{name}{end}", copy)
    return copy


class Places:
    """Where bits are flipped: anywhere, and more often than their size would have it in what is no row, and in values
    that the schema would refuse then.
    """

    def __init__(self, path: Path) -> None:
        self.size = path.stat().st_size
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as db:
            (self.page,) = db.execute("PRAGMA page_size").fetchone()
            kinds = dict(db.execute("SELECT name, type FROM sqlite_schema").fetchall())
            pages = db.execute("SELECT name, pageno FROM dbstat").fetchall()
            bound = {str(value) for value in _bound_values(db, path.name)}
        content = path.read_bytes()
        self.values = [found.span() for found in re.finditer(b"|".join(map(re.escape, _longest_first(bound))), content)]
        used = {number for _, number in pages}
        self.kinds = {
            "index": [number for name, number in pages if kinds.get(name) == "index"],
            "words": [number for name, number in pages if name.startswith(_INDEXES) and name != _TEXTS]
            or [number for name, number in pages if kinds.get(name) == "index"],
            "schema": [number for name, number in pages if name == "sqlite_schema"],
            "free": [number for number in range(1, self.size // self.page + 1) if number not in used],
        }

    def bit(self, lot: random.Random, number: int) -> tuple[str, int]:
        """Where the flip with this number goes: a third of them anywhere."""
        kind = _KINDS[number % len(_KINDS)]
        if kind == "header":
            return kind, lot.randrange(100 * 8)
        if kind == "value":
            start, end = lot.choice(self.values)
            return kind, lot.randrange(start * 8, end * 8)
        if kind != "anywhere":
            return kind, ((lot.choice(self.kinds[kind]) - 1) * self.page) * 8 + lot.randrange(self.page * 8)
        return kind, lot.randrange(self.size * 8)


def _bound_values(db: sqlite3.Connection, name: str) -> Iterator[object]:
    for table, conditions in CONSTRAINTS[name].items():
        for column in conditions:
            sql = f"SELECT DISTINCT {column} FROM {table} WHERE typeof({column}) = 'text' AND length({column}) > 3"
            yield from (value for (value,) in db.execute(sql))


def _longest_first(texts: Collection[str]) -> list[bytes]:
    return sorted((text.encode() for text in texts), key=len, reverse=True)


def play(folder: Path, flips: int, seed: int, *, mend_every: int = 1) -> Flips:
    """So many flips, each of a fresh copy of an archive; every tenth in a log."""
    result, lot = Flips(), random.Random(seed)
    source = original(folder)
    logged = with_logs(source, folder)
    undamaged = {path: known(path) for path in (source, logged)}
    places = {name: Places(source / name) for name in NAMES}
    for number in range(flips):
        name, of_log = NAMES[number % 2], number % 20 >= 18
        whole = logged if of_log else source
        if of_log:
            file, (kind, bit) = f"{name}-wal", ("log", lot.randrange((logged / f"{name}-wal").stat().st_size * 8))
        else:
            file, (kind, bit) = name, places[name].bit(lot, number // 2)
        archive = folder / "flipped"
        shutil.copytree(whole, archive)
        flip(archive / file, bit)
        result.kinds[kind] += 1
        try:
            one(result, archive, whole, file, bit, undamaged[whole], is_mended=number // 2 % mend_every == 0)
        except Exception:  # noqa: BLE001 - whatever it is, it is a fault to tell
            result.tracebacks.append(f"{file} bit {bit}: {traceback.format_exc()}")
        shutil.rmtree(archive)
        if flips >= _MANY and (number + 1) % _MANY == 0:
            print(f"{number + 1} flips, {len(result.wrong)} faults", *result.wrong[-3:], sep="\n", flush=True)
    return result


def known(archive: Path) -> dict[str, Rows | str]:
    """All that an undamaged archive says; read in a copy, so that its files stay as they are."""
    copy = archive.with_name("read")
    shutil.copytree(archive, copy)
    found = {name: rows(copy / name) for name in NAMES} | {"dump": dump(copy)}
    shutil.rmtree(copy)
    return found


def one(
    result: Flips,
    archive: Path,
    source: Path,
    file: str,
    bit: int,
    undamaged: dict[str, Rows | str],
    *,
    is_mended: bool,
) -> None:
    """One flip: what it changed, what verify says, and what a repair makes of it."""
    name = file.removesuffix("-wal")
    verdict = verify(archive)
    before, after = undamaged[name], rows(archive / name)
    assert not isinstance(before, str)
    lines = [line for line in verdict.lines if name == "reports.db" or not line.startswith("reports.db")]
    if isinstance(after, str):
        result.unreadable += bool(lines)
        result.untold += [] if lines else [f"{file} bit {bit}: cannot be read ({after}), untold"]
    elif different := changed(before, after):
        if lines and any(_names(line, *different[0]) for line in lines):
            result.named += 1
        else:
            result.untold.append(f"{file} bit {bit}: {different[0][0]} {str(different[0][1])[:200]}: {lines[:3]}")
    else:
        result.harmless += 1
        result.false_alarms.update({"told": bool(lines)})
    if is_mended and (lines or isinstance(after, str)):
        result.mended += 1
        _mend(archive, source, name)
        if left := _different(undamaged, archive, name):
            result.unmended.append(f"{file} bit {bit}: after the repair: {left[:300]}")
        if again := verify(archive).lines:
            result.unmended.append(f"{file} bit {bit}: after the repair: {again[:3]}")


def _different(undamaged: dict[str, Rows | str], archive: Path, name: str) -> str:
    """What a mended archive has otherwise than the undamaged one; empty where nothing."""
    if name == "reports.db":
        return "" if dump(archive) == undamaged["dump"] else "other reports"
    before, after = undamaged[name], rows(archive / name)
    if isinstance(before, str) or isinstance(after, str):
        return str(after)
    mine, theirs = (
        {table: found for table, found in every.items() if table not in _NOT_COMPARED} for every in (before, after)
    )
    left = changed(mine, theirs)
    return str(left[0]) if left else ""


def dump(archive: Path) -> str:
    """All that reports.db says."""
    reports = Reports(archive, read_only=True)
    try:
        return "\n".join(reports.dump())
    finally:
        reports.db.close()


def _names(line: str, table: str, row: tuple[object, ...]) -> bool:
    """Whether a line names the row: by its key, its report, or the index or sum that it belongs to."""
    texts = [value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value) for value in row]
    is_index = table.startswith(_INDEXES) and "index of texts" in line
    return (
        is_index
        or table in line
        or "of its log" in line
        or any(len(text) > 0 and text in line for text in texts if text != "None")
    )


def _mend(archive: Path, source: Path, name: str) -> None:
    settings = get_project_settings()
    verdict = verify(archive)
    if verdict.lines and name == "captures.db":
        list(repair(archive, verdict, source / "captures.db", partial(Registry, settings)))
    captures = Captures(archive)
    try:
        if discard_damaged(archive / "reports.db"):
            reparse(archive, captures, Registry(settings, captures), Selection(), jobs=1)
    finally:
        captures.close()


def main(arguments: Sequence[str] | None = None) -> int:
    """The long form."""
    parser = argparse.ArgumentParser()
    parser.add_argument("flips", type=int, nargs="?", default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--mend-every", type=int, default=1)
    chosen = parser.parse_args(arguments)
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        found = play(Path(folder), chosen.flips, chosen.seed, mend_every=chosen.mend_every)
    print(
        f"{chosen.flips} flips: {found.named} changed a value and were named, {found.unreadable} made a file unreadable"
        f" and were told, {found.harmless} changed none ({found.false_alarms['told']} of them told);"
        f" {len(found.untold)} untold, {len(found.tracebacks)} tracebacks, {len(found.unmended)} of {found.mended} not mended;"
        f" {time.monotonic() - begun:.0f} s"
    )
    print(", ".join(f"{kind}: {count}" for kind, count in found.kinds.items()))
    print(*found.wrong, sep="\n")
    return int(bool(found.wrong))


if __name__ == "__main__":
    sys.exit(main())
