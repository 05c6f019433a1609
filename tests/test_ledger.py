"""The ledger of entries: every listed entry has one fate, whatever happened to it on the way."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from archive.vocabulary import Fate
from crawler.demo import others
from crawler.demo.gkmlpt import Gkmlpt
from crawler.demo.nfcms import Nfcms
from crawler.demo.replica import Replica
from crawler.demo.reports import Synthetic
from crawler.demo.server import Server
from crawler.demo.trs import Trs
from crawler.demo.trs_fujian import TrsFujian
from tests.crawling import crawl, scrapy
from tests.test_crawl import kinds, rows
from tests.test_documents import BODY
from tests.test_fetched_documents import Attaching

FATES = "SELECT portal, listing_url, url, title, fate, report_id, cause, capture_id FROM fates ORDER BY 1, 2, 3"


def sums(archive: Path, portal: str) -> dict[str, int]:
    """Fate → entries of a portal."""
    return dict(
        rows(archive, "reports", "SELECT fate, COUNT(*) FROM fates WHERE portal = ? GROUP BY fate ORDER BY 1", portal)
    )


def fate(archive: Path, url: str) -> tuple[str, Any]:
    """The fate and the cause of the entry at an address."""
    ((word, cause),) = rows(archive, "reports", "SELECT DISTINCT fate, cause FROM fates WHERE url = ?", url)
    return word, cause


def is_balanced(archive: Path) -> bool:
    """Whether every portal's entries are the sum of their fates."""
    listed = dict(rows(archive, "captures", "SELECT portal, COUNT(*) FROM entries GROUP BY portal"))
    fates = dict(rows(archive, "reports", "SELECT portal, COUNT(*) FROM fates GROUP BY portal"))
    return listed == fates and bool(listed)


