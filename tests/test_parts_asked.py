"""What a crawl asks for again beside reports: exactly the next pages, documents and pictures that it has not had."""

from __future__ import annotations

import json
import re
import sqlite3
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from crawler.demo.messages import Reply, Request
from crawler.demo.replica import Document, Replica
from crawler.demo.reports import Synthetic
from crawler.demo.server import Server
from crawler.demo.trs import Trs
from pipelines.attachments import MOST_DOCUMENTS
from tests.crawling import crawl, start
from tests.killed_crawls import said
from tests.test_crawl import kinds, rows, runs
from tests.test_documents import BODY, FORMATS
from tests.test_fetched_documents import AttachingWord
from tests.test_ledger import days_pass, sums
from tests.test_platforms import places

NEXT_PAGE = r"/t\d+_\d+_1\.html$"
FROM_DOCX = "SELECT COUNT(DISTINCT report_id) FROM table_sources WHERE origin = 'docx'"
SYNTHETIC = [
    Synthetic(issuing_body=BODY, report_year=year, faults=frozenset({"prose-only"})) for year in range(2020, 2024)
]


def asked(replica: Replica, pattern: str, since: int = 0) -> list[str]:
    """What was asked of a replica, from its request of that number on."""
    return [hit.target for hit in replica.log[since:] if re.search(pattern, hit.target)]


@dataclass(frozen=True, kw_only=True)
class Crawled:
    """What one crawl of one portal came to."""

    unwell: list[str]
    asked: list[str]
    fates: dict[str, int]
    problems: set[str]
    unread: set[str]
    """Addresses, without the portal's own, of the parts that the reports lack."""
    with_word: int
    """Reports with figures of a Word document."""
    said: list[str]


def crawled(archive: Path, server: Server, **settings: Any) -> dict[str, Crawled]:
    """Crawl all portals in one process; portal → what it came to."""
    before = {replica.name: len(replica.log) for replica in server}
    done = crawl(archive, *server, settings=settings)
    lines = said(archive)
    found = {}
    for replica in server:
        name = replica.name
        ((stats,),) = rows(
            archive, "captures", "SELECT stats FROM runs WHERE portal = ? ORDER BY id DESC LIMIT 1", name
        )
        problems = "SELECT DISTINCT kind FROM problems WHERE resolved_at IS NULL AND portal = ?"
        unread = "SELECT url FROM parts WHERE state = 'unread' AND part = 'next_page' AND report_id LIKE ? || '-%'"
        found[name] = Crawled(
            unwell=json.loads(stats)["unwell"],
            asked=asked(replica, "", before[name]),
            fates=sums(archive, name),
            problems={kind for (kind,) in rows(archive, "captures", problems, name)},
            unread={url.removeprefix(replica.base) for (url,) in rows(archive, "reports", unread, name)},
            with_word=rows(archive, "reports", f"{FROM_DOCX} AND report_id LIKE ? || '-%'", name)[0][0],
            said=[line for line in lines if f'"{name}-' in line],
        )
    assert done.returncode == int(any(one.unwell for one in found.values())), done.stderr
    return found


# Next pages

FAULTS_OF_NEXT_PAGES = ["503", "reset", "403", "two-bytes", "maintenance", "notice", "half-unannounced", "404"]


@pytest.fixture(scope="module")
def next_pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Crawled]]:
    """A portal for each fault of a next page: crawled whole, and elsewhere with the fault, healed, and once more."""
    folder = tmp_path_factory.mktemp("next_pages")
    portals = [
        Trs(f"hepan_{fault}", 6, split=2, place=place)
        for place, fault in zip(places(), FAULTS_OF_NEXT_PAGES, strict=False)
    ]
    with Server(*portals) as server:
        whole = crawled(folder / "whole", server)
        for replica, fault in zip(server, FAULTS_OF_NEXT_PAGES, strict=True):
            replica.fail(fault, NEXT_PAGE)
        faulty = crawled(folder / "archive", server, RETRY_TIMES=0)
        for replica in server:
            replica.behave()
        healed, again = (crawled(folder / "archive", server) for _ in range(2))
    return {"whole": whole, "faulty": faulty, "healed": healed, "again": again}


@pytest.mark.parametrize("fault", FAULTS_OF_NEXT_PAGES)
def test_only_the_next_pages_that_failed_are_asked_for_again(
    next_pages: dict[str, dict[str, Crawled]], fault: str
) -> None:
    whole, faulty, healed, again = (found[f"hepan_{fault}"] for found in next_pages.values())
    assert not whole.unwell
    assert faulty.fates == {"report": 6}
    assert len(faulty.unread) == 3
    assert not healed.unwell
    assert {target for target in healed.asked if re.search(r"/(?:t20\d|weihu)", target)} == faulty.unread
    assert healed.said == whole.said
    assert healed.problems == set()
    assert not again.unwell
    assert not [target for target in again.asked if "/t20" in target]


