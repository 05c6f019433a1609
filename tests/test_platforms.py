"""Every platform: whole listings found, and what portals do wrong named."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
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

FEW = dict.fromkeys(VARIANTS, 50) | {"hanweb-module": 15}
"""Reports of a variant; the module has one a year."""

TELLS = {
    "same-page": {"listing_repeats"},
    "deep-stub": {"listing_stub"},
    "total-larger": {"listing_short", "listing_failed"},
    "total-shrinks": {"listing_shrinks", "listing_short"},
    "empty": {"listing_stub", "listing_empty"},
    "html-error": {"listing_unreadable"},
    "two-bytes": {"listing_failed"},
    "no-dates": {"listing_undated"},
    "endless": {"listing_repeats"},
    "calendar": {"listing_stub"},
    "empty-year": {"listing_empty"},
    "lost-year": {"listing_failed"},
}
"""Quirk → the kinds of problem of which one at least names it. A quirk that is not here must cost nothing."""


def make(platform: str, reports: int, suffix: str = "", **more: Any) -> Replica:
    cls, named = VARIANTS.get(platform) or (PLATFORMS[platform], {})
    return cls(f"{platform}{suffix}".replace("-", "_"), reports, **named, **more)


def rows(archive: Path, database: str, sql: str, *values: Any) -> list[Any]:
    """Rows of one of the archive's databases."""
    connection = sqlite3.connect(archive / f"{database}.db")
    try:
        return connection.execute(sql, values).fetchall()
    finally:
        connection.close()


def archived(archive: Path, portal: str) -> Counter[str]:
    return Counter(url for (url,) in rows(archive, "reports", "SELECT url FROM reports WHERE portal = ?", portal))


def unwell(archive: Path, portal: str) -> set[str]:
    """What made the portal's runs ones to look at."""
    found = rows(archive, "captures", "SELECT stats FROM runs WHERE portal = ?", portal)
    return {kind for (stats,) in found for kind in json.loads(stats)["unwell"]}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Replica]]:
    """Every platform's replica of 250 reports, its variants of fewer, crawled in one process."""
    archive = tmp_path_factory.mktemp("whole") / "archive"
    replicas = {platform: make(platform, 250) for platform in PLATFORMS}
    replicas |= {variant: make(variant, FEW[variant]) for variant in VARIANTS}
    with Server(*replicas.values()):
        done = crawl(archive, *replicas.values())
    assert done.returncode == 0, done.stderr
    return archive, replicas


@pytest.mark.parametrize("platform", [*PLATFORMS, *VARIANTS])
def test_every_report_of_every_page_is_found_exactly_once(
    whole: tuple[Path, dict[str, Replica]], platform: str
) -> None:
    archive, replicas = whole
    replica = replicas[platform]
    assert len(replica.truth()) == FEW.get(platform, 250)
    assert archived(archive, replica.name) == Counter(expected.url for expected in replica.truth())


QUIRKS = [(platform, quirk) for platform, cls in PLATFORMS.items() for quirk in cls.known_quirks]
QUIRKS += [
    (name, quirk)
    for name in ("hanweb-strict", "hanweb-jpaas", "hanweb-unit", "beijing-tree", "easysite", "easysite-all")
    for quirk in VARIANTS[name][0].known_quirks
]


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[tuple[str, str], Replica]]:
    """A replica for every quirk of every platform, of 24 reports on five pages, crawled in one process."""
    archive = tmp_path_factory.mktemp("odd") / "archive"
    replicas = {
        (platform, quirk): make(platform, 24, f"_{quirk}", page_size=5, quirks=[quirk]) for platform, quirk in QUIRKS
    }
    with Server(*replicas.values()):
        done = crawl(archive, *replicas.values())
    assert done.returncode == 1, done.stderr
    return archive, replicas


@pytest.mark.parametrize(("platform", "quirk"), QUIRKS)
def test_a_quirk_costs_no_report_or_is_told(
    odd: tuple[Path, dict[tuple[str, str], Replica]], platform: str, quirk: str
) -> None:
    archive, replicas = odd
    replica = replicas[platform, quirk]
    told = unwell(archive, replica.name)
    complete = archived(archive, replica.name) == Counter(expected.url for expected in replica.truth())
    assert "spider_error" not in told
    assert (complete and not told) or told & TELLS.get(quirk, set())


def test_files_that_a_script_names_are_read(odd: tuple[Path, dict[tuple[str, str], Replica]]) -> None:
    archive, replicas = odd
    portal = replicas["gkmlpt", "files-in-script"].name
    figures = "SELECT COUNT(DISTINCT report_id) FROM statistics WHERE origin = 'docx' AND report_id LIKE ? || '%'"
    with_tables = [e for e in replicas["gkmlpt", "files-in-script"].truth() if e.report.table_forms]
    assert rows(archive, "reports", figures, portal) == [(len(with_tables),)]
