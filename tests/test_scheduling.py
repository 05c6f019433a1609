"""What docs/scheduling.md says and hands out is what there is."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from getpass import getuser
from pathlib import Path

import pytest
from scrapy.utils.project import get_project_settings

from tests.crawling import ROOT, scrapy

DOCS = ROOT / "docs"
FILES = sorted((DOCS / "scheduling").iterdir())
COMMAND = re.compile(r"(?:\.venv/bin/tongjian|\"\$TONGJIAN\") ([a-z-]+)((?: -{1,2}\w+(?: [\w=/.-]+)?)*)")


@pytest.mark.parametrize("path", [path for path in FILES if path.suffix != ".timer"], ids=lambda path: path.name)
def test_scheduled_commands_are_there_with_their_options(tmp_path: Path, path: Path) -> None:
    found = {match.groups() for match in COMMAND.finditer(path.read_text(encoding="utf-8"))}
    assert found
    for command, options in found:
        help_text = scrapy(tmp_path / "archive", command, "-h").stdout
        assert help_text.startswith("usage"), command
        for option in re.findall(r"(?<= )-{1,2}[a-z]+", options):
            assert re.search(rf"{option}\b", help_text), f"scrapy {command} has no {option}"


def test_settings_are_told_with_their_defaults() -> None:
    text = (DOCS / "scheduling.md").read_text(encoding="utf-8")
    told = re.findall(r"^\| `(\w+)`(?: \(environment\))? \| `?([^|`]*?)`? \|", text, re.MULTILINE)
    assert len(told) >= 7
    settings = get_project_settings()
    for name, default in told:
        value, default = settings[name], "" if default == "empty" else default
        if name not in {"ARCHIVE", "CONTACT", "CRAWL_WINDOW", "PORTALS"}:
            assert value == (default if isinstance(value, str) else float(default)), name


@pytest.mark.parametrize("path", [path for path in FILES if path.suffix], ids=lambda path: path.name)
def test_units_are_what_systemd_takes(tmp_path: Path, path: Path) -> None:
    systemd_analyze = shutil.which("systemd-analyze")
    if systemd_analyze is None:
        pytest.skip("systemd is not installed")
    unit = path.read_text(encoding="utf-8")
    for told, here in (("/srv/tongjian/.venv/bin/tongjian", sys.executable), ("User=tongjian", f"User={getuser()}")):
        unit = unit.replace(told, here)
    (tmp_path / path.name).write_text(unit, encoding="utf-8")
    for other in FILES:  # a timer wants its service
        if other.suffix and other != path:
            (tmp_path / other.name).write_text(other.read_text(encoding="utf-8"), encoding="utf-8")
    done = subprocess.run(
        [systemd_analyze, "verify", "--man=no", "--recursive-errors=no", tmp_path / path.name],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"SYSTEMD_UNIT_PATH": f"{tmp_path}:"},
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_every_unit_is_named_in_the_guide() -> None:
    text = (DOCS / "scheduling.md").read_text(encoding="utf-8")
    year = (DOCS / "operations.md").read_text(encoding="utf-8")
    assert {path.suffix for path in FILES} == {"", ".service", ".timer"}
    timers = {path.name for path in FILES if path.suffix == ".timer"}
    assert all(timer in text for timer in timers)
    services = {path.stem for path in FILES if path.suffix == ".service"}
    assert services == {Path(timer).stem for timer in timers} | {"tongjian-browse"}
    assert all(f"`{service}`" in year for service in services)