class Splitting(Trs):
    """Its split articles link a Word document on their second page."""

    def article(self, document: Document, part: int) -> str:
        page = super().article(document, part)
        link = f'<p><a href="/attach/{document.number}.docx">附件：{document.title}.docx</a></p>'
        return page.replace("</div>\n            <script>", f"{link}</div>\n            <script>") if part else page

    def respond(self, request: Request) -> Reply | None:
        if request.path.startswith("/attach/"):
            report = self.by_number[int(request.path.rpartition("/")[2].removesuffix(".docx"))].report
            assert report is not None
            own = Synthetic(issuing_body=report.issuing_body, report_year=report.report_year)
            return Reply(body=FORMATS["docx"](own), content_type="application/octet-stream")
        return super().respond(request)


def test_documents_that_a_next_page_names_are_fetched(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    with Server(Splitting("hepan", SYNTHETIC[2:], split=1)) as server:
        (replica,) = server
        replica.fail("503", r"/attach/")
        assert crawl(archive, replica, settings={"RETRY_TIMES": 0}).returncode == 1
        assert kinds(archive)["parts_missing"] == 2
        replica.behave()
        before = len(replica.log)
        done = crawl(archive, replica)
        assert done.returncode == 0, done.stderr
        assert rows(archive, "reports", FROM_DOCX) == [(2,)]
        assert asked(replica, r"/t20\d", before) == []


# Documents


class Many(AttachingWord):
    """Its reports name more documents than are fetched, the one with the report's name last."""

    more = MOST_DOCUMENTS + 3

    def article(self, document: Document) -> str:
        links = "".join(f'<p><a href="/more/{n}.docx">事项{n}.docx</a></p>' for n in range(self.more))
        return super().article(document).replace('<p><a href="/go/', links + '<p><a href="/go/', 1)

    def respond(self, request: Request) -> Reply | None:
        if request.path.startswith("/more/"):
            return Reply(body=FORMATS["docx"](SYNTHETIC[0]), content_type="application/octet-stream")
        return super().respond(request)


def test_documents_beyond_the_limit_say_so_and_do_not_make_their_page_be_read_again(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    with Server(Many("fujian", SYNTHETIC[:1])) as server:
        (replica,) = server
        assert crawl(archive, replica).returncode == 0
        left = rows(archive, "reports", "SELECT url, cause FROM parts WHERE part = 'document' AND state = 'unread'")
        assert len(left) == Many.more + 1 - MOST_DOCUMENTS
        assert {cause for _, cause in left} == {f"not fetched: the report names more than {MOST_DOCUMENTS} documents"}
        assert all("/more/" in url for url, _ in left), "those named like the report come first"
        before = len(replica.log)
        assert crawl(archive, replica).returncode == 0
        assert asked(replica, r"docx|pdf", before) == []
        assert not any(name.startswith(("reports/", "attachments/")) for name in runs(archive)[-1]), "read once more"


def test_a_document_that_is_never_there_is_asked_for_with_pauses_and_its_page_is_left_alone(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    with Server(AttachingWord("fujian", SYNTHETIC[:2])) as server:
        (replica,) = server
        replica.fail("404", r"/attach/.*docx")

        def asks() -> int:
            before = len(replica.log)
            assert crawl(archive, replica).returncode == 0, "the portal says that they do not exist"
            return len(set(asked(replica, "/go/", before)))

        assert [asks() for _ in range(4)] == [2, 2, 2, 0]
        assert not any(name.startswith("reports/") for name in runs(archive)[-1])
        days_pass(archive, 1)
        assert [asks() for _ in range(2)] == [2, 0]
        replica.behave()
        days_pass(archive, 40)
        assert asks() == 2
        assert rows(archive, "reports", FROM_DOCX) == [(2,)]
        assert rows(archive, "captures", "SELECT * FROM asking") == []


FAULTS_OF_DOCUMENTS = ["503", "500", "reset", "time-out", "truncated", "half-unannounced", "gzip-cut", "403", "412"]
FAULTS_OF_DOCUMENTS += ["404", "two-bytes", "itself", "maintenance", "notice", "home", "acw", "203", "empty"]
EXPLAINED = {"404", "home", "two-bytes"}
"""Answers by which the portal says that there is nothing."""


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Crawled]]:
    """A portal for each fault of a document: crawled twice with the fault, and twice healed."""
    from crawler.demo import faults

    archive = tmp_path_factory.mktemp("documents") / "archive"
    portals = [
        AttachingWord(f"fujian_{fault}", [replace(report, issuing_body=f"{place}民政局") for report in SYNTHETIC[:2]])
        for place, fault in zip(places(), FAULTS_OF_DOCUMENTS, strict=False)
    ]
    with pytest.MonkeyPatch.context() as patched, Server(*portals) as server:
        patched.setitem(faults.REPLACEMENTS, "empty", Reply(body=b""))
        patched.setitem(faults.ALTERED, "203", lambda reply: Reply(status=203, body=reply.body))
        patched.setattr(faults, "KINDS", (*faults.KINDS, "empty", "203"))
        for replica, fault in zip(portals, FAULTS_OF_DOCUMENTS, strict=True):
            replica.fail(fault, r"/attach/.*docx")
        faulty = [crawled(archive, server, RETRY_TIMES=0) for _ in range(2)]
        for replica in portals:
            replica.behave()
        return faulty + [crawled(archive, server) for _ in range(2)]


@pytest.mark.parametrize("fault", FAULTS_OF_DOCUMENTS)
def test_a_document_that_failed_is_asked_for_until_it_is_had(documents: list[dict[str, Crawled]], fault: str) -> None:
    """One fault in two crawls running; the report is whole after the first crawl of the healed portal."""
    *faulty, healed, again = (found[f"fujian_{fault}"] for found in documents)
    for found in faulty:
        assert bool(found.unwell) is (fault not in EXPLAINED)
        assert found.with_word == 0
        assert found.fates == {"report": 2}
        assert len({target for target in found.asked if target.startswith("/go/")}) == 2
    assert not healed.unwell
    assert healed.with_word == 2
    assert "parts_missing" not in healed.problems
    assert not again.unwell
    assert not [target for target in healed.asked if "/info/" in target], "a page was asked for again"
    assert not [target for target in again.asked if target.startswith(("/info/", "/go/", "/attach/"))]


def test_a_document_that_is_damaged_is_asked_for_anew(tmp_path: Path) -> None:
    """Its directory is there, a byte before it is another: only reading shows that."""
    archive = tmp_path / "archive"

    class Damaged(AttachingWord):
        is_well = False

        def respond(self, request: Request) -> Reply | None:
            reply = super().respond(request)
            if reply and request.path.startswith("/attach/") and request.path.endswith("docx"):
                reply.headers["ETag"] = '"1"'
                if "if-none-match" in {name.lower() for name in request.headers}:
                    return Reply(status=304, headers={"ETag": '"1"'})
                if not self.is_well:
                    at = reply.body.find(b"word/document.xml") + 200
                    reply.body = reply.body[:at] + bytes(8) + reply.body[at + 8 :]
            return reply

    with Server(Damaged("fujian", SYNTHETIC[:1])) as server:
        (replica,) = server
        assert isinstance(replica, Damaged)
        crawl(archive, replica)
        assert "damaged" in kinds(archive)
        replica.is_well = True
        crawl(archive, replica)
        assert rows(archive, "reports", FROM_DOCX) == [(1,)]
        assert kinds(archive) == {}


# Killed between a page and its documents


def age(archive: Path, days: int) -> None:
    """Let everything that was captured so far be so much older."""
    database = sqlite3.connect(archive / "captures.db")
    database.execute(
        "UPDATE captures SET requested_at = strftime('%Y-%m-%dT%H:%M:%f000Z', requested_at, ?)", (f"-{days} days",)
    )
    database.execute(
        "UPDATE runs SET started_at = strftime('%Y-%m-%dT%H:%M:%f000Z', started_at, ?)", (f"-{days} days",)
    )
    database.commit()
    database.close()


def kill_before_documents(archive: Path, replica: Replica) -> None:
    """Begin a crawl, and kill it while it waits for the documents of the reports that it has captured."""
    replica.fail("time-out", r"/(?:go|attach)/")
    crawling = start(archive, replica)
    while not asked(replica, "/(?:go|attach)/") and crawling.poll() is None:
        time.sleep(0.005)
    time.sleep(0.3)
    assert crawling.poll() is None
    crawling.kill()
    crawling.wait()
    replica.behave()


@pytest.mark.parametrize("then", ["nothing", "three days", "an outage", "years", "offline"])
def test_a_crawl_killed_between_pages_and_documents_loses_none(tmp_path: Path, then: str) -> None:
    archive = tmp_path / "archive"
    with Server(AttachingWord("fujian", SYNTHETIC)) as server:
        (replica,) = server
        kill_before_documents(archive, replica)
        if then == "three days":
            age(archive, 4)
        elif then == "an outage":
            replica.fail("503", "", share=1)
            assert crawl(archive, replica, settings={"RETRY_TIMES": 0}).returncode == 1
            replica.behave()
        elif then == "years":
            crawl(archive, replica, years="1999")
        elif then == "offline":
            assert crawl(archive, replica, settings={"OFFLINE": True}).returncode == 1
        captured = {url for (url,) in rows(archive, "captures", "SELECT url FROM captures WHERE outcome = 'ok'")}
        before = len(replica.log)
        done = crawl(archive, replica)
        assert done.returncode == 0, done.stderr
        assert rows(archive, "reports", FROM_DOCX) == [(4,)]
        again = {replica.base + target for target in asked(replica, "", before)} & captured
        assert again <= {replica.base + "/robots.txt", *replica.listings}, "nothing is fetched twice"
        assert sums(archive, "fujian") == {"report": 4}
        assert kinds(archive) == {}
