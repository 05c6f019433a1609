"""A seal proves that nothing older has changed or gone, to whoever holds it."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from archive import ArchiveError, seal
from crawler.demo.nfcms import Nfcms
from crawler.demo.server import Server
from tests.crawling import ROOT, crawl, run, scrapy
from tests.test_proof import alter


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an archive, its seal, and a second archive of more."""
    folder = tmp_path_factory.mktemp("sealed")
    with Server(Nfcms("qinghe", 3)) as server:
        assert crawl(folder / "archive", *server).returncode == 0
        done = scrapy(folder / "archive", "seal", folder / "first.seal")
        assert done.returncode == 0, done.stderr
        assert crawl(folder / "archive", *server, refresh="1").returncode == 0
    return folder


def by_others(seal_file: Path, archive: Path) -> int:
    """The exit code of the script that a third party would use."""
    script = ROOT / "docs" / "examples" / "check_seal.py"
    done = run([sys.executable, str(script), str(seal_file), str(archive / "captures.db")])
    assert done.stderr == ""
    return done.returncode


def test_a_seal_holds_over_later_crawls_merges_and_reparses(sealed: Path, tmp_path: Path) -> None:
    file, other = sealed / "first.seal", tmp_path / "other"
    assert scrapy(sealed / "archive", "reparse").returncode == 0
    assert scrapy(other, "merge", "--no-read", sealed / "archive").returncode == 0
    for archive in (sealed / "archive", other):
        done = scrapy(archive, "verify", "--seal", file)
        assert done.returncode == 0, done.stdout
        assert "all are there unaltered" in done.stdout
        assert by_others(file, archive) == 0


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM captures WHERE id = 2",
        "UPDATE captures SET note = 'x' WHERE id = 2",
        "UPDATE bodies SET data = (SELECT data FROM bodies WHERE size = (SELECT MAX(size) FROM bodies))",
    ],
)
def test_what_is_gone_or_altered_breaks_the_seal(sealed: Path, tmp_path: Path, sql: str) -> None:
    archive = tmp_path / "archive"
    shutil.copytree(sealed / "archive", archive)
    alter(archive, "captures.db", sql)
    assert scrapy(archive, "verify", "--seal", sealed / "first.seal").returncode == 1
    assert by_others(sealed / "first.seal", archive) == 1


def test_a_capture_forged_with_a_new_digest_breaks_the_seal(sealed: Path, tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    shutil.copytree(sealed / "archive", archive)
    alter(archive, "captures.db", "UPDATE captures SET digest = randomblob(32) WHERE id = 2")
    (line,) = seal.check(archive, sealed / "first.seal").lines
    assert "is gone or was altered" in line


def test_an_altered_seal_is_told(sealed: Path, tmp_path: Path) -> None:
    told = json.loads((sealed / "first.seal").read_text())
    told["leaves"] = told["leaves"][1:]
    (tmp_path / "forged").write_text(json.dumps(told))
    assert any("do not give its root" in line for line in seal.check(sealed / "archive", tmp_path / "forged").lines)
    assert by_others(tmp_path / "forged", sealed / "archive") == 1
    for text in ("{}", "no JSON", '{"format": "other"}'):
        (tmp_path / "none").write_text(text)
        with pytest.raises(ArchiveError):
            seal.check(sealed / "archive", tmp_path / "none")


def test_a_seal_is_never_written_over(sealed: Path) -> None:
    before = (sealed / "first.seal").read_bytes()
    done = scrapy(sealed / "archive", "seal", sealed / "first.seal")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert (sealed / "first.seal").read_bytes() == before
