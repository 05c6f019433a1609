"""Offline crawls of the six seed portals, where the shared material is at hand."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.crawling import ROOT, scrapy
from tests.test_commands import dump
from tests.test_crawl import rows
from tests.test_ledger import is_balanced, sums

SEED = ROOT.parent / "shared" / "real" / "seed_portals"
PORTALS = ("panyu", "gz", "yunchengqu", "beijing", "bjchy", "xiangan")
FATES = {
    "panyu": {
        "blocked": 1,
        "copy": 3,
        "missing": 1,
        "not_a_report": 2,
        "not_asked": 107,
        "off_site": 2,
        "report": 11,
    },
    "gz": {"not_asked": 19, "off_site": 1, "report": 2},
    "yunchengqu": {"not_a_report": 4, "not_asked": 3, "report": 1},
    "beijing": {"not_asked": 14, "report": 3},
    "bjchy": {"not_asked": 5, "report": 2},
    "xiangan": {"missing": 1, "not_a_report": 1, "not_asked": 6, "report": 4},
}
"""What came of their entries; offline, what is not captured is not asked for."""

pytestmark = pytest.mark.skipif(not SEED.is_dir(), reason="the shared material is not beside this checkout")


def test_the_seed_portals_are_archived_right(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    assert scrapy(archive, "import", "--no-read", SEED / "seed_portals.warc.gz").returncode == 0
    codes = {portal: scrapy(archive, "crawl", portal, "-s", "OFFLINE=1").returncode for portal in PORTALS}
    assert codes == {portal: int(portal == "panyu") for portal in PORTALS}
    unwell = {
        kind
        for (text,) in rows(archive, "captures", "SELECT stats FROM runs WHERE kind = 'crawl'")
        for kind in json.loads(text)["unwell"]
    }
    assert unwell == {"blocked"}, "one cause, one problem"
    assert is_balanced(archive)
    assert {portal: sums(archive, portal) for portal in PORTALS} == FATES
    checked = subprocess.run(
        [sys.executable, SEED / "check_seed.py", archive], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout
    before = dump(archive)
    # once more: nothing changes; and from the captures alone: the same rows
    assert scrapy(archive, "crawl", "xiangan", "-s", "OFFLINE=1").returncode == 0
    assert dump(archive) == before
    (archive / "reports.db").unlink()
    assert scrapy(archive, "reparse").returncode == 0
    assert dump(archive) == before
