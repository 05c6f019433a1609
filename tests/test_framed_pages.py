"""A page that another shows in a frame as its article is a part of that page, whichever was captured first."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.test_one_text import HOST, Archive, text, title
from tests.test_what_a_report_is import framed

INNER = f"{HOST}/inner/nb22.html"
MENU = f"{HOST}/menu.html"
KINDS = {
    "iframe": "<html><head><title>{0}</title></head><body><h1>{0}</h1><iframe src='/inner/nb22.html'></iframe></body></html>",
    "frameset": "<html><head><title>{0}</title></head><frameset cols='20%,*'><frame src='/menu.html'><frame src='/inner/nb22.html'></frameset></html>",
    "nested frameset": (
        "<html><head><title>{0}</title></head><frameset rows='80,*'><frame src='/menu.html'>"
        "<frameset cols='20%,*'><frame src='/left.html'><frame src='/inner/nb22.html'></frameset></frameset></html>"
    ),
}
DUMPS = {
    "reports": "SELECT url, title, text, same_as FROM reports r JOIN report_texts t ON t.report_id = r.id ORDER BY url",
    "locations": "SELECT report_id, url FROM locations ORDER BY 1, 2",
    "unreported": "SELECT key, fate, cause FROM unreported ORDER BY 1",
    "fates": "SELECT url, fate, cause FROM fates ORDER BY 1, 2",
}


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path)


def inner(year: int = 2022) -> str:
    return framed(text(year), title=title(year))


def outer(kind: str = "iframe") -> str:
    return KINDS[kind].format(title(2022))


def menu() -> str:
    links = "".join(f"<li><a href='/c/{n}.html'>公开目录第{n}类</a></li>" for n in range(12))
    return f"<html><body><ul>{links}</ul></body></html>"


def reports(archive: Archive) -> list[str]:
    return [str(url) for (url,) in archive.rows("reports", "SELECT url FROM reports ORDER BY url")]


def dumped(archive: Archive) -> dict[str, list[tuple[object, ...]]]:
    return {name: archive.rows("reports", sql) for name, sql in DUMPS.items()}


@pytest.mark.parametrize(
    ("kind", "is_read_between"), [("iframe", True), ("frameset", False), ("nested frameset", False)]
)
def test_the_framed_page_has_no_report_whichever_comes_first(tmp_path: Path, kind: str, is_read_between: bool) -> None:
    found = []
    for order in ("frame first", "page first"):
        archive = Archive(tmp_path / order)
        url = archive.list(1, title(2022))
        answers = [(INNER, inner()), (MENU, menu()), (f"{HOST}/left.html", menu()), (url, outer(kind))]
        for address, body in answers if order == "frame first" else reversed(answers):
            archive.answer(address, body)
            if is_read_between:
                archive.read()
        archive.read()
        assert reports(archive) == [url]
        assert archive.fates() == {"1": "report"}
        ((_, fate, cause),) = [row for row in archive.rows("reports", DUMPS["unreported"]) if "in a frame" in str(row)]
        assert (fate, cause) == ("not_a_report", "a part of the page that shows it in a frame")
        assert archive.rows("reports", "SELECT url FROM locations") == [(INNER,)]
        once = dumped(archive)
        archive.reparse()
        assert dumped(archive) == once
        (archive.folder / "reports.db").unlink()
        archive.reparse()
        assert dumped(archive) == once
        found.append(once)
    assert found[0] == found[1]


def test_an_archive_that_holds_both_loses_the_framed_one_when_it_is_read_again(archive: Archive) -> None:
    url = archive.list(1, title(2022))
    archive.answer(INNER, inner())
    archive.read()
    assert reports(archive) == [INNER]
    archive.answer(url, outer())
    archive.read()
    assert reports(archive) == [url]


def test_a_framed_page_that_a_listing_names_too_is_a_report(archive: Archive) -> None:
    url = archive.list(1, title(2022))
    own = archive.list(2, title(2022))
    archive.answer(url, outer().replace("/inner/nb22.html", own.removeprefix(HOST)))
    archive.answer(own, inner())
    archive.read()
    assert reports(archive) == sorted((url, own))
    assert archive.rows("reports", "SELECT * FROM locations") == []
    assert sorted(archive.fates().values()) == ["copy", "report"]


def test_a_framed_page_that_is_listed_later_becomes_a_report(archive: Archive) -> None:
    own = f"{HOST}/zwgk/nb/t2.html"
    url = archive.list(1, title(2022))
    archive.answer(url, outer().replace("/inner/nb22.html", own.removeprefix(HOST)))
    archive.answer(own, inner())
    archive.read()
    assert reports(archive) == [url]
    assert archive.list(2, title(2022)) == own
    archive.read()
    assert reports(archive) == sorted((url, own))
    assert sorted(archive.fates().values()) == ["copy", "report"]
    archive.read()
    assert archive.rows("reports", "SELECT * FROM locations") == []
    once = dumped(archive)
    (archive.folder / "reports.db").unlink()
    archive.reparse()
    assert dumped(archive) == once


def test_a_page_that_shows_the_frame_no_longer_gives_it_back(archive: Archive) -> None:
    url = archive.list(1, title(2022))
    archive.answer(INNER, inner())
    archive.answer(url, outer())
    archive.read()
    assert reports(archive) == [url]
    archive.answer(url, framed(text(2022, "本机关"), title=title(2022)))
    archive.read()
    archive.read()
    assert reports(archive) == sorted((url, INNER))
    assert archive.rows("reports", "SELECT * FROM locations") == []


def test_pages_in_frames_of_which_none_is_read_stay_what_they_are(archive: Archive) -> None:
    url = archive.list(1, title(2022))
    other = f"{HOST}/inner/nb21.html"
    archive.answer(url, KINDS["frameset"].format(title(2022)).replace("/menu.html", "/inner/nb21.html"))
    archive.answer(INNER, inner())
    archive.answer(other, inner(2021))
    archive.read()
    assert reports(archive) == sorted((url, INNER, other))


MIDDLE = f"{HOST}/middle.html"


@pytest.mark.parametrize("is_read_between", [False, True])
def test_a_frame_within_a_frame_is_read(tmp_path: Path, is_read_between: bool) -> None:
    found = []
    for order in (1, -1):
        archive = Archive(tmp_path / str(order))
        url = archive.list(1, title(2022))
        middle = framed("<iframe src='/inner/nb22.html'></iframe>", title="")
        outermost = outer().replace("/inner/nb22.html", "/middle.html")
        for address, body in [(INNER, inner()), (MIDDLE, middle), (url, outermost)][::order]:
            archive.answer(address, body)
            if is_read_between:
                archive.read()
        archive.read()
        assert reports(archive) == [url]
        assert archive.rows("reports", "SELECT url FROM locations ORDER BY 1") == [(INNER,), (MIDDLE,)]
        where = "SELECT state, url FROM parts WHERE part = 'text'"
        assert archive.rows("reports", where) == [("elsewhere", INNER)]
        once = dumped(archive)
        archive.reparse()
        assert dumped(archive) == once
        found.append(once)
    assert found[0] == found[1]


def test_pages_that_show_one_another_come_to_an_end(archive: Archive) -> None:
    url = archive.list(1, title(2022))
    archive.answer(url, outer().replace("/inner/nb22.html", "/middle.html"))
    archive.answer(MIDDLE, framed(f"<iframe src='{url}'></iframe>", title=title(2022)))
    archive.read()
    assert archive.rows("reports", "SELECT DISTINCT text FROM report_texts") == [("",)]


def test_what_is_missing_of_a_frame_within_a_frame_is_told(archive: Archive) -> None:
    url = archive.list(1, title(2022))
    archive.answer(url, outer().replace("/inner/nb22.html", "/middle.html"))
    archive.answer(MIDDLE, framed("<iframe src='/inner/nb22.html'></iframe>", title=""))
    archive.read()
    where = "SELECT url, cause FROM parts WHERE part = 'next_page'"
    assert archive.rows("reports", where) == [(INNER, "not captured")]
    archive.answer(INNER, inner())
    archive.read()
    assert archive.rows("reports", where) == []
