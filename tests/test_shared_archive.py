"""Crawls of one process share one writer, and write what each would have written alone."""

from __future__ import annotations

import gc
import json
import sqlite3
from pathlib import Path
from unittest.mock import patch

import pytest

from archive import Captures, Reports
from crawler.demo.nfcms import Nfcms
from crawler.demo.server import Server
from crawler.demo.trs import Trs
from crawler.shared_archive import SharedArchive
from tests.crawling import Forked, crawl, perform_later, planned
from tests.test_crawl import rows


def counted(work: str, file: Path) -> int:
    """A crawl, with the names of the databases that it opened to write, in a file."""
    opened: list[str] = []
    connect = sqlite3.connect

    def noting(path: str | Path, *args: object, **kwargs: object) -> sqlite3.Connection:
        if "mode=ro" not in str(path) and str(path) not in {"", ":memory:"}:
            opened.append(Path(path).name)
        return connect(path, *args, **kwargs)  # type: ignore[call-overload, no-any-return]

    with patch("sqlite3.connect", noting):
        code = perform_later(work)
    file.write_text(json.dumps(opened), encoding="utf-8")
    return code


def test_two_portals_in_one_process_share_one_writer(tmp_path: Path) -> None:
    together, apart = tmp_path / "together", tmp_path / "apart"
    first, second = Nfcms("qinghe", 12), Trs("hepan", 12)
    with Server(first, second):
        done = Forked(counted, planned(together, first, second), tmp_path / "opened").wait()
        assert done.returncode == 0, done.stderr
        for replica in (first, second):
            assert crawl(apart, replica).returncode == 0
    opened = json.loads((tmp_path / "opened").read_text(encoding="utf-8"))
    assert sorted(name for name in opened if name != "readings.db") == ["captures.db", "reports.db"]
    for database, table in (
        ("captures", "runs"),
        ("captures", "entries"),
        ("reports", "reports"),
        ("reports", "fates"),
    ):
        counts = [
            rows(folder, database, f"SELECT portal, COUNT(*) FROM {table} GROUP BY 1") for folder in (together, apart)
        ]
        assert counts[0] == counts[1], table
    facts = "SELECT id, url, title, report_year, sha256, same_as FROM reports ORDER BY id"
    assert rows(together, "reports", facts) == rows(apart, "reports", facts)
    reasons = rows(together, "captures", "SELECT finish_reason FROM runs")
    assert reasons == [("finished",), ("finished",)]


def test_an_archive_is_open_until_its_last_user_lets_go(tmp_path: Path) -> None:
    first, second = SharedArchive.at(tmp_path), SharedArchive.at(tmp_path / ".")
    assert first is second
    reports = first.reports
    first.release()
    assert first.captures.count() == 0
    assert list(reports.dump()) == []
    second.release()
    with pytest.raises(sqlite3.ProgrammingError):
        first.captures.count()
    third = SharedArchive.at(tmp_path)
    assert third is not first
    assert isinstance(third.captures, Captures)
    assert isinstance(third.reports, Reports)
    third.release()


def test_the_more_crawls_a_process_has_the_fewer_searches_for_garbage_it_makes(tmp_path: Path) -> None:
    alone = SharedArchive.at(tmp_path / "a")
    of_one = gc.get_threshold()[0]
    others = [SharedArchive.at(tmp_path / name) for name in ("a", "b", "b")]
    of_four = gc.get_threshold()[0]
    for one in others:
        one.release()
    assert of_four > of_one == gc.get_threshold()[0] > 0
    alone.release()
