"""Portals as rows: what a row may hold, what is said of a wrong one, and that the others work."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from scrapy.settings import Settings
from scrapy.spiderloader import SpiderLoader

from crawler.demo.nfcms import Nfcms
from crawler.demo.server import Server
from crawler.spider_loader import Loader
from spiders.portal_table import COLUMNS, OWN, WrongRowError, portal_of, read_tables, row_of, write_row
from spiders.registry import Registry
from tests.crawling import HURRY, scrapy

ROW = {
    "name": "heyuan_test",
    "title": "河原县人民政府",
    "home": "http://www.heyuan.example/",
    "platform": "links",
    "division": "440113",
    "level": "county",
    "listings": "http://www.heyuan.example/nb/ http://www.heyuan.example/bm/",
    "facts": r'{"hosts": ["a.example"], "document": "/info/(?P<key>\\d+)\\.htm$", "next_page": "a.next::attr(href)"}',
    "note": 'a note, with "quotes"',
}
HEADING = ",".join(COLUMNS)


def settings(table: Path) -> Settings:
    return Settings({"SPIDER_MODULES": ["spiders"], "SPIDER_LOADER_CLASS": Loader, "PORTALS": str(table)})


def table(folder: Path, *lines: str) -> Path:
    path = folder / "portals.csv"
    path.write_text("\n".join((HEADING, *lines)) + "\n", encoding="utf-8")
    return path


def test_a_row_is_a_portal_and_a_portal_a_row(tmp_path: Path) -> None:
    portal = portal_of(ROW)
    assert (portal.name, portal.platform, portal.division, portal.level) == ("heyuan_test", "links", "番禺区", "county")
    assert portal.listings == ("http://www.heyuan.example/nb/", "http://www.heyuan.example/bm/")
    assert portal.key("http://www.heyuan.example/info/77.htm") == "77"
    assert portal.declares("http://a.example/x")
    assert row_of(portal, ROW["note"]) == ROW
    write_row(tmp_path / "new" / "portals.csv", ROW)
    write_row(tmp_path / "new" / "portals.csv", ROW | {"name": "other"})
    write_row(tmp_path / "new" / "portals.csv", ROW | {"title": "河原市人民政府"})
    with (tmp_path / "new" / "portals.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.DictReader(file)) == [ROW | {"title": "河原市人民政府"}, ROW | {"name": "other"}]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": "Heyuan-1"}, "is no name"),
        ({"title": ""}, "has no title"),
        ({"platform": "nfcm"}, "did you mean 'nfcms'"),
        ({"home": "www.heyuan.example"}, "is no address"),
        ({"listings": "http://www.heyuan.example/nb/ http://[x/"}, "is no address"),
        ({"division": "999999"}, "is no code"),
        ({"division": "番禺区"}, "is no code"),
        ({"level": "town"}, "unknown level"),
        ({"facts": "document"}, "no JSON object"),
        ({"facts": "[1]"}, "no JSON object"),
        ({"facts": '{"documents": "x"}'}, "did you mean 'document'"),
        ({"facts": '{"categories": [1]}'}, "has no fact"),
        ({"facts": '{"document": 1}'}, "is no pattern"),
        ({"facts": '{"document": "(" }'}, "is no pattern"),
        ({"facts": '{"document": "' + "a" * 300 + '"}'}, "at most 200 characters"),
        ({"facts": '{"document": "/(a+)+$"}'}, "may take forever"),
        ({"facts": '{"document": "/(?:a|ab)*$"}'}, "may take forever"),
        ({"facts": '{"document": ".*.*.*.*.*x"}'}, "may take forever"),
        ({"facts": '{"next_page": "a[["}'}, "is no CSS selector"),
        ({"facts": '{"menus": "http://x.example/"}'}, "is no list"),
    ],
)
def test_what_is_wrong_with_a_row_is_said(change: dict[str, str], said: str) -> None:
    with pytest.raises(WrongRowError, match=re.escape(said)):
        portal_of(ROW | change)


def test_a_wrong_row_is_named_by_its_line_and_the_others_are_portals(tmp_path: Path) -> None:
    path = table(
        tmp_path,
        "good,好县人民政府,http://good.example/,nfcms,,,http://good.example/nb/,,",
        "bad,坏县人民政府,http://bad.example/,no-such,,,,,",
        'open,"开县人民政府,http://open.example/,nfcms,,,,,',
        "",
        "good,again,http://again.example/,nfcms,,,,,",
        "panyu,taken,http://taken.example/,nfcms,,,,,",
        "after,后县人民政府,http://after.example/,trs,,,,,",
    )
    path.write_bytes(path.read_bytes() + b"latin,\xff\xfe,http://l.example/,trs,,,,,\n")
    found = read_tables(settings(path))
    assert {"good", "after", "gz"} <= {portal.name for portal in found.portals}
    said = {place.rpartition("portals.csv")[2]: why for place, why in found.wrong.items()}
    assert {place: why.split(":")[0].split(" (")[0] for place, why in said.items()} == {
        " line 3": "bad",
        " line 4": "is no line of CSV",
        " line 9": "is not UTF-8",
        ", portal good": "an earlier row has that name",
        ", portal panyu": "spiders/panyu.py has that name",
    }
    assert {"good", "after", "gz", "panyu", "beijing"} <= set(Loader(settings(path)).list())


def test_a_table_that_cannot_be_read_stops_no_other(tmp_path: Path) -> None:
    none = read_tables(settings(tmp_path / "none.csv"))
    assert list(none.wrong.values()) == ["cannot be read (No such file or directory)"]
    (tmp_path / "odd.csv").write_text("name,titel\nx,y\n")
    odd = read_tables(settings(tmp_path / "odd.csv"))
    assert "did you mean 'title'?" in next(iter(odd.wrong.values()))
    assert len(none.portals) == len(odd.portals) > 20


def test_the_archives_own_table_is_read(tmp_path: Path) -> None:
    table(tmp_path, "good,好县人民政府,http://good.example/,nfcms,,,http://good.example/nb/,,")
    here = Settings({"SPIDER_MODULES": ["spiders"], "ARCHIVE": str(tmp_path)})
    assert "good" in Loader(here).list()
    assert "good" in SpiderLoader(here).list(), "Scrapy's own finds what stands in the module"
    assert "good" not in Loader(Settings({"SPIDER_MODULES": ["spiders"], "ARCHIVE": str(tmp_path / "else")})).list()


def test_commands_say_what_is_wrong_and_crawl_the_others(tmp_path: Path) -> None:
    with Server(Nfcms("qinghe", 3)) as (replica,):
        path = table(
            tmp_path,
            f"qinghe,清河县人民政府,{replica.home_url},nfcms,,county,{replica.facts['listings'][0]},,",
            f"unlisted,清河县人民政府,{replica.home_url},nfcms,,county,,,",
            "bad,坏县人民政府,http://bad.example/,no-such,,,,,",
        )
        words = [
            word for name in ("DOWNLOAD_DELAY", "AUTOTHROTTLE_ENABLED") for word in ("-s", f"{name}={HURRY[name]}")
        ]

        def run(*arguments: str) -> tuple[int, str]:
            done = scrapy(tmp_path / "archive", *arguments, "-s", f"PORTALS={path}", *words)
            return done.returncode, done.stdout + done.stderr

        code, said = run("list")
        assert code == 1
        assert {"qinghe", "panyu"} <= set(said.split())
        assert "portals.csv line 4: bad: unknown platform 'no-such'" in said
        assert run("crawl", "qinghe")[0] == 0
        code, said = run("crawl", "unlisted")
        assert code == 1
        assert "declares no listing" in said


def test_four_thousand_rows_cost_less_than_the_program(tmp_path: Path) -> None:
    """Counted in classes, not in seconds: a row is read once a process, and an address looked up by its host."""
    rows = [f"g{i},第{i}县人民政府,http://g{i}.example/,trs,,,http://g{i}.example/nb/,," for i in range(4_000)]
    path = table(tmp_path, *rows)
    first, second = read_tables(settings(path)), read_tables(settings(path))
    assert len(first.portals) > 4_000
    assert all(a is b for a, b in zip(first.portals, second.portals, strict=True))
    owner = Registry(settings(path)).owner("http://g3999.example/nb/t20240101_1.html")
    assert owner is not None
    assert owner.name == "g3999"


def test_the_projects_own_table_is_in_order() -> None:
    assert read_tables(Settings({"PORTALS": str(OWN)})).wrong == {}
    names = [line.partition(",")[0] for line in OWN.read_text(encoding="utf-8").splitlines()[1:]]
    assert names == sorted(names)


SHORT = "name,title,home,platform,listings"
OTHER = "anderswo,临川市东山区人民政府,http://www.dongshan.example.gov.cn/,trs,http://www.dongshan.example.gov.cn/nb/"
TORN = OTHER.replace("东山", "东\u2028山")
ADDED = {
    "name": "hinzu",
    "title": "临川市青溪区人民政府",
    "home": "http://www.qingxi.example.gov.cn/",
    "platform": "trs",
}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("\ufeff" + "\r\n".join((SHORT, OTHER, "")), "\r\n", id="of a spreadsheet"),
        pytest.param(f"\n\n{SHORT}\n\n{OTHER}", "\n", id="with empty lines"),
        pytest.param(f"{SHORT}\n{TORN}\n", "\n", id="with what only some call an end of line"),
    ],
)
def test_a_row_is_added_and_all_else_stays(tmp_path: Path, before: str, after: str) -> None:
    table = tmp_path / "portals.csv"
    table.write_bytes(before.encode())
    write_row(table, ADDED)
    end = before if before.endswith(after) else before + after
    assert table.read_bytes() == f"{end}hinzu,{ADDED['title']},{ADDED['home']},trs,{after}".encode()
    write_row(table, ADDED | {"title": "青溪区人民政府"})
    assert table.read_bytes() == f"{end}hinzu,青溪区人民政府,{ADDED['home']},trs,{after}".encode()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (f"{SHORT}\n{OTHER}\n".encode("gb18030"), "is not UTF-8"),
        (f"{SHORT}\n{OTHER}\n".encode("utf-16"), "is not UTF-8"),
        (f"{SHORT},name\n{OTHER},x\n".encode(), "the heading has name more than once"),
    ],
)
def test_a_table_that_is_none_is_refused_and_stays(tmp_path: Path, content: bytes, said: str) -> None:
    table = tmp_path / "portals.csv"
    table.write_bytes(content)
    with pytest.raises(WrongRowError, match=said):
        write_row(table, ADDED)
    assert table.read_bytes() == content
