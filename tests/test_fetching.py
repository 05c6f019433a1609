"""Every way of fetching: odd statuses, redirects, cookies, robots.txt, hosts that fail. Nothing is dropped without a word."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from scrapy.http import Response, TextResponse

from archive.charset import decode
from crawler.demo import faults
from crawler.demo.messages import Reply, Request
from crawler.demo.nfcms import Nfcms
from crawler.demo.replica import Replica
from crawler.demo.server import Server
from crawler.middlewares.politeness import robots_text
from crawler.middlewares.safety import LONGEST_ADDRESS, refusal
from pipelines.outcomes import classify
from tests.crawling import crawl
from tests.test_crawl import kinds, rows

SITE = "http://www.example.gov.cn"
URL = f"{SITE}/zwgk/nb/t20240101_1.html"


class Answering(Nfcms):
    """A replica of which some answers are written by the test."""

    def instead(self, answers: dict[str, Callable[[Request], Reply | None]]) -> None:
        """Target → what is answered there; None: as usual."""
        self.__dict__["answers"] = answers

    def answer(self, request: Request) -> Reply:
        own = self.__dict__.get("answers", {}).get(request.target)
        reply = own(request) if own else None
        return reply if reply is not None else super().answer(request)


def targets(replica: Replica) -> list[str]:
    return [expected.url.removeprefix(replica.base) for expected in replica.truth()]


def reports(archive: Path) -> int:
    return int(rows(archive, "reports", "SELECT COUNT(*) FROM reports")[0][0])


def problems(archive: Path) -> set[tuple[str, str]]:
    """Open problems of fetching, with their addresses."""
    sql = "SELECT kind, url FROM problems WHERE resolved_at IS NULL AND stage = 'fetch'"
    return set(rows(archive, "captures", sql))


def moved(to: str, **headers: str) -> Reply:
    return Reply(status=302, headers={"Location": to} | {name.replace("_", "-"): v for name, v in headers.items()})


def test_what_scrapy_would_drop_is_a_problem_and_is_had_when_the_portal_is_well(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    with Server(Answering("qinghe", 9)) as server:
        replica = server["qinghe"]
        at = targets(replica)
        replica.instead(
            {
                at[0]: lambda _: moved(at[0]),
                at[1]: lambda _: moved("/loop/x.html"),
                "/loop/x.html": lambda _: moved(at[1]),
                at[2]: lambda _: moved(at[2], Set_Cookie="a=1; path=/"),
                at[3]: lambda request: replace_status(Nfcms.answer(replica, request), 203),
                at[4]: lambda request: replace_status(Nfcms.answer(replica, request), 201),
                at[5]: lambda _: moved("http://[broken/"),
                at[6]: lambda _: faults.moved("refresh", at[6]),
                at[7]: lambda _: Reply(body=b"<script>location.href=location.href</script>"),
            }
        )
        assert crawl(archive, replica).returncode == 1
        wanted = {0: "error", 1: "error", 2: "blocked", 3: "error", 4: "error", 5: "error", 6: "blocked", 7: "blocked"}
        assert problems(archive) == {(kind, replica.base + at[n]) for n, kind in wanted.items()}
        assert reports(archive) == 1
        assert all(sum(hit.target == at[n] for hit in replica.log) <= 3 for n in wanted)
        replica.instead({})
        assert crawl(archive, replica).returncode == 0
        assert reports(archive) == 9
        assert kinds(archive) == {}


def replace_status(reply: Reply, status: int) -> Reply:
    reply.status, reply.modified = status, None
    return reply


@pytest.mark.parametrize("how", ["itself", "gate", "reload"])
def test_a_cookie_that_a_host_asks_for_is_sent_back(tmp_path: Path, how: str) -> None:
    archive = tmp_path / "archive"
    with Server(Answering("qinghe", 4)) as server:
        replica = server["qinghe"]

        def wall(request: Request) -> Reply | None:
            if "seen=7f" in request.headers.get("cookie", ""):
                return None
            if how == "gate":
                return moved(f"/gate?back={request.target}")
            cookie = "seen=7f; path=/; HttpOnly"
            if how == "itself":
                return moved(request.target, Set_Cookie=cookie)
            return Reply(body=b"<html><script>location.reload()</script></html>", headers={"Set-Cookie": cookie})

        def gate(request: Request) -> Reply:
            return moved(request.query["back"], Set_Cookie="seen=7f")

        at = targets(replica)
        replica.instead(dict.fromkeys(at, wall) | {f"/gate?back={target}": gate for target in at})
        assert crawl(archive, replica).returncode == 0
        assert reports(archive) == 4
        assert kinds(archive) == {}
        assert sum(hit.target in at for hit in replica.log) == 5  # once without the cookie, which the host then has


def test_redirects_that_meet_are_each_answered(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    with Server(Answering("qinghe", 5)) as server:
        replica = server["qinghe"]
        at = targets(replica)
        notice = Reply(body="<html><body><p>系统维护中，请稍后再来。</p></body></html>".encode())
        replica.instead(
            {target: lambda _: moved("/weihu.html") for target in at[:3]} | {"/weihu.html": lambda _: notice}
        )
        crawl(archive, replica)
        assert sum(hit.target == "/weihu.html" for hit in replica.log) == 1
        assert rows(archive, "captures", "SELECT COUNT(*) FROM captures WHERE outcome = 'redirect'") == [(3,)]


def test_a_redirect_is_followed_as_browsers_do(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    with Server(Answering("qinghe", 3)) as server:
        replica = server["qinghe"]
        at = targets(replica)
        folder = at[0].rpartition("/")[0]
        replica.instead(
            {
                at[0]: lambda _: moved(r"..\doc\o2.html"),
                f"{folder.rpartition('/')[0]}/doc/o2.html": lambda request: Nfcms.answer(
                    replica, asking(request, at[0])
                ),
                at[1]: lambda _: moved("  /doc/o\t3.html "),
                "/doc/o3.html": lambda request: Nfcms.answer(replica, asking(request, at[1])),
            }
        )
        assert crawl(archive, replica).returncode == 0
        assert reports(archive) == 3


def asking(request: Request, target: str) -> Request:
    return Request(path=target, target=target, headers={})


@pytest.mark.parametrize(
    ("location", "target"),
    [
        (r"..\doc\o2.html", f"{SITE}/zwgk/doc/o2.html"),
        (" /a\tb\n.html ", f"{SITE}/ab.html"),
        ("HTTP://WWW.Example.gov.cn/x", f"{SITE}/x"),
        ("/下载?name=年报.docx".encode().decode("latin-1"), f"{SITE}/%E4%B8%8B%E8%BD%BD?name=%E5%B9%B4%E6%8A%A5.docx"),
        ("/down.asp?name=年报.docx".encode("gb18030").decode("latin-1"), f"{SITE}/down.asp?name=%C4%EA%B1%A8.docx"),
        ("/下载", f"{SITE}/%E4%B8%8B%E8%BD%BD"),
    ],
)
def test_locations(location: str, target: str) -> None:
    found = classify(URL, 302, None, location, b"")
    assert (found.outcome, found.redirect_url) == ("redirect", target)


@pytest.mark.parametrize(
    ("status", "location", "body", "outcome", "note"),
    [
        (302, URL, "", "error", "status 302 to itself"),
        (301, "t20240101_1.html#top", "", "error", "status 301 to itself"),
        (302, "http://[x/", "", "error", "status 302 to 'http://[x/', which is no address"),
        (304, None, "", "error", "status 304"),
        (300, "/a.html", "", "error", "status 300"),
        (204, None, "", "error", "status 204"),
        (203, None, "<h1>x</h1>", "error", "status 203"),
        (200, None, f"<meta http-equiv=refresh content='0;url={URL}'>", "blocked", "refresh to itself"),
        (200, None, "<meta http-equiv=refresh content=1>", "blocked", "refresh to itself"),
        (200, None, "<script>window.location.href = window.location.href;</script>", "blocked", "script to itself"),
        (200, None, "<script>location.replace(location.pathname)</script>", "blocked", "script to itself"),
        (200, None, "<script>location.reload(true)</script>", "blocked", "script to itself"),
        (200, None, "<script>location='/'</script>", "missing", "script to a page above"),
        (200, None, "<meta content='0; url=/a/t2.html' http-equiv='Refresh'>", "redirect", "refresh"),
    ],
)
def test_moves_that_lead_nowhere(status: int, location: str | None, body: str, outcome: str, note: str) -> None:
    found = classify(URL, status, "text/html", location, body.encode())
    assert (found.outcome, found.note) == (outcome, note)


def test_a_refresh_in_a_gbk_page_is_in_its_charset() -> None:
    body = "<meta http-equiv=refresh content='0;url=/down.asp?name=年报.docx'>".encode("gb18030")
    assert (
        classify(URL, 200, "text/html; charset=gbk", None, body).redirect_url
        == f"{SITE}/down.asp?name=%C4%EA%B1%A8.docx"
    )


def test_long_addresses_are_asked_for_and_too_long_ones_are_a_problem() -> None:
    assert refusal(f"{SITE}/{'a' * 2_100}", lambda _: True) is None
    kind, _ = refusal(f"{SITE}/{'a' * LONGEST_ADDRESS}", lambda _: True) or ("", "")
    assert kind == "address_too_long"


# robots.txt


@pytest.mark.parametrize("fault", ["503", "500", "reset", "time-out", "gzip-cut"])
def test_without_robots_txt_nothing_is_asked(tmp_path: Path, fault: str) -> None:
    archive = tmp_path / "archive"
    with Server(Nfcms("qinghe", 4)) as server:
        replica = server["qinghe"]
        replica.fail(fault, r"^/robots\.txt")
        settings = {"DOWNLOAD_TIMEOUT": 0.5, "LONGEST_PAUSE": 300}
        done = crawl(archive, replica, settings=settings)
        assert done.returncode == 1
        assert "Traceback" not in done.stderr
        assert {hit.target for hit in replica.log} == {"/robots.txt"}
        assert kinds(archive)["robots_unreachable"] == 1
        replica.behave()
        assert crawl(archive, replica).returncode == 0
        assert kinds(archive) == {}
        assert reports(archive) == 4


@pytest.mark.parametrize("fault", ["404", "403", "home", "acw"])
def test_a_host_without_rules_allows_everything(tmp_path: Path, fault: str) -> None:
    with Server(Nfcms("qinghe", 2)) as server:
        replica = server["qinghe"]
        replica.fail(fault, r"^/robots\.txt")
        assert crawl(tmp_path / "archive", replica).returncode == 0
        assert reports(tmp_path / "archive") == 2


RULES = "# 机器人\nUser-agent: *\nDisallow: /内部/\nDisallow: /secret\n"


@pytest.mark.parametrize(
    "body",
    [
        RULES.encode(),
        RULES.encode("utf-8-sig"),
        RULES.encode("gb18030"),
        RULES.encode("utf-16"),
        RULES.encode("utf-16-le"),
        RULES.encode("utf-16-be"),
        f"<html><head><title>x</title></head><body><pre>{RULES}</pre></body></html>".encode(),
        f"<html><body><p>{RULES.replace(chr(10), '<br/>')}</p></body></html>".encode("gb18030"),
    ],
)
def test_rules_are_read_in_whatever_form_they_come(body: bytes) -> None:
    from protego import Protego

    rules = Protego.parse(robots_text(Response(f"{SITE}/robots.txt", body=body)))
    assert not rules.can_fetch(f"{SITE}/secret/a.html", "Tongjian/0.2")
    assert not rules.can_fetch(f"{SITE}/%E5%86%85%E9%83%A8/a.html", "Tongjian/0.2")
    assert rules.can_fetch(URL, "Tongjian/0.2")


def test_a_page_instead_of_rules_forbids_nothing() -> None:
    page = "<html><script>User-agent: *\nDisallow: /\n</script><body><h1>首页</h1><p>政府信息公开</p></body></html>"
    assert "Disallow" not in robots_text(TextResponse(f"{SITE}/robots.txt", body=page.encode(), encoding="utf-8"))


def test_utf_16_without_a_mark() -> None:
    for name in ("utf-16-le", "utf-16-be"):
        assert decode("<p>2023年年度报告</p>".encode(name)) == ("<p>2023年年度报告</p>", name)
    assert decode(b"PK\x03\x04\x00\x00\x00\x00\x01\x02\x03")[1] != "utf-16-le"


# Hosts that fail


@pytest.mark.parametrize("fault", ["500", "reset", "429"])
def test_a_host_where_everything_fails_is_left_alone(tmp_path: Path, fault: str, monkeypatch: Any) -> None:
    archive = tmp_path / "archive"
    monkeypatch.setitem(faults.REPLACEMENTS, "429", Reply(status=429))
    monkeypatch.setattr(faults, "KINDS", (*faults.KINDS, "429"))
    with Server(Nfcms("qinghe", 30)) as server:
        replica = server["qinghe"]
        replica.fail(fault, "|".join(re.escape(target) for target in targets(replica)))
        assert crawl(archive, replica).returncode == 1
        asked = [hit.target for hit in replica.log if hit.target in targets(replica)]
        assert len(asked) <= 10
        assert kinds(archive)["host_fails"] == 1
        replica.behave()
        assert crawl(archive, replica).returncode == 0
        assert reports(archive) == 30
        assert kinds(archive) == {}


def test_single_addresses_that_fail_are_tried_again_and_leave_no_host_alone(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    with Server(Nfcms("qinghe", 12)) as server:
        replica = server["qinghe"]
        struck = targets(replica)[::3]
        replica.fail("500", "|".join(re.escape(target) for target in struck))
        assert crawl(archive, replica).returncode == 1
        assert reports(archive) == 8
        assert {kind for kind, _ in problems(archive)} == {"error"}
        assert len(problems(archive)) == 4
