"""One text under several entries, one cause at one address, one document of several answers: what the ledger makes of it.

Archives are made by hand and read as an import reads them; all texts are our own.
"""

from __future__ import annotations

import io
import sqlite3
from collections import Counter
from pathlib import Path

import pytest
from PIL import Image
from scrapy.utils.project import get_project_settings

import pipelines.documents
import pipelines.ingest.sandbox
from archive import Capture, Captures, Reports
from archive.asking import acknowledge
from archive.ledger import unsettled_urls
from archive.model import Entry
from archive.tallies import tallies
from archive.vocabulary import Fate, Outcome, ProblemKind, RunKind
from crawler.demo import office
from crawler.demo.reports import Synthetic
from pipelines.documents import picture
from pipelines.errors import DocumentError
from pipelines.ingest.importing import read_due
from pipelines.ingest.reparse import Account, Selection, reparse
from spiders.registry import Registry
from tests.test_what_a_report_is import framed

EVERYTHING = Selection()
HOST = "http://www.meixi.gov.cn"
LISTING = f"{HOST}/zwgk/nb/"
BODY = "安川市梅溪区司法局"
SENTENCES = "".join(
    f"<p>{number}、我局完善第{number}项公开制度，更新公开目录，办理公众来信{number * 7}件，举办培训{number}次。</p>"
    for number in range(1, 9)
)


def title(year: int, body: str = BODY) -> str:
    return f"{body}{year}年政府信息公开工作年度报告"


def text(year: int | None, body: str = "我局") -> str:
    """The text of a report, which names its year or none."""
    period = f"本报告所列数据的统计期限自{year}年1月1日起至{year}年12月31日止。" if year else ""
    preamble = f"<p>根据《中华人民共和国政府信息公开条例》，编制本报告。{period}</p>"
    return f"{preamble}<p>一、总体情况</p><p>{body}全年主动公开政府信息35条，受理公开申请2件，均已答复。</p>{SENTENCES}"


