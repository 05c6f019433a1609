"""What people who know Scrapy type: its own commands, spiders of their own, feeds, mistakes, Ctrl-C and `| head`."""

from __future__ import annotations

import csv
import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from inspect import getdoc
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from scrapy.cmdline import _get_commands_dict
from scrapy.utils.project import get_project_settings

from archive import Captures, Reports
from archive.model import Problem
from archive.vocabulary import ProblemKind, RunKind, Stage
from crawler.command import ProjectCommand
from crawler.demo.nfcms import Nfcms
from crawler.demo.server import Server
from spiders.platforms.portal import Portal
from tests.crawling import ROOT, run, scrapy, scrapy_apart
from tests.test_fleet import environment, line, portals, words

PLAIN = '''
import scrapy

class Plain(scrapy.Spider):
    """A spider as anybody writes it."""
    name = "plain"
    start_urls = ["{url}"]

    def parse(self, response):
        """One item per page.

        @url {url}
        @returns items 1 1
        """
        yield {{"title": response.css("title::text").get(), "url": response.url}}
'''
BROKEN = "import re\n\nimport no_such_module\n"
OWN_COMMANDS = {
    name: command
    for name, command in _get_commands_dict(get_project_settings(), inproject=True).items()
    if isinstance(command, ProjectCommand)
}


