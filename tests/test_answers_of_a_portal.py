"""Answers with status 200 that are no report, and honest odd reports, served by a portal and crawled as entries of one listing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from archive.model import Entry
from archive.vocabulary import Fate
from crawler.demo import office
from crawler.demo.links import PlainLinks
from crawler.demo.markup import png
from crawler.demo.messages import Reply, Request
from crawler.demo.replica import Document
from crawler.demo.reports import Synthetic
from crawler.demo.server import Server
from tests.crawling import crawl
from tests.test_crawl import kinds, rows
from tests.test_ledger import is_balanced
from tests.test_what_a_report_is import BODY, NO_REPORTS, ODD, Answer, framed

AGENCY = BODY.removeprefix("安川市林溪区")
FILE = office.docx(Synthetic(issuing_body=BODY, report_year=2020))
FATES = "SELECT url, fate, cause FROM fates"


@dataclass(frozen=True)
class Listed:
    """One answer with the entry that lists it, under an issuing body that no other entry has."""

    kind: str
    answer: Answer
    number: int

    @property
    def agency(self) -> str:
        """The body's name: a town's."""
        first, second = divmod(self.number, 10)
        return f"{'青白红黄紫金银铁铜玉'[first]}{'岭坪坡湾滩桥塘庙泉洲'[second]}镇人民政府"

    @property
    def entry(self) -> Entry:
        entry = self.answer.entry
        date = entry.date or "2021-01-18"
        return replace(entry, title=(entry.title or "").replace(AGENCY, self.agency), date=date)

    @property
    def body(self) -> bytes:
        """The answer as it is sent."""
        if isinstance(self.answer.body, bytes):
            return self.answer.body
        return self.answer.body.replace(f"林溪区{AGENCY}", f"林溪区{self.agency}").encode()

    @property
    def healed(self) -> bytes:
        """The report that the entry promises."""
        year = 2015 if (self.entry.date or "").startswith("2016") else 2020
        report = Synthetic(
            issuing_body=f"安川市林溪区{self.agency}",
            report_year=year,
            kind="cn-2019" if year > 2018 else "dx-2010-stat",
        )
        title = self.entry.title if "年政府信息" in (self.entry.title or "") else report.title
        return framed(report.html(), title=title or "").encode()


class Odd(PlainLinks):
    """A portal that answers for each entry what is listed for it."""

    answers: tuple[Listed, ...] = ()
    is_well = False
    has_files = False

    def respond(self, request: Request) -> Reply | None:
        name = request.path.rpartition("/")[2]
        if self.has_files and name.endswith((".pdf", ".doc", ".docx")):
            return Reply(body=FILE, content_type="application/octet-stream")
        if self.has_files and name.endswith((".png", ".jpg")):
            return Reply(body=png(8, 20), content_type="image/png")
        return super().respond(request)

    def show(self, document: Document, text: str) -> Reply:
        listed = self.answers[int(document.source)]
        if self.is_well:
            return Reply(body=listed.healed)
        return Reply(body=listed.body, content_type=listed.answer.content_type)


def portal(answers: dict[str, Answer]) -> Odd:
    listed = tuple(Listed(kind, answer, number) for number, (kind, answer) in enumerate(answers.items()))
    entries = [
        Document(number=0, title=one.entry.title or "", published=f"{one.entry.date} 09:30", source=str(one.number))
        for one in listed
    ]
    replica = Odd("linxi", 0, place="安川市林溪区", others=entries)
    replica.answers = listed
    return replica


def fates(archive: Path, replica: Odd) -> dict[str, tuple[str, str]]:
    """Kind → fate and cause of its entry."""
    found = {url: (fate, cause) for url, fate, cause in rows(archive, "reports", FATES)}
    return {replica.answers[int(d.source)].kind: found[replica.url(d)] for d in replica.documents}


def live(archive: Path) -> int:
    return int(rows(archive, "reports", "SELECT COUNT(*) FROM reports WHERE state = 'live'")[0][0])


def test_no_answer_that_is_no_report_becomes_one_and_all_are_had_when_the_portal_is_well(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    with Server(portal(NO_REPORTS)) as server:
        (replica,) = server
        assert isinstance(replica, Odd)
        # a portal that refuses so much would be left alone
        assert crawl(archive, replica, settings={"REFUSALS_BEFORE_LEAVING": 1_000}).returncode == 1
        assert live(archive) == 0
        assert is_balanced(archive)
        found = fates(archive, replica)
        # random bytes have no end, which all other pages of the portal have: an error before a reader sees them
        bytes_alone = {kind: {Fate.UNREADABLE, Fate.ERROR} for kind in NO_REPORTS if kind.startswith("random bytes")}
        wrong = {k: found[k] for k, one in NO_REPORTS.items() if found[k][0] not in bytes_alone.get(k, {one.fate})}
        assert wrong == {}
        assert all(cause for _, cause in found.values())
        replica.is_well = True
        done = crawl(archive, replica)
        assert (done.returncode, kinds(archive)) == (0, {}), done.stderr
        assert {fate for fate, _ in fates(archive, replica).values()} == {Fate.REPORT}
        assert live(archive) == len(NO_REPORTS)


def test_odd_reports_are_all_archived(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    with Server(portal(ODD)) as server:
        (replica,) = server
        assert isinstance(replica, Odd)
        replica.has_files = True
        crawl(archive, replica)
        assert is_balanced(archive)
        assert {kind for kind, (fate, _) in fates(archive, replica).items() if fate != Fate.REPORT} == set()
        assert live(archive) == len(ODD)
        texts = rows(archive, "reports", "SELECT title, text FROM reports JOIN report_texts ON report_id = id")
        assert len(texts) == len(ODD)


@pytest.mark.parametrize("kind", ["maintenance, framed", "another body", "home page"])
def test_a_report_that_is_had_stays_while_its_portal_answers_something_else(kind: str, tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    answers = {str(number): NO_REPORTS[kind] for number in range(4)}
    with Server(portal(answers)) as server:
        (replica,) = server
        assert isinstance(replica, Odd)
        replica.is_well = True
        assert crawl(archive, replica).returncode == 0
        before = rows(archive, "reports", "SELECT id, title, state, sha256 FROM reports ORDER BY id")
        replica.is_well = False
        crawl(archive, replica, refresh="1")
        assert rows(archive, "reports", "SELECT id, title, state, sha256 FROM reports ORDER BY id") == before
        replica.is_well = True
        assert crawl(archive, replica, refresh="1").returncode == 0
        assert kinds(archive) == {}
