"""Commands as a user meets them: what they print, what they write, how they exit."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
import yaml
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from archive import Captures, Reports
from crawler.demo.messages import Request
from crawler.demo.nfcms import Nfcms
from crawler.demo.reports import Synthetic
from crawler.demo.server import Server
from tests.crawling import ROOT, crawl, scrapy

HOST = "http://www.linchuan-example.gov.cn"


@pytest.fixture(scope="module")
def warc(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A WARC that somebody else could have made: reports, a notice, a missing page and a challenge of one site."""
    path = tmp_path_factory.mktemp("warc") / "site.warc.gz"
    replica = Nfcms("linchuan", 5)
    replica.base = HOST
    with path.open("wb") as stream:
        writer = WARCWriter(stream, gzip=True)
        for number, expected in enumerate(replica.truth()):
            reply = replica.answer(Request(path=expected.url.removeprefix(HOST)))
            _write(writer, expected.url, number, "200 OK", reply.body)
        _write(
            writer,
            HOST + "/zwgk/content/post_9.html",
            10,
            "200 OK",
            "<html><title>关于召开会议的通知</title><p>请参加。</p></html>".encode(),
        )
        _write(writer, HOST + "/zwgk/content/post_10.html", 11, "404 Not Found", b"<html>404</html>")
        _write(writer, HOST + "/zwgk/content/post_11.html", 12, "521 ", b"<script>document.cookie=('_')+('_')</script>")
    return path


def _write(writer: WARCWriter, url: str, second: int, status: str, body: bytes) -> None:
    import io

    headers = StatusAndHeaders(status, [("Content-Type", "text/html; charset=utf-8")], protocol="HTTP/1.1")
    dated = {"WARC-Date": f"2025-03-01T00:00:{second:02}Z"}
    record = writer.create_warc_record(
        url, "response", payload=io.BytesIO(body), http_headers=headers, warc_headers_dict=dated
    )
    writer.write_record(record)


def dump(archive: Path) -> list[str]:
    reports = Reports(archive)
    lines = list(reports.dump())
    reports.close()
    return lines


# crawl


@pytest.mark.parametrize("arguments", [["nosuch"], ["panyu", "-a", "years=last"], []])
def test_a_crawl_that_cannot_run_says_why_in_a_line(tmp_path: Path, arguments: list[str]) -> None:
    done = scrapy(tmp_path / "archive", "crawl", *arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "archive").exists()


def test_a_crawl_into_nowhere_says_why_in_one_line(tmp_path: Path) -> None:
    done = scrapy(tmp_path / "no" / "such", "crawl", "panyu")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "cannot open the archive" in done.stderr


def test_a_crawl_into_a_damaged_archive_says_why_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "captures.db").write_text("no database" * 1000)
    done = scrapy(tmp_path, "crawl", "panyu")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "captures.db" in done.stderr


# import


def test_import_keeps_dates_and_reads_the_reports(tmp_path: Path, warc: Path) -> None:
    archive = tmp_path / "archive"
    done = scrapy(archive, "import", warc)
    assert done.returncode == 0, done.stderr
    captures = Captures(archive)
    outcomes = dict(captures.db.execute("SELECT outcome, COUNT(*) FROM captures GROUP BY outcome").fetchall())
    assert outcomes == {"ok": 6, "missing": 1, "blocked": 1}
    dates = captures.db.execute("SELECT MIN(requested_at), MAX(requested_at) FROM captures").fetchone()
    assert tuple(dates) == ("2025-03-01T00:00:00.000000Z", "2025-03-01T00:00:12.000000Z")
    captures.close()
    before = dump(archive)
    assert sum('["reports", ' in line for line in before) == 5
    # twice the same file changes nothing
    assert scrapy(archive, "import", warc).returncode == 0
    assert dump(archive) == before
    captures = Captures(archive)
    assert captures.db.execute("SELECT COUNT(*) FROM captures").fetchone()[0] == 8
    captures.close()


def test_import_without_reading_leaves_that_to_reparse(tmp_path: Path, warc: Path) -> None:
    archive = tmp_path / "archive"
    assert scrapy(archive, "import", "--no-read", warc).returncode == 0
    assert not (archive / "reports.db").exists()
    assert scrapy(archive, "reparse").returncode == 0
    read = tmp_path / "read"
    assert scrapy(read, "import", warc).returncode == 0
    assert dump(archive) == dump(read)