class Project:
    """Portal files of a replica that is being served, a plain spider and a file that does not import beside them."""

    def __init__(self, folder: Path, replica: Nfcms) -> None:
        self.folder = folder
        self.archive = folder / "archive"
        self.replica = replica
        self.listing = replica.facts["listings"][0]
        portals(folder, replica, plain=PLAIN.format(url=self.listing), broken=BROKEN)

    def scrapy(
        self, name: str, *arguments: str | Path, archive: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        """A command in a process of its own that knows these spiders only."""
        kept = {"ARCHIVE": str(archive)} if archive else {}
        return scrapy_apart(*words(name, *map(str, arguments)), **environment(self.folder) | kept)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    with Server(Nfcms("qinghe", 6)) as (replica,):
        yield Project(tmp_path_factory.mktemp("project"), replica)


@pytest.fixture(scope="module")
def crawled(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what one crawl of the portal wrote: the archive and its feeds."""
    folder = tmp_path_factory.mktemp("crawled")
    feeds = [word for name in ("jsonl", "csv", "xml") for word in ("-O", str(folder / f"reports.{name}"))]
    done = project.scrapy("crawl", "qinghe", *feeds, "-L", "ERROR", archive=folder / "archive")
    assert done.returncode == 0, done.stderr
    return folder


# Scrapy's own commands work, and leave the archive alone


@pytest.mark.parametrize(
    ("command", "shows"),
    [
        (["shell", "LISTING", "-c", "response.css('title::text').get()", "--nolog"], "政府信息公开"),
        (["fetch", "--spider=qinghe", "LISTING", "--nolog"], "</html>"),
        (["parse", "--spider=plain", "LISTING", "--nolog", "--nocolour"], "'url'"),
        (["check"], ""),
        (["crawl", "plain", "-O", "-:json", "--nolog"], '"title"'),
        (["runspider", "PACKAGE/plain.py", "-O", "-:json", "--nolog"], '"title"'),
        (["runspider", "PACKAGE/qinghe.py", "-O", "-:jsonl", "--nolog"], '"issuing_body"'),
    ],
    ids=lambda value: " ".join(value[:2]) if isinstance(value, list) else "",
)
def test_a_command_of_scrapys_leaves_the_archive_alone(project: Project, command: list[str], shows: str) -> None:
    package = str(project.folder / "replicas_at_hand")
    done = project.scrapy(*(w.replace("LISTING", project.listing).replace("PACKAGE", package) for w in command))
    assert done.returncode == (command[0] == "check"), "a file beside does not import, and check says so"
    assert shows in done.stdout
    assert "Traceback" not in done.stderr
    assert not project.archive.exists()
    if command[0] == "check":
        assert "Ran 1 contract" in done.stderr


def test_parse_shows_every_entry_of_a_listing(project: Project) -> None:
    shown = project.scrapy("parse", "--spider=qinghe", project.listing, "--nolog", "--nocolour").stdout
    listed = {report.url for report in project.replica.truth()}
    assert set(re.findall(r"'url': '([^']*post_\d+[^']*)'", shown)) == listed
    assert not project.archive.exists()


def test_politeness_stays(project: Project) -> None:
    before = len(project.replica.log)
    done = project.scrapy("fetch", project.listing, "--nolog")
    assert (done.returncode, "</html>" in done.stdout) == (0, True)
    asked = [hit.target for hit in project.replica.log[before:]]
    assert (asked[0], len(asked)) == ("/robots.txt", 2)
    assert not project.archive.exists()


# Other spiders beside the portals, and files that do not import


def test_only_portals_are_listed_and_a_broken_file_is_named_once(project: Project) -> None:
    done = project.scrapy("list")
    assert (done.returncode, done.stdout) == (1, "qinghe\n")
    assert done.stderr.count("\n") == 1
    assert re.search(r"broken\.py: does not import \(ModuleNotFoundError in line 3: .*no_such_module", done.stderr)


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ('level = "district"', "unknown level 'district'; there are national, province"),
        ('division_code = "44 01"', "division code '44 01', which is not of digits"),
        ("division_code = 440113", "division code 440113, which is not of digits"),
    ],
)
def test_a_portal_file_with_a_place_that_is_none_is_named_and_the_others_work(
    project: Project, tmp_path: Path, declared: str, said: str
) -> None:
    source = project.replica.source().replace("'qinghe'", "'wrong'").rstrip() + f"\n    {declared}\n"
    portals(tmp_path, project.replica, wrong=source)
    done = scrapy_apart(*words("list"), **environment(tmp_path))
    assert (done.returncode, done.stdout) == (1, "qinghe\n")
    assert re.search(rf"wrong\.py: does not import \(ValueError in line \d+: .*{re.escape(said)}", done.stderr)


def test_every_command_takes_only_portals(project: Project, crawled: Path, tmp_path: Path) -> None:
    archive = crawled / "archive"
    health = project.scrapy("health", archive=archive)
    assert (health.returncode, health.stdout.count("All is well with 1 portal")) == (0, 1), health.stdout
    assert "plain" not in health.stdout
    assert project.scrapy("health", "plain", archive=archive).returncode == 2
    reparse = project.scrapy("reparse", archive=archive)
    assert (reparse.returncode, "6 unchanged" in reparse.stdout) == (0, True), reparse.stderr
    assert scrapy(archive, "export", tmp_path / "out.warc.gz").returncode == 0
    taken = project.scrapy("import", tmp_path / "out.warc.gz")
    assert taken.returncode == 0, taken.stderr
    assert Reports(project.archive).db.execute("SELECT COUNT(*) FROM reports").fetchone()[0] == 6
    for file in project.archive.iterdir():
        file.unlink()
    project.archive.rmdir()


def test_crawl_all_crawls_the_portals_and_says_that_one_file_is_broken(project: Project, tmp_path: Path) -> None:
    done = project.scrapy("crawl-all", "--json", archive=tmp_path / "archive")
    assert [json.loads(text)["portal"] for text in done.stdout.splitlines()] == ["qinghe"]
    assert done.returncode == 2
    assert "broken.py" in done.stderr


def test_probe_is_not_disturbed_by_other_spiders(project: Project, tmp_path: Path) -> None:
    done = project.scrapy("probe", project.listing, archive=tmp_path / "archive")
    assert done.returncode == 0, done.stderr
    assert "(NFCMS)" in done.stdout
    captures = Captures(tmp_path / "archive", read_only=True)
    assert captures.count() > 0
    captures.close()


def test_a_plain_spider_that_fails_is_exit_code_1(project: Project) -> None:
    (project.folder / "replicas_at_hand" / "failing.py").write_text(
        PLAIN.format(url=project.listing)
        .replace('"plain"', '"failing"')
        .replace("yield {", "raise KeyError({")
        .replace("response.url}", "response.url})")
    )
    try:
        assert project.scrapy("crawl", "failing", "--nolog").returncode == 1
    finally:
        (project.folder / "replicas_at_hand" / "failing.py").unlink()


# Feeds


def test_a_feed_has_one_flat_object_a_report(project: Project, crawled: Path) -> None:
    told = [json.loads(text) for text in (crawled / "reports.jsonl").read_text(encoding="utf-8").splitlines()]
    assert {one["url"] for one in told} == {report.url for report in project.replica.truth()}
    assert all(not isinstance(value, (dict, list)) for one in told for value in one.values())
    assert not {"text", "body", "statistics", "attachments"} & told[0].keys()
    assert all(one["captured_at"] and one["state"] == "live" for one in told)

    reports = Reports(crawled / "archive", read_only=True)
    for view, key in (("reports", "id"), ("key_figures", "report_id")):
        for row in map(dict, reports.db.execute(f"SELECT * FROM {view}")):
            one = next(one for one in told if one["id"] == row[key])
            shared = row.keys() & one.keys()
            assert {name: row[name] for name in shared} == {name: one[name] for name in shared}
            assert row.keys() - one.keys() <= {"report_id", "same_as", "reader_version", "search_id", "digest"}
    reports.db.close()


def test_csv_and_xml_have_the_columns_of_the_json(project: Project, crawled: Path) -> None:
    told = [json.loads(text) for text in (crawled / "reports.jsonl").read_text(encoding="utf-8").splitlines()]
    with (crawled / "reports.csv").open(encoding="utf-8", newline="") as stream:
        header, *rows = csv.reader(stream)
    assert header == list(told[0])
    assert rows == [["" if value is None else str(value) for value in one.values()] for one in told]
    items = ET.parse(crawled / "reports.xml").getroot()  # noqa: S314 - what this test has written
    assert [[field.tag for field in item] for item in items] == [header] * 6
    assert [[field.text or "" for field in item] for item in items] == rows


def test_a_crawl_that_reads_nothing_writes_the_header_alone(project: Project, crawled: Path, tmp_path: Path) -> None:
    done = project.scrapy("crawl", "qinghe", "-O", tmp_path / "again.csv", "-L", "ERROR", archive=crawled / "archive")
    assert done.returncode == 0, done.stderr
    header = (crawled / "reports.csv").read_text(encoding="utf-8").splitlines()[0]
    assert (tmp_path / "again.csv").read_text(encoding="utf-8").splitlines() == [header]


# genspider


def test_genspider_has_a_template_of_a_portal_beside_scrapys(project: Project, tmp_path: Path) -> None:
    package = tmp_path / "fresh"
    package.mkdir()
    (package / "__init__.py").touch()
    settings = ["-s", "SPIDER_MODULES=fresh", "-s", "NEWSPIDER_MODULE=fresh"]
    genspider = ["genspider", *settings]
    kept = {"PYTHONPATH": str(tmp_path), "ARCHIVE": str(tmp_path / "archive")}
    assert {"basic", "crawl", "portal"} <= set(scrapy_apart(*genspider, "-l", **kept).stdout.split())
    made = scrapy_apart(
        *genspider, "-t", "portal", "linchuan", "http://www.linchuan-example.gov.cn/nb/index.html", **kept
    )
    assert made.returncode == 0, made.stderr
    source = (package / "linchuan.py").read_text(encoding="utf-8")
    spec = importlib.util.spec_from_file_location("linchuan", package / "linchuan.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    portal = module.Linchuan
    assert issubclass(portal, Portal)
    assert portal.__doc__
    assert (portal.name, portal.home) == ("linchuan", "http://www.linchuan-example.gov.cn/")
    assert portal.listings == ("http://www.linchuan-example.gov.cn/nb/index.html",)
    assert not [value for value in vars(portal).values() if callable(value)]
    assert "# division_code, division, level = " in source
    assert (
        run([sys.executable, "-m", "ruff", "check", "--select", "E,F,I,N", str(package / "linchuan.py")]).returncode
        == 0
    )
    assert scrapy_apart(*genspider, "-t", "basic", "other", "example.gov.cn", **kept).returncode == 0
    assert "scrapy.Spider" in (package / "other.py").read_text(encoding="utf-8")
    assert not (tmp_path / "archive").exists()


# Help and mistakes


@pytest.mark.parametrize("name", sorted(OWN_COMMANDS))
def test_help_prints_as_written(tmp_path: Path, name: str) -> None:
    written = getdoc(type(OWN_COMMANDS[name]))
    assert written
    shown = scrapy(tmp_path, name, "-h")
    assert shown.returncode == 0
    assert shown.stdout.startswith(f"usage: scrapy {name}")
    paragraphs = [" ".join(text.split()) for text in shown.stdout.split("\n\n")]
    assert [" ".join(text.split()) for text in written.split("\n\n")] == paragraphs[1 : 1 + len(written.split("\n\n"))]
    assert "`" not in shown.stdout
    assert "==" not in shown.stdout
    assert not re.search(r"\b(shall|could not be had|needs no hand|is told)\b", shown.stdout)
    assert max(map(len, shown.stdout.splitlines())) <= 120


@pytest.mark.parametrize(
    ("command", "names"),
    [
        (["crawl", "panyv"], "'panyu'"),
        (["crawl", "panyu", "-a", "refesh=1"], "'refresh'"),
        (["crawl", "panyu", "-a", "colour=red"], "refresh and years"),
        (["crawl", "panyu", "--overwrite-ouput", "x.csv"], "'--overwrite-output'"),
        (["crawl-all", "panyv"], "'panyu'"),
        (["crawl-all", "-a", "yeers=2021"], "'years'"),
        (["crawl-all", "--jods", "2"], "'--jobs'"),
        (["crawl-all", "--jobs", "two"], "--jobs"),
        (["export", "--portl", "panyu", "x.warc"], "'--portal'"),
        (["fetch", "--hedaers", "http://example.gov.cn/"], "'--headers'"),
        (["export"], "name one file"),
        (["list", "--josn"], "unknown option"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_mistake_is_one_line_that_names_the_nearest(tmp_path: Path, command: list[str], names: str) -> None:
    done = scrapy(tmp_path / "archive", *command)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1, done.stderr
    assert names in done.stderr
    assert done.stdout == ""
    assert not (tmp_path / "archive").exists()


@pytest.mark.parametrize("command", ["export OUT.warc --portal panyv", "health panyv", "import --portal panyv x.warc"])
def test_an_unknown_portal_is_named_with_the_nearest(tmp_path: Path, command: str) -> None:
    Captures(tmp_path).close()
    done = scrapy(tmp_path, *command.split())
    assert (done.returncode, "'panyu'" in done.stderr) == (2, True)


def test_what_follows_two_dashes_is_no_option(tmp_path: Path) -> None:
    done = scrapy(tmp_path, "read", "--", "--nothing.html")
    assert done.returncode == 2
    assert "No such file" in done.stderr


# Ports, files and pipes


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="reads the sockets of a process from /proc")
def test_a_crawl_listens_on_no_port(tmp_path: Path) -> None:
    with Server(Nfcms("qinghe", 60, latency=0.1)) as (replica,):
        project = Project(tmp_path, replica)
        process = subprocess.Popen(
            line("crawl", "qinghe", "-L", "ERROR"), cwd=ROOT, env=os.environ | environment(tmp_path)
        )
        try:
            while len(project.replica.log) < 5:
                assert process.poll() is None
                time.sleep(0.01)
            assert process.poll() is None
            assert listening(process.pid) == []
        finally:
            process.kill()
            process.wait()


def listening(pid: int) -> list[str]:
    """Local addresses of the TCP sockets on which a process listens, as /proc writes them."""
    own = {str(file.readlink()) for file in Path(f"/proc/{pid}/fd").iterdir()}
    found = []
    for table in ("tcp", "tcp6"):
        for row in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            columns = row.split()
            if columns[3] == "0A" and f"socket:[{columns[9]}]" in own:
                found.append(columns[1])
    return found


def test_the_look_at_ports_sees_one(tmp_path: Path) -> None:
    source = "import socket, sys; s = socket.create_server(('127.0.0.1', 0)); print('up', flush=True); sys.stdin.read()"
    process = subprocess.Popen([sys.executable, "-c", source], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    assert len(listening(process.pid)) == 1
    process.communicate()


def test_export_deletes_nothing_that_is_not_its_own(crawled: Path, tmp_path: Path) -> None:
    kept = [tmp_path / name for name in (".out[1].warc.gz.mine", ".out1.warc.gz.other", ".export-notes")]
    for file in kept:
        file.write_text("a user's own")
    out = tmp_path / "out[1].warc.gz"
    for name in (out, tmp_path / "out[1].wacz"):
        assert scrapy(crawled / "archive", "export", name).returncode == 0
    assert sorted(tmp_path.iterdir()) == sorted([*kept, out, tmp_path / "out[1].wacz"])
    refused = scrapy(crawled / "archive", "export", tmp_path / "no" / "out.warc")
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)


def test_health_makes_no_database_and_says_what_to_do(tmp_path: Path) -> None:
    captures = Captures(tmp_path)
    number = captures.start_run(RunKind.CRAWL, "panyu")
    problem = Problem(kind=ProblemKind.BLOCKED, message="refused (waf)", url="http://a/", stage=Stage.FETCH)
    captures.add_problem(number, "panyu", problem)
    captures.finish_run(number, "finished", {"entries/listed": 3})
    captures.close()
    before = {file.name: file.read_bytes() for file in tmp_path.glob("*.db")}
    done = scrapy(tmp_path, "health", "panyu")
    assert done.returncode == 1
    assert ProblemKind.BLOCKED.meaning in " ".join(done.stdout.split())
    assert ProblemKind.BLOCKED.remedy in " ".join(done.stdout.split())
    assert {file.name: file.read_bytes() for file in tmp_path.glob("*.db")} == before
    assert list(before) == ["captures.db"]


def reading(*arguments: str | Path, **options: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "scrapy", "read", *map(str, arguments)]
    return subprocess.Popen(
        command,
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        # of what runs in the background of a shell, SIGINT is ignored
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        **options,  # type: ignore[call-overload]
    )


def test_a_closed_pipe_ends_a_command_without_a_traceback(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("<html><title>x</title><p>y</p></html>")
    reader, writer = os.pipe()
    process = reading(page, stdout=writer)
    os.close(writer)
    os.close(reader)
    assert process.communicate(timeout=60)[1] == ""
    assert process.returncode == 141


def test_ctrl_c_ends_a_command_without_a_traceback(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    process = reading(fifo, stdout=subprocess.DEVNULL)
    writer = None
    while writer is None:
        assert process.poll() is None
        try:
            writer = os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:  # nobody reads from it yet
            time.sleep(0.02)
    time.sleep(0.5)  # Python sees a signal that falls between its last look and a call that blocks only after the call
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60)[1] == "scrapy: interrupted\n"
    os.close(writer)
    assert process.returncode == 130
