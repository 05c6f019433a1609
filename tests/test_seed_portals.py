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

SEED = ROOT.parent / "shared" / "real" / "seed_portals"
PORTALS = ("panyu", "gz", "yunchengqu", "beijing", "bjchy", "xiangan")

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
    assert unwell == {"blocked"}
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
