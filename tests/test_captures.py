"""captures.db keeps what came, finds it again, and says so when it is damaged."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from archive import ArchiveError, Capture, Captures, Reports
from archive.captures import HISTORY_BATCH, fingerprint
from archive.fulltext import indexed
from archive.model import Entry, Located, Problem
from archive.withheld import decision
from pipelines.ingest.compose import compose_some

URL = "http://www.example.gov.cn/zwgk/post_1.html"


@pytest.fixture
def captures(tmp_path: Path) -> Captures:
    return Captures(tmp_path)


def fetched(
    day: int, body: bytes | None = b"<html>one</html>", outcome: str = "ok", url: str = URL, **more: object
) -> Capture:
    return Capture(
        url=url, requested_at=f"2026-01-{day:02}T00:00:00.000000Z", status=200, outcome=outcome, body=body, **more
    )  # type: ignore[arg-type]


def test_a_body_is_kept_once_and_comes_back_whole(captures: Captures) -> None:
    first, second = captures.add(fetched(1)), captures.add(fetched(2))
    assert (first.outcome, second.outcome) == ("ok", "unchanged")
    assert first.sha256 == second.sha256
    assert captures.db.execute("SELECT COUNT(*) FROM bodies").fetchone()[0] == 1
    assert captures.body(first.sha256 or "") == b"<html>one</html>"


def test_headers_keep_order_and_repeats(captures: Captures) -> None:
    sent = [("Set-Cookie", "a=1"), ("Content-Type", "text/html"), ("Set-Cookie", "b=2")]
    captures.add(fetched(1, response_headers=sent))
    found = captures.last("GET", URL)
    assert found is not None
    assert found.response_headers == sent


def test_a_form_is_found_again_with_its_fields_in_any_order(captures: Captures) -> None:
    search = "http://www.example.gov.cn/fjdzapp/search"
    captures.add(fetched(1, b"{}", url=search, method="POST", request_body=b"page=2&prepage=10&sort=-a%2C-b"))
    found = captures.last("POST", search, b"sort=-a%2C-b&prepage=10&page=2")
    assert found is not None
    assert found.body == b"{}"
    assert captures.last("POST", search, b"page=3&prepage=10&sort=-a%2C-b") is None
    assert captures.last("GET", search) is None


def test_a_fragment_is_no_part_of_a_request() -> None:
    assert fingerprint("GET", URL + "#2") == fingerprint("GET", URL)
    assert fingerprint("GET", URL + "?a=1&b=2") == fingerprint("GET", URL + "?b=2&a=1") != fingerprint("GET", URL)


def test_a_refusal_never_stands_in_for_an_answer(captures: Captures) -> None:
    captures.add(fetched(1))
    captures.add(fetched(2, b"<script>challenge</script>", "blocked"))
    replayed = captures.replay("GET", URL)
    assert replayed is not None
    assert replayed.body == b"<html>one</html>"
    captures.add(fetched(3, b"gone", "missing"))
    gone = captures.replay("GET", URL)
    assert gone is not None
    assert gone.outcome == "missing"


def test_history_is_in_the_order_of_time_not_of_arrival(captures: Captures) -> None:
    captures.add(fetched(5, b"late"))
    captures.add(fetched(1, b"early"))
    assert [capture.requested_at[8:10] for capture in captures.history([URL])] == ["01", "05"]


def test_the_same_fetch_is_known(captures: Captures) -> None:
    captures.add(fetched(1))
    assert captures.holds(fetched(1))
    assert not captures.holds(fetched(2))


def test_problems_are_open_until_they_are_resolved(captures: Captures) -> None:
    run = captures.start_run("crawl", "example")
    problem = Problem(kind="missing", message="gone", url=URL, stage="fetch")
    assert captures.add_problem(run, "example", problem)
    assert not captures.add_problem(run, "example", problem)
    captures.resolve_problems(URL, "fetch")
    assert captures.add_problem(run, "example", problem)
    rows = captures.db.execute("SELECT resolved_at IS NULL FROM problems ORDER BY id").fetchall()
    assert [row[0] for row in rows] == [0, 1]


def test_entries_follow_the_listing(captures: Captures) -> None:
    listing = "http://www.example.gov.cn/zwgk/index.html"
    captures.add_entries([Entry(url=URL, title="one", date="2026-01-01", portal="example", listing_url=listing)])
    captures.add_entries([Entry(url=URL, title="two", date="2026-01-02", portal="example", listing_url=listing)])
    (entry,) = captures.entries(urls=[URL])
    assert (entry.title, entry.date) == ("two", "2026-01-02")


def test_a_document_may_have_more_addresses_than_a_statement_has_variables(captures: Captures) -> None:
    captures.db.conn.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, HISTORY_BATCH)
    urls = tuple(f"{URL}?{number}" for number in range(HISTORY_BATCH + 1))
    captures.add_entries([Entry(url=url, title="one", portal="example", listing_url=URL) for url in urls])
    assert len(captures.entries(urls=urls)) == len(urls)
    assert decision(captures.db.conn, urls) is None
    several = [Located(portal="example", key=key, urls=some) for key, some in (("a", urls), ("b", urls[:1]), ("c", ()))]
    first, second, third = compose_some(captures, several)
    assert not first.failed
    assert first.mark
    assert second.mark
    assert third.mark
    assert len({first.mark.entries, second.mark.entries, third.mark.entries}) == 3


@pytest.mark.parametrize("content", [b"this is no database, but long enough to be taken for one" * 40, b"\0" * 5000])
def test_a_file_that_is_no_database_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "captures.db").write_bytes(content)
    with pytest.raises(ArchiveError, match=r"captures\.db"):
        Captures(tmp_path)


def test_a_database_that_is_cut_short_is_named(tmp_path: Path) -> None:
    captures = Captures(tmp_path)
    for day in range(1, 29):
        captures.add(fetched(day, bytes(range(256)) * day))
    captures.close()
    whole = (tmp_path / "captures.db").read_bytes()
    (tmp_path / "captures.db").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ArchiveError, match="malformed"):
        Captures(tmp_path)


def test_a_damaged_body_is_named(captures: Captures) -> None:
    kept = captures.add(fetched(1, b"<html>" + b"x" * 1000))
    captures.db.execute("UPDATE bodies SET data = substr(data, 1, 9)")
    with pytest.raises(ArchiveError, match=kept.sha256 or ""):
        captures.body(kept.sha256 or "")
    with pytest.raises(ArchiveError, match="is missing from"):
        captures.body("0" * 64)


def test_a_mistyped_path_grows_no_folders(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="cannot open the archive"):
        Captures(tmp_path / "no" / "such")
    assert not (tmp_path / "no").exists()
    Captures(tmp_path / "new").close()


def test_a_capture_belongs_to_a_run_that_is_there(captures: Captures) -> None:
    with pytest.raises(ArchiveError, match="FOREIGN KEY"):
        captures.add(fetched(1, run_id=99))


def test_both_databases_are_in_wal_mode(tmp_path: Path) -> None:
    for part in (Captures, Reports):
        opened = part(tmp_path)
        assert opened.db.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        assert opened.db.execute("PRAGMA foreign_keys").fetchone()[0] == 1
        opened.close()
        # opening again migrates nothing
        part(tmp_path).close()
    with sqlite3.connect(tmp_path / "reports.db") as connection:
        views = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'view'")}
    figures = {"key_figures", "key_figures_all", "coverage", "timeliness", "year_over_year"}
    sums = {"sums", "town_sums", "rates", "whole_areas", "repeated_reports", "further_reports"}
    sums |= {"later_bodies", "known_bodies", "known_town_bodies", "place_coverage"}
    assert views == figures | sums | {"statistics", "checks", "failed_checks", "agencies", "agency_names", "towns"}


def test_every_han_character_of_the_index_stands_alone() -> None:
    title, text, pairs = indexed("2021年 WTO报告。", "公开。报告，公 开。2 报")
    assert title.split() == ["2021", "年", "wto", "报", "告"]
    assert text.split() == ["公", "开", "报", "告", "公", "开", "2", "报"]
    assert pairs == "开报 告公 公开"
    assert indexed(None, None) == ("", "", "")


def test_reports_that_do_not_exist_yet_are_none_and_no_file_is_created(tmp_path: Path) -> None:
    reports = Reports.read_or_empty(tmp_path)
    assert list(reports.titles()) == []
    assert reports.urls() == frozenset()
    reports.db.close()
    assert list(tmp_path.iterdir()) == []
