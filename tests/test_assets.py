"""What captured pages are shown with: fetched politely and last, kept in a role of its own, no entry and no document."""

from __future__ import annotations

from pathlib import Path

import pytest

from archive import Capture, Captures, stylesheets
from archive.vocabulary import CaptureRole, Outcome
from crawler.demo.messages import Reply, Request
from crawler.demo.server import Server
from pipelines.ingest.compose import document_capture
from tests.crawling import crawl
from tests.test_crawl import kinds, rows, runs
from tests.test_fetching import Answering, reports, targets
from tests.test_ledger import is_balanced

ASSETS = "SELECT url, outcome FROM captures WHERE role = 'asset'"


def failing(_: Request) -> Reply:
    return Reply(status=500, body=b"busy")


def test_the_look_of_pages_is_kept_last_and_counted(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    with Server(Answering("qinghe", 4)) as server:
        (replica,) = server
        replica.is_dressed = True
        replica.instead({"/images/banner.png": failing})
        assert crawl(archive, replica, settings={"ASSETS": "page"}).returncode == 0
        asked = [hit.target for hit in replica.log]
        sheets = ["/css/site.css", "/css/base.css"]
        assert dict(rows(archive, "captures", ASSETS)) == {
            f"{replica.base}{target}": "error" if "banner" in target else "ok"
            for target in ("/css/site.css", "/images/emblem.png", "/css/base.css", "/images/banner.png")
        }
        assert max(map(asked.index, targets(replica))) < min(map(asked.index, sheets))
        assert sorted(asked) == sorted(set(asked))  # a picture that fails is tried once
        (stats,) = runs(archive)
        assert (stats["assets/ok"], stats["assets/error"], stats["captures/ok"]) == (3, 1, 6)
        assert (
            stats["assets/bytes"]
            == rows(
                archive,
                "captures",
                "SELECT SUM(size) FROM bodies JOIN captures USING (sha256) WHERE role = 'asset' AND outcome = 'ok'",
            )[0][0]
        )
        assert (reports(archive), kinds(archive), is_balanced(archive)) == (4, {}, True)
        documents = rows(archive, "reports", "SELECT COUNT(*) FROM reports r JOIN fates f ON f.report_id = r.id")
        assert documents == [(4,)]
        assert rows(archive, "reports", "SELECT COUNT(*) FROM unreported") == [(1,)]  # the listing

        replica.instead({})
        replica.log.clear()
        assert crawl(archive, replica, refresh="1", settings={"ASSETS": "page"}).returncode == 0
        asked = [hit.target for hit in replica.log]
        assert "/images/banner.png" in asked
        assert not set(sheets) & set(asked)  # had, and not old
        assert runs(archive)[1]["assets/known"] == 3
        replica.log.clear()
        assert crawl(archive, replica, refresh="1", days=200).returncode == 0
        hits = {hit.target: hit.status for hit in replica.log}
        assert [hits.get(sheet) for sheet in sheets] == [304, 304]  # old
        assert "/images/emblem.png" not in hits  # no picture of the article


def test_no_look_is_asked_for_where_none_is_wanted_or_no_more_may_be_sent(tmp_path: Path) -> None:
    with Server(Answering("qinghe", 3)) as server:
        (replica,) = server
        replica.is_dressed = True
        assert crawl(tmp_path / "none", replica, settings={"ASSETS": "none"}).returncode == 0
        sent = len(replica.log)
        assert not any("/css/" in hit.target for hit in replica.log)
        replica.log.clear()
        assert crawl(tmp_path / "spent", replica, settings={"REQUESTS_PER_RUN": sent + 1}).returncode == 0
        assert [hit.target for hit in replica.log][sent:] == ["/css/site.css"]
        assert runs(tmp_path / "spent")[0]["assets/not_asked"] == 1
        replica.log.clear()
        few = {"ASSETS": "page", "ASSETS_PER_RUN": 1}
        assert crawl(tmp_path / "few", replica, settings=few).returncode == 0
        (stats,) = runs(tmp_path / "few")
        assert (stats["assets/ok"], stats["assets/left_out"]) == (1, 3)
        assert crawl(tmp_path / "few", replica, settings={"ASSETS": "all"}).returncode == 1


CSS = """@charset "utf-8"; @import 'a.css' screen; @import url( "b.css" );
/* url(hidden.png) */ .a { background: url(x.png) } .b { background: URL('y z.png') no-repeat; content: "url(no.png)" }
.c { behavior: url(evil.htc); width: expression(alert(1)); background: url('\\6a avascript:alert(1)') }"""


def test_what_a_stylesheet_names() -> None:
    assert list(stylesheets.imports(CSS)) == ["a.css", "b.css"]
    assert list(stylesheets.pictures(CSS)) == ["x.png", "y z.png", "evil.htc", "javascript:alert(1)"]


def test_a_rewritten_stylesheet_names_what_is_kept_and_runs_nothing() -> None:
    sheets, pictures = {"a.css": "p{}</style><script>"}, {"x.png": "var(--x)"}
    css = stylesheets.rewritten(CSS, sheets.get, pictures.get)
    assert "@media screen{p{}" in css
    assert "background: var(--x)" in css
    assert "@import" not in css
    assert "<" not in css
    assert 'content: "url(no.png)"' in css
    for gone in ("y z.png", "evil", "expression(", "behavior:", "javascript", "hidden"):
        assert gone not in css


@pytest.mark.parametrize("moment", ["2026-01-01T00:00:00.000000Z", "2027-01-01T00:00:00.000000Z"])
def test_when_an_address_was_answered(tmp_path: Path, moment: str) -> None:
    captures = Captures(tmp_path)
    at = "2026-06-01T00:00:00.000000Z"
    url = "http://a.example/site.css"
    captures.add(
        Capture(url=url, requested_at=at, status=404, outcome=Outcome.MISSING, body=b"", role=CaptureRole.ASSET)
    )
    assert captures.answered_since(url, moment) == (moment < at)
    assert list(captures.urls()) == []
    captures.close()


def test_a_picture_kept_for_its_look_is_no_document_until_it_is_fetched_as_one(tmp_path: Path) -> None:
    captures, url = Captures(tmp_path), "http://a.example/1.png"
    body = b"\x89PNG\r\n\x1a\n"
    asset = {"url": url, "status": 200, "outcome": Outcome.OK, "body": body, "content_type": "image/png"}
    captures.add(Capture(requested_at="2026-06-01T00:00:00.000000Z", role=CaptureRole.ASSET, **asset))
    assert document_capture(captures, url) is None
    sha256 = captures.last("GET", url).sha256  # type: ignore[union-attr]
    captures.add(
        Capture(
            url=url, requested_at="2026-06-02T00:00:00.000000Z", status=304, outcome=Outcome.UNCHANGED, sha256=sha256
        )
    )
    document = document_capture(captures, url)
    assert document is not None
    assert document.body == body
    captures.close()
