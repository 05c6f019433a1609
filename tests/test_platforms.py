"""Every platform: whole listings found. What portals do wrong is in test_quirks."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from crawler.demo.beijing import Beijing
from crawler.demo.easysite import EasySite
from crawler.demo.epoint import Epoint
from crawler.demo.gkmlpt import Gkmlpt
from crawler.demo.hanweb import Hanweb
from crawler.demo.links import PlainLinks
from crawler.demo.nfcms import Nfcms
from crawler.demo.replica import Replica
from crawler.demo.server import Server
from crawler.demo.trees import BeijingTree, HanwebModule
from crawler.demo.trs import Trs
from crawler.demo.trs_fujian import TrsFujian
from crawler.demo.trs_scripts import TrsWriteln, TrsXml
from crawler.demo.ucap import Ucap
from tests.crawling import crawl

PLATFORMS: dict[str, type[Replica]] = {
    "nfcms": Nfcms,
    "gkmlpt": Gkmlpt,
    "trs": Trs,
    "trs-xml": TrsXml,
    "trs_fujian": TrsFujian,
    "hanweb": Hanweb,
    "ucap": Ucap,
    "epoint": Epoint,
    "beijing": Beijing,
    "links": PlainLinks,
}
VARIANTS: dict[str, tuple[type[Replica], dict[str, Any]]] = {
    "gkmlpt-subsite": (Gkmlpt, {"prefix": "/qxqjyj"}),
    "trs-createpage": (Trs, {"pager": "createPage"}),
    "trs-countpage": (Trs, {"pager": "countPage"}),
    "trs-writeln": (TrsWriteln, {}),
    "hanweb-old": (Hanweb, {"proxy": "old"}),
    "hanweb-strict": (Hanweb, {"proxy": "strict"}),
    "hanweb-jpaas": (Hanweb, {"proxy": "jpaas"}),
    "hanweb-unit": (Hanweb, {"proxy": "unit"}),
    "hanweb-module": (HanwebModule, {}),
    "beijing-tree": (BeijingTree, {}),
    "easysite": (EasySite, {}),
    "easysite-years": (EasySite, {"numbered": "years", "extension": "shtml"}),
    "easysite-all": (EasySite, {"numbered": "all"}),
}
"""The same platforms, telling of their pages in other ways."""

REPORTS, PAGE_SIZE = 33, 3
"""Of each platform: eleven pages, so that their numbers come to have two digits, and Hanweb's groups are four."""
FEW = dict.fromkeys(VARIANTS, 12) | {"hanweb-module": 12}
"""Reports of a variant; the module has one a year."""


def make(platform: str, reports: int, suffix: str = "", **more: Any) -> Replica:
    cls, named = VARIANTS.get(platform) or (PLATFORMS[platform], {})
    return cls(f"{platform}{suffix}".replace("-", "_"), reports, **named, **more)


def places() -> Iterator[str]:
    """A place for each of several portals: of one place they would publish the same reports, and each be compared."""
    return (f"临川市{first}{second}区" for first, second in product("东西南北中上下新老大", "溪河山湖岭桥泉塘林岩"))


def rows(archive: Path, database: str, sql: str, *values: Any) -> list[Any]:
    """Rows of one of the archive's databases."""
    connection = sqlite3.connect(archive / f"{database}.db")
    try:
        return connection.execute(sql, values).fetchall()
    finally:
        connection.close()


def archived(archive: Path, portal: str) -> Counter[str]:
    return Counter(url for (url,) in rows(archive, "reports", "SELECT url FROM reports WHERE portal = ?", portal))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Replica]]:
    """Every platform's replica, its variants with fewer reports, crawled in one process."""
    archive = tmp_path_factory.mktemp("whole") / "archive"
    sizes = dict.fromkeys(PLATFORMS, REPORTS) | FEW
    replicas = {
        platform: make(platform, size, page_size=PAGE_SIZE, place=place)
        for place, (platform, size) in zip(places(), sizes.items(), strict=False)
    }
    with Server(*replicas.values()):
        done = crawl(archive, *replicas.values(), settings={"DOWNLOAD_TIMEOUT": 60})
    assert done.returncode == 0, done.stderr
    return archive, replicas


@pytest.mark.parametrize("platform", [*PLATFORMS, *VARIANTS])
def test_every_report_of_every_page_is_found_exactly_once(
    whole: tuple[Path, dict[str, Replica]], platform: str
) -> None:
    archive, replicas = whole
    replica = replicas[platform]
    assert len(replica.truth()) == FEW.get(platform, REPORTS)
    assert archived(archive, replica.name) == Counter(expected.url for expected in replica.truth())
