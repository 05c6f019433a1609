"""docs/dependencies.md speaks of every package that pyproject.toml asks for, and of no other."""

from __future__ import annotations

import re
import tomllib

import pytest

from tests.crawling import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
SECTIONS = {
    "To run": PROJECT["dependencies"],
    "To read pictures": PROJECT["optional-dependencies"]["ocr"],
    "To write Parquet": PROJECT["optional-dependencies"]["parquet"],
    "To read and crawl on a cluster": PROJECT["optional-dependencies"]["cluster"],
    "To keep bodies in an object store": PROJECT["optional-dependencies"]["s3"],
    "To develop": PROJECT["optional-dependencies"]["dev"],
}
LINE = re.compile(r"^\| (\S+) \| (.+?) \| (.+?) \| ([\d.]+) \| (.+?) \|$", re.MULTILINE)


def documented(section: str) -> list[str]:
    """The packages of a section, in order."""
    text = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    (part,) = (part for part in text.split("\n## ") if part.startswith(section))
    found = [match[1] for match in LINE.finditer(part)]
    assert len(found) == part.count("\n| ") - 1  # every line but the heading is a whole one
    return found


@pytest.mark.parametrize("section", SECTIONS)
def test_every_package_is_explained(section: str) -> None:
    asked = [re.match(r"[\w.-]+", requirement)[0] for requirement in SECTIONS[section]]
    assert documented(section) == asked


def test_every_package_is_pinned() -> None:
    locks = "".join(
        (ROOT / name).read_text(encoding="utf-8") for name in ("requirements.lock", "requirements-ocr.lock")
    )
    pinned = {_canonical(name) for name in re.findall(r"^([\w.-]+)==", locks, re.MULTILINE)}
    asked = {_canonical(re.match(r"[\w.-]+", r)[0]) for requirements in SECTIONS.values() for r in requirements}
    assert asked <= pinned


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