def test_every_entry_has_one_fate_and_a_rebuilt_archive_has_the_same(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    place = "临川市青溪区"
    qingxi = Nfcms("qingxi", 12, place=place, others=[others.notice(place, 2023)])
    qingxi.documents[0].second_column = True
    replicas: list[Replica] = [qingxi, Gkmlpt("yunshan", 8), Trs("hepan", 12, split=7), TrsFujian("haiwan", 8)]
    with Server(*replicas) as server:
        server["yunshan"].documents[1].state = "404"
        server["hepan"].documents[2].state = "stub"
        server["haiwan"].documents[3].state = "521"
        server["haiwan"].documents[5].state = "truncated"
        assert crawl(archive, *server, settings={"RETRY_TIMES": 0}).returncode == 1
        assert is_balanced(archive)
        assert sums(archive, "yunshan") == {"report": 7, "missing": 1}
        assert sums(archive, "hepan") == {"report": 11, "missing": 1}
        assert sums(archive, "haiwan") == {"blocked": 1, "error": 1, "report": 6}
        assert {"report": 12, "not_a_report": 1}.items() <= sums(archive, "qingxi").items()
        titled = rows(archive, "reports", "SELECT title, cause FROM fates WHERE fate = 'not_a_report'")
        assert all(title in cause for title, cause in titled)
        for url, report_id in rows(archive, "reports", "SELECT url, report_id FROM fates WHERE fate = 'report'"):
            assert rows(archive, "reports", "SELECT url FROM reports WHERE id = ?", report_id) == [(url,)]
        before = rows(archive, "reports", FATES)
        for name in ("reports.db", "reports.db-wal", "reports.db-shm"):
            (archive / name).unlink(missing_ok=True)
        scrapy(archive, "reparse")
        assert rows(archive, "reports", FATES) == before


def test_an_entry_of_two_listings_is_a_report_and_a_copy(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    replica = Nfcms("qingxi", 6)
    replica.documents[0].second_column = True
    with Server(replica):
        assert crawl(archive, replica).returncode == 0
    assert sums(archive, "qingxi") == {"copy": 1, "report": 6}


def test_what_a_crawl_was_not_to_ask_for_is_told_from_what_it_lost(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    with Server(Trs("hepan", 10)) as server:
        assert crawl(archive, *server, years="2023").returncode == 0
        told = sums(archive, "hepan")
        assert told.keys() == {"report", "not_asked"}
        assert rows(archive, "reports", "SELECT DISTINCT cause FROM fates WHERE fate = 'not_asked'") == [("years",)]
        scrapy(archive, "reparse")
        assert sums(archive, "hepan") == told
        assert crawl(archive, *server, settings={"REQUESTS_PER_RUN": 8}).returncode == 1
        assert "not_asked" in sums(archive, "hepan")
        assert crawl(archive, *server).returncode == 0
        assert sums(archive, "hepan") == {"report": 10}


def test_an_entry_without_a_fate_is_a_problem_and_the_exit_code_says_so(tmp_path: Path) -> None:
    """The table is made to lose a row, as a fault of the program would."""
    archive = tmp_path / "archive"
    with Server(Trs("hepan", 4)) as server:
        assert crawl(archive, *server).returncode == 0
        database = sqlite3.connect(archive / "reports.db")
        database.execute(
            "CREATE TRIGGER lose BEFORE INSERT ON fates WHEN NEW.fate = 'report' BEGIN SELECT RAISE(IGNORE); END"
        )
        database.execute("DELETE FROM fates WHERE url = (SELECT MIN(url) FROM fates)")
        database.commit()
        database.close()
        assert crawl(archive, *server).returncode == 1
        assert kinds(archive) == {"unaccounted": 1}
        # a reparse trusts no database that does more than it was made to do
        assert scrapy(archive, "reparse").returncode == 0
        assert kinds(archive) == {}


# What is asked again


def days_pass(archive: Path, days: int) -> None:
    """Let the pauses be so much nearer to their end."""
    database = sqlite3.connect(archive / "captures.db")
    database.execute(
        "UPDATE asking SET next_ask = strftime('%Y-%m-%dT%H:%M:%f000Z', next_ask, ?) WHERE next_ask IS NOT NULL",
        (f"-{days} days",),
    )
    database.commit()
    database.close()


@pytest.mark.parametrize("fault", ["maintenance", "notice", "itself"])
def test_a_night_of_maintenance_is_no_success_and_is_healed_by_the_next_crawl(tmp_path: Path, fault: str) -> None:
    archive = tmp_path / "archive"
    with Server(Trs("hepan", 6)) as server:
        (replica,) = server
        replica.fail(fault, match=r"/t20\d+_\d+")
        assert crawl(archive, replica).returncode == 1
        assert sums(archive, "hepan") == {"error" if fault == "itself" else "blocked": 6}
        kind = {"maintenance": "blocked", "notice": "no_report", "itself": "error"}[fault]
        assert kinds(archive) == {kind: 6, "listing_unread": 1}, "one cause, one problem"
        told = scrapy(archive, "health", "--json")
        assert told.returncode == 1
        (account,) = [row for row in map(json.loads, told.stdout.splitlines()) if row["kind"] == "fates"]
        assert account["listed"] == account["accounted"] == sum(row["entries"] for row in account["fates"]) == 6
        assert all(row["since"] and row["remedy"] and not row["is_final"] for row in account["fates"])
        printed = scrapy(archive, "health").stdout
        word = account["fates"][0]["fate"]
        assert f"6 {word}" in printed
        assert Fate(word).remedy in printed
        replica.behave()
        done = crawl(archive, replica)
        assert done.returncode == 0, done.stderr
        assert sums(archive, "hepan") == {"report": 6}
        assert kinds(archive) == {}
        assert rows(archive, "captures", "SELECT * FROM asking") == []


def test_one_page_that_is_no_report_is_asked_again(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    with Server(Trs("hepan", 6)) as server:
        (replica,) = server
        url = replica.url(replica.documents[2])
        replica.fail("maintenance", match=url.rpartition("/")[2])
        assert crawl(archive, replica).returncode == 1
        assert fate(archive, url)[0] == "blocked"
        replica.behave()
        asked = len(replica.log)
        assert crawl(archive, replica).returncode == 0
        assert [hit.target for hit in replica.log[asked:] if "/t20" in hit.target] == [url.removeprefix(replica.base)]
        assert sums(archive, "hepan") == {"report": 6}


def test_from_the_third_failure_on_a_crawl_waits_and_never_gives_up(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    with Server(Trs("hepan", 6)) as server:
        (replica,) = server
        url = replica.url(replica.documents[2])
        target = url.removeprefix(replica.base)

        def asks() -> bool:
            before = len(replica.log)
            assert crawl(archive, replica).returncode == 1
            return target in {hit.target for hit in replica.log[before:]}

        replica.fail("maintenance", match=url.rpartition("/")[2])
        assert [asks() for _ in range(4)] == [True, True, True, False]
        days_pass(archive, 1)
        assert [asks() for _ in range(2)] == [True, False]
        days_pass(archive, 40)
        assert asks()
        replica.behave()
        days_pass(archive, 40)
        assert crawl(archive, replica).returncode == 0
        assert sums(archive, "hepan") == {"report": 6}


def test_a_portal_that_is_well_again_ends_the_pauses_of_its_outage(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    with Server(Trs("hepan", 6)) as server:
        (replica,) = server
        replica.fail("maintenance", match=r"/t20\d+_\d+")
        for _ in range(3):
            assert crawl(archive, replica).returncode == 1
        replica.behave()
        assert crawl(archive, replica).returncode == 1
        assert sums(archive, "hepan") == {"blocked": 4, "report": 2}
        assert crawl(archive, replica).returncode == 0
        assert sums(archive, "hepan") == {"report": 6}


def test_two_reports_that_fail_for_good_are_no_outage_and_are_left_alone_in_their_pauses(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    with Server(Trs("hepan", 7)) as server:
        (replica,) = server
        unpublished = replica.documents.pop()
        failing = {replica.url(document).removeprefix(replica.base) for document in replica.documents[1:3]}
        for target in failing:
            replica.fail("maintenance", match=target.rpartition("/")[2])

        def asks() -> int:
            before = len(replica.log)
            assert crawl(archive, replica).returncode == 1
            return len({hit.target for hit in replica.log[before:]} & failing)

        assert [asks() for _ in range(5)] == [2, 2, 2, 2, 0]
        replica.documents.append(unpublished)
        assert [asks() for _ in range(3)] == [0, 2, 0], "that the portal is well is taken for news once"
        replica.behave()
        days_pass(archive, 40)
        assert crawl(archive, replica).returncode == 0
        assert sums(archive, "hepan") == {"report": 7}


@pytest.mark.parametrize("fault", ["500", "412", "maintenance"])
def test_a_report_whose_change_was_asked_for_in_vain_is_asked_for_again(tmp_path: Path, fault: str) -> None:
    """The listing shows another title, so the report is asked for; it fails, and the listing then shows nothing new."""
    archive = tmp_path / "archive"
    with Server(Trs("hepan", 6)) as server:
        (replica,) = server
        assert crawl(archive, replica).returncode == 0
        document = replica.documents[2]
        replica.change(document)
        document.title = document.title.replace("2", "２", 1)
        replica.fail(fault, match=replica.url(document).rpartition("/")[2])
        assert crawl(archive, replica, settings={"RETRY_TIMES": 0}).returncode == 1
        assert sums(archive, "hepan") == {"report": 6}
        replica.behave()
        assert crawl(archive, replica).returncode == 0
        assert kinds(archive) == {}
        versions = "SELECT COUNT(*) FROM versions GROUP BY report_id ORDER BY 1 DESC LIMIT 1"
        assert rows(archive, "reports", versions) == [(2,)]


def test_an_address_that_failed_is_asked_for_again_though_its_document_was_had_at_another(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    replica = Nfcms("qingxi", 4)
    replica.documents[0].second_column = True
    with Server(replica):
        first, second = (listing.rpartition("/")[0].removeprefix(replica.base) for listing in replica.listings)
        number = replica.documents[0].number
        replica.fail("500", match=rf"{first}/content/post_{number}|{second}/content/post_{number}", times=3)
        assert crawl(archive, replica).returncode == 1
        assert sums(archive, "qingxi") == {"copy": 1, "report": 4}
        assert crawl(archive, replica).returncode == 0
        assert kinds(archive) == {}


def test_a_document_that_another_archive_had_in_vain_is_asked_for_again_and_well(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    reports = [Synthetic(issuing_body=BODY, report_year=y) for y in (2022, 2023)]
    with Server(Attaching("fujian", reports)) as server:
        (replica,) = server
        assert crawl(ours, replica).returncode == 0
        replica.fail("500", match=r"/attach/.*pdf")
        assert crawl(theirs, replica, settings={"RETRY_TIMES": 0}).returncode == 1
        replica.behave()
        scrapy(ours, "merge", theirs)
        assert kinds(ours)["error"] == 2
        asked = len(replica.log)
        assert crawl(ours, replica).returncode == 0
        assert sum(hit.target.endswith(".pdf") for hit in replica.log[asked:]) == 2
        assert kinds(ours) == {}


def test_what_is_acknowledged_is_well_until_it_changes(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    with Server(Trs("hepan", 4)) as server:
        (replica,) = server
        url = replica.url(replica.documents[1])
        replica.fail("maintenance", match=url.rpartition("/")[2])
        assert crawl(archive, replica).returncode == 1
        done = scrapy(archive, "problems", "hepan", "--json")
        assert done.returncode == 1
        (open_one,) = [row for row in map(json.loads, done.stdout.splitlines()) if row["url"] == url]
        assert open_one["kind"] == "blocked"
        assert scrapy(archive, "problems", "--acknowledge", "9999", "--why", "x").returncode == 2
        told = scrapy(archive, "problems", "--acknowledge", str(open_one["id"]), "--why", "never published")
        assert told.returncode == 0
        assert "never published" in scrapy(archive, "problems").stdout
        assert "1 (1 acknowledged)" in scrapy(archive, "health", "hepan").stdout
        assert scrapy(archive, "problems").returncode == 0
        assert scrapy(archive, "health", "hepan").returncode == 0
        asked = len(replica.log)
        assert crawl(archive, replica).returncode == 0
        assert url.removeprefix(replica.base) not in {hit.target for hit in replica.log[asked:]}
        # asked for after all, it is something else
        replica.behave()
        replica.fail("521", match=url.rpartition("/")[2])
        assert crawl(archive, replica, refresh="1").returncode == 1
        assert scrapy(archive, "health", "hepan").returncode == 1
