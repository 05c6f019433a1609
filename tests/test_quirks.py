"""What portals do wrong, on every platform: it costs no report, or the run names it."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from crawler.demo.replica import Replica
from crawler.demo.server import Server
from tests.crawling import crawl
from tests.test_platforms import PLATFORMS, VARIANTS, archived, make, places, rows

ODD_REPORTS, ODD_PAGE_SIZE = 8, 2
"""Of a replica with a quirk: four pages."""

TELLS = {
    "same-page": {"listing_repeats"},
    "deep-stub": {"listing_stub"},
    "total-larger": {"listing_short", "listing_failed"},
    "total-shrinks": {"listing_shrinks", "listing_short"},
    "empty": {"listing_stub", "listing_empty", "listing_short"},
    "html-error": {"listing_unreadable"},
    "two-bytes": {"listing_failed"},
    "no-dates": {"listing_undated"},
    "endless": {"listing_repeats"},
    "calendar": {"listing_stub"},
    "empty-year": {"listing_empty"},
    "lost-year": {"listing_failed"},
}
"""Quirk → the kinds of problem of which one at least names it. A quirk that is not here must cost nothing."""


def unwell(archive: Path, portal: str) -> set[str]:
    """What made the portal's runs ones to look at."""
    found = rows(archive, "captures", "SELECT stats FROM runs WHERE portal = ?", portal)
    return {kind for (stats,) in found for kind in json.loads(stats)["unwell"]}


QUIRKS = [(platform, quirk) for platform, cls in PLATFORMS.items() for quirk in cls.known_quirks]
QUIRKS += [
    (name, quirk)
    for name in ("hanweb-strict", "hanweb-jpaas", "beijing-tree", "easysite-all")
    for quirk in VARIANTS[name][0].known_quirks
]


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[tuple[str, str], Replica]]:
    """A replica for every quirk of every platform, of a few short pages, crawled in one process."""
    archive = tmp_path_factory.mktemp("odd") / "archive"
    assert len(QUIRKS) <= len(list(places()))
    replicas = {
        (platform, quirk): make(
            platform, ODD_REPORTS, f"_{quirk}", place=place, page_size=ODD_PAGE_SIZE, quirks=[quirk]
        )
        for place, (platform, quirk) in zip(places(), QUIRKS, strict=False)
    }
    with Server(*replicas.values()):
        done = crawl(archive, *replicas.values(), settings={"DOWNLOAD_TIMEOUT": 60})
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
    with_figures = [e for e in replicas["gkmlpt", "files-in-script"].truth() if e.report.statistics()]
    assert rows(archive, "reports", figures, portal) == [(len(with_figures),)]