class Archive:
    """An archive of one portal, filled by hand."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        captures = Captures(folder)
        captures.add_portal({"name": "meixi", "home_url": f"{HOST}/", "hosts": '["www.meixi.gov.cn"]'})
        captures.close()
        self.day = 0

    def list(self, number: int, title: str, date: str | None = None, listing: str = LISTING) -> str:
        """Put an entry into the listing; returns its address."""
        url = f"{HOST}/zwgk/nb/t{number}.html"
        captures = Captures(self.folder)
        captures.add_entries([Entry(portal="meixi", listing_url=listing, url=url, title=title, date=date)])
        captures.close()
        return url

    def answer(
        self,
        url: str,
        body: str | bytes = b"",
        *,
        to: str | None = None,
        outcome: Outcome = Outcome.OK,
        kind: str = "text/html; charset=utf-8",
    ) -> None:
        """Keep an answer, a day after the one before."""
        self.day += 1
        captures = Captures(self.folder)
        captures.add(
            Capture(
                url=url,
                requested_at=f"2031-{1 + self.day // 28:02}-{1 + self.day % 28:02}T00:00:00.000000Z",
                status=302 if to else 200,
                outcome=Outcome.REDIRECT if to else outcome,
                redirect_url=to,
                body=body.encode() if isinstance(body, str) else body,
                content_type=kind,
                portal="meixi",
            )
        )
        captures.close()

    def read(self) -> Counter[str]:
        """Read what is due, as an import does."""
        counts: Counter[str] = Counter()
        captures = Captures(self.folder)
        run = captures.start_run(RunKind.IMPORT, None)
        self.unwell = read_due(captures, Registry(get_project_settings(), captures), run, counts)
        captures.finish_run(run, "finished", {})
        captures.close()
        return counts

    def reparse(self, selection: Selection = EVERYTHING) -> Account:
        captures = Captures(self.folder)
        account = reparse(self.folder, captures, Registry(get_project_settings(), captures), selection, jobs=1)
        captures.close()
        return account

    def rows(self, database: str, sql: str, *values: object) -> list[tuple[object, ...]]:
        connection = sqlite3.connect(self.folder / f"{database}.db")
        found = connection.execute(sql, values).fetchall()
        connection.close()
        return found

    def fates(self) -> dict[str, str]:
        """Number of the entry → its fate; the sums must be right whenever anybody looks."""
        captures, reports = Captures(self.folder), Reports(self.folder)
        account = tallies(captures, reports, "meixi")
        assert account.listed == account.accounted
        captures.close()
        reports.close()
        found = self.rows("reports", "SELECT url, fate FROM fates ORDER BY url, listing_url")
        return {str(url).rpartition("/t")[2].removesuffix(".html"): str(fate) for url, fate in found}

    def problems(self) -> dict[str, list[str]]:
        """Last part of an address → kinds of its open problems."""
        found: dict[str, list[str]] = {}
        sql = "SELECT url, kind FROM problems WHERE resolved_at IS NULL ORDER BY url, kind"
        for url, kind in self.rows("captures", sql):
            found.setdefault(str(url).rpartition("/")[2], []).append(str(kind))
        return found

    def everything(self) -> list[tuple[object, ...]]:
        return self.rows("reports", "SELECT * FROM fates ORDER BY 1, 2, 3")


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "archive")


def check(archive: Archive, expected: dict[str, str]) -> None:
    """The fates, now, after a reparse, and in an archive that is read anew."""
    assert archive.fates() == expected
    before = archive.everything()
    archive.reparse()
    assert archive.everything() == before
    (archive.folder / "reports.db").unlink()
    archive.reparse()
    assert archive.everything() == before


# One text under several entries


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 2, 1), (2, 3, 1)])
def test_a_server_that_gives_each_title_one_text_has_one_report(archive: Archive, order: tuple[int, ...]) -> None:
    """The page's heading is the listing's title, the text is always that of 2021: whichever is read first."""
    urls = {number: archive.list(number, title(2019 + number), f"{2020 + number}-01-20") for number in (1, 2, 3)}
    for number in order:
        archive.answer(urls[number], framed(text(2021), title=title(2019 + number)))
        archive.read()
    check(archive, {"1": "not_a_report", "2": "report", "3": "not_a_report"})
    assert archive.problems()["t1.html"] == archive.problems()["t3.html"] == ["no_report"]
    ((cause,),) = archive.rows("reports", "SELECT cause FROM fates WHERE url = ?", urls[3])
    assert urls[2] in str(cause)
    # the portal is well again
    archive.answer(urls[3], framed(text(2022), title=title(2022)))
    archive.read()
    check(archive, {"1": "not_a_report", "2": "report", "3": "report"})


def test_entries_without_a_year_are_told_by_their_dates(archive: Archive) -> None:
    name = f"{BODY}政府信息公开工作年度报告"
    for number, date in ((1, "2023-01-20"), (2, "2022-01-19"), (3, "2024-03-05")):
        archive.answer(archive.list(number, name, date), framed(text(2021), title=name))
    archive.read()
    check(archive, {"1": "not_a_report", "2": "report", "3": "not_a_report"})


def test_another_body_with_the_same_text_is_no_report(archive: Archive) -> None:
    for number, body in ((1, BODY), (2, "安川市梅溪区水务局")):
        page = framed(f"<p>本报告由{BODY}编制。</p>{text(2021)}", title=title(2021, body))
        archive.answer(archive.list(number, title(2021, body), "2022-01-20"), page)
    archive.read()
    assert archive.fates() == {"1": "report", "2": "not_a_report"}


@pytest.mark.parametrize("year", [2021, None])
def test_a_report_that_is_listed_twice_is_a_report_and_a_copy(archive: Archive, year: int | None) -> None:
    for number in (1, 2):
        url = archive.list(number, title(2021), "2022-01-20")
        archive.answer(url, framed(text(year), title=title(2021)))
    archive.read()
    check(archive, {"1": "report", "2": "copy"})
    assert "no_report" not in {kind for kinds in archive.problems().values() for kind in kinds}
    leading, double = archive.rows("reports", "SELECT id, same_as FROM reports ORDER BY id")
    assert (leading[1], double[1]) == (None, leading[0])


def test_two_towns_with_one_text_that_names_neither_are_two_reports(archive: Archive) -> None:
    for number, town in ((1, "梅溪区青石镇"), (2, "梅溪区白沙镇")):
        page = framed(text(2021, "本镇"), title=title(2021, town))
        archive.answer(archive.list(number, title(2021, town), "2022-01-20"), page)
    archive.read()
    check(archive, {"1": "report", "2": "report"})


def test_entries_that_are_redirected_to_another_entrys_report_are_no_copies(archive: Archive) -> None:
    urls = {number: archive.list(number, title(2019 + number), f"{2020 + number}-01-20") for number in (1, 2, 3, 4)}
    archive.answer(urls[2], framed(text(2021), title=title(2021)))
    for number in (1, 3):
        archive.answer(urls[number], to=urls[2])
    # listed once more, with the right year
    again = archive.list(9, title(2021), "2022-02-01")
    archive.answer(again, to=urls[2])
    archive.read()
    check(archive, {"1": "not_a_report", "2": "report", "3": "not_a_report", "4": "pending", "9": "copy"})
    assert archive.problems()["t1.html"] == ["no_report"]
    reports = Reports(archive.folder)
    assert unsettled_urls(reports, "meixi") == {urls[1], urls[3]}
    reports.close()


def test_an_address_that_two_listings_name_differently_is_not_asked_for_for_ever(archive: Archive) -> None:
    url = archive.list(1, title(2021), "2022-01-20")
    archive.list(1, title(2012), "2022-01-20", listing=f"{HOST}/zwgk/qt/")
    archive.answer(url, framed(text(2021), title=title(2021)))
    archive.read()
    found = archive.rows("reports", "SELECT fate FROM fates ORDER BY listing_url")
    assert found == [("report",), ("not_a_report",)]
    reports = Reports(archive.folder)
    assert unsettled_urls(reports, "meixi") == set()
    reports.close()


# One cause, one problem


@pytest.mark.parametrize(
    ("page", "kind"),
    [
        ("<p>网站正在维护，请稍后访问。</p>", "blocked"),
        ("<p>梅溪区召开经济工作会议，部署全年重点任务。</p>" * 9, "no_report"),
        (text(2016), "contradicts_listing"),
    ],
)
def test_an_entry_without_a_report_has_one_problem(archive: Archive, page: str, kind: str) -> None:
    url = archive.list(1, title(2021), "2022-01-20")
    archive.answer(url, framed(page, title=title(2016) if kind == "contradicts_listing" else title(2021)))
    archive.read()
    assert archive.problems() == {"t1.html": [kind]}
    archive.reparse()
    assert archive.problems() == {"t1.html": [kind]}
    assert archive.rows("captures", "SELECT portal FROM problems WHERE resolved_at IS NULL") == [("meixi",)]


def test_a_report_without_tables_is_told_of_once(archive: Archive) -> None:
    url = archive.list(1, title(2021), "2022-01-20")
    archive.answer(url, framed(text(2021), title=title(2021)))
    archive.read()
    assert archive.problems() == {"t1.html": ["incomplete_report"]}


# Answers that change


def test_a_night_of_maintenance_is_forgotten_by_a_reparse_too(archive: Archive) -> None:
    notice = f"{HOST}/weihu.html"
    urls = [archive.list(number, title(2018 + number), f"{2019 + number}-01-20") for number in (1, 2, 3)]
    for url in urls:
        archive.answer(url, to=notice)
    archive.answer(notice, framed("<p>网站正在维护，请稍后访问。</p>", title="系统维护"))
    archive.read()
    assert set(archive.fates().values()) == {"blocked"}
    assert archive.problems() == {f"t{number}.html": ["no_report"] for number in (1, 2, 3)} | {"": ["listing_unread"]}
    for number, url in enumerate(urls, 1):
        archive.answer(url, framed(text(2018 + number), title=title(2018 + number)))
    archive.read()
    check(archive, dict.fromkeys("123", "report"))
    assert "blocked" not in {kind for kinds in archive.problems().values() for kind in kinds}
    assert archive.rows("reports", "SELECT * FROM locations") == []


REPORT = Synthetic(issuing_body=BODY, report_year=2021)
SOFT_404 = "<html><head><title>404</title></head><body><p>您访问的页面不存在</p></body></html>"


def with_document(archive: Archive) -> str:
    """A listed page whose report is in a Word document; returns the document's address."""
    document = f"{HOST}/files/nb.docx"
    url = archive.list(1, title(2021), "2022-01-20")
    archive.answer(
        url, framed(f'<p>{text(2021)}</p><p><a href="{document}">{title(2021)}.docx</a></p>', title=title(2021))
    )
    archive.answer(document, office.docx(REPORT), kind="application/msword")
    return document


