"""Reports of several crawls are written with one commit, and the failure of one is its own."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from archive import ArchiveError, Reports
from crawler.write_queue import AT_ONCE, WriteQueue
from tests.made_reports import made


@pytest.fixture
def reports(tmp_path: Path) -> Iterator[Reports]:
    kept = Reports(tmp_path)
    kept.put_portal({"name": "p"})
    kept.commit()
    yield kept
    kept.close()


def stored(reports: Reports) -> list[str]:
    """The ids of the reports that another process sees."""
    other = sqlite3.connect(reports.path)
    ids = [row[0] for row in other.execute("SELECT id FROM reports ORDER BY id")]
    other.close()
    return ids


def test_those_that_wait_are_kept_when_they_are_told_so(reports: Reports) -> None:
    async def written() -> list[str]:
        queue = WriteQueue(reports)
        first = asyncio.ensure_future(queue.add(lambda: reports.put(made("p-1"))))
        second = asyncio.ensure_future(queue.add(lambda: reports.put(made("p-2"))))
        await asyncio.sleep(0)
        assert stored(reports) == []
        assert not reports.db.conn.in_transaction, "others can write"
        said = [await first]
        assert stored(reports) == ["p-1", "p-2"]
        return [*said, await second]

    assert asyncio.run(written()) == ["new", "new"]


def test_many_wait_for_nothing(reports: Reports) -> None:
    async def written() -> list[str]:
        queue = WriteQueue(reports)

        async def one(number: int) -> str:
            return await queue.add(lambda: reports.put(made(f"p-{number:02}")))

        waiting = [asyncio.ensure_future(one(number)) for number in range(AT_ONCE)]
        await asyncio.sleep(0)
        assert len(stored(reports)) == AT_ONCE
        return [await each for each in waiting]

    assert asyncio.run(written()) == ["new"] * AT_ONCE


def test_what_one_raises_is_its_own(reports: Reports) -> None:
    async def written() -> list[object]:
        queue = WriteQueue(reports)
        works = [queue.add(lambda: reports.put(made("p-1"))), queue.add(lambda: 1 // 0)]
        return list(await asyncio.gather(*works, return_exceptions=True))

    said = asyncio.run(written())
    assert said[0] == "new"
    assert isinstance(said[1], ZeroDivisionError)
    assert stored(reports) == ["p-1"]


def test_where_nothing_can_be_committed_all_hear_it(reports: Reports) -> None:
    reports.db.conn.execute("CREATE TABLE owed (of TEXT REFERENCES portals (name) DEFERRABLE INITIALLY DEFERRED)")
    reports.db.conn.execute("PRAGMA foreign_keys = ON")

    def owe() -> None:
        reports.begin()
        reports.db.conn.execute("INSERT INTO owed VALUES ('nobody')")

    async def written() -> list[object]:
        queue = WriteQueue(reports)
        return list(
            await asyncio.gather(queue.add(lambda: reports.put(made("p-1"))), queue.add(owe), return_exceptions=True)
        )

    said = asyncio.run(written())
    assert all(isinstance(each, ArchiveError) for each in said)
    assert stored(reports) == []