def test_what_is_before_the_cut_of_a_warc_is_taken(tmp_path: Path, warc: Path) -> None:
    cut = tmp_path / "cut.warc.gz"
    cut.write_bytes(warc.read_bytes()[: warc.stat().st_size * 2 // 3])
    done = scrapy(tmp_path / "archive", "import", cut)
    assert done.returncode == 2
    assert sum("cut.warc.gz" in line for line in done.stderr.splitlines()) == 1
    assert "Traceback" not in done.stderr
    captures = Captures(tmp_path / "archive")
    assert 0 < captures.db.execute("SELECT COUNT(*) FROM captures").fetchone()[0] < 8
    captures.close()


@pytest.mark.parametrize("content", [b"", b"no WARC at all\n" * 9])
def test_a_file_that_is_no_warc_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.warc"
    path.write_bytes(content)
    done = scrapy(tmp_path / "archive", "import", path, tmp_path / "missing.warc")
    assert done.returncode == 2
    assert "x.warc" in done.stderr
    assert "missing.warc" in done.stderr
    assert "Traceback" not in done.stderr


# read


def test_read_prints_a_report_with_all_its_columns(tmp_path: Path) -> None:
    report = Synthetic(issuing_body="临川市青溪区人民政府", report_year=2023)
    path = tmp_path / "report.html"
    path.write_text(
        f"<html><head><title>{report.title}</title></head><body><div class='content'>{report.html(str)}</div></body></html>"
    )
    done = scrapy(tmp_path, "read", path, "--url", HOST + "/zwgk/post_1.html")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["title"], told["report_year"], told["form"], told["is_report"]) == (
        report.title,
        2023,
        "cn-2021",
        True,
    )
    captures, reports = Captures(tmp_path / "a"), Reports(tmp_path / "a")
    columns = {row[1] for row in reports.db.execute("PRAGMA table_info(reports)")} - {"search_id", "digest"}
    captures.close()
    reports.close()
    assert columns <= told.keys()
    wanted = {(s.table_no, s.row_name, s.column_name): s.value for s in report.statistics()}
    assert {
        (s["table_no"], s["row_name"], s["column_name"]): s["value"]
        for s in told["statistics"]
        if s["origin"] == "html"
    } == wanted
    assert {check["verdict"] for check in told["checks"]} <= {"holds", "not_assessable"}


def test_read_goes_on_after_what_it_cannot_read(tmp_path: Path, warc: Path) -> None:
    bad = tmp_path / "bad.html"
    bad.write_bytes(b"\x89PNG\r\n\x1a\n")
    done = scrapy(tmp_path, "read", bad, warc)
    assert done.returncode == 1
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(told) == 9
    assert sum(one["is_report"] for one in told) == 5
    assert told[0]["problems"][0]["kind"] == "unreadable"
    assert not list(tmp_path.glob("*.db"))


# browse


def test_browse_serves_the_archive_read_only(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    with Server(Nfcms("qinghe", 6)) as server:
        assert crawl(archive, *server).returncode == 0
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "scrapy", "browse", "--port", str(port)],
        cwd=ROOT,
        env=os.environ | {"ARCHIVE": str(archive)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        count = _json(f"http://127.0.0.1:{port}/reports/reports.json?_shape=array&_size=max")
        assert len(count) == 6
        figures = _json(f"http://127.0.0.1:{port}/reports/key_figures.json?_shape=array")
        assert len(figures) == 6
        assert _json(f"http://127.0.0.1:{port}/captures/runs.json?_shape=array")[0]["finish_reason"] == "finished"
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/reports.json?sql=delete+from+reports")
    finally:
        process.terminate()
        process.communicate(timeout=10)


def _json(url: str) -> list[dict[str, object]]:
    for _ in range(600):
        try:
            with urllib.request.urlopen(url) as answer:
                return list(json.load(answer))
        except urllib.error.URLError as error:
            if isinstance(error, urllib.error.HTTPError):
                raise
            time.sleep(0.1)
    raise AssertionError(f"{url} does not answer")


def test_browse_without_an_archive_says_so(tmp_path: Path) -> None:
    done = scrapy(tmp_path / "none", "browse")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1


# What is documented


def test_every_column_is_described(tmp_path: Path) -> None:
    described = yaml.safe_load((ROOT / "archive" / "room" / "metadata.yaml").read_text(encoding="utf-8"))["databases"]
    for part, name in ((Captures, "captures"), (Reports, "reports")):
        opened = part(tmp_path)
        for table, kind in opened.db.execute("SELECT name, type FROM sqlite_master WHERE type = 'table'").fetchall():
            told = described[name]["tables"].get(table, {})
            if told.get("hidden"):
                continue
            columns = {row[1] for row in opened.db.execute(f"PRAGMA table_info({table})")} - {"id"}
            assert columns - told.get("columns", {}).keys() == set(), (kind, table)
        opened.close()


def test_every_description_is_there_in_both_languages() -> None:
    folder = ROOT / "archive" / "room"
    described = yaml.safe_load((folder / "metadata.yaml").read_text(encoding="utf-8"))["databases"]
    said = {database["description"] for database in described.values()}
    for table in (table for database in described.values() for table in database["tables"].values()):
        said |= {table["description"], *table.get("columns", {}).values()} if "description" in table else set()
    chinese = yaml.safe_load((folder / "descriptions_chinese.yaml").read_text(encoding="utf-8"))
    assert chinese.keys() == said


@pytest.mark.parametrize("readme", ["README.md", "README.zh.md"])
def test_the_readme_names_every_command_and_table(readme: str) -> None:
    text = (ROOT / readme).read_text(encoding="utf-8")
    for command in ("crawl", "import", "read", "reparse", "browse"):
        assert f"scrapy {command}" in text
    for table in (
        "captures",
        "bodies",
        "entries",
        "runs",
        "problems",
        "reports",
        "statistics",
        "checks",
        "versions",
        "key_figures",
    ):
        assert f"`{table}`" in text


def test_the_readmes_are_kept_equal() -> None:
    english, chinese = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh.md"))
    assert re.findall(r"^#+ ", english, re.MULTILINE) == re.findall(r"^#+ ", chinese, re.MULTILINE)
    assert [line.partition("#")[0].strip() for line in _code(english)] == [
        line.partition("#")[0].strip() for line in _code(chinese)
    ]


def _code(text: str) -> list[str]:
    return [line for block in re.findall(r"```\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]


@pytest.mark.parametrize("module", ["crawler.commands", "crawler.console"])
def test_ctrl_c_while_a_command_is_loaded_is_one_line(module: str) -> None:
    code = f"import {module} as m; getattr(m, 'main', int)(); raise KeyboardInterrupt"
    stub = "import sys, types; sys.modules['scrapy.cmdline'] = types.SimpleNamespace(execute=int)\n"
    command = [sys.executable, "-c", (stub if module.endswith("console") else "") + code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, "", "scrapy: interrupted\n")
    command[-1] = command[-1].replace("KeyboardInterrupt", "ValueError")
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Traceback" in done.stderr