def test_a_web_page_in_the_place_of_a_document_does_not_hide_it(archive: Archive) -> None:
    document = with_document(archive)
    archive.read()
    figures = "SELECT * FROM statistics ORDER BY 1, 2, 3, 4"
    before = archive.rows("reports", figures)
    assert len(before) > 100
    archive.answer(document, SOFT_404)
    archive.answer(document, b"")
    archive.read()
    assert archive.rows("reports", figures) == before
    assert archive.problems()["nb.docx"] == ["document_replaced"]
    archive.reparse()
    assert archive.rows("reports", figures) == before
    # another document is another
    archive.answer(
        document, office.docx(Synthetic(issuing_body=f"{BODY}第二所", report_year=2021)), kind="application/msword"
    )
    archive.read()
    assert archive.rows("reports", figures) != before
    assert "nb.docx" not in archive.problems()


def test_a_reparse_whose_reader_is_killed_keeps_the_fuller_report(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_document(archive)
    archive.read()
    counted = "SELECT (SELECT COUNT(*) FROM statistics), (SELECT COUNT(*) FROM parts), (SELECT digest FROM reports)"
    before = archive.rows("reports", counted)

    def killed(*_: object, **__: object) -> None:
        raise DocumentError("the process was killed", ProblemKind.NOT_READ_HERE)

    with monkeypatch.context() as patched:
        patched.setattr(pipelines.ingest.sandbox.Reader, "read", killed)
        account = archive.reparse()
    assert (account.counts["failed"], account.counts["lost"], account.counts["changed"]) == (1, 0, 0)
    assert archive.rows("reports", counted) == before
    assert "not_read_here" in archive.problems()["nb.docx"]
    assert archive.rows("reports", "SELECT * FROM read_marks WHERE has_report") == [], "it stays due"
    assert archive.fates() == {"1": "report"}
    assert archive.reparse().counts["unchanged"] == 1
    assert "nb.docx" not in archive.problems()


def test_a_listed_document_whose_reader_is_killed_is_not_lost(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = archive.list(1, title(2021), "2022-01-20")
    archive.answer(url, office.docx(REPORT), kind="application/msword")
    archive.read()
    before = archive.rows("reports", "SELECT id, digest FROM reports")
    assert len(before) == 1

    def killed(*_: object, **__: object) -> None:
        raise DocumentError("the process was killed", ProblemKind.NOT_READ_HERE)

    with monkeypatch.context() as patched:
        patched.setattr(pipelines.ingest.sandbox.Reader, "read", killed)
        archive.reparse()
    assert archive.rows("reports", "SELECT id, digest FROM reports") == before


def test_a_listed_scan_says_which_reader_to_install(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    scan = io.BytesIO()
    Image.new("L", (600, 800), 255).save(scan, "PDF")
    url = archive.list(1, title(2021), "2022-01-20")
    archive.answer(url, scan.getvalue(), kind="application/pdf")
    with monkeypatch.context() as patched:
        patched.setattr(picture, "is_possible", lambda: False)
        patched.setattr(
            pipelines.ingest.sandbox.Reader, "read", lambda _, body, kind, **__: pipelines.documents.read(body, kind)
        )
        archive.read()
        ((fate, cause),) = archive.rows("reports", "SELECT fate, cause FROM fates")
        assert (fate, picture.INSTALL_HINT in str(cause)) == ("unreadable", True)
        assert archive.problems() == {"t1.html": ["listed_unread"]}
        assert archive.unwell, "as a crawl has it"
        assert archive.reparse().counts["failed"] == 1
    # the extra is there now
    account = archive.reparse(Selection(only_unread=True))
    assert account.counts["read"] == 1


def test_what_is_acknowledged_comes_back_when_an_import_changes_it(archive: Archive) -> None:
    url = archive.list(1, title(2021), "2022-01-20")
    archive.answer(url, framed("<p>网站正在维护，请稍后访问。</p>", title=title(2021)))
    archive.read()

    def acknowledged() -> bool:
        captures, reports = Captures(archive.folder), Reports(archive.folder)
        (tally,) = tallies(captures, reports, "meixi").tallies
        captures.close()
        reports.close()
        return bool(tally.acknowledged)

    assert archive.read()["entries/unexplained"] == 1
    captures = Captures(archive.folder)
    acknowledge(captures, "meixi", url, "known")
    captures.close()
    assert archive.read()["entries/unexplained"] == 0
    archive.answer(url, framed("<p>网站正在维护，请稍后访问。</p>", title=title(2021)))
    archive.read()
    archive.reparse()
    assert acknowledged()
    archive.answer(
        url, framed("<p>请先登录。</p><form>用户名<input name=u> 密码<input type=password></form>", title=title(2021))
    )
    archive.read()
    assert not acknowledged()


def test_since_when_a_cause_lasts_is_told_by_the_captures(archive: Archive) -> None:
    url = archive.list(1, title(2021), "2022-01-20")
    never = archive.list(2, title(2020), "2021-01-20")
    for outcome in (Outcome.MISSING, Outcome.ERROR, Outcome.ERROR, Outcome.ERROR):
        archive.answer(url, outcome=outcome)
    archive.read()
    captures, reports = Captures(archive.folder), Reports(archive.folder)
    error, pending = tallies(captures, reports, "meixi").tallies
    captures.close()
    reports.close()
    assert (error.fate, error.since, error.urls) == (Fate.ERROR, "2031-01-03T00:00:00.000000Z", (url,))
    ((first_seen,),) = archive.rows("captures", "SELECT first_seen FROM entries WHERE url = ?", never)
    assert (pending.fate, pending.since, pending.remedy) == (Fate.PENDING, first_seen, Fate.PENDING.remedy)


def test_misses_of_a_day_count_once_however_many_imports_brought_them(archive: Archive) -> None:
    url = archive.list(1, title(2021), "2022-01-20")
    archive.answer(url, framed(text(2021), title=title(2021)))
    captures = Captures(archive.folder)
    for moment in ("2031-03-01T01", "2031-03-20T01", "2031-03-20T02"):
        run = captures.start_run(RunKind.IMPORT, None)
        captures.finish_run(run, "finished", {})
        captures.add(
            Capture(
                url=url,
                requested_at=f"{moment}:00:00.000000Z",
                status=404,
                outcome=Outcome.MISSING,
                portal="meixi",
                run_id=run,
            )
        )
    captures.close()
    archive.read()
    assert archive.fates() == {"1": Fate.MISSING}
