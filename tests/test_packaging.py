"""The project as a wheel and as an egg for scrapyd: both carry their data and work from any directory, without a network."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import sysconfig
import time
import tomllib
import urllib.request
import venv
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPResponse
from importlib.metadata import distributions
from pathlib import Path

import pytest

from archive import Captures
from crawler.demo import office
from crawler.demo.reports import Synthetic
from crawler.settings import USER_AGENT
from tests.articles import TITLE, html
from tests.test_portals import declared

ROOT = Path(__file__).parents[1]
FLOORS = ("archive", "pipelines", "crawler", "spiders")
REPORT = Synthetic(issuing_body="临川市青溪区民政局", report_year=2022, kind="cn-2021")
SCRAPYD = "import sys; sys.path.insert(0, sys.argv.pop(1)); from scrapy.cmdline import execute; execute()"
"""How scrapyd runs a command of an egg: the egg is on the path, as it is, and the environment names the settings."""


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    """Output of a command that has to succeed; nothing of the checkout is on its path."""
    clean = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "SCRAPY_SETTINGS_MODULE"}}
    done = subprocess.run(
        list(map(str, command)), cwd=cwd, env=clean | environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project without what a build leaves behind."""
    root = tmp_path_factory.mktemp("source")
    for floor in FLOORS:
        shutil.copytree(ROOT / floor, root / floor, ignore=shutil.ignore_patterns("__pycache__", "*.db*"))
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, root)
    return root


@pytest.fixture(scope="module")
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-index", "--no-deps", "--no-build-isolation"]
    run(*pip, "--wheel-dir", out, source, cwd=out)
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def egg(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built with the command that scrapyd-client runs."""
    out = tmp_path_factory.mktemp("egg")
    run(sys.executable, "setup.py", "bdist_egg", "--dist-dir", out, cwd=source)
    return next(out.glob("*.egg"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The console script of an environment that has the wheel, and the dependencies of the one that runs the tests."""
    environment = tmp_path_factory.mktemp("environment")
    venv.create(environment, symlinks=True)
    python = environment / "bin" / "python"
    packages = Path(
        run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=environment).strip()
    )
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-index", "--no-deps"]
    run(*pip, wheel, cwd=environment)
    return environment / "bin" / "tongjian"


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A directory that has nothing of the project, with one report as a page and one as a Word file."""
    (tmp_path / "page.html").write_text(html(), encoding="utf-8")
    (tmp_path / "report.docx").write_bytes(office.docx(REPORT))
    return tmp_path


def packed(path: Path) -> set[str]:
    """What a wheel or an egg has of the packages, compiled files aside."""
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
    return {name for name in names if name.partition("/")[0] in FLOORS and not name.endswith((".pyc", "/"))}


def files(source: Path) -> set[str]:
    return {
        str(path.relative_to(source))
        for floor in FLOORS
        for path in (source / floor).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }


def assert_reads(*lines: str) -> None:
    """Both reports of `elsewhere` were read, the Word file with its tables."""
    page, word = (json.loads(line) for line in lines)
    assert page["title"] == TITLE
    figures = {(s["table_no"], s["row_name"], s["column_name"]): s["value"] for s in word["statistics"]}
    stated = {(s.table_no, s.row_name, s.column_name): s.value for s in REPORT.statistics()}
    assert stated
    assert stated.items() <= figures.items()


def test_a_wheel_has_every_file_of_the_packages_and_no_other(wheel: Path, source: Path) -> None:
    assert packed(wheel) == files(source)
    assert {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name} == files(source)


def test_an_egg_has_every_file_of_the_packages(egg: Path, source: Path) -> None:
    assert packed(egg) == files(source)


def test_the_console_script_lists_and_reads_from_any_directory(installed: Path, elsewhere: Path) -> None:
    assert run(installed, "list", cwd=elsewhere).split() == declared()
    assert_reads(*run(installed, "read", "page.html", "report.docx", cwd=elsewhere).splitlines())


def test_data_are_exported_with_the_descriptions_that_were_installed(installed: Path, elsewhere: Path) -> None:
    Captures(elsewhere / "archive").close()
    run(installed, "reparse", cwd=elsewhere)
    run(installed, "export-data", "out", cwd=elsewhere)
    package = json.loads((elsewhere / "out" / "datapackage.json").read_text(encoding="utf-8"))
    assert all(resource["description"] for resource in package["resources"])


@contextmanager
def browsing(command: Path, cwd: Path) -> Iterator[str]:
    """The address of a reading room that is being served."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen([command, "browse", "--port", str(port)], cwd=cwd, stderr=subprocess.DEVNULL)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def get(url: str) -> HTTPResponse:
    """The answer of a server that may be starting still."""
    for _ in range(150):
        try:
            answer: HTTPResponse = urllib.request.urlopen(url)
        except ConnectionError:
            pass
        except OSError as error:
            if not isinstance(getattr(error, "reason", None), ConnectionError):
                raise
        else:
            return answer
        time.sleep(0.2)
    raise AssertionError(f"nothing answers at {url}")


def test_the_reading_room_is_served_from_where_it_was_installed(installed: Path, elsewhere: Path) -> None:
    Captures(elsewhere / "archive").close()
    with browsing(installed, elsewhere) as address:
        page = get(f"{address}/")
        assert page.status == 200
        assert "Content-Security-Policy" in page.headers  # by the plugin
        assert "<title>" in page.read().decode()  # by a template
        assert get(f"{address}/room/room.css").status == 200


def test_an_egg_names_its_settings_lists_and_reads(egg: Path, elsewhere: Path) -> None:
    (project,) = distributions(path=[str(egg)])
    (settings,) = project.entry_points.select(group="scrapy", name="settings")
    command = [sys.executable, "-P", "-c", SCRAPYD, egg]
    assert run(*command, "list", cwd=elsewhere, SCRAPY_SETTINGS_MODULE=settings.value).split() == declared()
    read = run(*command, "read", "page.html", "report.docx", cwd=elsewhere, SCRAPY_SETTINGS_MODULE=settings.value)
    assert_reads(*read.splitlines())


def test_an_egg_says_that_it_cannot_be_browsed(egg: Path, elsewhere: Path) -> None:
    command = [sys.executable, "-P", "-c", SCRAPYD, egg, "browse"]
    environment = os.environ | {"SCRAPY_SETTINGS_MODULE": "crawler.settings"}
    done = subprocess.run(command, cwd=elsewhere, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "pip install" in done.stderr


def test_the_version_is_said_to_portals_and_in_the_changes() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert USER_AGENT.startswith(f"Tongjian/{version.rpartition('.')[0]} ")
    assert f"\n## {version}\n" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
