"""What docs/scheduling.md says and hands out is what there is."""

from __future__ import annotations

import re
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
        value = settings[name]
        if name not in {"ARCHIVE", "CONTACT", "CRAWL_WINDOW", "PORTALS"}:
            assert float(default) == value, name


def test_every_unit_is_named_in_the_guide() -> None:
    text = (DOCS / "scheduling.md").read_text(encoding="utf-8")
    assert {path.suffix for path in FILES} == {"", ".service", ".timer"}
    timers = {path.name for path in FILES if path.suffix == ".timer"}
    assert all(timer in text for timer in timers)
    assert {path.stem for path in FILES if path.suffix == ".service"} == {Path(timer).stem for timer in timers}
